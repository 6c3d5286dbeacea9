"""Simulated samples of a fitted model, and its estimator applied to each: the engine below every bootstrap.

A world is the model with parameters: those of the fit, those re-estimated under a restriction, or any others. Samples
are drawn from it through space and through time (`_core.recursive`), and refitted: the lag model and least squares
all at once (`_core.batch`), everything else one by one, blocks of samples spread over jobs by joblib. A block has a
seed of its own and a size that depends on the sample only, so that jobs change no figure.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.information import spatial_filter
from spatialconv._core.likelihood.logdet import Eigen, twins
from spatialconv._core.likelihood.maximise import near_ends, off_ends, search_window
from spatialconv._core.likelihood.traces import fills_little
from spatialconv._core.resampling.batch import Setting, fit_batch
from spatialconv._core.resampling.innovations import Pool, Scheme, given_effects, innovations, pool, signs
from spatialconv._core.resampling.pieces import Pieces
from spatialconv._core.resampling.recursive import Feedback, Model, rebuild
from spatialconv._options import first
from spatialconv._parallel import run as parallel
from spatialconv.errors import ModelError, SpatialConvError, SpatialConvWarning, UnsupportedModelError
from spatialconv.models.estimation.covariances import SANDWICH
from spatialconv.models.estimation.estimate import effects_of, optimum_of, sample
from spatialconv.models.estimation.fit import fit_complete
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.specification.design import Design, matrix
from spatialconv.models.specification.given import refuse_endogenous
from spatialconv.panel import FloatArray

# All eigenvalues of W are taken up to this many regions, once for all refits; up to the second number where they are
# those of symmetric matrices, which take seconds, and links are few. Beyond, sparse factors at few rho serve all.
BATCH_AT_MOST, TWINS_AT_MOST = 1500, 4000
# Spectra of the last matrices, by their contents: fits of one regression under several effects share their weights.
_SPECTRA: dict[str, Eigen] = {}
_SPECTRA_AT_MOST = 4
# Samples of a block: numbers held at once, how many at least and at most; one by one a block is a unit of the bar.
HELD, LEAST, BLOCK, BLOCK_SINGLE = 4_000_000, 16, 2000, 20
# With more refits lost than this share, what is left is no sample of the distribution any more.
LOST_AT_MOST = 0.5
PAST = ("lag:y", "lag:W:y")


@dataclass(frozen=True)
class World:
    """Parameters from which samples are drawn, the effects (T, N), and the pool of innovations.

    `values` are the parameters in the order of `PanelFit.params`; `mu` holds the regions' means of the errors where
    effects are random, whose variance is `mu_variance`. `given` draws errors that leave effects and coefficients of
    regressors as they were estimated.
    """

    values: FloatArray
    beta: FloatArray
    rho: float
    lam: float
    effect: FloatArray
    pool: Pool
    mu: FloatArray | None = None
    mu_variance: float = 0.0
    given: bool = False


class Refits(NamedTuple):
    """Estimates and standard errors of every sample, (B, P) each, NaN where a fit failed; rho or lambda on a bound."""

    params: FloatArray
    errors: FloatArray
    lost: int

    @property
    def kept(self) -> FloatArray:
        """Estimates of the samples that could be fitted."""
        return self.params[np.isfinite(self.params).all(axis=1)]


def feedback_of(design: Design) -> Feedback | None:
    """Return which regressors follow from earlier outcomes: the levels of a growth regression, lags in time."""
    names, chain = list(design.names), design.chain
    if chain is None:
        return None
    pair = (chain.name, f"W:{chain.name}") if chain.levels else PAST
    own, lagged = (names.index(name) if name in names else None for name in pair)
    if own is None and lagged is None:
        return None
    return Feedback(own, lagged, chain.source, chain.length, carry=chain.levels)


def fitted_world(fit: PanelFit) -> World:
    """Return the world in which the estimates are the truth.

    Raises
    ------
    ModelError
        If rho or lambda lies on its bound: ``I - rho W`` is all but singular there, samples explode, and no bootstrap
        is consistent (Andrews 2000, Econometrica 68(2), 399-405).
    """
    _refuse_bound(fit, "the estimates")
    return world_at(fit, fit.params.to_numpy())


def _refuse_bound(fit: PanelFit, what: str) -> None:
    names = [name for name in fit.at_bound if name != "phi"]
    if names:
        raise ModelError(
            f"{' and '.join(names)} on the bound in {what}, where samples explode and no bootstrap is consistent. Fit "
            "a model without it, or other weights."
        )


def world_at(fit: PanelFit, values: FloatArray, regressors: FloatArray | None = None) -> World:
    """Return the world with these coefficients, rho and lambda; effects and errors are what they leave of the data.

    `regressors` are those whose coefficients were estimated and took a share out of the errors, all by default.
    """
    design, spec = fit.design, fit.spec
    refuse_endogenous(spec, "drawing samples from a fitted model")
    design.refuse_cells("resampling is")
    K = len(design.names)
    place = {term: k for k, term in enumerate(fit.params.index)}
    rho, lam = (float(values[place[t]]) if t in place else 0.0 for t in ("rho", "lambda"))
    W, M = (matrix(design.W) if spec.has_lag else None), (matrix(design.M) if spec.has_error else None)
    raw = spatial_filter(W, rho, design.y) - design.X @ values[:K]
    project = projection(spec.fixed_effects, *design.y.shape, lee_yu=False)
    effect = effects_of(raw, project, M, lam)
    u = raw - effect
    if spec.effects == "random":
        return _random_world(fit, values, rho, lam, u)
    taken = design.X if regressors is None else regressors
    source = pool(spatial_filter(M, lam, u), spatial_filter(M, lam, taken), project)
    return World(values, values[:K], rho, lam, effect, source)


def _random_world(fit: PanelFit, values: FloatArray, rho: float, lam: float, u: FloatArray) -> World:
    """Split errors into regions' means and deviations; both are brought to the variances of the fit."""
    design, outside = fit.design, fit.spec.outside
    T, N, K = design.shape
    M = matrix(design.M) if fit.spec.has_error else None
    e = spatial_filter(M, lam, u)
    mu = (u if outside else e).mean(axis=0)
    source = pool(e - e.mean(axis=0), spatial_filter(M, lam, design.X), projection("region", T, N, lee_yu=False))
    phi = max(float(fit.estimates.phi), 0.0)
    return World(values, values[:K], rho, lam, np.zeros((T, N)), source, mu - mu.mean(), phi * source.s2)


