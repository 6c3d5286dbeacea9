"""Score tests by brute force: the gradient of a dense log-density by differences, its information by moments."""

from __future__ import annotations

import numpy as np
import scipy.linalg as la

from tests.brute import Case, dummies, log_density, moments, transformation


def outcome(case: Case) -> np.ndarray:
    """The vector whose density `moments` describes."""
    if case.correction != "lee-yu":
        return case.y.ravel()
    FT, FN = transformation(*case.y.shape, case.effects)
    return (FT.T @ case.y @ FN).ravel()


def null_estimates(case: Case) -> np.ndarray:
    """(beta, zeros of the spatial parameters, sigma2, coefficients of the dummies) by least squares."""
    T, N, K = case.X.shape
    y, X, D = outcome(case), case.X, np.empty((0, 0))
    if case.correction == "lee-yu":
        FT, FN = transformation(T, N, case.effects)
        X = np.einsum("ts,tnk,nm->smk", FT, X, FN).reshape(len(y), K)
        D = np.empty((len(y), 0))
    else:
        X, D = X.reshape(T * N, K), dummies(T, N, case.effects)
    b = la.lstsq(np.hstack([X, D]), y)[0]
    e = y - np.hstack([X, D]) @ b
    return np.concatenate([b[:K], np.zeros(len(case.free)), [e @ e / len(y)], b[K:]])


def gradient(case: Case, theta: np.ndarray, step: float = 1e-4) -> np.ndarray:
    """Central differences of the log-density with one Richardson step."""
    y = outcome(case)

    def f(t: np.ndarray) -> float:
        return log_density(y, *moments(case, t))

    def once(h: float) -> np.ndarray:
        E = np.eye(len(theta)) * h
        return np.array([(f(theta + e) - f(theta - e)) / (2 * h) for e in E])

    return (4 * once(step / 2) - once(step)) / 3


def information(case: Case, theta: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """m_i' S^-1 m_j + tr(S^-1 S_i S^-1 S_j) / 2 of all of theta, from central differences of mean and covariance."""
    E = np.eye(len(theta)) * step
    pairs = [(moments(case, theta + e), moments(case, theta - e)) for e in E]
    dm = [(a[0] - b[0]) / (2 * step) for a, b in pairs]
    dS = [(a[1] - b[1]) / (2 * step) for a, b in pairs]
    S = moments(case, theta)[1]
    Si_m, Si_S = [la.solve(S, m) for m in dm], [la.solve(S, s) for s in dS]
    info = np.array([[m @ v for v in Si_m] for m in dm])
    return info + 0.5 * np.array([[np.sum(a * b.T) for b in Si_S] for a in Si_S])


class Scores:
    """Gradient and information at a point, and the tests they give."""

    def __init__(self, case: Case, theta: np.ndarray) -> None:
        self.gradient, self.information = gradient(case, theta), information(case, theta)
        named = case.X.shape[2] + len(case.free) + (case.effects == "random") + 1
        self.effects = list(range(named, len(theta)))

    def test(self, tested: list[int], free: list[int]) -> float:
        """LM test of the parameters at `tested`; those at `free` and the effects are estimated, others held.

        The scores of the free ones need not vanish: those that do not are adjusted for, as Bera and Yoon do.
        """
        m = [*free, *self.effects]
        info = self.information
        cross = la.solve(info[np.ix_(m, m)], info[np.ix_(m, tested)])
        effective = self.gradient[tested] - cross.T @ self.gradient[m]
        return float(effective @ la.solve(info[np.ix_(tested, tested)] - info[np.ix_(tested, m)] @ cross, effective))


def score_test(case: Case, theta: np.ndarray, tested: list[int], free: list[int]) -> float:
    """One test."""
    return Scores(case, theta).test(tested, free)
