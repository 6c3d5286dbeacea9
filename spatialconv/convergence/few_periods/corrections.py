"""Corrections of the bias that region effects cause in a beta of few periods, side by side."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatialconv._options import count_of, generator
from spatialconv._parallel import checked_jobs
from spatialconv.convergence.few_periods.estimates import NOWHERE, RANDOM, ROBUST, SCORES, WAYS, corrected_fit
from spatialconv.errors import ModelError, SpatialConvError, SpatialConvWarning
from spatialconv.models.estimation.fit import fit_complete
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.small_samples.bootstrap import half_life_of, speed_of
from spatialconv.models.small_samples.indirect import corrected
from spatialconv.models.small_samples.refits import Engine, fitted_world
from spatialconv.models.specification.design import Design, complete
from spatialconv.panel import FloatArray
from spatialconv.results import Provenance, Result, extent, number, plural

if TYPE_CHECKING:
    from spatialconv.convergence.beta.beta import BetaConvergence

INITIAL = "log_initial"
AS_IT_IS, BOOTSTRAP, INDIRECT = "as estimated", "recursive bootstrap", "indirect inference"
JACKKNIFE, DYNAMIC = "half-panel jackknife", "dynamic model, bias of order 1/T"
ADJUSTED, ADJUSTED_ROBUST, CORRELATED = (WAYS[way].name for way in (SCORES, ROBUST, RANDOM))
# What each takes for given, beside errors that are not correlated over time.
ASSUMES = {
    AS_IT_IS: "many periods, where regions have effects",
    BOOTSTRAP: "a bias that is about the same at the estimates as at the truth",
    INDIRECT: WAYS["indirect"].assumes,
    JACKKNIFE: "a bias in proportion to 1/T, the same in both halves: levels around where they end up",
    DYNAMIC: "many periods (bias of order 1/T), levels that are stable",
    **{WAYS[way].name: WAYS[way].assumes for way in (SCORES, ROBUST, RANDOM)},
}
# Near beta = 0 the information of beta is singular under two-way effects: the spread of estimates is none of an error.
SINGULAR = "no standard error: under two-way effects the information of beta is singular near zero, see b.inference"
# Samples on which the spread of the jackknife is simulated, one after the other.
CHUNK = 500


def bias_corrections(
    b: BetaConvergence,
    *,
    draws: int = 1999,
    jobs: int = 1,
    seed: int | np.random.Generator | None = None,
) -> BiasCorrections:
    """Set corrections of beta for its bias in few periods side by side.

    Use it for regressions with region or two-way effects, whose beta is biased downwards by about (1 + beta h) / T
    (Nickell 1981), so that it looks like convergence.

    Parameters
    ----------
    b : BetaConvergence
        The growth regression, as estimated.
    draws : int
        Simulated panels, of the bootstrap and at each step of indirect inference.
    jobs, seed
        As in `models.small_samples.bootstrap`.

    Returns
    -------
    BiasCorrections
        `.table`: a row a method; columns beta, std_error, rho, speed, half_life, assumes (what it takes for given),
        reason (why there is none, or what to know of it). Standard errors are a description of the spread under region
        effects, no base of a test, and NaN under two-way effects; `b.inference` has test and set.

    Notes
    -----
    - recursive bootstrap: ``2 b - mean(b*)``, b* from panels rebuilt at b.
    - indirect inference: the theta with ``mean(b*(theta)) = b`` (Gourieroux, Phillips and Yu 2010).
    - half-panel jackknife: ``2 b - sum_s (T_s / T) b_s`` over the halves of the periods; for odd T the average over
      both ways to halve (Dhaene and Jochmans 2015). Its standard error is simulated.
    - dynamic model: with spans of one period, ``ln v[t] = rho W ln v[t] + (1 + beta) ln v[t-1] + eta W ln v[t-1] + …``,
      whose bias of order 1/T is known (Yu, de Jong and Lee 2008; Lee and Yu 2010). A lag of growth means
      eta = -rho, which the dynamic model leaves free.
    - adjusted scores, adjusted scores with variances by region, correlated random effects: as `correction=` of
      `spatialconv.beta` takes them.

    References
    ----------
    Nickell (1981), Econometrica 49. Gourieroux, Phillips and Yu (2010), Journal of Econometrics 157. Dhaene and
    Jochmans (2015), Review of Economic Studies 82. Yu, de Jong and Lee (2008), Journal of Econometrics 146. Yang
    (2018), Journal of Econometrics 205. Dhaene and Jochmans (2016), Econometric Theory 32. Li and Yang (2020), Regional
    Science and Urban Economics 81. Hsiao, Pesaran and Tahmiscioglu (2002), Journal of Econometrics 109.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> b = sc.beta(zj.panel, "exports", effects="region")
    >>> list(b.bias_corrections(draws=99, seed=1).table.index[:3])
    ['as estimated', 'recursive bootstrap', 'indirect inference']
    """
    count_of("draws", draws, least=19)
    checked_jobs(jobs)
    rng, used = generator(seed)
    first, second = (int(s) for s in rng.integers(2**31, size=2))
    fit, h = b.fit, b.length
    Engine.of(fit)
    within = fit.spec.effects in ("region", "two-way")
    ways: dict[str, Any] = {
        AS_IT_IS: lambda: (b.beta, float(fit.std_errors[INITIAL]), fit.rho, ""),
        BOOTSTRAP: lambda: by_bootstrap(fit, draws, first, jobs),
        INDIRECT: lambda: by_indirect_inference(fit, draws, second, jobs),
        JACKKNIFE: lambda: by_jackknife(fit, draws, first, within),
        DYNAMIC: lambda: by_dynamic_model(fit, within),
        ADJUSTED: lambda: _by_scores(fit, h, SCORES, draws, first),
        ADJUSTED_ROBUST: lambda: _by_scores(fit, h, ROBUST, draws, first),
        CORRELATED: lambda: _by_scores(fit, h, RANDOM, draws, first),
    }
    rows = {name: _row(name, way, h, two_way=fit.spec.effects == "two-way") for name, way in ways.items()}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")
    title = f"{b.variable}: {extent(fit.n_regions, fit.n_periods, 'span')}, {fit._approach()}"
    origin = Provenance(
        "bias_corrections", {"draws": draws}, fit.n_regions, fit.n_periods, fit.provenance.weights, used
    )
    return BiasCorrections(table, title, _disagreement(table, float(fit.std_errors[INITIAL])), origin)


def _row(name: str, way: Any, h: float, *, two_way: bool) -> dict[str, Any]:
    try:
        beta, std_error, rho, reason = way()
        if two_way:
            std_error, reason = np.nan, "; ".join([*([reason] if reason else []), SINGULAR])
    except SpatialConvError as problem:
        beta, std_error, rho, reason = np.nan, np.nan, np.nan, str(problem)
    return {
        "beta": beta,
        "std_error": std_error,
        "rho": rho,
        "speed": _finite(speed_of(beta, h)),
        "half_life": _finite(half_life_of(beta, h)),
        "assumes": ASSUMES[name],
        "reason": reason,
    }


def _finite(value: float) -> float:
    return float(value) if np.isfinite(value) and value != 0 else float("nan")


def _place(fit: PanelFit) -> int:
    return list(fit.params.index).index(INITIAL)


def by_bootstrap(fit: PanelFit, draws: int, seed: int, jobs: int) -> tuple[float, float, float, str]:
    """Return beta, its standard deviation, rho and what is to be said, by 2 b - mean(b*)."""
    engine = Engine.of(fit)
    found = engine.run(fitted_world(fit), draws=draws, rng=np.random.default_rng(seed), jobs=jobs, errors=False)
    values = 2 * fit.params.to_numpy() - found.kept.mean(axis=0)
    rho = float(values[list(fit.params.index).index("rho")]) if fit.spec.has_lag else np.nan
    lost = f"{found.lost} samples could not be fitted" if found.lost else ""
    return float(values[_place(fit)]), float(found.kept[:, _place(fit)].std(ddof=1)), rho, lost


def by_indirect_inference(fit: PanelFit, draws: int, seed: int, jobs: int) -> tuple[float, float, float, str]:
    """Return beta, its standard deviation, rho and what is to be said, by the theta with mean(b*(theta)) = b."""
    found = corrected(fit, draws=draws, seed=seed, jobs=jobs)
    return float(found.params[INITIAL]), float(found.std_errors[INITIAL]), found.rho, ""


def _by_scores(fit: PanelFit, h: float, way: str, draws: int, seed: int) -> tuple[float, float, float, str]:
    found = corrected_fit(fit, h, way, draws=draws, seed=seed)
    nowhere = "the adjusted score is zero nowhere; this is where it comes nearest" if NOWHERE in found.notes else ""
    return float(found.params[INITIAL]), float(found.std_errors[INITIAL]), found.rho, nowhere


def halves(T: int) -> list[list[slice]]:
    """Return the ways to halve T periods: one for even T, two for odd."""
    cuts = [T // 2] if T % 2 == 0 else [T // 2, T // 2 + 1]
    return [[slice(0, cut), slice(cut, T)] for cut in cuts]


def _part(design: Design, part: slice) -> Design:
    chain = design.chain
    assert chain is not None
    start = part.start
    source = np.where(chain.source[part] >= start, chain.source[part] - start, -1)
    shorter = replace(chain, source=source, length=chain.length[part])
    return replace(design, y=design.y[part], X=design.X[part], periods=design.periods[part], chain=shorter)


def _quiet(design: Design, spec: Any) -> PanelFit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpatialConvWarning)
        return fit_complete(design, spec)


def by_jackknife(fit: PanelFit, draws: int, seed: int, within: bool) -> tuple[float, float, float, str]:
    """Return beta, its standard deviation, rho and what is to be said, by 2 b less the mean over halves."""
    T = fit.n_periods
    if not within:
        raise ModelError("without region effects there is no bias of order 1/T to take off.")
    if T < 4:
        raise ModelError(f"halves of two spans or more are needed; the panel has {plural(T, 'span')}.")
    ways = halves(T)
    fits = [[_quiet(_part(fit.design, part), fit.spec) for part in way] for way in ways]
    values = _combined(fit.params.to_numpy(), [[f.params.to_numpy() for f in way] for way in fits], ways, T)
    rho = float(values[list(fit.params.index).index("rho")]) if fit.spec.has_lag else np.nan
    try:
        spread = _spread_of_jackknife(fit, fits, ways, draws, seed)
        said = "" if np.isfinite(spread) else "standard error not simulated: levels of a half are not rebuilt in it"
    except ModelError as error:
        spread, said = float("nan"), f"standard error not simulated: {error}"
    return float(values[_place(fit)]), spread, rho, said


def _combined(whole_: FloatArray, parts: list[list[FloatArray]], ways: list[list[slice]], T: int) -> FloatArray:
    """Return 2 b - sum_s (T_s / T) b_s, averaged over the ways to halve."""
    found = [
        2 * whole_ - sum((s.stop - s.start) / T * p for s, p in zip(way, part, strict=True))
        for way, part in zip(ways, parts, strict=True)
    ]
    return np.asarray(np.mean(found, axis=0))


def _spread_of_jackknife(
    fit: PanelFit, fits: list[list[PanelFit]], ways: list[list[slice]], draws: int, seed: int
) -> float:
    """Return the standard deviation of the jackknifed beta over panels rebuilt at the estimates."""
    engine, world, rng = Engine.of(fit), fitted_world(fit), np.random.default_rng(seed)
    engines = [[Engine.of(f) for f in way] for way in fits]
    if engine.feedback is None or any(e.feedback is None for way in engines for e in way):
        return float("nan")
    if engine.setting is None:
        draws = min(draws, CHUNK // 5)
    found: list[FloatArray] = []
    for start in range(0, draws, CHUNK):
        Y, V = engine.samples(world, "residual", min(CHUNK, draws - start), rng)
        assert V is not None
        every = engine.refit(Y, V, errors=False).params
        parts = [
            [e.refit(Y[s], V[s], errors=False).params for e, s in zip(row, way, strict=True)]
            for row, way in zip(engines, ways, strict=True)
        ]
        found.append(_combined(every, parts, ways, fit.n_periods)[:, _place(fit)])
    return float(np.nanstd(np.concatenate(found), ddof=1))


def by_dynamic_model(fit: PanelFit, within: bool) -> tuple[float, float, float, str]:
    """Return beta, its standard deviation, rho and what is to be said, by the model in levels."""
    design, spec = fit.design, fit.spec
    chain = design.chain
    assert chain is not None
    T = fit.n_periods
    if not within:
        raise ModelError("without region effects there is no bias of order 1/T to take off.")
    if not (np.array_equal(chain.source, np.arange(T) - 1) and (chain.length == 1).all()):
        raise ModelError("only consecutive spans of one period make a dynamic model; these are others.")
    names = list(design.names)
    controls = tuple(name for name in spec.x if name != INITIAL)
    initial = design.X[..., names.index(INITIAL)]
    y = np.vstack([initial[:1], initial + design.y])
    X = design.X[..., [names.index(name) for name in controls]]
    neighbours = spec.has_lag or f"W:{INITIAL}" in names
    dynamic = replace(
        spec,
        y="ln v",
        x=controls,
        durbin=tuple(name for name in spec.durbin if name != INITIAL),
        dynamic="both" if neighbours else "y",
        correction="auto",
    )
    start = Design(y, np.concatenate([X[:1], X]), controls, design.regions, pd.RangeIndex(T + 1), design.W, design.M)
    found = _quiet(complete(start, dynamic), dynamic)
    if found.correction != "lee-yu":
        why = next((note for note in found.notes if "correction" in note or "Lee-Yu" in note), "not derived here")
        raise ModelError(f"the dynamic model could not be corrected: {why}")
    free = spec.has_lag and f"W:{INITIAL}" not in names
    said = "eta is free here, where a lag of growth means eta = -rho" if free else ""
    return float(found.params["lag:y"]) - 1, float(found.std_errors["lag:y"]), found.rho, said


def _disagreement(table: pd.DataFrame, se: float) -> tuple[str, ...]:
    """Say where the corrections differ by more than a standard error of the estimate."""
    known = table["beta"].drop(AS_IT_IS).dropna()
    if len(known) < 2:
        return ()
    low, high = str(known.idxmin()), str(known.idxmax())
    if not known[high] - known[low] > se:
        return ()
    return (
        f"the corrections disagree by {(known[high] - known[low]) / se:.1f} standard errors: {number(known[low])} "
        f"({low}) to {number(known[high])} ({high})",
    )


@dataclass(frozen=True, eq=False, repr=False)
class BiasCorrections(Result):
    """Beta as estimated and corrected in seven ways; `table` has a row a method, with what it assumes."""

    table: pd.DataFrame
    title: str
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a method."""
        return self.table.reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: beta by method."""
        return self.table["beta"].to_frame().T.reset_index(drop=True).rename_axis(columns=None)

    def _headline(self) -> list[str]:
        lines = []
        for name, row in self.table.iterrows():
            if np.isnan(row.beta):
                lines.append(f"  {name}: none, {row.reason}")
            else:
                error = f" (s.e. {number(row.std_error)})" if np.isfinite(row.std_error) else ""
                lines.append(f"  {name}: beta {number(row.beta)}{error}; assumes {row.assumes}")
        return [f"Corrections of beta of {self.title}", *lines]
