"""The one look of all figures: type, inks, palettes, paper sizes, and how they are saved.

Nothing here touches pyplot or the caller's rcParams: the settings hold only while a figure is drawn, and a
figure belongs to whoever asked for it, not to a global register.
"""

from __future__ import annotations

import base64
import html
import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.colors import is_color_like, to_hex
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter

from spatialconv._files.writing import whole_file
from spatialconv._language import current, phrases, say, spoken_in
from spatialconv._options import choice, first, names, whole
from spatialconv._svg import halo, lean, titled, with_families
from spatialconv.errors import FileError, MissingFontWarning, OptionError

MM = 1 / 25.4  # inches
COLUMN, PAGE = 90.0, 180.0  # widths in mm of one and of two columns of a journal
WIDTHS = {"single": 90.0, "double": 190.0}  # mm, as Elsevier's journals set them; others by a number
NARROWEST, WIDEST = 60.0, 400.0  # mm: below, words of 7 points break in every line
HEIGHT = 225.0  # mm, the most that leaves room for a caption

TITLE, HEADING, TEXT = 9.0, 8.0, 7.0  # points; nothing is set smaller than TEXT
INK, SOFT, FAINT = "#1a1a1a", "#5c5c5c", "#b8b8b8"
BORDER, BORDER_WIDTH = "#6b6b6b", 0.4
LINE, FIRST, SECOND = (
    1.2,
    "#1f5a8c",
    "#b5482a",
)  # a blue and a vermilion that stay apart in grey and to the colour-blind

# Not significant, no neighbours, no data: never a colour of a scale, so that they are never read as a class.
NEUTRAL, EMPTY = "#e4e4e4", "#fafafa"
# Hatches say "outside of the scale"; one direction each, so that they can be told apart in one map.
ISLAND_HATCH, NO_DATA_HATCH = "//////", "......"
HATCH_INK = "#9a9a9a"

CONFIDENCE = {
    3: "#a50f15",
    2: "#e34a33",
    1: "#fbb18f",
    0: NEUTRAL,
    -1: "#a6cbe8",
    -2: "#4a90c8",
    -3: "#08519c",
}
ODD = "#e0a93b"  # unlike its neighbours: neither high nor low
QUADRANTS = {"HH": "#c6262e", "LL": "#2468a8", "HL": "#f6a98a", "LH": "#9cc9e6"}
# Light to dark in equal steps of lightness; blue to the colour-blind and in print alike.
SEQUENTIAL = ("#ecf4e0", "#b7dac7", "#8bc6c8", "#60adc2", "#398bb2", "#2b6ea0", "#234d84", "#182a5c")
# Below a midpoint, and above it; neither the red and blue of what is significant.
BELOW, ABOVE = ("#f3e3bf", "#d3a95c", "#9a6420", "#543005"), ("#d6ece4", "#8bc6c8", "#398bb2", "#182a5c")
# Of ranks that test nothing: neither the red and blue of what is significant, nor the blue-green of the data.
RANKS = ("#f1eaf6", "#cfb9df", "#a283bf", "#744c98", "#472066")
HOT, COLD = ("#fcd3bd", "#f4936b", "#d6402f", "#a50f15"), ("#c5dbf0", "#8abae0", "#3f86c4", "#08519c")

FONTS = ("Arial", "Helvetica", "Helvetica Neue", "Liberation Sans", "Nimbus Sans", "DejaVu Sans")
CJK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Sans CJK JP",
    "Arial Unicode MS",
)
FORMATS = ("png", "svg", "pdf")
# Refused by name: a path that ends so is not part of the name of a PNG.
OTHER_FORMATS = ("eps", "ps", "tif", "tiff", "jpg", "jpeg", "webp", "gif", "bmp", "pgf")
MOST_DPI = 10_000  # beyond any press, and 70,000 pixels across a page

# Control characters, which SVG may not hold and fonts do not draw; and halves of characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
# What stands for each of them, and a font that matplotlib brings and that has it, as Liberation Sans has not.
_MARK, _MARKED = "\ufffd", "DejaVu Sans"

Width = Literal["single", "double"] | float
Measure = Callable[[str], tuple[float, float]]
# Characters that no font has, while a figure is drawn.
_LACKING: ContextVar[frozenset[str]] = ContextVar("lacking", default=frozenset())


