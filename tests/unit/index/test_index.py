"""Composite indices: entropies by hand, the printed tables of He, gaps, screening, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import errors
from spatialconv._core.dispersion import entropy as core
from tests.tolerances import EXACT, PRINTED_THREE, REFERENCE

PRINTED = json.loads((Path(__file__).parents[2] / "reference" / "he_index" / "printed.json").read_text("utf-8"))
NAMES = ["sales", "sites", "wages", "wait"]
SIGNS = {"sales": "+", "sites": "+", "wages": "+", "wait": "-"}


def frame(n: int = 31, periods: int = 9, seed: int = 3) -> pd.DataFrame:
    """A panel of the paper's size: three indicators that rise, one (waiting time) that falls with development."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([[f"p{i:02d}" for i in range(n)], range(2013, 2013 + periods)])
    level = np.repeat(rng.gamma(2, 1, n), periods) + 0.1 * np.tile(np.arange(periods), n)
    noise = rng.normal(0, 0.4, (n * periods, 4))
    columns = np.exp(noise[:, :3] * [0.5, 1.5, 0.2]) * level[:, None] ** [1, 2, 0.5]
    table = pd.DataFrame(columns, columns=NAMES[:3], index=index)
    table["wait"] = 20 / (1 + level) + noise[:, 3]
    return table.rename_axis(["province", "year"]).reset_index()


def as_panel(table: pd.DataFrame) -> sc.Panel:
    return sc.Panel(table, region="province", period="year")


@pytest.fixture(scope="module")
def panel() -> sc.Panel:
    return as_panel(frame())


