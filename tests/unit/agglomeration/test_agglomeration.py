"""Location quotients, specialisation, concentration, Ellison-Glaeser, co-agglomeration, shift-share."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv import errors
from spatialconv._core.dispersion import agglomeration as core
from tests.tolerances import EXACT, REFERENCE

REAT = json.loads((Path(__file__).parents[2] / "reference" / "reat_structure" / "reference.json").read_text("utf-8"))
KINDS = ["farming", "making", "trade", "finance", "software"]


def long(n: int = 12, periods: int = 3, seed: int = 1) -> pd.DataFrame:
    """Employment of some cities, uneven in size and make-up, with zeros."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product(
        [[f"c{i:02d}" for i in range(n)], KINDS, range(2010, 2010 + periods)], names=["city", "sector", "year"]
    )
    size = np.repeat(rng.lognormal(3, 1, n), len(KINDS) * periods)
    jobs = rng.poisson(size * rng.gamma(0.8, 1.5, len(index)))
    return pd.Series(jobs, index=index, name="jobs").reset_index()


def read(frame: pd.DataFrame):
    return sc.industry_table(frame, region="city", industry="sector", value="jobs", period="year")


@pytest.fixture(scope="module")
def table():
    return read(long())


def two(own: list[float], total: list[float], of: str = "region"):
    """A table of one unit and the rest, so that their sum is the total that other programs are given."""
    own, rest = np.array(own, dtype=float), np.array(total, dtype=float) - np.array(own, dtype=float)
    frame = pd.DataFrame({"own": own, "rest": rest}).rename_axis("part").melt(ignore_index=False, var_name="unit")
    names = {"region": "unit", "industry": "part"} if of == "region" else {"region": "part", "industry": "unit"}
    return sc.industry_table(frame.reset_index(), value="value", **names)


# ---------------------------------------------------------------------- REAT


def test_location_quotients_of_reat():
    """Their totals are printed, ours are the sums of the fifteen industries: the two differ by a known factor."""
    theirs = REAT["locq_goettingen2017"]
    own, everywhere = sum(theirs["e_ij"]), sum(theirs["e_i"])
    table = two(theirs["e_ij"], theirs["e_i"])
    quotient = sc.location_quotients(table).table.loc[("all", "own")]
    totals = theirs["e_j"] / own * everywhere / theirs["e"]
    np.testing.assert_allclose(quotient, np.array(theirs["lq"]) * totals, rtol=REFERENCE)
    additive = sc.location_quotients(table, kind="additive").table.loc[("all", "own")]
    gap = theirs["e_j"] / theirs["e"] - own / everywhere
    np.testing.assert_allclose(additive, np.array(theirs["lq_additive"]) + gap, rtol=0, atol=EXACT)


def test_single_quotient_of_reat():
    table = two([1714, 79006 - 1714], [879213, 15593224 - 879213])
    assert sc.location_quotients(table).table.iloc[0, 0] == pytest.approx(REAT["locq_single"], rel=REFERENCE)


def test_specialisation_of_reat():
    g = REAT["locq_goettingen2017"]
    own = sc.specialisation(two(g["e_ij"], g["e_i"]), measures=("krugman", "gini_lq", "hoover")).table.loc[
        ("all", "own")
    ]
    assert own["krugman"] == pytest.approx(REAT["krugman_spec_goettingen2017"], rel=REFERENCE)
    assert own["hoover"] == pytest.approx(REAT["krugman_spec_goettingen2017"] / 2, rel=REFERENCE)
    assert own["gini_lq"] == pytest.approx(REAT["gini_spec_goettingen2017"], rel=REFERENCE)
    for key in ("gini_spec_freiburg2014", "gini_spec_example"):
        case = REAT[key]
        found = sc.specialisation(two(case["e_ij"], case["e_i"]), measures="gini_lq").table.loc[("all", "own")]
        assert found["gini_lq"] == pytest.approx(case["value"], rel=REFERENCE)


def test_two_regions_that_share_nothing():
    case = REAT["krugman_spec_example"]
    total = np.add(case["e_ij"], case["e_il"])
    found = sc.specialisation(two(case["e_ij"], total), measures=("krugman", "gini"), reference="rest").table
    np.testing.assert_allclose(found["krugman"], case["value"], rtol=EXACT)
    np.testing.assert_allclose(found["gini"], 1.0, rtol=EXACT)


