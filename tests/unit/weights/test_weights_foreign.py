"""Weights as other programs keep them: their writers and libpysal's readers and files are the witnesses."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import libpysal
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import io as scipy_io
from scipy import sparse

import spatialconv as sc
from spatialconv._files.spreadsheet import guarded, unguarded
from spatialconv.errors import AlignmentError, FileError, OptionError, SpatialConvError
from tests.brute_weights import dense
from tests.tolerances import EXACT

WMAT = Path(libpysal.__file__).parent / "examples" / "wmat"
LABELS = ["NA", "=1+1", "Zürich", "06001"]
RNG = np.random.default_rng(6)
FULL = np.where(RNG.random((4, 4)) < 0.7, RNG.lognormal(size=(4, 4)), 0) * (1 - np.eye(4))
FULL[3] = 0  # an island


def theirs(path, kind=None):
    """What libpysal reads: labels and the matrix."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        w = libpysal.io.open(str(path), "r", *([kind] if kind else [])).read()
        full, ids = w.full()
    return [str(i) for i in ids], full


@pytest.mark.parametrize(
    ("name", "kind"), [("stata_full.txt", "stata_text"), ("stata_sparse.txt", "stata_text"), ("ohio.swm", None)]
)
def test_files_that_libpysal_ships(name, kind):
    ids, full = theirs(WMAT / name, kind)
    found = sc.weights.read(WMAT / name)
    assert {str(label) for label in found.unique_ids} == set(ids)
    np.testing.assert_array_equal(dense(found, [int(label) for label in ids]), full)


def test_kernels_of_geoda():
    path = WMAT.parent / "baltim" / "baltim.tri.k12.kwt"
    found = sc.weights.read(path)
    frame = pd.read_csv(path, sep=r"\s+", skiprows=1, names=["i", "j", "w"])
    own = frame["i"] == frame["j"]
    wanted = frame[~own].pivot(index="i", columns="j", values="w").fillna(0)
    ids = list(found.unique_ids)
    np.testing.assert_array_equal(dense(found), wanted.reindex(index=ids, columns=ids, fill_value=0))
    aligned = sc.weights.align(found, ids)
    assert any(
        f"baltim.tri.k12.kwt has {own.sum()} regions as their own neighbours; taken off" in n for n in aligned.notes
    )


def test_matlab(tmp_path):
    labels = [f"s{k}" for k in range(48)]
    path = WMAT / "spat-sym-us.mat"
    full = next(v for v in scipy_io.loadmat(path).values() if hasattr(v, "shape") and v.shape == (46, 46))
    np.testing.assert_array_equal(dense(sc.weights.read(path, labels=labels[:46])), sparse.csr_array(full).toarray())
    for name, one in {"full": FULL, "sparse": sparse.csc_matrix(FULL)}.items():
        for packed in (False, True):
            scipy_io.savemat(tmp_path / "w.mat", {"W": one, "years": np.arange(3)}, do_compression=packed)
            np.testing.assert_array_equal(dense(sc.weights.read(tmp_path / "w.mat", labels=LABELS), LABELS), FULL), name
    order = LABELS[::-1]
    again = sc.weights.read(tmp_path / "w.mat", labels=LABELS, regions=order)
    assert list(again.unique_ids) == order
    np.testing.assert_array_equal(dense(again, LABELS), FULL)
    np.testing.assert_array_equal(dense(sc.weights.read(tmp_path / "w.mat", regions=LABELS), LABELS), FULL)
    with pytest.raises(FileError, match=r"holds a matrix of 4 x 4 without labels, and 0 were given: give labels="):
        sc.weights.read(tmp_path / "w.mat")
    scipy_io.savemat(tmp_path / "two.mat", {"A": FULL, "B": FULL.T})
    with pytest.raises(FileError, match=r"must hold one square matrix; it holds 2: 'A', 'B'"):
        sc.weights.read(tmp_path / "two.mat", labels=LABELS)
    np.testing.assert_array_equal(
        dense(sc.weights.read(tmp_path / "two.mat", labels=LABELS, matrix="B"), LABELS), FULL.T
    )
    with pytest.raises(FileError, match="has no matrix 'C'"):
        sc.weights.read(tmp_path / "two.mat", labels=LABELS, matrix="C")
    (tmp_path / "new.mat").write_bytes(b"MATLAB 7.3 MAT-file" + b" " * 200)
    with pytest.raises(FileError, match=r"MATLAB 7\.3 file; save it by"):
        sc.weights.read(tmp_path / "new.mat", labels=LABELS)


