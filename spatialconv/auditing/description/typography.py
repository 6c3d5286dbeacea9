"""How figures are set: minus signs, stars, spaces, powers of ten, commas, reduced to what `figures` reads."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Minus signs, hyphens and dashes that stand for one before a digit; full-width and superscript ones are unfolded below.
_MINUS = "\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d"
_STARS = "\u2217\uff0a\u22c6\u204e\u2731\u2736\u272f\u066d\ufe61\u2605"
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t\r\n"
_NOTHING = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_WIDE = {0xFF10 + k: str(k) for k in range(10)}
_PLAIN = str.maketrans(
    dict.fromkeys(_MINUS, "-")
    | dict.fromkeys(_STARS, "*")
    | dict.fromkeys(_SPACES, " ")
    | dict.fromkeys(_NOTHING, "")
    | {chr(k): v for k, v in _WIDE.items()}
    | {"\uff08": "(", "\uff09": ")", "\uff3b": "[", "\uff3d": "]", "\uff0c": ",", "\uff0e": ".", "\uff05": "%",
       "\u2264": "<", "\u2265": ">", "\uff1c": "<", "\uff1e": ">", "\u02c2": "<", "\u3010": "[", "\u3011": "]"}
)  # fmt: skip
_RAISED = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b\u207a", "0123456789-+")
_RAISED_RUN = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u207b]+")
# 5.81 x 10^-5, 5.81·10^{-5}, 5.81 × 10−5
_POWER = re.compile(r"(?<=[\d.])\s*[x\u00d7\u00b7\u22c5]\s*10\s*\^?\s*\{?\s*([+-]?\s?\d{1,3})\s*\}?", re.IGNORECASE)
_GROUPED = re.compile(r"(?<![\d.,])(\d{1,3})((?: \d{3})+)(?![\d])")
_SET = re.compile(r"\\sym\{([*]*)\}|\^\{([*\s]*)\}|\^([*]+)|\\textsuperscript\{([*\s]*)\}")

_COMMA = re.compile(r"\d,(?:\d{1,2}|\d{4,})(?!\d)|(?<![\d.,])0,\d|\d\.\d{3},\d")
_DOT = re.compile(r"\d\.(?:\d{1,2}|\d{4,})(?!\d)|(?<![\d.,])0\.\d|\d,\d{3}\.\d|(?<!\d)\.\d")


def plain(text: str) -> str:
    r"""Return a figure or cell with one kind of minus, star, space and power of ten.

    Examples
    --------
    >>> plain("\u22120.12\u2217\u2217"), plain("5.81 \u00d7 10\u207b\u2075"), plain("1\u2009234.5")
    ('-0.12**', '5.81e-5', '1234.5')
    """
    found = _RAISED_RUN.sub(lambda m: "^" + m[0].translate(_RAISED), text).translate(_PLAIN)
    found = _SET.sub(lambda m: "".join(part for part in m.groups() if part).replace(" ", ""), found)
    found = _POWER.sub(lambda m: f"e{m[1].replace(' ', '')}", found)
    found = _GROUPED.sub(lambda m: m[1] + m[2].replace(" ", ""), found)
    return found.strip()


def comma_is_decimal(texts: Iterable[str]) -> bool:
    """Return whether the figures of a table have decimal commas: some can be read in no other way, and none has a dot.

    Examples
    --------
    >>> comma_is_decimal(["-0,054", "1,234"]), comma_is_decimal(["1,234", "0.5"])
    (True, False)
    """
    some = False
    for text in texts:
        held = plain(text)
        if _DOT.search(held):
            return False
        some = some or bool(_COMMA.search(held))
    return some


def with_dots(text: str) -> str:
    """Return a figure or cell of decimal commas with dots, and without the dots and spaces of its thousands."""
    held = re.sub(r"(?<=\d)\.(?=\d{3}(?!\d))", "", plain(text))
    # A comma followed by a space sets two figures apart.
    return re.sub(r"(?<=\d),(?=\d)", ".", held)
