"""What a cell prints about one ratio of estimate to standard error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scipy import special

from spatialconv._descriptions.vocabulary import Bracket
from spatialconv.auditing.description.figures import INFINITY, Cell, Figure, Interval
from spatialconv.auditing.description.reported import Regression
from spatialconv.auditing.evidence.law import Law
from spatialconv.auditing.evidence.once import once


@dataclass(frozen=True)
class Evidence:
    """What a cell prints about one ratio of estimate to standard error."""

    where: str
    text: str
    estimate: Figure | None
    error: Figure | None
    ratio: Figure | None
    p: Figure | None
    stars: int | None
    interval: tuple[Figure, Figure] | None
    law: Law
    levels: Mapping[int, float]
    level: float = 0.95
    unsigned: bool = False

    def quotient(self) -> Interval | None:
        """Return the interval of estimate over standard error."""
        if self.estimate is None or self.error is None:
            return None
        positive = self.error.range.common(Interval(0.0, INFINITY))
        return self.estimate.range / positive if positive else None

    def sizes(self) -> dict[str, Interval]:
        """Return the intervals of |z| by what they come from: the printed ratio, estimate over standard error."""
        quotient = self.quotient()
        found = {"ratio": self.ratio.range if self.ratio else None, "quotient": quotient}
        return {name: abs(held) for name, held in found.items() if held is not None}


@dataclass(frozen=True)
class Brackets:
    """What stands in (...) and [...]; t without its sign is `unsigned`."""

    round: Bracket | None = None
    square: Bracket | None = None
    unsigned: bool = False


def cell_evidence(table: Regression, row: str, column: int, law: Law, brackets: Brackets) -> Evidence | None:
    """Collect what a cell of a regression table prints."""
    held = table.coefficients[row][column]
    if held is None:
        return None
    found: dict[str, Figure] = {}
    for kind, figure in ((brackets.round, held.round), (brackets.square, held.square)):
        if kind and figure:
            found[kind] = figure
    # Whether sigma2 is zero is no hypothesis: some tables give it stars, others none.
    starred = table.roles.get("sigma2") != row or held.stars
    return Evidence(
        where=table.where(row, column),
        text=_text(held, brackets),
        estimate=held.main,
        error=found.get("se"),
        ratio=found.get("z", found.get("t")),
        p=found.get("p"),
        stars=held.stars if starred and (marked(table) or _missed(table, brackets)) else None,
        interval=held.interval,
        law=law,
        levels=table.stars,
        level=table.level,
        unsigned=brackets.unsigned,
    )


def marked(table: Regression) -> bool:
    """Return whether a table uses stars at all."""
    return any(c.stars for cells in table.coefficients.values() for c in cells if c)


@once
def _missed(table: Regression, brackets: Brackets) -> bool:
    """Return whether a table says what stars mean, has none, and one coefficient alone that should: a slip.

    Where several should have them, the note is that of other tables, and this one does without.
    """
    if not table.levels_said or not table.stars:
        return False
    loosest, least = max(table.stars.values()), 0
    for cells in table.coefficients.values():
        for cell in cells:
            inside = {brackets.round: cell.round, brackets.square: cell.square} if cell else {}
            least += bool(cell and _significant(cell.main, inside, loosest))
    return least == 1


def _significant(estimate: Figure, inside: Mapping[Bracket | None, Figure | None], level: float) -> bool:
    """Return whether a coefficient is significant by the normal, as printed."""
    p, error, ratio = inside.get("p"), inside.get("se"), inside.get("z") or inside.get("t")
    if p is not None:
        return 0 <= p.value < level
    if ratio is None and (error is None or not error.value > 0):
        return False
    size = ratio.value if ratio is not None else estimate.value / error.value if error is not None else 0.0
    return bool(2 * special.ndtr(-abs(size)) < level)


def _text(held: Cell, brackets: Brackets) -> str:
    stars = "*" * (held.stars - held.main.stars)
    round_ = f" ({brackets.round or '?'} {held.round.text})" if held.round else ""
    square = f" [{brackets.square or '?'} {held.square.text}]" if held.square else ""
    pair = f" [{held.interval[0].text}, {held.interval[1].text}]" if held.interval else ""
    return f"{held.main.text}{stars}{round_}{square}{pair}"
