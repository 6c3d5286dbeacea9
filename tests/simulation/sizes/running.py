"""Cells drawn in parallel, each written as soon as it is whole, so that what was cut off goes on where it stood."""

from __future__ import annotations

import csv
import os
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from spatialconv import _sizes
from spatialconv.errors import SpatialConvWarning
from tests.simulation.sizes.entry import Cell, Entry, Figures
from tests.simulation.summaries import Share

COLUMNS = ("call", "options", "statistic", "kind", "n", "T", "law", "value", "error", "draws", "asked", "seed")
Row = dict[str, str]


def read(path: Path = _sizes.TABLE) -> list[Row]:
    """Return the rows of the table as they are written."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(rows: Iterable[Row], path: Path) -> None:
    """Write the table, whole or not at all."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    os.replace(part, path)


def ordered(rows: Iterable[Row], entries: Sequence[Entry]) -> list[Row]:
    """Return the rows that entries still have, in their order: entry, size, law, statistic."""
    place = {entry.key: k for k, entry in enumerate(entries)}
    keep = []
    for row in rows:
        entry = next((e for e in entries if e.key == f"{row['call']}[{row['options']}]"), None)
        cell = Cell(int(row["n"]), int(row["T"]), row["law"])
        if entry and row["statistic"] in entry.statistics and cell in entry.cells():
            statistic = list(entry.statistics).index(row["statistic"])
            keep.append(((place[entry.key], statistic, cell.n, cell.T, entry.laws.index(cell.law)), row))
    return [row for _, row in sorted(keep, key=lambda pair: pair[0])]


def merged(paths: Iterable[Path], entries: Sequence[Entry]) -> list[Row]:
    """Return the cells of several tables; of those that two have, the one with more samples, the later if equal."""
    best: dict[tuple[str, ...], Row] = {}
    for path in paths:
        for row in read(path):
            key = tuple(row[name] for name in ("call", "options", "statistic", "n", "T", "law"))
            if key not in best or int(row["asked"]) >= int(best[key]["asked"]):
                best[key] = row
    return ordered(best.values(), entries)


def summarised(entry: Entry, cell: Cell, found: Sequence[Figures], asked: int, seed: int) -> list[Row]:
    """Return a row a statistic."""
    rows = []
    for name, kind in entry.statistics.items():
        values = np.concatenate([figures[name] for figures in found]).astype(float)
        hits = np.where(np.isfinite(values), values <= 0.05 if kind == "size" else values, np.nan)
        share = Share.of(hits, _sizes.NOMINAL[kind])
        cells = (entry.call, entry.options, name, kind, cell.n, cell.T, cell.law, f"{share.value:.4f}",
                 f"{share.error:.4f}", share.draws, asked, seed)  # fmt: skip
        rows.append(dict(zip(COLUMNS, map(str, cells), strict=True)))
    return rows


def block(entry: Entry, cell: Cell, seed: int, number: int, count: int) -> Figures:
    """Draw one block; what the package warns of is counted, not shown."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", SpatialConvWarning)
        return entry.figures(cell, seed, number, count)


def whole(entry: Entry, cell: Cell, rows: Iterable[Row], asked: int, seed: int | None) -> bool:
    """Say whether the table has the cell with so many draws, of this seed if one is given."""
    have = {
        row["statistic"]
        for row in rows
        if f"{row['call']}[{row['options']}]" == entry.key
        and (int(row["n"]), int(row["T"]), row["law"]) == (cell.n, cell.T, cell.law)
        and seed in (None, int(row["seed"]))
        and int(row["asked"]) >= asked
    }
    return have >= set(entry.statistics)


def lacking(entries: Iterable[Entry], rows: Sequence[Row]) -> list[str]:
    """Name the entries that the table has not, or not whole, with how many of their cells it has."""
    found = []
    for entry in entries:
        cells = list(entry.cells())
        there, full = (sum(whole(entry, cell, rows, asked, None) for cell in cells) for asked in (0, entry.draws))
        name = f"{entry.call}{f' ({entry.options})' if entry.options else ''}"
        if there < len(cells):
            found.append(f"{name}: {there} of {len(cells)} cells")
        elif full < len(cells):
            found.append(f"{name}: {len(cells) - full} of {len(cells)} cells with fewer than {entry.draws} samples")
    return found


def run(
    chosen: Sequence[Entry],
    entries: Sequence[Entry],
    *,
    share: float = 1.0,
    seed: int = 1,
    jobs: int = 1,
    path: Path = _sizes.TABLE,
    again: bool = False,
    show: bool = False,
) -> list[Row]:
    """Draw what the table lacks and return it as it then stands.

    A cell is written when all its blocks are there. The figures depend on the seed and the number of draws alone.
    """
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    before = read(path)
    tasks: list[tuple[Entry, Cell, int, int]] = []
    waiting: dict[tuple[str, Cell], int] = {}
    asked = {entry.key: max(2, round(share * entry.draws)) for entry in chosen}
    for entry in chosen:
        for cell in entry.cells():
            if again or not whole(entry, cell, before, asked[entry.key], seed):
                blocks = list(_blocks(entry, asked[entry.key]))
                waiting[entry.key, cell] = len(blocks)
                tasks += [(entry, cell, number, count) for number, count in blocks]
    gathered: dict[tuple[str, Cell], list[Figures]] = defaultdict(list)
    results = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(block)(entry, cell, seed, number, count) for entry, cell, number, count in tasks
    )
    bar = tqdm(tasks, disable=not show, unit="block")
    for (entry, cell, _, _), figures in zip(bar, results, strict=True):
        key = entry.key, cell
        bar.set_description(f"{entry.key} {cell.n} x {cell.T} {cell.law}")
        gathered[key].append(figures)
        if len(gathered[key]) == waiting[key]:
            new = summarised(entry, cell, gathered.pop(key), asked[entry.key], seed)
            # Read again: another run may have written other cells meanwhile.
            kept = [row for row in read(path) if not _same(row, entry, cell)]
            write(ordered([*kept, *new], entries), path)
    return read(path)


def _blocks(entry: Entry, draws: int) -> Iterator[tuple[int, int]]:
    for start in range(0, draws, entry.block):
        yield start // entry.block, min(entry.block, draws - start)


def _same(row: Row, entry: Entry, cell: Cell) -> bool:
    return f"{row['call']}[{row['options']}]" == entry.key and (int(row["n"]), int(row["T"]), row["law"]) == (
        cell.n,
        cell.T,
        cell.law,
    )
