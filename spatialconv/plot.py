"""Plots for print: sigma convergence, Moran scatter and path, growth on initial level, coefficients of models.

Each function takes a result and returns a Figure of 90 or 180 mm, or draws into the axes it is given. Nothing
is registered with pyplot: the Figure shows itself in a notebook, `save` writes it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spatialconv import _style as look
from spatialconv import autocorrelation, weights
from spatialconv._core.added_variable import added_variable
from spatialconv._core.dispersion import MEASURES
from spatialconv._core.effects import projection
from spatialconv._core.information import spatial_filter
from spatialconv._drawing.axes import STEPS, above, finished, given, headings, limits, row, square, time_axis
from spatialconv._drawing.classes import figure, listed
from spatialconv._drawing.coefficients import coefficients
from spatialconv._drawing.scatter import Points, annotate, write_ends
from spatialconv._options import expect, first, names, probability
from spatialconv._style import save
from spatialconv.convergence.beta import BetaConvergence
from spatialconv.convergence.sigma import SigmaConvergence
from spatialconv.errors import OptionError
from spatialconv.models.design import matrix
from spatialconv.panel import Panel, as_panel
from spatialconv.results import number, p_value

__all__ = ["beta_scatter", "coefficients", "moran_path", "moran_scatter", "save", "sigma"]

FloatArray = npt.NDArray[np.float64]
Labels = bool | Literal["all"] | Iterable[Hashable]

MANY = 25  # periods


# ---------------------------------------------------------------------- paths over time


def sigma(
    result: Any,
    *,
    measures: str | Iterable[str] = ("sd_log", "cv_log"),
    title: str | None = None,
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
    return MEASURES[measure].label if measure in MEASURES else measure.replace("_", " ")


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


def moran_path(result: Any, *, level: float = 0.05, title: str | None = None, ax: Axes | None = None) -> Figure | Axes:
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
        of = f"{words} of {'log ' if result.log else ''}{result.variable}"
        plot.set_title(of, loc="left", fontsize=look.HEADING, fontweight="bold", color=look.INK)
        note = f"{100 * (1 - level):g} % band under the null; filled where p \u2264 {level:g}"
        plot.set_xlabel(note, fontsize=look.TEXT, color=look.SOFT, loc="left")
        return finished([plot], ax)


# ---------------------------------------------------------------------- scatter plots


def moran_scatter(
    panel: Panel,
    variable: str,
    w: Any,
    *,
    period: Hashable,
    log: bool = False,
    labels: Labels = True,
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot each region's value against that of its neighbours; the slope is Moran's I.

    Values are standardised by the population standard deviation. The spatial lag Wz is multiplied by n / S0, which
    is 1 for row-standardised weights without islands, so that the slope through the origin is Moran's I for any
    weights: I = (n / S0) z'Wz / z'z. Regions without neighbours lie on the horizontal axis and are hollow.

    Parameters
    ----------
    panel : Panel
    variable : str
        Column to analyse.
    w : Graph or W
        Weights of libpysal.
    period : label
        Which period to plot.
    log : bool
        Analyse the natural logarithm.
    labels : bool, "all" or labels
        Which regions to name: True all if there are up to 15, else those farthest from the middle; "all"; or the
        regions given. A name that finds no room without collision is left out.
    title : str, optional
        Heading; the variable and the period by default.
    ax : Axes, optional
        Draw into these axes.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    OptionError
        If the period is not in the panel.
    AlignmentError
        If a region of the panel is not in the weights.
    MissingDataError, NotPositiveError, VariableError
        If the variable cannot be analysed; see `spatialconv.moran`.

    References
    ----------
    Anselin, L. (1996), The Moran Scatterplot as an ESDA Tool to Assess Local Instability in Spatial Association, in
    Fischer, Scholten and Unwin (eds), Spatial Analytical Perspectives on GIS, 111-125.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.adjacency(zj.cities)
    >>> figure = sc.plot.moran_scatter(zj.panel, "exports", w, period=2020, log=True)
    """
    one = as_panel(panel).subset(periods=[period])
    test = autocorrelation.moran(one, variable, w, log=log).table.iloc[0]
    values = one.values(variable, log=log)[0]
    aligned = weights.align(w, one.regions)
    z = (values - values.mean()) / values.std()
    stretch = len(z) / float(aligned.matrix.sum())
    lagged = stretch * np.asarray(aligned.matrix @ z)
    name = f"{'log ' if log else ''}{variable}"
    x_label, y_label = f"{name}, standardised", f"neighbours' {name}"
    if not np.isclose(stretch, 1):
        y_label += f" (\u00d7 n/S\u2080 = {stretch:.3g})"
    heading = title if title is not None else f"{name[0].upper()}{name[1:]}, {period}"
    hollow = np.isin(np.arange(len(z)), one.regions.get_indexer(list(aligned.islands)))
    points = Points(z, lagged, _named(one.regions, np.hypot(z, lagged), labels), hollow)
    with look.style(heading, name, list(points.names)):
        plot, room = square(ax, z, lagged, top=above(heading))
        plot.axhline(0, color=look.FAINT, linewidth=0.5, zorder=1)
        plot.axvline(0, color=look.FAINT, linewidth=0.5, zorder=1)
        ends = np.array(room[0])
        plot.plot(ends, test["I"] * ends, color=look.SECOND, linewidth=0.9, zorder=2, label="slope")
        found = f"I = {number(test['I'], 3)}, z = {number(test['z'], 2)}, {p_value(test['p'])}".replace("-", "\u2212")
        annotate(plot, points, corners=_CORNERS, lines=[(ends[0], test["I"] * ends[0], ends[1], test["I"] * ends[1])])
        plot.set_xlabel(x_label)
        plot.set_ylabel(y_label)
        headings(plot, heading, found)
        return finished([plot], ax)


