"""Gamma and delta convergence: do ranks change, and does the distance to the best shrink?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._options import choice, first
from spatialconv.errors import DataError, VariableError
from spatialconv.panel import FloatArray, Panel
from spatialconv.panel.panel import as_panel
from spatialconv.results import TIDY, Provenance, Result, extent, number, p_value

Best = Literal["highest", "lowest"]


@dataclass(frozen=True, eq=False, repr=False)
class GammaConvergence(Result):
    """How much the ranking of regions has changed since the first period.

    Attributes
    ----------
    table : DataFrame
        One row a period: `gamma` (this ranking with the first), `gamma_all` (all rankings up to this one), and of these
        `concordance` (Kendall's W), `statistic` (Friedman's chi-squared) and `p`; NaN in the first period but for
        gamma.
    variable : str
    periods, regions : Index
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    variable: str
    periods: pd.Index
    regions: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a period: gamma, with Friedman's statistic and p of all rankings up to it."""
        rows = pd.DataFrame(
            {
                "term": [f"gamma ({period})" for period in self.periods],
                "estimate": self.table["gamma"].to_numpy(),
                "statistic": self.table["statistic"].to_numpy(),
                "p_value": self.table["p"].to_numpy(),
            }
        )
        return rows.reindex(columns=list(TIDY))

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, and the figures of the last period."""
        row = {"variable": self.variable, "n_regions": len(self.regions), "n_periods": len(self.periods)}
        return pd.DataFrame([row | self.table.iloc[-1].to_dict()])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        last, df = self.table.iloc[-1], len(self.regions) - 1
        return [
            f"Gamma convergence of {self.variable}: {extent(len(self.regions), len(self.periods))}",
            f"  ranks of {self.periods[-1]} with those of {self.periods[0]}: gamma {number(last['gamma'])}",
            f"  all rankings: gamma {number(last['gamma_all'])}, Kendall's W {number(last['concordance'])}",
            f"  rankings unrelated: chi2({df}) = {number(last['statistic'], 2)}, {p_value(last['p'])}",
        ]


@dataclass(frozen=True, eq=False, repr=False)
class DeltaConvergence(Result):
    """How far regions are from the best of their period.

    Attributes
    ----------
    table : DataFrame
        One row a period: `best` (the region), `value` (its value), `delta` (sum of the distances to it, in the unit of
        the variable), `mean_distance` (of the other regions) and `relative` (that over abs(value), free of the unit).
    variable : str
    best : "highest" or "lowest"
    periods, regions : Index
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    variable: str
    best: Best
    periods: pd.Index
    regions: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a period: the relative distance to the best."""
        rows = pd.DataFrame(
            {
                "term": [f"relative distance ({period})" for period in self.periods],
                "estimate": self.table["relative"].to_numpy(),
            }
        )
        return rows.reindex(columns=list(TIDY))

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, and the distances of the first and the last period."""
        a, b = self.table.iloc[0], self.table.iloc[-1]
        row: dict[str, Any] = {
            "variable": self.variable,
            "best": self.best,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
        }
        for name in ("delta", "relative"):
            row |= {f"{name}_first": float(a[name]), f"{name}_last": float(b[name])}
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        lines = [f"Delta convergence of {self.variable}: {extent(len(self.regions), len(self.periods))}"]
        for place in sorted({0, len(self.periods) - 1}):
            row = self.table.iloc[place]
            lines.append(
                f"  {self.periods[place]}: best {row['best']} ({number(row['value'], 2)}), "
                f"delta {number(row['delta'], 2)}, relative {number(row['relative'], 3)}"
            )
        return lines


