"""Is the finding there with one thing changed: other weights, a region less, a control less, other effects?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from spatialconv._options import FixedEffects
from spatialconv.checks._chance import Chance, chance, rivals
from spatialconv.checks._finding import LEVEL, Finding
from spatialconv.checks._subject import Subject
from spatialconv.convergence.beta.beta import INITIAL, BetaConvergence
from spatialconv.models.small_samples.influence import moved_most
from spatialconv.results import number

# One region carries a finding that is lost without it while beta keeps less than this share of its size.
CARRIED = 0.5
# Up to so many regions each is left out; of more, so many of those that matter.
ALL_REFITTED, MOST_REFITTED = 100, 40


def regions(s: Subject) -> Finding:
    """Does beta survive without each region?"""
    question = "Is the finding the same without each region?"
    every = s.b.fit.design.regions
    if len(every) <= 4:
        return Finding("regions", question, "not asked", f"{len(every):,} regions are too few to leave one out")
    chosen, said = _to_leave_out(s)
    variants = {f"without {r}": s.again(panel=s.panel.subset(regions=every.drop(r))) for r in chosen}
    found = _carried(compared("regions", question, s.b, variants), s.b, variants)
    return replace(found, evidence=f"{found.evidence} ({said})") if said else found


def _to_leave_out(s: Subject) -> tuple[list[Any], str]:
    """Return the regions without which the regression is estimated anew, and why not more."""
    every = s.b.fit.design.regions
    if len(every) <= ALL_REFITTED:
        return list(every), ""
    found = moved_most([s.b.fit], INITIAL, MOST_REFITTED)
    which = "those with the most extreme initial levels"
    if found.fits:
        which = f"those that move beta most by their influence, at most {found.largest:.2f} standard errors"
    return [every[i] for i in found.places], f"{len(found.places):,} of {len(every):,} regions, {which}"


def _carried(found: Finding, base: BetaConvergence, variants: Mapping[str, Any]) -> Finding:
    """Fail a finding that one region carries: lost without it, most of beta with it, and not merely a p next to 5 %."""
    if not star(base):
        return found
    known = {k: v for k, v in variants.items() if isinstance(v, BetaConvergence) and not np.isnan(v.pvalues[INITIAL])}
    kept = {label: v.beta / base.beta for label, v in known.items()}
    alone = [label for label, share in kept.items() if share < CARRIED and not star(variants[label])]
    if alone:
        least = min(alone, key=lambda label: kept[label])
        said = f"{found.evidence}; {least} beta is {number(variants[least].beta)} and not significant"
        advice = f"One region carries the finding ({least} it is gone): withdraw it, or say that it is that region's."
        return Finding(found.name, found.question, "fail", said, advice)
    most = min(kept, key=lambda label: kept[label], default="")
    if found.verdict == "ok" and kept and kept[most] < CARRIED:
        said = f"{found.evidence}; {most} beta keeps {kept[most]:.0%} of its size"
        return Finding(found.name, found.question, "warn", said, f"Show beta {most} beside it.")
    return found


def controls(s: Subject) -> Finding:
    """Does beta survive without each control, and without all?"""
    question = "Is the finding the same without each control?"
    if not s.controls:
        return Finding("controls", question, "not asked", "the regression has no controls: convergence is absolute")
    kept = {f"without {c}": tuple(k for k in s.controls if k != c) for c in s.controls}
    if len(s.controls) > 1:
        kept["without any"] = ()
    variants = {name: s.again(controls=left, durbin=_durbin(s, left)) for name, left in kept.items()}
    found = compared("controls", question, s.b, variants)
    if len(s.controls) > 1 or found.verdict != "fail":
        return found
    # With one control the variant is absolute convergence, and that it is absent makes the finding conditional.
    advice = f"Convergence is conditional on {s.controls[0]}: say so wherever it is claimed, in the title too."
    return Finding("controls", question, "warn", found.evidence, advice)


def effects(s: Subject) -> Finding:
    """Does beta survive other effects?"""
    question = "Is the finding the same under other effects?"
    own = s.b.fit.spec.effects
    others, meant = [e for e in get_args(FixedEffects) if e != own], rivals(s)
    variants = {f"{e} effects" if e != "none" else "no effects": s.again(effects=e) for e in others}
    # Region effects find convergence in panels without any: what lies among those is not held against the rest.
    anyway = [
        f"{e} effects" for e in others if e in ("region", "two-way") and isinstance(c := chance(s, e), Chance)
        and c.claims and c.inside is not False
    ]  # fmt: skip
    bare = [f"{e} effects" if e != "none" else "no effects" for e in others if e not in meant]
    asked = {name: v for name, v in variants.items() if name not in (*anyway, *bare)}
    listed = ", ".join(f"{name} {number(v.beta)}{star(v)}" for name, v in variants.items() if not isinstance(v, str))
    evidence = f"{own if own != 'none' else 'no'} effects {number(s.b.beta)}{star(s.b)}; {listed} (* p <= {LEVEL})"
    evidence += f"; not counted, since found without convergence too: {', '.join(anyway)}" if anyway else ""
    evidence += f"; not counted, since periods differ beyond doubt: {', '.join(bare)}" if bare else ""
    if not asked:
        return Finding("effects", question, "not asked", evidence)
    found = compared("effects", question, s.b, asked)
    verdict = found.verdict
    # Levels of their own, closed in on, need not show without region effects: another question, and no contradiction.
    if verdict == "fail" and own in ("region", "two-way") and isinstance(c := chance(s, own), Chance) and c.finds:
        verdict = "warn"
    advice = (
        "Under region and two-way effects beta is biased towards convergence where periods are few; see "
        "'no convergence' before taking them for support."
    )
    return Finding("effects", question, verdict, evidence, advice if verdict != "ok" else "")


def _durbin(s: Subject, left: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in s.b.asked.options["durbin"] if name == INITIAL or name in left)


def star(b: BetaConvergence) -> str:
    """Return a star where beta is significant at 5 %."""
    return "*" if b.pvalues[INITIAL] <= LEVEL else ""


def compared(name: str, question: str, base: BetaConvergence, variants: Mapping[str, Any]) -> Finding:
    """Compare sign and significance at 5 % of the variants with those of the base."""
    # A variant without a p (its spatial coefficient on a bound) says nothing of significance.
    lost = {label: "no standard error of beta" if isinstance(v, BetaConvergence) else v for label, v in variants.items()
            if not isinstance(v, BetaConvergence) or np.isnan(v.pvalues[INITIAL])}  # fmt: skip
    found = {label: v for label, v in variants.items() if label not in lost}
    if not found:
        return Finding(name, question, "not asked", f"no variant can be estimated: {next(iter(lost.values()), '')}")
    same = {k: v for k, v in found.items() if star(v) and v.beta * base.beta > 0}
    against = {k: v for k, v in found.items() if star(v) and v.beta * base.beta <= 0}
    low, high = (pick(found, key=lambda k: found[k].beta) for pick in (min, max))
    significant = bool(star(base))
    reach = f"beta from {number(found[low].beta)} ({low}) to {number(found[high].beta)} ({high})"
    sign = "negative" if base.beta < 0 else "positive"
    counted = f"{sign} and significant at 5 % in {len(same):,} of {len(found):,}"
    counted += f", of the other sign and significant in {len(against)}" if against else ""
    counted += f"; {len(lost)} could not be estimated" if lost else ""
    stated = f"here {number(base.beta)} ({'significant' if significant else 'not significant'})"
    evidence = f"{stated}; {counted}; {reach}"
    if significant:
        verdict = "fail" if against or 2 * len(same) < len(found) else ("ok" if len(same) == len(found) else "warn")
        weakest = max(found, key=lambda k: found[k].pvalues[INITIAL])
        advice = f"The finding hangs on this choice (weakest: {weakest}). Show the variants beside it, or withdraw it."
    else:
        # Of many variants some are significant by chance: one counts at 5 % over their number, or half of them do.
        sure = [k for k in (*same, *against) if found[k].pvalues[INITIAL] <= LEVEL / len(found)]
        verdict = "warn" if sure or 2 * len(same | against) > len(found) else "ok"
        advice = "What is not found here is found with something changed: show both, and say why this one."
    return Finding(name, question, verdict, evidence, "" if verdict == "ok" else advice)  # type: ignore[arg-type]