def test_concentration_of_reat():
    case = REAT["krugman_conc_construction2008"]
    own = sc.concentration(two(case["e_ij"], case["e_j"], of="industry"), measures=("krugman", "gini_lq")).table
    assert own.loc[("all", "own"), "krugman"] == pytest.approx(case["value"], rel=REFERENCE)
    assert own.loc[("all", "own"), "gini_lq"] == pytest.approx(REAT["gini_conc_construction2008"], rel=REFERENCE)
    case = REAT["gini_conc_example"]
    found = sc.concentration(two(case["e_ij"], case["e_j"], of="industry"), measures="gini_lq").table
    assert found.loc[("all", "own"), "gini_lq"] == pytest.approx(case["value"], rel=REFERENCE)
    case = REAT["krugman_conc_example"]
    both = [np.array(case[key], dtype=float) / sum(case[key]) for key in ("e_ij", "e_uj")]
    assert 2 * core.hoover(*both) == pytest.approx(case["value"], rel=REFERENCE)


def test_ellison_glaeser_of_reat():
    case = REAT["ellison_a_example"]
    regions = ["Wien", "Linz", "Graz"]
    plants = pd.DataFrame({"unit": "own", "part": case["firm_region"], "size": case["e_ik"]})
    own = plants.groupby("part")["size"].sum()[regions]
    frame = pd.DataFrame({"own": own.to_numpy(), "rest": np.array(case["e_j"]) - own.to_numpy()}, index=regions)
    frame = frame.rename_axis("part").melt(ignore_index=False, var_name="unit").reset_index()
    table = sc.industry_table(frame, region="part", industry="unit", value="value")
    rest = pd.DataFrame({"unit": "rest", "size": [frame.loc[frame["unit"] == "rest", "value"].sum() / 1000] * 1000})
    found = sc.ellison_glaeser(table, plants=pd.concat([plants, rest])).table.loc[("all", "own")]
    names = {"Gamma i": "gamma", "G i": "raw", "z Gi": "z", "K i": "plants", "HHI i": "plant_herfindahl"}
    for theirs, ours in names.items():
        assert found[ours] == pytest.approx(case["result"][theirs], rel=REFERENCE), theirs


# ---------------------------------------------------------------------- by hand


def test_measures_by_loops(table):
    E = table.values
    T, N, K = E.shape
    spec = sc.specialisation(
        table, measures=("hoover", "krugman", "gini", "gini_lq", "herfindahl", "herfindahl_normed")
    )
    lq = sc.location_quotients(table).table.to_numpy().reshape(E.shape)
    for t, i in product(range(T), range(N)):
        s = [E[t, i, k] / sum(E[t, i]) for k in range(K)]
        x = [sum(E[t, :, k]) / E[t].sum() for k in range(K)]
        row = spec.table.iloc[t * N + i]
        for k in range(K):
            assert lq[t, i, k] == pytest.approx(s[k] / x[k], rel=REFERENCE)
        gaps = [abs(a - b) for a, b in zip(s, x, strict=True)]
        r = [a / b for a, b in zip(s, x, strict=True)]
        # The Gini by its definition: mean absolute difference of the quotients, weighted by the reference shares.
        gini = sum(x[a] * x[b] * abs(r[a] - r[b]) for a in range(K) for b in range(K)) / 2
        plain = sum(abs(a - b) for a in r for b in r) / (2 * K**2 * np.mean(r))
        H = sum(a * a for a in s)
        expected = [sum(gaps) / 2, sum(gaps), gini, plain, H, (H - 1 / K) / (1 - 1 / K)]
        np.testing.assert_allclose(row, expected, rtol=REFERENCE, atol=EXACT)


@pytest.mark.parametrize("reference", ["total", "rest", "equal"])
def test_concentration_is_specialisation_turned_round(table, reference):
    """Industries for regions and regions for industries: the other measure of the same table."""
    frame = long().rename(columns={"city": "sector", "sector": "city"})
    turned = read(frame)
    ours = sc.concentration(table, reference=reference).table
    theirs = sc.specialisation(turned, reference=reference).table
    np.testing.assert_allclose(ours, theirs, rtol=REFERENCE, atol=EXACT)


