"""TOML that was not written to be read: our errors, or a description, and nothing else."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

import pytest

import spatialconv as sc
from spatialconv.errors import FileError, OptionError, SpatialConvError

AUDITS = Path(sc.__file__).parent / "data" / "audits"
LOADERS = {"case": sc.study.load, "audit": sc.auditing.load}
WORDS = ["1e-9999999999", "[", "]", "[[1]]", "{}", '"', "=", "-1", "true", "nan", "\n[x]\n", "[1, 2]", "1e400", "", "."]
HOSTILE = {
    "brackets": b"a = " + b"[" * 50_000 + b"]" * 50_000,
    "dotted key": b".".join([b"a"] * 100_000) + b" = 1",
    "quoted key": b".".join([b'"a"'] * 100_000) + b" = 1",
    "header": b"[" + b".".join([b"a"] * 100_000) + b"]",
    "digits": b"a = " + b"9" * 5_000,
    "beyond 64 bits": b"seed = 1" + b"0" * 40,
    "size": b"#" * 4_000_001,
    "latin": b'title = "\xe9"',
    "UTF-16": 'title = "x"'.encode("utf-16"),
}


def sources() -> dict[str, tuple[str, str]]:
    case = Path(sc.study.example(tempfile.mkdtemp())).read_text(encoding="utf-8")
    audits = {p.stem: ("audit", p.read_text(encoding="utf-8")) for p in sorted(AUDITS.glob("*.toml"))}
    return {"example": ("case", case), **audits}


@pytest.mark.parametrize("what", LOADERS)
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_are_refused_as_files(tmp_path, what, kind):
    path = tmp_path / "x.toml"
    path.write_bytes(HOSTILE[kind])
    with pytest.raises(FileError):
        LOADERS[what](path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("what", LOADERS)
def test_pipes_and_devices_are_refused_unread(tmp_path, what):
    os.mkfifo(tmp_path / "pipe.toml")
    for path in (tmp_path / "pipe.toml", Path("/dev/zero")):
        with pytest.raises(FileError, match="no regular file"):
            LOADERS[what](path)


@pytest.mark.parametrize("name", ["example", "template", "luo_zhang_2024"])
def test_a_byte_order_mark_changes_nothing(tmp_path, name):
    what, text = sources()[name]
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    (tmp_path / "b.toml").write_text(text, encoding="utf-8-sig")
    assert LOADERS[what](tmp_path / "a.toml") == LOADERS[what](tmp_path / "b.toml")


def test_permutations_without_end_are_refused(tmp_path):
    text = sources()["example"][1]
    path = tmp_path / "case.toml"
    path.write_text(
        "permutations = 1000000000000\n"
        + "\n".join(line for line in text.splitlines() if not line.startswith("permutations")),
        encoding="utf-8",
    )
    with pytest.raises(OptionError, match="permutations must be at most 1,000,000"):
        sc.study.load(path)


@pytest.mark.parametrize("figure", ["1e-9999999999", "1e9999999999", "1e-99999999999999999999", "1e-400"])
def test_figures_without_a_double_are_refused(figure):
    from spatialconv.auditing.description.figures import figure as read

    with pytest.raises(OptionError):
        read(figure)


@pytest.mark.parametrize("jobs", [10**6, -(10**6), 1025])
def test_processes_without_end_are_refused_before_any_is_started(jobs):
    from spatialconv._parallel import run

    with pytest.raises(OptionError, match="jobs must be at most 1,024 processes"):
        run(abs, [(1,)], jobs=jobs, what="nothing", show=False)
    assert run(abs, [(-1,)], jobs=1, what="nothing", show=False) == [1]


def mutated(text: str, draw: random.Random) -> str:
    for _ in range(draw.randint(1, 3)):
        lines = text.splitlines()
        k = draw.randrange(len(lines))
        how = draw.randrange(4)
        if how == 0:
            lines[k] = lines[k].split("=")[0] + "= " + draw.choice(WORDS)
        elif how == 1:
            del lines[k]
        elif how == 2:
            lines[k] = lines[draw.randrange(len(lines))]
        else:
            at = draw.randint(0, len(lines[k]))
            lines[k] = lines[k][:at] + draw.choice(WORDS) + lines[k][at:]
        text = "\n".join(lines) + "\n"
    return text


def survive(tmp_path: Path, times: int) -> None:
    path = tmp_path / "x.toml"
    for name, (what, text) in sources().items():
        draw = random.Random(name)
        for number in range(times):
            path.write_text(mutated(text, draw), encoding="utf-8")
            try:
                LOADERS[what](path)
            except SpatialConvError:
                continue
            except Exception as error:
                raise AssertionError(f"{name}, mutation {number}: {type(error).__name__}: {error}") from error


def test_mutated_files_raise_only_our_errors(tmp_path):
    survive(tmp_path, 60)


@pytest.mark.slow
def test_many_mutated_files_raise_only_our_errors(tmp_path):
    survive(tmp_path, 2000)
