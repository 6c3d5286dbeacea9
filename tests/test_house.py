"""The listing of the house, and the circles it finds: in ours none, in a small package those that are put there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import house

DOORS = 'DOORS = {"A.far": "p.rooms.far:far"}\n'


@pytest.fixture
def package(tmp_path):
    """A package p: `near` and `far` in a room, `far` stands on `near`."""
    room = tmp_path / "p" / "rooms"
    room.mkdir(parents=True)
    (tmp_path / "p" / "__init__.py").write_text('"""Everything.\n\nMore.\n"""\nfrom p.rooms.far import far\n')
    (room / "__init__.py").write_text('"""Rooms, of which there are two."""\n')
    (room / "near.py").write_text("class A: ...\n")
    (room / "far.py").write_text("from p.rooms.near import A\ndef far(a: A): ...\n")
    return tmp_path / "p"


def test_a_line_a_folder(package):
    assert house.folders(package) == [
        house.Folder("p", "Everything.", 0),
        house.Folder("p/rooms", "Rooms, of which there are two.", 2),
    ]


@pytest.mark.parametrize(
    "back",
    [
        "from p.rooms.far import far\nclass A: ...\n",
        "import p.rooms.far\nclass A: ...\n",
        "from p.rooms import far\nclass A: ...\n",
        "class A:\n    def far(self):\n        from p.rooms.far import far\n        return far(self)\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.rooms.far import far\nclass A: ...\n",
    ],
)
def test_a_circle_is_found_wherever_the_import_stands(package, back):
    assert house.circles(package) == []
    (package / "rooms" / "near.py").write_text(back)
    assert house.circles(package) == [["p.rooms.far", "p.rooms.near"]]
    assert "circles of files: 1, 2 files; doors: 0\n  p.rooms.far p.rooms.near" in house.listing(package)


def test_through_a_door_there_is_none_and_beside_it_there_is(package):
    types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.rooms.far import far\n"
    door = 'from p._doors import door\nclass A:\n    def far(self):\n        return door("A.far")(self)\n'
    (package / "_doors.py").write_text(DOORS)
    (package / "rooms" / "near.py").write_text(types + door)
    assert house.circles(package) == []
    assert house.listing(package).endswith("circles of files: 0; doors: 1")
    (package / "rooms" / "near.py").write_text(types + "class A: ...\n")
    assert len(house.circles(package)) == 1
    (package / "_doors.py").write_text("")
    with pytest.raises(ValueError, match="assigns no DOORS"):
        house.circles(package)


def test_the_largest_circle_comes_first(package):
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        (package / f"{one}.py").write_text(f"import p.{other}\n")
    (package / "rooms" / "near.py").write_text("import p.rooms.far\n")
    assert [len(group) for group in house.circles(package)] == [3, 2]


def test_ours_has_a_sentence_for_every_folder_and_no_circle():
    lines = house.folders(house.ROOT)
    assert len(lines) >= 40
    assert [line.name for line in lines if len(line.says) < 20] == []
    assert sum(line.modules + 1 for line in lines) == len(list(house.ROOT.rglob("*.py")))
    assert house.circles(house.ROOT) == []
    assert len(house.doors(house.ROOT)) >= 10


def test_the_command_prints_it():
    command = [sys.executable, "-m", "tests.house"]
    printed = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[0].startswith("spatialconv  ")
    assert "\ncircles of files: 0; doors: " in printed
    assert max(map(len, printed.splitlines())) <= house.WIDTH
