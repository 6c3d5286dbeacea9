"""What explains clubs, against R's polr and glm and a likelihood written out; partitions against scikit-learn."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from sklearn import metrics

import spatialconv as sc
from spatialconv._core.clubs import agreement
from spatialconv.errors import DataError, MissingDataError, ModelError, OptionError, SingularDesignError
from tests.tolerances import REFERENCE, ROUNDING

HERE = Path(__file__).parents[3] / "reference" / "ordered_logit"
REFERENCE_FIT = json.loads((HERE / "reference.json").read_text())
# Standard errors of both come from differences of gradients.
DIFFERENCES = 1e-4
SEARCH = 1e-5  # polr stops where its deviance no longer changes: the square root of rounding in the coefficients


@cache
def clubs():
    us = sc.datasets.us_income()
    return sc.clubs(us.panel.subset(periods=range(1980, 2010)), "income", smooth=400, convention="r"), us


def panel_of(frame: pd.DataFrame) -> sc.Panel:
    return sc.Panel(frame.rename_axis("state").reset_index().assign(year=1929), region="state", period="year")


@pytest.mark.parametrize("x", [["income"], ["income", "other"]])
def test_polr(x):
    found, _ = clubs()
    frame = pd.read_csv(HERE / "us.csv", index_col=0)
    assert frame["club"].tolist() == found.club.dropna().astype(int).tolist()
    ours, theirs = sc.explain_clubs(found, panel_of(frame), x), REFERENCE_FIT[" + ".join(x)]
    np.testing.assert_allclose(ours.params, np.atleast_1d(theirs["coef"]), rtol=SEARCH)
    np.testing.assert_allclose(ours.std_errors, np.atleast_1d(theirs["se"]), rtol=DIFFERENCES)
    np.testing.assert_allclose(ours.thresholds, theirs["zeta"], rtol=SEARCH)
    assert ours.loglik == pytest.approx(theirs["loglik"], rel=ROUNDING)
    np.testing.assert_allclose(ours.probabilities, theirs["fitted"], rtol=DIFFERENCES)


def with_clubs(values: pd.Series):
    found, _ = clubs()
    return replace(found, club=values.astype("Int64"))


def test_two_clubs_are_a_logit():
    frame = pd.read_csv(HERE / "us.csv", index_col=0)
    two = with_clubs(1 + (frame["club"] > 2))
    ours, theirs = sc.explain_clubs(two, panel_of(frame), "income"), REFERENCE_FIT["two"]
    assert ours.params["income"] == pytest.approx(theirs["coef"], rel=SEARCH)
    assert ours.std_errors["income"] == pytest.approx(theirs["se"], rel=DIFFERENCES)
    assert ours.loglik == pytest.approx(theirs["loglik"], rel=ROUNDING)


def test_with_neighbours_by_a_likelihood_written_out():
    found, us = clubs()
    w = sc.weights.adjacency(us.states)
    ours = sc.explain_clubs(found, us.panel, "income", w, log="income", period=1929)
    member = found.club.astype(int)
    matrix = w.adjacency.unstack(fill_value=0.0).reindex(index=member.index, columns=member.index, fill_value=0.0)
    own = matrix.to_numpy() @ member.to_numpy() / matrix.to_numpy().sum(axis=1)
    np.testing.assert_allclose(ours.regressors["W:club"], own, rtol=REFERENCE)
    income = np.log(us.panel.wide("income").loc[1929, list(member.index)].to_numpy())
    x = np.column_stack([(a - a.mean()) / a.std() for a in (income, own)])

    def minus(v):
        cuts = np.r_[-np.inf, v[2], v[2] + np.cumsum(np.exp(v[3:])), np.inf]
        below = stats.logistic.cdf(cuts[None] - (x @ v[:2])[:, None])
        return -np.log(np.diff(below, axis=1)[np.arange(len(x)), member.to_numpy() - 1]).sum()

    best = optimize.minimize(minus, np.zeros(5), method="BFGS", options={"gtol": 1e-9})
    expected = best.x[:2] / [income.std(), own.std()]
    np.testing.assert_allclose(ours.params, expected, rtol=SEARCH)
    assert ours.loglik == pytest.approx(-best.fun, rel=ROUNDING)
    # Average effects by moving every region a little.
    h = 1e-5
    moved = (
        ours.at(ours.regressors.to_numpy() @ ours.params + h * ours.params["W:club"]) - ours.probabilities.to_numpy()
    )
    np.testing.assert_allclose(ours.effects.loc["W:club"], moved.mean() / h, rtol=1e-3)
    assert any("made of outcomes" in note for note in ours.notes)
    null = -48 * stats.entropy(member.value_counts() / 48)
    assert ours.lr == pytest.approx(2 * (ours.loglik - null))
    assert ours.mcfadden == pytest.approx(1 - ours.loglik / null)


def test_z_is_normal_where_nothing_explains():
    """150 samples of 48 regions in three clubs: z of a regressor that says nothing rejects 5 % within 3.3 s.e."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": np.zeros(48)}, index=[f"r{i:02d}" for i in range(48)])
    p = []
    for _ in range(150):
        frame["x"] = rng.normal(size=48)
        labels = pd.Series(rng.permutation(np.repeat([1, 2, 3], 16)), index=frame.index)
        p.append(sc.explain_clubs(with_clubs(labels), panel_of(frame), "x").tidy()["p_value"].iloc[0])
    assert abs(np.mean(np.array(p) < 0.05) - 0.05) < 3.3 * np.sqrt(0.05 * 0.95 / 150)


