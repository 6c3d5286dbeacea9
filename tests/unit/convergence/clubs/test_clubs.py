"""Convergence clubs: R, its Python port, brute force, planted clubs, and the faults of R beside the right values."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv._core.clubs import clubbing
from spatialconv._core.clubs import log_t as core
from spatialconv.convergence.clubs.options import CONVENTIONS
from spatialconv.errors import DataError, MissingDataError, NotPositiveError, OptionError
from spatialconv.results import TIDY
from tests import brute_clubs
from tests.reference.clubs.peer_panels import KEPT, panels
from tests.terminal import plain_repr
from tests.tolerances import OPTIM, ROUNDING
from tests.unit.convergence.clubs.test_log_t import BLOCKS, R, panel_of, paths, wide

PEER = json.loads((Path(__file__).parents[3] / "reference" / "clubs" / "peer.json").read_text())
PANELS = dict(panels())
PANEL = {i: panel_of(X) for i, X in PANELS.items()}
FIT = ("b", "se", "t")


def planted(limits=(11.0, 9.5, 8.0), each=8, T=40, seed=0, noise=0.002):
    """Return series of clubs that converge to limits of their own, shape (T, N), and the club of each."""
    rng = np.random.default_rng(seed)
    t = np.arange(1, T + 1)[:, None]
    club = np.repeat(np.arange(len(limits)), each)
    X = np.asarray(limits)[club] * (1 + rng.normal(0, 0.06, len(club)) * t**-0.6 / np.log(t + 1))
    return X + rng.normal(0, noise, X.shape), club


def first_row(i):
    return core.first_row(len(PANELS[i]), 1 / 3, "even")


def sets(found):
    return [set(members) for members in found.members.values()]


# ---------------------------------------------------------------------- R's package


SETTINGS = {
    "FQSB_cstar0_fixed": {"hac": "fqsb", "c_star": 0.0, "sieve": "fixed"},
    "AQSB_cstar0_fixed": {"hac": "aqsb", "c_star": 0.0, "sieve": "fixed"},
    "FQSB_cstar0_incremental": {"hac": "fqsb", "c_star": 0.0, "sieve": "incremental"},
    "FQSB_cstar1_fixed": {"hac": "fqsb", "c_star": 1.0, "sieve": "fixed"},
}
MERGES = {"findClubs": "none", "mergeClubs_PS": "phillips-sul", "mergeClubs_vLT": "von-lyncker"}


@pytest.mark.parametrize("convention", ["r", "phillips-sul"])
@pytest.mark.parametrize("block", BLOCKS)
class TestReference:
    """Members exactly, statistics to 1e-6: with R's rules, and by those of the papers where R has no fault to show."""

    @pytest.mark.parametrize("setting", SETTINGS)
    def test_clubs_before_and_after_merging(self, block, convention, setting):
        panel = panel_of(wide(block))
        for key, merge in MERGES.items():
            expected = R[block]["clubs"][setting][key]
            found = sc.clubs(panel, "x", log=False, convention=convention, merge=merge, **SETTINGS[setting])
            assert sets(found) == [set(club["members"]) for club in expected["clubs"].values()]
            assert set(found.divergent) == set(expected["divergent"]["members"])
            models = [[club["model"][k] for k in (*FIT, "p")] for club in expected["clubs"].values()]
            np.testing.assert_allclose(found.table[["b", "std_error", "t", "p_value"]], models, rtol=OPTIM)
            if convention == "r":
                np.testing.assert_allclose(
                    found.table[["b_r", "std_error_r", "t_r"]], np.array(models)[:, :3], rtol=OPTIM
                )
            if merge == "none":
                assert found.table["c_star"].tolist() == [club["cstar"] for club in expected["clubs"].values()]
            elif len(found.initial) > 1:
                theirs = [club["merged_from"] for club in expected["clubs"].values()]
                ours = [[f"club{k}" for k in parts.split(", ")] for parts in found.table["merged_from"]]
                assert ours == theirs

    def test_several_clubs_are_at_stake(self, block, convention):
        """The 41 years have clubs, so that the comparison above compares something."""
        count = R[block]["clubs"]["FQSB_cstar1_fixed"]["findClubs"]["n_clubs"]
        assert count == (4 if block.endswith("2009") else 1)
        assert convention in CONVENTIONS


