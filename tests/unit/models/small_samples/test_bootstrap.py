"""Bootstrap of fits through the public door."""

from __future__ import annotations

from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import spatialconv as sc
from spatialconv import errors
from spatialconv._core.resampling import intervals as core
from spatialconv.models.small_samples import refits
from spatialconv.models.small_samples.bootstrap import METHODS, half_life_of, speed_of
from tests.benchmarks import data
from tests.terminal import plain_repr
from tests.tolerances import EXACT
from tests.unit.models.test_splm import fit as munnell


@pytest.fixture(scope="module")
def b(zj, w):
    return sc.beta(zj.panel, "exports", w, controls="digital", spatial="lag", effects="time")


@pytest.fixture(scope="module")
def boot(b):
    return b.bootstrap(draws=1999, seed=1, null="no-convergence")


def test_table_and_views(boot, b):
    table = boot.tidy().set_index("term")
    assert list(table.index) == ["log_initial", "digital", "rho", "sigma2", "speed", "half_life"]
    np.testing.assert_allclose(table["estimate"].iloc[:4], b.params)
    np.testing.assert_allclose(table["estimate"].iloc[4:], [b.speed, b.half_life])
    np.testing.assert_allclose(table["std_error"].iloc[:4], boot.draws.std())
    np.testing.assert_allclose(table["bias"].iloc[:4], boot.draws.mean() - b.params)
    assert (table["conf_low"] < table["conf_high"]).all()
    assert boot.glance().loc[0, "draws"] == 1999
    assert len(plain_repr(boot).splitlines()) <= 10
    assert "1,999 samples (residual)" in plain_repr(boot)
    assert "log_initial" in boot._repr_html_()
    assert boot.to_dict()["provenance"]["seed"] == 1


def test_intervals_are_those_of_the_draws(boot, b):
    """Each recomputed with numpy from the draws: no method under another's name."""
    draws, t = boot.draws["rho"], (boot.draws["rho"] - b.rho) / boot.errors["rho"]
    rho, se = b.rho, b.std_errors["rho"]
    found = boot.intervals.loc["rho"]
    low, high = np.quantile(draws, [0.025, 0.975])
    np.testing.assert_allclose(found.loc["percentile"], [low, high])
    np.testing.assert_allclose(found.loc["basic"], [2 * rho - high, 2 * rho - low])
    q = np.quantile(t, [0.975, 0.025])
    np.testing.assert_allclose(found.loc["bootstrap-t"], rho - q * se)
    assert found.loc["bca"].between(draws.min(), draws.max()).all()


def test_null_is_imposed_where_it_was_asked_for(boot, b):
    z = boot.null_draws["log_initial"] / boot.null_errors["log_initial"]
    observed = b.tstats["log_initial"]
    expected = 2 * (1 + min((z <= observed).sum(), (z >= observed).sum())) / 2000
    assert boot.p_values["log_initial"] == pytest.approx(expected)
    around = boot.t["digital"]
    expected = 2 * (1 + min((around <= b.tstats["digital"]).sum(), (around >= b.tstats["digital"]).sum())) / 2000
    assert boot.p_values["digital"] == pytest.approx(expected)
    assert "sigma2" not in boot.p_values


def test_speed_and_half_life_are_images_of_beta(boot, b):
    for method in METHODS:
        low, high = boot.intervals.loc["log_initial", method]
        np.testing.assert_allclose(boot.intervals.loc["speed", method], [-np.log1p(high), -np.log1p(low)])
    asymptotic = b.conf_int().loc["log_initial"]
    speeds = -np.log1p(asymptotic)
    # Where the speed may be zero or less, the half-life has no upper bound.
    halves = np.where(speeds > 0, np.log(2) / speeds, np.inf)
    np.testing.assert_allclose(boot.intervals.loc["half_life", "normal"], halves, rtol=1e-12)


def test_speeds_that_do_not_exist_count_at_their_end(zj, w):
    b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="two-way")
    boot = b.bootstrap(draws=999, seed=2)
    over = int((boot.draws["log_initial"] <= -1).sum())
    assert over > 100
    assert boot.undefined["speed"] == over
    table = boot.tidy().set_index("term")
    assert table.loc["speed", "conf_high"] == np.inf
    assert table.loc["half_life", "conf_low"] == 0
    assert table.loc["speed", "undefined"] == over
    assert np.isnan(table.loc["speed", "std_error"])
    assert f"undefined: speed in {over} and half-life in {over} of 999 samples" in plain_repr(boot)


