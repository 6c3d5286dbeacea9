"""What the data look like before any model: spans of time, growth rates, descriptive statistics."""

from spatialconv.summary._descriptives import Descriptives, descriptives
from spatialconv.summary._growth import GrowthTable, growth
from spatialconv.summary._spans import Spans, growth_arrays, spans, spans_between, time_axis

__all__ = [
    "Descriptives",
    "GrowthTable",
    "Spans",
    "descriptives",
    "growth",
    "growth_arrays",
    "spans",
    "spans_between",
    "time_axis",
]
