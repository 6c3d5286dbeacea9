"""What a fit with weights by period or gaps says, gives and refuses; multipliers by period; beta with both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.errors import (
    AlignmentError,
    MissingDataError,
    OptionError,
    UnbalancedPanelError,
    UnsupportedModelError,
)
from spatialconv.models.hypotheses import diagnostics
from tests.tolerances import DERIVATIVE, EXACT, LOGLIK
from tests.unit.models.by_period.cells import Cells, drawn


@pytest.fixture(scope="module")
def cells() -> Cells:
    return drawn(11, gaps=0.15)


@pytest.fixture(scope="module")
def fit(cells):
    return cells.fit(model="SDM", effects="time", missing="omit")


# ---------------------------------------------------------------------- what it says


def test_notes_say_who_is_there_and_how_many(cells, fit):
    n = (~np.isnan(cells.y)).sum(axis=1)
    said = " ".join(fit.notes)
    assert f"{n.sum()} of {cells.y.size} outcomes are there" in said
    assert ", ".join(f"{t}: {count}" for t, count in enumerate(n)) in said
    assert "weights are cut to who is there and standardised again" in said
    assert "cutting them biases rho towards zero" in said
    alone = cells.fit(spatial="error", effects="time", missing="omit")
    assert not any("biases rho" in note for note in alone.notes)
    assert fit.provenance.options["missing"] == "omit"
    assert fit.provenance.weights.startswith("weights by period (4 of 4 differ)")
    other = " ".join(cells.fit(spatial="lag", effects="region", missing="integrate").notes)
    assert "outcomes missing are integrated out" in other
    assert "biases rho" not in other
    assert "direct approach, not Lee-Yu" in other
    assert all(len(line) <= 80 for line in repr(fit).splitlines())


def test_views_are_of_the_cells_that_are_there(cells, fit):
    there = ~np.isnan(cells.y)
    np.testing.assert_array_equal(fit.residuals.notna().to_numpy(), there)
    np.testing.assert_allclose((fit.fitted + fit.residuals).to_numpy()[there], cells.y[there], rtol=EXACT)
    assert fit.nobs == there.sum()
    assert fit.glance()[["rsquared_within", "rsquared_between", "rsquared_overall"]].notna().all(axis=None)
    assert set(fit.tidy()["term"]) == {"x0", "x1", "W:x0", "W:x1", "rho", "sigma2"}
    y, reduced = (a[there] for a in (cells.y, fit.estimates.reduced_form))
    assert fit.rsquared_overall == pytest.approx(np.corrcoef(y, reduced)[0, 1] ** 2, abs=EXACT)
    # Time effects are the period means of y - rho W y - X beta over who is there.
    assert fit.time_effects.notna().all()


@pytest.mark.parametrize("effects", ["region", "two-way"])
def test_effects_are_the_coefficients_of_dummies(cells, effects):
    """Of the dense density, up to the constant that dummies of both kinds share."""
    fit = cells.fit(spatial="lag", effects=effects, missing="integrate")
    density = cells.dense("lag", effects, "integrate")
    _, g, sigma2 = density.profile(np.array([fit.rho]))
    assert fit.correction == "none"
    assert fit.nobs_effective == fit.nobs
    assert fit.sigma2 == pytest.approx(sigma2, rel=1e-10)
    effect = (density.D @ g[2:])[density.seen]
    np.testing.assert_allclose(fit.estimates.effect[~np.isnan(cells.y)], effect, rtol=0, atol=LOGLIK)


@pytest.mark.parametrize("spatial", ["lag", "sarar"])
def test_missing_outcomes_are_expected_given_those_seen(cells, spatial):
    """mu_m + V_mo V_oo^-1 (y_o - mu_o), dense."""
    fit = cells.fit(spatial=spatial, effects="two-way", missing="integrate")
    density = cells.dense(spatial, "two-way", "integrate")
    at = np.array([fit.estimates.rho, fit.estimates.lam])[density.free]
    _, g, _ = density.profile(at)
    CA, V = replace(density, seen=np.ones_like(density.seen)).roots(at)
    mean = CA @ np.hstack([density.X, density.D]) @ g
    o, m = density.seen, ~density.seen
    expected = mean[m] + V[np.ix_(m, o)] @ np.linalg.solve(V[np.ix_(o, o)], density.y[o] - mean[o])
    found, there = fit.outcomes.to_numpy(), ~np.isnan(cells.y)
    np.testing.assert_array_equal(found[there], cells.y[there])
    np.testing.assert_allclose(found[~there], expected, rtol=0, atol=LOGLIK)
    assert fit.residuals.isna().to_numpy()[~there].all()


@pytest.mark.parametrize("missing", ["omit", "integrate"])
@pytest.mark.parametrize("effects", ["none", "region", "two-way"])
def test_regions_and_periods_never_seen_are_left_out_and_said(missing, effects):
    cells = drawn(3)
    y = cells.y.copy()
    y[:, 4] = y[2] = np.nan
    cells = replace(cells, y=y)
    fit = cells.fit(spatial="lag", effects=effects, missing=missing, correction="none")
    assert fit.loglik == pytest.approx(cells.dense("lag", effects, missing).profile(np.array([fit.rho]))[0], abs=LOGLIK)
    assert list(fit.design.periods) == [0, 1, 3]
    assert "regions never seen are left out: 4" in fit.notes
    assert "periods without any outcome are left out: 2" in fit.notes


def test_groups_that_share_neither_region_nor_period():
    """Two-way effects leave a constant to each group; integrated out, unseen cells would hold the effects of both."""
    cells = drawn(3)
    y = cells.y.copy()
    y[2:, :4] = y[:2, 4:] = np.nan
    cells = replace(cells, y=y)
    fit = cells.fit(spatial="lag", effects="two-way", missing="omit")
    density = cells.dense("lag", "two-way", "omit")
    assert fit.loglik == pytest.approx(density.profile(np.array([fit.rho]))[0], abs=LOGLIK)
    with pytest.raises(sc.errors.ModelError, match="fall into 2 groups"):
        cells.fit(spatial="lag", effects="two-way", missing="integrate")


@pytest.mark.parametrize(("T", "N", "effects"), [(1, 25, "none"), (2, 12, "two-way")])
@pytest.mark.parametrize("missing", ["omit", "integrate"])
def test_one_period_and_two(missing, T, N, effects):
    cells = drawn(2, T=T, N=N, gaps=0.2)
    fit = cells.fit(spatial="sarar", effects=effects, missing=missing, correction="none")
    density = cells.dense("sarar", effects, missing)
    assert fit.loglik == pytest.approx(density.profile(np.array([fit.rho, fit.lambda_]))[0], abs=LOGLIK)


# ---------------------------------------------------------------------- multipliers


def dense_effects(W: np.ndarray, rho: float, beta: float, theta: float) -> tuple[float, float]:
    S = np.linalg.inv(np.eye(len(W)) - rho * W) @ (beta * np.eye(len(W)) + theta * W)
    return np.trace(S) / len(W), S.sum() / len(W)


def test_multipliers_are_those_of_each_period_and_their_mean(cells, fit):
    impacts = fit.impacts()
    at = impacts.by_period.set_index(["t", "term", "effect"])["estimate"]
    p, found = fit.params, []
    for t, there in enumerate(~np.isnan(cells.y)):
        W = cells._cut(cells.W[t], there)
        direct, total = dense_effects(W, fit.rho, p["x0"], p["W:x0"])
        found.append((direct, total))
        assert at[t, "x0", "direct"] == pytest.approx(direct, abs=LOGLIK)
        assert at[t, "x0", "total"] == pytest.approx(total, abs=LOGLIK)
        assert at[t, "x0", "indirect"] == pytest.approx(total - direct, abs=LOGLIK)
        own = impacts.matrix("x0", period=t)
        assert own.shape == W.shape
        assert np.trace(own) / len(W) == pytest.approx(direct, abs=LOGLIK)
    assert impacts.direct.loc["x0", "estimate"] == pytest.approx(np.mean([d for d, _ in found]), abs=LOGLIK)
    assert impacts.total.loc["x0", "estimate"] == pytest.approx(np.mean([t for _, t in found]), abs=LOGLIK)
    with pytest.raises(OptionError, match="say which"):
        impacts.matrix("x0")
    assert impacts.by_region.notna().all(axis=None)


def test_errors_of_the_mean_multipliers_are_by_the_delta_method(cells, fit):
    names = ["x0", "W:x0", "rho"]

    def total(v: np.ndarray) -> float:
        Ws = [cells._cut(cells.W[t], there) for t, there in enumerate(~np.isnan(cells.y))]
        return float(np.mean([dense_effects(W, v[2], v[0], v[1])[1] for W in Ws]))

    at = fit.params[names].to_numpy()
    slope = np.array([(total(at + e) - total(at - e)) / 2e-5 for e in 1e-5 * np.eye(3)])
    error = np.sqrt(slope @ fit.cov.loc[names, names].to_numpy() @ slope)
    assert fit.impacts().total.loc["x0", "std_error"] == pytest.approx(error, rel=DERIVATIVE * 100)


def test_multipliers_by_simulation_and_of_one_matrix(cells, fit):
    drawn_ = fit.impacts(inference="simulation", draws=200, seed=1)
    exact = fit.impacts()
    np.testing.assert_allclose(drawn_.table["estimate"], exact.table["estimate"], atol=LOGLIK)
    one = drawn(11, fixed=True)
    table = one.fit(spatial="lag", effects="time").impacts()
    assert len(table.by_period) == 4 * len(table.table)
    assert table.by_period.groupby(["term", "effect"])["estimate"].nunique().eq(1).all()


# ---------------------------------------------------------------------- words at the door


def test_a_mapping_must_hold_every_period_and_region(cells):
    w = cells.graphs(cells.W)
    panel = drawn(11).panel()
    with pytest.raises(AlignmentError, match=r"w has no weights for periods 2: 1, 3 of 4; it has those of 2: 0, 2"):
        sc.fit_panel(panel, "y", ["x0"], {t: g for t, g in w.items() if t in (0, 2)})
    with pytest.raises(AlignmentError, match="in type too"):
        sc.fit_panel(panel, "y", ["x0"], {str(t): g for t, g in w.items()})
    with pytest.raises(OptionError, match="empty mapping"):
        sc.fit_panel(panel, "y", ["x0"], {})
    few = sc.weights.subset(w[2], range(8))
    with pytest.raises(AlignmentError, match=r"w in period 2: .*8"):
        sc.fit_panel(panel, "y", ["x0"], {**w, 2: few})
    # Who is not there in a period needs no weights in it.
    y = panel.frame.reset_index()
    y.loc[(y["t"] == 2) & (y["i"] == 8), "y"] = np.nan
    cut = sc.Panel(y, region="i", period="t")
    assert sc.fit_panel(cut, "y", ["x0"], {**w, 2: few}, missing="omit").nobs == 35


def test_gaps_are_refused_unless_told_otherwise(cells):
    for error, ask in (
        (MissingDataError, lambda: cells.fit(effects="time")),
        (MissingDataError, lambda: sc.beta(levels([(2002, 4)]), "v")),
    ):
        with pytest.raises(error, match=r"is missing in .*Or fit what is there: missing='integrate'"):
            ask()
    holed = cells.panel().frame.reset_index()
    absent = sc.Panel(holed[holed["y"].notna()], region="i", period="t")
    with pytest.raises(UnbalancedPanelError, match="missing='integrate'"):
        sc.fit_panel(absent, "y", cells.names, effects="none", spatial="none")
    infinite = sc.Panel(holed.assign(y=np.inf), region="i", period="t")
    with pytest.raises(MissingDataError, match=r"infinite .*subset\(\)\.$"):
        sc.fit_panel(infinite, "y", cells.names, effects="none", spatial="none")
    with pytest.raises(OptionError, match="missing must be one of"):
        cells.fit(effects="time", missing="ignore")


@pytest.mark.parametrize(
    "options",
    [
        {"effects": "random"},
        {"dynamic": "y"},
        {"estimator": "gmm"},
        {"vcov": "cluster"},
        {"effects": "time", "correction": "splm"},
        {"effects": "region", "correction": "lee-yu"},
        {"effects": "two-way", "correction": "lee-yu"},
        {"effects": "time", "correction": "lee-yu", "missing": "integrate"},
    ],
    ids=str,
)
def test_what_is_not_derived_raises(cells, options):
    with pytest.raises(UnsupportedModelError, match=r"differ by period|are not the same|not known"):
        cells.fit(**{"missing": "omit", **options})


@pytest.mark.parametrize(
    "ask",
    [
        lambda f: f.bootstrap(draws=99, seed=1),
        lambda f: f.predict(),
        lambda f: f.with_vcov("robust"),
        lambda f: f.effects("time"),
        lambda f: f.impacts(inference="bootstrap", draws=99, seed=1),
        lambda f: diagnostics.pesaran_cd(f),
        lambda f: diagnostics.residual_moran(f),
        lambda f: diagnostics.mundlak_test(f),
        lambda f: diagnostics.hausman(f, f),
        lambda f: diagnostics.lr_test(f, f),
        lambda f: diagnostics.lm_tests(f),
        lambda f: diagnostics.reduction_tests(f),
        lambda f: sc.fit_panel(f, effects="none"),
    ],
)
def test_doors_that_want_one_matrix_say_so(fit, ask):
    with pytest.raises(UnsupportedModelError, match="not derived for a model whose weights or regions differ"):
        ask(fit)


def test_wald_tests_hold_as_ever(fit):
    found = diagnostics.wald_test(fit, ["W:x0", "W:x1"])
    terms = ["W:x0", "W:x1"]
    b, V = fit.params[terms].to_numpy(), fit.cov.loc[terms, terms].to_numpy()
    assert found.statistic == pytest.approx(b @ np.linalg.solve(V, b), rel=1e-10)


# ---------------------------------------------------------------------- growth


def levels(gaps: list[tuple[int, int]]) -> sc.Panel:
    rng = np.random.default_rng(3)
    y = np.exp(np.cumsum(rng.standard_normal((6, 9)) * 0.1, axis=0) + rng.standard_normal(9))
    frame = pd.DataFrame({"i": np.tile(np.arange(9), 6), "t": np.repeat(np.arange(2000, 2006), 9), "v": y.ravel()})
    for t, i in gaps:
        frame.loc[(frame["t"] == t) & (frame["i"] == i), "v"] = np.nan
    return sc.Panel(frame, region="i", period="t")


def graphs() -> dict[int, Any]:
    return {2000 + t: g for t, g in drawn(12, T=6).graphs(drawn(12, T=6).W).items()}


@pytest.mark.parametrize("missing", ["omit", "integrate"])
def test_growth_takes_the_weights_of_the_start_and_what_is_there(missing):
    panel, w = levels([(2002, 4), (2005, 7)]), graphs()
    b = sc.beta(panel, "v", w, spatial="lag", effects="time", missing=missing)
    v = np.log(panel.values("v", missing="keep"))
    grown = pd.DataFrame({"y": np.diff(v, axis=0).ravel(), "x": v[:-1].ravel()})
    grown = grown.assign(i=np.tile(np.arange(9), 5), t=np.repeat(np.arange(2001, 2006), 9))
    later = {t + 1: g for t, g in w.items()}
    same = sc.fit_panel(
        sc.Panel(grown, region="i", period="t"), "y", "x", later, spatial="lag", effects="time", missing=missing
    )
    assert b.loglik == pytest.approx(same.loglik, abs=LOGLIK)
    assert b.beta == pytest.approx(same.params["x"], abs=LOGLIK)
    # Growth to the missing levels is missing, and so is the regressor of the growth that follows the first.
    assert b.fit.nobs == 45 - 3
    said = " ".join(b.notes)
    assert "weights of a span of growth are those of the period in which it starts" in said
    assert b.again(effects="none").asked.options["missing"] == missing
    lacking = {t: g for t, g in w.items() if t != 2003}
    with pytest.raises(AlignmentError, match=r"periods 2003 of 5, in which the spans of growth start"):
        sc.beta(panel, "v", lacking, spatial="lag", effects="time", missing=missing)


def test_beta_of_a_mapping_of_one_matrix_is_that_of_the_matrix():
    panel, w = levels([]), graphs()[2000]
    one = sc.beta(panel, "v", w, spatial="lag", effects="region")
    by = sc.beta(panel, "v", dict.fromkeys(range(2000, 2006), w), spatial="lag", effects="region", missing="omit")
    assert (one.beta, one.loglik) == (by.beta, by.loglik)
    np.testing.assert_array_equal(one.cov, by.cov)


@pytest.mark.parametrize(
    "ask",
    [
        lambda b: b.inference,
        lambda b: b.bootstrap(draws=99, seed=1),
        lambda b: b.short_panel_test(),
        lambda b: b.bias_corrections(draws=19, seed=1),
        lambda b: b.null_distribution(draws=99, seed=1),
        lambda b: b.grid_interval(draws=99, seed=1),
        lambda b: b.detectable(),
        lambda b: sc.check(b),
        lambda b: b.again(correction="adjusted-score"),
        lambda b: b.again(correction="indirect", simulations=19),
    ],
)
def test_beta_shows_no_z_under_region_effects_and_opens_no_door(ask):
    b = sc.beta(levels([(2002, 4)]), "v", graphs(), spatial="lag", effects="region", missing="omit")
    assert b.z_withheld
    assert "no z and no interval of beta holds" in " ".join(repr(b).split())
    assert np.isnan(b.tidy().set_index("term").loc["log_initial", "std_error"])
    with pytest.raises(UnsupportedModelError):
        ask(b)