# Where the quadrants are, right and up: the region first, its neighbours second.
_CORNERS = {(1, 1): "high among high", (0, 1): "low among high", (0, 0): "low among low", (1, 0): "high among low"}


def _named(regions: pd.Index, distance: FloatArray, labels: Labels, most: int = 15, few: int = 8) -> list[str | None]:
    """Return the names to print: all, those given, or, of many, those that lie farthest out."""
    if isinstance(labels, str) and labels != "all":
        raise OptionError(f"labels must be True, False, 'all' or a list of regions; got {labels!r}.")
    if labels is False or labels is None:
        chosen: set[Any] = set()
    elif labels == "all" or (labels is True and len(regions) <= most):
        chosen = set(regions)
    elif labels is True:
        chosen = set(regions[np.argsort(-distance, kind="stable")[:few]])
    else:
        chosen = set(labels)
        unknown = [label for label in chosen if label not in regions]
        if unknown:
            raise OptionError(f"labels names regions that are not there: {first(sorted(unknown, key=str))}.")
    return [str(region) if region in chosen else None for region in regions]


def beta_scatter(
    result: Any,
    *,
    labels: Labels = True,
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot growth on initial level as the growth regression sees it; the slope of the line is beta.

    A partial-regression plot: what the other regressors, the effects and the neighbours' growth explain is taken out
    of both axes, and the means are put back. By the Frisch-Waugh-Lovell theorem the least-squares line through these
    points has the slope beta of the model, at the rho that was estimated.

    Parameters
    ----------
    result : BetaConvergence
        Result of `spatialconv.beta`.
    labels : bool, "all" or labels
        Which regions to name: True those of the points farthest out (all where there is one point a region, up to
        15), "all", or the regions given. Where there are several periods the name carries the period.
    title : str, optional
        Heading of the figure.
    ax : Axes, optional
        Draw into these axes.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    OptionError
        If a region to be named is not in the result.

    References
    ----------
    Lovell, M. C. (1963), Seasonal Adjustment of Economic Time Series and Multiple Regression Analysis, Journal of the
    American Statistical Association 58, 993-1010.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> figure = sc.plot.beta_scatter(sc.beta(zj.panel, "exports", controls=["digital"]))
    """
    expect(result, BetaConvergence, "plot.beta_scatter", "the result of sc.beta")
    x, y = _partialled(result)
    fit = result.fit
    net = _net_of(fit)
    texts = _point_names(fit.design, x, y, labels)
    heading = title if title is not None else f"Growth of {result.variable}"
    with look.style(heading, texts, result.variable, net):
        plot = (
            given(ax)
            if ax is not None
            else row(1, None, height=62.0, top=above(heading), bottom=13.0 if net else 9.5)[0]
        )
        ends = np.array([x.min(), x.max()])
        line = y.mean() + result.beta * (ends - x.mean())
        limits(plot, x.ravel(), y.ravel())
        plot.plot(ends, line, color=look.SECOND, linewidth=0.9, zorder=2, label="slope")
        look.frame(plot)
        points = Points(x.ravel(), y.ravel(), texts, np.zeros(x.size, dtype=bool))
        annotate(plot, points, lines=[(ends[0], line[0], ends[1], line[1])])
        plot.set_xlabel(f"initial level, log {result.variable}" + (f"\nboth axes net of {net}" if net else ""))
        plot.set_ylabel("mean growth a period")
        z = fit.tstats["log_initial"]
        found = f"\u03b2 = {figure(result.beta)}, z = {number(z, 2)}, {p_value(fit.pvalues['log_initial'])}"
        headings(plot, heading, found.replace("-", "\u2212"))
        return finished([plot], ax)


def _partialled(result: Any) -> tuple[FloatArray, FloatArray]:
    """Return initial level and growth, shape (T, N), with all else in the model partialled out and means put back."""
    fit = result.fit
    design, found = fit.design, fit.estimates
    rho, lam = (float(np.nan_to_num(value)) for value in (found.rho, found.lam))
    project = projection(fit.spec.effects, *design.y.shape, lee_yu=False)
    at = design.names.index("log_initial")
    filtered = spatial_filter(matrix(design.M), lam, design.X)
    x, y = added_variable(filtered, at, float(result.beta), found.residuals, project)
    level = spatial_filter(matrix(design.W), rho, design.y)
    return x + design.X[:, :, at].mean(), y + level.mean()


def _net_of(fit: Any) -> str:
    """Say what was taken out of both axes."""
    parts = [name for name in ("controls",) if len(fit.spec.x) > 1 or fit.spec.durbin]
    if fit.spec.effects != "none":
        parts.append({"two-way": "effects"}.get(fit.spec.effects, f"{fit.spec.effects} effects"))
    if fit.design.W is not None and fit.spec.spatial in ("lag", "sarar"):
        parts.append("neighbours' growth")
    return listed(parts) if parts else ""


def _point_names(design: Any, x: FloatArray, y: FloatArray, labels: Labels) -> list[str | None]:
    away = np.hypot((x - x.mean()) / (x.std() or 1), (y - y.mean()) / (y.std() or 1)).ravel()
    if len(design.periods) == 1:
        return _named(design.regions, away, labels)
    pairs = [(region, period) for period in design.periods for region in design.regions]
    if labels is True:
        chosen = set(np.argsort(-away, kind="stable")[:6])
        return [f"{r} {t}" if i in chosen else None for i, (r, t) in enumerate(pairs)]
    wanted = _named(design.regions, away[: len(design.regions)], labels)
    return [f"{r} {t}" if wanted[i % len(wanted)] else None for i, (r, t) in enumerate(pairs)]