def restricted_world(fit: PanelFit, terms: Iterable[str]) -> World:
    """Return the world in which the terms are zero and everything else is estimated anew without them.

    Raises
    ------
    ModelError
        If rho or lambda lies on its bound under the null, as in `fitted_world`.
    """
    terms = tuple(terms)
    design, spec = fit.design, fit.spec
    keep = [k for k, name in enumerate(design.names) if name not in terms]
    spatial = spec.spatial
    if "rho" in terms:
        spatial = {"lag": "none", "sarar": "error"}.get(spatial, spatial)  # type: ignore[assignment]
    if "lambda" in terms:
        spatial = {"error": "none", "sarar": "lag"}.get(spatial, spatial)  # type: ignore[assignment]
    if spec.estimator == "gmm" and len(keep) == 0:
        raise ModelError(
            f"without {first(terms)} no regressor is left, and moments need one as an instrument; take maximum "
            "likelihood."
        )
    smaller = replace(design, X=design.X[..., keep], names=tuple(design.names[k] for k in keep))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpatialConvWarning)
        found = fit_complete(smaller, replace(spec, spatial=spatial, vcov="information"))
    _refuse_bound(found, f"the estimates without {first(terms)}")
    values = fit.params.copy()
    values[:] = found.params.reindex(values.index).fillna(0.0).to_numpy()
    source = with_effects_given(world_at(found, found.params.to_numpy()), fit)
    return replace(source, values=values.to_numpy(), beta=values.to_numpy()[: len(design.names)])


