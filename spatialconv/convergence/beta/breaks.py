"""Breaks of beta in time: when did the law of convergence change, how often, and is that more than chance?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd

from spatialconv._core.regression.searches.breaks import IntArray, best, criteria, profiled, stretches
from spatialconv._core.regression.searches.threshold import clustered, within
from spatialconv._options import ControlsAt, choice, count_of, generator, names, probability, whole
from spatialconv.convergence.beta.beta import INITIAL, growth_design
from spatialconv.convergence.beta.lagged import Lag
from spatialconv.convergence.beta.thresholds import interval_row, refuse_collinear
from spatialconv.errors import DataError, OptionError, SingularDesignError
from spatialconv.models.specification.design import Design, refuse_reserved
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import Provenance, Result, extent, merge_notes, number, p_value, plural

BreakEffects = Literal["none", "time"]
Criterion = Literal["bic", "lwz"]
LEVEL = 0.05
# Fewer spans than this give signs of periods too few patterns to hold a test against.
FEW = 10


def beta_breaks(
    panel: Panel,
    variable: str,
    w: Any = None,
    *,
    controls: str | Iterable[str] = (),
    controls_at: ControlsAt = "start",
    horizon: int = 1,
    effects: BreakEffects = "time",
    breaks: int | Criterion | None = None,
    max_breaks: int = 3,
    least: int | None = None,
    level: float = 0.95,
    draws: int = 199,
    seed: int | np.random.Generator | None = 0,
) -> BetaBreaks:
    r"""Search for the dates at which beta changes for all regions, test how many there are, and bound the dates.

    Use it where `beta_rolling` shows beta moving and the question is when it changed. Where the date is known
    beforehand, `beta_regimes` with regimes of periods tests it.

    Parameters
    ----------
    panel : Panel
    variable : str
        The level v, positive.
    w : Graph, optional
        Spatial weights: growth has a spatial lag then, whose coefficient is that of all stretches.
    controls, controls_at, horizon
        As in `beta`; spans follow one another.
    effects : {"time", "none"}
        A constant for every span, or one for every stretch. All coefficients change at a break. Region effects are not
        offered: they bias beta by the length of the stretch (Nickell 1981), and a search finds breaks where are none.
    breaks : int, "bic" or "lwz", optional
        Their number; by default as many as the sequence of tests finds at 5 %; or by an information criterion. Criteria
        take every region as a witness of its own: where regions move together they find breaks where are none, BIC more
        than LWZ.
    max_breaks : int
        The most that are looked for.
    least : int, optional
        Fewest spans in a stretch; by default 15 % of them, and two.
    level : float
        Of the intervals.
    draws : int
        Samples for every test and for the dates; 0 for none, and then `breaks` has to be given.
    seed : int, Generator or None
        Of these samples.

    Returns
    -------
    BetaBreaks
        `.dates` (first span of each new stretch, with an interval), `.table` (a row a stretch), `.tests`, `.criteria`

    Raises
    ------
    OptionError
        If more breaks are asked for than spans allow.
    DataError
        If spans are too few; else as in `beta`.
    SingularDesignError
        If a stretch does not identify its coefficients.

    Notes
    -----
    Dates are those with the least sum of squared residuals, by dynamic programming over all stretches (Bai and Perron
    1998, 2003). "k against none" is sup F(k); "some against none" the largest of these (UDmax); "k + 1 against k" adds
    one break to the best k. Their laws come from samples in which the residuals of whole periods change sign under the
    null, so that dependence between regions is kept; residuals are taken as independent over time. Intervals of dates
    are percentiles of dates found anew in samples around the estimates. Standard errors are clustered by region and
    take dates as known. With a spatial lag S is ``min over rho of S(rho) exp(-2 T log|I - rho W| / n)``, which is
    ``exp(-2 l / n)`` of the likelihood l up to a constant: dates and rho are those of its maximum, samples go through
    (I - rho W)^-1, and the betas of the stretches come from one fit of the whole.

    References
    ----------
    Bai, J. and Perron, P. (1998), Estimating and Testing Linear Models with Multiple Structural Changes, Econometrica
    66, 47-78; (2003), Journal of Applied Econometrics 18, 1-22. Liu, J., Wu, S. and Zidek, J. V. (1997), On
    segmented multivariate regression, Statistica Sinica 7, 497-525. Bai, J. (2010), Common Breaks in Means and
    Variances for Panel Data, Journal of Econometrics 157, 78-92.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.beta_breaks(us.panel, "income", horizon=5, breaks=1, draws=0)
    >>> found.dates["first_span_ends"].tolist(), found.table["beta"].round(3).tolist()
    ([1949], [-0.033, -0.017])
    """
    as_panel(panel)
    whole("horizon", horizon, least=1)
    probability("level", level)
    choice("effects", effects, BreakEffects)
    count = count_of("draws", draws)
    extra = names("controls", controls if controls is not None else ())
    refuse_reserved(extra)
    design, length = growth_design(panel, variable, extra, horizon, False, controls_at)
    T, N, k = design.shape
    shortest = max(2, int(np.ceil(0.15 * T)))
    shortest = shortest if least is None else whole("least", least, least=1)
    room = T // shortest - 1
    if room < 1:
        raise DataError(
            f"a break needs two stretches of {plural(shortest, 'span')} or more; the panel has {plural(T, 'span')}. "
            "Take a shorter horizon, or compare periods by beta_regimes."
        )
    most = min(whole("max_breaks", max_breaks, least=1), room)
    by = choice("breaks", breaks, Criterion) if isinstance(breaks, str) else None
    fixed = None if breaks is None or by is not None else whole("breaks", breaks, least=0, most=room)
    if fixed is None and by is None and not count:
        raise OptionError("draws=0 leaves nothing to test the number of breaks by; name it, or 'bic' or 'lwz'.")
    most = most if fixed is None else max(fixed, 1)
    refuse_collinear(design, effects)
    rng, stored = generator(seed)
    lag = None if w is None else Lag.of(design, w, effects)
    model = _Model(design, effects, shortest, lag)
    n = N * T if lag is None else lag.n
    S, dates, rhos = model.fit(design.y[:, :, None], most)
    tests = _tests(model, S[:, 0], dates[:, :, 0], rhos[:, 0], most, count, rng, n, k)
    told = criteria(S[:, 0], n, k + (effects == "none"))
    by_criterion = pd.DataFrame({"bic": told[0], "lwz": told[1]}, index=pd.RangeIndex(most + 1, name="breaks"))
    chosen = int(by_criterion[by].idxmin()) if by is not None else fixed if fixed is not None else _sequence(tests)
    at = dates[chosen, :chosen, 0]
    bounds = np.array([0, *at, T])
    said = [f"{plural(T, 'span')}: signs drawn for so few periods are a guide only"] if T < FEW and count else []
    if by is not None:
        said.append(f"the number of breaks is that of {by.upper()}, which takes regions as independent")
    elif fixed is None:
        said.append(f"the number of breaks is that of the sequence of tests at {100 * LEVEL:g} %, {most} at most")
    options = {"variable": variable, "controls_at": controls_at, "horizon": horizon, "effects": effects,
               "breaks": by or fixed, "max_breaks": most, "least": shortest, "draws": count}  # fmt: skip
    return BetaBreaks(
        dates=_dates(model, at, float(rhos[chosen, 0]), count, rng, level),
        table=_table(model, bounds, length, level) if lag is None else lag.by_stretch(bounds, length, level),
        tests=tests,
        criteria=by_criterion,
        rho=float(rhos[chosen, 0]) if lag is not None else float("nan"),
        variable=variable,
        effects=effects,
        level=level,
        periods=design.periods,
        shape=(T, N),
        notes=merge_notes(design.notes, said, lag.W.notes if lag is not None else ()),
        provenance=Provenance("beta_breaks", options, N, T, lag.W.summary if lag is not None else None, stored),
    )


@dataclass(frozen=True, eq=False)
class _Model:
    """A design whose coefficients may change, and how stretches are fitted."""

    design: Design
    effects: BreakEffects
    least: int
    lag: Lag | None = None

    def fit(self, y: FloatArray, most: int) -> tuple[FloatArray, IntArray, FloatArray]:
        """Return least sums of squares, dates and rho with 0 to `most` breaks of outcomes (T, N, B)."""
        outcomes = y if self.lag is None else self.lag.three(y)
        try:
            ssr = stretches(self.design.X, outcomes, self.effects, self.least)
        except np.linalg.LinAlgError as error:
            raise SingularDesignError(
                f"some stretch of {plural(self.least, 'span')} does not identify its coefficients: a control does not "
                f"vary in it under effects={self.effects!r}. Take longer stretches (least=) or leave controls out."
            ) from error
        if self.lag is not None:
            return profiled(ssr, self.lag.penalty, most)
        S, dates = best(ssr, most)
        return S, dates, np.zeros(S.shape)

    def fitted(self, dates: IntArray, rho: float) -> tuple[FloatArray, FloatArray]:
        """Return fitted values and residuals (T, N) of y - rho W y with breaks at the dates."""
        y = self.design.y if self.lag is None else self.lag.filtered(self.design.y, rho)
        fit = np.empty_like(y)
        bounds = [0, *dates, len(y)]
        for start, end in pairwise(bounds):
            Z = within(self.design.X[start:end], self.effects).reshape(-1, self.design.X.shape[2])
            inside = within(y[start:end], self.effects)
            b, *_ = np.linalg.lstsq(Z, inside.ravel(), rcond=None)
            fit[start:end] = y[start:end] - (inside.ravel() - Z @ b).reshape(inside.shape)
        return fit, y - fit

    def drawn(self, dates: IntArray, rho: float, count: int, rng: np.random.Generator) -> FloatArray:
        """Return outcomes (T, N, count) around the fit with breaks at the dates, signs of whole periods drawn anew."""
        fit, e = self.fitted(dates, rho)
        signs = rng.choice([-1.0, 1.0], size=(len(e), 1, count))
        y = np.asarray(fit[:, :, None] + e[:, :, None] * signs)
        return y if self.lag is None else self.lag.spread(y, rho)


def _sup(S: FloatArray, n: int, k: int) -> FloatArray:
    """Return F of 1 to m breaks against none, (m, ...), from sums of squares with 0 to m."""
    m = len(S) - 1
    return np.array([(S[0] - S[j]) / (j * k) / (S[j] / (n - (j + 1) * k)) for j in range(1, m + 1)])


def _tests(
    model: _Model,
    S: FloatArray,
    dates: IntArray,
    rhos: FloatArray,
    most: int,
    count: int,
    rng: np.random.Generator,
    n: int,
    k: int,
) -> pd.DataFrame:
    F = _sup(S, n, k)
    step = np.array([n * (S[j] - S[j + 1]) / S[j + 1] for j in range(most)])
    rows: dict[str, dict[str, float]] = {}
    drawn_F = np.full((most, 0), np.nan)
    p_step = np.full(most, np.nan)
    if count:
        for j in range(most):
            y = model.drawn(dates[j, :j], float(rhos[j]), count, rng)
            drawn, *_ = model.fit(y, most if j == 0 else j + 1)
            if j == 0:
                drawn_F = _sup(drawn, n, k)
            law = n * (drawn[j] - drawn[j + 1]) / drawn[j + 1]
            p_step[j] = (1 + (law >= step[j]).sum()) / (1 + count)

    def p(value: float, law: FloatArray) -> float:
        return float((1 + (law >= value).sum()) / (1 + count)) if count else np.nan

    largest = drawn_F.max(axis=0) if count else drawn_F
    rows["some against none"] = {"statistic": float(F.max()), "p_value": p(float(F.max()), largest)}
    for j in range(most):
        rows[f"{j + 1} against none"] = {"statistic": float(F[j]), "p_value": p(float(F[j]), drawn_F[j])}
    for j in range(1, most):
        rows[f"{j + 1} against {j}"] = {"statistic": float(step[j]), "p_value": float(p_step[j])}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("test")


def _sequence(tests: pd.DataFrame) -> int:
    """Return the number of breaks: none unless some are found, then one more as long as it is significant."""
    if tests.loc["some against none", "p_value"] > LEVEL:
        return 0
    found = 1
    for more in range(2, len(tests)):
        name = f"{more} against {found}"
        if name not in tests.index or tests.loc[name, "p_value"] > LEVEL:
            break
        found = more
    return found


def _dates(model: _Model, at: IntArray, rho: float, count: int, rng: np.random.Generator, level: float) -> pd.DataFrame:
    periods = model.design.periods
    columns = ["first_span_ends", "conf_low", "conf_high"]
    if not len(at):
        return pd.DataFrame(columns=columns, index=pd.Index([], name="break"))
    low: FloatArray | IntArray = at
    high: FloatArray | IntArray = at
    if count:
        _, drawn, _ = model.fit(model.drawn(at, rho, count, rng), len(at))
        tail = (1 - level) / 2
        found = drawn[len(at), : len(at)]
        low, high = (np.quantile(found, share, axis=1, method="inverted_cdf") for share in (tail, 1 - tail))
    unknown: list[Any] = [None] * len(at)
    return pd.DataFrame(
        {
            "first_span_ends": periods[at],
            "conf_low": periods[low] if count else unknown,
            "conf_high": periods[high] if count else unknown,
        },
        index=pd.Index(np.arange(1, len(at) + 1), name="break"),
    )


def _table(model: _Model, bounds: IntArray, length: float, level: float) -> pd.DataFrame:
    design, rows = model.design, []
    N = design.y.shape[1]
    for start, end in pairwise(bounds):
        T = int(end - start)
        Z = within(design.X[start:end], model.effects).reshape(T * N, -1)
        y = within(design.y[start:end], model.effects).ravel()
        b, *_ = np.linalg.lstsq(Z, y, rcond=None)
        V = clustered(Z, y - Z @ b, np.tile(np.arange(N), T), T if model.effects == "time" else 1)
        rows.append(
            {
                "first_span_ends": design.periods[start],
                "last_span_ends": design.periods[end - 1],
                "spans": T,
                **interval_row(float(b[0]), float(np.sqrt(V[0, 0])), length, level, N - 1),
            }
        )
    return pd.DataFrame(rows, index=pd.Index(np.arange(1, len(rows) + 1), name="stretch"))


@dataclass(frozen=True, eq=False, repr=False)
class BetaBreaks(Result):
    """Beta of every stretch between breaks, their dates with intervals, and the tests of their number.

    Attributes
    ----------
    dates : DataFrame
        One row a break: the period in which the first span after it ends, and its interval.
    table : DataFrame
        One row a stretch: its spans, beta with interval, speed and half-life.
    tests : DataFrame
        "some against none" (UDmax), "k against none" (sup F) and "k + 1 against k": statistic and p.
    criteria : DataFrame
        One row a number of breaks: `bic` and `lwz`, of which the smallest is best.
    rho : float
        Coefficient of the neighbours' growth; NaN without weights.
    notes, provenance : see `spatialconv.results`
    """

    dates: pd.DataFrame
    table: pd.DataFrame
    tests: pd.DataFrame
    criteria: pd.DataFrame
    rho: float
    variable: str
    effects: BreakEffects
    level: float
    periods: pd.Index
    shape: tuple[int, int]
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a stretch: beta with its interval."""
        rows = self.table.rename(columns={"beta": "estimate"}).reset_index()
        ends = zip(rows["first_span_ends"], rows["last_span_ends"], strict=True)
        rows.insert(0, "term", [f"{INITIAL}[{start} to {end}]" for start, end in ends])
        return rows

    def glance(self) -> pd.DataFrame:
        """Return one row: the number of breaks, and the test that there is none."""
        T, N = self.shape
        row: dict[str, Any] = {
            "variable": self.variable,
            "n_regions": N,
            "n_spans": T,
            "effects": self.effects,
            "n_breaks": len(self.dates),
            "statistic": float(self.tests.iloc[0]["statistic"]),
            "p_value": float(self.tests.iloc[0]["p_value"]),
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        T, N = self.shape
        lines = [
            f"Breaks in beta convergence of {self.variable}: {extent(N, T, 'span')}, effects {self.effects}, "
            f"{plural(len(self.dates), 'break')}"
        ]
        for _, row in self.dates.iterrows():
            known = row["conf_low"] is not None and not pd.isna(row["conf_low"])
            between = f" [{row['conf_low']}, {row['conf_high']}]" if known else ""
            lines.append(f"  break before the span that ends in {row['first_span_ends']}{between}")
        for _, row in self.table.iterrows():
            lines.append(
                f"  {row['first_span_ends']} to {row['last_span_ends']} ({plural(row['spans'], 'span')}): beta "
                f"{number(row['beta'])} [{number(row['conf_low'])}, {number(row['conf_high'])}]"
            )
        lines += [f"  rho {number(self.rho)} in all stretches"] if np.isfinite(self.rho) else []
        test = self.tests.iloc[0]
        return [*lines, f"  no break: UDmax = {number(test['statistic'], 2)}, {p_value(test['p_value'])}"]
