"""Studies of tests where their null is true: how often the nominal 5 per cent test rejects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

import spatialconv as sc
from spatialconv._core.hypotheses import error_components
from spatialconv._core.hypotheses.score_tests import LAMBDA, RHO, scores
from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.likelihood import lag
from spatialconv.models.hypotheses.components import _joint
from spatialconv.models.hypotheses.diagnostics import (
    bsk_tests,
    common_factor_test,
    effects_tests,
    hausman,
    lr_test,
    mundlak_test,
    pesaran_cd,
    residual_moran,
    wald_test,
)
from tests.simulation.running import Cell, Each, Results, Study, grid
from tests.simulation.summaries import Share, size, table, words
from tests.simulation.worlds import BETA, SIZES, FloatArray, World, lag_sample, panel, random_effects_sample, world

TRUE = 0.4
EFFECTS = ("none", "region", "time", "two-way")
OFF = {"above": "Rejects too often", "below": "Rejects too rarely"}


def tests_table(results: Results, labels: Callable[[Cell], Sequence[str]]) -> str:
    """Return rejection rates, a row a test and a column a sample; p-values have shape (draws, tests[, several])."""
    shares: dict[tuple[str, str], Share] = {}
    for cell, p in results.items():
        flat = p.reshape(len(p), len(labels(cell)), -1)
        shares |= {(name, cell.size): size(flat[:, k]) for k, name in enumerate(labels(cell))}
    shares = {key: share for key, share in shares.items() if share.draws}
    rows, columns = (list(dict.fromkeys(key[k] for key in shares)) for k in (0, 1))
    cells = [[row, *(shares.get((row, column), "") for column in columns)] for row in rows]
    missing = {key: s for key, s in shares.items() if s.draws < max(other.draws for other in shares.values())}
    said = [words(shares, **OFF)]
    if missing:
        counts = ", ".join(f"{row} at {column} ({s.draws})" for (row, column), s in missing.items())
        said.append(f"Not defined in every sample; of so many samples instead: {counts}.")
    return "\n\n".join([table(["test", *columns], cells), *said])


# ------------------------------------------------------------------ score tests

SCORES = (
    "LM lag", "LM error", "robust LM lag", "robust LM error", "LM lag and error",
    "RS WX", "adjusted RS lag", "adjusted RS WX", "RS lag and WX",
)  # fmt: skip


def score_p(there: World, y: FloatArray, X: FloatArray, effects: str, *, lee_yu: bool) -> list[float]:
    """Return the p-values of `lm_tests` and `durbin_score`, in the order of SCORES; X has shape (T, n, K)."""
    Z = lag(there.W, X)
    if effects == "none":
        X = np.concatenate([np.ones((*y.shape, 1)), X], axis=2)
    s = scores(y, X, projection(effects, *y.shape, lee_yu=lee_yu), W=there.W, M=there.W, Z=Z)
    found = [
        s.test([RHO]), s.test([LAMBDA]), s.robust([RHO], [LAMBDA]), s.robust([LAMBDA], [RHO]), s.test([RHO, LAMBDA]),
        s.test(s.theta), s.robust([RHO], s.theta), s.robust(s.theta, [RHO]), s.test([RHO, *s.theta]),
    ]  # fmt: skip
    return [q.p_value for q in found]


def draw_scores(cell: Cell, generator: np.random.Generator) -> FloatArray:
    """Return p-values, (approaches, tests), of a model with two regressors and without space."""
    there = world(cell.n)
    y, x = lag_sample(there, generator, cell.T, cell["effects"], 0.0)
    # With one regressor several of the tests are the same.
    second = generator.standard_normal(x.shape)
    X = np.stack([x, second], axis=2)
    approaches = (False,) if cell["effects"] == "none" else (True, False)
    return np.array([score_p(there, y + BETA * second, X, cell["effects"], lee_yu=a) for a in approaches])


def tell_scores(results: Results) -> str:
    """Return the rejection rates of the score tests, a table for each kind of effects and approach."""
    parts = []
    for effects in EFFECTS:
        for a, how in enumerate(("",) if effects == "none" else (", constants of Lee and Yu", ", direct constants")):
            mine = {cell: p[:, a] for cell, p in results.items() if cell["effects"] == effects}
            if mine:
                heading = "no" if effects == "none" else effects
                parts.append(f"### {heading} effects{how}\n\n{tests_table(mine, lambda _: SCORES)}")
    return "\n\n".join(parts)


# ------------------------------------------------------------------ error components

COMPONENTS = ("LM1", "SLM1", "LM2", "SLM2", "LM-H", "CLM lambda", "CLM mu")


def draw_components(cell: Cell, generator: np.random.Generator) -> FloatArray:
    """Return p-values of Baltagi, Song and Koh's tests, the conditional ones where the other parameter is not zero."""
    from scipy import stats

    there = world(cell.n)
    y, x = random_effects_sample(there, generator, cell.T, phi=0.0)
    m = error_components.marginal(y, _with_one(x), there.W)
    one_sided = [stats.norm.sf(z) for z in (m.mu, m.mu_standardised)]
    two_sided = [2 * stats.norm.sf(abs(z)) for z in (m.lam, m.lam_standardised)]
    y, x = random_effects_sample(there, generator, cell.T, phi=1.0)
    z = error_components.conditional_lambda(error_components.random_effects(y, _with_one(x)), there.W)
    y, x = random_effects_sample(there, generator, cell.T, phi=0.0, lam=TRUE)
    given = bsk_tests(panel(there, y, x), "y", "x", there.graph)["CLM mu"].p_value
    return np.array([*one_sided, *two_sided, _joint(m, "two-sided").p_value, 2 * stats.norm.sf(abs(z)), given])


