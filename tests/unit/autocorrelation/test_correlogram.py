"""Correlograms against esda, the permutation of the extreme by hand, and its size in maps of noise."""

from __future__ import annotations

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv._core.space.by_distance import by_distance
from spatialconv.errors import AlignmentError, DataError, OptionError


@pytest.fixture(scope="module")
def places():
    rng = np.random.default_rng(4)
    xy = rng.uniform(0, 400_000, (40, 2))
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T, crs=3857), index=[f"r{i:02d}" for i in range(40)])


@pytest.fixture(scope="module")
def panel(places):
    rng = np.random.default_rng(5)
    smooth = np.asarray(places.geometry.x + places.geometry.y) / 2e5
    rows = [(r, t, s + rng.normal()) for t in (1, 2) for r, s in zip(places.index, smooth, strict=True)]
    return sc.Panel(pd.DataFrame(rows, columns=["region", "year", "y"]), region="region", period="year")


@pytest.mark.parametrize("statistic", ["moran", "geary"])
def test_against_esda(panel, places, statistic):
    import esda
    from esda.correlogram import correlogram as theirs

    ends = [60.0, 90.0, 150.0, 300.0]
    ours = sc.correlogram(panel, "y", places, distances=ends, statistic=statistic, period=2, permutations=19, seed=1)
    y = panel.wide("y").loc[2][places.index]
    kind = {"moran": esda.Moran, "geary": esda.Geary}[statistic]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = theirs(
            places.geometry,
            y,
            support=[e * 1000 for e in ends],
            statistic=kind,
            stat_kwargs={"permutations": 0},
            n_jobs=1,
        )
    name = {"moran": "I", "geary": "C"}[statistic]
    own = ours.table.loc[2]
    np.testing.assert_allclose(own[name], table[name].astype(float), rtol=1e-9)
    sign = 1 if statistic == "moran" else -1
    np.testing.assert_allclose(own["z"], sign * table["z_rand"].astype(float), rtol=1e-6)


def test_rings_and_the_door_of_distance_bands(panel, places):
    ends = [80.0, 160.0, 240.0]
    rings = sc.correlogram(panel, "y", places, bands="rings", distances=ends, permutations=19, seed=1)
    xy = np.column_stack([places.geometry.x, places.geometry.y]) / 1000
    d = np.sqrt(((xy[:, None] - xy) ** 2).sum(axis=2))
    y = panel.wide("y")[places.index]
    for year in (1, 2):
        z = y.loc[year].to_numpy() - y.loc[year].mean()
        for k, (low, high) in enumerate(zip([0, *ends[:-1]], ends, strict=True), start=1):
            W = ((d > low) & (d <= high) & ~np.eye(40, dtype=bool)).astype(float)
            sums = W.sum(axis=1, keepdims=True)
            W = np.divide(W, sums, out=np.zeros_like(W), where=sums > 0)
            row = rings.table.loc[(year, k)]
            assert row["pairs"] == ((d > low) & (d <= high)).sum() / 2 - 20 * (low < 0)
            assert row["I"] == pytest.approx(40 / W.sum() * (z @ W @ z) / (z @ z), rel=1e-9)
    # Bands are those of weights.distance_band, whose Moran's I it is.
    within = sc.correlogram(panel, "y", places, distances=[120.0], permutations=19, seed=1)
    w = sc.weights.distance_band(places, threshold=120)
    np.testing.assert_allclose(
        within.table.xs(1, level="band")[["I", "variance", "z"]], sc.moran(panel, "y", w).table[["I", "variance", "z"]]
    )


