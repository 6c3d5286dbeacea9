"""Distribution dynamics: chains by hand, giddy, scipy, enumeration and simulation."""

from __future__ import annotations

import json
import warnings
from fractions import Fraction
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from scipy import stats
from scipy.integrate import trapezoid

import spatialconv as sc
from spatialconv._core.dynamics import kernel_density, mann_kendall, markov_chain
from spatialconv.dynamics._hot_spot_trends import CATEGORIES, categories
from spatialconv.dynamics._markov import long_run
from spatialconv.errors import (
    DataError,
    MissingDataError,
    NotPositiveError,
    OptionError,
    VariableError,
    WeightsError,
)
from spatialconv.results import TIDY
from tests.tolerances import EXACT, ROUNDING
from tests.unit.convergence.dispersion.test_sigma import lognormal, panel_of


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def w(us):
    return sc.weights.adjacency(us.states)


def ring(n):
    links = np.roll(np.eye(n), 1, axis=1)
    return sc.weights.from_matrix(links + links.T, regions=[f"r{i}" for i in range(n)], standardise="row")


def chain_of(codes, cuts=(1.5, 2.5)):
    """The chain of regions whose values are their classes 1, 2, 3; (T, N)."""
    return sc.markov(panel_of(codes), "v", classes=cuts, scale="level")


# ---------------------------------------------------------------------- Markov chains


class TestMarkov:
    def test_counts_by_hand(self):
        codes = np.array([[1, 2, 3, 1], [1, 2, 2, 2], [2, 2, 3, 3], [2, 1, 3, 3]])
        chain = chain_of(codes)
        expected = np.zeros((3, 3))
        for t in range(3):
            for i in range(4):
                expected[codes[t, i] - 1, codes[t + 1, i] - 1] += 1
        np.testing.assert_array_equal(chain.counts, expected)
        p = expected / expected.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(chain.probabilities, p, rtol=EXACT)
        np.testing.assert_allclose(
            chain.std_errors, np.sqrt(p * (1 - p) / expected.sum(axis=1, keepdims=True)), rtol=EXACT
        )
        assert chain.n_transitions == 12
        assert chain.shorrocks == pytest.approx((3 - np.trace(p)) / 2, rel=EXACT)

    def test_giddy_with_pooled_quantiles(self, us):
        markov = pytest.importorskip("giddy.markov")
        import mapclassify

        y = us.panel.values("income")
        relative = y / y.mean(axis=1, keepdims=True)
        codes = mapclassify.Quantiles(relative.ravel(), k=5).yb.reshape(relative.shape)
        theirs = markov.Markov(codes.T, summary=False)
        ours = sc.markov(us.panel, "income")
        np.testing.assert_array_equal(ours.counts, theirs.transitions)
        np.testing.assert_allclose(ours.probabilities, theirs.p, rtol=EXACT)
        np.testing.assert_allclose(ours.ergodic.iloc[0], theirs.steady_state, rtol=ROUNDING)
        np.testing.assert_allclose(ours.first_passage, theirs.mfpt, rtol=ROUNDING)
        np.testing.assert_allclose(ours.sojourn, theirs.sojourn_time, rtol=ROUNDING)

    def test_giddy_with_quantiles_of_each_period(self, us):
        markov = pytest.importorskip("giddy.markov")
        import mapclassify

        y = us.panel.values("income")
        codes = np.array([mapclassify.Quantiles(row, k=4).yb for row in y])
        ours = sc.markov(us.panel, "income", classes=4, breaks="period", scale="level")
        np.testing.assert_array_equal(ours.counts, markov.Markov(codes.T, summary=False).transitions)
        # Ranks know nothing of the scale.
        np.testing.assert_array_equal(ours.counts, sc.markov(us.panel, "income", classes=4, breaks="period").counts)

    def test_ergodic_is_the_eigenvector_and_the_limit(self, us):
        chain = sc.markov(us.panel, "income", classes=4)
        P = chain.probabilities.to_numpy()
        values, vectors = np.linalg.eig(P.T)
        one = np.real(vectors[:, np.argmax(np.real(values))])
        np.testing.assert_allclose(chain.ergodic.iloc[0], one / one.sum(), rtol=ROUNDING)
        np.testing.assert_allclose(np.linalg.matrix_power(P, 5000)[0], chain.ergodic.iloc[0], rtol=ROUNDING)
        np.testing.assert_allclose(markov_chain.stationary(P), chain.ergodic.iloc[0], rtol=ROUNDING)

    def test_first_passage_and_half_life_by_simulation_of_the_law(self):
        """First passage from its own equations, half-life from the decay of a deviation."""
        codes = np.random.default_rng(3).integers(1, 4, size=(40, 30))
        chain = chain_of(codes)
        P, m = chain.probabilities.to_numpy(), chain.first_passage.to_numpy()
        for j in range(3):
            for i in range(3):
                onward = sum(P[i, k] * m[k, j] for k in range(3) if k != j)
                assert m[i, j] == pytest.approx(1 + onward, rel=ROUNDING)
        np.testing.assert_allclose(np.diag(m), 1 / chain.ergodic.iloc[0], rtol=ROUNDING)
        second = np.sort(np.abs(np.linalg.eigvals(P)))[-2]
        assert second**chain.half_life == pytest.approx(0.5, rel=ROUNDING)

    def test_half_life_of_two_classes(self):
        """With p = 0.1 and q = 0.3 the second eigenvalue is 0.6."""
        P = np.array([[0.9, 0.1], [0.3, 0.7]])
        assert markov_chain.half_life(P) == pytest.approx(np.log(2) / -np.log(0.6), rel=EXACT)
        np.testing.assert_allclose(markov_chain.stationary(P), [0.75, 0.25], rtol=EXACT)

    def test_two_classes_that_are_never_left(self):
        chain = chain_of(np.array([[1, 1, 2, 3, 2], [1, 1, 1, 3, 2], [1, 1, 1, 3, 3]]))
        assert chain.recurrent == ((1,), (3,))
        assert chain.transient == (2,)
        assert not chain.unique
        np.testing.assert_allclose(chain.ergodic, [[1, 0, 0], [0, 0, 1]], atol=EXACT)
        assert chain.half_life == np.inf
        assert chain.sojourn[1] == np.inf
        assert np.isinf(chain.first_passage.loc[1, 2])
        assert any("never left: classes 1, 3" in note for note in chain.notes)
        assert any("depends on the start" in note for note in chain.notes)
        assert "no unique ergodic distribution" in repr(chain)

    def test_one_class_that_is_never_left(self):
        chain = chain_of(np.array([[1, 2, 3, 1], [2, 3, 3, 1], [3, 3, 3, 2], [3, 3, 3, 3]]))
        assert chain.unique
        assert chain.transient == (1, 2)
        np.testing.assert_allclose(chain.ergodic.iloc[0], [0, 0, 1], atol=EXACT)
        assert np.isinf(chain.first_passage.loc[3, 1])

    def test_class_without_departures_is_unknown_and_not_absorbing(self):
        chain = chain_of(np.array([[1, 1, 2, 2], [1, 2, 2, 1], [1, 2, 3, 1]]))
        assert chain.probabilities.loc[3].isna().all()
        assert chain.ergodic.isna().all().all()
        assert np.isnan(chain.half_life)
        assert chain.recurrent == ()
        assert any("nothing departs from class 3" in note for note in chain.notes)
        json.dumps(chain.to_dict())
        assert "undefined" in repr(chain)

    def test_periodic_chain(self):
        """Two classes that are swapped in every step: ergodic, but a deviation never fades."""
        chain = chain_of(np.array([[1, 2], [2, 1], [1, 2]]), cuts=[1.5])
        np.testing.assert_allclose(chain.ergodic.iloc[0], [0.5, 0.5], rtol=EXACT)
        assert chain.half_life == np.inf
        assert chain.shorrocks == 2.0

    def test_step(self, us):
        decade = sc.markov(us.panel, "income", step=10)
        assert decade.n_transitions == 48 * 71
        sparse = us.panel.subset(periods=[1929, 1939, 1949, 1959])
        assert sc.markov(sparse, "income").step == 10
        assert sc.markov(sparse, "income").n_transitions == 48 * 3
        with pytest.raises(OptionError, match="no two periods are 7 apart"):
            sc.markov(sparse, "income", step=7)

    def test_gaps_and_words_for_periods(self):
        gap = sc.markov(panel_of(lognormal(4, 12), [2000, 2001, 2002, 2009]), "v", classes=2)
        assert gap.n_transitions == 24
        assert any("2009, not used" in note for note in gap.notes)
        words = sc.markov(panel_of(lognormal(3, 12), ["a", "b", "c"]), "v", classes=2)
        assert words.n_transitions == 24
        assert any("a step is one position" in note for note in words.notes)

    def test_ties_and_empty_classes(self):
        tied = np.array([[1.0] * 6 + [2, 3, 4, 5], [1.0] * 7 + [3, 4, 5]])
        chain = sc.markov(panel_of(tied), "v", classes=5, scale="level")
        assert any(note.startswith("ties leave") for note in chain.notes)
        assert (chain.classes["n"] > 0).all()
        cut = sc.markov(panel_of(tied), "v", classes=[0.5, 2.5, 2.7, 4.5, 9], scale="level")
        assert len(cut.classes) == 3
        assert cut.classes["most"].tolist() == [2.0, 4.0, 5.0]
        assert any("3 of 6 classes have no members" in note for note in cut.notes)
        with pytest.raises(DataError, match="all values fall into one class"):
            sc.markov(panel_of(tied), "v", classes=[100.0], scale="level")

    def test_wilson_interval(self):
        low, high = markov_chain.wilson(np.array([[8.0, 2.0], [5.0, 0.0]]), stats.norm.ppf(0.975))
        for k, n, cell in ((8, 10, (0, 0)), (2, 10, (0, 1)), (5, 5, (1, 0)), (0, 5, (1, 1))):
            theirs = stats.binomtest(k, n).proportion_ci(method="wilson")
            assert low[cell] == pytest.approx(theirs.low, abs=ROUNDING)
            assert high[cell] == pytest.approx(theirs.high, abs=ROUNDING)

    def test_bootstrap(self, us):
        chain = sc.markov(us.panel, "income", classes=3)
        found = chain.bootstrap(draws=400, seed=1, progress=False).table["estimate"].droplevel(1)
        np.testing.assert_allclose(found.iloc[:9], chain.probabilities.to_numpy().ravel(), rtol=ROUNDING)
        np.testing.assert_allclose(found.iloc[9:12], chain.ergodic.iloc[0], rtol=ROUNDING)
        assert found["half_life"] == pytest.approx(chain.half_life, rel=ROUNDING)
        # Histories of a region hang together: errors beyond those of independent moves.
        with parallel_config(backend="threading"):
            again = chain.bootstrap(draws=400, seed=1, progress=False, jobs=2)
        pd.testing.assert_frame_equal(again.table, chain.bootstrap(draws=400, seed=1, progress=False).table)
        errors = again.table["std_error"].droplevel(1).iloc[:9].to_numpy() / chain.std_errors.to_numpy().ravel()
        assert 1.0 < np.nanmedian(errors) < 3.0

    def test_bootstrap_of_independent_moves_has_the_asymptotic_errors(self):
        rng = np.random.default_rng(0)
        P = np.array([[0.7, 0.3, 0.0], [0.2, 0.6, 0.2], [0.0, 0.4, 0.6]])
        codes = np.empty((2, 3000), dtype=int)
        codes[0] = rng.integers(0, 3, 3000)
        codes[1] = [rng.choice(3, p=P[c]) for c in codes[0]]
        chain = chain_of(codes + 1)
        found = chain.bootstrap(draws=800, seed=2, progress=False).table["std_error"].to_numpy()[:9]
        theirs = chain.std_errors.to_numpy().ravel()
        np.testing.assert_allclose(found[theirs > 0], theirs[theirs > 0], rtol=0.12)
        np.testing.assert_allclose(chain.probabilities, P, atol=0.05)

    def test_house(self, us):
        chain = sc.markov(us.panel, "income")
        assert tuple(chain.tidy().columns) == TIDY
        assert len(chain.tidy()) == 25
        assert (chain.tidy()["conf_high"] > chain.tidy()["conf_low"]).all()
        assert json.loads(json.dumps(chain.to_dict()))["glance"]["n_transitions"] == 3840
        assert (
            repr(chain)
            .splitlines()[0]
            .startswith("Markov chain of income relative to its mean: 48 regions x 81 periods")
        )


