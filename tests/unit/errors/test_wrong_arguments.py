"""Wrong kinds of arguments get an answer of ours at every door, never a traceback from a library."""

from __future__ import annotations

import numpy as np
import pytest

import spatialconv as sc
from spatialconv import errors


def renamed(zj, name: str) -> sc.Panel:
    return zj.panel.assign(**{name: lambda f: f["digital"]})


CASES = {
    "frame for panel, beta": (lambda zj, w: sc.beta(zj.panel.frame, "exports"), "data enter by a Panel"),
    "frame for panel, sigma": (lambda zj, w: sc.sigma(zj.panel.frame, "exports"), "data enter by a Panel"),
    "frame for panel, growth": (lambda zj, w: sc.growth(zj.panel.frame, "exports"), "data enter by a Panel"),
    "frame for panel, descriptives": (lambda zj, w: sc.descriptives(zj.panel.frame), "data enter by a Panel"),
    "frame for panel, fit": (lambda zj, w: sc.fit_panel(zj.panel.frame, "exports", "digital", w), "takes a Panel"),
    "frame for panel, map": (
        lambda zj, w: sc.maps.choropleth(zj.panel.frame, "exports", zj.cities),
        "enter by a Panel",
    ),
    "list for variable": (lambda zj, w: sc.moran(zj.panel, ["exports"], w), "a variable is the name of one column"),
    "weights for variable": (lambda zj, w: sc.moran(zj.panel, w, "exports"), "variable"),
    "number for controls": (
        lambda zj, w: sc.beta(zj.panel, "exports", controls=3),
        "controls must be the name of a column",
    ),
    "weights for regressors": (lambda zj, w: sc.fit_panel(zj.panel, "exports", w, "digital"), "x must be the name"),
    "number for durbin": (
        lambda zj, w: sc.beta(zj.panel, "exports", w, spatial="lag", durbin=1),
        "durbin must be the name",
    ),
    "control called rho": (
        lambda zj, w: sc.beta(renamed(zj, "rho"), "exports", w, controls="rho"),
        "cannot name a regressor",
    ),
    "control called intercept": (
        lambda zj, w: sc.beta(renamed(zj, "intercept"), "exports", controls="intercept"),
        "cannot name a regressor",
    ),
    "control called log_initial": (
        lambda zj, w: sc.beta(renamed(zj, "log_initial"), "exports", controls="log_initial"),
        "names the initial level itself",
    ),
    "regressor called like a Durbin term": (
        lambda zj, w: sc.fit_panel(renamed(zj, "W:digital"), "exports", ["digital", "W:digital"], w, durbin="digital"),
        "cannot name a regressor",
    ),
    "sigma's plot of nothing": (lambda zj, w: sc.plot.sigma(None), "takes the result of sc.sigma; got None"),
    "path of a sigma": (
        lambda zj, w: sc.plot.moran_path(sc.sigma(zj.panel, "exports")),
        "takes the result of sc.moran",
    ),
    "scatter of a fit": (
        lambda zj, w: sc.plot.beta_scatter(sc.beta(zj.panel, "exports").fit),
        "takes the result of sc.beta",
    ),
    "coefficients of a number": (lambda zj, w: sc.plot.coefficients({"a": 3}), "results must be fits"),
    "hot spots of a panel": (lambda zj, w: sc.maps.hot_spots(zj.panel, zj.cities), "takes the result of sc.hot_spots"),
    "clusters of hot spots": (
        lambda zj, w: sc.maps.clusters(sc.hot_spots(zj.panel, "exports", w), zj.cities),
        "takes the result of sc.local_moran",
    ),
    "links of a frame": (lambda zj, w: sc.maps.links(zj.cities, zj.cities), "links are drawn of weights"),
    "weights from no path": (lambda zj, w: sc.weights.read(None), "path must be the name of a file"),
    "slice of periods": (lambda zj, w: sc.local_moran(zj.panel, "exports", w, period=slice(2016, 2018)), "period"),
    "no link at all": (
        lambda zj, w: sc.beta(
            zj.panel, "exports", sc.weights.from_matrix(np.zeros((11, 11)), regions=zj.cities.index), spatial="lag"
        ),
        "the weights hold no link among these 11 regions",
    ),
    "random effects of one region": (
        lambda zj, w: sc.fit_panel(
            zj.panel.subset(regions=["Ningbo"]), "exports", "digital", spatial="none", effects="random"
        ),
        "a model of regions needs .* the panel has 1: 'Ningbo'",
    ),
}


