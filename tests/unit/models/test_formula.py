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
        ("log(gsp) ~ nothing + 0", errors.VariableError, "nothing"),
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


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame([(r, t) for r in "abcdefgh" for t in range(2001, 2007)], columns=["id", "year"])
    frame["x"], frame["y"] = rng.normal(size=48), rng.normal(size=48)
    return frame.assign(kind=frame["id"].map(dict(zip("abcdefgh", "uvwuvwuv", strict=True))))


def fit(frame: pd.DataFrame, formula: str, **options):
    options = {"effects": "time", "spatial": "none"} | options
    return sc.fit_panel(sc.Panel(frame, region="id", period="year"), formula, **options)


@pytest.mark.parametrize("term", ["kind", "C(kind)", "x:kind", "C(code)", "I(code > 1)"])
@pytest.mark.parametrize("dtype", ["object", "category", "string"])
def test_a_missing_category_is_refused_as_a_missing_number(small, term, dtype):
    kind = small["kind"].mask(small["id"] == "c").astype(dtype)
    frame = small.assign(kind=kind, code=small["kind"].map({"u": 0, "v": 1, "w": 2}).mask(small["id"] == "c"))
    with pytest.raises(errors.MissingDataError, match=r"missing in 6: \('c', 2001\)"):
        fit(frame, f"y ~ x + {term}")


def test_lag_and_diff_go_back_by_region_whatever_the_order_of_rows(small):
    by_hand = small.assign(before=small.groupby("id")["x"].shift(1), change=small.groupby("id")["y"].diff())
    named = fit(by_hand[by_hand["year"] > 2001], "change ~ before")
    ours = fit(small.sample(frac=1, random_state=1), "diff(y) ~ lag(x)")
    np.testing.assert_allclose(ours.params, named.params, rtol=1e-10)
    assert any("2001" in note for note in ours.notes)
    twice = small.assign(before=small.groupby("id")["x"].shift(2))
    ours, named = fit(small, "y ~ lag(x, 2)"), fit(twice[twice["year"] > 2002], "y ~ before")
    np.testing.assert_allclose(ours.params, named.params, rtol=1e-10)


@pytest.mark.parametrize(
    ("behind", "effects"), [("id", "region"), ("year", "time"), ("id + year", "two-way"), ("year+id", "two-way")]
)
def test_what_stands_behind_the_bar_means_effects(small, behind, effects):
    # Effects that are left out are told from the default named by hand: that contradicts the bar.
    if effects != "two-way":
        with pytest.raises(errors.OptionError, match=r"asks for effects='.*', the option for effects='two-way'"):
            fit(small, f"y ~ x | {behind}", effects="two-way")
    ours = fit(small, f"y ~ x | {behind}", effects=None)
    assert ours.spec.effects == effects
    pd.testing.assert_series_equal(ours.params, fit(small, "y ~ x", effects=effects).params)


def test_an_empty_level_is_dropped_and_zero_does_nothing_beside_effects(small):
    panel = sc.Panel(small.assign(kind=small["kind"].astype("category")), region="id", period="year")
    ours = sc.fit_panel(panel.subset(regions=list("abdegh")), "y ~ 0 + x + kind", effects="time", spatial="none")
    assert "kind[T.v]" in ours.params.index
    assert "kind[T.w]" not in ours.params.index


def test_nullable_booleans_are_booleans(small):
    yes = small["x"] > 0
    nullable, plain = (fit(small.assign(b=yes.astype(kind)), "y ~ b") for kind in ("boolean", "bool"))
    pd.testing.assert_series_equal(nullable.params, plain.params)
    with pytest.raises(errors.MissingDataError, match="'b' is missing"):
        fit(small.assign(b=yes.astype("boolean").mask(small["id"] == "a")), "y ~ b")


@pytest.mark.parametrize(
    "term",
    [
        "I(__import__('os').getcwd())", "{x.__class__}", "I(open('/dev/null'))", "x.values", "np.log(x)", "eval('1')",
        "I((lambda: 1)())", "I([t for t in x])", "{9**9**9}", "lag(lag(x))", "lag(x, -1)", "lag(x, year)",
        "I('`' + __import__('os').name + '`')", "contr", "log", "poly(x, 10**9)", "(x + kind)**99", "I(x @ x)", "", "(",
    ],
)  # fmt: skip
def test_nothing_but_the_language_is_evaluated(small, term):
    with pytest.raises(errors.SpatialConvError) as caught:
        fit(small, f"y ~ x + {term}")
    assert "\x1b" not in str(caught.value)


