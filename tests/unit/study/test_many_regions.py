"""Studies of many regions: stages that are kept, a check that is light or off, reports that stay small."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import checks, maps
from spatialconv.cli import main
from spatialconv.errors import FileError, OptionError
from spatialconv.report._blocks import Shown
from spatialconv.report._words import not_estimated
from spatialconv.study._kept import Kept, fingerprint
from spatialconv.tables import table


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """The example of eleven cities, without permutations and without the check."""
    loaded = sc.study.load(sc.study.example(tmp_path_factory.mktemp("case")))
    return replace(loaded, permutations=0, check=sc.study.CheckChoice(extent="off"))


@pytest.fixture(scope="module")
def whole(case, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "results"
    sc.study.run(case, folder, progress=False)
    return folder


def stop_at(monkeypatch, name):
    """Interrupt a run when it saves a figure, as Ctrl-C does; return the names of the figures that it saves."""
    saved, real = [], maps.save

    def save(figure, path):
        if path.name == name:
            raise KeyboardInterrupt
        saved.append(path.name)
        return real(figure, path)

    monkeypatch.setattr(maps, "save", save)
    return saved


class TestTakenUp:
    def test_a_stopped_run_is_taken_up_to_the_same_bytes(self, case, whole, tmp_path, monkeypatch, capsys):
        out = tmp_path / "results"
        first = stop_at(monkeypatch, "links_adjacency")
        with pytest.raises(KeyboardInterrupt):
            sc.study.run(case, out)
        monkeypatch.undo()
        said = capsys.readouterr().err
        assert not out.exists()
        assert len(first) > 3
        assert f"{len(first)} figures and 0 answers of the check are kept in" in said
        assert "Missing: figure links_adjacency, figure links_distance" in said
        again = stop_at(monkeypatch, "no such figure")
        sc.study.run(case, out)
        assert f"taking up {len(first)} figures" in capsys.readouterr().err
        assert not {*again} & {*first}
        assert contents(out) == contents(whole)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["results"]

    def test_what_somebody_changed_is_made_anew(self, case, whole, tmp_path, monkeypatch):
        out = tmp_path / "results"
        stop_at(monkeypatch, "links_adjacency")
        with pytest.raises(KeyboardInterrupt):
            sc.study.run(case, out, progress=False)
        monkeypatch.undo()
        (tmp_path / "results.unfinished" / "map.svg").write_text("not a map", encoding="utf-8")
        again = stop_at(monkeypatch, "no such figure")
        sc.study.run(case, out, progress=False)
        assert "map" in again
        assert "hot_spots" not in again
        assert contents(out) == contents(whole)

    def test_another_case_takes_nothing_up(self, case, tmp_path):
        kept = Kept.beside(tmp_path / "out", case)
        file = tmp_path / "map.svg"
        file.write_text("a", encoding="utf-8")
        kept.keep("map", [file])
        assert list(Kept.beside(tmp_path / "out", case).figures) == ["map"]
        assert Kept.beside(tmp_path / "out", replace(case, seed=2)).empty
        assert Kept.beside(tmp_path / "other", case).empty

    def test_the_files_of_a_case_are_part_of_it(self, case, tmp_path):
        folder = shutil.copytree(case.panel.file.parent, tmp_path / "copy")
        here = sc.study.load(folder / "case.toml")
        before = fingerprint(here)
        text = here.panel.file.read_text(encoding="utf-8")
        here.panel.file.write_text(text + "\n", encoding="utf-8")
        assert fingerprint(here) != before
        here.panel.file.write_text(text, encoding="utf-8")
        assert fingerprint(here) == before
        shapes = here.geometry.file.with_suffix(".dbf")
        shapes.write_bytes(shapes.read_bytes()[:-1] + b"\0")
        assert fingerprint(here) != before

    @pytest.mark.parametrize("record", ["", "[]", '{"of": 3}', '{"of": "x", "figures": [], "answers": 1}'])
    def test_a_record_that_is_none_is_nothing(self, case, tmp_path, record):
        folder = tmp_path / "out.unfinished"
        folder.mkdir()
        (folder / "made.json").write_text(record, encoding="utf-8")
        assert Kept.beside(tmp_path / "out", case).empty

    def test_a_name_that_leads_out_of_the_folder_is_not_followed(self, case, tmp_path):
        secret = tmp_path / "secret.svg"
        secret.write_text("a", encoding="utf-8")
        kept = Kept.beside(tmp_path / "out", case)
        kept.keep("map", [secret])
        made = tmp_path / "out.unfinished" / "made.json"
        said = json.loads(made.read_text(encoding="utf-8"))
        said["figures"]["map"] = {"../secret.svg": said["figures"]["map"]["secret.svg"]}
        made.write_text(json.dumps(said), encoding="utf-8")
        again = Kept.beside(tmp_path / "out", case)
        (tmp_path / "to").mkdir()
        assert again.take("map", tmp_path / "to") == []
        assert not list((tmp_path / "to").iterdir())

    def test_answers_of_the_check_are_kept(self, case, tmp_path):
        kept = Kept.beside(tmp_path / "out", case)
        finding = checks.Finding("islands", "Has every region?", "warn", "none for 'Zhoushan'", "Link it.")
        kept.answer(finding)
        assert Kept.beside(tmp_path / "out", case).answers == {"islands": finding}

    def test_an_error_leaves_nothing_beside_the_folder(self, case, tmp_path, monkeypatch):
        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("spatialconv.tables._table.write_whole", full)
        with pytest.raises(FileError, match="No space left"):
            sc.study.run(case, tmp_path / "results", progress=False)
        assert not list(tmp_path.iterdir())


class TestOnly:
    def test_one_figure_and_one_table(self, case, whole, tmp_path):
        study = sc.study.run(case, tmp_path / "out", only=("sigma", "map"), progress=False)
        names = {path.relative_to(tmp_path / "out").as_posix() for path in study.files}
        assert names == {
            "files.json",
            *(f"figures/{name}.{suffix}" for name in ("map", "sigma") for suffix in ("png", "svg")),
            *(f"tables/sigma.{suffix}" for suffix in ("csv", "md", "tex")),
        }
        full = contents(whole)
        made = contents(tmp_path / "out")
        assert all(made[name] == full[name] for name in names - {"files.json"})

    def test_the_rest_of_an_earlier_run_stays(self, case, whole, tmp_path):
        out = shutil.copytree(whole, tmp_path / "out")
        before = contents(out)
        sc.study.run(case, out, only="figures", progress=False)
        assert contents(out) == before

    def test_unknown_names_are_refused(self, case, tmp_path):
        with pytest.raises(OptionError, match=r"only must be one of 'tables', 'figures', .*; got 'mop'"):
            sc.study.run(case, tmp_path / "out", only="mop", progress=False)
        assert not list(tmp_path.iterdir())


class TestCheckOfTheStudy:
    def test_off_asks_nothing_and_says_so(self, case, whole):
        text = (whole / "report.md").read_text(encoding="utf-8")
        assert "No question was asked: the check was left out." in text
        assert not (whole / "tables" / "checks.csv").exists()
        assert len(sc.study.analyse(case, progress=False).checks) == 0

    def test_light_leaves_out_what_takes_long(self, case):
        light = replace(case, check=sc.study.CheckChoice(extent="light"))
        found = sc.study.analyse(light, progress=False).checks
        names = {finding.name for finding in found}
        long = tuple(name for name in checks.QUESTIONS if name in checks.LONG)
        assert {"no convergence", "neighbours", "unit root", "regions"} < set(long)
        assert names == set(checks.QUESTIONS) - set(long)
        assert f"not asked: {', '.join(long)}" in found.notes
        assert found.verdict.startswith(f"By {len(names)} of {len(checks.QUESTIONS)} questions: It may ")

    def test_auto_is_full_for_few_and_light_for_many(self):
        auto = sc.study.CheckChoice()
        assert auto.asked(1000) == "all"
        assert auto.asked(1001) == "light"
        assert sc.study.CheckChoice(extent="full").asked(10**5) == "all"
        assert sc.study.CheckChoice(questions=("islands",)).asked(10**5) == ("islands",)
        assert sc.study.CheckChoice(extent="off").asked(10) == ()

    def test_keys_of_the_case(self, case, tmp_path):
        path = sc.study.example(tmp_path)
        text = path.read_text(encoding="utf-8")
        assert sc.study.load(path).check == sc.study.CheckChoice("auto", 999)
        path.write_text(text.replace('extent = "auto"', 'extent = "some"'), encoding="utf-8")
        with pytest.raises(OptionError, match="extent"):
            sc.study.load(path)
        path.write_text(text.replace('# questions = ["islands", "halves"]', 'questions = ["iland"]'), encoding="utf-8")
        with pytest.raises(OptionError, match="questions must be one of 'sample', 'islands'"):
            sc.study.load(path)

    def test_flags_of_the_command(self, tmp_path, capsys):
        path = sc.study.example(tmp_path / "in")
        out = str(tmp_path / "out")
        main_ok(["study", str(path), "-o", out, "--quick", "--no-check", "--only", "moran", "--quiet"])
        moran = pd.read_csv(tmp_path / "out" / "tables" / "moran.csv")
        assert "p_permutation" not in moran
        assert [p.name for p in (tmp_path / "out" / "tables").iterdir()] != []
        assert not (tmp_path / "out" / "report.html").exists()
        for bad, why in (
            (["--check", "some"], "--check must be one of 'auto', 'full', 'light', 'off'; got 'some'."),
            (["--check", "full", "--no-check"], "--no-check and --check full contradict each other"),
            (["--jobs", "0"], "jobs must be a whole number of processes"),
            (["--draws", "3"], "draws must be a whole number of at least 19"),
        ):
            with pytest.raises(SystemExit) as stop:
                main(["study", str(path), "-o", out, "--quiet", *bad])
            assert stop.value.code == 2
            assert why in capsys.readouterr().err


def main_ok(arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0


class TestReport:
    def test_long_tables_are_cut_and_say_so(self):
        frame = pd.DataFrame({"x": np.arange(100.0)}, index=pd.Index(range(100), name="region"))
        cut = Shown(table(frame), most=10, where="tables/t.csv").cut
        assert list(cut.frame.index) == [0, 1, 2, 3, 4, 95, 96, 97, 98, 99]
        assert cut.notes[-1] == "10 of 100 rows, the first and the last 5; all are in tables/t.csv"
        assert Shown(table(frame.iloc[:10]), most=10).cut.frame.equals(frame.iloc[:10])
        assert Shown(table(frame)).cut.frame.equals(frame)

    def test_the_same_reason_is_said_once(self):
        reasons = {
            sc.study.Cell(sample, (), effects, "none"): "it has 1 region" if sample == "Oceania" else "singular"
            for sample in ("Oceania", "Asia")
            for effects in ("none", "time", "region", "two-way")
            if sample == "Oceania" or effects == "time"
        }
        said = not_estimated(SimpleNamespace(betas=SimpleNamespace(reasons=reasons)))
        assert said == [
            "4 models not estimated (Oceania absolute, Oceania absolute (time, direct), Oceania absolute (region, "
            "direct) and 1 more): it has 1 region",
            "Not estimated: Asia absolute (time, direct). singular",
        ]

    def test_a_span_is_so_many_years(self, case):
        study = sc.study.analyse(replace(case, model=replace(case.model, horizon=2)), progress=False)
        assert study.span == "2 years"
        assert replace(study, case=case).span == "one year"
        assert "spans of 2 years" in study.tables()["growth"].caption

    def test_who_grew_most_is_by_compound_growth(self, case):
        """A region that falls to a third and comes back has the highest mean of percentages, and has not grown."""
        study = sc.study.analyse(case, progress=False)
        text = sc.report.markdown(study)
        compound = study.growth.compound
        assert f"Compound growth was highest in {compound.idxmax()}" in text
        assert f"lowest in {compound.idxmin()}" in text


@pytest.fixture(scope="module")
def counties(tmp_path_factory):
    return sc.study.example(tmp_path_factory.mktemp("counties"), of="counties")


class TestCounties:
    def test_what_it_holds(self, counties):
        case = sc.study.load(counties)
        data = sc.read(case.panel.file, region="county", period="year", geometry=case.geometry.file, id="county")
        assert (data.panel.n_regions, data.panel.n_periods) == (3085, 4)
        links = sc.weights.describe(sc.weights.adjacency(data.geometry))
        # Cells around points that fill a frame: borders that are common to the last digit, nobody left alone.
        assert links.components == 1
        assert links.mean_neighbours == pytest.approx(6, abs=0.3)
        assert data.panel.values("income").min() > 0

    def test_the_same_bytes_again(self, counties, tmp_path):
        again = sc.study.example(tmp_path, of="counties")
        assert contents(again.parent) == contents(counties.parent)

    def test_it_finds_what_was_put_in(self, counties):
        """Beta -0.1 a decade and rho 0.4, within three standard errors."""
        case = sc.study.load(counties)
        panel = sc.read(case.panel.file, region="county", period="year").panel
        shapes = sc.read(case.panel.file, region="county", period="year", geometry=case.geometry.file, id="county")
        w = sc.weights.adjacency(shapes.geometry)
        b = sc.beta(panel, "income", w, controls="school", horizon=10, spatial="lag", effects="time")
        assert abs(10 * b.beta + 0.1) < 3 * 10 * b.std_errors["log_initial"]
        assert abs(b.rho - 0.4) < 3 * b.std_errors["rho"]

    def test_unknown_examples_are_refused(self, tmp_path):
        with pytest.raises(OptionError, match="of must be one of 'cities', 'counties'; got 'towns'"):
            sc.study.example(tmp_path / "new", of="towns")
        assert not (tmp_path / "new").exists()

    @pytest.mark.slow
    def test_from_init_to_the_report(self, counties, tmp_path):
        study = sc.study.run(counties, tmp_path / "out", progress=False)
        report = tmp_path / "out" / "report.html"
        assert report.stat().st_size < 5_000_000
        assert len(study.betas.fits) == len(study.betas.cells)
        assert "60 of 3,085 rows" in report.read_text(encoding="utf-8")
        assert "3085" in report.read_text(encoding="utf-8")
        rows = pd.read_csv(tmp_path / "out" / "tables" / "growth.csv")
        assert len(rows) == 3085
