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
    "beta": "spatialconv.convergence.beta.beta",
    "beta_local": "spatialconv.convergence.beta.local",
    "beta_nls": "spatialconv.convergence.beta.nonlinear",
    "beta_quantiles": "spatialconv.convergence.beta.quantiles",
    "beta_regimes": "spatialconv.convergence.beta.regimes",
    "beta_rolling": "spatialconv.convergence.beta.series",
    "beta_spacing": "spatialconv.convergence.beta.series",
    "bsk_tests": "spatialconv.models.hypotheses.diagnostics",
    "clubs": "spatialconv.convergence.clubs.clubs",
    "check": "spatialconv.checks",
    "coagglomeration": "spatialconv.agglomeration",
    "common_factor_test": "spatialconv.models.hypotheses.diagnostics",
    "composite_index": "spatialconv.index",
    "concentration": "spatialconv.agglomeration",
    "dagum": "spatialconv.convergence.dispersion.dagum",
    "datasets": None,
    "density": "spatialconv.dynamics",
    "descriptives": "spatialconv.summary",
    "durbin_score": "spatialconv.models.hypotheses.diagnostics",
    "effects_tests": "spatialconv.models.hypotheses.diagnostics",
    "ellison_glaeser": "spatialconv.agglomeration",
    "errors": None,
    "fit_panel": "spatialconv.models.estimation.fit",
    "fixed_effects": "spatialconv.regression",
    "fixed_effects_by_group": "spatialconv.regression",
    "geary": "spatialconv.autocorrelation",
    "general_g": "spatialconv.autocorrelation",
    "growth": "spatialconv.summary",
    "hausman": "spatialconv.models.hypotheses.diagnostics",
    "hot_spot_trends": "spatialconv.dynamics",
    "hot_spots": "spatialconv.autocorrelation",
    "industry_table": "spatialconv.agglomeration",
    "lm_tests": "spatialconv.models.hypotheses.diagnostics",
    "local_moran": "spatialconv.autocorrelation",
    "location_quotients": "spatialconv.agglomeration",
    "log_t": "spatialconv.convergence.clubs.log_t",
    "lr_test": "spatialconv.models.hypotheses.diagnostics",
    "maps": None,
    "markov": "spatialconv.dynamics",
    "mobility": "spatialconv.dynamics",
    "monte_carlo": "spatialconv.models.small_samples.monte_carlo",
    "moran": "spatialconv.autocorrelation",
    "multiverse": "spatialconv._multiverse",
    "mundlak_test": "spatialconv.models.hypotheses.diagnostics",
    "pesaran_cd": "spatialconv.models.hypotheses.diagnostics",
    "plot": None,
    "reduction_tests": "spatialconv.models.hypotheses.diagnostics",
    "report": None,
    "residual_moran": "spatialconv.models.hypotheses.diagnostics",
    "robustness": "spatialconv.regression",
    "select_model": "spatialconv.models.hypotheses.diagnostics",
    "shift_share": "spatialconv.agglomeration",
    "sigma": "spatialconv.convergence.dispersion.sigma",
    "simulate": None,
    "spatial_gini": "spatialconv.convergence.dispersion.spatial_gini",
    "specialisation": "spatialconv.agglomeration",
    "specifications": "spatialconv._multiverse",
    "spatial_markov": "spatialconv.dynamics",
    "study": None,
    "tables": None,
    "theil": "spatialconv.convergence.dispersion.inequality",
    "wald_test": "spatialconv.models.hypotheses.diagnostics",
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
    "coagglomeration",
    "common_factor_test",
    "composite_index",
    "concentration",
    "dagum",
    "datasets",
    "density",
    "descriptives",
    "durbin_score",
    "effects_tests",
    "ellison_glaeser",
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
    "industry_table",
    "lm_tests",
    "local_moran",
    "location_quotients",
    "log_t",
    "lr_test",
    "maps",
    "markov",
    "mobility",
    "monte_carlo",
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
    "shift_share",
    "sigma",
    "simulate",
    "spatial_gini",
    "spatial_markov",
    "specialisation",
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
    from spatialconv.agglomeration import (
        coagglomeration,
        concentration,
        ellison_glaeser,
        industry_table,
        location_quotients,
        shift_share,
        specialisation,
    )
    from spatialconv.auditing import audit
    from spatialconv.autocorrelation import geary, general_g, hot_spots, local_moran, moran
    from spatialconv.checks import check
    from spatialconv.convergence.beta.beta import beta
    from spatialconv.convergence.beta.local import beta_local
    from spatialconv.convergence.beta.nonlinear import beta_nls
    from spatialconv.convergence.beta.quantiles import beta_quantiles
    from spatialconv.convergence.beta.regimes import beta_regimes
    from spatialconv.convergence.beta.series import beta_rolling, beta_spacing
    from spatialconv.convergence.clubs.clubs import clubs
    from spatialconv.convergence.clubs.log_t import log_t
    from spatialconv.convergence.dispersion.dagum import dagum
    from spatialconv.convergence.dispersion.inequality import theil
    from spatialconv.convergence.dispersion.sigma import sigma
    from spatialconv.convergence.dispersion.spatial_gini import spatial_gini
    from spatialconv.dynamics import density, hot_spot_trends, markov, mobility, spatial_markov
    from spatialconv.index import composite_index
    from spatialconv.models.estimation.fit import fit_panel
    from spatialconv.models.hypotheses.diagnostics import (
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
    from spatialconv.models.small_samples.monte_carlo import monte_carlo
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
