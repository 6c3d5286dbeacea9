"""Weights from distances between points: geodesic for coordinates in degrees, plane for projected ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np

from spatialconv._options import Islands, Standardise, choice, first, positive, whole
from spatialconv.errors import OptionError
from spatialconv.results import plural
from spatialconv.weights._graph import FloatArray, IntArray, Labelled, complete, finish, sorted_csr, symmetric
from spatialconv.weights._islands import Pairs, by_hand, first_of_equal, settle
from spatialconv.weights.points import TIE, Points, resolve_points

if TYPE_CHECKING:
    from libpysal.graph import Graph

Shape = Literal["triangular", "epanechnikov", "bisquare", "tricube", "uniform", "gaussian", "exponential"]

# Beyond this many regions the weights of all pairs fill gigabytes.
ALL_PAIRS = 10_000
# Rows of all pairs at a time, so that what a formula needs on its way is small beside the weights.
_ROWS = 64

# Each is one at distance zero; z is distance over bandwidth. The first five vanish beyond z = 1.
_SHAPES: dict[str, Callable[[FloatArray], FloatArray]] = {
    "triangular": lambda z: 1 - z,
    "epanechnikov": lambda z: 1 - z**2,
    "bisquare": lambda z: (1 - z**2) ** 2,
    "tricube": lambda z: (1 - z**3) ** 3,
    "uniform": np.ones_like,
    "gaussian": lambda z: np.exp(-(z**2) / 2),
    "exponential": lambda z: np.exp(-z),
}
_ENDLESS = ("gaussian", "exponential")
_VANISHING = ("triangular", "epanechnikov", "bisquare", "tricube")


def inverse_distance(
    gdf: gpd.GeoDataFrame,
    *,
    power: float = 2,
    points: Any = None,
    cutoff: float | None = None,
    nearest: int | None = None,
    islands: Islands = "keep",
    standardise: Standardise = "row",
) -> Graph:
    """Weight every other region by the inverse of its distance; the usual "geographic distance" matrix.

    w_ij = d_ij^(-power), with d in km. Distances between coordinates in degrees are geodesics on the
    ellipsoid of the coordinate system: the exact way, which a great circle on a sphere misses by up to 0.5 %.
    Distances between projected coordinates are straight lines in the plane (in metres, other units being
    converted); if the projection stretches them by more than 1 %, that is noted. Degrees are never taken for a
    plane.

    Parameters
    ----------
    gdf : GeoDataFrame
        One row a region, with unique labels in the index and a coordinate reference system.
    power : float
        Exponent of distance.
    points : GeoSeries, GeoDataFrame or DataFrame with columns lon and lat, optional
        One point a region, by label; a table of lon and lat is in degrees (WGS 84). If not given, columns lon
        and lat of `gdf` are taken (the seats of the regions, for example), or else the points of a geometry of
        points, or else representative points inside the polygons, which is noted. Centroids are not used: they
        can lie outside, and in degrees they are not centres.
    cutoff : float, optional
        Leave out pairs farther apart than this, in km.
    nearest : int, optional
        Keep for each region the so many nearest only, which keeps thousands of regions sparse; such weights are
        not symmetric before standardising either.
    islands : {"keep", "raise", "nearest"}
        What to do about regions that have nobody within the cutoff: see `adjacency`.
    standardise : {"row", "spectral", "none"}
        Make rows sum to one, divide by the largest eigenvalue, or leave the powers of km.

    Returns
    -------
    libpysal.graph.Graph
        Labelled by the index, in its order.

    Raises
    ------
    GeometryError
        If coordinates are missing, of unknown units or out of range, or two regions have the same point.
    AlignmentError
        If `points` lack a region.
    OptionError
        If a number is not positive, the power is so large that weights leave the range of floating point, or
        all pairs of more than 10,000 regions are asked for.
    IslandError
        If `islands="raise"` and a region has nobody within the cutoff.

    References
    ----------
    Karney (2013), Algorithms for geodesics, Journal of Geodesy 87, 43-55 (the distances). Vincenty (1975), Direct and
    inverse solutions of geodesics on the ellipsoid, Survey Review 23, 88-93 (all pairs of 500 regions and more, within
    a tenth of a millimetre of Karney's).

    Examples
    --------
    >>> import geopandas as gpd, spatialconv as sc
    >>> towns = gpd.GeoSeries.from_xy([120.15, 121.55, 120.58], [30.29, 29.87, 30.00], crs=4326)
    >>> gdf = gpd.GeoDataFrame(geometry=towns.set_axis(["Hangzhou", "Ningbo", "Shaoxing"]))
    >>> w = sc.weights.inverse_distance(gdf, power=1, standardise="none")
    >>> {name: round(1 / weight, 1) for name, weight in w["Hangzhou"].items()}
    {'Ningbo': 142.8, 'Shaoxing': 52.4}
    """
    power = positive("power", power)
    cutoff = None if cutoff is None else positive("cutoff", cutoff)
    choice("islands", islands, Islands)
    choice("standardise", standardise, Standardise)
    place = resolve_points(gdf, points)
    built = f"inverse distance to the power {power:g}"
    notes = place.notes
    if nearest is None and cutoff is None:
        matrix = complete(_powered(_all_pairs(place), power))
        return finish(Labelled(matrix, place.regions, f"{built} ({place.how})", notes), standardise, own=True)
    if nearest is not None:
        i, j, km, tied = place.nearest(_at_most(nearest, "nearest", place))
        built, notes = f"{built}, {nearest} nearest", (*notes, *_tie_note(tied, place))
    else:
        i, j, km = place.pairs_within(float(cutoff or 0))
    if cutoff is not None:
        near = km <= cutoff * (1 + TIE)
        i, j, km, built = i[near], j[near], km[near], f"{built}, within {cutoff:g} km"
    values = _powered(km, power)
    n = len(place.regions)
    matrix = symmetric(n, i, j, values) if nearest is None else sorted_csr(values, i, j, n)
    found = Labelled(matrix, place.regions, f"{built} ({place.how})", notes)
    settled = settle(found, islands, _nearest_point(place), lambda km: float(_powered(np.array([km]), power)[0]))
    return finish(settled, standardise)


def knn(gdf: gpd.GeoDataFrame, *, k: int, points: Any = None, standardise: Standardise = "row") -> Graph:
    """Link each region to its k nearest; nobody is an island, and everybody has the same number of neighbours.

    The links are not mutual: a remote town has its nearest neighbours, whose own are nearer to them. Of regions
    that are equally far the first by label is taken, and the tie is noted. Distances as in
    `inverse_distance`, and the k nearest by them, not by degrees or on a sphere.

    Parameters
    ----------
    gdf : GeoDataFrame
        One row a region, with unique labels in the index and a coordinate reference system.
    k : int
        Number of neighbours, less than the number of regions.
    points
        See `inverse_distance`.
    standardise : {"row", "spectral", "none"}
        Make rows sum to one, divide by the largest eigenvalue, or leave zeros and ones.

    Returns
    -------
    libpysal.graph.Graph
        Labelled by the index, in its order.

    Raises
    ------
    OptionError
        If k is not a whole number between one and the number of other regions.
    GeometryError, AlignmentError
        See `inverse_distance`.

    Examples
    --------
    >>> import geopandas as gpd, spatialconv as sc
    >>> towns = gpd.GeoSeries.from_xy([0, 1, 3], [0, 0, 0], index=["a", "b", "c"], crs=4326)
    >>> sc.weights.knn(gpd.GeoDataFrame(geometry=towns), k=1).adjacency.index.to_list()
    [('a', 'b'), ('b', 'a'), ('c', 'b')]
    """
    choice("standardise", standardise, Standardise)
    place = resolve_points(gdf, points)
    i, j, _, tied = place.nearest(_at_most(k, "k", place))
    matrix = sorted_csr(np.ones(len(i)), i, j, len(place.regions))
    built = f"{plural(k, 'nearest neighbour')} ({place.how})"
    return finish(Labelled(matrix, place.regions, built, (*place.notes, *_tie_note(tied, place))), standardise)


def distance_band(
    gdf: gpd.GeoDataFrame,
    *,
    threshold: float,
    points: Any = None,
    islands: Islands = "keep",
    link: Pairs = (),
    unlink: Pairs = (),
    standardise: Standardise = "row",
) -> Graph:
    """Link all regions at most so many km apart, with equal weights.

    Parameters
    ----------
    gdf : GeoDataFrame
        One row a region, with unique labels in the index and a coordinate reference system.
    threshold : float
        Distance in km, included. A band in which nobody is alone can be found as the largest distance to a
        nearest neighbour.
    points
        See `inverse_distance`, also for how distances are measured.
    islands, link, unlink
        See `adjacency`.
    standardise : {"row", "spectral", "none"}
        Make rows sum to one, divide by the largest eigenvalue, or leave zeros and ones.

    Returns
    -------
    libpysal.graph.Graph
        Labelled by the index, in its order.

    Raises
    ------
    OptionError
        If the threshold is not positive.
    IslandError
        If `islands="raise"` and a region has nobody within the threshold.
    GeometryError, AlignmentError
        See `inverse_distance`.

    Examples
    --------
    >>> import geopandas as gpd, spatialconv as sc
    >>> towns = gpd.GeoSeries.from_xy([0, 1, 3], [0, 0, 0], index=["a", "b", "c"], crs=4326)
    >>> band = sc.weights.distance_band(gpd.GeoDataFrame(geometry=towns), threshold=112)
    >>> sc.weights.describe(band).islands
    ('c',)
    """
    threshold = positive("threshold", threshold)
    choice("islands", islands, Islands)
    choice("standardise", standardise, Standardise)
    place = resolve_points(gdf, points)
    i, j, _ = place.pairs_within(threshold)
    matrix = symmetric(len(place.regions), i, j, np.ones(len(i)))
    built = f"distance band of {threshold:g} km ({place.how})"
    found = by_hand(Labelled(matrix, place.regions, built, place.notes), link, unlink)
    return finish(settle(found, islands, _nearest_point(place)), standardise)


def kernel(
    gdf: gpd.GeoDataFrame,
    *,
    bandwidth: float | None = None,
    k: int | None = None,
    shape: Shape = "triangular",
    points: Any = None,
    islands: Literal["keep", "raise"] = "keep",
    standardise: Standardise = "row",
) -> Graph:
    """Weight others by a kernel of their distance, with one bandwidth for all or one for each region.

    w_ij = K(d_ij / b_i) with K(0) = 1, and w_ii = 0:
    triangular 1 - z, epanechnikov 1 - z^2, bisquare (1 - z^2)^2, tricube (1 - z^3)^3 and uniform 1, all zero
    beyond z = 1; gaussian exp(-z^2 / 2) and exponential exp(-z), which reach everybody.

    Parameters
    ----------
    gdf : GeoDataFrame
        One row a region, with unique labels in the index and a coordinate reference system.
    bandwidth : float, optional
        Bandwidth of all regions, in km.
    k : int, optional
        Instead of `bandwidth`: each region's bandwidth is the distance to its k-th nearest neighbour. Where the
        shape is zero at its end, as the first four are, that neighbour has no weight and k must be two or more.
    shape : {"triangular", "epanechnikov", "bisquare", "tricube", "uniform", "gaussian", "exponential"}
        The function K.
    points
        See `inverse_distance`, also for how distances are measured.
    islands : {"keep", "raise"}
        What to do about regions that have nobody within the bandwidth; a bandwidth by k avoids them.
    standardise : {"row", "spectral", "none"}
        Make rows sum to one, divide by the largest eigenvalue, or leave K.

    Returns
    -------
    libpysal.graph.Graph
        Labelled by the index, in its order.

    Raises
    ------
    OptionError
        If not exactly one of bandwidth and k is given, or it is out of range.
    IslandError
        If `islands="raise"` and a region has nobody within the bandwidth.
    GeometryError, AlignmentError
        See `inverse_distance`.

    References
    ----------
    Kelejian and Prucha (2007), HAC estimation in a spatial framework, Journal of Econometrics 140, 131-154.

    Examples
    --------
    >>> import geopandas as gpd, spatialconv as sc
    >>> towns = gpd.GeoSeries.from_xy([0, 10_000, 40_000], [0, 0, 0], index=["a", "b", "c"], crs=32651)
    >>> w = sc.weights.kernel(gpd.GeoDataFrame(geometry=towns), bandwidth=50, standardise="none")
    >>> w["a"].round(3).to_dict()
    {'b': 0.8, 'c': 0.2}
    """
    choice("shape", shape, Shape)
    choice("islands", islands, ("keep", "raise"))
    choice("standardise", standardise, Standardise)
    if (bandwidth is None) == (k is None):
        raise OptionError("kernel needs either bandwidth (km, the same for all) or k (neighbours), and not both.")
    place = resolve_points(gdf, points)
    if bandwidth is not None:
        bandwidth = positive("bandwidth", bandwidth)
        width = np.full(len(place.regions), bandwidth)
        said = f"{bandwidth:g} km"
    else:
        k = _at_most(k, "k", place, least=2 if shape in _VANISHING else 1)
        rows, _, km, _ = place.nearest(k)
        width = np.zeros(len(place.regions))
        np.maximum.at(width, rows, km)
        said = f"the distance to neighbour {k}"
    matrix = _to_everybody(place, width, shape) if shape in _ENDLESS else _to_the_near(place, width, shape)
    found = Labelled(matrix, place.regions, f"{shape} kernel, bandwidth {said} ({place.how})", place.notes)
    return finish(settle(found, islands, _nearest_point(place)), standardise, own=True)


def _to_everybody(place: Points, width: FloatArray, shape: Shape) -> Any:
    values = _all_pairs(place)
    for start in range(0, len(values), _ROWS):
        rows = slice(start, start + _ROWS)
        values[rows] = _SHAPES[shape](values[rows] / width[rows, None])
    # Far beyond the bandwidth the kernel is zero to the computer.
    return complete(values)


def _to_the_near(place: Points, width: FloatArray, shape: Shape) -> Any:
    # Both directions of each pair: bandwidths may differ.
    i, j, km = place.pairs_within(float(width.max()))
    i, j, km = np.concatenate([i, j]), np.concatenate([j, i]), np.concatenate([km, km])
    z = km / width[i]
    # The neighbour at the bandwidth itself is z = 1 whatever the rounding.
    near = z <= 1 + 1e-12
    values = _SHAPES[shape](np.minimum(z[near], 1))
    kept = values > 0
    return sorted_csr(values[kept], i[near][kept], j[near][kept], len(place.regions))


def _all_pairs(place: Points) -> FloatArray:
    n = len(place.regions)
    if n > ALL_PAIRS:
        raise OptionError(
            f"all pairs of {n:,} regions are {n * (n - 1):,} weights. Keep them sparse by nearest= (the so many "
            "nearest), by cutoff= (km), or by a kernel that ends at its bandwidth."
        )
    return place.all_pairs()


def _powered(km: FloatArray, power: float) -> FloatArray:
    """Return the distances to a negative power, in their own memory."""
    least, most = km.min(initial=np.inf), km.max(initial=0.0)
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        km **= -power
    # Weights fall with distance, so that their ends are those of the distances.
    if km.size and not (km.max() < np.inf and km.min() > np.finfo(float).tiny):
        raise OptionError(
            f"power={power:g} with distances from {least:.4g} to {most:.4g} km leaves the range of floating "
            "point. Take a smaller power."
        )
    return km


def _at_most(value: Any, name: str, place: Points, least: int = 1) -> int:
    number, most = whole(name, value, least=least), len(place.regions) - 1
    if number > most:
        raise OptionError(f"{name} must be at most {most}, the number of other regions; got {number}.")
    return number


def _tie_note(tied: IntArray, place: Points) -> tuple[str, ...]:
    if len(tied) == 0:
        return ()
    return (
        f"several regions are equally far for the last place among the nearest of {first(place.regions[tied])}; "
        "the first by label was taken",
    )


def _nearest_point(place: Points) -> Callable[[int], tuple[int, float]]:
    def find(region: int) -> tuple[int, float]:
        others = np.delete(np.arange(len(place.regions)), region)
        km = place.distance(np.full(len(others), region), others)
        best = first_of_equal(km, place.regions[others])
        return int(others[best]), float(km[best])

    return find
