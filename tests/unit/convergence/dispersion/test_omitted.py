"""Decompositions of the regions that are there: each period is that of a panel of these regions alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.errors import DataError, MissingDataError, OptionError

REGIONS = [f"r{i:02d}" for i in range(14)]
GROUP = {region: "abc"[i % 3] if i < 12 else "late" for i, region in enumerate(REGIONS)}
ZONE = {region: "north" if group in "ab" else "south" for region, group in GROUP.items()}


@pytest.fixture(scope="module")
def gaps():
    """Fourteen regions, five years: single cells are absent, and the group `late` in the first two years."""
    rng = np.random.default_rng(3)
    rows = [(r, t, GROUP[r], ZONE[r]) for r in REGIONS for t in range(2001, 2006)]
    frame = pd.DataFrame(rows, columns=["region", "year", "group", "zone"])
    frame = frame.assign(y=rng.lognormal(0, 0.7, len(frame)), people=rng.integers(1, 9, len(frame)).astype(float))
    frame.loc[(frame["group"] == "late") & (frame["year"] < 2003), "y"] = np.nan
    frame.loc[[7, 33], "y"] = np.nan
    frame.loc[[18], "people"] = np.nan
    return sc.Panel(frame, region="region", period="year")


@pytest.fixture(scope="module")
def ring():
    links = np.roll(np.eye(14), 1, axis=1) + np.roll(np.eye(14), 3, axis=1)
    return sc.weights.from_matrix(links, regions=REGIONS)


def alone(panel, period, needed):
    """The panel of a period with the regions that have all that is needed, by pandas."""
    frame = panel.frame[panel.frame["year"] == period].dropna(subset=needed)
    return sc.Panel(frame, region="region", period="year")


CASES = {
    "theil": (sc.theil, {"groups": "group"}, ("table", "by_group")),
    "theil l, nested, people": (
        sc.theil,
        {"groups": ["zone", "group"], "measure": "l", "population": "people"},
        ("table", "by_group"),
    ),
    "dagum": (sc.dagum, {"groups": "group"}, ("table", "by_group", "pairs")),
    "dagum, people": (sc.dagum, {"groups": "group", "population": "people"}, ("table", "by_group", "pairs")),
}


@pytest.mark.parametrize("case", CASES)
def test_each_period_is_that_of_the_regions_there(gaps, case):
    call, options, tables = CASES[case]
    with pytest.raises(MissingDataError):
        call(gaps, "y", **options)
    found = call(gaps, "y", missing="omit", **options)
    needed = ["y", *([options["population"]] if "population" in options else [])]
    assert list(found.table.index) == list(gaps.periods)
    for period in gaps.periods:
        there = alone(gaps, period, needed)
        wanted = call(there, "y", **options)
        assert found.table.at[period, "n"] == there.n_regions
        for name in tables:
            mine = getattr(found, name).loc[[period]]
            mine = mine.drop(columns="n") if name == "table" else mine
            pd.testing.assert_frame_equal(mine, getattr(wanted, name), check_names=False, check_index_type=False)
    assert found.provenance.options["missing"] == "omit"
    assert any("absent:" in note and "n = " in note for note in found.notes)
    with pytest.raises(OptionError, match=r"whole history; with missing='omit'"):
        found.bootstrap(draws=99)
    assert len(found.tidy()) % 5 == 0
    assert len(found.glance()) == 1
    assert str(found)


def test_groups_by_region_serve_as_a_column_does(gaps):
    by_column = sc.dagum(gaps, "y", groups="group", missing="omit")
    by_mapping = sc.dagum(gaps, "y", groups=pd.Series(GROUP, name="group"), missing="omit")
    pd.testing.assert_frame_equal(by_column.table, by_mapping.table)
    assert list(by_column.groups) == ["a", "b", "c", "late"]
    assert by_column.matrix(2001).loc["late"].isna().all()
    assert np.isfinite(by_column.matrix(2005).loc["late", "a"])


def test_spatial_gini_of_the_regions_there(gaps, ring):
    found = sc.spatial_gini(gaps, "y", ring, missing="omit", permutations=999, seed=1)
    dense = pd.DataFrame(ring.sparse.toarray(), ring.unique_ids, ring.unique_ids)
    for period in gaps.periods:
        y = alone(gaps, period, ["y"]).frame.set_index("region")["y"]
        b = (dense.loc[y.index, y.index] > 0).to_numpy()
        apart = np.abs(y.to_numpy()[:, None] - y.to_numpy())
        level = 2 * len(y) ** 2 * y.mean()
        row = found.table.loc[period]
        assert row["n"] == len(y)
        np.testing.assert_allclose([row["gini"], row["neighbour"]], [apart.sum() / level, (apart * b).sum() / level])
        assert row["expected_share"] == pytest.approx(b.sum() / (len(y) * (len(y) - 1)))
        assert 0 < row["p"] <= 1
    again = sc.spatial_gini(gaps, "y", ring, missing="omit", permutations=999, seed=1)
    assert again.table.equals(found.table)
    assert found.provenance.seed == 1


def test_a_complete_panel_is_as_without(zj, w):
    area = zj.cities["area"]
    pd.testing.assert_frame_equal(
        sc.theil(zj.panel, "exports", groups=area, missing="omit").table,
        sc.theil(zj.panel, "exports", groups=area).table,
    )
    sc.dagum(zj.panel, "exports", groups=area, missing="omit").bootstrap(draws=99, seed=1, progress=False)
    plain, omitted = (sc.spatial_gini(zj.panel, "exports", sc.weights.knn(zj.cities, k=2), seed=5, **options)
                      for options in ({}, {"missing": "omit"}))  # fmt: skip
    pd.testing.assert_frame_equal(plain.table, omitted.table)


def test_periods_with_too_few_are_named(gaps):
    frame = gaps.frame.copy()
    frame.loc[(frame["year"] == 2004) & (frame["region"] != "r00"), "y"] = np.nan
    thin = sc.Panel(frame, region="region", period="year")
    found = sc.theil(thin, "y", groups="group", missing="omit")
    assert 2004 not in found.table.index
    assert any(note.startswith("no figure in period 2004:") for note in found.notes)
    only = sc.Panel(frame[frame["year"] == 2004], region="region", period="year")
    with pytest.raises(DataError, match="no period has regions enough"):
        sc.theil(only, "y", groups="group", missing="omit")


def test_figures_of_groups_that_come_late(gaps):
    assert sc.plot.dagum(sc.dagum(gaps, "y", groups="group", missing="omit")).axes
    assert sc.plot.theil(sc.theil(gaps, "y", groups="group", missing="omit")).axes
