"""Maps: colours equal the classes, legends explain them, names do not collide, projections are true."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import geopandas as gpd
import mapclassify
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib.figure import Figure
from pyproj import CRS, Geod, Proj, Transformer
from shapely.geometry import Point, Polygon, box

import spatialconv as sc
from spatialconv import _style as look
from spatialconv import maps
from spatialconv._drawing.ground import ground, suitable_crs
from spatialconv.dynamics._hot_spot_trends import CATEGORIES
from spatialconv.errors import AlignmentError, GeometryError, GeometryWarning, NotPositiveError, OptionError
from spatialconv.maps._hot_spot_trends import trend_look
from tests import drawing


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def w(zj):
    return sc.weights.adjacency(zj.cities)


@pytest.fixture(scope="module")
def hs(zj, w):
    return sc.hot_spots(zj.panel, "exports", w, period=[2016, 2020])


@pytest.fixture(scope="module")
def us_hs(us):
    return sc.hot_spots(us.panel, "income", sc.weights.adjacency(us.states), period=[1929, 2009])


@pytest.fixture(scope="module")
def fig1(zj):
    return maps.choropleth(zj.panel, "exports", zj.cities, periods=(2016, 2020), labels=True, legend="Exports")


def value(zj, region, period):
    return zj.panel.values("exports")[zj.panel.periods.get_loc(period), zj.panel.regions.get_loc(region)]


def bounds(words):
    ends = [float(end.replace(",", "").replace("\u2212", "-")) for end in words.split(" to ")]
    return ends[0], ends[-1]


class TestChoropleth:
    def test_two_maps_of_eleven_cities_and_a_legend(self, fig1):
        assert [len(drawing.fills(ax)) for ax in drawing.maps_of(fig1)] == [11, 11]
        assert len(drawing.legends_of(fig1)) == 1

    def test_every_colour_is_that_of_the_range_the_value_lies_in(self, zj, fig1):
        legend = drawing.legends_of(fig1)[0]
        colours, rows = drawing.swatches(legend), drawing.rows(legend)
        for ax, year in zip(drawing.maps_of(fig1), (2016, 2020), strict=True):
            for city, colour in drawing.fills(ax).items():
                low, high = bounds(next(rows[key][0] for key in rows if colours[key] == colour))
                # Printed to three digits.
                assert low * 0.995 <= value(zj, city, year) <= high * 1.005, (city, year)

    def test_breaks_are_those_of_mapclassify_on_both_years_together(self, zj, fig1):
        both = zj.panel.values("exports")[[0, 4]]
        expected = mapclassify.FisherJenks(both.ravel(), k=4).yb.reshape(both.shape)
        colours = look.ramp(None, 4)
        for ax, classes in zip(drawing.maps_of(fig1), expected, strict=True):
            assert drawing.fills(ax) == {city: colours[c] for city, c in zip(zj.panel.regions, classes, strict=True)}

    def test_counts_add_up(self, fig1):
        rows = drawing.rows(drawing.legends_of(fig1)[0])
        assert np.array([[int(n) for n in cells[1:]] for cells in rows.values()]).sum(axis=0).tolist() == [11, 11]

    def test_darker_is_more(self):
        from spatialconv._drawing.textures import luminance

        for k in range(2, 10):
            light = [luminance(colour) for colour in look.ramp(None, k)]
            assert all(a > b + 0.02 for a, b in itertools.pairwise(light)), k

    @pytest.mark.parametrize(
        ("scheme", "witness"), [("quantiles", mapclassify.Quantiles), ("equal-interval", mapclassify.EqualInterval)]
    )
    def test_other_schemes_agree_with_mapclassify(self, us, scheme, witness):
        figure = maps.choropleth(us.panel, "income", us.states, periods=2009, scheme=scheme, classes=5)
        expected = witness(us.panel.values("income")[-1], k=5).yb
        colours = look.ramp(None, 5)
        drawn = drawing.fills(drawing.maps_of(figure)[0])
        assert drawn == {state: colours[c] for state, c in zip(us.panel.regions, expected, strict=True)}

    def test_logarithms_find_other_breaks_and_keep_the_unit(self, zj):
        figure = maps.choropleth(zj.panel, "exports", zj.cities, periods=2016, log=True)
        expected = mapclassify.FisherJenks(zj.panel.values("exports", log=True)[0], k=4).yb
        colours = look.ramp(None, 4)
        drawn = drawing.fills(drawing.maps_of(figure)[0])
        assert drawn == {city: colours[c] for city, c in zip(zj.panel.regions, expected, strict=True)}
        assert drawing.rows(drawing.legends_of(figure)[0])["4"][0].endswith("187")
        assert "in logarithms" in drawing.words(figure)

    def test_equal_intervals_in_logarithms_are_printed_in_the_unit(self, zj):
        figure = maps.choropleth(zj.panel, "exports", zj.cities, periods=2020, log=True, scheme="equal-interval")
        rows = drawing.rows(drawing.legends_of(figure)[0])
        low, high = zj.panel.values("exports")[-1].min(), zj.panel.values("exports")[-1].max()
        cut = low * (high / low) ** 0.25
        assert bounds(rows["1"][0]) == (pytest.approx(low, rel=5e-3), pytest.approx(cut, rel=5e-3))

    def test_breaks_of_each_period_alone(self, zj):
        figure = maps.choropleth(zj.panel, "exports", zj.cities, periods=(2016, 2020), common=False)
        rows = drawing.rows(drawing.legends_of(figure)[0])
        assert rows["4"][0] == "class 4"
        for place, year in ((1, 0), (3, 4)):
            assert bounds(rows["4"][place])[1] == pytest.approx(zj.panel.values("exports")[year].max(), rel=5e-3)

    def test_ranges_that_would_look_alike_get_more_digits(self):
        from spatialconv._drawing.classes import class_ranges

        words = class_ranges([np.array([1.0001, 1.0002]), np.array([1.0003, 1.0004])], None)
        assert words == ["1.0001 to 1.0002", "1.0003 to 1.0004"]

    def test_fewer_values_than_classes(self, zj):
        panel = zj.panel.assign(exports=lambda d: (d.digital > 0.3).astype(float))
        figure = maps.choropleth(panel, "exports", zj.cities, periods=2020)
        assert set(drawing.swatches(drawing.legends_of(figure)[0])) == {"1", "2"}
        assert "2 classes for want of distinct values" in drawing.words(figure)

    def test_constant_variable_is_one_class(self, zj):
        figure = maps.choropleth(zj.panel.assign(one=5.0), "one", zj.cities, periods=2020)
        assert drawing.rows(drawing.legends_of(figure)[0])["1"] == ["5.00", "11"]

    def test_missing_cells_and_regions_outside_of_the_panel_are_hatched(self, zj):
        panel = zj.panel.assign(exports=lambda d: d.exports.mask((d.city == "Ningbo") & (d.year == 2016)))
        panel = panel.subset(regions=[r for r in panel.regions if r != "Lishui"])
        figure = maps.choropleth(panel, "exports", zj.cities, periods=(2016, 2020))
        first, last = drawing.maps_of(figure)
        assert set(drawing.hatches(first)) == {"Ningbo", "Lishui"}
        assert set(drawing.hatches(last)) == {"Lishui"}
        assert drawing.rows(drawing.legends_of(figure)[0])["no data"] == ["no data", "1", "0"]

    def test_order_of_the_geometry_changes_nothing(self, zj, fig1):
        figure = maps.choropleth(zj.panel, "exports", zj.cities.iloc[::-1], periods=(2016, 2020), labels=True)
        for one, two in zip(drawing.maps_of(fig1), drawing.maps_of(figure), strict=True):
            assert drawing.fills(one) == drawing.fills(two)

    def test_palette_of_the_caller(self, zj):
        mine = ["#ffffcc", "#a1dab4", "#41b6c4", "#225ea8"]
        figure = maps.choropleth(zj.panel, "exports", zj.cities, periods=2020, palette=mine)
        assert list(drawing.swatches(drawing.legends_of(figure)[0]).values()) == mine[::-1]


class TestHotSpots:
    def test_colours_equal_the_table(self, hs, zj):
        # The map of the paper, by its own name since confidence classes are the default.
        figure = maps.hot_spots(hs, zj.cities, classes="paper", labels=True)
        axes = drawing.maps_of(figure)
        assert len(axes) == 4
        jenks = dict(zip((1, 2, 3, 4), look.diverging(4), strict=True))
        for i, year in enumerate((2016, 2020)):
            table = hs.at(year)
            assert drawing.fills(axes[2 * i]) == {c: jenks[int(k)] for c, k in table["jenks"].items()}
            assert drawing.fills(axes[2 * i + 1]) == {
                c: look.CONFIDENCE[int(k)] for c, k in table["confidence"].items()
            }

    def test_hot_is_red_and_cold_is_blue(self):
        from matplotlib.colors import to_rgb

        for k in range(2, 10):
            colours = [to_rgb(c) for c in look.diverging(k)]
            assert len(set(colours)) == k
            assert colours[0][2] > colours[0][0], k
            assert colours[-1][0] > colours[-1][2], k
        assert all(to_rgb(look.CONFIDENCE[c])[0] > to_rgb(look.CONFIDENCE[c])[2] for c in (1, 2, 3))
        assert all(to_rgb(look.CONFIDENCE[c])[2] > to_rgb(look.CONFIDENCE[c])[0] for c in (-1, -2, -3))

    def test_surer_is_darker(self):
        from spatialconv._drawing.textures import luminance

        for side in ((0, 1, 2, 3), (0, -1, -2, -3)):
            light = [luminance(look.CONFIDENCE[c]) for c in side]
            assert light == sorted(light, reverse=True)

    def test_legend_has_all_seven_classes_even_where_one_only_is_there(self, hs, zj):
        figure = maps.hot_spots(hs, zj.cities, classes="confidence")
        legend = drawing.legends_of(figure)[0]
        assert drawing.swatches(legend) == {str(c): look.CONFIDENCE[c] for c in (3, 2, 1, 0, -1, -2, -3)}
        assert drawing.rows(legend)["0"] == ["not significant", "11", "11"]
        assert "No region is significant at 90 % in 2016 and 2020." in drawing.words(figure)

    def test_absent_classes_shift_no_colour(self, us, us_hs):
        table = us_hs.at(2009)
        assert -3 not in set(table["confidence"]), "the case must lack a class"
        figure = maps.hot_spots(us_hs, us.states, period=2009, classes="confidence")
        drawn = drawing.fills(drawing.maps_of(figure)[0])
        assert drawn == {s: look.CONFIDENCE[int(c)] for s, c in table["confidence"].items()}
        assert len(set(drawn.values())) > 3
        assert "No region" not in drawing.words(figure)

    def test_counts_and_ranges_of_z_are_those_of_the_table(self, us, us_hs):
        figure = maps.hot_spots(us_hs, us.states, period=1929, classes="paper")
        jenks, confidence = (drawing.rows(legend) for legend in drawing.legends_of(figure))
        table = us_hs.at(1929)
        for k in (1, 2, 3, 4):
            z = table["z"][table["jenks"] == k]
            _, spread, count = jenks[str(k)]
            assert bounds(spread) == (pytest.approx(z.min(), abs=0.005), pytest.approx(z.max(), abs=0.005))
            assert int(count) == len(z)
        for c in range(-3, 4):
            assert int(confidence[str(c)][1]) == (table["confidence"] == c).sum()
        assert jenks["4"][0] == "hot"
        assert jenks["1"][0] == "cold"

    def test_cold_is_hatched_where_it_is_significant_on_the_sheet_of_the_paper_too(self, us, us_hs):
        figure = maps.hot_spots(us_hs, us.states, period=1929, classes="paper")
        breaks, confidence = drawing.maps_of(figure)
        kinds = {c for c in us_hs.at(1929)["confidence"] if c < 0}
        assert drawing.textures(breaks) == 0  # as it was printed
        assert drawing.textures(confidence) == len(kinds) > 1
        assert [drawing.textures(legend) for legend in drawing.legends_of(figure)] == [0, 3]

    def test_false_discovery_control_uses_its_own_column(self, us, us_hs):
        table = us_hs.at(1929)
        assert (table["confidence"] != table["confidence_fdr"]).any()
        figure = maps.hot_spots(us_hs, us.states, period=1929, classes="confidence", fdr=True)
        drawn = drawing.fills(drawing.maps_of(figure)[0])
        assert drawn == {s: look.CONFIDENCE[int(c)] for s, c in table["confidence_fdr"].items()}

    def test_islands_under_gi_are_hatched_and_named(self, zj, w):
        hs = sc.hot_spots(zj.panel, "exports", w, star=False, period=2020)
        for classes, words in (("both", "Gi, ranks of z"), ("paper", "Gi, classes of z")):
            figure = maps.hot_spots(hs, zj.cities, classes=classes)
            assert len(drawing.maps_of(figure)) == 2
            for ax in drawing.maps_of(figure):
                assert drawing.hatches(ax) == {"Zhoushan": look.ISLAND_HATCH}
            for legend in drawing.legends_of(figure):
                assert drawing.rows(legend)["no neighbours"] == ["no neighbours (Zhoushan)", "1"]
            assert words in drawing.words(figure)
        upside_down = maps.hot_spots(hs, zj.cities.iloc[::-1], classes="ranks")
        assert "no neighbours (Zhoushan)" in drawing.words(upside_down)

    def test_default_is_what_is_significant_in_the_first_and_the_last_period(self, us):
        hs = sc.hot_spots(us.panel, "income", sc.weights.adjacency(us.states))
        figure = maps.hot_spots(hs, us.states)
        assert [t.get_text() for t in figure.texts[:2]] == ["1929", "2009"]
        for ax, year in zip(drawing.maps_of(figure), (1929, 2009), strict=True):
            assert drawing.fills(ax) == {s: look.CONFIDENCE[int(c)] for s, c in hs.at(year)["confidence"].items()}

    def test_ranks_have_breaks_common_to_the_periods_in_other_words_and_colours(self, us, us_hs):
        figure = maps.hot_spots(us_hs, us.states, classes="ranks")
        z = np.array([us_hs.at(year)["z"] for year in (1929, 2009)])
        expected = mapclassify.FisherJenks(z.ravel(), k=4).yb.reshape(z.shape)
        colours = look.ranks(4)
        assert not set(colours) & {*look.CONFIDENCE.values(), *look.diverging(4), *look.ramp(None, 4)}
        for ax, classes in zip(drawing.maps_of(figure), expected, strict=True):
            assert drawing.fills(ax) == {s: colours[c] for s, c in zip(us.panel.regions, classes, strict=True)}
        rows = drawing.rows(drawing.legends_of(figure)[0])
        for k, word in ((1, "lowest"), (2, "low"), (3, "high"), (4, "highest")):
            label, *counts = rows[str(k)]
            assert label.startswith(f"{word}, z ")
            assert bounds(label.split(" z ")[1]) == (
                pytest.approx(z[expected == k - 1].min(), abs=0.005),
                pytest.approx(z[expected == k - 1].max(), abs=0.005),
            )
            assert [int(n) for n in counts] == (expected == k - 1).sum(axis=1).tolist()
        assert "hot" not in drawing.words(figure).lower().replace("hot spots", "")
        assert "they test nothing" in figure.caption

    def test_breaks_of_one_period_would_be_others(self, us, us_hs):
        # Or the test above would hold of breaks that are not common, too.
        alone = us_hs.at(2009)["jenks"].to_numpy()
        z = np.array([us_hs.at(year)["z"] for year in (1929, 2009)])
        assert (mapclassify.FisherJenks(z.ravel(), k=4).yb.reshape(z.shape)[1] + 1 != alone).any()

    def test_what_was_tested_is_said(self, us, us_hs):
        plain, controlled = (maps.hot_spots(us_hs, us.states, fdr=fdr) for fdr in (False, True))
        for figure in (plain, controlled):
            for words in ("income", "1929 and 2009", "n = 48", "two-sided", "0.10, 0.05, 0.01", "queen contiguity"):
                assert words in figure.caption, words
            assert figure.caption.split()[-1] in drawing.words(figure), "the caption is printed"
        assert "not corrected" in plain.caption
        assert "false-discovery rate" not in plain.caption
        assert "false-discovery rate" in controlled.caption
        assert "not corrected" not in controlled.caption
        assert "false-discovery control" in drawing.words(controlled)
        w = sc.weights.adjacency(us.states)
        drawn = sc.hot_spots(us.panel, "income", w, period=2009, fdr=True, permutations=99, seed=1)
        caption = maps.hot_spots(drawn, us.states, source="BEA").caption
        assert "99 conditional permutations" in caption
        assert "false-discovery rate" in caption, "a result under control is mapped so without being asked"
        assert caption.endswith("Source: BEA.")

    def test_svg_says_its_caption(self, us, us_hs, tmp_path):
        figure = maps.hot_spots(us_hs, us.states)
        (file,) = maps.save(figure, tmp_path / "map.svg")
        (title,) = ET.parse(file).getroot().findall("{http://www.w3.org/2000/svg}title")
        assert title.text == figure.caption


class TestClusters:
    def test_colours_follow_quadrant_and_p(self, us):
        local = sc.autocorrelation.local_moran(us.panel, "income", sc.weights.adjacency(us.states), period=[1929, 2009])
        figure = maps.clusters(local, us.states, level=0.1)
        for ax, year in zip(drawing.maps_of(figure), (1929, 2009), strict=True):
            drawn = drawing.fills(ax)
            for state, row in local.at(year).iterrows():
                expected = look.QUADRANTS[row["quadrant"]] if row["p"] <= 0.1 else look.NEUTRAL
                assert drawn[state] == expected, (state, year)
        assert {"HH", "HL", "LH", "LL", "not significant"} <= set(drawing.swatches(drawing.legends_of(figure)[0]))

    def test_false_discovery_control(self, us):
        local = sc.autocorrelation.local_moran(us.panel, "income", sc.weights.adjacency(us.states), period=1929)
        figure = maps.clusters(local, us.states, fdr=True)
        coloured = {s for s, c in drawing.fills(drawing.maps_of(figure)[0]).items() if c != look.NEUTRAL}
        assert coloured == set(local.table.index[local.table["q"] <= 0.05])
        assert "q (false-discovery control)" in drawing.words(figure)

    def test_islands_and_nothing_significant(self, zj, w):
        local = sc.autocorrelation.local_moran(zj.panel, "exports", w, period=2020)
        figure = maps.clusters(local, zj.cities, level=0.001)
        assert set(drawing.hatches(drawing.maps_of(figure)[0])) == {"Zhoushan"}
        assert "No region is significant at that level." in drawing.words(figure)

    def test_two_variables_have_quadrants_of_both(self, us):
        both = us.panel.assign(rank=lambda f: f.groupby("year")["income"].rank())
        w = sc.weights.adjacency(us.states)
        for local in (
            sc.local_bivariate_moran(both, "income", "rank", w, period=1929, seed=1),
            sc.local_lee(both, "income", "rank", w, period=1929, seed=1, star=True),
        ):
            figure = maps.clusters(local, us.states)
            drawn = drawing.fills(drawing.maps_of(figure)[0])
            for state, row in local.table.iterrows():
                assert drawn[state] == (look.QUADRANTS[row["quadrant"]] if row["p"] <= 0.05 else look.NEUTRAL), state
            assert len({*drawn.values()} - {look.NEUTRAL}) >= 2
            assert "income high, rank low (HL)" in drawing.words(figure)
            assert f"{local.name} of income and rank" in figure.caption

    def test_local_geary_colours_what_is_alike_and_what_is_not(self, us):
        local = sc.local_geary(us.panel, "income", sc.weights.adjacency(us.states), period=1929, seed=1)
        figure = maps.clusters(local, us.states, level=0.2)
        drawn = drawing.fills(drawing.maps_of(figure)[0])
        colours = {"HH": look.QUADRANTS["HH"], "LL": look.QUADRANTS["LL"], "unlike": look.ODD}
        for state, row in local.table.iterrows():
            if row["kind"] != "alike":
                assert drawn[state] == (colours[row["kind"]] if row["p"] <= 0.2 else look.NEUTRAL), state
        assert {colours["HH"], colours["LL"], look.ODD} <= set(drawn.values())
        assert "unlike its neighbours" in drawing.words(figure)


class TestHotSpotTrends:
    def test_colours_are_the_categories_and_the_legend_counts_them(self, us):
        trends = sc.hot_spot_trends(us.panel, "income", sc.weights.adjacency(us.states))
        figure = maps.hot_spot_trends(trends, us.states)
        ax, legend = drawing.maps_of(figure)[0], drawing.legends_of(figure)[0]
        keys, shown = drawing.swatches(legend), drawing.fills(ax)
        assert set(keys) == set(trends.counts.index[trends.counts > 0])
        for region, category in trends.table["category"].items():
            assert shown[str(region)] == keys[category], region
        assert {row[0]: int(row[-1]) for row in drawing.rows(legend).values()} == trends.counts[
            trends.counts > 0
        ].to_dict()

    def test_every_category_can_be_told_from_the_others(self):
        looks = [trend_look(category) for category in CATEGORIES]
        assert len(set(looks)) == len(CATEGORIES)

    def test_no_pattern_and_no_neighbour_are_said(self, zj, w):
        trends = sc.hot_spot_trends(zj.panel, "exports", w, star=False, level=0.01)
        words = drawing.words(maps.hot_spot_trends(trends, zj.cities))
        assert "No region is a hot or cold spot in the last period" in words
        assert "no neighbours (Zhoushan)" in words or "Zhoushan" in words
        with pytest.raises(OptionError, match=r"maps\.hot_spot_trends takes the result of sc\.hot_spot_trends"):
            maps.hot_spot_trends(None, zj.cities)


class TestLinks:
    def test_one_line_a_pair_as_wide_as_its_weight(self, zj, w):
        figure = maps.links(w, zj.cities)
        (collection,) = (c for c in drawing.maps_of(figure)[0].collections if c.get_label() == "links")
        matrix = sc.weights.align(w, zj.cities.index).matrix.toarray()
        both = np.triu((matrix + matrix.T) / 2)
        assert len(collection.get_segments()) == (both > 0).sum() == 19
        widths = np.asarray(collection.get_linewidths())
        expected = np.sort(both[both > 0])
        np.testing.assert_allclose(np.diff(widths) > 1e-9, np.diff(expected) > 1e-9)

    def test_lines_meet_at_the_seats(self, zj, w):
        figure = maps.links(w, zj.cities)
        ax = drawing.maps_of(figure)[0]
        (nodes,) = drawing.lines(ax, "seats")
        crs = suitable_crs(zj.cities)
        seats = gpd.GeoSeries(gpd.points_from_xy(zj.cities.lon, zj.cities.lat), crs=4326).to_crs(crs)
        np.testing.assert_allclose(nodes, np.column_stack([seats.x, seats.y]), atol=0.01)
        (ring,) = drawing.lines(ax, "no neighbours")
        np.testing.assert_allclose(ring, nodes[[list(zj.cities.index).index("Zhoushan")]])
        (collection,) = (c for c in ax.collections if c.get_label() == "links")
        ends = {tuple(np.round(end)) for segment in collection.get_segments() for end in segment}
        assert ends <= {tuple(np.round(node)) for node in nodes}

    def test_order_of_the_geometry_changes_no_link(self, zj, w):
        def drawn(cities):
            (found,) = (c for c in drawing.maps_of(maps.links(w, cities))[0].collections if c.get_label() == "links")
            return {
                (tuple(sorted(tuple(np.round(end)) for end in segment)), round(width, 6))
                for segment, width in zip(found.get_segments(), found.get_linewidths(), strict=True)
            }

        assert drawn(zj.cities.iloc[::-1]) == drawn(zj.cities)

    def test_points_of_the_caller_in_a_plane(self, zj, w):
        plane = zj.cities.to_crs(32651)
        points = plane.geometry.representative_point()
        figure = maps.links(w, plane, points=points)
        (nodes,) = drawing.lines(drawing.maps_of(figure)[0], "seats")
        np.testing.assert_allclose(nodes, np.column_stack([points.x, points.y]), atol=0.01)

    def test_equal_weights_have_one_row(self, zj):
        figure = maps.links(sc.weights.adjacency(zj.cities, standardise="none"), zj.cities)
        assert "pair of neighbours" in drawing.words(figure)


class TestProjection:
    def test_region_goes_to_utm_and_country_to_equal_area(self, zj, us):
        assert suitable_crs(zj.cities).to_epsg() == 32651
        crs = suitable_crs(us.states)
        assert crs.coordinate_operation.method_name == "Albers Equal Area"
        flat = us.states.to_crs(crs).area
        true = us.states.geometry.map(lambda g: abs(Geod(ellps="WGS84").geometry_area_perimeter(g)[0]))
        np.testing.assert_allclose(flat, true, rtol=2e-3)

    def test_south_tall_world_and_date_line(self):
        def frame(*boxes):
            return gpd.GeoDataFrame(geometry=[box(*b) for b in boxes], crs=4326)

        assert suitable_crs(frame((147, -43, 148, -42))).to_epsg() == 32755
        assert "Lambert" in suitable_crs(frame((-75, -55, -68, -18))).coordinate_operation.method_name
        assert "Equal Earth" in suitable_crs(frame((-170, -50, 0, 0), (0, 0, 170, 70))).to_wkt()
        # Both sides of the date line: the two zones that meet there, not one in Africa.
        assert suitable_crs(frame((177, -19, 180, -16), (-180, -19, -178, -16))).to_epsg() in (32701, 32760)

    def test_projected_crs_is_kept_but_not_web_mercator(self, zj):
        assert ground(zj.cities.to_crs(32650), zj.panel.regions).crs.to_epsg() == 32650
        assert ground(zj.cities.to_crs(3857), zj.panel.regions).crs.to_epsg() == 32651
        assert ground(zj.cities, zj.panel.regions, projected="EPSG:32650").crs.to_epsg() == 32650

    def test_north_agrees_with_proj(self, us):
        base = ground(us.states, us.panel.regions, projected="EPSG:5070")
        left, bottom, right, top = base.bounds
        lon, lat = Proj(base.crs)((left + right) / 2, (bottom + top) / 2, inverse=True)
        expected = Proj(base.crs).get_factors(lon, lat).meridian_convergence
        # PROJ's convergence is that of grid north from true north: on the map north lies that much to the left.
        assert abs(base.north()) == pytest.approx(abs(expected), abs=1e-3)
        east = gpd.GeoDataFrame(geometry=[box(-72, 42, -71, 43)], index=["x"], crs=4326)
        west = gpd.GeoDataFrame(geometry=[box(-122, 42, -121, 43)], index=["x"], crs=4326)
        # East of the central meridian of a conic, meridians lean to the left.
        assert ground(east, pd.Index(["x"]), projected="EPSG:5070").north() > 10
        assert ground(west, pd.Index(["x"]), projected="EPSG:5070").north() < -10

    def test_scale_bar_is_true(self, fig1):
        from matplotlib_scalebar.scalebar import ScaleBar

        ax = drawing.maps_of(fig1)[0]
        across = ax.get_window_extent().width / fig1.dpi * 25.4
        metres_per_mm = np.diff(ax.get_xlim())[0] / across
        bars = [a for legend in drawing.legends_of(fig1) for c in legend.child_axes for a in c.artists]
        (bar,) = (a for a in bars if isinstance(a, ScaleBar))
        # On the ellipsoid, across the middle of the map: the plane of UTM is enlarged there.
        middle, high = np.mean(ax.get_xlim()), np.mean(ax.get_ylim())
        lon, lat = Transformer.from_crs(32651, 4326, always_xy=True).transform([middle - 5e4, middle + 5e4], [high] * 2)
        _, _, metres = CRS.from_epsg(4326).get_geod().inv(lon[0], lat[0], lon[1], lat[1])
        assert bar.dx == pytest.approx(metres_per_mm * metres / 1e5, rel=2e-3)
        holder = bar.axes
        drawn = holder.get_window_extent().width / fig1.dpi * 25.4
        assert drawn == pytest.approx(abs(np.diff(holder.get_xlim())[0])), "one unit must be one mm on paper"
        assert (bar.fixed_value, bar.fixed_units) == (100, "km")

    def test_feet_are_feet(self, us):
        new_york = us.states.loc[["New York"]].to_crs(2263)
        base = ground(new_york, pd.Index(["New York"]))
        assert base.metres == pytest.approx(0.3048, rel=1e-4)

    def test_holes_stay_open(self):
        from spatialconv._drawing.land.panel import outline

        ring = Polygon(box(0, 0, 10, 10).exterior, [box(4, 4, 6, 6).exterior])
        path = outline(ring)
        assert path.contains_point((2, 2))
        areas = [shapely.area(shapely.polygons(part)) for part in path.to_polygons()]
        turns = [shapely.is_ccw(shapely.linearrings(part)) for part in path.to_polygons()]
        assert sorted(areas) == [4, 100]
        assert turns[0] != turns[1], "a hole runs against its shell"


@pytest.fixture(scope="module")
def figures(zj, us, w, hs, us_hs, fig1):
    return {
        "fig1": fig1,
        "hot spots": maps.hot_spots(hs, zj.cities, classes="both", labels=True, title="Hot spots of exports"),
        "states": maps.choropleth(us.panel, "income", us.states, labels=True, common=False, classes=5),
        "state hot spots": maps.hot_spots(us_hs, us.states, labels=True),
        "links": maps.links(w, zj.cities, labels=True),
        "many": maps.choropleth(zj.panel, "exports", zj.cities, periods=zj.panel.periods, title="Long title " * 20),
    }


class TestLayout:
    @pytest.mark.parametrize("name", ["fig1", "hot spots", "states", "state hot spots", "links", "many"])
    def test_no_words_collide_or_leave_the_sheet(self, figures, name):
        figure = figures[name]
        assert drawing.outside(figure) == []
        assert drawing.overlaps(drawing.boxes(figure), [t.get_text() for t in drawing.texts(figure)]) == []

    @pytest.mark.parametrize("name", ["fig1", "hot spots", "states", "state hot spots", "links", "many"])
    def test_sizes_are_those_of_a_journal(self, figures, name):
        width, height = figures[name].get_size_inches() * 25.4
        assert width == pytest.approx(90) or width == pytest.approx(180)
        assert height <= 240
        sizes = {t.get_fontsize() for t in drawing.texts(figures[name])}
        assert min(sizes) >= 7
        assert max(sizes) <= 9

    def test_all_cities_are_named_on_their_own_ground_or_by_a_line(self, figures, zj):
        ax = drawing.maps_of(figures["fig1"])[0]
        places = zj.cities.to_crs(32651).geometry
        names = drawing.names_on(ax)
        assert {t.get_text() for t in names} == set(zj.panel.regions)
        led = drawing.lines(ax, "_leader")
        for text in names:
            there = places[text.get_text()].contains(Point(text.get_position()))
            by_line = any(places[text.get_text()].distance(Point(line[1])) < 1 for line in led)
            assert there or by_line, text.get_text()

    def test_names_left_out_are_counted(self, figures):
        ax = drawing.maps_of(figures["states"])[0]
        shown = len(drawing.names_on(ax))
        assert f"{48 - shown} names left out for want of room" in drawing.words(figures["states"])
        assert shown > 25

    def test_leaders_end_in_their_region_and_cross_nothing(self, figures, us):
        ax = drawing.maps_of(figures["states"])[0]
        led = drawing.lines(ax, "_leader")
        assert len(led) >= 3
        segments = [shapely.LineString(line) for line in led]
        for i, one in enumerate(segments):
            assert not any(one.crosses(two) for two in segments[i + 1 :])
        ground_ = us.states.to_crs(suitable_crs(us.states))
        for line in led:
            assert ground_.contains(Point(line[1])).sum() == 1

    def test_into_given_axes(self, zj, hs):
        figure = Figure(figsize=(7, 5))
        ax = figure.subplots(1, 2)[1]
        drawn = maps.hot_spots(hs, zj.cities, period=2020, classes="ranks", labels=True, ax=ax)
        assert drawn is ax
        assert len(drawing.fills(ax)) == 11
        inside = ax.get_window_extent()
        names = [t for t in drawing.texts(figure) if t.axes is not None and t.axes is not figure.axes[0]]
        for text, found in zip(names, drawing.boxes(figure, names), strict=True):
            assert found.x1 <= inside.x1 / figure.dpi * 25.4 + 0.1, text.get_text()
        assert drawing.overlaps(drawing.boxes(figure, names), [t.get_text() for t in names]) == []


class TestManners:
    def test_inputs_are_not_modified(self, zj, w, hs):
        def state():
            return (
                tuple(zj.cities.to_wkb().geometry),
                tuple(zj.cities.columns),
                zj.cities.crs,
                zj.panel.frame.to_csv(),
                hs.table.to_csv(),
                w.adjacency.to_csv(),
            )

        before = state()
        maps.choropleth(zj.panel, "exports", zj.cities, labels=True)
        maps.hot_spots(hs, zj.cities)
        maps.links(w, zj.cities, labels=True)
        assert state() == before

    def test_no_pyplot_figure_and_no_setting_is_left_behind(self, zj):
        import matplotlib.pyplot as plt

        settings = dict(mpl.rcParams)
        maps.choropleth(zj.panel, "exports", zj.cities, labels=True)
        assert plt.get_fignums() == []
        assert dict(mpl.rcParams) == settings

    def test_settings_of_the_caller_do_not_leak_in(self, zj):
        with mpl.rc_context({"axes.grid": True, "font.size": 20, "axes.unicode_minus": False, "lines.linewidth": 9}):
            figure = maps.choropleth(zj.panel, "exports", zj.cities, labels=True)
            assert max(t.get_fontsize() for t in drawing.texts(figure)) <= 9

    @pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
    def test_same_input_same_bytes(self, zj, hs, tmp_path, kind):
        files = []
        for i in range(2):
            figure = maps.hot_spots(hs, zj.cities, period=2020, labels=True)
            files += maps.save(figure, tmp_path / f"{i}", formats=kind, dpi=60)
        assert files[0].read_bytes() == files[1].read_bytes()

    def test_regions_are_found_by_label_in_the_svg_too(self, fig1, tmp_path):
        (file,) = maps.save(fig1, tmp_path / "map.svg")
        assert file.stat().st_size < 1_500_000

    def test_shows_itself_once_in_a_notebook(self, fig1):
        image, size = fig1._repr_png_()
        assert image.startswith(b"\x89PNG")
        assert size["width"] == pytest.approx(180 / 25.4 * 125, abs=1)


def bad(zj, w, **change):
    arguments = {"panel": zj.panel, "variable": "exports", "geometry": zj.cities} | change
    return maps.choropleth(arguments.pop("panel"), arguments.pop("variable"), arguments.pop("geometry"), **arguments)


def renamed(zj):
    return zj.cities.rename(index={"Ningbo": "Ningpo"})


CASES = {
    "no crs": (
        lambda zj, w: bad(zj, w, geometry=zj.cities.set_crs(None, allow_override=True)),
        GeometryError,
        "no CRS",
    ),
    "no frame": (lambda zj, w: bad(zj, w, geometry=pd.DataFrame(zj.cities)), GeometryError, "must be a GeoDataFrame"),
    "missing region": (lambda zj, w: bad(zj, w, geometry=renamed(zj)), AlignmentError, "no regions 'Ningbo' of the 11"),
    "region twice": (
        lambda zj, w: bad(zj, w, geometry=pd.concat([zj.cities, zj.cities.loc[["Ningbo"]]])),
        AlignmentError,
        "more than one row for regions 'Ningbo'",
    ),
    "codes as text": (
        lambda zj, w: bad(
            zj,
            w,
            panel=sc.Panel(zj.panel.frame.assign(code=lambda d: d.code.astype(int)), region="code", period="year"),
            geometry=zj.cities.set_index("code"),
        ),
        AlignmentError,
        "another type",
    ),
    "empty": (
        lambda zj, w: bad(zj, w, geometry=zj.cities.assign(geometry=[Polygon(), *zj.cities.geometry[1:]])),
        GeometryError,
        "empty for regions 'Hangzhou'",
    ),
    "points": (
        lambda zj, w: bad(zj, w, geometry=zj.cities.set_geometry(zj.cities.representative_point())),
        GeometryError,
        "needs polygons; Point",
    ),
    "wrong crs": (
        lambda zj, w: bad(zj, w, geometry=zj.cities.to_crs(32651).set_crs(4326, allow_override=True)),
        GeometryError,
        "do not fit the CRS WGS 84",
    ),
    "period": (lambda zj, w: bad(zj, w, periods=2021), OptionError, "unknown period 2021"),
    "period as text": (lambda zj, w: bad(zj, w, periods="2020"), OptionError, "unknown period '2020'"),
    "no period": (lambda zj, w: bad(zj, w, periods=[]), OptionError, "no period is named"),
    "classes": (lambda zj, w: bad(zj, w, classes=1), OptionError, "classes must be a whole number of at least 2"),
    "many classes": (lambda zj, w: bad(zj, w, classes=12), OptionError, "at most 9"),
    "scheme": (lambda zj, w: bad(zj, w, scheme="jenks"), OptionError, "scheme must be one of 'natural-breaks'"),
    "log": (
        lambda zj, w: bad(zj, w, panel=zj.panel.assign(exports=lambda d: d.exports - 10), log=True),
        NotPositiveError,
        "needs positive values",
    ),
    "labels": (lambda zj, w: bad(zj, w, labels="name"), OptionError, "a column of the geometry"),
    "labels of strangers": (lambda zj, w: bad(zj, w, labels={"Paris": "P"}), OptionError, "not in the result: 'Paris'"),
    "palette": (lambda zj, w: bad(zj, w, palette="nice"), OptionError, "palette must be a matplotlib colormap"),
    "few colours": (lambda zj, w: bad(zj, w, palette=["red", "blue"]), OptionError, "must list 4 colours.*got 2"),
    "no colours": (lambda zj, w: bad(zj, w, palette=["red"] * 3 + ["ruby"]), OptionError, "no colours are 'ruby'"),
    "projected": (lambda zj, w: bad(zj, w, projected="EPSG:nothing"), OptionError, "which pyproj does not know"),
    "degrees": (lambda zj, w: bad(zj, w, projected=4326), OptionError, "has degrees"),
    "two maps one ax": (lambda zj, w: bad(zj, w, ax=Figure().subplots()), OptionError, "takes one map"),
    "no ax": (lambda zj, w: bad(zj, w, periods=2020, ax=Figure()), OptionError, "must be a matplotlib Axes"),
    "small ax": (
        lambda zj, w: bad(zj, w, periods=2020, ax=Figure(figsize=(1, 1)).subplots()),
        OptionError,
        "the legend alone is",
    ),
    "weights of others": (lambda zj, w: maps.links(w, renamed(zj)), AlignmentError, "no regions 'Ningbo'"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_gets_a_clear_message(zj, w, case):
    call, kind, message = CASES[case]
    with pytest.raises(kind, match=message):
        call(zj, w)


def test_all_values_missing(zj):
    from spatialconv.errors import MissingDataError

    panel = zj.panel.assign(growth=lambda d: d.growth_published)
    with pytest.raises(MissingDataError, match="every value is missing"):
        maps.choropleth(panel, "growth", zj.cities, periods=2016)


def test_crs_by_object(zj):
    assert ground(zj.cities, zj.panel.regions, projected=CRS.from_epsg(32650)).crs.to_epsg() == 32650


def test_codes_in_a_column_beside_row_numbers():
    zj = sc.datasets.zhejiang()
    code = dict(zip(zj.cities.index, range(10, -1, -1), strict=True))
    frame = zj.panel.frame.reset_index()
    frame["code"] = frame[zj.panel.region].map(code)
    panel = sc.Panel(frame[["code", zj.panel.period, "exports"]], region="code", period=zj.panel.period)
    rows = zj.cities.assign(code=pd.Series(code)).reset_index(drop=True)
    with pytest.warns(GeometryWarning, match=r"gdf\.set_index\('code'\)"):
        sc.maps.choropleth(panel, "exports", rows)
    sc.maps.choropleth(panel, "exports", rows.set_index("code"))
