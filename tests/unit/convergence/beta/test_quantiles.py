"""Quantile beta: the optimum by subgradient and by enumeration, statsmodels, symmetry, simulation, seeds and jobs."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import errors
from spatialconv._core.regression.quantile import check_loss, quantile_regression
from tests.tolerances import QUANTREG, ROUNDING


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income().panel


@pytest.mark.parametrize("tau", [0.1, 0.35, 0.5, 0.9])
def test_the_optimum_by_enumeration(tau):
    """A quantile regression passes through K observations: the best of all such lines is the optimum."""
    rng = np.random.default_rng(1)
    X = np.column_stack([np.ones(13), rng.standard_normal((13, 2))])
    y = X @ [1.0, -0.5, 0.2] + rng.standard_t(3, 13)
    best = min(
        check_loss(y - X @ np.linalg.solve(X[list(rows)], y[list(rows)]), tau)
        for rows in itertools.combinations(range(13), 3)
    )
    assert check_loss(y - X @ quantile_regression(y, X, tau), tau) == pytest.approx(best, rel=ROUNDING)


@pytest.mark.parametrize("tau", [0.1, 0.5, 0.75])
def test_not_worse_than_statsmodels_and_near_it(us, tau):
    """statsmodels iterates weighted least squares and stops near the optimum, ours is the programme's vertex."""
    from statsmodels.regression.quantile_regression import QuantReg

    log = np.log(us.values("income", periods=[1929, 2009]))
    X, y = np.column_stack([np.ones(48), log[0]]), (log[1] - log[0]) / 80
    ours = sc.beta_quantiles(us, "income", horizon=80, quantiles=[tau], draws=2, seed=1, progress=False).params.iloc[0]
    theirs = QuantReg(y, X).fit(q=tau, p_tol=1e-10).params
    np.testing.assert_allclose(ours, theirs, rtol=QUANTREG)
    assert check_loss(y - X @ ours, tau) <= check_loss(y - X @ theirs, tau) * (1 + ROUNDING)


@pytest.mark.parametrize("off", [0.0, 0.02, 50.0], ids=["at the optimum", "near", "far"])
@pytest.mark.parametrize("tau", [0.02, 0.3, 0.5, 0.95])
def test_counts_and_a_start_change_no_optimum(tau, off):
    """Repeated observations as repeated rows; looked at a few at a time from wherever the search starts."""
    rng = np.random.default_rng(4)
    X = np.column_stack([np.ones(700), rng.standard_normal((700, 2))])
    y = X @ [1.0, -0.5, 0.2] + (1 + 0.4 * X[:, 1] ** 2) * rng.standard_t(2, 700)
    times = rng.multinomial(700, np.full(700, 1 / 700)).astype(float)
    there = times > 0
    repeated = np.repeat(np.arange(700), times.astype(int))
    want = quantile_regression(y[repeated], X[repeated], tau)
    start = want + off * rng.standard_normal(3)
    found = quantile_regression(y[there], X[there], tau, times=times[there], start=start)
    np.testing.assert_allclose(found, want, rtol=ROUNDING)
    # Many optima: a median of few values that all repeat.
    rounded = np.round(y)
    free, near = (quantile_regression(rounded, X[:, :1], tau, start=s) for s in (None, want[:1] + off))
    assert check_loss(rounded - near, tau) == pytest.approx(check_loss(rounded - free, tau), rel=ROUNDING)


def test_time_effects_are_dummies(us):
    q = sc.beta_quantiles(us, "income", horizon=20, effects="time", quantiles=[0.3], draws=2, seed=1, progress=False)
    log = np.log(us.values("income", periods=[1929, 1949, 1969, 1989, 2009]))
    y = (np.diff(log, axis=0) / 20).ravel()
    X = np.column_stack([np.kron(np.eye(4), np.ones((48, 1))), log[:-1].ravel()])
    best = check_loss(y - X @ quantile_regression(y, X, 0.3), 0.3)
    assert check_loss(y - X @ q.params.iloc[0].to_numpy(), 0.3) == pytest.approx(best, rel=ROUNDING)
    assert list(q.params.columns) == ["time 1949", "time 1969", "time 1989", "time 2009", "log_initial"]


def test_turned_upside_down_quantiles_change_places(us):
    """Growth of 1/v is minus growth of v, and its initial level minus that of v: beta(tau) becomes beta(1 - tau)."""
    taus = (0.2, 0.5, 0.8)
    a = sc.beta_quantiles(us, "income", horizon=80, quantiles=taus, draws=2, seed=1, progress=False)
    inverse = us.assign(income=lambda f: 1e6 / f["income"])
    b = sc.beta_quantiles(inverse, "income", horizon=80, quantiles=taus, draws=2, seed=1, progress=False)
    np.testing.assert_allclose(a.table["beta"], b.table["beta"][::-1], rtol=1e-7)


