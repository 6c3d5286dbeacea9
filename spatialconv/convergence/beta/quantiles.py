"""Quantile beta: do regions that grow fast for their level converge as those that grow slowly do?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.regression.least_squares import collinear_columns
from spatialconv._core.regression.quantile import check_loss, quantile_regression
from spatialconv._core.regression.speed import half_life, speed
from spatialconv._options import ControlsAt, choice, count_of, first, generator, names, probability
from spatialconv._parallel import run
from spatialconv.convergence.beta.beta import INITIAL, growth_design
from spatialconv.errors import DataError, OptionError, SingularDesignError
from spatialconv.models.specification.design import Design, refuse_reserved
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import HypothesisTest, Provenance, Result, extent, merge_notes, number, p_value, plural

QuantileEffects = Literal["none", "time"]
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
BLOCK = 25
# Below this many regions the bootstrap repeats a handful of histories.
FEW = 20


def beta_quantiles(
    panel: Panel,
    variable: str,
    *,
    quantiles: Iterable[float] = QUANTILES,
    controls: str | Iterable[str] = (),
    controls_at: ControlsAt = "start",
    horizon: int = 1,
    overlapping: bool = False,
    effects: QuantileEffects = "none",
    draws: int = 499,
    level: float = 0.95,
    jobs: int = 1,
    seed: int | np.random.Generator | None = None,
    progress: bool = True,
) -> BetaQuantiles:
    """Estimate beta at several quantiles of growth given the initial level, and test whether it is the same at all.

    Mean regression may find no convergence where the lower tail converges and the upper does not. Standard errors come
    from resampling regions with their whole history, so that dependence over time within a region is kept.

    Parameters
    ----------
    panel : Panel
    variable : str
        The level v, positive.
    quantiles : numbers between 0 and 1
    controls, controls_at, horizon, overlapping
        As in `beta`.
    effects : {"none", "time"}
        A constant, or one for every span. Region effects are not offered: with few periods each, they bias the
        slopes at all quantiles.
    draws : int
        Bootstrap samples of regions.
    level : float
        Of the percentile intervals.
    jobs, seed, progress
        Processes, seed (the same figures whatever the number of jobs), and whether to show a progress bar.

    Returns
    -------
    BetaQuantiles
        `.table` (a row a quantile), `.equality` (Wald test that beta is the same at all quantiles), `.params`

    Raises
    ------
    OptionError
        If a quantile does not lie between 0 and 1, or none is given.
    SingularDesignError
        If regressors are collinear or too many.
    DataError
        If there is one region only; else as in `beta`.

    Notes
    -----
    ``Q_tau(growth | .) = a(tau) + beta(tau) ln v[t-h] + X theta(tau)``, the minimum of the check function, solved as a
    linear programme to its optimum. Neighbours do not enter: errors are taken as independent across regions.

    References
    ----------
    Koenker, R. and Bassett, G. (1978), Regression Quantiles, Econometrica 46, 33-50. Parente, P. and Santos Silva, J.
    (2016), Quantile Regression with Clustered Data, Journal of Econometric Methods 5, 1-15.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> q = sc.beta_quantiles(us.panel, "income", horizon=80, draws=99, seed=1, progress=False)
    >>> q.table["beta"].round(4).tolist()
    [-0.0106, -0.0096, -0.0097, -0.0086, -0.0076]
    """
    as_panel(panel)
    if panel.n_regions < 2:
        # Every sample of one region is that region: the intervals would have no width.
        raise DataError(
            f"quantile beta resamples regions and needs two or more; the panel has one, {first(list(panel.regions))}."
        )
    choice("effects", effects, get_args(QuantileEffects))
    probability("level", level)
    count_of("draws", draws, least=2)
    taus = _checked(quantiles)
    extra = names("controls", controls if controls is not None else ())
    refuse_reserved(extra)
    design, length = growth_design(panel, variable, extra, horizon, overlapping, controls_at)
    full = _with_constants(design, effects)
    rng, stored = generator(seed)
    at = full.names.index(INITIAL)
    point = np.array([_fit(full.y, full.X, tau) for tau in taus])
    boot = _resampled(full, taus, at, point, rng.spawn(draws), jobs, progress)
    lost = int(np.isnan(boot).any(axis=1).sum())
    left_out = [f"{lost:,} of {draws:,} samples of regions had no solution and are left out"] if lost else []
    n = panel.n_regions
    few = [f"{n:,} regions: intervals from resampling so few are only a guide"] if n < FEW else []
    notes = merge_notes(full.notes, left_out, few)
    options = {
        "variable": variable,
        "quantiles": taus,
        "controls_at": controls_at,
        "horizon": horizon,
        "effects": effects,
        "draws": draws,
    }
    provenance = Provenance("beta_quantiles", options, panel.n_regions, len(full.y), seed=stored)
    params = pd.DataFrame(point, index=pd.Index(taus, name="quantile"), columns=list(full.names))
    return BetaQuantiles(full, params, boot[~np.isnan(boot).any(axis=1)], variable, length, level, notes, provenance)


def _checked(quantiles: Iterable[float]) -> tuple[float, ...]:
    given = [quantiles] if isinstance(quantiles, (int, float)) else list(quantiles)
    if not given:
        raise OptionError(f"quantiles names none; give for example {QUANTILES}.")
    return tuple(sorted({probability("quantiles", tau) for tau in given}))


def _with_constants(design: Design, effects: QuantileEffects) -> Design:
    T, N, _ = design.shape
    if effects == "time" and T > 1:
        constants, labels = np.repeat(np.eye(T)[:, None, :], N, axis=1), [f"time {t}" for t in design.periods]
    else:
        constants, labels = np.ones((T, N, 1)), ["intercept"]
    X = np.concatenate([constants, design.X], axis=2)
    labels = [*labels, *design.names]
    spare = [labels[k] for k in collinear_columns(X.reshape(T * N, -1))]
    if spare or X.shape[2] >= T * N:
        what = f"{first(spare)} is a linear combination of the others" if spare else f"{X.shape[2]} coefficients"
        raise SingularDesignError(
            f"{what}, with {plural(T * N, 'observation')} ({extent(N, T, 'span')}). Leave regressors out."
        )
    return Design(design.y, X, tuple(labels), design.regions, design.periods, notes=design.notes)


def _fit(y: FloatArray, X: FloatArray, tau: float) -> FloatArray:
    return quantile_regression(y.ravel(), X.reshape(y.size, -1), tau)


def _resampled(
    design: Design,
    taus: tuple[float, ...],
    at: int,
    point: FloatArray,
    seeds: list[np.random.Generator],
    jobs: int,
    progress: bool,
) -> FloatArray:
    """Return beta of every draw and quantile, shape (draws, quantiles)."""
    blocks = [seeds[k : k + BLOCK] for k in range(0, len(seeds), BLOCK)]
    tasks = [(design.y, design.X, taus, at, point, block) for block in blocks]
    return np.concatenate(run(_block, tasks, jobs=jobs, what="samples of regions", show=progress))


def _block(
    y: FloatArray,
    X: FloatArray,
    taus: tuple[float, ...],
    at: int,
    point: FloatArray,
    seeds: list[np.random.Generator],
) -> FloatArray:
    (T, N, K), out = X.shape, []
    for rng in seeds:
        counts = np.bincount(rng.integers(N, size=N), minlength=N)
        there = np.flatnonzero(counts)
        times = np.tile(counts[there].astype(float), T)
        own, given = y[:, there].ravel(), X[:, there].reshape(-1, K)
        # A sample that lies off at one quantile does so at the next.
        off, betas = np.zeros(K), []
        for tau, known in zip(taus, point, strict=True):
            found = quantile_regression(own, given, tau, times=times, start=known + off)
            off = found - known if np.isfinite(found).all() else np.zeros(K)
            betas.append(found[at])
        out.append(betas)
    return np.array(out)


@dataclass(frozen=True, eq=False, repr=False)
class BetaQuantiles(Result):
    """Coefficients at every quantile (`params`, a row each) and the bootstrap of beta, shape (draws, quantiles)."""

    design: Design
    params: pd.DataFrame
    samples: FloatArray
    variable: str
    length: float
    level: float
    notes: tuple[str, ...]
    provenance: Provenance

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a quantile: beta, standard error, percentile interval, p, speed, half-life, pseudo R2, reason."""
        tail = (1 - self.level) / 2
        low, high = np.quantile(self.samples, [tail, 1 - tail], axis=0)
        rows = []
        for k, tau in enumerate(self.params.index):
            value, se = float(self.params.loc[tau, INITIAL]), float(self.samples[:, k].std(ddof=1))
            rate = speed(value, se, self.length)
            rows.append({
                "beta": value,
                "std_error": se,
                "statistic": value / se if se > 0 else np.nan,
                "p_value": 2 * float(stats.norm.sf(abs(value / se))) if se > 0 else np.nan,
                "conf_low": low[k],
                "conf_high": high[k],
                "speed": rate.estimate,
                "half_life": half_life(rate).estimate,
                "pseudo_r2": self._pseudo_r2(float(tau)),
                "reason": rate.reason,
            })  # fmt: skip
        return pd.DataFrame(rows, index=self.params.index)

    def _pseudo_r2(self, tau: float) -> float:
        """Koenker and Machado's R1: one minus the loss over that of the constants alone."""
        X, y = self.design.X, self.design.y
        constants = [k for k, name in enumerate(self.design.names) if name == "intercept" or name.startswith("time ")]
        alone = _fit(y, X[:, :, constants], tau)
        loss = check_loss(y - X @ self.params.loc[tau].to_numpy(), tau)
        return 1 - loss / check_loss(y - X[:, :, constants] @ alone, tau)

    @cached_property
    def equality(self) -> HypothesisTest:
        """Wald test that beta is the same at all quantiles, with the bootstrap's covariance of the betas."""
        null, alternative = "beta is the same at every quantile", "beta differs between quantiles"
        values = self.params[INITIAL].to_numpy()
        df = len(values) - 1
        name = "equal slopes"
        if df == 0:
            reason = "one quantile only"
            return HypothesisTest(name, null, alternative, np.nan, np.nan, "chi2", None, reason)
        R = np.eye(df, df + 1) - np.eye(df, df + 1, k=1)
        V = R @ np.cov(self.samples, rowvar=False) @ R.T
        if np.linalg.matrix_rank(V) < df:
            reason = "the quantiles lie so close that their betas move together"
            return HypothesisTest(name, null, alternative, np.nan, np.nan, "chi2", float(df), reason)
        statistic = float((R @ values) @ np.linalg.solve(V, R @ values))
        return HypothesisTest(
            name, null, alternative, statistic, float(stats.chi2.sf(statistic, df)), "chi2", float(df)
        )  # fmt: skip

    @property
    def crossings(self) -> float:
        """Share of observations at which fitted quantiles are out of order: of theory none, of estimates few."""
        fitted = self.design.X @ self.params.to_numpy().T
        return float((np.diff(fitted, axis=2) < -1e-12).any(axis=2).mean()) if len(self.params) > 1 else 0.0

    def tidy(self) -> pd.DataFrame:
        """Return one row a quantile and coefficient; standard errors are known of beta."""
        long = self.params.stack().rename("estimate").rename_axis(["quantile", "term"]).reset_index()
        known = self.table[["std_error", "statistic", "p_value", "conf_low", "conf_high"]].reset_index()
        return long.merge(known.assign(term=INITIAL), on=["quantile", "term"], how="left")

    def glance(self) -> pd.DataFrame:
        """Return one row that describes the regressions."""
        row: dict[str, Any] = {
            "variable": self.variable,
            "nobs": self.design.y.size,
            "quantiles": len(self.params),
            "draws": len(self.samples),
            "equality_statistic": self.equality.statistic,
            "equality_p": self.equality.p_value,
            "crossings": self.crossings,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        T, N = self.design.y.shape
        title = f"Quantile beta convergence of {self.variable}: {extent(N, T, 'span')}, {len(self.samples):,} draws"
        lines = [
            f"  {tau:g}: beta {number(row['beta'])} [{number(row['conf_low'])}, {number(row['conf_high'])}]"
            for tau, row in list(self.table.iterrows())[:5]
        ]
        rest = len(self.table) - len(lines)
        lines += [f"  and {rest} more, see .table"] if rest else []
        test = self.equality
        said = test.reason or f"chi2({number(test.df, 0)}) = {number(test.statistic, 2)}, {p_value(test.p_value)}"
        return [title, *lines, f"  the same at every quantile (Wald): {said}"]
