"""Five kinds of cases as people have them, by the command line alone: from files to a report, without a line of Python.

Sizes are those that a test can afford; the longer ones are slow, `test_three_thousand_regions` has the real size.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import MultiPolygon, box

import spatialconv as sc
from spatialconv.cli import main

HEAD = 'title = "A case"\nvariable = "income"\npermutations = 99\n'
WEIGHTS = '[[weights]]\nkind = "adjacency"\n[[weights]]\nkind = "knn"\nk = 4\nmain = true\n'


def grid(rows, columns, size=1e4, crs=32651, names=None):
    shapes = [
        box(3e5 + size * j, 3e6 + size * i, 3e5 + size * (j + 1), 3e6 + size * (i + 1))
        for i in range(rows) for j in range(columns)
    ]  # fmt: skip
    names = names or [f"{k:05d}" for k in range(rows * columns)]
    return gpd.GeoDataFrame({"id": names}, geometry=shapes, crs=crs)


def incomes(names, times, beta=-0.05, seed=1):
    """Levels that converge at a known rate, a row a region and period."""
    rng = np.random.default_rng(seed)
    level = rng.normal(3, 0.6, len(names))
    parts = []
    for k, time in enumerate(times):
        if k:
            level = level + 0.02 + beta * (level - 3) + rng.normal(0, 0.03, len(names))
        parts.append(pd.DataFrame({"id": names, "when": time, "income": np.exp(level)}))
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(schooling=rng.normal(size=len(frame)))


def run(folder, text, capsys):
    """Run a case by the command line and return its tables; whatever goes wrong shows what was printed."""
    (folder / "case.toml").write_text(text, encoding="utf-8")
    out = folder / "out"
    with pytest.raises(SystemExit) as stop:
        main(["study", str(folder / "case.toml"), "--out", str(out), "--quiet"])
    said = capsys.readouterr()
    assert stop.value.code == 0, said.err
    assert "Traceback" not in said.err + said.out
    report = (out / "report.md").read_text(encoding="utf-8")
    tables = {path.stem: pd.read_csv(path) for path in (out / "tables").glob("*.csv")}
    assert {"moran", "sigma", "beta_models", "hot_spots"} <= set(tables)
    assert len(list((out / "figures").glob("*.svg"))) >= 5
    return report, tables


def beta_of(tables, controls="none", effects="none"):
    rows = tables["beta_models"].query("controls == @controls and effects == @effects")
    return float(rows["beta"].iloc[0])


def pooled(frame, variable="income"):
    """Pooled regression of growth on initial level by numpy, over periods that follow one another."""
    wide = np.log(frame.pivot(index="when", columns="id", values=variable)).to_numpy()
    y, x = np.diff(wide, axis=0).ravel(), wide[:-1].ravel()
    return np.linalg.lstsq(np.column_stack([np.ones_like(x), x]), y, rcond=None)[0][1]


@pytest.mark.slow
def test_counties_with_leading_zeros(tmp_path, capsys):
    """Codes such as 06001 in both files, states as dummies, controls at the start."""
    shapes = grid(6, 8)
    frame = incomes(list(shapes["id"]), range(2000, 2006))
    shapes.to_file(tmp_path / "counties.gpkg")
    frame.to_csv(tmp_path / "panel.csv", index=False)
    text = HEAD + (
        'controls = ["schooling"]\n[panel]\nfile = "panel.csv"\nregion = "id"\nperiod = "when"\n'
        '[geometry]\nfile = "counties.gpkg"\nid = "id"\n' + WEIGHTS + '[model]\nmodel = "SAR"\neffects = "none"\n'
    )
    report, tables = run(tmp_path, text, capsys)
    assert "at the start of each span" in report
    panel = sc.Panel(frame, region="id", period="when")
    w = sc.weights.knn(shapes.set_index("id"), k=4)
    b = sc.beta(panel, "income", w, controls="schooling", model="SAR")
    assert beta_of(tables, "schooling") == pytest.approx(b.beta, rel=1e-9)


def test_a_file_in_gbk(tmp_path, capsys):
    names = [f"城市{k:02d}" for k in range(20)]
    shapes = grid(4, 5, names=names)
    frame = incomes(names, range(2010, 2016))
    shapes.to_file(tmp_path / "cities.shp", encoding="gbk")
    frame.rename(columns={"income": "收入", "when": "年份"}).to_csv(tmp_path / "panel.csv", index=False, encoding="gbk")
    text = HEAD.replace('"income"', '"收入"') + (
        '[panel]\nfile = "panel.csv"\nregion = "id"\nperiod = "年份"\nencoding = "gbk"\n'
        '[geometry]\nfile = "cities.shp"\nid = "id"\nencoding = "gbk"\n' + WEIGHTS + '[model]\nmodel = "OLS"\n'
    )
    _, tables = run(tmp_path, text, capsys)
    assert beta_of(tables) == pytest.approx(pooled(frame), rel=1e-9)
    assert set(
        tables["hot_spots"]["region"] if "region" in tables["hot_spots"] else tables["hot_spots"].iloc[:, 1]
    ) == set(names)


def test_countries_with_gaps_and_the_antimeridian(tmp_path, capsys):
    """A belt of countries around the Earth, one on both sides of 180 degrees; cells absent at random."""
    shapes = [box(lon, -10, lon + 20, 10) for lon in range(-180, 180, 20)]
    shapes += [MultiPolygon([box(170, 10, 180, 20), box(-180, 10, -175, 20)]), box(160, 10, 170, 20)]
    names = [f"c{k:02d}" for k in range(len(shapes))]
    gpd.GeoDataFrame({"id": names}, geometry=shapes, crs=4326).to_file(tmp_path / "world.geojson")
    frame = incomes(names, range(1990, 1998))
    gaps = [(3, 1992), (3, 1993), (7, 1990), (12, 1995)]
    for k, year in gaps:
        frame.loc[(frame["id"] == names[k]) & (frame["when"] == year), "income"] = np.nan
    frame.to_csv(tmp_path / "panel.csv", index=False)
    text = HEAD + (
        'missing = "omit"\n[panel]\nfile = "panel.csv"\nregion = "id"\nperiod = "when"\nfill = "linear"\nmax_gap = 1\n'
        '[geometry]\nfile = "world.geojson"\nid = "id"\n' + WEIGHTS + '[model]\nmodel = "OLS"\n'
    )
    report, tables = run(tmp_path, text, capsys)
    # One gap is filled; three cells stay absent, in three periods.
    said = " ".join(report.split())
    assert "filled, not observed (linear), in ('c12', 1995)" in said
    assert "n = 19 to 20 of 20" in said
    moran = tables["moran"].query("weights == 'adjacency'")
    assert moran["n"].tolist() == [19, 20, 19, 19, 20, 20, 20, 20]
    links = tables["weights"].set_index("weights").loc["adjacency", "links"]
    # A ring of eighteen, and c18 (on both sides) with c17, c00 and c19, c19 with c16, c17 and c18 besides.
    world = sc.weights.adjacency(gpd.read_file(tmp_path / "world.geojson").set_index("id"))
    assert links == (world.adjacency > 0).sum()
    assert world["c00"].get("c17", 0) > 0
    kept = [n for n in names if n not in ("c03", "c07")]
    filled = sc.Panel(frame, region="id", period="when").fill(max_gap=1, variables="income").frame
    assert beta_of(tables) == pytest.approx(pooled(filled[filled["id"].isin(kept)]), rel=1e-9)


def test_quarters_in_text_that_sorts_wrongly(tmp_path, capsys):
    quarters = [f"Q{q}-{y}" for y in (2010, 2011, 2012) for q in (1, 2, 3, 4)]
    shapes = grid(4, 4)
    frame = incomes(list(shapes["id"]), quarters)
    shapes.to_file(tmp_path / "regions.gpkg")
    frame.sample(frac=1, random_state=2).to_csv(tmp_path / "panel.csv", index=False)
    text = HEAD + (
        '[panel]\nfile = "panel.csv"\nregion = "id"\nperiod = "when"\n[geometry]\nfile = "regions.gpkg"\nid = "id"\n'
        + WEIGHTS + '[model]\nmodel = "OLS"\n'
    )  # fmt: skip
    report, tables = run(tmp_path, text, capsys)
    assert "Q1-2010 to Q4-2012" in " ".join(report.split())
    assert list(tables["moran"].iloc[:12, 1]) == quarters
    ordered = frame.assign(when=frame["when"].map({q: k for k, q in enumerate(quarters)}))
    assert beta_of(tables) == pytest.approx(pooled(ordered), rel=1e-9)


@pytest.mark.slow
def test_a_cross_section_of_two_years(tmp_path, capsys):
    """Growth over ten years in one span: two periods, a horizon of ten, effects none and time alone can be had."""
    shapes = grid(5, 6)
    frame = incomes(list(shapes["id"]), [2000, 2010])
    shapes.to_file(tmp_path / "regions.gpkg")
    frame.to_csv(tmp_path / "panel.csv", index=False)
    text = HEAD + (
        'controls = ["schooling"]\n[panel]\nfile = "panel.csv"\nregion = "id"\nperiod = "when"\n'
        '[geometry]\nfile = "regions.gpkg"\nid = "id"\n' + WEIGHTS
        + '[model]\nmodel = "SEM"\neffects = "none"\nhorizon = 10\n'
    )  # fmt: skip
    report, tables = run(tmp_path, text, capsys)
    panel = sc.Panel(frame, region="id", period="when")
    w = sc.weights.knn(shapes.set_index("id"), k=4)
    b = sc.beta(panel, "income", w, controls="schooling", model="SEM", horizon=10)
    assert beta_of(tables, "schooling") == pytest.approx(b.beta, rel=1e-9)
    assert "region effects need at least two periods" in " ".join(report.split())


@pytest.mark.slow
def test_three_thousand_regions(tmp_path, capsys):
    shapes = grid(60, 52)
    shapes["geometry"] = shapely.transform(shapes.geometry.to_numpy(), lambda xy: np.round(xy, 3))
    frame = incomes(list(shapes["id"]), range(2000, 2011))
    shapes.to_file(tmp_path / "counties.gpkg")
    frame.to_csv(tmp_path / "panel.csv", index=False)
    text = HEAD + (
        '[panel]\nfile = "panel.csv"\nregion = "id"\nperiod = "when"\n[geometry]\nfile = "counties.gpkg"\nid = "id"\n'
        + WEIGHTS + '[model]\nmodel = "OLS"\n[maps]\nlabels = false\n'
    )  # fmt: skip
    _, tables = run(tmp_path, text, capsys)
    assert beta_of(tables) == pytest.approx(pooled(frame), rel=1e-9)
    # Known to be -0.05: within four standard errors of 31,200 observations.
    assert beta_of(tables) == pytest.approx(-0.05, abs=4 * 0.03 / np.sqrt(len(frame) * 0.2))
