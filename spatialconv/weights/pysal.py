"""To esda, spreg, giddy and the rest of PySAL: values and weights in one order."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from spatialconv._options import choice, names
from spatialconv.errors import OptionError
from spatialconv.panel.panel import as_panel
from spatialconv.results import record
from spatialconv.weights._align import subset

if TYPE_CHECKING:
    from libpysal.graph import Graph
    from libpysal.weights import W

    from spatialconv.panel import Panel

FloatArray = npt.NDArray[np.float64]
Form = Literal["graph", "w"]


class PysalInputs(NamedTuple):
    """Values and weights as PySAL takes them, position by position: `esda.Moran(*inputs)`.

    Attributes
    ----------
    values : ndarray
        Shape (N,) for one variable, (N, k) for k of them; in the order of the weights.
    weights : Graph or W
        Row i is that of values[i]; its labels (`unique_ids` of a Graph, `id_order` of a W) say of which region.
    """

    values: FloatArray
    weights: Graph | W

    def __repr__(self) -> str:
        what = f"{' x '.join(f'{n:,}' for n in self.values.shape)} values"
        return record(type(self).__name__, [what, f"{type(self.weights).__name__} of {self.weights.n:,} regions"])


def to_pysal(
    panel: Panel,
    variable: str | Iterable[str],
    w: Any,
    period: Hashable = None,
    *,
    log: bool = False,
    form: Form = "graph",
) -> PysalInputs:
    """Return values and weights in one order, as esda, spreg, giddy and pointpats take them.

    Those packages match values and weights by position. Regions of a panel stand as in its frame, those of weights as
    in the map that they were made from; handed over as they are, each region gets the neighbours of another, and
    nothing is said.

    Parameters
    ----------
    panel : Panel
    variable : str or list of str
        Numeric columns, complete in the period.
    w : Graph or W
        Weights of libpysal, labelled by region, in any order; not modified. Regions that the panel lacks are cut out,
        and the rest standardised again in the way that all were.
    period : label, optional
        May be left out if the panel has one period.
    log : bool
        Return natural logarithms.
    form : {"graph", "w"}
        A `libpysal.graph.Graph`, or an old `libpysal.weights.W`, which giddy and parts of spreg still ask for.

    Returns
    -------
    PysalInputs
        `.values` and `.weights`, in the order of `panel.regions`; new objects, free to be changed.

    Raises
    ------
    OptionError
        If the period is unknown, or not given though there are several.
    VariableError, MissingDataError, UnbalancedPanelError, NotPositiveError
        If a value is not there, infinite, or has no logarithm.
    AlignmentError, WeightsError
        If the weights lack a region of the panel, or are no weights.

    Examples
    --------
    >>> import esda
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> w = sc.weights.adjacency(us.states)
    >>> inputs = sc.to_pysal(us.panel, "income", w, 2009)
    >>> round(float(esda.Moran(*inputs, permutations=0).I), 6)
    0.428769
    >>> round(float(sc.moran(us.panel, "income", w).table.loc[2009, "I"]), 6)
    0.428769
    """
    as_panel(panel)
    choice("form", form, Form)
    if period is None:
        if panel.n_periods > 1:
            raise OptionError(
                f"the panel has {panel.n_periods} periods ({panel.periods[0]} to {panel.periods[-1]}) and PySAL takes "
                "one at a time; say which by period=."
            )
        period = panel.periods[0]
    label = panel.period_of(period)
    columns = [panel.values(name, periods=[label], log=log)[0] for name in names("variable", variable)]
    values = columns[0] if isinstance(variable, str) else np.column_stack(columns)
    graph = subset(w, panel.regions)
    return PysalInputs(values, graph if form == "graph" else graph.to_W())