def test_kinds_of_quotients(table):
    plain = sc.location_quotients(table).table
    symmetric = sc.location_quotients(table, kind="symmetric").table
    np.testing.assert_allclose(symmetric, (plain - 1) / (plain + 1), rtol=REFERENCE)
    z = sc.location_quotients(table, kind="standardised").table
    by_year = plain.groupby(level="year")
    np.testing.assert_allclose(z, (plain - by_year.transform("mean")) / by_year.transform("std"), rtol=REFERENCE)
    logs = sc.location_quotients(table, kind="log")
    zero = int((plain == 0).sum().sum())
    assert zero > 0
    assert logs.table.isna().sum().sum() == zero
    assert f"{zero} quotients are zero" in " ".join(logs.notes)
    zlog = sc.location_quotients(table, kind="standardised-log").table
    by_year = logs.table.groupby(level="year")
    expected = (logs.table - by_year.transform("mean")) / by_year.transform("std")
    np.testing.assert_allclose(zlog, expected, rtol=REFERENCE)
    p = sc.location_quotients(table).normality()
    assert p.loc[2010, "trade"] == pytest.approx(stats.shapiro(plain.loc[2010, "trade"]).pvalue)


def test_weighted_mean_of_quotients_is_one(table):
    quotient = sc.location_quotients(table).table.to_numpy().reshape(table.values.shape)
    weight = table.values.sum(axis=2) / table.values.sum(axis=(1, 2))[:, None]
    np.testing.assert_allclose((weight[..., None] * quotient).sum(axis=1), 1, rtol=REFERENCE)
    scaled = sc.industry_table(long().assign(jobs=lambda f: 7 * f["jobs"]), region="city", industry="sector",
                               value="jobs", period="year")  # fmt: skip
    np.testing.assert_allclose(sc.location_quotients(scaled).table, sc.location_quotients(table).table, rtol=REFERENCE)


def test_clusters_say_how_large(table):
    lq = sc.location_quotients(table)
    found = lq.clusters(threshold=2)
    assert (found["quotient"] > 2).all()
    assert len(found) == int((lq.table > 2).sum().sum())
    row = found.iloc[0]
    jobs = long().set_index(["city", "sector", "year"])["jobs"]
    assert row["size"] == jobs[row["city"], row["sector"], row["year"]]
    assert row["share_of_industry"] == pytest.approx(row["size"] / jobs[:, row["sector"], row["year"]].sum())


def test_plants_placed_at_random_have_gamma_zero():
    """Ellison and Glaeser's point: whatever the plants' sizes; and z of G is standard."""
    rng = np.random.default_rng(5)
    x = rng.dirichlet(np.full(15, 2.0))
    size = rng.lognormal(0, 1.2, 40)
    H, fourth = (size**2).sum() / size.sum() ** 2, (size**4).sum() / size.sum() ** 4
    draws = 4000
    where = rng.choice(15, p=x, size=(draws, 40))
    s = np.stack([np.bincount(row, size, minlength=15) for row in where]) / size.sum()
    found = core.ellison_glaeser(s[None], x[None, None], np.full((1, draws), H), np.full((1, draws), fourth))
    gamma, z = found.gamma[0], found.z[0]
    assert abs(gamma.mean()) < 4 * gamma.std() / np.sqrt(draws)
    assert z.mean() == pytest.approx(0, abs=0.07)
    assert z.std() == pytest.approx(1, abs=0.08)
    # Raw concentration, which does not know plants, is far above zero.
    assert found.raw.mean() > 10 * abs(gamma.mean())


def test_gamma_finds_what_was_put_in():
    """Plants that follow one another with probability gamma: the index is unbiased for it."""
    rng = np.random.default_rng(6)
    x, truth = rng.dirichlet(np.full(12, 3.0)), 0.2
    size = rng.lognormal(0, 0.8, 30)
    found = []
    for _ in range(1500):
        # Their model: all plants draw from shares that were drawn around x, with variance gamma x (1 - x).
        p = rng.dirichlet(x * (1 / truth - 1))
        s = np.bincount(rng.choice(12, p=p, size=30), size, minlength=12) / size.sum()
        H = (size**2).sum() / size.sum() ** 2
        found.append(core.ellison_glaeser(s[None, None], x[None, None], np.array([[H]]), np.zeros((1, 1))).gamma[0, 0])
    assert np.mean(found) == pytest.approx(truth, abs=4 * np.std(found) / np.sqrt(1500))


