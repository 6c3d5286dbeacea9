"""Scatter plots: Moran's, and growth on initial level as the growth regression sees it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv import autocorrelation, weights
from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.information import spatial_filter
from spatialconv._core.regression.added_variable import added_variable
from spatialconv._drawing.axes import Frame, drawn, equal, headed, height_of_equal, labelled, limits
from spatialconv._drawing.captions import about, named, spans
from spatialconv._drawing.classes import figure, listed
from spatialconv._drawing.scatter import Points, annotate, slope_line
from spatialconv._language import Language, capital, say, speaking
from spatialconv._options import ERRORS, expect, first
from spatialconv.convergence.beta.beta import BetaConvergence
from spatialconv.errors import OptionError
from spatialconv.models.specification.design import matrix
from spatialconv.panel import Panel, as_panel
from spatialconv.results import number, p_value, written

FloatArray = npt.NDArray[np.float64]
Labels = bool | Literal["all"] | Iterable[Hashable]


@speaking
def moran_scatter(
    panel: Panel,
    variable: str,
    w: Any,
    *,
    period: Hashable,
    log: bool = False,
    labels: Labels = True,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot each region's value against that of its neighbours; the slope is Moran's I.

    Values are standardised by the population standard deviation. The spatial lag Wz is multiplied by n / S0, which
    is 1 for row-standardised weights without islands, so that the slope through the origin is Moran's I for any
    weights: I = (n / S0) z'Wz / z'z. Regions without neighbours lie on the horizontal axis and are hollow. More
    than 5,000 regions are counted by hexagons.

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
    found = autocorrelation.moran(one, variable, w, log=log)
    test = found.table.iloc[0]
    values = one.values(variable, log=log)[0]
    aligned = weights.align(w, one.regions)
    z = (values - values.mean()) / values.std()
    stretch = len(z) / float(aligned.matrix.sum())
    lagged = stretch * np.asarray(aligned.matrix @ z)
    name = say("log {variable}", variable=variable) if log else variable
    y_label = say("neighbours' {name}", name=name)
    if not np.isclose(stretch, 1):
        y_label += f" (\u00d7 n/S\u2080 = {stretch:.3g})"
    heading = title if title is not None else capital(name) + say(", ") + written(period)
    hollow = np.isin(np.arange(len(z)), one.regions.get_indexer(list(aligned.islands)))
    points = Points(z, lagged, _named(one.regions, np.hypot(z, lagged), labels), hollow)
    said = f"I = {number(test['I'], 3)}, z = {number(test['z'], 2)}, {p_value(test['p'])}".replace("-", "\u2212")
    caption = about(
        found,
        say("Moran scatter plot of {variable}", variable=named(variable, log, unit)),
        tested=(said + say(", two-sided (normal distribution of z; null: values lie on the regions at random)"),),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        room = equal(plot, z, lagged)
        plot.axhline(0, color=look.FAINT, linewidth=0.5, zorder=1)
        plot.axvline(0, color=look.FAINT, linewidth=0.5, zorder=1)
        ends = np.array(room[0])
        line = (ends[0], test["I"] * ends[0], ends[1], test["I"] * ends[1])
        slope_line(plot, ends, test["I"] * ends)
        corners = {at: say(words) for at, words in _CORNERS.items()}
        counted = annotate(plot, points, corners=corners, lines=[line])
        below = say("{name}, standardised", name=name)
        labelled(plot, say("; ").join(filter(None, [below, counted])), y_label)
        headed(plot, heading, said)

    with look.style(heading, name, list(points.names), caption.text):
        return drawn(paint, Frame(height=height_of_equal(z, lagged)), caption, width=width, ax=ax)


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


@speaking
def beta_scatter(
    result: Any,
    *,
    labels: Labels = True,
    title: str | None = None,
    unit: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
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
    heading = title if title is not None else say("Growth of {variable}", variable=result.variable)
    by_z = f", z = {number(fit.tstats['log_initial'], 2)}, {p_value(fit.pvalues['log_initial'])}"
    found = f"\u03b2 = {figure(result.beta)}{'' if result.z_withheld else by_z}".replace("-", "\u2212")
    errors = say(ERRORS.get(fit.spec.vcov, fit.spec.vcov))
    by_test = say(", two-sided (standard errors: {errors}; null: \u03b2 = 0)", errors=errors)
    net_of = say("both axes net of {what}", what=net) if net else ""
    caption = about(
        result,
        say("Growth of {variable} a period on its initial log level", variable=named(result.variable, unit=unit)),
        periods=spans(fit.design.periods, result.length),
        tested=(
            found if result.z_withheld else found + by_test,
            capital(net_of),
            say("{n:,} points", n=x.size) if x.size != result.provenance.n_regions else "",
        ),
        spatial=True,
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        ends = np.array([x.min(), x.max()])
        line = y.mean() + result.beta * (ends - x.mean())
        limits(plot, x.ravel(), y.ravel())
        slope_line(plot, ends, line)
        look.frame(plot)
        points = Points(x.ravel(), y.ravel(), texts, np.zeros(x.size, dtype=bool))
        counted = annotate(plot, points, lines=[(ends[0], line[0], ends[1], line[1])])
        said = [say("initial level, log {variable}", variable=result.variable), net_of, counted]
        labelled(plot, say("; ").join(filter(None, said)), say("mean growth a period"))
        headed(plot, heading, found)

    with look.style(heading, texts, result.variable, net, caption.text):
        return drawn(paint, Frame(height=62.0), caption, width=width, ax=ax)


def _partialled(result: Any) -> tuple[FloatArray, FloatArray]:
    """Return initial level and growth, shape (T, N), with all else in the model partialled out and means put back."""
    fit = result.fit
    fit.design.refuse_cells("this figure is")
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
    parts = [say(name) for name in ("controls",) if len(fit.spec.x) > 1 or fit.spec.durbin]
    if fit.spec.effects != "none":
        parts.append(say({"two-way": "effects"}.get(fit.spec.effects, f"{fit.spec.effects} effects")))
    if fit.design.W is not None and fit.spec.spatial in ("lag", "sarar"):
        parts.append(say("neighbours' growth"))
    return listed(parts) if parts else ""


def _point_names(design: Any, x: FloatArray, y: FloatArray, labels: Labels) -> list[str | None]:
    away = np.hypot((x - x.mean()) / (x.std() or 1), (y - y.mean()) / (y.std() or 1)).ravel()
    if len(design.periods) == 1:
        return _named(design.regions, away, labels)
    pairs = [(region, period) for period in design.periods for region in design.regions]
    if labels is True:
        chosen = set(np.argsort(-away, kind="stable")[:6])
        return [f"{r} {written(t)}" if i in chosen else None for i, (r, t) in enumerate(pairs)]
    wanted = _named(design.regions, away[: len(design.regions)], labels)
    return [f"{r} {written(t)}" if wanted[i % len(wanted)] else None for i, (r, t) in enumerate(pairs)]
