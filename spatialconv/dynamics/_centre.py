"""The centre of gravity of a variable on the map, its path, and the ellipse of its spread."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import Geod

from spatialconv._core.space.centre import region, resampled, spread
from spatialconv._options import choice, count_of, first, generator, probability
from spatialconv.errors import DataError, NotPositiveError, VariableError
from spatialconv.panel import FloatArray, Panel
from spatialconv.panel.panel import as_panel
from spatialconv.results import TIDY, Provenance, Result, extent, merge_notes, number, p_value
from spatialconv.summary import time_axis
from spatialconv.weights.points import Points, located

Formula = Literal["arcgis", "yuill"]
# ArcGIS lengthens both axes by the square root of two, since 2-D spread is not 1-D spread; Yuill did not.
FACTOR: dict[Formula, float] = {"arcgis": float(np.sqrt(2.0)), "yuill": 1.0}
_CLOSE = 1e-6  # metres


@dataclass(frozen=True, eq=False, repr=False)
class GravityCentre(Result):
    """Centre of gravity and standard deviational ellipse by period, and the path between.

    Attributes
    ----------
    table : DataFrame
        One row a period: `lon` and `lat` in degrees (`x` and `y` in the units of a plane), `semi_major` and
        `semi_minor` in km, `azimuth` of the longer axis in degrees clockwise from north, `area` in square km;
        `region_major`, `region_minor` (km) and `region_azimuth`, the ellipse that holds the bootstrap's centres at
        `level`; from the first period `east` and `north` in km.
    moves : DataFrame
        One row a step, indexed by the period that it leads to: `from`, `distance` (km), `azimuth`, `east`, `north`
        (km), `speed` (km a unit of time).
    shift : Series
        First period to last: `distance`, `azimuth`, `east`, `north`, `path` (length of all steps), `tortuosity` (path
        over distance), and `p` that regions drawn anew would lie as far from the shift as no shift does.
    intervals : DataFrame
        Percentile intervals by (period, measure): `std_error`, `conf_low`, `conf_high` of east, north, semi_major,
        semi_minor.
    variable : str
    formula : "arcgis" or "yuill"
    level : float
    draws : int
    periods, regions : Index
    crs : pyproj.CRS
        Of the coordinates.
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    moves: pd.DataFrame
    shift: pd.Series
    intervals: pd.DataFrame
    variable: str
    formula: Formula
    level: float
    draws: int
    periods: pd.Index
    regions: pd.Index
    crs: Any
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a period and measure: km east and north of the first centre, and the ellipse's axes."""
        names = ["east", "north", "semi_major", "semi_minor"]
        rows = pd.DataFrame(
            {
                "term": [f"{name} ({period})" for period in self.periods for name in names],
                "estimate": self.table[names].to_numpy().ravel(),
            }
        )
        if len(self.intervals):
            for column in ("std_error", "conf_low", "conf_high"):
                rows[column] = self.intervals[column].to_numpy()
        return rows.reindex(columns=list(TIDY))

    def glance(self) -> pd.DataFrame:
        """Return one row: what moved, how far and where to, with p, and how the ellipse changed."""
        row = {
            "variable": self.variable,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "distance": float(self.shift["distance"]),
            "azimuth": float(self.shift["azimuth"]),
            "path": float(self.shift["path"]),
            "tortuosity": float(self.shift["tortuosity"]),
            "p_value": float(self.shift["p"]),
            "area_first": float(self.table["area"].iloc[0]),
            "area_last": float(self.table["area"].iloc[-1]),
            "formula": self.formula,
            "draws": self.draws,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        t, s = self.table, self.shift
        across, up = t.columns[:2]
        lines = [
            f"Gravity centre of {self.variable}: {extent(len(self.regions), len(self.periods))}",
            f"  {self.periods[0]}: {across} {number(t[across].iloc[0])}, {up} {number(t[up].iloc[0])}",
        ]
        if len(t) > 1:
            lines += [
                f"  {self.periods[-1]}: {across} {number(t[across].iloc[-1])}, {up} {number(t[up].iloc[-1])}",
                f"  shift {number(s['distance'], 2)} km to {compass(float(s['azimuth']))}"
                + (f", {p_value(float(s['p']))}" if self.draws else "")
                + f"; path {number(s['path'], 2)} km",
            ]
        first_, last = t.iloc[0], t.iloc[-1]
        lines.append(
            f"  ellipse ({self.formula}) {number(first_['semi_major'], 1)} x {number(first_['semi_minor'], 1)} km"
            + (f", then {number(last['semi_major'], 1)} x {number(last['semi_minor'], 1)} km" if len(t) > 1 else "")
        )
        if self.draws:
            lines.append(f"  regions of {100 * self.level:g} % by {self.draws:,} bootstraps of regions")
        return lines


def gravity_centre(
    panel: Panel,
    variable: str,
    geometry: gpd.GeoDataFrame,
    *,
    points: Any = None,
    periods: Iterable[Hashable] | None = None,
    formula: Formula = "arcgis",
    draws: int = 999,
    level: float = 0.95,
    seed: int | np.random.Generator | None = None,
) -> GravityCentre:
    r"""Follow the centre of gravity of a variable over the map, and the ellipse of its spread.

    Where the weight of an economy lies, which way it goes, and whether it gathers or spreads along an axis.

    Parameters
    ----------
    panel : Panel
    variable : str
        Amounts of zero or more (output, people, exports), complete in the periods; their place is what is averaged.
    geometry : GeoDataFrame
        One row a region, indexed by region, with a CRS.
    points : GeoSeries, GeoDataFrame or DataFrame with columns lon and lat, optional
        Where the amount of each region lies; see `weights.inverse_distance` for what is taken without.
    periods : labels, optional
        Some of the panel's; all by default.
    formula : {"arcgis", "yuill"}
        Length of the half axes: the square root of two times the weighted standard deviations along them, as ArcGIS
        draws them (about 63 % of a normal cloud lie inside), or those standard deviations (Yuill 1971; 39 %). CrimeStat
        has n - 2 for n in the former.
    draws : int
        Bootstraps: regions drawn with replacement, each with its whole history; 0 for none. They say how much the
        centre hangs on which regions there are, not how surely the regions' amounts are known.
    level : float
        Of regions and intervals.
    seed : int or Generator, optional
        Of the bootstrap; stored in the provenance, also if drawn anew.

    Returns
    -------
    GravityCentre
        `.table` by period, `.moves` by step, `.shift` from first to last.

    Raises
    ------
    DataError
        If there are fewer than three regions.
    NotPositiveError
        If a value is negative.
    VariableError
        If all values of a period are zero.
    OptionError, MissingDataError, UnbalancedPanelError, AlignmentError, GeometryError
        As elsewhere.

    Notes
    -----
    On the ellipsoid the centre is the point with the least weighted sum of squared geodesic distances,

    .. math:: c_t = \arg\min_c \sum_i w_{it}\, d(c, s_i)^2,

    found by going from a point to the weighted mean of the regions in the azimuthal equidistant plane about it, until
    it stays. A mean of degrees, as most papers take it, lies elsewhere: degrees of longitude shorten to the north. The
    ellipse is that of the weighted covariance in the same plane; in a plane both are the usual ones,

    .. math:: \tan \theta = \frac{A + \sqrt{A^2 + 4 C^2}}{2 C}, \quad A = \sum_i w_i (x_i^2 - y_i^2), \quad
              C = \sum_i w_i x_i y_i,

    with theta clockwise from north and x, y from the centre (ArcGIS, Directional Distribution).

    References
    ----------
    Yuill, R. S. (1971) The standard deviational ellipse: an updated tool for spatial description. Geografiska Annaler B
    53(1), 28-39.

    Lefever, D. W. (1926) Measuring geographic concentration by means of the standard deviational ellipse. American
    Journal of Sociology 32(1), 88-94.

    Esri, How Directional Distribution (Standard Deviational Ellipse) works (documentation of ArcGIS Pro).

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.gravity_centre(us.panel, "income", us.states, periods=[1929, 1969, 2009], draws=0)
    >>> found.shift[["distance", "azimuth"]].round(1).to_dict()
    {'distance': 68.3, 'azimuth': 175.3}
    """
    as_panel(panel)
    choice("formula", formula, Formula)
    level, draws = probability("level", level), count_of("draws", draws)
    if panel.n_regions < 3:
        raise DataError(
            f"{extent(panel.n_regions, panel.n_periods)} in the panel; an ellipse needs three regions or more."
        )
    chosen = panel.periods if periods is None else _chosen(panel, periods)
    weight = _weights(panel, variable, chosen)
    place = located(geometry, panel.regions, points)
    crs = _crs(geometry, points)
    plane = _Plane(place)
    table, centres = _ellipses(plane, weight, chosen, formula, crs)
    east, north = _steps(plane, np.repeat(centres[:1], len(centres), axis=0), centres)
    table["east"], table["north"] = east, north
    moves = _moves(plane, centres, chosen)
    rng, used = generator(seed)
    intervals, p = _bootstrap(plane, weight, table, centres, chosen, formula, draws, level, rng)
    distance = float(np.hypot(east[-1], north[-1]))
    path = float(moves["distance"].sum())
    shift = pd.Series(
        {
            "distance": distance,
            "azimuth": float(np.mod(np.degrees(np.arctan2(east[-1], north[-1])), 360.0)),
            "east": float(east[-1]),
            "north": float(north[-1]),
            "path": path,
            "tortuosity": path / distance if distance > 0 else np.nan,
            "p": p,
        }
    )
    _, by_position = time_axis(chosen)
    return GravityCentre(
        table=table,
        moves=moves,
        shift=shift,
        intervals=intervals,
        variable=variable,
        formula=formula,
        level=level,
        draws=draws,
        periods=chosen,
        regions=panel.regions,
        crs=crs,
        notes=merge_notes(
            panel.notes,
            place.notes,
            ("periods are no whole numbers: speed is per position",) if by_position and len(chosen) > 1 else (),
        ),
        provenance=Provenance(
            "gravity_centre",
            {"variable": variable, "formula": formula, "draws": draws, "level": level, "points": place.how},
            panel.n_regions,
            len(chosen),
            None,
            used if draws else None,
        ),
    )


def compass(azimuth: float) -> str:
    """Return one of eight points of the compass for degrees clockwise from north."""
    names = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
    return names[round(azimuth / 45) % 8]


class _Plane:
    """Planes about any centre: coordinates in metres to the east and north of it, and back."""

    def __init__(self, place: Points) -> None:
        self.xy, self.geod = place.xy, place.geod

    def about(self, centre: FloatArray) -> FloatArray:
        return _offsets(self.geod, np.broadcast_to(centre, self.xy.shape), self.xy)

    def at(self, centre: FloatArray, offset: FloatArray) -> FloatArray:
        """Return where so many metres east and north of a centre lead."""
        if self.geod is None:
            return centre + offset
        azimuth = np.degrees(np.arctan2(offset[0], offset[1]))
        lon, lat, _ = self.geod.fwd(centre[0], centre[1], azimuth, np.hypot(*offset))
        return np.array([lon, lat])

    def centre(self, weight: FloatArray) -> FloatArray:
        share = weight / weight.sum()
        if self.geod is None:
            return np.asarray(share @ self.xy)
        # Begun from the mean of directions from the Earth's centre, so that the date line is no edge.
        lon, lat = np.radians(self.xy).T
        mean = share @ np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        here = np.degrees([np.arctan2(mean[1], mean[0]), np.arctan2(mean[2], np.hypot(mean[0], mean[1]))])
        for _ in range(100):
            step = share @ self.about(here)
            here = self.at(here, step)
            if np.hypot(*step) < _CLOSE:
                break
        return here


def _offsets(geod: Geod | None, one: FloatArray, other: FloatArray) -> FloatArray:
    if geod is None:
        return other - one
    azimuth, _, metres = geod.inv(one[:, 0], one[:, 1], other[:, 0], other[:, 1])
    angle = np.radians(azimuth)
    return np.column_stack([metres * np.sin(angle), metres * np.cos(angle)])


def _steps(plane: _Plane, one: FloatArray, other: FloatArray) -> tuple[FloatArray, FloatArray]:
    offset = _offsets(plane.geod, one, other) / 1000
    return offset[:, 0], offset[:, 1]


def _chosen(panel: Panel, periods: Any) -> pd.Index:
    single = isinstance(periods, str) or not isinstance(periods, Iterable)
    found = [panel.period_of(label) for label in ([periods] if single else periods)]
    return panel.periods[panel.periods.isin(found)]


def _weights(panel: Panel, variable: str, periods: pd.Index) -> FloatArray:
    weight = panel.values(variable, periods=periods)
    if (weight < 0).any():
        t, i = np.nonzero(weight < 0)
        cells = [(panel.regions[b], periods[a]) for a, b in zip(t, i, strict=True)]
        raise NotPositiveError(
            f"{variable!r} is negative in {first(cells)}; a centre of gravity needs amounts of zero or more. Take "
            "levels, not growth rates or logarithms."
        )
    none = weight.sum(axis=1) == 0
    if none.any():
        raise VariableError(
            f"{variable!r} is zero everywhere in period {first(list(periods[none]))}; there is no centre. Leave these "
            "periods out by periods=."
        )
    # Only proportions count; scaled so that no product over- or underflows.
    return np.asarray(weight / weight.max(axis=1, keepdims=True))


def _crs(geometry: Any, points: Any) -> Any:
    """Return the system of the coordinates that `located` takes."""
    if points is not None:
        return points.crs if hasattr(points, "crs") else gpd.GeoSeries(crs=4326).crs
    if {"lon", "lat"} <= set(geometry.columns):
        return gpd.GeoSeries(crs=4326).crs
    return geometry.crs


def _ellipses(
    plane: _Plane, weight: FloatArray, periods: pd.Index, formula: Formula, crs: Any
) -> tuple[pd.DataFrame, FloatArray]:
    centres = np.array([plane.centre(row) for row in weight])
    found = [spread(plane.about(c), row[None]) for c, row in zip(centres, weight, strict=True)]
    major, minor, azimuth = (np.array([getattr(s, k)[0] for s in found]) for k in ("major", "minor", "azimuth"))
    scale = FACTOR[formula] / 1000
    shown = centres if plane.geod is not None else centres / (crs.axis_info[0].unit_conversion_factor or 1.0)
    across, up = ("lon", "lat") if plane.geod is not None else ("x", "y")
    table = pd.DataFrame(
        {
            across: shown[:, 0],
            up: shown[:, 1],
            "semi_major": scale * major,
            "semi_minor": scale * minor,
            "azimuth": azimuth,
            "area": np.pi * scale**2 * major * minor,
        },
        index=periods,
    )
    return table, centres


def _moves(plane: _Plane, centres: FloatArray, periods: pd.Index) -> pd.DataFrame:
    east, north = _steps(plane, centres[:-1], centres[1:])
    distance = np.hypot(east, north)
    time, _ = time_axis(periods)
    return pd.DataFrame(
        {
            "from": periods[:-1],
            "distance": distance,
            "azimuth": np.mod(np.degrees(np.arctan2(east, north)), 360.0),
            "east": east,
            "north": north,
            "speed": distance / np.diff(np.asarray(time, dtype=float)),
        },
        index=periods[1:],
    )


def _bootstrap(
    plane: _Plane,
    weight: FloatArray,
    table: pd.DataFrame,
    centres: FloatArray,
    periods: pd.Index,
    formula: Formula,
    draws: int,
    level: float,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, float]:
    columns = ("region_major", "region_minor", "region_azimuth")
    if not draws:
        for name in columns:
            table[name] = np.nan
        return pd.DataFrame(columns=["std_error", "conf_low", "conf_high"]), np.nan
    # One plane for all draws, about the first centre: what it stretches is second order in the centres' distances.
    xy = plane.about(centres[0])
    found, axes = resampled(xy, weight, draws, rng)
    own = spread(xy, weight)
    known = np.column_stack([table["east"], table["north"]])
    away = (found - own.centre) / 1000
    regions = [region(away[:, t], np.zeros(2), level) for t in range(len(periods))]
    for k, name in enumerate(columns):
        table[name] = [r[k] for r in regions]
    # Differences from the first period draw by draw, since the same regions make both.
    moved = away - away[:, :1] + known
    measures = np.concatenate([moved, axes * FACTOR[formula] / 1000], axis=2)
    low, high = (np.nanquantile(measures, q, axis=0) for q in ((1 - level) / 2, (1 + level) / 2))
    intervals = pd.DataFrame(
        {
            "std_error": np.nanstd(measures, axis=0, ddof=1).ravel() if draws > 1 else np.nan,
            "conf_low": low.ravel(),
            "conf_high": high.ravel(),
        },
        index=pd.MultiIndex.from_product([periods, ("east", "north", "semi_major", "semi_minor")]),
    )
    return intervals, _p_of_shift(moved[:, -1], known[-1]) if len(periods) > 1 else np.nan


def _p_of_shift(moved: FloatArray, shift: FloatArray) -> float:
    """Return the share of draws that lie as far from the shift found as no shift does, by Mahalanobis's distance."""
    *_, squared = region(moved, shift, 0.5)
    away = moved[~np.isnan(moved).any(axis=1)] - shift
    covariance = away.T @ away / max(len(away), 1)
    if not squared.any():
        return np.nan
    reach = float(shift @ np.linalg.solve(covariance, shift))
    return float(((squared >= reach).sum() + 1) / (len(squared) + 1))
