"""From indicators with gaps to complete, normalised, screened ones; everything that was done is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._core.dispersion import entropy as core
from spatialconv._options import first, names
from spatialconv.errors import MissingDataError, OptionError, VariableError
from spatialconv.panel import FloatArray, Panel
from spatialconv.summary import time_axis

UP, DOWN = ("+", "positive", 1), ("-", "\u2212", "negative", -1)
FILLED = ["indicator", "region", "period", "how", "value", "set_to_zero"]


@dataclass(frozen=True)
class Indicators:
    """Which indicators, in which group, and whether more is better."""

    names: tuple[str, ...]
    groups: tuple[str, ...]
    signs: tuple[int, ...]

    def without(self, gone: Iterable[str]) -> Indicators:
        """Return the indicators that are left when some are gone."""
        out = set(gone)
        kept = [k for k, name in enumerate(self.names) if name not in out]
        return Indicators(
            tuple(self.names[k] for k in kept), tuple(self.groups[k] for k in kept), tuple(self.signs[k] for k in kept)
        )


def read(indicators: Any, direction: Any) -> Indicators:
    """Read names, or groups of names, and the direction of each."""
    if isinstance(indicators, Mapping):
        pairs = [(str(group), name) for group, of in indicators.items() for name in names("indicators", of)]
    else:
        pairs = [(name, name) for name in names("indicators", indicators)]
    columns = names("indicators", [name for _, name in pairs])
    if not columns:
        raise OptionError("indicators names no column; name one at least.")
    given = direction if isinstance(direction, Mapping) else dict.fromkeys(columns, direction)
    lost = [name for name in columns if name not in given]
    unknown = [name for name in given if name not in columns]
    if lost or unknown:
        said = f"says nothing of {first(lost)}" if lost else f"names {first(unknown)}, which is no indicator"
        raise OptionError(f"direction {said}. Give '+' (more is better) or '-' for each indicator, or one for all.")
    wrong = [given[name] for name in columns if not _is(given[name], UP) and not _is(given[name], DOWN)]
    if wrong:
        raise OptionError(f"direction must be '+' or '-' of each indicator; got {wrong[0]!r}.")
    signs = tuple(1 if _is(given[name], UP) else -1 for name in columns)
    return Indicators(columns, tuple(group for group, _ in pairs), signs)


def _is(value: Any, words: tuple[Any, ...]) -> bool:
    return not isinstance(value, bool) and any(type(value) is type(word) and value == word for word in words)


@dataclass(frozen=True)
class Filled:
    """Complete indicators, shape (T, N, K), and a table of the cells that were filled."""

    values: FloatArray
    table: pd.DataFrame


def fill(panel: Panel, columns: tuple[str, ...], *, lines: bool) -> Filled:
    """Read the indicators; gaps go on straight lines (Stata's `ipolate, epolate`), or raise."""
    if not lines:
        return Filled(np.stack([panel.values(name) for name in columns], axis=2), pd.DataFrame(columns=FILLED))
    time, _ = time_axis(panel.periods)
    arrays, tables = [], [pd.DataFrame(columns=FILLED)]
    for name in columns:
        observed = panel.values(name, missing="keep")
        done = core.interpolate(observed, time)
        _no_gaps_left(panel, name, observed, done.values)
        filled = done.inside | done.outside
        # An indicator that is observed below zero may be negative where it is not observed.
        zero = filled & (done.values < 0) & (not bool((observed < 0).any()))
        values = np.where(zero, 0.0, done.values)
        arrays.append(values)
        if filled.any():
            t, i = np.nonzero(filled)
            how = np.where(done.inside[t, i], "interpolated", "extrapolated")
            cells = (name, panel.regions[i], panel.periods[t], how, values[t, i], zero[t, i])
            tables.append(pd.DataFrame(dict(zip(FILLED, cells, strict=True))))
    table = pd.concat(tables[1:], ignore_index=True) if len(tables) > 1 else tables[0]
    return Filled(np.stack(arrays, axis=2), table)


def _no_gaps_left(panel: Panel, name: str, observed: FloatArray, filled: FloatArray) -> None:
    bad = np.isnan(filled).any(axis=0)
    if not bad.any():
        return
    seen = (~np.isnan(observed)).sum(axis=0)[bad]
    labels = list(zip(panel.regions[bad], (int(n) for n in seen), strict=True))
    raise MissingDataError(
        f"{name!r} cannot be filled in on a line through two observations: regions with how many they have are "
        f"{first(labels)}. Leave these regions out by panel.balance(variables=[{name!r}]) or the indicator."
    )


def refuse_constant(values: FloatArray, columns: tuple[str, ...], where: str = "") -> None:
    """Refuse indicators, shape (n, K), that do not vary: they have no range, and no information."""
    flat = [name for name, spread in zip(columns, np.ptp(values, axis=0), strict=True) if spread == 0]
    if flat:
        raise VariableError(f"indicators that do not vary{where} carry no information: {first(flat)}. Leave them out.")


def screen(values: FloatArray, columns: tuple[str, ...], threshold: float | None) -> pd.DataFrame:
    """Take out the indicator with the largest VIF until none exceeds the threshold; a table of every step.

    One row a step and indicator: `step`, `indicator`, `vif`, `removed`. Without a threshold there is one step and
    nothing is removed. Of equal largest VIFs the indicator named last goes.
    """
    left, rows = list(range(len(columns))), []
    for step in range(1, len(columns) + 1):
        vif = core.variance_inflation(values[:, left])
        worst = len(vif) - 1 - int(np.argmax(vif[::-1]))
        goes = threshold is not None and bool(vif[worst] > threshold)
        rows += [(step, columns[k], vif[j], goes and j == worst) for j, k in enumerate(left)]
        if not goes:
            break
        left.pop(worst)
    return pd.DataFrame(rows, columns=["step", "indicator", "vif", "removed"])


def normalise(x: FloatArray, signs: tuple[int, ...], how: str) -> FloatArray:
    """Return indicators, shape (n, K), on one scale with more meaning better: min-max in [0, 1], or z."""
    up = np.array(signs) > 0
    if how == "z":
        z = core.standardised(x)
        return np.asarray(np.where(up, z, -z))
    low, high = x.min(axis=0), x.max(axis=0)
    return np.asarray(np.where(up, x - low, high - x) / (high - low))
