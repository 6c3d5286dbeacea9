"""The page of places agrees with the code, and every result shows itself and passes our own audit."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import spatialconv as sc
from tests import places


def test_the_page_is_what_the_code_says():
    assert places.PAGE.read_text(encoding="utf-8") == places.page(places.stored()), "run python -m tests.places"


def test_every_class_that_is_returned_is_in_the_page():
    """By what the functions are annotated with; what has no class of results is listed here, and nothing else."""
    data = {"Panel", "growth_panel", "industry_table", "relabel", "show_versions", "spatial_differences",
            "specifications", "to_pysal"}  # fmt: skip
    named = {name for name in places.calls.CALLS if "." not in name and "(" not in name}
    assert set(places.functions()) == named - data


# Kernels of mgwr are compiled at their first use, which takes minutes.
LONG = ("beta_local_spans", "beta_local")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in places.functions()]
)
def test_a_result_shows_itself_and_our_audit_finds_no_fault_in_it(name):
    result = places.result_of(name)
    assert isinstance(result.tidy(), pd.DataFrame)
    assert len(result.glance()) == 1
    assert repr(result).splitlines()[0]
    assert result._repr_html_().startswith("<div")
    assert set(result.to_dict()) >= {"tidy", "glance", "notes", "provenance"}
    assert "Examples\n" in (getattr(sc, name).__doc__ or "")
    report = sc.audit(result)
    assert not report.findings, report.to_text()
    assert places.audited(result) == places.stored()[name]
    if report.checked:
        assert (report.rules["passed"] == report.rules["applied"]).all()
    else:
        assert "nothing to check here" in repr(report)


def test_a_slip_in_a_result_is_found():
    """The audit that finds nothing above does find: a p that is not that of its statistic."""
    honest = places.result_of("wald_test")
    wrong = replace(honest, p_value=0.5 * honest.p_value + 0.4)
    assert [finding.severity for finding in sc.audit(wrong).findings] == ["error"]
