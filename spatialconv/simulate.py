"""Panels with known parameters: for power studies, lessons and tests of anything that takes a Panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.likelihood.logdet import searched
from spatialconv._core.resampling.recursive import Feedback, Model, rebuild
from spatialconv._options import SimulatedEffects, SimulatedErrors, choice, first, generator, whole
from spatialconv._public import public
from spatialconv.errors import OptionError
from spatialconv.panel import Panel
from spatialconv.results import extent
from spatialconv.weights import align

__all__ = ["Simulated", "growth_panel", "panel"]
FloatArray = npt.NDArray[np.float64]

# Degrees of freedom of heavy tails: the variance exists, the kurtosis is 9.
HEAVY = 5
# Standard deviation over the regions of the log of their standard deviation.
UNEQUAL = 0.75
# Regions, and regions times periods: a panel of a hundred million rows fills the memory of most machines.
MOST_REGIONS, MOST_CELLS = 1_000_000, 100_000_000


@dataclass(frozen=True, eq=False)
class Simulated:
    """A simulated panel and the parameters it was drawn with; `effect` and `errors` have a row a period."""

    panel: Panel
    truth: Mapping[str, float]
    effect: pd.DataFrame
    errors: pd.DataFrame
    seed: int | None

    def __repr__(self) -> str:
        known = ", ".join(f"{name} {value:g}" for name, value in self.truth.items())
        return f"Simulated panel: {extent(self.panel.n_regions, self.panel.n_periods)}\n  truth: {known}"


def growth_panel(
    w: Any,
    *,
    periods: int = 5,
    beta: float = -0.1,
    rho: float = 0.0,
    lam: float = 0.0,
    controls: Mapping[str, float] | None = None,
    controls_at: Literal["start", "end"] = "start",
    effects: SimulatedEffects = "region",
    effect_sd: float = 0.1,
    drift: float = 0.05,
    sigma: float = 0.1,
    errors: SimulatedErrors = "normal",
    initial_sd: float = 1.0,
    first_period: int = 2000,
    seed: int | np.random.Generator | None = None,
) -> Simulated:
    """Simulate levels whose growth follows a spatial growth regression with known parameters.

    Use it to see what an estimator makes of a world you know: growth makes the next level.

    Parameters
    ----------
    w : Graph or int
        Spatial weights, whose regions the panel has; or a number of regions without links.
    periods : int
        Periods of the level; growth has one less.
    beta, rho, lam : float
        Coefficients of the initial log level, of the spatial lag of growth, of the lag of the errors.
    controls : mapping of name to coefficient, optional
        Controls, independent standard normal draws.
    controls_at : {"start", "end"}
        Whether growth answers to controls of the period in which it starts, as `beta` takes them by default, or in
        which it ends. They are missing in the period that no growth answers to: the last, or the first.
    effects : {"none", "region", "time", "two-way"}
        Which effects differ.
    effect_sd : float
        Standard deviation of the effects, which are normal.
    drift : float
        Growth, before spatial multipliers, at the mean of the initial levels.
    sigma : float
        Standard deviation of the errors.
    errors : {"normal", "skewed", "heavy", "heteroskedastic"}
        Normal; centred exponential; Student's t with 5 degrees of freedom; normal with a variance of its own in every
        region. All have mean zero and, over the regions, mean variance sigma^2.
    initial_sd : float
        Standard deviation of the initial log levels over the regions.
    first_period : int
        Label of the first period; the others follow by one.
    seed : int or Generator, optional
        The seed used is in the result.

    Returns
    -------
    Simulated
        `.panel` with variables `level` and the controls, `.truth`, `.effect`, `.errors`

    Raises
    ------
    OptionError
        If rho or lam lies outside the interval in which the process exists.

    Notes
    -----
    ``growth[t] = rho W growth[t] + beta (ln v[t-1] - m) + X theta + drift + effects + u[t]``,
    ``u = lam W u + e``, ``ln v[t] = ln v[t-1] + growth[t]``, m the mean of the initial log levels.

    Examples
    --------
    >>> import spatialconv as sc
    >>> world = sc.simulate.growth_panel(30, periods=9, beta=-0.2, effects="none", seed=1)
    >>> round(float(sc.beta(world.panel, "level").beta), 1)
    -0.2
    """
    regions, W = _space(w)
    T, N = _lengths(periods, regions, least=2) - 1, len(regions)
    _check_spatial(W, rho=rho, lam=lam)
    choice("effects", effects, SimulatedEffects)
    choice("controls_at", controls_at, ("start", "end"))
    named = _controls(controls, ("level",))
    rng, used = generator(seed)
    start = _scale("initial_sd", initial_sd) * rng.standard_normal(N)
    effect = _effects(effects, T, N, _scale("effect_sd", effect_sd), rng) + float(drift)
    Z = rng.standard_normal((T, N, len(named)))
    e = _errors(errors, T, N, _scale("sigma", sigma), rng)
    # The mean of the initial levels is zero in the world, so that beta takes none of the drift.
    X = np.concatenate([np.broadcast_to(start, (T, N))[..., None], Z], axis=2)
    coefficients = np.array([beta, *named.values()], dtype=float)
    feedback = Feedback(0, None, np.arange(T) - 1, np.ones(T), carry=True)
    model = Model(X, coefficients, effect, rho, lam, W, W, W, feedback)
    with np.errstate(over="ignore", invalid="ignore"):
        growth, levels = rebuild(model, e[..., None])
    assert levels is not None
    logs = np.vstack([start[None], levels[:, :, 0, 0] + growth[..., 0]])
    if not (np.isfinite(logs).all() and np.abs(logs).max() < 600):
        raise OptionError(f"levels explode with beta={beta:g} over {periods} periods; take a smaller beta or fewer.")
    labels = [first_period + t for t in range(T + 1)]
    idle = np.full((1, N), np.nan)
    parts = [(Z[..., k], idle) if controls_at == "start" else (idle, Z[..., k]) for k in range(len(named))]
    wide = {"level": np.exp(logs)} | {name: np.vstack(pair) for name, pair in zip(named, parts, strict=True)}
    truth = {"beta": beta, "rho": rho, "lambda": lam, **named, "sigma2": sigma**2}
    return _simulated(wide, regions, labels, truth, (effect, e), used)


def panel(
    w: Any,
    *,
    periods: int = 5,
    coefficients: Mapping[str, float] | None = None,
    neighbours: Mapping[str, float] | None = None,
    rho: float = 0.0,
    lam: float = 0.0,
    effects: SimulatedEffects = "region",
    effect_sd: float = 1.0,
    intercept: float = 0.0,
    sigma: float = 1.0,
    errors: SimulatedErrors = "normal",
    correlated: float = 0.5,
    first_period: int = 2000,
    seed: int | np.random.Generator | None = None,
) -> Simulated:
    """Simulate an outcome `y` and its regressors from a spatial panel model with known parameters.

    Parameters
    ----------
    w : Graph or int
        Spatial weights, whose regions the panel has; or a number of regions without links.
    periods : int
        Periods of the outcome.
    coefficients : mapping of name to coefficient, optional
        Regressors; by default `x` with 1.
    neighbours : mapping of name to coefficient, optional
        Coefficients of the spatial lags of regressors (Durbin).
    rho, lam : float
        Coefficients of the spatial lag of the outcome, and of the errors.
    effects, effect_sd, sigma, errors, first_period, seed
        As in `growth_panel`.
    intercept : float
        Constant.
    correlated : float
        What of the effects is added to every regressor, so that to leave effects out is an error.

    Returns
    -------
    Simulated
        `.panel` with variables `y` and the regressors

    Notes
    -----
    ``y = rho W y + X beta + W X theta + intercept + effects + u``,  ``u = lam W u + e``.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> world = sc.simulate.panel(w, periods=40, rho=0.4, seed=1)
    >>> fit = sc.fit_panel(world.panel, "y", "x", w, effects="region")
    >>> bool(abs(fit.rho - 0.4) < 0.1)
    True
    """
    regions, W = _space(w)
    T, N = _lengths(periods, regions, least=1), len(regions)
    _check_spatial(W, rho=rho, lam=lam)
    choice("effects", effects, SimulatedEffects)
    named = _controls({"x": 1.0} if coefficients is None else coefficients, ("y",))
    beyond = dict(neighbours or {})
    unknown = [name for name in beyond if name not in named]
    if unknown:
        raise OptionError(f"neighbours names {first(unknown)}, which is not among the regressors {first(named)}.")
    rng, used = generator(seed)
    effect = _effects(effects, T, N, _scale("effect_sd", effect_sd), rng)
    X = rng.standard_normal((T, N, len(named))) + correlated * effect[..., None]
    e = _errors(errors, T, N, _scale("sigma", sigma), rng)
    theta = np.array([beyond.get(name, 0.0) for name in named])
    own = effect + float(intercept)
    mean = own if W is None else own + lag(W, X @ theta)
    model = Model(X, np.array(list(named.values()), dtype=float), mean, rho, lam, W, W, W)
    y, _ = rebuild(model, e[..., None])
    labels = [first_period + t for t in range(T)]
    wide = {"y": y[..., 0]} | {name: X[..., k] for k, name in enumerate(named)}
    truth = {**named, **{f"W:{k}": v for k, v in beyond.items()}, "rho": rho, "lambda": lam, "sigma2": sigma**2}
    return _simulated(wide, regions, labels, truth, (own, e), used)


def _lengths(periods: Any, regions: pd.Index, *, least: int) -> int:
    return whole("periods", periods, least=least, most=max(least, MOST_CELLS // len(regions)))


def _space(w: Any) -> tuple[pd.Index, sp.csr_array | None]:
    if isinstance(w, (int, np.integer)) and not isinstance(w, bool):
        return pd.Index(
            [f"r{k + 1:03d}" for k in range(whole("w", w, least=2, most=MOST_REGIONS))], name="region"
        ), None
    labels = getattr(w, "unique_ids", None)
    if labels is None:
        labels = getattr(w, "id_order", None)
    if labels is None:
        raise OptionError(f"w must be spatial weights or a number of regions; got {type(w).__name__}.")
    regions = pd.Index(labels, name="region")
    return regions, align(w, regions).matrix


def _check_spatial(W: sp.csr_array | None, **values: float) -> None:
    for name, value in values.items():
        if W is None and value != 0:
            raise OptionError(f"{name}={value:g} needs spatial weights; w is a number of regions.")
        if W is not None and value != 0:
            low, high = searched(W)
            if not low < value < high:
                raise OptionError(
                    f"{name}={value:g} lies outside ({low:.4f}, {high:.4f}), where the process exists with these "
                    "weights."
                )


def _controls(given: Mapping[str, float] | None, taken: tuple[str, ...]) -> dict[str, float]:
    named = {str(name): float(value) for name, value in (given or {}).items()}
    clash = [name for name in named if name in (*taken, "region", "period")]
    if clash:
        raise OptionError(f"{first(clash)} cannot name a regressor here: the panel has a column of that name already.")
    return named


def _scale(name: str, value: float) -> float:
    if not np.isfinite(value) or value < 0:
        raise OptionError(f"{name} must be zero or a positive number; got {value!r}.")
    return float(value)


def _effects(kind: str, T: int, N: int, sd: float, rng: np.random.Generator) -> FloatArray:
    own = sd * rng.standard_normal(N) if kind in ("region", "two-way") else np.zeros(N)
    common = sd * rng.standard_normal(T) if kind in ("time", "two-way") else np.zeros(T)
    return np.asarray(common[:, None] + own[None])


def draw_errors(kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    """Draw errors of mean zero and mean variance one, shape (T, N, ...)."""
    if kind == "skewed":
        return np.asarray(rng.standard_exponential(shape) - 1)
    if kind == "heavy":
        return np.asarray(rng.standard_t(HEAVY, shape) / np.sqrt(HEAVY / (HEAVY - 2)))
    z = rng.standard_normal(shape)
    if kind == "normal":
        return z
    sizes = np.exp(UNEQUAL * rng.standard_normal((1, shape[1], *(1,) * (len(shape) - 2))))
    return np.asarray(z * sizes / np.sqrt((sizes**2).mean()))


def _errors(kind: SimulatedErrors, T: int, N: int, sigma: float, rng: np.random.Generator) -> FloatArray:
    choice("errors", kind, SimulatedErrors)
    return sigma * draw_errors(kind, (T, N), rng)


def _simulated(
    wide: dict[str, FloatArray],
    regions: pd.Index,
    labels: list[int],
    truth: dict[str, float],
    made: tuple[FloatArray, FloatArray],
    seed: int | None,
) -> Simulated:
    T, N = len(labels), len(regions)
    columns = {"region": np.tile(np.asarray(regions), T), "period": np.repeat(labels, N)}
    frame = pd.DataFrame(columns | {name: values.ravel() for name, values in wide.items()})
    effect, e = (pd.DataFrame(values, index=labels[-len(values) :], columns=regions) for values in made)
    return Simulated(Panel(frame, region="region", period="period"), truth, effect, e, seed)


public(__name__)
