"""Is the composite index more than its heaviest indicator, its weighting, or what was filled in?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from spatialconv._options import first
from spatialconv.checks._finding import Finding, Verdict
from spatialconv.checks._subject import Effort
from spatialconv.errors import SpatialConvError
from spatialconv.index import CompositeIndex, composite_index
from spatialconv.results import number, one_line, plural

# Rank correlations of indices that order regions nearly alike, and no longer alike.
ALIKE, APART = 0.9, 0.7
# Indicators that are one and the same, but for noise.
ONE = 0.95
# Share of filled cells that no reader would call complete.
MUCH = 0.05


def carried(index: CompositeIndex, effort: Effort) -> Finding:
    """Does one indicator make the order of the regions?"""
    del effort
    name, question = "indicators", "Is the order of the regions the same without each indicator?"
    kept: dict[str, float] = {}
    for indicator in index.indicators.names:
        try:
            kept[indicator] = _agreement(index, index.without(indicator))
        except SpatialConvError:
            continue
    if not kept:
        return Finding(name, question, "not asked", "no indicator can be left out")
    least = min(kept, key=lambda k: kept[k])
    evidence = f"least rank correlation {number(kept[least], 2)} (without {least})"
    return _agreeing(name, question, kept[least], evidence, f"Show the index without {least} beside it.")


def weighting(index: CompositeIndex, effort: Effort) -> Finding:
    """Do the weights make the order?"""
    del effort
    given = index.provenance.options["weighting"]
    other = "entropy" if given == "equal" else "equal"
    question = "Is the order of the regions the same under other weights?"
    return _again("weights", question, index, f"{other} weights", weighting=other)


def normalising(index: CompositeIndex, effort: Effort) -> Finding:
    """Does the way of normalising make the order?"""
    del effort
    other = "z" if index.provenance.options["normalise"] == "minmax" else "minmax"
    question = "Is the order of the regions the same normalised in another way?"
    return _again("normalising", question, index, f"normalise={other!r}", normalise=other, weighting="equal")


def _again(name: str, question: str, index: CompositeIndex, label: str, **changes: Any) -> Finding:
    kept, options = index.indicators, dict(index.provenance.options)
    groups: dict[str, list[str]] = {}
    for indicator, group in zip(kept.names, kept.groups, strict=True):
        groups.setdefault(group, []).append(indicator)
    told = {k: options[k] for k in ("weighting", "pooled", "normalise", "shift", "gaps", "aggregation")}
    try:
        other = composite_index(
            index.source, groups, direction=dict(zip(kept.names, kept.signs, strict=True)), max_vif=None,
            **{**told, **changes},
        )  # fmt: skip
    except SpatialConvError as error:
        return Finding(name, question, "not asked", one_line(error))
    r = _agreement(index, other)
    return _agreeing(name, question, r, f"rank correlation {number(r, 2)} with {label}", f"Show {label} beside it.")


def filled(index: CompositeIndex, effort: Effort) -> Finding:
    """Was the index computed from what was observed?"""
    del effort
    name, question = "observed", "Is the index made of observed values?"
    cells = index.source.n_regions * index.source.n_periods * len(index.asked.names)
    count = len(index.filled)
    evidence = f"{count:,} of {cells} values filled in ({count / cells:.1%})"
    if not count:
        return Finding(name, question, "ok", evidence)
    named = first(list(dict.fromkeys(index.filled["indicator"])))
    advice = "Say which values were filled in and how, and that the order of the regions does not hang on them."
    return Finding(name, question, "fail" if count > MUCH * cells else "warn", f"{evidence}: {named}", advice)


def twice(index: CompositeIndex, effort: Effort) -> Finding:
    """Does the same thing count twice?"""
    del effort
    name, question = "distinct", "Does every indicator say something of its own?"
    if index.terms.shape[1] < 2:
        return Finding(name, question, "not asked", "there is one indicator")
    correlation = index.terms.corr().abs().to_numpy(copy=True)
    np.fill_diagonal(correlation, 0)
    i, j = np.unravel_index(int(np.nanargmax(correlation)), correlation.shape)
    names = list(index.terms.columns)
    evidence = f"largest correlation {number(correlation[i, j], 2)} ({names[i]} and {names[j]})"
    if correlation[i, j] < ONE:
        return Finding(name, question, "ok", evidence)
    return Finding(name, question, "warn", evidence, f"{names[i]} and {names[j]} count one thing twice: leave one out.")


def comparable(index: CompositeIndex, effort: Effort) -> Finding:
    """Can scores of different periods be compared?"""
    del effort
    name, question = "over time", "Can scores of different periods be compared?"
    if index.source.n_periods < 2:
        return Finding(name, question, "not asked", "there is one period")
    if index.pooled:
        return Finding(name, question, "ok", "range and weights are those of all periods together")
    advice = "Write of ranks within a period, and of no growth of the index, nor of its convergence."
    return Finding(name, question, "fail", "each period has a range and weights of its own", advice)


def _agreement(one: CompositeIndex, other: CompositeIndex) -> float:
    """Rank correlation of the scores, on average over periods."""
    ranks = (frame.rank(axis=1).T for frame in (one.scores, other.scores))
    a, b = ranks
    return float(pd.Series({t: a[t].corr(b[t]) for t in a}).mean())


def _agreeing(name: str, question: str, r: float, evidence: str, advice: str) -> Finding:
    verdict: Verdict = "ok" if r >= ALIKE else "warn" if r >= APART else "fail"
    return Finding(name, question, verdict, evidence, "" if verdict == "ok" else advice)


QUESTIONS = (carried, weighting, normalising, filled, twice, comparable)
LIMITS = {
    "indicators": "that the order is that of all indicators",
    "weights": "that the order does not hang on the weights",
    "normalising": "that the order does not hang on how indicators are normalised",
    "observed": "that it is made of observed values alone",
    "distinct": "that every indicator adds something",
    "over time": "that scores rise, fall or converge over the periods",
}


def claim(index: CompositeIndex) -> str:
    """Return what the result says."""
    top = index.ranks().index[0]
    return f"{top} has the highest score in {index.scores.index[-1]}, of {plural(index.source.n_regions, 'region')}"
