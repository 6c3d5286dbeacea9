"""Paths over time: measures of dispersion, and Moran's I with its band under the null."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spatialconv import _style as look
from spatialconv import autocorrelation
from spatialconv._core.dispersion.measures import MEASURES
from spatialconv._drawing.axes import STEPS, finished, given, row, time_axis
from spatialconv._drawing.classes import figure
from spatialconv._drawing.scatter import write_ends
from spatialconv._language import Language, say, speaking
from spatialconv._options import expect, first, names, probability
from spatialconv.convergence.dispersion.sigma import SigmaConvergence
from spatialconv.errors import OptionError

MANY = 25  # periods


@speaking
def sigma(
    result: Any,
    *,
    measures: str | Iterable[str] = ("sd_log", "cv"),
    title: str | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot measures of dispersion over time, each in a panel of its own with its own scale.

    Parameters
    ----------
    result : SigmaConvergence
        Result of `spatialconv.sigma`.
    measures : names
        Columns of `result.table`, side by side.
    title : str, optional
        Heading of the figure.
    language : {"en", "zh"}
        Of the fixed words; names of regions and variables, and all that is given here, stay as they are.
    ax : Axes, optional
        Draw a single measure into these axes.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    OptionError
        If a measure is not in the result, or `ax` is given for several.

    Examples
    --------
    >>> import spatialconv as sc
    >>> result = sc.sigma(sc.datasets.zhejiang().panel, "exports")
    >>> figure = sc.plot.sigma(result)
    """
    expect(result, SigmaConvergence, "plot.sigma", "the result of sc.sigma")
    chosen = names("measures", measures)
    unknown = [m for m in chosen if m not in result.table.columns]
    if unknown or not chosen:
        raise OptionError(
            f"measures must name columns of the result ({first(list(result.table.columns), 12)}); got "
            f"{first(unknown) if unknown else 'none'}. Compute others by sc.sigma(…, measures=[…])."
        )
    if ax is not None and len(chosen) > 1:
        raise OptionError(f"ax takes one measure, and {len(chosen)} are asked for: {first(chosen)}.")
    heads = [f"{_label(m)[0].upper()}{_label(m)[1:]}" for m in chosen]
    with look.style(title, heads, list(result.periods)):
        axes = [given(ax)] if ax is not None else row(len(chosen), title, bottom=6.5)
        for plot, measure, head in zip(axes, chosen, heads, strict=True):
            _path(plot, result.table[measure])
            plot.set_title(head, loc="left", fontsize=look.HEADING, fontweight="bold", color=look.INK)
        return finished(axes, ax)


def _label(measure: str) -> str:
    return say(MEASURES[measure].label if measure in MEASURES else measure.replace("_", " "))


def _path(ax: Axes, series: pd.Series) -> None:
    """Draw one series with its first and last value written at them."""
    x = time_axis(ax, series.index)
    y = series.to_numpy(dtype=float)
    # Marks of many periods would hide the line.
    mark: Any = {"marker": "o", "markersize": 3} if len(y) <= MANY else {}
    ax.plot(x, y, color=look.FIRST, label=str(series.name), zorder=3, **mark)
    spread = np.nanmax(y) - np.nanmin(y) or abs(np.nanmax(y)) or 1.0
    ax.set_ylim(np.nanmin(y) - 0.2 * spread, np.nanmax(y) + 0.2 * spread)
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
    look.frame(ax)
    seen = np.flatnonzero(np.isfinite(y))
    write_ends(ax, x, y, {int(i): _short(y[i]) for i in (seen[0], seen[-1])})


def _short(value: float) -> str:
    """Print a value as papers do: two decimals, or three digits of what is large or small."""
    text = f"{value:.2f}" if 0.1 <= abs(value) < 100 else figure(value)
    return text.replace("-", "\u2212")


def _logged(variable: str, log: bool) -> str:
    return say("log {variable}", variable=variable) if log else variable


@speaking
def moran_path(
    result: Any, *, level: float = 0.05, title: str | None = None, language: Language = "en", ax: Axes | None = None
) -> Figure | Axes:
    """Plot Moran's I (or Geary's C, or G) over time, with what it would be if values were placed at random.

    The band is the expectation plus and minus so many standard deviations under the null that a normal test
    at `level` would reject outside of it; full marks are the periods in which the test, whichever it was, does.

    Parameters
    ----------
    result : GlobalAutocorrelation
        Result of `spatialconv.moran`, `geary` or `general_g`.
    level : float
        Of the band and the marks; 0.05 is plus and minus 1.96 standard deviations.
    title : str, optional
        Heading of the figure.
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
        If the level does not lie between 0 and 1.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> figure = sc.plot.moran_path(sc.moran(zj.panel, "exports", sc.weights.adjacency(zj.cities), log=True))
    """
    from scipy import stats

    expect(result, autocorrelation.GlobalAutocorrelation, "plot.moran_path", "the result of sc.moran and the like")
    z = float(stats.norm.ppf(1 - probability("level", level) / 2))
    table, name = result.table, result.statistic
    words = {"I": "Moran's I", "C": "Geary's C", "G": "General G"}[name]
    with look.style(title, result.variable, list(result.periods)):
        plot = given(ax) if ax is not None else row(1, title)[0]
        x = time_axis(plot, table.index)
        spread = z * np.sqrt(table["variance"].to_numpy(dtype=float))
        middle, value = (table[column].to_numpy(dtype=float) for column in ("expected", name))
        hit = table["p"].to_numpy(dtype=float) <= level
        plot.fill_between(x, middle - spread, middle + spread, color="#ececec", linewidth=0, zorder=1, label="band")
        plot.plot(x, middle, color=look.SOFT, linewidth=0.6, zorder=2, label="expected")
        plot.plot(x, value, color=look.FIRST, zorder=3, label=name)
        for where, fill, label in ((hit, look.FIRST, "significant"), (~hit, "white", "not significant")):
            plot.plot(
                x[where],
                value[where],
                "o",
                markersize=3.6 if len(x) <= MANY else 2.2,
                color=look.FIRST,
                mfc=fill,
                zorder=4,
                label=label,
            )
        plot.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
        look.frame(plot)
        of = say("{statistic} of {variable}", statistic=say(words), variable=_logged(result.variable, result.log))
        plot.set_title(of, loc="left", fontsize=look.HEADING, fontweight="bold", color=look.INK)
        note = say(
            "{band:g} % band under the null; filled where p \u2264 {level:g}", band=100 * (1 - level), level=level
        )
        plot.set_xlabel(note, fontsize=look.TEXT, color=look.SOFT, loc="left")
        return finished([plot], ax)
