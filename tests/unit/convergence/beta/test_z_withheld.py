"""Under effects of regions no z of beta is printed, whatever the model: who has a p is said instead."""

from __future__ import annotations

import numpy as np
import pytest

import spatialconv as sc
from spatialconv.convergence.beta.beta import INITIAL
from tests.terminal import plain_repr

# What b.inference is not derived for.
ELSEWHERE = {
    "error process": {"spatial": "error"},
    "lagged initial level": {"spatial": "lag", "durbin": True},
    "overlapping spans": {"horizon": 2, "overlapping": True},
}


@pytest.mark.parametrize("effects", ["region", "two-way"])
@pytest.mark.parametrize("kind", ELSEWHERE)
def test_no_z_where_no_test_is_derived_either(zj, w, kind, effects):
    b = sc.beta(zj.panel, "exports", w, effects=effects, **ELSEWHERE[kind])
    assert b.z_withheld
    assert b.exact_lines() is None
    text = " ".join(plain_repr(b).split())
    assert "beta" in text
    assert "as estimated" in text
    assert "b.grid_interval()" in text
    assert "b.bootstrap(null='no-convergence')" in text
    own = b.tidy().set_index("term").loc[INITIAL]
    assert np.isfinite(own["estimate"])
    assert own[["std_error", "statistic", "p_value", "conf_low", "conf_high"]].isna().all()
    assert b.speeds.loc["speed", ["std_error", "conf_low", "conf_high"]].isna().all()


@pytest.mark.parametrize("effects", ["none", "time"])
def test_z_stays_where_it_holds(zj, w, effects):
    b = sc.beta(zj.panel, "exports", w, effects=effects, spatial="error")
    assert not b.z_withheld
    assert f"z {b.tstats[INITIAL]:.2f}" in plain_repr(b)


def test_what_is_named_instead_is_there(zj, w):
    """The doors that the text names answer for each of these models, with the null imposed."""
    for options in ELSEWHERE.values():
        b = sc.beta(zj.panel, "exports", w, effects="region", **options)
        assert 0 <= b.bootstrap(null="no-convergence", draws=99, seed=1).p_values[INITIAL] <= 1
        low, high = b.grid_interval(draws=99, seed=1).interval
        assert low <= high
