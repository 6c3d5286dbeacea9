"""Data in which there is nothing to find: outcomes of all regions and periods, many draws at once."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd

from spatialconv._multiverse._grid import Grid
from spatialconv._multiverse._run import Block, fit_one
from spatialconv._multiverse._source import outcome, source, term
from spatialconv._multiverse._specification import AS_GIVEN, Specification
from spatialconv._options import first
from spatialconv.errors import OptionError
from spatialconv.models.small_samples.refits import Engine, restricted_world
from spatialconv.panel import FloatArray, Panel
from spatialconv.weights import Aligned

# Samples that a model draws at once.
CHUNK = 500


def permuted(observed: FloatArray, draws: int, rng: np.random.Generator, *, whole: bool, levels: bool) -> FloatArray:
    """Permute outcomes (P, N) among regions, (P, N, draws): period by period, or whole histories.

    With `levels` it is the changes of log levels that are permuted, and levels follow from the first, which stays.
    """
    steps = np.diff(observed, axis=0) if levels else observed
    T, N = steps.shape
    rows = 1 if whole else T
    order = rng.permuted(np.broadcast_to(np.arange(N)[None, :, None], (rows, N, draws)), axis=1)
    moved = np.take_along_axis(steps[..., None], np.broadcast_to(order, (T, N, draws)), axis=1)
    if not levels:
        return moved
    start = np.broadcast_to(observed[:1, :, None], (1, N, draws))
    return np.concatenate([start, observed[0][:, None] + moved.cumsum(axis=0)])


def observed_outcomes(grid: Grid, panel: Panel) -> FloatArray:
    """Return log levels of a growth regression, or the outcome itself, shape (P, N)."""
    return panel.values(grid.variable, log=grid.focus is None)


def modelled(grid: Grid, spec: Specification, draws: int, rng: np.random.Generator) -> FloatArray:
    """Draw outcomes from a specification without the coefficient in question, for all regions and periods."""
    panel = grid.data[AS_GIVEN]
    if spec.data != AS_GIVEN or grid.samples[spec.sample].of(panel) is not panel:
        raise OptionError(
            "the specification of the null must cover the whole panel as given (data 'as given', sample 'all'); got "
            f"{spec.data!r}, {spec.sample!r}."
        )
    found = source(grid, panel, spec.horizon, set(spec.controls))
    w = grid.aligned(spec.data, spec.sample, spec.weights) if spec.uses_weights else None
    block = Block(found, w if isinstance(w, Aligned) else None, outcome(grid), (0,), (spec,))
    fit = found if isinstance(found, str) else w if isinstance(w, str) else fit_one(block, spec, None)
    if isinstance(fit, str):
        raise OptionError(f"the specification of the null cannot be estimated: {fit}")
    own = term(grid)
    engine = Engine.of(fit)
    world = restricted_world(fit, tuple(t for t in (own, f"W:{own}") if t in fit.design.names))
    sizes = [min(CHUNK, draws - start) for start in range(0, draws, CHUNK)]
    Y = np.concatenate([engine.samples(world, "residual", size, rng)[0] for size in sizes], axis=2)
    if grid.focus is not None:
        return Y
    chain = fit.design.chain
    assert chain is not None
    if (chain.source != np.arange(-1, len(chain.source) - 1)).any() or len(Y) + 1 != panel.n_periods:
        raise OptionError(
            f"the null needs growth from every period to the next; horizon {spec.horizon} leaves some of the "
            f"{panel.n_periods} periods out. Take a specification with the shortest horizon, or null='shuffle'."
        )
    start = np.broadcast_to(observed_outcomes(grid, panel)[:1, :, None], (1, Y.shape[1], draws))
    return np.concatenate([start, start + (chain.length[:, None, None] * Y).cumsum(axis=0)])


def of_variant(grid: Grid, name: str, drawn: FloatArray) -> FloatArray:
    """Return the drawn outcomes as a variant of the data has them: the function applied, or the same cells taken."""
    base, panel = grid.data[AS_GIVEN], grid.data[name]
    if name == AS_GIVEN:
        return drawn
    if name in grid.transforms:
        return np.stack([_transformed(grid, name, drawn[..., b]) for b in range(drawn.shape[2])], axis=2)
    rows, columns = base.periods.get_indexer(panel.periods), base.regions.get_indexer(panel.regions)
    known = (rows >= 0).all() and (columns >= 0).all()
    mine = observed_outcomes(grid, panel)
    if not known or not np.allclose(mine, observed_outcomes(grid, base)[np.ix_(rows, columns)], rtol=1e-9, atol=1e-12):
        raise OptionError(
            f"data {name!r} is a panel with other values of {grid.variable!r}, and what made them is not known; pass a "
            "function of the panel, so that it can be applied to simulated data too."
        )
    return np.asarray(drawn[np.ix_(rows, columns)])


def _transformed(grid: Grid, name: str, values: FloatArray) -> FloatArray:
    base = grid.data[AS_GIVEN]
    wide = pd.DataFrame(np.exp(values) if grid.focus is None else values, index=base.periods, columns=base.regions)
    long = wide.stack()
    keys = pd.MultiIndex.from_arrays([base.frame[base.period], base.frame[base.region]])
    made = grid.transforms[name](base.assign(**{grid.variable: long.reindex(keys).to_numpy()}))
    panel = grid.data[name]
    if not made.regions.equals(panel.regions) or not made.periods.equals(panel.periods):
        raise OptionError(
            f"data {name!r} keeps other regions or periods of simulated data, {first(list(made.regions))}; a function "
            "must choose them by label."
        )
    return observed_outcomes(grid, made)


def places(panel: Panel, sample: Panel) -> tuple[list[Hashable], list[Hashable]]:
    """Return where the periods and regions of a sample stand in a panel."""
    return list(panel.periods.get_indexer(sample.periods)), list(panel.regions.get_indexer(sample.regions))
