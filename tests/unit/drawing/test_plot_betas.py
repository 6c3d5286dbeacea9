"""The picture of several betas: what is drawn is what the table says."""

from __future__ import annotations

import numpy as np
import pytest

import spatialconv as sc
from spatialconv import errors


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income().panel


def line(ax, label="estimate"):
    return next(artist for artist in ax.lines if artist.get_label() == label)


@pytest.mark.parametrize("of", ["beta", "speed"])
def test_windows(us, of):
    path = sc.beta_rolling(us, "income", window=20, step=5, horizon=20)
    ax = sc.plot.betas(path, of=of).axes[0]
    np.testing.assert_array_equal(line(ax).get_xdata(), path.table.index)
    np.testing.assert_array_equal(line(ax).get_ydata(), path.table[of])
    assert "last period of the window" in ax.get_xlabel()


def test_horizons_stand_side_by_side(us):
    side = sc.beta_spacing(us, "income", horizons=(1, 10, 40), effects="time")
    ax = sc.plot.betas(side, of="speed").axes[0]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "10", "40"]
    np.testing.assert_array_equal(line(ax).get_ydata(), side.table["speed"])
    ends = np.array([segment[:, 1] for segment in ax.collections[0].get_segments()])
    np.testing.assert_allclose(ends, side.table[["speed_low", "speed_high"]])


def test_quantiles(us):
    q = sc.beta_quantiles(us, "income", horizon=80, draws=20, seed=1, progress=False)
    ax = sc.plot.betas(q).axes[0]
    np.testing.assert_allclose(line(ax).get_xdata(), q.table.index)
    np.testing.assert_array_equal(line(ax).get_ydata(), q.table["beta"])
    with pytest.raises(errors.OptionError, match="not of the speed"):
        sc.plot.betas(q, of="speed")


def test_regimes_and_an_undefined_speed():
    zj = sc.datasets.zhejiang()
    r = sc.beta_regimes(zj.panel, "exports", regimes={2017: "a", 2018: "a", 2019: "b", 2020: "b"}, effects="two-way")
    ax = sc.plot.betas(r, of="speed", title="By period").axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    assert any(text.get_text() == "undefined" for text in ax.texts)
    assert line(ax, "b").get_xdata() == pytest.approx([r.table.loc["b", "speed"]])


def test_axes_and_other_results(us):
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    side = sc.beta_spacing(us, "income", horizons=(1, 10))
    assert sc.plot.betas(side, ax=ax) is ax
    with pytest.raises(errors.OptionError, match=r"plot\.betas takes"):
        sc.plot.betas(sc.beta(us, "income"))