def test_spmatrix_of_stata(tmp_path):
    """The file of Stata's manual ([SP] spmatrix export), its figures as printed there."""
    path = tmp_path / "small.txt"
    path.write_text(
        "4\n20029 0 .225898983673981 .259698923068494 .746562405514367\n"
        "33003 .225898983673981 0 .123515701241913 .187089086384635\n"
        "41021 .259698923068494 .123515701241913 0 .264715523882705\n"
        "48227 .746562405514367 .187089086384635 .264715523882705 0\n"
    )
    found = sc.weights.read(path)
    assert list(found.unique_ids) == [20029, 33003, 41021, 48227]
    assert found[20029].to_dict() == {33003: 0.225898983673981, 41021: 0.259698923068494, 48227: 0.746562405514367}
    path.write_text("3\n0 1 2\n1 0 0\n0 0 0\n")
    np.testing.assert_array_equal(
        dense(sc.weights.read(path, labels=list("abc")), "abc"), [[0, 1, 2], [1, 0, 0], [0, 0, 0]]
    )
    for text, words in {
        "": "first line must be the number",
        "2 0 1\n": "Banded",
        "3\n1 2\n": "announces 3 regions and has 1 lines",
        "2\n1 2\n2 7\n": "'7' are no IDs",
        "2\n1 0 x\n2 1 0\n": "no numbers",
        "2\n1 0 1\n1 1 0\n": "one ID twice: '1'",
    }.items():
        path.write_text(text)
        with pytest.raises(FileError, match=words):
            sc.weights.read(path)


@pytest.mark.parametrize("ending", [".xlsx", ".dta", ".csv"])
@pytest.mark.parametrize("form", ["labelled", "links", "bare", "numbered"])
def test_tables(tmp_path, ending, form):
    path = tmp_path / f"w{ending}"
    names = ["a", "b", "c", "d"]
    frame = {
        "labelled": pd.DataFrame(FULL, columns=names).assign(id=names)[["id", *names]],
        "links": pd.DataFrame([(names[i], names[j], FULL[i, j]) for i in range(4) for j in range(4) if FULL[i, j]]
                              + [("d", "d", 0.0)], columns=["focal", "neighbor", "weight"]),
        "bare": pd.DataFrame(FULL, columns=[f"v{k}" for k in range(1, 5)]),
        "numbered": pd.DataFrame(np.c_[FULL], columns=["v1", "v2", "v3", "v4"]).assign(id=names)
                    [["id", "v1", "v2", "v3", "v4"]],
    }[form]  # fmt: skip
    if ending == ".dta":
        frame.to_stata(path, write_index=False, version=118)
    elif ending == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_csv(path, index=False)
    told = {"labels": names} if form == "bare" else {}
    # openpyxl writes 16 digits, and a double has 17
    np.testing.assert_allclose(
        dense(sc.weights.read(path, **told), names), FULL, rtol=1e-15 if ending == ".xlsx" else 0
    )
    if form == "bare":
        with pytest.raises(FileError, match=r"A matrix without labels takes labels=\[...\]"):
            sc.weights.read(path)


def test_a_square_of_numbers_without_a_line_above(tmp_path):
    for sep in (",", ";", "\t", " "):
        for point in (".", ","):
            if sep == point:
                continue
            text = "\n".join(sep.join(repr(float(v)).replace(".", point) for v in row) for row in FULL)
            (tmp_path / "w.csv").write_text(text + "\n")
            np.testing.assert_array_equal(dense(sc.weights.read(tmp_path / "w.csv", labels=LABELS), LABELS), FULL)
    with pytest.raises(FileError, match=r"w.csv holds 4 x 4 numbers and no labels: give labels="):
        sc.weights.read(tmp_path / "w.csv")
    with pytest.raises(FileError, match=r"a matrix of 4 x 4; 3 labels were given"):
        sc.weights.read(tmp_path / "w.csv", labels=LABELS[:3])
    with pytest.raises(OptionError, match="labels names 'a' more than once"):
        sc.weights.read(tmp_path / "w.csv", labels=["a", "a", "b", "c"])


