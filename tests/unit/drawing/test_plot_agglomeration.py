"""Lorenz curves of location: through the corners, below the diagonal, with the Gini that the table gives."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import errors

KINDS = ["a", "b", "c", "d", "e", "f"]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(3)
    index = pd.MultiIndex.from_product([range(9), KINDS, [2010, 2011]], names=["city", "sector", "year"])
    frame = pd.Series(rng.gamma(0.7, 50, len(index)), index=index, name="jobs").reset_index()
    frame.loc[(frame["sector"] == "f") & (frame["year"] == 2010), "jobs"] = 0
    return sc.industry_table(frame, region="city", industry="sector", value="jobs", period="year")


def test_curves_are_those_of_the_gini(table):
    ax = sc.plot.location_curves(table, period=2011).axes[0]
    gini = sc.concentration(table).table.loc[2011, "gini"].sort_values(ascending=False)
    curves = {line.get_label(): line for line in ax.lines if line.get_label() != "as everything"}
    assert [re.sub(r" \(.*", "", label) for label in curves] == list(gini.index[:5])
    for (label, line), value in zip(curves.items(), gini, strict=False):
        x, y = line.get_data()
        assert (x[0], y[0]) == (0, 0)
        np.testing.assert_allclose((x[-1], y[-1]), 1)
        assert (np.diff(x) >= 0).all()
        assert (y <= x + 1e-12).all()
        assert 1 - (np.diff(x) * (y[1:] + y[:-1])).sum() == pytest.approx(value)
        assert f"({value:.2f})" in label
    styles = {(str(line.get_linestyle()), line.get_color()) for line in curves.values()}
    assert len(styles) == 5


def test_bad_input(table):
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert sc.plot.location_curves(table, industries=["b", "a"], ax=ax, title="x") is ax
    assert len(ax.lines) == 3
    with pytest.raises(errors.OptionError, match="'f' is nowhere"):
        sc.plot.location_curves(table, industries=["f"], period=2010)
    with pytest.raises(errors.OptionError, match="one to five"):
        sc.plot.location_curves(table, industries=KINDS)
    with pytest.raises(errors.OptionError, match="unknown industries 'z'"):
        sc.plot.location_curves(table, industries="z")
    with pytest.raises(errors.OptionError, match="unknown period 1999"):
        sc.plot.location_curves(table, period=1999)
    with pytest.raises(errors.OptionError, match="industry_table"):
        sc.plot.location_curves(table.values)