_LOOK: dict[str, Any] = {
    "font.size": TEXT,
    "axes.unicode_minus": True,
    "axes.linewidth": 0.5,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.labelsize": TEXT,
    "axes.labelpad": 3.0,
    "axes.titlesize": HEADING,
    "axes.facecolor": "none",
    "axes.grid": False,
    "axes.prop_cycle": mpl.rcParamsDefault["axes.prop_cycle"],
    "text.color": INK,
    "text.usetex": False,
    "text.parse_math": False,  # "US$ zone, NZ$ zone" is no formula, and a label of "$\\frac{$" no reason to fail
    "lines.linewidth": LINE,
    "lines.solid_capstyle": "round",
    "hatch.linewidth": 0.4,
    "hatch.color": HATCH_INK,
    "patch.linewidth": BORDER_WIDTH,
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
}


class Sheet(Figure):
    """A figure measured in millimetres that shows itself in a notebook, and needs no pyplot.

    pyplot's figures are shown by the notebook at the end of a cell and once more when they are its value;
    a plain Figure is shown only after pyplot has been imported. This one is shown once, in any notebook.
    """

    def __init__(self, width: float, height: float, **options: Any) -> None:
        super().__init__(figsize=(width * MM, height * MM), dpi=150, facecolor="white", **options)
        FigureCanvasAgg(self)
        # What a journal wants below it; saved figures and notebooks hand it to those who cannot see the picture.
        self.caption = ""
        # Code of each name that no font has: name. Empty where all names are printed.
        self.key: dict[str, str] = {}
        self._lacking = _LACKING.get()
        self.language = current()

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in mm."""
        width, height = self.get_size_inches()
        return float(width) / MM, float(height) / MM

    def place(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return new axes whose upper left corner lies `left` and `top` mm from that of the sheet."""
        across, down = self.size
        return self.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))

    def plain(self) -> None:
        """Take from all words what a file cannot hold, and put a mark for what no font has."""
        for text in self.findobj(Text):
            if _UNPRINTABLE.search(text.get_text()) or self._lacking & set(text.get_text()):
                marks = dict.fromkeys(map(ord, self._lacking), _MARK)
                text.set_text(printable(text.get_text()).translate(marks))
        for axes in self.axes:
            for axis in (axes.xaxis, axes.yaxis):
                formatter = axis.get_major_formatter()
                if isinstance(formatter, FixedFormatter):
                    marks = dict.fromkeys(map(ord, self._lacking), _MARK)
                    formatter.seq = [printable(str(label)).translate(marks) for label in formatter.seq]

    def draw(self, renderer: Any) -> None:
        """Draw with all text as plain text: no mathematics, and no characters that a file cannot hold."""
        self.plain()
        # Texts of ticks are made while drawing.
        with mpl.rc_context({"text.parse_math": False}):
            super().draw(renderer)

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        # Drawn finer than shown, for screens with small pixels; the metadata tell the size to show.
        page, dpi, shown = io.BytesIO(), 200, 125
        self.savefig(page, format="png", dpi=dpi, metadata={"Software": None})
        width, height = (round(float(side) * shown) for side in self.get_size_inches())
        size: dict[str, Any] = {"width": width, "height": height}
        return page.getvalue(), size | ({"alt": self.caption} if self.caption else {})


@contextmanager
def style(*texts: Any) -> Iterator[None]:
    """Draw in the look of the house; `texts` are all words of the caller's that will be printed.

    Those of the house are known by their language.

    Characters that no installed font has are printed as a mark, with a warning: a font never costs a figure.
    """
    texts = (*texts, *phrases(current()).values())
    lacking = unprinted(texts)
    if lacking:
        warnings.warn(
            f"no installed font has the characters {first(sorted(lacking))}; {_MARK} stands in their place. Install a "
            "font that has them (for Chinese, Noto Sans CJK SC), which is then found without a new session.",
            MissingFontWarning,
            stacklevel=4,
        )
    kept = [*_flat(texts), *([_MARK] if lacking else [])]
    look: Any = {"font.family": families("".join(set(text) - lacking) for text in kept), **_LOOK}
    token = _LACKING.set(lacking)
    try:
        with mpl.rc_context(look):
            yield
    finally:
        _LACKING.reset(token)


