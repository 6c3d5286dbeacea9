"""What tables of local statistics call their classes, and the levels of significance that headings say."""

from __future__ import annotations

import re

# What a class of regions is called; the rest of those of local Moran and local G.
QUADRANTS = re.compile(
    r"^(?:(?:high|low|h|l)\s*(?:[-\u2013/ ]|among|in)?\s*(?:high|low|h|l)(?: (?:clusters?|outliers?))?"
    r"|[\u9ad8\u4f4e]\s*[-\u2013]?\s*[\u9ad8\u4f4e])$",
    re.IGNORECASE,
)
SPOTS = re.compile(
    r"(?:hot|cold)[\s-]*spots?|^(?:hot|cold)\b|[\u51b7\u70ed]\u70b9",
    re.IGNORECASE,
)
REST = re.compile(
    r"^(?:n\.?s\.?|not[\s-]*sig\w*\.?|non[\s-]*sig\w*\.?|insig\w*\.?|others?|none|no cluster|neutral"
    r"|\u4e0d\u663e\u8457)$",
    re.IGNORECASE,
)
_LEVEL = re.compile(
    r"(?:p\s*(?:-?\s*value)?\s*<=?\s*|\bat (?:the )?)(0?\.\d+|\d+(?:\.\d+)?\s*%)", re.IGNORECASE
)  # fmt: skip


def classes(labels: list[str]) -> list[int]:
    """Return where labels are classes of regions, if enough of them are to make a table of classes.

    Examples
    --------
    >>> classes(["HH", "LL", "Not significant", "Total"]), classes(["East", "West"])
    ([0, 1, 2], [])
    """
    held = [k for k, label in enumerate(labels) if any(p.search(label.strip()) for p in (QUADRANTS, SPOTS, REST))]
    named = sum(not REST.search(labels[k].strip()) for k in held)
    return held if named >= 2 else []


def whole(labels: list[str]) -> bool:
    """Return whether every region is in one of the classes, those that are not significant too."""
    return any(REST.search(label.strip()) for label in labels)


def levels_of(labels: list[str]) -> list[tuple[float, str]]:
    """Return the labels that say of p below which level they are, the tightest first.

    Examples
    --------
    >>> levels_of(["p < 0.05", "p < 0.01", "all"]), levels_of(["95%", "99%"])
    ([(0.01, 'p < 0.01'), (0.05, 'p < 0.05')], [])
    """
    return sorted((level, label) for label in labels if (level := _level(label)) is not None)


def _level(label: str) -> float | None:
    held = _LEVEL.search(label)
    if held is None:
        return None
    value = float(held[1].replace("%", "").strip())
    value = value / 100 if "%" in held[1] else value
    return value if 0 < value < 0.5 else None
