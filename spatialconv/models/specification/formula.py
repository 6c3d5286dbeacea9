"""The formula door: `growth ~ log_initial + digital`, resolved to the same columns and specification."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._options import first
from spatialconv.errors import MissingDataError, OptionError, SpatialConvError, UnbalancedPanelError, VariableError
from spatialconv.models.specification.formula_language import Language, check_language
from spatialconv.panel import Panel
from spatialconv.summary import time_axis

# Colours and cursor movements that libraries put into their messages.
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Resolved:
    """The panel with the columns of a formula, its outcome, its regressors, its effects ("" where it has none).

    `intercept` is False where the formula takes it away, `y ~ 0 + x`, and no fixed effects stand for it.
    """

    panel: Panel
    y: str
    x: tuple[str, ...]
    effects: str
    intercept: bool


def is_formula(text: object) -> bool:
    """Whether a text is a formula rather than the name of a column."""
    return isinstance(text, str) and "~" in text


def resolve(panel: Panel, formula: str, effects: str | None) -> Resolved:
    """Resolve a formula against a panel.

    A formula is evaluated with nothing but the columns of the panel and the named transformations of
    `formula_language`: no built-in functions, no attributes, no modules, no files; anything else is refused in words.
    A value that is missing in a column used is refused, in a category as in a number. `lag` and `diff` go back by
    period within each region; the periods that have none so far before them are left out and noted. The part behind
    ``|`` names effects: the panel's region, its period, or both.
    """
    try:
        return _resolve(panel, formula, effects)
    except SpatialConvError:
        raise
    except (Exception, RecursionError) as error:
        said = ESCAPES.sub("", str(error)).strip().split("\n")[0][:200].rstrip(".")
        raise VariableError(
            f"the formula {formula!r} cannot be read: {said or 'it is not complete'}. It needs an outcome, '~', and "
            f"regressors among {first(panel.variables, 8)}."
        ) from None


def _resolve(panel: Panel, formula: str, effects: str | None) -> Resolved:
    body, effects_named = _effects(panel, formula, effects)
    fixed = (effects_named or effects or "two-way") not in ("none", "random")
    left, _, right = body.partition("~")
    if not left.strip() or "~" in right:
        raise VariableError(
            f"the formula {formula!r} cannot be read: it needs an outcome, one '~', and regressors among "
            f"{first(panel.variables, 8)}."
        )
    used = check_language(body, list(panel.frame.columns))
    lags = _Lags.of(panel)
    lost = sorted({int(t) for steps in used.steps for t in lags.lost(steps)})
    kept = [label for t, label in enumerate(panel.periods) if t not in lost]
    if len(kept) == 0:
        raise OptionError(f"no period has one {max(used.steps)} before it; the formula {formula!r} leaves none.")
    _refuse_missing(panel, used, kept)
    frame = _plain(panel.frame, used)
    # Effects stand for the intercept; written '0 +', categories would be coded as if there were neither.
    columns = _evaluate(f"{body} + 1" if fixed else body, frame, lags)
    outcome, regressors = columns
    if outcome.shape[1] != 1:
        raise OptionError(f"a formula has one outcome; {formula!r} gives {first(list(outcome.columns))}.")
    y = str(outcome.columns[0])
    x = tuple(str(name) for name in regressors.columns if name != "Intercept")
    new = {y: outcome.iloc[:, 0].to_numpy(dtype=float)}
    new |= {str(name): regressors[name].to_numpy(dtype=float) for name in regressors.columns if name != "Intercept"}
    with_columns = panel.assign(**new)
    sample = with_columns.subset(periods=kept) if lost else with_columns
    return Resolved(sample, y, x, effects_named, "Intercept" in regressors.columns)


def _effects(panel: Panel, formula: str, effects: str | None) -> tuple[str, str]:
    """Return the formula without its part behind '|', and the effects that this part names."""
    # A bar within backticks is part of a name.
    found_bar = re.match(r"((?:`[^`]*`|[^`|])*)\|(.*)", formula, re.DOTALL)
    if found_bar is None:
        return formula, ""
    body, behind = found_bar.groups()
    known = {panel.region: "region", panel.period: "time"}
    named = [part.strip().strip("`") for part in behind.split("+")]
    wrong = [name for name in named if name not in known]
    if wrong or "~" not in body:
        raise OptionError(
            f"behind '|' a formula names effects: {panel.region!r}, {panel.period!r}, or "
            f"'{panel.region} + {panel.period}'; got {behind.strip()!r} in {formula!r}."
        )
    kinds = {known[name] for name in named}
    found = "two-way" if len(kinds) == 2 else kinds.pop()
    if effects not in (None, found):
        raise OptionError(f"the formula {formula!r} asks for effects={found!r}, the option for effects={effects!r}.")
    return body, found


def _refuse_missing(panel: Panel, used: Language, kept: list[Any]) -> None:
    """Raise where a column used has no value: libraries would read a missing category as the base category."""
    frame = panel.frame
    keys = [
        np.asarray(frame[name] if name in frame.columns else frame.index.get_level_values(name))
        for name in (panel.region, panel.period)
    ]
    needed = pd.Index(keys[1]).isin(kept)
    for name in used.columns:
        if isinstance(frame[name], pd.DataFrame):
            raise VariableError(f"the frame has {frame[name].shape[1]} columns named {name!r}; rename them.")
        if frame[name].dtype.kind in "mMc" or isinstance(frame[name].dtype, pd.PeriodDtype):
            raise VariableError(
                f"{name!r} holds values of type {frame[name].dtype}, which are neither numbers nor categories. "
                "Convert it first, for example to years."
            )
        if name in used.lagged and not pd.api.types.is_numeric_dtype(frame[name].dtype):
            raise VariableError(f"lag() and diff() take numbers; {name!r} holds values of type {frame[name].dtype}.")
        empty = frame[name].isna().to_numpy() & (needed | (name in used.lagged))
        # Beside lagged ones a number says by itself, after evaluation, whether the missing cell is needed.
        if name in used.lagged and frame[name].dtype.kind in "fiu":
            empty &= needed
        if empty.any():
            cells = first([(keys[0][i], keys[1][i]) for i in np.flatnonzero(empty)])
            kind = MissingDataError if panel.balanced else UnbalancedPanelError
            raise kind(
                f"{name!r} is missing in {cells}. Fill the gaps, or leave these regions or periods out by "
                "panel.subset(), which records it."
            )


def _plain(frame: pd.DataFrame, used: Language) -> pd.DataFrame:
    """Return the columns used as numbers, booleans and categories without empty levels, whatever pandas calls them."""
    columns: dict[str, Any] = {}
    for name in used.columns:
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            columns[name] = column.cat.remove_unused_categories()
        elif isinstance(column.dtype, pd.BooleanDtype):
            # Cells of periods that lags leave out may be empty; those needed are known to be full.
            columns[name] = column.fillna(False).astype(bool)
        elif pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
            columns[name] = column.to_numpy(dtype=float, na_value=np.nan)
        else:
            columns[name] = column
    # Rows by number: duplicated or named index levels mean nothing to a formula.
    plain = {name: np.asarray(c) if not isinstance(c, pd.Series) else c.array for name, c in columns.items()}
    return pd.DataFrame(plain, index=pd.RangeIndex(len(frame)))


def _evaluate(formula: str, frame: pd.DataFrame, lags: _Lags) -> tuple[pd.DataFrame, pd.DataFrame]:
    from formulaic import model_matrix

    context = {"lag": lags.lag, "diff": lags.diff, "sqrt": np.sqrt, "abs": np.abs}
    # Logarithms of zero and the like leave cells that are refused as missing or infinite, by name.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        matrices = model_matrix(formula, frame, na_action="ignore", context=context)
    _refuse_empty(matrices.rhs.model_spec, frame)
    return pd.DataFrame(matrices.lhs), pd.DataFrame(matrices.rhs)


def _refuse_empty(spec: Any, frame: pd.DataFrame) -> None:
    """Raise where a term has no column: a category that is one and the same everywhere tells nothing apart."""
    empty = [str(term) for term, place in spec.term_slices.items() if place.start == place.stop]
    if empty:
        alone = [name for name in frame.columns if frame[name].nunique() == 1]
        raise VariableError(
            f"{first(empty)} has one category in all rows ({first([str(frame[name].iloc[0]) for name in alone])}) and "
            "tells nothing apart. Leave it out."
        )


@dataclass(frozen=True)
class _Lags:
    """Values of earlier periods: codes of region and period, shape (rows,), and the time of each period."""

    region: Any
    period: Any
    time: Any

    @classmethod
    def of(cls, panel: Panel) -> _Lags:
        frame = panel.frame
        labels, times = (
            np.asarray(frame[name] if name in frame.columns else frame.index.get_level_values(name))
            for name in (panel.region, panel.period)
        )
        found = time_axis(panel.periods)[0] if panel.n_periods > 1 else np.zeros(panel.n_periods)
        return cls(panel.regions.get_indexer(labels), panel.periods.get_indexer(times), np.asarray(found, dtype=float))

    def before(self, steps: int) -> Any:
        """Return for every period the position of that so many steps before, -1 where there is none."""
        gaps, times = np.unique(np.diff(self.time), return_counts=True)
        step = float(gaps[np.argmax(times)]) if len(gaps) else 1.0
        place = {round(float(t), 6): k for k, t in enumerate(self.time)}
        return np.array([place.get(round(float(t - steps * step), 6), -1) for t in self.time])

    def lost(self, steps: int) -> Any:
        return np.flatnonzero(self.before(steps) < 0)

    def lag(self, values: Any, steps: int = 1) -> Any:
        numbers = np.asarray(values, dtype=float)
        grid = np.full((self.region.max() + 1, len(self.time)), np.nan)
        grid[self.region, self.period] = numbers
        source = self.before(steps)[self.period]
        return pd.Series(np.where(source >= 0, grid[self.region, source], np.nan), index=pd.RangeIndex(len(numbers)))

    def diff(self, values: Any, steps: int = 1) -> Any:
        return np.asarray(values, dtype=float) - self.lag(values, steps)