def test_the_p_over_all_distances_by_hand():
    """All 720 arrangements of six values, enumerated: what permutations estimate."""
    from itertools import permutations

    from scipy.sparse import csr_array

    rng = np.random.default_rng(3)
    z = rng.normal(size=6)
    z = (z - z.mean()) / z.std()
    bands = []
    for reach in (1, 2, 3):
        W = np.array([[1.0 if 0 < abs(i - j) <= reach else 0.0 for j in range(6)] for i in range(6)])
        bands.append(csr_array(W))
    every = np.array(list(permutations(z)))
    stat = np.stack([np.einsum("ai,ij,aj->a", every, W.toarray(), every) / W.sum() for W in bands], axis=1)
    scored = (stat + 1 / 5) / np.sqrt(stat.var(axis=0))
    exact = np.array([(scored.max(axis=1) >= scored[0, k] - 1e-9).mean() for k in range(3)])
    found = by_distance(z[None], bands, "I", 20_000, "greater", np.random.default_rng(1))
    np.testing.assert_allclose(found.z[0], scored[0], rtol=1e-9)
    np.testing.assert_allclose(found.p_all[0], exact, atol=4 * np.sqrt(0.25 / 20_000))
    assert found.most[0] == np.argmax(scored[0])
    assert found.p_most[0] == found.p_all[0].min()


def test_maps_of_noise_keep_the_size(places):
    """300 periods of noise: the smallest of ten p is below 0.05 in many more than 5 %, p over all in 5 %."""
    rng = np.random.default_rng(7)
    rows = pd.DataFrame(
        {"region": np.tile(places.index, 300), "t": np.repeat(range(300), 40), "y": rng.normal(size=300 * 40) ** 3}
    )
    noise = sc.Panel(rows, region="region", period="t")
    found = sc.correlogram(noise, "y", places, permutations=199, seed=2)
    share = (found.strongest["p_all"] <= 0.05).mean()
    assert abs(share - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 300)
    single = (found.table["p"].groupby(level=0).min() <= 0.05).mean()
    assert single > 0.1


def test_words_and_refusals(panel, places):
    found = sc.correlogram(panel, "y", places, seed=1)
    assert max(map(len, repr(found).splitlines())) <= 80
    assert "over all distances" in repr(found)
    assert found.provenance.seed == 1
    assert found.tidy().shape[0] == 20
    assert found.glance().loc[0, "distance"] == found.strongest["distance"].iloc[-1]
    shuffled = sc.Panel(panel.frame.sample(frac=1, random_state=1), region="region", period="year")
    other = sc.correlogram(shuffled, "y", places.sample(frac=1, random_state=2), seed=1)
    np.testing.assert_allclose(other.table, found.table)
    two = sc.correlogram(panel, "y", places, alternative="two-sided", seed=1).table
    assert (two["p"] <= 1).all()
    assert sc.plot.correlogram(found).axes
    assert sc.plot.correlogram(sc.correlogram(panel, "y", places, bands="rings", seed=1), period=1).axes
    for bad in ({"distances": [3, 2]}, {"distances": 1}, {"distances": "many"}, {"bands": "all"}, {"permutations": 3}):
        with pytest.raises(OptionError):
            sc.correlogram(panel, "y", places, **bad)
    with pytest.raises(OptionError, match="no two regions are within"):
        sc.correlogram(panel, "y", places, distances=[0.001, 100])
    with pytest.raises(AlignmentError):
        sc.correlogram(panel, "y", places.iloc[:30])
    with pytest.raises(DataError, match="needs 4 or more"):
        sc.correlogram(panel.subset(regions=panel.regions[:3]), "y", places)


def test_own_weights_of_every_region(panel, places):
    w = sc.weights.knn(places, k=4)
    own = pd.Series(np.random.default_rng(1).uniform(0, 5, 40), index=places.index, name="size").sample(frac=1)
    found = sc.hot_spots(panel, "y", w, self_weight=own).table["z"]
    dense = sc.weights.align(w, places.index).matrix.toarray()
    V = dense + np.diag(own[places.index] * dense.max(axis=1))
    y = panel.wide("y")[places.index]
    for year in (1, 2):
        v = y.loc[year].to_numpy()
        sums, squares = V.sum(axis=1), (V**2).sum(axis=1)
        z = (V @ v - sums * v.mean()) / (v.std() * np.sqrt((40 * squares - sums**2) / 39))
        np.testing.assert_allclose(found.loc[year][places.index], z, rtol=1e-9)
    column = panel.assign(size=lambda f: f["region"].map(own) * f["year"])
    by_year = sc.hot_spots(column, "y", w, self_weight="size").table["z"]
    np.testing.assert_allclose(by_year.loc[1], found.loc[1], rtol=1e-12)
    np.testing.assert_allclose(
        by_year.loc[2], sc.hot_spots(panel, "y", w, self_weight=2 * own, period=2).table["z"], rtol=1e-12
    )
    with pytest.raises(AlignmentError, match="lacks"):
        sc.hot_spots(panel, "y", w, self_weight=own.iloc[:5])
    with pytest.raises(OptionError, match="zero or more in every region"):
        sc.hot_spots(panel, "y", w, self_weight=-own)


