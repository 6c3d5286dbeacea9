"""Print the lower bounds that pyproject.toml declares as a list of constraints for pip; say whether they are installed.

::

    python -m tests.oldest > floors.txt
    python -m pip install --constraint floors.txt ".[test]"
    python -m tests.oldest --installed

The bounds are read where they are declared, so that nobody keeps a second list of them. Only the standard library is
needed: the environment has nothing else yet.
"""

from __future__ import annotations

import platform
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
# What spatialconv itself imports. Test runners and linters have no users but us and stay at their newest.
EXTRAS = ("excel", "parquet", "word", "r")


def project() -> dict[str, Any]:
    """Return the [project] table."""
    return dict(tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"])


def floors(table: dict[str, Any]) -> dict[str, str]:
    """Return name and lower bound of every dependency of the [project] table, runtime extras included.

    Raises
    ------
    ValueError
        If a dependency has no lower bound, so that nothing says what it needs.
    """
    extras = table.get("optional-dependencies", {})
    return dict(floor(line) for line in (*table["dependencies"], *(each for name in EXTRAS for each in extras[name])))


def floor(requirement: str) -> tuple[str, str]:
    """Return name and bound of a requirement `name>=bound`."""
    found = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*>=\s*([0-9][0-9a-z.]*)\s*(?:,.*)?", requirement.strip())
    if found is None:
        raise ValueError(f"{requirement!r} has no lower bound; write it as name>=version")
    return found[1], found[2]


def elsewhere(bounds: dict[str, str]) -> list[str]:
    """Return what is installed at another version than its bound, each with the two; 1.26 and 1.26.0 are the same."""
    out = []
    for name, bound in bounds.items():
        try:
            there = version(name)
        except PackageNotFoundError:
            there = "not installed"
        if re.sub(r"(\.0)+$", "", there) != re.sub(r"(\.0)+$", "", bound):
            out.append(f"{name}: {there}, not {bound}")
    return out


def main(arguments: list[str]) -> int:
    """Print the constraints, or with `--installed` whether this environment has them; 1 if not."""
    bounds = floors(project())
    if arguments != ["--installed"]:
        print("\n".join(f"{name}=={bound}" for name, bound in bounds.items()))
        return 0
    away = elsewhere(bounds)
    print(
        "\n".join(away) or f"Python {platform.python_version()} with {len(bounds)} dependencies at their lower bounds"
    )
    return int(bool(away))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
