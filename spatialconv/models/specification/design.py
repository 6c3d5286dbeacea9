"""From a panel and a specification to arrays, checked: nothing absorbed, nothing collinear, enough left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from spatialconv._core.likelihood.effects import Kind, Projection, projection
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.regression.least_squares import absorbed_columns, collinear_columns
from spatialconv._options import first
from spatialconv._options import names as column_names
from spatialconv.errors import AbsorbedVariableError, ModelError, OptionError, SingularDesignError, VariableError
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.panel import Panel, as_panel, refuse_extreme
from spatialconv.results import Record, extent, merge_notes, plural
from spatialconv.summary import time_axis
from spatialconv.weights import Aligned

FloatArray = npt.NDArray[np.float64]
# Row sums closer than this, as a share of the largest, are the same.
SAME_SUM = 1e-9
Positions = npt.NDArray[np.intp]

# What results call their own parameters.
RESERVED = ("intercept", "rho", "lambda", "phi", "sigma2")
# The spatial lag of the intercept: how strongly a region is linked.
LAGGED_INTERCEPT = "W:intercept"


@dataclass(frozen=True)
class Chain:
    """How earlier outcomes make a regressor: growth over a span leads to the level from which the next one starts.

    `name` is the regressor; `source`, shape (T,), the earlier period (span) whose outcome makes it, -1 where there is
    none; `length`, shape (T,), what that outcome is to be multiplied with. `levels` says whether the product is added
    to the regressor of then (a level), or is the regressor itself (a lag in time).
    """

    name: str
    source: npt.NDArray[np.intp]
    length: FloatArray
    levels: bool = True


@dataclass(frozen=True, repr=False)
class Design(Record):
    """The arrays of a model: y of shape (T, N), X of shape (T, N, K), labels, and the weights aligned to them.

    `instruments`, (T, N, q), are those given for endogenous regressors; lags of regressors are made from X.
    """

    y: FloatArray
    X: FloatArray
    names: tuple[str, ...]
    regions: pd.Index
    periods: pd.Index
    W: Aligned | None = None
    M: Aligned | None = None
    notes: tuple[str, ...] = ()
    chain: Chain | None = None
    instrument_names: tuple[str, ...] = ()
    instruments: FloatArray | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(T, N, K)."""
        T, N, K = self.X.shape
        return T, N, K

    @property
    def cells(self) -> bool:
        """Whether regions or weights differ by period, so that this is cells and not arrays with one matrix."""
        return False

    def refuse_cells(self, what: str) -> None:
        """Raise UnsupportedModelError for what takes arrays without gaps and one matrix, where these are not that."""

    def net_of_effects(self, kind: Kind) -> FloatArray:
        """Return the outcomes that are there with the effects taken out, in one vector."""
        return np.asarray(projection(kind, *self.y.shape, lee_yu=False)(self.y)).ravel()

    def frame(self, values: FloatArray) -> pd.DataFrame:
        """Return a (T, N) array as a frame with a row a period and a column a region."""
        return pd.DataFrame(values, index=self.periods, columns=self.regions)


def from_panel(panel: Panel, spec: ModelSpec, missing: Literal["raise", "keep"] = "raise") -> Design:
    """Read the variables of a specification from a panel, without weights and constants yet; gaps may stay NaN."""
    as_panel(panel)
    columns = (spec.y, *spec.x)
    refuse_reserved(spec.x)
    twice = sorted({c for c in columns if columns.count(c) > 1})
    if twice:
        raise OptionError(f"{first(twice)} stands on both sides of the model; name each variable once.")

    def read(name: str) -> FloatArray:
        return panel.values(name, missing=missing)

    y = read(spec.y)
    X = np.stack([read(name) for name in spec.x], axis=2) if spec.x else np.empty((*y.shape, 0))
    given = np.stack([read(name) for name in spec.instruments], axis=2) if spec.instruments else None
    return Design(
        y,
        X,
        spec.x,
        panel.regions,
        panel.periods,
        notes=panel.notes,
        instrument_names=spec.instruments,
        instruments=given,
    )


