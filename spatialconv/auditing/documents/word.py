"""Tables of a Word document: a zip of XML, unpacked within bounds and read without any document type or entity.

Read by the standard library, on purpose. python-docx, which writes our own tables, sets no bound on what it unpacks,
and repeats a merged cell over every column that it spans; it would be a requirement of an audit that has none. It
is what the reader is held against, on documents of LibreOffice and pandoc, in
`tests/unit/auditing/test_written_by_others.py`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from spatialconv.auditing.documents.raw import DEEPEST, MOST_TABLES, MOST_UNPACKED, RawTable, laid_out
from spatialconv.errors import FileError

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_S = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"


def tables(held: bytes, name: str) -> list[RawTable]:
    """Return the tables of a document, each with the paragraph above it and those below."""
    root = _body(held, name)
    body = root.find(f"{_W}body")
    if body is None:
        raise FileError(f"cannot read {name!r}: it holds no text of a document; save it again as .docx.")
    found: list[RawTable] = []
    before: list[str] = []
    for part in _blocks(body):
        if part.tag == f"{_W}p":
            text = _text(part).strip()
            if text:
                before = [*before[-2:], text]
                if found and len(found[-1].notes) < 4:
                    found[-1].notes.append(text[:1000])
        elif part.tag == f"{_W}tbl" and len(found) < MOST_TABLES:
            for table in _nested(part):
                caption = next((t for t in reversed(before) if t.lower().startswith(("tab", "\u8868"))), "")
                found.append(RawTable(_rows(table), (caption or (before[-1] if before else ""))[:300]))
            before = []
    return found


def unpacked(held: bytes, name: str, member: str) -> bytes:
    """Return a member of an archive; one that unpacks into more than a document has is refused."""
    try:
        with zipfile.ZipFile(io.BytesIO(held)) as archive, archive.open(member) as stream:
            found = stream.read(MOST_UNPACKED // 4 + 1)
    except KeyError as error:
        raise FileError(f"cannot read {name!r}: it has no {member}; is it a Word document?") from error
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
        raise FileError(f"cannot read {name!r}: {error}; save it again as .docx.") from error
    except Exception as error:  # zlib.error, lzma: whatever a broken archive makes of itself
        raise FileError(f"cannot read {name!r}: its archive is broken; save it again as .docx.") from error
    if len(found) > MOST_UNPACKED // 4:
        raise FileError(f"cannot read {name!r}: it unpacks into more than {MOST_UNPACKED // 4:,} bytes.")
    return found


def _body(held: bytes, name: str) -> ET.Element:
    text = unpacked(held, name, "word/document.xml")
    # Word writes neither a document type nor entities; who does means to expand them.
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text or "<!DOCTYPE".encode("utf-16-le") in text:
        raise FileError(f"cannot read {name!r}: its XML declares a document type, which no Word document does.")
    try:
        root = ET.fromstring(text.replace(_S[1:-1].encode(), _W[1:-1].encode()))
    except (ET.ParseError, ValueError, LookupError, RecursionError) as error:
        raise FileError(f"cannot read {name!r}: its XML is broken ({error}); save it again as .docx.") from error
    return root


def _blocks(body: ET.Element) -> Iterator[ET.Element]:
    """Go through paragraphs and tables in order, into content controls."""
    waiting = list(reversed(list(body)))
    while waiting:
        part = waiting.pop()
        if part.tag in (f"{_W}p", f"{_W}tbl"):
            yield part
        elif part.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"):
            waiting += reversed(list(part))


def _nested(table: ET.Element) -> list[ET.Element]:
    """Return the tables inside a table of one cell, which lays out others; else the table."""
    for _ in range(DEEPEST):
        cells = [c for row in table.findall(f"{_W}tr") for c in row.findall(f"{_W}tc")]
        inner = cells[0].findall(f"{_W}tbl") if len(cells) == 1 else []
        if len(inner) != 1:
            return inner or [table]
        table = inner[0]
    return [table]


def _rows(table: ET.Element) -> list[list[str]]:
    rows: list[list[tuple[str, int, int]]] = []
    for row in _children(table, "tr"):
        cells: list[tuple[str, int, int]] = []
        for cell in _children(row, "tc"):
            properties = cell.find(f"{_W}tcPr")
            wide, below = 1, False
            if properties is not None:
                span, merge = properties.find(f"{_W}gridSpan"), properties.find(f"{_W}vMerge")
                value = span.get(f"{_W}val", "1") if span is not None else "1"
                wide = int(value) if value.isascii() and value.isdigit() and len(value) < 4 else 1
                below = merge is not None and merge.get(f"{_W}val", "continue") != "restart"
            text = "\n".join(t for p in cell.iter(f"{_W}p") if (t := _text(p)))
            cells.append(("" if below else text, wide, 1))
        rows.append(cells)
    return laid_out(rows)


def _children(parent: ET.Element, tag: str) -> Iterator[ET.Element]:
    waiting = list(reversed(list(parent)))
    while waiting:
        part = waiting.pop()
        if part.tag == f"{_W}{tag}":
            yield part
        elif part.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"):
            waiting += reversed(list(part))


def _text(paragraph: ET.Element) -> str:
    """Return the text of a paragraph as it prints: without what is deleted, with what is raised marked so."""
    found: list[str] = []
    deleted = {id(t) for d in paragraph.iter(f"{_W}del") for t in d.iter()}
    for run in paragraph.iter(f"{_W}r"):
        if id(run) in deleted:
            continue
        properties = run.find(f"{_W}rPr")
        raised = properties.find(f"{_W}vertAlign") if properties is not None else None
        text = "".join(
            part.text or "" if part.tag == f"{_W}t" else "-" if part.tag == f"{_W}noBreakHyphen" else " "
            for part in run
            if part.tag in (f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}noBreakHyphen")
        )
        if raised is not None and raised.get(f"{_W}val") == "superscript" and text.strip():
            text = f"^{{{text}}}"
        found.append(text)
    # Stars are often raised one by one.
    return "".join(found).replace("}^{", "")
