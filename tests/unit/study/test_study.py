"""A study from its description: what is read, what is computed, what is written, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import spatialconv as sc
from spatialconv.errors import (
    AlignmentError,
    FileError,
    GeometryError,
    NotPositiveError,
    OptionError,
    SpatialConvError,
    SpatialConvWarning,
    UnbalancedPanelError,
    VariableError,
)
from spatialconv.study import Cell, Subsamples, WeightsChoice
from spatialconv.study._case import allowed_options
from spatialconv.study._figures import slug
from spatialconv.study._read import read_panel
from spatialconv.study._run import resolve
from tests.terminal import plain_repr
from tests.tolerances import EXACT, REFERENCE

FIRST = '[[weights]]\nname = "adjacency"'  # where the weights begin in the example


@pytest.fixture(scope="module")
def study():
    return sc.study.analyse(sc.study.zhejiang(), progress=False)


def small(**changes):
    """Return the built-in case with as few models as there can be."""
    plain = {"subsamples": Subsamples(whole="province"), "controls": (), "permutations": 0, "published": ""}
    return replace(sc.study.zhejiang(), **(plain | changes))


@pytest.fixture
def folder(tmp_path):
    return sc.study.example(tmp_path / "case").parent


def edited(folder, *changes):
    """Return the path of the example case with some of its lines replaced."""
    path = folder / "case.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return path


def analysed(path):
    return sc.study.analyse(sc.study.load(path), progress=False)


def numbers(frame):
    return frame.select_dtypes("number").to_numpy(dtype=float)


# ---------------------------------------------------------------------- reading a description


def test_the_example_says_what_the_built_in_case_says(folder):
    case, built_in = sc.study.load(folder / "case.toml"), sc.study.zhejiang()
    assert (case.variable, case.controls, case.main) == ("exports", ("digital",), "distance")
    assert [w.kind for w in case.weights] == [w.kind for w in built_in.weights]
    assert case.panel.file == folder / "panel.csv"
    assert case.geometry.lon == "lon"
    assert case.subsamples == built_in.subsamples
    assert case.hot_weights == "adjacency"
    assert case.published == ""
    assert resolve("zhejiang") == built_in
    assert resolve(built_in) is built_in


def test_every_commented_key_of_the_example_is_a_key(folder):
    """Taking the comments off must not give an unknown key."""
    text = (folder / "case.toml").read_text(encoding="utf-8")
    keys = re.findall(r"^# (\w+) = ", text, flags=re.MULTILINE)
    assert len(keys) >= 10
    keys.remove("bay")  # a group of the section before it
    for key in keys:
        taken = text
        # Nothing can be left out of the map where there is no inset.
        for one in ("inset", key) if key == "inset_only" else (key,):
            line = next(ln for ln in text.splitlines() if ln.startswith(f"# {one} = "))
            taken = taken.replace(line, line.removeprefix("# "), 1)
        # Only the key is at issue: a folder or a layer of that name is not there, and need not be.
        (folder / "one.toml").write_text(taken, encoding="utf-8")
        sc.study.load(folder / "one.toml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("variable =", "variabel =", r"unknown key 'variabel' in the case; .*Did you mean 'variable'\?"),
        ("seed =", "published = 'zhejiang'\nseed =", r"unknown key 'published' in the case; allowed are title, "),
        ("region =", "regions =", r"unknown key 'regions' in \[panel\]; allowed are file, region, period, encoding"),
        ("effects =", "efects =", r"unknown key 'efects' in \[model\]; .*Did you mean 'effects'\?"),
        (
            "power =",
            "pover =",
            r"unknown key 'pover' in the weights 'distance' \(kind 'inverse_distance'\); .*'power'\?",
        ),
        (
            "rule =",
            "power =",
            r"unknown key 'power' in the weights 'adjacency' .*allowed are rule, tolerance, islands, link, unlink",
        ),
        ("[maps]", "[map]", r"unknown key 'map' in the case; .*Did you mean 'maps'\?"),
        ('title = "Exports of eleven cities, an example"\n', "", r"the case lacks the key 'title'"),
        ('region = "city"', "", r"\[panel\] lacks the key 'region'"),
        ('kind = "inverse_distance"', "", r"weights 2: key 'kind' is needed"),
        (
            'kind = "inverse_distance"',
            'kind = "inverse"',
            r"kind of the weights 'distance' must be one of 'adjacency', ",
        ),
        ("permutations = 999", 'permutations = "many"', r"permutations must be a whole number; got 'many'"),
        ("permutations = 999", "permutations = true", r"permutations must be a whole number; got True"),
        ("permutations = 999", "permutations = -1", r"permutations must be a whole number of at least 0; got -1"),
        ("log = true", 'log = "yes"', r"log must be true or false; got 'yes'"),
        ('controls = ["digital"]', "controls = [1]", r"controls must be a list of names in quotes; got 1"),
        ('controls = ["digital"]', 'controls = ["exports"]', r"controls name the variable 'exports' itself"),
        ('file = "panel.csv"', "file = 3", r"panel.file must be a path in quotes; got 3"),
        (
            'effects = "time"',
            'effects = "year"',
            r"effects must be one of 'none', 'region', 'time', 'two-way'; got 'year'",
        ),
        ('spatial = "lag"', 'spatial = "lags"', r"spatial must be one of .*; got 'lags'"),
        ("horizon = 1", "horizon = 0", r"horizon must be a whole number of at least 1; got 0"),
        ('lat = "lat"', "", r"seats need both columns, lon and lat"),
        ('name = "distance"', 'name = "adjacency"', r"weights names 'adjacency' more than once"),
        ('rule = "queen"', "main = true", r"one of the weights is the main one; marked are 2: 'adjacency', 'distance'"),
        ('weights = "adjacency"', 'weights = "border"', r"weights of hot_spots must be one of 'adjacency', 'distance'"),
        ("labels = true", "labels = 1", r"maps.labels must be true, false or a column in quotes; got 1"),
        ("[maps]", "[maps]\n[maps.periods]", r"maps.periods must be a list of periods; got {'classes'"),
        ("# [subsamples.groups]", "groups = 3 #", r"subsamples.groups must be lists of regions by name; got 3"),
    ],
)
def test_what_is_wrong_with_a_description_is_said(folder, old, new, message):
    path = edited(folder, (old, new))
    with pytest.raises(OptionError, match=message) as caught:
        analysed(path)
    assert str(caught.value).startswith("case.toml: ")


def test_a_description_that_cannot_be_read(tmp_path):
    with pytest.raises(FileError, match=r"cannot read the case '.*nowhere.toml': No such file"):
        sc.study.load(tmp_path / "nowhere.toml")
    (tmp_path / "a.toml").write_text("title = ", encoding="utf-8")
    with pytest.raises(FileError, match="not valid TOML"):
        sc.study.load(tmp_path / "a.toml")
    (tmp_path / "b.toml").write_bytes('title = "浙江"'.encode("gbk"))
    with pytest.raises(FileError, match="not written in UTF-8"):
        sc.study.load(tmp_path / "b.toml")
    with pytest.raises(OptionError, match=r"a study is 'zhejiang' or a .toml file; got 'zhejang'"):
        sc.study.run("zhejang", tmp_path, progress=False)


def test_weights_must_be_tables_and_there_must_be_some(folder):
    text = (folder / "case.toml").read_text(encoding="utf-8")
    start, end = text.index("\n[[weights]]\n"), text.index("\n[model]")
    (folder / "none.toml").write_text(text[:start] + text[end:], encoding="utf-8")
    with pytest.raises(OptionError, match="a study needs spatial weights"):
        sc.study.load(folder / "none.toml")
    (folder / "word.toml").write_text('weights = "queen"\n' + text[:start] + text[end:], encoding="utf-8")
    with pytest.raises(OptionError, match=r"each under a line \[\[weights\]\]"):
        sc.study.load(folder / "word.toml")


def test_options_of_weights_are_those_of_the_builders():
    assert allowed_options("knn") == ("k", "standardise")
    assert allowed_options("nested") == ("geographic", "economic", "how", "share", "standardise")
    assert "points" not in allowed_options("inverse_distance")
    assert "file" in allowed_options("file")
    assert "regions" not in allowed_options("file")


# ---------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ('file = "panel.csv"', 'file = "gone.csv"', FileError, r"there is no panel file '.*gone.csv'"),
        ('file = "panel.csv"', 'file = "panel.sav"', FileError, r"'panel.sav' must be one of .csv, .*SPSS as .csv or"),
        ('region = "city"', 'region = "town"', VariableError, r"panel.csv has no column 'town' for the region; it has"),
        ('period = "year"', 'period = "when"', VariableError, r"panel.csv has no column 'when' for the period"),
        ('variable = "exports"', 'variable = "imports"', VariableError, r"panel.csv has no column 'imports'; it has"),
        ('controls = ["digital"]', 'controls = ["wage"]', VariableError, r"panel.csv has no column 'wage'"),
        ('file = "cities.shp"', 'file = "gone.shp"', FileError, r"there is no geometry file '.*gone.shp'"),
        ('id = "city"', 'id = "name"', VariableError, r"cities.shp has no column 'name' for id; it has .*encoding"),
        ('lon = "lon"', 'lon = "x"', VariableError, r"cities.shp has no column 'x' for lon"),
        ('id = "city"', 'id = "code"', AlignmentError, r"regions of the panel not in cities.shp: 11: 'Hangzhou', "),
        ('column = "area"', 'column = "zone"', VariableError, r"cities.shp has no column 'zone' for the subsamples"),
        ('whole = "province"', 'whole = "northeast"', OptionError, r"subsample 'northeast' has the name of the whole"),
        (
            '# encoding = "utf-8-sig"',
            'encoding = "utf-32"',
            FileError,
            r'panel.csv cannot be read as utf-32.*encoding = "gbk"',
        ),
        ('# encoding = "utf-8-sig"', 'encoding = "klingon"', FileError, r"panel.csv cannot be read as klingon"),
        (
            FIRST,
            f'[[weights]]\nkind = "file"\n{FIRST}',
            OptionError,
            r"weights 'file' of kind 'file' need the key",
        ),
        (
            FIRST,
            f'[[weights]]\nkind = "file"\nfile = "no.gal"\n{FIRST}',
            FileError,
            r"there is no weights file '.*no.gal'",
        ),
        (FIRST, f'[[weights]]\nkind = "knn"\n{FIRST}', OptionError, r"weights 'knn' \(kind 'knn'\): .*'k'"),
        ("# periods = [2016, 2020]", "periods = [2015]", SpatialConvError, r"unknown period 2015"),
    ],
)
def test_what_is_wrong_with_the_files_is_said(folder, old, new, error, message):
    with pytest.raises(error, match=message):
        analysed(edited(folder, (old, new)))


def test_numbers_in_a_file_are_read_to_the_last_bit(folder):
    """Python's repr of a number reads back as that number; the default parser of pandas before 3.1 misses some."""
    frame = pd.read_csv(folder / "panel.csv")
    frame["exports"] = np.random.default_rng(8).lognormal(10, 2, size=len(frame))
    lines = [",".join(frame.columns), *(",".join(map(str, row)) for row in frame.to_numpy(dtype=object).tolist())]
    (folder / "panel.csv").write_text("\n".join(lines), encoding="utf-8")
    panel = read_panel(resolve(folder / "case.toml").panel, ())
    found = panel.frame.set_index(["city", "year"])["exports"]
    np.testing.assert_array_equal(found, frame.set_index(["city", "year"])["exports"].loc[found.index])


