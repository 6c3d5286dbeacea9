"""Which model is a special case of which, decided from the two specifications and their regressors."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.regression.least_squares import basis
from spatialconv._options import first
from spatialconv.errors import ModelError
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.hypotheses.outcomes import EFFECTS
from spatialconv.panel import FloatArray
from spatialconv.weights import Aligned

# Share of a regressor's norm that may be left over when it is a combination of others.
SPANNED = 1e-8

_HOLDS = {
    "none": frozenset(),
    "region": frozenset({"region"}),
    "time": frozenset({"time"}),
    "two-way": frozenset({"region", "time"}),
    "random": frozenset({"random"}),
}


def restriction(restricted: PanelFit, full: PanelFit) -> str:
    """Return in words what `restricted` sets to zero in `full`, or raise ModelError if it is no special case."""
    for fit in (restricted, full):
        fit.design.refuse_cells("the likelihood ratio is")
        if not np.isfinite(fit.loglik):
            _refuse(restricted, full, f"the {fit.spec.name} was not estimated by maximum likelihood")
    _same_sample(restricted, full)
    _same_approach(restricted, full)
    held, free = _HOLDS[restricted.spec.effects], _HOLDS[full.spec.effects]
    if not held <= free:
        hint = " Compare fixed and random effects by hausman()." if "random" in held | free else ""
        _refuse(restricted, full, f"{_effects(restricted)} are no special case of {_effects(full)}.{hint}")
    common_factor = _spatial(restricted, full)
    _spanned(restricted, full, common_factor)
    if "random" in held and restricted.spec.has_error and restricted.spec.random != full.spec.random:
        _refuse(restricted, full, "the random effects stand inside the error process in one and outside in the other")
    if full.n_parameters <= restricted.n_parameters:
        _refuse(restricted, full, "the two have equally many parameters; there is nothing to test")
    return _words(restricted, full, common_factor)


def _refuse(restricted: PanelFit, full: PanelFit, why: str) -> NoReturn:
    raise ModelError(f"no likelihood ratio of {_label(restricted)} against {_label(full)}: {why.rstrip('.')}.")


def _label(fit: PanelFit) -> str:
    return f"{fit.spec.name} with {_effects(fit)}"


def _effects(fit: PanelFit) -> str:
    return "random effects" if fit.spec.effects == "random" else EFFECTS[fit.spec.fixed_effects]


def _same_sample(restricted: PanelFit, full: PanelFit) -> None:
    a, b = restricted.design, full.design
    for what, one, other in (("regions", a.regions, b.regions), ("periods", a.periods, b.periods)):
        if not one.equals(other):
            apart = [*one.difference(other, sort=False), *other.difference(one, sort=False)]
            which = f"{what} {first(apart)} stand in one only" if apart else f"{what} stand in another order"
            _refuse(restricted, full, f"the samples differ: {which}. Fit both on the same panel")
    if not np.array_equal(a.y, b.y):
        _refuse(restricted, full, f"the outcomes differ ({restricted.spec.y!r} and {full.spec.y!r})")


def _same_approach(restricted: PanelFit, full: PanelFit) -> None:
    one, other = restricted.correction, full.correction
    same_effects = restricted.spec.fixed_effects == full.spec.fixed_effects
    if one == other and (one == "none" or same_effects):
        return
    _refuse(
        restricted,
        full,
        f"the likelihoods are of different data (approach {one!r} and {other!r}, {_effects(restricted)} and "
        f"{_effects(full)}): Lee-Yu transforms the effects away. Fit both with correction='none', which keeps all "
        "observations and counts the effects as parameters, or take effects_tests()",
    )


def _spatial(restricted: PanelFit, full: PanelFit) -> bool:
    """Check the spatial terms; return whether the restriction is that of a common factor (SEM in SDM)."""
    r, f = restricted.spec, full.spec
    common_factor = r.spatial == "error" and f.spatial == "lag"
    if common_factor:
        if r.effects == "random" and r.random == "bsk":
            _refuse(restricted, full, "random effects outside the error process are no special case of a spatial lag")
        pairs = [(restricted.design.M, full.design.W)]
    else:
        if (r.has_lag and not f.has_lag) or (r.has_error and not f.has_error):
            _refuse(restricted, full, f"spatial={r.spatial!r} is no special case of spatial={f.spatial!r}")
        pairs = [(restricted.design.W, full.design.W)] if r.has_lag else []
        pairs += [(restricted.design.M, full.design.M)] if r.has_error else []
    if not all(_same_weights(a, b) for a, b in pairs):
        _refuse(restricted, full, "their spatial weights differ")
    return common_factor


def _same_weights(a: Aligned | None, b: Aligned | None) -> bool:
    return a is not None and b is not None and abs(a.matrix - b.matrix).max() <= SPANNED * abs(a.matrix).max()


def _spanned(restricted: PanelFit, full: PanelFit, common_factor: bool) -> None:
    """Check that the regressors of one, and the effects they stand for, are combinations of those of the other."""
    a, b = restricted.design, full.design
    T, N, K = b.shape
    project = projection(full.spec.fixed_effects, T, N, lee_yu=False)
    X, names = a.X, a.names
    if common_factor:
        assert b.W is not None
        X, names = np.concatenate([X, lag(b.W.matrix, X)], axis=2), (*names, *(f"W:{n}" for n in names))
    Q = basis(project(b.X).reshape(T * N, K)).Q
    size = np.sqrt((X**2).sum(axis=(0, 1)))
    columns: FloatArray = project(X).reshape(T * N, -1)
    left = np.sqrt(((columns - Q @ (Q.T @ columns)) ** 2).sum(axis=0))
    apart = [name for name, rest, norm in zip(names, left, size, strict=True) if rest > SPANNED * norm]
    if apart:
        why = "the common factor model needs W x for every regressor x" if common_factor else "it is not nested"
        _refuse(restricted, full, f"{first(apart)} of the former is no combination of the latter's regressors; {why}")


def _words(restricted: PanelFit, full: PanelFit, common_factor: bool) -> str:
    if common_factor:
        return "one common factor: theta + rho beta = 0"
    gone = [t for t in full.params.index if t not in restricted.params.index and t not in ("sigma2", "phi")]
    parts = [f"no {kind} effects" for kind in sorted(_HOLDS[full.spec.effects] - _HOLDS[restricted.spec.effects])]
    return ", ".join([*([f"{term} = 0" for term in gone]), *parts]) or "the restricted model holds"
