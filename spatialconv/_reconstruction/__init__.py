"""Recover the export levels of the Zhejiang study from its published figures, and try other links.

Luo and Zhang (2024) print growth rates but no levels. Growth of every city and year leaves one unknown a city, its
log level in 2016: eleven unknowns. Eighteen printed figures that hang on the levels must be met within rounding:
mean, standard deviation, minimum and maximum of the lagged log levels (Tab. 4), Moran's I of the log levels with
its z for adjacency in five years (Tab. 2), and standard deviation and coefficient of variation of the log levels
in the first and last year (Fig. 3). They leave the coast (Ningbo, Wenzhou, Shaoxing, Taizhou) free within a factor
of two. Ten more settle it: I and z for inverse squared distance, which are met only roughly, for the authors'
coordinates are not known. The officially reported total of the province in 2016, met to 1 %, adds a little.

`notebooks/00_reconstruction.ipynb` tells the story; `datasets.zhejiang` ships its result.
"""

from spatialconv._reconstruction._levels import Reconstruction, reconstruct
from spatialconv._reconstruction._links import try_links

__all__ = ["Reconstruction", "reconstruct", "try_links"]
