"""Stochastic kernels: statsmodels' conditional density, loops, an autoregression whose densities are known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
import scipy.linalg as la
from libpysal.graph import Graph
from scipy import sparse, stats
from statsmodels.nonparametric.kernel_density import KDEMultivariateConditional

import spatialconv as sc
from spatialconv._core.dynamics import transition_kernel as kernel
from spatialconv.errors import DataError, OptionError, WeightsError
from tests.tolerances import EXACT, REFERENCE, ROUNDING


def panel_of(values: np.ndarray, first: int = 2000) -> sc.Panel:
    T, N = values.shape
    frame = pd.DataFrame(
        {"region": np.tile([f"r{i}" for i in range(N)], T), "year": np.repeat(first + np.arange(T), N)}
    )
    return sc.Panel(frame.assign(v=values.ravel()), region="region", period="year")


@cache
def autoregression(N: int = 400, T: int = 21, a: float = 0.7) -> np.ndarray:
    """Stationary, of mean zero and innovations of variance one."""
    rng = np.random.default_rng(4)
    y = np.empty((T, N))
    y[0] = rng.normal(size=N) / np.sqrt(1 - a**2)
    for t in range(1, T):
        y[t] = a * y[t - 1] + rng.normal(size=N)
    return y


@pytest.mark.filterwarnings("ignore:After 0.17:FutureWarning")
def test_statsmodels():
    """Without local factors it is the estimator of statsmodels, at the same bandwidths."""
    y = autoregression()[:6, :50]
    found = sc.stochastic_kernel(panel_of(y), "v", scale="level", adaptive=False, bandwidths=(0.5, 0.4))
    pairs = found.data
    other = KDEMultivariateConditional(pairs["y"], pairs["x"], dep_type="c", indep_type="c", bw=[0.4, 0.5])
    x = np.array([-1.5, -0.2, 0.0, 1.1])
    ours = found.at(x)
    theirs = [other.pdf(found.grid, np.full(len(found.grid), v)) for v in x]
    np.testing.assert_allclose(ours, theirs, rtol=ROUNDING, atol=1e-12)


@pytest.mark.parametrize("adaptive", [False, True])
def test_by_loops(adaptive):
    y = autoregression()[:4, :15]
    found = sc.stochastic_kernel(panel_of(y), "v", scale="level", adaptive=adaptive, points=40)
    px, py = y[:-1].ravel(), y[1:].ravel()
    n = len(px)
    hx, hy = (np.std(v, ddof=1) * n ** (-1 / 6) for v in (px, py))
    pilot = np.array(
        [
            np.mean([stats.norm.pdf(px[i], px[j], hx) * stats.norm.pdf(py[i], py[j], hy) for j in range(n)])
            for i in range(n)
        ]
    )
    local = (pilot / stats.gmean(pilot)) ** -0.5 if adaptive else np.ones(n)
    np.testing.assert_allclose(found.data["local"], local, rtol=REFERENCE)
    grid = found.grid
    for row in (5, 20, 33):
        below = sum(stats.norm.pdf(grid[row], px[i], hx * local[i]) for i in range(n))
        joint = sum(
            stats.norm.pdf(grid[row], px[i], hx * local[i]) * stats.norm.pdf(grid, py[i], hy * local[i])
            for i in range(n)
        )
        np.testing.assert_allclose(found.conditional.iloc[row], joint / below, rtol=ROUNDING)
    # The ergodic density by stepping on until nothing moves.
    moves = found.conditional.to_numpy() * (grid[1] - grid[0])
    moves /= moves.sum(axis=1, keepdims=True)
    g = np.full(len(grid), 1 / len(grid))
    for _ in range(3000):
        g = g @ moves
    np.testing.assert_allclose(found.ergodic["density"], g / (grid[1] - grid[0]), rtol=1e-6, atol=1e-10)
    assert found.stays == pytest.approx(np.sort(np.abs(la.eigvals(moves)))[-2], rel=ROUNDING)


def test_an_autoregression_is_found():
    """8,000 pairs: conditional and ergodic densities lie near the normal ones, wider by the kernel as its notes say."""
    found = sc.stochastic_kernel(panel_of(autoregression()), "v", scale="level", bandwidths=(0.2, 0.2))
    grid, step = found.grid, found.grid[1] - found.grid[0]
    for x in (-1.0, 0.0, 1.5):
        gap = np.abs(found.at(x).to_numpy()[0] - stats.norm.pdf(grid, 0.7 * x, np.sqrt(1 + 0.2**2))).sum() * step / 2
        assert gap < 0.06
    ergodic = found.ergodic["density"].to_numpy()
    assert np.abs(ergodic - stats.norm.pdf(grid, 0, 1 / np.sqrt(1 - 0.49))).sum() * step / 2 < 0.06
    assert found.stays == pytest.approx(0.7, abs=0.04)
    assert found.half_life == pytest.approx(np.log(0.5) / np.log(found.stays))
    low, high = found.highest_density(1.0, 0.95)[["low", "high"]].to_numpy()[0]
    assert (low, high) == (pytest.approx(0.7 - 1.96, abs=0.2), pytest.approx(0.7 + 1.96, abs=0.2))


def test_two_clubs_give_two_modes():
    """Regions about 0.5 and 1.5 that stay there: two peaks of the ergodic density, and its half in two intervals."""
    rng = np.random.default_rng(0)
    home = np.repeat([0.5, 1.5], 40)
    y = np.empty((30, 80))
    y[0] = home + 0.1 * rng.normal(size=80)
    for t in range(1, 30):
        # A few change sides, or the clubs would be two processes.
        home = np.where(rng.uniform(size=80) < 0.02, 2.0 - home, home)
        y[t] = home + 0.5 * (y[t - 1] - home) + 0.08 * rng.normal(size=80)
    found = sc.stochastic_kernel(panel_of(y), "v", scale="level", bandwidths=(0.06, 0.06))
    assert found.tidy().set_index("term").loc["ergodic modes", "estimate"] == 2
    assert len(found.ergodic_regions(0.5)) == 2


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95])
def test_regions_of_highest_density(share):
    grid = np.linspace(-9, 9, 3001)
    one = kernel.highest(stats.norm.pdf(grid), grid, share)
    np.testing.assert_allclose(one, [(stats.norm.ppf(0.5 - share / 2), stats.norm.ppf(0.5 + share / 2))], atol=0.01)
    two = 0.7 * stats.norm.pdf(grid, -3, 0.5) + 0.3 * stats.norm.pdf(grid, 2, 1.0)
    parts = kernel.highest(two, grid, share)
    inside = np.any([(grid >= a) & (grid <= b) for a, b in parts], axis=0)
    assert (two * inside).sum() / two.sum() == pytest.approx(share, abs=0.005)
    assert two[inside].min() >= two[~inside].max() * 0.98
    assert len(parts) == (1 if share == 0.5 else 2)


def test_given_neighbours():
    """x is the neighbours' mean by an asymmetric, unstandardised W; nothing is ergodic; an island is refused."""
    rng = np.random.default_rng(3)
    y = 5 + autoregression()[:5, :30]
    W = rng.uniform(0.1, 1, (30, 30)) * (rng.uniform(size=(30, 30)) < 0.2)
    np.fill_diagonal(W, 0)
    W[np.arange(30), (np.arange(30) + 1) % 30] = 0.7
    labels = [f"r{i}" for i in range(30)]
    graph = Graph.from_sparse(sparse.coo_array(W), ids=labels)
    found = sc.stochastic_kernel(panel_of(y), "v", graph, given="neighbours", horizon=2)
    relative = y / y.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found.data["x"], (relative[:-2] @ W.T / W.sum(axis=1)).ravel(), rtol=REFERENCE)
    np.testing.assert_allclose(found.data["y"], relative[2:].ravel(), rtol=EXACT)
    assert found.ergodic is None
    assert "weights are standardised by row: x is a mean of neighbours" in found.notes
    with pytest.raises(OptionError, match="no ergodic density given neighbours"):
        found.ergodic_regions()
    W[4] = 0
    with pytest.raises(WeightsError, match="1 region without a neighbour: 'r4'"):
        sc.stochastic_kernel(panel_of(y), "v", Graph.from_sparse(sparse.coo_array(W), ids=labels), given="neighbours")
    with pytest.raises(OptionError, match="needs spatial weights"):
        sc.stochastic_kernel(panel_of(y), "v", given="neighbours")


