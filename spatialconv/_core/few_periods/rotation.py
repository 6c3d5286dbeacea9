"""Errors drawn anew by rotation: the direction of each region's vector is random, its length is kept.

Under normal errors the direction of a vector of residuals is uniform on the sphere whatever its length, so that tests
by rotation are exact where the length is all that the hypothesis leaves open (Langsrud 2005, Statistics and Computing
15). Sign changes are the rotations of vectors of one number. A region's vector within regions has T - 1 dimensions,
with its mean T.

The likelihood compares means with what is within, and time effects mix the regions: lengths kept as they are would
carry the mixing twice and take few regions' chance for truth. There the lengths are drawn too, from what the sample
says of regions' variances: equal ones unless it says otherwise (Smyth 2004, Statistical Applications in Genetics and
Molecular Biology 3), each with its uncertainty.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import digamma, gammainccinv, polygamma

from spatialconv._core.few_periods.sample import Sample
from spatialconv._core.few_periods.scores import mixing

FloatArray = npt.NDArray[np.float64]
# Regions' variances that time effects and regressors mixed are at least this share of their mean once apart.
LEAST = 0.02
# Degrees of freedom of the prior between which they are looked for; above, variances are equal.
PRIOR = (1e-3, 1e6)


def helmert(T: int) -> FloatArray:
    """Return an orthonormal basis (T, T) whose first column is constant."""
    lower = np.tril(np.ones((T, T)), -1).T[:, 1:] - np.diag(np.arange(T, dtype=float))[:, 1:]
    return np.asarray(np.column_stack([np.ones(T), lower]) / np.sqrt([T, *(k * (k + 1) for k in range(1, T))]))


def directions(z: FloatArray) -> FloatArray:
    """Return standard normal z (B, D, N) as unit vectors of D dimensions for each region."""
    return np.asarray(z / np.sqrt((z**2).sum(axis=1, keepdims=True)))


def rotated_within(sample: Sample, e: FloatArray, z: FloatArray) -> FloatArray:
    """Return errors (B, T, N) within regions by rotation of e (T, N), with the sum of squares of all kept.

    `z` (B, T, N) are standard normal; each region's sum is kept too where neither time effects nor regressors mix them.
    """
    turned = directions(z[:, 1:]) * np.sqrt((e**2).sum(axis=0))
    drawn = np.einsum("td,bdn->btn", helmert(sample.T)[:, 1:], turned)
    drawn = sample.within(drawn - drawn.mean(axis=2, keepdims=True) * sample.two_way)
    return np.asarray(drawn * np.sqrt((e**2).sum() / (drawn**2).sum(axis=(1, 2), keepdims=True)))


class Variances(NamedTuple):
    """What a sample says of regions' variances: posterior means (N,) and degrees of freedom, infinite if equal."""

    values: FloatArray
    dof: float

    def draw(self, uniform: FloatArray) -> FloatArray:
        """Return variances (draws, N), inverse chi-squared around the values, for uniform numbers of this shape."""
        if np.isinf(self.dof):
            return np.broadcast_to(self.values, uniform.shape)
        return np.asarray(self.values * self.dof / (2 * gammainccinv(self.dof / 2, uniform)))


def variances(sample: Sample, e: FloatArray, means: FloatArray) -> Variances:
    """Return what errors within regions e (T, N) and regions' means (N,), of one variance, say of those by region.

    Sums of squares by region are first unmixed. Their logarithms spread by what T numbers each leave to chance, and
    more if variances differ: that excess gives the degrees of freedom of the prior (Smyth 2004, section 6.2).
    """
    N, T = sample.N, sample.T
    within = mixing(sample)
    mixed = (T - 1) * (np.eye(N) if within is None else within)
    mixed = mixed + (np.eye(N) - sample.across.T @ sample.across) ** 2
    apart = np.linalg.lstsq(mixed, (e**2).sum(axis=0) + means**2, rcond=None)[0]
    apart = np.maximum(apart, LEAST * apart.mean())
    log = np.log(apart) - digamma(T / 2) + np.log(T / 2)
    excess = float(log.var(ddof=1) - polygamma(1, T / 2))
    if excess <= polygamma(1, PRIOR[1] / 2):
        return Variances(np.full(N, np.exp(log.mean())), np.inf)
    low = polygamma(1, PRIOR[0] / 2)
    prior = brentq(lambda d: polygamma(1, d / 2) - excess, *PRIOR) if excess < low else PRIOR[0]
    centre = np.exp(log.mean() + digamma(prior / 2) - np.log(prior / 2))
    return Variances((prior * centre + T * apart) / (prior + T), prior + T)


def rotated(
    sample: Sample, e: FloatArray, means: FloatArray, z: FloatArray, lengths: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return errors within regions (B, T, N) and regions' means times sqrt(T) (B, N) by rotation of both together.

    `means` (N,) are those of the sample as `Sample.between` gives them, of the variance of e (T, N). The sum of squares
    of all is kept; that of each region unless z, standard normal, is multiplied with `lengths` (B, N) as it is.
    """
    kept = np.sqrt(means**2 + (e**2).sum(axis=0))
    turned = directions(z) * kept if lengths is None else z * lengths[:, None]
    drawn = np.einsum("td,bdn->btn", helmert(sample.T)[:, 1:], turned[:, 1:])
    drawn = sample.within(drawn - drawn.mean(axis=2, keepdims=True) * sample.two_way)
    across = turned[:, 0] - (turned[:, 0] @ sample.across.T) @ sample.across
    total = (drawn**2).sum(axis=(1, 2)) + (across**2).sum(axis=1)
    size = np.sqrt(((e**2).sum() + (means**2).sum()) / total)
    return drawn * size[:, None, None], across * size[:, None]
