"""The multiverse against data in which there is nothing to find: by hand, draw by draw, and by simulation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv._core.few_periods.imposed import Normals, Setup
from spatialconv._core.few_periods.profile import p_values
from spatialconv._multiverse._worlds import permuted
from spatialconv.convergence.few_periods.short_panel import sample_of
from spatialconv.errors import OptionError
from tests.terminal import plain_repr
from tests.tolerances import NEAR_BOUND, OPTIM

Z95 = 1.959963984540054


@pytest.fixture(scope="module")
def weights(zj):
    return {"border": sc.weights.adjacency(zj.cities), "inverse": sc.weights.inverse_distance(zj.cities)}


def halved(panel: sc.Panel) -> sc.Panel:
    """A transformation that is no change of unit: levels above the median are pulled in."""
    v = panel.frame["exports"]
    return panel.assign(exports=np.where(v > v.median(), np.sqrt(v * v.median()), v))


def statistics(table: pd.DataFrame) -> list[float]:
    """The three statistics by hand, from a table of estimates."""
    t = table[table["status"] == "estimated"]
    z = (t["estimate"] / t["std_error"]).to_numpy(dtype=float)
    return [float(np.median(t["estimate"])), float((z < -Z95).mean()), float(z.sum() / np.sqrt(len(z)))]


@pytest.mark.parametrize("null", ["shuffle", "histories"])
def test_every_draw_is_a_multiverse_of_its_own(zj, weights, null):
    """Levels rebuilt from shuffled growth enter a new Panel, and the whole multiverse is run on it."""
    axes = {
        "weights": weights,
        "models": ("none", "lag", "sdm"),
        "effects": ("time", "region"),
        "controls": ((), "digital"),
        # At the start of spans this draw has a rho on its bound, where two searches agree to three digits only.
        "controls_at": "end",
        "samples": ("all", "since 2017"),
        "groups": {"since 2017": {"periods": [2017, 2018, 2019, 2020]}},
        "data": {"halved": halved, "twice": zj.panel.assign(digital=lambda f: 2 * f["digital"])},
        "horizons": (1, 3),
    }
    m = sc.multiverse(zj.panel, "exports", **axes)
    j = m.joint_test(draws=19, seed=7, null=null)
    levels = zj.panel.values("exports", log=True)
    drawn = permuted(levels, 19, np.random.default_rng(7), whole=null == "histories", levels=True)
    found = []
    for b in (7,):
        wide = pd.DataFrame(np.exp(drawn[..., b]), index=zj.panel.periods, columns=zj.panel.regions)
        frame = zj.panel.frame.assign(
            exports=lambda f, wide=wide: [wide.loc[t, r] for t, r in zip(f["year"], f["city"], strict=True)]
        )
        panel = sc.Panel(frame, region="city", period="year")
        axes["data"] = {"halved": halved, "twice": panel.assign(digital=lambda f: 2 * f["digital"])}
        again = sc.multiverse(panel, "exports", **axes)
        assert (again.table["status"] == m.table["status"]).all()
        found.append(statistics(again.table))
    np.testing.assert_allclose(j.null.iloc[[7]].to_numpy(), found, rtol=NEAR_BOUND)
    np.testing.assert_allclose(j.statistics["observed"].to_numpy(), statistics(m.table), rtol=1e-10)


def test_models_that_are_fitted_draw_by_draw(zj, weights):
    """Error models and robust covariances have no array of their own; the draws are the same."""
    axes = {"weights": weights["inverse"], "models": ("lag", "error"), "effects": "time", "vcov": "robust"}
    j = sc.multiverse(zj.panel, "exports", **axes).joint_test(draws=19, seed=7)
    drawn = permuted(zj.panel.values("exports", log=True), 19, np.random.default_rng(7), whole=False, levels=True)
    wide = pd.DataFrame(np.exp(drawn[..., 5]), index=zj.panel.periods, columns=zj.panel.regions)
    frame = zj.panel.frame
    panel = zj.panel.assign(exports=[wide.loc[t, r] for t, r in zip(frame["year"], frame["city"], strict=True)])
    again = sc.multiverse(panel, "exports", **axes)
    np.testing.assert_allclose(j.null.iloc[5].to_numpy(), statistics(again.table), rtol=OPTIM)


def test_shuffles_keep_what_they_say_they_keep():
    levels = np.random.default_rng(1).normal(size=(5, 6)).cumsum(axis=0)
    steps = np.diff(levels, axis=0)
    drawn = permuted(levels, 40, np.random.default_rng(2), whole=False, levels=True)
    np.testing.assert_array_equal(drawn[0], np.repeat(levels[0][:, None], 40, axis=1))
    # In every period the growth of all regions is the same set of numbers; which region has which differs.
    moved = np.diff(drawn, axis=0)
    np.testing.assert_allclose(np.sort(moved, axis=1), np.repeat(np.sort(steps, axis=1)[..., None], 40, axis=2))
    assert len({tuple(moved[0, :, b].round(9)) for b in range(40)}) > 30
    orders = [[np.argmin(abs(steps[t] - g)) for g in moved[t, :, 0]] for t in range(4)]
    assert len({tuple(o) for o in orders}) > 1
    whole = np.diff(permuted(levels, 40, np.random.default_rng(2), whole=True, levels=True), axis=0)
    for b in range(40):
        orders = [[int(np.argmin(abs(steps[t] - g))) for g in whole[t, :, b]] for t in range(4)]
        assert all(o == orders[0] for o in orders)
        assert sorted(orders[0]) == list(range(6))


def test_p_values_by_hand(zj, weights):
    axes = {"weights": weights, "effects": ("none", "time", "region"), "controls": ((), "digital")}
    m = sc.multiverse(zj.panel, "exports", **axes)
    j = m.joint_test(draws=99, seed=3)
    for name, sign in (("median", -1), ("share", 1), ("stouffer", -1)):
        observed, drawn = j.statistics.loc[name, "observed"], j.null[name]
        as_extreme = sum(sign * value >= sign * observed - 1e-9 for value in drawn)
        assert j.statistics.loc[name, "p_value"] == pytest.approx((1 + as_extreme) / 100)
    assert len(j.null) == 99
    assert (j.by_specification.index == m.estimated.index).all()
    assert j.by_specification["p_value"].between(0.01, 1).all()
    assert 3 <= len(plain_repr(j).splitlines()) <= 8
    assert list(j.tidy()["term"]) == ["median", "share", "stouffer"]
    assert j.to_dict()["provenance"]["seed"] == 3


@pytest.mark.slow  # the cluster of two processes in test_multiverse_dask.py asks the same by default
def test_jobs_change_nothing(zj, weights):
    m = sc.multiverse(zj.panel, "exports", weights=weights, effects=("none", "time"), bootstrap=99, seed=4)
    again = sc.multiverse(m.grid, bootstrap=99, seed=4, jobs=2)
    pd.testing.assert_frame_equal(m.table, again.table)
    one, two = (m.joint_test(draws=29, seed=5, jobs=jobs) for jobs in (1, 2))
    pd.testing.assert_frame_equal(one.null, two.null)
    pd.testing.assert_frame_equal(one.by_specification, two.by_specification)


def test_bootstrapped_p_is_that_of_the_fit(zj, weights):
    m = sc.multiverse(
        zj.panel,
        "exports",
        weights=weights,
        models=("none", "lag", "sdm"),
        effects=("time", "region"),
        bootstrap=1999,
        seed=8,
    )
    for row in m.estimated.index:
        fit = m.fit(row)
        if m.table.loc[row, "effects"] == "region" and m.table.loc[row, "model"] in ("none", "lag"):
            # Where it is derived the likelihood ratio of short panels takes the place of the studentised beta.
            setup = Setup.of(sample_of(fit))
            alone = p_values(setup, 0.0, Normals.draw(setup.sample, 1999, np.random.default_rng(11))).ratio_two
        else:
            alone = fit.bootstrap(draws=1999, null="no-convergence", seed=11).p_values["log_initial"]
        # Two samples of 1999: four standard errors of a difference.
        p = m.table.loc[row, "p_bootstrap"]
        assert abs(p - alone) < 4 * np.sqrt(2 * 2 * max(p, 0.01) / 2000) + 0.002
    assert m.shares["significant_bootstrap"] == pytest.approx((m.estimated["p_bootstrap"] <= 0.05).mean())
    # Region effects find convergence where there is none, and the bootstrap knows.
    region = m.estimated[m.estimated["effects"] == "region"]
    assert (region["p_bootstrap"] > region["p_value"]).all()
    assert "by the bootstrap in" in plain_repr(m)


def test_a_fitted_model_as_the_null(zj, weights):
    m = sc.multiverse(
        zj.panel, "exports", weights=weights, effects=("none", "time"), controls=((), "digital"), horizons=(1, 2)
    )
    row = int(m.estimated.index[-1])
    spec = next(s for s in m.grid.specs if s.effects == "time" and s.horizon == 1 and s.controls == ("digital",))
    by_row = m.joint_test(draws=39, null=m.grid.specs.index(spec), seed=2)
    by_spec = m.joint_test(draws=39, null=spec, seed=2)
    pd.testing.assert_frame_equal(by_row.null, by_spec.null)
    assert not by_row.null.equals(m.joint_test(draws=39, seed=2).null)
    assert m.grid.specs[row].horizon == 2
    with pytest.raises(OptionError, match="growth from every period to the next"):
        m.joint_test(draws=39, null=row)


def test_another_regressor_in_focus(zj, weights):
    panel = _panel(12, 5, seed=3, effect=0.8)
    axes = {"focus": "x", "effects": ("none", "time", "region"), "controls": ((), "c")}
    m = sc.multiverse(panel, "y", **axes)
    j = m.joint_test(draws=99, seed=1)
    assert j.alternative == "two-sided"
    assert (j.statistics["p_value"] == 0.01).all()
    nothing = sc.multiverse(_panel(12, 5, seed=4, effect=0.0), "y", focus="x", effects=("none", "time"))
    assert nothing.joint_test(draws=99, seed=1).statistics.loc["stouffer", "p_value"] > 0.05
    # By hand: outcomes permuted within periods, two regressions.
    drawn = permuted(panel.values("y"), 99, np.random.default_rng(1), whole=False, levels=False)
    other = sc.multiverse(
        panel.assign(y=_long(panel, drawn[..., 4])),
        "y",
        focus="x",
        effects=("none", "time", "region"),
        controls=((), "c"),
    )
    assert j.null.loc[4, "median"] == pytest.approx(other.summary.loc["estimate", "median"], rel=1e-8)
    by_model = m.joint_test(draws=99, seed=1, null=0)
    assert by_model.statistics.loc["stouffer", "p_value"] <= 0.02


def _long(panel: sc.Panel, values: np.ndarray) -> list[float]:
    wide = pd.DataFrame(values, index=panel.periods, columns=panel.regions)
    return [wide.loc[t, r] for t, r in zip(panel.frame["t"], panel.frame["r"], strict=True)]


def _panel(n: int, periods: int, *, seed: int, effect: float) -> sc.Panel:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(list(product(range(n), range(periods))), columns=["r", "t"])
    frame = frame.assign(x=rng.normal(size=len(frame)), c=rng.normal(size=len(frame)))
    return sc.Panel(frame.assign(y=effect * frame["x"] + rng.normal(size=len(frame))), region="r", period="t")


def test_a_variant_whose_making_is_unknown_is_refused(zj):
    m = sc.multiverse(zj.panel, "exports", data={"halved": halved(zj.panel)})
    with pytest.raises(OptionError, match="pass a function of the panel"):
        m.joint_test(draws=19, seed=1)
    with pytest.raises(OptionError, match="null must be one of"):
        m.joint_test(draws=19, null="none")
    with pytest.raises(OptionError, match="draws must be"):
        m.joint_test(draws=3)
    with pytest.raises(OptionError, match="null is row 9"):
        m.joint_test(draws=19, null=9)
    with pytest.raises(OptionError, match="bootstrap must be"):
        sc.multiverse(zj.panel, "exports", bootstrap=5)


def _random_walks(n: int, periods: int, rng: np.random.Generator, pull: float = 0.0) -> sc.Panel:
    levels = np.empty((periods, n))
    levels[0] = rng.normal(size=n)
    for t in range(1, periods):
        levels[t] = levels[t - 1] - pull * levels[t - 1] + 0.3 * rng.normal() + 0.2 * rng.standard_t(5, size=n)
    frame = pd.DataFrame(list(product(range(periods), range(n))), columns=["t", "r"])
    return sc.Panel(frame.assign(v=np.exp(levels).ravel()), region="r", period="t")


def _p_values(worlds: int, pull: float) -> pd.DataFrame:
    rows = []
    for seed in range(worlds):
        panel = _random_walks(10, 5, np.random.default_rng(seed), pull)
        m = sc.multiverse(panel, "v", effects=("none", "time", "region", "two-way"), horizons=(1, 2))
        rows.append(m.joint_test(draws=99, seed=seed).statistics["p_value"])
    return pd.DataFrame(rows)


@pytest.mark.slow
def test_size_without_convergence_and_power_with_it():
    """Region effects find convergence in every other of these panels; the joint test in as many as it says."""
    without = _p_values(400, 0.0)
    for level in (0.05, 0.1, 0.5):
        share = (without <= level).mean()
        # Four standard errors of a share of 400.
        error = 4 * np.sqrt(level * (1 - level) / 400)
        assert (abs(share[["median", "stouffer"]] - level) < error).all(), (level, share)
        # The share significant of a dozen specifications has many ties, which count against a rejection.
        assert share["share"] < level + error
    # The median of specifications with and without region effects has less to say than the others.
    power = (_p_values(60, 0.25) <= 0.1).mean()
    assert (power[["share", "stouffer"]] > 0.8).all(), power
    assert power["median"] > 0.3
