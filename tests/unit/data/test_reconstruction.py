"""The reconstruction arrives at the shipped levels, meets what is printed, and no other links do."""

import copy
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from esda.moran import Moran
from libpysal.graph import Graph

import spatialconv as sc
from spatialconv._reconstruction import _links, reconstruct, try_links
from spatialconv._reconstruction._figures import OFFICIAL_TOTAL_2016, UNKNOWN_COORDINATES, evaluate, pose
from spatialconv._reconstruction._levels import draw_starts, search
from tests.terminal import plain_repr
from tests.tolerances import DIFFERENCES, EXACT, LEVELS, PRINTED_THREE, REFERENCE

YEARS = range(2016, 2021)


@pytest.fixture(scope="module")
def found(zj):
    return reconstruct(zj.published, zj.cities)


@pytest.fixture(scope="module")
def graphs(zj):
    """Weights made without the package's own builders: two witnesses for what the search used."""
    queen = Graph.build_contiguity(zj.cities, rook=False).transform("R")
    from pyproj import Geod

    geod, names = Geod(ellps="WGS84"), list(zj.cities.index)
    pairs = [(a, b) for a in names for b in names if a != b]
    seat = zj.cities[["lon", "lat"]].to_numpy()
    place = dict(zip(names, seat, strict=True))
    metres = [geod.inv(*place[a], *place[b])[2] for a, b in pairs]
    index = pd.MultiIndex.from_tuples(pairs, names=["focal", "neighbor"])
    distance = Graph(pd.Series(1 / np.square(metres), index=index, name="weight")).transform("R")
    return {"adjacency": queen, "geographic": distance}


# ---------------------------------------------------------------------- the levels


def test_arrives_at_the_shipped_levels(zj, found):
    shipped = zj.panel.wide("exports", log=True)
    assert list(found.levels.index) == list(shipped.index)
    assert list(found.levels.columns) == list(shipped.columns)
    np.testing.assert_allclose(np.log(found.levels), shipped, atol=LEVELS)


def test_arrives_at_the_shipped_uncertainty(zj, found):
    shipped = zj.panel.wide("log_exports_sd").iloc[0]
    np.testing.assert_allclose(found.log_sd[shipped.index], shipped, atol=2e-4)


def test_uses_neither_the_panel_nor_luck(zj, found):
    again = reconstruct(zj.published, zj.cities, seed=7)
    np.testing.assert_allclose(np.log(again.levels), np.log(found.levels), atol=DIFFERENCES)
    same = reconstruct(zj.published, zj.cities)
    pd.testing.assert_frame_equal(same.levels, found.levels)


def test_order_of_the_cities_changes_nothing(zj, found):
    turned = reconstruct(zj.published, zj.cities[::-1])
    np.testing.assert_allclose(np.log(turned.levels[found.levels.columns]), np.log(found.levels), atol=DIFFERENCES)


def test_meets_every_printed_figure_within_rounding(found):
    printed = found.figures[found.figures["printed"]]
    assert len(printed) == 18
    assert (printed["misfit"].abs() < 1).all()
    assert found.worst == printed["misfit"].abs().max()


def test_printed_figures_by_other_software(zj, found, graphs):
    """Numpy and esda see the same figures in the levels as the search did."""
    log = np.log(found.levels)
    tab4, fig3, tab2 = (zj.published[k] for k in ("tab4_descriptives", "fig3_sigma", "tab2_moran"))
    lagged = log.iloc[:-1].to_numpy()
    for name, value in {
        "mean": lagged.mean(),
        "std": lagged.std(ddof=1),
        "min": lagged.min(),
        "max": lagged.max(),
    }.items():
        assert round(float(value), 4) == tab4["lnretail"][name], name
        assert abs(value - found.figures.loc[f"Tab. 4 {name}", "found"]) < REFERENCE
    for year in ("2016", "2020"):
        y = log.loc[int(year)]
        assert round(y.std(), 2) == fig3["std"][year]
        assert round(y.std() / y.mean(), 2) == fig3["cv"][year]
    for weights, graph in graphs.items():
        for year in YEARS:
            theirs = Moran(log.loc[year].to_numpy(), graph.to_W(), permutations=0)
            published = tab2[weights][str(year)]
            for name, value in {"I": theirs.I, "z": theirs.z_rand}.items():
                assert abs(value - found.figures.loc[f"Tab. 2 {weights} {name} {year}", "found"]) < 1e-6
            if weights == "adjacency":
                assert round(theirs.I, 3) == published["I"]
                assert round(theirs.z_rand, 3) == published["z"]
                # esda's p is the probability of both tails. It was not used in the search.
                assert round(theirs.p_rand, 3) == published["p"]
            else:
                assert abs(theirs.I - published["I"]) < 0.0125
                assert abs(theirs.z_rand - published["z"]) < 0.05


