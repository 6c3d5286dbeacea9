"""The null picture: what an estimator finds where there is no convergence, and what it found here."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.axes import Frame, drawn, headed, labelled, ticks
from spatialconv._drawing.captions import about
from spatialconv._language import Language, capital, restate, say, speaking
from spatialconv._options import expect
from spatialconv.convergence.few_periods.null import NullDistribution
from spatialconv.results import p_value

# Heights of the three marks, in units of the highest bar, and of the picture.
HEIGHTS, ROOM = (1.36, 1.23, 1.10), 1.46
BARS = 70


@speaking
def null_picture(
    result: Any,
    *,
    title: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot the betas that a panel and its estimator give under no convergence, with the estimate marked.

    Whether there is anything to publish: an estimate inside the heap is what chance and the bias of the estimator
    make by themselves. Bars as low as the estimate are coloured; the bias is the distance between the mean of the bars
    and the truth.

    Parameters
    ----------
    result : NullDistribution
        Result of `BetaConvergence.null_distribution`.
    title : str, optional
        Heading of the figure; by default the regression.
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
        If the result is of another kind.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> b = sc.beta(zj.panel, "exports", effects="region")
    >>> figure = sc.plot.null_picture(b.null_distribution(draws=499, seed=1))
    """
    expect(result, NullDistribution, "plot.null_picture", "the result of BetaConvergence.null_distribution")
    heading = capital(restate(result.title)) if title is None else title
    options = result.provenance.options
    caption = about(
        result,
        say("Estimates of \u03b2 where there is no convergence; {model}", model=restate(result.title)),
        tested=(
            say(
                "{n:,} panels drawn under \u03b2 = 0 ({scheme} bootstrap); p two-sided, of studentised estimates",
                n=options["draws"],
                scheme=say(options["scheme"], sense="scheme"),
            ),
        ),
        spatial=True,
        source=source,
    )

    def paint(axes: list[Axes]) -> None:
        _draw(axes[0], result)
        headed(axes[0], heading, _found(result))

    with look.style(heading, caption.text):
        return drawn(paint, Frame(height=48.0, left=4.0), caption, width=width, ax=ax)


def _draw(ax: Axes, result: NullDistribution) -> None:
    edges, heights = _bars(result)
    low = edges[:-1] < result.estimate
    colours = [look.SECOND if below else look.FAINT for below in low]
    ax.bar(edges[:-1], heights, np.diff(edges), align="edge", color=colours, linewidth=0, label="betas")
    _mark(ax, result, edges)
    ticks(ax, 6, y=False)
    look.frame(ax)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    labelled(ax, say("\u03b2 estimated where \u03b2 = 0"))


def _mark(ax: Axes, result: NullDistribution, edges: npt.NDArray[np.float64]) -> None:
    """Draw the marks from left to right, each lower than the one before, so that no text meets a line."""
    digits = max(2, int(np.ceil(1 - np.log10(max(result.sd, 1e-9)))))
    marks = [
        (result.estimate, say("estimate {value}", value=f"{result.estimate:.{digits}f}"), look.SECOND, "-"),
        (result.mean, say("mean {value}", value=f"{result.mean:.{digits}f}"), look.FIRST, "--"),
        (0.0, say("truth 0"), look.INK, ":"),
    ]
    left, right = min(edges[0], result.estimate, 0.0), max(edges[-1], result.estimate, 0.0)
    pad = 0.04 * (right - left)
    across, _ = look.extent(ax)
    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    measure = look.measurer(figure)
    for x, text, *_ in marks:
        # Room for the text, in units of the axis: a share of what will be its width.
        share = min((measure(text)[0] + 2.5) / across, 0.6)
        right = max(right, (x - share * (left - pad)) / (1 - share) - pad)
    ax.set_xlim(left - pad, right + pad)
    ax.set_ylim(0, ROOM)
    for height, (x, text, colour, line) in zip(HEIGHTS, sorted(marks, key=lambda m: m[0]), strict=True):
        ax.plot([x, x], [0, height + 0.05], color=colour, linewidth=1.0, linestyle=line, label=text)
        said = text.replace("-", "\u2212")
        ax.annotate(said, (x, height), xytext=(3, 0), textcoords="offset points", va="center", color=colour)


def _bars(result: NullDistribution) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return edges and heights of the bars, one edge at the estimate so that no bar lies on both sides of it."""
    betas = result.betas[np.isfinite(result.betas)]
    least, most = float(betas.min()), float(betas.max())
    width = max((most - least) / BARS, 1e-12)
    start = result.estimate - np.ceil((result.estimate - least) / width) * width
    start = start if start <= least else start - width
    edges = start + width * np.arange(int(np.ceil((most - start) / width)) + 1)
    counts, edges = np.histogram(betas, np.append(edges, edges[-1] + width) if edges[-1] <= most else edges)
    return edges, counts / counts.max()


def _found(result: NullDistribution) -> str:
    share = say("{share:.1f} % of panels without convergence have a \u03b2 as low", share=100 * result.share_below)
    return share + say("; ") + restate(p_value(result.p_value))
