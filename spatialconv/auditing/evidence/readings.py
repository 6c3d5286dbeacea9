"""The one reading of a table: brackets, sides, levels of stars, and one number of degrees of freedom a column.

A cell alone can be explained by almost anything; a table has one note. A reading is granted if it explains the whole
table. What a table does not say is read as most tables mean it (two sides; 10, 5 and 1 per cent), unless several cells
speak for another reading and hardly any against it; what was chosen is stated. Where no one number of degrees of
freedom explains a column, the ratios are held against the normal: no reading is taken because it hides more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import special

from spatialconv._descriptions.vocabulary import Bracket
from spatialconv.auditing.description.figures import INFINITY
from spatialconv.auditing.description.reported import STARS, Regression, Reported
from spatialconv.auditing.evidence.cells import Brackets, Evidence, cell_evidence, marked
from spatialconv.auditing.evidence.law import Law, stars_range, words_of_levels
from spatialconv.auditing.evidence.once import once

_LEVELS: tuple[Mapping[int, float], ...] = (
    STARS,
    {1: 0.05, 2: 0.01, 3: 0.001},
    {1: 0.01, 2: 0.05, 3: 0.10},
    {1: 0.05, 2: 0.01},
)
_GRID = np.array([*range(1, 61), *range(65, 150, 5), *range(160, 400, 20), 450, 500, 700, 1000, 2000, INFINITY])
# A p of three digits tells one number of degrees of freedom from the next.
_FINE = np.array([*range(1, 600), *range(600, 2000, 4), *np.geomspace(2000, 100_000, 200).round(), INFINITY])
_SLACK = 1e-9
_KINDS: tuple[Bracket, ...] = ("se", "t", "p")
# Fewer than two cells that speak for an uncommon reading may be slips.
_SUPPORT = 2
_WORDS = {"se": "standard errors", "t": "t (or z)", "z": "z", "p": "p-values"}


@dataclass(frozen=True)
class Reading:
    """How a table is read, and what of that it does not say itself."""

    brackets: Brackets
    sides: int
    levels: Mapping[int, float]
    laws: tuple[Law, ...]
    said: tuple[str, ...] = ()

    def evidence(self, table: Regression, row: str, column: int) -> Evidence | None:
        """Collect what a cell prints, as it is read here."""
        held = cell_evidence(table, row, column, self.laws[column], self.brackets)
        return replace(held, levels=self.levels) if held is not None else None


@dataclass(frozen=True)
class _Choice:
    brackets: Brackets
    sides: int
    levels: Mapping[int, float]


def reading_of(reported: Reported, table: Regression) -> Reading:
    """Return the one reading of a table."""
    regions = []
    for k in range(len(table.columns)):
        printed = table.statistic("regions", k)
        sample = reported.sample(table.samples[k]) if table.samples and table.samples[k] else None
        regions.append(printed.value if printed else float(sample.regions) if sample and sample.regions else 0.0)
    return _reading(table, tuple(regions))


@once
def _reading(table: Regression, regions: tuple[float, ...]) -> Reading:
    allowed = [_allowed(table, k, regions[k]) for k in range(len(table.columns))]
    choices = list(_choices(table))
    every = [_fits(table, choice, allowed) for choice in choices]
    chosen, said = _best(table, choices, every)
    fits = every[choices.index(chosen)] if chosen in choices else _fits(table, chosen, allowed)
    laws, about = _laws(table, chosen, fits, allowed, any(regions))
    return Reading(chosen.brackets, chosen.sides, chosen.levels, laws, (*said, *about))


# ---------------------------------------------------------------------- what is possible


def _allowed(table: Regression, k: int, regions: float) -> np.ndarray[Any, Any]:
    """Return the degrees of freedom that a column can have; infinitely many are the normal."""
    if table.distribution == "normal" or "z" in (table.round, table.square):
        return np.array([INFINITY])
    df = table.statistic("df", k)
    if df is not None and df.value > 0:
        return np.array([df.value])
    n = table.statistic("n", k)
    terms = sum(1 for cells in table.coefficients.values() if cells[k] is not None)
    below = table.statistic("f_df2", k)
    # Stata's and R's F of clustered errors has the groups less one below, as t has.
    extra = [below.value] if below is not None and below.value > 0 else []
    if n is None or n.value < 2:
        least, most = (max(1.0, regions - 1) if regions > 1 else 5.0), 2000.0
    else:
        # Rows that are not estimated beside the others (rho, sigma2) may be printed among them.
        most = max(1.0, n.value - max(1, terms - 2))
        least = fewest(n.value, terms, regions)
    grid = _FINE if _precise(table, k) else _GRID
    held = grid[(least <= grid) & (most >= grid)]
    ends = [d for d in (least, most, *extra) if math.isfinite(d)]
    return np.unique(np.array([*held, *ends, INFINITY]))


def _precise(table: Regression, k: int) -> bool:
    """Return whether a column prints a ratio or an error beside what may be p to three digits or more, as R does."""
    printed = [c for cells in table.coefficients.values() if (c := cells[k]) is not None]
    both = [c for c in printed if c.round is not None and c.square is not None]
    inside = [c.round for c in both if table.round in (None, "p")]
    inside += [c.square for c in both if table.square in (None, "p")]
    return any(f is not None and 0 < f.value < 1 and f.unit <= 0.01 * f.value for f in inside)


def fewest(n: float, terms: int, regions: float) -> float:
    """Return the fewest degrees of freedom that N observations leave: clusters are regions, or no fewer than these.

    Effects of regions and periods may have been estimated beside the terms, and errors clustered: where regions are
    printed their number less one is the least. Where they are not, a panel has no more than thirty periods a region.
    """
    free = max(1.0, n - terms - 1)
    if regions > 1:
        return max(1.0, min(regions - 1, free))
    return max(1.0, min(free, 25.0, max(n / 30, min(n / 4, 8.0))))


def _choices(table: Regression) -> Iterator[_Choice]:
    levels = (table.stars,) if table.levels_said or not marked(table) else _LEVELS
    sides = {"two": (2,), "one": (1,)}.get(table.sided, (2, 1))
    for brackets in _brackets(table):
        for s in sides:
            for chosen in levels:
                most = max((c.stars for cells in table.coefficients.values() for c in cells if c), default=0)
                if chosen is levels[0] or most <= max(chosen):
                    yield _Choice(brackets, s, chosen)


def _brackets(table: Regression) -> Iterator[Brackets]:
    """Go through what may stand in brackets; through all of it where some cell speaks against each."""
    cells = [c for held in table.coefficients.values() for c in held if c]
    every = list(_kinds(table, cells))
    able = [
        (r, s)
        for r, s in every
        if (table.round is not None or _possible(r, [(c.main.value, c.round.value) for c in cells if c.round]))
        and (table.square is not None or _possible(s, [(c.main.value, c.square.value) for c in cells if c.square]))
    ]
    for r, s in able or every:
        yield Brackets(r, s, unsigned=_unsigned(r, s, cells))


def _kinds(table: Regression, cells: list[Any]) -> Iterator[tuple[Bracket | None, Bracket | None]]:
    open_round = table.round is None and any(c.round for c in cells)
    open_square = table.square is None and any(c.square for c in cells)
    for r in _KINDS if open_round else (table.round,):
        for s in _KINDS if open_square else (table.square,):
            if not ((open_round or open_square) and r == s and r is not None):
                yield r, s


def _possible(kind: str | None, pairs: list[tuple[float, float]]) -> bool:
    """Return whether what stands in brackets can be of a kind at all; one slip in ten is no proof."""
    few = max(len(pairs) // 10, int(len(pairs) >= _SUPPORT + 2))
    if kind == "se":
        return sum(b < 0 for _, b in pairs) <= few
    if kind == "p":
        return sum(not 0 <= b <= 1 for _, b in pairs) <= few
    opposed = sum(a * b < 0 for a, b in pairs)
    return opposed <= few or all(b >= 0 for _, b in pairs)


def _unsigned(round_: str | None, square: str | None, cells: list[Any]) -> bool:
    """Return whether ratios are printed without their sign, as some programs do."""
    pairs = [
        (c.main.value, b.value)
        for c in cells
        for kind, b in ((round_, c.round), (square, c.square))
        if b and kind in ("t", "z")
    ]
    return sum(a < 0 for a, _ in pairs) >= _SUPPORT and all(b >= 0 for _, b in pairs)


# ---------------------------------------------------------------------- what fits


@dataclass(frozen=True)
class _Fits:
    """By column: the cells that speak, and whether each fits under each number of degrees of freedom."""

    columns: tuple[np.ndarray[Any, Any], ...]
    names: tuple[tuple[str, ...], ...]

    def failed(self) -> int:
        """Return how many cells no one number of degrees a column explains."""
        return sum(int((~held).sum(axis=0).min()) if held.size else 0 for held in self.columns)


def _fits(table: Regression, choice: _Choice, allowed: list[np.ndarray[Any, Any]]) -> _Fits:
    columns, names = [], []
    for k, grid in enumerate(allowed):
        rows = [
            (row, e)
            for row in table.coefficients
            if (e := cell_evidence(table, row, k, Law(choice.sides), choice.brackets)) is not None
        ]
        held = [(row, _cell_fits(replace(e, levels=choice.levels), choice.sides, grid)) for row, e in rows]
        told = [(row, fit) for row, fit in held if fit is not None]
        columns.append(np.array([fit for _, fit in told]).reshape(len(told), len(grid)))
        names.append(tuple(row for row, _ in told))
    return _Fits(tuple(columns), tuple(names))


def _cell_fits(e: Evidence, sides: int, grid: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    """Return whether stars and p of a cell fit its ratio, by degrees of freedom; None if nothing can be said."""
    sizes = list(e.sizes().values())
    said = None if e.stars is None else stars_range(e.stars, e.levels)
    found, told = np.ones(len(grid), dtype=bool), False
    if (e.error is not None and e.error.range.high <= 0) or _opposed(e):
        return np.zeros(len(grid), dtype=bool)
    if e.p is not None and not 0 <= e.p.value <= 1:
        return np.zeros(len(grid), dtype=bool)
    if said is not None and e.p is not None:
        told = True
        found &= said.meets(e.p.range)
    for size in sizes:
        low, high = tails(size.high, sides, grid), tails(size.low, sides, grid)
        low, high = low * (1 - _SLACK), high * (1 + _SLACK)
        if said is not None:
            told = True
            found &= (low <= said.high) & (said.low <= high)
        if e.p is not None:
            told = True
            fits = (low <= e.p.range.high) & (e.p.range.low <= high)
            if sides == 1:
                fits |= (1 - high <= e.p.range.high) & (e.p.range.low <= 1 - low)
            found &= fits
    return found if told else None


def _opposed(e: Evidence) -> bool:
    """Return whether an estimate and its ratio have opposite signs."""
    if e.estimate is None or e.ratio is None or e.unsigned:
        return False
    b, z = e.estimate.range, e.ratio.range
    return (b.low > 0 and z.high < 0) or (b.high < 0 and z.low > 0)


def tails(z: float, sides: int, grid: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the tail probabilities of a ratio, by degrees of freedom."""
    if math.isinf(z):
        return np.zeros(len(grid))
    found: np.ndarray[Any, Any] = special.stdtr(np.where(np.isfinite(grid), grid, 1.0), -z)
    return sides * np.where(np.isfinite(grid), found, special.ndtr(-z))