def test_agrees_with_the_public_moran(zj, found):
    frame = found.levels.stack().rename("exports").reset_index()
    panel = sc.Panel(frame, region="city", period="year")
    table = sc.moran(panel, "exports", sc.weights.adjacency(zj.cities), log=True).table
    for name in ("I", "z"):
        ours = [found.figures.loc[f"Tab. 2 adjacency {name} {year}", "found"] for year in YEARS]
        np.testing.assert_allclose(table[name], ours, atol=REFERENCE)
    published = pd.DataFrame(zj.published["tab2_moran"]["adjacency"]).T
    np.testing.assert_allclose(table[["I", "z", "p"]], published[["I", "z", "p"]], atol=PRINTED_THREE)


def test_what_the_text_says_of_the_ranks_holds(zj, found):
    """None of this entered the search, but for the two extremes."""
    first, lagged = found.levels.loc[2016], np.log(found.levels).iloc[:-1]
    text = zj.published["fig1_text"]["2016"]
    order = [text[group] for group in ("high", "second", "median", "low")]
    for above, below in pairwise(order):
        assert first[above].min() > first[below].max()
    assert lagged.stack().idxmin() == (2016, "Zhoushan")
    assert lagged.stack().idxmax() == (2019, "Jinhua")
    assert (found.levels["Jinhua"] > 180).all()
    last = found.levels.loc[2020]
    assert set(last.nlargest(4).index) == set(text["high"])
    # Jiaxing rises to the second group, Huzhou leaves it.
    assert last["Jiaxing"] > last["Shaoxing"] > last["Huzhou"]


# ---------------------------------------------------------------------- how surely


def test_total_is_foreseen_without_being_told(zj):
    """The paper alone, the official total left out, foresees it within its own uncertainty."""
    alone = reconstruct(zj.published, zj.cities, total=None)
    total, sd = alone.total
    assert abs(total - OFFICIAL_TOTAL_2016) < 2 * sd
    assert sd < 2
    shipped = zj.panel.wide("exports", log=True)
    assert np.abs(np.log(alone.levels) - shipped).to_numpy().max() < 0.05


def test_the_figures_for_distance_settle_the_coast(zj, found):
    alone = reconstruct(zj.published, zj.cities, geographic=False, total=None)
    coast = ["Ningbo", "Wenzhou", "Shaoxing", "Taizhou"]
    assert (alone.log_sd[coast] > 5 * found.log_sd[coast]).all()
    assert (alone.log_sd.drop(coast) < 1.6 * found.log_sd.drop(coast)).all()
    assert np.abs(np.log(alone.levels) - np.log(found.levels)).to_numpy().max() < 0.1


def test_one_optimum_only_is_within_rounding(zj):
    """Of the local optima that random starts find, all but one miss a printed figure."""
    problem = pose(zj.published, zj.cities, geographic=True, total=None)
    fits = search(problem, draw_starts(problem, 60, 11))
    printed = problem.figures["printed"].to_numpy()
    met = (np.abs(fits.residual[:, printed]) <= 1).all(axis=1)
    assert met.sum() > 20
    assert np.ptp(fits.x[met], axis=0).max() < 1e-4
    assert fits.cost[~met].min() > 2 * fits.cost[met].max()


def test_allowance_for_coordinates_is_a_kilometre(zj, found):
    """Moving every seat by 1.2 km moves I and z by what was allowed for, to a third."""
    rng, log = np.random.default_rng(3), np.log(found.levels)
    frame = log.stack().rename("y").reset_index()
    panel = sc.Panel(frame, region="city", period="year")
    tables = []
    for _ in range(60):
        east, north = rng.normal(0, 1.2, (2, len(zj.cities)))
        moved = pd.DataFrame(
            {
                "lon": zj.cities["lon"] + east / (111.2 * np.cos(np.radians(zj.cities["lat"]))),
                "lat": zj.cities["lat"] + north / 111.2,
            }
        )
        w = sc.weights.inverse_distance(zj.cities, power=2, points=moved)
        tables.append(sc.moran(panel, "y", w).table[["I", "z"]].to_numpy())
    spread = np.std(tables, axis=0, ddof=1).mean(axis=0)
    for value, allowed in zip(spread, UNKNOWN_COORDINATES.values(), strict=True):
        assert 2 / 3 < value / allowed < 4 / 3


def test_uncertainty_by_simulation(zj, found):
    """The sd from the curvature is what errors of the assumed size do to the levels."""
    problem = pose(zj.published, zj.cities, geographic=True, total=OFFICIAL_TOTAL_2016)
    true = np.log(found.levels.iloc[0].to_numpy())[None]
    rng = np.random.default_rng(5)
    figures = problem.figures
    values = evaluate(problem, true)[0][0]
    draws = []
    for _ in range(150):
        noise = rng.normal(size=len(figures)) * figures["allowance"]
        noisy = replace(problem, figures=figures.assign(published=values + noise))
        draws.append(search(noisy, true).x[0])
    ratio = np.std(draws, axis=0, ddof=1) / found.log_sd
    # Standard error of a standard deviation from 150 draws is 6 %.
    assert ratio.between(0.8, 1.2).all(), ratio


