"""What must hold for any weights: found by hypothesis, checked without the package's own arithmetic."""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import spatialconv as sc
from tests.brute_weights import dense, links, row, towns
from tests.tolerances import EIGENVALUE, EXACT

quick = settings(max_examples=40, deadline=None, derandomize=True)


@st.composite
def matrices(draw, least=2, most=8):
    """Non-negative matrices with zero diagonal, sparse enough for islands and one-way links."""
    n = draw(st.integers(least, most))
    values = hnp.arrays(float, (n, n), elements=st.one_of(st.just(0.0), st.floats(1e-3, 1e3)))
    return draw(values) * (1 - np.eye(n))


@st.composite
def maps(draw):
    """A rectangle cut again and again into rectangles at whole numbers: borders meet anywhere along others."""
    parts = [(0, 0, 12, 12)]
    for _ in range(draw(st.integers(1, 12))):
        k = draw(st.integers(0, len(parts) - 1))
        west, south, east, north = parts[k]
        if draw(st.booleans()) and east - west > 1:
            at = draw(st.integers(west + 1, east - 1))
            parts[k : k + 1] = [(west, south, at, north), (at, south, east, north)]
        elif north - south > 1:
            at = draw(st.integers(south + 1, north - 1))
            parts[k : k + 1] = [(west, south, east, at), (west, at, east, north)]
    # Some are left out, so that there are islands and gaps.
    return draw(st.lists(st.sampled_from(parts), min_size=1, unique=True))


def meeting(one, other):
    """How far two rectangles reach along each other, west to east and south to north; negative if apart."""
    return [min(one[k + 2], other[k + 2]) - max(one[k], other[k]) for k in (0, 1)]


@quick
@given(maps())
def test_contiguity_of_rectangles_is_that_of_their_numbers(parts):
    names = [f"r{i}" for i in range(len(parts))]
    gdf = gpd.GeoDataFrame(geometry=[shapely.box(*p) for p in parts], index=names, crs=32651)
    pairs = [(a, b) for a in range(len(parts)) for b in range(len(parts)) if a != b]
    queen = {(names[a], names[b]) for a, b in pairs if min(meeting(parts[a], parts[b])) >= 0}
    rook = {(names[a], names[b]) for a, b in pairs if sorted(meeting(parts[a], parts[b])) >= [0, 1]}
    assume(rook or len(parts) == 1)
    assert links(sc.weights.adjacency(gdf)) == queen
    assert links(sc.weights.adjacency(gdf, rule="rook")) == rook


@quick
@given(matrices(), st.randoms(use_true_random=False))
def test_the_order_of_regions_changes_nothing(W, random):
    names = [f"r{i}" for i in range(len(W))]
    at = list(range(len(W)))
    random.shuffle(at)
    for how in ("row", "spectral", "none"):
        w = sc.weights.from_matrix(W, regions=names, standardise=how)
        turned = sc.weights.from_matrix(W[np.ix_(at, at)], regions=[names[i] for i in at], standardise=how)
        np.testing.assert_allclose(dense(turned, names), dense(w), rtol=EIGENVALUE)
        found = sc.weights.align(turned, names)
        np.testing.assert_allclose(found.matrix.toarray(), dense(w), rtol=EIGENVALUE)


@quick
@given(matrices(least=3), st.data())
def test_cutting_out_and_aligning_commute(W, data):
    names = [f"r{i}" for i in range(len(W))]
    keep = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    w = sc.weights.from_matrix(W, regions=names, standardise="row")
    at = [names.index(k) for k in keep]
    expected = row(W[np.ix_(at, at)]) if W.any() else np.zeros((len(at), len(at)))
    np.testing.assert_allclose(dense(sc.weights.subset(w, keep)), expected, rtol=1e-11)
    np.testing.assert_allclose(sc.weights.align(w, keep).matrix.toarray(), expected, rtol=1e-11)
    again = sc.weights.align(sc.weights.subset(w, keep), keep[::-1]).matrix.toarray()
    np.testing.assert_allclose(again, expected[::-1, ::-1], rtol=1e-11)


@quick
@given(matrices(), st.floats(1e-3, 1e3))
def test_standardising_forgets_scale_and_repeats_to_nothing(W, scale):
    names = range(len(W))
    for how in ("row", "spectral"):
        once = sc.weights.from_matrix(W, regions=names, standardise=how)
        scaled = sc.weights.from_matrix(W * scale, regions=names, standardise=how)
        if how == "row" or sc.weights.rho_interval(W)[1] < np.inf:
            np.testing.assert_allclose(dense(scaled), dense(once), rtol=EIGENVALUE)
        np.testing.assert_allclose(dense(sc.weights.standardise(once, how)), dense(once), rtol=EIGENVALUE)
        found = sc.weights.describe(once)
        assert found.rho_interval[1] >= 1 - EIGENVALUE or how == "spectral"


@quick
@given(matrices(), st.floats(0.01, 100))
def test_the_interval_shrinks_as_the_weights_grow(W, scale):
    low, high = sc.weights.rho_interval(W)
    assert low < 0 < high
    np.testing.assert_allclose(sc.weights.rho_interval(W * scale), (low / scale, high / scale), rtol=1e-6)
    np.testing.assert_allclose(sc.weights.rho_interval(W.T), (low, high), rtol=1e-6)


@quick
@given(matrices(), st.floats(-0.999, 0.999))
def test_inside_the_interval_nothing_is_singular(W, share):
    low, high = sc.weights.rho_interval(W)
    rho = share * (min(high, 1e3) if share > 0 else -max(low, -1e3))
    assume(abs(rho) > 1e-6)
    sign, _ = np.linalg.slogdet(np.eye(len(W)) - rho * W)
    assert sign == 1


@quick
@given(matrices(), st.sampled_from([".csv", ".gwt", ".mtx"]))
def test_files_keep_everything(W, ending):
    names = [f"r{i}" for i in range(len(W))]
    with tempfile.TemporaryDirectory() as folder:
        path = sc.weights.write(sc.weights.from_matrix(W, regions=names), Path(folder) / f"w{ending}")
        np.testing.assert_array_equal(dense(sc.weights.read(path, regions=names)), W)


@quick
@given(
    st.lists(st.tuples(st.floats(-179, 179), st.floats(-85, 85)), min_size=3, max_size=12, unique=True),
    st.integers(1, 2),
    st.randoms(use_true_random=False),
)
def test_distances_do_not_depend_on_the_order_of_rows(places, k, random):
    lon, lat = np.array(places).round(3).T
    assume(len({(x, y) for x, y in zip(lon, lat, strict=True)}) == len(lon))
    gdf = towns(lon, lat)
    at = list(gdf.index)
    random.shuffle(at)
    plain = sc.weights.inverse_distance(gdf, standardise="none")
    np.testing.assert_allclose(
        dense(sc.weights.inverse_distance(gdf.loc[at], standardise="none"), gdf.index), dense(plain), rtol=EXACT
    )
    knn = sc.weights.knn(gdf, k=k)
    if not any(note.startswith("several") for note in sc.weights.describe(knn).notes):
        assert links(sc.weights.knn(gdf.loc[at], k=k)) == links(knn)
    # The k nearest are those with the k largest inverse distances.
    W = dense(plain)
    for i, region in enumerate(gdf.index):
        chosen = [W[i, list(gdf.index).index(b)] for a, b in links(knn) if a == region]
        assert min(chosen) >= np.sort(W[i])[-k] * (1 - 1e-9)
