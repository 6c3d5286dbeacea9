"""Audit of reported figures: a description of what a paper prints, and rules that any honest table satisfies."""

from spatialconv._public import public
from spatialconv.auditing.description.ours import describe
from spatialconv.auditing.description.reported import Reported
from spatialconv.auditing.description.toml import load, read, schema
from spatialconv.auditing.result import AuditReport, Finding
from spatialconv.auditing.run import audit, example, rules, template, transcribe

__all__ = [
    "AuditReport",
    "Finding",
    "Reported",
    "audit",
    "describe",
    "example",
    "load",
    "read",
    "rules",
    "schema",
    "template",
    "transcribe",
]

public(__name__)
