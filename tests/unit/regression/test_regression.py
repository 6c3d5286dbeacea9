"""Fixed effects without space, by groups of regions, and the table of robustness checks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv import errors
from spatialconv._core.regression.absorb import absorb, rank_of_effects
from tests.terminal import plain_repr
from tests.tolerances import EXACT, REFERENCE, ROUNDING

FOLDER = Path(__file__).parents[2] / "reference" / "plm_munnell"
X = ["log_pcap", "log_pc", "log_emp", "unemp"]
KINDS = {"none": "pooling", "region": "within_individual", "time": "within_time", "two-way": "within_twoways"}


@pytest.fixture(scope="module")
def munnell() -> sc.Panel:
    return sc.datasets.munnell()


@pytest.fixture(scope="module")
def plm() -> dict:
    return json.loads((FOLDER / "reference.json").read_text("utf-8"))["plm"]


def simulated(seed: int = 0, n: int = 31, periods: int = 9, betas=(0.8,), noise: float = 0.3) -> sc.Panel:
    """A panel of the size of He's, with region and time effects that go with x; slopes by group of regions."""
    rng = np.random.default_rng(seed)
    region, time = np.repeat(np.arange(n), periods), np.tile(np.arange(periods), n)
    a, c = rng.normal(0, 1, n), rng.normal(0, 0.5, periods)
    group = region % len(betas)
    x = 0.6 * a[region] + 0.4 * c[time] + rng.normal(size=n * periods)
    z = rng.normal(size=n * periods)
    y = np.array(betas)[group] * x - 0.5 * z + a[region] + c[time] + noise * rng.normal(size=n * periods)
    frame = pd.DataFrame({"p": [f"p{i:02d}" for i in region], "year": 2013 + time, "x": x, "z": z, "y": y})
    return sc.Panel(frame.assign(area=[f"area {g}" for g in group]), region="p", period="year")


