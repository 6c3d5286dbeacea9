"""Bookkeeping of reference figures: what was compared with ours, what was given as data, what has no counterpart.

A `Ledger` knows every figure of a tree of JSON by its path. A test marks figures as it compares them, whole arrays at
a time, and `close` fails while one is left: no key of a reference can be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Path = tuple[str, ...]


def leaves(tree: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every figure, text or null of a tree with its path; places in lists are numbers."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*at, str(key)))
    elif isinstance(tree, list):
        for k, value in enumerate(tree):
            yield from leaves(value, (*at, str(k)))
    else:
        yield at, tree


def numbers(tree: Any) -> np.ndarray:
    """Return a tree's figures in its order, null as NaN."""
    return np.array([np.nan if value is None else value for _, value in leaves(tree)], dtype=float)


@dataclass
class Ledger:
    """One tree of reference figures, `name` for messages."""

    name: str
    tree: Any
    left: dict[Path, Any] = field(init=False)
    compared: int = 0
    given: int = 0
    without: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.left = dict(leaves(self.tree))

    def __getitem__(self, path: Path) -> Any:
        found = self.tree
        for key in path:
            found = found[int(key)] if isinstance(found, list) else found[key]
        return found

    def _strike(self, path: Path) -> int:
        found = [key for key in self.left if key[: len(path)] == path]
        assert found, f"{self.name}: nothing is left at {'.'.join(path)}: compared before, or not there"
        for key in found:
            del self.left[key]
        return len(found)

    def close_to(
        self, path: Path, ours: Any, *, rtol: float = 0.0, atol: float = 0.0, units: Any = 1.0, ours_from: Any = None
    ) -> None:
        """Compare all figures at a path with ours, flattened in the same order, and strike them.

        `units`, of the shape of ours, divides both (standard errors, say), so that a tolerance is a share of them.
        `ours_from` turns the reference into what is compared, where a tree of it has another shape.
        """
        theirs = numbers(self[path]) if ours_from is None else np.asarray(ours_from(self[path]), dtype=float).ravel()
        found = np.asarray(ours, dtype=float).ravel()
        assert found.shape == theirs.shape, f"{self.name} {'.'.join(path)}: {found.shape} against {theirs.shape}"
        scale = np.broadcast_to(np.asarray(units, dtype=float), np.shape(ours)).ravel()
        np.testing.assert_allclose(
            found / scale, theirs / scale, rtol=rtol, atol=atol, err_msg=f"{self.name} {'.'.join(path)}"
        )
        self.compared += self._strike(path)

    def equal_to(self, path: Path, ours: Any) -> None:
        """Compare texts, counts or whole trees exactly, and strike them."""
        assert self[path] == ours, f"{self.name} {'.'.join(path)}: {ours!r} against {self[path]!r}"
        self.compared += self._strike(path)

    def is_given(self, path: Path) -> None:
        """Strike data, from which ours are computed."""
        self.given += self._strike(path)

    def has_none(self, path: Path, reason: str) -> None:
        """Strike what we have no counterpart of, for a reason."""
        self.without[reason] = self.without.get(reason, 0) + self._strike(path)

    def close(self, *, compared: int, without: int = 0) -> None:
        """Assert that nothing is left and that the counts are these; print them."""
        assert not self.left, f"{self.name}: {len(self.left)} figures not compared, first {next(iter(self.left))}"
        missing = sum(self.without.values())
        print(f"{self.name}: {self.compared} figures compared, {self.given} given, {missing} without counterpart")
        for reason, count in self.without.items():
            print(f"  {count} without: {reason}")
        assert (self.compared, missing) == (compared, without), (self.compared, missing)
