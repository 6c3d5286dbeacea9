"""Bivariate Moran's I and Lee's L: dense loops, all arrangements, esda, and what must hold of any data."""

from __future__ import annotations

from itertools import permutations

import esda
import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

import spatialconv as sc
from spatialconv.errors import DataError, OptionError, VariableError
from tests import brute_association as brute
from tests.tolerances import EXACT, REFERENCE

# Five standard errors of a variance from 20 000 draws of a light-tailed statistic: sqrt(2 / 20 000) = 0.01.
VARIANCE = 0.05


def world(seed, n, *, dense=0.5, island=True, standardise=False, periods=1):
    """x and y that go together, and weights: asymmetric, unequal, one region without neighbours."""
    rng = np.random.default_rng(seed)
    matrix = rng.integers(1, 5, (n, n)) * (rng.random((n, n)) < dense)
    np.fill_diagonal(matrix, 0)
    if island:
        matrix[1] = matrix[:, 1] = 0
    matrix = brute.row_standardised(matrix.astype(float)) if standardise else matrix.astype(float)
    x = rng.normal(size=(periods, n))
    y = 0.7 * x + rng.exponential(size=(periods, n))
    labels = [f"r{i:03d}" for i in range(n)]
    panel = brute.panel(x, labels).assign(x=lambda f: f["y"], other=y.ravel())
    return x, y, matrix, panel, brute.graph(matrix, labels), labels


def z(values):
    return (values - values.mean()) / values.std()


def moran(x, y, matrix):
    n, zx, zy = len(x), z(x), z(y)
    return sum(matrix[i, j] * zx[i] * zy[j] for i in range(n) for j in range(n)) / matrix.sum()


def lee(x, y, matrix):
    n, zx, zy = len(x), z(x), z(y)
    top = sum((matrix[i] @ zx) * (matrix[i] @ zy) for i in range(n))
    return n * top / sum(matrix[i].sum() ** 2 for i in range(n)) / n


def with_self(matrix):
    own = matrix + np.diag(np.where(matrix.max(axis=1) > 0, matrix.max(axis=1), 1.0))
    sums = matrix.sum(axis=1)
    return brute.row_standardised(own) if np.allclose(sums[sums > 0], 1) else own


@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_values_are_those_of_dense_loops(seed, standardise):
    x, y, matrix, panel, w, _ = world(seed, 9, standardise=standardise, periods=2)
    one, two = (f(panel, "x", "other", w, permutations=9, seed=0).table for f in (sc.bivariate_moran, sc.lee))
    star = sc.lee(panel, "x", "other", w, permutations=9, seed=0, star=True).table
    r = [np.corrcoef(a, b)[0, 1] for a, b in zip(x, y, strict=True)]
    expected = {
        "I": (one["I"], [moran(a, b, matrix) for a, b in zip(x, y, strict=True)]),
        "place": (one["in_place"], [c * moran(a, a, matrix) for c, a in zip(r, x, strict=True)]),
        "beyond": (
            one["beyond"],
            [moran(a, b, matrix) - c * moran(a, a, matrix) for a, b, c in zip(x, y, r, strict=True)],
        ),
        "r": (two["r"], r),
        "L": (two["L"], [lee(a, b, matrix) for a, b in zip(x, y, strict=True)]),
        "L*": (star["L"], [lee(a, b, with_self(matrix)) for a, b in zip(x, y, strict=True)]),
        "sx": (two["smoothing_x"], [lee(a, a, matrix) for a in x]),
        "sy": (two["smoothing_y"], [lee(b, b, matrix) for b in y]),
    }
    for name, (found, wanted) in expected.items():
        np.testing.assert_allclose(found, wanted, rtol=REFERENCE, atol=EXACT, err_msg=name)


def test_values_are_those_of_esda():
    """esda's own classes, the inputs handed over by our bridge: shuffled labels, row-standardised, no island."""
    _x, _y, _matrix, panel, w, _labels = world(5, 12, island=False, standardise=True)
    one = sc.to_pysal(panel, ["x", "other"], w)
    a, b = one.values.T
    I = sc.bivariate_moran(panel, "x", "other", w, permutations=9, seed=0).table["I"].iloc[0]  # noqa: E741
    assert pytest.approx(esda.Moran_BV(a, b, one.weights, permutations=0).I, rel=REFERENCE) == I
    L = sc.lee(panel, "x", "other", w, permutations=9, seed=0).table
    theirs = esda.Spatial_Pearson(one.weights.sparse, permutations=0).fit(a[:, None], b[:, None]).association_
    np.testing.assert_allclose(L["L"].iloc[0], theirs[0, 1], rtol=REFERENCE)
    np.testing.assert_allclose(L[["smoothing_x", "smoothing_y"]].iloc[0], np.diag(theirs), rtol=REFERENCE)
    local = sc.local_lee(panel, "x", "other", w, permutations=9, seed=0).table["L"]
    theirs = esda.Spatial_Pearson_Local(one.weights.sparse.todense(), permutations=0).fit(a[:, None], b[:, None])
    np.testing.assert_allclose(local, theirs.associations_, rtol=REFERENCE)
    local = sc.local_bivariate_moran(panel, "x", "other", w, permutations=9, seed=0).table
    theirs = esda.Moran_Local_BV(a, b, one.weights.to_W(), permutations=0)
    # esda divides by n - 1 as it does for one variable.
    np.testing.assert_allclose(local["I"], theirs.Is * 12 / 11, rtol=REFERENCE)


