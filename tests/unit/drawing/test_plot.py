"""Plots: what is drawn equals the results, slopes are the statistics, words neither collide nor leave the sheet."""

from __future__ import annotations

import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from scipy import stats

import spatialconv as sc
from spatialconv import _style as look
from spatialconv import plot
from spatialconv.errors import AlignmentError, OptionError
from tests import drawing
from tests.tolerances import EXACT, REFERENCE


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def w(zj):
    return sc.weights.adjacency(zj.cities)


def line(ax, label):
    (found,) = drawing.lines(ax, label)
    return found


def titles(figure):
    return [ax.get_title(loc="left") for ax in figure.axes]


class TestSigma:
    def test_two_panels_show_the_table(self, zj):
        result = sc.sigma(zj.panel, "exports")
        figure = plot.sigma(result)
        assert titles(figure) == ["Standard deviation of logs", "Coefficient of variation"]
        for ax, measure in zip(figure.axes, ("sd_log", "cv"), strict=True):
            np.testing.assert_array_equal(line(ax, measure)[:, 0], result.periods)
            np.testing.assert_array_equal(line(ax, measure)[:, 1], result.table[measure])

    def test_first_and_last_value_are_written_as_in_the_paper(self, zj):
        measures = ("sd_log", "cv_log")
        figure = plot.sigma(sc.sigma(zj.panel, "exports", measures=measures), measures=measures)
        assert [[t.get_text() for t in ax.texts if t.get_label() == "end"] for ax in figure.axes] == [
            ["1.84", "1.77"],
            ["0.95", "0.55"],
        ]

    def test_one_measure_into_given_axes(self, zj):
        ax = Figure().subplots()
        assert plot.sigma(sc.sigma(zj.panel, "exports", measures="gini"), measures="gini", ax=ax) is ax
        assert ax.get_title(loc="left") == "Gini coefficient"

    def test_many_periods_have_no_marks_and_few_ticks(self, us):
        figure = plot.sigma(sc.sigma(us.panel, "income"), measures="sd_log")
        (found,) = (item for item in figure.axes[0].lines if item.get_label() == "sd_log")
        assert found.get_marker() == "None"
        assert len(figure.axes[0].get_xticks()) <= 7

    def test_periods_that_are_no_numbers(self, zj):
        frame = zj.panel.frame.assign(year=lambda d: "Y" + d.year.astype(str))
        result = sc.sigma(sc.Panel(frame, region="city", period="year"), "exports")
        ax = plot.sigma(result, measures="sd_log").axes[0]
        assert [t.get_text() for t in ax.get_xticklabels()] == ["Y2016", "Y2017", "Y2018", "Y2019", "Y2020"]

    def test_bad_input(self, zj):
        result = sc.sigma(zj.panel, "exports")
        with pytest.raises(OptionError, match=r"measures must name columns of the result.*got 'theil_t'"):
            plot.sigma(result, measures="theil_t")
        with pytest.raises(OptionError, match="ax takes one measure, and 2 are asked for"):
            plot.sigma(result, ax=Figure().subplots())
        with pytest.raises(OptionError, match="ax must be a matplotlib Axes; got Figure"):
            plot.sigma(result, measures="sd_log", ax=Figure())


