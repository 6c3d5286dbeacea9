"""The audit of reported figures: two papers, an invented one with every figure spoilt in turn, messages, reports."""

from __future__ import annotations

import copy
import json
import tomllib
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spatialconv as sc
from spatialconv.auditing.description.figures import Interval, cell, figure
from spatialconv.auditing.run import EXAMPLES
from spatialconv.cli import main
from spatialconv.errors import FileError, OptionError
from tests.terminal import plain_repr


def template():
    return tomllib.loads(sc.auditing.template())


def table(given, name):
    return next(t for t in given["table"] if t["name"] == name)


# ---------------------------------------------------------------------- figures and intervals


@pytest.mark.parametrize(
    ("text", "low", "high", "stars", "percent"),
    [
        ("-0.409", "-0.4095", "-0.4085", 0, False),
        ("\u22120.409***", "-0.4095", "-0.4085", 3, False),
        ("1,075", "1074.5", "1075.5", 0, False),
        ("1.803e+06", "1802500", "1803500", 0, False),
        ("12.5 %", "12.45", "12.55", 0, True),
        (".05", "0.045", "0.055", 0, False),
        ("0", "-0.5", "0.5", 0, False),
        ("- 0.5", "-0.55", "-0.45", 0, False),
    ],
)
def test_a_printed_figure_stands_for_half_a_unit_on_both_sides(text, low, high, stars, percent):
    found = figure(text)
    assert (found.stars, found.percent) == (stars, percent)
    # Both ends are inside, and next to nothing beyond them.
    assert Fraction(found.range.low) <= Fraction(low) < Fraction(high) <= Fraction(found.range.high)
    assert float(Fraction(low)) - found.range.low <= 1e-9 * max(1, abs(found.range.low))


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "1,2", "--", 0.5, None, "1 2", "e5", "1e999"])
def test_what_is_no_figure_is_refused(text):
    with pytest.raises(OptionError, match="the cell"):
        figure(text, "the cell")


def test_relations_are_half_lines():
    assert figure("< 0.001").range == Interval(-float("inf"), 0.001)
    assert figure("\u2265 5").range == Interval(5.0, float("inf"))


def test_cells_of_regression_tables():
    both = cell("\u22120.336 (0.069)*** [0.000]")
    assert (both.main.value, both.round.value, both.square.value, both.stars) == (-0.336, 0.069, 0.0, 3)
    interval = cell("-0.34* [-0.47, -0.20]")
    assert interval.interval is not None
    assert [f.value for f in interval.interval] == [-0.47, -0.20]
    assert interval.square is None
    assert cell("\u2013") is None
    assert cell("") is None


numbers = st.floats(-1e6, 1e6, allow_nan=False)


@given(numbers, numbers, numbers, numbers, st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=300, deadline=None)
def test_interval_arithmetic_contains_every_result(a, b, c, d, s, t):
    """Exact rational arithmetic inside the operands never leaves the result."""
    x, y = Interval(min(a, b), max(a, b)), Interval(min(c, d), max(c, d))
    u = min(
        max(Fraction(x.low) + Fraction(s) * (Fraction(x.high) - Fraction(x.low)), Fraction(x.low)), Fraction(x.high)
    )
    v = min(
        max(Fraction(y.low) + Fraction(t) * (Fraction(y.high) - Fraction(y.low)), Fraction(y.low)), Fraction(y.high)
    )
    results = [(x + y, u + v), (x - y, u - v), (x * y, u * v), (abs(x), abs(u)), (x.square(), u * u)]
    if v:
        results.append((x / y, u / v))
    for interval, exact in results:
        assert interval.low == -float("inf") or Fraction(interval.low) <= exact
        assert interval.high == float("inf") or exact <= Fraction(interval.high)


# ---------------------------------------------------------------------- the two papers