def dummies(
    panel: sc.Panel, y: str, x: list[str], effects: str, rows=None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients, residuals and the whole design by least squares on dummies; no demeaning anywhere."""
    frame = panel.frame if rows is None else panel.frame[rows]
    blocks = [frame[x].to_numpy(), np.ones((len(frame), 1))]
    if effects in ("region", "two-way"):
        blocks.append(pd.get_dummies(frame[panel.region], drop_first=True, dtype=float).to_numpy())
    if effects in ("time", "two-way"):
        blocks.append(pd.get_dummies(frame[panel.period], drop_first=True, dtype=float).to_numpy())
    design = np.concatenate(blocks, axis=1)
    beta = np.linalg.lstsq(design, frame[y].to_numpy(), rcond=None)[0]
    return beta, frame[y].to_numpy() - design @ beta, design


# ---------------------------------------------------------------------- one regression


@pytest.mark.parametrize("effects", KINDS)
def test_agrees_with_plm(munnell, plm, effects):
    theirs = plm[KINDS[effects]]
    fit = sc.fixed_effects(munnell, "log_gsp", X, effects=effects, vcov="unadjusted")
    np.testing.assert_allclose(fit.params, list(theirs["coef"].values()), rtol=REFERENCE * 100)
    np.testing.assert_allclose(fit.cov, theirs["vcov"], rtol=1e-7)
    assert fit.df == theirs["df_residual"]
    assert np.nansum(fit.residuals**2) == pytest.approx(theirs["rss"], rel=ROUNDING)
    assert fit.rsquared_within == pytest.approx(theirs["r2"], rel=ROUNDING)
    if effects == "none":
        np.testing.assert_allclose([fit.rsquared, fit.rsquared_overall], theirs["r2"], rtol=ROUNDING)


@pytest.mark.parametrize("effects", KINDS)
def test_agrees_with_the_engine_of_the_spatial_models(munnell, effects):
    ours = sc.fixed_effects(munnell, "log_gsp", X, effects=effects).params
    engine = sc.fit_panel(munnell, "log_gsp", X, spatial="none", effects=effects, correction="none").params
    np.testing.assert_allclose(ours, engine[ours.index], rtol=ROUNDING)


@pytest.mark.parametrize("effects", KINDS)
@pytest.mark.parametrize("gaps", [False, True])
def test_errors_are_those_of_the_sandwich_on_dummies(effects, gaps):
    """Clustered as Stata's xtreg, robust as HC1, both from the design with every dummy in it."""
    panel = simulated(3, n=12, periods=6)
    keep = np.ones(72, dtype=bool)
    if gaps:
        keep[[3, 17, 18, 40]] = False
        panel = panel.assign(y=panel.frame["y"].where(keep))
    beta, e, design = dummies(panel, "y", ["x", "z"], effects, keep)
    bread = np.linalg.inv(design.T @ design)
    n, k = design.shape
    scores = design * e[:, None]
    regions = panel.frame["p"].to_numpy()[keep]
    sums = pd.DataFrame(scores).groupby(regions).sum().to_numpy()
    nested = 11 if effects in ("region", "two-way") else 0
    cluster = bread @ sums.T @ sums @ bread * 12 / 11 * (n - 1) / (n - (k - nested))
    robust = bread @ scores.T @ scores @ bread * n / (n - k)
    for vcov, cov in (("cluster", cluster), ("robust", robust)):
        fit = sc.fixed_effects(panel, "y", ["x", "z"], effects=effects, vcov=vcov)
        np.testing.assert_allclose(fit.params[["x", "z"]], beta[:2], rtol=ROUNDING)
        np.testing.assert_allclose(fit.cov.loc[["x", "z"], ["x", "z"]], cov[:2, :2], rtol=1e-6)
        df = 11 if vcov == "cluster" else n - k
        p = 2 * stats.t.sf(abs(beta[0]) / np.sqrt(cov[0, 0]), df)
        assert fit.pvalues["x"] == pytest.approx(p, rel=1e-5)
        assert fit.nobs == n
    y = panel.frame["y"].to_numpy()[keep]
    total = ((y - y.mean()) ** 2).sum()
    assert fit.rsquared == pytest.approx(1 - e @ e / total, rel=ROUNDING)
    assert fit.rsquared_adjusted == pytest.approx(1 - (e @ e / (n - k)) / (total / (n - 1)), rel=ROUNDING)


def test_driscoll_kraay_by_hand():
    panel = simulated(4, n=10, periods=12)
    fit = sc.fixed_effects(panel, "y", ["x", "z"], effects="region", vcov="driscoll-kraay", lags=2)
    beta, e, design = dummies(panel, "y", ["x", "z"], "region")
    Z = absorb(panel.frame[["x", "z"]].to_numpy(), [np.repeat(np.arange(10), 12)])
    h = (Z * e[:, None]).reshape(10, 12, 2).sum(axis=0)
    meat = h.T @ h
    for lag in (1, 2):
        product = h[lag:].T @ h[:-lag]
        meat = meat + (1 - lag / 3) * (product + product.T)
    bread = np.linalg.inv(Z.T @ Z)
    n, k = design.shape
    np.testing.assert_allclose(fit.cov, bread @ meat @ bread * n / (n - k), rtol=1e-6)
    assert fit.df == 11
    assert any("Driscoll-Kraay errors from 12 periods" in note for note in fit.notes)
    np.testing.assert_allclose(fit.params, beta[:2], rtol=ROUNDING)


def test_recovers_a_known_truth_where_pooling_does_not():
    """31 x 9, slope 0.8, effects that go with x: two-way is right, no effects is not."""
    draws = [simulated(seed) for seed in range(20)]
    two_way = np.array([sc.fixed_effects(p, "y", ["x", "z"]).params["x"] for p in draws])
    pooled = np.array([sc.fixed_effects(p, "y", ["x", "z"], effects="none").params["x"] for p in draws])
    assert abs(two_way.mean() - 0.8) < 4 * two_way.std() / np.sqrt(20)
    assert two_way.std() < 0.05
    assert pooled.mean() > 1.1


def test_unbalanced_effects_are_counted_by_pieces():
    region, period = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 2, 3])
    assert rank_of_effects([region, period]) == 5  # two pieces: 3 + 4 - 2
    assert rank_of_effects([region]) == 3
    both = np.column_stack([np.eye(3)[region], np.eye(4)[period]])
    assert np.linalg.matrix_rank(both) == 5
    Z = np.random.default_rng(0).normal(size=(6, 2))
    left = Z - both @ np.linalg.pinv(both) @ Z
    np.testing.assert_allclose(absorb(Z, [region, period]), left, atol=1e-10)


