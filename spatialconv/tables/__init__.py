"""Tables for print: results and frames as Markdown, LaTeX, HTML and CSV."""

from spatialconv._public import from_stub

__all__ = from_stub(__name__, __file__)
