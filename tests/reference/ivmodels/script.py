"""Sets of Anderson and Rubin by ivmodels (BSD-3, 0.10.0): of one coefficient, and of one of two.

Run in an environment with ivmodels; of it only ivmodels.tests is needed. Prints reference.json.
"""

from __future__ import annotations

import json

import numpy as np
from ivmodels.confidence_set import ConfidenceSet
from ivmodels.tests import anderson_rubin_test, inverse_anderson_rubin_test


def sample(seed: int, strength: float, endogenous: int, invalid: float) -> dict[str, list]:
    rng = np.random.default_rng(seed)
    n, q = 230, 4
    Z, C = rng.normal(size=(n, q)), rng.normal(size=(n, 2))
    e = rng.normal(size=n)
    V = rng.normal(size=(n, endogenous)) + 0.8 * e[:, None]
    X = strength * Z @ rng.normal(size=(q, endogenous)) + C @ rng.normal(size=(2, endogenous)) + V
    y = X @ np.arange(1, endogenous + 1) + C @ [1.0, -1.0] + e + invalid * Z[:, 0]
    return {"y": y.tolist(), "X": X.tolist(), "Z": Z.tolist(), "C": C.tolist()}


CASES = {
    "strong": (1, 0.6, 1, 0.0),
    "weak": (5, 0.03, 1, 0.0),
    "weaker": (2, 0.0, 1, 0.0),
    "invalid": (3, 0.6, 1, 2.0),
    "two": (4, 0.5, 2, 0.0),
    "two weak": (7, 0.05, 2, 0.0),
}

VALUES = (-1e4, -50.0, -5.0, 0.0, 0.5, 0.8, 1.0, 1.1, 1.3, 1.6, 2.0, 2.1, 2.2, 5.0, 50.0, 1e4)
found = {}
for name, case in CASES.items():
    data = sample(*case)
    y, X, Z, C = (np.array(data[k]) for k in ("y", "X", "Z", "C"))
    sets, asked = [], []
    for j in range(X.shape[1]):
        others = np.delete(X, j, axis=1)
        quadric = inverse_anderson_rubin_test(
            Z=Z,
            X=X[:, [j]],
            y=y,
            alpha=0.05,
            W=others if others.shape[1] else None,
            C=C,
            fit_intercept=True,
            critical_values="f",
        )
        pairs = ConfidenceSet.from_quadric(quadric).boundaries
        sets.append([[str(float(end)) for end in pair] for pair in pairs])
        given = {"Z": Z, "X": X[:, [j]], "y": y, "W": others if others.shape[1] else None, "C": C}
        asked.append([float(anderson_rubin_test(**given, beta=np.array([v]), critical_values="f")[1]) for v in VALUES])
    found[name] = {"case": list(case), "sets": sets, "p": asked}
print(json.dumps(found))
