"""The specification curve: all estimates sorted, and beneath each the choices that led to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spatialconv import _style as look
from spatialconv._drawing.axes import STEPS, cut, sheet_of
from spatialconv._drawing.captions import Caption, about
from spatialconv._drawing.classes import listed
from spatialconv._language import Language, restate, say, speaking
from spatialconv._multiverse import AXES, Multiverse
from spatialconv._options import expect, names, whole
from spatialconv.errors import OptionError
from spatialconv.results import number

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# Up to this many specifications each one is drawn; more share columns of 0.4 mm.
SINGLE, COLUMNS = 320, 330
# mm: heights of the curve, of a row of choices, between groups, for the words above and below, and margins.
CURVE, ROW, GROUP, ABOVE, BELOW, RIGHT = 56.0, 3.1, 1.5, 16.5, 2.0, 15.0
MOST = 12  # choices of an axis with a row each
WORDS_AT_MOST = 36.0  # mm of the name of a choice
DIM = "#a9a9a9"
BANDS = {True: "#86a9c6", False: "#cfcfcf"}  # intervals, lighter than the marks of choices
SHADES = LinearSegmentedColormap.from_list("choices", ["#ffffff", look.FIRST])
_SAID = {
    "data": "data",
    "sample": "sample",
    "horizon": "span",
    "weights": "weights",
    "model": "model",
    "effects": "effects",
    "correction": "approach",
    "controls": "controls",
    "vcov": "errors",
}

_APPROACH = {"none": "direct", "lee-yu": "Lee-Yu"}


@dataclass(frozen=True)
class Choice:
    """A row of the lower part: its group, its name, and which specifications took it."""

    group: str
    name: str
    taken: Mask


@speaking
def specification_curve(
    result: Any,
    *,
    axes: str | Iterable[str] | None = None,
    most: int = MOST,
    title: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
) -> Figure:
    """Plot all estimates of a multiverse sorted by size, and beneath each the choices that led to it.

    Whether a finding hangs on one path through the choices: a pattern in a row of the lower part says that this choice
    decides where on the curve an estimate lies. Up to 320 specifications are drawn one by one; more share
    columns, which the figure says: the band is then the median interval of a column, and the shade of a choice its
    share there.

    Parameters
    ----------
    result : Multiverse
        Result of `sc.multiverse`.
    axes : names, optional
        Which axes to show, from top to bottom; by default all that vary, those first that move the estimate most.
    most : int
        Choices of an axis that have a row of their own; regions or periods left out in turn share one beyond it, and so
        do the rarest of others.
    title : str, optional
        Heading of the figure.
    source : str, optional
        Whose the data are; it closes the caption below the figure.
    width : "single", "double" or float, optional
        Of the figure, 90 or 190 mm as one or two columns of a journal, or in mm.
    language : {"en", "zh"}
        Of the fixed words; names of regions and variables, and all that is given here, stay as they are.

    Returns
    -------
    Figure
        Of 180 mm.

    Raises
    ------
    OptionError
        If an axis is unknown, or the rows would not fit a page.

    References
    ----------
    Simonsohn, Simmons and Nelson (2020), Specification curve analysis, Nature Human Behaviour 4, 1208-1214.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = {"border": sc.weights.adjacency(zj.cities), "inverse": sc.weights.inverse_distance(zj.cities)}
    >>> m = sc.multiverse(zj.panel, "exports", weights=w, effects=("none", "time", "region"), controls=((), "digital"))
    >>> figure = sc.plot.specification_curve(m)
    """
    expect(result, Multiverse, "plot.specification_curve", "the result of sc.multiverse")
    whole("most", most, least=2)
    table = result.estimated.sort_values("estimate", kind="stable")
    rows = list(_choices(result, table, _shown(result, axes), most))
    if rows and len(table) > SINGLE:
        rows = [Choice("p", say("at most {level:.2g}", level=1 - result.level), _significant(result, table)), *rows]
    heading = title or _heading(result)
    caption = _caption(result, table, source)
    with look.style(heading, [r.name for r in rows], caption.text):
        wide = look.width_of(width, look.PAGE)
        probe = look.Sheet(wide, 10)
        above = _above(result, table, heading, probe)
        groups = dict.fromkeys(r.group for r in rows)
        below = ROW * len(rows) + GROUP * max(len(groups) - 1, 0)
        height = above + CURVE + (3.0 + below if rows else 0.0) + BELOW
        if height > look.HEIGHT:
            raise OptionError(
                f"{len(rows):,} rows of choices need {height:.0f} mm, and a page has {look.HEIGHT:.0f}; show fewer by "
                "axes=(…) or most=…"
            )
        sheet, _ = sheet_of(height, caption, None, wide)
        left = _left(sheet, rows)
        across = wide - left - RIGHT
        curve = sheet.place(left, above, across, CURVE)
        _words_above(sheet, result, table, heading)
        _curve(curve, result, table)
        if rows:
            _lower(sheet.place(left, above + CURVE + 3.0, across, below), rows, table, result)
        return sheet


def _shown(result: Multiverse, axes: str | Iterable[str] | None) -> list[str]:
    if axes is None:
        order = [axis for axis in result.decomposition().index if axis in AXES]
        return order + [axis for axis in result.varied if axis not in order]
    chosen = names("axes", axes)
    unknown = [axis for axis in chosen if axis not in AXES]
    if unknown:
        raise OptionError(f"axes must be among {', '.join(map(repr, AXES))}; got {unknown[0]!r}.")
    return list(chosen)


def _heading(result: Multiverse) -> str:
    grid = result.grid
    if grid.focus is None:
        return say("β of {variable}, initial level", variable=grid.variable)
    return say("{focus} in {variable}", focus=grid.focus, variable=grid.variable)


def _choices(result: Multiverse, table: pd.DataFrame, axes: list[str], most: int) -> Iterator[Choice]:
    for axis in axes:
        group = say(_SAID[axis])
        if axis == "controls":
            sets = [result.grid.specs[k].controls for k in table.index]
            members = dict.fromkeys(name for one in sets for name in one)
            found = {say("none"): np.array([not one for one in sets])}
            found |= {name: np.array([name in one for one in sets]) for name in members}
        else:
            order = dict.fromkeys(getattr(spec, axis) for spec in result.grid.specs)
            values = table[axis].to_numpy()
            found = {_called(axis, str(value)): values == value for value in order}
        found = {name: taken for name, taken in found.items() if taken.any()}
        yield from (Choice(group, name, taken) for name, taken in _fewer(found, most, axis == "sample").items())


def _called(axis: str, value: str) -> str:
    """Return what a choice is called; names of data, groups and weights are the caller's."""
    if axis == "correction":
        return say(_APPROACH.get(value, value))
    if axis == "sample":
        return say("all") if value == "all" else restate(value) if value.startswith("without ") else value
    return say(value, sense=axis) if axis in ("effects", "vcov") else value


