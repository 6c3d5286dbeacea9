"""Data in: the panel, the one door through which every analysis takes its figures."""

from spatialconv.panel.build import panel_of
from spatialconv.panel.gaps import FillHow
from spatialconv.panel.panel import EXTREME, FloatArray, Panel, as_panel, derived, in_order, refuse_extreme
from spatialconv.panel.presence import Missing, Part, figures_of_parts, omits, parts_of, presence_note, who_is_there

__all__ = [
    "EXTREME",
    "FillHow",
    "FloatArray",
    "Missing",
    "Panel",
    "Part",
    "as_panel",
    "derived",
    "figures_of_parts",
    "in_order",
    "omits",
    "panel_of",
    "parts_of",
    "presence_note",
    "refuse_extreme",
    "who_is_there",
]
