"""What plots take from the drawing room as it is: coefficients side by side, and files of figures."""

from spatialconv._drawing.coefficients import coefficients
from spatialconv._style import save

__all__ = ["coefficients", "save"]
