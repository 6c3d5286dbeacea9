"""Estimates of beta that few periods do not bias, by name: what `beta(correction=...)` takes and what each assumes."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from spatialconv._core.few_periods.imposed import log_determinant
from spatialconv._core.few_periods.likelihood import drift_ratio, peak, products, quadratic
from spatialconv._core.few_periods.m_estimates import zeros
from spatialconv._core.few_periods.sample import Sample, rebuild
from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.information import multiply, spatial_filter
from spatialconv.convergence.few_periods.arrays import INITIAL, sample_of_fit
from spatialconv.errors import OptionError, UnsupportedModelError
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.specification.design import matrix
from spatialconv.panel import FloatArray
from spatialconv.results import merge_notes, number

SCORES, ROBUST, RANDOM, INDIRECT = "adjusted-score", "adjusted-score-robust", "correlated-random", "indirect"
# Panels on which the spread of the robust estimate is simulated, at most: each needs inverses of its own.
FEW = 199
NO_Z = (
    f"{INITIAL} has no z and no interval by its standard error: near zero its information is singular, or nearly so, "
    "under region and two-way effects; b.inference has test and set"
)
NOWHERE = (
    "the adjusted score of beta is zero nowhere, which happens near beta = 0 in few periods: the beta where it comes "
    "nearest to zero stands"
)


class Way(NamedTuple):
    """A correction: its name in a repr, and what it takes for given."""

    name: str
    assumes: str


WAYS = {
    SCORES: Way("adjusted scores", "any drifts and initial levels; errors of one variance, not correlated over time"),
    ROBUST: Way(
        "adjusted scores, robust", "any drifts and initial levels; errors whose variance may differ by region, not "
        "correlated over time"
    ),
    RANDOM: Way(
        "correlated random effects", "drifts random around a line in the initial level, with a variance that is not "
        "negative; normal errors of one variance, not correlated over time"
    ),
    INDIRECT: Way(
        "indirect inference", "drifts those that are estimated; errors of one distribution, not correlated over time"
    ),
}  # fmt: skip


class Estimated(NamedTuple):
    """Estimates of data sets (B,): beta of a span, rho, variance of errors, coefficients of controls, a zero or not."""

    b: FloatArray
    rho: FloatArray
    s2: FloatArray
    theta: FloatArray
    found: FloatArray


def estimated(sample: Sample, levels: FloatArray, correction: str) -> Estimated:
    """Return the estimates of levels (B, T+1, N) by one of the corrections."""
    if correction == RANDOM:
        known = products(sample, levels)
        at = peak(sample, known, log_determinant(sample))
        # u is held at w where it would be smaller: pooled, as in the likelihood.
        w = quadratic(sample, known.within, at.b[:, None], at.rho[:, None])[:, 0]
        u = quadratic(sample, known.between, at.b[:, None], at.rho[:, None])[:, 0]
        d, k = sample.dof_within, sample.dof_between
        s2 = np.where(u * d >= w * k, w / d, (w + u) / (d + k))
        b, rho, found = at.b, at.rho, np.ones(len(at.b))
    else:
        b, rho, s2, zero = zeros(sample, levels, robust=correction == ROBUST)
        found = zero.astype(float)
    return Estimated(b, rho, s2, _coefficients(sample, levels, b, rho), found)


def _coefficients(sample: Sample, levels: FloatArray, b: FloatArray, rho: FloatArray) -> FloatArray:
    """Return the coefficients of controls (B, K): least squares within regions, beta and rho given."""
    K = sample.X.shape[2]
    if not K:
        return np.zeros((len(b), 0))
    inside = (sample.X - sample.X.mean(axis=0)).reshape(-1, K)
    h = np.einsum("bv,bvtn->btn", sample.weights(b, rho), sample.variables(levels))
    h = (h - h.mean(axis=1, keepdims=True)).reshape(len(h), -1)
    return np.asarray(h @ np.linalg.pinv(inside).T)


def spread(sample: Sample, at: Estimated, correction: str, draws: int, seed: int) -> FloatArray:
    """Return estimates (draws, 3 + K) of panels drawn at the estimates, whose drifts are those of the sample.

    Errors are normal, of the estimated variance, or of each region's own where the correction allows for that.
    """
    b, rho, T = float(at.b[0]), float(at.rho[0]), sample.T
    h = sample.h(b, rho)
    e = sample.within(h)
    own = (e**2).sum(axis=0) / (T - 1) * (sample.n * (T - 1) / sample.dof_within)
    sd = np.sqrt(own if correction == ROBUST else np.full(sample.N, at.s2[0]))
    z = sd * np.random.default_rng(seed).standard_normal((draws, T, sample.N))
    z = z - z.mean(axis=2, keepdims=True) * sample.two_way
    found = estimated(sample, rebuild(sample, h - e + z, b, rho), correction)
    return np.column_stack([found.b, found.theta, found.rho, found.s2])


def corrected_fit(fit: PanelFit, length: float, correction: str, *, draws: int, seed: int) -> PanelFit:
    """Return the fit with estimates by an adjusted score or by correlated random effects, and all that hangs on them.

    Raises
    ------
    UnsupportedModelError, ModelError
        As in `short_panel_test`.
    """
    way, h = WAYS[correction], length
    sample = sample_of_fit(fit, length, what=f"correction={correction!r}")
    at = estimated(sample, sample.levels[None], correction)
    design, spec, old = fit.design, fit.spec, fit.estimates
    names = list(design.names)
    own = names.index(INITIAL)
    beta = np.insert(at.theta[0], own, at.b[0]) / h
    rho, sigma2 = float(at.rho[0]), float(at.s2[0]) / h**2
    W = matrix(design.W) if spec.has_lag else None
    raw = spatial_filter(W, rho, design.y) - design.X @ beta
    residuals = projection(spec.fixed_effects, *design.y.shape, lee_yu=False)(raw)
    cov, said = _covariance(sample, at, correction, names, draws, seed, h, lag=spec.has_lag)
    estimates = replace(
        old,
        beta=beta,
        rho=rho if spec.has_lag else np.nan,
        sigma2=sigma2,
        cov=cov,
        effect=raw - residuals,
        residuals=residuals,
        reduced_form=multiply(W, rho, design.X @ beta),
        optimum=replace(old.optimum, point=old.optimum.point._replace(rho=rho, sse=sigma2 * old.dof)),
        refined=f"corrected by {way.name}",
    )
    notes = merge_notes(fit.notes, (*_of(at, sample, correction, h), *said))
    provenance = replace(fit.provenance, options={**fit.provenance.options, "correction": correction}, seed=seed)
    return with_warning(PanelFit(spec, design, estimates, notes, provenance))


def _covariance(
    sample: Sample, at: Estimated, correction: str, names: list[str], draws: int, seed: int, h: float, *, lag: bool
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the covariance of (coefficients, [rho], sigma2) by simulation, and what to say of it."""
    used = min(draws, FEW) if correction == ROBUST else draws
    drawn = spread(sample, at, correction, used, seed)
    K = len(names)
    own = names.index(INITIAL)
    coefficients = np.insert(drawn[:, 1:K], own, drawn[:, 0], axis=1) / h
    columns = [coefficients, *([drawn[:, K : K + 1]] if lag else []), drawn[:, K + 1 :] / h**2]
    said = (
        f"{WAYS[correction].name}: standard errors are those of {used} panels drawn at the estimates, sigma2 is the "
        "sum of squares over the degrees of freedom, and the log-likelihood is that of the optimum before the "
        "correction"
    )
    return np.atleast_2d(np.cov(np.column_stack(columns), rowvar=False)), (said,)


