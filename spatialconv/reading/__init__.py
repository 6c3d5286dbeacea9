"""Files in: a panel, its geometry and its weights read, brought together by label, and what was left out told."""

from spatialconv.reading.data import Data, LeftOut, left_out_notes, left_out_table
from spatialconv.reading.geometry import CASE, GeometryOptions, read_polygons
from spatialconv.reading.panel import PanelOptions, read_panel_file
from spatialconv.reading.read import read
from spatialconv.reading.relabel import relabel
from spatialconv.reading.together import common_regions
from spatialconv.reading.wide import Wide

__all__ = [
    "CASE",
    "Data",
    "GeometryOptions",
    "LeftOut",
    "PanelOptions",
    "Wide",
    "common_regions",
    "left_out_notes",
    "left_out_table",
    "read",
    "read_panel_file",
    "read_polygons",
    "relabel",
]
