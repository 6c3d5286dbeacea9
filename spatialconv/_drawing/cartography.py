"""The common ground of all maps: projection, regions by label, sheets of panels, legend, furniture, names.

Maps are laid out in mm of the printed page: the map panels on top, beneath them a footer with the legend on
its left and scale bar and north arrow on its right, so that nothing ever covers the map.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.captions import Caption
from spatialconv._drawing.footer import (
    HEAD,
    LINE_HEIGHT,
    Legend,
    Row,
    fitted,
    footer,
    footer_height,
    furniture_place,
)
from spatialconv._drawing.ground import Ground
from spatialconv._drawing.land.panel import GROUP_LINE, Overlay, View, draw_view, view_of
from spatialconv._drawing.layout import BETWEEN, GAP, MARGIN, Layout, lay_out
from spatialconv._drawing.placement import Label
from spatialconv._language import enumerated, say
from spatialconv._options import first
from spatialconv.errors import OptionError

OUTLINE = "outlines"  # key of the row that says what they are


def names_of(base: Ground, labels: Any) -> list[str | None]:
    """Return what to print on each region: nothing, its label, a column, or a mapping's entry."""
    index = base.frame.index
    if labels is None or labels is False:
        return [None] * len(index)
    if labels is True:
        return [str(label) for label in index]
    if isinstance(labels, Mapping):
        unknown = [key for key in labels if key not in index]
        if unknown:
            raise OptionError(f"labels names regions that are not in the result: {first(unknown)}.")
        return [str(labels[key]) if key in labels else None for key in index]
    if not isinstance(labels, str) or labels not in base.frame.columns:
        columns = [name for name in base.frame.columns if name != base.frame.geometry.name]
        raise OptionError(
            f"labels must be True, None, a mapping, or a column of the geometry ({first(columns, 8)}); got {labels!r}."
        )
    return [None if pd.isna(text) else str(text) for text in base.frame[labels]]


# ---------------------------------------------------------------------- what is drawn


@dataclass(frozen=True)
class Face:
    """One map: heading, the key of each region's class, and which of the legends explains it."""

    heading: str
    keys: Mapping[Hashable, Hashable]
    legend: int = 0


@dataclass(frozen=True)
class Plan:
    """Sheets of maps: the faces, legends (one for all, or one a column), title, and names to print.

    `group` faces belong together in one row. `overlay` draws on top of the regions; names stand beside the `anchors`
    (in the CRS of the map) if given. `width` is that of the sheet. The caption stands below the
    legends unless it is not `printed`.
    """

    faces: tuple[Face, ...]
    legends: tuple[Legend, ...]
    names: Sequence[str | None] = field(default_factory=tuple)
    title: str | None = None
    overlay: Overlay | None = None
    anchors: npt.NDArray[np.float64] | None = None
    group: int = 1
    caption: Caption | None = None
    printed: bool = True
    width: look.Width | None = None

    def texts(self) -> list[Any]:
        """Return all words that will be printed."""
        words: list[Any] = [self.title, list(self.names), [face.heading for face in self.faces]]
        for key in self.legends:
            words += [key.title, key.columns, key.notes, [(row.label, row.cells) for row in key.rows]]
        return [*words, self.caption.sentences() if self.caption is not None else ()]

    @property
    def below(self) -> tuple[str, ...]:
        """The sentences that stand below the legends."""
        if self.caption is None:
            return ()
        # Whose the data are is said even where the map is to look as a paper printed it.
        return (self.caption.text,) if self.printed else self.caption.sources