@pytest.mark.parametrize("text", ["focal;neighbor;weight\na;b;0,5\nb;a;1,25\n", ";a;b\na;0;0,5\nb;1,25;0\n"])
def test_semicolons_and_decimal_commas(tmp_path, text):
    (tmp_path / "w.csv").write_text(text)
    for told in ({}, {"sep": ";", "decimal": ","}):
        np.testing.assert_array_equal(dense(sc.weights.read(tmp_path / "w.csv", **told), "ab"), [[0, 0.5], [1.25, 0]])
    with pytest.raises(SpatialConvError):
        sc.weights.read(tmp_path / "w.csv", sep=";", decimal=".")
    with pytest.raises(OptionError, match="decimal must be"):
        sc.weights.read(tmp_path / "w.csv", decimal="x")


def test_sheets(tmp_path):
    with pd.ExcelWriter(tmp_path / "w.xlsx") as book:
        pd.DataFrame({"note": ["none"]}).to_excel(book, sheet_name="about", index=False)
        pd.DataFrame(FULL, index=list("abcd"), columns=list("abcd")).to_excel(book, sheet_name="W")
    with pytest.raises(FileError, match=r"has the sheets 2: 'about', 'W'; say which holds the weights by sheet="):
        sc.weights.read(tmp_path / "w.xlsx")
    np.testing.assert_allclose(dense(sc.weights.read(tmp_path / "w.xlsx", sheet="W"), "abcd"), FULL, rtol=1e-15)
    pd.DataFrame(FULL, index=LABELS, columns=LABELS).to_excel(tmp_path / "w.xlsx")  # one of them is a formula there
    with pytest.raises(FileError, match=r"a region without a label\. A formula"):
        sc.weights.read(tmp_path / "w.xlsx")


def test_arcgis_of_both_ages(tmp_path):
    """What libpysal writes and reads; and the header since 10.1, with one weight for all."""
    links = {1: [2, 3], 2: [1], 3: [1], 4: []}
    old = libpysal.weights.W(links, {1: [0.5, 2.0], 2: [1.0], 3: [4.0], 4: []}, silence_warnings=True)
    path = tmp_path / "w.swm"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = libpysal.io.open(str(path), "w")
        out.varName, out.srs = "ID", "WGS"
        out.write(old)
        out.close()
    np.testing.assert_allclose(dense(sc.weights.read(path), [1, 2, 3, 4]), old.full()[0], rtol=EXACT)
    body = struct.pack("<2i", 3, 0)
    for region, near in {7: [8, 9], 8: [7], 9: []}.items():
        body += struct.pack("<2i", region, len(near)) + struct.pack(f"<{len(near)}i", *near)
        body += struct.pack("<2d", 0.25, 0.25 * len(near)) if near else b""
    path.write_bytes(b"VERSION@10.1;UNIQUEID@ID;SPATIALREFNAME@x;FIXEDWEIGHTS@True\n" + body)
    ids, full = theirs(path)
    np.testing.assert_array_equal(dense(sc.weights.read(path), [int(i) for i in ids]), full)
    for cut in (10, len(path.read_bytes()) - 5):
        short = tmp_path / "short.swm"
        short.write_bytes(path.read_bytes()[:cut])
        with pytest.raises(FileError, match=r"\.swm file"):
            sc.weights.read(short)
    path.write_bytes(b"ID;WGS\n" + struct.pack("<4i", 1, 0, 5, 2**31 - 1))
    with pytest.raises(FileError, match="ends before the neighbours that it announces"):
        sc.weights.read(path)


def test_regions_still_decide_and_rules_help(tmp_path):
    (tmp_path / "w.csv").write_text(";6001;6003\n6001;0;1\n6003;1;0\n")
    with pytest.raises(AlignmentError, match=r"'zero-padded to 5 digits' would match 2 of 2"):
        sc.weights.read(tmp_path / "w.csv", regions=["06001", "06003"])
    found = sc.relabel(sc.weights.read(tmp_path / "w.csv"), "digits:5")
    assert list(found.unique_ids) == ["06001", "06003"]


# ---------------------------------------------------------------------- formulas


