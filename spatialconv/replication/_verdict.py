"""Published figures beside ours: what a claim is, how it is judged, and what all verdicts add up to."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd

from spatialconv.results import Provenance, Result
from spatialconv.tables import Table, table

Verdict = Literal["reproduced", "within tolerance", "differs", "not recomputable"]
Evidence = Literal["independent", "printed figures alone", "used in the reconstruction", "input", "unpublished"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
EVIDENCE: tuple[Evidence, ...] = get_args(Evidence)

COLUMNS = ("source", "item", "published", "ours", "difference", "tolerance", "verdict", "evidence", "remark")

# The minus sign of a number, not the hyphen of 2016-17.
_HYPHEN = re.compile(r"(?<![\w.])-(?=[\d.])")
# Binary floats cannot hold 0.0005; a figure that is off by half a unit and this share of it still rounds to it.
_SLACK = 1e-9


@dataclass(frozen=True)
class Claim:
    """One published figure or statement.

    Attributes
    ----------
    path : str
        Where it stands among the published figures: "tab2_moran.adjacency.2016.I".
    source, item : str
        "Tab. 2" and "adjacency, 2016, I".
    published : float or str
    decimals : int or None
        Decimals printed; None for words, which are compared as they are.
    evidence : str
        "independent" of how the data were found, following from "printed figures alone", "used in the
        reconstruction" of the data, an "input" of ours, or computed from "unpublished" data.
    tolerance : float
        By how much more than rounding ours may be off, and `remark` says why.
    unpublished : str
        What is not published, where that stands in the way.
    """

    path: str
    source: str
    item: str
    published: float | str
    decimals: int | None = None
    evidence: Evidence = "independent"
    tolerance: float = 0.0
    remark: str = ""
    unpublished: str = ""

    @property
    def printed(self) -> str:
        """The figure as it is printed."""
        return self.written(self.published)

    @property
    def half_unit(self) -> float:
        """Half a unit of the last printed decimal."""
        return 0.0 if self.decimals is None else 0.5 * 10.0**-self.decimals

    def written(self, value: float | str, extra: int = 0) -> str:
        """Write a value with the decimals of the figure, and `extra` ones."""
        if isinstance(value, str) or self.decimals is None:
            return str(value)
        if not math.isfinite(value):
            return "undefined"
        return f"{value:.{self.decimals + (extra if self.decimals else 0)}f}"


@dataclass(frozen=True)
class Figure:
    """A claim, what we find instead, and the verdict.

    `interval` is where the published figure must lie if it follows from others that are rounded.
    """

    claim: Claim
    ours: float | str | None
    verdict: Verdict
    interval: tuple[float, float] | None = None

    @property
    def difference(self) -> float:
        """Ours less the published figure; NaN for words and where there is nothing to compare."""
        if isinstance(self.ours, float) and isinstance(self.claim.published, float):
            return self.ours - self.claim.published
        return math.nan

    def difference_text(self) -> str:
        """Return the difference with one decimal more than is printed, and its sign; nothing where there is none."""
        if math.isnan(self.difference):
            return ""
        text = self.claim.written(self.difference, extra=1)
        return text.lstrip("-") if float(text) == 0 else f"+{text}" if self.difference > 0 else text

    def row(self) -> dict[str, str | float]:
        """Return the row of the table: figures in words, the difference as a number."""
        claim = self.claim
        missing = f"unpublished: {claim.unpublished}" if claim.unpublished else ""
        return {
            "source": claim.source,
            "item": claim.item,
            "published": claim.printed,
            "ours": "" if self.ours is None else claim.written(self.ours, extra=1),
            "difference": self.difference,
            "tolerance": self._allowed(),
            "verdict": self.verdict,
            "evidence": claim.evidence,
            "remark": "; ".join(part for part in (missing, claim.remark) if part),
        }

    def _allowed(self) -> str:
        if self.interval is not None:
            low, high = (self.claim.written(end) for end in self.interval)
            return f"{low} to {high}"
        if self.ours is None or self.claim.decimals is None:
            return ""
        # With half a unit of the last printed decimal, so that a difference can be held against it.
        return f"{self.claim.tolerance + self.claim.half_unit:.3g}" if self.claim.tolerance else "rounding"


def judge(
    claim: Claim,
    ours: float | str | None = None,
    *,
    interval: tuple[float, float] | None = None,
    undecided: bool = False,
) -> Figure:
    """Compare what we find with a claim.

    Parameters
    ----------
    claim : Claim
    ours : float or str, optional
        None where nothing can be computed; the claim must then say what is unpublished.
    interval : (float, float), optional
        Range of the figure that the rounding of those it follows from allows.
    undecided : bool
        For words: a figure within its tolerance would bring about the words published.

    Returns
    -------
    Figure
        "reproduced" if equal at the printed decimals (or in words), "within tolerance", "differs", or "not
        recomputable".
    """
    if ours is None:
        if not claim.unpublished:
            raise ValueError(f"{claim.path}: nothing is computed, and nothing is said to be unpublished.")
        return Figure(claim, None, "not recomputable")
    if isinstance(ours, str) != isinstance(claim.published, str):
        raise TypeError(f"{claim.path}: published is {claim.published!r}, ours {ours!r}; compare like with like.")
    return Figure(claim, ours, _verdict(claim, ours, interval, undecided), interval)


def _verdict(claim: Claim, ours: float | str, interval: tuple[float, float] | None, undecided: bool) -> Verdict:
    if isinstance(ours, str) or isinstance(claim.published, str):
        return "reproduced" if ours == claim.published else "within tolerance" if undecided else "differs"
    rounding = claim.half_unit * (1 + _SLACK) + _SLACK * abs(claim.published)
    off = abs(ours - claim.published)
    if off <= rounding:
        return "reproduced"
    if interval is not None:
        low, high = interval
        return "within tolerance" if low - rounding <= claim.published <= high + rounding else "differs"
    # A comparison with NaN is false: what cannot be computed from complete data differs.
    return "within tolerance" if off <= claim.tolerance + rounding else "differs"


@dataclass(frozen=True, eq=False, repr=False)
class Replication(Result):
    """Every published figure of a paper beside ours, each with a verdict.

    Attributes
    ----------
    title : str
        The paper.
    figures : tuple of Figure
    """

    title: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def table(self) -> pd.DataFrame:
        """One row a figure: source, item, published, ours, difference, tolerance, verdict, evidence, remark."""
        return pd.DataFrame([figure.row() for figure in self.figures], columns=list(COLUMNS))

    @property
    def counts(self) -> pd.Series:
        """Number of figures under each verdict, all four."""
        return self.table["verdict"].value_counts().reindex(list(VERDICTS), fill_value=0).rename("figures")

    def crossed(self, by: Literal["source", "evidence"]) -> pd.DataFrame:
        """Return the counts of verdicts by source or by kind of evidence, with a total."""
        rows = self.table
        order = list(dict.fromkeys(rows[by])) if by == "source" else [e for e in EVIDENCE if e in set(rows[by])]
        counts = pd.crosstab(rows[by], rows["verdict"]).reindex(index=order, columns=list(VERDICTS), fill_value=0)
        counts = counts.rename_axis(index=by, columns=None)
        counts["all"] = counts.sum(axis=1)
        counts.loc["all"] = counts.sum()
        return counts

    def select(self, *, source: str | None = None, verdict: Verdict | None = None) -> pd.DataFrame:
        """Return the rows of a source, of a verdict, or of both."""
        rows = self.table
        keep = pd.Series(True, index=rows.index)
        if source is not None:
            keep &= rows["source"] == source
        if verdict is not None:
            keep &= rows["verdict"] == verdict
        return rows[keep].reset_index(drop=True)

    def tidy(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def glance(self) -> pd.DataFrame:
        """Return one row: number of figures, and of each verdict."""
        return pd.DataFrame([{"figures": len(self.figures), **self.counts.to_dict()}])

    def shown(self, *, source: str | None = None, verdict: Verdict | None = None) -> pd.DataFrame:
        """Return the rows of a source, of a verdict, or of both, as text for print."""
        chosen = [f for f in self.figures if source in (None, f.claim.source) and verdict in (None, f.verdict)]
        rows = [f.row() | {"difference": f.difference_text()} for f in chosen]
        frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(str)
        figures = ["published", "ours", "difference", "tolerance", "remark"]
        frame[figures] = frame[figures].map(lambda text: _HYPHEN.sub("\u2212", text))
        return frame

    def to_markdown(self) -> str:
        """Return the table in Markdown."""
        return table(self.shown()).to_markdown()

    def to_html(self) -> str:
        """Return the table in HTML, each row with its verdict as class."""
        return marked_rows(table(self.shown()), "verdict")

    def _display(self) -> pd.DataFrame:
        return self.crossed("source")

    def _headline(self) -> list[str]:
        counts = self.counts
        return [
            f"Replication of {self.title}: {len(self.figures):,} published figures",
            "  " + ", ".join(f"{n} {verdict}" for verdict, n in counts.items()),
        ]


def marked_rows(shown: Table, column: str) -> str:
    """Return a table in HTML in which each row has the class `v-<text of a column>`, for a style sheet."""
    words = iter(shown.frame[column])
    head, body = shown.to_html().split("<tbody>", 1)
    rows, rest = body.split("</tbody>", 1)
    rows = re.sub("<tr>", lambda _: f'<tr class="v-{str(next(words)).replace(" ", "-")}">', rows)
    return f"{head}<tbody>{rows}</tbody>{rest}"
