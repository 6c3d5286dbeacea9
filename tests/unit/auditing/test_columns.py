"""A table is read as a whole: brackets, sides, levels, one number of degrees of freedom a column; ten papers."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv.auditing.description.figures import cell, figure
from spatialconv.auditing.description.ours_models import law_of
from spatialconv.auditing.description.reported import Regression
from spatialconv.auditing.evidence.readings import fewest, reading_of
from spatialconv.results import Result
from tests.first_calls import calls

PAPERS = Path(__file__).parents[2] / "reference" / "papers"

# What is known to be off, by hand, in ten tables of published papers: rules and how often each finds something.
KNOWN = {
    "p02_pmc7231708": {},
    "p04_pmc10449199": {"stars": 1, "effects": 2},
    "p06_srep84112": {},
    "p07_srep19108": {},
    "p08_hssc05158": {"shares": 5},
    "p10_resci": {"stars": 13},
    "p12_plos0071474": {"tests": 4},
    "p13_hanspub2392951": {"stars": 6, "repeated rows": 2},
    "p15_corpapers": {},
    "p18_jmis": {"legible": 1},
}


@pytest.mark.parametrize("name", KNOWN)
def test_ten_papers_are_found_as_they_are(name):
    report = sc.audit(PAPERS / f"{name}.toml")
    assert Counter(f.rule for f in report.findings) == KNOWN[name], report.to_text()
    assert report.checked > 30
    assert {f.severity for f in report.findings if f.rule != "repeated rows"} <= {"error"}


def test_what_was_chosen_is_stated():
    one = sc.audit(PAPERS / "p02_pmc7231708.toml")
    assert sum("tests of one side, which is not said" in r for r in one.remarks) == 3
    ten = sc.audit(PAPERS / "p10_resci.toml")
    assert any("every ratio is held against the normal" in r for r in ten.remarks)
    empty = sc.audit(PAPERS / "p07_srep19108.toml")
    assert sum("without observations" in r for r in empty.remarks) == 2
    assert any("h = 5" in r for r in sc.audit(PAPERS / "p15_corpapers.toml").remarks)


def made(coefficients, **more):
    columns = [f"({k})" for k in range(1, len(next(iter(coefficients.values()))) + 1)]
    table = {"name": "T", "kind": "regression", "columns": columns, "coefficients": coefficients} | more
    return {"paper": {"title": "t"}, "table": [table]}


def read(given):
    reported = sc.auditing.read(given)
    (table,) = reported.of(Regression)
    return reading_of(reported, table)


def drawn(rng, brackets, *, rows=8, columns=3, df=None, levels=(0.1, 0.05, 0.01), sides=2, digits=3):
    """A table of estimates with stars by a law that is known here and not said there."""
    law = stats.norm if df is None else stats.t(df)
    coefficients = {}
    for r in range(rows):
        cells = []
        for _ in range(columns):
            z, error = rng.normal(scale=2.2), 10 ** rng.uniform(-2, 0)
            p = sides * law.sf(abs(z)) if sides == 2 else law.sf(abs(z))
            stars = "*" * sum(p < level for level in levels)
            inside = {"se": error, "t": z, "p": p}[brackets]
            cells.append(f"{z * error:.{digits}f}{stars} ({inside:.{digits}f})")
        coefficients[f"x{r}"] = cells
    return coefficients


@pytest.mark.parametrize("brackets", ["se", "t", "p"])
def test_what_is_in_brackets_follows_from_the_stars(brackets):
    """Not one table is read wrongly, and few are asked about."""
    rng = np.random.default_rng([1, ("se", "t", "p").index(brackets)])
    asked = 0
    for _ in range(25):
        given = made(drawn(rng, brackets))
        found = read(given).brackets.round
        asked += found is None
        assert found in (brackets, None)
        assert sc.audit(given).findings == ()
    assert asked <= 1


def test_brackets_are_asked_for_where_the_stars_tie():
    given = made({"x": ["0.50 (0.40)"], "y": ["0.70 (0.90)"]})
    report = sc.audit(given)
    assert report.findings == ()
    assert any('say it, such as round = "se"' in r for r in report.remarks)
    assert "nothing to check here" in report.to_text()


def test_levels_follow_from_the_stars_where_no_note_says_them():
    rng = np.random.default_rng(5)
    for levels in ((0.05, 0.01, 0.001), (0.1, 0.05, 0.01)):
        given = made(drawn(rng, "t", rows=10, levels=levels), round="t")
        assert tuple(read(given).levels.values()) == levels
        assert sc.audit(given).findings == ()
    said = made(drawn(np.random.default_rng(6), "t", rows=12, levels=(0.05, 0.01, 0.001)), round="t")
    said["table"][0]["stars"] = {"*": 0.10, "**": 0.05, "***": 0.01}
    assert {f.rule for f in sc.audit(said).findings} == {"stars"}


def test_one_slip_makes_no_reading():
    """z of 1.70 with two stars is a slip where nothing else speaks for one side: the usual reading is kept."""
    given = made({"x": ["0.5** (1.70)"], "y": ["0.9*** (4.40)"], "w": ["0.1 (0.30)"]}, round="z")
    assert read(given).sides == 2
    assert [f.rule for f in sc.audit(given).findings] == ["stars"]


@pytest.mark.parametrize("df", [6, 9, 14, 30, 120])
def test_honest_small_samples_without_degrees_of_freedom_have_no_finding(df):
    rng = np.random.default_rng(df)
    for brackets in ("t", "se"):
        for _ in range(8):
            given = made(drawn(rng, brackets, df=df), round=brackets)
            assert sc.audit(given).findings == ()


def test_more_stars_for_less_are_found_under_any_degrees_of_freedom():
    given = made({"x": ["0.5** (3.71)"], "y": ["-0.4*** (-2.84)"], "w": ["1 (0.2)"]}, round="t")
    assert [f.where for f in sc.audit(given).findings] == ["T, x, (1)"]
    # With one star less there is a number of degrees of freedom that explains the column, and it is told.
    given["table"][0]["coefficients"]["y"] = ["-0.4** (-2.84)"]
    given["table"][0]["coefficients"]["x"] = ["0.5*** (3.71)"]
    report = sc.audit(given)
    assert report.findings == ()
    assert any("read as t with" in r and "fits all its cells" in r for r in report.remarks)


def test_degrees_of_freedom_are_bounded_by_n_and_regions():
    """t of 2.30 with one star asks for few degrees of freedom; 400 observations leave more, eight regions do not."""
    cells = {"x": ["0.5* (2.20)"], "y": ["-0.4*** (-5.84)"]}
    assert [f.rule for f in sc.audit(made(cells, round="t", statistics={"n": ["400"]})).findings] == ["stars"]
    few = {"n": ["400"], "regions": ["8"]}
    assert sc.audit(made(cells, round="t", statistics=few)).findings == ()
    assert fewest(400, 2, 8) == 7
    assert fewest(400, 2, 0) > 10
    assert fewest(3000, 2, 0) == 25
    assert fewest(20, 2, 0) == 5


def test_unsigned_ratios_are_read_as_such():
    given = made({"x": ["-0.5*** (4.10)"], "y": ["-0.4** (2.20)"], "w": ["0.1 (0.30)"]}, round="t")
    assert sc.audit(given).findings == ()
    given["table"][0]["coefficients"]["w"] = ["0.1 (-0.30)"]
    # One that has its sign says that all have it.
    assert {f.rule for f in sc.audit(given).findings} == {"ratio"}


def test_criteria_may_leave_out_what_is_printed():
    """spreg prints lambda and does not count it: AIC = -2 l + 2 x 3 beside four rows."""
    cells = {"constant": ["1.0 (0.1)"], "x": ["0.5 (0.1)"], "z": ["0.2 (0.1)"], "lambda": ["0.4 (0.1)"]}
    given = made(cells, round="se", statistics={"loglik": ["-100.000"], "aic": ["206.000"], "n": ["49"]})
    assert sc.audit(given).findings == ()
    given["table"][0]["statistics"]["aic"] = ["204.000"]
    assert [f.rule for f in sc.audit(given).findings] == ["criteria"]


# ---------------------------------------------------------------------- figures as they are set


@pytest.mark.parametrize(
    ("text", "value", "stars", "unit"),
    [
        ("-0,054", -0.054, 0, 0.001), ("1,234", 1234, 0, 1), ("\u22120.12\u2217\u2217", -0.12, 2, 0.01),
        ("5.81 \u00d7 10\u207b\u2075", 5.81e-5, 0, 1e-7), ("5.81x10^-5", 5.81e-5, 0, 1e-7),
        ("1\u2009234.5", 1234.5, 0, 0.1), ("12\u202f345", 12345, 0, 1), ("0.5\\sym{***}", 0.5, 3, 0.1),
        ("0.5^{**}", 0.5, 2, 0.1), ("\uff0d\uff10\uff0e\uff15\uff0a", -0.5, 1, 0.1), ("\u20120.3", -0.3, 0, 0.1),
    ],
)  # fmt: skip
def test_figures_as_they_are_set(text, value, stars, unit):
    found = figure(text)
    assert (found.value, found.stars, found.unit) == (pytest.approx(value), stars, pytest.approx(unit))


def test_decimal_commas_are_seen_by_the_table():
    commas = made({"x": ["-0,054** (0,023)", "1,234*** (0,100)"], "y": ["0,5 (0,9)", "1.234,50*** (3,10)"]}, round="se")
    (table,) = sc.auditing.read(commas).of(Regression)
    assert table.coefficients["x"][1].main.value == 1.234
    assert table.coefficients["y"][1].main.value == 1234.5
    assert sc.audit(commas).findings == ()
    points = made({"x": ["1,234*** (0.100)"]}, round="se")
    assert next(sc.auditing.read(points).of(Regression)).coefficients["x"][0].main.value == 1234


@pytest.mark.parametrize("inside", ["[-0.47, -0.20]", "[-0.47,-0.20]", "[-0.47; -0.20]", "[-0.47 to -0.20]"])
def test_intervals_in_brackets(inside):
    found = cell(f"-0.34** {inside}").interval
    assert [f.value for f in found] == [-0.47, -0.2]


def test_what_cannot_be_read_is_a_finding_and_refuses_nothing():
    given = made({"x": ["0.5** (0.2.1)", "0.4 (0.3)"], "y": ["see text", "0.1 (0.3)"]}, round="se")
    given["claim"] = [
        {"text": "s", "kind": "significant", "at": "10%", "figures": [["T", "x", "(1)"]]},
        {"text": "u", "kind": "not significant", "at": "10%", "figures": [["T", "x", "(2)"]]},
    ]
    report = sc.audit(given)
    assert [(f.severity, f.rule, f.where) for f in report.findings] == [
        ("error", "legible", "T, x, (1)"),
        ("warning", "legible", "T, y, (1)"),
    ]
    assert report.checked > 2
    assert any("claim 1 is left out" in n for n in report.notes)


# ---------------------------------------------------------------------- results of our own

_NO_RESULTS = (
    "study.", "plot.", "maps.", "weights.", "tables.", "datasets.", "simulate.", "auditing.", "report.", "Panel",
    "industry_table", "show_versions", "specifications",
)  # fmt: skip
_TAKES = [name for name in calls.CALLS if not name.startswith(_NO_RESULTS)]
_MORE = {
    "impacts": 'sc.fit_panel(p(), "y", "x", w(), effects="region").impacts(draws=99, seed=1)',
    "bootstrap": "fit().bootstrap(draws=19, seed=1, progress=False)",
    "sigma.bootstrap": 'sc.sigma(p(), "y").bootstrap(draws=19, seed=1)',
    "weights.describe": "sc.weights.describe(w())",
    "inference": 'sc.beta(p(), "y", effects="region").infer()',
    "confidence_set": 'sc.beta(p(), "y", effects="region").confidence_set()',
    "short_panel_test": 'sc.beta(p(), "y", effects="region").short_panel_test(draws=99)',
    "sensitivity": 'sc.clubs(p(), "y").sensitivity(progress=False)',
}


@pytest.mark.parametrize("name", [*_TAKES, *_MORE])
def test_no_result_of_our_own_has_an_error(name):
    """Every public function on a panel of noise, where p-values are anything: no rule of another law is held to one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = eval(_MORE.get(name) or calls.CALLS[name], vars(calls))
        held = found if isinstance(found, (list, tuple)) else [found]
        if not all(isinstance(h, Result) for h in held):
            assert not any(isinstance(h, Result) for h in held)
            return
        report = sc.audit(found)
    assert report.findings == (), report.to_text()
    if not report.checked:
        assert report.notes
        assert "nothing to check here" in report.to_text()


def test_the_law_of_a_ratio_is_that_of_its_p():
    t, z = stats.t(7), stats.norm()
    assert law_of(1.0, 0.4, 2.5, 2 * z.sf(2.5)) == (2, np.inf)
    assert law_of(-1.0, 0.4, -2.5, 2 * t.sf(2.5)) == (2, 7.0)
    assert law_of(-1.0, 0.4, -2.5, z.cdf(-2.5)) == (1, np.inf)
    assert law_of(1.0, 0.4, 2.5, t.sf(2.5)) == (1, 7.0)
    assert law_of(1.0, 0.4, 2.4, 2 * z.sf(2.4)) is None
    assert law_of(1.0, 0.4, 2.5, 0.3) is None
    assert law_of(0.0, 0.4, 0.0, 1.0) == (2, np.inf)
