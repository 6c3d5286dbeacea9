"""An interval of beta that holds in few periods: all betas that a simulated test does not reject."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatialconv._core.batch import concentrated
from spatialconv._options import BootstrapScheme, choice, generator, probability, whole
from spatialconv._parallel import checked_jobs
from spatialconv.convergence.null import INITIAL, world_with
from spatialconv.errors import ModelError, SpatialConvWarning
from spatialconv.models._refits import Engine, World, broken_chain, fitted_world
from spatialconv.models.bootstrap import half_life_of, speed_of
from spatialconv.models.fit import fit_complete
from spatialconv.models.fitted import PanelFit
from spatialconv.results import Provenance, Result, number

if TYPE_CHECKING:
    from spatialconv.convergence.beta import BetaConvergence

# The ends are looked for in steps that double, so many times, and are then halved in on.
DOUBLINGS, HALVINGS = 7, 12


def inverted_interval(
    b: BetaConvergence,
    *,
    draws: int = 999,
    level: float | None = None,
    scheme: BootstrapScheme = "residual",
    jobs: int = 1,
    seed: int | np.random.Generator | None = None,
    progress: bool = False,
) -> InvertedInterval:
    """Find all betas that the panel does not reject, each tested by panels in which it holds.

    Use it for beta, speed and half-life wherever region or two-way effects meet few periods: an interval around a
    biased estimate misses the truth, a test whose null is imposed does not.

    Parameters
    ----------
    b : BetaConvergence
        The growth regression.
    draws : int
        Simulated panels at each beta that is tried.
    level : float, optional
        Confidence level; by default that of the regression.
    scheme, jobs, seed, progress
        As in `models.bootstrap.bootstrap`.

    Returns
    -------
    InvertedInterval
        `.conf_low .conf_high .tidy()`, for beta, speed and half-life

    Notes
    -----
    At each beta0 rho, lambda, controls, effects and errors are estimated anew under beta = beta0, growth is drawn and
    makes the next level, and ``z*(beta0) = (b* - beta0) / se*`` is set beside ``(b - beta0) / se``. The ends are where
    a tail of z* holds (1 - level) / 2, found by halving with the same random numbers throughout.

    References
    ----------
    Andrews (1993), Econometrica 61. Hansen (1999), Review of Economics and Statistics 81 (the grid bootstrap).

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> b = sc.beta(zj.panel, "exports", effects="region")
    >>> found = b.inverted_interval(draws=99, seed=1)
    >>> bool(found.conf_low < found.conf_high)
    True
    """
    choice("scheme", scheme, BootstrapScheme)
    whole("draws", draws, least=19)
    checked_jobs(jobs)
    share = probability("level", b.level if level is None else level)
    rng, used = generator(seed)
    at_seed = int(rng.integers(2**63))
    fit, engine = b.fit, Engine.of(b.fit)
    at = list(fit.params.index).index(INITIAL)
    estimate, std_error = b.beta, float(fit.std_errors[INITIAL])
    if not (np.isfinite(std_error) and std_error > 0):
        raise ModelError("beta has no standard error (an estimate on a bound); no test of it can be inverted.")
    how: dict[str, Any] = {"draws": draws, "scheme": scheme, "jobs": jobs, "show": progress, "label": "test"}
    tried: dict[float, tuple[float, float]] = {}

    def tails(beta: float) -> tuple[float, float]:
        world = constrained_world(fit, engine, beta)
        with np.errstate(over="ignore", invalid="ignore"):
            found = engine.run(world, rng=np.random.default_rng(at_seed), **how)
            apart = found.params[:, at] - beta
            z = np.where(np.isfinite(found.errors[:, at]), apart / found.errors[:, at], np.sign(apart) * np.inf)
        z = z[~np.isnan(z)]
        here = (estimate - beta) / std_error
        below, above = int((z <= here).sum()), int((z >= here).sum())
        tried[beta] = (1 + below) / (1 + len(z)), (1 + above) / (1 + len(z))
        return tried[beta]

    alpha = (1 - share) / 2
    high = _end(lambda beta: tails(beta)[0] > alpha, estimate, std_error)
    low = _end(lambda beta: tails(beta)[1] > alpha, estimate, -std_error)
    notes = [*broken_chain(fit.design)]
    for side, end in (("lower", low), ("upper", high)):
        if np.isinf(end):
            far = 2 ** (DOUBLINGS - 1)
            notes.append(f"no {side} end within {far} standard errors of the estimate: the panel does not tell")
    curve = pd.DataFrame(
        [(beta, *two, min(1.0, 2 * min(two))) for beta, two in sorted(tried.items())],
        columns=["beta", "tail_low", "tail_high", "p_value"],
    )
    options = {"draws": draws, "scheme": scheme, "level": share}
    origin = Provenance("inverted_interval", options, fit.n_regions, fit.n_periods, fit.provenance.weights, used)
    title = f"{b.variable}: {fit.n_regions} regions x {fit.n_periods} spans, {fit._approach()}"
    return InvertedInterval(estimate, low, high, share, b.length, curve, title, tuple(notes), origin)


def _end(kept: Callable[[float], bool], start: float, step: float) -> float:
    """Return the last beta that is kept on the side of the step; infinite where none is rejected."""
    # The estimate itself may be rejected: where it is biased by much, its own world gives others.
    inner = start
    if not kept(start):
        outer, step = start, -step
        for k in range(DOUBLINGS):
            inner = start + step * 2**k / 2
            if kept(inner):
                break
            outer = inner
        else:
            raise ModelError("no beta near the estimate survives its own test: the panel contradicts the model.")
    else:
        for k in range(DOUBLINGS):
            outer = start + step * 2**k / 2
            if not kept(outer):
                break
            inner = outer
        else:
            return float(np.copysign(np.inf, step))
    for _ in range(HALVINGS):
        middle = (inner + outer) / 2
        inner, outer = (middle, outer) if kept(middle) else (inner, middle)
    return float(inner)


def constrained_world(fit: PanelFit, engine: Engine, beta: float) -> World:
    """Return the world in which the initial level has a given coefficient, all else estimated under it.

    A Durbin term of the initial level is estimated too. With a lag and an error process both, rho and lambda are
    those of the unconstrained fit.
    """
    design, spec = fit.design, fit.spec
    base = fitted_world(fit)
    offset = beta * design.X[..., list(design.names).index(INITIAL)]
    rest = [k for k, name in enumerate(design.names) if name != INITIAL]
    if engine.setting is not None and spec.has_lag:
        base = replace(base, rho=concentrated(engine.setting, design.y, offset, design.X[..., rest]))
    elif not spec.has_lag and spec.has_error:
        smaller = replace(
            design, y=design.y - offset, X=design.X[..., rest], names=tuple(design.names[k] for k in rest), chain=None
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SpatialConvWarning)
            base = replace(base, lam=float(fit_complete(smaller, replace(spec, vcov="information")).lambda_))
    values = base.values.copy()
    for name, value in (("rho", base.rho), ("lambda", base.lam)):
        if name in fit.params.index:
            values[list(fit.params.index).index(name)] = value
    return world_with(fit, replace(base, values=values), beta, absent=())


@dataclass(frozen=True, eq=False, repr=False)
class InvertedInterval(Result):
    """All betas that a simulated test does not reject; `curve` has the tails and p at each beta that was tried."""

    estimate: float
    conf_low: float
    conf_high: float
    level: float
    length: float
    curve: pd.DataFrame
    title: str
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row each for beta, speed and half-life: term, estimate, conf_low, conf_high."""
        low, high, h = self.conf_low, self.conf_high, self.length
        rows = [
            (INITIAL, self.estimate, low, high),
            ("speed", speed_of(self.estimate, h), speed_of(high, h), speed_of(low, h)),
            ("half_life", half_life_of(self.estimate, h), half_life_of(low, h), half_life_of(high, h)),
        ]
        frame = pd.DataFrame(rows, columns=["term", "estimate", "conf_low", "conf_high"])
        # A speed that is infinite is none: the gap would be overshot within one span.
        undefined = (1 + h * self.estimate <= 0, 1 + h * self.estimate <= 0 or self.estimate >= 0)
        frame.loc[[1, 2], "estimate"] = [
            np.nan if none else value for none, value in zip(undefined, frame["estimate"][1:], strict=True)
        ]
        return frame

    def glance(self) -> pd.DataFrame:
        """Return one row: estimate, interval, level, draws at each beta, betas tried."""
        row = {
            "estimate": self.estimate,
            "conf_low": self.conf_low,
            "conf_high": self.conf_high,
            "level": self.level,
            "draws": self.provenance.options["draws"],
            "tried": len(self.curve),
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        lines = [f"Betas that are not rejected, {self.title}"]
        for row in self.tidy().itertuples():
            digits = 2 if row.term == "half_life" else 4
            name = {"log_initial": "beta"}.get(str(row.term), str(row.term).replace("_", "-"))
            lines.append(
                f"  {name} {number(row.estimate, digits)} [{number(row.conf_low, digits)}, "
                f"{number(row.conf_high, digits)}]"
            )
        draws = self.provenance.options["draws"]
        lines.append(f"  {100 * self.level:g} %, by {draws} simulated panels at each of {len(self.curve)} betas")
        return lines