# ---------------------------------------------------------------------- what is chosen


def _best(table: Regression, choices: list[_Choice], every: list[_Fits]) -> tuple[_Choice, list[str]]:
    """Choose brackets first, as these have no usual meaning, then sides and levels, which have."""
    failed = [fits.failed() for fits in every]
    kinds = list(dict.fromkeys(c.brackets for c in choices))
    said: list[str] = []
    brackets = kinds[0] if kinds else Brackets()
    if not choices:
        return _Choice(Brackets(), 2, table.stars), [f"{table.name}: what stands in brackets can be read in no way"]
    if len(kinds) > 1:
        best = {kind: min(f for f, c in zip(failed, choices, strict=True) if c.brackets == kind) for kind in kinds}
        order = sorted(kinds, key=lambda kind: best[kind])
        tied = best[order[0]] == best[order[1]] or (best[order[0]] > 0 and 2 * best[order[0]] > best[order[1]])
        filled = sum(1 for held in table.coefficients.values() for c in held if c and (c.round or c.square))
        # Where every way of reading is contradicted by some cell, one of them is wrong in any way: by one, or few.
        wrong = best[order[0]] == 1 or 0 < 4 * best[order[0]] <= filled
        if tied and not wrong:
            like = " and ".join(_named(kind) for kind in order if best[kind] == best[order[0]])
            said.append(
                f"{table.name}: what stands in brackets is not said, and the stars do not tell {like} apart: say it, "
                'such as round = "se"; until then nothing is held against it'
            )
            brackets = Brackets(table.round, table.square)
            return _Choice(brackets, choices[0].sides, choices[0].levels), said
        brackets = order[0]
        counted = f"{best[brackets]} cells against it, {best[order[1]]} against {_named(order[1])}"
        said.append(
            f"{table.name}: what stands in brackets is not said, and every reading has cells against it; held against "
            f"{_named(brackets)} ({counted})"
            if tied
            else f"{table.name}: {_named(brackets)} in brackets, as the stars tell ({counted})"
        )
    elif table.round is None and brackets.round:
        said.append(f"{table.name}: {_named(brackets)} in brackets; nothing else is possible")
    held = [(c, f) for c, f in zip(choices, failed, strict=True) if c.brackets == brackets]
    usual, usually = held[0]
    other, rarely = min(held, key=lambda pair: pair[1])
    # A printed p that is that of the other reading is no slip; stars alone may be one.
    exact = "p" in (brackets.round, brackets.square) and {brackets.round, brackets.square} & {"t", "z", "se"}
    if asked_for(usually, rarely, exact=bool(exact)):
        said += _differs(table, usual, other, usually, rarely)
        return other, said
    return usual, said


