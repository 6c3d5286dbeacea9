"""Doors: methods of a result that call an analysis standing above it, each listed here and nowhere else.

A result knows its own figures; an analysis takes a result and knows more. Where a reader expects the analysis as a
method (`b.grid_interval()`), the method opens a door: it names itself, and the analysis is imported when called.
Without doors, results and analyses would import each other. The method takes what the analysis takes after the result.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

# Class and method -> module and function behind it.
DOORS = {
    "BetaConvergence.bias_corrections": "spatialconv.convergence.few_periods.corrections:bias_corrections",
    "BetaConvergence.confidence_set": "spatialconv.convergence.few_periods.confidence:confidence_set",
    "BetaConvergence.detectable": "spatialconv.convergence.few_periods.null:detectable",
    "BetaConvergence.exact_lines": "spatialconv.convergence.few_periods.inference:exact_lines",
    "BetaConvergence.grid_interval": "spatialconv.convergence.few_periods.grid_interval:grid_interval",
    "BetaConvergence.infer": "spatialconv.convergence.few_periods.inference:inference",
    "BetaConvergence.null_distribution": "spatialconv.convergence.few_periods.null:null_distribution",
    "BetaConvergence.short_panel_test": "spatialconv.convergence.few_periods.short_panel:short_panel_test",
    "CompositeIndex.without": "spatialconv.index._without:without",
    "Multiverse.joint_test": "spatialconv._multiverse._joint:joint_test",
    "Multiverse.probabilities": "spatialconv._multiverse._probabilities:path_probabilities",
    "PanelFit.bootstrap": "spatialconv.models.small_samples.bootstrap:bootstrap",
    "PanelFit.impacts": "spatialconv.models.impacts.impacts:impacts",
    "PanelFit.instrument_tests": "spatialconv.models.moments.strength:instrument_tests",
    "PanelFit.predict": "spatialconv.models.impacts.prediction:predict",
    "Study.figures": "spatialconv.study._figures:study_figures",
    "Study.tables": "spatialconv.study._tables:study_tables",
}


def door(name: str) -> Callable[..., Any]:
    """Return the function behind a door, importing its module now."""
    module, function = DOORS[name].split(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found
