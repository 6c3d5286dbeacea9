"""A report on a study: Markdown, and one HTML page that needs nothing beside itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spatialconv._files.writing import write_whole
from spatialconv._public import public
from spatialconv.errors import FileError
from spatialconv.report._blocks import to_html, to_markdown
from spatialconv.report._sections import sections
from spatialconv.tables import Table

__all__ = ["markdown", "write"]


def markdown(study: Any) -> str:
    """Return the report on a study in Markdown; its figures are those that `study.run` writes.

    Parameters
    ----------
    study : Study
        From `study.analyse` or `study.run`.

    Returns
    -------
    str

    Examples
    --------
    >>> import spatialconv as sc
    >>> study = sc.study.analyse(sc.study.zhejiang(), progress=False)
    >>> sc.report.markdown(study).splitlines()[0]
    '# Exports by cross-border online retail in Zhejiang, 2016 to 2020'
    """
    captions = {name: caption for name, (caption, _) in study.figures().items()}
    return to_markdown(sections(study, study.tables(), captions))


def write(
    study: Any,
    out: str | Path,
    *,
    tables: Mapping[str, Table],
    captions: Mapping[str, str],
    missing: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write report.md and report.html into the folder that holds the figures.

    Parameters
    ----------
    study : Study
    out : path
        Folder with `figures/<name>.svg` and `.png` for every caption.
    tables, captions : mappings
        What the study shows, by the name of its file.
    missing : mapping, optional
        Figures that could not be drawn, and why.

    Returns
    -------
    list of Path

    Raises
    ------
    FileError
        If a figure is not there or the folder cannot be written to.

    Examples
    --------
    >>> import tempfile, spatialconv as sc
    >>> folder = tempfile.mkdtemp()
    >>> study = sc.study.analyse(sc.study.zhejiang(), progress=False)
    >>> written = sc.report.write(study, folder, tables=study.tables(), captions={})
    >>> sorted(path.name for path in written)
    ['report.html', 'report.md']
    """
    out = Path(out)
    blocks = sections(study, tables, captions, missing or {})
    files = [out / "report.md", out / "report.html"]
    try:
        write_whole(files[0], to_markdown(blocks))
        write_whole(files[1], to_html(blocks, out / "figures"))
    except OSError as error:
        raise FileError(f"cannot write the report to {str(out)!r}: {error.strerror} ({error.filename}).") from error
    return files


public(__name__)
