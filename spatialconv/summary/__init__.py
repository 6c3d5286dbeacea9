"""What the data look like before any model: spans of time, growth rates, descriptive statistics."""

from spatialconv.summary._descriptives import Descriptives, descriptives
from spatialconv.summary._growth import GrowthTable, growth
from spatialconv.summary._spans import (
    CONTROLS_AT,
    Spans,
    control_arrays,
    controls_note,
    growth_arrays,
    spans,
    spans_between,
    time_axis,
)

__all__ = [
    "CONTROLS_AT",
    "Descriptives",
    "GrowthTable",
    "Spans",
    "control_arrays",
    "controls_note",
    "descriptives",
    "growth",
    "growth_arrays",
    "spans",
    "spans_between",
    "time_axis",
]
