"""The log-determinant by pieces, and bootstraps of many regions by it, against those by eigenvalues."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import spatialconv as sc
from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.logdet import Eigen
from spatialconv._core.likelihood.maximise import off_ends
from spatialconv._core.resampling import batch
from spatialconv._core.resampling.batch import Setting, fit_batch
from spatialconv._core.resampling.pieces import Pieces
from spatialconv.models.small_samples import refits
from tests.tolerances import ROUNDING

SERIES = 1e-8  # sixteen Chebyshev nodes on a piece as long as its pole is far, after a derivative
SECOND = 1e-6  # the same after two, which pieces of a thousandth leave of the rounding of a log-determinant
PIECES = 1e-7  # a trace by twelve of them
PROBES = 1e-3  # what random probes leave of a trace at most, about


def weights(kind: str, n: int = 90) -> sp.csr_array:
    rng = np.random.default_rng(4)
    xy = rng.uniform(size=(n, 2))
    apart = np.linalg.norm(xy[:, None] - xy, axis=2)
    A = np.zeros((n, n))
    np.put_along_axis(A, np.argsort(apart, axis=1)[:, 1:6], 1.0, axis=1)
    if kind == "mutual":
        A = np.maximum(A, A.T)
    if kind == "islands":
        A[[3, 40]] = 0
    if kind == "raw":
        return sp.csr_array(A * rng.uniform(0.2, 1.0, A.shape))
    return sp.csr_array(A / np.maximum(A.sum(axis=1, keepdims=True), 1.0))


@pytest.mark.parametrize("kind", ["one way", "mutual", "islands", "raw"])
def test_the_log_determinant_and_its_slopes_are_those_of_eigenvalues(kind):
    W = weights(kind)
    pieces, eigen = Pieces.of(W), Eigen.of(W)
    low, high = off_ends(pieces.coarse.interval)
    rho = np.r_[np.random.default_rng(1).uniform(low, high, 40), 0.0, 0.999 * high, 0.999 * low]
    for name in ("value", "derivative", "second"):
        want, close = getattr(eigen, name)(rho), SECOND if name == "second" else SERIES
        np.testing.assert_allclose(getattr(pieces, name)(rho), want, rtol=close, atol=close * np.abs(want[:40]).max())


@pytest.mark.parametrize(("effects", "lee_yu"), [("none", False), ("region", True), ("two-way", True)])
@pytest.mark.parametrize("kind", ["one way", "mutual", "islands"])
def test_fits_are_those_of_eigenvalues(kind, effects, lee_yu):
    """Outcomes of every rho within the guaranteed interval, and the covariances."""
    W, n, periods, draws = weights(kind), 90, 3, 30
    rng = np.random.default_rng(3)
    if effects == "two-way" and kind == "islands":
        pytest.skip("rows that do not all sum to one: nothing to transform")
    eigen, pieces, project = Eigen.of(W), Pieces.of(W), projection(effects, periods, n, lee_yu=lee_yu)
    bounds = off_ends(pieces.coarse.interval)
    X = rng.normal(size=(periods, n, 2))
    plain = X.sum(axis=2)[..., None] + rng.normal(size=(periods, n, draws))
    rhos = rng.uniform(-0.9, 0.9, draws)
    Y = np.stack([np.linalg.solve(np.eye(n) - r * W.toarray(), plain[..., b].T).T for b, r in enumerate(rhos)], axis=2)
    want = fit_batch(Setting(X, (0, 1), (), project, W, eigen.eigenvalues, bounds), Y, None)
    found = fit_batch(Setting(X, (0, 1), (), project, W, pieces, bounds), Y, None)
    # A maximum on an end is not told from one next to it: the engine fits these alone.
    told = np.isfinite(found.rho)
    assert told.sum() > 0.8 * draws
    assert (want.rho[~told] < -0.98).all()
    np.testing.assert_allclose(found.rho[told], want.rho[told], atol=ROUNDING)
    np.testing.assert_allclose(found.beta[told], want.beta[told], atol=ROUNDING)
    errors = np.sqrt(np.einsum("bii->bi", want.cov))
    unit = errors[:, :, None] * errors[:, None]
    np.testing.assert_allclose((found.cov / unit)[told], (want.cov / unit)[told], rtol=0, atol=PIECES)


@pytest.mark.parametrize("shift", [False, True])
def test_traces_beyond_dense_matrices_are_the_exact_ones(shift, monkeypatch):
    """tr(G'G) from sparse factors or probes, without the mean over regions where that was transformed away."""
    W = weights("mutual")
    monkeypatch.setattr(batch, "DENSE_AT_MOST", 10)
    project = projection("time" if shift else "none", 3, 90, lee_yu=shift)
    assert project.shift is shift
    setting = Setting(np.zeros((3, 90, 0)), (), (), project, W, Pieces.of(W), (-1.0, 1.0))
    for rho in (-0.7, 0.0, 0.4, 0.9):
        G = W.toarray() @ np.linalg.inv(np.eye(90) - rho * W.toarray())
        want = ((G - G.mean(axis=0) if shift else G) ** 2).sum()
        assert setting.squares(np.array([rho]))[0] == pytest.approx(want, rel=PROBES)


@pytest.mark.parametrize("rho", [0.4, -0.97])
@pytest.mark.parametrize("effects", ["time", "two-way"])
def test_the_bootstrap_is_that_by_eigenvalues(rho, effects, monkeypatch):
    """Near -1 some samples lie beyond the ends that are known at no cost, and are fitted alone."""
    links = sc.weights.from_matrix(weights("one way"), regions=[f"r{k:02d}" for k in range(90)])
    drawn = sc.simulate.growth_panel(links, periods=4, rho=rho, effects=effects, seed=1)
    b = sc.beta(drawn.panel, "level", links, spatial="lag", effects=effects)
    want = b.bootstrap(draws=99, seed=1)
    alone = []
    singly = refits.Engine._singly
    monkeypatch.setattr(refits.Engine, "_singly", lambda *given: alone.append(given[1].shape[2]) or singly(*given))
    monkeypatch.setattr(refits, "BATCH_AT_MOST", 5)
    monkeypatch.setattr(refits, "Eigen", Pieces)  # what the fit knows counts for nothing
    found = b.bootstrap(draws=99, seed=1)
    assert (sum(alone) > 0) is (rho < 0)
    # Those fitted alone stop at the digits of the search for one optimum.
    np.testing.assert_allclose(found.draws, want.draws, rtol=1e-6, atol=ROUNDING)
    np.testing.assert_allclose(found.errors, want.errors, rtol=1e-5)
