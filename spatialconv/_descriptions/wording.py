"""How each kind of description speaks of its parts, so that a message reads as if the file had been talked about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from spatialconv._options import first

Path = tuple[Any, ...]
NO_WEIGHTS = "a study needs spatial weights; describe at least one, for example kind 'adjacency'."


class Wording(ABC):
    """How a kind of description speaks of its parts; `tagged` are lists of tables of several kinds, with one."""

    tagged: Mapping[str, str] = {}
    whole: str = ""

    @abstractmethod
    def section(self, path: Path, given: Any) -> str:
        """Say which section a path leads to; it ends with the key of the section, or with its number in a list."""

    @abstractmethod
    def value(self, path: Path, given: Any) -> str:
        """Say which value a path leads to; of an element of a list, the list."""

    def absent(self, path: Path, given: Any, keys: Sequence[str], has: Sequence[str]) -> str:
        """Say what a section lacks."""
        return f"{self.section(path, given)} lacks the key {first(keys)}; it has {first(has, 8) if has else 'none'}."

    def empty(self, path: Path, given: Any) -> str:
        """Say that a list has no element."""
        return f"{self.section(path[:-1], given)} needs its {path[-1]}: a list of at least one; got none."

    def key(self, path: Path) -> str:
        """Say what the keys of a section are."""
        del path
        return "key"


class CaseWording(Wording):
    """`case.toml`: panel.file, the section [panel], the weights 'distance'."""

    tagged: Mapping[str, str] = {"weights": "adjacency"}
    whole = "the case"

    def section(self, path: Path, given: Any) -> str:
        """Say which section a path leads to."""
        if path[:1] == ("weights",) and len(path) > 1:
            kind, name = _of_weights(path, given)
            if kind is None:
                return f"weights {path[1] + 1}"
            return f"the weights {name!r} (kind {kind!r})"
        return f"[{'.'.join(map(str, path))}]" if path else self.whole

    def value(self, path: Path, given: Any) -> str:
        """Say which value a path leads to."""
        keys = [part for part in path if isinstance(part, str)]
        if path[:1] == ("weights",) and len(path) > 1:
            if len(keys) < 2:
                return self.section(path[:2], given)
            _, name = _of_weights(path, given)
            return f"{keys[1]} of the weights {(name if name is not None else path[1] + 1)!r}"
        return ".".join(keys) or self.whole

    def absent(self, path: Path, given: Any, keys: Sequence[str], has: Sequence[str]) -> str:
        """Say what a section lacks."""
        if path[:1] != ("weights",):
            return NO_WEIGHTS if list(keys) == ["weights"] else super().absent(path, given, keys, has)
        kind, name = _of_weights(path, given)
        if kind == "file":
            return f"weights {name!r} of kind 'file' need the key {first(keys)}."
        return f"weights {name!r} (kind {kind!r}): key {first(keys)} is needed."

    def empty(self, path: Path, given: Any) -> str:
        """Say that a list has no element."""
        return NO_WEIGHTS if path == ("weights",) else super().empty(path, given)


def _of_weights(path: Path, given: Any) -> tuple[Any, Any]:
    """Return kind and name of one of the weights, each None if it is not told."""
    held = given["weights"][path[1]]
    kind, name = (held.get(key) if isinstance(held, dict) else None for key in ("kind", "name"))
    kind = kind if isinstance(kind, str) else None
    return kind, name if isinstance(name, str) else kind


class PaperWording(Wording):
    """`paper.toml`: table 'Table 3', claim 4, [weights.queen]."""

    tagged: Mapping[str, str] = {"table": "regression", "claim": "equal"}
    whole = "the file"

    def section(self, path: Path, given: Any) -> str:
        """Say which section a path leads to."""
        if not path:
            return self.whole
        if path[0] in ("sample", "table", "claim") and len(path) > 1:
            inner = [part for part in path[2:] if isinstance(part, str)]
            here = _numbered(path, given)
            if inner[:1] == ["coefficients"] or (inner[:1] == ["rows"]) or inner[:1] == ["words"]:
                inner = [f"row {inner[1]!r}"] if len(inner) > 1 else inner
            elif len(inner) > 1:
                inner = [f"{inner[0]} of {inner[1]!r}"]
            return f"{inner[0]} of {here}" if inner else here
        if path[0] == "paper" and len(path) > 1:
            return f"{path[1]} of [paper]"
        return f"[{'.'.join(part for part in path if isinstance(part, str))}]"

    def value(self, path: Path, given: Any) -> str:
        """Say which value a path leads to."""
        while path and not isinstance(path[-1], str):
            path = path[:-1]
        if len(path) == 4 and path[0] == "table" and path[2] in ("coefficients", "rows", "words"):
            return f"cells of {self.section(path, given)}"
        if len(path) == 1:
            return str(path[0])
        if path[-2] in _NAMED:
            return f"{path[-1]!r} in {self.section(path[:-1], given)}"
        return f"{path[-1]} of {self.section(path[:-1], given)}"

    def key(self, path: Path) -> str:
        """Say what the keys of a section are."""
        return "statistic" if path[-1:] == ("statistics",) else "key"


_NAMED = ("stars", "groups", "group_weights")  # their keys are names of the writer's


def _numbered(path: Path, given: Any) -> str:
    held = given[path[0]][path[1]]
    name = held.get("name") if isinstance(held, dict) and path[0] == "table" else None
    return f"{path[0]} {name!r}" if isinstance(name, str) else f"{path[0]} {path[1] + 1}"
