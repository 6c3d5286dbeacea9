"""The bound on the power of valid tests: against dense normal distributions, and figures computed elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from spatialconv._core.few_periods import bounds
from spatialconv._core.few_periods.bounds import World, power
from spatialconv._core.few_periods.imposed import Setup
from spatialconv._core.few_periods.sample import Sample


def zhejiang_like(two_way):
    """Return eleven regions over four years with the spread of levels that the simulations of the theory start from."""
    from tests.simulation.small_samples import initial
    from tests.simulation.worlds import world

    growth = 0.35 + 0.25 * np.random.default_rng(1).standard_normal((4, 11))
    return Setup.of(Sample.of(growth, initial(11), None, world(11).dense, two_way=two_way))


@pytest.mark.parametrize("two_way", [True, False])
def test_best_test_is_that_of_dense_normal_distributions(two_way):
    """Mean and covariance of growth written out, both densities by scipy, panels drawn by the other's formula."""
    rng, T, N, b, rho, s2, first, second = np.random.default_rng(3), 3, 6, -0.3, 0.4, 0.04, 0.05, 0.09
    W = rng.uniform(size=(N, N)) * (1 - np.eye(N))
    W = W / W.sum(axis=1, keepdims=True)
    sample = Sample.of(0.2 * rng.standard_normal((T, N)), rng.normal(2, 1, N), None, W, two_way=two_way)
    world = World(rho, s2, 0.0 if two_way else 0.3)
    shift = world.drift - b * sample.levels[0].mean()
    m = bounds._path(sample, np.full((1, T, N), shift), b, rho)[1].mean(axis=1)
    drawn = bounds._drawn(sample, world, b, shift, m, 6000, 1)
    found = bounds._best(drawn, world, first, second, 0.05, slice(None))

    # Growth in S-space stacked by period: x[t] = shift + b y[t] + e[t], y[t] = y[0] + sum of S^-1 x before.
    spread = np.linalg.inv(np.eye(N) - rho * W)
    past = np.kron(np.tril(np.ones((T, T)), -1), spread)
    invert = np.linalg.inv(np.eye(N * T) - b * past)
    mean = invert @ (shift + b * np.tile(sample.levels[0], T))
    off = np.eye(N) - two_way / N
    basis = np.kron(np.eye(T), np.linalg.eigh(off)[1][:, -sample.n :])
    there = basis.T @ invert @ np.kron(np.eye(T), off) @ invert.T @ basis * s2
    means = np.full((T, T), (second - first) / T) + first * np.eye(T)
    here = basis.T @ np.kron(means, off) @ basis
    one = stats.multivariate_normal(basis.T @ mean, there)
    other = stats.multivariate_normal(basis.T @ np.tile(m[0], T), here)

    def ratio(of):
        x = of.rvs(20_000, random_state=4)
        return one.logpdf(x) - other.logpdf(x)

    expected = (ratio(one) > np.quantile(ratio(other), 0.95)).mean()
    assert 0.1 < expected < 0.98
    # 6,000 and 20,000 panels, and a quantile of each.
    assert found == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(("b", "bound", "ratio"), [(-0.2, 0.693, 0.586), (-0.25, 0.908, None)])
def test_figures_are_those_of_another_program(b, bound, ratio):
    """The bound, minimised there by another optimiser, and the bootstrapped ratio there, over 500 panels."""
    found = power(zhejiang_like(True), World(0.0, 0.0625, 0.0), b, size=0.05, draws=3000, seed=1)
    # Standard errors: 0.012 of 1,500 panels here, as many there, and 0.022 of the ratio.
    assert found.bound == pytest.approx(bound, abs=0.04)
    if ratio is not None:
        assert found.ratio == pytest.approx(ratio, abs=0.06)


def test_no_test_of_ours_is_above_the_bound_and_power_grows():
    setup = zhejiang_like(False)
    found = [power(setup, World(0.2, 0.0625, 0.35), b, size=0.05, draws=1000, seed=2) for b in (-0.05, -0.15, -0.3)]
    assert all(p.ratio <= p.bound + 0.05 for p in found)
    for which in (0, 1):
        values = [p[which] for p in found]
        assert values == sorted(values)
    assert found[-1].ratio > 0.9
