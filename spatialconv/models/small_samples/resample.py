"""Refits to resampled errors, as impacts ask for them."""

from __future__ import annotations

import numpy as np

from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.small_samples.refits import Engine, fitted_world
from spatialconv.panel import FloatArray


def resampled_params(fit: PanelFit, draws: int, rng: np.random.Generator, *, jobs: int = 1) -> tuple[FloatArray, int]:
    """Return the parameters of the refits that succeeded, shape (draws, P), and how many did not.

    As `PanelFit.bootstrap` with `scheme="residual"`: rescaled residuals go through the reduced form, levels and lags
    in time are rebuilt from the simulated past, other regressors and the effects are held fixed.
    """
    found = Engine.of(fit).run(fitted_world(fit), draws=draws, rng=rng, jobs=jobs, errors=False)
    return found.kept, found.lost
