"""The speed by nonlinear least squares: R's nls, the closed form of one span, a general optimiser, simulation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import spatialconv as sc
from spatialconv import errors
from spatialconv._core.regression.nonlinear_speed import best_speed, profile
from tests.tolerances import EXACT, NLS, OPTIM, ROUNDING

REFERENCE = Path(__file__).parents[3] / "reference" / "nls"
R = json.loads((REFERENCE / "reference.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def states():
    """Income in four years, with the dummy of the south."""
    wide = pd.read_csv(REFERENCE / "data.csv")
    long = wide.melt(["name", "south"], var_name="year", value_name="income")
    return sc.Panel(long.assign(year=long["year"].str[1:].astype(int)), region="name", period="year")


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income().panel


@pytest.mark.parametrize("span", [(1929, 2009), (1960, 1985)])
@pytest.mark.parametrize("controls", [(), ("south",)])
def test_agrees_with_nls_of_r(states, span, controls):
    want = R["nls_direct"][f"y{span[0]}_{span[1]}_{'south' if controls else 'absolute'}"]
    b = sc.beta_nls(states, "income", breaks=span, controls=controls)
    order = ["intercept", "speed", *controls]
    got = np.column_stack([b.params[order], b.std_errors[order], b.tstats[order]])
    expected = np.array([[v[c] for c in ("Estimate", "Std. Error", "t value")] for v in want["estimates"].values()])
    np.testing.assert_allclose(got, expected, rtol=NLS)
    np.testing.assert_allclose(b.pvalues[order], [v["Pr(>|t|)"] for v in want["estimates"].values()], rtol=1e-4)
    assert b.loglik == pytest.approx(want["loglik"], abs=ROUNDING)
    assert b.sse == pytest.approx(want["rss"], rel=ROUNDING)
    assert b.sigma2 == pytest.approx(want["sigma"] ** 2, rel=ROUNDING)
    assert b.half_life == pytest.approx(want["half_life"], rel=OPTIM)


def test_reat_transforms_its_speed_twice(states):
    """What REAT prints as half-life is ln 2 over the speed taken for a slope; ours is ln 2 over the speed."""
    printed = R["betaconv_nls_as_printed"]["y1929_2009_absolute"]["absolute"]
    b = sc.beta_nls(states, "income", breaks=(1929, 2009))
    assert printed["Halflife"]["Estimate"] == pytest.approx(3338.7, abs=0.1)
    assert b.half_life == pytest.approx(42.081, abs=0.001)
    assert printed["Halflife"]["Estimate"] == pytest.approx(np.log(2) / (np.log1p(b.speed) / 80), rel=0.05)


def test_one_span_is_a_transformed_least_squares_slope(us):
    for a, b in ((1929, 1930), (1940, 1985), (1929, 2009)):
        log = np.log(us.values("income", periods=[a, b]))
        slope, intercept = np.polyfit(log[0], (log[1] - log[0]) / (b - a), 1)
        found = sc.beta_nls(us, "income", breaks=(b, a))
        assert found.speed == pytest.approx(-np.log1p((b - a) * slope) / (b - a), rel=1e-9)
        assert found.params["intercept"] == pytest.approx(intercept, rel=1e-9)


def test_spans_of_different_length_by_a_general_optimiser(us):
    breaks = (1929, 1946, 1970, 1988, 2009)
    b = sc.beta_nls(us, "income", breaks=breaks)
    log, h = np.log(us.values("income", periods=list(breaks))), np.diff(breaks).astype(float)

    def errors_at(p):
        slope = -(1 - np.exp(-p[-1] * h)) / h
        return ((np.diff(log, axis=0) / h[:, None]) - p[:4, None] - slope[:, None] * log[:-1]).ravel()

    other = optimize.least_squares(errors_at, [0.1] * 4 + [0.03], xtol=1e-15, ftol=1e-15, gtol=1e-15)
    np.testing.assert_allclose(b.params, other.x, rtol=OPTIM)
    cov = b.sigma2 * np.linalg.inv(other.jac.T @ other.jac)
    np.testing.assert_allclose(b.cov, cov, rtol=1e-5)
    np.testing.assert_allclose(b.residuals.to_numpy().ravel(), errors_at(b.params.to_numpy()), atol=EXACT)
    np.testing.assert_allclose(b.slopes, -(1 - np.exp(-b.speed * h)) / h, rtol=EXACT)


def test_profile_interval_is_where_the_f_test_turns(us):
    b = sc.beta_nls(us, "income", breaks=(1929, 1950, 2009), level=0.9)
    low, high = b.conf_int().loc["speed"]
    for end in (low, high):
        F = (b.profile.sse(end) - b.sse) / b.sigma2
        assert stats.f.sf(F, 1, b.df) == pytest.approx(0.1, abs=1e-9)
    assert low < b.speed < high
    wald = b.conf_int(method="wald").loc["speed"]
    assert wald["conf_high"] - b.speed == pytest.approx(b.speed - wald["conf_low"])
    assert b.half_life_interval() == pytest.approx((np.log(2) / high, np.log(2) / low))


def test_sandwiches_by_their_definition(us):
    breaks = (1929, 1940, 1990)
    plain, robust, cluster = (
        sc.beta_nls(us, "income", breaks=breaks, vcov=v) for v in ("classical", "robust", "cluster")
    )
    log, h = np.log(us.values("income", periods=list(breaks))), np.diff(breaks).astype(float)
    J = np.zeros((96, 3))
    J[:48, 0] = J[48:, 1] = 1
    J[:, 2] = (-np.exp(-plain.speed * h)[:, None] * log[:-1]).ravel()
    e, bread = plain.residuals.to_numpy().ravel(), np.linalg.inv(J.T @ J)
    S = J * e[:, None]
    np.testing.assert_allclose(robust.cov, 96 / 93 * bread @ S.T @ S @ bread, rtol=ROUNDING)
    C = S[:48] + S[48:]
    np.testing.assert_allclose(cluster.cov, 48 / 47 * 95 / 93 * bread @ C.T @ C @ bread, rtol=ROUNDING)
    pd.testing.assert_series_equal(plain.params, robust.params)


def test_common_intercept_is_one_column(us):
    b = sc.beta_nls(us, "income", breaks=(1929, 1950, 2009), intercepts="common")
    assert list(b.params.index) == ["intercept", "speed"]
    assert b.df == 94


def test_the_global_minimum_is_taken():
    """A sum of squares with two minima in the speed: the profile on a fine grid knows the lower one."""
    rng = np.random.default_rng(5)
    h = np.array([1.0, 40.0])
    found = None
    for _ in range(40):
        level = rng.standard_normal((2, 6)) * np.array([[1.0], [8.0]])
        y = np.array([[-0.95], [0.0]]) * level + np.array([[0.02], [0.2]]) * rng.standard_normal((2, 6))
        of = profile(y, level, np.ones((2, 6, 1)), h)
        grid = np.linspace(*of.limits, 3001)
        values = np.array([of.sse(s) for s in grid])
        dips = np.flatnonzero((values[1:-1] < values[:-2]) & (values[1:-1] < values[2:])) + 1
        speed, inner = best_speed(of)
        if inner:
            assert of.sse(speed) <= values.min() * (1 + 1e-9)
        found = found or len(dips) > 1
    assert found, "none of the samples has two minima: the test would pass with any search"


def ending(us, power: float) -> sc.Panel:
    """The states with an income of 2009 that is a power of that of 1929: h b = power - 1, and nothing is left over."""
    first = us.frame.set_index("state").query("year == 1929")["income"]
    noise = pd.Series(np.random.default_rng(2).normal(0, 0.01, 48), index=first.index)
    last = lambda f: np.exp(8 + power * np.log(f["state"].map(first)) + f["state"].map(noise))  # noqa: E731
    return us.assign(income=lambda f: np.where(f["year"] == 2009, last(f), f["income"]))


def test_overshooting_has_no_speed(us):
    """Where the order of the regions is reversed the slope lies below -1 / h, which no speed gives."""
    b = sc.beta_nls(ending(us, -1.0), "income")
    assert np.isnan(b.speed)
    assert np.isnan(b.half_life)
    assert any("no speed is defined" in note for note in b.notes)
    assert "undefined" in repr(b)
    assert b.tidy().shape[0] == 3
    assert b.glance().shape[0] == 1


def test_divergence_has_a_speed_and_no_half_life(us):
    b = sc.beta_nls(ending(us, 2.0), "income")
    assert b.speed == pytest.approx(-np.log(2) / 80, rel=0.02)
    assert np.isnan(b.half_life)
    assert np.isnan(b.half_life_interval()).all()
    assert "gaps do not close" in repr(b)


@pytest.mark.slow
def test_intervals_cover_the_truth():
    """1000 panels with a speed of 3 %: profile intervals hold it in 95 %, within three Monte Carlo errors (2.1)."""
    rng, hits = np.random.default_rng(3), 0
    for _ in range(1000):
        log = [rng.normal(8, 0.5, 40)]
        for h in (5, 10):
            log.append(log[-1] + h * (0.25 - (1 - np.exp(-0.03 * h)) / h * log[-1]) + rng.normal(0, 0.1, 40))
        frame = pd.DataFrame(
            {"r": np.tile(np.arange(40), 3), "t": np.repeat([0, 5, 15], 40), "v": np.exp(np.concatenate(log))}
        )
        b = sc.beta_nls(sc.Panel(frame, region="r", period="t"), "v", breaks=(0, 5, 15))
        low, high = b.conf_int().loc["speed"]
        hits += low <= 0.03 <= high
    assert 0.929 <= hits / 1000 <= 0.971


class TestBadInput:
    def test_breaks(self, us):
        with pytest.raises(errors.OptionError, match="unknown 1900"):
            sc.beta_nls(us, "income", breaks=(1900, 2009))
        with pytest.raises(errors.OptionError, match="two periods"):
            sc.beta_nls(us, "income", breaks=(1929,))
        with pytest.raises(errors.OptionError, match="list of periods"):
            sc.beta_nls(us, "income", breaks="1929")

    def test_one_period(self, us):
        with pytest.raises(errors.DataError, match="two periods or more"):
            sc.beta_nls(us.subset(periods=[1929]), "income")

    def test_controls(self, us):
        twice = us.assign(a=lambda f: f["fips"], b=lambda f: 2 * f["fips"] + 1)
        with pytest.raises(errors.SingularDesignError, match="linear combination"):
            sc.beta_nls(twice, "income", controls=["a", "b"])
        with pytest.raises(errors.AbsorbedVariableError, match="'one'"):
            sc.beta_nls(us.assign(one=3.0), "income", controls="one")
        with pytest.raises(errors.SingularDesignError, match="cannot be estimated"):
            sc.beta_nls(us.subset(regions=["Alabama", "Arizona"]), "income")
        with pytest.raises(errors.OptionError, match="vcov must be"):
            sc.beta_nls(us, "income", vcov="white")

    def test_levels(self, us):
        with pytest.raises(errors.NotPositiveError):
            sc.beta_nls(us.assign(income=lambda f: f["income"] - 400), "income")

    def test_only_the_breaks_must_be_complete(self, us):
        gap = us.assign(income=lambda f: f["income"].where(f["year"] != 1950))
        assert sc.beta_nls(gap, "income").speed == sc.beta_nls(us, "income").speed

    def test_words_for_periods_are_counted(self, us):
        words = us.assign(year=lambda f: "t" + f["year"].astype(str))
        b = sc.beta_nls(words, "income")
        assert any("positions" in note or "no points in time" in note for note in b.notes)
        assert b.speed == pytest.approx(sc.beta_nls(us, "income").speed)


def test_growth_that_is_the_same_everywhere_is_refused(us):
    same = us.assign(flat=1.0)
    with pytest.raises(errors.VariableError, match="growth of 'flat' is the same everywhere"):
        sc.beta_nls(same, "flat")


def test_one_period_is_no_list_of_breaks(us):
    with pytest.raises(errors.OptionError, match="breaks takes a list of periods; got 1950 alone"):
        sc.beta_nls(us, "income", breaks=1950)
