"""How every figure of the package is drawn of a world; a name that is missing here is a test that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import spatialconv as sc
from spatialconv import maps, plot
from tests.gallery.worlds import World, indicators, jobs

Draw = Callable[..., Any]
MOST_PAIRS = 60  # regions, of which there are 1,770 pairs


def clubs(world: World) -> Any:
    """Return clubs of the last four decades, smoothed where there are so many periods."""
    panel = world.panel.subset(periods=world.panel.periods[-41:])
    smooth = 400 if panel.n_periods > 20 else None
    return sc.clubs(panel, world.y, smooth=smooth, convention="r" if panel.n_periods < 10 else "phillips-sul")


def corner(world: World) -> dict[str, Any]:
    """Return an inset of the corner in the north-east, and the outlines of groups."""
    left, low, right, top = world.geometry.total_bounds
    box = (right - 0.2 * (right - left), top - 0.3 * (top - low), right, top)
    return {"source": world.source, "inset": box, "outlines": world.groups}


def blocks(world: World) -> Any:
    """Return clubs of as many as seven blocks from west to east, whose levels part for good."""
    west = np.argsort(
        np.argsort(world.geometry.loc[list(world.panel.regions)].representative_point().x.to_numpy(), kind="stable"),
        kind="stable",
    )
    block = 7 * west // world.n
    t = np.arange(24)[:, None]
    level = 1.0 + block * t * 0.12 + np.random.default_rng(4).normal(0, 0.05, (1, world.n)) * 0.8**t
    frame = pd.DataFrame(
        {"region": np.tile(world.panel.regions, 24), "year": np.repeat(1990 + t[:, 0], world.n)}
        | {world.y: np.exp(level).ravel()}
    )
    return sc.clubs(sc.Panel(frame, region="region", period="year"), world.y)


def tested(world: World) -> tuple[Any, ...]:
    """Return what Moran's scatter plot is of, where there is a test of it."""
    sc.moran(world.panel, world.y, world.w)
    return world.panel, world.y, world.w


def distances(world: World) -> Any:
    return sc.correlogram(world.panel, world.y, world.geometry, period=_last(world), permutations=99, seed=1)


def growth_fits(world: World) -> dict[str, Any]:
    first = sc.beta(world.panel, world.y, horizon=world.horizon)
    fits = {"no effects": first, "effects of periods": first.again(effects="time")}
    return fits | {
        "with controls": first.again(controls=[world.x]),
        "spatial lag": first.again(w=world.w, spatial="lag"),
    }


def instruments(world: World) -> Any:
    growth = sc.growth_panel(world.panel, world.y, horizon=world.horizon)
    fit = sc.fit_panel(growth, "growth", "log_initial", world.w, effects="time", estimator="gmm")
    return fit.instrument_tests()


def multiverse(world: World) -> Any:
    return sc.multiverse(
        world.panel, world.y, weights={"border": world.w}, effects=("none", "time"), controls=((), world.x)
    )


def explained(world: World) -> Any:
    first = world.panel.periods[0]
    return sc.explain_clubs(clubs(world), world.panel, world.x, period=first)


def pairs(world: World) -> Any:
    few = world.panel.subset(regions=world.panel.regions[:MOST_PAIRS])
    return sc.unit_roots_pairwise(few, world.y, draws=0)


def kernel(world: World, **options: Any) -> Any:
    return sc.stochastic_kernel(world.panel, world.y, horizon=world.horizon, **options)


def _last(world: World) -> Any:
    return world.panel.periods[-1]


