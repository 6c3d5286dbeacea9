"""Descriptions that are nearly right: those that ship, with values, keys and tables changed at random."""

from __future__ import annotations

import copy
import random
import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import spatialconv as sc
from spatialconv._descriptions.toml import read_toml
from spatialconv.study._example import TEMPLATE

AUDITS = Path(sc.__file__).parent / "data" / "audits"
# What stands in none of the files, so that every kind of weights, table and claim is tried.
MORE_WEIGHTS: list[dict[str, Any]] = [
    {"kind": "knn", "k": 3, "standardise": "none"},
    {"kind": "distance_band", "threshold": 150, "islands": "nearest", "unlink": [["Jiaxing", "Ningbo"]]},
    {"kind": "kernel", "k": 4, "shape": "gaussian", "islands": "raise"},
    {"kind": "economic", "variable": "digital", "metric": "log"},
    {"kind": "nested", "geographic": "adjacency", "economic": "economic", "how": "mix", "share": 0.3},
    {"kind": "file", "file": "w.gal", "standardise": "row", "encoding": "gbk"},
]
MORE_CLAIMS: list[dict[str, Any]] = [
    {"text": "t", "kind": "not significant", "figures": [["Table 3", "rho", "all"]], "at": "10%", "loose": True},
    {
        "text": "t",
        "kind": "at most",
        "figures": [["Table 3", "rho", "*"]],
        "value": "1",
        "over": ["all"],
        "how": "most",
    },
    {"text": "t", "kind": "last", "among": {"table": "Table 2", "row": "North", "except": ["average"]}, "names": ["x"]},
    {"text": "t", "kind": "falls", "series": {"table": "Table 2", "along": "rows", "from": 2001}, "how": "ends"},
    {"text": "t", "kind": "contained", "table": "Table 7", "within": "Table 6"},
]
VALUES: list[Any] = [
    True, False, -1, 0, 1, 2, 3, 7, 10, 2**62, 10**12, 0.0, 0.5, 1.0, 1.5, -2.5, 1e300, "", "a", "yes", "none", "auto",
    "0.47**", "-0.336***(-4.87)", "1.2.3", "abc", "n.a.", "12.5%", "city", "gbk", "klingon", "adjacency", "knn", "keep",
    "rho", "Table 3", "all", "2001", "*", "1e-9999999999", "浙江", "−0.3", [], {}, ["a"], ["1", "2"], [1], [[1, 2]],
    [["a", "b"]], [["a", "b", "c"]], [["Table 3", "rho", "all"]], {"a": 1}, {"a": ["b"]}, {"table": "Table 2"},
    {"*": 0.1}, {"kind": "knn", "k": 2}, [{"kind": "knn", "k": 2}], date(2016, 1, 1), datetime(2016, 1, 1), "a" * 500,
]  # fmt: skip


def case() -> dict[str, Any]:
    given = tomllib.loads(TEMPLATE)
    given["weights"] += copy.deepcopy(MORE_WEIGHTS)
    given["subsamples"]["groups"] = {"bay": ["Hangzhou", "Ningbo"], "west": "Quzhou"}
    given["maps"]["periods"] = [2016, 2020]
    return given


def papers() -> dict[str, dict[str, Any]]:
    found = {path.stem: read_toml(path) for path in sorted(AUDITS.glob("*.toml"))}
    found["template"]["claim"] += copy.deepcopy(MORE_CLAIMS)
    found["template"]["weights"]["rook"] = {"eigenvalues": [1.0, -0.5, [0.1, 0.2]]}
    return found


def places(given: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of everything in a description."""
    items = given.items() if isinstance(given, dict) else enumerate(given) if isinstance(given, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def at(given: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        given = given[part]
    return given


def changed(given: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """One to three changes: another value, a key left out, added, misspelt or moved, an element twice."""
    given = copy.deepcopy(given)
    for _ in range(draw.randint(1, 3)):
        every = list(places(given))
        path = draw.choice(every)
        holder, key = at(given, path[:-1]), path[-1]
        how = draw.randrange(6)
        if how <= 1:
            holder[key] = copy.deepcopy(draw.choice(VALUES))
        elif how == 2:
            holder[key] = copy.deepcopy(at(given, draw.choice(every)))
        elif how == 3:
            del holder[key]
        elif isinstance(holder, dict):
            names = [p[-1] for p in every if isinstance(p[-1], str)]
            holder[draw.choice(["unknown", str(key) + "s", *names])] = holder[key] if how == 4 else draw.choice(VALUES)
        else:
            holder.insert(draw.randint(0, len(holder)), copy.deepcopy(holder[key]))
    return given


def for_json(given: Any) -> Any:
    """What an editor hands to the schema: dates of TOML are text to JSON, and 1.0 is a whole number."""
    if isinstance(given, dict):
        return {key: for_json(value) for key, value in given.items()}
    if isinstance(given, list):
        return [for_json(value) for value in given]
    if isinstance(given, float) and given.is_integer() and abs(given) < 2**63:
        return int(given)
    return given.isoformat() if isinstance(given, (date, time)) else given
