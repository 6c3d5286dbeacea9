"""A threshold in beta: do regions below a level, or a value of something else, converge by another law?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.regression.least_squares import collinear_columns
from spatialconv._core.regression.searches.profiled import Quadratic
from spatialconv._core.regression.searches.threshold import Search, clustered, prepared, within
from spatialconv._core.regression.speed import half_life, speed
from spatialconv._options import (
    ControlsAt,
    choice,
    count_of,
    first,
    flag,
    generator,
    names,
    positive,
    probability,
    whole,
)
from spatialconv.convergence.beta.beta import INITIAL, growth_design
from spatialconv.convergence.beta.lagged import Lag
from spatialconv.errors import DataError, OptionError, SingularDesignError
from spatialconv.models.specification.design import Design, refuse_reserved
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import HypothesisTest, Provenance, Result, extent, merge_notes, number, p_value, plural
from spatialconv.summary import control_arrays, spans

ThresholdEffects = Literal["none", "time"]
# Candidates beside a spatial lag, which has a coefficient for each of them; without one every value is a candidate.
MOST = 2000
# Observations on either side, and the fewest regions whose signs were simulated (tests/simulation/SIZES.md).
LEAST, FEW = 5, 11
_BLOCK = 50


def beta_threshold(
    panel: Panel,
    variable: str,
    w: Any = None,
    *,
    threshold: str | None = None,
    controls: str | Iterable[str] = (),
    controls_at: ControlsAt = "start",
    horizon: int = 1,
    overlapping: bool = False,
    effects: ThresholdEffects = "none",
    shift: bool = True,
    trim: float = 0.15,
    level: float = 0.95,
    draws: int = 499,
    seed: int | np.random.Generator | None = 0,
) -> BetaThreshold:
    r"""Search for a threshold at which beta changes, test whether there is one, and say how surely it is known.

    Use it where poor and rich regions, or those below and above a value of something else, may converge at different
    speeds and nobody knows where the border is. Where it is known, `beta_regimes` compares groups.

    Parameters
    ----------
    panel : Panel
    variable : str
        The level v, positive.
    w : Graph, optional
        Spatial weights: growth has a spatial lag then, with one coefficient on both sides.
    threshold : str, optional
        Column whose value at the start of a span decides on which side it is; the log initial level by default.
    controls, controls_at, horizon, overlapping
        As in `beta`. Controls have one coefficient on both sides.
    effects : {"none", "time"}
        A constant, or one for every span. Region effects are not offered: the initial level is then a lagged outcome
        that its own mean is taken from, and a search finds a threshold in a third of panels that have none.
    shift : bool
        Let the constant differ between the sides as well. Without, the line breaks at the threshold only in slope
        around the mean of the initial level.
    trim : float
        Least share of observations on either side; five in any case.
    level : float
        Of all intervals and of the set of thresholds.
    draws : int
        Samples under one beta for the p of the test; 0 for none.
    seed : int, Generator or None
        Of these samples.

    Returns
    -------
    BetaThreshold
        `.threshold`, `.conf_set`, `.test`, `.table` (a row a side), `.curve` (likelihood ratio of every candidate),
        `.sides` (who is on which side, when)

    Raises
    ------
    OptionError
        If the column is absent, or `trim` leaves nothing.
    DataError
        If fewer than three candidates remain; else as in `beta`.
    SingularDesignError
        If regressors are collinear.

    Notes
    -----
    .. math:: y = \beta_1 \ln v_0 1[q \le c] + \beta_2 \ln v_0 1[q > c] + \delta 1[q > c] + X \theta + effects + e

    by least squares, c the candidate with the least sum of squares S(c); candidates are all values that leave enough on
    both sides (2,000 of them at most beside a spatial lag). The test of one beta is the largest
    n (S - S(c)) / S(c), whose law is not known since c has no meaning under the null: signs of whole histories of
    regions' residuals under one beta are drawn anew (Hansen 1996, 1999, in the form of a wild bootstrap), regressors as
    they are. Differs: he takes the residuals around the best split, with which a nominal 5 % rejects in 8 to 12 % of
    small samples. The set holds all c with n (S(c) - S(c^)) / S(c^) below -2 ln(1 - sqrt(level)); it may have holes,
    and takes errors of one variance. Standard errors are clustered by region and take the threshold as known.
    With a spatial lag S is ``min over rho of S(rho) exp(-2 T log|I - rho W| / n)``, as in `beta_breaks`: every
    candidate has its own rho, samples go through (I - rho W)^-1, and the betas come from one fit.

    References
    ----------
    Hansen, B. E. (1999), Threshold Effects in Non-Dynamic Panels, Journal of Econometrics 93, 345-368. Hansen, B. E.
    (1996), Inference When a Nuisance Parameter Is Not Identified Under the Null Hypothesis, Econometrica 64, 413-430.
    Durlauf, S. and Johnson, P. (1995), Multiple Regimes and Cross-Country Growth Behaviour, Journal of Applied
    Econometrics 10, 365-384.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.beta_threshold(us.panel, "income", horizon=20, effects="time", draws=99)
    >>> list(found.table.index), found.test.p_value < 0.05
    (['below', 'above'], True)
    """
    as_panel(panel)
    whole("horizon", horizon, least=1)
    probability("level", level)
    choice("effects", effects, ThresholdEffects)
    flag("shift", shift)
    if not positive("trim", trim) < 0.5:
        raise OptionError(f"trim must lie below 0.5, or nothing is left on one side; got {trim!r}.")
    count = count_of("draws", draws)
    extra = names("controls", controls if controls is not None else ())
    refuse_reserved(extra)
    design, length = growth_design(panel, variable, extra, horizon, overlapping, controls_at)
    q, what = _deciding(panel, design, threshold, horizon, overlapping)
    refuse_collinear(design, effects)
    candidates = candidates_of(q, trim, what, MOST if w is not None else None)
    x = design.X[:, :, 0]
    lag = None if w is None else Lag.of(design, w, effects)
    search = Searched(prepared(design.X, x, q, candidates, effects, shift), effects, lag)
    n = design.y.size if lag is None else lag.n
    without, split, rhos = search.sums(design.y[:, :, None])
    S0, S1 = float(without[0]), split[:, 0]
    at = int(np.argmin(S1))
    LR = n * (S1 - S1[at]) / S1[at]
    critical = -2 * np.log(1 - np.sqrt(level))
    F = float(n * (S0 - S1[at]) / S1[at])
    rng, stored = generator(seed)
    c = float(candidates[at])
    if lag is None:
        table = _sides_of(design, x, q, c, effects, shift, length, level)
    else:
        table = _sides_lagged(lag, design, x, q, c, shift, length, level)
    p = share_beyond(search, design.y, F, n, count, rng) if count else np.nan
    T, N = design.y.shape
    said = [f"{plural(N, 'region')}: signs drawn for so few histories are a guide only"] if N < FEW and count else []
    said += [f"{MOST} of the values in question are candidates"] if w is not None and len(candidates) == MOST else []
    curve = pd.DataFrame({"threshold": candidates, "ssr": S1, "lr": LR, "inside": critical >= LR})
    options = {"variable": variable, "threshold": what, "controls_at": controls_at, "horizon": horizon,
               "effects": effects, "shift": bool(shift), "trim": trim, "draws": count}  # fmt: skip
    provenance = Provenance("beta_threshold", options, N, T, lag.W.summary if lag is not None else None, stored)
    inside = curve.loc[curve["inside"], "threshold"]
    return BetaThreshold(
        threshold=float(candidates[at]),
        conf_set=(float(inside.min()), float(inside.max())),
        test=HypothesisTest(
            "threshold, sup F",
            "beta is the same at all values of " + what,
            "beta differs below and above a threshold",
            F,
            p,
            "bootstrap",
            reason="" if count else "no samples were drawn",
            provenance=provenance,
        ),
        table=table,
        curve=curve,
        critical=float(critical),
        sides=pd.DataFrame(np.where(q > candidates[at], "above", "below"), design.periods, design.regions),
        what=what,
        variable=variable,
        effects=effects,
        level=level,
        shape=(T, N),
        rho=float(rhos[at, 0]),
        notes=merge_notes(design.notes, said, lag.W.notes if lag is not None else ()),
        provenance=provenance,
    )


def _deciding(
    panel: Panel, design: Design, threshold: str | None, horizon: int, overlapping: bool
) -> tuple[FloatArray, str]:
    if threshold is None:
        return design.X[:, :, 0], INITIAL
    (name,) = names("threshold", threshold)
    taken = spans(panel, horizon, overlapping=overlapping)
    return control_arrays(panel, (name,), taken, "start")[0], name


def candidates_of(q: FloatArray, trim: float, what: str, most: int | None = None) -> FloatArray:
    """Return the values of q (T, N) that leave enough on both sides, `most` of them at most."""
    unique, count = np.unique(q, return_counts=True)
    below = np.cumsum(count)
    # A side with fewer fits its own line exactly, or nearly.
    least = max(trim * q.size, LEAST)
    kept = unique[(below >= least) & (q.size - below >= least)]
    if len(kept) < 3:
        raise DataError(
            f"{what} takes {plural(len(unique), 'value')}, of which {len(kept)} leave {100 * trim:g} % of the "
            f"{q.size:,} observations, and {LEAST} of them, on both sides; a search needs three. Groups go to "
            "beta_regimes."
        )
    if most is not None and len(kept) > most:
        kept = kept[np.unique(np.linspace(0, len(kept) - 1, most).round().astype(int))]
    return np.asarray(kept)


def refuse_collinear(design: Design, effects: str) -> None:
    """Refuse regressors that others and the effects span already."""
    X = within(design.X, effects)
    size = np.linalg.norm(design.X.reshape(-1, X.shape[2]), axis=0)
    left = np.linalg.norm(X.reshape(-1, X.shape[2]), axis=0)
    spare = [design.names[k] for k in np.flatnonzero(left <= 1e-9 * np.where(size > 0, size, 1))]
    spare += [design.names[k] for k in collinear_columns(X.reshape(-1, X.shape[2]))]
    if spare:
        raise SingularDesignError(
            f"{first(list(dict.fromkeys(spare)))} varies no more once the others and effects={effects!r} are out. "
            "Leave regressors out, or take other effects."
        )


def _sides_of(
    design: Design, x: FloatArray, q: FloatArray, c: float, effects: str, shift: bool, length: float, level: float
) -> pd.DataFrame:
    T, N = x.shape
    above = (q > c).astype(float)
    centre = 0.0 if shift else x.mean()
    columns = [(x - centre) * (1 - above), (x - centre) * above, *([above] if shift else [])]
    Z = within(np.concatenate([np.stack(columns, axis=2), design.X[:, :, 1:]], axis=2), effects).reshape(T * N, -1)
    y = within(design.y, effects).ravel()
    b, *_ = np.linalg.lstsq(Z, y, rcond=None)
    e = y - Z @ b
    lost = T if effects == "time" else 1
    V = clustered(Z, e, np.tile(np.arange(N), T), lost)
    rows = {}
    for k, name in enumerate(("below", "above")):
        here = (above == k).sum()
        rows[name] = {"nobs": int(here), **interval_row(float(b[k]), float(np.sqrt(V[k, k])), length, level, N - 1)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("side")


def interval_row(b: float, se: float, length: float, level: float, df: int) -> dict[str, Any]:
    """Return beta with standard error, t, p and interval by clusters, speed and half-life."""
    t = float(stats.t.ppf(0.5 + level / 2, df))
    rate = speed(b, se, length)
    return {
        "beta": b,
        "std_error": se,
        "statistic": b / se,
        "p_value": 2 * float(stats.t.sf(abs(b / se), df)),
        "conf_low": b - t * se,
        "conf_high": b + t * se,
        "speed": rate.estimate,
        "half_life": half_life(rate).estimate,
        "reason": rate.reason,
    }


@dataclass(frozen=True, eq=False)
class Searched:
    """A search over candidates, with a spatial lag or without."""

    search: Search
    effects: str
    lag: Lag | None

    def sums(self, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return sums of squares of outcomes (T, N, B) without a split (B,), with each (G, B), and rho of these."""
        outcomes = y if self.lag is None else self.lag.three(y)
        total, gain = self.search.gains(within(outcomes, self.effects).reshape(-1, outcomes.shape[2]))
        if self.lag is None:
            return total, total - gain, np.full(gain.shape, np.nan)
        without, _ = Quadratic.of(total).least(self.lag.penalty)
        return without, *Quadratic.of(total - gain).least(self.lag.penalty)

    def null(self, y: FloatArray) -> tuple[FloatArray, FloatArray, float]:
        """Return fitted values and residuals (T, N) of y - rho W y under one beta, and rho, 0 without a lag."""
        rho, filtered = 0.0, y
        if self.lag is not None:
            total, _ = self.search.gains(within(self.lag.three(y[:, :, None]), self.effects).reshape(-1, 3))
            rho = float(Quadratic.of(total).least(self.lag.penalty)[1][0])
            filtered = self.lag.filtered(y, rho)
        inside = within(filtered, self.effects).ravel()
        e = (inside - self.search.basis @ (self.search.basis.T @ inside)).reshape(y.shape)
        return filtered - e, e, rho