def test_pair_is_that_of_the_index_for_groups(table):
    """Ellison and Glaeser's (1997) index of a group of two, with plants, is the formula of 2010, without."""
    one = table.subset(periods=[2010])
    pair = sc.coagglomeration(one, "trade", "finance").pair[2010]
    E = one.values[0]
    x = E.sum(axis=1) / E.sum()
    s = {k: E[:, KINDS.index(k)] / E[:, KINDS.index(k)].sum() for k in ("trade", "finance")}
    n = {k: E[:, KINDS.index(k)].sum() for k in s}
    w = {k: n[k] / sum(n.values()) for k in s}
    X = 1 - (x**2).sum()
    for plants in ({"trade": 0.05, "finance": 0.3}, {"trade": 0.7, "finance": 0.01}):
        gamma = {k: (((s[k] - x) ** 2).sum() / X - plants[k]) / (1 - plants[k]) for k in s}
        both = sum(w[k] * s[k] for k in s)
        H = sum(w[k] ** 2 * plants[k] for k in s)
        top = ((both - x) ** 2).sum() / X - H - sum(gamma[k] * w[k] ** 2 * (1 - plants[k]) for k in s)
        assert top / (1 - sum(v**2 for v in w.values())) == pytest.approx(pair, rel=1e-9)
    pairs = core.pairwise_coagglomeration(np.stack([s["trade"], s["finance"]])[None], x[None, None])
    assert pairs[0, 0, 1] == pytest.approx(pair, rel=REFERENCE)


def test_coagglomeration_by_region(table):
    found = sc.coagglomeration(table, ["finance", "software"], "making")
    merged = table.aggregate({"finance": "services", "software": "services"})
    lq = sc.location_quotients(merged).table
    a, b = lq["services"].to_numpy(), lq["making"].to_numpy()
    with np.errstate(invalid="ignore"):
        expected = 1 - abs(a - b) / (a + b) + a + b
    np.testing.assert_allclose(found.table["index"], expected, rtol=REFERENCE)
    again = sc.coagglomeration(merged, "making", "services")
    np.testing.assert_allclose(again.table["index"], found.table["index"], rtol=REFERENCE)
    np.testing.assert_allclose(again.pair, found.pair, rtol=REFERENCE)
    assert found.panel().n_regions == 12
    assert found.a == "finance + software"


@pytest.mark.parametrize("method", ["classic", "esteban-marquillas"])
def test_shift_share_adds_up(table, method):
    found = sc.shift_share(table, method=method)
    parts = ["national", "mix", "competitive", *(["allocation"] if method != "classic" else [])]
    for frame in (found.table, found.detail):
        np.testing.assert_allclose(frame[parts].sum(axis=1), frame["change"], rtol=0, atol=1e-9)
        np.testing.assert_allclose(frame["after"] - frame["before"], frame["change"], rtol=EXACT)
    # Regions' own shifts cancel: by industry they are deviations from the industry's growth.
    if method == "classic":
        by_industry = found.detail["competitive"].groupby(level=1).sum()
        np.testing.assert_allclose(by_industry, 0, atol=1e-9)
        assert found.table["mix"].sum() == pytest.approx(0, abs=1e-9)
    row = found.detail.loc[("c03", "trade")]
    g = table.values[-1].sum() / table.values[0].sum() - 1
    k = KINDS.index("trade")
    g_k = table.values[-1, :, k].sum() / table.values[0, :, k].sum() - 1
    assert row["national"] == pytest.approx(row["before"] * g)
    assert row["mix"] == pytest.approx(row["before"] * (g_k - g))
    own = row["after"] / row["before"] - 1
    if method == "classic":
        assert row["competitive"] == pytest.approx(row["before"] * (own - g_k))
    else:
        like = table.values[0, 3].sum() * table.values[0, :, k].sum() / table.values[0].sum()
        assert row["competitive"] == pytest.approx(like * (own - g_k))
        assert row["allocation"] == pytest.approx((row["before"] - like) * (own - g_k))


