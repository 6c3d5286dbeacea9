"""Classes of every map are told apart in grey and by colour-blind readers: by lightness, by colour, or by lines."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import spatialconv as sc
from spatialconv import _style as look
from spatialconv import maps
from spatialconv._drawing.club_colours import FEW, club_colours, club_textures
from spatialconv._drawing.textures import COLD
from spatialconv.dynamics._hot_spot_trends import CATEGORIES
from spatialconv.maps._clusters import _GEARY, _TEXTURES
from spatialconv.maps._hot_spot_trends import trend_look
from tests import drawing
from tests.unit.drawing.test_pages import world
from tests.unit.drawing.test_style import APART, EYES, lab

GREY = 5.5  # steps of L* between two patches in print: five times what can just be told apart side by side


def trends():
    for category in CATEGORIES:
        colour, hatch = trend_look(category)
        yield colour, (hatch, COLD * category.endswith(" cold"))


LEGENDS = {
    "confidence": [(colour, COLD * (c < 0)) for c, colour in look.CONFIDENCE.items()],
    "clusters": [*((colour, _TEXTURES.get(c, "")) for c, colour in look.QUADRANTS.items()), (look.NEUTRAL, "")],
    "local Geary": [*((colour, _TEXTURES.get(c, "")) for c, colour in _GEARY.items()), (look.NEUTRAL, "")],
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
    assert len([c for c in ax.collections if c.get_label() == "texture"]) >= 3
