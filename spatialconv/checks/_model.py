"""Is this the model that the data ask for?"""

from __future__ import annotations

import numpy as np
from scipy import stats

from spatialconv._core.likelihood.effects import projection
from spatialconv._options import first
from spatialconv.checks._finding import LEVEL, Finding
from spatialconv.checks._subject import Subject
from spatialconv.convergence.beta.beta import GROWTH, INITIAL
from spatialconv.errors import SpatialConvError
from spatialconv.models.hypotheses.diagnostics import hausman, residual_moran, select_model
from spatialconv.results import number, one_line, p_value
from spatialconv.weights import align

# Belsley, Kuh and Welsch (1980): from 30 on coefficients are hurt.
CONDITION = 30.0
# Level of each test of the chain: some five of them end elsewhere in a third of right models at 5 %.
STEP = 0.01
# By so much more likely, in logs, one of two models that are no cases of one another is the better (as other weights).
UNLIKE = 3.0
# Residuals that nobody would call independent.
CERTAIN = 0.001


def fixed_or_random(s: Subject) -> Finding:
    """Does Hausman's test exist, and what does it say?"""
    question = "Is the Hausman test defined here, as software prints it?"
    name = "hausman"
    if s.b.fit.spec.effects not in ("region", "two-way", "random"):
        return Finding(name, question, "not asked", "the regression has no region effects, fixed or random")
    if s.b.fit.n_periods < 2:
        return Finding(name, question, "not asked", "one span has no region effects")
    fixed, random = s.again(effects="region", vcov="information"), s.again(effects="random", vcov="information")
    if isinstance(fixed, str) or isinstance(random, str):
        return Finding(name, question, "not asked", fixed if isinstance(fixed, str) else str(random))
    bound = "the variance of the random effects is zero" if "phi" in random.fit.at_bound else ""
    plain = hausman(fixed.fit, random.fit, covariance="plain")
    try:
        robust = hausman(fixed.fit, random.fit)
    except SpatialConvError as error:
        return Finding(name, question, "not asked", one_line(error))
    said = [f"as software prints it: {plain.reason or f'{number(plain.statistic, 2)}, {p_value(plain.p_value)}'}"]
    said.append(
        f"with a covariance that cannot be indefinite: {number(robust.statistic, 2)}, {p_value(robust.p_value)}"
    )
    said += [bound] if bound else []
    caution = (
        "The initial level is a lagged outcome: random effects are inconsistent whatever the test says, and the test "
        "itself does not hold where periods are few."
    )
    doubtful = bool(plain.reason) or bool(bound)
    return Finding(name, question, "warn" if doubtful else "ok", "; ".join(said), caution if doubtful else "")


def selection(s: Subject) -> Finding:
    """Would the chain of specification tests have ended here?"""
    question = "Does model selection end with this model?"
    name = "selection"
    if not s.spatial or s.b.asked.w is None:
        return Finding(name, question, "not asked", "the regression has no spatial weights")
    terms = [INITIAL, *s.controls]
    try:
        found = select_model(s.regressors, GROWTH, terms, s.b.asked.w, effects=s.b.fit.spec.fixed_effects, level=STEP)
    except SpatialConvError as error:
        return Finding(name, question, "not asked", one_line(error))
    own, chosen = s.b.fit.spec.name, found.spec.name
    evidence = f"here {own}; the chain of tests at {100 * STEP:g} % ends with {chosen} ({found.reason})"
    if chosen == own:
        return Finding(name, question, "ok", evidence)
    gain = float(found.fit.loglik - s.b.loglik)
    if {own, chosen} == {"SAR", "SEM"} and found.fit.correction == s.b.fit.correction and gain <= UNLIKE:
        # Neither is a case of the other: the chain must end with one, though the data may hardly tell them apart.
        return Finding(name, question, "ok", f"{evidence}; its log-likelihood is higher by {number(gain, 2)} only")
    return Finding(name, question, "warn", evidence, f"Show {chosen} beside {own}, or say why {own} is preferred.")


def residuals(s: Subject) -> Finding:
    """Is spatial correlation left in the residuals?"""
    question = "Are the residuals free of spatial correlation?"
    name = "residuals"
    if s.b.asked.w is None and not s.others:
        return Finding(name, question, "not asked", "no weights are at hand; pass geometry=")
    w, links = s.b.asked.w, ""
    if w is None:
        # The fewer links, the nearer Moran's I is to the normal in its tails, which many spans are held against.
        regions = s.b.fit.design.regions
        named = min(s.others, key=lambda label: align(s.others[label], regions).matrix.nnz)
        w, links = s.others[named], f" (by {named})"
    table = residual_moran(s.b.fit, w).table
    hit = table.index[table["p"] <= LEVEL]
    # Several periods are several tests: the smallest p is held against the level shared among them. Where no spatial
    # coefficient has been fitted to it, what all periods share in small shows in their sum.
    tests = {"smallest p times the number of spans": min(1.0, float(table["p"].min()) * len(table))}
    if not {"rho", "lambda"} & set(s.b.params.index) and len(table) > 1:
        z = float((table["I"] - table["expected"]).sum() / np.sqrt(table["variance"].sum()))
        tests["all spans together"] = float(2 * stats.norm.sf(abs(z)))
    jointly = min(1.0, len(tests) * min(tests.values()))
    evidence = (
        f"Moran's I of the residuals{links} has p <= {LEVEL} in {len(hit):,} of {len(table):,} spans"
        f"{f' ({first(list(hit))})' if len(hit) else ''}; "
        + "; ".join(f"{what}: {value:.3f}" for what, value in tests.items())
    )
    if not jointly <= LEVEL:
        return Finding(name, question, "ok", evidence)
    advice = "Add what neighbours share (another spatial term, a control), or robust standard errors; see lm_tests."
    return Finding(name, question, "fail" if jointly <= CERTAIN else "warn", evidence, advice)


def collinearity(s: Subject) -> Finding:
    """Are the regressors so alike that their coefficients cannot be told apart?"""
    question = "Can the coefficients be told apart?"
    name = "collinearity"
    design = s.b.fit.design
    T, N, _ = design.shape
    names = [n for n in design.names if n != "intercept"]
    if len(names) < 2:
        return Finding(name, question, "not asked", "there is one regressor")
    X = projection(s.b.fit.spec.fixed_effects, T, N, lee_yu=False)(design.X)[
        :, :, [design.names.index(n) for n in names]
    ]
    flat = X.reshape(T * N, -1)
    if s.b.fit.spec.fixed_effects == "none":
        flat = flat - flat.mean(axis=0)
    scaled = flat / np.sqrt((flat**2).sum(axis=0))
    condition = float(np.linalg.cond(scaled))
    vif = np.diag(np.linalg.inv(scaled.T @ scaled))
    worst = int(np.argmax(vif))
    evidence = f"condition number {condition:.1f}, largest variance inflation {vif[worst]:.1f} ({names[worst]})"
    if condition < CONDITION and vif[worst] < 10:
        return Finding(name, question, "ok", evidence)
    return Finding(name, question, "warn", evidence, "Leave one of the collinear regressors out and see what changes.")
