"""The specification curve: what is drawn is what the table says."""

from __future__ import annotations

import numpy as np
import pytest

import spatialconv as sc
from spatialconv.errors import OptionError
from spatialconv.plot import _curve
from tests.drawing import words


@pytest.fixture(scope="module")
def few():
    zj = sc.datasets.zhejiang()
    w = {"border": sc.weights.adjacency(zj.cities), "inverse": sc.weights.inverse_distance(zj.cities)}
    return sc.multiverse(
        zj.panel, "exports", weights=w, effects=("none", "time", "region"), controls=((), "digital"), preferred=3
    )


def drawn(ax, label):
    found = [line for line in ax.lines if line.get_label() == label]
    return np.concatenate([np.column_stack([line.get_xdata(), line.get_ydata()]) for line in found])


def test_points_intervals_and_choices_are_those_of_the_table(few):
    figure = sc.plot.specification_curve(few)
    curve, lower = figure.axes
    t = few.estimated.sort_values("estimate", kind="stable")
    significant = (t["p_value"] <= 0.05).to_numpy()
    points = drawn(curve, "significant")
    np.testing.assert_array_equal(points[:, 0], np.flatnonzero(significant))
    np.testing.assert_array_equal(points[:, 1], t["estimate"][significant])
    np.testing.assert_array_equal(drawn(curve, "not significant")[:, 1], t["estimate"][~significant])
    ends = np.concatenate([c.get_segments() for c in curve.collections])[:, :, 1]
    expected = t[["conf_low", "conf_high"]].to_numpy(dtype=float)
    np.testing.assert_allclose(np.sort(ends, axis=0), np.sort(expected, axis=0))
    for effects in ("none", "time", "region"):
        places = np.sort(drawn(lower, f"effects: {effects}")[:, 0])
        np.testing.assert_array_equal(places, np.flatnonzero(t["effects"] == effects))
    assert drawn(curve, "preferred")[0, 1] == few.table.loc[3, "estimate"]
    assert drawn(curve, "median")[0, 1] == few.summary.loc["estimate", "median"]
    assert figure.size[0] == pytest.approx(180)
    said = words(figure)
    assert f"{few.shares['estimated']} specifications" in said
    assert "inverse" in said
    assert "columns" not in said


def test_thousands_share_columns_and_the_figure_says_so(few, monkeypatch):
    monkeypatch.setattr(_curve, "SINGLE", 4)
    monkeypatch.setattr(_curve, "COLUMNS", 5)
    figure = sc.plot.specification_curve(few)
    t = few.estimated.sort_values("estimate", kind="stable")
    column = np.arange(len(t)) * 5 // len(t)
    image = next(i for i in figure.axes[1].images if i.get_label() == "effects: region")
    expected = (t["effects"] == "region").groupby(column).mean()
    np.testing.assert_allclose(np.asarray(image.get_array())[0], expected)
    p = next(i for i in figure.axes[1].images if i.get_label() == "p: at most 0.05")
    np.testing.assert_allclose(np.asarray(p.get_array())[0], (t["p_value"] <= 0.05).groupby(column).mean())
    assert f"{len(t)} specifications in 5 columns" in words(figure)


def test_many_choices_of_one_axis_share_rows():
    zj = sc.datasets.zhejiang()
    m = sc.multiverse(zj.panel, "exports", effects=("none", "time"), samples=("all", "leave-one-out"))
    figure = sc.plot.specification_curve(m, most=5)
    assert "one left out (11)" in words(figure)
    assert "without Ningbo" in words(sc.plot.specification_curve(m, most=12))
    only = sc.plot.specification_curve(m, axes="effects", title="Only effects")
    assert "without" not in words(only)
    assert "Only effects" in words(only)


def test_one_specification_and_slips(few):
    zj = sc.datasets.zhejiang()
    one = sc.multiverse(zj.panel, "exports")
    assert len(sc.plot.specification_curve(one).axes) == 1
    with pytest.raises(OptionError, match="axes must be among"):
        sc.plot.specification_curve(few, axes="colour")
    with pytest.raises(OptionError, match=r"sc\.multiverse"):
        sc.plot.specification_curve(few.table)
