"""Are clusters by location quotients more than small numbers, and do they last?"""

from __future__ import annotations

import numpy as np
from scipy import stats

from spatialconv.agglomeration import LocationQuotients
from spatialconv.checks._finding import LEVEL, Finding, Verdict
from spatialconv.checks._subject import Effort
from spatialconv.results import number, plural

# A share of its industry below which a region is no place where the industry gathers.
SLIGHT = 0.01


def numbers(found: LocationQuotients, effort: Effort) -> Finding:
    """Could so large quotients come about by chance in so small counts?"""
    del effort
    name, question = "small numbers", "Is every cluster more than chance makes of small numbers?"
    values, quotients = found.source.values, found._array()
    if not np.allclose(values, np.round(values)):
        return Finding(name, question, "not asked", f"{found.source.quantity} is no count")
    clusters = found.clusters()
    if not len(clusters):
        return Finding(name, question, "not asked", "no quotient exceeds the threshold")
    totals = values.sum(axis=(1, 2), keepdims=True)
    expected = values.sum(axis=2, keepdims=True) * values.sum(axis=1, keepdims=True) / totals
    p = stats.poisson.sf(np.round(values) - 1, expected)
    # Benjamini and Hochberg (1995) over all pairs, as any of them might have been called a cluster.
    asked = np.isfinite(quotients)
    held = np.sort(p[asked])
    under = np.flatnonzero(held <= LEVEL * np.arange(1, len(held) + 1) / len(held))
    cut = held[under[-1]] if len(under) else -1.0
    limit = float(clusters["quotient"].min())
    over = asked & (np.nan_to_num(quotients, nan=-np.inf) >= limit)
    sure = int((over & (p <= cut)).sum())
    evidence = f"{sure} of {len(clusters):,} pairs above the threshold are more than Poisson counts give (FDR 5 %)"
    verdict: Verdict = "ok" if sure == len(clusters) else "warn" if 2 * sure >= len(clusters) else "fail"
    advice = "Name no cluster that rests on a handful: set a least size beside the threshold."
    return Finding(name, question, verdict, evidence, "" if verdict == "ok" else advice)


def weight(found: LocationQuotients, effort: Effort) -> Finding:
    """Are clusters places where much of the industry is?"""
    del effort
    name, question = "share", "Does every cluster hold at least one per cent of its industry?"
    clusters = found.clusters()
    if not len(clusters):
        return Finding(name, question, "not asked", "no quotient exceeds the threshold")
    slight = int((clusters["share_of_industry"] < SLIGHT).sum())
    evidence = (
        f"{slight} of {len(clusters):,} hold less; median share {number(clusters['share_of_industry'].median(), 3)}"
    )
    if not slight:
        return Finding(name, question, "ok", evidence)
    advice = "A quotient is large where a region is small: print the share of the industry beside it."
    return Finding(name, question, "warn", evidence, advice)


def normal(found: LocationQuotients, effort: Effort) -> Finding:
    """Does 1.96 hold as a threshold?"""
    del effort
    name, question = "threshold", "Are standardised quotients normal, as their threshold supposes?"
    if not found.kind.startswith("standardised"):
        return Finding(name, question, "not asked", "the quotients are not standardised")
    p = found.normality().to_numpy().ravel()
    p = p[np.isfinite(p)]
    if not len(p):
        return Finding(name, question, "not asked", "too few regions for the test")
    rejected = int((p <= LEVEL / len(p)).sum())
    evidence = f"Shapiro and Wilk reject it for {rejected} of {plural(len(p), 'industry', 'industries')} (5 % over all)"
    if not rejected:
        return Finding(name, question, "ok", evidence)
    return Finding(name, question, "warn", evidence, "Take the other form (logs), or a bootstrap threshold.")


def lasting(found: LocationQuotients, effort: Effort) -> Finding:
    """Are the clusters of the first period those of the last?"""
    del effort
    name, question = "lasting", "Are most clusters of the first period still there in the last?"
    source = found.source
    if source.n_periods < 2:
        return Finding(name, question, "not asked", "there is one period")
    clusters = found.clusters()
    period, region, industry = clusters.columns[:3]
    pairs = {t: set(zip(part[region], part[industry], strict=True)) for t, part in clusters.groupby(period)}
    begun, ended = (pairs.get(source.periods[k], set()) for k in (0, -1))
    if not begun:
        return Finding(name, question, "not asked", f"no cluster in {source.periods[0]}")
    stay = len(begun & ended)
    evidence = f"{stay} of {len(begun):,} clusters of {source.periods[0]} are clusters in {source.periods[-1]}"
    if 2 * stay >= len(begun):
        return Finding(name, question, "ok", evidence)
    return Finding(name, question, "warn", evidence, "Say of which period a cluster is.")


QUESTIONS = (numbers, weight, normal, lasting)
LIMITS = {
    "small numbers": "that each of them is a cluster",
    "share": "that the industry gathers there",
    "threshold": "that quotients above 1.96 are significant",
    "lasting": "that they last",
}


def claim(found: LocationQuotients) -> str:
    """Return what the result says."""
    return f"{plural(len(found.clusters()), 'pair')} of region and industry lie above the threshold of the quotient"
