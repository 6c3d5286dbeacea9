"""Data in: the panel, the one door through which every analysis takes its figures."""

from spatialconv.panel.build import panel_of
from spatialconv.panel.gaps import FillHow
from spatialconv.panel.panel import EXTREME, FloatArray, Panel, as_panel, derived, in_order, refuse_extreme

__all__ = ["EXTREME", "FillHow", "FloatArray", "Panel", "as_panel", "derived", "in_order", "panel_of", "refuse_extreme"]
