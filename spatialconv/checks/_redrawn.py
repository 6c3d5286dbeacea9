"""What the same panel would give under no convergence: levels rebuilt from growth, period by period."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, get_args

import numpy as np

from spatialconv._options import FixedEffects
from spatialconv.checks._finding import Finding
from spatialconv.checks._robustness import LEVEL
from spatialconv.checks._subject import Subject
from spatialconv.convergence.beta.beta import INITIAL, BetaConvergence
from spatialconv.convergence.few_periods.inference import RATIO, ROBUST
from spatialconv.errors import SpatialConvError
from spatialconv.models.small_samples.bootstrap import Bootstrap
from spatialconv.panel import FloatArray
from spatialconv.results import number, one_line, p_value

# Draws that a set needs at least.
LEAST = 99
# Two p-values this far apart tell a reader different things even where both lie on one side of 5 %.
APART = 0.05


def z_values(s: Subject) -> Finding:
    """Can the z-values be trusted at this n and T?"""
    question = "Are the z-values trustworthy at this number of regions and periods?"
    name, b = "z-values", s.b
    terms = {INITIAL: "no-convergence", **{t: t for t in ("rho", "lambda") if t in b.params.index}}
    said, changed, apart = [], [], []
    for term, null in terms.items():
        drawn = _bootstrap(s, b, null)
        if isinstance(drawn, str):
            return Finding(name, question, "not asked", drawn)
        plain, redrawn = float(b.pvalues[term]), float(drawn.p_values[term])
        shown = "beta" if term == INITIAL else term
        said.append(f"{shown}: {p_value(plain)} by z, {p_value(redrawn)} by {s.effort.draws} samples under the null")
        changed += [shown] if (plain <= LEVEL) != (redrawn <= LEVEL) else []
        apart += [shown] if abs(plain - redrawn) > APART else []
    n, T = b.fit.n_regions, b.fit.n_periods
    evidence = f"{n} x {T}: {'; '.join(said)}"
    if changed:
        advice = f"Print the p-values of the bootstrap: the verdict on {' and '.join(changed)} changes at 5 %."
        return Finding(name, question, "fail", evidence, advice)
    if apart:
        return Finding(name, question, "warn", evidence, "Print the p-values of the bootstrap beside those of z.")
    return Finding(name, question, "ok", evidence)


def few_periods(s: Subject) -> Finding:
    """Does a test that holds in few periods find convergence, and which betas does it leave?"""
    question = "Where regions have effects of their own: does a test that holds in few periods find convergence?"
    name, b = "few periods", s.b
    if b.fit.spec.effects not in ("region", "two-way"):
        return Finding(name, question, "not asked", "the regression has no region effects")
    try:
        found = b.infer(draws=max(s.effort.draws, LEAST), seed=s.effort.seed, jobs=s.effort.jobs)
    except SpatialConvError as error:
        return Finding(name, question, "not asked", one_line(error))
    p = found.test.table["p_lower"]
    evidence = (
        f"{found.by_ratio.words} ({100 * b.level:g} % by likelihood ratio), {p_value(p[RATIO])} against convergence; "
        f"{found.by_robust.words} by robust score and F, {p_value(p[ROBUST])}; do fast growers slow down: "
        f"{p_value(p['t'])}; is long-run growth more even than chance: {p_value(p['F'])}"
    )
    claims, holds = bool(b.beta < 0 and b.pvalues[INITIAL] <= LEVEL), p[RATIO] <= LEVEL
    if claims and not holds:
        advice = "The z-value finds what a test that holds does not: withdraw the claim, print the set of beta."
        return Finding(name, question, "fail", evidence, advice)
    if not found.agree:
        advice = (
            "The two tests disagree: print both; the ratio takes drifts for random around a line in the initial level."
        )
        return Finding(name, question, "warn", evidence, advice)
    return Finding(name, question, "ok", evidence)


def no_convergence(s: Subject) -> Finding:
    """Would this estimator find this beta under no convergence at all?"""
    question = "Would this estimator find this beta if there were no convergence at all?"
    return _against_chance("no convergence", question, s)


def absolute(s: Subject) -> Finding:
    """Does absolute convergence hang on the effects, and would each find it where there is none?"""
    question = "Without controls: does convergence hang on the effects, and does each find it where there is none?"
    name = "absolute"
    if not s.controls:
        return Finding(name, question, "not asked", "the regression has no controls: see 'no convergence'")
    bare = s.again(controls=(), durbin=tuple(n for n in s.b.asked.options["durbin"] if n == INITIAL))
    if isinstance(bare, str):
        return Finding(name, question, "not asked", bare)
    return _against_chance(name, question, replace(s, b=bare))


class _Chance(NamedTuple):
    """A beta beside those that its own estimator gives without convergence."""

    effects: str
    b: BetaConvergence
    drawn: FloatArray

    @property
    def claims(self) -> bool:
        """Whether the z-value calls it convergence."""
        return bool(self.b.beta < 0 and self.b.pvalues[INITIAL] <= LEVEL)

    @property
    def share(self) -> float:
        """Share of samples without convergence in which beta is as low."""
        return float((1 + np.sum(self.drawn <= self.b.beta)) / (1 + len(self.drawn)))

    @property
    def inside(self) -> bool:
        """Whether such a beta is nothing unusual without convergence (5 %, two-sided)."""
        return self.share > LEVEL / 2

    @property
    def mean(self) -> float:
        """What the estimator gives on average where there is no convergence: its bias."""
        return float(self.drawn.mean())

    def line(self) -> str:
        """Return the comparison in words."""
        label = f"{self.effects} effects" if self.effects != "none" else "no effects"
        return (
            f"{label} {number(self.b.beta)}{'*' if self.claims else ''} against {number(self.mean)} on average where "
            f"there is none, as low in {self.share:.1%} ({'inside' if self.inside else 'outside'})"
        )


def _against_chance(name: str, question: str, s: Subject) -> Finding:
    own = s.b.fit.spec.effects
    others = [e for e in get_args(FixedEffects) if e != own]
    first = _chance(s, own)
    if isinstance(first, str):
        return Finding(name, question, "not asked", first)
    rest = [found for found in (_chance(s, e) for e in others) if isinstance(found, _Chance)]
    every = [first, *rest]
    marked = [f"* p <= {LEVEL} by z"] if any(c.claims for c in every) else []
    evidence = "; ".join([*(c.line() for c in every), *marked])
    if first.claims and first.inside:
        advice = "What the z-value calls convergence is what this estimator gives without any: withdraw the claim."
        return Finding(name, question, "fail", evidence, advice)
    if abs(first.mean) > 0.5 * float(s.b.std_errors[INITIAL]):
        advice = "Beta is biased towards convergence: print a corrected one (correction='indirect') beside it."
        return Finding(name, question, "warn", evidence, advice)
    if 0 < sum(c.claims for c in every) < len(every):
        advice = "Convergence appears and vanishes with the effects: show all, and what each finds where there is none."
        return Finding(name, question, "warn", evidence, advice)
    return Finding(name, question, "ok", evidence)


def _chance(s: Subject, effects: str) -> _Chance | str:
    b = s.b if effects == s.b.fit.spec.effects else s.again(effects=effects)
    drawn = b if isinstance(b, str) else _bootstrap(s, b, "no-convergence")
    if isinstance(b, str) or isinstance(drawn, str):
        return str(drawn)
    return _Chance(effects, b, drawn.null_draws[INITIAL].dropna().to_numpy())


def _bootstrap(s: Subject, b: BetaConvergence, null: str) -> Bootstrap | str:
    try:
        return b.bootstrap(draws=s.effort.draws, scheme="wild", null=null, seed=s.effort.seed, jobs=s.effort.jobs)
    except SpatialConvError as error:
        return one_line(error)