def _fewer(found: dict[str, Mask], most: int, samples: bool) -> dict[str, Mask]:
    """Join choices of which there are too many: those left out in turn first, then the rarest."""
    if len(found) <= most:
        return found
    without = say("without {region}", region="\0").split("\0")
    turns = [name for name in found if samples and name.startswith(without[0]) and name.endswith(without[1])]
    if len(turns) > 1:
        found = _joined(found, turns, say("one left out ({n})", n=len(turns)))
    if len(found) <= most:
        return found
    rarest = sorted(found, key=lambda name: int(found[name].sum()))[: len(found) - most + 1]
    return _joined(found, rarest, say("others ({n})", n=len(rarest)))


def _joined(found: dict[str, Mask], members: list[str], name: str) -> dict[str, Mask]:
    kept = {key: taken for key, taken in found.items() if key not in members}
    joined = np.zeros_like(next(iter(found.values())))
    for key in members:
        joined |= found[key]
    return {**kept, name: joined}


def _left(sheet: look.Sheet, rows: list[Choice]) -> float:
    """Return the margin that the names of groups and choices need, in mm."""
    plain, bold = look.measurer(sheet), look.measurer(sheet, weight="bold")
    if not rows:
        return 13.0
    names_ = max(plain(cut(row.name, plain, WORDS_AT_MOST))[0] for row in rows)
    return float(max(13.0, 2.0 + max(bold(row.group)[0] for row in rows) + 3.0 + names_ + 2.0))


