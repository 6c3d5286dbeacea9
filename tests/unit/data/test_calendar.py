"""The calendar of periods: order, distances and look-up of labels as people write them."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.errors import DataError, OptionError
from spatialconv.panel.calendar import calendar

QUARTERS = [(2009, 4), (2010, 1), (2010, 2), (2010, 4), (2011, 1)]
MONTHS = [(2009, 12), (2010, 1), (2010, 3), (2011, 10), (2012, 2)]
NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
FULL = [pd.Timestamp(2010, month, 1).month_name() for month in range(1, 13)]

SPANISH = ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"]
FRENCH = ["janvier", "févr.", "mars", "avril", "mai", "juin", "juil.", "août", "sept.", "octobre", "nov.", "déc."]
GERMAN = ["Jan.", "Feb.", "März", "April", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."]
ITALIAN = ["gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"]
PORTUGUESE = [
    *("janeiro", "fevereiro", "março", "abril", "maio", "junho"),
    *("julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
]

WRITTEN = {
    "2010-Q1": (QUARTERS, lambda y, q: f"{y}-Q{q}"),
    "2010q1": (QUARTERS, lambda y, q: f"{y}q{q}"),
    "2010 Q1": (QUARTERS, lambda y, q: f" {y} Q{q} "),
    "Q1-2010": (QUARTERS, lambda y, q: f"Q{q}-{y}"),
    "Q1 2010": (QUARTERS, lambda y, q: f"Q{q} {y}"),
    "1Q2010": (QUARTERS, lambda y, q: f"{q}Q{y}"),
    "20101": (QUARTERS, lambda y, q: 10 * y + q),
    "Period Q": (QUARTERS, lambda y, q: pd.Period(f"{y}Q{q}", "Q")),
    "ends of quarters": (QUARTERS, lambda y, q: pd.Timestamp(y, 3 * q, 1) + pd.offsets.MonthEnd(0)),
    "31.03.2010": (QUARTERS, lambda y, q: (pd.Timestamp(y, 3 * q, 1) + pd.offsets.MonthEnd(0)).strftime("%d.%m.%Y")),
    "31/03/2010": (QUARTERS, lambda y, q: (pd.Timestamp(y, 3 * q, 1) + pd.offsets.MonthEnd(0)).strftime("%d/%m/%Y")),
    "03/31/2010": (QUARTERS, lambda y, q: (pd.Timestamp(y, 3 * q, 1) + pd.offsets.MonthEnd(0)).strftime("%m/%d/%Y")),
    "T1 2010": (QUARTERS, lambda y, q: f"T{q} {y}"),
    "1T2010": (QUARTERS, lambda y, q: f"{q}T{y}"),
    "1er trimestre 2010": (QUARTERS, lambda y, q: f"{q}{'er' if q == 1 else 'e'} trimestre {y}"),
    "K1 2010": (QUARTERS, lambda y, q: f"K{q} {y}"),
    "1. Quartal 2010": (QUARTERS, lambda y, q: f"{q}. Quartal {y}"),
    "2010年第一季度": (QUARTERS, lambda y, q: f"{y}年第{'一二三四'[q - 1]}季度"),
    "2010년 1분기": (QUARTERS, lambda y, q: f"{y}년 {q}분기"),
    "2010-03": (MONTHS, lambda y, m: f"{y}-{m:02d}"),
    "2010m3": (MONTHS, lambda y, m: f"{y}m{m}"),
    "03/2010": (MONTHS, lambda y, m: f"{m:02d}/{y}"),
    "Mar-2010": (MONTHS, lambda y, m: f"{NAMES[m - 1]}-{y}"),
    "March 2010": (MONTHS, lambda y, m: f"{FULL[m - 1]} {y}"),
    "2010 Mar": (MONTHS, lambda y, m: f"{y} {NAMES[m - 1]}"),
    "mar-2010, Spanish": (MONTHS, lambda y, m: f"{SPANISH[m - 1]}-{y}"),
    "mars 2010": (MONTHS, lambda y, m: f"{FRENCH[m - 1]} {y}"),
    "März 2010": (MONTHS, lambda y, m: f"{GERMAN[m - 1]} {y}"),
    "mar 2010, Italian": (MONTHS, lambda y, m: f"{ITALIAN[m - 1]} {y}"),
    "março 2010": (MONTHS, lambda y, m: f"{PORTUGUESE[m - 1]} {y}"),
    "2010年3月": (MONTHS, lambda y, m: f"{y}年{m}月"),
    "201003": (MONTHS, lambda y, m: 100 * y + m),
    "'201003'": (MONTHS, lambda y, m: f"{y}{m:02d}"),
    "Period M": (MONTHS, lambda y, m: pd.Period(f"{y}-{m}", "M")),
    "first days": (MONTHS, lambda y, m: pd.Timestamp(y, m, 1)),
    "2010-03-31": (MONTHS, lambda y, m: str((pd.Timestamp(y, m, 1) + pd.offsets.MonthEnd(0)).date())),
    "31 Mar 2010": (MONTHS, lambda y, m: (pd.Timestamp(y, m, 1) + pd.offsets.MonthEnd(0)).strftime("%d %b %Y")),
    "Mar 31, 2010": (MONTHS, lambda y, m: (pd.Timestamp(y, m, 1) + pd.offsets.MonthEnd(0)).strftime("%b %d, %Y")),
}


def shuffled(labels, seed=3):
    return [labels[k] for k in np.random.default_rng(seed).permutation(len(labels))]


def panel_of(labels, values=None):
    rows = [(r, t, 1.0 + k if values is None else values[r][k]) for r in "abc" for k, t in enumerate(labels)]
    return sc.Panel(pd.DataFrame(rows, columns=["city", "when", "y"]), region="city", period="when")


@pytest.mark.parametrize("kind", WRITTEN)
def test_order_and_distances(kind):
    points, write = WRITTEN[kind]
    labels = [write(*point) for point in points]
    panel = panel_of(shuffled(labels))
    assert list(panel.periods) == labels
    per_year, unit = (4, "quarter") if points is QUARTERS else (12, "month")
    there = np.array([per_year * year + part - 1 for year, part in points], dtype=float)
    assert panel.calendar.unit == unit
    np.testing.assert_array_equal(np.diff(panel.calendar.values), np.diff(there))


@pytest.mark.parametrize(
    "write",
    [
        lambda y: y,
        str,
        lambda y: pd.Timestamp(y, 12, 31),
        lambda y: np.datetime64(f"{y}-06-30"),
        lambda y: pd.Timestamp(y, 12, 31).date(),
        lambda y: pd.Period(str(y), "Y"),
        lambda y: pd.Period(str(y), "Y-JUN"),
        lambda y: f"{y}-12-31",
        lambda y: f"31.12.{y}",
        lambda y: f"{y}/{(y + 1) % 100:02d}",
        lambda y: f"{y}\u2013{y + 1}",
        lambda y: f"FY{y}",
        lambda y: f"FY {y}/{(y + 1) % 100:02d}",
        lambda y: f"{y}年",
    ],
)
def test_an_absent_year_is_seen_in_every_kind(write):
    """With 2013 absent, whole numbers gave one speed and dates another."""
    years = [2010, 2011, 2012, 2014, 2015, 2016]
    rng = np.random.default_rng(5)
    level = {r: np.exp(rng.normal(3, 0.5) + np.cumsum(rng.normal(0.05, 0.05, len(years)))) for r in "abc"}
    plain, other = panel_of(years, level), panel_of([write(y) for y in years], level)
    a, b = sc.beta(plain, "y", effects="none"), sc.beta(other, "y", effects="none")
    assert b.fit.n_periods == a.fit.n_periods == 4
    assert b.beta == pytest.approx(a.beta, rel=1e-12)
    assert sc.beta_nls(other, "y").speed == pytest.approx(sc.beta_nls(plain, "y").speed, rel=1e-12)


@pytest.mark.parametrize(
    "write",
    [
        lambda q: f"2010-{3 * q:02d}",
        lambda q: f"{NAMES[3 * q - 1]}-2010",
        lambda q: f"{3 * q:02d}/2010",
        lambda q: 201000 + 3 * q,
        lambda q: pd.Period(f"2010-{3 * q}", "M"),
        lambda q: pd.Timestamp(2010, 3 * q, 1),
        lambda q: f"2010Q{q}",
    ],
)
def test_months_three_apart_are_quarters(write):
    """A horizon of one is a quarter in all of them."""
    found = panel_of([write(q) for q in (1, 2, 4)])
    assert found.calendar.unit == "quarter"
    assert found.calendar.values.tolist() == [2010 * 4.0, 2010 * 4.0 + 1, 2010 * 4.0 + 3]


def test_quarters_four_apart_are_years():
    assert panel_of(["2010-Q4", "2011-Q4", "2013-Q4"]).calendar.values.tolist() == [2010.0, 2011.0, 2013.0]


def test_every_order_of_rows_gives_one_order_of_periods():
    labels = ["Q4-2009", "Q1-2010", "Q3-2010", "Q1-2011"]
    for order in itertools.permutations(labels):
        assert list(panel_of(list(order)).periods) == labels


def test_weeks_days_and_half_years():
    assert calendar(list(pd.date_range("2020-01-06", periods=4, freq="W-MON"))).unit == "week"
    assert calendar(list(pd.to_datetime(["2020-01-06", "2020-01-07", "2020-01-10"]))).values.tolist() == [
        737430.0,
        737431.0,
        737434.0,
    ]
    half = calendar(["2010H1", "2010H2", "2011H2"])
    assert (half.unit, np.diff(half.values).tolist()) == ("half-year", [1.0, 2.0])
    assert calendar(list(pd.to_datetime(["2010-06-30", "2010-12-31", "2011-12-31"]))).unit == "half-year"


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["03/04/2010", "03/05/2010"], "day or the month first"),
        (["Mar-10", "Jun-10"], "years of two digits"),
        (["31.03.10", "30.06.10"], "years of two digits"),
        (["2010-Q1", "2010-06"], "mix month, quarter"),
        (["2010-Q1", "2010-Q2", "2010-Q5"], "cannot be read as one"),
        (["2010-Q1", "Q1-2010"], "name the same quarter twice"),
        (["30/30/2010", "31/31/2010"], "look like dates and are none"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(labels, words):
    with pytest.raises(DataError, match=words):
        panel_of(labels)


def test_words_stay_words():
    for labels in (["a", "b"], ["wave 1", "wave 2", "wave 10"], ["2010 wave 1", "2010 wave 2"], [0.25, 0.5]):
        assert panel_of(labels).calendar.by_position
    assert list(panel_of(["wave 10", "wave 2"]).periods) == ["wave 2", "wave 10"]
    # Numbers that could not be quarters or months of a year stay numbers.
    assert panel_of([20101, 20109]).calendar.unit == "number"
    assert panel_of([201001, 201013]).calendar.values.tolist() == [201001.0, 201013.0]


@pytest.mark.parametrize(
    ("labels", "years"),
    [
        (["1990-1994", "1995-1999", "2005-2009"], [1990, 1995, 2005]),
        (["1990-94", "1995-99", "2000-04"], [1990, 1995, 2000]),
        (["1998–2002", "2003–2007"], [1998, 2003]),
        (["2010-12", "2013-15", "2016-18"], [2010, 2013, 2016]),
        (["2005", "2006", "2007p"], [2005, 2006, 2007]),
        (["2005*", "2006 (e)", "2008 b"], [2005, 2006, 2008]),
        (["2018年度", "2019年度"], [2018, 2019]),
        (["平成29年", "平成31年", "令和2年"], [2017, 2019, 2020]),
        (["民國98年", "民國100年"], [2009, 2011]),
    ],
)
def test_years_with_more_than_a_number(labels, years):
    found = panel_of(shuffled(labels))
    assert list(found.periods) == labels
    assert (found.calendar.unit, found.calendar.values.tolist()) == ("year", years)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["FY98", "FY99", "FY00"], "have years of two digits"),
        (["'98", "'99", "'00"], "have years of two digits"),
        (["98/99", "99/00", "00/01"], "have years of two digits"),
        (["31-Dec-98", "31-Dec-99"], "have years of two digits"),
        (["wave 98", "wave 99", "wave 00"], "have years of two digits"),
        ([98, 99, 0, 1], "look like years of two digits, from one century to the next"),
        (["98", "99", "00"], "look like years of two digits, from one century to the next"),
        (["2001-03", "2004-06"], "can be read as months or as stretches of years"),
        (["tammi 2010", "helmi 2010", "tammi 2011"], "are 3 parts of 2 years, told apart by words"),
        (["pre-2010", "post-2010"], "are 2 parts of 1 years, told apart by words"),
        (["I/2010", "II/2010", "III/2010"], "are 3 parts of 1 years, told apart by words"),
        (["before", "after"], "are words, which do not say what comes first: 2: 'before', 'after'"),
    ],
)
def test_what_has_no_sure_order_is_refused(labels, said):
    """Sorted as text, 2000 came before 1998, February before January, and after before before: silently."""
    with pytest.raises(DataError, match=said):
        panel_of(labels)


def test_an_ordered_categorical_says_what_comes_first():
    words = pd.CategoricalDtype(["before", "after"], ordered=True)
    frame = pd.DataFrame({"city": [*"aabb"], "when": pd.Categorical(["after", "before"] * 2, dtype=words), "y": 1.0})
    assert list(sc.Panel(frame, region="city", period="when").periods) == ["before", "after"]


@pytest.mark.parametrize("labels", [list(range(100)), [0, 50, 99], ["wave 01", "wave 02"], [2098, 2099, 2100]])
def test_numbers_that_turn_no_century_stay(labels):
    assert list(panel_of(shuffled(labels)).periods) == labels


@pytest.mark.parametrize(
    ("own", "named", "place"),
    [
        (list(pd.to_datetime(["2016-12-31", "2017-12-31"])), ["2017-12-31", "2017", 2017, "31.12.2017"], 1),
        ([pd.Period("2016", "Y"), pd.Period("2017", "Y")], ["2017", 2017, "2017-12-31", pd.Timestamp("2017-05-01")], 1),
        (["2017-Q1", "2017-Q2"], ["2017Q2", "Q2-2017", pd.Period("2017Q2", "Q"), "2017-05"], 1),
        (["31.03.2017", "30.06.2017"], ["2017-06-30", pd.Timestamp("2017-06-30"), "2017-Q2"], 1),
    ],
)
def test_a_period_is_found_however_it_is_named(own, named, place):
    panel = panel_of(own)
    for label in named:
        assert panel.period_of(label) == panel.periods[place]
        assert list(panel.subset(periods=[label]).periods) == [panel.periods[place]]


def test_a_period_that_is_not_there_or_not_one():
    dates = panel_of(list(pd.to_datetime(["2016-12-31", "2017-12-31"])))
    for label in ("2018-12-31", "2016-05-01", "never", True):
        with pytest.raises(OptionError, match="unknown period"):
            dates.period_of(label)
    with pytest.raises(OptionError, match="unknown period '2017'"):
        panel_of(["2017-Q1", "2017-Q2"]).period_of("2017")
    with pytest.raises(OptionError, match="in type too"):
        panel_of([2016, 2017]).period_of("2017")


def test_local_statistics_and_maps_take_text_for_dates(zj, w):
    """They raised ValueErrors from inside numpy and pandas."""
    frame = zj.panel.frame
    as_date = frame.assign(**{zj.panel.period: [pd.Timestamp(int(t), 12, 31) for t in frame[zj.panel.period]]})
    panel = sc.Panel(as_date, region=zj.panel.region, period=zj.panel.period)
    there = sc.hot_spots(zj.panel, "exports", w, period=2020)
    found = sc.hot_spots(panel, "exports", w, period="2020-12-31")
    np.testing.assert_array_equal(found.table["z"], there.table["z"])
    np.testing.assert_array_equal(found.at("2020-12-31")["z"], there.at(2020)["z"])
    local = sc.local_moran(panel, "exports", w, period="2020", seed=1)
    np.testing.assert_array_equal(
        local.table["I"], sc.local_moran(zj.panel, "exports", w, period=2020, seed=1).table["I"]
    )
    several = sc.hot_spots(panel, "exports", w, period=["2016", "2020-12-31"])
    assert len(several.periods) == 2
    figure = sc.maps.choropleth(panel, "exports", zj.cities, periods=["2016", "2020-12-31"])
    assert len(figure.axes) == 3
