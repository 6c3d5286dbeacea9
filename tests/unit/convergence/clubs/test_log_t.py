"""The log t test: R, brute force, statsmodels, and its size by simulation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv._core.clubs import log_t as core
from spatialconv._core.clubs.hodrick_prescott import trend
from spatialconv.errors import DataError, MissingDataError, NotPositiveError, OptionError, UnbalancedPanelError
from spatialconv.results import TIDY
from tests import brute_clubs
from tests.terminal import plain_repr
from tests.tolerances import EXACT, OPTIM, REFERENCE, ROUNDING

FOLDER = Path(__file__).parents[3] / "reference" / "clubs"
R = json.loads((FOLDER / "reference.json").read_text())
BLOCKS = ("log_income_hp400", "log_income_hp100", "log_income_unfiltered", "log_income_hp400_1969_2009")


def wide(block):
    """Return the series of a block of the reference, shape (T, N), with the names of the states."""
    file = {"log_income_hp100": "filtered_hp100.csv", "log_income_unfiltered": "income_wide.csv"}.get(block, "data.csv")
    frame = pd.read_csv(FOLDER / file).set_index("name").drop(columns="id", errors="ignore")
    frame.columns = frame.columns.str.removeprefix("y").astype(int)
    if block == "log_income_unfiltered":
        frame = np.log(frame)
    return frame.T.loc[1969:] if block.endswith("2009") else frame.T


def panel_of(frame, **more):
    """Return a Panel of a frame with a row a period and a column a region."""
    frame = pd.DataFrame(frame)
    long = frame.rename_axis(index="year", columns="state").stack().rename("x").reset_index()
    return sc.Panel(long.assign(**more), region="state", period="year")


def paths(T=30, n=8, seed=3, alpha=0.4, noise=0.02):
    """Return positive series that converge at rate alpha, shape (T, n)."""
    rng = np.random.default_rng(seed)
    t = np.arange(1, T + 1)[:, None]
    return 10 * (1 + rng.normal(0, 0.3, n) * t**-alpha / np.log(t + 1)) + rng.normal(0, noise, (T, n))


# ---------------------------------------------------------------------- R


@pytest.mark.parametrize("block", BLOCKS)
class TestReference:
    def test_variance_of_the_paths(self, block):
        found = sc.log_t(panel_of(wide(block)), "x", log=False)
        np.testing.assert_allclose(found.variance, R[block]["H"], rtol=REFERENCE)

    @pytest.mark.parametrize(
        ("name", "given"),
        [
            ("logt_all_FQSB", {}),
            ("logt_all_FQSB", {"convention": "r"}),
            ("logt_all_AQSB", {"hac": "aqsb"}),
            ("logt_all_FQSB_trim_0.25", {"trim": 0.25}),
        ],
    )
    def test_regression(self, block, name, given):
        found, expected = sc.log_t(panel_of(wide(block)), "x", log=False, **given), R[block][name]
        np.testing.assert_allclose(
            [found.b, found.std_error, found.statistic, found.p_value],
            [expected[k] for k in ("b", "se", "t", "p")],
            rtol=ROUNDING,
        )


def test_logarithm_and_filter_from_levels():
    """Levels, logarithm and our own filter lead to the figures of R on statsmodels' trends."""
    panel = sc.datasets.us_income().panel
    for smooth, block in ((400, "log_income_hp400"), (100, "log_income_hp100"), (None, "log_income_unfiltered")):
        found, expected = sc.log_t(panel, "income", smooth=smooth), R[block]["logt_all_FQSB"]
        assert found.b == pytest.approx(expected["b"], rel=OPTIM)
        assert found.statistic == pytest.approx(expected["t"], rel=OPTIM)


# ---------------------------------------------------------------------- brute force and other software


@pytest.mark.parametrize("hac", ["fqsb", "qs", "aqsb", "ols"])
@pytest.mark.parametrize("seed", range(4))
def test_brute_force(hac, seed):
    X = paths(T=17 + 5 * seed, n=3 + 4 * seed, seed=seed)
    start = core.first_row(len(X), 1 / 3, "even")
    found = core.fit_one(X, core.Design(len(X), start, hac))
    np.testing.assert_allclose(
        [found.b[0], found.se[0], found.t[0]], brute_clubs.regression(X, start, hac), rtol=ROUNDING
    )