def test_the_same_seed_whatever_the_jobs(us):
    runs = [sc.beta_quantiles(us, "income", horizon=40, draws=60, seed=3, jobs=jobs, progress=False) for jobs in (1, 2)]
    np.testing.assert_array_equal(runs[0].samples, runs[1].samples)
    assert runs[0].provenance.seed == 3
    other = sc.beta_quantiles(us, "income", horizon=40, draws=60, seed=4, progress=False)
    assert not np.array_equal(other.samples, runs[0].samples)


def test_samples_are_whole_histories(us):
    """Each draw by hand: the same regions in every span."""
    q = sc.beta_quantiles(us, "income", horizon=40, quantiles=[0.5], draws=3, seed=7, progress=False)
    log = np.log(us.values("income", periods=[1929, 1969, 2009]))
    y, x = np.diff(log, axis=0) / 40, log[:-1]
    for k, rng in enumerate(np.random.default_rng(7).spawn(3)):
        drawn = rng.integers(48, size=48)
        X = np.column_stack([np.ones(96), x[:, drawn].ravel()])
        assert q.samples[k, 0] == pytest.approx(quantile_regression(y[:, drawn].ravel(), X, 0.5)[1], rel=ROUNDING)


def world(rng: np.random.Generator, spread: float, n: int = 120) -> sc.Panel:
    """Growth -0.02 x plus an error whose scale changes with the initial level by `spread`."""
    x = rng.uniform(8, 10, n)
    growth = 0.3 - 0.02 * x + (1 + spread * (x - 9)) * rng.normal(0, 0.01, n)
    frame = pd.DataFrame({"r": np.tile(np.arange(n), 2), "t": np.repeat([0, 1], n), "v": np.exp([*x, *(x + growth)])})
    return sc.Panel(frame, region="r", period="t")


def test_a_scale_that_shrinks_makes_upper_tails_converge():
    q = sc.beta_quantiles(world(np.random.default_rng(2), -0.8), "v", draws=199, seed=1, progress=False)
    assert q.table["beta"].iloc[-1] < q.table["beta"].iloc[0]
    assert q.equality.p_value < 0.01


@pytest.mark.slow
def test_equality_has_its_size():
    """200 samples with the same slope at all quantiles: 5 % test within three Monte Carlo errors (4.6) of 5 %."""
    rng = np.random.default_rng(11)
    quantiles = (0.25, 0.5, 0.75)
    p = [
        sc.beta_quantiles(world(rng, 0.0), "v", quantiles=quantiles, draws=99, seed=k, progress=False).equality.p_value
        for k in range(200)
    ]
    assert np.mean(np.array(p) < 0.05) <= 0.096


def test_views_and_notes():
    zj = sc.datasets.zhejiang()
    q = sc.beta_quantiles(zj.panel, "exports", controls="digital", draws=20, seed=1, progress=False)
    assert any("11 regions" in note for note in q.notes)
    assert "the same at every quantile" in repr(q)
    assert q.tidy().shape == (15, 8)
    assert 0 <= q.crossings <= 1
    assert q.glance().loc[0, "draws"] == 20
    assert "<table" in q._repr_html_()
    assert (q.table["pseudo_r2"].between(0, 1)).all()
    one = sc.beta_quantiles(zj.panel, "exports", quantiles=[0.5], draws=5, seed=1, progress=False)
    assert one.equality.reason == "one quantile only"


class TestBadInput:
    def test_quantiles(self, us):
        for bad in ([0.0], [1.2], ["half"]):
            with pytest.raises(errors.OptionError, match="quantiles must"):
                sc.beta_quantiles(us, "income", quantiles=bad)
        with pytest.raises(errors.OptionError, match="names none"):
            sc.beta_quantiles(us, "income", quantiles=[])

    def test_region_effects(self, us):
        with pytest.raises(errors.OptionError, match="effects must be"):
            sc.beta_quantiles(us, "income", effects="region")

    def test_collinear(self, us):
        with pytest.raises(errors.SingularDesignError, match="linear combination"):
            sc.beta_quantiles(us.assign(one=1.0), "income", controls="one", horizon=80)

    def test_one_region(self, us):
        """Every sample of one region is that region: the intervals had no width, and p was undefined."""
        one = us.subset(regions=[us.regions[0]])
        with pytest.raises(errors.DataError, match="two or more; the panel has one, 'Alabama'"):
            sc.beta_quantiles(one, "income", draws=9)
