"""The unit of measurement: figures follow it however small or large, or the variable is refused, in words."""

from __future__ import annotations

import numpy as np
import pytest

import spatialconv as sc
from spatialconv import errors
from tests.tolerances import ROUNDING

FACTORS = (1e-200, 1e200)


def in_units_of(panel: sc.Panel, factor: float) -> sc.Panel:
    return panel.assign(exports=lambda f: f["exports"] * factor, digital=lambda f: f["digital"] * factor)


FREE_OF_UNITS = {
    "beta": lambda p, w: [sc.beta(p, "exports", w, spatial="lag", effects="time").beta],
    "moran": lambda p, w: sc.moran(p, "exports", w).table[["I", "p"]],
    "geary": lambda p, w: sc.geary(p, "exports", w).table[["C", "p"]],
    "hot spots": lambda p, w: sc.hot_spots(p, "exports", w).table[["z", "p"]],
    "local Moran": lambda p, w: sc.local_moran(p, "exports", w).table[["I", "p"]],
    "sigma": lambda p, w: sc.sigma(p, "exports", measures=("cv", "sd_log", "gini", "theil_t")).table,
    "sigma of levels": lambda p, w: [
        (s := sc.sigma(p, "exports", measures="sd")).ratio,
        *s.ratio_interval,
        s.tests[0].statistic,
        s.table["sd_ratio"].iloc[-1],
    ],
    "sigma by people": lambda p, w: (
        sc.sigma(p, "exports", measures="cv", population=dict.fromkeys(p.regions, 2.0)).table
    ),
    "entropy": lambda p, w: index(p).weights["weight"],
    "scores": lambda p, w: index(p).scores,
    "critic": lambda p, w: index(p, weighting="critic", normalise="z").weights["weight"],
    "component": lambda p, w: index(p, weighting="pca").weights["weight"],
}


def index(panel: sc.Panel, **options: str) -> object:
    return sc.composite_index(panel, ["exports", "digital"], direction="+", **options)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("name", FREE_OF_UNITS)
def test_figures_without_a_unit_stay(name, factor, zj, w):
    figures = FREE_OF_UNITS[name]
    there, here = (np.asarray(figures(p, w), dtype=float) for p in (in_units_of(zj.panel, factor), zj.panel))
    assert np.isfinite(here).all()
    np.testing.assert_allclose(there, here, rtol=1e3 * ROUNDING)


@pytest.mark.parametrize("factor", FACTORS)
def test_standard_deviations_follow_the_unit(factor, zj):
    there, here = (sc.sigma(p, "exports", measures="sd").table["sd"] for p in (in_units_of(zj.panel, factor), zj.panel))
    np.testing.assert_allclose(there / factor, here, rtol=ROUNDING)
    there, here = (sc.descriptives(p).table.loc["exports", "std"] for p in (in_units_of(zj.panel, factor), zj.panel))
    assert there / factor == pytest.approx(here, rel=ROUNDING)


REFUSED = {
    "outcome": lambda p, w: sc.fit_panel(p, "exports", "gdp", w),
    "outcome by moments": lambda p, w: sc.fit_panel(p, "exports", "gdp", w, estimator="gmm"),
    "regressor": lambda p, w: sc.fit_panel(p, "gdp", "exports", w),
    "control": lambda p, w: sc.beta(p, "exports", w, controls="digital"),
    "score tests": lambda p, w: sc.lm_tests(p, "gdp", "exports", w),
    "fixed effects": lambda p, w: sc.fixed_effects(p, "exports", "gdp"),
    "fixed effects of it": lambda p, w: sc.fixed_effects(p, "gdp", "exports", effects="none"),
}


@pytest.mark.parametrize(("factor", "word"), [(1e-200, "small"), (1e200, "large")])
@pytest.mark.parametrize("name", REFUSED)
def test_what_double_precision_cannot_square_is_refused(name, factor, word, zj, w):
    panel = in_units_of(zj.panel.assign(gdp=lambda f: np.sqrt(f["digital"])), factor)
    with pytest.raises(errors.DataError, match=f"too {word} for double precision.*Rescale"):
        REFUSED[name](panel, w)


def test_fifty_orders_of_magnitude_are_not_too_many(zj, w):
    fits = [
        sc.fit_panel(in_units_of(zj.panel, factor), "exports", "digital", w, vcov="robust").tstats
        for factor in (1.0, 1e-50, 1e50)
    ]
    for fit in fits[1:]:
        np.testing.assert_allclose(fit, fits[0], rtol=1e-4)
