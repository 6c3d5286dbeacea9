"""Studies that survive: two at once, folders of others, full disks, ends at any moment; nothing half looks whole."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pandas as pd
import pytest

import spatialconv as sc
from spatialconv._files.writing import whole_file, write_whole
from spatialconv.errors import FileError
from spatialconv.study import _folder

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals, limits and locks of POSIX")


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def study():
    return sc.study.analyse(sc.study.zhejiang(), progress=False)


@pytest.fixture(scope="module")
def whole(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    sc.study.write(study, folder, progress=False)
    return folder


@pytest.fixture
def folder(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "results")


def stage(folder, **files):
    """Publish a study of a few files, which takes no figures."""
    with _folder.reserved(folder) as place:
        for name, text in files.items():
            path = place.stage / name.replace("__", "/").replace("_dot_", ".")
            path.write_text(text, encoding="utf-8")
        return place.publish()


def test_the_record_says_what_was_written(whole):
    said = json.loads((whole / "files.json").read_text(encoding="utf-8"))
    assert said["finished"] is True
    assert {*said["files"], "files.json"} == set(contents(whole))
    assert all(len(digests) == 1 for digests in said["files"].values())


def test_again_into_the_same_folder_gives_the_same_bytes(study, folder):
    before = contents(folder)
    again = sc.study.write(study, folder, progress=False)
    assert contents(folder) == before
    assert {path.relative_to(folder).as_posix() for path in again.files} == set(before)


@pytest.mark.parametrize("name", ["report.md", "tables/moran.csv", "figures/map.svg"])
def test_a_file_that_somebody_changed_is_not_replaced(tmp_path, name):
    key = name.replace("/", "__").replace(".", "_dot_")
    stage(tmp_path, **{key: "old", "tables__a_dot_csv": "old"})
    (tmp_path / name).write_text("my own words", encoding="utf-8")
    before = contents(tmp_path)
    with pytest.raises(FileError, match=rf"somebody changed since a study wrote and that would be replaced: '{name}'"):
        stage(tmp_path, **{key: "new", "tables__a_dot_csv": "new"})
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["report.md", "tables/moran.csv"])
def test_a_folder_that_is_not_ours(tmp_path, name):
    path = tmp_path / "mine" / name
    path.parent.mkdir(parents=True)
    path.write_text("my own", encoding="utf-8")
    (tmp_path / "mine" / "thesis.tex").write_text("my own", encoding="utf-8")
    before = contents(tmp_path / "mine")
    with pytest.raises(FileError, match=rf"no study of ours wrote and that would be replaced: '{name}'"):
        stage(tmp_path / "mine", report_dot_md="new", tables__moran_dot_csv="new")
    assert contents(tmp_path / "mine") == before


def test_files_of_others_beside_ours_stay(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "mine.csv").write_text("a", encoding="utf-8")
    stage(tmp_path, tables__one_dot_csv="1", tables__two_dot_csv="2", report_dot_md="old")
    stage(tmp_path, tables__one_dot_csv="3", report_dot_md="new")
    held = contents(tmp_path)
    assert held["tables/mine.csv"] == b"a"
    assert held["tables/one.csv"] == b"3"
    assert "tables/two.csv" not in held  # of the study before
    stage(tmp_path, tables__one_dot_csv="3", tables__two_dot_csv="2")
    (tmp_path / "tables" / "two.csv").write_text("kept by its reader", encoding="utf-8")
    with pytest.raises(FileError, match="somebody changed"):
        stage(tmp_path, tables__one_dot_csv="4")


@pytest.mark.parametrize("record", ["", "{", "[]", '{"files": 3}', '{"files": {"../x": ["a"]}}', '{"files": {"a": 3}}'])
def test_a_record_that_is_none_makes_nothing_ours(tmp_path, record):
    (tmp_path / "files.json").write_text(record, encoding="utf-8")
    (tmp_path / "report.md").write_text("mine", encoding="utf-8")
    with pytest.raises(FileError, match="no study of ours wrote"):
        stage(tmp_path, report_dot_md="new")
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == "mine"


@POSIX
def test_two_at_once(study, folder):
    before = contents(folder)
    with (
        _folder.reserved(folder),
        pytest.raises(FileError, match="another study is being written into the folder"),
    ):
        sc.study.write(study, folder, progress=False)
    assert contents(folder) == before
    stage(folder.parent / "free", report_dot_md="a")


def test_two_at_once_where_folders_cannot_be_locked(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with _folder.reserved(tmp_path / "out"), pytest.raises(FileError, match="another study is being written"):
        stage(tmp_path / "out", report_dot_md="a")
    stage(tmp_path / "out", report_dot_md="a")
    assert set(contents(tmp_path / "out")) == {"files.json", "report.md"}


@pytest.mark.parametrize("at", range(1, 8))
def test_an_end_while_files_change_places_is_seen_and_the_next_study_mends_it(tmp_path, monkeypatch, at):
    """Killed after so many moves: no report stands beside tables of another study, the record says unfinished."""
    names = {f"tables__t{k}_dot_csv": "old" for k in range(4)} | {"report_dot_md": "old", "report_dot_html": "old"}
    stage(tmp_path, **names)
    real, moves = os.replace, [0]

    def replace(source, target):
        moves[0] += 1
        if moves[0] > at:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        stage(tmp_path, **dict.fromkeys(names, "new"))
    monkeypatch.undo()
    held = contents(tmp_path)
    tables = {held[f"tables/t{k}.csv"] for k in range(4)}
    finished = json.loads(held["files.json"])["finished"]
    assert not finished
    assert ("report.html" in held) <= (tables == {b"new"})
    assert not [name for name in held if "unfinished" in name]
    stage(tmp_path, **dict.fromkeys(names, "newer"))
    assert set(contents(tmp_path).values()) - {contents(tmp_path)["files.json"]} == {b"newer"}


def test_an_error_in_the_middle_changes_nothing(study, folder, monkeypatch):
    before = contents(folder)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spatialconv.tables._table.write_whole", full)
    with pytest.raises(FileError, match="No space left on device"):
        sc.study.write(study, folder, progress=False)
    assert contents(folder) == before
    new = folder.parent / "a" / "b"
    with pytest.raises(FileError):
        sc.study.write(study, new, progress=False)
    assert not new.parent.exists()


# ---------------------------------------------------------------------- processes


def command(out, *before):
    # What a shell starts in the background ignores interrupts, and so would all its children.
    heard = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = "\n".join([*before, heard, "from spatialconv.cli import main", "main(sys.argv[1:])"])
    return [sys.executable, "-c", code, "study", "zhejiang", "--quiet", "--out", str(out)]


@POSIX
@pytest.mark.parametrize(
    ("number", "old"), [(signal.SIGINT, True), (signal.SIGTERM, False), (getattr(signal, "SIGKILL", 9), True)]
)
def test_signals_while_a_study_is_written(tmp_path, whole, number, old):
    out = tmp_path / "results"
    if old:
        shutil.copytree(whole, out)
    before = contents(out) if old else {}
    process = subprocess.Popen(command(out), stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    end = time.monotonic() + 120
    # Until the first figure stands in the stage: in the middle of it all.
    while time.monotonic() < end and not list(out.glob(".unfinished-*/figures/*.png")):
        time.sleep(0.02)
        assert process.poll() is None
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode != 0
    held = contents(out) if out.exists() else {}
    assert {name: data for name, data in held.items() if not name.startswith(".unfinished")} == before
    if number != 9:
        assert held == before
        assert out.exists() == old
    else:
        assert list(out.glob(".unfinished-*"))
        with _folder.reserved(out):
            assert len(list(out.glob(".unfinished-*"))) == 1  # what was left is gone; this one's own stage


@POSIX
def test_a_full_disk(tmp_path, whole):
    """A limit on the size of files stands in for the disk: the system says the same at the same call."""
    out = shutil.copytree(whole, tmp_path / "results")
    before = contents(out)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))"
    done = subprocess.run(command(out, limit), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert contents(out) == before
    assert not list(out.glob(".unfinished-*"))


@POSIX
def test_no_home_and_no_locale(tmp_path, whole):
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C",
        "LC_ALL": "C",
        "PYTHONPATH": str(Path(sc.__file__).parents[1]),
    }
    # What chooses the kernels of BLAS stays: others differ in the last digits.
    environment |= {"TMPDIR": str(tmp_path), **{k: v for k, v in os.environ.items() if k.startswith("OPENBLAS_")}}
    done = subprocess.run(
        [sys.executable, "-m", "spatialconv", "study", "zhejiang", "--out", "ergebnisse-äöü", "--quiet"],
        env=environment, cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "ergebnisse-äöü") == contents(whole)


@POSIX
def test_a_read_only_folder(study, tmp_path):
    """Another user asks: root may write everywhere."""
    shut = tmp_path / "shut"
    shut.mkdir()
    shut.chmod(0o555)
    if os.access(shut, os.W_OK):
        code = textwrap.dedent("""
            import os, sys
            from pathlib import Path
            from spatialconv.errors import FileError
            from spatialconv.study._folder import reserved
            os.setgroups([]); os.setgid(65534); os.setuid(65534)
            try:
                with reserved(Path(sys.argv[1])):
                    pass
            except FileError as error:
                print(error)
        """)
        for parent in (tmp_path, *tmp_path.parents):
            if parent.stat().st_uid == os.getuid() and str(parent).startswith(
                str(Path(os.environ.get("TMPDIR", "/tmp")))
            ):
                parent.chmod(parent.stat().st_mode | 0o055)
        done = subprocess.run(
            [sys.executable, "-c", code, str(shut / "out")], capture_output=True, text=True, check=False
        )
        if "Permission" in done.stderr and "FileError" not in done.stderr:
            pytest.skip("the interpreter is not readable to others here")
        assert f"cannot write into the folder {str(shut)!r}: no permission" in done.stdout, done.stderr
    else:
        with pytest.raises(FileError, match="no permission"):
            sc.study.write(study, shut / "out", progress=False)
    assert list(shut.iterdir()) == []


# ---------------------------------------------------------------------- one file


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("before", encoding="utf-8")

    def interrupted():
        with whole_file(path) as unfinished:
            unfinished.write_text("half", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert contents(tmp_path) == {"t.csv": b"before"}
    write_whole(path, "after\n")
    assert contents(tmp_path) == {"t.csv": b"after\n"}
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    write_whole(link, "through")
    assert link.is_symlink()
    assert path.read_bytes() == b"through"


@pytest.mark.parametrize("what", ["table", "figure", "weights", "example"])
def test_every_door_that_writes_leaves_what_was_there(tmp_path, monkeypatch, what):
    """The disk is full at the last step, whichever writes: the file that was there stays, and none lies about."""
    names = {"table": "t.csv", "figure": "f.svg", "weights": "w.csv", "example": "other.txt"}
    (tmp_path / names[what]).write_text("before", encoding="utf-8")
    w = sc.weights.from_matrix([[0, 1], [1, 0]], regions=["a", "b"])

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    if what == "example":
        monkeypatch.setattr("spatialconv.study._example.TEMPLATE", "x" * 10)
        real = Path.open

        def opened(self, mode="r", *args, **options):
            if self.name == "case.toml" and "x" in mode:
                full()
            return real(self, mode, *args, **options)

        monkeypatch.setattr(Path, "open", opened)
    else:
        monkeypatch.setattr("spatialconv._files.writing.os.replace", full)
    with pytest.raises(FileError, match="No space left on device"):
        {
            "table": lambda: sc.tables.save(pd.DataFrame({"a": [1]}), tmp_path / "t.csv"),
            "figure": lambda: sc.plot.save(sc.maps.links(w, _squares()), tmp_path / "f.svg"),
            "weights": lambda: sc.weights.write(w, tmp_path / "w.csv"),
            "example": lambda: sc.study.example(tmp_path),
        }[what]()
    assert contents(tmp_path) == {names[what]: b"before"}


def _squares():
    import geopandas as gpd
    from shapely.geometry import box

    return gpd.GeoDataFrame(geometry=[box(0, 0, 1e4, 1e4), box(1e4, 0, 2e4, 1e4)], index=["a", "b"], crs=32651)
