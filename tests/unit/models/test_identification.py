"""What tells rho and lambda: the guards against dense information, on weights of every kind and under all effects."""

from __future__ import annotations

import warnings
from functools import lru_cache
from itertools import product

import numpy as np
import pandas as pd
import pytest
import scipy.optimize as so
import scipy.sparse as sp

import spatialconv as sc
from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.identification import Remainder, dependent
from spatialconv.checks import _inference
from spatialconv.errors import BoundaryWarning, ModelError
from spatialconv.models.estimation.identified import refuse_unidentified
from spatialconv.models.specification.design import Design
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.weights import Aligned
from tests.brute_identification import information, lost
from tests.simulation.identification import bipartite, blocks, grid

PALEY = np.array([[float((j - i) % 7 in {1, 2, 4}) for j in range(7)] for i in range(7)])
KINDS = {
    "complete": blocks(6),
    "pairs": blocks(2, 2, 2, 2),
    "groups of equal size": blocks(3, 3, 3),
    "groups of unequal size": blocks(3, 4),
    "bipartite, equal sides": bipartite(3, 3),
    "bipartite, unequal sides": bipartite(2, 4),
    "star": bipartite(1, 5),
    "islands and a link": np.block([[blocks(2), np.zeros((2, 4))], [np.zeros((4, 6))]]),
    "two regions": blocks(2),
    "directed ring of three": np.roll(np.eye(3), 1, axis=1),
    "directed ring of four": np.roll(np.eye(4), 1, axis=1),
    "tournament": PALEY,
    "grid": grid(2, 4),
}
MODELS = {"SAR": (True, False), "SEM": (False, True), "SARAR": (True, True), "SDM": (True, False), "GNS": (True, True)}
EFFECTS = ("none", "region", "time", "two-way", "random")


def standardised(links: np.ndarray) -> np.ndarray:
    sums = links.sum(axis=1, keepdims=True)
    return links / np.where(sums > 0, sums, 1.0)


@lru_cache
def aligned(links: bytes, N: int) -> Aligned:
    W = np.frombuffer(links).reshape(N, N)
    return sc.weights.align(sc.weights.from_matrix(W, regions=list(range(N))), pd.RangeIndex(N))


def refused(
    W: np.ndarray, M: np.ndarray, X: np.ndarray, effects: str, model: str, spoken: list[str] | None = None
) -> bool:
    """What the guard before estimation says."""
    T, N, K = X.shape
    constant = effects in ("none", "random")
    names = (*(["intercept"] if constant else []), *(f"x{k}" for k in range(K - constant)))
    w, m = (aligned(A.tobytes(), N) for A in (W, M))
    design = Design(np.zeros((T, N)), X, names, w.regions, pd.RangeIndex(T), w, m)
    spatial = {"SAR": "lag", "SEM": "error", "SARAR": "sarar", "SDM": "lag", "GNS": "sarar"}[model]
    try:
        said = refuse_unidentified(design, ModelSpec("y", names[constant:], spatial, effects=effects))
    except ModelError:
        return True
    if spoken is not None and said:
        spoken.append(said)
    return False


def told_apart(
    W: np.ndarray, M: np.ndarray, X: np.ndarray, effects: str, free: tuple[bool, bool], rng: np.random.Generator
) -> bool:
    """Whether the dense information is regular at any of three points of the parameter space."""
    found = []
    for _ in range(3):
        theta = {"rho": rng.uniform(-0.6, 0.6) * free[0], "lambda": rng.uniform(-0.6, 0.6) * free[1]}
        theta |= {"sigma2": rng.uniform(0.5, 2), "sigma2_mu": rng.uniform(0.5, 2)}
        found.append(lost(information(W, M, X, effects, free, theta)))
    # Identified or not, seven digits lie between the two.
    assert not 1e-11 < max(found) < 1e-6
    return max(found) > 1e-9


def regressors(W: np.ndarray, T: int, model: str, effects: str, rng: np.random.Generator, kind: str) -> np.ndarray:
    N = len(W)
    x = rng.standard_normal((T, N, 1))
    if kind == "constant in time":
        x = np.broadcast_to(x[:1], x.shape).copy()
    parts = [x, np.einsum("ij,tjk->tik", W, x)] if model in ("SDM", "GNS") else [x]
    if kind == "dummies":  # of groups of three, as C(group) gives
        label = np.arange(N) // 3
        parts.append(
            np.broadcast_to((label[:, None] == np.arange(1, label.max() + 1)).astype(float), (T, N, label.max()))
        )
    return np.concatenate([*([np.ones((T, N, 1))] if effects in ("none", "random") else []), *parts], axis=2)


