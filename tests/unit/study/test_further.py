"""What a study computes beside its main analysis: each part against the call it stands for, and what fails alone."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv._options import Further
from spatialconv.errors import OptionError
from spatialconv.study.further import parts
from spatialconv.study.further.parts import PARTS
from tests.tolerances import EXACT

CASE = """
title = "Incomes of the states"
variable = "income"
further = {further}
[panel]
file = "panel.csv"
region = "state"
period = "year"
[geometry]
file = "states.gpkg"
id = "state"
[[weights]]
kind = "adjacency"
[[weights]]
kind = "knn"
k = 5
[model]
horizon = 10
model = "SDM"
[check]
extent = "off"
"""


@pytest.fixture(scope="module")
def us():
    return sc.datasets.us_income()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, us):
    place = tmp_path_factory.mktemp("us")
    us.panel.frame[["state", "year", "income"]].to_csv(place / "panel.csv", index=False)
    us.states.reset_index().to_file(place / "states.gpkg")
    return place


@pytest.fixture(scope="module")
def study(folder):
    path = folder / "case.toml"
    path.write_text(CASE.format(further=list(PARTS)).replace("'", '"'), encoding="utf-8")
    return sc.study.analyse(sc.study.load(path), progress=False)


@pytest.fixture(scope="module")
def regression(us):
    return sc.beta(us.panel, "income", sc.weights.adjacency(us.states), horizon=10, effects="time", model="SDM")


def test_every_part_has_its_word_in_the_description():
    assert set(PARTS) == set(get_args(Further))


def test_parts_say_what_their_calls_say(study, us, regression):
    found = study.further
    assert list(found) == list(PARTS)
    assert {name for name, part in found.items() if part.reason} == {"clubs_explained"}
    assert "all 48 regions in clubs are in one" in found["clubs_explained"].reason
    mine, theirs = found["impacts"].result["SDM without controls"].table, regression.impacts().table
    np.testing.assert_allclose(mine.select_dtypes("number"), theirs.select_dtypes("number"), rtol=EXACT)
    asked = {
        "lm_tests": sc.lm_tests(regression),
        "effects_tests": sc.effects_tests(regression),
        "reduction_tests": sc.reduction_tests(regression),
        "residual_moran": sc.residual_moran(regression),
    }
    for name, result in asked.items():
        pd.testing.assert_frame_equal(found["tests"].result[name].tidy(), result.tidy(), rtol=EXACT)
    pd.testing.assert_frame_equal(found["selection"].result.table, sc.select_model(regression).table, rtol=EXACT)
    clubs = sc.clubs(us.panel, "income")
    pd.testing.assert_series_equal(found["clubs"].result.club, clubs.club)
    assert found["clubs"].tables["club_members"].to_frame()["club"].equals(clubs.club)
    ranks = sc.mobility(us.panel, "income", sc.weights.adjacency(us.states), permutations=999, seed=1)
    pd.testing.assert_frame_equal(found["mobility"].result[0].tidy(), ranks.tidy(), rtol=EXACT)


def test_parts_on_change_say_what_their_calls_say(study, us):
    found = study.further
    frames = {
        "correlogram": sc.correlogram(
            us.panel, "income", us.states, period=[1929, 2009], log=True, permutations=999, seed=1
        ),
        "unit_roots": sc.unit_roots(us.panel, "income", seed=1),
        "spatial_unit_root": sc.spatial_unit_root(
            us.panel, "income", us.states, log=True, periods=[1929, 2009], seed=1
        ),
        "breaks": sc.beta_breaks(us.panel, "income", horizon=10, seed=1),
        "threshold": sc.beta_threshold(us.panel, "income", horizon=10, seed=1),
        "stochastic_kernel": sc.stochastic_kernel(us.panel, "income"),
    }
    for name, result in frames.items():
        pd.testing.assert_frame_equal(found[name].result.tidy(), result.tidy(), rtol=EXACT)
        assert found[name].sentences
        for _, draw in found[name].figures.values():
            assert draw() is not None


def test_other_weights_and_probabilities_are_of_the_same_regression(study, us, regression):
    near = sc.beta(us.panel, "income", sc.weights.knn(us.states, k=5), horizon=10, effects="time", model="SDM")
    robust = study.further["robustness"]
    assert robust.result["adjacency"].beta == pytest.approx(regression.beta, rel=EXACT)
    assert robust.result["knn"].beta == pytest.approx(near.beta, rel=EXACT)
    ends = sorted([regression.beta, near.beta])
    assert f"{ends[0]:.4f}" in robust.sentences[0]
    assert f"{ends[1]:.4f}" in robust.sentences[0]
    chances = study.further["probabilities"].result.table
    assert chances["probability"].sum() == pytest.approx(1)
    assert set(chances["weights"]) == {"adjacency", "knn"}


def test_a_part_that_fails_is_a_line_of_the_report(tmp_path, monkeypatch):
    """Four spans are too few for clubs; and what nobody expected is no reason to lose the rest."""

    def broken(study):
        raise ZeroDivisionError("nobody expected this")

    monkeypatch.setitem(parts.PARTS, "mobility", ("Distribution dynamics", broken))
    case = replace(sc.study.zhejiang(), further=("clubs", "mobility", "impacts"), published="", permutations=0)
    study = sc.study.run(case, tmp_path / "out", progress=False, check="off")
    assert study.further["clubs"].reason.startswith("5 periods, of which trim")
    assert study.further["mobility"].reason == "ZeroDivisionError: nobody expected this"
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "Not computed: 5 periods, of which trim" in report
    assert "Not computed: ZeroDivisionError: nobody expected this" in report
    assert report.index("## Direct and indirect effects") < report.index("## Convergence clubs")
    assert (tmp_path / "out" / "tables" / "impacts.csv").exists()


def test_one_part_alone_and_one_that_does_not_exist(study, folder, tmp_path):
    written = sc.study.run(folder / "case.toml", tmp_path / "out", progress=False, only=["clubs", "robustness"])
    names = {path.name for path in written.files}
    assert {"clubs.csv", "robustness.csv", "clubs.png", "robustness.svg"} <= names
    assert "moran.csv" not in names
    with pytest.raises(OptionError, match=r"'clubs'.*got 'club'"):
        replace(study.case, further=("club",))


def test_the_report_shows_long_tables_of_periods_at_some(study, tmp_path):
    """81 years by two weights: ten of them in the report, all in the CSV."""
    sc.study.write(study, tmp_path / "out", progress=False)
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    moran = report.split("**Moran's I of the logarithm of income**")[1].split("**")[0]
    assert sum(line.startswith("| ") for line in moran.splitlines()) == 1 + 1 + 2 * 10
    assert "10 of 81 periods; all are in tables/moran.csv" in moran
    assert len(pd.read_csv(tmp_path / "out" / "tables" / "moran.csv")) == 2 * 81
    assert "figures/moran_path.png" in report


def test_clubs_that_there_are_get_explained():
    from types import SimpleNamespace

    from spatialconv.study.further._change import explained

    rng = np.random.default_rng(3)
    rich = np.arange(40) >= 20
    start = np.where(rich, 1.0, 0.0) + 0.5 * rng.normal(size=40)
    years = np.arange(30)
    paths = np.where(rich, 3.0, 1.0) + (start - np.where(rich, 3.0, 1.0)) * 0.8 ** years[:, None]
    level = np.exp(paths + 0.01 * rng.normal(size=paths.shape))
    frame = pd.DataFrame(
        {"region": np.tile([f"r{i:02d}" for i in range(40)], 30), "year": np.repeat(years, 40), "y": level.ravel()}
    )
    panel = sc.Panel(frame, region="region", period="year")
    clubs = sc.clubs(panel, "y")
    assert len(clubs.members) > 1
    found = explained(SimpleNamespace(case=SimpleNamespace(variable="y", controls=()), panel=panel))
    alone = sc.explain_clubs(clubs, panel, "y", log="y")
    pd.testing.assert_frame_equal(found.result.tidy(), alone.tidy(), rtol=EXACT)
    assert found.tables["clubs_explained"].to_frame().shape[0] == len(alone.tidy())