def _significant(result: Multiverse, table: pd.DataFrame) -> Mask:
    return np.asarray(table["p_value"] <= 1 - result.level, dtype=bool)


def _bins(n: int) -> npt.NDArray[np.intp]:
    """Return the column of each of n specifications."""
    if n <= SINGLE:
        return np.arange(n, dtype=np.intp)
    return (np.arange(n) * COLUMNS // n).astype(np.intp)


def _drawn(result: Multiverse, table: pd.DataFrame) -> pd.DataFrame:
    """Return what is drawn: every specification or the medians of columns, and whether most is significant."""
    column, many = _bins(len(table)), len(table) > SINGLE
    frame = table[["estimate", "conf_low", "conf_high"]].astype(float).groupby(column)
    share = pd.Series(_significant(result, table)).groupby(column).mean()
    return (frame.median() if many else frame.first()).assign(significant=share > 0.5)


def _curve(ax: Axes, result: Multiverse, table: pd.DataFrame) -> None:
    column, drawn = _bins(len(table)), _drawn(result, table)
    ax.axhline(0, color=look.INK, linewidth=0.6, zorder=1, label="zero")
    across, _ = look.extent(ax)
    wide = min(1.2, 0.8 * across / len(drawn) * look.MM * 72)
    for significant, colour in ((False, DIM), (True, look.FIRST)):
        part = drawn[drawn["significant"] == significant]
        known = part.dropna()
        label = "significant" if significant else "not significant"
        ax.vlines(
            known.index,
            known["conf_low"],
            known["conf_high"],
            color=BANDS[significant],
            linewidth=wide,
            capstyle="butt",
            zorder=2,
            label=f"interval, {label}",
        )
        size = 3.0 if len(drawn) <= 80 else 1.6
        # Grey tells the two apart by lightness and by the mark: full where significant, hollow where not.
        fill = colour if significant else "white"
        ax.plot(
            part.index,
            part["estimate"],
            "o",
            markersize=size,
            color=look.INK if significant else "#6b6b6b",
            markerfacecolor=look.INK if significant else fill,
            markeredgewidth=0.5,
            zorder=4,
            label=label,
        )
    _median(ax, float(table["estimate"].median()))
    _preferred(ax, result, table, column)
    last = int(column[-1])
    ax.set_xlim(-0.01 * last - 0.6, 1.01 * last + 0.6)
    ax.set_ylim(*_limits(drawn))
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=STEPS))
    look.frame(ax, x=False)


def _limits(frame: pd.DataFrame) -> tuple[float, float]:
    """Return limits that hold every estimate, and intervals as far as they do not dwarf them."""
    low, high = float(frame["estimate"].min()), float(frame["estimate"].max())
    spread = max(high - low, 1e-12)
    ends = frame[["conf_low", "conf_high"]].dropna()
    if len(ends):
        low = min(low, max(float(ends["conf_low"].quantile(0.02)), low - spread))
        high = max(high, min(float(ends["conf_high"].quantile(0.98)), high + spread))
    pad = 0.04 * (high - low) or 0.1
    return min(low - pad, 0.0), max(high + pad, 0.0)