def test_shift_share_of_what_is_new():
    frame = pd.DataFrame(
        {
            "city": [*"aabb"] * 2,
            "sector": ["old", "new"] * 4,
            "year": [1] * 4 + [2] * 4,
            "jobs": [9, 0, 5, 0, 8, 4, 6, 1],
        }
    )
    for method in ("classic", "esteban-marquillas"):
        found = sc.shift_share(read(frame), method=method)
        assert found.detail.loc[("a", "new"), "competitive"] == 4
        parts = found.detail.drop(columns=["before", "after", "change"]).sum(axis=1)
        np.testing.assert_allclose(parts, found.detail["change"], atol=EXACT)
        assert any("nothing there in 1" in note and "('a', 'new')" in note for note in found.notes)


# ---------------------------------------------------------------------- space


def test_quotients_go_to_hot_spots_and_to_beta():
    zj = sc.datasets.zhejiang()
    w = sc.weights.adjacency(zj.cities, link=[("Zhoushan", "Ningbo")])
    rng = np.random.default_rng(2)
    index = pd.MultiIndex.from_product([zj.panel.regions, KINDS, zj.panel.periods], names=["city", "sector", "year"])
    frame = pd.Series(rng.poisson(200, len(index)), index=index, name="jobs").reset_index()
    lq = sc.location_quotients(read(frame))
    panel = lq.panel()
    hot = sc.hot_spots(panel, "software", w, period=2020)
    alone = sc.hot_spots(panel.subset(periods=[2020]), "software", w, period=2020)
    np.testing.assert_allclose(hot.table["z"], alone.table["z"], rtol=REFERENCE)
    strength = panel.wide("software").stack()
    data = zj.panel.assign(strength=lambda f: [strength[(y, c)] for y, c in zip(f["year"], f["city"], strict=True)])
    assert "strength" in sc.beta(data, "exports", controls="strength", effects="time").tidy()["term"].to_list()


# ---------------------------------------------------------------------- the door


def test_long_frame_panel_and_order_are_one(table):
    frame = long()
    shuffled = read(frame.sample(frac=1, random_state=4))
    a = sc.location_quotients(shuffled).table.sort_index().sort_index(axis=1)
    pd.testing.assert_frame_equal(a, sc.location_quotients(table).table.sort_index().sort_index(axis=1), rtol=REFERENCE)
    indexed = read(frame.set_index(["city", "sector"]))
    np.testing.assert_array_equal(indexed.values, table.values)
    wide = frame.pivot(index=["city", "year"], columns="sector", values="jobs").reset_index()
    panel = sc.Panel(wide, region="city", period="year")
    from_panel = sc.industry_table(panel, industries=KINDS)
    np.testing.assert_array_equal(from_panel.values, table.values)
    np.testing.assert_array_equal(table.panel().values("trade"), table.values[:, :, KINDS.index("trade")])
    assert frame.equals(long())


def test_absent_rows_are_zeros_and_counted():
    frame = long()
    table = read(frame[frame["jobs"] > 0])
    gone = int((frame["jobs"] == 0).sum())
    assert gone > 0
    assert table.notes[0] == f"{gone} of {len(frame)} cells have no row and count as zero"
    np.testing.assert_array_equal(np.sort(table.values, axis=None), np.sort(read(frame).values, axis=None))


def test_nothing_in_a_region_or_of_an_industry():
    frame = long(5, 2)
    frame.loc[(frame["city"] == "c01") & (frame["year"] == 2010), "jobs"] = 0
    frame.loc[(frame["sector"] == "finance") & (frame["year"] == 2011), "jobs"] = 0
    table = read(frame)
    assert "regions without anything, whose shares are undefined: ('c01', 2010)" in table.notes
    assert "industries that are nowhere, whose shares are undefined: ('finance', 2011)" in table.notes
    lq = sc.location_quotients(table).table
    assert lq.loc[(2010, "c01")].isna().all()
    assert lq.loc[2011, "finance"].isna().all()
    assert lq.isna().sum().sum() == 5 + 5
    spec = sc.specialisation(table).table
    assert spec.loc[(2010, "c01")].isna().all()
    assert spec.drop((2010, "c01")).notna().all().all()
    conc = sc.concentration(table).table
    assert conc.loc[(2011, "finance")].isna().all()
    assert conc.drop((2011, "finance")).notna().all().all()
    z = sc.location_quotients(table, kind="standardised").table
    assert z.loc[2010].drop("c01").notna().all().all()
    pair = sc.coagglomeration(table, "trade", "making")
    assert np.isfinite(pair.pair).all()


