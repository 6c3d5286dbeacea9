"""Print the lower bounds that pyproject.toml declares as a list of constraints for pip.

::

    python -m tests.oldest > floors.txt
    python -m pip install --constraint floors.txt ".[test]"

The bounds are read where they are declared, so that nobody keeps a second list of them.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
# What spatialconv itself imports. Test runners and linters have no users but us and stay at their newest.
EXTRAS = ("excel", "parquet")


def floors(project: dict[str, object]) -> list[str]:
    """Return one `name==version` a dependency of the [project] table, runtime extras included.

    Raises
    ------
    ValueError
        If a dependency has no lower bound, so that nothing says what it needs.
    """
    extras = project.get("optional-dependencies", {})
    declared = [*project["dependencies"], *(line for name in EXTRAS for line in extras.get(name, ()))]
    return [floor(line) for line in declared]


def floor(requirement: str) -> str:
    """Return `name==version` for a requirement `name>=version`."""
    found = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*>=\s*([0-9][0-9a-z.]*)\s*(?:,.*)?", requirement.strip())
    if found is None:
        raise ValueError(f"{requirement!r} has no lower bound; write it as name>=version")
    return "==".join(found.groups())


if __name__ == "__main__":
    print("\n".join(floors(tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"])))