def test_newey_west_is_that_of_statsmodels():
    sm = pytest.importorskip("statsmodels.api")
    X = paths(T=40)
    found = sc.log_t(panel_of(X), "x", log=False, hac="newey-west")
    start = 13
    t = np.arange(start + 1, 41)
    y = np.log(found.variance.iloc[0] / found.variance.iloc[start:]) - 2 * np.log(np.log(t))
    lags = int(4 * (27 / 100) ** (2 / 9))
    fit = sm.OLS(y.to_numpy(), sm.add_constant(np.log(t))).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}
    )
    np.testing.assert_allclose([found.b, found.std_error], [fit.params[1], fit.bse[1]], rtol=REFERENCE)


def test_filter_is_that_of_statsmodels():
    filters = pytest.importorskip("statsmodels.tsa.filters.hp_filter")
    X = np.log(np.random.default_rng(1).uniform(5e3, 9e4, (37, 5)))
    for lam in (6.25, 100.0, 400.0, 1600.0):
        theirs = np.column_stack([filters.hpfilter(x, lam)[1] for x in X.T])
        np.testing.assert_allclose(trend(X, lam), theirs, rtol=ROUNDING)


@pytest.mark.parametrize("T", [3, 4, 5, 12])
def test_filter_solves_its_equations(T):
    X = np.random.default_rng(T).normal(size=(T, 3))
    D = np.diff(np.eye(T), n=2, axis=0)
    np.testing.assert_allclose(trend(X, 7.0), np.linalg.solve(np.eye(T) + 7.0 * D.T @ D, X), rtol=ROUNDING)
    line = np.arange(T)[:, None] * np.array([1.0, -2.0]) + 3.0
    np.testing.assert_allclose(trend(line, 400.0), line, atol=ROUNDING)


class TestGroups:
    """H of a group that grows, of a group with one more, of pairs: against the definition."""

    X = paths(n=12, noise=0.3)

    def test_growing(self):
        H, last = core.growing(core.group(self.X[:, :2]), self.X[:, 2:])
        expected = np.column_stack([brute_clubs.h_variance(self.X[:, :k]) for k in range(3, 13)])
        np.testing.assert_allclose(H, expected, rtol=REFERENCE)
        np.testing.assert_allclose(core.transition_variance(last), expected[:, -1], rtol=REFERENCE)

    def test_one_more(self):
        H = core.one_more(core.group(self.X[:, :4]), self.X[:, 4:])
        expected = np.column_stack([brute_clubs.h_variance(self.X[:, [0, 1, 2, 3, k]]) for k in range(4, 12)])
        np.testing.assert_allclose(H, expected, rtol=REFERENCE)

    def test_pairs(self):
        expected = np.column_stack([brute_clubs.h_variance(self.X[:, k : k + 2]) for k in range(11)])
        np.testing.assert_allclose(core.pairs(self.X), expected, rtol=REFERENCE)

    def test_no_digits_are_lost_where_regions_are_close(self):
        close = 1e6 + 1e-3 * np.random.default_rng(0).normal(size=(20, 30))
        H, _ = core.growing(core.group(close[:, :2]), close[:, 2:])
        exact = close.astype(np.longdouble)
        mean = exact.mean(axis=1, keepdims=True)
        # The values themselves carry 1e-10 each, of differences of 1e-3.
        np.testing.assert_allclose(H[:, -1], ((exact / mean - 1) ** 2).mean(axis=1).astype(float), rtol=1e-5)


def test_kernel_is_smooth_where_formula_and_series_meet():
    z = np.array([1e-6, 0.02, 0.0264, 0.0266, 0.03, 0.1, 1.0, 7.0])
    exact = np.array([float(brute_clubs.kernel(np.longdouble(v))) for v in z[1:]])
    np.testing.assert_allclose(core._kernel(z)[1:], exact, atol=EXACT)
    assert core._kernel(z)[0] == pytest.approx(1.0 - (1.2e-6 * np.pi) ** 2 / 10, rel=1e-15)


# ---------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("periods", "trim", "expected"),
    [(81, 1 / 3, (27, 27, 27)), (15, 0.3, (4, 5, 4)), (25, 0.5, (12, 13, 12)), (41, 1 / 3, (14, 14, 13))],
)
def test_rounding(periods, trim, expected):
    """r T = 4.5 and 12.5 go to the even number in R, away from zero in Stata."""
    assert tuple(core.first_row(periods, trim, how) for how in ("even", "away", "floor")) == expected


