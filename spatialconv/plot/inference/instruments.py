"""p-values of Anderson and Rubin by coefficient, and the set that they leave."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.axes import Frame, drawn, labelled, ticks
from spatialconv._drawing.captions import about
from spatialconv._language import Language, restate, say, speaking
from spatialconv._options import expect, first
from spatialconv.errors import OptionError
from spatialconv.models.moments.strength import InstrumentTests
from spatialconv.results import p_value


@speaking
def instrument_tests(
    tests: Any,
    *,
    name: str | None = None,
    title: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot the p of Anderson and Rubin's test by the coefficient of an endogenous regressor.

    What lies above the line of 1 - level is the set, shaded; the estimate by two-stage least squares and its interval
    stand below, to see whether weak instruments make it too short.

    Parameters
    ----------
    tests : InstrumentTests
        Result of `fit.instrument_tests()`.
    name : str, optional
        Endogenous regressor, rho for the lag of the outcome; the first by default.
    title : str, optional
        Heading of the figure.
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
        If `tests` is no such result, the name is none of its endogenous regressors, or there is no set of it.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> growth = sc.growth_panel(us.panel, "income", horizon=20)
    >>> w = sc.weights.adjacency(us.states)
    >>> fit = sc.fit_panel(growth, "growth", "log_initial", w, effects="time", estimator="gmm")
    >>> figure = sc.plot.instrument_tests(fit.instrument_tests())
    """
    expect(tests, InstrumentTests, "plot.instrument_tests", "the result of fit.instrument_tests()")
    chosen = tests.endogenous[0] if name is None else name
    if chosen not in tests.endogenous:
        raise OptionError(f"name must be one of {', '.join(tests.endogenous)}; got {name!r}.")
    if chosen not in tests.curves:
        raise OptionError(f"there is no set of {chosen}: {tests.notes[-1].removeprefix('no sets: ')}.")
    curve = tests.curves[chosen]
    value, p = curve["value"].to_numpy(dtype=float), curve["p_value"].to_numpy(dtype=float)
    across, up = say("coefficient: {name}", name=chosen), say("p-value")
    caption = about(
        tests,
        say(
            "p of Anderson and Rubin's test by the coefficient of {name}, {model}",
            name=chosen,
            model=restate(tests.title),
        ),
        tested=(
            say(
                "Shaded: {level:g} % set, where p > {rest:.2g}; bar: two-stage least squares with its interval of 95 %",
                level=100 * tests.level,
                rest=1 - tests.level,
            ),
            say("Null {name} = 0: {test}", name=chosen, test=restate(p_value(float(tests.zero[chosen]))))
            if chosen in tests.zero.index
            else "",
            say("Instruments: {names}", names=first(list(tests.instruments), 8)),
        ),
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        plot = axes[0]
        limit = 1 - tests.level
        for low, high in tests.sets[chosen] or ():
            left, right = max(low, value[0]), min(high, value[-1])
            if left < right:
                plot.axvspan(left, right, color=look.FAINT, alpha=0.35, linewidth=0, zorder=1, label="set")
        plot.plot(value, p, color=look.FIRST, linewidth=look.LINE, zorder=3, label="Anderson-Rubin")
        plot.axhline(limit, color=look.INK, linewidth=0.6, linestyle="--", zorder=2, label=f"{limit:.2g}")
        estimate, error = float(tests.estimates[chosen]), float(tests.std_errors[chosen])
        reach: dict[str, Any] = {"xerr": 1.96 * error, "capsize": 2, "linewidth": 0.8} if np.isfinite(error) else {}
        plot.errorbar(
            [estimate], [-0.06], color=look.SECOND, marker="o", markersize=3.5, zorder=4, label="two-stage", **reach
        )
        plot.set_xlim(value[0], value[-1])
        plot.set_ylim(-0.12, 1.02)
        labelled(plot, across, up)
        ticks(plot, y=False)
        look.frame(plot)

    with look.style(title, across, up, caption.text):
        return drawn(paint, Frame(top=2.5), caption, title=title, width=width, ax=ax)
