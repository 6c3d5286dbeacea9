"""Unit root statistics against R (plm, urca), whole arrays: US incomes 48 x 81 and Grunfeld's investment 10 x 20."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from spatialconv._core.stochastic import dickey_fuller as df
from spatialconv._core.stochastic import panel_statistics as ps

FOLDER = Path(__file__).parents[2] / "reference" / "plm_unit_roots"
REFERENCE = json.loads((FOLDER / "reference.json").read_text(encoding="utf-8"))
FOUND = REFERENCE["found"]
INCOME = np.log(pd.read_csv(FOLDER / "income.csv", index_col=0).to_numpy(dtype=float))
INVEST = np.array(REFERENCE["invest"], dtype=float)
GAPS = {"income": INCOME - INCOME.mean(axis=1, keepdims=True), "invest": INVEST}
LEVELS = {"income": INCOME, "invest": INVEST}
EXO = {"none": "none", "intercept": "constant", "trend": "trend"}
# Both sides solve the same regressions, R by Householder from another column order; t-values have nine digits or more.
SAME = {"rtol": 1e-8, "atol": 1e-8}
KEYS = [key for key in FOUND if key.split("/")[-1] in ("0", "1", "2", "AIC", "SIC") and "za" not in key]


def fitted(z, trend, lags):
    """Return the regressions as plm chooses their lags."""
    if lags in ("AIC", "SIC"):
        chosen = df.chosen(z, trend, 3, "aic" if lags == "AIC" else "bic")
    else:
        chosen = np.full(z.shape[1], int(lags))
    return df.regressions(z, trend, chosen)


def test_every_case_is_there():
    assert len(KEYS) == 2 * 3 * 5
    assert len(FOUND) == 30 + 8 + 24 + 12 + 4


@pytest.mark.parametrize("key", KEYS)
def test_t_values_lags_and_panel_statistics_are_those_of_plm(key):
    name, exo, lags = key.split("/")
    z, trend, theirs = GAPS[name], EXO[exo], FOUND[key]
    fits = fitted(z, trend, lags)
    np.testing.assert_array_equal(fits.lags, theirs["madwu"]["lags"])
    np.testing.assert_allclose(fits.t, theirs["madwu"]["t"], **SAME)
    if exo != "none":
        np.testing.assert_allclose(ps.wtbar(fits.t, fits.n, fits.lags, trend), theirs["ips"]["statistic"], **SAME)
    # plm takes the adjustments at T; the paper, and the package, at T less lags less one.
    long_run = ps.long_run_variance(z, trend)
    ours = ps.levin_lin_chu(fits, long_run, len(z), trend, at=float(len(z)))
    np.testing.assert_allclose(ours, theirs["levinlin"]["statistic"], **SAME)


@pytest.mark.parametrize("key", KEYS)
def test_combinations_of_p_values_are_those_of_plm(key):
    name, exo, lags = key.split("/")
    theirs = FOUND[key]
    t = fitted(GAPS[name], EXO[exo], lags).t
    p = mackinnon_1994(t, exo)
    N = len(t)
    ours = ps.fisher(p)
    for here, there in (("P", "madwu"), ("Z", "invnormal"), ("L*", "logit")):
        np.testing.assert_allclose(ours[here], theirs[there]["statistic"], rtol=1e-7, err_msg=there)
    # Choi (2001, eq. 18) subtracts 2 from each of N terms, and so does plm.
    np.testing.assert_allclose(ours["Pm"], theirs["Pm"]["statistic"], rtol=1e-7)
    np.testing.assert_allclose(stats.chi2.sf(ours["P"], 2 * N), theirs["madwu"]["p"], rtol=1e-6)
    np.testing.assert_allclose(stats.t.cdf(ours["L*"], 5 * N + 4), theirs["logit"]["p"], rtol=1e-6)


def mackinnon_1994(t, exo):
    """Return the p-values that plm's script asks for, whose coefficients have four digits."""
    small = {
        "none": (0.6344, 1.2378, 0.032496),
        "intercept": (2.1659, 1.4412, 0.038269),
        "trend": (3.2512, 1.6047, 0.049588),
    }
    large = {
        "none": (0.4797, 0.93557, -0.06999, 0.033066),
        "intercept": (1.7339, 0.93202, -0.12745, -0.010368),
        "trend": (2.5261, 0.61654, -0.37956, -0.060285),
    }
    limit = {"none": -1.04, "intercept": -1.61, "trend": -2.89}[exo]
    poly = np.polynomial.polynomial.polyval
    return stats.norm.cdf(np.where(t <= limit, poly(t, small[exo]), poly(t, large[exo])))


@pytest.mark.parametrize("name", GAPS)
@pytest.mark.parametrize("exo", ["intercept", "trend"])
def test_hadri_and_kpss_are_those_of_plm_and_urca(name, exo):
    z, trend = GAPS[name], EXO[exo]
    ours = ps.hadri(z, trend, 3)
    for kind in ("equal", "unequal"):
        theirs = FOUND[f"{name}/{exo}/hadri/{kind}"]
        np.testing.assert_allclose(ours[kind], theirs["statistic"], **SAME)
        np.testing.assert_allclose(stats.norm.sf(ours[kind]), theirs["p"], rtol=1e-6, atol=1e-15)
    sums, variance, long_run = ps.stationarity(z, trend, 3)
    np.testing.assert_allclose(sums / variance, FOUND[f"{name}/{exo}/hadri/unequal"]["LM"], **SAME)
    np.testing.assert_allclose(sums / long_run, FOUND[f"{name}/kpss/{'mu' if exo == 'intercept' else 'tau'}"], **SAME)


@pytest.mark.parametrize("name", LEVELS)
@pytest.mark.parametrize("exo", ["none", "drift", "trend"])
@pytest.mark.parametrize("lags", [1, 2])
def test_cips_is_that_of_plm_region_by_region(name, exo, lags):
    trend = {"none": "none", "drift": "constant", "trend": "trend"}[exo]
    t = ps.cadf(LEVELS[name][:, None, :], trend, lags)[0]
    theirs = FOUND[f"{name}/{exo}/{lags}/cips/plain"]
    np.testing.assert_allclose(t, theirs["t"], rtol=1e-6)
    np.testing.assert_allclose(t.mean(), theirs["statistic"], rtol=1e-6)
    cut = ps.truncated(t, trend).mean()
    np.testing.assert_allclose(cut, FOUND[f"{name}/{exo}/{lags}/cips/truncated"]["statistic"], rtol=1e-6)
