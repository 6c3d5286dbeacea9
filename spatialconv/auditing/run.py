"""The public functions: audit what is reported, from a file, a mapping, a description, or results of our own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from spatialconv._options import choice
from spatialconv.auditing.description.ours import describe
from spatialconv.auditing.description.reported import Reported
from spatialconv.auditing.description.toml import load, read
from spatialconv.auditing.description.write import to_toml
from spatialconv.auditing.documents.fitted import library_of, of_model, several_models
from spatialconv.auditing.documents.understand import REFUSED, SUFFIXES, Understood, of_file, of_frame, of_string
from spatialconv.auditing.result import AuditReport, collect
from spatialconv.auditing.rules import (  # noqa: F401  (each enters its rules into the registry)
    claims_figures,
    claims_order,
    descriptives,
    grids,
    index,
    legible,
    likelihood,
    moran,
    samples,
    speed,
    statistics,
    tests,
)
from spatialconv.auditing.rules.claims import soften
from spatialconv.auditing.rules.field import (  # noqa: F401
    classes,
    counted,
    dispersion,
    effects,
    linked,
    model_bounds,
    quotients,
    repeats,
    siblings,
)
from spatialconv.auditing.rules.registry import RULES
from spatialconv.auditing.typed import typed
from spatialconv.errors import OptionError
from spatialconv.results import Provenance

EXAMPLES = ("luo_zhang_2024", "he_innovation")
_DATA = Path(__file__).resolve().parents[1] / "data" / "audits"


def audit(reported: Any) -> AuditReport:
    r"""Check the figures that a paper reports against the identities that any honest table satisfies.

    Use it on a paper before citing it, and on your own tables before publishing them. Nothing is estimated again: the
    figures are held against one another. Whatever a printed figure can stand for within its rounding is allowed, and
    only what no unrounded figures could give is a finding.

    Parameters
    ----------
    reported : path, text, name, mapping, DataFrame, model, Reported or results
        A document (.tex, .docx, .html, .md, .csv, .xlsx, .txt), all tables of it; a table pasted as text; a DataFrame;
        a fitted model of statsmodels, linearmodels, spreg or pyfixest, or several. What was understood of these
        `auditing.transcribe` writes as TOML, to be corrected. A TOML file (`auditing.template` writes one to start
        from), the name of a shipped example, a mapping of the same shape, what `auditing.load` or `auditing.describe`
        returned; or results of this package: a `tables.regression`, a fit, a beta convergence, Moran's I, descriptives,
        growth, tests, a study, or several.

    Returns
    -------
    AuditReport
        `.findings`, each with its rule, severity, place, figures, identity, what is printed and what the other figures
        leave for it; `.rules`, how often each rule applied and passed; `.remarks`; `.typed`, every figure as it was
        read beside what was checked of it.

    Raises
    ------
    FileError
        If the file is not there, too large, broken, or none that is read.
    OptionError
        If the description is not understood; the message says where and why.

    Notes
    -----
    A figure x printed with d decimals stands for [x - 10^{-d}/2, x + 10^{-d}/2], both ends included, so that rounding
    half up and half to even are both allowed. Every identity is evaluated in interval arithmetic with outward rounding;
    it is broken if the intervals of its two sides are disjoint. Figures that were cut off rather than rounded may be
    reported as findings. Which rules there are: `auditing.rules`.

    Examples
    --------
    >>> import spatialconv as sc
    >>> report = sc.audit("luo_zhang_2024")
    >>> len(report.errors) > 0
    True
    >>> zj = sc.datasets.zhejiang()
    >>> sc.audit(sc.beta(zj.panel, "exports", effects="time")).findings
    ()
    """
    held, notes = _held(reported)
    checks = {name: [soften(held, c) for c in known.check(held)] for name, known in RULES.items()}
    provenance = Provenance("audit", {"title": held.title, "source": held.source})
    return collect(held.title, checks, provenance, (*notes, *held.notes), typed(held, checks))


def _held(reported: Any) -> tuple[Reported, tuple[str, ...]]:
    """Return the description of whatever is given, and notes on what was left out of it."""
    if isinstance(reported, Reported):
        return reported, ()
    if isinstance(reported, (str, Path)) and str(reported) in EXAMPLES:
        return example(str(reported)), ()
    if isinstance(reported, Mapping) and "paper" in reported:
        return read(reported), ()
    understood = _understood(reported)
    if understood is not None:
        return read(understood.given), tuple(understood.notes)
    if isinstance(reported, (str, Path)):
        return load(reported), ()
    return describe(reported)


def _understood(reported: Any) -> Understood | None:
    """Return what is understood of a document, a pasted table, a frame or a model; None of anything else."""
    if isinstance(reported, (str, Path)):
        # A path has no line break; a table has several.
        if isinstance(reported, str) and "\n" in reported.strip():
            return of_string(reported)
        path = Path(reported)
        return of_file(path) if path.suffix.casefold() in SUFFIXES + REFUSED else None
    if isinstance(reported, pd.DataFrame):
        return of_frame(reported)
    if isinstance(reported, (list, tuple, Mapping)):
        named = reported.items() if isinstance(reported, Mapping) else enumerate(reported, 1)
        several = [(str(name), model) for name, model in named]
        if not several or any(library_of(model) is None for _, model in several):
            return None
        return several_models(several)
    return of_model(reported)


def transcribe(reported: Any) -> str:
    r"""Return, in TOML, what is understood of a document, a pasted table, a DataFrame or a fitted model.

    Write it to a file, correct what was misread, and audit that: `spatialconv audit draft.docx --write paper.toml`.

    Parameters
    ----------
    reported : path, str, DataFrame or fitted model
        As `audit` takes them.

    Returns
    -------
    str
        A description as `auditing.load` reads it; what was left out stands in comments above it.

    Raises
    ------
    FileError
        If the file cannot be read.
    OptionError
        If no table is found in a text, or what is given is none of these.

    Examples
    --------
    >>> import spatialconv as sc
    >>> print(sc.auditing.transcribe("| | (1) |\n|---|---|\n| x | 0.50** |\n| | (0.25) |\n| N | 99 |"))
    [paper]
    title = "pasted text"
    <BLANKLINE>
    [[table]]
    name = "table 1"
    kind = "regression"
    columns = ["(1)"]
    [table.coefficients]
    x = ["0.50** (0.25)"]
    [table.statistics]
    n = ["99"]
    <BLANKLINE>
    """
    understood = _understood(reported)
    if understood is None:
        raise OptionError(
            "transcribe() takes a document (.tex, .docx, .html, .md, .csv, .xlsx, .txt), a pasted table, a DataFrame "
            f"or a fitted model of statsmodels, linearmodels, spreg or pyfixest; got {type(reported).__name__}."
        )
    above = "".join(f"# {' '.join(note.split())}\n" for note in understood.notes)
    return above + to_toml(understood.given)


def rules() -> Any:
    """Return the registry of the rules of an audit.

    Returns
    -------
    DataFrame
        A row a rule, by name: `identity` in words, `severity` ("error" or "warning"), `source`.

    Examples
    --------
    >>> import spatialconv as sc
    >>> sc.auditing.rules().loc["speed", "severity"]
    'error'
    """
    rows = [
        {"rule": r.name, "identity": r.identity, "severity": r.severity, "source": r.source} for r in RULES.values()
    ]
    return pd.DataFrame(rows).set_index("rule")


def template() -> str:
    """Return an annotated description, in TOML, of an invented paper; change it into that of a real one.

    Returns
    -------
    str
        TOML, as `auditing.load` reads it from a file.

    Examples
    --------
    >>> import spatialconv as sc
    >>> "[[table]]" in sc.auditing.template()
    True
    """
    return (_DATA / "template.toml").read_text(encoding="utf-8")


def example(name: str) -> Reported:
    """Return what a published paper reports, as shipped: "luo_zhang_2024" or "he_innovation".

    Parameters
    ----------
    name : {"luo_zhang_2024", "he_innovation"}
        Growth of exports in Zhejiang; e-commerce and innovation in China's provinces.

    Returns
    -------
    Reported

    Examples
    --------
    >>> import spatialconv as sc
    >>> [t.name for t in sc.auditing.example("luo_zhang_2024").tables][:2]
    ['Tab. 1', 'Tab. 2, adjacency']
    """
    return load(example_path(name))


def example_path(name: str) -> Path:
    """Return the file of a shipped example."""
    return _DATA / f"{choice('name', name, EXAMPLES)}.toml"
