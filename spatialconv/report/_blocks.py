"""What a report is made of, and how it becomes Markdown and one self-contained HTML page."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from io import BytesIO
from itertools import zip_longest
from pathlib import Path

import pandas as pd
from jinja2 import Environment, Template
from markupsafe import Markup

from spatialconv import _svg as svg
from spatialconv.replication import marked_rows
from spatialconv.tables import Table

MANY_COLUMNS = 8  # of a table that is set smaller
# Bytes of a drawing that stands in the page as it is; of a larger one its bitmap does, and the drawing lies beside.
MOST_DRAWN = 400_000


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list; a mark gives an item its colour: fail, warn or ok."""

    items: tuple[str, ...]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """A table; the text of the column `marked` gives each row of the HTML its class.

    Of more than `most` rows, where that is not zero, the first half of `most` and the last half are shown, and `where`
    says where all of them are.
    """

    table: Table
    marked: str = ""
    most: int = 0
    where: str = ""

    @property
    def cut(self) -> Table:
        """The table with the rows that are shown, and a note of how many are not."""
        rows = len(self.table.frame)
        if not self.most or rows <= self.most:
            return self.table
        half = self.most // 2
        frame = pd.concat([self.table.frame.iloc[:half], self.table.frame.iloc[rows - half :]])
        note = f"{2 * half} of {rows:,} rows, the first and the last {half}; all are in {self.where}"
        return replace(self.table, frame=frame, notes=(*self.table.notes, note), data=None, rules=())


@dataclass(frozen=True)
class Picture:
    """A figure by the name of its file, with a caption."""

    name: str
    caption: str


@dataclass(frozen=True)
class Gallery:
    """Figures side by side where the screen is wide enough."""

    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Touched:
    """A map to touch, made when the page is: a page in the page. On paper and in Markdown stand words alone."""

    make: Callable[[], str]
    words: str


Block = Heading | Text | Bullets | Shown | Picture | Gallery | Touched


# ---------------------------------------------------------------------- Markdown


def to_markdown(blocks: Sequence[Block]) -> str:
    """Return the blocks in Markdown, figures by their relative path."""
    return "\n".join(_markdown(block).rstrip("\n") + "\n" for block in blocks)


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {_escaped(text)}"
        case Text(text):
            return _escaped(text)
        case Bullets(items, _):
            return "\n".join(f"- {_escaped(item)}" for item in items)
        case Shown():
            return block.cut.to_markdown()
        case Gallery(pictures):
            return "\n\n".join(_markdown(picture) for picture in pictures)
        case Touched(_, words):
            return _escaped(f"{words}: in report.html.")
        case Picture(name, caption):
            return f"![{_escaped(caption)}](figures/{name}.png)\n\n{_escaped(caption)}"


def _escaped(text: str) -> str:
    # Gi* twice in a sentence would set what lies between in italics.
    return re.sub(r"([*`]|<(?=[A-Za-z/!?]))", r"\\\1", text)


# ---------------------------------------------------------------------- HTML


def to_html(blocks: Sequence[Block], figures: Path) -> str:
    """Return one page that needs nothing beside itself; figures are read from a folder and stand in the page."""
    page = _Page(figures)
    body = [page.block(block) for block in blocks]
    heads = [block for block in blocks if isinstance(block, Heading)]
    return _template().render(
        title=heads[0].text if heads else "Report",
        menu=[(_anchor(head.text), head.text) for head in heads if head.level == 2],
        body=[Markup(part) for part in body],
        outlines=sorted(page.outlines.items()),
    )


def _template() -> Template:
    source = (files("spatialconv.report") / "report.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)


class _Page:
    """Blocks in HTML; outlines that figures share are kept for one place in the page."""

    def __init__(self, figures: Path) -> None:
        self.figures = figures
        self.outlines: dict[str, str] = {}

    def block(self, block: Block) -> str:
        match block:
            case Heading(text, level):
                return f'<h{level} id="{_anchor(text)}">{html.escape(text)}</h{level}>'
            case Text(text):
                return f"<p>{_said(text)}</p>"
            case Bullets(items, marks):
                return "<ul>" + "".join(_item(*pair) for pair in zip_longest(items, marks, fillvalue="")) + "</ul>"
            case Shown(_, marked):
                table = block.cut
                body = marked_rows(table, marked) if marked else table.to_html()
                wide = "long" if marked else "many" if len(table.frame.columns) > MANY_COLUMNS else ""
                return f'<div class="wide {wide}" tabindex="0">{_staying(_kept_together(body))}</div>'
            case Gallery(pictures):
                return f'<div class="gallery">{"".join(self.block(picture) for picture in pictures)}</div>'
            case Touched(make, words):
                shown = html.escape(make())
                return (
                    f'<details class="touch"><summary>{html.escape(words)}</summary>'
                    f'<iframe loading="lazy" title="{html.escape(words)}" srcdoc="{shown}"></iframe></details>'
                )
            case Picture(name, caption):
                held = self.figures / f"{name}.svg"
                text = held.read_text(encoding="utf-8")
                # What stands below the figure, for those who cannot see it.
                words = svg.title_of(text) or caption
                if held.stat().st_size > MOST_DRAWN:
                    shown = _picture(held.with_suffix(".png"), words)
                    return f"<figure>{shown}<figcaption>{_said(caption)}</figcaption></figure>"
                drawing, outlines = svg.outlines(text)
                self.outlines |= outlines
                shown = svg.inline(drawing, re.sub(r"[^\w-]", "-", name), words)
                return f"<figure>{shown}<figcaption>{_said(caption)}</figcaption></figure>"


def _picture(path: Path, words: str) -> str:
    """Return a bitmap as it is, in fewer bytes: a drawing of thousands of polygons is larger than its picture."""
    from matplotlib.image import imread, imsave

    packed = BytesIO()
    held = imread(path)
    height, width = held.shape[:2]
    imsave(packed, held, format="webp", pil_kwargs={"lossless": True, "method": 4})
    data = base64.b64encode(packed.getvalue()).decode("ascii")
    return (
        f'<img alt="{html.escape(words)}" width="{width}" height="{height}" style="max-width:100%;height:auto" '
        f'src="data:image/webp;base64,{data}">'
    )


def _item(text: str, mark: str) -> str:
    return f'<li class="v-{mark}">{_said(text)}</li>' if mark else f"<li>{_said(text)}</li>"


def _said(text: str) -> str:
    return _kept_together(html.escape(text))


def _kept_together(body: str) -> str:
    """Keep a sign with its figure: '<' alone at the end of a line says nothing, nor does '%' at the beginning."""
    body = re.sub(r"(&lt;|&gt;|\u2264|\u2265|=) (?=[\d\u2212.])", "\\1\u00a0", body)
    return re.sub(r"(?<=\d) (?=%)", "\u00a0", body)


def _staying(table: str) -> str:
    """Let heading and notes of a table stay on a small screen while the table scrolls within itself."""
    held = re.sub(r"(<caption[^>]*>)(.*?)(</caption>)", r'\1<span class="stay">\2</span>\3', table, flags=re.DOTALL)
    return re.sub(r"(<tfoot>.*?<td[^>]*>)(.*?)(</td>)", r'\1<span class="stay">\2</span>\3', held, flags=re.DOTALL)


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