def test_regions_with_several_polygons_are_refused(folder):
    frame = pd.read_csv(folder / "panel.csv").replace({"Hangzhou": "northeast", "Wenzhou": "southwest"})
    frame[frame["city"].isin(["northeast", "southwest"])].to_csv(folder / "panel.csv", index=False)
    with pytest.raises(GeometryError, match=r"more than one row for the regions 2: 'northeast', 'southwest'.*dissolve"):
        analysed(edited(folder, ('id = "city"', 'id = "area"')))


def test_a_geometry_without_crs(folder):
    (folder / "cities.prj").unlink()
    path = folder / "case.toml"
    with pytest.raises(GeometryError, match=r'cities.shp names no coordinate reference system.*crs = "EPSG:4326"'):
        analysed(path)
    found = analysed(edited(folder, ("# crs =", "crs =")))
    assert found.geometry.crs.to_epsg() == 4326
    assert list(found.summaries["adjacency"].islands) == []  # the example links the archipelago by hand


def test_a_file_that_is_no_geometry(folder):
    (folder / "cities.shp").write_bytes(b"not a shapefile")
    with pytest.raises(FileError, match=r"cities.shp cannot be read"):
        analysed(folder / "case.toml")
    (folder / "case.toml").write_text(
        (folder / "case.toml").read_text(encoding="utf-8").replace("cities.shp", "panel.csv"), encoding="utf-8"
    )
    with pytest.raises(GeometryError, match=r"panel.csv holds no geometry, only"):
        analysed(folder / "case.toml")


