"""Values against dense loops, moments against the enumeration of all arrangements."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.sparse import csr_array

from spatialconv._core.space import association as core
from tests import brute_association as brute
from tests.tolerances import EXACT, MONTE_CARLO_SD

N = 7


def case(seed, n=N, periods=3, island=True):
    """Skewed positive data and asymmetric weights, one region without neighbours."""
    rng = np.random.default_rng(seed)
    W = rng.uniform(0.2, 2.0, (n, n)) * (rng.uniform(size=(n, n)) < 0.5)
    np.fill_diagonal(W, 0)
    if island:
        W[2] = 0
    return rng.lognormal(1.0, 0.8, (periods, n)), W


Y, W = case(1)
S = csr_array(W)
SUMS = core.weight_sums(S)
Z, LOCATION = core.standardise(Y)
GLOBAL = {
    "moran": (brute.moran, core.moran(Z, S, SUMS), -1 / (N - 1), core.moran_variance(Z, SUMS, "randomisation")),
    "geary": (brute.geary, core.geary(Z, S, SUMS), 1.0, core.geary_variance(Z, SUMS, "randomisation")),
    "general_g": (
        brute.general_g,
        core.general_g(Z, LOCATION, S, SUMS),
        SUMS.s0 / (N * (N - 1)),
        core.general_g_variance(Z, LOCATION, SUMS),
    ),
}


def test_weight_sums_are_those_of_cliff_and_ord():
    assert SUMS.s0 == pytest.approx(sum(W[i, j] for i in range(N) for j in range(N)), rel=EXACT)
    assert SUMS.s1 == pytest.approx(((W + W.T) ** 2).sum() / 2, rel=EXACT)
    assert SUMS.s2 == pytest.approx(((W.sum(axis=0) + W.sum(axis=1)) ** 2).sum(), rel=EXACT)


@pytest.mark.parametrize("name", GLOBAL)
def test_global_values_are_those_of_dense_loops(name):
    slow, value, *_ = GLOBAL[name]
    np.testing.assert_allclose(value, [slow(y, W) for y in Y], rtol=EXACT)


@pytest.mark.parametrize("name", GLOBAL)
def test_randomisation_moments_are_those_of_all_5040_arrangements(name):
    _, _, expected, variance = GLOBAL[name]
    for t, y in enumerate(Y):
        rows = brute.arrangements(y)
        z, location = core.standardise(rows)
        values = {
            "moran": lambda z, _: core.moran(z, S, SUMS),
            "geary": lambda z, _: core.geary(z, S, SUMS),
            "general_g": lambda z, location: core.general_g(z, location, S, SUMS),
        }[name](z, location)
        # The fast values of the enumeration are themselves checked against the loops.
        np.testing.assert_allclose(values[::997], [GLOBAL[name][0](r, W) for r in rows[::997]], rtol=EXACT)
        mean, spread = brute.moments(values)
        assert expected == pytest.approx(mean, rel=EXACT, abs=EXACT)
        assert variance[t] == pytest.approx(spread, rel=1e3 * EXACT)


@pytest.mark.parametrize(("name", "form"), [("moran", W), ("geary", None)])
def test_normality_moments_are_those_of_a_ratio_of_quadratic_forms(name, form):
    # Under normality the ratio is independent of its denominator, so moments of the ratio are ratios of moments.
    if name == "geary":
        form = np.diag(W.sum(axis=0) + W.sum(axis=1)) - W - W.T
        scale, variance = (N - 1) / (2 * W.sum()), core.geary_variance(Z, SUMS, "normality")
    else:
        scale, variance = N / W.sum(), core.moran_variance(Z, SUMS, "normality")
    M = np.eye(N) - 1 / N
    A = M @ (form + form.T) / 2 @ M * scale
    first = np.trace(A) / (N - 1)
    second = (np.trace(A) ** 2 + 2 * np.trace(A @ A)) / ((N - 1) * (N + 1))
    np.testing.assert_allclose(variance, second - first**2, rtol=1e3 * EXACT)


def test_local_moran_is_that_of_the_definition_and_sums_to_the_global_one():
    local = core.local_moran(Z, S)
    np.testing.assert_allclose(local, [brute.local_moran(y, W) for y in Y], rtol=EXACT, atol=EXACT)
    np.testing.assert_allclose(local.sum(axis=1), SUMS.s0 * core.moran(Z, S, SUMS), rtol=EXACT)


def test_conditional_moments_of_local_moran_are_those_of_all_720_arrangements_of_the_others():
    moments = core.local_moran_moments(Z, S, "conditional")
    for t, y in enumerate(Y):
        for i in range(N):
            z, _ = core.standardise(brute.conditional(y, i))
            mean, spread = brute.moments(z[:, i] * (z @ W[i]))
            assert moments.expected[t, i] == pytest.approx(mean, rel=EXACT, abs=EXACT)
            assert moments.variance[t, i] == pytest.approx(spread, rel=1e3 * EXACT, abs=EXACT)


def test_total_moments_of_local_moran_are_those_of_all_5040_arrangements():
    moments = core.local_moran_moments(Z, S, "total")
    for t, y in enumerate(Y):
        z, _ = core.standardise(brute.arrangements(y))
        sample = z * (z @ W.T)
        np.testing.assert_allclose(moments.expected[t], sample.mean(axis=0), rtol=1e3 * EXACT, atol=EXACT)
        np.testing.assert_allclose(moments.variance[t], sample.var(axis=0), rtol=1e3 * EXACT, atol=EXACT)


def test_gi_is_standardised_by_all_720_arrangements_of_the_others():
    z = core.gi(Z, S)
    for t, y in enumerate(Y):
        for i in set(range(N)) - {2}:
            sums = brute.conditional(y, i) @ W[i]
            mean, spread = brute.moments(sums)
            assert z[t, i] == pytest.approx((W[i] @ y - mean) / np.sqrt(spread), rel=1e3 * EXACT)
    assert np.isnan(z[:, 2]).all()


@pytest.mark.parametrize("multiple", [0.0, 1.0, 2.5])
def test_gi_star_is_standardised_by_all_5040_arrangements(multiple):
    own = np.where(W.max(axis=1) > 0, W.max(axis=1), 1.0) * multiple
    full = W + np.diag(own)
    z = core.gi_star(Z, core.with_self(S, multiple))
    for t, y in enumerate(Y):
        sums = brute.arrangements(y) @ full.T
        undefined = full.sum(axis=1) == 0
        expected = np.where(undefined, np.nan, 0.0)
        keep = ~undefined
        expected[keep] = (full @ y - sums.mean(axis=0))[keep] / sums.std(axis=0)[keep]
        np.testing.assert_allclose(z[t], expected, rtol=1e3 * EXACT)
    assert np.isnan(z[:, 2]).all() == (multiple == 0)


def test_general_g_keeps_its_digits_when_the_mean_is_large():
    # In raw power sums (as in the paper and in esda) the variance of such data is lost to cancellation.
    y = 1e5 + np.arange(N, dtype=float) ** 2
    z, location = core.standardise(y[None])
    sample = core.general_g(*core.standardise(brute.arrangements(y)), S, SUMS)
    variance = core.general_g_variance(z, location, SUMS)[0]
    # The enumerated values have 16 digits, the first 5 of which they share.
    assert variance == pytest.approx(sample.var(), rel=1e-6)


def test_null_distribution_has_mean_zero_and_sd_one():
    rng = np.random.default_rng(7)
    matrix = csr_array(brute.row_standardised(brute.lattice(7)))
    s, n = core.weight_sums(matrix), 49
    y = rng.gamma(4.0, size=(3000, n))
    z, location = core.standardise(y)
    scores = {
        "I": core.score(core.moran(z, matrix, s), np.array(-1 / (n - 1)), core.moran_variance(z, s, "randomisation")),
        "C": core.score(core.geary(z, matrix, s), np.array(1.0), core.geary_variance(z, s, "randomisation")),
        "G": core.score(
            core.general_g(z, location, matrix, s), np.array(s.s0 / n / 48), core.general_g_variance(z, location, s)
        ),
        "Gi": core.gi(z, matrix),
        "Gi*": core.gi_star(z, core.with_self(matrix, 1.0)),
    }
    for name, score in scores.items():
        assert score.mean(axis=0) == pytest.approx(0, abs=2 * MONTE_CARLO_SD), name
        assert score.std(axis=0) == pytest.approx(1, abs=MONTE_CARLO_SD), name


def test_no_statistic_where_no_arrangement_changes_it():
    complete = csr_array(1.0 - np.eye(N))
    s = core.weight_sums(complete)
    for null in ("randomisation", "normality"):
        assert (core.moran_variance(Z, s, null) == 0).all()
        assert (core.geary_variance(Z, s, null) == 0).all()
    assert (core.general_g_variance(Z, LOCATION, s) == 0).all()
    assert np.isnan(core.gi(Z, complete)).all()
    assert np.isnan(core.gi_star(Z, core.with_self(complete, 1.0))).all()
    assert (core.local_moran_moments(Z, complete, "conditional").variance == 0).all()


def test_rounding_does_not_pass_for_a_variance():
    # Alike for every pair of regions in the sum of its two directions, but for the last bit.
    upper = np.triu(np.random.default_rng(0).uniform(0, 0.3, (N, N)), 1)
    tilted = csr_array(upper + np.tril(0.3 - upper.T, -1))
    s = core.weight_sums(tilted)
    assert np.ptp(s.degree) > 0
    assert (core.moran_variance(Z, s, "randomisation") == 0).all()
    assert (core.geary_variance(Z, s, "randomisation") == 0).all()
    # The last row is symmetric about its mean: nothing but the spread of the degrees is left.
    far, location = core.standardise(np.vstack([Y, np.arange(-3.0, 4.0)]) + 1e6)
    assert (core.general_g_variance(far, location, s) == 0).all()


def test_one_deviant_on_a_ring_leaves_nothing_to_rearrange():
    ring = np.roll(np.eye(N), 1, axis=1) + np.roll(np.eye(N), -1, axis=1)
    z, location = core.standardise(np.array([[5.0, 1, 1, 1, 1, 1, 1]]))
    s = core.weight_sums(csr_array(ring))
    assert core.moran_variance(z, s, "randomisation")[0] == 0
    assert core.geary_variance(z, s, "randomisation")[0] == 0
    assert core.general_g_variance(z, location, s)[0] == 0
    assert np.isnan(core.gi(z, csr_array(ring))[0, 0])
    assert np.isfinite(core.gi(z, csr_array(ring))[0, 1:]).all()


def test_extreme_units_neither_overflow_nor_underflow():
    for unit in (1e-200, 1e200):
        z, location = core.standardise(Y * unit)
        np.testing.assert_allclose(z, Z, rtol=1e3 * EXACT)
        np.testing.assert_allclose(location, LOCATION, rtol=1e3 * EXACT)


def test_a_large_mean_costs_no_digits():
    whole = np.array([[0.0, 7, 3, 12, 5, 1, 9]])
    # Of these sums every digit is kept in the data.
    far, location = core.standardise(whole + 1e9)
    near, _ = core.standardise(whole)
    np.testing.assert_allclose(far, near, rtol=EXACT, atol=EXACT)
    np.testing.assert_allclose(location, (whole + 1e9).mean() / whole.std(), rtol=EXACT)


def test_normal_p_keeps_small_values():
    z = np.array([-30.0, 0.0, 1.96, 9.0, np.nan])
    np.testing.assert_allclose(core.normal_p(z, "two-sided")[1:4], 2 * stats.norm.sf([0, 1.96, 9]), rtol=EXACT)
    np.testing.assert_allclose(core.normal_p(z, "greater")[1:4], stats.norm.sf([0, 1.96, 9]), rtol=EXACT)
    np.testing.assert_allclose(core.normal_p(z, "less")[1:4], stats.norm.cdf([0, 1.96, 9]), rtol=EXACT)
    assert core.normal_p(z, "two-sided")[0] > 0
    assert np.isnan(core.normal_p(z, "less")[4])
