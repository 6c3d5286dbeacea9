"""The plot of coefficients: estimates with intervals, one panel a term, one line a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.axes import Frame, drawn, forest, headed, row_height
from spatialconv._drawing.captions import Caption
from spatialconv._drawing.classes import listed
from spatialconv._language import Language, restate, say, speaking
from spatialconv._options import ERRORS, first, names
from spatialconv.errors import OptionError


@speaking
def coefficients(
    results: Mapping[str, Any],
    *,
    terms: str | Iterable[str] | None = None,
    reference: float = 0.0,
    title: str | None = None,
    source: str | None = None,
    width: look.Width | None = None,
    language: Language = "en",
    ax: Axes | None = None,
) -> Figure | Axes:
    """Plot estimates with their intervals, one panel a term and one line a model, so that models compare.

    Parameters
    ----------
    results : mapping from name to result
        Anything with `tidy()`: fits, beta convergence. The intervals are those of the results.
    terms : names, optional
        Which terms, as `tidy()` calls them; by default the coefficients that every result has, without the intercept.
    reference : float
        Where to draw the line of no effect.
    title : str, optional
        Heading of the figure.
    source : str, optional
        Whose the data are; it closes the caption below the figure.
    width : "single", "double" or float, optional
        Of the figure, 90 or 190 mm as one or two columns of a journal, or in mm.
    language : {"en", "zh"}
        Of the fixed words; names of regions and variables, and all that is given here, stay as they are.
    ax : Axes, optional
        Draw a single term into these axes.

    Returns
    -------
    Figure or Axes
        The new Figure, or `ax` if it was given.

    Raises
    ------
    OptionError
        If no result is given, or no result has a term.

    Examples
    --------
    >>> import spatialconv as sc
    >>> panel = sc.datasets.zhejiang().panel
    >>> fits = {effects: sc.beta(panel, "exports", effects=effects) for effects in ("none", "region", "time")}
    >>> figure = sc.plot.coefficients(fits, terms=["log_initial", "speed"])
    """
    if not isinstance(results, Mapping) or not results:
        raise OptionError("results must be a mapping from a name to a result, with one entry at least.")
    odd = [name for name, result in results.items() if not hasattr(result, "tidy")]
    if odd:
        raise OptionError(f"results must be fits; {first(odd)} is of type {type(results[odd[0]]).__name__}.")
    tables = {str(name): result.tidy().set_index("term") for name, result in results.items()}
    chosen = _terms(tables, terms)
    if ax is not None and len(chosen) > 1:
        raise OptionError(f"ax takes one term, and there are {len(chosen)}: {first(chosen)}; name one.")
    caption = _caption(results, source)
    heads = [_words(term) for term in chosen]

    def paint(axes: list[Axes]) -> None:
        for i, (plot, term) in enumerate(zip(axes, chosen, strict=True)):
            forest(plot, {name: table.loc[term] for name, table in tables.items() if term in table.index}, tables)
            plot.axvline(reference, color=look.SOFT, linewidth=0.6, zorder=1, label="reference")
            headed(plot, heads[i])
            if i and plot.get_position().y0 == axes[0].get_position().y0:
                plot.tick_params(labelleft=False)

    frame = Frame(len(chosen), row_height(len(tables)) * len(tables) + 3, bottom=6.5, left=6.0, share=True)
    with look.style(title, list(tables), heads, caption.text):
        return drawn(paint, frame, caption, title=title, width=width, ax=ax)


def _caption(results: Mapping[str, Any], source: str | None) -> Caption:
    """Say of what the coefficients are, of when and of how many, and what the intervals are; all there is of each."""
    every: list[Any] = list(results.values())
    about = [result.glance().iloc[0] for result in every if hasattr(result, "glance")]
    made = [one for result in every if (one := getattr(result, "provenance", None)) is not None]
    variables = dict.fromkeys(str(row[key]) for row in about for key in ("variable", "outcome", "y") if key in row)
    levels = dict.fromkeys(level for result in every if (level := _level(result)) is not None)
    kinds = dict.fromkeys(str(one.options.get("vcov", "")) for one in made)
    weights = dict.fromkeys(one.weights or "none" for one in made)
    sizes = dict.fromkeys(one.n_regions for one in made)
    ends: dict[Any, None] = {}
    for result in every:
        design = getattr(getattr(result, "fit", result), "design", None)
        ends |= dict.fromkeys(() if design is None else design.periods)
    of = say("Coefficients of models of growth")
    if variables:
        of = say("Coefficients of models of growth of {variable}", variable=listed(list(variables)))
    of_levels = listed([say("{level:g} %", level=100 * level) for level in levels]) if levels else ""
    kind = say("{levels} intervals", levels=of_levels) if levels else say("Intervals of the results")
    errors = [say(ERRORS.get(word, word)) for word in kinds if word]
    how = say(" (standard errors: {errors})", errors=listed(errors)) if errors else ""
    start, last = (min(ends), max(ends)) if ends else ("", "")
    return Caption(
        of,
        say("spans that end from {first} to {last}", first=start, last=last) if start != last else str(start),
        next(iter(sizes)) if len(sizes) == 1 else None,
        tested=(kind + how, say("{low} to {high} regions", low=min(sizes), high=max(sizes)) if len(sizes) > 1 else ""),
        weights=say("; ").join(map(restate, weights)) or None,
        source=source,
    )


def _level(result: Any) -> float | None:
    """Return the level of a result's intervals, where it knows it."""
    own = getattr(result, "level", None)
    known = getattr(result, "_level", None)
    return float(own) if own is not None else known() if callable(known) else None


def _terms(tables: Mapping[str, pd.DataFrame], terms: str | Iterable[str] | None) -> tuple[str, ...]:
    there = list(dict.fromkeys(term for table in tables.values() for term in table.index))
    if terms is None:
        common = [t for t in there if all(t in table.index for table in tables.values())]
        chosen = tuple(t for t in common if t not in ("intercept", "sigma2", "speed", "half_life"))
    else:
        chosen = names("terms", terms)
    unknown = [term for term in chosen if term not in there]
    if unknown or not chosen:
        raise OptionError(
            f"no result has the term {first(unknown)}; there are {first(there, 12)}."
            if unknown
            else f"the results have no term in common; name some of {first(there, 12)}."
        )
    return chosen


_TERMS = {
    "log_initial": "\u03b2, initial level",
    "rho": "\u03c1, neighbours' growth",
    "lambda": "\u03bb",
    "intercept": "Intercept",
    "speed": "Speed",
    "half_life": "Half life",
}


def _words(term: str) -> str:
    plain = term.replace("_", " ")
    return say(_TERMS[term]) if term in _TERMS else plain[:1].upper() + plain[1:]