# ---------------------------------------------------------------------- its port, with the faults

PEER_SETTINGS = {
    "r_fixed_0": {"convention": "r"},
    "r_fixed_1": {"convention": "r", "c_star": 1.0},
    "r_incremental": {"convention": "r", "sieve": "incremental", "check": True},
    "r_incremental_aqsb": {"convention": "r", "sieve": "incremental", "check": True, "hac": "aqsb"},
    "r_incremental_max_t": {"convention": "r", "sieve": "incremental", "check": True, "core": "t"},
    "stata": {"convention": "stata"},
    "stata_sort_third": {"convention": "stata", "sort_share": 1 / 3},
}


@pytest.mark.parametrize("name", PEER_SETTINGS)
def test_port_of_r_and_stata(name):
    """convention="r" and "stata" on simulated panels, most of which show a fault of R or a difference of rules."""
    compared = 0
    for i, X in PANELS.items():
        assert X.sum() == pytest.approx(PEER["sums"][str(i)], rel=1e-12), "numpy draws other panels than before"
        theirs = PEER["panels"][str(i)][name]
        for key, expected in theirs.items():
            # All ways of merging by one setting; the others say the same after the search.
            if key.endswith("joint") or (key != "find" and name != "r_fixed_1"):
                continue
            method = {"find": "none", "PS": "phillips-sul", "vLT": "von-lyncker"}[key.split("_")[0]]
            found = sc.clubs(
                PANEL[i], "x", log=False, merge=method, reassign=key.endswith("divergent"), **PEER_SETTINGS[name]
            )
            assert sets(found) == [set(club["ids"]) for club in expected["clubs"]], (i, key)
            assert set(found.divergent) == set(expected["divergent"]), (i, key)
            np.testing.assert_allclose(
                found.table[["b", "std_error", "t"]].to_numpy(),
                np.array([[club[k] for k in FIT] for club in expected["clubs"]]).reshape(-1, 3),
                rtol=OPTIM,
            )
            compared += len(expected["clubs"])
    assert compared > 60


@pytest.mark.parametrize("method", ["PS", "vLT"])
def test_divergent_regions_as_a_club_of_their_own(method):
    """The first step of von Lyncker and Thoennessen's reassignment, which R leaves out."""
    differ = 0
    for i, X in PANELS.items():
        theirs = PEER["panels"][str(i)]["r_incremental_max_t"]
        if f"{method}_divergent_joint" not in theirs:
            continue
        order = np.argsort(-X[-1], kind="stable")
        S = np.ascontiguousarray(X[:, order])
        design = core.Design(len(X), core.first_row(len(X), 1 / 3, "even"), "fqsb")
        found = clubbing.find_clubs(S, clubbing.Rules(design))
        merged, _ = (
            clubbing.merge_phillips_sul(S, found.clubs, design, -1.65)
            if method == "PS"
            else clubbing.merge_von_lyncker(S, found.clubs, design, -1.65, second=design, restart=False)
        )
        part = clubbing.reassign(S, clubbing.Partition(merged, found.divergent), design, -1.65, -1.65)
        expected = theirs[f"{method}_divergent_joint"]
        assert [sorted(order[c.members]) for c in part.clubs] == [c["ids"] for c in expected["clubs"]]
        assert sorted(order[part.divergent]) == expected["divergent"]
        differ += expected != theirs[f"{method}_divergent"] or expected != theirs[method]
    assert differ >= 3


