"""Local beta span by span: does the pattern of convergence over the map change with time?"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._options import count_of, generator, passed_on
from spatialconv.convergence.beta.local import LocalBeta, beta_local
from spatialconv.errors import OptionError
from spatialconv.panel import Panel, as_panel
from spatialconv.results import Provenance, Result, merge_notes, number, p_value, plural
from spatialconv.summary import spans_between


@dataclass(frozen=True, eq=False, repr=False)
class LocalBetaSpans(Result):
    """Local betas of several spans of growth.

    Attributes
    ----------
    table : DataFrame
        One row a (span, region), with the columns of `LocalBeta.table`.
    by_span : DataFrame
        One row a span: `bandwidth`, `beta_min`, `beta_median`, `beta_max`, `significant` (regions), `variability_p`
        (does beta vary in space?), `aicc`, `aicc_global`, and `correlation` of the local betas with those of the span
        before.
    results : tuple of LocalBeta
        Each span alone.
    notes, provenance : see `spatialconv.results`
    """

    variable: str
    table: pd.DataFrame
    by_span: pd.DataFrame
    results: tuple[LocalBeta, ...]
    notes: tuple[str, ...]
    provenance: Provenance

    def panel(self) -> Panel:
        """Return the table as a Panel whose periods are the spans, for `maps.choropleth` and the like."""
        frame = self.table[["beta", "std_error", "statistic", "significant", "speed"]].astype(float)
        return Panel(frame.reset_index(), region="region", period="span")

    def tidy(self) -> pd.DataFrame:
        """Return one row a span and region."""
        return self.table.rename(columns={"beta": "estimate"}).reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: spans, regions, and in how many spans beta varies in space at 5 %."""
        row = {
            "variable": self.variable,
            "n_spans": len(self.by_span),
            "n_regions": len(self.results[0].table),
            "varying": int((self.by_span["variability_p"] <= 0.05).sum()),
            "correlation": float(self.by_span["correlation"].mean()),
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.by_span

    def _headline(self) -> list[str]:
        n = len(self.results[0].table)
        lines = [
            f"Local beta convergence of {self.variable}: {plural(n, 'region')}, {plural(len(self.by_span), 'span')}"
        ]
        for span, row in self.by_span.iterrows():
            lines.append(
                f"  {span}: beta {number(row['beta_min'])} to {number(row['beta_max'])}, median "
                f"{number(row['beta_median'])}; significant in {int(row['significant'])}; varies in space "
                f"{p_value(row['variability_p'])}"
            )
        return lines


def beta_local_spans(
    panel: Panel,
    variable: str,
    geometry: Any,
    *,
    breaks: Iterable[Hashable] | None = None,
    draws: int = 199,
    seed: int | np.random.Generator | None = None,
    **options: Any,
) -> LocalBetaSpans:
    """Estimate local beta for one span of growth after another, and set the maps side by side.

    Where convergence is found changes with time: one span over everything shows an average that held nowhere. Each span
    is a cross-section of its own with a bandwidth of its own, by mgwr.

    Parameters
    ----------
    panel : Panel
    variable : str
        The level v, positive.
    geometry : GeoDataFrame
        Regions by label.
    breaks : periods, optional
        Two or more, between which growth is taken; all periods of the panel by default.
    draws : int
        Permutations of each span's test that beta varies in space.
    seed : int or Generator, optional
        Stored in the provenance; every span has its own stream.
    **options
        controls, controls_at, kernel, bandwidth, points, level, jobs, progress: as in `beta_local`.

    Returns
    -------
    LocalBetaSpans
        `.table` (a row a span and region), `.by_span`, `.results`, `.panel()`

    Raises
    ------
    OptionError, SingularDesignError, ModelError, GeometryError, AlignmentError
        As `beta_local`.

    Notes
    -----
    Local estimates share most of their data, and spans share the regions: correlations of the maps of two spans say how
    alike these are, not that what they share is significant.

    References
    ----------
    Fotheringham, Brunsdon and Charlton (2002), Geographically Weighted Regression, Wiley. Oshan et al. (2019), mgwr,
    ISPRS International Journal of Geo-Information 8, 269.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.beta_local_spans(
    ...     us.panel, "income", us.states, breaks=(1929, 1969, 2009), bandwidth=30, draws=19, seed=1, progress=False
    ... )
    >>> found.by_span["beta_median"].round(4).to_dict()
    {'1929-69': -0.0142, '1969-2009': -0.012}
    """
    as_panel(panel)
    given = passed_on("beta_local_spans()", options, beta_local, own=("breaks", "draws", "seed"))
    count_of("draws", draws, least=1)
    named = list(panel.periods) if breaks is None else breaks
    over = spans_between(panel, named)
    rng, used = generator(seed)
    periods = panel.periods
    found = {}
    for k, (start, end) in enumerate(zip(over.start, over.end, strict=True)):
        own = (periods[start], periods[end])
        found[str(over.names[k])] = beta_local(
            panel, variable, geometry, breaks=own, draws=draws, seed=rng.spawn(1)[0], **given
        )
    if not found:
        raise OptionError("breaks names no span; give two periods or more.")
    table = pd.concat({span: one.table for span, one in found.items()}, names=["span", "region"])
    rows, before = {}, None
    for span, one in found.items():
        beta = one.table["beta"]
        rows[span] = {
            "bandwidth": one.bandwidth,
            "beta_min": beta.min(),
            "beta_median": beta.median(),
            "beta_max": beta.max(),
            "significant": int(one.table["significant"].sum()),
            "variability_p": one.variability.p_value,
            "aicc": one.aicc,
            "aicc_global": one.aicc_global,
            "correlation": np.nan if before is None else float(np.corrcoef(before, beta)[0, 1]),
        }
        before = beta
    origin = next(iter(found.values())).provenance
    drawn = {key: value for key, value in origin.options.items() if key != "bandwidth"}
    return LocalBetaSpans(
        variable,
        table,
        pd.DataFrame.from_dict(rows, orient="index").rename_axis("span"),
        tuple(found.values()),
        merge_notes(*(one.notes for one in found.values())),
        Provenance(
            "beta_local_spans", {**drawn, "breaks": [str(b) for b in named]}, panel.n_regions, len(found), None, used
        ),
    )