def draw(plan: Plan, base: Ground, *, ax: Axes | None = None) -> look.Drawn:
    """Draw a plan on a sheet of its own, on several if the maps are many, or a single map into axes that are given."""
    plan, key = _coded(_outlined(plan, base))
    width = None if plan.width is None else look.width_of(plan.width, look.PAGE)
    if ax is None:
        with look.style(*plan.texts()):
            settled, layout, view = _settled(plan, base, width)
            sheets = _sheets(settled, base, layout, view)
        for sheet in sheets:
            sheet.key = key
            named = enumerated(f"{code} {name}" for code, name in key.items())
            sheet.caption += say(" Key: {names}.", names=named) if key else ""
        return sheets[0] if len(sheets) == 1 else look.Pages(sheets)
    if not isinstance(ax, Axes):
        raise OptionError(f"ax must be a matplotlib Axes; got {type(ax).__name__}.")
    if len(plan.faces) > 1:
        raise OptionError(
            f"ax takes one map, and this figure has {len(plan.faces)}; name one period (and one kind of classes), or "
            "leave ax out."
        )
    if width is not None:
        raise OptionError(f"width is that of a new sheet, and ax has its own; got width={plan.width!r} with ax.")
    with look.style(*plan.texts()):
        return _into(plan, base, ax)


def _coded(plan: Plan) -> tuple[Plan, dict[str, str]]:
    """Return the plan with numbers for the names that no installed font has, and the name of each number."""
    lacking = look.unprinted(plan.names)
    if not lacking:
        return plan, {}
    odd = [bool(name) and bool(set(name or "") & lacking) for name in plan.names]
    codes = [str(n) for n in range(1, sum(odd) + 1)]
    names = iter(codes)
    shown = [next(names) if other else name for name, other in zip(plan.names, odd, strict=True)]
    key = dict(zip(codes, [str(name) for name, other in zip(plan.names, odd, strict=True) if other], strict=True))
    note = say("Numbers stand for names that no font here has; figure.key names them")
    return _noted(replace(plan, names=shown), note), key


def _outlined(plan: Plan, base: Ground) -> Plan:
    """Return the plan with a row for the outlines of groups in every legend."""
    if base.borders is None:
        return plan
    row = Row(OUTLINE, base.grouped, look.INK, line=GROUP_LINE)
    legends = [
        replace(
            key,
            rows=(*key.rows, row),
            narrow=key.narrow and replace(key.narrow, rows=(*key.narrow.rows, row)),
        )
        for key in plan.legends
    ]
    return replace(plan, legends=tuple(legends))


def _noted(plan: Plan, left_out: int | str) -> Plan:
    if isinstance(left_out, str):
        note = left_out
    elif left_out == 1:
        note = say("1 name left out for want of room")
    else:
        note = say("{n:,} names left out for want of room", n=left_out)
    first_one = plan.legends[0]
    narrow = first_one.narrow and replace(first_one.narrow, notes=(*first_one.narrow.notes, note))
    return replace(plan, legends=(replace(first_one, notes=(*first_one.notes, note), narrow=narrow), *plan.legends[1:]))


def _missing(plan: Plan, names: Sequence[Label | None]) -> int:
    return sum(bool(text) and name is None for text, name in zip(plan.names, names, strict=False))


@dataclass(frozen=True)
class _Frame:
    """What stands on a sheet of some width beside its maps: lines of the title, legends that fit, and their height."""

    title: list[str]
    legends: tuple[Legend, ...]
    headings: tuple[tuple[str, ...], ...]  # lines of each face
    below: list[str]
    place: int  # of scale bar and arrow
    span: float  # mm that each legend has
    foot: float

    @property
    def above(self) -> float:
        return 4.0 * len(self.title) + 2.0 * bool(self.title)

    @property
    def heading(self) -> float:
        most = max(map(len, self.headings))
        return HEAD + 3.6 * (most - 1) if most else 0.0


