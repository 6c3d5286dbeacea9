"""The data sets: what they hold, against the published figures and libpysal's own tables."""

import json
import os
import socket
import subprocess
import sys
import zipfile
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import spatialconv as sc
from spatialconv import datasets
from spatialconv.errors import FileError
from tests.tolerances import EXACT

ROOT = Path(__file__).resolve().parents[3]
YEARS = range(2016, 2021)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a data set asked for the network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_zhejiang_holds_what_it_says(zj):
    assert list(zj.cities.columns) == ["code", "city_zh", "area", "lon", "lat", "geometry"]
    assert zj.cities.index.name == "city"
    assert zj.cities.crs.to_epsg() == 4326
    assert (zj.panel.region, zj.panel.period) == ("city", "year")
    assert zj.panel.variables == ("exports", "log_exports_sd", "growth_published", "digital", "code")
    assert list(zj.panel.periods) == list(YEARS)
    assert zj.panel.balanced


def test_zhejiang_panel_and_cities_have_the_same_labels(zj):
    assert list(zj.panel.regions) == list(zj.cities.index)
    codes = zj.panel.frame.drop_duplicates("city").set_index("city")["code"]
    assert codes.to_dict() == zj.cities["code"].to_dict()


def test_zhejiang_digital_is_the_printed_table(zj):
    printed = pd.DataFrame(zj.published["tab3_digital"]).rename(index=int)
    np.testing.assert_array_equal(zj.panel.wide("digital"), printed.loc[list(YEARS), list(zj.panel.regions)])


def test_zhejiang_growth_is_the_printed_table(zj):
    printed = pd.DataFrame(zj.published["tab1_growth_percent"])[list(zj.panel.regions)].to_numpy() / 100
    np.testing.assert_allclose(zj.panel.wide("growth_published").iloc[1:], printed, atol=EXACT)
    assert zj.panel.wide("growth_published").iloc[0].isna().all()
    # The levels carry that growth, to the digits they are written with.
    levels = zj.panel.values("exports")
    np.testing.assert_allclose(levels[1:] / levels[:-1] - 1, printed, atol=1e-7)


def described(values):
    found = {"mean": values.mean(), "std": values.std(ddof=1), "min": values.min(), "max": values.max()}
    return {"n": values.size} | {name: round(float(value), 4) for name, value in found.items()}


def test_zhejiang_levels_meet_the_printed_descriptives(zj):
    lagged = zj.panel.values("exports", log=True)[:-1]
    assert described(lagged) == zj.published["tab4_descriptives"]["lnretail"]
    growth = np.diff(zj.panel.values("exports", log=True), axis=0)
    assert described(growth) == zj.published["tab4_descriptives"]["y"]


def test_zhejiang_says_how_surely(zj):
    sd = zj.panel.wide("log_exports_sd")
    assert (sd.nunique() == 1).all()
    assert (sd.iloc[0][["Jinhua", "Zhoushan"]] < 0.001).all()
    assert sd.iloc[0].idxmax() == "Lishui"
    assert "reconstructed" in datasets.zhejiang.__doc__
    assert "reconstructed" in repr(zj)


def test_zhejiang_comes_fresh_and_frozen(zj):
    with pytest.raises(FrozenInstanceError):
        zj.panel = None
    spoiled = sc.datasets.zhejiang()
    spoiled.cities.loc["Hangzhou", "lon"] = 0.0
    spoiled.published["tab2_moran"].clear()
    again = sc.datasets.zhejiang()
    assert again.cities.loc["Hangzhou", "lon"] == zj.cities.loc["Hangzhou", "lon"]
    assert again.published == zj.published


def test_published_figures_agree_with_each_other(zj):
    """Typing errors would show: averages of Tab. 1, p from z in Tab. 2, speed from beta in Tab. 5."""
    growth = pd.DataFrame(zj.published["tab1_growth_percent"])
    averages = pd.Series(zj.published["tab1_average_growth_percent"])
    # Half a unit for the rates and half a unit for their average.
    np.testing.assert_allclose(growth.mean(), averages[growth.columns], atol=0.01 + EXACT)
    for weights in ("adjacency", "geographic"):
        for row in zj.published["tab2_moran"][weights].values():
            assert abs(2 * norm.sf(abs(row["z"])) - row["p"]) < 0.0011
    for model in ("province", "northeast", "southwest"):
        row = zj.published["tab5_spatial_lag"][model]
        assert round(-np.log1p(row["beta"][0]), 2) == row["speed"]
    for row in zj.published["tab3_digital"].values():
        assert list(map(int, row)) == list(YEARS)


