"""Monte Carlo of estimation by moments at n = 200, T = 5: no bias of rho and lambda, intervals that cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from libpysal.graph import Graph
from scipy.spatial import cKDTree

from spatialconv.models.moments.gmm import gmm_design
from spatialconv.models.specification.design import Design
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.weights import align

pytestmark = pytest.mark.slow

N, T, DRAWS, RHO, LAM = 200, 5, 400, 0.4, 0.4
# Four standard errors of a share near 0.95, and what the normal quantiles of asymptotics miss at this size.
SHORT_OF_NOMINAL = 4 * np.sqrt(0.95 * 0.05 / DRAWS) + 0.005


def neighbours() -> sp.csr_array:
    """Five nearest of random points, made mutual: between five and a dozen neighbours, rows sum to one."""
    points = np.random.default_rng(0).uniform(size=(N, 2))
    nearest = cKDTree(points).query(points, 6)[1][:, 1:]
    A = sp.coo_array((np.ones(5 * N), (np.repeat(np.arange(N), 5), nearest.ravel())), shape=(N, N)).tocsr()
    A = ((A + A.T) > 0).astype(float)
    return sp.csr_array(sp.diags_array(1 / A.sum(axis=1)) @ A)


def simulate(
    effects: str, spatial: str, vcov: str, unequal: bool, **options
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return truth, estimates (draws, k) and standard errors of (a, b, rho, [lambda])."""
    W = neighbours()
    weights = align(Graph.from_sparse(sp.coo_array(W), ids=list(range(N))), pd.Index(range(N)))
    rng = np.random.default_rng(1)
    lam = LAM if spatial == "sarar" else 0.0
    A, B = (np.linalg.inv(np.eye(N) - p * W.toarray()).T for p in (RHO, lam))
    X, names = rng.normal(size=(T, N, 2)), ("a", "b")
    # Variances that follow a regressor and the number of neighbours, as those of moments and of W'W do.
    size = np.sqrt((0.3 + X[..., 0] ** 2) * np.diff(W.indptr) / np.diff(W.indptr).mean()) if unequal else 1.0
    full = X
    if effects == "random":
        full, names = np.concatenate([np.ones((T, N, 1)), X], axis=2), ("intercept", "a", "b")
    spec = ModelSpec("y", names[-2:], spatial, (), effects, "auto", vcov)
    estimates, errors = [], []
    for _ in range(DRAWS):
        e, mu, alpha = rng.normal(size=(T, N)) * size, rng.normal(size=N), rng.normal(size=(T, 1))
        inside, outside = (mu, 0.0) if effects == "random" else (0.0, mu + alpha * (effects == "two-way"))
        y = (1 + X @ [1.0, -0.5] + outside + (e + inside) @ B) @ A
        design = Design(y, full, names, pd.Index(range(N)), pd.Index(range(T)), weights, weights)
        found = gmm_design(design, spec, "none" if effects == "random" else "lee-yu", **options)
        k = len(names)
        keep = [k - 2, k - 1, *range(k, k + 1 + (spatial == "sarar"))]
        values = np.r_[found.beta, found.rho, found.lam]
        estimates.append(values[keep])
        errors.append(np.sqrt(np.diag(found.cov))[keep])
    truth = np.array([1.0, -0.5, RHO, LAM][: len(keep)])
    return truth, np.array(estimates), np.array(errors)


CASES = [
    ("region", "lag", "information", False),
    ("region", "lag", "robust", True),
    ("region", "lag", "cluster", True),
    ("two-way", "sarar", "information", False),
    ("two-way", "sarar", "robust", True),
    ("random", "lag", "information", False),
    ("random", "sarar", "information", False),
]


@pytest.mark.parametrize(("effects", "spatial", "vcov", "unequal"), CASES)
def test_unbiased_and_covering(effects, spatial, vcov, unequal):
    truth, estimates, errors = simulate(effects, spatial, vcov, unequal, best=True)
    spread = estimates.std(axis=0)
    bias = np.abs(estimates.mean(axis=0) - truth)
    # lambda is had from residuals of a regression that has rho's own error in it: a bias of order 1/n.
    allowed = 4 * spread / np.sqrt(DRAWS) + np.array([0.0, 0.0, 0.0, 0.01])[: len(truth)]
    assert (bias < allowed).all()
    np.testing.assert_allclose(np.sqrt((errors**2).mean(axis=0)) / spread, 1, atol=0.12)
    covered = (np.abs(estimates - truth) < 1.96 * errors).mean(axis=0)
    assert (covered > 0.95 - SHORT_OF_NOMINAL).all()
    assert (covered < 0.995).all()


def test_plain_variance_is_wrong_where_variances_differ():
    """What the robust ones are for: the slope of the regressor that the variance follows."""
    _, estimates, errors = simulate("region", "lag", "information", True, best=True)
    assert np.sqrt((errors[:, 0] ** 2).mean()) < 0.75 * estimates[:, 0].std()


def test_more_instruments_more_bias():
    """Two lags of two regressors pull rho towards least squares; the one best instrument does not."""
    biases = [
        simulate("region", "sarar", "information", False, **o)[1][:, 2].mean() - RHO for o in ({}, {"best": True})
    ]
    assert biases[0] > 0.005
    assert abs(biases[1]) < biases[0] / 2