def _framed(plan: Plan, title: str | None, width: float, across: int, *, furniture: bool) -> _Frame:
    probe = look.Sheet(width, 10)
    bold = look.measurer(probe, size=look.TITLE, weight="bold")
    heads = look.measurer(probe, size=look.HEADING, weight="bold")
    panel = (width - 2 * MARGIN - GAP * (across - 1)) / across
    shared = len(plan.legends)
    span = (width - 2 * MARGIN - GAP * (shared - 1)) / shared
    legends = tuple(fitted(key, probe, span) for key in plan.legends)
    place = furniture_place(legends, probe, span) if furniture else -1
    below = [line for text in plan.below for line in look.wrapped(text, look.measurer(probe), width - 2 * MARGIN)]
    foot = max(footer_height(key, probe, span, furniture=i == place) for i, key in enumerate(legends))
    return _Frame(
        title=look.wrapped(title, bold, width - 2 * MARGIN) if title else [],
        legends=legends,
        headings=tuple(tuple(look.wrapped(face.heading, heads, panel)) if face.heading else () for face in plan.faces),
        below=below,
        place=place,
        span=span,
        foot=foot + (LINE_HEIGHT * len(below) + 0.5 if below else 0.0),
    )


def _settled(plan: Plan, base: Ground, width: float | None) -> tuple[Plan, Layout, View]:
    """Return the plan with a note of the names that find no room, how its maps stand, and the map they all are."""
    views: dict[Any, View | None] = {}
    noted, left_out = plan, 0
    # The note needs room, which is known only once the names have been tried.
    for _ in range(4):
        layout, view = _laid_out(noted, base, width, views)
        missing = _missing(plan, view.names)
        if missing == left_out:
            break
        noted, left_out = _noted(plan, missing) if missing else plan, missing
    return noted, layout, view


def _laid_out(plan: Plan, base: Ground, width: float | None, views: dict[Any, View | None]) -> tuple[Layout, View]:
    """Return how the maps stand, with as much room beside the land as insets need where it leaves none."""
    frames: dict[tuple[float, int], _Frame] = {}
    # The longest title that a page may have.
    title = (
        say("{title} ({number} of {count})", title=plan.title, number=len(plan.faces), count=len(plan.faces))
        if plan.title and len(plan.faces) > 4
        else plan.title
    )
    furniture = base.enlargement is not None

    def fixed(width: float, across: int) -> tuple[float, float]:
        made = frames.setdefault((width, across), _framed(plan, title, width, across, furniture=furniture))
        return made.above + made.foot + BETWEEN, made.heading + BETWEEN

    for base_of in _with_room(base):
        left, bottom, right, top = base_of.bounds
        layout = lay_out(len(plan.faces), plan.group, (right - left) / (top - bottom), fixed, width=width)
        size = (layout.panel, layout.height)
        if (key := (size, base_of.strip)) not in views:
            measure = look.measurer(look.Sheet(layout.width, 10))
            views[key] = view_of(base_of, size, names=plan.names, anchors=plan.anchors, measure=measure)
        view = views[key]
        if view is not None:
            return layout, view
    raise _no_place(base, size)


def _with_room(base: Ground) -> Iterator[Ground]:
    """Offer the ground as it is, then with ever more room for insets, below wide land and beside tall land."""
    yield base
    left, bottom, right, top = base.bounds
    longest = max(right - left, top - bottom)
    for share in (0.25, 0.4, 0.6) if base.insets else ():
        strip = (0.0, share * longest) if right - left >= top - bottom else (share * longest, 0.0)
        yield replace(base, strip=strip)


def _no_place(base: Ground, size: tuple[float, float]) -> OptionError:
    return OptionError(
        f"{len(base.insets)} insets find no place beside the land on a map of {size[0]:.0f} x {size[1]:.0f} mm. Give "
        "fewer insets or maps, or a larger width=."
    )


def _sheets(plan: Plan, base: Ground, layout: Layout, view: View) -> list[look.Sheet]:
    """Return the sheets of a plan whose maps have their size."""
    starts = range(0, len(plan.faces), layout.each)
    sheets: list[look.Sheet] = []
    for number, start in enumerate(starts, start=1):
        counted = say("{title} ({number} of {count})", title=plan.title, number=number, count=len(starts))
        title = counted if plan.title and len(starts) > 1 else plan.title or None
        some = replace(plan, faces=plan.faces[start : start + layout.each])
        frame = _framed(some, title, layout.width, layout.across, furniture=base.enlargement is not None)
        sheets.append(_sheet(some, layout, frame, view))
    return sheets