def test_luo_zhang_2024():
    report = sc.audit("luo_zhang_2024")
    assert [(f.severity, f.rule) for f in report.findings] == [
        ("error", "said of significance"),
        ("warning", "said of significance"),
        ("warning", "said of order"),
        ("warning", "said of trends"),
    ]
    north, south, huzhou, falling = report.findings
    assert "northeast" in north.where
    assert "0.1223 to 0.1248" in north.message
    assert "southwest" in south.where
    assert "0.05549 to 0.05678" in south.message
    assert "Huzhou, 2016-17 -59.02" in huzhou.message
    assert falling.message.startswith("17 of 33 steps")
    # The average of Jiaxing differs from that of the printed rates, and lies within what unrounded rates could give.
    assert any("Jiaxing, average: 139.28, and 139.27" in r for r in report.remarks)
    assert any("speed = -ln(1 + h beta) / h" in r for r in report.remarks)
    assert report.checked == report.rules["applied"].sum() > 300


def test_he_innovation():
    report = sc.audit("he_innovation")
    found = {(f.severity, f.rule, f.where.split(": ")[0].split(",")[0]) for f in report.findings}
    assert len(report.findings) == 22
    assert len(found) <= 22
    text = report.to_text()
    for said in (
        "the text has 0.5581; Table 9, X, (3) has 0.7222***",
        "the text has 0.5737; Table 9, X, (4) has 0.6869***",
        "the text says 'control'; the table says 'Not controlled'",
        "Table 10, X, North China: called significant at 1%",
        "Table 10, X, Northeast China: called significant at 1%",
        "the text counts 12; Table 2 has 11",
        "the text counts 3; Table 6 has 4",
        "POS has 39.32 in Table 2, above 10, and still stands in Table 3",
        "IOW stands in Table 3 and not in Table 2",
        "6 regions x 9 periods are 54 observations; printed are 63, which would be 7 regions",
        "4 regions x 9 periods are 36 observations; printed are 27, which would be 3 regions",
        "the text says 3.76%",
        "the text says 5.71%",
        "the text says 2.00%",
        "12 of 56 steps contradict it",
        "Northeast China: 0.0435 (2017), 0.0430 (2021)",
        "East China (0.1263 to 0.1599) is said to come first",
        "Northwest China (0.0328 to 0.0451) is said to come last",
        "8 of 9 rows are impossible as variances",
        "the text says about 60%",
        'Central China": 9 of 16 comparisons contradict it',
        'North China": 3 of 5 comparisons contradict it',
    ):
        assert said in text, said


def test_growth_rates_of_the_second_paper_by_hand():
    """1.8370 to 2.7018 in eight years, 0.1263 to 0.1599, 0.0328 to 0.0451: no way of counting gives what is said."""
    for start, end, said in ((1.8370, 2.7018, 0.0376), (0.1263, 0.1599, 0.0571), (0.0328, 0.0451, 0.0200)):
        ways = (
            (end / start) ** (1 / 8) - 1,
            (end / start - 1) / 8,
            (end / start) ** (1 / 9) - 1,
            (end / start - 1) / 9,
        )
        assert all(abs(way - said) > 0.005 for way in ways)


def test_the_list_of_provinces_and_table_7_agree_against_table_10():
    """The national index is the sum over provinces with six in the East and four in the centre, not seven and three."""
    given = tomllib.loads((sc.auditing.run.example_path("he_innovation")).read_text(encoding="utf-8"))
    totals = [c for c in given["claim"] if c["kind"] == "total"]
    assert [c["times"] for c in totals] == [[5, 3, 6, 5, 5, 4, 3]] * 2
    for claim in totals:
        claim["times"] = [5, 3, 7, 5, 5, 3, 3]
    before, after = sc.audit("he_innovation"), sc.audit(given)
    assert not [f for f in before.findings if f.rule == "said of totals"]
    assert len([f for f in after.findings if f.rule == "said of totals"]) == 2


# ---------------------------------------------------------------------- every rule, spoilt


def test_the_template_has_no_finding():
    report = sc.audit(template())
    assert report.findings == ()
    assert report.passed
    assert len(report.rules) > 30


def change(*path, to):
    def apply(given):
        held = given
        for step in path[:-1]:
            held = table(given, step) if isinstance(step, str) and step.startswith("Table ") else held[step]
        held[path[-1]] = to

    return apply


