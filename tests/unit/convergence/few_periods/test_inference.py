"""Sets, worst cases over rho, and what the regression says of itself where periods are few."""

from __future__ import annotations

import joblib
import numpy as np
import pytest

import spatialconv as sc
from spatialconv._core.few_periods.combine import verdict
from spatialconv._core.few_periods.imposed import Normals, Setup, outcome
from spatialconv._core.few_periods.likelihood import HIGHEST, LOWEST
from spatialconv._core.few_periods.profile import LOOK, ask, p_values
from spatialconv._core.few_periods.sample import Sample
from spatialconv._core.few_periods.sets import accepted
from spatialconv.convergence.few_periods import arrays
from spatialconv.convergence.few_periods.short_panel import sample_of
from spatialconv.errors import ModelError, OptionError
from tests.terminal import plain_repr


@pytest.fixture(scope="module")
def lag(zj, w):
    return sc.beta(zj.panel, "exports", w, spatial="lag", effects="two-way")


@pytest.fixture(scope="module")
def setup(lag):
    return Setup.of(sample_of(lag))


def test_few_draws_decide_only_where_all_draws_would_decide_the_same(setup):
    normals = Normals.draw(setup.sample, 999, np.random.default_rng(1))
    names = ("ratio_two", "joint_two")
    used = []
    for b in np.linspace(-1.8, 0.8, 9):
        quick, full = ask(setup, b, normals, 0.05, names, worst=False), p_values(setup, b, normals)
        used.append(quick.draws)
        for name in names:
            assert (getattr(quick.verdict, name) > 0.05) == (getattr(full, name) > 0.05)
    assert {LOOK, 999} >= set(used)
    assert LOOK in used


def test_the_worst_p_over_rho_is_that_of_each_rho_in_turn(setup):
    normals = Normals.draw(setup.sample, 199, np.random.default_rng(2))
    worst, estimated = p_values(setup, -0.3, normals, worst=True), p_values(setup, -0.3, normals)
    low, high = setup.sample.window()
    each = [verdict(outcome(setup, -0.3, normals, float(r))) for r in np.linspace(low, high, 11)]
    for name in ("ratio_below", "ratio_two", "joint_below", "joint_two"):
        assert getattr(worst, name) == max(getattr(v, name) for v in (estimated, *each))
    assert worst.rho == estimated.rho


def test_maximised_p_are_never_smaller(lag):
    free, worst = (lag.short_panel_test(draws=99, seed=1, rho=how).table for how in ("estimated", "maximised"))
    assert (worst["p_lower"] >= free["p_lower"]).all()
    assert (worst["p_lower"] > free["p_lower"]).any()
    with pytest.raises(OptionError, match="rho must be one of 'estimated', 'maximised'"):
        lag.short_panel_test(rho=0.3)


def test_sets_do_not_hang_on_jobs_and_both_share_their_draws(lag):
    with joblib.parallel_config(backend="threading"):
        one, two = (lag.infer(draws=99, seed=3, jobs=jobs) for jobs in (1, 2))
    assert one.tidy().equals(two.tidy())
    for name, found in (("likelihood-ratio", one.by_ratio), ("robust", one.by_robust)):
        alone = lag.confidence_set(test=name, draws=99, seed=3)
        assert alone.interval == found.interval
    assert one.test.table.equals(lag.short_panel_test(draws=99, seed=3).table)


def test_speed_and_half_life_are_images_of_the_set_and_ends_stay_open(zj):
    found = sc.beta(zj.panel, "exports", effects="region").infer(draws=199, seed=1)
    low, high = found.interval
    assert found.speed == pytest.approx((-np.log1p(high), -np.log1p(low)))
    assert high > 0
    assert found.half_life == (pytest.approx(np.log(2) / -np.log1p(low)), np.inf)
    table = found.tidy()
    assert list(table["term"]) == ["log_initial", "speed", "half_life"] * 2
    assert found.glance().loc[0, "agree"] == found.agree


