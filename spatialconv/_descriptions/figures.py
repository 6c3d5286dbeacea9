r"""How printed figures are typed, for the JSON schema; the patterns refuse none that `auditing` reads.

A schema sees a text and no more. The patterns are those of JSON (ECMA 262) and of Python at once.
"""

from __future__ import annotations

_CHARACTERS = r"\s\d.,+\-\u2212\u2013*<>\u2264\u2265=%eE"
_WORDS = r"naNAdefiuDEFIU.\-\u2013\u2014"  # of "n.a.", "na", "undefined" and dashes, inside brackets
_BLANK = r"^\s*(?:-|--|\u2013|\u2014|[nN]\.[aA]\.|[nN][aA]|[uU][nN][dD][eE][fF][iI][nN][eE][dD])?\s*$"
_FIGURE = rf"^(?=[\s\S]*\d)[{_CHARACTERS}]+$"
_CELL = rf"^(?=[\s\S]*\d)[{_CHARACTERS}{_WORDS};()\[\]]+$"

FIGURE = {"pattern": _FIGURE, "examples": ["-0.409", "0.47**", "12.5%", "< 0.001", "1,234"]}
BLANK_OR_FIGURE = {"pattern": f"{_BLANK}|{_FIGURE}", "examples": ["-0.409", "12.5%", "< 0.001", ""]}
CELL = {
    "pattern": f"{_BLANK}|{_CELL}",
    "examples": ["-0.336***(-4.87)", "-0.336 (0.069) [0.000]", "-0.34 [-0.47, -0.20]", ""],
}
