"""What results say reads as English where there is one of a thing, or nothing to be said."""

from __future__ import annotations

import re

import pytest

import spatialconv as sc
from spatialconv import errors
from spatialconv.results import extent, number, plural

# "1 regions", but neither "11 regions" nor "0.1 regions".
ONE_OF_MANY = re.compile(
    r"(?<![\d.,])1 (region|period|span|group|indicator|observation|link|transition|mode|regressor)s\b"
)


def test_counts():
    assert [plural(n, "region") for n in (0, 1, 11)] == ["0 regions", "1 region", "11 regions"]
    assert plural(1, "industry", "industries") == "1 industry"
    assert plural(2, "industry", "industries") == "2 industries"
    assert extent(48, 1, "span") == "48 regions x 1 span"


def test_zero_has_no_sign():
    assert number(-0.0) == number(0.0) == "0.0000"
    assert number(-0.25, 2) == "-0.25"


ONE = {
    "panel": lambda p, w: p.subset(regions=["Ningbo"]),
    "beta": lambda p, w: sc.beta(p, "exports", w, spatial="lag"),
    "fit": lambda p, w: sc.fit_panel(p, "exports", "digital", w, effects="none"),
    "impacts": lambda p, w: sc.fit_panel(p, "exports", "digital", w, effects="none").impacts(),
    "bootstrap": lambda p, w: sc.beta(p, "exports", w, spatial="lag").bootstrap(draws=19, seed=1),
    "quantiles": lambda p, w: sc.beta_quantiles(p, "exports", draws=9, seed=1, progress=False),
    "fixed effects": lambda p, w: sc.fixed_effects(p, "exports", "digital", effects="none"),
    "sigma": lambda p, w: sc.sigma(p.subset(periods=[2020]), "exports"),
    "descriptives": lambda p, w: sc.descriptives(p.subset(regions=["Ningbo"], periods=[2020])),
    "index": lambda p, w: sc.composite_index(p.subset(periods=[2020]), ["exports"], direction="+"),
    "density": lambda p, w: sc.density(p.subset(periods=[2020]), "exports"),
    "moran": lambda p, w: sc.moran(p.subset(periods=[2020]), "exports", w),
    "theil": lambda p, w: sc.theil(p.subset(periods=[2020]), "exports", groups=dict.fromkeys(p.regions, "all")),
    "dagum": lambda p, w: sc.dagum(p.subset(periods=[2020]), "exports", groups=dict.fromkeys(p.regions, "all")),
}


@pytest.mark.parametrize("name", ONE)
def test_one_of_a_thing_is_singular(name, zj):
    two = zj.panel.subset(periods=[2019, 2020])
    said = repr(ONE[name](two, sc.weights.inverse_distance(zj.cities)))
    assert not ONE_OF_MANY.search(said), said


def test_a_trend_of_two_periods_is_undefined_and_no_unit(zj):
    said = repr(sc.sigma(zj.panel.subset(periods=[2019, 2020]), "exports"))
    assert "trend of sd_log: undefined\n" in said


def test_refusals_hold_for_one_measure_and_one_cell(zj):
    debts = zj.panel.assign(exports=lambda f: f["exports"].where(f["exports"] != f["exports"].max(), -1.0))
    with pytest.raises(errors.NotPositiveError, match="the Gini coefficient of 'exports' cannot be had of negative"):
        sc.dagum(debts, "exports", groups=zj.cities["area"])
    with pytest.raises(errors.NotPositiveError, match=r"needs positive values; zero: 0, negative: 1, in \("):
        sc.beta(debts, "exports")