MISSPELT = {
    "fit.bootstrap": (lambda b, zj: b.fit.bootstrap(drws=9), "bootstrap.. takes the options draws"),
    "b.null_distribution": (lambda b, zj: b.null_distribution(drws=9), "null_distribution.. takes the options draws"),
    "b.grid_interval": (lambda b, zj: b.grid_interval(foo=1), "grid_interval.. takes .*scheme.*; got 'foo'"),
    "b.detectable": (lambda b, zj: b.detectable(drws=9, foo=1), "power, size, .*; got 2: 'drws', 'foo'"),
    "b.bias_corrections": (lambda b, zj: b.bias_corrections(drws=9), "bias_corrections.. takes the options draws"),
    "b.impacts": (lambda b, zj: b.impacts(rout="exact"), "impacts.. takes the options kind, route"),
    "fit.predict": (lambda b, zj: b.fit.predict(knd="trend"), "predict.. takes the options kind, time_effect"),
    "impacts of a bootstrap": (
        lambda b, zj: b.bootstrap(draws=19, seed=1).impacts(seed=2),
        "impacts.. takes the options kind, route, level; got 'seed'",
    ),
    "beta_rolling": (lambda b, zj: sc.beta_rolling(zj.panel, "exports", window=2, effekts="time"), "window, step, con"),
    "beta_spacing": (
        lambda b, zj: sc.beta_spacing(zj.panel, "exports", horizons=1, effekts=1),
        "horizons, controls, controls_at, o",
    ),
    "multiverse": (
        lambda b, zj: sc.multiverse(zj.panel, "exports", effekts="time"),
        "level, preferred.*, weights, models, effects.*; got 'effekts'",
    ),
}


@pytest.mark.parametrize("name", MISSPELT)
def test_misspelt_option_is_told_those_there_are(name, zj, w):
    call, message = MISSPELT[name]
    with pytest.raises(errors.OptionError, match=message):
        call(sc.beta(zj.panel, "exports", w, spatial="lag", effects="time"), zj)


def test_impacts_of_a_bootstrap_take_a_level_of_their_own(zj, w):
    boot = sc.beta(zj.panel, "exports", w, spatial="lag", effects="time").bootstrap(draws=99, seed=1)
    narrow, wide = (boot.impacts(level=level).tidy() for level in (0.5, 0.95))
    assert (narrow["conf_low"] > wide["conf_low"]).all()


@pytest.mark.parametrize("name", CASES)
def test_wrong_argument(name, zj, w):
    call, message = CASES[name]
    with pytest.raises(errors.SpatialConvError, match=message):
        call(zj, w)


def test_unknown_encoding(tmp_path):
    path = tmp_path / "links.csv"
    path.write_text("focal,neighbor\na,b\n")
    with pytest.raises(errors.FileError, match="'gbkk' is no encoding"):
        sc.weights.read(path, encoding="gbkk")


@pytest.mark.parametrize("effects", ["time", "two-way"])
def test_score_tests_that_cannot_be_told_apart_say_so(zj, w, effects):
    """Two regions: one contrast is left, its lag is a multiple of it, and the table says why nothing can be tested."""
    two = zj.panel.subset(regions=["Ningbo", "Hangzhou"])
    table = sc.lm_tests(two, "exports", "digital", w, effects=effects).table
    undefined = table[table["p_value"].isna()]
    assert len(undefined) > 0
    assert undefined["reason"].str.contains("cannot be told apart").all()


def test_on_the_bound_there_are_estimates_and_no_standard_errors(zj, w):
    """Five cities, two-way effects, a lag and an error process: the optimum runs into the bound, and all is said."""
    southwest = zj.panel.subset(regions=zj.cities.index[zj.cities["area"] == "southwest"])
    with pytest.warns(errors.BoundaryWarning, match="should not be used"):
        b = sc.beta(southwest, "exports", w, spatial="sarar", effects="two-way")
    assert b.fit.at_bound
    assert b.std_errors.isna().all()
    assert any("no standard errors" in note for note in b.notes)
    assert "ON THE BOUND" in repr(b)