def test_what_is_left_out_is_told():
    panel = simulated(1, n=6, periods=4).assign(x=lambda f: f["x"].where(~((f["p"] == "p02") | (f["year"] == 2014))))
    fit = sc.fixed_effects(panel, "y", "x")
    assert fit.nobs == 15
    assert "15 of 24 observations are used" in fit.notes[0]
    assert "regions without any: 'p02'" in fit.notes[0]
    assert "periods without any: 2014" in fit.notes[0]
    assert fit.residuals.isna().sum().sum() == 9
    assert any("clustered by 5 regions" in note for note in fit.notes)


def test_text_periods_and_order_of_rows():
    panel = simulated(2, n=8, periods=4)
    text = panel.frame.assign(year=lambda f: "Q" + f["year"].astype(str)).sample(frac=1, random_state=3)
    other = sc.Panel(text, region="p", period="year")
    ours, theirs = sc.fixed_effects(panel, "y", ["x", "z"]), sc.fixed_effects(other, "y", ["x", "z"])
    np.testing.assert_allclose(ours.table, theirs.table, rtol=1e-8)


def test_bad_input_is_answered():
    panel = simulated(1, n=6, periods=4)
    steady = panel.assign(steady=lambda f: f["p"].str[1:].astype(float), year2=lambda f: f["year"] * 1.0, flat=1.0)
    with pytest.raises(errors.AbsorbedVariableError, match="'steady' does not vary once the region effects"):
        sc.fixed_effects(steady, "y", ["x", "steady"], effects="region")
    with pytest.raises(errors.AbsorbedVariableError, match="'flat' does not vary in the sample"):
        sc.fixed_effects(steady, "y", ["x", "flat"], effects="none")
    with pytest.raises(errors.SingularDesignError, match="linear combination"):
        sc.fixed_effects(panel.assign(w=lambda f: f["x"] + f["z"]), "y", ["x", "z", "w"])
    with pytest.raises(errors.SingularDesignError, match="too few"):
        sc.fixed_effects(panel.subset(regions=["p00", "p01"], periods=[2013, 2014]), "y", ["x"])
    with pytest.raises(errors.OptionError, match="effects must be one of"):
        sc.fixed_effects(panel, "y", "x", effects="random")
    with pytest.raises(errors.OptionError, match="stands on both sides"):
        sc.fixed_effects(panel, "y", ["x", "y"])
    with pytest.raises(errors.OptionError, match="names no regressor"):
        sc.fixed_effects(panel, "y", [])
    with pytest.raises(errors.DataError, match="'none' has no value at all"):
        sc.fixed_effects(panel.assign(none=np.nan), "y", ["x", "none"])
    with pytest.raises(errors.DataError, match="data enter by a Panel"):
        sc.fixed_effects(panel.frame, "y", "x")
    with pytest.raises(errors.DataError, match="'flat' does not vary in the sample; there is nothing"):
        sc.fixed_effects(steady, "flat", "x")
    with pytest.raises(errors.OptionError, match="lags must be fewer than the 4 periods"):
        sc.fixed_effects(panel, "y", "x", vcov="driscoll-kraay", lags=4)


def test_units_do_not_matter_and_one_region_has_no_clusters():
    panel = simulated(1, n=6, periods=6)
    other = panel.assign(x=lambda f: 1e9 * f["x"], z=lambda f: 1e-9 * f["z"])
    for effects in KINDS:
        a, b = (sc.fixed_effects(p, "y", ["x", "z"], effects=effects) for p in (panel, other))
        units = pd.Series({"intercept": 1.0, "x": 1e9, "z": 1e-9})[a.params.index]
        np.testing.assert_allclose(b.params * units, a.params, rtol=1e-7)
        np.testing.assert_allclose(b.std_errors * units, a.std_errors, rtol=1e-7)
    alone = sc.fixed_effects(panel.subset(regions=["p00"]), "y", "x", effects="region")
    assert np.isfinite(alone.params).all()
    assert alone.std_errors.isna().all()
    assert any("one cluster has none" in note for note in alone.notes)


