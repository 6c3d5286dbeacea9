"""Diagnostics, a table of tests, and the ways in which one row of it comes about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.hypotheses.score_tests import Quadratic
from spatialconv._options import Alternative, FixedEffects, first
from spatialconv.errors import OptionError
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.specification.spec import Applied
from spatialconv.results import HypothesisTest, Provenance, Result

NORMAL, CHI2 = "N(0,1)", "chi2"
EFFECTS = {"none": "no effects", "region": "region effects", "time": "time effects", "two-way": "two-way effects"}
_APPROACH = {
    "none": "direct approach",
    "lee-yu": "Lee-Yu transformation",
    "splm": "direct approach as in splm",
}
_SHOWN = 6


@dataclass(frozen=True, eq=False, repr=False)
class Diagnostics(Result):
    """A table of tests, one row a test; `diagnostics["LM lag"]` is one of them.

    Attributes
    ----------
    table : DataFrame
        Indexed by the name of the test: `statistic`, `df`, `p_value`, `distribution`, `null`, `alternative` and
        `reason`, which says in words why a statistic is NaN.
    tests : tuple of HypothesisTest
    title : what was tested on what
    notes, provenance : see `spatialconv.results`
    """

    title: str
    tests: tuple[HypothesisTest, ...]
    notes: tuple[str, ...]
    provenance: Provenance

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a test, indexed by its name."""
        return self.tidy().set_index("term").rename_axis("test")

    def __getitem__(self, name: str) -> HypothesisTest:
        for test in self.tests:
            if test.name == name:
                return test
        raise OptionError(f"no test {name!r}; there are {first([t.name for t in self.tests], 12)}.")

    def __iter__(self) -> Iterator[HypothesisTest]:
        return iter(self.tests)

    def __len__(self) -> int:
        return len(self.tests)

    def tidy(self) -> pd.DataFrame:
        """Return one row a test: term, statistic, df, p_value, distribution, null, alternative, reason."""
        return pd.concat([test.tidy() for test in self.tests], ignore_index=True)

    def glance(self) -> pd.DataFrame:
        """Return one row: how many tests there are, how many apply, and how many have p <= 0.05."""
        p = np.array([test.p_value for test in self.tests])
        row = {
            "title": self.title,
            "tests": len(p),
            "applicable": int(np.isfinite(p).sum()),
            "p_below_0.05": int((p <= 0.05).sum()),
            "n_regions": self.provenance.n_regions,
            "n_periods": self.provenance.n_periods,
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        lines = [f"  {test._headline()[0]}" for test in self.tests[:_SHOWN]]
        rest = len(self.tests) - len(lines)
        return [self.title, *lines, *([f"  and {rest} more, see .table"] if rest else [])]

    def _display(self) -> pd.DataFrame:
        return self.table


def approach(effects: FixedEffects, correction: Applied) -> str:
    """Say which effects a model has and how they are dealt with."""
    return EFFECTS[effects] + ("" if effects == "none" else f", {_APPROACH[correction]}")


SINGULAR = "with these weights the terms tested cannot be told apart from each other or the variance"


def chi2_test(name: str, null: str, alternative: str, q: Quadratic) -> HypothesisTest:
    """Return a test whose statistic is chi-squared under the null."""
    if np.isnan(q.statistic):
        return inapplicable(name, null, alternative, CHI2, SINGULAR)
    return HypothesisTest(name, null, alternative, q.statistic, q.p_value, CHI2, float(q.df))


def normal_test(
    name: str, null: str, alternative: str, z: float, tail: Alternative = "two-sided", *, reason: str = ""
) -> HypothesisTest:
    """Return a test whose statistic is standard normal under the null."""
    return HypothesisTest(name, null, alternative, z, tail_p(z, tail), NORMAL, None, reason)


def tail_p(z: float, tail: Alternative) -> float:
    """Return the p-value of a standard normal statistic."""
    p = {"two-sided": 2 * stats.norm.sf(abs(z)), "greater": stats.norm.sf(z), "less": stats.norm.cdf(z)}[tail]
    return float(p)


def inapplicable(name: str, null: str, alternative: str, distribution: str, reason: str) -> HypothesisTest:
    """Return a test that says why there is no statistic."""
    return HypothesisTest(name, null, alternative, np.nan, np.nan, distribution, None, reason)


def fit_of(model: Any, role: str = "fit") -> PanelFit:
    """Return the PanelFit of a fitted model, which may hold it as its attribute `fit`."""
    for candidate in (model, getattr(model, "fit", None)):
        if isinstance(candidate, PanelFit):
            return candidate
    raise OptionError(
        f"{role} must be a fitted model (of fit_panel or beta); got {type(model).__name__}. Fit the model first."
    )
