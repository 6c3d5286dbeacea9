"""Dense brute force for effects and predictions: nothing here uses the package.

The outcome is computed from the model's own equations, with loops over regions and periods; effects are what
changes in it when a regressor is raised somewhere.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def outcome(W: np.ndarray, x: np.ndarray, p: dict[str, float]) -> np.ndarray:
    """One period, one regressor: y = (I - rho W)^-1 (beta x + theta W x)."""
    return np.linalg.solve(np.eye(len(W)) - p["rho"] * W, p["beta"] * x + p["theta"] * (W @ x))


def path(W: np.ndarray, x: np.ndarray, p: dict[str, float], periods: int) -> np.ndarray:
    """Last of many periods of the dynamic model from y = 0, with x the same in all of them."""
    y = np.zeros(len(W))
    for _ in range(periods):
        now = p["beta"] * x + p["theta"] * (W @ x) + p["tau"] * y + p["eta"] * (W @ y)
        y = np.linalg.solve(np.eye(len(W)) - p["rho"] * W, now)
    return y


def effects_matrix(W: np.ndarray, p: dict[str, float], *, kind: str) -> np.ndarray:
    """Raise x by one in each region in turn (for good, in the long run) and see what happens to y everywhere."""
    N = len(W)
    x0 = np.linspace(-1, 1, N)

    def at(x: np.ndarray) -> np.ndarray:
        return path(W, x, p, 4000) if kind == "long" else outcome(W, x, p)

    base, columns = at(x0), []
    for j in range(N):
        raised = x0.copy()
        raised[j] += 1.0
        columns.append(at(raised) - base)
    return np.column_stack(columns)


def averages(S: np.ndarray) -> np.ndarray:
    """Direct, indirect, total: means of the diagonal, of the sums of the rest of the rows, of the whole rows."""
    N = len(S)
    direct = sum(S[i, i] for i in range(N)) / N
    indirect = sum(S[i, j] for i in range(N) for j in range(N) if i != j) / N
    return np.array([direct, indirect, direct + indirect])


def numerical_gradient(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, step: float = 1e-4) -> np.ndarray:
    """Fourth-order central differences, a column a parameter."""
    columns = []
    for k in range(len(x)):
        h = np.zeros(len(x))
        h[k] = step * max(abs(x[k]), 0.1)
        columns.append((8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h[k]))
    return np.column_stack(columns)
