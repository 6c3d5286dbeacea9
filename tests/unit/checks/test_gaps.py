"""A check of a regression with gaps: what can be answered is, what cannot says so; the multiverse around it."""

from __future__ import annotations

import numpy as np
import pytest

import spatialconv as sc
from spatialconv.errors import OptionError, UnsupportedModelError


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def holed(us):
    decades = us.panel.subset(periods=list(range(1929, 2010, 10)))
    frame = decades.frame.copy()
    poor = frame[frame["year"] == 1929].nsmallest(10, "income")["state"]
    frame.loc[(frame["year"] == 1949) & frame["state"].isin(poor), "income"] = np.nan
    return sc.Panel(frame, region="state", period="year")


@pytest.fixture(scope="module")
def w(us):
    return sc.weights.adjacency(us.states)


@pytest.mark.parametrize("missing", ["integrate", "omit"])
def test_rows_of_a_multiverse_with_gaps_are_regressions_alone(holed, w, missing):
    m = sc.multiverse(
        holed, "income", weights={"border": w}, models=("none", "lag", "error"), effects=("none", "time"), horizons=10,
        missing=missing,
    )  # fmt: skip
    assert m.shares["estimated"] == 6
    for k, row in m.table.iterrows():
        alone = sc.beta(
            holed, "income", None if row["model"] == "none" else w, spatial=row["model"], effects=row["effects"],
            horizon=10, missing=missing,
        )  # fmt: skip
        assert row["estimate"] == pytest.approx(alone.beta, rel=1e-9)
        assert row["std_error"] == pytest.approx(alone.std_errors["log_initial"], rel=1e-9)
        assert m.fit(k).beta == pytest.approx(alone.beta, rel=1e-12)
        assert row["nobs"] == alone.fit.nobs == 364
    around = sc.multiverse(sc.beta(holed, "income", w, spatial="lag", horizon=10, missing=missing), effects="time")
    assert around.grid.missing == missing
    assert around.shares["estimated"] == 1
    with pytest.raises(UnsupportedModelError, match="joint_test"):
        m.joint_test(draws=19)
    with pytest.raises(OptionError, match="no path has a probability"):
        m.probabilities()


def test_gaps_without_a_word_stay_refused_row_by_row(holed, w):
    with pytest.raises(OptionError, match="none of the 1 specifications"):
        sc.multiverse(holed, "income", weights={"border": w}, models="lag", horizons=10)
    with pytest.raises(OptionError, match="missing must be one of"):
        sc.multiverse(holed, "income", weights={"border": w}, missing="drop")


def test_nothing_missing_changes_nothing(us, w):
    plain, asked = (
        sc.multiverse(us.panel, "income", weights={"b": w}, models=("none", "lag"), horizons=80, missing=m)
        for m in ("raise", "integrate")
    )
    np.testing.assert_allclose(plain.table["estimate"], asked.table["estimate"], rtol=1e-12)


def test_the_check_answers_what_it_can(holed, w):
    b = sc.beta(holed, "income", w, spatial="lag", effects="time", horizon=10, missing="integrate")
    report = sc.check(b, draws=19, progress=False)
    found = report.tidy().set_index("name")
    for name in ("weights", "regions", "halves", "speed", "spacing", "effects", "neighbours", "sigma"):
        assert found.loc[name, "verdict"] != "not asked", name
    for name in ("islands", "selection", "z-values", "no convergence", "residuals"):
        assert found.loc[name, "verdict"] == "not asked"
        assert "where regions or weights differ by period" in found.loc[name, "evidence"]
    # One of the figures by hand: the halves.
    early = sc.beta(
        holed.subset(periods=range(1929, 1970, 10)), "income", w, spatial="lag", effects="time", horizon=10,
        missing="integrate",
    )  # fmt: skip
    assert f"{early.beta:.4f}".replace("-", "") in found.loc["halves", "evidence"]
    assert "364 of 384 outcomes" in found.loc["sample", "evidence"]