def imposed_world(fit: PanelFit, term: str, value: float) -> World:
    """Return the world in which a coefficient has a given value and everything else is estimated anew under it."""
    design, spec = fit.design, fit.spec
    if spec.estimator != "ml" or spec.outside or fit.correction == "splm" or spec.dynamic != "none":
        raise UnsupportedModelError(
            "a coefficient is imposed on maximum likelihood estimates only, of models without lags in time, with "
            "random effects inside the error process if any."
        )
    at = design.names.index(term)
    keep = [k for k in range(len(design.names)) if k != at]
    smaller = replace(design, X=design.X[..., keep], names=tuple(design.names[k] for k in keep))
    data = sample(smaller, spec, fit.correction)
    known = fit.estimates.optimum
    likelihood = data.problem(known.logdet_w, known.logdet_m, value * design.X[..., at])
    point = optimum_of(likelihood).point
    tau = float(np.exp(point.psi))
    found = dict(zip(smaller.names, likelihood.recover(point), strict=True)) | {
        term: value,
        "rho": point.rho,
        "lambda": point.lam,
        "phi": (1 / tau - 1) / len(design.y),
        "sigma2": point.sse / data.project.dof,
    }
    values = np.array([found[name] for name in fit.params.index])
    return with_effects_given(world_at(fit, values, smaller.X), fit)


def with_effects_given(world: World, fit: PanelFit) -> World:
    """Return the world of a hypothesis about the past with regions' effects kept as they were estimated.

    In a growth regression a region effect is a drift of its level. Given the means of growth that the hypothesis
    leaves, and the sums of squares within regions, nothing of drifts and variances is left in the distribution of
    panels, so that the test holds for any drifts: no variance of theirs, estimated from a few regions, is plugged in.
    """
    if feedback_of(fit.design) is None or fit.spec.effects not in ("region", "two-way"):
        return world
    return replace(world, given=True)


