"""Estimate all specifications of a grid: what they share is done once, blocks go to as many processes as wanted."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv import _parallel
from spatialconv._core.few_periods.imposed import Normals, Setup
from spatialconv._core.few_periods.profile import p_values
from spatialconv._core.regression.speed import half_life, speed
from spatialconv._core.resampling.intervals import p_two_sided
from spatialconv._multiverse._around import around
from spatialconv._multiverse._crossed import specifications
from spatialconv._multiverse._grid import Grid
from spatialconv._multiverse._result import Multiverse, build
from spatialconv._multiverse._source import Source, outcome, source
from spatialconv._multiverse._specification import Specification
from spatialconv._options import count_of, generator, passed_on, probability, whole
from spatialconv.convergence.beta.beta import INITIAL, BetaConvergence
from spatialconv.convergence.few_periods.arrays import sample_of_fit
from spatialconv.errors import OptionError, SpatialConvError, SpatialConvWarning
from spatialconv.models.by_period.design import Gaps
from spatialconv.models.estimation.fit import fit_design
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.small_samples.refits import Engine, restricted_world
from spatialconv.panel import Panel
from spatialconv.results import one_line
from spatialconv.weights import Aligned

# Specifications that go to a process together.
BLOCK = 256
# Beyond so many samples that leave out one region or period each, a multiverse says first how far it has grown.
LEFT_OUT = 500


class Row(NamedTuple):
    """What is kept of a fit."""

    estimate: float = np.nan
    std_error: float = np.nan
    rho: float = np.nan
    lambda_: float = np.nan
    sigma2: float = np.nan
    loglik: float = np.nan
    aic: float = np.nan
    nobs: float = np.nan
    n_regions: float = np.nan
    n_periods: float = np.nan
    length: float = np.nan
    p_bootstrap: float = np.nan
    approach: str = ""
    at_bound: str = ""
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Block:
    """Specifications of one source and one choice of weights, with their places in the grid."""

    source: Source | str
    w: Any
    outcome: str
    places: tuple[int, ...]
    specs: tuple[Specification, ...]
    missing: Gaps = "raise"
    draws: int = 0
    seeds: tuple[np.random.SeedSequence, ...] = ()


def multiverse(
    panel: Panel | Grid | BetaConvergence,
    variable: str | None = None,
    *,
    level: float = 0.95,
    preferred: int | Specification | None = None,
    bootstrap: int = 0,
    jobs: int = 1,
    seed: int | None = None,
    progress: bool = False,
    **axes: Any,
) -> Multiverse:
    """Estimate every defensible specification of a question and say what they have in common.

    One regression is one path through many choices (weights, model, effects, controls, sample, spans, standard
    errors). Use it before publishing: what share of the paths agrees, how far estimates move, and which choice moves
    them.

    Parameters
    ----------
    panel : Panel, Grid or result of `beta`
        The data; or a grid from `specifications`, with nothing else to be said then; or a growth regression, whose
        data, variable, weights (called "w") and choices are the multiverse, but for the axes that are named here. It
        is the preferred specification where it is in the grid.
    variable : str
        The level v whose beta convergence is asked for; with `focus` the outcome.
    level : float
        Confidence level of the intervals; what lies outside is called significant at 1 - level.
    preferred : int or Specification, optional
        The specification that will be published, by its row; marked in the figure and compared in the result.
    bootstrap : int
        Samples under the null for a p-value of each row beside the asymptotic one (`p_bootstrap`): growth without
        convergence makes the next level, all else is as estimated without beta; as `fit.bootstrap(null=…)` does it.
        Of beta under region and two-way effects p is that of the likelihood ratio of `b.short_panel_test` (two-sided)
        where its theory reaches. At least 19; 0 takes none.
    jobs : int
        Processes, through joblib, so that `joblib.parallel_config(backend="dask")` sends them to a cluster. Figures
        do not depend on it.
    seed : int, optional
        Of the bootstrap; each row has its own stream, whatever the other rows.
    progress : bool
        Show a progress bar.
    **axes
        weights, models, effects, corrections, controls, pool, samples, groups, horizons, vcov, data, focus,
        overlapping, controls_at, missing: see `specifications`.

    Returns
    -------
    Multiverse
        `.table` (one row a specification), `.shares`, `.summary`, `.decomposition()`, `.by()`, `.fit()`,
        `.joint_test()`, `.grid`; `plot.specification_curve` draws it.

    Raises
    ------
    OptionError, VariableError
        If a word or a name is unknown, or no specification can be estimated.

    Warns
    -----
    SpatialConvWarning
        Before it begins, if more than 500 samples leave out one region or period each.

    Notes
    -----
    Every row is what `beta` (`fit_panel` where `focus` is given) returns for its choices alone. A specification that
    cannot be estimated keeps its row, with the reason; one that is the same model as an earlier one in other words
    (weights that do not enter) is marked and counted once. Aligned weights, their eigenvalues, designs, and the
    optimum shared by several covariances are computed once.

    References
    ----------
    Simonsohn, Simmons and Nelson (2020), Specification curve analysis, Nature Human Behaviour 4, 1208-1214. Steegen,
    Tuerlinckx, Gelman and Vanpaemel (2016), Increasing transparency through a multiverse analysis, Perspectives on
    Psychological Science 11(5).

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = {"border": sc.weights.adjacency(zj.cities), "inverse": sc.weights.inverse_distance(zj.cities)}
    >>> m = sc.multiverse(zj.panel, "exports", weights=w, effects=("none", "time"), controls=((), "digital"))
    >>> m.shares["estimated"], len(m.table)
    (8, 8)
    """
    if isinstance(panel, Grid):
        if variable is not None or axes:
            raise OptionError("a Grid says everything itself; pass it alone, or the panel with the axes.")
        grid = panel
    elif isinstance(panel, BetaConvergence):
        if variable is not None:
            raise OptionError("a fitted beta brings its variable; leave it out.")
        own = ("level", "preferred", "bootstrap", "jobs", "seed", "progress")
        given = passed_on("multiverse()", axes, specifications, own=own)
        grid, mine = around(panel, given)
        preferred = mine if preferred is None else preferred
    elif variable is None:
        raise OptionError("variable names the level whose convergence is asked for; only a Grid goes without.")
    else:
        own = ("level", "preferred", "bootstrap", "jobs", "seed", "progress")
        grid = specifications(panel, variable, **passed_on("multiverse()", axes, specifications, own=own))
    probability("level", level)
    place = preferred_place(grid, preferred)
    if bootstrap:
        count_of("bootstrap", bootstrap, least=19)
    used = generator(seed)[1] if bootstrap else None
    _warn_of_many(grid)
    rows = estimate(grid, jobs=jobs, progress=progress, level=level, draws=bootstrap, seed=used)
    return build(grid, rows, level, place, bootstrap, used)


def _warn_of_many(grid: Grid) -> None:
    """Say what leaving out regions one by one makes of a grid, before it is estimated."""
    out = sum(sample.leaves_out is not None for sample in grid.samples.values())
    if out <= LEFT_OUT:
        return
    others = len(grid) // len(grid.samples) * (len(grid.samples) - out)
    warnings.warn(
        f"a multiverse of {len(grid):,} specifications, {others:,} but for the {out:,} samples that leave out one "
        "region or period each: weights are cut, standardised and factorised anew for all of them. samples= takes "
        "groups of your own instead.",
        SpatialConvWarning,
        stacklevel=3,
    )


def preferred_place(grid: Grid, preferred: int | Specification | None) -> int | None:
    """Return the row of the preferred specification."""
    if preferred is None:
        return None
    if isinstance(preferred, Specification):
        if preferred not in grid.specs:
            raise OptionError(
                "the preferred specification is not in the grid; take one of grid.specs, or a row number."
            )
        return grid.specs.index(preferred)
    if whole("preferred", preferred) >= len(grid):
        raise OptionError(f"preferred is row {preferred}, and the grid has rows 0 to {len(grid) - 1}.")
    return int(preferred)


def estimate(
    grid: Grid, *, jobs: int, progress: bool, level: float, draws: int = 0, seed: int | None = None
) -> pd.DataFrame:
    """Return the estimates of all rows of the grid, NaN with the reason where there are none."""
    tasks = list(blocks(grid))
    if draws:
        seeds = np.random.SeedSequence(seed).spawn(len(grid))
        tasks = [replace(task, draws=draws, seeds=tuple(seeds[k] for k in task.places)) for task in tasks]
    runs = _parallel.run(run, [(task,) for task in tasks], jobs=jobs, what="specifications", show=progress)
    rows = [Row()] * len(grid)
    for task, found in zip(tasks, runs, strict=True):
        for place, row in zip(task.places, found, strict=True):
            rows[place] = row
    return completed(pd.DataFrame(rows).rename(columns={"lambda_": "lambda"}), level)


def blocks(grid: Grid) -> Iterator[Block]:
    """Split what is to be estimated by data, sample, horizon and weights, and long stretches again."""

    def where(k: int) -> tuple[str, str, int, str]:
        spec = grid.specs[k]
        return spec.data, spec.sample, spec.horizon, spec.weights if spec.uses_weights else ""

    needed = {name for spec in grid.specs for name in spec.controls}
    sources: dict[tuple[str, str, int], Source | str] = {}
    for key, group in groupby(sorted(grid.ready, key=where), key=where):
        data, sample, horizon, weights = key
        if key[:3] not in sources:
            sources[key[:3]] = source(grid, grid.panel(data, sample), horizon, needed)
        found = grid.aligned(data, sample, weights) if weights else None
        # Rows whose weights do not serve are not ready.
        w: Any = found if isinstance(found, Aligned) else None
        if w is not None and grid.missing != "raise":
            w = grid.weights[weights]  # cut to the regions of each period
        places = list(group)
        for start in range(0, len(places), BLOCK):
            part = tuple(places[start : start + BLOCK])
            yield Block(sources[key[:3]], w, outcome(grid), part, tuple(grid.specs[k] for k in part), grid.missing)


def run(block: Block) -> list[Row]:
    """Estimate a block; specifications that differ in their covariance only share the optimum."""
    if isinstance(block.source, str):
        return [Row(reason=block.source)] * len(block.specs)
    rows: list[Row] = []
    last: tuple[Specification, PanelFit] | None = None
    for k, spec in enumerate(block.specs):
        fit = fit_one(block, spec, last)
        row = Row(reason=fit) if isinstance(fit, str) else _row(fit, block.source)
        if block.draws and not isinstance(fit, str):
            row = row._replace(p_bootstrap=_bootstrapped(fit, block, row, np.random.default_rng(block.seeds[k])))
        rows.append(row)
        last = (spec, fit) if not isinstance(fit, str) else None
    return rows


def fit_one(block: Block, spec: Specification, last: tuple[Specification, PanelFit] | None) -> PanelFit | str:
    """Return the fit, or why there is none."""
    assert isinstance(block.source, Source)
    try:
        with warnings.catch_warnings():
            # An optimum on a bound stands in the row.
            warnings.simplefilter("ignore", SpatialConvWarning)
            if last is not None and replace(spec, vcov=last[0].vcov) == last[0]:
                return last[1].with_vcov(spec.vcov)
            design = block.source.of(spec.controls)
            own = spec.model_spec(block.outcome, design.names)
            return fit_design(design, own, block.w, missing=block.missing)
    except SpatialConvError as error:
        return one_line(error)
    except np.linalg.LinAlgError as error:
        return f"the information matrix cannot be inverted ({error}); the sample is too small."


def _bootstrapped(fit: PanelFit, block: Block, row: Row, rng: np.random.Generator) -> float:
    """Return the p-value of the coefficient in samples without it; NaN where they cannot be had."""
    assert isinstance(block.source, Source)
    own = block.source.design.names[0]
    terms = tuple(t for t in (own, f"W:{own}") if t in fit.design.names)
    by_ratio = _by_ratio(fit, own, block.source.length, block.draws, rng)
    if by_ratio is not None:
        return by_ratio
    try:
        engine = Engine.of(fit)
        found = engine.run(restricted_world(fit, terms), draws=block.draws, rng=rng)
    except (SpatialConvError, np.linalg.LinAlgError):
        return np.nan
    place = fit.design.names.index(own)
    return p_two_sided(row.estimate / row.std_error, found.params[:, place] / found.errors[:, place])


def _by_ratio(fit: PanelFit, own: str, length: float, draws: int, rng: np.random.Generator) -> float | None:
    """Return p of no convergence by the likelihood ratio of short panels; None where it is not derived."""
    if own != INITIAL or fit.spec.effects not in ("region", "two-way"):
        return None
    try:
        setup = Setup.of(sample_of_fit(fit, length, draws))
    except SpatialConvError:
        return None
    return p_values(setup, 0.0, Normals.draw(setup.sample, draws, rng)).ratio_two


def _row(fit: PanelFit, of: Source) -> Row:
    e = fit.estimates
    place = fit.design.names.index(of.design.names[0])
    return Row(
        estimate=float(e.beta[place]),
        # On a bound the information is no information: whether rounding leaves it invertible says nothing.
        std_error=float("nan") if fit.at_bound else float(np.sqrt(e.cov[place, place])),
        rho=e.rho,
        lambda_=e.lam,
        sigma2=e.sigma2,
        loglik=e.loglik,
        aic=fit.aic,
        nobs=float(fit.nobs),
        n_regions=float(fit.n_regions),
        n_periods=float(fit.n_periods),
        length=of.length,
        approach=e.correction,
        at_bound=", ".join(fit.at_bound),
    )


def completed(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    """Add what follows from estimate and standard error: z, p, interval, speed and half-life."""
    z = rows["estimate"] / rows["std_error"]
    half = stats.norm.ppf(0.5 + level / 2) * rows["std_error"]
    rates = [speed(b, se, h) for b, se, h in zip(rows["estimate"], rows["std_error"], rows["length"], strict=True)]
    said = [
        r or (f"{bound} on the bound" if bound else "") or (rate.reason if np.isfinite(b) and np.isfinite(h) else "")
        for r, bound, rate, b, h in zip(
            rows["reason"], rows["at_bound"], rates, rows["estimate"], rows["length"], strict=True
        )
    ]
    return rows.assign(
        statistic=z,
        p_value=2 * stats.norm.sf(np.abs(z)),
        conf_low=rows["estimate"] - half,
        conf_high=rows["estimate"] + half,
        speed=[rate.estimate for rate in rates],
        speed_error=[rate.std_error for rate in rates],
        half_life=[half_life(rate).estimate for rate in rates],
        reason=said,
    )