def test_bands_are_those_of_drawing_regions_anew():
    y = autoregression()[:4, :20]
    panel = panel_of(y)
    found = sc.stochastic_kernel(panel, "v", scale="level", draws=30, seed=1, points=60)
    again = sc.stochastic_kernel(panel, "v", scale="level", draws=30, seed=1, points=60)
    pd.testing.assert_frame_equal(found.ergodic, again.ergodic)
    rng = np.random.default_rng(1)
    x, z, local = (found.data[k].to_numpy() for k in ("x", "y", "local"))
    who, grid = np.tile(np.arange(20), 3), found.grid
    drawn = []
    for _ in range(30):
        chosen = rng.integers(0, 20, 20)
        keep = np.concatenate([np.flatnonzero(who == i) for i in chosen])
        pairs = kernel.Pairs(x[keep], z[keep], *found.bandwidths, local[keep])
        moves, _ = kernel.stochastic(kernel.conditional(pairs, grid, grid), grid)
        drawn.append(kernel.ergodic(moves, grid))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(found.ergodic["conf_low"], low, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.ergodic["conf_high"], high, rtol=1e-6, atol=1e-9)


def test_scales_units_and_views():
    us = sc.datasets.us_income()
    found = sc.stochastic_kernel(us.panel, "income", horizon=10)
    big = sc.stochastic_kernel(us.panel.assign(income=us.panel.frame["income"] * 1e9), "income", horizon=10)
    np.testing.assert_allclose(big.conditional, found.conditional, rtol=ROUNDING, atol=1e-10)
    log = sc.stochastic_kernel(us.panel, "income", horizon=10, scale="log")
    values = np.log(us.panel.wide("income").to_numpy())
    np.testing.assert_allclose(log.data["x"], (values - values.mean(axis=1, keepdims=True))[:-10].ravel(), atol=1e-12)
    assert "spans of 10 overlap: pairs of a region share their years" in found.notes
    assert max(map(len, repr(found).splitlines())) <= 80
    assert found.glance()["n_pairs"].item() == 48 * 71
    assert sc.stochastic_kernel(us.panel, "income").horizon == 1


