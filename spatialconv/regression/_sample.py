"""The rows of a panel that a regression can use, as arrays, complete or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._core.regression.absorb import absorb, rank_of_effects
from spatialconv._core.regression.least_squares import absorbed_columns, collinear_columns
from spatialconv._options import first
from spatialconv.errors import AbsorbedVariableError, DataError, OptionError, SingularDesignError
from spatialconv.panel import FloatArray, Panel, as_panel, refuse_extreme
from spatialconv.results import merge_notes, plural

IntArray = npt.NDArray[np.intp]
FixedKind = Literal["none", "time", "region", "two-way"]


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows without gaps: y of shape (n,), X of shape (n, k), and the region and period of each."""

    y: FloatArray
    X: FloatArray
    y_name: str
    names: tuple[str, ...]
    region: IntArray
    period: IntArray
    regions: pd.Index
    periods: pd.Index
    notes: tuple[str, ...]

    @property
    def n_regions(self) -> int:
        """Regions with a row."""
        return len(np.unique(self.region))

    @property
    def n_periods(self) -> int:
        """Periods with a row."""
        return len(np.unique(self.period))

    def effects(self, kind: FixedKind) -> list[IntArray]:
        """Return the codes of the effects that a word stands for."""
        return [self.region] * (kind in ("region", "two-way")) + [self.period] * (kind in ("time", "two-way"))


def sample_of(panel: Panel, y: str, x: tuple[str, ...], given: dict[str, FloatArray] | None = None) -> Sample:
    """Read outcome and regressors; rows with a gap in any of them are left out, which is noted.

    `given` holds arrays, shape (T, N), that stand for variables the panel does not have.
    """
    as_panel(panel)
    if not x:
        raise OptionError("x names no regressor; name one at least.")
    twice = sorted({name for name in (y, *x) if (y, *x).count(name) > 1})
    if twice:
        raise OptionError(f"{first(twice)} stands on both sides or twice in the model; name each variable once.")
    if "intercept" in x:
        raise OptionError("'intercept' cannot name a regressor: results call the constant so. Rename the column.")
    given = given or {}
    arrays = [given[name] if name in given else panel.values(name, missing="keep") for name in (y, *x)]
    stacked = np.stack(arrays, axis=2)
    whole: npt.NDArray[np.bool_] = np.asarray(~np.isnan(stacked).any(axis=2))
    if not whole.any():
        lacking = [name for name, array in zip((y, *x), arrays, strict=True) if np.isnan(array).all()]
        raise DataError(
            f"no region and period has all of {first((y, *x), 8)}"
            + (f"; {first(lacking)} has no value at all." if lacking else ".")
        )
    # Regions first: the order in which linearmodels stacks its rows.
    i, t = np.nonzero(whole.T)
    rows = stacked[t, i]
    return Sample(
        rows[:, 0], rows[:, 1:], y, x, i, t, panel.regions, panel.periods,
        merge_notes(panel.notes, _lost(panel, whole)),
    )  # fmt: skip


def _lost(panel: Panel, whole: npt.NDArray[np.bool_]) -> list[str]:
    if whole.all():
        return []
    t, i = np.nonzero(~whole)
    cells = list(zip(panel.regions[i], panel.periods[t], strict=True))
    said = f"{int(whole.sum()):,} of {whole.size:,} observations are used; left out for gaps: {first(cells)}"
    for kind, labels, empty in (
        ("regions", panel.regions, ~whole.any(axis=0)),
        ("periods", panel.periods, ~whole.any(axis=1)),
    ):
        if empty.any():
            said += f"; {kind} without any: {first(list(labels[empty]))}"
    return [said]


def check(sample: Sample, effects: FixedKind) -> int:
    """Refuse regressors that effects absorb or others span, and too few rows; return the parameters of the effects."""
    refuse_extreme(sample.y, repr(sample.y_name))
    for k, name in enumerate(sample.names):
        refuse_extreme(sample.X[:, k], repr(name))
    if np.ptp(sample.y) == 0:
        raise DataError(f"{sample.y_name!r} does not vary in the sample; there is nothing to explain.")
    after = absorb(sample.X, sample.effects(effects)) if effects != "none" else sample.X - sample.X.mean(axis=0)
    spread = sample.X - sample.X.mean(axis=0)
    gone = [sample.names[k] for k in absorbed_columns(sample.X, spread)]
    if gone:
        raise AbsorbedVariableError(f"{first(gone)} does not vary in the sample; leave it out.")
    gone = [sample.names[k] for k in absorbed_columns(spread, after)]
    if gone:
        raise AbsorbedVariableError(
            f"{first(gone)} does not vary once the {effects} effects are out. Leave it out or take other effects."
        )
    spanned = [sample.names[k] for k in collinear_columns(after)]
    if spanned:
        raise SingularDesignError(f"{first(spanned)} is a linear combination of the other regressors; leave it out.")
    taken = rank_of_effects(sample.effects(effects)) or 1
    left = len(sample.y) - taken - len(sample.names)
    if left < 1:
        raise SingularDesignError(
            f"too few observations, {len(sample.y)}, for {plural(len(sample.names), 'regressor')} and "
            f"{plural(taken, 'parameter')} of {'an intercept' if effects == 'none' else effects + ' effects'}."
        )
    return taken
