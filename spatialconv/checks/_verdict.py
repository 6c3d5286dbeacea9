"""What may be written of a finding, and what may not: one sentence for the top of the report."""

from __future__ import annotations

from collections.abc import Mapping

from spatialconv._options import first
from spatialconv.checks._finding import Finding
from spatialconv.checks._subject import Subject, p_of_beta
from spatialconv.convergence.beta.beta import INITIAL
from spatialconv.results import number

# Questions on whether there is a finding at all: where one of them fails, it is not to be written of as one.
GROUNDS: dict[str, str] = {
    "bound": "the spatial coefficient lies on its bound",
    "no convergence": "this estimator finds as much where there is none",
    "few periods": "a test that holds in few periods does not find it",
    "z-values": "its p-value does not hold in so small a sample",
    "regions": "single regions carry the finding",
    "weights": "other weights do not bear it out",
    "halves": "the two halves of the years contradict each other",
}
# What a question takes from the text where it is not answered by ok, and what where it could not be asked at all: what
# may not be written, and what may not be given, or not without something beside it.
LIMITS: Mapping[str, str] = {
    "sigma": "that the gaps have closed",
    "clubs": "that all regions approach one level",
    "steady states": "that the levels they close in on are known",
    "unit root": "that growth is unrelated in regions far apart",
    "halves": "that one rate holds for all years",
    "spacing": "that this speed is the one of longer spans",
    "regions": "that it holds without each region",
    "weights": "that other neighbours would give the same",
    "neighbours": "that growth spills over between these neighbours",
    "residuals": "that regions are independent of one another given the regression",
    "selection": "that the data ask for this model",
    "absolute": "that convergence is absolute",
    "effects": "that it is there whatever the effects",
    "hot spots": "that single regions are hot or cold spots",
    "sample": "that all regions are in it",
    "islands": "that all regions have neighbours",
}
GIVEN: Mapping[str, str] = {
    "speed": "a half-life",
    "no convergence": "beta without the bias of its estimator",
    "controls": "beta without the words 'given the controls'",
    "identification": "the size of the spatial coefficient",
    "direct approach": "the spatial coefficient without the transformed one",
    "cv of logs": "a change of the coefficient of variation of logs",
}
# Where a finding may be that the regression itself has not.
CHANGED: Mapping[str, str] = {
    "regions": "without single regions",
    "effects": "under other effects",
    "weights": "under other weights",
    "halves": "in a half of the years",
}
UNASKED: Mapping[str, str] = {"clubs": "that all regions approach one level (not tested)"}


def written(s: Subject, findings: tuple[Finding, ...]) -> str:
    """Return what may be written and what may not, in one sentence."""
    verdicts = {f.name: f.verdict for f in findings}
    significant = bool(s.b.pvalues[INITIAL] <= 0.05)
    beta = f"beta {number(s.b.beta)}, {p_of_beta(s.b)}, {_effects(s)}"
    if not significant:
        low, high = s.b.conf_int(0.95).loc[INITIAL]
        reach = f"; 95 % interval {number(low)} to {number(high)}" if low == low else ""
        hidden = [said for name, said in CHANGED.items() if verdicts.get(name) in ("fail", "warn")]
        but = f", and that one of them is {_listed(hidden, 'and')}" if hidden else ""
        return (
            f"It may be written that neither convergence nor divergence is found at 5 % ({beta}{reach}){but}; it may "
            "not be written that there is none, nor any speed or half-life."
        )
    broken = [name for name in GROUNDS if verdicts.get(name) == "fail"]
    what = "regions converge" if s.claims else "regions diverge"
    if broken:
        reasons = _listed([GROUNDS[name] for name in broken[:3]], "and")
        return (
            f"It may not be written that {what}, since {reasons}; all that may be written is the estimate ({beta}), "
            "with what speaks against it."
        )
    bad = [name for name, verdict in verdicts.items() if verdict in ("fail", "warn", "not decided")]
    limits = [said for name, said in LIMITS.items() if name in bad]
    if "steady states" in bad and verdicts["steady states"] == "warn" and not s.own_levels:
        # The same as several clubs say, by another test.
        levels = LIMITS["clubs"]
        limits = [said for said in limits if said not in (levels, LIMITS["steady states"])]
        limits.insert(int("sigma" in bad), levels)
    elif "steady states" in bad and s.own_levels:
        limits = ["that each has a level of its own" if said == LIMITS["steady states"] else said for said in limits]
    if not s.spatial:
        limits = ["that neighbours do not matter" if said == LIMITS["weights"] else said for said in limits]
    limits += [said for name, said in UNASKED.items() if verdicts.get(name) == "not asked" and s.claims]
    given = [said for name, said in GIVEN.items() if name in bad]
    given += [] if s.claims else ["any speed of convergence"]
    may = f"It may be written that {_claim(s)} ({beta})"
    if not limits and not given:
        return f"{may}; no question speaks against it."
    if not limits:
        return f"{may}; one may not print {_listed(given)}."
    also = f", nor may one print {_listed(given)}" if given else ""
    return f"{may}; it may not be written {_listed(limits)}{also}."


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


def _listed(parts: list[str], last: str = "or") -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, {last} {parts[-1]}"