def _with_one(x: FloatArray) -> FloatArray:
    return np.stack([np.ones_like(x), x], axis=2)


def tell_components(results: Results) -> str:
    """Return the rejection rates of the tests of error components."""
    return tests_table(results, lambda _: COMPONENTS)


# ------------------------------------------------------------------ between models

BETWEEN = ("LR: SAR in SDM", "Wald: SAR in SDM", "LR: SEM in SDM", "Wald: SEM in SDM", "LR: rho = 0", "Wald: rho = 0")


def draw_between(cell: Cell, generator: np.random.Generator) -> FloatArray:
    """Return p-values of likelihood ratios and Wald tests under two-way effects, by Lee and Yu and direct."""
    there = world(cell.n)
    samples = [
        lag_sample(there, generator, cell.T, "two-way", rho, lam=lam) for rho, lam in ((TRUE, 0), (0, TRUE), (0, 0))
    ]
    panels = [panel(there, y, x) for y, x in samples]
    return np.concatenate([_between(there, panels, correction) for correction in ("lee-yu", "none")])


def _between(there: World, panels: Sequence[sc.Panel], correction: str) -> list[float]:
    def fit(data: sc.Panel, **options: object) -> sc.models.fitted.PanelFit:
        return sc.fit_panel(data, "y", "x", there.graph, correction=correction, **options)

    lagged, erring, plain = panels
    sdm = fit(lagged, durbin=True)
    found = [lr_test(fit(lagged), sdm), wald_test(sdm, "W:x")]
    sdm = fit(erring, durbin=True)
    found += [lr_test(fit(erring, spatial="error"), sdm), common_factor_test(sdm)]
    sar = fit(plain)
    none = sc.fit_panel(plain, "y", "x", spatial="none", correction=correction)
    found += [lr_test(none, sar), wald_test(sar, "rho")]
    return [test.p_value for test in found]


def tell_between(results: Results) -> str:
    """Return the rejection rates of the tests between models."""
    return tests_table(results, lambda _: [f"{name}, {how}" for how in ("Lee-Yu", "direct") for name in BETWEEN])


# ------------------------------------------------------------------ effects

KINDS = ("region effects", "time effects", "both")


