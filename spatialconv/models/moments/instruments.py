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
    Where the errors have weights M of their own, M x and M W x join in.
    """
    W, M = matrix(design.W), matrix(design.M)
    if not spec.has_lag or W is None:
        return Instruments((), np.empty((*design.y.shape, 0)))
    names, columns = [], []
    for at, name in enumerate(design.names):
        if _is_lag(name, design.names) or (name == "intercept" and _rows_sum_to_one(W)):
            continue
        own = _lag_name(name) in design.names
        column = design.X[..., at]
        for power in range(1, order + own + 1):
            column = lag(W, column)
            if power == 1 and own:
                continue
            names.append(f"W{power if power > 1 else ''}:{name}")
            columns.append(column)
    if spec.has_error and M is not None and M is not W and (M != W).nnz:
        names, columns = _with_error_weights(design, M, names, columns)
    stacked = np.stack(columns, axis=2) if columns else np.empty((*design.y.shape, 0))
    return Instruments(tuple(names), stacked)


def _rows_sum_to_one(W: sp.csr_array) -> bool:
    return bool(np.abs(W.sum(axis=1) - 1).max() < ROUNDED)


def _lag_name(name: str) -> str:
    return "lag:W:y" if name == "lag:y" else f"{LAGGED}{name}"


def _is_lag(name: str, names: tuple[str, ...]) -> bool:
    return any(name == _lag_name(other) for other in names)


def _with_error_weights(
    design: Design, M: sp.csr_array, names: list[str], columns: list[FloatArray]
) -> tuple[list[str], list[FloatArray]]:
    alone = _rows_sum_to_one(M)
    own = [(n, design.X[..., at]) for at, n in enumerate(design.names) if n != "intercept" or not alone]
    pairs = [*own, *zip(names, columns, strict=True)]
    return [*names, *(f"M:{n}" for n, _ in pairs)], [*columns, *(lag(M, c) for _, c in pairs)]
