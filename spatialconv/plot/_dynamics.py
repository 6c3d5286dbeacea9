"""Distribution dynamics: densities over time as ridges, and matrices of transition probabilities."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.axes import Frame, drawn, labelled, name_rows, ticks
from spatialconv._drawing.captions import Caption, about, named, told
from spatialconv._drawing.classes import figure, periods_of
from spatialconv._language import Language, enumerated, restate, say, speaking
from spatialconv._options import expect
from spatialconv.dynamics import DensityPath, MarkovChain, SpatialMarkov
from spatialconv.errors import OptionError
from spatialconv.results import written

MOST = 12  # ridges that can be told apart
RIDGE = 9.0  # mm from one base line to the next
CELL, NARROW_CELL = 5.8, 4.2  # mm, the least width of a cell that has room for 0.91, and for .91
NARROW = 20.0  # mm of a matrix, below which it stands in another row
ALL = 50  # ridges that a page has room for
OVERLAP = 2.2  # how many of these the highest ridge reaches up


@speaking
def density(
    result: Any,
    *,
    period: Hashable | Iterable[Hashable] | None = None,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot the densities of the periods one below the other (ridges), so that the distribution is seen to move.

    All ridges have one scale: the same area everywhere. The thin line stands at the mean where values are relative
    to it.

    Parameters
    ----------
    result : DensityPath
        Result of `spatialconv.density`.
    period : label or labels, optional
        Which periods; by default all, or about a dozen evenly spaced ones with the first and the last.
    title : str, optional
        Heading of the figure.
    unit : str, optional
        Of the variable, for axes and the caption.
    source : str, optional
        Whose the data are; it closes the caption below the figure.
    width : "single", "double" or float, optional
        Of the figure, 90 or 190 mm as one or two columns of a journal, or in mm.
    language : {"en", "zh"}
        Of the fixed words; names of regions and variables, and all that is given here, stay as they are.
    ax : Axes, optional
        Draw into these axes.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    OptionError
        If a period is not in the result.

    Examples
    --------
    >>> import spatialconv as sc
    >>> figure = sc.plot.density(sc.density(sc.datasets.us_income().panel, "income"))
    """
    expect(result, DensityPath, "plot.density", "the result of sc.density")
    chosen = _spaced(result.periods) if period is None else periods_of(result.periods, period)
    if len(chosen) > ALL:
        raise OptionError(
            f"a page has room for {ALL} densities; {len(chosen)} periods are asked for. Choose by period=."
        )
    curves = result.densities.loc[chosen].to_numpy(dtype=float)
    words = {"relative": "relative to the mean", "log": "logarithm", "level": "level"}[result.scale]
    label = result.variable + say(", ") + say(words)
    how = say("Gaussian kernel, bandwidth: {rule}", rule=restate(result.bandwidth))
    label = say("{variable} ({unit})", variable=label, unit=unit) if unit and result.scale == "level" else label
    caption = about(
        result,
        say("Densities of {variable}, {scale}", variable=named(result.variable, unit=unit), scale=say(words)),
        tested=(
            how + say(", ") + restate(result.edge) if result.edge else how,
            say("{some} of {n} periods drawn", some=len(chosen), n=len(result.periods))
            if len(chosen) < len(result.periods)
            else "",
        ),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        _ridges(plot, result.grid, curves, chosen, mean=result.scale == "relative")
        labelled(plot, label)

    # No higher than a page, however many there are.
    height = min(RIDGE * _reach(curves), look.HEIGHT - 40.0) + 1.0
    with look.style(title, label, [written(p) for p in chosen], caption.text):
        return drawn(paint, Frame(height=height, top=2.0), caption, title=title, width=width, ax=ax)


def _spaced(periods: pd.Index) -> pd.Index:
    if len(periods) <= MOST:
        return periods
    return periods[np.unique(np.linspace(0, len(periods) - 1, MOST).round().astype(int))]


def _reach(curves: Any) -> float:
    """Return how high the highest ridge reaches, in steps from one base line to the next."""
    bases = np.arange(len(curves))[::-1]
    return float((bases + OVERLAP * curves.max(axis=1) / curves.max()).max())


def _ridges(ax: Axes, x: Any, curves: Any, periods: pd.Index, *, mean: bool) -> None:
    scale = OVERLAP / float(curves.max())
    bases = np.arange(len(periods))[::-1].astype(float)
    if mean:
        ax.axvline(1.0, color=look.FAINT, linewidth=0.6, zorder=0)
    for i, (curve, base, period) in enumerate(zip(curves, bases, periods, strict=True)):
        top = base + scale * curve
        # Later ridges stand in front of earlier ones, whose feet they hide.
        ax.fill_between(x, base, top, color="#c9dcec", linewidth=0, zorder=2 * i + 1)
        ax.plot(x, top, color=look.FIRST, linewidth=0.9, zorder=2 * i + 2, label=written(period))
    name_rows(ax, list(bases), periods)
    ax.set_ylim(-0.1, _reach(curves) + 0.05)
    shown = np.flatnonzero((curves > 1e-3 * curves.max()).any(axis=0))
    ax.set_xlim(x[shown[0]], x[shown[-1]])
    ticks(ax, 6, y=False)
    look.frame(ax)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


@speaking
def transitions(
    result: Any,
    *,
    counts: bool = True,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot the matrix of transition probabilities; of a spatial chain, one matrix for each class of neighbours.

    Rows are classes at the start of a step, the lowest on top, columns those at its end. Rows from which nothing
    departs stay empty.

    Parameters
    ----------
    result : MarkovChain or SpatialMarkov
        Result of `spatialconv.markov` or `spatialconv.spatial_markov`.
    counts : bool
        Print how many regions departed from each class at its row.
    title : str, optional
        Heading of the figure.
    unit : str, optional
        Of the variable, for axes and the caption.
    source : str, optional
        Whose the data are; it closes the caption below the figure.
    width : "single", "double" or float, optional
        Of the figure, 90 or 190 mm as one or two columns of a journal, or in mm.
    language : {"en", "zh"}
        Of the fixed words; names of regions and variables, and all that is given here, stay as they are.
    ax : Axes, optional
        Draw a single matrix into these axes; of a spatial chain the pooled one.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    OptionError
        If it is no such result, `ax` is no Axes, or the width is none.

    Examples
    --------
    >>> import spatialconv as sc
    >>> figure = sc.plot.transitions(sc.markov(sc.datasets.us_income().panel, "income"))
    """
    expect(result, (MarkovChain, SpatialMarkov), "plot.transitions", "the result of sc.markov or sc.spatial_markov")
    if not isinstance(counts, bool):
        raise OptionError(f"counts must be True or False; got {counts!r}.")
    tables = _tables(result) if ax is None else {"": _pooled(result)}
    k = len(_pooled(result)[0])
    caption = _moves_caption(result, unit, source)

    def paint(axes: list[Axes]) -> None:
        for plot, (head, (p, n)) in zip(axes, tables.items(), strict=True):
            _matrix(plot, p, n if counts else None)
            if head:
                plot.set_title(head, loc="left", fontsize=look.HEADING, fontweight="bold", color=look.INK, pad=21)

    with look.style(title, list(tables), caption.text):
        frame = Frame(
            len(tables),
            lambda across: across * (0.8 if k > 2 else 0.6),
            3,
            left=11.0,
            right=12.0,
            top=14.0,
            bottom=3.0,
            least=NARROW,
        )
        return drawn(paint, frame, caption, title=title, width=width, ax=ax)


_MOVING = {"relative": "relative to the mean of its period", "log": "logarithm", "level": "level", "rank": "rank"}


def _moves_caption(result: Any, unit: str | None, source: str | None) -> Caption:
    """Say what is classed and where the classes end, how long a step is, and whether neighbours matter."""
    spatial = isinstance(result, SpatialMarkov)
    chain = result.pooled if spatial else result
    step = chain.step
    ends = [figure(value) for value in chain.classes["most"].iloc[:-1]]
    n = say("n at a row: moves that begin in its class")
    if ends:
        count = len(chain.classes)
        n = say("{k} classes, up to {ends} and above", k=count, ends=enumerated(ends)) + say("; ") + n
    neighbours = say("Classes of neighbours by their average") if spatial else ""
    return about(
        result,
        say(
            "Probabilities of moving between classes of {variable}, {scale}, in {steps}",
            variable=named(result.variable, unit=unit),
            scale=say(_MOVING.get(result.scale, result.scale)),
            steps=say("{n} steps", n=step) if step != 1 else say("1 step"),
        ),
        tested=(n, neighbours, told(result.tests[0]) if spatial else ""),
        source=source,
    )


def _pooled(result: Any) -> tuple[pd.DataFrame, pd.Series]:
    chain = result.pooled if isinstance(result, SpatialMarkov) else result
    return chain.probabilities, chain.counts.sum(axis=1)


def _tables(result: Any) -> dict[str, tuple[pd.DataFrame, pd.Series]]:
    if isinstance(result, MarkovChain):
        return {say("Probability of moving"): _pooled(result)}
    found = {say("All"): _pooled(result)}
    m = len(result.lag_classes)
    for label in result.lag_classes.index:
        end = say(" (lowest)") if label == 1 else say(" (highest)") if label == m else ""
        found[say("Neighbours: {label}", label=label) + end] = (
            result.probabilities.loc[label],
            result.counts.loc[label].sum(axis=1),
        )
    return found


def _matrix(ax: Axes, p: pd.DataFrame, departures: pd.Series | None) -> None:
    values = p.to_numpy(dtype=float)
    k = len(values)
    room = look.extent(ax)[0] / k
    legible = room >= NARROW_CELL
    shades = mpl.colors.LinearSegmentedColormap.from_list("transitions", ["#ffffff", *look.SEQUENTIAL[1:7]])
    for i in range(k):
        for j in range(k):
            known = np.isfinite(values[i, j])
            face = shades(values[i, j]) if known else look.EMPTY
            ax.add_patch(
                mpl.patches.Rectangle((j, i), 1, 1, facecolor=face, edgecolor="white", linewidth=0.8, label=f"{i},{j}")
            )
            if known and legible:
                ax.text(
                    j + 0.5,
                    i + 0.5,
                    _short(values[i, j]) if room >= CELL else _bare(values[i, j]),
                    ha="center",
                    va="center",
                    color="white" if values[i, j] > 0.55 else look.INK if values[i, j] > 0 else look.FAINT,
                    label="probability",
                )
        if departures is not None:
            ax.annotate(
                f"n {int(departures.iloc[i]):,}",
                (k, i + 0.5),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                color=look.SOFT,
                label="departures",
            )
    ax.set(xlim=(0, k), ylim=(k, 0))
    look.frame(ax, x=False, y=False)
    ax.xaxis.tick_top()
    ax.set_xticks(np.arange(k) + 0.5, [str(c) for c in p.columns])
    ax.set_yticks(np.arange(k) + 0.5, [str(c) for c in p.index])
    ax.tick_params(
        top=False, bottom=False, left=False, labeltop=True, labelbottom=False, labelleft=True, length=0, pad=1.5
    )
    ax.set_ylabel(say("from class"), labelpad=2)
    ax.xaxis.set_label_position("top")
    ax.set_xlabel(say("to class"), labelpad=2)


def _short(p: float) -> str:
    return "0" if p == 0 else "1" if p == 1 else f"{p:.2f}" if p >= 0.005 else "<.01"


def _bare(p: float) -> str:
    return _short(p).removeprefix("0") or "0" if p >= 0.005 else "0" if p == 0 else ".00"