ODD = [
    "=1+1",
    "+49",
    "@x",
    "\tz",
    "-",
    "- a",
    "-a",
    "-1",
    "'",
    "'=x",
    "''@",
    " =x",
    "a'b",
    ' "q"',
    "a,b",
    "x\ny",
    " end ",
    "a\r\nb",
]


def test_labels_that_are_formulas_come_back_as_they_went_and_no_spreadsheet_runs_them(tmp_path):
    n = len(ODD)
    full = np.random.default_rng(2).random((n, n)) * (1 - np.eye(n))
    path = sc.weights.write(sc.weights.from_matrix(full, regions=ODD), tmp_path / "w.csv")
    again = sc.weights.read(path)
    assert list(again.unique_ids) == ODD
    np.testing.assert_array_equal(dense(again, ODD), full)
    np.testing.assert_array_equal(dense(sc.weights.read(path, regions=ODD), ODD), full)
    cells = pd.read_csv(path, dtype=str, keep_default_na=False)["focal"]
    assert {cell for cell in cells if cell.lstrip().startswith(("=", "+", "@", "\t"))} == {"+49"}  # a number


def test_tables_run_nothing_either():
    frame = pd.DataFrame(
        {"=cmd": ["@x", "-0.5", "−1", "ok"], "v": [-1.5, 2, 3, 4]}, index=pd.Index(["+a", "b", "c", "d"], name="=n")
    )
    text = sc.tables.Table(frame).to_csv()
    assert text.splitlines() == ["'=n,'=cmd,v", "'+a,'@x,-1.5", "b,-0.5,2.0", "c,−1,3.0", "d,ok,4.0"]
    pairs = frame.set_index("v", append=True)
    assert sc.tables.Table(pairs).to_csv().splitlines()[1] == "'+a,-1.5,'@x"
    plain = pd.DataFrame({"a": [1.0]}, index=["x"])
    assert sc.tables.Table(plain).to_csv() == plain.to_csv(lineterminator="\n")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(alphabet=st.sampled_from("=+-@'\t\r\n a1."), max_size=6))
def test_the_apostrophe_comes_off_as_it_went_on(text):
    assert unguarded(guarded(text)) == text
    made = guarded(text)
    assert made in (text, f"'{text}")
    assert made[:1] not in ("\t", "\r", "\n")
    if made.lstrip(" ")[:1] in ("=", "+", "@"):
        assert made[1:2].isdigit() or made[1:2] == "."  # a number with its sign


@pytest.mark.parametrize("ending", [".txt", ".kwt", ".xlsx", ".dta", ".mat", ".swm", ".csv"])
def test_damaged_files_are_ours_to_explain(tmp_path, ending):
    names = [f"r{k}" for k in range(9)]
    full = np.random.default_rng(1).random((9, 9)) * (1 - np.eye(9))
    path = tmp_path / f"w{ending}"
    if ending in (".xlsx", ".dta"):
        frame = pd.DataFrame(full, columns=names).assign(id=names)[["id", *names]]
        frame.to_excel(path, index=False) if ending == ".xlsx" else frame.to_stata(path, write_index=False, version=118)
    elif ending == ".mat":
        scipy_io.savemat(path, {"W": full}, do_compression=True)
    elif ending == ".swm":
        path.write_bytes((WMAT / "ohio.swm").read_bytes())
    elif ending == ".kwt":
        path.write_text(
            "0 9 x y\n" + "".join(f"{a} {b} {full[i, j]}\n" for i, a in enumerate(names) for j, b in enumerate(names))
        )
    elif ending == ".txt":
        path.write_text("9\n" + "".join(f"{k} {' '.join(map(str, row))}\n" for k, row in enumerate(full)))
    else:
        pd.DataFrame(full, index=names, columns=names).to_csv(path, sep=";", decimal=",")
    whole, rng, seen = path.read_bytes(), np.random.default_rng(3), set()
    for k in range(40):
        bad = bytearray(whole)
        for at in rng.integers(len(bad), size=int(rng.integers(1, 12))):
            bad[at] = int(rng.integers(256))
        path.write_bytes(bytes(bad[: int(rng.integers(0, len(bad)))] if k % 3 == 0 else bad))
        try:
            sc.weights.read(path, **({"labels": names} if ending == ".mat" else {}))
            seen.add("read")
        except SpatialConvError:
            seen.add("refused")
    assert "refused" in seen