def complete(design: Design, spec: ModelSpec) -> Design:
    """Add the spatially lagged regressors that `durbin` names, and the intercept where there is to be one."""
    X, names = design.X, list(design.names)
    if spec.durbin:
        assert design.W is not None
        unknown = [name for name in spec.durbin if name not in names]
        if unknown:
            raise OptionError(f"durbin names {first(unknown)}, which is not among the regressors {first(names)}.")
        lagged = lag(design.W.matrix, X[:, :, [names.index(name) for name in spec.durbin]])
        if spec.has_intercept:
            own, labels, note = lagged_intercept(design)
            X, names = np.concatenate([X, own], axis=2), [*names, *labels]
            design = replace(design, notes=merge_notes(design.notes, note))
        X = np.concatenate([X, lagged], axis=2)
        names += [f"W:{name}" for name in spec.durbin]
    if spec.dynamic != "none":
        return complete(_with_past(design, spec, X, names), replace(spec, durbin=(), dynamic="none"))
    if spec.has_intercept:
        X = np.concatenate([np.ones((*design.y.shape, 1)), X], axis=2)
        names = ["intercept", *names]
    # Only now: a column may be called like a spatial lag or a lag in time that the model does not have.
    refuse_reserved(name for name in names if name != "intercept")
    return replace(design, X=X, names=tuple(names))


def lagged_intercept(design: Design) -> tuple[FloatArray, list[str], tuple[str, ...]]:
    """Return W 1, shape (T, N, 1), its name and a note, for regressors that are lagged with the others; or no column.

    Where rows have the same sum it is the intercept again. Islands among row-standardised weights leave it out, as
    spatialreg does: it would be a dummy of theirs.
    """
    none = np.empty((*design.y.shape, 0))
    if design.W is None:
        return none, [], ()
    sums = np.asarray(design.W.matrix.sum(axis=1), dtype=float).ravel()
    if np.ptp(sums) <= SAME_SUM * np.abs(sums).max():
        return none, [], ()
    if design.W.standardised == "row":
        return none, [], (f"durbin leaves out {LAGGED_INTERCEPT}, which is a dummy of the islands",)
    said = f"durbin lags the intercept too, as {LAGGED_INTERCEPT}: the rows of these weights differ in their sums"
    return np.broadcast_to(sums[:, None], (*design.y.shape, 1)), [LAGGED_INTERCEPT], (said,)


def _with_past(design: Design, spec: ModelSpec, X: FloatArray, names: list[str]) -> Design:
    """Put the outcome of the period before, and its spatial lag, in front of the regressors."""
    start, end, notes = _pairs(design.periods)
    before, past, labels = design.y[start], [], []
    if spec.dynamic in ("y", "both"):
        past.append(before)
        labels.append("lag:y")
    if spec.dynamic in ("wy", "both"):
        if design.W is None:
            raise ModelError("dynamic='wy' and 'both' need the weights w of the spatial lag.")
        past.append(lag(design.W.matrix, before))
        labels.append("lag:W:y")
    return replace(
        design,
        y=design.y[end],
        X=np.concatenate([np.stack(past, axis=2), X[end]], axis=2),
        names=(*labels, *names),
        periods=design.periods[end],
        notes=merge_notes(design.notes, notes),
        chain=Chain("lag:y", sources(start, end), np.ones(len(end)), levels=False),
        instruments=None if design.instruments is None else design.instruments[end],
    )


def sources(start: Positions, end: Positions) -> Positions:
    """Return for every pair of positions the pair that ends where it starts, -1 where none does."""
    place = {int(e): k for k, e in enumerate(end)}
    return np.array([place.get(int(s), -1) for s in start], dtype=np.intp)


def _pairs(periods: pd.Index) -> tuple[Positions, Positions, tuple[str, ...]]:
    """Return the positions of the periods that have a past one step before them, after those of their pasts.

    The step is the commonest distance between periods (the shortest of several as common).
    """
    if len(periods) < 3:
        raise ModelError(
            f"a dynamic model needs at least three periods; the sample has {len(periods)}: {first(list(periods))}."
        )
    time, by_position = time_axis(periods)
    steps, times = np.unique(np.diff(time), return_counts=True)
    step = float(steps[np.argmax(times)])
    place = {t: k for k, t in enumerate(time.tolist())}
    pairs = [(place[t - step], k) for t, k in place.items() if t - step in place]
    alone = [k for k in range(1, len(periods)) if time[k] - step not in place]
    if len(pairs) < 2:
        raise ModelError(
            f"a dynamic model needs two periods or more with another one step, {step:g}, before them; periods are not "
            f"evenly spaced, and {first(list(periods[alone]))} have none. Choose periods by panel.subset(periods=...)."
        )
    start, end = (np.array(side, dtype=np.intp) for side in zip(*pairs, strict=True))
    return start, end, tuple(_said_of_pairs(periods, step, alone, by_position))


