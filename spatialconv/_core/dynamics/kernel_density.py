"""Gaussian kernel densities, their modes, and Silverman's test of how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# Points of the grid on which modes are counted: a bandwidth is some hundred of its steps or dozens at least.
POINTS = 1024
# Arrays of that many points at a time.
_BLOCK = 256
# What lies further from an interval than so many bandwidths adds less than 1e-17 of a kernel's height to it.
_REACH = 9.0
# Modes in the tails are left out where a pilot density is below this share of its peak.
DENSE = 0.2

Interval = tuple[float, float]


def spread(x: FloatArray) -> FloatArray:
    """Return the smaller of the standard deviation and the interquartile range / 1.349, by row."""
    sd = np.std(x, axis=-1, ddof=1)
    low, high = np.quantile(x, [0.25, 0.75], axis=-1)
    robust = (high - low) / 1.349
    # Half of the values may be one and the same.
    return np.asarray(np.where(robust > 0, np.minimum(sd, robust), sd))


def silverman(x: FloatArray) -> FloatArray:
    """Return Silverman's (1986, eq. 3.31) rule of thumb: 0.9 min(sd, IQR/1.349) n^(-1/5)."""
    return np.asarray(0.9 * spread(x) * x.shape[-1] ** -0.2)


def scott(x: FloatArray) -> FloatArray:
    """Return Scott's (1992) normal reference: 1.06 sd n^(-1/5), smoother where there are several modes."""
    return np.asarray((4.0 / 3.0) ** 0.2 * np.std(x, axis=-1, ddof=1) * x.shape[-1] ** -0.2)


def density(x: Iterable[FloatArray], grid: FloatArray, h: FloatArray) -> FloatArray:
    """Return the densities of rows of x, T of any length, at the grid, (G,), with a bandwidth each."""
    rows = []
    for values, width in zip(x, h, strict=True):
        u = (grid[:, None] - values) / width
        rows.append(np.exp(-0.5 * u**2).mean(axis=1) / (width * np.sqrt(2 * np.pi)))
    return np.array(rows)


def reflected(x: Iterable[FloatArray], grid: FloatArray, h: FloatArray) -> FloatArray:
    """Return densities of non-negative rows of x on a grid from zero on, what lies below folded back (Silverman 2.10).

    Of the data and their mirror image, above zero only and twice: it integrates to one and has no slope at zero.
    """
    rows = list(x)
    return density(rows, grid, h) + density([-row for row in rows], grid, h)


