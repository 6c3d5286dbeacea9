"""Probabilities of quadratic forms, decays, eigenvectors and critical values against closed forms and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from spatialconv._core.persistence import kernel
from spatialconv._core.persistence.principal_components import components, covariances, critical, p_value
from spatialconv._core.persistence.quadratic import exact_exceedance, exceedance, positive_probability
from tests.tolerances import EXACT


def test_of_two_weights_it_is_an_arc():
    a, b = np.array([1.0, 3.0, 1e-6, 50.0]), np.array([1.0, 0.2, 2.0, 1e-7])
    found = positive_probability(np.stack([a, -b], axis=1))
    np.testing.assert_allclose(found, 2 / np.pi * np.arctan(np.sqrt(a / b)), atol=EXACT)


@pytest.mark.parametrize(("m", "k"), [(1, 1), (3, 2), (5, 15), (14, 1)])
def test_of_two_groups_it_is_fisher_f(m, k):
    ratio = np.array([0.001, 0.3, 1.0, 4.0, 40.0])
    weights = np.concatenate([np.ones((5, m)), np.repeat(-ratio[:, None], k, axis=1)], axis=1)
    np.testing.assert_allclose(positive_probability(weights), stats.f.sf(ratio * k / m, m, k), atol=EXACT)


def test_sure_things_and_shapes():
    weights = np.array([[[1.0, 2.0], [-1.0, -2.0]], [[0.0, 1.0], [1e-9, 1.0]]])
    found = positive_probability(weights)
    assert found.shape == (2, 2)
    np.testing.assert_allclose(found, [[1, 0], [1, 1]], atol=EXACT)


@pytest.mark.parametrize("q", [1, 4, 12])
def test_exceedance_is_student_t_without_correlation(q):
    t = np.array([0.05, 0.7, 2.0, 9.0])
    eye = np.eye(q + 1)
    p = 2 * stats.t.sf(t, q)
    np.testing.assert_allclose([exact_exceedance(eye, x**2 / q) for x in t], p, atol=EXACT)
    np.testing.assert_allclose([exceedance(eye, x**2 / q) for x in t[1:]], p[1:], rtol=1e-10)
    assert critical(eye[None], 0.05) == pytest.approx(stats.t.ppf(0.975, q), rel=1e-9)
    assert p_value(eye[None], 2.0) == pytest.approx(2 * stats.t.sf(2.0, q), abs=EXACT)


def test_the_two_integrals_agree_and_simulation_says_so():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(7, 6, 8))
    omega = A @ A.transpose(0, 2, 1)
    for ratio in (0.02, 0.4, 3.0):
        one, two = exceedance(omega, ratio), exact_exceedance(omega, ratio)
        np.testing.assert_allclose(one, two, rtol=1e-10)
        z = rng.normal(size=(100_000, 8)) @ A[3].T
        share = (z[:, 0] ** 2 > ratio * (z[:, 1:] ** 2).sum(axis=1)).mean()
        assert abs(share - one[3]) < 4 * np.sqrt(one[3] * (1 - one[3]) / 1e5)


@pytest.mark.parametrize("n", [30, 600])
def test_lanczos_and_the_whole_decomposition_agree(n):
    rng = np.random.default_rng(1)
    xy = rng.uniform(size=(n, 2)) * (3, 1)
    d = cdist(xy, xy)
    sigma = kernel.both_sides(kernel.brownian(d / d.max()), kernel.demean)
    found = kernel.leading(sigma, 6)
    vectors = np.linalg.eigh(sigma)[1]
    own = vectors[:, ::-1][:, :6]
    np.testing.assert_allclose(np.abs((found * own).sum(axis=0)), 1, atol=1e-9)
    # Any other place to start the motion from gives the same once means are out.
    k = n // 2
    other = kernel.both_sides(0.5 * (d[:, [k]] + d[[k]] - d) / d.max(), kernel.demean)
    np.testing.assert_allclose(other, sigma, atol=1e-12)


def test_size_of_scpc_is_kept_at_every_decay_and_attained_at_one():
    rng = np.random.default_rng(2)
    xy = rng.uniform(size=(48, 2))
    d = cdist(xy, xy)
    found = components(d / d.max(), 0.03)
    omegas = covariances(found.distance, found.decays, found.W)
    value = critical(omegas, 0.05)
    sizes = exceedance(omegas, value**2 / found.q)
    assert sizes.max() == pytest.approx(0.05, abs=1e-9)
    # A sample at the bound, drawn region by region: t of a mean.
    root = np.linalg.cholesky(np.exp(-found.decays[0] * found.distance))
    y = rng.standard_normal((40_000, 48)) @ root.T
    t = np.sqrt(48) * y.mean(axis=1) / np.sqrt(((y @ found.W[:, 1:]) ** 2).mean(axis=1))
    assert abs((np.abs(t) > value).mean() - sizes[0]) < 4 * np.sqrt(0.05 * 0.95 / 40_000)
    # Finer steps of the decay find no size that is larger by more than this.
    finer = covariances(found.distance, found.decays[0] * 1.02 ** np.arange(300), found.W)
    assert exceedance(finer, value**2 / found.q).max() < 0.0502
