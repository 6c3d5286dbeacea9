"""Bring what stands elsewhere in the repository into the sources of the site: notebooks and simulated tables."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# Folder of the site -> files of the repository.
COPIED = {
    "tutorials": sorted(ROOT.glob("notebooks/*.ipynb")),
    "_static/figures": sorted(ROOT.glob("notebooks/figures/*.png")),
    "explanation/tables": [
        ROOT / "tests" / "simulation" / name
        for name in ("SIZES.md", "SHORT_PANELS.md", "short_panels.png", "RESULTS.md")
    ],
}


def copy(app: Any, config: Any) -> None:  # noqa: ARG001
    """Copy what is newer than the copy."""
    for folder, files in COPIED.items():
        target = Path(app.srcdir) / folder
        target.mkdir(parents=True, exist_ok=True)
        for file in files:
            there = target / file.name
            if not there.exists() or there.stat().st_mtime < file.stat().st_mtime:
                shutil.copy2(file, there)


def setup(app: Any) -> dict[str, bool]:
    """Copy before anything is read."""
    app.connect("config-inited", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
