"""Neighbours and distances as the definitions read, by other means than the package's."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from libpysal.graph import Graph

import spatialconv as sc


def squares(*boxes, labels="abcdefghij", crs=4326) -> gpd.GeoDataFrame:
    """Rectangles (west, south, east, north) as a GeoDataFrame labelled a, b, c, …"""
    shapes = [shapely.box(*corners) for corners in boxes]
    return gpd.GeoDataFrame(geometry=shapes, index=list(labels)[: len(boxes)], crs=crs)


def towns(lon, lat, labels=None, crs=4326) -> gpd.GeoDataFrame:
    """Points as a GeoDataFrame."""
    index = [f"t{i}" for i in range(len(lon))] if labels is None else list(labels)
    return gpd.GeoDataFrame(geometry=gpd.GeoSeries.from_xy(lon, lat, index=index, crs=crs))


def links(w: Graph) -> set:
    """Pairs (region, neighbour) with a positive weight."""
    return {pair for pair, weight in w.adjacency.items() if weight > 0}


def both_ways(*pairs) -> set:
    """The pairs and their reverses."""
    return {tuple(pair) for pair in pairs} | {tuple(pair)[::-1] for pair in pairs}


def dense(w, order=None) -> np.ndarray:
    """The matrix of a Graph in the order of its regions or another, from its list of links."""
    table = w.adjacency
    order = list(w.unique_ids if order is None else order)
    place = {label: i for i, label in enumerate(order)}
    W = np.zeros((len(order), len(order)))
    for (i, j), weight in table.items():
        W[place[i], place[j]] = weight
    return W


def contiguity(gdf: gpd.GeoDataFrame, rule: str) -> set:
    """Every pair of polygons: what they share, measured on the intersection itself."""
    found = set()
    for i, one in gdf.geometry.items():
        for j, other in gdf.geometry.items():
            shared = one.intersection(other)
            if i != j and not shared.is_empty and (rule == "queen" or shared.length > 0):
                found.add((i, j))
    return found


def row(W: np.ndarray) -> np.ndarray:
    """Rows divided by their sums, one at a time."""
    return np.array([line / line.sum() if line.sum() > 0 else line for line in W])


def haversine(lon, lat, radius=6371.0088) -> np.ndarray:
    """Great-circle distances in km between all points, on a sphere."""
    x, y = np.radians(lon), np.radians(lat)
    half = np.sin(np.subtract.outer(y, y) / 2) ** 2
    half += np.multiply.outer(np.cos(y), np.cos(y)) * np.sin(np.subtract.outer(x, x) / 2) ** 2
    return 2 * radius * np.arcsin(np.sqrt(half))


def vincenty(lon1, lat1, lon2, lat2) -> float:
    """Distance in km on the WGS 84 ellipsoid by Vincenty (1975); PROJ uses Karney's series instead."""
    a, f = 6378137.0, 1 / 298.257223563
    b = a * (1 - f)
    u1, u2 = (math.atan((1 - f) * math.tan(math.radians(lat))) for lat in (lat1, lat2))
    span = math.radians(lon2 - lon1)
    lam = span
    for _ in range(200):
        sin_sigma = math.hypot(
            math.cos(u2) * math.sin(lam),
            math.cos(u1) * math.sin(u2) - math.sin(u1) * math.cos(u2) * math.cos(lam),
        )
        cos_sigma = math.sin(u1) * math.sin(u2) + math.cos(u1) * math.cos(u2) * math.cos(lam)
        sigma = math.atan2(sin_sigma, cos_sigma)
        sin_alpha = math.cos(u1) * math.cos(u2) * math.sin(lam) / sin_sigma
        cos2 = 1 - sin_alpha**2
        middle = cos_sigma - 2 * math.sin(u1) * math.sin(u2) / cos2 if cos2 else 0.0
        c = f / 16 * cos2 * (4 + f * (4 - 3 * cos2))
        before = lam
        lam = span + (1 - c) * f * sin_alpha * (sigma + c * sin_sigma * (middle + c * cos_sigma * (2 * middle**2 - 1)))
        if abs(lam - before) < 1e-13:
            break
    u = cos2 * (a**2 - b**2) / b**2
    big_a = 1 + u / 16384 * (4096 + u * (-768 + u * (320 - 175 * u)))
    big_b = u / 1024 * (256 + u * (-128 + u * (74 - 47 * u)))
    third = big_b / 6 * middle * (4 * sin_sigma**2 - 3) * (4 * middle**2 - 3)
    correction = big_b * sin_sigma * (middle + big_b / 4 * (cos_sigma * (2 * middle**2 - 1) - third))
    return b * big_a * (sigma - correction) / 1000


def all_distances(lon, lat) -> np.ndarray:
    """Distances in km between all points by Vincenty."""
    n = len(lon)
    D = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            D[i, j] = D[j, i] = vincenty(lon[i], lat[i], lon[j], lat[j])
    return D


def zhejiang_logs() -> tuple[pd.Index, dict[int, np.ndarray]]:
    """Cities and their log exports by year."""
    study = sc.datasets.zhejiang()
    values = study.panel.values("exports", log=True)
    return study.panel.regions, dict(zip(study.panel.periods, values, strict=True))
