"""Correlograms: how autocorrelation changes with distance, and at which distance it is strongest."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from spatialconv._core.space import association, weights_algebra
from spatialconv._core.space.by_distance import Measure, by_distance
from spatialconv._labels.order import label_order
from spatialconv._options import Alternative, choice, count_of, first, generator, whole
from spatialconv.autocorrelation._inputs import chosen_periods, refuse_constant
from spatialconv.autocorrelation._omitted import by_period, figures_of_those_there
from spatialconv.autocorrelation._results import label, span
from spatialconv.errors import DataError, OptionError
from spatialconv.panel import FloatArray, Missing, Panel, as_panel, omits, presence_note, who_is_there
from spatialconv.results import Provenance, Result, merge_notes, number, p_value, plural

if TYPE_CHECKING:
    import geopandas as gpd

    from spatialconv.weights.points import Points

Bands = Literal["within", "rings"]
NAMES = {"I": "Moran's I", "C": "Geary's C"}
_STATISTIC = {"moran": "I", "geary": "C"}
_FEW = 30  # pairs, of which a statistic is little more than an anecdote


@dataclass(frozen=True, eq=False, repr=False)
class Correlogram(Result):
    """Autocorrelation by distance, and the distance at which it is strongest.

    Attributes
    ----------
    table : DataFrame
        One row a period and distance: `above` and `distance` (km: pairs further apart than the one and at most the
        other), `pairs`, `islands` (regions without a partner), `I` or `C`, `expected`, `variance`, `z` (positive for
        likeness), `p` (permutations, of this distance alone) and `p_all` (of the extreme over all distances).
    strongest : DataFrame
        One row a period: `distance` of the most extreme z, its statistic, `z` and `p_all`; `first_peak`, the shortest
        distance whose z is above those beside it, NaN where z has none.
    statistic : "I" or "C"
    bands : "within" or "rings"
    variable, log, periods, regions, alternative, permutations : what was analysed
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    strongest: pd.DataFrame
    statistic: Measure
    bands: Bands
    variable: str
    log: bool
    periods: pd.Index
    regions: pd.Index
    alternative: Alternative
    permutations: int
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a period and distance: period, term, estimate, expected, std_error, statistic, p_value."""
        t = self.table
        ends = zip(t["above"], t["distance"], strict=True)
        return pd.DataFrame(
            {
                "period": t.index.get_level_values(0),
                "term": [f"{NAMES[self.statistic]}, {self._band(a, b)}" for a, b in ends],
                "estimate": t[self.statistic].to_numpy(),
                "expected": t["expected"].to_numpy(),
                "std_error": np.sqrt(t["variance"].to_numpy()),
                "statistic": t["z"].to_numpy(),
                "p_value": t["p_all"].to_numpy(),
            }
        )

    def glance(self) -> pd.DataFrame:
        """Return one row: what was tested, and the strongest distance of the last period."""
        last = self._found.iloc[-1]
        row = {
            "statistic": NAMES[self.statistic],
            "variable": self.variable,
            "log": self.log,
            "bands": self.bands,
            "alternative": self.alternative,
            "permutations": self.permutations,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "n_distances": len(self.table.loc[self.periods[0]]),
            "period": last.name,
            "distance": last["distance"],
            "z": last["z"],
            "p_all": last["p_all"],
        }
        return pd.DataFrame([row])

    @property
    def _found(self) -> pd.DataFrame:
        """The rows of `strongest` of periods that have one."""
        return self.strongest[self.strongest["distance"].notna()]

    def _band(self, above: float, upto: float) -> str:
        return f"{above:,.0f} to {upto:,.0f} km" if self.bands == "rings" else f"within {upto:,.0f} km"

    def _display(self) -> pd.DataFrame:
        return self.strongest

    def _headline(self) -> list[str]:
        own = self.table.loc[self.periods[0]]
        kind = "rings" if self.bands == "rings" else "bands"
        lines = [
            f"Correlogram of {label(self.variable, self.log)} by {NAMES[self.statistic]}: "
            f"{plural(len(self.regions), 'region')}, {span(self.periods)}",
            f"  {len(own)} {kind} up to {own['distance'].iloc[-1]:,.0f} km; {self.alternative}, {self.permutations:,} "
            "permutations",
        ]
        for period in dict.fromkeys(self._found.index[[0, -1]]):
            row = self.strongest.loc[period]
            at = self.table.loc[period].set_index("distance").loc[row["distance"]]
            lines.append(
                f"  {period}: strongest {self._band(at['above'], row['distance'])}, {self.statistic} "
                f"{number(row[self.statistic], 3)}, z {number(row['z'], 2)}, {p_value(row['p_all'])} over all distances"
            )
        return lines


def correlogram(
    panel: Panel,
    variable: str,
    geometry: gpd.GeoDataFrame,
    *,
    bands: Bands = "within",
    distances: Iterable[float] | int = 10,
    statistic: Literal["moran", "geary"] = "moran",
    period: Hashable | Iterable[Hashable] | None = None,
    log: bool = False,
    standardise: Literal["row", "none"] = "row",
    permutations: int = 999,
    alternative: Alternative = "greater",
    points: Any = None,
    seed: int | np.random.Generator | None = None,
    missing: Missing = "raise",
) -> Correlogram:
    r"""Ask how far autocorrelation reaches, and at which distance it is strongest (correlogram, incremental Moran).

    Use it before `weights.distance_band`, whose threshold is otherwise a guess. The distance that it finds was chosen
    by looking at all of them, and so has a p of its own: `p_all`.

    Parameters
    ----------
    panel : Panel
    variable : str
        A numeric column, complete in the periods asked for unless `missing` says otherwise.
    geometry : GeoDataFrame
        One row a region, matched by label.
    bands : {"within", "rings"}
        Neighbours are all within a distance ("within": incremental Moran, for a distance band), or those between one
        distance and the next ("rings": the correlogram, which shows where likeness ends).
    distances : rising numbers, or how many
        In km. A number of "within" bands begins where everyone has a neighbour and goes on by the mean distance to the
        nearest; a number of rings divides half of the largest distance.
    statistic : {"moran", "geary"}
    period : label or labels, optional
        All by default.
    log : bool
        Analyse the natural logarithm.
    standardise : {"row", "none"}
        Make rows sum to one, or weigh each pair alike.
    permutations : int
        Random arrangements, the same for all distances.
    alternative : {"greater", "two-sided", "less"}
        "greater": likeness. "two-sided" looks for the strongest of either kind.
    points
        As in `weights.inverse_distance`.
    seed : int or Generator, optional
        Of the permutations; stored in the provenance, also if drawn anew.
    missing : {"raise", "omit"}
        "omit" takes in every period the regions that have a value, at the same distances in all periods, and gives
        their number as the column n.

    Returns
    -------
    Correlogram
        `.table` (a row a period and distance), `.strongest` (a row a period); `plot.correlogram`

    Raises
    ------
    OptionError
        If distances do not rise, or at one of them there is no pair of regions.
    DataError
        If there are fewer than four regions.
    VariableError, MissingDataError, UnbalancedPanelError, NotPositiveError, GeometryError, AlignmentError
        As `moran` and `weights.inverse_distance`.

    Notes
    -----
    z is exact over all arrangements (randomisation), so that distances of few and of many pairs compare. With z_k that
    of distance k,

    .. math:: p_{all}(k) = \frac{1 + \#\{b : \max_j z_j^{(b)} \ge z_k\}}{B + 1},

    over B arrangements: a map of noise has some distance at p_all <= 0.05 in 5 % of cases, whereas the smallest of ten
    p of single distances is that small several times as often. ArcGIS marks peaks of z by the normal p of each alone.

    References
    ----------
    Cliff, A. D. and Ord, J. K. (1981) Spatial Processes: Models and Applications. London: Pion.

    Oden, N. L. (1984) Assessing the significance of a spatial correlogram. Geographical Analysis 16(1), 1-16.

    Westfall, P. H. and Young, S. S. (1993) Resampling-Based Multiple Testing. New York: Wiley.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.correlogram(us.panel, "income", us.states, period=1929, seed=1)
    >>> round(float(found.strongest.loc[1929, "distance"])), float(found.strongest.loc[1929, "p_all"])
    (822, 0.006)
    """
    # Whoever draws a path of Moran's I should not wait for geometry.
    from spatialconv.weights.points import located

    as_panel(panel)
    choice("bands", bands, Bands)
    choice("statistic", statistic, ("moran", "geary"))
    choice("standardise", standardise, ("row", "none"))
    choice("alternative", alternative, Alternative)
    permutations = count_of("permutations", permutations, least=19)
    if panel.n_regions < 4:
        raise DataError(
            f"{plural(panel.n_regions, 'region')} in the panel ({first(list(panel.regions))}); a correlogram needs "
            "4 or more."
        )
    periods = chosen_periods(panel, period)
    if omits(missing):
        asked: dict[str, Any] = {"bands": bands, "statistic": statistic, "log": log, "standardise": standardise}
        asked |= {"permutations": permutations, "alternative": alternative, "points": points}
        return _of_those_there(panel, variable, geometry, periods, seed, distances, asked)
    # The arrangements are dealt in the order of the labels, whatever that of the rows.
    order = panel.regions[label_order(panel.regions)].rename(None)
    values = panel.values(variable, regions=order, periods=periods, log=log)
    refuse_constant(values, variable, periods)
    where = located(geometry, order, points)
    ends = _distances(where, bands, distances)
    i, j, km = where.pairs_within(float(ends[-1]))
    lower = np.concatenate([[0.0], ends[:-1]]) if bands == "rings" else np.zeros(len(ends))
    place = np.searchsorted(ends, km * (1 - 1e-12))
    matrices, rows = [], []
    for k, (above, upto) in enumerate(zip(lower, ends, strict=True)):
        near = place == k if bands == "rings" else place <= k
        if not near.any():
            raise OptionError(
                f"no two regions are {f'{above:g} to ' if bands == 'rings' else 'within '}{upto:g} km apart; the "
                f"nearest are {_nearest(where).min():.4g} km. Take other distances."
            )
        one, other = np.concatenate([i[near], j[near]]), np.concatenate([j[near], i[near]])
        links = csr_array((np.ones(len(one)), (one, other)), shape=(len(order), len(order)))
        alone = int((np.diff(links.indptr) == 0).sum())
        rows.append({"above": above, "distance": upto, "pairs": int(near.sum()), "islands": alone})
        matrices.append(weights_algebra.scale_rows(links) if standardise == "row" else links)
    measure: Any = _STATISTIC[statistic]
    rng, used = generator(seed)
    dev, _ = association.standardise(values)
    found = by_distance(dev, matrices, measure, permutations, alternative, rng)
    columns = {
        measure: found.value, "expected": found.expected, "variance": found.variance, "z": found.z, "p": found.p,
        "p_all": found.p_all,
    }  # fmt: skip
    index = pd.MultiIndex.from_product([periods, range(1, len(ends) + 1)], names=[periods.name, "band"])
    about = pd.concat([pd.DataFrame(rows)] * len(periods), ignore_index=True).set_index(index)
    table = about.assign(**{name: cells.ravel() for name, cells in columns.items()})
    at = np.arange(len(periods)), found.most
    strongest = pd.DataFrame(
        {
            "distance": ends[found.most],
            measure: found.value[at],
            "z": found.z[at],
            "p_all": found.p_most,
            "first_peak": [_first_peak(z, ends) for z in found.z],
        },
        index=periods,
    )
    options = {
        "variable": variable, "bands": bands, "distances": ends.tolist(), "statistic": statistic, "log": log,
        "standardise": standardise, "permutations": permutations, "alternative": alternative, "points": where.how,
    }  # fmt: skip
    return Correlogram(
        table=table,
        strongest=strongest,
        statistic=measure,
        bands=bands,
        variable=variable,
        log=log,
        periods=periods,
        regions=panel.regions,
        alternative=alternative,
        permutations=permutations,
        notes=merge_notes(panel.notes, where.notes, _notes(pd.DataFrame(rows), len(order))),
        provenance=Provenance("correlogram", options, panel.n_regions, len(periods), None, used),
    )


def _of_those_there(
    panel: Panel,
    variable: str,
    geometry: gpd.GeoDataFrame,
    periods: pd.Index,
    seed: Any,
    distances: Any,
    asked: dict[str, Any],
) -> Correlogram:
    """Return the correlogram of the regions that are there in each period, at the distances of all regions."""
    from spatialconv.weights.points import located

    ends = _distances(located(geometry, panel.regions, asked["points"]), asked["bands"], distances)

    def of_part(part: Panel, name: str, shapes: gpd.GeoDataFrame, **options: Any) -> Correlogram:
        try:
            return correlogram(part, name, shapes, distances=ends, **options)
        except OptionError as error:
            # Of a distance at which none of those who are there has a partner.
            raise DataError(str(error)) from None

    results, lost, used = figures_of_those_there(of_part, panel, (variable,), geometry, periods, seed, asked)
    one: Correlogram = results[0]
    table = by_period([result.table for result in results], periods)
    known = one.table.iloc[: len(ends)][["above", "distance"]].to_numpy()
    table[["above", "distance"]] = np.tile(known, (len(periods), 1))
    n = who_is_there(panel, (variable,), periods).sum(axis=1)
    table.insert(0, "n", np.repeat(n, len(ends)))
    absent = presence_note(panel, (variable,), periods)
    return replace(
        one,
        table=table,
        strongest=by_period([result.strongest for result in results], periods),
        periods=periods,
        regions=panel.regions,
        notes=merge_notes(panel.notes, [absent] if absent else [], lost, *[result.notes for result in results]),
        provenance=replace(
            one.provenance,
            options={**one.provenance.options, "missing": "omit"},
            n_regions=panel.n_regions,
            n_periods=len(periods),
            seed=used,
        ),
    )


def _nearest(where: Points) -> FloatArray:
    i, _, km, _ = where.nearest(1)
    return np.asarray(km[np.argsort(i)])


def _distances(where: Points, bands: Bands, asked: Any) -> FloatArray:
    """Return the upper ends of the bands in km, as asked for or by their number."""
    if isinstance(asked, (int, np.integer)) and not isinstance(asked, bool):
        count = whole("distances", asked, least=2, most=100)
        if bands == "rings":
            return np.asarray(float(where.all_pairs().max()) / 2 * np.arange(1, count + 1) / count)
        nearest = _nearest(where)
        return np.asarray(float(nearest.max()) + float(nearest.mean()) * np.arange(count))
    try:
        ends = np.asarray(list(asked), dtype=float)
    except (TypeError, ValueError):
        ends = np.array([np.nan])
    if len(ends) < 1 or not np.isfinite(ends).all() or ends[0] <= 0 or (np.diff(ends) <= 0).any():
        raise OptionError(f"distances are positive, rising numbers of km, or how many there are to be; got {asked!r}.")
    return ends


def _first_peak(z: FloatArray, ends: FloatArray) -> float:
    """Return the shortest distance whose z is above those of the distances beside it; NaN where there is none."""
    inner = np.flatnonzero((z[1:-1] > z[:-2]) & (z[1:-1] >= z[2:])) + 1
    return float(ends[inner[0]]) if len(inner) else float("nan")


def _notes(rows: pd.DataFrame, n: int) -> list[str]:
    said = [
        f"{len(rows)} distances were looked at: p_all is of the most extreme of them, p of one chosen beforehand"
    ] if len(rows) > 1 else []  # fmt: skip
    few = rows[rows["pairs"] < _FEW]
    if len(few):
        said.append(f"fewer than {_FEW} pairs at {first([f'{d:,.0f} km' for d in few['distance']])}")
    alone = rows[rows["islands"] > 0]
    if len(alone):
        most = int(alone["islands"].max())
        said.append(
            f"up to {most} of {n:,} regions have no partner at {first([f'{d:,.0f} km' for d in alone['distance']])}; "
            "they stay in n, with rows of zeros"
        )
    return said
