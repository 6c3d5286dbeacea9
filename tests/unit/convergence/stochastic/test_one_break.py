"""`unit_roots_break` against urca's ur.za, whole arrays, and in worlds with and without a break."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv._core.stochastic.one_break import dated, least, least_null
from spatialconv.errors import DataError, OptionError

FOLDER = Path(__file__).parents[3] / "reference" / "plm_unit_roots"
REFERENCE = json.loads((FOLDER / "reference.json").read_text(encoding="utf-8"))
INCOME = np.log(pd.read_csv(FOLDER / "income.csv", index_col=0).to_numpy(dtype=float))
SERIES = {
    "income": INCOME - INCOME.mean(axis=1, keepdims=True),
    "invest": np.array(REFERENCE["invest"], dtype=float),
}
US = sc.datasets.us_income().panel


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize(("model", "kind"), [("intercept", "level"), ("trend", "trend"), ("both", "both")])
@pytest.mark.parametrize("lags", [0, 1])
def test_least_t_and_date_are_those_of_urca(name, model, kind, lags):
    """urca begins its search among the first periods, which lags use up; where its date lies there ours is another."""
    z, theirs = SERIES[name], REFERENCE["found"][f"{name}/za/{model}/{lags}"]
    dates = range(lags + 3, len(z) - 1)
    t, at = least(z, kind, lags, dates)
    there = np.array(theirs["at"])
    shared = there >= lags + 3
    assert shared.sum() >= len(there) - 1
    np.testing.assert_allclose(t[shared], np.array(theirs["t"])[shared], rtol=1e-9)
    np.testing.assert_array_equal(at[shared], there[shared])
    assert (t[~shared] > np.array(theirs["t"])[~shared]).all()


def test_every_date_is_what_a_dense_regression_gives():
    z = np.cumsum(np.random.default_rng(1).standard_normal((24, 3)), axis=0)
    dates = range(6, 19)
    t = dated(z, "both", 2, dates)
    for i in range(3):
        d = np.diff(z[:, i])
        for g, date in enumerate(dates):
            period = np.arange(3, 24)
            after = (period >= date).astype(float)
            X = np.column_stack([z[2:-1, i], np.ones(21), period, after, after * (period - date + 1), d[1:-1], d[:-2]])
            b, rss, *_ = np.linalg.lstsq(X, d[2:], rcond=None)
            se = np.sqrt(rss[0] / (21 - 7) * np.linalg.inv(X.T @ X)[0, 0])
            assert t[i, g] == pytest.approx(b[0] / se, rel=1e-8)


def test_long_walks_have_the_critical_values_of_zivot_and_andrews():
    """Their table 2, model A: -5.34, -4.80, -4.58, for long series and any date; ours of 200 periods, trimmed."""
    np.testing.assert_allclose(
        np.quantile(least_null(200, "level", 0, 30, 171), [0.01, 0.05, 0.1]), [-5.34, -4.80, -4.58], atol=0.15
    )


def test_p_keep_their_level_under_the_null():
    """300 panels of 15 x 30 walks: 5 % of 4,500 regions have an error of 0.3 points, 5 % of the panels one of 1.3."""
    rng = np.random.default_rng(2)
    walks = np.cumsum(rng.standard_normal((30, 300 * 15)), axis=0)
    t, _ = least(walks, "level", 1, range(5, 26))
    law = least_null(30, "level", 1, 5, 26)
    assert (t <= np.quantile(law, 0.05)).mean() == pytest.approx(0.05, abs=0.02)
    panels = np.sqrt(15) * (t.reshape(300, 15).mean(axis=1) - law.mean()) / law.std(ddof=1)
    assert (stats.norm.cdf(panels) <= 0.05).mean() == pytest.approx(0.05, abs=0.04)


def test_gaps_that_break_once_come_back_where_the_plain_test_does_not_see_it():
    rng = np.random.default_rng(3)
    T, N = 50, 8
    z = rng.standard_normal((T, N))
    z[25:, :4] += 16
    frame = pd.DataFrame(
        {"region": np.tile([f"r{i}" for i in range(N)], T), "year": np.repeat(range(T), N), "y": z.ravel()}
    )
    panel = sc.Panel(frame, region="region", period="year")
    found = sc.unit_roots_break(panel, "y", log=False, lags=0)
    assert found.test.p_value < 1e-6
    assert (found.table["p_value"] <= 0.002).all()
    assert set(found.table["break"]) == {25}
    assert (sc.unit_roots(panel, "y", log=False, lags=0, draws=0).table["p_value"] > 0.05).all()


def test_results_speak_and_refusals_say_what_to_do():
    found = sc.unit_roots_break(US, "income")
    assert max(map(len, repr(found).splitlines())) <= 80
    assert "date 1942" in repr(found)
    assert found._repr_html_().startswith("<div>")
    assert len(found.glance()) == 1
    assert list(found.tidy()["term"]) == list(US.regions)
    with pytest.raises(DataError, match="needs 20 periods or more"):
        sc.unit_roots_break(US.subset(periods=range(1929, 1942)), "income")
    with pytest.raises(OptionError, match=r"trim must lie below 0\.5"):
        sc.unit_roots_break(US, "income", trim=0.7)
    with pytest.raises(OptionError, match="breaks must be one of"):
        sc.unit_roots_break(US, "income", breaks="two")
