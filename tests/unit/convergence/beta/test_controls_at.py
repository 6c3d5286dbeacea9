"""When controls are taken: at the start of a span, at its end, or their mean over it, in every growth regression."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import spatialconv as sc

WHEN = ("start", "end", "mean")
# Least squares by statsmodels on columns made by pandas: rounding of two solvers.
RTOL = 1e-9


@pytest.fixture(scope="module")
def frame():
    """Forty regions in years that are not evenly spaced at the end, with two controls that move."""
    rng = np.random.default_rng(5)
    years = [2000, 2001, 2002, 2003, 2004, 2005, 2006, 2009]
    rows = [(f"r{i:02d}", year) for i in range(40) for year in years]
    out = pd.DataFrame(rows, columns=["region", "year"])
    # Log levels that come back to their mean slowly, so that every regression has a defined speed.
    level = rng.normal(1, 0.5, 40)
    for year in years:
        level = 1 + 0.9 * (level - 1) + rng.normal(0, 0.1, 40)
        out.loc[out.year == year, "v"] = np.exp(level)
    return out.assign(a=rng.normal(size=len(out)), b=rng.normal(size=len(out)))


def by_pandas(frame, spans, when):
    """Growth, initial level and controls over spans, made by pandas alone; a row a region and span."""
    parts = []
    for start, end in spans:
        first, last = (frame[frame.year == y].set_index("region") for y in (start, end))
        inside = frame[frame.year.between(start, end)].groupby("region")[["a", "b"]].mean()
        controls = {"start": first[["a", "b"]], "end": last[["a", "b"]], "mean": inside}[when]
        growth = (np.log(last.v) - np.log(first.v)) / (end - start)
        parts.append(controls.assign(growth=growth, log_initial=np.log(first.v), span=end))
    return pd.concat(parts).reset_index()


@pytest.mark.parametrize("when", WHEN)
def test_beta_is_least_squares_on_columns_made_by_pandas(frame, when):
    b = sc.beta(
        sc.Panel(frame, region="region", period="year"), "v", controls=["a", "b"], controls_at=when, horizon=3,
        effects="time",
    )  # fmt: skip
    data = by_pandas(frame, [(2000, 2003), (2003, 2006), (2006, 2009)], when)
    X = pd.concat([data[["log_initial", "a", "b"]], pd.get_dummies(data["span"], dtype=float)], axis=1)
    theirs = sm.OLS(data["growth"], X).fit()
    np.testing.assert_allclose(b.params[["log_initial", "a", "b"]], theirs.params.iloc[:3], rtol=RTOL)
    said = {
        "start": "at the start of each span",
        "end": "at the end of each span",
        "mean": "as the mean over each span",
    }
    assert sum(f"controls are taken {said[when]}" in note for note in b.notes) == 1
    assert b.provenance.options["controls_at"] == when
    assert f"note: controls are taken {said[when]}" in " ".join(repr(b).split())


def test_the_start_is_the_default_everywhere(frame):
    panel = sc.Panel(frame, region="region", period="year")
    assert sc.beta(panel, "v", controls="a").params.equals(
        sc.beta(panel, "v", controls="a", controls_at="start").params
    )
    assert (
        sc.beta_nls(panel, "v", controls="a").speed == sc.beta_nls(panel, "v", controls="a", controls_at="start").speed
    )
    assert not sc.beta(panel, "v", controls="a").params.equals(
        sc.beta(panel, "v", controls="a", controls_at="end").params
    )


@pytest.mark.parametrize("when", WHEN)
def test_a_cross_section_is_the_same_by_every_door(frame, when):
    """One span of nine years: beta, the nonlinear speed, the median of quantiles and the mean of regimes agree."""
    panel = sc.Panel(frame, region="region", period="year")
    data = by_pandas(frame, [(2000, 2009)], when)
    X = sm.add_constant(data[["log_initial", "a"]])
    theirs = sm.OLS(data["growth"], X).fit()
    b = sc.beta(panel, "v", controls="a", controls_at=when, horizon=9)
    np.testing.assert_allclose(b.beta, theirs.params["log_initial"], rtol=RTOL)
    nls = sc.beta_nls(panel, "v", controls="a", controls_at=when)
    # One span: the nonlinear speed is the transformed slope.
    np.testing.assert_allclose(nls.speed, b.speed, rtol=1e-6)
    q = sc.beta_quantiles(
        panel, "v", controls="a", controls_at=when, horizon=9, quantiles=[0.5], draws=2, seed=1, progress=False
    )
    median = sm.QuantReg(data["growth"], X).fit(q=0.5)
    # statsmodels iterates towards the median that a linear programme hits.
    np.testing.assert_allclose(q.params.loc[0.5, "log_initial"], median.params["log_initial"], rtol=1e-3, atol=1e-5)
    halves = {r: k % 2 for k, r in enumerate(panel.regions)}
    apart = sc.beta_regimes(panel, "v", regimes=halves, controls="a", controls_at=when, horizon=9)
    for half in (0, 1):
        own = data["region"].map(halves) == half
        alone = sm.OLS(data["growth"][own], X[own]).fit()
        np.testing.assert_allclose(apart.table.loc[half, "beta"], alone.params["log_initial"], rtol=RTOL)


@pytest.mark.parametrize("when", WHEN)
def test_local_beta_over_everybody_is_the_global_one(frame, when):
    """A Gaussian kernel wider than the map weighs all regions nearly alike."""
    geopandas = pytest.importorskip("geopandas")
    panel = sc.Panel(frame, region="region", period="year")
    rng = np.random.default_rng(1)
    # All points within a metre, but for ties: each region's kernel is flat over all others.
    points = geopandas.GeoDataFrame(
        geometry=geopandas.points_from_xy(*rng.uniform(0, 1, (2, 40))), index=list(panel.regions), crs=32651
    )
    local = sc.beta_local(
        panel, "v", points, controls="a", controls_at=when, kernel="gaussian", bandwidth=40, draws=1, seed=1,
        progress=False,
    )  # fmt: skip
    data = by_pandas(frame, [(2000, 2009)], when)
    seen = []
    for i in range(40):
        xy = np.column_stack([points.geometry.x, points.geometry.y])
        d = np.hypot(*(xy - xy[i]).T)
        weight = np.exp(-0.5 * (d / (np.sort(d)[39] * 1.0000001)) ** 2)
        X = sm.add_constant(data[["log_initial", "a"]])
        seen.append(sm.WLS(data["growth"], X, weights=weight).fit().params["log_initial"])
    np.testing.assert_allclose(local.table["beta"], seen, rtol=1e-5)


def test_feedback_of_growth_biases_beta_with_controls_at_the_end_and_not_at_the_start():
    """The control follows growth: c[t] = c[t-1] + growth of the span. Its coefficient and beta are known."""
    rng = np.random.default_rng(11)
    N, T, beta, theta = 300, 9, -0.08, 0.05
    found = {when: [] for when in ("start", "end")}
    for _ in range(20):
        level, control = rng.normal(0, 1, N), rng.normal(0, 1, N)
        rows = [pd.DataFrame({"region": range(N), "year": 0, "v": np.exp(level), "c": control})]
        for t in range(1, T):
            growth = beta * level + theta * control + rng.normal(0, 0.1, N)
            level, control = level + growth, 0.5 * control + 2 * growth + rng.normal(0, 0.3, N)
            rows.append(pd.DataFrame({"region": range(N), "year": t, "v": np.exp(level), "c": control}))
        panel = sc.Panel(pd.concat(rows), region="region", period="year")
        for when in found:
            found[when].append(sc.beta(panel, "v", controls="c", controls_at=when).beta)
    start, end = (np.array(found[when]) for when in ("start", "end"))
    error = start.std(ddof=1) / np.sqrt(len(start))
    assert abs(start.mean() - beta) < 4 * error
    # Feedback moves beta by many times its sampling error.
    assert abs(end.mean() - beta) > 20 * error


@pytest.mark.parametrize("when", WHEN)
def test_rows_of_a_multiverse_are_beta_with_the_same_controls(frame, when):
    panel = sc.Panel(frame, region="region", period="year")
    m = sc.multiverse(
        panel, "v", controls=((), "a", ("a", "b")), controls_at=when, horizons=(1, 3), effects=("none", "time")
    )
    for k, row in m.table.iterrows():
        b = sc.beta(
            panel, "v", controls=[] if row["controls"] == "none" else row["controls"].split(", "), controls_at=when,
            horizon=row["horizon"], effects=row["effects"],
        )  # fmt: skip
        np.testing.assert_allclose(row["estimate"], b.beta, rtol=1e-10)
        np.testing.assert_allclose(m.fit(k).beta, b.beta, rtol=1e-10)
    assert any("controls are taken" in note for note in m.notes)


def test_only_the_periods_that_are_used_may_not_have_gaps(frame):
    """A control that is missing at the ends of spans does not stand in the way of its values at the start."""
    gaps = frame.assign(a=frame["a"].where(frame.year != 2009))
    panel = sc.Panel(gaps, region="region", period="year")
    b = sc.beta(panel, "v", controls="a", horizon=9)
    np.testing.assert_allclose(
        b.beta, sc.beta(sc.Panel(frame, region="region", period="year"), "v", controls="a", horizon=9).beta
    )
    for when in ("end", "mean"):
        with pytest.raises(sc.errors.MissingDataError, match="'a' is missing in 40"):
            sc.beta(panel, "v", controls="a", controls_at=when, horizon=9)


@pytest.mark.parametrize(
    "call",
    [
        lambda p: sc.beta(p, "v", controls_at="now"),
        lambda p: sc.beta_nls(p, "v", controls_at="now"),
        lambda p: sc.beta_quantiles(p, "v", controls_at="now"),
        lambda p: sc.beta_regimes(p, "v", regimes={r: k % 2 for k, r in enumerate(p.regions)}, controls_at="now"),
        lambda p: sc.beta_rolling(p, "v", window=3, controls_at="now"),
        lambda p: sc.multiverse(p, "v", controls_at="now"),
    ],
)  # fmt: skip
def test_another_word_is_refused(frame, call):
    with pytest.raises(sc.errors.OptionError, match="controls_at must be one of 'start', 'end', 'mean'; got 'now'"):
        call(sc.Panel(frame, region="region", period="year"))
