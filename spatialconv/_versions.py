"""What is installed, as text to paste into an issue."""

from __future__ import annotations

import locale
import os
import platform
import re
import sys
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path
from typing import TextIO

from spatialconv import __version__

NOT_INSTALLED = "not installed"
_NAME = re.compile(r"\s*([A-Za-z0-9._-]*)(?:\[[^]]*\])?\s*")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


def show_versions(*, file: TextIO | None = None) -> None:
    """Print the versions of Python, the system and everything spatialconv stands on.

    The text is meant for an issue: a result that differs between two machines usually differs by one of these. It
    names no user, folder or machine. What is missing or broken is said where its version would stand, so that the
    text can be had when nothing else works.

    Parameters
    ----------
    file
        An open text file to print to; standard output unless given.

    Returns
    -------
    None
        It prints; `python -m spatialconv versions` does the same.

    Notes
    -----
    Dependencies and extras are those that the installed package declares (its metadata), each with the bound and the
    extras that ask for it in brackets. BLAS is read from what is loaded (threadpoolctl, where something else has
    brought it), and otherwise from what numpy was built with; GEOS, PROJ and GDAL from shapely, pyproj and pyogrio.

    Examples
    --------
    >>> import io
    >>> import spatialconv as sc
    >>> text = io.StringIO()
    >>> sc.show_versions(file=text)
    >>> [line for line in text.getvalue().splitlines() if line and not line.startswith(("  ", "spatialconv "))]
    ['System', 'Libraries underneath', 'Dependencies', 'Extras']
    """
    print(versions_text(), file=file)


def versions_text() -> str:
    """Return what `show_versions` prints."""
    sections = {
        "System": _system(),
        "Libraries underneath": _libraries(),
        **_declared(),
    }
    width = max(len(name) for rows in sections.values() for name in rows)
    lines = [f"spatialconv {_own()}"]
    for title, rows in sections.items():
        lines += ["", title, *(f"  {name:{width}}  {said}" for name, said in rows.items())]
    return "\n".join(lines)


def _own() -> str:
    """Return the version of the code, and that of the metadata where pip knows another."""
    installed = _installed("spatialconv")
    if installed == NOT_INSTALLED:
        return f"{__version__} (run from a folder, not installed: its dependencies are not known)"
    return __version__ if installed == __version__ else f"{__version__} (installed as {installed}: install it again)"


def _system() -> dict[str, str]:
    bits = 64 if sys.maxsize > 2**32 else 32
    return {
        "Python": f"{platform.python_version()} ({platform.python_implementation()}, {bits} bit)",
        "platform": platform.platform(),
        "encoding": f"{locale.getpreferredencoding(False)} (files), {getattr(sys.stdout, 'encoding', None)} (screen)",
        "cores": str(os.cpu_count()),
    }


def _libraries() -> dict[str, str]:
    """Return the versions of compiled libraries, which pip does not know."""
    probes: dict[str, Callable[[], str]] = {
        "BLAS": _blas,
        "GEOS": lambda: f"{import_module('shapely').geos_version_string} (shapely)",
        "PROJ": lambda: f"{import_module('pyproj').proj_version_str} (pyproj)",
        "GDAL": lambda: f"{import_module('pyogrio').__gdal_version_string__} (pyogrio)",
    }
    return {name: _said(probe) for name, probe in probes.items()}


def _said(probe: Callable[[], str]) -> str:
    """Return what a probe finds, or in one line why it cannot: broken libraries are what issues are about."""
    try:
        return probe()
    except Exception as error:
        why = " ".join(str(error).split()).replace(str(Path.home()), "~")
        return f"cannot be had ({type(error).__name__}: {why})"


def _blas() -> str:
    import numpy as np

    import_module("scipy.linalg")  # scipy's wheels bring a BLAS of their own
    try:
        threadpool_info = import_module("threadpoolctl").threadpool_info
    except ImportError:
        loaded = []
    else:
        loaded = [
            f"{pool['internal_api']} {pool['version']} ({pool['num_threads']} threads)"
            for pool in threadpool_info()
            if pool["user_api"] == "blas"
        ]
    if loaded:
        return ", ".join(sorted(loaded))
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # Accelerate of macOS is seen here only
    return f"{built['name']} {built.get('version', '')} (as numpy was built)"


def _declared() -> dict[str, dict[str, str]]:
    """Return the version of each package that the metadata ask for, and of each that an extra brings."""
    try:
        lines = metadata.requires("spatialconv") or []
    except metadata.PackageNotFoundError:
        lines = []
    needed: dict[str, str] = {}
    optional: dict[str, tuple[str, list[str]]] = {}
    for line in lines:
        requirement, _, marker = line.partition(";")
        _, name, bound = _NAME.split(requirement, maxsplit=1)
        extra = _EXTRA.search(marker)
        if extra is None:
            needed[name] = bound.strip()
        else:
            optional.setdefault(name, (bound.strip(), []))[1].append(extra[1])
    return {
        "Dependencies": {name: f"{_installed(name)} ({bound})" for name, bound in sorted(needed.items())},
        "Extras": {
            name: f"{_installed(name)} ({bound}; {', '.join(sorted(extras))})"
            for name, (bound, extras) in sorted(optional.items())
            if name not in needed
        },
    }


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return NOT_INSTALLED
