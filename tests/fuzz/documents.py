"""Documents that an audit reads: tables as programs and people write them, cut off, turned over, swollen."""

from __future__ import annotations

import io
import random
import zipfile
from functools import cache
from pathlib import Path

import spatialconv as sc
from tests.fuzz.files import turned_bytes
from tests.fuzz.kinds import Kind
from tests.fuzz.toml import turned

HOME = Path(__file__).parents[1] / "reference" / "documents"
# A number and a sign of every kind that tables have, and what tables are made of.
TOKENS = [
    *(
        "0.123***",
        "(0.045)",
        "\u22120.3",
        "1,234.5",
        "-0,054",
        "x10^-5",
        "[0.1, 0.2]",
        "9" * 400,
        "1e400",
        "nan",
        "12%",
    ),
    *(
        " & ",
        r"\\",
        r"\multicolumn{3}{c}{",
        "}",
        "{",
        r"\begin{tabular}{lcc}",
        r"\end{tabular}",
        r"\sym{***}",
        "%",
        "$",
    ),
    *(
        "<table>",
        "</table>",
        "<td rowspan='99999'>",
        "<td colspan='-1'>",
        "<tr>",
        "&nbsp;",
        "&#0;",
        "<!--",
        "|",
        "|---|",
    ),
    *(",", ";", "\t", '"', "\n\n", "\x00", "\u202e", "\ud800", "N", "R2", "rho", "Direct", "log t"),
]


@cache
def documents() -> dict[str, bytes]:
    """Return the documents by name: texts as they stand, and a table of ours as Word and Excel keep it."""
    found = {p.name: p.read_bytes() for p in sorted(HOME.rglob("*")) if p.is_file() and p.suffix != ".R"}
    zj = sc.datasets.zhejiang()
    made = sc.tables.regression({"(1)": sc.beta(zj.panel, "exports", controls="digital", effects="time")})
    for suffix in (".docx", ".xlsx"):
        into = Path(f"table{suffix}")
        found[into.name] = _saved(made, suffix)
    return found


def _saved(table: sc.tables.Table, suffix: str) -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{suffix}"
        sc.tables.save(table, path)
        return path.read_bytes()


def make(draw: random.Random, folder: Path) -> Path:
    """Write one document."""
    name = draw.choice(list(documents()))
    kept, suffix = documents()[name], Path(name).suffix
    path = folder / f"document{suffix if draw.random() < 0.95 else draw.choice(['.tex', '.html', '.csv', '.docx'])}"
    if suffix in (".docx", ".xlsx"):
        path.write_bytes(_repacked(kept, draw) if draw.random() < 0.7 else turned_bytes(kept, draw))
        return path
    text = kept.decode("utf-8", "replace")
    for _ in range(draw.randint(1, 5)):
        at = draw.randint(0, len(text))
        text = turned(text, draw) if draw.random() < 0.4 else text[:at] + draw.choice(TOKENS) + text[at:]
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


def _repacked(packed: bytes, draw: random.Random) -> bytes:
    """Return a package whose largest part was changed, as an editor that went wrong would leave it."""
    into = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as new:
        largest = max(old.infolist(), key=lambda part: part.file_size).filename
        hit = draw.choice([largest, *old.namelist()])
        for part in old.namelist():
            held = old.read(part)
            new.writestr(part, turned_bytes(held, draw) if part == hit else held)
    return into.getvalue()


def use(path: Path) -> None:
    """Audit the document."""
    sc.audit(path).to_text()


DOCUMENTS = Kind(make, use)
