"""Does coordination say more than development, and is it more than zeros, weights and where its classes are cut?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from spatialconv._options import first
from spatialconv.checks._finding import Finding, Verdict
from spatialconv.checks._subject import Effort
from spatialconv.index import Coupling, coupling
from spatialconv.results import number, plural

# Rank correlations of orders that are nearly alike, and no longer alike; of what is one and the same.
ALIKE, APART, SAME = 0.9, 0.7, 0.98
# How near to the edge of a class a score lies that its third decimal decides on, and how much a weight is moved.
NEAR, MOVED = 0.005, 0.5


def zeros(found: Coupling, effort: Effort) -> Finding:
    """Is no coupling zero because an index begins at zero?"""
    del effort
    name, question = "zeros", "Is no region uncoupled only because the lowest score of an index is zero?"
    count = int((found.table["coupling"] == 0).sum())
    evidence = f"coupling is zero in {count:,} of {len(found.table):,} cells"
    if not count:
        return Finding(name, question, "ok", evidence)
    where = found.table.index[found.table["coupling"] == 0]
    advice = "A minimum scaled to zero uncouples its region whatever the other systems are: shift the scores (shift=)."
    return Finding(name, question, "warn", f"{evidence}: {first([f'{r} ({t})' for t, r in where], 3)}", advice)


def development(found: Coupling, effort: Effort) -> Finding:
    """Does coordination say more than development?"""
    del effort
    name, question = "development", "Does coordination order regions otherwise than development alone?"
    r = _agreement(found.table["coordination"], found.table["development"])
    evidence = f"rank correlation of coordination with development {number(r, 2)}"
    if not r > SAME:
        return Finding(name, question, "ok", evidence)
    return Finding(name, question, "warn", evidence, "Say that D is here the level of development and nothing else.")


def weighting(found: Coupling, effort: Effort) -> Finding:
    """Do the weights of the systems make the order?"""
    del effort
    name, question = "weights", "Is the order of the regions the same under other weights of the systems?"
    kept = {}
    for system in found.systems:
        moved = {k: float(w) * (1 + MOVED * (k == system)) for k, w in found.weights.items()}
        other = coupling(found.source, found.systems, weights=moved)
        kept[system] = _agreement(found.table["coordination"], other.table["coordination"])
    least = min(kept, key=lambda key: kept[key])
    evidence = f"least rank correlation {number(kept[least], 2)} (half as much again of {least})"
    verdict: Verdict = "ok" if kept[least] >= ALIKE else "warn" if kept[least] >= APART else "fail"
    return Finding(
        name, question, verdict, evidence, "" if verdict == "ok" else f"Say why {least} weighs what it does."
    )


def classes(found: Coupling, effort: Effort) -> Finding:
    """Do classes hang on the third decimal?"""
    del effort
    name, question = "classes", "Are nearly all regions well inside of their class of coordination?"
    d = found.table["coordination"].to_numpy()
    edges = np.arange(1, 10) / 10
    near = int((np.abs(d[:, None] - edges).min(axis=1) < NEAR).sum())
    evidence = f"{near} of {len(d):,} lie within {NEAR} of the edge of a class"
    # Scores spread evenly lie there in a tenth of the cells.
    if near <= 0.15 * len(d):
        return Finding(name, question, "ok", evidence)
    return Finding(
        name, question, "warn", evidence, "Print the scores beside the classes: ten equal steps are a habit."
    )


def _agreement(a: pd.Series, b: pd.Series) -> float:
    """Rank correlation over regions, on average over periods."""
    both = pd.DataFrame({"a": a, "b": b})
    found = [part["a"].rank().corr(part["b"].rank()) for _, part in both.groupby(level=0, sort=False)]
    return float(np.nanmean(found))


QUESTIONS = (zeros, development, weighting, classes)
LIMITS = {
    "zeros": "that the lowest regions are uncoupled",
    "development": "that regions are coordinated, beyond how far they are developed",
    "weights": "that the order does not hang on the weights of the systems",
    "classes": "to which class single regions belong",
}


def claim(found: Coupling) -> str:
    """Return what the result says."""
    last = found.table.loc[found.periods[-1], "coordination"]
    mean = number(float(last.mean()), 2)
    return f"coordination is {mean} on average in {found.periods[-1]}, of {plural(len(last), 'region')}"
