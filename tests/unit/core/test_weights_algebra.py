"""Standardisation and the admissible interval, against all eigenvalues of the dense matrix and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence

import spatialconv as sc
from spatialconv._core.space import weights_algebra as algebra
from spatialconv.errors import WeightsError
from tests.tolerances import EIGENVALUE, EXACT

RNG = np.random.default_rng(20161)


def row(W):
    sums = W.sum(axis=1, keepdims=True)
    return np.divide(W, sums, out=np.zeros_like(W), where=sums > 0)


def symmetric(n, density):
    upper = np.triu(RNG.random((n, n)) < density, 1) * RNG.random((n, n))
    return upper + upper.T


def nearest(n, k):
    x = RNG.random((n, 2))
    d = np.hypot(*(x[:, None] - x[None]).T)
    np.fill_diagonal(d, np.inf)
    W = np.zeros((n, n))
    np.put_along_axis(W, d.argsort(axis=1)[:, :k], 1.0 / k, axis=1)
    return W


def lattice(r):
    path = np.eye(r, k=1) + np.eye(r, k=-1)
    return np.kron(path, np.eye(r)) + np.kron(np.eye(r), path)


def dense_interval(W):
    """All eigenvalues of the whole matrix at once; the real ones by their imaginary part."""
    values = np.linalg.eigvals(W)
    real = values.real[np.abs(values.imag) < 1e-7]
    return 1 / real.min(), 1 / real.max()


CASES = {
    "symmetric": symmetric(40, 0.2),
    "row of symmetric": row(symmetric(40, 0.2)),
    "row of binary": row((symmetric(60, 0.1) > 0) * 1.0),
    "dense distances": row(1 / (np.abs(np.subtract.outer(*[np.sort(RNG.random(25))] * 2)) + np.eye(25)) - np.eye(25)),
    "nearest neighbours": nearest(80, 3),
    "directed": (RNG.random((30, 30)) < 0.2) * (1 - np.eye(30)) * RNG.random((30, 30)),
    "signs": symmetric(20, 0.5) * np.where(np.add.outer(range(20), range(20)) % 3, 1, -1),
    "with islands": np.pad(row(symmetric(20, 0.4)), ((0, 3), (0, 3))),
    "two pieces": np.kron(np.diag([1.0, 0.3]), row(symmetric(15, 0.5))),
}


@pytest.mark.parametrize("name", CASES)
def test_interval_is_that_of_all_eigenvalues(name):
    W = CASES[name]
    found = algebra.admissible_interval(sparse.csr_array(W))
    np.testing.assert_allclose((found.low, found.high), dense_interval(W), rtol=EIGENVALUE)
    assert found.exact
    np.testing.assert_allclose(sc.weights.rho_interval(W), (found.low, found.high), rtol=0)


@pytest.mark.parametrize("name", ["symmetric", "row of symmetric", "row of binary", "dense distances", "signs"])
def test_weights_with_a_symmetric_twin_need_no_general_eigenvalues(name, monkeypatch):
    expected = dense_interval(CASES[name])
    monkeypatch.setattr(np.linalg, "eigvals", None)
    found = algebra.admissible_interval(sparse.csr_array(CASES[name]))
    np.testing.assert_allclose((found.low, found.high), expected, rtol=EIGENVALUE)


@pytest.mark.parametrize("name", CASES)
def test_interval_is_where_the_determinant_first_vanishes(name):
    # Inside the interval I - rho W keeps the sign of its determinant, at the ends it is singular.
    W = CASES[name]
    n = len(W)
    low, high = sc.weights.rho_interval(W)
    signs = {np.linalg.slogdet(np.eye(n) - rho * W)[0] for rho in np.linspace(low, high, 201)[1:-1]}
    assert signs == {1.0}
    for end in (low, high):
        assert np.linalg.svd(np.eye(n) - end * W, compute_uv=False)[-1] < 1e-10


@pytest.mark.parametrize("n", [2, 3, 8, 21])
def test_closed_forms(n):
    complete = (np.ones((n, n)) - np.eye(n)) / (n - 1)
    np.testing.assert_allclose(sc.weights.rho_interval(complete), (-(n - 1), 1), rtol=EXACT)
    star = np.zeros((n, n))
    star[0, 1:], star[1:, 0] = 1 / (n - 1), 1
    np.testing.assert_allclose(sc.weights.rho_interval(star), (-1, 1), rtol=EXACT)
    corner = 4 * np.cos(np.pi / (n + 1))
    np.testing.assert_allclose(sc.weights.rho_interval(lattice(n)), (-1 / corner, 1 / corner), rtol=EXACT)
    if n > 2:
        ring = (np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)) / 2
        least = np.cos(2 * np.pi * (n // 2) / n)
        np.testing.assert_allclose(sc.weights.rho_interval(ring), (1 / least, 1), rtol=EXACT)


def test_upper_end_of_row_standardised_weights_is_exactly_one():
    for W in (row(symmetric(50, 0.2)), nearest(90, 4), np.pad(row(symmetric(20, 0.5)), (0, 5))):
        assert sc.weights.rho_interval(W)[1] == 1.0


def test_without_real_eigenvalues_of_a_sign_nothing_bounds():
    cycle = np.roll(np.eye(3), 1, axis=1)
    low, high = sc.weights.rho_interval(cycle)
    assert low == -np.inf
    np.testing.assert_allclose(high, 1.0, rtol=EXACT)
    assert sc.weights.rho_interval(np.zeros((4, 4))) == (-np.inf, np.inf)
    # A river: everyone depends on who lies upstream, and all roots are zero.
    rng = np.random.default_rng(5)
    river = np.triu(rng.uniform(0.5, 1.5, (26, 26)), 1)
    order = rng.permutation(26)
    assert sc.weights.rho_interval(river[np.ix_(order, order)]) == (-np.inf, np.inf)
    assert algebra.spectral_radius(sparse.csr_array(river)) == 0


def test_roots_of_zero_between_blocks_are_not_taken_for_negative_ones():
    # A river between two cycles: dense routines make real roots as large as -0.1 of the zeros of the whole.
    n = 26
    W = np.triu(np.ones((n, n)), 1) * np.random.default_rng(2).uniform(0.5, 1.5, (n, n))
    W[:3], W[-3:], W[3:, :3], W[:-3, -3:] = 0, 0, 0, 0
    W[:3, :3] = W[-3:, -3:] = np.roll(np.eye(3), 1, axis=1)
    W[2, 3] = W[-4, -3] = 1
    at = np.random.default_rng(0).permutation(n)
    W = W[np.ix_(at, at)]
    low, high = sc.weights.rho_interval(W)
    assert low == -np.inf
    np.testing.assert_allclose(high, 1.0, rtol=EXACT)


@pytest.mark.parametrize("kind", ["symmetric", "nearest"])
def test_iteration_for_large_matrices_agrees_with_all_eigenvalues(kind, monkeypatch):
    W = row(symmetric(400, 0.02)) if kind == "symmetric" else nearest(400, 6)
    expected = dense_interval(W)
    monkeypatch.setattr(algebra, "DENSE", 50)
    monkeypatch.setattr(np.linalg, "eigvals", None)
    monkeypatch.setattr(algebra, "eigvalsh", None)
    found = algebra.admissible_interval(sparse.csr_array(W))
    np.testing.assert_allclose((found.low, found.high), expected, rtol=EIGENVALUE)
    again = algebra.admissible_interval(sparse.csr_array(W))
    assert (again.low, again.high) == (found.low, found.high)


@pytest.mark.parametrize("standardised", [True, False])
@pytest.mark.parametrize("diagonal", [0.0, 0.3])
def test_regions_in_two_sets_have_a_spectrum_symmetric_about_zero(standardised, diagonal, monkeypatch):
    # A chessboard with uneven weights; one link within a set is enough to break the symmetry.
    rng = np.random.default_rng(5)
    W = lattice(9) * rng.uniform(0.2, 2, (81, 81))
    W = W + W.T
    W[0, 10] = W[10, 0] = diagonal
    W = row(W) if standardised else W
    monkeypatch.setattr(algebra, "DENSE", 50)
    found = algebra.admissible_interval(sparse.csr_array(W))
    np.testing.assert_allclose((found.low, found.high), dense_interval(W), rtol=EIGENVALUE)
    assert (found.low == -found.high) == (diagonal == 0)


@pytest.mark.parametrize("kind", ["symmetric", "nearest"])
def test_an_iteration_that_fails_gives_the_dense_result_or_a_safe_bound(kind, monkeypatch):
    def fail(*args, **kwargs):
        raise ArpackNoConvergence("no convergence", np.empty(0), np.empty(0))

    # Column sums bind here, so that the bound is not trivially that of the row sums.
    W = symmetric(90, 0.2) if kind == "symmetric" else nearest(90, 8) * 2
    low, high = dense_interval(W)
    for name, value in (("DENSE", 50), ("eigs", fail), ("eigsh", fail)):
        monkeypatch.setattr(algebra, name, value)
    np.testing.assert_allclose(sc.weights.rho_interval(W), (low, high), rtol=EIGENVALUE)
    monkeypatch.setattr(algebra, "DENSE_AT_MOST", 60)
    found = algebra.admissible_interval(sparse.csr_array(W))
    assert not found.exact
    assert low <= found.low < 0 < found.high <= high * (1 + EXACT)
    note = sc.weights.describe(sc.weights.from_matrix(np.abs(W), regions=range(90))).notes
    assert note == ("the interval of rho is approximate: it lies inside the true one",)


def test_no_real_root_among_the_leftmost_gives_a_bound_inside(monkeypatch):
    W = row((np.random.default_rng(0).random((200, 200)) < 0.03) * (1 - np.eye(200)))
    values = np.linalg.eigvals(W)
    leftmost = values[np.argsort(values.real)][:2]
    low, _ = dense_interval(W)
    assert (np.abs(leftmost.imag) > 0.01).all()
    assert leftmost.real[0] < 1 / low
    monkeypatch.setattr(algebra, "DENSE", 50)
    monkeypatch.setattr(algebra, "eigs", lambda *_, which, **__: leftmost if which == "SR" else np.array([1.0 + 0j]))
    found = algebra.admissible_interval(sparse.csr_array(W))
    assert (found.low, found.high, found.exact) == (1 / leftmost.real[0], 1.0, False)
    assert low < found.low


def test_spectral_radius_and_standardisation_are_told_from_the_matrix():
    for name in ("symmetric", "nearest neighbours", "directed", "with islands", "two pieces"):
        W = sparse.csr_array(CASES[name])
        radius = np.abs(np.linalg.eigvals(CASES[name])).max()
        np.testing.assert_allclose(algebra.spectral_radius(W), radius, rtol=EIGENVALUE)
        scaled = algebra.scale_spectrum(W)
        np.testing.assert_allclose(scaled.toarray(), CASES[name] / radius, rtol=EIGENVALUE)
        np.testing.assert_allclose(algebra.scale_rows(W).toarray(), row(CASES[name]), rtol=EXACT)
        assert algebra.standardisation(algebra.scale_rows(W)) == "row"
        expected = "row" if name in ("nearest neighbours", "with islands") else "spectral"
        assert algebra.standardisation(scaled) == expected
        assert algebra.standardisation(scaled * 3) == "none"
        assert algebra.standardisation(scaled * 0.3) == "none"
    assert algebra.standardisation(sparse.csr_array((3, 3))) == "none"
    assert algebra.scale_spectrum(sparse.csr_array((3, 3))).nnz == 0


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones((2, 3)), r"must be square; got the shape \(2, 3\)"),
        (np.array([[0, np.nan], [1, 0]]), "1 weights are missing or infinite"),
        ([["a", "b"], ["c", "d"]], "must be two-dimensional and numeric; got list"),
        (np.empty((0, 0)), r"got the shape \(0, 0\)"),
    ],
)
def test_rho_interval_refuses(matrix, message):
    with pytest.raises(WeightsError, match=message):
        sc.weights.rho_interval(matrix)