def test_divergent_regions_may_be_a_club_once_others_have_joined():
    """Of four regions outside one joins the club; two of the rest are a club then, unless R's rule is taken."""
    X, _ = planted(limits=(11.0, 8.0), each=4)
    S = np.ascontiguousarray(X[:, np.argsort(-X[-1], kind="stable")])
    design = core.Design(40, 13, "fqsb")
    club = clubbing.Club(np.arange(3), np.arange(3), clubbing.estimate(S, np.arange(3), design), 0.0, "sieve")
    part = clubbing.Partition((club,), np.arange(3, 8))
    both = clubbing.reassign(S, part, design, -1.65, -1.65)
    assert [c.members.tolist() for c in both.clubs] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert [c.how for c in both.clubs] == ["sieve", "pool"]
    assert both.divergent.size == 0
    r = clubbing.reassign(S, part, design, -1.65, -1.65, pool=False)
    assert [c.members.tolist() for c in r.clubs] == [[0, 1, 2, 3]]
    assert r.divergent.tolist() == [4, 5, 6, 7]
    start = core.first_row(40, 1 / 3, "even")
    np.testing.assert_allclose(r.clubs[0].estimate, brute_clubs.regression(S[:, :4], start), rtol=OPTIM)
    none = clubbing.reassign(S, part, design, -1.65, 1e6, pool=False)
    assert none.divergent.tolist() == [3, 4, 5, 6, 7]


# ---------------------------------------------------------------------- the faults, and what is right


