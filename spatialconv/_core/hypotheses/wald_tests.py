"""Wald and Hausman tests: quadratic forms in estimates, with their rank and definiteness looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.linalg as la
from scipy import stats

FloatArray = npt.NDArray[np.float64]

# Eigenvalues of a difference of covariances, relative to the larger of the two, below which one counts as zero.
RANK = 1e-8


@dataclass(frozen=True)
class Contrast:
    """A quadratic form d' V^- d with V's rank and its smallest eigenvalue relative to the larger covariance.

    `statistic` is the signed value even where V is indefinite and no distribution belongs to it.
    """

    statistic: float
    df: int
    smallest: float

    @property
    def admissible(self) -> bool:
        """Whether V is positive semidefinite and not zero."""
        return self.df > 0 and self.smallest >= -RANK

    @property
    def p_value(self) -> float:
        """Upper tail of chi-squared, NaN where V is indefinite."""
        return float(stats.chi2.sf(self.statistic, self.df)) if self.admissible else np.nan


def wald(estimates: FloatArray, cov: FloatArray, R: FloatArray, q: FloatArray) -> Contrast:
    """Test R estimates = q: R of shape (r, k) and full row rank."""
    V = R @ cov @ R.T
    return contrast(R @ estimates - q, V, np.diag(V))


def common_factor(beta: FloatArray, theta: FloatArray, rho: float, cov: FloatArray) -> Contrast:
    """Test theta + rho beta = 0 by the delta method; cov is that of (beta, theta, rho)."""
    k = len(beta)
    slope = np.hstack([rho * np.eye(k), np.eye(k), beta[:, None]])
    V = slope @ cov @ slope.T
    return contrast(theta + rho * beta, V, np.diag(V))


def hausman(d: FloatArray, efficient: FloatArray, robust: FloatArray) -> Contrast:
    """Test that two estimators differ by chance only: cov(d) = robust - efficient (Hausman 1978)."""
    return contrast(d, robust - efficient, np.diag(robust))


def contrast(d: FloatArray, V: FloatArray, scale: FloatArray) -> Contrast:
    """Return d' V^- d, V's eigenvalues being judged relative to the variances `scale`."""
    root = np.sqrt(scale)
    values, vectors = la.eigh((V + V.T) / 2 / np.outer(root, root))
    keep = np.abs(values) > RANK
    turned = vectors.T @ (d / root)
    statistic = float((turned[keep] ** 2 / values[keep]).sum())
    return Contrast(statistic if keep.any() else np.nan, int(keep.sum()), float(values.min(initial=np.inf)))
