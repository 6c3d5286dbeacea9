"""Recover the export levels of the Zhejiang study from its published figures, and try other links.

Luo and Zhang (2024) print growth rates but no levels. Growth of every city and year leaves one unknown a city, its
log level in 2016: eleven unknowns. Eighteen printed figures that hang on the levels must be met within rounding:
mean, standard deviation, minimum and maximum of the lagged log levels (Tab. 4), Moran's I of the log levels with
its z for adjacency in five years (Tab. 2), and standard deviation and coefficient of variation of the log levels
in the first and last year (Fig. 3). They leave the coast (Ningbo, Wenzhou, Shaoxing, Taizhou) free within a factor
of two. Ten more settle it: I and z for inverse squared distance, which are met only roughly, for the authors'
coordinates are not known. The officially reported total of the province in 2016, met to 1 %, adds a little.

`notebooks/00_reconstruction.ipynb` tells the story; `datasets.zhejiang` ships its result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array
from scipy.stats import norm

from spatialconv._core import association
from spatialconv._core.levenberg import Fits, levenberg
from spatialconv._options import generator, whole
from spatialconv.results import TIDY, Provenance, Result, number
from spatialconv.weights import adjacency, align, inverse_distance

if TYPE_CHECKING:
    import geopandas as gpd

FloatArray = npt.NDArray[np.float64]

# 100 million yuan, reported by the province and not in the paper. One per cent allows for revisions.
OFFICIAL_TOTAL_2016, TOTAL_ALLOWANCE = 319.3, 0.01
# What moving every city's point by 1.2 km (sd, east and north) does to I and z for inverse squared distance.
UNKNOWN_COORDINATES = {"I": 0.005, "z": 0.03}
# The cities of Tab. 4's minimum and maximum: Fig. 1 has Zhoushan lowest, the text Jinhua first in every year.
LOWEST, HIGHEST = ("Zhoushan", 2016), ("Jinhua", 2019)
# Links that a reader of the map could doubt: two across Hangzhou Bay, two to the archipelago (bridge, ferry).
DOUBTFUL = (("Jiaxing", "Ningbo"), ("Jiaxing", "Shaoxing"), ("Ningbo", "Zhoushan"), ("Jiaxing", "Zhoushan"))


@dataclass(frozen=True, eq=False, repr=False)
class Reconstruction(Result):
    """Export levels that meet the published figures.

    Attributes
    ----------
    levels : DataFrame
        One row a year, one column a city, 100 million yuan.
    log_sd : Series
        Standard deviation of each city's log level, the same in all years.
    figures : DataFrame
        One row a published figure: `published`, `allowance` (taken as its standard deviation), `found`,
        `misfit` = (found - published) / allowance, and `printed`, whether it must be met within rounding.
    total : (float, float)
        Sum of the levels of 2016 and its standard deviation.
    optima : Series
        Sums of squared misfits of the distinct local optima found from all starts, best first.
    """

    levels: pd.DataFrame
    log_sd: pd.Series
    figures: pd.DataFrame
    total: tuple[float, float]
    optima: pd.Series
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def worst(self) -> float:
        """Largest misfit of a printed figure, in units of half its last digit."""
        return float(self.figures.loc[self.figures["printed"], "misfit"].abs().max())

    def tidy(self) -> pd.DataFrame:
        """Return one row a city: its log level in 2016."""
        estimate, sd = np.log(self.levels.iloc[0]), self.log_sd
        table = pd.DataFrame({"term": estimate.index, "estimate": estimate.to_numpy(), "std_error": sd.to_numpy()})
        half = norm.ppf(0.975) * table["std_error"]
        table["conf_low"], table["conf_high"] = table["estimate"] - half, table["estimate"] + half
        return table.reindex(columns=list(TIDY))

    def glance(self) -> pd.DataFrame:
        """Return one row: printed figures, the worst of them, sum of squares, total of 2016."""
        printed = self.figures.loc[self.figures["printed"], "misfit"]
        row = {
            "figures": len(printed),
            "worst": self.worst,
            "sum_of_squares": float(printed @ printed),
            "total_2016": self.total[0],
            "total_sd": self.total[1],
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        row = self.glance().iloc[0]
        return [
            f"Reconstruction of {self.levels.shape[1]} cities, {self.levels.index[0]} to {self.levels.index[-1]}",
            f"  {int(row['figures'])} printed figures; the worst is off by {number(self.worst, 2)} half-units of print",
            f"  sum of their squared misfits {number(row['sum_of_squares'], 2)}; each is below 1 within rounding",
            f"  total of 2016: {number(self.total[0], 1)} (sd {number(self.total[1], 1)}) hundred million yuan",
        ]


def reconstruct(
    published: Mapping[str, Any],
    cities: gpd.GeoDataFrame,
    *,
    geographic: bool = True,
    total: float | None = OFFICIAL_TOTAL_2016,
    starts: int = 24,
    seed: int = 2016,
) -> Reconstruction:
    """Return the levels that come nearest to the published figures, each weighed by its allowance.

    Parameters
    ----------
    published : mapping
        The printed figures, as `datasets.zhejiang().published`.
    cities : GeoDataFrame
        Polygons and seats (lon, lat), indexed by city, as `datasets.zhejiang().cities`.
    geographic : bool
        Use Moran's I and z for inverse squared distance too.
    total : float, optional
        Total of the province in 2016, 100 million yuan, met to 1 %; None leaves it out.
    starts : int
        Random starting points of the search.
    seed : int
        Seed of the starting points.

    Notes
    -----
    Least squares of (found - published) / allowance, the allowance of a printed figure being half a unit of its
    last digit. `log_sd` follows from the curvature at the optimum, (J'J)^-1.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv._reconstruction import reconstruct
    >>> zj = sc.datasets.zhejiang()
    >>> again = reconstruct(zj.published, zj.cities)
    >>> again.levels.loc[2016, ["Jinhua", "Hangzhou", "Zhoushan"]].round(1).tolist()
    [187.2, 55.3, 0.3]
    """
    problem = _problem(published, cities, geographic=geographic, total=total)
    fits = _search(problem, _starts(problem, starts, seed))
    jacobian = fits.jacobian[fits.best]
    covariance = np.linalg.inv(jacobian.T @ jacobian)
    levels = np.exp(fits.x[fits.best] + problem.growth)
    share = levels[0] / levels[0].sum()
    found = problem.figures.assign(misfit=fits.residual[fits.best])
    found["found"] = found["published"] + found["misfit"] * found["allowance"]
    return Reconstruction(
        levels=pd.DataFrame(levels, index=pd.Index(problem.years, name="year"), columns=cities.index),
        log_sd=pd.Series(np.sqrt(np.diag(covariance)), index=cities.index, name="log_sd"),
        figures=found[["published", "allowance", "found", "misfit", "printed"]],
        total=(float(levels[0].sum()), float(levels[0].sum() * np.sqrt(share @ covariance @ share))),
        optima=_distinct(fits.cost),
        notes=("levels are reconstructed, not observed",),
        provenance=Provenance(
            "reconstruct",
            {"geographic": geographic, "total": total, "starts": starts},
            n_regions=len(cities),
            n_periods=len(problem.years),
            weights="queen contiguity" + (" and inverse squared distance" if geographic else ""),
            seed=seed,
        ),
    )


def try_links(
    published: Mapping[str, Any],
    cities: gpd.GeoDataFrame,
    *,
    single: bool = False,
    starts: int = 40,
    seed: int = 2016,
) -> pd.DataFrame:
    """Return how nearly the published figures can be met with other sets of links.

    Tried are all combinations of the `DOUBTFUL` links with row-standardised and with binary weights; `single`
    adds every other single link of the map removed or added, row-standardised. (Rook contiguity is queen
    contiguity on this map, and dividing by the largest eigenvalue changes neither I nor z of binary weights.)

    Returns
    -------
    DataFrame
        One row a set, that of the map first:

        - `change` to the links of the map, `standardise`;
        - `sum_of_squares` of the 18 printed figures at the levels that make it least, in half-units of print;
        - `worst_at_least`: whatever the levels, one of the 18 misses by at least this many half-units. Above 1,
          no levels meet all of them within rounding;
        - `all_figures`: the least sum of squares of all 29, those for inverse squared distance and the total too.

    Notes
    -----
    If m figures miss by at most w, the sum of the eighth powers of their misfits is at most m w^8. Its least value
    P, over all levels, therefore bounds w from below: w >= (P / m)^(1/8).
    """
    printed = _problem(published, cities, geographic=False, total=None)
    everything = _problem(published, cities, geographic=True, total=OFFICIAL_TOTAL_2016)
    links, start = _binary(cities), _starts(printed, starts, seed)
    rows = []
    for change, standardise in _sets(cities, single):
        changed = _toggled(links, [(cities.index.get_loc(a), cities.index.get_loc(b)) for a, b in change])
        weighed = _weighed(_row(changed) if standardise == "row" else changed)
        squares = _search(replace(printed, moran=(weighed,)), start)
        unit = np.abs(squares.residual[squares.best]).max()
        eighth = _search(replace(printed, moran=(weighed,)), squares.x, power=4, unit=unit)
        both = _search(replace(everything, moran=(weighed, everything.moran[1])), squares.x)
        rows.append(
            {
                "change": _said(change, links, cities.index),
                "standardise": standardise,
                "sum_of_squares": squares.cost.min(),
                "worst_at_least": unit * (eighth.cost.min() / len(printed.figures)) ** (1 / 8),
                "all_figures": both.cost.min(),
            }
        )
    table = pd.DataFrame(rows)
    return pd.concat([table[:1], table[1:].sort_values("sum_of_squares", kind="stable")], ignore_index=True)


# ---------------------------------------------------------------------- the problem


@dataclass(frozen=True)
class _Weighed:
    matrix: Any
    both: Any  # W + W'
    sums: association.WeightSums
    slope: float  # of the variance of I in the kurtosis


@dataclass(frozen=True)
class _Problem:
    """What is published and what it hangs on; `growth` is cumulated log growth since 2016, (T, N)."""

    growth: FloatArray
    years: tuple[int, ...]
    low: tuple[int, int]
    high: tuple[int, int]
    moran: tuple[_Weighed, ...]
    total: float | None
    figures: pd.DataFrame


def _problem(
    published: Mapping[str, Any], cities: gpd.GeoDataFrame, *, geographic: bool, total: float | None
) -> _Problem:
    rates = pd.DataFrame(published["tab1_growth_percent"])[list(cities.index)].to_numpy() / 100
    growth = np.vstack([np.zeros(len(cities)), np.cumsum(np.log1p(rates), axis=0)])
    years = tuple(int(year) for year in published["tab2_moran"]["adjacency"])
    low, high = ((years.index(year), int(cities.index.get_loc(city))) for city, year in (LOWEST, HIGHEST))
    weights = [adjacency(cities)] + ([inverse_distance(cities, power=2)] if geographic else [])
    moran = tuple(_weighed(align(w, cities.index).matrix) for w in weights)
    return _Problem(growth, years, low, high, moran, total, _figures(published, geographic, total))


def _figures(published: Mapping[str, Any], geographic: bool, total: float | None) -> pd.DataFrame:
    """List the figures in the order of `_evaluate`."""
    tab4, fig3, tab2 = published["tab4_descriptives"]["lnretail"], published["fig3_sigma"], published["tab2_moran"]
    rows = [(f"Tab. 4 {name}", tab4[name], 5e-5, True) for name in ("mean", "std", "min", "max")]
    rows += [(f"Fig. 3 {name} {year}", fig3[name][year], 5e-3, True) for name in ("std", "cv") for year in fig3[name]]
    for name in ("I", "z"):
        rows += [(f"Tab. 2 adjacency {name} {y}", row[name], 5e-4, True) for y, row in tab2["adjacency"].items()]
    for name in ("I", "z") if geographic else ():
        allowance = UNKNOWN_COORDINATES[name]
        rows += [
            (f"Tab. 2 geographic {name} {y}", row[name], allowance, False) for y, row in tab2["geographic"].items()
        ]
    if total is not None:
        rows.append(("official total 2016", total, TOTAL_ALLOWANCE * total, False))
    return pd.DataFrame(rows, columns=["figure", "published", "allowance", "printed"]).set_index("figure")


def _weighed(matrix: Any) -> _Weighed:
    matrix = csr_array(matrix)
    s = association.weight_sums(matrix)
    n = s.n
    slope = -((n * n - n) * s.s1 - 2 * n * s.s2 + 6 * s.s0**2) / ((n - 1) * (n - 2) * (n - 3) * s.s0**2)
    return _Weighed(matrix, matrix + matrix.T, s, slope)


# ---------------------------------------------------------------------- figures of given levels, with derivatives


def _evaluate(problem: _Problem, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the figures of log levels x of 2016, (S, N) -> (S, K), and their derivatives, (S, K, N)."""
    y = x[:, None, :] + problem.growth
    parts = [_lagged(problem, y), _ends(y)]
    parts += [_moran(y, weighed) for weighed in problem.moran]
    if problem.total is not None:
        level = np.exp(x)
        parts.append((level.sum(axis=1, keepdims=True), level[:, None, :]))
    values, slopes = zip(*parts, strict=True)
    return np.concatenate(values, axis=1), np.concatenate(slopes, axis=1)


def _lagged(problem: _Problem, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean, sd, minimum and maximum of the lagged log levels (Tab. 4)."""
    lagged = y[:, :-1]
    count, n = lagged[0].size, y.shape[2]
    mean = lagged.mean(axis=(1, 2))
    centred = lagged - mean[:, None, None]
    sd = np.sqrt(np.einsum("sti,sti->s", centred, centred) / (count - 1))
    low, high = y[:, *problem.low], y[:, *problem.high]
    slopes = np.zeros((len(y), 4, n))
    slopes[:, 0] = 1 / n
    slopes[:, 1] = centred.sum(axis=1) / ((count - 1) * sd[:, None])
    slopes[:, 2, problem.low[1]] = slopes[:, 3, problem.high[1]] = 1
    return np.stack([mean, sd, low, high], axis=1), slopes


def _ends(y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Standard deviations, then coefficients of variation, of the first and the last year (Fig. 3)."""
    ends, n = y[:, [0, -1]], y.shape[2]
    mean, sd = ends.mean(axis=2), ends.std(axis=2, ddof=1)
    sd_slope = (ends - mean[..., None]) / ((n - 1) * sd[..., None])
    cv_slope = sd_slope / mean[..., None] - (sd / mean**2)[..., None] / n
    return np.concatenate([sd, sd / mean], axis=1), np.concatenate([sd_slope, cv_slope], axis=1)


def _moran(y: FloatArray, weighed: _Weighed) -> tuple[FloatArray, FloatArray]:
    """I of every year, then its z under randomisation (Tab. 2)."""
    s, t, n = y.shape
    flat = y.reshape(s * t, n)
    z, _ = association.standardise(flat)
    scale = flat.std(axis=1, keepdims=True)
    moran = association.moran(z, weighed.matrix, weighed.sums)[:, None]
    root = np.sqrt(association.moran_variance(z, weighed.sums, "randomisation"))[:, None]
    lag = association.lag(z, weighed.both)
    moran_slope = ((lag - lag.mean(axis=1, keepdims=True)) / weighed.sums.s0 - 2 / n * moran * z) / scale
    cubes, kurtosis = z**3, np.mean(z**4, axis=1, keepdims=True)
    kurtosis_slope = 4 / n * (cubes - cubes.mean(axis=1, keepdims=True) - kurtosis * z) / scale
    score = (moran + 1 / (n - 1)) / root
    score_slope = moran_slope / root - score / (2 * root**2) * weighed.slope * kurtosis_slope
    values = np.concatenate([moran.reshape(s, t), score.reshape(s, t)], axis=1)
    return values, np.concatenate([moran_slope.reshape(s, t, n), score_slope.reshape(s, t, n)], axis=1)


# ---------------------------------------------------------------------- the search


def _starts(problem: _Problem, starts: int, seed: int) -> FloatArray:
    """Draw log levels of 2016 with the printed mean and spread; the two known ones are set."""
    rng, _ = generator(whole("seed", seed))
    published = problem.figures["published"].to_numpy()
    x = rng.normal(published[0], published[1], (whole("starts", starts, least=1), problem.growth.shape[1]))
    for (t, i), level in ((problem.low, published[2]), (problem.high, published[3])):
        x[:, i] = level - problem.growth[t, i]
    return x


def _search(problem: _Problem, x: FloatArray, *, power: int = 1, unit: float = 1.0) -> Fits:
    """Minimise the sum of (misfit / unit) to the power of 2 `power` from every start."""
    published, allowance = (problem.figures[name].to_numpy() for name in ("published", "allowance"))
    allowance = allowance * unit

    def residuals(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        values, slopes = _evaluate(problem, x)
        misfit, slope = (values - published) / allowance, slopes / allowance[:, None]
        outer = np.abs(misfit) ** (power - 1)
        return misfit * outer, slope * (power * outer)[..., None]

    return levenberg(residuals, x)


def _distinct(costs: FloatArray) -> pd.Series:
    """Count how often each local optimum was reached: sum of squares -> number of starts."""
    counts = pd.Series(np.round(costs, 2)).value_counts().sort_index()
    return counts.rename("starts").rename_axis("sum_of_squares")


# ---------------------------------------------------------------------- other links


def _binary(cities: gpd.GeoDataFrame) -> FloatArray:
    links: FloatArray = align(adjacency(cities, standardise="none"), cities.index).matrix.toarray()
    return links


def _row(links: FloatArray) -> FloatArray:
    sums = links.sum(axis=1, keepdims=True)
    rows: FloatArray = np.divide(links, sums, out=np.zeros_like(links), where=sums > 0)
    return rows


def _sets(cities: gpd.GeoDataFrame, single: bool) -> list[tuple[tuple[tuple[str, str], ...], str]]:
    """Return links to toggle, with the way to standardise; none of them, row-standardised, comes first."""
    doubtful = [c for k in range(len(DOUBTFUL) + 1) for c in combinations(DOUBTFUL, k)]
    sets = [(change, standardise) for standardise in ("row", "none") for change in doubtful]
    if single:
        known = {frozenset(pair) for pair in DOUBTFUL}
        sets += [((pair,), "row") for pair in combinations(cities.index, 2) if frozenset(pair) not in known]
    return sets


def _toggled(links: FloatArray, pairs: list[tuple[Any, Any]]) -> FloatArray:
    changed = links.copy()
    for i, j in pairs:
        changed[i, j] = changed[j, i] = 1 - links[i, j]
    return changed


def _said(change: tuple[tuple[str, str], ...], links: FloatArray, regions: pd.Index) -> str:
    words = []
    for a, b in change:
        there = links[regions.get_loc(a), regions.get_loc(b)] > 0
        words.append(f"{'without' if there else 'with'} {a}-{b}")
    return ", ".join(words) or "none"
