"""PanelFit: the one fitted class of every model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._doors import door
from spatialconv._options import Vcov, choice, passed_on, probability
from spatialconv.errors import ModelError
from spatialconv.models.by_period.design import PeriodDesign
from spatialconv.models.by_period.estimate import expected_outcomes
from spatialconv.models.estimation.components import BOUND, held_at
from spatialconv.models.estimation.covariances import covariance, effects_errors
from spatialconv.models.estimation.estimate import Estimates
from spatialconv.models.specification.design import Design
from spatialconv.models.specification.spec import Applied, ModelSpec
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import Provenance, Result, extent, merge_notes, number, p_value

if TYPE_CHECKING:
    from spatialconv.models.impacts.impacts import Impacts
    from spatialconv.models.moments.strength import InstrumentTests
    from spatialconv.models.small_samples.bootstrap import Bootstrap

_EFFECTS = {
    "none": "no effects",
    "region": "region effects",
    "time": "time effects",
    "two-way": "two-way effects",
    "random": "random effects",
}


@dataclass(frozen=True, eq=False, repr=False)
class PanelFit(Result):
    """A fitted spatial panel model.

    Parameters are named by their regressor, `W:name` for its spatial lag, `lag:y` and `lag:W:y` for the
    outcome of the period before, `intercept`, `rho` (lag of the outcome), `lambda` (lag of the error), `phi`
    (variance of the random effects over `sigma2`) and `sigma2`. Everything that exists once fitted is an attribute.
    """

    spec: ModelSpec
    design: Design
    estimates: Estimates
    notes: tuple[str, ...]
    provenance: Provenance

    # ------------------------------------------------------------------ parameters

    @cached_property
    def params(self) -> pd.Series:
        """Estimates by name: coefficients, rho, lambda, sigma2."""
        e = self.estimates
        spatial = {"rho": e.rho} if self.spec.has_lag else {}
        spatial |= {"lambda": e.lam} if self.spec.has_error else {}
        spatial |= {"phi": e.phi} if self.spec.effects == "random" else {}
        values = dict(zip(self.design.names, e.beta, strict=True)) | spatial | {"sigma2": e.sigma2}
        return pd.Series(values, name="estimate", dtype=float)

    @cached_property
    def cov(self) -> pd.DataFrame:
        """Covariance of `params`, of the kind `spec.vcov`."""
        return pd.DataFrame(self.estimates.cov, index=self.params.index, columns=self.params.index)

    @cached_property
    def std_errors(self) -> pd.Series:
        """Standard errors by name."""
        return pd.Series(np.sqrt(np.diag(self.estimates.cov)), index=self.params.index, name="std_error")

    @cached_property
    def tstats(self) -> pd.Series:
        """Ratios of estimate to standard error, asymptotically standard normal (z), but under "scpc" (t)."""
        return (self.params / self.std_errors).rename("statistic")

    @cached_property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values of `tstats` under the standard normal distribution, under "scpc" under the law of each."""
        if self.estimates.held is not None:
            return self._held(self.estimates.held.p_values).rename("p_value")
        return pd.Series(2 * stats.norm.sf(np.abs(self.tstats)), index=self.params.index, name="p_value")

    def _held(self, values: FloatArray) -> pd.Series:
        """Return figures of the coefficients under SCPC by parameter; it knows none of sigma2."""
        return pd.Series([*values, np.nan], index=self.params.index)

    def with_vcov(
        self,
        vcov: Vcov,
        *,
        lags: int | None = None,
        kernel: Any = None,
        geometry: Any = None,
        points: Any = None,
        bound: float = BOUND,
    ) -> PanelFit:
        """Return the same fit with another covariance of its estimates.

        Parameters
        ----------
        vcov : {"information", "observed", "robust", "cluster", "driscoll-kraay", "conley", "scpc"}
            Inverse of the expected information, of minus the Hessian, or a sandwich: robust to unequal
            variances (White), to dependence within regions (clusters), to dependence over space and time
            (Driscoll and Kraay 1998; many periods), over space by a kernel of distance (Conley 1999). "scpc", for
            least squares, is by principal components over space (Mueller and Watson 2022, 2023): its p and intervals
            are by critical values of its own, as in `spatialconv.scpc`.
        lags : int, optional
            Lags over time of Driscoll-Kraay (by default floor(4 (T/100)^(2/9))) and of Conley (0).
        kernel : Graph, optional
            Kernel of distance of Conley, at most 1, as from `weights.kernel(..., standardise="none")`.
        geometry, points, bound
            Of "scpc", as in `spatialconv.scpc`: the places of the regions, and the largest average correlation of two.

        Notes
        -----
        Where regions are taken as independent (robust, cluster) the scores of rho and lambda are martingale
        differences over the regions, since squares of the plain scores miss the part of the variance that
        neighbours share. A sandwich mends standard errors, not the estimate of rho, which unequal variances
        bias (Lin and Lee 2010).

        What region effects take from the residuals, a share 1/T of their variance whatever the number of regions, is
        put back where it is missed: variances unmixed after Stock and Watson (2008) in "robust", T / (T - 1) in
        "driscoll-kraay" and "conley". Clusters miss nothing. No other small-sample factor is there, as in the "HC0" of
        R's plm, and none depends on the correction (Lee-Yu or direct).
        """
        if self.estimates.refined:
            raise ModelError(f"estimates {self.estimates.refined} have their covariance from its simulation.")
        if self.spec.estimator == "gmm":
            raise ModelError("estimates by moments depend on their covariance; fit again with vcov=... instead.")
        spec = replace(self.spec, vcov=choice("vcov", vcov, Vcov))
        if vcov == "scpc":
            return self._by_components(spec, geometry, points, bound)
        cov, said = covariance(self.design, spec, self.estimates, lags=lags, kernel=kernel)
        notes = merge_notes(self.notes, (text for text in said if text))
        provenance = replace(self.provenance, options={**self.provenance.options, "vcov": vcov, "lags": lags})
        return PanelFit(spec, self.design, replace(self.estimates, cov=cov, held=None), notes, provenance)

    def _by_components(self, spec: ModelSpec, geometry: Any, points: Any, bound: float) -> PanelFit:
        found, said = held_at(self.design, spec, self.estimates.refined, geometry, points, bound)
        # Nothing is derived for sigma2, the last of the parameters.
        cov = np.full((len(found.beta) + 1, len(found.beta) + 1), np.nan)
        cov[:-1, :-1] = found.cov
        provenance = replace(self.provenance, options={**self.provenance.options, "vcov": "scpc", "bound": bound})
        estimates = replace(self.estimates, cov=cov, held=found)
        return PanelFit(spec, self.design, estimates, merge_notes(self.notes, said), provenance)

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Return normal confidence intervals, under "scpc" by its critical values; columns `conf_low`, `conf_high`."""
        level, held = probability("level", level), self.estimates.held
        value = stats.norm.ppf(0.5 + level / 2) if held is None else self._held(held.critical(level))
        half = value * self.std_errors
        return pd.DataFrame({"conf_low": self.params - half, "conf_high": self.params + half})

    @property
    def rho(self) -> float:
        """Coefficient of W y; NaN where the model has none."""
        return self.estimates.rho

    @property
    def lambda_(self) -> float:
        """Coefficient of M u; NaN where the model has none."""
        return self.estimates.lam

    @property
    def sigma2(self) -> float:
        """Variance of the innovations: sum of squares over `nobs_effective`."""
        return self.estimates.sigma2

    # ------------------------------------------------------------------ fit

    @property
    def loglik(self) -> float:
        """Full Gaussian log-likelihood with all constants (of the transformed data under Lee-Yu)."""
        return self.estimates.loglik

    @property
    def correction(self) -> Applied:
        """Which approach was used: "none" (direct) or "lee-yu"."""
        return self.estimates.correction

    @property
    def nobs(self) -> int:
        """Number of observations: N x T, or the outcomes that are there."""
        return int(np.isfinite(self.estimates.residuals).sum())

    @property
    def nobs_effective(self) -> int:
        """Observations the likelihood counts: N x T, or those left by the transformation of Lee and Yu."""
        return self.estimates.dof

    @property
    def n_regions(self) -> int:
        """Number of regions N."""
        return len(self.design.regions)

    @property
    def n_periods(self) -> int:
        """Number of periods T of the outcome."""
        return len(self.design.periods)

    @property
    def n_parameters(self) -> int:
        """Parameters that AIC and BIC count: all of `params`, and under the direct approach the effects."""
        N, T = self.n_regions, self.n_periods
        effects = {"none": 0, "random": 0, "region": N, "time": T, "two-way": N + T - 1}[self.spec.effects]
        return len(self.params) + (0 if self.correction == "lee-yu" else effects)

    @property
    def aic(self) -> float:
        """Akaike's criterion -2 loglik + 2 n_parameters."""
        return -2 * self.loglik + 2 * self.n_parameters

    @property
    def bic(self) -> float:
        """Schwarz's criterion -2 loglik + log(nobs_effective) n_parameters."""
        return -2 * self.loglik + float(np.log(self.nobs_effective)) * self.n_parameters

    @property
    def at_bound(self) -> tuple[str, ...]:
        """Which of rho and lambda lie on the bound of their admissible interval; empty is good."""
        return self.estimates.optimum.at_bound

    @property
    def weak(self) -> tuple[str, ...]:
        """What says that little tells rho or lambda: other values or a simpler model fit as well; empty is good."""
        return self.estimates.weak

    @property
    def gradient_norm(self) -> float:
        """Largest slope of the concentrated log-likelihood in rho and lambda where the search stopped."""
        return self.estimates.optimum.gradient_norm

    @property
    def n_eval(self) -> int:
        """Evaluations of the concentrated log-likelihood."""
        return self.estimates.optimum.n_eval

    @property
    def rsquared_within(self) -> float:
        """Squared correlation of y and its reduced form (I - rho W)^-1 X beta, both demeaned by region."""
        return _squared_correlation(*(a - _means(a) for a in self._pair))

    @property
    def rsquared_between(self) -> float:
        """Squared correlation of the regions' means of y and of its reduced form (I - rho W)^-1 X beta."""
        return _squared_correlation(*(_means(a) for a in self._pair))

    @property
    def rsquared_overall(self) -> float:
        """Squared correlation of y and its reduced form (I - rho W)^-1 X beta."""
        return _squared_correlation(*self._pair)

    @property
    def _pair(self) -> tuple[FloatArray, FloatArray]:
        """Y and its reduced form, NaN in cells whose outcome is not there."""
        there = np.isfinite(self.estimates.residuals)
        pair = self.design.y, self.estimates.reduced_form
        return pair if there.all() else (np.where(there, pair[0], np.nan), np.where(there, pair[1], np.nan))

    @property
    def rsquared_nagelkerke(self) -> float:
        """1 - exp(-2 (loglik - loglik of the effects alone) / nobs_effective); NaN under random effects.

        Without effects that is the likelihood of a constant, as in spatialreg, also where the model has none.
        """
        if self.spec.effects == "random":
            return float("nan")
        dof, raw = self.nobs_effective, self.design.net_of_effects(self.spec.fixed_effects)
        if self.spec.effects == "none":
            raw = raw - raw.mean()
        alone = -0.5 * dof * (np.log(2 * np.pi * float((raw**2).sum()) / dof) + 1)
        return float(-np.expm1(-2 * (self.loglik - alone) / dof))

    @property
    def persistence(self) -> float:
        """Sum tau + rho + eta of a dynamic model (below one if stable under row-standardised weights); else NaN."""
        if self.spec.dynamic == "none":
            return float("nan")
        rho = 0.0 if np.isnan(self.rho) else self.rho
        return rho + sum(float(self.params.get(term, 0.0)) for term in ("lag:y", "lag:W:y"))

    @cached_property
    def residuals(self) -> pd.DataFrame:
        """Innovations e = (I - lambda M)(y - rho W y - X beta - effects), a row a period."""
        return self.design.frame(self.estimates.residuals)

    @cached_property
    def fitted(self) -> pd.DataFrame:
        """Fitted values y - e, a row a period."""
        return self.design.frame(self.design.y - self.estimates.residuals)

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """Outcomes that are there, a row a period; in other cells of the model what is expected given those.

        Under `missing="integrate"` that is the mean of the missing outcomes given the outcomes seen, at the estimates;
        cells that are not in the model are NaN.
        """
        if not isinstance(self.design, PeriodDesign):
            return self.design.frame(self.design.y)
        return self.design.frame(expected_outcomes(self.design, self.spec, self.estimates))

    @cached_property
    def region_effects(self) -> pd.Series:
        """Region effects as deviations from `intercept`; empty where the model has none."""
        if self.spec.effects not in ("region", "two-way"):
            return pd.Series(dtype=float, name="region_effect")
        values = self.estimates.effect.mean(axis=0) - self.estimates.effect.mean()
        return pd.Series(values, index=self.design.regions, name="region_effect")

    @cached_property
    def time_effects(self) -> pd.Series:
        """Time effects as deviations from `intercept`; empty where the model has none."""
        if self.spec.effects not in ("time", "two-way"):
            return pd.Series(dtype=float, name="time_effect")
        values = self.estimates.effect.mean(axis=1) - self.estimates.effect.mean()
        return pd.Series(values, index=self.design.periods, name="time_effect")

    def effects(self, of: Literal["region", "time"]) -> pd.DataFrame:
        """Return the effects of regions or periods with standard errors: estimate, std_error, statistic, p_value.

        Effects are means of y - rho W y - X beta, those of periods under an error process the means of its filtered
        values over 1 - lambda (what a dummy for each gives), as deviations from their mean. Their variance is that of
        the mean of the errors plus what the uncertainty of the coefficients adds (delta method).
        """
        choice("of", of, ("region", "time"))
        estimate = self.region_effects if of == "region" else self.time_effects
        if estimate.empty:
            raise ModelError(f"the model has no {of} effects; its effects are {self.spec.effects!r}.")
        std_error = pd.Series(effects_errors(self.design, self.spec, self.estimates, of), index=estimate.index)
        statistic = estimate / std_error
        columns = {
            "estimate": estimate,
            "std_error": std_error,
            "statistic": statistic,
            "p_value": pd.Series(2 * stats.norm.sf(np.abs(statistic)), index=estimate.index),
        }
        return pd.DataFrame(columns)

    @property
    def intercept(self) -> float:
        """Mean of the effects, or the coefficient of the constant where there are none; 0 without either."""
        if "intercept" in self.design.names:
            return float(self.params["intercept"])
        return float(self.estimates.effect.mean())

    # ------------------------------------------------------------------ what needs an argument or costs time

    def impacts(self, **options: Any) -> Impacts:
        """Return direct, indirect and total effects; see `models.impacts.impacts` for the options."""
        impacts = door("PanelFit.impacts")
        found: Impacts = impacts(self, **passed_on("impacts()", options, impacts))
        return found

    def bootstrap(self, **options: Any) -> Bootstrap:
        """Return intervals and p-values from resampled data; see `models.small_samples.bootstrap` for the options."""
        bootstrap = door("PanelFit.bootstrap")
        found: Bootstrap = bootstrap(self, **passed_on("bootstrap()", options, bootstrap))
        return found

    def instrument_tests(self, *, level: float = 0.95) -> InstrumentTests:
        """Return how strong instruments are (estimator="gmm"), whether they agree, what holds if they are weak.

        See `models.moments.strength` for what is tested.
        """
        tests = door("PanelFit.instrument_tests")
        found: InstrumentTests = tests(self, level=level)
        return found

    def predict(self, panel: Panel | None = None, **options: Any) -> pd.DataFrame:
        """Return predictions in sample or for the periods of a panel; see `models.impacts.prediction`."""
        predict = door("PanelFit.predict")
        found: pd.DataFrame = predict(self, panel, **passed_on("predict()", options, predict))
        return found

    # ------------------------------------------------------------------ views

    def tidy(self) -> pd.DataFrame:
        """Return one row a parameter: term, estimate, std_error, statistic, p_value, conf_low, conf_high."""
        frame = pd.concat([self.params, self.std_errors, self.tstats, self.pvalues, self.conf_int()], axis=1)
        return frame.rename_axis("term").reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row that describes the fit."""
        return pd.DataFrame([self._glance()])

    def _glance(self) -> dict[str, Any]:
        return {
            "model": self.spec.name,
            "effects": self.spec.effects,
            "correction": self.correction,
            "nobs": self.nobs,
            "n_regions": self.n_regions,
            "n_periods": self.n_periods,
            "loglik": self.loglik,
            "aic": self.aic,
            "bic": self.bic,
            "rsquared_within": self.rsquared_within,
            "rsquared_between": self.rsquared_between,
            "rsquared_overall": self.rsquared_overall,
            "rsquared_nagelkerke": self.rsquared_nagelkerke,
            "at_bound": ", ".join(self.at_bound),
            "weights": self.provenance.weights or "",
        }

    @property
    def logdet(self) -> str:
        """How the log-determinant was computed; empty where the model has none."""
        optimum = self.estimates.optimum
        found = [d.name for d in (optimum.logdet_w, optimum.logdet_m) if d is not None]
        return " and ".join(dict.fromkeys(found))

    def _approach(self) -> str:
        if self.spec.effects in ("none", "random"):
            return _EFFECTS[self.spec.effects]
        how = {"lee-yu": "Lee-Yu transformation", "none": "direct approach", "splm": "direct approach as in splm"}[
            self.correction
        ]
        refined = f", {self.estimates.refined}" if self.estimates.refined else ""
        return f"{_EFFECTS[self.spec.effects]}, {how}{refined}"

    def _headline(self) -> list[str]:
        sample = extent(self.n_regions, self.n_periods)
        title = f"{self.spec.name} of {self.spec.y}: {sample}, {self._approach()}"
        likelihood = f"  log-likelihood {number(self.loglik)}, AIC {number(self.aic, 2)}"
        return [title, *self._parameter_lines(), *([likelihood] if self.spec.estimator == "ml" else [])]

    def _parameter_lines(self, most: int = 4) -> list[str]:
        terms = [t for t in self.params.index if t not in ("intercept", "sigma2")]
        # rho and lambda come last among the parameters but are what one looks for.
        shown = sorted(terms, key=lambda t: t not in ("rho", "lambda"))[:most]
        lines = [self._parameter_line(t) for t in shown]
        rest = len(terms) - len(shown)
        lines += [f"  and {rest} more, see tidy()"] if rest else []
        return lines + ([f"  ON THE BOUND: {', '.join(self.at_bound)}; do not use"] if self.at_bound else [])

    def _parameter_line(self, term: str) -> str:
        value, z, p = self.params[term], self.tstats[term], self.pvalues[term]
        ratio = "z" if self.estimates.held is None else "t"
        return f"  {term} {number(value)} ({ratio} {number(z, 2)}, {p_value(p)})"


def _means(a: FloatArray) -> FloatArray:
    """Return the mean of each region over the periods in which it is there."""
    return np.asarray(a.mean(axis=0) if np.isfinite(a).all() else np.nanmean(a, axis=0))


def _squared_correlation(a: FloatArray, b: FloatArray) -> float:
    there = np.isfinite(a)
    a, b = (v.ravel() - v.mean() for v in ((a, b) if there.all() else (a[there], b[there])))
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b / size) ** 2 if size > 0 else float("nan")
