"""The joint test: all specifications on data without convergence, beside all specifications on the data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from spatialconv import _parallel
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._multiverse._grid import Grid
from spatialconv._multiverse._result import Multiverse, Null
from spatialconv._multiverse._run import Block, blocks, fit_one
from spatialconv._multiverse._source import Source
from spatialconv._multiverse._specification import AS_GIVEN, Specification
from spatialconv._multiverse._worlds import modelled, observed_outcomes, of_variant, permuted, places
from spatialconv._options import choice, count_of, generator, whole
from spatialconv.errors import OptionError, UnsupportedModelError
from spatialconv.models.small_samples.refits import Engine
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import Provenance, Result, number, p_value
from spatialconv.summary import spans

STATISTICS = {"median": "median estimate", "share": "share significant", "stouffer": "Stouffer's z"}


@dataclass(frozen=True, eq=False, repr=False)
class JointTest(Result):
    """All specifications against data in which there is nothing to find.

    Attributes
    ----------
    statistics : DataFrame
        Rows `median` (estimate), `share` (significant, in the direction of the alternative), `stouffer` (sum of z over
        the square root of their number); columns observed, null_median, null_low and null_high (the middle 95 %),
        p_value.
    null : DataFrame
        A row a draw, a column a statistic.
    by_specification : DataFrame
        Row of the multiverse: observed z, the median of z under the null, and the p-value that takes its place.
    alternative : str
        "convergence" (negative), or "two-sided" where another regressor is in focus.
    """

    statistics: pd.DataFrame
    null: pd.DataFrame
    by_specification: pd.DataFrame
    alternative: str
    draws: int
    level: float
    title: str
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a statistic: term, estimate, null_median, null_low, null_high, p_value."""
        return self.statistics.rename_axis("term").reset_index().rename(columns={"observed": "estimate"})

    def glance(self) -> pd.DataFrame:
        """Return one row: specifications, draws, the three p-values, and how many rows pass under the null's own p."""
        row = {"specifications": len(self.by_specification), "draws": self.draws, "alternative": self.alternative}
        row |= {f"p_{name}": self.statistics.loc[name, "p_value"] for name in STATISTICS}
        return pd.DataFrame([row | {"share_by_null": self.share_by_null}])

    @property
    def share_by_null(self) -> float:
        """Share of the specifications whose p-value under the null is at most 1 - level."""
        return float((self.by_specification["p_value"] <= 1 - self.level).mean())

    def _headline(self) -> list[str]:
        lines = [self.title]
        for name, said in STATISTICS.items():
            s = self.statistics.loc[name]
            lines.append(
                f"  {said}: {number(s['observed'])}; without it {number(s['null_median'])} [{number(s['null_low'])}, "
                f"{number(s['null_high'])}], {p_value(s['p_value'])}"
            )
        share = 100 * self.share_by_null
        return [*lines, f"  significant by p-values from the same draws: {share:.0f} % of the specifications"]


@dataclass(frozen=True, eq=False)
class Task:
    """A block with the drawn outcomes of its data, and where its sample stands in them."""

    block: Block
    drawn: FloatArray
    rows: list[Any]
    columns: list[Any]
    start: npt.NDArray[np.intp]
    end: npt.NDArray[np.intp]


def joint_test(
    result: Multiverse,
    *,
    draws: int = 500,
    null: Null | int | Specification = "shuffle",
    jobs: int = 1,
    seed: int | np.random.Generator | None = None,
    progress: bool = False,
) -> JointTest:
    """Simulate, estimate everything on every draw, and place the observed statistics among the simulated."""
    count_of("draws", draws, least=19)
    _parallel.checked_jobs(jobs)
    grid = result.grid
    if grid.missing != "raise":
        raise UnsupportedModelError(
            "joint_test() makes panels without gaps; this multiverse has missing="
            f"{grid.missing!r}. Balance the panel first (panel.balance())."
        )
    rng, used = generator(seed)
    drawn = _drawn(result, null, draws, rng)
    tasks = _tasks(grid, drawn)
    parts = _parallel.run(refits, [(task,) for task in tasks], jobs=jobs, what="joint test", show=progress)
    order = [k for task in tasks for k in task.block.places]
    estimates, errors = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    kept = np.isin(order, result.estimated.index)
    rows = np.array(order)[kept]
    table = result.table.loc[rows]
    return _judged(result, table, estimates[kept], errors[kept], null, used)


