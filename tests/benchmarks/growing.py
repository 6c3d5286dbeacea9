"""What `growth` measures: everything that once grew too fast, with simulated regions on a lattice."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pandas as pd

import spatialconv as sc
from tests.benchmarks import data
from tests.benchmarks.growth import Growth, Run


def labels(n: int) -> pd.Index:
    """Return n labels in words, as regions have them."""
    return pd.Index([f"r{k:06d}" for k in range(n)], name="region")


def panel(n: int, periods: int) -> sc.Panel:
    """Return a panel of one positive variable, x."""
    values = np.exp(np.random.default_rng(0).normal(size=(periods, n)))
    names = np.asarray(labels(n), dtype=object)
    frame = {
        "region": np.tile(names, periods),
        "period": np.repeat(np.arange(2000, 2000 + periods), n),
        "x": values.ravel(),
    }
    return sc.Panel(pd.DataFrame(frame), region="region", period="period")


def subset(n: int) -> Run:
    """Leave one region in ten out."""
    whole = panel(n, 10)
    kept = list(whole.regions[: n - n // 10])
    return lambda: whole.subset(regions=kept)


def balance(n: int) -> Run:
    """Leave out the regions that lack a row."""
    whole = sc.Panel(panel(n, 10).frame.iloc[: 10 * n - n // 10], region="region", period="period")
    return whole.balance


GROWING: dict[str, Growth] = {
    "Panel.subset, T = 10": Growth(subset, "0.3 s at 30,000"),
    "Panel.balance, T = 10": Growth(balance, "0.3 s at 30,000"),
}