def _sides_lagged(
    lag: Lag, design: Design, x: FloatArray, q: FloatArray, c: float, shift: bool, length: float, level: float
) -> pd.DataFrame:
    """Return both sides by one fit with the spatial lag."""
    above = (q > c).astype(float)
    centre = 0.0 if shift else x.mean()
    columns = [(x - centre) * (1 - above), (x - centre) * above, *([above] if shift else [])]
    X = np.concatenate([np.stack(columns, axis=2), design.X[:, :, 1:]], axis=2)
    fit = lag.fitted(X, ("below", "above", *(["shift"] if shift else []), *design.names[1:]))
    rows = {
        name: {"nobs": int((above == k).sum()), **lag.row(fit, name, length, level)}
        for k, name in enumerate(("below", "above"))
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("side")


def share_beyond(search: Searched, y: FloatArray, found: float, n: int, count: int, rng: np.random.Generator) -> float:
    """Return the share of samples, signs of regions' histories drawn anew, whose largest F is as large.

    Residuals are those under the null: those around the best split are too small, and unevenly, so that a nominal 5 %
    rejects in 8 to 12 % of small samples (tests/simulation/SIZES.md has what these do).
    """
    N, beyond = y.shape[1], 0
    signal, e, rho = search.null(y)
    block = _BLOCK if search.lag is None else max(1, _BLOCK // 4)
    for start in range(0, count, block):
        signs = rng.choice([-1.0, 1.0], size=(N, min(block, count - start)))
        drawn = signal[:, :, None] + e[:, :, None] * signs
        without, split, _ = search.sums(drawn if search.lag is None else search.lag.spread(drawn, rho))
        least = split.min(axis=0)
        beyond += int((n * (without - least) / least >= found).sum())
    return (1 + beyond) / (1 + count)


@dataclass(frozen=True, eq=False, repr=False)
class BetaThreshold(Result):
    """Beta below and above a threshold, the test that there is one, and the set in which it lies.

    Attributes
    ----------
    threshold : float
        In units of `what`: the log initial level, or the column asked for.
    conf_set : (float, float)
        Ends of the set of thresholds at `level`; `curve` says whether it has holes.
    test : HypothesisTest
        One beta against two, by bootstrap.
    table : DataFrame
        `below` and `above`: observations, beta with its interval, speed and half-life.
    curve : DataFrame
        One row a candidate: sum of squares, likelihood ratio against the best, whether it is inside the set.
    critical : float
        Of the likelihood ratio.
    sides : DataFrame
        "below" or "above" by period in which growth ends and region; where it does not change over time a column goes
        to `beta_regimes` as it is.
    rho : float
        Coefficient of the neighbours' growth; NaN without weights.
    notes, provenance : see `spatialconv.results`
    """

    threshold: float
    conf_set: tuple[float, float]
    test: HypothesisTest
    table: pd.DataFrame
    curve: pd.DataFrame
    critical: float
    sides: pd.DataFrame
    what: str
    variable: str
    effects: ThresholdEffects
    level: float
    shape: tuple[int, int]
    rho: float
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a side: beta with its interval."""
        rows = self.table.rename(columns={"beta": "estimate"}).reset_index()
        rows.insert(0, "term", [f"{INITIAL}[{side}]" for side in rows.pop("side")])
        return rows

    def glance(self) -> pd.DataFrame:
        """Return one row: threshold, its set, and the test."""
        T, N = self.shape
        row: dict[str, Any] = {
            "variable": self.variable,
            "threshold_of": self.what,
            "n_regions": N,
            "n_spans": T,
            "threshold": self.threshold,
            "threshold_low": self.conf_set[0],
            "threshold_high": self.conf_set[1],
            "statistic": self.test.statistic,
            "p_value": self.test.p_value,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        T, N = self.shape
        low, high = self.conf_set
        holes = int(np.diff(self.curve["inside"].to_numpy(dtype=int)).clip(min=0).sum())
        parts = f", in {holes + int(self.curve['inside'].iloc[0])} parts" if holes else ""
        lines = [
            f"Threshold of {self.what} in beta convergence of {self.variable}: {extent(N, T, 'span')}, effects "
            f"{self.effects}",
            f"  threshold {number(self.threshold)}, {100 * self.level:g} % set [{number(low)}, {number(high)}]{parts}",
        ]
        for side, row in self.table.iterrows():
            lines.append(
                f"  {side} ({row['nobs']}): beta {number(row['beta'])} [{number(row['conf_low'])}, "
                f"{number(row['conf_high'])}]"
            )
        lines += [f"  rho {number(self.rho)} on both sides"] if np.isfinite(self.rho) else []
        drawn = self.test.reason or p_value(self.test.p_value)
        return [*lines, f"  one beta for all: sup F = {number(self.test.statistic, 2)}, {drawn}"]
