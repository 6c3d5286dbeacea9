"""Panel: labels, gaps, logs, and one bad input a case."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import errors
from tests.terminal import plain_repr


def frame(**changes) -> pd.DataFrame:
    base = {
        "city": ["b", "b", "a", "a", "c", "c"],
        "year": [2001, 2000, 2000, 2001, 2000, 2001],
        "v": [2.0, 1.0, 3.0, 4.0, 5.0, 6.0],
    }
    return pd.DataFrame(base | changes)


def panel(data: pd.DataFrame | None = None) -> sc.Panel:
    return sc.Panel(frame() if data is None else data, region="city", period="year")


def test_values_are_periods_by_regions_whatever_the_order_of_rows():
    expected = np.array([[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]])
    np.testing.assert_array_equal(panel().values("v"), expected)
    for seed in range(5):
        shuffled = panel(frame().sample(frac=1, random_state=seed))
        np.testing.assert_array_equal(shuffled.values("v", regions=["b", "a", "c"]), expected)
    np.testing.assert_array_equal(panel().values("v", regions=["c", "b"]), expected[:, [2, 0]])
    np.testing.assert_array_equal(panel().values("v", periods=[2001]), expected[[1]])
    np.testing.assert_array_equal(panel().values("v", log=True), np.log(expected))


def test_index_levels_serve_as_columns():
    indexed = frame().set_index(["city", "year"])
    np.testing.assert_array_equal(panel(indexed).values("v"), panel().values("v"))
    assert panel(indexed).frame.equals(indexed)


def test_frame_comes_back_as_it_came_and_is_a_copy():
    data = frame()
    kept = data.copy(deep=True)
    p = panel(data)
    pd.testing.assert_frame_equal(p.frame, kept)
    taken = p.frame
    taken.loc[0, "v"] = -1
    data.loc[0, "v"] = -1
    pd.testing.assert_frame_equal(p.frame, kept)


def test_periods_are_sorted_and_regions_keep_their_first_appearance():
    p = panel()
    assert list(p.regions) == ["b", "a", "c"]
    assert list(p.periods) == [2000, 2001]
    assert (p.n_regions, p.n_periods, p.balanced, p.variables) == (3, 2, True, ("v",))


def test_subset_and_balance_record_what_they_leave_out():
    small = panel().subset(regions=["c", "a"], periods=[2001])
    np.testing.assert_array_equal(small.values("v", regions=["a", "c"]), [[4.0, 6.0]])
    assert "regions 'b' (2 of 3 kept)" in small.notes[0]
    assert "periods 2000 (1 of 2 kept)" in small.notes[1]
    gap = panel(frame(v=[2.0, np.nan, 3.0, 4.0, 5.0, 6.0]))
    assert list(gap.balance(variables="v").regions) == ["a", "c"]
    assert list(gap.balance(variables="v", drop="periods").periods) == [2001]
    assert "left out by panel.balance(): regions 'b'" in plain_repr(gap.balance(variables="v"))
    absent = panel(frame().drop(index=1))
    assert not absent.balanced
    assert "unbalanced: 1 of 6 rows absent" in plain_repr(absent)
    assert list(absent.balance().regions) == ["a", "c"]


@pytest.mark.parametrize("as_index", [False, True])
def test_subset_keeps_the_rows_that_pandas_would_keep(as_index):
    # Rows in any order, some absent, labels of two types of which some look alike in text.
    rng = np.random.default_rng(3)
    labels = np.array([1, "1", "b", 2.5, "a", 7], dtype=object)
    whole = pd.DataFrame(
        {"city": np.tile(labels, 5), "year": np.repeat(np.arange(2000, 2005), 6), "v": np.arange(30.0)}
    )
    # Cells are numbered by period; "1" and 7 are complete.
    part = whole.iloc[[k for k in rng.permutation(30) if k not in (2, 6, 16, 20, 28)]]
    kept, years = ["1", 2.5, 7, "a"], [2003, 2000, 2001]
    expected = part[part["city"].isin(kept) & part["year"].isin(years)]
    keys = ["city", "year"] if as_index else []
    given = part.set_index(keys) if keys else part
    small = sc.Panel(given, region="city", period="year").subset(regions=kept, periods=years)
    pd.testing.assert_frame_equal(small.frame, expected.set_index(keys) if keys else expected)
    assert list(small.periods) == [2000, 2001, 2003]
    assert list(small.regions) == list(pd.unique(expected["city"]))
    full = sc.Panel(given, region="city", period="year").balance()
    complete = part.groupby("city", sort=False)["v"].transform("size") == 5
    assert list(full.regions) == list(pd.unique(part.loc[complete, "city"]))
    assert 0 < full.n_regions < 6


def test_wide_keeps_gaps_as_nan():
    wide = panel(frame().drop(index=1)).wide("v")
    assert np.isnan(wide.loc[2000, "b"])
    assert wide.loc[2001, "b"] == 2.0


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["10", "9", "100"], ["9", "10", "100"]),
        (["-1", "1", "0", "-10"], ["-10", "-1", "0", "1"]),
        (["2016.5", "2016.25", "2017"], ["2016.25", "2016.5", "2017"]),
        (["2010-Q10", "2010-Q4", "2009-Q11"], ["2009-Q11", "2010-Q4", "2010-Q10"]),
        (["wave 2", "wave 10", "base"], ["base", "wave 2", "wave 10"]),
        (["2016-01-02", "2015-12-31"], ["2015-12-31", "2016-01-02"]),
        (["01", "1", "0"], ["0", "01", "1"]),
    ],
)
def test_text_periods_are_sorted_by_the_numbers_in_them(labels, expected):
    data = pd.DataFrame({"city": "a", "year": labels, "v": np.arange(len(labels))})
    p = sc.Panel(data, region="city", period="year")
    assert list(p.periods) == expected
    np.testing.assert_array_equal(p.values("v")[:, 0], [labels.index(label) for label in expected])


def test_ordered_categories_keep_their_order():
    stages = pd.CategoricalDtype(["before", "during", "after", "never seen"], ordered=True)
    data = pd.DataFrame({"city": "a", "stage": ["after", "before", "during"], "v": [3.0, 1.0, 2.0]})
    p = sc.Panel(data.astype({"stage": stages}), region="city", period="stage")
    assert list(p.periods) == ["before", "during", "after"]
    np.testing.assert_array_equal(p.values("v")[:, 0], [1, 2, 3])
    assert list(p.subset(periods=["after", "during"]).periods) == ["during", "after"]
    # As text, after came before before.
    with pytest.raises(errors.DataError, match="are words, which do not say what comes first"):
        sc.Panel(data, region="city", period="stage")


def test_assign_adds_a_column_and_keeps_notes():
    p = panel().subset(regions=["a", "b"]).assign(half=lambda f: f["v"] / 2)
    np.testing.assert_array_equal(p.values("half"), p.values("v") / 2)
    assert "left out by panel.subset(): regions 'c'" in p.notes[0]


BAD_FRAMES = {
    "duplicated key": (
        lambda: pd.concat([frame(), frame().iloc[[0]]]),
        errors.DuplicateKeyError,
        r"2 rows share their 'city' and 'year'.*\('b', 2001\).*aggregate",
    ),
    "missing label": (
        lambda: frame(city=["b", None, "a", "a", "c", "c"]),
        errors.MissingDataError,
        "1 rows have no label",
    ),
    "no such column": (
        lambda: frame().rename(columns={"city": "town"}),
        errors.VariableError,
        "no column 'city'.*'town'",
    ),
    "empty": (lambda: frame().iloc[:0], errors.DataError, "the frame is empty"),
    "not a frame": (lambda: {"city": [1]}, errors.DataError, "needs a pandas DataFrame.*got dict"),
    "periods of two kinds": (
        lambda: frame(year=pd.Series([2001, "x", 2000, 2001, 2000, 2001], dtype=object)),
        errors.DataError,
        "cannot be ordered: they mix int, str",
    ),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_bad_frame(name):
    make, error, message = BAD_FRAMES[name]
    with pytest.raises(error, match=message):
        panel(make())


BAD_VALUES = {
    "missing cell": (
        {"v": [2.0, np.nan, 3.0, 4.0, 5.0, 6.0]},
        {},
        errors.MissingDataError,
        r"missing in \('b', 2000\)",
    ),
    "infinite": ({"v": [2.0, np.inf, 3.0, 4.0, 5.0, 6.0]}, {}, errors.MissingDataError, r"infinite in \('b', 2000\)"),
    "text": (
        {"v": ["2", "x", "3", "4", "5", "6"]},
        {},
        errors.VariableError,
        r"must be numeric.*6: \('b', 2001, '2'\).*to_numeric",
    ),
    "dates": (
        {"v": pd.date_range("2000", periods=6)},
        {},
        errors.VariableError,
        "must be numeric; its type is datetime",
    ),
    "zero before a log": (
        {"v": [2.0, 0.0, 3.0, 4.0, 5.0, 6.0]},
        {"log": True},
        errors.NotPositiveError,
        "zero: 1, negative: 0",
    ),
    "negative before a log": (
        {"v": [2.0, -1.0, 3.0, 4.0, 5.0, 6.0]},
        {"log": True},
        errors.NotPositiveError,
        r"zero: 0, negative: 1, in \('b', 2000\)",
    ),
}


@pytest.mark.parametrize("name", BAD_VALUES)
def test_bad_values(name):
    changes, options, error, message = BAD_VALUES[name]
    with pytest.raises(error, match=message):
        panel(frame(**changes)).values("v", **options)


def test_absent_row_names_the_cell_and_the_remedy():
    with pytest.raises(errors.UnbalancedPanelError, match=r"\('b', 2000\).*unbalanced: 1 rows absent.*panel\.balance"):
        panel(frame().drop(index=1)).values("v")


def test_unknown_labels_and_variables():
    with pytest.raises(errors.OptionError, match="unknown region 'z'"):
        panel().subset(regions=["z"])
    with pytest.raises(errors.OptionError, match=r"unknown period '2000'.*in type too"):
        panel().subset(periods=["2000"])
    with pytest.raises(errors.VariableError, match="no variable 'w' in the panel; it has 'v'"):
        panel().values("w")
    with pytest.raises(errors.DataError, match="leaves no regions"):
        panel(frame(v=np.nan)).balance(variables="v")


def test_nullable_and_boolean_columns_are_numbers():
    data = frame(v=pd.array([2, None, 3, 4, 5, 6], dtype="Int64"), w=[True, False] * 3)
    p = panel(data)
    assert np.isnan(p.values("v", missing="keep")[0, 0])
    np.testing.assert_array_equal(p.values("w")[0], [0.0, 1.0, 1.0])
