"""A fitted model as data: what tests and other models take in the place of a panel with names of columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spatialconv._options import first
from spatialconv.errors import OptionError, UnsupportedModelError
from spatialconv.models.specification.design import Design
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.panel import Panel, panel_of
from spatialconv.weights import Aligned


@dataclass(frozen=True, eq=False)
class Given:
    """The sample of a fitted model: outcome and own regressors as a panel, the aligned weights, and what it was."""

    panel: Panel
    spec: ModelSpec
    w: Aligned | None
    error_w: Aligned | None


def given(model: Any, y: Any, x: Any, *, door: str) -> Given | None:
    """Return the sample of a fitted model; None where a panel was given, to be read by its columns.

    Raises
    ------
    OptionError
        If y or x are named beside a fitted model, or it is neither that nor a panel.
    UnsupportedModelError
        If the model is dynamic: its regressors are not columns of one panel.
    """
    if isinstance(model, Panel):
        return None
    fit = next((f for f in (model, getattr(model, "fit", None)) if _is_fit(f)), None)
    if fit is None:
        raise OptionError(
            f"{door} takes a Panel, or a fitted model (of beta or fit_panel); got an object of type "
            f"{type(model).__name__}."
        )
    if y is not None or x is not None:
        raise OptionError("a fitted model brings its outcome and regressors; leave y and x out.")
    spec, design = fit.spec, fit.design
    refuse_endogenous(spec, door)
    design.refuse_cells(f"{door}() of a fitted model is")
    if spec.dynamic != "none":
        raise UnsupportedModelError(
            f"{door} takes no dynamic model apart: its lags are no columns of a panel. Pass the panel with y and x."
        )
    own = {name: design.X[:, :, design.names.index(name)] for name in spec.x}
    panel = panel_of({spec.y: design.y, **own}, design.regions, design.periods, notes=without_weights(design))
    other = design.M if design.M is not design.W else None
    return Given(panel, spec, design.W, other)


def refuse_endogenous(spec: ModelSpec, door: str) -> None:
    """Raise where a model has endogenous regressors and a test, a bootstrap or another model takes them as given."""
    if spec.endog:
        raise UnsupportedModelError(
            f"{door} takes every regressor as given, and {first(spec.endog)} of this model "
            f"{'is' if len(spec.endog) == 1 else 'are'} endogenous (endog=). See the fit's instrument_tests()."
        )


def without_weights(design: Design) -> tuple[str, ...]:
    """Return the notes of a design but for those of its weights, which come again with them."""
    theirs = {note for weights in (design.W, design.M) if weights is not None for note in weights.notes}
    return tuple(note for note in design.notes if note not in theirs)


def _is_fit(value: Any) -> bool:
    return isinstance(getattr(value, "spec", None), ModelSpec) and isinstance(getattr(value, "design", None), Design)
