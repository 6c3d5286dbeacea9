"""Panel regressions without space: fixed effects, groups of regions, and the usual checks of robustness."""

from spatialconv.regression._fit import fixed_effects
from spatialconv.regression._groups import GroupedRegression, fixed_effects_by_group
from spatialconv.regression._result import FixedEffects
from spatialconv.regression._robustness import Robustness, robustness

__all__ = [
    "FixedEffects",
    "GroupedRegression",
    "Robustness",
    "fixed_effects",
    "fixed_effects_by_group",
    "robustness",
]
