"""Beta convergence: the regression, speed and half-life, subsets, and what goes wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import errors
from spatialconv._core.regression import speed as speeds
from tests.terminal import plain_repr
from tests.tolerances import EXACT, OPTIM


def levels(panel: sc.Panel, variable: str = "exports") -> pd.DataFrame:
    return np.log(panel.frame.pivot(index="year", columns="city", values=variable))


class TestTheRegression:
    def test_without_space_and_effects_it_is_least_squares(self, zj):
        b = sc.beta(zj.panel, "exports")
        log = levels(zj.panel)
        y, x = log.diff().iloc[1:].to_numpy().ravel(), log.iloc[:-1].to_numpy().ravel()
        X = np.column_stack([np.ones_like(x), x])
        coef, sse = np.linalg.lstsq(X, y, rcond=None)[:2]
        np.testing.assert_allclose(b.params[["intercept", "log_initial"]], coef, rtol=OPTIM)
        sigma2 = sse[0] / 44
        np.testing.assert_allclose(b.sigma2, sigma2, rtol=EXACT)
        np.testing.assert_allclose(b.cov.iloc[:2, :2], sigma2 * np.linalg.inv(X.T @ X), rtol=1e-9)
        assert b.loglik == pytest.approx(-22 * (np.log(2 * np.pi * sigma2) + 1), abs=1e-10)

    def test_direct_two_way_effects_are_dummies(self, zj):
        b = sc.beta(zj.panel, "exports", effects="two-way", correction="none")
        log = levels(zj.panel)
        y, x = log.diff().iloc[1:].to_numpy().ravel(), log.iloc[:-1].to_numpy().ravel()
        D = np.hstack([np.kron(np.ones((4, 1)), np.eye(11)), np.kron(np.eye(4), np.ones((11, 1)))[:, 1:]])
        coef = np.linalg.lstsq(np.column_stack([x, D]), y, rcond=None)[0]
        assert b.beta == pytest.approx(coef[0], rel=1e-9)

    def test_controls_may_be_of_the_current_period(self, zj):
        b = sc.beta(zj.panel, "exports", controls="digital", controls_at="end")
        log, digital = levels(zj.panel), zj.panel.frame.pivot(index="year", columns="city", values="digital")
        X = np.column_stack([np.ones(44), log.iloc[:-1].to_numpy().ravel(), digital.iloc[1:].to_numpy().ravel()])
        coef = np.linalg.lstsq(X, log.diff().iloc[1:].to_numpy().ravel(), rcond=None)[0]
        np.testing.assert_allclose(b.params[["intercept", "log_initial", "digital"]], coef, rtol=OPTIM)

    def test_controls_may_be_missing_where_no_growth_ends(self, zj):
        gap = zj.panel.assign(digital=lambda f: f["digital"].where(f["year"] > 2016))
        full, gapped = (sc.beta(p, "exports", controls="digital", controls_at="end") for p in (zj.panel, gap))
        pd.testing.assert_series_equal(full.params, gapped.params)

    def test_horizon_annualises_growth_over_spans_that_do_not_overlap(self, zj):
        b = sc.beta(zj.panel, "exports", horizon=2)
        log = levels(zj.panel)
        y = np.concatenate([(log.loc[2018] - log.loc[2016]) / 2, (log.loc[2020] - log.loc[2018]) / 2])
        x = np.concatenate([log.loc[2016], log.loc[2018]])
        slope = np.polyfit(x, y, 1)[0]
        assert b.beta == pytest.approx(slope, rel=1e-9)
        assert b.speed == pytest.approx(-np.log(1 + 2 * slope) / 2, rel=1e-9)
        assert list(b.fit.design.periods) == [2018, 2020]

    def test_overlapping_spans_only_when_asked_and_said(self, zj):
        b = sc.beta(zj.panel, "exports", horizon=2, overlapping=True)
        assert list(b.fit.design.periods) == [2018, 2019, 2020]
        assert any("spans overlap" in note for note in b.notes)

    def test_order_of_regions_and_rows_changes_nothing(self, zj, w):
        shuffled = sc.Panel(zj.panel.frame.sample(frac=1, random_state=1), region="city", period="year")
        options = {"controls": "digital", "spatial": "lag", "effects": "time"}
        first, second = sc.beta(zj.panel, "exports", w, **options), sc.beta(shuffled, "exports", w, **options)
        np.testing.assert_allclose(first.params, second.params, rtol=1e-9)
        np.testing.assert_allclose(first.cov, second.cov, rtol=1e-7)

    def test_another_unit_of_measurement_leaves_beta_and_rho(self, zj, w):
        scaled = zj.panel.assign(exports=lambda f: f["exports"] * 1e8)
        for effects in ("none", "time", "region", "two-way"):
            a, b = (sc.beta(p, "exports", w, spatial="lag", effects=effects) for p in (zj.panel, scaled))
            keep = [t for t in a.params.index if t != "intercept"]
            np.testing.assert_allclose(a.params[keep], b.params[keep], rtol=OPTIM)

    def test_input_is_untouched(self, zj, w):
        frame, adjacency = zj.panel.frame, w.adjacency.copy()
        sc.beta(zj.panel, "exports", w, controls="digital", spatial="sarar", effects="region")
        pd.testing.assert_frame_equal(zj.panel.frame, frame)
        pd.testing.assert_series_equal(w.adjacency, adjacency)


class TestThePaper:
    """Figures of the study that the published data allow."""

    def test_rho_beyond_minus_one_is_reached_and_explained(self, zj, w):
        b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="time", correction="none")
        assert b.rho == pytest.approx(-1.10, abs=0.005)
        assert b.fit.at_bound == ()
        assert any("outside (-1, 1) and inside its admissible interval (-1.9" in note for note in b.notes)

    def test_lee_yu_moves_rho(self, zj, w):
        b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="time")
        assert b.fit.correction == "lee-yu"
        assert b.rho == pytest.approx(-0.93, abs=0.01)

    def test_rho_of_the_southwest_turns(self, zj, w):
        southwest = zj.panel.subset(regions=zj.cities.index[zj.cities["area"] == "southwest"])
        options = {"controls": "digital", "controls_at": "end", "spatial": "lag", "effects": "time"}
        direct = sc.beta(southwest, "exports", w, correction="none", **options)
        assert direct.rho == pytest.approx(-0.40, abs=0.01)
        assert sc.beta(southwest, "exports", w, **options).rho == pytest.approx(0.33, abs=0.01)
        assert any("standardised again" in note for note in direct.notes)

    def test_absolute_convergence_hangs_on_the_effects(self, zj, w):
        beta = {
            e: sc.beta(zj.panel, "exports", w, spatial="lag", effects=e, correction="none").beta
            for e in ("time", "region", "two-way")
        }
        assert beta["time"] == pytest.approx(-0.02, abs=0.005)
        assert beta["region"] == pytest.approx(-0.36, abs=0.005)
        assert beta["two-way"] == pytest.approx(-1.0, abs=0.005)

    def test_a_subset_is_the_panel_of_its_regions_with_their_own_weights(self, zj, w):
        cities = zj.cities.index[zj.cities["area"] == "northeast"]
        cut = sc.beta(zj.panel.subset(regions=cities), "exports", w, spatial="lag", effects="region")
        own = sc.weights.inverse_distance(zj.cities.loc[cities])
        alone = sc.beta(zj.panel.subset(regions=cities), "exports", own, spatial="lag", effects="region")
        np.testing.assert_allclose(cut.params, alone.params, rtol=OPTIM)
        np.testing.assert_allclose(cut.cov, alone.cov, rtol=1e-5)


class TestSpeed:
    @pytest.mark.parametrize(("beta", "speed"), [(-0.336, 0.41), (-0.830, 1.77), (-0.252, 0.29)])
    def test_printed_speeds_follow_from_printed_betas(self, beta, speed):
        assert round(speeds.speed(beta, 0.1, 1).estimate, 2) == speed

    def test_delta_method_against_simulation(self):
        rng = np.random.default_rng(1)
        beta, se, h = -0.15, 0.004, 3.0
        draws = rng.normal(beta, se, 400_000)
        rate = -np.log1p(h * draws) / h
        got = speeds.speed(beta, se, h)
        assert got.estimate == pytest.approx(-np.log(1 - 0.45) / 3, rel=EXACT)
        assert got.std_error == pytest.approx(rate.std(), rel=0.01)  # Monte Carlo error and curvature at a small se
        half = speeds.half_life(got)
        assert half.estimate == pytest.approx(np.log(2) / got.estimate, rel=EXACT)
        assert half.std_error == pytest.approx((np.log(2) / rate).std(), rel=0.01)

    def test_level_decays_at_that_speed(self):
        """A level that closes its gap at the speed, seen through the regression, gives the speed back."""
        gap0, rate, h = np.array([2.0, -1.0, 0.5, 3.0]), 0.07, 4
        years = np.arange(0, 13)
        log = 5 + gap0 * np.exp(-rate * years[:, None])
        frame = pd.DataFrame({"city": np.tile(list("abcd"), 13), "year": np.repeat(years, 4), "v": np.exp(log).ravel()})
        noisy = frame.assign(v=frame.v * np.exp(np.random.default_rng(0).normal(scale=1e-6, size=len(frame))))
        b = sc.beta(sc.Panel(noisy, region="city", period="year"), "v", horizon=h)
        assert b.speed == pytest.approx(rate, abs=1e-5)
        assert b.half_life == pytest.approx(np.log(2) / rate, rel=1e-4)

    def test_undefined_speed_says_why(self, zj, w):
        b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="two-way")
        assert np.isnan(b.speed)
        assert np.isnan(b.half_life)
        assert "1 + beta = -0.0" in b.speeds.loc["speed", "reason"]
        assert "speed and half-life undefined: 1 + beta" in repr(b)

    def test_divergence_has_a_speed_but_no_half_life(self):
        frame = pd.DataFrame({"city": np.tile(list("abc"), 3), "year": np.repeat([1, 2, 3], 3)})
        grow = np.exp(np.array([[1.0, 2.0, 3.0], [1.1, 2.25, 3.3], [1.22, 2.45, 3.7]]))
        b = sc.beta(sc.Panel(frame.assign(v=grow.ravel()), region="city", period="year"), "v")
        assert b.beta > 0
        assert b.speed < 0
        assert np.isnan(b.half_life)
        assert "half-life undefined: the speed" in repr(b)

    def test_intervals_are_the_delta_method(self, zj):
        b = sc.beta(zj.panel, "exports", controls="digital", level=0.9)
        row = b.speeds.loc["speed"]
        se = b.std_errors["log_initial"] / (1 + b.beta)
        assert row.std_error == pytest.approx(se, rel=EXACT)
        assert row.conf_high - row.conf_low == pytest.approx(2 * 1.6448536269514722 * se, rel=1e-9)
        assert b.speeds.loc["half_life", "estimate"] == pytest.approx(np.log(2) / b.speed, rel=EXACT)

    def test_half_life_without_upper_bound_says_so(self, zj, w):
        b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="time")
        assert "no finite upper bound" in b.speeds.loc["half_life", "reason"]
        assert "no finite upper bound" in repr(b)


def frame_like(zj, **changes) -> sc.Panel:
    return sc.Panel(zj.panel.frame.assign(**changes), region="city", period="year")


BAD = {
    "no weights": (
        lambda zj, w: sc.beta(zj.panel, "exports", spatial="lag"),
        errors.ModelError,
        "needs spatial weights",
    ),
    "unknown option": (
        lambda zj, w: sc.beta(zj.panel, "exports", w, spatial="sar"),
        errors.OptionError,
        "spatial must be one of 'none', 'lag'.*got 'sar'",
    ),
    "zero before the log": (
        lambda zj, w: sc.beta(
            frame_like(zj, exports=zj.panel.frame.exports.where(zj.panel.frame.year > 2016, 0)), "exports"
        ),
        errors.NotPositiveError,
        "zero: 11, negative: 0",
    ),
    "control constant within periods": (
        lambda zj, w: sc.beta(
            frame_like(zj, policy=lambda f: f.year * 1.0), "exports", controls="policy", effects="time"
        ),
        errors.AbsorbedVariableError,
        "time effects absorb 'policy': they do not vary over the regions",
    ),
    "control constant within regions": (
        lambda zj, w: sc.beta(
            frame_like(zj, coast=lambda f: f.city.str.len() * 1.0), "exports", controls="coast", effects="region"
        ),
        errors.AbsorbedVariableError,
        "region effects absorb 'coast': they do not vary over time",
    ),
    "collinear controls": (
        lambda zj, w: sc.beta(
            frame_like(zj, twice=lambda f: 2 * f.digital + 1), "exports", controls=["digital", "twice"]
        ),
        errors.SingularDesignError,
        "collinear",
    ),
    "constant control": (
        lambda zj, w: sc.beta(frame_like(zj, one=1.0), "exports", controls="one"),
        errors.SingularDesignError,
        "collinear",
    ),
    "constant variable": (
        lambda zj, w: sc.beta(frame_like(zj, exports=3.0), "exports"),
        errors.VariableError,
        "does not vary",
    ),
    "the variable as its own control": (
        lambda zj, w: sc.beta(zj.panel, "exports", controls="exports"),
        errors.OptionError,
        "is the variable itself",
    ),
    "one region": (
        lambda zj, w: sc.beta(zj.panel.subset(regions=["Ningbo"]), "exports", effects="time"),
        errors.ModelError,
        "time effects need at least two regions; the panel has 1: 'Ningbo'",
    ),
    "two regions after Lee and Yu": (
        lambda zj, w: sc.beta(
            zj.panel.subset(regions=["Ningbo", "Hangzhou"]), "exports", w, spatial="lag", effects="time"
        ),
        errors.ModelError,
        "rho is not identified: once time effects",
    ),
    "one period": (
        lambda zj, w: sc.beta(zj.panel.subset(periods=[2016]), "exports"),
        errors.DataError,
        "growth needs two periods or more; the panel has one, 2016",
    ),
    "one span under region effects": (
        lambda zj, w: sc.beta(zj.panel.subset(periods=[2016, 2017]), "exports", effects="region"),
        errors.ModelError,
        "region effects need at least two periods of the outcome; the sample has 1",
    ),
    "more coefficients than observations": (
        lambda zj, w: sc.beta(zj.panel.subset(regions=["Ningbo", "Jinhua"], periods=[2016, 2017]), "exports"),
        errors.SingularDesignError,
        "2 coefficients cannot be estimated from 2 regions x 1 period, with 2 observations left",
    ),
    "region not in the weights": (
        lambda zj, w: sc.beta(
            zj.panel, "exports", sc.weights.inverse_distance(zj.cities.drop(index="Lishui")), spatial="lag"
        ),
        errors.AlignmentError,
        "Lishui",
    ),
    "Lee-Yu with an island": (
        lambda zj, w: sc.beta(
            zj.panel, "exports", sc.weights.adjacency(zj.cities), spatial="lag", effects="time", correction="lee-yu"
        ),
        errors.UnsupportedModelError,
        "needs row-standardised weights in which every region has a neighbour",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name, zj, w):
    call, error, message = BAD[name]
    with pytest.raises(error, match=message):
        call(zj, w)


def test_auto_falls_back_to_the_direct_approach_where_lee_yu_is_not_derived(zj):
    b = sc.beta(zj.panel, "exports", sc.weights.adjacency(zj.cities), spatial="lag", effects="time")
    assert b.fit.correction == "none"
    assert any("direct approach, not Lee-Yu" in note for note in b.notes)
    assert any("Zhoushan" in note for note in b.notes)


def test_weights_that_do_not_enter_are_mentioned(zj, w):
    assert any("do not enter the model" in note for note in sc.beta(zj.panel, "exports", w).notes)


def test_views(zj, w):
    b = sc.beta(zj.panel, "exports", w, controls="digital", spatial="lag", effects="time")
    tidy = b.tidy()
    assert list(tidy.columns) == list(sc.results.TIDY)
    assert list(tidy["term"]) == ["log_initial", "digital", "rho", "sigma2", "speed", "half_life"]
    assert tidy.set_index("term").loc["rho", "estimate"] == b.rho
    assert b.glance().shape[0] == 1
    assert 3 <= len(plain_repr(b).splitlines()) <= 8
    assert plain_repr(b) == plain_repr(
        sc.beta(zj.panel, "exports", w, controls="digital", spatial="lag", effects="time")
    )
    assert "Lee-Yu transformation" in plain_repr(b)
    html = b._repr_html_()
    assert "<table" in html
    assert "log_initial" in html
    for name in dir(b.fit):
        if not name.startswith("_"):
            assert getattr(b.fit, name) is not None
    as_dict = b.to_dict()
    assert as_dict["provenance"]["options"]["variable"] == "exports"
    assert as_dict["tidy"][0]["term"] == "log_initial"


class TestAgain:
    """The same regression with something changed is what sc.beta gives with it."""

    def test_options_panel_and_weights(self, zj, w):
        other = sc.weights.knn(zj.cities, k=3)
        part = zj.panel.subset(regions=zj.cities.index[:9])
        options = {"controls": "digital", "spatial": "lag", "effects": "time"}
        b = sc.beta(zj.panel, "exports", w, **options)
        for changed in ({"effects": "region"}, {"controls": ()}, {"horizon": 2}, {"durbin": True}, {}):
            want = sc.beta(zj.panel, "exports", w, **{**options, **changed})
            pd.testing.assert_series_equal(b.again(**changed).params, want.params)
        pd.testing.assert_series_equal(b.again(w=other).params, sc.beta(zj.panel, "exports", other, **options).params)
        pd.testing.assert_series_equal(b.again(panel=part).params, sc.beta(part, "exports", w, **options).params)

    def test_unknown_options(self, zj):
        with pytest.raises(errors.OptionError, match=r"again\(\) changes .*got 'colour'"):
            sc.beta(zj.panel, "exports").again(colour="red")


@pytest.mark.parametrize("n", [2, 3, 6])
def test_a_level_likelihood_is_no_estimate(n, zj):
    """Where all are everybody's neighbours alike, demeaned data are their own lag: rho cannot be told from sigma2."""
    some = list(zj.cities.index[:n])
    alike = sc.weights.from_matrix(np.ones((n, n)) - np.eye(n), regions=some, standardise="row")
    for effects in ("time", "two-way"):
        if n == 2 and effects == "two-way":
            continue
        with pytest.raises(errors.ModelError, match="rho is not identified: once t"):
            sc.beta(zj.panel.subset(regions=some), "exports", alike, spatial="lag", effects=effects)
    assert np.isfinite(sc.beta(zj.panel.subset(regions=some), "exports", alike, spatial="lag", effects="region").rho)


@pytest.mark.parametrize("effects", ["none", "region"])
def test_one_region_is_refused_whatever_the_effects(effects):
    us = sc.datasets.us_income().panel
    with pytest.raises(errors.ModelError, match="at least two of them; the panel has 1: 'Texas'"):
        sc.beta(us.subset(regions=["Texas"]), "income", effects=effects)
