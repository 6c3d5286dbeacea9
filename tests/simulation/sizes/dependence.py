"""Strong dependence over space: random walks over the map, weak dependence, half-lives, and regressions of such."""

from __future__ import annotations

from functools import cache

import geopandas as gpd
import numpy as np

import spatialconv as sc
from spatialconv._core.persistence.half_life import TESTED, half_life_test
from spatialconv._core.persistence.kernel import brownian, decay, demean
from spatialconv._core.persistence.principal_components import components
from spatialconv._core.persistence.unit_root import (
    WEAK,
    Frequencies,
    critical,
    critical_of_no_unit_root,
    frequencies,
    gains,
    of_no_unit_root,
    of_unit_root,
    ratio,
)
from spatialconv.models.estimation.components import places
from tests.simulation.sizes.entry import Entry, Figures, Sample
from tests.simulation.worlds import FloatArray

# Bound of the null of weak dependence and of scpc; half-life to cover, 0.203 of the largest distance.
BOUND, HALF_LIFE = 0.03, TESTED[20]
REGIONS = (11, 31, 48)


@cache
def _points(n: int) -> gpd.GeoDataFrame:
    """Return the cities of Zhejiang, the states of the US, or random points."""
    if n == 11:
        return sc.datasets.zhejiang().cities
    if n == 48:
        return sc.datasets.us_income().states
    at = np.random.default_rng(n).uniform(0, 1e6, (n, 2))
    return gpd.GeoDataFrame(index=range(n), geometry=gpd.points_from_xy(*at.T), crs="EPSG:32650")


@cache
def _shares(n: int) -> FloatArray:
    return places(_points(n), _points(n).index, None, "a simulation").shares


@cache
def _root(n: int, kind: str) -> FloatArray:
    """Return the symmetric root of the covariance of a random walk over the map or of a kernel: shocks have places."""
    d = _shares(n)
    c = decay(d, BOUND) if kind == "weak" else np.log(2) / HALF_LIFE
    values, vectors = np.linalg.eigh(brownian(d) if kind == "walk" else np.exp(-c * d))
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def _panel(sample: Sample, y: FloatArray) -> sc.Panel:
    import pandas as pd

    count, n = y.shape
    frame = {"region": list(_points(n).index) * count, "period": np.repeat(np.arange(count), n), "y": y.ravel()}
    return sc.Panel(pd.DataFrame(frame), region="region", period="period")


@cache
def _low(n: int) -> Frequencies:
    return frequencies(_shares(n), demean, min(15, n - 1))


@cache
def _critical(n: int, which: str) -> tuple[float, float]:
    """Return the alternative of a test and the value of its statistic for which p is 0.05."""
    f = _low(n)
    x = np.ones((f.R.shape[1], 1))
    if which == "walk":
        c = of_unit_root(f, x).alternative
        return c, critical(gains(f.unit_root, f.exponential(c)))
    g = of_no_unit_root(f, x).alternative
    return g, critical_of_no_unit_root(f, g)


def _kept(sample: Sample, count: int, which: str) -> tuple[FloatArray, FloatArray]:
    """Return samples (count, n) and 1 where a test at 5 % keeps its null, 0 where it rejects, in place of p."""
    f = _low(sample.n)
    y = sample.errors(count, sample.n) @ _root(sample.n, which).T
    x = f.R.T @ demean(y.T)
    alternative, value = _critical(sample.n, which)
    null = f.unit_root if which == "walk" else f.weak[WEAK]
    other = f.exponential(alternative) if which == "walk" else null + alternative * f.unit_root
    return y, (ratio(x, null, other) <= value).astype(float)


def unit_root(sample: Sample, count: int) -> Figures:
    """Test a random walk over the map, and dependence at the bound; cover a half-life by its own test.

    The first sample goes through the door, whose p must decide as the critical value does.
    """
    f, k = _low(sample.n), np.flatnonzero(TESTED == HALF_LIFE)[0]
    walk, root = _kept(sample, count, "walk")
    weak, none = _kept(sample, count, "weak")
    for y, kept, p in ((walk, root, "unit_root_p"), (weak, none, "no_unit_root_p")):
        found = sc.spatial_unit_root(_panel(sample, y[:1]), "y", _points(sample.n), draws=999).table
        assert kept[0] == (found[p].iloc[0] > 0.05)
    y = sample.errors(count, sample.n) @ _root(sample.n, "half-life").T
    p, _ = half_life_test(f, f.R.T @ demean(y.T), 1999, sample.rng)
    return {"p of the unit root": root, "p of its absence": none, "the set of half-lives": (p[k] > 0.05).astype(float)}


def slopes(sample: Sample, count: int) -> Figures:
    """Cover a slope of zero where regressor and errors are correlated over space up to the bound.

    A block has one regressor. The critical value is that of the door; t of the further samples is computed here.
    """
    n = sample.n
    root, shares = _root(n, "weak"), _shares(n)
    x = root @ sample.errors(n)
    y = sample.errors(count, n) @ root.T
    first = sc.fit_panel(_panel(sample, y[:1]).assign(x=x), "y", "x", spatial="none", effects="none")
    found = sc.scpc(first, _points(n)).table.loc["x"]
    W = components(shares, BOUND).W[:, 1:]
    X = np.column_stack([np.ones(n), x])
    inverse = np.linalg.inv(X.T @ X) @ X.T
    beta = y @ inverse.T
    influence = beta[:, [1]] + n * inverse[1] * (y - beta @ X.T)
    t = np.sqrt(n) * beta[:, 1] / np.sqrt(((influence @ W) ** 2).mean(axis=1))
    assert abs(t[0] - found["statistic"]) < 1e-8 * abs(t[0])
    return {"interval": (np.abs(t) <= found["critical"]).astype(float)}


ENTRIES = (
    Entry(
        "spatial_unit_root",
        {"p of the unit root": "size", "p of its absence": "size", "the set of half-lives": "coverage"},
        unit_root,
        5000,
        regions=REGIONS,
        block=1000,
    ),
    Entry("scpc", {"interval": "coverage"}, slopes, 10_000, "conditional=True", regions=REGIONS, block=200),
)