def test_samples_where_the_bias_was_taken_off(zj, w):
    """Drawn at the corrected parameters: the draws average the estimates, and intervals are recomputed from them."""
    b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="region")
    boot = b.bootstrap(draws=1999, seed=11, bias="indirect")
    centre = boot.centre["log_initial"]
    assert centre > b.beta + 0.02
    se = b.std_errors["log_initial"]
    assert boot.draws["log_initial"].mean() == pytest.approx(b.beta, abs=0.12 * se)
    draws = boot.draws["log_initial"]
    t = (draws - centre) / boot.errors["log_initial"]
    found = boot.intervals.loc["log_initial"]
    np.testing.assert_allclose(found.loc["bootstrap-t"], b.beta - np.quantile(t, [0.975, 0.025]) * se)
    low, high = np.quantile(draws, [0.025, 0.975]) - centre
    np.testing.assert_allclose(found.loc["basic"], [b.beta - high, b.beta - low])
    np.testing.assert_allclose(found.loc["percentile"], np.array([low, high]) + 2 * centre - draws.mean())
    assert any("corrected by indirect inference: log_initial" in note for note in boot.notes)
    with pytest.raises(errors.OptionError, match="does not go with recursive=False"):
        b.bootstrap(draws=19, bias="indirect", recursive=False)


def test_samples_without_standard_error_count_at_both_ends(boot):
    """A sample on a bound has no standard error: its t is infinite, at the side of its estimate."""
    errors_ = boot.errors.copy()
    errors_.loc[:199, "rho"] = np.nan
    t = replace(boot, errors=errors_).t["rho"]
    below = boot.draws.loc[:199, "rho"] < boot.fit.rho
    assert (t[:200] == np.where(below, -np.inf, np.inf)).all()
    np.testing.assert_allclose(t[200:], boot.t["rho"][200:])
    wide = replace(boot, errors=errors_).intervals.loc["rho", "bootstrap-t"]
    assert np.isinf(wide).all()


def test_quantities_at_the_edges():
    np.testing.assert_allclose(speed_of(np.array([-0.1, 0.0, 0.2]), 1.0), [0.1053605, 0, -0.1823216], atol=1e-7)
    assert speed_of(-1.0, 1.0) == np.inf
    assert speed_of(-0.6, 2.0) == np.inf
    assert half_life_of(-0.6, 2.0) == 0
    assert half_life_of(0.1, 1.0) == np.inf
    assert half_life_of(-0.5, 1.0) == pytest.approx(1.0, abs=EXACT)
    assert np.isnan(half_life_of(np.nan, 1.0))


def test_holding_levels_fixed_hides_the_bias(zj, w):
    """Nickell's bias comes through the levels: with them fixed, the mean of the draws stays at the estimate."""
    b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="region")
    rebuilt, held = (b.bootstrap(draws=1999, seed=3, recursive=r) for r in (True, False))
    bias = (rebuilt.draws.mean() - b.params)["log_initial"], (held.draws.mean() - b.params)["log_initial"]
    assert bias[0] < -0.03
    assert abs(bias[1]) < 0.01
    assert any("held fixed" in note for note in held.notes)


@pytest.mark.parametrize("scheme", ["residual", "wild", "wild-region", "parametric", "block-region"])
def test_every_scheme_spreads_like_the_standard_errors_in_a_large_panel(scheme):
    f = munnell("munnell", "region", "lag", "lee-yu")
    boot = f.bootstrap(draws=999, seed=4, scheme=scheme)
    ratio = (boot.draws.std() / f.std_errors).drop("sigma2")
    # Variances differ here, which signs keep; histories keep dependence over time too.
    least, most = {"residual": (0.0, 1.2), "parametric": (0.0, 1.2), "wild": (1.25, 1.6)}.get(scheme, (2.0, 3.5))
    assert ratio.between(0.8, most).all()
    assert ratio.max() > least
    assert boot.initial is None
    assert any("fit by sc.beta" in note for note in boot.notes)


@pytest.mark.parametrize(
    "options",
    [
        {"spatial": "error", "effects": "region"},
        {"spatial": "sarar", "effects": "none"},
        {"spatial": "lag", "effects": "time", "vcov": "robust"},
        {"spatial": "lag", "effects": "time", "correction": "splm"},
    ],
    ids=lambda o: "-".join(str(v) for v in o.values()),
)
def test_other_models_one_by_one(zj, w, options):
    b = sc.beta(zj.panel, "exports", w, **options)
    boot = b.bootstrap(draws=19, seed=5, null="no-convergence")
    assert boot.draws.shape == (19, len(b.params))
    assert 0 < boot.p_values["log_initial"] <= 1
    assert boot.errors.notna().any().all()


def test_random_effects_and_moments(zj, w):
    panel = zj.panel.assign(trend=lambda f: np.cos(f["year"] * f["digital"]))
    for options in ({"effects": "random"}, {"effects": "region", "estimator": "gmm"}):
        fit = sc.fit_panel(panel, "exports", ["digital", "trend"], w, **options)
        boot = fit.bootstrap(draws=19, seed=6, null="digital")
        assert np.isfinite(boot.draws.dropna()).all().all()
        assert any("acceleration zero" in note for note in boot.notes)
        assert 0 < boot.p_values["digital"] <= 1


def test_one_sided_p_stands_first_where_no_convergence_is_imposed(boot, b):
    z = (boot.null_draws["log_initial"] / boot.null_errors["log_initial"]).to_numpy()
    below = (1 + (z <= b.tstats["log_initial"]).sum()) / 2000
    assert boot.p_lower["log_initial"] == pytest.approx(below)
    assert boot.p_values["log_initial"] == pytest.approx(2 * min(below, 1 - below + 1 / 2000))
    assert boot.tidy().set_index("term").loc["log_initial", "p_lower"] == boot.p_lower["log_initial"]
    said = next(line for line in plain_repr(boot).splitlines() if "log_initial" in line)
    assert "against convergence, two-sided p" in said