@pytest.mark.parametrize("kind", ["contour", "stacked", "highest-density", "surface"])
def test_figures(kind):
    found = sc.stochastic_kernel(panel_of(5 + autoregression()[:6, :40]), "v", points=60, draws=5, seed=0)
    axes = sc.plot.stochastic_kernel(found, kind=kind).axes[0]
    if kind != "surface":
        low, high = axes.get_xlim()
        assert low < found.data[["x", "y"]].min().min()
        assert high > found.data[["x", "y"]].max().max()
    ergodic = sc.plot.ergodic(found).axes[0]
    np.testing.assert_array_equal(ergodic.lines[0].get_ydata(), found.ergodic["density"])


def test_wrong_arguments():
    panel = panel_of(5 + autoregression()[:4, :10])
    with pytest.raises(DataError, match="no period lies 7 after another; distances are 1, 2, 3"):
        sc.stochastic_kernel(panel, "v", horizon=7)
    with pytest.raises(OptionError, match="two numbers"):
        sc.stochastic_kernel(panel, "v", bandwidths=0.3)
    with pytest.raises(OptionError, match="given"):
        sc.stochastic_kernel(panel, "v", given="future")
    found = sc.stochastic_kernel(panel, "v")
    axes = sc.plot.ergodic(found).axes[0]
    with pytest.raises(OptionError, match="three-dimensional"):
        sc.plot.stochastic_kernel(found, kind="surface", ax=axes)


def positive(n: int = 60, T: int = 5) -> np.ndarray:
    """Much of it close to zero, and what a Gaussian kernel would put below it."""
    rng = np.random.default_rng(7)
    y = np.empty((T, n))
    y[0] = rng.exponential(size=n)
    for t in range(1, T):
        y[t] = np.abs(0.8 * y[t - 1] + rng.normal(0, 0.3, n))
    return y


@pytest.mark.parametrize("adaptive", [False, True])
def test_what_lies_below_zero_folds_back(adaptive):
    """By loops over pairs and their mirror images in both axes."""
    y = positive()
    found = sc.stochastic_kernel(panel_of(y), "v", scale="level", adaptive=adaptive)
    assert found.edge == "reflected at zero"
    px, py = y[:-1].ravel(), y[1:].ravel()
    hx, hy = found.bandwidths
    grid = found.grid
    assert grid[0] == pytest.approx((grid[1] - grid[0]) / 2)  # middles of steps from zero on

    def folded(at, values, h):
        return stats.norm.pdf(at, values, h) + stats.norm.pdf(at, -values, h)

    pilot = np.array([np.mean(folded(a, px, hx) * folded(b, py, hy)) for a, b in zip(px, py, strict=True)])
    local = (pilot / stats.gmean(pilot)) ** -0.5 if adaptive else np.ones(len(px))
    np.testing.assert_allclose(found.data["local"], local, rtol=REFERENCE)
    for row in (0, 7, 40):
        weight = folded(grid[row], px, hx * local)
        joint = np.array([np.sum(weight * folded(v, py, hy * local)) for v in grid])
        np.testing.assert_allclose(found.conditional.iloc[row], joint / weight.sum(), rtol=ROUNDING)
    assert (found.at([0.0, 1.0]).to_numpy() >= 0).all()


