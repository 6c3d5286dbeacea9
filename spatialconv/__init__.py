"""Do the regions converge, and what does space have to do with it?

Names are imported when first used, so that `import spatialconv` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Public name -> module that defines it. A name that is a module maps to None.
_PUBLIC: dict[str, str | None] = {
    "Panel": "spatialconv.panel",
    "beta": "spatialconv.convergence.beta",
    "datasets": None,
    "descriptives": "spatialconv.summary",
    "errors": None,
    "fit_panel": "spatialconv.models.fit",
    "general_g": "spatialconv.autocorrelation",
    "geary": "spatialconv.autocorrelation",
    "growth": "spatialconv.summary",
    "hot_spots": "spatialconv.autocorrelation",
    "local_moran": "spatialconv.autocorrelation",
    "maps": None,
    "moran": "spatialconv.autocorrelation",
    "plot": None,
    "report": None,
    "sigma": "spatialconv.convergence.sigma",
    "study": None,
    "tables": None,
    "weights": None,
}

__all__ = [
    "Panel",
    "beta",
    "datasets",
    "descriptives",
    "errors",
    "fit_panel",
    "geary",
    "general_g",
    "growth",
    "hot_spots",
    "local_moran",
    "maps",
    "moran",
    "plot",
    "report",
    "sigma",
    "study",
    "tables",
    "weights",
]

if TYPE_CHECKING:
    from spatialconv import datasets, errors, maps, plot, report, study, tables, weights
    from spatialconv.autocorrelation import geary, general_g, hot_spots, local_moran, moran
    from spatialconv.convergence.beta import beta
    from spatialconv.convergence.sigma import sigma
    from spatialconv.models.fit import fit_panel
    from spatialconv.panel import Panel
    from spatialconv.summary import descriptives, growth


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'spatialconv' has no attribute {name!r}")
    module = _PUBLIC[name]
    found = import_module(f"spatialconv.{name}") if module is None else getattr(import_module(module), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
