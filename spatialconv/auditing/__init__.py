"""Audit of reported figures: a description of what a paper prints, and rules that any honest table satisfies."""

from spatialconv.auditing._ours import describe
from spatialconv.auditing._reported import Reported
from spatialconv.auditing._result import AuditReport, Finding
from spatialconv.auditing._run import audit, example, rules, template
from spatialconv.auditing._toml import load, read

__all__ = ["AuditReport", "Finding", "Reported", "audit", "describe", "example", "load", "read", "rules", "template"]
