"""Beta by regime: separate regressions, explicit columns, Chow's F, the order of regimes, and what goes wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv import errors
from tests.tolerances import EXACT, OPTIM, ROUNDING


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def south(us):
    """The states south of 38 degrees, whatever the census says."""
    return pd.Series(np.where(us.states.to_crs(5070).centroid.to_crs(4326).y < 38, "south", "north"), us.states.index)


def test_without_space_they_are_separate_regressions(us, south):
    r = sc.beta_regimes(us.panel, "income", regimes=south, horizon=20)
    for name in ("north", "south"):
        alone = sc.beta(us.panel.subset(regions=south.index[south == name]), "income", horizon=20)
        assert r.table.loc[name, "beta"] == pytest.approx(alone.beta, rel=1e-9)
        assert r.table.loc[name, "speed"] == pytest.approx(alone.speed, rel=1e-9)
        assert r.table.loc[name, "size"] == (south == name).sum()


def test_time_effects_are_common_and_explicit(us, south):
    """Dummies of every span, and the columns of every regime, by least squares."""
    r = sc.beta_regimes(us.panel, "income", regimes=south, horizon=20, effects="time")
    log = np.log(us.panel.values("income", periods=[1929, 1949, 1969, 1989, 2009]))
    y, x = (np.diff(log, axis=0) / 20).ravel(), log[:-1]
    is_south = (south.loc[us.panel.regions] == "south").to_numpy()
    X = np.column_stack([
        np.kron(np.eye(4), np.ones((48, 1))),
        np.tile(is_south, 4),
        np.where(is_south, 0, x).ravel(),
        np.where(is_south, x, 0).ravel(),
    ])  # fmt: skip
    coef, *_ = np.linalg.lstsq(X, y, rcond=None)
    np.testing.assert_allclose(r.table["beta"], coef[-2:], rtol=1e-8)
    assert r.fit.params["shift[south]"] == pytest.approx(coef[4], rel=1e-8)


def test_chow_is_the_f_of_two_sums_of_squares(us, south):
    r = sc.beta_regimes(us.panel, "income", regimes=south, horizon=40)
    log = np.log(us.panel.values("income", periods=[1929, 1969, 2009]))
    y, x = np.diff(log, axis=0) / 40, log[:-1]

    def sse(members):
        A = np.column_stack([np.ones(2 * members.sum()), x[:, members].ravel()])
        return np.linalg.lstsq(A, y[:, members].ravel(), rcond=None)[1][0]

    is_south = (south.loc[us.panel.regions] == "south").to_numpy()
    full, pooled = sse(is_south) + sse(~is_south), sse(np.ones(48, dtype=bool))
    F = (pooled - full) / 2 / (full / 92)
    test = r.tests[0]
    assert test.name == "Chow, F"
    assert test.statistic == pytest.approx(F, rel=1e-8)
    assert test.p_value == pytest.approx(stats.f.sf(F, 2, 92), rel=1e-6)
    # Wald with the maximum-likelihood variance: n (pooled - full) / full.
    assert r.tests[1].statistic == pytest.approx(96 * (pooled - full) / full, rel=1e-7)


def test_chow_f_has_its_size_with_effects():
    """Random walks without convergence, time effects: p-values of 400 samples are uniform."""
    rng, p = np.random.default_rng(8), []
    labels = [f"r{i}" for i in range(12)]
    regimes = {r: i % 2 for i, r in enumerate(labels)}
    x = rng.standard_normal((5, 12))
    for _ in range(400):
        frame = pd.DataFrame({
            "r": labels * 6,
            "t": np.repeat(range(6), 12),
            "v": np.exp(np.vstack([np.zeros(12), np.cumsum(rng.standard_normal((5, 12)), axis=0)])).ravel(),
            "x": np.vstack([np.zeros(12), x]).ravel(),
        })  # fmt: skip
        panel = sc.Panel(frame, region="r", period="t")
        r = sc.beta_regimes(panel, "v", regimes=regimes, controls="x", effects="time")
        p.append(r.tests[0].p_value)
    assert stats.kstest(p, "uniform").pvalue > 0.01


@pytest.mark.parametrize("effects", ["none", "region", "time", "two-way"])
@pytest.mark.parametrize("spatial", ["lag", "error"])
def test_spatial_chow(zj, w, spatial, effects):
    """The ratio against beta with the same approach; Wald from the covariance by hand; the order of labels nothing."""
    options = {"spatial": spatial, "effects": effects, "controls": "digital"}
    r = sc.beta_regimes(zj.panel, "exports", w, regimes=zj.cities["area"], **options)
    pooled = sc.beta(zj.panel, "exports", w, **options)
    terms = list(pooled.params.index)
    np.testing.assert_allclose(r.pooled.params[terms], pooled.params[terms], rtol=1e-7, atol=1e-9)
    wald, ratio = r.tests[:2]
    assert ratio.statistic == pytest.approx(2 * (r.fit.loglik - pooled.loglik), rel=ROUNDING, abs=ROUNDING)
    assert ratio.df == len(r.fit.params) - len(pooled.params)
    names = list(r.fit.design.names)
    R = []
    for name in ("log_initial", "digital"):
        row = np.zeros(len(r.fit.params))
        row[names.index(f"{name}[northeast]")], row[names.index(f"{name}[southwest]")] = 1, -1
        R.append(row)
    if "shift[southwest]" in names:
        row = np.zeros(len(r.fit.params))
        row[names.index("shift[southwest]")] = 1
        R.append(row)
    d = np.array(R) @ r.fit.params
    assert wald.statistic == pytest.approx(d @ np.linalg.solve(np.array(R) @ r.fit.cov @ np.array(R).T, d), rel=1e-7)
    assert ("shift[southwest]" in names) == (effects in ("none", "time"))
    other = zj.cities["area"].map({"northeast": "z", "southwest": "a"})
    renamed = sc.beta_regimes(zj.panel, "exports", w, regimes=other, **options)
    assert renamed.tests[0].statistic == pytest.approx(wald.statistic, rel=1e-6)
    assert renamed.table.loc["z", "beta"] == pytest.approx(r.table.loc["northeast", "beta"], rel=OPTIM)


def test_regimes_of_time(zj):
    by_period = {2017: "before", 2018: "before", 2019: "after", 2020: "after"}
    r = sc.beta_regimes(zj.panel, "exports", regimes=by_period)
    before = sc.beta(zj.panel.subset(periods=[2016, 2017, 2018]), "exports")
    after = sc.beta(zj.panel.subset(periods=[2018, 2019, 2020]), "exports")
    assert list(r.table.index) == ["before", "after"]
    np.testing.assert_allclose(r.table["beta"], [before.beta, after.beta], rtol=1e-9)
    column = zj.panel.assign(era=lambda f: f["year"].map({2016: "none", **by_period}))
    again = sc.beta_regimes(column, "exports", regimes="era")
    np.testing.assert_allclose(again.table["beta"], r.table["beta"], rtol=EXACT)


def test_a_column_of_regions(zj, w):
    column = zj.panel.assign(area=lambda f: f["city"].map(zj.cities["area"]))
    a = sc.beta_regimes(column, "exports", w, regimes="area", spatial="lag", effects="time")
    b = sc.beta_regimes(zj.panel, "exports", w, regimes=dict(zj.cities["area"]), spatial="lag", effects="time")
    pd.testing.assert_frame_equal(a.table, b.table)


def test_views(zj):
    r = sc.beta_regimes(zj.panel, "exports", regimes=zj.cities["area"], effects="two-way")
    assert "northeast (6): beta" in repr(r)
    assert "the same in every regime (Chow, F): F(1, 28)" in repr(r)
    assert "southwest" in r._repr_html_()
    assert r.to_dict()["glance"]["n_regimes"] == 2
    assert {t.name for t in r.tests} == {"Chow, F", "Chow, Wald"}
    assert sc.beta_regimes(zj.panel, "exports", regimes=zj.cities["area"]).tests[-1].name == "shift equal"


class TestBadInput:
    def test_one_regime(self, zj):
        with pytest.raises(errors.OptionError, match="one regime only"):
            sc.beta_regimes(zj.panel, "exports", regimes=dict.fromkeys(zj.cities.index, "all"))

    def test_a_region_without(self, zj):
        some = dict(zj.cities["area"])
        some.pop("Ningbo")
        with pytest.raises(errors.OptionError, match="leaves out the region 'Ningbo'"):
            sc.beta_regimes(zj.panel, "exports", regimes=some)
        with pytest.raises(errors.OptionError, match="leaves out the region 'Ningbo'"):
            sc.beta_regimes(zj.panel, "exports", regimes={**some, "Ningbo": None})

    def test_other_labels(self, zj):
        with pytest.raises(errors.OptionError, match="neither regions"):
            sc.beta_regimes(zj.panel, "exports", regimes={"Paris": "a", "Rome": "b"})

    def test_spare_labels_are_noted(self, zj):
        r = sc.beta_regimes(zj.panel, "exports", regimes={**zj.cities["area"], "Shanghai": "northeast"})
        assert any("'Shanghai'" in note for note in r.notes)

    def test_columns(self, zj):
        with pytest.raises(errors.OptionError, match="varies over regions and over periods"):
            sc.beta_regimes(zj.panel, "exports", regimes="digital")
        with pytest.raises(errors.OptionError, match="no column"):
            sc.beta_regimes(zj.panel, "exports", regimes="nothing")
        with pytest.raises(errors.OptionError, match="got list"):
            sc.beta_regimes(zj.panel, "exports", regimes=["a", "b"])

    def test_too_few_to_tell(self, zj):
        lone = {**dict.fromkeys(zj.cities.index, "rest"), "Ningbo": "Ningbo"}
        with pytest.raises(errors.SingularDesignError):
            sc.beta_regimes(zj.panel.subset(periods=[2016, 2017]), "exports", regimes=lone)

    def test_random_effects(self, zj, w):
        with pytest.raises(errors.UnsupportedModelError):
            sc.beta_regimes(zj.panel, "exports", w, regimes=zj.cities["area"], effects="random")
