"""What README and the site say is so: code prints what is shown, names and files exist, claims hold."""

from __future__ import annotations

import ast
import io
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.cli import app

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
# What left README for the site is held to the same.
SITE = TEXT + "\n".join(
    (ROOT / "docs" / folder / f"{page}.md").read_text(encoding="utf-8")
    for folder, pages in {
        "reference": ("methods", "architecture", "notation"),
        "explanation": ("others", "audit", "eleven_regions", "multiverse"),
        "replications": ("zhejiang",),
    }.items()
    for page in pages
)
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
SHELL = [
    line.split("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
]
MOST_BYTES = 400_000
NUMBER = r"−?-?\d+(?:\.\d+)?"


# ---------------------------------------------------------------------- code


def test_example_prints_what_is_shown():
    shown = re.search(r"It prints\n\n```text\n(.*?)```", TEXT, re.DOTALL)
    assert len(PYTHON[0].strip().splitlines()) <= 13
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(PYTHON[0], "README.md", "exec"), {})
    assert printed.getvalue() == shown[1]


def test_pictures_are_made_by_the_code_that_is_shown(tmp_path, monkeypatch):
    from matplotlib.image import imread

    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(PYTHON[1], "README.md", "exec"), {})
    assert printed.getvalue() == re.findall(r"It prints\n\n```text\n(.*?)```", TEXT, re.DOTALL)[1]
    stored = ROOT / "notebooks" / "figures"
    made = sorted(path.name for path in (tmp_path / "notebooks" / "figures").iterdir())
    # The picture of the simulations stands on the site and takes minutes; its own test draws one of toy size.
    shown = {path.name for path in stored.iterdir()} - {"small_samples.png"}
    assert made == sorted(shown)
    assert sum((stored / name).stat().st_size for name in made) < MOST_BYTES
    for name in made:
        assert f"notebooks/figures/{name}" in TEXT
        # Not the bytes, which hang on the fonts installed.
        assert imread(stored / name).shape == imread(tmp_path / "notebooks" / "figures" / name).shape


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\bsc\.(\w+(?:\.\w+)?)", SITE))))
def test_names_exist(name):
    first, *rest = name.split(".")
    assert first in sc.__all__
    if rest:
        module = getattr(sc, first)
        assert rest[0] in getattr(module, "__all__", dir(module))


@pytest.mark.parametrize("name", sc.__all__)
def test_every_public_name_is_there(name):
    assert f"sc.{name}" in SITE


@pytest.mark.parametrize("module", ["weights", "tables", "maps", "plot", "study", "datasets"])
def test_functions_listed_for_a_module_exist(module):
    row = next(line for line in SITE.splitlines() if line.startswith("|") and f"`sc.{module}`" in line)
    cell = row.split("|")[3]
    for name in re.findall(r"`(\w+)`", cell):
        assert any(hasattr(getattr(sc, m), name) for m in re.findall(r"`sc\.(\w+)`", row)), name


def test_code_parses():
    for block in PYTHON:
        ast.parse(block)


# ---------------------------------------------------------------------- commands, files, rooms


def test_targets_and_commands_exist():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([\w-]+)", TEXT, re.MULTILINE)) <= targets
    commands = {shlex.split(line)[1] for line in SHELL if line.startswith("spatialconv ")}
    assert commands >= {"study", "init", "check"}
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert commands <= known


@pytest.mark.slow
def test_commands_run_as_shown(tmp_path):
    for line in SHELL:
        if line.startswith("spatialconv "):
            command = [sys.executable, "-m", *shlex.split(line)]
            ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
            # A check or an audit that finds something ends with 1, as said beside it.
            found = ended.returncode == 1 and command[3] in ("check", "audit")
            assert ended.returncode == 0 or (found and ended.stdout), ended.stderr
    for out in ("results", "myresults"):
        assert (tmp_path / out / "report.html").stat().st_size > 100_000
        assert list((tmp_path / out / "tables").glob("*.tex"))


def test_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#\s]+)\)|src=\"([^\"]+)\"", TEXT)
    local = [link for pair in links for link in pair if link and not link.startswith("http")]
    assert len(local) >= 7
    for link in local:
        assert (ROOT / link).exists(), link


