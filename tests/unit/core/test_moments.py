"""The algebra of moments and instruments, by dense brute force on N = 6, T = 4."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg as la
import scipy.optimize as so
import scipy.sparse as sp

from spatialconv._core.likelihood.effects import deviations, means, projection
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.regression import moments as gm
from spatialconv._core.regression import moments_robust as robust
from spatialconv._core.regression import two_stage as ts
from tests.tolerances import EXACT, MOMENTS, REFERENCE

N, T, LAM = 6, 4, 0.35
KINDS = ("none", "region", "time", "two-way")


def row_standardised(seed: int = 0, n: int = N) -> sp.csr_array:
    rng = np.random.default_rng(seed)
    W = rng.uniform(0.2, 1.0, (n, n)) * (rng.uniform(size=(n, n)) < 0.6)
    W[np.arange(n), (np.arange(n) + 1) % n] = 0.5
    np.fill_diagonal(W, 0)
    return sp.csr_array(W / W.sum(axis=1, keepdims=True))


def unit_residuals(M: sp.csr_array) -> np.ndarray:
    """Residuals u = (I - lambda M)^-1 e for every unit vector e, shape (N T, T, N)."""
    e = np.eye(N * T).reshape(N * T, T, N)
    return e @ la.inv(np.eye(N) - LAM * M.toarray()).T


def total(systems: list[gm.System], weights: np.ndarray) -> gm.System:
    """The expected moments of independent errors with these variances: quadratic forms add up over unit vectors."""
    parts = [sum(w * s[k] for w, s in zip(weights, systems, strict=True)) for k in range(3)]
    return gm.System(*parts, systems[0].by_variance)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_variances_have_mean_zero(kind):
    M, project = row_standardised(), projection(kind, T, N, lee_yu=True)
    traces = gm.link_traces(M, demeaned=project.over_regions)
    systems = []
    for u in unit_residuals(M):
        u = project(u)
        v = project(lag(M, u))
        z = project(lag(M, v))
        systems.append(gm.equal_variances(u, v, z, traces, project.dof, N * project.J / project.dof))
    expected = total(systems, np.full(N * T, 2.5))
    np.testing.assert_allclose(expected.at(LAM, np.array([2.5])), 0, atol=EXACT)
    assert np.abs(expected.at(LAM + 0.1, np.array([2.5]))).max() > 0.01


def test_random_effects_have_mean_zero():
    """Means have the variance sigma2 + T sigma_mu^2; here sigma2 = 1.5 and sigma_mu^2 = 0.7."""
    M = row_standardised()
    traces = gm.link_traces(M, demeaned=False)
    Bi = la.inv(np.eye(N) - LAM * M.toarray())
    shared = np.eye(N)[:, None, :].repeat(T, axis=1) @ Bi.T
    systems = []
    for u in np.concatenate([unit_residuals(M), shared]):
        v = lag(M, u)
        z = lag(M, v)
        inner = gm.equal_variances(*(deviations(a) for a in (u, v, z)), traces, N * (T - 1), 1.0)
        outer = gm.equal_variances(*(means(a) for a in (u, v, z)), traces, N, 1.0)
        systems.append(gm.stacked(inner, outer))
    expected = total(systems, np.r_[np.full(N * T, 1.5), np.full(N, 0.7)])
    np.testing.assert_allclose(expected.at(LAM, np.array([1.5, 1.5 + T * 0.7])), 0, atol=EXACT)


@pytest.mark.parametrize("kind", KINDS)
def test_unequal_variances_have_mean_zero(kind):
    """Whatever the variances of single observations are."""
    M, project = row_standardised(), projection(kind, T, N, lee_yu=True)
    forms = robust.forms(M, demeaned=project.over_regions)
    systems = []
    for u in unit_residuals(M):
        u = project(u)
        systems.append(robust.unequal_variances(u, project(lag(M, u)), forms, project.dof))
    expected = total(systems, np.random.default_rng(1).uniform(0.2, 5, N * T))
    np.testing.assert_allclose(expected.at(LAM, np.empty(0)), 0, atol=EXACT)
    assert np.abs(expected.at(LAM + 0.1, np.empty(0))).max() > 0.01


def test_variance_of_normal_moments():
    """cov(e'A e, e'B e) = sigma^4 tr((A + A')(B + B')) / 2, dense."""
    M = row_standardised()
    D = M.toarray()
    forms = (np.eye(N), D.T @ D, D)
    dense = [[np.trace((A + A.T) @ (B + B.T)) / 2 for B in forms] for A in forms]
    np.testing.assert_allclose(gm.link_traces(M, demeaned=False).variance * N, dense, atol=EXACT)


def test_pairwise_variance_is_the_dense_one():
    M = row_standardised()
    forms = robust.forms(M, demeaned=False)
    e = np.random.default_rng(2).normal(size=(1, N))
    S = [(B + B.T).toarray() for B in forms]
    V = np.diag(e[0] ** 2)
    dense = [[np.trace(A @ V @ B @ V) / 2 for B in S] for A in S]
    np.testing.assert_allclose(robust.pairwise_variance(e, forms, 3), np.array(dense) / 9, atol=EXACT)


def test_pairwise_variance_counts_dependence_over_time():
    """Errors that are the same in every period: the form is T times that of one, its variance T^2 times."""
    forms = robust.forms(row_standardised(), demeaned=False)
    e = np.random.default_rng(2).normal(size=(1, N))
    once, often = (robust.pairwise_variance(a, forms, 1) for a in (e, e.repeat(T, axis=0)))
    np.testing.assert_allclose(often, T**2 * once, rtol=EXACT)


def test_slopes_are_derivatives():
    """Of the moments with respect to coefficients of Z, by differences of a quadratic: exact."""
    rng = np.random.default_rng(3)
    M, y, Z, d = row_standardised(), rng.normal(size=(T, N)), rng.normal(size=(T, N, 2)), np.array([0.5, -1.0])
    traces, forms = gm.link_traces(M, demeaned=False), robust.forms(M, demeaned=False)

    def equal(d):
        u = y - Z @ d
        v = lag(M, u)
        return gm.equal_variances(u, v, lag(M, v), traces, N * T, 1.0).at(LAM, np.array([1.0]))

    def unequal(d):
        u = y - Z @ d
        return robust.unequal_variances(u, lag(M, u), forms, N * T).at(LAM, np.empty(0))

    Zs, e = Z - LAM * lag(M, Z), y - Z @ d - LAM * lag(M, y - Z @ d)
    given = (gm.slopes(e, lag(M, e), Zs, lag(M, Zs), N * T), robust.slopes(e, Zs, forms, N * T))
    for f, found in zip((equal, unequal), given, strict=True):
        differences = [(f(d + step) - f(d - step)) / 2 for step in np.eye(2)]
        np.testing.assert_allclose(found, differences, atol=EXACT)


@pytest.mark.parametrize("seed", range(5))
def test_minimum_is_the_global_one(seed):
    rng = np.random.default_rng(seed)
    system = gm.System(*rng.normal(size=(3, 6)), rng.normal(size=(6, 2)))
    root = np.triu(rng.normal(size=(6, 6)))
    found = gm.minimise(system, root, (-1.3, 0.9))

    def value(lam):
        left = root @ (system.g - lam * system.by_lam - lam**2 * system.by_square)
        S = root @ system.by_variance
        return ((left - S @ la.lstsq(S, left)[0]) ** 2).sum()

    grid = np.linspace(-1.3, 0.9, 2001)
    near = grid[np.argmin([value(x) for x in grid])]
    ends = (max(near - 0.01, -1.3), min(near + 0.01, 0.9))
    best = so.minimize_scalar(value, bounds=ends, method="bounded", options={"xatol": 1e-12}).x
    assert found.lam == pytest.approx(best, abs=MOMENTS)
    assert found.value == pytest.approx(value(found.lam), rel=REFERENCE)
    assert found.value == pytest.approx(((root @ system.at(found.lam, found.variances)) ** 2).sum(), rel=REFERENCE)
    assert found.at_bound == (found.lam in (-1.3, 0.9))
    if not found.at_bound:
        assert found.slope < REFERENCE


def test_minimum_on_a_bound():
    """A line that falls throughout: |1 - lambda|^2 on (-0.5, 0.5)."""
    system = gm.System(np.ones(1), np.ones(1), np.zeros(1), np.empty((1, 0)))
    found = gm.minimise(system, None, (-0.5, 0.5))
    assert (found.lam, found.at_bound) == (0.5, True)


@pytest.mark.parametrize("cov", ["unadjusted", "robust"])
def test_against_linearmodels(cov):
    iv = pytest.importorskip("linearmodels.iv")
    rng = np.random.default_rng(4)
    n = 60
    z, x, e = rng.normal(size=(n, 3)), np.c_[np.ones(n), rng.normal(size=n)], rng.normal(size=n)
    endogenous = z @ [0.5, 0.2, 0.0] + x[:, 1] + 0.5 * e + rng.normal(size=n)
    y = x @ [1.0, 1.0] + 0.5 * endogenous + e
    other = iv.IV2SLS(y, x, endogenous, z).fit(cov_type=cov, debiased=False)
    Qx, _ = ts.extended(np.empty((n, 0)), x, la.norm(x, axis=0))
    Qe, kept = ts.extended(Qx, np.c_[z, z[:, 0] + x[:, 1]], la.norm(np.c_[z, z[:, 0]], axis=0))
    assert len(kept) == 3  # the fourth is spanned by the others
    ours = ts.two_stage(y, np.c_[x, endogenous], np.c_[Qx, Qe])
    np.testing.assert_allclose(ours.coefficients, other.params, rtol=REFERENCE)
    meat = (lambda a, e: a.T @ (a * e.reshape(-1, 1) ** 2)) if cov == "robust" else None
    parts = ours.regressors @ ours.inverse
    found = parts.T @ parts * np.mean(ours.residuals**2) if meat is None else meat(parts, ours.residuals)
    np.testing.assert_allclose(found, other.cov, rtol=REFERENCE)
    first, theirs = ts.first_stage(endogenous[None], Qx, Qe, n, meat), other.first_stage.diagnostics.loc["endog"]
    assert first.partial_rsquared == pytest.approx(theirs["partial.rsquared"], rel=REFERENCE)
    if cov == "unadjusted":  # linearmodels divides the first stage's sum of squares by n here
        assert first.f * n / (n - 5) == pytest.approx(theirs["f.stat"], rel=REFERENCE)
        assert first.df == (3, n - 5)
    else:  # a chi-squared statistic
        assert 3 * first.f == pytest.approx(theirs["f.stat"], rel=REFERENCE)


@pytest.mark.parametrize("periods", [1, 2, 3, 5])
def test_squares_are_unbiased(periods):
    """E of squared deviations is (I - 11'/T)^{o2} sigma2; the function is linear in the squares."""
    variances = np.random.default_rng(5).uniform(0.2, 4, (periods, N))
    P = np.eye(periods) - (1 / periods if periods > 1 else 0.0)
    expected = (P**2) @ variances
    found = ts.squares(np.sqrt(expected), over_periods=True)
    if periods == 2:  # both squares are the same: only their sum can be right
        found, variances = found.sum(axis=0), variances.sum(axis=0)
    np.testing.assert_allclose(found, variances, rtol=EXACT)


def test_squares_without_demeaning():
    e = np.random.default_rng(5).normal(size=(T, N))
    np.testing.assert_array_equal(ts.squares(e, over_periods=False), e**2)


@pytest.mark.parametrize("rho", [-0.9, 0.0, 0.6, 0.97])
def test_series_is_the_inverse(rho):
    W, Z = row_standardised(), np.random.default_rng(6).normal(size=(T, N, 2))
    dense = np.einsum("ij,tjk->tik", la.inv(np.eye(N) - rho * W.toarray()), Z)
    np.testing.assert_allclose(ts.series_solve(W, rho, Z), dense, rtol=REFERENCE, atol=EXACT)


def test_series_declines_where_it_is_long():
    assert ts.series_solve(row_standardised(), 0.985, np.ones((T, N))) is None
