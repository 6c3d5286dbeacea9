"""Every plot, of 1 to 3,000 regions in 2 to 81 periods with long names: no text off the sheet, none upon another."""

from __future__ import annotations

import html
import re
from functools import cache

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import spatialconv as sc
from spatialconv import _style as look
from spatialconv._drawing.captions import Caption
from spatialconv.errors import SpatialConvError
from tests import drawing
from tests.gallery import worlds
from tests.gallery.figures import FIGURES

REGION = "the administrative region with the number {:05d} of the country"
VARIABLE = "disposable income of private households per inhabitant at constant prices"
TITLE = "A title that says at length what the figure is about, of whom it speaks and why one should look at it"
# Regions, periods, whether these are numbers, and of how many plots there is a result at least.
WORLDS = [
    (1, 5, True, 3),
    (11, 2, True, 20),
    (11, 81, True, 28),
    (48, 12, False, 28),
    pytest.param(3000, 4, True, 24, marks=pytest.mark.slow),
]
WIDTHS = {(1, 5): "single", (11, 2): "single", (11, 81): "double", (3000, 4): "double"}  # else both
PLOTS = [name for name in FIGURES if name.startswith("plot.")]


def world_of(n, periods, years):
    return worlds.drawn(n, periods, label=REGION, variable=VARIABLE, years=years)


@cache
def made(name, n, periods, years):
    """What draws a figure and of what, or why there is nothing to draw."""
    try:
        return FIGURES[name](world_of(n, periods, years))
    except SpatialConvError as error:
        return error


def sound(figure):
    """Fail on any text off the sheet or upon another."""
    assert drawing.outside(figure) == []
    texts = drawing.texts(figure)
    assert drawing.overlaps(drawing.boxes(figure, texts), [text.get_text() for text in texts], slack=0.15) == []


def test_every_figure_has_its_place_in_the_gallery():
    names = {f"plot.{name}" for name in sc.plot.__all__} | {f"maps.{name}" for name in sc.maps.__all__}
    assert names - {"plot.save", "maps.save", "maps.explore", "maps.Page"} == {name.split(",")[0] for name in FIGURES}


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("name", PLOTS)
@pytest.mark.parametrize(("n", "periods", "years", "least"), WORLDS)
def test_no_text_is_cut_or_hidden(n, periods, years, least, name, width):
    if width != WIDTHS.get((n, periods), width):
        pytest.skip("drawn in the other width")
    found = made(name, n, periods, years)
    if isinstance(found, SpatialConvError):
        pytest.skip(str(found))
    draw, data, said = found
    figure = draw(*data, **said, width=width, title=TITLE)
    assert figure.size[0] == pytest.approx(look.WIDTHS[width])
    assert figure.size[1] <= 250
    sound(figure)


@pytest.mark.parametrize("name", PLOTS)
def test_no_text_is_cut_or_hidden_in_chinese(name):
    found = made(name, 11, 2, True)
    if isinstance(found, SpatialConvError):
        pytest.skip(str(found))
    draw, data, said = found
    sound(draw(*data, **said, width="single", title=TITLE, language="zh"))


def test_one_region_is_said_in_the_singular():
    assert Caption("income", "2009", 1).text == "Income, 2009; n = 1 region."


@pytest.mark.parametrize(("n", "periods", "years", "least"), WORLDS)
def test_most_plots_are_drawn_of_every_world(n, periods, years, least):
    drawn = [name for name in PLOTS if not isinstance(made(name, n, periods, years), SpatialConvError)]
    assert len(drawn) >= least, drawn


@pytest.mark.parametrize("name", list(FIGURES))
def test_a_figure_says_what_it_shows(name, tmp_path):
    world = worlds.shipped("48 states")
    draw, data, said = FIGURES[name](world)
    figure = draw(*data, **said)
    sheets = figure if isinstance(figure, tuple) else (figure,)
    caption = sheets[0].caption
    printed = " ".join(text.get_text() for text in sheets[0].findobj(Text))
    # What the caption says stands below the figure, and is its title for those who cannot see it.
    assert re.sub(r"\s+", "", caption) in re.sub(r"\s+", "", printed)
    (file, *_) = sc.plot.save(figure, tmp_path / "figure", formats="svg")
    title = re.search("<title>(.*?)</title>", file.read_text(encoding="utf-8"), re.DOTALL)
    assert html.unescape(title[1]) == caption
    assert caption.endswith(f"Source: {world.source}.")
    if name != "maps.links":
        assert re.search(r"\b(n = \d|\d+ regions)", caption)
    without = {"plot.contributions", "plot.location_curves", "plot.club_probabilities", "plot.instrument_tests"}
    if name not in without | {"maps.links"}:
        assert world.y in caption.lower()
    if "unit" in said and name not in without:
        assert world.unit in caption


SAYS = {
    "plot.sigma": ("Pitman-Morgan", "p <", "do not begin at zero"),
    "plot.betas": ("95 % intervals", "windows of", "information matrix"),
    "plot.coefficients": ("95 % intervals", "queen contiguity"),
    "plot.moran_path": ("queen contiguity", "p \u2264 0.05", "two-sided"),
    "plot.moran_scatter": ("queen contiguity", "two-sided", "p <"),
    "plot.beta_scatter": ("queen contiguity", "spans of 20 years", "two-sided"),
    "plot.transitions, spatial": ("queen contiguity", "null", "p "),
    "plot.transition_paths": ("log t", "\u22121.65"),
    "plot.unit_roots": ("rejects a unit root", "p \u2264 0.05"),
    "plot.beta_changes": ("95 % set",),
    "plot.beta_changes, breaks": ("95 % intervals",),
    "plot.density": ("bandwidth",),
    "plot.lisa_paths": ("queen contiguity", "null"),
    "plot.instrument_tests": ("queen contiguity", "95 % set"),
    "plot.null_picture": ("99 panels",),
    "plot.theil": ("2 groups",),
    "plot.dagum": ("2 groups",),
    "plot.specification_curve": ("95 % intervals", "border"),
}


@pytest.mark.parametrize("name", list(SAYS))
def test_tests_levels_and_weights_are_said(name):
    draw, data, said = FIGURES[name](worlds.shipped("48 states"))
    caption = draw(*data, **said).caption
    assert [words for words in SAYS[name] if words not in caption] == []


@pytest.mark.parametrize("name", [name for name in PLOTS if name.split(",")[0] != "plot.specification_curve"])
def test_axes_that_are_given_are_drawn_into(name):
    draw, data, said = FIGURES[name](worlds.shipped("48 states"))
    figure = Figure(figsize=(6, 5))
    ax = figure.add_subplot(projection="3d") if "surface" in name else figure.subplots()
    options = said | ({"measures": "sd_log"} if name == "plot.sigma" else {})
    options |= {"terms": "log_initial"} if name == "plot.coefficients" else {}
    assert draw(*data, **options, ax=ax) is ax
    assert [text for text in figure.texts if text.get_text()] == []
