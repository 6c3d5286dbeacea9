"""Refits as one array against one fit at a time, and against a dense search."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.likelihood import problem
from spatialconv._core.likelihood.logdet import Eigen
from spatialconv._core.likelihood.maximise import maximise, search_window
from spatialconv._core.resampling import batch
from spatialconv._core.resampling.batch import Setting, fit_batch
from spatialconv._core.resampling.refit import CHUNK, Squares, lag_refits, lag_squares
from tests.tolerances import MOMENTS, REFERENCE

PIECES = 1e-7  # a trace by twelve Chebyshev nodes on pieces that halve the way to its pole
N, T, DRAWS = 11, 4, 120


def weights(row: bool) -> sp.csr_array:
    rng = np.random.default_rng(0)
    W = rng.uniform(0.2, 1.0, (N, N)) * (rng.uniform(size=(N, N)) < 0.5)
    W[np.arange(N), (np.arange(N) + 1) % N] = 0.5
    np.fill_diagonal(W, 0)
    return sp.csr_array(W / W.sum(axis=1, keepdims=True) if row else W / np.abs(np.linalg.eigvals(W)).max())


def outcomes(W: sp.csr_array, X: np.ndarray, interval: tuple[float, float], noise: float) -> np.ndarray:
    """Data sets (T, N, draws) with rho spread over the whole interval, its ends included."""
    rng = np.random.default_rng(1)
    width = interval[1] - interval[0]
    rhos = interval[0] + width * np.r_[1e-5, 1e-3, rng.uniform(size=DRAWS - 4), 1 - 1e-3, 1 - 1e-5]
    plain = X.sum(axis=2)[..., None] + noise * rng.normal(size=(T, N, DRAWS))
    inverses = np.linalg.inv(np.eye(N) - rhos[:, None, None] * W.toarray())
    return np.einsum("bij,tjb->tib", inverses, plain)


def refits(squares, project, logdet: Eigen) -> np.ndarray:
    return lag_refits(
        squares,
        dof=project.dof,
        J=project.J,
        eigenvalues=logdet.eigenvalues,
        shift=project.shift,
        bounds=search_window(logdet),
    )


@pytest.mark.parametrize("noise", [1.0, 0.03], ids=["noisy", "nearly exact"])
@pytest.mark.parametrize(
    ("kind", "lee_yu", "row"),
    [
        ("none", False, False),
        ("region", False, False),
        ("region", True, False),
        ("time", False, True),
        ("time", True, True),
        ("two-way", False, True),
        ("two-way", True, True),
    ],
)
def test_agree_with_one_at_a_time(kind, lee_yu, row, noise):
    W, X = weights(row), np.random.default_rng(2).normal(size=(T, N, 2))
    logdet, project = Eigen.of(W), projection(kind, T, N, lee_yu=lee_yu)
    Y = outcomes(W, X, logdet.interval, noise)
    found = refits(lag_squares(Y, X, project, W), project, logdet)
    single = [maximise(problem(Y[..., k], X, project, W=W, logdet_w=logdet)).point.rho for k in range(DRAWS)]
    # One at a time the shift is subtracted from the log-determinant, which leaves rounding of 1 / (1 - rho)^2.
    rounding = 1e-15 / (1 - found) ** 2 if project.shift else 0.0
    assert (np.abs(found - single) < REFERENCE + rounding).all()
    if noise < 1:
        low, high = search_window(logdet)
        assert found.min() < low + 0.01
        assert found.max() > high - 0.03


def test_squares_are_those_of_the_likelihood():
    """SSE(rho) = a - 2 rho b + rho^2 c at any rho, beta and effects concentrated out by least squares."""
    W, rng = weights(True), np.random.default_rng(3)
    X, Y = rng.normal(size=(T, N, 2)), rng.normal(size=(T, N, 3))
    project = projection("two-way", T, N, lee_yu=True)
    squares = lag_squares(Y, X, project, W)
    columns = project(X).reshape(T * N, 2)
    for rho in (-0.7, 0.0, 0.5):
        filtered = project(Y - rho * np.einsum("ij,tjb->tib", W.toarray(), Y)).reshape(T * N, 3)
        residuals = filtered - columns @ np.linalg.lstsq(columns, filtered, rcond=None)[0]
        np.testing.assert_allclose(squares.at(rho), (residuals**2).sum(axis=0), rtol=REFERENCE)


def test_the_highest_of_several_maxima():
    """Fewer observations than the log-determinant counts, which no panel has: then two maxima are common."""
    W = weights(False)
    logdet, rng = Eigen.of(W), np.random.default_rng(4)
    window, dof, J, B = search_window(logdet), 2, 12, 400
    squares = Squares(10 ** rng.uniform(-4, 0, B), rng.uniform(-2.5, 2.5, B), rng.uniform(0.5, 2, B))
    found = lag_refits(squares, dof=dof, J=J, eigenvalues=logdet.eigenvalues, shift=False, bounds=window)

    def loglik(rho):
        return -dof / 2 * np.log(squares.at(rho[:, None])) + J * np.asarray(logdet.value(rho))[:, None]

    grid = np.linspace(*window, 4001)
    values = loglik(grid)
    peaks = ((values[1:-1] > values[:-2]) & (values[1:-1] > values[2:])).sum(axis=0)
    assert (peaks > 1).sum() > 20
    reached = np.diag(loglik(found))
    assert (reached >= values.max(axis=0) - REFERENCE).all()
    slope = dof * squares.curve * (squares.centre - found) / squares.at(found) + J * logdet.derivative(found)
    inside = (found > window[0]) & (found < window[1])
    np.testing.assert_allclose(slope[inside], 0, atol=MOMENTS)


def test_order_and_number_do_not_matter():
    """More than one chunk, in another order, and one alone."""
    W, rng = weights(True), np.random.default_rng(5)
    logdet, project = Eigen.of(W), projection("time", T, N, lee_yu=True)
    Y, X = rng.normal(size=(T, N, CHUNK + 100)), rng.normal(size=(T, N, 1))
    squares = lag_squares(Y, X, project, W)
    found = refits(squares, project, logdet)
    turned = refits(squares.of(slice(None, None, -1)), project, logdet)
    np.testing.assert_allclose(turned[::-1], found, atol=REFERENCE)
    np.testing.assert_allclose(refits(squares.of(slice(7, 8)), project, logdet), found[7:8], atol=REFERENCE)


def test_nothing_but_the_ends_stops_a_chain():
    """Links in one direction only have no eigenvalues: least squares, cut at the ends of the search."""
    centre = np.array([-3.0, -0.2, 0.7, 3.0])
    squares = Squares(np.ones(4), centre, np.ones(4))
    found = lag_refits(squares, dof=20, J=4, eigenvalues=np.zeros(5, dtype=complex), shift=False, bounds=(-0.9, 0.95))
    np.testing.assert_allclose(found, [-0.9, -0.2, 0.7, 0.95], atol=REFERENCE)


@pytest.mark.parametrize(("kind", "lee_yu"), [("none", False), ("region", True), ("two-way", True), ("two-way", False)])
@pytest.mark.parametrize("shape", ["lattice", "one way", "full"])
def test_covariances_of_many_regions_are_those_of_dense_inverses(kind, lee_yu, shape, monkeypatch):
    """Over the whole interval, and beyond the spectral radius, where complex eigenvalues lie inside of it."""
    n, periods, draws = 225, 3, 16
    rng = np.random.default_rng(3)
    if shape == "full":
        A = rng.uniform(0.1, 1.0, (n, n))
    else:
        one = np.eye(15, k=1)
        A = sum(np.kron(*pair) for pair in ((one, np.eye(15)), (np.eye(15), one)))
        A = A + A.T if shape == "lattice" else A + 0.05 * A.T
    np.fill_diagonal(A, 0)
    W = sp.csr_array(A / A.sum(axis=1, keepdims=True))
    logdet, project = Eigen.of(W), projection(kind, periods, n, lee_yu=lee_yu)
    low, high = search_window(logdet)
    rhos = np.r_[0.0, 0.3, -0.3, 0.999 * high, 0.98 * low, rng.uniform(low, high, draws - 5)]
    X = rng.normal(size=(periods, n, 1))
    plain = X + rng.normal(size=(periods, n, draws))
    Y = np.stack([np.linalg.solve(np.eye(n) - r * W.toarray(), plain[..., b].T).T for b, r in enumerate(rhos)], axis=2)
    setting = Setting(X, (0,), (), project, W, logdet.eigenvalues, (low, high))
    found = fit_batch(setting, Y, None)
    monkeypatch.setattr(batch, "INVERTED_AT_MOST", 10_000)
    monkeypatch.setattr(batch, "DENSE_AT_MOST", 10_000)
    dense = fit_batch(Setting(X, (0,), (), project, W, logdet.eigenvalues, (low, high)), Y, None)
    np.testing.assert_array_equal(found.rho, dense.rho)
    errors = np.sqrt(np.einsum("bii->bi", dense.cov))
    # Next to one, dense traces less the part of the mean, which is all of them, are rounding.
    told = dense.rho < (0.99 if project.shift else 1.0)
    unit = errors[:, :, None] * errors[:, None]
    np.testing.assert_allclose((found.cov / unit)[told], (dense.cov / unit)[told], rtol=0, atol=PIECES)
    assert told.sum() >= draws // 4


@pytest.mark.parametrize("shift", [False, True])
@pytest.mark.parametrize("rho", [-0.8, 0.0, 0.35, 0.95])
def test_the_sum_of_squares_of_sparse_factors_is_that_of_the_inverse(rho, shift, monkeypatch):
    """Asymmetric weights with islands: tr G'G, and without its mean over regions, by G itself."""
    rng = np.random.default_rng(8)
    n = 90
    A = (rng.uniform(size=(n, n)) < 0.05) * rng.uniform(size=(n, n))
    np.fill_diagonal(A, 0)
    A[[3, 40]] = 0
    W = sp.csr_array(A / np.maximum(A.sum(axis=1, keepdims=True), 1e-12))
    G = W.toarray() @ np.linalg.inv(np.eye(n) - rho * W.toarray())
    want = ((G - G.mean(axis=0) if shift else G) ** 2).sum()
    called = []
    monkeypatch.setattr(batch, "DENSE_AT_MOST", 10)
    monkeypatch.setattr(batch, "fills_little", lambda *_: called.append(1) or True)
    assert batch._sum_of_squares(W, rho, shift=shift) == pytest.approx(want, rel=1e-10)
    assert called