class TestHomogeneity:
    def by_hand(self, counts):
        """Likelihood ratio, Q and degrees of freedom, cell by cell."""
        lr = q = df = 0.0
        pooled = counts.sum(axis=0)
        for i in range(counts.shape[1]):
            there = [m for m in range(len(counts)) if counts[m, i].sum() > 0]
            df += (len(there) - 1) * ((pooled[i] > 0).sum() - 1)
            for m in there:
                for j in range(counts.shape[2]):
                    expected = counts[m, i].sum() * pooled[i, j] / pooled[i].sum()
                    if expected > 0:
                        q += (counts[m, i, j] - expected) ** 2 / expected
                    if counts[m, i, j] > 0:
                        lr += 2 * counts[m, i, j] * np.log(counts[m, i, j] / expected)
        return lr, q, df

    def test_time(self, us):
        chain = sc.markov(us.panel, "income", classes=4)
        y = us.panel.values("income")
        relative = y / y.mean(axis=1, keepdims=True)
        codes = np.searchsorted(np.quantile(relative, [0.25, 0.5, 0.75]), relative, side="left")
        counts = np.zeros((2, 4, 4))
        for t in range(80):
            np.add.at(counts[0 if t < 40 else 1], (codes[t], codes[t + 1]), 1)
        lr, q, df = self.by_hand(counts)
        tests = chain.homogeneity()
        assert [t.statistic for t in tests] == pytest.approx([lr, q], rel=ROUNDING)
        assert [t.df for t in tests] == [df, df]
        assert tests[0].p_value == pytest.approx(stats.chi2.sf(lr, df), rel=ROUNDING)
        assert tests[0].p_value > 0  # 1 - cdf would be 0 from 1e-16 on

    def test_order(self):
        """A chain that remembers two steps is found out; one that does not is let be."""
        rng = np.random.default_rng(5)
        rejected = {"memory": 0, "none": 0}
        for kind in rejected:
            for _ in range(100):
                codes = rng.integers(1, 3, size=(30, 20))
                if kind == "memory":
                    for t in range(2, 30):
                        codes[t] = np.where(rng.random(20) < 0.4, codes[t - 2], codes[t])
                rejected[kind] += chain_of(codes, cuts=[1.5]).order_test()[0].p_value < 0.05
        assert rejected["memory"] == 100
        assert rejected["none"] <= 13

    def test_order_by_hand(self):
        codes = np.random.default_rng(1).integers(1, 4, size=(12, 9))
        counts = np.zeros((3, 3, 3))
        for t in range(2, 12):
            np.add.at(counts, (codes[t - 2] - 1, codes[t - 1] - 1, codes[t] - 1), 1)
        lr, q, df = self.by_hand(counts)
        tests = chain_of(codes).order_test()
        assert [t.statistic for t in tests] == pytest.approx([lr, q], rel=ROUNDING)
        assert tests[0].df == df

    def test_groups(self, us):
        chain = sc.markov(us.panel, "income", classes=3)
        half = {region: i % 2 for i, region in enumerate(us.panel.regions)}
        tests = chain.homogeneity(groups=half)
        parts = [sc.markov(us.panel, "income", classes=3)._moves.by_region(3)[g::2].sum(axis=0) for g in (0, 1)]
        lr, _, df = self.by_hand(np.array(parts))
        assert tests[0].statistic == pytest.approx(lr, rel=ROUNDING)
        assert tests[0].df == df

    def test_options(self):
        chain = sc.markov(panel_of(lognormal(3, 9)), "v", classes=2)
        with pytest.raises(OptionError, match="parts must be at most the number of steps, 2"):
            chain.homogeneity(parts=5)
        two = sc.markov(panel_of(lognormal(2, 9)), "v", classes=2)
        assert two.order_test()[0].reason == "no two steps follow one another"


