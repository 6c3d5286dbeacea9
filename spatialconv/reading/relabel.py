"""Labels of regions brought into one form, by a rule that somebody asks for."""

from __future__ import annotations

from typing import Any

import pandas as pd

from spatialconv._labels.rules import merged, rule_of, words
from spatialconv._options import first
from spatialconv.errors import OptionError
from spatialconv.panel import Panel, derived


def relabel(data: Any, rule: str) -> Any:
    """Bring labels of regions into one form by a rule, so that two sources that mean the same say the same.

    Nothing in the package matches labels that differ. Where labels of a panel, of weights and of a geometry do, the
    error says which rule would make how many of them match; this applies it.

    Parameters
    ----------
    data : Panel, GeoDataFrame, DataFrame, Series, Graph, W or list of labels
        Not modified. Of a frame or a series the index holds the labels.
    rule : str
        "text" (numbers become text), "blanks" (none around, single ones inside; no-break and zero-width ones too),
        "unicode" (NFKC: composed letters, full-width forms), "decimals" (no ".0"), "digits:5" (whole numbers filled
        up with zeros to five digits), "case" (lower case), "accents" (none). Several go one after the other:
        "blanks+case".

    Returns
    -------
    Of the kind that was given
        With labels of text; a Panel notes how many labels changed.

    Raises
    ------
    OptionError
        If there is no such rule, it would make one label of two regions, or the data are of another kind.
    DuplicateKeyError
        If two rows of a panel would be of one region and period.

    Examples
    --------
    >>> import spatialconv as sc
    >>> sc.relabel([6001, "10001 "], "blanks+digits:5")
    ['06001', '10001']
    """
    apply = rule_of(rule)
    if isinstance(data, Panel):
        return _panel(data, rule)
    if isinstance(data, (pd.DataFrame, pd.Series)):
        made = data.copy()
        made.index = pd.Index(_unique(data.index, rule), name=data.index.name)
        return made
    if isinstance(data, pd.Index):
        return pd.Index(_unique(data, rule), name=data.name)
    if isinstance(data, (list, tuple)):
        return type(data)(apply(label) for label in data)
    from libpysal.graph import Graph
    from libpysal.weights import W

    from spatialconv.weights.relabelling import relabelled

    if isinstance(data, (Graph, W)):
        return relabelled(data, lambda labels: pd.Index(_unique(labels, rule)))
    raise OptionError(
        f"relabel takes a Panel, a frame or series indexed by label, weights or a list of labels; got an object of "
        f"type {type(data).__name__}."
    )


def _unique(labels: Any, rule: str) -> list[str]:
    apply = rule_of(rule)
    twice = merged(labels, apply)
    if twice:
        raise OptionError(
            f"the rule {rule!r} would make one label of different regions: {first(twice)}. Rename them, or take "
            "another rule."
        )
    return [apply(label) for label in labels]


def _panel(panel: Panel, rule: str) -> Panel:
    """Relabel a panel; labels that become one are united, as those of one region over the years may be."""
    apply = rule_of(rule)
    frame = panel.frame.reset_index() if panel.region in panel.frame.index.names else panel.frame
    changed = {label: apply(label) for label in panel.regions if apply(label) != label}
    if not changed:
        return panel
    frame[panel.region] = [apply(label) for label in frame[panel.region]]
    shown = first([f"{old} as {new}" for old, new in changed.items()])
    note = f"labels of regions {words(rule)}: {shown}"
    united = merged(panel.regions, apply)
    if united:
        note += f"; united: {first(united)}"
    return derived(panel, frame, note)
