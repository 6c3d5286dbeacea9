"""Differences over space: what is left of a random walk over the map once it is weighted by its own covariance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import geopandas as gpd
import numpy as np

from spatialconv._core.persistence.kernel import both_sides, brownian, demean
from spatialconv._options import flag, names
from spatialconv.models.estimation.components import places
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.panel.panel import derived

# Eigenvalues below this share of the largest are rounding: the mean, which has been taken out.
_ZERO = 1e-10


def spatial_differences(
    panel: Panel,
    variables: str | Iterable[str],
    geometry: gpd.GeoDataFrame,
    *,
    log: bool = False,
    points: Any = None,
) -> Panel:
    r"""Take a spatial unit root out of variables, period by period (LBM-GLS).

    To be used for all variables of a regression alike, as first differences are in time; its slopes keep their meaning
    and its constant is gone.

    Parameters
    ----------
    panel : Panel
        Complete for these variables; eight regions or more.
    variables : name or names
    geometry, points
        As in `spatial_unit_root`.
    log : bool
        Take logarithms of the (positive) variables first.

    Returns
    -------
    Panel
        The panel with these variables transformed under their names, and all others as they were.

    Raises
    ------
    DataError
        If there are fewer than eight regions.
    OptionError, NotPositiveError, MissingDataError, UnbalancedPanelError, AlignmentError, GeometryError
        As elsewhere.

    Notes
    -----
    With :math:`M \Sigma_L M = V \Lambda V'` the covariance of Levy's Brownian motion over these places (distances as
    shares of the largest) once the mean is out, eigenvalues of zero left out, the variable y of a period becomes
    :math:`V \Lambda^{-1/2} V' y` (Mueller and Watson 2024, section 5). Of a random walk over the map it leaves white
    noise with mean zero.

    References
    ----------
    Mueller, U. K. and Watson, M. W. (2024) Spatial unit roots and spurious regression. Econometrica 92(5), 1661-1695.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> different = sc.spatial_differences(us.panel, "income", us.states, log=True)
    >>> bool(abs(different.values("income").mean(axis=1)).max() < 1e-12)
    True
    """
    as_panel(panel)
    log = flag("log", log)
    columns = names("variables", variables)
    values = {name: panel.values(name, log=log) for name in columns}
    where = places(geometry, panel.regions, points, "a spatial difference")
    H = difference_matrix(where.shares)
    # Rows of the frame are found by their labels, whatever their order; labels may be levels of its index.
    frame = panel.frame
    own = [
        labels.get_indexer(np.asarray(frame[c] if c in frame.columns else frame.index.get_level_values(c)))
        for labels, c in ((panel.regions, panel.region), (panel.periods, panel.period))
    ]
    changed = frame.assign(**{name: (H @ y.T)[own[0], own[1]] for name, y in values.items()})
    said = f"differences over space (LBM-GLS) of {'log ' if log else ''}{', '.join(columns)}, by {where.how}"
    return derived(panel, changed, said)


def difference_matrix(shares: FloatArray) -> FloatArray:
    """Return the symmetric root of the pseudoinverse of Levy's Brownian motion about its mean, shape (N, N)."""
    values, vectors = np.linalg.eigh(both_sides(brownian(shares), demean))
    kept = values > _ZERO * values[-1]
    return np.asarray((vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T)