def test_no_exception_of_a_library_comes_through(small):
    """Pieces of formulas in random order: a fit, or an error of ours without a terminal's escapes."""
    rng = np.random.default_rng(11)
    pieces = ["y", "x", "kind", "day", "b", "~", "~", "+", "+", "-", "*", ":", "|", "(", ")", "0", "1", "2", "log(x)",
              "lag(x)", "diff(x, 2)", "C(kind)", "I(x > 0)", "poly(x, 2)", "`", "'", "{", "}", ".", "%in%", "**", ",",
              "bs(x, df=4)", "scale(x)", "[", "]", "nought", "year", "id", "\\", "/", "é"]  # fmt: skip
    frame = small.assign(day=pd.Timestamp("2020-01-01"), b=(small["x"] > 0).astype("boolean"))
    for _ in range(300):
        formula = "y ~ x " + " ".join(rng.choice(pieces, rng.integers(1, 7)))
        said = ""
        try:
            fit(frame, formula)
        except errors.SpatialConvError as error:
            said = str(error)
        assert "\x1b" not in said, formula


def test_without_effects_the_intercept_may_go(small):
    """It had been refused; what comes out is compared in test_intercepts."""
    assert "intercept" not in fit(small, "y ~ 0 + x", effects="none").params.index
    assert "intercept" in fit(small, "y ~ x", effects="none").params.index


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ x^2", "y ~ x**3", "y ~ log(abs(x))^2", "y ~ `odd|name`^2", "y ~ x + z^2",
        "y ~ 2:x", "y ~ 2 * x", "y ~ x / 1000", "y / 1e6 ~ x", "y ~ x > 0", "y ~ x % 2", "y ~ x // 2",
        "y ~ x + 5", "y ~ -x", "-y ~ x",
    ],
)  # fmt: skip
def test_what_reads_like_arithmetic_is_never_fitted_as_something_else(small, formula):
    """Each of these was the model with x, or without it, under the name of x."""
    frame = small.assign(z=small["x"] ** 2 + 1, **{"odd|name": small["x"] + 3})
    panel = sc.Panel(frame, region="id", period="year")
    with pytest.raises(errors.OptionError, match=r"I\(|no term"):
        sc.fit_panel(panel, formula, effects="none", spatial="none")


def test_within_brackets_arithmetic_is_that_of_the_columns(small):
    panel = sc.Panel(small.assign(square=small["x"] ** 2, negative=-small["y"]), region="id", period="year")
    for formula, (y, x) in {
        "y ~ I(x**2)": ("y", ["square"]),
        "I(-y) ~ x + I(x ** 2)": ("negative", ["x", "square"]),
        "y ~ (x + square)**1": ("y", ["x", "square"]),
    }.items():
        found = sc.fit_panel(panel, formula, effects="none", spatial="none").params.to_numpy()
        assert found == pytest.approx(
            sc.fit_panel(panel, y, x, effects="none", spatial="none").params.to_numpy(), rel=1e-12
        )


def test_a_bar_in_backticks_belongs_to_the_name(small):
    panel = sc.Panel(small.assign(**{"a|b": small["x"]}), region="id", period="year")
    named = sc.fit_panel(panel, "y", ["a|b"], effects="region", spatial="none")
    for formula, effects in (("y ~ `a|b`", "region"), ("y ~ `a|b` | id", None)):
        options = {} if effects is None else {"effects": effects}
        pd.testing.assert_series_equal(sc.fit_panel(panel, formula, spatial="none", **options).params, named.params)


@pytest.mark.parametrize("term", ["one", "C(one)", "x:one"])
def test_a_category_that_is_the_same_everywhere_is_refused(small, term):
    """It left no column and no word."""
    panel = sc.Panel(small.assign(one="all"), region="id", period="year")
    with pytest.raises(errors.VariableError, match=r"one category in all rows.*all"):
        sc.fit_panel(panel, f"y ~ x + {term}", spatial="none")


def test_lags_are_of_numbers(small):
    panel = sc.Panel(small, region="id", period="year")
    with pytest.raises(errors.VariableError, match="take numbers; 'kind'"):
        sc.fit_panel(panel, "y ~ lag(kind)", spatial="none")
