"""Indirect inference: the parameters whose simulated estimates average the estimates that were found.

An estimator that is biased in panels of few periods gives, at parameters theta, estimates that average b(theta), the
binding function. Its inverse at the estimates has the bias of every order taken off, not only that of order 1/T
(Gourieroux, Phillips and Yu 2010, Journal of Econometrics 157). Here b is simulated with the same random numbers at
every theta, of all coefficients at once, rho and lambda among them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from spatialconv._core.likelihood.information import multiply, spatial_filter
from spatialconv.errors import ModelError
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.small_samples.refits import Engine, World, world_at
from spatialconv.models.specification.design import matrix
from spatialconv.panel import FloatArray
from spatialconv.results import merge_notes

# The search ends where the simulated mean misses the estimates by less than this share of their standard errors,
# which is below what remains of the randomness of a thousand draws.
CLOSE, ROUNDS = 0.01, 60
# Central differences of the binding function, in standard errors.
STEP = 0.5
NAME = "corrected by indirect inference"


class Indirect(NamedTuple):
    """The corrected parameters (P,), draws of them (B, P), the slopes of the binding function, and rounds needed."""

    values: FloatArray
    draws: FloatArray
    slopes: FloatArray
    rounds: int
    world: World


def indirect(fit: PanelFit, *, draws: int, seed: int, jobs: int = 1) -> Indirect:
    """Invert the binding function at the estimates of a fit.

    Raises
    ------
    ModelError
        If no parameters are found whose simulated estimates average those of the fit.
    """
    engine = Engine.of(fit)
    free = np.array([k for k, name in enumerate(fit.params.index) if name not in ("sigma2", "phi")])
    target, scale = fit.params.to_numpy()[free], fit.std_errors.to_numpy()[free]
    scale = np.where(np.isfinite(scale) & (scale > 0), scale, 1.0)
    theta = fit.params.to_numpy().copy()

    def simulated(at: FloatArray) -> tuple[FloatArray, World]:
        world = world_at(fit, at)
        with np.errstate(over="ignore", invalid="ignore"):
            found = engine.run(world, draws=draws, rng=np.random.default_rng(seed), jobs=jobs, errors=False)
        return found.kept, world

    for count in range(1, ROUNDS + 1):
        values, world = simulated(theta)
        miss = target - values[:, free].mean(axis=0)
        if np.abs(miss / scale).max() < CLOSE:
            slopes = _slopes(lambda at: simulated(at)[0][:, free].mean(axis=0), theta, free, STEP * scale)
            return Indirect(_values(theta, world), _draws(values, theta, free, slopes, world), slopes, count, world)
        theta = _inside(fit, theta, free, miss)
    raise ModelError(
        f"indirect inference found no parameters whose simulated estimates average those of the sample (off by "
        f"{float(np.abs(miss / scale).max()):.2f} standard errors after {ROUNDS} rounds): the estimate lies beyond "
        "what this estimator gives on average anywhere nearby. Look at bias_corrections() and null_distribution()."
    )


def _inside(fit: PanelFit, theta: FloatArray, free: FloatArray, miss: FloatArray) -> FloatArray:
    """Return the next parameters, rho and lambda at most halfway to the end of their intervals."""
    moved = theta.copy()
    moved[free] += miss
    optimum, names = fit.estimates.optimum, list(fit.params.index)
    for name, logdet in (("rho", optimum.logdet_w), ("lambda", optimum.logdet_m)):
        if name in names and logdet is not None:
            k = names.index(name)
            low, high = logdet.interval
            moved[k] = np.clip(moved[k], (theta[k] + low) / 2, (theta[k] + high) / 2)
    return moved


def _slopes(mean: object, theta: FloatArray, free: FloatArray, steps: FloatArray) -> FloatArray:
    """Return d b / d theta by central differences, shape (K, K): columns are the parameters moved."""
    assert callable(mean)
    columns = []
    for k, step in zip(free, steps, strict=True):
        ends = []
        for side in (step, -step):
            moved = theta.copy()
            moved[k] += side
            ends.append(mean(moved))
        columns.append((ends[0] - ends[1]) / (2 * step))
    return np.column_stack(columns)


def _values(theta: FloatArray, world: World) -> FloatArray:
    values = theta.copy()
    values[-1] = world.pool.s2
    return values


def _draws(values: FloatArray, theta: FloatArray, free: FloatArray, slopes: FloatArray, world: World) -> FloatArray:
    """Return what inference would give for each simulated sample, the binding function taken as linear."""
    out = np.array(values)
    apart = values[:, free] - values[:, free].mean(axis=0)
    out[:, free] = theta[free] + np.linalg.solve(slopes, apart.T).T
    out[:, -1] = values[:, -1] * world.pool.s2 / values[:, -1].mean()
    return out


def corrected(fit: PanelFit, *, draws: int, seed: int, jobs: int = 1) -> PanelFit:
    """Return the fit with estimates and covariance from indirect inference, effects and residuals with them."""
    found = indirect(fit, draws=draws, seed=seed, jobs=jobs)
    world, design, spec, old = found.world, fit.design, fit.spec, fit.estimates
    rho, lam = (world.rho if spec.has_lag else np.nan), (world.lam if spec.has_error else np.nan)
    sigma2 = world.pool.s2
    point = old.optimum.point._replace(rho=world.rho, lam=world.lam, sse=sigma2 * old.dof)
    residuals = _residuals(fit, world)
    estimates = replace(
        old,
        beta=world.beta,
        rho=rho,
        lam=lam,
        sigma2=sigma2,
        cov=np.cov(found.draws, rowvar=False),
        effect=world.effect,
        residuals=residuals,
        reduced_form=multiply(matrix(design.W) if spec.has_lag else None, world.rho, design.X @ world.beta),
        optimum=replace(old.optimum, point=point),
        refined=NAME,
    )
    said = (
        f"indirect inference: {draws:,} simulated panels at each of {found.rounds} steps; standard errors are those of "
        "the simulation, sigma2 is the sum of squares over the degrees of freedom, and the log-likelihood is that of "
        "the optimum before the correction",
    )
    provenance = replace(fit.provenance, options={**fit.provenance.options, "correction": "indirect"}, seed=seed)
    return PanelFit(spec, design, estimates, merge_notes(fit.notes, said), provenance)


def _residuals(fit: PanelFit, world: World) -> FloatArray:
    design, spec = fit.design, fit.spec
    raw = spatial_filter(matrix(design.W) if spec.has_lag else None, world.rho, design.y) - design.X @ world.beta
    return spatial_filter(matrix(design.M) if spec.has_error else None, world.lam, raw - world.effect)
