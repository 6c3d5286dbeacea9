"""Choropleths whose colours part at a midpoint, and values in per cent of the mean of each period."""

from __future__ import annotations

import numpy as np
import pytest

import spatialconv as sc
from spatialconv import _style as look
from spatialconv import maps
from spatialconv.errors import NotPositiveError, OptionError
from tests import drawing


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


def classes(figure, place=0):
    """The class of each region on a map, read from its colour."""
    ax, (legend,) = drawing.maps_of(figure)[place], drawing.legends_of(figure)
    key = {colour: int(c) for c, colour in drawing.swatches(legend).items()}
    return {region: key[colour] for region, colour in drawing.fills(ax).items()}


def reaches(figure):
    """Range of each class in the legend, as printed."""
    return {int(c): words[0] for c, words in drawing.rows(drawing.legends_of(figure)[0]).items()}


@pytest.mark.parametrize("scheme", ["natural-breaks", "quantiles", "equal-interval"])
@pytest.mark.parametrize(("classes_", "below", "above"), [(2, 1, 1), (4, 2, 2), (5, 2, 3), (9, 4, 5)])
def test_no_class_holds_both_sides(us, scheme, classes_, below, above):
    income = us.panel.wide("income").loc[2009]
    middle = 37_000.0
    figure = maps.choropleth(
        us.panel, "income", us.states, periods=2009, midpoint=middle, classes=classes_, scheme=scheme
    )
    found = classes(figure)
    assert all((c < 0) == (income[r] < middle) for r, c in found.items())
    assert sorted(reaches(figure)) == [*range(-below, 0), *range(1, above + 1)]
    # The farther from the midpoint, the higher the number.
    for side in (-1, 1):
        away = {r: side * (income[r] - middle) for r, c in found.items() if c * side > 0}
        order = sorted(away, key=away.get)
        numbers = [abs(found[r]) for r in order]
        assert numbers == sorted(numbers)


def test_each_side_has_the_breaks_it_has_alone(us):
    from mapclassify import FisherJenks

    income = us.panel.wide("income").loc[2009]
    found = classes(maps.choropleth(us.panel, "income", us.states, periods=2009, midpoint=37_000, classes=6))
    low, high = income[income < 37_000], income[income >= 37_000]
    assert [found[r] for r in high.index] == list(FisherJenks(high.to_numpy(), k=3).yb + 1)
    assert [found[r] for r in low.index] == list(FisherJenks(low.to_numpy(), k=3).yb - 3)


@pytest.mark.parametrize("log", [False, True])
def test_relative_to_the_mean_of_each_period(us, log):
    figure = maps.choropleth(us.panel, "income", us.states, relative=True, log=log, classes=6)
    wide = us.panel.wide("income")
    for place, t in enumerate((1929, 2009)):
        share = 100 * wide.loc[t] / np.mean(wide.loc[t])
        assert all((c < 0) == (share[r] < 100) for r, c in classes(figure, place).items())
    top = f"{(100 * wide.loc[1929] / wide.loc[1929].mean()).max():.0f}"
    assert reaches(figure)[3].endswith(f" to {top}")
    assert "income, % of the mean" in drawing.words(figure)
    assert "Colours part at 100" in drawing.words(figure)
    assert figure.caption.startswith("Income in % of the mean of the 48 regions in each period, 1929 and 2009; n = 48")


@pytest.mark.parametrize(("midpoint", "function"), [("mean", np.mean), ("median", np.median)])
def test_mean_and_median_are_of_what_is_mapped(us, midpoint, function):
    wide = us.panel.wide("income").loc[[1929, 2009]]
    figure = maps.choropleth(us.panel, "income", us.states, midpoint=midpoint)
    assert all((c < 0) == (wide.loc[1929, r] < function(wide.to_numpy())) for r, c in classes(figure).items())
    alone = maps.choropleth(us.panel, "income", us.states, midpoint=midpoint, common=False)
    for place, t in enumerate((1929, 2009)):
        middle = function(wide.loc[t])
        assert all((c < 0) == (wide.loc[t, r] < middle) for r, c in classes(alone, place).items())


def test_colours_of_a_colormap_part_at_its_middle():
    assert look.parted("PuOr", 2, 2) == look.ramp("PuOr", 4)
    assert look.parted("PuOr", 1, 3)[0] == look.ramp("PuOr", 6)[2]
    assert look.parted(["red", "blue", "green"], 1, 2) == look.ramp(["red", "blue", "green"], 3)


@pytest.mark.parametrize(
    ("midpoint", "said"), [(0, "at 0; no value lies below"), (1e6, "at 1,000,000; all values lie below")]
)
def test_a_midpoint_beyond_the_values_is_said(us, midpoint, said):
    figure = maps.choropleth(us.panel, "income", us.states, midpoint=midpoint)
    assert said in drawing.words(figure)
    assert len(reaches(figure)) == 4


def test_what_is_below_is_hatched(us):
    (ax,) = drawing.maps_of(maps.choropleth(us.panel, "income", us.states, periods=2009, midpoint="median"))
    assert drawing.textures(ax) == 2


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"midpoint": "middle"}, OptionError, "a number, 'mean' or 'median'; got 'middle'"),
        ({"midpoint": True}, OptionError, "a number, 'mean' or 'median'; got True"),
        ({"midpoint": float("nan")}, OptionError, "a finite number"),
        ({"midpoint": -1, "log": True}, NotPositiveError, "part at a positive midpoint; got -1"),
    ],
)
def test_others_are_refused(us, options, kind, message):
    with pytest.raises(kind, match=message):
        maps.choropleth(us.panel, "income", us.states, **options)


def test_a_mean_that_is_not_positive_is_refused(us):
    panel = us.panel.assign(gap=lambda d: d["income"] - 1e6)
    with pytest.raises(NotPositiveError, match=r"that of 'gap' is -.* in 1929\. Map the values themselves"):
        maps.choropleth(panel, "gap", us.states, relative=True)


def test_dozens_of_periods_have_sheets(us):
    figure = maps.choropleth(us.panel, "income", us.states, periods=us.panel.periods)
    assert len(figure) > 1
    assert "least to most of 81 periods" in drawing.words(figure[0])
