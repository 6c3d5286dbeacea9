"""The published figures that hang on the levels, and their values and derivatives at given levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from spatialconv._core.space import association
from spatialconv.weights import adjacency, align, inverse_distance

if TYPE_CHECKING:
    import geopandas as gpd

FloatArray = npt.NDArray[np.float64]

# 100 million yuan, reported by the province and not in the paper. One per cent allows for revisions.
OFFICIAL_TOTAL_2016, TOTAL_ALLOWANCE = 319.3, 0.01
# What moving every city's point by 1.2 km (sd, east and north) does to I and z for inverse squared distance.
UNKNOWN_COORDINATES = {"I": 0.005, "z": 0.03}
# The cities of Tab. 4's minimum and maximum: Fig. 1 has Zhoushan lowest, the text Jinhua first in every year.
LOWEST, HIGHEST = ("Zhoushan", 2016), ("Jinhua", 2019)


@dataclass(frozen=True)
class Weighed:
    """Weights W, with W + W', their sums, and the slope of the variance of I in the kurtosis of the data."""

    matrix: Any
    both: Any
    sums: association.WeightSums
    slope: float


@dataclass(frozen=True)
class Problem:
    """What is published and what it hangs on; `growth` is cumulated log growth since 2016, (T, N)."""

    growth: FloatArray
    years: tuple[int, ...]
    low: tuple[int, int]
    high: tuple[int, int]
    moran: tuple[Weighed, ...]
    total: float | None
    figures: pd.DataFrame


def pose(published: Mapping[str, Any], cities: gpd.GeoDataFrame, *, geographic: bool, total: float | None) -> Problem:
    """Collect what is published, with or without the figures for distance and the official total."""
    rates = pd.DataFrame(published["tab1_growth_percent"])[list(cities.index)].to_numpy() / 100
    growth = np.vstack([np.zeros(len(cities)), np.cumsum(np.log1p(rates), axis=0)])
    years = tuple(int(year) for year in published["tab2_moran"]["adjacency"])
    low, high = ((years.index(year), int(cities.index.get_loc(city))) for city, year in (LOWEST, HIGHEST))
    weights = [adjacency(cities)] + ([inverse_distance(cities, power=2)] if geographic else [])
    moran = tuple(weigh(align(w, cities.index).matrix) for w in weights)
    return Problem(growth, years, low, high, moran, total, _figures(published, geographic, total))


def _figures(published: Mapping[str, Any], geographic: bool, total: float | None) -> pd.DataFrame:
    """List the figures in the order of `evaluate`."""
    tab4, fig3, tab2 = published["tab4_descriptives"]["lnretail"], published["fig3_sigma"], published["tab2_moran"]
    rows = [(f"Tab. 4 {name}", tab4[name], 5e-5, True) for name in ("mean", "std", "min", "max")]
    rows += [(f"Fig. 3 {name} {year}", fig3[name][year], 5e-3, True) for name in ("std", "cv") for year in fig3[name]]
    for name in ("I", "z"):
        rows += [(f"Tab. 2 adjacency {name} {y}", row[name], 5e-4, True) for y, row in tab2["adjacency"].items()]
    for name in ("I", "z") if geographic else ():
        allowance = UNKNOWN_COORDINATES[name]
        rows += [
            (f"Tab. 2 geographic {name} {y}", row[name], allowance, False) for y, row in tab2["geographic"].items()
        ]
    if total is not None:
        rows.append(("official total 2016", total, TOTAL_ALLOWANCE * total, False))
    return pd.DataFrame(rows, columns=["figure", "published", "allowance", "printed"]).set_index("figure")


def weigh(matrix: Any) -> Weighed:
    """Prepare weights for Moran's I and the slopes of its z."""
    matrix = csr_array(matrix)
    s = association.weight_sums(matrix)
    n = s.n
    slope = -((n * n - n) * s.s1 - 2 * n * s.s2 + 6 * s.s0**2) / ((n - 1) * (n - 2) * (n - 3) * s.s0**2)
    return Weighed(matrix, matrix + matrix.T, s, slope)


# ---------------------------------------------------------------------- figures of given levels, with derivatives


def evaluate(problem: Problem, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the figures of log levels x of 2016, (S, N) -> (S, K), and their derivatives, (S, K, N)."""
    y = x[:, None, :] + problem.growth
    parts = [_lagged(problem, y), _ends(y)]
    parts += [_moran(y, weighed) for weighed in problem.moran]
    if problem.total is not None:
        level = np.exp(x)
        parts.append((level.sum(axis=1, keepdims=True), level[:, None, :]))
    values, slopes = zip(*parts, strict=True)
    return np.concatenate(values, axis=1), np.concatenate(slopes, axis=1)


def _lagged(problem: Problem, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean, sd, minimum and maximum of the lagged log levels (Tab. 4)."""
    lagged = y[:, :-1]
    count, n = lagged[0].size, y.shape[2]
    mean = lagged.mean(axis=(1, 2))
    centred = lagged - mean[:, None, None]
    sd = np.sqrt(np.einsum("sti,sti->s", centred, centred) / (count - 1))
    low, high = y[:, *problem.low], y[:, *problem.high]
    slopes = np.zeros((len(y), 4, n))
    slopes[:, 0] = 1 / n
    slopes[:, 1] = centred.sum(axis=1) / ((count - 1) * sd[:, None])
    slopes[:, 2, problem.low[1]] = slopes[:, 3, problem.high[1]] = 1
    return np.stack([mean, sd, low, high], axis=1), slopes


def _ends(y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Standard deviations, then coefficients of variation, of the first and the last year (Fig. 3)."""
    ends, n = y[:, [0, -1]], y.shape[2]
    mean, sd = ends.mean(axis=2), ends.std(axis=2, ddof=1)
    sd_slope = (ends - mean[..., None]) / ((n - 1) * sd[..., None])
    cv_slope = sd_slope / mean[..., None] - (sd / mean**2)[..., None] / n
    return np.concatenate([sd, sd / mean], axis=1), np.concatenate([sd_slope, cv_slope], axis=1)


def _moran(y: FloatArray, weighed: Weighed) -> tuple[FloatArray, FloatArray]:
    """I of every year, then its z under randomisation (Tab. 2)."""
    s, t, n = y.shape
    flat = y.reshape(s * t, n)
    z, _ = association.standardise(flat)
    scale = flat.std(axis=1, keepdims=True)
    moran = association.moran(z, weighed.matrix, weighed.sums)[:, None]
    root = np.sqrt(association.moran_variance(z, weighed.sums, "randomisation"))[:, None]
    lag = association.lag(z, weighed.both)
    moran_slope = ((lag - lag.mean(axis=1, keepdims=True)) / weighed.sums.s0 - 2 / n * moran * z) / scale
    cubes, kurtosis = z**3, np.mean(z**4, axis=1, keepdims=True)
    kurtosis_slope = 4 / n * (cubes - cubes.mean(axis=1, keepdims=True) - kurtosis * z) / scale
    score = (moran + 1 / (n - 1)) / root
    score_slope = moran_slope / root - score / (2 * root**2) * weighed.slope * kurtosis_slope
    values = np.concatenate([moran.reshape(s, t), score.reshape(s, t)], axis=1)
    return values, np.concatenate([moran_slope.reshape(s, t, n), score_slope.reshape(s, t, n)], axis=1)
