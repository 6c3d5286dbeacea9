"""The public functions against R's spdep, against esda and libpysal's data, and against the published study."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import esda
import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph

import spatialconv as sc
from tests import brute_association as brute
from tests.tolerances import EXACT, REFERENCE

HERE = Path(__file__).parents[2] / "reference" / "spdep_us_income"
SPDEP = json.loads((HERE / "reference.json").read_text())


@pytest.fixture(scope="module")
def states():
    frame = pd.read_csv(HERE / "data.csv")
    links = pd.read_csv(HERE / "weights.csv")
    binary = Graph.from_arrays(*(links[c].to_numpy() for c in ("i_name", "j_name", "weight_binary")))
    # Shuffled, so that nothing can agree by position.
    frame = frame.sample(frac=1, random_state=1)
    return sc.Panel(frame, region="name", period="year"), binary.transform("r"), binary


# ---------------------------------------------------------------------- R's spdep


@pytest.mark.parametrize("null", ["randomisation", "normality"])
@pytest.mark.parametrize(("function", "name"), [(sc.moran, "I"), (sc.geary, "C")])
def test_global_statistics_of_all_years_are_spdeps(states, null, function, name):
    panel, rows, _ = states
    theirs = SPDEP["moran_log_income" if name == "I" else "geary_log_income"]
    theirs = pd.DataFrame({int(year): block[null] for year, block in theirs.items()}).T
    found = function(panel, "income", rows, log=True, null=null).table
    z = "z" if name == "I" else "z_spdep_sign"
    columns = {name: name, "expected": "expectation", "variance": "variance", "z": z, "p": "p_two_sided"}
    for ours, spdep in columns.items():
        np.testing.assert_allclose(found[ours], theirs[spdep], rtol=REFERENCE, atol=0, err_msg=ours)
    greater = function(panel, "income", rows, log=True, null=null, alternative="greater").table["p"]
    less = function(panel, "income", rows, log=True, null=null, alternative="less").table["p"]
    one_sided = theirs["p_one_sided_greater" if name == "I" else "p_one_sided_positive_autocorrelation"]
    # spdep takes 1 minus the distribution function, which leaves 16 digits of 1, not of p.
    np.testing.assert_allclose(greater, one_sided, rtol=REFERENCE, atol=EXACT)
    np.testing.assert_allclose(less, 1 - one_sided, rtol=REFERENCE)


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("star", [True, False])
@pytest.mark.parametrize("kind", ["row", "binary"])
def test_gi_and_gi_star_are_spdeps_with_either_weights(states, log, star, kind):
    panel, rows, binary = states
    theirs = SPDEP["localG_binary_log_income" if log else "localG_binary_income"]
    w = rows if kind == "row" else binary
    found = sc.hot_spots(panel, "income", w, log=log, star=star, period=[1929, 2009])
    for year in (1929, 2009):
        block = theirs[str(year)]
        columns = block["Gi_star" if star else "Gi"]
        expected = pd.DataFrame({k: columns[k] for k in ("z", "p_two_sided")}, index=block["names"])
        ours = found.at(year).loc[block["names"]]
        np.testing.assert_allclose(ours["z"], expected["z"], rtol=0, atol=REFERENCE)
        np.testing.assert_allclose(ours["p"], expected["p_two_sided"], rtol=0, atol=REFERENCE)


@pytest.mark.parametrize(("null", "block"), [("conditional", "conditional"), ("total", "total_randomisation")])
def test_local_moran_is_spdeps(states, null, block):
    panel, rows, _ = states
    theirs = SPDEP["localmoran_log_income_2009"]
    names, theirs = theirs["names"], pd.DataFrame(theirs[block], index=theirs["names"])
    found = sc.local_moran(panel, "income", rows, period=2009, log=True, null=null).table.loc[names]
    columns = {"I": "Ii", "expected": "expectation", "variance": "variance", "z": "z", "p": "p_two_sided"}
    for ours, spdep in columns.items():
        np.testing.assert_allclose(found[ours], theirs[spdep], rtol=0, atol=REFERENCE, err_msg=ours)
    # spdep cuts the lag at its own mean: the same quadrants once that is done.
    low_high = {True: "High", False: "Low"}
    split = found["lag"] - found["lag"].mean()
    cut = [f"{low_high[a > 0]}-{low_high[b > 0]}" for a, b in zip(found["deviation"], split, strict=True)]
    assert cut == theirs["quadrant_mean"].tolist()
    same = (split > 0) == (found["lag"] > 0)
    codes = theirs["quadrant_mean"].map(lambda words: "".join(part[0] for part in words.split("-")))
    assert (found["quadrant"] == codes)[same].all()
    assert same.sum() > 40


# ---------------------------------------------------------------------- esda, on what libpysal ships


def mexico():
    """GDP per head of 32 states in seven decades, queen contiguity."""
    shapes = gpd.read_file(libpysal.examples.get_path("mexicojoin.shp")).set_index("NAME")
    incomes = shapes.filter(regex=r"^PCGDP\d{4}$").to_numpy(float)
    panel = brute.panel(incomes.T, shapes.index, range(1940, 2001, 10))
    return panel, Graph.build_contiguity(shapes, rook=False)


def baltimore():
    """Prices and sizes of 211 houses, four nearest neighbours: asymmetric weights."""
    houses = gpd.read_file(libpysal.examples.get_path("baltim.shp"))
    houses.index = [f"house {i:03d}" for i in range(len(houses))]
    graph = Graph.build_knn(houses, k=4)
    # Prices, ages and sizes stand in for three periods.
    return brute.panel(houses[["PRICE", "AGE", "SQFT"]].to_numpy(float).T, graph.unique_ids), graph


def zhejiang():
    zj = sc.datasets.zhejiang()
    frame = zj.panel.frame.rename(columns={"city": "region", "year": "period", "exports": "y"})
    return sc.Panel(frame, region="region", period="period"), sc.weights.adjacency(zj.cities, standardise="none")


@pytest.fixture(scope="module", params=[mexico, baltimore, zhejiang], ids=lambda make: make.__name__)
def data(request):
    panel, binary = request.param()
    wide = panel.wide("y").loc[:, list(binary.unique_ids)]
    assert set(panel.regions) == set(binary.unique_ids)
    return panel, binary, wide


def test_moran_and_geary_are_esdas(data):
    panel, binary, wide = data
    rows = binary.transform("r")
    moran, geary = sc.moran(panel, "y", rows).table, sc.geary(panel, "y", rows).table
    normal = sc.moran(panel, "y", rows, null="normality").table
    normal_c = sc.geary(panel, "y", rows, null="normality").table
    with warnings.catch_warnings():
        # esda's Geary fails on a Graph with an island; old weights only warn of it.
        warnings.simplefilter("ignore")
        old = binary.to_W()
    for period, y in wide.iterrows():
        m = esda.Moran(y.to_numpy(), rows, permutations=0)
        theirs = [m.I, m.EI, m.VI_rand, m.z_rand, m.p_rand]
        np.testing.assert_allclose(moran.loc[period, ["I", "expected", "variance", "z", "p"]], theirs, rtol=REFERENCE)
        np.testing.assert_allclose(normal.loc[period, ["variance", "z"]], [m.VI_norm, m.z_norm], rtol=REFERENCE)
        c = esda.Geary(y.to_numpy(), old, permutations=0)
        # esda: the other sign, and p one-sided.
        theirs = [c.C, c.EC, c.VC_rand, -c.z_rand, 2 * c.p_rand]
        np.testing.assert_allclose(geary.loc[period, ["C", "expected", "variance", "z", "p"]], theirs, rtol=REFERENCE)
        np.testing.assert_allclose(normal_c.loc[period, ["variance", "z"]], [c.VC_norm, -c.z_norm], rtol=REFERENCE)


def test_general_g_is_esdas(data):
    panel, binary, wide = data
    found = sc.general_g(panel, "y", binary).table
    for period, y in wide.iterrows():
        g = esda.G(y.to_numpy(), binary, permutations=0)
        theirs = [g.G, g.EG, g.VG, g.z_norm, 2 * g.p_norm]
        np.testing.assert_allclose(
            found.loc[period, ["G", "expected", "variance", "z", "p"]], theirs, rtol=REFERENCE, atol=REFERENCE
        )


def test_local_moran_is_esdas(data):
    panel, binary, wide = data
    rows, n = binary.transform("r"), panel.n_regions
    conditional = sc.local_moran(panel, "y", rows)
    total = sc.local_moran(panel, "y", rows, null="total")
    for period, y in wide.iterrows():
        ours, all_move = conditional.at(period).loc[wide.columns], total.at(period).loc[wide.columns]
        theirs = esda.Moran_Local(y.to_numpy(), rows, permutations=0)
        # esda divides by n - 1 in I, but by n in the conditional moments.
        np.testing.assert_allclose(ours["I"], theirs.Is * n / (n - 1), rtol=REFERENCE, atol=EXACT)
        np.testing.assert_allclose(ours["expected"], theirs.EIc, rtol=REFERENCE, atol=EXACT)
        np.testing.assert_allclose(ours["variance"], theirs.VIc, rtol=REFERENCE, atol=EXACT)
        np.testing.assert_allclose(all_move["expected"], theirs.EI, rtol=REFERENCE, atol=EXACT)
        np.testing.assert_allclose(all_move["variance"], theirs.VI, rtol=REFERENCE, atol=EXACT)
        codes = np.array(["", "HH", "LH", "LL", "HL"])[theirs.q]
        linked = ours["quadrant"].notna().to_numpy()
        np.testing.assert_array_equal(ours["quadrant"][linked], codes[linked])
        assert linked.sum() == n - len(rows.isolates)


@pytest.mark.parametrize("star", [True, False])
def test_gi_and_gi_star_are_esdas_where_esda_is_right(data, star):
    # Right: binary weights and a positive mean.
    panel, binary, wide = data
    for w in (binary, binary.transform("r")):
        found = sc.hot_spots(panel, "y", w, star=star)
        for period, y in wide.iterrows():
            # esda divides zero by zero for islands.
            with np.errstate(invalid="ignore"):
                theirs = esda.G_Local(y.to_numpy(), binary, transform="B", star=star, permutations=0).Zs
            linked = ~np.isin(wide.columns, list(binary.isolates)) | star
            ours = found.at(period).loc[wide.columns, "z"].to_numpy()
            np.testing.assert_allclose(ours[linked], theirs[linked], rtol=REFERENCE, atol=REFERENCE)
            assert np.isnan(ours[~linked]).all()


# ---------------------------------------------------------------------- the published study


def test_the_published_moran_of_adjacency_to_its_three_decimals(zj):
    found = sc.moran(zj.panel, "exports", sc.weights.adjacency(zj.cities), log=True).table
    published = pd.DataFrame(zj.published["tab2_moran"]["adjacency"]).T
    published.index = published.index.astype(int)
    pd.testing.assert_frame_equal(found[["I", "z", "p"]].round(3), published.astype(float), check_names=False)
    assert (found["expected"] == zj.published["tab2_moran"]["expected"]).all()


def test_the_published_moran_of_distance_within_what_unknown_seats_allow(zj):
    w = sc.weights.inverse_distance(zj.cities, power=2)
    found = sc.moran(zj.panel, "exports", w, log=True).table
    published = pd.DataFrame(zj.published["tab2_moran"]["geographic"]).T
    np.testing.assert_allclose(found["I"], published["I"].astype(float), rtol=0, atol=0.0125)
    np.testing.assert_allclose(found["z"], published["z"].astype(float), rtol=0, atol=0.05)


def test_the_published_hot_spots_are_classes_of_levels_of_which_none_is_significant(zj):
    w = sc.weights.adjacency(zj.cities)
    hot = set(zj.published["fig2_text"]["hot_spots"])
    levels = sc.hot_spots(zj.panel, "exports", w, period=[2016, 2020])
    assert levels.table["z"].abs().max() < 1.65
    assert (levels.table["confidence"] == 0).all()
    for year in (2016, 2020):
        upper = levels.at(year).index[levels.at(year)["jenks"] >= 3]
        # The paper counts Quzhou as cold; its z is the highest of all.
        assert set(upper) == hot | {"Quzhou"}
        assert levels.at(year)["z"].idxmax() == "Quzhou"


def test_hot_spots_of_log_exports_pass_90_percent_until_the_number_of_tests_counts(zj):
    logs = sc.hot_spots(zj.panel, "exports", sc.weights.adjacency(zj.cities), period=[2016, 2020], log=True)
    notable = logs.table.index[logs.table["confidence"] != 0]
    assert list(notable) == [(2016, "Zhoushan"), (2020, "Shaoxing"), (2020, "Zhoushan")]
    assert logs.table.loc[(2020, "Shaoxing"), "z"] == pytest.approx(1.956, abs=5e-4)
    assert (logs.table["confidence_fdr"] == 0).all()
    assert (logs.table["confidence"].abs() <= 1).all()
