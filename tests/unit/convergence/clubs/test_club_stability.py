"""Are clubs neighbours, and how surely do regions belong together?"""

from __future__ import annotations

import json
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import spatialconv as sc
from spatialconv._core.clubs.agreement import adjusted_rand, co_membership, singled_out
from spatialconv._core.space.join_counts import join_counts
from spatialconv.convergence.clubs.stability import moving_blocks
from spatialconv.errors import AlignmentError, DataError, OptionError, WeightsError
from tests import brute_clubs
from tests.terminal import plain_repr
from tests.tolerances import EXACT, MONTE_CARLO_P, ROUNDING
from tests.unit.convergence.clubs.test_clubs import planted
from tests.unit.convergence.clubs.test_log_t import panel_of


@pytest.fixture(scope="module")
def found():
    """Three clubs of eight regions, numbered 0 to 23 from the top."""
    return sc.clubs(panel_of(planted(noise=0.02)[0]), "x", log=False)


@pytest.fixture(scope="module")
def states():
    us = sc.datasets.us_income()
    return sc.clubs(us.panel.subset(periods=range(1969, 2010)), "income", smooth=400), us.states


def chain(n, labels=None):
    """Return links between successive regions."""
    W = sp.diags_array([np.ones(n - 1), np.ones(n - 1)], offsets=[-1, 1]).toarray()
    return sc.weights.from_matrix(W, regions=list(range(n)) if labels is None else labels)


# ---------------------------------------------------------------------- join counts


