"""Where the mass of weighted points lies and how it spreads, in a plane: centre, ellipse, and both of resamples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_BLOCK = 4_000_000


class Spread(NamedTuple):
    """Weighted means (..., 2), standard deviations along the axes of the ellipse, and its azimuth in degrees.

    The azimuth is that of the longer axis, clockwise from the second coordinate (north), from 0 to 180; NaN where the
    axes are equal but for rounding.
    """

    centre: FloatArray
    major: FloatArray
    minor: FloatArray
    azimuth: FloatArray


def spread(xy: FloatArray, weight: FloatArray) -> Spread:
    """Return centre and ellipse of points (N, 2) under rows of weights (B, N), which need not sum to one."""
    total = weight.sum(axis=1, keepdims=True)
    # From the middle of the points, so that squares of large coordinates do not cancel.
    middle_of = xy.mean(axis=0)
    xy = xy - middle_of
    with np.errstate(invalid="ignore", divide="ignore"):
        share = weight / total
    centre = share @ xy
    second = share @ np.column_stack([xy[:, 0] ** 2, xy[:, 1] ** 2, xy[:, 0] * xy[:, 1]])
    xx, yy = second[:, 0] - centre[:, 0] ** 2, second[:, 1] - centre[:, 1] ** 2
    xy_ = second[:, 2] - centre[:, 0] * centre[:, 1]
    middle, half = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy_)
    # The angle of the longer axis from the first coordinate is half of atan2(2 xy, xx - yy).
    azimuth = np.mod(90.0 - np.degrees(np.arctan2(2 * xy_, xx - yy)) / 2, 180.0)
    azimuth = np.where(half > 1e-12 * middle, azimuth, np.nan)
    major, minor = (np.sqrt(np.maximum(middle + sign * half, 0.0)) for sign in (1, -1))
    return Spread(centre + middle_of, major, minor, azimuth)


def resampled(
    xy: FloatArray, weight: FloatArray, draws: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return centres and axes, each (draws, T, 2), of regions drawn with replacement with all their periods.

    `weight` is (T, N). A draw whose regions have no weight in a period is NaN there.
    """
    T, n = weight.shape
    centres, axes = np.empty((draws, T, 2)), np.empty((draws, T, 2))
    block = max(1, _BLOCK // n)
    for start in range(0, draws, block):
        many = min(block, draws - start)
        times = rng.multinomial(n, np.full(n, 1 / n), size=many)
        for t in range(T):
            found = spread(xy, times * weight[t])
            centres[start : start + many, t] = found.centre
            axes[start : start + many, t] = np.column_stack([found.major, found.minor])
    return centres, axes


def region(draws: FloatArray, centre: FloatArray, level: float) -> tuple[float, float, float, FloatArray]:
    """Return the ellipse that holds a share of draws (B, 2) around a centre: half axes, azimuth, and distances squared.

    Its shape is that of the covariance of the draws; the distances are those of Mahalanobis.
    """
    known = draws[~np.isnan(draws).any(axis=1)]
    away = known - centre
    covariance = away.T @ away / max(len(away), 1)
    values, vectors = np.linalg.eigh(covariance)
    if values[0] <= 1e-12 * values[1]:
        return 0.0, 0.0, np.nan, np.zeros(len(known))
    squared = ((away @ vectors) ** 2 / values).sum(axis=1)
    reach = float(np.quantile(squared, level))
    azimuth = float(np.mod(np.degrees(np.arctan2(vectors[0, 1], vectors[1, 1])), 180.0))
    return float(np.sqrt(reach * values[1])), float(np.sqrt(reach * values[0])), azimuth, squared
