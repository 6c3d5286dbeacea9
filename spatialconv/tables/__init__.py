"""Tables for print: results and frames in Word, Excel, LaTeX, HTML, Markdown and CSV."""

from spatialconv._public import from_stub

__all__ = from_stub(__name__, __file__)
