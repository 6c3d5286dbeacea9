"""The map of Luo and Zhang (2024, Fig. 2) and many others: natural breaks of z of each period, called hot to cold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from spatialconv import _style as look
from spatialconv._drawing.classes import signed, special_rows
from spatialconv._drawing.footer import Legend, Row
from spatialconv._drawing.ground import Ground
from spatialconv._language import say
from spatialconv.maps._sheet import statistic, without_score
from spatialconv.results import written

_WORDS = {
    2: ("cold", "hot"),
    3: ("cold", "between", "hot"),
    4: ("cold", "sub-cold", "sub-hot", "hot"),
    5: ("cold", "sub-cold", "between", "sub-hot", "hot"),
}


def paper_legend(hs: Any, tables: Mapping[Any, pd.DataFrame], base: Ground) -> Legend:
    """Return the legend of the natural breaks of each period, in the words and colours that papers give them."""
    k = max(
        int(np.nanmax(table["jenks"].to_numpy(dtype=float, na_value=np.nan), initial=1)) for table in tables.values()
    )
    words = (
        tuple(map(say, _WORDS[k])) if k in _WORDS else tuple(say("class {c} of {k}", c=c, k=k) for c in range(1, k + 1))
    )
    colours = look.diverging(k)
    spread = len(tables) <= 2
    rows = []
    for c in range(k, 0, -1):
        cells = []
        for table in tables.values():
            z = table["z"][table["jenks"] == c].to_numpy(dtype=float)
            if spread:
                low, high = (signed(end) for end in (z.min(), z.max())) if z.size else ("–", "–")
                cells.append(low if low == high else say("{low} to {high}", low=low, high=high))
            cells.append(str(z.size))
        rows.append(Row(c, words[c - 1], colours[c - 1], cells=tuple(cells)))
    rows += special_rows(base, islands=without_score(tables), skip=1 if spread else 0)
    heads = ["" if len(tables) == 1 else written(t) for t in tables]
    columns = [word for head in heads for word in ((f"z {head}".strip(), "n") if spread else (f"n {head}".strip(),))]
    return Legend(say("{statistic}, classes of z", statistic=statistic(hs)), tuple(rows), tuple(columns))