def test_draws_that_leave_nothing_are_counted():
    few = ["p00", "p01", "p02", "p03"]
    panel = simulated(3, n=8, periods=4).assign(y=lambda f: f["y"].where(~(f["p"].isin(few) & (f["year"] > 2013))))
    groups = {f"p{k:02d}": "a" if k in (0, 4, 5) else "b" for k in range(8)}
    by = sc.fixed_effects_by_group(panel, "y", ["x", "z"], groups=groups, effects="region", permutations=60, seed=2)
    undefined = int(re.search(r"(\d+) of them undefined", by.tests[2].distribution)[1])
    assert 0 < undefined < 60
    assert 1 / (61 - undefined) <= by.tests[2].p_value <= 1


def test_result_goes_where_results_go(munnell):
    fits = {kind: sc.fixed_effects(munnell, "log_gsp", X, effects=kind) for kind in KINDS}
    table = sc.tables.regression(fits)
    assert "R² within" in table.to_markdown()
    sc.plot.coefficients(fits, terms=["log_pc"])
    fit = fits["two-way"]
    assert plain_repr(fit).splitlines()[0] == (
        "Regression of log_gsp (two-way effects): 816 observations, 48 regions, 17 periods"
    )
    assert list(fit.tidy()["term"]) == X
    json.dumps(fit.to_dict())


# ---------------------------------------------------------------------- groups


def test_groups_are_regressions_of_their_own():
    panel = simulated(5, n=30, betas=(0.2, 0.8, 1.4))
    by = sc.fixed_effects_by_group(panel, "y", ["x", "z"], groups="area", effects="two-way", permutations=99)
    for label, row in by.table.iterrows():
        members = [r for k, r in enumerate(panel.regions) if f"area {k % 3}" == label]
        alone = sc.fixed_effects(panel.subset(regions=members), "y", ["x", "z"], effects="two-way")
        assert row["estimate"] == pytest.approx(alone.params["x"], rel=ROUNDING)
        assert row["std_error"] == pytest.approx(alone.std_errors["x"], rel=1e-7)
        assert row["nobs"] == 90
    assert all(test.p_value < 0.02 for test in by.tests)
    assert len(by.tidy()) == 6


@pytest.mark.parametrize("effects", KINDS)
def test_tests_are_those_of_the_regression_with_interactions(effects):
    """Wald with unadjusted variances by group, and Chow's F, from dummies and interactions in one design."""
    panel = simulated(6, n=14, periods=5, betas=(0.5, 0.9))
    by = sc.fixed_effects_by_group(panel, "y", ["x", "z"], groups="area", effects=effects, permutations=0)
    frame = panel.frame
    member = pd.get_dummies(frame["area"], dtype=float).to_numpy()

    def squares(slopes: np.ndarray) -> tuple[float, int]:
        blocks = [slopes, member]
        if effects in ("region", "two-way"):
            blocks.append(pd.get_dummies(frame["p"], dtype=float).to_numpy())
        if effects in ("time", "two-way"):
            years = pd.get_dummies(frame["year"], dtype=float).to_numpy()
            blocks += [years * member[:, [g]] for g in range(2)]
        design = np.concatenate(blocks, axis=1)
        beta = np.linalg.lstsq(design, frame["y"].to_numpy(), rcond=None)[0]
        return float(((frame["y"] - design @ beta) ** 2).sum()), int(np.linalg.matrix_rank(design))

    common, _ = squares(frame[["x", "z"]].to_numpy())
    apart, rank = squares(np.concatenate([frame[["x", "z"]].to_numpy() * member[:, [g]] for g in range(2)], axis=1))
    F = (common - apart) / 2 / (apart / (70 - rank))
    wald, chow = by.tests
    assert chow.statistic == pytest.approx(F, rel=1e-7)
    assert chow.p_value == pytest.approx(stats.f.sf(F, 2, 70 - rank), rel=1e-6)
    gap = by.table["estimate"].diff().iloc[1]
    assert wald.statistic == pytest.approx(gap**2 / (by.table["std_error"] ** 2).sum(), rel=ROUNDING)
    assert wald.df == 1


