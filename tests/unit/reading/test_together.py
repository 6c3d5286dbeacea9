"""Panel, geometry and weights brought together: what is common, what was left out, and which rule would help."""

from __future__ import annotations

import unicodedata

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from libpysal.weights import W
from shapely.geometry import box

import spatialconv as sc
from spatialconv._labels.matching import hint, matches
from spatialconv._labels.rules import rule_of
from spatialconv.errors import (
    AlignmentError,
    DataError,
    DuplicateKeyError,
    GeometryError,
    OptionError,
    SpatialConvError,
    VariableError,
)
from tests.terminal import plain_repr

IDS = [f"r{k:02d}" for k in range(12)]


def squares(labels, crs=32651):
    places = [divmod(k, 4) for k in range(len(labels))]
    frame = gpd.GeoDataFrame(
        {"id": labels},
        geometry=[box(3e5 + 1e4 * j, 3e6 + 1e4 * i, 3e5 + 1e4 * (j + 1), 3e6 + 1e4 * (i + 1)) for i, j in places],
        crs=crs,
    )  # fmt: skip
    return frame


def panel(labels, periods=range(2000, 2006), seed=1):
    rng = np.random.default_rng(seed)
    rows = [(r, t, float(rng.lognormal(3, 0.5)), "NEW"[i % 3]) for i, r in enumerate(labels) for t in periods]
    return pd.DataFrame(rows, columns=["region", "year", "y", "area"])


def read(frame, **options):
    return sc.read(frame, region="region", period="year", **options)


def test_what_is_common_and_everything_that_is_not(tmp_path):
    """Sources that overlap in part: the list of what went is whole, and all that stayed is in one order."""
    frame = panel(IDS[:10])
    frame.to_csv(tmp_path / "p.csv", index=False)
    squares(IDS[2:]).to_file(tmp_path / "g.gpkg")
    w = sc.weights.adjacency(squares(IDS).set_index("id"))
    sc.weights.write(sc.weights.subset(w, [i for i in IDS if i != "r05"]), tmp_path / "w.csv")
    with pytest.raises(
        AlignmentError, match=r"regions of the panel not in g.gpkg: 2: 'r00', 'r01'; .*intersect = true"
    ):
        read(tmp_path / "p.csv", geometry=tmp_path / "g.gpkg", id="id")
    found = read(tmp_path / "p.csv", geometry=tmp_path / "g.gpkg", id="id", weights=tmp_path / "w.csv", intersect=True)
    kept = [i for i in IDS[2:10] if i != "r05"]
    assert list(found.panel.regions) == list(found.geometry.index) == list(found.weights["w"].unique_ids) == kept
    told = {(row.label, row.of, row.why) for row in found.left_out.itertuples()}
    assert told == {
        ("r00", "p.csv", "not in g.gpkg"),
        ("r01", "p.csv", "not in g.gpkg"),
        ("r05", "p.csv", "not in the weights 'w'"),
        ("r05", "g.gpkg", "not in all others"),
        ("r10", "g.gpkg", "not in the panel"),
        ("r11", "g.gpkg", "not in the panel"),
        ("r00", "the weights 'w'", "not in all others"),
        ("r01", "the weights 'w'", "not in all others"),
        ("r10", "the weights 'w'", "not in the panel"),
        ("r11", "the weights 'w'", "not in the panel"),
    }
    rows = found.weights["w"].sparse.sum(axis=1)
    np.testing.assert_allclose(rows, 1, rtol=1e-15)  # averages of those that are left
    assert "left out: 2 regions of p.csv, not in g.gpkg" in plain_repr(found)
    np.testing.assert_array_equal(found.panel.values("y"), read(frame).panel.values("y", regions=kept))
    assert sc.moran(found.panel, "y", found.weights["w"]).table.notna().all().all()


def test_weights_in_memory_of_every_kind_and_numbers_as_labels(tmp_path):
    frame = panel(list(range(100, 104)))
    graph = sc.weights.adjacency(squares(list(range(100, 104))).set_index("id"))
    old = W({100: [101], 101: [100, 102], 102: [101], 103: []}, silence_warnings=True)
    found = read(frame, weights={"new": graph, "old": old})
    assert list(found.weights["old"].unique_ids) == ["100", "101", "102", "103"]
    assert dict(found.weights["old"]["101"]) == {"100": 1.0, "102": 1.0}
    assert list(found.weights) == ["new", "old"]
    with pytest.raises(AlignmentError, match="no region of the panel is in all of"):
        read(frame.assign(region=frame["region"] + 1000), weights=graph, intersect=True)


def test_the_range_of_periods():
    found = read(panel(IDS[:4]), start=2001, end=2003)
    assert list(found.panel.periods) == [2001, 2002, 2003]
    assert found.left_out[["what", "label"]].to_numpy().tolist() == [
        ["period", 2000],
        ["period", 2004],
        ["period", 2005],
    ]
    dates = panel(IDS[:4]).assign(year=lambda d: [f"{t}-12-31" for t in d["year"]])
    assert list(read(dates, end=2002).panel.periods) == ["2000-12-31", "2001-12-31", "2002-12-31"]
    with pytest.raises(OptionError, match="start 2003 is after end 2001"):
        read(panel(IDS[:4]), start=2003, end=2001)
    with pytest.raises(OptionError, match="unknown period 1999"):
        read(panel(IDS[:4]), start=1999)


