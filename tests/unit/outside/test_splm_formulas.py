"""`correction="splm"` on weights splm's data do not have, by the steps that splm's source publishes (1.6: spfeml.R,
likelihoodsFE.R, fixed_effects.R), written out here: means taken region by region and period by period, lags of what is
left, one concentrated likelihood, the information in blocks, effects as plain means.

The package itself is compared on two data sets of its own in `test_splm.py`; weights there are symmetric before they
are standardised, and one matrix serves both processes.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize, minimize_scalar

import spatialconv as sc
from tests.tolerances import OPTIM, OPTIM_BRUTE, ROUNDING

N, T = 9, 6
EFFECTS = {"spfe": "region", "tpfe": "time", "sptpfe": "two-way"}


class Data(NamedTuple):
    """y (T, N), x (T, N, 2), asymmetric row-standardised W and M."""

    y: np.ndarray
    x: np.ndarray
    W: np.ndarray
    M: np.ndarray


def data(seed: int, *, row: bool = True) -> Data:
    rng = np.random.default_rng(seed)
    links = []
    for _ in range(2):
        A = rng.uniform(size=(N, N)) * (rng.uniform(size=(N, N)) < 0.45)
        A[np.arange(N), (np.arange(N) + 1) % N] = 0.5
        np.fill_diagonal(A, 0.0)
        links.append(A / A.sum(axis=1, keepdims=True) if row else A)
    W, M = links
    x, e = rng.normal(size=(T, N, 2)) + 3, rng.normal(size=(T, N))
    u = e @ np.linalg.inv(np.eye(N) - 0.4 / np.abs(np.linalg.eigvals(M)).max() * M).T
    mean = x @ [1.0, -0.5] + rng.normal(size=N) + 2 * rng.normal(size=(T, 1))
    y = (mean + u) @ np.linalg.inv(np.eye(N) - 0.3 / np.abs(np.linalg.eigvals(W)).max() * W).T
    return Data(y, x, W, M)


def fitted(d: Data, spatial: str, effects: str, **options: Any) -> Any:
    frame = pd.DataFrame({"i": np.tile(np.arange(N), T), "t": np.repeat(np.arange(T), N), "y": d.y.ravel()})
    frame = frame.assign(a=d.x[..., 0].ravel(), b=d.x[..., 1].ravel())
    w, m = (sc.weights.from_matrix(A, regions=np.arange(N), standardise="none") for A in (d.W, d.M))
    options |= {"spatial": spatial, "effects": EFFECTS[effects], "correction": "splm", "logdet": "eigen"}
    return sc.fit_panel(sc.Panel(frame, region="i", period="t"), "y", ["a", "b"], w, error_w=m, **options)


def demeaned(z: np.ndarray, effects: str) -> np.ndarray:
    """One number after the other, as `tapply` and `rep` do."""
    out = np.empty_like(z)
    for t in range(T):
        for i in range(N):
            region = sum(z[s, i] for s in range(T)) / T
            period = sum(z[t, j] for j in range(N)) / N
            whole = sum(z[s, j] for s in range(T) for j in range(N)) / (N * T)
            taken = {"spfe": region, "tpfe": period, "sptpfe": region + period - whole}
            out[t, i] = z[t, i] - taken[effects]
    return out


def lagged(A: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.stack([A @ z[t] for t in range(T)])


def stacked(d: Data, effects: str) -> tuple[np.ndarray, np.ndarray]:
    return demeaned(d.y, effects), np.stack([demeaned(d.x[..., k], effects) for k in range(2)], axis=2)


def bounds(A: np.ndarray) -> tuple[float, float]:
    roots = np.linalg.eigvals(A)
    real = roots.real[np.abs(roots.imag) < 1e-10]
    low = 1 / real.min() if real.min() < 0 else -1 / np.abs(roots).max()
    return 0.999 * low, 0.999 / real.max()


def maximum(function, A: np.ndarray) -> float:
    """The best of several climbs."""
    low, high = bounds(A)
    ends = np.linspace(low, high, 12)
    found = [
        minimize_scalar(lambda v: -function(v), bounds=pair, method="bounded", options={"xatol": 1e-12})
        for pair in itertools.pairwise(ends)
    ]
    return float(min(found, key=lambda f: f.fun).x)


def flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(N * T, -1)


# Time effects need rows that sum to one.
@pytest.mark.parametrize(("effects", "row"), [("spfe", False), *((effects, True) for effects in EFFECTS)])
def test_lag(effects, row):
    d = data(1, row=row)
    yt, xt = stacked(d, effects)
    wyt = lagged(d.W, yt)
    X = flat(xt)
    cross = np.linalg.inv(X.T @ X)
    e0, e1 = (z.ravel() - X @ (cross @ (X.T @ z.ravel())) for z in (yt, wyt))

    def conclikpan(v: float) -> float:
        square = e0 @ e0 - 2 * v * (e0 @ e1) + v * v * (e1 @ e1)
        return -(N * T / 2) * np.log(square) + T * np.linalg.slogdet(np.eye(N) - v * d.W)[1]

    lam = maximum(conclikpan, d.W)
    target = (yt - lam * wyt).ravel()
    beta = cross @ (X.T @ target)
    r = target - X @ beta
    s2 = r @ r / (N * T)
    loglik = T * np.linalg.slogdet(np.eye(N) - lam * d.W)[1] - N * T / 2 * (np.log(2 * np.pi * s2) + 1)
    WA = d.W @ np.linalg.inv(np.eye(N) - lam * d.W)
    xb = (X @ beta).reshape(T, N)
    through = lagged(WA, xb)
    V = T * (np.trace(WA @ WA) + np.trace(WA.T @ WA)) + (through**2).sum() / s2
    info = np.zeros((4, 4))
    info[0, 0], info[0, 1] = N * T / (2 * s2**2), T * np.trace(WA) / s2
    info[1, 0], info[1, 1] = info[0, 1], V
    info[1, 2:] = info[2:, 1] = X.T @ through.ravel() / s2
    info[2:, 2:] = X.T @ X / s2
    fit = fitted(d, "lag", effects)
    order = ["sigma2", "rho", "a", "b"]
    np.testing.assert_allclose(fit.params[order], [s2, lam, *beta], rtol=OPTIM)
    assert fit.loglik == pytest.approx(loglik, rel=ROUNDING)
    errors = fit.std_errors[order].to_numpy()
    np.testing.assert_allclose(
        fit.cov.loc[order, order] / np.outer(errors, errors), np.linalg.inv(info) / np.outer(errors, errors), atol=OPTIM
    )
    effects_and_residuals(fit, d, d.y - lam * lagged(d.W, d.y) - d.x @ beta, effects, np.eye(N))


def effects_and_residuals(fit: Any, d: Data, left: np.ndarray, effects: str, B: np.ndarray) -> None:
    """splm's effects and its `residuals`, what all effects leave; ours are these through the filter of the errors."""
    intercept = left.mean()
    regions, periods = left.mean(axis=0) - intercept, left.mean(axis=1) - intercept
    kept = {"spfe": 0 * periods[:, None] + regions, "tpfe": periods[:, None] + 0 * regions}
    kept["sptpfe"] = periods[:, None] + regions
    assert fit.intercept == pytest.approx(intercept, rel=OPTIM)
    if effects != "tpfe":
        np.testing.assert_allclose(fit.region_effects, regions, atol=10 * OPTIM)
    if effects != "spfe":
        np.testing.assert_allclose(fit.time_effects, periods, atol=10 * OPTIM)
    e = left - intercept - kept[effects]
    np.testing.assert_allclose(fit.residuals, e @ B.T, atol=10 * OPTIM)
    np.testing.assert_allclose(fit.fitted, d.y - e @ B.T, atol=10 * OPTIM)


