"""What stands over the columns of results, in words; the names that code uses stay in CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from spatialconv._language import current, restate, say
from spatialconv.results import Result

HEADS = {
    "std_error": "standard error",
    "p_value": "p",
    "q_value": "q",
    "p_permutation": "p (permutation)",
    "conf_low": "interval from",
    "conf_high": "to",
    "jenks": "natural break",
    "confidence_fdr": "confidence (FDR)",
    "sd_log": "sd of logs",
    "cv_log": "CV of logs",
    "cv": "CV",
    "half_life": "half-life",
    "loglik": "log-likelihood",
    "nobs": "n",
    "n_regions": "regions",
    "n_periods": "periods",
    "z_beta": "z of beta",
    "z_rho": "z of rho",
    "z_lambda": "z of lambda",
    "log_initial": "ln initial level",
    "p_beta": "p of beta",
    "p_rho": "p of rho",
    "p_lambda": "p of lambda",
    "sigma2": "sigma\u00b2",
}

# Columns whose cells are words of results, never labels.
WORDED = (
    "test",
    "verdict",
    "severity",
    "question",
    "evidence",
    "advice",
    "null",
    "alternative",
    "reason",
    "quadrant",
    "cluster",
    "kind",
    "category",
    "distribution",
    "measure",
)

# Options that name variables of the panel.
_NAMING = ("variable", "y", "x", "controls", "indicators", "parts", "population", "variables")


def heads_of(frame: pd.DataFrame, content: Result | None = None) -> Mapping[str, str]:
    """Return what stands over the columns of a result: words for some in English, for all that have some in Chinese."""
    if current() == "en":
        return HEADS
    own = set() if content is None else _names_in(content)
    names = [name for name in (*frame.columns, *frame.index.names) if isinstance(name, str) and name not in own]
    return {name: say(HEADS[name]) if name in HEADS else say(name, sense="column") for name in names}


def _names_in(content: Result) -> set[str]:
    """Return the names of variables that a result was given, which are nobody's to translate."""
    options = getattr(getattr(content, "provenance", None), "options", {})
    given = [options.get(key) for key in _NAMING] + [getattr(content, "variable", None)]
    found: set[str] = set()
    for one in given:
        found |= {one} if isinstance(one, str) else {str(name) for name in one} if isinstance(one, Iterable) else set()
    return found


def worded(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose cells of words are in the language at hand; the very frame in English."""
    there = [name for name in WORDED if name in frame.columns]
    if current() == "en" or not (there or frame.index.name in WORDED):
        return frame
    told = frame.assign(**{name: [_told(cell) for cell in frame[name]] for name in there})
    return told.rename(index=_told) if frame.index.name in WORDED else told


def _told(cell: Any) -> Any:
    return restate(say(cell)) if isinstance(cell, str) else cell


def titled(content: Result) -> str:
    """Return what a table of a result is called: its first line, or in Chinese what it is, and of which variable."""
    name = type(content).__name__
    told = say(name, sense="title")
    if told == name:
        return repr(content).splitlines()[0]
    of: Any = getattr(content, "variable", None)
    return told + say(": ") + of if isinstance(of, str) else told
