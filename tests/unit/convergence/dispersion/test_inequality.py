"""Theil and Dagum decompositions, spatial Gini, groups and population: brute force, closed forms, inequality."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv._core.dispersion import decomposition
from spatialconv.errors import (
    DataError,
    MissingDataError,
    NotPositiveError,
    OptionError,
    VariableError,
    WeightsError,
)
from spatialconv.results import TIDY
from tests.tolerances import EXACT, NEAR_EQUALITY, ROUNDING
from tests.unit.convergence.dispersion.test_sigma import lognormal, panel_of

fine_codes = np.array([0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4])
COARSE = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0])
REGIONS = [f"r{i}" for i in range(12)]
FINE = dict(zip(REGIONS, [f"g{k}" for k in fine_codes], strict=True))
WIDE = dict(zip(REGIONS, ["AB"[k] for k in COARSE], strict=True))


def values(ties=True, seed=0):
    x = np.exp(np.random.default_rng(seed).normal(size=(3, 12)))
    return x.round(1) + 0.1 if ties else x


def people(seed=3):
    return np.random.default_rng(seed).integers(1, 9, size=(3, 12)).astype(float)


def panel(x=None, pop=None):
    x = values() if x is None else x
    pop = people() if pop is None else pop
    rows = [(r, t + 2000, x[t, i], pop[t, i], FINE[r], WIDE[r]) for t in range(len(x)) for i, r in enumerate(REGIONS)]
    return sc.Panel(
        pd.DataFrame(rows, columns=["region", "year", "v", "pop", "fine", "wide"]), region="region", period="year"
    )


# ---------------------------------------------------------------------- Dagum


def dagum_by_hand(x, p, codes):
    """Dagum (1997) as printed, in loops over people: G_jh, d and p by pairs, the three sums."""
    groups = range(codes.max() + 1)
    members = [np.flatnonzero(codes == g) for g in groups]
    P = [p[m].sum() for m in members]
    mu = [(p[m] * x[m]).sum() / p[m].sum() for m in members]
    S = [(p[m] * x[m]).sum() / (p * x).sum() for m in members]
    within = between = trans = 0.0
    pairs = {}
    for j, h in product(groups, groups):
        mean_difference = sum(p[a] * p[b] * abs(x[a] - x[b]) for a in members[j] for b in members[h]) / (P[j] * P[h])
        G = mean_difference / (mu[j] + mu[h])
        if j == h:
            within += G * P[j] * S[j]
            pairs[j, j] = (G, 0.0)
        elif mu[j] > mu[h] or (mu[j] == mu[h] and j > h):
            d = sum(p[a] * p[b] * (x[a] - x[b]) for a in members[j] for b in members[h] if x[a] > x[b]) / (P[j] * P[h])
            q = sum(p[a] * p[b] * (x[b] - x[a]) for a in members[j] for b in members[h] if x[b] > x[a]) / (P[j] * P[h])
            D = (d - q) / (d + q)
            between += G * (P[j] * S[h] + P[h] * S[j]) * D
            trans += G * (P[j] * S[h] + P[h] * S[j]) * (1 - D)
            pairs[min(j, h), max(j, h)] = (G, D)
    return within, between, trans, pairs


class TestDagum:
    @pytest.mark.parametrize("population", [None, "pop"])
    @pytest.mark.parametrize("ties", [True, False])
    def test_by_hand(self, population, ties):
        x, pop = values(ties), people()
        result = sc.dagum(panel(x, pop), "v", groups="fine", population=population)
        for t, year in enumerate(result.periods):
            p = np.full(12, 1 / 12) if population is None else pop[t] / pop[t].sum()
            *parts, pairs = dagum_by_hand(x[t], p, fine_codes)
            np.testing.assert_allclose(
                result.table.loc[year, ["within", "between", "transvariation"]], parts, rtol=ROUNDING
            )
            ours = result.pairs.loc[year]
            for (j, h), (G, D) in pairs.items():
                if j < h:
                    assert ours.loc[(f"g{j}", f"g{h}"), "gini"] == pytest.approx(G, rel=ROUNDING)
                    assert ours.loc[(f"g{j}", f"g{h}"), "affluence"] == pytest.approx(D, rel=ROUNDING)
                elif (fine_codes == j).sum() > 1:
                    assert result.by_group.loc[(year, f"g{j}"), "gini"] == pytest.approx(G, rel=ROUNDING, abs=EXACT)

    @pytest.mark.parametrize("population", [None, "pop"])
    def test_adds_up_exactly(self, population):
        result = sc.dagum(panel(), "v", groups="fine", population=population)
        table = result.table
        np.testing.assert_allclose(
            table[["within", "between", "transvariation"]].sum(axis=1), table["gini"], rtol=EXACT
        )
        np.testing.assert_allclose(table["gross_between"], table["between"] + table["transvariation"], rtol=EXACT)
        shares = table[["within_share", "between_share", "transvariation_share"]]
        np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=EXACT)
        by_pair = result.pairs.groupby(level=0)[["between", "transvariation"]].sum()
        np.testing.assert_allclose(by_pair, table[["between", "transvariation"]], rtol=EXACT)
        np.testing.assert_allclose(result.by_group.groupby(level=0)["contribution"].sum(), table["within"], rtol=EXACT)

    def test_total_is_that_of_sigma(self):
        total = sc.dagum(panel(), "v", groups="fine", population="pop").table["gini"]
        np.testing.assert_allclose(
            total, sc.sigma(panel(), "v", measures="gini", population="pop").table["gini"], rtol=EXACT
        )

    def test_groups_that_do_not_overlap_have_no_transvariation(self):
        x = np.array([[1.0, 2, 3, 10, 11, 12]])
        frame = panel_of(x)
        result = sc.dagum(frame, "v", groups={f"r{i}": "low" if i < 3 else "high" for i in range(6)})
        assert result.table["transvariation"].iloc[0] == 0.0
        pair = result.pairs.iloc[0]
        assert pair["affluence"] == pytest.approx(1.0, abs=EXACT)
        assert pair["richer"] == "high"
        # Mean difference 9, means 2 and 11.
        assert pair["gini"] == pytest.approx(9 / 13, rel=EXACT)

    def test_equal_means_have_no_net_part(self):
        result = sc.dagum(panel_of([[1.0, 5, 2, 4]]), "v", groups={"r0": "a", "r1": "a", "r2": "b", "r3": "b"})
        assert result.table["between"].iloc[0] == pytest.approx(0.0, abs=EXACT)
        assert result.table["transvariation"].iloc[0] > 0

    def test_one_group_and_one_region_a_group(self):
        x = panel_of(lognormal(2, 5))
        alone = sc.dagum(x, "v", groups={f"r{i}": i for i in range(5)})
        np.testing.assert_allclose(alone.table["between"], alone.table["gini"], rtol=EXACT)
        assert alone.by_group["gini"].isna().all()
        assert any("groups of one region" in note for note in alone.notes)
        one = sc.dagum(x, "v", groups=dict.fromkeys((f"r{i}" for i in range(5)), "all"))
        np.testing.assert_allclose(one.table["within"], one.table["gini"], rtol=EXACT)
        assert len(one.pairs) == 0
        assert any("nothing lies between" in note for note in one.notes)

    def test_group_of_zeros(self):
        result = sc.dagum(panel_of([[0.0, 0, 1, 3]]), "v", groups={"r0": "a", "r1": "a", "r2": "b", "r3": "b"})
        row = result.table.iloc[0]
        assert row["within"] + row["between"] + row["transvariation"] == pytest.approx(row["gini"], rel=EXACT)
        assert np.isnan(result.by_group.loc[(1, "a"), "gini"])

    def test_equal_values_everywhere(self):
        result = sc.dagum(panel_of(np.full((2, 4), 0.1)), "v", groups={"r0": "a", "r1": "a", "r2": "b", "r3": "b"})
        assert result.table[["gini", "within", "between", "transvariation"]].abs().to_numpy().max() < NEAR_EQUALITY
        assert result.table["within_share"].isna().all()
        assert result.pairs["richer"].isna().all()
        assert "undefined" in repr(result)

    def test_matrix(self):
        result = sc.dagum(panel(), "v", groups="fine")
        found = result.matrix(2001)
        assert (found.to_numpy() == found.T.to_numpy()).sum() == 24  # the one of a single region is undefined
        assert found.loc["g0", "g2"] == result.pairs.loc[(2001, "g0", "g2"), "gini"]
        assert found.loc["g2", "g2"] == result.by_group.loc[(2001, "g2"), "gini"]
        with pytest.raises(OptionError, match="unknown period 1999"):
            result.matrix(1999)
        with pytest.raises(OptionError, match="column must be one of"):
            result.matrix(2001, column="theil")

    def test_unit_and_order_do_not_matter(self):
        base = sc.dagum(panel(), "v", groups="fine", population="pop")
        other = sc.dagum(panel(1000 * values(), 7 * people()), "v", groups="fine", population="pop")
        shuffled = sc.Panel(panel().frame.sample(frac=1, random_state=2), region="region", period="year")
        again = sc.dagum(shuffled, "v", groups="fine", population="pop")
        for found in (other, again):
            pd.testing.assert_frame_equal(found.table, base.table, rtol=ROUNDING)
            pd.testing.assert_frame_equal(found.pairs, base.pairs, rtol=ROUNDING)

    def test_many_regions_in_no_time_and_no_square(self):
        rng = np.random.default_rng(0)
        x, codes = rng.lognormal(size=(4, 3000)), rng.integers(0, 31, 3000)
        found = decomposition.dagum(x, np.full(x.shape, 1 / 3000), codes)
        np.testing.assert_allclose(found.sums()[:, 1:].sum(axis=1), found.total, rtol=ROUNDING)

    def test_house(self):
        result = sc.dagum(panel(), "v", groups="fine")
        assert tuple(result.tidy().columns) == TIDY
        assert json.loads(json.dumps(result.to_dict()))["glance"]["n_groups"] == 5
        assert repr(result).startswith("Dagum's Gini decomposition of v by fine: 12 regions in 5 groups x 3 periods")
        assert "gross_between" in result._repr_html_()


# ---------------------------------------------------------------------- Theil


def theil_by_hand(x, p, codes, index):
    mu = (p * x).sum()
    between = within = 0.0
    for g in range(codes.max() + 1):
        m = codes == g
        P, Y, own = p[m].sum(), (p[m] * x[m]).sum() / mu, (p[m] * x[m]).sum() / p[m].sum()
        if index == "t":
            between += Y * np.log(Y / P)
            within += Y * sum(w / P * v / own * np.log(v / own) for v, w in zip(x[m], p[m], strict=True))
        else:
            between += P * np.log(P / Y)
            within += P * sum(w / P * np.log(own / v) for v, w in zip(x[m], p[m], strict=True))
    return between, within


class TestTheil:
    @pytest.mark.parametrize("index", ["t", "l"])
    @pytest.mark.parametrize("population", [None, "pop"])
    def test_by_hand(self, index, population):
        x, pop = values(), people()
        result = sc.theil(panel(x, pop), "v", groups="fine", population=population, measure=index)
        p = np.full((3, 12), 1 / 12) if population is None else pop / pop.sum(axis=1, keepdims=True)
        expected = [theil_by_hand(x[t], p[t], fine_codes, index) for t in range(3)]
        np.testing.assert_allclose(result.table[["between", "within"]], expected, rtol=ROUNDING)
        total = sc.sigma(panel(x, pop), "v", measures=f"theil_{index}", population=population).table[f"theil_{index}"]
        np.testing.assert_allclose(result.table["total"], total, rtol=EXACT)

    @pytest.mark.parametrize("index", ["t", "l"])
    def test_nested(self, index):
        """Each level's part is that of its partition less that of the one above."""
        nested = sc.theil(panel(), "v", groups=["wide", "fine"], population="pop", measure=index)
        wide, fine = (sc.theil(panel(), "v", groups=g, population="pop", measure=index) for g in ("wide", "fine"))
        np.testing.assert_allclose(nested.table["between_wide"], wide.table["between"], rtol=ROUNDING)
        np.testing.assert_allclose(
            nested.table["between_fine"], fine.table["between"] - wide.table["between"], rtol=ROUNDING, atol=EXACT
        )
        np.testing.assert_allclose(nested.table["within"], fine.table["within"], rtol=ROUNDING)
        np.testing.assert_allclose(nested.table["between"], fine.table["between"], rtol=ROUNDING)
        parts = nested.table[list(nested.parts)].sum(axis=1)
        np.testing.assert_allclose(parts, nested.table["total"], rtol=ROUNDING)
        assert (nested.table[list(nested.parts)] > 0).all().all()

    def test_groups_own_index(self):
        result = sc.theil(panel(), "v", groups="fine")
        own = sc.sigma(panel().subset(regions=REGIONS[7:11]), "v", measures="theil_t").table["theil_t"]
        inside = result.by_group["inside"].xs("g3", level=1)
        np.testing.assert_allclose(inside, own, rtol=ROUNDING)
        np.testing.assert_allclose(result.by_group.groupby(level=0)["contribution"].sum(), result.table["within"])
        assert result.by_group.loc[(2000, "g4"), "inside"] != result.by_group.loc[(2000, "g4"), "inside"]

    def test_inequality_agrees(self):
        inequality = pytest.importorskip("inequality")
        x = values(ties=False)
        theirs = inequality.theil.TheilD(x.T, fine_codes)
        ours = sc.theil(panel(x), "v", groups="fine").table
        np.testing.assert_allclose(
            ours[["total", "between", "within"]].T, [theirs.T, theirs.bg, theirs.wg], rtol=ROUNDING
        )

    def test_zeros(self):
        x = values()
        x[0, [0, 1, 5]] = 0.0
        result = sc.theil(panel(x), "v", groups=["wide", "fine"])
        np.testing.assert_allclose(result.table[list(result.parts)].sum(axis=1), result.table["total"], rtol=ROUNDING)
        with pytest.raises(NotPositiveError, match="the logarithm of 'v' needs positive values"):
            sc.theil(panel(x), "v", groups="fine", measure="l")

    @pytest.mark.parametrize("twice", [["wide", "wide"], ["wide", "fine", "wide"]])
    def test_a_level_named_twice(self, twice):
        with pytest.raises(OptionError, match="groups names 'wide' more than once"):
            sc.theil(panel(), "v", groups=twice)

    def test_a_series_given_twice(self):
        frame = panel().frame.reset_index()
        series = frame.groupby(panel().region)["wide"].first()
        with pytest.raises(OptionError, match="groups names 'wide' more than once"):
            sc.theil(panel(), "v", groups=[series, series])

    def test_measures_named_twice(self):
        with pytest.raises(OptionError, match="measures names 'cv' more than once"):
            sc.sigma(panel(), "v", measures=["cv", "cv"])

    @pytest.mark.parametrize("function", [sc.dagum, sc.sigma])
    def test_one_partition_is_no_list(self, function):
        with pytest.raises(OptionError, match="groups must be the name of a column"):
            function(panel(), "v", groups=["wide", "wide"])

    def test_not_nested(self):
        with pytest.raises(DataError, match=r"must be nested, coarse to fine, but wide .* several groups of fine"):
            sc.theil(panel(), "v", groups=["fine", "wide"])

    def test_two_mappings_are_told_apart(self):
        assert sc.theil(panel(), "v", groups=[WIDE, FINE]).levels == ("group_1", "group_2")

    def test_house(self):
        result = sc.theil(panel(), "v", groups=["wide", "fine"])
        assert tuple(result.tidy().columns) == TIDY
        assert json.loads(json.dumps(result.to_dict()))["provenance"]["options"]["groups"] == ["wide", "fine"]
        assert "between wide" in repr(result)


