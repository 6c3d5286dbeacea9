"""Do the gaps close, where are the hot spots, and does the spacing of time make the speed?"""

from __future__ import annotations

import numpy as np

from spatialconv._options import first
from spatialconv.checks._finding import LEVEL, Finding
from spatialconv.checks._subject import Subject, p_of_beta
from spatialconv.convergence.beta.series import beta_spacing
from spatialconv.convergence.dispersion.sigma import sigma as dispersion_of
from spatialconv.errors import SpatialConvError
from spatialconv.panel import Missing
from spatialconv.results import number, one_line, p_value
from spatialconv.summary import time_axis

# A speed over single periods that exceeds the one over long spans by this share is overstated.
OVERSTATED = 1.25
ONE_SIDED = 1.645


def sigma(s: Subject) -> Finding:
    """Has dispersion changed, and does that agree with beta?"""
    question = "Does the change of dispersion agree with beta?"
    name = "sigma"
    try:
        gaps: Missing = "raise" if s.b.asked.options["missing"] == "raise" else "omit"
        found = dispersion_of(s.panel, s.b.variable, measures="sd_log", missing=gaps)
    except SpatialConvError as error:
        return Finding(name, question, "not asked", one_line(error))
    if s.panel.n_periods < 2:
        return Finding(name, question, "not asked", "the panel has one period")
    test, sd = found.pitman_morgan, found.table["sd_log"]
    falls, changed = bool(sd.iloc[-1] < sd.iloc[0]), bool(test.p_value <= LEVEL)
    converges = s.claims
    evidence = (
        f"standard deviation of logs {number(sd.iloc[0], 3)} ({sd.index[0]}), {number(sd.iloc[-1], 3)} "
        f"({sd.index[-1]}), "
        f"{p_value(test.p_value)} (Pitman-Morgan); beta {number(s.b.beta)}, {p_of_beta(s.b)}"
    )
    if changed and falls == converges:
        return Finding(name, question, "ok", evidence)
    if changed and converges and not falls:
        advice = "Poorer regions grow faster given the controls, and yet the gaps widen: say both, in the abstract too."
        return Finding(name, question, "fail", evidence, advice)
    if not changed and not converges:
        return Finding(name, question, "ok", f"{evidence}: neither is significant, and they agree")
    advice = "Beta convergence is necessary for the gaps to close and not sufficient: do not write that they have."
    return Finding(name, question, "warn", evidence, advice)


def unit(s: Subject) -> Finding:
    """Is a coefficient of variation taken of logs?"""
    question = "Is every measure of dispersion free of the unit?"
    name = "cv of logs"
    if s.study is None:
        return Finding(name, question, "not asked", "only a study shows measures of dispersion")
    table = s.study.sigma.table
    if "cv_log" not in table:
        return Finding(name, question, "ok", f"measures: {first(list(table.columns), 8)}")
    panel, variable = s.study.panel, s.study.variable
    other = panel.assign(**{variable: lambda f: 1000 * f[variable]})
    changed = dispersion_of(other, variable, measures="cv_log").table["cv_log"]
    trend = {label: values.iloc[-1] / values.iloc[0] - 1 for label, values in (("a", table["cv_log"]), ("b", changed))}
    evidence = (
        f"the coefficient of variation of logs is among the measures: {number(table['cv_log'].iloc[0], 3)} in "
        f"{table.index[0]}, and {number(changed.iloc[0], 3)} in a unit a thousand times smaller; its change "
        f"{trend['a']:+.1%} becomes {trend['b']:+.1%}"
    )
    return Finding(name, question, "warn", evidence, "Print the standard deviation of logs, or the CV of levels.")


def hot_spots(s: Subject) -> Finding:
    """Is any hot or cold spot significant, and could one be?"""
    question = "Is any hot or cold spot significant after false-discovery control, and could one be?"
    name = "hot spots"
    if s.study is None:
        return Finding(name, question, "not asked", "only a study has hot spots; see sc.hot_spots")
    hs = s.study.hot_spots
    table, n = hs.table, len(hs.regions)
    drawn = hs.permutations
    least = n / (drawn + 1) if drawn else 0.0
    at = {level: int((table["p"] <= level).sum()) for level in (0.1, 0.05)}
    survive = int((table["q"] <= LEVEL).sum())
    biggest = table["z"].abs().max()
    evidence = (
        f"largest |z| {number(biggest, 3)}; p <= 0.10 in {at[0.1]} and p <= 0.05 in {at[0.05]} of {len(table):,}; "
        f"after false-discovery control {survive}"
    )
    if drawn and least > LEVEL:
        evidence += f"; with {drawn} permutations a lone hit among {n:,} regions cannot pass (smallest q {least:.2f})"
        return Finding(name, question, "warn", evidence, f"Draw {int(np.ceil(n / LEVEL))} permutations or more.")
    if survive:
        return Finding(name, question, "ok", evidence)
    if at[0.1] == 0:
        said = f"no region is a significant hot or cold spot: {evidence}"
        advice = "Natural breaks always find something hot: call the classes of the map high and low, not hot and cold."
        return Finding(name, question, "warn", said, advice)
    return Finding(name, question, "warn", evidence, "None survives the count of tests: name no single region.")


def spacing(s: Subject) -> Finding:
    """Does annual spacing overstate the speed?"""
    question = "Is the speed that of longer spans too?"
    name = "spacing"
    if not s.claims:
        return Finding(name, question, "not asked", "no convergence is found, and there is no speed to compare")
    time, _ = time_axis(s.panel.periods)
    h, whole = int(s.b.asked.options["horizon"]), int(time[-1] - time[0])
    lengths = [k * h for k in (1, 2, 4, 5, 10) if k * h <= whole]
    if len(lengths) < 2:
        return Finding(name, question, "not asked", f"spans longer than {h} do not fit the panel")
    options = {k: v for k, v in s.b.asked.options.items() if k != "horizon"}
    try:
        side = beta_spacing(s.panel, s.b.variable, s.b.asked.w, horizons=lengths, error_w=s.b.asked.error_w, **options)
    except SpatialConvError as error:
        return Finding(name, question, "not asked", one_line(error))
    speeds = side.table["speed"].dropna()
    listed = ", ".join(f"{length}: {number(v)}" for length, v in speeds.items())
    if len(speeds) < 2 or h not in speeds.index:
        return Finding(name, question, "warn", f"speeds by length of span: {listed or 'none defined'}",
                       "The speed is not defined at several lengths of span; do not print one.")  # fmt: skip
    evidence = f"speeds by length of span: {listed}"
    long = speeds.index[-1]
    ratio = speeds[h] / speeds[long] if speeds[long] > 0 else np.inf
    # Were growth of single years right, its speed would be the efficient one: the variance of the difference is the
    # difference of the variances (Hausman 1978). Where no standard errors hold, the speeds alone are compared.
    short, wide = (float(side.results[length].speeds.loc["speed", "std_error"]) for length in (h, long))
    z = (speeds[h] - speeds[long]) / np.sqrt(wide**2 - short**2) if wide > short else np.inf
    if not (np.isfinite(short) and np.isfinite(wide)):
        z = np.inf
    elif np.isfinite(z):
        evidence += f"; z of the difference between the shortest and the longest {number(z, 2)}"
    else:
        evidence += "; the longest is as precise as the shortest, and their difference has no z"
    if speeds[h] > 0 and ratio > OVERSTATED and z > ONE_SIDED:
        advice = "Passing shocks look like convergence over short spans: print the speed of longer spans beside it."
        return Finding(name, question, "warn", evidence, advice)
    return Finding(name, question, "ok", evidence)