class TestMoranScatter:
    @pytest.mark.parametrize("log", [False, True])
    @pytest.mark.parametrize(
        "weights",
        [
            lambda zj: sc.weights.adjacency(zj.cities),
            lambda zj: sc.weights.adjacency(zj.cities, standardise="none"),
            lambda zj: sc.weights.inverse_distance(zj.cities, power=2),
            lambda zj: sc.weights.inverse_distance(zj.cities, standardise="spectral"),
        ],
        ids=["islands", "binary", "distance", "spectral"],
    )
    def test_slope_through_the_points_is_morans_i(self, zj, weights, log):
        w = weights(zj)
        ax = plot.moran_scatter(zj.panel, "exports", w, period=2020, log=log).axes[0]
        x, y = np.vstack([*drawing.lines(ax, "regions"), *drawing.lines(ax, "no neighbours")]).T
        expected = sc.moran(zj.panel, "exports", w, log=log).table.loc[2020, "I"]
        assert (x @ y) / (x @ x) == pytest.approx(expected, abs=REFERENCE)
        ends = line(ax, "slope")
        assert np.diff(ends[:, 1])[0] / np.diff(ends[:, 0])[0] == pytest.approx(expected, abs=REFERENCE)

    def test_points_are_standardised_values_and_their_lags(self, us):
        w = sc.weights.adjacency(us.states)
        ax = plot.moran_scatter(us.panel, "income", w, period=1929).axes[0]
        z = stats.zscore(us.panel.values("income")[0])
        dense = w.sparse.toarray()[np.ix_(*[w.unique_ids.get_indexer(us.panel.regions)] * 2)]
        np.testing.assert_allclose(line(ax, "regions"), np.column_stack([z, dense @ z]), atol=EXACT)
        assert ax.get_ylabel() == "neighbours' income"

    def test_islands_are_hollow_on_the_axis_and_the_scaling_is_said(self, zj, w):
        ax = plot.moran_scatter(zj.panel, "exports", w, period=2020, log=True).axes[0]
        (hollow,) = (item for item in ax.lines if item.get_label() == "no neighbours")
        assert to_hex(hollow.get_markerfacecolor()) == "#ffffff"
        z = stats.zscore(zj.panel.values("exports", log=True)[4])
        np.testing.assert_allclose(hollow.get_xydata(), [[z[zj.panel.regions.get_loc("Zhoushan")], 0]], atol=EXACT)
        assert "n/S\u2080 = 1.1" in ax.get_ylabel()

    def test_i_z_and_p_are_printed(self, zj, w):
        row = sc.moran(zj.panel, "exports", w).table.loc[2020]
        figure = plot.moran_scatter(zj.panel, "exports", w, period=2020)
        printed = drawing.words(figure).replace("\u2212", "-")
        assert f"I = {row['I']:.3f}, z = {row['z']:.2f}, p = {row['p']:.3f}" in printed

    def test_quadrants_are_named_where_they_are(self, zj, w):
        ax = plot.moran_scatter(zj.panel, "exports", w, period=2020).axes[0]
        places = {t.get_text(): t.get_position() for t in ax.texts if t.get_label() == "corner"}
        right = {word for word, (x, _) in places.items() if x > 0.5}
        up = {word for word, (_, y) in places.items() if y > 0.5}
        assert right == {"high among high", "high among low"}
        assert up == {"high among high", "low among high"}

    @pytest.mark.parametrize("size", [None, (3, 3), (5, 2), (2, 5)])
    def test_one_unit_is_as_long_up_as_across(self, us, size):
        w = sc.weights.adjacency(us.states)
        given = None if size is None else Figure(figsize=size).subplots()
        drawn = plot.moran_scatter(us.panel, "income", w, period=2009, ax=given)
        ax = given or drawn.axes[0]
        box = ax.get_window_extent()
        across = box.width / np.diff(ax.get_xlim())[0]
        down = box.height / np.diff(ax.get_ylim())[0]
        assert across == pytest.approx(down)
        points = line(ax, "regions")
        assert (points.min(axis=0) > [ax.get_xlim()[0], ax.get_ylim()[0]]).all()
        assert (points.max(axis=0) < [ax.get_xlim()[1], ax.get_ylim()[1]]).all()

    def test_few_are_all_named_and_of_many_the_farthest(self, zj, us, w):
        few = plot.moran_scatter(zj.panel, "exports", w, period=2020, log=True)
        assert {t.get_text() for t in drawing.names_on(few.axes[0])} == set(zj.panel.regions)
        wu = sc.weights.adjacency(us.states)
        many = plot.moran_scatter(us.panel, "income", wu, period=1929).axes[0]
        z = line(many, "regions")
        farthest = us.panel.regions[np.argsort(-np.hypot(*z.T))[:8]]
        assert {t.get_text() for t in drawing.names_on(many)} <= set(farthest)
        assert len(drawing.names_on(many)) >= 3
        chosen = plot.moran_scatter(us.panel, "income", wu, period=1929, labels=["Texas"]).axes[0]
        assert [t.get_text() for t in drawing.names_on(chosen)] == ["Texas"]
        assert drawing.names_on(plot.moran_scatter(us.panel, "income", wu, period=1929, labels=False).axes[0]) == []

    def test_hexagons_count_many(self):
        """Each region is in one hexagon; those that are named and those without neighbours stand out."""
        n = 5_040
        links = np.roll(np.eye(n, dtype=bool), 1, axis=1) | np.roll(np.eye(n, dtype=bool), -1, axis=1)
        links[[3, 70]], links[:, [3, 70]] = False, False
        w = sc.weights.from_matrix(sp.csr_array(links.astype(float)), regions=list(range(n)))
        values = np.exp(np.random.default_rng(0).normal(size=n))
        panel = sc.Panel(pd.DataFrame({"r": range(n), "t": 1, "v": values}), region="r", period="t")
        figure = plot.moran_scatter(panel, "v", w, period=1, log=True, labels=[5, 9])
        ax = figure.axes[0]
        (cells,) = [each for each in ax.collections if each.get_label() == "counts"]
        counts = np.asarray(cells.get_array())
        assert counts.sum() == n
        assert f"1 (light) to {counts.max():.0f} (dark) of {n:,}" in ax.get_xlabel()
        log = np.log(values)
        z = (log - log.mean()) / log.std()
        np.testing.assert_allclose(line(ax, "regions")[:, 0], z[[5, 9]])
        np.testing.assert_allclose(line(ax, "no neighbours")[:, 0], z[[3, 70]])
        assert {t.get_text() for t in drawing.names_on(ax)} <= {"5", "9"}
        # Hexagons as wide as they should be, in a row that is offset from the next.
        mm = look.extent(ax)[0] / np.diff(ax.get_xlim())[0]
        assert np.diff(np.unique(np.round(cells.get_offsets()[:, 0] * mm, 6))).min() == pytest.approx(0.75, abs=0.02)
        few = plot.moran_scatter(panel.subset(regions=range(5_000)), "v", w, period=1, labels=False).axes[0]
        assert all(each.get_label() != "counts" for each in few.collections)

    def test_names_stand_by_their_own_point(self, zj, w):
        ax = plot.moran_scatter(zj.panel, "exports", w, period=2020, log=True).axes[0]
        points = pd.DataFrame(
            np.vstack([line(ax, "regions"), line(ax, "no neighbours")]),
            index=[*[r for r in zj.panel.regions if r != "Zhoushan"], "Zhoushan"],
        )
        scale = ax.get_window_extent().width / np.diff(ax.get_xlim())[0] / ax.figure.dpi * 25.4
        led = drawing.lines(ax, "_leader")
        for text in drawing.names_on(ax):
            place = points.loc[text.get_text()].to_numpy()
            near = np.hypot(*(np.array(text.get_position()) - place)) * scale < 12
            by_line = any(np.allclose(item[1], place, atol=1e-6) for item in led)
            assert near or by_line, text.get_text()

    def test_bad_input(self, zj, us, w):
        with pytest.raises(OptionError, match="unknown period 2021"):
            plot.moran_scatter(zj.panel, "exports", w, period=2021)
        with pytest.raises(OptionError, match="labels names regions that are not there: 'Paris'"):
            plot.moran_scatter(zj.panel, "exports", w, period=2020, labels=["Paris"])
        with pytest.raises(OptionError, match="labels must be True, False, 'all' or a list"):
            plot.moran_scatter(zj.panel, "exports", w, period=2020, labels="some")
        with pytest.raises(AlignmentError):
            plot.moran_scatter(us.panel, "income", w, period=2009)


