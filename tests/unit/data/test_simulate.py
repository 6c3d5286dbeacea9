"""Panels with known parameters: the equation holds to the last digit, and the moments are those promised."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import errors
from spatialconv.simulate import draw_errors
from tests.tolerances import EXACT, REFERENCE

CONTROLS = {"x": 0.5, "z": -1.0}


@pytest.fixture(scope="module")
def w():
    return sc.weights.inverse_distance(sc.datasets.zhejiang().cities)


@pytest.mark.parametrize("effects", ["none", "region", "time", "two-way"])
@pytest.mark.parametrize("errors_", ["normal", "skewed", "heavy", "heteroskedastic"])
@pytest.mark.parametrize("when", ["start", "end"])
def test_growth_obeys_the_equation(w, effects, errors_, when):
    """Filtered growth less all terms is the error that was drawn, period by period."""
    world = sc.simulate.growth_panel(
        w,
        periods=6,
        beta=-0.2,
        rho=-0.8,
        lam=0.3,
        controls={"x": 0.5, "z": -1.0},
        controls_at=when,
        effects=effects,
        errors=errors_,
        seed=1,
    )
    p = world.panel
    assert p.variables == ("level", "x", "z")
    assert list(p.periods) == [2000, 2001, 2002, 2003, 2004, 2005]
    W = sc.weights.align(w, p.regions).matrix.toarray()
    logs = np.log(p.values("level"))
    growth = np.diff(logs, axis=0)
    answered = p.periods[:-1] if when == "start" else p.periods[1:]
    x, z = (p.values(name, periods=answered) for name in ("x", "z"))
    u = growth + 0.8 * growth @ W.T + 0.2 * logs[:-1] - 0.5 * x + z - world.effect.to_numpy()
    e = u - 0.3 * u @ W.T
    np.testing.assert_allclose(e, world.errors, atol=REFERENCE)
    spread = world.effect.to_numpy()
    assert (np.ptp(spread, axis=1).max() > EXACT) == (effects in ("region", "two-way"))
    assert (np.ptp(spread, axis=0).max() > EXACT) == (effects in ("time", "two-way"))
    assert "beta -0.2, rho -0.8, lambda 0.3, x 0.5, z -1" in repr(world)
    assert world.seed == 1


def test_panel_obeys_the_equation(w):
    world = sc.simulate.panel(
        w,
        periods=4,
        coefficients={"a": 2.0, "b": -1.0},
        neighbours={"b": 0.7},
        rho=0.4,
        lam=-0.5,
        intercept=3.0,
        seed=2,
    )
    p = world.panel
    W = sc.weights.align(w, p.regions).matrix.toarray()
    y, a, b = (p.values(name) for name in ("y", "a", "b"))
    u = y - 0.4 * y @ W.T - 2 * a + b - 0.7 * b @ W.T
    u = u - world.effect.to_numpy()
    e = u + 0.5 * u @ W.T
    np.testing.assert_allclose(e, world.errors, atol=REFERENCE)
    assert world.truth == {"a": 2.0, "b": -1.0, "W:b": 0.7, "rho": 0.4, "lambda": -0.5, "sigma2": 1.0}


def test_estimators_find_the_truth():
    """Many regions: every parameter within four standard errors."""
    import geopandas as gpd

    rng = np.random.default_rng(0)
    points = gpd.GeoDataFrame(index=range(300), geometry=gpd.points_from_xy(*rng.uniform(0, 1e5, (2, 300))), crs=32650)
    w = sc.weights.knn(points, k=5)
    world = sc.simulate.growth_panel(
        w, periods=5, beta=-0.25, rho=0.5, controls={"x": 0.1}, effects="time", sigma=0.2, seed=3
    )
    b = sc.beta(world.panel, "level", w, controls="x", spatial="lag", effects="time")
    truth = pd.Series({"log_initial": -0.25, "x": 0.1, "rho": 0.5, "sigma2": 0.04})
    assert ((b.params - truth).abs() < 4 * b.std_errors).all()


@pytest.mark.parametrize("kind", ["normal", "skewed", "heavy", "heteroskedastic"])
def test_errors_have_mean_zero_and_variance_one(kind):
    e = draw_errors(kind, (200, 500), np.random.default_rng(4))
    assert e.mean() == pytest.approx(0, abs=0.02)
    assert (e**2).mean() == pytest.approx(1, abs=0.03)
    skewness, kurtosis = (e**3).mean(), (e**4).mean()
    assert (abs(skewness) > 1) == (kind == "skewed")
    assert (kurtosis > 3.5) == (kind != "normal")
    regions = (e**2).mean(axis=0)
    assert (regions.std() > 0.5) == (kind == "heteroskedastic")


def test_seeds_and_regions_without_links():
    one, two, other = (sc.simulate.growth_panel(12, seed=s).panel.values("level") for s in (5, 5, 6))
    np.testing.assert_array_equal(one, two)
    assert not np.allclose(one, other)
    assert list(sc.simulate.panel(3, seed=1).panel.regions) == ["r001", "r002", "r003"]
    drawn = sc.simulate.growth_panel(4)
    assert isinstance(drawn.seed, int)


def test_wrong_arguments(w):
    with pytest.raises(errors.OptionError, match=r"rho=1.2 lies outside"):
        sc.simulate.growth_panel(w, rho=1.2)
    with pytest.raises(errors.OptionError, match="needs spatial weights"):
        sc.simulate.panel(5, rho=0.2)
    with pytest.raises(errors.OptionError, match="levels explode with beta=3"):
        sc.simulate.growth_panel(5, beta=3, periods=400)
    with pytest.raises(errors.OptionError, match="'level' cannot name a regressor here"):
        sc.simulate.growth_panel(5, controls={"level": 1})
    with pytest.raises(errors.OptionError, match="sigma must be zero or a positive number"):
        sc.simulate.growth_panel(5, sigma=-1)
    with pytest.raises(errors.OptionError, match="neighbours names 'q'"):
        sc.simulate.panel(w, neighbours={"q": 1.0})
    with pytest.raises(errors.OptionError, match="w must be spatial weights or a number of regions; got str"):
        sc.simulate.panel("zhejiang")
    with pytest.raises(errors.OptionError, match="errors must be one of"):
        sc.simulate.panel(5, errors="cauchy")
