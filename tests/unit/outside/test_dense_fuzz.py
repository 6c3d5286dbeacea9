"""Every kind of model on data, weights and options drawn at random, against N T x N T matrices with dummies.

Of each draw: log-likelihood, coefficients, sigma2, effects, residuals, fitted values, gradient, a grid on which nothing
is higher, covariance, impacts. A failure prints the recipe; `check(recipe(seed))` repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import scipy.linalg as la
from scipy.optimize import minimize

import spatialconv as sc
from spatialconv.models.estimation import estimate
from tests.dense import Dense, admissible, dynamic_bias, helmert
from tests.drawn_models import CORNERS, Recipe, counted, recipe
from tests.tolerances import AT_BOUND, FUZZ, FUZZ_HESSIAN, GRID_ROUNDED, LOGLIK

FEW, MANY = 100, 2000
# Of a double, a little more than one unit in the last place.
ROUNDED = 1e-15


@dataclass
class Outcome:
    """What was done with a draw."""

    refused: str = ""
    at_bound: bool = False
    corrected: bool = False
    compared: int = 0


def witness(r: Recipe, correction: str) -> tuple[Dense, list[str]]:
    """The dense model of a recipe; under splm's order of operations that of demeaned data without effects."""
    y, X, names = r.regressors()
    o = r.options
    if correction != "splm":
        dynamic = o["dynamic"] != "none" and correction == "lee-yu" and o["effects"] in ("region", "two-way")
        lee_yu = correction == "lee-yu"
        return Dense(y, X, r.W, r.M, o["spatial"], o["effects"], lee_yu, o["random"], only_regions=dynamic), names
    D = Dense(y, X, r.W, r.M, o["spatial"], o["effects"]).dummies
    take = np.eye(len(D)) - D @ la.pinv(D)
    demeaned = [(take @ Z.reshape(len(D), -1)).reshape(Z.shape) for Z in (y, X)]
    return Dense(*demeaned, r.W, r.M, o["spatial"], "none"), names


def check(r: Recipe) -> Outcome:
    """Compare a fit with its dense witness."""
    try:
        fit = r.fit()
    except sc.errors.SpatialConvError as error:
        return Outcome(refused=f"{type(error).__name__}: {str(error)[:80]}")
    done = Outcome(at_bound=bool(fit.at_bound))
    d, names = witness(r, fit.correction)
    assert names == list(fit.design.names)
    values = np.array([v for v in (fit.rho, fit.lambda_, fit.estimates.phi) if not np.isnan(v)])
    at = d.at(values)
    done.corrected = d.only_regions
    # A sum of squares as a form in y, W y and X loses what cancels of them; and next to a bound nothing is sharp.
    parts = [d.y, np.nan_to_num(fit.rho) * d.y @ d.W.T, *np.moveaxis(d.X * fit.estimates.beta, 2, 0)]
    steep = 1 + np.nan_to_num(fit.lambda_) ** 2 * float((d.M**2).sum(axis=1).max())
    terms = steep * max(float((part**2).mean()) for part in parts)
    lost = ROUNDED * max(1.0, terms / at.sigma2)
    loose = AT_BOUND if done.at_bound else 0.0
    if done.corrected:
        values, at = uncorrected(fit, d, done)
    else:
        compare(done, fit.estimates.beta, at.beta, scale_of(fit, names), max(FUZZ, loose))
        compare(done, fit.sigma2, at.sigma2, at.sigma2, max(FUZZ, lost, loose))
    compare(done, fit.loglik, at.loglik, 1 + abs(at.loglik), max(LOGLIK, d.y.size * lost, loose))
    done.compared += grid(d, fit, max(at.loglik, fit.loglik) if done.at_bound else at.loglik)
    beside(done, fit, r, d)
    if not done.at_bound:
        slopes(done, fit, d, values, at)
        covariance(done, fit, d)
    impacts(done, fit, r)
    return done


