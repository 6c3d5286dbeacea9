"""Rules on composite indices and collinearity: entropy, utility, weight; variance inflation and tolerance."""

from __future__ import annotations

import math
from collections.abc import Iterator

from spatialconv.auditing.description.figures import Figure, Interval, exactly, total
from spatialconv.auditing.description.reported import Listing, Reported
from spatialconv.auditing.rules.registry import Check, agree, rule

_SHANNON = "Shannon (1948); entropy weights"


def _tables(reported: Reported, kind: str) -> Iterator[Listing]:
    return (table for table in reported.of(Listing) if table.kind == kind)


@rule("entropy", "entropy lies between 0 and 1, and utility = 1 - entropy", source=_SHANNON)
def entropy(reported: Reported) -> Iterator[Check]:
    """Check entropies and utilities."""
    for table in _tables(reported, "index"):
        for row in table.rows:
            held, utility = table.get(row, "entropy"), table.get(row, "utility")
            if held is not None:
                message = f"an entropy of {held.text} is none"
                fits = held.range.meets(Interval(0.0, 1.0)) and 0 <= held.value <= 1
                yield Check(table.where(row, "entropy"), fits, held.text, held.text, "0 to 1", message)
            if held is not None and utility is not None:
                found = -(held.range.shifted(-1.0))
                message = f"1 - entropy lies in {found}; the utility printed is {utility.text}"
                text = f"entropy {held.text}, utility {utility.text}"
                yield agree(table.where(row, "utility"), text, utility.range, found, message)


@rule("weights of an index", "weight = utility / sum of utilities; weights add up to one", source=_SHANNON)
def index_weights(reported: Reported) -> Iterator[Check]:
    """Check weights against utilities, and their sum; a table that leaves indicators out says complete = false."""
    for table in _tables(reported, "index"):
        weights = {row: w for row in table.rows if (w := table.get(row, "weight")) is not None}
        for row, weight in weights.items():
            message = f"a weight of {weight.text} is none"
            fits = weight.range.meets(Interval(0.0, 1.0)) and 0 <= weight.value <= 1
            yield Check(table.where(row, "weight"), fits, weight.text, weight.text, "0 to 1", message)
        if not table.complete:
            continue
        utilities = {row: u for row in table.rows if (u := _utility(table, row)) is not None}
        if len(utilities) == len(table.rows):
            for row, weight in weights.items():
                found = _share(utilities, row)
                message = f"utility over the sum of utilities lies in {found}; the weight printed is {weight.text}"
                yield agree(table.where(row, "weight"), f"weight {weight.text}", weight.range, found, message)
        if len(weights) == len(table.rows):
            whole = total([w.range for w in weights.values()])
            listed = " + ".join(w.text for w in weights.values())
            yield agree(
                f"{table.name}, weight", listed, exactly(1.0), whole, f"the weights add up to {whole}, not to 1"
            )


def _utility(table: Listing, row: str) -> Interval | None:
    utility, held = table.get(row, "utility"), table.get(row, "entropy")
    if utility is not None:
        other = -(held.range.shifted(-1.0)) if held else utility.range
        return utility.range.common(other) or utility.range
    return -(held.range.shifted(-1.0)) if held else None


def _share(utilities: dict[str, Interval], row: str) -> Interval:
    # The utility enters above and below the line: the share grows with it, and falls with each of the others.
    own, others = utilities[row], total([u for r, u in utilities.items() if r != row])
    low, high = max(own.low, 0.0), own.high
    least = low / (low + others.high) if low + others.high > 0 else 0.0
    most = high / (high + max(others.low, 0.0)) if high > 0 else 0.0
    return Interval(least * (1 - 1e-12), min(1.0, most * (1 + 1e-12)))


@rule(
    "groups of an index",
    "the weight of a group is the sum of those of its indicators; groups add up to one",
    source=_SHANNON,
)
def groups(reported: Reported) -> Iterator[Check]:
    """Check the weights of groups of indicators."""
    for table in _tables(reported, "index"):
        for name, printed in table.group_weights.items():
            members = [w for row in table.groups.get(name, ()) if (w := table.get(row, "weight")) is not None]
            if members:
                found = total([m.range for m in members])
                listed = " + ".join(m.text for m in members)
                message = f"{listed} lies in {found}; printed is {printed.text}"
                yield agree(f"{table.name}, {name}", listed, printed.range, found, message)
        if table.group_weights and table.complete:
            whole = total([g.range for g in table.group_weights.values()])
            listed = " + ".join(g.text for g in table.group_weights.values())
            message = f"the weights of the groups add up to {whole}, not to 1"
            yield agree(f"{table.name}, groups", listed, exactly(1.0), whole, message)


@rule("constant of entropy", "k = 1 / ln(number of values)", source=_SHANNON)
def constant(reported: Reported) -> Iterator[Check]:
    """Check the constant that scales entropy to one."""
    for table in _tables(reported, "index"):
        if table.k is not None and table.k_n:
            found = exactly(1 / math.log(table.k_n))
            message = f"1 / ln {table.k_n} = {found}; printed is {table.k.text}"
            yield agree(f"{table.name}, k", f"k {table.k.text}, {table.k_n} values", table.k.range, found, message)


@rule("variance inflation", "VIF >= 1, tolerance = 1 / VIF, and their mean is that of the rows", source="definition")
def inflation(reported: Reported) -> Iterator[Check]:
    """Check variance inflation factors, tolerances and the mean."""
    for table in _tables(reported, "vif"):
        held: list[Figure] = []
        for row in table.rows:
            vif, tolerance = table.get(row, "vif"), table.get(row, "tolerance")
            if vif is None:
                continue
            held.append(vif)
            message = f"VIF {vif.text} is below one"
            yield Check(table.where(row, "vif"), vif.range.high >= 1, vif.text, vif.text, "1 or more", message)
            if tolerance is not None:
                found = exactly(1.0) / vif.range
                message = f"1 / VIF lies in {found}; printed is {tolerance.text}"
                text = f"VIF {vif.text}, 1/VIF {tolerance.text}"
                yield agree(table.where(row, "tolerance"), text, tolerance.range, found, message)
        if table.mean is not None and held:
            found = total([v.range for v in held]) / exactly(len(held))
            message = f"the mean of the {len(held)} VIF lies in {found}; printed is {table.mean.text}"
            listed = f"{len(held)} VIF, mean {table.mean.text}"
            yield agree(f"{table.name}, mean", listed, table.mean.range, found, message)
