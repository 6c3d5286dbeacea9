"""SVG for the web: the same picture, small, its text as text."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import spatialconv as sc
from spatialconv import _style as look
from spatialconv import _svg as svg
from tests import drawing
from tests.browser import CHROMIUM, seen

NAME = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def figure(zj):
    hs = sc.hot_spots(zj.panel, "exports", sc.weights.adjacency(zj.cities), period=[2016, 2020])
    return sc.maps.hot_spots(hs, zj.cities, classes="both", labels=True)


@pytest.fixture(scope="module")
def plain(figure):
    page = io.BytesIO()
    figure.savefig(page, format="svg")
    return page.getvalue().decode()


def points(path):
    """Every corner of a path of straight lines, absolute or relative, with where each ring begins."""
    found, here, start = [], np.zeros(2), np.zeros(2)
    command, numbers = "", []
    for token in re.findall(r"[MmLlz]|-?(?:\d+\.?\d*|\.\d+)", path):
        if token.isalpha():
            command = token
            here = start if token == "z" else here
            continue
        numbers.append(float(token))
        if len(numbers) == 2:
            pair, numbers = np.array(numbers), []
            here = pair if command in "ML" else here + pair
            if command in "Mm":
                start = here
            command = {"M": "L", "m": "l"}.get(command, command)
            found.append(here)
    return np.array(found)


def test_all_words_are_text(figure, tmp_path):
    (file,) = sc.maps.save(figure, tmp_path / "map.svg")
    root = ET.parse(file).getroot()
    found = {"".join(text.itertext()) for text in root.iter(f"{NAME}text")}
    assert {t.get_text() for t in drawing.texts(figure)} <= found
    assert file.stat().st_size < 200_000, "1,373,201 before"


def test_halos_are_strokes_and_the_figure_keeps_its_own(figure):
    effects = [t.get_path_effects() for t in drawing.names_on(drawing.maps_of(figure)[0])]
    text = look.svg_of(figure)
    assert text.count("paint-order: stroke") == 44
    assert [t.get_path_effects() for t in drawing.names_on(drawing.maps_of(figure)[0])] == effects


def test_each_outline_is_there_once_and_drawn_where_it_was(plain):
    made = svg.lean(plain)
    root = ET.fromstring(made)
    shared = {p.get("id"): points(p.get("d")) for p in root.iter(f"{NAME}path") if (p.get("id") or "").startswith("o")}
    uses = [u for u in root.iter(f"{NAME}use") if (u.get("href") or "").startswith("#o")]
    assert len(uses) == 44
    # Eleven cities on four maps of one size; where a hundredth of a point is a tie, one may be there twice.
    assert 11 <= len(shared) <= 14
    paths = [p for p in ET.fromstring(plain).iter(f"{NAME}path") if "linecap" not in p.get("style", "linecap")]
    straight = [p.get("d") for p in paths if len(p.get("d")) > svg.LONG and not re.search("[CQ]", p.get("d"))]
    assert len(straight) == 44
    for d, use in zip(straight, uses, strict=True):
        there = shared[use.get("href")[1:]] + [float(use.get("x")), float(use.get("y"))]
        old = points(d)
        # Every corner that is kept is one of the old, to the rounding, and the extent is the same.
        gap = np.abs(there[:, None, :] - old[None, :, :]).sum(axis=2).min(axis=1)
        assert gap.max() < 0.03
        np.testing.assert_allclose(there.min(axis=0), old.min(axis=0), atol=0.1)
        np.testing.assert_allclose(there.max(axis=0), old.max(axis=0), atol=0.1)


@pytest.mark.parametrize("seed", range(20))
def test_a_path_drawn_at_random_keeps_its_corners(seed):
    rng = np.random.default_rng(seed)
    corners = np.round(rng.uniform(-500, 500, (rng.integers(3, svg.MANY), 2)), 6)
    path = "M " + " L ".join(f"{x} {y}" for x, y in corners) + " z"
    short, start = svg._straight(path)
    np.testing.assert_allclose(points(short), corners, atol=0.011)
    assert start == tuple(np.round(corners[0] * 100).astype(int))
    assert len(short) < len(path)


def test_curves_and_markers_stay_as_they_are(zj):
    figure = sc.plot.moran_scatter(zj.panel, "exports", sc.weights.adjacency(zj.cities), period=2020)
    root = ET.fromstring(look.svg_of(figure))
    known = {e.get("id") for e in root.iter() if e.get("id")}
    refers = {e.get("{http://www.w3.org/1999/xlink}href") or e.get("href") for e in root.iter(f"{NAME}use")}
    assert {ref[1:] for ref in refers} <= known, "every marker is there"


def test_two_figures_in_one_page_share_no_id_but_outlines(figure):
    one, first = svg.outlines(look.svg_of(figure))
    two, second = svg.outlines(look.svg_of(figure))
    assert first == second
    assert 11 <= len(first) <= 14
    ids = [set(re.findall(r'\bid="([^"]+)"', svg.inline(text, name, "w"))) for name, text in (("a", one), ("b", two))]
    assert not ids[0] & ids[1]
    assert "http" not in svg.inline(one, "a", "w")


@pytest.mark.skipif(CHROMIUM is None, reason="no browser here")
def test_a_browser_draws_the_regions_where_they_belong(figure, tmp_path):
    page = f"<!DOCTYPE html><body>{look.svg_of(figure)[look.svg_of(figure).index('<svg') :]}</body>"
    script = "return [...d.querySelectorAll('use')].slice(0, 44).map(e => { const b = e.getBBox(); "
    boxes = np.array(seen(page, script + "return [b.width, b.height] })", tmp_path))
    assert (boxes > 1).all()
    np.testing.assert_allclose(boxes[:11], boxes[11:22], atol=0.01)