class TestFaults:
    def test_fixed_accepts_what_does_not_converge(self):
        shown = 0
        for i in (33, 34, 44, 60, 67, 70, 93):
            r = sc.clubs(PANEL[i], "x", log=False, convention="r")
            right = r.corrected()
            assert right.table["converges"].all()
            assert sets(right) == sets(sc.clubs(PANEL[i], "x", log=False, merge="none"))
            wrong = r.table.index[~r.table["converges"]]
            assert (r.table.loc[wrong, "t"] <= -1.65).all()
            for k in wrong:
                shown += 1
                own = brute_clubs.regression(PANELS[i][:, list(r.members[k])], first_row(i))
                np.testing.assert_allclose(
                    r.table.loc[k, ["b_r", "std_error_r", "t_r"]].to_numpy(float), own, rtol=OPTIM
                )
                assert any(f"club {k} (" in note and "does not converge itself" in note for note in r.notes)
                assert set(r.members[k]) not in sets(right)
            # c* fixed, but checked: the core remains where the club does not converge.
            assert sc.clubs(PANEL[i], "x", log=False, sieve="fixed", merge="none").table["converges"].all()
        assert shown >= 5

    def test_at_the_cap_r_prints_the_group_that_was_rejected(self):
        r = sc.clubs(PANEL[60], "x", log=False, convention="r", sieve="incremental", check=True)
        k = r.table.index[r.table["how"] == "core"][0]
        row, members = r.table.loc[k], list(r.members[k])
        assert row["n"] == row["n_core"] == len(members)
        start = core.first_row(len(PANELS[60]), 1 / 3, "even")
        own = brute_clubs.regression(PANELS[60][:, members], start)
        np.testing.assert_allclose(row[["b", "std_error", "t"]].to_numpy(dtype=float), own, rtol=OPTIM)
        assert row["t"] > 3 > -1.65 > row["t_r"]
        # The group rejected: everybody whose t with the core exceeds the last c*, 3.
        earlier = {m for j in range(1, k) for m in r.members[j]}
        others = [i for i in range(PANELS[60].shape[1]) if i not in earlier and i not in members]
        joined = [i for i in others if brute_clubs.regression(PANELS[60][:, [*members, i]], start)[2] > 3]
        group = brute_clubs.regression(PANELS[60][:, [*members, *joined]], start)
        np.testing.assert_allclose(row[["b_r", "std_error_r", "t_r"]].to_numpy(dtype=float), group, rtol=OPTIM)
        assert any("is its core alone" in note and "R prints the t of the group rejected" in note for note in r.notes)
        plain = sc.clubs(PANEL[60], "x", log=False, merge="none")
        assert not any(column.endswith("_r") for column in plain.table)

    @pytest.mark.parametrize("merge", ["phillips-sul", "von-lyncker"])
    def test_merging_estimates_capped_clubs_anew(self, merge):
        """As mergeClubs of ConvergenceClubs does, by its source: one regression of every club, also one that stays."""
        given = {"log": False, "convention": "r", "sieve": "incremental", "check": True}
        capped = 0
        for i in (44, 60, 70, 93, 155, 262):
            before = sc.clubs(PANEL[i], "x", merge="none", **given).table
            after = sc.clubs(PANEL[i], "x", merge=merge, **given)
            assert (before.loc[before["how"] == "core", "t_r"] < -1.65).all()
            for k, members in after.members.items():
                own = brute_clubs.regression(PANELS[i][:, list(members)], first_row(i))
                np.testing.assert_allclose(
                    after.table.loc[k, ["b_r", "std_error_r", "t_r"]].to_numpy(float), own, rtol=OPTIM
                )
            capped += int((after.table["how"] == "core").sum())
            assert not any("R prints the t" in note for note in after.notes)
        assert capped == 6

    def test_merging_copies_a_lone_or_last_club(self):
        """By the same source: with one club there is nothing to merge, and a last club that stays alone is copied."""
        X, _ = planted()
        design = CONVENTIONS["r"].design(len(X))
        other = clubbing.Estimate(-1.0, 0.1, -10.0)
        places = np.split(np.arange(X.shape[1]), 3)
        clubs = tuple(clubbing.Club(m, m, clubbing.estimate(X, m, design), 3.0, "core", rejected=other) for m in places)
        merged, _ = clubbing.merge_phillips_sul(X, clubs, design, -1.65)
        assert [club.rejected for club in merged] == [None, None, other]
        lone, _ = clubbing.merge_von_lyncker(X, clubs[:1], design, -1.65, second=design, restart=False)
        assert [club.rejected for club in lone] == [other]

    def test_the_core_by_its_size_not_by_its_t(self):
        changed = 0
        for X in PANELS.values():
            start = core.first_row(len(X), 1 / 3, "even")
            S = np.ascontiguousarray(X[:, np.argsort(-X[-1], kind="stable")])
            design = core.Design(len(X), start, "fqsb")
            t, a = (clubbing.core_group(S, clubbing.Rules(design, core=rule)) for rule in ("t", "abs"))
            if t != a:
                changed += 1
                (begin, end), (_, other) = t, a
                mine, theirs = (brute_clubs.regression(S[:, begin:stop], start)[2] for stop in (end, other))
                assert mine > theirs
                assert abs(mine) < abs(theirs)
        assert changed >= 5

    def test_von_lyncker_begins_anew(self):
        for i in (69, 267, 296, 359):
            X = PANELS[i]
            right, r = (
                sc.clubs(
                    PANEL[i],
                    "x",
                    log=False,
                    core="t",
                    sieve="incremental",
                    check=True,
                    merge="von-lyncker",
                    convention=c,
                )
                for c in ("phillips-sul", "r")
            )
            assert right.n_clubs < r.n_clubs
            order = np.argsort(-X[-1], kind="stable")
            S, start = X[:, order], core.first_row(len(X), 1 / 3, "even")
            clubs, _ = brute_clubs.find(S, start)
            assert sets(right) == [set(order[c]) for c in brute_clubs.merge_von_lyncker(S, clubs, start)]

    def test_von_lyncker_of_r_looks_ahead_by_fqsb(self, monkeypatch):
        """The t of the next pair is taken from another standard error than that of the pair itself."""
        asked, together = [], clubbing._together

        def listen(X, clubs, parts, design):
            asked.append((tuple(parts), design.hac))
            return together(X, clubs, parts, design)

        monkeypatch.setattr(clubbing, "_together", listen)
        panel = panel_of(wide("log_income_hp400_1969_2009"))
        given = {"log": False, "merge": "von-lyncker", "hac": "qs", "c_star": 1.0}
        for convention, ahead in (("r", {"qs", "fqsb"}), ("phillips-sul", {"qs"})):
            asked.clear()
            sc.clubs(panel, "x", convention=convention, **given)
            assert {hac for _, hac in asked} == ahead


# ---------------------------------------------------------------------- brute force