class TestMoranPath:
    @pytest.mark.parametrize("level", [0.05, 0.1])
    def test_band_is_the_null_and_marks_follow_p(self, us, level):
        result = sc.moran(us.panel, "income", sc.weights.adjacency(us.states), log=True)
        ax = plot.moran_path(result, level=level).axes[0]
        t = result.table
        np.testing.assert_array_equal(line(ax, "I")[:, 1], t["I"])
        np.testing.assert_array_equal(line(ax, "expected")[:, 1], t["expected"])
        (band,) = (c for c in ax.collections if c.get_label() == "band")
        corners = band.get_paths()[0].vertices
        z = {0.05: 1.959963984540054, 0.1: 1.6448536269514722}[level]
        for year in (1929, 1980, 2009):
            heights = corners[corners[:, 0] == year][:, 1]
            spread = z * np.sqrt(t.loc[year, "variance"])
            expected = t.loc[year, "expected"]
            assert (heights.min(), heights.max()) == (
                pytest.approx(expected - spread, abs=REFERENCE),
                pytest.approx(expected + spread, abs=REFERENCE),
            )
        full = line(ax, "significant")
        np.testing.assert_array_equal(full[:, 0], t.index[t["p"] <= level])

    def test_not_significant_is_hollow(self, zj, w):
        ax = plot.moran_path(sc.moran(zj.panel, "exports", w)).axes[0]
        assert len(line(ax, "significant")) == 0
        assert len(line(ax, "not significant")) == 5
        (hollow,) = (item for item in ax.lines if item.get_label() == "not significant")
        assert to_hex(hollow.get_markerfacecolor()) == "#ffffff"

    def test_geary_is_named(self, zj, w):
        figure = plot.moran_path(sc.geary(zj.panel, "exports", w, log=True))
        assert titles(figure) == ["Geary's C of log exports"]

    def test_level(self, zj, w):
        with pytest.raises(OptionError, match="level must lie strictly between 0 and 1"):
            plot.moran_path(sc.moran(zj.panel, "exports", w), level=1.5)