# ---------------------------------------------------------------------- spatial Markov chains


class TestSpatialMarkov:
    def test_giddy(self, us, w):
        markov = pytest.importorskip("giddy.markov")
        y = us.panel.wide("income")[list(w.unique_ids)].to_numpy()
        relative = y / y.mean(axis=1, keepdims=True)
        theirs = markov.Spatial_Markov(relative.T, w.to_W(), fixed=True, k=5, m=5)
        ours = sc.spatial_markov(us.panel, "income", w)
        np.testing.assert_array_equal(ours.counts.to_numpy().reshape(5, 5, 5), theirs.T)
        np.testing.assert_allclose(ours.probabilities.to_numpy().reshape(5, 5, 5), theirs.P, rtol=EXACT)
        assert ours.tests[0].statistic == pytest.approx(theirs.LR, rel=ROUNDING)
        assert ours.tests[1].statistic == pytest.approx(theirs.Q, rel=ROUNDING)
        assert ours.tests[0].df == theirs.dof_hom
        for mine, row in zip(ours.ergodic.to_numpy(), theirs.S, strict=True):
            np.testing.assert_allclose(mine, np.ravel(row).astype(float), rtol=ROUNDING)
        np.testing.assert_array_equal(ours.counts.groupby(level=1).sum(), ours.pooled.counts)

    def test_counts_by_hand(self):
        y = lognormal(5, 8)
        found = sc.spatial_markov(panel_of(y), "v", ring(8), classes=[0.9], lag_classes=[0.8, 1.1])
        relative = y / y.mean(axis=1, keepdims=True)
        counts = np.zeros((3, 2, 2))
        for t in range(4):
            for i in range(8):
                lag = (relative[t, i - 1] + relative[t, (i + 1) % 8]) / 2
                counts[int(lag > 0.8) + int(lag > 1.1), int(relative[t, i] > 0.9), int(relative[t + 1, i] > 0.9)] += 1
        np.testing.assert_array_equal(found.counts.to_numpy().reshape(3, 2, 2), counts)

    def test_islands_are_left_out_and_named(self):
        zj = sc.datasets.zhejiang()
        found = sc.spatial_markov(zj.panel, "exports", sc.weights.adjacency(zj.cities), classes=2)
        assert found.pooled.n_transitions == 40
        assert "Zhoushan" not in found.regions
        assert any("left out for want of neighbours: 'Zhoushan'" in note for note in found.notes)

    def test_weights_of_any_size_are_averages(self, us, w):
        binary = sc.weights.adjacency(us.states, standardise="none")
        a, b = (sc.spatial_markov(us.panel, "income", weights) for weights in (w, binary))
        pd.testing.assert_frame_equal(a.counts, b.counts)
        assert any("rows of the weights are standardised here" in note for note in b.notes)
        empty = sc.weights.from_matrix(np.zeros((48, 48)), regions=list(us.panel.regions))
        with pytest.raises(WeightsError, match="no link"):
            sc.spatial_markov(us.panel, "income", empty)

    def test_permutations_deal_whole_histories(self):
        """All arrangements of four places by hand, against the share that random ones give."""
        y = lognormal(6, 5, seed=2)
        found = sc.spatial_markov(panel_of(y), "v", ring(5), classes=2, permutations=1999, seed=3)
        relative = y / y.mean(axis=1, keepdims=True)
        own = np.searchsorted([np.quantile(relative, 0.5)], relative, side="left")
        lag = (np.roll(relative, 1, axis=1) + np.roll(relative, -1, axis=1)) / 2
        cut = np.quantile(lag, 0.5)

        def q(order):
            order = list(order)
            r, codes = relative[:, order], own[:, order]
            around = np.searchsorted([cut], (np.roll(r, 1, axis=1) + np.roll(r, -1, axis=1)) / 2, side="left")
            counts = np.zeros((2, 2, 2))
            for t in range(5):
                np.add.at(counts, (around[t], codes[t], codes[t + 1]), 1)
            return TestHomogeneity().by_hand(counts)[1]

        observed = q(range(5))
        assert found.tests[1].statistic == pytest.approx(observed, rel=ROUNDING)
        assert found.tests[2].statistic == pytest.approx(observed, rel=ROUNDING)
        exact = np.mean([q(order) >= observed - 1e-9 for order in permutations(range(5))])
        assert found.tests[2].p_value == pytest.approx(exact, abs=0.04)

    def test_order_of_rows_does_not_matter(self, us, w):
        shuffled = sc.Panel(us.panel.frame.sample(frac=1, random_state=1), region="state", period="year")
        a, b = (
            sc.spatial_markov(p, "income", w, classes=3, permutations=49, seed=1).tests[2].p_value
            for p in (us.panel, shuffled)
        )
        assert a == b

    def test_dependence_of_us_states_on_neighbours_is_not_as_sure_as_chi2_says(self, us, w):
        found = sc.spatial_markov(us.panel, "income", w, permutations=499, seed=1)
        assert found.tests[0].p_value < 0.001
        assert found.tests[2].p_value == pytest.approx(0.08, abs=0.035)
        assert found.pooled.order_test()[0].p_value < 0.001

    @pytest.mark.slow
    def test_size_of_the_permutation_test_where_histories_persist(self):
        """Random walks without space: the asymptotic test rejects too often, that of histories as it says."""
        rng = np.random.default_rng(8)
        asymptotic = permuted = 0
        for k in range(150):
            y = np.exp(np.cumsum(rng.normal(0, 0.05, size=(15, 20)), axis=0) + rng.normal(0, 0.4, size=20))
            found = sc.spatial_markov(panel_of(y), "v", ring(20), classes=3, permutations=99, seed=k)
            asymptotic += found.tests[1].p_value <= 0.05
            permuted += found.tests[2].p_value <= 0.05
        assert permuted / 150 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)

    def test_house(self, us, w):
        found = sc.spatial_markov(us.panel, "income", w, classes=3)
        assert tuple(found.tidy().columns) == TIDY
        assert len(found.tidy()) == 27
        json.dumps(found.to_dict())
        assert "leaving the lowest class, with neighbours from low to high" in repr(found)