@pytest.mark.parametrize("i", [1, 6, 33, 44, 69, 128])
@pytest.mark.parametrize(
    ("given", "rules"),
    [
        ({}, {}),
        ({"core": "abs", "sieve": "fixed", "check": False}, {"absolute": True, "fixed": True}),
        (
            {"hac": "aqsb", "c_star": 0.5, "increment": 0.3, "cap": 1.7},
            {"hac": "aqsb", "c_star": 0.5, "increment": 0.3, "cap": 1.7},
        ),
        ({"threshold": -1.0, "hac": "qs"}, {"threshold": -1.0, "hac": "qs"}),
    ],
)
def test_brute_force(i, given, rules):
    X = PANELS[i][:, :22]
    order = np.argsort(-X[-1], kind="stable")
    start = core.first_row(len(X), 1 / 3, "even")
    clubs, divergent = brute_clubs.find(X[:, order], start, **rules)
    found = sc.clubs(panel_of(X), "x", log=False, merge="none", **given)
    assert sets(found) == [set(order[c]) for c in clubs]
    assert set(found.divergent) == set(order[divergent])
    expected = [brute_clubs.regression(X[:, order[c]], start, rules.get("hac", "fqsb")) for c in clubs]
    np.testing.assert_allclose(
        found.table[["b", "std_error", "t"]].to_numpy(), np.reshape(expected, (-1, 3)), rtol=OPTIM
    )


def test_large_groups_are_tried_in_blocks(monkeypatch):
    """Blocks of any size give the same clubs."""
    X, _ = planted(each=30, noise=0.02, seed=4)
    S = np.ascontiguousarray(X[:, np.argsort(-X[-1])])
    rules = clubbing.Rules(core.Design(40, 13, "fqsb"))
    whole = clubbing.find_clubs(S, rules)
    monkeypatch.setattr(clubbing, "_BLOCK", 7)
    parts = clubbing.find_clubs(S, rules)
    assert [c.members.tolist() for c in whole.clubs] == [c.members.tolist() for c in parts.clubs]
    np.testing.assert_allclose([c.estimate for c in whole.clubs], [c.estimate for c in parts.clubs], rtol=ROUNDING)


# ---------------------------------------------------------------------- planted clubs


@pytest.mark.parametrize("seed", range(5))
def test_planted_clubs_are_found(seed):
    X, club = planted(seed=seed)
    found = sc.clubs(panel_of(X), "x", log=False)
    assert sets(found) == [set(np.flatnonzero(club == k)) for k in range(3)]
    assert found.divergent == ()
    assert (found.table["t"] > -1.65).all()


def test_a_region_of_its_own_diverges():
    X, _ = planted(limits=(11.0, 8.0))
    away = np.linspace(9.0, 30.0, len(X))[:, None]
    found = sc.clubs(panel_of(np.hstack([X, away])), "x", log=False)
    assert found.divergent == (16,)
    assert found.club.isna()[16]
    assert found.club.notna().sum() == 16
    assert "1 divergent region (16)" in repr(found)


def test_two_regions():
    X, _ = planted(limits=(11.0,), each=2)
    assert sc.clubs(panel_of(X), "x", log=False).n_clubs == 1
    apart = np.column_stack([np.linspace(9, 30, 40), np.linspace(9.5, 7, 40)])
    found = sc.clubs(panel_of(apart), "x", log=False)
    assert found.n_clubs == 0
    assert len(found.divergent) == 2
    assert "no clubs, 2 divergent regions" in repr(found)
    assert found.tidy().empty
    assert found.glance().loc[0, "n_divergent"] == 2
    with pytest.raises(DataError, match="no region belongs to a club"):
        found.join_counts(sc.weights.from_matrix(np.array([[0, 1], [1, 0]]), regions=[0, 1]))


# ---------------------------------------------------------------------- merging


