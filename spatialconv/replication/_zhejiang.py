"""Luo and Zhang (2024), figure by figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spatialconv.panel import Panel
from spatialconv.replication._models import table_5
from spatialconv.replication._ours import Ours
from spatialconv.replication._tables import figure_1, figure_2, figure_3, table_1, table_2, table_3, table_4
from spatialconv.replication._text import STATEMENTS, text
from spatialconv.replication._verdict import Replication
from spatialconv.results import Provenance

TITLE = "Luo and Zhang (2024)"


def replicate(panel: Panel, cities: Any, published: Mapping[str, Any]) -> Replication:
    """Recompute every published figure of the Zhejiang study and say how it compares.

    Parameters
    ----------
    panel : Panel
        Exports (100 million yuan) and digital, by city and year; see `datasets.zhejiang`.
    cities : GeoDataFrame
        The eleven cities, with seats and `area`.
    published : dict
        The printed tables; `datasets.zhejiang().published`. What the text says beside them is known here, and can
        be given as `published["text"]`.

    Returns
    -------
    Replication

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.replication import replicate
    >>> zj = sc.datasets.zhejiang()
    >>> replication = replicate(zj.panel, zj.cities, zj.published)
    >>> replication.select(source="Fig. 3")["verdict"].tolist()
    ['reproduced', 'reproduced', 'reproduced', 'reproduced']
    """
    printed = {"text": STATEMENTS, **published}
    ours = Ours(panel, cities)
    sections = (figure_1, table_1, table_2, figure_2, figure_3, table_3, table_4, table_5, text)
    figures = tuple(figure for section in sections for figure in section(printed, ours))
    notes = (
        "export levels are reconstructed from published figures; what was used for that is no independent evidence",
    )
    provenance = Provenance(
        "replicate", {"source": published["source"]}, panel.n_regions, panel.n_periods, "adjacency; geographic"
    )
    return Replication(TITLE, figures, notes, provenance)
