"""What is said of beta under region and two-way effects where periods are few: a test, sets, and two questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatialconv._core.few_periods.imposed import Normals, Setup
from spatialconv._options import count_of, generator, probability
from spatialconv._parallel import checked_jobs
from spatialconv.convergence.few_periods.confidence import INITIAL, ConfidenceSet, sets
from spatialconv.convergence.few_periods.short_panel import (
    EVEN,
    RhoBy,
    ShortPanelTest,
    exact_parts,
    origin_of,
    sample_of,
    tested,
    title_of,
)
from spatialconv.errors import SpatialConvError
from spatialconv.results import Provenance, Result, merge_notes, number, p_value

if TYPE_CHECKING:
    from spatialconv.convergence.beta.beta import BetaConvergence

RATIO, ROBUST = "likelihood ratio", "robust score and F"
# Up to so many regions, and regions times spans, the exact parts take a few hundredths of a second.
AT_ONCE, AT_ONCE_REGIONS = 1000, 100


def inference(
    b: BetaConvergence,
    *,
    level: float | None = None,
    draws: int = 999,
    rho: RhoBy = "estimated",
    jobs: int = 1,
    seed: int | np.random.Generator | None = 0,
    progress: bool = False,
) -> Inference:
    """Test no convergence and find the sets of beta, speed and half-life, by two tests on the same random numbers.

    Parameters
    ----------
    b : BetaConvergence
        As in `short_panel_test`.
    level : float, optional
        Of the sets; that of the regression by default.
    draws, rho, jobs, seed, progress
        As in `confidence_set`.

    Returns
    -------
    Inference
        `.p_lower`, `.interval`, `.speed`, `.half_life`, `.agree`; `.test`, `.by_ratio`, `.by_robust` in full.

    Raises
    ------
    UnsupportedModelError, ModelError
        As in `short_panel_test`.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> b = sc.beta(zj.panel, "exports", effects="two-way")
    >>> found = b.infer(draws=199, seed=1)
    >>> 0 < found.p_lower <= 1
    True
    """
    count_of("draws", draws, least=99)
    checked_jobs(jobs)
    share = b.level if level is None else probability("level", level)
    rng, used = generator(seed)
    setup = Setup.of(sample_of(b, draws))
    normals = Normals.draw(setup.sample, draws, rng)
    test = tested(b, setup, normals, 0.0, rho, used)
    both = sets(b, setup, normals, share, ("likelihood-ratio", "robust"), rho, jobs=jobs, progress=progress, seed=used)
    by_ratio, by_robust = both["likelihood-ratio"], both["robust"]
    options: dict[str, object] = {"level": share, "draws": draws, "rho": rho}
    notes = merge_notes(test.notes, *([note for note in s.notes if note != EVEN] for s in (by_ratio, by_robust)))
    return Inference(test, by_ratio, by_robust, title_of(b), notes, origin_of(b, "inference", options, used))


def exact_lines(b: BetaConvergence) -> list[str] | None:
    """Return the two exact tests in words, or how to ask for them; None where their theory does not reach."""
    try:
        sample = sample_of(b)
    except SpatialConvError:
        return None
    if sample.N * sample.T > AT_ONCE or sample.N > AT_ONCE_REGIONS:
        return []
    parts = exact_parts(sample, 0.0)
    return _questions(float(parts.found.t[0]), parts.t_below, float(parts.found.F[0]), parts.F_below)


def _questions(t: float, p_t: float, F: float, p_F: float) -> list[str]:
    return [
        f"  do fast growers slow down: t {number(t, 2)}, {p_value(p_t)} (one-sided, exact)",
        f"  is long-run growth more even than chance: F {number(F, 2)}, {p_value(p_F)} (exact, unless levels are "
        "measured with error or errors are correlated over time)",
    ]


@dataclass(frozen=True, eq=False, repr=False)
class Inference(Result):
    """No convergence tested, and the sets of beta: by the likelihood ratio, and by the robust score and F beside it."""

    test: ShortPanelTest
    by_ratio: ConfidenceSet
    by_robust: ConfidenceSet
    title: str
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def p_lower(self) -> float:
        """One-sided p of no convergence against convergence, by the likelihood ratio."""
        return self.test.p_lower

    @property
    def p_value(self) -> float:
        """Two-sided p of no convergence, by the likelihood ratio."""
        return self.test.p_value

    @property
    def interval(self) -> tuple[float, float]:
        """Set of beta by the likelihood ratio; ends are infinite where the data do not say."""
        return self.by_ratio.interval

    @property
    def speed(self) -> tuple[float, float]:
        """Set of the speed: that of beta sent through its formula."""
        return self.by_ratio.speed

    @property
    def half_life(self) -> tuple[float, float]:
        """Set of the half-life; infinite where gaps need not close."""
        return self.by_ratio.half_life

    @property
    def agree(self) -> bool:
        """Whether both tests reject no convergence at 1 - level, one-sided, or neither does."""
        size, p = 1 - self.by_ratio.level, self.test.table["p_lower"]
        return bool((p[RATIO] <= size) == (p[ROBUST] <= size))

    def tidy(self) -> pd.DataFrame:
        """Return one row a quantity and test: term, test, p_lower, p_value (of beta), conf_low, conf_high."""
        rows = []
        for name, found in ((RATIO, self.by_ratio), (ROBUST, self.by_robust)):
            p = self.test.table.loc[name]
            for row in found.tidy().to_dict("records"):
                of_beta = row["term"] == INITIAL
                rows.append(
                    {
                        "term": row["term"],
                        "test": name,
                        "p_lower": float(p["p_lower"]) if of_beta else np.nan,
                        "p_value": float(p["p_value"]) if of_beta else np.nan,
                        "conf_low": row["conf_low"],
                        "conf_high": row["conf_high"],
                    }
                )
        return pd.DataFrame(rows)

    def glance(self) -> pd.DataFrame:
        """Return one row: p of both tests, ends of both sets, whether they agree."""
        row = self.test.glance().iloc[0].to_dict()
        ends = {"conf_low": self.interval[0], "conf_high": self.interval[1]}
        robust = {"conf_low_robust": self.by_robust.interval[0], "conf_high_robust": self.by_robust.interval[1]}
        return pd.DataFrame([{**row, **ends, **robust, "level": self.by_ratio.level, "agree": self.agree}])

    def lines(self) -> list[str]:
        """Return what is said of beta, its speed and the two questions, as the repr of the regression shows it."""
        p, level = self.test.table, 100 * self.by_ratio.level
        below, two = (
            {name: p_value(float(p.loc[name, of])) for name in (RATIO, ROBUST)} for of in ("p_lower", "p_value")
        )
        said = [
            f"  {found.words}, {level:g} % by {name}; no convergence {below[name]}, two-sided {two[name]}"
            for name, found in ((RATIO, self.by_ratio), (ROBUST, self.by_robust))
        ]
        said += [] if self.agree else [f"  THE TWO DISAGREE at {100 - level:g} %: see the notes of b.inference"]
        low, high = self.interval
        if np.isfinite(low) or np.isfinite(high):
            s, life = self.speed, self.half_life
            said.append(
                f"  speed from {number(s[0])} to {number(s[1])}, half-life from {number(life[0], 2)} to "
                f"{number(life[1], 2)} (the set of beta, sent through their formulas)"
            )
        t, F = (p.loc[name] for name in ("t", "F"))
        return [*said, *_questions(float(t.statistic), float(t.p_lower), float(F.statistic), float(F.p_lower))]

    def _headline(self) -> list[str]:
        return [f"Beta where periods are few: {self.title}", *self.lines()]