def test_unit_and_views_and_figure():
    found, us = clubs()
    one = sc.explain_clubs(found, us.panel, "income", period=1929)
    scaled = us.panel.assign(income=us.panel.frame["income"] * 1e6)
    two = sc.explain_clubs(found, scaled, "income", period=1929)
    np.testing.assert_allclose(two.params * 1e6, one.params, rtol=ROUNDING)
    np.testing.assert_allclose(one.probabilities.sum(axis=1), 1.0)
    assert max(map(len, repr(one).splitlines())) <= 80
    assert one.glance()["n_clubs"].item() == 4
    axes = sc.plot.club_probabilities(one).axes[0]
    assert len(axes.collections) == 4
    with pytest.raises(OptionError, match="name must be one of income"):
        sc.plot.club_probabilities(one, name="z")


def test_what_cannot_be_explained():
    found, _ = clubs()
    frame = pd.read_csv(HERE / "us.csv", index_col=0)
    with pytest.raises(ModelError, match="separate the clubs"):
        sc.explain_clubs(found, panel_of(frame.assign(z=frame["club"] + 0.1)), "z")
    with pytest.raises(SingularDesignError, match="'one' is the same"):
        sc.explain_clubs(found, panel_of(frame.assign(one=1.0)), "one")
    with pytest.raises(SingularDesignError, match="collinear"):
        sc.explain_clubs(found, panel_of(frame.assign(twice=2 * frame["income"])), ["income", "twice"])
    with pytest.raises(DataError, match="all 48 regions in clubs are in one"):
        sc.explain_clubs(with_clubs(frame["club"] * 0 + 1), panel_of(frame), "income")
    with pytest.raises(MissingDataError, match="lacks 1 region that"):
        sc.explain_clubs(found, panel_of(frame.drop(index="Ohio")), "income")
    with pytest.raises(OptionError, match="log names 'other'"):
        sc.explain_clubs(found, panel_of(frame), "income", log="other")
    left = with_clubs(frame["club"].where(frame.index != "Ohio"))
    assert "1 region in no club left out: 'Ohio'" in sc.explain_clubs(left, panel_of(frame), "income").notes


# ------------------------------------------------------------------ partitions


@pytest.mark.parametrize("seed", range(8))
def test_measures_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(5, 60)), int(rng.integers(1, 6))
    a = rng.integers(0, k, n)
    b = np.where(rng.uniform(size=n) < 0.6, a, rng.integers(0, 4, n))
    names = [f"r{i}" for i in range(n)]
    found = sc.compare_partitions(
        pd.Series(a, index=names), dict(zip(names[::-1], b[::-1], strict=True)), permutations=0
    )
    assert found.adjusted_rand == pytest.approx(metrics.adjusted_rand_score(a, b), abs=1e-12)
    assert found.mutual_information == pytest.approx(metrics.mutual_info_score(a, b), abs=1e-12)
    assert found.adjusted == pytest.approx(metrics.adjusted_mutual_info_score(a, b), abs=1e-9)
    if k > 1:
        assert found.normalised == pytest.approx(metrics.normalized_mutual_info_score(a, b), abs=1e-12)
    assert found.table.to_numpy().sum() == n
    np.testing.assert_array_equal(found.table, metrics.cluster.contingency_matrix(a, b))


def test_expected_information_by_permutation():
    a, b = np.repeat([0, 1, 2], [5, 7, 8]), np.repeat([0, 1], [9, 11])
    rng = np.random.default_rng(1)
    drawn = [agreement.mutual_information(agreement.counts(a, rng.permutation(b))) for _ in range(4000)]
    expected = agreement.expected_information(agreement.counts(a, b))
    assert abs(np.mean(drawn) - expected) < 4 * np.std(drawn) / np.sqrt(4000)


def test_who_moved_and_who_is_in_no_club():
    one = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2, "f": None}
    other = {"a": "x", "b": "x", "c": "y", "d": "y", "e": "y", "f": None, "g": "x"}
    found = sc.compare_partitions(one, other, seed=1)
    assert found.matched == {1: "x", 2: "y", "no club": "no club"}
    assert found.moved.to_dict("index") == {"c": {"first": 1, "second": "y"}}
    assert "1 region only in the second partition left out: 'g'" in found.notes
    assert any("each a group of its own: 1 in the first, 1 in the second" in note for note in found.notes)
    dropped = sc.compare_partitions(one, other, divergent="drop", permutations=0)
    assert dropped.n_regions == 5
    same = sc.compare_partitions(one, one, seed=1)
    assert (same.adjusted_rand, same.normalised, same.adjusted) == (1.0, pytest.approx(1.0), pytest.approx(1.0))
    assert same.variation == pytest.approx(0.0, abs=1e-12)
    assert same.moved.empty
    assert max(map(len, repr(found).splitlines())) <= 80


def test_p_is_uniform_under_chance():
    """300 pairs of partitions of 40 at random: 5 % below 0.05 but for three standard errors, and mean a half."""
    rng = np.random.default_rng(2)
    names = [f"r{i}" for i in range(40)]
    p = np.array(
        [
            sc.compare_partitions(
                pd.Series(rng.integers(0, 3, 40), index=names), pd.Series(rng.integers(0, 3, 40), index=names),
                permutations=99, seed=k,
            ).p_value
            for k in range(300)
        ]
    )  # fmt: skip
    assert abs(np.mean(p <= 0.05) - 0.05) < 3.3 * np.sqrt(0.05 * 0.95 / 300)
    assert abs(p.mean() - 0.5) < 0.06


def test_no_partition():
    with pytest.raises(OptionError, match=r"must be the result of sc\.clubs, or a Series"):
        sc.compare_partitions([1, 2], {"a": 1})
    with pytest.raises(OptionError, match="more than once"):
        sc.compare_partitions(pd.Series([1, 2], index=["a", "a"]), {"a": 1})
    with pytest.raises(DataError, match="these share 0"):
        sc.compare_partitions({"a": 1}, {"b": 1})
