"""Whether a model can be told from the sample: a guard before it is estimated, and one after."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import scipy.sparse as sp

from spatialconv._core.likelihood.effects import Projection, projection
from spatialconv._core.likelihood.identification import Remainder, dependent
from spatialconv._core.likelihood.likelihood import Problem
from spatialconv._core.likelihood.logdet import EIGEN_AT_MOST, LogDet
from spatialconv._core.likelihood.maximise import Optimum, maximise, off_ends
from spatialconv._core.stacked.likelihood import Stacked
from spatialconv.errors import ModelError
from spatialconv.models.specification.design import Design, matrix
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.panel import FloatArray
from spatialconv.results import number
from spatialconv.weights import Aligned

# A log-likelihood lower by less than this is as good.
AS_GOOD = 0.1
# A coefficient this share of the way to its bound is no small one.
FAR = 0.25
# A profile as good over this share of the admissible values tells nothing.
LEVEL = 0.5
# From this z on a term that were superfluous would be found so by one sample in a billion.
CERTAIN = 6.0

_OUT = {"none": "the regressors are", "region": "region effects and regressors are"}
_OUT |= {"time": "time effects and regressors are", "two-way": "two-way effects and regressors are"}


def refuse_unidentified(design: Design, spec: ModelSpec, project: Projection | None = None) -> str:
    """Raise a ModelError where no sample could tell the spatial coefficients; say where the regressors alone do.

    See `_core/likelihood/identification.py` for what is looked at; it costs a dozen products with the weights.
    `project` takes the effects out where they are not those of an array of regions and periods.
    """
    lag_weights, error_weights = design.W if spec.has_lag else None, design.M if spec.has_error else None
    if lag_weights is None and error_weights is None:
        return ""
    W, M = matrix(lag_weights), matrix(error_weights)
    every = Remainder(design.X, project or projection(spec.fixed_effects, *design.y.shape, lee_yu=False))
    told = W is not None and every.leaves(W)
    moved = told if M is W else M is not None and every.leaves(M)
    # Where regressors tell something the covariance is looked at without them; an intercept may stand for an effect.
    bare = replace(every, X=design.X[:, :, [name == "intercept" for name in design.names]])
    space = bare if told or moved else every
    if error_weights is not None and not moved and told and _untold(every, None, M):
        raise ModelError(_one("lambda", error_weights, spec))
    # What holds for one of two coefficients holds for both: nothing more is to be asked of most weights.
    if not _untold(space, W, M):
        return ""
    if error_weights is not None and (W is None or _untold(space, None, M)):
        raise ModelError(_one("lambda", error_weights, spec))
    assert lag_weights is not None
    if M is None or _untold(space, W, None):
        if not told:
            raise ModelError(_one("rho", lag_weights, spec))
        return "weakly identified: rho is told from the variance by the effects of the regressors on neighbours alone"
    # Random effects outside the error process have a spatial pattern of their own, which tells lambda.
    if spec.outside:
        return ""
    if not told:
        raise ModelError(_both(lag_weights, spec))
    # By moments rho comes from the regressors' lags in any case; the strength of these is said there.
    return _BY_REGRESSORS if spec.estimator == "ml" else ""


def _untold(space: Remainder, W: sp.csr_array | None, M: sp.csr_array | None) -> bool:
    """Whether the covariance does not tell the coefficients, in a space that the weights leave in itself."""
    return not any(weights is not None and space.leaves(weights) for weights in (W, M)) and dependent(space, W, M)


_BY_REGRESSORS = (
    "weakly identified: of these weights two distinct eigenvalues are left, so that rho is told from lambda by the "
    "effects of the regressors on neighbours alone"
)


def _one(name: str, weights: Aligned, spec: ModelSpec) -> str:
    other = (
        "effects='region' or 'none'" if spec.fixed_effects in ("time", "two-way") else "fewer regressors, more periods"
    )
    return (
        f"{name} is not identified: once {_OUT[spec.fixed_effects]} out, the weights ({weights.summary}) treat all "
        f"regions that are left alike, and whatever {name} is only rescales the errors, so that no sample tells it "
        f"from their variance. Take weights that differ between pairs of regions, {other}, or spatial='none'."
    )


def _both(weights: Aligned, spec: ModelSpec) -> str:
    durbin = " leave out the lags of the regressors (durbin)," if spec.durbin else " add a regressor that varies,"
    return (
        f"rho and lambda are not identified together: once {_OUT[spec.fixed_effects]} out, two distinct eigenvalues of "
        f"the weights ({weights.summary}) are left, as of pairs and of groups of equal size, which give two figures "
        f"for rho, lambda and sigma2, and the regressors tell nothing. Take spatial='lag' or 'error',{durbin} or take "
        "weights of another kind for one of the two (error_w)."
    )


def weakly_identified(
    likelihood: Problem | Stacked, optimum: Optimum, spec: ModelSpec, cov: FloatArray
) -> tuple[str, ...]:
    """Return what is to be said of an optimum that other values, or a simpler model, reach as well."""
    logdets = (optimum.logdet_w, optimum.logdet_m)
    if all(logdet is not None for logdet in logdets):
        return (*cornered(optimum), *_ridge(likelihood, optimum, spec, cov))
    if any(logdet is not None for logdet in logdets):
        return _flat(likelihood, optimum)
    return ()


def cornered(optimum: Optimum) -> tuple[str, ...]:
    """Say of an optimum in a corner that it is one."""
    if not optimum.corner:
        return ()
    return (
        f"corner: rho {number(optimum.point.rho)} and lambda {number(optimum.point.lam)} run to opposite ends and "
        "cancel, sigma2 to zero: the maximum is a limit, in which the regressors act on some contrasts of the "
        "regions and not on others. Take spatial='lag' or 'error'",
    )


def _ridge(likelihood: Problem | Stacked, optimum: Optimum, spec: ModelSpec, cov: FloatArray) -> tuple[str, ...]:
    """Say of each model with one spatial term less that it fits as well, if it does."""
    K = len(optimum.point.coefficients)
    errors = np.sqrt(np.diag(cov)[K : K + 2])
    point, found = optimum.point, []
    kinds: tuple[Literal["lag", "error"], ...] = ("lag", "error")
    terms = ((point.lam, optimum.logdet_m, errors[1]), (point.rho, optimum.logdet_w, errors[0]))
    for (value, logdet, error), kept in zip(terms, kinds, strict=True):
        assert logdet is not None
        sure = likelihood.projection.N > EIGEN_AT_MOST and not optimum.at_bound and abs(value) > CERTAIN * error
        if sure:
            continue
        smaller = replace(likelihood, logdet_m=None) if kept == "lag" else replace(likelihood, logdet_w=None)
        simple = maximise(smaller).point
        gap = point.loglik - simple.loglik
        if gap < AS_GOOD:
            end = logdet.interval[1] if value > 0 else -logdet.interval[0]
            far = abs(value) > FAR * end or not 2 * error < end
            label = replace(spec, spatial=kept).name
            own = f"rho {number(simple.rho)}" if kept == "lag" else f"lambda {number(simple.lam)}"
            found.append((far, f"{label} ({own}) fits as well, its log-likelihood {max(gap, 0.0):.3f} lower"))
    weak = [text for far, text in found if far]
    if not weak:
        return ()
    return (f"ridge: {' and '.join(weak)}: rho and lambda are not told apart; take the simpler model",)


def _flat(likelihood: Problem | Stacked, optimum: Optimum) -> tuple[str, ...]:
    """Say where the profile of the one spatial coefficient is level over half of the values it may take."""
    point = optimum.point
    lag = optimum.logdet_w is not None
    logdet = optimum.logdet_w if lag else optimum.logdet_m
    assert logdet is not None
    grid = _central(logdet)
    whole = logdet.whole()
    profile = replace(likelihood, logdet_w=whole if lag else None, logdet_m=None if lag else whole)
    zero = np.zeros_like(grid)
    values = profile.logliks(grid if lag else zero, zero if lag else grid, np.full_like(grid, point.psi))
    good = values > point.loglik - AS_GOOD
    if not np.mean(good) > LEVEL:
        return ()
    name, inside = ("rho" if lag else "lambda"), grid[good]
    return (
        f"weakly identified: the log-likelihood is within {AS_GOOD} of its maximum for {name} from "
        f"{number(inside.min())} to {number(inside.max())}, over more than half of what is admissible within one",
    )


def _central(logdet: LogDet) -> FloatArray:
    """Return values of a coefficient up to the nearer end of its interval, on either side of zero."""
    low, high = off_ends(logdet.interval)
    reach = min(-low, high)
    return np.linspace(-reach, reach, 101)