def compare(done: Outcome, ours: Any, theirs: Any, units: Any, tolerance: float) -> None:
    """Compare whole arrays in units that make a tolerance mean the same everywhere."""
    a, b = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    assert a.shape == b.shape
    np.testing.assert_allclose(a / units, b / units, rtol=0, atol=tolerance)
    done.compared += a.size


def scale_of(fit: Any, names: list[str]) -> np.ndarray:
    """Standard errors of the coefficients, and the coefficients themselves where there are none."""
    errors = fit.std_errors[names].to_numpy()
    size = np.abs(fit.params[names].to_numpy()) + 1e-3 * np.abs(fit.params[names].to_numpy()).max()
    return np.where(np.isfinite(errors) & (errors > 0), errors, size)


def window(matrix: np.ndarray) -> tuple[float, float]:
    low, high = admissible(matrix)
    # The search ends two millionths before them.
    return low * (1 - 3e-6), high * (1 - 3e-6)


def grid(d: Dense, fit: Any, top: float) -> int:
    """No point of a grid over the admissible interval, and in (-1, 1), is higher."""
    axes = []
    for place in d.free:
        if place == 2:
            axes.append(np.array([0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 30.0]))
            continue
        low, high = window((d.W, d.M)[place])
        nodes = {1: 41, 2: 13, 3: 7}[len(d.free)]
        inner = np.linspace(max(low, -1.0), min(high, 1.0), nodes)
        whole = low + (high - low) * (1 - np.cos(np.linspace(0, np.pi, nodes))) / 2
        axes.append(np.unique(np.concatenate([inner, whole]))[1:-1])
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes)) if axes else np.empty((0, 0))
    for point in points:
        try:
            value = d.at(point).loglik
        except np.linalg.LinAlgError:
            # Next to a bound the covariance has no digits left.
            continue
        assert value < top + GRID_ROUNDED, (point, value, top)
    return len(points)


def uncorrected(fit: Any, d: Dense, done: Outcome) -> tuple[np.ndarray, Any]:
    """Climb densely to the optimum before the correction of the dynamic bias, and move by it."""
    free = len(d.free)
    values = np.array([v for v in (fit.rho, fit.lambda_) if not np.isnan(v)])
    values = climbed(d, values) if free else values
    at = d.at(values)
    K = d.X.shape[2]
    theta = np.r_[at.beta, values, at.sigma2, at.alpha]
    info = d.information(theta)
    cov = np.linalg.inv(info)[: K + free + 1, : K + free + 1]
    # Where the effects of periods are gone, weights act between contrasts of regions.
    H = helmert(d.shape[1]) if d.effects == "two-way" else np.eye(d.shape[1])
    named = dict(zip(fit.design.names, at.beta, strict=True))
    rho, lam, _ = (float(np.real(v)) for v in d.named(values))
    b = dynamic_bias(
        named.get("lag:y", 0.0), named.get("lag:W:y", 0.0), rho, lam, at.sigma2, H @ d.W @ H.T, H @ d.M @ H.T
    )
    shift = cov @ [b.get(term, 0.0) for term in fit.params.index]
    errors = np.sqrt(np.diag(cov))
    compare(done, fit.params, theta[: K + free + 1] + shift, errors, 100 * FUZZ)
    return values, at


def climbed(d: Dense, start: np.ndarray) -> np.ndarray:
    """The maximum of the dense likelihood near a start, by its own score, in units of the nearer bound."""
    K, free = d.X.shape[2], len(d.free)
    bounds = np.array([window((d.W, d.M)[place]) for place in d.free])
    units = np.abs(bounds).min(axis=1)

    def score(v: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray]:
        at = d.at(v)
        theta = np.r_[at.beta, v, at.sigma2, at.alpha]
        return at, theta, d.score(theta)[K : K + free]

    def negative(scaled: np.ndarray) -> tuple[float, np.ndarray]:
        at, _, slope = score(scaled * units)
        return -at.loglik, -slope * units

    found = minimize(
        negative, start / units, jac=True, method="L-BFGS-B", bounds=bounds / units[:, None],
        options={"ftol": 1e-15, "gtol": 1e-9},
    )  # fmt: skip
    values = np.asarray(found.x * units)
    # A line search cannot see differences below rounding; two steps of scoring can.
    for _ in range(2):
        _, theta, slope = score(values)
        values = values + np.linalg.inv(d.information(theta))[K : K + free, K : K + free] @ slope
    return values


