"""Sandwich covariances: bread from the information, meat from the scores of single observations.

The score of region i in period t is, with e the innovations, X* = P B X and P the projection,

    beta    X*_it e_it / sigma2
    rho     (P B W y)_it e_it / sigma2 - J tr(G) / (N T)
    lambda  (P M u)_it e_it / sigma2 - J tr(H) / (N T)
    sigma2  e_it^2 / (2 sigma2^2) - dof / (2 sigma2 N T)

whose sum vanishes at the optimum (so xsmle takes them; Belotti, Hughes and Piano Mortari 2017). But since W y holds
the neighbours' errors, the scores of rho are correlated between regions even where errors are independent, and a
meat of squares misses the part tr(G G) of their variance. Where regions are taken as independent the quadratic form
is therefore written as a sum of martingale differences over the regions (Kelejian and Prucha 2001, Journal of
Econometrics 104, appendix),

    e'G e - sigma2 tr(G) = sum_i [ e_i sum_{j<i} (G_ij + G_ji) e_j + G_ii (e_i^2 - sigma2) ],

whose terms are uncorrelated. Under heteroskedasticity of unknown form the maximum-likelihood estimate of rho itself
is inconsistent (Lin and Lee 2010), which no sandwich mends.

What region effects take from the residuals does not vanish as regions are added: a share 1/T of their variance. It is
put back where a meat misses it,

    robust                  by observation, since the squares mix a region's variances (Stock and Watson 2008)
    cluster                 nowhere: X* sums to zero over a region's periods, so that its sum of X*_it e_it is the
                            same with and without the region's mean of e
    driscoll-kraay, conley  T / (T - 1): sums within periods, which lack that share

and by nothing that vanishes as regions are added, such as N / (N - 1) under time effects: so far these are the "HC0"
of R's plm (its `vcovHC(method = "arellano")`). Likelihood and moments take their meats from here.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from spatialconv._core.likelihood.nearby import Columns
from spatialconv._core.regression.two_stage import squares

FloatArray = npt.NDArray[np.float64]


def scores(
    X: FloatArray,
    e: FloatArray,
    sigma2: float,
    dof: int,
    *,
    lagged_y: FloatArray | None,
    lagged_u: FloatArray | None,
    jacobian: tuple[float, float],
) -> FloatArray:
    """Return the scores, shape (T, N, k), of (beta, [rho], [lambda], sigma2).

    X, lagged_y, lagged_u and e are filtered and projected already; `jacobian` holds J tr(G) and J tr(H).
    """
    T, N = e.shape
    parts = [X * e[..., None] / sigma2]
    for column, trace in zip((lagged_y, lagged_u), jacobian, strict=True):
        if column is not None:
            parts.append((column * e / sigma2 - trace / (N * T))[..., None])
    parts.append((e**2 / (2 * sigma2**2) - dof / (2 * sigma2 * N * T))[..., None])
    return np.concatenate(parts, axis=2)


def martingale_differences(
    mean: FloatArray, e: FloatArray, G: FloatArray, sigma2: float, J: int, trace: float
) -> FloatArray:
    """Return the scores of a spatial coefficient, shape (T, N), uncorrelated between independent regions.

    `mean` is the part of the lagged variable that does not depend on the errors, G (N, N) what multiplies
    them, `trace` J tr(G) after the transformation.
    """
    lower = np.tril(G + G.T, k=-1)
    return _differences(mean, e, np.diag(G), e @ lower.T, sigma2, J, trace)


def martingale_differences_by_columns(
    mean: FloatArray, e: FloatArray, columns: Iterable[Columns], sigma2: float, J: int, trace: float
) -> FloatArray:
    """Return the same scores from columns of G as they come, with the rows in which they are not nothing.

    Region i takes ``sum over j < i of (g_ij + g_ji) e_j``: of some columns, what is below the diagonal times their
    errors goes to the regions below, what is above it times the errors above to the columns' own regions.
    """
    diagonal, crossed = np.zeros(e.shape[1]), np.zeros_like(e)
    for own, rows, G in columns:
        place = np.searchsorted(rows, own)
        diagonal[own] = G[place, np.arange(len(own))]
        below = np.arange(len(rows))[:, None] > place
        under = np.where(below, G, 0.0)
        crossed[:, rows] += e[:, own] @ under.T
        over = G - under
        over[place, np.arange(len(own))] = 0.0
        crossed[:, own] += e[:, rows] @ over
    return _differences(mean, e, diagonal, crossed, sigma2, J, trace)


def _differences(
    mean: FloatArray, e: FloatArray, diagonal: FloatArray, crossed: FloatArray, sigma2: float, J: int, trace: float
) -> FloatArray:
    T, N = e.shape
    own = diagonal * (e**2 - sigma2 * J / T)
    rest = (trace - J * diagonal.sum()) / (N * T)
    return np.asarray((mean * e + e * crossed + own) / sigma2 - rest)


def meat_robust(s: FloatArray, linear: FloatArray, e: FloatArray, *, over_periods: bool) -> FloatArray:
    """Return the meat for independent observations of unequal variance (White 1980).

    `linear`, (T, N, k), is what multiplies e_it in the scores s but for their products of innovations: there, where
    region effects mixed the variances, each has its own (`squares`); products are as if all were equal.
    """
    rows, parts = s.reshape(-1, s.shape[2]), linear.reshape(-1, s.shape[2])
    lost = put_back(len(s), over_periods=over_periods)
    apart = squares(e, over_periods=over_periods) - lost * e**2
    return np.asarray(lost * rows.T @ rows + parts.T @ (parts * apart.reshape(-1, 1)))


def put_back(T: int, *, over_periods: bool) -> float:
    """Return what makes up for the share 1/T of the variance that region effects take from residuals."""
    return T / (T - 1) if over_periods and T > 1 else 1.0


def meat_cluster(s: FloatArray) -> FloatArray:
    """Return the meat for regions as clusters: any dependence over time within a region (Arellano 1987)."""
    rows = s.sum(axis=0)
    return np.asarray(rows.T @ rows)


def meat_driscoll_kraay(s: FloatArray, lags: int) -> FloatArray:
    """Return the meat for any dependence over space, and over time up to `lags` (Driscoll and Kraay 1998)."""
    rows = s.sum(axis=1)
    return _bartlett([rows.T @ rows, *(rows[k:].T @ rows[:-k] for k in range(1, lags + 1))])


def meat_conley(s: FloatArray, kernel: sp.csr_array, lags: int) -> FloatArray:
    """Return the meat for dependence over space by a kernel of distance, and of each region with its own past.

    `kernel`, shape (N, N), has ones on its diagonal (Conley 1999; Bartlett weights over time).
    """
    within = sum(s[t].T @ (kernel @ s[t]) for t in range(len(s)))
    own = [np.einsum("tik,til->kl", s[k:], s[:-k]) for k in range(1, lags + 1)]
    return _bartlett([np.asarray((within + within.T) / 2), *own])


def _bartlett(products: list[FloatArray]) -> FloatArray:
    meat = np.array(products[0])
    for k, product in enumerate(products[1:], start=1):
        meat += (1 - k / len(products)) * (product + product.T)
    return meat


def newey_west_lags(T: int) -> int:
    """Return the usual number of lags, floor(4 (T / 100)^(2/9)), at most T - 1."""
    return min(int(4 * (T / 100) ** (2 / 9)), T - 1)
