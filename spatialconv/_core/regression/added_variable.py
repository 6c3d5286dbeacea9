"""The added-variable view of one regressor: what is left of it, and of the outcome, once all else is out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spatialconv._core.likelihood.effects import Projection

FloatArray = npt.NDArray[np.float64]


def added_variable(
    X: FloatArray, at: int, slope: float, residuals: FloatArray, project: Projection
) -> tuple[FloatArray, FloatArray]:
    """Return regressor `at` and the outcome, both (T, N), without effects and the other regressors.

    X, shape (T, N, K), is spatially filtered if the errors are. By the theorem of Frisch, Waugh (1933) and Lovell
    (1963) the residuals e of the full model are orthogonal to x, what the others leave of the regressor, so that the
    least-squares slope of y = slope * x + e on x is the coefficient itself. Both have mean zero.
    """
    swept = project(X)
    T, N, K = swept.shape
    columns = swept.reshape(T * N, K)
    others = np.delete(columns, at, axis=1)
    weight, *_ = np.linalg.lstsq(others, columns[:, at], rcond=None)
    x = (columns[:, at] - others @ weight).reshape(T, N)
    x = x - x.mean()
    return x, slope * x + residuals - residuals.mean()
