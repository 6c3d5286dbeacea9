"""Economic distance and its nesting with geography."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.errors import AlignmentError, MissingDataError, NotPositiveError, OptionError, VariableError
from tests.brute_weights import dense, links, row, squares
from tests.tolerances import EXACT

INCOME = pd.Series({"a": 10.0, "b": 12.0, "c": 20.0, "d": 55.0})

METRICS = {
    "absolute": lambda v, w: 1 / abs(v - w),
    "log": lambda v, w: 1 / abs(np.log(v / w)),
    "ratio": lambda v, w: min(v, w) / max(v, w),
    "size": lambda v, w: w / INCOME.mean(),
}


@pytest.mark.parametrize("metric", METRICS)
def test_metrics_are_their_formulas(metric):
    expected = np.array(
        [[0 if i == j else METRICS[metric](v, w) for j, w in INCOME.items()] for i, v in INCOME.items()]
    )
    found = sc.weights.economic(INCOME, metric=metric, standardise="none")
    np.testing.assert_allclose(dense(found), expected, rtol=EXACT)
    np.testing.assert_allclose(dense(sc.weights.economic(INCOME, metric=metric)), row(expected), rtol=EXACT)
    assert list(found.unique_ids) == list("abcd")
    # The order of the regions changes nothing.
    turned = sc.weights.economic(INCOME[::-1], metric=metric, standardise="none")
    np.testing.assert_allclose(dense(turned, "abcd"), expected, rtol=EXACT)


def test_a_panel_gives_the_average_of_its_periods():
    frame = pd.DataFrame({"r": list("aabbccdd"), "t": [0, 1] * 4, "y": [9.0, 11.0, 12.0, 12.0, 15.0, 25.0, 50.0, 60.0]})
    panel = sc.Panel(frame, region="r", period="t")
    found = sc.weights.economic(panel, variable="y")
    np.testing.assert_allclose(dense(found), dense(sc.weights.economic(INCOME)), rtol=EXACT)
    assert sc.weights.describe(found).built == "economic distance (absolute) in y, mean of 0 to 1"


def test_values_that_are_equal():
    values = pd.Series([1.0, 2.0, 1.0, 0.1 + 0.2, 0.3], index=list("abcde"), name="income")
    for metric in ("absolute", "log"):
        message = r"zero between regions of equal income: 2: \('a', 'c'\), \('d', 'e'\)\. Use metric='ratio'"
        with pytest.raises(OptionError, match=message):
            sc.weights.economic(values, metric=metric)
    assert sc.weights.economic(values, metric="ratio", standardise="none")["a"]["c"] == 1


ONE = sc.Panel(pd.DataFrame({"r": ["a"], "t": [1], "y": [2.0]}), region="r", period="t")


def series(*values):
    return pd.Series(values, index=list("abc")[: len(values)])


@pytest.mark.parametrize(
    ("values", "options", "error", "message"),
    [
        ([1, 2], {}, OptionError, "must be a Series indexed by region, or a Panel; got list"),
        (INCOME, {"variable": "y"}, OptionError, "already a Series"),
        (
            sc.Panel(pd.DataFrame({"r": ["a"], "t": [1], "y": [2.0]}), region="r", period="t"),
            {},
            OptionError,
            "variable=",
        ),
        (series("1", "2"), {}, VariableError, "economic weights need numbers"),
        (series(True, False), {}, VariableError, "has type bool"),
        (
            series(1.0, np.nan, np.inf),
            {},
            MissingDataError,
            "missing or infinite for 2: 'b', 'c'",
        ),
        (
            series(1.0, 0.0, -1.0),
            {"metric": "log"},
            NotPositiveError,
            "zero or negative for 2: 'b'",
        ),
        (INCOME, {"metric": "distance"}, OptionError, "metric must be one of 'absolute', 'log', 'ratio', 'size'"),
    ],
)
def test_economic_refuses(values, options, error, message):
    with pytest.raises(error, match=message):
        sc.weights.economic(values, **options)


# ---------------------------------------------------------------------- nested

GEO = sc.weights.adjacency(squares((0, 0, 1, 1), (1, 0, 2, 1), (2, 0, 3, 1), (9, 0, 10, 1)), standardise="none")


@pytest.mark.parametrize("how", ["row", "spectral", "none"])
def test_product_is_elementwise_by_label(how):
    G = dense(GEO)
    E = dense(sc.weights.economic(INCOME, standardise="none"))
    W = G * E
    expected = {"none": W, "row": row(W), "spectral": W / np.linalg.eigvalsh(W).max()}[how]
    # The economic weights come in another order, and extra care is not asked of the caller.
    economic = sc.weights.economic(INCOME[["d", "b", "a", "c"]], standardise="none")
    found = sc.weights.nested(GEO, economic, standardise=how)
    np.testing.assert_allclose(dense(found, "abcd"), expected, rtol=1e-11)
    assert list(found.unique_ids) == list("abcd")
    described = sc.weights.describe(found)
    assert described.built == "queen contiguity times economic distance (absolute) in the values given"
    assert described.islands == ("d",)


def test_row_standardised_product_forgets_how_its_factors_were_standardised():
    factors = [
        (sc.weights.standardise(GEO, a), sc.weights.economic(INCOME, standardise=b))
        for a in ("none", "row")
        for b in ("none", "row", "spectral")
    ]
    first, *others = (dense(sc.weights.nested(g, e)) for g, e in factors)
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-11)


def test_size_gives_the_matrix_of_applied_work():
    shares = np.diag(INCOME / INCOME.mean())
    found = sc.weights.nested(GEO, sc.weights.economic(INCOME, metric="size", standardise="none"), standardise="none")
    np.testing.assert_allclose(dense(found), dense(GEO) @ shares, rtol=EXACT)


def test_mix_is_a_weighted_sum():
    economic = sc.weights.economic(INCOME)
    found = sc.weights.nested(sc.weights.standardise(GEO), economic, how="mix", share=0.25, standardise="none")
    np.testing.assert_allclose(dense(found), 0.25 * row(dense(GEO)) + 0.75 * dense(economic), rtol=EXACT)
    assert links(found) == links(economic)
    with pytest.raises(OptionError, match="share must lie strictly between 0 and 1"):
        sc.weights.nested(GEO, economic, how="mix", share=1.0)


def test_nested_refuses_other_regions():
    fewer = sc.weights.economic(INCOME[["a", "b", "c"]])
    with pytest.raises(AlignmentError, match="regions of the geographic weights not in the economic weights: 'd'"):
        sc.weights.nested(GEO, fewer)
    with pytest.raises(AlignmentError, match="regions of the economic weights not in the geographic weights: 'd'"):
        sc.weights.nested(sc.weights.subset(GEO, list("abc")), sc.weights.economic(INCOME))