@pytest.mark.parametrize("bands", ["within", "rings"])
def test_gaps_leave_the_regions_that_are_there(panel, places, bands):
    """By hand from coordinates: distances are those of all regions, means and pairs of the regions of the year."""
    values = panel.wide("y")[places.index].to_numpy().copy()
    values[0, [3, 17, 18]] = np.nan
    values[1, 30] = np.nan
    rows = [(r, t, values[t - 1, k]) for t in (1, 2) for k, r in enumerate(places.index)]
    gaps = sc.Panel(pd.DataFrame(rows, columns=["region", "year", "y"]), region="region", period="year")
    with pytest.raises(DataError, match="missing"):
        sc.correlogram(gaps, "y", places, permutations=19, seed=1)
    found = sc.correlogram(gaps, "y", places, bands=bands, permutations=19, seed=1, missing="omit")
    whole = sc.correlogram(panel, "y", places, bands=bands, permutations=19, seed=1)
    ends = found.table.loc[1, "distance"].to_numpy()
    np.testing.assert_array_equal(ends, whole.table.loc[1, "distance"])
    xy = np.column_stack([places.geometry.x, places.geometry.y])
    km = np.linalg.norm(xy[:, None] - xy[None], axis=2) / 1000
    for year in (1, 2):
        here = np.isfinite(values[year - 1])
        assert (found.table.loc[year, "n"] == here.sum()).all()
        dev = values[year - 1][here] - values[year - 1][here].mean()
        for band, upto in enumerate(ends):
            above = ends[band - 1] if bands == "rings" and band else 0.0
            W = ((km <= upto) & (km > above))[np.ix_(here, here)].astype(float)
            np.fill_diagonal(W, 0.0)
            assert found.table.loc[(year, band + 1), "pairs"] == W.sum() / 2
            sums = W.sum(axis=1, keepdims=True)
            W = np.divide(W, sums, out=np.zeros_like(W), where=sums > 0)
            by_hand = len(dev) / W.sum() * (dev @ W @ dev) / (dev @ dev)
            assert found.table.loc[(year, band + 1), "I"] == pytest.approx(by_hand, rel=1e-9)
    assert "n = 37 to 39 of 40" in " ".join(found.notes)
    assert found.provenance.options["missing"] == "omit"
    pd.testing.assert_frame_equal(
        found.table, sc.correlogram(gaps, "y", places, bands=bands, permutations=19, seed=1, missing="omit").table
    )


def test_without_gaps_omitting_changes_nothing(panel, places):
    plain, omitting = (
        sc.correlogram(panel, "y", places, permutations=19, seed=1, missing=how) for how in ("raise", "omit")
    )
    pd.testing.assert_frame_equal(omitting.table.drop(columns="n"), plain.table)
    pd.testing.assert_frame_equal(omitting.strongest, plain.strongest)


def test_a_period_with_too_few_regions_has_no_figure_and_is_named(panel, places):
    rows = panel.frame.assign(y=lambda f: f["y"].where((f["year"] == 2) | (f["region"] < "r03")))
    gaps = sc.Panel(rows, region="region", period="year")
    found = sc.correlogram(gaps, "y", places, permutations=19, seed=1, missing="omit")
    assert found.table.loc[1, "I"].isna().all()
    assert found.table.loc[2, "I"].notna().all()
    assert "no figure in period 1" in " ".join(found.notes)
    assert "2: strongest" in repr(found)
    assert found.glance().loc[0, "period"] == 2
    assert found.tidy().shape[0] == len(found.table)
