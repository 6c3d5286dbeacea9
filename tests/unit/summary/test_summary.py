"""Spans, growth rates and descriptive statistics."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.errors import (
    DataError,
    MissingDataError,
    NotPositiveError,
    OptionError,
    UnbalancedPanelError,
    VariableError,
)
from spatialconv.panel import Panel
from spatialconv.summary import growth_arrays, spans
from tests.terminal import plain_repr
from tests.tolerances import EXACT, PRINTED_THREE, PRINTED_TWICE, ROUNDING


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
        with pytest.raises(
            OptionError, match="no period lies 1 before another; periods are 10 apart: use a horizon of 10"
        ):
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

    def test_years_in_text_are_years(self):
        s = spans(make(["10", "9", "12"]))
        assert (list(s.start), list(s.end), s.length.tolist()) == ([0], [1], [1.0])
        assert not s.by_position
        assert s.notes == (
            "periods are not evenly spaced: wider gaps at '10 to 12'",
            "periods that no span covers: '12'",
        )

    def test_two_labels_of_one_number_count_by_position(self):
        assert spans(make(["1", "01", "2"])).by_position

    @pytest.mark.parametrize(
        "periods",
        [
            ["1st", "2nd", "3rd"],
            [2016.25, 2016.5, 2017.75],
        ],
        ids=["words", "fractions"],
    )
    def test_other_periods_count_by_position(self, periods):
        s = spans(make(periods))
        assert (list(s.start), list(s.end), s.length.tolist()) == ([0, 1], [1, 2], [1.0, 1.0])
        assert s.by_position
        assert "counts positions" in s.notes[0]

    def test_dates_show_their_gaps(self):
        s = spans(make(list(pd.to_datetime(["2016-01-01", "2017-01-01", "2030-01-01"]))))
        assert (list(s.start), list(s.end), s.length.tolist()) == ([0], [1], [1.0])
        assert not s.by_position

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
            (0.0, NotPositiveError, "zero: 1"),
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


# ---------------------------------------------------------------------- growth


@pytest.fixture(scope="module")
def zhejiang():
    return sc.datasets.zhejiang()


class TestPublished:
    def test_table_1_all_rates(self, zhejiang):
        printed = pd.DataFrame(zhejiang.published["tab1_growth_percent"]).T
        ours = sc.growth(zhejiang.panel, "exports").rates.loc[printed.index, printed.columns]
        assert printed.shape == (11, 4)
        np.testing.assert_array_equal(ours.round(2), printed)

    def test_table_1_averages(self, zhejiang):
        printed = pd.Series(zhejiang.published["tab1_average_growth_percent"])
        ours = sc.growth(zhejiang.panel, "exports").average[printed.index]
        assert len(printed) == 11
        np.testing.assert_allclose(ours, printed, rtol=0, atol=PRINTED_TWICE)

    def test_table_4(self, zhejiang):
        printed = zhejiang.published["tab4_descriptives"]
        keys = ["n", "mean", "std", "min", "max"]
        y = sc.growth(zhejiang.panel, "exports", log=True).glance().loc[0, keys].astype(float)
        np.testing.assert_array_equal(y.round(4), [printed["y"][k] for k in keys])
        initial = zhejiang.panel.subset(periods=[2016, 2017, 2018, 2019])
        level = sc.descriptives(initial, "exports", log="exports").table.loc["ln exports", keys].astype(float)
        np.testing.assert_array_equal(level.round(4), [printed["lnretail"][k] for k in keys])
        current = zhejiang.panel.subset(periods=[2017, 2018, 2019, 2020])
        digital = sc.descriptives(current, "digital").table.loc["digital", keys].astype(float)
        np.testing.assert_allclose(digital, [printed["digital"][k] for k in keys], rtol=0, atol=PRINTED_THREE)

    def test_growth_is_the_y_of_beta(self, zhejiang):
        y, _ = growth_arrays(zhejiang.panel, "exports", spans(zhejiang.panel))
        rates = sc.growth(zhejiang.panel, "exports", log=True).rates
        np.testing.assert_allclose(rates.to_numpy().T, y, rtol=0, atol=EXACT)

    def test_repr(self, zhejiang):
        lines = plain_repr(sc.growth(zhejiang.panel, "exports")).splitlines()
        assert lines == [
            "Growth of exports: 11 regions x 4 spans, 2016-17 to 2019-20; percent",
            "  mean 45.56; lowest -59.02 (Huzhou, 2016-17), highest 425.20 (Jiaxing, 2016-17)",
            "  averages from 23.17 (Huzhou) to 139.27 (Jiaxing)",
            "  note: averages of percentages are arithmetic and lie above the compound rate (.compound), most for "
            "Jiaxing: 139.27 against 97.74",
        ]


class TestGrowth:
    def test_against_pandas(self):
        panel = make(range(2000, 2006))
        wide = panel.wide("v")
        for log, expected in ((False, 100 * wide.pct_change()), (True, np.log(wide).diff())):
            ours = sc.growth(panel, "v", log=log)
            np.testing.assert_allclose(ours.rates.T, expected.iloc[1:], rtol=ROUNDING)
            np.testing.assert_allclose(ours.average, expected.iloc[1:].mean(), rtol=ROUNDING)
        assert list(ours.rates.columns) == ["2000-01", "2001-02", "2002-03", "2003-04", "2004-05"]

    def test_longer_spans(self):
        panel = make(range(2000, 2005))
        v = panel.values("v")
        per_year, whole = (sc.growth(panel, "v", horizon=2, per_period=p).rates for p in (True, False))
        np.testing.assert_allclose(whole["2002-04"], 100 * (v[4] / v[2] - 1), rtol=ROUNDING)
        np.testing.assert_allclose(per_year["2002-04"], 100 * (np.sqrt(v[4] / v[2]) - 1), rtol=ROUNDING)
        np.testing.assert_allclose(100 * ((1 + per_year / 100) ** 2 - 1), whole, rtol=ROUNDING)
        log_year, log_whole = (sc.growth(panel, "v", horizon=2, log=True, per_period=p).rates for p in (True, False))
        np.testing.assert_allclose(2 * log_year, log_whole, rtol=ROUNDING)
        np.testing.assert_allclose(log_whole["2000-02"], np.log(v[2] / v[0]), rtol=ROUNDING)

    @pytest.mark.parametrize("options", [{}, {"horizon": 2}, {"horizon": 2, "overlapping": True}])
    def test_compound_leads_from_first_to_last(self, options):
        panel = make(range(2000, 2005))
        v = panel.values("v")
        compound = sc.growth(panel, "v", **options).compound
        np.testing.assert_allclose(v[0] * (1 + compound / 100) ** 4, v[4], rtol=ROUNDING)
        logs = sc.growth(panel, "v", log=True, **options)
        np.testing.assert_allclose(v[0] * np.exp(4 * logs.compound), v[4], rtol=ROUNDING)

    def test_compound_counts_a_gap_as_the_years_it_is(self):
        panel = make([2000, 2001, 2004, 2005])
        v = panel.values("v")
        np.testing.assert_allclose(v[0] * (1 + sc.growth(panel, "v").compound / 100) ** 5, v[3], rtol=ROUNDING)

    def test_average_of_logs_is_compound(self):
        result = sc.growth(make(range(2000, 2005)), "v", log=True)
        np.testing.assert_allclose(result.average, result.compound, rtol=0, atol=EXACT)
        assert result.notes == ()

    def test_table_and_average(self):
        panel = make(range(2000, 2003))
        assert list(sc.growth(panel, "v").table.columns) == ["2000-01", "2001-02", "average"]
        without = sc.growth(panel, "v", average=False)
        assert without.average is None
        assert list(without.table.columns) == ["2000-01", "2001-02"]
        assert list(without.table.index) == ["r0", "r1", "r2"]

    def test_missing_levels_are_missing_rates_and_said(self):
        frame = make(range(2000, 2004)).frame
        frame.loc[1, "v"] = np.nan
        result = sc.growth(Panel(frame.drop(index=7), region="city", period="year"), "v")
        assert result.rates.isna().to_numpy().tolist() == [[True, True, False], [False, False, True], [False] * 3]
        assert result.notes[0] == (
            "rates are undefined where a level is missing: 3: ('r0', '2000-01'), ('r0', '2001-02'), ('r1', '2002-03')"
        )
        assert result.notes[1] == "averages are over the rates that are defined"
        assert result.average["r0"] == pytest.approx(result.rates.loc["r0", "2002-03"])

    def test_percent_of_nothing_is_undefined(self):
        frame = make(range(2000, 2003)).frame
        frame.loc[0, "v"], frame.loc[3 + 2, "v"], frame.loc[6, "v"] = 0.0, 0.0, -1.0
        result = sc.growth(Panel(frame, region="city", period="year"), "v")
        assert result.rates.loc["r1", "2001-02"] == -100.0
        assert result.rates.isna().sum().sum() == 2
        assert "a level is negative or starts at zero: 2: ('r0', '2000-01'), ('r2', '2000-01')" in result.notes[0]
        assert np.isnan(result.compound[["r0", "r2"]]).all()

    def test_log_of_zero(self):
        frame = make(range(2000, 2003)).frame
        frame.loc[0, "v"] = 0.0
        with pytest.raises(NotPositiveError, match="zero: 1"):
            sc.growth(Panel(frame, region="city", period="year"), "v", log=True)

    def test_nothing_defined(self):
        panel = make([2000, 2001], v=-1.0)
        assert "no rate is defined" in repr(sc.growth(panel, "v"))

    def test_notes_of_spans_and_panel_come_along(self):
        panel = make(range(2000, 2006)).subset(regions=["r0", "r1"])
        notes = sc.growth(panel, "v", horizon=2).notes
        assert "left out by panel.subset()" in notes[0]
        assert "no span covers: 2005" in notes[1]

    def test_views(self):
        result = sc.growth(make(range(2000, 2003)), "v")
        tidy = result.tidy()
        assert list(tidy.columns) == ["term", "span", "estimate"]
        assert tidy.set_index(["term", "span"])["estimate"]["r2", "2001-02"] == result.rates.loc["r2", "2001-02"]
        assert len(tidy) == result.glance().loc[0, "n"] == 6
        assert json.loads(json.dumps(result.to_dict()))["glance"]["unit"] == "percent"
        assert "average" in result._repr_html_()


# ---------------------------------------------------------------------- descriptive statistics


class TestDescriptives:
    def test_against_pandas(self):
        panel = make(range(2000, 2006), w=np.linspace(-3, 5, 18))
        ours = sc.descriptives(panel).table
        theirs = panel.frame[["v", "w"]].agg(["count", "mean", "std", "min", "max", "median"]).T
        assert list(ours.columns) == ["n", "mean", "std", "min", "max", "median", "missing"]
        assert list(ours.index) == ["v", "w"]
        np.testing.assert_allclose(ours.iloc[:, :6], theirs, rtol=EXACT)
        assert (ours["missing"] == 0).all()

    def test_log(self):
        panel = make(range(2000, 2006), w=2.0)
        table = sc.descriptives(panel, ["w", "v"], log="v").table
        assert list(table.index) == ["w", "ln v"]
        assert table.loc["ln v", "mean"] == pytest.approx(np.log(panel.frame["v"]).mean(), rel=EXACT)

    @pytest.mark.parametrize(("by", "column"), [("period", "year"), ("region", "city")])
    def test_groups(self, by, column):
        panel = make(range(2000, 2006))
        table = sc.descriptives(panel, "v", by=by).table
        theirs = panel.frame.groupby(column)["v"].agg(["count", "mean", "std", "min", "max", "median"])
        assert table.index.names == ["variable", column]
        np.testing.assert_allclose(table.loc["v"].iloc[:, :6], theirs.loc[table.loc["v"].index], rtol=EXACT)

    def test_groups_with_gaps(self):
        # Regions with every number of values from none to all, in rows of any order.
        rng = np.random.default_rng(5)
        frame = make(range(2000, 2006), n=40).frame
        frame["v"] = rng.lognormal(size=len(frame))
        frame.loc[rng.random(len(frame)) < 0.3, "v"] = np.nan
        frame.loc[frame["city"] == frame["city"].iloc[7], "v"] = np.nan
        panel = Panel(frame.sample(frac=1, random_state=1), region="city", period="year")
        table = sc.descriptives(panel, by="region").table.loc["v"]
        values = frame.groupby("city")["v"]
        theirs = values.agg(["count", "mean", "std", "min", "max", "median"]).loc[table.index]
        assert {0, 1, 2, 6} < set(theirs["count"])
        np.testing.assert_allclose(table.iloc[:, :6], theirs, rtol=EXACT)
        np.testing.assert_array_equal(table["missing"], 6 - theirs["count"])
        assert list(table.index) == list(panel.regions)

    def test_html_shows_the_ends_of_a_long_table(self):
        rows = sc.descriptives(make([2000, 2001], n=300), by="region")
        html = rows._repr_html_()
        assert html.count("<tr>") < 210
        assert "20 of 300 rows" in html

    def test_missing_cells_and_rows_are_counted(self):
        frame = make(range(2000, 2006)).frame
        frame.loc[[1, 2], "v"] = np.nan
        result = sc.descriptives(Panel(frame.drop(index=9), region="city", period="year"))
        assert result.table.loc["v", ["n", "missing"]].tolist() == [15, 3]
        assert result.glance().loc[0, "missing"] == 3

    def test_text_is_left_out_and_said(self):
        panel = make([1, 2], name="x", code="330100")
        result = sc.descriptives(panel)
        assert list(result.table.index) == ["v"]
        assert result.notes == ("left out because not numeric: 2: 'name', 'code'",)
        with pytest.raises(VariableError, match="'code' must be numeric"):
            sc.descriptives(panel, "code")
        with pytest.raises(VariableError, match="the panel has no numeric variable; it has 'code'"):
            sc.descriptives(Panel(panel.frame[["city", "year", "code"]], region="city", period="year"))

    def test_one_value_and_none(self):
        panel = make([1], n=2, w=[np.nan, 1.0], u=np.nan)
        table = sc.descriptives(panel).table
        assert table.loc["w", ["n", "mean", "min", "max", "median", "missing"]].tolist() == [1, 1, 1, 1, 1, 1]
        assert np.isnan(table.loc["w", "std"])
        assert table.loc["u"].isna().sum() == 5
        assert "undefined" in repr(sc.descriptives(panel))

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (lambda p: sc.descriptives(p, "z"), VariableError, "no variable 'z' in the panel"),
            (lambda p: sc.descriptives(p, log="z"), OptionError, "log names 'z', which is not among the variables 'v'"),
            (lambda p: sc.descriptives(p, by="year"), OptionError, "by must be one of 'all', 'period', 'region'"),
            (lambda p: sc.descriptives(p, ["v", "v"]), OptionError, "names 'v' more than once"),
        ],
    )
    def test_options(self, call, error, message):
        with pytest.raises(error, match=message):
            call(make([1, 2]))

    def test_log_of_negative(self):
        with pytest.raises(NotPositiveError, match="negative: 6"):
            sc.descriptives(make([1, 2], w=-1.0), log="w")

    def test_views(self):
        result = sc.descriptives(make(range(2000, 2003), w=1.0, x=2.0), by="period")
        assert list(result.tidy().columns[:3]) == ["term", "year", "n"]
        assert "and 4 more rows, see .table" in repr(result)
        assert repr(result).splitlines()[0] == "Descriptive statistics: 3 regions x 3 periods, by period"
        assert json.loads(json.dumps(result.to_dict()))["glance"]["n_variables"] == 3
        assert "median" in result._repr_html_()
