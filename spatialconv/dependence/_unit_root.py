"""Is a variable, or the residual of a regression, a random walk over the map? Tests both ways, and half-lives."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatialconv._core.persistence.half_life import TESTED, half_life_test
from spatialconv._core.persistence.kernel import Projector, demean
from spatialconv._core.persistence.unit_root import Ratio, frequencies, of_no_unit_root, of_unit_root
from spatialconv._options import count_of, first, flag, probability, seed_of, whole
from spatialconv.dependence._rows import least_squares, projector
from spatialconv.errors import UnsupportedModelError, VariableError
from spatialconv.models.estimation.components import Places, places
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import TIDY, Provenance, Result, extent, merge_notes, number, p_value

# Share of samples in which the alternative must be found for a test to be said to see it.
_FOUND = 0.45
_SHOWN = 4
# Numbers of frequencies whose tests stand beside those asked for: the choice is the author's, and can decide.
BESIDE = (10, 15, 20)


@dataclass(frozen=True, eq=False, repr=False)
class SpatialUnitRoot(Result):
    """Tests of a spatial unit root and of its absence by period, and the sets of half-lives.

    Attributes
    ----------
    table : DataFrame
        One row a period: `unit_root` and `unit_root_p`, statistic and p of the test whose null is a unit root;
        `no_unit_root` and `no_unit_root_p`, of that whose null is weak dependence; `half_life_low` and
        `half_life_high`, in km, the ends of the set of half-lives (the least one tested is a thousandth of the largest
        distance, the last one infinity); `verdict`, what the two tests say together at 5 %.
    half_lives : DataFrame
        p of every half-life tested, indexed by km (the last, infinite, is the unit root), a column a period.
    by_q : DataFrame
        p of the two tests, indexed by period and number of frequencies: those asked for, 10, 15 and 20.
    monte_carlo_error : float
        Largest Monte Carlo error of a p of `half_lives`; p of the two tests have none.
    of : what was tested
    q : number of low frequencies
    level : of the sets of half-lives
    alternatives : Series
        What the tests are most powerful against: `half_life` in km for the test of the unit root, `variance` of the
        unit root in the test of its absence, and the power there (0.5 but where no alternative is found so often).
    largest : largest distance between two regions, km
    draws : int
    periods, regions : Index
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    half_lives: pd.DataFrame
    by_q: pd.DataFrame
    monte_carlo_error: float
    of: str
    q: int
    level: float
    alternatives: pd.Series
    largest: float
    draws: int
    periods: pd.Index
    regions: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return three rows a period: the tests with statistic and p, and the set of half-lives."""
        rows: list[dict[str, Any]] = []
        for period, row in self.table.iterrows():
            rows += [
                {"term": f"unit root ({period})", "statistic": row["unit_root"], "p_value": row["unit_root_p"]},
                {
                    "term": f"no unit root ({period})",
                    "statistic": row["no_unit_root"],
                    "p_value": row["no_unit_root_p"],
                },
                {
                    "term": f"half-life ({period})",
                    "conf_low": row["half_life_low"],
                    "conf_high": row["half_life_high"],
                },
            ]
        return pd.DataFrame(rows).reindex(columns=list(TIDY))

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, frequencies, and in how many periods each null is rejected at 5 %."""
        row = {
            "variable": self.of,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "q": self.q,
            "largest_km": self.largest,
            "unit_root_rejected": int((self.table["unit_root_p"] <= 0.05).sum()),
            "no_unit_root_rejected": int((self.table["no_unit_root_p"] <= 0.05).sum()),
            "level": self.level,
            "draws": self.draws,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        lines = [
            f"Spatial unit root of {self.of}: {extent(len(self.regions), len(self.periods))}",
            f"  {self.q} low frequencies; largest distance {number(self.largest, 0)} km",
        ]
        t = self.table
        shown = t if len(t) <= _SHOWN else t.iloc[[0, -1]]
        for period, row in shown.iterrows():
            low, high = (_km(row[f"half_life_{end}"]) for end in ("low", "high"))
            span = "at no distance tested" if np.isnan(row["half_life_low"]) else f"{low} to {high} km"
            root, none = p_value(row["unit_root_p"]), p_value(row["no_unit_root_p"])
            lines += [
                f"  {period}: {row['verdict']}",
                f"    unit root {root}, no unit root {none}; half-life {span}",
            ]
        if len(t) > _SHOWN:
            g = self.glance().iloc[0]
            lines.append(
                f"  of {len(t):,} periods the unit root is rejected in {g['unit_root_rejected']}, its absence in "
                f"{g['no_unit_root_rejected']}, at 5 %"
            )
        return lines


def _km(value: float) -> str:
    return "infinity" if np.isinf(value) else f"{value:.0f}" if value >= 10 else number(value, 1)


def spatial_unit_root(
    panel: Panel,
    variable: str,
    geometry: gpd.GeoDataFrame,
    *,
    log: bool = False,
    periods: Iterable[Hashable] | None = None,
    points: Any = None,
    q: int = 15,
    level: float = 0.95,
    draws: int = 19_999,
    seed: int = 0,
) -> SpatialUnitRoot:
    r"""Test whether a variable is a random walk over the map, and over which distance its correlation halves.

    Two such variables that have nothing to do with each other correlate as if they had, as two random walks in time do:
    a regression of growth on initial levels is then spurious whatever its standard errors (`scpc` bears dependence up
    to a bound; `spatial_differences` takes the unit root out).

    Parameters
    ----------
    panel : Panel
        Complete for this variable in the periods; eight regions or more.
    variable : str
    geometry : GeoDataFrame
        One row a region, indexed by region, with a CRS. Distances are geodesic from longitude and latitude, those of
        the plane from projected coordinates.
    log : bool
        Take logarithms of a positive variable.
    periods : labels, optional
        Some of the panel's; all by default.
    points : GeoSeries, GeoDataFrame or DataFrame with columns lon and lat, optional
        Where the regions lie; see `weights.inverse_distance` for what is taken without.
    q : int
        Number of low frequencies: the tests see the variable's projections on the q leading eigenvectors of Levy's
        Brownian motion over these places, so that what neighbours share at short range does not count. At most the
        number of regions less one. Mueller and Watson take 10 to 20; `.by_q` has the p of others, which may differ.
    level : float
        Of the set of half-lives.
    draws : int
        Samples from which p of half-lives are computed; those of the two tests are exact.
    seed : int

    Returns
    -------
    SpatialUnitRoot
        `.table` by period, `.half_lives`.

    Raises
    ------
    DataError
        If there are fewer than eight regions.
    VariableError
        If all regions have one value in a period.
    OptionError, NotPositiveError, MissingDataError, UnbalancedPanelError, AlignmentError, GeometryError
        As elsewhere.

    Notes
    -----
    With d the distance as a share of the largest, :math:`\Sigma(c)_{ij} = e^{-c d_{ij}}`, Levy's Brownian motion
    :math:`\Sigma_L` (the limit of :math:`\Sigma(c) / c` for small c once means are out), R the leading eigenvectors of
    :math:`M \Sigma_L M` and x = R'y, both tests reject for large

    .. math:: \frac{x' \Omega_0^{-1} x}{x' \Omega_1^{-1} x}.

    Null of a unit root (LFUR): :math:`\Omega_0 = R' \Sigma_L R`, :math:`\Omega_1 = R' \Sigma(c) R`, with c such that
    the test at 5 % has power 1/2. Null of weak dependence (LFST): :math:`\Omega_0 = R' \Sigma(c_{0.001}) R`,
    :math:`\Omega_1 = \Omega_0 + g R' \Sigma_L R` with g likewise, where :math:`c_\rho` makes the correlation of two
    regions :math:`\rho` on average; p is the largest over :math:`\rho` from 0.0001 to 0.03. Probabilities are integrals
    of Imhof (1961) instead of simulations. The set of half-lives holds every :math:`\ln 2 / c` that the test with the
    greatest power on average over half-lives up to the largest distance does not reject.

    p are exact for Gaussian variables. In other samples, at 5 % and with 11, 31 and 48 regions, see
    docs/how_to/spatial_unit_roots.md. The work grows with the square of the number of regions: about a minute for
    3,000, half of it for half-lives, and 72 megabytes for each matrix of distances.

    References
    ----------
    Mueller, U. K. and Watson, M. W. (2024) Spatial unit roots and spurious regression. Econometrica 92(5), 1661-1695.

    Imhof, J. P. (1961) Computing the distribution of quadratic forms in normal variables. Biometrika 48, 419-426.

    Becker, S. O., Boll, P. D. and Voth, H.-J. (2025) Testing and correcting for spatial unit roots in regression
    analysis. Stata Journal, forthcoming.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.spatial_unit_root(us.panel, "income", us.states, log=True, periods=[1929, 2009])
    >>> found.table[["unit_root_p", "no_unit_root_p"]].round(3).to_dict("index")
    {1929: {'unit_root_p': 0.017, 'no_unit_root_p': 0.113}, 2009: {'unit_root_p': 0.002, 'no_unit_root_p': 0.108}}
    >>> found.by_q.loc[1929, "unit_root_p"].round(3).to_dict()
    {10: 0.3, 15: 0.017, 20: 0.049}
    """
    as_panel(panel)
    log = flag("log", log)
    chosen = panel.periods if periods is None else _chosen(panel, periods)
    values = panel.values(variable, log=log, periods=chosen)
    where = places(geometry, panel.regions, points, "a test of a spatial unit root")
    flat = np.ptp(values, axis=1) <= 1e-12 * np.abs(values).max(axis=1)
    if flat.any():
        raise VariableError(
            f"{variable!r} is the same in all {panel.n_regions:,} regions in {first(list(chosen[flat]))}. Leave these "
            "periods out by periods=."
        )
    said = f"log {variable}" if log else variable
    options = {"variable": variable, "log": log}
    return _tested(
        demean(values.T), 1, demean, where, panel.regions, chosen, said, "spatial_unit_root", options, panel.notes,
        q=q, level=level, draws=draws, seed=seed,
    )  # fmt: skip


def residual_unit_root(
    model: Any,
    geometry: gpd.GeoDataFrame,
    *,
    points: Any = None,
    q: int = 15,
    level: float = 0.95,
    draws: int = 19_999,
    seed: int = 0,
) -> SpatialUnitRoot:
    r"""Test whether the errors of a cross-section regression are a random walk over the map.

    Where they are, its coefficients are not consistent, and no standard error mends it.

    Parameters
    ----------
    model : BetaConvergence or PanelFit
        Of one period (one span of growth), estimated by least squares: spatial="none".
    geometry, points, q, level, draws, seed
        As in `spatial_unit_root`; q at most the number of regions less that of coefficients.

    Returns
    -------
    SpatialUnitRoot
        With one row, that of the period.

    Raises
    ------
    UnsupportedModelError
        If the model has spatial terms, random effects, a past or several periods.
    DataError
        If there are fewer than eight regions.
    OptionError, AlignmentError, GeometryError
        As elsewhere.

    Notes
    -----
    As `spatial_unit_root`, of the residuals; M takes out the regressors instead of the mean (Mueller and Watson 2024,
    section 4), so that p hold given the regressors.

    References
    ----------
    Mueller, U. K. and Watson, M. W. (2024) Spatial unit roots and spurious regression. Econometrica 92(5), 1661-1695.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> b = sc.beta(us.panel, "income", horizon=80)
    >>> sc.residual_unit_root(b, us.states).table[["unit_root_p", "no_unit_root_p"]].round(3).to_dict("index")
    {2009: {'unit_root_p': 0.014, 'no_unit_root_p': 0.328}}
    """
    fit, rows = least_squares(model, "a test of a spatial unit root in residuals")
    if fit.n_periods > 1:
        raise UnsupportedModelError(
            f"residual_unit_root tests the errors of one cross-section; the model has {fit.n_periods} periods: "
            f"{first(list(fit.design.periods))}. Estimate one (panel.subset, or a horizon as long as the panel), or "
            "test the variables by spatial_unit_root, period by period."
        )
    where = places(geometry, fit.design.regions, points, "a test of a spatial unit root")
    X = rows.X if not rows.effects else np.column_stack([np.ones(len(rows.X)), rows.X])
    project = projector(X)
    residuals = project(fit.design.y.T)
    said = f"the residuals of {fit.spec.y} on {', '.join(n for n in rows.names if n != 'intercept') or 'a constant'}"
    return _tested(
        residuals, X.shape[1], project, where, fit.design.regions, fit.design.periods, said, "residual_unit_root", {},
        fit.notes, q=q, level=level, draws=draws, seed=seed,
    )  # fmt: skip


def _chosen(panel: Panel, periods: Any) -> pd.Index:
    single = isinstance(periods, str) or not isinstance(periods, Iterable)
    found = [panel.period_of(label) for label in ([periods] if single else periods)]
    return panel.periods[panel.periods.isin(found)]


def _tested(
    y: FloatArray,
    taken: int,
    project: Projector,
    where: Places,
    regions: pd.Index,
    periods: pd.Index,
    of: str,
    call: str,
    options: dict[str, Any],
    notes: tuple[str, ...],
    *,
    q: int,
    level: float,
    draws: int,
    seed: int,
) -> SpatialUnitRoot:
    """Test y, shape (N, m), from which `project` has taken `taken` parameters."""
    asked = whole("q", q, least=2)
    level, draws, seed = probability("level", level), count_of("draws", draws, least=999), seed_of(seed)
    most = len(regions) - taken
    used = min(asked, most)
    sizes = sorted({min(size, most) for size in (used, *BESIDE)})
    all_of = frequencies(where.shares, project, sizes[-1])
    tests = {}
    for size in sizes:
        part = all_of.lowest(size)
        tests[size] = (of_unit_root(part, part.R.T @ y), of_no_unit_root(part, part.R.T @ y))
    root, none = tests[used]
    f = all_of.lowest(used)
    p, error = half_life_test(f, f.R.T @ y, draws, np.random.default_rng(seed))
    half_lives = pd.DataFrame(p, index=pd.Index(TESTED * where.largest, name="half_life"), columns=periods)
    low, high, broken = _sets(half_lives, 1 - level)
    table = pd.DataFrame(
        {
            "unit_root": root.statistic,
            "unit_root_p": root.p_value,
            "no_unit_root": none.statistic,
            "no_unit_root_p": none.p_value,
            "half_life_low": low,
            "half_life_high": high,
            "verdict": [_verdict(a, b) for a, b in zip(root.p_value, none.p_value, strict=True)],
        },
        index=periods,
    )
    alternatives = pd.Series(
        {
            "half_life": float(np.log(2.0)) / root.alternative * where.largest,
            "power_unit_root": root.power,
            "variance": none.alternative,
            "power_no_unit_root": none.power,
        }
    )
    said = [f"q is {used} instead of {asked}: there are no more frequencies"] if used < asked else []
    by_q = _by_q(tests, periods)
    said += _other_verdicts(by_q, used)
    said += _weak(root, "unit root", "no correlation at all")
    said += _weak(none, "absence of a unit root", "a unit root")
    if broken:
        said.append(f"the set of half-lives has gaps in {first(broken)}; its ends are shown, .half_lives has all")
    return SpatialUnitRoot(
        table=table,
        half_lives=half_lives,
        by_q=by_q,
        monte_carlo_error=float(error.max()),
        of=of,
        q=used,
        level=level,
        alternatives=alternatives,
        largest=where.largest,
        draws=draws,
        periods=periods,
        regions=regions,
        notes=merge_notes(notes, where.notes, said),
        provenance=Provenance(
            call,
            {**options, "q": used, "level": level, "draws": draws, "distances": where.how},
            len(regions),
            len(periods),
            None,
            seed,
        ),
    )


def _sets(half_lives: pd.DataFrame, alpha: float) -> tuple[list[float], list[float], list[Hashable]]:
    """Return the ends of the sets of half-lives that are not rejected, NaN where all are, and those with gaps."""
    low, high, broken = [], [], []
    for period, p in half_lives.items():
        held = np.flatnonzero(p.to_numpy() > alpha)
        low.append(float(half_lives.index[held[0]]) if len(held) else np.nan)
        high.append(float(half_lives.index[held[-1]]) if len(held) else np.nan)
        if len(held) and len(held) != held[-1] - held[0] + 1:
            broken.append(period)
    return low, high, broken


def _by_q(tests: dict[int, tuple[Ratio, Ratio]], periods: pd.Index) -> pd.DataFrame:
    frames = {
        size: pd.DataFrame({"unit_root_p": root.p_value, "no_unit_root_p": none.p_value}, index=periods)
        for size, (root, none) in tests.items()
    }
    return pd.concat(frames, names=["q"]).swaplevel().sort_index(kind="stable")


def _other_verdicts(by_q: pd.DataFrame, used: int) -> list[str]:
    """Say where another number of frequencies rejects what this one does not, or the other way round."""
    rejected = by_q <= 0.05
    own = rejected.xs(used, level="q")
    said = []
    for column, null in (("unit_root_p", "the unit root"), ("no_unit_root_p", "its absence")):
        other = [period for period in own.index if (rejected.loc[period, column] != own.loc[period, column]).any()]
        if other:
            p = by_q.loc[other[0], column]
            listed = ", ".join(f"{value:.3f} with {size}" for size, value in p.items())
            said.append(f"whether {null} is rejected depends on q in {first(other)}: p {listed} ({other[0]})")
    return said


def _verdict(root: float, none: float) -> str:
    if root <= 0.05:
        return "no unit root, yet strong dependence" if none <= 0.05 else "no unit root, weak dependence"
    return "a unit root is not rejected, weak dependence is" if none <= 0.05 else "neither is rejected: undecided"


def _weak(test: Ratio, null: str, extreme: str) -> list[str]:
    if test.power >= _FOUND:
        return []
    return [f"with these regions the test of the {null} has power {number(test.power, 2)} even against {extreme}"]
