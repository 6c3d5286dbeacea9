"""What the package finds for the Zhejiang study, each quantity computed once and when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv import weights
from spatialconv._core.likelihood.logdet import Eigen
from spatialconv.autocorrelation import GlobalAutocorrelation, HotSpots, hot_spots, moran
from spatialconv.convergence.dispersion.sigma import SigmaConvergence, sigma
from spatialconv.panel import FloatArray, Panel
from spatialconv.summary import GrowthTable, growth

EXPORTS = "exports"
FIRST, LAST = 2016, 2020
AREAS = ("province", "northeast", "southwest")


@dataclass(frozen=True)
class Ours:
    """The panel, the cities and all that follows from them."""

    panel: Panel
    cities: Any

    @cached_property
    def graphs(self) -> dict[str, Any]:
        """The two weights matrices of the paper."""
        return {
            "adjacency": weights.adjacency(self.cities),
            "geographic": weights.inverse_distance(self.cities, power=2),
        }

    @cached_property
    def growth(self) -> GrowthTable:
        """Growth in percent, year by year."""
        return growth(self.panel, EXPORTS)

    @cached_property
    def morans(self) -> dict[str, GlobalAutocorrelation]:
        """Moran's I of log exports."""
        return {name: moran(self.panel, EXPORTS, w, log=True) for name, w in self.graphs.items()}

    @cached_property
    def hot(self) -> HotSpots:
        """Gi* of exports, adjacency, first and last year."""
        return hot_spots(self.panel, EXPORTS, self.graphs["adjacency"], period=(FIRST, LAST))

    @cached_property
    def sigma(self) -> SigmaConvergence:
        """Dispersion."""
        return sigma(self.panel, EXPORTS, measures=("mean", "sd", "cv", "mean_log", "sd_log", "cv_log"))

    @cached_property
    def logs(self) -> pd.DataFrame:
        """Log exports, a row a year."""
        return self.panel.wide(EXPORTS, log=True)

    @cached_property
    def levels(self) -> pd.DataFrame:
        """Exports, a row a year."""
        return self.panel.wide(EXPORTS)

    def regions(self, area: str) -> list[Any]:
        """Return the cities of the province or of a subregion, in the order of the panel."""
        if area == "province":
            return list(self.panel.regions)
        inside = set(self.cities.index[self.cities["area"] == area])
        return [city for city in self.panel.regions if city in inside]

    def nobs(self, area: str) -> int:
        """Return the number of growth rates of an area."""
        return len(self.regions(area)) * len(self.growth.spans)

    def loglik(self, area: str, sigma2: float, rho: float) -> float:
        r"""Return the full Gaussian log-likelihood of a spatial lag model at its maximum over the rest.

        .. math:: l = -\frac{NT}{2} (\ln 2 \pi \sigma^2 + 1) + T \ln |I - \rho W|

        with the geographic weights cut out for the area and row-standardised again.
        """
        if sigma2 <= 0:
            return np.inf
        W = weights.align(self.graphs["geographic"], self.regions(area)).matrix  # noqa: N806
        logdet = float(Eigen.of(W).value(rho))
        density = -0.5 * self.nobs(area) * float(np.log(2 * np.pi * sigma2) + 1)
        return density + len(self.growth.spans) * logdet

    def loglik_range(self, area: str, sigma2: float, rho: float, half_unit: float) -> tuple[float, float]:
        """Return the least and the largest log-likelihood that rounded sigma2 and rho allow."""
        # Monotone in sigma2; concave in rho with its top at zero, so that ends, and zero if inside, are enough.
        rhos = [rho - half_unit, rho + half_unit, *([0.0] if abs(rho) < half_unit else [])]
        values = [self.loglik(area, s, r) for s in (sigma2 - half_unit, sigma2 + half_unit) for r in rhos]
        return min(values), max(values)


def describe(values: FloatArray) -> dict[str, float]:
    """Return n, mean, std (n - 1), min and max, as Tab. 4 has them."""
    flat = np.asarray(values, dtype=float).ravel()
    return {
        "n": float(flat.size),
        "mean": float(flat.mean()),
        "std": float(flat.std(ddof=1)),
        "min": float(flat.min()),
        "max": float(flat.max()),
    }


def two_sided(z: float) -> float:
    """Return the two-sided p-value of z under the standard normal distribution."""
    return float(2 * stats.norm.sf(abs(z)))


def p_text(p: float) -> str:
    """Write a p-value, never as zero."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def stars(p: float) -> str:
    """Return the paper's stars: * 10 %, ** 5 %, *** 1 %."""
    return "***" if p <= 0.01 else "**" if p <= 0.05 else "*" if p <= 0.1 else "no star"


def strictest(p: float, claimed: float) -> str:
    """Return at which level in percent p is significant: 1, 5, 10, or the one claimed."""
    levels = sorted({1.0, 5.0, 10.0, claimed})
    met = [level for level in levels if p <= level / 100]
    return f"significant at {met[0]:g} %" if met else f"not significant at {levels[-1]:g} %"


def listed(labels: Any, *, nobody: str = "none") -> str:
    """Return labels in alphabetical order, separated by commas."""
    return ", ".join(sorted(str(label) for label in labels)) or nobody


def leaf(printed: Mapping[str, Any], *keys: str) -> Any:
    """Return what stands at a path of the published figures."""
    found: Any = printed
    for key in keys:
        found = found[key]
    return found
