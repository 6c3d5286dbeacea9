"""Tests on residuals: dependence across regions at large (Pesaran), dependence along the weights (Moran)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.hypotheses import residual_tests as core
from spatialconv._core.likelihood.effects import Projection, projection
from spatialconv._core.likelihood.information import spatial_filter
from spatialconv._options import Alternative, choice, first
from spatialconv.autocorrelation import GlobalAutocorrelation
from spatialconv.errors import DataError, MissingDataError, OptionError
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.hypotheses.outcomes import NORMAL, fit_of, inapplicable, normal_test
from spatialconv.models.specification.design import matrix
from spatialconv.models.specification.given import refuse_endogenous
from spatialconv.panel import FloatArray
from spatialconv.results import HypothesisTest, Provenance, merge_notes
from spatialconv.weights import Aligned, align

_NULL = "residuals of different regions are uncorrelated"
_ALTERNATIVE = "residuals of different regions are correlated"
# Beyond this many regions the dense inverses that correct for estimated spatial terms are left out.
DENSE_AT_MOST = 3000


def pesaran_cd(residuals: Any) -> HypothesisTest:
    """Test whether residuals are correlated across regions, without naming weights (Pesaran 2004).

    Use it for dependence of whatever form, common shocks included; `residual_moran` asks for dependence along given
    weights.

    Parameters
    ----------
    residuals : fitted model (of `fit_panel` or `beta`), or DataFrame
        Of a frame the rows are periods and the columns regions, without gaps.

    Returns
    -------
    HypothesisTest
        ``CD = sqrt(2 T / (N (N - 1))) sum of the correlations of all pairs``, standard normal, two-sided. Where the
        mean over the regions was taken out of every period (time effects) correlations are negative by construction,
        CD tends to -sqrt(T / 2) (with equal variances), and is NaN with that reason (Juodis and Reese 2022).

    Raises
    ------
    DataError
        If there are fewer than three periods or two regions, or the residuals of a region do not vary.
    MissingDataError
        If residuals are missing.

    References
    ----------
    Pesaran (2004), General diagnostic tests for cross section dependence in panels, CESifo Working Paper 1229; 2021,
    Empirical Economics 60. Juodis and Reese (2022), Journal of Business and Economic Statistics 40.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.hypotheses.diagnostics import pesaran_cd
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> pesaran_cd(sc.fit_panel(zj.panel, "exports", "digital", w, effects="region")).distribution
    'N(0,1)'
    """
    if not isinstance(residuals, pd.DataFrame):
        residuals = fit_of(residuals, "residuals")
        residuals.design.refuse_cells("pesaran_cd() is")
        residuals = residuals.residuals
    frame = residuals
    E = np.asarray(frame.to_numpy(dtype=float))
    _check_frame(frame, E)
    T, N = E.shape
    where = Provenance("pesaran_cd", {}, N, T)
    if np.abs(E.mean(axis=1)).max() <= 1e-8 * np.sqrt((E**2).mean()):
        reason = (
            "residuals sum to zero in every period (time effects), so that their correlations are negative by "
            f"construction and CD is biased towards -sqrt(T/2) = {-np.sqrt(T / 2):.2f}; take residual_moran() or "
            "lm_tests()"
        )
        return inapplicable("Pesaran CD", _NULL, _ALTERNATIVE, NORMAL, reason)
    found = normal_test("Pesaran CD", _NULL, _ALTERNATIVE, core.pesaran_cd(E))
    return HypothesisTest(
        found.name, _NULL, _ALTERNATIVE, found.statistic, found.p_value, NORMAL, None, "", (), where
    )  # fmt: skip


def _check_frame(frame: pd.DataFrame, E: FloatArray) -> None:
    T, N = E.shape
    if T < 3 or N < 2:
        raise DataError(f"Pesaran's CD needs at least three periods and two regions; got {T} and {N}.")
    gaps = ~np.isfinite(E)
    if gaps.any():
        raise MissingDataError(
            f"residuals are missing or infinite in regions {first(list(frame.columns[gaps.any(axis=0)]))}. Leave these "
            "regions out."
        )
    flat = np.ptp(E, axis=0) <= 1e-12 * np.abs(E).max()
    if flat.any():
        raise DataError(
            f"residuals do not vary in regions {first(list(frame.columns[flat]))}; they have no correlations. Leave "
            "these regions out."
        )


def residual_moran(fit: Any, w: Any = None, *, alternative: Alternative = "two-sided") -> GlobalAutocorrelation:
    """Compute Moran's I of the residuals of every period, with the moments of residuals.

    Use it to see whether, and in which years, a model leaves spatial dependence behind. `moran` of the residuals would
    use the moments of raw data, which are wrong for residuals.

    Parameters
    ----------
    fit : PanelFit, or a result that holds one (`beta`)
    w : Graph, optional
        Weights; by default those of the model's error process, or of its spatial lag.
    alternative : {"two-sided", "greater", "less"}

    Returns
    -------
    GlobalAutocorrelation
        `.table` with one row a period: I, expected, variance, z, p.

    Raises
    ------
    OptionError
        If neither the model nor the call has weights.

    Notes
    -----
    Least squares residuals of period t have covariance ``s2 S_t`` known up to s2, from the regressors and the
    effects; ``E(I) = (n / S0) tr(W S_t) / tr(S_t)``. With one period and no spatial terms these are the exact moments
    of Cliff and Ord (1981), as in spdep's lm.morantest. Where rho or lambda were estimated, part of the dependence
    went into them: the variance is lowered by a' V a, V being the covariance of (rho, lambda, sigma2) and a the
    information that they share with a further error parameter in one period, as in the score test for a spatial error
    in the lag model (Anselin 1988). Without that the test would reject too rarely.

    References
    ----------
    Cliff and Ord (1981), Spatial Processes, chapter 8. Anselin (1988), Spatial Econometrics, chapter 8.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.hypotheses.diagnostics import residual_moran
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> list(residual_moran(sc.fit_panel(zj.panel, "exports", "digital", w, effects="time")).table.columns)
    ['I', 'expected', 'variance', 'z', 'p']
    """
    choice("alternative", alternative, Alternative)
    model = fit_of(fit)
    refuse_endogenous(model.spec, "residual_moran")
    model.design.refuse_cells("residual_moran() is")
    design = model.design
    weights = align(w, design.regions) if w is not None else design.M or design.W
    if weights is None:
        raise OptionError("the model was fitted without spatial weights; pass them as w.")
    T, N, _ = design.shape
    project = projection(model.spec.fixed_effects, T, N, lee_yu=False)
    M = matrix(design.M) if model.spec.has_error else None
    lam = model.lambda_ if M is not None else 0.0
    estimated, note = _estimated(model, weights, project)
    found = core.residual_moran(
        model.estimates.residuals, spatial_filter(M, lam, design.X), project, weights.matrix, estimated=estimated
    )
    z = (found.I - found.expected) / np.sqrt(found.variance)
    p = {"two-sided": 2 * stats.norm.sf(np.abs(z)), "greater": stats.norm.sf(z), "less": stats.norm.cdf(z)}
    columns = {"I": found.I, "expected": found.expected, "variance": found.variance, "z": z, "p": p[alternative]}
    dynamic = "past outcomes count as given regressors" if model.spec.dynamic != "none" else ""
    return GlobalAutocorrelation(
        statistic="I",
        table=pd.DataFrame(columns, index=design.periods),
        variable=f"residuals of {model.spec.name} of {model.spec.y}",
        log=False,
        periods=design.periods,
        regions=design.regions,
        null="normality",
        alternative=alternative,
        permutations=0,
        notes=merge_notes(weights.notes, (text for text in (note, dynamic) if text)),
        provenance=Provenance("residual_moran", {"alternative": alternative}, N, T, weights.summary),
    )


def _estimated(model: PanelFit, weights: Aligned, project: Projection) -> tuple[float, str]:
    """Return what estimating rho and lambda takes off the variance of e_t'We_t / s2, and what to say of it."""
    spec, design = model.spec, model.design
    W = matrix(design.W) if spec.has_lag else None
    M = matrix(design.M) if spec.has_error else None
    if W is None and M is None:
        return 0.0, ("random effects are left in the residuals" if spec.effects == "random" else "")
    if model.n_regions > DENSE_AT_MOST:
        return 0.0, (
            "the variance does not count that rho and lambda were estimated (too many regions for dense inverses): the "
            "test rejects too rarely"
        )
    a = core.shared_information(weights.matrix, W, model.rho, M, model.lambda_, model.sigma2, project)
    names = [*(["rho"] if spec.has_lag else []), *(["lambda"] if spec.has_error else []), "sigma2"]
    # Estimates by moments have no variance of sigma2, which counts for next to nothing here.
    return float(a @ np.nan_to_num(model.cov.loc[names, names].to_numpy()) @ a), ""