# ---------------------------------------------------------------------- groups and population of sigma


class TestSigmaWithGroups:
    def test_rows_of_groups_are_those_of_the_subsets(self):
        result = sc.sigma(panel(), "v", groups="fine", population="pop", measures=("williamson", "gini", "sd_log"))
        part = sc.sigma(
            panel().subset(regions=REGIONS[4:7]), "v", population="pop", measures=("williamson", "gini", "sd_log")
        )
        ours = result.by_group.loc["g2", ["williamson", "gini", "sd_log"]]
        np.testing.assert_allclose(ours, part.table[["williamson", "gini", "sd_log"]], rtol=ROUNDING)
        assert result.by_group.loc["g4"][["williamson", "gini", "sd_log"]].isna().all().all()
        assert result.by_group["population_share"].groupby(level=1).sum().to_numpy() == pytest.approx(1.0)

    def test_decomposition_is_that_of_theil_and_dagum(self):
        result = sc.sigma(panel(), "v", groups="fine")
        gini = sc.dagum(panel(), "v", groups="fine").table
        for part in ("within", "between", "transvariation"):
            np.testing.assert_array_equal(result.decomposition[f"gini_{part}"], gini[part])
        for index in "tl":
            theil = sc.theil(panel(), "v", groups="fine", measure=index).table
            np.testing.assert_allclose(result.decomposition[f"theil_{index}_within"], theil["within"], rtol=EXACT)
        assert "Theil's T between groups of fine" in repr(result)

    def test_negative_values_have_groups_but_no_decomposition(self):
        x = values() - 1.0
        result = sc.sigma(panel(x), "v", groups="fine", measures="sd")
        assert result.decomposition is None
        np.testing.assert_allclose(result.by_group.loc["g3", "sd"], x[:, 7:11].std(axis=1, ddof=1), rtol=EXACT)

    def test_williamson_by_default_and_said(self):
        result = sc.sigma(panel(), "v", population="pop")
        assert list(result.table.columns) == ["n", "mean", "sd", "williamson", "mean_log", "sd_log", "sd_log_ratio"]
        assert any(note.startswith("weighted by population") for note in result.notes)
        np.testing.assert_allclose(result.table["williamson"], result.table["sd"] / result.table["mean"], rtol=EXACT)
        with pytest.raises(OptionError, match="williamson counts people: give population="):
            sc.sigma(panel(), "v", measures="williamson")

    def test_zhejiang_northeast_and_southwest(self):
        """The worked example: gaps lie within the two parts, and more so as time goes by."""
        zj = sc.datasets.zhejiang()
        result = sc.theil(zj.panel, "exports", groups=zj.cities["area"]).table
        assert result["between_share"].is_monotonic_decreasing
        assert result.loc[[2016, 2020], "between_share"].round(3).tolist() == [0.125, 0.063]
        gini = sc.dagum(zj.panel, "exports", groups=zj.cities["area"])
        assert (gini.pairs["richer"] == "southwest").all()
        assert gini.table["between_share"].is_monotonic_decreasing
        assert gini.table["transvariation_share"].is_monotonic_increasing


