"""The bootstrap of regions: scipy, statistics by index, strata, jobs, coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from scipy import stats

import spatialconv as sc
from spatialconv._core.dispersion.measures import MEASURES
from spatialconv._core.resampling import regions
from spatialconv.convergence.dispersion.bootstrap import COVERAGE
from spatialconv.errors import DataError, OptionError
from tests.tolerances import EXACT, ROUNDING
from tests.unit.convergence.dispersion.test_inequality import fine_codes, panel, people, values
from tests.unit.convergence.dispersion.test_sigma import lognormal, panel_of
from tests.versions import SEED


def counts_of(index, n):
    return np.apply_along_axis(np.bincount, 1, index, minlength=n).astype(float)


class TestCore:
    def test_counts_keep_the_size_of_every_stratum(self):
        counts = regions.draw_counts(fine_codes, 500, np.random.default_rng(0))
        for code in range(5):
            assert (counts[:, fine_codes == code].sum(axis=1) == (fine_codes == code).sum()).all()
        assert (counts[:, fine_codes == 4] == 1).all()
        np.testing.assert_allclose(counts.mean(axis=0), 1.0, atol=0.15)

    def test_scipy_bca_and_percentile(self):
        """The same draws of indices through scipy.stats.bootstrap."""
        x = np.random.default_rng(3).lognormal(size=30)
        index = np.random.default_rng(5).integers(0, 30, size=(4000, 30))
        drawn = x[index].std(axis=1, ddof=1)[:, None]
        left = np.array([[np.delete(x, i).std(ddof=1)] for i in range(30)])
        estimate = np.array([x.std(ddof=1)])
        a = regions.acceleration(estimate, left, np.full(30, 30))
        given = stats.bootstrap(
            (x,),
            lambda v, axis: v.std(axis=axis, ddof=1),
            n_resamples=4000,
            method="BCa",
            **{SEED: np.random.default_rng(5)},
        )
        ours = regions.bca(drawn, estimate, a, 0.95)
        # Both from 4000 draws of their own.
        assert ours.low[0] == pytest.approx(given.confidence_interval.low, rel=0.04)
        assert ours.high[0] == pytest.approx(given.confidence_interval.high, rel=0.06)
        # scipy's acceleration is taken about the mean of the jackknife; ours about the estimate.
        jack = left.mean() - left[:, 0]
        assert a[0] == pytest.approx((jack**3).sum() / (6 * (jack**2).sum() ** 1.5), rel=0.05)
        both = regions.percentile(drawn, 0.9)
        assert (both.low[0], both.high[0]) == pytest.approx(tuple(np.percentile(drawn, [5, 95])), rel=EXACT)

    def test_bca_of_unbiased_symmetric_draws_is_percentile(self):
        drawn = np.linspace(-1, 1, 2001)[:, None]
        ours = regions.bca(drawn, np.zeros(1), np.zeros(1), 0.9)
        assert (ours.low[0], ours.high[0]) == pytest.approx((-0.9, 0.9), abs=ROUNDING)

    def test_bca_by_its_formula(self):
        rng = np.random.default_rng(1)
        drawn, estimate, a = rng.gamma(3, size=(999, 1)), np.array([2.5]), np.array([0.08])
        z0 = stats.norm.ppf((drawn < 2.5).mean())
        for end, q in zip(regions.bca(drawn, estimate, a, 0.9), (0.05, 0.95), strict=True):
            z = stats.norm.ppf(q)
            place = stats.norm.cdf(z0 + (z0 + z) / (1 - 0.08 * (z0 + z)))
            assert end[0] == pytest.approx(np.quantile(drawn, place), rel=EXACT)

    def test_all_draws_on_one_side(self):
        ours = regions.bca(np.arange(1.0, 50)[:, None], np.zeros(1), np.zeros(1), 0.9)
        assert np.isnan(ours.low[0])
        assert np.isnan(ours.high[0])

    def test_acceleration_with_strata_of_a_mean_is_its_skewness(self):
        """A sum of stratum means has third cumulant sum m3 / n_s^2 over strata."""
        rng = np.random.default_rng(2)
        groups = [rng.gamma(2, size=n) for n in (6, 11)]
        left, sizes = [], []
        for s, g in enumerate(groups):
            for i in range(len(g)):
                parts = [np.delete(h, i) if t == s else h for t, h in enumerate(groups)]
                left.append([sum(p.mean() for p in parts)])
                sizes.append(len(g))
        a = regions.acceleration(np.array([sum(g.mean() for g in groups)]), np.array(left), np.array(sizes))
        third = sum(((g - g.mean()) ** 3).sum() / len(g) ** 3 for g in groups)
        second = sum(((g - g.mean()) ** 2).sum() / len(g) ** 2 for g in groups)
        assert a[0] == pytest.approx(third / (6 * second**1.5), rel=ROUNDING)


class TestDoors:
    def test_counts_are_the_same_as_drawing_regions(self):
        """Every measure of a draw equals the measure of the regions that were drawn, histories whole."""
        chosen = [name for name, m in MEASURES.items() if not m.weighted_only]
        x = lognormal(4, 9)
        result = sc.sigma(panel_of(x), "v", measures=chosen)
        index = np.random.default_rng(0).integers(0, 9, size=(6, 9))
        found = result._measure(counts_of(index, 9))
        for b, chosen_regions in enumerate(index):
            again = sc.sigma(panel_of(x[:, chosen_regions]), "v", measures=chosen)
            np.testing.assert_allclose(found[b], again.table[chosen], rtol=ROUNDING)

    @pytest.mark.parametrize("population", [None, "pop"])
    @pytest.mark.parametrize("door", ["dagum", "theil"])
    def test_decompositions_of_counts_are_those_of_drawn_regions(self, door, population):
        options = {"groups": "fine"} if door == "dagum" else {"groups": ["wide", "fine"]}
        x, pop = values(), people()
        result = getattr(sc, door)(panel(x, pop), "v", population=population, **options)
        rng = np.random.default_rng(1)
        index = np.stack(
            [np.concatenate([rng.choice(np.flatnonzero(c == fine_codes), (c == fine_codes).sum()) for c in range(5)])]
        )
        found = result._sample(counts_of(index, 12))[0]
        again = getattr(sc, door)(panel(x[:, index[0]], pop[:, index[0]]), "v", population=population, **options)
        np.testing.assert_allclose(found, again.table[list(result._sample.names)], rtol=ROUNDING, atol=EXACT)

    def test_estimates_are_the_table(self):
        result = sc.sigma(panel_of(lognormal()), "v", measures=("sd", "cv", "gini", "sd_log"))
        found = result.bootstrap(draws=50, seed=1)
        for name in ("sd", "cv", "gini", "sd_log"):
            np.testing.assert_allclose(found.table.loc[name]["estimate"], result.table[name], rtol=ROUNDING)
            change = result.table[name].iloc[-1] - result.table[name].iloc[0]
            assert found.changes.loc[name, "estimate"] == pytest.approx(change, rel=ROUNDING)
        for door in (sc.dagum, sc.theil):
            parts = door(panel(), "v", groups="fine")
            estimates = parts.bootstrap(draws=50, seed=1).table["estimate"].unstack("measure")
            np.testing.assert_allclose(estimates[parts.table.columns], parts.table, rtol=ROUNDING, atol=EXACT)

    def test_seed_and_jobs(self):
        rng = np.random.default_rng(0)
        wide = panel_of(rng.lognormal(size=(20, 400)))
        result = sc.sigma(wide, "v", measures="gini")
        a = result.bootstrap(draws=300, seed=7, jobs=1, progress=False)
        # Threads, since processes take seconds to start.
        with parallel_config(backend="threading"):
            b = result.bootstrap(draws=300, seed=7, jobs=2, progress=False)
        pd.testing.assert_frame_equal(a.table, b.table)
        pd.testing.assert_frame_equal(a.changes, b.changes)
        assert not a.table.equals(result.bootstrap(draws=300, seed=8, progress=False).table)
        assert a.provenance.seed == 7

    def test_whole_histories_make_the_change_surer_than_its_ends(self):
        """Persistent regions: the change varies less than independent ends would."""
        rng = np.random.default_rng(4)
        base = rng.normal(size=60)
        x = np.exp(np.stack([base, 0.8 * base + 0.1 * rng.normal(size=60)]))
        found = sc.sigma(panel_of(x), "v", measures="sd_log").bootstrap(draws=500, seed=1)
        apart = np.sqrt((found.table["std_error"] ** 2).sum())
        assert found.changes.loc["sd_log", "std_error"] < 0.6 * apart
        assert found.changes.loc["sd_log", "conf_high"] < 0

    def test_standard_error_of_the_mean(self):
        x = lognormal(1, 40)
        found = sc.sigma(panel_of(x), "v", measures=("mean", "sd")).bootstrap(draws=4000, seed=2)
        assert found.table.loc[("mean", 1), "std_error"] == pytest.approx(x.std() / np.sqrt(40), rel=0.06)
        assert len(found.changes) == 0

    def test_views_and_notes(self):
        found = sc.dagum(panel(), "v", groups="fine").bootstrap(draws=60, seed=1, method="percentile")
        assert "change" in repr(found)
        assert "60 draws of regions as whole histories; 95 % percentile intervals" in repr(found)
        assert any("groups of one region, which add no variation: 1" in note for note in found.notes)
        assert any("2 regions in the smallest group resampled are few" in note for note in found.notes)
        tidy = found.tidy()
        assert tidy.loc[0, "term"] == "gini (2000)"
        assert tidy["term"].iloc[-1] == "change of gross_between_share"
        assert found.glance().loc[0, "draws"] == 60
        assert found.to_dict()["provenance"]["seed"] == 1

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"draws": 1}, "draws must be a whole number of at least 2"),
            ({"method": "normal"}, "method must be one of 'bca', 'percentile'"),
            ({"level": 1.0}, "level must lie strictly between 0 and 1"),
            ({"seed": -1}, "seed must be"),
        ],
    )
    def test_options(self, options, message):
        with pytest.raises(OptionError, match=message):
            sc.sigma(panel_of(lognormal()), "v").bootstrap(**options)

    def test_two_regions(self):
        with pytest.raises(DataError, match="a bootstrap needs three regions or more; the panel has 2"):
            sc.sigma(panel_of(lognormal(3, 2)), "v").bootstrap(draws=10)

    def test_groups_of_one_region_each(self):
        result = sc.dagum(panel_of(lognormal(2, 4)), "v", groups={f"r{i}": i for i in range(4)})
        with pytest.raises(DataError, match="nothing can be resampled"):
            result.bootstrap(draws=10)

    @pytest.mark.slow
    @pytest.mark.parametrize("n", [11, 40, 100])
    def test_coverage_that_the_note_quotes(self, n):
        rng, sigma, rho = np.random.default_rng(9), np.array([0.5, 0.4]), 0.8
        truth = 2 * stats.norm.cdf(sigma / np.sqrt(2)) - 1
        samples = []
        for _ in range(250):
            z = rng.normal(size=(2, n))
            z[1] = rho * z[0] + np.sqrt(1 - rho**2) * z[1]
            samples.append(sc.sigma(panel_of(np.exp(z * sigma[:, None])), "v", measures="gini"))
        for method, quoted in COVERAGE[n].items():
            hits = []
            for k, sample in enumerate(samples):
                found = sample.bootstrap(draws=699, seed=k, progress=False, method=method)
                first, change = found.table.iloc[0], found.changes.iloc[0]
                own = first["conf_low"] < truth[0] < first["conf_high"]
                hits.append((own, change["conf_low"] < truth[1] - truth[0] < change["conf_high"]))
            for share, percent in zip(np.mean(hits, axis=0), quoted, strict=True):
                # Three standard errors of both simulations.
                slack = 3 * np.sqrt(share * (1 - share) * (1 / 250 + 1 / 1000)) + 0.005
                assert abs(share - percent / 100) < slack, (method, share, percent)
