"""A spatial lag of growth beside a search for breaks: what its likelihood adds, and the betas from one fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.sparse.linalg import splu

from spatialconv._core.likelihood.likelihood import lag as lagged
from spatialconv._core.regression.searches.profiled import Penalty
from spatialconv._core.regression.speed import half_life, speed
from spatialconv.models.estimation.fit import fit_design, sums_to_one
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.specification.design import Design
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.panel import FloatArray
from spatialconv.weights import Aligned, align

IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Lag:
    """The weights of the lag, what the likelihood makes of them, and n, the observations that it counts.

    Under time effects and rows that sum to one the periods are transformed as in `beta` (Lee and Yu 2010), otherwise
    the approach is direct.
    """

    design: Design
    W: Aligned
    effects: Literal["none", "time"]
    penalty: Penalty
    n: int

    @classmethod
    def of(cls, design: Design, w: Any, effects: Literal["none", "time"]) -> Lag:
        """Return the lag of a design by some weights."""
        W = align(w, design.regions)
        T, N = design.y.shape
        moved = effects == "time" and sums_to_one(W)
        of = W.logdet().whole()
        n = (N - 1) * T if moved else N * T

        def counted(rho: FloatArray) -> FloatArray:
            return np.asarray(of.value(rho)) - (np.log(np.abs(1 - rho)) if moved else 0.0)

        return cls(design, W, effects, Penalty(counted, of.interval, T / n), n)

    def three(self, y: FloatArray) -> FloatArray:
        """Return y, y - W y and y + W y of outcomes (T, N, B) side by side, (T, N, 3 B)."""
        Wy = lagged(self.W.matrix, y)
        return np.concatenate([y, y - Wy, y + Wy], axis=2)

    def filtered(self, y: FloatArray, rho: float) -> FloatArray:
        """Return y - rho W y of outcomes (T, N)."""
        return np.asarray(y - rho * lagged(self.W.matrix, y[:, :, None])[..., 0])

    def spread(self, y: FloatArray, rho: float) -> FloatArray:
        """Return (I - rho W)^-1 y of outcomes (T, N, B)."""
        T, N, B = y.shape
        solve = splu(sparse.csc_matrix(sparse.eye(N) - rho * self.W.matrix)).solve
        columns = np.moveaxis(y, 1, 0).reshape(N, T * B)
        return np.asarray(np.moveaxis(solve(np.ascontiguousarray(columns)).reshape(N, T, B), 0, 1))

    def fit(self, bounds: IntArray) -> PanelFit:
        """Return one fit of the whole, all coefficients apart in every stretch and rho in common."""
        X, names, of = self.design.X, self.design.names, []
        columns = []
        for k, (start, end) in enumerate(pairwise(bounds)):
            inside = np.zeros((len(X), 1, 1))
            inside[start:end] = 1.0
            own = X * inside
            if self.effects == "none":
                own = np.concatenate([own, np.broadcast_to(inside, (*X.shape[:2], 1))], axis=2)
            columns.append(own)
            of += [f"{name}[{k + 1}]" for name in (*names, *(["level"] if self.effects == "none" else []))]
        return self.fitted(np.concatenate(columns, axis=2), tuple(of))

    def fitted(self, X: FloatArray, names: tuple[str, ...]) -> PanelFit:
        """Return the fit of the lag model on regressors (T, N, k), errors clustered by region.

        A constant joins them where there are no effects and none of them is one.
        """
        constant = self.effects == "none" and not any(name.startswith("level[") for name in names)
        apart = replace(self.design, X=X, names=names, chain=None)
        spec = ModelSpec("growth", names, "lag", (), self.effects, "auto", "cluster", intercept=constant)
        return fit_design(apart, spec, self.W)

    def row(self, fit: PanelFit, term: str, length: float, level: float) -> dict[str, Any]:
        """Return beta of a term with standard error, z, p and interval, speed and half-life."""
        b, se, ends = float(fit.params[term]), float(fit.std_errors[term]), fit.conf_int(level).loc[term]
        rate = speed(b, se, length)
        return {
            "beta": b,
            "std_error": se,
            "statistic": float(fit.tstats[term]),
            "p_value": float(fit.pvalues[term]),
            "conf_low": float(ends["conf_low"]),
            "conf_high": float(ends["conf_high"]),
            "speed": rate.estimate,
            "half_life": half_life(rate).estimate,
            "reason": rate.reason,
        }

    def by_stretch(self, bounds: IntArray, length: float, level: float) -> pd.DataFrame:
        """Return one row a stretch, by one fit whose errors are clustered by region."""
        fit, rows = self.fit(bounds), []
        for k, (start, end) in enumerate(pairwise(bounds)):
            about = {
                "first_span_ends": self.design.periods[start],
                "last_span_ends": self.design.periods[end - 1],
                "spans": int(end - start),
            }
            rows.append(about | self.row(fit, f"{self.design.names[0]}[{k + 1}]", length, level))
        return pd.DataFrame(rows, index=pd.Index(np.arange(1, len(rows) + 1), name="stretch"))