B, R = "ln initial level", "rho"
SPOILT = [
    (change("Table 3", "coefficients", B, 0, to="-0.0412*** (0.0098) [0.010]"), "p-value"),
    (change("Table 3", "coefficients", B, 0, to="-0.0412** (0.0098) [0.000]"), "stars"),
    (change("Table 3", "coefficients", B, 0, to="-0.0412*** (-0.0098) [0.000]"), "ratio"),
    (change("Table 3", "coefficients", B, 0, to="-0.0412*** (0.0098) [1.200]"), "p-value"),
    (change("Table 3", "coefficients", B, 0, to="-0.0142*** (0.0098) [0.000]"), "p-value"),
    (change("Table 3", "coefficients", R, 0, to="-2.312*** (0.104) [0.000]"), "rho"),
    (change("Table 3", "coefficients", R, 0, to="0.312*** [0.105, 0.516]"), "confidence interval"),
    (change("Table 3", "statistics", "speed", 0, to="0.048"), "speed"),
    (change("Table 3", "statistics", "half_life", 0, to="17.5"), "half-life"),
    (change("Table 3", "statistics", "n", 0, to="91"), "observations"),
    (change("Table 3", "statistics", "aic", 0, to="-231.02"), "criteria"),
    (change("Table 3", "statistics", "hausman", 0, to="19.37**"), "tests"),
    (change("Table 3", "statistics", "hausman", 0, to="-9.37"), "negative chi-square"),
    (change("Table 3", "statistics", "hausman_df", 0, to="3.5"), "counts"),
    (change("Table 3", "statistics", "r2", to=["1.04", ""]), "R-squared"),
    (change("Table 1", "rows", "growth", 1, to="0.1310"), "order"),
    (change("Table 1", "rows", "growth", 2, to="0.2750"), "largest spread"),
    (change("Table 1", "rows", B, 2, to="0.055"), "largest spread"),
    (change("Table 4", "rows", "2001", 1, to="-0.043"), "expectation"),
    (change("Table 4", "rows", "2001", 3, to="3.21"), "z of autocorrelation"),
    (change("Table 4", "rows", "2001", 2, to="-0.102"), "spread of autocorrelation"),
    (change("Table 4", "rows", "2001", 4, to="0.020"), "p-value"),
    (change("Table 5", "rows", "Hausman", 2, to=""), None),
    (change("Table 5", "rows", "Hausman", 3, to="0.052"), "tests"),
    (change("Table 5", "rows", "no group effects", 3, to="0.081"), "tests"),
    (change("Table 6", "rows", "websites", 0, to="0.921"), "entropy"),
    (change("Table 6", "rows", "domains", 2, to="0.310"), "weights of an index"),
    (change("Table 6", "group_weights", "infrastructure", to="0.867"), "groups of an index"),
    (change("Table 6", "k", to="0.2322"), "constant of entropy"),
    (change("Table 7", "rows", "users", 1, to="0.790"), "variance inflation"),
    (change("Table 7", "mean", to="1.36"), "variance inflation"),
    (change("Table 2", "rows", "North", 2, to="4.30"), "averages"),
    (change("Table 2", "rows", "North", 0, to="-104.20"), "range of figures"),
    (change("sample", 1, "n", to="35"), "parts"),
    (change("sample", 2, "regions", to=17), "parts"),
    (change("claim", 0, "at", to="0.001%"), "said of significance"),
    (change("claim", 0, "sign", to="positive"), "said of significance"),
    (change("claim", 1, "value", to="2.4%"), "printed twice"),
    (change("claim", 2, "figures", to=[["Table 3", "half_life", "all"]]), None),
    (change("claim", 3, "names", to=["South"]), "said of order"),
    (change("claim", 4, "kind", to="falls"), "said of trends"),
    (change("claim", 5, "value", to="16.0%"), "said of growth"),
    (change("claim", 6, "value", to="90%"), "said of ratios"),
    (change("claim", 7, "value", to="4"), "said of counts"),
    (change("claim", 8, "above", to="1.1"), "said of selection"),
    (change("claim", 9, "times", to=[1, 2]), "said of totals"),
    (change("claim", 10, "words", to="no"), "said of the table"),
]


@pytest.mark.parametrize(("spoil", "rule"), SPOILT)
def test_each_rule_finds_what_is_spoilt(spoil, rule):
    given = template()
    spoil(given)
    found = {f.rule for f in sc.audit(given).findings}
    assert (rule in found) if rule else not found