# ---------------------------------------------------------------------- densities


class TestDensity:
    def test_scipy_agrees(self):
        y = lognormal(3, 40)
        path = sc.density(panel_of(y), "v", scale="log", bandwidth="scott")
        for t, row in zip(path.periods, np.log(y), strict=True):
            h = (4 / 3) ** 0.2 * row.std(ddof=1) * 40**-0.2
            assert path.table.loc[t, "bandwidth"] == pytest.approx(h, rel=EXACT)
            theirs = stats.gaussian_kde(row, bw_method=h / row.std(ddof=1))(path.grid)
            np.testing.assert_allclose(path.densities.loc[t], theirs, rtol=ROUNDING, atol=EXACT)

    def test_densities_have_mass_one(self):
        path = sc.density(panel_of(lognormal(3, 40)), "v", points=2000)
        np.testing.assert_allclose(trapezoid(path.densities, path.grid, axis=1), 1.0, atol=2e-3)

    def test_silvermans_rule(self):
        x = np.array([[1.0, 2, 3, 4, 10]])
        low, high = np.percentile(x, [25, 75])
        assert kernel_density.silverman(x)[0] == pytest.approx(0.9 * min(x.std(ddof=1), (high - low) / 1.349) * 5**-0.2)
        # Half of the values are one: the interquartile range is zero, and no yardstick.
        tied = np.array([[1.0, 1, 1, 1, 5]])
        assert kernel_density.silverman(tied)[0] == pytest.approx(0.9 * tied.std(ddof=1) * 5**-0.2)

    def test_modes_are_those_of_the_curve(self):
        rng = np.random.default_rng(0)
        x = np.concatenate([rng.normal(0, 1, 30), rng.normal(6, 1, 20)])
        grid = np.linspace(-8, 14, 20000)
        for h in (0.3, 0.5, 1.0, 2.0, 3.0):
            curve = kernel_density.density(x[None], grid, np.array([h]))[0]
            rise = np.diff(curve) > 0
            assert kernel_density.modes(x[None], h)[0] == (rise[:-1] & ~rise[1:]).sum()

    def test_critical_bandwidth_parts_one_mode_from_two(self):
        x = np.concatenate([np.random.default_rng(1).normal(m, 1, 25) for m in (0, 5)])
        h = kernel_density.critical_bandwidth(x, 1)
        assert kernel_density.modes(x[None], 1.001 * h)[0] == 1
        assert kernel_density.modes(x[None], 0.999 * h)[0] == 2

    @pytest.mark.parametrize("interval", [(-1.5, 1.5), (2.0, 7.5), (-1.0, 9.0), (3.0, 3.5)])
    def test_modes_in_an_interval_are_those_of_the_curve_there(self, interval):
        rng = np.random.default_rng(7)
        # A tail far outside the interval, where no mode may count, and a second sample of the same block.
        x = np.stack([np.concatenate([rng.normal(0, 1, 25), rng.normal(6, 1, 15), s * rng.uniform(20, 60, 5)])
                      for s in (1, -1)])  # fmt: skip
        grid = np.linspace(*interval, 40_001)
        seen = []
        for h in (0.2, 0.35, 0.6, 1.0, 2.0, 3.5):
            curves = kernel_density.density(x, grid, np.full(2, h))
            rise = np.diff(curves, axis=1) > 0
            expected = (rise[:, :-1] & ~rise[:, 1:]).sum(axis=1)
            np.testing.assert_array_equal(kernel_density.modes(x, h, interval), expected)
            seen += [*expected]
        assert max(seen) > 0

    def test_critical_bandwidth_of_an_interval(self):
        x = np.concatenate([np.random.default_rng(1).normal(m, 1, 25) for m in (0, 5)] + [[30.0, 40.0]])
        whole, inside = (kernel_density.critical_bandwidth(x, 1, i) for i in (None, (-3.0, 8.0)))
        # Two values 10 apart, each of weight 1 / 52, part until far wider bandwidths than the groups do.
        assert inside < whole / 2
        assert kernel_density.modes(x[None], 1.001 * inside, (-3.0, 8.0))[0] == 1
        assert kernel_density.modes(x[None], 0.999 * inside, (-3.0, 8.0))[0] == 2
        # From there on no wider bandwidth has more: brute force over many.
        wider = [kernel_density.modes(x[None], h, (-3.0, 8.0))[0] for h in np.geomspace(1.01 * inside, 40, 300)]
        assert max(wider) <= 1

    def test_the_dense_interval_is_where_a_pilot_reaches_a_fifth_of_its_peak(self):
        from scipy.stats import gaussian_kde

        x = np.exp(np.random.default_rng(5).normal(size=80))
        pilot = gaussian_kde(x, (4 / 3) ** 0.2 * 80**-0.2)  # scipy's factor times the sd is Scott's 1.06 sd n^(-1/5)
        grid = np.linspace(x.min() - 3, x.max() + 3, 200_001)
        curve = pilot(grid)
        on = grid[curve >= 0.2 * curve.max()]
        low, high = kernel_density.dense_interval(x)
        # Both are read off grids: 1,024 points over the range and three bandwidths on either side.
        step = (np.ptp(x) + 6 * kernel_density.scott(x[None])[0]) / 1023
        assert (low, high) == (pytest.approx(on[0], abs=step), pytest.approx(on[-1], abs=step))
        assert high < np.quantile(x, 0.97) < x.max()

    def test_lone_values_in_a_tail_are_no_modes_of_the_dense_interval(self):
        x = np.exp(np.random.default_rng(11).normal(size=(1, 60)))
        x[0, :4] = 20.0, 20.2, 20.5, 21.0
        path = sc.density(panel_of(x), "v", scale="level")
        dense, whole = (path.mode_test(draws=99, seed=1, interval=i) for i in ("dense", "whole"))
        assert whole.table["p"].item() <= 0.05 < dense.table["p"].item()
        low, high = kernel_density.dense_interval(x[0])
        assert (dense.table["low"].item(), dense.table["high"].item()) == (low, high)
        assert np.isinf(whole.table[["low", "high"]].to_numpy()).all()
        fixed = path.mode_test(draws=99, seed=1, interval=(low, high))
        assert fixed.table["p"].item() == dense.table["p"].item()
        assert "modes count where the density reaches a fifth of its peak" in repr(dense)
        assert "modes count on the whole line" in repr(whole)
        assert f"modes count from {low:.4f} to {high:.4f}" in repr(fixed)
        assert fixed.glance()["interval"].item() == "fixed"

    @pytest.mark.parametrize(
        ("interval", "message"),
        [
            ("half", "interval must be one of"),
            ((2, 1), "finite low end below its finite high end"),
            ((0, float("inf")), "finite low end below its finite high end"),
            ((1, 2, 3), "two numbers"),
            (7, "two numbers"),
            ((90, 91), "holds no value of period 1"),
        ],
    )
    def test_intervals_that_are_none(self, interval, message):
        path = sc.density(panel_of(lognormal(2, 20)), "v")
        with pytest.raises(OptionError, match=message):
            path.mode_test(draws=19, interval=interval)

    def test_two_points_have_their_closed_form(self):
        """Two points 2 apart have one mode from a bandwidth of 1 on."""
        assert kernel_density.critical_bandwidth(np.array([0.0, 2.0]), 1) == pytest.approx(1.0, abs=0.01)

    def test_smoothed_draws_have_the_moments_of_the_data(self):
        x = np.array([0.0, 1.0, 1.5, 4.0, 9.0])
        drawn = kernel_density.smoothed_draws(x, 3.0, 40_000, np.random.default_rng(1)).ravel()
        # 200 000 values: standard errors of 0.007 in the mean and 0.003 relative in the variance.
        assert drawn.mean() == pytest.approx(x.mean(), abs=0.03)
        assert drawn.var() == pytest.approx(x.var(), rel=0.015)

    def test_mode_test_finds_twin_peaks_and_lets_one_be(self):
        rng = np.random.default_rng(3)
        x = np.exp(np.stack([rng.normal(0, 0.3, 60), np.where(np.arange(60) < 30, -1, 1) + rng.normal(0, 0.3, 60)]))
        path = sc.density(panel_of(x), "v", scale="log")
        found = path.mode_test(draws=199, seed=1)
        assert found.table.loc[1, "p"] > 0.1
        assert found.table.loc[2, "p"] < 0.01
        assert path.mode_test(2, draws=199, seed=1, period=2).table.loc[2, "p"] > 0.1
        # A period's p does not depend on which others are asked for.
        assert path.mode_test(draws=199, seed=1, period=[2]).table.loc[2, "p"] == found.table.loc[2, "p"]
        assert tuple(found.tidy().columns) == TIDY
        assert "at most 1 mode, 2 periods" in repr(found)
        with pytest.raises(OptionError, match="unknown period 9"):
            path.mode_test(period=9)

    @pytest.mark.slow
    def test_size_of_the_mode_test(self):
        rng = np.random.default_rng(0)
        tests = [kernel_density.silverman_test(rng.normal(size=48), 1, 199, rng) for _ in range(300)]
        assert np.mean([t.p <= 0.05 for t in tests]) < 0.02
        assert np.mean([t.p_calibrated <= 0.05 for t in tests]) == pytest.approx(0.05, abs=0.04)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("law", "most"),
        # Monte Carlo error at 5 %: 1.3 points of 300 samples; the whole line gives about 50 and 20.
        [(lambda rng: np.exp(rng.normal(size=48)), 0.09), (lambda rng: rng.standard_t(5, 48), 0.09)],
    )
    def test_size_of_the_mode_test_in_long_tails(self, law, most):
        rng = np.random.default_rng(2)
        p = []
        for _ in range(300):
            x = law(rng)
            p.append(kernel_density.silverman_test(x, 1, 99, rng, kernel_density.dense_interval(x)).p_calibrated)
        assert np.mean(np.array(p) <= 0.05) < most

    @pytest.mark.slow
    def test_power_of_the_mode_test_on_two_groups(self):
        rng = np.random.default_rng(2)
        p = []
        for _ in range(100):
            x = rng.normal(size=48) + np.where(np.arange(48) < 24, 4, 0)
            p.append(kernel_density.silverman_test(x, 1, 99, rng, kernel_density.dense_interval(x)).p_calibrated)
        # 88 % of 400 samples; three Monte Carlo errors of 100 are 10 points.
        assert np.mean(np.array(p) <= 0.05) > 0.78

    def test_notes(self):
        few = sc.density(panel_of(lognormal(2, 9)), "v")
        assert any("9 regions are few for a density" in note for note in few.notes)
        assert any("would lie below zero" in note and "is reflected at zero" in note for note in few.notes)
        bare = sc.density(panel_of(lognormal(2, 9)), "v", boundary="none")
        assert any("lies below zero" in note and "boundary='reflect'" in note for note in bare.notes)
        assert not any("below zero" in note for note in sc.density(panel_of(lognormal(2, 40)), "v", scale="log").notes)

    def test_densities_of_positive_values_are_positive_and_whole(self):
        values = np.exp(np.random.default_rng(3).normal(0, 1.2, (2, 40)))
        folded, bare = (sc.density(panel_of(values), "v", boundary=b) for b in ("reflect", "none"))
        assert folded.grid[0] == 0
        assert (folded.grid >= 0).all()
        assert bare.grid[0] < 0
        for curve, grid in ((folded.densities.to_numpy(), folded.grid), (bare.densities.to_numpy(), bare.grid)):
            np.testing.assert_allclose(trapezoid(curve, grid, axis=1), 1, atol=2e-3)
        # The mass below zero is what comes back: at each point the two kernels of a value and of its mirror image.
        below = trapezoid(np.where(bare.grid <= 0, bare.densities, 0), bare.grid, axis=1)
        assert (below > 0.05).all()
        relative = values / values.mean(axis=1, keepdims=True)
        for t in range(2):
            own = stats.gaussian_kde(np.r_[relative[t], -relative[t]], bw_method=1.0)
            own.set_bandwidth(folded.table["bandwidth"].iloc[t] / own.dataset.std(ddof=1))
            np.testing.assert_allclose(folded.densities.iloc[t], 2 * own(folded.grid), rtol=1e-9, atol=1e-12)
        assert folded.edge == "reflected at zero"
        assert bare.edge == ""

    def test_nothing_is_reflected_where_no_kernel_reaches_zero(self):
        values = 100 + np.random.default_rng(3).normal(0, 1, (2, 40))
        path = sc.density(panel_of(values), "v")
        assert path.edge == ""
        assert path.grid[0] > 0
        negative = sc.density(panel_of(values - 100), "v", scale="level")
        assert negative.edge == ""
        assert negative.grid[0] < 0

    def test_modes_of_a_reflected_density_are_counted_with_the_one_at_zero(self):
        rng = np.random.default_rng(4)
        one = np.abs(rng.normal(0, 1, (2, 400)))
        two = np.concatenate([np.abs(rng.normal(0, 0.3, (2, 400))), rng.normal(3, 0.3, (2, 400))], axis=1)
        for values, count in ((one, 1), (two, 2)):
            path = sc.density(panel_of(values), "v", scale="level", bandwidth=0.25)
            assert path.table["modes"].tolist() == [count, count]
            turns = np.diff(np.sign(np.diff(path.densities.to_numpy(), axis=1)), axis=1) < 0
            assert (turns.sum(axis=1) + 1).tolist() == [count, count]

    def test_house(self, us):
        path = sc.density(us.panel, "income", bandwidth=0.05)
        assert path.bandwidth == "0.05 in all periods"
        assert tuple(path.tidy().columns) == TIDY
        json.dumps(path.to_dict())
        assert "peak at" in repr(path)

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"scale": "share"}, OptionError, "scale must be one of"),
            ({"bandwidth": "sj"}, OptionError, "bandwidth must be one of"),
            ({"bandwidth": 0}, OptionError, "bandwidth must be a positive number"),
            ({"bandwidth": True}, OptionError, "bandwidth must be 'silverman'"),
            ({"points": 3}, OptionError, "points must be a whole number of at least 16"),
        ],
    )
    def test_options(self, options, error, message):
        with pytest.raises(error, match=message):
            sc.density(panel_of(lognormal()), "v", **options)

    def test_bad_values(self):
        y = lognormal()
        y[1] = 2.0
        with pytest.raises(VariableError, match="is the same in all 9 regions in 2"):
            sc.density(panel_of(y), "v")
        y[1] = -1.0
        with pytest.raises(DataError, match="mean of 'v' is zero or negative in 2"):
            sc.density(panel_of(y), "v")
        with pytest.raises(NotPositiveError):
            sc.density(panel_of(y), "v", scale="log")
        y[0, 0] = np.nan
        with pytest.raises(MissingDataError):
            sc.density(panel_of(y), "v")
        with pytest.raises(DataError, match="a density needs 3 regions or more"):
            sc.density(panel_of(lognormal(3, 2)), "v")


