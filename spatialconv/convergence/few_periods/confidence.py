"""Confidence sets of beta for few periods: the betas that a test of `short_panel` does not reject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from spatialconv._core.few_periods.imposed import Normals, Setup
from spatialconv._core.few_periods.likelihood import HIGHEST, LOWEST
from spatialconv._core.few_periods.profile import Asked, ask
from spatialconv._core.few_periods.sets import HALVINGS, Accepted, accepted, looked_at
from spatialconv._options import choice, count_of, generator, probability
from spatialconv._parallel import checked_jobs
from spatialconv._parallel import progress as shown
from spatialconv._parallel import run as parallel
from spatialconv.convergence.few_periods.short_panel import EVEN, RhoBy, exploded, origin_of, sample_of, title_of
from spatialconv.convergence.few_periods.simulated import covers
from spatialconv.models.small_samples.bootstrap import half_life_of, speed_of
from spatialconv.results import Provenance, Result, number

if TYPE_CHECKING:
    from spatialconv.convergence.beta.beta import BetaConvergence

INITIAL = "log_initial"
ByTest = Literal["likelihood-ratio", "robust"]
TWO_SIDED = {"likelihood-ratio": "ratio_two", "robust": "joint_two"}


def confidence_set(
    b: BetaConvergence,
    *,
    level: float | None = None,
    test: ByTest = "likelihood-ratio",
    draws: int = 999,
    rho: RhoBy = "estimated",
    jobs: int = 1,
    seed: int | np.random.Generator | None = None,
    progress: bool = False,
) -> ConfidenceSet:
    """Find the betas that a two-sided test of `short_panel_test` does not reject.

    Parameters
    ----------
    b : BetaConvergence
        As in `short_panel_test`.
    level : float, optional
        Of the set; that of the regression by default.
    test : {"likelihood-ratio", "robust"}
        "robust" is the robust score with F, which holds where variances differ by region.
    draws : int
        Panels at each beta, from the same random numbers; 199 of them where these leave no doubt.
    rho : {"estimated", "maximised"}
        As in `short_panel_test`.
    jobs : int
        Processes for the first look; figures do not depend on it.
    seed : int or Generator, optional
    progress : bool
        Show a progress bar.

    Returns
    -------
    ConfidenceSet
        `.interval`, with infinite ends where the data do not say; `.speed`, `.half_life`, `.estimate`, `.curve`

    Notes
    -----
    Asked are betas from -2/h, beyond which levels explode, to 1/h. An end is infinite if all on its side are accepted.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> b = sc.beta(zj.panel, "exports", effects="region")
    >>> low, high = b.confidence_set(draws=99, seed=1).interval
    >>> low < high
    True
    """
    choice("test", test, ByTest)
    choice("rho", rho, RhoBy)
    count_of("draws", draws, least=99)
    checked_jobs(jobs)
    share = b.level if level is None else probability("level", level)
    rng, used = generator(seed)
    setup = Setup.of(sample_of(b, draws))
    normals = Normals.draw(setup.sample, draws, rng)
    return sets(b, setup, normals, share, (test,), rho, jobs=jobs, progress=progress, seed=used)[test]


def sets(
    b: BetaConvergence,
    setup: Setup,
    normals: Normals,
    level: float,
    tests: Sequence[ByTest],
    rho: RhoBy,
    *,
    jobs: int,
    progress: bool,
    seed: int | None,
) -> dict[str, ConfidenceSet]:
    """Return the sets by several tests, which share what is asked of each beta, on random numbers already drawn."""
    size, worst, h = 1 - level, rho == "maximised", b.length
    best = float(setup.best.b[0])
    fields = tuple(TWO_SIDED[test] for test in tests)
    grid = [float(value) for value in looked_at(best, LOWEST, HIGHEST)]
    tasks = [(setup, value, normals, size, fields, worst) for value in grid]
    curve: dict[float, Asked] = dict(
        zip(grid, parallel(ask, tasks, jobs=jobs, what="betas asked", show=progress), strict=True)
    )
    found: dict[str, ConfidenceSet] = {}
    with shown(total=2 * HALVINGS * len(tests), what="ends of the set", show=progress) as bar:
        for test, name in zip(tests, fields, strict=True):

            def p(value: float, name: str = name) -> float:
                if value not in curve:
                    curve[value] = ask(setup, value, normals, size, fields, worst)
                    bar.update()
                return float(getattr(curve[value].verdict, name))

            ends = accepted(p, best, LOWEST, HIGHEST, size)
            rows = [
                (value / h, getattr(a.verdict, name), a.draws, a.verdict.lost) for value, a in sorted(curve.items())
            ]
            table = pd.DataFrame(rows, columns=["beta", "p_value", "draws", "exploded"])
            options: dict[str, object] = {"level": level, "test": test, "draws": len(normals.score), "rho": rho}
            found[test] = _set_of(b, ends, best / h, level, table, options, seed)
    return found


def _set_of(
    b: BetaConvergence,
    ends: Accepted,
    best: float,
    level: float,
    curve: pd.DataFrame,
    options: dict[str, object],
    seed: int | None,
) -> ConfidenceSet:
    pieces = f"the set has {ends.pieces} pieces; the ends are those of all together"
    ratio = options["test"] == "likelihood-ratio"
    lost = exploded(dict(zip(curve["beta"], curve["exploded"], strict=True))) if ratio else []
    where = covers(b.fit.spec.effects, b.fit.n_periods, "ratio" if ratio else "robust")
    notes = (*([pieces] if ends.pieces > 1 else []), *lost, *where, EVEN)
    h, origin = b.length, origin_of(b, "confidence_set", options, seed)
    return ConfidenceSet((ends.low / h, ends.high / h), best, level, h, ends.pieces, curve, title_of(b), notes, origin)


@dataclass(frozen=True, eq=False, repr=False)
class ConfidenceSet(Result):
    """The betas that are not rejected: `interval`, its ends infinite where the data do not say, NaN where none is left.

    `estimate` maximises the likelihood given the initial level; `curve` has a row a beta that was asked: p_value,
    draws, and `exploded`, the share of panels drawn for the likelihood ratio that a normal value stands in for.
    """

    interval: tuple[float, float]
    estimate: float
    level: float
    length: float
    pieces: int
    curve: pd.DataFrame
    title: str
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def speed(self) -> tuple[float, float]:
        """Set of the speed: that of beta sent through -ln(1 + h beta) / h."""
        low, high = self.interval
        top = np.inf if 1 + self.length * low <= 0 else float(speed_of(low, self.length))
        return (-np.inf if np.isinf(high) else float(speed_of(high, self.length))), top

    @property
    def half_life(self) -> tuple[float, float]:
        """Set of the half-life; infinite where gaps need not close."""
        low, high = self.interval
        first = 0.0 if 1 + self.length * low <= 0 else float(half_life_of(low, self.length))
        return first, (np.inf if high >= 0 else float(half_life_of(high, self.length)))

    @property
    def words(self) -> str:
        """The set as it is read: an interval, a half-line, everything, or nothing."""
        low, high = self.interval
        if np.isnan(low):
            return "every beta is rejected: the model does not fit"
        if np.isinf(low) and np.isinf(high):
            return (
                "nothing can be said" if self.pieces == 1 else "no bound on either side, though some betas are rejected"
            )
        if np.isinf(low):
            return f"beta < {number(high)}"
        return f"beta > {number(low)}" if np.isinf(high) else f"beta in [{number(low)}, {number(high)}]"

    def tidy(self) -> pd.DataFrame:
        """Return one row each for beta, speed and half-life: conf_low, conf_high."""
        values = {INITIAL: self.interval, "speed": self.speed, "half_life": self.half_life}
        rows = [(term, *ends) for term, ends in values.items()]
        return pd.DataFrame(rows, columns=["term", "conf_low", "conf_high"])

    def glance(self) -> pd.DataFrame:
        """Return one row: ends, estimate, level, how many betas were asked."""
        low, high = self.interval
        row = {"conf_low": low, "conf_high": high, "estimate": self.estimate, "level": self.level}
        return pd.DataFrame([{**row, "betas_asked": len(self.curve)}])

    def _headline(self) -> list[str]:
        by = str(self.provenance.options["test"])
        lines = [f"Confidence set ({by}) of {self.title}", f"  {self.words}, {100 * self.level:g} %"]
        if not np.isnan(self.interval[0]) and not np.isinf(self.interval).all():
            s, life = self.speed, self.half_life
            lines.append(
                f"  speed from {number(s[0])} to {number(s[1])}, half-life from {number(life[0], 2)} to "
                f"{number(life[1], 2)}"
            )
        return lines