def listing(kind, columns, rows, **more):
    return {"paper": {"title": "t"}, "table": [{"name": "T", "kind": kind, "columns": columns, "rows": rows, **more}]}


@pytest.mark.parametrize(
    ("sound", "spoilt", "rule"),
    [
        (
            listing("descriptives", ["mean", "std", "cv"], {"a": ["2.00", "0.50", "0.25"]}),
            listing("descriptives", ["mean", "std", "cv"], {"a": ["2.00", "0.50", "0.52"]}),
            "coefficient of variation",
        ),
        (
            listing("descriptives", ["mean", "std", "median"], {"a": ["2.00", "0.50", "2.40"]}),
            listing("descriptives", ["mean", "std", "median"], {"a": ["2.00", "0.50", "2.60"]}),
            "median",
        ),
        (
            listing("descriptives", ["n", "mean"], {"a": ["7", "2.43"]}, integers=["a"]),
            listing("descriptives", ["n", "mean"], {"a": ["7", "2.34"]}, integers=["a"]),
            "sum of values",
        ),
        (
            listing("descriptives", ["n", "mean"], {k: ["7", "1"] for k in "abc"}),
            listing("descriptives", ["n", "mean"], {"a": ["7", "1"], "b": ["7", "1"], "c": ["1", "1"]}),
            "one n",
        ),
        (
            listing("grid", ["x", "y", "all"], {"a": ["1", "2", "3"], "b": ["3", "4", "7"], "sum": ["4", "6", "10"]},
                    content="counts", row_total="all", column_total="sum"),
            listing("grid", ["x", "y", "all"], {"a": ["1", "2", "3"], "b": ["3", "4", "7"], "sum": ["4", "6", "11"]},
                    content="counts", row_total="all", column_total="sum"),
            "totals",
        ),
        (
            listing("grid", ["x", "y"], {"a": ["33.3", "66.7"]}, content="shares", sums_to="rows"),
            listing("grid", ["x", "y"], {"a": ["33.3", "67.6"]}, content="shares", sums_to="rows"),
            "shares",
        ),
        (
            listing("grid", ["1", "2", "mean"], {"a": ["-50.0", "100.0", "0.0"]}, content="growth", row_mean="mean"),
            listing("grid", ["1", "2", "mean"], {"a": ["-50.0", "100.0", "5.0"]}, content="growth", row_mean="mean"),
            "averages",
        ),
        (
            listing("autocorrelation", ["C", "expected", "z"], {"a": ["0.8", "1.0", "1.2"]}),
            listing("autocorrelation", ["C", "expected", "z"], {"a": ["0.8", "0.1", "1.2"]}),
            "expectation",
        ),
    ],
)  # fmt: skip
def test_rules_that_the_template_does_not_show(sound, spoilt, rule):
    assert sc.audit(sound).findings == ()
    assert {f.rule for f in sc.audit(spoilt).findings} == {rule}


def test_growth_and_its_levels():
    levels = {
        "name": "L",
        "kind": "grid",
        "content": "levels",
        "columns": ["1", "2", "3"],
        "rows": {"a": ["2.00", "4.00", "3.00"]},
    }
    rates = {
        "name": "G",
        "kind": "grid",
        "content": "growth",
        "columns": ["1-2", "2-3"],
        "levels": "L",
        "rows": {"a": ["100", "-25"]},
    }
    assert sc.audit({"paper": {"title": "t"}, "table": [levels, rates]}).findings == ()
    rates["rows"] = {"a": ["100", "-52"]}
    assert [f.rule for f in sc.audit({"paper": {"title": "t"}, "table": [levels, rates]}).findings] == [
        "growth of levels"
    ]


def test_one_sided_tables_are_seen_or_said():
    """z 1.70 with two stars is one-sided, p 0.045: the rest of the table implies it, unless it says two."""
    given = {
        "paper": {"title": "t"},
        "table": [
            {
                "name": "T", "kind": "regression", "columns": ["a", "b"], "round": "z",
                "coefficients": {"x": ["0.5** (1.70)", "0.4* (1.40)"], "y": ["0.9*** (2.40)", "0.1 (0.30)"]},
            }
        ],
    }  # fmt: skip
    assert sc.audit(given).findings == ()
    given["table"][0]["sided"] = "two"
    assert {f.rule for f in sc.audit(given).findings} == {"stars"}


