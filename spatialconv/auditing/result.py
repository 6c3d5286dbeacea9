"""What an audit returns: findings, and how many identities were checked by which rule."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from spatialconv.auditing.rules.registry import RULES, Check, Severity
from spatialconv.results import Provenance, Record, Result, plain, plural

_ORDER = {"error": 0, "warning": 1}


@dataclass(frozen=True, repr=False)
class Finding(Record):
    """An identity that printed figures break beyond rounding.

    Attributes
    ----------
    rule : str
        Name in the registry.
    severity : {"error", "warning"}
        Error: the figures cannot all be right. Warning: the words are loose, or a test does not exist.
    where : str
        Table, row and column; or the sentence.
    figures : str
        Those that enter, as printed.
    identity : str
        In words.
    printed, computed : str
        What is printed, and the interval that the other figures leave for it.
    message : str
    """

    rule: str
    severity: Severity
    where: str
    figures: str
    identity: str
    printed: str
    computed: str
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.where}: {self.message} [{self.rule}: {self.identity}]"


@dataclass(frozen=True, eq=False, repr=False)
class AuditReport(Result):
    """What an audit found.

    Attributes
    ----------
    title : str
    findings : tuple of Finding
        Errors first, in the order of the rules.
    rules : DataFrame
        A row a rule that applied: `rule`, `identity`, `applied`, `passed`, `findings`, `source`.
    remarks : tuple of str
        What holds and is worth knowing: formulas that fit, averages that agree within rounding only.
    checked : int
        Identities that were checked.
    typed : DataFrame
        What was typed, beside what was checked: one row a figure: `table`, `row`, `column`, `printed` as it was read,
        `checked`, the identities held against it (others may rest on it), and `broken`, the rules it breaks.
    """

    title: str
    findings: tuple[Finding, ...]
    rules: pd.DataFrame
    remarks: tuple[str, ...]
    notes: tuple[str, ...]
    provenance: Provenance
    typed: pd.DataFrame

    @property
    def checked(self) -> int:
        """Number of identities that were checked."""
        return int(self.rules["applied"].sum())

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings of severity "error"."""
        return tuple(f for f in self.findings if f.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings of severity "warning"."""
        return tuple(f for f in self.findings if f.severity == "warning")

    @property
    def passed(self) -> bool:
        """Whether there is no error."""
        return not self.errors

    @property
    def table(self) -> pd.DataFrame:
        """The findings, one row each."""
        columns = ["severity", "rule", "where", "figures", "printed", "computed", "message", "identity"]
        return pd.DataFrame([{c: getattr(f, c) for c in columns} for f in self.findings], columns=columns)

    def tidy(self) -> pd.DataFrame:
        """Return one row a finding: `term` is where it stands."""
        return self.table.rename(columns={"where": "term"})

    def glance(self) -> pd.DataFrame:
        """Return one row: identities checked and passed, rules that applied, errors, warnings."""
        row = {
            "title": self.title,
            "checked": self.checked,
            "passed": int(self.rules["passed"].sum()),
            "rules": len(self.rules),
            "errors": len(self.errors),
            "warnings": len(self.warnings),
        }
        return pd.DataFrame([row])

    def to_dict(self) -> dict[str, Any]:
        """Return findings, rules and remarks, JSON-ready."""
        return super().to_dict() | {"rules": plain(self.rules), "remarks": list(self.remarks)}

    def to_markdown(self) -> str:
        """Return the whole report as Markdown: findings, remarks, which rules applied how often."""
        lines = [f"# Audit of {self.title}", "", self._count() + ".", ""]
        for finding in self.findings:
            lines += [f"- **{finding.severity}** ({finding.rule}): {finding.where}: {finding.message}"]
        lines += ["", "Remarks:", "", *(f"- {r}" for r in self.remarks)] if self.remarks else []
        lines += ["", *(f"- note: {n}" for n in self.notes)] if self.notes else []
        lines += ["", "| rule | identity | checked | passed |", "| --- | --- | ---: | ---: |"]
        for row in self.rules.itertuples():
            identity = str(row.identity).replace("|", "\\|")
            lines.append(f"| {row.rule} | {identity} | {row.applied} | {row.passed} |")
        return "\n".join(lines) + "\n"

    def to_text(self) -> str:
        """Return every finding and remark as text, for a shell."""
        lines = [f"Audit of {self.title}", f"  {self._count()}"]
        lines += [f"  {f}" for f in self.findings]
        lines += [f"  remark: {r}" for r in self.remarks]
        lines += [f"  note: {n}" for n in self.notes]
        return "\n".join(lines)

    def _count(self) -> str:
        if not self.checked and not self.findings:
            return "nothing to check here: no rule applies to what is reported"
        found = plural(len(self.findings), "finding")
        parts = f" ({len(self.errors)} errors, {len(self.warnings)} warnings)" if self.findings else ""
        return f"checked {self.checked} identities by {len(self.rules)} rules, {found}{parts}"

    def _display(self) -> pd.DataFrame:
        return self.table[["severity", "where", "message"]]

    def _headline(self) -> list[str]:
        lines = [f"Audit of {self.title}: {self._count()}"]
        lines += [f"  {f.severity}: {f.where}: {f.message}" for f in self.findings[:5]]
        if len(self.findings) > 5:
            lines.append(f"  and {len(self.findings) - 5} more, see .table or .to_text()")
        return lines

    def _repr_html_(self) -> str:
        remarks = "".join(f"<li>{html.escape(r)}</li>" for r in self.remarks)
        return super()._repr_html_() + (f"<ul>{remarks}</ul>" if remarks else "")


def collect(
    title: str,
    checks: Mapping[str, list[Check]],
    provenance: Provenance,
    notes: tuple[str, ...],
    typed: pd.DataFrame,
) -> AuditReport:
    """Make the report of what every rule said."""
    findings, rows, remarks = [], [], []
    for name, held in checks.items():
        known = RULES[name]
        counted = [c for c in held if c.figures or c.message]
        failed = [c for c in counted if not c.passed]
        remarks += [c.remark for c in held if c.remark and c.passed]
        findings += [
            Finding(
                name, c.severity or known.severity, c.where, c.figures, known.identity, c.printed, c.computed, c.message
            )
            for c in failed
        ]
        if counted:
            rows.append(
                {
                    "rule": name,
                    "identity": known.identity,
                    "applied": len(counted),
                    "passed": len(counted) - len(failed),
                    "findings": len(failed),
                    "source": known.source,
                }
            )
    columns = ["rule", "identity", "applied", "passed", "findings", "source"]
    # Two rules may meet the same breach; the same words about the same place are told once.
    distinct = {(f.where, f.message): f for f in reversed(findings)}
    kept = [f for f in findings if distinct[f.where, f.message] is f]
    # Errors first, and what the tables alone contradict before what the text says of them.
    kept.sort(key=lambda f: (_ORDER[f.severity], f.where.startswith("text ")))
    rules = pd.DataFrame(rows, columns=columns)
    return AuditReport(title, tuple(kept), rules, tuple(dict.fromkeys(remarks)), notes, provenance, typed)
