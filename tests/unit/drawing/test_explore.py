"""Maps to touch: one page that fetches nothing; what it shows is what the result says, in a real browser."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import _style as look
from spatialconv.errors import FileError, OptionError
from tests.browser import CHROMIUM, READABLE, seen
from tests.gallery import worlds


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def hot(us):
    return sc.hot_spots(us.panel, "income", sc.weights.adjacency(us.states), period=[1929, 1970, 2009])


@pytest.fixture(scope="module")
def page(us, hot):
    return sc.maps.explore(hot, us.states, source="BEA </script><b>")


def data(page):
    return json.loads(re.search(r"const D = (.*);\n", page.text)[1].replace("<\\/", "</"))


def test_the_page_holds_the_result(us, hot, page):
    found = data(page)
    assert found["regions"] == list(us.panel.regions)
    for k, year in enumerate((1929, 1970, 2009)):
        words = [found["classes"][c][0] for c in found["codes"][k]]
        colours = [found["classes"][c][1] for c in found["codes"][k]]
        table = hot.at(year)
        assert colours == [look.CONFIDENCE[int(c)] for c in table["confidence"]]
        assert all((word == "not significant") == (c == 0) for word, c in zip(words, table["confidence"], strict=True))
        assert found["z"][k] == pytest.approx(table["z"].tolist(), rel=1e-3)
    assert len(page.text) < 150_000


def test_nothing_is_fetched_and_nothing_escapes(page, tmp_path):
    assert "BEA &lt;/script&gt;&lt;b&gt;" in page.text
    assert page.text.count("</script>") == 1
    assert not re.search(r'(src|href)="', page.text)
    assert page._repr_html_().startswith("<iframe")
    assert page.save(tmp_path / "map.html").read_text(encoding="utf-8") == page.text
    with pytest.raises(FileError, match="Create the folder first"):
        page.save(tmp_path / "no" / "map.html")
    with pytest.raises(OptionError, match=r"maps\.explore takes"):
        sc.maps.explore(None, None)


IN_A_BROWSER = pytest.mark.skipif(CHROMIUM is None, reason="no browser here")


@IN_A_BROWSER
def test_hover_slider_click_and_keyboard(hot, page, tmp_path):
    script = """
      const one = d.querySelector('path[data-region="Mississippi"]'), said = d.getElementById("said");
      one.dispatchEvent(new w.MouseEvent("mouseover", {bubbles: true}));
      const painted = p => /#\\w+/.exec(p.firstChild.getAttribute("style"))[0];
      const fill = e => { const all = e.getAttribute("fill");
        return all.startsWith("url(#") ? painted(d.getElementById(all.slice(5, -1))) : all; };
      const first = said.textContent, before = fill(one);
      const slide = d.getElementById("when"); slide.value = 2; slide.dispatchEvent(new w.Event("input"));
      const later = said.textContent, after = fill(one);
      one.dispatchEvent(new w.MouseEvent("click", {bubbles: true}));
      const other = d.querySelector('path[data-region="Texas"]'); other.focus();
      other.dispatchEvent(new w.KeyboardEvent("keydown", {key: "Enter", bubbles: true}));
      const marked = d.querySelectorAll("path.marked").length;
      other.dispatchEvent(new w.KeyboardEvent("keydown", {key: "ArrowLeft", bubbles: true}));
      const west = d.activeElement.dataset.region;
      d.activeElement.dispatchEvent(new w.KeyboardEvent("keydown", {key: "ArrowUp", bubbles: true}));
      return [first, before, later, after, marked, d.getElementById("period").textContent,
        d.documentElement.scrollWidth <= w.innerWidth, d.querySelectorAll("#map path").length,
        west, d.activeElement.dataset.region, d.querySelectorAll('#map [tabindex="0"]').length,
        d.getElementById("moran").hidden];
    """
    found = seen(page.text, script, tmp_path, width=390)
    first, before, later, after, marked, period, fits, paths, west, north, stops, moran = found
    for text, colour, year in ((first, before, 1929), (later, after, 2009)):
        row = hot.at(year).loc["Mississippi"]
        assert text.startswith(f"Mississippi, {year}: value ")
        assert f"z \u2212{abs(float(f'{row.z:.4g}')):g}" in text
        assert colour == look.CONFIDENCE[int(row.confidence)]
    assert marked == 2
    assert period == "2009"
    assert fits
    assert paths == 48
    assert (west, north) == ("New Mexico", "Colorado")
    assert stops == 1
    assert moran  # without weights there is none


def test_classes_have_the_lines_that_they_have_in_print(us, hot, page):
    lines = {words: (stroke, ink) for words, _, stroke, ink in (c for c in data(page)["classes"] if len(c) > 2)}
    assert lines == {
        "cold, 90 %": ("\\", "#454c55"),
        "cold, 95 %": ("\\", "#454c55"),
        "cold, 99 %": ("\\", "#ffffff"),
        "no statistic": ("/", look.HATCH_INK),
    }
    local = sc.local_moran(us.panel, "income", sc.weights.adjacency(us.states), period=1929)
    lined = [c[0] for c in data(sc.maps.explore(local, us.states))["classes"] if len(c) > 2]
    assert lined == ["low among high", "low among low", "no statistic"]
    parted = data(sc.maps.explore(us.panel.subset(periods=[1929]), us.states, variable="income", midpoint="mean"))
    assert [len(c) > 2 for c in parted["classes"]] == [False, False, False, True, True, True]


# In a browser: the shades of grey in the cells of a region on the heatmap, and what fills it on the map and in the key.
IN_GREY = """
  w.heat(); const c = d.getElementById("heat"), k = w.devicePixelRatio || 1, g = c.getContext("2d");
  const [left, wide, high] = w.eval("places.heat"), T = w.eval("T"), N = w.eval("N"), rank = w.eval("rank");
  const shades = (i, t) => { const x = left + (t + .1) * wide / T, y = rank[i] * high / N + 1;
    const px = g.getImageData(x * k, y * k, .8 * wide / T * k, (high / N - 2) * k).data, found = [];
    for (let j = 0; j < px.length; j += 4) found.push((.2126 * px[j] + .7152 * px[j + 1] + .0722 * px[j + 2]) / 255);
    return [Math.min(...found), Math.max(...found)]; };
  const painted = p => /#\\w+/.exec(p.firstChild.getAttribute("style"))[0];
  const fill = e => { const all = e.getAttribute("fill"); if (!all.startsWith("url(#")) return [all, null];
    const p = d.getElementById(all.slice(5, -1));
    return [painted(p), p.querySelector("line").getAttribute("stroke")]; };
  return w.eval("D.regions").map((r, i) => ({
    map: fill(d.querySelector(`path[data-region="${r}"]`)), cells: [0, 1, 2].map(t => shades(i, t)),
    key: fill(d.querySelectorAll("#key rect")[w.eval("D.codes")[0][i]]) }));
