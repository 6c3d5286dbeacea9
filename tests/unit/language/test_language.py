"""Chinese for the fixed words of figures and tables: all of them, and nothing that is the caller's."""

from __future__ import annotations

import ast
import re
import warnings
from inspect import signature
from pathlib import Path
from string import Formatter
from typing import get_args

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import spatialconv as sc
from spatialconv import _style as look
from spatialconv._core.dispersion.measures import MEASURES
from spatialconv._drawing import captions
from spatialconv._language import current, phrases, restate, say, spoken_in
from spatialconv._options import ERRORS, BootstrapScheme
from spatialconv.autocorrelation import GEARY, QUADRANTS
from spatialconv.errors import OptionError
from spatialconv.index import _composite
from spatialconv.maps import _choropleth, _clusters, _gravity_centre, _hot_spots, _paper
from spatialconv.maps._sheet import CONFIDENCE
from spatialconv.plot import _betas, _curve, _dynamics, _paths, _scatter
from spatialconv.plot.change import heatmap, stochastic_kernel
from spatialconv.tables import _regression
from tests.first_calls import calls

ROOT = Path(sc.__file__).parent
ZH = phrases("zh")
# What Chinese papers print in Latin letters too: symbols, units, names of people, methods and models.
LATIN = {
    "Gi", "HH", "HL", "LH", "LL", "km", "log", "t", "z", "p", "q", "n", "r", "ln", "ArcGIS", "Phillips", "Sul", "Mann",
    "Kendall", "Silverman", "Scott", "Yuill", "Lee", "Yu", "SAR", "SEM", "SDM", "OLS", "Queen", "Rook", "Benjamini",
    "Anderson", "BIC", "CRITIC", "Dagum", "Dickey", "F", "Fuller", "HAC", "HP", "Hansen", "LR", "Logit", "Morgan",
    "Pitman", "Q", "Rubin", "TOPSIS", "splm", "sup",
    "N", "I", "T", "R", "S", "LISA", "Hochberg", "inference", "b", "figure", "key", "FDR", "W",
}  # fmt: skip
# Of the data in tests/first_calls, and arguments with what they are set to.
OWN = {
    "hac",
    "aqsb",
    "fqsb",
    "trim",
    "c_star",
    "sort_share",
    "y",
    "x",
    "jobs",
    "a",
    "c",
    "region",
    "year",
    "rho",
    "log_initial",
}
FIGURES = [name for name in calls.CALLS if re.fullmatch(r"(maps|plot)\.(?!save)\w+", name)]
TABLES = ["tables.regression", "tables.effects", "tables.table"]


def fields(text: str) -> set[tuple[str | None, str | None]]:
    return {(name, form) for _, name, form, _ in Formatter().parse(text) if name}


def test_placeholders_are_the_same_in_both_languages():
    wrong = [english for english, told in ZH.items() if fields(english) != fields(told)]
    assert wrong == []


def test_no_phrase_says_the_punctuation_of_the_other_language():
    # Half-width marks belong to figures, formulas and Latin words.
    wrong = [told for told in ZH.values() if re.search("[\u4e00-\u9fff][,;:!?()]|[,;!?(][\u4e00-\u9fff]", told)]
    assert wrong == []