class Pages(tuple[Sheet, ...]):
    """Several sheets of one figure, for what does not fit on one; a notebook shows them all, `save` numbers them."""

    __slots__ = ()

    @property
    def caption(self) -> str:
        """The caption, the same for all sheets."""
        return self[0].caption

    def _repr_html_(self) -> str:
        shown = []
        for i, sheet in enumerate(self, start=1):
            page, size = sheet._repr_png_()
            with spoken_in(sheet.language):
                place = say("(sheet {i} of {n})", i=i, n=len(self))
                words = html.escape(f"{sheet.caption}{say(' ')}{place}".strip())
            source = base64.b64encode(page).decode("ascii")
            shown.append(
                f'<img alt="{words}" width="{size["width"]}" height="{size["height"]}" '
                f'src="data:image/png;base64,{source}">'
            )
        return "\n".join(shown)


Drawn = Figure | Axes | Pages


# ---------------------------------------------------------------------- fonts


def families(texts: Iterable[Any]) -> list[str]:
    """Return the font to use, and one that has the characters which the first lacks, if need be."""
    base = _base()
    wanted = {char for text in _flat(texts) for char in printable(text) if not char.isspace()}
    missing = wanted - _characters(base)
    if _MARK in missing:
        base = [*base, _MARKED]
        missing -= _characters([_MARKED])
    if not missing:
        return base
    # matplotlib keeps a list of fonts; one installed since then is not in it.
    for look_anew in (False, True):
        if look_anew and not _found_anew():
            break
        files = _installed()
        for fallback in (*CJK_FONTS, *sorted(files)):
            # Fonts of last resort hold a box for every character.
            if fallback in files and "Last" not in fallback and missing <= _charmap(files[fallback]):
                return [*base, fallback]
    raise OptionError(
        f"no installed font has the characters {first(sorted(missing))}, which would be printed as empty boxes. "
        "Install one that has them (for Chinese, Noto Sans CJK SC), or register a font file by "
        "matplotlib.font_manager.fontManager.addfont(path), or choose labels in another script."
    )


def unprinted(texts: Iterable[Any]) -> frozenset[str]:
    """Return the characters of texts that no installed font has beside the others."""
    try:
        families(texts)
    except OptionError:
        known = _characters([*_base(), _MARKED])
        return frozenset(c for text in _flat(texts) for c in printable(text) if not c.isspace() and c not in known)
    return frozenset()


def _found_anew() -> bool:
    """Add fonts of the system that matplotlib's list lacks; return whether there are any."""
    manager = font_manager.fontManager
    known = {entry.fname for entry in manager.ttflist}
    new = [file for file in font_manager.findSystemFonts() if file not in known]
    added = 0
    for file in new:
        try:
            manager.addfont(file)
            added += 1
        except (RuntimeError, OSError, ValueError):
            continue  # a broken font file of the system's
    return added > 0


def printable(text: str) -> str:
    """Return a text with a mark in the place of every character that a file or a font cannot hold."""
    return _UNPRINTABLE.sub(_MARK, text).translate(dict.fromkeys(map(ord, _LACKING.get()), _MARK))


def _flat(texts: Iterable[Any]) -> Iterator[str]:
    for text in texts:
        if isinstance(text, str):
            yield text
        elif isinstance(text, Iterable):
            yield from _flat(text)
        elif text is not None:
            yield str(text)


def _base() -> list[str]:
    default = mpl.rcParamsDefault
    if any(mpl.rcParams[key] != default[key] for key in ("font.family", "font.sans-serif")):
        # The caller chose a font through matplotlib; that choice stands.
        chosen = mpl.rcParams["font.family"]
        listed = mpl.rcParams["font.sans-serif"] if chosen == ["sans-serif"] else chosen
        known = [name for name in listed if name in _installed()]
        return known or list(chosen)
    return [next(name for name in FONTS if name in _installed())]


def _installed() -> dict[str, str]:
    """Return a file of each installed font by name, an upright one where there is one."""
    entries = sorted(font_manager.fontManager.ttflist, key=lambda entry: entry.style == "normal")
    return {entry.name: entry.fname for entry in entries}


def _characters(family: Iterable[str]) -> frozenset[str]:
    # findfont takes the file of that name that text of normal weight is set in; some have one that lacks most.
    files = [font_manager.findfont(font_manager.FontProperties(family=[name])) for name in family]
    return frozenset().union(*(_charmap(str(file)) for file in files))


@lru_cache(maxsize=64)
def _charmap(path: str) -> frozenset[str]:
    try:
        return frozenset(chr(code) for code in FT2Font(path).get_charmap())
    except (RuntimeError, OSError):
        # A broken font file on the caller's machine offers nothing.
        return frozenset()