BETAS = [
    {"spatial": spatial, "effects": effects, "controls": controls, "correction": correction}
    for spatial, effects, controls, correction in itertools.product(
        ("none", "lag", "error"), ("none", "region", "time", "two-way"), ((), ("digital",)), ("none", "auto")
    )
]


class TestBetaScatter:
    @pytest.mark.parametrize("options", BETAS, ids=lambda o: "-".join(str(v) for v in o.values()))
    def test_slope_of_the_points_is_beta(self, zj, options):
        # Weights without islands: Lee-Yu under time effects needs them.
        w = sc.weights.inverse_distance(zj.cities, power=2)
        result = sc.beta(zj.panel, "exports", w if options["spatial"] != "none" else None, **options)
        ax = plot.beta_scatter(result, labels=False).axes[0]
        x, y = line(ax, "regions").T
        assert len(x) == 44
        assert np.polyfit(x, y, 1)[0] == pytest.approx(result.beta, abs=1e-6)
        ends = line(ax, "slope")
        assert np.diff(ends[:, 1])[0] / np.diff(ends[:, 0])[0] == pytest.approx(result.beta, abs=REFERENCE)

    def test_absolute_convergence_shows_the_data_themselves(self, us):
        result = sc.beta(us.panel, "income", horizon=80)
        ax = plot.beta_scatter(result).axes[0]
        levels = us.panel.values("income", log=True)
        expected = np.column_stack([levels[0], (levels[-1] - levels[0]) / 80])
        np.testing.assert_allclose(line(ax, "regions"), expected, atol=REFERENCE)
        assert ax.get_xlabel() == "initial level, log income"

    def test_what_was_taken_out_is_said(self, zj, w):
        result = sc.beta(zj.panel, "exports", w, controls=["digital"], spatial="lag", effects="time")
        ax = plot.beta_scatter(result).axes[0]
        said = ax.get_xlabel().replace("\n", " ")
        assert said.endswith("both axes net of controls, time effects and neighbours' growth")

    def test_beta_z_and_p_are_printed(self, zj):
        result = sc.beta(zj.panel, "exports", effects="time")
        printed = drawing.words(plot.beta_scatter(result)).replace("\u2212", "-")
        z, p = result.tstats["log_initial"], result.pvalues["log_initial"]
        assert f"\u03b2 = {result.beta:.4f}, z = {z:.2f}" in printed
        assert ("p < 0.001" if p < 0.001 else f"p = {p:.3f}") in printed

    def test_no_z_is_printed_where_none_holds(self, zj):
        result = sc.beta(zj.panel, "exports", effects="region")
        printed = drawing.words(plot.beta_scatter(result)).replace("\u2212", "-")
        assert f"\u03b2 = {result.beta:.3f}" in printed
        assert "z = " not in printed

    def test_names_carry_the_period(self, zj):
        ax = plot.beta_scatter(sc.beta(zj.panel, "exports")).axes[0]
        names = {t.get_text() for t in drawing.names_on(ax)}
        assert "Jiaxing 2017" in names
        assert len(names) <= 6
        chosen = plot.beta_scatter(sc.beta(zj.panel, "exports"), labels=["Jinhua"]).axes[0]
        assert {t.get_text().split()[0] for t in drawing.names_on(chosen)} == {"Jinhua"}


