"""Panels with their geometry to draw figures of: two that come with the package, and any size that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import spatialconv as sc


@dataclass(frozen=True)
class World:
    """A panel with one variable `y` and a control `x`, its polygons, weights and groups of regions."""

    name: str
    panel: sc.Panel
    y: str
    x: str
    geometry: gpd.GeoDataFrame
    w: Any
    groups: pd.Series
    unit: str
    source: str

    @property
    def n(self) -> int:
        return self.panel.n_regions

    @property
    def periods(self) -> int:
        return self.panel.n_periods

    @property
    def said(self) -> dict[str, str]:
        return {"unit": self.unit, "source": self.source}

    @property
    def horizon(self) -> int:
        """A span of which there are several, where there are periods enough."""
        return max(1, (self.periods - 1) // 4)


@cache
def shipped(name: str) -> World:
    """Return the eleven cities or the 48 states that come with the package."""
    if name == "eleven cities":
        zj = sc.datasets.zhejiang()
        return World(
            name, zj.panel, "exports", "digital", zj.cities, sc.weights.adjacency(zj.cities), zj.cities["area"],
            "100 million yuan", "Luo and Zhang (2024), levels reconstructed",
        )  # fmt: skip
    us = sc.datasets.us_income()
    panel = us.panel.assign(x=np.sin(np.arange(us.panel.n_periods * 48)).reshape(-1, 48).T.ravel())
    west = us.states.to_crs(5070).centroid.x < -3e5
    groups = pd.Series(np.where(west, "west", "east"), us.states.index)
    w = sc.weights.adjacency(us.states)
    return World(name, panel, "income", "x", us.states, w, groups, "US dollars a head", "Bureau of Economic Analysis")


@cache
def drawn(
    n: int, periods: int, *, label: str = "{:05d}", variable: str = "income", years: bool = True, seed: int = 1
) -> World:
    """Return so many cells around points at random, with values that converge with their neighbours'.

    Parameters
    ----------
    label : str
        Of a region, by its number.
    years : bool
        Whether periods are numbers; else they are text.
    """
    rng = np.random.default_rng(seed)
    seats = rng.uniform((-122, 30), (-75, 48), (n, 2)).round(4)
    frame = shapely.box(-122, 30, -75, 48)
    cells = [frame]
    if n > 1:
        parts = shapely.voronoi_polygons(shapely.multipoints(seats), extend_to=frame, ordered=True)
        cells = shapely.set_precision(shapely.intersection(shapely.get_parts(parts), frame), 1e-4)
    names = [label.format(k + 1) for k in range(n)]
    geometry = gpd.GeoDataFrame(geometry=list(cells), index=names, crs=4326)
    w = sc.weights.adjacency(geometry) if n > 1 else None
    level = rng.normal(9.0, 0.4, n) + 0.6 * np.sin(seats[:, 0] / 8) + 0.3 * np.cos(seats[:, 1] / 4)
    rows = []
    for t in range(periods):
        when = 1930 + t if years else f"the quarter with the number {t + 1:02d}"
        level = 9.0 + 0.96 * (level - 9.0) + rng.normal(0, 0.05, n)
        y, x = np.exp(level + 0.02 * t), rng.normal(size=n) + 0.2 * level
        rows += [(name, when, float(a), float(b)) for name, a, b in zip(names, y, x, strict=True)]
    panel = sc.Panel(
        pd.DataFrame(rows, columns=["region", "year", variable, "schooling"]), region="region", period="year"
    )
    parts_of = pd.Series(np.where(seats[:, 0] < -98, "west", np.where(seats[:, 1] < 38, "south", "north")), names)
    return World(
        f"{n:,} regions, {periods} periods", panel, variable, "schooling", geometry, w, parts_of, "dollars a head",
        "simulated",
    )  # fmt: skip


def jobs(world: World) -> Any:
    """Return a table of jobs by region and industry, each industry more crowded than the one before."""
    rng = np.random.default_rng(2)
    industries = ["farming", "mining", "textiles", "vehicles", "software", "personal and household services"]
    size = rng.gamma(2.0, 2.0, world.n)
    rows = [
        (region, name, float(1 + size[k] * rng.gamma(1 / (1 + i), 1 + i) * 100))
        for i, name in enumerate(industries)
        for k, region in enumerate(world.panel.regions)
    ]
    frame = pd.DataFrame(rows, columns=["region", "industry", "jobs"])
    return sc.industry_table(frame, region="region", industry="industry", value="jobs")


def indicators(world: World) -> Any:
    """Return a composite index of four indicators in two groups."""
    rng = np.random.default_rng(3)
    y = world.panel.values(world.y)
    noise = {f"i{k}": y / y.mean() + rng.gamma(2.0, 0.3, y.shape) for k in range(4)}
    frame = pd.DataFrame(
        {"region": np.tile(world.panel.regions, world.periods), "year": np.repeat(world.panel.periods, world.n)}
        | {name: values.ravel() for name, values in noise.items()}
    )
    panel = sc.Panel(frame, region="region", period="year")
    parts = {"income and wealth": ["i0", "i1"], "schooling and health of all inhabitants": ["i2", "i3"]}
    return sc.composite_index(panel, parts, direction="+", max_vif=None)
