"""The public functions: tables, options, islands, seeds, messages, and that nothing given is changed."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph

import spatialconv as sc
from spatialconv import autocorrelation as ac
from spatialconv.errors import (
    AlignmentError,
    DataError,
    MissingDataError,
    NotPositiveError,
    OptionError,
    UnbalancedPanelError,
    VariableError,
    WeightsError,
)
from tests import brute_association as brute
from tests.terminal import plain_repr
from tests.tolerances import EXACT, REFERENCE

GLOBAL = [sc.moran, sc.geary, sc.general_g]
LOCAL = [sc.local_moran, sc.hot_spots]
ALL = GLOBAL + LOCAL
LABELS = [f"r{i:02d}" for i in range(16)]
BINARY = brute.lattice(4)
VALUES = np.random.default_rng(4).lognormal(2.0, 0.5, (3, 16))


def grid(values=VALUES, matrix=BINARY, labels=LABELS, periods=(2001, 2002, 2003)):
    values = np.atleast_2d(values)
    return brute.panel(values, labels, periods[: len(values)]), brute.graph(brute.row_standardised(matrix), labels)


def with_island():
    matrix = BINARY.copy()
    matrix[5] = matrix[:, 5] = 0
    return grid(matrix=matrix)


# ---------------------------------------------------------------------- what comes back


@pytest.mark.parametrize(("function", "name"), list(zip(GLOBAL, "ICG", strict=True)))
def test_global_table_has_one_row_a_period(function, name):
    panel, w = grid()
    found = function(panel, "y", w)
    assert list(found.table.columns) == [name, "expected", "variance", "z", "p"]
    assert list(found.table.index) == [2001, 2002, 2003]
    assert found.table.index.name == "period"
    assert (found.variable, found.log, found.statistic, found.null) == ("y", False, name, "randomisation")
    pd.testing.assert_index_equal(found.periods, panel.periods)
    pd.testing.assert_index_equal(found.regions, panel.regions)
    assert found.notes == ()
    tidy = found.tidy()
    np.testing.assert_array_equal(tidy["estimate"], found.table[name])
    np.testing.assert_array_equal(tidy["statistic"], found.table["z"])
    np.testing.assert_allclose(
        np.abs(tidy["estimate"] - tidy["expected"]) / tidy["std_error"], np.abs(tidy["statistic"]), rtol=EXACT
    )
    assert found.glance().loc[0, ["n_regions", "n_periods"]].tolist() == [16, 3]


@pytest.mark.parametrize("function", LOCAL)
def test_local_table_is_by_region_for_one_period_and_by_period_and_region_for_more(function):
    panel, w = grid()
    one, two, every = (function(panel, "y", w, period=p) for p in (2002, [2003, 2001], None))
    assert list(one.table.index) == LABELS
    assert one.table.index.names == ["region"]
    assert two.table.index.names == ["period", "region"]
    assert list(two.periods) == [2001, 2003]
    assert every.table.shape[0] == 48
    pd.testing.assert_frame_equal(every.at(2002), one.table)
    pd.testing.assert_frame_equal(two.at(2003), every.at(2003))
    pd.testing.assert_frame_equal(one.at(), one.table)
    np.testing.assert_array_equal(one.table["value"], VALUES[1])
    np.testing.assert_array_equal(every.tidy()["term"], np.tile(LABELS, 3))
    np.testing.assert_array_equal(every.tidy()["q_value"], every.table["q"])
    with pytest.raises(OptionError, match=r"no period 1999 in the result; it has 3: 2001, 2002, 2003"):
        every.at(1999)
    with pytest.raises(OptionError, match="no period None"):
        every.at()


def test_periods_may_be_words_or_dates():
    panel, w = grid(periods=("wave 1", "wave 2", "wave 3"))
    assert list(sc.hot_spots(panel, "y", w, period="wave 2").table.index) == LABELS
    dates = pd.to_datetime(["2001-01-01", "2002-01-01", "2003-01-01"])
    panel, w = grid(periods=list(dates))
    assert list(sc.hot_spots(panel, "y", w, period=dates[1]).table.index) == LABELS


def test_hot_spots_columns_and_types():
    panel, w = grid()
    table = sc.hot_spots(panel, "y", w).table
    assert list(table.columns) == ["value", "z", "p", "q", "jenks", "confidence", "confidence_fdr"]
    assert (table[["jenks", "confidence", "confidence_fdr"]].dtypes == "Int64").all()
    assert table.groupby("period")["jenks"].agg(["min", "max"]).to_numpy().tolist() == [[1, 4]] * 3


def test_confidence_is_the_class_of_p_with_the_sign_of_z():
    matrix, labels = brute.lattice(10), [f"r{i:02d}" for i in range(100)]
    panel, w = grid(np.repeat(np.linspace(-3, 3, 10), 10) ** 3, matrix, labels)
    found = sc.hot_spots(panel, "y", w)
    for column, by in (("confidence", "p"), ("confidence_fdr", "q")):
        expected = np.select([found.table[by] <= a for a in (0.01, 0.05, 0.1)], [3, 2, 1], 0)
        np.testing.assert_array_equal(found.table[column], expected * np.sign(found.table["z"]))
    assert set(found.table["confidence"]) == {-3, -2, 0, 2, 3}
    by_q = sc.hot_spots(panel, "y", w, fdr=True).table
    np.testing.assert_array_equal(by_q["confidence"], found.table["confidence_fdr"])
    assert (found.table["confidence_fdr"] != found.table["confidence"]).any()


def test_local_moran_table_holds_together():
    panel, w = grid()
    t = sc.local_moran(panel, "y", w, log=True).table
    np.testing.assert_allclose(t["value"], np.log(VALUES).ravel(), rtol=EXACT)
    np.testing.assert_allclose(t["deviation"] * t["lag"], t["I"], rtol=EXACT)
    np.testing.assert_allclose((t["I"] - t["expected"]) / np.sqrt(t["variance"]), t["z"], rtol=1e3 * EXACT)
    high = {True: "H", False: "L"}
    assert [high[a > 0] + high[b > 0] for a, b in zip(t["deviation"], t["lag"], strict=True)] == t["quadrant"].tolist()
    passed = t["p"] <= 0.05
    assert passed.any()
    assert (t["cluster"][passed] == t["quadrant"][passed].map(ac.QUADRANTS)).all()
    assert (t["cluster"][~passed] == "not significant").all()
    strict = sc.local_moran(panel, "y", w, log=True, fdr=True, level=0.3)
    np.testing.assert_array_equal(strict.table["cluster"] != "not significant", t["q"] <= 0.3)
    assert strict.glance().loc[0, ["hh", "lh", "ll", "hl"]].sum() == (t["q"] <= 0.3).sum()


def test_alternatives_share_one_p():
    panel, w = grid()
    for function in [*GLOBAL, sc.local_moran]:
        both, more, less = (function(panel, "y", w, alternative=a).table["p"] for a in ("two-sided", "greater", "less"))
        np.testing.assert_allclose(more + less, 1, rtol=EXACT)
        np.testing.assert_allclose(both, 2 * np.minimum(more, less), rtol=1e3 * EXACT)


def test_greater_means_alike_neighbours_for_every_statistic():
    smooth = np.add.outer(np.arange(4.0), np.arange(4.0)).ravel() + 1
    panel, w = grid(smooth)
    for function in GLOBAL:
        for null, permutations in (("randomisation", 0), ("permutation", 999)):
            found = function(panel, "y", w, alternative="greater", null=null, permutations=permutations, seed=1).table
            assert found["z"].iloc[0] > 2
            assert found["p"].iloc[0] < 0.02


# ---------------------------------------------------------------------- permutations


@pytest.mark.parametrize("function", GLOBAL)
def test_permutations_beside_an_analytic_null_and_as_the_null(function):
    panel, w = grid()
    analytic = function(panel, "y", w).table
    beside = function(panel, "y", w, permutations=4999, seed=1)
    alone = function(panel, "y", w, null="permutation", permutations=4999, seed=1)
    pd.testing.assert_frame_equal(beside.table.drop(columns="p_permutation"), analytic)
    np.testing.assert_array_equal(alone.table["p"], beside.table["p_permutation"])
    np.testing.assert_array_equal(beside.tidy()["p_permutation"], beside.table["p_permutation"])
    # Two witnesses of one null: 5000 draws against the exact moments.
    spread = np.sqrt(analytic["variance"])
    np.testing.assert_allclose(alone.table["expected"], analytic["expected"], atol=5 * spread.max() / np.sqrt(4999))
    np.testing.assert_allclose(alone.table["variance"], analytic["variance"], rtol=0.15)
    np.testing.assert_allclose(alone.table["z"], analytic["z"], atol=0.3)
    assert (np.sign(alone.table["z"]) == np.sign(analytic["z"])).all()


def test_local_permutations_agree_with_the_conditional_moments():
    panel, w = grid()
    exact = sc.local_moran(panel, "y", w).table
    drawn = sc.local_moran(panel, "y", w, permutations=4999, seed=1).table
    np.testing.assert_allclose(drawn["expected"], exact["expected"], atol=0.1 * np.sqrt(exact["variance"]).max())
    np.testing.assert_allclose(drawn["variance"], exact["variance"], rtol=0.15)
    np.testing.assert_array_equal(drawn["I"], exact["I"])
    assert not np.array_equal(drawn["p"], exact["p"])


def test_permutations_of_neighbours_leave_z_and_are_alike_for_gi_and_gi_star():
    panel, w = grid()
    drawn = {star: sc.hot_spots(panel, "y", w, star=star, permutations=999, seed=3).table for star in (True, False)}
    for star, table in drawn.items():
        np.testing.assert_array_equal(table["z"], sc.hot_spots(panel, "y", w, star=star).table["z"])
    # Given its own value a region is as hot by Gi* as by Gi.
    np.testing.assert_array_equal(drawn[True]["p"], drawn[False]["p"])
    assert (drawn[True]["p"] != sc.hot_spots(panel, "y", w, star=False).table["p"]).all()


def test_a_region_hot_by_its_own_value_among_low_neighbours_is_not_classed_hot():
    values = np.linspace(10, 11, 16)
    values[[0, 1, 4]] = 40, 10.01, 10.0
    panel, w = grid(values)
    analytic = sc.hot_spots(panel, "y", w)
    drawn = sc.hot_spots(panel, "y", w, permutations=999, seed=1)
    row = drawn.table.loc[(2001, "r00")]
    assert analytic.table.loc[(2001, "r00"), "z"] > 1
    assert row["p"] <= 0.1
    assert row["confidence"] == 0
    assert any("the permutations point the other way than z" in note for note in drawn.notes)


@pytest.mark.parametrize("function", ALL)
def test_one_seed_one_result_and_the_seed_is_kept(function):
    panel, w = grid()
    first = function(panel, "y", w, permutations=99, seed=5)
    assert first.provenance.seed == 5
    pd.testing.assert_frame_equal(function(panel, "y", w, permutations=99, seed=5).table, first.table)
    free = function(panel, "y", w, permutations=99)
    again = function(panel, "y", w, permutations=99, seed=free.provenance.seed)
    pd.testing.assert_frame_equal(again.table, free.table)
    mine = function(panel, "y", w, permutations=99, seed=np.random.default_rng(5))
    assert mine.provenance.seed is None
    pd.testing.assert_frame_equal(mine.table, first.table)
    assert function(panel, "y", w).provenance.seed is None


@pytest.mark.parametrize("function", ALL)
def test_the_global_random_state_is_left_alone(function):
    panel, w = grid()
    before = np.random.get_state()[1].copy()
    function(panel, "y", w, permutations=9, seed=5)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("function", LOCAL)
def test_a_note_says_when_permutations_are_too_few_for_the_false_discovery_rate(function):
    panel, w = grid()
    notes = function(panel, "y", w, permutations=99, seed=1).notes
    assert notes == (
        "99 permutations give no p below 0.02: for a false-discovery rate of 5 % among 16 regions at least 7 regions "
        "have to be there together; 639 permutations let a lone region pass",
    )
    # And it is right: 639 do, 638 do not.
    assert function(panel, "y", w, permutations=639, seed=1).notes == ()
    assert function(panel, "y", w, permutations=638, seed=1).notes != ()
    assert "no region can pass" in function(panel, "y", w, permutations=9, seed=1).notes[0]


# ---------------------------------------------------------------------- islands and other edges


def test_islands_stay_in_moran_and_the_notes_say_so():
    panel, w = with_island()
    found = sc.moran(panel, "y", w)
    matrix = w.sparse.toarray()
    np.testing.assert_allclose(found.table["I"], [brute.moran(y, matrix) for y in VALUES], rtol=EXACT)
    assert found.notes == (
        "islands: 'r05' has no neighbour; its spatial lag is zero",
        "islands are kept, with rows of zeros, so that n stays 16",
    )


def test_islands_have_no_local_moran_test():
    panel, w = with_island()
    for permutations in (0, 99):
        found = sc.local_moran(panel, "y", w, permutations=permutations, seed=1)
        alone = found.table.xs("r05", level="region")
        assert (alone["I"] == 0).all()
        assert alone[["z", "p", "q", "quadrant", "cluster"]].isna().all(axis=None)
        assert found.table.drop("r05", level="region").notna().all(axis=None)
        assert "islands have I = 0 and no test; their values are part of the mean" in found.notes


def test_islands_under_gi_and_gi_star():
    panel, w = with_island()
    star = sc.hot_spots(panel, "y", w)
    deviation = (VALUES - VALUES.mean(axis=1, keepdims=True)) / VALUES.std(axis=1, keepdims=True)
    # A sum of one value: its variance over all regions is that of the data.
    np.testing.assert_allclose(star.table.xs("r05", level="region")["z"], deviation[:, 5], rtol=EXACT)
    assert "an island has itself as its only neighbour: its z is that of its own value" in star.notes
    drawn = sc.hot_spots(panel, "y", w, permutations=99, seed=1)
    assert drawn.table.xs("r05", level="region")["p"].isna().all()
    assert drawn.table.xs("r05", level="region")["confidence"].isna().all()
    for found in (sc.hot_spots(panel, "y", w, star=False), sc.hot_spots(panel, "y", w, self_weight=0)):
        alone = found.table.xs("r05", level="region")
        assert alone.drop(columns="value").isna().all(axis=None)
        assert found.table.drop("r05", level="region").notna().all(axis=None)
        assert "islands have no statistic; their values are part of the mean" in found.notes
    # Only those that were tested count for q.
    rest = sc.hot_spots(panel, "y", w, star=False, period=2001).table["p"].dropna()
    q = sc.hot_spots(panel, "y", w, star=False, period=2001).table["q"].dropna()
    assert q.max() == pytest.approx(rest.max(), rel=EXACT)


def test_self_weight_counts_in_links():
    panel, w = grid()
    link, one = (sc.hot_spots(panel, "y", w, self_weight=s).table["z"] for s in ("link", 1))
    np.testing.assert_array_equal(link, one)
    # By hand, from binary weights with twos on the diagonal.
    full = BINARY + 2 * np.eye(16)
    n, d = 16, VALUES - VALUES.mean(axis=1, keepdims=True)
    spread = d.std(axis=1, keepdims=True) * np.sqrt((n * (full**2).sum(axis=1) - full.sum(axis=1) ** 2) / (n - 1))
    twice = sc.hot_spots(panel, "y", w, self_weight=2)
    np.testing.assert_allclose(twice.table["z"], (d @ full / spread).ravel(), rtol=1e3 * EXACT)
    assert twice.self_weight == 2
    assert twice.provenance.options["self_weight"] == 2


def test_complete_weights_leave_nothing_to_test():
    panel, w = grid(matrix=1.0 - np.eye(16))
    for function in GLOBAL:
        found = function(panel, "y", w)
        assert found.table[["z", "p"]].isna().all(axis=None)
        assert (
            f"no rearrangement of the values changes {found.statistic} in period 3: 2001, 2002, 2003" in found.notes[0]
        )
        assert "undefined" in repr(found) or "p <= 0.05 in 0 of 3" in repr(found)
        drawn = function(panel, "y", w, null="permutation", permutations=99, seed=1).table
        assert drawn["z"].isna().all()
    for star in (True, False):
        found = sc.hot_spots(panel, "y", w, star=star)
        assert found.table["z"].isna().all()
        assert found.table["jenks"].isna().all()
        assert "every arrangement gives the same sum, so that z is undefined, in 48: ('r00', 2001)" in found.notes[0]
    assert "no arrangement changes I, so that z is undefined, in 48" in sc.local_moran(panel, "y", w).notes[0]


def test_fewer_values_than_classes_is_answered():
    panel, w = grid(np.array([1.0] * 8 + [2.0] * 8), brute.lattice(4))
    found = sc.hot_spots(panel, "y", w, classes=9)
    distinct = found.table["z"].round(10).nunique()
    assert found.table["jenks"].max() == distinct < 9
    assert "fewer than 9 different z, hence fewer classes, in period 2001" in found.notes


def test_a_region_at_the_mean_has_no_conditional_test():
    values = np.arange(16.0)
    values[3] = np.delete(values, 3).mean()
    panel, w = grid(values)
    found = sc.local_moran(panel, "y", w, period=2001)
    assert found.table.loc["r03", ["z", "p"]].isna().all()
    assert "no arrangement changes I, so that z is undefined, in ('r03', 2001)" in found.notes
    # It has a test of all arrangements, and no note of its own. What stands there instead of nothing since sizes are
    # simulated is that such a test sees clusters in a sixth of the maps of noise of 11 regions, 16 being nearest to 11.
    notes = sc.local_moran(panel, "y", w, null="total").notes
    assert len(notes) == 1
    assert notes[0].startswith("size simulated at 11 regions, nominal 5 %: a cluster anywhere on a map of noise (q <= ")


# ---------------------------------------------------------------------- labels and order


def mixed():
    """Rows shuffled, weights in another order than the panel, labels whose order is not that of the rows."""
    rng = np.random.default_rng(9)
    frame = grid()[0].frame.sample(frac=1, random_state=2)
    order = rng.permutation(16)
    matrix = brute.row_standardised(BINARY)[np.ix_(order, order)]
    return sc.Panel(frame, region="region", period="period"), brute.graph(matrix, np.array(LABELS)[order])


@pytest.mark.parametrize("permutations", [0, 99])
@pytest.mark.parametrize("function", ALL)
def test_neither_the_order_of_rows_nor_that_of_weights_matters(function, permutations):
    (panel, w), (other_panel, other_w) = grid(), mixed()
    assert list(other_panel.regions) != list(panel.regions)
    one = function(panel, "y", w, permutations=permutations, seed=1).table
    other = function(other_panel, "y", other_w, permutations=permutations, seed=1).table
    # To the last bit: arrangements are dealt, and sums taken, in the order of the labels.
    pd.testing.assert_frame_equal(other.loc[one.index], one, check_exact=True)


@pytest.mark.parametrize("function", LOCAL)
def test_tables_follow_the_panels_own_order(function):
    panel, w = mixed()
    found = function(panel, "y", w, period=2001)
    assert list(found.table.index) == list(panel.regions)
    np.testing.assert_array_equal(found.table["value"], panel.values("y")[0])


def test_old_weights_give_the_same(zj):
    graph = sc.weights.inverse_distance(zj.cities, power=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old = graph.to_W()
    for function in ALL:
        pd.testing.assert_frame_equal(
            function(zj.panel, "exports", old).table, function(zj.panel, "exports", graph).table, rtol=REFERENCE
        )


@pytest.mark.parametrize("function", ALL)
def test_subsets_cut_the_weights_out(function):
    panel, w = grid()
    part = panel.subset(regions=LABELS[:12])
    notes = function(part, "y", w).notes
    assert any("left out by panel.subset(): regions" in note for note in notes)
    assert any("cut out of the weights: 4" in note for note in notes)
    matrix = brute.row_standardised(BINARY[:12, :12])
    own = function(brute.panel(VALUES[:, :12], LABELS[:12], (2001, 2002, 2003)), "y", brute.graph(matrix, LABELS[:12]))
    pd.testing.assert_frame_equal(function(part, "y", w).table, own.table, rtol=REFERENCE)


@pytest.mark.parametrize("function", ALL)
def test_inputs_are_untouched(function):
    panel, w = with_island()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old = w.to_W()
    old.transform = "b"

    def prints():
        frame = pd.util.hash_pandas_object(panel.frame).sum()
        graph = pd.util.hash_pandas_object(w.adjacency).sum(), w.sparse.toarray().tobytes()
        return frame, graph, old.transform, old.sparse.toarray().tobytes(), old.sparse.diagonal().tobytes()

    before = prints()
    for weights in (w, old):
        function(panel, "y", weights, log=True, permutations=19, seed=1)
    assert prints() == before


# ---------------------------------------------------------------------- text, provenance


def test_repr_of_moran(zj):
    found = sc.moran(zj.panel, "exports", sc.weights.adjacency(zj.cities), log=True)
    assert plain_repr(found).splitlines()[:4] == [
        "Moran's I of log of exports: 11 regions, 5 periods (2016 to 2020)",
        "  I -0.2608 (2017) to -0.2278 (2020), expected -0.1000",
        "  p <= 0.05 in 0 of 5 periods (null: randomisation, two-sided)",
        "  weights: queen contiguity, row-standardised: 11 regions, 38 links, 1 without a neighbour",
    ]
    one = sc.moran(zj.panel.subset(periods=[2016]), "exports", sc.weights.adjacency(zj.cities), log=True)
    assert plain_repr(one).splitlines()[1] == "  I -0.2312, expected -0.1000, z = -0.716, p = 0.474"


def test_repr_of_local_results(zj):
    w = sc.weights.adjacency(zj.cities)
    lisa = sc.local_moran(zj.panel, "exports", w, period=2020, log=True)
    assert plain_repr(lisa).splitlines()[:3] == [
        "Local Moran's I of log of exports: 11 regions, 2020",
        "  p <= 0.05 in 1 of 11 cases: 1 low among high",
        "  null: conditional randomisation, two-sided; q <= 0.05 in 0",
    ]
    hot = sc.hot_spots(zj.panel, "exports", w, period=2020)
    assert plain_repr(hot).splitlines()[:3] == [
        "Gi* of exports: 11 regions, 2020",
        "  z from -0.83 to 1.50; 0 hot and 0 cold at 90 %, 0 hot and 0 cold at 95 %, 0 hot and 0 cold at 99 %",
        "  confidence from p, two-sided; 4 natural breaks of z",
    ]
    assert plain_repr(sc.hot_spots(zj.panel, "exports", w, star=False)).startswith("Gi of exports")


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("make", [grid, with_island])
def test_every_result_can_be_shown_and_stored(function, make):
    panel, w = make()
    found = function(panel, "y", w, permutations=99, seed=1)
    assert 3 <= len(plain_repr(found).splitlines()) <= 8
    assert plain_repr(found) == plain_repr(function(panel, "y", w, permutations=99, seed=1))
    stored = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert stored["provenance"]["seed"] == 1
    assert stored["provenance"]["call"] == function.__name__
    assert stored["provenance"]["weights"].endswith(("links", "neighbour"))
    assert len(stored["tidy"]) == len(found.table)
    assert "<table" in found._repr_html_()
    with pytest.raises(AttributeError):
        found.table = None


# ---------------------------------------------------------------------- bad input


def short(n, **more):
    return grid(VALUES[:, :n], brute.lattice(4)[:n, :n], LABELS[:n], **more)


def changed(cells):
    panel, w = grid()
    frame = panel.frame
    for (region, period), value in cells.items():
        frame.loc[(frame["region"] == region) & (frame["period"] == period), "y"] = value
    return sc.Panel(frame, region="region", period="period"), w


def constant():
    values = VALUES.copy()
    values[1] = 0.1 + 0.2
    values[1, 4] = 0.3
    return grid(values)


def text():
    panel, w = grid()
    return sc.Panel(panel.frame.assign(y="one"), region="region", period="period"), w


def unbalanced():
    panel, w = grid()
    return sc.Panel(panel.frame.iloc[1:], region="region", period="period"), w


def stranger():
    panel, _ = grid()
    return panel, brute.graph(brute.row_standardised(BINARY), ["s00", *LABELS[1:]])


def linkless():
    panel, _ = grid()
    return panel, brute.graph(np.zeros((16, 16)), LABELS)


BAD = {
    "one region": (lambda: (brute.panel(VALUES[:, :1], LABELS[:1]), short(4)[1]), DataError, r"1 region in the panel"),
    "a constant": (constant, VariableError, r"'y' is the same in all 16 regions in period 2002; nothing can be said"),
    "text": (text, VariableError, r"'y' must be numeric"),
    "a gap": (lambda: changed({("r03", 2002): np.nan}), MissingDataError, r"'y' is missing in \('r03', 2002\)"),
    "infinite": (lambda: changed({("r03", 2002): np.inf}), MissingDataError, r"'y' is infinite in \('r03', 2002\)"),
    "unbalanced": (unbalanced, UnbalancedPanelError, r"'y' is missing in \('r00', 2001\)"),
    "a region that is not in the weights": (stranger, AlignmentError, r"r00"),
    "no link at all": (linkless, WeightsError, r"the weights have no link between the 16 regions"),
    "no panel": (lambda: (grid()[0].frame, grid()[1]), DataError, r"a spatialconv.Panel is needed, got DataFrame"),
    "no weights": (lambda: (grid()[0], BINARY), WeightsError, r"ndarray"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("function", ALL)
def test_bad_input_is_refused_in_plain_words(function, case):
    make, error, message = BAD[case]
    panel, w = make()
    with pytest.raises(error, match=message):
        function(panel, "y", w)


@pytest.mark.parametrize("function", ALL)
def test_logarithms_of_zero_and_less_are_refused(function):
    panel, w = changed({("r03", 2002): 0.0, ("r04", 2001): -1.0})
    with pytest.raises(NotPositiveError, match=r"the logarithm of 'y' needs positive values; zero: 1, negative: 1"):
        function(panel, "y", w, log=True)


@pytest.mark.parametrize(
    ("function", "n", "null", "message"),
    [
        (sc.moran, 3, "randomisation", "3 regions in the panel .* Moran's I under randomisation needs 4 or more"),
        (sc.geary, 3, "randomisation", "Geary's C under randomisation needs 4 or more"),
        (sc.general_g, 3, "randomisation", "the General G under randomisation needs 4 or more"),
        (sc.moran, 2, "normality", "Moran's I under normality needs 3 or more"),
        (sc.geary, 2, "permutation", "Geary's C under permutation needs 3 or more"),
    ],
)
def test_too_few_regions_for_the_null(function, n, null, message):
    panel, w = short(n)
    with pytest.raises(DataError, match=message):
        function(panel, "y", w, null=null, permutations=9 if null == "permutation" else 0)
    panel, w = short(n + 1)
    assert len(function(panel, "y", w, null=null, permutations=9 if null == "permutation" else 0).table) == 3


@pytest.mark.parametrize("function", LOCAL)
def test_two_regions_are_too_few_for_local_statistics(function):
    panel, w = short(2)
    with pytest.raises(DataError, match=r"2 regions in the panel \(2: 'r00', 'r01'\); .* needs 3 or more"):
        function(panel, "y", w)
    panel, w = short(3)
    assert len(function(panel, "y", w, period=2001).table) == 3


def test_general_g_needs_a_natural_zero():
    panel, w = changed({("r03", 2002): -1.0, ("r09", 2003): -2.0})
    with pytest.raises(
        NotPositiveError, match=r"needs values of zero or more; 'y' is negative in 2: \('r03', 2002\), \('r09', 2003\)"
    ):
        sc.general_g(panel, "y", w)
    panel, w = changed({("r03", 2002): 0.5})
    with pytest.raises(NotPositiveError, match="the logarithm of 'y' is negative"):
        sc.general_g(panel, "y", w, log=True)
    alone = np.zeros(16)
    alone[4] = 1
    with pytest.raises(VariableError, match="'y' is positive in one region only in period 2001"):
        sc.general_g(*grid(alone)[:1], "y", grid()[1])
    some = np.zeros(16)
    some[[4, 5]] = 1, 2
    assert sc.general_g(*grid(some)[:1], "y", grid()[1]).table["G"].iloc[0] == pytest.approx(
        brute.general_g(some, brute.row_standardised(BINARY)), rel=EXACT
    )
    with pytest.raises(OptionError, match="no moments under null='normality'"):
        sc.general_g(panel, "y", w, null="normality")


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (sc.moran, {"null": "random"}, "null must be one of 'randomisation', 'normality', 'permutation'"),
        (sc.moran, {"alternative": "both"}, "alternative must be one of 'two-sided', 'greater', 'less'"),
        (sc.moran, {"permutations": -1}, "permutations must be a whole number of at least 0; got -1"),
        (sc.moran, {"permutations": 9.5}, "permutations must be a whole number"),
        (sc.moran, {"null": "permutation"}, "null='permutation' needs their number: permutations=999"),
        (sc.geary, {"permutations": 9, "seed": "one"}, "seed must be a whole number"),
        (sc.local_moran, {"null": "normality"}, "null must be one of 'conditional', 'total'"),
        (sc.local_moran, {"null": "total", "permutations": 9}, "the permutations of local_moran are conditional"),
        (sc.local_moran, {"level": 5}, "level must lie strictly between 0 and 1"),
        (sc.local_moran, {"period": 1999}, "unknown period 1999"),
        (sc.hot_spots, {"period": [2001, 1999]}, "unknown period 1999"),
        (sc.hot_spots, {"classes": 1}, "classes must be a whole number of at least 2"),
        (
            sc.hot_spots,
            {"self_weight": "row"},
            "self_weight must be 'link' or a number of zero or more, a Series by region, or a column",
        ),
        (sc.hot_spots, {"self_weight": -1}, "self_weight must be 'link' or a number of zero or more"),
        (sc.hot_spots, {"self_weight": True}, "self_weight must be 'link' or a number of zero or more"),
        (sc.hot_spots, {"self_weight": np.nan}, "self_weight must be 'link' or a number of zero or more"),
    ],
)
def test_bad_options_are_refused(function, options, message):
    panel, w = grid()
    with pytest.raises(OptionError, match=message):
        function(panel, "y", w, **options)


def test_an_unknown_variable_is_named():
    panel, w = grid()
    for function in ALL:
        with pytest.raises(VariableError, match="no variable 'income' in the panel; it has 'y'"):
            function(panel, "income", w)


@pytest.mark.parametrize("function", LOCAL)
def test_gaps_in_other_periods_do_not_matter(function):
    panel, w = changed({("r03", 2002): np.nan})
    complete, _ = grid()
    pd.testing.assert_frame_equal(
        function(panel, "y", w, period=2001).table, function(complete, "y", w, period=2001).table
    )


def test_weights_that_came_as_a_graph_of_numbers_need_numbers():
    panel, _ = grid(labels=list(range(16)))
    w = Graph.from_arrays(np.array(["0", "1"]), np.array(["1", "0"]), np.ones(2))
    with pytest.raises(AlignmentError):
        sc.moran(panel, "y", w)
