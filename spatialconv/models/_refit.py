"""Models that a test needs beside the one at hand: the same sample and weights, other terms."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd

from spatialconv._core.effects import projection
from spatialconv.models.covariances import SANDWICH
from spatialconv.models.design import Design, check
from spatialconv.models.estimate import maximum_likelihood
from spatialconv.models.fitted import PanelFit
from spatialconv.models.spec import ModelSpec
from spatialconv.panel import FloatArray
from spatialconv.results import Provenance
from spatialconv.weights import Aligned


def refit(design: Design, spec: ModelSpec) -> PanelFit:
    """Fit a specification to a design that is complete: weights, spatial lags and intercept are in it."""
    T, N, _ = design.shape
    correction, note = spec.resolve(*(sums_to_one(a) for a in (design.W, design.M)))
    check(design, projection(spec.fixed_effects, T, N, lee_yu=False))
    estimates = maximum_likelihood(design, spec, correction)
    options = {field.name: getattr(spec, field.name) for field in fields(spec)}
    weights = design.W.summary if design.W is not None else None
    notes = (*design.notes, *((note,) if note else ()), *estimates.notes)
    fit = PanelFit(spec, design, estimates, notes, Provenance("fit_panel", options, N, T, weights))
    return fit.with_vcov(spec.vcov) if spec.vcov in SANDWICH else fit


def sums_to_one(weights: Aligned | None) -> bool:
    """Whether every row sums to one: row-standardised, and nobody without a neighbour."""
    return weights is None or (weights.standardised == "row" and not weights.islands)


def without(design: Design, dropped: tuple[str, ...]) -> Design:
    """Return the design without some regressors."""
    keep = [k for k, name in enumerate(design.names) if name not in dropped]
    return replace(design, X=design.X[:, :, keep], names=tuple(design.names[k] for k in keep))


def with_columns(design: Design, columns: dict[str, FloatArray]) -> Design:
    """Return the design with regressors of shape (T, N) added at the end."""
    if not columns:
        return design
    X = np.concatenate([design.X, np.stack(list(columns.values()), axis=2)], axis=2)
    return replace(design, X=X, names=(*design.names, *columns))


def with_intercept(design: Design) -> Design:
    """Return the design with an intercept in front."""
    if "intercept" in design.names:
        return design
    one = np.ones((*design.y.shape, 1))
    return replace(design, X=np.concatenate([one, design.X], axis=2), names=("intercept", *design.names))


def period_dummies(design: Design) -> dict[str, FloatArray]:
    """Return a dummy for every period but the first."""
    T, N, _ = design.shape
    rows = pd.Index(design.periods)
    return {f"period:{rows[t]}": np.where(np.arange(T)[:, None] == t, 1.0, 0.0) * np.ones((1, N)) for t in range(1, T)}
