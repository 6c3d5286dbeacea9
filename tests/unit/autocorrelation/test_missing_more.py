"""Statistics of two variables, of differences, of spread and of joins among the regions that are there, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.errors import DataError, MissingDataError
from tests.unit.autocorrelation.test_missing import frame, matrix, w  # noqa: F401 (fixtures)

RTOL = 1e-9
YEARS = range(2000, 2007)


@pytest.fixture(scope="module")
def both(frame):  # noqa: F811
    """A second variable with gaps of its own, and a third of zeros and ones absent where the first is."""
    rng = np.random.default_rng(8)
    x = np.where(rng.random(len(frame)) < 0.1, np.nan, rng.normal(size=len(frame)) + frame["people"] / 4)
    x = np.where(frame["year"] == 2005, frame["people"], x)
    high = (frame["people"] > 5).astype(float).where(frame["y"].notna())
    return frame.assign(x=x, high=high)


@pytest.fixture(scope="module")
def panel(both):
    return sc.Panel(both, region="region", period="year")


def there(both, matrix, year, *names):  # noqa: F811
    own = both[both.year == year].sort_values("region")
    here = own[list(names)].notna().all(axis=1).to_numpy()
    W = matrix[np.ix_(here, here)]
    sums = W.sum(axis=1, keepdims=True)
    W = np.divide(W, sums, out=np.zeros_like(W), where=sums > 0)
    return W, own["region"][here].to_numpy(), *(own[name].to_numpy()[here] for name in names)


def z(v):
    return (v - v.mean()) / v.std()


def test_bivariate_moran_and_lee(both, panel, matrix, w):  # noqa: F811
    moran = sc.bivariate_moran(panel, "x", "y", w, permutations=19, seed=1, missing="omit")
    lee = sc.lee(panel, "x", "y", w, permutations=19, seed=1, missing="omit")
    for year in YEARS:
        W, _, x, y = there(both, matrix, year, "x", "y")
        assert moran.table.loc[year, "n"] == len(x) == lee.table.loc[year, "n"]
        np.testing.assert_allclose(moran.table.loc[year, "I"], z(x) @ W @ z(y) / W.sum(), rtol=RTOL)
        np.testing.assert_allclose(moran.table.loc[year, "r"], np.corrcoef(x, y)[0, 1], rtol=RTOL)
        by_hand = len(x) / (W.sum(axis=1) ** 2).sum() * (W @ z(x)) @ (W @ z(y)) / len(x)
        np.testing.assert_allclose(lee.table.loc[year, "L"], by_hand, rtol=RTOL)
    assert sum("correlation of both in the same region" in note for note in moran.notes) == 1
    assert "of 25 regions" in repr(moran)
    pd.testing.assert_frame_equal(
        moran.table, sc.bivariate_moran(panel, "x", "y", w, permutations=19, seed=1, missing="omit").table
    )


def test_local_statistics(both, panel, matrix, w):  # noqa: F811
    drawn = {"permutations": 19, "seed": 1, "missing": "omit"}
    pair = sc.local_bivariate_moran(panel, "x", "y", w, **drawn)
    smooth = sc.local_lee(panel, "x", "y", w, **drawn)
    geary = sc.local_geary(panel, "y", w, **drawn)
    spread = sc.losh(panel, "y", w, **drawn)
    for found in (pair, smooth, geary, spread):
        assert len(found.table) == 25 * 7
        assert any(note.startswith("figures of a period are of the regions that are there") for note in found.notes)
    for year in YEARS:
        W, labels, x, y = there(both, matrix, year, "x", "y")
        own = pair.table.loc[year, "I"]
        np.testing.assert_allclose(own[labels].astype(float), z(x) * (W @ z(y)), rtol=RTOL, atol=1e-12)
        assert own.drop(labels).isna().all()
        L = len(x) / (W.sum(axis=1) ** 2).sum() * (W @ z(x)) * (W @ z(y))
        np.testing.assert_allclose(smooth.table.loc[year, "L"][labels].astype(float), L, rtol=RTOL, atol=1e-12)
        W, labels, y = there(both, matrix, year, "y")
        c = (W * (z(y)[:, None] - z(y)) ** 2).sum(axis=1)
        np.testing.assert_allclose(geary.table.loc[year, "C"][labels].astype(float), c, rtol=RTOL, atol=1e-12)
        if (W.sum(axis=1) > 0).all():
            e2 = (y - W @ y) ** 2
            H = spread.table.loc[year, "H"]
            np.testing.assert_allclose(H[labels].astype(float), W @ e2 / e2.mean(), rtol=1e-8)
            assert H.drop(labels).isna().all()


def test_join_counts(both, panel, matrix, w):  # noqa: F811
    found = sc.join_counts(panel, "high", w, permutations=19, seed=1, missing="omit")
    for year in YEARS:
        W, _, b = there(both, matrix, year, "high")
        row = found.table.loc[year]
        assert (row["n"] == len(b)).all()
        assert found.ones[year] == b.sum()
        by_hand = [b @ W @ b / 2, (1 - b) @ W @ (1 - b) / 2, (W * (b[:, None] - b) ** 2).sum() / 2]
        np.testing.assert_allclose(row.loc[["1-1", "0-0", "0-1"], "joins"], by_hand, rtol=RTOL, atol=1e-12)
    assert "of 25 regions" in repr(found)


def test_nothing_missing_changes_nothing_and_refusals(both, panel, w):  # noqa: F811
    full = sc.Panel(
        both.assign(x=both["x"].fillna(1.0), y=both["y"].fillna(0.7) + both["people"]), region="region", period="year"
    )
    for call in (sc.bivariate_moran, sc.lee, sc.local_bivariate_moran, sc.local_lee):
        plain, omit = (call(full, "x", "y", w, permutations=19, seed=4, missing=m) for m in ("raise", "omit"))
        pd.testing.assert_frame_equal(plain.table, omit.table[plain.table.columns])
    for call in (sc.local_geary, sc.losh):
        plain, omit = (call(full, "y", w, permutations=19, seed=4, missing=m) for m in ("raise", "omit"))
        pd.testing.assert_frame_equal(plain.table, omit.table)
        with pytest.raises(MissingDataError, match="Or take missing='omit'"):
            call(panel, "y", w, permutations=19)
    with pytest.raises(DataError, match="no region has a value"):
        sc.local_geary(panel.assign(y=np.nan), "y", w, missing="omit")
