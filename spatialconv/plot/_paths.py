"""Paths over time: measures of dispersion, and Moran's I with its band under the null."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv import autocorrelation
from spatialconv._core.dispersion.measures import MEASURES
from spatialconv._drawing.axes import Frame, drawn, from_zero, headed, labelled, ticks, time_axis
from spatialconv._drawing.captions import about, named, told
from spatialconv._drawing.classes import figure
from spatialconv._drawing.scatter import write_ends
from spatialconv._language import Language, capital, restate, say, speaking
from spatialconv._options import expect, first, names, probability
from spatialconv.convergence.dispersion.sigma import SigmaConvergence
from spatialconv.errors import OptionError
from spatialconv.results import p_value

MANY = 25  # periods
_NULLS = {"normality": "values are normal", "randomisation": "values lie on the regions at random"}


@speaking
def sigma(
    result: Any,
    *,
    measures: str | Iterable[str] = ("sd_log", "cv"),
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
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
    unit : str, optional
        Of the variable, for axes and the caption.
    source : str, optional
        Whose the data are; it closes the caption below the figure.
    width : "single", "double" or float, optional
        Of the figure, 90 or 190 mm as one or two columns of a journal, or in mm.
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
    heads = [capital(_label(m)) for m in chosen]
    cut_off = any(_lowest(result.table[m]) > 0 for m in chosen)
    caption = about(
        result,
        say("Dispersion of {variable} across regions", variable=named(result.variable, unit=unit)),
        tested=(*_tests(result), say("The axes do not begin at zero") if cut_off else ""),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        for plot, measure, head in zip(axes, chosen, heads, strict=True):
            _path(plot, result.table[measure])
            headed(plot, head)

    with look.style(title, heads, caption.text, list(result.periods)):
        return drawn(paint, Frame(len(chosen), bottom=6.5), caption, title=title, width=width, ax=ax)


def _tests(result: SigmaConvergence) -> tuple[str, ...]:
    """Return what is said below of first against last period, and of the trend of the leading measure."""
    trend = result.tests[-1]
    term = trend.name.removeprefix("trend of ")
    slope = float(result.trend["estimate"].get(term, np.nan))
    of = say("ln {measure}", measure=_label(result.leading)) if term.startswith("ln ") else _label(term)
    change = say(
        "Trend of {measure}: {slope} a unit of time, {test} (HAC)",
        measure=of,
        slope=figure(slope),
        test=restate(p_value(trend.p_value)),
    )
    return told(result.pitman_morgan), change if np.isfinite(slope) else ""


def _label(measure: str) -> str:
    return say(MEASURES[measure].label if measure in MEASURES else measure.replace("_", " "))


def _path(ax: Axes, series: pd.Series) -> None:
    """Draw one series with its first and last value written at them."""
    x = time_axis(ax, series.index)
    y = series.to_numpy(dtype=float)
    # Marks of many periods would hide the line.
    mark: Any = {"marker": "o", "markersize": 3} if len(y) <= MANY else {}
    ax.plot(x, y, color=look.FIRST, label=str(series.name), zorder=3, **mark)
    ax.set_ylim(_lowest(series), np.nanmax(y) + 0.2 * _spread(series))
    ticks(ax, x=False)
    look.frame(ax)
    from_zero(ax)
    seen = np.flatnonzero(np.isfinite(y))
    write_ends(ax, x, y, {int(i): _short(y[i]) for i in dict.fromkeys((seen[0], seen[-1]))})


def _spread(series: pd.Series) -> float:
    return float(series.max() - series.min()) or abs(float(series.max())) or 1.0


def _lowest(series: pd.Series) -> float:
    """Return where the axis begins: at zero if that is near, for no measure of dispersion is below."""
    low = float(series.min()) - 0.2 * _spread(series)
    return 0.0 if low <= 0.25 * float(series.min()) and series.min() >= 0 else low


def _short(value: float) -> str:
    """Print a value as papers do: two decimals, or three digits of what is large or small."""
    text = f"{value:.2f}" if 0.1 <= abs(value) < 100 else figure(value)
    return text.replace("-", "\u2212")


@speaking
def moran_path(
    result: Any,
    *,
    level: float = 0.05,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
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
    variable = say("log {variable}", variable=result.variable) if result.log else result.variable
    heading = say("{statistic} of {variable}", statistic=say(words), variable=variable)
    how = (
        say("{n:,} permutations", n=result.permutations)
        if result.permutations
        else say("normal distribution of z") + say(", ") + say(result.null, sense="null")
    )
    band: dict[str, Any] = {"band": 100 * (1 - level), "level": level}
    caption = about(
        result,
        say("{statistic} of {variable}", statistic=say(words), variable=named(result.variable, result.log, unit)),
        tested=(
            say("Band: {band:g} % under the null that {null}", band=band["band"], null=say(_NULLS[result.null])),
            say("Filled where p \u2264 {level:g}, {side} ({how})", level=level, side=say(result.alternative), how=how),
        ),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        x = time_axis(plot, table.index)
        spread = z * np.sqrt(table["variance"].to_numpy(dtype=float))
        middle, value = (table[column].to_numpy(dtype=float) for column in ("expected", name))
        hit = table["p"].to_numpy(dtype=float) <= level
        wide = 0 if len(x) > 1 else 6  # of one period the band has no width but that of its edge
        plot.fill_between(x, middle - spread, middle + spread, color="#ececec", linewidth=wide, zorder=1, label="band")
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
        ticks(plot, x=False)
        look.frame(plot)
        headed(plot, heading)
        labelled(plot, say("{band:g} % band under the null; filled where p \u2264 {level:g}", **band))

    with look.style(title, heading, caption.text, list(result.periods)):
        return drawn(paint, Frame(), caption, title=title, width=width, ax=ax)