class TestJoinCounts:
    def test_a_chain_by_hand(self, found):
        """Clubs of eight in a row: seven joins in each, two between them."""
        counts = found.join_counts(chain(24), permutations=999, seed=1)
        assert counts.table["joins"].tolist() == [7, 7, 7, 21]
        assert counts.n_joins == 23
        expected = 23 * 8 * 7 / (24 * 23)
        np.testing.assert_allclose(counts.table["expected"], [expected, expected, expected, 3 * expected], rtol=EXACT)
        assert counts.p_value == 0.001
        assert (counts.table["q"].iloc[:3] <= 0.05).all()
        assert "21 of 23 joins are within a club, 7.00 expected" in plain_repr(counts)
        assert "(q <= 0.05): 1, 2, 3" in plain_repr(counts)

    def test_alternating_clubs_are_no_neighbours(self, found):
        order = np.arange(24).reshape(3, 8).T.ravel().tolist()
        counts = found.join_counts(chain(24, order), seed=1)
        assert counts.table["joins"].tolist() == [0, 0, 0, 0]
        assert counts.p_value > 0.99

    def test_brute_force_over_all_arrangements(self):
        """Exact p, mean and variance of six regions, from all 720 arrangements."""
        labels = np.array([0, 0, 0, 1, 1, -1])
        W = sp.csr_array(np.array([[abs(i - j) in (1, 3) for j in range(6)] for i in range(6)], dtype=float))
        rows, columns = np.nonzero(W.toarray())

        def joins(order):
            return [sum((order[i] == order[j] == k) / 2 for i, j in zip(rows, columns, strict=True)) for k in (0, 1)]

        every = np.array([joins(labels[list(order)]) for order in permutations(range(6))])
        every = np.column_stack([every, every.sum(axis=1)])
        found = join_counts(labels, W, 20_000, np.random.default_rng(3))
        observed = np.append(joins(labels), sum(joins(labels)))
        np.testing.assert_allclose(found.observed, observed, rtol=EXACT)
        np.testing.assert_allclose(found.expected, every.mean(axis=0), rtol=EXACT)
        np.testing.assert_allclose(found.simulated.var(axis=0), every.var(axis=0), rtol=0.05)
        exact = (every >= observed - 1e-9).mean(axis=0)
        np.testing.assert_allclose((found.simulated >= observed - 1e-9).mean(axis=0), exact, atol=MONTE_CARLO_P)

    def test_divergent_regions_have_no_joins_among_them(self):
        W = chain(5).sparse.tocsr()
        found = join_counts(np.array([0, 0, -1, -1, -1]), W, 500, np.random.default_rng(0))
        assert found.observed.tolist() == [1, 1]
        np.testing.assert_allclose(found.expected, 4 * 2 / 20, rtol=EXACT)
        np.testing.assert_allclose(found.simulated.mean(axis=0), found.expected, atol=0.1)
        nobody = join_counts(np.full(5, -1), W, 9, np.random.default_rng(0))
        assert nobody.observed.tolist() == [0]

    @pytest.mark.filterwarnings("ignore:The inplace keyword")
    def test_counts_are_those_of_esda(self, states):
        esda = pytest.importorskip("esda")
        found, shapes = states
        w = sc.weights.adjacency(shapes, standardise="none")
        counts = found.join_counts(w, permutations=99, seed=0)
        for k in found.table.index:
            y = (found.club == k).reindex(list(w.unique_ids)).astype(int).to_numpy()
            assert counts.table.loc[k, "joins"] == esda.Join_Counts(y, w.to_W(), permutations=0).bb

    def test_standardisation_of_the_weights_does_not_matter(self, states):
        found, shapes = states
        a, b = (
            found.join_counts(sc.weights.adjacency(shapes, standardise=how), permutations=199, seed=5)
            for how in ("row", "none")
        )
        pd.testing.assert_frame_equal(a.table, b.table)

    def test_links_in_one_direction_are_half_a_join(self, found):
        W = np.triu(chain(24).sparse.toarray())
        counts = found.join_counts(sc.weights.from_matrix(W, regions=list(range(24))), permutations=99, seed=0)
        assert counts.table["joins"].tolist() == [3.5, 3.5, 3.5, 10.5]
        assert any("23 links go in one direction only" in note for note in counts.notes)

    def test_order_of_rows_and_seed(self, found):
        panel = panel_of(planted(noise=0.02)[0])
        shuffled = sc.Panel(panel.frame.sample(frac=1, random_state=3), region="state", period="year")
        again = sc.clubs(shuffled, "x", log=False)
        a, b = (f.join_counts(chain(24), permutations=199, seed=8).table for f in (found, again))
        pd.testing.assert_frame_equal(a, b)
        assert found.join_counts(chain(24), permutations=99, seed=8).provenance.seed == 8

    def test_one_club_of_all_is_no_surprise(self):
        X, _ = planted(limits=(11.0,))
        counts = sc.clubs(panel_of(X), "x", log=False).join_counts(chain(8), permutations=99, seed=0)
        assert counts.p_value == 1.0
        assert np.isnan(counts.table["z"]).all()

    def test_size_and_bad_input(self, found):
        with pytest.raises(AlignmentError):
            found.join_counts(chain(23))
        with pytest.raises(WeightsError, match="no link"):
            found.join_counts(sc.weights.from_matrix(np.zeros((24, 24)), regions=list(range(24))))
        with pytest.raises(OptionError, match="permutations must be a whole number of at least 99"):
            found.join_counts(chain(24), permutations=10)
        rejected = 0
        rng = np.random.default_rng(0)
        W = chain(24).sparse.tocsr()
        for _ in range(200):
            labels = rng.permutation(np.repeat([0, 1, 2], 8))
            counts = join_counts(labels, W, 99, rng)
            rejected += (1 + (counts.simulated[:, -1] >= counts.observed[-1]).sum()) / 100 <= 0.05
        # Nominal 5 %, less where ties abound: two standard errors are 3 points.
        assert rejected / 200 < 0.09

    def test_frames(self, found):
        counts = found.join_counts(chain(24), permutations=99, seed=0)
        assert counts.tidy()["term"].tolist() == ["club 1", "club 2", "club 3", "all clubs"]
        assert json.dumps(counts.to_dict())
        assert "Join counts" in counts._repr_html_()


# ---------------------------------------------------------------------- agreement


def test_adjusted_rand_by_pairs():
    rng = np.random.default_rng(1)
    for _ in range(20):
        a, b = rng.integers(0, 3, 15), rng.integers(0, 4, 15)
        assert adjusted_rand(a, b) == pytest.approx(brute_clubs.adjusted_rand(a, b), abs=EXACT)
    assert adjusted_rand(a, a[::-1][::-1]) == 1.0
    assert adjusted_rand(np.zeros(5, int), np.zeros(5, int)) == 1.0
    assert abs(np.mean([adjusted_rand(rng.integers(0, 3, 60), rng.integers(0, 3, 60)) for _ in range(300)])) < 0.01


