"""A study whose case asks for Chinese: its figures and tables, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

import spatialconv as sc
from spatialconv._language import current
from spatialconv.errors import OptionError
from tests.unit.language.test_language import words_of


@pytest.fixture(scope="module")
def studies():
    case = sc.study.zhejiang()
    light = replace(case, permutations=0, published="", check=replace(case.check, extent="off"))
    english = sc.study.analyse(light)
    return english, replace(english, case=replace(light, language="zh"))


def test_tables_of_a_study_in_chinese(studies):
    english, chinese = (study.tables() for study in studies)
    assert list(english) == list(chinese)
    for name, table in chinese.items():
        assert table.language == "zh"
        assert any("\u4e00" <= char <= "\u9fff" for char in table.caption), name
        assert table.to_csv() == english[name].to_csv() or name in ("weights", "beta_absolute", "beta_conditional")
    assert "空间权重" in chinese["moran"].to_markdown()
    assert "Notes" not in chinese["moran"].to_html()
    assert current() == "en"


def test_figures_of_a_study_in_chinese(studies):
    english, chinese = (study.figures() for study in studies)
    assert list(english) == list(chinese)
    assert all(any("\u4e00" <= char <= "\u9fff" for char in caption) for caption, _ in chinese.values())
    # Drawn when asked for, long after the case was read.
    assert "对数标准差" in words_of(chinese["sigma"][1]())
    assert "Standard deviation of logs" in words_of(english["sigma"][1]())
    # No capital where the sentence is not English.
    assert any(word.startswith("exports，") for word in words_of(chinese["map"][1]()))


def test_a_case_in_another_language_is_refused(studies):
    with pytest.raises(OptionError, match="language must be one of 'en', 'zh'"):
        replace(studies[0].case, language="fr")