def test_us_income_is_libpysals_table():
    from libpysal import examples

    us = sc.datasets.us_income()
    wide = pd.read_csv(examples.get_path("usjoin.csv")).set_index("Name")
    assert list(us.panel.periods) == list(range(1929, 2010))
    np.testing.assert_array_equal(
        us.panel.wide("income").T, wide.loc[us.panel.regions, [str(y) for y in range(1929, 2010)]]
    )
    assert set(us.panel.regions) == set(us.states.index)
    assert us.states.crs.to_epsg() == 4326
    fips = us.panel.frame.drop_duplicates("state").set_index("state")["fips"]
    assert fips.to_dict() == us.states["fips"].to_dict() == wide["STATE_FIPS"].to_dict()


def test_us_contiguity_is_libpysals_list():
    """The polygons and the separate list of neighbours are two files: their order and shapes agree."""
    from libpysal import examples
    from libpysal.graph import Graph, read_gal

    us = sc.datasets.us_income()
    # The list is keyed by the row of the income table, which is alphabetical.
    listed = read_gal(examples.get_path("states48.gal"))
    names = list(us.panel.regions)
    pairs = {(names[int(a)], names[int(b)]) for a, b in listed.adjacency.index}
    graph = Graph.build_contiguity(us.states, rook=False)
    assert set(graph.adjacency.index) == pairs


def test_mexico_is_libpysals_table():
    from libpysal import examples

    mexico = sc.datasets.mexico()
    wide = pd.read_csv(examples.get_path("mexico.csv"))
    assert list(mexico.panel.periods) == list(range(1940, 2001, 10))
    ours = mexico.panel.wide("gdp_per_head").T.to_numpy()
    # Names are spelt in two ways; the rows are the same 32 states.
    theirs = wide[[f"pcgdp{year}" for year in range(1940, 2001, 10)]].to_numpy()
    np.testing.assert_array_equal(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)])
    assert set(mexico.panel.regions) == set(mexico.states.index)
    row = wide.set_index("State").loc["Chiapas"]
    assert mexico.panel.wide("gdp_per_head").loc[1980, "Chiapas"] == row["pcgdp1980"]
    assert mexico.states.crs.to_epsg() == 4326


@pytest.mark.parametrize("load", [sc.datasets.us_income, sc.datasets.mexico, sc.datasets.zhejiang])
def test_repr_is_short_and_deterministic(load):
    assert repr(load()) == repr(load())
    assert 3 <= len(repr(load()).splitlines()) <= 8


def test_missing_files_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "DATA", tmp_path)
    with pytest.raises(FileError, match=r"panel\.csv is missing; install spatialconv again"):
        sc.datasets.zhejiang()
    with pytest.raises(FileError, match="does not ship its example 'mars'"):
        datasets._example("mars", "mars.shp")


def test_the_wheel_carries_the_data(tmp_path):
    """Build the wheel, unpack it elsewhere and load the study from there."""
    pytest.importorskip("hatchling", reason="the build backend is not installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert any(name.endswith("licenses/spatialconv/data/NOTICE") for name in archive.namelist())
        assert sum(name.endswith("NOTICE") for name in archive.namelist()) == 1
        assert (
            "spatialconv/__init__.pyi" in archive.namelist()
        )  # the public names, for lazy_loader and for type checkers
        assert "spatialconv/py.typed" in archive.namelist()
        archive.extractall(tmp_path / "site")
    code = (
        "import json, spatialconv as sc; z = sc.datasets.zhejiang(); "
        "print(json.dumps([sc.__file__, len(z.cities), len(z.panel.frame), sorted(z.published)]))"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    where, cities, rows, tables = json.loads(run.stdout)
    assert Path(where).is_relative_to(tmp_path / "site")
    assert (cities, rows) == (11, 55)
    assert "tab5_spatial_lag" in tables
