"""Kinds of tables of the field, of our own figures and of scipy: read from every format, honest, and with one slip."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from scipy import stats

import spatialconv as sc


def markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def latex(head, rows):
    lines = [" & ".join(line).replace("%", r"\%").replace("<", "$<$") + r" \\" for line in [head, *rows]]
    return "\\begin{tabular}{l" + "c" * len(head) + "}\n" + "\n".join(lines) + "\n\\end{tabular}\n"


def page(head, rows):
    def line(cells, tag):
        held = "".join(f"<{tag}>{c.replace('<', '&lt;')}</{tag}>" for c in cells)
        return f"<tr>{held}</tr>"

    return f"<table>{line(head, 'th')}{''.join(line(row, 'td') for row in rows)}</table>\n"


def commas(head, rows):
    return "\n".join(",".join(line) for line in [head, *rows]) + "\n"


def word(path, head, rows):
    docx = pytest.importorskip("docx")
    document = docx.Document()
    table = document.add_table(0, len(head))
    for line in [head, *rows]:
        for held, text in zip(table.add_row().cells, line, strict=True):
            held.text = text
    document.save(str(path))


WRITERS = {".md": markdown, ".tex": latex, ".html": page, ".csv": commas}


def read_everywhere(tmp_path, head, rows, kind):
    """The same tables, whatever they are written in; their first, which must be of a kind."""
    found = []
    for suffix, write in WRITERS.items():
        path = tmp_path / f"t{suffix}"
        path.write_text(write(head, rows), encoding="utf-8")
        found.append(tomllib.loads(sc.auditing.transcribe(path))["table"])
    word(tmp_path / "t.docx", head, rows)
    found.append(tomllib.loads(sc.auditing.transcribe(tmp_path / "t.docx"))["table"])
    found.append(tomllib.loads(sc.auditing.transcribe(markdown(head, rows)))["table"])
    assert all(tables == found[0] for tables in found[1:])
    assert {t["kind"] for t in found[0]} == {kind}
    return found[0]


def audited(head, rows):
    return sc.audit(markdown(head, rows))


def applied(report, rule):
    return int(report.rules.set_index("rule")["applied"].get(rule, 0))


def broken(report):
    return [(f.rule, f.where.split(", ", 1)[1]) for f in report.findings]


def spoilt(rows, row, column, text):
    return [[text if (i, j) == (row, column) else c for j, c in enumerate(line)] for i, line in enumerate(rows)]


# ---------------------------------------------------------------------- classes of local statistics


CLASSES = ("high among high", "low among low", "high among low", "low among high", "not significant")


def local_counts():
    us = sc.datasets.us_income()
    w = sc.weights.knn(us.states, k=4)
    rows = []
    for year in (1929, 1949, 1969, 1989, 2009):
        found = sc.local_moran(us.panel, "income", w, period=year, permutations=99, seed=1)
        count = found.table["cluster"].value_counts()
        rows.append([str(year), *(str(int(count.get(c, 0))) for c in CLASSES)])
    return ["Year", *CLASSES], rows


def test_classes_add_up_to_the_regions(tmp_path):
    head, rows = local_counts()
    (table,) = read_everywhere(tmp_path, head, rows, "grid")
    assert table["content"] == "counts"
    report = audited(head, rows)
    assert report.findings == ()
    assert applied(report, "counts of classes") == len(rows)
    off = spoilt(rows, 2, 5, str(int(rows[2][5]) - 1))
    assert broken(audited(head, off)) == [("counts of classes", rows[2][0])]


def test_classes_in_rows_and_the_total_that_is_printed():
    head = ["", "2005", "2010", "2015"]
    rows = [["High-High", "6", "7", "7"], ["Low-Low", "8", "8", "9"], ["Not significant", "17", "16", "15"]]
    assert audited(head, rows).findings == ()
    assert broken(audited(head, spoilt(rows, 1, 2, "9"))) == []  # of three periods, two that agree are not most
    table = {"name": "T", "kind": "grid", "content": "counts", "columns": head[1:], "n": 31,
             "rows": {row[0]: row[1:] for row in spoilt(rows, 1, 2, "9")}}  # fmt: skip
    assert broken(sc.audit({"paper": {"title": "t"}, "table": [table]})) == [("counts of classes", "2010")]


def test_significant_classes_are_no_more_than_the_regions():
    table = {"name": "T", "kind": "grid", "content": "counts", "columns": ["HH", "LL", "HL", "LH"], "n": 11,
             "rows": {"2016": ["3", "4", "0", "1"], "2020": ["5", "6", "1", "1"]}}  # fmt: skip
    assert broken(sc.audit({"paper": {"title": "t"}, "table": [table]})) == [("counts of classes", "2020")]


def test_no_more_are_significant_at_a_tighter_level():
    rng = np.random.default_rng(1)
    head = ["Year", "p < 0.10", "p < 0.05", "p < 0.01"]
    rows = [[str(2000 + k), *(str(int((p < a).sum())) for a in (0.1, 0.05, 0.01))]
            for k in range(5) if (p := rng.beta(0.4, 1, 60)) is not None]  # fmt: skip
    report = audited(head, rows)
    assert report.findings == ()
    assert applied(report, "counts by level") == 10
    assert broken(audited(head, spoilt(rows, 1, 3, "59"))) == [("counts by level", "2001, p < 0.01")]


def test_confidence_levels_of_hot_spots_share_out_the_regions():
    """Those of 99, 95 and 90 % are apart from one another: fewer at 95 % than at 99 % is no contradiction."""
    head = ["Year", "Hot spot 99%", "Hot spot 95%", "Hot spot 90%", "Not significant", "Cold spot 95%"]
    rows = [["2000", "9", "2", "1", "15", "4"], ["2010", "8", "3", "1", "16", "3"], ["2020", "8", "2", "2", "16", "3"]]
    report = audited(head, rows)
    assert report.findings == ()
    assert applied(report, "counts of classes") == 3


def test_regions_of_one_letter_are_no_statistics():
    head = ["", "E", "C", "W", "all"]
    rows = [["2001", "0.21", "0.35", "0.41", "0.33"], ["2005", "0.20", "0.31", "0.40", "0.31"]]
    assert 'kind = "grid"' in sc.auditing.transcribe(markdown(head, rows))
    assert audited(head, rows).findings == ()


# ---------------------------------------------------------------------- location quotients


def employment(seed=0):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.uniform(20, 900, size=(8, 1)) * rng.dirichlet(np.ones(4), size=8))
    return counts + 1, [f"City {chr(65 + k)}" for k in range(8)]


def test_quotients_beside_their_counts(tmp_path):
    counts, cities = employment()
    total = counts.sum(axis=1)
    share = counts[:, 0].sum() / total.sum()
    head = ["City", "Textiles", "Total employment", "LQ"]
    rows = [[c, str(n), f"{t:,}".replace(",", ""), f"{n / t / share:.2f}"]
            for c, n, t in zip(cities, counts[:, 0], total, strict=True)]  # fmt: skip
    (table,) = read_everywhere(tmp_path, head, rows, "quotients")
    assert table["columns"] == ["count", "total", "lq"]
    report = audited(head, rows)
    assert report.findings == ()
    assert applied(report, "location quotients") == 8
    off = spoilt(rows, 3, 3, f"{float(rows[3][3]) + 0.2:.2f}")
    assert broken(audited(head, off)) == [("location quotients", "City D, lq")]
    every = [*rows, ["Total", str(counts[:, 0].sum()), str(total.sum()), "1.00"]]
    assert audited(head, every).findings == ()
    assert broken(audited(head, [*off, every[-1]])) == [("location quotients", "City D, lq")]


def test_quotients_of_a_table_of_counts():
    for seed in range(20):
        counts, cities = employment(seed)
        lq = counts / counts.sum(axis=1, keepdims=True) / (counts.sum(axis=0) / counts.sum())
        industries = ["Textiles", "Steel", "Food", "IT"]
        first = [[c, *map(str, line), str(line.sum())] for c, line in zip(cities, counts, strict=True)]
        first.append(["Total", *map(str, counts.sum(axis=0)), str(counts.sum())])
        second = [[c, *(f"{v:.3f}" for v in line)] for c, line in zip(cities, lq, strict=True)]
        one = markdown(["City", *industries, "Total"], first)
        report = sc.audit(f"{one}\n{markdown(['City', *industries], second)}")
        assert report.findings == ()
        assert applied(report, "location quotients") == 32
        off = spoilt(second, 2, 1, f"{lq[2, 0] * 1.1 + 0.01:.3f}")
        report = sc.audit(f"{one}\n{markdown(['City', *industries], off)}")
        assert [f.rule for f in report.findings] == ["location quotients"]


# ---------------------------------------------------------------------- clubs


CLUBS = [
    ["Full sample", "31", "-0.662", "0.020", "-33.10"], ["Club 1", "12", "0.214", "0.071", "3.01"],
    ["Club 2", "17", "-0.030", "0.042", "-0.71"], ["Divergent", "2", "", "", ""],
]  # fmt: skip


def test_clubs_are_seen_by_their_rows(tmp_path):
    head = ["", "Members", "Coefficient", "Std. error", "t-statistic"]
    (table,) = read_everywhere(tmp_path, head, CLUBS, "clubs")
    assert table["columns"] == ["n", "b", "std_error", "t"]
    assert table["n"] == 31
    report = audited(head, CLUBS)
    assert report.findings == ()
    assert applied(report, "clubs") >= 6
    for row, column, text, where in (
        (1, 4, "2.01", "Club 1, t"), (2, 1, "16", "n"), (2, 4, "-0.17", "Club 2, t"),
    ):  # fmt: skip
        assert broken(audited(head, spoilt(CLUBS, row, column, text))) == [("clubs", where)]


def test_clubs_with_brackets_members_in_the_label_and_a_speed():
    head = ["Club", "b", "t", "Speed (b/2)"]
    rows = [["Club 1 [12]", "0.214 (0.071)", "3.01", "0.107"], ["Club 2 [17]", "-0.030 (0.042)", "-0.71", "-0.015"]]
    assert audited(head, rows).findings == ()
    text = sc.auditing.transcribe(markdown(head, rows))
    assert 'columns = ["n", "b", "std_error", "t", "speed"]' in text
    assert '"Club 1" = ["12", "0.214", "0.071", "3.01", "0.107"]' in text
    assert broken(audited(head, spoilt(rows, 0, 3, "0.170"))) == [("clubs", "Club 1, speed")]
    assert broken(audited(head, spoilt(rows, 0, 1, "0.214 (0.017)"))) == [("clubs", "Club 1, t")]


def test_tests_of_merging_are_no_clubs_and_classifications_are_apart():
    head = ["", "Members", "b", "t"]
    rows = [["Club 1", "12", "0.214", "3.01"], ["Club 2", "17", "-0.030", "-0.71"], ["Club 1+2", "", "-0.412", "-6.30"]]
    assert audited(head, rows).findings == ()
    twice = [*rows[:2], ["Divergent", "2", "", ""], ["Club 1", "29", "0.101", "1.70"], ["Divergent", "2", "", ""]]
    report = audited(head, twice)
    assert report.findings == ()
    assert len({w.split(",")[0] for w in report.typed["table"]}) >= 1
    assert len(set(report.typed["table"])) == 2


# ---------------------------------------------------------------------- sigma by year, chains, descriptives, Moran


def sigma_table(seed=0, *, n=31, against="first"):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    rows, spreads = [], []
    for year in range(2001, 2011):
        y = 0.93 * y + 0.2 * rng.normal(size=n)
        spreads.append(y.std(ddof=1))
        base = spreads[0] if against == "first" else spreads[max(len(spreads) - 2, 0)]
        f = (spreads[-1] / base) ** 2
        cells = ["", ""] if len(spreads) == 1 else [f"{f:.3f}", f"{stats.f.sf(f, n - 1, n - 1):.3f}"]
        rows.append([str(year), f"{spreads[-1]:.4f}", *cells])
    return ["Year", "Standard deviation", "F", "p"], rows


@pytest.mark.parametrize("against", ["first", "before"])
def test_f_of_sigma_by_year(tmp_path, against):
    head, rows = sigma_table(against=against)
    (table,) = read_everywhere(tmp_path, head, rows, "dispersion")
    assert table["columns"] == ["std", "F", "p"]
    report = audited(head, rows)
    assert report.findings == ()
    assert applied(report, "F of spreads") == 9
    assert applied(report, "p of F of spreads") == 18
    wrong = audited(head, spoilt(rows, 5, 3, f"{min(float(rows[5][3]) + 0.05, 1):.3f}"))
    assert broken(wrong) == [("p of F of spreads", "2006, p")]
    wrong = audited(head, spoilt(rows, 5, 2, f"{float(rows[5][2]) * 1.2:.3f}"))
    assert {rule for rule, _ in broken(wrong)} == {"F of spreads", "p of F of spreads"}
    assert {where.split(",")[0] for _, where in broken(wrong)} == {"2006"}


def test_honest_sigma_tables_have_no_finding():
    for seed in range(60):
        head, rows = sigma_table(seed, n=[11, 31, 85, 286][seed % 4], against=["first", "before"][seed % 2])
        assert audited(head, rows).findings == (), seed


def test_years_in_columns_are_turned():
    head, rows = sigma_table()
    turned = [list(line) for line in zip(head, *rows, strict=True)]
    report = audited(turned[0], turned[1:])
    assert report.findings == ()
    assert applied(report, "p of F of spreads") == 18


def test_a_chain_with_the_observations_of_its_rows(tmp_path):
    rng = np.random.default_rng(4)
    rows = []
    for k, n in enumerate((87, 93, 84, 76)):
        count = rng.multinomial(n, np.roll([0.8, 0.15, 0.03, 0.02], k))
        rows.append([f"{k + 1}", str(n), *(f"{c / n:.3f}" for c in count)])
    head = ["Class", "n", "I", "II", "III", "IV"]
    (table,) = read_everywhere(tmp_path, head, rows, "grid")
    assert (table["row_n"], table["sums_to"], table["unit"]) == ("n", "rows", "share")
    report = audited(head, rows)
    assert report.findings == ()
    assert applied(report, "shares of n") == 16
    off = spoilt(rows, 0, 2, f"{float(rows[0][2]) - 0.004:.3f}")
    off = spoilt(off, 0, 3, f"{float(rows[0][3]) + 0.004:.3f}")
    assert {rule for rule, _ in broken(audited(head, off))} == {"shares of n"}


def test_quartiles_ascend(tmp_path):
    rng = np.random.default_rng(5)
    rows = []
    for name in ("growth", "income", "schooling"):
        x = rng.lognormal(size=93)
        held = [x.mean(), x.std(ddof=1), x.min(), *np.quantile(x, [0.25, 0.5, 0.75]), x.max()]
        rows.append([name, "93", *(f"{v:.3f}" for v in held)])
    head = ["Variable", "Obs", "Mean", "Std. Dev.", "Min", "P25", "Median", "P75", "Max"]
    (table,) = read_everywhere(tmp_path, head, rows, "descriptives")
    assert table["columns"] == ["n", "mean", "std", "min", "p25", "median", "p75", "max"]
    assert audited(head, rows).findings == ()
    wrong = broken(audited(head, spoilt(rows, 1, 5, rows[1][8])))
    assert {rule for rule, _ in wrong} == {"order"}
    assert all(where.startswith("income") for _, where in wrong)


def test_moran_by_year_in_rows_and_in_columns(tmp_path):
    us = sc.datasets.us_income()
    w = sc.weights.knn(us.states, k=4)
    found = sc.moran(us.panel, "income", w, null="normality").table
    rows = [[str(year), *(f"{found.loc[year, c]:.3f}" for c in ("I", "z", "p"))] for year in range(1999, 2009)]
    head = ["Year", "Moran's I", "Z", "P"]
    (table,) = read_everywhere(tmp_path, head, rows, "autocorrelation")
    assert table["columns"] == ["I", "z", "p"]
    turned = [list(line) for line in zip(head, *rows, strict=True)]
    for lines in ([head, *rows], turned):
        report = audited(lines[0], lines[1:])
        assert report.findings == ()
        assert applied(report, "p-value") == 10
    p = f"{float(rows[3][3]) + 0.03:.3f}"
    assert broken(audited(head, spoilt(rows, 3, 3, p))) == [("p-value", "2002")]


def test_contributions_that_their_title_calls_so():
    """One year adds up to the last digit, the others do not: the title says that they should."""
    head = ["Year", "NE", "SE", "SW", "NW"]
    rows = [["2010", "67.414", "2.584", "4.582", "25.420"], ["2015", "60.201", "2.411", "4.377", "26.011"],
            ["2020", "46.259", "1.786", "2.567", "26.017"]]  # fmt: skip
    titled = f"Table 11. Contribution rates of the Theil index\n{markdown(head, rows)}"
    assert broken(sc.audit(titled)) == [("shares", "2015"), ("shares", "2020")]
    # Without it they may be anything, unless a column is what lies between the groups.
    assert audited(head, rows).findings == ()
    assert broken(audited([*head[:-1], "between"], rows)) == [("shares", "2015"), ("shares", "2020")]
