"""Classes of every map are told apart in grey and by colour-blind readers: by lightness, by colour, or by lines."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from PIL import Image

import spatialconv as sc
from spatialconv import _style as look
from spatialconv import maps
from spatialconv._drawing.club_colours import FEW, club_colours, club_textures
from spatialconv._drawing.textures import COLD
from spatialconv.dynamics._hot_spot_trends import CATEGORIES
from spatialconv.maps._clusters import _GEARY
from spatialconv.maps._hot_spot_trends import trend_look
from spatialconv.maps._sheet import TEXTURES
from spatialconv.plot.change.heatmap import _AROUND
from tests import drawing
from tests.gallery import worlds
from tests.unit.drawing.test_pages import world
from tests.unit.drawing.test_style import APART, EYES, lab

GREY = 5.5  # steps of L* between two patches in print: five times what can just be told apart side by side


def trends():
    for category in CATEGORIES:
        colour, hatch = trend_look(category)
        yield colour, (hatch, COLD * category.endswith(" cold"))


LEGENDS = {
    "confidence": [(colour, COLD * (c < 0)) for c, colour in look.CONFIDENCE.items()],
    "clusters": [*((colour, TEXTURES.get(c, "")) for c, colour in look.QUADRANTS.items()), (look.NEUTRAL, "")],
    "local Geary": [*((colour, TEXTURES.get(c, "")) for c, colour in _GEARY.items()), (look.NEUTRAL, "")],
    "trends": list(trends()),
    **{f"ranks {k}": [(colour, "") for colour in look.ranks(k)] for k in range(2, 10)},
    **{f"classes {k}": [(colour, "") for colour in look.ramp(None, k)] for k in range(2, 10)},
    **{
        f"{below} below and {above} above": [
            (colour, COLD * (i < below)) for i, colour in enumerate(look.parted(None, below, above))
        ]
        for below, above in [(1, 1), (2, 2), (2, 3), (4, 5), (0, 4), (6, 1)]
    },
    **{
        f"{k} clubs": [*zip(club_colours(k), club_textures(k), strict=True), (look.NEUTRAL, "...." * (k > FEW))]
        for k in (1, 2, 3, 4, 5, 6, 7, 9, 12, 20)
    },
}


@pytest.mark.parametrize("name", LEGENDS)
def test_in_grey(name):
    for (one, its), (two, other) in itertools.combinations(LEGENDS[name], 2):
        apart = abs(lab(one, "normal")[0] - lab(two, "normal")[0])
        assert its != other or apart > GREY, (one, two, apart)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("name", LEGENDS)
def test_to_the_colour_blind(name, eye):
    least = APART if "clubs" not in name and "ranks" not in name else 6.0
    for (one, its), (two, other) in itertools.combinations(LEGENDS[name], 2):
        apart = np.linalg.norm(lab(one, eye) - lab(two, eye))
        assert its != other or apart > least, (one, two, apart)


def patches(figure):
    """Pixels of each patch of the legend in grey, by its key."""
    page = io.BytesIO()
    figure.savefig(page, format="png", dpi=300)
    image = np.asarray(Image.open(page).convert("L")).astype(float)
    found = {}
    for legend in drawing.legends_of(figure):
        for patch in legend.patches:
            box = patch.get_window_extent().transformed(figure.dpi_scale_trans.inverted()).extents * 300
            rows = slice(image.shape[0] - int(box[3]) + 4, image.shape[0] - int(box[1]) - 4)
            found[patch.get_label()] = image[rows, int(box[0]) + 4 : int(box[2]) - 4]
    return found


def told(one, two):
    """Whether two patches differ in their mean, or one has lines where the other has none."""
    return abs(one.mean() - two.mean()) > 12 or abs(one.std() - two.std()) > 4


def test_on_paper_every_patch_of_a_legend_differs():
    panel, geometry, w = world(400, 2)
    for figure in (
        maps.hot_spots(sc.hot_spots(panel, "income", w), geometry, period=1900),
        maps.clusters(sc.local_moran(panel, "income", w), geometry, period=1900),
        maps.choropleth(panel, "income", geometry, periods=1900, relative=True, classes=6),
    ):
        found = patches(figure)
        assert len(found) >= 5
        for one, two in itertools.combinations(found, 2):
            assert told(found[one], found[two]), (one, two)


def test_many_clubs_on_the_map():
    panel, geometry, _ = world(64, 30, seed=4)
    frame = panel.frame.reset_index()
    level = frame["region"].map({r: k % 8 for k, r in enumerate(geometry.index)})
    frame["income"] = np.exp(level * 1.5 + 0.002 * (frame["year"] - 1900))
    found = sc.clubs(sc.Panel(pd.DataFrame(frame), region="region", period="year"), "income", smooth=400)
    (ax,) = drawing.maps_of(figure := maps.clubs(found, geometry))
    colours = drawing.swatches(drawing.legends_of(figure)[0])
    assert len(colours) >= 6
    assert drawing.textures(ax) >= 3


def test_a_heatmap_about_the_mean_darkens_from_the_lowest_to_the_highest():
    steps = np.linspace(0, 1, 60)
    light = np.array([lab(to_hex(_AROUND(v)), "normal")[0] for v in steps])
    assert (np.diff(light) < 0).all()
    below, above = to_rgb(_AROUND(0.499)), to_rgb(_AROUND(0.501))
    # Violet has most of blue, brown most of red: the mean is where the hue parts.
    assert below[2] > below[0] > below[1]
    assert above[0] > above[1] > above[2]


def test_paths_that_are_named_differ_by_line_and_end():
    us = worlds.shipped("48 states")
    figure = sc.plot.lisa_paths(sc.lisa_paths(us.panel, us.y, us.w), regions=["Texas", "Ohio"])
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    texas, ohio = lines["path Texas"], lines["path Ohio"]
    assert (texas.get_linestyle(), ohio.get_linestyle()) == ("-", "--")
    assert lines["end Texas"].get_marker() != lines["end Ohio"].get_marker()
    moves = next(c for c in figure.axes[0].collections if c.get_label() == "displacements")
    path = sc.lisa_paths(us.panel, us.y, us.w).path
    for region, segment in zip(us.panel.regions, moves.get_segments(), strict=True):
        own = path.xs(region, level=us.panel.region)[["own", "neighbours"]].to_numpy()
        np.testing.assert_array_equal(segment, own[[0, -1]])


def test_ellipses_of_two_periods_differ_by_line():
    us = worlds.shipped("48 states")
    centre = sc.gravity_centre(us.panel, us.y, us.geometry, draws=19, seed=1)
    figure = maps.gravity_centre(centre, us.geometry)
    lines = {line.get_label(): line for ax in figure.axes for line in ax.lines}
    styles = [lines[name].get_linestyle() for name in ("ellipse 1929", "ellipse 2009", "region")]
    assert styles[1] == "-"
    assert "-" not in styles[::2]
    assert lines["ellipse 1929"]._unscaled_dash_pattern != lines["region"]._unscaled_dash_pattern
    assert lines["centre 1929"].get_markerfacecolor() != lines["centre 2009"].get_markerfacecolor()


def test_regions_of_a_club_have_a_row_of_their_own():
    us = worlds.shipped("48 states")
    clubs = sc.clubs(us.panel.subset(periods=range(1980, 2010)), us.y, smooth=400, convention="r")
    found = sc.explain_clubs(clubs, us.panel, us.y, log=us.y, period=1929)
    ax = sc.plot.club_probabilities(found).axes[0]
    rows = {line.get_label(): line for line in ax.lines if line.get_label().startswith("regions ")}
    heights = [float(line.get_ydata()[0]) for line in rows.values()]
    assert len(rows) == found.club.nunique() > 1
    assert len(set(heights)) == len(rows)
    assert heights == sorted(heights, reverse=True)
    assert sum(len(line.get_xdata()) for line in rows.values()) == len(found.club)
    assert ax.get_ylim()[0] < min(heights)
