"""The log t test: do all regions converge, relative to their mean?"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.clubs import log_t as core
from spatialconv._core.clubs.log_t import Hac, Rounding
from spatialconv._options import probability
from spatialconv.convergence.clubs.data import Series, series
from spatialconv.convergence.clubs.options import Convention, as_dict, options
from spatialconv.panel import Panel
from spatialconv.results import Provenance, Result, extent, merge_notes, number, p_value

FEW = 10  # periods in the regression
HAC_WORDS = {
    "fqsb": "quadratic spectral, as in Phillips and Sul's program",
    "qs": "quadratic spectral, long-run variance of the residuals",
    "aqsb": "quadratic spectral sandwich (Andrews)",
    "newey-west": "Newey-West",
    "ols": "not robust to autocorrelation",
}


@dataclass(frozen=True, eq=False, repr=False)
class LogT(Result):
    """Log t test of relative convergence of all regions.

    Attributes
    ----------
    variable : str
    b, std_error, statistic : float
        Slope of log t (2 alpha under the model), its HAC standard error, and t = b / std_error.
    p_value : float
        Of the one-sided test, P(Z < t): small where convergence is rejected.
    conf_int : (float, float)
        Of b.
    speed : float
        alpha = b / 2; 1 and more is convergence in levels, between 0 and 1 in growth rates only.
    converges : bool
        Whether t exceeds the threshold.
    threshold : float
    variance : Series
        H_t, the cross-section variance of the relative transition paths, by period.
    paths : DataFrame
        Relative transition paths h_it = x_it / mean_t, one row a period and one column a region.
    periods_used : Index
        Periods of the regression; the others were discarded (`trim`).
    """

    variable: str
    what: str
    b: float
    std_error: float
    statistic: float
    p_value: float
    conf_int: tuple[float, float]
    speed: float
    converges: bool
    threshold: float
    trim: float
    hac: Hac
    variance: pd.Series
    paths: pd.DataFrame
    periods_used: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row: the slope of log t, its standard error, t, one-sided p and interval."""
        low, high = self.conf_int
        row = {
            "term": "log t",
            "estimate": self.b,
            "std_error": self.std_error,
            "statistic": self.statistic,
            "p_value": self.p_value,
            "conf_low": low,
            "conf_high": high,
        }
        return pd.DataFrame([row])

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, verdict, speed and settings."""
        row = {
            "variable": self.variable,
            "n_regions": self.paths.shape[1],
            "n_periods": len(self.paths),
            "n_used": len(self.periods_used),
            "first_used": self.periods_used[0],
            "last_used": self.periods_used[-1],
            "trim": self.trim,
            "hac": self.hac,
            "converges": self.converges,
            "speed": self.speed,
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        used, n, T = self.periods_used, self.paths.shape[1], len(self.paths)
        verdict = "not rejected" if self.converges else "rejected"
        return [
            f"Log t test of {self.what}: {extent(n, T)}",
            f"  b {number(self.b)} (HAC s.e. {number(self.std_error)}), t = {number(self.statistic, 3)}, "
            f"{p_value(self.p_value)}, one-sided",
            f"  convergence {verdict} (t {'>' if self.converges else '<='} {self.threshold:g}); "
            f"speed alpha = b/2 = {number(self.speed)}",
            f"  regression over {len(used)} periods ({used[0]} to {used[-1]}; the first {T - len(used)} discarded, "
            f"trim {self.trim:.3g}); {HAC_WORDS[self.hac]}",
        ]


def log_t(
    panel: Panel,
    variable: str,
    *,
    regions: Iterable[Hashable] | None = None,
    log: bool = True,
    smooth: float | None = None,
    convention: Convention = "phillips-sul",
    trim: float | None = None,
    rounding: Rounding | None = None,
    hac: Hac | None = None,
    threshold: float = -1.65,
    level: float = 0.95,
) -> LogT:
    r"""Test whether regions converge to each other, whatever their common path does (Phillips and Sul 2007).

    Use it where regions may be on their way at different speeds and may have started far apart: what is tested is
    whether the variance of their paths relative to the mean shrinks to nothing. If convergence is rejected, `clubs`
    asks for groups that converge.

    Parameters
    ----------
    panel : Panel
        Complete for this variable; two regions and eight periods or more.
    variable : str
        In levels where `log` is True.
    regions : labels, optional
        Test these only.
    log : bool
        Take logarithms first (values must be positive), the custom for incomes. Pass False for a column that is in
        logs, or filtered, already.
    smooth : float, optional
        Lambda of a Hodrick-Prescott filter whose trend takes the place of the (log) series: 400 is customary for
        yearly data in this literature, 6.25 in others. By default nothing is filtered, which the result says.
    convention : {"phillips-sul", "r", "stata"}
        Where `trim`, `rounding` and `hac` come from; see `clubs`.
    trim : float
        Share r of periods discarded at the beginning, 1/3 by default. Phillips and Sul advise 0.3 for up to 50 and 0.2
        for 100 periods and more.
    rounding : {"even", "away", "floor"}
        How the number of discarded periods, r T, is rounded: half to even (R), half away from zero (Stata), down.
    hac : {"fqsb", "qs", "aqsb", "newey-west", "ols"}
        Standard error. "fqsb": long-run variance of the residuals over Sxx, quadratic spectral kernel with Andrews'
        bandwidth, in the form of Phillips and Sul's own program, which leaves the last residual out of the
        autocovariances; "qs": the same with all residuals and m - 2 degrees of freedom; "aqsb": Andrews' sandwich
        (sandwich::vcovHAC of R); "newey-west": Bartlett kernel; "ols": none.
    threshold : float
        Convergence is rejected where t does not exceed it; -1.65 is the one-sided 5 % level.
    level : float
        Of the interval of b.

    Returns
    -------
    LogT

    Raises
    ------
    NotPositiveError
        If `log=True` and a value is zero or negative.
    MissingDataError, UnbalancedPanelError
        If a value is missing; the first period is needed as much as all others, for H_1.
    DataError
        If there is one region, if periods are too few, or if the mean over regions is not positive in a period.

    Notes
    -----
    With h_it = x_it / mean_t and H_t = (1/N) \sum_i (h_it - 1)^2,

    .. math:: \log(H_1 / H_t) - 2 \log\log t = a + b \log t + u_t, \quad t = [rT] + 1, ..., T.

    The null b >= 0 is rejected for t <= -1.65. b >= 2 is convergence in levels, 0 <= b < 2 of growth rates. Since h
    divides by a mean of logarithms, the figures depend on the unit of the variable: incomes in thousands give another
    H than incomes in units.

    The level is asymptotic: at the edge of the null, alpha = 0, the nominal 5 % test rejects in 9 to 12 % of simulated
    panels of 40 to 60 periods and 48 to 100 regions (8 % with 100 periods and 200 regions), in 1 % or fewer from
    alpha = 0.1 on.

    References
    ----------
    Phillips, P. C. B. and Sul, D. (2007), Transition Modeling and Econometric Convergence Tests, Econometrica 75,
    1771-1855. Phillips, P. C. B. and Sul, D. (2009), Economic Transition and Growth, Journal of Applied Econometrics
    24, 1153-1185. Andrews, D. W. K. (1991), Heteroskedasticity and Autocorrelation Consistent Covariance Matrix
    Estimation, Econometrica 59, 817-858. Hodrick, R. J. and Prescott, E. C. (1997), Postwar U.S. Business Cycles,
    Journal of Money, Credit and Banking 29, 1-16.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> test = sc.log_t(us.panel, "income", smooth=400)
    >>> round(test.b, 3), round(test.statistic, 1), test.converges
    (0.872, 48.8, True)
    """
    chosen = options(convention, trim=trim, rounding=rounding, hac=hac, threshold=threshold)
    probability("level", level)
    data = series(panel if regions is None else panel.subset(regions=regions), variable, log=log, smooth=smooth)
    design = chosen.design(len(data.values))
    H = core.transition_variance(core.group(data.values))
    fits = core.fit(H[:, None], design)
    b, se, t = (float(values[0]) for values in (fits.b, fits.se, fits.t))
    half = float(stats.norm.ppf(0.5 + level / 2)) * se
    given = {"variable": variable, "log": data.log, "smooth": data.smooth, "convention": convention, "level": level}
    kept = {name: as_dict(chosen)[name] for name in ("trim", "rounding", "hac", "threshold")}
    return LogT(
        variable=variable,
        what=data.what,
        b=b,
        std_error=se,
        statistic=t,
        p_value=float(stats.norm.cdf(t)),
        conf_int=(b - half, b + half),
        speed=b / 2,
        converges=bool(t > chosen.threshold),
        threshold=chosen.threshold,
        trim=chosen.trim,
        hac=chosen.hac,
        variance=pd.Series(H, index=data.periods, name="H"),
        paths=relative_paths(data).reindex(columns=panel.regions.intersection(data.regions, sort=False)),
        periods_used=data.periods[design.start :],
        notes=merge_notes(data.notes, few_note(design.used), degenerate_note(b, t)),
        provenance=Provenance("log_t", {**given, **kept}, len(data.regions), len(data.periods)),
    )


def relative_paths(data: Series) -> pd.DataFrame:
    """Return h_it, one row a period and one column a region."""
    h = data.values / data.values.mean(axis=1, keepdims=True)
    return pd.DataFrame(h, index=data.periods, columns=data.regions)


def few_note(used: int) -> tuple[str, ...]:
    """Say where the periods of the regression are few."""
    return (f"{used} periods in the regression are few; log t is a test for long panels",) if used < FEW else ()


def degenerate_note(b: float, t: float) -> tuple[str, ...]:
    """Say why b or t has no finite value."""
    if np.isfinite(b) and np.isfinite(t):
        return ()
    if t > 0:
        return ("the regions do not differ in any of the periods used: they have converged, and b is undefined",)
    if t < 0:
        return ("the regions do not differ in the first period, and do later: they move apart, and b is undefined",)
    return ("the regions do not differ in some of the periods: the logarithm of H and the test are undefined",)
