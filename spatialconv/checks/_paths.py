"""Do the regions' own paths agree with one coefficient: one level or several, early and late?"""

from __future__ import annotations

import numpy as np
from scipy import sparse, stats
from scipy.sparse.linalg import splu

from spatialconv.checks._finding import LEVEL, Finding
from spatialconv.checks._monte_carlo import beyond, error_of, more
from spatialconv.checks._subject import Subject, p_of_beta
from spatialconv.convergence.beta.beta import INITIAL
from spatialconv.convergence.clubs.clubs import clubs as clubs_of
from spatialconv.convergence.clubs.log_t import log_t
from spatialconv.errors import SpatialConvError
from spatialconv.models.specification.design import Chain, Design
from spatialconv.panel import FloatArray
from spatialconv.results import number, one_line, p_value, plural

# Below so many periods Phillips and Sul's regression has too few points to speak of.
ENOUGH = 15
# Spans from which the residuals of a panel of one level can be drawn, and samples of it that are drawn at most.
SPANS, MOST_DRAWS = 6, 199


def clubs(s: Subject) -> Finding:
    """Do the regions approach one level, or several?"""
    name, question = "clubs", "Do the regions' own paths bear the finding out, one level for all (log t)?"
    panel = s.panel
    if panel.n_periods < ENOUGH:
        said = f"log t says little with fewer than {ENOUGH} periods, and here are {panel.n_periods}"
        return Finding(name, question, "not asked", said)
    try:
        found = log_t(panel, s.b.variable)
    except SpatialConvError as error:
        return Finding(name, question, "not asked", one_line(error))
    evidence = f"log t over {panel.n_periods} periods: b {number(found.b, 3)}, t {number(found.statistic, 3)}"
    if not found.converges:
        evidence += " (rejected: t <= -1.65)"
        try:
            several = clubs_of(panel, s.b.variable)
        except SpatialConvError:
            pass
        else:
            sizes = [len(members) for members in several.members.values()]
            apart = panel.n_regions - sum(sizes)
            listed = " and ".join(str(size) for size in sizes[:6]) + (" and more" if len(sizes) > 6 else "")
            evidence += f"; {plural(len(sizes), 'club')} of {listed or 'no'} regions"
            evidence += f", {apart} in none" if apart else ""
    else:
        evidence += " (not rejected)"
    if s.claims and not found.converges:
        advice = (
            "A negative beta is compatible with several levels: do not write that all regions converge. Show the "
            "clubs (sc.clubs), or say to what each region converges, given the controls or its own effect."
        )
        return Finding(name, question, "warn", evidence, advice)
    return Finding(name, question, "ok", evidence)


def halves(s: Subject) -> Finding:
    """Is beta the same in the first and in the second half of the years?"""
    name, question = "halves", "Is beta the same in both halves of the years?"
    effects = s.b.fit.spec.effects
    if effects in ("region", "two-way"):
        # Simulated: 30 regions, 20 years, one beta for all of them; the test below rejects in 72 per cent of panels.
        reason = "the bias of each half depends on how far apart its regions begin, so that a difference tells nothing"
        return Finding(name, question, "not asked", f"under {effects} effects {reason}")
    periods = list(s.panel.periods)
    middle = len(periods) // 2
    if len(periods) < 3:
        return Finding(name, question, "not asked", f"{len(periods)} periods have no halves")
    parts = (periods[: middle + 1], periods[middle:])
    found = [s.again(panel=s.panel.subset(periods=part)) for part in parts]
    for part, b in zip(parts, found, strict=True):
        if isinstance(b, str):
            return Finding(name, question, "not asked", f"{part[0]} to {part[-1]} alone cannot be estimated: {b}")
    early, late = (b for b in found if not isinstance(b, str))
    # Errors of different years are independent in the model, and so nearly are the two estimates.
    spread = float(np.hypot(early.std_errors[INITIAL], late.std_errors[INITIAL]))
    if not spread > 0:
        return Finding(name, question, "not asked", "a half of the years gives no standard error of beta")
    p = float(2 * stats.norm.sf(abs(early.beta - late.beta) / spread))
    listed = ", ".join(
        f"{part[0]} to {part[-1]}: {number(b.beta)} ({p_of_beta(b)})"
        for part, b in zip(parts, (early, late), strict=True)
    )
    evidence = f"{listed}; {p_value(p)} for the same beta"
    turned = early.beta * late.beta < 0 and all(b.pvalues[INITIAL] <= LEVEL for b in (early, late))
    if p <= LEVEL and turned:
        advice = "Regions converge in one half and diverge in the other: print both; no one beta stands for them."
        return Finding(name, question, "fail", f"{evidence}; of opposite signs, both significant", advice)
    if p <= LEVEL:
        advice = "One beta for all years averages two: print both, or ask sc.beta_rolling when it changed."
        return Finding(name, question, "warn", evidence, advice)
    return Finding(name, question, "ok", evidence)