class TestCoefficients:
    def test_points_and_intervals_are_those_of_tidy(self, zj):
        fits = {effects: sc.beta(zj.panel, "exports", effects=effects) for effects in ("none", "region", "time")}
        figure = plot.coefficients(fits, terms=["log_initial", "speed"])
        assert titles(figure) == ["\u03b2, initial level", "Speed"]
        for ax, term in zip(figure.axes, ("log_initial", "speed"), strict=True):
            for i, (name, fit) in enumerate(fits.items()):
                row = fit.tidy().set_index("term").loc[term]
                np.testing.assert_allclose(line(ax, name), [[row["estimate"], -i]])
                np.testing.assert_allclose(
                    line(ax, f"interval {name}")[:, 0], row[["conf_low", "conf_high"]].astype(float)
                )
        assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["none", "region", "time"]

    def test_common_coefficients_by_default(self, zj, w):
        fits = {
            "absolute": sc.beta(zj.panel, "exports"),
            "spatial": sc.beta(zj.panel, "exports", w, spatial="lag", controls=["digital"]),
        }
        assert titles(plot.coefficients(fits)) == ["\u03b2, initial level"]
        figure = plot.coefficients(fits, terms=["log_initial", "rho"])
        assert drawing.lines(figure.axes[1], "absolute") == []
        assert len(drawing.lines(figure.axes[1], "spatial")) == 1

    def test_what_is_undefined_is_said(self):
        class Result:
            def __init__(self, value):
                self.value = value

            def tidy(self):
                row = {"term": "speed", "estimate": self.value, "conf_low": self.value - 1, "conf_high": self.value + 1}
                return pd.DataFrame([row])

        figure = plot.coefficients({"a": Result(2.0), "b": Result(np.nan)}, terms="speed")
        assert "undefined" in drawing.words(figure)
        assert drawing.lines(figure.axes[0], "b") == []

    def test_bad_input(self, zj):
        fits = {"a": sc.beta(zj.panel, "exports")}
        with pytest.raises(OptionError, match="one entry at least"):
            plot.coefficients({})
        with pytest.raises(OptionError, match="no result has the term 'rho'; there are"):
            plot.coefficients(fits, terms="rho")
        with pytest.raises(OptionError, match="ax takes one term, and there are 2"):
            plot.coefficients(fits, terms=["log_initial", "speed"], ax=Figure().subplots())


def letters(us):
    """Groups that mean nothing: regions by the first letter of their name."""
    return {region: "early" if region < "K" else "middle" if region < "N" else "late" for region in us.panel.regions}


class TestParts:
    def test_heights_are_the_parts_and_end_at_the_total(self, zj):
        result = sc.dagum(zj.panel, "exports", groups=zj.cities["area"])
        bars, lines = plot.dagum(result).axes
        heights = np.array([[bar.get_height() for bar in kind] for kind in bars.containers])
        np.testing.assert_allclose(heights.T, result.table[["within", "between", "transvariation"]], rtol=1e-12)
        tops = [bar.get_y() + bar.get_height() for bar in bars.containers[-1]]
        np.testing.assert_allclose(tops, result.table["gini"], rtol=1e-12)
        for part in ("within", "between", "transvariation"):
            np.testing.assert_allclose(line(lines, part)[:, 1], 100 * result.table[f"{part}_share"], rtol=1e-12)
        assert [t.get_text() for t in lines.texts if t.get_label() == "end"] == [
            "within",
            "between (net)",
            "transvariation",
        ]

    def test_many_periods_are_areas(self, us):
        result = sc.theil(us.panel, "income", groups=[dict.fromkeys(us.panel.regions, "all"), letters(us)])
        figure = plot.theil(result)
        assert not figure.axes[0].containers
        np.testing.assert_array_equal(line(figure.axes[0], "total")[:, 1], result.table["total"])
        assert len(figure.axes[0].collections) == 3

    def test_one_period_and_no_inequality(self, zj):
        area = zj.cities["area"]
        figure = plot.dagum(sc.dagum(zj.panel.subset(periods=[2020]), "exports", groups=area))
        figure.draw_without_rendering()
        flat = zj.panel.assign(flat=1.0)
        plot.theil(sc.theil(flat, "flat", groups=area)).draw_without_rendering()

    def test_given_axes_take_the_sum(self, zj):
        ax = Figure().subplots()
        assert plot.theil(sc.theil(zj.panel, "exports", groups=zj.cities["area"]), ax=ax) is ax
        assert ax.get_title(loc="left") == "Theil's T of exports"

    def test_bad_input(self):
        with pytest.raises(OptionError, match=r"plot\.dagum takes the result of sc\.dagum; got None"):
            plot.dagum(None)


