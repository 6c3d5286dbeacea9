"""Statistics of the regions that are there: each period as a cross-section of its own, with its own weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv.errors import DataError, MissingDataError, OptionError, UnbalancedPanelError

RTOL = 1e-9


@pytest.fixture(scope="module")
def frame():
    """Twenty-five regions in seven years; a fifth of the cells absent at random, two years complete."""
    rng = np.random.default_rng(17)
    out = pd.DataFrame([(f"r{i:02d}", t) for i in range(25) for t in range(2000, 2007)], columns=["region", "year"])
    out["y"] = np.exp(rng.normal(size=len(out)))
    lost = (rng.random(len(out)) < 0.2) & ~out["year"].isin([2001, 2005])
    return out.assign(y=out["y"].where(~lost), people=rng.uniform(1, 9, len(out)))


@pytest.fixture(scope="module")
def panel(frame):
    return sc.Panel(frame, region="region", period="year")


@pytest.fixture(scope="module")
def matrix():
    """Asymmetric links, unequal, one region with a single neighbour: rows are standardised by hand below."""
    rng = np.random.default_rng(2)
    W = np.where(rng.random((25, 25)) < 0.25, rng.uniform(0.2, 3, (25, 25)), 0.0)
    np.fill_diagonal(W, 0.0)
    W[3] = 0.0
    W[3, 4] = 1.0
    return W


@pytest.fixture(scope="module")
def w(panel, matrix):
    return sc.weights.from_matrix(matrix, regions=list(panel.regions), standardise="row")


def there(frame, matrix, year):
    """Values and row-standardised weights of the regions that have a value, by numpy alone."""
    own = frame[frame.year == year].sort_values("region")
    here = own["y"].notna().to_numpy()
    W = matrix[np.ix_(here, here)]
    sums = W.sum(axis=1, keepdims=True)
    return own["y"].to_numpy()[here], np.divide(W, sums, out=np.zeros_like(W), where=sums > 0), own["region"][here]


def moran_by_hand(y, W):
    z = y - y.mean()
    return len(y) / W.sum() * (z @ W @ z) / (z @ z)


class TestGlobal:
    def test_moran_of_every_period_by_hand(self, frame, panel, matrix, w):
        result = sc.moran(panel, "y", w, missing="omit")
        assert result.table.columns[0] == "n"
        for year, row in result.table.iterrows():
            y, W, _ = there(frame, matrix, year)
            assert row["n"] == len(y)
            np.testing.assert_allclose(row["I"], moran_by_hand(y, W), rtol=RTOL)
            np.testing.assert_allclose(row["expected"], -1 / (len(y) - 1), rtol=RTOL)
        counts = result.table["n"]
        assert counts.min() < 25 == counts.max()
        note = next(n for n in result.notes if n.startswith("figures of a period"))
        assert f"n = {counts.min()} to 25 of 25; weights are cut to them and standardised again; absent: " in note
        assert f"{counts.min()} to 25 of 25 regions" in repr(result)

    def test_geary_of_every_period_by_hand(self, frame, panel, matrix, w):
        table = sc.geary(panel, "y", w, missing="omit").table
        for year, row in table.iterrows():
            y, W, _ = there(frame, matrix, year)
            z = y - y.mean()
            c = (len(y) - 1) / (2 * W.sum()) * (W * (y[:, None] - y) ** 2).sum() / (z @ z)
            np.testing.assert_allclose(row["C"], c, rtol=RTOL)

    def test_general_g_of_every_period_by_hand(self, frame, panel, matrix, w):
        table = sc.general_g(panel, "y", w, missing="omit").table
        for year, row in table.iterrows():
            y, W, _ = there(frame, matrix, year)
            np.testing.assert_allclose(row["G"], (y @ W @ y) / (y.sum() ** 2 - y @ y), rtol=RTOL)

    def test_variances_are_those_of_a_panel_of_one_period(self, frame, w):
        panel = sc.Panel(frame, region="region", period="year")
        table = sc.moran(panel, "y", w, missing="omit").table
        for year in (2000, 2003):
            alone = sc.Panel(frame[(frame.year == year) & frame["y"].notna()], region="region", period="year")
            np.testing.assert_allclose(
                table.loc[year, ["I", "expected", "variance", "z", "p"]].astype(float),
                sc.moran(alone, "y", w).table.loc[year].astype(float), rtol=RTOL,
            )  # fmt: skip

    def test_permutations_are_near_the_formula_and_follow_the_seed(self, panel, w):
        one, two, other = (sc.moran(panel, "y", w, missing="omit", permutations=999, seed=s) for s in (1, 1, 2))
        pd.testing.assert_frame_equal(one.table, two.table)
        assert not one.table["p_permutation"].equals(other.table["p_permutation"])
        assert one.provenance.seed == 1
        # Three Monte Carlo errors of a share near one half among 999, and what the normal approximation is off.
        assert (one.table["p_permutation"] - one.table["p"]).abs().max() < 0.1

    def test_nothing_missing_changes_nothing(self, frame, w):
        full = sc.Panel(frame.assign(y=frame["y"].fillna(0.7) + frame["people"] / 9), region="region", period="year")
        plain, omit = (sc.moran(full, "y", w, permutations=99, seed=4, missing=m) for m in ("raise", "omit"))
        pd.testing.assert_frame_equal(plain.table, omit.table[plain.table.columns])
        assert (omit.table["n"] == 25).all()
        assert omit.notes == plain.notes

    def test_a_period_with_too_few_has_no_figure_and_says_so(self, frame, w):
        few = frame.assign(y=frame["y"].where((frame.year != 2003) | frame["region"].isin(["r00", "r01"])))
        result = sc.moran(sc.Panel(few, region="region", period="year"), "y", w, missing="omit")
        assert np.isnan(result.table.loc[2003, "I"])
        assert result.table.loc[2003, "n"] <= 2
        assert any(note.startswith("no figure in period 2003:") for note in result.notes)
        assert result.table["I"].drop(2003).notna().all()


class TestLocal:
    def test_local_moran_by_hand(self, frame, panel, matrix, w):
        table = sc.local_moran(panel, "y", w, missing="omit").table
        assert len(table) == 25 * 7
        for year in range(2000, 2007):
            y, W, labels = there(frame, matrix, year)
            z = y - y.mean()
            expected = pd.Series(z / (z @ z / len(z)) * (W @ z), index=labels.to_numpy())
            found = table.loc[year, "I"]
            np.testing.assert_allclose(found[expected.index].astype(float), expected, rtol=RTOL, atol=1e-12)
            assert found.drop(expected.index).isna().all()
            assert table.loc[year, "cluster"].drop(expected.index).isna().all()

    def test_gi_star_by_hand(self, frame, panel, matrix, w):
        table = sc.hot_spots(panel, "y", w, missing="omit").table
        for year in (2000, 2001, 2004):
            y, W, labels = there(frame, matrix, year)
            n = len(y)
            # A row without links has itself alone; others weigh themselves as their strongest link.
            own = np.where(W.max(axis=1) > 0, W.max(axis=1), 1.0)
            V = W + np.diag(own)
            s = y.std()
            sums, squares = V.sum(axis=1), (V**2).sum(axis=1)
            z = (V @ y - sums * y.mean()) / (s * np.sqrt((n * squares - sums**2) / (n - 1)))
            np.testing.assert_allclose(table.loc[year, "z"][labels.to_numpy()].astype(float), z, rtol=1e-7, atol=1e-9)
            assert table.loc[year, "jenks"].isna().sum() == 25 - n

    def test_one_period_gives_a_table_by_region(self, frame, panel, w):
        lisa = sc.local_moran(panel, "y", w, period=2000, missing="omit", permutations=99, seed=1)
        assert list(lisa.table.index) == list(panel.regions)
        assert lisa.table["I"].isna().sum() == frame[frame.year == 2000]["y"].isna().sum() > 0


class TestSigma:
    MEASURES = ("mean", "sd", "cv", "sd_log", "gini")

    def test_every_period_by_hand_and_tests_of_those_there_at_both_ends(self, frame, panel):
        result = sc.sigma(panel, "y", measures=self.MEASURES, missing="omit")
        for year, row in result.table.iterrows():
            y = frame[frame.year == year]["y"].dropna().to_numpy()
            gini = np.abs(y[:, None] - y).sum() / (2 * len(y) ** 2 * y.mean())
            by_hand = [len(y), y.mean(), y.std(ddof=1), y.std(ddof=1) / y.mean(), np.log(y).std(ddof=1), gini]
            np.testing.assert_allclose(row[["n", *self.MEASURES]].astype(float), by_hand, rtol=RTOL)
        wide = np.log(frame.pivot(index="region", columns="year", values="y")[[2000, 2006]]).dropna()
        # Pitman-Morgan: the correlation of sums and differences.
        r = stats.pearsonr(wide[2006] + wide[2000], wide[2006] - wide[2000])
        np.testing.assert_allclose(result.pitman_morgan.p_value, r.pvalue, rtol=1e-8)
        assert any(
            f"tests of first against last period are of the {len(wide)} regions there in both" in n
            for n in result.notes
        )
        assert any("n = " in n and "whoever comes or goes" in n for n in result.notes)
        slope = stats.linregress(range(2000, 2007), np.log(result.table["sd_log"]))
        np.testing.assert_allclose(result.trend.loc["ln sd_log", "estimate"], slope.slope, rtol=1e-8)

    def test_population_is_shared_among_those_there(self, frame, panel):
        table = sc.sigma(panel, "y", measures="williamson", population="people", missing="omit").table
        for year, row in table.iterrows():
            own = frame[(frame.year == year) & frame["y"].notna()]
            p = own["people"] / own["people"].sum()
            mean = (p * own["y"]).sum()
            np.testing.assert_allclose(row["williamson"], np.sqrt((p * (own["y"] - mean) ** 2).sum()) / mean, rtol=RTOL)

    def test_the_bootstrap_needs_whole_histories(self, panel):
        with pytest.raises(OptionError, match="the bootstrap draws regions with their whole history"):
            sc.sigma(panel, "y", missing="omit").bootstrap(draws=9)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda p, w: sc.moran(p, "y", w), MissingDataError, "Or take missing='omit'"),
        (lambda p, w: sc.hot_spots(p, "y", w), MissingDataError, "Or take missing='omit'"),
        (lambda p, w: sc.moran(p.assign(y=np.nan), "y", w, missing="omit"), DataError, "no region has a value"),
        (lambda p, w: sc.moran(p, "y", w, missing="drop"), OptionError, "missing must be one of 'raise', 'omit'"),
        (lambda p, w: sc.sigma(p, "y", missing="drop"), OptionError, "missing must be one of 'raise', 'omit'"),
    ],
)  # fmt: skip
def test_what_is_refused(panel, w, call, error, match):
    with pytest.raises(error, match=match):
        call(panel, w)


def test_absent_rows_are_absent_regions(frame, w):
    gone = sc.Panel(frame.dropna(subset=["y"]), region="region", period="year")
    kept = sc.Panel(frame, region="region", period="year")
    with pytest.raises(UnbalancedPanelError, match="Or take missing='omit'"):
        sc.geary(gone, "y", w)
    np.testing.assert_allclose(
        sc.geary(gone, "y", w, missing="omit").table, sc.geary(kept, "y", w, missing="omit").table, rtol=RTOL
    )