def test_conventions_differ_as_said():
    panel = panel_of(paths(T=40))
    used = {c: len(sc.log_t(panel, "x", convention=c, log=False).periods_used) for c in ("phillips-sul", "r", "stata")}
    assert used == {"phillips-sul": 27, "r": 27, "stata": 28}
    stata = sc.log_t(panel, "x", convention="stata", log=False, trim=1 / 3)
    assert stata.statistic == sc.log_t(panel, "x", log=False, rounding="away").statistic


def test_unit_of_a_plain_variable_does_not_matter():
    X = paths()
    a, *others = (sc.log_t(panel_of(c * X), "x", log=False) for c in (1.0, 1000.0, 1e300, 1e-200))
    for b in others:
        np.testing.assert_allclose([a.b, a.statistic], [b.b, b.statistic], rtol=ROUNDING)
        np.testing.assert_allclose(a.paths, b.paths, rtol=REFERENCE)


def test_order_of_rows_changes_nothing():
    panel = panel_of(paths())
    shuffled = sc.Panel(panel.frame.sample(frac=1, random_state=4), region="state", period="year")
    a, b = sc.log_t(panel, "x", log=False), sc.log_t(shuffled, "x", log=False)
    assert (a.b, a.std_error) == (b.b, b.std_error)
    assert list(b.paths.columns) == list(shuffled.regions)


def test_regions_choose_a_group():
    panel = panel_of(paths())
    a = sc.log_t(panel, "x", regions=[0, 3, 5], log=False)
    assert a.b == pytest.approx(brute_clubs.regression(paths()[:, [0, 3, 5]], 10)[0], rel=ROUNDING)
    assert "left out by panel.subset(): regions 5" in a.notes[0]


# ---------------------------------------------------------------------- result


class TestResult:
    found = sc.log_t(panel_of(wide("log_income_hp400_1969_2009")), "x", log=False)

    def test_attributes(self):
        f = self.found
        assert f.speed == f.b / 2
        assert not f.converges
        assert f.p_value == pytest.approx(stats.norm.cdf(f.statistic))
        np.testing.assert_allclose(f.conf_int, f.b + np.array([-1, 1]) * stats.norm.ppf(0.975) * f.std_error)
        np.testing.assert_allclose(f.paths.mean(axis=1), 1.0, rtol=EXACT)
        np.testing.assert_allclose(((f.paths - 1) ** 2).mean(axis=1), f.variance, rtol=ROUNDING)
        assert (f.periods_used[0], f.periods_used[-1], len(f.periods_used)) == (1983, 2009, 27)

    def test_frames(self):
        assert list(self.found.tidy().columns) == list(TIDY)
        assert self.found.glance().loc[0, "n_used"] == 27
        assert json.dumps(self.found.to_dict())

    def test_repr(self):
        lines = plain_repr(self.found).splitlines()
        assert lines[0] == "Log t test of x, unfiltered: 48 regions x 41 periods"
        assert lines[1] == "  b -0.4489 (HAC s.e. 0.0367), t = -12.237, p < 0.001, one-sided"
        assert lines[2] == "  convergence rejected (t <= -1.65); speed alpha = b/2 = -0.2245"
        assert "1983 to 2009; the first 14 discarded" in lines[3]
        assert lines[4].startswith("  note: size simulated at 30 regions and 40 periods, nominal 5 %")
        assert "<b>Log t test" in self.found._repr_html_()

    def test_filter_is_said(self):
        assert "Hodrick-Prescott trend (lambda 400)" in repr(sc.log_t(panel_of(np.exp(paths())), "x", smooth=400))


# ---------------------------------------------------------------------- what can be wrong