@pytest.mark.parametrize("effects", ["time", "two-way"])
@pytest.mark.parametrize("gaps", [False, True])
def test_permutations_deal_whole_regions(effects, gaps):
    """The statistic of the draws is Wald's with unadjusted variances; p counts the draws at least as large."""
    panel = simulated(7, n=9, periods=5, betas=(0.7, 0.8, 0.9))
    if gaps:
        panel = panel.assign(y=lambda f: f["y"].where(f.index != 12))
    by = sc.fixed_effects_by_group(
        panel, "y", ["x", "z"], groups="area", effects=effects, vcov="unadjusted", permutations=12, seed=1
    )
    assert by.tests[2].statistic == pytest.approx(by.tests[0].statistic, rel=1e-8)
    larger, rng = 0, np.random.default_rng(1)
    codes = np.array([int(a[-1]) for a in panel.frame.groupby("p")["area"].first()])
    for _ in range(12):
        dealt = dict(zip(panel.regions, rng.permutation(codes), strict=True))
        again = sc.fixed_effects_by_group(
            panel, "y", ["x", "z"], groups=dealt, effects=effects, vcov="unadjusted", permutations=0
        )
        larger += again.tests[0].statistic >= by.tests[0].statistic
    assert by.tests[2].p_value == pytest.approx((1 + larger) / 13)


@pytest.mark.slow
def test_permutation_holds_its_size_where_wald_does_not():
    """Seven groups of three to six regions as in He, no difference in truth: nominal 5 %."""
    sizes = [5, 3, 6, 4, 3, 5, 5]
    groups = {f"p{k:02d}": g for k, g in enumerate(np.repeat(np.arange(7), sizes))}
    rejects = np.zeros(3)
    for seed in range(200):
        by = sc.fixed_effects_by_group(
            simulated(seed), "y", ["x", "z"], groups=groups, permutations=99, seed=seed, effects="two-way"
        )
        rejects += [test.p_value <= 0.05 for test in by.tests]
    wald, chow, permutation = rejects / 200
    assert permutation < 0.09
    assert chow < 0.09
    assert wald > 0.2


