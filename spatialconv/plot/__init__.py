"""Plots for print: one function for each kind of result, from sigma convergence to coefficients of models.

Each function takes a result and returns a Figure of 90 or 180 mm, or draws into the axes it is given. Nothing
is registered with pyplot: the Figure shows itself in a notebook, `save` writes it.
"""

from spatialconv._drawing.coefficients import coefficients
from spatialconv._public import public
from spatialconv._style import save
from spatialconv.plot._agglomeration import location_curves
from spatialconv.plot._betas import betas
from spatialconv.plot._clubs import transition_paths
from spatialconv.plot._co_membership import co_membership
from spatialconv.plot._curve import specification_curve
from spatialconv.plot._dynamics import density, transitions
from spatialconv.plot._index import contributions
from spatialconv.plot._inequality import dagum, theil
from spatialconv.plot._null import null_picture
from spatialconv.plot._paths import moran_path, sigma
from spatialconv.plot._scatter import beta_scatter, moran_scatter

__all__ = [
    "beta_scatter",
    "betas",
    "co_membership",
    "coefficients",
    "contributions",
    "dagum",
    "density",
    "location_curves",
    "moran_path",
    "moran_scatter",
    "null_picture",
    "save",
    "sigma",
    "specification_curve",
    "theil",
    "transition_paths",
    "transitions",
]

public(__name__)