# ---------------------------------------------------------------------- mobility of ranks


class TestMobility:
    def test_scipy_and_giddy(self, us, w):
        rank = pytest.importorskip("giddy.rank")
        found = sc.mobility(us.panel, "income", w, step=20, permutations=99, seed=1).table
        wide = us.panel.wide("income")[list(w.unique_ids)]
        number = {label: i for i, label in enumerate(w.unique_ids)}
        from libpysal.weights import W

        links = W({number[a]: [number[b] for b in others] for a, others in w.to_W().neighbors.items()})
        for span in ((1929, 1949), (1989, 2009), (1929, 2009)):
            x, y = (wide.loc[t].to_numpy() for t in span)
            theirs = rank.SpatialTau(x, y, links)
            assert found.loc[span, "tau"] == pytest.approx(stats.kendalltau(x, y).statistic, rel=EXACT)
            assert found.loc[span, "tau"] == pytest.approx(theirs.tau, rel=ROUNDING)
            assert found.loc[span, "tau_neighbours"] == pytest.approx(theirs.tau_spatial, rel=ROUNDING)

    def test_neighbours_and_others_by_hand(self):
        y = lognormal(2, 7, seed=3)
        y[0, 2] = y[0, 3]
        found = sc.mobility(panel_of(y), "v", ring(7), permutations=0).table.iloc[0]
        sums = {True: [0, 0, 0], False: [0, 0, 0]}
        for i in range(7):
            for j in range(i):
                dx, dy = np.sign(y[:, i] - y[:, j])
                part = sums[(i - j) in (1, 6)]
                part[0] += dx * dy
                part[1] += dx != 0
                part[2] += dy != 0
        for near, name in ((True, "tau_neighbours"), (False, "tau_others")):
            net, a, b = sums[near]
            assert found[name] == pytest.approx(net / np.sqrt(a * b), rel=ROUNDING)

    def test_one_way_links_are_links(self):
        y = lognormal(2, 8, seed=6)
        one_way = np.triu(np.roll(np.eye(8), 1, axis=1) + np.roll(np.eye(8), 3, axis=1))
        regions = [f"r{i}" for i in range(8)]
        a, b, c = (
            sc.mobility(panel_of(y), "v", sc.weights.from_matrix(m, regions=regions), permutations=19, seed=1).table
            for m in (one_way, one_way.T, one_way + one_way.T)
        )
        pd.testing.assert_frame_equal(a, c)
        pd.testing.assert_frame_equal(b, c)

    def test_expected_among_neighbours_is_tau_of_all(self):
        y = lognormal(2, 10, seed=4)
        found = sc.mobility(panel_of(y), "v", ring(10), permutations=4999, seed=1).table.iloc[0]
        assert found["expected"] == pytest.approx(found["tau"], abs=0.02)
        assert 0 < found["p_neighbours"] <= 1

    def test_rows(self, us):
        found = sc.mobility(us.panel.subset(periods=[1929, 1939, 1949]), "income")
        assert found.table.index.to_list() == [(1929, 1939), (1939, 1949), (1929, 1949)]
        assert len(sc.mobility(panel_of(lognormal(2, 9)), "v").table) == 1
        assert not found.spatial
        assert tuple(found.tidy().columns) == TIDY
        assert "Kendall's tau, 1929 to 1949" in repr(found)

    def test_caller_keeps_weights(self, us, w):
        old = w.to_W()
        before, kind = old.sparse.toarray().copy(), old.transform
        sc.mobility(us.panel, "income", old, step=40, permutations=9, seed=1)
        np.testing.assert_array_equal(old.sparse.toarray(), before)
        assert old.transform == kind

    def test_bad_weights(self):
        full = sc.weights.from_matrix(np.ones((9, 9)) - np.eye(9), regions=[f"r{i}" for i in range(9)])
        with pytest.raises(WeightsError, match="a link between all pairs"):
            sc.mobility(panel_of(lognormal()), "v", full)
        with pytest.raises(DataError, match="two periods or more"):
            sc.mobility(panel_of(lognormal(1)), "v")