def _sheet(plan: Plan, layout: Layout, frame: _Frame, view: View) -> look.Sheet:
    rows = -(-len(plan.faces) // layout.across)
    step = frame.heading + layout.height + BETWEEN
    fig = look.Sheet(layout.width, 2 * MARGIN + frame.above + rows * step + frame.foot)
    fig.caption = plan.caption.text if plan.caption is not None else ""
    for i, line in enumerate(frame.title):
        _write(fig, MARGIN, MARGIN + 4.0 * i, line, size=look.TITLE, weight="bold")
    for n, (face, lines) in enumerate(zip(plan.faces, frame.headings, strict=True)):
        x = MARGIN + n % layout.across * (layout.panel + GAP)
        y = MARGIN + frame.above + n // layout.across * step
        for i, line in enumerate(lines):
            _write(fig, x, y + 3.6 * i, line, size=look.HEADING, weight="bold")
        _draw_face(fig.place(x, y + frame.heading, layout.panel, layout.height), face, plan, view)
    under = LINE_HEIGHT * len(frame.below) + 0.5 if frame.below else 0.0
    for j, key in enumerate(frame.legends):
        x, y = MARGIN + j * (frame.span + GAP), fig.size[1] - MARGIN - frame.foot
        area = fig.place(x, y, frame.span, frame.foot - under)
        footer(area, key, view.base, view.scale, furniture=j == frame.place)
    for i, line in enumerate(frame.below):
        _write(fig, MARGIN, fig.size[1] - MARGIN - under + LINE_HEIGHT * i + 0.5, line, size=look.TEXT, color=look.SOFT)
    return fig


def _draw_face(ax: Axes, face: Face, plan: Plan, view: View) -> None:
    rows = {row.key: row for row in plan.legends[face.legend].rows}
    draw_view(ax, view, face.keys, rows, plan.overlay)


def _into(plan: Plan, base: Ground, ax: Axes) -> Axes:
    across, down = look.extent(ax)
    fig = cast(Figure, ax.get_figure())
    furniture = base.enlargement is not None
    key = fitted(plan.legends[0], fig, across)
    key = replace(key, notes=(*key.notes, *plan.below))
    plan = replace(plan, legends=(key,))
    foot = footer_height(key, fig, across, furniture=furniture)
    if foot > 0.7 * down:
        raise OptionError(
            f"ax is {across:.0f} x {down:.0f} mm; the legend alone is {foot:.0f} mm high. Give larger axes, or none."
        )
    view = _within(plan, base, fig, (across, down), foot + 1)
    if _missing(plan, view.names):
        plan = _noted(plan, _missing(plan, view.names))
        foot += LINE_HEIGHT
        view = _within(plan, base, fig, (across, down), foot + 1)
    heading = " · ".join(part for part in (plan.title, plan.faces[0].heading) if part)
    if heading:
        ax.set_title(heading, loc="left", fontsize=look.HEADING, fontweight="bold", color=look.INK)
    _draw_face(ax, plan.faces[0], plan, view)
    area = ax.inset_axes((0, 0, 1, foot / down))
    footer(area, plan.legends[0], base, view.scale, furniture=furniture, size=(across, foot))
    return ax


def _within(plan: Plan, base: Ground, fig: Figure, size: tuple[float, float], floor: float) -> View:
    measure = look.measurer(fig)
    for base_of in _with_room(base):
        view = view_of(base_of, size, names=plan.names, anchors=plan.anchors, floor=floor, measure=measure)
        if view is not None:
            return view
    raise _no_place(base, size)


def _write(fig: Any, x: float, y: float, text: str, *, size: float, **options: Any) -> None:
    width, height = fig.size
    fig.text(x / width, 1 - y / height, text, fontsize=size, va="top", ha="left", **options)
