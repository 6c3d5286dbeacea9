"""A published paper recomputed: each of its figures beside ours, with a verdict."""

from spatialconv.replication._verdict import (
    COLUMNS,
    EVIDENCE,
    VERDICTS,
    Claim,
    Evidence,
    Figure,
    Replication,
    Verdict,
    judge,
    marked_rows,
)
from spatialconv.replication._zhejiang import replicate

__all__ = [
    "COLUMNS",
    "EVIDENCE",
    "VERDICTS",
    "Claim",
    "Evidence",
    "Figure",
    "Replication",
    "Verdict",
    "judge",
    "marked_rows",
    "replicate",
]
