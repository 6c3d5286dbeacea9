"""The plot of coefficients: estimates with intervals, one panel a term, one line a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialconv import _style as look
from spatialconv._drawing.axes import finished, forest, given, row
from spatialconv._language import Language, say, speaking
from spatialconv._options import first, names
from spatialconv.errors import OptionError


@speaking
def coefficients(
    results: Mapping[str, Any],
    *,
    terms: str | Iterable[str] | None = None,
    reference: float = 0.0,
    title: str | None = None,
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
    with look.style(title, list(tables), chosen):
        height = 5.0 * len(tables) + 3
        wide = max(look.measurer(look.Sheet(10, 10))(name)[0] for name in tables) + 4
        axes = (
            [given(ax)] if ax is not None else row(len(chosen), title, height=height, left=wide, bottom=6.5, share=True)
        )
        for i, (plot, term) in enumerate(zip(axes, chosen, strict=True)):
            forest(plot, {name: table.loc[term] for name, table in tables.items() if term in table.index}, tables)
            plot.axvline(reference, color=look.SOFT, linewidth=0.6, zorder=1, label="reference")
            plot.set_title(_words(term), loc="left", fontsize=look.HEADING, fontweight="bold", color=look.INK)
            if i:
                plot.tick_params(labelleft=False)
        return finished(axes, ax)


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