# ---------------------------------------------------------------------- colours


def ramp(palette: str | Sequence[str] | None, k: int) -> list[str]:
    """Return k colours from light to dark: of the house, of a matplotlib colormap, or as listed."""
    if isinstance(palette, str):
        if palette not in mpl.colormaps:
            raise OptionError(
                f"palette must be a matplotlib colormap such as 'viridis', or a list of {k} colours; got {palette!r}."
            )
        # The ends of most colormaps vanish on white paper or drown borders and names.
        return [to_hex(mpl.colormaps[palette](0.12 + 0.76 * i / max(k - 1, 1))) for i in range(k)]
    if palette is not None:
        colours = list(palette)
        wrong = [colour for colour in colours if not is_color_like(colour)]
        if wrong or len(colours) < k:
            raise OptionError(
                f"palette must list {k} colours, one a class; got {len(colours)}"
                + (f", of which no colours are {first(wrong)}." if wrong else ".")
            )
        return [to_hex(colour) for colour in colours[:k]]
    blend = mpl.colors.LinearSegmentedColormap.from_list("spatialconv", SEQUENTIAL[:-1] if k < 6 else SEQUENTIAL)
    return [to_hex(blend(i / max(k - 1, 1))) for i in range(k)]


def parted(palette: str | Sequence[str] | None, below: int, above: int) -> list[str]:
    """Return colours of classes below and above a midpoint, lowest first: as far from it, as dark.

    Below is brown and above the blue-green of data, or the halves of a matplotlib colormap, or colours as listed.
    """
    most = max(below, above, 1)
    if palette is not None and not isinstance(palette, str):
        return ramp(palette, below + above)
    if palette is None:
        sides = [mpl.colors.LinearSegmentedColormap.from_list("parted", side) for side in (BELOW, ABOVE)]
        down, up = ([to_hex(side(i / max(most - 1, 1))) for i in range(most)] for side in sides)
    else:
        whole = ramp(palette, 2 * most)
        down, up = whole[:most][::-1], whole[most:]
    return [*reversed(down[:below]), *up[:above]]


def ranks(k: int) -> list[str]:
    """Return k colours of ranks, from the lowest (light) to the highest (dark)."""
    blend = mpl.colors.LinearSegmentedColormap.from_list("ranks", RANKS)
    return [to_hex(blend(i / max(k - 1, 1))) for i in range(k)]


def diverging(k: int) -> list[str]:
    """Return k colours from cold (blue) to hot (red); the middle of an odd number is neutral."""
    half = k // 2
    steps = {1: (2,), 2: (1, 3), 3: (0, 2, 3), 4: (0, 1, 2, 3)}
    if half > 4:
        reds = mpl.colors.LinearSegmentedColormap.from_list("hot", HOT)
        blues = mpl.colors.LinearSegmentedColormap.from_list("cold", COLD)
        hot = [to_hex(reds(i / (half - 1))) for i in range(half)]
        cold = [to_hex(blues(i / (half - 1))) for i in range(half)]
    else:
        hot, cold = ([side[i] for i in steps.get(half, ())] for side in (HOT, COLD))
    return [*reversed(cold), *([NEUTRAL] if k % 2 else []), *hot]


# ---------------------------------------------------------------------- saving