@pytest.mark.parametrize("function", [sc.bivariate_moran, sc.lee])
@pytest.mark.parametrize("null", ["pairs", "independent"])
def test_moments_are_those_of_all_arrangements(function, null):
    x, y, matrix, panel, w, _ = world(1, 6)
    statistic = moran if function is sc.bivariate_moran else lee
    orders = [list(o) for o in permutations(range(6))]
    every = np.array([statistic(x[0][o] if null == "pairs" else x[0], y[0][o], matrix) for o in orders])
    found = function(panel, "x", "other", w, null=null, permutations=20_000, seed=3).table.iloc[0]
    assert found["expected"] == pytest.approx(every.mean(), abs=5 * every.std() / np.sqrt(20_000))
    assert found["variance"] == pytest.approx(every.var(), rel=VARIANCE)
    p = brute.p_enumerated(statistic(x[0], y[0], matrix), every, "two-sided")
    assert found["p"] == pytest.approx(p, abs=0.02)  # thrice two sides of the error of a share of 20 000
    if function is sc.bivariate_moran and null == "pairs":
        assert every.mean() == pytest.approx(-np.corrcoef(x[0], y[0])[0, 1] / 5, rel=REFERENCE)


def test_local_moments_are_those_of_all_conditional_arrangements():
    x, y, matrix, panel, w, labels = world(2, 7)
    zx, zy = z(x[0]), z(y[0])
    I = sc.local_bivariate_moran(panel, "x", "other", w, permutations=20_000, seed=0, period=0).table  # noqa: E741
    L = sc.local_lee(panel, "x", "other", w, permutations=20_000, seed=0, period=0).table
    star = sc.local_lee(panel, "x", "other", w, permutations=20_000, seed=0, period=0, star=True).table
    total, own = (n * 0 + sum(m.sum(axis=1) ** 2) for n, m in ((0, matrix), (0, with_self(matrix))))
    for i, label in enumerate(labels):
        others = [k for k in range(7) if k != i]
        orders = np.array([np.insert(np.array(o), i, i) for o in permutations(others)])
        every = zx[i] * (zy[orders] @ matrix[i])
        np.testing.assert_allclose(I.loc[label, "expected"], every.mean(), rtol=REFERENCE, atol=EXACT)
        np.testing.assert_allclose(I.loc[label, "variance"], every.var(), rtol=REFERENCE, atol=EXACT)
        assert np.isnan(I.loc[label, "z"]) == (i == 1)
        for table, m, sums in ((L, matrix, total), (star, with_self(matrix), own)):
            every = 7 / sums * (zx[orders] @ m[i]) * (zy[orders] @ m[i])
            seen = 7 / sums * (m[i] @ zx) * (m[i] @ zy)
            assert table.loc[label, "L"] == pytest.approx(seen, rel=REFERENCE, abs=EXACT)
            assert np.isnan(table.loc[label, "p"]) == (i == 1)
            if i != 1:
                assert table.loc[label, "variance"] == pytest.approx(every.var(), rel=VARIANCE)
                p = brute.p_enumerated(seen, every, "two-sided")
                assert table.loc[label, "p"] == pytest.approx(p, abs=0.02)
        if i != 1:
            for side in ("two-sided", "greater", "less"):
                found = sc.local_bivariate_moran(
                    panel, "x", "other", w, permutations=5000, seed=0, period=0, alternative=side
                ).table.loc[label, "p"]
                p = brute.p_enumerated(zx[i] * (matrix[i] @ zy), zx[i] * (zy[orders] @ matrix[i]), side)
                assert found == pytest.approx(p, abs=0.04)


def test_quadrants_and_clusters_hold_together():
    _, _, _, panel, w, _ = world(3, 40, dense=0.1, standardise=True)
    table = sc.local_bivariate_moran(panel, "x", "other", w, seed=1, level=0.2).table
    told = [
        ("H" if a > 0 else "L") + ("H" if b > 0 else "L") for a, b in zip(table["deviation"], table["lag"], strict=True)
    ]
    seen = table["z"].notna()
    assert table["quadrant"][seen].tolist() == [t for t, s in zip(told, seen, strict=True) if s]
    passed = table["p"] <= 0.2
    assert 0 < passed.sum() < 40
    assert (table["cluster"][passed] == table["quadrant"][passed].map(sc.autocorrelation.QUADRANTS)).all()
    assert (table["cluster"][~passed & seen] == "not significant").all()
    np.testing.assert_array_equal(table["value"], panel.values("x")[0])