GROUPS = {
    "a region without group": (dict(list(FINE.items())[:-1]), DataError, "groups has no entry for regions 'r11'"),
    "a missing group": ({**FINE, "r3": None}, DataError, "no group is given for regions 'r3'"),
    "an unknown column": ("zone", VariableError, "no variable 'zone'"),
    "a column that changes": ("v", VariableError, "must not change over time, but 'v' does"),
    "a number": (3, OptionError, "groups must be the name of a column"),
    "tuples": ({r: ("a", i % 2) for i, r in enumerate(REGIONS)}, OptionError, "named by one label; got the tuple"),
    "twice": (pd.Series(["a", "b"], index=["r0", "r0"]), DataError, "more than one entry for regions 'r0'"),
    "none at all": ([], OptionError, "at least one partition"),
}


@pytest.mark.parametrize("case", GROUPS)
def test_bad_groups(case):
    groups, error, message = GROUPS[case]
    with pytest.raises(error, match=message):
        sc.theil(panel(), "v", groups=groups)


POPULATIONS = {
    "zero": (dict.fromkeys(REGIONS, 0), NotPositiveError, "population must be positive; zero or negative in"),
    "lacking": ({"r0": 1}, DataError, "population has no entry for regions 11"),
    "missing": (
        {**dict.fromkeys(REGIONS, 1), "r2": np.nan},
        MissingDataError,
        "population is missing or no number .*'r2'",
    ),
    "words": (dict.fromkeys(REGIONS, "many"), MissingDataError, "no number"),
    "a list": ([1] * 12, OptionError, "population must be the name of a column"),
}


