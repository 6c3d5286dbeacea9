"""LaTeX that fits A4, whatever the table: compiled by a real TeX where one is at hand."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from spatialconv.tables import Table, regression, table
from spatialconv.tables._latex import TURNED, UPRIGHT, text_width
from tests.unit.tables.test_tables import Fit, paper

TEX = shutil.which("pdflatex")
HEAD = r"\documentclass[a4paper]{article}\usepackage[T1]{fontenc}\usepackage{booktabs,array,longtable,pdflscape}"


def words(rng, count):
    return " ".join("".join(rng.choice(list("abcdefghilmnoprstuw"), rng.integers(2, 11))) for _ in range(count))


def tables():
    rng = np.random.default_rng(3)
    fits = {f"region {k}, Lee-Yu": fit for k in range(7) for fit in [paper()[("Province", "Pooled")[k % 2]]]}
    yield "small", table(pd.DataFrame({"I": [0.1, 0.2]}), caption="Small")
    yield "regression", regression(fits, digits=3, cells="estimate (z)", caption="Seven models " + words(rng, 12))
    yield "intervals", regression(fits, digits=3, cells="estimate [interval]", caption="Intervals")
    prose = pd.DataFrame(
        {
            "verdict": ["warn"] * 25,
            "evidence": [words(rng, 40) for _ in range(25)],
            "advice": [words(rng, 20) for _ in range(25)],
        }
    )
    yield "prose", table(prose.set_index(pd.Index([words(rng, 2) for _ in range(25)], name="name")), caption="Prose")
    wide = pd.DataFrame(
        rng.normal(size=(60, 16)) * 10.0 ** rng.integers(-3, 4, size=16), columns=[words(rng, 2) for _ in range(16)]
    )
    yield (
        "wide and long",
        table(wide.rename_axis("row"), caption=words(rng, 30), notes=tuple(words(rng, 60) for _ in range(30))),
    )
    yield (
        "far too wide",
        table(
            pd.DataFrame(
                rng.normal(size=(5, 40)) * 1e5, columns=[f"column {k}" for k in range(40)], index=list("abcde")
            ),
            caption="Forty columns",
        ),
    )
    yield (
        "signs",
        Table(
            pd.DataFrame({"a": ["ρ → σ² ≈ 0.5 · 10…", "Gi* ≤ 1.65 “quoted” it’s"], "b": ["−1.000***", "2.000"]}),
            align="lr",
        ),
    )


TABLES = dict(tables())


@pytest.mark.skipif(TEX is None, reason="no TeX here")
@pytest.mark.parametrize("name", TABLES)
def test_compiled_nothing_is_too_wide_or_too_tall(name, tmp_path):
    made = TABLES[name].to_latex(label="tab:one")
    (tmp_path / "t.tex").write_text(f"{HEAD}\n\\begin{{document}}\n{made}\\end{{document}}\n", encoding="utf-8")
    for _ in range(2):  # longtable settles its widths in the second run
        subprocess.run(
            [TEX, "-interaction=nonstopmode", "t.tex"], cwd=tmp_path, capture_output=True, check=False, timeout=120
        )
    log = (tmp_path / "t.log").read_text(encoding="utf-8", errors="replace")
    assert (tmp_path / "t.pdf").exists()
    assert re.findall(r"^! .*", log, re.MULTILINE) == []
    # Half a point is nothing that a reader sees: the widths are reckoned letter by letter.
    assert [w for w in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log) if float(w) > 0.5] == []
    assert "Float too large" not in log


def test_small_tables_stay_as_they_are():
    made = TABLES["small"].to_latex()
    assert r"\begin{tabular}{r}" in made
    assert "longtable" not in made
    assert "landscape" not in made


def test_turned_only_where_need_be_and_cut_where_nothing_else_helps():
    six = {f"model {k}, Lee-Yu": paper()[("Province", "Pooled")[k % 2]] for k in range(5)}
    assert "landscape" not in regression(six, digits=3).to_latex()
    assert r"\begin{longtable}" in TABLES["prose"].to_latex()
    assert "landscape" in TABLES["wide and long"].to_latex()
    parts = TABLES["far too wide"].to_latex()
    found = [int(k) for k in re.findall(r"\(part (\d+) of \d+\)", parts)]
    assert found == list(range(1, len(found) + 1))
    assert len(found) > 1
    # Every column once, and the labels of the rows in each part.
    for k in range(40):
        assert len(re.findall(rf"column {k}\b", parts.replace(r"\endfirsthead", "@").split("@")[0])) <= 1
    heads = re.findall(r"^ & column .*$", parts, re.MULTILINE)
    assert {k for head in heads for k in re.findall(r"column (\d+)", head)} == {str(k) for k in range(40)}


def test_every_cell_is_there():
    made = TABLES["prose"]
    text = made.to_latex()
    assert all(cell in text for cell in made.frame.to_numpy().ravel())


def test_widths_are_those_of_computer_modern():
    # From the font's metrics (tfm) at 10 pt: a digit 5.0, m 8.33, i 2.78, W 10.28.
    for text, width in (("0123456789", 50.0), ("mmmm", 33.3), ("iiii", 11.1), ("W", 10.28)):
        assert width <= text_width(text) <= width * 1.06
    assert UPRIGHT == 345.0  # \linewidth of article, a4paper, 10 pt
    assert TURNED == 598.0  # its \textheight


def test_order_of_journals_and_tests_at_the_foot():
    rows = tuple(
        (t, 0.1, 0.1, 1.0, 0.3, 0.0, 0.2)
        for t in ("rho", "W:digital", "W:log_initial", "digital", "sigma2", "log_initial")
    )
    fit = Fit(rows, {"nobs": 44, "n_regions": 11, "n_periods": 4, "loglik": 1.0, "speed": 0.02, "effects": "time"})
    test = type("T", (), {"statistic": 3.841, "p_value": 0.0500})()
    made = regression({"a": fit, "b": fit}, cells="estimate", tests={"LM lag": [test, None], "LM error": {"b": test}})
    assert made.frame.index.tolist() == [
        "ln initial level (β)", "digital", "W × ln initial level (β)", "W × digital", "ρ", "σ²",
        "Speed of convergence", "Log-likelihood", "Observations", "N × T", "Effects", "LM lag", "LM error",
    ]  # fmt: skip
    assert made.frame.loc["N × T"].tolist() == ["11 × 4"] * 2
    assert made.frame.loc["LM lag"].tolist() == ["3.84 [0.050]", "–"]
    assert made.frame.loc["LM error"].tolist() == ["–", "3.84 [0.050]"]
    assert made.rules == (6, 11)
