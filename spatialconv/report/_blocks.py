"""What a report is made of, and how it becomes Markdown and one self-contained HTML page."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spatialconv.replication import marked_rows
from spatialconv.tables import Table


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
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """A table; the text of the column `marked` gives each row of the HTML its class."""

    table: Table
    marked: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure by the name of its file, with a caption."""

    name: str
    caption: str


@dataclass(frozen=True)
class Gallery:
    """Figures side by side where the screen is wide enough."""

    pictures: tuple[Picture, ...]


Block = Heading | Text | Bullets | Shown | Picture | Gallery


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
        case Bullets(items):
            return "\n".join(f"- {_escaped(item)}" for item in items)
        case Shown(table):
            return table.to_markdown()
        case Gallery(pictures):
            return "\n\n".join(_markdown(picture) for picture in pictures)
        case Picture(name, caption):
            return f"![{_escaped(caption)}](figures/{name}.png)\n\n{_escaped(caption)}"


def _escaped(text: str) -> str:
    # Gi* twice in a sentence would set what lies between in italics.
    return re.sub(r"([*`]|<(?=[A-Za-z/!?]))", r"\\\1", text)


# ---------------------------------------------------------------------- HTML

_CSS = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem 1.2rem 4rem; color: #1b1f24; background: #fff;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1rem 0; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; border-bottom: 1px solid #d0d7de; padding-bottom: .2rem; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p, ul { max-width: 44rem; }
li { margin: .25rem 0; }
figure { margin: 1.2rem 0; }
figure img { max-width: 100%; height: auto; }
.gallery { display: flex; flex-wrap: wrap; gap: 0 2.5rem; }
.gallery figure { flex: 0 1 22rem; }
figcaption, .wide caption { color: #57606a; font-size: .875rem; text-align: left; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .8125rem; font-variant-numeric: tabular-nums; }
caption { padding: 0 0 .4rem; font-weight: 600; }
th, td { padding: .22rem .55rem; vertical-align: top; border-bottom: 1px solid #eaeef2; }
thead th { border-bottom: 1.5px solid #57606a; white-space: nowrap; }
tbody td { white-space: nowrap; }
.long tbody td { white-space: normal; }
.long tbody td:first-child { min-width: 13rem; }
.long tbody td:last-child { min-width: 9rem; }
.long tbody td:nth-child(4), .long tbody td:nth-child(5), .long tbody td:nth-child(6), .long tbody td:nth-child(7) {
  white-space: nowrap; }
tfoot td { border: 0; color: #57606a; white-space: normal; }
tr.v-differs td { background: #fdecea; }
tr.v-within-tolerance td { background: #fff8e5; }
tr.v-not-recomputable td { color: #6e7781; }
nav { font-size: .9rem; }
nav a { margin-right: .8rem; white-space: nowrap; }
a { color: #0b5cad; }
@media print {
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  nav { display: none; }
  .wide { overflow: visible; }
  table { font-size: 7pt; }
  tbody td, thead th { white-space: normal; }
  th, td { padding: 1pt 3pt; }
  thead { display: table-header-group; }
  tfoot { display: table-row-group; }
  tr, figure { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
"""


def to_html(blocks: Sequence[Block], figures: Path) -> str:
    """Return one page that needs nothing beside itself; figures are read from a folder and embedded."""
    title = next((block.text for block in blocks if isinstance(block, Heading)), "Report")
    body = "\n".join(_html(block, figures) for block in blocks)
    links = [block.text for block in blocks if isinstance(block, Heading) and block.level == 2]
    menu = " ".join(f'<a href="#{_anchor(text)}">{html.escape(text)}</a>' for text in links)
    body = body.replace("</h1>", f"</h1>\n<nav>{menu}</nav>", 1)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _html(block: Block, figures: Path) -> str:
    match block:
        case Heading(text, level):
            return f'<h{level} id="{_anchor(text)}">{html.escape(text)}</h{level}>'
        case Text(text):
            return f"<p>{html.escape(text)}</p>"
        case Bullets(items):
            return "<ul>" + "".join(f"<li>{html.escape(item)}</li>" for item in items) + "</ul>"
        case Shown(table, marked):
            body = marked_rows(table, marked) if marked else table.to_html()
            return f'<div class="wide{" long" if marked else ""}">{body}</div>'
        case Gallery(pictures):
            return f'<div class="gallery">{"".join(_html(picture, figures) for picture in pictures)}</div>'
        case Picture(name, caption):
            image = base64.b64encode((figures / f"{name}.svg").read_bytes()).decode("ascii")
            words = html.escape(caption)
            source = f"data:image/svg+xml;base64,{image}"
            return f'<figure><img alt="{words}" src="{source}"><figcaption>{words}</figcaption></figure>'


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
