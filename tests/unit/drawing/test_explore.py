"""Maps to touch: one page that fetches nothing; what it shows is what the result says, in a real browser."""

from __future__ import annotations

import json
import re

import pytest

import spatialconv as sc
from spatialconv import _style as look
from spatialconv.errors import FileError, OptionError
from tests.browser import CHROMIUM, seen


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


@pytest.mark.skipif(CHROMIUM is None, reason="no browser here")
def test_hover_slider_click_and_keyboard(hot, page, tmp_path):
    script = """
      const one = d.querySelector('path[data-region="Mississippi"]'), said = d.getElementById("said");
      one.dispatchEvent(new w.MouseEvent("mouseenter"));
      const first = said.textContent, before = one.getAttribute("fill");
      const slide = d.getElementById("when"); slide.value = 2; slide.dispatchEvent(new w.Event("input"));
      const later = said.textContent, after = one.getAttribute("fill");
      one.dispatchEvent(new w.MouseEvent("click"));
      const other = d.querySelector('path[data-region="Texas"]'); other.focus();
      other.dispatchEvent(new w.KeyboardEvent("keydown", {key: "Enter"}));
      const marked = d.querySelectorAll("path.marked").length;
      return [first, before, later, after, marked, d.getElementById("period").textContent,
        d.documentElement.scrollWidth <= w.innerWidth, d.querySelectorAll("svg path").length];
    """
    first, before, later, after, marked, period, fits, paths = seen(page.text, script, tmp_path, width=390)
    for text, colour, year in ((first, before, 1929), (later, after, 2009)):
        row = hot.at(year).loc["Mississippi"]
        assert text.startswith(f"Mississippi, {year}: value ")
        assert f"z \u2212{abs(float(f'{row.z:.4g}')):g}" in text
        assert colour == look.CONFIDENCE[int(row.confidence)]
    assert marked == 2
    assert period == "2009"
    assert fits
    assert paths == 48
