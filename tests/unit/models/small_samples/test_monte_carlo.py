"""Monte Carlo p-values: the draws by hand, the observed tests as they are, seeds, sizes where asymptotics fail."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv import errors
from spatialconv.models.small_samples.refits import Engine, fitted_world
from tests.terminal import plain_repr


@pytest.fixture(scope="module")
def b(zj, w):
    return sc.beta(zj.panel, "exports", w, controls="digital", effects="time")


def test_draws_by_hand(zj, w, b):
    """Samples of the engine made panels, fitted by sc.beta and tested by sc.lm_tests: the same share is as extreme."""
    found = sc.monte_carlo(b, "lm", draws=40, seed=3)
    asymptotic = sc.lm_tests(b.fit).table["p_value"]
    np.testing.assert_array_equal(found.table["p_value"], asymptotic)
    engine, world, drawn = Engine.of(b.fit), fitted_world(b.fit), []
    for rng in np.random.default_rng(3).spawn(2):
        Y, V = engine.samples(world, "residual", 20, rng)
        for k in range(20):
            start = zj.panel.values("exports", log=True)[0]
            log = np.vstack([start, start + np.cumsum(Y[..., k], axis=0)])
            np.testing.assert_allclose(V[1, :, 0, k], log[1])
            long = pd.DataFrame(np.exp(log), index=zj.panel.periods, columns=zj.panel.regions).stack().rename("exports")
            frame = zj.panel.frame[["city", "year", "digital"]].merge(
                long.rename_axis(["year", "city"]).reset_index(), on=["year", "city"]
            )
            again = sc.beta(
                sc.Panel(frame, region="city", period="year"), "exports", w, controls="digital", effects="time"
            )
            drawn.append(sc.lm_tests(again.fit).table["p_value"].to_numpy())
    share = (1 + (np.array(drawn) <= asymptotic.to_numpy() + 1e-8).sum(axis=0)) / 41
    np.testing.assert_allclose(found.table["p_monte_carlo"], share)


def test_the_same_seed_whatever_the_jobs(b):
    one, two = (sc.monte_carlo(b, "lm", draws=40, seed=5, jobs=jobs) for jobs in (1, 2))
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.provenance.seed == 5


def test_moran_by_period_and_all_together(zj, w):
    lag = sc.beta(zj.panel, "exports", w, spatial="lag", effects="time")
    found = sc.monte_carlo(lag, "moran", draws=99, seed=1).table
    table = sc.residual_moran(lag.fit).table
    assert list(found.index) == [*(f"Moran {t}" for t in table.index), "smallest p"]
    np.testing.assert_array_equal(found["p_value"][:-1], table["p"])
    assert found.loc["smallest p", "p_value"] == table["p"].min()
    # The smallest of several p-values is small more often than each.
    assert found.loc["smallest p", "p_monte_carlo"] >= found["p_monte_carlo"][:-1].min()


@pytest.mark.parametrize("test", ["hausman", "mundlak"])
def test_random_effects(zj, w, test):
    random = sc.beta(zj.panel, "exports", w, spatial="lag", effects="random")
    found = sc.monte_carlo(random, test, draws=39, seed=1)
    fixed = sc.beta(zj.panel, "exports", w, spatial="lag", effects="region")
    want = sc.hausman(fixed, random) if test == "hausman" else sc.mundlak_test(random)
    row = found.table.iloc[0]
    assert row["statistic"] == pytest.approx(want.statistic, rel=1e-6)
    assert 1 / 40 <= row["p_monte_carlo"] <= 1
    assert row["draws"] <= 39


def test_views(b):
    found = sc.monte_carlo(b, "lm", draws=39, seed=1)
    assert plain_repr(found).startswith("Monte Carlo tests of within regression of growth: 11 regions x 4 periods")
    assert "by 39 samples" in plain_repr(found)
    assert found.glance().loc[0, "draws"] == 39
    assert found.tidy()["term"].tolist() == found.table.index.tolist()
    assert found.to_dict()["provenance"]["options"]["test"] == "lm"


class TestBadInput:
    def test_tests_and_models_that_do_not_meet(self, zj, w, b):
        with pytest.raises(errors.ModelError, match="random effects as its null"):
            sc.monte_carlo(b, "hausman")
        with pytest.raises(errors.ModelError, match="without spatial terms"):
            sc.monte_carlo(sc.beta(zj.panel, "exports", w, spatial="lag"), "lm")
        with pytest.raises(errors.OptionError, match="without weights"):
            sc.monte_carlo(sc.beta(zj.panel, "exports"), "lm")

    def test_options(self, b):
        with pytest.raises(errors.OptionError, match="test must be"):
            sc.monte_carlo(b, "chow")
        with pytest.raises(errors.OptionError, match="draws must be"):
            sc.monte_carlo(b, draws=3)
        with pytest.raises(errors.OptionError, match="fitted model"):
            sc.monte_carlo("nothing")


@pytest.mark.slow
def test_size_in_small_panels(w):
    """120 panels without neighbours' influence, eleven cities, two years: Monte Carlo p of LM lag are uniform."""
    labels, p = list(w.unique_ids), []
    for k in range(120):
        rng = np.random.default_rng(k)
        frame = pd.DataFrame({"r": labels * 2, "t": np.repeat([0, 1], 11), "x": rng.standard_normal(22)})
        frame["y"] = frame["x"] + rng.standard_normal(22)
        panel = sc.Panel(frame, region="r", period="t")
        fit = sc.fit_panel(panel, "y", "x", w, spatial="none", effects="none")
        p.append(sc.monte_carlo(fit, "lm", draws=79, scheme="parametric", seed=k).table.loc["LM lag", "p_monte_carlo"])
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert np.mean(np.array(p) <= 0.05) <= 0.11
