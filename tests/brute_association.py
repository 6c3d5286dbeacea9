"""Spatial association as the definitions read: dense loops and all arrangements, nothing clever."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
from libpysal.graph import Graph

import spatialconv as sc


def moran(y, W):
    n, z = len(y), y - y.mean()
    top = sum(W[i, j] * z[i] * z[j] for i in range(n) for j in range(n))
    return n / W.sum() * top / (z @ z)


def geary(y, W):
    n, z = len(y), y - y.mean()
    top = sum(W[i, j] * (y[i] - y[j]) ** 2 for i in range(n) for j in range(n))
    return (n - 1) * top / (2 * W.sum() * (z @ z))


def general_g(y, W):
    n = len(y)
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    return sum(W[i, j] * y[i] * y[j] for i, j in pairs) / sum(y[i] * y[j] for i, j in pairs)


def local_moran(y, W):
    z = y - y.mean()
    return z / np.mean(z**2) * (W @ z)


def arrangements(y):
    """All n! orders of the values, (n!, n)."""
    return y[np.array(list(permutations(range(len(y)))))]


def conditional(y, i):
    """All (n - 1)! orders in which region i keeps its value."""
    others = arrangements(np.delete(y, i))
    return np.insert(others, i, y[i], axis=1)


def moments(sample):
    """Mean and variance of a complete enumeration."""
    sample = np.asarray(sample)
    return sample.mean(), sample.var()


def p_enumerated(observed, sample, alternative, tie=1e-10):
    """Share of a complete enumeration that is as extreme, doubled for two sides."""
    greater = np.mean(sample >= observed - tie)
    less = np.mean(sample <= observed + tie)
    return {"greater": greater, "less": less, "two-sided": min(1.0, 2 * min(greater, less))}[alternative]


def graph(W, labels):
    """A Graph of a dense matrix; a region without neighbours gets libpysal's own mark of one."""
    W = np.asarray(W, dtype=float)
    focal, neighbour = np.nonzero(W)
    weight = W[focal, neighbour]
    alone = np.flatnonzero(W.sum(axis=1) == 0)
    labels = np.asarray(labels)
    focal, neighbour = np.append(focal, alone), np.append(neighbour, alone)
    order = np.argsort(focal, kind="stable")
    return Graph.from_arrays(
        labels[focal][order], labels[neighbour][order], np.append(weight, np.zeros(len(alone)))[order]
    )


def panel(Y, labels, periods=None):
    """A Panel of an array (T, N), variable y."""
    Y = np.atleast_2d(Y)
    periods = list(range(len(Y))) if periods is None else list(periods)
    frame = pd.DataFrame(
        {"region": np.tile(np.asarray(labels), len(Y)), "period": np.repeat(periods, Y.shape[1]), "y": Y.ravel()}
    )
    return sc.Panel(frame, region="region", period="period")


def lattice(side, rng=None):
    """Rook contiguity of a square lattice, binary."""
    place = np.arange(side * side).reshape(side, side)
    W = np.zeros((side * side, side * side))
    for a, b in [(place[:, :-1], place[:, 1:]), (place[:-1], place[1:])]:
        W[a.ravel(), b.ravel()] = W[b.ravel(), a.ravel()] = 1
    return W


def row_standardised(W):
    sums = W.sum(axis=1, keepdims=True)
    return np.divide(W, sums, out=np.zeros_like(W), where=sums > 0)
