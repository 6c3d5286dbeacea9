"""Bootstrap intervals of measures of inequality: regions resampled as whole histories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._core.resampling import regions
from spatialconv._core.resampling.regions import Interval
from spatialconv._options import choice, count_of, generator, probability
from spatialconv._parallel import checked_jobs
from spatialconv.errors import DataError, OptionError
from spatialconv.panel import FloatArray
from spatialconv.results import TIDY, Provenance, Result, extent, merge_notes, number

Sample = TypeVar("Sample")
IntArray = npt.NDArray[np.intp]
# From counts of shape (B, N) to figures of shape (B, T, K).
Statistic = Callable[[FloatArray], FloatArray]
_CELLS = 400_000  # of an array of a block: bounds the memory, and leaves blocks to share out among jobs
# Regions -> per cent of 1000 simulated lognormal samples (sd of logs 0.5, then 0.4, correlation 0.8) in which nominal
# 95 % intervals cover the Gini coefficient, and its change.
COVERAGE = {
    11: {"bca": (76, 86), "percentile": (66, 91)},
    40: {"bca": (91, 89), "percentile": (87, 92)},
    100: {"bca": (93, 93), "percentile": (91, 95)},
}


def with_histories(sample: Sample | None) -> Sample:
    """Return what the bootstrap resamples, or say why there is nothing.

    Raises
    ------
    OptionError
        If the figures are of the regions that are there in each period.
    """
    if sample is None:
        raise OptionError(
            "the bootstrap draws regions with their whole history; with missing='omit' some have none. Fill or "
            "balance the panel first (panel.fill, panel.balance)."
        )
    return sample


@dataclass(frozen=True, eq=False, repr=False)
class BootstrapIntervals(Result):
    """Bootstrap intervals of figures by period and of their change from the first period to the last.

    Attributes
    ----------
    what : str
    table : DataFrame
        One row a (figure, period): estimate, bias (mean of the draws less the estimate), std_error, conf_low,
        conf_high.
    changes : DataFrame
        One row a figure: the same for its change, last period less first; empty for a single period.
    method : {"bca", "percentile"}
    level : float
    draws : int
    periods : Index
    """

    what: str
    table: pd.DataFrame
    changes: pd.DataFrame
    method: Interval
    level: float
    draws: int
    periods: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a figure and period, then one a change."""
        rows = self.table.reset_index()
        rows.insert(0, "term", rows["measure"] + " (" + rows["period"].astype(str) + ")")
        changes = self.changes.reset_index()
        changes.insert(0, "term", "change of " + changes["measure"].astype(str))
        tidy = pd.concat([rows, changes], ignore_index=True) if len(changes) else rows
        return tidy.assign(statistic=np.nan, p_value=np.nan)[list(TIDY)]

    def glance(self) -> pd.DataFrame:
        """Return one row: what was resampled, how often, and which interval was taken."""
        row = {
            "what": self.what,
            "n_regions": self.provenance.n_regions,
            "n_periods": len(self.periods),
            "draws": self.draws,
            "method": self.method,
            "level": self.level,
            "seed": self.provenance.seed,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        words = {"bca": "bias-corrected and accelerated", "percentile": "percentile"}[self.method]
        lines = [
            f"Bootstrap of {self.what}: {extent(self.provenance.n_regions, len(self.periods))}",
            f"  {self.draws:,} draws of regions as whole histories; {100 * self.level:g} % {words} intervals",
        ]
        for name in list(dict.fromkeys(self.table.index.get_level_values("measure")))[:4]:
            ends = [self.table.loc[(name, period)] for period in dict.fromkeys((self.periods[0], self.periods[-1]))]
            said = [f"{_interval(row)} ({row.name[1]})" for row in ends]
            if len(self.changes):
                said.append(f"change {_interval(self.changes.loc[name])}")
            lines.append(f"  {name}: {', '.join(said)}")
        return lines


def _interval(row: pd.Series) -> str:
    return f"{number(row['estimate'])} [{number(row['conf_low'])}, {number(row['conf_high'])}]"


def bootstrap(
    statistic: Statistic,
    names: Sequence[str],
    strata: IntArray,
    *,
    what: str,
    call: str,
    periods: pd.Index,
    draws: int,
    method: Interval,
    level: float,
    seed: int | np.random.Generator | None,
    jobs: int,
    progress: bool,
    width: int = 1,
    coverage: bool = True,
    notes: tuple[str, ...] = (),
) -> BootstrapIntervals:
    """Resample, evaluate and summarise; figures are the same for a seed whatever the number of jobs.

    `width` is how many arrays of the size of the sample the statistic makes of each draw; `coverage` notes what the
    intervals of measures of dispersion cover where there are few regions.
    """
    draws = count_of("draws", draws, least=2)
    choice("method", method, Interval)
    probability("level", level)
    checked_jobs(jobs)
    rng, used = generator(seed)
    if len(strata) < 3:
        raise DataError(f"a bootstrap needs three regions or more; the panel has {len(strata)}.")
    if not (np.bincount(strata) > 1).any():
        raise DataError("every group has one region only, so that nothing can be resampled within groups.")
    estimate = _with_change(statistic(np.ones((1, len(strata)))))[0]
    size = max(1, _CELLS // (len(strata) * len(periods) * width))
    drawn = _drawn(statistic, strata, size, draws, rng, jobs, progress)
    if method == "percentile":
        limits = _percentile(drawn, level)
    else:
        limits = _bca(statistic, strata, drawn, estimate, level, size, jobs)
    columns = {
        "estimate": estimate,
        "bias": _over_known(np.mean, drawn) - estimate,
        "std_error": _over_known(lambda column: np.std(column, ddof=1) if len(column) > 1 else np.nan, drawn),
        "conf_low": limits.low,
        "conf_high": limits.high,
    }
    k = len(names)
    flat = pd.DataFrame(columns)
    by_period = flat.iloc[: k * len(periods)].set_index(
        pd.MultiIndex.from_product([periods, list(names)], names=["period", "measure"])
    )
    index = pd.MultiIndex.from_product([list(names), periods], names=["measure", "period"])
    changes = (
        flat.iloc[k * len(periods) :].set_index(pd.Index(list(names), name="measure"))
        if len(periods) > 1
        else (flat.iloc[:0].rename_axis("measure"))
    )
    return BootstrapIntervals(
        what=what,
        table=by_period.swaplevel().reindex(index),
        changes=changes,
        method=method,
        level=level,
        draws=draws,
        periods=periods,
        notes=merge_notes(notes, _notes(strata, drawn, flat, method, coverage)),
        provenance=Provenance(
            call, {"draws": draws, "method": method, "level": level}, len(strata), len(periods), None, used
        ),
    )


def _drawn(
    statistic: Statistic, strata: IntArray, size: int, draws: int, rng: np.random.Generator, jobs: int, progress: bool
) -> FloatArray:
    from joblib import Parallel, delayed

    sizes = [min(size, draws - start) for start in range(0, draws, size)]
    # Blocks and their seeds hang on the data alone, never on the number of jobs.
    work = list(zip(sizes, rng.spawn(len(sizes)), strict=True))
    shown = _watched(work) if progress and len(work) >= 8 else work
    parts = Parallel(n_jobs=jobs)(delayed(_block)(statistic, strata, rows, own) for rows, own in shown)
    return np.concatenate(parts)


def _watched(work: Sequence[Any]) -> Iterable[Any]:
    from tqdm.auto import tqdm

    bar: Iterable[Any] = tqdm(work, desc="bootstrap", unit="block", leave=False)
    return bar


def _block(statistic: Statistic, strata: IntArray, rows: int, rng: np.random.Generator) -> FloatArray:
    return _evaluated(statistic, regions.draw_counts(strata, rows, rng))


def _evaluated(statistic: Statistic, counts: FloatArray) -> FloatArray:
    return _with_change(statistic(counts))


def _over_known(function: Callable[[FloatArray], Any], drawn: FloatArray) -> FloatArray:
    """Apply a function to the finite draws of each figure; NaN where there are none."""
    known = [column[np.isfinite(column)] for column in drawn.T]
    return np.array([function(column) if len(column) else np.nan for column in known])


def _percentile(drawn: FloatArray, level: float) -> regions.Limits:
    """Return percentile intervals, each of the draws in which its figure is defined."""
    known = [column[np.isfinite(column)] for column in drawn.T]
    ends = [regions.percentile(column[:, None], level) if len(column) else None for column in known]
    low, high = ([np.nan if end is None else float(end[side][0]) for end in ends] for side in (0, 1))
    return regions.Limits(np.array(low), np.array(high))


def _with_change(figures: FloatArray) -> FloatArray:
    """Return (B, T, K) as (B, T K), followed by last less first where there are several periods."""
    flat = figures.reshape(len(figures), -1)
    return np.concatenate([flat, figures[:, -1] - figures[:, 0]], axis=1) if figures.shape[1] > 1 else flat


def _bca(
    statistic: Statistic,
    strata: IntArray,
    drawn: FloatArray,
    estimate: FloatArray,
    level: float,
    size: int,
    jobs: int,
) -> regions.Limits:
    from joblib import Parallel, delayed

    counts, able = regions.jackknife_counts(strata)
    blocks = [counts[start : start + size] for start in range(0, len(counts), size)]
    parts = Parallel(n_jobs=jobs)(delayed(_evaluated)(statistic, block) for block in blocks)
    sizes = np.bincount(strata)[strata][able]
    a = regions.acceleration(estimate, np.concatenate(parts), sizes)
    return regions.bca(drawn, estimate, a, level)


def _notes(
    strata: IntArray, drawn: FloatArray, flat: pd.DataFrame, method: Interval, coverage: bool
) -> tuple[str, ...]:
    notes = []
    sizes = np.bincount(strata)
    if len(sizes) > 1:
        notes.append("regions are drawn within their groups, so that each group keeps its size")
        if (sizes == 1).any():
            notes.append(f"groups of one region, which add no variation: {int((sizes == 1).sum())}")
    small = int(sizes[sizes > 1].min())
    if small < 100 and coverage:
        nearest = min(COVERAGE, key=lambda n: abs(np.log(n / small)))
        own, change = COVERAGE[nearest][method]
        where = " in the smallest group resampled" if len(sizes) > 1 else ""
        notes.append(
            f"{small} regions{where} are few for a bootstrap: in simulated samples of {nearest} lognormal regions "
            f"nominal 95 % intervals of this kind cover the Gini coefficient in {own} % and its change in {change} %"
        )
    lost = ~np.isfinite(drawn)
    if lost.any():
        notes.append(
            f"up to {int(lost.sum(axis=0).max()):,} of {len(drawn):,} draws leave a figure undefined; its interval is "
            "that of the others"
        )
    if method == "bca" and flat["conf_low"].isna().any():
        notes.append(
            "BCa limits are undefined where all draws lie on one side of the estimate; take method='percentile'"
        )
    return tuple(notes)


def counted(shares: FloatArray, counts: FloatArray) -> FloatArray:
    """Return population shares (B, T, N) of regions of shares (T, N) drawn so often, each period summing to one."""
    weights: Any = shares[None] * counts[:, None, :]
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))
