"""Composite indices: several indicators of every region and period made into one score."""

from spatialconv.index._composite import composite_index
from spatialconv.index._result import CompositeIndex

__all__ = ["CompositeIndex", "composite_index"]
