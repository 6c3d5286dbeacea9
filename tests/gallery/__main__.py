"""Draw every figure at four sizes, in colour, in grey and as the colour-blind see it, on one page to look at.

    python -m tests.gallery                          all, into build/gallery
    python -m tests.gallery --only plot.sigma        one figure
    python -m tests.gallery --worlds 11 48           some sizes

Three sheets a size (`3100-grey.png`) and `index.html`, which holds each figure beside its twins.
"""

from __future__ import annotations

import argparse
import html
import io
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spatialconv.errors import SpatialConvError
from tests.gallery import worlds
from tests.gallery.figures import FIGURES, figure

WORLDS: dict[str, Callable[[], worlds.World]] = {
    "11": lambda: worlds.shipped("eleven cities"),
    "48": lambda: worlds.shipped("48 states"),
    "370": lambda: worlds.drawn(370, 20, label="Prefecture {:03d}"),
    "3100": lambda: worlds.drawn(3100, 12, label="{:05d}"),
}
DPI, GAP, ACROSS = 110, 12, 1700  # pixels an inch, between figures, and across a sheet
# Machado, Oliveira and Fernandes (2009), A Physiologically-based Model for Simulation of Color Vision Deficiency,
# severity 1.0, on linear RGB; and the luminance of WCAG 2.1.
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
GREY = np.tile([0.2126, 0.7152, 0.0722], (3, 1))
EYES = {"colour": np.eye(3), "grey": GREY, "deuteranopia": DEUTERANOPIA}


def seen(image: Image.Image, eye: np.ndarray) -> Image.Image:
    """Return a picture as an eye sees it."""
    linear = np.asarray(image.convert("RGB"), dtype=float) / 255
    linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ eye.T, 0, 1)
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return Image.fromarray((255 * coded).round().astype(np.uint8))


def pictures(made: Any) -> Iterator[Image.Image]:
    """Yield the sheets of a figure."""
    for sheet in made if isinstance(made, tuple) else (made,):
        page = io.BytesIO()
        sheet.savefig(page, format="png", dpi=DPI)
        yield Image.open(page).convert("RGB")


def contact_sheet(images: list[Image.Image]) -> Image.Image:
    """Return figures in rows on one sheet."""
    places, x, y, row = [], 0, 0, 0
    for image in images:
        if x and x + image.width > ACROSS:
            x, y, row = 0, y + row + GAP, 0
        places.append((x, y))
        x, row = x + image.width + GAP, max(row, image.height)
    sheet = Image.new("RGB", (ACROSS, y + row), "#8a8a8a")
    for image, place in zip(images, places, strict=True):
        sheet.paste(image, place)
    return sheet


def draw(size: str, chosen: list[str], out: Path) -> list[tuple[str, str, list[str]]]:
    """Draw the figures of one world; return name, what is said of it, and its files."""
    world, rows, shown = WORLDS[size](), [], []
    for name in chosen:
        begun = time.perf_counter()
        try:
            made = figure(name, world)
        except SpatialConvError as error:
            print(f"{size:>5} {name}: {error}", flush=True)
            rows.append((name, f"not drawn: {error}", []))
            continue
        files = []
        for k, image in enumerate(pictures(made)):
            stem = f"{size}-{name.replace(', ', '-').replace(' ', '-')}{f'-{k + 1}' if k else ''}"
            for eye, matrix in EYES.items():
                seen(image, matrix).save(out / f"{stem}-{eye}.png", optimize=True)
            files.append(stem)
            shown.append(image)
        rows.append((name, made.caption, files))
        print(f"{size:>5} {name}: {time.perf_counter() - begun:.1f} s", flush=True)
    for eye, matrix in EYES.items():
        if shown:
            contact_sheet([seen(image, matrix) for image in shown]).save(out / f"{size}-{eye}.png")
    return rows


def page(drawn: dict[str, list[tuple[str, str, list[str]]]]) -> str:
    """Return the page: a section a size, a row a figure, a column an eye."""
    parts = []
    for size, rows in drawn.items():
        links = ", ".join(f'<a href="{size}-{eye}.png">{eye}</a>' for eye in EYES)
        parts.append(f"<h2>{html.escape(WORLDS[size]().name)}</h2><p>Contact sheets: {links}</p>")
        for name, said, files in rows:
            cells = "".join(
                f'<img loading="lazy" src="{stem}-{eye}.png" alt="{html.escape(name)}, {eye}">'
                for stem in files
                for eye in EYES
            )
            parts.append(f"<h3>{html.escape(name)}</h3><p>{html.escape(said)}</p><div>{cells}</div>")
    style = "body{font:14px sans-serif;background:#8a8a8a}div{display:flex;flex-wrap:wrap;gap:8px}img{max-width:32%}"
    return f'<!doctype html><meta charset="utf-8"><title>Figures</title><style>{style}</style>{"".join(parts)}'


def main() -> None:
    """Draw what is asked for and write the page."""
    asked = argparse.ArgumentParser(prog="python -m tests.gallery", description=__doc__.splitlines()[0])
    asked.add_argument("--out", type=Path, default=Path("build/gallery"))
    asked.add_argument("--only", nargs="+", default=list(FIGURES), choices=list(FIGURES), metavar="figure")
    asked.add_argument("--worlds", nargs="+", default=list(WORLDS), choices=list(WORLDS))
    told = asked.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = {size: draw(size, told.only, told.out) for size in told.worlds}
    (told.out / "index.html").write_text(page(drawn), encoding="utf-8")
    print(f"gallery: {told.out / 'index.html'}")


if __name__ == "__main__":
    main()
