"""The look: fonts that have the characters, palettes for all eyes, files that are the same each time."""

from __future__ import annotations

import itertools
import logging
import re

import matplotlib as mpl
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import spatialconv as sc
from spatialconv import _style as look
from spatialconv.errors import FileError, MissingFontWarning, OptionError
from tests import drawing

# Machado, Oliveira and Fernandes (2009), A Physiologically-based Model for Simulation of Color Vision Deficiency,
# severity 1.0, on linear RGB.
EYES = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
APART = 9.0  # CIELAB units between two classes: three to four times what can just be told apart side by side


def lab(colour, eye):
    c = np.array(to_rgb(colour))
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(np.asarray(EYES[eye]) @ linear, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


PALETTES = {
    "confidence": list(look.CONFIDENCE.values()),
    "clusters": [*look.QUADRANTS.values(), look.NEUTRAL],
    **{f"natural breaks of z, {k}": look.diverging(k) for k in range(2, 10)},
    **{f"classes, {k}": look.ramp(None, k) for k in range(2, 10)},
    "lines": [look.FIRST, look.SECOND, "#ffffff"],
}


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("name", PALETTES)
def test_classes_can_be_told_apart_by_all_eyes(name, eye):
    for a, b in itertools.combinations(PALETTES[name], 2):
        assert np.linalg.norm(lab(a, eye) - lab(b, eye)) > APART, (a, b)


def test_ramp_takes_colormaps_and_lists():
    assert look.ramp("viridis", 3) != look.ramp(None, 3)
    assert len(set(look.ramp("viridis", 9))) == 9
    assert look.ramp(["red", "#00ff00"], 2) == ["#ff0000", "#00ff00"]


class TestFonts:
    @pytest.fixture
    def only_dejavu(self, monkeypatch):
        manager = font_manager.fontManager
        known = [entry for entry in manager.ttflist if entry.name == "DejaVu Sans"]
        monkeypatch.setattr(manager, "ttflist", known)
        monkeypatch.setattr(font_manager, "findSystemFonts", lambda *a, **k: [])

    def test_characters_that_no_font_has_are_an_error_that_helps(self, only_dejavu):
        with pytest.raises(
            OptionError, match=re.escape("no installed font has the characters 2: '州', '杭'")
        ) as caught:
            look.families(["Hangzhou", ["杭州"]])
        assert "Noto Sans CJK SC" in str(caught.value)
        assert "fontManager.addfont" in str(caught.value)

    def test_chinese_names_on_a_map_without_a_font(self, only_dejavu):
        # A font that is not there used to cost the figure; numbers stand for the names now, with a key.
        zj = sc.datasets.zhejiang()
        figure = sc.maps.choropleth(zj.panel, "exports", zj.cities, periods=2020, labels="city_zh")
        (ax,) = drawing.maps_of(figure)
        shown = {t.get_text() for t in drawing.names_on(ax)}
        assert shown == {str(n) for n in range(1, 12)}
        assert {figure.key[code] for code in shown} == set(zj.cities.city_zh)
        assert "Numbers stand for names" in drawing.words(figure)
        assert "1 杭州" in figure.caption

    def test_other_words_without_a_font_are_marked_and_warned_of(self, only_dejavu, tmp_path):
        zj = sc.datasets.zhejiang()
        with pytest.warns(MissingFontWarning, match="no installed font has the characters 2: '出', '口'"):
            figure = sc.maps.choropleth(zj.panel, "exports", zj.cities, periods=2020, legend="出口 (exports)")
        sc.maps.save(figure, tmp_path / "map.png", dpi=50)
        assert "\ufffd\ufffd (exports)" in drawing.words(figure)

    def test_a_font_installed_since_is_found_without_a_new_session(self, only_dejavu, tmp_path, monkeypatch):
        file = boxes_font(tmp_path, set("杭州"))
        monkeypatch.setattr(font_manager, "findSystemFonts", lambda *a, **k: [str(file), str(tmp_path / "broken.ttf")])
        (tmp_path / "broken.ttf").write_bytes(b"no font")
        assert look.families(["杭州"])[-1] == "Spatialconv Boxes"

    def test_a_font_that_has_them_is_found_and_used(self, only_dejavu, tmp_path, caplog):
        zj = sc.datasets.zhejiang()
        font_manager.fontManager.addfont(boxes_font(tmp_path, set("".join(zj.cities.city_zh))))
        with caplog.at_level(logging.WARNING):
            figure = sc.maps.choropleth(zj.panel, "exports", zj.cities, periods=2020, labels="city_zh")
            # A glyph that is missing would be a warning, and warnings are errors here.
            sc.maps.save(figure, tmp_path / "map.png", dpi=50)
        (ax,) = drawing.maps_of(figure)
        assert {t.get_text() for t in drawing.names_on(ax)} == set(zj.cities.city_zh)
        assert drawing.names_on(ax)[0].get_fontfamily() == ["DejaVu Sans", "Spatialconv Boxes"]
        assert not [m for m in caplog.messages if "weight" not in m]

    def test_plain_text_needs_no_second_font(self):
        assert len(look.families(["Zhejiang \u2212 \u03b2, S\u2080 \u2264 \u00d7", 2020, None])) == 1

    def test_what_cannot_be_printed_has_a_mark_that_some_font_has(self, tmp_path):
        """A font of the caller's without the mark gets one that has it; a missing glyph is a warning, an error here."""
        file = boxes_font(tmp_path, set("abc?"))
        font_manager.fontManager.addfont(file)
        try:
            with mpl.rc_context({"font.family": ["Spatialconv Boxes"]}):
                assert look.families(["a", "b"]) == ["Spatialconv Boxes"]
                assert look.families(["a", "b\x00c"]) == ["Spatialconv Boxes", "DejaVu Sans"]
                with look.style("b\x00c"):
                    sheet = look.Sheet(40, 20)
                    text = sheet.text(0.5, 0.5, "b\x00c")
                    assert min(look.measurer(sheet)("b\x00c")) > 0
                    sheet.draw_without_rendering()
            assert text.get_text() == "b\ufffdc"
        finally:
            manager = font_manager.fontManager
            manager.ttflist = [entry for entry in manager.ttflist if entry.name != "Spatialconv Boxes"]

    def test_the_font_of_the_caller_stands(self):
        with mpl.rc_context({"font.family": ["DejaVu Serif"]}):
            assert look.families(["a"]) == ["DejaVu Serif"]


def boxes_font(folder, characters):
    """A font whose glyphs are all the same box, for these characters alone."""
    pen = TTGlyphPen(None)
    for i, point in enumerate([(100, 0), (100, 800), (900, 800), (900, 0)]):
        (pen.lineTo if i else pen.moveTo)(point)
    pen.closePath()
    builder, names = FontBuilder(1000, isTTF=True), [".notdef", "box"]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(char): "box" for char in characters})
    glyph = pen.glyph()
    builder.setupGlyf(dict.fromkeys(names, glyph))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 100)))
    builder.setupHorizontalHeader(ascent=850, descent=-150)
    builder.setupNameTable({"familyName": "Spatialconv Boxes", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=850, usWinAscent=850, usWinDescent=150)
    builder.setupPost()
    builder.save(folder / "boxes.ttf")
    return str(folder / "boxes.ttf")


class TestSettings:
    def test_hold_inside_only_even_if_drawing_fails(self):
        before = dict(mpl.rcParams)

        def fail():
            with look.style():
                assert mpl.rcParams["font.size"] == look.TEXT
                raise ValueError

        with pytest.raises(ValueError):  # noqa: PT011
            fail()
        assert dict(mpl.rcParams) == before


class TestSave:
    @pytest.fixture
    def figure(self):
        figure = Figure(figsize=(2, 1))
        figure.subplots().fill_between([0, 1], [0, 1], hatch="//")
        return figure

    def test_png_and_svg_by_default_and_folders_are_made(self, figure, tmp_path):
        files = look.save(figure, tmp_path / "new" / "fig.1")
        assert [f.name for f in files] == ["fig.1.png", "fig.1.svg"]
        assert all(f.stat().st_size > 500 for f in files)

    def test_suffix_chooses_the_format(self, figure, tmp_path):
        for name in ("f.eps", "f.TIFF", "f.jpg"):
            with pytest.raises(OptionError, match=f"png, svg, pdf; got '{name}'"):
                look.save(figure, tmp_path / name)
            assert look.save(figure, tmp_path / name, formats="svg")[0].name == f"{name}.svg"
        assert [f.name for f in look.save(figure, tmp_path / "fig.PDF")] == ["fig.pdf"]
        assert [f.name for f in look.save(figure, str(tmp_path / "fig.png"), formats=("svg", "pdf"))] == [
            "fig.svg",
            "fig.pdf",
        ]

    @pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
    def test_bytes_hold_no_clock_and_no_chance(self, figure, tmp_path, kind):
        (one,) = look.save(figure, tmp_path / "one", formats=kind)
        (two,) = look.save(figure, tmp_path / "two", formats=kind)
        assert one.read_bytes() == two.read_bytes()
        assert not re.search(rb"<dc:date>|CreationDate|Software|matplotlib\.org", one.read_bytes())

    def test_resolution(self, figure, tmp_path):
        from PIL import Image

        (file,) = look.save(figure, tmp_path / "fig.png", dpi=150)
        with Image.open(file) as image:
            assert image.size == (300, 150)

    def test_caller_settings_do_not_crop(self, figure, tmp_path):
        from PIL import Image

        with mpl.rc_context({"savefig.bbox": "tight"}):
            (file,) = look.save(figure, tmp_path / "fig.png", dpi=100)
        with Image.open(file) as image:
            assert image.size == (200, 100)

    def test_bad_input(self, figure, tmp_path):
        with pytest.raises(OptionError, match="formats must be one of 'png', 'svg', 'pdf'; got 'jpg'"):
            look.save(figure, tmp_path / "a", formats="jpg")
        with pytest.raises(OptionError, match="must be a matplotlib Figure; got Axes"):
            look.save(figure.axes[0], tmp_path / "a")
        with pytest.raises(OptionError, match="dpi must be a whole number"):
            look.save(figure, tmp_path / "a", dpi=0)
        (tmp_path / "file").write_text("")
        with pytest.raises(FileError, match="cannot save the figure"):
            look.save(figure, tmp_path / "file" / "a.png")
        assert [p.name for p in tmp_path.iterdir()] == ["file"]


class TestWidth:
    @pytest.mark.parametrize(("asked", "mm"), [(None, 77.0), ("single", 90.0), ("double", 190.0), (120, 120.0)])
    def test_words_numbers_and_the_usual(self, asked, mm):
        assert look.width_of(asked, 77.0) == mm

    @pytest.mark.parametrize("asked", ["wide", True, 0, 59.9, 401, float("nan"), "90", (90,)])
    def test_others_are_refused(self, asked):
        with pytest.raises(OptionError, match=r"width must be 'single' \(90 mm\), 'double' \(190 mm\) or a number"):
            look.width_of(asked, 90.0)
