"""Verdicts: right ones, wrong figures found out, and a row for everything that is published."""

from __future__ import annotations

import copy
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from pyproj import Geod
from scipy import stats

import spatialconv as sc
from spatialconv.replication import COLUMNS, EVIDENCE, VERDICTS, Claim, judge, replicate
from spatialconv.replication._ours import Ours, stars, strictest
from spatialconv.replication._text import STATEMENTS
from tests.terminal import plain_repr
from tests.tolerances import EXACT, LOGLIK

# What describes the published figures and is none of them.
DESCRIPTIONS = (
    "source",
    "tab2_moran.variable",
    "tab2_moran.p",
    "fig2_text.method",
    "fig3_sigma.variable",
    "tab5_spatial_lag.model",
    "subregions",
)


@pytest.fixture(scope="module")
def found(zj):
    return replicate(zj.panel, zj.cities, zj.published)


def leaves(node, path=""):
    """Yield path and value of every figure and word."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, f"{path}.{key}" if path else key)
    elif isinstance(node, list):
        for k, value in enumerate(node):
            yield from leaves(value, f"{path}[{k}]")
    else:
        yield path, node


def by_path(replication):
    rows = {}
    for figure in replication.figures:
        rows.setdefault(figure.claim.path, []).append(figure)
    return rows


# ---------------------------------------------------------------------- the judge


@pytest.mark.parametrize(
    ("published", "decimals", "tolerance", "ours", "verdict"),
    [
        (-0.231, 3, 0.0, -0.2312, "reproduced"),
        (-0.231, 3, 0.0, -0.2315, "reproduced"),  # a tie may be rounded either way
        (-0.231, 3, 0.0, -0.23151, "differs"),
        (-0.231, 3, 0.0, 0.231, "differs"),
        (-0.329, 3, 0.012, -0.3167, "within tolerance"),
        (-0.329, 3, 0.012, -0.3415, "within tolerance"),
        (-0.329, 3, 0.012, -0.34151, "differs"),
        (425.20, 2, 0.0, 425.2049, "reproduced"),
        (425.20, 2, 0.0, 425.2051, "differs"),
        (44.0, 0, 0.0, 44.0, "reproduced"),
        (44.0, 0, 0.0, 43.0, "differs"),
        (0.29, 2, 1.0, math.nan, "differs"),
    ],
)
def test_numbers_are_judged_at_their_printed_decimals(published, decimals, tolerance, ours, verdict):
    claim = Claim("x", "Tab. 0", "x", published, decimals, tolerance=tolerance)
    assert judge(claim, ours).verdict == verdict


def test_words_and_intervals_are_judged():
    words = Claim("x", "Text", "x", "hot")
    assert judge(words, "hot").verdict == "reproduced"
    assert judge(words, "cold").verdict == "differs"
    assert judge(words, "cold", undecided=True).verdict == "within tolerance"
    loglik = Claim("x", "Tab. 0", "x", 11.5696, 4)
    assert judge(loglik, 11.9, interval=(11.53, 12.36)).verdict == "within tolerance"
    assert judge(loglik, 11.9, interval=(11.56966, 12.36)).verdict == "differs"
    assert judge(loglik, 11.9, interval=(11.0, 11.5695)).verdict == "differs"
    assert judge(loglik, 11.56961, interval=(11.0, 12.0)).verdict == "reproduced"


def test_a_figure_without_ours_must_name_what_is_unpublished():
    figure = judge(Claim("x", "Tab. 5", "x", -0.336, 3, "unpublished", unpublished="six controls"))
    assert figure.verdict == "not recomputable"
    assert figure.row()["remark"] == "unpublished: six controls"
    assert math.isnan(figure.difference)
    with pytest.raises(ValueError, match="nothing is said to be unpublished"):
        judge(Claim("x", "Tab. 5", "x", -0.336, 3))
    with pytest.raises(TypeError, match="like with like"):
        judge(Claim("x", "Tab. 5", "x", -0.336, 3), "low")


def test_the_row_shows_the_figure_as_printed_and_ours_with_one_decimal_more():
    row = judge(Claim("x", "Tab. 2", "p", 0.1, 3, tolerance=0.0096), 0.0922).row()
    assert (row["published"], row["ours"], row["tolerance"]) == ("0.100", "0.0922", "0.0101")
    assert row["difference"] == pytest.approx(-0.0078, abs=EXACT)
    assert judge(Claim("x", "Tab. 5", "n", 44.0, 0), 44.0).row()["ours"] == "44"
    assert judge(Claim("x", "Tab. 2", "I", 0.5, 2), math.nan).row()["ours"] == "undefined"


# ---------------------------------------------------------------------- everything has a row


def test_every_published_leaf_has_a_row(zj, found):
    paths = set(by_path(found))
    published = [p for p, _ in leaves(zj.published) if not p.startswith(DESCRIPTIONS)]
    assert len(published) == 326
    # A sentence may be split into several rows; a list of cities of Fig. 1 also has one row as a whole.
    assert [p for p in published if p not in paths] == []
    numbers = [p for p, value in leaves(zj.published) if isinstance(value, (int, float))]
    assert [p for p in numbers if p not in paths] == []


def test_every_statement_of_the_text_has_a_row(found):
    paths = set(by_path(found))
    for key, statement in STATEMENTS.items():
        if key in ("controls", "hausman_percent"):
            assert {f"text.{key}.{p}" for p, _ in leaves(statement)} <= paths
        else:
            assert f"text.{key}" in paths


def test_every_row_stands_for_something_published(zj, found):
    known = {p for p, _ in leaves(zj.published)} | {"fig1_text.2016"}
    for path in by_path(found):
        assert path in known or path.startswith("text."), path


def test_the_printed_figure_of_a_row_is_the_published_one(zj, found):
    values = dict(leaves(zj.published))
    for path, figures in by_path(found).items():
        for figure in figures:
            if isinstance(values.get(path), (int, float)):
                assert figure.claim.published == values[path]
                assert float(figure.claim.printed) == pytest.approx(values[path], abs=EXACT)


# ---------------------------------------------------------------------- what is found


def test_counts_of_verdicts(found):
    counts = found.counts
    assert list(counts.index) == list(VERDICTS)
    assert counts.sum() == len(found.figures) == len(found.table)
    assert counts["not recomputable"] == 55 + 30 + 66  # Tab. 3, six variables of Tab. 4, estimates of Tab. 5
    tab = found.crossed("source")
    assert tab.loc["Tab. 1", ["reproduced", "within tolerance"]].tolist() == [54, 1]
    assert tab.loc["Fig. 3", "reproduced"] == 4
    assert tab.loc["Tab. 2", "differs"] == 0
    assert tab.loc["all", "all"] == len(found.figures)
    assert found.crossed("evidence").loc["all"].tolist() == tab.loc["all"].tolist()


def test_tab_1_and_tab_2_adjacency_and_fig_3_are_reproduced(found):
    for path, figures in by_path(found).items():
        if path.startswith(("tab1_growth_percent", "tab2_moran.adjacency", "tab2_moran.expected", "fig3_sigma")):
            assert {f.verdict for f in figures} == {"reproduced"}, path
        if path.startswith(("tab4_descriptives.y.", "tab4_descriptives.lnretail.")):
            assert {f.verdict for f in figures} == {"reproduced"}, path
        if path.startswith(("tab2_moran.geographic", "tab4_descriptives.digital", "tab1_average")):
            assert {f.verdict for f in figures} <= {"reproduced", "within tolerance"}, path


def test_what_differs_is_named(found):
    rows = found.select(verdict="differs").set_index("item")
    assert set(rows.index) == {
        "2016, the four classes, as natural breaks of exports",
        "2020, class of Huzhou",
        "Quzhou: upper (hot) or lower (cold) classes of Gi*",
        "exports rise",
        "growth rates decline",
        "cities above the provincial average of exports",
        "cities above the provincial average of log exports",
        "geographic: years with p roughly within 12 %",
        "clustering in the map of Gi*",
        "decrease of the standard deviation of logs, 2016 to 2020",
        "northeast, rho",
        "southwest, rho",
    }
    assert "two-sided p = 0.124" in rows.loc["northeast, rho", "remark"]
    assert rows.loc["southwest, rho", "ours"] == "significant at 10 %"
    assert rows.loc["southwest, rho", "remark"].endswith("p = 0.056")
    assert rows.loc["Quzhou: upper (hot) or lower (cold) classes of Gi*", "ours"] == "hot"
    assert rows.loc["exports rise", "ours"] == "not Huzhou in 2016-17"
    assert rows.loc["decrease of the standard deviation of logs, 2016 to 2020", "ours"] == "not significant"


def test_what_was_used_is_not_called_independent(found):
    table = found.table
    assert set(table["evidence"]) == set(EVIDENCE)
    used = table[table["evidence"] == "used in the reconstruction"]
    assert set(used["source"]) == {"Fig. 1", "Fig. 3", "Tab. 1", "Tab. 2", "Tab. 4", "Text, section 3.3"}
    for source, pattern in (("Tab. 2", "I$|z$|p$"), ("Fig. 3", "."), ("Tab. 4", "lnretail, [ms]")):
        rows = table[(table["source"] == source) & table["item"].str.contains(pattern)]
        assert set(rows["evidence"]) == {"used in the reconstruction"}
    assert set(table[table["verdict"] == "not recomputable"]["evidence"]) == {"input", "unpublished"}
    assert set(table[table["source"] == "Fig. 2"]["evidence"]) == {"independent"}


# ---------------------------------------------------------------------- a wrong figure is found out


def bump(node, by):
    """Return the figures with every number moved up."""
    if isinstance(node, dict):
        return {key: bump(value, by) for key, value in node.items()}
    return node + by if isinstance(node, (int, float)) else node


def test_figures_that_are_off_differ_all_of_them(zj):
    wrong = copy.deepcopy(zj.published)
    for key, by in (
        ("tab1_growth_percent", 0.02),
        ("tab1_average_growth_percent", 0.05),
        ("tab2_moran", 0.12),
        ("fig3_sigma", 0.02),
        ("tab4_descriptives", 0.002),
    ):
        wrong[key] = bump(wrong[key], by)
    found = replicate(zj.panel, zj.cities, wrong).table
    tables = found[found["source"].isin(["Tab. 1", "Tab. 2", "Fig. 3", "Tab. 4"])]
    judged = tables[tables["verdict"] != "not recomputable"]
    # n is bumped by less than one and is judged as a whole number.
    judged = judged[~judged["item"].str.endswith(", n")]
    assert len(judged) == 55 + 40 + 4 + 12
    assert set(judged["verdict"]) == {"differs"}


@pytest.mark.parametrize(
    ("keys", "value", "items"),
    [
        (("tab1_growth_percent", "Huzhou", "2016-17"), -59.04, {"Huzhou, 2016-17, %"}),
        (("tab2_moran", "adjacency", "2018", "z"), -0.86, {"adjacency, 2018, z"}),
        (("tab2_moran", "geographic", "2020", "I"), -0.371, {"geographic, 2020, I"}),
        (("tab4_descriptives", "digital", "max"), 0.9367, {"digital, max"}),
        (("tab4_descriptives", "y", "n"), 43, {"y, n"}),
        (("tab5_spatial_lag", "northeast", "loglik"), 10.31, {"northeast, log-likelihood"}),
        (("tab5_spatial_lag", "province", "loglik"), 11.53, {"province, log-likelihood"}),
        (("tab5_spatial_lag", "southwest", "speed"), 0.3, {"southwest, speed"}),
        (("tab5_spatial_lag", "southwest", "nobs"), 24, {"southwest, observations"}),
        (("tab5_spatial_lag", "province", "hausman", 1), "**", {"province, Hausman, stars"}),
        (("tab5_spatial_lag", "northeast", "rho", 2), "*", {"northeast, rho, stars"}),
        (("fig2_text", "hot_spots", 0), "Ningbo", {"Ningbo: upper (hot) or lower (cold) classes of Gi*"}),
        (("fig1_text", "jinhua"), "always above 19 billion yuan", {"exports of Jinhua in every year"}),
        (("text", "growth_highest"), ["Jiaxing", "Zhoushan", "Ningbo"], {"cities of highest average growth"}),
        (
            ("text", "speeds_order"),
            ["province", "northeast", "southwest"],
            {"areas by speed of convergence, fastest first"},
        ),
        (("text", "controls", "lnwage", "southwest"), "negative", {"southwest, effect of lnwage"}),
        (("text", "hausman_percent", "northeast"), 1, {"northeast, Hausman test"}),
    ],
)
def test_one_wrong_figure_turns_its_own_row(zj, found, keys, value, items):
    wrong = {"text": copy.deepcopy(STATEMENTS), **copy.deepcopy(zj.published)}
    node = wrong
    for key in keys[:-1]:
        node = node[key]
    assert node[keys[-1]] != value
    node[keys[-1]] = value
    now = set(replicate(zj.panel, zj.cities, wrong).select(verdict="differs")["item"])
    before = set(found.select(verdict="differs")["item"])
    assert items <= now
    assert items.isdisjoint(before)


def test_a_wrong_level_is_found_out(zj):
    frame = zj.panel.frame
    frame.loc[(frame["city"] == "Ningbo") & (frame["year"] == 2018), "exports"] *= 1.2
    wrong = replicate(sc.Panel(frame, region="city", period="year"), zj.cities, zj.published)
    differs = set(wrong.select(verdict="differs")["item"])
    assert {"Ningbo, 2017-18, %", "Ningbo, 2018-19, %", "Ningbo, average, %", "adjacency, 2018, I", "y, std"} <= differs
    assert "adjacency, 2017, I" not in differs


def test_the_order_of_rows_changes_nothing(zj, found):
    frame = zj.panel.frame.sample(frac=1, random_state=3)
    again = replicate(sc.Panel(frame, region="city", period="year"), zj.cities.iloc[::-1], zj.published)
    assert again.table["verdict"].tolist() == found.table["verdict"].tolist()
    assert again.table["ours"].tolist() == found.table["ours"].tolist()


# ---------------------------------------------------------------------- second witnesses


def dense_geographic(cities, names):
    """Inverse squared geodesic distances between seats, row-standardised, by hand."""
    geod = Geod(ellps="WGS84")
    w = np.zeros((len(names), len(names)))
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            if i != j:
                one, other = cities.loc[a], cities.loc[b]
                w[i, j] = geod.inv(one["lon"], one["lat"], other["lon"], other["lat"])[2] ** -2.0
    return w / w.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("area", ["province", "northeast", "southwest"])
def test_log_likelihoods_against_dense_algebra(zj, area):
    ours = Ours(zj.panel, zj.cities)
    printed = zj.published["tab5_spatial_lag"][area]
    names = list(zj.cities.index) if area == "province" else zj.published["subregions"][area]
    assert set(ours.regions(area)) == set(names)
    w = dense_geographic(zj.cities, names)

    def loglik(sigma2, rho):
        return (
            -2 * len(names) * (np.log(2 * np.pi * sigma2) + 1) + 4 * np.linalg.slogdet(np.eye(len(names)) - rho * w)[1]
        )

    sigma2, rho = printed["sigma2"][0], printed["rho"][0]
    assert ours.loglik(area, sigma2, rho) == pytest.approx(loglik(sigma2, rho), abs=LOGLIK)
    grid = [
        loglik(s, r)
        for s in np.linspace(sigma2 - 5e-4, sigma2 + 5e-4, 41)
        for r in np.linspace(rho - 5e-4, rho + 5e-4, 11)
    ]
    low, high = ours.loglik_range(area, sigma2, rho, 5e-4)
    assert (low, high) == pytest.approx((min(grid), max(grid)), abs=LOGLIK)
    assert low <= printed["loglik"] <= high


def test_the_formula_of_the_log_likelihood_is_that_of_a_fit(zj):
    ours = Ours(zj.panel, zj.cities)
    fit = sc.beta(zj.panel, "exports", ours.graphs["geographic"], spatial="lag", effects="time", correction="none")
    assert ours.loglik("province", fit.sigma2, fit.rho) == pytest.approx(fit.loglik, abs=LOGLIK)


def test_a_log_likelihood_range_that_reaches_zero_is_open(zj):
    ours = Ours(zj.panel, zj.cities)
    assert ours.loglik_range("southwest", 0.0004, -0.5, 5e-4)[1] == np.inf
    low, high = ours.loglik_range("southwest", 0.01, 0.0002, 5e-4)
    assert high == pytest.approx(ours.loglik("southwest", 0.0095, 0.0), abs=LOGLIK)
    assert low < high


def test_stars_and_levels():
    assert [stars(p) for p in (0.0099, 0.01, 0.011, 0.05, 0.06, 0.1, 0.11)] == [
        *("***", "***", "**", "**", "*", "*", "no star")
    ]
    assert strictest(2 * stats.norm.sf(1.91), 12) == "significant at 10 %"
    assert strictest(2 * stats.norm.sf(1.54), 10) == "not significant at 10 %"
    assert strictest(0.11, 12) == "significant at 12 %"
    assert strictest(0.2, 12) == "not significant at 12 %"


def test_speeds_are_those_of_the_closed_form(zj, found):
    rows = found.table.set_index("item")
    for area, speed in (("province", 0.41), ("northeast", 1.77), ("southwest", 0.29)):
        beta = zj.published["tab5_spatial_lag"][area]["beta"][0]
        assert float(rows.loc[f"{area}, speed", "ours"].iloc[0]) == pytest.approx(-math.log(1 + beta), abs=5e-4)
        assert round(-math.log(1 + beta), 2) == speed


# ---------------------------------------------------------------------- presentation


def test_tables_for_print_hold_every_row(found):
    shown = found.shown()
    assert list(shown.columns) == list(COLUMNS)
    assert len(shown) == len(found.figures)
    assert not shown.map(lambda text: bool(re.search(r"nan|(?<![\w.])-\d", text))).to_numpy().any()
    assert "\u221259.02" in set(shown["published"])
    assert "2016-17" in " ".join(shown["item"])
    markdown = found.to_markdown().splitlines()
    assert len(markdown) == len(found.figures) + 2
    page = found.to_html()
    assert page.count("<tr") == len(found.figures) + 1
    for verdict, count in found.counts.items():
        assert page.count(f'class="v-{verdict.replace(" ", "-")}"') == count


def test_result_face(found):
    assert (
        plain_repr(found).splitlines()[0]
        == f"Replication of Luo and Zhang (2024): {len(found.figures)} published figures"
    )
    assert found.glance().loc[0, "figures"] == len(found.figures)
    assert found.tidy().equals(found.table)
    kept = found.to_dict()
    assert len(kept["tidy"]) == len(found.figures)
    assert found._repr_html_().startswith("<div>")
    assert replace(found, notes=()).notes == ()


def test_published_figures_are_not_modified(zj):
    before = copy.deepcopy(zj.published)
    replicate(zj.panel, zj.cities, zj.published)
    assert zj.published == before
