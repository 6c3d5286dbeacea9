"""Gaps that are filled: the figures, the record, and what stands in the way where nothing is filled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.errors import MissingDataError, NotPositiveError, OptionError, UnbalancedPanelError

# pandas and numpy do the same arithmetic in another order.
RTOL = 1e-12


@pytest.fixture(scope="module")
def frame():
    """Fifteen regions in years with a hole in the calendar, a third of the cells of y missing at random."""
    rng = np.random.default_rng(7)
    years = [2000, 2001, 2002, 2003, 2005, 2006, 2007, 2010, 2011, 2012]
    out = pd.DataFrame([(f"r{i:02d}", t) for i in range(15) for t in years], columns=["region", "year"])
    out["y"] = np.where(rng.random(len(out)) < 0.33, np.nan, np.exp(rng.normal(size=len(out))))
    return out.assign(x=rng.normal(size=len(out)), state=out["region"].str[-1].map(lambda d: "EW"[int(d) % 2]))


def panel_of(frame):
    return sc.Panel(frame, region="region", period="year")


def by_pandas(wide, how):
    """A year a row: pandas interpolates by the index, inside the known values of a column only."""
    if how == "linear":
        return wide.interpolate(method="index", limit_area="inside")
    if how == "geometric":
        return np.exp(np.log(wide).interpolate(method="index", limit_area="inside"))
    return wide.ffill() if how == "previous" else wide.bfill()


class TestFigures:
    @pytest.mark.parametrize("how", ["linear", "geometric", "previous", "next"])
    @pytest.mark.parametrize("order", ["as given", "shuffled"])
    def test_as_pandas_fills(self, frame, how, order):
        given = frame if order == "as given" else frame.sample(frac=1, random_state=3)
        made = panel_of(given).fill(how, variables="y")
        wide = frame.pivot(index="year", columns="region", values="y")
        np.testing.assert_allclose(
            made.wide("y")[wide.columns].to_numpy(), by_pandas(wide, how).to_numpy(), rtol=RTOL, equal_nan=True
        )
        np.testing.assert_array_equal(made.frame["x"], given["x"])

    @pytest.mark.parametrize("how", ["linear", "geometric", "previous", "next"])
    @pytest.mark.parametrize("limit", [1, 2, 3])
    def test_longer_runs_stay(self, frame, how, limit):
        wide = frame.pivot(index="year", columns="region", values="y")
        expected = by_pandas(wide, how)
        for region in wide:
            missing = wide[region].isna()
            run = (missing != missing.shift()).cumsum()
            long = missing & (missing.groupby(run).transform("size") > limit)
            expected.loc[long, region] = np.nan
        made = panel_of(frame).fill(how, max_gap=limit, variables="y").wide("y")
        np.testing.assert_allclose(made[wide.columns].to_numpy(), expected.to_numpy(), rtol=RTOL, equal_nan=True)

    def test_geometric_is_constant_growth(self):
        data = pd.DataFrame({"region": "a", "year": [2000, 2001, 2004, 2006], "y": [10.0, np.nan, np.nan, 80.0]})
        values = panel_of(data).fill("geometric").frame["y"]
        # Three doublings in six years.
        np.testing.assert_allclose(values, 10 * 2 ** (np.array([0, 1, 4, 6]) / 2), rtol=RTOL)

    def test_rows_that_are_absent_are_made(self, frame):
        full = frame.assign(y=frame["y"].fillna(frame["y"].mean()))
        gone = full.drop(index=[13, 14, 57])
        made = panel_of(gone).fill()
        assert made.balanced
        assert len(made.frame) == len(full)
        whole = panel_of(full.assign(y=full["y"].where(~full.index.isin([13, 14, 57])))).fill(variables="y")
        np.testing.assert_allclose(made.wide("y")[whole.regions], whole.wide("y"), rtol=RTOL)
        state = made.frame.set_index(["region", "year"])["state"]
        assert state.equals(full.set_index(["region", "year"])["state"].reindex(state.index))
        assert made.filled["variable"].value_counts().to_dict() == {"y": 3, "x": 3}

    def test_periods_and_categories_keep_their_kind(self, frame):
        dated = frame.assign(year=pd.PeriodIndex(frame["year"].astype(str), freq="Y"))
        made = panel_of(dated.drop(index=[3])).fill()
        assert isinstance(made.periods[0], pd.Period)
        assert list(made.periods) == sorted(set(dated["year"]))
        ordered = frame.assign(year=pd.Categorical(frame["year"].astype(str), ordered=True))
        assert panel_of(ordered.drop(index=[3])).fill().frame["year"].cat.ordered


class TestTheRecord:
    def test_every_cell_is_listed_and_said_on_every_result(self, frame):
        full = frame.assign(y=frame["y"].fillna(1.0) + np.arange(len(frame)) / 100)
        data = full.assign(y=full["y"].where(~full.index.isin([5, 16, 27, 38])))
        panel = panel_of(data).fill("linear", variables="y")
        cells = panel.filled
        assert set(cells["region"]) == {
            "r00",
            "r01",
            "r02",
            "r03",
        }
        assert len(cells) == 4
        wide = panel.wide("y")
        for cell in cells.itertuples():
            assert wide.loc[cell.period, cell.region] == cell.value
        rng = np.random.default_rng(1)
        W = rng.random((15, 15)) * (1 - np.eye(15))
        w = sc.weights.from_matrix(W, regions=list(panel.regions), standardise="row")
        said = "'y' is filled, not observed (linear), in 4: "
        results = [
            panel, sc.beta(panel, "y", w, model="SAR", effects="time"), sc.sigma(panel, "y"), sc.moran(panel, "y", w),
            sc.hot_spots(panel, "y", w, period=2012), sc.theil(panel, "y", groups="state"),
            sc.fit_panel(panel, "y", "x", w), sc.growth(panel, "y"), sc.descriptives(panel), sc.markov(panel, "y"),
            sc.growth_panel(panel, "y"), sc.multiverse(panel, "y"),
        ]  # fmt: skip
        for result in results:
            assert sum(note.startswith(said) for note in result.notes) == 1, type(result).__name__
            assert f"note: {said}" in " ".join(repr(result).split()), type(result).__name__
        assert said in sc.tables.table(results[2]).to_markdown()

    def test_it_goes_with_the_panel_and_forgets_what_is_gone(self, frame):
        data = frame.assign(y=frame["y"].fillna(1.0)).drop(index=[5, 61])
        panel = panel_of(data).fill("previous", variables="y")
        assert len(panel.filled) == 2
        region = panel.filled["region"].iloc[0]
        assert len(panel.subset(regions=[r for r in panel.regions if r != region]).filled) == 1
        assert len(panel.balance().filled) == 2
        assert panel.assign(y=0.5).filled.empty
        named = panel.labelled({"y": "Income"}).named_by_label()
        assert set(named.filled["variable"]) == {"Income"}
        again = panel.fill("linear")
        assert len(again.filled) == 2 + 2  # x of the two rows; y is full already

    def test_nothing_to_fill_says_nothing(self, frame):
        panel = panel_of(frame.assign(y=1.0 + frame["x"] ** 2))
        assert panel.fill().notes == ()
        assert panel.fill().filled.empty


class TestWhatStandsInTheWay:
    def test_how_many_and_what_filling_or_leaving_out_would_do(self, frame):
        data = frame.assign(y=frame["y"].fillna(1.0))
        # Region r00 in 2000 (no value before), r01 in 2001 and 2002, r02 in 2010.
        data.loc[[0, 11, 12, 27], "y"] = np.nan
        match = (
            r"'y' is missing in 4: .*panel.fill\(how='linear', variables=\['y'\]\) fills 3 of 4 cells, and leaves "
            r"those before the first or after the last value; leaving out regions keeps 12 of 15, leaving out "
            r"periods 6 of 10"
        )
        for call in (sc.beta, sc.sigma, sc.clubs):
            with pytest.raises(MissingDataError, match=match):
                call(panel_of(data), "y")
        assert panel_of(data).fill(variables="y").frame["y"].isna().sum() == 1
        assert panel_of(data).balance(variables="y").n_regions == 12
        assert panel_of(data).balance(drop="periods", variables="y").n_periods == 6

    def test_absent_rows_are_counted_too(self, frame):
        data = frame.assign(y=frame["y"].fillna(1.0)).drop(index=[11, 12])
        with pytest.raises(UnbalancedPanelError, match=r"2 rows absent.*fills 2 of 2 cells; leaving out regions"):
            sc.sigma(panel_of(data), "y")

    @pytest.mark.parametrize(
        ("call", "error", "match"),
        [
            (lambda p: p.fill("spline"), OptionError, "how must be one of 'linear', 'geometric', 'previous', 'next'"),
            (lambda p: p.fill(max_gap=0), OptionError, "max_gap must be a whole number of at least 1"),
            (lambda p: p.fill(variables="no"), sc.errors.VariableError, "no variable 'no'"),
            (lambda p: p.fill(variables="state"), sc.errors.VariableError, "'state' must be numeric"),
            (lambda p: p.assign(y=lambda f: -f["y"]).fill("geometric", variables="y"), NotPositiveError, "'y' needs"),
            (lambda p: p.assign(y=lambda f: f["y"] / 0).fill(variables="y"), MissingDataError, "'y' is infinite"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_filled_is_said(self, frame, call, error, match):
        with pytest.raises(error, match=match):
            call(panel_of(frame))


def test_reading_fills_before_it_drops(frame, tmp_path):
    path = tmp_path / "p.csv"
    data = frame.assign(y=frame["y"].fillna(1.0))
    data.loc[[0, 11, 12, 27], "y"] = np.nan
    data.to_csv(path, index=False)
    held = sc.read(path, region="region", period="year", variables="y", fill="linear", max_gap=1, drop="regions")
    # r02's one gap is filled; r00 lacks its first value and r01 two in a row.
    assert list(held.panel.filled["region"]) == ["r02"]
    assert held.panel.n_regions == 13
    for options, match in (({"fill": "spline"}, "fill must be one of"), ({"max_gap": 2}, "say fill too")):
        with pytest.raises(OptionError, match=match):
            sc.read(path, region="region", period="year", **options)


@pytest.mark.parametrize(
    "label", [int, float, str, lambda t: pd.Timestamp(t, 12, 31), lambda t: pd.Period(str(t), "Y")]
)
def test_the_record_goes_on_whatever_periods_are(frame, label):
    data = frame.assign(y=frame["y"].fillna(1.0), year=[label(t) for t in frame["year"]]).drop(index=[5, 61])
    panel = panel_of(data).fill("linear", variables="y")
    assert len(panel.filled) == 2
    assert len(panel.assign(z=1.0).filled) == 2
    assert len(panel.subset(regions=panel.filled["region"]).filled) == 2
    assert len(panel.subset(regions=panel.filled["region"].iloc[:1]).filled) == 1
    assert len(panel.subset(periods=panel.filled["period"].iloc[:1]).filled) == 1
