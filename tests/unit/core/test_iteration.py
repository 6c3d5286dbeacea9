"""Products with W (I - rho W)^-1 by iteration, each data set at its own rho, against dense solves."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from spatialconv._core.resampling import iteration
from spatialconv._core.resampling.iteration import ratios_times
from tests.tolerances import ROUNDING


def dense(W, rho, eta):
    G = [W.toarray() @ np.linalg.inv(np.eye(W.shape[0]) - r * W.toarray()) for r in rho]
    return np.einsum("bij,tjb->tib", np.array(G), eta)


def weights(kind: str, n: int, seed: int) -> sp.csr_array:
    """Links at random in both ways or one, islands, rows that sum to one or not, signs."""
    rng = np.random.default_rng(seed)
    A = (rng.uniform(size=(n, n)) < rng.uniform(2, 6) / n) * rng.uniform(0.2, 1.0, (n, n))
    if kind == "symmetric":
        A = A + A.T
    if kind == "signed":
        A = A * rng.choice([-1.0, 1.0], A.shape)
    np.fill_diagonal(A, 0)
    if kind == "islands":
        A[rng.integers(0, n, 4)] = 0
    if kind == "full":
        A = rng.uniform(0.1, 1.0, (n, n)) - 0.1 * np.eye(n)
    if kind in ("row", "islands", "full"):
        return sp.csr_array(A / np.maximum(A.sum(axis=1, keepdims=True), 1e-300))
    return sp.csr_array(A / max(np.abs(np.linalg.eigvals(A)).max(), 1e-3))


@pytest.mark.parametrize("roots", [True, False], ids=["eigenvalues known", "norm only"])
@pytest.mark.parametrize("kind", ["symmetric", "row", "islands", "signed", "full", "one way"])
def test_products_are_those_of_dense_inverses(kind, roots, monkeypatch):
    """Every rho between the bounds, up to a ten-thousandth before: iterated where it converges, else factorised."""
    rng = np.random.default_rng(5)
    done = []
    plain = iteration._summed

    def watched(*args):
        x, there = plain(*args)
        done.append(there)
        return x, there

    monkeypatch.setattr(iteration, "_summed", watched)
    monkeypatch.setattr(iteration, "BLOCK", 300)
    for seed in range(6):
        n = 450 if kind == "full" else int(rng.integers(12, 60))
        W = weights(kind, n, seed)
        rho = np.r_[0.0, 0.5, -0.5, 0.9999, -0.9999, rng.uniform(-1, 1, 12)] * 0.999
        eta = rng.normal(size=(3, n, len(rho)))
        known = np.linalg.eigvals(W.toarray()) if roots else None
        found, want = ratios_times(W, rho, eta, known), dense(W, rho, eta)
        np.testing.assert_allclose(found, want, rtol=0, atol=ROUNDING * np.abs(want).max())
        near = np.abs(rho) < 0.9
        np.testing.assert_allclose(found[..., near], want[..., near], atol=1e-9 * np.abs(want[..., near]).max())
    share = np.concatenate(done).mean()
    assert share > (0.6 if roots or kind in ("row", "islands", "full") else 0.05)
    assert share < 1


def test_weights_whose_powers_grow_before_they_vanish_are_factorised():
    """A chain of links one way has no eigenvalue but zero, and W^k that grows: the iteration is seen to fail."""
    n = 40
    W = sp.csr_array(np.diag(np.full(n - 1, 3.0), k=1))
    eta = np.random.default_rng(2).normal(size=(2, n, 3))
    rho = np.array([0.1, 0.3, 0.9])
    want = dense(W, rho, eta)
    np.testing.assert_allclose(ratios_times(W, rho, eta, np.zeros(n, complex)), want, rtol=1e-9, atol=1e-9)
