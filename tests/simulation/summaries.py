"""From samples to figures: bias, size and coverage, each with its Monte Carlo error, and words about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from tests.simulation.worlds import FloatArray

LEVEL = 0.95
# A share further from its nominal value than this many of its standard errors differs from it.
ERRORS = 3
# A bias below this share of the standard deviation moves the coverage of an interval by less than 0.7 points.
MATTERS = 0.25


@dataclass(frozen=True)
class Share:
    """A share of samples and the Monte Carlo error of it; `nominal` is what theory promises.

    `expected_error` is the error if the nominal value were true, by which it is judged.
    """

    value: float
    error: float
    draws: int
    nominal: float
    expected_error: float

    @classmethod
    def of(cls, hits: FloatArray, nominal: float) -> Share:
        """Take the mean of 0 and 1, shape (draws,) or (draws, several), those without a figure (NaN) left out.

        Several of a draw are dependent: the error is then that of their averages.
        """
        hits = hits.reshape(len(hits), -1)
        there = np.isfinite(hits)
        kept = hits[np.ix_(there.any(axis=1), there.any(axis=0))]
        n = len(kept)
        if n < 2:
            return cls(np.nan, np.nan, n, nominal, np.nan)
        if kept.shape[1] > 1:
            each = np.nanmean(kept, axis=1)
            error = float(each.std(ddof=1) / np.sqrt(n))
            return cls(float(each.mean()), error, n, nominal, error)
        value = float(kept.mean())
        # Two hits and two misses more (Agresti and Coull 1998), so that a share of 0 or 1 has an error too.
        near = (value * n + 2) / (n + 4)
        return cls(
            value,
            float(np.sqrt(near * (1 - near) / n)),
            n,
            nominal,
            float(np.sqrt(nominal * (1 - nominal) / n)),
        )

    @property
    def verdict(self) -> int:
        """-1 below, 0 within Monte Carlo error of, 1 above the nominal value."""
        gap = self.value - self.nominal
        return 0 if not abs(gap) > ERRORS * self.expected_error else int(np.sign(gap))

    def __str__(self) -> str:
        if np.isnan(self.value):
            return ""
        text = f"{100 * self.value:.1f} ± {100 * self.error:.1f}"
        return f"**{text}**" if self.verdict else text


@dataclass(frozen=True)
class Summary:
    """What samples say of one estimator of one quantity."""

    bias: float
    sd: float
    mean_se: float
    draws: int
    coverage: Share
    without: float

    @property
    def bias_error(self) -> float:
        """Standard error of the bias."""
        return self.sd / np.sqrt(self.draws)

    @property
    def biased(self) -> bool:
        """Whether the bias is beyond Monte Carlo error and large enough to matter."""
        return abs(self.bias) > max(ERRORS * self.bias_error, MATTERS * self.sd)

    @property
    def shown_bias(self) -> str:
        """The bias and its error."""
        text = f"{self.bias:+.3f} ± {self.bias_error:.3f}"
        return f"**{text}**" if self.biased else text


def summarise(values: FloatArray, truth: float, level: float = LEVEL) -> Summary:
    """Summarise estimates and standard errors, shape (draws, 2), against the truth.

    Estimates without a standard error (NaN, on a bound) count for the bias; they have no interval, and `without`
    says how many they are.
    """
    estimate, se = values[:, 0], values[:, 1]
    has = np.isfinite(se)
    covers = np.where(has, np.abs(estimate - truth) <= stats.norm.ppf(0.5 + level / 2) * se, np.nan)
    return Summary(
        float(estimate.mean() - truth),
        float(estimate.std(ddof=1)),
        float(se[has].mean()) if has.any() else np.nan,
        len(values),
        Share.of(covers, level),
        float(1 - has.mean()),
    )


def size(p: FloatArray, nominal: float = 1 - LEVEL) -> Share:
    """Return how often p-values of shape (draws,) or (draws, several) fall below the nominal level."""
    return Share.of(np.where(np.isfinite(p), p < nominal, np.nan), nominal)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def words(shares: Mapping[tuple[str, str], Share], *, above: str, below: str) -> str:
    """Say which rows keep to what they promise, and which do not, where and by how much.

    Keys are (row, column): a test or interval and a sample.
    """
    rows = list(dict.fromkeys(row for row, _ in shares))
    off = {row: {column: s for (name, column), s in shares.items() if name == row and s.verdict} for row in rows}
    good = [row for row in rows if not off[row]]
    lines = [f"Within {ERRORS} Monte Carlo errors of the nominal {_percent(shares)} in every sample: {_list(good)}."]
    for verdict, what in ((1, above), (-1, below)):
        found = {
            row: [f"{100 * s.value:.1f} at {at}" for at, s in off[row].items() if s.verdict == verdict] for row in rows
        }
        if any(found.values()):
            lines.append(f"{what}: " + "; ".join(f"{row} ({', '.join(at)})" for row, at in found.items() if at) + ".")
    return "\n\n".join(lines)


def _percent(shares: Mapping[tuple[str, str], Share]) -> str:
    return f"{100 * next(iter(shares.values())).nominal:g} %"


def _list(names: list[str]) -> str:
    return "; ".join(names) if names else "none"


def table_rows(text: str) -> list[dict[str, Any]]:
    """Return the rows of the one Markdown table in a text, each cell by the head of its column."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows]
