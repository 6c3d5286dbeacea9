"""Coupling and coordination, obstacle degrees, TOPSIS and the geometric mean: loops, bounds, and what must hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.errors import MissingDataError, OptionError, VariableError
from tests.tolerances import EXACT, REFERENCE


def systems(seed=0, k=3, n=12, periods=4):
    rng = np.random.default_rng(seed)
    u = rng.uniform(0.01, 1, (periods, n, k))
    names = [f"s{j}" for j in range(k)]
    frame = pd.DataFrame(u.reshape(-1, k), columns=names)
    frame = frame.assign(year=np.repeat(range(2000, 2000 + periods), n), city=[f"c{i:02d}" for i in range(n)] * periods)
    return u, names, sc.Panel(frame, region="city", period="year")


@pytest.mark.parametrize("k", [2, 3, 4, 6])
def test_coupling_by_loops(k):
    u, names, panel = systems(k, k)
    weights = {name: j + 1.0 for j, name in enumerate(names)}
    found = sc.coupling(panel, names, weights=weights).table
    alpha = np.arange(1, k + 1) / np.arange(1, k + 1).sum()
    for t in range(4):
        for i in range(12):
            row = found.loc[(2000 + t, f"c{i:02d}")]
            v = u[t, i]
            c = np.prod(v) ** (1 / k) / (sum(v) / k)
            assert row["coupling"] == pytest.approx(c, rel=REFERENCE)
            assert row["development"] == pytest.approx(sum(alpha * v), rel=EXACT)
            assert row["coordination"] == pytest.approx((c * sum(alpha * v)) ** 0.5, rel=REFERENCE)
            assert row["lagging"] == names[int(np.argmin(v))]


def test_two_systems_have_the_textbook_formula():
    u, names, panel = systems(1, 2)
    found = sc.coupling(panel, names).table["coupling"]
    a, b = u.reshape(-1, 2).T
    np.testing.assert_allclose(found, 2 * np.sqrt(a * b) / (a + b), rtol=REFERENCE)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_equal_systems_are_fully_coupled_whatever_their_number(k):
    """What the wrong ones fail, as the docstring says: 1/k without the factor k, 1/2 by pairs of three."""
    wrong = (0.3**k) ** (1 / k) / (k * 0.3)
    assert wrong == pytest.approx(1 / k)
    assert pytest.approx(1 / 2) == (0.3**3 / 0.6**3) ** (1 / 3)
    frame = pd.DataFrame({f"s{j}": [0.1, 0.3, 0.7, 1.0] for j in range(k)}).assign(city=[*"abcd"], year=1)
    panel = sc.Panel(frame, region="city", period="year")
    found = sc.coupling(panel, [f"s{j}" for j in range(k)]).table
    np.testing.assert_allclose(found["coupling"], 1, rtol=EXACT)
    np.testing.assert_allclose(found["coordination"], np.sqrt([0.1, 0.3, 0.7, 1.0]), rtol=EXACT)
    assert found["lagging"].isna().all()
    assert found["level"].tolist()[-1] == "quality coordination"


def test_zeros_levels_and_the_panel():
    frame = pd.DataFrame({"a": [0.0, 0.0, 0.5, 0.25], "b": [0.0, 0.8, 0.5, 0.25], "city": [*"wxyz"], "year": 1})
    panel = sc.Panel(frame.sample(frac=1, random_state=0), region="city", period="year")
    found = sc.coupling(panel, ["a", "b"])
    t = found.table.loc[1]
    assert np.isnan(t.loc["w", "coupling"])
    assert t.loc[["w", "x"], "coordination"].tolist() == [0, 0]
    assert t.loc["x", "coupling"] == 0
    assert t.loc["z", "level"] == "bare coordination"  # D = 0.5: the class that begins there
    assert len(found.notes) == 2
    back = found.panel()
    np.testing.assert_array_equal(back.values("coordination", regions=[*"wxyz"])[0], t.loc[[*"wxyz"], "coordination"])
    assert max(map(len, repr(found).split("\n"))) <= 80
    assert found.glance().shape[0] == 1
    assert found.tidy().shape == (4, 7)


def test_coupling_refuses():
    u, names, panel = systems()
    with pytest.raises(OptionError, match="coupling needs two systems or more; got 's0'"):
        sc.coupling(panel, ["s0"])
    with pytest.raises(VariableError, match=r"'s1' lies outside of \[0, 1\] in 48: \('c00', 2000\)"):
        sc.coupling(panel.assign(s1=1.5), names)
    with pytest.raises(OptionError, match="weights must name each of the systems"):
        sc.coupling(panel, names, weights={"s0": 1})
    with pytest.raises(OptionError, match="weights must be zero or positive"):
        sc.coupling(panel, names, weights=dict.fromkeys(names, -1))
    with pytest.raises(MissingDataError):
        sc.coupling(panel.assign(s1=lambda f: f["s1"].where(f.index > 0)), names)
    assert u.shape == (4, 12, 3)


# ------------------------------------------------------------------ the index: aggregation and obstacles


def scaled(u, signs, pooled=True):
    x = u.reshape(-1, u.shape[2]) if pooled else u
    axis = 0 if pooled else 1
    low, high = x.min(axis=axis, keepdims=True), x.max(axis=axis, keepdims=True)
    found = np.where(np.array(signs) > 0, x - low, high - x) / (high - low)
    return found.reshape(u.shape)


@pytest.mark.parametrize("pooled", [True, False])
def test_topsis_by_loops(pooled):
    u, names, panel = systems(2)
    index = sc.composite_index(
        panel, names, direction={"s0": "+", "s1": "-", "s2": "+"}, pooled=pooled, aggregation="topsis"
    )
    x = scaled(u, [1, -1, 1], pooled)
    for t in range(4):
        w = (index.weights if pooled else index.weights.loc[2000 + t])["weight"].to_numpy()
        for i in range(12):
            best = np.sqrt(sum((w[j] * (1 - x[t, i, j])) ** 2 for j in range(3)))
            worst = np.sqrt(sum((w[j] * x[t, i, j]) ** 2 for j in range(3)))
            assert index.scores.iloc[t, i] == pytest.approx(worst / (best + worst), rel=REFERENCE)
    assert any("do not add up to the score" in note for note in index.notes)


def test_geometric_mean_by_loops():
    u, names, panel = systems(3)
    index = sc.composite_index(panel, names, direction="+", aggregation="geometric", weighting="equal")
    x = scaled(u, [1, 1, 1])
    expected = np.prod(x ** (1 / 3), axis=2)
    np.testing.assert_allclose(index.scores, expected, rtol=REFERENCE, atol=EXACT)
    assert (index.scores <= sc.composite_index(panel, names, direction="+", weighting="equal").scores + EXACT).all(
        axis=None
    )
    assert any(f"zero in {int((x == 0).any(axis=2).sum())}: " in note for note in index.notes)


def test_scores_reach_their_ends_and_arithmetic_is_what_it_was():
    frame = pd.DataFrame({"a": [0.0, 1, 2, 5], "b": [3.0, 4, 6, 9], "city": [*"wxyz"], "year": 1})
    panel = sc.Panel(frame, region="city", period="year")
    for how in ("arithmetic", "geometric", "topsis"):
        scores = sc.composite_index(panel, ["a", "b"], direction="+", max_vif=None, aggregation=how).scores.loc[1]
        assert scores[["w", "z"]].tolist() == pytest.approx([0, 1])
        assert scores.is_monotonic_increasing
    plain = sc.composite_index(panel, ["a", "b"], direction="+", max_vif=None)
    pd.testing.assert_frame_equal(
        plain.scores,
        sc.composite_index(panel, ["a", "b"], direction="+", max_vif=None, aggregation="arithmetic").scores,
    )
    again = sc.composite_index(panel, ["a", "b"], direction="+", max_vif=None, aggregation="topsis").without("b")
    assert again.provenance.options["aggregation"] == "topsis"


@pytest.mark.parametrize("pooled", [True, False])
def test_obstacles_by_loops(pooled):
    u, _names, panel = systems(4)
    groups = {"first": ["s0", "s1"], "second": ["s2"]}
    index = sc.composite_index(panel, groups, direction={"s0": "+", "s1": "-", "s2": "+"}, pooled=pooled)
    x = scaled(u, [1, -1, 1], pooled)
    found, by_group = index.obstacles(), index.obstacles(by="group")
    for t in range(4):
        w = (index.weights if pooled else index.weights.loc[2000 + t])["weight"].to_numpy()
        for i in range(12):
            lacking = [w[j] * (1 - x[t, i, j]) for j in range(3)]
            row = found.loc[(2000 + t, f"c{i:02d}")]
            np.testing.assert_allclose(row, np.array(lacking) / sum(lacking), rtol=REFERENCE, atol=EXACT)
            total = by_group.loc[(2000 + t, f"c{i:02d}")]
            np.testing.assert_allclose(total, [row["s0"] + row["s1"], row["s2"]], rtol=REFERENCE)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=EXACT)


def test_obstacles_of_who_lacks_nothing_and_refusals():
    frame = pd.DataFrame({"a": [0.0, 1, 2, 5], "b": [3.0, 4, 6, 9], "city": [*"wxyz"], "year": 1})
    panel = sc.Panel(frame, region="city", period="year")
    index = sc.composite_index(panel, ["a", "b"], direction="+", max_vif=None)
    assert index.obstacles().loc[(1, "z")].isna().all()
    with pytest.raises(OptionError, match="by must be one of 'indicator', 'group'"):
        index.obstacles(by="region")
    z = sc.composite_index(panel, ["a", "b"], direction="+", max_vif=None, normalise="z")
    with pytest.raises(OptionError, match="obstacles measure what is lacking to 1"):
        z.obstacles()
    for how in ("geometric", "topsis"):
        with pytest.raises(OptionError, match=f"aggregation='{how}' needs indicators from 0 to 1"):
            sc.composite_index(panel, ["a", "b"], direction="+", normalise="z", aggregation=how)
    with pytest.raises(OptionError, match="aggregation must be one of"):
        sc.composite_index(panel, ["a", "b"], direction="+", aggregation="product")