def draw_effects(cell: Cell, generator: np.random.Generator) -> FloatArray:
    """Return p-values of F and likelihood ratio tests for effects in a lag model that has none."""
    there = world(cell.n)
    y, x = lag_sample(there, generator, cell.T, "none", TRUE)
    data = panel(there, y, x)
    return np.concatenate(
        [
            effects_tests(data, "y", "x", there.graph, spatial="lag", statistic=s).table.p_value.to_numpy()
            for s in ("F", "LR")
        ]
    )


def tell_effects(results: Results) -> str:
    """Return the rejection rates of the tests for effects."""
    return tests_table(results, lambda _: [f"{s}: {kind}" for s in ("F", "LR") for kind in KINDS])


HAUSMAN = ("Hausman, beta", "Hausman, beta and rho", "Hausman, beta and rho, plain covariances", "Mundlak")


def draw_hausman(cell: Cell, generator: np.random.Generator) -> FloatArray:
    """Return p-values of Hausman's and Mundlak's tests where region effects are random."""
    there = world(cell.n)
    y, x = random_effects_sample(there, generator, cell.T, rho=TRUE)
    data = panel(there, y, x)
    fixed, random = (sc.fit_panel(data, "y", "x", there.graph, effects=e) for e in ("region", "random"))
    found = (
        hausman(fixed, random), hausman(fixed, random, spatial=True),
        hausman(fixed, random, spatial=True, covariance="plain"), mundlak_test(fixed),
    )  # fmt: skip
    return np.array([test.p_value for test in found])


def tell_hausman(results: Results) -> str:
    """Return the rejection rates of the tests of fixed against random effects."""
    return tests_table(results, lambda _: HAUSMAN)


# ------------------------------------------------------------------ residuals


def draw_residuals(cell: Cell, generator: np.random.Generator) -> FloatArray:
    """Return p-values, (tests, periods): Pesaran's CD (one, under no and region effects), Moran's I by period."""
    there, T = world(cell.n), cell.T
    y, x = lag_sample(there, generator, T, "region", 0.0)
    data = panel(there, y, x)
    out = np.full((5, T), np.nan)
    pooled = sc.Panel(data.frame.assign(y=(BETA * x + generator.standard_normal(x.shape)).ravel()), region="region",
                      period="period")  # fmt: skip
    none = sc.fit_panel(pooled, "y", "x", spatial="none", effects="none")
    region = sc.fit_panel(data, "y", "x", spatial="none", effects="region")
    out[:2, 0] = pesaran_cd(none).p_value, pesaran_cd(region).p_value
    out[2] = residual_moran(none, there.graph).table.p
    out[3] = residual_moran(region, there.graph).table.p
    y, x = lag_sample(there, generator, T, "two-way", TRUE)
    out[4] = residual_moran(sc.fit_panel(panel(there, y, x), "y", "x", there.graph), there.graph).table.p
    return out


RESIDUALS = (
    "Pesaran CD, no effects", "Pesaran CD, region effects", "Moran's I of a period, no effects",
    "Moran's I of a period, region effects", "Moran's I of a period, SAR with two-way effects",
)  # fmt: skip


def tell_residuals(results: Results) -> str:
    """Return the rejection rates of the tests on residuals."""
    return tests_table(results, lambda _: RESIDUALS)


STUDIES = (
    Study("scores", "Score tests", grid("scores", SIZES, effects=EFFECTS), Each(draw_scores), tell_scores, share=0.5),
    Study(
        "components",
        "Tests of error components (Baltagi, Song and Koh)",
        grid("components", SIZES),
        Each(draw_components),
        tell_components,
        share=0.25,
    ),
    Study(
        "between",
        "Likelihood ratios and Wald tests between models, two-way effects",
        grid("between", SIZES),
        Each(draw_between),
        tell_between,
        share=0.25,
    ),
    Study("effects", "Tests for effects", grid("effects", SIZES), Each(draw_effects), tell_effects, share=0.25),
    Study("hausman", "Fixed or random effects", grid("hausman", SIZES), Each(draw_hausman), tell_hausman, share=0.25),
    Study(
        "residuals", "Tests on residuals", grid("residuals", SIZES), Each(draw_residuals), tell_residuals, share=0.25
    ),
)
