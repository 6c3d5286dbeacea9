"""Is the finding there with one thing changed: other weights, a region less, a control less, other effects?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from spatialconv._options import FixedEffects
from spatialconv.checks._finding import Finding
from spatialconv.checks._subject import Subject
from spatialconv.convergence.beta.beta import INITIAL, BetaConvergence
from spatialconv.results import number

LEVEL = 0.05
# Regions that are left out one at a time; of more, those farthest from the middle of the initial levels.
MOST_REGIONS = 200


def weights(s: Subject) -> Finding:
    """Does beta survive other weights?"""
    question = "Is the finding there under other weights?"
    if not s.spatial:
        return Finding("weights", question, "not asked", "the regression has no spatial weights")
    if not s.others:
        return Finding("weights", question, "not asked", "no other weights are at hand; pass geometry=")
    return _compared("weights", question, s.b, {name: s.again(w=w) for name, w in s.others.items()})


def regions(s: Subject) -> Finding:
    """Does beta survive without each region?"""
    question = "Is the finding there without each region?"
    every = s.b.fit.design.regions
    if len(every) <= 4:
        return Finding("regions", question, "not asked", f"{len(every)} regions are too few to leave one out")
    chosen = list(every)
    if len(every) > MOST_REGIONS:
        away = (s.regressors.values(INITIAL).mean(axis=0) - s.regressors.values(INITIAL).mean()) ** 2
        chosen = [every[i] for i in (-away).argsort(kind="stable")[:MOST_REGIONS]]
    variants = {f"without {r}": s.again(panel=s.panel.subset(regions=every.drop(r))) for r in chosen}
    found = _compared("regions", question, s.b, variants)
    if len(chosen) < len(every):
        said = f"{found.evidence} ({MOST_REGIONS} of {len(every)} regions, those with the most extreme initial levels)"
        found = Finding(found.name, found.question, found.verdict, said, found.advice)
    return found


def controls(s: Subject) -> Finding:
    """Does beta survive without each control, and without all?"""
    question = "Is the finding there without each control?"
    if not s.controls:
        return Finding("controls", question, "not asked", "the regression has no controls: convergence is absolute")
    kept = {f"without {c}": tuple(k for k in s.controls if k != c) for c in s.controls}
    if len(s.controls) > 1:
        kept["without any"] = ()
    variants = {name: s.again(controls=left, durbin=_durbin(s, left)) for name, left in kept.items()}
    found = _compared("controls", question, s.b, variants)
    if len(s.controls) > 1 or found.verdict != "fail":
        return found
    # With one control the variant is absolute convergence, and that it is absent makes the finding conditional.
    advice = f"Convergence is conditional on {s.controls[0]}: say so wherever it is claimed, in the title too."
    return Finding("controls", question, "warn", found.evidence, advice)


def effects(s: Subject) -> Finding:
    """Does beta survive other effects?"""
    question = "Is the finding there under other effects?"
    own = s.b.fit.spec.effects
    others = [e for e in get_args(FixedEffects) if e != own]
    variants = {f"{e} effects" if e != "none" else "no effects": s.again(effects=e) for e in others}
    found = _compared("effects", question, s.b, variants)
    listed = ", ".join(f"{name} {number(v.beta)}{_star(v)}" for name, v in variants.items() if not isinstance(v, str))
    evidence = f"{own if own != 'none' else 'no'} effects {number(s.b.beta)}{_star(s.b)}; {listed} (* p <= {LEVEL})"
    advice = (
        "Under region and two-way effects beta is biased towards convergence where periods are few; see "
        "'no convergence' before taking them for support."
    )
    return Finding("effects", question, found.verdict, evidence, advice if found.verdict != "ok" else "")


def _durbin(s: Subject, left: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in s.b.asked.options["durbin"] if name == INITIAL or name in left)


def _star(b: BetaConvergence) -> str:
    return "*" if b.pvalues[INITIAL] <= LEVEL else ""


def _compared(name: str, question: str, base: BetaConvergence, variants: Mapping[str, Any]) -> Finding:
    """Compare sign and significance at 5 % of the variants with those of the base."""
    found = {label: v for label, v in variants.items() if isinstance(v, BetaConvergence)}
    lost = {label: v for label, v in variants.items() if isinstance(v, str)}
    if not found:
        return Finding(name, question, "not asked", f"no variant can be estimated: {next(iter(lost.values()), '')}")
    same = {k: v for k, v in found.items() if _star(v) and v.beta * base.beta > 0}
    against = {k: v for k, v in found.items() if _star(v) and v.beta * base.beta <= 0}
    low, high = (pick(found, key=lambda k: found[k].beta) for pick in (min, max))
    significant = bool(_star(base))
    reach = f"beta from {number(found[low].beta)} ({low}) to {number(found[high].beta)} ({high})"
    sign = "negative" if base.beta < 0 else "positive"
    counted = f"{sign} and significant at 5 % in {len(same)} of {len(found)}"
    counted += f", of the other sign and significant in {len(against)}" if against else ""
    counted += f"; {len(lost)} could not be estimated" if lost else ""
    stated = f"here {number(base.beta)} ({'significant' if significant else 'not significant'})"
    evidence = f"{stated}; {counted}; {reach}"
    if significant:
        verdict = "fail" if against or 2 * len(same) < len(found) else ("ok" if len(same) == len(found) else "warn")
        weakest = max(found, key=lambda k: found[k].pvalues[INITIAL])
        advice = f"The finding hangs on this choice (weakest: {weakest}). Show the variants beside it, or withdraw it."
    else:
        verdict = "warn" if same or against else "ok"
        advice = "What is not found here is found with something changed: show both, and say why this one."
    return Finding(name, question, verdict, evidence, "" if verdict == "ok" else advice)  # type: ignore[arg-type]
