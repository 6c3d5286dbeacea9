"""Weights from matrices and files: round trips, files of other software, and files that are none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph, read_gal
from libpysal.weights import W as OldW
from scipy import io as scipy_io
from scipy import sparse

import spatialconv as sc
from spatialconv.errors import AlignmentError, FileError, OptionError, WeightsError
from tests.brute_weights import dense, links, row
from tests.tolerances import EXACT

TRADE = np.array([[0, 1 / 3, 2e-17, 0], [5e11, 0, 0, 0], [0, 0.1, 0, 0], [0, 0, 0, 0]])
CITIES = ["Zürich", "杭州", "a.b", "isle"]


def test_from_matrix_of_any_kind():
    for matrix in (TRADE, TRADE.tolist(), sparse.csr_array(TRADE), sparse.coo_matrix(TRADE)):
        w = sc.weights.from_matrix(matrix, regions=CITIES)
        np.testing.assert_array_equal(dense(w), TRADE)
        assert list(w.unique_ids) == CITIES
    np.testing.assert_allclose(
        dense(sc.weights.from_matrix(TRADE, regions=CITIES, standardise="row")), row(TRADE), rtol=EXACT
    )


def test_from_matrix_leaves_the_matrix_as_it_was():
    given = sparse.csr_array((np.array([2.0, 0.0, 1.0]), np.array([2, 1, 1]), np.array([0, 2, 3, 3])), shape=(3, 3))
    given[1, 1] = 0.0
    before = [part.copy() for part in (given.data, given.indices, given.indptr)]
    w = sc.weights.from_matrix(given, regions=list("abc"), standardise="row")
    np.testing.assert_array_equal(dense(w), [[0, 0, 1], [0, 0, 0], [0, 0, 0]])
    for part, was in zip((given.data, given.indices, given.indptr), before, strict=True):
        np.testing.assert_array_equal(part, was)


def test_frames_are_aligned_by_label():
    frame = pd.DataFrame(TRADE, index=CITIES, columns=CITIES)
    mixed = frame.loc[:, CITIES[::-1]]
    np.testing.assert_array_equal(dense(sc.weights.from_matrix(mixed)), TRADE)
    order = [CITIES[i] for i in (2, 0, 3, 1)]
    found = sc.weights.from_matrix(mixed, regions=order)
    assert list(found.unique_ids) == order
    np.testing.assert_array_equal(dense(found, CITIES), TRADE)


@pytest.mark.parametrize("ending", [".csv", ".gwt", ".mtx"])
@pytest.mark.parametrize("labels", [CITIES, [3, 1, 2, 10], ["007", "7", "1.0", "-"]], ids=["text", "numbers", "digits"])
def test_round_trip_keeps_every_digit_label_and_island(tmp_path, ending, labels):
    w = sc.weights.from_matrix(TRADE, regions=labels)
    path = sc.weights.write(w, tmp_path / f"w{ending}")
    for again in (sc.weights.read(path, regions=labels), sc.weights.read(str(path))):
        np.testing.assert_array_equal(dense(again, labels), TRADE)
        assert sc.weights.describe(again).islands == (labels[3],)
    assert list(sc.weights.read(path, regions=labels[::-1]).unique_ids) == labels[::-1]
    np.testing.assert_array_equal(dense(sc.weights.read(path, regions=labels[::-1]), labels), TRADE)
    np.testing.assert_allclose(dense(sc.weights.read(path, standardise="row"), labels), row(TRADE), rtol=EXACT)


@pytest.mark.parametrize("ending", [".csv", ".gwt", ".mtx"])
def test_the_last_bit_of_a_weight_is_kept(tmp_path, ending):
    """Of 870 random weights, of which `pandas.to_numeric` before pandas 3 reads some dozens one bit off."""
    given = np.random.default_rng(4).lognormal(size=(30, 30)) * (1 - np.eye(30))
    labels = [f"r{i}" for i in range(30)]
    path = sc.weights.write(sc.weights.from_matrix(given, regions=labels), tmp_path / f"w{ending}")
    np.testing.assert_array_equal(dense(sc.weights.read(path, regions=labels), labels), given)


def test_gal_round_trip_and_libpysal(tmp_path):
    binary = (TRADE > 0) * 1.0
    path = sc.weights.write(sc.weights.from_matrix(binary, regions=CITIES, standardise="row"), tmp_path / "w.GAL")
    np.testing.assert_array_equal(dense(sc.weights.read(path), CITIES), binary)
    assert links(sc.weights.read(path)) == links(read_gal(path))
    for name, how in (("g.gal", "to_gal"), ("g.gwt", "to_gwt")):
        theirs = Graph.from_dicts({"a": ["b", "c"], "b": ["a"], "c": [], "d": ["a"]})
        getattr(theirs, how)(tmp_path / name)
        assert links(sc.weights.read(tmp_path / name)) == links(theirs)
        assert sc.weights.describe(sc.weights.read(tmp_path / name)).islands == ("c",)


def test_old_weights_are_written_too(tmp_path):
    old = OldW({"a": ["b"], "b": ["a"]}, {"a": [0.25], "b": [4.0]})
    again = sc.weights.read(sc.weights.write(old, tmp_path / "w.csv"))
    np.testing.assert_array_equal(dense(again, "ab"), [[0, 0.25], [4, 0]])


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        # GeoDa: a header of four words, islands with an empty line or none.
        ("w.gal", "0 3 shape KEY\n1 1\n2\n2 1\n1\n3 0\n\n", {(1, 2), (2, 1)}),
        ("w.gal", "3\n1 1\n2\n3 0\n2 1\n1\n", {(1, 2), (2, 1)}),
        ("w.gwt", "0 3 shape KEY\n1 2 0.5\n2 1 0.5\n3 3 0\n", {(1, 2), (2, 1)}),
        ("w.csv", "focal,neighbor\na,b\nb,a\nc,\n", {("a", "b"), ("b", "a")}),
        ("w.csv", "Focal, Neighbour, Weight\na, b, 2\nc, c, 0\n", {("a", "b")}),
        ("w.csv", "\ufefffocal,neighbor,weight\n01,02,1\n", {("01", "02")}),
        ("w.csv", ",x,y\ny,1,0\nx,0,3\n", {("y", "x"), ("x", "y")}),
    ],
)
def test_files_of_others(tmp_path, name, text, expected):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert links(sc.weights.read(tmp_path / name)) == expected


def test_labels_in_files_are_matched_as_text_with_the_callers(tmp_path):
    (tmp_path / "w.csv").write_text("focal,neighbor\n330100,330200\n330200,330100\n")
    as_numbers = sc.weights.read(tmp_path / "w.csv", regions=[330900, 330200, 330100])
    assert links(as_numbers) == {(330100, 330200), (330200, 330100)}
    assert sc.weights.describe(as_numbers).islands == (330900,)
    as_text = sc.weights.read(tmp_path / "w.csv", regions=["330200", "330100"])
    assert links(as_text) == {("330100", "330200"), ("330200", "330100")}


def test_gbk(tmp_path):
    (tmp_path / "w.csv").write_text("focal,neighbor\n杭州,宁波\n", encoding="gbk")
    with pytest.raises(FileError, match=r"w.csv is not text in utf-8-sig. Give encoding=, for example 'gbk'"):
        sc.weights.read(tmp_path / "w.csv")
    assert links(sc.weights.read(tmp_path / "w.csv", encoding="gbk")) == {("杭州", "宁波")}


def test_matrix_market_of_others_takes_labels_in_order(tmp_path):
    scipy_io.mmwrite(tmp_path / "w.mtx", sparse.coo_array(TRADE))
    np.testing.assert_array_equal(dense(sc.weights.read(tmp_path / "w.mtx", regions=CITIES)), TRADE)
    with pytest.raises(FileError, match=r"w.mtx has no labels; give regions="):
        sc.weights.read(tmp_path / "w.mtx")
    with pytest.raises(FileError, match=r"holds a matrix of \(4, 4\); 3 regions were given"):
        sc.weights.read(tmp_path / "w.mtx", regions=CITIES[:3])


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        ("absent.gal", None, FileError, "there is no weights file"),
        ("w.doc", "", FileError, "weights files end in .gal, .gwt, .csv, .mtx, .*; got 'w.doc'"),
        ("w.gal", "", FileError, "w.gal is no .gal file"),
        ("w.gal", "2\na 1\nb\n", FileError, "2 regions announced, 1 found"),
        ("w.gal", "1\nNew York 1\nb\n", FileError, "no .gal file.*no blanks"),
        ("w.gal", "1\na 2\nb\n", FileError, "a has 1 of 2 neighbours"),
        ("w.gwt", "0 2 x y\na b\n", FileError, "w.gwt is no .gwt file.*region neighbour weight"),
        ("w.gwt", "0 3 x y\na b 1\n", FileError, "says 3 regions and names 2.*regions="),
        ("w.csv", "", FileError, "w.csv is no table"),
        ("w.csv", "a,b\n1,2\n", FileError, r"neither a list of links .* nor a square matrix"),
        ("w.csv", "focal,neighbor,weight\na,b,many\n", FileError, "weights in 'weight' that are no numbers: 'many'"),
        ("w.csv", "focal,neighbor,weight\na,b,\n", WeightsError, r"missing \(NaN\) for \('a', 'b'\)"),
        ("w.csv", "focal,neighbor,weight\na,b,-1\n", WeightsError, r"negative for \('a', 'b'\)"),
        ("w.csv", "focal,neighbor,weight\na,b,1\na,b,1\n", WeightsError, r"more than once: \('a', 'b'\)"),
        ("w.csv", ",a,b\na,1,2\nb,1,0\n", WeightsError, "diagonal is not zero for 'a'"),
        ("w.mtx", "nonsense", FileError, "has no labels"),
        ("w.mtx", '%region "a"\n', FileError, "w.mtx is no Matrix Market file"),
    ],
)
def test_read_refuses(tmp_path, name, text, error, message):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(error, match=message):
        sc.weights.read(tmp_path / name)


def test_read_refuses_regions_it_does_not_know(tmp_path):
    (tmp_path / "w.csv").write_text("focal,neighbor\na,b\nb,c\n")
    with pytest.raises(AlignmentError, match=r"regions of w.csv not in regions=: 'c'"):
        sc.weights.read(tmp_path / "w.csv", regions=["a", "b"])
    with pytest.raises(AlignmentError, match="the same as text: '1'"):
        sc.weights.read(tmp_path / "w.csv", regions=[1, "1", "a"])


@pytest.mark.parametrize(
    ("name", "labels", "error", "message"),
    [
        ("w.gal", list("abcd"), WeightsError, "these differ among the neighbours of 'a'. Write a .gwt or .csv file"),
        ("w.gwt", ["a", "New York", "c", "d"], WeightsError, ".gwt files cannot hold labels with blanks: 'New York'"),
        ("w.xlsx", list("abcd"), FileError, "weights files end in"),
        ("no/w.csv", list("abcd"), FileError, "there is no folder"),
    ],
)
def test_write_refuses(tmp_path, name, labels, error, message):
    with pytest.raises(error, match=message):
        sc.weights.write(sc.weights.from_matrix(TRADE, regions=labels), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("matrix", "options", "error", "message"),
    [
        (TRADE, {}, WeightsError, r"a matrix has no labels of its own; give regions="),
        (TRADE, {"regions": list("abc")}, WeightsError, r"3 regions need a matrix of 3 x 3; got \(4, 4\)"),
        (TRADE[:, :3], {"regions": list("abcd")}, WeightsError, r"got \(4, 3\)"),
        (TRADE[0], {"regions": list("abcd")}, WeightsError, "two-dimensional"),
        ([["x", "y"], ["z", "u"]], {"regions": list("ab")}, WeightsError, "numeric; got list"),
        (TRADE, {"regions": list("abca")}, WeightsError, "unique labels; more than once: 'a'"),
        (TRADE, {"regions": ["a", "b", "c", None]}, WeightsError, "without a label: 1"),
        (np.empty((0, 0)), {"regions": []}, WeightsError, "regions are empty"),
        (TRADE, {"regions": list("abcd"), "standardise": "max"}, OptionError, "standardise must be one of"),
        (pd.DataFrame(TRADE, list("abcd"), list("abce")), {}, AlignmentError, "not in the columns of the matrix: 'd'"),
        (pd.DataFrame(np.zeros((2, 3)), list("ab"), list("abc")), {}, AlignmentError, "columns .* not among .*: 'c'"),
        (
            pd.DataFrame(TRADE, list("abcd"), list("abcd")),
            {"regions": list("abc")},
            AlignmentError,
            r"rows of the matrix are not among the regions: 'd'.*weights\.subset",
        ),
    ],
)
def test_from_matrix_refuses(matrix, options, error, message):
    with pytest.raises(error, match=message):
        sc.weights.from_matrix(matrix, **options)