# ---------------------------------------------------------------------- hot-spot trends


def spots(text):
    """Hot (H), cold (C) or nothing, one letter a period, as arrays of one region."""
    hot, cold = (np.array([[c == letter] for c in text]) for letter in "HC")
    return hot, cold


KINDS = {
    # what the spots were, trend of the intensity: the category of hot spots
    ("....H", 0): "new",
    ("C...H", 0): "new",
    ("...HH", 0): "consecutive",
    ("..HHH", 1): "consecutive",
    ("HHHHHHHHHH", 1): "intensifying",
    ("HHHHHHHHHH", 0): "persistent",
    ("HHHHHHHHHH", -1): "diminishing",
    (".HHHHHHHHH", 1): "intensifying",
    ("H.H.H", 0): "sporadic",
    ("H..HH", 0): "sporadic",
    ("HC..H", 0): "oscillating",
    ("HHHHHHHHH.", 0): "historical",
    ("HHHHHHHHH.", -1): "historical",
    ("HHHHHHHH..", 0): "",
    (".....", 1): "",
    ("CCCCC", 0): "",
    ("HHHH.", 0): "",
    ("HHHHH", 0): "persistent",
}


class TestHotSpotTrends:
    @pytest.mark.parametrize(("text", "trend"), KINDS)
    def test_categories(self, text, trend):
        hot, cold = spots(text)
        assert categories(hot, cold, np.array([float(trend)]))[0] == KINDS[text, trend]
        # Cold spots are the same seen from below.
        assert categories(cold, hot, np.array([0.0]))[0] == {"CCCCC": "persistent"}.get(text, "")

    def test_every_kind_can_be_had(self):
        assert {kind for kind in KINDS.values() if kind} == {c.split()[0] for c in CATEGORIES if c.endswith("hot")}
        assert len(CATEGORIES) == 17

    def test_mann_kendall_by_enumeration(self):
        """All orders of five numbers: p is the share of them with an S as far from zero."""
        every = [np.array(order, dtype=float) for order in permutations(range(5))]
        s = np.array([sum(np.sign(x[j] - x[i]) for j in range(5) for i in range(j)) for x in every])
        found = mann_kendall.mann_kendall(np.array(every).T, np.arange(5.0))
        np.testing.assert_array_equal(found.s, s)
        np.testing.assert_allclose(found.p, [np.mean(np.abs(s) >= abs(own)) for own in s], rtol=EXACT)
        assert found.p.min() == pytest.approx(2 / 120, rel=EXACT)
        assert mann_kendall.smallest_p(5) == pytest.approx(2 / 120, rel=EXACT)
        assert mann_kendall.smallest_p(4) == pytest.approx(2 / 24, rel=EXACT)

    def test_mann_kendall_is_kendalls_tau(self):
        rng = np.random.default_rng(0)
        for T in (6, 12, 30):
            x, time = rng.normal(size=(T, 40)), np.arange(T, dtype=float)
            found = mann_kendall.mann_kendall(x, time)
            theirs = [stats.kendalltau(time, column, method="exact") for column in x.T]
            np.testing.assert_allclose(found.tau, [t.statistic for t in theirs], rtol=ROUNDING, atol=EXACT)
            np.testing.assert_allclose(found.p, [t.pvalue for t in theirs], rtol=ROUNDING)
            slopes = [stats.theilslopes(column, time).slope for column in x.T]
            np.testing.assert_allclose(found.slope, slopes, rtol=ROUNDING, atol=EXACT)

    def test_mann_kendall_with_ties(self):
        """Kendall's variance with ties, and his correction for continuity, as printed."""
        x = np.array([1.0, 1, 2, 3, 3, 3, 4, 2, 5, 6, 6, 7])[:, None]
        found = mann_kendall.mann_kendall(x, np.arange(12.0))
        s = sum(np.sign(x[j, 0] - x[i, 0]) for j in range(12) for i in range(j))
        ties = [2, 2, 3, 2]
        variance = (12 * 11 * 29 - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
        assert found.s[0] == s
        assert found.p[0] == pytest.approx(2 * stats.norm.sf((s - 1) / np.sqrt(variance)), rel=ROUNDING)
        assert found.tau[0] == pytest.approx(stats.kendalltau(np.arange(12), x[:, 0]).statistic, rel=ROUNDING)
        assert not found.exact[0]
        constant = mann_kendall.mann_kendall(np.ones((6, 1)), np.arange(6.0))
        assert np.isnan(constant.p[0])
        assert constant.s[0] == 0

    def test_table_is_that_of_hot_spots(self, us, w):
        found = sc.hot_spot_trends(us.panel, "income", w)
        table = sc.hot_spots(us.panel, "income", w).table
        hot = ((table["p"] <= 0.05) & (table["z"] > 0)).groupby(level=1).sum()
        pd.testing.assert_series_equal(found.table["hot"], hot[us.panel.regions], check_names=False)
        assert found.counts.sum() == 48
        z = table["z"].unstack(level=1)["New York"]
        assert found.table.loc["New York", "tau"] == pytest.approx(stats.kendalltau(z.index, z).statistic, rel=ROUNDING)
        assert found.table.loc["New York", "category"] == "intensifying hot"
        assert found.table.loc["Mississippi", "category"] == "diminishing cold"
        assert any("z persists" in note for note in found.notes)

    def test_cold_is_hot_upside_down(self, us, w):
        minus = us.panel.assign(income=lambda d: -d["income"])
        ours, turned = (sc.hot_spot_trends(p, "income", w).table["category"] for p in (us.panel, minus))
        swap = {c: c.replace("hot", "COLD").replace("cold", "hot").replace("COLD", "cold") for c in CATEGORIES}
        assert ours.map(swap).tolist() == turned.tolist()

    def test_few_periods_are_said(self):
        zj = sc.datasets.zhejiang()
        w = sc.weights.adjacency(zj.cities)
        five = sc.hot_spot_trends(zj.panel, "exports", w, log=True)
        assert any("only a z that never turns" in note for note in five.notes)
        four = sc.hot_spot_trends(zj.panel.subset(periods=[2016, 2017, 2018, 2019]), "exports", w)
        assert any("no p below 0.0833 with 4 periods" in note for note in four.notes)
        assert (four.table["p"] > 0.05).all()
        with pytest.raises(DataError, match="two periods or more"):
            sc.hot_spot_trends(zj.panel.subset(periods=[2016]), "exports", w)

    def test_regions_without_a_statistic_have_no_category(self):
        zj = sc.datasets.zhejiang()
        found = sc.hot_spot_trends(zj.panel, "exports", sc.weights.adjacency(zj.cities), star=False)
        assert pd.isna(found.table.loc["Zhoushan", "category"])
        assert found.counts.sum() == 10
        json.dumps(found.to_dict())

    def test_house(self, us, w):
        found = sc.hot_spot_trends(us.panel, "income", w, fdr=True)
        assert tuple(found.tidy().columns) == TIDY
        assert "after false-discovery control" in repr(found)
        assert found.glance().loc[0, "no_pattern"] == found.counts["no pattern"]


@pytest.mark.parametrize(
    ("door", "options", "error", "message"),
    [
        ("markov", {"classes": 1}, OptionError, "classes must be a number from 2 to 20"),
        ("markov", {"classes": "five"}, OptionError, "classes must be a number from 2 to 20"),
        ("markov", {"classes": [2, 1]}, OptionError, "cut points of classes must be finite and rise"),
        ("markov", {"classes": ["a"]}, OptionError, "cut points of classes must be numbers"),
        ("markov", {"classes": [1.0], "breaks": "period"}, OptionError, "takes a number of classes"),
        ("markov", {"breaks": "jenks"}, OptionError, "breaks must be one of"),
        ("markov", {"step": 0}, OptionError, "step must be a whole number of at least 1"),
        ("mobility", {"permutations": -1}, OptionError, "permutations must be"),
        ("mobility", {"alternative": "both"}, OptionError, "alternative must be one of"),
    ],
)
def test_bad_options(door, options, error, message):
    with pytest.raises(error, match=message):
        getattr(sc, door)(panel_of(lognormal()), "v", **options)


def test_nothing_warns_on_the_way(us, w):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chain_of(np.array([[1, 1, 2, 3], [1, 2, 3, 3], [1, 3, 3, 3]]))
        sc.spatial_markov(us.panel, "income", w, classes=2)


REDUCIBLE = {
    "two closed sets": [[1 / 3, 2 / 3, 0, 0], [1 / 7, 6 / 7, 0, 0], [0.1, 0.2, 0.3, 0.4], [0, 0, 0, 1]],
    "transient below": [[0.9, 0.1, 0], [0, 0.6, 0.4], [0, 0.2, 0.8]],
    "transient above, through a pair": [[0.7, 0.3, 0, 0], [0.3, 0.7, 0, 0], [0.2, 0, 0.3, 0.5], [0, 0, 0.6, 0.4]],
    "two absorbing": [[1, 0, 0], [0.25, 0.5, 0.25], [0, 0, 1]],
    "a cycle": [[0, 1, 0], [0, 0, 1], [1, 0, 0]],
}


class TestFirstPassageOfReducibleChains:
    """giddy 2.3.8 gives 6e15 for the first, -3e15 for the second, and a LinAlgError for some chains of data."""

    @pytest.mark.parametrize("name", REDUCIBLE)
    def test_sums_of_the_probabilities_of_not_having_arrived(self, name):
        P = np.array(REDUCIBLE[name], dtype=float)
        k = len(P)
        want = np.empty((k, k))
        for j in range(k):
            not_yet, total = np.ones(k), np.zeros(k)
            for _ in range(5000):
                total = total + not_yet
                not_yet = np.delete(P, j, axis=1) @ np.delete(not_yet, j)
            want[:, j] = np.where(not_yet > 1e-6, np.inf, total)
        np.testing.assert_allclose(markov_chain.first_passage(P), want, rtol=ROUNDING)

    def test_a_chain_from_data(self):
        # Two regions change places below, two above, and one leaves the middle for those below.
        paths = np.array(
            [[1, 2, 1, 2, 1, 2], [2, 1, 1, 2, 2, 1], [9, 8, 9, 9, 8, 8], [8, 9, 9, 8, 8, 9], [5, 5, 1, 1, 1, 2]]
        )
        found = sc.markov(panel_of(paths.T.astype(float)), "v", classes=[1.5, 3, 6, 8.5], scale="level")
        passage = found.first_passage.to_numpy()
        assert np.isinf(passage[:2, 3:]).all()
        assert np.isinf(passage[3:, :3]).all()
        assert np.isfinite(passage[:2, :2]).all()
        assert np.isfinite(passage[3:, 3:]).all()
        assert np.isinf(passage[2, 2])
        assert np.isfinite(passage[2, :2]).all()


def test_more_classes_by_period_than_regions_fill_are_refused():
    panel = panel_of(lognormal(8, 2))
    with pytest.raises(OptionError, match="3 classes by period are too many for 2 regions"):
        sc.markov(panel, "v", classes=3, breaks="period")


class TestLongRun:
    """Recurrent sets by walking the links, their distributions against giddy, exact fractions and the limit."""

    @pytest.mark.parametrize("name", REDUCIBLE)
    def test_sets_by_walking(self, name):
        P = np.array(REDUCIBLE[name], dtype=float)
        reached = [walk(P, i) for i in range(len(P))]
        stays = [all(i in reached[j] for j in reached[i]) for i in range(len(P))]
        sets, transient = markov_chain.recurrent_sets(P)
        assert transient == tuple(i for i in range(len(P)) if not stays[i])
        assert sorted(sets) == sorted({tuple(sorted(reached[i])) for i in range(len(P)) if stays[i]})

    @pytest.mark.parametrize("k", [1, 2, 5, 12])
    def test_giddy_on_random_chains(self, k):
        giddy = pytest.importorskip("giddy.ergodic")
        for seed in range(5):
            P = np.random.default_rng([seed, k]).dirichlet(np.full(k, 0.5), size=k)
            np.testing.assert_allclose(markov_chain.ergodic(P), giddy.steady_state(P), rtol=ROUNDING)

    @pytest.mark.parametrize("k", [2, 4, 6])
    def test_exact_fractions(self, k):
        """A solution in rational numbers, of chains whose links are as rare as one in 10^14."""
        rng = np.random.default_rng(k)
        for _ in range(5):
            P = 10.0 ** rng.uniform(-14, 0, size=(k, k))
            np.fill_diagonal(P, 0.0)  # who moves is all that counts; rows need not be closed in floating point
            np.testing.assert_allclose(markov_chain.ergodic(P), exact_ergodic(P), rtol=EXACT)

    def test_several_sets_and_a_class_left_for_good(self):
        two = np.array(REDUCIBLE["two closed sets"])
        labels = pd.RangeIndex(1, 5)
        recurrent, transient, ergodic, _ = long_run(two, labels)
        assert (recurrent, transient) == (((1, 2), (4,)), (3,))
        limit = np.linalg.matrix_power(two, 4000)
        np.testing.assert_allclose(ergodic.loc[1], limit[0], atol=EXACT)
        np.testing.assert_allclose(ergodic.loc[2], limit[3], atol=EXACT)


class TestHomogeneityOfRandomTables:
    @pytest.mark.parametrize("seed", range(6))
    def test_giddy(self, seed):
        giddy = pytest.importorskip("giddy.markov")
        rng = np.random.default_rng(seed)
        counts = rng.poisson(rng.choice([0.4, 5.0]), size=(rng.integers(2, 5), 4, 4)).astype(float)
        counts[0, 1] = 0  # a class without departures in one table
        counts[:, 2, 3] = 0  # a move that nobody makes
        counts[-1] += np.eye(4)
        theirs = giddy.Homogeneity_Results(counts)
        ours = markov_chain.homogeneity(counts)
        assert ours.likelihood_ratio == pytest.approx(theirs.LR, rel=ROUNDING)
        assert ours.q == pytest.approx(theirs.Q, rel=ROUNDING)
        assert ours.df == theirs.dof
        np.testing.assert_allclose(ours.expected, counts.sum(axis=2)[..., None] * theirs.p_h0, rtol=EXACT)

    def test_contingency_tables_of_scipy(self):
        """Each class by itself is a table of m rows; Q, LR and df are sums over classes."""
        counts = np.random.default_rng(1).integers(1, 20, size=(3, 4, 4)).astype(float)
        ours = markov_chain.homogeneity(counts)
        tables = [counts[:, i] for i in range(4)]
        q = [stats.chi2_contingency(table, correction=False) for table in tables]
        lr = [stats.chi2_contingency(table, correction=False, lambda_="log-likelihood") for table in tables]
        assert ours.q == pytest.approx(sum(t.statistic for t in q), rel=ROUNDING)
        assert ours.likelihood_ratio == pytest.approx(sum(t.statistic for t in lr), rel=ROUNDING)
        assert ours.df == sum(t.dof for t in q)

    def test_a_class_that_is_never_left_adds_no_degree_of_freedom(self):
        """giddy 2.3.8 counts (0 - 1)(0 - 1) = 1 for it."""
        counts = np.random.default_rng(2).integers(1, 20, size=(2, 3, 3)).astype(float)
        counts[:, 2] = 0
        table = [stats.chi2_contingency(counts[:, i], correction=False).dof for i in range(2)]
        assert markov_chain.homogeneity(counts).df == sum(table) == 4


def walk(P, start):
    """Return the classes that are reached from one, by walking."""
    seen, waiting = set(), [start]
    while waiting:
        i = waiting.pop()
        if i not in seen:
            seen.add(i)
            waiting += [j for j in range(len(P)) if P[i][j] > 0]
    return seen


def exact_ergodic(P):
    """Solve the balance of what enters and leaves each class in rational numbers, by elimination."""
    k = len(P)
    moves = [[Fraction(float(x)) for x in row] for row in P]
    rows = [[moves[j][i] - (sum(moves[i]) if i == j else 0) for j in range(k)] + [Fraction(0)] for i in range(k - 1)]
    rows.append([Fraction(1)] * (k + 1))
    for i in range(k):
        pivot = next(r for r in range(i, k) if rows[r][i] != 0)
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for r in range(k):
            if r != i:
                rows[r] = [x - rows[r][i] * y for x, y in zip(rows[r], rows[i], strict=True)]
    return [float(row[-1]) for row in rows]
