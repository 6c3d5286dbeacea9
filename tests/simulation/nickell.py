"""What a nominal 5 % test of beta finds where there is no convergence: `python -m tests.simulation.nickell`.

Eleven cities, four years of growth, the weights of Zhejiang by inverse squared distance; levels are random walks with
a common drift of 0.35 before the spatial multiplier and errors of 0.25, from the export levels of 2016; beta is zero.
Fitted by the direct approach, each kind of effects, as one array.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

import spatialconv as sc
from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.maximise import search_window
from spatialconv._core.resampling.batch import Setting, fit_batch
from spatialconv._core.resampling.recursive import Feedback, Model, rebuild
from tests.simulation.worlds import FloatArray, world

T, DRIFT, SIGMA = 4, 0.35, 0.25
RHOS, KINDS = (0.4, 0.0, -1.0), ("time", "region", "two-way")


def panels(rho: float, draws: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Draw growth (T, N, draws) and the levels it starts from, (T, N, 1, draws)."""
    there = world(11)
    zj = sc.datasets.zhejiang()
    start = np.log(zj.panel.values("exports")[0])
    X = np.broadcast_to(start, (T, there.n))[..., None].copy()
    feedback = Feedback(0, None, np.arange(T) - 1, np.ones(T), carry=True)
    drift = np.full((T, there.n), DRIFT)
    model = Model(X, np.zeros(1), drift, rho, 0.0, there.W, None, there.W, feedback)
    Y, V = rebuild(model, SIGMA * np.random.default_rng(seed).standard_normal((T, there.n, draws)))
    assert V is not None
    return Y, V


def row(rho: float, kind: str, draws: int, seed: int) -> dict[str, object]:
    """Return the mean of beta and the share of rejections, with their Monte Carlo errors."""
    there = world(11)
    Y, V = panels(rho, draws, seed)
    project = projection(kind, T, there.n, lee_yu=False)
    none = np.empty((T, there.n, 0))
    setting = Setting(none, (), (0,), project, there.W, there.logdet.eigenvalues, search_window(there.logdet))
    found = fit_batch(setting, Y, V)
    beta = found.beta[:, 0]
    share = float((np.abs(beta / np.sqrt(found.cov[:, 0, 0])) > 1.959964).mean())
    return {
        "rho": rho,
        "effects": kind,
        "mean beta": beta.mean(),
        "(error)": beta.std() / np.sqrt(draws),
        "rejections": share,
        "(error) ": np.sqrt(share * (1 - share) / draws),
    }


def table(draws: int = 5000, seed: int = 1) -> pd.DataFrame:
    """Return a row a rho and kind of effects."""
    return pd.DataFrame([row(rho, kind, draws, seed) for kind in KINDS for rho in RHOS])


if __name__ == "__main__":
    print(table(20_000).to_string(index=False, float_format="{:.3f}".format))