def test_gaps_are_refused_or_dropped_as_asked(folder):
    frame = pd.read_csv(folder / "panel.csv")
    frame.loc[(frame["city"] == "Quzhou") & (frame["year"] == 2018), "exports"] = np.nan
    frame[~((frame["city"] == "Lishui") & (frame["year"] == 2019))].to_csv(folder / "panel.csv", index=False)
    path = folder / "case.toml"
    with pytest.raises(UnbalancedPanelError):
        analysed(path)
    found = analysed(edited(folder, ("# drop =", "drop =")))
    assert found.panel.n_regions == 9
    assert any("'Quzhou', 'Lishui'" in note for note in found.notes)
    assert any("that the panel does not have: 2" in note for note in found.notes)


def test_a_level_that_is_not_positive_is_refused(folder):
    frame = pd.read_csv(folder / "panel.csv")
    frame.loc[3, "exports"] = 0
    frame.to_csv(folder / "panel.csv", index=False)
    with pytest.raises(NotPositiveError, match="'exports' needs positive values; zero: 1"):
        analysed(folder / "case.toml")


# ---------------------------------------------------------------------- the same data in other clothes


def same(study, other, *, names=("adjacency", "geographic")):
    """Assert that two studies of the same data found the same, region by region."""
    for name, theirs in zip(names, other.moran, strict=True):
        np.testing.assert_allclose(
            numbers(other.moran[theirs].table.drop(columns="p_permutation", errors="ignore")),
            numbers(study.moran[name].table.drop(columns="p_permutation")),
            atol=REFERENCE,
        )
    mine, its = study.betas.table, other.betas.table
    keys = ["effects", "approach", "beta", "z_beta", "rho", "z_rho", "sigma2", "loglik", "speed", "nobs"]
    pd.testing.assert_frame_equal(its[keys], mine[keys], rtol=1e-6, atol=1e-8)  # optima of the same likelihood
    np.testing.assert_allclose(numbers(other.sigma.table), numbers(study.sigma.table), atol=REFERENCE)


