"""What R prints, pasted: no error in its own output, every coefficient read, a changed figure seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import spatialconv as sc
from spatialconv.auditing.documents.understand import of_text

FOLDER = Path(__file__).parents[2] / "reference" / "r_prints"
PRINTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.txt"))}
# Of the coefficients in R's summaries, rho and lambda among them.
TERMS = {
    **dict.fromkeys(["lm", "coeftest", "stsls", "logit"], 3),
    "stsls": 4,
    "lag": 4,
    "err": 4,
    "errH": 4,
    "sac": 5,
    "sdm": 6,
    "slx": 5,
    "nls": 2,
    **dict.fromkeys(["plm_within", "plm_twoway"], 2),
    **dict.fromkeys(["plm_random", "plm_pooling", "plm_fd", "plm_between"], 3),
}
PLANTED = [
    ("lm", "-0.2739", "-0.2937"),
    ("lm", "0.5329", "0.5239"),
    ("lag", "error: 0.11768", "error: 0.18768"),
    ("coeftest", "-4.7805", "-4.7085"),
    ("err", "11.1613", "11.6113"),
    ("plm_within", "0.75311", "0.73511"),
    ("plm_within", "17.8666", "17.6866"),
    ("plm_twoway", "15.7540", "15.5740"),
    ("lmtests", "p-value = 0.01674", "p-value = 0.07164"),
    ("phtest", "0.3119", "0.3191"),
    ("lrtest", "9.9736", "7.9736"),
    ("moran", "5.6341", "5.3641"),
    ("moran", "0.008908762", "0.009808762"),
]


@pytest.mark.parametrize("name", PRINTS)
def test_what_r_prints_of_itself_holds_no_error(name):
    found = sc.audit(PRINTS[name])
    assert found.passed, found.to_text()
    assert "nothing to check here" not in str(found)


@pytest.mark.parametrize("name", TERMS)
def test_every_coefficient_is_read(name):
    """The longest label stands one space before its figure, and "< 2.2e-16" is one figure."""
    tables = [t for t in of_text(PRINTS[name]).given["table"] if t["kind"] == "regression"]
    assert len(tables[0]["coefficients"]) == TERMS[name]
    assert all(re.fullmatch(r"-?[\d.e-]+\**( \(.*\))?( \[.*\])?", c[0]) for c in tables[0]["coefficients"].values())


@pytest.mark.parametrize(("name", "honest", "planted"), PLANTED)
def test_a_changed_figure_is_seen(name, honest, planted):
    assert honest in PRINTS[name]
    assert not sc.audit(PRINTS[name].replace(honest, planted, 1)).passed


def test_regions_and_observations_of_plm_are_told_apart():
    tables = of_text(PRINTS["plm_within"]).given["table"]
    (held,) = [t["statistics"] for t in tables if "n" in t.get("statistics", {})]
    assert [held[key] for key in ("n", "regions", "periods")] == [["200"], ["10"], ["20"]]


def test_one_sided_tests_are_read_as_such():
    (table,) = [t for t in of_text(PRINTS["moran"]).given["table"] if t["kind"] == "tests"]
    assert table["sided"] == "one"
    two = PRINTS["moran"].replace("greater", "two.sided")
    assert not sc.audit(two).passed
