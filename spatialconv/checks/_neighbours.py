"""Is the finding the same with other neighbours, and is it these neighbours that matter, or any?"""

from __future__ import annotations

from typing import Any

import numpy as np

from spatialconv.checks._finding import LEVEL, Finding
from spatialconv.checks._links import dealt
from spatialconv.checks._robustness import compared
from spatialconv.checks._subject import Subject
from spatialconv.convergence.beta.beta import BetaConvergence
from spatialconv.dependence import residual_unit_root
from spatialconv.errors import SpatialConvError
from spatialconv.results import number, one_line, p_value, plural
from spatialconv.summary import time_axis

# A log-likelihood higher by 3 makes other links twenty times as likely: strong evidence (Kass and Raftery 1995).
BETTER = 3.0
# Times that neighbours are dealt anew, and of many regions, whose fits cost seconds.
DEALS, FEWER, MANY = 39, 19, 1000
# Regions below which tests of a spatial unit root have no power, and the low frequencies that they see.
PLACES, FREQUENCIES = 16, 15


def weights(s: Subject) -> Finding:
    """Does beta survive other weights, and do none of them fit better?"""
    question = "Is the finding the same under other weights, and does none of them fit better?"
    name = "weights"
    if not s.others:
        why = "no other weights can be made" if s.b.asked.w is not None else "no weights are at hand; pass geometry="
        return Finding(name, question, "not asked", why)
    if s.spatial:
        variants = {label: s.again(w=w) for label, w in s.others.items()}
    else:
        links = {"the weights given": s.b.asked.w} if s.b.asked.w is not None else dict(s.others)
        variants = {
            f"{label} in a spatial {kind}": s.again(w=w, spatial=kind)
            for label, w in links.items()
            for kind in ("lag", "error")
        }
    found = compared(name, question, s.b, variants)
    if found.verdict == "not asked":
        return found
    gains = {
        label: float(v.loglik - s.b.loglik)
        for label, v in variants.items()
        if isinstance(v, BetaConvergence) and v.fit.correction == s.b.fit.correction
    }
    best = max(gains, key=lambda label: gains[label], default="")
    if not best or not gains[best] > BETTER:
        return found
    said = f"{found.evidence}; {best}: log-likelihood higher by {number(gains[best], 1)}"
    advice = (
        f"The data take {best} for the neighbours: show the regression with them, or say why not."
        if s.spatial
        else f"Neighbours belong into the regression ({best}): show it with them."
    )
    return Finding(name, question, "warn" if found.verdict == "ok" else found.verdict, said,
                   f"{found.advice} {advice}".strip())  # fmt: skip


def neighbours(s: Subject) -> Finding:
    """Is the spatial coefficient that of these neighbours, or would any do?"""
    question = "Is the spatial coefficient beyond what neighbours dealt at random give?"
    name, b = "neighbours", s.b
    terms = [t for t in ("rho", "lambda") if t in b.params.index]
    if not terms or b.asked.w is None:
        return Finding(name, question, "not asked", "the regression has no spatial coefficient")
    if b.asked.error_w is not None:
        return Finding(name, question, "not asked", "lag and error have links of their own")
    term = terms[0]
    own = float(b.tstats[term])
    if not abs(own) > 0:
        return Finding(name, question, "not asked", f"{term} has no standard error")
    shown = f"{term} {number(b.params[term])} ({p_value(b.pvalues[term])})"
    if b.pvalues[term] > LEVEL:
        return Finding(name, question, "not asked", f"{shown}: no dependence on neighbours is found")
    regions = b.fit.design.regions
    rng = np.random.default_rng(s.effort.seed)
    deals = DEALS if len(regions) <= MANY else FEWER
    drawn = [_dealt(s, rng.permutation(len(regions)), term) for _ in range(deals)]
    kept = np.array([z for z in drawn if np.isfinite(z)])
    if len(kept) < FEWER:
        return Finding(name, question, "not asked", "the regression cannot be estimated with neighbours dealt anew")
    significant, further = int((abs(kept) > 1.96).sum()), int((abs(kept) >= abs(own)).sum())
    evidence = (
        f"{shown}; with neighbours dealt at random {plural(len(kept), 'time')} significant at 5 % in {significant}, "
        f"as far from zero in {further}"
    )
    # That links of others are significant too is what all regions share; a coefficient far beyond theirs is not that.
    common = 4 * further > len(kept)
    if further > LEVEL * len(kept):
        advice = (
            "Any neighbours give it: what all regions share stands behind the coefficient, not these links. Add time "
            "effects or what is shared, and write of no spillovers between neighbours."
        )
        return Finding(name, question, "fail" if common else "warn", evidence, advice)
    return Finding(name, question, "ok", evidence)


def _dealt(s: Subject, order: Any, term: str) -> float:
    found = s.again(w=dealt(s.b.asked.w, s.b.fit.design.regions, order))
    return float(found.tstats[term]) if isinstance(found, BetaConvergence) and term in found.tstats.index else np.nan


def unit_root(s: Subject) -> Finding:
    """Does what is left of growth hold over large parts of the map, as a random walk does, and blocks of regions do?"""
    name = "unit root"
    question = "Does what the regression leaves die out over the map, rather than hold over large parts of it?"
    if s.geometry is None:
        return Finding(name, question, "not asked", "no places are at hand; pass geometry=")
    n = s.b.fit.n_regions
    if n < PLACES:
        return Finding(name, question, "not asked", f"the tests see nothing in fewer than {PLACES} regions")
    time, _ = time_axis(s.panel.periods)
    whole = int(time[-1] - time[0])
    # Of one cross-section: that of the regression, or growth over all years at once on the level of the first.
    one = s.again(w=None, error_w=None, spatial="none", durbin=(), effects="none", horizon=whole)
    if isinstance(one, str):
        return Finding(name, question, "not asked", f"growth over all {whole} periods at once: {one}")
    try:
        found = residual_unit_root(one, s.geometry, q=min(FREQUENCIES, n - len(one.params)), draws=999)
    except SpatialConvError as error:
        return Finding(name, question, "not asked", one_line(error))
    row = found.table.iloc[0]
    evidence = (
        f"residuals of growth over {plural(whole, 'period')}: {p_value(row['no_unit_root_p'])} for no unit root, "
        f"{p_value(row['unit_root_p'])} for one ({found.q} frequencies)"
    )
    if row["no_unit_root_p"] > LEVEL:
        return Finding(name, question, "ok", evidence)
    # A step between two blocks of the map is as persistent as a walk, and the low frequencies tell them apart badly.
    advice = (
        "It walks over the map or differs between blocks of it: show the blocks (sc.clubs, a map of the residuals), "
        "or take differences over the map (sc.spatial_differences), or inference that allows for it (vcov='scpc')."
    )
    return Finding(name, question, "warn", evidence, advice)