def test_names_in_chinese_in_gbk_without_a_word_about_it(study, tmp_path):
    zj = sc.datasets.zhejiang()
    cities = zj.cities.reset_index()
    chinese = dict(zip(cities["city"], cities["city_zh"], strict=True))
    shapes = cities.rename(columns={"city_zh": "城市", "area": "片区", "lon": "经度", "lat": "纬度"})
    shapes[["城市", "片区", "经度", "纬度", "geometry"]].to_file(tmp_path / "地图.shp", encoding="GBK")
    (tmp_path / "地图.cpg").unlink()
    frame = zj.panel.frame.assign(city=zj.panel.frame["city"].map(chinese))
    frame = frame.rename(columns={"city": "城市", "year": "年份", "exports": "出口", "digital": "数字化"})
    frame.sample(frac=1, random_state=1).to_csv(tmp_path / "面板.csv", index=False, encoding="gbk")
    description = """
title = "浙江"
variable = "出口"
controls = ["数字化"]
controls_at = "end"
[panel]
file = "面板.csv"
region = "城市"
period = "年份"
encoding = "gbk"
[geometry]
file = "地图.shp"
id = "城市"
encoding = "gbk"
lon = "经度"
lat = "纬度"
[[weights]]
kind = "adjacency"
[[weights]]
kind = "inverse_distance"
main = true
[hot_spots]
weights = "adjacency"
[subsamples]
column = "片区"
"""
    path = tmp_path / "case.toml"
    path.write_text(description, encoding="utf-8")
    found = analysed(path)
    same(study, found)
    assert found.betas.table["controls"].unique().tolist() == ["none", "数字化"]
    hot = found.hot_spots.at(2020)
    theirs = study.hot_spots.at(2020)
    np.testing.assert_allclose(hot["z"].loc[[chinese[c] for c in theirs.index]], theirs["z"], atol=REFERENCE)
    path.write_text(description.replace('id = "城市"\nencoding = "gbk"', 'id = "城市"'), encoding="utf-8")
    with pytest.raises(VariableError, match=r"has no column '城市' for id.*garbled, say the encoding in \[geometry\]"):
        analysed(path)


