"""Alignment by label, description, and the examples in the docstrings."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import pickle
import pkgutil
import warnings

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from libpysal.weights import W as OldW

import spatialconv as sc
from spatialconv.errors import AlignmentError, WeightsError
from tests.brute_weights import both_ways, dense, links, row, squares
from tests.tolerances import EXACT

LABELS = ["a", "b", "c", "d", "isle"]
RAW = np.array([[0, 2, 1, 0, 0], [2, 0, 0, 3, 0], [1, 0, 0, 0, 0], [0, 1, 4, 0, 0], [0, 0, 0, 0, 0]], dtype=float)


def graph(W=RAW, labels=LABELS, how="none") -> Graph:
    return sc.weights.from_matrix(W, regions=labels, standardise=how)


def old(W=RAW, labels=LABELS) -> OldW:
    neighbours = {i: [j for j, v in zip(labels, line, strict=True) if v] for i, line in zip(labels, W, strict=True)}
    values = {i: [float(v) for v in line if v] for i, line in zip(labels, W, strict=True)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The order of the dictionary is not that of the ids.
        return OldW(dict(reversed(neighbours.items())), values, id_order=list(labels))


def foreign(W=RAW, labels=LABELS) -> Graph:
    i, j = np.nonzero(W)
    names = np.array(labels, dtype=object)
    alone = [k for k in range(len(W)) if not W[k].any()]
    i, j, v = np.r_[i, alone].astype(int), np.r_[j, alone].astype(int), np.r_[W[i, j], np.zeros(len(alone))]
    order = np.random.default_rng(0).permutation(len(i))
    return Graph.from_arrays(names[i[order]], names[j[order]], v[order])


@pytest.mark.parametrize("make", [graph, old, foreign])
def test_rows_and_columns_follow_the_regions_asked_for(make, capsys):
    w = make()
    for order in (LABELS, LABELS[::-1], ["d", "isle", "a", "c", "b"]):
        found = sc.weights.align(w, order)
        at = [LABELS.index(label) for label in order]
        np.testing.assert_array_equal(found.matrix.toarray(), RAW[np.ix_(at, at)])
        assert found.matrix.format == "csr"
        assert found.matrix.dtype == np.float64
        assert list(found.regions) == order
        assert found.islands == ("isle",)
        assert found.standardised == "none"
        assert found.notes == ("islands: 'isle' has no neighbour; its spatial lag is zero",)
    assert capsys.readouterr() == ("", "")


def test_the_regions_are_handed_back_as_they_came():
    regions = pd.Index(LABELS[::-1], name="city")
    assert sc.weights.align(graph(), regions).regions is regions


@pytest.mark.parametrize("make", [graph, old, foreign])
def test_nothing_that_is_given_changes(make):
    w = make()
    before = pickle.dumps((w.adjacency, w.adjacency.attrs) if isinstance(w, Graph) else w.__dict__)
    for order in (LABELS, LABELS[::-1], ["d", "b"]):
        aligned = sc.weights.align(w, order)
        aligned.matrix.data[:] = 99.0
    sc.weights.describe(w)
    sc.weights.subset(w, ["b", "a"])
    sc.weights.standardise(w, "row")
    sc.weights.standardise(w, "spectral")
    sc.weights.nested(w, w)
    sc.weights.rho_interval(w)
    after = pickle.dumps((w.adjacency, w.adjacency.attrs) if isinstance(w, Graph) else w.__dict__)
    assert before == after


def test_a_row_standardised_old_w_is_taken_as_it_is():
    w = old()
    w.transform = "r"
    found = sc.weights.align(w, LABELS)
    np.testing.assert_allclose(found.matrix.toarray(), row(RAW), rtol=EXACT)
    assert found.standardised == "row"
    assert w.transform == "R"


@pytest.mark.parametrize("how", ["row", "spectral", "none"])
def test_what_is_left_over_is_cut_out_and_standardised_again(how):
    w = graph(how=how)
    keep = ["d", "b", "a"]
    at = [LABELS.index(label) for label in keep]
    part = RAW[np.ix_(at, at)]
    radius = {"none": 1.0, "row": None, "spectral": np.abs(np.linalg.eigvals(part)).max()}[how]
    expected = row(part) if how == "row" else part / radius
    found = sc.weights.align(w, keep)
    np.testing.assert_allclose(found.matrix.toarray(), expected, rtol=1e-9)
    assert found.standardised == how
    again = {"row": "; row-standardised again", "spectral": "; divided by the largest eigenvalue again", "none": ""}
    assert found.notes == (f"regions cut out of the weights: 2: 'c', 'isle'{again[how]}",)
    subset = sc.weights.subset(w, keep)
    np.testing.assert_allclose(dense(subset), expected, rtol=1e-9)
    assert list(subset.unique_ids) == keep
    assert sc.weights.align(subset, keep).notes == found.notes


def test_cutting_out_can_make_islands():
    found = sc.weights.align(graph(how="row"), ["c", "b", "d"])
    assert found.islands == ("c",)
    assert found.notes[-1] == "islands: 'c' has no neighbour; its spatial lag is zero"
    np.testing.assert_allclose(found.matrix.toarray(), [[0, 0, 0], [0, 0, 1], [0.8, 0.2, 0]], rtol=EXACT)


def test_one_line_for_the_provenance_of_results():
    assert sc.weights.align(graph(how="row"), LABELS).summary == (
        "weights from a matrix, row-standardised: 5 regions, 7 links, 1 without a neighbour"
    )
    study = sc.datasets.zhejiang()
    assert sc.weights.align(sc.weights.adjacency(study.cities), study.panel.regions).summary == (
        "queen contiguity, row-standardised: 11 regions, 38 links, 1 without a neighbour"
    )
    assert sc.weights.align(foreign(), LABELS).summary.startswith("weights, not standardised: 5 regions")
    shown = repr(sc.weights.align(graph(how="row"), LABELS))
    assert shown.splitlines()[1] == "  note: islands: 'isle' has no neighbour; its spatial lag is zero"


def test_words_do_not_outlive_the_weights_they_are_about():
    # libpysal's own transformation gives a Graph of which we no longer know how it was made.
    w = sc.weights.distance_band(squares((0, 0, 1, 1), (1, 0, 2, 1)), threshold=500, standardise="none")
    assert "distance band of 500 km" in sc.weights.describe(w).built
    assert sc.weights.describe(w.transform("D")).built == "weights"


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        (["a", "x", "y"], r"regions not in the weights: 2: 'x', 'y'; the weights have 5: 'a', 'b', 'c', … .*set_index"),
        (["a ", "b"], "differ only in blanks around them"),
        ([], "regions are empty"),
        (["a", "a"], "more than once: 'a'"),
    ],
)
def test_align_refuses_regions(regions, message):
    for call in (sc.weights.align, sc.weights.subset):
        with pytest.raises(WeightsError, match=message.replace("… ", "….?")):
            call(graph(), regions)


def test_labels_of_another_type_are_explained():
    codes = graph(RAW[:2, :2], [330100, 330200])
    with pytest.raises(AlignmentError, match=r"'330100'.* differ only in type \(str against int\): convert one"):
        sc.weights.align(codes, ["330100", "330200"])
    with pytest.raises(AlignmentError, match=r"differ only in type \(int against str\)"):
        sc.weights.align(graph(RAW[:2, :2], ["330100", "330200"]), [330100])


BAD = {
    "missing": (np.nan, r"missing \(NaN\) for \('a', 'b'\) \(region, neighbour\)"),
    "infinite": (np.inf, r"infinite for \('a', 'b'\)"),
    "negative": (-1.0, r"negative for \('a', 'b'\)"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize(
    "call",
    [
        lambda w: sc.weights.align(w, LABELS),
        lambda w: sc.weights.subset(w, LABELS[:2]),
        sc.weights.describe,
        sc.weights.standardise,
        sc.weights.rho_interval,
        lambda w: sc.weights.nested(w, graph()),
        lambda w: sc.weights.nested(graph(), w),
        lambda w: sc.weights.write(w, "never_written.csv"),
    ],
)
def test_impossible_weights_are_refused_everywhere(call, kind):
    value, message = BAD[kind]
    W = RAW.copy()
    W[0, 1] = value
    if kind != "missing":
        # libpysal's Graph refuses NaN by itself.
        with pytest.raises(WeightsError, match=message):
            call(foreign(W))
    with pytest.raises(WeightsError, match=message):
        call(old(W))


def test_self_weights_are_refused_by_name():
    w = graph().assign_self_weight()
    with pytest.raises(WeightsError, match="own neighbour; the diagonal is not zero for 5: 'a', 'b', 'c', …"):
        sc.weights.align(w, LABELS)
    with pytest.raises(WeightsError, match="diagonal is not zero for 'b'"):
        sc.weights.from_matrix(np.diag([0.0, 1.0]), regions=["a", "b"])


def test_links_twice_are_refused():
    index = pd.MultiIndex.from_tuples([("a", "b"), ("a", "b"), ("b", "a")], names=["focal", "neighbor"])
    twice = Graph(pd.Series([1.0, 1.0, 1.0], index=index, name="weight"), is_sorted=True)
    with pytest.raises(WeightsError, match=r"more than once: \('a', 'b'\)"):
        sc.weights.describe(twice)


@pytest.mark.parametrize("thing", [RAW, pd.DataFrame(RAW), None, "queen"])
def test_other_objects_are_refused(thing):
    with pytest.raises(WeightsError, match=r"must be a libpysal Graph or W; got .*weights\.from_matrix"):
        sc.weights.align(thing, LABELS)


# ---------------------------------------------------------------------- standardise


@pytest.mark.parametrize("make", [graph, old, foreign])
def test_standardise(make):
    W = dense(make(), LABELS) if make is not old else RAW
    np.testing.assert_allclose(dense(sc.weights.standardise(make()), LABELS), row(W), rtol=EXACT)
    radius = np.abs(np.linalg.eigvals(W)).max()
    np.testing.assert_allclose(dense(sc.weights.standardise(make(), "spectral"), LABELS), W / radius, rtol=1e-9)
    np.testing.assert_array_equal(dense(sc.weights.standardise(make(), "none"), LABELS), W)


# ---------------------------------------------------------------------- describe


def test_description_counts_by_hand():
    found = sc.weights.describe(graph(how="row"))
    assert (found.n, found.links, found.islands, found.components) == (5, 7, ("isle",), 2)
    assert (found.min_neighbours, found.mean_neighbours, found.max_neighbours) == (0, 1.4, 2)
    assert not found.symmetric
    assert found.standardised == "row"
    np.testing.assert_allclose(found.rho_interval, sc.weights.rho_interval(row(RAW)), rtol=EXACT)
    expected = pd.DataFrame(
        {"neighbours": [2, 2, 1, 2, 0], "weight": [1.0, 1, 1, 1, 0], "component": [1, 1, 1, 1, 2]}, index=LABELS
    )
    pd.testing.assert_frame_equal(found.table, expected, check_dtype=False, check_index_type=False)
    both = sc.weights.describe(sc.weights.from_matrix(RAW + RAW.T, regions=LABELS, standardise="row"))
    assert both.symmetric


def test_reprs_of_the_description():
    found = sc.weights.describe(sc.weights.adjacency(sc.datasets.zhejiang().cities))
    assert repr(found) == (
        "Weights: queen contiguity, row-standardised\n"
        "  11 regions, 38 links (mutual), components: 2, islands: 'Zhoushan'\n"
        "  neighbours a region: 0 to 5, mean 3.45\n"
        "  rho must lie in (-1.7967, 1.0000)\n"
        "  note: islands: 'Zhoushan' has no neighbour; its spatial lag is zero"
    )
    html = found._repr_html_()
    for text in ("queen contiguity", "<td>Zhoushan</td>", "rho must lie in (-1.7967, 1.0000)", "<li>islands"):
        assert text in html
    assert list(found.tidy().columns) == ["region", "neighbours", "weight", "component"]
    assert found.glance().loc[0, ["n", "links", "islands", "symmetric"]].tolist() == [11, 38, 1, True]
    as_dict = found.to_dict()
    assert as_dict["provenance"]["weights"] == (
        "queen contiguity, row-standardised: 11 regions, 38 links, 1 without a neighbour"
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.n = 3


def test_a_graph_of_ours_is_read_right_by_libpysal():
    w = sc.weights.adjacency(squares((1, 0, 2, 1), (0, 0, 1, 1), (5, 0, 6, 1), labels=["z", "a", "m"]))
    assert links(w) == both_ways("za")
    np.testing.assert_array_equal(w.sparse.toarray(), [[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(w.lag(np.array([1.0, 2.0, 3.0])), [2, 1, 0])
    assert list(w.to_W().id_order) == ["z", "a", "m"]
    assert links(sc.weights.subset(w.to_W(), ["a", "z"])) == both_ways("za")


MODULES = [name for _, name, _ in pkgutil.iter_modules(sc.weights.__path__, "spatialconv.weights.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_examples_are_there():
    for name in sc.weights.__all__:
        thing = getattr(sc.weights, name)
        if not isinstance(thing, type):
            assert ">>> " in thing.__doc__, name


def test_what_is_aligned_already_is_taken_as_it_is():
    ring = sc.weights.from_matrix(np.ones((3, 3)) - np.eye(3), regions=["a", "b", "c"], standardise="row")
    aligned = sc.weights.align(ring, ["c", "a"])
    assert sc.weights.align(aligned, ["c", "a"]) is aligned
    with pytest.raises(AlignmentError, match="aligned to 2 regions"):
        sc.weights.align(aligned, ["a", "c"])


def test_the_log_determinant_is_set_up_once():
    ring = sc.weights.from_matrix(np.ones((3, 3)) - np.eye(3), regions=["a", "b", "c"], standardise="row")
    aligned = sc.weights.align(ring, ["a", "b", "c"])
    assert aligned.logdet("eigen") is aligned.logdet("eigen")
    assert aligned.logdet("eigen").value(0.3) == pytest.approx(np.log(np.linalg.det(np.eye(3) - 0.3 * aligned.matrix)))
