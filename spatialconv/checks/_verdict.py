"""What may be written of a finding, and what may not: one sentence for the top of the report."""

from __future__ import annotations

from collections.abc import Mapping

from spatialconv._options import first
from spatialconv.checks._finding import Finding
from spatialconv.checks._subject import Subject
from spatialconv.convergence.beta.beta import INITIAL
from spatialconv.results import number, p_value

# Questions on whether there is a finding at all: where one of them fails, it is not to be written of as one.
GROUNDS: dict[str, str] = {
    "bound": "the spatial coefficient lies on its bound",
    "no convergence": "this estimator finds as much where there is none",
    "few periods": "a test that holds in few periods does not find it",
    "z-values": "its p-value does not hold in so small a sample",
    "regions": "it hangs on single regions",
    "weights": "it hangs on the weights",
    "halves": "the two halves of the years contradict each other",
}
# What a question takes from the text where it is not answered by ok, and what where it could not be asked at all.
LIMITS: Mapping[str, str] = {
    "sigma": "that the gaps have closed",
    "clubs": "that all regions approach one level",
    "halves": "that one rate holds for all years",
    "speed": "a half-life",
    "spacing": "that this speed is the one of longer spans",
    "regions": "that it holds without each region",
    "weights": "that other neighbours would give the same",
    "neighbours": "that growth spills over between these neighbours",
    "residuals": "that regions are independent of one another given the regression",
    "identification": "how large the spatial coefficient is",
    "direct approach": "the spatial coefficient without the transformed one beside it",
    "selection": "that the data ask for this model",
    "controls": "convergence without the words 'given the controls'",
    "absolute": "absolute convergence",
    "effects": "that it is there whatever the effects",
    "no convergence": "beta without what the estimator gives where there is no convergence",
    "hot spots": "that single regions are hot or cold spots",
    "cv of logs": "a change of the coefficient of variation of logs",
    "sample": "that all regions are in it",
    "islands": "that all regions have neighbours",
}
UNASKED: Mapping[str, str] = {"clubs": "that all regions approach one level (not tested)"}


def written(s: Subject, findings: tuple[Finding, ...]) -> str:
    """Return what may be written and what may not, in one sentence."""
    verdicts = {f.name: f.verdict for f in findings}
    significant = bool(s.b.pvalues[INITIAL] <= 0.05)
    beta = f"beta {number(s.b.beta)}, {p_value(s.b.pvalues[INITIAL])}, {_effects(s)}"
    if not significant:
        low, high = s.b.conf_int(0.95).loc[INITIAL]
        reach = f"; 95 % interval {number(low)} to {number(high)}" if low == low else ""
        hidden = [n for n in ("regions", "effects", "weights", "halves") if verdicts.get(n) in ("fail", "warn")]
        but = f", and that it is found with something changed ({', '.join(hidden)})" if hidden else ""
        return (
            f"It may be written that neither convergence nor divergence is found at 5 % ({beta}{reach}){but}; it may "
            "not be written that there is none, nor any speed or half-life."
        )
    broken = [name for name in GROUNDS if verdicts.get(name) == "fail"]
    what = "regions converge" if s.claims else "regions diverge"
    if broken:
        reasons = ", ".join(GROUNDS[name] for name in broken[:3])
        return (
            f"It may not be written that {what}, since {reasons}; it may be written that the estimate is so ({beta}) "
            "and that it does not stand."
        )
    limits = [said for name, said in LIMITS.items() if verdicts.get(name) in ("fail", "warn", "not decided")]
    if not s.spatial:
        limits = ["that neighbours do not matter" if said == LIMITS["weights"] else said for said in limits]
    limits += [said for name, said in UNASKED.items() if verdicts.get(name) == "not asked" and s.claims]
    limits += [] if s.claims else ["any speed of convergence"]
    may = f"It may be written that {_claim(s)} ({beta})"
    return f"{may}; it may not be written {_listed(limits)}." if limits else f"{may}; no question speaks against it."


def _claim(s: Subject) -> str:
    given = f", given {first(list(s.controls))}," if s.controls else ""
    if not s.claims:
        return f"regions that start higher grow faster{given.rstrip(',')}"
    if s.b.fit.spec.effects in ("region", "two-way"):
        return f"regions close in on levels of their own{given.rstrip(',')}"
    return f"regions that start lower grow faster{given.rstrip(',')}"


def _effects(s: Subject) -> str:
    effects = s.b.fit.spec.effects
    return f"{effects} effects" if effects != "none" else "no effects"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, or {parts[-1]}"
