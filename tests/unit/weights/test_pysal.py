"""The bridge to PySAL: one order, whatever the order of rows and weights; nothing given is changed."""

from __future__ import annotations

import esda
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from libpysal.weights import W

import spatialconv as sc
from spatialconv.errors import AlignmentError, MissingDataError, OptionError, VariableError, WeightsError
from tests import brute_association as brute
from tests.tolerances import EXACT, REFERENCE


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def border(us):
    return sc.weights.adjacency(us.states)


def test_moran_of_the_map_and_not_of_a_shuffled_one(us, border):
    """The figures of the report: 0.037 by position where it is 0.429."""
    by_position = esda.Moran(us.panel.wide("income").loc[2009].to_numpy(), border, permutations=0).I
    assert by_position == pytest.approx(0.037, abs=5e-4)
    inputs = sc.to_pysal(us.panel, "income", border, 2009)
    found = esda.Moran(*inputs, permutations=0).I
    assert found == pytest.approx(sc.moran(us.panel, "income", border).table.loc[2009, "I"], rel=REFERENCE)
    assert found == pytest.approx(0.429, abs=5e-4)
    assert list(inputs.weights.unique_ids) == list(us.panel.regions)


@pytest.mark.parametrize("form", ["graph", "w"])
@pytest.mark.parametrize("seed", range(6))
def test_values_and_weights_stay_together_in_any_order(seed, form):
    """Asymmetric, unstandardised, an island, labels of any kind, rows and weights shuffled: dense loops agree."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 12))
    labels = [[f"r{i}" for i in range(n)], list(range(100, 100 + n))][seed % 2]
    dense = rng.random((n, n)) * (rng.random((n, n)) < 0.5)
    np.fill_diagonal(dense, 0)
    dense[0] = 0
    values = pd.Series(rng.normal(size=n), index=labels)
    order, rows = rng.permutation(n), rng.permutation(n)
    w = brute.graph(dense[np.ix_(order, order)], [labels[k] for k in order])
    w = w.to_W() if seed >= 3 else w
    frame = pd.DataFrame({"region": [labels[k] for k in rows], "year": 1, "y": values.iloc[rows].to_numpy()})
    panel = sc.Panel(frame, region="region", period="year")
    if form == "w":
        inputs = sc.to_pysal(panel, "y", w, form=form)
        assert isinstance(inputs.weights, W)
        held, matrix = inputs.weights.id_order, inputs.weights.full()[0]
    else:
        inputs = sc.to_pysal(panel, "y", w, form=form)
        assert isinstance(inputs.weights, Graph)
        held, matrix = inputs.weights.unique_ids, inputs.weights.sparse.toarray()
    assert list(held) == list(panel.regions)
    np.testing.assert_array_equal(inputs.values, values[list(held)])
    place = [labels.index(label) for label in held]
    np.testing.assert_allclose(matrix, dense[np.ix_(place, place)], rtol=EXACT)


def test_several_variables_and_logarithms(us, border):
    both = sc.to_pysal(us.panel.assign(twice=lambda f: 2 * f["income"]), ["income", "twice"], border, 1929, log=True)
    assert both.values.shape == (48, 2)
    np.testing.assert_allclose(both.values[:, 1] - both.values[:, 0], np.log(2), rtol=REFERENCE)
    np.testing.assert_array_equal(both.values[:, 0], us.panel.values("income", periods=[1929], log=True)[0])


def test_what_is_handed_over_may_be_changed_and_what_was_given_is_not(us, border):
    before = border.adjacency.copy()
    inputs = sc.to_pysal(us.panel, "income", border, 2009, form="w")
    inputs.weights.transform = "b"
    inputs.values[:] = 0
    pd.testing.assert_series_equal(border.adjacency, before)
    assert sc.to_pysal(us.panel, "income", border, 2009).values.min() > 0


def test_regions_that_the_panel_lacks_are_cut_out(us, border):
    few = us.panel.subset(regions=list(us.panel.regions[:20]))
    inputs = sc.to_pysal(few, "income", border, 2009)
    assert inputs.values.shape == (20,)
    sums = np.asarray(inputs.weights.sparse.sum(axis=1)).ravel()
    np.testing.assert_allclose(sums[sums > 0], 1, rtol=EXACT)
    found = esda.Moran(*inputs, permutations=0).I
    assert found == pytest.approx(sc.moran(few, "income", border).table.loc[2009, "I"], rel=REFERENCE)


def test_what_it_refuses(us, border):
    with pytest.raises(OptionError, match=r"81 periods \(1929 to 2009\).*say which by period="):
        sc.to_pysal(us.panel, "income", border)
    with pytest.raises(OptionError, match="1900"):
        sc.to_pysal(us.panel, "income", border, 1900)
    with pytest.raises(OptionError, match="form must be one of 'graph', 'w'"):
        sc.to_pysal(us.panel, "income", border, 2009, form="dense")
    with pytest.raises(VariableError, match="no variable 'wealth'"):
        sc.to_pysal(us.panel, "wealth", border, 2009)
    with pytest.raises(WeightsError, match="libpysal"):
        sc.to_pysal(us.panel, "income", np.eye(48), 2009)
    with pytest.raises(AlignmentError):
        sc.to_pysal(us.panel, "income", sc.weights.subset(border, us.panel.regions[:5]), 2009)
    gap = us.panel.assign(income=lambda f: f["income"].where(f.index != 3))
    with pytest.raises(MissingDataError):
        sc.to_pysal(gap, "income", border, gap.frame.iloc[3][gap.period])
