"""From arrays with gaps, or weights by period, to stacked rows: who is there, weights, regressors, checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._core.likelihood.effects import Kind
from spatialconv._core.stacked.rows import Blocks, Dummies, Residual, Rows, dummies
from spatialconv._options import first
from spatialconv.errors import (
    DataError,
    MissingDataError,
    ModelError,
    OptionError,
    SingularDesignError,
    UnbalancedPanelError,
    UnsupportedModelError,
    WeightsError,
)
from spatialconv.models.by_period.weights import (
    PeriodWeights,
    given_by_period,
    is_by_period,
    not_derived,
    period_weights,
)
from spatialconv.models.specification.design import (
    LAGGED_INTERCEPT,
    SAME_SUM,
    Design,
    check_columns,
    refuse_reserved,
)
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.panel import FloatArray, refuse_extreme
from spatialconv.results import merge_notes, plural

BoolArray = npt.NDArray[np.bool_]
Gaps = Literal["raise", "omit", "integrate"]


@dataclass(frozen=True)
class PeriodDesign(Design):
    """A design whose cells need not all be there: y and X are NaN where they are not.

    `inside`, shape (T, N), says which regions are in the model in each period, `seen` whose outcome is: under
    missing="integrate" a region with regressors is in it without an outcome. W and M are `PeriodWeights`.
    """

    inside: BoolArray = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))
    seen: BoolArray = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))
    missing: Gaps = "raise"

    @property
    def cells(self) -> bool:
        """They do."""
        return True

    def refuse_cells(self, what: str) -> None:
        """Raise for what takes arrays without gaps and one matrix."""
        raise UnsupportedModelError(not_derived(what))

    def net_of_effects(self, kind: Kind) -> FloatArray:
        """Return the outcomes that are there with the effects taken out, in one vector."""
        t, i = np.nonzero(self.seen)
        there = np.ones(len(t), dtype=bool)
        rows = Rows(self.y[t, i], np.empty((len(t), 0)), there, t.astype(np.intp), i.astype(np.intp), kind)
        return Residual(rows.dummies)(rows.y[:, None])[:, 0]

    def rows(self, spec: ModelSpec) -> Rows:
        """Return the cells of the model as rows, with the weights of its free spatial terms."""
        t, i = np.nonzero(self.inside)
        y = np.where(self.seen, self.y, 0.0)[t, i]
        return Rows(
            y,
            self.X[t, i],
            self.seen[t, i],
            t.astype(np.intp),
            i.astype(np.intp),
            spec.fixed_effects,
            blocks_of(self.W) if spec.has_lag else None,
            blocks_of(self.M) if spec.has_error else None,
        )

    def grid(self, values: FloatArray, where: BoolArray | None = None) -> FloatArray:
        """Return values of the rows as an array (T, N), NaN where a cell is not inside (or not `where`)."""
        found = np.full(self.inside.shape, np.nan)
        found[self.inside] = values
        return found if where is None else np.where(where, found, np.nan)

    @cached_property
    def gaps(self) -> bool:
        """Whether any cell has no outcome."""
        return not bool(self.seen.all())


# Where the absent regions did not exist, nothing of it is so.
CUT = (
    "where those left out were there, cutting them biases rho towards zero: simulated, by an eighth with 15 % missing"
    " and by a quarter with 30 %; missing='integrate' does not (tests/simulation/UNBALANCED.md)"
)


@contextmanager
def gaps_named() -> Iterator[None]:
    """Add to what is said of gaps that they need not be filled or left out."""
    try:
        yield
    except (MissingDataError, UnbalancedPanelError) as error:
        if "is missing in" not in str(error):
            raise
        raise type(error)(
            f"{error} Or fit what is there: missing='integrate' (missing='omit' cuts the weights, which biases rho "
            "towards zero)."
        ) from None


def blocks_of(weights: Any) -> Blocks:
    """Return the matrices of weights by period."""
    assert isinstance(weights, PeriodWeights)
    return weights.blocks


def differs(design: Design, w: Any, error_w: Any) -> bool:
    """Whether regions or weights may differ by period: gaps in the data, or a mapping of weights."""
    holes = bool(np.isnan(design.y).any() or np.isnan(design.X).any())
    return holes or is_by_period(w) or is_by_period(error_w)


def arranged(
    design: Design, spec: ModelSpec, w: Any, error_w: Any, missing: Gaps, ask: pd.Index | None
) -> PeriodDesign:
    """Settle who is there, align the weights of every period, and add lags of regressors and the intercept.

    `ask` are the labels by which mappings are asked, where these are not the periods of the outcome.
    """
    inside, seen, notes = _there(design, missing)
    stays, keep = inside.any(axis=0), seen.any(axis=1)
    periods, regions = design.periods[keep], design.regions[stays]
    cut = np.ix_(keep, stays)
    found = PeriodDesign(
        design.y[cut],
        design.X[cut],
        design.names,
        regions,
        periods,
        notes=merge_notes(design.notes, notes),
        chain=None,
        inside=inside[cut],
        seen=seen[cut],
        missing=missing,
    )
    W, M, more = _weights(found, spec, w, error_w, None if ask is None else ask[keep])
    bias = (CUT,) if spec.has_lag and missing == "omit" and found.gaps else ()
    found = replace(found, W=W, M=M, notes=merge_notes(found.notes, bias, more))
    return _complete(found, spec)


def _there(design: Design, missing: Gaps) -> tuple[BoolArray, BoolArray, list[str]]:
    """Return which regions are in the model, and which are seen, by period; and what is to be said of it."""
    has_y, has_x = ~np.isnan(design.y), np.asarray(~np.isnan(design.X).any(axis=2))
    inside: BoolArray = has_x if missing == "integrate" else has_x & has_y
    # A region or a period in which nobody is seen tells nothing.
    told = np.asarray(inside & has_y)
    inside = inside & told.any(axis=0, keepdims=True) & told.any(axis=1, keepdims=True)
    seen = inside & has_y
    if not seen.any():
        raise DataError(
            "no region has the outcome and all regressors in any period; nothing can be estimated. Check the columns "
            f"among {first(list(design.names))}."
        )
    return inside, seen, list(_said(design, inside, seen, has_y & ~has_x, missing))


def _said(design: Design, inside: BoolArray, seen: BoolArray, lost: BoolArray, missing: Gaps) -> Iterable[str]:
    regions, periods = design.regions, design.periods
    never, empty = regions[~inside.any(axis=0)], periods[~seen.any(axis=1)]
    if len(never):
        yield f"regions never seen are left out: {first(list(never))}"
    if len(empty):
        yield f"periods without any outcome are left out: {first(list(empty))}"
    if lost.any():
        cells = first([(regions[i], periods[t]) for t, i in zip(*np.nonzero(lost), strict=True)])
        yield f"outcomes without regressors are left out: {cells}"
    kept = np.ix_(seen.any(axis=1), inside.any(axis=0))
    if seen[kept].all():
        return
    n = ", ".join(f"{p}: {c}" for p, c in zip(periods[kept[0].ravel()], seen[kept].sum(axis=1).tolist(), strict=True))
    n = n if len(n) <= 160 else f"{seen[kept].sum(axis=1).min()} to {seen[kept].sum(axis=1).max()} a period"
    cells = first([(regions[i], periods[t]) for t, i in zip(*np.nonzero(~seen & _among(kept, seen)), strict=True)])
    of = f"{int(seen.sum()):,} of {seen[kept].size:,} outcomes are there (n by period: {n}); absent: {cells}"
    if missing == "omit":
        yield f"unbalanced, missing='omit': {of}; weights are cut to who is there and standardised again as they were"
        return
    out = int((~inside & _among(kept, seen)).sum())
    also = f"; {plural(out, 'cell')} without regressors left out, weights cut to the others" if out else ""
    yield f"unbalanced, missing='integrate': {of}; outcomes missing are integrated out{also}"


def _among(kept: Any, like: BoolArray) -> BoolArray:
    found = np.zeros_like(like)
    found[kept] = True
    return found


def _weights(
    design: PeriodDesign, spec: ModelSpec, w: Any, error_w: Any, ask: pd.Index | None
) -> tuple[PeriodWeights | None, PeriodWeights | None, tuple[str, ...]]:
    if w is None and error_w is None and (spec.spatial != "none" or spec.durbin):
        what = f"spatial={spec.spatial!r}" if spec.spatial != "none" else "durbin"
        raise ModelError(f"{what} needs spatial weights; pass them as w, or take spatial='none'.")
    if w is None and (spec.has_lag or spec.durbin):
        raise ModelError("the spatial lag needs its own weights w; only error_w was given.")
    periods = design.periods if ask is None else ask
    said = "" if ask is None else ", in which the spans of growth start"

    def of(given: Any, name: str) -> PeriodWeights:
        each = given_by_period(given, periods, name, said)
        return period_weights(each, design.inside, design.regions, design.periods, name)

    W = of(w, "w") if w is not None else None
    M = of(error_w, "error_w") if error_w is not None else W
    lags = spec.has_lag or bool(spec.durbin)
    for weights, used in ((W, lags), (M, spec.has_error)):
        if used and weights is not None and all(a.matrix.nnz == 0 for a in weights.distinct):
            raise WeightsError(
                f"the weights hold no link among the regions that are there, {first(list(design.regions))}; a spatial "
                "term needs some. Take other weights, or spatial='none'."
            )
    entering = [a for a, used in ((W, lags), (M, spec.has_error)) if used and a is not None]
    notes = merge_notes(*(a.notes for a in entering))
    mapped = is_by_period(w) or is_by_period(error_w)
    if mapped and ask is not None and entering:
        notes = (*notes, "weights of a span of growth are those of the period in which it starts")
    if w is not None and not lags and not (spec.has_error and error_w is None):
        notes = (*notes, f"the weights do not enter the model: spatial={spec.spatial!r}")
    if error_w is not None and not spec.has_error:
        notes = (*notes, f"error_w does not enter the model: spatial={spec.spatial!r}")
    return W, M, notes


def _complete(design: PeriodDesign, spec: ModelSpec) -> PeriodDesign:
    """Add the spatially lagged regressors, by the weights of each period, and the intercept."""
    X, names, notes = design.X, list(design.names), design.notes
    if spec.durbin:
        unknown = [name for name in spec.durbin if name not in names]
        if unknown:
            raise OptionError(f"durbin names {first(unknown)}, which is not among the regressors {first(names)}.")
        own = X[:, :, [names.index(name) for name in spec.durbin]]
        W = blocks_of(design.W).whole
        lagged = np.full(own.shape, np.nan)
        lagged[design.inside] = W @ own[design.inside]
        if spec.has_intercept:
            constant, labels, note = _lagged_intercept(design)
            X, names, notes = np.concatenate([X, constant], axis=2), [*names, *labels], merge_notes(notes, note)
        X = np.concatenate([X, lagged], axis=2)
        names += [f"W:{name}" for name in spec.durbin]
    if spec.has_intercept:
        X = np.concatenate([np.where(design.inside, 1.0, np.nan)[..., None], X], axis=2)
        names = ["intercept", *names]
    refuse_reserved(name for name in names if name != "intercept")
    return replace(design, X=X, names=tuple(names), notes=notes)


def _lagged_intercept(design: PeriodDesign) -> tuple[FloatArray, list[str], tuple[str, ...]]:
    """Return W 1 as a column, or none, as `specification.design.lagged_intercept` does for one matrix."""
    weights = design.W
    assert isinstance(weights, PeriodWeights)
    sums = np.asarray(weights.blocks.whole.sum(axis=1), dtype=float).ravel()
    none = np.empty((*design.y.shape, 0))
    if np.ptp(sums) <= SAME_SUM * np.abs(sums).max():
        return none, [], ()
    if all(a.standardised == "row" or not a.matrix.nnz for a in weights.distinct):
        return none, [], (f"durbin leaves out {LAGGED_INTERCEPT}, which is a dummy of the islands",)
    said = f"durbin lags the intercept too, as {LAGGED_INTERCEPT}: the rows of these weights differ in their sums"
    return design.grid(sums)[..., None], [LAGGED_INTERCEPT], (said,)


def checked(design: PeriodDesign, rows: Rows, spec: ModelSpec) -> None:
    """Raise where the model cannot be estimated from the cells that are there, naming what stands in the way."""
    T, N = design.y.shape
    K, G, n = rows.X.shape[1], rows.dummies.shape[1], int(rows.seen.sum())
    if N < 2 and T > 1:
        raise ModelError(f"a model of regions needs two at least; there is {first(list(design.regions))} alone.")
    if spec.fixed_effects in ("region", "two-way") and T < 2:
        raise ModelError(
            f"region effects need at least two periods of the outcome; the sample has {T}: "
            f"{first(list(design.periods))}. Take effects='none' or 'time'."
        )
    if spec.fixed_effects == "two-way" and design.missing == "integrate" and rows.groups > 1 and design.gaps:
        raise ModelError(
            f"regions and periods whose outcomes are there fall into {rows.groups} groups that share neither, and "
            "two-way effects of one group say nothing of the others', in whose periods outcomes are to be integrated "
            "out. Take missing='omit', or effects='region' or 'time'."
        )
    if n - G <= K + 1:
        raise SingularDesignError(
            f"{plural(K, 'coefficient')} cannot be estimated from {plural(n, 'outcome')} seen, with "
            f"{plural(max(n - G, 0), 'observation')} left after the effects. Use fewer regressors or more data."
        )
    refuse_extreme(rows.y, "the outcome")
    for k, name in enumerate(design.names):
        refuse_extreme(rows.X[:, k], repr(name))
    shown = replace(rows, y=rows.y[rows.seen], X=rows.X[rows.seen], seen=rows.seen[rows.seen])
    shown = replace(shown, period=rows.period[rows.seen], region=rows.region[rows.seen], W=None, M=None)
    flat = Design(shown.y[None], shown.X[None], design.names, pd.RangeIndex(shown.n), pd.RangeIndex(1))
    check_columns(flat, dummies(shown))


def stacked(design: PeriodDesign, rows: Rows) -> tuple[Design, Dummies]:
    """Return the rows as one period of many regions, with block-diagonal weights, and the projection of the effects.

    For what looks at a design and its weights without factorising anything.
    """

    def whole(weights: Any, blocks: Blocks | None) -> Any:
        if not isinstance(weights, PeriodWeights) or blocks is None:
            return None
        return replace(weights.distinct[weights.which[0]], matrix=blocks.whole, summary=weights.summary)

    W, M = whole(design.W, rows.W), whole(design.M, rows.M)
    flat = Design(rows.y[None], rows.X[None], design.names, pd.RangeIndex(rows.n), pd.RangeIndex(1), W=W, M=M)
    return flat, dummies(rows)