"""


@IN_A_BROWSER
def test_cold_is_told_from_hot_without_colour(us, hot, page, tmp_path):
    found = seen(page.text, IN_GREY, tmp_path)
    cold_seen = 0
    for region, its in zip(us.panel.regions, found, strict=True):
        confidence = [int(hot.at(year).loc[region, "confidence"]) for year in (1929, 1970, 2009)]
        assert its["map"] == its["key"]
        assert (its["map"][1] is not None) == (confidence[0] < 0), region
        for c, (dark, light) in zip(confidence, its["cells"], strict=True):
            # A row is five pixels high here; a line through it is at least a third of the way to its own ink.
            assert (light - dark > 0.05) == (c < 0), (region, c, dark, light)
            cold_seen += c < 0
    assert cold_seen > 20


@pytest.fixture(scope="module")
def linked(us, hot):
    east = pd.Series(["east" if x > 0 else "west" for x in us.states.to_crs(5070).centroid.x], us.states.index)
    w = sc.weights.adjacency(us.states)
    return sc.maps.explore(hot, us.states, w=w, inset=(-80, 40, -68, 46), outlines=east)


def test_neighbours_insets_and_outlines_are_those_of_the_arguments(us, linked):
    found, w = data(linked), sc.weights.adjacency(us.states)
    for k, region in enumerate(us.panel.regions):
        places, weights = found["near"][k]
        own = w[region]
        assert sorted(found["regions"][j] for j in places) == sorted(own.index)
        assert sum(weights) == pytest.approx(1, abs=1e-3)  # four digits of each
    main, inset = found["land"]
    assert main["frame"] is None
    assert sorted(main["of"]) == sorted(us.panel.regions)
    assert {"Vermont", "Massachusetts", "New York"} <= set(inset["of"])
    assert "Texas" not in inset["of"]
    assert len(main["groups"]) == 2


@IN_A_BROWSER
def test_a_click_marks_a_region_in_every_figure(us, hot, linked, tmp_path):
    script = """
      const ink = (id, x, y, r) => { const c = d.getElementById(id), k = w.devicePixelRatio || 1;
        const px = c.getContext("2d").getImageData((x - r) * k, (y - r) * k, 2 * r * k, 2 * r * k).data; let n = 0;
        for (let i = 0; i < px.length; i += 4)
          if (px[i + 3] > 200 && px[i] < 60 && px[i + 1] < 60 && px[i + 2] < 60) n++;
        return n; };
      const i = w.eval("place.get('Nevada')");
      w.paths(); w.scatter(); w.heat();
      const spots = () => { const [X, Y] = w.eval("places.scatter"), [z, l] = w.eval("clouds[t]");
        const [left, wide, high] = w.eval("places.heat"), [U, V] = w.eval("places.paths"), n = w.eval("N");
        return {scatter: [X(z[i]), Y(l[i]), 7], heat: [5, (w.eval("rank")[i] + .5) * high / n, 3],
          paths: [U(2), V(w.eval("D.value")[2][i]), 3]}; };
      const at = spots(), before = Object.entries(at).map(([id, s]) => ink(id, ...s));
      d.querySelector('path[data-region="Nevada"]').dispatchEvent(new w.MouseEvent("click", {bubbles: true}));
      w.paths(); w.scatter(); w.heat();
      const after = Object.entries(at).map(([id, s]) => ink(id, ...s));
      const press = (id, x, y) => { const b = d.getElementById(id).getBoundingClientRect();
        d.getElementById(id).dispatchEvent(new w.MouseEvent("click", {clientX: b.left + x, clientY: b.top + y})); };
      press("scatter", at.scatter[0], at.scatter[1]); const off = w.eval("marked.size");
      press("heat", 60, at.heat[1]); const on = [...w.eval("marked")].map(k => w.eval("D.regions")[k]);
      press("paths", at.paths[0], at.paths[1]); const gone = w.eval("marked.size");
      d.querySelector('path[data-region="Vermont"]').dispatchEvent(new w.MouseEvent("click", {bubbles: true}));
      const twice = d.querySelectorAll('path.marked[data-region="Vermont"]').length;
      d.querySelector('path[data-region="Maine"]').dispatchEvent(new w.MouseEvent("mouseover", {bubbles: true}));
      const near = [...new Set([...d.querySelectorAll("path.near")].map(e => e.dataset.region))];
      const [z, l] = w.eval("clouds[0]");
      return {before, after, off, on, gone, twice, near, said: d.getElementById("said").textContent, z, l};
    """
    found = seen(linked.text, script, tmp_path)
    assert all(more > less for more, less in zip(found["after"], found["before"], strict=True)), found
    assert found["off"] == 0  # a click on the marked point takes the mark away
    assert found["on"] == ["Nevada"]
    assert found["gone"] == 0
    assert found["twice"] == 2  # on the map and in the inset
    assert found["near"] == ["New Hampshire"]
    assert found["said"].endswith("neighbours (1): New Hampshire")
    value = us.panel.values("income")[0]
    z = (value - value.mean()) / value.std()
    matrix = sc.weights.align(sc.weights.adjacency(us.states), us.panel.regions).matrix
    assert found["z"] == pytest.approx(z.tolist(), abs=5e-3)  # values to four digits
    assert found["l"] == pytest.approx((matrix @ z).tolist(), abs=5e-3)


def test_a_variable_parts_at_a_midpoint(us):
    late = us.panel.subset(periods=[1990, 2009])
    found = data(sc.maps.explore(late, us.states, variable="income", classes=4, midpoint="mean"))
    middle = late.values("income").mean()
    assert found["z"] is None
    assert len(found["classes"]) == 5  # four, and no data
    for values, codes in zip(late.values("income"), found["codes"], strict=True):
        assert [c < 2 for c in codes] == [v >= middle for v in values]  # the highest class comes first
    with pytest.raises(OptionError, match=r"a panel needs variable=; it has 2: 'income', 'fips'"):
        sc.maps.explore(late, us.states)


def test_a_result_has_classes_of_its_own(us, hot):
    with pytest.raises(OptionError, match="Pass the panel"):
        sc.maps.explore(hot, us.states, midpoint=0)


def test_three_thousand_regions_by_twenty_periods_fit_three_megabytes():
    world = worlds.drawn(3000, 20, label="County {:05d}")
    hot = sc.hot_spots(world.panel, world.y, world.w, period=list(world.panel.periods))
    assert len(sc.maps.explore(hot, world.geometry, w=world.w).text.encode()) < 3_000_000


@IN_A_BROWSER
@pytest.mark.parametrize(("width", "dark"), [(1280, True), (768, False), (390, True)])
def test_texts_stand_out_by_day_and_by_night_and_none_is_cut(linked, tmp_path, width, dark):
    script = "w.hover(3);" + READABLE + "return [asked.size, faint, cut, past, wide];"
    asked, *faults = seen(linked.text, script, tmp_path, width=width, dark=dark)
    assert asked > 10
    assert faults == [[], [], [], False]
