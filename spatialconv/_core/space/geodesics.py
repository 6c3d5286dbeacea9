"""Geodesics between many points of an ellipsoid at once, by the series of Vincenty (1975, Survey Review 23, 88-93).

Within a tenth of a millimetre of Karney's (2013), which PROJ computes one by one. The longitude on the auxiliary sphere
is iterated; nearly opposite points, at which it does not settle, are NaN.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# What has not settled after so many rounds, or is farther around than these radians of half a turn, is left to another
# method. Each round takes the error down by the flattening: what is left after a step of less is some micrometres.
ROUNDS, STILL, OPPOSITE = 8, 1e-10, 3.0
# Keeps quotients of zeros, of one point with itself and along the equator, at zero.
TINY = 1e-300


class Sphere:
    """Points on the auxiliary sphere, reduced latitudes and longitudes, from degrees (N, 2), longitude first."""

    def __init__(self, degrees: FloatArray, a: float, f: float) -> None:
        self.a, self.f = a, f
        self.lon, lat = np.radians(degrees).T
        reduced = np.arctan2((1 - f) * np.sin(lat), np.cos(lat))
        self.sin, self.cos = np.sin(reduced), np.cos(reduced)

    def between(self, i: slice, j: slice) -> FloatArray:
        """Return the distances from points i to points j in the unit of `a`, shape (len(i), len(j)); NaN where none."""
        f = self.f
        ss, cc = np.multiply.outer(self.sin[i], self.sin[j]), np.multiply.outer(self.cos[i], self.cos[j])
        across_i, across_j = np.multiply.outer(self.cos[i], self.sin[j]), np.multiply.outer(self.sin[i], self.cos[j])
        apart = self.lon[None, j] - self.lon[i, None]
        if np.abs(apart).max(initial=0.0) > np.pi:
            apart = np.remainder(apart + np.pi, 2 * np.pi) - np.pi
        lon, squared = apart, self.cos[None, j] ** 2
        for _ in range(ROUNDS):
            sine, cosine = np.sin(lon), np.cos(lon)
            across = np.sqrt(squared * sine**2 + (across_i - across_j * cosine) ** 2)
            along = ss + cc * cosine
            sigma = np.arctan2(across, along)
            alpha = cc * sine / (across + TINY)
            level = 1 - alpha * alpha
            middle = along - 2 * ss / (level + TINY)
            twice = along * (2 * middle * middle - 1)
            c = f / 16 * level * (4 + f * (4 - 3 * level))
            moved = apart + (1 - c) * f * alpha * (sigma + c * across * (middle + c * twice))
            step, lon = np.abs(moved - lon), moved
            if not step.max(initial=0.0) > STILL:
                break
        # (a^2 - b^2) / b^2 = 1 / (1 - f)^2 - 1
        u = level * (1 / (1 - f) ** 2 - 1)
        big = 1 + u / 16384 * (4096 + u * (-768 + u * (320 - 175 * u)))
        b = u / 1024 * (256 + u * (-128 + u * (74 - 47 * u)))
        inner = twice - b / 6 * middle * (4 * across**2 - 3) * (4 * middle**2 - 3)
        found = self.a * (1 - f) * big * (sigma - b * across * (middle + b / 4 * inner))
        found[(step > STILL) | (sigma > OPPOSITE)] = np.nan
        return np.asarray(found)