@pytest.mark.parametrize("case", POPULATIONS)
def test_bad_population(case):
    population, error, message = POPULATIONS[case]
    with pytest.raises(error, match=message):
        sc.dagum(panel(), "v", groups="fine", population=population)


def test_groups_by_category_keep_their_order():
    area = pd.Series(pd.Categorical([WIDE[r] for r in REGIONS], categories=["B", "A", "C"]), index=REGIONS, name="area")
    assert list(sc.dagum(panel(), "v", groups=area).groups) == ["B", "A"]


@pytest.mark.parametrize("door", ["dagum", "theil"])
def test_values_that_have_no_inequality(door):
    function = getattr(sc, door)
    x = values()
    x[1, 4] = -1
    with pytest.raises(NotPositiveError, match=r"negative in \('r4', 2001\)"):
        function(panel(x), "v", groups="fine")
    x[1] = 0.0
    with pytest.raises(DataError, match="'v' is zero in all regions in 2001"):
        function(panel(x), "v", groups="fine")
    with pytest.raises(DataError, match="needs two regions or more"):
        function(panel().subset(regions=["r0"]), "v", groups="fine")


# ---------------------------------------------------------------------- spatial Gini


@pytest.fixture(scope="module")
def mexico():
    return sc.datasets.mexico()