def test_divergent_regions_are_groups_of_one():
    assert len(set(singled_out(np.array([0, -1, 0, -1, 1])))) == 4
    assert len(set(singled_out(np.array([-1, -1])))) == 2


def test_co_membership_by_hand():
    labels = np.array([[0, 0, 1, -1], [0, 1, 1, -2], [0, 0, -1, -1]])
    share = co_membership(labels, labels > -2)
    assert share[0].tolist() == [1, 2 / 3, 0, 0]
    assert share[1, 2] == 1 / 3
    assert share[2, 3] == 0
    assert np.array_equal(share, share.T, equal_nan=True)


def test_moving_blocks_are_runs():
    places = moving_blocks(23, 5, np.random.default_rng(0))
    assert len(places) == 23
    assert (np.diff(places).reshape(-1)[[k for k in range(22) if (k + 1) % 5]] == 1).all()
    counts = np.bincount(np.concatenate([moving_blocks(10, 3, np.random.default_rng(s)) for s in range(2000)]))
    assert len(counts) == 10
    assert np.array_equal(moving_blocks(6, 6, np.random.default_rng(0)), np.arange(6))


# ---------------------------------------------------------------------- bootstrap


class TestBootstrap:
    def test_clear_clubs_are_sure(self):
        found = sc.clubs(panel_of(planted(noise=0.0005)[0]), "x", log=False)
        stable = found.bootstrap(29, cycle=6.25, seed=1, progress=False)
        # A test of 5 % leaves a region out here and there.
        assert stable.table["adjusted_rand"].median() == 1.0
        assert stable.table["adjusted_rand"].min() > 0.8
        assert stable.regions["together"].min() > 0.9
        between = 1 - np.kron(np.eye(3), np.ones((8, 8)))
        assert (stable.co_membership.to_numpy() * between).max() < 0.1

    def test_noise_makes_them_unsure(self, states):
        found, _ = states
        stable = found.bootstrap(29, seed=1, progress=False)
        assert 0 < stable.table["adjusted_rand"].mean() < 0.95
        assert stable.table["adjusted_rand"].between(-1, 1).all()
        assert list(stable.regions.index) == list(found.club.index)

    def test_regions_that_are_not_drawn_are_missing(self, found):
        stable = found.bootstrap(25, scheme="regions", share=0.5, seed=2, progress=False)
        assert (stable.memberships.notna().sum() == 12).all()
        assert "12 of 24 regions at a time, without replacement" in plain_repr(stable)
        share = stable.co_membership.to_numpy()
        assert np.array_equal(share, share.T, equal_nan=True)
        # The numbers in `regions` are means over the matrix.
        club = found.club.to_numpy(dtype=int)
        for i in (0, 9, 20):
            mates = [j for j in range(24) if club[j] == club[i] and j != i and not np.isnan(share[i, j])]
            assert stable.regions["together"].iloc[i] == pytest.approx(share[i, mates].mean(), rel=ROUNDING)

    def test_seed_and_jobs(self, found):
        a, b, c = (found.bootstrap(6, seed=4, jobs=jobs, progress=False) for jobs in (1, 1, 2))
        pd.testing.assert_frame_equal(a.memberships, b.memberships)
        pd.testing.assert_frame_equal(a.memberships, c.memberships)
        assert a.provenance.seed == 4

    def test_bad_input(self, found):
        for given, said in (
            ({"scheme": "wild"}, "scheme must be one of 'blocks', 'regions'"),
            ({"block": 99}, "block must be at most the number of periods, 40"),
            ({"share": 1.5}, "share must lie strictly between 0 and 1"),
            ({"cycle": 0}, "cycle must be a positive number"),
            ({"draws": 0}, "draws must be a whole number of at least 1"),
        ):
            with pytest.raises(OptionError, match=said):
                found.bootstrap(**{"draws": 2, "progress": False, **given})
        with pytest.raises(DataError, match="draws 24; two or more, but not all"):
            found.bootstrap(2, scheme="regions", share=0.99, progress=False)

    def test_frames(self, found):
        stable = found.bootstrap(5, seed=0, progress=False)
        assert json.dumps(stable.to_dict())
        assert stable.glance().loc[0, "runs"] == 5
        assert 3 <= len(plain_repr(stable).splitlines()) <= 8
        assert "blocks of 4 periods, the same for all regions" in plain_repr(stable)


