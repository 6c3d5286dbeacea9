"""What labels of two sources would match under which rule: said in errors, and never done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations
from typing import Any

from spatialconv._labels.rules import MOST_DIGITS, rule_of, words

# Rules are tried together up to this many labels; beyond, one by one.
_MANY = 20_000


def hint(wanted: Iterable[Hashable], there: Iterable[Hashable]) -> str:
    """Say which rule would find most of the wanted labels among those that are there, or nothing if none finds more.

    A rule that makes one of two labels of a source is none: it would match what is not the same.
    """
    mine, theirs = list(dict.fromkeys(wanted)), list(dict.fromkeys(there))
    exact = set(theirs)
    now = sum(label in exact for label in mine)
    best, most = "", now
    for rule in _candidates(mine, theirs):
        found = matches(mine, theirs, rule)
        if found > most:
            best, most = rule, found
        if most == len(mine):
            break
    if not best:
        return ""
    return (
        f" {words(best)!r} would match {most} of {len(mine):,} (as they stand: {now}): bring both into one form by "
        f"relabel = {best!r} where they are read, or by sc.relabel(…, {best!r})."
    )


def matches(mine: Sequence[Any], theirs: Sequence[Any], rule: str) -> int:
    """Return how many of some labels are found among others under a rule; 0 if it merges any of either."""
    apply = rule_of(rule)
    left, right = [apply(label) for label in mine], {apply(label) for label in theirs}
    if len(set(left)) < len(left) or len(right) < len(theirs):
        return 0
    return sum(label in right for label in left)


def _candidates(mine: Sequence[Any], theirs: Sequence[Any]) -> Iterable[str]:
    """Yield rules, the mildest first: those that change how a label is written before those that change its letters."""
    digits = _width(mine, theirs)
    mild = ["blanks", "unicode", "decimals", *([digits] if digits else [])]
    single = ["text", *mild, "case", "accents"]
    yield from single
    if len(mine) + len(theirs) > _MANY:
        return
    for size in range(2, len(single)):
        for chosen in combinations(single[1:], size):
            # Zeros are filled up last, when the label is nothing but its digits.
            yield "+".join([*(part for part in chosen if part != digits), *([digits] if digits in chosen else [])])


def _width(mine: Sequence[Any], theirs: Sequence[Any]) -> str:
    """Return the rule that fills up with zeros, to the width that most labels have which begin with one."""
    texts = [rule_of("blanks+unicode+decimals")(label) for label in (*mine, *theirs)]
    widths = Counter(len(text) for text in texts if text.isascii() and text.isdigit() and text.startswith("0"))
    if not widths:
        return ""
    width = widths.most_common(1)[0][0]
    return f"digits:{width}" if width <= MOST_DIGITS else ""


def looks_alike(labels: Iterable[Any]) -> str:
    """Name labels of one source that differ in nothing that is seen: blanks, Unicode forms, .0; nothing if none do."""
    texts = [label for label in dict.fromkeys(labels) if isinstance(label, str)]
    # Most labels are plain, and a panel is made many times.
    if all(t.isascii() and t == t.strip() and "  " not in t and not (t.endswith("0") and "." in t) for t in texts):
        return ""
    apply = rule_of("unicode+blanks+decimals")
    seen: dict[str, Any] = {}
    pairs = []
    for label in texts:
        made = apply(label)
        if made in seen:
            pairs.append((seen[made], label))
        else:
            seen[made] = label
    if not pairs:
        return ""
    shown = ", ".join(f"{a!r} and {b!r}" for a, b in pairs[:3])
    return (
        f"labels that differ only in blanks, Unicode forms or .0 at the end are regions of their own: {shown}"
        f"{', …' if len(pairs) > 3 else ''}; if they are one, take sc.relabel(…, 'unicode+blanks+decimals')"
    )
