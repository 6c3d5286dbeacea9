"""No convergence simulated, corrections of beta, and the smallest beta that can be found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from scipy import stats

import spatialconv as sc
from spatialconv import errors
from spatialconv.convergence.few_periods.corrections import (
    AS_IT_IS,
    BOOTSTRAP,
    DYNAMIC,
    INDIRECT,
    JACKKNIFE,
    _part,
    halves,
)
from spatialconv.convergence.few_periods.null import world_with
from spatialconv.models.small_samples.indirect import indirect
from spatialconv.models.small_samples.refits import Engine, restricted_world
from tests.simulation.nickell import row, table
from tests.terminal import plain_repr


@pytest.fixture(scope="module")
def b(zj, w):
    return sc.beta(zj.panel, "exports", w, controls="digital", spatial="lag", effects="region")


@pytest.fixture(scope="module")
def null(b):
    return b.null_distribution(draws=1999, seed=1)


def test_what_a_5_percent_test_finds_where_there_is_nothing():
    """Time effects hold their size; region effects find convergence in 20 to 90 %, two-way effects in 95 %."""
    found = table(2000).set_index(["effects", "rho"])
    assert found.loc["time", "rejections"].between(0.035, 0.07).all()
    assert found.loc["time", "mean beta"].abs().max() < 0.01
    assert found.loc["region", "rejections"].between(0.2, 0.9).all()
    assert found.loc["region", "mean beta"].between(-0.3, -0.04).all()
    assert found.loc["two-way", "rejections"].between(0.93, 0.99).all()
    assert found.loc["two-way", "mean beta"].between(-0.64, -0.41).all()
    # The stronger the neighbours pull in the same direction, the more the drift tells levels from errors.
    assert found.loc["region", "mean beta"].is_monotonic_decreasing


def test_two_way_effects_without_space_have_nickell_s_bias():
    """Random walks under two-way effects: the within estimator averages -3 / (T + 1) as N grows (Nickell 1981)."""
    fits = []
    for seed in range(20):
        world = sc.simulate.growth_panel(400, periods=5, beta=0.0, effects="time", drift=0.0, sigma=0.2, seed=seed)
        fits.append(sc.beta(world.panel, "level", effects="two-way").beta)
    assert np.mean(fits) == pytest.approx(-3 / 5, abs=0.01)


def test_the_null_distribution_is_that_of_naive_simulation(b, zj, w):
    """One panel after the other: draw growth without convergence, rebuild levels by hand, fit by sc.beta."""
    fit = b.fit
    world = restricted_world(fit, ["log_initial"])
    rng = np.random.default_rng(0)
    W = fit.design.W.matrix.toarray()
    A = np.linalg.inv(np.eye(11) - world.rho * W)
    digital = fit.design.X[..., 1]
    betas = []
    raw = (fit.design.y - world.rho * fit.design.y @ W.T) - world.beta[1] * digital
    means, within = raw.mean(axis=0), raw - raw.mean(axis=0)
    x = (digital - digital.mean(axis=0)).ravel()
    for _ in range(300):
        # Means as estimated; what is drawn has none, no part along the control, and each region's length.
        e = rng.choice(world.pool.rescaled.ravel(), (4, 11))
        for _ in range(60):
            e = (e - e.mean(axis=0)) * np.sqrt((within**2).sum(axis=0) / ((e - e.mean(axis=0)) ** 2).sum(axis=0))
            e = e - ((e.ravel() @ x) / (x @ x) * x).reshape(4, 11)
        levels = [fit.design.X[0, :, 0]]
        for t in range(4):
            levels.append(levels[-1] + A @ (world.beta[1] * digital[t] + means + e[t]))
        long = pd.DataFrame(np.exp(levels), index=pd.Index(range(2016, 2021), name="year"), columns=fit.design.regions)
        frame = zj.panel.frame[["city", "year", "digital"]].merge(
            long.rename_axis(columns="city").stack().rename("exports").reset_index()
        )
        panel = sc.Panel(frame, region="city", period="year")
        betas.append(sc.beta(panel, "exports", w, controls="digital", spatial="lag", effects="region").beta)
    engine = b.null_distribution(draws=1999, seed=3)
    # Two samples of one distribution: once in a thousand seeds by chance alone.
    assert stats.ks_2samp(betas, engine.betas).pvalue > 0.001
    assert engine.mean < -0.1


def test_figures_of_the_null(null, b):
    assert null.share_below == (null.betas <= b.beta).mean()
    assert null.mean == pytest.approx(null.betas.mean())
    z = b.tstats["log_initial"]
    assert null.p_lower == pytest.approx((1 + (null.z <= z).sum()) / 2000)
    assert null.p_value == pytest.approx(2 * null.p_lower)
    assert null.rejects == (np.abs(null.z) > stats.norm.ppf(0.975)).mean()
    assert null.rejects > 0.3
    row = null.tidy().iloc[0]
    np.testing.assert_allclose([row.null_low, row.null_high], np.quantile(null.betas, [0.025, 0.975]))
    assert "simulated panels" in plain_repr(null)
    assert len(plain_repr(null).splitlines()) <= 8
    assert null.glance().loc[0, "draws"] == 1999
    assert null.to_dict()["provenance"]["seed"] == 1
    again = b.null_distribution(draws=1999, seed=1)
    np.testing.assert_array_equal(again.betas, null.betas)


def test_the_p_of_the_bootstrap_is_the_same_question(b):
    p = b.bootstrap(draws=1999, seed=5, null="no-convergence").p_values["log_initial"]
    assert p == pytest.approx(b.null_distribution(draws=1999, seed=6).p_value, abs=0.02)


class TestNullPicture:
    def test_bars_lines_and_heading(self, null):
        figure = sc.plot.null_picture(null)
        ax = figure.axes[0]
        bars = [p for p in ax.patches if p.get_height() > 0]
        # The coloured bars are those of the betas as low as the estimate.
        area = sum(p.get_height() * p.get_width() for p in bars)
        low = sum(p.get_height() * p.get_width() for p in bars if p.get_x() < null.estimate - 1e-9)
        assert low / area == pytest.approx(null.share_below, abs=0.002)
        assert {round(float(line.get_xdata()[0]), 6) for line in ax.lines} == {
            round(null.estimate, 6),
            round(null.mean, 6),
            0.0,
        }
        texts = [t.get_text() for t in ax.texts]
        assert any("as low" in t for t in texts)
        assert "truth 0" in texts

    def test_texts_meet_no_line_and_stay_inside(self, zj, w):
        for effects in ("none", "time", "region", "two-way"):
            b = sc.beta(zj.panel, "exports", w, spatial="lag", effects=effects)
            figure = sc.plot.null_picture(b.null_distribution(draws=499, seed=2))
            ax = figure.axes[0]
            figure.canvas.draw()
            boxes = [t.get_window_extent() for t in ax.texts if "low" not in t.get_text()]
            assert len(boxes) == 3
            for box in boxes:
                assert box.x1 <= figure.bbox.x1
                for line in ax.lines:
                    x, top = ax.transData.transform((line.get_xdata()[1], line.get_ydata()[1]))
                    assert not (box.x0 < x < box.x1 and top > box.y0)

    def test_into_given_axes(self, null):
        from matplotlib.figure import Figure

        ax = Figure().add_subplot()
        assert isinstance(sc.plot.null_picture(null, ax=ax, title="here"), Axes)
        assert ax.get_title(loc="left") == "here"
        with pytest.raises(errors.OptionError, match=r"null_picture takes the result of"):
            sc.plot.null_picture(3)


class TestIndirect:
    def test_simulated_estimates_average_the_estimates(self, b):
        """The defining property, checked with fresh random numbers and one by one at the corrected parameters."""
        found = indirect(b.fit, draws=1999, seed=1)
        engine = Engine.of(b.fit)
        again = engine.run(found.world, draws=4000, rng=np.random.default_rng(99)).params.mean(axis=0)
        se = b.std_errors.to_numpy()
        np.testing.assert_allclose((again - b.params)[:3] / se[:3], 0, atol=0.08)
        assert found.values[0] > b.beta + 0.03

    def test_in_a_scalar_case_it_is_bisection(self, zj):
        """Least squares with region effects: invert the mean of simulated betas by bisection, same random numbers."""
        b = sc.beta(zj.panel, "exports", effects="region")
        found = indirect(b.fit, draws=500, seed=2)
        engine = Engine.of(b.fit)

        def mean(beta):
            values = b.params.to_numpy().copy()
            values[0] = beta
            from spatialconv.models.small_samples.refits import world_at

            world = world_at(b.fit, values)
            return engine.run(world, draws=500, rng=np.random.default_rng(2)).params[:, 0].mean()

        # Its spread is that of the simulated betas over the slope of their mean.
        b0, h = found.values[0], 0.02
        slope = (mean(b0 + h) - mean(b0 - h)) / (2 * h)
        sd = engine.run(found.world, draws=500, rng=np.random.default_rng(2)).params[:, 0].std(ddof=1)
        assert abs(slope - 1) > 0.02
        assert found.draws[:, 0].std(ddof=1) == pytest.approx(sd / slope, rel=0.02)
        assert found.draws[:, 0].mean() == pytest.approx(b0, abs=1e-9)
        low, high = -1.0, 0.5
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if mean(middle) < b.beta else (low, middle)
        assert found.values[0] == pytest.approx(low, abs=0.02 * b.std_errors["log_initial"])

    def test_through_the_door(self, zj, w):
        options = {"controls": "digital", "spatial": "lag", "effects": "region"}
        plain, fixed = (sc.beta(zj.panel, "exports", w, correction=c, **options) for c in ("auto", "indirect"))
        assert fixed.beta > plain.beta
        assert fixed.speed == pytest.approx(-np.log1p(fixed.beta))
        assert "corrected by indirect inference" in plain_repr(fixed)
        again = fixed.again()
        pd.testing.assert_series_equal(again.params, fixed.params)
        # Effects and residuals are what the corrected parameters leave of the data.
        d, e = fixed.fit.design, fixed.fit.estimates
        left = d.y - fixed.rho * d.y @ d.W.matrix.toarray().T - d.X @ e.beta - e.effect
        np.testing.assert_allclose(left, e.residuals, atol=1e-12)
        assert fixed.fit.impacts().table["std_error"].gt(0).all()
        with pytest.raises(errors.UnsupportedModelError, match="corrected by indirect inference already"):
            fixed.bootstrap(draws=19)
        with pytest.raises(errors.ModelError, match="covariance from its simulation"):
            fixed.fit.with_vcov("robust")
        with pytest.raises(errors.OptionError, match="leave vcov out"):
            sc.beta(zj.panel, "exports", correction="indirect", vcov="robust")
        with pytest.raises(errors.UnsupportedModelError, match="fixed effects or none"):
            sc.beta(zj.panel, "exports", correction="indirect", effects="random")

    def test_error_model_too(self, zj, w):
        fixed = sc.beta(zj.panel, "exports", w, spatial="error", effects="time", correction="indirect", simulations=40)
        assert np.isfinite(fixed.std_errors).all()


class TestCorrections:
    def test_table(self, b):
        found = b.bias_corrections(draws=499, seed=1)
        t = found.table
        assert list(t.index)[:5] == [AS_IT_IS, BOOTSTRAP, INDIRECT, JACKKNIFE, DYNAMIC]
        assert t.loc[AS_IT_IS, "beta"] == b.beta
        assert t.loc[BOOTSTRAP, "beta"] > b.beta
        assert t.loc[INDIRECT, "beta"] > b.beta
        assert (t["std_error"] > 0).all()
        np.testing.assert_allclose(t["speed"].iloc[:3], -np.log1p(t["beta"].iloc[:3]))
        assert any("the corrections disagree by" in note for note in found.notes)
        assert "indirect inference: beta" in plain_repr(found)

    def test_jackknife_by_hand(self, zj):
        b = sc.beta(zj.panel, "exports", effects="region")
        parts = [
            sc.beta(zj.panel.subset(periods=years), "exports", effects="region").beta
            for years in ([2016, 2017, 2018], [2018, 2019, 2020])
        ]
        found = b.bias_corrections(draws=99, seed=2).table.loc[JACKKNIFE]
        assert found["beta"] == pytest.approx(2 * b.beta - np.mean(parts), abs=1e-10)

    def test_odd_periods_are_halved_both_ways(self):
        assert halves(4) == [[slice(0, 2), slice(2, 4)]]
        assert halves(5) == [[slice(0, 2), slice(2, 5)], [slice(0, 3), slice(3, 5)]]
        world = sc.simulate.growth_panel(20, periods=6, beta=-0.2, seed=1)

        def beta_of(panel):
            return sc.beta(panel, "level", effects="region").beta

        b = sc.beta(world.panel, "level", effects="region")
        years = list(range(2000, 2006))
        pieces = {
            n: [
                sc.beta(world.panel.subset(periods=p), "level", effects="region").beta
                for p in (years[: n + 1], years[n:])
            ]
            for n in (2, 3)
        }
        expected = np.mean([2 * b.beta - n / 5 * f - (5 - n) / 5 * s for n, (f, s) in pieces.items()])
        assert b.bias_corrections(draws=49, seed=1).table.loc[JACKKNIFE, "beta"] == pytest.approx(expected, abs=1e-10)

    def test_halves_start_a_chain_of_their_own(self, b):
        first, second = (_part(b.fit.design, part) for part in halves(4)[0])
        assert list(first.chain.source) == list(second.chain.source) == [-1, 0]
        np.testing.assert_array_equal(second.y, b.fit.design.y[2:])

    def test_dynamic_model_is_the_engine_s(self, zj):
        """Without space: ln v on its own past by fit_panel, region effects, corrected by Yu, de Jong and Lee."""
        b = sc.beta(zj.panel, "exports", controls="digital", controls_at="end", effects="region")
        logs = zj.panel.assign(lv=lambda f: np.log(f["exports"]))
        dynamic = sc.fit_panel(logs, "lv", "digital", spatial="none", dynamic="y", effects="region")
        found = b.bias_corrections(draws=49, seed=3).table.loc[DYNAMIC]
        assert found["beta"] == pytest.approx(dynamic.params["lag:y"] - 1, abs=1e-9)
        assert found["std_error"] == pytest.approx(dynamic.std_errors["lag:y"], rel=1e-9)

    def test_reasons(self, zj, w):
        time = sc.beta(zj.panel, "exports", effects="time").bias_corrections(draws=49, seed=4).table
        assert time.loc[JACKKNIFE, "reason"].startswith("without region effects")
        assert np.isnan(time.loc[DYNAMIC, "beta"])
        two = sc.beta(zj.panel, "exports", horizon=2, effects="region").bias_corrections(draws=49, seed=4).table
        assert "halves of two spans" in two.loc[JACKKNIFE, "reason"]
        assert "only consecutive spans of one period" in two.loc[DYNAMIC, "reason"]


class TestDetectable:
    def test_power_at_the_beta_that_was_found(self, zj, w):
        """Power there, simulated anew, is the one asked for; half of that beta is found far less often.

        Under time effects: where regions have effects the likelihood ratio has taken the place of z.
        """
        b = sc.beta(zj.panel, "exports", w, controls="digital", spatial="lag", effects="time")
        found = b.detectable(draws=999, seed=1)
        assert np.isnan(found.bound)
        engine = Engine.of(b.fit)
        null = restricted_world(b.fit, ["log_initial"])

        def power(beta):
            r = engine.run(world_with(b.fit, null, beta), draws=3000, rng=np.random.default_rng(50))
            z = r.params[:, 0] / r.errors[:, 0]
            return ((z < found.critical[0]) | (z > found.critical[1])).mean()

        assert power(found.beta) == pytest.approx(0.8, abs=0.05)
        assert power(found.beta / 2) < 0.55
        assert found.curve["power"].between(0, 1).all()
        assert "with a power of 80 %" in plain_repr(found)
        assert found.speed == pytest.approx(-np.log1p(found.beta))
        assert found.glance().loc[0, "critical_low"] < -1.5

    def test_no_valid_test_finds_what_the_bound_forbids(self, zj):
        b = sc.beta(zj.panel, "exports", effects="two-way")
        found = b.detectable(draws=600, seed=1, power=0.7)
        assert found.beta < found.bound < 0
        assert (found.curve["power"] <= found.curve["bound"] + 0.06).all()
        assert f"no valid test finds a beta between {found.bound:.4f} and zero with 70 % here" in plain_repr(found)
        assert found.critical[1] == np.inf
        again = b.detectable(draws=600, seed=1, power=0.7)
        assert again.curve.equals(found.curve)

    def test_other_parameters_leave_the_data(self, b):
        world = world_with(b.fit, restricted_world(b.fit, ["log_initial"]), -0.2)
        assert world.beta[0] == -0.2
        d = b.fit.design
        left = d.y - world.rho * d.y @ d.W.matrix.toarray().T + 0.2 * d.X[..., 0]
        x = d.X[..., 1] - d.X[..., 1].mean(axis=0)
        left = left - left.mean(axis=0)
        assert world.beta[1] == pytest.approx((x * left).sum() / (x * x).sum(), rel=1e-9)

    def test_nothing_can_be_found(self):
        """Six regions, two years, large errors: not even the fastest convergence is seen."""
        world = sc.simulate.growth_panel(4, periods=3, beta=0.0, effects="none", sigma=1.0, initial_sd=0.05, seed=3)
        found = sc.beta(world.panel, "level", effects="region").detectable(draws=199, seed=1, power=0.99)
        assert np.isnan(found.beta)
        assert any("no beta above" in note for note in found.notes)


@pytest.mark.slow
@pytest.mark.parametrize("effects", ["time", "region", "two-way"])
def test_null_imposed_p_is_uniform_under_the_null(w, effects):
    """Two hundred panels without convergence, each with its own bootstrap: p-values uniform, where z-tests are not."""
    p, z = [], []
    for seed in range(200):
        world = sc.simulate.growth_panel(
            w, periods=5, beta=0.0, rho=0.3, effects=effects, effect_sd=0.1, drift=0.3, sigma=0.25, seed=seed
        )
        b = sc.beta(world.panel, "level", w, spatial="lag", effects=effects)
        boot = b.bootstrap(draws=299, seed=seed, null="no-convergence")
        p.append(boot.p_values["log_initial"])
        z.append(b.pvalues["log_initial"])
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert 0.015 <= np.mean(np.array(p) < 0.05) <= 0.10
    if effects != "time":
        assert np.mean(np.array(z) < 0.05) > 0.2


@pytest.mark.slow
@pytest.mark.parametrize(("beta", "effects"), [(-0.3, "region"), (-0.1, "region"), (-0.3, "two-way")])
def test_indirect_inference_recovers_known_truth(w, beta, effects):
    """Two hundred panels: the corrected beta averages the truth. It has no interval by z, and none is made."""
    plain, fixed = [], []
    for seed in range(200):
        world = sc.simulate.growth_panel(
            w, periods=7, beta=beta, rho=0.3, effects="region", effect_sd=0.1, drift=0.2, sigma=0.2, seed=seed
        )
        options = {"spatial": "lag", "effects": effects}
        try:
            f = sc.beta(world.panel, "level", w, correction="indirect", simulations=400, **options)
        except errors.ModelError:
            continue
        plain.append(sc.beta(world.panel, "level", w, **options).beta)
        fixed.append(f.beta)
        assert f.conf_int().loc["log_initial"].isna().all()
    assert len(fixed) > 190
    bias, left = np.mean(plain) - beta, np.mean(fixed) - beta
    assert bias < -0.05
    assert abs(left) < 0.25 * abs(bias)


def test_rows_are_reproducible():
    assert row(0.4, "region", 100, 1) == row(0.4, "region", 100, 1)