class TestSensitivity:
    def test_each_setting_is_what_the_function_finds(self):
        X = planted(noise=0.05, each=6, seed=3)[0]
        found = sc.clubs(panel_of(X), "x", log=False)
        grid = {"trim": (0.25, 1 / 3), "c_star": (0.0, 1.0), "hac": ("fqsb", "aqsb"), "smooth": (None, 100.0)}
        stable = found.sensitivity(**grid, progress=False)
        assert len(stable.table) == 16
        for k, row in stable.table.iterrows():
            smooth = None if row["smooth"] == "unfiltered" else 100.0
            given = {"trim": row["trim"], "c_star": row["c_star"], "hac": row["hac"], "smooth": smooth}
            alone = sc.clubs(panel_of(X), "x", log=False, **given)
            assert alone.club.fillna(0).tolist() == stable.memberships[k].tolist()
            assert row["n_clubs"] == alone.n_clubs
            labels = [singled_out(f.club.fillna(0).to_numpy(dtype=np.intp) - 1) for f in (alone, found)]
            assert row["adjusted_rand"] == pytest.approx(brute_clubs.adjusted_rand(*labels), abs=1e-9)

    def test_default_grid_contains_the_clubs_themselves(self, states):
        found, _ = states
        stable = found.sensitivity(progress=False)
        assert len(stable.table) == 36
        own = stable.table.query("trim > 0.33 and c_star == 0 and hac == 'fqsb' and sort_share == 0")
        assert own["adjusted_rand"].tolist() == [1.0]
        assert stable.table["adjusted_rand"].nunique() > 5

    def test_logs_are_filtered_anew(self, states):
        found, _ = states
        stable = found.sensitivity(smooth=(400.0, 6.25, None), progress=False)
        assert stable.table.loc[1, "adjusted_rand"] == 1.0
        assert stable.table["smooth"].tolist() == [
            "Hodrick-Prescott trend (lambda 400)",
            "Hodrick-Prescott trend (lambda 6.25)",
            "unfiltered",
        ]

    def test_single_values_and_errors(self, found):
        assert len(found.sensitivity(hac="qs", progress=False).table) == 1
        assert len(found.sensitivity(merge=("none", "von-lyncker"), jobs=2, progress=False).table) == 2
        with pytest.raises(OptionError, match="hac must be one of"):
            found.sensitivity(hac=("white",), progress=False)
        with pytest.raises(OptionError, match="trim must list one value or more"):
            found.sensitivity(trim=(), progress=False)
        with pytest.raises(DataError, match="needs 5 or more"):
            found.sensitivity(trim=(0.95,), progress=False)


class TestRolling:
    def test_each_window_is_what_the_functions_find(self, states):
        found, _ = states
        panel = sc.datasets.us_income().panel
        windows = found.rolling(30, step=5, progress=False)
        assert windows.table[["first", "last"]].to_numpy().tolist() == [[1969, 1998], [1974, 2003], [1979, 2008]]
        for k, row in windows.table.iterrows():
            part = panel.subset(periods=range(int(row["first"]), int(row["last"]) + 1))
            alone = sc.clubs(part, "income", smooth=400)
            assert alone.club.fillna(0).tolist() == windows.memberships[k].tolist()
            assert row["t_all"] == pytest.approx(sc.log_t(part, "income", smooth=400).statistic, rel=ROUNDING)

    def test_expanding_windows_end_with_the_whole(self, states):
        found, _ = states
        windows = found.rolling(31, step=10, expanding=True, progress=False)
        assert windows.table["first"].tolist() == [1969, 1969]
        assert windows.table["adjusted_rand"].iloc[-1] == 1.0
        assert "all from the first on, 10 apart" in plain_repr(windows)

    def test_bad_input(self, found):
        with pytest.raises(OptionError, match="window must be at most the number of periods, 40"):
            found.rolling(41)
        with pytest.raises(DataError, match="6 periods, of which"):
            found.rolling(6)
        with pytest.raises(OptionError, match="step must be a whole number"):
            found.rolling(30, step=0)
        with pytest.raises(OptionError, match="jobs must be a whole number"):
            found.rolling(30, jobs=0)
