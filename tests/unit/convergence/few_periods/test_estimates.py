"""Adjusted scores and correlated random effects: closed forms, likelihoods written out, simulation; names and reprs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

import spatialconv as sc
from spatialconv import errors
from spatialconv._core.few_periods.imposed import Imposed
from spatialconv._core.few_periods.likelihood import products
from spatialconv._core.few_periods.m_estimates import RobustScore, zeros
from spatialconv._core.few_periods.sample import Sample, rebuild
from spatialconv._core.few_periods.scores import regional, scores, traces
from spatialconv.convergence.few_periods.corrections import ADJUSTED, ADJUSTED_ROBUST, CORRELATED
from spatialconv.convergence.few_periods.estimates import WAYS, estimated
from spatialconv.convergence.few_periods.short_panel import sample_of
from tests.tolerances import EXACT, OPTIM_BRUTE, ROUNDING

REFERENCE = Path(__file__).parents[3] / "reference" / "sdpdth" / "reference.json"
SDPDTH = json.loads(REFERENCE.read_text(encoding="utf-8"))
INITIAL = "log_initial"
NAMED = ("adjusted-score", "adjusted-score-robust", "correlated-random")


def weights(N, rng):
    """Weights of both signs' worth of asymmetry: no symmetric twin."""
    W = rng.exponential(size=(N, N)) ** 3 * (1 - np.eye(N))
    return W / W.sum(axis=1, keepdims=True)


def drawn(N, T, panels, *, b, rho, two_way, K=0, unequal=False, seed=1, drifts=0.3):
    """Return a sample that holds W and X, and levels (B, T+1, N) made with shocks of each period where two-way."""
    rng = np.random.default_rng(seed)
    W, X, start = weights(N, rng), rng.standard_normal((T, N, K)), rng.normal(3, 1.5, N)
    sd = 0.5 * np.exp(0.5 * rng.standard_normal(N)) if unequal else 0.5
    h = sd * rng.standard_normal((panels, T, N)) + X @ np.arange(1.0, K + 1) + drifts * rng.standard_normal(N)
    h = h + two_way * rng.standard_normal((T, 1))
    plain = Sample.of(np.zeros((T, N)), start, X, W)
    levels = rebuild(plain, h, b, rho)
    sample = Sample.of(np.diff(levels[0], axis=0), start, X, W, two_way=two_way)
    return sample, levels - levels.mean(axis=2, keepdims=True) * two_way


@pytest.mark.parametrize("name", ["sdpdth", "zhejiang", "us_income"])
def test_scores_and_their_zero_are_those_of_sdpdth(name):
    """Region effects: 20 pairs of beta and rho, asymmetric weights among them, and the pair at which both are zero."""
    given = SDPDTH[name]
    levels, W = np.array(given["levels"]), np.array(given["W"])
    sample = Sample.of(np.diff(levels, axis=0), levels[0], None, W)
    at = pd.DataFrame(given["at"])
    ours = np.array([scores(sample, levels[None], b, r)[0] for b, r in at.itertuples(index=False)])
    # The same sums by other products of matrices, from 15 digits of data: 1e-9 of scores of the size of up to 5e3.
    np.testing.assert_allclose(ours, given["scores"], rtol=EXACT, atol=1e-9 * np.abs(given["scores"]).max())
    found, theirs = zeros(sample, levels[None]), given["zero"]
    # Newton's last step here is 1e-7 at most, and quadratic before it.
    assert (found.b[0], found.rho[0]) == pytest.approx((theirs["beta"], theirs["rho"]), abs=1e-8)


