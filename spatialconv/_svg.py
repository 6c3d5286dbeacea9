"""SVG of figures for the web: short paths, text as text, a title for those who cannot see, one figure among others."""

from __future__ import annotations

import hashlib
import html
import re

_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
_PATH = re.compile(r'(<path\b[^>]*?\bd=")([^"]+)(")')
_POINT = re.compile(rf"([MLz])\s*(?:({_NUMBER})[ ,]({_NUMBER}))?\s*")
_ID = re.compile(r'\b(id="|href="#|url\(#)(?!o[0-9a-f]{10}\b)([^")]+)')
_FONT = re.compile(r"(font(?:-family)?: [^;\"]*?)('[^;\"]+')")
# What stands in for the font a figure was drawn in; Arial and Liberation Sans are as wide.
_FAMILY = "Arial, 'Liberation Sans', Helvetica, 'Noto Sans', 'Noto Sans CJK SC', sans-serif"
_HALO = re.compile(r'<g id="halo-([0-9a-f]+)-([\d.]+)-\d+">\s*(.*?)\s*</g>', re.DOTALL)
_ELEMENT = re.compile(r'<path\b[^>]*?\bd="([^"]+)"([^>]*)/>')
_CURVES = re.compile("[CQSTAHV]")
HUNDREDTHS = 100  # of a point, finer than any press
LONG = 400  # characters of a path that is worth a use elsewhere
MANY, UNSEEN = 12, 0.08  # points of a ring that is thinned, and how far in points its line may move: 0.03 mm


def lean(drawing: str) -> str:
    """Return an SVG of matplotlib's made small: each outline once, to hundredths of a point; halos strokes of text."""
    drawing = _HALO.sub(_stroked, drawing)
    paths = [found[2] for found in _PATH.finditer(drawing) if len(found[2]) > LONG]
    outlines: dict[str, str] = {}
    drawing = _ELEMENT.sub(lambda found: _used(found, outlines), drawing) if paths else drawing
    drawing = _PATH.sub(lambda found: found[1] + _straight(found[2])[0] + found[3], drawing)
    shared = "".join(f'<path id="{name}" d="{path}"/>\n' for path, name in outlines.items())
    start = drawing.index(">", drawing.index("<svg")) + 1
    drawing = f'{drawing[:start]}\n<defs class="outlines">\n{shared}</defs>{drawing[start:]}' if shared else drawing
    return re.sub(r">\n\s+<", ">\n<", drawing)


def halo(colour: str, width: float, number: int) -> str:
    """Return the id under which a text with a halo is drawn, for `lean` to find."""
    return f"halo-{colour.lstrip('#')}-{width:g}-{number}"


def _stroked(found: re.Match[str]) -> str:
    colour, width, text = found[1], found[2], found[3]
    how = f"paint-order: stroke; stroke: #{colour}; stroke-width: {width}; stroke-linejoin: round; "
    return text.replace('<text style="', f'<text style="{how}', 1)


def _used(found: re.Match[str], outlines: dict[str, str]) -> str:
    """Return a use of an outline in the place of a long path; the same outline elsewhere on the sheet is used again."""
    path, rest = found[1], found[2]
    # What has an id is used already: a marker, or what a clip is made of.
    if len(path) <= LONG or 'id="' in found[0] or "linecap" in rest or _CURVES.search(path):
        return found[0]  # nor are the lines of a hatch an outline
    moved, (x, y) = _straight(path)
    place = moved.index("l") if "l" in moved else len(moved)
    outline = "M0 0" + moved[place:]
    name = outlines.setdefault(outline, "o" + hashlib.sha256(outline.encode()).hexdigest()[:10])
    # Regions lie within their axes, and a clip would move along with the outline.
    rest = re.sub(r'\s*clip-path="[^"]*"', "", rest)
    return f'<use href="#{name}" x="{_decimal(x)}" y="{_decimal(y)}"{rest}/>'