def reflected_modes(x: FloatArray, h: float) -> int:
    """Return how many modes the reflected density of one row x, (N,), has; zero is one where it falls from there."""
    # That of the data with their mirror image is symmetric: an odd number has one in the middle.
    return int((modes(np.concatenate([x, -x])[None], h)[0] + 1) // 2)


def below(x: Iterable[FloatArray], point: float, h: FloatArray) -> FloatArray:
    """Return the mass that densities of rows of x put below a point."""
    from scipy.special import ndtr

    return np.array([ndtr((point - row) / width).mean() for row, width in zip(x, h, strict=True)])


def dense_interval(x: FloatArray, share: float = DENSE) -> Interval:
    """Return the interval that holds all points at which a pilot density of x, (N,), reaches a share of its peak.

    The pilot has Scott's bandwidth. Beyond lie the tails, where every lone value makes a mode of its own.
    """
    h = scott(x[None])
    grid = np.linspace(x.min() - 3 * h[0], x.max() + 3 * h[0], POINTS)
    pilot = density(x[None], grid, h)[0]
    on = grid[pilot >= share * pilot.max()]
    return float(on[0]), float(on[-1])


def modes(x: FloatArray, h: float, interval: Interval | None = None) -> npt.NDArray[np.intp]:
    """Return how many modes the density of each row of x, (B, N), has with bandwidth h, in an interval or at all."""
    return np.concatenate([_modes(x[start : start + _BLOCK], h, interval) for start in range(0, len(x), _BLOCK)])


def _modes(x: FloatArray, h: float, interval: Interval | None) -> npt.NDArray[np.intp]:
    if interval is None:
        low, high = x.min(axis=1, keepdims=True) - 4 * h, x.max(axis=1, keepdims=True) + 4 * h
    else:
        low, high = (np.full((len(x), 1), end) for end in (interval[0] - _REACH * h, interval[1] + _REACH * h))
    step = (high - low) / (POINTS - 1)
    place = (x - low) / step
    near = (place >= 0) & (place <= POINTS - 1)
    left = np.where(near, np.minimum(place, POINTS - 2), 0).astype(np.intp)
    weight = place - left
    # Each value is shared out between its two neighbours on the grid, then smoothed by a product of transforms.
    flat = np.arange(len(x))[:, None] * POINTS + left
    mass = np.bincount(flat.ravel(), np.where(near, 1 - weight, 0).ravel(), len(x) * POINTS)
    mass += np.bincount(flat.ravel() + 1, np.where(near, weight, 0).ravel(), len(x) * POINTS + 1)[: len(x) * POINTS]
    omega = 2 * np.pi * np.fft.rfftfreq(2 * POINTS) / step
    smooth = np.fft.irfft(np.fft.rfft(mass.reshape(len(x), POINTS), 2 * POINTS) * np.exp(-0.5 * (h * omega) ** 2))
    curve = smooth[:, :POINTS]
    # Ripples of the transform in empty stretches are no modes.
    curve = np.where(curve < 1e-9 * curve.max(axis=1, keepdims=True), 0.0, curve)
    rise = np.diff(curve, axis=1)
    turns = (rise[:, :-1] > 0) & (rise[:, 1:] <= 0)
    if interval is not None:
        at = low + step * np.arange(1, POINTS - 1)
        turns &= (at >= interval[0]) & (at <= interval[1])
    return np.asarray(turns.sum(axis=1))


def critical_bandwidth(x: FloatArray, most: int, interval: Interval | None = None) -> float:
    """Return the smallest bandwidth from which on the density of x, (N,), has at most so many modes, by bisection.

    With a Gaussian kernel the number of modes on the line falls as the bandwidth rises (Silverman 1981). In an
    interval it may rise where a mode moves in from outside: from wide to narrow, the first bandwidth that has more
    modes is bracketed before it is bisected.
    """
    high = float(np.ptp(x)) or 1.0
    least = high * 1e-4

    def passes(h: float) -> bool:
        return bool(modes(x[None], h, interval)[0] <= most)

    low = least
    if interval is not None:
        low = high
        while low > least and passes(low):
            low, high = 0.9 * low, low
    if passes(low):
        return 0.0
    while high / low > 1 + 1e-6:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high


@dataclass(frozen=True)
class ModeTest:
    """Silverman's test: the critical bandwidth, the share of smoothed draws with more modes at it, and a calibrated p.

    `p_calibrated` is that of Hall and York (2001), for one mode only (NaN for more): without it the test next to never
    rejects. Their calibration is for modes in a compact interval; on the whole line lone values in heavy tails are
    modes, and it rejects too often.
    """

    bandwidth: float
    p: float
    p_calibrated: float


def silverman_test(
    x: FloatArray, most: int, draws: int, rng: np.random.Generator, interval: Interval | None = None
) -> ModeTest:
    """Test whether the density behind x has at most so many modes (Silverman 1981), in an interval or at all.

    Draws come from the density with the critical bandwidth, shrunk to the variance of the data.
    """
    h = critical_bandwidth(x, most, interval)
    if h == 0:
        return ModeTest(0.0, 1.0, 1.0 if most == 1 else np.nan)
    sample = smoothed_draws(x, h, draws, rng)
    share = float((1 + (modes(sample, h, interval) > most).sum()) / (draws + 1))
    return ModeTest(h, share, _calibrated(sample, h, interval) if most == 1 else np.nan)


def smoothed_draws(x: FloatArray, h: float, draws: int, rng: np.random.Generator) -> FloatArray:
    """Return samples from the density of x with bandwidth h, shrunk to the variance of x, shape (draws, N)."""
    chosen = x[rng.integers(0, len(x), (draws, len(x)))]
    shrink = np.sqrt(1 + h**2 / x.var())
    return np.asarray(x.mean() + (chosen - x.mean() + h * rng.standard_normal(chosen.shape)) / shrink)


def _calibrated(sample: FloatArray, h: float, interval: Interval | None) -> float:
    """Return the smallest level at which the test of one mode rejects when it is made to have that level."""
    low, high = 0.001, 0.999
    while high - low > 5e-4:
        level = (low + high) / 2
        share = (1 + (modes(sample, h * _factor(level), interval) > 1).sum()) / (len(sample) + 1)
        low, high = (low, level) if share <= level else (level, high)
    return high


def _factor(a: float) -> float:
    """Return lambda of Hall and York (2001): by how much the critical bandwidth is to be widened at level a."""
    above = 0.94029 * a**3 - 1.59914 * a**2 + 0.17695 * a + 0.48971
    return above / (a**3 - 1.77793 * a**2 + 0.36162 * a + 0.42423)
