"""The levels that come nearest to the published figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from spatialconv._core.regression.levenberg import Fits, levenberg
from spatialconv._options import generator, seed_of, whole
from spatialconv._reconstruction._figures import OFFICIAL_TOTAL_2016, FloatArray, Problem, evaluate, pose
from spatialconv.results import TIDY, Provenance, Result, number

if TYPE_CHECKING:
    import geopandas as gpd


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
    problem = pose(published, cities, geographic=geographic, total=total)
    fits = search(problem, draw_starts(problem, starts, seed))
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


def draw_starts(problem: Problem, starts: int, seed: int) -> FloatArray:
    """Draw log levels of 2016 with the printed mean and spread; the two known ones are set."""
    rng, _ = generator(seed_of(seed))
    published = problem.figures["published"].to_numpy()
    x = rng.normal(published[0], published[1], (whole("starts", starts, least=1), problem.growth.shape[1]))
    for (t, i), level in ((problem.low, published[2]), (problem.high, published[3])):
        x[:, i] = level - problem.growth[t, i]
    return x


def search(problem: Problem, x: FloatArray, *, power: int = 1, unit: float = 1.0) -> Fits:
    """Minimise the sum of (misfit / unit) to the power of 2 `power` from every start."""
    published, allowance = (problem.figures[name].to_numpy() for name in ("published", "allowance"))
    allowance = allowance * unit

    def residuals(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        values, slopes = evaluate(problem, x)
        misfit, slope = (values - published) / allowance, slopes / allowance[:, None]
        outer = np.abs(misfit) ** (power - 1)
        return misfit * outer, slope * (power * outer)[..., None]

    return levenberg(residuals, x)


def _distinct(costs: FloatArray) -> pd.Series:
    """Count how often each local optimum was reached: sum of squares -> number of starts."""
    counts = pd.Series(np.round(costs, 2)).value_counts().sort_index()
    return counts.rename("starts").rename_axis("sum_of_squares")
