"""A fitted growth regression as the arrays that the theory of few periods works on, or why it does not reach."""

from __future__ import annotations

import numpy as np

from spatialconv._core.few_periods.sample import Sample
from spatialconv.errors import ModelError, UnsupportedModelError
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.results import extent

INITIAL = "log_initial"
# Rows of a row-standardised W add up to one, but for rounding.
ROUNDING = 1e-8
# W is held dense, and every draw has numbers for each region and span.
MOST_REGIONS, MOST_NUMBERS = 2000, 50_000_000


def sample_of_fit(fit: PanelFit, length: float, draws: int = 0, *, what: str = "") -> Sample:
    """Return the arrays of a fitted growth regression over spans of a length, as `sample_of`, for tests or `what`."""
    are, hold = (f"{what} is", "holds") if what else ("these tests are", "hold")
    subject = what or "these tests"
    design = fit.design
    effects = fit.spec.effects
    if effects not in ("region", "two-way"):
        raise UnsupportedModelError(
            f"{are} for region and two-way effects; got effects={effects!r}. Without them "
            "b.bootstrap(null='no-convergence') holds."
        )
    if fit.spec.has_error:
        raise UnsupportedModelError(f"{are} not derived for spatial errors; take spatial='lag' or 'none'.")
    if f"W:{INITIAL}" in design.names:
        raise UnsupportedModelError(
            f"{are} not derived for the spatial lag of the initial level; name other variables in durbin."
        )
    design.refuse_cells(are)
    chain = design.chain
    assert chain is not None
    T, N = design.y.shape
    if N > MOST_REGIONS or N * T * draws > MOST_NUMBERS:
        raise ModelError(
            f"{subject} {hold} W and its inverse dense, for at most {MOST_REGIONS:,} regions, and at most "
            f"{MOST_NUMBERS:,} numbers for all draws; got {extent(N, T, 'span')}, {draws:,} draws. Take fewer "
            "draws, or b.bootstrap(null='no-convergence'), which holds with so many regions."
        )
    if not np.array_equal(chain.source, np.arange(T) - 1) or np.ptp(chain.length) > 0:
        raise ModelError("spans must follow one another without gaps or overlaps for growth to make the next level.")
    W = design.W.matrix.toarray() if fit.spec.has_lag and design.W is not None else None
    if W is not None and effects == "two-way" and np.abs(W.sum(axis=1) - 1).max() > ROUNDING:
        raise UnsupportedModelError(
            "time effects are taken off by a W whose rows sum to one; standardise the weights by row, or take "
            "effects='region'."
        )
    initial = design.names.index(INITIAL)
    X = np.delete(design.X, initial, axis=2)
    sample = Sample.of(length * design.y, design.X[0, :, initial], X, W, two_way=effects == "two-way")
    if T < 2 or min(sample.dof_within - 1, sample.dof_between) < 1:
        raise ModelError(f"too little is left of {extent(N, T, 'span')} once effects and controls are taken off.")
    return sample