BAD = {
    "negative": (lambda f: f.assign(jobs=f["jobs"] - 1000), errors.NotPositiveError, "jobs is negative in"),
    "missing": (lambda f: f.assign(jobs=f["jobs"].where(f.index != 3)), errors.MissingDataError, "missing in"),
    "infinite": (lambda f: f.assign(jobs=f["jobs"].where(f.index != 3, np.inf)), errors.MissingDataError, "infinite"),
    "text": (lambda f: f.assign(jobs="many"), errors.VariableError, "must be numeric"),
    "twice": (lambda f: pd.concat([f, f.iloc[:2]]), errors.DuplicateKeyError, "4 rows share their city, sector, year"),
    "no label": (lambda f: f.assign(city=f["city"].where(f.index != 3)), errors.MissingDataError, "lack a label"),
    "no column": (lambda f: f.drop(columns="sector"), errors.VariableError, "no column 'sector'"),
    "empty": (lambda f: f.iloc[:0], errors.DataError, "empty"),
    "all zero": (lambda f: f.assign(jobs=f["jobs"].where(f["year"] != 2011, 0)), errors.DataError, "zeros in 2011"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tables_are_answered(case):
    spoil, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        read(spoil(long()))


def test_bad_options_are_answered(table):
    with pytest.raises(errors.DataError, match="data enter by sc"):
        sc.location_quotients(long())
    with pytest.raises(errors.OptionError, match="name the columns"):
        sc.industry_table(long(), region="city")
    with pytest.raises(errors.OptionError, match="kind must be one of"):
        sc.location_quotients(table, kind="relative")
    with pytest.raises(errors.OptionError, match="measures must be one of"):
        sc.specialisation(table, measures="theil")
    with pytest.raises(errors.OptionError, match="unknown industries 'mining'"):
        sc.coagglomeration(table, "mining", "trade")
    with pytest.raises(errors.OptionError, match="stands on both sides"):
        sc.coagglomeration(table, ["trade", "making"], "trade")
    with pytest.raises(errors.DataError, match="has one, 'c00'"):
        sc.location_quotients(table.subset(regions=["c00"]))
    with pytest.raises(errors.DataError, match="the table has one industry only"):
        sc.specialisation(table.subset(industries=["trade"]))
    with pytest.raises(errors.OptionError, match="start must come before end"):
        sc.shift_share(table, start=2012, end=2010)
    with pytest.raises(errors.DataError, match="the table has one"):
        sc.shift_share(table.subset(periods=[2010]))
    with pytest.raises(errors.MissingDataError, match="no Herfindahl index for 4"):
        sc.ellison_glaeser(table, plants={"trade": 0.1})
    with pytest.raises(errors.OptionError, match=r"lies in \(0, 1\]"):
        sc.ellison_glaeser(table, plants=dict.fromkeys(KINDS, 1.5))
    with pytest.raises(errors.OptionError, match=r"lies in \(0, 1\]"):
        sc.ellison_glaeser(table, plants=dict.fromkeys(KINDS, "few"))
    with pytest.raises(errors.OptionError, match="regions are named by their labels"):
        table.subset(regions=[["c00"]])
    with pytest.raises(errors.VariableError, match="plants needs the columns"):
        sc.ellison_glaeser(table, plants=pd.DataFrame({"sector": ["trade"]}))
    lone = sc.ellison_glaeser(table, plants=dict.fromkeys(KINDS, 0.1) | {"trade": 1.0})
    assert lone.table.loc[(2010, "trade"), "gamma"] != lone.table.loc[(2010, "trade"), "gamma"]
    assert any("one plant holds all of 'trade'" in note for note in lone.notes)
    assert "totals are those of 2 of 5 industries" in table.subset(industries=["trade", "making"]).notes


def test_results_show_themselves(table):
    plants = dict.fromkeys(KINDS, 0.1)
    results = [
        sc.location_quotients(table),
        sc.specialisation(table),
        sc.concentration(table),
        sc.ellison_glaeser(table, plants=plants),
        sc.coagglomeration(table, "trade", "making"),
        sc.shift_share(table),
    ]
    for result in results:
        assert 2 <= len(repr(result).splitlines()) <= 8
        assert len(result.glance()) == 1
        assert len(result.tidy())
        assert "<table" in result._repr_html_()
        json.dumps(result.to_dict())
    assert "IndustryTable of jobs: 12 regions x 5 industries x 3 periods (2010 to 2012)" in repr(table)
