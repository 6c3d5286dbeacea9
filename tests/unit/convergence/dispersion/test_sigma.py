"""Sigma convergence: published figures, REAT, statsmodels, scipy, brute force and Monte Carlo."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv._core.dynamics.trend import newey_west_lags, trend
from spatialconv._core.hypotheses import paired
from spatialconv.convergence.dispersion.sigma_tests import HAC_SIZE
from spatialconv.errors import DataError, MissingDataError, NotPositiveError, OptionError, UnbalancedPanelError
from spatialconv.results import TIDY
from tests.terminal import plain_repr
from tests.tolerances import EXACT, REFERENCE, ROUNDING

ALL = ("mean", "sd", "cv", "mean_log", "sd_log", "cv_log")
REFERENCES = Path(__file__).parents[3] / "reference"


def panel_of(values, periods=None, **columns):
    """Return a panel of a (T, N) array."""
    values = np.asarray(values, dtype=float)
    periods = list(range(1, len(values) + 1)) if periods is None else list(periods)
    regions = [f"r{i}" for i in range(values.shape[1])]
    frame = pd.DataFrame(
        [(r, t, values[k, i]) for k, t in enumerate(periods) for i, r in enumerate(regions)],
        columns=["region", "period", "v"],
    )
    return sc.Panel(frame.assign(**columns), region="region", period="period")


def lognormal(periods=6, regions=9, seed=5):
    return np.exp(np.random.default_rng(seed).normal(1.0, 0.7, size=(periods, regions)))


def states():
    wide = pd.read_csv(REFERENCES / "reat" / "data.csv").rename(columns=lambda c: int(c[1:]) if c[1:].isdigit() else c)
    long = wide.melt("name", var_name="year", value_name="income")
    return sc.Panel(long.astype({"year": int, "income": float}), region="name", period="year")


# ---------------------------------------------------------------------- the published case


@pytest.fixture(scope="module")
def result():
    return sc.sigma(sc.datasets.zhejiang().panel, "exports", measures=ALL)


class TestZhejiang:
    def test_printed_figures(self, result):
        table = result.table
        assert table.loc[[2016, 2020], "sd_log"].round(2).tolist() == [1.84, 1.77]
        assert table.loc[[2016, 2020], "cv_log"].round(2).tolist() == [0.95, 0.55]
        assert (table["n"] == 11).all()

    def test_what_the_figures_hide_is_said(self, result):
        assert result.notes[0].startswith("cv_log depends on the unit of exports")
        assert (
            "0.95 (2016) and 0.55 (2020) would be 0.21 and 0.17 in a unit a thousand times smaller" in result.notes[0]
        )
        panel = sc.datasets.zhejiang().panel
        rescaled = sc.sigma(panel.assign(exports=panel.frame["exports"] * 1000), "exports", measures=ALL)
        np.testing.assert_allclose(rescaled.table["sd_log"], result.table["sd_log"], rtol=EXACT)
        assert rescaled.table["cv_log"].round(2).iloc[[0, -1]].tolist() == [0.21, 0.17]

    def test_dispersion_has_not_changed_by_any_test(self, result):
        assert all(test.p_value > 0.4 for test in result.tests)
        low, high = result.ratio_interval
        assert low < 1 < high

    def test_repr(self, result):
        lines = plain_repr(result).splitlines()
        assert lines[0] == "Sigma convergence of exports: 11 regions x 5 periods (2016 to 2020)"
        assert lines[1] == "  standard deviation of logs: 1.8413 (2016), 1.7740 (2020)"
        assert lines[2] == "  equal variances in 2016 and 2020 (Pitman-Morgan, paired): t(9) = -0.355, p = 0.731"
        assert lines[3].startswith("  trend of ln sd_log: -0.0050 a unit of time (HAC s.e. 0.0062, p = 0.477)")
        assert 3 <= len(lines) <= 8


# ---------------------------------------------------------------------- table


class TestTable:
    def test_columns_by_default(self):
        table = sc.sigma(panel_of(lognormal()), "v").table
        # The coefficient of variation of logs, which depends on the unit, comes on request only.
        assert list(table.columns) == ["n", "mean", "sd", "cv", "mean_log", "sd_log", "sd_log_ratio"]
        assert list(table.index) == [1, 2, 3, 4, 5, 6]
        assert table.index.name == "period"

    def test_pandas_agrees(self):
        values = lognormal()
        table = sc.sigma(panel_of(values), "v", measures=ALL).table
        frame = pd.DataFrame(values.T)
        logs = np.log(frame)
        expected = pd.DataFrame(
            {
                "mean": frame.mean(),
                "sd": frame.std(),
                "cv": frame.std() / frame.mean(),
                "mean_log": logs.mean(),
                "sd_log": logs.std(),
                "cv_log": logs.std() / logs.mean(),
                "sd_log_ratio": logs.std() / logs.std()[0],
            }
        )
        np.testing.assert_allclose(table[expected.columns], expected, rtol=EXACT)

    def test_measures_by_name(self):
        table = sc.sigma(panel_of(lognormal()), "v", measures=("gini", "mean", "theil_t")).table
        assert list(table.columns) == ["n", "gini", "mean", "theil_t", "gini_ratio"]
        assert table["gini_ratio"].iloc[0] == 1.0
        assert list(sc.sigma(panel_of(lognormal()), "v", measures="sd").table.columns) == ["n", "sd", "sd_ratio"]

    def test_levels_may_be_negative_where_no_measure_minds(self):
        values = np.random.default_rng(2).normal(size=(4, 8))
        result = sc.sigma(panel_of(values), "v", measures=("sd", "cv"))
        assert not result.log
        assert "negative values, so its mean is no yardstick" in result.notes[0]
        np.testing.assert_allclose(result.table["sd"], values.std(axis=1, ddof=1), rtol=EXACT)

    def test_order_of_rows_does_not_matter(self):
        panel = panel_of(lognormal())
        shuffled = sc.Panel(panel.frame.sample(frac=1, random_state=1), region="region", period="period")
        a, b = sc.sigma(panel, "v"), sc.sigma(shuffled, "v")
        pd.testing.assert_frame_equal(a.table, b.table, rtol=EXACT)
        pd.testing.assert_frame_equal(a.tidy(), b.tidy(), rtol=ROUNDING)

    def test_panel_is_not_modified(self):
        panel = panel_of(lognormal())
        before = panel.frame
        sc.sigma(panel, "v")
        pd.testing.assert_frame_equal(panel.frame, before)

    def test_what_was_left_out_is_noted(self):
        panel = panel_of(lognormal()).subset(regions=[f"r{i}" for i in range(5)])
        assert "left out by panel.subset()" in sc.sigma(panel, "v").notes[0]


# ---------------------------------------------------------------------- trend


class TestTrend:
    def test_reat_slopes_and_iid_standard_errors(self):
        """REAT's least squares agree in slope, standard error, t and p; ours adds the HAC ones."""
        reference = json.loads((REFERENCES / "reat" / "reference.json").read_text())["sigmaconv_trend"]
        slopes = sc.sigma(states(), "income", measures=ALL).trend
        for term, key in [("sd", "sd_level"), ("sd_log", "sd_log"), ("cv", "cv_level"), ("cv_log", "cv_log")]:
            theirs = reference[f"{key}_sample"]["estimates"]["Time"]
            ours = slopes.loc[term, ["estimate", "std_error_ols", "statistic_ols", "p_value_ols"]]
            np.testing.assert_allclose(ours.astype(float), list(theirs.values()), rtol=ROUNDING)
            assert slopes.loc[term, "std_error"] > slopes.loc[term, "std_error_ols"]

    def test_statsmodels_newey_west(self):
        cases = json.loads((REFERENCES / "hac" / "reference.json").read_text())["cases"]
        panel = states()
        for case in cases:
            part = panel.subset(periods=panel.periods[: case["periods"]])
            row = sc.sigma(part, "income", measures="sd_log", lags=case["lags"]).trend.loc["sd_log"]
            ours = row[["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]].astype(float)
            theirs = [case[k] for k in ("slope", "std_error", "t", "p", "conf_low", "conf_high")]
            np.testing.assert_allclose(ours, theirs, rtol=ROUNDING, err_msg=str(case))
        assert len(cases) == 12

    @pytest.mark.parametrize("lags", [0, 1, 3, 5])
    def test_sandwich_written_out(self, lags):
        rng = np.random.default_rng(4)
        y, time = rng.normal(size=12), np.cumsum(rng.uniform(0.5, 2.0, size=12)) + 2000
        X = np.column_stack([np.ones(12), time - time.mean()])
        b = np.linalg.solve(X.T @ X, X.T @ y)
        e = y - X @ b
        meat = sum(
            max(0.0, 1 - abs(s - t) / (lags + 1)) * e[s] * e[t] * np.outer(X[s], X[t])
            for s in range(12)
            for t in range(12)
        )
        bread = np.linalg.inv(X.T @ X)
        fit = trend(y, time, lags)
        assert fit.slope == pytest.approx(b[1], rel=REFERENCE)
        assert fit.intercept + fit.slope * time.mean() == pytest.approx(b[0], rel=REFERENCE)
        assert fit.se_hac == pytest.approx(np.sqrt((bread @ meat @ bread)[1, 1] * 12 / 10), rel=REFERENCE)
        assert fit.se_ols == pytest.approx(np.sqrt(e @ e / 10 * bread[1, 1]), rel=REFERENCE)

    def test_iid_trend_is_scipys_linregress(self):
        values = lognormal(8)
        row = sc.sigma(panel_of(values), "v").trend.loc["ln sd_log"]
        fit = stats.linregress(np.arange(1, 9), np.log(np.log(values).std(axis=1, ddof=1)))
        np.testing.assert_allclose(
            row[["estimate", "std_error_ols", "p_value_ols"]], [fit.slope, fit.stderr, fit.pvalue], rtol=ROUNDING
        )

    def test_time_is_measured_by_the_labels(self):
        values = lognormal(4)
        yearly, decades = (sc.sigma(panel_of(values, p), "v").trend for p in ([1, 2, 3, 4], [1950, 1960, 1970, 1980]))
        np.testing.assert_allclose(decades["estimate"] * 10, yearly["estimate"], rtol=ROUNDING)
        np.testing.assert_allclose(decades["p_value"], yearly["p_value"], rtol=ROUNDING)

    def test_gaps_and_words_are_noted(self):
        assert any("not evenly spaced" in n for n in sc.sigma(panel_of(lognormal(3), [2000, 2001, 2005]), "v").notes)
        assert any("per position" in n for n in sc.sigma(panel_of(lognormal(3), ["a", "b", "c"]), "v").notes)

    def test_lags(self):
        assert [newey_west_lags(n) for n in (5, 20, 40, 80, 81, 100, 500)] == [2, 2, 3, 3, 3, 4, 5]
        assert (sc.sigma(panel_of(lognormal()), "v").trend["lags"] == 2).all()
        assert (sc.sigma(panel_of(lognormal()), "v", lags=0).trend["lags"] == 0).all()

    def test_alternatives_share_out_the_probability(self):
        panel = panel_of(lognormal())
        two, less, greater = (sc.sigma(panel, "v", alternative=a) for a in ("two-sided", "less", "greater"))
        for column in ("p_value", "p_value_ols"):
            np.testing.assert_allclose(less.trend[column] + greater.trend[column], 1.0, rtol=EXACT)
            np.testing.assert_allclose(
                2 * np.minimum(less.trend[column], greater.trend[column]), two.trend[column], rtol=ROUNDING
            )
        falling = (less.trend["estimate"] < 0).to_numpy()
        assert ((less.trend["p_value"] < 0.5).to_numpy() == falling).all()

    def test_a_line_without_deviations_has_no_standard_error(self):
        logs = np.outer([4.0, 3.0, 2.0, 1.0], [-1.0, 0.0, 1.0])
        result = sc.sigma(panel_of(np.exp(logs)), "v", measures="sd_log")
        assert result.trend.loc["sd_log", "estimate"] == pytest.approx(-1.0, abs=EXACT)
        assert np.isnan(result.trend.loc["sd_log", "p_value"])

    @pytest.mark.slow
    def test_sizes_that_the_note_quotes(self):
        rng = np.random.default_rng(20)
        draws = 4000
        for n, quoted in HAC_SIZE.items():
            time, critical = np.arange(n, dtype=float), stats.t.ppf(0.975, n - 2)
            for rho, percent in zip((0.0, 0.8), quoted, strict=True):
                e = np.empty((draws, n))
                e[:, 0] = rng.normal(size=draws) / np.sqrt(1 - rho**2)
                for k in range(1, n):
                    e[:, k] = rho * e[:, k - 1] + rng.normal(size=draws)
                fits = [trend(row, time, newey_west_lags(n)) for row in e]
                size = np.mean([abs(f.slope / f.se_hac) > critical for f in fits])
                # Three standard errors of the simulation, and the rounding of what is quoted.
                assert abs(100 * size - percent) < 300 * np.sqrt(size * (1 - size) / draws) + 0.5 + 0.8, (n, rho, size)


# ---------------------------------------------------------------------- first against last period


def pair(n=15, rho=0.8, ratio=0.5, seed=1):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(2, n))
    return z[0], 3.0 + np.sqrt(ratio) * (rho * z[0] + np.sqrt(1 - rho**2) * z[1])


class TestPaired:
    def test_pitman_morgan_is_the_correlation_of_sum_and_difference(self):
        for seed in range(5):
            x, y = pair(seed=seed)
            r = stats.pearsonr(y - x, y + x)
            ours = paired.pitman_morgan(paired.paired_variances(x, y))
            assert ours.statistic == pytest.approx(r.statistic * np.sqrt(13 / (1 - r.statistic**2)), rel=ROUNDING)
            assert ours.p_value == pytest.approx(r.pvalue, rel=ROUNDING)
            assert ours.df == 13

    def test_sides(self):
        x, y = pair(ratio=0.1)
        m = paired.paired_variances(x, y)
        assert m.ratio < 1
        for test in (paired.pitman_morgan, paired.carree_klomp_t3):
            two, less, greater = (test(m, t).p_value for t in ("two-sided", "less", "greater"))
            assert less < 0.05 < 0.95 < greater
            assert less + greater == pytest.approx(1, abs=EXACT)
            assert two == pytest.approx(2 * less, rel=ROUNDING)

    def test_t2_is_the_corrected_likelihood_ratio_of_two_dense_normals(self):
        """Twice the gain in log-likelihood of unequal over equal variances, times (N - 2.5) / N."""
        x, y = pair(n=12)
        data = np.vstack([x, y])
        free = np.cov(data, ddof=0)
        common = np.trace(free) / 2
        equal = np.array([[common, free[0, 1]], [free[0, 1], common]])
        centred = (data - data.mean(axis=1, keepdims=True)).T
        loglik = [stats.multivariate_normal(np.zeros(2), s).logpdf(centred).sum() for s in (free, equal)]
        ours = paired.carree_klomp_t2(paired.paired_variances(x, y))
        assert ours.statistic == pytest.approx(2 * (loglik[0] - loglik[1]) * (12 - 2.5) / 12, rel=ROUNDING)
        assert ours.p_value == pytest.approx(stats.chi2.sf(ours.statistic, 1), rel=EXACT)

    def test_t2_is_a_function_of_pitman_morgan(self):
        m = paired.paired_variances(*pair())
        t = paired.pitman_morgan(m).statistic
        assert paired.carree_klomp_t2(m).statistic == pytest.approx(12.5 * np.log1p(t**2 / 13), rel=ROUNDING)

    def test_t3_written_out(self):
        x, y = pair()
        slope = stats.linregress(x, y).slope
        expected = np.sqrt(15) * (np.var(x, ddof=1) / np.var(y, ddof=1) - 1) / (2 * np.sqrt(1 - slope**2))
        ours = paired.carree_klomp_t3(paired.paired_variances(x, y))
        assert ours.statistic == pytest.approx(expected, rel=ROUNDING)
        assert ours.p_value == pytest.approx(2 * stats.norm.sf(abs(expected)), rel=ROUNDING)

    def test_t3_variance_is_that_of_the_ratio(self):
        """Delta method: N Var(s1^2 / sT^2) tends to 4 (1 - correlation^2) under equal variances."""
        rng = np.random.default_rng(8)
        n, draws, rho = 400, 4000, 0.7
        z = rng.normal(size=(2, draws, n))
        x, y = z[0], rho * z[0] + np.sqrt(1 - rho**2) * z[1]
        spread = np.sqrt(n) * np.std(x.var(axis=1) / y.var(axis=1)) / (2 * np.sqrt(1 - rho**2))
        assert spread == pytest.approx(1.0, abs=3 / np.sqrt(2 * draws) + 0.01)

    def test_interval_is_where_the_test_no_longer_rejects(self):
        x, y = pair()
        m = paired.paired_variances(x, y)
        for level in (0.8, 0.95):
            for end in paired.ratio_interval(m, level):
                scaled = paired.pitman_morgan(paired.paired_variances(x, y / np.sqrt(end)))
                assert scaled.p_value == pytest.approx(1 - level, rel=ROUNDING)

    def test_level_reaches_the_interval(self):
        panel = panel_of(lognormal())
        wide, narrow = (sc.sigma(panel, "v", level=level).ratio_interval for level in (0.99, 0.5))
        assert wide[0] < narrow[0] < sc.sigma(panel, "v").ratio < narrow[1] < wide[1]

    def test_logs_are_compared_and_in_the_right_order(self):
        values = lognormal(4)
        result = sc.sigma(panel_of(values), "v")
        assert result.log
        expected = np.log(values[-1]).var() / np.log(values[0]).var()
        assert result.ratio == pytest.approx(expected, rel=EXACT)
        assert np.sign(result.pitman_morgan.statistic) == np.sign(expected - 1)
        levels = sc.sigma(panel_of(values), "v", measures=("sd", "gini"))
        assert levels.ratio == pytest.approx(values[-1].var() / values[0].var(), rel=EXACT)

    @pytest.mark.parametrize("n", [11, 48])
    def test_sizes_under_equal_variances(self, n):
        """Nominal 5 % tests of pairs with correlation 0.9; T3 is as the docstring says, no better."""
        rng = np.random.default_rng(n)
        z = rng.normal(size=(2, 6000, n))
        x, y = z[0], 0.9 * z[0] + np.sqrt(1 - 0.81) * z[1]
        moments = [paired.paired_variances(a, b) for a, b in zip(x, y, strict=True)]
        sizes = {
            "pm": np.mean([paired.pitman_morgan(m).p_value < 0.05 for m in moments]),
            "pm_less": np.mean([paired.pitman_morgan(m, "less").p_value < 0.05 for m in moments]),
            "t2": np.mean([paired.carree_klomp_t2(m).p_value < 0.05 for m in moments]),
        }
        for name, size in sizes.items():
            assert abs(size - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 6000), (name, size)
        t3 = [paired.carree_klomp_t3(m) for m in moments]
        assert np.mean([o.p_value < 0.05 for o in t3]) == pytest.approx({11: 0.039, 48: 0.078}[n], abs=0.011)
        assert np.mean([bool(o.reason) for o in t3]) == pytest.approx({11: 0.24, 48: 0.06}[n], abs=0.02)
        f = [m.first / m.last for m in moments]
        low, high = stats.f.ppf([0.025, 0.975], n - 1, n - 1)
        assert np.mean([(v < low) | (v > high) for v in f]) < 0.003

    def test_power_that_the_f_test_lacks(self):
        rng = np.random.default_rng(3)
        z = rng.normal(size=(2, 1000, 48))
        x, y = z[0], np.sqrt(0.75) * (0.9 * z[0] + np.sqrt(1 - 0.81) * z[1])
        moments = [paired.paired_variances(a, b) for a, b in zip(x, y, strict=True)]
        assert np.mean([paired.pitman_morgan(m).p_value < 0.05 for m in moments]) > 0.55
        assert np.mean([2 * stats.f.sf(m.first / m.last, 47, 47) < 0.05 for m in moments]) < 0.1


# ---------------------------------------------------------------------- bad input, degenerate samples


class TestDegenerate:
    def test_constant_variable(self):
        result = sc.sigma(panel_of(np.full((4, 6), 0.1)), "v", measures=("sd_log", "cv", "gini"))
        assert (result.table[["sd_log", "cv", "gini"]].abs() < EXACT).all().all()
        assert all(np.isnan(t.p_value) and t.reason for t in result.tests)
        assert "same value in the first or the last period" in result.pitman_morgan.reason
        assert "same value in the first or the last period" in plain_repr(result)

    def test_last_is_a_multiple_of_first(self):
        x = lognormal(1)[0]
        result = sc.sigma(panel_of([x, x**2, x**0.5]), "v")
        assert "exact linear function" in result.pitman_morgan.reason
        assert result.ratio == pytest.approx(0.25, abs=EXACT)

    def test_t3_with_a_slope_above_one(self):
        x, y = pair(ratio=4.0)
        outcome = paired.carree_klomp_t3(paired.paired_variances(x, y))
        assert np.isnan(outcome.p_value)
        assert "T3 needs |pi| < 1" in outcome.reason

    def test_one_period(self):
        result = sc.sigma(panel_of(lognormal(1), [2020]), "v")
        assert result.table.shape == (1, 7)
        assert all(np.isnan(t.p_value) for t in result.tests)
        assert result.pitman_morgan.reason == "the panel has one period, 2020"
        assert np.isnan(result.ratio)
        assert "undefined" in repr(result)

    def test_two_periods_have_a_test_and_no_trend(self):
        result = sc.sigma(panel_of(lognormal(2)), "v")
        assert result.tests[-1].reason == "fewer than three periods"
        assert 0 < result.pitman_morgan.p_value < 1

    def test_two_regions(self):
        result = sc.sigma(panel_of(lognormal(5, 2)), "v")
        assert "three are needed" in result.pitman_morgan.reason

    def test_one_region(self):
        with pytest.raises(DataError, match="dispersion needs two regions or more; the panel has one, 'r0'"):
            sc.sigma(panel_of(lognormal(5, 1)), "v")

    @pytest.mark.parametrize(
        ("value", "error", "message"),
        [
            (0.0, NotPositiveError, "zero: 1"),
            (-1.0, NotPositiveError, "negative: 1"),
            (np.nan, MissingDataError, "is missing in"),
            (np.inf, MissingDataError, "is infinite in"),
        ],
    )
    def test_bad_values(self, value, error, message):
        values = lognormal()
        values[2, 3] = value
        with pytest.raises(error, match=message):
            sc.sigma(panel_of(values), "v")

    def test_negative_values_and_gini(self):
        values = lognormal()
        values[2, 3] = -1.0
        with pytest.raises(
            NotPositiveError, match=r"gini of 'v' cannot be had of negative values; negative in \('r3', 3\)"
        ):
            sc.sigma(panel_of(values), "v", measures=("gini", "sd"))

    def test_theil_l_of_zero(self):
        values = lognormal()
        values[2, 3] = 0.0
        with pytest.raises(NotPositiveError, match="the logarithm of 'v' needs positive values"):
            sc.sigma(panel_of(values), "v", measures=("theil_l",))
        assert sc.sigma(panel_of(values), "v", measures=("theil_t",)).table["theil_t"].notna().all()

    def test_unbalanced(self):
        panel = panel_of(lognormal())
        holes = sc.Panel(panel.frame.drop(index=3), region="region", period="period")
        with pytest.raises(UnbalancedPanelError, match="r3"):
            sc.sigma(holes, "v")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"measures": ("sd_log", "range")}, "measures must be one of 'mean', 'sd'"),
            ({"measures": ("mean",)}, "must name at least one measure of dispersion"),
            ({"measures": ()}, "must name at least one measure of dispersion"),
            ({"measures": ("sd", "sd")}, "measures names 'sd' more than once"),
            ({"alternative": "one-sided"}, "alternative must be one of"),
            ({"lags": -1}, "lags must be a whole number of at least 0"),
            ({"level": 95}, "level must lie strictly between 0 and 1"),
        ],
    )
    def test_options(self, options, message):
        with pytest.raises(OptionError, match=message):
            sc.sigma(panel_of(lognormal()), "v", **options)


