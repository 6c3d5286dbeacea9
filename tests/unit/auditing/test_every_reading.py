"""Cells that no reading of their table explains, in tables of two rows; and honest ones that look like them."""

from __future__ import annotations

import pytest

import spatialconv as sc


def audited(cells: dict[str, str], **more):
    given = {"name": "T", "kind": "regression", "columns": ["(1)"], "coefficients": {k: [v] for k, v in cells.items()}}
    statistics = {k: [str(v)] for k, v in more.pop("statistics", {}).items()}
    return sc.audit({"paper": {"title": "t"}, "table": [given | {"statistics": statistics} | more]})


@pytest.mark.parametrize(
    ("cells", "statistics"),
    [
        # A minus sign can stand before t alone, and then the estimate has the other one.
        ({"x": "0.1185 (-0.64)", "z": "0.0351* (1.83)"}, {"n": 184}),
        ({"x": "0.071 (-0.49)", "z": "0.666*** (6.15)"}, {"n": 133}),
        ({"x": "-0.037* (0.020)", "z": "-1.735** (-0.798)"}, {"n": 60}),
        # No law gives a star to 0.64 of a standard error of 0.53, to t = 0.53 or to p = 0.53.
        ({"x": "-0.64* (0.53)", "z": "-0.79*** (0.00)"}, {}),
    ],
)
def test_a_slip_against_every_reading_is_found_in_small_tables(cells, statistics):
    assert audited(cells, statistics=statistics).errors


@pytest.mark.parametrize(
    "cells",
    [
        {"x": "-0.1185 (-0.64)", "z": "0.0351* (1.83)"},
        {"x": "0.071 (0.49)", "z": "0.666*** (6.15)"},
        {"x": "-0.037* (0.020)", "z": "-1.735** (0.798)"},
        {"x": "-0.64 (0.53)", "z": "-0.79*** (0.00)"},
    ],
)
def test_the_same_tables_as_they_were_have_none(cells):
    assert audited(cells).findings == ()


LEVELS = {"*": 0.05, "**": 0.01, "***": 0.001}


def test_one_star_that_is_missing_from_a_table_whose_note_has_stars():
    slip = {"x": "0.9023 (2.78)", "z": "-0.0298 (-0.11)"}
    assert audited(slip, stars=LEVELS, round="t", statistics={"n": 200}).errors
    # Without a note nobody knows whether the table would have any.
    assert audited(slip, round="t", statistics={"n": 200}).findings == ()
    # Where several should have one, the note is that of other tables.
    several = {"x": "0.9023 (2.78)", "z": "-0.9298 (-3.11)"}
    assert audited(several, stars=LEVELS, round="t", statistics={"n": 200}).findings == ()
    assert audited({"x": "0.9 (1.20)", "z": "-0.1 (-0.11)"}, stars=LEVELS, round="t").findings == ()


def test_degrees_of_freedom_of_a_model_that_prints_its_intercept_are_whole():
    told = {"n": 525, "r2": "0.0457", "adj_r2": "-0.0438"}
    with_one = audited({"const": "0.05 (0.04)", "x": "-0.66*** (0.13)"}, round="se", statistics=told)
    assert any("adjusted" in e.rule for e in with_one.errors)
    right = told | {"adj_r2": "0.0439"}
    assert audited({"const": "0.05 (0.04)", "x": "-0.66*** (0.13)"}, round="se", statistics=right).findings == ()