@pytest.mark.parametrize("effects", EFFECTS)
def test_error(effects):
    d = data(2)
    yt, xt = stacked(d, effects)
    wyt, wxt = lagged(d.M, yt), np.stack([lagged(d.M, xt[..., k]) for k in range(2)], axis=2)

    def parts(v: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        yco, xco = (yt - v * wyt).ravel(), flat(xt - v * wxt)
        b = np.linalg.solve(xco.T @ xco, xco.T @ yco)
        return yco - xco @ b, xco, b

    def sarpanelerror(v: float) -> float:
        e = parts(v)[0]
        return T * np.linalg.slogdet(np.eye(N) - v * d.M)[1] - N * T / 2 * np.log(e @ e)

    rho = maximum(sarpanelerror, d.M)
    e, xco, beta = parts(rho)
    s2 = e @ e / (N * T)
    WA = d.M @ np.linalg.inv(np.eye(N) - rho * d.M)
    info = np.zeros((4, 4))
    info[0, 0], info[0, 1] = N * T / (2 * s2**2), T * np.trace(WA) / s2
    info[1, 0], info[1, 1] = info[0, 1], T * (np.trace(WA @ WA) + np.trace(WA.T @ WA))
    info[2:, 2:] = xco.T @ xco / s2
    fit = fitted(d, "error", effects)
    order = ["sigma2", "lambda", "a", "b"]
    np.testing.assert_allclose(fit.params[order], [s2, rho, *beta], rtol=OPTIM)
    full = sarpanelerror(rho) - N * T / 2 * (np.log(2 * np.pi / (N * T)) + 1)
    assert fit.loglik == pytest.approx(full, rel=ROUNDING)
    errors = fit.std_errors[order].to_numpy()
    np.testing.assert_allclose(
        fit.cov.loc[order, order] / np.outer(errors, errors), np.linalg.inv(info) / np.outer(errors, errors), atol=OPTIM
    )
    effects_and_residuals(fit, d, d.y - d.x @ beta, effects, np.eye(N) - rho * d.M)


@pytest.mark.parametrize("effects", EFFECTS)
def test_both(effects):
    """Two matrices: first the lag of what is demeaned, then the filter of that."""
    d = data(3)
    yt, xt = stacked(d, effects)
    wyt = lagged(d.W, yt)

    def parts(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        u = yt - v[0] * wyt
        yco = (u - v[1] * lagged(d.M, u)).ravel()
        xco = flat(xt - v[1] * np.stack([lagged(d.M, xt[..., k]) for k in range(2)], axis=2))
        b = np.linalg.solve(xco.T @ xco, xco.T @ yco)
        return yco - xco @ b, b

    def likelihood(v: np.ndarray) -> float:
        logs = sum(np.linalg.slogdet(np.eye(N) - s * A)[1] for s, A in zip(v, (d.W, d.M), strict=True))
        e = parts(v)[0]
        return T * logs - N * T / 2 * (np.log(2 * np.pi * (e @ e) / (N * T)) + 1)

    ends = [bounds(A) for A in (d.W, d.M)]
    options = {"xatol": 1e-11, "fatol": 1e-13, "maxiter": 4000}
    starts = [(0.5 * a, 0.5 * b) for a in ends[0] for b in ends[1]]
    found = [minimize(lambda v: -likelihood(v), s, method="Nelder-Mead", bounds=ends, options=options) for s in starts]
    best = min(found, key=lambda f: f.fun)
    fit = fitted(d, "sarar", effects)
    assert fit.loglik == pytest.approx(-best.fun, rel=ROUNDING)
    e, beta = parts(best.x)
    theirs = [*beta, *best.x, e @ e / (N * T)]
    np.testing.assert_allclose(fit.params, theirs, rtol=OPTIM_BRUTE, atol=OPTIM_BRUTE)
    left = d.y - fit.rho * lagged(d.W, d.y) - d.x @ fit.params[["a", "b"]].to_numpy()
    effects_and_residuals(fit, d, left, effects, np.eye(N) - fit.lambda_ * d.M)


@pytest.mark.parametrize("effects", ["tpfe", "sptpfe"])
@pytest.mark.parametrize("spatial", ["lag", "error"])
def test_it_stops_short_of_the_model_with_dummies(spatial, effects):
    """What makes it splm's: the same data demeaned after the filter have a higher likelihood."""
    d = data(4)
    direct = fitted(d, spatial, effects)
    again = direct.spec.__class__(**{**vars(direct.spec), "correction": "none"})
    exact = sc.models.estimation.fit.fit_complete(direct.design, again)
    assert exact.loglik > direct.loglik + 1e-6
