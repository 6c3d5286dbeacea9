"""What the simulation asks of its panels is what `b.bias_corrections` prints of them, found by other code."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from spatialconv._core.few_periods.sample import Sample
from spatialconv.errors import BoundaryWarning, ModelError
from tests.simulation import short_panel_estimates as simulated
from tests.simulation.short_panel_cells import Design, drawn, sample_of
from tests.simulation.worlds import world

# The simulation looks for rho on a grid of 401: two cells of it are 1 % of a coefficient of order one.
RHO_ON_A_GRID = 0.01
PANELS = 2


@pytest.mark.parametrize(
    "design",
    [Design(), Design(effects="region", beta=-0.2), Design(31, 8, "region"), Design(control=True, spread=1.0)],
    ids=["two-way", "region", "31x8", "control"],
)
def test_estimates_of_the_simulation_are_those_of_the_public_door(design):
    levels, X = drawn(design, PANELS, np.random.default_rng(7))
    at_once = {name: way(design, levels, X)[0] for name, way in simulated.AT_ONCE.items()}
    rows = {
        simulated.LEE_YU: "as estimated",
        simulated.JACKKNIFE: "half-panel jackknife",
        simulated.SCORES: simulated.package.ADJUSTED,
        simulated.ROBUST: simulated.package.ADJUSTED_ROBUST,
        simulated.RANDOM: simulated.package.CORRELATED,
    }
    for k in range(PANELS):
        b = simulated.fitted(design, levels[k], X[k])
        table = b.bias_corrections(draws=19, seed=1).table
        for name, row in rows.items():
            assert at_once[name][k] == pytest.approx(table.loc[row, "beta"], abs=RHO_ON_A_GRID), (name, k)


def test_lee_yu_of_the_simulation_is_least_squares_with_dummies_where_rho_is_its_own():
    """At the rho that it finds, beta is that of (I - rho W) growth on the level and dummies of regions and years."""
    design = Design()
    levels, X = drawn(design, 1, np.random.default_rng(3))
    sample = sample_of(design, levels[0], X[0])
    beta = simulated.within(sample, sample.levels[None])[0]
    T, n = design.T, design.n
    growth, start = np.diff(levels[0], axis=0), levels[0][:-1]
    W, rhos = world(n).dense, np.linspace(*Sample.window(sample), 401)
    dummies = np.column_stack([np.tile(np.eye(n), (T, 1)), np.repeat(np.eye(T), n, axis=0)[:, 1:]])
    Z = np.column_stack([start.ravel(), dummies])
    fits = [np.linalg.lstsq(Z, (growth - rho * growth @ W.T).ravel(), rcond=None)[0][0] for rho in rhos]
    assert np.abs(np.array(fits) - beta).min() < 1e-10


def test_sums_give_bias_and_rmse(monkeypatch):
    """Two blocks of 50 are the 100 panels: from sums as from the estimates themselves."""
    design = Design(effects="region")
    values = np.concatenate(
        [simulated.block(design, which, [simulated.RANDOM])[simulated.RANDOM][0] for which in (0, 1)]
    )
    kept = simulated.stored().iloc[:0]
    monkeypatch.setattr(simulated, "ASKED", {simulated.RANDOM: 100})
    monkeypatch.setattr(simulated, "stored", lambda: kept)
    monkeypatch.setattr(simulated, "store", lambda sums: None)
    simulated.more([design], seconds=60)
    row = simulated.table().loc[(design.key, simulated.RANDOM)]
    assert row["panels"] == 100
    assert row["bias"] == pytest.approx(values.mean(), abs=1e-12)
    assert row["rmse"] == pytest.approx(np.sqrt((values**2).mean()), abs=1e-12)


def test_no_bootstrap_of_a_fit_on_the_bound():
    """Panels rebuilt at rho = 1 explode: 2 b less their mean was -17,309 where b is -0.5."""
    design = Design(rho=0.4)
    levels, X = drawn(design, 50, np.random.default_rng([1, zlib.crc32(design.key.encode()), 1]))
    with pytest.warns(BoundaryWarning):
        b = simulated.fitted(design, levels[11], X[11])
    assert b.fit.at_bound == ("rho",)
    row = b.bias_corrections(draws=99, seed=1).table.loc["recursive bootstrap"]
    assert np.isnan(row["beta"])
    assert "on the bound" in row["reason"]
    spread = b.bias_corrections(draws=99, seed=1).table.loc["half-panel jackknife"]
    assert np.isnan(spread["std_error"])
    assert "on the bound" in spread["reason"]
    for drawn_around in (b.bootstrap, lambda **k: b.impacts(inference="bootstrap", **k)):
        with pytest.raises(ModelError, match="rho on the bound in the estimates, where samples explode"):
            drawn_around(draws=99, seed=1)