@pytest.mark.parametrize("function", [sc.bivariate_moran, sc.lee, sc.local_bivariate_moran, sc.local_lee])
def test_one_seed_gives_one_figure_in_any_order_and_nothing_given_is_changed(function):
    _, _, _matrix, panel, w, _labels = world(4, 14, periods=2)
    before, frame = w.adjacency.copy(), panel.frame
    state = np.random.get_state()[1].copy()
    one = function(panel, "x", "other", w, permutations=99, seed=5)
    again = function(panel, "x", "other", w, permutations=99, seed=5)
    pd.testing.assert_frame_equal(one.table, again.table)
    shuffled = sc.Panel(frame.sample(frac=1, random_state=0), region="region", period="period")
    other = function(shuffled, "x", "other", w, permutations=99, seed=5)
    pd.testing.assert_frame_equal(one.tidy().set_index(["period", "term"]).sort_index(),
                                  other.tidy().set_index(["period", "term"]).sort_index())  # fmt: skip
    pd.testing.assert_series_equal(w.adjacency, before)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert one.provenance.seed == 5
    assert one.provenance.options["x"] == "x"
    assert one.provenance.options["y"] == "other"


def test_the_warning_about_correlation_in_place_is_said_and_true():
    """x in clusters, y = x + noise: a large I_xy, all of it by r and Moran's I of x; the note says so."""
    matrix = brute.row_standardised(brute.lattice(12))
    rng = np.random.default_rng(0)
    x = np.linalg.solve(np.eye(144) - 0.8 * matrix, rng.normal(size=144))
    labels = [f"r{i:03d}" for i in range(144)]
    panel = brute.panel(x, labels).assign(x=lambda f: f["y"], other=x + rng.normal(size=144))
    found = sc.bivariate_moran(panel, "x", "other", brute.graph(matrix, labels), seed=0)
    row = found.table.iloc[0]
    assert row["p"] <= 0.002
    assert row["I"] > 0.3
    assert abs(row["beyond"]) < 0.1 * row["I"] + 0.05
    assert any("in the same region (r = 0." in note and "no sign of spillovers" in note for note in found.notes)
    assert "by correlation in place" in repr(found)


@pytest.mark.parametrize("null", ["pairs", "independent"])
@pytest.mark.parametrize("function", [sc.bivariate_moran, sc.lee])
def test_p_is_uniform_where_pairs_are_scattered_at_random(function, null):
    """400 maps: Kolmogorov and Smirnov's test at 0.1 %; under "independent" x and y are unrelated."""
    matrix = brute.row_standardised(brute.lattice(5))
    labels = [f"r{i:03d}" for i in range(25)]
    rng = np.random.default_rng(7)
    x = rng.normal(size=(400, 25))
    y = rng.exponential(size=(400, 25)) + (null == "pairs") * x
    panel = brute.panel(x, labels).assign(x=lambda f: f["y"], other=y.ravel())
    # One arrangement serves all periods, but the maps are drawn apart.
    p = function(panel, "x", "other", brute.graph(matrix, labels), permutations=199, seed=0, null=null).table["p"]
    assert kstest(p, "uniform").pvalue > 0.001
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.035)


def test_reprs_are_narrow_and_summaries_complete():
    _, _, _, panel, w, _ = world(6, 14, periods=3)
    for function in (sc.bivariate_moran, sc.lee, sc.local_bivariate_moran, sc.local_lee):
        found = function(panel, "x", "other", w, permutations=99, seed=1, log=False)
        lines = [line for line in repr(found).split("\n") if "note:" not in line and "weights:" not in line]
        assert max(map(len, lines)) <= 80
        assert found.name in lines[0]
        assert found.glance().shape[0] == 1
        assert found.to_dict()["glance"]["statistic"] == found.name
        assert "<table" in found._repr_html_()
    assert sc.lee(panel, "x", "other", w, permutations=9, seed=1, star=True).name == "Lee's L*"


def test_what_they_refuse():
    _, _, _, panel, w, _ = world(6, 14)
    with pytest.raises(OptionError, match="null must be one of 'pairs', 'independent'"):
        sc.bivariate_moran(panel, "x", "other", w, null="randomisation")
    with pytest.raises(OptionError, match="permutations must be a whole number of at least 1"):
        sc.lee(panel, "x", "other", w, permutations=0)
    with pytest.raises(OptionError, match="star must be True or False"):
        sc.lee(panel, "x", "other", w, star=1)
    with pytest.raises(VariableError, match="'flat' is the same in all 14 regions"):
        sc.bivariate_moran(panel.assign(flat=1.0), "x", "flat", w)
    with pytest.raises(VariableError, match="no variable 'z'"):
        sc.local_lee(panel, "x", "z", w)
    few = panel.subset(regions=["r000", "r002"])
    with pytest.raises(DataError, match="bivariate Moran's I needs 3 or more"):
        sc.bivariate_moran(few, "x", "other", w)
