"""Matrix Market files without the native parser: scipy's writer and reader are the witnesses on whole files."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import io as scipy_io
from scipy import sparse

import spatialconv as sc
from spatialconv._files.matrix_market import matrix_market
from spatialconv.errors import FileError, SpatialConvError


@pytest.mark.parametrize("field", ["real", "integer", "pattern", "complex"])
@pytest.mark.parametrize("symmetry", ["general", "symmetric"])
@pytest.mark.parametrize("form", ["coordinate", "array"])
def test_what_scipy_writes_is_read_as_scipy_reads_it(tmp_path, field, symmetry, form):
    if form == "array" and field == "pattern":
        return
    rng = np.random.default_rng(3)
    for n in (1, 2, 7, 30):
        full = np.where(rng.random((n, n)) < 0.3, rng.integers(1, 9, (n, n)) + (0.25 if field == "real" else 0), 0)
        full = full + full.T if symmetry == "symmetric" else full
        full = full.astype(int) if field == "integer" else full * (1 + 2j) if field == "complex" else full
        path = tmp_path / "w.mtx"
        scipy_io.mmwrite(path, full if form == "array" else sparse.coo_array(full), field=field, symmetry=symmetry)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # scipy changes the class of what it returns
            there = scipy_io.mmread(path)
        there = there.toarray() if sparse.issparse(there) else there
        found = matrix_market(path.read_text().splitlines(), n).toarray()
        np.testing.assert_array_equal(found, there)


HEADER = "%%MatrixMarket matrix coordinate real general\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "its first line"),
        ("%%MatrixMarket matrix coordinate octonion general\n2 2 0\n", "no matrix of weights"),
        ("%%MatrixMarket matrix coordinate real hermitian\n2 2 0\n", "no matrix of weights"),
        (HEADER, "the line with its sizes is missing"),
        (HEADER + "100000000 100000000 1\n1 2 3\n", "claims 100000000 x 100000000, for 2 regions"),
        (HEADER + "2 2\n", "3 whole numbers"),
        (HEADER + "2 2 -1\n", "3 whole numbers"),
        (HEADER + "2 2 " + "9" * 5000 + "\n", "3 whole numbers"),
        (HEADER + "2 2 2\n1 2 3\n", "2 entries announced, 1 found"),
        (HEADER + "2 2 1\n1 3 1\n", "outside of the 2 x 2"),
        (HEADER + "2 2 1\n0 1 1\n", "outside of the 2 x 2"),
        (HEADER + "2 2 1\n1 2\n", "an entry must have 3 numbers"),
        (HEADER + "2 2 1\n1 2 many\n", "could not convert"),
        ("%%MatrixMarket matrix array real general\n2 2\n1\n2\n", "4 values announced, 2 found"),
        (HEADER + '%region "a\n2 2 0\n', "no JSON"),
        (HEADER + '%region {"a": 1}\n2 2 0\n', "neither text nor numbers"),
    ],
)
def test_damage_is_named(tmp_path, text, words):
    path = tmp_path / "w.mtx"
    path.write_text(text)
    with pytest.raises(FileError, match=words):
        sc.weights.read(path, regions=["a", "b"])


@pytest.mark.parametrize("ending", [".mtx", ".gal", ".gwt", ".csv"])
def test_weights_files_changed_at_random(tmp_path, ending):
    """30,000 such files once ended in SIGSEGV, SIGFPE, hangs and tracebacks."""
    rng = np.random.default_rng(11)
    full = np.where(rng.random((9, 9)) < 0.4, 1.0, 0.0)
    np.fill_diagonal(full, 0)
    names = [f"r{i}" for i in range(9)]
    path = sc.weights.write(sc.weights.from_matrix(full, regions=names), tmp_path / f"w{ending}")
    whole, seen = path.read_bytes(), set()
    tokens = [b"--5", b"9" * 400, b"%region ", b"-1", b"1e999", b"\n", b" ", b"\x00", b"\xff", b"nan", b"%%", b"0 0 0"]
    for _ in range(250):
        bad = bytearray(whole)
        for at in rng.integers(len(bad), size=int(rng.integers(1, 5))):
            bad[at : at + int(rng.integers(0, 4))] = tokens[rng.integers(len(tokens))]
        path.write_bytes(bytes(bad[: int(rng.integers(0, len(bad) + 1))] if rng.random() < 0.3 else bad))
        try:
            sc.weights.read(path, regions=names if rng.random() < 0.5 else None)
            seen.add("read")
        except SpatialConvError:
            seen.add("refused")
    assert "refused" in seen
