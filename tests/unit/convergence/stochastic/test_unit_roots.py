"""`unit_roots` and `unit_roots_pairwise`: what stands on the results, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.tsa.stattools import adfuller

import spatialconv as sc
from spatialconv._core.stochastic import panel_statistics as ps
from spatialconv._core.stochastic.resampled import cips_null, innovations, null_paths, shrunken
from spatialconv.convergence.stochastic.statistics import asymptotic, mackinnon, unit_root_statistics
from spatialconv.errors import DataError, NotPositiveError, OptionError

# statsmodels will return another object than a tuple one day.
pytestmark = pytest.mark.filterwarnings("ignore:adfuller currently returns:FutureWarning")
US = sc.datasets.us_income().panel
CODES = {"none": "n", "constant": "c", "trend": "ct"}


def panel_of(values, variable="y"):
    """Return values (T, N) as a panel."""
    T, N = values.shape
    regions, years = np.tile([f"r{i:02}" for i in range(N)], T), np.repeat(1990 + np.arange(T), N)
    frame = pd.DataFrame({"region": regions, "year": years, variable: values.ravel()})
    return sc.Panel(frame, region="region", period="year")


def walks(seed, T, N):
    """Return random walks with unequal variances and an asymmetric common part."""
    rng = np.random.default_rng(seed)
    e = rng.standard_normal((T, N)) * np.linspace(0.2, 3, N) + rng.standard_normal((T, 1)) * np.linspace(-1, 2, N)
    return np.cumsum(e, axis=0)


@pytest.mark.parametrize("trend", CODES)
@pytest.mark.parametrize("lags", [0, 2])
def test_the_regression_of_every_region_is_that_of_statsmodels(trend, lags):
    y = walks(1, 25, 7)
    found = sc.unit_roots(panel_of(y), "y", log=False, trend=trend, lags=lags, draws=0)
    gaps = y - y.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found.gaps, gaps, rtol=0, atol=1e-14)
    theirs = [adfuller(gap, maxlag=lags, regression=CODES[trend], autolag=None) for gap in gaps.T]
    # statsmodels inverts the normal matrix: eight digits of it are common.
    np.testing.assert_allclose(found.table["t"], [row[0] for row in theirs], rtol=1e-8)
    np.testing.assert_allclose(found.table["p_value"], [row[1] for row in theirs], rtol=1e-7)


@pytest.mark.parametrize("criterion", ["aic", "bic"])
def test_lags_are_those_that_statsmodels_chooses(criterion):
    gaps = US.values("income", log=True)
    gaps = gaps - gaps.mean(axis=1, keepdims=True)
    found = sc.unit_roots(US, "income", lags=criterion, max_lags=3, draws=0)
    theirs = [adfuller(gap, maxlag=3, regression="c", autolag=criterion.upper())[2] for gap in gaps.T]
    np.testing.assert_array_equal(found.table["lags"], theirs)


def test_many_p_values_are_those_of_single_ones():
    t = np.linspace(-7, 2, 2001)
    for trend in CODES:
        single = np.concatenate([mackinnon(part, trend) for part in np.array_split(t, 5)])
        # MacKinnon's two polynomials do not quite meet, and the grid bridges the step between two of its points.
        np.testing.assert_allclose(mackinnon(t, trend), single, atol=3e-3)
        assert np.median(np.abs(mackinnon(t, trend) - single)) < 1e-6


def test_statistics_on_the_result_are_those_of_the_arrays():
    found = sc.unit_roots(US, "income", trend="trend", lags=1, draws=0)
    gaps = found.gaps.to_numpy()
    _, _, values = unit_root_statistics(gaps[:, None], "trend", 1, 1)
    for name, value in values.items():
        assert found.tests.loc[name, "statistic"] == pytest.approx(float(value[0]), rel=1e-12)
    limits = asymptotic(values, 48)
    for name, p in limits.items():
        assert found.tests.loc[name, "p_value"] == pytest.approx(float(p[0]), rel=1e-12)
    hadri = ps.hadri(gaps[:, None], "trend", 3)
    assert found.tests.loc["Hadri, own variances", "statistic"] == pytest.approx(float(hadri["unequal"][0]), rel=1e-12)
    t = ps.truncated(ps.cadf(US.values("income", log=True)[:, None], "trend", 1), "trend")[0]
    assert found.tests.loc["CIPS", "statistic"] == pytest.approx(float(t.mean()), rel=1e-12)
    np.testing.assert_allclose(found.table["cadf"], t, rtol=1e-12)


@pytest.mark.parametrize(
    ("N", "T", "trend", "five"), [(10, 20, "constant", -2.34), (50, 30, "constant", -2.11), (20, 50, "trend", -2.70)]
)
def test_simulated_critical_values_of_cips_are_those_of_pesaran(N, T, trend, five):
    """His tables 2(b) and 2(c), from 10,000 samples and rounded; ours from 1,999."""
    assert np.quantile(cips_null(N, T, trend, 0), 0.05) == pytest.approx(five, abs=0.04)


def test_samples_under_the_null_have_its_changes_and_correlations():
    z = walks(3, 200, 6)
    lags = np.array([0, 0, 1, 2, 0, 1])
    paths = null_paths(z, lags, 400, np.random.default_rng(1), centred=False)
    assert paths.shape == (200, 400, 6)
    e, _ = innovations(z, lags)
    drawn = np.diff(paths, axis=0)[:, :, [0, 1, 4]]
    # 80,000 draws: the Monte Carlo error of a standard deviation is 0.3 %.
    np.testing.assert_allclose(drawn.std(axis=(0, 1)), e.std(axis=0)[[0, 1, 4]], rtol=0.02)
    u = e / e.std(axis=0)
    np.testing.assert_allclose(
        np.corrcoef(drawn.reshape(-1, 3).T), shrunken(u)[np.ix_([0, 1, 4], [0, 1, 4])], atol=0.02
    )
    gaps, none = z - z.mean(axis=1, keepdims=True), np.zeros(6, dtype=int)
    centred = null_paths(gaps, none, 5, np.random.default_rng(1), centred=True)
    np.testing.assert_allclose(centred.sum(axis=2), 0, atol=1e-9)


def test_correlations_of_noise_are_shrunken_away_and_strong_ones_are_kept():
    rng = np.random.default_rng(5)
    noise = rng.standard_normal((12, 40))
    r = shrunken((noise - noise.mean(axis=0)) / noise.std(axis=0))
    plain = np.corrcoef(noise.T)
    off = ~np.eye(40, dtype=bool)
    assert (r[off] ** 2).mean() < 0.2 * (plain[off] ** 2).mean()
    shared = rng.standard_normal((200, 1)) + 0.5 * rng.standard_normal((200, 10))
    r = shrunken((shared - shared.mean(axis=0)) / shared.std(axis=0))
    np.testing.assert_allclose(r, np.corrcoef(shared.T), atol=0.01)


def test_gaps_that_come_back_reject_and_random_walks_do_not():
    rng = np.random.default_rng(11)
    noise = panel_of(rng.standard_normal((60, 12)))
    back = sc.unit_roots(noise, "y", log=False, draws=99)
    assert (back.tests["p_bootstrap"].dropna() == 0.01).all()
    assert back.tests.loc["CIPS", "p_value"] < 0.01
    assert back.tests.loc["Hadri, own variances", "p_value"] > 0.05
    apart = sc.unit_roots(panel_of(walks(2, 60, 12)), "y", log=False, draws=99)
    assert (apart.tests["p_bootstrap"].dropna() > 0.05).all()
    assert apart.tests.loc["Hadri, own variances", "p_value"] < 0.001
    assert sc.unit_roots_pairwise(noise, "y", log=False, draws=19).share > 0.95
    assert sc.unit_roots_pairwise(panel_of(walks(2, 60, 12)), "y", log=False, draws=19).share < 0.2


def test_the_share_of_pairs_is_counted_pair_by_pair():
    y = walks(4, 40, 5)
    found = sc.unit_roots_pairwise(panel_of(y), "y", log=False, trend="trend", lags=1, draws=9)
    t = found.t.to_numpy()
    for i in range(5):
        assert np.isnan(t[i, i])
        for j in range(i):
            value, p, _, _, critical, *_ = adfuller(y[:, j] - y[:, i], maxlag=1, regression="ct", autolag=None)
            assert t[i, j] == t[j, i] == pytest.approx(value, rel=1e-7)
            pair = found.pairs.loc[(f"r{j:02}", f"r{i:02}")]
            assert pair["p_value"] == pytest.approx(p, rel=1e-6)
            assert pair["rejects"] == (value < critical["5%"])
    assert found.share == found.pairs["rejects"].mean() == found.table["share"].mean()
    assert 0.1 <= found.p_value <= 1


def test_the_share_of_pairs_keeps_its_level_where_nobody_converges():
    """40 panels of 8 x 20 random walks: p is uniform, so its mean has an error of 0.046."""
    panels = (panel_of(walks(100 + s, 20, 8)) for s in range(40))
    p = [sc.unit_roots_pairwise(panel, "y", log=False, lags=0, draws=39).p_value for panel in panels]
    assert np.mean(p) == pytest.approx(0.5, abs=0.15)
    assert np.mean(np.array(p) <= 0.1) <= 0.25


def test_a_leader_is_left_out_and_named():
    leader = sc.unit_roots(US, "income", relative_to="leader", draws=0)
    assert leader.gaps.shape == (81, 47)
    assert leader.of == "Connecticut"
    named = sc.unit_roots(US, "income", relative_to="Connecticut", draws=0)
    pd.testing.assert_frame_equal(named.table, leader.table)
    wide = np.log(US.wide("income"))
    np.testing.assert_allclose(leader.gaps["Ohio"], wide["Ohio"] - wide["Connecticut"], atol=1e-14)


def test_order_of_rows_and_unit_do_not_matter():
    found = sc.unit_roots(US, "income", draws=19)
    frame = US.frame.reset_index() if US.frame.index.names != [None] else US.frame
    mixed = frame.sample(frac=1, random_state=1).assign(income=lambda f: f["income"] * 1000)
    again = sc.unit_roots(sc.Panel(mixed, region=US.region, period=US.period), "income", draws=0)
    # The logarithm of a thousand is the same in all regions, and gaps lose it to the last digits.
    np.testing.assert_allclose(again.tests["statistic"], found.tests["statistic"], rtol=1e-8)


def test_without_a_constant_there_is_no_w_tbar():
    found = sc.unit_roots(US, "income", trend="none", draws=19)
    assert "W-tbar" not in found.tests.index
    assert not any(name.startswith("Hadri") for name in found.tests.index)
    assert found.p_unit_roots == found.tests.loc["Fisher P", "p_bootstrap"]
    assert any("no form without a constant" in note for note in found.notes)


def test_results_speak():
    found, pairs = sc.unit_roots(US, "income", draws=19), sc.unit_roots_pairwise(US, "income", draws=0)
    for result in (found, pairs):
        assert max(map(len, repr(result).splitlines())) <= 80
        assert "a rejection means" in repr(result)
        assert result._repr_html_().startswith("<div>")
        assert len(result.glance()) == 1
        assert result.to_dict()["provenance"]["call"].startswith("unit_roots")
    assert list(found.tidy()["term"]) == list(found.tests.index)
    assert pairs.tidy()["estimate"].item() == pairs.share
    again = sc.unit_roots(US, "income", draws=19)
    pd.testing.assert_frame_equal(found.tests, again.tests)


def test_refusals_say_what_to_do():
    zhejiang = sc.datasets.zhejiang().panel
    with pytest.raises(DataError, match="10 periods or more; the panel has 5"):
        sc.unit_roots(zhejiang, "exports")
    with pytest.raises(DataError, match="three regions or more"):
        sc.unit_roots_pairwise(US.subset(regions=["Ohio", "Utah"]), "income")
    with pytest.raises(OptionError, match="relative_to must be"):
        sc.unit_roots(US, "income", relative_to="Atlantis")
    with pytest.raises(OptionError, match="max_lags goes with"):
        sc.unit_roots(US, "income", lags=1, max_lags=2)
    with pytest.raises(OptionError, match="lags must be at most"):
        sc.unit_roots(US.subset(periods=range(1929, 1940)), "income", lags=5)
    with pytest.raises(OptionError, match="critical values"):
        sc.unit_roots_pairwise(US, "income", level=0.03)
    with pytest.raises(DataError, match="even distances"):
        sc.unit_roots(US.subset(periods=[*range(1929, 1950), 1960]), "income")
    with pytest.raises(NotPositiveError):
        sc.unit_roots(US.assign(net=lambda f: f["income"] - 5000), "net")
    flat = np.random.default_rng(1).standard_normal((12, 4))
    flat[:, 2] = flat[:, 3] + 1
    with pytest.raises(DataError, match="never changes for"):
        sc.unit_roots_pairwise(panel_of(flat), "y", log=False)
    line = np.cumsum(np.ones((12, 4)) * [1.0, 2, 3, 4], axis=0)
    with pytest.raises(DataError, match="fit exactly"):
        sc.unit_roots(panel_of(line), "y", log=False, draws=0)


def test_a_sign_that_is_turned_would_be_seen():
    """A stationary panel has its W-tbar far on the left; stats.norm.sf would call it p = 1."""
    noise = panel_of(np.random.default_rng(1).standard_normal((40, 9)))
    row = sc.unit_roots(noise, "y", log=False, draws=0).tests.loc["W-tbar"]
    assert row["statistic"] < -10
    assert row["p_value"] == stats.norm.cdf(row["statistic"])


def test_pictures_show_every_region_and_pair():
    found = sc.unit_roots(US, "income", draws=0)
    figure = sc.plot.unit_roots(found)
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    for region in US.regions:
        np.testing.assert_allclose(lines[region], found.gaps[region])
    pairs = sc.unit_roots_pairwise(US, "income", draws=0)
    image = sc.plot.unit_roots(pairs).axes[0].images[0].get_array()
    assert image.sum() == 2 * pairs.pairs["rejects"].sum()
    with pytest.raises(OptionError, match=r"plot\.unit_roots takes"):
        sc.plot.unit_roots(US)
