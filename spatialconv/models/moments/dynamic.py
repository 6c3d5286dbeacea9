"""Difference and system GMM of convergence: the lag coefficient, its speed and half-life, and what each assumes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.likelihood.effects import projection
from spatialconv._core.regression.dynamic_panel import Equations, Found, Styled, chi2_p, equations, estimate
from spatialconv._options import choice, first, flag, names, probability, whole
from spatialconv.errors import DataError, OptionError, SingularDesignError
from spatialconv.panel import FloatArray, Panel
from spatialconv.panel.panel import as_panel
from spatialconv.results import TIDY, Provenance, Result, extent, merge_notes, number, p_value, plural
from spatialconv.summary import time_axis

LAG = "lag"
# Periods closer than this to the same distance are evenly spaced.
_EVEN = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class DynamicGMM(Result):
    """A dynamic panel by difference or system GMM.

    Attributes
    ----------
    params, std_errors : Series
        Of `lag` (the outcome of the period before) and the regressors; without dummies and intercept.
    cov : DataFrame
        Their covariance, robust, after two steps with Windmeijer's correction.
    speed, half_life : float
        -ln(lag) / step and ln 2 / speed, per unit of time; NaN where they have no meaning.
    hansen, sargan : float
        Tests that all instruments are valid, chi-squared with `overidentifying` degrees of freedom, with `hansen_p` and
        `sargan_p`; the latter holds under equal variances only.
    serial : DataFrame
        Arellano and Bond's `z` and `p_value` that differenced errors are uncorrelated, by `order`: the first should
        reject (they are differenced), the second should not.
    within, pooled : float
        The lag coefficient by least squares with region effects, biased downwards, and without, biased upwards.
    n_instruments, step, level, system
    regions, periods : Index
    """

    params: pd.Series
    std_errors: pd.Series
    cov: pd.DataFrame
    speed: float
    speed_std_error: float
    hansen: float
    hansen_p: float
    sargan: float
    sargan_p: float
    overidentifying: int
    serial: pd.DataFrame
    within: float
    pooled: float
    n_instruments: int
    step: float
    level: float
    system: bool
    variable: str
    log: bool
    regions: pd.Index
    periods: pd.Index
    residuals: pd.DataFrame
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def half_life(self) -> float:
        """Time in which half of a gap closes."""
        return float(np.log(2) / self.speed) if self.speed > 0 else float("nan")

    def tidy(self) -> pd.DataFrame:
        """Return one row a term, then speed and half-life by the delta method."""
        frame = pd.DataFrame({"term": self.params.index, "estimate": self.params.to_numpy()})
        frame["std_error"] = self.std_errors.to_numpy()
        error = np.log(2) / self.speed**2 * self.speed_std_error if self.speed > 0 else np.nan
        extra = pd.DataFrame(
            {
                "term": ["speed", "half_life"],
                "estimate": [self.speed, self.half_life],
                "std_error": [self.speed_std_error, error],
            }
        )
        frame = pd.concat([frame, extra], ignore_index=True)
        frame["statistic"] = frame["estimate"] / frame["std_error"]
        frame["p_value"] = 2 * stats.norm.sf(np.abs(frame["statistic"]))
        # Zero is no hypothesis about a half-life.
        frame.loc[frame["term"] == "half_life", ["statistic", "p_value"]] = np.nan
        half = stats.norm.ppf(0.5 + self.level / 2) * frame["std_error"]
        frame["conf_low"], frame["conf_high"] = frame["estimate"] - half, frame["estimate"] + half
        return frame[list(TIDY)]

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, the lag coefficient between its bounds, speed, tests."""
        row = {
            "variable": self.variable,
            "estimator": "system" if self.system else "difference",
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "n_instruments": self.n_instruments,
            "lag": float(self.params[LAG]),
            "within": self.within,
            "pooled": self.pooled,
            "speed": self.speed,
            "half_life": self.half_life,
            "hansen": self.hansen,
            "hansen_p": self.hansen_p,
            "ar1_p": float(self.serial["p_value"].iloc[0]),
            "ar2_p": float(self.serial["p_value"].iloc[1]),
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        name = f"log of {self.variable}" if self.log else self.variable
        kind = "System" if self.system else "Difference"
        lines = [f"{kind} GMM of {name}: {extent(len(self.regions), len(self.periods))}"]
        for term in self.params.index[:5]:
            z = self.params[term] / self.std_errors[term]
            p = float(2 * stats.norm.sf(abs(z)))
            lines.append(f"  {term} {number(self.params[term])} (z {number(z, 2)}, {p_value(p)})")
        if len(self.params) > 5:
            lines.append(f"  and {len(self.params) - 5} more, see tidy()")
        lines.append(f"  least squares: within {number(self.within)}, pooled {number(self.pooled)}")
        lines.append(
            f"  speed {number(self.speed)} (standard error {number(self.speed_std_error)}), half-life "
            f"{number(self.half_life, 2)}"
        )
        lines.append(
            f"  {plural(self.n_instruments, 'instrument')}; Hansen {number(self.hansen, 2)} on "
            f"{self.overidentifying} df, {p_value(self.hansen_p)}"
        )
        said = [f"AR({order}) {p_value(float(row['p_value']))}" for order, row in self.serial.iterrows()]
        lines.append(f"  differenced errors: {', '.join(said)}")
        return lines


def dynamic_gmm(
    panel: Panel,
    variable: str,
    x: str | Iterable[str] = (),
    *,
    system: bool = False,
    predetermined: str | Iterable[str] = (),
    endog: str | Iterable[str] = (),
    log: bool = True,
    steps: int = 2,
    max_lag: int | None = None,
    collapse: bool = True,
    time_effects: bool = True,
    level: float = 0.95,
) -> DynamicGMM:
    r"""Estimate how much of a gap is left a period later by difference or system GMM.

    Region effects go by differencing, and earlier levels are instruments of the differences, so that the bias of order
    1/T of least squares with region effects goes without being estimated. `fit_panel(dynamic="y")` is the likelihood's
    way, with space; this one lets regressors depend on the past, and takes no weights.

    Parameters
    ----------
    panel : Panel
        Evenly spaced periods, four or more, complete in the variables.
    variable : str
    x : names, optional
        Strictly exogenous regressors; in a system independent of the region effects too.
    system : bool
        Add the equations in levels, with differences as instruments (Blundell and Bond 1998).
    predetermined, endog : names, optional
        Regressors that earlier errors may move, and that this period's may: instruments are lags from 1 and from 2.
    log : bool
        Take the logarithm of `variable`.
    steps : {1, 2}
        Weights for equal variances, or those of the first step's residuals with Windmeijer's (2005) covariance.
    max_lag : int, optional
        Longest lag among the instruments; all by default.
    collapse : bool
        One instrument a lag and not one a lag and period (Roodman 2009): with as many instruments as regions the
        estimate is that of least squares again, and Hansen's test always passes.
    time_effects : bool
        A dummy for every period: what moves all regions alike is out.
    level : float
        Of intervals.

    Returns
    -------
    DynamicGMM
        `.params`, `.speed`, `.half_life`, `.hansen_p`, `.serial`, `.within`, `.pooled`

    Raises
    ------
    DataError
        If there are fewer than four periods, or they are not evenly spaced.
    OptionError
        If a variable is named twice, or `max_lag` leaves the lag without an instrument.
    SingularDesignError
        If there are fewer instruments than coefficients.
    NotPositiveError, MissingDataError, UnbalancedPanelError, VariableError
        As elsewhere.

    Notes
    -----
    .. math:: y_{it} = \alpha y_{i,t-1} + x_{it}'b + \mu_i + \delta_t + e_{it}

    in differences, moments :math:`E[y_{i,t-s} \Delta e_{it}] = 0` for s from 2 on. They need errors without serial
    correlation, which `serial` asks, and earlier levels that tell something of differences: the nearer alpha to one,
    the less they do. An estimate below `within` says that they do not (Bond 2002).

    A system adds :math:`E[\Delta y_{i,t-1} (\mu_i + e_{it})] = 0`: the first deviation of a region from its own steady
    state does not go with its effect. Where regions converge from the start on it does, since those that began far
    below are those that grow: the assumption contradicts what is to be shown, and an alpha near one from a system is
    what its failure gives.

    Speeds are towards each region's own steady state, as under region effects. Errors are taken as independent over
    regions: dependence in space beyond common period effects makes standard errors too small.

    References
    ----------
    Arellano, M. and Bond, S. (1991), Review of Economic Studies 58, 277-297. Blundell, R. and Bond, S. (1998), Journal
    of Econometrics 87, 115-143. Windmeijer, F. (2005), Journal of Econometrics 126, 25-51. Roodman, D. (2009), Stata
    Journal 9, 86-136. Bond, S. (2002), Portuguese Economic Journal 1, 141-162. Caselli, F., Esquivel, G. and Lefort, F.
    (1996), Journal of Economic Growth 1, 363-389, for growth regressions.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> decades = us.panel.subset(periods=range(1929, 2010, 10))
    >>> found = sc.dynamic_gmm(decades, "income", max_lag=3)
    >>> found.n_instruments, found.overidentifying
    (9, 1)
    """
    as_panel(panel)
    log, system, collapse = flag("log", log), flag("system", system), flag("collapse", collapse)
    choice("steps", steps, (1, 2))
    share = probability("level", level)
    most = None if max_lag is None else whole("max_lag", max_lag, least=2)
    groups = {
        "x": names("x", x),
        "predetermined": names("predetermined", predetermined),
        "endog": names("endog", endog),
    }
    _refuse_twice(variable, groups)
    step = _step(panel)
    y = panel.values(variable, log=log)
    read = {kind: [panel.values(name) for name in group] for kind, group in groups.items()}
    others = _array([*read["predetermined"], *read["endog"]], y)
    exogenous = _array(read["x"], y)
    styled = [Styled(y, 2, most)]
    styled += [Styled(v, 1, most) for v in read["predetermined"]]
    styled += [Styled(v, 2, most) for v in read["endog"]]
    e = equations(y, exogenous, others, styled, dummies=time_effects, system=system, collapse=collapse)
    labels = (LAG, *groups["predetermined"], *groups["endog"], *groups["x"])
    _refuse_singular(e, labels)
    found = estimate(e, steps)
    # What is estimated stands in the order of equations(): lag, others, exogenous, dummies.
    k = len(labels)
    params = pd.Series(found.params[:k], index=list(labels), name="estimate")
    cov = pd.DataFrame(found.cov[:k, :k], index=params.index, columns=params.index)
    std_errors = pd.Series(np.sqrt(np.diag(cov)), index=params.index, name="std_error")
    alpha, error = float(params[LAG]), float(std_errors[LAG])
    speed, speed_error = (-np.log(alpha) / step, error / (alpha * step)) if alpha > 0 else (np.nan, np.nan)
    every = np.concatenate([exogenous, others], axis=2)
    within, pooled = (_least_squares(y, every, effects, time_effects) for effects in ("region", "none"))
    serial = pd.DataFrame({"z": found.serial, "p_value": 2 * stats.norm.sf(np.abs(found.serial))})
    serial.index = pd.Index([1, 2], name="order")
    options = {
        "variable": variable, **groups, "system": system, "log": log, "steps": steps, "max_lag": most,
        "collapse": collapse, "time_effects": bool(time_effects), "level": share,
    }  # fmt: skip
    return DynamicGMM(
        params=params,
        std_errors=std_errors,
        cov=cov,
        speed=float(speed),
        speed_std_error=float(speed_error),
        hansen=found.hansen,
        hansen_p=chi2_p(found.hansen, found.df),
        sargan=found.sargan,
        sargan_p=chi2_p(found.sargan, found.df),
        overidentifying=found.df,
        serial=serial,
        within=within,
        pooled=pooled,
        n_instruments=found.instruments,
        step=step,
        level=share,
        system=system,
        variable=variable,
        log=log,
        regions=panel.regions,
        periods=panel.periods,
        residuals=pd.DataFrame(found.residuals[:, : e.differenced].T, index=panel.periods[2:], columns=panel.regions),
        notes=merge_notes(panel.notes, _notes(found, alpha, within, pooled, system, panel.n_regions)),
        provenance=Provenance("dynamic_gmm", options, panel.n_regions, panel.n_periods),
    )


def _refuse_twice(variable: str, groups: dict[str, tuple[str, ...]]) -> None:
    listed = [variable, *(name for group in groups.values() for name in group)]
    twice = [name for name in dict.fromkeys(listed) if listed.count(name) > 1]
    if twice:
        raise OptionError(
            f"{first(twice)} stands in the model twice; name each of variable, x, predetermined, endog once."
        )
    if LAG in listed:
        raise OptionError(f"a column may not be called {LAG!r}: that is the outcome of the period before. Rename it.")


def _step(panel: Panel) -> float:
    if panel.n_periods < 4:
        raise DataError(
            "difference GMM needs four periods or more, since two are lost and a lag of two is the instrument; the "
            f"panel has {panel.n_periods}: {first(list(panel.periods))}."
        )
    if panel.n_regions < 3:
        raise DataError(
            f"moments are means over regions, many of them; the panel has {plural(panel.n_regions, 'region')}."
        )
    time, _ = time_axis(panel.periods)
    gaps = np.diff(time)
    if np.ptp(gaps) > _EVEN:
        at = int(np.argmax(gaps))
        before, after = first([panel.periods[at]]), first([panel.periods[at + 1]])
        raise DataError(
            f"periods are not evenly spaced: {before} is followed by {after}, {gaps[at]:g} later, others come after "
            f"{gaps.min():g}. Choose periods by panel.subset(periods=…)."
        )
    return float(gaps[0])


def _array(columns: list[FloatArray], y: FloatArray) -> FloatArray:
    return np.stack(columns, axis=2) if columns else np.empty((*y.shape, 0))


def _refuse_singular(e: Equations, labels: tuple[str, ...]) -> None:
    K, L = e.X.shape[2], e.Z.shape[2]
    if L < K:
        raise SingularDesignError(
            f"{plural(L, 'instrument')} cannot tell {plural(K, 'coefficient')} apart. Take collapse=False, a longer "
            "max_lag, more periods or fewer regressors."
        )
    sx = np.einsum("nrl,nrk->lk", e.Z, e.X)
    size = np.sqrt((e.Z**2).sum(axis=(0, 1)))[:, None] * np.sqrt((e.X**2).sum(axis=(0, 1)))[None]
    scaled = np.divide(sx, size, out=np.zeros_like(sx), where=size > 0)
    values, vectors = np.linalg.svd(scaled)[1:]
    if values[-1] <= 1e-10 * values[0]:
        weights = np.abs(vectors[-1][: len(labels)])
        named = [labels[k] for k in np.argsort(-weights) if weights[k] > 1e-3][:3]
        what = f": {first(named)} among them" if named else ""
        raise SingularDesignError(
            f"the instruments do not tell the coefficients apart{what}. A regressor that does not vary over time, or "
            "is the same in every region beside time effects, has none in differences; leave it out."
        )


def _least_squares(y: FloatArray, x: FloatArray, effects: str, dummies: bool) -> float:
    """Return the coefficient of the lag by least squares, with region effects or an intercept alone."""
    T, N = y.shape
    kind = {("region", True): "two-way", ("region", False): "region", ("none", True): "time"}.get((effects, dummies))
    columns = np.concatenate([y[:-1, :, None], x[1:]], axis=2)
    after = y[1:]
    if kind is None:
        columns, after = columns - columns.mean(axis=(0, 1)), after - after.mean()
    else:
        project = projection(kind, T - 1, N, lee_yu=False)  # type: ignore[arg-type]
        columns, after = project(columns), project(after)
    return float(np.linalg.lstsq(columns.reshape(-1, columns.shape[2]), after.ravel(), rcond=None)[0][0])


def _notes(found: Found, alpha: float, within: float, pooled: float, system: bool, N: int) -> list[str]:
    said = []
    if system:
        said.append(
            "a system assumes that regions began off their steady states in a way unrelated to their effects (mean "
            "stationarity), which contradicts convergence from the start: compare system=False"
        )
    else:
        said.append("valid if errors have no serial correlation; weak if gaps hardly close (lag near 1)")
    if found.instruments >= N:
        said.append(
            f"{found.instruments} instruments and {N:,} regions: estimates lean towards least squares and Hansen's "
            "test passes whatever holds; collapse them or shorten max_lag"
        )
    elif found.rank < found.instruments:
        said.append("the variance of the moments is singular: its inverse is that of Moore and Penrose")
    low, high = min(within, pooled), max(within, pooled)
    if not low <= alpha <= high:
        side = f"below {number(low)}" if alpha < low else f"above {number(high)}"
        said.append(
            f"the lag's coefficient lies {side}, outside the two least squares that bound it: instruments are weak, or "
            "not valid"
        )
    if alpha <= 0:
        said.append("the lag's coefficient is not positive: there is no speed")
    elif alpha >= 1:
        said.append("the lag's coefficient is one or more: gaps do not close, and there is no half-life")
    own = chi2_p(found.hansen, found.df)
    if own < 0.05:
        said.append(f"Hansen's test, {p_value(own)}: the instruments contradict each other, not all are valid")
    p = 2 * float(stats.norm.sf(abs(found.serial[1]))) if np.isfinite(found.serial[1]) else 1.0
    if p < 0.05:
        said.append(
            f"AR(2) of differenced errors, {p_value(p)}: errors are serially correlated, a lag of two is not valid"
        )
    return said