def test_other_orders_other_files_and_numbers_as_labels(study, tmp_path):
    zj = sc.datasets.zhejiang()
    codes = zj.cities["code"].astype(int)
    frame = zj.panel.frame.assign(id=zj.panel.frame["city"].map(codes)).drop(columns=["city", "code"])
    frame.iloc[::-1].to_csv(tmp_path / "p.csv", index=False)
    shapes = zj.cities.assign(code=codes.astype(float)).sort_values("lat")
    shapes.to_file(tmp_path / "g.geojson", driver="GeoJSON", COORDINATE_PRECISION=15)
    case = replace(
        sc.study.zhejiang(),
        panel=sc.study.PanelFile(tmp_path / "p.csv", region="id", period="year"),
        geometry=sc.study.GeometryFile(tmp_path / "g.geojson", id="code", lon="lon", lat="lat"),
        published="",
    )
    found = sc.study.analyse(case, progress=False)
    same(study, found)
    assert set(found.panel.regions) == set(codes.astype(str))
    assert found.replication is None


def test_subsamples_by_lists_are_those_by_column(study, folder):
    lists = sc.datasets.zhejiang().published["subregions"]
    groups = "".join(f"\n{name} = {regions!r}" for name, regions in lists.items())
    path = edited(folder, ('column = "area"', ""), ("# [subsamples.groups]", f"[subsamples.groups]{groups}\n#"))
    found = analysed(path)
    assert {name: set(regions) for name, regions in found.samples.items()} == {
        name: set(regions) for name, regions in study.samples.items()
    }
    case = replace(sc.study.zhejiang(), subsamples=Subsamples(groups={"one": ("Nowhere",)}))
    with pytest.raises(OptionError, match="unknown region 'Nowhere'"):
        sc.study.analyse(case, progress=False)


