"""Fixed-effects regressions, estimated by linearmodels; inference by the conventions of the field."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.likelihood.covariance import newey_west_lags
from spatialconv._core.regression.absorb import absorb
from spatialconv._options import choice, first, names, probability, whole
from spatialconv.errors import OptionError
from spatialconv.panel import FloatArray, Panel
from spatialconv.regression._result import FixedEffects
from spatialconv.regression._sample import FixedKind, Sample, check, sample_of
from spatialconv.results import Provenance, merge_notes, plural

FixedVcov = Literal["unadjusted", "robust", "cluster", "driscoll-kraay"]
FEW = 20  # clusters, or periods of Driscoll and Kraay: below this their errors are known to be too small
RELATIVE_ROUNDING = 1e-12  # a standard error below this share of its coefficient is what rounding leaves of zero


def fixed_effects(
    panel: Panel,
    y: str,
    x: str | Iterable[str],
    *,
    effects: FixedKind = "two-way",
    vcov: FixedVcov = "cluster",
    lags: int | None = None,
    level: float = 0.95,
) -> FixedEffects:
    """Regress an outcome on regressors under effects of regions, periods or both, without space.

    Use it where neighbours are no part of the question, and for panels with gaps. With complete panels its
    coefficients are those of `fit_panel(..., spatial="none")`, whose likelihood the spatial models share.

    Parameters
    ----------
    panel : Panel
        N regions x T periods; rows with a gap in a variable are left out and counted in the notes.
    y : str
        Outcome.
    x : str or names
        Regressors. Without effects an intercept is added.
    effects : {"two-way", "region", "time", "none"}
        Which effects are taken out.
    vcov : {"cluster", "robust", "driscoll-kraay", "unadjusted"}
        Standard errors: clustered by region; for unequal variances (HC1, inconsistent under region effects with three
        periods or more, where `fit_panel(..., spatial="none", vcov="robust")` has one that is not); for any dependence
        between regions and over `lags` periods; or for errors alike and independent.
    lags : int, optional
        Of Driscoll and Kraay; floor(4 (T/100)^(2/9)) by default.
    level : float
        Of the confidence intervals.

    Returns
    -------
    FixedEffects

    Raises
    ------
    AbsorbedVariableError, SingularDesignError
        If the effects take all that a regressor varies, or regressors are collinear or too many.
    DataError
        If no row is complete.

    Notes
    -----
    ``y_it = x_it' b + a_i + c_t + e_it``. Coefficients and the middle of the sandwich are those of linearmodels.
    Degrees of freedom follow Stata's `xtreg, fe` and R's fixest: clustered covariances are multiplied by
    G / (G - 1) times (n - 1) / (n - k), where k counts regressors, intercept and effects of periods but not those of
    regions, which are nested in the clusters, and t has G - 1 degrees of freedom; the others by n / (n - k) with all
    effects counted, and t has n - k, or T - 1 for Driscoll and Kraay. R² within is the share of what the effects leave;
    between and overall are squared correlations of outcome and X b, of the regions' means and of all rows; "of the
    model" counts the effects.

    References
    ----------
    Arellano, M. (1987) Computing robust standard errors for within-groups estimators. Oxford Bulletin of Economics
    and Statistics 49, 431-434. Driscoll, J. C. and Kraay, A. C. (1998) Consistent covariance matrix estimation with
    spatially dependent panel data. Review of Economics and Statistics 80, 549-560.

    Examples
    --------
    >>> import spatialconv as sc
    >>> panel = sc.datasets.munnell()
    >>> fit = sc.fixed_effects(panel, "log_gsp", ["log_pcap", "log_pc", "log_emp", "unemp"], effects="region")
    >>> fit.params.round(4).to_dict()
    {'log_pcap': -0.0261, 'log_pc': 0.292, 'log_emp': 0.7682, 'unemp': -0.0053}
    """
    choice("effects", effects, get_args(FixedKind))
    choice("vcov", vcov, get_args(FixedVcov))
    probability("level", level)
    sample = sample_of(panel, y, names("x", x))
    return fit_sample(sample, effects, vcov, lags, level)


def fit_sample(
    sample: Sample, effects: FixedKind, vcov: FixedVcov, lags: int | None = None, level: float = 0.95
) -> FixedEffects:
    """Estimate on rows that are chosen already."""
    taken = check(sample, effects)
    lags = newey_west_lags(sample.n_periods) if lags is None else whole("lags", lags)
    if vcov == "driscoll-kraay" and lags >= sample.n_periods:
        raise OptionError(f"lags must be fewer than the {sample.n_periods} periods; got {lags}.")
    n, k = len(sample.y), len(sample.names)
    # One scale for all regressors, whatever their units.
    scale = sample.X.std(axis=0)
    found = _linearmodels(sample, effects, vcov, lags, scale)
    units = np.concatenate([np.ones(int(effects == "none")), scale])
    cov, df = _scaled(np.asarray(found.cov) / np.outer(units, units), sample, effects, vcov, taken)
    terms = [*(["intercept"] if effects == "none" else []), *sample.names]
    params = np.asarray(found.params) / units
    cov, spurious = _without_rounding(cov, params)
    residuals = np.asarray(found.resids)
    inclusive = 1 - float(residuals @ residuals) / float(((sample.y - sample.y.mean()) ** 2).sum())
    within, between, overall = _shares(sample, effects, params[-k:], float(residuals @ residuals))
    options = {"y": sample.y_name, "x": sample.names, "effects": effects, "vcov": vcov, "level": level}
    if vcov == "driscoll-kraay":
        options["lags"] = lags
    return FixedEffects(
        y=sample.y_name,
        effects=effects,
        table=_table(terms, params, np.sqrt(np.diag(cov)), df, level),
        cov=pd.DataFrame(cov, index=terms, columns=terms),
        residuals=_residuals(sample, residuals),
        nobs=n,
        n_regions=sample.n_regions,
        n_periods=sample.n_periods,
        df=df,
        rsquared=inclusive,
        rsquared_adjusted=1 - (1 - inclusive) * (n - 1) / (n - k - taken),
        rsquared_within=within,
        rsquared_between=between,
        rsquared_overall=overall,
        vcov=vcov,
        level=level,
        notes=merge_notes(sample.notes, _notes(sample, effects, vcov), _vanishing([terms[k] for k in spurious])),
        provenance=Provenance("fixed_effects", options, sample.n_regions, sample.n_periods),
    )


def _linearmodels(sample: Sample, effects: FixedKind, vcov: FixedVcov, lags: int, scale: FloatArray) -> Any:
    from linearmodels.panel import PanelOLS

    # Places instead of labels: linearmodels takes no text for periods.
    index = pd.MultiIndex.from_arrays([sample.region, sample.period])
    X = sample.X / scale
    X = X if effects != "none" else np.column_stack([np.ones(len(sample.y)), X])
    regressors = pd.DataFrame(X, index=index).add_prefix("x")
    model = PanelOLS(
        pd.Series(sample.y, index=index, name="y"),
        regressors,
        entity_effects=effects in ("region", "two-way"),
        time_effects=effects in ("time", "two-way"),
        check_rank=False,  # done in check(), where columns have one scale
    )
    plain = "unadjusted" if vcov == "cluster" else vcov  # one cluster has no variance; see _scaled
    options: dict[str, Any] = {"cov_type": plain, "debiased": False, "auto_df": False, "count_effects": False}
    if vcov == "cluster" and sample.n_regions > 1:
        options |= {"cov_type": "clustered", "cluster_entity": True}
    if vcov == "driscoll-kraay":
        options |= {"cov_type": "kernel", "kernel": "bartlett", "bandwidth": lags}
    with warnings.catch_warnings():
        # Its F test of all slopes and its diagnostics are not used; an undefined one is nobody's concern here.
        warnings.simplefilter("ignore", RuntimeWarning)
        return model.fit(**options)


def _scaled(
    cov: FloatArray, sample: Sample, effects: FixedKind, vcov: FixedVcov, taken: int
) -> tuple[FloatArray, float]:
    """Return the covariance with its small-sample factor, and the degrees of freedom of t."""
    n, k = len(sample.y), len(sample.names)
    left = n - k - taken
    if vcov == "cluster":
        G = sample.n_regions
        counted = k + 1 + (sample.n_periods - 1) * (effects in ("time", "two-way"))
        if G < 2 or n <= counted:
            return np.full_like(cov, np.nan), np.nan
        return cov * G / (G - 1) * (n - 1) / (n - counted), float(G - 1)
    if vcov == "driscoll-kraay":
        return cov * n / left, float(sample.n_periods - 1) if sample.n_periods > 1 else np.nan
    return cov * n / left, float(left)


def _without_rounding(cov: FloatArray, params: FloatArray) -> tuple[FloatArray, list[int]]:
    """Return the covariance without variances that are zero but for rounding, and the places of these.

    Scores of few clusters can cancel: those of two regions under two-way effects always do.
    """
    spurious = np.flatnonzero(np.sqrt(np.diag(cov)) <= RELATIVE_ROUNDING * np.abs(params))
    cov = cov.copy()
    cov[spurious], cov[:, spurious] = np.nan, np.nan
    return cov, spurious.tolist()


def _vanishing(terms: list[str]) -> list[str]:
    if not terms:
        return []
    return [
        f"no standard error but rounding of {first(terms)}: a perfect fit, or too few clusters, whose scores cancel"
    ]


def _table(terms: list[str], params: FloatArray, errors: FloatArray, df: float, level: float) -> pd.DataFrame:
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = params / errors
    half = stats.t.ppf(0.5 + level / 2, df) * errors
    columns = {
        "estimate": params,
        "std_error": errors,
        "statistic": statistic,
        "p_value": 2 * stats.t.sf(np.abs(statistic), df),
        "conf_low": params - half,
        "conf_high": params + half,
    }
    return pd.DataFrame(columns, index=pd.Index(terms, name="term"))


def _shares(sample: Sample, effects: FixedKind, slopes: FloatArray, squares: float) -> tuple[float, float, float]:
    y = sample.y[:, None]
    left = absorb(y, sample.effects(effects)) if effects != "none" else y - y.mean()
    fitted = (sample.X @ slopes)[:, None]
    means = [np.bincount(sample.region, v[:, 0]) / np.maximum(np.bincount(sample.region), 1) for v in (y, fitted)]
    seen = np.bincount(sample.region) > 0
    between = _squared_correlation(*(mean[seen] for mean in means))
    return 1 - squares / float((left**2).sum()), between, _squared_correlation(sample.y, fitted[:, 0])


def _squared_correlation(a: FloatArray, b: FloatArray) -> float:
    if min(np.ptp(a), np.ptp(b)) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1] ** 2)


def _residuals(sample: Sample, values: FloatArray) -> pd.DataFrame:
    wide = np.full((len(sample.periods), len(sample.regions)), np.nan)
    wide[sample.period, sample.region] = values
    return pd.DataFrame(wide, index=sample.periods, columns=sample.regions)


def _notes(sample: Sample, effects: FixedKind, vcov: FixedVcov) -> list[str]:
    notes = []
    alone = int((np.bincount(sample.region) == 1).sum())
    if alone and effects in ("region", "two-way"):
        notes.append(
            f"observed once: {plural(alone, 'region')}; an effect of its own explains it, and nothing is learnt"
        )
    if vcov == "cluster" and sample.n_regions < FEW:
        notes.append(
            f"errors clustered by {plural(sample.n_regions, 'region')}: with fewer than {FEW} they tend to be too small"
            + ("; one cluster has none" if sample.n_regions < 2 else "")
        )
    if vcov == "robust" and effects in ("region", "two-way") and int(np.bincount(sample.region).max()) > 2:
        notes.append(
            "robust errors as HC1: under region effects squares of residuals mix a region's variances, which more "
            "regions do not mend (Stock and Watson 2008); take vcov='cluster', or fit_panel with spatial='none'"
        )
    if vcov == "driscoll-kraay" and sample.n_periods < FEW:
        notes.append(
            f"Driscoll-Kraay errors from {plural(sample.n_periods, 'period')}: with fewer than {FEW} they are too small"
        )
    return notes