def _drawn(
    result: Multiverse, null: Null | int | Specification, draws: int, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Return outcomes (P, N, draws) for every variant of the data."""
    grid = result.grid
    if isinstance(null, str):
        choice("null", null, Null)
        observed = observed_outcomes(grid, grid.data[AS_GIVEN])
        base = permuted(observed, draws, rng, whole=null == "histories", levels=grid.focus is None)
    else:
        spec = null if isinstance(null, Specification) else _spec_at(grid, null)
        base = modelled(grid, spec, draws, rng)
    used = dict.fromkeys(result.estimated["data"])
    return {name: of_variant(grid, name, base) for name in used}


def _spec_at(grid: Grid, row: int) -> Specification:
    if whole("null", row) >= len(grid):
        raise OptionError(f"null is row {row}, and the grid has rows 0 to {len(grid) - 1}.")
    return grid.specs[row]


def _tasks(grid: Grid, drawn: dict[str, FloatArray]) -> list[Task]:
    tasks = []
    for block in blocks(grid):
        spec = block.specs[0]
        panel = grid.panel(spec.data, spec.sample)
        if isinstance(block.source, str) or not isinstance(panel, Panel):
            continue
        rows, columns = places(grid.data[spec.data], panel)
        if grid.focus is None:
            over = spans(panel, spec.horizon, overlapping=grid.overlapping)
            start, end = over.start, over.end
        else:
            start = end = np.arange(panel.n_periods)
        tasks.append(Task(block, drawn[spec.data], rows, columns, start, end))
    return tasks


def refits(task: Task) -> tuple[FloatArray, FloatArray]:
    """Return estimates and standard errors of every specification of a block on every draw, (S, draws) each."""
    block, found = task.block, task.block.source
    assert isinstance(found, Source)
    outcomes = task.drawn[np.ix_(task.rows, task.columns)]
    growth = np.isfinite(found.length)
    Y = outcomes[task.end]
    initial: FloatArray | None = None
    if growth:
        initial = outcomes[task.start]
        Y = (Y - initial) / found.length
    shape = (len(block.specs), outcomes.shape[2])
    estimates, errors = np.full(shape, np.nan), np.full(shape, np.nan)
    for k, spec in enumerate(block.specs):
        estimates[k], errors[k] = _refit(block, spec, Y, initial)
    return estimates, errors


def _refit(block: Block, spec: Specification, Y: FloatArray, initial: FloatArray | None) -> tuple[Any, Any]:
    fit = fit_one(block, spec, None)
    if isinstance(fit, str):
        return np.nan, np.nan
    assert isinstance(block.source, Source)
    own = block.source.design.names[0]
    made = tuple(name for name in (own, f"W:{own}") if name in fit.design.names) if initial is not None else ()
    V = None
    if initial is not None:
        columns = [initial]
        if len(made) > 1:
            assert block.w is not None
            columns.append(lag(block.w.matrix, initial))
        V = np.stack(columns, axis=2)
    found = Engine.remade(fit, made).refit(Y, V)
    place = fit.design.names.index(own)
    return found.params[:, place], found.errors[:, place]


def _judged(
    result: Multiverse,
    table: pd.DataFrame,
    estimates: FloatArray,
    errors: FloatArray,
    null: Null | int | Specification,
    seed: int | None,
) -> JointTest:
    directed = result.grid.focus is None
    z, z_null = table["statistic"].to_numpy(dtype=float), estimates / errors
    observed = _statistics(table["estimate"].to_numpy(dtype=float)[:, None], z[:, None], result.level, directed)
    simulated = _statistics(estimates, z_null, result.level, directed)
    # Each statistic is turned so that large speaks against the null.
    turn = {"median": -1.0, "share": 1.0, "stouffer": -1.0} if directed else dict.fromkeys(STATISTICS, 1.0)
    rows = {}
    for name in STATISTICS:
        drawn = simulated[name][~np.isnan(simulated[name])]
        value = float(observed[name][0])
        size, sizes = (value, drawn) if directed else (abs(value), np.abs(drawn))
        # The same figure by another order of sums is as extreme.
        extreme = turn[name] * sizes >= turn[name] * size - 1e-12 * max(1.0, abs(size))
        low, middle, high = np.quantile(drawn, [0.025, 0.5, 0.975]) if len(drawn) else [np.nan] * 3
        p = (1 + extreme.sum()) / (1 + len(drawn)) if len(drawn) and not np.isnan(value) else np.nan
        rows[name] = (value, middle, low, high, p)
    columns = ["observed", "null_median", "null_low", "null_high", "p_value"]
    draws = estimates.shape[1]
    return JointTest(
        statistics=pd.DataFrame.from_dict(rows, orient="index", columns=columns),
        null=pd.DataFrame(simulated),
        by_specification=_by_specification(table, z, z_null, directed),
        alternative="convergence" if directed else "two-sided",
        draws=draws,
        level=result.level,
        title=_title(result, len(table), draws, null),
        notes=_notes(estimates, null),
        provenance=replace(
            result.provenance,
            call="joint_test",
            options={**result.provenance.options, "draws": draws, "null": str(null)},
            seed=seed,
        ),
    )


def _statistics(estimates: FloatArray, z: FloatArray, level: float, directed: bool) -> dict[str, FloatArray]:
    """Return the three statistics of every column."""
    critical = stats.norm.ppf(0.5 + level / 2)
    with np.errstate(invalid="ignore"):
        below, above = (z < -critical).mean(axis=0), (z > critical).mean(axis=0)
    known = np.isfinite(z).sum(axis=0)
    total = np.where(known > 0, np.nansum(z, axis=0) / np.sqrt(np.maximum(known, 1)), np.nan)
    lost = np.isnan(estimates).all(axis=0)
    median = np.full(estimates.shape[1], np.nan)
    median[~lost] = np.nanmedian(estimates[:, ~lost], axis=0)
    return {"median": median, "share": below if directed else np.maximum(below, above), "stouffer": total}


def _by_specification(table: pd.DataFrame, z: FloatArray, z_null: FloatArray, directed: bool) -> pd.DataFrame:
    known = np.isfinite(z_null)
    count = known.sum(axis=1)
    with np.errstate(invalid="ignore"):
        as_low = (z_null <= z[:, None] + 1e-12).sum(axis=1)
        as_far = (np.abs(z_null) >= np.abs(z)[:, None] - 1e-12).sum(axis=1)
    p = (1 + (as_low if directed else as_far)) / (1 + count)
    middle = np.array([np.median(row[k]) if k.any() else np.nan for row, k in zip(z_null, known, strict=True)])
    usable = np.isfinite(z) & (count > 0)
    found = {"statistic": z, "null_median": middle, "p_value": np.where(usable, p, np.nan), "draws": count}
    return pd.DataFrame(found, index=table.index).sort_index()


def _title(result: Multiverse, rows: int, draws: int, null: Null | int | Specification) -> str:
    grid = result.grid
    what = f"convergence of {grid.variable}" if grid.focus is None else f"an effect of {grid.focus} on {grid.variable}"
    thing = "growth" if grid.focus is None else "outcomes"
    how = {
        "shuffle": f"{thing} shuffled among regions period by period",
        "histories": f"whole histories of {thing} shuffled among regions",
    }
    said = how[null] if isinstance(null, str) else "a fitted model without it"
    return f"Joint test of {what}: {rows:,} specifications on {draws:,} data sets without it ({said})"


def _notes(estimates: FloatArray, null: Null | int | Specification) -> tuple[str, ...]:
    lost = int(np.isnan(estimates).sum())
    notes = [f"{lost:,} of {estimates.size:,} refits failed and are left out"] if lost else []
    if null == "shuffle":
        notes.append("the null has no dependence between neighbours or over time; a lag model as null keeps the former")
    return tuple(notes)
