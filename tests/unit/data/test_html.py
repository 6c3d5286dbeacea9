"""HTML reprs of panels and tables are bounded and say of how many rows they show some; text stays within a terminal."""

from __future__ import annotations

import numpy as np
import pandas as pd

import spatialconv as sc
from spatialconv.results import WIDE, wrapped


def test_a_panel_shows_its_first_rows_and_says_of_how_many():
    us = sc.datasets.us_income()
    shown = us.panel._repr_html_()
    assert "20 of 3,888 rows" in shown
    assert shown.count("<tr") <= 22
    assert len(shown) < 8_000
    small = sc.Panel(
        pd.DataFrame({"r": ["<a>", "b"], "t": [1, 1], "y": [1.0, 2.0]}), region="r", period="t"
    )._repr_html_()
    assert "rows" not in small
    assert "<a>" not in small


def test_a_table_of_industries_shows_itself():
    frame = pd.DataFrame(
        np.arange(1, 3 * 45 + 1.0).reshape(45, 3), index=[f"r{k}" for k in range(45)], columns=list("abc")
    )
    long = frame.rename_axis("region").melt(var_name="industry", value_name="jobs", ignore_index=False).reset_index()
    shown = sc.industry_table(long, region="region", industry="industry", value="jobs")._repr_html_()
    assert "20 of 45 rows" in shown
    assert shown.startswith("<div><b>IndustryTable")


def test_a_result_of_thousands_of_rows_is_bounded():
    us = sc.datasets.us_income()
    shown = sc.hot_spots(us.panel, "income", sc.weights.adjacency(us.states))._repr_html_()
    assert "20 of 3,888 rows" in shown
    assert len(shown) < 20_000


def test_lines_are_broken_at_spaces_and_no_word_is_lost():
    line = "  weights: " + " ".join(f"word{k}" for k in range(60))
    broken = wrapped([line, "short"])
    assert max(map(len, broken.splitlines())) <= WIDE
    assert broken.split() == [*line.split(), "short"]
    assert broken.splitlines()[1].startswith("    ")


def test_maketables_is_offered_what_it_reads():
    zj = sc.datasets.zhejiang()
    fit = sc.beta(zj.panel, "exports", effects="time")
    given = fit.__maketables_coef_table__
    np.testing.assert_array_equal(
        given.loc["log_initial", ["b", "se"]].to_numpy(dtype=float),
        [fit.fit.params["log_initial"], fit.fit.std_errors["log_initial"]],
    )
    assert given.index.name == "Coefficient"
    assert fit.__maketables_stat__("N") == 44
    assert fit.__maketables_stat__("no such") is None
    assert fit.__maketables_depvar__ == "exports"
    hot = sc.hot_spots(zj.panel, "exports", sc.weights.adjacency(zj.cities))
    assert not hasattr(hot, "__maketables_coef_table__")
