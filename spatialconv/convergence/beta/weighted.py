"""Growth regressions weighted by people: do those behind catch up, region by region or person by person?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.regression.least_squares import ABSORBED, collinear_columns
from spatialconv._core.regression.leave_out import LeaveOut, share_beyond, wald
from spatialconv._options import ControlsAt, choice, count_of, first, generator, names, probability, whole
from spatialconv.convergence.beta.beta import INITIAL, growth_design
from spatialconv.convergence.beta.thresholds import interval_row, refuse_collinear
from spatialconv.errors import NotPositiveError, SingularDesignError
from spatialconv.models.specification.design import Design, refuse_reserved
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import HypothesisTest, Provenance, Result, extent, merge_notes, number, p_value
from spatialconv.summary import control_arrays, spans

WeightedEffects = Literal["none", "time"]
# A sample as uneven as this rests on a few regions.
FEW = 10


def beta_weighted(
    panel: Panel,
    variable: str,
    *,
    weights: str,
    controls: str | Iterable[str] = (),
    controls_at: ControlsAt = "start",
    horizon: int = 1,
    overlapping: bool = False,
    effects: WeightedEffects = "none",
    level: float = 0.95,
    draws: int = 999,
    seed: int | np.random.Generator | None = 0,
) -> BetaWeighted:
    r"""Estimate beta with regions weighted by their people, beside the beta in which every region counts once.

    A region of a million then counts as a thousand of a thousand people do: the question is whether the typical person,
    not the typical region, lives where incomes catch up. Where both differ, no one beta describes all regions; the
    test says whether they do by more than chance. Weighting does not mend that, it answers another question.

    Parameters
    ----------
    panel : Panel
    variable : str
        The level v, positive.
    weights : str
        Column whose values at the start of each span weigh regions, positive: population, say.
    controls, controls_at, horizon, overlapping
        As in `beta`.
    effects : {"none", "time"}
        A constant, or one for every span. The likelihood of models with spatial terms, and of effects of regions as
        `beta` takes them, has no place for such weights: weighting would not weigh people but rescale neighbours'
        growth, and so is not offered there.
    level : float
        Of the intervals.
    draws : int
        Samples of signs for the p of the test; with 0 it is that of F.
    seed : int, Generator or None
        Of these samples.

    Returns
    -------
    BetaWeighted
        `.table` (rows "weighted" and "unweighted"), `.params`, `.cov`, `.test`

    Raises
    ------
    NotPositiveError
        If a weight or a level is zero or negative.
    SingularDesignError
        If regressors are collinear.
    VariableError, MissingDataError, OptionError
        As in `beta`.

    Notes
    -----
    Least squares with the sum of :math:`\omega_{it} e_{it}^2` least, :math:`\omega` over its mean in each period, so
    that no period counts more because people have become more. Weights do not say what the variance is, and a region
    that weighs much bends the line to itself, so that its residual says too little: standard errors are those of the
    jackknife of regions (CR3), (G - 1) / G times the sum of squares of what leaving a region out, in all its periods,
    does to the coefficients, with t of G - 1 degrees of freedom. The test is that of DuMouchel and Duncan: regressors
    times weights added to the unweighted regression have no coefficients, F by CR3, p by signs of whole histories of
    regions' residuals without them, drawn anew (Cameron, Gelbach and Miller 2008).

    References
    ----------
    DuMouchel, W. and Duncan, G. (1983), Using Sample Survey Weights in Multiple Regression Analyses of Stratified
    Samples, Journal of the American Statistical Association 78, 535-543. Bell, R. and McCaffrey, D. (2002), Bias
    Reduction in Standard Errors for Linear Regression with Multi-Stage Samples, Survey Methodology 28, 169-181.
    Cameron, A. C., Gelbach, J. and Miller, D. (2008), Bootstrap-Based Improvements for Inference with Clustered Errors,
    Review of Economics and Statistics 90, 414-427. Solon, G., Haider, S. and Wooldridge, J.
    (2015), What Are We Weighting For?, Journal of Human Resources 50, 301-316. Sala-i-Martin, X. (2006), The World
    Distribution of Income, Quarterly Journal of Economics 121, 351-397.

    Examples
    --------
    >>> import spatialconv as sc
    >>> data = sc.datasets.munnell()
    >>> panel = data.assign(output=lambda f: f["gsp"] / f["emp"])
    >>> found = sc.beta_weighted(panel, "output", weights="emp", horizon=16)
    >>> found.table["beta"].round(4).to_dict()
    {'weighted': -0.0291, 'unweighted': -0.0313}
    """
    as_panel(panel)
    whole("horizon", horizon, least=1)
    probability("level", level)
    choice("effects", effects, WeightedEffects)
    count = count_of("draws", draws)
    (column,) = names("weights", weights)
    extra = names("controls", controls if controls is not None else ())
    refuse_reserved(extra)
    design, length = growth_design(panel, variable, extra, horizon, overlapping, controls_at)
    omega = _omega(panel, column, horizon, overlapping, design)
    refuse_collinear(design, effects)
    T, N = design.y.shape
    rows, fits, lone = {}, {}, np.zeros(N, dtype=bool)
    for name, of in (("weighted", omega), ("unweighted", np.ones_like(omega))):
        fit = _fit(design.y, design.X, of, effects)
        fits[name] = (fit.b, fit.V)
        rows[name] = interval_row(float(fit.b[0]), float(np.sqrt(fit.V[0, 0])), length, level, N - 1)
        lone |= fit.of.alone().any(axis=1)
    terms = pd.Index(design.names)
    share = omega / omega.sum(axis=1, keepdims=True)
    effective = float((1 / (share**2).sum(axis=1)).mean())
    said = []
    if lone.any():
        said.append(f"coefficients that rest on one region have no standard error: {first(list(design.regions[lone]))}")
    if effective < FEW:
        heaviest = first(list(design.regions[np.argsort(-share.mean(axis=0))[:3]]))
        said.append(f"weights leave as many as {effective:.1f} regions of equal size: the heaviest are {heaviest}")
    options = {"variable": variable, "weights": column, "controls_at": controls_at, "horizon": horizon,
               "effects": effects, "draws": count}  # fmt: skip
    rng, stored = generator(seed)
    provenance = Provenance("beta_weighted", options, N, T, None, stored)
    return BetaWeighted(
        table=pd.DataFrame.from_dict(rows, orient="index").rename_axis("regression"),
        params=pd.DataFrame({name: pd.Series(b, terms) for name, (b, _) in fits.items()}),
        cov=pd.DataFrame(fits["weighted"][1], terms, terms),
        test=_dumouchel(design, omega, effects, count, rng, provenance),
        effective=effective,
        weights=column,
        variable=variable,
        effects=effects,
        level=level,
        shape=(T, N),
        notes=merge_notes(design.notes, said),
        provenance=provenance,
    )


def _omega(panel: Panel, column: str, horizon: int, overlapping: bool, design: Design) -> FloatArray:
    """Return the weights (T, N) over their mean by period."""
    (values,) = control_arrays(panel, (column,), spans(panel, horizon, overlapping=overlapping), "start")
    if not (values > 0).all():
        t, i = np.nonzero(~(values > 0))
        where = first([(design.regions[b], design.periods[a]) for a, b in zip(t, i, strict=True)])
        raise NotPositiveError(
            f"weights must be positive; {column!r} is zero or negative in {where} (region, end of the span). Leave "
            "regions without people out by panel.subset()."
        )
    return np.asarray(values / values.mean(axis=1, keepdims=True))


class _Fit(NamedTuple):
    """Coefficients (k,), their covariance CR3 (k, k), residuals (T, N) and the regression itself."""

    b: FloatArray
    V: FloatArray
    e: FloatArray
    of: LeaveOut


def _fit(y: FloatArray, X: FloatArray, omega: FloatArray, effects: WeightedEffects) -> _Fit:
    """Fit y (T, N) on X (T, N, k), constants taken off by weighted means."""
    T, N, k = X.shape
    lost = T if effects == "time" else 1
    of = LeaveOut.of(X, omega, effects) if k + lost < T * N else None
    size = np.sqrt((omega[:, :, None] * X**2).sum(axis=(0, 1)))
    if of is None or (np.linalg.norm(of.R, axis=0) <= ABSORBED * size).any() or len(collinear_columns(of.R)):
        raise SingularDesignError(
            f"{k} regressors and {lost} constants are too many, or collinear, for {extent(N, T, 'span')}. Leave "
            "regressors out."
        )
    b, e = of.fitted(y[:, :, None])
    return _Fit(b[:, 0], of.covariance(e[:, :, 0]), e[:, :, 0], of)


def _dumouchel(
    design: Design, omega: FloatArray, effects: WeightedEffects, count: int, rng: np.random.Generator, where: Provenance
) -> HypothesisTest:
    extra = np.concatenate([omega[:, :, None], omega[:, :, None] * (design.X - design.X.mean(axis=(0, 1)))], axis=2)
    _, N, k = design.X.shape
    m = k + 1
    name, null = "DuMouchel and Duncan, F", "weighted and unweighted coefficients are the same but for chance"
    alternative = "coefficients change with the weights"
    ones, both = np.ones_like(omega), np.concatenate([design.X, extra], axis=2)
    try:
        fit = _fit(design.y, both, ones, effects)
    except SingularDesignError:
        reason = "too few observations, or weights that do not vary"
        return HypothesisTest(name, null, alternative, np.nan, np.nan, "F", None, reason, provenance=where)
    if m >= N or np.isnan(fit.V[k:, k:]).any():
        reason = "too few regions: without one of them the coefficients of the weights are not identified"
        return HypothesisTest(name, null, alternative, np.nan, np.nan, "F", None, reason, provenance=where)
    found = float(wald(fit.of, design.y[:, :, None], k)[0])
    if count:
        p = share_beyond(fit.of, _fit(design.y, design.X, ones, effects).e, k, found, count, rng)
    else:
        p = float(stats.f.sf(found / m, m, N - 1))
    law = "bootstrap" if count else f"F({m}, {N - 1})"
    return HypothesisTest(name, null, alternative, found / m, p, law, provenance=where)


@dataclass(frozen=True, eq=False, repr=False)
class BetaWeighted(Result):
    """Beta of people beside beta of regions, and the test that they are the same.

    Attributes
    ----------
    table : DataFrame
        Rows "weighted" and "unweighted": beta with interval, speed and half-life.
    params : DataFrame
        All coefficients, a column each.
    cov : DataFrame
        Of the weighted coefficients, by the jackknife of regions.
    test : HypothesisTest
        DuMouchel and Duncan's.
    effective : float
        Number of regions of equal size that weigh as unevenly as these (mean over spans of one over the sum of squared
        shares).
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    params: pd.DataFrame
    cov: pd.DataFrame
    test: HypothesisTest
    effective: float
    weights: str
    variable: str
    effects: WeightedEffects
    level: float
    shape: tuple[int, int]
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a regression: beta with its interval."""
        rows = self.table.rename(columns={"beta": "estimate"}).reset_index()
        rows.insert(0, "term", [f"{INITIAL}[{name}]" for name in rows.pop("regression")])
        return rows

    def glance(self) -> pd.DataFrame:
        """Return one row: both betas, the test, and how many regions the weights leave."""
        T, N = self.shape
        row: dict[str, Any] = {
            "variable": self.variable,
            "weights": self.weights,
            "n_regions": N,
            "n_spans": T,
            "effective_regions": self.effective,
            "beta_weighted": self.table.loc["weighted", "beta"],
            "beta_unweighted": self.table.loc["unweighted", "beta"],
            "statistic": self.test.statistic,
            "p_value": self.test.p_value,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        T, N = self.shape
        lines = [
            f"Beta convergence of {self.variable} weighted by {self.weights}: {extent(N, T, 'span')}, effects "
            f"{self.effects}; the weights of {number(self.effective, 1)} equal regions"
        ]
        for name, row in self.table.iterrows():
            rate = f"speed {number(row['speed'])}" if np.isfinite(row["speed"]) else "speed undefined"
            lines.append(
                f"  {name}: beta {number(row['beta'])} [{number(row['conf_low'])}, {number(row['conf_high'])}], {rate}"
            )
        test = self.test
        said = test.reason or f"F = {number(test.statistic, 2)}, {p_value(test.p_value)}"
        return [*lines, f"  the same but for chance (DuMouchel and Duncan): {said}"]
