"""A fixed-effects regression without space, as a result."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from spatialconv.results import TIDY, Provenance, Result, number, p_value, plural

WORDS = {
    "unadjusted": "homoskedastic errors",
    "robust": "errors robust to unequal variances",
    "cluster": "errors clustered by region",
    "driscoll-kraay": "Driscoll-Kraay errors",
}


@dataclass(frozen=True, eq=False, repr=False)
class FixedEffects(Result):
    """Coefficients under effects of regions, periods or both.

    Attributes
    ----------
    table : DataFrame
        One row a term: estimate, std_error, statistic (t), p_value, conf_low, conf_high.
    cov : DataFrame
        Covariance of the coefficients.
    residuals : DataFrame
        One row a period, one column a region; NaN where a row was left out.
    nobs, n_regions, n_periods : int
        Of the rows that are used.
    df : float
        Degrees of freedom of t.
    rsquared, rsquared_adjusted : float
        Of the model, effects counted.
    rsquared_within, rsquared_between, rsquared_overall : float
        Of the regressors alone: share of what the effects leave; squared correlations of outcome and X b between the
        regions' means and overall.
    """

    y: str
    effects: str
    table: pd.DataFrame
    cov: pd.DataFrame
    residuals: pd.DataFrame
    nobs: int
    n_regions: int
    n_periods: int
    df: float
    rsquared: float
    rsquared_adjusted: float
    rsquared_within: float
    rsquared_between: float
    rsquared_overall: float
    vcov: str
    level: float
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def params(self) -> pd.Series:
        """Estimates by term."""
        return self.table["estimate"]

    @property
    def std_errors(self) -> pd.Series:
        """Standard errors by term."""
        return self.table["std_error"]

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values by term."""
        return self.table["p_value"]

    def tidy(self) -> pd.DataFrame:
        """Return one row a term."""
        return self.table.reset_index()[list(TIDY)]

    def glance(self) -> pd.DataFrame:
        """Return one row: outcome, effects, sample and the shares explained."""
        row = {
            "y": self.y,
            "model": "OLS",
            "effects": self.effects,
            "vcov": self.vcov,
            "nobs": self.nobs,
            "n_regions": self.n_regions,
            "n_periods": self.n_periods,
            "rsquared": self.rsquared,
            "rsquared_adjusted": self.rsquared_adjusted,
            "rsquared_within": self.rsquared_within,
            "rsquared_between": self.rsquared_between,
            "rsquared_overall": self.rsquared_overall,
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        effects = "no effects" if self.effects == "none" else f"{self.effects} effects"
        lines = [
            f"Regression of {self.y} ({effects}): {plural(self.nobs, 'observation')}, "
            f"{plural(self.n_regions, 'region')}, {plural(self.n_periods, 'period')}"
        ]
        for term, row in self.table.iloc[:5].iterrows():
            lines.append(
                f"  {term}: {number(row['estimate'])} [{number(row['conf_low'])}, {number(row['conf_high'])}] "
                f"(t {number(row['statistic'], 2)}, {p_value(row['p_value'])})"
            )
        if len(self.table) > 5:
            lines.append(f"  and {len(self.table) - 5} more, see .table")
        shares = f"R² within {number(self.rsquared_within)}, of the model {number(self.rsquared)}"
        return [*lines, f"  {shares}; {WORDS[self.vcov]}"]
