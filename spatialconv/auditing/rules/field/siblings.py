"""A remark on sibling columns: a coefficient that is ten times its siblings may have a slipped decimal."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from spatialconv.auditing.description.reported import Regression, Reported
from spatialconv.auditing.rules.registry import Check, rule

_ALIKE, _LOW, _HIGH = 1.8, 8.0, 12.5


@rule(
    "sibling columns",
    "a coefficient is of one size in columns of one table",
    source="decimals slip",
    severity="warning",
)
def siblings(reported: Reported) -> Iterator[Check]:
    """Remark where one coefficient is about ten times, or a tenth of, what all others of its row agree on."""
    for table in reported.of(Regression):
        for row, cells in table.coefficients.items():
            held = [(k, c.main) for k, c in enumerate(cells) if c is not None and c.main.value]
            if len(held) < 4:
                continue
            for k, figure in held:
                rest = [abs(f.value) for j, f in held if j != k]
                middle = median(rest)
                alike = max(rest) <= _ALIKE * middle and min(rest) * _ALIKE >= middle
                ratio = abs(figure.value) / middle
                if alike and (_LOW <= ratio <= _HIGH or _LOW <= 1 / ratio <= _HIGH):
                    times = "ten times" if ratio > 1 else "a tenth of"
                    words = f"{table.where(row, k)}: {figure.text} is about {times} what the other columns have"
                    yield Check(table.where(row, k), True, remark=f"{words}; has a decimal slipped?")