def test_all_kinds_of_weights(tmp_path):
    zj = sc.datasets.zhejiang()
    sc.weights.write(sc.weights.adjacency(zj.cities, islands="nearest"), tmp_path / "w.gal")
    chosen = (
        WeightsChoice("rook", "adjacency", options={"rule": "rook", "islands": "nearest"}),
        WeightsChoice("three", "knn", options={"k": 3}),
        WeightsChoice("band", "distance_band", options={"threshold": 160}),
        WeightsChoice("kernel", "kernel", options={"k": 4}),
        WeightsChoice("alike", "economic", options={"variable": "digital", "metric": "ratio"}),
        WeightsChoice("both", "nested", main=True, options={"geographic": "rook", "economic": "alike"}),
        WeightsChoice("from file", "file", options={"file": tmp_path / "w.gal", "standardise": "row"}),
    )
    case = small(weights=chosen, hot_spots=sc.study.HotSpotChoice())
    found = sc.study.analyse(case, progress=False)
    assert list(found.summaries) == [w.name for w in chosen]
    assert found.hot_spots.provenance.weights == found.moran["both"].provenance.weights
    seats = sc.weights.knn(zj.cities, k=3)
    pd.testing.assert_frame_equal(found.moran["three"].table, sc.moran(zj.panel, "exports", seats, log=True).table)
    pd.testing.assert_frame_equal(found.moran["rook"].table, found.moran["from file"].table, atol=EXACT)
    assert "p_permutation" not in found.moran["both"].table
    with pytest.raises(OptionError, match="geographic of the weights 'both' must be one of 'rook'; got 'alike'"):
        replace(case, weights=(chosen[0], replace(chosen[5], options={"geographic": "alike", "economic": "rook"})))


# ---------------------------------------------------------------------- what is computed


def test_the_grid_holds_what_beta_finds(study):
    zj = sc.datasets.zhejiang()
    w = sc.weights.inverse_distance(zj.cities)
    area = zj.cities["area"]
    panels = {"province": zj.panel} | {
        name: zj.panel.subset(regions=area.index[area == name]) for name in ("northeast", "southwest")
    }
    assert len(study.betas.cells) == len(study.betas.fits) == 3 * 2 * 7
    assert study.betas.reasons == {}
    for cell, fit in study.betas.fits.items():
        own = sc.beta(
            panels[cell.sample],
            "exports",
            w,
            controls=cell.controls,
            controls_at="end",
            spatial="lag",
            effects=cell.effects,
            correction=cell.correction,
        )
        np.testing.assert_allclose(fit.params, own.params, atol=REFERENCE)
        assert fit.fit.correction == cell.correction
    table = study.betas.table
    for cell, (_, row) in zip(study.betas.cells, table.iterrows(), strict=True):
        fit = study.betas.fits[cell]
        found = row[["beta", "z_beta", "p_beta", "rho", "z_rho", "p_rho", "sigma2", "loglik"]].astype(float)
        terms = [of[name] for name in ("log_initial", "rho") for of in (fit.params, fit.tstats, fit.pvalues)]
        # No z of beta holds over few periods under effects of regions, and none is printed there.
        assert fit.z_withheld == (cell.effects in ("region", "two-way"))
        terms[1:3] = [np.nan, np.nan] if fit.z_withheld else terms[1:3]
        np.testing.assert_array_equal(found, [*terms, fit.sigma2, fit.loglik])
    row = table.query("sample == 'province' and controls == 'none' and effects == 'time'").set_index("approach")
    # Figures known before this was written: the direct approach finds a rho further from zero.
    assert row["rho"].round(2).to_dict() == {"direct": -1.10, "Lee-Yu": -0.93}
    row = table.query("sample == 'southwest' and controls == 'digital' and effects == 'time'").set_index("approach")
    assert row["rho"].round(2).to_dict() == {"direct": -0.40, "Lee-Yu": 0.33}
    assert study.betas.get("nobody", (), "time", "none") is None


def test_the_headline_is_the_model_of_the_case(study):
    fit = study.headline_fit()
    assert (fit.fit.spec.effects, fit.fit.correction, fit.fit.spec.x) == ("time", "none", ("log_initial", "digital"))
    assert study.headline_fit("southwest", conditional=False).fit.n_regions == 5
    case = small(model=sc.study.ModelChoice(effects="region"))
    assert sc.study.analyse(case, progress=False).headline_fit().fit.correction == "lee-yu"
    assert study.glance().loc[0, "beta"] == fit.beta