def test_groups_answer_bad_input():
    panel = simulated(1, n=6, periods=4)
    with pytest.raises(errors.OptionError, match="one group only"):
        sc.fixed_effects_by_group(panel, "y", "x", groups=dict.fromkeys(panel.regions, "a"))
    lone = {r: ("a" if r == "p00" else "b") for r in panel.regions}
    with pytest.raises(errors.ModelError, match="group 'a' \\(1 region\\)"):
        sc.fixed_effects_by_group(panel, "y", "x", groups=lone)
    with pytest.raises(errors.DataError, match="groups has no entry"):
        sc.fixed_effects_by_group(panel, "y", "x", groups={"p00": "a"})
    by = sc.fixed_effects_by_group(simulated(2, n=8), "y", "x", groups={f"p{k:02d}": k // 4 for k in range(8)})
    assert any("clustered by too few regions" in note for note in by.notes)
    assert repr(by) == repr(
        sc.fixed_effects_by_group(simulated(2, n=8), "y", "x", groups={f"p{k:02d}": k // 4 for k in range(8)})
    )
    json.dumps(by.to_dict())
    assert "p permutation" in by.glance()


# ---------------------------------------------------------------------- robustness


@pytest.fixture(scope="module")
def with_index():
    panel = simulated(9).assign(
        sites=lambda f: np.exp(f["x"]),
        sales=lambda f: np.exp(0.5 * f["x"] + 0.2 * f["z"]),
        net=lambda f: f["x"] - f["z"],
    )
    index = sc.composite_index(panel, ["sites", "sales", "net"], direction="+", max_vif=None)
    return index.panel("score"), index


def test_each_variant_is_the_regression_it_says(with_index):
    panel, index = with_index
    checks = sc.robustness(panel, "y", "score", controls="z", index=index, replace="x")
    assert list(checks.table.index) == [
        "baseline",
        "score lagged by 1",
        "score winsorised",
        "y winsorised",
        f"score without {index.heaviest}",
        "x for score",
    ]
    frame = panel.frame
    frame["lagged"] = frame.groupby("p")["score"].shift()
    ordered = np.sort(frame["score"])
    low, high = ordered[13], ordered[265]  # of 279: ranks 13.95 and 265.05, the next value above
    frame["capped"] = frame["score"].clip(low, high)
    ordered = np.sort(frame["y"])
    frame["y_capped"] = frame["y"].clip(ordered[13], ordered[265])
    frame["fewer"] = index.without(index.heaviest).panel("fewer").frame["fewer"]
    other = sc.Panel(frame, region="p", period="year")
    by_hand = [("y", "score"), ("y", "lagged"), ("y", "capped"), ("y_capped", "score"), ("y", "fewer"), ("y", "x")]
    for (name, row), (y, x) in zip(checks.table.iterrows(), by_hand, strict=True):
        fit = sc.fixed_effects(other, y, [x, "z"])
        assert row["estimate"] == pytest.approx(fit.params[x], rel=ROUNDING), name
        assert row["std_error"] == pytest.approx(fit.std_errors[x], rel=ROUNDING), name
    assert checks.table["nobs"].tolist() == [279, 248, 279, 279, 279, 279]
    assert any("248 of 279 observations are used" in note for note in checks.notes)
    assert checks.same_sign == (checks.table["estimate"].iloc[1:] > 0).sum() == 4  # x has no memory
    sc.tables.regression(checks.fits)
    json.dumps(checks.to_dict())
    assert len(repr(checks).splitlines()) <= 12


def test_a_lag_sees_gaps_in_the_years():
    panel = simulated(2, n=8, periods=6)
    short = panel.subset(periods=[2013, 2014, 2015, 2017, 2018])
    checks = sc.robustness(short, "y", "x", lag=1, winsorise=None)
    assert checks.table["nobs"].tolist() == [40, 24]  # 2014, 2015 and 2018: 2016 is not there
    with pytest.raises(errors.DataError, match="no period has another 9 steps"):
        sc.robustness(panel, "y", "x", lag=9)


def test_robustness_answers_bad_input(with_index):
    panel, index = with_index
    with pytest.raises(errors.OptionError, match="is not the score of the index"):
        sc.robustness(panel, "y", "x", index=index)
    with pytest.raises(errors.OptionError, match="pass the index too"):
        sc.robustness(panel, "y", "x", drop="sites")
    with pytest.raises(errors.OptionError, match="there is no variant"):
        sc.robustness(panel, "y", "x", lag=None, winsorise=None)
    with pytest.raises(errors.OptionError, match=r"below 0\.5"):
        sc.robustness(panel, "y", "x", winsorise=0.5)
    with pytest.raises(errors.OptionError, match="x names the one regressor"):
        sc.robustness(panel, "y", ["x", "z"])
    np.testing.assert_allclose(index.scores.to_numpy().max(), panel.values("score").max(), rtol=EXACT)


def test_errors_of_two_clusters_whose_scores_cancel_are_undefined():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"r": np.repeat(["a", "b"], 8), "t": np.tile(np.arange(8), 2)})
    frame = frame.assign(y=rng.normal(size=16), x=rng.normal(size=16))
    panel = sc.Panel(frame, region="r", period="t")
    found = sc.fixed_effects(panel, "y", "x", effects="two-way")
    assert np.isnan(found.table.loc["x", ["std_error", "statistic", "p_value"]].astype(float)).all()
    assert any("no standard error but rounding of 'x'" in note for note in found.notes)
    plain = sc.fixed_effects(panel, "y", "x", effects="two-way", vcov="unadjusted")
    assert plain.table.loc["x", "std_error"] > 0
    np.testing.assert_allclose(found.params, plain.params, rtol=ROUNDING)
