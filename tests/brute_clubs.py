"""The log t test and the club search word for word: every H from its definition, every group anew."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def h_variance(X):
    """Return H_t of the columns of X, shape (T, n)."""
    return np.array([np.mean([(x / np.mean(row) - 1) ** 2 for x in row]) for row in X])


def kernel(z):
    a = 6 * np.pi * z / 5
    return 25 / (12 * np.pi**2 * z**2) * (np.sin(a) / a - np.cos(a))


def long_run(u, rho, length, last):
    """Return the sum of all weighted autocovariances of u, leaving `last` values out of those of lag 1 and more."""
    alpha = 4 * rho**2 / (1 - rho) ** 4
    bandwidth = 1.3221 * (alpha * length) ** 0.2
    total = sum(v * v for v in u)
    m = len(u) - last
    for t in range(m):
        for s in range(m):
            if s != t:
                total += kernel(abs(t - s) / bandwidth) * u[t] * u[s]
    return total


def regression(X, start, hac="fqsb"):
    """Return b, standard error and t."""
    H = h_variance(X)
    t = np.arange(start + 1, len(X) + 1)
    y = np.log(H[0] / H[start:]) - 2 * np.log(np.log(t))
    Z = np.column_stack([np.ones(len(t)), np.log(t)])
    coefficients = np.linalg.lstsq(Z, y, rcond=None)[0]
    e = y - Z @ coefficients
    m = len(e)
    bread = np.linalg.inv(Z.T @ Z)
    if hac in ("fqsb", "qs"):
        rho = (e[1:] @ e[:-1]) / (e[:-1] @ e[:-1])
        lrv = long_run(e, rho, m, 1) / (m - 1) if hac == "fqsb" else long_run(e, rho, m, 0) / (m - 2)
        variance = lrv * bread[1, 1]
    elif hac == "aqsb":
        scores = Z * e[:, None]
        slope = np.column_stack([np.ones(m - 1), scores[:-1, 1]])
        rho = np.linalg.lstsq(slope, scores[1:, 1], rcond=None)[0][1]
        bandwidth = 1.3221 * (4 * rho**2 / (1 - rho) ** 4 * m) ** 0.2
        meat = scores.T @ scores
        for j in range(1, m):
            cross = kernel(j / bandwidth) * scores[j:].T @ scores[:-j]
            meat = meat + cross + cross.T
        variance = (bread @ meat @ bread)[1, 1] * m / (m - 2)
    else:
        variance = e @ e / (m - 2) * bread[1, 1]
    se = np.sqrt(variance)
    return coefficients[1], se, coefficients[1] / se


def find(X, start, hac="fqsb", threshold=-1.65, c_star=0.0, increment=0.1, cap=3.0, absolute=False, fixed=False):
    """Return the clubs, as lists of columns, and the divergent columns; X is sorted."""

    def t_of(columns):
        return regression(X[:, columns], start, hac)[2]

    clubs, left = [], list(range(X.shape[1]))
    while len(left) > 1:
        if t_of(left) > threshold:
            return [*clubs, left], []
        begin = next((i for i in range(len(left) - 1) if t_of(left[i : i + 2]) > threshold), None)
        if begin is None:
            break
        found, end = [], begin + 2
        while end <= len(left) and (t := t_of(left[begin:end])) > threshold:
            found.append(abs(t) if absolute else t)
            end += 1
        core = left[begin : begin + 2 + int(np.argmax(found))]
        alone = {i: t_of([*core, i]) for i in left if i not in core}
        c, club = c_star, None
        while club is None:
            club = sorted(core + [i for i, t in alone.items() if t > c])
            if not fixed and not t_of(club) > threshold:
                club, c = None, c + increment
                if c > cap + 1e-9:
                    club = core
        clubs.append(club)
        left = [i for i in left if i not in club]
    return clubs, left


def merge_phillips_sul(X, clubs, start, threshold=-1.65):
    merged = [clubs[0]]
    for club in clubs[1:]:
        if regression(X[:, sorted(merged[-1] + club)], start)[2] > threshold:
            merged[-1] = sorted(merged[-1] + club)
        else:
            merged.append(club)
    return merged


def merge_von_lyncker(X, clubs, start, threshold=-1.65):
    clubs, m = list(clubs), 0
    while m < len(clubs) - 1:
        t = [regression(X[:, sorted(a + b)], start)[2] for a, b in pairwise(clubs)]
        if t[m] > threshold and (m == len(t) - 1 or t[m] > t[m + 1]):
            clubs[m : m + 2] = [sorted(clubs[m] + clubs[m + 1])]
            m = 0
        else:
            m += 1
    return clubs


def adjusted_rand(a, b):
    """By pairs: agreement beyond chance."""
    pairs = [(i, j) for i in range(len(a)) for j in range(i)]
    both = sum(a[i] == a[j] and b[i] == b[j] for i, j in pairs)
    one = sum(a[i] == a[j] for i, j in pairs)
    other = sum(b[i] == b[j] for i, j in pairs)
    expected = one * other / len(pairs)
    return (both - expected) / ((one + other) / 2 - expected)
