"""The part of a report that sets published figures beside ours and ends with the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pandas as pd

from spatialconv.replication import Replication
from spatialconv.report import _words as words
from spatialconv.report._blocks import Block, Bullets, Heading, Shown, Text
from spatialconv.tables import Table, table

_EVIDENCE = {
    "independent": "follows from the reconstructed levels or the weights and was not used to find them",
    "printed figures alone": "follows from other figures of the paper, without the levels",
    "used in the reconstruction": "helped to find the levels, so that agreement proves nothing but that they fit",
    "input": "taken as data, since what it was made of is not published",
    "unpublished": "needs data that are not published",
}
_FILES = {
    "Tab. 1": "tables/growth",
    "Tab. 2": "tables/moran",
    "Tab. 4": "tables/descriptives",
    "Tab. 5": "tables/replication_table_5",
    "Fig. 1": "figures/map",
    "Fig. 2": "figures/hot_spots",
    "Fig. 3": "figures/sigma",
}


def replication(found: Replication, study: Any) -> Iterator[Block]:
    """All published figures with verdicts, what stands out, and the counts."""
    yield Heading(f"Replication of {found.title}")
    yield Text(
        "Every published figure stands beside ours. Reproduced: equal at the printed decimals. Within tolerance: off "
        "by no more than the tolerance beside it, for the reason in the remark; it includes half a unit of the last "
        "printed decimal. Differs: off by more. Not recomputable: the data behind it are not published."
    )
    yield Text("The column evidence says what a figure can prove:")
    present = [kind for kind in _EVIDENCE if kind in set(found.table["evidence"])]
    yield Bullets(tuple(f"{kind}: {_EVIDENCE[kind]}." for kind in present))
    yield Text(
        "The paper's tables and figures lie beside this report: "
        + "; ".join(f"{name}: {file}" for name, file in _FILES.items())
        + "."
    )
    yield from _differences(found)
    yield from _missing(found)
    yield from _table_5(found, study)
    yield Heading("All figures", 3)
    for source in dict.fromkeys(found.table["source"]):
        yield Heading(source, 4)
        yield Shown(_listing(found.shown(source=source)), marked="verdict")
    yield from _counts(found)


def _listing(rows: pd.DataFrame) -> Table:
    """Return the rows of a source; a remark that several rows share stands once below them."""
    counts = rows["remark"].value_counts()
    shared = [remark for remark in dict.fromkeys(rows["remark"]) if remark and counts[remark] > 1]
    marks = {remark: f"note {number}" for number, remark in enumerate(shared, start=1)}
    frame = rows.drop(columns="source").assign(remark=[marks.get(remark, remark) for remark in rows["remark"]])
    return table(frame, notes=tuple(f"{mark}: {remark}" for remark, mark in marks.items()))


def _differences(found: Replication) -> Iterator[Block]:
    rows = found.shown(verdict="differs")
    yield Heading("What differs", 3)
    if rows.empty:
        yield Text("Nothing.")
        return
    yield Bullets(
        tuple(
            f"{row.source}, {row.item}: the paper has \u201c{row.published}\u201d, we find \u201c{row.ours}\u201d"
            + (f" ({row.remark})." if row.remark else ".")
            for row in rows.itertuples()
        )
    )


def _missing(found: Replication) -> Iterator[Block]:
    lost = [figure.claim for figure in found.figures if figure.verdict == "not recomputable"]
    if not lost:
        return
    counts = Counter((claim.source, claim.unpublished) for claim in lost)
    yield Heading("What cannot be recomputed", 3)
    yield Bullets(
        tuple(f"{source}: {words.counted(n, 'figure')}, for want of {what}." for (source, what), n in counts.items())
    )


def _table_5(found: Replication, study: Any) -> Iterator[Block]:
    rows = found.shown(source="Tab. 5")
    rows = rows[rows["verdict"] != "not recomputable"]
    if rows.empty:
        return
    figures = rows[~rows["item"].str.endswith("stars")].drop(columns=["source", "difference", "evidence"])
    stars = rows[rows["item"].str.endswith("stars")]
    agree = int((stars["verdict"] == "reproduced").sum())
    yield Heading("Tab. 5 of the paper", 3)
    yield Text(
        "What follows from the figures that Tab. 5 prints. The speed is \u2212ln(1 + beta). The log-likelihood of a "
        "spatial lag model at its maximum is \u2212NT/2 (ln(2 pi sigma2) + 1) + T ln|I \u2212 rho W|, with W the "
        "geographic weights, cut out for each subregion and row-standardised again."
    )
    yield Shown(table(figures.reset_index(drop=True), caption="Speeds, observations and log-likelihoods"))
    yield Text(f"Of {len(stars)} entries with or without stars {agree} agree with the printed z or test statistic.")
    yield from _printed_rho(found, study)


def _printed_rho(found: Replication, study: Any) -> Iterator[Block]:
    """Is a printed rho outside (-1, 1) admissible?"""
    low, high = study.summaries[study.case.main].rho_interval
    for figure in found.figures:
        claim = figure.claim
        if claim.item == f"{study.case.subsamples.whole}, rho" and claim.source == "Tab. 5":
            value = float(claim.published)
            inside = low < value < high
            yield Text(
                f"The printed rho of {claim.printed.replace('-', chr(0x2212))} lies "
                f"{'outside' if abs(value) > 1 else 'inside'} (\u22121, 1) and {'inside' if inside else 'outside'} the "
                f"admissible interval ({words.number(low)}, {words.number(high)}): the smallest eigenvalue of the "
                f"weights is {words.number(1 / low)}."
            )


def _counts(found: Replication) -> Iterator[Block]:
    yield Heading("Counts")
    counts = found.counts
    independent = found.crossed("evidence")
    if "independent" in independent.index:
        row = independent.loc["independent"]
        yield Text(
            f"Of {row['all']} figures and statements that are independent of the reconstruction {row['reproduced']} "
            f"are reproduced, {row['within tolerance']} lie within tolerance and {row['differs']} differ."
        )
    yield Shown(table(found.crossed("evidence"), caption="Verdicts by kind of evidence"))
    yield Shown(table(found.crossed("source"), caption="Verdicts by source"))
    yield Text("; ".join(f"{verdict}: {n}" for verdict, n in counts.items()) + f"; all: {int(counts.sum())}.")
