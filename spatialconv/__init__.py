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
    "audit": "spatialconv.auditing",
    "auditing": None,
    "beta": "spatialconv.convergence.beta",
    "beta_local": "spatialconv.convergence.local",
    "beta_nls": "spatialconv.convergence.nonlinear",
    "beta_quantiles": "spatialconv.convergence.quantiles",
    "beta_regimes": "spatialconv.convergence.regimes",
    "beta_rolling": "spatialconv.convergence.series",
    "beta_spacing": "spatialconv.convergence.series",
    "bsk_tests": "spatialconv.models.diagnostics",
    "clubs": "spatialconv.convergence.clubs",
    "check": "spatialconv.checks",
    "common_factor_test": "spatialconv.models.diagnostics",
    "dagum": "spatialconv.convergence.dagum",
    "composite_index": "spatialconv.index",
    "datasets": None,
    "density": "spatialconv.dynamics",
    "descriptives": "spatialconv.summary",
    "durbin_score": "spatialconv.models.diagnostics",
    "effects_tests": "spatialconv.models.diagnostics",
    "errors": None,
    "fixed_effects": "spatialconv.regression",
    "fixed_effects_by_group": "spatialconv.regression",
    "fit_panel": "spatialconv.models.fit",
    "geary": "spatialconv.autocorrelation",
    "general_g": "spatialconv.autocorrelation",
    "growth": "spatialconv.summary",
    "hausman": "spatialconv.models.diagnostics",
    "hot_spot_trends": "spatialconv.dynamics",
    "hot_spots": "spatialconv.autocorrelation",
    "lm_tests": "spatialconv.models.diagnostics",
    "local_moran": "spatialconv.autocorrelation",
    "log_t": "spatialconv.convergence.log_t",
    "lr_test": "spatialconv.models.diagnostics",
    "maps": None,
    "markov": "spatialconv.dynamics",
    "mobility": "spatialconv.dynamics",
    "moran": "spatialconv.autocorrelation",
    "multiverse": "spatialconv._multiverse",
    "mundlak_test": "spatialconv.models.diagnostics",
    "pesaran_cd": "spatialconv.models.diagnostics",
    "plot": None,
    "reduction_tests": "spatialconv.models.diagnostics",
    "report": None,
    "residual_moran": "spatialconv.models.diagnostics",
    "robustness": "spatialconv.regression",
    "select_model": "spatialconv.models.diagnostics",
    "sigma": "spatialconv.convergence.sigma",
    "simulate": None,
    "spatial_gini": "spatialconv.convergence.spatial_gini",
    "specifications": "spatialconv._multiverse",
    "spatial_markov": "spatialconv.dynamics",
    "study": None,
    "tables": None,
    "theil": "spatialconv.convergence.inequality",
    "wald_test": "spatialconv.models.diagnostics",
    "weights": None,
}

__all__ = [
    "Panel",
    "audit",
    "auditing",
    "beta",
    "beta_local",
    "beta_nls",
    "beta_quantiles",
    "beta_regimes",
    "beta_rolling",
    "beta_spacing",
    "bsk_tests",
    "check",
    "clubs",
    "common_factor_test",
    "composite_index",
    "dagum",
    "datasets",
    "density",
    "descriptives",
    "durbin_score",
    "effects_tests",
    "errors",
    "fit_panel",
    "fixed_effects",
    "fixed_effects_by_group",
    "geary",
    "general_g",
    "growth",
    "hausman",
    "hot_spot_trends",
    "hot_spots",
    "lm_tests",
    "local_moran",
    "log_t",
    "lr_test",
    "maps",
    "markov",
    "mobility",
    "moran",
    "multiverse",
    "mundlak_test",
    "pesaran_cd",
    "plot",
    "reduction_tests",
    "report",
    "residual_moran",
    "robustness",
    "select_model",
    "sigma",
    "simulate",
    "spatial_gini",
    "spatial_markov",
    "specifications",
    "study",
    "tables",
    "theil",
    "wald_test",
    "weights",
]

if TYPE_CHECKING:
    from spatialconv import auditing, datasets, errors, maps, plot, report, simulate, study, tables, weights
    from spatialconv._multiverse import multiverse, specifications
    from spatialconv.auditing import audit
    from spatialconv.autocorrelation import geary, general_g, hot_spots, local_moran, moran
    from spatialconv.checks import check
    from spatialconv.convergence.beta import beta
    from spatialconv.convergence.clubs import clubs
    from spatialconv.convergence.dagum import dagum
    from spatialconv.convergence.inequality import theil
    from spatialconv.convergence.local import beta_local
    from spatialconv.convergence.log_t import log_t
    from spatialconv.convergence.nonlinear import beta_nls
    from spatialconv.convergence.quantiles import beta_quantiles
    from spatialconv.convergence.regimes import beta_regimes
    from spatialconv.convergence.series import beta_rolling, beta_spacing
    from spatialconv.convergence.sigma import sigma
    from spatialconv.convergence.spatial_gini import spatial_gini
    from spatialconv.dynamics import density, hot_spot_trends, markov, mobility, spatial_markov
    from spatialconv.index import composite_index
    from spatialconv.models.diagnostics import (
        bsk_tests,
        common_factor_test,
        durbin_score,
        effects_tests,
        hausman,
        lm_tests,
        lr_test,
        mundlak_test,
        pesaran_cd,
        reduction_tests,
        residual_moran,
        select_model,
        wald_test,
    )
    from spatialconv.models.fit import fit_panel
    from spatialconv.panel import Panel
    from spatialconv.regression import fixed_effects, fixed_effects_by_group, robustness
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