def gamma(panel: Panel, variable: str) -> GammaConvergence:
    r"""Measure how much the ranking of regions has changed (gamma convergence).

    Beside sigma convergence: gaps may close while nobody overtakes anybody, or stay while all change places.

    Parameters
    ----------
    panel : Panel
        Complete for this variable; three regions or more.
    variable : str

    Returns
    -------
    GammaConvergence

    Raises
    ------
    DataError
        If there are fewer than three regions.
    VariableError
        If all regions have one value in a period.
    MissingDataError, UnbalancedPanelError
        If a cell is missing.

    Notes
    -----
    With R the ranks (means of ties),

    .. math:: \gamma_t = \frac{\mathrm{Var}(R_t + R_0)}{\mathrm{Var}(2 R_0)}, \qquad
              \gamma_t^{all} = \frac{\mathrm{Var}(\sum_{s \le t} R_s)}{\mathrm{Var}((t + 1) R_0)}:

    1 where the ranking is the same, 0 where it is turned round, about 1/2 (1 / (t + 1)) where it has nothing to do with
    the first. Friedman's test, (t + 1)(N - 1) W with the correction for ties, has unrelated rankings as null: a small p
    says that ranks persist, and is no test of convergence. Without ties gamma_all is Kendall's W.

    References
    ----------
    Boyle, G. E. and McCarthy, T. G. (1997) A simple measure of beta-convergence. Oxford Bulletin of Economics and
    Statistics 59(2), 257-264.

    Eurofound (2018) Upward convergence in the EU: Concepts, measurements and indicators. Publications Office of the EU.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> sc.gamma(us.panel, "income").table.loc[[1929, 1969, 2009], "gamma"].round(3).to_dict()
    {1929: 1.0, 1969: 0.968, 2009: 0.854}
    """
    values = _complete(panel, variable)
    flat = np.ptp(values, axis=1) == 0
    if flat.any():
        raise VariableError(
            f"{variable!r} is the same in all {panel.n_regions:,} regions in {first(list(panel.periods[flat]))}; there "
            "are no ranks. Leave these periods out by panel.subset(periods=…)."
        )
    ranks = stats.rankdata(values, axis=1)
    sums, many = np.cumsum(ranks, axis=0), np.arange(1, len(ranks) + 1)
    own = np.var(ranks[0])
    n = panel.n_regions
    # Ties take from the variance that a ranking of N could have, n (n^2 - 1) / 12.
    tied = np.array([(np.unique(row, return_counts=True)[1] ** 3.0).sum() - n for row in ranks])
    possible = many**2 * (n**2 - 1) / 12 - many * np.cumsum(tied) / (12 * n)
    concordance = np.where(many > 1, sums.var(axis=1) / possible, np.nan)
    statistic = many * (n - 1) * concordance
    table = pd.DataFrame(
        {
            "gamma": (ranks + ranks[0]).var(axis=1) / (4 * own),
            "gamma_all": sums.var(axis=1) / (many**2 * own),
            "concordance": concordance,
            "statistic": statistic,
            "p": stats.chi2.sf(statistic, n - 1),
        },
        index=panel.periods,
    )
    return GammaConvergence(
        table=table,
        variable=variable,
        periods=panel.periods,
        regions=panel.regions,
        notes=panel.notes,
        provenance=Provenance("gamma", {"variable": variable}, n, panel.n_periods),
    )


def delta(panel: Panel, variable: str, *, best: Best = "highest") -> DeltaConvergence:
    r"""Measure how far regions are from the best of their period (delta convergence).

    Parameters
    ----------
    panel : Panel
        Complete for this variable; three regions or more.
    variable : str
    best : {"highest", "lowest"}
        Which end is good: income has its best at the highest, unemployment at the lowest.

    Returns
    -------
    DeltaConvergence

    Raises
    ------
    DataError
        If there are fewer than three regions.
    OptionError, VariableError, MissingDataError, UnbalancedPanelError
        If an option is unknown, or a value is.

    Notes
    -----
    .. math:: \delta_t = \sum_i | \max_j y_{jt} - y_{it} |

    in the unit of the variable: it rises with growth alone, as every absolute distance does, which `relative`, the mean
    distance of the others over the best, does not. One region that runs ahead moves all of it; see `sigma` for measures
    that do not hang on one.

    References
    ----------
    Heidenreich, M. and Wunder, C. (2008) Patterns of regional inequality in the enlarged Europe. European Sociological
    Review 24(1), 19-36.

    Eurofound (2018) Upward convergence in the EU: Concepts, measurements and indicators. Publications Office of the EU.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> sc.delta(us.panel, "income").table.loc[[1929, 2009], "relative"].round(3).to_dict()
    {1929: 0.476, 2009: 0.301}
    """
    choice("best", best, Best)
    values = _complete(panel, variable)
    place = values.argmax(axis=1) if best == "highest" else values.argmin(axis=1)
    top = values[np.arange(len(values)), place]
    total = np.abs(values - top[:, None]).sum(axis=1)
    mean = total / (panel.n_regions - 1)
    relative = np.divide(mean, np.abs(top), out=np.full(len(top), np.nan), where=top != 0)
    none = panel.periods[top == 0]
    return DeltaConvergence(
        table=pd.DataFrame(
            {"best": panel.regions[place], "value": top, "delta": total, "mean_distance": mean, "relative": relative},
            index=panel.periods,
        ),
        variable=variable,
        best=best,
        periods=panel.periods,
        regions=panel.regions,
        notes=(
            *panel.notes,
            *((f"the best is zero, so that nothing is relative to it, in {first(list(none))}",) if len(none) else ()),
        ),
        provenance=Provenance("delta", {"variable": variable, "best": best}, panel.n_regions, panel.n_periods),
    )


def _complete(panel: Panel, variable: str) -> FloatArray:
    as_panel(panel)
    if panel.n_regions < 3:
        raise DataError(
            f"{extent(panel.n_regions, panel.n_periods)} in the panel; ranks and distances need three regions or more."
        )
    return panel.values(variable)