@pytest.mark.parametrize("seed", range(6))
def test_two_spans_without_space_have_a_closed_form(seed):
    """T = 2: p^2 S11 - 2 p (S11 + S12) + 2 S12 + S22 = 0 for p = 1 + beta, S the products of both spans' growth."""
    rng = np.random.default_rng(seed)
    start = rng.normal(3, 1, 40)
    h = 0.5 * rng.standard_normal((1, 2, 40)) + 0.4 * rng.standard_normal(40)
    levels = rebuild(Sample.of(np.zeros((2, 40)), start), h, -0.4, 0.0)
    g = np.diff(levels[0], axis=0)
    S11, S12, S22 = g[0] @ g[0], g[0] @ g[1], g[1] @ g[1]
    inside = (S11 + S12) ** 2 - S11 * (2 * S12 + S22)
    found = zeros(Sample.of(g, start), levels)
    assert bool(found.found[0]) == (inside > 0)
    if inside > 0:
        assert found.b[0] == pytest.approx((S11 + S12 - np.sqrt(inside)) / S11 - 1, abs=ROUNDING)
    else:
        # Where the score turns back: the middle of the two zeros that are not there, to the grid of the first look.
        assert found.b[0] == pytest.approx(S12 / S11, abs=0.1)


CASES = [
    (11, 4, 0, False, -0.2, 0.3),
    (9, 5, 2, True, -0.3, -0.4),
    (12, 3, 1, False, -0.1, 0.5),
    (30, 8, 0, True, -0.1, 0),
]


@pytest.mark.parametrize("case", CASES)
def test_both_scores_are_zero_at_the_estimates_and_the_curve_falls(case):
    N, T, K, two_way, b, rho = case
    sample, levels = drawn(N, T, 20, b=b, rho=rho, two_way=two_way, K=K)
    found = zeros(sample, levels)
    assert found.found.mean() > 0.5
    for k in np.flatnonzero(found.found):
        at = scores(sample, levels[[k]], float(found.b[k]), float(found.rho[k]))[0]
        assert np.abs(at).max() < 1e-4  # of scores of the size of ten; Newton's last step is 1e-7 at most
    for k in np.flatnonzero(~found.found):
        # Nowhere zero: the score of beta along the zeros of that of rho, from traces at each point.
        assert min(profile(sample, levels[[k]], v) for v in np.linspace(found.b[k] - 0.2, found.b[k] + 0.2, 9)) > 0


def profile(sample, levels, b):
    """Return the score of beta at b where that of rho falls through zero nearest to where it was, by bisection."""
    known = products(sample, levels)
    near = float(Imposed.on(sample, b).rho(known)[0])
    of_rho = lambda r: scores(sample, levels, b, float(r))[0, 1]  # noqa: E731
    rho = optimize.brentq(of_rho, near - 0.02, near + 0.02) if of_rho(near - 0.02) * of_rho(near + 0.02) < 0 else near
    return scores(sample, levels, b, rho)[0, 0]


def test_rho_given_beta_is_the_zero_of_its_exact_score_in_long_panels():
    """48 x 17: powers of A reach 1e9 near the ends of rho, which a spline through all of them carried to the middle."""
    sample, levels = drawn(48, 17, 6, b=-0.1, rho=0.2, two_way=False, seed=3)
    for b in (-0.3, -0.1, 0.02):
        rhos = Imposed.on(sample, b).rho(products(sample, levels))
        for k, rho in enumerate(rhos):
            exact = optimize.brentq(lambda r, k=k, b=b: scores(sample, levels[[k]], b, r)[0, 1], rho - 0.1, rho + 0.1)
            # The adjustment is interpolated: 1e-2 of a score whose slope is of the order of N T = 816.
            assert rho == pytest.approx(exact, abs=5e-5)


