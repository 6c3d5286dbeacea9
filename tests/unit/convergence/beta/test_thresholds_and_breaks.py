"""`beta_threshold` and `beta_breaks`: against dense regressions and statsmodels, in worlds with and without change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import spatialconv as sc
from spatialconv.errors import DataError, OptionError, SingularDesignError

US = sc.datasets.us_income().panel


def world(seed, T, N, law):
    """Return a panel whose log levels grow by `law(t, level)` plus errors of unequal variance."""
    rng = np.random.default_rng(seed)
    level = np.empty((T + 1, N))
    level[0] = 3 + 1.5 * rng.standard_normal(N)
    for t in range(T):
        level[t + 1] = level[t] + law(t, level[t]) + 0.1 * rng.standard_normal(N) * np.linspace(0.5, 1.5, N)
    index = {"region": np.tile([f"r{i:02}" for i in range(N)], T + 1), "year": np.repeat(2000 + np.arange(T + 1), N)}
    control = np.tile(rng.standard_normal(N), T + 1) + rng.standard_normal((T + 1) * N)
    return sc.Panel(pd.DataFrame({**index, "y": np.exp(level).ravel(), "x": control}), region="region", period="year")


def design(panel, variable, horizon, control=None):
    """Return growth and columns as plain arrays (T, N)."""
    log = np.log(panel.wide(variable).to_numpy())[::horizon]
    columns = [log[:-1]]
    if control:
        columns.append(panel.wide(control).to_numpy()[::horizon][:-1])
    return np.diff(log, axis=0) / horizon, columns


@pytest.mark.parametrize("effects", ["none", "time"])
@pytest.mark.parametrize("shift", [True, False])
def test_both_sides_are_those_of_a_dense_regression_clustered_by_statsmodels(effects, shift):
    panel = world(1, 5, 23, lambda t, level: 0.3 - 0.1 * level + 0.3 * (level > 3))
    found = sc.beta_threshold(panel, "y", controls="x", effects=effects, shift=shift, draws=0)
    y, (x, z) = design(panel, "y", 1, "x")
    T, N = y.shape
    above = (x > found.threshold).astype(float)
    centre = 0 if shift else x.mean()
    columns = [(x - centre) * (1 - above), (x - centre) * above, *([above] if shift else []), z]
    D = np.kron(np.eye(T), np.ones((N, 1))) if effects == "time" else np.ones((T * N, 1))
    Z = np.column_stack([*(c.ravel() for c in columns), D])
    fit = sm.OLS(y.ravel(), Z).fit(cov_type="cluster", cov_kwds={"groups": np.tile(np.arange(N), T)})
    np.testing.assert_allclose(found.table["beta"], fit.params[:2], rtol=1e-9)
    np.testing.assert_allclose(found.table["std_error"], fit.bse[:2], rtol=1e-8)
    np.testing.assert_array_equal(found.sides, np.where(above == 1, "above", "below"))
    best = found.curve["ssr"].min()
    assert best == pytest.approx(fit.ssr, rel=1e-10)
    np.testing.assert_allclose(found.curve["lr"], y.size * (found.curve["ssr"] / best - 1), atol=1e-8)
    # Hansen (1999, eq. 14): 7.35 at 95 %.
    assert found.critical == pytest.approx(7.352277, abs=1e-5)
    half = stats.t.ppf(0.975, N - 1) * found.table["std_error"]
    np.testing.assert_allclose(found.table["conf_high"] - found.table["beta"], half, rtol=1e-12)


def test_a_threshold_that_is_there_is_found_and_one_that_is_not_is_not():
    there = world(2, 1, 60, lambda t, level: 0.2 - 0.1 * level + 0.5 * (level > 3))
    found = sc.beta_threshold(there, "y", draws=199)
    x = np.sort(np.log(there.wide("y").to_numpy()[0]))
    assert found.threshold == x[x <= 3].max()
    assert found.conf_set[0] <= found.threshold <= found.conf_set[1]
    assert found.test.p_value == 1 / 200
    none = world(2, 1, 60, lambda t, level: 0.2 - 0.1 * level)
    assert sc.beta_threshold(none, "y", draws=199).test.p_value > 0.1


@pytest.mark.parametrize(("effects", "T", "N"), [("none", 1, 37), ("time", 4, 17)])
def test_the_test_of_a_threshold_is_that_of_dense_regressions_on_samples_under_one_beta(effects, T, N):
    """Every candidate of every sample is a least squares of its own; residuals are those of one beta for all."""
    panel = world(9, T, N, lambda t, level: 0.2 - 0.1 * level + 0.05 * (level > 3))
    found = sc.beta_threshold(panel, "y", effects=effects, draws=29, seed=5)
    y, (x,) = design(panel, "y", 1)
    D = np.kron(np.eye(T), np.ones((N, 1))) if effects == "time" else np.ones((T * N, 1))
    one = np.column_stack([x.ravel(), D])

    def rest(Z, v):
        return v - Z @ np.linalg.lstsq(Z, v, rcond=None)[0]

    def largest(v):
        S = (rest(one, v) ** 2).sum(axis=0)
        above = [(x > c).astype(float).ravel() for c in found.curve["threshold"]]
        split = [(rest(np.column_stack([one, a, a * x.ravel()]), v) ** 2).sum(axis=0) for a in above]
        return v.shape[0] * (S / np.min(split, axis=0) - 1)

    sup = largest(y.reshape(-1, 1)).item()
    assert found.test.statistic == pytest.approx(sup, rel=1e-9)
    e = rest(one, y.ravel()).reshape(T, N)
    signs = np.random.default_rng(5).choice([-1.0, 1.0], size=(N, 29))
    drawn = largest((e[:, :, None] * signs).reshape(T * N, 29))
    assert found.test.p_value == pytest.approx((1 + (drawn >= sup).sum()) / 30, abs=1e-12)
    # Neither end, so that the samples have a say.
    assert 1 / 30 < found.test.p_value < 1


def test_the_threshold_may_lie_in_another_column():
    panel = world(4, 6, 30, lambda t, level: 0.2 - 0.1 * level)
    split = panel.assign(q=lambda f: np.where(f["x"] > 0.3, f["x"] + 5, f["x"]))
    found = sc.beta_threshold(split, "y", threshold="q", effects="time", draws=19)
    assert found.what == "q"
    q = split.wide("q").to_numpy()[:-1]
    np.testing.assert_array_equal(found.sides == "above", q > found.threshold)
    # Each value of q is its own candidate, so that a monotone change of q moves nothing else.
    other = sc.beta_threshold(panel, "y", threshold="x", effects="time", draws=19)
    np.testing.assert_allclose(found.table["beta"], other.table["beta"], rtol=1e-9)


@pytest.mark.parametrize("effects", ["none", "time"])
def test_stretches_are_regressions_of_their_own(effects):
    panel = world(5, 14, 20, lambda t, level: 0.2 - (0.25 if t < 6 else 0.02) * level)
    found = sc.beta_breaks(panel, "y", controls="x", effects=effects, breaks=1, draws=99)
    y, (x, z) = design(panel, "y", 1, "x")
    at = list(range(2001, 2015)).index(found.dates["first_span_ends"].item())
    N = y.shape[1]
    for k, part in enumerate((slice(0, at), slice(at, None)), start=1):
        T = len(y[part])
        D = np.kron(np.eye(T), np.ones((N, 1))) if effects == "time" else np.ones((T * N, 1))
        Z = np.column_stack([x[part].ravel(), z[part].ravel(), D])
        fit = sm.OLS(y[part].ravel(), Z).fit(cov_type="cluster", cov_kwds={"groups": np.tile(np.arange(N), T)})
        assert found.table.loc[k, "beta"] == pytest.approx(fit.params[0], rel=1e-9)
        assert found.table.loc[k, "std_error"] == pytest.approx(fit.bse[0], rel=1e-8)
    if effects == "time":
        assert found.dates["first_span_ends"].item() == 2007
        assert found.dates["conf_low"].item() <= 2007 <= found.dates["conf_high"].item()
        assert found.tests.loc["1 against none", "p_value"] == 0.01


def test_the_number_of_breaks_is_found():
    twice = world(6, 30, 40, lambda t, level: 0.2 - (0.2, 0.02, 0.3)[t // 10] * level)
    found = sc.beta_breaks(twice, "y", draws=99)
    assert found.dates["first_span_ends"].tolist() == [2011, 2021]
    none = sc.beta_breaks(world(6, 30, 40, lambda t, level: 0.2 - 0.1 * level), "y", draws=99)
    assert len(none.dates) == 0
    assert len(none.table) == 1
    assert none.tests.loc["some against none", "p_value"] > 0.05
    b = sc.beta(world(6, 30, 40, lambda t, level: 0.2 - 0.1 * level), "y", effects="time")
    assert none.table["beta"].item() == pytest.approx(b.beta, rel=1e-9)


def test_results_speak_and_are_the_same_again():
    a = sc.beta_threshold(US, "income", horizon=20, effects="time", draws=19)
    b = sc.beta_breaks(US, "income", horizon=5, breaks=1, draws=19)
    for result in (a, b):
        assert max(map(len, repr(result).splitlines())) <= 80
        assert result._repr_html_().startswith("<div>")
        assert len(result.glance()) == 1
        assert {"term", "estimate", "std_error", "conf_low"} <= set(result.tidy().columns)
        assert result.to_dict()["provenance"]["seed"] == 0
    again = sc.beta_breaks(US, "income", horizon=5, breaks=1, draws=19)
    pd.testing.assert_frame_equal(again.tests, b.tests)
    pd.testing.assert_frame_equal(again.dates, b.dates)


def test_refusals_say_what_to_do():
    zhejiang = sc.datasets.zhejiang().panel
    with pytest.raises(DataError, match="on both sides"):
        sc.beta_threshold(zhejiang, "exports", horizon=4)
    with pytest.raises(DataError, match="two stretches of 2 spans"):
        sc.beta_breaks(zhejiang, "exports", horizon=2)
    with pytest.raises(OptionError, match="effects must be one of 'none', 'time'"):
        sc.beta_threshold(US, "income", effects="region")
    with pytest.raises(OptionError, match=r"trim must lie below 0\.5"):
        sc.beta_threshold(US, "income", trim=0.6)
    with pytest.raises(OptionError, match="name it, or"):
        sc.beta_breaks(US, "income", draws=0)
    with pytest.raises(OptionError, match="breaks must be at most"):
        sc.beta_breaks(US, "income", horizon=5, breaks=12)
    panel = US.assign(twice=lambda f: 2 * f["income"], same=1.0)
    with pytest.raises(SingularDesignError, match="'same' varies no more"):
        sc.beta_threshold(panel, "income", controls="same", horizon=20)


def test_pictures_show_the_curve_and_the_stretches():
    a = sc.beta_threshold(US, "income", horizon=20, effects="time", draws=0)
    lines = {line.get_label(): line.get_ydata() for line in sc.plot.beta_changes(a).axes[0].lines}
    np.testing.assert_allclose(lines["likelihood ratio"], a.curve["lr"])
    b = sc.beta_breaks(US, "income", horizon=5, breaks=2, draws=9)
    lines = {line.get_label(): line for line in sc.plot.beta_changes(b).axes[0].lines}
    for k, row in b.table.iterrows():
        assert set(lines[f"beta {k}"].get_ydata()) == {row["beta"]}
    for k, row in b.dates.iterrows():
        assert list(lines[f"date {k}"].get_xdata()) == [row["conf_low"], row["conf_high"]]
    with pytest.raises(OptionError, match=r"plot\.beta_changes takes"):
        sc.plot.beta_changes(US)


@pytest.fixture(scope="module")
def near():
    return sc.weights.adjacency(sc.datasets.us_income().states)


@pytest.mark.parametrize("effects", ["none", "time"])
def test_breaks_beside_a_spatial_lag_are_the_best_fits_of_all_dates(near, effects):
    """Every date fitted by `fit_panel` on columns that part there; the search looks at sums of squares alone."""
    none = sc.beta_breaks(US, "income", near, horizon=10, effects=effects, breaks=0, draws=0)
    whole = sc.beta(US, "income", near, horizon=10, effects=effects, spatial="lag", vcov="cluster")
    assert none.rho == pytest.approx(whole.rho, abs=1e-6)
    assert none.table["beta"].iloc[0] == pytest.approx(whole.beta, rel=1e-9)
    assert none.table["std_error"].iloc[0] == pytest.approx(whole.std_errors["log_initial"], rel=1e-6)
    found = sc.beta_breaks(US, "income", near, horizon=10, effects=effects, breaks=1, draws=9)
    grown = sc.growth_panel(US, "income", horizon=10)
    periods = list(grown.periods)
    fits = {}
    for k in range(2, len(periods) - 1):
        late = {p: float(i >= k) for i, p in enumerate(periods)}

        def parted(f, late=late):
            return f.assign(
                late=f["period"].map(late),
                early=f["log_initial"] * (1 - f["period"].map(late)),
                after=f["log_initial"] * f["period"].map(late),
            )

        name = grown.period
        frame = parted(grown.frame.reset_index().rename(columns={name: "period", grown.region: "region"}))
        one = sc.Panel(
            frame[["region", "period", "growth", "late", "early", "after"]], region="region", period="period"
        )
        x = ["early", "after", *(["late"] if effects == "none" else [])]
        fits[periods[k]] = sc.fit_panel(one, "growth", x, near, effects=effects, vcov="cluster")
    best = max(fits, key=lambda p: fits[p].loglik)
    assert found.dates["first_span_ends"].iloc[0] == best
    np.testing.assert_allclose(found.table["beta"], fits[best].params[["early", "after"]], rtol=1e-6)
    assert found.rho == pytest.approx(fits[best].rho, abs=1e-4)
    assert "in all stretches" in repr(found)
    again = sc.beta_breaks(US, "income", near, horizon=10, effects=effects, breaks=1, draws=9)
    np.testing.assert_allclose(again.tests, found.tests)


@pytest.mark.parametrize("effects", ["none", "time"])
def test_a_threshold_beside_a_spatial_lag_is_the_best_fit_of_all_candidates(near, effects):
    found = sc.beta_threshold(US, "income", near, horizon=20, effects=effects, draws=19)
    grown = sc.growth_panel(US, "income", horizon=20)
    x = grown.values("log_initial")
    logs = {}
    for c in [*found.curve["threshold"].to_numpy()[::12].tolist(), found.threshold]:
        above = (x > c).astype(float)
        parts = {"below": x * (1 - above), "above": x * above, "shift": above}
        wide = {k: v.ravel() for k, v in parts.items()}
        index = {"region": list(grown.regions) * len(x), "period": np.repeat(list(grown.periods), len(grown.regions))}
        one = sc.Panel(
            pd.DataFrame({**index, "growth": grown.values("growth").ravel(), **wide}), region="region", period="period"
        )
        logs[c] = sc.fit_panel(one, "growth", ["below", "above", "shift"], near, effects=effects, vcov="cluster")
    assert max(logs, key=lambda c: logs[c].loglik) == found.threshold
    best = logs[found.threshold]
    np.testing.assert_allclose(found.table["beta"], best.params[["below", "above"]], rtol=1e-6)
    np.testing.assert_allclose(found.table["std_error"], best.std_errors[["below", "above"]], rtol=1e-5)
    assert found.rho == pytest.approx(best.rho, abs=1e-4)
    # The likelihood ratio of candidates is that of the fits.
    curve = found.curve.set_index("threshold")["lr"]
    n = (48 - 1) * len(x) if effects == "time" else 48 * len(x)
    for c, fit in logs.items():
        assert n * np.log1p(curve[c] / n) == pytest.approx(2 * (best.loglik - fit.loglik), abs=1e-4)
    assert 0 < found.test.p_value <= 1
    assert "on both sides" in repr(found)


def test_criteria_choose_the_number_of_breaks():
    twice = sc.beta_breaks(US, "income", horizon=5, breaks="bic", draws=0)
    assert len(twice.dates) == int(twice.criteria["bic"].idxmin())
    lwz = sc.beta_breaks(US, "income", horizon=5, breaks="lwz", draws=0)
    assert len(lwz.dates) == int(lwz.criteria["lwz"].idxmin()) <= len(twice.dates)
    assert any("BIC, which takes regions as independent" in note for note in twice.notes)
    with pytest.raises(OptionError, match="breaks must be one of"):
        sc.beta_breaks(US, "income", breaks="aic")
