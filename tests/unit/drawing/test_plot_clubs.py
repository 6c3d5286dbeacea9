"""Figures of clubs: what is drawn equals the result, labels keep apart, words stay on the sheet."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import rgb_to_hsv, to_hex, to_rgb
from matplotlib.figure import Figure
from scipy.optimize import minimize

import spatialconv as sc
from spatialconv import _style as look
from spatialconv._drawing.club_colours import club_colours
from spatialconv.errors import AlignmentError, OptionError
from spatialconv.plot._clubs import spread
from tests import drawing
from tests.gallery import worlds
from tests.unit.convergence.clubs.test_clubs import PANEL


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def found(us):
    late = us.panel.subset(periods=range(1969, 2010))
    return sc.clubs(late, "income", smooth=400, trim=0.25, c_star=1.0, merge="none")


@pytest.fixture(scope="module")
def figure(found):
    return sc.plot.transition_paths(found, most=3)


def line(ax, label):
    (one,) = drawing.lines(ax, label)
    return one


class TestTransitionPaths:
    def test_means(self, found, figure):
        ax = figure.axes[0]
        for k in found.members:
            drawn = line(ax, f"club {k}")
            np.testing.assert_array_equal(drawn[:, 0], found.paths.index)
            np.testing.assert_array_equal(drawn[:, 1], found.club_paths[k])
        for region in found.divergent:
            np.testing.assert_array_equal(line(ax, region)[:, 1], found.paths[region])
        assert [t.get_text() for t in ax.texts] == ["1", "2", "3", "4", "5", "6"]

    def test_members(self, found, figure):
        assert len(figure.axes) == 4
        for k, ax in zip((1, 2, 3), figure.axes[1:], strict=True):
            for region in found.members[k]:
                np.testing.assert_array_equal(line(ax, region)[:, 1], found.paths[region])
            regions = {item.get_label() for item in ax.lines} & set(found.club.index)
            assert regions == set(found.members[k])
            assert ax.get_title(loc="left").startswith(f"Club {k}: {len(found.members[k])} region")
        assert len({ax.get_ylim() for ax in figure.axes[1:]}) == 1

    def test_discarded_periods_are_shaded(self, found, figure):
        (patch,) = (p for p in figure.axes[0].patches if p.get_label() == "discarded")
        assert patch.get_x() + patch.get_width() == found.periods_used[0] - 0.5
        assert "members of clubs 1 to 3 of 6" in drawing.words(figure)
        assert "dashed: divergent regions" in drawing.words(figure)

    def test_nothing_overlaps_or_leaves_the_sheet(self, figure, found):
        several = sc.plot.transition_paths(sc.clubs(PANEL[45], "x", log=False), title="A title that says what it is")
        for fig in (figure, several, sc.plot.transition_paths(found, most=0)):
            assert drawing.outside(fig) == []
            for ax in fig.axes:
                boxes = drawing.boxes(fig, [t for t in ax.texts if t.get_label() == "end"])
                assert drawing.overlaps(boxes, [str(i) for i in range(len(boxes))]) == []

    def test_into_given_axes(self, found):
        ax = Figure().subplots()
        assert sc.plot.transition_paths(found, ax=ax) is ax
        assert ax.get_title(loc="left") == "Means of clubs"

    def test_no_clubs_and_text_for_periods(self):
        X = pd.DataFrame({"a": np.linspace(9, 30, 30), "b": np.linspace(9.5, 7, 30)})
        X.index = [f"Y{k:02d}" for k in range(30)]
        long = X.rename_axis(index="year", columns="state").stack().rename("x").reset_index()
        found = sc.clubs(sc.Panel(long, region="state", period="year"), "x", log=False)
        ax = sc.plot.transition_paths(found).axes[0]
        assert ax.get_title(loc="left") == "Divergent regions"
        assert len(drawing.lines(ax, "a")) == 1

    def test_bad_input(self, found):
        with pytest.raises(OptionError, match=r"the result of sc\.clubs"):
            sc.plot.transition_paths(found.table)
        with pytest.raises(OptionError, match="most must be a whole number"):
            sc.plot.transition_paths(found, most=-1)


def test_spread_is_the_nearest_arrangement():
    rng = np.random.default_rng(0)
    for _ in range(5):
        values = np.sort(rng.uniform(0, 3, 6))
        places = spread(values, 0.5, -10, 10)
        assert (np.diff(places) >= 0.5 - 1e-12).all()
        constraints = {"type": "ineq", "fun": lambda p: np.diff(p) - 0.5}
        best = minimize(lambda p, v=values: ((p - v) ** 2).sum(), values + np.arange(6), constraints=[constraints])
        assert ((places - values) ** 2).sum() == pytest.approx(best.fun, abs=1e-5)
    assert spread(np.array([5.0, 5.0]), 1.0, 0, 5).tolist() == [4.0, 5.0]
    assert spread(np.array([0.0]), 1.0, 0.5, 5).tolist() == [0.5]


@pytest.mark.parametrize("count", range(1, 15))
def test_colours_grow_lighter(count):
    colours = club_colours(count)
    grey = [np.dot(to_rgb(c), (0.2126, 0.7152, 0.0722)) for c in colours]
    assert len(set(colours)) == count
    assert (np.diff(grey) > 0).all()
    assert rgb_to_hsv(to_rgb(colours[0]))[1] > 0.4


class TestMap:
    def test_colours_are_those_of_the_clubs(self, us, found):
        figure = sc.maps.clubs(found, us.states)
        (ax,) = drawing.maps_of(figure)
        (legend,) = drawing.legends_of(figure)
        fills, swatches = drawing.fills(ax), drawing.swatches(legend)
        for k, members in found.members.items():
            assert {fills[str(m)] for m in members} == {swatches[str(k)]} == {to_hex(club_colours(6)[k - 1])}
        assert {fills[str(m)] for m in found.divergent} == {to_hex(look.NEUTRAL)}
        rows = drawing.rows(legend)
        for k, members in found.members.items():
            t = f"{found.table.loc[k, 't']:.2f}".replace("-", "\u2212")
            assert rows[str(k)] == [f"club {k}", str(len(members)), t]
        assert rows["divergent"] == ["divergent", "1"]
        assert drawing.outside(figure) == []

    def test_regions_without_data_are_said(self, us):
        fewer = us.panel.subset(periods=range(1969, 2010)).subset(regions=us.panel.regions[:40])
        figure = sc.maps.clubs(sc.clubs(fewer, "income", smooth=400), us.states)
        assert "no data" in drawing.words(figure)

    def test_bad_input(self, us, found):
        with pytest.raises(AlignmentError):
            sc.maps.clubs(found, us.states.iloc[:10])
        with pytest.raises(OptionError, match=r"the result of sc\.clubs"):
            sc.maps.clubs(found.club, us.states)


class TestCoMembership:
    def test_cells_are_shares_in_the_order_of_clubs(self, found):
        stable = found.bootstrap(9, seed=1, progress=False)
        figure = sc.plot.co_membership(stable)
        names = [t.get_text() for t in figure.axes[0].get_yticklabels()]
        shown = figure.axes[0].images[0].get_array()
        np.testing.assert_array_equal(shown, stable.co_membership.loc[names, names])
        club = stable.regions.loc[names, "club"].fillna(99).tolist()
        assert club == sorted(club)
        together = stable.regions.loc[names, "together"].fillna(0).to_numpy()
        for k in set(club):
            assert (np.diff(together[np.array(club) == k]) <= 0).all()
        assert drawing.outside(figure) == []
        labels = list(figure.axes[0].get_yticklabels())
        assert drawing.overlaps(drawing.boxes(figure, labels), names) == []
        for k, members in found.members.items():
            box = line(figure.axes[0], f"club {k}")
            assert np.ptp(box[:, 0]) == np.ptp(box[:, 1]) == len(members)

    def test_pairs_never_drawn_are_said(self):
        found = sc.clubs(PANEL[45], "x", log=False)
        figure = sc.plot.co_membership(found.bootstrap(4, scheme="regions", share=0.3, seed=1, progress=False))
        assert "never drawn together" in drawing.words(figure)
        assert np.ma.is_masked(figure.axes[0].images[0].get_array())
        assert "never drawn" not in drawing.words(sc.plot.co_membership(found.sensitivity(hac="qs", progress=False)))

    def test_many_regions_have_no_names(self, found):
        stable = found.sensitivity(hac="qs", progress=False)
        ax = Figure().subplots()
        assert sc.plot.co_membership(stable, ax=ax) is ax
        assert [t.get_text() for t in ax.get_yticklabels()] == ["1", "2", "3", "4", "5", "6", "div."]
        with pytest.raises(OptionError, match="the result of clubs"):
            sc.plot.co_membership(found)


def test_hundreds_of_members_are_one_artist_with_a_path_each():
    world = worlds.drawn(370, 20)
    found = sc.clubs(world.panel, world.y)
    figure = sc.plot.transition_paths(found, most=1)
    ax = figure.axes[1]
    (first, *_) = found.members
    (members,) = [c for c in ax.collections if c.get_label() == "members"]
    drawn = np.array([path.vertices[:, 1] for path in members.get_paths()])
    assert drawn == pytest.approx(found.paths[list(found.members[first])].to_numpy().T)
    low, high = ax.get_ylim()
    assert low < drawn.min() < drawn.max() < high
    assert len(ax.lines) < 5
    (mean,) = [line for line in ax.lines if line.get_label() == f"club {first}"]
    assert mean.get_path_effects()  # on white of its own, or a pale one would be lost among grey members
