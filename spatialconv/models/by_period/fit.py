"""The fit where weights or regions differ by period: what is derived, and what each approach leaves open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from spatialconv.errors import UnsupportedModelError
from spatialconv.models.by_period.design import Gaps, PeriodDesign, arranged, checked, stacked
from spatialconv.models.by_period.estimate import DERIVED, maximum_likelihood, sums_to_one_by_period
from spatialconv.models.by_period.weights import PeriodWeights
from spatialconv.models.estimation.estimate import Estimates
from spatialconv.models.estimation.identified import refuse_unidentified
from spatialconv.models.specification.design import Design
from spatialconv.models.specification.spec import Applied, ModelSpec


def fit_cells(
    design: Design, spec: ModelSpec, w: Any, error_w: Any, missing: Gaps, ask: pd.Index | None = None
) -> tuple[PeriodDesign, Estimates, tuple[str, str]]:
    """Estimate a specification on the cells that are there, with the weights of each period.

    Returns the design, the estimates, why the approach was taken, and how barely coefficients are identified.
    """
    _refuse(spec)
    found = arranged(design, spec, w, error_w, missing, ask)
    correction, reason = _correction(found, spec)
    rows = found.rows(spec)
    checked(found, rows, spec)
    flat, project = stacked(found, rows)
    barely = refuse_unidentified(flat, spec, project)
    return found, maximum_likelihood(found, spec, correction), (reason, barely)


def _refuse(spec: ModelSpec) -> None:
    """Raise for what is not derived where weights or regions differ by period."""
    asked = {
        f"effects={spec.effects!r}": spec.effects == "random",
        f"dynamic={spec.dynamic!r}": spec.dynamic != "none",
        f"estimator={spec.estimator!r}": spec.estimator != "ml",
        f"vcov={spec.vcov!r}": spec.vcov not in DERIVED,
        f"correction={spec.correction!r}": spec.correction == "splm",
    }
    wrong = [name for name, is_it in asked.items() if is_it]
    if wrong:
        raise UnsupportedModelError(
            f"{' and '.join(wrong)} is not derived where weights or regions differ by period. Derived are maximum "
            "likelihood with fixed effects or none, without lags in time, and vcov='information' or 'observed'. Take "
            "one matrix w and a panel without gaps (panel.balance()) for the rest."
        )


def _correction(design: PeriodDesign, spec: ModelSpec) -> tuple[Applied, str]:
    """Return the approach, and what is to be said of it: over periods nothing can be transformed."""
    effects = spec.fixed_effects
    if effects == "none":
        return "none", ""
    why = _why_not(design, spec)
    if spec.correction == "lee-yu" and why:
        raise UnsupportedModelError(
            f"effects={effects!r} with correction='lee-yu': {why}. Take correction='none' (or 'auto')."
        )
    if spec.correction == "none":
        return "none", ""
    if not why:
        return "lee-yu", ""
    lost = _lost(design, effects)
    return "none", f"direct approach, not Lee-Yu: {why}. {lost}"


def _why_not(design: PeriodDesign, spec: ModelSpec) -> str:
    """Say why the effects cannot be transformed away; empty where they can."""
    if spec.fixed_effects != "time":
        return "differences over time mix periods, whose weights or regions are not the same"
    if design.missing == "integrate" and design.gaps:
        return "the mean of a period is not known where outcomes are missing"
    used = [a for a, free in ((design.W, spec.has_lag), (design.M, spec.has_error)) if free]
    if all(sums_to_one_by_period(a) for a in used):
        return ""
    alone = [a.islands for a in used if isinstance(a, PeriodWeights) and a.islands]
    return "rows of the weights do not all sum to one" + (f" ({len(alone[0])} without a neighbour)" if alone else "")


def _lost(design: PeriodDesign, effects: str) -> str:
    """Say what coefficients of effects take from variance and standard errors under the direct approach."""
    T, N = design.y.shape
    n = int(design.seen.sum())
    G = {"region": N, "time": T}.get(effects, N + T - 1)
    return (
        f"The variance is low by the share of the effects, {G} of {n:,} observations, and standard errors by about "
        f"{100 * (1 - np.sqrt(max(n - G, 0) / n)):.0f} per cent"
    )