# ---------------------------------------------------------------------- the machinery


@pytest.mark.parametrize(("geographic", "total"), [(True, 319.3), (False, None)])
def test_derivatives_are_those_of_the_figures(zj, geographic, total):
    problem = pose(zj.published, zj.cities, geographic=geographic, total=total)
    x = draw_starts(problem, 3, 1)
    values, slopes = evaluate(problem, x)
    assert values.shape == (3, len(problem.figures))
    step = 1e-6
    for i in range(x.shape[1]):
        shift = step * np.eye(x.shape[1])[i]
        upper, lower = (evaluate(problem, x + s * shift)[0] for s in (1, -1))
        np.testing.assert_allclose(slopes[:, :, i], (upper - lower) / (2 * step), rtol=1e-6, atol=1e-7)


def test_a_false_figure_would_be_noticed(zj):
    for table, year, name in (("adjacency", "2018", "I"), ("adjacency", "2020", "z")):
        spoiled = copy.deepcopy(zj.published)
        spoiled["tab2_moran"][table][year][name] += 0.01
        assert reconstruct(spoiled, zj.cities).worst > 2


def test_a_false_growth_rate_would_be_noticed(zj):
    spoiled = copy.deepcopy(zj.published)
    spoiled["tab1_growth_percent"]["Jiaxing"]["2016-17"] = 42.52
    assert reconstruct(spoiled, zj.cities).worst > 2


def test_inputs_are_not_modified(zj, found):
    before = copy.deepcopy(zj.published), zj.cities.copy()
    reconstruct(zj.published, zj.cities, starts=2)
    assert zj.published == before[0]
    pd.testing.assert_frame_equal(pd.DataFrame(zj.cities), pd.DataFrame(before[1]))


def test_result_shows_itself(found):
    lines = plain_repr(found).splitlines()
    assert 3 <= len(lines) <= 8
    assert "reconstructed" in plain_repr(found)
    tidy = found.tidy()
    assert list(tidy["term"]) == list(found.levels.columns)
    np.testing.assert_allclose(tidy["estimate"], np.log(found.levels.iloc[0]), atol=EXACT)
    assert found.glance().shape[0] == 1
    assert found.to_dict()["provenance"]["seed"] == 2016
    assert found._repr_html_().startswith("<div>")


# ---------------------------------------------------------------------- other links


def brute_moran(y, w):
    z = y - y.mean()
    return len(y) / w.sum() * (z @ w @ z) / (z @ z)


def test_links_across_the_bay_are_needed(zj, monkeypatch):
    monkeypatch.setattr(_links, "DOUBTFUL", _links.DOUBTFUL[:2])
    table = try_links(zj.published, zj.cities, starts=24)
    assert list(table.loc[0, ["change", "standardise"]]) == ["none", "row"]
    assert table["worst_at_least"][0] < 1 < table["worst_at_least"][1:].min()
    assert len(table) == 8
    assert set(table["change"]) == {
        "none",
        "without Jiaxing-Ningbo",
        "without Jiaxing-Shaoxing",
        "without Jiaxing-Ningbo, without Jiaxing-Shaoxing",
    }


@pytest.mark.slow
def test_no_other_links_fit(zj):
    table = try_links(zj.published, zj.cities, single=True)
    assert len(table) == 32 + 51
    assert list(table.loc[0, ["change", "standardise"]]) == ["none", "row"]
    ours, others = table.loc[0], table[1:]
    assert ours["sum_of_squares"] < 2
    assert ours["worst_at_least"] < 0.5
    # One border, of 78 km on the map, could be cut and all printed figures still be met; but not the others.
    possible = others[others["worst_at_least"] <= 1]
    assert list(possible["change"]) == ["without Jinhua-Quzhou"]
    assert others["all_figures"].min() > 6 * ours["all_figures"]
    # Among the links that a reader of the map could doubt, none comes near.
    doubtful = others[~others["change"].isin(possible["change"])]
    assert doubtful["sum_of_squares"].min() > 10 * ours["sum_of_squares"]
    assert doubtful["worst_at_least"].min() > 1.5


def test_rook_and_spectral_are_no_other_readings(zj):
    """Two further ways to make weights change no figure here, so they need no row in the table."""
    assert set(sc.weights.adjacency(zj.cities, rule="rook").adjacency.index) == set(
        sc.weights.adjacency(zj.cities).adjacency.index
    )
    y = np.log(zj.panel.wide("exports")).iloc[0].to_numpy()
    binary, spectral = (
        sc.weights.align(sc.weights.adjacency(zj.cities, standardise=how), zj.cities.index).matrix.toarray()
        for how in ("none", "spectral")
    )
    assert abs(brute_moran(y, binary) - brute_moran(y, spectral)) < EXACT