def test_merging_follows_the_paper():
    merged = 0
    for i in (0, 3, 7, 9, 30, 45, 128):
        X = PANELS[i]
        order, start = np.argsort(-X[-1], kind="stable"), core.first_row(len(X), 1 / 3, "even")
        clubs, _ = brute_clubs.find(X[:, order], start)
        found = sc.clubs(panel_of(X), "x", log=False)
        expected = brute_clubs.merge_phillips_sul(X[:, order], clubs, start)
        assert sets(found) == [set(order[c]) for c in expected]
        merged += len(clubs) - len(expected)
        assert len(found.initial) == len(clubs)
        assert found.merge_path["merged"].sum() == len(clubs) - len(expected)
        assert (found.merge_path["t"] > -1.65).tolist() == found.merge_path["merged"].tolist()
    assert merged >= 3


def test_adjacent_clubs_do_not_converge_together():
    found = sc.clubs(panel_of(wide("log_income_hp400_1969_2009")), "x", log=False)
    assert found.merge_path["clubs"].tolist() == ["1 to 2", "1 to 3"]
    assert found.merge_path["merged"].tolist() == [True, False]
    assert (found.adjacent["t"] <= -1.65).all()
    assert found.adjacent.loc["1 + 2", "t"] == pytest.approx(R[BLOCKS[3]]["logt_all_FQSB"]["t"], rel=OPTIM)


# ---------------------------------------------------------------------- sorting


class TestSorting:
    def test_order_of_rows_and_columns_changes_nothing(self):
        panel = PANEL[33]
        shuffled = sc.Panel(panel.frame.sample(frac=1, random_state=2), region="state", period="year")
        a, b = sc.clubs(panel, "x", log=False), sc.clubs(shuffled, "x", log=False)
        assert a.members == b.members
        assert list(b.club.index) == list(shuffled.regions)
        pd.testing.assert_frame_equal(a.table, b.table)

    def test_ties_are_settled_and_said(self):
        X, _ = planted(noise=0.02)
        X[-1, 3] = X[-1, 5]
        X[-2, 3], X[-2, 5] = 10.0, 11.0
        found = sc.clubs(panel_of(X), "x", log=False)
        first = found.members[1]
        assert first.index(5) < first.index(3)
        assert "1 ties in the sorting were settled by earlier periods" in found.notes[0]
        X[:, 4] = X[:, 3]
        names = {3: "zeta", 4: "alpha"}
        found = sc.clubs(panel_of(pd.DataFrame(X).rename(columns=names)), "x", log=False)
        first = found.members[1]
        assert first.index("alpha") == first.index("zeta") - 1

    def test_by_the_mean_of_the_last_periods(self):
        X, _ = planted(noise=0.2, each=5)
        found = sc.clubs(panel_of(X), "x", log=False, sort_share=0.25, merge="none")
        means = X[30:].mean(axis=0)
        for members in found.members.values():
            assert np.all(np.diff(means[list(members)]) <= 0)
        with pytest.raises(OptionError, match="sort_share must lie between 0"):
            sc.clubs(panel_of(X), "x", log=False, sort_share=2)


# ---------------------------------------------------------------------- result


class TestResult:
    panel = sc.datasets.us_income().panel.subset(periods=range(1969, 2010))
    found = sc.clubs(panel, "income", smooth=400)

    def test_members_and_clubs_say_the_same(self):
        f = self.found
        for k, members in f.members.items():
            assert set(f.club.index[f.club == k]) == set(members)
        assert f.table["n"].tolist() == [len(m) for m in f.members.values()]
        assert list(f.club.index) == list(self.panel.regions)

    def test_paths(self):
        f = self.found
        np.testing.assert_allclose(f.paths.mean(axis=1), 1.0)
        for k in f.members:
            np.testing.assert_allclose(f.club_paths[k], f.paths[list(f.members[k])].mean(axis=1))
            own = f.relative_paths(k)
            np.testing.assert_allclose(own.mean(axis=1), 1.0)
            H = ((own - 1) ** 2).mean(axis=1).to_numpy()
            fit = core.fit(H[:, None], core.Design(41, 14, "fqsb"))
            assert fit.t[0] == pytest.approx(f.table.loc[k, "t"], rel=OPTIM)
        with pytest.raises(OptionError, match="club must be one of"):
            f.relative_paths(9)

    def test_frames(self):
        f = self.found
        assert list(f.tidy().columns[: len(TIDY)]) == list(TIDY)
        assert f.glance().loc[0, ["n_regions", "n_used", "n_divergent"]].tolist() == [48, 27, 0]
        assert json.dumps(f.to_dict())
        assert f.provenance.options["smooth"] == 400.0

    def test_repr(self):
        lines = plain_repr(self.found).splitlines()
        assert lines[0] == (
            "Convergence clubs of log of income, Hodrick-Prescott trend (lambda 400): 48 regions x 41 periods"
        )
        assert lines[1].startswith(f"  {self.found.n_clubs} clubs")
        assert "convention phillips-sul: trim 0.333 (regressions 1983 to 2009), c* 0 incremental" in plain_repr(
            self.found
        )
        assert 3 <= len(lines) <= 8
        assert "Connecticut" in self.found._repr_html_()

    def test_input_is_not_modified(self):
        before = self.panel.frame
        sc.clubs(self.panel, "income", smooth=100, convention="r")
        pd.testing.assert_frame_equal(self.panel.frame, before)