def test_folded_densities_are_whole():
    """All of the mass stands above zero, in every row, in the ergodic and in the last density: the sum is exact."""
    y = positive()
    found = sc.stochastic_kernel(panel_of(y), "v", scale="level")
    step = found.grid[1] - found.grid[0]
    np.testing.assert_allclose(found.conditional.sum(axis=1) * step, 1.0, rtol=1e-4)  # tails beyond four bandwidths
    assert found.ergodic["density"].sum() * step == pytest.approx(1, rel=EXACT)
    assert found.now.sum() * step == pytest.approx(1, rel=1e-4)
    # A set of highest density that holds the lowest values begins at zero, not in the middle of the first step.
    assert found.highest_density(0.0)["low"].iloc[0] == 0
    assert found.ergodic_regions(0.9)["low"].iloc[0] == 0
    # Of a mirrored sample without a boundary the density is even, and twice its right half the folded one.
    both = np.concatenate([y, -y], axis=1)
    # A pair and its mirror images in each axis are four points; given y they are told apart by x.
    px, py = y[:-1].ravel(), y[1:].ravel()
    signs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    x4, y4 = (np.concatenate([s[k] * v for s in signs]) for k, v in ((0, px), (1, py)))
    pairs = kernel.Pairs(x4, y4, *found.bandwidths, np.tile(found.data["local"].to_numpy(), 4))
    np.testing.assert_allclose(
        2 * kernel.conditional(pairs, found.grid, found.grid), found.conditional, rtol=ROUNDING, atol=1e-12
    )
    assert sc.stochastic_kernel(panel_of(both), "v", scale="level").edge == ""


def test_nothing_is_folded_where_nothing_lies_below_zero():
    y = positive()
    far = sc.stochastic_kernel(panel_of(y + 50), "v", scale="level")
    same = sc.stochastic_kernel(panel_of(y + 50), "v", scale="level", boundary="none")
    assert far.edge == ""
    np.testing.assert_array_equal(far.conditional, same.conditional)
    open_end = sc.stochastic_kernel(panel_of(y), "v", scale="level", boundary="none")
    assert open_end.grid[0] < 0
    assert any("below zero" in note and "boundary='reflect'" in note for note in open_end.notes)
    with pytest.raises(OptionError, match="boundary"):
        sc.stochastic_kernel(panel_of(y), "v", scale="level", boundary="fold")
    assert "reflected at zero" in repr(sc.stochastic_kernel(panel_of(y), "v", scale="level"))
    assert "reflected at zero" in sc.plot.stochastic_kernel(sc.stochastic_kernel(panel_of(y), "v")).caption


@pytest.mark.parametrize("folds", [False, True])
@pytest.mark.parametrize("n", [2, 255, 256, 257, 1100])
def test_the_pilot_of_thousands_of_pairs_is_that_of_all_at_once(n, folds):
    from spatialconv._core.dynamics import transition_kernel as kernel

    rng = np.random.default_rng(n)
    # Some at zero, whose mirror image is at hand, and many further apart than any kernel reaches.
    x = np.where(rng.random(n) < 0.05, 0.0, np.exp(rng.normal(0, 1.5, n)))
    y = x * np.exp(rng.normal(0, 0.2, n))
    hx, hy = 0.09, 0.08
    dx, dy = ((a[:, None] - a) / h for a, h in ((x, hx), (y, hy)))
    near = np.exp(-0.5 * dx**2), np.exp(-0.5 * dy**2)
    if folds:
        near = tuple(
            k + np.exp(-0.5 * ((a[:, None] + a) / h) ** 2) for k, a, h in zip(near, (x, y), (hx, hy), strict=True)
        )
    pilot = (near[0] * near[1]).mean(axis=1)
    dense = (pilot / np.exp(np.log(pilot).mean())) ** -0.5
    assert kernel.adaptive(x, y, hx, hy, 0.5, folds) == pytest.approx(dense, rel=1e-12)
