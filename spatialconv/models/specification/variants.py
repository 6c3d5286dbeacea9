"""Models that a test needs beside the one at hand: the same sample and weights, other terms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from spatialconv.models.specification.design import Design, lagged_intercept
from spatialconv.panel import FloatArray
from spatialconv.results import merge_notes


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
    """Return the design with an intercept in front, and its spatial lag at the end where others have theirs."""
    if "intercept" in design.names:
        return design
    one = np.ones((*design.y.shape, 1))
    lagged, labels, notes = np.empty((*design.y.shape, 0)), list[str](), tuple[str, ...]()
    if any(name.startswith("W:") for name in design.names):
        lagged, labels, notes = lagged_intercept(design)
    X, names = np.concatenate([one, design.X, lagged], axis=2), ("intercept", *design.names, *labels)
    return replace(design, X=X, names=names, notes=merge_notes(design.notes, notes))


def period_dummies(design: Design) -> dict[str, FloatArray]:
    """Return a dummy for every period but the first."""
    T, N, _ = design.shape
    rows = pd.Index(design.periods)
    return {f"period:{rows[t]}": np.where(np.arange(T)[:, None] == t, 1.0, 0.0) * np.ones((1, N)) for t in range(1, T)}
