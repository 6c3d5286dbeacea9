"""Predictions of a fitted model: trend, signal and reduced form, in sample and for new periods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._core.likelihood.information import multiply
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._labels.matching import hint
from spatialconv._options import PredictionKind, choice, first
from spatialconv.errors import AlignmentError, OptionError, UnsupportedModelError
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.impacts.marginal import ETA, TAU
from spatialconv.models.specification.design import LAGGED_INTERCEPT, matrix
from spatialconv.panel import Panel, in_order
from spatialconv.summary import time_axis

FloatArray = npt.NDArray[np.float64]


def predict(
    fit: PanelFit,
    panel: Panel | None = None,
    *,
    kind: PredictionKind = "reduced",
    time_effect: float | Mapping[Any, float] | None = None,
) -> pd.DataFrame:
    """Predict the outcome of every region, in the periods of the sample or in new ones.

    Use the reduced form to predict from regressors alone; the signal, which also reads the neighbours' outcome
    of the same period, to see how well the model fits.

    Parameters
    ----------
    fit : PanelFit
        Any fitted model.
    panel : Panel, optional
        Periods to predict: the regressors of all regions of the fit, matched by label, in any order. The sample
        itself by default.
    kind : {"reduced", "signal", "trend"}
        "trend" is ``X beta + effects``; "signal" adds ``rho W y + lambda M u`` of the outcome observed in the
        same period; "reduced" is ``(I - rho W)^-1 (X beta + effects)``, the expectation given the regressors.
    time_effect : float or mapping from period to float, optional
        Effects of periods that are not in the sample, as deviations from `fit.intercept` like
        `fit.time_effects`; needed where the model has time effects, since nothing in the sample tells them.

    Returns
    -------
    DataFrame
        A row a period, a column a region.

    Raises
    ------
    AlignmentError
        If the panel lacks regions of the fit, or has others.
    OptionError
        If the effect of a new period is needed and not given, or given and not needed.
    UnsupportedModelError
        If a dynamic model is to predict periods that do not follow on its sample.

    Notes
    -----
    In the words of Goulard, Laurent and Thomas-Agnan (2017) the signal is the in-sample predictor "TS" and the
    reduced form "TC". A dynamic model predicts new periods one after the other from its own predictions.
    Random effects are taken at their mean, zero.

    References
    ----------
    Goulard, Laurent and Thomas-Agnan (2017), About predictions in spatial autoregressive models: optimal and
    almost optimal strategies, Spatial Economic Analysis 12. Bivand (2002), Journal of Geographical Systems 4.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.impacts.prediction import predict
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> fit = sc.fit_panel(zj.panel, "exports", "digital", w, effects="region")
    >>> predict(fit).shape
    (5, 11)
    """
    choice("kind", kind, PredictionKind)
    fit.design.refuse_cells("predict() is")
    if panel is None:
        if time_effect is not None:
            raise OptionError("time_effect is for new periods, in a panel of their own; the sample's are estimated.")
        trend = fit.design.X @ fit.estimates.beta + fit.estimates.effect
        return fit.design.frame(_finished(fit, trend, fit.design.y, kind))
    _check_regions(fit, panel)
    regions, periods = fit.design.regions, panel.periods
    effects = _effects(fit, periods, time_effect)
    x = {name: panel.values(name, regions=regions) for name in fit.spec.x if name not in (TAU, ETA)}
    y = panel.values(fit.spec.y, regions=regions) if kind == "signal" else None
    if any(name in fit.params.index for name in (TAU, ETA)):
        values = _recursive(fit, x, effects, y, kind, periods)
    else:
        trend = _linear(fit, x, None, effects.shape) + effects
        values = _finished(fit, trend, y, kind)
    return pd.DataFrame(values, index=periods, columns=regions)


def _finished(fit: PanelFit, trend: FloatArray, y: FloatArray | None, kind: PredictionKind) -> FloatArray:
    """Return the prediction of a kind from the trend, shape (T, N)."""
    W = matrix(fit.design.W) if fit.spec.has_lag else None
    if kind == "trend":
        return trend
    if kind == "reduced":
        return multiply(W, fit.rho, trend)
    assert y is not None
    signal = trend if W is None else trend + fit.rho * lag(W, y)
    if fit.spec.has_error:
        signal = signal + fit.lambda_ * lag(matrix(fit.design.M), y - signal)
    return signal


def _linear(
    fit: PanelFit, x: Mapping[str, FloatArray], before: FloatArray | None, shape: tuple[int, int]
) -> FloatArray:
    """Return X beta from the regressors by name; `before` is the outcome of the period before."""
    W, total = matrix(fit.design.W), np.zeros(shape)
    columns: dict[str, FloatArray] = {"intercept": np.ones(shape), **x}
    columns |= {f"W:{name}": lag(W, x[name]) for name in fit.spec.durbin if name in x}
    if W is not None:
        columns[LAGGED_INTERCEPT] = lag(W, np.ones(shape))
    if before is not None:
        columns |= {TAU: before} | ({ETA: lag(W, before)} if W is not None else {})
    for name in fit.design.names:
        total = total + fit.params[name] * columns[name]
    return total


def _recursive(
    fit: PanelFit,
    x: Mapping[str, FloatArray],
    effects: FloatArray,
    y: FloatArray | None,
    kind: PredictionKind,
    periods: pd.Index,
) -> FloatArray:
    """Predict period after period, each from the outcome (observed if it is read, else predicted) before it."""
    _check_follows(fit.design.periods, periods)
    before, found = fit.design.y[-1:], []
    for t in range(len(periods)):
        now = {name: values[t : t + 1] for name, values in x.items()}
        trend = _linear(fit, now, before, (1, effects.shape[1])) + effects[t : t + 1]
        observed = y[t : t + 1] if y is not None else None
        found.append(_finished(fit, trend, observed, kind))
        before = observed if observed is not None else _finished(fit, trend, None, "reduced")
    return np.concatenate(found)


def _effects(fit: PanelFit, periods: pd.Index, time_effect: float | Mapping[Any, float] | None) -> FloatArray:
    """Return the effects of regions and periods by label, shape (T, N); zero where the model has none."""
    total = np.zeros((len(periods), fit.n_regions))
    if "intercept" not in fit.design.names:
        total += fit.intercept
    if len(fit.region_effects):
        total += fit.region_effects.to_numpy()[None, :]
    if len(fit.time_effects):
        return total + _of_periods(fit, periods, time_effect)[:, None]
    if time_effect is not None:
        raise OptionError(f"time_effect was given, but the model has no effects of periods: {fit.spec.effects!r}.")
    return total


def _of_periods(fit: PanelFit, periods: pd.Index, time_effect: float | Mapping[Any, float] | None) -> FloatArray:
    """Return the effect of each period: estimated where it is in the sample, given where it is new."""
    known: dict[Any, float] = fit.time_effects.to_dict()
    new = [p for p in periods if p not in known]
    if isinstance(time_effect, Mapping):
        given = dict(time_effect)
    else:
        given = dict.fromkeys(new, time_effect) if time_effect is not None else {}
    lacking, spare = [p for p in new if p not in given], [p for p in given if p not in new]
    if lacking:
        raise OptionError(
            f"the model has time effects and those of the new periods {first(lacking)} are not in the sample. Give "
            "them as time_effect=, for example 0.0 (an average period) or fit.time_effects.iloc[-1] (like the last)."
        )
    if spare or (time_effect is not None and not new):
        raise OptionError(
            f"time_effect is for new periods; not among them: {first(spare or list(periods))}. Those of the sample are "
            "estimated, others are not in the panel."
        )
    values = np.array([known.get(p, given.get(p)) for p in periods], dtype=float)
    if not np.isfinite(values).all():
        raise OptionError(f"time_effect must be finite numbers; got {time_effect!r}.")
    return values


def _check_regions(fit: PanelFit, panel: Panel) -> None:
    ours, theirs = fit.design.regions, panel.regions
    missing, others = list(ours[~ours.isin(theirs)]), list(theirs[~theirs.isin(ours)])
    if missing:
        raise AlignmentError(
            f"the panel lacks regions of the fit, {first(missing)}; every region's prediction needs its neighbours. "
            f"Labels are compared with their type.{hint(ours, theirs)}"
        )
    if others:
        raise AlignmentError(
            f"the panel has regions that the fit does not know, {first(others)}: nothing is estimated for them. Leave "
            "them out by panel.subset(regions=fit.design.regions)."
        )


def _check_follows(sample: pd.Index, periods: pd.Index) -> None:
    """Raise unless the new periods continue the sample at its own step, the commonest and then the shortest."""
    both = sample.append(periods)
    steps = np.diff(time_axis(both)[0])
    own, times = np.unique(steps[: len(sample) - 1], return_counts=True)
    if not in_order(both) or (len(own) and np.any(steps[len(sample) - 1 :] != own[np.argmax(times)])):
        raise UnsupportedModelError(
            f"a dynamic model predicts from the period before: the new periods ({first(list(periods))}) must follow on "
            f"the last of the sample ({sample[-1]}) without a gap."
        )
