"""Columns of W (I - rho W)^-1 and its like from nearby regions, against dense inverses."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from spatialconv._core.likelihood import nearby as module
from spatialconv._core.likelihood.nearby import Nearby
from spatialconv._core.likelihood.traces import dense_ratios

# What is not there is below 1e-10 of the largest entry on the ring where the rows end.
NEARLY = 1e-9


def band(n: int, seed: int) -> sp.csr_array:
    """Links along a line, each way with weights of its own, the regions in an order of chance; two islands."""
    rng = np.random.default_rng(seed)
    A = sp.diags_array([rng.uniform(0.2, 1, n - 1), rng.uniform(0.2, 1, n - 1)], offsets=[-1, 1]).toarray()
    A[[5, 60]] = 0
    order = rng.permutation(n)
    A = A[order][:, order]
    return sp.csr_array(A / np.maximum(A.sum(axis=1, keepdims=True), 1e-12))


def whole(near: Nearby, which: int) -> tuple[np.ndarray, list[np.ndarray]]:
    G, patches = np.zeros((near.n, near.n)), []
    for own, rows, part in near.columns(which):
        G[np.ix_(rows, own)] = part
        patches.append(own)
    return G, patches


@pytest.mark.parametrize(("rho", "lam"), [(0.4, None), (None, 0.3), (0.4, -0.3), (-0.5, 0.2)])
def test_columns_are_those_of_the_inverse(rho, lam, monkeypatch):
    n = 500
    W, M = (band(n, 1) if rho is not None else None), (band(n, 2) if lam is not None else None)
    if W is not None and M is not None:
        M = W  # links of another order of chance reach everybody
    monkeypatch.setattr(module, "PATCH", 40)
    near = Nearby(W, M, rho or 0.0, lam or 0.0)
    assert near.local
    for which, want in enumerate(dense_ratios(W, M, rho or 0.0, lam or 0.0)):
        if (W, M)[which] is None:
            continue
        found, patches = whole(near, which)
        np.testing.assert_allclose(found, want, rtol=0, atol=NEARLY * np.abs(want).max())
        np.testing.assert_array_equal(np.sort(np.concatenate(patches)), np.arange(n))
        assert max(map(len, patches)) == 40
        assert 0 < (found == 0).mean() < 1


def test_where_nothing_is_far_all_rows_are_taken():
    rng = np.random.default_rng(3)
    A = (rng.uniform(size=(150, 150)) < 0.05) * 1.0
    np.fill_diagonal(A, 0)
    W = sp.csr_array(A / np.maximum(A.sum(axis=1, keepdims=True), 1))
    for links, rho in ((W, 0.4), (band(300, 1), 0.9999)):
        near = Nearby(links, None, rho, 0.0)
        assert not near.local
        want = dense_ratios(links, None, rho, 0.0)[0]
        np.testing.assert_allclose(whole(near, 0)[0], want, atol=NEARLY * np.abs(want).max())
