"""How surely do regions belong together? Clubs of resampled data, and over a grid of settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._core.clubs.agreement import adjusted_rand, co_membership, singled_out
from spatialconv._core.clubs.hodrick_prescott import trend
from spatialconv._options import choice, count_of, generator, positive, probability, whole
from spatialconv._parallel import run
from spatialconv.convergence.clubs.data import Series, treatment
from spatialconv.convergence.clubs.options import Convention, Options, options
from spatialconv.convergence.clubs.search import search
from spatialconv.errors import DataError, OptionError
from spatialconv.panel import FloatArray
from spatialconv.results import Provenance, Result, merge_notes, number

Scheme = Literal["blocks", "regions"]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]

GRID: dict[str, tuple[Any, ...]] = {
    "trim": (0.25, 0.3, 1 / 3),
    "c_star": (0.0, 0.5, 1.0),
    "hac": ("fqsb", "aqsb"),
    "sort_share": (0.0, 1 / 3),
}


@dataclass(frozen=True, eq=False, repr=False)
class ClubStability(Result):
    """Clubs found again and again, and how far they agree with those found first.

    Attributes
    ----------
    table : DataFrame
        One row a draw or setting: the settings, `n_clubs`, `n_divergent`, and `adjusted_rand`, the adjusted Rand index
        with the partition in question (1 the same, 0 as by chance; divergent regions count as clubs of one).
    regions : DataFrame
        One row a region: its `club`, `together`, the share of draws in which it is with another member of that club
        on average over these members (missing for a club of one and for divergent regions), `nearest`, the other
        club with whose members it is most often, and `with_nearest`, how often; `divergent`, the share of draws in
        which it belongs to no club.
    co_membership : DataFrame
        Share of draws in which two regions are in one club, of those draws that have both.
    memberships : DataFrame
        Club of each region in each draw or setting, numbered from the top; 0 diverges, missing was not drawn.
    resampled : str
        What was drawn anew.
    """

    what: str
    resampled: str
    table: pd.DataFrame
    regions: pd.DataFrame
    co_membership: pd.DataFrame
    memberships: pd.DataFrame
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a region, with its club and how surely it belongs there."""
        return self.regions.reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: runs, mean agreement, number of clubs."""
        table = self.table
        row = {
            "runs": len(table),
            "adjusted_rand_mean": table["adjusted_rand"].mean(),
            "adjusted_rand_min": table["adjusted_rand"].min(),
            "n_clubs_median": table["n_clubs"].median(),
            "n_clubs_min": table["n_clubs"].min(),
            "n_clubs_max": table["n_clubs"].max(),
            "n_below_half": int((self.regions["together"] < 0.5).sum()),
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        glance = self.glance().iloc[0]
        rand = self.table["adjusted_rand"]
        loose = self.regions["together"].dropna().sort_values(kind="stable").head(3)
        return [
            f"Stability of clubs, {self.what}: {len(self.table):,} runs",
            f"  {self.resampled}",
            f"  adjusted Rand index: mean {number(rand.mean(), 3)}, from {number(rand.min(), 3)} to "
            f"{number(rand.max(), 3)}; the same partition in {int((rand > 1 - 1e-9).sum())}",
            f"  clubs: {glance['n_clubs_min']:g} to {glance['n_clubs_max']:g}, median {glance['n_clubs_median']:g}",
            "  least sure: " + (", ".join(f"{k} ({v:.2f})" for k, v in loose.items()) or "no club has two members"),
        ]


# ---------------------------------------------------------------------- bootstrap


def bootstrap(
    data: Series,
    chosen: Options,
    convention: Convention,
    sort_share: float,
    club: pd.Series,
    draws: int,
    *,
    scheme: Scheme,
    cycle: float,
    block: int | None,
    share: float,
    seed: int | np.random.Generator | None,
    jobs: int,
    progress: bool,
) -> ClubStability:
    """Resample and search again; see `ClubPartition.bootstrap`."""
    choice("scheme", scheme, Scheme)
    count_of("draws", draws, least=1)
    positive("cycle", cycle)
    probability("share", share)
    T, n = data.raw.shape
    length = int(np.ceil(T ** (1 / 3))) if block is None else whole("block", block, least=1)
    if length > T:
        raise OptionError(f"block must be at most the number of periods, {T}; got {length}.")
    size = int(np.ceil(share * n))
    if scheme == "regions" and not 2 <= size < n:
        raise DataError(f"a share of {share:g} of {n:,} regions draws {size}; two or more, but not all, are needed.")
    rng, seed = generator(seed)
    tasks = [
        (
            _Draw(data, cycle, length) if scheme == "blocks" else _Draw(data, None, size),
            chosen,
            convention,
            sort_share,
            r,
        )
        for r in rng.spawn(draws)
    ]
    found = run(_drawn, tasks, jobs=jobs, what="bootstrap", show=progress)
    said = (
        f"resampled: deviations from the Hodrick-Prescott trend (lambda {cycle:g}), in blocks of {length} periods, the "
        "same for all regions"
        if scheme == "blocks"
        else f"resampled: {size} of {n:,} regions at a time, without replacement"
    )
    given = {"draws": draws, "scheme": scheme, "cycle": cycle, "block": length, "share": share}
    index = pd.RangeIndex(1, draws + 1, name="draw")
    return collect(data, club, pd.DataFrame(index=index), found, said, Provenance("bootstrap", given, n, T, seed=seed))


@dataclass(frozen=True, eq=False)
class _Draw:
    """What a draw needs: the series, the lambda of the trend (None draws regions), and the length of blocks or size."""

    data: Series
    cycle: float | None
    length: int


def _drawn(
    draw: _Draw, chosen: Options, convention: Convention, sort_share: float, rng: np.random.Generator
) -> IntArray:
    """Return the clubs of one sample, from 0; -1 diverges and -2 was not drawn."""
    data = draw.data
    n = data.raw.shape[1]
    if draw.cycle is None:
        places = np.sort(rng.choice(n, draw.length, replace=False))
        part = replace(data, values=data.values[:, places], raw=data.raw[:, places], regions=data.regions[places])
        out = np.full(n, -2, dtype=np.intp)
        out[places] = search(part, chosen, convention, sort_share).labels()
        return out
    path = trend(data.raw, draw.cycle)
    raw = path + (data.raw - path)[moving_blocks(len(path), draw.length, rng)]
    values = raw if data.smooth is None else trend(raw, data.smooth)
    return search(replace(data, values=values, raw=raw), chosen, convention, sort_share).labels()


def moving_blocks(periods: int, length: int, rng: np.random.Generator) -> IntArray:
    """Return places in time, in blocks of `length` that begin anywhere (Kuensch 1989), cut to the number of periods."""
    count = -(-periods // length)
    starts = rng.integers(0, periods - length + 1, size=count)
    return np.asarray((starts[:, None] + np.arange(length)).ravel()[:periods])


# ---------------------------------------------------------------------- grid of settings


def sensitivity(
    data: Series,
    chosen: Options,
    convention: Convention,
    sort_share: float,
    club: pd.Series,
    grid: Mapping[str, Iterable[Any] | None],
    *,
    jobs: int,
    progress: bool,
) -> ClubStability:
    """Search again with every combination of settings; see `ClubPartition.sensitivity`."""
    axes = {name: _axis(name, values) for name, values in grid.items() if values is not None} or dict(GRID)
    combinations = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    smoothed = {lam: _smoothed(data, lam) for lam in axes.get("smooth", (data.smooth,))}
    tasks = []
    for given in combinations:
        rules = {k: v for k, v in given.items() if k not in ("smooth", "sort_share")}
        setting = options(convention, **{**vars(chosen), **rules})
        setting.design(len(data.values))
        tasks.append(
            (smoothed[given.get("smooth", data.smooth)], setting, convention, given.get("sort_share", sort_share))
        )
    found = run(_setting, tasks, jobs=jobs, what="settings", show=progress)
    frame = pd.DataFrame(combinations, index=pd.RangeIndex(1, len(tasks) + 1, name="setting"))
    if "smooth" in frame:
        frame["smooth"] = [
            treatment(lam) for lam in frame["smooth"].astype(object).where(frame["smooth"].notna(), None)
        ]
    said = "settings: " + "; ".join(f"{name} {', '.join(_word(v) for v in values)}" for name, values in axes.items())
    given = {name: list(values) for name, values in axes.items()}
    return collect(data, club, frame, found, said, Provenance("sensitivity", given, *reversed(data.values.shape)))


def _axis(name: str, values: Any) -> tuple[Any, ...]:
    single = isinstance(values, str) or not isinstance(values, Iterable)
    found = (values,) if single else tuple(values)
    if not found:
        raise OptionError(f"{name} must list one value or more; it is empty.")
    return found


def _word(value: Any) -> str:
    return "none" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def _smoothed(data: Series, lam: float | None) -> Series:
    if lam is not None:
        positive("smooth", lam)
    return replace(data, values=data.raw if lam is None else trend(data.raw, lam), smooth=lam)


def _setting(data: Series, chosen: Options, convention: Convention, sort_share: float) -> IntArray:
    return search(data, chosen, convention, sort_share).labels()


# ---------------------------------------------------------------------- shared


def collect(
    data: Series, club: pd.Series, frame: pd.DataFrame, found: list[IntArray], said: str, provenance: Provenance
) -> ClubStability:
    """Compare the partitions found (from 0; -1 diverges, -2 was not drawn) with the one in question."""
    labels = np.stack(found)
    base = club.reindex(data.regions).fillna(0).to_numpy(dtype=np.intp) - 1
    present = labels > -2
    table = frame.assign(
        n_clubs=labels.max(axis=1) + 1,
        n_divergent=(labels == -1).sum(axis=1),
        adjusted_rand=[
            adjusted_rand(singled_out(row[here]), singled_out(base[here]))
            for row, here in zip(labels, present, strict=True)
        ],
    )
    share = co_membership(labels, present)
    order = data.regions.get_indexer(club.index)
    memberships = pd.DataFrame(labels.T + 1, index=data.regions, columns=frame.index).astype("Int64")
    memberships = memberships.mask(~present.T)
    return ClubStability(
        what=data.what,
        resampled=said,
        table=table,
        regions=_by_region(base, share, labels, data.regions).iloc[order],
        co_membership=pd.DataFrame(share, index=data.regions, columns=data.regions).iloc[order, order],
        memberships=memberships.iloc[order],
        notes=merge_notes(data.notes),
        provenance=provenance,
    )


def _by_region(base: IntArray, share: FloatArray, labels: IntArray, regions: pd.Index) -> pd.DataFrame:
    clubs = int(base.max(initial=-1)) + 1
    inside = np.eye(clubs)[base] * (base >= 0)[:, None] if clubs else np.zeros((len(base), 0))
    known = np.nan_to_num(share)
    np.fill_diagonal(known, 0.0)
    counted = ~np.isnan(share)
    np.fill_diagonal(counted, False)
    size = counted.astype(float) @ inside
    mean = np.divide(known @ inside, size, out=np.full(size.shape, np.nan), where=size > 0)
    own = np.full(len(base), np.nan)
    member = base >= 0
    own[member] = mean[member, base[member]]
    others = np.where(inside > 0, -1.0, np.nan_to_num(mean, nan=-1.0))
    some = others.max(axis=1, initial=-1.0) > 0
    nearest = others.argmax(axis=1) + 1 if clubs else np.zeros(len(base), dtype=int)
    drawn = (labels > -2).sum(axis=0)
    return pd.DataFrame(
        {
            "club": pd.array(np.where(member, base + 1, 0), dtype="Int64"),
            "together": own,
            "nearest": pd.array(np.where(some, nearest, 0), dtype="Int64"),
            "with_nearest": np.where(some, others.max(axis=1, initial=-1.0), np.nan),
            "divergent": np.divide((labels == -1).sum(axis=0), drawn, out=np.full(len(base), np.nan), where=drawn > 0),
        },
        index=regions,
    ).assign(club=lambda d: d["club"].mask(d["club"] == 0), nearest=lambda d: d["nearest"].mask(d["nearest"] == 0))
