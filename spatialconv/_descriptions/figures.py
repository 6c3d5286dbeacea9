r"""How printed figures are typed, for the JSON schema; the patterns refuse none that `auditing` reads.

A schema sees a text and no more. The patterns are those of JSON (ECMA 262) and of Python at once.
"""

from __future__ import annotations

# Minus signs, stars, spaces and powers as `auditing.description.typography` unfolds them.
_SET = (
    r"\u2010-\u2015\ufe63\uff0d\u2217\uff0a\u22c6\u204e\u2731\u2736\u272f\u066d\ufe61\u2605"
    r"\u200b-\u200d\u2060\ufeff\u00ad\u3000"
)
_POWERS = r"xX\u00d7\u00b7\u22c5^{}\u2070\u00b9\u00b2\u00b3\u2074-\u207b\uff0e\uff0c\uff05\uff1c\uff1e\u02c2"
_CHARACTERS = rf"\s\d.,+\-\u2212\u2013*<>\u2264\u2265=%eE\uff10-\uff19{_SET}{_POWERS}"
_WORDS = r"naNAdefiuDEFIU.\-\u2013\u2014"  # of "n.a.", "na", "undefined" and dashes, inside brackets
_BLANK = r"^\s*(?:-|--|\u2013|\u2014|[nN]\.[aA]\.|[nN][aA]|[uU][nN][dD][eE][fF][iI][nN][eE][dD])?\s*$"
_FIGURE = rf"^(?=[\s\S]*[\d\uff10-\uff19])[{_CHARACTERS}]+$"
_CELL = rf"^(?=[\s\S]*[\d\uff10-\uff19])[{_CHARACTERS}{_WORDS};()\[\]to\uff08\uff09\uff3b\uff3d\u3010\u3011]+$"

FIGURE = {"pattern": _FIGURE, "examples": ["-0.409", "0.47**", "12.5%", "< 0.001", "1,234"]}
BLANK_OR_FIGURE = {"pattern": f"{_BLANK}|{_FIGURE}", "examples": ["-0.409", "12.5%", "< 0.001", ""]}
CELL = {
    "pattern": f"{_BLANK}|{_CELL}",
    "examples": ["-0.336***(-4.87)", "-0.336 (0.069) [0.000]", "-0.34 [-0.47, -0.20]", ""],
}
# What a table prints is typed as it stands: what is no figure there is a finding of the audit, not a wrong file.
TABLE_FIGURE = {"examples": BLANK_OR_FIGURE["examples"]}
TABLE_CELL = {"examples": CELL["examples"]}