def said_in(path: Path) -> list[tuple[str, str]]:
    """Return every phrase that is said in full in a file, with its sense."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say" and node.args:
            sense = next((k.value for k in node.keywords if k.arg == "sense"), None)
            if isinstance(node.args[0], ast.Constant) and (sense is None or isinstance(sense, ast.Constant)):
                found.append((node.args[0].value, "" if sense is None else sense.value))
    return found


def test_every_phrase_in_the_code_has_chinese():
    said = {pair: path for path in ROOT.rglob("*.py") for pair in said_in(path)}
    assert len(said) > 150
    lacking = [pair for pair in said if (f"{pair[0]} [{pair[1]}]" if pair[1] else pair[0]) not in ZH]
    assert lacking == []


@pytest.mark.parametrize(
    "words",
    [
        CONFIDENCE.values(),
        QUADRANTS.values(),
        GEARY.values(),
        _clusters._QUADRANTS.values(),
        _clusters._PAIRS.values(),
        _choropleth._SCHEMES.values(),
        _gravity_centre._WORDS.values(),
        [word for words in (*_hot_spots._RANKS.values(), *_paper._WORDS.values()) for word in words],
        [measure.label for measure in MEASURES.values()],
        [*_betas._NAMES.values(), *_betas._AXES.values()],
        [*_curve._SAID.values(), *_curve._APPROACH.values()],
        _scatter._CORNERS.values(),
        [*stochastic_kernel._WORDS.values(), *stochastic_kernel._SHOWN.values()],
        [*heatmap._SORTED.values(), *filter(None, heatmap._WORDS.values())],
        [*_dynamics._MOVING.values(), *_paths._NULLS.values(), *_betas._SPATIAL.values()],
        [*captions.EFFECTS.values(), *captions._UNITS.values(), *(unit[:-1] for unit in captions._UNITS.values())],
        ERRORS.values(),
        [f"{scheme} [scheme]" for scheme in get_args(BootstrapScheme)],
        [f"{way} [normalise]" for way in get_args(_composite.Normalise)],
        [f"{way} [weighting]" for way in (*get_args(_composite.Weighting), "as given")],
        [f"{way} [aggregation]" for way in get_args(_composite.Aggregation)],
        [*sc.tables.HEADS.values(), *sc.tables.FOOTER.values()],
        [*_regression._LABELS.values(), *_regression._IN_PARENTHESES.values()],
        [f"{effect} [effect]" for effect in _regression.EFFECTS],
        [f"{effects} effects" for effects in ("region", "time", "two-way", "random", "none")],
        [f"{kind} {side}" for kind in ("new", "consecutive", "intensifying", "persistent", "diminishing", "sporadic",
                                       "oscillating", "historical") for side in ("hot", "cold")],
        ["no pattern", "n = {n:,} regions", "n = {n:,} region", "total randomisation", "conditional randomisation"],
    ],
)  # fmt: skip
def test_words_that_are_looked_up_have_chinese(words):
    assert [word for word in words if word not in ZH] == []


# ------------------------------------------------------------------ what is drawn and printed


def made(name: str, language: str = "zh"):
    call = calls.CALLS[name]
    assert call.endswith(")")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return eval(f'{call[:-1]}, language="{language}")', vars(calls))


def words_of(figure) -> list[str]:
    if isinstance(figure, mpl.axes.Axes):
        figure = figure.figure
    if isinstance(figure, look.Pages):
        return [word for sheet in figure for word in words_of(sheet)]
    figure.canvas.draw()
    texts = [text.get_text() for text in figure.findobj(Text) if text.get_visible()]
    return [*filter(None, texts), figure.caption]


def english_in(words: list[str]) -> set[str]:
    return {found for text in words for found in re.findall("[A-Za-z_]+", text)} - LATIN - OWN


@pytest.mark.parametrize("name", [name for name in FIGURES if name != "maps.explore"])
def test_figures_in_chinese_hold_no_english(name):
    assert english_in(words_of(made(name))) == set()


@pytest.mark.parametrize("name", TABLES)
def test_tables_in_chinese_hold_no_english(name):
    table = made(name)
    assert english_in([repr(table)]) == set()
    assert english_in([re.sub("<[^>]*>", " ", table.to_html()).replace("&lt;", "<")]) == set()


def test_a_page_to_touch_in_chinese():
    text = made("maps.explore").text
    assert '<html lang="zh-CN">' in text
    assert "播放" in text
    assert "热点，99%" in text
    assert english_in(re.findall("<p>(.*?)</p>", text)) == set()
    assert not re.search('"(not significant|no statistic|Play|Stop|Period)"', text)


ZJ = sc.datasets.zhejiang()
W = sc.weights.adjacency(ZJ.cities)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: sc.maps.choropleth(ZJ.panel, "exports", ZJ.cities, log=True, common=False, language="zh"),
        lambda: sc.maps.choropleth(ZJ.panel, "exports", ZJ.cities, relative=True, language="zh"),
        lambda: sc.maps.hot_spots(sc.hot_spots(ZJ.panel, "exports", W), ZJ.cities, classes="both", language="zh"),
        lambda: sc.maps.hot_spots(sc.hot_spots(ZJ.panel, "exports", W), ZJ.cities, classes="paper", language="zh"),
        lambda: sc.maps.hot_spots(
            sc.hot_spots(ZJ.panel, "exports", W, permutations=99, seed=1, fdr=True), ZJ.cities, language="zh"
        ),
        lambda: sc.plot.sigma(sc.sigma(ZJ.panel, "exports"), title="出口收敛", language="zh"),
        lambda: sc.plot.beta_scatter(sc.beta(ZJ.panel, "exports", controls=["digital"], effects="time"), language="zh"),
        lambda: sc.plot.correlogram(sc.correlogram(ZJ.panel, "exports", ZJ.cities, seed=1), language="zh"),
        lambda: sc.plot.unit_roots(sc.unit_roots_pairwise(calls.p(), "y"), language="zh"),
    ],
)
def test_other_kinds_of_figures_hold_no_english(draw):
    found = english_in(words_of(draw()))
    assert found - {"exports", "digital", *map(str, ZJ.panel.regions)} == set()


@pytest.mark.parametrize(
    "table",
    [
        lambda: sc.tables.table(sc.moran(ZJ.panel, "exports", W), language="zh"),
        lambda: sc.tables.table(sc.hot_spots(ZJ.panel, "exports", W, period=2020), language="zh"),
        lambda: sc.tables.table(sc.sigma(ZJ.panel, "exports"), language="zh"),
    ],
)
def test_tables_of_results_have_chinese_heads_and_notes(table):
    made = table()
    text = repr(made)
    assert "注：" in text or not made.notes
    assert made.caption.endswith("：exports")


def test_questions_and_verdicts_of_a_check():
    b = sc.beta(ZJ.panel, "exports", sc.weights.inverse_distance(ZJ.cities), spatial="lag", effects="time")
    report = sc.check(b, questions=("sample", "islands", "bound", "speed"), progress=False)
    made = sc.tables.table(report, language="zh")
    assert set(made.frame["verdict"]) <= {"通过", "注意", "不通过", "无法判定", "未检验"}
    assert all(question.endswith("？") for question in made.frame["question"])
    assert made.to_csv() == sc.tables.table(report).to_csv()


def test_tests_of_models_by_name_and_hypotheses():
    tests = sc.lm_tests(ZJ.panel, "exports", "digital", W, effects="time")
    made = sc.tables.table(tests, language="zh")
    assert made.frame.index[0] == "LM滞后检验"
    assert made.frame["alternative"].iloc[0] == "ρ ≠ 0"
    assert made.to_csv() == sc.tables.table(tests).to_csv()


# ------------------------------------------------------------------ what nothing translates


def test_labels_and_variables_stay_as_they_are():
    """Words of the package as names of regions, of the variable, of the models and of terms."""
    names = ["high", "low", "none", "total", "direct", "region", "all", "mean", "time", "n", "weights", "hot"]
    frame = calls.p().frame.reset_index()
    frame["region"] = [names[int(k)] for k in frame["region"]]
    panel = sc.Panel(frame.rename(columns={"y": "median", "x": "effects"}), region="region", period="year")
    geometry = calls.g().set_axis(names)
    figure = sc.maps.choropleth(panel, "median", geometry, periods=2001, labels=True, language="zh")
    printed = words_of(figure)
    assert set(names) <= set(printed)
    assert "median" in printed
    fitted = sc.fit_panel(panel, "median", "effects", spatial="none", effects="region")
    table = sc.tables.regression({"direct": fitted}, labels={}, language="zh")
    assert list(table.frame.columns) == ["direct"]
    assert table.frame.index[0] == "effects"


def test_words_that_are_not_known_stay():
    with spoken_in("zh"):
        assert say("a word that nobody knows") == "a word that nobody knows"
        assert say("{x} that nobody knows", x=1) == "1 that nobody knows"
        assert restate("weights of my own hand") == "weights of my own hand"


# ------------------------------------------------------------------ how it is set


def chinese_font() -> bool:
    return not look.unprinted(ZH.values())


@pytest.mark.skipif(not chinese_font(), reason="no installed font has Chinese")
def test_all_characters_are_in_fonts():
    figure = sc.plot.sigma(sc.sigma(ZJ.panel, "exports"), language="zh")
    assert not any("\ufffd" in word for word in words_of(figure))
    family = figure.findobj(Text)[0].get_fontfamily()
    assert set("".join(ZH.values())) - {" "} <= look._characters(family)


def test_lines_do_not_begin_with_a_closing_mark():
    text = "空间权重：Queen邻接，行标准化；11个地区，38条连接，1个无邻接地区（见“注”）。" * 3
    sheet = look.Sheet(90, 10)
    for width in np.linspace(12, 60, 25):
        with spoken_in("zh"), look.style(text):
            measure = look.measurer(sheet)
            lines = look.wrapped(text, measure, width)
        assert "".join(lines) == text
        assert not any(line[0] in "，。；：）”" for line in lines)
        assert not any(line[-1] in "（“" for line in lines)
        assert not any(line[0] == "个" for line in lines)
        assert all(measure(line)[0] <= width for line in lines)


def test_lines_of_english_are_broken_as_ever():
    sheet = look.Sheet(90, 10)
    with look.style("杭州市"):
        measure = look.measurer(sheet)
        assert look.wrapped("a 杭州市 b", measure, 3.0)[0] == "a"
        assert " ".join(look.wrapped("one two three four", measure, 14.0)) == "one two three four"


# ------------------------------------------------------------------ the option itself


@pytest.mark.parametrize("room", ["maps", "plot"])
def test_every_figure_takes_a_language(room):
    names = [name for name in getattr(sc, room).__all__ if name not in ("save", "Page")]
    for name in names:
        taken = signature(getattr(getattr(sc, room), name)).parameters["language"]
        assert taken.default == "en", name
        assert taken.kind is taken.KEYWORD_ONLY, name


def test_every_table_takes_a_language():
    for function in (sc.tables.regression, sc.tables.effects, sc.tables.table):
        assert signature(function).parameters["language"].default == "en"


def test_another_language_is_refused():
    with pytest.raises(OptionError, match="language must be one of 'en', 'zh'; got 'fr'"):
        sc.plot.sigma(sc.sigma(ZJ.panel, "exports"), language="fr")


def test_english_comes_back_after_chinese_and_after_an_error():
    fit = sc.beta(ZJ.panel, "exports")
    before = repr(sc.tables.regression([fit]))
    chinese = sc.tables.regression([fit], language="zh")
    assert "观测值" in repr(chinese)
    with pytest.raises(OptionError):
        sc.tables.regression([fit], terms=["absent"], language="zh")
    assert current() == "en"
    assert repr(sc.tables.regression([fit])) == before
    # A table keeps its language for all that is written of it later.
    assert "注：" in chinese.to_markdown()
    assert "注：" in chinese.to_latex()
    assert "Notes" not in chinese.to_html()


def test_csv_and_figures_keep_the_names_of_the_code():
    table = sc.tables.table(sc.local_moran(ZJ.panel, "exports", W, period=2020), language="zh")
    plain = sc.tables.table(sc.local_moran(ZJ.panel, "exports", W, period=2020))
    assert table.to_csv() == plain.to_csv()


def test_long_tables_in_chinese():
    frame = pd.DataFrame({f"c{k}": [f"word {k} and more of it"] * 200 for k in range(14)})
    made = sc.tables.table(frame, caption="表", language="zh")
    assert "续下页" in made.to_latex()
    wide = pd.DataFrame({f"c{k}": [f"{'word' * 12}{k}"] for k in range(14)})
    assert "（第1部分，共" in sc.tables.table(wide, caption="表", language="zh").to_latex()
    assert "200行中的20行" in repr(sc.tables.table(frame, language="zh"))
