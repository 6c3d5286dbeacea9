"""What machines read, beside the pages: llms.txt, a guide for coding assistants, schemas of case.toml and of papers."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from typing import Any

from generated import listed, pages

GUIDE = """# spatialconv

> A Python package that answers one question and checks the answer: do the regions converge, and what does space have
> to do with it? Panel and polygons in; weights, Moran's I, hot spots, sigma and beta convergence with spatial panel
> models, clubs, small-sample inference, maps, tables and a report out.

## Rules for whoever writes code with it

- `import spatialconv as sc`. Data enter by `sc.Panel(frame, region="...", period="...")`, a long DataFrame with one row
  a region and period, or by `sc.read(path, ...)`. Polygons are a GeoDataFrame whose index holds the same labels.
- Weights are libpysal Graphs from `sc.weights.*`; they are matched by label. Do not pass arrays in the panel's order.
- Results are frozen objects: print them, take `.tidy()` (a DataFrame), `.glance()` (a Series), `.to_dict()`, `.notes`.
  Read the notes: they say what was dropped, bounded, approximated, and where a test misses its size.
- `sc.beta(panel, "gdp", w, spatial="lag", effects="time")` takes the level, not its log and not its growth. Under
  region and two-way effects with few periods use `b.inference`, never z-values: they are not printed for that reason.
- Before a claim is published: `sc.check(b)`. For the paths not taken: `sc.multiverse(...)`. For printed tables:
  `sc.audit`.
- Errors are `sc.errors.*` and say what was received and what to do. Nothing is guessed: labels that differ are refused.

## Functions by question
"""


def first_line(name: str) -> str:
    """Return the first line of a public object's docstring."""
    *module, last = name.split(".")
    found = getattr(importlib.import_module(".".join(["spatialconv", *module])), last)
    return (inspect.getdoc(found) or "").split("\n")[0]


def llms() -> str:
    """Return the text of llms.txt."""
    parts = [GUIDE]
    for page in pages():
        rows = [f"- [sc.{name}](reference/api/spatialconv.{name}.html): {first_line(name)}" for name in listed(page)]
        parts.append(f"### {page['title']}\n\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def write(app: Any, exception: BaseException | None) -> None:
    """Write the files beside the pages."""
    if exception is not None or app.builder.format != "html":
        return
    import spatialconv as sc

    out = Path(app.outdir)
    (out / "llms.txt").write_text(llms(), encoding="utf-8")
    for name, schema in {"case": sc.study.schema(), "audit": sc.auditing.schema()}.items():
        (out / f"{name}.schema.json").write_text(json.dumps(schema, indent=2, ensure_ascii=False), encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Write when the pages are there."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