def _straight(path: str) -> tuple[str, tuple[int, int]]:
    """Return a path of straight lines relative to its first point, and that point; one with curves as it is."""
    if _CURVES.search(path):
        return " ".join(path.split()), (0, 0)
    rings: list[list[tuple[float, float]]] = []
    closed: list[bool] = []
    for command, x, y in _POINT.findall(path):
        if command == "M":
            rings.append([(float(x), float(y))])
            closed.append(False)
        elif command == "L" and rings:
            rings[-1].append((float(x), float(y)))
        elif command == "z" and rings:
            closed[-1] = True
    if not rings:
        return " ".join(path.split()), (0, 0)
    first_x, first_y = rings[0][0]
    start = (round(first_x * HUNDREDTHS), round(first_y * HUNDREDTHS))
    out, here = [], (0, 0)
    for k, (ring, shut) in enumerate(zip(rings, closed, strict=True)):
        # From the first point, so that the same outline elsewhere gets the same figures.
        points = [(round((x - first_x) * HUNDREDTHS), round((y - first_y) * HUNDREDTHS)) for x, y in _thinned(ring)]
        out.append(
            f"M{_decimal(start[0])} {_decimal(start[1])}"
            if k == 0
            else f"m{_pair(points[0][0] - here[0], points[0][1] - here[1])}"
        )
        begun = here = points[0]
        drawn = False
        for to in points[1:]:
            if to == here and drawn:
                continue
            pair = _pair(to[0] - here[0], to[1] - here[1])
            out.append(("l" if not drawn else "" if pair.startswith("-") else " ") + pair)
            here, drawn = to, True
        if shut:
            out.append("z")
            here = begun
    return "".join(out), start


def _thinned(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a ring without the points that nobody sees at the size of print."""
    if len(ring) < MANY:
        return ring
    from shapely import LineString, get_coordinates, simplify

    kept = get_coordinates(simplify(LineString(ring), UNSEEN))
    return [(float(x), float(y)) for x, y in kept] if len(kept) > 3 else ring


def _pair(x: int, y: int) -> str:
    one, two = _decimal(x), _decimal(y)
    return one + ("" if two.startswith("-") else " ") + two


def _decimal(hundredths: int) -> str:
    """Return a number without the zeros that SVG can do without: -.5, 12, .25."""
    sign, number = "-" * (hundredths < 0), abs(hundredths)
    whole, part = divmod(number, HUNDREDTHS)
    decimals = f"{part:02d}".rstrip("0")
    return f"{sign}{whole or ('' if decimals else '0')}{'.' if decimals else ''}{decimals}"


def titled(drawing: str, caption: str) -> str:
    """Give an SVG the title that browsers show and screen readers read."""
    start = drawing.index(">", drawing.index("<svg")) + 1
    words = html.escape(caption, quote=False)
    opened = drawing[:start].replace("<svg", '<svg role="img"', 1)
    return f"{opened}\n<title>{words}</title>{drawing[start:]}"


def title_of(drawing: str) -> str:
    """Return the title of an SVG, which is the caption of its figure; nothing where it has none."""
    found = re.search(r"<title>(.*?)</title>", drawing, re.DOTALL)
    return html.unescape(found[1]) if found else ""


_OUTLINES = re.compile(r'<defs class="outlines">\s*(.*?)</defs>', re.DOTALL)


def outlines(drawing: str) -> tuple[str, dict[str, str]]:
    """Return an SVG without the outlines it uses, and these by their ids: a page of many figures has each once."""
    found = _OUTLINES.search(drawing)
    if found is None:
        return drawing, {}
    known = dict(re.findall(r'<path id="(o[0-9a-f]+)" d="([^"]+)"/>', found[1]))
    return drawing[: found.start()] + drawing[found.end() :], known


def inline(drawing: str, name: str, words: str) -> str:
    """Return an SVG to stand in a page among others: no prologue, ids of its own, words for those who cannot see."""
    drawing = drawing[drawing.index("<svg") :]
    # A page knows what an svg is, and needs no names of spaces.
    drawing = re.sub(r"\sxmlns(:\w+)?=(\"[^\"]*\"|'[^']*')", "", drawing).replace("xlink:href=", "href=")
    drawing = drawing.replace(' role="img"', "", 1)
    drawing = drawing.replace("<svg", f'<svg role="img" aria-label="{html.escape(words)}"', 1)
    drawing = _ID.sub(lambda found: f"{found[1]}{name}-{found[2]}", drawing)
    # Its style sheet would be the page's.
    drawing = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", drawing, flags=re.DOTALL)
    return re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)


def with_families(drawing: str) -> str:
    """Let text be set in what is at hand where the font of a figure is not."""
    return _FONT.sub(lambda found: found[1] + found[2] + ", " + _FAMILY, drawing)