def by_hand(rows: np.ndarray, signs: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Entropies, weights and scores by loops over cells, straight from the formulas."""
    n, k = rows.shape
    scaled = np.empty_like(rows)
    for j in range(k):
        low, high = min(rows[:, j]), max(rows[:, j])
        for i in range(n):
            scaled[i, j] = (rows[i, j] - low if signs[j] > 0 else high - rows[i, j]) / (high - low)
    e = []
    for j in range(k):
        shares = [value / sum(scaled[:, j]) for value in scaled[:, j]]
        e.append(-sum(p * np.log(p) for p in shares if p > 0) / np.log(n))
    g = [1 - value for value in e]
    w = np.array([value / sum(g) for value in g])
    return np.array(e), w, np.array([sum(w[j] * scaled[i, j] for j in range(k)) for i in range(n)])


# ---------------------------------------------------------------------- the printed tables


def test_constant_of_the_paper(panel):
    index = sc.composite_index(panel, NAMES, direction=SIGNS)
    assert round(index.constant, 6) == PRINTED["constant"]
    assert panel.n_regions * panel.n_periods == PRINTED["n"]


@pytest.mark.parametrize("table", ["table5", "table6"])
def test_printed_utilities_and_weights_follow_from_printed_entropies(table):
    """A printed entropy stands for an interval of half a unit each way; printed weights lie in what follows."""
    printed = {key: np.array(value) for key, value in PRINTED[table].items() if key in ("entropy", "utility", "weight")}
    found = core.entropy_weights(printed["entropy"])
    np.testing.assert_allclose(found.utility, printed["utility"], rtol=0, atol=EXACT)
    low, high = found.utility - PRINTED_THREE, found.utility + PRINTED_THREE
    rest_low, rest_high = low.sum() - low, high.sum() - high
    least, most = low / (low + rest_high), high / (high + rest_low)
    assert (printed["weight"] >= least - PRINTED_THREE).all()
    assert (printed["weight"] <= most + PRINTED_THREE).all()
    # And the intervals say something: none is wider than a fiftieth.
    assert (most - least < 0.02).all()


def test_printed_group_weights_are_sums():
    table = PRINTED["table5"]
    sums = pd.Series(table["weight"]).groupby(table["group"]).sum()
    for group, printed in table["group_weight"].items():
        members = table["group"].count(group)
        assert sums[group] == pytest.approx(printed, abs=(members + 1) * PRINTED_THREE)


def test_printed_inflation_is_that_of_a_stepwise_screening():
    before, after = PRINTED["vif_before"], PRINTED["vif_after"]
    assert "IOW" not in before
    assert np.mean(list(before.values())) == pytest.approx(PRINTED["vif_before_mean"], abs=0.01)
    assert np.mean(list(after.values())) == pytest.approx(PRINTED["vif_after_mean"], abs=0.005)
    assert before["POS"] > 10 > after["POS"]


# ---------------------------------------------------------------------- the figures


def test_agrees_with_loops_over_the_formulas(panel):
    rows = np.stack([panel.values(name).ravel() for name in NAMES], axis=1)
    e, w, s = by_hand(rows, [1, 1, 1, -1])
    index = sc.composite_index(panel, NAMES, direction=SIGNS, max_vif=None)
    np.testing.assert_allclose(index.weights["entropy"], e, rtol=REFERENCE)
    np.testing.assert_allclose(index.weights["weight"], w, rtol=REFERENCE)
    np.testing.assert_allclose(index.scores.to_numpy().ravel(), s, rtol=REFERENCE, atol=EXACT)


def test_by_period_is_each_period_alone(panel):
    index = sc.composite_index(panel, NAMES, direction=SIGNS, pooled=False, max_vif=None)
    for year in panel.periods:
        alone = sc.composite_index(panel.subset(periods=[year]), NAMES, direction=SIGNS, max_vif=None)
        np.testing.assert_allclose(index.scores.loc[year], alone.scores.loc[year], rtol=REFERENCE, atol=EXACT)
        np.testing.assert_allclose(index.weights.loc[year, "weight"], alone.weights["weight"], rtol=REFERENCE)
    assert any("not over time" in note for note in index.notes)
    assert index.group_weights.shape == (4, 9)
    np.testing.assert_allclose(index.group_weights.sum(), 1, rtol=EXACT)


def test_properties(panel):
    """Scores in [0, 1]; units do not matter; a turned indicator with a turned direction is the same indicator."""
    index = sc.composite_index(panel, NAMES, direction=SIGNS)
    assert index.scores.to_numpy().min() >= 0
    assert index.scores.to_numpy().max() <= 1
    other = panel.assign(sales=lambda f: 1000 * f["sales"] + 5, wait=lambda f: -f["wait"])
    turned = sc.composite_index(other, NAMES, direction="+")
    np.testing.assert_allclose(turned.scores, index.scores, rtol=REFERENCE, atol=EXACT)
    shuffled = as_panel(panel.frame.sample(frac=1, random_state=1))
    again = sc.composite_index(shuffled, NAMES, direction=SIGNS).scores
    pd.testing.assert_frame_equal(again[index.scores.columns], index.scores, rtol=REFERENCE)


def test_z_has_the_entropies_of_minmax_unless_shifted(panel):
    minmax = sc.composite_index(panel, NAMES, direction=SIGNS).weights
    z = sc.composite_index(panel, NAMES, direction=SIGNS, normalise="z")
    np.testing.assert_allclose(z.weights["weight"], minmax["weight"], rtol=REFERENCE)
    np.testing.assert_allclose(z.scores.to_numpy().mean(), 0, atol=EXACT)
    shifted = sc.composite_index(panel, NAMES, direction=SIGNS, shift=1.0)
    assert (shifted.weights["entropy"] > minmax["entropy"]).all()
    assert any("was added before" in note for note in shifted.notes)
    tiny = sc.composite_index(panel, NAMES, direction=SIGNS, shift=1e-9)
    np.testing.assert_allclose(tiny.weights["weight"], minmax["weight"], rtol=1e-6)


def test_groups_add_up(panel):
    groups = {"market": ["sales", "sites"], "work": "wages", "service": ["wait"]}
    index = sc.composite_index(panel, groups, direction=SIGNS)
    assert list(index.contributions.columns) == ["market", "work", "service"]
    np.testing.assert_allclose(index.contributions.sum(axis=1), index.scores.to_numpy().ravel(), rtol=REFERENCE)
    assert index.group_weights["market"] == pytest.approx(index.weights.loc[["sales", "sites"], "weight"].sum())
    flat = sc.composite_index(panel, NAMES, direction=SIGNS)
    np.testing.assert_allclose(flat.scores, index.scores, rtol=EXACT)


def test_other_weights(panel):
    equal = sc.composite_index(panel, NAMES, direction=SIGNS, weighting="equal")
    np.testing.assert_allclose(equal.weights["weight"], 0.25, rtol=EXACT)
    own = sc.composite_index(panel, NAMES, direction=SIGNS, weighting={"sales": 2, "sites": 1, "wages": 1, "wait": 0})
    np.testing.assert_allclose(own.weights["weight"], [0.5, 0.25, 0.25, 0], rtol=EXACT)
    critic = sc.composite_index(panel, NAMES, direction=SIGNS, weighting="critic").weights["weight"]
    rows = panel.frame[NAMES].assign(wait=-panel.frame["wait"])
    rows = (rows - rows.min()) / (rows.max() - rows.min())
    content = rows.std() * (1 - rows.corr()).sum()
    np.testing.assert_allclose(critic, content / content.sum(), rtol=REFERENCE)
    pca = sc.composite_index(panel, NAMES, direction=SIGNS, weighting="pca")
    loading = np.linalg.svd((rows - rows.mean()) / rows.std())[2][0]
    np.testing.assert_allclose(pca.weights["weight"], loading**2, rtol=REFERENCE)
    assert any("first principal component" in note for note in pca.notes)


# ---------------------------------------------------------------------- gaps


def test_gaps_go_on_straight_lines():
    values = np.array([[np.nan, 1.0], [2.0, np.nan], [3.0, np.nan], [np.nan, 7.0], [7.0, np.nan]])
    done = core.interpolate(values, np.array([2010.0, 2011.0, 2012.0, 2014.0, 2016.0]))
    np.testing.assert_allclose(done.values, [[1, 1], [2, 2.5], [3, 4], [5, 7], [7, 10]], rtol=EXACT)
    assert done.inside.sum() == 3
    assert done.outside.sum() == 2


def test_negative_fills_become_zero_and_are_named():
    table = frame(6, 5).set_index(["province", "year"])
    table.loc[("p00", 2013), "sales"] = np.nan
    table.loc[("p00", slice(2014, 2015)), "sales"] = [1.0, 5.0]  # on the line: -3 in 2013
    table.loc[("p01", 2015), "sites"] = np.nan
    given = table.copy()
    index = sc.composite_index(as_panel(table.reset_index()), NAMES, direction=SIGNS, max_vif=None)
    pd.testing.assert_frame_equal(table, given)
    cells = index.filled.set_index(["indicator", "region", "period"])
    assert cells.loc[("sales", "p00", 2013), ["how", "value", "set_to_zero"]].tolist() == ["extrapolated", 0.0, True]
    middle = (table.loc[("p01", 2014), "sites"] + table.loc[("p01", 2016), "sites"]) / 2
    assert cells.loc[("sites", "p01", 2015), "value"] == pytest.approx(middle)
    assert len(cells) == 2
    assert "1 interpolated and 1 extrapolated" in index.notes[0]
    assert "set to 0: ('sales', 'p00', 2013)" in index.notes[1]
    # What is observed below zero may be filled in below zero.
    table.loc[("p02", 2014), "sales"] = -1.0
    free = sc.composite_index(as_panel(table.reset_index()), NAMES, direction=SIGNS, max_vif=None)
    assert free.filled["set_to_zero"].sum() == 0
    assert free.filled["value"].min() == pytest.approx(-3)
    with pytest.raises(errors.MissingDataError, match="sales"):
        sc.composite_index(as_panel(table.reset_index()), NAMES, direction=SIGNS, gaps="raise")


def test_absent_rows_are_added_to_the_panel():
    table = frame(5, 4)
    short = table.drop(index=[1, 7])
    index = sc.composite_index(as_panel(short), NAMES, direction=SIGNS, max_vif=None)
    back = index.panel("development")
    assert back.balanced
    assert list(back.regions) == list(as_panel(short).regions)
    np.testing.assert_allclose(back.values("development"), index.scores, rtol=EXACT)
    assert back.wide("sales").isna().sum().sum() == 2


def test_one_observation_makes_no_line():
    table = frame(5, 4)
    table.loc[table["province"].eq("p03") & table["year"].gt(2013), "wages"] = np.nan
    with pytest.raises(errors.MissingDataError, match=r"'wages' cannot be filled.*\('p03', 1\)"):
        sc.composite_index(as_panel(table), NAMES, direction=SIGNS)


# ---------------------------------------------------------------------- screening


def test_variance_inflation_is_that_of_statsmodels(panel):
    from statsmodels.stats.outliers_influence import variance_inflation_factor
    from statsmodels.tools import add_constant

    design = add_constant(panel.frame[NAMES].to_numpy())
    theirs = [variance_inflation_factor(design, j) for j in range(1, 5)]
    ours = sc.composite_index(panel, NAMES, direction=SIGNS, max_vif=None).screening
    order = ours.set_index("indicator").loc[NAMES, "vif"]
    np.testing.assert_allclose(order, theirs, rtol=1e-8)
    assert not ours["removed"].any()


def test_screening_takes_one_at_a_time():
    """Of two that tell the same only one goes: both are above the threshold at first."""
    rng = np.random.default_rng(8)
    table = frame().assign(
        copy=lambda f: f["sales"] * (1 + 0.01 * rng.normal(size=len(f))), twice=lambda f: 2 * f["wait"]
    )
    names = [*NAMES, "copy", "twice"]
    index = sc.composite_index(as_panel(table), names, direction=SIGNS | {"copy": "+", "twice": "-"})
    gone = index.screening[index.screening["removed"]]
    assert gone["indicator"].tolist() == ["twice", gone["indicator"].iloc[1]]
    assert gone["vif"].iloc[0] == np.inf
    assert gone["indicator"].iloc[1] in ("sales", "copy")
    last = index.screening[index.screening["step"] == 3]
    assert set(last["indicator"]) == set(index.weights.index)
    assert (last["vif"] <= 10).all()
    assert len(index.weights) == 4
    assert any("variance inflation above 10" in note for note in index.notes)


def test_without_keeps_everything_else(panel):
    index = sc.composite_index(panel, NAMES, direction=SIGNS, weighting="equal")
    fewer = index.without("sites")
    assert list(fewer.weights.index) == ["sales", "wages", "wait"]
    np.testing.assert_allclose(fewer.weights["weight"], 1 / 3, rtol=EXACT)
    direct = sc.composite_index(panel, ["sales", "wages", "wait"], direction="+", weighting="equal")
    assert not np.allclose(direct.scores, fewer.scores)  # the direction of wait went along
    assert sc.composite_index(panel, NAMES, direction=SIGNS).heaviest == "sites"
    with pytest.raises(errors.OptionError, match="'beds' is not in the index"):
        index.without("beds")


# ---------------------------------------------------------------------- the result


def test_score_enters_a_beta_model_as_control(panel):
    index = sc.composite_index(panel, NAMES, direction=SIGNS)
    with_score = index.panel("development").assign(gdp=lambda f: np.exp(f["wages"]))
    b = sc.beta(with_score, "gdp", controls="development", effects="time")
    assert "development" in b.tidy()["term"].to_list()


def test_result_shows_itself(panel):
    index = sc.composite_index(panel, NAMES, direction=SIGNS)
    text = repr(index)
    assert text == repr(sc.composite_index(panel, NAMES, direction=SIGNS))
    assert "Composite index of 4 indicators: 31 regions x 9 periods (2013 to 2021)" in text
    assert "K = 1 / ln n = 0.177582" in text
    tidy = index.tidy()
    assert len(tidy) == 279
    assert tidy.groupby("year")["rank"].min().eq(1).all()
    assert index.ranks().iloc[0] == 1
    assert index.glance()["heaviest"].item() == "sites"
    json.dumps(index.to_dict())
    assert "<table" in index._repr_html_()


BAD = {
    "direction lacking": ({"direction": {"sales": "+"}}, errors.OptionError, "says nothing of 3: 'sites'"),
    "direction unknown": ({"direction": SIGNS | {"x": "+"}}, errors.OptionError, "names 'x', which is no indicator"),
    "direction of another kind": ({"direction": "up"}, errors.OptionError, "must be '\\+' or '-'"),
    "direction true": ({"direction": True}, errors.OptionError, "must be '\\+' or '-'"),
    "weighting": ({"weighting": "ahp"}, errors.OptionError, "weighting must be one of"),
    "weights lacking": ({"weighting": {"sales": 1}}, errors.OptionError, "gives no weight to"),
    "weights in words": ({"weighting": dict.fromkeys(NAMES, "high")}, errors.OptionError, "zero or positive"),
    "weights negative": ({"weighting": dict.fromkeys(NAMES, -1)}, errors.OptionError, "zero or positive"),
    "threshold": ({"max_vif": 0.5}, errors.OptionError, "max_vif must be 1 or more"),
    "shift": ({"shift": -1}, errors.OptionError, "shift must be a positive number"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_options_are_answered(panel, case):
    options, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        sc.composite_index(panel, NAMES, **({"direction": SIGNS} | options))


def test_bad_data_are_answered(panel):
    with pytest.raises(errors.DataError, match="data enter by a Panel"):
        sc.composite_index(panel.frame, NAMES, direction="+")
    with pytest.raises(errors.VariableError, match="no variable 'beds'"):
        sc.composite_index(panel, ["beds"], direction="+")
    with pytest.raises(errors.OptionError, match="names no column"):
        sc.composite_index(panel, [], direction="+")
    flat = panel.assign(flat=1.0)
    with pytest.raises(errors.VariableError, match="do not vary carry no information: 'flat'"):
        sc.composite_index(flat, ["sales", "flat"], direction="+")
    steady = panel.assign(steady=lambda f: f["year"].astype(float))
    assert sc.composite_index(steady, ["sales", "steady"], direction="+").scores.notna().all().all()
    with pytest.raises(errors.VariableError, match="do not vary in 2013"):
        sc.composite_index(steady, ["sales", "steady"], direction="+", pooled=False)
    one = panel.subset(regions=["p00"], periods=[2013])
    with pytest.raises(errors.DataError, match="two rows or more"):
        sc.composite_index(one, NAMES, direction=SIGNS)
    with pytest.raises(errors.OptionError, match="already"):
        sc.composite_index(panel, NAMES, direction=SIGNS).panel("sales")
    twice = {"a": ["sales"], "b": ["sales", "sites"]}
    with pytest.raises(errors.OptionError, match="more than once"):
        sc.composite_index(panel, twice, direction="+")


def test_little_to_compare_is_said(panel):
    """One region, one period or two rows give weights, but not those that a reader would take them for."""
    told = {
        "one region, 'p00'": panel.subset(regions=["p00"]),
        "one period, 2013": panel.subset(periods=[2013]),
        "two rows to compare": panel.subset(regions=["p00", "p01"], periods=[2013]),
    }
    for words, few in told.items():
        index = sc.composite_index(few, NAMES, direction=SIGNS, max_vif=None)
        assert any(note.startswith(words) for note in index.notes)
        assert f"note: {words}" in repr(index)
    np.testing.assert_allclose(index.weights["weight"], 1 / len(NAMES))
    full = sc.composite_index(panel, NAMES, direction=SIGNS)
    assert not any(words in note for words in told for note in full.notes)