class TestDensities:
    def test_ridges_have_one_scale_and_stand_in_order(self, zj):
        path = sc.density(zj.panel, "exports", scale="log")
        ax = plot.density(path).axes[0]
        curves = path.densities.to_numpy()
        for i, period in enumerate(path.periods):
            height = line(ax, str(period))[:, 1] - (4 - i)
            np.testing.assert_allclose(height, 2.2 * curves[i] / curves.max(), atol=1e-12)
        assert [t.get_text() for t in ax.get_yticklabels()] == [str(p) for p in path.periods]

    def test_many_periods_are_thinned_and_too_many_refused(self, us):
        path = sc.density(us.panel, "income")
        shown = [t.get_text() for t in plot.density(path).axes[0].get_yticklabels()]
        assert len(shown) == 12
        assert (shown[0], shown[-1]) == ("1929", "2009")
        assert plot.density(path, period=us.panel.periods[:50]).get_size_inches()[1] * 25.4 < 240
        with pytest.raises(OptionError, match="a page has room for 50 densities; 81 periods are asked for"):
            plot.density(path, period=us.panel.periods)


class TestTransitions:
    def test_cells_are_the_probabilities(self, us):
        chain = sc.markov(us.panel, "income", classes=3)
        ax = plot.transitions(chain).axes[0]
        printed = [t.get_text() for t in ax.texts if t.get_label() == "probability"]
        expected = [f"{p:.2f}" if p >= 0.005 else "<.01" if p else "0" for p in chain.probabilities.to_numpy().ravel()]
        assert printed == expected
        departures = [t.get_text() for t in ax.texts if t.get_label() == "departures"]
        assert departures == [f"n {n:,}" for n in chain.counts.sum(axis=1)]
        assert not [t for t in plot.transitions(chain, counts=False).axes[0].texts if t.get_label() == "departures"]

    def test_a_row_without_departures_stays_empty(self):
        rows = [(r, t, v) for r, vs in zip("abc", ([1, 2], [1, 1], [1, 2]), strict=True) for t, v in enumerate(vs)]
        panel = sc.Panel(pd.DataFrame(rows, columns=["region", "year", "v"]), region="region", period="year")
        ax = plot.transitions(sc.markov(panel, "v", classes=[1.5], scale="level")).axes[0]
        assert [t.get_text() for t in ax.texts if t.get_label() == "probability"] == ["0.33", "0.67"]

    def test_many_classes_have_shades_without_numbers(self, us):
        figure = plot.transitions(sc.spatial_markov(us.panel, "income", sc.weights.adjacency(us.states), classes=10))
        assert not [t for ax in figure.axes for t in ax.texts if t.get_label() == "probability"]
        assert len(figure.axes) == 11

    def test_given_axes_and_bad_input(self, us):
        ax = Figure().subplots()
        assert plot.transitions(sc.markov(us.panel, "income"), ax=ax) is ax
        with pytest.raises(OptionError, match=r"plot\.transitions takes the result of sc\.markov"):
            plot.transitions(None)


