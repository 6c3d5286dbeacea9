"""What is found out about a table once: tables hold mappings and have no hash, so that they are known by identity."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Found = TypeVar("Found")
_MOST = 256


def once(function: Callable[..., Found]) -> Callable[..., Found]:
    """Keep what a function returns for the last tables, and hold these so that no other takes their identity."""
    kept: OrderedDict[tuple[Any, ...], tuple[Any, Found]] = OrderedDict()

    @wraps(function)
    def remembered(table: Any, *more: Any) -> Found:
        key = (id(table), *more)
        if key not in kept:
            kept[key] = (table, function(table, *more))
            if len(kept) > _MOST:
                kept.popitem(last=False)
        return kept[key][1]

    return remembered