FIGURES: dict[str, Callable[[World], tuple[Draw, tuple[Any, ...], dict[str, Any]]]] = {
    "plot.sigma": lambda w: (plot.sigma, (sc.sigma(w.panel, w.y),), w.said),
    "plot.heatmap": lambda w: (plot.heatmap, (w.panel, w.y), w.said | {"scale": "relative"}),
    "plot.moran_path": lambda w: (plot.moran_path, (sc.moran(w.panel, w.y, w.w, log=True),), w.said),
    "plot.moran_scatter": lambda w: (plot.moran_scatter, tested(w), w.said | {"period": _last(w), "log": True}),
    "plot.correlogram": lambda w: (
        plot.correlogram, (distances(w),), w.said,
    ),
    "plot.beta_scatter": lambda w: (
        plot.beta_scatter, (sc.beta(w.panel, w.y, w.w, spatial="lag", effects="time", horizon=w.horizon),), w.said,
    ),
    "plot.betas": lambda w: (plot.betas, (sc.beta_rolling(w.panel, w.y, window=max(2, w.horizon)),), w.said),
    "plot.betas, regimes": lambda w: (
        plot.betas, (sc.beta_regimes(w.panel, w.y, regimes=w.groups, horizon=w.horizon),), w.said,
    ),
    "plot.beta_changes": lambda w: (
        plot.beta_changes, (sc.beta_threshold(w.panel, w.y, horizon=w.horizon, effects="time", draws=0),), w.said,
    ),
    "plot.beta_changes, breaks": lambda w: (
        plot.beta_changes, (sc.beta_breaks(w.panel, w.y, breaks=1, draws=0),), w.said,
    ),
    "plot.coefficients": lambda w: (
        plot.coefficients, (growth_fits(w),), {"source": w.source, "terms": ["log_initial", "speed"]},
    ),
    "plot.specification_curve": lambda w: (plot.specification_curve, (multiverse(w),), {"source": w.source}),
    "plot.null_picture": lambda w: (
        plot.null_picture,
        (sc.beta(w.panel, w.y, effects="region").null_distribution(draws=99, seed=1),),
        {"source": w.source},
    ),
    "plot.instrument_tests": lambda w: (plot.instrument_tests, (instruments(w),), {"source": w.source}),
    "plot.density": lambda w: (plot.density, (sc.density(w.panel, w.y),), w.said),
    "plot.stochastic_kernel": lambda w: (plot.stochastic_kernel, (kernel(w),), w.said),
    "plot.stochastic_kernel, stacked": lambda w: (plot.stochastic_kernel, (kernel(w),), w.said | {"kind": "stacked"}),
    "plot.stochastic_kernel, highest-density": lambda w: (
        plot.stochastic_kernel, (kernel(w),), w.said | {"kind": "highest-density"},
    ),
    "plot.stochastic_kernel, surface": lambda w: (plot.stochastic_kernel, (kernel(w),), w.said | {"kind": "surface"}),
    "plot.ergodic": lambda w: (plot.ergodic, (kernel(w, draws=19, seed=1),), w.said),
    "plot.transitions": lambda w: (plot.transitions, (sc.markov(w.panel, w.y),), w.said),
    "plot.transitions, spatial": lambda w: (
        plot.transitions, (sc.spatial_markov(w.panel, w.y, w.w, classes=min(4, w.n)),), w.said,
    ),
    "plot.lisa_paths": lambda w: (plot.lisa_paths, (sc.lisa_paths(w.panel, w.y, w.w),), w.said),
    "plot.gravity_path": lambda w: (
        plot.gravity_path, (sc.gravity_centre(w.panel, w.y, w.geometry, draws=99, seed=1),), w.said,
    ),
    "plot.theil": lambda w: (plot.theil, (sc.theil(w.panel, w.y, groups=w.groups),), w.said),
    "plot.dagum": lambda w: (plot.dagum, (sc.dagum(w.panel, w.y, groups=w.groups),), w.said),
    "plot.location_curves": lambda w: (plot.location_curves, (jobs(w),), {"source": w.source}),
    "plot.contributions": lambda w: (plot.contributions, (indicators(w),), {"source": w.source}),
    "plot.transition_paths": lambda w: (plot.transition_paths, (clubs(w),), w.said),
    "plot.co_membership": lambda w: (
        plot.co_membership, (clubs(w).sensitivity(hac=["fqsb", "aqsb"], progress=False),), {"source": w.source},
    ),
    "plot.club_probabilities": lambda w: (plot.club_probabilities, (explained(w),), {"source": w.source}),
    "plot.unit_roots": lambda w: (plot.unit_roots, (sc.unit_roots(w.panel, w.y, draws=0),), w.said),
    "plot.unit_roots, pairs": lambda w: (plot.unit_roots, (pairs(w),), w.said),
    "maps.choropleth": lambda w: (maps.choropleth, (w.panel, w.y, w.geometry), {"source": w.source}),
    "maps.hot_spots": lambda w: (maps.hot_spots, (sc.hot_spots(w.panel, w.y, w.w), w.geometry), {"source": w.source}),
    "maps.hot_spots, both": lambda w: (
        maps.hot_spots, (sc.hot_spots(w.panel, w.y, w.w), w.geometry), {"source": w.source, "classes": "both"},
    ),
    "maps.hot_spot_trends": lambda w: (
        maps.hot_spot_trends, (sc.hot_spot_trends(w.panel, w.y, w.w), w.geometry), {"source": w.source},
    ),
    "maps.clusters": lambda w: (
        maps.clusters, (sc.local_moran(w.panel, w.y, w.w, period=_last(w)), w.geometry), {"source": w.source},
    ),
    "maps.clubs": lambda w: (maps.clubs, (clubs(w), w.geometry), {"source": w.source}),
    "maps.clusters, inset": lambda w: (
        maps.clusters, (sc.local_moran(w.panel, w.y, w.w, period=_last(w)), w.geometry), corner(w),
    ),
    "maps.clubs, many": lambda w: (maps.clubs, (blocks(w), w.geometry), corner(w)),
    "maps.links": lambda w: (maps.links, (w.w, w.geometry), {"source": w.source}),
    "maps.gravity_centre": lambda w: (
        maps.gravity_centre,
        (sc.gravity_centre(w.panel, w.y, w.geometry, draws=99, seed=1), w.geometry),
        {"source": w.source},
    ),
}  # fmt: skip


def figure(name: str, world: World, **options: Any) -> Any:
    """Draw one figure of a world."""
    draw, data, said = FIGURES[name](world)
    return draw(*data, **said, **options)
