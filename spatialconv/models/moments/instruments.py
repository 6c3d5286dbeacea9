"""Instruments of the spatially lagged outcome: lags of the regressors by the weights, or their best combination."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from spatialconv._core.likelihood.likelihood import lag
from spatialconv.models.specification.design import Design, matrix
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.panel import FloatArray

LAGGED = "W:"
# A row of so many shares of 1/n sums to one but for rounding.
ROUNDED = 1e-12


@dataclass(frozen=True)
class Instruments:
    """Columns (T, N, q) beyond the exogenous regressors themselves, and their names."""

    names: tuple[str, ...]
    columns: FloatArray


def lagged_regressors(design: Design, spec: ModelSpec, order: int) -> Instruments:
    """Return W x, W^2 x, ... up to `order` lags beyond those that are regressors themselves.

    The intercept is lagged like any regressor (Kelejian and Prucha 1998): the mean of W y holds W 1, W^2 1, ... times
    it, which says how strongly a region is linked. Where rows sum to one that is the intercept again and left out.
    Where the errors have weights M of their own, M x and M W x join in, and so they do where there is no lag of the
    outcome but another endogenous regressor: what is filtered by I - lambda M must be in reach of the instruments
    (Drukker, Egger and Prucha 2013). Instruments given for endogenous regressors come first, and their lags with them.
    """
    W, M = matrix(design.W), matrix(design.M)
    names, columns = [], []
    for name, column in zip(design.instrument_names, _each(design.instruments), strict=True):
        names.append(name)
        columns.append(column)
    if W is not None and (spec.has_lag or len(spec.endogenous) > len(spec.endog)):
        # Lags of what is endogenous are lagged instruments' to explain, also where the outcome is not lagged.
        most = order + (len(spec.endogenous) > len(spec.endog)) if spec.has_lag else 1
        for name, column in list(zip(names, columns, strict=True)):
            _add_lags(W, name, column, range(1, most + 1), names, columns)
    if W is not None and spec.has_lag:
        for at, name in enumerate(design.names):
            if name in spec.endogenous or _is_lag(name, design.names):
                continue
            if name == "intercept" and _rows_sum_to_one(W):
                continue
            own = _lag_name(name) in design.names
            _add_lags(W, name, design.X[..., at], range(1 + own, order + own + 1), names, columns)
    if spec.instrumented and spec.has_error and M is not None:
        held = spec.has_lag and (M is W or not (M != W).nnz)
        if not held:
            names, columns = _with_error_weights(design, spec, M, names, columns)
    stacked = np.stack(columns, axis=2) if columns else np.empty((*design.y.shape, 0))
    return Instruments(tuple(names), stacked)


def _rows_sum_to_one(W: sp.csr_array) -> bool:
    return bool(np.abs(W.sum(axis=1) - 1).max() < ROUNDED)


def _lag_name(name: str) -> str:
    return "lag:W:y" if name == "lag:y" else f"{LAGGED}{name}"


def _is_lag(name: str, names: tuple[str, ...]) -> bool:
    return any(name == _lag_name(other) for other in names)


def _each(columns: FloatArray | None) -> list[FloatArray]:
    return [] if columns is None else [columns[..., k] for k in range(columns.shape[2])]


def _add_lags(
    W: sp.csr_array, name: str, column: FloatArray, powers: range, names: list[str], columns: list[FloatArray]
) -> None:
    for power in range(1, powers.stop):
        column = lag(W, column)
        if power in powers:
            names.append(f"W{power if power > 1 else ''}:{name}")
            columns.append(column)


def _with_error_weights(
    design: Design, spec: ModelSpec, M: sp.csr_array, names: list[str], columns: list[FloatArray]
) -> tuple[list[str], list[FloatArray]]:
    alone = _rows_sum_to_one(M)
    own = [
        (n, design.X[..., at])
        for at, n in enumerate(design.names)
        if n not in spec.endogenous and (n != "intercept" or not alone)
    ]
    pairs = [*own, *zip(names, columns, strict=True)]
    return [*names, *(f"M:{n}" for n, _ in pairs)], [*columns, *(lag(M, c) for _, c in pairs)]
