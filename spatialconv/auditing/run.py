"""The public functions: audit what is reported, from a file, a mapping, a description, or results of our own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spatialconv._options import choice
from spatialconv.auditing.description.ours import describe
from spatialconv.auditing.description.reported import Reported
from spatialconv.auditing.description.toml import load, read
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
from spatialconv.auditing.rules.field import effects, repeats  # noqa: F401
from spatialconv.auditing.rules.registry import RULES
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
    reported : path, name, mapping, Reported or results
        A TOML file (`auditing.template` writes one to start from), the name of a shipped example, a mapping of the
        same shape, what `auditing.load` or `auditing.describe` returned; or results of this package: a
        `tables.regression`, a fit, a beta convergence, Moran's I, descriptives, growth, tests, a study, or several.

    Returns
    -------
    AuditReport
        `.findings`, each with its rule, severity, place, figures, identity, what is printed and what the other figures
        leave for it; `.rules`, how often each rule applied and passed; `.remarks`.

    Raises
    ------
    FileError
        If the file is not there or is no TOML.
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
    notes: tuple[str, ...] = ()
    if isinstance(reported, Reported):
        held = reported
    elif isinstance(reported, (str, Path)):
        held = example(str(reported)) if str(reported) in EXAMPLES else load(reported)
    elif isinstance(reported, Mapping) and "paper" in reported:
        held = read(reported)
    else:
        held, notes = describe(reported)
    checks = {name: [soften(held, c) for c in known.check(held)] for name, known in RULES.items()}
    provenance = Provenance("audit", {"title": held.title, "source": held.source})
    return collect(held.title, checks, provenance, (*notes, *held.notes))


def rules() -> Any:
    """Return the registry as a DataFrame: `rule`, `identity`, `severity`, `source`.

    Examples
    --------
    >>> import spatialconv as sc
    >>> sc.auditing.rules().loc["speed", "severity"]
    'error'
    """
    import pandas as pd

    rows = [
        {"rule": r.name, "identity": r.identity, "severity": r.severity, "source": r.source} for r in RULES.values()
    ]
    return pd.DataFrame(rows).set_index("rule")


def template() -> str:
    """Return an annotated description, in TOML, of an invented paper; change it into that of a real one.

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