def steady_states(s: Subject) -> Finding:
    """Do regions close in on one level where the regression has one, on their own where it has those?"""
    name = "steady states"
    question = "Are the levels that regions close in on those of the regression, one for all or one for each?"
    own = s.own_levels
    if not s.claims:
        return Finding(name, question, "not asked", "no convergence is found, and no level to close in on")
    design = s.b.fit.design
    T, chain = design.shape[0], design.chain
    if T < SPANS:
        return Finding(name, question, "not asked", f"{plural(T, 'span')} of growth tell no levels apart")
    if chain is None or not chain.levels or (chain.source[1:] < 0).all():
        return Finding(name, question, "not asked", "the spans of growth do not follow one another")
    drawn = _of_one_level(design, chain, s.b.rho, min(s.effort.draws, MOST_DRAWS), s.effort.seed)
    if drawn is None:
        return Finding(name, question, "not asked", "the growth of regions and periods leaves no degrees of freedom")
    statistic, others = drawn
    m = len(others)
    reached = int((others >= statistic).sum())
    p = (1 + reached) / (1 + m)
    evidence = (
        f"F {number(statistic, 2)} that regions differ in their intercepts, {p_value(p)} (Monte Carlo error "
        f"{error_of(p, m):.3f}) by {m} samples of a panel in which they do not"
    )
    above = beyond(reached, m, LEVEL)
    if above is None:
        return Finding(name, question, "not decided", evidence, more(m))
    if own == (not above):
        return Finding(name, question, "ok", evidence)
    advice = (
        "Levels of their own are not told apart from one level: say so, or show the regression without region effects."
        if own
        else "Regions close in on levels of their own: write of conditional convergence, and show region effects."
    )
    return Finding(name, question, "warn", evidence, advice)


def _of_one_level(design: Design, chain: Chain, rho: float, draws: int, seed: int) -> tuple[float, FloatArray] | None:
    """Return F of region effects beside period effects, and its values in samples where regions have one level.

    The samples are built up from the levels of the first span, growth by growth, since the initial level is an earlier
    outcome: as a regressor it makes F too large for its tables. Residuals are those of the regression with effects of
    regions, all regions of a period together, so that what neighbours share stays. Beta is one of its own in either
    half of the spans, under both: else F would answer to a speed that changed, which is no level of its own.
    """
    T, N, _ = design.shape
    W = sparse.csr_array(design.W.matrix if design.W is not None else (N, N))
    spill = float(rho) if np.isfinite(rho) else 0.0
    solve = splu(sparse.csc_array(sparse.eye_array(N) - spill * W)).solve
    own = design.names.index(chain.name)
    lagged = design.names.index(f"W:{chain.name}") if f"W:{chain.name}" in design.names else None
    starts = [own] if lagged is None else [own, lagged]
    late = (np.arange(T) >= T // 2)[:, None, None]
    K = design.X.shape[2] + len(starts)
    if T * N - T - N + 1 - K < 1:
        return None

    def halved(X: FloatArray) -> FloatArray:
        return np.concatenate([X, X[:, :, starts] * late], axis=2)

    def filtered(y: FloatArray) -> FloatArray:
        return np.asarray(y - spill * (W @ y.T).T)

    def f_of(y: FloatArray, X: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        net = filtered(y)
        sums: list[float] = []
        found: list[tuple[FloatArray, FloatArray]] = []
        for over in (1, (0, 1)):
            A, v = _within(X, over).reshape(T * N, K), _within(net, over).ravel()
            coefficients = np.linalg.lstsq(A, v, rcond=None)[0]
            found.append((np.asarray(coefficients), np.asarray(v - A @ coefficients).reshape(T, N)))
            sums.append(float((found[-1][1] ** 2).sum()))
        free = T * N - T - N + 1 - K
        return (sums[0] - sums[1]) / (N - 1) / (sums[1] / free), found[0][0], found[1][1]

    whole = halved(design.X)
    statistic, slopes, residuals = f_of(design.y, whole)
    residuals = residuals * np.sqrt(T / (T - 1))
    level = (filtered(design.y) - whole @ slopes).mean(axis=1)
    rng = np.random.default_rng(seed)
    found = np.empty(draws)
    for k in range(draws):
        y, X = np.empty((T, N)), whole.copy()
        shocks = residuals[rng.integers(T, size=T)]
        for t in range(T):
            if (before := int(chain.source[t])) >= 0:
                X[t, :, own] = X[before, :, own] + chain.length[t] * y[before]
                if lagged is not None:
                    X[t, :, lagged] = W @ X[t, :, own]
                X[t, :, -len(starts) :] = X[t][:, starts] * late[t]
            y[t] = solve(level[t] + X[t] @ slopes + shocks[t])
        found[k] = f_of(y, X)[0]
    return statistic, found


def _within(values: FloatArray, over: int | tuple[int, int]) -> FloatArray:
    """Take out means over regions, or over regions and over periods, of an array by period, region and what else."""
    net = np.asarray(values - values.mean(axis=1, keepdims=True))
    return net if over == 1 else np.asarray(net - net.mean(axis=0, keepdims=True))
