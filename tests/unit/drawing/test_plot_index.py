"""The picture of a composite index: bars are contributions, in the order of the scores."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

import spatialconv as sc
from spatialconv import errors

GROUPS = {"public capital": ["hwy", "water", "util"], "private capital": "pc", "lack of work": "unemp"}
SIGNS = {"hwy": "+", "water": "+", "util": "+", "pc": "+", "unemp": "-"}


@pytest.fixture(scope="module", params=["minmax", "z"])
def index(request):
    panel = sc.datasets.munnell()
    return sc.composite_index(panel, GROUPS, direction=SIGNS, max_vif=None, normalise=request.param)


def bars(ax, group):
    return next(c for c in ax.containers if c.get_label() == group)


def test_bars_are_contributions_in_order(index):
    ax = sc.plot.contributions(index, period=1980).axes[0]
    order = index.ranks(1980).index[:40]
    assert [t.get_text() for t in ax.get_yticklabels()] == [str(region) for region in order]
    drawn = np.zeros((40, 3))
    for container in ax.containers:
        drawn[:, list(GROUPS).index(container.get_label())] += [patch.get_width() for patch in container]
    np.testing.assert_allclose(drawn, index.contributions.loc[1980].loc[order], atol=1e-12)
    assert "40 of 48 regions" in ax.get_xlabel()
    legend = [p for p in ax.patches if isinstance(p, Rectangle) and str(p.get_label()).startswith("legend")]
    assert [p.get_label().removeprefix("legend ") for p in legend] == list(GROUPS)
    for swatch in legend:
        group = swatch.get_label().removeprefix("legend ")
        assert swatch.get_facecolor() == bars(ax, group).patches[0].get_facecolor()


def test_negative_parts_are_stacked_apart():
    index = sc.composite_index(sc.datasets.munnell(), GROUPS, direction=SIGNS, max_vif=None, normalise="z")
    ax = sc.plot.contributions(index, most=48).axes[0]
    score = next(line for line in ax.lines if line.get_label() == "score")
    np.testing.assert_allclose(score.get_xdata(), index.scores.loc[1986].sort_values(ascending=False))
    left = min(patch.get_x() for c in ax.containers for patch in c)
    assert left <= 0
    parts = index.contributions.loc[1986]
    assert min(p.get_x() + min(p.get_width(), 0) for c in ax.containers for p in c) == pytest.approx(
        parts.where(parts < 0, 0).sum(axis=1).min()
    )


def test_bad_input(index):
    from matplotlib.figure import Figure

    with pytest.raises(errors.OptionError, match="unknown period 2050"):
        sc.plot.contributions(index, period=2050)
    with pytest.raises(errors.OptionError, match="the result of sc"):
        sc.plot.contributions(index.scores)
    ax = Figure().add_subplot()
    assert sc.plot.contributions(index, ax=ax, title="x") is ax
