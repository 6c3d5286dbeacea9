"""Files in: a panel, its geometry and its weights read, brought together by label, and what was left out told."""

from spatialconv.reading.data import Data, LeftOut
from spatialconv.reading.geometry import read_polygons
from spatialconv.reading.panel import read_panel_file
from spatialconv.reading.read import read
from spatialconv.reading.relabel import relabel
from spatialconv.reading.together import common_regions

__all__ = ["Data", "LeftOut", "common_regions", "read", "read_panel_file", "read_polygons", "relabel"]
