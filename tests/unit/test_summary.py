"""Spans, growth rates and descriptive statistics."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spatialconv.errors import DataError, MissingDataError, NotPositiveError, OptionError, UnbalancedPanelError
from spatialconv.panel import Panel
from spatialconv.summary import growth_arrays, spans
from tests.tolerances import EXACT


def make(periods, n=3, **columns):
    periods = list(periods)
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(
        [(f"r{i}", t) for i in range(n) for t in periods],
        columns=["city", "year"],
    )
    frame["v"] = np.exp(rng.normal(size=len(frame)))
    return Panel(frame.assign(**columns), region="city", period="year")


def pairs(panel, *args, **kwargs):
    s = spans(panel, *args, **kwargs)
    return [(panel.periods[a], panel.periods[b]) for a, b in zip(s.start, s.end, strict=True)]


class TestSpans:
    def test_years_follow_one_another(self):
        s = spans(make(range(2016, 2021)))
        assert list(s.start) == [0, 1, 2, 3]
        assert list(s.end) == [1, 2, 3, 4]
        assert list(s.labels) == [2017, 2018, 2019, 2020]
        assert list(s.names) == ["2016-17", "2017-18", "2018-19", "2019-20"]
        assert s.length.tolist() == [1.0] * 4
        assert (s.notes, s.by_position, len(s)) == ((), False, 4)

    def test_not_overlapping_is_anchored_at_the_first_period(self):
        panel = make(range(2000, 2006))
        assert pairs(panel, 2) == [(2000, 2002), (2002, 2004)]
        assert spans(panel, 2).notes == ("periods that no span covers: 2005",)
        assert spans(panel, 2).length.tolist() == [2.0, 2.0]

    def test_overlapping_takes_every_pair(self):
        panel = make(range(2000, 2006))
        assert pairs(panel, 2, overlapping=True) == [(2000, 2002), (2001, 2003), (2002, 2004), (2003, 2005)]
        assert spans(panel, 2, overlapping=True).notes == ()

    def test_a_gap_in_the_years_is_seen(self):
        panel = make([2016, 2017, 2019, 2020])
        assert pairs(panel) == [(2016, 2017), (2019, 2020)]
        assert spans(panel).notes == ("periods are not evenly spaced: wider gaps at '2017-19'",)
        assert pairs(panel, 3, overlapping=True) == [(2016, 2019), (2017, 2020)]

    def test_a_gap_does_not_end_the_chain(self):
        panel = make([2016, 2018, 2019, 2021, 2022])
        assert pairs(panel, 2) == [(2016, 2018), (2019, 2021)]
        assert "periods that no span covers: 2022" in spans(panel, 2).notes

    def test_decades(self):
        panel = make([1950, 1960, 1970])
        assert pairs(panel, 10) == [(1950, 1960), (1960, 1970)]
        assert spans(panel, 10).length.tolist() == [10.0, 10.0]
        with pytest.raises(OptionError, match="no period lies 1 before another; periods are 10 apart: use horizon=10"):
            spans(panel)

    def test_horizon_longer_than_the_panel(self):
        with pytest.raises(
            OptionError, match=r"no period lies 9 before another; the panel spans 4 .* 1, 2, 3, 4 apart"
        ):
            spans(make(range(2016, 2021)), 9)

    def test_float_years_are_years(self):
        panel = make([2016.0, 2017.0, 2019.0])
        assert pairs(panel) == [(2016, 2017)]
        assert list(spans(panel).names) == ["2016-17"]

    @pytest.mark.parametrize(
        "periods",
        [
            ["1st", "2nd", "3rd"],
            [2016.25, 2016.5, 2017.75],
            list(pd.to_datetime(["2016-01-01", "2017-01-01", "2030-01-01"])),
        ],
        ids=["words", "fractions", "dates"],
    )
    def test_other_periods_count_by_position(self, periods):
        s = spans(make(periods))
        assert (list(s.start), list(s.end), s.length.tolist()) == ([0, 1], [1, 2], [1.0, 1.0])
        assert s.by_position
        assert "counts positions" in s.notes[0]

    @pytest.mark.parametrize(
        ("periods", "name"),
        [
            ([1999, 2000], "1999-2000"),
            ([1, 2], "1-2"),
            ([-1, 0], "-1 to 0"),
            (["a", "b"], "a to b"),
            ([2009, 2010], "2009-10"),
        ],
    )
    def test_names(self, periods, name):
        assert list(spans(make(periods)).names) == [name]

    def test_one_period(self):
        with pytest.raises(DataError, match="needs two periods or more; the panel has one, 2016"):
            spans(make([2016]))

    @pytest.mark.parametrize("horizon", [0, -1, 1.5, True, "1"])
    def test_horizon_is_a_positive_whole_number(self, horizon):
        with pytest.raises(OptionError, match="horizon must be a whole number of at least 1"):
            spans(make([1, 2]), horizon)


class TestGrowthArrays:
    def test_formula_cell_by_cell(self):
        panel = make(range(2000, 2006))
        y, x = growth_arrays(panel, "v", spans(panel, 2))
        wide = panel.frame.pivot(index="year", columns="city", values="v")[list(panel.regions)]
        for k, (a, b) in enumerate([(2000, 2002), (2002, 2004)]):
            for i in range(3):
                assert y[k, i] == pytest.approx(np.log(wide.loc[b].iloc[i] / wide.loc[a].iloc[i]) / 2, abs=EXACT)
                assert x[k, i] == pytest.approx(np.log(wide.loc[a].iloc[i]), abs=EXACT)
        assert y.shape == x.shape == (2, 3)

    def test_levels_come_back_from_growth(self):
        panel = make(range(2000, 2009))
        y, x = growth_arrays(panel, "v", spans(panel, 4))
        np.testing.assert_allclose(x[0] + 4 * y.sum(axis=0), panel.values("v", log=True)[8], rtol=0, atol=EXACT)

    def test_only_used_periods_must_be_there(self):
        panel = make(range(2000, 2006))
        frame = panel.frame
        frame.loc[frame.year == 2001, "v"] = -1.0
        frame.loc[frame.year == 2005, "v"] = np.nan
        holes = Panel(frame, region="city", period="year")
        full, _ = growth_arrays(panel, "v", spans(panel, 2))
        same, _ = growth_arrays(holes, "v", spans(holes, 2))
        np.testing.assert_array_equal(same, full)

    @pytest.mark.parametrize(
        ("value", "error", "message"),
        [
            (np.nan, MissingDataError, "is missing in"),
            (0.0, NotPositiveError, "1 are zero"),
            (np.inf, MissingDataError, "infinite"),
        ],
    )
    def test_bad_values(self, value, error, message):
        frame = make(range(2000, 2006)).frame
        frame.loc[frame.index[2], "v"] = value
        panel = Panel(frame, region="city", period="year")
        with pytest.raises(error, match=message):
            growth_arrays(panel, "v", spans(panel))

    def test_unbalanced(self):
        panel = Panel(make(range(2000, 2006)).frame.drop(index=4), region="city", period="year")
        with pytest.raises(UnbalancedPanelError, match="'r0', 2004"):
            growth_arrays(panel, "v", spans(panel))
