"""Maps for print: choropleths, hot spots, clusters of local Moran's I, and the weights themselves.

All maps are projected to metres, match regions by label, and stand on a sheet of 90 or 180 mm (one or two columns of a
journal), or of the width asked for, with legend, counts, scale bar and north arrow, insets and outlines of groups.
Nothing is registered with pyplot: the Figure returned shows itself in a notebook, `save` writes it.
"""

from spatialconv._public import from_stub

__all__ = from_stub(__name__, __file__)