@pytest.mark.parametrize("case", CASES)
def test_regional_adjustments_are_the_diagonals_of_dense_maps(case):
    """Errors of one region sent through levels and neighbours' growth, summed over the space of the residuals."""
    N, T, K, two_way, b, rho = case
    sample, _ = drawn(N, T, 1, b=b, rho=rho, two_way=two_way, K=K)
    unit = np.eye(T * N).reshape(-1, T, N)
    made = sample.variables(rebuild(sample, unit, b, rho, start=np.zeros(N)))
    inside = sample.within(unit - unit.mean(axis=2, keepdims=True) * two_way).reshape(T * N, T * N)
    found = regional(sample, b, np.array([rho]))
    # Expected sums of squares within of region i (rows) for unit variances of region j (columns), over T - 1.
    squares = (inside**2).reshape(T * N, T, N).sum(axis=1).reshape(T, N, N).sum(axis=0).T / (T - 1)
    for adjust, at in ((found.b, -1), (found.rho, 1)):
        product = np.einsum("kl,lk->k", inside, made[:, at].reshape(T * N, T * N).T)
        needed = -product.reshape(T, N).sum(axis=0)
        np.testing.assert_allclose(squares.T @ adjust[0], needed, atol=ROUNDING)
    if not two_way and not K:
        total = traces(sample, b, np.array([rho]))
        assert [found.b.sum(), found.rho.sum()] == pytest.approx([total.b[0], total.rho[0]], rel=ROUNDING)


@pytest.mark.slow
@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize("case", CASES[:3])
def test_robust_scores_have_mean_zero_at_the_truth(case, unequal):
    N, T, K, two_way, b, rho = case
    sample, levels = drawn(N, T, 40_000, b=b, rho=rho, two_way=two_way, K=K, unequal=unequal)
    score = RobustScore.of(sample, levels, products(sample, levels))
    c = sample.weights(b, rho)
    own = np.einsum("i,bijn,j->bn", c, score.squares, c) / (T - 1)
    add = regional(sample, b, np.array([rho]))
    crossed = np.einsum("bij,j->bi", score.known.within, c)
    for at, adjust in ((-1, add.b[0]), (1, add.rho[0])):
        psi = crossed[:, at] + own @ adjust
        assert abs(psi.mean()) < 4 * psi.std() / np.sqrt(len(psi))


@pytest.mark.parametrize("correction", ["adjusted-score", "adjusted-score-robust"])
def test_the_bias_of_region_effects_is_gone(correction):
    """11 x 4, variances that differ: least squares within regions average below -0.3 where beta is -0.2."""
    sample, levels = drawn(11, 4, 1000, b=-0.2, rho=0.3, two_way=False, unequal=True)
    found = estimated(sample, levels, correction)
    made = sample.within(sample.variables(levels))
    plain = (made[:, 0] * made[:, -1]).sum(axis=(1, 2)) / (made[:, -1] ** 2).sum(axis=(1, 2))
    assert plain.mean() < -0.3
    # The estimate is not unbiased, its score is; the standard error of this mean is 0.004.
    assert found.b.mean() == pytest.approx(-0.2, abs=0.03)
    assert found.found.mean() > 0.95


def test_correlated_random_effects_are_the_maximum_of_the_likelihood_written_out():
    """The density of growth given the initial level, dense over a region's spans: drifts and errors normal."""
    rng = np.random.default_rng(4)
    start = rng.normal(3, 1, 60)
    h = 0.5 * rng.standard_normal((1, 4, 60)) + (1 - 0.2 * start + 0.4 * rng.standard_normal(60))
    levels = rebuild(Sample.of(np.zeros((4, 60)), start), h, -0.3, 0.0)
    sample = Sample.of(np.diff(levels[0], axis=0), start)
    g, y = np.diff(levels[0], axis=0), levels[0, :-1]

    def minus(at):
        b, a, slope, log_s, log_v = at
        e = g - b * y - a - slope * start
        V = np.exp(2 * log_s) * np.eye(4) + np.exp(2 * log_v)
        return 0.5 * (60 * np.linalg.slogdet(V)[1] + (e * np.linalg.solve(V, e)).sum())

    best = optimize.minimize(minus, [-0.2, 1, -0.2, -1, -1], method="Nelder-Mead",
                             options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 20000, "maxfev": 20000})  # fmt: skip
    found = estimated(sample, levels, "correlated-random")
    # The product takes degrees of freedom off both variances: the maximum moves by less than a tenth of its error.
    assert found.b[0] == pytest.approx(best.x[0], abs=0.01)
    exact = optimize.minimize_scalar(lambda b: with_dof(sample, b), bounds=(-1, 0.5), method="bounded",
                                     options={"xatol": 1e-10})  # fmt: skip
    assert found.b[0] == pytest.approx(exact.x, abs=OPTIM_BRUTE)


