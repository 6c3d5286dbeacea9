"""How a value becomes the text of a cell, and how that text is written in Markdown, LaTeX and HTML."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._language import say
from spatialconv.results import number

MINUS, ABSENT, UNDEFINED = "\u2212", "\u2013", "undefined"
Digits = int | Mapping[Any, int] | None

# Six significant digits at most, four decimals at most: more is noise in print, and CSV keeps them all.
_SIGNIFICANT, _DECIMALS = 6, 4
STARRED = re.compile(r"(?P<figure>.*\d[)\]]?)(?P<stars>\*{1,3})", re.DOTALL)
EXPONENT = re.compile(rf"(?<=\d)e([{MINUS}+])0*(\d+)")

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{c: "\\" + c for c in "&%$#_{}"},
    **{c: f"${c}$" for c in "<>|"},
    MINUS: "$-$",
    ABSENT: "--",
    "\u2014": "---",
    "\u00d7": r"$\times$",
    "\u00b1": r"$\pm$",
    "\u2264": r"$\leq$",
    "\u2265": r"$\geq$",
    "\u221e": r"$\infty$",
    "\u00b2": "$^2$",
    "\u00b3": "$^3$",
    "\u03b2": r"$\beta$",
    "\u03bb": r"$\lambda$",
    "\u03c1": r"$\rho$",
    "\u03c3": r"$\sigma$",
    "\u03b1": r"$\alpha$",
    "\u03b3": r"$\gamma$",
    "\u03b4": r"$\delta$",
    "\u0394": r"$\Delta$",
    "\u03b5": r"$\varepsilon$",
    "\u03b8": r"$\theta$",
    "\u03bc": r"$\mu$",
    "\u03c0": r"$\pi$",
    "\u03c4": r"$\tau$",
    "\u03c6": r"$\varphi$",
    "\u03c7": r"$\chi$",
    "\u03a3": r"$\Sigma$",
    "\u2192": r"$\to$",
    "\u2248": r"$\approx$",
    "\u2260": r"$\neq$",
    "\u221a": r"$\surd$",
    "\u00b7": r"$\cdot$",
    "\u00b0": r"$^\circ$",
    "\u2026": r"\dots{}",
    "\u2009": r"\,",
    "\u202f": r"\,",
    "\u00a0": "~",
    "\u2018": "`",
    "\u2019": "'",
    "\u201c": "``",
    "\u201d": "''",
    "\n": " ",
}


def figure(value: float, decimals: int) -> str:
    """Write a number with a true minus sign; an en dash for NaN."""
    if np.isnan(value):
        return ABSENT
    return signed(number(float(value), decimals) if decimals > 0 else f"{value:.0f}")


def signed(text: str) -> str:
    """Replace the hyphens of a number by minus signs, those of zeros by nothing."""
    if re.fullmatch(r"-0(\.0*)?", text):
        return text[1:]
    return text.replace("-", MINUS)


def probability_text(value: float) -> str:
    """Write a p-value: three decimals, and never as zero."""
    if np.isnan(value):
        return ABSENT
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def column_texts(values: pd.Series, digits: Digits = None) -> tuple[list[str], bool]:
    """Return the texts of a column and whether it holds numbers, which stand on the right."""
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return [label(v) for v in values], False
    array = values.to_numpy(dtype=float, na_value=np.nan)
    wanted = digits.get(values.name) if isinstance(digits, Mapping) else digits
    if wanted is None and _holds_p(values.name):
        return [probability_text(v) for v in array], True
    decimals = _decimals(array) if wanted is None else wanted
    return [figure(v, decimals) for v in array], True


def label(value: Any) -> str:
    """Write anything that is no column of numbers: labels, words, dates, yes and no, single figures."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return say("yes") if value else say("no")
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ABSENT
    if isinstance(value, (float, np.floating)):
        return figure(float(value), _decimals(np.array([value], dtype=float)))
    if isinstance(value, (int, np.integer)):
        return signed(str(value))
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return str(value.date())
    return str(value)


def _holds_p(name: Any) -> bool:
    return isinstance(name, str) and (name in ("p", "p_value") or name.startswith(("p_", "p-")))


def _decimals(array: np.ndarray[Any, np.dtype[np.float64]]) -> int:
    known = np.abs(array[np.isfinite(array)])
    if known.size == 0 or np.all(known == np.round(known)):
        return 0
    return int(np.clip(_SIGNIFICANT - 1 - np.floor(np.log10(known.max())), 0, _DECIMALS))


# ---------------------------------------------------------------------- the same text in three languages


def markdown_cell(text: str) -> str:
    """Escape what would end a cell of a Markdown table, or start a tag."""
    text = text.replace("\n", " ").replace("|", "\\|")
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)


def latex_text(text: str) -> str:
    r"""Escape everything that LaTeX reads as a command; symbols that pdfLaTeX lacks become mathematics."""
    text = EXPONENT.sub(lambda m: f"\x00{'-' if m[1] == MINUS else ''}{m[2]}\x01", text)
    text = "".join(_LATEX.get(c, c) for c in text)
    return _joined(text.replace("\x00", r"$\times10^{").replace("\x01", "}$"))


def latex_cell(text: str, stars: int) -> str:
    """Write a cell; `stars` is the most its column has, so that all figures leave as much room for them."""
    found = STARRED.fullmatch(text)
    own = len(found["stars"]) if found else 0
    body = latex_text(found["figure"] if found else text)
    raised = f"$^{{{'*' * own}}}$" if own else ""
    missing = stars - own if any(c.isdigit() for c in text) else 0
    return _joined(body + raised + (rf"$\phantom{{^{{{'*' * missing}}}}}$" if missing else ""))


def _joined(text: str) -> str:
    # Two formulas that touch are one; a dollar after a backslash is a dollar.
    return re.sub(r"(?<!\\)\$\$", "", text)


def most_stars(texts: list[str]) -> int:
    """Return how many stars the most starred cell has."""
    return max((len(m["stars"]) for t in texts if (m := STARRED.fullmatch(t))), default=0)


def html_cell(text: str) -> str:
    """Escape a cell and raise its stars."""
    found = STARRED.fullmatch(text)
    if found:
        return f"{html.escape(found['figure'])}<sup>{found['stars']}</sup>"
    return html.escape(text)


def width(text: str) -> int:
    """Return the columns a text takes in a fixed-width font; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)
