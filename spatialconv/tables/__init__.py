"""Tables for print: results and frames as Markdown, LaTeX, HTML and CSV."""

from spatialconv._public import public
from spatialconv.tables._regression import CELLS, FOOTER, regression
from spatialconv.tables._table import Table, frame_to_latex, frame_to_markdown, save, table

__all__ = ["CELLS", "FOOTER", "Table", "frame_to_latex", "frame_to_markdown", "regression", "save", "table"]

public(__name__)
