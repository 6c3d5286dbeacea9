"""Cells of .csv files that a spreadsheet would take for formulas: an apostrophe before them, and off again."""

from __future__ import annotations

import re
from typing import Any

# What a spreadsheet evaluates, blanks before it included: =, + and @ always, - unless a number follows. A tab or a line
# break at the beginning is taken off by some and not by others, so it is kept from them too. Text that has the
# apostrophe already gets another, so that taking one off gives back what was there.
_FORMULA = re.compile(r"'*(?:[\t\r\n]|\s*(?:[=+@]|-(?![\s]*[0-9.])))")
_NUMBER = re.compile(r"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?")


def guarded(cell: Any) -> Any:
    """Return a cell for a .csv file: text that would be a formula behind an apostrophe, anything else as it is."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def unguarded(cell: str) -> str:
    """Return the text that `guarded` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell[1:]) else cell
