"""Shares of variance over the axes: statsmodels' ANOVA, brute force over all orders, cells by hand."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm

from spatialconv._core.dispersion.variance_shares import decompose
from tests.tolerances import ROUNDING

LEVELS = (3, 2, 4, 5)


def grid(seed: int, *, balanced: bool) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    cells = pd.DataFrame(list(product(*(range(k) for k in LEVELS))), columns=list("abcd"))
    mains = [rng.normal(size=k) for k in LEVELS]
    y = sum(effects[cells[axis]] for axis, effects in zip("abcd", mains, strict=True))
    y = y + 0.5 * rng.normal(size=(3, 2))[cells["a"], cells["b"]] + 0.3 * rng.normal(size=len(cells)) - 7.0
    cells = cells.assign(y=y)
    return cells if balanced else cells.sample(frac=0.6, random_state=seed).reset_index(drop=True)


def ours(cells: pd.DataFrame):
    return decompose(cells["y"].to_numpy(), cells[list("abcd")].to_numpy())


def r2(cells: pd.DataFrame, axes: tuple[str, ...]) -> float:
    X = np.column_stack([np.ones(len(cells)), *(pd.get_dummies(cells[a]).to_numpy(dtype=float) for a in axes)])
    y = cells["y"].to_numpy()
    fitted = X @ np.linalg.lstsq(X, y, rcond=None)[0]
    return float(((fitted - y.mean()) ** 2).sum() / ((y - y.mean()) ** 2).sum())


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_type_ii_is_that_of_statsmodels(balanced, seed):
    cells = grid(seed, balanced=balanced)
    table = anova_lm(smf.ols("y ~ C(a) + C(b) + C(c) + C(d)", cells).fit(), typ=2)
    total = ((cells["y"] - cells["y"].mean()) ** 2).sum()
    expected = table["sum_sq"].to_numpy()[:4] / total
    found = ours(cells)
    np.testing.assert_allclose(found.type_ii, expected, atol=ROUNDING)
    if balanced:
        # The classical decomposition, whatever the order.
        np.testing.assert_allclose(found.shapley, expected, atol=ROUNDING)


@pytest.mark.parametrize("balanced", [True, False])
def test_shapley_is_the_mean_over_all_orders(balanced):
    cells = grid(4, balanced=balanced)
    gains = np.zeros(4)
    for order in permutations("abcd"):
        before = 0.0
        for k, axis in enumerate(order):
            after = r2(cells, order[: k + 1])
            gains["abcd".index(axis)] += after - before
            before = after
    found = ours(cells)
    np.testing.assert_allclose(found.shapley, gains / 24, atol=ROUNDING)
    assert found.shapley.sum() == pytest.approx(found.additive, abs=ROUNDING)
    assert found.additive == pytest.approx(r2(cells, tuple("abcd")), abs=ROUNDING)


@pytest.mark.parametrize("balanced", [True, False])
def test_total_is_what_varies_within_the_cells_of_the_others(balanced):
    cells = grid(5, balanced=balanced)
    total = ((cells["y"] - cells["y"].mean()) ** 2).sum()
    expected = []
    for axis in "abcd":
        others = [a for a in "abcd" if a != axis]
        within = cells["y"] - cells.groupby(others)["y"].transform("mean")
        expected.append((within**2).sum() / total)
    np.testing.assert_allclose(ours(cells).total, expected, atol=ROUNDING)


def test_an_axis_that_moves_nothing_has_no_share_and_an_additive_one_no_more_than_its_own():
    cells = grid(6, balanced=True)
    cells["y"] = 2.0 * cells["a"] + cells["c"] ** 2
    found = ours(cells)
    assert found.shapley[1] == found.total[3] == 0.0
    np.testing.assert_allclose(found.total, found.shapley, atol=ROUNDING)
    assert found.additive == pytest.approx(1.0, abs=ROUNDING)


def test_a_figure_that_does_not_vary_has_no_shares():
    cells = grid(7, balanced=True).assign(y=0.1)
    assert np.isnan(ours(cells).shapley).all()


def test_axes_that_go_together_share_what_they_explain():
    codes = np.repeat(np.arange(3), 4)
    found = decompose(codes.astype(float), np.column_stack([codes, codes]))
    np.testing.assert_allclose(found.shapley, [0.5, 0.5], atol=ROUNDING)
    np.testing.assert_allclose(found.type_ii, [0.0, 0.0], atol=ROUNDING)


def test_one_axis():
    found = decompose(np.array([1.0, 2.0, 3.0, 6.0]), np.array([[0], [0], [1], [1]]))
    assert found.shapley[0] == pytest.approx(found.type_ii[0]) == pytest.approx(9 / 14)
    assert found.total[0] == pytest.approx(1.0)