def with_dof(sample, b):
    e = sample.h(b, 0.0)
    d, k = sample.n * (sample.T - 1), sample.N - 2
    w = ((e - e.mean(axis=0)) ** 2).sum() / d
    Z = np.column_stack([np.ones(sample.N), sample.levels[0]])
    means = e.mean(axis=0)
    u = sample.T * ((means - Z @ np.linalg.lstsq(Z, means, rcond=None)[0]) ** 2).sum() / k
    if u < w:
        w = u = (d * w + k * u) / (d + k)
    return d / 2 * np.log(w) + k / 2 * np.log(u)


class TestThroughTheDoor:
    @pytest.mark.parametrize("effects", ["region", "two-way"])
    @pytest.mark.parametrize("correction", NAMED)
    def test_estimates_effects_and_words(self, zj, w, correction, effects):
        options = {"controls": "digital", "spatial": "lag", "effects": effects, "simulations": 199}
        b = sc.beta(zj.panel, "exports", w, correction=correction, **options)
        sample = sample_of(b)
        at = estimated(sample, sample.levels[None], correction)
        assert [b.beta, b.rho, b.sigma2] == pytest.approx([at.b[0], at.rho[0], at.s2[0]], abs=EXACT)
        assert b.params["digital"] == pytest.approx(at.theta[0, 0], abs=EXACT)
        # Effects and residuals are what the estimates leave of the data; the control is orthogonal to the residuals.
        d, e = b.fit.design, b.fit.estimates
        left = d.y - b.rho * d.y @ d.W.matrix.toarray().T - d.X @ e.beta - e.effect
        np.testing.assert_allclose(left, e.residuals, atol=EXACT)
        assert (e.residuals * d.X[..., 1]).sum() == pytest.approx(0, abs=1e-9)
        assert f"corrected by {WAYS[correction].name}" in repr(b)
        assert any(WAYS[correction].assumes in note for note in b.notes)
        assert b.glance().loc[0, "correction"] == correction
        pd.testing.assert_series_equal(b.again().params, b.params)
        # Errors of the control and of rho are of the size that the information gives; beta has no z.
        plain = b.again(correction="auto")
        for term in ("digital", "rho"):
            assert b.std_errors[term] == pytest.approx(plain.std_errors[term], rel=0.35)
        assert np.isnan([b.tstats[INITIAL], b.pvalues[INITIAL], *b.conf_int().loc[INITIAL]]).all()
        row = b.tidy().set_index("term").loc[INITIAL]
        assert np.isnan([row.statistic, row.p_value, row.conf_low, row.conf_high]).all()
        with pytest.raises(errors.UnsupportedModelError, match="already"):
            b.bootstrap(draws=19)

    def test_spans_of_several_years_are_annualised(self):
        b = sc.beta(
            sc.datasets.us_income().panel,
            "income",
            horizon=10,
            effects="region",
            correction="adjusted-score",
            simulations=19,
        )
        sample = sample_of(b)
        found = zeros(sample, sample.levels[None])
        assert b.beta == pytest.approx(found.b[0] / 10, abs=EXACT)
        assert b.sigma2 == pytest.approx(found.s2[0] / 100, abs=EXACT)

    @pytest.mark.parametrize(
        ("options", "kind", "message"),
        [
            (
                {"effects": "time"},
                errors.UnsupportedModelError,
                "correction='adjusted-score' is for region and two-way",
            ),
            ({"effects": "region", "spatial": "error"}, errors.UnsupportedModelError, "not derived for spatial errors"),
            ({"effects": "region", "durbin": True}, errors.UnsupportedModelError, "lag of the initial level"),
            ({"effects": "region", "vcov": "robust"}, errors.OptionError, "leave vcov out"),
        ],
    )
    def test_what_is_not_derived_is_refused_in_its_own_words(self, zj, w, options, kind, message):
        with pytest.raises(kind, match=message):
            sc.beta(zj.panel, "exports", w, correction="adjusted-score", **{"spatial": "lag", **options})

    def test_durbin_terms_of_controls_are_taken(self, zj, w):
        options = {"controls": "digital", "durbin": "digital", "spatial": "lag", "effects": "region", "simulations": 19}
        b = sc.beta(zj.panel, "exports", w, correction="adjusted-score", **options)
        assert "W:digital" in b.params.index
        assert np.isfinite(b.std_errors["W:digital"])

    def test_no_zero_is_said(self, monkeypatch):
        """Growth that is exactly as even as noise leaves it: seeds where the score turns back before zero."""
        for seed in range(40):
            world = sc.simulate.growth_panel(12, periods=5, beta=0.0, effects="two-way", effect_sd=0.0, seed=seed)
            b = sc.beta(world.panel, "level", effects="two-way", correction="adjusted-score", simulations=19)
            sample = sample_of(b)
            if not zeros(sample, sample.levels[None]).found[0]:
                assert any("is zero nowhere" in note for note in b.notes)
                return
        pytest.fail("forty panels of equal drifts under two-way effects without one lacking a zero: 45 % lack it")

    def test_rows_of_bias_corrections(self, zj):
        b = sc.beta(zj.panel, "exports", effects="region")
        t = b.bias_corrections(draws=199, seed=1).table
        for name, correction in zip((ADJUSTED, ADJUSTED_ROBUST, CORRELATED), NAMED, strict=True):
            assert t.loc[name, "beta"] == pytest.approx(b.again(correction=correction).beta, abs=EXACT)
            assert t.loc[name, "beta"] > b.beta
        assert t["assumes"].str.len().gt(10).all()
        assert (t["std_error"].drop("dynamic model, bias of order 1/T") > 0).all()
        two_way = b.again(effects="two-way").bias_corrections(draws=99, seed=1)
        assert two_way.table["std_error"].isna().all()
        assert two_way.table["reason"].str.contains("singular").any()
        assert "s.e." not in repr(two_way)