class TestSpatialGini:
    def test_by_hand(self, mexico):
        w = sc.weights.adjacency(mexico.states)
        result = sc.spatial_gini(mexico.panel, "gdp_per_head", w, permutations=0).table
        dense = pd.DataFrame(w.sparse.toarray(), index=w.unique_ids, columns=w.unique_ids)
        dense = dense.loc[mexico.panel.regions, mexico.panel.regions].to_numpy() > 0
        x = mexico.panel.values("gdp_per_head")
        gaps = np.abs(x[:, :, None] - x[:, None, :])
        level = 2 * x.shape[1] ** 2 * x.mean(axis=1)
        np.testing.assert_allclose(result["neighbour"], (gaps * dense).sum(axis=(1, 2)) / level, rtol=EXACT)
        np.testing.assert_allclose(result["other"], (gaps * ~dense).sum(axis=(1, 2)) / level, rtol=ROUNDING)
        np.testing.assert_allclose(result["gini"], gaps.sum(axis=(1, 2)) / level, rtol=EXACT)
        assert result["p"].isna().all()

    def test_inequality_agrees_and_folds_its_tails(self, mexico):
        inequality = pytest.importorskip("inequality")
        from libpysal.weights import W

        w = sc.weights.adjacency(mexico.states, standardise="none")
        place = {label: i for i, label in enumerate(w.unique_ids)}
        numbered = {place[a]: [place[b] for b in others] for a, others in w.to_W().neighbors.items()}
        x = mexico.panel.wide("gdp_per_head")[list(w.unique_ids)]
        ours = sc.spatial_gini(mexico.panel, "gdp_per_head", w, permutations=999, seed=4).table
        state = np.random.get_state()
        np.random.seed(1)
        theirs = inequality.gini.Gini_Spatial(x.iloc[0].to_numpy(), W(numbered), permutations=999)
        np.random.set_state(state)
        assert ours["gini"].iloc[0] == pytest.approx(theirs.g, rel=EXACT)
        assert ours["neighbour"].iloc[0] == pytest.approx(theirs.wg / theirs.den, rel=EXACT)
        assert ours["other"].iloc[0] == pytest.approx(theirs.wcg / theirs.den, rel=EXACT)
        assert 1 / ours["ratio"].iloc[0] == pytest.approx(theirs.polarization, rel=ROUNDING)
        # Both from 999 permutations: a standard error of 0.03 in z.
        assert ours["z"].iloc[0] == pytest.approx(-theirs.z_wcg, abs=0.25)
        assert theirs.p_sim <= 0.5 + 1 / 1000

    def test_expected_share_is_that_of_the_pairs(self, mexico):
        """All arrangements of five regions: the mean part of the neighbours, exactly, and p by counting."""
        from itertools import permutations

        x = np.array([3.0, 1.0, 4.0, 1.5, 9.0])
        links = np.zeros((5, 5))
        for a, b in ((0, 1), (1, 2), (2, 3)):
            links[a, b] = links[b, a] = 1
        every = [sum(links[a, b] * abs(v[a] - v[b]) for a, b in product(range(5), repeat=2)) for v in permutations(x)]
        w = sc.weights.from_matrix(links, regions=[f"r{i}" for i in range(5)])
        found = sc.spatial_gini(panel_of([x]), "v", w, permutations=9999, seed=1).table.iloc[0]
        level = 2 * 25 * x.mean()
        assert found["expected_share"] * found["gini"] == pytest.approx(np.mean(every) / level, rel=EXACT)
        observed = found["neighbour"] * level
        tail = min(np.mean(np.array(every) <= observed + 1e-9), np.mean(np.array(every) >= observed - 1e-9))
        assert found["p"] == pytest.approx(min(1, 2 * tail), abs=0.025)
        assert found["z"] == pytest.approx((observed - np.mean(every)) / np.std(every), abs=0.05)

    def test_test_has_its_size(self):
        """Independent values on a ring: 5 % of two-sided tests reject, and the sides share them out."""
        rng = np.random.default_rng(12)
        n, draws = 20, 600
        ring = np.roll(np.eye(n), 1, axis=1)
        w = sc.weights.from_matrix(ring + ring.T, regions=[f"r{i}" for i in range(n)])
        drawn = panel_of(rng.lognormal(size=(draws, n)))
        size = (sc.spatial_gini(drawn, "v", w, permutations=399, seed=1).table["p"] <= 0.05).mean()
        assert abs(size - 0.05) < 3.5 * np.sqrt(0.05 * 0.95 / draws)

    @pytest.mark.slow
    def test_folded_tails_of_inequality_reject_twice_as_often(self):
        inequality = pytest.importorskip("inequality")
        from libpysal.weights import lat2W

        state = np.random.get_state()
        np.random.seed(1)
        w, rng = lat2W(4, 5), np.random.default_rng(3)
        p = [inequality.gini.Gini_Spatial(rng.lognormal(size=20), w, permutations=199).p_sim for _ in range(400)]
        np.random.set_state(state)
        assert np.max(p) <= 0.51
        assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.10, abs=0.05)

    def test_like_near_like(self):
        us = sc.datasets.us_income()
        w = sc.weights.adjacency(us.states)
        result = sc.spatial_gini(us.panel, "income", w, permutations=199, alternative="less", seed=1)
        assert (result.table["p"] <= 0.05).all()
        assert (result.table["ratio"] < 1).all()
        assert result.glance().loc[0, "rejections"] == 81
        again = sc.spatial_gini(us.panel, "income", w, permutations=199, alternative="less", seed=1)
        pd.testing.assert_frame_equal(result.table, again.table)
        assert tuple(result.tidy().columns) == TIDY
        assert "neighbours 5.7 % (expected 9.5 %)" in repr(result)

    def test_islands_and_size_of_weights(self):
        zj = sc.datasets.zhejiang()
        binary = sc.weights.adjacency(zj.cities, standardise="none")
        a = sc.spatial_gini(zj.panel, "exports", binary, permutations=99, seed=1)
        b = sc.spatial_gini(zj.panel, "exports", sc.weights.adjacency(zj.cities), permutations=99, seed=1)
        pd.testing.assert_frame_equal(a.table, b.table)
        assert any("islands: 'Zhoushan'" in note for note in a.notes)

    def test_bad_weights(self):
        regions = [f"r{i}" for i in range(12)]
        full = sc.weights.from_matrix(np.ones((12, 12)) - np.eye(12), regions=regions)
        with pytest.raises(WeightsError, match="a link between all pairs of the 12 regions"):
            sc.spatial_gini(panel(), "v", full)
        empty = sc.weights.from_matrix(np.zeros((12, 12)), regions=regions)
        with pytest.raises(WeightsError, match="no link between the 12 regions"):
            sc.spatial_gini(panel(), "v", empty)

    def test_constant_values(self):
        ring = np.roll(np.eye(4), 1, axis=1)
        w = sc.weights.from_matrix(ring + ring.T, regions=[f"r{i}" for i in range(4)])
        found = sc.spatial_gini(panel_of([[2.0] * 4]), "v", w, permutations=9, seed=1)
        assert found.table["gini"].iloc[0] == 0.0
        assert found.table[["p", "neighbour_share", "ratio"]].isna().all().all()
        assert any("no p below" in note for note in found.notes)
