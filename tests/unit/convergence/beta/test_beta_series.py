"""Moving windows and lengths of span: each row is sc.beta alone; gaps have reasons; annual spacing overstates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import errors


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def w(us):
    return sc.weights.adjacency(us.states)


def agree(row: pd.Series, alone) -> None:
    """Compare a row with the regression that it stands for."""
    interval = alone.conf_int(alone.level).loc["log_initial"]
    rate = alone.speeds.loc["speed"]
    want = [alone.beta, alone.std_errors["log_initial"], interval["conf_low"], interval["conf_high"], alone.speed,
            rate["conf_low"], rate["conf_high"], alone.half_life, alone.fit.nobs]  # fmt: skip
    names = ["beta", "std_error", "conf_low", "conf_high", "speed", "speed_low", "speed_high", "half_life", "nobs"]
    np.testing.assert_allclose(row[names].to_numpy(dtype=float), want, rtol=1e-12)


def test_windows_are_betas_of_their_periods(us, w):
    options = {"horizon": 5, "spatial": "lag", "effects": "time"}
    path = sc.beta_rolling(us.panel, "income", w, window=20, step=15, **options)
    assert list(path.table["start"]) == [1929, 1944, 1959, 1974, 1989]
    for end, row in path.table.iterrows():
        years = [t for t in us.panel.periods if row["start"] <= t <= end]
        agree(row, sc.beta(us.panel.subset(periods=years), "income", w, **options))
        assert row["rho"] == path.results[end].rho
    assert any("overlap" in note for note in path.notes)
    assert not any("overlap" in n for n in sc.beta_rolling(us.panel, "income", window=20, step=20, horizon=20).notes)


def test_horizons_are_betas_of_their_length(us):
    side = sc.beta_spacing(us.panel, "income", horizons=(10, 1, 40), effects="two-way")
    assert list(side.table.index) == [1, 10, 40]
    for h, row in side.table.iterrows():
        agree(row, sc.beta(us.panel, "income", horizon=h, effects="two-way"))
    assert list(side.table["last"]) == [2009, 2009, 2009]


@pytest.mark.parametrize("effects", ["time", "two-way"])
def test_annual_spacing_overstates_the_speed(us, effects):
    """As Shioji and others find for these states: short spans look faster than long ones."""
    speeds = sc.beta_spacing(us.panel, "income", horizons=(1, 5, 10, 40), effects=effects).table["speed"]
    assert speeds.is_monotonic_decreasing


def test_passing_shocks_make_annual_speeds_too_high():
    """Levels that converge at 2 % plus shocks that last one year: spans of one year see twice the speed or more."""
    rng, log = np.random.default_rng(4), [np.random.default_rng(5).normal(0, 0.6, 200)]
    for _ in range(20):
        log.append(log[-1] * np.exp(-0.02) + rng.normal(0, 0.01, 200))
    seen = np.array(log) + rng.normal(0, 0.1, (21, 200))
    frame = pd.DataFrame(
        {"r": np.tile(np.arange(200), 21), "t": np.repeat(np.arange(21), 200), "v": np.exp(seen).ravel()}
    )
    speed = sc.beta_spacing(sc.Panel(frame, region="r", period="t"), "v", horizons=(1, 20)).table["speed"]
    assert speed[1] > 0.04
    assert speed[20] == pytest.approx(0.02, abs=0.004)


def test_a_row_that_fails_says_why(us):
    side = sc.beta_spacing(us.panel, "income", horizons=(1, 79, 81), effects="region")
    assert list(side.results) == [1]
    assert "span" in side.table.loc[81, "reason"]
    assert "two periods" in side.table.loc[79, "reason"]
    assert any("2 of 3 horizons could not be estimated: 2: 79, 81" in note for note in side.notes)
    assert "not estimated" in repr(side)
    assert np.isnan(side.table.loc[81, "beta"])


def test_undefined_speeds_keep_their_reason():
    zj = sc.datasets.zhejiang()
    side = sc.beta_spacing(zj.panel, "exports", horizons=(1, 2), effects="two-way")
    assert np.isnan(side.table.loc[1, "speed"])
    assert "not positive" in side.table.loc[1, "reason"]


def test_views(us):
    path = sc.beta_rolling(us.panel, "income", window=10, step=10, horizon=10)
    assert repr(path).startswith("Beta convergence of income in moving windows (pooled regression): 48 regions")
    assert "and 2 more" in repr(path)
    assert path.tidy()["term"].unique().tolist() == ["log_initial"]
    assert path.glance().loc[0, "regressions"] == 8
    assert path.to_dict()["provenance"]["options"]["window"] == 10
    assert "<table" in path._repr_html_()


class TestBadInput:
    def test_windows(self, us):
        with pytest.raises(errors.OptionError, match="no window of 100 fits"):
            sc.beta_rolling(us.panel, "income", window=100)
        with pytest.raises(errors.OptionError, match="whole number"):
            sc.beta_rolling(us.panel, "income", window=2.5)

    def test_options(self, us):
        with pytest.raises(errors.OptionError, match="'colour'"):
            sc.beta_rolling(us.panel, "income", window=20, colour="red")
        with pytest.raises(errors.OptionError, match="leave horizon out"):
            sc.beta_spacing(us.panel, "income", horizons=(1, 2), horizon=3)
        five_yearly = us.panel.subset(periods=range(1930, 2006, 5))
        with pytest.raises(errors.OptionError, match="periods are 5 apart: use a horizon of 5"):
            sc.beta_spacing(five_yearly, "income", horizons=(1, 2))
        with pytest.raises(errors.OptionError, match="names no length"):
            sc.beta_spacing(us.panel, "income", horizons=())

    def test_what_is_wrong_everywhere_is_said_as_beta_says_it(self, us):
        with pytest.raises(errors.VariableError, match="no variable 'incme'"):
            sc.beta_spacing(us.panel, "incme", horizons=(1, 2))
        with pytest.raises(errors.ModelError, match="needs spatial weights"):
            sc.beta_rolling(us.panel, "income", window=20, spatial="lag")
