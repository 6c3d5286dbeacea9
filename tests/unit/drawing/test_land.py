"""What stands beside the regions' colours: widths, insets, outlines of groups, scale bars and graticules, links."""

from __future__ import annotations

import io
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib.figure import Figure
from PIL import Image
from pyproj import CRS, Geod, Transformer
from shapely.geometry import Point, box

import spatialconv as sc
from spatialconv import _style as look
from spatialconv import maps
from spatialconv._drawing.ground import ground
from spatialconv._drawing.land.scale import BEARABLE, enlargement, graticule
from spatialconv.errors import AlignmentError, GeometryError, OptionError
from tests import drawing
from tests.unit.drawing.test_pages import sheets, world


@pytest.fixture(scope="module")
def zj():
    return sc.datasets.zhejiang()


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def far():
    """Ten squares of a mainland of 5 degrees, with two islands 30 degrees away, and the states they belong to."""
    cells = {f"m{k}": box(100 + k % 5, 30 + k // 5, 101 + k % 5, 31 + k // 5) for k in range(10)}
    cells |= {"far north": box(130, 60, 131, 60.5), "far south": box(102, 2, 102.2, 2.3)}
    geometry = gpd.GeoDataFrame({"state": ["a", "b"] * 6}, geometry=list(cells.values()), index=list(cells), crs=4326)
    rows = [(name, t, float(k + t)) for k, name in enumerate(cells) for t in (1, 2)]
    return sc.Panel(pd.DataFrame(rows, columns=["r", "t", "y"]), region="r", period="t"), geometry


DOORS = ("choropleth", "hot_spots", "clusters", "hot_spot_trends", "clubs", "links", "gravity_centre")


@pytest.fixture(scope="module")
def doors(us):
    """Every map of the 48 states, as a function of its options."""
    w = sc.weights.adjacency(us.states)
    recent = us.panel.subset(periods=range(1969, 2010))
    results = {
        "hot_spots": sc.hot_spots(us.panel, "income", w, period=2009),
        "clusters": sc.local_moran(us.panel, "income", w, period=2009),
        "hot_spot_trends": sc.hot_spot_trends(recent, "income", w),
        "clubs": sc.clubs(recent, "income", smooth=400),
        "links": w,
        "gravity_centre": sc.gravity_centre(us.panel, "income", us.states, seed=1),
    }

    def draw(name, **options):
        if name == "choropleth":
            return maps.choropleth(us.panel, "income", us.states, periods=2009, **options)
        return getattr(maps, name)(results[name], us.states, **options)

    return draw


def checked(figure):
    """The sheets of a figure, once nothing is off them and no words touch."""
    for sheet in sheets(figure):
        assert drawing.outside(sheet) == []
        assert drawing.overlaps(drawing.boxes(sheet), [t.get_text() for t in drawing.texts(sheet)]) == []
    return sheets(figure)


def frames(ax):
    """Frames of insets in the coordinates of the axes."""
    return [shapely.box(*p.get_bbox().extents) for p in ax.patches if p.get_label() == "inset"]


def shapes(ax, label):
    """What is drawn of a region, on the map and in insets."""
    return [
        shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in p.get_path().to_polygons()])
        for p in ax.patches
        if p.get_label() == label
    ]


class TestEveryDoor:
    @pytest.mark.parametrize("name", DOORS)
    @pytest.mark.parametrize(("width", "mm"), [("single", 90), ("double", 190), (66, 66)])
    def test_width_is_that_of_the_saved_file(self, doors, tmp_path, name, width, mm):
        figure = doors(name, width=width, title="Income of the states " * 3, source="Bureau of Economic Analysis")
        for sheet in checked(figure):
            assert min(t.get_fontsize() for t in drawing.texts(sheet)) >= 6
            assert sheet.size[1] <= look.HEIGHT + 0.1
            assert "Source: Bureau of Economic Analysis." in drawing.words(sheet).replace(" | ", " ")
        png, svg = maps.save(sheets(figure)[0], tmp_path / "map", dpi=254)
        with Image.open(png) as image:
            assert image.size[0] == mm * 10
        text = svg.read_text(encoding="utf-8")
        assert float(re.search(r'<svg[^>]* width="([\d.]+)pt"', text)[1]) == pytest.approx(mm / 25.4 * 72, abs=1e-3)
        assert "Source: Bureau of Economic Analysis" in text[: text.index("</title>")]

    @pytest.mark.parametrize("name", DOORS)
    def test_insets_and_outlines(self, doors, us, name):
        east = pd.Series(np.where(us.states.bounds.minx > -90, "east", "west"), index=us.states.index, name="half")
        figure = doors(name, inset=[(-80.5, 38, -69.5, 43.5), ["Florida", "Georgia"]], outlines=east, width="double")
        (sheet,) = checked(figure)
        (ax,) = drawing.maps_of(sheet)
        assert len(frames(ax)) == 2
        assert "half" in drawing.words(sheet)
        assert len([p for p in ax.patches if p.get_label() == "_outline"]) >= 2
        # Florida twice, Nevada once.
        assert [len(shapes(ax, state)) for state in ("Florida", "Nevada")] == [2, 1]

    def test_options_of_the_sheet_are_refused_with_axes(self, doors):
        with pytest.raises(OptionError, match="width is that of a new sheet"):
            doors("choropleth", width="single", ax=Figure().subplots())

    def test_source_stands_below_the_map_of_papers_too(self, doors):
        assert "Source: BEA." in drawing.words(doors("hot_spots", classes="paper", source="BEA"))