def _said_of_pairs(periods: pd.Index, step: float, alone: list[int], by_position: bool) -> Iterator[str]:
    yield f"period {first([periods[0]])} serves as the past of the next and is not explained"
    if alone:
        yield (
            f"periods are not evenly spaced: {first(list(periods[alone]))} without a period {step:g} before are not "
            "explained, and the correction of the dynamic bias (if any) takes the others for one run"
        )
    if by_position:
        yield (
            f"periods are no whole numbers ({first(list(periods))}): the past is the period before in this order, and "
            "whether one is absent between them cannot be seen"
        )


def refuse_reserved(names: Iterable[str]) -> None:
    """Raise where a regressor has a name that results give to their own parameters."""
    listed = list(names)
    taken = [name for name in dict.fromkeys(listed) if name in RESERVED or listed.count(name) > 1]
    if taken:
        raise OptionError(
            f"{first(taken)} cannot name a regressor: results call their own parameters so. Rename the column, for "
            "example by panel.assign()."
        )


def check(design: Design, project: Projection) -> None:
    """Raise where the model cannot be estimated from these data, naming what stands in the way."""
    _check_size(design, project)
    refuse_extreme(design.y, "the outcome")
    for k, name in enumerate(design.names):
        refuse_extreme(design.X[:, :, k], repr(name))
    for k, name in enumerate(design.instrument_names if design.instruments is not None else ()):
        assert design.instruments is not None
        refuse_extreme(design.instruments[:, :, k], f"the instrument {name!r}")
    check_columns(design, project)


def check_columns(design: Design, project: Projection) -> None:
    """Raise where effects absorb the outcome or a regressor, or regressors are collinear."""
    T, N, K = design.shape
    y, X = design.y.reshape(T * N, 1), design.X.reshape(T * N, K)
    Py, PX = project(design.y).reshape(T * N, 1), project(design.X).reshape(T * N, K)
    if len(absorbed_columns(y - y.mean(), Py)) or np.ptp(y) == 0:
        raise VariableError(
            f"the outcome does not vary once {_effects(project)} are removed; there is nothing to explain."
        )
    absorbed = [design.names[k] for k in absorbed_columns(X, PX)]
    if absorbed:
        raise AbsorbedVariableError(
            f"{_effects(project)} absorb {first(absorbed)}: {_constancy(project)}. Leave these out, or choose other "
            "effects."
        )
    spare = [design.names[k] for k in collinear_columns(PX)]
    if spare:
        raise SingularDesignError(
            f"the regressors are collinear: {first(spare)} is a linear combination of the others"
            f"{'' if project.kind == 'none' else f' once {_effects(project)} are removed'}. Leave it out."
        )


def _check_size(design: Design, project: Projection) -> None:
    T, N, K = design.shape
    if project.over_regions and N < 2:
        raise ModelError(f"time effects need at least two regions; the panel has {N}: {first(list(design.regions))}.")
    if project.over_periods and T < 2:
        raise ModelError(
            f"region effects need at least two periods of the outcome; the sample has {T}: "
            f"{first(list(design.periods))}. Take effects='none' or 'time'."
        )
    if N < 2 and T > 1:
        raise ModelError(
            f"a model of regions needs at least two of them; the panel has {N}: {first(list(design.regions))}."
        )
    left = (N - project.over_regions) * (T - project.over_periods)
    if left <= K + 1:
        raise SingularDesignError(
            f"{plural(K, 'coefficient')} cannot be estimated from {extent(N, T)}, with "
            f"{plural(left, 'observation')} left after the effects. Use fewer regressors or more data."
        )


def _effects(project: Projection) -> str:
    return {"none": "no effects", "region": "region effects", "time": "time effects", "two-way": "two-way effects"}[
        project.kind
    ]


def _constancy(project: Projection) -> str:
    return {
        "none": "they are zero throughout",
        "region": "they do not vary over time within any region",
        "time": "they do not vary over the regions within any period",
        "two-way": "they are sums of a part by region and a part by period",
    }[project.kind]


def matrix(weights: Aligned | None) -> sp.csr_array | None:
    """Return the sparse matrix of aligned weights, if there are any."""
    return None if weights is None else weights.matrix


def names_of(durbin: bool | str | Iterable[str] | None, x: tuple[str, ...]) -> tuple[str, ...]:
    """Return the regressors whose spatial lags enter: all, none, or those named."""
    if durbin is True:
        return x
    if durbin is False or durbin is None:
        return ()
    return column_names("durbin", durbin)