def _median(ax: Axes, median: float) -> None:
    ax.axhline(median, color=look.SOFT, linewidth=0.8, linestyle=(0, (4, 2)), zorder=3, label="median")
    text = f"{say('median')}\n{number(median)}".replace("-", "−")
    ax.annotate(
        text,
        (1, median),
        xytext=(3, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        color=look.SOFT,
        fontsize=look.TEXT,
        annotation_clip=False,
    )


def _preferred(ax: Axes, result: Multiverse, table: pd.DataFrame, column: npt.NDArray[np.intp]) -> None:
    if result.preferred is None or result.preferred not in table.index:
        return
    place = int(np.flatnonzero(table.index == result.preferred)[0])
    ax.plot(
        [column[place]],
        [table["estimate"].iloc[place]],
        "D",
        color=look.SECOND,
        markersize=4.4,
        markeredgecolor="white",
        markeredgewidth=0.6,
        zorder=6,
        label="preferred",
    )


def _lower(ax: Axes, rows: list[Choice], table: pd.DataFrame, result: Multiverse) -> None:
    n, column = len(table), _bins(len(table))
    last = int(column[-1])
    ax.set_xlim(-0.01 * last - 0.6, 1.01 * last + 0.6)
    significant = _significant(result, table)
    places, y, group = [], 0.0, rows[0].group
    for row in rows:
        if row.group != group:
            y, group = y + GROUP, row.group
        places.append(y + ROW / 2)
        y += ROW
    ax.set_ylim(y, 0)
    plain = look.measurer(ax.get_figure())  # type: ignore[arg-type]
    if n > SINGLE:
        _shaded(ax, rows, places, column)
    else:
        _dotted(ax, rows, places, significant)
    if result.preferred is not None and result.preferred in table.index:
        place = column[int(np.flatnonzero(table.index == result.preferred)[0])]
        ax.axvline(place, color=look.SECOND, linewidth=0.6, zorder=0.5, label="preferred")
    seen: set[str] = set()
    left = ax.get_position().x0 * cast(look.Sheet, ax.get_figure()).size[0]
    for row, at in zip(rows, places, strict=True):
        words: dict[str, Any] = {"va": "center_baseline", "fontsize": look.TEXT, "annotation_clip": False}
        where: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        ax.annotate(
            cut(row.name, plain, WORDS_AT_MOST), (0, at), xytext=(-3, 0), ha="right", color=look.INK, **where, **words
        )
        if row.group not in seen:
            seen.add(row.group)
            shift = -(left - 1.5) * look.MM * 72
            ax.annotate(
                row.group, (0, at), xytext=(shift, 0), ha="left", color=look.INK, fontweight="bold", **where, **words
            )
    ax.set_axis_off()


def _dotted(ax: Axes, rows: list[Choice], places: list[float], significant: Mask) -> None:
    x = np.arange(len(significant))
    across, _ = look.extent(ax)
    size = float(np.clip(0.75 * across / len(x) * look.MM * 72, 1.3, 3.2))
    for row, at in zip(rows, places, strict=True):
        ax.axhline(at, color="#ececec", linewidth=0.5, zorder=0)
        for kind, colour in ((False, DIM), (True, look.FIRST)):
            here = x[row.taken & (significant == kind)]
            ax.plot(
                here,
                np.full(len(here), at),
                "s",
                color=colour,
                markersize=size,
                markeredgewidth=0,
                zorder=2,
                label=f"{row.group}: {row.name}",
            )


def _shaded(ax: Axes, rows: list[Choice], places: list[float], column: npt.NDArray[np.intp]) -> None:
    """Shade each column of each row by the share of its specifications that took the choice."""
    count = np.bincount(column)
    for row, at in zip(rows, places, strict=True):
        share = np.bincount(column, row.taken) / count
        half = 0.42 * ROW
        ax.imshow(
            share[None, :],
            cmap=SHADES,
            vmin=0,
            vmax=1,
            aspect="auto",
            interpolation="nearest",
            zorder=1,
            extent=(-0.5, len(count) - 0.5, at + half, at - half),
            label=f"{row.group}: {row.name}",
        )
        ax.add_patch(_box(len(count), at, half))


def _box(columns: int, at: float, half: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((-0.5, at - half), columns, 2 * half, fill=False, edgecolor=look.FAINT, linewidth=0.3, zorder=2)


def _said(result: Multiverse) -> str:
    counts = result.shares
    percent = f"{100 * (1 - result.level):.3g}"
    said = say(
        "{n:,} specifications: {negative:.0f} % negative, {significant:.0f} % significant at {percent} %",
        n=counts["estimated"],
        negative=100 * counts["negative"],
        significant=100 * counts["significant"],
        percent=percent,
    )
    if result.bootstrap:
        said += say(" ({share:.0f} % by the bootstrap)", share=100 * counts["significant_bootstrap"])
    return said


def _lines_above(result: Multiverse, heading: str, sheet: look.Sheet) -> tuple[list[str], list[str]]:
    room = sheet.size[0] - 3.0
    bold = look.measurer(sheet, size=look.HEADING, weight="bold")
    return look.wrapped(heading, bold, room), look.wrapped(_said(result), look.measurer(sheet), room)


def _above(result: Multiverse, table: pd.DataFrame, heading: str, sheet: look.Sheet) -> float:
    """Return mm that heading, counts and legend take."""
    heads, said = _lines_above(result, heading, sheet)
    rows = -(-len(_marks(result, table)) // _columns(result, table, sheet))
    return ABOVE + 4.0 * (len(heads) - 1) + 3.4 * (len(said) - 1) + 4.0 * (rows - 1)


def _words_above(sheet: look.Sheet, result: Multiverse, table: pd.DataFrame, heading: str) -> None:
    across, down = sheet.size
    heads, said = _lines_above(result, heading, sheet)
    y = 1.5
    for line in heads:
        sheet.text(1.5 / across, 1 - y / down, line, fontsize=look.HEADING, fontweight="bold", va="top")
        y += 4.0
    for line in said:
        sheet.text(1.5 / across, 1 - (y + 0.5) / down, line, fontsize=look.TEXT, va="top", color=look.INK)
        y += 3.4
    _legend(sheet, result, table, y + 2.3)


def _marks(result: Multiverse, table: pd.DataFrame) -> list[Any]:
    """Return what the legend explains."""
    from matplotlib.lines import Line2D

    many = len(table) > SINGLE
    unit = say("column, most of it ") if many else ""
    line: Any = Line2D
    marks = [
        line(
            [],
            [],
            color=BANDS[True],
            marker="o",
            markersize=3.2,
            markerfacecolor=look.INK,
            markeredgecolor=look.INK,
            linewidth=1.2,
            label=unit + say("significant"),
        ),
        line(
            [],
            [],
            color=BANDS[False],
            marker="o",
            markersize=3.2,
            markerfacecolor="white",
            markeredgecolor="#6b6b6b",
            markeredgewidth=0.5,
            linewidth=1.2,
            label=unit + say("not significant"),
        ),
    ]
    if result.preferred is not None and result.preferred in table.index:
        marks.append(line([], [], color=look.SECOND, marker="D", markersize=4, linewidth=0, label=say("preferred")))
    return marks


def _columns(result: Multiverse, table: pd.DataFrame, sheet: look.Sheet) -> int:
    """Return how many entries of the legend stand side by side."""
    marks, measure = _marks(result, table), look.measurer(sheet)
    widest = max(measure(str(mark.get_label()))[0] for mark in marks) + 12.0
    return max(1, min(len(marks), int((sheet.size[0] - 3.0) // widest)))


def _legend(sheet: look.Sheet, result: Multiverse, table: pd.DataFrame, top: float) -> None:
    marks = _marks(result, table)
    across, down = sheet.size
    sheet.legend(
        handles=marks,
        loc="upper left",
        bbox_to_anchor=(0.2 / across, 1 - (top - 1.2) / down),
        ncols=_columns(result, table, sheet),
        frameon=False,
        fontsize=look.TEXT,
        handlelength=2.0,
        columnspacing=1.8,
        borderpad=0.2,
        handletextpad=0.6,
    )


def _caption(result: Multiverse, table: pd.DataFrame, source: str | None) -> Caption:
    n, grid = len(table), result.grid
    low, high = _limits(drawn := _drawn(result, table))
    beyond = int(((drawn["conf_low"] < low) | (drawn["conf_high"] > high)).sum())
    level = 100 * result.level
    said = say("{n:,} specifications, sorted by estimate; {level:g} % intervals", n=n, level=level)
    if n > SINGLE:
        said = say(
            "{n:,} specifications in {columns} columns, sorted by estimate; bands: the median of a column's "
            "{level:g} % intervals; shade: share with the choice, none to all",
            n=n,
            columns=COLUMNS,
            level=level,
        )
    if beyond:
        words = "; {n:,} intervals run beyond the axis" if beyond > 1 else "; {n} interval runs beyond the axis"
        said += say(words, n=beyond)
    what = (
        say("Estimates of the initial level in growth of {variable}", variable=grid.variable)
        if grid.focus is None
        else say("Estimates of {focus} in growth of {variable}", focus=grid.focus, variable=grid.variable)
    )
    weights = [str(name) for name in dict.fromkeys(table["weights"]) if name is not None and name == name]
    return about(
        result,
        what,
        periods=say("{n} periods", n=result.provenance.n_periods),
        tested=(said, say("Significant: p \u2264 {level:.2g}, two-sided", level=1 - result.level)),
        weights=listed(weights) if weights else None,
        source=source,
    )