@dataclass(frozen=True, eq=False)
class Engine:
    """A fit set up for being repeated: what follows from earlier outcomes, and what all samples share.

    `setting` is None where samples must be fitted one by one.
    """

    design: Design
    spec: Any
    size: int
    feedback: Feedback | None
    setting: Setting | None

    @classmethod
    def of(cls, fit: PanelFit, *, recursive: bool = True) -> Engine:
        """Set up the repetition of a fit; with `recursive=False` all regressors are held fixed."""
        fit.design.refuse_cells("resampling is")
        if fit.estimates.refined:
            raise UnsupportedModelError(
                f"the estimates are {fit.estimates.refined} already, with errors from simulation; resample the fit "
                "without it (correction='auto')."
            )
        feedback = feedback_of(fit.design) if recursive else None
        if feedback is not None and feedback.rebuilt == 0:
            feedback = None
        return cls(fit.design, fit.spec, len(fit.params), feedback, _setting(fit, feedback))

    @classmethod
    def remade(cls, fit: PanelFit, names: tuple[str, ...]) -> Engine:
        """Set up the repetition of a fit on samples made elsewhere, which bring the regressors `names` (in order)."""
        columns = [fit.design.names.index(name) for name in names]
        own, lagged = (columns[k] if len(columns) > k else None for k in (0, 1))
        none = np.full(len(fit.design.y), -1)
        feedback = Feedback(own, lagged, none, np.zeros(len(none)), carry=True) if columns else None
        return cls(fit.design, fit.spec, len(fit.params), feedback, _setting(fit, feedback))

    def model(self, world: World) -> Model:
        """Return the model that turns innovations of a world into outcomes."""
        design, spec = self.design, self.spec
        W = matrix(design.W)
        M = matrix(design.M) if spec.has_error else None
        lagged = W if spec.has_lag else None
        return Model(design.X, world.beta, world.effect, world.rho, world.lam, lagged, M, W, self.feedback)

    def samples(
        self, world: World, scheme: Scheme, draws: int, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray | None]:
        """Draw outcomes (T, N, B) and the regressors they made (T, N, V, B)."""
        e = (given_effects if world.given else innovations)(world.pool, scheme, draws, rng)
        outside: FloatArray | float = 0.0
        if world.mu is not None:
            mu = _region_effects(world, scheme, draws, rng)
            if self.spec.outside:
                outside = mu
            else:
                e = e + mu
        return rebuild(self.model(world), e, outside)

    def refit(self, Y: FloatArray, V: FloatArray | None, *, errors: bool = True) -> Refits:
        """Apply the estimator to samples."""
        return self._batch(Y, V, errors) if self.setting is not None else self._singly(Y, V)

    def run(
        self,
        world: World,
        *,
        draws: int,
        rng: np.random.Generator,
        scheme: Scheme = "residual",
        jobs: int = 1,
        errors: bool = True,
        show: bool = False,
        label: str = "refits",
    ) -> Refits:
        """Draw samples from a world and refit them all."""
        sizes = self._blocks(draws)
        tasks = [
            (self, world, scheme, size, seed, errors) for size, seed in zip(sizes, rng.spawn(len(sizes)), strict=True)
        ]
        parts = parallel(_block, tasks, jobs=jobs, what=label, show=show and len(tasks) > 1)
        params, std_errors = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
        lost = sum(part.lost for part in parts)
        if lost > LOST_AT_MOST * draws:
            raise ModelError(
                f"only {draws - lost} of {draws:,} resampled outcomes could be fitted: the model asks too much of "
                "samples of this size. Take fewer terms or another estimator."
            )
        return Refits(params, std_errors, lost)

    def _blocks(self, draws: int) -> list[int]:
        most = BLOCK_SINGLE
        if self.setting is not None:
            T, N, K = self.design.shape
            most = int(np.clip(HELD // (T * N * (K + 4)), LEAST, BLOCK))
        return [min(most, draws - start) for start in range(0, draws, most)]

    def _batch(self, Y: FloatArray, V: FloatArray | None, errors: bool) -> Refits:
        assert self.setting is not None
        found = fit_batch(self.setting, Y, V, errors=errors)
        rho = [found.rho[:, None]] if self.setting.W is not None else []
        params = np.concatenate([found.beta, *rho, found.sigma2[:, None]], axis=1)
        std_errors = np.full_like(params, np.nan)
        if found.cov is not None:
            std_errors = np.sqrt(np.einsum("bii->bi", found.cov))
        if isinstance(self.setting.eigenvalues, Pieces):
            # Few: rho beyond the ends that cost nothing to know, or where a first search led nowhere.
            ends = self.setting.eigenvalues.coarse.interval
            again = np.array([not np.isfinite(rho) or any(near_ends(rho, ends)) for rho in found.rho])
            alone = self._singly(Y[..., again], None if V is None else V[..., again])
            params[again], std_errors[again] = alone.params, alone.errors
        return Refits(params, std_errors, int((~np.isfinite(params).all(axis=1)).sum()))

    def _singly(self, Y: FloatArray, V: FloatArray | None) -> Refits:
        B = Y.shape[2]
        params, std_errors = np.full((B, self.size), np.nan), np.full((B, self.size), np.nan)
        lost = 0
        for k in range(B):
            X = self.design.X
            if V is not None:
                assert self.feedback is not None
                X = X.copy()
                X[..., self.feedback.columns] = V[..., k]
            try:
                with warnings.catch_warnings():
                    # An optimum on a bound is a draw like others; the warning is meant for estimates.
                    warnings.simplefilter("ignore", SpatialConvWarning)
                    found = fit_complete(replace(self.design, y=np.ascontiguousarray(Y[..., k]), X=X), self.spec)
            except SpatialConvError:
                lost += 1
                continue
            params[k] = found.params
            std_errors[k] = np.sqrt(np.clip(np.diag(found.estimates.cov), 0, None))
        return Refits(params, std_errors, lost)


def _setting(fit: PanelFit, feedback: Feedback | None) -> Setting | None:
    """Return what all samples share, or None where their fits are not of the kind that runs as one array."""
    spec, design, correction = fit.spec, fit.design, fit.correction
    bias_corrected = spec.dynamic != "none" and correction == "lee-yu" and spec.effects in ("region", "two-way")
    if (
        spec.estimator != "ml"
        or spec.effects == "random"
        or spec.has_error
        or correction == "splm"
        or bias_corrected
        or spec.vcov in (*SANDWICH, "observed")
        or spec.logdet == "stochastic"
    ):
        return None
    # A dynamic model whose correction fell back to none still is one that tries it on every sample.
    if spec.dynamic != "none" and spec.correction != "none" and spec.effects in ("region", "two-way"):
        return None
    data = sample(design, spec, correction)
    made = tuple(feedback.columns) if feedback is not None else ()
    fixed = tuple(k for k in range(len(design.names)) if k not in made)
    X = design.X[..., list(fixed)]
    if data.W is None:
        return Setting(X, fixed, made, data.project, None)
    known = fit.estimates.optimum.logdet_w
    if not isinstance(known, Eigen) and not _spectrum_in_reach(data.W):
        pieces = Pieces.of(data.W)
        return Setting(X, fixed, made, data.project, data.W, pieces, off_ends(pieces.coarse.interval))
    eigen = known if isinstance(known, Eigen) else _spectrum(data.W)
    return Setting(X, fixed, made, data.project, data.W, eigen.eigenvalues, search_window(eigen))


def _spectrum_in_reach(W: sp.csr_array | None) -> bool:
    if W is None or W.shape[0] <= BATCH_AT_MOST:
        return True
    return W.shape[0] <= TWINS_AT_MOST and fills_little(W, None) and twins(W)


def _spectrum(W: sp.csr_array) -> Eigen:
    digest = hashlib.sha256(b"".join(part.tobytes() for part in (W.indptr, W.indices, W.data))).hexdigest()
    if digest not in _SPECTRA:
        while len(_SPECTRA) >= _SPECTRA_AT_MOST:
            _SPECTRA.pop(next(iter(_SPECTRA)))
        _SPECTRA[digest] = Eigen.of(W)
    return _SPECTRA[digest]


def _region_effects(world: World, scheme: Scheme, draws: int, rng: np.random.Generator) -> FloatArray:
    """Draw random effects, shape (N, draws), of the variance that the fit gives them."""
    mu = world.mu
    assert mu is not None
    size = float((mu**2).mean())
    if scheme == "parametric" or size == 0:
        return np.asarray(np.sqrt(world.mu_variance) * rng.standard_normal((len(mu), draws)))
    scaled = mu * np.sqrt(world.mu_variance / size)
    if scheme in ("wild", "wild-region"):
        return np.asarray(scaled[:, None] * signs(rng, (len(mu), draws)))
    return np.asarray(rng.choice(scaled, (len(mu), draws)))


def _block(engine: Engine, world: World, scheme: Scheme, size: int, rng: np.random.Generator, errors: bool) -> Refits:
    return engine.refit(*engine.samples(world, scheme, size, rng), errors=errors)


def broken_chain(design: Design) -> tuple[str, ...]:
    """Say where initial levels could not be rebuilt because no earlier span ends there."""
    chain = design.chain
    if chain is None or not chain.levels:
        return ()
    given = [design.periods[t] for t in range(1, len(chain.source)) if chain.source[t] < 0]
    if not given:
        return ()
    if len(given) == len(chain.source) - 1:
        return (
            "no span starts where an earlier one ends: initial levels are all held fixed, and what past errors do to "
            "them (Nickell bias) is not simulated",
        )
    return (
        f"the panel has no growth that leads to the initial levels of the spans ending in {first(given)}: these are "
        "held fixed at their observed values",
    )