class TestBadInput:
    def test_not_positive(self):
        X = paths()
        X[3, 2] = 0
        with pytest.raises(NotPositiveError, match=r"zero: 1, negative: 1, in 2: \(1, 0\), \(2, 3\)"):
            sc.log_t(panel_of(X), "x")

    def test_first_period_missing(self):
        frame = panel_of(paths()).frame
        with pytest.raises(UnbalancedPanelError, match=r"missing in \('?4'?, 0\)"):
            sc.log_t(sc.Panel(frame.drop(index=4), region="state", period="year"), "x", log=False)
        frame.loc[4, "x"] = np.nan
        with pytest.raises(MissingDataError, match="Fill the gaps"):
            sc.log_t(sc.Panel(frame, region="state", period="year"), "x", log=False)

    def test_mean_of_logs_not_positive(self):
        with pytest.raises(DataError, match="Choose a smaller unit"):
            sc.log_t(panel_of(np.abs(paths()) / 1e3), "x")
        with pytest.raises(DataError, match="positive mean"):
            sc.log_t(panel_of(-paths()), "x", log=False)

    def test_too_few(self):
        for T, left in ((6, 4), (2, 1)):
            with pytest.raises(DataError, match=f"{T} periods, of which trim = 0.333333 discards .*, leave {left}"):
                sc.log_t(panel_of(paths(T=T)), "x", log=False)
        assert len(sc.log_t(panel_of(paths(T=7)), "x", log=False).periods_used) == 5
        with pytest.raises(DataError, match="trend needs three periods"):
            sc.log_t(panel_of(paths(T=2)), "x", log=False, smooth=400)
        with pytest.raises(DataError, match="needs two regions or more"):
            sc.log_t(panel_of(paths(n=1)), "x", log=False)
        assert "7 periods in the regression are few" in sc.log_t(panel_of(paths(T=10)), "x", log=False).notes[0]

    def test_options(self):
        panel = panel_of(paths())
        for given, said in (
            ({"trim": 0.01}, "leaves out none"),
            ({"trim": 1.2}, "trim must lie strictly between 0 and 1"),
            ({"hac": "white"}, "hac must be one of 'fqsb'"),
            ({"convention": "gauss"}, "convention must be one of"),
            ({"smooth": -1}, "smooth must be a positive number"),
            ({"smooth": True}, "smooth must be a positive number"),
            ({"threshold": "low"}, "threshold must be a finite number"),
            ({"log": "yes"}, "log must be True or False"),
            ({"level": 95}, "level must lie strictly between 0 and 1"),
        ):
            with pytest.raises(OptionError, match=said):
                sc.log_t(panel, "x", **{"log": False, **given})
        with pytest.raises(DataError, match="data enter by a Panel"):
            sc.log_t(panel.frame, "x")

    def test_regions_that_do_not_differ(self):
        same = np.tile(np.linspace(5, 9, 20)[:, None], 4)
        found = sc.log_t(panel_of(same), "x", log=False)
        assert found.converges
        assert np.isnan(found.b)
        assert "they have converged" in found.notes[0]
        apart = same + np.r_[0.0, np.arange(1, 20)][:, None] * np.arange(4)
        found = sc.log_t(panel_of(apart), "x", log=False)
        assert not found.converges
        assert found.statistic == -np.inf
        assert "they move apart" in found.notes[0]
        apart[15] = 3.0
        apart[0] += np.arange(4)
        found = sc.log_t(panel_of(apart), "x", log=False)
        assert np.isnan(found.statistic)
        assert not found.converges
        assert "undefined" in found.notes[0]
        assert "undefined" in repr(found)

    def test_uneven_periods_are_said(self):
        X = pd.DataFrame(paths(T=12), index=[*range(1950, 1961), 1970])
        found = sc.log_t(panel_of(X), "x", log=False)
        assert "not evenly spaced (after 1960)" in found.notes[0]

    def test_periods_may_be_text(self):
        X = pd.DataFrame(paths(T=20), index=[f"round {k:02d}" for k in range(20)])
        assert sc.log_t(panel_of(X), "x", log=False).periods_used[0] == "round 07"


# ---------------------------------------------------------------------- simulation


@pytest.mark.slow
def test_size_under_the_null():
    """Nominal 5 % at the edge of the null, alpha = 0, and at 0.3: T = 60, N = 100, autocorrelation 0.5; b = 2 alpha."""
    rng, T, n = np.random.default_rng(7), 60, 100
    t = np.arange(1, T + 1)[:, None]
    design = core.Design(T, 20, "fqsb")
    rates, slopes = [], []
    for alpha in (0.0, 0.3):
        H = np.empty((T, 2000))
        for k in range(2000):
            # delta_it = 1 + sigma_i xi_it / (L(t) t^alpha), xi an AR(1) (Phillips and Sul 2007, section 5).
            e = rng.normal(size=(T + 1, n))
            for s in range(1, T + 1):
                e[s] += 0.5 * e[s - 1]
            X = 1 + rng.uniform(0.02, 0.28, n) * e[1:] / (np.log(t + 1) * t**alpha)
            H[:, k] = core.transition_variance(core.group(X))
        rates.append(float((core.fit(H, design).t <= -1.65).mean()))
        slopes.append(float(core.fit(H, design).b.mean()))
    # As the docstring says; the standard error of a rate near 11 % is 0.7 points.
    assert rates[0] == pytest.approx(0.11, abs=0.022), rates
    assert rates[1] == 0, rates
    np.testing.assert_allclose(slopes, [0.0, 0.6], atol=0.03)
