"""The table of effects: what a regressor does to its own region, to the others, and in all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from spatialconv._language import Language, say, speaking
from spatialconv._options import MOST_DIGITS, choice, first, whole
from spatialconv.errors import OptionError
from spatialconv.tables._regression import CELLS, EFFECTS, Cells, regression
from spatialconv.tables._table import Table


@speaking
def effects(
    results: Mapping[str, Any] | Any,
    *,
    cells: Cells = "estimate (std_error)",
    stars: bool = True,
    terms: Iterable[str] | None = None,
    labels: Mapping[str, str] | None = None,
    digits: int = 4,
    caption: str = "",
    language: Language = "en",
) -> Table:
    """Set the effects of regressors out: direct, indirect and total side by side, model under model.

    Parameters
    ----------
    results : mapping of name to result, or one result
        What `impacts()` of fitted spatial models returns.
    cells, stars, terms, labels, digits, caption, language
        As in `regression`.

    Returns
    -------
    Table
        One column an effect; of several models, a line with the name of each above its rows.

    Raises
    ------
    OptionError
        If a result has no effects, or no model a term.

    References
    ----------
    LeSage, J. and Pace, R. K. (2009), Introduction to Spatial Econometrics, CRC Press, section 2.7.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities, power=2)
    >>> b = sc.beta(zj.panel, "exports", w, controls="digital", spatial="lag", effects="time")
    >>> list(sc.tables.effects(b.impacts()).frame.columns)
    ['direct', 'indirect', 'total']
    """
    choice("cells", cells, CELLS)
    whole("digits", digits, least=1, most=MOST_DIGITS)
    named = dict(results) if isinstance(results, Mapping) else {"": results}
    if not named:
        raise OptionError("effects() needs the impacts of one model or more; got none.")
    wanted = None if terms is None else list(terms)
    parts: list[pd.DataFrame] = []
    rules: list[int] = []
    for name, result in named.items():
        made = _of_one(str(name), result, wanted, cells, stars, labels, digits)
        if name:
            rules.append(sum(len(part) for part in parts))
            parts.append(pd.DataFrame("", index=[str(name)], columns=list(EFFECTS)))
        parts.append(made)
    made_of = pd.concat(parts)
    said = regression([*named.values()], cells=cells, stars=stars, digits=digits, footer=()).notes
    return Table(
        frame=made_of.rename(columns={effect: say(effect, sense="effect") for effect in EFFECTS}),
        caption=caption,
        notes=said,
        data=pd.concat({name: result.tidy() for name, result in named.items()}, names=["model"]).reset_index(level=0),
        rules=tuple(rules),
        align="lrrr",
    )


def _of_one(
    name: str,
    result: Any,
    terms: Sequence[str] | None,
    cells: Cells,
    stars: bool,
    labels: Mapping[str, str] | None,
    digits: int,
) -> pd.DataFrame:
    tidy = result.tidy() if hasattr(result, "tidy") else pd.DataFrame()
    if "effect" not in tidy:
        raise OptionError(
            "effects() needs what impacts() returns, with direct, indirect and total effects; "
            f"{name or 'the result'!r} is a {type(result).__name__}."
        )
    have = list(dict.fromkeys(tidy["term"]))
    unknown = [term for term in terms or () if term not in have]
    if unknown:
        raise OptionError(f"no model has the term {first(unknown)}; they have {first(have, 8)}.")
    rows = 1 if cells == "estimate" else 2
    columns, index = {}, []
    for effect in EFFECTS:
        chosen = [f"{term}: {effect}" for term in terms or have]
        made = regression([result], cells=cells, stars=stars, terms=chosen, labels=labels, digits=digits, footer=())
        ending = say("{term}, {effect}", term="", effect=say(effect, sense="effect"))
        columns[effect] = made.frame["(1)"].tolist()
        index = [text.removesuffix(ending) for text in made.frame.index]
    assert len(index) == rows * len(terms or have)
    return pd.DataFrame(columns, index=index, dtype=object)