class TestHouse:
    def test_views(self):
        result = sc.sigma(panel_of(lognormal()), "v")
        tidy = result.tidy()
        assert tuple(tidy.columns) == TIDY
        assert tidy["term"].tolist() == [
            *(f"trend of {n}" for m in ("sd", "cv", "sd_log") for n in (m, f"ln {m}")),
            "Pitman-Morgan test",
            "Carree-Klomp T2",
            "Carree-Klomp T3",
        ]
        row = tidy.set_index("term").loc["Pitman-Morgan test"]
        assert (row["estimate"], row["conf_low"], row["conf_high"]) == (result.ratio, *result.ratio_interval)
        assert result.glance().loc[0, "p_pitman_morgan"] == result.pitman_morgan.p_value
        assert result.glance().loc[0, "measure_last"] == result.table["sd_log"].iloc[-1]
        assert json.loads(json.dumps(result.to_dict()))["provenance"]["options"]["lags"] == 2
        assert "sd_log" in result._repr_html_()
        assert repr(result) == repr(sc.sigma(panel_of(lognormal()), "v"))

    def test_hypotheses_in_words(self):
        test = sc.sigma(panel_of(lognormal()), "v", alternative="less").pitman_morgan
        assert test.null == "the variance of logs of v is the same in 1 and 6"
        assert test.alternative == "the variance of logs of v is smaller in 6 than in 1 (convergence)"
        last = sc.sigma(panel_of(lognormal()), "v", alternative="less").tests
        assert last[1].alternative == "the variance of logs of v differs between 1 and 6"
        assert last[-1].alternative == "ln sd_log falls (convergence)"

    def test_frozen(self):
        result = sc.sigma(panel_of(lognormal()), "v")
        with pytest.raises(AttributeError):
            result.ratio = 1.0