def save(
    fig: Figure | Pages,
    path: str | Path,
    *,
    formats: str | Iterable[str] | None = None,
    dpi: int = 300,
) -> tuple[Path, ...]:
    """Save a figure for print; the same figure gives the same bytes.

    Neither the clock nor random identifiers enter the files, so that a figure that did not change does not
    change under version control either. The SVG says its caption to those who cannot see it.

    Parameters
    ----------
    fig : Figure or Pages
        Any matplotlib figure, or the sheets of a figure that has several.
    path : str or Path
        Where to save it, with or without a suffix. Missing folders are made. Of several sheets the PDF holds all;
        PNG and SVG get the number of the sheet: hot_spots-1.png.
    formats : one or several of "png", "svg", "pdf", optional
        By default that of the path's suffix; without a suffix, png and svg.
    dpi : int
        Resolution of the PNG; 300 is what journals ask for.

    Returns
    -------
    tuple of Path
        The files written, in the order of `formats`.

    Raises
    ------
    OptionError
        If a format is not known.
    FileError
        If a file cannot be written.

    Examples
    --------
    >>> import tempfile, spatialconv as sc
    >>> from matplotlib.figure import Figure
    >>> folder = tempfile.mkdtemp()
    >>> [file.name for file in sc.plot.save(Figure(), folder + "/figure")]
    ['figure.png', 'figure.svg']
    """
    if not isinstance(fig, (Figure, Pages)):
        raise OptionError(f"fig must be a matplotlib Figure; got {type(fig).__name__}. Of an Axes, pass ax.figure.")
    whole("dpi", dpi, least=1, most=MOST_DPI)
    path = Path(path)
    suffix = path.suffix.lower().lstrip(".")
    stem = path.with_suffix("") if suffix in FORMATS else path
    kinds = names("formats", formats if formats is not None else ((suffix,) if suffix in FORMATS else ("png", "svg")))
    for kind in kinds:
        choice("formats", kind, FORMATS)
    if formats is None and suffix in OTHER_FORMATS:
        raise OptionError(
            f"figures are saved as {', '.join(FORMATS)}; got {path.name!r}. For EPS convert the PDF, which has "
            "the same lines; for TIFF and JPEG the PNG. Or name formats=, and the path is taken as it is."
        )
    settings: Any = {"pdf.fonttype": 42, "savefig.bbox": None}
    first_file = stem.with_name(f"{stem.name}.{kinds[0]}")
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        with mpl.rc_context(settings):
            return tuple(file for kind in kinds for file in _written(fig, stem, kind, dpi))
    except OSError as error:
        raise FileError(f"cannot save the figure as {str(first_file)!r}: {error.strerror or error}.") from error


_STAMPS: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def _written(fig: Figure | Pages, stem: Path, kind: str, dpi: int) -> list[Path]:
    """Write a figure in one format: one file, or one a sheet."""
    sheets: tuple[Figure, ...] = fig if isinstance(fig, Pages) else (fig,)
    if kind == "pdf" and len(sheets) > 1:
        file = stem.with_name(f"{stem.name}.pdf")
        with whole_file(file) as unfinished, PdfPages(unfinished, metadata=_STAMPS["pdf"]) as pages:
            for sheet in sheets:
                pages.savefig(sheet)
        return [file]
    files = []
    for i, sheet in enumerate(sheets, start=1):
        number = f"-{i}" if len(sheets) > 1 else ""
        files.append(stem.with_name(f"{stem.name}{number}.{kind}"))
        with whole_file(files[-1]) as unfinished:
            if kind == "svg":
                unfinished.write_text(svg_of(sheet), encoding="utf-8", newline="\n")
            else:
                sheet.savefig(unfinished, format=kind, dpi=dpi, metadata=_STAMPS[kind])
    return files


def svg_of(sheet: Figure) -> str:
    """Return a figure as SVG: text as text, each outline once, the caption as title."""
    haloed = [text for text in sheet.findobj(Text) if text.get_path_effects()]
    kept = [(text, text.get_path_effects(), text.get_gid()) for text in haloed]
    page = io.BytesIO()
    settings: Any = {"svg.hashsalt": "spatialconv", "svg.fonttype": "none", "savefig.bbox": None}
    try:
        for number, text in enumerate(haloed):
            stroke = getattr(text.get_path_effects()[0], "_gc", {})
            text.set_gid(halo(to_hex(stroke.get("foreground", "white")), stroke.get("linewidth", 1.6), number))
            text.set_path_effects([])
        with mpl.rc_context(settings):
            sheet.savefig(page, format="svg", metadata=_STAMPS["svg"])
    finally:
        for text, effects, gid in kept:
            text.set_path_effects(effects)
            text.set_gid(gid)
    drawing = with_families(lean(page.getvalue().decode("utf-8")))
    caption = sheet.caption if isinstance(sheet, Sheet) else ""
    return titled(drawing, printable(caption)) if caption else drawing


# ---------------------------------------------------------------------- small helps of the drawing modules


