"""Weights from what regions are like rather than where they are, and both together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse

from spatialconv._options import Standardise, choice, first, probability
from spatialconv.errors import AlignmentError, MissingDataError, NotPositiveError, OptionError, VariableError
from spatialconv.panel import Panel
from spatialconv.weights._graph import (
    FloatArray,
    Labelled,
    Weights,
    checked,
    complete,
    cut,
    finish,
    labels,
    positions,
    unpack,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from libpysal.graph import Graph

Metric = Literal["absolute", "log", "ratio", "size"]
How = Literal["product", "mix"]


def economic(
    values: pd.Series | Panel,
    *,
    variable: str | None = None,
    metric: Metric = "absolute",
    standardise: Standardise = "row",
) -> Graph:
    """Weight regions by how alike they are in a quantity such as income per head, wherever they lie.

    - "absolute": ``w_ij = 1 / |v_i - v_j|``, the usual economic distance; depends on the unit only by a factor.
    - "log": ``w_ij = 1 / |ln v_i - ln v_j|``, where ratios count rather than differences.
    - "ratio": w_ij = min(v_i, v_j) / max(v_i, v_j), between 0 and 1; equal values are no obstacle.
    - "size": w_ij = v_j / mean(v), the weight of the neighbour's size alone. Times a geographic matrix
      (`nested`) it gives the economic-geographic matrix W diag(v_1 / v, ..., v_N / v) of much applied work.

    The quantity should be exogenous to the model, or be taken before the period that is studied: weights made
    of the dependent variable are endogenous, and the usual estimators assume that they are not.

    Parameters
    ----------
    values : Series or Panel
        One number a region, by label; or a panel, of whose `variable` the average over its periods is taken.
    variable : str, optional
        The column, where `values` is a panel.
    metric : {"absolute", "log", "ratio", "size"}
        See above.
    standardise : {"row", "spectral", "none"}
        Make rows sum to one, divide by the largest eigenvalue, or leave the metric.

    Returns
    -------
    libpysal.graph.Graph
        Labelled by the regions, all of them linked to one another.

    Raises
    ------
    OptionError
        If a panel comes without `variable`, a Series with one, or two regions have the same value under
        "absolute" or "log", whose inverse does not exist.
    VariableError, MissingDataError, NotPositiveError
        If values are no numbers, missing or infinite, or not positive where the metric needs it (all but
        "absolute").

    References
    ----------
    Case, Rosen and Hines (1993), Budget spillovers and fiscal policy interdependence, Journal of Public
    Economics 52, 285-307.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> income = pd.Series({"a": 10.0, "b": 12.0, "c": 20.0})
    >>> sc.weights.economic(income, standardise="none")["a"].to_dict()
    {'b': 0.5, 'c': 0.1}
    """
    choice("metric", metric, Metric)
    choice("standardise", standardise, Standardise)
    series, what = _series(values, variable)
    regions, v = _numbers(series, what, metric)
    n, mean = len(v), v.mean()
    values = np.empty((n, n - 1))
    if metric in ("absolute", "log"):
        measure = np.log(v) if metric == "log" else v
        _no_ties(measure, regions, what, metric)
    for i in range(n):
        for part, others in ((slice(i), slice(i)), (slice(i, None), slice(i + 1, None))):
            if metric == "size":
                values[i, part] = v[others] / mean
            elif metric == "ratio":
                values[i, part] = np.minimum(v[i], v[others]) / np.maximum(v[i], v[others])
            else:
                values[i, part] = 1 / np.abs(measure[i] - measure[others])
    found = Labelled(checked(complete(values), regions, own=True), regions, f"economic distance ({metric}) in {what}")
    return finish(found, standardise, own=True)


def gravity(
    values: pd.Series | Panel,
    gdf: gpd.GeoDataFrame,
    *,
    variable: str | None = None,
    power: float = 2,
    points: Any = None,
    cutoff: float | None = None,
    nearest: int | None = None,
    standardise: Standardise = "row",
) -> Graph:
    """Weight every other region by the force of a gravity model: both sizes over a power of their distance.

    w_ij = v_i v_j d_ij^(-power), with d in km. Row-standardised, the region's own size cancels and large neighbours
    count for more; "spectral" and "none" keep it.

    The sizes should be exogenous to the model, or be taken before the period that is studied.

    Parameters
    ----------
    values : Series or Panel
        One positive number a region, by label; or a panel, of whose `variable` the average over its periods is taken.
    gdf : GeoDataFrame
        One row a region, with unique labels in the index and a coordinate reference system.
    variable : str, optional
        The column, where `values` is a panel.
    power, points, cutoff, nearest
        As in `inverse_distance`.
    standardise : {"row", "spectral", "none"}
        Make rows sum to one, divide by the largest eigenvalue, or leave the forces.

    Returns
    -------
    libpysal.graph.Graph
        Labelled by the index of `gdf`, in its order.

    Raises
    ------
    AlignmentError
        If the values lack a region of the geometry.
    OptionError, VariableError, MissingDataError, NotPositiveError
        As in `economic`.
    GeometryError
        As in `inverse_distance`.

    References
    ----------
    Tinbergen, J. (1962) Shaping the World Economy. Twentieth Century Fund, New York.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, spatialconv as sc
    >>> towns = gpd.GeoSeries.from_xy([120.15, 121.55, 120.58], [30.29, 29.87, 30.00], crs=4326)
    >>> gdf = gpd.GeoDataFrame(geometry=towns.set_axis(["Hangzhou", "Ningbo", "Shaoxing"]))
    >>> people = pd.Series({"Ningbo": 9.4, "Hangzhou": 12.0, "Shaoxing": 5.3})
    >>> sc.weights.gravity(people, gdf)["Hangzhou"].round(3).to_dict()
    {'Ningbo': 0.193, 'Shaoxing': 0.807}
    """
    from spatialconv.weights._distance import inverse_distance  # geopandas, which economic weights do without

    choice("standardise", standardise, Standardise)
    series, what = _series(values, variable)
    regions, v = _numbers(series, what, "absolute")
    if (v <= 0).any():
        raise NotPositiveError(
            f"gravity needs sizes above zero; {what} is zero or negative for {first(regions[v <= 0])}. Leave these "
            "regions out, or take another measure of size."
        )
    near = unpack(inverse_distance(gdf, power=power, points=points, cutoff=cutoff, nearest=nearest, standardise="none"))
    size = v[positions(regions, near.regions, of="regions of the geometry", where="the values")]
    matrix = sparse.csr_array(sparse.diags_array(size) @ near.matrix @ sparse.diags_array(size))
    matrix.sort_indices()
    return finish(Labelled(matrix, near.regions, f"gravity of {what}, {near.built}", near.notes), standardise)


def _series(values: Any, variable: str | None) -> tuple[pd.Series, str]:
    """Return one number a region, by label, and what it is in words."""
    if isinstance(values, pd.Series):
        if variable is not None:
            raise OptionError("variable= names a column of a panel; the values given are already a Series.")
        return values, str(values.name) if values.name is not None else "the values given"
    if not isinstance(values, Panel):
        raise OptionError(f"values must be a Series indexed by region, or a Panel; got {type(values).__name__}.")
    if variable is None:
        raise OptionError(f"economic weights from a panel need variable=; it has {first(values.variables, 8)}.")
    mean = values.values(variable).mean(axis=0)
    what = f"{variable}, mean of {values.periods[0]} to {values.periods[-1]}"
    return pd.Series(mean, index=values.regions), what


def _numbers(series: pd.Series, what: str, metric: str) -> tuple[pd.Index, FloatArray]:
    """Return labels and values, checked: there, and positive unless the metric is "absolute"."""
    regions = labels(series.index, "regions")
    if series.dtype.kind not in "iufb" or pd.api.types.is_bool_dtype(series.dtype):
        raise VariableError(f"economic weights need numbers; {what} has type {series.dtype}. Convert it first.")
    v = series.to_numpy(dtype=float, na_value=np.nan)
    lost = ~np.isfinite(v)
    if lost.any():
        raise MissingDataError(
            f"{what}: missing or infinite for {first(regions[lost])}. Fill in or drop these regions."
        )
    if metric != "absolute" and (v <= 0).any():
        raise NotPositiveError(
            f"metric={metric!r} needs positive values; {what} is zero or negative for {first(regions[v <= 0])}. "
            "Use metric='absolute', or leave these regions out."
        )
    return regions, v


def _no_ties(measure: FloatArray, regions: pd.Index, what: str, metric: str) -> None:
    # A gap of a few units in the last place is a tie too: its inverse would swamp every other weight.
    order = np.argsort(measure, kind="stable")
    with np.errstate(over="ignore"):
        span = np.ptp(measure)
        if len(measure) < 2 or np.diff(measure[order]).min() > 1e-12 * span:
            return
        gap = np.abs(np.subtract.outer(measure, measure))
    scale = gap[np.isfinite(gap)].max()
    i, j = np.nonzero(np.triu(gap <= 1e-12 * scale, 1))
    if len(i):
        pairs = list(zip(regions[i], regions[j], strict=True))
        raise OptionError(
            f"metric={metric!r} divides by the difference, which is zero between regions of equal {what}: "
            f"{first(pairs)}. Use metric='ratio', which gives equal regions the weight 1, or take longer averages."
        )


def nested(
    geographic: Weights,
    economic: Weights,
    *,
    how: How = "product",
    share: float = 0.5,
    standardise: Standardise = "row",
) -> Graph:
    """Combine geography and economy in one matrix, region by region by label.

    - "product": w_ij = g_ij e_ij. Linked is who is linked in both; among neighbours the alike weigh more.
      With row-standardised results it does not matter how the two were standardised.
    - "mix": w_ij = share g_ij + (1 - share) e_ij. Linked is who is linked in either; the two should be
      standardised in the same way, or the larger numbers decide.

    Parameters
    ----------
    geographic, economic : Graph or W
        Two matrices of the same regions, in any order.
    how : {"product", "mix"}
        See above.
    share : float
        Weight of geography in a mix, between 0 and 1.
    standardise : {"row", "spectral", "none"}
        Make rows sum to one, divide by the largest eigenvalue, or leave the combination.

    Returns
    -------
    libpysal.graph.Graph
        Labelled by the regions, in the order of `geographic`.

    Raises
    ------
    AlignmentError
        If the two are not of the same regions.
    WeightsError
        If one of them has impossible weights.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> links = pd.DataFrame([[0, 1, 1], [1, 0, 0], [1, 0, 0]], index=list("abc"), columns=list("abc"))
    >>> alike = sc.weights.economic(pd.Series({"c": 20.0, "a": 10.0, "b": 12.0}))
    >>> sc.weights.nested(sc.weights.from_matrix(links), alike)["a"].round(3).to_dict()
    {'b': 0.833, 'c': 0.167}
    """
    choice("how", how, How)
    choice("standardise", standardise, Standardise)
    g, e = unpack(geographic), unpack(economic)
    extra = e.regions[~e.regions.astype(object).isin(g.regions.astype(object))]
    places = positions(e.regions, g.regions, of="regions of the geographic weights", where="the economic weights")
    if len(extra):
        raise AlignmentError(
            f"regions of the economic weights not in the geographic weights: {first(extra)}. Cut them out by "
            "weights.subset(w, regions) first."
        )
    e = cut(e, places)
    if how == "product":
        matrix, word = g.matrix.multiply(e.matrix), "times"
    else:
        part = probability("share", share)
        matrix, word = part * g.matrix + (1 - part) * e.matrix, f"({part:g}) mixed with"
    matrix = checked(sparse.csr_array(matrix), g.regions)
    notes = tuple(dict.fromkeys((*g.notes, *e.notes)))
    return finish(Labelled(matrix, g.regions, f"{g.built} {word} {e.built}", notes), standardise)
