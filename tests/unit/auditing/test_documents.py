"""Tables as people have them: what programs write is read, written as TOML and audited; hostile files are refused."""

from __future__ import annotations

import contextlib
import io
import tomllib
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv.auditing.documents import html, latex, notes, plain, word
from spatialconv.auditing.documents.raw import MOST_BYTES
from spatialconv.cli import main
from spatialconv.errors import FileError, OptionError, SpatialConvError

DOCUMENTS = Path(__file__).parents[2] / "reference" / "documents"


def understood(source):
    return tomllib.loads(sc.auditing.transcribe(source))


def only(source):
    (table,) = understood(source)["table"]
    return table


# ---------------------------------------------------------------------- what programs write

WRITTEN = {
    "esttab.tex": ("ln_initial", ["-0.0412*** (-4.21)", "-0.0385** (-2.31)", "-0.0127 (-1.02)"], "t", ["310"] * 3),
    "stargazer.tex": ("log(y0)", ["-0.021*** (0.005)", "-0.018** (0.008)"], None, ["1,204"] * 2),
    "modelsummary.md": ("log_y0", ["-0.021**** (0.005)", "-0.018** (0.008)"], None, ["1204"] * 2),
    "texreg.txt": ("log_y0", ["-0.02 *** (0.00)", "-0.02 * (0.01)"], None, ["1204"] * 2),
    "xsmle.txt": ("Wx: lny0", ["0.051* (0.029)", "0.066** (0.031)", "0.060* (0.032)"], "se", ["600"] * 3),
    "etable.txt": ("lny0", ["-0.0210*** (0.0050)", "-0.0180* (0.0080)"], None, ["1,204"] * 2),
    "esttab.txt": ("inv", ["0.0456* (1.89)", "0.0312 (1.22)", "0.0298 (1.10)"], "t", ["310", "310", "279"]),
    "outreg2.txt": ("inv", ["0.0456* (0.0241)", "0.0312 (0.0256)"], "se", ["310"] * 2),
    "stargazer.txt": ("inv", ["0.046* (0.024)", "0.031 (0.026)"], None, ["310"] * 2),
    "commas.csv": ("Anfangsniveau", ["-0,054*** (0,012)", "-0,031** (0,014)"], None, ["1.230"] * 2),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_programs_write_is_read(name):
    row, cells, brackets, n = WRITTEN[name]
    table = only(DOCUMENTS / name)
    assert table["kind"] == "regression"
    assert table["coefficients"][row] == cells
    assert table.get("round") == brackets
    assert table["statistics"]["n"] == n
    report = sc.audit(DOCUMENTS / name)
    assert report.findings == ()
    assert report.checked >= 8
    # What stands in brackets is said by the note, or told by the stars.
    told = any("standard errors in brackets, as the stars tell" in r for r in report.remarks)
    assert told is (brackets is None)


def test_notes_panels_statistics_and_roles_are_kept():
    table = only(DOCUMENTS / "stargazer.tex")
    assert table["statistics"] | {"n": []} == {
        "n": [], "r2": ["0.131", "0.140"], "adj_r2": ["0.130", "0.138"], "f": ["181.303***", "97.776***"],
        "f_df": ["1", "2"], "f_df2": ["1202", "1201"],
    }  # fmt: skip
    assert only(DOCUMENTS / "xsmle.txt")["roles"] == {"beta": "lny0", "rho": "rho", "sigma2": "sigma2_e"}
    assert only(DOCUMENTS / "modelsummary.md")["stars"] == {"*": 0.1, "**": 0.05, "***": 0.01, "****": 0.001}
    assert only(DOCUMENTS / "etable.txt")["words"]["region"] == ["No", "Yes"]


def test_the_log_of_xsmle_is_read_by_its_sections():
    found = {t["name"]: t for t in understood(DOCUMENTS / "xsmle.log")["table"]}
    table = found["table 1"]
    assert (table["round"], table["square"]) == ("z", "p")
    assert table["coefficients"]["Wx: inv"] == [".0123456 (0.30) [0.765]"]
    assert table["statistics"] == {"n": ["310"], "loglik": ["512.3456"]}
    assert found["table 1, se"]["coefficients"]["rho"] == [".3456789 (.0612345) [5.65]"]
    assert found["table 1, interval"]["coefficients"]["rho"] == [".3456789 (.0612345) [.2256615, .4656963]"]
    text = (DOCUMENTS / "xsmle.log").read_text(encoding="utf-8")
    assert sc.audit(text).findings == ()
    for old, new, rule in (
        (".0880135 ", ".0890135 ", "effects"), ("   0.765  ", "   0.675  ", "p-value"),
        (".2256615", ".2656615", "confidence interval"), ("    12.40", "    12.60", "ratio"),
    ):  # fmt: skip
        assert text.count(old) == 1
        assert rule in {f.rule for f in sc.audit(text.replace(old, new)).findings}


def test_a_summary_of_r_is_read_with_its_degrees_of_freedom():
    """Headings and figures stand one space apart there; p of three digits is that of 307 degrees, and of no others."""
    text = (DOCUMENTS / "lm.txt").read_text(encoding="utf-8")
    table = next(t for t in understood(text)["table"] if t["kind"] == "regression")
    assert table["coefficients"]["inv"] == ["0.045612 (1.892) [0.0595]"]
    assert table["coefficients"]["lny0"] == ["-0.021345*** (-4.218) [3.25e-05]"]
    assert table["statistics"] | {"r2": []} == {
        "r2": [], "adj_r2": ["0.229"], "f": ["46.89"], "df": ["307"], "f_df": ["2"], "f_df2": ["307"],
        "f_p": ["< 2.2e-16"],
    }  # fmt: skip
    assert sc.audit(text).findings == ()
    unsaid = "\n".join(line for line in text.splitlines() if "degrees of freedom" not in line and "DF" not in line)
    assert sc.audit(unsaid).findings == ()
    assert {f.rule for f in sc.audit(text.replace("8.42e-07", "8.24e-07")).findings} == {"p-value"}


PAGE = """Table 3. Beta convergence
Variable (1) (2) (3)
ln y0 \u22120.0213*** \u22120.0187** \u22120.0095
(\u22124.21) (\u22122.35) (\u22121.02)
Investment rate 0.0456* 0.0312 0.0298
(1.89) (1.22) (1.10)
N 310 310 279
R2 0.234 0.287 0.310
Note: t statistics in parentheses. *** p<0.01, ** p<0.05, * p<0.1
"""


def test_text_copied_from_a_page_is_read_by_the_figures_at_the_ends_of_its_lines():
    table = only(PAGE)
    assert (table["name"], table["round"], table["columns"]) == ("Table 3", "t", ["(1)", "(2)", "(3)"])
    assert table["coefficients"]["Investment rate"] == ["0.0456* (1.89)", "0.0312 (1.22)", "0.0298 (1.10)"]
    assert table["statistics"] == {"n": ["310", "310", "279"], "r2": ["0.234", "0.287", "0.310"]}
    assert sc.audit(PAGE).findings == ()
    assert [f.rule for f in sc.audit(PAGE.replace("0.0298", "0.0298***")).findings] == ["stars"]
    moran = only("Year Moran's I Z P\n2005 0.280 3.011 0.003\n2006 0.275 2.957 0.003\n2007 0.275 2.962 0.003\n")
    assert (moran["kind"], moran["columns"], list(moran["rows"])) == (
        "autocorrelation", ["I", "z", "p"], ["2005", "2006", "2007"],
    )  # fmt: skip
    effects = only("Variable direct indirect total\n" + 3 * "x 0.048* (1.91) 0.040 (0.66) 0.088 (1.24)\n")
    assert effects["columns"] == ["direct", "indirect", "total"]
    # A line with fewer figures does not say which are blank: it is of no column.
    lost = only(PAGE.replace("R2 0.234 0.287 0.310", "R2 0.287 0.310"))
    assert "r2" not in lost["statistics"]


@pytest.mark.parametrize(
    "note",
    ["\u6ce8\uff1a\u62ec\u53f7\u5185\u4e3at\u503c\uff1b***\u3001**\u3001*\u5206\u522b\u8868\u793a\u57281%\u30015%\u300110%\u7684\u6c34\u5e73\u4e0a\u663e\u8457",
     "t statistics in parentheses. ***p<0,01, **p<0,05, *p<0,1"],
)  # fmt: skip
def test_notes_in_chinese_and_with_decimal_commas(note):
    found = notes.read(note)
    assert (found.round, found.stars) == ("t", {"*": 0.1, "**": 0.05, "***": 0.01})
    assert notes.read("\u62ec\u53f7\u5185\u662f\u7a33\u5065\u6807\u51c6\u8bef").round == "se"


def test_prose_is_no_table():
    with pytest.raises(OptionError, match="no table was found"):
        sc.audit("In 2010 growth was 3.1 and 4.2\nthen it fell to 2.2\nand in 2012 to 12 and 13\n")


@pytest.mark.parametrize(
    ("name", "says"), [("a.pdf", "Copy the table"), ("a.doc", "save or copy"), ("a.png", "save or")]
)
def test_what_holds_no_table_is_refused_with_what_to_do(tmp_path, name, says):
    (tmp_path / name).write_bytes(b"%PDF-1.4")
    for call in (sc.audit, sc.auditing.transcribe):
        with pytest.raises(FileError, match=says):
            call(tmp_path / name)


def test_honest_summaries_of_r_have_no_finding():
    """No N and no degrees of freedom are printed, and p to three digits: some one number of degrees must do."""
    rng = np.random.default_rng(5)
    for _ in range(40):
        df, lines = int(rng.integers(8, 900)), []
        for k in range(int(rng.integers(2, 8))):
            t, error = rng.standard_t(df) + 2 * rng.normal(), 10 ** rng.uniform(-3, 1)
            p = 2 * stats.t.sf(abs(t), df)
            stars = "*" * sum(p < level for level in (0.05, 0.01, 0.001))
            shown = f"{p:.3g}" if p >= 1e-4 else f"{p:.2e}"
            lines.append(f"x{k:<9} {t * error:>10.6f} {error:>10.6f} {t:>7.3f} {shown:>8} {stars}")
        head = "            Estimate Std. Error t value Pr(>|t|)    "
        codes = "---\nSignif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1\n"
        text = "\n".join([head, *lines, codes])
        assert sc.audit(text).findings == (), text


def test_the_first_panel_keeps_its_name():
    panels = "| | (1) | (2) |\n|---|---|---|\n| Panel A: East | | |\n{}| Panel B: West | | |\n{}"
    rows = "| x | 0.50** | 0.40 |\n| | (0.25) | (0.30) |\n| N | 99 | 99 |\n"
    tables = understood(panels.format(rows, rows.replace("0.40", "0.41")))["table"]
    assert [t["name"] for t in tables] == ["table 1, Panel A: East", "table 1, Panel B: West"]


def test_tables_one_below_the_other_stay_apart():
    """A blank line within a table is followed by a row of figures; a table of its own has headings."""
    one = "region   2001   2002\nNorth     1.10   1.20\nSouth     2.10   2.20\n"
    assert [t["columns"] for t in understood(f"{one}\n{one}")["table"]] == [["2001", "2002"]] * 2


def test_effects_in_columns_of_a_page():
    table = only(DOCUMENTS / "effects.html")
    assert table["columns"] == ["Adjacency Direct", "Adjacency Indirect", "Adjacency Total"]
    report = sc.audit(DOCUMENTS / "effects.html")
    assert report.findings == ()
    assert dict(zip(report.rules["rule"], report.rules["applied"], strict=True))["effects"] == 2
    text = (DOCUMENTS / "effects.html").read_text(encoding="utf-8")
    off = sc.audit(text.replace("&minus;0.033", "&minus;0.023"))
    assert [f.rule for f in off.findings] == ["effects"]


def test_lists_of_quantities_are_seen_by_their_headings():
    descriptives, moran = only(DOCUMENTS / "descriptives.md"), only(DOCUMENTS / "moran.txt")
    assert (descriptives["kind"], descriptives["columns"]) == ("descriptives", ["n", "mean", "std", "min", "max"])
    assert (moran["kind"], moran["columns"]) == ("autocorrelation", ["I", "expected", "z", "p"])
    text = (DOCUMENTS / "moran.txt").read_text(encoding="utf-8")
    assert sc.audit(text).findings == ()
    assert [f.rule for f in sc.audit(text.replace("0.186", "0.286")).findings] == ["p-value"]


def test_a_summary_of_spreg_is_read_whole():
    first, second = understood(DOCUMENTS / "spreg.txt")["table"]
    assert first["statistics"] == {
        "n": ["49"], "df": ["46"], "loglik": ["-183.7494"], "aic": ["373.499"], "bic": ["379.174"],
    }  # fmt: skip
    assert (first["round"], first["square"], second["round"]) == ("z", "p", "se")
    assert sc.audit(DOCUMENTS / "spreg.txt").findings == ()
    text = (DOCUMENTS / "spreg.txt").read_text(encoding="utf-8")
    for old, new, rule in (("-2.86423", "-2.96423", "p-value"), ("373.499", "374.499", "criteria")):
        assert rule in {f.rule for f in sc.audit(text.replace(old, new)).findings}


@pytest.mark.parametrize("name", sorted(p.name for p in DOCUMENTS.iterdir() if p.is_file()))
def test_what_is_understood_comes_back_from_toml(name, tmp_path):
    text = sc.auditing.transcribe(DOCUMENTS / name)
    path = tmp_path / "paper.toml"
    path.write_text(text, encoding="utf-8")
    direct, again = sc.audit(DOCUMENTS / name), sc.audit(path)
    assert direct.checked == again.checked > 0
    assert direct.table.equals(again.table)


SPOILT = {
    "esttab.tex": ("0.101\\sym{**}", "0.101\\sym{***}"),
    "stargazer.tex": ("0.101$^{*}$", "0.101$^{***}$"),
    "modelsummary.md": ("0.101+", "0.101***"),
    "texreg.txt": ("0.10    \n", "0.10 ***\n"),
    "xsmle.txt": ("0.034   ", "0.034***"),
    "etable.txt": ("-0.0180* ", "-0.0180***"),
    "esttab.txt": ("0.0298   ", "0.0298***"),
    "outreg2.txt": ("0.0312", "0.0312***"),
    "stargazer.txt": ("  0.031   ", "  0.031***"),
    "lm.txt": ("0.0595 .", "0.0595 *"),
    "commas.csv": ("0,004", "0,004***"),
    "effects.html": ("<td>0.012<br>", "<td>0.012<sup>***</sup><br>"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_stars_too_many_are_found_in_every_document(name, tmp_path):
    old, new = SPOILT[name]
    text = (DOCUMENTS / name).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    found = [f.rule for f in sc.audit(tmp_path / name).findings]
    # R prints standard error, t and p of one coefficient, and stars contradict each.
    assert found == ["stars"] * (4 if name == "lm.txt" else 1)


# ---------------------------------------------------------------------- Word, Excel, frames, models


def a_word_file(rows, before="Table 7. Growth", after="Standard errors in parentheses. * p<0.1, ** p<0.05, *** p<0.01"):
    """A .docx by hand: what Word writes of a table, with merged cells and raised stars."""

    def cell(text, wide=1):
        span = f'<w:tcPr><w:gridSpan w:val="{wide}"/></w:tcPr>' if wide > 1 else ""
        head, _, stars = text.partition("^")
        raised = f'<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>{stars}</w:t></w:r>' if stars else ""
        return f"<w:tc>{span}<w:p><w:r><w:t>{head}</w:t></w:r>{raised}</w:p></w:tc>"

    body = "".join(
        "<w:tr>" + "".join(cell(*c) if isinstance(c, tuple) else cell(c) for c in row) + "</w:tr>" for row in rows
    )
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    paragraph = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
    text = (f"<w:document {space}><w:body>{paragraph.format(before)}<w:tbl>{body}</w:tbl>"
            f"{paragraph.format(after.replace('<', '&lt;'))}</w:body></w:document>")  # fmt: skip
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", text)
    return held.getvalue()


ROWS = [
    ["", ("Growth of income", 2)], ["", "(1)", "(2)"], ["ln y", "\u22120.041^***", "\u22120.038^**"],
    ["", "(0.010)", "(0.017)"], ["trade", "0.120", "0.233^*"], ["", "(0.090)", "(0.137)"], ["N", "310", "310"],
]  # fmt: skip


def test_every_table_of_a_word_document_is_read(tmp_path, capsys):
    path = tmp_path / "draft.docx"
    path.write_bytes(a_word_file(ROWS))
    table = only(path)
    assert table["name"] == "Table 7"
    assert table["round"] == "se"
    assert sc.audit(path).findings == ()
    spoilt = [*ROWS[:4], ["trade", "0.120^***", "0.233^*"], *ROWS[5:]]
    path.write_bytes(a_word_file(spoilt))
    assert [f.where for f in sc.audit(path).findings] == ["Table 7, trade, Growth of income (1)"]
    out = tmp_path / "paper.toml"
    with pytest.raises(SystemExit) as left:
        main(["audit", str(path), "--write", str(out)])
    assert left.value.code == 1
    assert "Table 7, trade" in capsys.readouterr().out
    assert tomllib.loads(out.read_text(encoding="utf-8"))["table"][0]["name"] == "Table 7"


def test_sheets_show_what_excel_shows(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["", "(1)"], ["x", "0.50**"], ["", "(0.25)"], ["N", 99], ["R2", 0.34]):
        sheet.append(row)
    sheet["B5"].number_format = "0.000"
    book.save(tmp_path / "t.xlsx")
    table = only(tmp_path / "t.xlsx")
    assert table["coefficients"] == {"x": ["0.50** (0.25)"]}
    assert table["statistics"] == {"n": ["99"], "r2": ["0.340"]}


def test_frames_and_pasted_text():
    frame = pd.DataFrame({"(1)": ["0.50**", "(0.25)", "99"]}, index=["x", "", "N"])
    assert only(frame)["coefficients"] == {"x": ["0.50** (0.25)"]}
    assert sc.audit(frame).findings == ()
    pasted = "x\t0.50***\n\t(0.25)\nN\t99\n\nStandard errors in parentheses\n"
    assert [f.rule for f in sc.audit(pasted).findings] == ["stars"]
    with pytest.raises(OptionError, match="no table was found in the text"):
        sc.audit("two lines\nof words")


def data():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(80, 2))
    return pd.DataFrame({"y": x @ [0.5, 0.1] + rng.normal(size=80), "x": x[:, 0], "z": x[:, 1]})


def test_models_of_statsmodels():
    api = pytest.importorskip("statsmodels.api")
    frame = data()
    fits = [api.OLS(frame["y"], api.add_constant(frame[["x", "z"]])).fit(cov_type=c) for c in ("nonrobust", "HC1")]
    fits.append(api.Logit((frame["y"] > 0).astype(float), api.add_constant(frame[["x", "z"]])).fit(disp=0))
    for fit in fits:
        report = sc.audit(fit)
        assert report.findings == ()
        assert report.checked > 9
    assert sc.audit({"a": fits[0], "b": fits[1]}).findings == ()
    # Its printed summary is read as well.
    assert sc.audit(str(fits[0].summary())).findings == ()


def test_models_of_linearmodels():
    from linearmodels.panel import PanelOLS, RandomEffects

    frame = data().assign(i=np.repeat(np.arange(16), 5), t=np.tile(np.arange(5), 16)).set_index(["i", "t"])
    for fit in (
        PanelOLS(frame["y"], frame[["x", "z"]], entity_effects=True).fit(),
        PanelOLS(frame["y"], frame[["x", "z"]], entity_effects=True).fit(cov_type="clustered", cluster_entity=True),
        RandomEffects(frame["y"], frame[["x", "z"]]).fit(),
    ):
        report = sc.audit(fit)
        assert report.findings == ()
        assert report.checked > 9


def test_models_of_spreg_and_their_summaries():
    import spreg
    from libpysal.weights import lat2W

    w = lat2W(8, 10)
    w.transform = "r"
    frame = data()
    y, x = frame[["y"]].to_numpy(), frame[["x", "z"]].to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits = [spreg.OLS(y, x), spreg.ML_Lag(y, x, w), spreg.ML_Error(y, x, w), spreg.GM_Lag(y, x, w=w)]
        for fit in fits:
            report = sc.audit(fit)
            assert report.findings == (), report.to_text()
            assert report.checked > 8
            printed = sc.audit(fit.summary)
            assert printed.findings == (), printed.to_text()
            assert printed.checked > 8


# ---------------------------------------------------------------------- notes


@pytest.mark.parametrize(
    ("text", "stars", "round_"),
    [
        ("Standard errors in parentheses * p<0.10, ** p<0.05, *** p<0.01", (0.1, 0.05, 0.01), "se"),
        ("t statistics in parentheses; ***, **, and * denote significance at the 1%, 5%, and 10% levels",
         (0.1, 0.05, 0.01), "t"),
        ("Robust standard errors in parentheses *** p<0.001, ** p<0.01, * p<0.05", (0.05, 0.01, 0.001), "se"),
        ("Signif. codes: 0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1", (0.05, 0.01, 0.001), None),
        ("p-values in brackets.", (), "p"),
        ("Note: z-values are given in parentheses. * significant at 10%; ** significant at 5%; *** significant at 1%",
         (0.1, 0.05, 0.01), "z"),
        ("Source: own calculations, 2012.", (), None),
    ],
)  # fmt: skip
def test_notes_say_levels_and_brackets(text, stars, round_):
    found = notes.read(text)
    assert tuple(found.stars.values()) == stars
    assert found.round == round_


# ---------------------------------------------------------------------- hostile files


def test_what_is_broken_or_too_large_is_refused_in_words(tmp_path):
    cases = {
        "bomb.docx": zipped({"word/document.xml": b"<a>" + b" " * 60_000_000}),
        "entity.docx": zipped({"word/document.xml": b'<!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>'}),
        "empty.docx": zipped({}),
        "cut.docx": a_word_file(ROWS)[:200],
        "text.docx": b"no archive",
        "broken.xlsx": b"PK\x03\x04 nothing",
        "no_book.xlsx": zipped({"a": b"b"}),
    }
    for name, held in cases.items():
        (tmp_path / name).write_bytes(held)
        with pytest.raises(FileError, match="cannot read"):
            sc.audit(tmp_path / name)
    with (tmp_path / "huge.txt").open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    with pytest.raises(FileError, match="more than 32,000,000 bytes"):
        sc.audit(tmp_path / "huge.txt")
    with pytest.raises(FileError, match="cannot read"):
        sc.audit(tmp_path / "none.docx")


def zipped(members):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return held.getvalue()


def test_deep_and_endless_markup_ends(tmp_path):
    assert html.tables("<table>" * 50_000) == []
    assert len(html.tables("<table><tr><td colspan=999999 rowspan=999999>1</table>")) == 1
    latex.tables(r"\begin{tabular}{c}" * 3000 + r"\multicolumn{999}{c}{" * 3000)
    latex.to_text("{" * 5000 + "}" * 5000 + r"\multirow{2}{*" * 500)
    plain.tables("| " * 20_000 + "\n" + "|-" * 20_000)
    assert word.tables(a_word_file([["a"] * 1000] * 50), "w.docx")[0].width <= 200


@pytest.mark.parametrize("name", sorted(p.name for p in DOCUMENTS.iterdir() if p.is_file()))
def test_spoilt_documents_never_raise_from_inside(name, tmp_path):
    """Characters dropped, doubled and changed at random: a report, or a refusal in words."""
    text = (DOCUMENTS / name).read_text(encoding="utf-8")
    rng = np.random.default_rng(7)
    alphabet = list("0123456789.,-*()[]{}\\&|<>/%$^_ \n\tabc\u2212\u00d7")
    for _ in range(25):
        made = list(text)
        for _ in range(int(rng.integers(1, 40))):
            k = int(rng.integers(len(made)))
            made[k : k + int(rng.integers(0, 3))] = [str(rng.choice(alphabet))] * int(rng.integers(0, 3))
        path = tmp_path / name
        path.write_text("".join(made), encoding="utf-8")
        with contextlib.suppress(SpatialConvError):
            assert sc.audit(path).rules is not None
