"""What this panel and estimator would give if there were no convergence, and how small a beta they can find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.information import spatial_filter
from spatialconv._core.resampling import intervals as core
from spatialconv._options import BootstrapScheme, choice, count_of, generator, probability
from spatialconv._parallel import checked_jobs
from spatialconv.convergence.few_periods.limits import Limits
from spatialconv.convergence.few_periods.short_panel import origin_of, sample_of, title_of
from spatialconv.errors import SpatialConvError
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.small_samples.bootstrap import half_life_of, null_terms, speed_of
from spatialconv.models.small_samples.refits import (
    Engine,
    Refits,
    World,
    broken_chain,
    restricted_world,
    with_effects_given,
    world_at,
)
from spatialconv.models.specification.design import matrix
from spatialconv.panel import FloatArray
from spatialconv.results import Provenance, Result, extent, number, p_value

if TYPE_CHECKING:
    from spatialconv.convergence.beta.beta import BetaConvergence

INITIAL = "log_initial"
# A test at this level is what tables call significant.
NOMINAL = 0.05
# Power is looked for between this share of a standard error and ten of them, and by so many halvings.
FIRST, HALVINGS = 0.25, 14


def null_distribution(
    b: BetaConvergence,
    *,
    draws: int = 9999,
    scheme: BootstrapScheme = "residual",
    jobs: int = 1,
    seed: int | np.random.Generator | None = None,
    progress: bool = False,
) -> NullDistribution:
    """Simulate the estimate of beta that this panel and estimator would give under no convergence.

    Use it before anything is concluded from a negative beta: with region or two-way effects and few periods the
    estimator finds convergence where there is none (Nickell 1981).

    Parameters
    ----------
    b : BetaConvergence
        The growth regression.
    draws, scheme, jobs, seed, progress
        As in `models.small_samples.bootstrap`.

    Returns
    -------
    NullDistribution
        `.betas .z .share_below .mean .p_value .rejects .tidy()`; `plot.null_picture` draws it.

    Notes
    -----
    The world is that of the regression without the initial level (and its spatial lag): rho, controls, effects and
    errors are estimated anew under beta = 0, growth is drawn from it, and makes the next level. Regions' means of
    growth, from which their drifts are estimated, are kept as they are, and so are the sums of squares within regions:
    only the order of a region's good and bad years is drawn anew.

    References
    ----------
    Nickell (1981), Econometrica 49. Davidson and MacKinnon (1999), Econometric Theory 15.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> b = sc.beta(zj.panel, "exports", effects="region")
    >>> bool(b.null_distribution(draws=199, seed=1).mean < -0.1)
    True
    """
    choice("scheme", scheme, BootstrapScheme)
    count_of("draws", draws, least=19)
    checked_jobs(jobs)
    rng, used = generator(seed)
    fit, engine = b.fit, Engine.of(b.fit)
    world = restricted_world(fit, null_terms(fit, "no-convergence"))
    found = engine.run(world, draws=draws, rng=rng, scheme=scheme, jobs=jobs, show=progress, label="no convergence")
    at = list(fit.params.index).index(INITIAL)
    notes = list(broken_chain(fit.design))
    if found.lost:
        notes.append(f"{found.lost} of {draws:,} samples could not be fitted and are left out")
    options = {"draws": draws, "scheme": scheme}
    origin = Provenance("null_distribution", options, fit.n_regions, fit.n_periods, fit.provenance.weights, used)
    betas, z = _of_draws(found, at)
    rho = world.rho if fit.spec.has_lag else float("nan")
    z_here = float(fit.tstats[INITIAL])
    title = f"{b.variable}: {extent(fit.n_regions, fit.n_periods, 'span')}, {fit._approach()}"
    return NullDistribution(b.beta, z_here, betas, z, rho, title, b.level, tuple(notes), origin)


def _of_draws(found: Refits, at: int) -> tuple[FloatArray, FloatArray]:
    """Return estimates and z of those samples that could be fitted; z is infinite where there is no error."""
    kept = np.isfinite(found.params[:, at])
    betas, errors = found.params[kept, at], found.errors[kept, at]
    return betas, np.where(np.isfinite(errors), betas / errors, np.sign(betas) * np.inf)


@dataclass(frozen=True, eq=False, repr=False)
class NullDistribution(Result):
    """Estimates of beta from panels without convergence, and where the estimate that was found lies among them.

    `betas` and `z` have an entry a simulated panel; `rho` is that of the world without convergence.
    """

    estimate: float
    statistic: float
    betas: FloatArray
    z: FloatArray
    rho: float
    title: str
    level: float
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def mean(self) -> float:
        """Mean of the estimates where beta is zero: the bias (Nickell 1981)."""
        return float(self.betas.mean())

    @property
    def sd(self) -> float:
        """Standard deviation of the estimates where beta is zero."""
        return float(self.betas.std(ddof=1))

    @property
    def share_below(self) -> float:
        """Share of panels without convergence whose beta is as low as the one found."""
        return float((self.betas <= self.estimate).mean())

    @property
    def p_value(self) -> float:
        """Two-sided Monte Carlo p of no convergence, of the studentised beta."""
        return core.p_two_sided(self.statistic, self.z)

    @property
    def p_lower(self) -> float:
        """One-sided Monte Carlo p of no convergence against convergence, of the studentised beta."""
        return core.p_lower(self.statistic, self.z)

    @property
    def rejects(self) -> float:
        """Share of panels without convergence in which the asymptotic test at 5 % finds beta significant."""
        return float((np.abs(self.z) > stats.norm.ppf(1 - NOMINAL / 2)).mean())

    def quantiles(self, level: float | None = None) -> FloatArray:
        """Return the central interval of the estimates under no convergence."""
        return core.percentile(self.betas, self.level if level is None else probability("level", level))

    def tidy(self) -> pd.DataFrame:
        """Return one row: term, estimate, statistic, p_value, and the distribution under no convergence."""
        low, high = self.quantiles()
        row = {
            "term": INITIAL,
            "estimate": self.estimate,
            "statistic": self.statistic,
            "p_value": self.p_value,
            "p_lower": self.p_lower,
            "null_mean": self.mean,
            "null_sd": self.sd,
            "null_low": low,
            "null_high": high,
            "share_below": self.share_below,
            "rejects": self.rejects,
        }
        return pd.DataFrame([row])

    def glance(self) -> pd.DataFrame:
        """Return one row that describes the simulation."""
        row = {"draws": len(self.betas), "scheme": self.provenance.options["scheme"], "rho": self.rho}
        return pd.DataFrame([row]).join(self.tidy())

    def _headline(self) -> list[str]:
        low, high = self.quantiles()
        p = p_value(self.p_value)
        return [
            f"No convergence in {self.title}: {len(self.betas):,} simulated panels",
            f"  beta there: mean {number(self.mean)}, sd {number(self.sd)}, {100 * self.level:g} % between "
            f"{number(low)} and {number(high)}",
            f"  beta here {number(self.estimate)}: {100 * self.share_below:.1f} % of panels without convergence have "
            "one as low",
            f"  {p_value(self.p_lower)} against convergence, two-sided {p} (Monte Carlo, studentised); z "
            f"{number(self.statistic, 2)}",
            f"  the asymptotic 5 % test finds beta significant in {100 * self.rejects:.1f} % of them",
        ]


def detectable(
    b: BetaConvergence,
    *,
    power: float = 0.8,
    size: float = 0.05,
    draws: int = 2000,
    scheme: BootstrapScheme = "residual",
    jobs: int = 1,
    seed: int | np.random.Generator | None = None,
    progress: bool = False,
) -> Detectable:
    """Find the smallest convergence, the beta nearest to zero, that this panel and estimator find with a given power.

    Under region and two-way effects, where `b.inference` reaches, the test is its likelihood ratio, and beside its
    power stands the bound that no valid test can pass.

    Parameters
    ----------
    b : BetaConvergence
        The growth regression.
    power : float
        Share of panels in which no convergence is to be rejected.
    size : float
        Level of the test, whose critical values are simulated under no convergence: two-sided by z; against convergence
        by the likelihood ratio.
    draws : int
        Simulated panels at each beta.
    scheme, jobs, seed, progress
        As in `models.small_samples.bootstrap`; the likelihood ratio draws normal errors in one process.

    Returns
    -------
    Detectable
        `.beta .bound .speed .half_life .curve .critical`

    Notes
    -----
    By z: at each beta the controls and effects are those that it leaves of the data, rho and lambda those of the world
    without convergence, and the same random numbers are used, so that power moves smoothly.

    By the likelihood ratio: panels in which all regions head for one level, from the levels of the first period, rho
    and the variance of errors as under no convergence; critical values from the panels without convergence that are
    most like them. The bound is the power of the best test (Neyman and Pearson) against normal drifts of the least
    favourable spread, rho and controls taken for known. Drifts that differ make convergence harder to find by any test.

    References
    ----------
    Lehmann and Romano (2005), Testing Statistical Hypotheses, theorem 3.8.1.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> b = sc.beta(zj.panel, "exports", effects="time")
    >>> b.detectable(draws=199, seed=1).beta < 0
    True
    """
    choice("scheme", scheme, BootstrapScheme)
    target, level = probability("power", power), probability("size", size)
    count_of("draws", draws, least=19)
    checked_jobs(jobs)
    rng, used = generator(seed)
    seeds = [int(s) for s in rng.integers(2**63, size=2)]
    by_ratio = _by_ratio(b, target, level, draws, seeds[0], used, progress)
    if by_ratio is not None:
        return by_ratio
    fit, engine = b.fit, Engine.of(b.fit)
    null = restricted_world(fit, null_terms(fit, "no-convergence"))
    at = list(fit.params.index).index(INITIAL)
    how: dict[str, Any] = {"draws": draws, "scheme": scheme, "jobs": jobs, "show": progress, "label": "power"}

    def z_at(beta: float, which: int) -> FloatArray:
        world = null if beta == 0 else world_with(fit, null, beta)
        with np.errstate(over="ignore", invalid="ignore"):
            return _of_draws(engine.run(world, rng=np.random.default_rng(seeds[which]), **how), at)[1]

    critical = core.quantiles(z_at(0.0, 0), np.array([level / 2, 1 - level / 2]))
    curve: dict[float, float] = {0.0: level}

    def power_at(beta: float) -> float:
        z = z_at(beta, 1)
        curve[beta] = float(((z < critical[0]) | (z > critical[1])).mean())
        return curve[beta]

    found = _search(power_at, target, float(fit.std_errors[INITIAL]), b.length)
    notes = list(broken_chain(fit.design))
    if np.isnan(found):
        notes.append(
            f"no beta above -1/h = {-1 / b.length:.4g}, where gaps would be overshot within one span, is found with a "
            f"power of {target:g}"
        )
    options = {"power": target, "size": level, "draws": draws, "scheme": scheme}
    origin = Provenance("detectable", options, fit.n_regions, fit.n_periods, fit.provenance.weights, used)
    table = pd.DataFrame(sorted(curve.items(), reverse=True), columns=["beta", "power"])
    title = f"{b.variable}: {extent(fit.n_regions, fit.n_periods, 'span')}, {fit._approach()}"
    ends = (float(critical[0]), float(critical[1]))
    return Detectable(found, target, level, ends, table, b.length, b.beta, title, tuple(notes), origin)


def _by_ratio(
    b: BetaConvergence, target: float, size: float, draws: int, seed: int, used: int | None, progress: bool
) -> Detectable | None:
    """Return what the likelihood ratio and any valid test find; None where the theory does not reach."""
    try:
        sample = sample_of(b, draws)
    except SpatialConvError:
        return None
    limits = Limits(sample, size=size, draws=draws, seed=seed, progress=progress)
    found, bound = limits.smallest(target)
    notes = [
        "power and bound are those of panels whose regions head for one level; drifts that differ leave less to find"
    ]
    if np.isnan(found):
        notes.insert(0, f"no beta above {-1 / b.length:.4g}, where gaps close within one span, is found so often")
    near = min(limits.asked, key=lambda value: abs(value - (found if np.isfinite(found) else -1.0)))
    options = {"power": target, "size": size, "draws": draws, "scheme": "normal", "test": "likelihood ratio"}
    origin = origin_of(b, "detectable", options, used)
    ends = (limits.asked[near].critical, float("inf"))
    h = b.length
    return Detectable(
        found / h, target, size, ends, limits.curve(h), h, b.beta, title_of(b), tuple(notes), origin, bound / h
    )


def _search(power_at: Any, target: float, step: float, h: float) -> float:
    """Return the beta nearest to zero with the power, by doubling and halving; NaN if -1/h does not have it."""
    lowest = -1 / h
    step = step if np.isfinite(step) and step > 0 else 0.01
    high, low = 0.0, -FIRST * step
    while low > lowest and power_at(low) < target:
        high, low = low, 2 * low
    if low <= lowest:
        low = lowest
        if power_at(low) < target:
            return float("nan")
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if power_at(middle) < target:
            high = middle
        else:
            low = middle
        if high - low < 1e-3 * abs(low):
            break
    return float(low)


def world_with(fit: PanelFit, null: World, beta: float) -> World:
    """Return the world at a given beta: rho and lambda of the null, other coefficients by least squares given all."""
    design, spec = fit.design, fit.spec
    names, K = list(design.names), len(design.names)
    own = names.index(INITIAL)
    rest = [k for k, name in enumerate(names) if name not in (INITIAL, f"W:{INITIAL}")]
    W, M = (matrix(design.W) if spec.has_lag else None), (matrix(design.M) if spec.has_error else None)
    project = projection(spec.fixed_effects, *design.y.shape, lee_yu=False)
    left = spatial_filter(W, null.rho, design.y) - beta * design.X[..., own]
    values = null.values.copy()
    values[:K] = 0.0
    values[own] = beta
    if rest:
        Z = project(spatial_filter(M, null.lam, design.X[..., rest])).reshape(-1, len(rest))
        values[rest] = np.linalg.lstsq(Z, project(spatial_filter(M, null.lam, left)).ravel(), rcond=None)[0]
    return with_effects_given(world_at(fit, values), fit)


@dataclass(frozen=True, eq=False, repr=False)
class Detectable(Result):
    """The smallest convergence that a panel can find: `beta`, and the power `curve` on the way to it.

    `critical` are the ends between which the test does not reject: of z, or of the signed root of the likelihood ratio,
    which has a lower end only. `bound` is the beta nearest to zero that any valid test can find with the power, NaN
    where it is not known.
    """

    beta: float
    power: float
    size: float
    critical: tuple[float, float]
    curve: pd.DataFrame
    length: float
    estimate: float
    title: str
    notes: tuple[str, ...]
    provenance: Provenance
    bound: float = float("nan")

    @property
    def speed(self) -> float:
        """Speed of convergence at that beta."""
        return float(speed_of(self.beta, self.length))

    @property
    def half_life(self) -> float:
        """Half-life at that beta."""
        return float(half_life_of(self.beta, self.length))

    def tidy(self) -> pd.DataFrame:
        """Return one row a beta that was tried: beta, power, and the bound of any valid test where it is known."""
        return self.curve.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row: beta, speed, half_life, power, size, critical values."""
        row = {
            "beta": self.beta,
            "speed": self.speed,
            "half_life": self.half_life,
            "bound": self.bound,
            "power": self.power,
            "size": self.size,
            "critical_low": self.critical[0],
            "critical_high": self.critical[1],
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        low, high = self.critical
        lines = [f"Smallest convergence that can be found in {self.title}"]
        if np.isnan(self.beta):
            lines.append(f"  none has a power of {100 * self.power:g} %")
        else:
            lines.append(
                f"  beta {number(self.beta)} (speed {number(self.speed)}, half-life {number(self.half_life, 2)}) with "
                f"a power of {100 * self.power:g} %; the estimate is {number(self.estimate)}"
            )
        if np.isfinite(self.bound):
            lines.append(
                f"  no valid test finds a beta between {number(self.bound)} and zero with {100 * self.power:g} % here"
            )
        if np.isinf(high):
            lines.append(
                f"  test at {100 * self.size:g} % against convergence: signed root of the likelihood ratio below "
                f"{number(low, 2)}, simulated under no convergence"
            )
            return lines
        lines.append(
            f"  test at {100 * self.size:g} %: z below {number(low, 2)} or above {number(high, 2)}, simulated under no "
            "convergence"
        )
        return lines