class TestSpeeds:
    def test_no_interval_by_the_delta_method_where_the_repr_shows_none(self, zj, w):
        b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="region")
        assert (
            b.speeds.loc[["speed", "half_life", "speed_direct"], ["std_error", "conf_low", "conf_high"]]
            .isna()
            .all(axis=None)
        )
        assert (b.speeds.loc[["speed", "half_life"], "reason"].str.contains("b.inference")).all()
        assert b.tidy().set_index("term").loc[["log_initial", "speed"], ["conf_low", "conf_high"]].isna().all(axis=None)
        object.__setattr__(b, "inference", b.infer(draws=99, seed=1))
        assert tuple(b.speeds.loc["speed", ["conf_low", "conf_high"]]) == b.inference.speed
        assert tuple(b.speeds.loc["half_life", ["conf_low", "conf_high"]]) == b.inference.half_life
        row = b.tidy().set_index("term").loc["log_initial"]
        assert (row.conf_low, row.conf_high) == b.inference.interval
        assert row.p_value == b.inference.p_value
        assert np.isnan(row.statistic)

    def test_elsewhere_it_stays(self, zj, w):
        for effects, spatial in (("time", "lag"), ("none", "error")):
            b = sc.beta(zj.panel, "exports", w, spatial=spatial, effects=effects)
            assert np.isfinite(b.speeds.loc["speed", ["std_error", "conf_low", "conf_high"]].astype(float)).all()
            assert np.isfinite(b.tidy()["statistic"].iloc[0])
