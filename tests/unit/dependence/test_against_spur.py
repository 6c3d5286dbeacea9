"""Unit roots, half-lives, differences and SCPC against spur and scpc (tests/reference/spur), whole arrays."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

import spatialconv as sc
from spatialconv._core.persistence.half_life import ALTERNATIVES, TESTED, half_life_test
from spatialconv._core.persistence.kernel import both_sides, decay, decays, demean, inside, leading
from spatialconv._core.persistence.unit_root import (
    NULLS,
    WEAK,
    Frequencies,
    frequencies,
    of_no_unit_root,
    of_unit_root,
)
from spatialconv.dependence._components import _differenced, _table
from spatialconv.dependence._differences import difference_matrix
from spatialconv.dependence._rows import least_squares, projector
from spatialconv.models.estimation import components as held_against
from spatialconv.models.estimation.components import Rows
from tests.tolerances import MONTE_CARLO_P

REFERENCE = json.loads((Path(__file__).parents[2] / "reference" / "spur" / "reference.json").read_text())
CASES = REFERENCE["cases"]
SAME = 1e-8  # their bisections go on to 1e-11 in a decay, which condition numbers of 1e3 take up
THEIR_SHARE = 0.006  # a share of their 100,000 draws, four standard errors
THEIR_SEARCH = 1e-6  # of intervals: a value to 1e-11 of a probability by forty Gauss-Legendre nodes
NEAR_ZERO = 3e-3  # of p above a half, where forty nodes miss the narrow peak; test_quadratic.py has ours in closed form


def haversine(lon, lat):
    lon, lat = np.radians(lon), np.radians(lat)
    a = (
        np.sin((lat[:, None] - lat) / 2) ** 2
        + np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    )
    return 2 * np.arcsin(np.sqrt(np.minimum(a, 1)))


def read(name):
    case = CASES[name]
    frame = pd.DataFrame(case["data"])
    if "lon" in frame:
        d = haversine(frame["lon"].to_numpy(), frame["lat"].to_numpy())
    else:
        d = cdist(frame[["a", "b"]], frame[["a", "b"]])
    return case, frame, d / d.max()


def nearly_unit_root(d, project, q):
    """Frequencies as spur has them for residuals: a kernel of average correlation 0.999 for the Brownian motion."""
    sigma = both_sides(np.exp(-decay(d, 0.999) * d), project)
    R = leading(sigma, q)
    return Frequencies(d, R, R.T @ sigma @ R, {r: inside(d, decay(d, r), R) for r in (*NULLS.tolist(), WEAK)})


@pytest.mark.parametrize("name", CASES)
def test_statistics_and_p_of_both_tests(name):
    case, frame, d = read(name)
    f = frequencies(d, demean, case["q"])
    x = f.R.T @ demean(frame[["y"]].to_numpy())
    for key, test in (("i1", of_unit_root), ("i0", of_no_unit_root)):
        theirs = case["tests"][key]
        ours = test(f, x, theirs["ha"])
        np.testing.assert_allclose(ours.statistic, theirs["LR"], rtol=SAME)
        np.testing.assert_allclose(ours.p_value, theirs["p"], atol=THEIR_SHARE)
        assert abs(ours.power - 0.5) < 0.02  # they stop within 0.01 of 1/2, by shares of their draws
        own = test(f, x)
        assert own.power == pytest.approx(0.5, abs=1e-6)
        np.testing.assert_allclose(own.p_value, theirs["p"], atol=0.02)  # another alternative, of power 1/2 exactly


@pytest.mark.parametrize("name", CASES)
def test_statistics_and_p_of_residuals(name):
    case, frame, d = read(name)
    X = np.column_stack([np.ones(len(frame)), frame["x"]])
    project = projector(X)
    e = project(frame[["y"]].to_numpy())
    near, limit = nearly_unit_root(d, project, case["q"]), frequencies(d, project, case["q"])
    for key, test in (("i1resid", of_unit_root), ("i0resid", of_no_unit_root)):
        theirs = case["tests"][key]
        ours = test(near, near.R.T @ e, theirs["ha"])
        np.testing.assert_allclose(ours.statistic, theirs["LR"], rtol=1e-6)  # Omega is a thousandth of its parts
        np.testing.assert_allclose(ours.p_value, theirs["p"], atol=THEIR_SHARE)
        np.testing.assert_allclose(test(limit, limit.R.T @ e).p_value, theirs["p"], atol=0.02)


@pytest.mark.parametrize("name", CASES)
def test_p_of_half_lives(name):
    case, frame, d = read(name)
    f = frequencies(d, demean, case["q"])
    x = f.R.T @ demean(frame[["y"]].to_numpy())
    p, error = half_life_test(f, x, 40_000, np.random.default_rng(1))
    assert len(TESTED) == 131
    assert len(ALTERNATIVES) == 50
    # Every fifth; their last, 100 times the largest distance, is the unit root in the limit.
    np.testing.assert_allclose(p[::5, 0], case["half_lives"], atol=MONTE_CARLO_P)
    assert error.max() < 0.01


@pytest.mark.parametrize("name", CASES)
def test_differences(name):
    case, frame, d = read(name)
    H = difference_matrix(d)
    for column in ("y", "x"):
        theirs = np.array(case["differences"][column])
        np.testing.assert_allclose(H @ frame[column], theirs, atol=1e-8 * np.abs(theirs).max())


def cross_section(frame, differenced=None):
    panel = sc.Panel(frame.assign(region=range(len(frame)), period=1), region="region", period="period")
    fit, rows = least_squares(sc.fit_panel(panel, "y", "x", spatial="none", effects="none"), "scpc")
    return fit, rows if differenced is None else _differenced(rows, differenced)


COLUMNS = ["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]


@pytest.fixture
def correlated(monkeypatch):
    """Leave no correlation at all out of what sizes are held against, as scpc does."""
    whole = held_against.components
    monkeypatch.setattr(
        held_against, "components", lambda d, bound: (c := whole(d, bound)) and replace(c, decays=c.decays[:-1])
    )


def same(ours, theirs, q):
    """Tables agree. Their search of critical values begins at Student's t, what no correlation asks for."""
    value = np.maximum(ours["critical"], stats.t.ppf(0.975, q))
    ours = ours.assign(
        conf_low=ours["estimate"] - value * ours["std_error"], conf_high=ours["estimate"] + value * ours["std_error"]
    )
    for column in COLUMNS:
        if column != "p_value":
            np.testing.assert_allclose(ours[column], theirs[column], rtol=THEIR_SEARCH, atol=1e-8, err_msg=column)
    small = theirs["p_value"] < 0.5
    p = ours["p_value"], theirs["p_value"]
    np.testing.assert_allclose(p[0][small], p[1][small], rtol=THEIR_SEARCH, atol=1e-9)
    np.testing.assert_allclose(*p, atol=NEAR_ZERO)