class TestBadInput:
    def test_options(self):
        panel = panel_of(paths())
        for given, said in (
            ({"merge": "all"}, "merge must be one of 'none', 'phillips-sul', 'von-lyncker'"),
            ({"sieve": "coarse"}, "sieve must be one of"),
            ({"core": "max"}, "core must be one of 't', 'abs'"),
            ({"increment": 0}, "increment must be a positive number"),
            ({"cap": -1.0}, "cap must not lie below c_star"),
            ({"c_star": np.nan}, "c_star must be a finite number"),
            ({"check": "yes"}, "check must be True or False"),
            ({"convention": "gauss"}, "convention must be one of"),
        ):
            with pytest.raises(OptionError, match=said):
                sc.clubs(panel, "x", log=False, **given)

    def test_data(self):
        X = paths()
        X[5, 1] = -2.0
        with pytest.raises(NotPositiveError, match="logarithm"):
            sc.clubs(panel_of(X), "x")
        X[5, 1] = np.nan
        frame = pd.DataFrame(X).rename_axis(index="year", columns="state").unstack().rename("x").reset_index()
        with pytest.raises(MissingDataError, match=r"missing in \(1, 5\)"):
            sc.clubs(sc.Panel(frame, region="state", period="year"), "x", log=False)

    def test_regions_that_are_equal(self):
        X, _ = planted()
        X[:, 1] = X[:, 0]
        found = sc.clubs(panel_of(X), "x", log=False)
        assert sum(found.table["n"]) + len(found.divergent) == 24
        same = np.tile(np.linspace(5, 9, 20)[:, None], 4)
        found = sc.clubs(panel_of(same), "x", log=False)
        assert found.n_clubs == 1
        assert any("do not differ" in note for note in found.notes)
        assert "undefined" in repr(found)


def test_panels_kept_are_those_compared():
    assert sorted(PANELS) == sorted(KEPT) == sorted(map(int, PEER["panels"]))


def test_conventions_are_as_the_docstring_says():
    rows = {}
    for text in (sc.clubs.__doc__ or "").splitlines():
        cells = re.split(r" {2,}", text.strip())
        if len(cells) == 4 and not text.strip().startswith("="):
            rows[cells[0]] = cells[1:]
    words = {
        "half to even": "even",
        "half away from 0": "away",
        "abs(t)": "abs",
        "yes": True,
        "no": False,
        "1/3": 1 / 3,
        "0.3": 0.3,
    }
    fields = {"trim": "trim", "rounding": "rounding", "sieve": "sieve", "core maximises": "core"}
    fields |= {"club is checked": "check", "merge": "merge"}
    for k, name in enumerate(("phillips-sul", "r", "stata")):
        chosen = CONVENTIONS[name]
        for row, field in fields.items():
            said = rows[row][k]
            assert getattr(chosen, field) == words.get(said, said), (name, row)
        assert [chosen.increment, chosen.cap] == [float(v) for v in rows["increment, cap"][k].split(", ")]