def test_tests_named_exist():
    named = set(re.findall(r"`(?:tests/)?(test_\w+\.py)`", SITE))
    assert named <= {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert len(named) >= 8


def test_map_of_the_house_has_every_room():
    house = re.search(r"```text\nspatialconv/\n(.*?)```", SITE, re.DOTALL)[1]
    package = ROOT / "spatialconv"
    rooms = [p.name for p in package.iterdir() if p.suffix == ".py" or (p.is_dir() and (p / "__init__.py").exists())]
    assert [room for room in rooms if room not in house] == []


# ---------------------------------------------------------------------- the study


def test_counts_of_verdicts():
    study = sc.study.analyse(sc.study.zhejiang(), progress=False)
    said = re.search(
        r"of (\d+), (\d+) are reproduced, (\d+) lie within a\s+stated tolerance, (\d+) differ, and (\d+) cannot", SITE
    )
    total, *verdicts = (int(n) for n in said.groups())
    counts = study.replication.counts
    names = ("reproduced", "within tolerance", "differs", "not recomputable")
    assert verdicts == [counts[name] for name in names]
    assert total == sum(verdicts)


def test_hot_spots_as_said(zj):
    w = sc.weights.adjacency(zj.cities)
    levels = sc.hot_spots(zj.panel, "exports", w, period=[2016, 2020]).table
    logs = sc.hot_spots(zj.panel, "exports", w, period=[2016, 2020], log=True).table
    assert round(levels["z"].abs().max(), 3) == float(re.search(r"largest \|z\| of Gi\\\* is (\d\.\d+)", SITE)[1])
    passing = logs.loc[logs["z"].abs() > 1.645, "z"]
    assert passing.round(3)[2020, "Shaoxing"] == 1.956
    assert passing.round(2)[:, "Zhoushan"].to_list() == [-1.74, -1.81]
    assert len(passing) == 3
    assert (logs["confidence_fdr"] == 0).all()


def test_beta_by_effects_as_said(zj):
    w = sc.weights.inverse_distance(zj.cities)
    said = re.search(rf"beta is ({NUMBER}) with time effects, ({NUMBER}) with region effects, ({NUMBER})", SITE)
    kinds = ("time", "region", "two-way")
    found = [round(sc.beta(zj.panel, "exports", w, spatial="lag", effects=kind).beta, 2) for kind in kinds]
    assert found == [float(number.replace("−", "-")) for number in said.groups()]


def test_rho_rests_on_one_pair_in_one_year(zj):
    w = sc.weights.inverse_distance(zj.cities)
    panel = zj.panel
    without = [
        panel.subset(periods=panel.periods[1:]),
        panel.subset(regions=panel.regions.drop("Jiaxing")),
        panel.subset(regions=panel.regions.drop("Huzhou")),
    ]
    for controls in ((), "digital"):
        rho = [
            sc.beta(p, "exports", w, controls=controls, controls_at="end", spatial="lag", effects="time")
            for p in (panel, *without)
        ]
        assert rho[0].pvalues["rho"] < 0.001
        assert all(b.pvalues["rho"] > 0.1 for b in rho[1:])
    growth = sc.growth(panel, "exports").rates["2016-17"]
    assert growth[["Jiaxing", "Huzhou"]].round().tolist() == [425, -59]


# ---------------------------------------------------------------------- what is said of others


def known(package: str, newest: str) -> None:
    """Skip where a package is newer than the release that README speaks of: it may have been mended."""
    from importlib.metadata import version

    from packaging.version import Version

    if Version(version(package)) > Version(newest):
        pytest.skip(f"README speaks of {package} up to {newest}")


def test_gi_star_of_esda_turns_round_where_the_mean_is_negative(zj):
    known("esda", "2.10.0")
    esda = pytest.importorskip("esda")
    w = sc.weights.adjacency(zj.cities, link=[("Zhoushan", "Ningbo")], standardise="none")
    y = zj.panel.wide("exports").loc[2020][list(w.unique_ids)]
    one, other = (
        esda.G_Local(v.to_numpy(), w.to_W(), transform="B", star=True, permutations=0).Zs for v in (y, y - 500)
    )
    np.testing.assert_allclose(one, -other, rtol=1e-9)
    lower = zj.panel.assign(exports=lambda d: d["exports"] - 500)
    ours, still = (sc.hot_spots(panel, "exports", w, period=2020).table["z"] for panel in (zj.panel, lower))
    pd.testing.assert_series_equal(ours, still, rtol=1e-9)
    np.testing.assert_allclose(ours[y.index], one, rtol=1e-9)


@pytest.mark.filterwarnings("ignore:Gi. requested:UserWarning")
def test_gi_star_of_esda_is_half_as_wide_by_default():
    known("esda", "2.10.0")
    esda = pytest.importorskip("esda")
    from libpysal.weights import lat2W

    rng, lattice = np.random.default_rng(0), lat2W(8, 8)
    draws = [esda.G_Local(rng.normal(10, 1, 64), lattice, star=True, permutations=0).Zs for _ in range(100)]
    assert np.std(draws) == pytest.approx(0.46, abs=0.05)


@pytest.mark.filterwarnings("ignore:The alternative hypothesis:DeprecationWarning")
def test_esda_changes_the_weights_it_is_given_and_mixes_tails(zj):
    known("esda", "2.10.0")
    esda = pytest.importorskip("esda")
    from libpysal.weights import lat2W

    w = lat2W(5, 5)
    esda.Moran_Local(np.random.default_rng(0).normal(size=25), w, permutations=9)
    assert w.transform == "R"
    distance = sc.weights.inverse_distance(zj.cities)
    y = zj.panel.wide("exports", log=True).loc[2020][list(distance.unique_ids)].to_numpy()
    both = esda.Moran(y, distance.to_W(), permutations=9999)
    assert both.p_sim < 0.03 < 0.09 < both.p_rand < 0.095
    ours = sc.moran(zj.panel, "exports", distance, log=True, permutations=9999, seed=1).table.loc[2020]
    assert ours["p"] == pytest.approx(both.p_rand, rel=1e-9)
    assert ours["p_permutation"] == pytest.approx(2 * both.p_sim, abs=0.015)


@pytest.mark.slow
def test_direct_rho_under_time_effects_as_said(zj):
    """Bias −0.3 and a quarter of rejections, against 0 and 5 %: 400 samples without any spatial dependence."""
    w = sc.weights.inverse_distance(zj.cities)
    rng, found = np.random.default_rng(2024), []
    index = pd.MultiIndex.from_product([zj.panel.regions, range(4)], names=["city", "year"])
    for _ in range(400):
        frame = pd.DataFrame(rng.normal(size=(44, 2)), index=index, columns=["y", "x"])
        panel = sc.Panel(frame, region="city", period="year")
        for correction in ("none", "lee-yu"):
            fit = sc.fit_panel(panel, "y", "x", w, effects="time", correction=correction)
            found.append((correction, fit.rho, fit.pvalues["rho"] < 0.05))
    means = pd.DataFrame(found, columns=["correction", "rho", "rejects"]).groupby("correction").mean()
    assert means.loc["none", "rho"] == pytest.approx(-0.3, abs=0.05)
    assert means.loc["none", "rejects"] == pytest.approx(0.25, abs=0.06)
    assert means.loc["lee-yu", "rho"] == pytest.approx(0, abs=0.06)
    assert means.loc["lee-yu", "rejects"] == pytest.approx(0.05, abs=0.04)


def test_supported_combinations_as_said():
    """The table of the architecture is the table of the validator."""
    from spatialconv.models.specification.spec import SUPPORTED

    words = {"any": "any", "row": "row-standardised, nobody alone"}
    expected = [
        f"| {effects} | {correction} | {words[needs.lag_weights]} | {words[needs.error_weights]} |"
        for (effects, correction), needs in SUPPORTED.items()
    ]
    lines = (ROOT / "docs" / "reference" / "architecture.md").read_text(encoding="utf-8").splitlines()
    start = lines.index("| effects | correction | weights of the lag | weights of the error |") + 2
    assert lines[start : start + len(expected)] == expected
    assert lines[start + len(expected) : start + len(expected) + 1] in ([], [""])
