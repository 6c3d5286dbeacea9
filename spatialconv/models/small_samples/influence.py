"""Influence of single observations or regions on the estimates, to first order: what an acceleration is taken from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from spatialconv.errors import UnsupportedModelError
from spatialconv.models.estimation.covariances import scores
from spatialconv.models.estimation.estimate import sample
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.panel import FloatArray

NONE = "no influences are derived for this model: BCa intervals correct for median bias only (acceleration zero)"


def influence(fit: PanelFit, *, by_region: bool) -> tuple[FloatArray | None, tuple[str, ...]]:
    """Return the influence (units, P) of observations or regions: inverse information times their scores.

    The scores of rho and lambda are martingale differences over the regions, so that they are independent where
    errors are (infinitesimal jackknife; Efron and Tibshirani 1993, section 14.3).
    """
    spec = fit.spec
    if spec.estimator != "ml" or spec.effects == "random":
        return None, (NONE,)
    data = sample(fit.design, spec, fit.correction)
    try:
        s = scores(data, fit.estimates, independent=True)
    except UnsupportedModelError:
        return None, (NONE,)
    cov = fit.estimates.cov if spec.vcov in ("information", "observed") else fit.with_vcov("information").estimates.cov
    units = s.sum(axis=0) if by_region else s.reshape(-1, s.shape[2])
    return units @ cov, ()


class Moved(NamedTuple):
    """Places of regions, the largest move in standard errors, and how many fits have an influence."""

    places: list[int]
    largest: float
    fits: int


def moved_most(fits: Iterable[PanelFit], term: str, most: int) -> Moved:
    """Return the regions without which a coefficient moves most in any of the fits.

    To first order a region takes its influence out of the estimates, the inverse information times its scores (Efron
    and Tibshirani 1993, section 14.3; Belsley, Kuh and Welsch 1980). Half of `most` move it up, half down; moves are
    counted in standard errors, so that fits compare. Where no fit has an influence those are taken whose regressor
    lies furthest out, and the largest move is NaN.
    """
    steps, away = [], []
    for fit in fits:
        place = fit.design.names.index(term)
        means = np.nanmean(fit.design.X[..., place], axis=0)
        away.append((means - means.mean()) ** 2)
        error = float(np.sqrt(fit.estimates.cov[place, place]))
        moves = None if np.isnan(fit.design.y).any() else influence(fit, by_region=True)[0]
        if moves is not None and error > 0 and np.isfinite(moves[:, place]).all():
            steps.append(-moves[:, place] / error)
    if not steps:
        return Moved((-np.max(away, axis=0)).argsort(kind="stable")[:most].tolist(), float("nan"), 0)
    down, up = np.min(steps, axis=0), np.max(steps, axis=0)
    half = most // 2
    order = [*down.argsort(kind="stable")[:half].tolist(), *up.argsort(kind="stable")[-half:].tolist()]
    return Moved(list(dict.fromkeys(order)), float(np.abs(steps).max()), len(steps))
