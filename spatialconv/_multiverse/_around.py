"""The multiverse around one growth regression: its own choice on every axis that is not named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spatialconv._multiverse._crossed import specifications
from spatialconv._multiverse._grid import Grid
from spatialconv._multiverse._specification import AS_GIVEN, EVERYTHING, MODELS, NO_WEIGHTS, Specification
from spatialconv.convergence.beta.beta import INITIAL, BetaConvergence
from spatialconv.errors import OptionError


def around(b: BetaConvergence, given: Mapping[str, Any]) -> tuple[Grid, Specification | None]:
    """Return the grid of a regression with some axes named, and the regression's own row if it is among them.

    Raises
    ------
    OptionError
        If an option of the regression is no choice of a multiverse, and the axes that are named do not replace it.
    """
    told = b.asked.options
    if b.asked.error_w is not None:
        raise OptionError("a multiverse has one matrix of weights a row; the regression has error_w beside w.")
    if told["correction"] == "indirect" and "corrections" not in given:
        raise OptionError("correction='indirect' is no choice of a multiverse; name corrections=….")
    lagged = set(told["durbin"])
    if lagged and lagged != {INITIAL, *told["controls"]} and "models" not in given:
        raise OptionError(
            f"models of a multiverse lag all regressors or none; the regression lags {sorted(lagged)}. Name models=…."
        )
    model = next(word for word, terms in MODELS.items() if terms == (told["spatial"], bool(lagged)))
    own: dict[str, Any] = {
        "weights": b.asked.w,
        "models": model,
        "effects": told["effects"],
        "corrections": told["correction"],
        "controls": (told["controls"],),
        "horizons": told["horizon"],
        "vcov": told["vcov"],
        "overlapping": told["overlapping"],
        "controls_at": told["controls_at"],
        "missing": told["missing"],
    }
    grid = specifications(b.asked.panel, b.variable, **{**own, **given})
    weights = next(iter(grid.weights)) if b.asked.w is not None and "weights" not in given else NO_WEIGHTS
    mine = Specification(
        AS_GIVEN, EVERYTHING, told["horizon"], weights, model, told["effects"], told["correction"],  # type: ignore[arg-type]
        told["controls"], told["vcov"],
    )  # fmt: skip
    return grid, mine if mine in grid.specs else None