def asked_for(usual: int, other: int, *, exact: bool) -> bool:
    """Return whether so many cells against the usual reading ask for another, which so many speak against."""
    return (exact and usual > 0 and not other) or (usual - other >= _SUPPORT and 3 * other <= usual)


def _named(brackets: Brackets) -> str:
    return ", ".join(_WORDS[kind] for kind in (brackets.round, brackets.square) if kind) or "nothing"


def _differs(table: Regression, usual: _Choice, other: _Choice, usually: int, rarely: int) -> list[str]:
    words = []
    if other.sides != usual.sides:
        words.append(f"tests of {'one side' if other.sides == 1 else 'two sides'}")
    if other.levels != usual.levels:
        words.append(f"stars for {words_of_levels(other.levels)}")
    counted = f"{rarely} cells against it, {usually} against the usual reading"
    return [f"{table.name}: read as {' and '.join(words)}, which is not said ({counted})"]


def _laws(
    table: Regression, choice: _Choice, fits: _Fits, allowed: list[np.ndarray[Any, Any]], known: bool
) -> tuple[tuple[Law, ...], list[str]]:
    """Return the law of each column; where no number of degrees explains one and nothing bounds them, the normal."""
    sets = [grid[held.all(axis=0)] if held.size else grid for grid, held in zip(allowed, fits.columns, strict=True)]
    impossible = [k for k, found in enumerate(sets) if not found.size]
    open_ = [k for k, grid in enumerate(allowed) if len(grid) > 1]
    bounded = known or any(f is not None for f in table.statistics.get("n", ()))
    if impossible and not bounded and open_:
        laws = tuple(Law(choice.sides) if k in open_ else _law(choice, allowed[k]) for k in range(len(allowed)))
        names = ", ".join(table.columns[k] for k in impossible)
        return laws, [
            f"{table.name}: no one number of degrees of freedom explains the stars of {names}, and none is printed, "
            "nor N: every ratio is held against the normal"
        ]
    laws_, said = [], []
    for k, (grid, found, held) in enumerate(zip(allowed, sets, fits.columns, strict=True)):
        if found.size:
            laws_.append(_law(choice, found))
            if len(grid) > 1 and found[-1] != INFINITY:
                said.append(f"{table.name}, {table.columns[k]}: read as {laws_[-1].words()}, which fits all its cells")
            continue
        laws_.append(Law(choice.sides, *2 * (_least_bad(grid, held),)))
        if len(grid) > 1:
            said.append(
                f"{table.name}, {table.columns[k]}: no one number of degrees of freedom explains all cells; "
                f"held against {laws_[-1].words()}"
            )
    return tuple(laws_), said


def _law(choice: _Choice, found: np.ndarray[Any, Any]) -> Law:
    return Law(choice.sides, float(found[0]), float(found[-1]))


def _least_bad(grid: np.ndarray[Any, Any], held: np.ndarray[Any, Any]) -> float:
    """Return the degrees of freedom of a column that none explains: as many as there may be, unless few explain more.

    A small number explains what it explains only if several cells ask for it.
    """
    failed = (~held).sum(axis=0)
    large = int(np.argmin(failed[-2:])) + max(0, len(grid) - 2)
    best = len(grid) - 1 - int(np.argmin(failed[::-1]))
    return float(grid[best] if failed[large] - failed[best] >= _SUPPORT else grid[large])
