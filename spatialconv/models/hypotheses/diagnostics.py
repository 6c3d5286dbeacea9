"""Specification tests of spatial panel models: which spatial terms, which effects, what is left in the residuals.

Before a spatial model: `lm_tests`, `durbin_score`, `bsk_tests`. Between models: `lr_test`, `wald_test`,
`reduction_tests`, `common_factor_test`, `effects_tests`, `hausman`, `mundlak_test`. On residuals: `pesaran_cd`,
`residual_moran`. The whole chain: `select_model`. Every test says its null and alternative in words.
"""

from spatialconv.models.hypotheses.components import bsk_tests
from spatialconv.models.hypotheses.hausman import hausman, mundlak_test
from spatialconv.models.hypotheses.outcomes import Diagnostics
from spatialconv.models.hypotheses.ratio import effects_tests, lr_test
from spatialconv.models.hypotheses.residual import pesaran_cd, residual_moran
from spatialconv.models.hypotheses.score import durbin_score, lm_tests
from spatialconv.models.hypotheses.selection import Selection, select_model
from spatialconv.models.hypotheses.wald import common_factor_test, reduction_tests, wald_test

__all__ = [
    "Diagnostics",
    "Selection",
    "bsk_tests",
    "common_factor_test",
    "durbin_score",
    "effects_tests",
    "hausman",
    "lm_tests",
    "lr_test",
    "mundlak_test",
    "pesaran_cd",
    "reduction_tests",
    "residual_moran",
    "select_model",
    "wald_test",
]