def _of(at: Estimated, sample: Sample, correction: str, h: float) -> tuple[str, ...]:
    assumed = f"assumed by {WAYS[correction].name}: {WAYS[correction].assumes}"
    if correction == RANDOM:
        known = products(sample, sample.levels[None])
        ratio = float(drift_ratio(sample, known, float(at.b[0]), at.rho)[0])
        drifts = np.sqrt((ratio - 1) * at.s2[0] / sample.T) / h
        zero = " (held at zero, where it would be negative)" if ratio == 1 else ""
        return assumed, f"standard deviation of drifts around a line in the initial level {number(float(drifts))}{zero}"
    if not at.found[0]:
        return assumed, NOWHERE
    return (assumed,)


def with_warning(fit: PanelFit) -> PanelFit:
    """Return a corrected fit with a note on what its standard error of beta is worth under region effects."""
    if fit.spec.effects not in ("region", "two-way"):
        return fit
    return replace(fit, notes=merge_notes(fit.notes, (NO_Z,)))


def checked(correction: str, effects: str, vcov: str) -> None:
    """Raise unless a correction by name goes with the effects and the covariance asked for."""
    if correction == INDIRECT and effects == "random":
        raise UnsupportedModelError("correction='indirect' is derived for fixed effects or none.")
    if correction in WAYS and vcov != "information":
        raise OptionError(f"correction={correction!r} has standard errors from its simulation; leave vcov out.")