def possible(W: np.ndarray, X: np.ndarray, effects: str, free: tuple[bool, bool]) -> bool:
    """Whether the model passes the checks that come before: rank, size, weights that time effects ask for."""
    T, N, K = X.shape
    over_regions, over_periods = effects in ("time", "two-way"), effects in ("region", "two-way")
    project = projection("none" if effects == "random" else effects, T, N, lee_yu=False)
    enough = (N - over_regions) * (T - over_periods) > K + 1 and np.linalg.matrix_rank(
        project(X).reshape(T * N, K)
    ) == K
    # The variance of the random effects is another matter: something must be left of the regions' means.
    enough &= effects != "random" or np.linalg.matrix_rank(X.mean(axis=0)) < N - 1
    return enough and not (over_regions and free[1] and (W.sum(axis=1) == 0).any())


class TestBeforeEstimation:
    @pytest.mark.parametrize("name", KINDS)
    @pytest.mark.parametrize("T", [1, 3])
    def test_guard_agrees_with_the_rank_of_the_information(self, name, T):
        W, seen = standardised(KINDS[name]), 0
        for effects, (model, free) in product(EFFECTS, MODELS.items()):
            if T == 1 and effects not in ("none", "time"):
                continue
            for kind in ("plain", "constant in time", "dummies"):
                rng = np.random.default_rng(3)
                X = regressors(W, T, model, effects, rng, kind)
                if not possible(W, X, effects, free):
                    continue
                said = refused(W, W, X, effects, model)
                assert said != told_apart(W, W, X, effects, free, rng), (effects, model, kind)
                seen += 1
        assert seen >= 2 or T == 1

    @pytest.mark.parametrize("seed", range(40))
    def test_guard_agrees_where_weights_are_drawn(self, seed):
        """Asymmetric, not standardised, W other than M, of one kind or of two."""
        rng = np.random.default_rng(seed)
        N, T = int(rng.integers(4, 8)), int(rng.integers(1, 4))
        W, M = (rng.random((N, N)) * (rng.random((N, N)) < 0.6) for _ in range(2))
        if seed % 4 == 1:
            W = blocks(*[2] * (N // 2), *[1] * (N % 2))
        if seed % 4 == 2:
            W, M = blocks(N), standardised(blocks(N)) * 0.5
        for A in (W, M):
            np.fill_diagonal(A, 0.0)
        M = W if seed % 4 == 3 else M
        seen = 0
        for effects, (model, free) in product(("none", "region", "random"), MODELS.items()):
            if T == 1 and effects != "none":
                continue
            X = regressors(W, T, model, effects, rng, "plain")
            if possible(W, X, effects, free):
                said = refused(W, M, X, effects, model)
                assert said != told_apart(W, M, X, effects, free, rng), (effects, model)
                seen += 1
        assert seen or T == 1

    def test_no_false_alarm_on_ordinary_graphs(self):
        """A thousand of them: nearest neighbours, bands of distance, decay, random links; with effects and without."""
        rng, seen = np.random.default_rng(0), 0
        for k in range(1000):
            # Of six regions the four nearest are nearly all: two distinct eigenvalues, and rightly refused.
            N, T = int(rng.integers(9, 40)), int(rng.integers(1, 5))
            at = rng.random((N, 2))
            d = np.linalg.norm(at[:, None] - at, axis=2)
            np.fill_diagonal(d, np.inf)
            W = (
                (d <= np.sort(d, axis=1)[:, [3]]) * 1.0,
                (d < 0.35) * 1.0,
                d**-1.0,
                (rng.random((N, N)) < 0.3) * (1 - np.eye(N)),
            )[k % 4]
            W = standardised(W) if k % 8 < 4 else W
            if W.astype(bool).sum() < 2 * N:
                continue
            effects = EFFECTS[k % 5] if T > 1 else ("none", "time")[k % 2]
            for model in ("SARAR", "GNS"):  # what holds of one coefficient holds of both
                X = regressors(W, T, model, effects, rng, "plain")
                if possible(W, X, effects, MODELS[model]):
                    spoken: list[str] = []
                    assert not refused(W, W, X, effects, model, spoken), (k, effects, model)
                    assert not spoken
                    seen += 1
        assert seen > 1500

    def test_large_sparse_weights_need_no_more_than_products(self):
        """Nothing as large as the matrix, dense: a ring of thirty thousand regions under two-way effects."""
        N = 30_000
        ring = sp.csr_array(sp.diags_array([1.0, 1.0], offsets=[1, -1], shape=(N, N)) / 2)
        left = Remainder(np.random.default_rng(0).standard_normal((2, N, 2)), projection("two-way", 2, N, lee_yu=False))
        assert left.leaves(ring)
        assert not dependent(left, ring, None)
        assert not dependent(left, ring, ring)


def noise(links: np.ndarray, seed: int, T: int = 8, b: float = 0.0) -> tuple[sc.Panel, object]:
    n, rng = len(links), np.random.default_rng(seed)
    frame = pd.DataFrame({"region": np.tile(np.arange(n), T), "period": np.repeat(np.arange(T), n)})
    frame["x"] = rng.standard_normal(n * T)
    frame["y"] = b * frame["x"] + rng.standard_normal(n * T)
    w = sc.weights.from_matrix(links, regions=list(range(n)), standardise="row")
    return sc.Panel(frame, region="region", period="period"), w


class TestRefusals:
    @pytest.mark.parametrize("effects", ["time", "two-way"])
    @pytest.mark.parametrize(
        "model",
        [
            {"spatial": "error"},
            {"spatial": "lag"},
            {"spatial": "sarar"},
            {"spatial": "lag", "correction": "none"},
            {"spatial": "error", "correction": "none"},
            {"spatial": "error", "estimator": "gmm"},
            {"spatial": "error", "estimator": "gmm", "vcov": "robust"},
            {"spatial": "sarar", "estimator": "gmm"},
        ],
    )
    def test_equal_weights_of_all_to_all(self, effects, model):
        panel, w = noise(blocks(12), 1)
        with pytest.raises(ModelError, match=r"not identified: once .* effects .* 12 regions, 132 links"):
            sc.fit_panel(panel, "y", "x", w, effects=effects, **model)

    def test_a_cross_section_with_an_intercept(self):
        panel, w = noise(blocks(12), 1, T=1)
        with pytest.raises(ModelError, match="rho is not identified: once the regressors are out"):
            sc.fit_panel(panel, "y", "x", w, effects="none")

    @pytest.mark.parametrize("effects", EFFECTS)
    @pytest.mark.parametrize("links", [blocks(*[2] * 10), blocks(5, 5, 5, 5)], ids=["pairs", "groups"])
    def test_reflection(self, effects, links):
        panel, w = noise(links, 1)
        with pytest.raises(ModelError, match="rho and lambda are not identified together"):
            sc.fit_panel(panel, "y", "x", w, spatial="sarar", durbin=True, effects=effects)

    def test_beta_says_so_too(self):
        rng, n = np.random.default_rng(0), 10
        frame = pd.DataFrame({"region": np.tile(np.arange(n), 5), "period": np.repeat(np.arange(5), n)})
        frame["y"] = np.exp(rng.standard_normal(n * 5).cumsum() / 10)
        w = sc.weights.from_matrix(blocks(n), regions=list(range(n)), standardise="row")
        panel = sc.Panel(frame, region="region", period="period")
        with pytest.raises(ModelError, match="not identified"):
            sc.beta(panel, "y", w, spatial="lag", effects="time")
        assert np.isfinite(sc.beta(panel, "y", w, spatial="lag", effects="region").rho)


class TestMomentsThatAreDependent:
    """Equal groups: M'M is a combination of I and M, so that three moments are two, and two are one."""

    @pytest.mark.parametrize(
        "links", [blocks(*[2] * 10), blocks(5, 5, 5, 5), blocks(12)], ids=["pairs", "groups", "all"]
    )
    def test_random_effects_as_with_the_independent_ones(self, links):
        """The same minimum as of the moments e'e and e'Me of deviations and of means, weighted by their variance."""
        panel, w = noise(links, 3, b=1.0)
        fit = sc.fit_panel(panel, "y", "x", w, spatial="error", effects="random", estimator="gmm")
        T, n, M = 8, len(links), standardised(links)
        y, x = (panel.values(name).ravel() for name in ("y", "x"))
        X = np.column_stack([np.ones(n * T), x])
        u = (y - X @ np.linalg.lstsq(X, y, rcond=None)[0]).reshape(T, n)
        mean = np.sqrt(T) * u.mean(axis=0, keepdims=True)
        parts = ((u - u.mean(axis=0), n * (T - 1)), (mean, n))
        # Of (e'e, e'Me) over n sigma^4, for normal errors and a symmetric M with a zero diagonal.
        shape = np.diag([2.0, 2 * (M**2).sum() / n])

        def moments(v, lam, dof):
            e = v - lam * v @ M.T
            return np.array([(e**2).sum(), (e * (e @ M.T)).sum()]) / dof

        first = so.minimize_scalar(
            lambda lam: moments(parts[0][0], lam, parts[0][1])[1] ** 2 / moments(parts[0][0], lam, parts[0][1])[0] ** 2,
            bounds=(-0.9, 0.9),
        )
        assert abs(first.fun) < 1e-6
        # The first step of the package is unweighted over three moments; both are where e'Me vanishes.
        s = [moments(v, first.x, dof)[0] for v, dof in parts]
        weights = [np.linalg.inv(shape * s_k**2 / dof) for s_k, (_, dof) in zip(s, parts, strict=True)]

        def objective(theta):
            total = 0.0
            for (v, dof), s2, weight in zip(parts, theta[1:], weights, strict=True):
                m = moments(v, theta[0], dof) - [s2, 0.0]
                total += m @ weight @ m
            return total

        found = so.minimize(objective, [first.x, *s], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-14})
        assert fit.lambda_ == pytest.approx(found.x[0], abs=2e-4)
        assert fit.std_errors["lambda"] == pytest.approx(1 / np.sqrt(2 * T * (M**2).sum()), rel=0.25)

    @pytest.mark.parametrize("links", [blocks(*[2] * 10), blocks(5, 5, 5, 5)], ids=["pairs", "groups"])
    @pytest.mark.parametrize("effects", ["none", "region", "time", "two-way"])
    def test_unequal_variances_leave_one_moment(self, links, effects):
        """e'(M - D)e = 0 at the residuals of the first round on filtered data: solved here by brute force."""
        panel, w = noise(links, 4, b=1.0)
        fit = sc.fit_panel(panel, "y", "x", w, spatial="error", effects=effects, estimator="gmm", vcov="robust")
        ml = sc.fit_panel(panel, "y", "x", w, spatial="error", effects=effects)
        # With two distinct eigenvalues the score of lambda is this very moment, at the estimates of maximum likelihood.
        assert fit.lambda_ == pytest.approx(ml.lambda_, abs=2e-3)
        assert np.isfinite(fit.std_errors["lambda"])


class TestAfterEstimation:
    def fits(self, links, **options):
        for seed in range(12):
            panel, w = noise(links, seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", BoundaryWarning)
                yield panel, w, sc.fit_panel(panel, "y", "x", w, spatial="sarar", **options)

    @pytest.mark.parametrize("links", [blocks(*[2] * 10), blocks(5, 5, 5, 5)], ids=["pairs", "groups"])
    @pytest.mark.parametrize("effects", ["two-way", "random"])
    def test_no_corner_without_a_word(self, links, effects):
        corners = 0
        for _, _, fit in self.fits(links, effects=effects):
            assert any("two distinct eigenvalues" in text for text in fit.weak)
            if fit.sigma2 < 1e-3:
                corners += 1
                assert {"rho", "lambda"} <= set(fit.at_bound)
                assert any(text.startswith("corner") for text in fit.notes)
                assert "ON THE BOUND: rho, lambda" in repr(fit)
        assert corners >= 3

    def test_a_simpler_model_is_as_good_as_its_own_fit_says(self):
        said = 0
        for panel, w, fit in self.fits(grid(4, 5), effects="time"):
            others = {s: sc.fit_panel(panel, "y", "x", w, spatial=s, effects="time") for s in ("lag", "error")}
            ridge = [text for text in fit.weak if text.startswith("ridge")]
            for text in ridge:
                said += 1
                for other in others.values():
                    gap = fit.loglik - other.loglik
                    assert (f"{other.spec.name} (" in text) <= (gap < 0.1)
                    assert (
                        f"its log-likelihood {gap:.3f} lower" in text
                        or gap >= 0.1
                        or other.spec.name + " (" not in text
                    )
            if not ridge:
                for name, other in (("lambda", others["lag"]), ("rho", others["error"])):
                    far = abs(fit.params[name]) > 0.25 or 2 * fit.std_errors[name] > 1
                    assert fit.loglik - other.loglik >= 0.1 or not far
        assert said >= 1

    def test_level_profile_by_brute_force(self):
        """Nearly equal weights of all to all: identified on paper, and level over most of the interval."""
        rng = np.random.default_rng(5)
        links = blocks(9) * (1 + 0.3 * rng.random((9, 9)))
        panel, w = noise(links, 5)
        fit = sc.fit_panel(panel, "y", "x", w, spatial="error", effects="time")
        assert any("the log-likelihood is within 0.1 of its maximum for lambda" in text for text in fit.weak)
        M, T, n = standardised(links), 8, 9
        F = np.linalg.svd(np.eye(n) - 1 / n)[0][:, : n - 1]
        y, x = (panel.values(name) @ F for name in ("y", "x"))

        def profile(lam):
            B = np.eye(n - 1) - lam * (F.T @ M @ F)
            a, b = (y @ B.T).ravel(), (x @ B.T).ravel()
            e = a - b * (a @ b) / (b @ b)
            return T * np.linalg.slogdet(B)[1] - 0.5 * len(e) * np.log(e @ e)

        values = np.array([profile(lam) for lam in np.linspace(-0.999, 0.999, 201)])
        assert np.mean(values > profile(fit.lambda_) - 0.1) > 0.5

    def test_ordinary_graphs_are_left_alone(self):
        """A lag or an error that is there, in samples of common size: nothing to say."""
        for seed in range(20):
            rng = np.random.default_rng(seed)
            links, T, n = grid(6, 6), 6, 36
            W = standardised(links)
            x, e = rng.standard_normal((2, T, n))
            y = np.linalg.solve(np.eye(n) - 0.4 * W, (x + e).T).T
            frame = pd.DataFrame({"region": np.tile(np.arange(n), T), "period": np.repeat(np.arange(T), n)})
            frame["y"], frame["x"] = y.ravel(), x.ravel()
            w = sc.weights.from_matrix(links, regions=list(range(n)), standardise="row")
            panel = sc.Panel(frame, region="region", period="period")
            for spatial in ("lag", "error", "sarar"):
                fit = sc.fit_panel(panel, "y", "x", w, spatial=spatial, effects="two-way")
                assert not fit.weak, (seed, spatial, fit.weak)

    def test_check_asks(self):
        rng, n = np.random.default_rng(0), 10
        frame = pd.DataFrame({"region": np.tile(np.arange(n), 5), "period": np.repeat(np.arange(5), n)})
        frame["y"] = np.exp(rng.standard_normal(n * 5).cumsum() / 10)
        panel = sc.Panel(frame, region="region", period="period")
        w = sc.weights.from_matrix(blocks(*[2] * 5), regions=list(range(n)), standardise="row")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", BoundaryWarning)
            b = sc.beta(panel, "y", w, spatial="sarar", effects="time")

        class Asked:
            pass

        subject = Asked()
        subject.b = b
        finding = _inference.identified(subject)
        assert finding.verdict in ("warn", "fail")
        assert "two distinct eigenvalues" in finding.evidence
        subject.b = sc.beta(panel, "y", w, spatial="lag", effects="time")
        assert _inference.identified(subject).verdict == "ok"

    def test_weak_instruments_are_weak_identification(self):
        panel, w = noise(grid(4, 5), 1)
        fit = sc.fit_panel(panel, "y", "x", w, effects="time", estimator="gmm")
        assert fit.estimates.first.f < 10
        assert fit.weak == tuple(n for n in fit.notes if "first-stage F" in n)
        strong, _ = noise(grid(4, 5), 1)
        x = strong.values("x")
        W = standardised(grid(4, 5))
        frame = strong.frame.assign(y=(20 * x @ np.linalg.inv(np.eye(20) - 0.5 * W).T + strong.values("y")).ravel())
        fit = sc.fit_panel(
            sc.Panel(frame, region="region", period="period"), "y", "x", w, effects="time", estimator="gmm"
        )
        assert fit.estimates.first.f > 10
        assert not fit.weak


@pytest.mark.parametrize("estimator", ["ml", "gmm"])
def test_four_groups_of_five_tell_lambda_of_random_effects(estimator):
    """Equal links within groups leave two eigenvalues, each with two variances over time: four for three parameters."""
    M = (np.kron(np.eye(4), np.ones((5, 5))) - np.eye(20)) / 4
    ids = [f"r{k:02d}" for k in range(20)]
    w, found = sc.weights.from_matrix(M, regions=ids, standardise="row"), []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        errors = rng.normal(size=20) + rng.normal(size=(8, 20))
        x = rng.normal(size=(8, 20))
        y = 1 + 0.5 * x + np.linalg.solve(np.eye(20) - 0.4 * M, errors.T).T
        columns = {"region": np.tile(ids, 8), "year": np.repeat(range(8), 20), "y": y.ravel(), "x": x.ravel()}
        panel = sc.Panel(pd.DataFrame(columns), region="region", period="year")
        fit = sc.fit_panel(panel, "y", "x", w, spatial="error", effects="random", estimator=estimator)
        found.append(float(fit.params["lambda"]))
    # Three Monte Carlo errors of the mean, and a bias of 0.016 seen in 200 panels.
    assert abs(np.mean(found) - 0.4) < 0.016 + 3 * np.std(found) / 30**0.5
    assert np.std(found) < 0.15
