"""The growth regression as a panel: what `beta` regresses on what, for every other model and test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._options import ControlsAt, first, names, whole
from spatialconv.convergence.beta.beta import GROWTH, INITIAL, growth_design
from spatialconv.errors import MissingDataError, OptionError, VariableError
from spatialconv.models.specification.design import refuse_reserved
from spatialconv.panel import FloatArray, Panel, as_panel, panel_of
from spatialconv.results import merge_notes, plural
from spatialconv.summary import spans

# More dummies than this are effects, and `effects=` takes them out without a column each.
MOST_GROUPS = 100


def growth_panel(
    panel: Panel,
    variable: str,
    *,
    controls: str | Iterable[str] = (),
    controls_at: ControlsAt = "start",
    dummies: str | Iterable[str] = (),
    horizon: int = 1,
    overlapping: bool = False,
) -> Panel:
    """Return growth, initial level, controls and dummies as a panel, a row a region and span of growth.

    Use it to put the regression of `beta` into any other model or test: `fit_panel`, `select_model`, `effects_tests`,
    `robustness`, `fixed_effects`, and `multiverse` with `focus="log_initial"`. All of these take the result of `beta`
    itself as well, in the place of panel and columns.

    Parameters
    ----------
    panel : Panel
    variable : str
        The level v, positive.
    controls, controls_at, horizon, overlapping
        As in `beta`.
    dummies : names
        Columns of groups (state, country, club), text or numbers: a column `name[group]` of zeros and ones for every
        group but the first, at the start of each span.

    Returns
    -------
    Panel
        `growth`, `log_initial`, the controls and dummies; periods are those in which spans end.

    Raises
    ------
    NotPositiveError
        If a level is zero or negative.
    VariableError, MissingDataError, UnbalancedPanelError
        If a column is absent, or a value that a span uses is missing.
    OptionError
        If no two periods lie a horizon apart, a column stands twice, or groups are one only or more than a hundred.

    Notes
    -----
    ``growth = (ln v[t] - ln v[t-h]) / h`` and ``log_initial = ln v[t-h]``. What is fitted to this panel has the
    coefficients of `beta`, and does not know that growth makes the next level: bootstraps and sets that hold in few
    periods belong to `beta`.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> grown = sc.growth_panel(zj.panel, "exports", controls="digital")
    >>> grown.variables
    ('growth', 'log_initial', 'digital')
    >>> fit = sc.fit_panel(grown, "growth", ["log_initial", "digital"], model="OLS", effects="time")
    >>> b = sc.beta(zj.panel, "exports", controls="digital", effects="time")
    >>> bool(abs(fit.params["log_initial"] - b.beta) < 1e-12)
    True
    """
    as_panel(panel)
    whole("horizon", horizon, least=1)
    extra = names("controls", controls if controls is not None else ())
    refuse_reserved(extra)
    groups = names("dummies", dummies if dummies is not None else ())
    twice = [
        name for name in (*extra, *groups) if name in (GROWTH, INITIAL, variable) or (*extra, *groups).count(name) > 1
    ]
    if twice:
        raise OptionError(
            f"{first(list(dict.fromkeys(twice)))} stands in the growth regression already; name a column once, and "
            f"rename a control called {GROWTH!r} or {INITIAL!r}."
        )
    design, _ = growth_design(panel, variable, extra, horizon, overlapping, controls_at)
    columns = {GROWTH: design.y} | {name: design.X[:, :, k] for k, name in enumerate(design.names)}
    starts = panel.periods[spans(panel, horizon, overlapping=overlapping).start]
    said = []
    for name in groups:
        made, base = _dummies(panel, name, starts)
        columns |= made
        said.append(f"dummies of {name}: {plural(len(made), 'group')} against {base!r}")
    return panel_of(columns, panel.regions, design.periods, notes=merge_notes(design.notes, said))


def _dummies(panel: Panel, name: str, starts: pd.Index) -> tuple[dict[str, FloatArray], Any]:
    """Return a column of zeros and ones for every group but the first, and the first."""
    if name not in panel.variables:
        raise VariableError(
            f"no variable {name!r} in the panel; it has {first(panel.variables, 8)}. Check the spelling."
        )
    frame = panel.frame.reset_index()
    wide = frame.pivot(index=panel.period, columns=panel.region, values=name)
    cells = wide.reindex(index=starts, columns=panel.regions)
    empty = cells.isna().to_numpy()
    if empty.any():
        t, i = np.nonzero(empty)
        where = first([(panel.regions[b], starts[a]) for a, b in zip(t, i, strict=True)])
        raise MissingDataError(f"{name!r} names no group in {where}. Give each region a group, or leave it out.")
    labels = sorted(pd.unique(cells.to_numpy().ravel()), key=lambda label: (isinstance(label, str), label))
    if not 2 <= len(labels) <= MOST_GROUPS:
        raise OptionError(
            f"dummies need two groups to {MOST_GROUPS}; {name!r} has {len(labels)}, {first(labels)}. Of single regions "
            "or periods take effects."
        )
    values = cells.to_numpy()
    return {f"{name}[{label}]": (values == label).astype(float) for label in labels[1:]}, labels[0]
