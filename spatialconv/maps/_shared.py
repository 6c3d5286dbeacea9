"""What maps take from the drawing room as it is: the map of weights, and files of figures."""

from spatialconv._drawing.links import links
from spatialconv._style import save

__all__ = ["links", "save"]
