"""Pages for those who come from other programs: every line says whether figures are the same, and by what."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import spatialconv as sc

ROOT = Path(__file__).parents[3]
PAGES = sorted((ROOT / "docs" / "how_to").glob("from_*.md"))
REFERENCES = ROOT / "tests" / "reference"


def lines(page):
    """Cells of the first table of a page, bars in code apart."""
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("|-"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_line_has_a_call_and_an_answer(page):
    (head, *rows) = lines(page)
    assert len(head) == 3
    assert len(rows) >= 8
    for row in rows:
        assert len(row) == 3, row
        assert all(row), row


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_calls_exist(page):
    for _, here, _ in list(lines(page))[1:]:
        for name in re.findall(r"\bsc((?:\.\w+)+)", here):
            held = sc
            for part in name.strip(".").split("."):
                held = getattr(held, part)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_line_names_is_stored_and_read_by_a_test(page):
    tests = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests" / "unit").rglob("test_*.py")
                      if p != Path(__file__))  # fmt: skip
    named = {n for row in lines(page) for inside in re.findall(r"\(([^()]*)\)", row[-1])
             for n in re.findall(r"`(\w+)`", inside)}  # fmt: skip
    assert named
    for name in named:
        assert (REFERENCES / name).is_dir(), name
        assert re.search(rf"""["'/]{name}\b""", tests), name