def test_gaps_are_left_out_and_every_one_named():
    frame = panel(IDS)
    frame.loc[frame["region"].isin(IDS[3:9]) & (frame["year"] == 2002), "y"] = np.nan
    found = read(frame, variables="y", drop="regions")
    assert found.left_out["label"].tolist() == IDS[3:9]
    assert read(frame, variables="y", drop="periods").left_out["label"].tolist() == [2002]
    assert read(frame, variables="y").panel.n_regions == 12


def test_dummies_of_a_text_column_are_those_of_a_formula():
    """State effects by dummies are those that C(area) gives, and their betas are pandas' own dummies'."""
    frame = panel(IDS).assign(x=lambda d: np.random.default_rng(2).normal(size=len(d)))
    found = read(frame, groups="area", labels={"y": "Income"})
    assert found.groups == {"area": ("area[N]", "area[W]")}
    theirs = pd.get_dummies(frame["area"], dtype=float)
    for name in ("N", "W"):
        np.testing.assert_array_equal(found.panel.frame[f"area[{name}]"], theirs[name])
    w = sc.weights.adjacency(squares(IDS).set_index("id"))
    one = sc.fit_panel(found.panel, "y", ["x", *found.groups["area"]], w, spatial="lag", effects="time")
    two = sc.fit_panel(found.panel, "y ~ x + C(area)", w=w, spatial="lag", effects="time")
    np.testing.assert_allclose(one.params.to_numpy(), two.params.to_numpy(), rtol=1e-8)
    b = sc.beta(found.panel, "y", w, controls=["x", *found.groups["area"]], spatial="lag", effects="time")
    assert {"area[N]", "area[W]"} <= set(b.params.index)
    assert found.panel.label("y") == "Income"
    with pytest.raises(VariableError, match="no column 'zone' for groups"):
        read(frame, groups="zone")
    with pytest.raises(DataError, match="one value only, 'N'"):
        read(frame.assign(area="N"), groups="area")
    with pytest.raises(DataError, match="'area' is missing for 'r02'"):
        read(frame.assign(area=frame["area"].where(frame["region"] != "r02")), groups="area")


def test_a_geometry_with_one_label_twice(tmp_path):
    twice = pd.concat([squares(IDS[:4]), squares(IDS[:1])])
    with pytest.raises(GeometryError, match="more than one row for the regions 'r00'"):
        read(panel(IDS[:4]), geometry=twice, id="id")
    more = pd.concat([squares(IDS[:5]), squares(IDS[4:5])])
    assert read(panel(IDS[:4]), geometry=more, id="id").geometry.index.tolist() == IDS[:4]
    with pytest.raises(OptionError, match="id, crs and layer are of a geometry"):
        read(panel(IDS[:4]), id="id")


# ---------------------------------------------------------------------- labels

NFD = unicodedata.normalize("NFD", "Zürich")
PAIRS = [
    ("digits:5", ["6001", "6003", "10001"], ["06001", "06003", "10001"], "zero-padded to 5 digits", 1),
    ("text", [6001, 6003], ["6001", "6003"], "taken as text", 0),
    ("decimals", ["6001.0", "10001.0"], ["6001", "10001"], "without .0 at the end", 0),
    ("blanks", ["a\u00a0b", "c ", "d"], ["a b", "c", "d"], "without blanks around", 1),
    ("unicode", [NFD, "ＡＢ", "x"], ["Zürich", "AB", "x"], "in one Unicode form", 1),
    ("case", ["ZÜRICH", "bern"], ["Zürich", "Bern"], "in lower case", 0),
    ("accents", ["Zurich", "Sao Tome"], ["Zürich", "São Tomé"], "without accents", 0),
    ("decimals+digits:5", ["6001.0", "10001.0"], ["06001", "10001"], "without .0 at the end, zero-padded", 0),
    ("blanks+case", ["BERN ", "x"], ["Bern", "x"], "blanks around and with single ones inside, in lower case", 1),
]


@pytest.mark.parametrize(("rule", "mine", "theirs", "words", "now"), PAIRS, ids=[p[0] for p in PAIRS])
def test_the_rule_that_would_help_is_named_and_helps(rule, mine, theirs, words, now):
    said = hint(mine, theirs)
    assert words in said
    assert f"would match {len(mine)} of {len(mine)} (as they stand: {now})" in said
    assert f"relabel = {rule!r}" in said
    apply = rule_of(rule)
    assert [apply(label) for label in mine] == [apply(label) for label in theirs]
    # And nothing was matched without being asked for, in any door.
    w = sc.weights.from_matrix(np.ones((len(theirs),) * 2) - np.eye(len(theirs)), regions=theirs)
    with pytest.raises(AlignmentError):
        sc.weights.align(w, mine)
    aligned = sc.weights.align(sc.relabel(w, rule), sc.relabel(mine, rule))
    assert len(aligned.regions) == len(mine)


