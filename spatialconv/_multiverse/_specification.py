"""One specification of a multiverse, frozen: a choice on every axis."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Literal, get_args

from spatialconv._options import Correction, Effects, Spatial, Vcov
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.models.specification.vocabulary import MODELS as FIELD
from spatialconv.results import Record

Model = Literal["none", "slx", "lag", "sdm", "error", "sdem", "sarar", "gns"]
# Word of the axis -> spatial terms, and whether the spatial lags of all regressors enter.
MODELS: dict[str, tuple[Spatial, bool]] = {
    "none": ("none", False),
    "slx": ("none", True),
    "lag": ("lag", False),
    "sdm": ("lag", True),
    "error": ("error", False),
    "sdem": ("error", True),
    "sarar": ("sarar", False),
    "gns": ("sarar", True),
}
assert set(MODELS) == set(get_args(Model))
# The field's names, which every other door takes as model=, beside the words of the axis.
WORDS = {name: word for name, terms in FIELD.items() for word, same in MODELS.items() if terms == same}

NO_WEIGHTS, NO_CONTROLS, EVERYTHING, AS_GIVEN = "none", "none", "all", "as given"


@dataclass(frozen=True, repr=False)
class Specification(Record):
    """A choice on every axis of a multiverse; fields are in the order of the axes.

    `data`, `sample` and `weights` are names: what they stand for is kept by the `Grid`.
    """

    data: str
    sample: str
    horizon: int
    weights: str
    model: Model
    effects: Effects
    correction: Correction
    controls: tuple[str, ...]
    vcov: Vcov

    @property
    def choices(self) -> dict[str, str | int]:
        """The choice on every axis, in words and numbers."""
        values = dict(zip(AXES, astuple(self), strict=True))
        return {**values, "controls": ", ".join(self.controls) or NO_CONTROLS}

    @property
    def uses_weights(self) -> bool:
        """Whether the weights enter the model at all."""
        return self.model != "none"

    def model_spec(self, outcome: str, regressors: tuple[str, ...]) -> ModelSpec:
        """Return the specification of the engine."""
        spatial, durbin = MODELS[self.model]
        lagged = regressors if durbin else ()
        return ModelSpec(outcome, regressors, spatial, lagged, self.effects, self.correction, self.vcov)


AXES = tuple(Specification.__dataclass_fields__)
