"""Rates of small populations, drawn towards the mean of all regions or of the neighbours (empirical Bayes)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatialconv import weights
from spatialconv._core.space import association
from spatialconv._options import first
from spatialconv.autocorrelation._results import span
from spatialconv.errors import NotPositiveError, VariableError
from spatialconv.panel import FloatArray, Panel
from spatialconv.panel.panel import as_panel
from spatialconv.results import Provenance, Result, merge_notes, number, plural


@dataclass(frozen=True, eq=False, repr=False)
class EmpiricalBayesRates(Result):
    """Rates by region and period, raw and drawn towards a mean.

    Attributes
    ----------
    table : DataFrame
        One row a (period, region): `events`, `population`, `raw` (their ratio), `mean` (what the rate is drawn
        towards), `weight` (of the raw rate, 0 to 1), `rate` (the estimate) and `standardised` (raw less mean, over its
        standard deviation): the rate for Moran's I (Assuncao and Reis 1999).
    events, population : str
    local : bool
        Whether the mean is that of the neighbourhood.
    periods, regions : Index
    source : Panel
        What the rates were computed from.
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    events: str
    population: str
    local: bool
    periods: pd.Index
    regions: pd.Index
    source: Panel
    notes: tuple[str, ...]
    provenance: Provenance

    def panel(self) -> Panel:
        """Return the panel with columns `raw_rate`, `rate` and `standardised_rate`, for maps and tests."""
        keys = self.source.frame.reset_index()[[self.source.period, self.source.region]]
        rows = self.table.reindex(pd.MultiIndex.from_frame(keys))
        named = {"raw": "raw_rate", "rate": "rate", "standardised": "standardised_rate"}
        return self.source.assign(**{new: rows[old].to_numpy() for old, new in named.items()})

    def tidy(self) -> pd.DataFrame:
        """Return one row a period and region: period, term, estimate (the rate), raw, weight."""
        t = self.table
        return pd.DataFrame(
            {
                "period": t.index.get_level_values(0),
                "term": t.index.get_level_values(1),
                "estimate": t["rate"].to_numpy(),
                "raw": t["raw"].to_numpy(),
                "weight": t["weight"].to_numpy(),
            }
        )

    def glance(self) -> pd.DataFrame:
        """Return one row: what was smoothed towards what, and by how much on average."""
        row = {
            "events": self.events,
            "population": self.population,
            "towards": "the neighbourhood" if self.local else "all regions",
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "mean_weight": float(self.table["weight"].mean()),
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        t = self.table
        lines = [
            f"Empirical Bayes rates of {self.events} by {self.population}",
            f"  {plural(len(self.regions), 'region')}, {span(self.periods)}, drawn towards the mean of "
            f"{'the neighbourhood' if self.local else 'all regions'}",
            f"  raw {number(t['raw'].min())} to {number(t['raw'].max())}, smoothed {number(t['rate'].min())} to "
            f"{number(t['rate'].max())}",
            f"  weight of the raw rate {number(t['weight'].min(), 2)} to {number(t['weight'].max(), 2)}",
        ]
        return lines + ([f"  weights: {self.provenance.weights}"] if self.provenance.weights else [])

    def _display(self) -> pd.DataFrame:
        return self.table


def empirical_bayes(panel: Panel, events: str, population: str, w: Any = None) -> EmpiricalBayesRates:
    r"""Draw rates of small populations towards a mean, by how little they are to be trusted (empirical Bayes).

    A rate from few people is high or low by chance; maps and Moran's I of raw rates show populations as much as risks.

    Parameters
    ----------
    panel : Panel
    events : str
        Counts of zero or more, complete in every period.
    population : str
        People (or firms, or cases) at risk, positive.
    w : Graph or W, optional
        Draw towards the rate of the region with its neighbours (whoever has a positive weight, each counted alike)
        instead of that of all regions. Not modified.

    Returns
    -------
    EmpiricalBayesRates
        `.table` by period and region; `.panel()` for what comes next: `sc.moran(found.panel(), "standardised_rate", w)`
        is Moran's I of rates as Assuncao and Reis have it.

    Raises
    ------
    NotPositiveError
        If a count is negative or a population not positive.
    VariableError
        If there is no event in a period, or a column is absent or no number.
    MissingDataError, UnbalancedPanelError, AlignmentError, WeightsError
        As `moran`.

    Notes
    -----
    With r = e / b, m = sum e / sum b and the excess of the variance of rates over that of counts

    .. math:: A = \frac{\sum_i b_i (r_i - m)^2}{\sum_i b_i} - \frac{m}{\bar b}, \qquad
              \hat r_i = m + \frac{A}{A + m / b_i} (r_i - m)

    A below zero counts as zero: all rates then are m (esda keeps it, so that a rate may leave the range of the data).
    Local means and excesses are sums over the region and its neighbours; where they have no event, the rate is zero.
    The standardised rate is (r_i - m) / sqrt(A + m / b_i), with A of all regions, and m / b_i in the root where that is
    not positive.

    References
    ----------
    Marshall, R. J. (1991) Mapping disease and mortality rates using empirical Bayes estimators. Journal of the Royal
    Statistical Society C 40(2), 283-294.

    Assuncao, R. M. and Reis, E. A. (1999) A new proposal to adjust Moran's I for population density. Statistics in
    Medicine 18(16), 2147-2162.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame({"city": list("abcd"), "year": 2020, "deaths": [0, 30, 12, 50]})
    >>> frame = frame.assign(people=[10, 900, 500, 2000])
    >>> found = sc.empirical_bayes(sc.Panel(frame, region="city", period="year"), "deaths", "people")
    >>> found.table[["raw", "rate"]].round(4).loc[2020].loc["a"].to_dict()
    {'raw': 0.0, 'rate': 0.027}
    """
    as_panel(panel)
    e, b = panel.values(events), panel.values(population)
    _refuse(panel, events, e < 0, "negative", "counts are zero or more")
    _refuse(panel, population, b <= 0, "not positive", "a rate needs somebody at risk")
    none = e.sum(axis=1) == 0
    if none.any():
        raise VariableError(
            f"{events!r} is zero everywhere in period {first(list(panel.periods[none]))}; there is no rate to "
            "estimate. Leave these periods out by panel.subset(periods=...)."
        )
    raw = e / b
    overall = _among(e, b, np.ones((1, panel.n_regions)), one=True)
    aligned = None if w is None else weights.align(w, panel.regions)
    if aligned is None:
        mean, excess = overall
    else:
        near = (aligned.matrix > 0).astype(float)
        near.setdiag(1.0)
        mean, excess = _among(e, b, near.tocsr())
    trust = np.maximum(excess, 0.0)
    noise = mean / b
    weight = np.divide(trust, trust + noise, out=np.zeros_like(raw), where=trust + noise > 0)
    total = overall[1] + overall[0] / b
    spread = np.sqrt(np.where(total > 0, total, overall[0] / b))
    columns = {
        "events": e,
        "population": b,
        "raw": raw,
        "mean": np.broadcast_to(mean, raw.shape),
        "weight": weight,
        "rate": mean + weight * (raw - mean),
        "standardised": (raw - overall[0]) / spread,
    }
    index = pd.MultiIndex.from_product([panel.periods, panel.regions])
    flat = [period for period, row in zip(panel.periods, trust, strict=True) if not row.any()]
    return EmpiricalBayesRates(
        table=pd.DataFrame({name: cells.ravel() for name, cells in columns.items()}, index=index),
        events=events,
        population=population,
        local=w is not None,
        periods=panel.periods,
        regions=panel.regions,
        source=panel,
        notes=merge_notes(
            panel.notes,
            aligned.notes if aligned else (),
            (f"rates differ no more than chance in period {first(flat)}: all are the mean",) if flat else (),
        ),
        provenance=Provenance(
            "empirical_bayes",
            {"events": events, "population": population},
            panel.n_regions,
            panel.n_periods,
            aligned.summary if aligned else None,
        ),
    )


def _among(e: FloatArray, b: FloatArray, near: Any, *, one: bool = False) -> tuple[FloatArray, FloatArray]:
    """Return mean rate and excess variance among the regions that rows of `near` choose: (T, N), or (T, 1) for one."""

    def over(values: FloatArray) -> FloatArray:
        return values.sum(axis=1, keepdims=True) if one else association.lag(values, near)

    raw = e / b
    people = over(b)
    mean = over(e) / people
    # The squares multiplied out about the mean of the choice: sum b r^2 - m^2 sum b.
    between = np.maximum(over(b * raw**2) / people - mean**2, 0.0)
    return mean, between - mean * over(np.ones_like(b)) / people


def _refuse(panel: Panel, variable: str, bad: Any, what: str, why: str) -> None:
    if bad.any():
        t, i = np.nonzero(bad)
        cells = [(panel.regions[k], panel.periods[s]) for s, k in zip(t, i, strict=True)]
        raise NotPositiveError(f"{variable!r} is {what} in {first(cells)}; {why}. Correct these cells.")
