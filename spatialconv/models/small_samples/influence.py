"""Influence of single observations or regions on the estimates, to first order: what an acceleration is taken from."""

from __future__ import annotations

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
