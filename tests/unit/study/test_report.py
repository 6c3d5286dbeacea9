"""The report: sentences that follow the results, and pages that need nothing beside themselves."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.errors import FileError
from spatialconv.report import _words as words
from spatialconv.report._blocks import Bullets, Gallery, Heading, Picture, Shown, Text, to_html, to_markdown
from spatialconv.report._replication import _listing
from spatialconv.study import Subsamples
from spatialconv.study._figures import study_figures
from spatialconv.study._tables import study_tables
from spatialconv.tables import table
from tests.browser import CHROMIUM, READABLE, seen


@pytest.fixture(scope="module")
def study():
    return sc.study.analyse(sc.study.zhejiang(), progress=False)


@pytest.fixture(scope="module")
def text(study):
    return sc.report.markdown(study)


# ---------------------------------------------------------------------- sentences


def test_numbers_are_written_for_print():
    assert words.number(-0.0217) == "\u22120.02"
    assert words.number(-0.0) == "0.00"
    assert words.number(float("nan")) == "undefined"
    assert words.p_text(0.0001) == "p < 0.001"
    assert words.p_text(0.0304) == "p = 0.030"
    assert [words.listed(x) for x in ([], ["a"], ["a", "b"], "abc")] == ["none", "a", "a and b", "a, b and c"]
    assert words.listed(range(20), most=2) == "0, 1 and 18 more"
    assert [words.digits_of(x) for x in ([-1.0, 0.36], [-0.022, 1.0], [0.0004], [0.0, float("nan")])] == [2, 3, 4, 2]
    assert [words.share(x, "abc", "letter") for x in ("", "abc", "ac")] == [
        *("no letter", "all 3 letters", "2 of 3 letters (a and c)")
    ]
    assert words.share("a", "a", "period") == "the one period"
    assert [words.counted(n, "city", "cities") for n in (0, 1, 5)] == ["no cities", "one city", "5 cities"]


def test_what_a_careful_reader_should_know_is_there(study, text):
    grid = study.betas
    direct = grid.get("province", (), "time", "none")
    lee_yu = grid.get("province", (), "time", "lee-yu")
    assert f"province absolute {words.number(direct.rho)} \u2192 {words.number(lee_yu.rho)}" in text
    assert "southwest with digital \u22120.40 \u2192 0.33" in text
    assert "No region is a significant hot or cold spot (Gi\\*, 10 %) in 2016 and 2020." in text
    assert "Weights 'adjacency': Zhoushan has no neighbour." in text
    assert "Absolute convergence hangs on the effects" in text
    assert "the estimate tends to \u22123/(T + 1) = \u22120.60" in text
    assert "The printed rho of \u22121.055 lies outside (\u22121, 1) and inside the admissible interval" in text
    assert "the smallest eigenvalue of the weights is \u22120.52" in text
    assert "are reconstructed from its published figures" in text


def test_hot_spots_are_said_to_be_significant_where_they_are(study):
    hot = study.hot_spots
    frame = hot.table.copy()
    frame.loc[(2020, "Quzhou"), "z"] = 2.5
    other = SimpleNamespace(hot_spots=replace(hot, table=frame))
    assert words.significant_spots(study)[0].startswith("No region is a significant")
    assert words.significant_spots(other) == [
        "1 of 22 cases (a region in a period) is a significant hot or cold spot (Gi*, 10 %): 2016 and 2020."
    ]
    assert "none of 11 regions reaches |z| = 1.645" in words.hot_spots(study)[1]
    assert (
        "2020: 1 of 11 regions reaches |z| = 1.645 (10 %): Quzhou. The highest z is 2.50" in words.hot_spots(other)[1]
    )


def test_dispersion_follows_its_numbers(study):
    sigma = study.sigma
    said = words.dispersion(study)[0]
    assert "fell from 1.841 (2016) to 1.774 (2020)" in said
    assert "is not significant at 5 % (Pitman-Morgan test, p = 0.731)" in said
    risen = replace(
        sigma,
        table=sigma.table.assign(sd_log=sigma.table["sd_log"].to_numpy()[::-1]),
        tests=(replace(sigma.tests[0], p_value=0.0004), *sigma.tests[1:]),
    )
    said = words.dispersion(SimpleNamespace(sigma=risen))[0]
    assert "rose from 1.774 (2016) to 1.841 (2020). The change is significant at 5 %" in said
    assert "p < 0.001" in said
    mute = replace(sigma, tests=(replace(sigma.tests[0], reason="one period"), *sigma.tests[1:]))
    assert words.dispersion(SimpleNamespace(sigma=mute))[0].endswith("Pitman-Morgan test: one period.")


def test_the_normal_and_the_permutation_distribution_are_held_apart(study):
    said = dict(zip(study.moran, words.autocorrelation(study), strict=True))
    table = study.moran["geographic"].table
    passed = list(table.index[table["p"] <= 0.1])
    smallest = f"(smallest p = {table['p'].min():.3f})"
    assert f"test in {len(passed)} of 5 periods ({words.listed(passed)}) {smallest}" in said["geographic"]
    drawn = table.index[table["p_permutation"] <= 0.1]
    assert f"permutations it does in {len(drawn)} of 5 periods ({words.listed(drawn)})" in said["geographic"]
    assert said["geographic"].endswith("the normal distribution is a rough guide.")
    assert "in no period" in said["adjacency"]
    assert "rough guide" not in said["adjacency"]


def test_regions_that_shrank_are_counted_lowest_first(study):
    assert words.growth(study)[1] == "Growth was negative in 1 of 44 cases, lowest first: Huzhou (2016-17)."
    grown = study.growth
    other = replace(grown, rates=grown.rates.assign(**{"2019-20": -grown.rates["2019-20"]}))
    said = words.growth(SimpleNamespace(growth=other))[1]
    assert said.startswith(
        "Growth was negative in 12 of 44 cases, lowest first: Huzhou (2019-20), Jiaxing (2019-20), Huzhou"
    )
    assert words.growth(SimpleNamespace(growth=replace(grown, rates=grown.rates.abs())))[1].startswith(
        "No region shrank"
    )


def test_effects_that_agree_are_said_to_agree(study):
    grid = study.betas
    fits = {cell: fit for cell, fit in grid.fits.items() if cell.effects in ("none", "time")}
    some = replace(study, betas=replace(grid, fits=fits))
    said = words.effects_matter(some)
    assert said[-1] == "At 5 % it is significant under none of the effects."
    assert not any("Nickell" in sentence for sentence in said)
    both = {cell: fit for cell, fit in grid.fits.items() if cell.effects in ("region", "two-way")}
    said = words.effects_matter(replace(study, betas=replace(grid, fits=both)))
    # z found both significant; the test that holds in few periods finds one of them.
    assert said[1].endswith("it is significant at 5 % under two-way, not under region.")
    assert "of no convergence, by likelihood ratio" in said[0]
    only = {cell: fit for cell, fit in grid.fits.items() if cell.effects == "time"}
    assert words.effects_matter(replace(study, betas=replace(grid, fits=only))) == []


def test_models_outside_the_unit_interval_are_counted(study):
    rhos = [fit.rho for fit in study.betas.fits.values() if abs(fit.rho) > 1]
    said = words.outside_unit(study)[0]
    assert f"In {len(rhos)} of 42 models rho lies outside" in said
    assert f"from {words.number(min(rhos))} to {words.number(max(rhos))}" in said
    low = (
        1
        / np.linalg.eigvals(
            sc.weights.align(study.weights["geographic"], study.panel.regions).matrix.toarray()
        ).real.min()
    )
    assert f"({words.number(low)}, 1.00)" in said
    inside = {cell: fit for cell, fit in study.betas.fits.items() if abs(fit.rho) < 1}
    assert words.outside_unit(replace(study, betas=replace(study.betas, fits=inside))) == []


def test_approaches_that_turn_a_sign_are_counted(study):
    frame = study.betas.table.query("effects in ('time', 'two-way')")
    wide = frame.pivot(index=["sample", "controls", "effects"], columns="approach", values="rho")
    turned = int((wide["direct"] * wide["Lee-Yu"] < 0).sum())
    assert f"between the approaches in {turned} models" in words.approaches(study)[1]


def test_undefined_speeds_are_counted(study):
    undefined = int(study.betas.table["speed"].isna().sum())
    assert f"undefined in {undefined} of 42 models" in words.undefined_speeds(study)[0]


@pytest.mark.parametrize(("effects", "h", "limit"), [("region", 1, -0.6), ("two-way", 1, -0.6), ("region", 5, -0.12)])
def test_the_limit_under_random_walks_is_what_the_estimator_tends_to(effects, h, limit):
    """-3 / ((T + 1) h): Harris and Tzavalis (1999), against our own estimator on 4000 random walks."""
    rng = np.random.default_rng(5)
    logs = np.cumsum(rng.normal(0, 0.3, (5, 4000)), axis=0)
    frame = pd.DataFrame(np.exp(logs), index=pd.Index(range(0, 5 * h, h), name="year"))
    frame = frame.reset_index().melt("year", var_name="city", value_name="v")
    fit = sc.beta(sc.Panel(frame, region="city", period="year"), "v", effects=effects, horizon=h)
    assert fit.beta == pytest.approx(limit, abs=0.03 / h)
    said = words._nickell({effects: fit})[0]
    assert f"= {words.number(limit, words.digits_of([limit]))} as regions become many" in said


def test_uncertainty_of_the_levels_comes_from_the_panel(study):
    said = words.uncertainty(study)
    sd = pd.Series(study.panel.values("log_exports_sd")[0], index=study.panel.regions)
    assert f"largest for {sd.idxmax()} ({words.number(sd.max())})" in said
    assert said.endswith("Jinhua and Zhoushan are known exactly.")
    assert words.uncertainty(replace(study, case=replace(study.case, uncertainty=""))) == ""


# ---------------------------------------------------------------------- blocks


def test_markdown_and_html_escape_what_they_must():
    blocks = [Heading("A & B", 1), Text("Gi* < 1 and <b> Gi*"), Bullets(("a|b", "`c`"))]
    assert to_markdown(blocks) == "# A & B\n\nGi\\* < 1 and \\<b> Gi\\*\n\n- a|b\n- \\`c\\`\n"
    page = to_html(blocks, figures=None)
    assert '<h1 id="a-b">A &amp; B</h1>' in page
    assert "<p>Gi* &lt;\u00a01 and &lt;b&gt; Gi*</p>" in page
    assert "<title>A &amp; B</title>" in page


def test_no_line_parts_a_figure_from_its_sign():
    kinds = [Text("7.43 %, p = 0.041"), Bullets(("5 %",), ("fail",)), Bullets(("z \u2265 1.6 and 10 %",))]
    page = to_html([Heading("T", 1), *kinds], figures=None)
    assert "<p>7.43\u00a0%, p =\u00a00.041</p>" in page
    assert '<li class="v-fail">5\u00a0%</li>' in page
    assert "<li>z \u2265\u00a01.6 and 10\u00a0%</li>" in page
    assert "7.43 %, p = 0.041" in to_markdown(kinds)


def test_figures_are_embedded_and_named(tmp_path):
    (tmp_path / "one.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    blocks = [Heading("T", 1), Gallery((Picture("one", 'Say "so" & on'),))]
    page = to_html(blocks, tmp_path)
    # Figures stand in the page itself: their words can be read and sought, and outlines are there once.
    assert '<figure><svg role="img" aria-label="Say &quot;so&quot; &amp; on"/>' in page
    assert '![Say "so" & on](figures/one.png)' in to_markdown(blocks)


def test_remarks_that_rows_share_stand_once(study):
    rows = study.replication.shown(source="Tab. 2")
    made = _listing(rows)
    assert made.frame["remark"].isin(["", "note 1"]).all()
    assert len(made.notes) == 1
    assert "2 km" in made.notes[0]
    marked = to_html([Heading("T", 1), Shown(made, marked="verdict")], figures=None)
    assert marked.count('class="v-within-tolerance"') == (rows["verdict"] == "within tolerance").sum()
    assert to_html([Heading("T", 1), Shown(table(rows))], figures=None).count("v-within") == 1  # the style sheet's own


# ---------------------------------------------------------------------- the whole


def test_every_figure_of_the_paper_is_in_the_report_and_it_ends_with_counts(study, text):
    found = study.replication
    part = text.split("## Replication of Luo and Zhang (2024)")[1]
    listed = part.split("### All figures")[1].split("## Counts")[0]
    body = [line for line in listed.splitlines() if line.startswith("| ") and not line.startswith(("| item", "| ---"))]
    assert len(body) == len(found.figures)
    counts = found.counts
    assert text.rstrip().endswith(
        f"reproduced: {counts['reproduced']}; within tolerance: {counts['within tolerance']}; differs: "
        f"{counts['differs']}; not recomputable: {counts['not recomputable']}; all: {len(found.figures)}."
    )
    for row in found.select(verdict="differs").itertuples():
        assert row.item.replace("*", "\\*") in part.split("### What cannot be recomputed")[0]


def test_the_report_says_nothing_undefined(text):
    assert not re.search(r"\bnan\b|\bNone\b|\[\]|\{\}", text)
    assert "  \n" not in text


def test_sections_come_in_the_order_of_a_paper(text):
    heads = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert heads == [
        "In short",
        "Data",
        "Spatial weights",
        "Growth",
        "Spatial autocorrelation",
        "Hot and cold spots",
        "Sigma convergence",
        "Beta convergence",
        "Before publishing",
        "How this was computed",
        "Replication of Luo and Zhang (2024)",
        "Counts",
    ]


def test_a_report_without_a_paper_has_the_same_sections_but_the_replication():
    case = replace(
        sc.study.zhejiang(),
        published="",
        about="",
        uncertainty="",
        unit="",
        controls=(),
        subsamples=Subsamples(),
        permutations=0,
        model=sc.study.ModelChoice(spatial="none", effects="none", correction="auto", horizon=2),
        maps=sc.study.MapChoice(labels="city_zh"),
    )
    mine = sc.report.markdown(sc.study.analyse(case, progress=False))
    assert "Replication" not in mine
    assert "the paper" not in mine
    # In the units of the labels, which are years: spans of ten years of a census are not ten periods.
    assert "Growth over 2 years is regressed on the initial log level with no spatial term" in mine
    assert re.findall(r"^## (.+)$", mine, flags=re.MULTILINE)[-1] == "How this was computed"
    assert not re.search(r"\bnan\b|\bNone\b", mine)


class Page(HTMLParser):
    """Checks nesting, and gathers what the page refers to."""

    VOID = ("meta", "img", "br", "link")

    def __init__(self):
        super().__init__()
        self.open, self.refers, self.images, self.ids = [], [], [], []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.refers += [found[key] for key in ("src", "href") if key in found]
        self.ids += [found["id"]] if "id" in found else []
        if tag == "svg" and found.get("role") == "img":
            self.images.append(found)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_needs_nothing_beside_itself(study, tmp_path):
    (tmp_path / "figures").mkdir()
    captions = {name: caption for name, (caption, _) in study_figures(study).items()}
    for name in captions:
        svg = f'<svg xmlns="http://www.w3.org/2000/svg"><title>{name}</title></svg>'
        (tmp_path / "figures" / f"{name}.svg").write_text(svg, encoding="utf-8")
    files = sc.report.write(study, tmp_path, tables=study_tables(study), captions=captions)
    assert [file.name for file in files] == ["report.md", "report.html"]
    page = Page()
    content = files[1].read_text(encoding="utf-8")
    page.feed(content)
    assert page.open == []
    assert len(page.images) == len(captions)
    for image in page.images:
        assert image["aria-label"]
    assert all(ref.startswith("#") for ref in page.refers)
    assert {ref.removeprefix("#") for ref in page.refers if ref.startswith("#")} <= set(page.ids)
    assert "@import" not in content
    assert re.findall(r"url\((?!#)", content) == []
    assert "http" not in content
    pictures = re.findall(r"!\[.*?\]\((figures/.+?)\.png\)", files[0].read_text(encoding="utf-8"))
    assert sorted(pictures) == sorted(f"figures/{name}" for name in captions)


def test_a_report_without_its_figures_is_refused(study, tmp_path):
    with pytest.raises(FileError, match="cannot write the report"):
        sc.report.write(study, tmp_path, tables=study_tables(study), captions={"map": "A map whose file is not there"})


@pytest.mark.skipif(CHROMIUM is None, reason="no browser here")
@pytest.mark.parametrize("width", [1280, 768, 390])
def test_no_page_scrolls_sideways(study, tmp_path, width):
    (tmp_path / "figures").mkdir()
    wide = '<svg xmlns="http://www.w3.org/2000/svg" width="510pt" height="300pt" viewBox="0 0 510 300"/>'
    (tmp_path / "figures" / "map.svg").write_text(wide, encoding="utf-8")
    made = sc.report.write(study, tmp_path, tables=study_tables(study), captions={"map": "A map. " + "word " * 40})
    script = (
        "return [d.documentElement.scrollWidth, w.innerWidth, [...d.querySelectorAll('body *')].filter(e => "
        "!e.closest('.wide') && !e.closest('svg.outlines') && e.getBoundingClientRect().right > w.innerWidth + 1)"
        ".map(e => e.tagName), d.querySelectorAll('tr.v-fail').length, d.querySelectorAll('li.v-fail').length]"
    )
    page, inner, over, rows, items = seen(made[1].read_text(encoding="utf-8"), script, tmp_path, width=width)
    assert inner == width
    assert page <= inner
    assert over == []
    failed = len(study.checks.of("fail"))
    assert failed
    assert (rows, items) == (failed, 2 * failed), "in the table, in short, and before publishing"


@pytest.mark.skipif(CHROMIUM is None, reason="no browser here")
def test_heads_and_notes_of_tables_are_read_on_a_phone(study, tmp_path):
    """A table may be wider than the screen and scroll within itself; what is said of it is on the screen."""
    made = sc.report.write(study, tmp_path, tables=study_tables(study), captions={})
    script = (
        "const past = [...d.querySelectorAll('.wide caption, .wide tfoot td')].flatMap(e => [...e.childNodes])"
        ".filter(n => { const r = d.createRange(); r.selectNodeContents(n);"
        " return [...r.getClientRects()].some(b => b.right > w.innerWidth + 1); });"
        "return [d.querySelectorAll('.wide caption .stay').length, d.querySelectorAll('.wide tfoot .stay').length,"
        " past.length, [...d.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth + 1).length];"
    )
    page = made[1].read_text(encoding="utf-8")
    heads, notes, past, scrolling = seen(page, script, tmp_path, width=390)
    assert heads > 5
    assert notes > 5
    assert scrolling > 3
    assert past == 0
    assert seen(page.replace("position: sticky; left: 0; max-width", "max-height"), script, tmp_path, width=390)[2] > 0


@pytest.mark.skipif(CHROMIUM is None, reason="no browser here")
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (768, True), (390, False), (390, True)])
def test_texts_stand_out_by_day_and_by_night_and_none_is_cut(study, tmp_path, width, dark):
    made = sc.report.write(study, tmp_path, tables=study_tables(study), captions={})
    page = made[1].read_text(encoding="utf-8")
    script = READABLE + "return [asked.size, w.getComputedStyle(d.body).backgroundColor, faint, cut, past, wide];"
    asked, paper, *faults = seen(page, script, tmp_path, width=width, dark=dark)
    assert asked > 1000
    assert paper == ("rgb(20, 23, 26)" if dark else "rgb(255, 255, 255)")
    assert faults == [[], [], [], False]
    # The test sees a grey that is too light.
    pale = page.replace("--soft: #57606a", "--soft: #a0a0a0").replace("--soft: #a3abb3", "--soft: #606060")
    faint = seen(pale, READABLE + "return faint.length;", tmp_path, width=width, dark=dark)
    assert faint > 10


def test_the_variable_stands_in_the_report_on_a_map_to_touch(study, text, tmp_path):
    made = sc.report.write(study, tmp_path, tables=study_tables(study), captions={})
    (held,) = re.findall(
        r'<iframe loading="lazy" title="(.*?)" srcdoc="(.*?)"></iframe>', made[1].read_text("utf-8"), re.DOTALL
    )
    own = html.unescape(held[1])
    data = json.loads(re.search(r"const D = (.*);\n", own)[1])
    assert data["regions"] == list(study.panel.regions)
    assert data["periods"] == [str(period) for period in study.panel.periods]
    values = study.panel.values(study.case.variable)
    np.testing.assert_allclose(data["value"], values, rtol=6e-4)  # four digits
    assert data["near"] is not None
    assert f"{html.unescape(held[0])}: in report.html." in text.replace("\\", "")
