"""Direct, indirect and total effects of the regressors, average and region by region, and speeds of convergence."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from spatialconv._core.regression.speed import Quantity, half_life, speed, spillover_share
from spatialconv._core.space import multipliers as core
from spatialconv._core.space.multiplier_routes import Powers
from spatialconv._options import ImpactInference, ImpactKind, ImpactRoute, choice, count_of, generator, probability
from spatialconv.errors import OptionError
from spatialconv.models.by_period.weights import PeriodWeights
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.impacts.marginal import COLUMNS, EFFECTS, OWN_AT_MOST, Draws, Job, probe_notes
from spatialconv.panel import FloatArray
from spatialconv.results import Provenance, Result, extent, merge_notes, number, p_value


def impacts(
    fit: PanelFit,
    *,
    kind: ImpactKind = "static",
    route: ImpactRoute = "auto",
    inference: ImpactInference = "delta",
    draws: int = 1000,
    level: float = 0.95,
    seed: int | np.random.Generator | None = None,
    jobs: int = 1,
) -> Impacts:
    """Compute what one unit more of each regressor does to the outcome: at home, in other regions, in all.

    Use it wherever the model has a spatial lag of the outcome or of regressors: their coefficients alone are no
    effects. Weights need not be row-standardised.

    Parameters
    ----------
    fit : PanelFit
        Any fitted model. Without a spatial lag (of the outcome or of the regressor) indirect effects are zero.
    kind : {"static", "short", "long"}
        "static" for a model without lags in time; "short" (within the period) or "long" (for good) for a
        dynamic one.
    route : {"auto", "exact", "eigen", "trace", "stochastic"}
        How the multipliers are computed: a dense inverse; all eigenvalues; slopes of the log-determinant from
        sparse factors; power series with traces from random probes, which is the only one that is not exact.
        "auto" takes what the fit has at hand, a dense inverse for small or full weights, sparse factors else.
    inference : {"delta", "simulation", "bootstrap"}
        Standard errors by the delta method with analytic derivatives, from draws of the estimates' normal
        distribution, or from refits to resampled errors (levels and lags in time rebuilt, other regressors held
        fixed; see `bootstrap`); the intervals of the latter two are quantiles and need not be symmetric.
    draws : int
        Number of admissible draws, or of refits.
    level : float
        Confidence level.
    seed : int or Generator, optional
        For the draws and for random probes; the seed used is stored in the provenance.
    jobs : int
        Processes for the refits, by joblib; the figures do not depend on it.

    Returns
    -------
    Impacts
        `.direct .indirect .total` (a row a regressor), `.table`, `.cov`, `.shares`, `.by_region`, `.by_period`,
        `.matrix(term)`. Where weights or regions differ by period the averages are means over the periods.

    Raises
    ------
    OptionError
        If the kind does not fit the model, or the route not the size of the weights.
    ModelError
        If the long run does not exist because the model is not stable.

    Notes
    -----
    ``dE(y)/dx_k' = (I - rho W)^-1 (beta_k I + theta_k W)``; in the long run of a dynamic model, with tau the
    coefficient of y[t-1] and eta that of W y[t-1], ``((1 - tau) I - (rho + eta) W)^-1 (beta_k I + theta_k W)``.
    The average direct effect is the trace of this matrix over N, the average total effect the sum of its
    elements over N, the indirect effect their difference. ``tr((I - rho W)^-1)/N = 1 + rho tr(G)/N`` with
    ``G = W (I - rho W)^-1``, and tr(G) is minus the slope of log|I - rho W|.

    References
    ----------
    LeSage and Pace (2009), Introduction to Spatial Econometrics, section 2.7. Elhorst (2014), Spatial
    Econometrics, section 2.7. Debarsy, Ertur and LeSage (2012), Statistical Methodology 9.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.impacts.impacts import impacts
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> fit = sc.fit_panel(zj.panel, "exports", "digital", w, effects="time")
    >>> list(impacts(fit).table["effect"])
    ['direct', 'indirect', 'total']
    """
    choice("kind", kind, ImpactKind)
    choice("route", route, ImpactRoute)
    choice("inference", inference, ImpactInference)
    count_of("draws", draws, least=2)
    probability("level", level)
    fit.estimates.refuse_held("impacts()")
    rng, used = generator(seed)
    job = Job.of(fit, kind, level)
    stable = job.check()
    drawn = None if inference == "delta" else job.draw(draws, rng, jobs if inference == "bootstrap" else None)
    options = {"kind": kind, "route": route, "inference": inference, "level": level}
    options |= {"draws": draws, "rejected": drawn.rejected} if drawn is not None else {}
    return _found(job, stable, drawn, rng, used, options)


def impacts_of_draws(
    fit: PanelFit,
    values: FloatArray,
    lost: int,
    *,
    kind: ImpactKind = "static",
    route: ImpactRoute = "auto",
    level: float = 0.95,
    seed: int | None = None,
) -> Impacts:
    """Return the effects with errors and intervals from refits that are at hand, shape (draws, P)."""
    choice("kind", kind, ImpactKind)
    choice("route", route, ImpactRoute)
    job = Job.of(fit, kind, probability("level", level))
    stable = job.check()
    rng, used = generator(seed)
    drawn = job.of_refits(values, lost)
    options = {"kind": kind, "route": route, "inference": "bootstrap", "level": level}
    options |= {"draws": len(values) + lost, "rejected": 0}
    return _found(job, stable, drawn, rng, used, options)


def _found(
    job: Job,
    stable: tuple[str, ...],
    drawn: Draws | None,
    rng: np.random.Generator,
    used: int | None,
    options: dict[str, Any],
) -> Impacts:
    fit = job.fit
    way = job.route(options["route"], drawn, rng)
    means = way.at(float(job.r))
    table, cov, extra = job.by_draws(way, means, drawn) if drawn is not None else job.by_delta(means)
    notes = merge_notes(job.notes(), stable, probe_notes(way, job), extra)
    random = drawn is not None or isinstance(way, Powers)
    origin = Provenance(
        "impacts",
        options | {"spatial": fit.spec.spatial},
        fit.n_regions,
        fit.n_periods,
        fit.provenance.weights,
        used if random else None,
    )
    kind, inference, level = options["kind"], options["inference"], options["level"]
    return Impacts(fit, kind, way.name, inference, level, table, cov, notes, origin)


@dataclass(frozen=True, eq=False, repr=False)
class Impacts(Result):
    """Direct, indirect and total effects of each regressor, with standard errors and intervals.

    `table` has a row a regressor and effect; `cov` is the joint covariance of all of them; `route` says how the
    multipliers were computed.
    """

    fit: PanelFit
    kind: ImpactKind
    route: str
    inference: ImpactInference
    level: float
    table: pd.DataFrame
    cov: pd.DataFrame
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def direct(self) -> pd.DataFrame:
        """Average effects of a region's own regressor, feedback through neighbours included; a row a regressor."""
        return self._of("direct")

    @property
    def indirect(self) -> pd.DataFrame:
        """Average effects on all other regions together: spillovers; a row a regressor."""
        return self._of("indirect")

    @property
    def total(self) -> pd.DataFrame:
        """Direct plus indirect: average effects of a change in all regions at once; a row a regressor."""
        return self._of("total")

    def _of(self, effect: str) -> pd.DataFrame:
        return self.table[self.table["effect"] == effect].set_index("term")[COLUMNS]

    @cached_property
    def shares(self) -> pd.DataFrame:
        """Share of each total effect that is spillover, indirect / total, with its delta-method standard error.

        `reason` says where the ratio is undefined, or has no finite interval because the total may be zero.
        """
        rows = {name: self._share(name) for name in self.total.index}
        return _quantities(rows, self.level).rename_axis("term")

    def _share(self, name: str) -> Quantity:
        total = self.total.loc[name]
        cov = self.cov.loc[name, name].loc[["indirect", "total"], ["indirect", "total"]].to_numpy()
        found = spillover_share(float(self.indirect.loc[name, "estimate"]), float(total["estimate"]), cov)
        if not found.reason and total["conf_low"] <= 0 <= total["conf_high"]:
            reason = "no finite interval: the total effect may be zero"
            return Quantity(found.estimate, found.std_error, found.formula, reason)
        return found

    @cached_property
    def by_region(self) -> pd.DataFrame:
        """Effects of single regions, index (region, term).

        `own` is what one unit more in the region does there, `received` what one unit more in every region does
        to it (row sums), `sent` what one unit more in it does to all regions (column sums). The means over the
        regions are the average direct effect and, twice, the average total effect.
        """
        job = Job.of(self.fit, self.kind, self.level)
        r, N = float(job.r), self.fit.n_regions
        total, times = np.zeros((len(job.places.names), 3, N)), np.zeros(N)
        for W, count, here in zip(job.Ws, job.counts, self._places(job), strict=True):
            n = W.shape[0]
            own = core.own_of_regions(W, r) if n <= OWN_AT_MOST else np.full(n, np.nan)
            q = np.concatenate([own, *core.sums_of_regions(W, r)])
            total[:, :, here] += count * core.effects(job.coefficients, q, long=job.long).reshape(-1, 3, n)
            times[here] += count
        values = total / times
        index = pd.MultiIndex.from_product([self.fit.design.regions, job.places.names], names=["region", "term"])
        flat = values.transpose(2, 0, 1).reshape(-1, 3)
        return pd.DataFrame(flat, index=index, columns=["own", "received", "sent"])

    def _places(self, job: Job) -> list[npt.NDArray[np.intp]]:
        """Return the places of the regions of each of the weights among those of the sample."""
        aligned, regions = self.fit.design.W, self.fit.design.regions
        if aligned is None:
            return [np.arange(len(regions))] * len(job.Ws)
        return [regions.get_indexer(part.regions) for part, _ in aligned.parts]

    @cached_property
    def by_period(self) -> pd.DataFrame:
        """Direct, indirect and total effects by the weights of each period, with standard errors (delta method).

        One row a period, regressor and effect; the rows of `table` are their means, estimate by estimate. Where all
        periods have the same weights, so are the effects.
        """
        job = Job.of(self.fit, self.kind, self.level)
        # Random probes serve means over many regions, not each period anew.
        routes = job.routes("auto", None, np.random.default_rng(0))
        tables = [job.by_delta(way.at(float(job.r)))[0] for way in routes]
        periods = self.fit.design.periods
        which = getattr(self.fit.design.W, "which", (0,) * len(periods))
        found = pd.concat([tables[k] for k in which], keys=periods, names=[periods.name or "period", None])
        return found.reset_index(level=0).reset_index(drop=True)

    def matrix(self, term: str, *, period: Hashable = None) -> pd.DataFrame:
        """Return all effects of a regressor: rows are the regions affected, columns where it changes.

        Parameters
        ----------
        term : str
        period : label, optional
            Which period's, where weights or regions differ by period; without it they would have no one matrix.

        Raises
        ------
        OptionError
            If the term is no regressor, the period none of the sample, or there are more regions than a matrix of them
            can hold.
        """
        job = Job.of(self.fit, self.kind, self.level)
        choice("term", term, job.places.names)
        job.fits_in_memory("exact")
        aligned, regions = self.fit.design.W, self.fit.design.regions
        if period is not None:
            choice("period", period, tuple(self.fit.design.periods))
        if len(job.Ws) > 1:
            if period is None:
                raise OptionError("weights or regions differ by period: say which, matrix(term, period=...).")
            assert isinstance(aligned, PeriodWeights)
            part = aligned.by_period[list(self.fit.design.periods).index(period)]
            W, regions = part.matrix, part.regions
        else:
            W = job.matrix
        r, c = (float(v) for v in core.multiplier(job.coefficients, long=job.long))
        G, k = core.ratio(W, r), job.places.names.index(term)
        beta, theta = float(job.coefficients.beta[k]), float(job.coefficients.theta[k])
        values = c * (beta * (np.eye(len(G)) + r * G) + theta * G)
        return pd.DataFrame(values, index=regions, columns=regions)

    def tidy(self) -> pd.DataFrame:
        """Return one row a regressor and effect."""
        return self.table.rename(columns={"z": "statistic", "p": "p_value"})

    def glance(self) -> pd.DataFrame:
        """Return one row that describes the effects."""
        row: dict[str, Any] = {
            "model": self.fit.spec.name,
            "kind": self.kind,
            "route": self.route,
            "inference": self.inference,
            "level": self.level,
            "draws": self.provenance.options.get("draws", 0),
            "rejected": self.provenance.options.get("rejected", 0),
            "n_regions": self.fit.n_regions,
            "n_periods": self.fit.n_periods,
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        fit, name = self.fit, {"static": "Effects", "short": "Short-run effects", "long": "Long-run effects"}
        title = f"{name[self.kind]} on {fit.spec.y} ({fit.spec.name}): {extent(fit.n_regions, fit.n_periods)}"
        shown = list(self.total.index[:4])
        lines = [self._line(term) for term in shown]
        rest = len(self.total) - len(shown)
        lines += [f"  and {rest} more, see tidy()"] if rest else []
        drawn = f"{self.provenance.options.get('draws')}"
        errors = {"delta": "delta method", "simulation": f"{drawn} draws", "bootstrap": f"{drawn} refits"}
        return [title, *lines, f"  standard errors: {errors[self.inference]}; multipliers: {self.route}"]

    def _line(self, term: str) -> str:
        rows = self.table[self.table["term"] == term].set_index("effect")
        parts = [
            f"{effect} {number(rows.loc[effect, 'estimate'])}"
            + ("" if np.isnan(rows.loc[effect, "p"]) else f" ({p_value(rows.loc[effect, 'p'])})")
            for effect in EFFECTS
        ]
        return f"  {term}: {', '.join(parts)}"


def three_speeds(
    fit: PanelFit, term: str, horizon: float, *, level: float = 0.95, route: ImpactRoute = "auto"
) -> pd.DataFrame:
    """Return the speeds of convergence of a growth regression: of beta, of the direct and of the total effect.

    The three differ where growth spills over: the coefficient of the initial level leaves out all feedback, the
    direct effect is what a region's own initial level does to its growth, the total effect what happens if all
    regions start higher together. Which one a figure means should be said.

    Parameters
    ----------
    fit : PanelFit
        Growth, annualised over `horizon`, on the initial log level and whatever else.
    term : str
        Name of the initial log level among the regressors.
    horizon : float
        Length h of the spans of growth, in units of time.
    level : float
        Confidence level.
    route : {"auto", "exact", "eigen", "trace", "stochastic"}
        As in `impacts`.

    Returns
    -------
    DataFrame
        Rows `speed`, `speed_direct`, `speed_total`, `half_life`, `half_life_direct`, `half_life_total` and
        `spillover_share` (indirect / total effect of the initial level); columns estimate, std_error, conf_low,
        conf_high (delta method), formula, horizon, reason (why undefined or without a finite bound).

    Notes
    -----
    ``speed = -ln(1 + h effect) / h``, ``half-life = ln 2 / speed``.

    References
    ----------
    Barro and Sala-i-Martin (1992), Journal of Political Economy 100(2). LeSage and Pace (2009), section 2.7.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.impacts.impacts import three_speeds
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="time")
    >>> list(three_speeds(b.fit, "log_initial", 1).index[:3])
    ['speed', 'speed_direct', 'speed_total']
    """
    found = impacts(fit, route=route, level=level)
    choice("term", term, tuple(found.total.index))
    effect = {
        "beta": (float(fit.params[term]), float(fit.std_errors[term])),
        "direct": tuple(found.direct.loc[term, ["estimate", "std_error"]]),
        "total": tuple(found.total.loc[term, ["estimate", "std_error"]]),
    }
    speeds = {of: speed(value, std_error, horizon, of=of) for of, (value, std_error) in effect.items()}
    ending = {"beta": "", "direct": "_direct", "total": "_total"}
    rows = {f"speed{ending[of]}": rate for of, rate in speeds.items()}
    rows |= {f"half_life{ending[of]}": half_life(rate) for of, rate in speeds.items()}
    rows["spillover_share"] = found._share(term)
    table = _quantities(rows, level).rename_axis("term")
    for end in ending.values():
        # The normal interval of an inverse cannot be trusted where what is inverted may be zero.
        if table.loc[f"speed{end}", "conf_low"] <= 0 and not table.loc[f"half_life{end}", "reason"]:
            table.loc[f"half_life{end}", "reason"] = "no finite upper bound: the interval of the speed reaches zero"
    table.insert(table.columns.get_loc("reason"), "horizon", float(horizon))
    return table


def _quantities(rows: dict[str, Quantity], level: float) -> pd.DataFrame:
    z = float(stats.norm.ppf(0.5 + level / 2))
    values = {
        name: {
            "estimate": q.estimate,
            "std_error": q.std_error,
            "conf_low": q.estimate - z * q.std_error,
            "conf_high": q.estimate + z * q.std_error,
            "formula": q.formula,
            "reason": q.reason,
        }
        for name, q in rows.items()
    }
    return pd.DataFrame.from_dict(values, orient="index")
