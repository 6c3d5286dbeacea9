"""Outcomes through space and through time, many data sets at once: growth makes the next level.

    y[t] = (I - rho W)^-1 (X[t] beta + effect[t] + u[t]),    u[t] = (I - lambda M)^-1 e[t]

Some columns of X are made of earlier outcomes. In a growth regression the initial level of a span is the level at the
end of the span before, ln v[end] = ln v[start] + h y; in a dynamic model the regressor is the outcome of the period
before itself. Both are a state that starts from an observed value and then follows from the outcomes:

    state[t] = observed[t]                                  where no earlier period leads to t
    state[t] = carry state[s] + step[t] y[s],  s = source[t]  otherwise

All else in X is held fixed. A last axis of arrays counts the data sets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from spatialconv._core.likelihood.information import multiply
from spatialconv._core.likelihood.logdet import factor
from spatialconv._core.likelihood.traces import DENSE_AT_MOST

FloatArray = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Feedback:
    """Which regressors earlier outcomes make, and how.

    `own` and `lagged` are the columns of X that hold the state and its spatial lag, None where the model does not
    have them; a state that adds up needs its own column. `source`, shape (T,), is the earlier period whose outcome
    makes the state of each period, -1 where the state is observed; `step`, shape (T,), multiplies that outcome.
    `carry` says whether the state adds up (a level) or is the outcome itself.
    """

    own: int | None
    lagged: int | None
    source: Places
    step: FloatArray
    carry: bool

    @property
    def columns(self) -> list[int]:
        """Columns of X that differ from data set to data set."""
        return [k for k in (self.own, self.lagged) if k is not None]

    @property
    def rebuilt(self) -> int:
        """Number of periods whose state follows from outcomes."""
        return int((self.source >= 0).sum())


class Multiplier:
    """(I - rho W)^-1 set up once: dense for few regions, sparse factors for many; nothing without W."""

    def __init__(self, W: sp.csr_array | None, rho: float) -> None:
        self._dense = self._sparse = None
        if W is None or rho == 0:
            return
        if W.shape[0] <= DENSE_AT_MOST:
            self._dense = np.linalg.inv(np.eye(W.shape[0]) - rho * W.toarray())
        else:
            self._sparse = factor(W, rho)

    def __call__(self, Z: FloatArray) -> FloatArray:
        """Return the product with Z of shape (N, B)."""
        if self._dense is not None:
            return np.asarray(self._dense @ Z)
        return Z if self._sparse is None else np.asarray(self._sparse.solve(np.ascontiguousarray(Z)))


@dataclass(frozen=True)
class Model:
    """A model with its parameters: X of shape (T, N, K), beta (K,), effect (T, N), W and M where rho, lambda are.

    `links` are the weights of a lagged state, which a model without rho may have too.
    """

    X: FloatArray
    beta: FloatArray
    effect: FloatArray
    rho: float = 0.0
    lam: float = 0.0
    W: sp.csr_array | None = None
    M: sp.csr_array | None = None
    links: sp.csr_array | None = None
    feedback: Feedback | None = None


def rebuild(model: Model, e: FloatArray, outside: FloatArray | float = 0.0) -> tuple[FloatArray, FloatArray | None]:
    """Return outcomes (T, N, B), and the columns `feedback.columns` of X (T, N, V, B), for innovations e (T, N, B).

    The columns are None where no regressor depends on earlier outcomes. `outside`, shape (N, B), are errors that do
    not go through the error process.
    """
    u = (multiply(model.M, model.lam, e) if model.M is not None and model.lam != 0 else e) + outside
    feedback = model.feedback
    if feedback is None:
        mean = (model.X @ model.beta + model.effect)[..., None] + u
        return (multiply(model.W, model.rho, mean) if model.W is not None and model.rho != 0 else mean), None
    made = feedback.columns
    fixed = np.delete(np.arange(len(model.beta)), made)
    given = model.X[..., fixed] @ model.beta[fixed] + model.effect
    spread = Multiplier(model.W, model.rho)
    y, columns = np.empty_like(u), np.empty((*u.shape[:2], len(made), u.shape[2]))
    for t in range(len(u)):
        columns[t] = _columns(model, feedback, t, y, columns)
        mean = given[t][:, None] + u[t]
        for v, beta in enumerate(model.beta[made]):
            mean += beta * columns[t][:, v]
        y[t] = spread(mean)
    return y, columns


def _columns(model: Model, feedback: Feedback, t: int, y: FloatArray, columns: FloatArray) -> FloatArray:
    """Return the columns of period t, shape (N, V, 1 or B)."""
    s = int(feedback.source[t])
    if s < 0:
        return np.asarray(model.X[t][:, feedback.columns, None])
    state = feedback.step[t] * y[s]
    if feedback.carry:
        state = state + columns[s][:, 0]
    made = [state] if feedback.own is not None else []
    if feedback.lagged is not None:
        assert model.links is not None
        made.append(np.asarray(model.links @ state))
    return np.stack(made, axis=1)