def frame(ax: Axes, *, x: bool = True, y: bool = True) -> None:
    """Leave only the axes that are read: thin, outside ticks, no box and no grid."""
    for side, shown in (("top", False), ("right", False), ("bottom", x), ("left", y)):
        ax.spines[side].set_visible(shown)
        ax.spines[side].set(linewidth=0.5, edgecolor=SOFT)
    # Ticks are made when first drawn, after the style has ended: all they need is set here.
    family = mpl.rcParams["font.family"]
    ax.tick_params(
        which="both",
        direction="out",
        length=2.5,
        width=0.5,
        pad=2.0,
        color=SOFT,
        labelcolor=INK,
        labelsize=TEXT,
        labelfontfamily=family,
        top=False,
        right=False,
        bottom=x,
        left=y,
        labelbottom=x,
        labelleft=y,
    )


def width_of(width: Width | None, otherwise: float) -> float:
    """Return the width of a figure in mm: a word, a number, or what is usual where none is asked for.

    Raises
    ------
    OptionError
        If it is another word, or a number outside of 60 to 400 mm.
    """
    if width is None:
        return otherwise
    if isinstance(width, str) and width in WIDTHS:
        return WIDTHS[width]
    number = isinstance(width, (int, float, np.integer, np.floating)) and not isinstance(width, bool)
    if not number or not NARROWEST <= float(width) <= WIDEST:
        raise OptionError(
            f"width must be 'single' (90 mm), 'double' (190 mm) or a number of mm from {NARROWEST:g} to {WIDEST:g}; "
            f"got {width!r}."
        )
    return float(width)


def extent(ax: Axes) -> tuple[float, float]:
    """Return width and height of axes in mm, as they stand in their figure."""
    box = ax.get_window_extent()
    dpi = ax.get_figure().dpi  # type: ignore[union-attr]
    return float(box.width) / dpi / MM, float(box.height) / dpi / MM


def measurer(fig: Figure, *, size: float = TEXT, **font: Any) -> Measure:
    """Return a function that gives width and height in mm of a text (with line breaks) in print."""
    probe = fig.text(0, 0, "", fontsize=size, **font)
    renderer = FigureCanvasAgg(Figure(figsize=(1, 1), dpi=fig.dpi)).get_renderer()  # type: ignore[no-untyped-call]

    def measure(text: str) -> tuple[float, float]:
        probe.set_text(printable(text))
        probe.set_visible(True)
        box = probe.get_window_extent(renderer)
        probe.set_visible(False)
        probe.set_text("")
        return float(box.width) / fig.dpi / MM, float(box.height) / fig.dpi / MM

    return measure


def wrapped(text: str, measure: Measure, width: float) -> list[str]:
    """Break a text at its spaces, and words that are longer than a line, into lines that fit a width in mm.

    What is written in Chinese is broken between its characters too, but not before a mark that closes.
    """
    # Letters stand on the pixels of whatever they are drawn on, so that a text is a little wider there than here.
    width = width / 1.015
    lines = [""]
    for glue, word in _words(text):
        trial = f"{lines[-1]}{glue}{word}".strip()
        if measure(trial)[0] <= width:
            lines[-1] = trial
            continue
        lines += [word] if lines[-1] else []
        lines[-1:] = _broken(lines[-1] or word, measure, width)
    return lines


_HAN = "\u2e80-\u3000\u3003-\u9fff\uf900-\ufaff"
_RUN = f"[^{_HAN}\u201c\u201d\u2018\u2019\u300a\u300b\u3001\u3002\uff00-\uffef]"
# A Chinese character, or what stands between two, with the marks that open before it and those that close after it; a
# number keeps its classifier.
_UNIT = re.compile(
    f"[\u201c\u2018\u300a\uff08(]*(?:[{_HAN}]|{_RUN}*[0-9][{_HAN}]|{_RUN}+)"
    "[\u201d\u2019\u300b\uff09)\u3001\u3002\uff0c\uff1a\uff1b\uff01\uff1f\uff05%]*"
)


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Return the pieces of a text between which a line may end, each with what parts it from the one before."""
    for place, word in enumerate(text.split(" ")):
        glue = " " if place else ""
        units = _UNIT.findall(word) if current() == "zh" else [word]
        for unit in units if "".join(units) == word else [word]:
            yield glue, unit
            glue = ""


def _broken(word: str, measure: Measure, width: float) -> list[str]:
    """Break a word, or a text in a script without spaces, into pieces that fit."""
    pieces = []
    while len(word) > 1 and measure(word)[0] > width:
        # Where the next character would reach over the edge.
        low, high = 1, len(word) - 1
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if measure(word[:middle])[0] <= width else (low, middle - 1)
        pieces.append(word[:low])
        word = word[low:]
    return [*pieces, word]