class TestInsets:
    def test_a_region_in_an_inset_stays_on_the_map(self, far):
        panel, geometry = far
        (ax,) = drawing.maps_of(*checked(maps.choropleth(panel, "y", geometry, periods=1, inset="far south")))
        (frame,) = frames(ax)
        drawn = shapes(ax, "far south")
        assert sorted(frame.contains(shape) for shape in drawn) == [False, True]
        # Larger in the inset: that is what it is for.
        assert max(s.area for s in drawn) > 50 * min(s.area for s in drawn)

    def test_frames_cover_no_land_and_not_each_other(self, far):
        panel, geometry = far
        figure = maps.choropleth(panel, "y", geometry, periods=1, inset=["far south", "far north", (99, 29, 102, 32)])
        (ax,) = drawing.maps_of(*checked(figure))
        found = frames(ax)
        assert len(found) == 3
        for i, frame in enumerate(found):
            assert not any(frame.intersects(other) for other in found[i + 1 :])
            for name in geometry.index:
                assert all(frame.contains(s.buffer(-1e-6)) or not frame.intersects(s) for s in shapes(ax, name))

    def test_left_out_of_the_map_where_asked(self, far):
        panel, geometry = far
        islands = ["far south", "far north"]
        whole, alone = (
            drawing.maps_of(*checked(maps.choropleth(panel, "y", geometry, periods=1, labels=True, **options)))[0]
            for options in ({}, {"inset": islands, "inset_only": True})
        )
        assert all(len(shapes(alone, name)) == 1 for name in geometry.index)
        # The mainland is several times as large.
        share = [max(s.area for s in shapes(ax, "m0")) / np.ptp(ax.get_xlim()) ** 2 for ax in (whole, alone)]
        assert share[1] > 4 * share[0]
        # Names stand with their regions.
        for text in drawing.names_on(alone):
            if text.get_text().replace("\n", " ") in islands:
                assert any(frame.contains(Point(text.get_position())) for frame in frames(alone))
        assert {t.get_text().replace("\n", " ") for t in drawing.names_on(alone)} >= set(islands)

    def test_colours_in_insets_are_those_of_the_map(self, far):
        panel, geometry = far
        figure = maps.choropleth(panel, "y", geometry, inset=[(99, 29, 106, 33)])
        for ax in drawing.maps_of(*checked(figure)):
            for name in geometry.index[:10]:
                assert len({p.get_facecolor() for p in ax.patches if p.get_label() == name}) == 1

    def test_scale_of_an_inset_is_true(self, far):
        panel, geometry = far
        (ax,) = drawing.maps_of(*checked(maps.choropleth(panel, "y", geometry, periods=1, inset="far north")))
        (bar,) = drawing.lines(ax, "_bar")
        (words,) = (t.get_text() for t in ax.texts if t.get_label() == "_bar")
        metres = float(words.removesuffix(" km")) * 1000
        (shape,) = (s for s in shapes(ax, "far north") if frames(ax)[0].contains(s))
        area, _ = Geod(ellps="WGS84").geometry_area_perimeter(geometry.geometry["far north"].segmentize(0.05))
        assert shape.area * (metres / np.ptp(bar[:, 0])) ** 2 == pytest.approx(abs(area), rel=2e-3)

    def test_a_box_in_the_unit_of_the_geometry(self, far):
        panel, geometry = far
        metres = geometry.to_crs(32648)
        (ax,) = drawing.maps_of(
            *checked(maps.choropleth(panel, "y", metres, periods=1, inset=tuple(metres.loc["m7"].geometry.bounds)))
        )
        assert len(shapes(ax, "m7")) == 2

    def test_where_there_is_no_room_the_sheet_grows(self):
        panel, geometry, _ = world(100, 2)
        plain, with_inset = (
            maps.choropleth(panel, "income", geometry, periods=1900, **options)
            for options in ({}, {"inset": ["r0", "r99"]})
        )
        checked(with_inset)
        assert with_inset.size[1] > plain.size[1] + 10
        assert len(frames(drawing.maps_of(with_inset)[0])) == 2

    def test_into_given_axes(self, far):
        panel, geometry = far
        ax = Figure(figsize=(6, 5)).subplots()
        maps.choropleth(panel, "y", geometry, periods=1, inset="far north", ax=ax)
        assert len(frames(ax)) == 1

    @pytest.mark.parametrize(
        ("inset", "message"),
        [
            ((5, 5, 1, 9), "minx < maxx"),
            ("Atlantis", "has no region 'Atlantis'"),
            ([["m0", "Atlantis"]], "has no region 'Atlantis'"),
            ((10, 10, 11, 11), "holds no land"),
            (7, "has no region 7"),
            ([[]], "names no region"),
        ],
    )
    def test_bad_insets_are_refused_in_words(self, far, inset, message):
        panel, geometry = far
        with pytest.raises(OptionError, match=message):
            maps.choropleth(panel, "y", geometry, inset=inset)

    def test_nothing_left_and_no_room(self, far):
        panel, geometry = far
        with pytest.raises(OptionError, match="nothing beside it"):
            maps.choropleth(panel, "y", geometry, inset=(-180, -90, 180, 90), inset_only=True)
        with pytest.raises(OptionError, match="12 insets find no place"):
            maps.choropleth(panel, "y", geometry, inset=list(geometry.index), width=60)