def test_rounding_is_given_the_benefit_of_the_doubt():
    """z of 1.645 is 10 % to the fourth decimal: with or without a star, and p 0.100 is neither above nor below."""
    for text in ("0.3*(1.645)", "0.3(1.645)", "0.3(1.64)", "0.3*(1.65)"):
        given = {"paper": {"title": "t"}, "table": [{"name": "T", "kind": "regression", "columns": ["a"], "round": "z",
                 "sided": "two", "coefficients": {"x": [text], "y": ["0.9***(3.00)"]}}]}  # fmt: skip
        assert sc.audit(given).findings == (), text


# ---------------------------------------------------------------------- messages, reports, command line


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (change("paper", to={}), "lacks the key 'title'"),
        (change("tables", to=[]), "unknown key 'tables'"),
        (change("Table 3", "columns", to=[]), "needs its columns"),
        (change("Table 3", "kind", to="regresion"), "must be one of 'regression'"),
        (change("Table 3", "coefficients", B, to=["-0.04"]), "has 1 cells and there are 2 columns"),
        (change("Table 3", "coefficients", B, 0, to=-0.0412), "typed as they are printed"),
        (change("Table 3", "roles", "rho", to="W y"), "roles of table 'Table 3' name the row 'W y'"),
        (change("Table 3", "statistics", "R2", to=["1", "1"]), "unknown statistic 'R2'"),
        (change("Table 3", "samples", to=["all"]), "one for each of its 2 columns"),
        (change("Table 3", "samples", to=["all", "sea"]), "no sample 'sea'"),
        (change("Table 3", "weights", to=["rook", ""]), "no weights 'rook'"),
        (change("Table 3", "round", to="sd"), "round of table 'Table 3'"),
        (change("Table 1", "columns", to=["n", "mean", "std", "min", "maximum"]), "it may have n, mean"),
        (change("Table 1", "name", to="Table 2"), "two tables have the name"),
        (change("sample", 0, "regions", to="thirty"), "whole number"),
        (change("paper", "stars", to={"*": 0.01, "**": 0.05}), "more stars must mean"),
        (change("paper", "stars", to={"a": 0.01}), "stars of"),
        (change("claim", 0, "kind", to="true"), "kind of claim 1"),
        (change("claim", 0, "level", to="1%"), "unknown key 'level'"),
        (change("claim", 0, "figures", to=[["Table 3", B]]), "list of places"),
        (change("claim", 0, "figures", to=[["Table 99", B, "all"]]), "no table 'Table 99'"),
        (change("claim", 0, "figures", to=[["Table 3", B, "sea"]]), "no column 'sea'"),
        (change("claim", 0, "figures", to=[["Table 3", "beta", "all"]]), "no row 'beta'"),
        (change("claim", 3, "names", to=["West"]), "'West', which is not among"),
        (change("claim", 4, "series", to={"table": "Table 2", "from": "1999"}), "no '1999'"),
        (change("weights", "queen", to={"eigenvalues": ["a"]}), "must be a number"),
        (change("weights", "queen", to={"bounds": [1]}), "two numbers"),
    ],
)
def test_a_wrong_description_is_answered_in_plain_words(spoil, words):
    given = template()
    spoil(given)
    with pytest.raises(OptionError, match=words.replace("(", "\\(").replace(")", "\\)")):
        sc.audit(given)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileError, match="cannot read"):
        sc.audit(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("[paper", encoding="utf-8")
    with pytest.raises(FileError, match="not valid TOML"):
        sc.audit(tmp_path / "broken.toml")
    (tmp_path / "gbk.toml").write_bytes("# 浙江".encode("gbk"))
    with pytest.raises(FileError, match="UTF-8"):
        sc.audit(tmp_path / "gbk.toml")
    with pytest.raises(OptionError, match="takes a TOML file"):
        sc.audit(3)


def test_the_description_is_not_changed():
    given = template()
    before = copy.deepcopy(given)
    sc.audit(given)
    assert given == before


def test_report_in_every_form():
    report = sc.audit("luo_zhang_2024")
    shown = plain_repr(report).splitlines()
    assert 3 <= len(shown) <= 8
    assert f"checked {report.checked} identities by {len(report.rules)} rules, 4 findings" in shown[0]
    assert list(report.tidy()["severity"]) == ["error", "warning", "warning", "warning"]
    assert report.glance().loc[0, ["errors", "warnings"]].tolist() == [1, 3]
    assert "<table" in report._repr_html_()
    assert "| rule | identity |" in report.to_markdown()
    assert json.loads(json.dumps(report.to_dict()))["rules"][0]["applied"] > 0
    assert str(report.findings[0]).startswith("error: text 2")
    assert set(report.rules["rule"]) <= set(sc.auditing.rules().index)
    assert plain_repr(sc.audit("luo_zhang_2024")) == plain_repr(report)


def command(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["audit", *arguments])
    held = capsys.readouterr()
    return stopped.value.code, held.out, held.err


def test_command_line(tmp_path, capsys):
    code, out, _ = command(capsys, "--template")
    assert code == 0
    (tmp_path / "paper.toml").write_text(out, encoding="utf-8")
    code, out, _ = command(capsys, str(tmp_path / "paper.toml"))
    assert code == 0
    assert "0 findings" in out
    for name in EXAMPLES:
        code, out, _ = command(capsys, name)
        assert code == 1
        assert "error: " in out
    code, out, _ = command(capsys, "he_innovation", "--format", "json")
    assert code == 1
    assert len(json.loads(out)["tidy"]) == 22
    code, out, _ = command(capsys, "he_innovation", "--format", "md")
    assert out.startswith("# Audit of He")
    code, _, err = command(capsys, "he_innovation", "--format", "xml")
    assert (code, err) == (2, "spatialconv: --format must be one of 'text', 'md', 'json'; got 'xml'.\n")
    code, _, err = command(capsys)
    assert code == 2
    assert "--template" in err


def test_readme_and_changelog_count_right():
    from pathlib import Path

    root = Path(__file__).parents[3]
    readme = (root / "docs" / "explanation" / "audit.md").read_text(encoding="utf-8")
    assert f"{len(sc.auditing.rules())} rules in interval arithmetic" in (root / "CHANGELOG.md").read_text(
        encoding="utf-8"
    )
    assert "in 17 of 33 steps it rises" in readme
    # Ten findings are told, the rest counted.
    assert "and twelve more" in readme
    assert len(sc.audit("he_innovation").findings) == 10 + 12


# ---------------------------------------------------------------------- results of our own


def test_a_whole_study_agrees_with_itself():
    study = sc.study.analyse(sc.study.zhejiang(), progress=False)
    report = sc.audit(study)
    assert report.findings == ()
    assert report.checked > 800
    assert {"log-likelihood", "criteria", "rho", "speed", "half-life", "averages", "p-value"} <= set(
        report.rules["rule"]
    )


def test_own_results_that_no_rule_reads_are_named():
    zj = sc.datasets.zhejiang()
    hot = sc.hot_spots(zj.panel, "exports", sc.weights.adjacency(zj.cities), period=2020)
    report = sc.audit({"growth": sc.growth(zj.panel, "exports"), "hot": hot})
    assert report.notes == ("left out, because no rule reads it: hot (HotSpots)",)
    # What is a result and has nothing that a rule reads is no wrong argument: the report says that nothing was checked.
    alone = sc.audit(hot)
    assert alone.checked == 0
    assert "nothing to check here" in repr(alone)
    assert "0 findings" not in alone.to_text() + alone.to_markdown()
    with pytest.raises(OptionError, match="takes a TOML file"):
        sc.audit([1, 2])


def test_a_table_of_ours_with_one_star_too_many():
    zj = sc.datasets.zhejiang()
    made = sc.tables.regression({"a": sc.beta(zj.panel, "exports", effects="time")}, cells="estimate (p_value)")
    assert sc.audit(made).findings == ()
    made.frame.iloc[0, 0] += "**"
    assert {f.rule for f in sc.audit(made).findings} == {"stars"}


# ---------------------------------------------------------------------- edges


@pytest.mark.parametrize("horizon", [1, 5, 10])
def test_speeds_over_longer_spans(horizon):
    """-ln(1 + h beta) / h, and no other h: a speed that is that of another span is found."""
    us = sc.datasets.us_income()
    fit = sc.beta(us.panel, us.panel.variables[0], horizon=horizon, effects="time")
    assert sc.audit(fit).findings == ()
    reported, _ = sc.auditing.describe(fit, digits=6)
    (made,) = reported.tables
    assert made.horizon == horizon
    speed = made.statistic("speed", 0).value
    assert speed == pytest.approx(fit.speed, abs=5e-7)
    # Printed tables do not say over how long: some whole number of periods must do.
    shown = sc.audit(sc.tables.regression({"a": fit}, digits=6))
    assert shown.findings == ()
    (remark,) = (r for r in shown.remarks if "speed" in r)
    assert remark.endswith("/ h" if horizon == 1 else f"with h = {horizon}")


def test_a_wrong_horizon_is_found():
    given = template()
    given["claim"] = []
    table(given, "Table 3")["statistics"] = {"speed": ["0.0532", ""]}
    # 0.0532 is the speed of beta -0.0412 over ten periods, not over one.
    assert {f.rule for f in sc.audit(given).findings} >= {"speed"}
    table(given, "Table 3")["horizon"] = 10
    assert sc.audit(given).findings == ()


def test_a_level_that_p_may_lie_on_is_granted():
    given = {
        "paper": {"title": "t"},
        "table": [{"name": "T", "kind": "regression", "columns": ["a"], "round": "p",
                   "coefficients": {"x": ["0.5 (0.050)"]}}],
        "claim": [{"text": "s", "kind": "significant", "at": "5%", "figures": [["T", "x", "a"]]}],
    }  # fmt: skip
    assert sc.audit(given).findings == ()
    given["table"][0]["coefficients"] = {"x": ["0.5 (0.051)"]}
    assert [f.rule for f in sc.audit(given).findings] == ["said of significance"]


def test_an_error_that_rounds_to_zero_still_speaks():
    for text, sound in (("0.5*** (0.000)", True), ("0.5 (0.000)", False), ("0.000 (0.000)", True)):
        given = {
            "paper": {"title": "t"},
            "table": [{"name": "T", "kind": "regression", "columns": ["a"], "round": "se", "distribution": "normal",
                       "coefficients": {"x": [text], "y": ["9*** (1)"]}}],
        }  # fmt: skip
        assert (sc.audit(given).findings == ()) is sound, text


def test_growth_above_the_compound_rate_may_be_an_average_of_yearly_rates():
    """Without the levels between, above is doubtful and below impossible: averages of rates never are."""
    given = {"paper": {"title": "t"}, "claim": [
        {"text": "s", "kind": "growth", "start": "100.0", "end": "150.0", "periods": 4, "value": "14.0%"}]}  # fmt: skip
    assert [f.severity for f in sc.audit(given).findings] == ["warning"]
    given["claim"][0]["value"] = "8.0%"
    assert [f.severity for f in sc.audit(given).findings] == ["error"]
    for value in ("10.7%", "12.5%", "10.1%"):
        given["claim"][0]["value"] = value
        assert sc.audit(given).findings == ()


def test_a_loose_sentence_is_a_warning():
    given = template()
    given["claim"] = [{"text": "s", "kind": "count", "value": "4", "table": "Table 6"}]
    assert [f.severity for f in sc.audit(given).findings] == ["error"]
    given["claim"][0]["loose"] = True
    assert [f.severity for f in sc.audit(given).findings] == ["warning"]
    assert sc.audit(given).passed


def test_what_a_paper_reports_shows_itself_in_a_few_short_lines():
    found = sc.auditing.example("luo_zhang_2024")
    lines = repr(found).splitlines()
    assert lines[0].startswith("Reported: Luo and Zhang (2024)")
    assert f"{len(found.tables)} tables, {len(found.samples)} samples" in repr(found)
    assert found.tables[0].name in repr(found)
    assert len(lines) < 20
    assert all(len(line) <= 80 for line in lines)
    assert all(len(line) <= 80 for line in repr(sc.datasets.zhejiang()).splitlines())
