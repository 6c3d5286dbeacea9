"""Densities, chains and kernels of the regions that are there, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import gaussian_kde

import spatialconv as sc
from spatialconv.errors import DataError, MissingDataError


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(5)
    level = np.exp(rng.normal(size=(40, 1)) + 0.2 * rng.normal(size=(40, 6)).cumsum(axis=1))
    level[rng.random(level.shape) < 0.15] = np.nan
    level[:, 3] = np.where(np.arange(40) < 2, level[:, 3], np.nan)  # two regions at most: no distribution
    wide = pd.DataFrame(level, index=[f"r{i:02d}" for i in range(40)], columns=range(2000, 2006))
    return wide.rename_axis("region").rename_axis("year", axis=1).stack(future_stack=True).rename("y").reset_index()


@pytest.fixture(scope="module")
def panel(frame):
    return sc.Panel(frame, region="region", period="year")


@pytest.fixture(scope="module")
def wide(frame):
    return frame.pivot(index="year", columns="region", values="y")


def relative(wide, least=3):
    own = wide.where(wide.notna().sum(axis=1) >= least)
    return own.div(own.mean(axis=1), axis=0)


def test_density_of_those_there(panel, wide):
    found = sc.density(panel, "y", scale="log", bandwidth="scott", missing="omit")
    assert list(found.periods) == [2000, 2001, 2002, 2004, 2005]
    for year, row in found.table.iterrows():
        x = np.log(wide.loc[year].dropna().to_numpy())
        assert row["n"] == len(x)
        np.testing.assert_allclose([row["mean"], row["sd"]], [x.mean(), x.std(ddof=1)], rtol=1e-12)
        # scipy's factor multiplies the standard deviation; Scott's has (4/3)^(1/5) beside n^(-1/5).
        theirs = gaussian_kde(x, (4 / 3) ** 0.2 * len(x) ** -0.2)(found.grid)
        np.testing.assert_allclose(found.densities.loc[year], theirs, rtol=1e-9, atol=1e-12)
    assert any(note.startswith("no figure in period 2003") for note in found.notes)
    assert any("n = " in note and "of 40" in note for note in found.notes)
    assert len(found.mode_test(draws=19, seed=1).table) == 5
    with pytest.raises(MissingDataError):
        sc.density(panel, "y")


def test_moves_of_those_there_at_both_ends(panel, wide):
    cuts = [0.5, 1.0, 1.5]
    found = sc.markov(panel, "y", classes=cuts, missing="omit")
    values = relative(wide, least=2)
    counts = np.zeros((4, 4), dtype=int)
    before = 0
    for year in range(2000, 2005):
        for region in wide.columns:
            a, b = values.loc[year, region], values.loc[year + 1, region]
            if np.isfinite(a) and np.isfinite(b):
                counts[sum(a > c for c in cuts), sum(b > c for c in cuts)] += 1
                before += year > 2000 and np.isfinite(values.loc[year - 1, region])
    np.testing.assert_array_equal(found.counts, counts)
    assert found.classes["n"].sum() == values.notna().sum().sum()
    assert any("moves are of those there at both ends" in note for note in found.notes)
    assert len(found.order_test()) == 2
    drawn = found.bootstrap(draws=19, seed=1, progress=False)
    assert np.isfinite(drawn.table["estimate"].iloc[0])
    ranks = sc.markov(panel, "y", classes=3, breaks="period", missing="omit")
    x = values.loc[2000].dropna()
    third = (x > x.quantile(2 / 3)).sum()
    assert ranks._moves.start[0].tolist().count(2) == third


def test_kernel_of_pairs_that_are_there(panel, wide, frame):
    found = sc.stochastic_kernel(panel, "y", horizon=1, missing="omit", draws=19, seed=1)
    values = relative(wide)
    pairs = [
        (values.loc[t, r], values.loc[t + 1, r])
        for t in range(2000, 2005) for r in wide.columns
        if np.isfinite(values.loc[t, r]) and np.isfinite(values.loc[t + 1, r])
    ]  # fmt: skip
    assert found.n_pairs == len(pairs)
    np.testing.assert_allclose(sorted(zip(found._pairs.x, found._pairs.y, strict=True)), sorted(pairs), rtol=1e-12)
    assert found.now.name == "2005"
    # Neighbours that are there: a ring of two, by hand.
    labels = list(wide.columns)
    ring = np.roll(np.eye(40), 1, axis=1) + np.roll(np.eye(40), -1, axis=1)
    w = sc.weights.from_matrix(ring, regions=labels, standardise="row")
    near = sc.stochastic_kernel(panel, "y", w, given="neighbours", missing="omit")
    expected = []
    for t in values.index:
        row = values.loc[t].to_numpy()
        for i in range(40):
            around = np.array([row[i - 1], row[(i + 1) % 40]])
            if np.isfinite(row[i]) and np.isfinite(around).any():
                expected.append((np.nanmean(around), row[i]))
    np.testing.assert_allclose(sorted(zip(near._pairs.x, near._pairs.y, strict=True)), sorted(expected), rtol=1e-9)
    assert any("no neighbour is there" in note for note in near.notes)


def test_nothing_missing_changes_nothing(frame):
    full = sc.Panel(frame.assign(y=frame["y"].fillna(1.3)), region="region", period="year")
    for call in (sc.density, sc.markov, sc.stochastic_kernel):
        plain, omit = (call(full, "y", missing=m) for m in ("raise", "omit"))
        pd.testing.assert_frame_equal(plain.tidy(), omit.tidy())
        assert plain.notes == omit.notes


def test_what_is_refused(panel):
    nobody = panel.assign(y=np.nan)
    for call in (sc.density, sc.markov, sc.stochastic_kernel):
        with pytest.raises(DataError, match="or more in some period"):
            call(nobody, "y", missing="omit")
    every_other = panel.assign(y=lambda f: f["y"].where(f["year"] % 2 == 0))
    with pytest.raises(DataError, match="no region is there at both ends"):
        sc.markov(every_other, "y", missing="omit", step=1)
