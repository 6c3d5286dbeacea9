"""What the same panel would give under no convergence: levels rebuilt from growth, period by period."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np

from spatialconv._options import FixedEffects
from spatialconv.checks._chance import Chance, chance, rivals, samples_under
from spatialconv.checks._finding import LEVEL, Finding
from spatialconv.checks._monte_carlo import beyond, error_of, more
from spatialconv.checks._subject import Subject
from spatialconv.convergence.beta.beta import INITIAL
from spatialconv.convergence.few_periods.inference import RATIO, ROBUST
from spatialconv.errors import SpatialConvError
from spatialconv.results import one_line, p_value

# Draws that a set needs at least.
LEAST = 99
# Two p-values this far apart tell a reader different things even where both lie on one side of 5 %.
APART = 0.05
# where one of them is small enough to be read as a finding.
READ = 0.1
WITHIN = ("region", "two-way")


def z_values(s: Subject) -> Finding:
    """Can the z-values be trusted at this n and T?"""
    question = "Are the z-values trustworthy at this number of regions and periods?"
    name, b = "z-values", s.b
    terms = {INITIAL: "no-convergence", **{t: t for t in ("rho", "lambda") if t in b.params.index}}
    said, changed, apart, open_ = [], [], [], []
    m = s.effort.draws
    for term, null in terms.items():
        drawn = samples_under(s, b, null, errors=True)
        if isinstance(drawn, str):
            return Finding(name, question, "not asked", drawn)
        plain, redrawn = float(b.pvalues[term]), drawn.p_value(b.fit, term)
        shown = "beta" if term == INITIAL else term
        if np.isnan(redrawn):
            said.append(f"{shown}: {p_value(plain)} by z, none by {m} samples under the null")
            changed += [shown] if plain <= LEVEL else []
            continue
        # Twice the smaller tail: the error of a tail is half of its own.
        error = 2 * error_of(min(redrawn / 2, 0.5), m)
        said.append(
            f"{shown}: {p_value(plain)} by z, {p_value(redrawn)} (Monte Carlo error {error:.3f}) by {m} samples under "
            "the null"
        )
        above = beyond(round(redrawn * (m + 1) / 2) - 1, m, LEVEL / 2)
        distance = abs(plain - redrawn)
        if above is not None and (plain > LEVEL) != above:
            changed.append(shown)
        elif above is not None and min(plain, redrawn) > READ:
            continue
        elif above is None or abs(distance - APART) <= 2 * error < distance:
            open_.append(shown)
        elif distance > APART:
            apart.append(shown)
    n, T = b.fit.n_regions, b.fit.n_periods
    evidence = f"{n} x {T}: {'; '.join(said)}"
    if changed:
        advice = f"Print the p-values of the bootstrap: the verdict on {' and '.join(changed)} changes at 5 %."
        return Finding(name, question, "fail", evidence, advice)
    if open_:
        return Finding(name, question, "not decided", evidence, more(m))
    if apart:
        return Finding(name, question, "warn", evidence, "Print the p-values of the bootstrap beside those of z.")
    return Finding(name, question, "ok", evidence)


def few_periods(s: Subject) -> Finding:
    """Does a test that holds in few periods find convergence, and which betas does it leave?"""
    question = "Where regions have effects of their own: does a test that holds in few periods agree?"
    name, b = "few periods", s.b
    if b.fit.spec.effects not in ("region", "two-way"):
        return Finding(name, question, "not asked", "the regression has no region effects")
    draws = max(s.effort.draws, LEAST)
    try:
        found = b.infer(draws=draws, seed=s.effort.seed, jobs=s.effort.jobs)
    except SpatialConvError as error:
        return Finding(name, question, "not asked", one_line(error))
    p = found.test.table["p_lower"]
    evidence = (
        f"{found.by_ratio.words} ({100 * b.level:g} % by likelihood ratio), {p_value(p[RATIO])} (Monte Carlo error "
        f"{error_of(p[RATIO], draws):.3f}) against convergence; "
        f"{found.by_robust.words} by robust score and F, {p_value(p[ROBUST])}; do fast growers slow down: "
        f"{p_value(p['t'])}; is long-run growth more even than chance: {p_value(p['F'])}"
    )
    lost = True if np.isnan(p[RATIO]) else beyond(round(p[RATIO] * (draws + 1)) - 1, draws, LEVEL)
    if s.claims and lost is None:
        return Finding(name, question, "not decided", evidence, more(draws))
    if s.claims and lost:
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
    question = "Does the estimator find convergence only where there is some?"
    return _against_chance("no convergence", question, s)


def absolute(s: Subject) -> Finding:
    """Does absolute convergence hang on the effects, and would each find it where there is none?"""
    question = (
        "Without controls: is convergence there under all effects or none that finds it only where there is some?"
    )
    name = "absolute"
    if not s.controls:
        return Finding(name, question, "not asked", "the regression has no controls: see 'no convergence'")
    bare = s.again(controls=(), durbin=tuple(n for n in s.b.asked.options["durbin"] if n == INITIAL))
    if isinstance(bare, str):
        return Finding(name, question, "not asked", bare)
    return _against_chance(name, question, replace(s, b=bare))


def _against_chance(name: str, question: str, s: Subject) -> Finding:
    own = s.b.fit.spec.effects
    others = [e for e in get_args(FixedEffects) if e != own]
    first = chance(s, own)
    if isinstance(first, str):
        return Finding(name, question, "not asked", first)
    rest = [found for found in (chance(s, e) for e in others) if isinstance(found, Chance)]
    every = [first, *rest]
    marked = [f"* p <= {LEVEL} by z"] if any(c.claims for c in every) else []
    evidence = "; ".join([*(c.line() for c in every), *marked, "± is the Monte Carlo error"])
    if first.claims and first.inside:
        advice = "What the z-value calls convergence is what this estimator gives without any: withdraw the claim."
        return Finding(name, question, "fail", evidence, advice)
    if first.claims and first.inside is None:
        few = 1 / (len(first.drawn) + 1) > LEVEL / 2
        said = f"{evidence}; {len(first.drawn):,} draws are too few to decide" if few else evidence
        return Finding(name, question, "not decided", said, more(len(first.drawn)))
    bias, most = abs(first.mean), 0.5 * float(s.b.std_errors[INITIAL])
    if abs(bias - most) <= 2 * first.error:
        return Finding(name, question, "not decided", f"{evidence}; {first.about_bias}", more(len(first.drawn)))
    if bias > most:
        advice = "Beta is biased towards convergence: print a corrected one (correction='indirect') beside it."
        return Finding(name, question, "warn", evidence, advice)
    if _disagree(s, every):
        advice = "Convergence appears and vanishes with the effects: show all, and what each finds where there is none."
        return Finding(name, question, "warn", evidence, advice)
    return Finding(name, question, "ok", evidence)


def _disagree(s: Subject, every: list[Chance]) -> bool:
    """Whether convergence, beyond what the estimator makes anyway, comes and goes with the effects.

    Among effects of one kind, that is with region effects or without. Region effects cost so much power that they may
    well miss what is found without them; what they find and the regression does not is another finding.
    """
    decided = {c.effects: c.finds for c in every if c.inside is not None}
    own = s.b.fit.spec.effects
    if own not in decided:
        return False
    meant = [e for e in rivals(s) if e in decided]
    alike = [e for e in meant if (e in WITHIN) == (own in WITHIN)]
    return any(decided[e] != decided[own] for e in alike) or any(decided[e] and not decided[own] for e in meant)