def beside(done: Outcome, fit: Any, r: Recipe, d: Dense) -> None:
    """Effects, innovations and fitted values, by dummies of the model with its own coefficients."""
    y, X, _ = r.regressors()
    T, N = y.shape
    rho, lam = (0.0 if np.isnan(v) else v for v in (fit.rho, fit.lambda_))
    A, B = np.eye(N) - rho * r.W, np.eye(N) - lam * r.M
    u = y @ A.T - X @ fit.estimates.beta
    if fit.correction == "splm":
        effect = splm_effects(u, r.options["effects"])
    else:
        full = Dense(y, X, r.W, r.M, r.options["spatial"], r.options["effects"])
        D = full.dummies
        BD = np.kron(np.eye(T), B) @ D
        alpha = la.lstsq(BD, (u @ B.T).ravel())[0] if D.shape[1] else np.empty(0)
        effect = (D @ alpha).reshape(T, N)
    e = (u - effect) @ B.T
    scale = np.sqrt(fit.sigma2) * (1 + np.abs(B).sum(axis=1).max() * np.abs(u).max() / np.sqrt(fit.sigma2) * 1e-3)
    compare(done, fit.residuals, e, scale, FUZZ)
    compare(done, fit.fitted, y - e, scale, FUZZ)
    effects = r.options["effects"]
    level = fit.intercept if effects in ("region", "time", "two-way") else 0.0
    found = np.full((T, N), level)
    if effects in ("region", "two-way"):
        found = found + fit.region_effects.to_numpy()
    if effects in ("time", "two-way"):
        found = found + fit.time_effects.to_numpy()[:, None]
    # A filter next to its end leaves next to nothing of a constant, and so next to no digits of it.
    compare(done, found, effect, scale / min(1.0, abs(1 - lam)), FUZZ)
    if fit.correction != "splm" and not done.corrected and effects != "random":
        assert (e**2).sum() == pytest.approx(fit.sigma2 * fit.nobs_effective, rel=FUZZ)


def splm_effects(u: np.ndarray, effects: str) -> np.ndarray:
    """Plain means of what rho and the coefficients leave, as splm has them."""
    means = np.zeros_like(u)
    if effects in ("region", "two-way"):
        means = means + u.mean(axis=0)
    if effects in ("time", "two-way"):
        means = means + (u - means).mean(axis=1, keepdims=True)
    return means


def full_theta(fit: Any, d: Dense) -> tuple[np.ndarray, np.ndarray]:
    """(beta, free ones, sigma2, alpha) at the estimates, and which of them are ours."""
    values = np.array([v for v in (fit.rho, fit.lambda_, fit.estimates.phi) if not np.isnan(v)])
    theta = np.r_[fit.params.to_numpy(), d.alpha(values, fit.estimates.beta)]
    return theta, np.arange(len(fit.params))


def slopes(done: Outcome, fit: Any, d: Dense, values: np.ndarray, at: Any) -> None:
    """The score of all parameters in units of standard errors: an optimum missed by so many of them."""
    theta = np.r_[at.beta, values, at.sigma2, at.alpha]
    info = d.information(theta)
    units = 1 / np.sqrt(np.diag(info))
    compare(done, d.score(theta) * units, np.zeros(len(theta)), 1.0, 100 * FUZZ)


def covariance(done: Outcome, fit: Any, d: Dense) -> None:
    """Inverse of the information with the dummies in it; scaled by its own standard errors."""
    theta, ours = full_theta(fit, d)
    observed = fit.spec.vcov == "observed"
    info = d.information(theta)
    tolerance = FUZZ
    if observed:
        info, tolerance = -d.hessian(theta, 1 / np.sqrt(np.diag(info))), FUZZ_HESSIAN
    cov = np.linalg.inv(info)[np.ix_(ours, ours)]
    errors = np.sqrt(np.diag(cov))
    unit = np.sqrt(np.diag(info))
    # What is nearly collinear loses digits in any inverse.
    lost = np.linalg.cond(info / np.outer(unit, unit))
    compare(done, fit.cov, cov, np.outer(errors, errors), tolerance * max(1.0, lost / 1e3))


