"""A referee's questions to results that are no growth regression: clubs, indices, coupling, agglomeration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spatialconv.agglomeration import EllisonGlaeser, LocationQuotients, ShiftShare, Structure
from spatialconv.checks._finding import Finding
from spatialconv.checks._subject import Effort
from spatialconv.checks.elsewhere import agglomeration, clubs, coupling, index, quotients
from spatialconv.convergence.clubs.partition import ClubPartition
from spatialconv.index import CompositeIndex, Coupling

Question = Callable[[Any, Effort], Finding]


@dataclass(frozen=True)
class Kind:
    """What is asked of a kind of result, what it claims, and what a question takes from the claim."""

    of: type
    questions: tuple[Question, ...]
    claim: Callable[[Any], str]
    limits: dict[str, str]

    def written(self, result: Any, findings: tuple[Finding, ...]) -> str:
        """Return what may be written and what may not, in one sentence."""
        bad = {f.name: f.verdict for f in findings if f.verdict in ("fail", "warn", "not decided")}
        limits = [said for name, said in self.limits.items() if name in bad]
        if not limits:
            return f"It may be written that {self.claim(result)}; no question speaks against it."
        said = limits[0] if len(limits) == 1 else f"{', '.join(limits[:-1])}, or {limits[-1]}"
        return f"It may be written that {self.claim(result)}; it may not be written {said}."


KINDS = (
    Kind(ClubPartition, clubs.QUESTIONS, clubs.claim, clubs.LIMITS),
    Kind(CompositeIndex, index.QUESTIONS, index.claim, index.LIMITS),
    Kind(Coupling, coupling.QUESTIONS, coupling.claim, coupling.LIMITS),
    Kind(LocationQuotients, quotients.QUESTIONS, quotients.claim, quotients.LIMITS),
    Kind(EllisonGlaeser, agglomeration.ELLISON, agglomeration.claim_of_ellison, agglomeration.ELLISON_LIMITS),
    Kind(Structure, agglomeration.STRUCTURE, agglomeration.claim_of_structure, agglomeration.STRUCTURE_LIMITS),
    Kind(ShiftShare, agglomeration.SHIFT, agglomeration.claim_of_shift, agglomeration.SHIFT_LIMITS),
)


def kind_of(result: Any) -> Kind | None:
    """Return the kind of a result, None if nothing is asked of it here."""
    return next((kind for kind in KINDS if isinstance(result, kind.of)), None)
