"""Log-determinants and traces of large sparse weights against dense algebra."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.spatial import cKDTree

from spatialconv._core.likelihood import information, logdet, traces
from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.likelihood import problem
from spatialconv._core.likelihood.maximise import maximise
from spatialconv.errors import OptimisationError
from spatialconv.models.estimation.estimate import optimum_of
from tests.tolerances import EXACT, LOGDET_RHO


def lattice(k: int) -> sp.csr_array:
    """Row-standardised rook contiguity of k x k cells; bipartite, so that its spectrum is symmetric."""
    D = sp.diags_array([np.ones(k - 1), np.ones(k - 1)], offsets=[-1, 1])
    W = sp.csr_array(sp.kron(sp.eye_array(k), D) + sp.kron(D, sp.eye_array(k)))
    return sp.csr_array(sp.diags_array(1 / np.asarray(W.sum(axis=1)).ravel()) @ W)


def general(n: int, seed: int) -> sp.csr_array:
    """Weights of no symmetry at all, not standardised, with a region that nobody reaches."""
    rng = np.random.default_rng(seed)
    W = rng.uniform(0.1, 1.0, (n, n)) * (rng.uniform(size=(n, n)) < 0.2)
    np.fill_diagonal(W, 0)
    W[0] = 0
    return sp.csr_array(W)


MATRICES = {
    "lattice": lattice(7),
    "general": general(40, 1),
    "island": sp.csr_array(sp.block_diag([lattice(4), [[0.0]]])),
}


@pytest.mark.parametrize("name", MATRICES)
class TestAgainstDense:
    def test_eigenvalues(self, name):
        W = MATRICES[name]
        ours = np.sort_complex(np.round(logdet.eigenvalues(W), 9))
        dense = np.sort_complex(np.round(np.linalg.eigvals(W.toarray()), 9))
        np.testing.assert_allclose(np.poly(ours).real, np.poly(dense).real, atol=1e-6)

    def test_value_and_derivatives(self, name):
        W = MATRICES[name]
        exact, n = logdet.Eigen.of(W), W.shape[0]
        low, high = exact.interval
        for rho in np.linspace(0.9 * low, 0.9 * high, 7):
            A = np.eye(n) - rho * W.toarray()
            G = W.toarray() @ np.linalg.inv(A)
            assert exact.value(rho) == pytest.approx(np.linalg.slogdet(A)[1], abs=1e-10)
            assert exact.derivative(rho) == pytest.approx(-np.trace(G), abs=1e-8)
            assert exact.second(rho) == pytest.approx(-np.trace(G @ G), rel=1e-8, abs=1e-8)
            assert logdet.Ordered.of(W, 0.1).log_determinants(np.array([rho])) == pytest.approx(
                np.linalg.slogdet(A)[1], abs=1e-10
            )

    def test_two_at_a_time_as_alone(self, name, monkeypatch):
        ordered, rhos = logdet.Ordered.of(MATRICES[name], 0.1), np.array([0.1, -0.2, 0.05, 0.3, 0.21])
        alone = ordered.log_determinants(rhos)
        monkeypatch.setattr(logdet, "SIDE_BY_SIDE", 0)
        monkeypatch.setattr(logdet, "cores", lambda: 2)
        np.testing.assert_array_equal(ordered.log_determinants(rhos), alone)
        assert len(set(alone)) == len(rhos)  # in their places

    def test_interpolation_closes_in(self, name):
        W = MATRICES[name]
        exact, coarse = logdet.Eigen.of(W), logdet.Factored.of(W)
        low, high = coarse.interval
        for rho in np.linspace(0.8 * low, 0.8 * high, 5):
            fine = coarse.nearer(rho).around(rho, logdet.NARROW)
            assert fine.value(rho) == pytest.approx(exact.value(rho), abs=1e-10)
            # Five nodes: an error that moves rho by less than 1e-8, since the curvature is of the size of n.
            assert fine.derivative(rho) == pytest.approx(exact.derivative(rho), rel=1e-7, abs=1e-7)
            assert fine.second(rho) == pytest.approx(exact.second(rho), rel=1e-6)
            # The nodes of the whole interval are kept.
            np.testing.assert_allclose(fine.whole().value(np.linspace(low, high, 9)[1:-1]),
                                       coarse.value(np.linspace(low, high, 9)[1:-1]), rtol=1e-12)  # fmt: skip

    def test_guaranteed_interval_lies_inside_the_admissible_one(self, name):
        W = MATRICES[name]
        low, high, poles = logdet.guaranteed(W)
        exact = logdet.Eigen.of(W).interval
        assert exact[0] - 1e-12 <= low < 0 < high <= exact[1] + 1e-12
        assert all(1 / pole == pytest.approx(exact[1], rel=EXACT) for pole in poles)

    def test_widened_has_exact_ends(self, name):
        W = MATRICES[name]
        np.testing.assert_allclose(logdet.Factored.of(W).widened().interval, logdet.Eigen.of(W).interval, rtol=1e-9)


@pytest.mark.parametrize(("w", "m"), [("lattice", "lattice"), ("lattice", None), (None, "lattice"), ("general", None)])
def test_traces_from_factors_are_the_dense_ones(w, m):
    W, M = (MATRICES[k] if k else None for k in (w, m))
    if W is not None and M is not None:
        # M differs from W: the same cells, numbered the other way round and standardised by another rule.
        M = sp.csr_array(M.T)
    rho, lam = (0.3 / abs(X).sum(axis=1).max() if X is not None else 0.0 for X in (W, M))
    dense = traces._dense(W, M, rho, lam)
    logdets = [logdet.Eigen.of(X) if X is not None else None for X in (W, M)]
    sparse = traces._sparse(traces._Known.of(W, M, rho, lam, *logdets))
    for field in ("g", "gg", "gbgb", "h", "hh", "hth", "hg", "htg"):
        assert getattr(sparse, field) == pytest.approx(getattr(dense, field), rel=1e-9, abs=1e-9), field
    np.testing.assert_allclose(sparse.sums_g, dense.sums_g, atol=1e-10)
    np.testing.assert_allclose(sparse.sums_h, dense.sums_h, atol=1e-10)


def test_complex_step_is_the_trace():
    rng = np.random.default_rng(0)
    K = sp.csr_array(np.eye(30) * 3 + rng.normal(size=(30, 30)) * 0.2)
    D = sp.csr_array(rng.normal(size=(30, 30)))
    expected = np.trace(np.linalg.solve(K.toarray(), D.toarray()))
    assert traces.trace_of_ratio(K, D) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(("w", "m"), [("lattice", None), (None, "lattice"), ("lattice", "scattered"), ("full", "full")])
def test_probed_traces_are_exact_on_average_and_know_their_error(w, m):
    """400 sets of probes: the mean within four of its standard errors, the error stated within a tenth of the true."""
    at = {"lattice": lattice(9), "scattered": scattered(81, 5), "full": full(81)}
    W, M = (at[k] if k else None for k in (w, m))
    rho, lam = 0.6 if w else 0.0, 0.4 if m else 0.0
    dense = traces._dense(W, M, rho, lam)
    known = traces._Known.of(W, M, rho, lam, *(logdet.Eigen.of(X) if X is not None else None for X in (W, M)))
    found, stated = [], []
    for seed in range(400):
        probes = traces.Probes(known, np.random.default_rng(seed).permutation(81))
        probes.more(48)
        t, spread = probes.traces()
        found.append([t.gbgb, t.hth, t.hg + t.htg])
        stated.append(spread)
    off = np.array(found) - [dense.gbgb, dense.hth, dense.hg + dense.htg]
    true = np.sqrt((off**2).mean(axis=0))
    assert (np.abs(off.mean(axis=0)) <= 4 * true / 20 + 1e-12).all()
    np.testing.assert_allclose(np.sqrt(np.diag(np.mean(stated, axis=0))), true, rtol=0.15, atol=1e-12)


@pytest.mark.parametrize("both", [False, True])
def test_simulated_information_is_as_close_as_it_says_whatever_the_order(both, monkeypatch):
    """Standard errors against dense ones, in units of the error stated; the same to rounding in another order."""
    monkeypatch.setattr(traces, "DENSE_CHEAP", 200)
    rng, n = np.random.default_rng(3), 210
    W = full(n)
    X, labels = rng.normal(size=(1, n, 2)), [f"r{k}" for k in range(n)]
    project = projection("none", 1, n, lee_yu=False)

    def errors(order):
        w = sp.csr_array(W[order][:, order])
        links = logdet.Eigen.of(w)
        x = X[:, order]
        eta = x @ [1.0, -0.5]
        terms = {"W": w, "logdet_w": links} if both else {}
        places = traces.label_order([labels[k] for k in order])
        info, left = information.information(
            x, eta, 0.4 * both, 0.7, 1.0, project, M=w, logdet_m=links, places=places, **terms
        )
        return np.sqrt(np.diag(information.inverse(info))), left

    here, left = errors(np.arange(n))
    there, _ = errors(rng.permutation(n))
    monkeypatch.setattr(traces, "DENSE_CHEAP", 2500)
    exact, none = errors(np.arange(n))
    assert none == 0
    assert 0 < left <= information.ACCURACY
    np.testing.assert_allclose(there, here, rtol=1e-9)
    assert (np.abs(here / exact - 1) <= 4 * left).all()
    assert np.abs(here / exact - 1).max() > 1e-9


def test_information_without_a_log_determinant_is_the_same():
    W, X = lattice(21), np.random.default_rng(0).normal(size=(1, 441, 2))
    project = projection("none", 1, 441, lee_yu=False)
    plain, _ = information.information(X, X @ [1.0, 2.0], 0.5, 0.0, 1.0, project, W=W)
    given, _ = information.information(X, X @ [1.0, 2.0], 0.5, 0.0, 1.0, project, W=W, logdet_w=logdet.Eigen.of(W))
    np.testing.assert_allclose(plain, given, rtol=1e-8, atol=1e-8)


def full(n: int) -> sp.csr_array:
    """Inverse distances of random points, row-standardised: every pair is linked."""
    at = np.random.default_rng(2).uniform(size=(n, 2))
    D = np.linalg.norm(at[:, None] - at, axis=2)
    W = np.divide(1.0, D, out=np.zeros_like(D), where=D > 0)
    return sp.csr_array(W / W.sum(axis=1, keepdims=True))


def lopsided(n: int) -> sp.csr_array:
    """Links of every pair, none as strong as the one back."""
    W = np.random.default_rng(5).uniform(0.1, 1.0, (n, n))
    np.fill_diagonal(W, 0)
    return sp.csr_array(W / W.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("make", [full, lopsided])
def test_full_weights_are_factorised_densely(make, monkeypatch):
    """The same log-determinants, solutions and traces as from sparse factors, and as from numpy."""
    W, n, rho = make(420), 420, 0.6
    A, rng = np.eye(n) - rho * W.toarray(), np.random.default_rng(0)
    Z = rng.normal(size=(n, 3))
    dense = logdet.factor(W, rho)
    assert isinstance(dense, logdet.Whole)
    np.testing.assert_allclose(dense.solve(Z), np.linalg.solve(A, Z), rtol=1e-10)
    np.testing.assert_allclose(dense.solve(Z, "T"), np.linalg.solve(A.T, Z), rtol=1e-10)
    rhos = np.array([-0.9, 0.2, rho])
    found = logdet.Unordered(W).log_determinants(rhos)
    np.testing.assert_allclose(found, logdet.Ordered.of(W, 0.2).log_determinants(rhos), rtol=1e-10)
    np.testing.assert_allclose(found, [np.linalg.slogdet(np.eye(n) - r * W.toarray())[1] for r in rhos], rtol=1e-10)
    auto = logdet.choose(W)
    assert isinstance(auto, logdet.Eigen if make is full else logdet.Factored)
    for r in (rho, -0.3, 1e-7):
        G = W.toarray() @ np.linalg.inv(np.eye(n) - r * W.toarray())
        here = traces.traces_of(W, None, r, 0.0, logdet_w=auto, logdet_m=None)
        np.testing.assert_allclose(
            [here.g, here.gg, here.gbgb], [np.trace(G), (G * G.T).sum(), (G**2).sum()], rtol=1e-9
        )
        np.testing.assert_allclose(here.sums_g, G.sum(axis=0), rtol=1e-9)
    exact = logdet.Eigen.of(W)
    X = rng.normal(size=(2, n, 1))
    y = np.linalg.solve(A, (X[..., 0] + rng.normal(size=(2, n))).T).T
    project = projection("region", 2, n, lee_yu=False)
    best = maximise(problem(y, X, project, W=W, logdet_w=logdet.Factored.of(W))).point
    assert best.rho == pytest.approx(maximise(problem(y, X, project, W=W, logdet_w=exact)).point.rho, abs=LOGDET_RHO)
    # As if no weights were full.
    monkeypatch.setattr(logdet, "FULL", 2.0)
    sparse = maximise(problem(y, X, project, W=W, logdet_w=logdet.Factored.of(W))).point
    assert best.rho == pytest.approx(sparse.rho, abs=LOGDET_RHO)
    assert best.loglik == pytest.approx(sparse.loglik, abs=1e-6)


def scattered(n: int, k: int) -> sp.csr_array:
    """Each of n random points with its k nearest, which is not mutual."""
    at = np.random.default_rng(1).uniform(size=(n, 2))
    near = cKDTree(at).query(at, k + 1)[1][:, 1:]
    return sp.csr_array((np.full(n * k, 1 / k), (np.repeat(np.arange(n), k), near.ravel())), shape=(n, n))


def ring(n: int) -> sp.csr_array:
    """A circle, whose smallest eigenvalue is -1."""
    return sp.csr_array(sp.diags_array([0.5, 0.5, 0.5, 0.5], offsets=[1, -1, n - 1, 1 - n], shape=(n, n)))


LARGE = {"knn": scattered(300, 5), "ring": ring(300), "binary": sp.csr_array(2 * ring(300))}


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("share", [-0.98, -0.5, 0.0, 0.6, 0.95, 0.998])
def test_the_optimum_is_that_of_the_eigenvalues(name, share):
    """Between and next to the bounds, and beyond -1 where norms guarantee -1 only: rho to 1e-8."""
    W = LARGE[name]
    exact, n = logdet.Eigen.of(W), W.shape[0]
    rho = abs(share) * exact.interval[int(share > 0)]
    rng = np.random.default_rng(3)
    X = rng.standard_normal((3, n, 2))
    y = np.linalg.solve(np.eye(n) - rho * W.toarray(), (X.sum(axis=2) + rng.standard_normal((3, n))).T).T
    project = projection("region", 3, n, lee_yu=False)
    want, got = (maximise(problem(y, X, project, W=W, logdet_w=how)) for how in (exact, logdet.Factored.of(W)))
    assert got.point.rho == pytest.approx(want.point.rho, abs=LOGDET_RHO)
    assert got.point.loglik == pytest.approx(want.point.loglik, abs=1e-6)
    assert got.at_bound == want.at_bound


def drawn(W: sp.csr_array, rho: float, periods: int, columns: int, seed: int, share: float = 1.0):
    """Draw y (T, N) and X (T, N, K) of a lag model whose coefficients are all `share`."""
    n, rng = W.shape[0], np.random.default_rng(seed)
    X = rng.standard_normal((periods, n, columns))
    mean = share * X.sum(axis=2) + rng.standard_normal((periods, n))
    return sp.linalg.spsolve(sp.csc_array(sp.eye_array(n) - rho * W), mean.T).T, X


def line(n: int) -> sp.csr_array:
    """Regions in a row: log-determinants bend more towards the ends of the interval than those of any plane."""
    D = sp.diags_array([np.ones(n - 1), np.ones(n - 1)], offsets=[-1, 1])
    return sp.csr_array(sp.diags_array(1 / np.asarray(D.sum(axis=1)).ravel()) @ D)


@pytest.mark.parametrize("rho", [-0.97, -0.8, 0.4, 0.8, 0.97, 0.99])
def test_the_search_settles_where_the_whole_interval_misleads(rho):
    """Rho to 1e-8 and its curvature, on which standard errors rest, to 1e-5 (rounding over the square of a width)."""
    W, n = line(700), 700
    y, X = drawn(W, rho, 4, 2, seed=round(100 * abs(rho)) + 4, share=0.2)
    project, exact = projection("region", 4, n, lee_yu=False), logdet.Eigen.of(W)
    want, got = (maximise(problem(y, X, project, W=W, logdet_w=how)) for how in (exact, logdet.Factored.of(W)))
    assert got.settled
    assert got.point.rho == pytest.approx(want.point.rho, abs=LOGDET_RHO)
    assert got.logdet_w.second(got.point.rho) == pytest.approx(exact.second(want.point.rho), rel=1e-5)


def test_a_search_begins_with_the_whole_interval_whatever_window_it_is_given():
    """A bootstrap imposes other values on a likelihood whose log-determinant the estimate has narrowed."""
    W, n = lattice(20), 400
    y, X = drawn(W, 0.6, 3, 1, seed=6)
    project, coarse = projection("region", 3, n, lee_yu=False), logdet.Factored.of(W)
    far = coarse.around(-0.7, logdet.NARROW)
    one, other = (maximise(problem(y, X, project, W=W, logdet_w=how)).point.rho for how in (coarse, far))
    assert one == pytest.approx(other, abs=1e-12)


def test_few_factorisations_suffice():
    """On a lattice, as at most places: five over the interval, two near the optimum, five around it."""
    W, n = lattice(25), 625
    y, X = drawn(W, 0.5, 5, 2, seed=7)
    found = maximise(problem(y, X, projection("two-way", 5, n, lee_yu=True), W=W, logdet_w=logdet.Factored.of(W)))
    assert found.logdet_w.n_factored == 12


def test_an_optimum_that_does_not_stay_put_is_refused(monkeypatch):
    from spatialconv._core.likelihood import maximise as module

    monkeypatch.setattr(module, "MOVED", 1)
    W, n = lattice(25), 625
    rng = np.random.default_rng(7)
    y, X = rng.standard_normal((2, 2, n, 1))
    likelihood = problem(y[..., 0], X, projection("none", 2, n, lee_yu=False), W=W, logdet_w=logdet.Factored.of(W))
    with pytest.raises(OptimisationError, match="moved with every refinement"):
        optimum_of(likelihood)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slopes_along_an_axis_are_those_at_its_points(axis):
    """Arrays and numbers against one evaluation a point."""
    rng = np.random.default_rng(4)
    W = ring(12)
    y, X = rng.standard_normal((4, 12)), rng.standard_normal((4, 12, 2))
    how = logdet.Eigen.of(W)
    given = [{"W": W, "logdet_w": how}, {"M": W, "logdet_m": how}, {"random": True}][axis]
    found = problem(y, X, projection("none", 4, 12, lee_yu=False), **given)
    at = np.linspace(-0.9, 0.9, 7) if axis < 2 else np.linspace(-5, -0.1, 7)
    places = np.zeros((7, 3))
    places[:, axis] = at
    want = [found.at(*place).gradient[axis] for place in places]
    slope = found.along(axis)
    np.testing.assert_allclose(slope(at), want, rtol=1e-10)
    np.testing.assert_allclose([slope(float(value)) for value in at], want, rtol=1e-10)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["sarar", "random lag", "random sarar"])
def test_many_points_at_once_are_the_same_one_by_one(kind, seed):
    """The grid of the search against the likelihood with its gradient, which brute force witnesses."""
    rng = np.random.default_rng(seed)
    # Weights so small that coefficients beyond one are admissible.
    W, M = (sp.csr_array(rng.uniform(0, 0.08, (7, 7)) * (1 - np.eye(7))) for _ in range(2))
    y, X = rng.standard_normal((5, 7)), rng.standard_normal((5, 7, 2))
    given = {"W": W, "logdet_w": logdet.Eigen.of(W)} | (
        {"M": M, "logdet_m": logdet.Eigen.of(M)} if "sarar" in kind else {}
    )
    random = "random" in kind
    found = problem(y, X, projection("none" if random else "two-way", 5, 7, lee_yu=not random), random=random, **given)
    rho, lam = rng.uniform(-0.5, 1.5 if random else 0.9, (2, 9))
    lam, psi = lam * ("sarar" in kind), rng.uniform(-1, -0.1, 9) * random
    one_by_one = [found.at(*point).loglik for point in zip(rho, lam, psi, strict=True)]
    np.testing.assert_allclose(found.logliks(rho, lam, psi), one_by_one, rtol=1e-12)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["sarar", "random lag", "random sarar"])
def test_two_and_three_coefficients_end_where_they_end_by_eigenvalues(kind, seed):
    """Estimates that pull each other out of the windows in which the log-determinant is refined."""
    rng = np.random.default_rng(seed)
    W, M = scattered(60, 5), sp.csr_array(ring(60)) if seed % 2 else scattered(60, 5)
    rho, lam = rng.uniform(-0.5, 0.8, 2)
    X = np.concatenate([np.ones((3, 60, 1)), rng.standard_normal((3, 60, 2))], axis=2)
    u = np.linalg.solve(np.eye(60) - lam * M.toarray(), rng.standard_normal((60, 3))).T
    y = np.linalg.solve(np.eye(60) - rho * W.toarray(), (X.sum(axis=2) + u + 0.5 * rng.standard_normal(60)).T).T
    random, ends = "random" in kind, {}
    for how in (logdet.Eigen, logdet.Factored):
        given = {"W": W, "logdet_w": how.of(W)} | ({"M": M, "logdet_m": how.of(M)} if "sarar" in kind else {})
        found = maximise(problem(y, X, projection("none", 3, 60, lee_yu=False), random=random, **given))
        assert found.settled
        ends[how] = found.point
    one, other = ends.values()
    # Where the likelihood is level the point is known to the square root of the error of its value.
    np.testing.assert_allclose(one[:3], other[:3], atol=1e-6)
    assert one.loglik == pytest.approx(other.loglik, abs=1e-8)