class TestOutlines:
    def test_are_the_union_of_each_group(self, us):
        half = us.states.bounds.minx > -95
        figure = maps.choropleth(us.panel, "income", us.states.assign(half=half), periods=2009, outlines="half")
        (ax,) = drawing.maps_of(*checked(figure))
        drawn = [p for p in ax.patches if p.get_label() == "_outline"]
        assert len(drawn) == 2
        assert all(not p.get_fill() for p in drawn)
        base = ground(us.states, us.panel.regions)
        whole = base.frame.geometry.groupby(half[base.frame.index].to_numpy()).apply(
            lambda s: shapely.union_all(s.to_numpy())
        )
        areas = []
        for patch in drawn:
            rings = [shapely.Polygon(ring) for ring in patch.get_path().to_polygons()]
            # Shells less holes, which turn the other way.
            areas.append(abs(sum(ring.area * (1 if ring.exterior.is_ccw else -1) for ring in rings)))
        assert sorted(areas) == pytest.approx(sorted(whole.area), rel=0.01)

    def test_slivers_are_not_outlines(self):
        cells = [box(0, 0, 1, 1), box(1.0005, 0, 2, 1), box(0, 1.0005, 1, 2), box(1.0005, 1.0005, 2, 2)]
        cells[0] = shapely.union(cells[0], box(0.9, 0.2, 1.001, 0.4))
        cells[0] = shapely.union(cells[0], box(0.9, 0.6, 1.001, 0.8))
        geometry = gpd.GeoDataFrame({"g": ["a"] * 4}, geometry=cells, index=list("abcd"), crs=32651)
        base = ground(geometry, geometry.index, outlines="g")
        assert sum(len(part.interiors) for part in base.borders.iloc[0].geoms) == 0

    def test_regions_without_a_group_are_outside(self, far):
        panel, geometry = far
        groups = {name: "main" if name.startswith("m") else None for name in geometry.index}
        (ax,) = drawing.maps_of(*checked(maps.choropleth(panel, "y", geometry, periods=1, outlines=groups)))
        assert len([p for p in ax.patches if p.get_label() == "_outline"]) == 1

    @pytest.mark.parametrize(
        ("outlines", "kind", "message"),
        [
            ("province", OptionError, "a column of the geometry .'state'"),
            ("geometry", OptionError, "a column of the geometry"),
            (7, OptionError, "a Series of groups by region; got an object of type int"),
            ({"m0": "a"}, AlignmentError, "no group for regions 11: 'm1'.* of the 12"),
            (pd.Series(1, index=["m0", "m0"]), AlignmentError, "more than once: 'm0'"),
        ],
    )
    def test_bad_outlines_are_refused_in_words(self, far, outlines, kind, message):
        panel, geometry = far
        with pytest.raises(kind, match=message):
            maps.choropleth(panel, "y", geometry, outlines=outlines)