@pytest.mark.parametrize("kind", ["levels", "differenced"])
@pytest.mark.parametrize("name", CASES)
def test_scpc_of_cross_sections(name, kind, correlated):
    case, frame, d = read(name)
    fit, rows = cross_section(frame, difference_matrix(d) if kind == "differenced" else None)
    compared = 0
    for which, theirs in case[kind].items():
        bound, conditional = float(which.split()[0]), which.endswith(" conditional")
        ours, q, c0 = _table(fit, rows, d, bound, conditional, 0.95, "none" if kind == "levels" else "lbm-gls")
        assert q == theirs["q"]
        # Distances on a sphere are shares of the circumference there.
        spans = (
            haversine(frame["lon"].to_numpy(), frame["lat"].to_numpy()).max() / (2 * np.pi)
            if "lon" in frame
            else (cdist(frame[["a", "b"]], frame[["a", "b"]]).max())
        )
        np.testing.assert_allclose(c0 / spans, theirs["c0"], rtol=1e-7)
        expected = pd.DataFrame(theirs["stats"], index=["intercept", "x"], columns=COLUMNS).loc[ours.index]
        same(ours, expected, q)
        compared += expected.size
    assert compared == (48 if kind == "levels" else 24)


@pytest.mark.parametrize("effects", ["none", "time", "region", "two-way"])
def test_scpc_of_panels_with_regions_as_clusters(effects, correlated):
    data = pd.DataFrame(REFERENCE["panel"]["data"])
    panel = sc.Panel(data, region="region", period="period")
    model = sc.fit_panel(panel, "y", ["x", "z"], spatial="none", effects=effects)
    xy = data.drop_duplicates("region").set_index("region")
    places = gpd.GeoDataFrame(geometry=gpd.points_from_xy(xy["a"] * 1e5, xy["b"] * 1e5, crs=3857), index=xy.index)
    for which, theirs in REFERENCE["panel"]["fits"][effects].items():
        result = sc.scpc(model, places, conditional=which == "conditional")
        expected = pd.DataFrame([theirs["x"], theirs["z"]], index=["x", "z"], columns=COLUMNS)
        same(result.table.loc[["x", "z"]], expected, result.q)
        if which != "conditional":
            continue
        # The same figures as an option of the fit.
        fit = sc.fit_panel(panel, "y", ["x", "z"], spatial="none", effects=effects, vcov="scpc", geometry=places)
        table = fit.tidy().set_index("term").loc[["x", "z"]]
        same(table.assign(critical=result.table["critical"]), expected, result.q)


def test_decays_are_roots_whatever_their_order():
    *_, d = read("plane 40")
    wanted = [0.5, 0.01, 0.9, 1e-5, 0.03]
    pairs = d[np.triu_indices(len(d), 1)]
    np.testing.assert_allclose([np.exp(-c * pairs).mean() for c in decays(d, wanted)], wanted, rtol=1e-10)


def test_the_table_of_rows_is_that_of_the_model():
    _, frame, _ = read("plane 40")
    fit, rows = cross_section(frame)
    assert isinstance(rows, Rows)
    np.testing.assert_allclose(rows.project(rows.y[:, None])[:, 0], fit.residuals.to_numpy()[0], atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_no_correlation_at_all_makes_scpc_no_bolder(name, request):
    _, frame, d = read(name)
    fit, rows = cross_section(frame)
    whole = _table(fit, rows, d, 0.03, True, 0.95, "none")[0]
    request.getfixturevalue("correlated")
    without = _table(fit, rows, d, 0.03, True, 0.95, "none")[0]
    assert (whole["critical"] >= without["critical"]).all()
    assert (whole["p_value"] >= without["p_value"]).all()
    np.testing.assert_allclose(whole["critical"], without["critical"], rtol=2e-3)
