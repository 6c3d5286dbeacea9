"""Stochastic convergence: gaps that wander, and gaps that come back, of regions apart and of neighbours alike.

Samples are drawn by the thousand as one array, through the functions that `unit_roots` calls; the first of each cell
goes through its door as well and must give the same. `python -m tests.simulation.sizes.stochastic` draws what the tests
assume of regions, independence and no memory, into a table of its own.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import stats

import spatialconv as sc
from spatialconv._core.stochastic import panel_statistics as ps
from spatialconv._core.stochastic.dickey_fuller import Trend
from spatialconv._core.stochastic.one_break import least, least_null
from spatialconv._core.stochastic.resampled import cips_null, null_paths
from spatialconv.convergence.stochastic.gaps import checked, lags_of
from spatialconv.convergence.stochastic.pairs import share_of_pairs
from spatialconv.convergence.stochastic.statistics import LEFT, asymptotic, more_extreme, unit_root_statistics
from tests.simulation.sizes.entry import Draw, Entry, Figures, Sample
from tests.simulation.sizes.running import run
from tests.simulation.worlds import FloatArray

# Neighbours' shocks: u = 0.6 W u + e, as regional data have it.
SHARED = 0.6
KINDS = {"equal": "Hadri, equal variances", "unequal": "Hadri, own variances", "long-run": "Hadri, long-run variances"}


def shocks(sample: Sample, count: int, shared: bool) -> FloatArray:
    """Draw shocks of shape (T, count, n)."""
    e = sample.errors(sample.T, count, sample.n)
    if not shared:
        return e
    mix = np.linalg.inv(np.eye(sample.n) - SHARED * sample.world.W.toarray())
    return e @ mix.T


def wandering(trend: Trend, shared: bool) -> Draw:
    """Test unit roots where all regions are random walks, gaps from the mean of all."""

    def draw(sample: Sample, count: int) -> Figures:
        y = np.cumsum(shocks(sample, count, shared), axis=0)
        z = y - y.mean(axis=2, keepdims=True)
        _, lags, most = checked(trend, "bic", None, sample.T)
        fits, _, values = unit_root_statistics(z, trend, lags, most)
        found = {name: p for name, p in asymptotic(values, sample.n).items() if name in UNIT}
        door = sc.unit_roots(sample.panel(y=y[:, 0]), "y", trend=trend, log=False, draws=0).tests["p_value"]
        assert all(np.isclose(door[name], p[0], rtol=1e-3, atol=3e-3) for name, p in found.items())
        # At warp speed: one bootstrap sample each, all of them the law that each is held against.
        own = fits.lags.reshape(count, sample.n)
        paths = np.concatenate([null_paths(z[:, s], own[s], 1, sample.rng, centred=True) for s in range(count)], axis=1)
        _, _, drawn = unit_root_statistics(paths, trend, lags, most)
        for name in BOOT:
            law, value = np.sort(drawn[name]), values[name]
            below = np.searchsorted(law, value, side="right")
            share = below if name in LEFT else count - np.searchsorted(law, value, side="left")
            found[f"bootstrap {name}"] = (1 + share) / (1 + count)
        cips = ps.truncated(ps.cadf(y, trend, 0), trend).mean(axis=1)
        law = cips_null(sample.n, sample.T, trend, 0)
        found["CIPS"] = (1 + np.searchsorted(law, cips, side="right")) / (1 + len(law))
        return found

    return draw


def returning(sample: Sample, count: int, trend: Trend, rho: float) -> Figures:
    """Test stationarity where a share `rho` of each gap is left after a period."""
    e = sample.errors(sample.T + 20, count, sample.n)
    for t in range(1, len(e)):
        e[t] += rho * e[t - 1]
    y = e[20:]
    values = ps.hadri(y - y.mean(axis=2, keepdims=True), trend, int(4 * (sample.T / 100) ** 0.25))
    return asymptotic({KINDS[k]: v for k, v in values.items()}, sample.n)


def regional(trend: Trend) -> Draw:
    """Draw what regional data are like: neighbours alike, gaps that come back slowly."""

    def draw(sample: Sample, count: int) -> Figures:
        found = wandering(trend, True)(sample, count)
        slow = returning(sample, count, trend, 0.5)
        return {**{k: found[k] for k in NOTED}, **{f"{k} where half a gap is left": v for k, v in slow.items()}}

    return draw


def textbook(trend: Trend) -> Draw:
    """Draw what the tests assume: regions independent of one another, gaps without memory."""

    def draw(sample: Sample, count: int) -> Figures:
        return {**wandering(trend, False)(sample, count), **returning(sample, count, trend, 0.0)}

    return draw


def broken(sample: Sample, count: int) -> Figures:
    """Test unit roots beside one break of the level where all regions are random walks."""
    y = np.cumsum(shocks(sample, count, True), axis=0)
    z = (y - y.mean(axis=2, keepdims=True)).reshape(sample.T, -1)
    start = max(int(np.ceil(0.15 * sample.T)), 4)
    stop = sample.T - max(int(np.ceil(0.15 * sample.T)), 2) + 1
    t = least(z, "level", 1, range(start, stop))[0].reshape(count, sample.n)
    law = least_null(sample.T, "level", 1, start, stop)
    of_all = stats.norm.cdf(np.sqrt(sample.n) * (t.mean(axis=1) - law.mean()) / law.std(ddof=1))
    one = t[np.arange(count), sample.rng.integers(0, sample.n, count)]
    of_one = np.array([more_extreme(law, float(value), True) for value in one])
    door = sc.unit_roots_break(sample.panel(y=y[:, 0]), "y", log=False)
    assert np.isclose(door.test.p_value, of_all[0], rtol=1e-6)
    assert np.allclose(door.table["t"], t[0], rtol=1e-6)
    return {"the p of a region": of_one, "the p of all regions": of_all}


def pairwise(sample: Sample, count: int) -> Figures:
    """Test that no two regions converge where all are random walks, at warp speed as `wandering` does."""
    y = np.cumsum(shocks(sample, count, True), axis=0)
    trend, lags, most = checked("constant", "bic", None, sample.T)
    value, drawn = np.empty(count), np.empty(count)
    for s in range(count):
        value[s] = share_of_pairs(y[:, s], trend, lags, most, 0.05)
        own = lags_of(y[:, s], trend, lags, most)
        path = null_paths(y[:, s], own, 1, sample.rng, centred=False)[:, 0]
        drawn[s] = share_of_pairs(path, trend, lags, most, 0.05)
    assert sc.unit_roots_pairwise(sample.panel(y=y[:, 0]), "y", log=False, draws=0).share == value[0]
    law = np.sort(drawn)
    return {"the p of the share": (1 + count - np.searchsorted(law, value, side="left")) / (1 + count)}


UNIT = ("W-tbar", "LLC t*", "Fisher P", "Choi Pm", "Choi Z", "Choi L*")
BOOT = ("W-tbar", "LLC t*", "Fisher P")
NOTED = ("W-tbar", "LLC t*", "Fisher P", *(f"bootstrap {name}" for name in BOOT), "CIPS")
REGIONAL = (*NOTED, *(f"{kind} where half a gap is left" for kind in KINDS.values()))
TEXTBOOK = (*UNIT, *(f"bootstrap {name}" for name in BOOT), "CIPS", *KINDS.values())
WHERE = {"periods": (10, 40), "regions": (11, 31, 48), "laws": ("normal", "lognormal"), "block": 1000}
ENTRIES = (
    *(Entry("unit_roots", dict.fromkeys(REGIONAL, "size"), regional(trend), 1000, f"trend={trend}", **WHERE)  # type: ignore[arg-type]
      for trend in ("constant", "trend")),
    Entry("unit_roots_break", {"the p of a region": "size", "the p of all regions": "size"}, broken, 1000,
          "breaks=level", periods=(20, 40), regions=(11, 31, 48), laws=("normal", "lognormal"), block=200),
    Entry("unit_roots_pairwise", {"the p of the share": "size"}, pairwise, 1000, "trend=constant",
          pairs=((11, 10), (31, 10), (48, 40)), laws=("normal", "lognormal"), block=1000),
)  # fmt: skip
# In a table of their own: no result cites what holds of regions that do not touch one another.
INDEPENDENT = tuple(
    Entry("unit_roots", dict.fromkeys(TEXTBOOK, "size"), textbook(trend), 1000,  # type: ignore[arg-type]
          f"trend={trend}; regions=independent", **WHERE)  # type: ignore[arg-type]
    for trend in ("constant", "trend")
)  # fmt: skip
TABLE = Path(__file__).with_name("unit_roots_independent.csv")

if __name__ == "__main__":
    run(INDEPENDENT, INDEPENDENT, path=TABLE, show=True)