class TestScale:
    def test_enlargement_is_that_of_lengths_on_the_ellipsoid(self):
        crs = CRS("+proj=laea +lat_0=50 +lon_0=10 +datum=WGS84 +units=m")
        there = Transformer.from_crs(4326, crs, always_xy=True)
        geod = Geod(ellps="WGS84")
        # Along and across the line from the centre, 0.01 degree each, at a point far from it.
        ratios = []
        for azimuth in (90, 180):
            lon, lat, _ = geod.fwd(10, 65, azimuth, 1000)
            x, y = there.transform([10, lon], [65, lat])
            ratios.append(np.hypot(np.diff(x), np.diff(y))[0] / 1000)
        spot = there.transform(10, 65)
        found = enlargement([Point(spot).buffer(1)], crs)
        assert found == pytest.approx(np.mean(ratios), rel=1e-4)
        assert max(ratios) - min(ratios) > 0.01

    def test_countries_bear_a_bar_and_continents_a_graticule(self, us):
        assert ground(us.states, us.panel.regions).enlargement == pytest.approx(1, abs=BEARABLE)
        wide = gpd.GeoDataFrame(geometry=[box(-100, -50, 100, 60)], index=["x"], crs=4326)
        assert ground(wide, wide.index).enlargement is None

    @pytest.fixture(scope="class")
    @staticmethod
    def globe():
        cells = {f"{x} {y}": box(x, y, x + 29, y + 24) for x in range(-180, 180, 30) for y in range(-50, 75, 25)}
        geometry = gpd.GeoDataFrame(geometry=list(cells.values()), index=list(cells), crs=4326).segmentize(1)
        rows = [(name, t, float(k)) for k, name in enumerate(cells) for t in range(4)]
        return sc.Panel(pd.DataFrame(rows, columns=["r", "t", "y"]), region="r", period="t"), geometry

    @pytest.mark.parametrize("periods", [1, 4])
    def test_the_world_has_a_graticule_and_no_bar(self, globe, periods):
        panel, geometry = globe
        geometry = gpd.GeoDataFrame(geometry=geometry) if isinstance(geometry, gpd.GeoSeries) else geometry
        (sheet,) = checked(maps.choropleth(panel, "y", geometry, periods=range(periods), labels=True))
        words = drawing.words(sheet)
        assert " km" not in words
        assert "| N |" not in words
        assert "0°" in words
        for ax in drawing.maps_of(sheet):
            labels = [t.get_text() for t in ax.texts if t.get_label() == "_degrees"]
            # Both edges of the world are the same meridian, and the equator has the number of Greenwich.
            inner = [label for label in labels if label not in ("180°", "0°")]
            assert len(inner) == len(set(inner)) >= 4

    def test_lines_lie_at_the_degrees_they_say(self, globe):
        _, geometry = globe
        base = ground(geometry, geometry.index)
        back = Transformer.from_crs(base.crs, 4326, always_xy=True)
        lines = graticule(base.frame.geometry, base.crs, base.bounds, (170.0, 80.0))
        assert len([line for line in lines if line.label]) > 10
        for line in lines:
            lon, lat = back.transform(*line.xy.T)
            said = line.label.removesuffix(" N").removesuffix(" E").removesuffix("°")
            fixed = (np.mod(lon + 1, 360) - 1) if line.meridian else lat
            assert np.ptp(fixed) < 1e-6
            if said.isdigit() and line.label[-1] in "NE":
                assert fixed[0] == pytest.approx(float(said), abs=1e-6)


class TestLinks:
    def ink(self, figure):
        """Share of the map's land that is darker than land."""
        page = io.BytesIO()
        (ax,) = drawing.maps_of(figure)
        figure.savefig(page, format="png", dpi=300)
        image = np.asarray(Image.open(page).convert("L")).astype(float)
        area = ax.get_window_extent().transformed(figure.dpi_scale_trans.inverted()).extents * 300
        part = image[image.shape[0] - int(area[3]) : image.shape[0] - int(area[1]), int(area[0]) : int(area[2])]
        return float((240 - part[part < 250]).clip(0).mean() / 240)

    @pytest.mark.parametrize("regions", [9, 100, 2916])
    def test_thousands_of_links_leave_the_land_to_be_seen(self, regions):
        _, geometry, w = world(regions, 1)
        (sheet,) = checked(maps.links(w, geometry))
        assert 0.01 < self.ink(sheet) < 0.45

    def test_a_blot_is_refused_with_what_to_do(self):
        _, geometry, _ = world(1600, 1)
        w = sc.weights.knn(geometry, k=200)
        with pytest.raises(OptionError, match=r"links would cover the land.*nearest neighbours"):
            maps.links(w, geometry)

    def test_in_an_inset_both_ends_are_there(self, us):
        w = sc.weights.adjacency(us.states)
        (ax,) = drawing.maps_of(maps.links(w, us.states, inset=[["Florida", "Georgia", "Alabama"]]))
        found = [c for c in ax.collections if c.get_label() == "links"]
        assert [len(c.get_segments()) for c in found] == [107, 3]


def test_geometry_errors_still_come_first(far):
    panel, geometry = far
    with pytest.raises(GeometryError, match="no CRS"):
        maps.choropleth(panel, "y", geometry.set_crs(None, allow_override=True), inset="m0")
