"""The same growth regression many times: in moving windows of time, and over spans of different length."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from spatialconv._options import first, passed_on, whole
from spatialconv.convergence.beta.beta import INITIAL, BetaConvergence, beta
from spatialconv.errors import OptionError, SpatialConvError
from spatialconv.panel import Panel, as_panel
from spatialconv.results import Provenance, Result, merge_notes, number, plural
from spatialconv.summary import time_axis


def beta_rolling(
    panel: Panel,
    variable: str,
    w: Any = None,
    *,
    window: int,
    step: int = 1,
    **options: Any,
) -> BetaSeries:
    """Estimate beta convergence in windows of time that move on, to see whether and when it slows down.

    Windows overlap unless `step` is as long as `window`; neighbouring estimates then share data and are no
    independent witnesses. Whether beta changes is tested by `beta_regimes` with regimes of periods.

    Parameters
    ----------
    panel : Panel
    variable : str
        The level v, positive.
    w : Graph, optional
        Spatial weights, as in `beta`.
    window : int
        Length of a window in units of the period's label (years), from its first level to its last.
    step : int
        How far a window moves on, in the same unit.
    **options
        As in `beta`: controls, controls_at, horizon, spatial, effects, correction, vcov, level, and so on. A
        horizon as long as the window makes every window a cross-section.

    Returns
    -------
    BetaSeries
        A row a window; `.results` are the regressions, and windows in which none could be estimated give the reason.

    Raises
    ------
    OptionError
        If the panel is shorter than the window, or an option is unknown.
    SpatialConvError
        That of the first window, if none can be estimated.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> path = sc.beta_rolling(us.panel, "income", window=20, step=20, horizon=20)
    >>> path.table["speed"].round(4).tolist()
    [0.0293, 0.0195, 0.0059, 0.0137]
    """
    as_panel(panel)
    passed_on("beta_rolling()", options, beta, own=["window", "step"])
    whole("window", window, least=1)
    whole("step", step, least=1)
    time, by_position = time_axis(panel.periods)
    starts = [t for t in np.arange(time[0], time[-1] - window + 1, step) if t in time and t + window in time]
    if not starts:
        raise OptionError(
            f"no window of {window} fits the panel, whose periods span {time[-1] - time[0]:g} "
            f"({panel.periods[0]} to {panel.periods[-1]}); take a shorter window."
        )
    runs: dict[Any, BetaConvergence | SpatialConvError] = {}
    ends: dict[Any, Any] = {}
    for start in starts:
        inside = panel.periods[(time >= start) & (time <= start + window)]
        ends[inside[-1]] = inside[0]
        runs[inside[-1]] = _attempt(panel.subset(periods=inside), variable, w, options)
    notes = ["windows overlap: neighbouring estimates share data"] if step < window and len(starts) > 1 else []
    notes += ["periods are counted by position"] if by_position else []
    what = {"variable": variable, "window": window, "step": step, **_plain(options)}
    return _series("window", runs, variable, what, panel, notes, {"start": ends})


def beta_spacing(
    panel: Panel,
    variable: str,
    w: Any = None,
    *,
    horizons: Iterable[int],
    **options: Any,
) -> BetaSeries:
    """Estimate beta convergence over spans of different length side by side, to see what annual spacing does.

    Passing shocks pull an annual level away and let it come back within the year: growth over single years then looks
    like convergence, and the speed is overstated, more so with region effects (Shioji 1997; Caselli, Esquivel and
    Lefort 1996). Longer spans let the shocks pass. Speeds are per unit of time and comparable.

    Parameters
    ----------
    panel : Panel
    variable : str
        The level v, positive.
    w : Graph, optional
        Spatial weights, as in `beta`.
    horizons : whole numbers
        Lengths of the spans, in units of the period's label (years).
    **options
        As in `beta`: controls, controls_at, overlapping, spatial, effects, correction, vcov, level, and so on.

    Returns
    -------
    BetaSeries
        A row a horizon; `.results` are the regressions, and horizons that cannot be estimated give the reason.

    Raises
    ------
    OptionError
        If no horizon is given, or an option is unknown.
    SpatialConvError
        That of the first horizon, if none can be estimated.

    Notes
    -----
    Spans of one horizon follow one another from the first period on; periods left at the end are not used, so that
    the samples of two horizons need not end in the same period (`table["last"]` says where they do).

    References
    ----------
    Shioji, E. (1997), It's Still 2 %: Evidence on Convergence from 116 Years of the US States Panel Data, Universitat
    Pompeu Fabra working paper 236. Caselli, F., Esquivel, G. and Lefort, F. (1996), Reopening the Convergence Debate,
    Journal of Economic Growth 1, 363-389.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> side = sc.beta_spacing(us.panel, "income", horizons=(1, 5, 10), effects="two-way")
    >>> bool(side.table["speed"].is_monotonic_decreasing)
    True
    """
    as_panel(panel)
    given = [horizons] if isinstance(horizons, int) else list(horizons)
    if not given:
        raise OptionError("horizons names no length of span; give for example horizons=(1, 2, 5).")
    if "horizon" in options:
        raise OptionError("beta_spacing varies the horizon itself; name lengths by horizons=(…) and leave horizon out.")
    passed_on("beta_spacing()", options, beta, own=["horizons"], without=["horizon"])
    lengths = sorted({whole("horizons", h, least=1) for h in given})
    runs = {h: _attempt(panel, variable, w, {**options, "horizon": h}) for h in lengths}
    what = {"variable": variable, "horizons": tuple(lengths), **_plain(options)}
    return _series("horizon", runs, variable, what, panel, [], {})


def _attempt(panel: Panel, variable: str, w: Any, options: Mapping[str, Any]) -> BetaConvergence | SpatialConvError:
    """Return the regression, or why there is none."""
    try:
        return beta(panel, variable, w, **options)
    except SpatialConvError as error:
        return error


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "error_w"}


def _series(
    by: Literal["window", "horizon"],
    runs: Mapping[Any, BetaConvergence | SpatialConvError],
    variable: str,
    options: Mapping[str, Any],
    panel: Panel,
    notes: list[str],
    extra: Mapping[str, Mapping[Any, Any]],
) -> BetaSeries:
    results = {at: run for at, run in runs.items() if isinstance(run, BetaConvergence)}
    failed = {at: run for at, run in runs.items() if isinstance(run, SpatialConvError)}
    if not results:
        raise next(iter(failed.values()))
    rows = [{by: at, **{k: v[at] for k, v in extra.items()}, **_row(run)} for at, run in runs.items()]
    lost = [f"{len(failed):,} of {len(runs):,} {by}s could not be estimated: {first(list(failed))}"] if failed else []
    one = next(iter(results.values()))
    provenance = Provenance(f"beta by {by}", options, panel.n_regions, panel.n_periods, one.provenance.weights)
    table = pd.DataFrame(rows).set_index(by)
    return BetaSeries(by, table, results, variable, one.level, merge_notes(panel.notes, notes, lost), provenance)


def _row(run: BetaConvergence | SpatialConvError) -> dict[str, Any]:
    if isinstance(run, SpatialConvError):
        return {"reason": " ".join(str(run).split())}
    interval = run.conf_int(run.level).loc[INITIAL]
    speeds = run.speeds
    row = {
        "last": run.fit.design.periods[-1],
        "spans": run.fit.n_periods,
        "nobs": run.fit.nobs,
        "beta": run.beta,
        "std_error": float(run.std_errors[INITIAL]),
        "statistic": float(run.tstats[INITIAL]),
        "p_value": float(run.pvalues[INITIAL]),
        "conf_low": interval["conf_low"],
        "conf_high": interval["conf_high"],
    }
    for name in ("speed", "half_life"):
        ends = ("estimate", "conf_low", "conf_high")
        row |= {f"{name}{end}": speeds.loc[name, of] for end, of in zip(("", "_low", "_high"), ends, strict=True)}
    return {**row, "rho": run.rho, "at_bound": ", ".join(run.fit.at_bound), "reason": speeds.loc["speed", "reason"]}


@dataclass(frozen=True, eq=False, repr=False)
class BetaSeries(Result):
    """Growth regressions that differ in one thing, `by`: the window of time (named by its end) or the horizon.

    `table` has a row each: beta with its interval, speed and half-life with theirs, rho, and the reason where a
    figure is missing. `results` holds the regressions that could be estimated.
    """

    by: Literal["window", "horizon"]
    table: pd.DataFrame
    results: Mapping[Any, BetaConvergence]
    variable: str
    level: float
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a window or horizon, with the columns of every result's table of beta."""
        renamed = self.table.rename(columns={"beta": "estimate"}).reset_index()
        renamed.insert(1, "term", INITIAL)
        return renamed

    def glance(self) -> pd.DataFrame:
        """Return one row: how many regressions, and the range of beta and of the speed."""
        row: dict[str, Any] = {"by": self.by, "regressions": len(self.results), "of": len(self.table)}
        for name in ("beta", "speed"):
            row |= {f"{name}_min": self.table[name].min(), f"{name}_max": self.table[name].max()}
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        one = next(iter(self.results.values())).fit
        word = {"window": "in moving windows", "horizon": "by length of span"}[self.by]
        title = (
            f"Beta convergence of {self.variable} {word} ({one.spec.name}): "
            f"{plural(one.n_regions, 'region')}, {one._approach()}"
        )
        shown = list(self.table.index)
        if len(shown) > 6:
            shown = [shown[round(k * (len(shown) - 1) / 5)] for k in range(6)]
        lines = [self._line(at) for at in shown]
        rest = len(self.table) - len(shown)
        return [title, *lines, *([f"  and {rest} more, see .table"] if rest else [])]

    def _line(self, at: Any) -> str:
        row = self.table.loc[at]
        label = f"{row['start']} to {at}" if self.by == "window" else f"{at}"
        if at not in self.results:
            return f"  {label}: not estimated"
        rate = (
            f"speed {number(row['speed'])} [{number(row['speed_low'])}, {number(row['speed_high'])}]"
            if np.isfinite(row["speed"])
            else "speed undefined"
        )
        return (
            f"  {label}: beta {number(row['beta'])}, {rate}, {row['spans']:.0f} span{'s' if row['spans'] > 1 else ''}"
        )