def test_a_model_that_cannot_be_estimated_leaves_its_reason():
    groups = {"two": ("Ningbo", "Hangzhou"), "three": ("Jinhua", "Quzhou", "Lishui")}
    case = small(subsamples=Subsamples(groups=groups), controls=("digital",))
    found = sc.study.analyse(case, progress=False)
    assert found.betas.reasons
    table = found.betas.table
    assert len(table) == 3 * 2 * 7
    assert list(table["sample"].unique()) == ["all regions", "two", "three"]
    lost = table[table["beta"].isna()]
    assert len(lost) == len(found.betas.reasons)
    assert lost["remark"].str.len().min() > 20
    assert table.loc[table["sample"] == "all regions", "beta"].notna().all()


def test_islands_in_the_main_weights_leave_lee_yu_out():
    weights = (WeightsChoice("adjacency", "adjacency"),)
    model = sc.study.ModelChoice(effects="time", correction="auto")
    case = small(weights=weights, model=model, hot_spots=sc.study.HotSpotChoice())
    found = sc.study.analyse(case, progress=False)
    cell = Cell("province", (), "time", "lee-yu")
    assert "row-standardised weights in which every region has a neighbour" in found.betas.reasons[cell]
    assert found.headline_fit().fit.correction == "none"


@pytest.mark.parametrize("spatial", ["none", "error", "sarar"])
def test_other_spatial_terms(spatial):
    table = sc.study.analyse(small(model=sc.study.ModelChoice(spatial=spatial)), progress=False).betas.table
    assert len(table) == 7
    assert table["lambda"].notna().any() == (spatial in ("error", "sarar"))
    assert table["rho"].notna().any() == (spatial == "sarar")


def test_the_panel_that_comes_with_the_package_is_that_of_the_case(study):
    zj = sc.datasets.zhejiang()
    np.testing.assert_array_equal(study.panel.values("exports"), zj.panel.values("exports"))
    assert list(study.geometry.index) == list(zj.cities.index)
    assert study.replication.counts.sum() == len(study.replication.figures)


def test_result_face(study):
    lines = plain_repr(study).splitlines()
    assert lines[0] == "Study of exports: 11 regions x 5 periods (2016 to 2020)"
    assert len(lines) <= 8
    assert study.tidy().equals(study.betas.table)
    assert study.to_dict()["provenance"]["seed"] == 2024
    assert "growth regressions: 42 of 42 estimated" in plain_repr(study)


# ---------------------------------------------------------------------- what is written


TABLES = {"weights", "growth", "descriptives", "moran", "geary", "hot_spots", "sigma", "sigma_tests", "beta_models"}
TABLES |= {"beta_absolute", "beta_conditional", "checks"}
FIGURES = {"map", "hot_spots", "sigma", "effects", "heatmap", "links_adjacency", "links_distance"}
FIGURES |= {f"moran_scatter_{w}_{t}" for w in ("adjacency", "distance") for t in (2016, 2020)}


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_case_of_ones_own_writes_everything(folder, tmp_path):
    study = sc.study.run(folder / "case.toml", tmp_path / "one", progress=False)
    written = contents(tmp_path / "one")
    listed = [path.relative_to(tmp_path / "one").as_posix() for path in study.files]
    assert sorted(listed) == sorted(written)
    assert {Path(n).stem for n in written if n.startswith("tables/")} == TABLES
    assert {Path(n).stem for n in written if n.startswith("figures/")} == FIGURES
    assert {Path(n).suffix for n in written if n.startswith("tables/")} == {".csv", ".md", ".tex"}
    assert {Path(n).suffix for n in written if n.startswith("figures/")} == {".png", ".svg"}
    assert {"report.md", "report.html"} <= set(written)
    assert min(len(data) for data in written.values()) > 100
    assert "Replication" not in written["report.md"].decode()
    csv = pd.read_csv(tmp_path / "one" / "tables" / "beta_models.csv")
    np.testing.assert_allclose(csv["beta"], study.betas.table["beta"], atol=EXACT)
    assert f"{len(listed)} files written" in plain_repr(study)


