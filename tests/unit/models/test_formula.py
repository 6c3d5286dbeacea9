"""The formula door gives the specification that names give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import errors
from tests.unit.models.test_splm import data


def test_formula_is_the_same_model():
    panel, w, y, x = data("munnell")
    plain = sc.Panel(panel.frame[["id", "year", "gsp", "pcap", "pc", "emp", "unemp"]], region="id", period="year")
    formula = sc.fit_panel(plain, "log(gsp) ~ log(pcap) + log(pc) + log(emp) + unemp", w=w, effects="region")
    named = sc.fit_panel(panel, y, x, w, effects="region")
    pd.testing.assert_series_equal(formula.params, named.params)
    assert formula.spec == named.spec
    first = sc.fit_panel("log(gsp) ~ log(pcap) + log(pc) + log(emp) + unemp", plain, w=w, effects="region")
    pd.testing.assert_series_equal(first.params, named.params)


def test_categories_and_interactions_become_columns():
    panel, w, _, _ = data("munnell")
    early = panel.assign(early=lambda f: np.where(f["year"] < 1978, "yes", "no"))
    fit = sc.fit_panel(early, "log(gsp) ~ unemp * C(early)", w=w, effects="none")
    assert {"C(early)[T.yes]", "unemp:C(early)[T.yes]"} <= set(fit.params.index)


@pytest.mark.parametrize(
    ("formula", "error", "message"),
    [
        ("log(gsp) ~ nothing", errors.VariableError, "cannot be read.*regressors among"),
        ("log(gsp) ~ unemp - 1", errors.OptionError, "takes the intercept away"),
        ("~ unemp", errors.VariableError, "needs an outcome"),
    ],
)
def test_bad_formula(formula, error, message):
    panel, w, _, _ = data("munnell")
    with pytest.raises(error, match=message):
        sc.fit_panel(panel, formula, w=w)


def test_a_formula_names_the_regressors_alone():
    panel, w, _, x = data("munnell")
    with pytest.raises(errors.OptionError, match="leave x out"):
        sc.fit_panel(panel, "log(gsp) ~ unemp", x, w)
    with pytest.raises(errors.OptionError, match="may be left out only where y is a formula"):
        sc.fit_panel(panel, "unemp", w=w)