def test_the_regression_says_so_itself(zj):
    b = sc.beta(zj.panel, "exports", effects="two-way", level=0.9)
    before = plain_repr(b)
    assert "b.inference (z does not hold here)" in before
    assert "(z " not in before.splitlines()[1]
    assert "do fast growers slow down: t -4.52" in before
    assert "is long-run growth more even than chance: F 0.86" in before
    assert b.inference is b.inference
    assert b.inference.provenance.seed == 0
    after = plain_repr(b)
    for said in (b.inference.by_ratio.words, b.inference.by_robust.words):
        assert f"{said}, 90 % by" in after
    assert ("THE TWO DISAGREE" in after) == (not b.inference.agree)
    assert "b.inference (z" not in after
    # Without region effects z stands; where the theory does not reach, test_z_withheld.py has what is said.
    other = plain_repr(sc.beta(zj.panel, "exports", effects="time"))
    assert "(z " in other
    assert "b.inference" not in other


def test_what_rests_on_the_covariance_of_beta_is_withheld_everywhere(zj, w, lag):
    b = sc.beta(zj.panel, "exports", w, controls="digital", spatial="lag", effects="two-way")
    without = ["std_error", "statistic", "p_value", "conf_low", "conf_high"]
    assert b.z_withheld
    for table in (b.tidy(), b.impacts().tidy()):
        own = table["term"] == "log_initial"
        assert table.loc[own, without].isna().all(axis=None)
        assert table.loc[table["term"] == "digital", without].notna().all(axis=None)
    # Of the other regressors nothing changes, nor where z holds; refits need no covariance.
    of_fit = b.fit.impacts().table
    assert b.impacts().table[of_fit["term"] != "log_initial"].equals(of_fit[of_fit["term"] != "log_initial"])
    assert any("effects of log_initial without standard errors" in note for note in b.impacts().notes)
    assert b.impacts(inference="bootstrap", draws=19, seed=1).table["std_error"].notna().all()
    held = b.again(effects="time")
    assert not held.z_withheld
    assert held.impacts().table.equals(held.fit.impacts().table)
    assert held.tidy().loc[0, without].notna().all()


def test_too_many_regions_are_refused_in_words(lag, monkeypatch):
    monkeypatch.setattr(arrays, "MOST_REGIONS", 10)
    with pytest.raises(ModelError, match=r"at most 10 regions.*got 11 regions x 4 spans, 1,999 draws"):
        lag.short_panel_test()
    # What cannot be tested is printed by z, as it was.
    assert "(z " in plain_repr(lag)


def exploding(seed=3, n=31, T=8, beta=-0.1):
    """A panel of many spans whose rho lies at the end of its interval under a beta far above zero."""
    rng = np.random.default_rng(seed)
    links = np.zeros((n, n))
    places = rng.uniform(size=(n, 2))
    apart = np.linalg.norm(places[:, None] - places, axis=2) + np.diag(np.full(n, np.inf))
    np.put_along_axis(links, np.argsort(apart, axis=1)[:, :5], 0.2, axis=1)
    y = [0.35 / -beta + rng.normal(size=n)]
    for _ in range(T):
        y.append(y[-1] + 0.35 + beta * y[-1] + 0.25 * rng.normal(size=n))
    levels = np.array(y)
    return Sample.of(np.diff(levels, axis=0), levels[0], None, links, two_way=True)


def test_worlds_that_explode_beyond_double_precision_do_not_open_the_sets():
    """Residuals were differences of numbers so large that likelihood ratios of the draws were noise of any size."""
    sample = exploding()
    setup = Setup.of(sample)
    normals = Normals.draw(sample, 199, np.random.default_rng(1))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        far = outcome(setup, 0.75, normals)
        assert far.rho == pytest.approx(sample.window()[0])
        # Under the null its signed root is normal, near enough; before, it was beyond a hundred.
        assert np.abs(far.drawn.root).max() < 5
        assert 0.8 < far.drawn.root.std() < 1.2
        assert verdict(far).ratio_two <= 0.01
        best = float(setup.best.b[0])
        ends = accepted(lambda b: verdict(outcome(setup, b, normals)).ratio_two, best, LOWEST, HIGHEST, 0.05)
    assert ends.pieces == 1
    assert ends.high - ends.low < 0.5
    assert ends.low < best < ends.high


def test_where_nothing_explodes_no_draw_is_replaced():
    sample = exploding()
    setup = Setup.of(sample)
    normals = Normals.draw(sample, 99, np.random.default_rng(2))
    for b in (-0.3, -0.1, 0.0, 0.1):
        drawn = outcome(setup, b, normals).drawn.root
        assert not np.isin(drawn, normals.means[:, 0, 0]).any()
