"""Do the regions' own paths agree with one coefficient: one level or several, early and late?"""

from __future__ import annotations

import numpy as np
from scipy import stats

from spatialconv.checks._finding import LEVEL, Finding
from spatialconv.checks._subject import Subject
from spatialconv.convergence.beta.beta import INITIAL
from spatialconv.convergence.clubs.clubs import clubs as clubs_of
from spatialconv.convergence.clubs.log_t import log_t
from spatialconv.errors import SpatialConvError
from spatialconv.results import number, one_line, p_value, plural

# Below so many periods Phillips and Sul's regression has too few points to speak of.
ENOUGH = 15


def clubs(s: Subject) -> Finding:
    """Do the regions approach one level, or several?"""
    name, question = "clubs", "Do the regions' own paths bear the finding out, one level for all (log t)?"
    panel = s.panel
    if panel.n_periods < ENOUGH:
        said = f"log t says little with fewer than {ENOUGH} periods, and here are {panel.n_periods}"
        return Finding(name, question, "not asked", said)
    try:
        found = log_t(panel, s.b.variable)
    except SpatialConvError as error:
        return Finding(name, question, "not asked", one_line(error))
    evidence = f"log t over {panel.n_periods} periods: b {number(found.b, 3)}, t {number(found.statistic, 3)}"
    if not found.converges:
        evidence += " (rejected: t <= -1.65)"
        try:
            several = clubs_of(panel, s.b.variable)
        except SpatialConvError:
            pass
        else:
            sizes = [len(members) for members in several.members.values()]
            apart = panel.n_regions - sum(sizes)
            listed = " and ".join(str(size) for size in sizes[:6]) + (" and more" if len(sizes) > 6 else "")
            evidence += f"; {plural(len(sizes), 'club')} of {listed or 'no'} regions"
            evidence += f", {apart} in none" if apart else ""
    else:
        evidence += " (not rejected)"
    if s.claims and not found.converges:
        advice = (
            "A negative beta is compatible with several levels: do not write that all regions converge. Show the "
            "clubs (sc.clubs), or say to what each region converges, given the controls or its own effect."
        )
        return Finding(name, question, "warn", evidence, advice)
    return Finding(name, question, "ok", evidence)


def halves(s: Subject) -> Finding:
    """Is beta the same in the first and in the second half of the years?"""
    name, question = "halves", "Is beta the same in both halves of the years?"
    effects = s.b.fit.spec.effects
    if effects in ("region", "two-way"):
        # Simulated: 30 regions, 20 years, one beta for all of them; the test below rejects in 72 per cent of panels.
        reason = "the bias of each half depends on how far apart its regions begin, so that a difference tells nothing"
        return Finding(name, question, "not asked", f"under {effects} effects {reason}")
    periods = list(s.panel.periods)
    middle = len(periods) // 2
    if len(periods) < 3:
        return Finding(name, question, "not asked", f"{len(periods)} periods have no halves")
    parts = (periods[: middle + 1], periods[middle:])
    found = [s.again(panel=s.panel.subset(periods=part)) for part in parts]
    for part, b in zip(parts, found, strict=True):
        if isinstance(b, str):
            return Finding(name, question, "not asked", f"{part[0]} to {part[-1]} alone cannot be estimated: {b}")
    early, late = (b for b in found if not isinstance(b, str))
    # Errors of different years are independent in the model, and so nearly are the two estimates.
    spread = float(np.hypot(early.std_errors[INITIAL], late.std_errors[INITIAL]))
    if not spread > 0:
        return Finding(name, question, "not asked", "a half of the years gives no standard error of beta")
    p = float(2 * stats.norm.sf(abs(early.beta - late.beta) / spread))
    listed = ", ".join(
        f"{part[0]} to {part[-1]}: {number(b.beta)} ({p_value(b.pvalues[INITIAL])})"
        for part, b in zip(parts, (early, late), strict=True)
    )
    evidence = f"{listed}; {p_value(p)} for the same beta"
    turned = early.beta * late.beta < 0 and all(b.pvalues[INITIAL] <= LEVEL for b in (early, late))
    if p <= LEVEL and turned:
        advice = "Regions converge in one half and diverge in the other: print both; no one beta stands for them."
        return Finding(name, question, "fail", f"{evidence}; of opposite signs, both significant", advice)
    if p <= LEVEL:
        advice = "One beta for all years averages two: print both, or ask sc.beta_rolling when it changed."
        return Finding(name, question, "warn", evidence, advice)
    return Finding(name, question, "ok", evidence)
