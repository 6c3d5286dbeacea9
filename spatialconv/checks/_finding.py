"""Findings, and the report that lists them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from spatialconv._options import first
from spatialconv.errors import OptionError
from spatialconv.results import Provenance, Record, Result

Verdict = Literal["ok", "warn", "fail", "not decided", "not asked"]
VERDICTS: tuple[Verdict, ...] = ("fail", "warn", "not decided", "ok", "not asked")
LEVEL = 0.05


@dataclass(frozen=True, repr=False)
class Finding(Record):
    """One question of a referee: the verdict, the evidence in one line, and what to do.

    `verdict` is "ok", "warn", "fail", "not decided" where it hangs on a simulated figure that lies within its Monte
    Carlo error of the level, or "not asked" where the question does not arise, and then `evidence` says why.
    """

    name: str
    question: str
    verdict: Verdict
    evidence: str
    advice: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class CheckReport(Result):
    """The questions of a careful referee, each with a verdict; `report["islands"]` is one of them.

    Attributes
    ----------
    title : what was checked
    verdict : what may be written and what may not, in one sentence
    findings : tuple of Finding
    notes, provenance : see `spatialconv.results`
    """

    title: str
    verdict: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    provenance: Provenance

    def __getitem__(self, name: str) -> Finding:
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise OptionError(f"no question {name!r}; there are {first([f.name for f in self.findings], 25)}.")

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def counts(self) -> pd.Series:
        """How many findings there are of each verdict."""
        found = [finding.verdict for finding in self.findings]
        return pd.Series({verdict: found.count(verdict) for verdict in VERDICTS}, name="findings")

    @property
    def passed(self) -> bool:
        """Whether nothing failed; warnings are the author's to answer."""
        return not self.counts["fail"]

    def tidy(self) -> pd.DataFrame:
        """Return one row a question: name, verdict, question, evidence, advice, in the order of the analysis."""
        columns = ("name", "verdict", "question", "evidence", "advice")
        return pd.DataFrame([{c: getattr(f, c) for c in columns} for f in self.findings], columns=list(columns))

    def glance(self) -> pd.DataFrame:
        """Return one row: the title, what may be written, and the counts of the verdicts."""
        row: dict[str, Any] = {
            "title": self.title,
            "verdict": self.verdict,
            **{str(k): int(v) for k, v in self.counts.items()},
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        count = self.counts
        said = ", ".join(f"{count[v]} {v}" for v in VERDICTS if count[v])
        lines = [f"  {f.verdict.upper():<4} {f.name}: {f.evidence}" for v in VERDICTS[:3] for f in self.of(v)]
        fine = [f.name for f in self.of("ok")]
        return [f"{self.title}: {said}", f"  {self.verdict}", *lines, *([f"  ok   {', '.join(fine)}"] if fine else [])]

    def of(self, verdict: Verdict) -> list[Finding]:
        """Return the findings with a verdict, in order."""
        return [finding for finding in self.findings if finding.verdict == verdict]

    def text(self) -> str:
        """Return all findings with questions and advice as plain text, for a terminal."""
        lines = [self._headline()[0], "", self.verdict, ""]
        for finding in self.findings:
            lines.append(f"[{finding.verdict}] {finding.question}")
            lines.append(f"    {finding.evidence}")
            lines += [f"    -> {finding.advice}"] if finding.advice and finding.verdict in VERDICTS[:3] else []
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])
