"""Kinds of tables that no benchmark draws: an honest one has no error, one slip in it is found, by call and command."""

from __future__ import annotations

import csv
import html
import io
import tomllib
from collections import Counter
from pathlib import Path

import pytest

import spatialconv as sc
from spatialconv.cli import main

KINDS = tomllib.loads(Path(__file__).with_name("kinds.toml").read_text(encoding="utf-8"))["kind"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["name"])
def test_a_slip_is_found_and_the_honest_table_is_not_accused(kind, tmp_path, capsys):
    assert kind["old"] in kind["text"]
    honest, spoilt = (tmp_path / f"{name}{kind['suffix']}" for name in ("honest", "spoilt"))
    honest.write_text(kind["text"], encoding="utf-8")
    spoilt.write_text(kind["text"].replace(kind["old"], kind["new"], 1), encoding="utf-8")
    report = sc.audit(honest)
    assert report.findings == ()
    assert report.checked > 0
    found = sc.audit(spoilt).errors
    assert found
    for path, status, said in ((honest, 0, "0 findings"), (spoilt, 1, "error:")):
        with pytest.raises(SystemExit) as ended:
            main(["audit", str(path)])
        assert ended.value.code == status
        assert said in capsys.readouterr().out


def test_a_matrix_of_correlations_is_one_of_names_and_of_numbers():
    head = "|  | {} | {} | {} |\n| --- | --- | --- | --- |\n"
    rows = "| y | 1 |  |  |\n| x | 0.90 | 1 |  |\n| z | 0.90 | -0.90 | 1 |\n"
    for names in (("y", "x", "z"), ("1", "2", "3"), ("(1)", "(2)", "(3)")):
        assert [f.rule for f in sc.audit(head.format(*names) + rows).errors] == ["correlations"]
    # Of other headings nothing says that they are the rows.
    assert not sc.audit(head.format("2001", "2002", "2003") + rows).errors


def test_two_spreads_beside_each_other_have_an_f_each():
    rows = "".join(
        f"| {year} | {cv} | {f} | {p} | {sd} | {g} | {q} |\n"
        for year, cv, f, p, sd, g, q in (
            (1998, "0.30", "0.872", "0.645", "0.21", "0.936", "0.571"),
            (2000, "0.30", "0.828", "0.696", "0.21", "0.784", "0.745"),
            (2002, "0.30", "0.929", "0.579", "0.21", "0.907", "0.604"),
            (2003, "0.30", "0.924", "0.585", "0.21", "0.902", "0.610"),
            (2004, "0.30", "0.891", "0.623", "0.21", "0.902", "0.610"),
        )
    )
    table = "| Year | CV | F | p | SD | F | p |\n| --- | --- | --- | --- | --- | --- | --- |\n" + rows
    assert sc.audit(table).findings == ()
    assert [f.rule for f in sc.audit(table.replace("0.604", "0.640")).errors] == ["p of F of spreads"]


@pytest.mark.parametrize("head", ["| Year | F | df1 | df2 | p |", "| Year | statistic | df | df2 | p | distribution |"])
def test_the_law_of_a_statistic_stands_in_its_heading_or_beside_it(head):
    behind = " F |" if "distribution" in head else ""
    rule = "|" + " --- |" * (head.count("|") - 1)
    body = f"| 1998 | 0.872 | 30 | 30 | 0.645 |{behind}\n| 1999 | 0.787 | 30 | 30 | 0.742 |{behind}\n"
    table = f"{head}\n{rule}\n{body}"
    assert sc.audit(table).findings == ()
    assert len(sc.audit(table.replace("0.742", "0.786")).errors) == 1


# ---------------------------------------------------------------------- ten papers, as a document shows them

PAPERS = Path(__file__).parents[2] / "reference" / "papers"
STATISTICS = {"n": "N", "adj_r2": "Adj. R2", "r2": "R2", "f": "F", "speed": "Speed of convergence"}
BRACKETS = {"se": "Standard errors", "t": "t statistics", "p": "p-values", "z": "z statistics"}


def pages(given):
    """Tables of a typed paper as a document has them: a title, headings, rows, and a note of what its TOML says."""
    for k, table in enumerate(given["table"], 1):
        rows = [[label, *cells] for label, cells in (table.get("coefficients") or table["rows"]).items()]
        rows += [[STATISTICS.get(s, s), *cells] for s, cells in table.get("statistics", {}).items()]
        words = [f"{BRACKETS[table['round']]} in parentheses."] if "round" in table else []
        levels = table.get("stars") or given["paper"].get("stars") or given.get("stars") or {}
        words += [", ".join(f"{mark} p<{level}" for mark, level in levels.items())]
        title = f"Table {k}. {table['name']}{' (%)' if table.get('unit') == 'percent' else ''}"
        yield title, [["", *table["columns"]], *rows], f"Note: {' '.join(words)}".strip()


def as_markdown(parts):
    for title, (head, *rows), note in parts:
        lines = [head, ["---"] * len(head), *[[c.replace("*", r"\*") for c in row] for row in rows]]
        yield "\n".join([f"{title}\n", *["| " + " | ".join(line) + " |" for line in lines], f"\n{note}\n"])


def as_html(parts):
    for title, rows, note in parts:
        lines = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
        yield f"<table><caption>{title}</caption>{lines}</table><p>{html.escape(note)}</p>"


def as_latex(parts):
    for title, rows, note in parts:
        lines = "\n".join(" & ".join(row).replace("\u2212", "$-$").replace("_", r"\_") + r" \\" for row in rows)
        title, kept = title.replace("%", r"\%"), note.replace("<", "$<$")
        inside = f"\\begin{{tabular}}{{l}}\n{lines}\n\\end{{tabular}}"
        yield f"\\begin{{table}}\\caption{{{title}}}{inside}\n{kept}\\end{{table}}"


def as_commas(parts):
    for title, rows, note in parts:
        out = io.StringIO()
        csv.writer(out).writerows([[title], *rows, [note], []])
        yield out.getvalue()


def as_word(path, parts):
    document = pytest.importorskip("docx").Document()
    for title, rows, note in parts:
        document.add_paragraph(title)
        table = document.add_table(0, len(rows[0]))
        for row in rows:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
        document.add_paragraph(note)
    document.save(str(path))


@pytest.mark.parametrize("name", sorted(p.stem for p in PAPERS.glob("*.toml")))
def test_what_is_off_in_a_paper_is_found_in_every_document_of_it(name, tmp_path):
    """Title, headings, rows and notes alone, without what a person types of kinds and totals."""
    given = tomllib.loads((PAPERS / f"{name}.toml").read_text(encoding="utf-8"))
    want = Counter(f.rule for f in sc.audit(PAPERS / f"{name}.toml").errors)
    writers = {".md": as_markdown, ".html": as_html, ".tex": as_latex, ".csv": as_commas}
    for suffix, write in writers.items():
        path = tmp_path / f"paper{suffix}"
        path.write_text("\n".join(write(pages(given))), encoding="utf-8")
        assert Counter(f.rule for f in sc.audit(path).errors) == want, suffix
    as_word(tmp_path / "paper.docx", list(pages(given)))
    assert Counter(f.rule for f in sc.audit(tmp_path / "paper.docx").errors) == want
    assert Counter(f.rule for f in sc.audit("\n".join(as_markdown(pages(given)))).errors) == want
