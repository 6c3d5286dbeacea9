"""Dynamic models with an error process, and with gaps in the periods: dense witnesses and a simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.linalg as la
from libpysal.graph import Graph
from scipy import sparse

import spatialconv as sc
from spatialconv import errors
from spatialconv._core.likelihood.bias import DynamicTerms, dynamic_correction
from tests import brute
from tests.tolerances import DIFFERENCES, EXTRAPOLATED, HESSIAN, LOGLIK, OPTIM_BRUTE
from tests.unit.models.test_random_and_dynamic import data, reference

N, T = 7, 6


def weights(rng: np.random.Generator, n: int = N) -> np.ndarray:
    W = rng.uniform(0.2, 1.0, (n, n)) * (rng.uniform(size=(n, n)) < 0.6)
    W[np.arange(n), (np.arange(n) + 1) % n] = 0.5
    np.fill_diagonal(W, 0)
    return W / W.sum(axis=1, keepdims=True)


def sample(rng: np.random.Generator, W: np.ndarray, M: np.ndarray, periods: int, p: dict[str, float]):
    """y and x, shape (periods + 1, n), after forty periods of the model."""
    n = len(W)
    A, B = np.eye(n) - p["rho"] * W, np.eye(n) - p["lambda"] * M
    mu, x = rng.normal(size=n), rng.normal(size=(41 + periods, n))
    y = np.zeros_like(x)
    for t in range(1, len(y)):
        past = p["tau"] * y[t - 1] + p["eta"] * W @ y[t - 1]
        y[t] = la.solve(A, past + x[t] + mu + la.solve(B, rng.normal(size=n)))
    return y[40:], x[40:]


def graph(W: np.ndarray) -> Graph:
    return Graph.from_sparse(sparse.coo_array(W), ids=list(range(len(W))))


def panel(y: np.ndarray, x: np.ndarray, periods=None) -> sc.Panel:
    t, n = y.shape
    labels = np.arange(t) if periods is None else np.asarray(periods)
    frame = {"i": np.tile(np.arange(n), t), "t": np.repeat(labels, n), "y": y.ravel(), "x": x.ravel()}
    return sc.Panel(pd.DataFrame(frame), region="i", period="t")


TRUTH = {"tau": 0.3, "eta": -0.1, "rho": 0.25, "lambda": -0.3}


@pytest.mark.parametrize("effects", ["none", "region", "time", "two-way"])
@pytest.mark.parametrize("spatial", ["none", "lag", "error", "sarar"])
class TestUncorrected:
    """Given the first period, the likelihood is that of a model whose regressors are past outcomes."""

    def case(self, spatial, effects):
        rng = np.random.default_rng(3)
        W, M = weights(rng), weights(rng)
        y, x = sample(rng, W, M, T, TRUTH)
        X = np.stack([y[:-1], y[:-1] @ W.T, x[1:]], axis=2)
        if effects == "none":
            X = np.concatenate([np.ones((T, N, 1)), X], axis=2)
        fit = sc.fit_panel(
            panel(y, x), "y", "x", graph(W), error_w=graph(M), spatial=spatial, effects=effects, dynamic="both",
            correction="none",
        )  # fmt: skip
        return brute.Case(y[1:], X, W, M, spatial, effects, "none"), fit

    def values(self, fit):
        return (
            fit.params[["intercept", *fit.params.index.drop("intercept")]] if "intercept" in fit.params else fit.params
        )

    def test_loglik_and_optimum(self, spatial, effects):
        c, fit = self.case(spatial, effects)
        theta = self.values(fit).to_numpy()
        rho, lam = fit.rho if 0 in c.free else 0.0, fit.lambda_ if 1 in c.free else 0.0
        assert fit.loglik == pytest.approx(brute.loglik(c, theta[: c.X.shape[2]], rho, lam, fit.sigma2), abs=LOGLIK)
        ours = np.append(theta[:-1], np.log(theta[-1]))
        other = brute.maximise(c, ours + np.random.default_rng(0).normal(scale=0.02, size=len(ours)))
        np.testing.assert_allclose(ours, other, atol=OPTIM_BRUTE)

    def test_covariances(self, spatial, effects):
        c, fit = self.case(spatial, effects)
        order = list(self.values(fit).index)
        D = brute.dummies(T, N, effects)
        extra = np.linalg.lstsq(D, fit.estimates.effect.ravel(), rcond=None)[0]
        theta = self.values(fit).to_numpy()
        dense = brute.expected_covariance(c, np.append(theta, extra))
        scale = np.sqrt(np.outer(np.diag(dense), np.diag(dense)))
        np.testing.assert_allclose(fit.cov.loc[order, order] / scale, dense / scale, atol=DIFFERENCES)
        ours = np.append(theta[:-1], np.log(theta[-1]))
        observed = np.linalg.inv(brute.hessian(lambda t: brute.negative(c, t), ours))
        observed *= np.outer(*[np.append(np.ones(len(theta) - 1), theta[-1])] * 2)
        scale = np.sqrt(np.outer(np.diag(observed), np.diag(observed)))
        found = fit.with_vcov("observed").cov.loc[order, order]
        np.testing.assert_allclose(found / scale, observed / scale, atol=HESSIAN)


def expected_score(W: np.ndarray, M: np.ndarray, p: dict[str, float], sigma2: float, T: int, two_way: bool):
    """Expected score of (tau, eta, rho, lambda, sigma2) at the truth, outcomes written as maps of all errors.

    Each score is a quadratic form in the errors of all periods since long before the sample. The two-way one is
    that of the data in an explicit orthonormal basis of what sums to zero over the regions.
    """
    n, before = len(W), 80
    A, B = np.eye(n) - p["rho"] * W, np.eye(n) - p["lambda"] * M
    past, shock = la.solve(A, p["tau"] * np.eye(n) + p["eta"] * W), la.inv(B @ A)
    maps = np.zeros((before + T + 1, n, (before + T + 1) * n))
    for t in range(1, before + T + 1):
        maps[t] = past @ maps[t - 1]
        maps[t][:, t * n : (t + 1) * n] += shock
    now, lagged = maps[before + 1 :], maps[before:-1]
    e = np.stack([B @ (A @ y - (p["tau"] * np.eye(n) + p["eta"] * W) @ z) for y, z in zip(now, lagged, strict=True)])
    F = la.null_space(np.ones((1, n))) if two_way else np.eye(n)
    e, k = np.einsum("ij,tjm->tim", F.T, e - e.mean(axis=0)), F.shape[1]
    # u = B^-1 e; what the mean over the regions adds to it is out of its demeaned part, rows of M summing to one.
    u = np.einsum("ij,tjm->tim", F @ la.inv(F.T @ B @ F), e)
    out = []
    for z in (B @ lagged, B @ W @ lagged, B @ W @ now, M @ u):
        z = np.einsum("ij,tjm->tim", F.T, z - z.mean(axis=0))
        out.append(np.einsum("tim,tim->", z, e))
    G, H = (np.trace(la.solve(np.eye(k) - p[r] * F.T @ K @ F, F.T @ K @ F)) for r, K in (("rho", W), ("lambda", M)))
    size = np.einsum("tim,tim->", e, e) / (2 * sigma2) - k * T / (2 * sigma2)
    return np.array([out[0], out[1], out[2] - T * G, out[3] - T * H, size])


@pytest.mark.parametrize("two_way", [False, True], ids=["region", "two-way"])
@pytest.mark.parametrize("p", [TRUTH, {"tau": 0.5, "eta": 0.15, "rho": -0.4, "lambda": 0.5}], ids=["one", "other"])
def test_bias_is_minus_the_expected_score(p, two_way):
    """The expected score is linear in 1 / T up to terms that die out with the dynamics."""
    rng, n, sigma2 = np.random.default_rng(5), 5, 1.7
    W, M = weights(rng, n), weights(rng, n)
    half, whole = (expected_score(W, M, p, sigma2, t, two_way) for t in (40, 80))
    terms = DynamicTerms(p["tau"], p["eta"], p["rho"], sigma2, 0, 1, 2, p["lambda"], 3)
    links = (sparse.csr_array(W), sparse.csr_array(M))
    ours = dynamic_correction(links[0], terms, np.eye(5), n, shift=two_way, M=links[1])
    np.testing.assert_allclose(-(2 * whole - half), ours, rtol=EXTRAPOLATED)
    # Without the shift, or with M's trace left out, it would not be.
    assert np.abs(ours[3]) > 0.05


@pytest.mark.parametrize("effects", ["region", "two-way"])
def test_fit_takes_off_the_bias(effects):
    """From another optimiser's maximum every parameter, lambda too, moves by the dense covariance times the bias.

    Under two-way effects in the explicit basis of what sums to zero over the regions.
    """
    rng = np.random.default_rng(8)
    W, M = weights(rng), weights(rng)
    y, x = sample(rng, W, M, 12, TRUTH)
    options = {"error_w": graph(M), "spatial": "sarar", "effects": effects, "dynamic": "both"}
    fit = sc.fit_panel(panel(y, x), "y", "x", graph(W), **options)
    assert fit.correction == "lee-yu"
    assert any("before the correction" in note for note in fit.notes)
    F = la.null_space(np.ones((1, N))) if effects == "two-way" else np.eye(N)
    V, K, eye = F.T @ W @ F, F.T @ M @ F, np.eye(F.shape[1])
    X = np.stack([y[:-1] @ F, y[:-1] @ W.T @ F, x[1:] @ F], axis=2)
    c = brute.Case(y[1:] @ F, X, V, K, "sarar", "region", "none")
    theta = brute.maximise(c, np.append(fit.params[:-1], np.log(fit.sigma2)))
    theta[-1] = np.exp(theta[-1])
    tau, eta, _, rho, lam, sigma2 = theta
    S = eye - rho * V
    means = (c.y - rho * c.y @ V.T - X @ theta[:3]).mean(axis=0)
    C, G = la.inv(S - tau * eye - eta * V), V @ la.inv(S)
    b = [
        np.trace(C), np.trace(V @ C), 0.0, np.trace(G @ (tau * eye + eta * V) @ C) + np.trace(G),
        np.trace(K @ la.inv(eye - lam * K)), len(eye) / (2 * sigma2),
    ]  # fmt: skip
    moved = theta + brute.expected_covariance(c, np.append(theta, means)) @ b
    np.testing.assert_allclose(fit.params, moved, atol=OPTIM_BRUTE)


def test_a_correction_from_a_bound_is_not_made():
    rng = np.random.default_rng(2)
    W, M = weights(rng), weights(rng)
    y, x = sample(rng, W, M, 5, TRUTH)
    options = {"error_w": graph(M), "spatial": "sarar", "effects": "two-way", "dynamic": "both"}
    fit, direct = (sc.fit_panel(panel(y, x), "y", "x", graph(W), **options, correction=c) for c in ("auto", "none"))
    assert any("no bias correction: rho lies on its bound" in note for note in fit.notes)
    assert fit.correction == "none"
    np.testing.assert_array_equal(fit.params, direct.params)
    np.testing.assert_array_equal(fit.with_vcov("observed").cov, direct.with_vcov("observed").cov)


def mean_gaps(T: int, effects: str, draws: int, seed: int) -> dict[str, np.ndarray]:
    rng, found = np.random.default_rng(seed), {"none": [], "lee-yu": []}
    n, truth = 20, {"tau": 0.4, "eta": 0.1, "rho": 0.2, "lambda": 0.4}
    W = np.roll(np.eye(n), 1, axis=1) / 2 + np.roll(np.eye(n), -1, axis=1) / 2
    M = W @ W
    np.fill_diagonal(M, 0)
    M /= M.sum(axis=1, keepdims=True)
    for _ in range(draws):
        y, x = sample(rng, W, M, T, truth)
        for correction, rows in found.items():
            fit = sc.fit_panel(
                panel(y, x), "y", "x", graph(W), error_w=graph(M), spatial="sarar", effects=effects, dynamic="both",
                correction=correction,
            )  # fmt: skip
            rows.append(fit.params.to_numpy() - [0.4, 0.1, 1.0, 0.2, 0.4, 1.0])
    return {name: np.array(rows) for name, rows in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize("effects", ["region", "two-way"])
def test_correction_takes_most_of_the_bias_and_the_rest_falls_with_the_periods(effects):
    short, long = (mean_gaps(t, effects, draws=200, seed=t) for t in (8, 24))
    tau, sigma2 = 0, -1
    for place in (tau, sigma2):
        before, after = (short[name][:, place] for name in ("none", "lee-yu"))
        assert before.mean() < -0.05
        assert abs(after.mean()) < 0.5 * abs(before.mean())
        error = long["lee-yu"][:, place].std() / np.sqrt(200)
        assert abs(long["lee-yu"][:, place].mean()) < 0.4 * abs(after.mean()) + 3 * error
    # rho and lambda trade places; neither is left worse than it was, to Monte Carlo error.
    for place in (3, 4):
        error = short["lee-yu"][:, place].std() / np.sqrt(200)
        assert abs(short["lee-yu"][:, place].mean()) < abs(short["none"][:, place].mean()) + 3 * error


@pytest.mark.parametrize("key", [k for k in reference()["munnell"]["dynamic"] if "twoways" in k])
def test_order_of_operations_of_the_r_packages(key):
    """SDPDmod demeans over the regions before it takes lags: what correction="splm" does, in dynamic models too."""
    ref = reference()["munnell"]["dynamic"][key]["uncorrected"]
    model, _, _, kind = key.split("_", 3)
    frame, w, y, x = data("munnell")
    fit = sc.fit_panel(
        frame, y, x, w, durbin=model == "sdm", dynamic="both" if kind == "tl_stl" else "y", correction="splm"
    )
    np.testing.assert_allclose(fit.params.drop(["rho", "sigma2"]), list(ref["coef"].values()), atol=1e-7)
    assert fit.rho == pytest.approx(ref["rho"], abs=1e-7)


class TestPeriods:
    def arrays(self, periods):
        rng = np.random.default_rng(1)
        W = weights(rng)
        y, x = sample(rng, W, W, len(periods) - 1, TRUTH)
        return y, x, graph(W)

    def fit(self, periods, **options):
        y, x, w = self.arrays(periods)
        return y, sc.fit_panel(panel(y, x, periods), "y", "x", w, dynamic="y", effects="region", **options)

    def test_a_year_without_the_year_before_is_not_explained(self):
        periods = [2000, 2001, 2002, 2003, 2005, 2006, 2007]
        y, fit = self.fit(periods, correction="none")
        assert list(fit.design.periods) == [2001, 2002, 2003, 2006, 2007]
        np.testing.assert_array_equal(fit.design.y, y[[1, 2, 3, 5, 6]])
        np.testing.assert_array_equal(fit.design.X[..., 0], y[[0, 1, 2, 4, 5]])
        assert any("2005 without a period 1 before are not explained" in note for note in fit.notes)

    def test_the_order_of_the_rows_of_the_gap_does_not_matter(self):
        """The same as explaining the rows by a column that holds the past."""
        y, x, w = self.arrays(list(range(7)))
        whole = panel(y, x, [2000, 2001, 2002, 2003, 2005, 2006, 2007])
        by_hand = sc.fit_panel(
            panel(y[[1, 2, 3, 5, 6]], x[[1, 2, 3, 5, 6]]).assign(past=y[[0, 1, 2, 4, 5]].ravel()),
            "y", ["past", "x"], w, effects="region", correction="none",
        )  # fmt: skip
        fit = sc.fit_panel(whole, "y", "x", w, dynamic="y", effects="region", correction="none")
        np.testing.assert_allclose(fit.params, by_hand.params, rtol=1e-12)

    def test_five_years_are_a_step(self):
        _, fit = self.fit([1990, 1995, 2000, 2005, 2010, 2012])
        assert list(fit.design.periods) == [1995, 2000, 2005, 2010]
        assert any("2012 without a period 5 before" in note for note in fit.notes)

    def test_text_of_years_is_years(self):
        periods = ["9", "10", "11", "12", "14"]
        _, fit = self.fit(periods)
        assert list(fit.design.periods) == ["10", "11", "12"]

    def test_words_are_said_to_be_taken_in_order(self):
        _, fit = self.fit(["a", "b", "c", "d", "e"])
        assert any("whether one is absent between them cannot be seen" in note for note in fit.notes)
        for periods in (range(5), list(pd.date_range("2000", periods=5, freq="YS"))):
            assert not any("absent" in note for note in self.fit(periods)[1].notes)

    def test_an_absent_date_is_seen(self):
        dates = list(pd.to_datetime([f"{year}-01-01" for year in (2000, 2001, 2002, 2004, 2005)]))
        _, fit = self.fit(dates)
        assert list(fit.design.periods) == [dates[1], dates[2], dates[4]]

    def test_too_few_steps(self):
        with pytest.raises(errors.ModelError, match=r"one step, 1, before them.*2000, 2003, 2005"):
            self.fit([1990, 1991, 2000, 2003, 2005])

    def test_predicting_on_needs_the_samples_own_step(self):
        y, x, w = self.arrays(list(range(8)))
        fit = sc.fit_panel(panel(y[:-2], x[:-2], [0, 1, 2, 3, 5, 6]), "y", "x", w, dynamic="y", effects="region")
        assert fit.predict(panel(y[-2:], x[-2:], [7, 8]), kind="reduced").shape == (2, N)
        with pytest.raises(errors.UnsupportedModelError, match="must follow on"):
            fit.predict(panel(y[-2:], x[-2:], [8, 9]), kind="reduced")