def test_null_of_rho(b):
    boot = b.bootstrap(draws=1999, seed=7, null="rho")
    assert abs(boot.null_draws["rho"].mean()) < 0.1
    assert "null imposed" in plain_repr(boot)


@pytest.mark.parametrize("effects", ["none", "two-way"])
def test_many_regions_as_one_array_are_those_one_by_one(effects, monkeypatch):
    """A lattice beyond what takes all eigenvalues of any matrix: contiguity has real ones, and they serve all fits."""
    n = 210
    links = sc.weights.from_matrix(data.lattice(14, 15), regions=[f"r{k:03d}" for k in range(n)])
    drawn = sc.simulate.growth_panel(links, periods=4, rho=0.4, controls={"z": 0.1}, effects="time", seed=1)
    b = sc.beta(drawn.panel, "level", links, controls="z", spatial="lag", effects=effects)
    monkeypatch.setattr(refits, "BATCH_AT_MOST", 100)
    monkeypatch.setattr(refits, "_SPECTRA", {})
    whole = b.bootstrap(draws=19, null="no-convergence", seed=1)
    monkeypatch.setattr(refits, "TWINS_AT_MOST", 100)
    single = b.bootstrap(draws=19, null="no-convergence", seed=1)
    # The optimum is found to 1e-8 one by one.
    for name in ("draws", "errors", "null_draws", "null_errors"):
        np.testing.assert_allclose(getattr(whole, name), getattr(single, name), rtol=1e-5, atol=1e-8)


def test_links_that_are_not_symmetric_are_fitted_one_by_one_beyond_the_limit(monkeypatch):
    monkeypatch.setattr(refits, "BATCH_AT_MOST", 3)
    A = sp.csr_array(np.roll(np.eye(8), 1, axis=1))
    assert not refits._spectrum_in_reach(A)
    assert refits._spectrum_in_reach(sp.csr_array(A + A.T))


def test_jobs_and_seeds(b):
    with joblib.parallel_config(backend="threading"):
        one, two = (b.bootstrap(draws=2100, seed=8, jobs=j, null="rho") for j in (1, 2))
    pd.testing.assert_frame_equal(one.draws, two.draws)
    pd.testing.assert_frame_equal(one.tidy(), two.tidy())
    other = b.bootstrap(draws=2100, seed=9)
    assert not np.allclose(one.draws, other.draws)


def test_impacts_from_the_same_draws(boot, b):
    """Direct, indirect and total recomputed from dense inverses for some draws."""
    found = boot.impacts()
    again = b.fit.impacts()
    np.testing.assert_allclose(found.table["estimate"], again.table["estimate"])
    W = b.fit.design.W.matrix.toarray()
    draws = boot.draws.to_numpy()
    A = np.linalg.inv(np.eye(11) - draws[:, 2, None, None] * W)
    direct = draws[:, 1] * np.einsum("bii->b", A) / 11
    row = found.direct.loc["digital"]
    np.testing.assert_allclose([row.conf_low, row.conf_high], np.quantile(direct, [0.025, 0.975]), rtol=1e-6)
    assert row.std_error == pytest.approx(direct.std(ddof=1), rel=1e-6)
    assert "1999 refits" in plain_repr(found)


def test_impacts_with_bootstrap_rebuild_levels(zj, w):
    b = sc.beta(zj.panel, "exports", w, spatial="lag", effects="region")
    table = b.impacts(inference="bootstrap", draws=999, seed=10).direct
    # Draws are biased downwards as the estimator is, which held levels would not show.
    middle = (table.conf_low + table.conf_high) / 2
    assert middle["log_initial"] < table.estimate["log_initial"] - 0.02


def test_bca_uses_the_influence_of_the_observations(b, boot):
    """Influences sum to zero at the optimum, and their squares to the robust variance."""
    a = core.acceleration(boot.influence[:, 0])
    assert boot.influence.shape == (44, 4)
    assert a != 0
    np.testing.assert_allclose(boot.influence.sum(axis=0), 0, atol=1e-6)
    robust = b.fit.with_vcov("robust")
    squares = np.sqrt((boot.influence**2).sum(axis=0))
    np.testing.assert_allclose(squares, robust.std_errors, rtol=1e-6)


def test_wrong_arguments(b, zj):
    with pytest.raises(errors.OptionError, match="scheme must be one of"):
        b.bootstrap(scheme="pairs")
    with pytest.raises(errors.OptionError, match="null must be 'no-convergence' or one of 'log_initial'"):
        b.bootstrap(null="exports")
    with pytest.raises(errors.OptionError, match="draws must be a whole number of at least 19"):
        b.bootstrap(draws=5)
    plain = sc.fit_panel(zj.panel, "exports", "digital", spatial="none", effects="time")
    with pytest.raises(errors.OptionError, match="needs the initial level of a growth regression"):
        plain.bootstrap(null="no-convergence")
