"""Regressions without spatial terms as rows, and projections."""

from __future__ import annotations

from typing import Any

import numpy as np

from spatialconv._core.persistence.kernel import Projector
from spatialconv.models.estimation.components import Rows, rows_of
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.hypotheses.outcomes import fit_of
from spatialconv.panel import FloatArray


def projector(X: FloatArray) -> Projector:
    """Return the projection on what the columns of X, shape (n, K), leave."""
    Q, _ = np.linalg.qr(X)
    return lambda Z: np.asarray(Z - Q @ (Q.T @ Z))


def least_squares(model: Any, what: str) -> tuple[PanelFit, Rows]:
    """Return the fit behind a model and its rows, or raise where it is not estimated by ordinary least squares."""
    fit = fit_of(model, "model")
    return fit, rows_of(fit.design, fit.spec, fit.estimates.refined, what)