def test_a_folder_that_cannot_be_made(study, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(FileError, match="cannot make the folder"):
        sc.study.write(study, tmp_path / "file", progress=False)


def test_the_example_replaces_nothing(folder, tmp_path):
    with pytest.raises(FileError, match=r"case.toml is already in .* not replaced; name another folder"):
        sc.study.example(folder)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(FileError, match="cannot write the example"):
        sc.study.example(tmp_path / "file")


def test_names_of_files_are_plain():
    assert [slug(x) for x in ("inverse distance (2)", 2016, "a/b", "../..", "浙江")] == [
        *("inverse-distance-2", "2016", "a-b", "unnamed", "浙江")
    ]


def test_a_figure_that_fails_is_a_line_of_the_report(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    from spatialconv.study import _result

    def broken():
        raise ZeroDivisionError("nothing to divide by")

    drawn = {"sigma": ("Dispersion.", Figure), "map": ("A map.", broken), "effects": ("Effects.", Figure)}
    monkeypatch.setattr(_result, "check", partial(sc.check, draws=19))
    monkeypatch.setattr(_result.Study, "figures", lambda _: drawn)
    found = sc.study.run(small(), tmp_path, progress=False)
    assert {f.stem for f in found.files if f.parent.name == "figures"} == {"sigma", "effects"}
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "The figure 'map' could not be drawn: nothing to divide by" in text
    assert "What is missing" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_names_stand_on_maps_of_few_regions_unless_a_column_is_asked_for(study, monkeypatch):
    asked = []
    monkeypatch.setattr(sc.maps, "choropleth", lambda *_, labels, **__: asked.append(labels))
    rows = {"city": np.repeat(np.arange(41), 2), "year": np.tile([2016, 2020], 41), "exports": 1.0}
    many = replace(study, panel=sc.Panel(pd.DataFrame(rows), region="city", period="year"))
    for one, labels in ((study, True), (many, True), (many, "city_zh"), (many, False)):
        figures = replace(one, case=replace(one.case, maps=replace(one.case.maps, labels=labels))).figures()
        figures["map"][1]()
    assert asked == [True, None, "city_zh", False]


def test_maps_of_a_study_have_insets_outlines_and_a_width(folder, tmp_path):
    path = edited(
        folder,
        ('# inset = [["Zhoushan"]]', 'inset = [["Zhoushan"]]'),
        ('# outlines = "area"', 'outlines = "area"'),
        ('# width = "double"', "width = 150"),
    )
    study = sc.study.run(path, tmp_path / "out", progress=False, only=["map"])
    sheet = study.figures()["map"][1]()
    assert sheet.get_size_inches()[0] * 25.4 == pytest.approx(150)
    bars = [text.get_text() for text in sheet.findobj(Text) if text.get_text().endswith(" km")]
    assert bars == ["50 km", "50 km"]  # of the inset in either period; the foot has that of the maps


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '# inset = [["Zhoushan"]]',
            'inset = [["Zhoushan", "Nowhere"]]',
            r"inset names 1 of 2 regions that cities.shp does not have: 'Nowhere'",
        ),
        ('# inset = [["Zhoushan"]]', "inset = 3", r"maps.inset must be a list of boxes"),
        ('# outlines = "area"', 'outlines = "province"', r"no column 'province' for the outlines; it has"),
        ('# width = "double"', "width = 10", r"from 60 to 400; got 10"),
        ("# inset_only = true", "inset_only = true", r"name them by inset"),
    ],
)
def test_maps_that_name_what_is_not_there_are_refused_first(folder, old, new, said):
    with pytest.raises(SpatialConvError, match=said):
        sc.study.analyse(sc.study.load(edited(folder, (old, new))), progress=False)


def test_a_figure_asked_for_alone_is_not_lost_in_silence(tmp_path, monkeypatch):
    """There is no report then that could say so."""

    def broken(*args, **options):
        raise ValueError("no ink")

    monkeypatch.setattr("spatialconv.maps.choropleth", broken)
    with pytest.warns(SpatialConvWarning, match=r"the figure 'map' could not be drawn: no ink"):
        sc.study.run(small(), tmp_path / "out", progress=False, only=["map", "sigma"])