def impacts(done: Outcome, fit: Any, r: Recipe) -> None:
    """By dense inverses: rows' sums and traces, for the short and for the long run."""
    N = r.y.shape[1]
    b = fit.params
    rho = 0.0 if np.isnan(fit.rho) else fit.rho
    tau, eta = b.get("lag:y", 0.0), b.get("lag:W:y", 0.0)
    S = np.eye(N) - rho * r.W
    kinds = {"static": S} if r.options["dynamic"] == "none" else {"short": S, "long": S - tau * np.eye(N) - eta * r.W}
    for kind, matrix in kinds.items():
        if kind == "long" and np.abs(la.eigvals(np.linalg.solve(S, S - matrix))).max() >= 1:
            with pytest.raises(sc.errors.ModelError, match="stable"):
                fit.impacts(kind="long")
            continue
        table = fit.impacts(kind=kind).table.set_index(["term", "effect"])["estimate"]
        inverse = np.linalg.inv(matrix)
        for name in r.names:
            E = inverse @ (b[name] * np.eye(N) + b.get(f"W:{name}", 0.0) * r.W)
            direct, total = np.trace(E) / N, E.sum() / N
            size = np.abs(E).max()
            got = [table[name, "direct"], table[name, "indirect"], table[name, "total"]]
            compare(done, got, [direct, total - direct, total], size, FUZZ)


# ---------------------------------------------------------------------- the draws


def run(seeds: range) -> list[Outcome]:
    found, wrong = [], {}
    for seed in seeds:
        r = recipe(seed)
        try:
            found.append(check(r))
        except AssertionError as error:
            wrong[str(r)] = " ".join(str(error).split())[:400]
    assert not wrong, "\n".join(f"{k}\n    {v}" for k, v in wrong.items())
    refused = [o.refused for o in found if o.refused]
    figures, bound, corrected = (sum(getattr(o, k) for o in found) for k in ("compared", "at_bound", "corrected"))
    print(f"{figures} figures of {len(found)} models, {bound} on a bound, {corrected} corrected for dynamics")
    print(f"{len(refused)} refused: {sorted(set(refused))}")
    return found


@pytest.mark.parametrize("block", range(10))
def test_models_drawn_at_random(block):
    size = FEW // 10
    found = run(range(block * size, (block + 1) * size))
    assert sum(o.compared for o in found) > 100 * size


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_two_thousand_models_drawn_at_random(block):
    size = MANY // 20
    found = run(range(1000 + block * size, 1000 + (block + 1) * size))
    assert sum(o.compared for o in found) > 100 * size
    assert sum(bool(o.refused) for o in found) <= 0.05 * size


@pytest.mark.parametrize(("seeds", "least"), [(range(FEW), 2), (range(1000, 1000 + MANY), 40)], ids=["few", "many"])
def test_every_corner_is_drawn(seeds, least):
    """The log of the draws; a corner that no draw reaches is not tested."""
    drawn = counted(recipe(seed) for seed in seeds)
    for corner, count in sorted(drawn.items()):
        print(f"{count:5d}  {corner}")
    assert set(drawn) == set(CORNERS)
    assert not {corner: drawn[corner] for corner in CORNERS if drawn[corner] < least}


def test_a_recipe_repeats_itself():
    one, other = recipe(7), recipe(7)
    assert str(one) == str(other)
    assert all((getattr(one, k) == getattr(other, k)).all() for k in ("y", "x", "W", "M"))


# ---------------------------------------------------------------------- what the draws have found