@pytest.fixture(scope="module")
def figures(zj, us, w):
    wu = sc.weights.adjacency(us.states)
    net = sc.beta(zj.panel, "exports", w, controls=["digital"], spatial="lag", effects="two-way")
    long = "A heading that says rather more than the width of a column of a journal has room for in one line"
    return {
        "sigma": plot.sigma(sc.sigma(zj.panel, "exports"), title="Sigma convergence of exports"),
        "sigma of states": plot.sigma(sc.sigma(us.panel, "income"), measures="sd_log", title=long),
        "three": plot.sigma(sc.sigma(us.panel, "income"), measures=["sd_log", "cv", "mean"]),
        "scatter": plot.moran_scatter(zj.panel, "exports", w, period=2020, log=True),
        "levels": plot.moran_scatter(zj.panel, "exports", w, period=2016),
        "scatter of states": plot.moran_scatter(us.panel, "income", wu, period=1929, labels="all"),
        "long": plot.moran_scatter(us.panel, "income", wu, period=1929, title=long),
        "path": plot.moran_path(sc.moran(us.panel, "income", wu)),
        "short path": plot.moran_path(sc.moran(zj.panel, "exports", w), title=long),
        "beta": plot.beta_scatter(net),
        "beta of states": plot.beta_scatter(sc.beta(us.panel, "income", horizon=80), labels="all", title=long),
        "theil": plot.theil(sc.theil(zj.panel, "exports", groups=zj.cities["area"]), title=long + ", or two"),
        "dagum": plot.dagum(sc.dagum(zj.panel, "exports", groups=zj.cities["area"])),
        "density": plot.density(sc.density(zj.panel, "exports", scale="log"), title=long),
        "densities of states": plot.density(sc.density(us.panel, "income")),
        "transitions": plot.transitions(sc.markov(zj.panel, "exports", classes=2), title=long),
        "transitions of states": plot.transitions(sc.spatial_markov(us.panel, "income", wu), title=long),
        "dagum of states": plot.dagum(sc.dagum(us.panel, "income", groups=letters(us))),
        "coefficients": plot.coefficients({"absolute": sc.beta(zj.panel, "exports"), "two-way, digital": net}),
    }


NAMES = [
    *("sigma", "sigma of states", "three", "scatter", "levels", "scatter of states", "long", "path", "short path"),
    *("beta", "beta of states", "coefficients", "theil", "dagum", "dagum of states"),
    *("density", "densities of states", "transitions", "transitions of states"),
]


@pytest.mark.parametrize("name", NAMES)
def test_no_words_collide_or_leave_the_sheet(figures, name):
    figure = figures[name]
    figure.draw_without_rendering()
    assert drawing.outside(figure) == []
    # A hair's breadth: the halves of a heading of two lines share a line's air.
    found = drawing.overlaps(drawing.boxes(figure), [t.get_text() for t in drawing.texts(figure)], slack=0.3)
    assert found == []


@pytest.mark.parametrize("name", NAMES)
def test_sizes_are_those_of_a_journal(figures, name):
    width, _ = figures[name].get_size_inches() * 25.4
    assert width == pytest.approx(90) or width == pytest.approx(180) or (name in ("levels", "scatter") and width < 90)
    sizes = {t.get_fontsize() for t in drawing.texts(figures[name])}
    assert min(sizes) >= 7
    assert max(sizes) <= 9


def test_same_input_same_bytes(zj, w, tmp_path):
    for kind in ("png", "svg"):
        files = [
            plot.save(plot.moran_scatter(zj.panel, "exports", w, period=2020), tmp_path / str(i), formats=kind)[0]
            for i in range(2)
        ]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_nothing_is_left_behind(zj, w):
    import matplotlib.pyplot as plt

    settings, frame = dict(mpl.rcParams), zj.panel.frame.to_csv()
    plot.moran_scatter(zj.panel, "exports", w, period=2020)
    plot.sigma(sc.sigma(zj.panel, "exports"))
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == settings
    assert zj.panel.frame.to_csv() == frame


def test_settings_of_the_caller_do_not_leak_in_even_when_drawn_later(zj):
    figure = plot.sigma(sc.sigma(zj.panel, "exports"))
    with mpl.rc_context({"font.size": 30, "xtick.labelsize": 30, "xtick.color": "red", "axes.grid": True}):
        figure.draw_without_rendering()
        labels = [label for ax in figure.axes for label in ax.get_xticklabels()]
        assert {label.get_fontsize() for label in labels} == {look.TEXT}
        assert {to_hex(label.get_color()) for label in labels} == {look.INK}


@pytest.mark.notebooks
def test_a_figure_shows_itself_exactly_once_in_a_notebook():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    code = [
        "import spatialconv as sc\nzj = sc.datasets.zhejiang()\nresult = sc.sigma(zj.panel, 'exports')",
        "sc.plot.sigma(result)",
        "figure = sc.maps.choropleth(zj.panel, 'exports', zj.cities, periods=2020)",
        "figure",
        "import matplotlib.pyplot as plt\nsc.plot.sigma(result)",
        "fig, ax = plt.subplots()\nsc.plot.sigma(result, measures='sd_log', ax=ax)",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in code])
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
    shown = [sum("image/png" in out.get("data", {}) for out in cell.outputs) for cell in book.cells]
    assert shown == [0, 1, 0, 1, 1, 1]
