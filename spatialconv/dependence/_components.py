"""Standard errors and intervals under dependence over space up to a bound, from principal components (SCPC)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from spatialconv._options import choice, flag, probability
from spatialconv.convergence.beta.beta import INITIAL, BetaConvergence, speeds_between
from spatialconv.dependence._differences import difference_matrix
from spatialconv.dependence._rows import least_squares
from spatialconv.errors import UnsupportedModelError
from spatialconv.models.estimation.components import BOUND, Rows, held, largest_correlation, places
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.panel import FloatArray
from spatialconv.results import TIDY, Provenance, Result, extent, merge_notes, number, p_value

Transform = Literal["none", "lbm-gls"]


@dataclass(frozen=True, eq=False, repr=False)
class Scpc(Result):
    """A regression with standard errors from spatial correlation principal components.

    Attributes
    ----------
    table : DataFrame
        One row a coefficient: `estimate`, `std_error`, `statistic` (t), `p_value`, `conf_low`, `conf_high`, `critical`
        (what the absolute value of t is held against at `level`) and `model_std_error`, that of the model itself.
    speeds : DataFrame
        Of a growth regression: `estimate`, `conf_low` and `conf_high` of speed and half-life, the ends of the interval
        of beta sent through their formulas (NaN and infinity where these end); of others empty.
    of : the model in words
    transform : "none" or "lbm-gls"
    bound : average correlation of two regions up to which sizes hold
    half_life : distance in km over which correlation halves where it is the bound
    q : number of principal components
    conditional : whether sizes hold given the regressors too
    level : of the intervals
    regions : Index
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    speeds: pd.DataFrame
    of: str
    transform: Transform
    bound: float
    half_life: float
    q: int
    conditional: bool
    level: float
    regions: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a coefficient: term, estimate, std_error, statistic, p_value, conf_low, conf_high."""
        return self.table.rename_axis("term").reset_index()[list(TIDY)]

    def glance(self) -> pd.DataFrame:
        """Return one row: the model, the bound, and the number of components."""
        row = {
            "model": self.of,
            "transform": self.transform,
            "n_regions": len(self.regions),
            "n_periods": self.provenance.n_periods,
            "bound": self.bound,
            "half_life_km": self.half_life,
            "q": self.q,
            "conditional": self.conditional,
            "level": self.level,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        lines = [
            f"SCPC: {self.of}",
            f"  {self.q} components; correlation of two regions up to {self.bound:g} on average (halves over "
            f"{self.half_life:,.0f} km)",
        ]
        terms = [term for term in self.table.index if term != "intercept"]
        for term in terms[:4]:
            row = self.table.loc[term]
            lines += [
                f"  {term} {number(row['estimate'])}, standard error {number(row['std_error'])} (of the model "
                f"{number(row['model_std_error'])})",
                f"    t {number(row['statistic'], 2)} against {number(row['critical'], 2)}, {p_value(row['p_value'])}; "
                f"[{number(row['conf_low'])}, {number(row['conf_high'])}]",
            ]
        lines += [f"  and {len(terms) - 4} more, see .table"] if len(terms) > 4 else []
        for name, row in self.speeds.iterrows():
            ends = f" [{number(row['conf_low'])}, {number(row['conf_high'])}]" if np.isfinite(row["estimate"]) else ""
            lines.append(f"  {str(name).replace('_', '-')} {number(row['estimate'])}{ends}")
        return lines


def scpc(
    model: Any,
    geometry: gpd.GeoDataFrame,
    *,
    points: Any = None,
    bound: float = BOUND,
    transform: Transform = "none",
    conditional: bool = True,
    level: float = 0.95,
) -> Scpc:
    r"""Give a regression standard errors, p and intervals that hold under strong dependence over space.

    Standard errors of Conley (1999), with fixed or few-region bandwidths, are too small where correlation reaches far.
    These hold for any correlation that falls with distance up to a bound on its average, in samples of any size.

    Parameters
    ----------
    model : BetaConvergence or PanelFit
        Estimated by least squares: spatial="none", effects "none", "time", "region" or "two-way". A panel's regions are
        clusters: their own history is any.
    geometry, points
        As in `spatial_unit_root`.
    bound : float
        Largest average correlation of two regions that p and intervals are to bear, from 0.001 to 0.9; 0.03 is that of
        Mueller and Watson. More makes intervals longer.
    transform : {"none", "lbm-gls"}
        Estimate as the model did, or a cross-section again after `spatial_differences` of all its variables, where
        they have a unit root.
    conditional : bool
        Hold size given the regressors too (Mueller and Watson 2023), not only on average over them: p and intervals are
        the more cautious of the two.
    level : float
        Of the intervals.

    Returns
    -------
    Scpc
        `.table`, and `.speeds` of a growth regression.

    Raises
    ------
    UnsupportedModelError
        If the model has spatial terms, random effects or a past, or "lbm-gls" is asked for with several periods.
    DataError
        If there are fewer than eight regions.
    OptionError, AlignmentError, GeometryError
        As elsewhere.

    Notes
    -----
    With :math:`w_{ji} = b_j + n [(X'X)^{-1} \sum_t x_{it} e_{it}]_j` region i's influence on coefficient j and
    :math:`r_1, \dots, r_q` the leading eigenvectors of :math:`\Sigma(c_0)` once means are out, where
    :math:`\Sigma(c) = e^{-c d}` and :math:`c_0` makes two regions' correlation the bound on average,

    .. math:: \hat\sigma_j^2 = \frac{1}{q} \sum_{k=1}^q (r_k' w_j)^2, \qquad
              t_j = \frac{\sqrt{n}\, b_j}{\hat\sigma_j}.

    The critical value is the least that t exceeds with probability 1 - level at most under any
    :math:`c \ge c_0`; q makes the interval shortest on average where nothing is correlated. Given the regressors, the
    same holds of scores :math:`x_{ji} / |x_{ji}|` times a spatial error, their regression on X taken out. Degrees of
    freedom of the components are few: t is held against more than 2. The work grows with the square of the number of
    regions: some seconds for 3,000. Standard errors do not mend a spurious regression: look at `residual_unit_root`.

    References
    ----------
    Mueller, U. K. and Watson, M. W. (2022) Spatial correlation robust inference. Econometrica 90(6), 2901-2935.

    Mueller, U. K. and Watson, M. W. (2023) Spatial correlation robust inference in linear regression and panel models.
    Journal of Business and Economic Statistics 41(4), 1050-1064.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> b = sc.beta(us.panel, "income", horizon=80)
    >>> found = sc.scpc(b, us.states)
    >>> found.table.loc["log_initial", ["model_std_error", "std_error", "critical"]].round(4).to_dict()
    {'model_std_error': 0.0005, 'std_error': 0.0007, 'critical': 2.9774}
    """
    choice("transform", transform, Transform)
    bound, level, given = largest_correlation(bound), probability("level", level), flag("conditional", conditional)
    fit, rows = least_squares(model, "scpc")
    if transform == "lbm-gls" and fit.n_periods > 1:
        raise UnsupportedModelError(
            f"transform='lbm-gls' is for one cross-section; the model has {fit.n_periods} periods. Take "
            "transform='none', whose clusters are the regions, or spatial_differences of the variables."
        )
    where = places(geometry, fit.design.regions, points, "scpc")
    if transform == "lbm-gls":
        rows = _differenced(rows, difference_matrix(where.shares))
    table, q, c0 = _table(fit, rows, where.shares, bound, given, level, transform)
    how = ", differences over space (LBM-GLS)" if transform == "lbm-gls" else ""
    return Scpc(
        table=table,
        speeds=_speeds(model, table),
        of=f"{fit.spec.y} on {', '.join(table.index.drop('intercept', errors='ignore'))}, "
        f"{extent(fit.n_regions, fit.n_periods)}, {fit._approach()}{how}",
        transform=transform,
        bound=bound,
        half_life=float(np.log(2.0)) / c0 * where.largest,
        q=q,
        conditional=given,
        level=level,
        regions=fit.design.regions,
        notes=merge_notes(fit.notes, where.notes, _notes(model, fit)),
        provenance=Provenance(
            "scpc",
            {"bound": bound, "transform": transform, "conditional": given, "level": level, "distances": where.how},
            fit.n_regions,
            fit.n_periods,
        ),
    )


def _differenced(rows: Rows, H: FloatArray) -> Rows:
    """Return the rows with a unit root taken out of all variables; the constant, which has none left, stays."""
    own = [k for k, name in enumerate(rows.names) if name != "intercept"]
    X = np.column_stack([np.ones(len(H)), H @ rows.X[:, own]])
    return Rows(H @ rows.y, X, rows.place, (), ("intercept", *(rows.names[k] for k in own)))


def _table(
    fit: PanelFit, rows: Rows, shares: FloatArray, bound: float, given: bool, level: float, transform: str
) -> tuple[pd.DataFrame, int, float]:
    """Return the table of coefficients, the number of components, and the decay at the bound."""
    found = held(rows, shares, bound, given)
    columns = found.beta, found.std_errors, found.critical(level), found.p_values
    lines = {}
    for name, b, error, value, p in zip(rows.names, *(column.tolist() for column in columns), strict=True):
        if name == "intercept" and transform == "lbm-gls":
            continue  # differences have mean zero
        lines[name] = {
            "estimate": b,
            "std_error": error,
            "statistic": b / error,
            "p_value": p,
            "conf_low": b - value * error,
            "conf_high": b + value * error,
            "critical": value,
            "model_std_error": float(fit.std_errors[name]),
        }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("term"), found.q, found.decay


def _speeds(model: Any, table: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(model, BetaConvergence):
        return pd.DataFrame(columns=["estimate", "conf_low", "conf_high"])
    line = table.loc[INITIAL]
    return speeds_between(line["estimate"], line["conf_low"], line["conf_high"], model.length)


def _notes(model: Any, fit: PanelFit) -> list[str]:
    if isinstance(model, BetaConvergence) and fit.spec.effects in ("region", "two-way"):
        return ["under region and two-way effects beta is biased where periods are few (Nickell 1981), which no "
                "standard error mends; see b.inference"]  # fmt: skip
    return []