@pytest.mark.parametrize("seed", [1025, 1149, 1388])
def test_estimates_do_not_depend_on_the_covariance_asked_for(seed):
    """The bias of dynamic models was taken off by the observed information where that was asked for."""
    r = recipe(seed)
    observed, expected = (r.fit(vcov=vcov) for vcov in ("observed", "information"))
    assert observed.correction == "lee-yu"
    np.testing.assert_array_equal(observed.params, expected.params)
    again = expected.with_vcov("observed")
    np.testing.assert_allclose(again.cov, observed.cov, rtol=1e-12)
    assert np.abs(observed.std_errors / expected.std_errors - 1).max() > 0.01


def test_random_effects_outside_the_filter_without_a_covariance(monkeypatch):
    """Second differences that are not finite are said: on a bound in a note, elsewhere there is no estimate."""
    bound = recipe(1354)
    inner = next(r for r in map(recipe, range(200)) if outside(r) and not r.fit().at_bound)
    monkeypatch.setattr(estimate, "inverse", refused)
    fit = bound.fit()
    assert fit.at_bound
    assert fit.std_errors.isna().all()
    assert any("no standard errors" in note for note in fit.notes)
    with pytest.raises(sc.errors.ModelError, match="information of the estimates is singular"):
        inner.fit()


@pytest.mark.parametrize("seed", [1904, 2205, 2811, 2734, 2714])
def test_maxima_that_were_missed(seed):
    """Far from the starts of the search, and where rho has a thousandth to move in."""
    assert not check(recipe(seed)).refused


def test_no_bias_is_taken_off_an_optimum_on_a_bound():
    """It is derived where the slope vanishes; a millionth nearer to the bound moved coefficients by standard errors."""
    r = recipe(2243)
    assert r.options["correction"] == "lee-yu"
    fit = r.fit(vcov="information")
    assert fit.correction == "none"
    assert any("no bias correction: lambda lies on its bound" in note for note in fit.notes)
    check(r)


def test_a_hessian_that_the_correction_leaves_indefinite_is_said_to_be_that():
    """Estimates off the maximum need not lie where the likelihood is concave; the expected information always does."""
    r = recipe(1758)
    with pytest.raises(sc.errors.ModelError, match=r"bias of the dynamics was taken off.*vcov='information'"):
        r.fit()
    expected = r.fit(vcov="information")
    assert expected.correction == "lee-yu"
    d, _ = witness(r, "lee-yu")
    theta, _ = full_theta(expected, d)
    assert np.linalg.eigvalsh(d.hessian(theta, expected_sizes(d, theta))).max() > 0


def expected_sizes(d: Dense, theta: np.ndarray) -> np.ndarray:
    return 1 / np.sqrt(np.diag(d.information(theta)))


def outside(r: Recipe) -> bool:
    return r.options["random"] == "bsk" and r.options["spatial"] in ("error", "sarar")


def refused(_: np.ndarray) -> np.ndarray:
    raise np.linalg.LinAlgError("the information is not positive definite")


@pytest.mark.parametrize("factor", [1e-6, 1e5])
def test_random_effects_outside_the_filter_in_any_unit(factor):
    """Differences were taken in steps of a hundredth, whatever the unit: a variance of 1e-12 became negative."""
    r = next(r for r in map(recipe, range(200)) if outside(r) and not r.fit().at_bound)
    fits = [s.fit() for s in (r, replace(r, y=factor * r.y))]
    scale = np.array(
        [{"rho": 1.0, "lambda": 1.0, "phi": 1.0, "sigma2": factor**2}.get(t, factor) for t in fits[0].params.index]
    )
    np.testing.assert_allclose(fits[1].params / scale, fits[0].params, rtol=100 * FUZZ)
    np.testing.assert_allclose(fits[1].std_errors / scale, fits[0].std_errors, rtol=10 * FUZZ_HESSIAN)


def test_weights_that_do_not_enter_say_nothing_but_that():
    r = recipe(17)
    assert r.options["spatial"] == "lag"
    assert any("error_w does not enter the model: spatial='lag'" in note for note in r.fit().notes)
    assert not any("islands" in note for note in r.fit().notes)
