"""Marginal likelihoods against quadrature of the whole integral, and the conjugate density of a normal sample."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import gammaln

from spatialconv._core.posterior.marginal import Data, posterior


def sample(seed, n=7, T=1, k=1, *, constant=True):
    rng = np.random.default_rng(seed)
    W = rng.random((n, n)) * (rng.random((n, n)) < 0.6)
    np.fill_diagonal(W, 0)
    W[np.arange(n), (np.arange(n) + 1) % n] += 0.5
    W /= W.sum(axis=1, keepdims=True)
    X = rng.normal(size=(n, k))
    X = np.column_stack([np.ones(n), X]) if constant else X
    y = X @ rng.normal(size=X.shape[1]) + rng.normal(size=n)
    return W, y, X


def data_of(W, y, X, flat):
    return Data(y, W @ y, X, W @ X, flat, len(y), 1)


def logdet_of(W):
    values = np.linalg.eigvals(W)
    real = values[np.abs(values.imag) < 1e-9].real
    return (lambda r: np.log(np.abs(1 - np.multiply.outer(r, values))).sum(axis=-1)), (
        1 / real.min() if real.min() < 0 else -1 / np.abs(values).max(),
        1.0,
    )


def dense_given_rho(W, y, X, kind, g, flat, rho):
    """p(y | rho): the sum over log sigma of a dense normal density with coefficients integrated out."""
    n = len(y)
    A = np.eye(n) - rho * W
    Z = A @ X if kind == "error" else X
    F, B = Z[:, :flat], Z[:, flat:]
    if not np.isfinite(g):
        F, B = Z, Z[:, :0]
    # A flat prior is the limit of a normal one of a variance v, times sqrt(2 pi v) for each coefficient.
    v = 1e7
    u = A @ y
    # Zellner's prior is of what F leaves of X.
    own = B - F @ np.linalg.lstsq(F, B, rcond=None)[0] if F.size else B
    P = g * B @ np.linalg.solve(own.T @ own, B.T) if B.size else np.zeros((n, n))
    logs = np.linspace(-5, 6, 900)
    s2 = np.exp(2 * logs)[:, None, None]
    V = s2 * (np.eye(n) + P) + v * F @ F.T
    solved = np.linalg.solve(V, np.broadcast_to(u[:, None], (len(V), n, 1)))[..., 0]
    log = -0.5 * (n * np.log(2 * np.pi) + np.linalg.slogdet(V)[1] + (solved * u).sum(axis=1))
    log = log + 0.5 * F.shape[1] * np.log(2 * np.pi * v)
    return np.linalg.det(A) * np.exp(log).sum() * (logs[1] - logs[0])


@pytest.mark.parametrize("g", [7.0, np.inf])
@pytest.mark.parametrize("kind", ["lag", "error"])
@pytest.mark.parametrize("constant", [True, False])
def test_against_quadrature_of_everything(kind, g, constant):
    W, y, X = sample(3, constant=constant)
    flat = int(constant)
    value, interval = logdet_of(W)
    found = posterior(data_of(W, y, X, flat), kind, g, value, interval)
    x, w = np.polynomial.legendre.leggauss(120)
    rho = 0.5 * (sum(interval) + (interval[1] - interval[0]) * x)
    whole = 0.5 * w @ [dense_given_rho(W, y, X, kind, g, flat, r) for r in rho]
    assert found.log_marginal == pytest.approx(
        np.log(whole), abs=2e-4
    )  # v = 1e7 stands for a flat prior, of (1 - rho) times a constant too


def test_coefficients_and_variance_by_brute_force():
    """One coefficient, no constant: the full integral over b, log sigma and rho on a grid, and its moments."""
    W, y, X = sample(5, n=5, constant=False)
    value, interval = logdet_of(W)
    g = 5.0
    found = posterior(data_of(W, y, X, 0), "lag", g, value, interval)
    rho, wr = np.polynomial.legendre.leggauss(60)
    rho = 0.5 * (interval[0] + interval[1]) + 0.5 * (interval[1] - interval[0]) * rho
    b = np.linspace(-12, 12, 1601)
    ls = np.linspace(-4, 4, 401)
    s = np.exp(ls)
    xx = float(X[:, 0] @ X[:, 0])
    total, first, square = 0.0, 0.0, 0.0
    for r, w in zip(rho, wr, strict=True):
        e = (y - r * W @ y)[:, None] - X[:, [0]] * b
        log = -2.5 * np.log(2 * np.pi) - 5 * ls[:, None] - 0.5 * (e**2).sum(axis=0) / s[:, None] ** 2
        log = log + stats.norm.logpdf(b, 0, np.sqrt(g / xx) * s[:, None]) + value(np.array([r]))[0]
        cell = np.exp(log) * w * 0.5 * (b[1] - b[0]) * (ls[1] - ls[0])
        total, first, square = total + cell.sum(), first + (cell * b).sum(), square + (cell * b**2).sum()
    mean, sd = found.moments()
    assert found.log_marginal == pytest.approx(np.log(total), abs=1e-5)
    assert mean[0] == pytest.approx(first / total, abs=1e-4)
    assert sd[0] == pytest.approx(np.sqrt(square / total - (first / total) ** 2), rel=1e-2)  # tails of a t(5) cut at 12
    drawn = found.draws(200_000, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.02)


def test_without_space_it_is_a_multivariate_t():
    """Zellner's prior and no constant: y is multivariate t but for the improper prior of sigma, in ratios of data."""
    _, y, X = sample(2, n=6, k=2, constant=False)
    g = 4.0
    P = X @ np.linalg.solve(X.T @ X, X.T)
    S = np.eye(6) + g * P
    one = posterior(Data(y, y, X, X, 0, 6, 1), "none", g).log_marginal
    square = y @ np.linalg.solve(S, y)
    expected = gammaln(3) - 3 * np.log(np.pi * square) - 0.5 * np.linalg.slogdet(S)[1] - np.log(2)
    assert one == pytest.approx(expected, abs=1e-12)
    mean, _ = posterior(Data(y, y, X, X, 0, 6, 1), "none", g).moments()
    np.testing.assert_allclose(mean[:2], g / (1 + g) * np.linalg.lstsq(X, y, rcond=None)[0])
