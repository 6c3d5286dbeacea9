"""Composite indices: several indicators made into one score, and several scores set side by side."""

from spatialconv.index._composite import composite_index
from spatialconv.index._coupling import Coupling, coupling
from spatialconv.index._result import CompositeIndex

__all__ = ["CompositeIndex", "Coupling", "composite_index", "coupling"]
