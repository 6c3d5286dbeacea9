"""Nonlinear beta convergence: the speed estimated itself, over one span or several of different length."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.regression.least_squares import absorbed_columns, collinear_columns
from spatialconv._core.regression.nonlinear_speed import Profile, best_speed, gradient, profile, profile_interval
from spatialconv._options import ControlsAt, choice, first, names, probability
from spatialconv.errors import AbsorbedVariableError, SingularDesignError, VariableError
from spatialconv.models.specification.design import refuse_reserved
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import Provenance, Result, merge_notes, number, p_value, plural
from spatialconv.summary import Spans, control_arrays, controls_note, growth_arrays, spans_between

Intercepts = Literal["span", "common"]
NonlinearVcov = Literal["classical", "robust", "cluster"]
SPEED = "speed"
UNDEFINED = "the sum of squares falls towards an infinite speed: no speed is defined for these data"


def beta_nls(
    panel: Panel,
    variable: str,
    *,
    breaks: Iterable[Hashable] | None = None,
    controls: str | Iterable[str] = (),
    controls_at: ControlsAt = "start",
    intercepts: Intercepts = "span",
    vcov: NonlinearVcov = "classical",
    level: float = 0.95,
) -> NonlinearBeta:
    """Estimate the speed of convergence itself, by nonlinear least squares, over one span or several.

    The classic cross-section of growth on initial level: by default one span from the first period to the last. With
    `breaks` the spans between them, of whatever length, share one speed, which a linear regression of annualised
    growth cannot do, since its coefficient depends on the length. For spatial terms and region effects see `beta`.

    Parameters
    ----------
    panel : Panel
        N regions; only the periods named by `breaks` must be complete.
    variable : str
        The level v, positive.
    breaks : periods, optional
        Where spans begin and end, two or more; the first and the last period by default.
    controls : names
        Further regressors, linear.
    controls_at : {"start", "end", "mean"}
        When controls are taken, as in `beta`.
    intercepts : {"span", "common"}
        One intercept a span (it holds the common trend and the steady state of that span), or one for all.
    vcov : {"classical", "robust", "cluster"}
        Equal variances; White's HC1; clusters of regions, for several spans.
    level : float
        Of the intervals.

    Returns
    -------
    NonlinearBeta
        `.speed .half_life .params .std_errors .conf_int() .sigma2 .loglik .residuals`

    Raises
    ------
    OptionError
        If a break is no period of the panel, or fewer than two are named.
    NotPositiveError, MissingDataError
        If a level is zero, negative or missing.
    SingularDesignError, AbsorbedVariableError
        If controls are collinear, constant, or too many.

    Notes
    -----
    ``(ln v[t] - ln v[t-h]) / h = a[t] - ((1 - exp(-speed h)) / h) ln v[t-h] + x theta + e``
    (Barro and Sala-i-Martin 1992, eq. 1). Over one span the speed is ``-ln(1 + h b) / h`` of the least-squares
    slope b, exactly. Tests and Wald intervals refer to t with n - k degrees of freedom; the interval of the speed is
    the set that an F test does not reject, and that of the half-life its image, so that neither supposes that a
    ratio is normal. R's REAT transforms its estimate of the speed once more, as if it were a slope; do not compare.

    References
    ----------
    Barro, R. J. and Sala-i-Martin, X. (1992), Convergence, Journal of Political Economy 100, 223-251.
    Bates, D. M. and Watts, D. G. (1988), Nonlinear Regression Analysis and Its Applications, Wiley.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> b = sc.beta_nls(us.panel, "income")
    >>> round(b.speed, 4), round(b.half_life, 1)
    (0.0165, 42.1)
    >>> round(sc.beta_nls(us.panel, "income", breaks=(1929, 1946, 1970, 2009)).speed, 4)
    0.0264
    """
    as_panel(panel)
    choice("controls_at", controls_at, get_args(ControlsAt))
    choice("intercepts", intercepts, get_args(Intercepts))
    choice("vcov", vcov, get_args(NonlinearVcov))
    probability("level", level)
    extra = names("controls", controls if controls is not None else ())
    refuse_reserved((*extra, SPEED))
    over = spans_between(panel, breaks)
    y, initial = growth_arrays(panel, variable, over)
    X, labels = _linear_part(panel, extra, controls_at, over, intercepts)
    _check(X, labels, y.size)
    if np.ptp(y) == 0:
        raise VariableError(f"growth of {variable!r} is the same everywhere; there is nothing to explain.")
    found = profile(y, initial, X, over.length)
    speed, inner = best_speed(found)
    notes = merge_notes(panel.notes, over.notes, controls_note(extra, controls_at), () if inner else (UNDEFINED,))
    options = {
        "variable": variable,
        "breaks": tuple(dict.fromkeys([*panel.periods[over.start], *panel.periods[over.end]])),
        "controls": extra,
        "controls_at": controls_at,
        "intercepts": intercepts,
        "vcov": vcov,
    }
    provenance = Provenance("beta_nls", options, panel.n_regions, len(over))
    return NonlinearBeta(
        variable, y, initial, X, labels, over, found, speed if inner else np.nan, vcov, level, panel.regions, notes,
        provenance,
    )  # fmt: skip


def _linear_part(
    panel: Panel, controls: tuple[str, ...], at: ControlsAt, over: Spans, intercepts: Intercepts
) -> tuple[FloatArray, tuple[str, ...]]:
    T, N = len(over), panel.n_regions
    if intercepts == "common" or T == 1:
        ones, labels = np.ones((T, N, 1)), ["intercept"]
    else:
        ones = np.repeat(np.eye(T)[:, None, :], N, axis=1)
        labels = [f"intercept {name}" for name in over.names]
    columns = control_arrays(panel, controls, over, at)
    X = np.concatenate([ones, *(c[:, :, None] for c in columns)], axis=2)
    return X, (*labels, *controls)


def _check(X: FloatArray, labels: tuple[str, ...], nobs: int) -> None:
    T, N, K = X.shape
    if nobs <= K + 1:
        raise SingularDesignError(
            f"{K + 1} parameters cannot be estimated from {nobs:,} observations ({N:,} regions x {T} spans). Use fewer "
            "controls or more regions."
        )
    flat = X.reshape(T * N, K)
    means = np.array([X[:, :, k].mean(axis=1, keepdims=True).repeat(N, axis=1).ravel() for k in range(K)]).T
    dead = [labels[k] for k in absorbed_columns(flat, flat - means) if not labels[k].startswith("intercept")]
    spare = [labels[k] for k in collinear_columns(flat)]
    if spare:
        raised = AbsorbedVariableError if set(spare) & set(dead) else SingularDesignError
        raise raised(f"{first(spare)} is a linear combination of the intercepts and the other controls. Leave it out.")


@dataclass(frozen=True, eq=False, repr=False)
class NonlinearBeta(Result):
    """A growth regression in the speed: `params` are the linear part and `speed` last."""

    variable: str
    y: FloatArray
    initial: FloatArray
    X: FloatArray
    names: tuple[str, ...]
    spans: Spans
    profile: Profile
    speed: float
    vcov: str
    level: float
    regions: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance

    @cached_property
    def params(self) -> pd.Series:
        """Estimates by name, the speed last."""
        b = self.profile.slopes(self.speed)
        left = (self.y - b[:, None] * self.initial).ravel()
        gamma = np.linalg.lstsq(self.X.reshape(left.size, -1), left, rcond=None)[0] if self.defined else np.nan
        gamma = np.broadcast_to(gamma, len(self.names))
        return pd.Series([*gamma, self.speed], index=[*self.names, SPEED], name="estimate", dtype=float)

    @property
    def defined(self) -> bool:
        """Whether a finite speed minimises the sum of squares."""
        return bool(np.isfinite(self.speed))

    @property
    def nobs(self) -> int:
        """Observations: regions times spans."""
        return int(self.y.size)

    @property
    def df(self) -> int:
        """Degrees of freedom n - k, k with the speed."""
        return self.nobs - len(self.names) - 1

    @cached_property
    def residuals(self) -> pd.DataFrame:
        """Residuals, a row a span and a column a region."""
        fitted = self.X @ self.params.to_numpy()[:-1] + self.slopes.to_numpy()[:, None] * self.initial
        return pd.DataFrame(self.y - fitted, index=self.spans.names, columns=self.regions)

    @property
    def slopes(self) -> pd.Series:
        """The coefficient of the initial level that the speed implies, by span: -(1 - exp(-speed h)) / h."""
        return pd.Series(self.profile.slopes(self.speed), index=self.spans.names, name="beta")

    @property
    def sse(self) -> float:
        """Sum of squared residuals."""
        return float((self.residuals.to_numpy() ** 2).sum())

    @property
    def sigma2(self) -> float:
        """Variance of the errors: sum of squares over n - k."""
        return self.sse / self.df

    @property
    def loglik(self) -> float:
        """Full Gaussian log-likelihood, at the maximum-likelihood variance sse / n."""
        n = self.nobs
        return -0.5 * n * float(np.log(2 * np.pi * self.sse / n) + 1)

    @property
    def rsquared(self) -> float:
        """1 - sse over the sum of squares around the intercepts alone."""
        alone = self.X[:, :, [k for k, name in enumerate(self.names) if name.startswith("intercept")]]
        flat, y = alone.reshape(self.nobs, -1), self.y.ravel()
        left = y - flat @ np.linalg.lstsq(flat, y, rcond=None)[0]
        return 1 - self.sse / float(left @ left)

    @cached_property
    def cov(self) -> pd.DataFrame:
        """Covariance of `params`, of the kind `vcov`."""
        J = gradient(self.initial, self.X, self.speed, self.spans.length)
        labels = self.params.index
        if not self.defined:
            return pd.DataFrame(np.nan, index=labels, columns=labels)
        bread = np.linalg.inv(J.T @ J)
        e = self.residuals.to_numpy().ravel()
        values = self.sigma2 * bread if self.vcov == "classical" else bread @ self._meat(J, e) @ bread
        return pd.DataFrame(values, index=labels, columns=labels)

    def _meat(self, J: FloatArray, e: FloatArray) -> FloatArray:
        scores = J * e[:, None]
        if self.vcov == "robust":
            return np.asarray(self.nobs / self.df * scores.T @ scores)
        T, N = self.y.shape
        summed = scores.reshape(T, N, -1).sum(axis=0)
        return np.asarray(N / (N - 1) * (self.nobs - 1) / self.df * summed.T @ summed)

    @cached_property
    def std_errors(self) -> pd.Series:
        """Standard errors by name."""
        return pd.Series(np.sqrt(np.diag(self.cov)), index=self.params.index, name="std_error")

    @property
    def tstats(self) -> pd.Series:
        """Ratios of estimate to standard error, t with `df` degrees of freedom."""
        return (self.params / self.std_errors).rename("statistic")

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values of `tstats`."""
        return pd.Series(2 * stats.t.sf(np.abs(self.tstats), self.df), index=self.params.index, name="p_value")

    def conf_int(self, level: float | None = None, *, method: Literal["profile", "wald"] = "profile") -> pd.DataFrame:
        """Return intervals of `params`: Wald's, but of the speed by default the one that an F test does not reject.

        The profile interval supposes equal variances; under another `vcov` Wald's is given throughout.
        """
        level = self.level if level is None else probability("level", level)
        choice("method", method, ("profile", "wald"))
        half = stats.t.ppf(0.5 + level / 2, self.df) * self.std_errors
        table = pd.DataFrame({"conf_low": self.params - half, "conf_high": self.params + half})
        if method == "profile" and self.vcov == "classical" and self.defined:
            table.loc[SPEED] = profile_interval(self.profile, self.speed, self.df, level)
        return table

    @property
    def half_life(self) -> float:
        """Time in which half of the gap closes, ln 2 / speed; NaN where the speed is not positive."""
        return float(np.log(2) / self.speed) if self.defined and self.speed > 0 else np.nan

    def half_life_interval(self, level: float | None = None) -> tuple[float, float]:
        """Return the image of the speed's interval; without upper bound where that reaches zero."""
        low, high = self.conf_int(level).loc[SPEED]
        if np.isnan(self.half_life):
            return np.nan, np.nan
        return float(np.log(2) / high), float(np.log(2) / low) if low > 0 else np.inf

    def tidy(self) -> pd.DataFrame:
        """Return one row a parameter, then the half-life."""
        columns = [self.params, self.std_errors, self.tstats, self.pvalues, self.conf_int()]
        table = pd.concat(columns, axis=1).rename_axis("term").reset_index()
        low, high = self.half_life_interval()
        half = {"term": "half_life", "estimate": self.half_life, "conf_low": low, "conf_high": high}
        return pd.concat([table, pd.DataFrame([half])], ignore_index=True)

    def glance(self) -> pd.DataFrame:
        """Return one row that describes the regression."""
        row = {
            "variable": self.variable,
            "speed": self.speed,
            "half_life": self.half_life,
            "nobs": self.nobs,
            "df": self.df,
            "n_regions": len(self.regions),
            "n_spans": len(self.spans),
            "sigma2": self.sigma2,
            "loglik": self.loglik,
            "rsquared": self.rsquared,
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        spans = list(self.spans.names)
        where = spans[0] if len(spans) == 1 else f"{len(spans)} spans ({spans[0]} to {spans[-1]}), one speed"
        title = f"Nonlinear beta convergence of {self.variable}: {plural(len(self.regions), 'region')}, {where}"
        if not self.defined:
            return [title, "  speed undefined"]
        low, high = self.conf_int().loc[SPEED]
        first_, last = self.half_life_interval()
        half = "undefined, gaps do not close" if np.isnan(self.half_life) else (
            f"{number(self.half_life, 2)} [{number(first_, 2)}, {number(last, 2)}]"
        )  # fmt: skip
        controls = [name for name in self.names if not name.startswith("intercept")]
        return [
            title,
            f"  speed {number(self.speed)} [{number(low)}, {number(high)}] "
            f"(t({self.df}) {number(self.tstats[SPEED], 2)}, {p_value(self.pvalues[SPEED])})",
            f"  half-life {half}",
            *([f"  controls: {', '.join(controls)}"] if controls else []),
            f"  R2 {number(self.rsquared)}, log-likelihood {number(self.loglik)}",
        ]


__all__ = ["NonlinearBeta", "beta_nls"]
