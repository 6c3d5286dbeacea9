"""Models that a test needs beside the one at hand: the same sample and weights, other terms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from spatialconv.models.specification.design import Design
from spatialconv.panel import FloatArray


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
