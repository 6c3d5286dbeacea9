"""A model is data: what is regressed on what, how space enters, which effects, which approach.

`SUPPORTED` is the one table of what is derived; the validator, the documentation and the tests read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from spatialconv._options import (
    Correction,
    Dynamic,
    Effects,
    Estimator,
    FixedEffects,
    LogDeterminant,
    Random,
    Spatial,
    Vcov,
    choice,
    first,
    flag,
)
from spatialconv.errors import OptionError, UnsupportedModelError
from spatialconv.models.specification.vocabulary import name_of
from spatialconv.results import Record, plural

Applied = Literal["none", "lee-yu", "splm"]


class Needs(NamedTuple):
    """What a combination asks of the weights: `any` matrix or a row-standardised one without islands."""

    lag_weights: Literal["any", "row"]
    error_weights: Literal["any", "row"]
    why: str


_ANY = Needs("any", "any", "")
_DIRECT_TIME = Needs(
    "any", "row", "the error filter must leave a constant over the regions constant, or demeaning leaves some of it in"
)
_TRANSFORMED_TIME = Needs(
    "row", "row", "the transformation needs rows that sum to one, or the transformed weights are not those of the model"
)

# (effects, correction) -> what it needs of the weights. A pair that is not here is not derived.
SUPPORTED: dict[tuple[str, str], Needs] = {
    ("none", "none"): _ANY,
    ("region", "none"): _ANY,
    ("region", "lee-yu"): _ANY,
    ("time", "none"): _DIRECT_TIME,
    ("time", "lee-yu"): _TRANSFORMED_TIME,
    ("two-way", "none"): _DIRECT_TIME,
    ("two-way", "lee-yu"): _TRANSFORMED_TIME,
    ("region", "splm"): _ANY,
    ("time", "splm"): _TRANSFORMED_TIME,
    ("two-way", "splm"): _TRANSFORMED_TIME,
    ("random", "none"): _ANY,
}

_NAMES = {
    ("none", False): "pooled regression",
    ("none", True): "SLX",
    ("lag", False): "SAR",
    ("lag", True): "SDM",
    ("error", False): "SEM",
    ("error", True): "SDEM",
    ("sarar", False): "SARAR",
    ("sarar", True): "GNS",
}


@dataclass(frozen=True, repr=False)
class ModelSpec(Record):
    """One specification, frozen: it can be compared, stored, varied by `dataclasses.replace` and run again."""

    y: str
    x: tuple[str, ...]
    spatial: Spatial = "lag"
    durbin: tuple[str, ...] = ()
    effects: Effects = "two-way"
    correction: Correction = "auto"
    vcov: Vcov = "information"
    random: Random = "kkp"
    dynamic: Dynamic = "none"
    estimator: Estimator = "ml"
    logdet: LogDeterminant = "auto"
    intercept: bool = True
    endog: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        choice("spatial", self.spatial, Spatial)
        choice("effects", self.effects, Effects)
        choice("correction", self.correction, Correction)
        choice("vcov", self.vcov, Vcov)
        choice("random", self.random, Random)
        choice("dynamic", self.dynamic, Dynamic)
        choice("estimator", self.estimator, Estimator)
        choice("logdet", self.logdet, LogDeterminant)
        flag("intercept", self.intercept)
        self._check_endogenous()
        if self.dynamic != "none" and self.effects == "random":
            raise UnsupportedModelError(
                "a dynamic model with random effects needs a model of the first period, which is not derived here; "
                "take fixed effects."
            )

    def _check_endogenous(self) -> None:
        if not self.endog and not self.instruments:
            return
        if not self.endog:
            raise OptionError(
                f"instruments {first(self.instruments)} stand for no regressor; name the endogenous ones by endog=…"
            )
        if self.estimator != "gmm":
            raise UnsupportedModelError(
                f"endog={first(self.endog)} needs estimator='gmm': a likelihood takes every regressor as given."
            )
        columns = (self.y, *self.x)
        twice = [name for name in self.instruments if name in columns]
        if twice:
            raise OptionError(
                f"{first(twice)} cannot be an instrument beside being in the model; exogenous regressors are "
                "instruments of themselves. Name columns that are not in y, x and endog."
            )
        if len(self.instruments) < len(self.endog):
            raise OptionError(
                f"{plural(len(self.endog), 'endogenous regressor')} ({first(self.endog)}) need at least as many "
                f"instruments of their own; got {len(self.instruments)}"
                f"{f' ({first(self.instruments)})' if self.instruments else ''}."
            )

    @property
    def endogenous(self) -> tuple[str, ...]:
        """The endogenous regressors, their spatial lags with them; without the lag of the outcome."""
        return (*self.endog, *(f"W:{name}" for name in self.durbin if name in self.endog))

    @property
    def instrumented(self) -> bool:
        """Whether moments estimate it by instruments: a lag of the outcome, or endogenous regressors."""
        return self.has_lag or bool(self.endog)

    @property
    def name(self) -> str:
        """The textbook label: SAR, SEM, SDM, SDEM, SARAR, GNS, SLX or pooled regression."""
        label = _NAMES[self.spatial, bool(self.durbin)]
        if label == "pooled regression" and self.effects != "none":
            label = "random effects regression" if self.effects == "random" else "within regression"
        return f"dynamic {label}" if self.dynamic != "none" else label

    @property
    def model(self) -> str:
        """The field's name of its spatial terms and lagged regressors, as every `model=` takes it: OLS, SAR, SDM, …"""
        return name_of(self.spatial, bool(self.durbin))

    @property
    def has_intercept(self) -> bool:
        """Whether a constant is among the regressors: where there are no fixed effects, and it was not taken away."""
        return self.intercept and self.fixed_effects == "none"

    @property
    def fixed_effects(self) -> FixedEffects:
        """The effects that are projected out: none under random effects."""
        return "none" if self.effects == "random" else self.effects

    @property
    def outside(self) -> bool:
        """Whether random effects stand outside an error process, the one likelihood of another form."""
        return self.effects == "random" and self.random == "bsk" and self.has_error

    @property
    def has_lag(self) -> bool:
        """Whether rho is free."""
        return self.spatial in ("lag", "sarar")

    @property
    def has_error(self) -> bool:
        """Whether lambda is free."""
        return self.spatial in ("error", "sarar")

    def needs(self, correction: Applied) -> Needs:
        """Return what the weights must be under a correction, or raise if it is not derived."""
        found = SUPPORTED.get((self.effects, correction))
        if found is None:
            known = ", ".join(f"effects={e!r} with correction={c!r}" for e, c in SUPPORTED)
            raise UnsupportedModelError(
                f"no theory for effects={self.effects!r} with correction={correction!r}. Derived are: {known}."
            )
        return found

    def unmet(self, correction: Applied, lag_row: bool, error_row: bool) -> str:
        """Return why the weights do not serve this model under a correction, or an empty string."""
        needs = self.needs(correction)
        # Two-way effects hold W of a lagged outcome too: its bias is that of transformed weights.
        past = self.effects == "two-way" and self.dynamic in ("wy", "both")
        lag_bad = (self.has_lag or past) and needs.lag_weights == "row" and not lag_row
        error_bad = self.has_error and needs.error_weights == "row" and not error_row
        return needs.why if lag_bad or error_bad else ""

    def resolve(self, lag_row: bool, error_row: bool, state: str = "") -> tuple[Applied, str]:
        """Return the correction to apply and, where "auto" could not take Lee-Yu, the reason.

        `state` says of the weights at hand why their rows do not all sum to one.

        Raises
        ------
        UnsupportedModelError
            If what was asked for needs row-standardised weights without islands and these are not.
        """
        if self.correction == "auto":
            if self.effects in ("none", "random"):
                return "none", ""
            why = self.unmet("lee-yu", lag_row, error_row)
            if not why:
                return "lee-yu", ""
            self._check("none", lag_row, error_row, state)
            own = f" ({state})" if state else ""
            return "none", f"direct approach, not Lee-Yu: weights are not row-standardised throughout{own}, and {why}"
        self._check(self.correction, lag_row, error_row, state)
        return self.correction, ""

    def _check(self, correction: Applied, lag_row: bool, error_row: bool, state: str) -> None:
        why = self.unmet(correction, lag_row, error_row)
        if not why:
            return
        # Only of what the caller asked for; what "auto" tried last is no word of theirs.
        asked = f"correction={correction!r}" if self.correction != "auto" else f"spatial={self.spatial!r}"
        others = (
            "effects='region' or 'none', or spatial='lag'"
            if self.unmet("none", lag_row, error_row)
            else "correction='none' or effects='region'"
        )
        raise UnsupportedModelError(
            f"effects={self.effects!r} with {asked} needs row-standardised weights in which every region has a "
            f"neighbour: {why}.{f' Here {state}.' if state else ''} Standardise by row and link the islands "
            "(islands='nearest', or link= by hand) or leave them out (panel.subset(regions=...)), or take "
            f"{others}."
        )
