"""LISA paths: loops over regions and years, giddy, independence in known chains, islands, and the picture."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from giddy.directional import Rose
from giddy.markov import LISA_Markov

import spatialconv as sc
from spatialconv import plot
from spatialconv.dynamics._lisa_paths import DIRECTIONS, QUADRANT_ORDER, _codes, _expected, _independence
from spatialconv.errors import DataError, OptionError, WeightsError
from spatialconv.results import Provenance
from tests import brute_association as brute
from tests.tolerances import EXACT, REFERENCE


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def border(us):
    return sc.weights.adjacency(us.states)


def world(seed, n=12, periods=5, *, island=True):
    """Asymmetric weights of unequal sizes; years with a gap."""
    rng = np.random.default_rng(seed)
    matrix = rng.integers(1, 5, (n, n)) * (rng.random((n, n)) < 0.4).astype(float)
    np.fill_diagonal(matrix, 0)
    matrix[0, 2] = 1
    if island:
        matrix[1] = matrix[:, 1] = 0
    y = rng.lognormal(size=(periods, n))
    labels = [f"r{i:02d}" for i in range(n)]
    years = [2000, 2001, 2002, 2005, 2006, 2007, 2008][:periods]
    return y, matrix, brute.panel(y, labels, years), brute.graph(matrix, labels), labels


def dense(y, matrix, scale):
    own = y / y.mean(axis=1, keepdims=True)
    if scale == "standardised":
        own = (y - y.mean(axis=1, keepdims=True)) / y.std(axis=1, keepdims=True)
    sums = matrix.sum(axis=1)
    lag = np.full(y.shape, np.nan)
    for i in np.flatnonzero(sums):
        lag[:, i] = own @ matrix[i] / sums[i]
    return own, lag


@pytest.mark.parametrize("scale", ["relative", "standardised"])
@pytest.mark.parametrize("seed", range(3))
def test_paths_are_those_of_loops(seed, scale):
    y, matrix, panel, w, labels = world(seed)
    own, lag = dense(y, matrix, scale)
    found = sc.lisa_paths(panel, "y", w, scale=scale)
    lengths = [sum(np.hypot(own[t + 1, i] - own[t, i], lag[t + 1, i] - lag[t, i]) for t in range(4)) for i in range(12)]
    np.testing.assert_allclose(found.table["length"], lengths, rtol=REFERENCE)
    np.testing.assert_allclose(found.table["relative_length"], lengths / np.nanmean(lengths), rtol=REFERENCE)
    moved = np.hypot(own[-1] - own[0], lag[-1] - lag[0])
    np.testing.assert_allclose(found.table["displacement"], moved, rtol=REFERENCE)
    np.testing.assert_allclose(found.table["tortuosity"], np.array(lengths) / moved, rtol=1e-8)
    for i, label in enumerate(labels):
        row = found.table.loc[label]
        if i == 1:
            assert row[["length", "angle", "tortuosity"]].isna().all()
            continue
        up, over = lag[-1, i] > lag[0, i], own[-1, i] > own[0, i]
        expected = {(1, 1): "both up", (1, 0): "neighbours up", (0, 0): "both down", (0, 1): "region up"}[up, over]
        assert row["direction"] == expected
        centre = 1.0 if scale == "relative" else 0.0
        quadrants = [("H" if own[t, i] > centre else "L") + ("H" if lag[t, i] > centre else "L") for t in range(5)]
        assert (row["first"], row["last"]) == (quadrants[0], quadrants[-1])
        assert row["changes"] == sum(a != b for a, b in itertools.pairwise(quadrants))
        assert found.path.xs(label, level=1)["quadrant"].tolist() == quadrants


@pytest.mark.parametrize("seed", range(3))
def test_moves_are_those_of_loops_and_skip_the_gap(seed):
    y, matrix, panel, w, _ = world(seed, periods=7)
    _, lag = dense(y, matrix, "standardised")
    own = y > y.mean(axis=1, keepdims=True)
    kinds = dict.fromkeys(("none", "own", "neighbours", "both alike", "both apart"), 0)
    counts = np.zeros((4, 4))
    for t in (0, 1, 3, 4, 5):  # 2002 to 2005 is no step of one year
        for i in [k for k in range(12) if k != 1]:
            a, b = int(own[t + 1, i]) - int(own[t, i]), int(lag[t + 1, i] > 0) - int(lag[t, i] > 0)
            kind = (
                "none"
                if a == b == 0
                else "own"
                if b == 0
                else "neighbours"
                if a == 0
                else "both alike"
                if a == b
                else ""
            )
            kinds[kind or "both apart"] += 1
            names = [("H" if own[s, i] else "L") + ("H" if lag[s, i] > 0 else "L") for s in (t, t + 1)]
            counts[QUADRANT_ORDER.index(names[0]), QUADRANT_ORDER.index(names[1])] += 1
    found = sc.lisa_paths(panel, "y", w)
    assert found.moves["n"].to_dict() == kinds
    np.testing.assert_array_equal(found.counts, counts)
    assert found.cohesion == pytest.approx(kinds["none"] / 55)
    assert found.fluidity == pytest.approx((kinds["own"] + kinds["neighbours"]) / 55)


def test_the_chain_is_that_of_giddy(us, border):
    years = list(range(1929, 2010))
    found = sc.lisa_paths(us.panel, "income", border)
    inputs = sc.to_pysal(us.panel, "income", border, 1929, form="w")
    y = us.panel.values("income", periods=years)
    theirs = LISA_Markov(y.T, inputs.weights)
    np.testing.assert_array_equal(found.counts, theirs.transitions)
    np.testing.assert_allclose(found.probabilities, theirs.p, rtol=EXACT)
    np.testing.assert_allclose(found.ergodic, np.ravel(theirs.steady_state), rtol=1e-8)
    # Their kinds of moves are numbered by quadrant: 1, 6, 11 and 16 stay.
    assert found.cohesion == pytest.approx(np.isin(theirs.move_types, (1, 6, 11, 16)).mean(), rel=EXACT)


def test_directions_are_those_of_giddy(us, border):
    few = us.panel.subset(periods=[1969, 2009])
    found = sc.lisa_paths(few, "income", border, step=40)
    inputs = sc.to_pysal(few, "income", border, 1969, form="w")
    y = few.values("income")
    rose = Rose((y / y.mean(axis=1, keepdims=True)).T, inputs.weights, k=4)
    np.testing.assert_allclose(np.radians(found.table["angle"]), rose.theta % (2 * np.pi), rtol=1e-8)
    np.testing.assert_allclose(found.table["length"], rose.r, rtol=1e-8)
    assert [int((found.table["direction"] == way).sum()) for way in DIRECTIONS] == rose.counts.tolist()
    np.testing.assert_allclose(found.table["tortuosity"], 1, rtol=EXACT)


def test_independent_sides_are_not_rejected_and_bound_ones_are():
    """600 chains of 2000 moves, the two sides drawn apart: 5 % at 8 degrees of freedom; copied sides at once."""
    rng = np.random.default_rng(0)
    where, p = Provenance("test"), []
    one, other = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.7, 0.3], [0.4, 0.6]])
    for _ in range(600):
        a, b = rng.integers(2, size=2000), rng.integers(2, size=2000)
        after_a, after_b = (rng.random(2000) < p1[s, 1] for p1, s in ((one, a), (other, b)))
        counts = np.zeros((4, 4))
        np.add.at(counts, (_codes(a == 1, b == 1), _codes(after_a, after_b)), 1)
        test = _independence(counts, _expected(counts), where)
        assert test.df == 8
        p.append(test.p_value)
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.027)  # three standard errors of a share of 600
    counts = np.zeros((4, 4))
    np.add.at(counts, (_codes(a == 1, b == 1), _codes(after_a, after_a)), 1)
    assert _independence(counts, _expected(counts), where).p_value < 1e-6
    np.testing.assert_allclose(_expected(counts).sum(axis=1), counts.sum(axis=1), rtol=EXACT)


def test_order_and_unit_change_nothing_and_nothing_given_is_changed():
    _, _, panel, w, _ = world(4)
    before = w.adjacency.copy()
    one = sc.lisa_paths(panel, "y", w)
    frame = panel.frame.sample(frac=1, random_state=0).assign(y=lambda f: 9 * f["y"])
    two = sc.lisa_paths(sc.Panel(frame, region="region", period="period"), "y", w)
    for name in ("length", "tortuosity", "angle"):
        np.testing.assert_allclose(one.table[name], two.table[name].reindex(one.table.index), rtol=1e-9)
    assert (one.counts == two.counts).all(axis=None)
    assert w.adjacency.equals(before)


def test_what_stands_still_and_what_is_never_seen():
    labels = list("abcdef")
    ring = np.roll(np.eye(6), 1, axis=1) + np.roll(np.eye(6), -1, axis=1)
    y = np.array([5.0, 6, 7, 1, 2, 3])
    found = sc.lisa_paths(brute.panel(np.array([y, y]), labels), "y", brute.graph(ring, labels))
    assert found.table["tortuosity"].isna().all()
    assert found.independence.reason == "too few kinds of moves were seen"
    assert np.isnan(found.independence.p_value)
    assert any("no displacement" in note for note in found.notes)
    assert any("divided by their sums" in note for note in found.notes)
    assert found.cohesion == 1
    assert "too few" in repr(found)


def test_repr_summaries_and_refusals(us, border):
    found = sc.lisa_paths(us.panel, "income", border)
    assert max(len(line) for line in repr(found).split("\n") if "weights:" not in line) <= 80
    assert found.tidy().shape == (144, 7)
    assert found.glance().loc[0, "n_moves"] == 3840
    assert "<table" in found._repr_html_()
    _, _, panel, w, labels = world(1)
    with pytest.raises(OptionError, match="scale must be one of 'relative', 'standardised'"):
        sc.lisa_paths(panel, "y", w, scale="log")
    with pytest.raises(DataError, match="transitions need two periods"):
        sc.lisa_paths(panel.subset(periods=[2000]), "y", w)
    with pytest.raises(DataError, match="zero or negative"):
        sc.lisa_paths(panel.assign(y=lambda f: -f["y"]), "y", w)
    with pytest.raises(WeightsError, match="no link between the 12 regions"):
        sc.lisa_paths(panel, "y", brute.graph(np.zeros((12, 12)), labels))


def test_picture(us, border):
    found = sc.lisa_paths(us.panel, "income", border)
    figure = plot.lisa_paths(found, regions=["Nevada", "Utah"])
    lines = {line.get_label(): line.get_xydata() for line in figure.axes[0].lines}
    path = found.path.xs("Utah", level=1)[["own", "neighbours"]].to_numpy()
    np.testing.assert_array_equal(lines["path Utah"], path)
    moves = next(c for c in figure.axes[0].collections if c.get_label() == "displacements").get_segments()
    ohio = moves[list(found.regions).index("Ohio")]
    np.testing.assert_array_equal(ohio, found.path.xs("Ohio", level=1)[["own", "neighbours"]].iloc[[0, -1]])
    longest = found.table["length"].idxmax()
    assert f"path {longest}" in {line.get_label() for line in plot.lisa_paths(found).axes[0].lines}
    with pytest.raises(OptionError, match="no region 'Paris' in the result"):
        plot.lisa_paths(found, regions="Paris")
