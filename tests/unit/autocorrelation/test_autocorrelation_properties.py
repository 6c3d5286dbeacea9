"""What must hold of any data and any weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import spatialconv as sc
from tests import brute_association as brute
from tests.tolerances import REFERENCE

FEW = settings(max_examples=20, deadline=None, derandomize=True)


@st.composite
def cases(draw, positive=False):
    """Whole numbers of two periods, and links of random weights; islands happen."""
    n = draw(st.integers(5, 9))
    low = 1 if positive else -60
    y = draw(arrays.arrays(np.int64, (2, n), elements=st.integers(low, 60))).astype(float)
    assume((y.std(axis=1) > 0.4).all())
    links = draw(arrays.arrays(np.bool_, (n, n)))
    weight = draw(arrays.arrays(np.int64, (n, n), elements=st.integers(1, 4)))
    W = np.where(links, weight, 0).astype(float)
    np.fill_diagonal(W, 0)
    assume(W.sum() > 0)
    return y, W


def run(function, y, W, order=None, **options):
    labels = np.array([f"r{i}" for i in range(y.shape[1])])
    order = np.arange(y.shape[1]) if order is None else order
    panel = brute.panel(y[:, order], labels[order])
    # The weights stay in the order of the labels: only labels can bring the two together.
    table = function(panel, "y", brute.graph(W, labels), **options).table
    return table if table.index.nlevels == 1 else table.unstack(level=1).reindex(columns=labels, level=1)


def close(one, other, columns):
    for column in columns:
        a, b = (t[column].astype(float).to_numpy() for t in (one, other))
        np.testing.assert_allclose(a, b, rtol=REFERENCE, atol=REFERENCE, err_msg=column)


@FEW
@given(cases(positive=True), st.randoms(use_true_random=False))
def test_relabelling_moves_results_with_their_regions(case, random):
    y, W = case
    order = list(range(y.shape[1]))
    random.shuffle(order)
    for function in (sc.moran, sc.geary, sc.general_g, sc.local_moran, sc.hot_spots):
        one, other = run(function, y, W), run(function, y, W, np.array(order))
        pd.testing.assert_frame_equal(one, other, check_exact=True)


@FEW
@given(cases(), st.integers(-5000, 5000), st.sampled_from([0.001, 0.5, 3.0, 1e6]))
def test_neither_origin_nor_unit_matters(case, shift, unit):
    y, W = case
    for function in (sc.moran, sc.geary):
        close(run(function, y, W), run(function, unit * (y + shift), W), ["z", "p"])
    for star in (True, False):
        one, other = (run(sc.hot_spots, v, W, star=star) for v in (y, unit * (y + shift)))
        close(one, other, ["z", "p", "q"])
    one, other = (run(sc.local_moran, v, W) for v in (y, unit * (y + shift)))
    close(one, other, ["I", "p", "q"])


@FEW
@given(cases())
def test_turning_the_sign_turns_gi_and_leaves_moran(case):
    y, W = case
    for star in (True, False):
        one, other = (run(sc.hot_spots, v, W, star=star) for v in (y, -y))
        close(-one[["z"]], other, ["z"])
        close(-one[["confidence"]], other, ["confidence"])
    close(run(sc.moran, y, W), run(sc.moran, -y, W), ["I", "z", "p"])
    close(run(sc.geary, y, W), run(sc.geary, -y, W), ["C", "z", "p"])
    close(run(sc.local_moran, y, W), run(sc.local_moran, -y, W), ["I", "p"])


@FEW
@given(cases(), st.sampled_from(["link", 0, 0.5, 2]))
def test_the_scale_of_a_row_does_not_matter_to_gi(case, self_weight):
    y, W = case
    scaled = W * np.linspace(0.2, 7, len(W))[:, None]
    for other in (brute.row_standardised(W), scaled):
        for star in (True, False):
            one, two = (run(sc.hot_spots, y, V, star=star, self_weight=self_weight) for V in (W, other))
            close(one, two, ["z", "p", "q"])


@FEW
@given(cases(positive=True), st.sampled_from([0.001, 3.0, 1e6]))
def test_general_g_has_no_unit_but_an_origin(case, unit):
    y, W = case
    close(run(sc.general_g, y, W), run(sc.general_g, unit * y, W), ["G", "z", "p"])


@FEW
@given(cases())
def test_p_and_q_are_shares_and_q_is_no_smaller(case):
    y, W = case
    for options in ({}, {"permutations": 19, "seed": 0}):
        for function in (sc.local_moran, sc.hot_spots):
            table = run(function, y, W, **options)
            p, q = (table[c].to_numpy(float) for c in ("p", "q"))
            known = ~np.isnan(p)
            assert (np.isnan(q) == ~known).all()
            assert ((p[known] > 0) & (p[known] <= 1)).all()
            assert (q[known] >= p[known] - REFERENCE).all()