def test_a_rule_that_makes_one_of_two_is_none():
    assert matches(["a", "A"], ["a", "b"], "case") == 0
    assert hint(["a", "A"], ["b", "B"]) == ""
    assert hint(["1", "01"], ["001", "002"]) == ""
    assert hint(["q"], ["z"]) == ""
    with pytest.raises(OptionError, match=r"would make one label of different regions: .*'a', 'A'"):
        sc.relabel(pd.Series([1, 2], index=["a", "A"]), "case")


def test_every_door_says_it(tmp_path):
    names = ["6001", "6003", "10001", "10003"]
    frame, shapes = panel(names), squares([name.zfill(5) for name in names])
    wanted = r"'zero-padded to 5 digits' would match 4 of 4 \(as they stand: 2\)"
    with pytest.raises(AlignmentError, match=wanted):
        read(frame, geometry=shapes, id="id")
    w = sc.weights.adjacency(shapes.set_index("id"))
    found = read(frame)
    with pytest.raises(AlignmentError, match=wanted):
        read(frame, weights=w)
    with pytest.raises(AlignmentError, match=wanted):
        sc.moran(found.panel, "y", w)
    with pytest.raises(AlignmentError, match=wanted):
        sc.maps.choropleth(found.panel, "y", shapes.set_index("id"))
    both = read(frame, geometry=shapes, id="id", weights=w, relabel="digits:5")
    assert list(both.panel.regions) == list(both.geometry.index) == [name.zfill(5) for name in names]
    assert any("labels of regions zero-padded to 5 digits: 2: '6001 as 06001'" in note for note in both.notes)
    only = read(frame, geometry=shapes, id="id", relabel={"panel": "digits:5"})
    assert list(only.panel.regions) == list(only.geometry.index)
    with pytest.raises(OptionError, match="relabel is one text, or texts by source"):
        read(frame, relabel={"map": "case"})


def test_labels_of_one_panel_that_only_look_alike():
    """Situation 9: 'r05 ' in one year is a region of its own, and the panel says so."""
    frame = panel(IDS)
    frame.loc[(frame["region"] == "r05") & (frame["year"] == 2002), "region"] = "r05 "
    bare = sc.Panel(frame, region="region", period="year")
    assert bare.n_regions == 13
    assert any("differ only in blanks" in note and "'r05' and 'r05 '" in note for note in bare.notes)
    mended = sc.relabel(bare, "blanks")
    assert mended.n_regions == 12
    assert mended.balanced
    assert not any("differ only" in note for note in mended.notes)
    assert any("united: ('r05', 'r05 ')" in note for note in mended.notes)
    np.testing.assert_array_equal(mended.values("y"), sc.Panel(panel(IDS), region="region", period="year").values("y"))
    frame.loc[frame["region"] == "r06", "region"] = "r05\u00a0"
    with pytest.raises(DuplicateKeyError):
        sc.relabel(sc.Panel(frame, region="region", period="year"), "blanks")


def test_relabel_keeps_the_kind_and_leaves_what_it_was_given():
    shapes = squares(["a ", "b"]).set_index("id")
    made = sc.relabel(shapes, "blanks")
    assert isinstance(made, gpd.GeoDataFrame)
    assert made.index.tolist() == ["a", "b"]
    assert shapes.index.tolist() == ["a ", "b"]
    assert sc.relabel(("A",), "case") == ("a",)
    assert sc.relabel(pd.Index(["A"], name="n"), "case").name == "n"
    for bad in ("zeros", "digits:99", "", 3):
        with pytest.raises(OptionError, match="a rule for labels is"):
            sc.relabel(["a"], bad)
    with pytest.raises(OptionError, match="relabel takes a Panel, a frame"):
        sc.relabel(3, "case")


def test_labels_of_variables_go_with_every_panel_made_from_it():
    one = read(panel(IDS), labels={"y": "Income"}).panel
    for made in (one.subset(regions=IDS[:3]), one.balance(), one.assign(z=1.0), sc.relabel(one, "case")):
        assert made.label("y") == "Income"
    assert one.labels == {"y": "Income"}
    with pytest.raises(VariableError, match="labels name 'z'"):
        read(panel(IDS), labels={"z": "Nothing"})
    with pytest.raises(OptionError, match="labels are text"):
        one.labelled({"y": 3})


def test_what_a_frame_cannot_be_told():
    with pytest.raises(OptionError, match="2: 'sep', 'encoding': these say how to read a file"):
        read(panel(IDS), sep=";", encoding="gbk")
    with pytest.raises(SpatialConvError):
        read(3)
    wide = panel(IDS).pivot(index="region", columns="year", values="y").reset_index()
    found = read(wide, wide=True, value="y")
    np.testing.assert_array_equal(found.panel.values("y"), read(panel(IDS)).panel.values("y"))
