"""The growth regression of a case under all effects and approaches, for the whole and for the subsamples."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from spatialconv._options import FixedEffects
from spatialconv.convergence.beta.beta import INITIAL, BetaConvergence, beta
from spatialconv.errors import BoundaryWarning, ModelError, WeightsError
from spatialconv.panel import Panel
from spatialconv.results import Record
from spatialconv.study._case import Case

EFFECTS: tuple[FixedEffects, ...] = get_args(FixedEffects)
APPROACHES: dict[Literal["none", "lee-yu"], str] = {"none": "direct", "lee-yu": "Lee-Yu"}
NO_CONTROLS = "none"
NUMBERS = (
    *(name for term in ("beta", "rho", "lambda") for name in (term, f"z_{term}", f"p_{term}")),
    *("sigma2", "loglik", "speed", "half_life", "nobs"),
)


@dataclass(frozen=True)
class Cell:
    """Which model: sample, controls, effects, and the approach to the effects ("none" or "lee-yu")."""

    sample: str
    controls: tuple[str, ...]
    effects: FixedEffects
    correction: Literal["none", "lee-yu"]


@dataclass(frozen=True, eq=False, repr=False)
class BetaGrid(Record):
    """All growth regressions of a study.

    Attributes
    ----------
    fits : mapping of Cell to BetaConvergence
        Those that could be estimated.
    reasons : mapping of Cell to str
        Why the others could not.
    """

    fits: Mapping[Cell, BetaConvergence]
    reasons: Mapping[Cell, str]

    @property
    def cells(self) -> list[Cell]:
        """All cells, estimated or not, in the order they were asked for."""
        return [*self.fits, *self.reasons] if not self.reasons else sorted([*self.fits, *self.reasons], key=self._place)

    def _place(self, cell: Cell) -> tuple[int, int, int, int]:
        every = [*self.fits, *self.reasons]
        samples = list(dict.fromkeys(c.sample for c in every))
        return (
            samples.index(cell.sample),
            len(cell.controls),
            EFFECTS.index(cell.effects),
            list(APPROACHES).index(cell.correction),
        )

    @property
    def table(self) -> pd.DataFrame:
        """One row a model: what it is, beta, rho and lambda with z and p, sigma2, log-likelihood, speed, remark."""
        return pd.DataFrame([self._row(cell) for cell in self.cells])

    def _row(self, cell: Cell) -> dict[str, Any]:
        fit = self.fits.get(cell)
        about = {
            "sample": cell.sample,
            "controls": ", ".join(cell.controls) or NO_CONTROLS,
            "effects": cell.effects,
            "approach": APPROACHES[cell.correction] if cell.effects != "none" else "",
        }
        if fit is None:
            return about | dict.fromkeys(NUMBERS, np.nan) | {"remark": self.reasons[cell]}
        values: list[float] = []
        for term in (INITIAL, "rho", "lambda"):
            values += [float(of.get(term, np.nan)) for of in (fit.params, fit.tstats, fit.pvalues)]
        if fit.z_withheld:
            values[1:3] = np.nan, np.nan
        values += [fit.sigma2, fit.loglik, fit.speed, fit.half_life, float(fit.fit.nobs)]
        return about | dict(zip(NUMBERS, values, strict=True)) | {"remark": _remark(fit)}

    def get(self, sample: str, controls: tuple[str, ...], effects: str, correction: str) -> BetaConvergence | None:
        """Return one fit, or None if it could not be estimated."""
        return self.fits.get(Cell(sample, controls, effects, correction))  # type: ignore[arg-type]


def _remark(fit: BetaConvergence) -> str:
    bound = f"{', '.join(fit.fit.at_bound)} on the bound, do not use" if fit.fit.at_bound else ""
    undefined = str(fit.speeds.loc["speed", "reason"])
    return "; ".join(part for part in (bound, undefined) if part)


def cells_of(case: Case, samples: Mapping[str, Panel]) -> list[Cell]:
    """Return all models of a case: each sample, with and without controls, all effects, both approaches."""

    def every() -> Iterator[Cell]:
        for sample in samples:
            for controls in dict.fromkeys(((), case.controls)):
                for effects in EFFECTS:
                    for correction in APPROACHES:
                        if effects == "none" != correction:
                            continue
                        yield Cell(sample, controls, effects, correction)

    return list(every())


def estimate(case: Case, samples: Mapping[str, Panel], w: Any, step: Callable[[str], None]) -> BetaGrid:
    """Estimate all models of a case; one that cannot be estimated leaves its reason."""
    fits: dict[Cell, BetaConvergence] = {}
    reasons: dict[Cell, str] = {}
    for cell in cells_of(case, samples):
        step("growth regressions")
        try:
            with warnings.catch_warnings():
                # Said in the remark of the row.
                warnings.simplefilter("ignore", BoundaryWarning)
                fits[cell] = beta(
                    samples[cell.sample],
                    case.variable,
                    w if case.model.terms != ("none", False) else None,
                    controls=cell.controls,
                    controls_at=case.controls_at,
                    horizon=case.model.horizon,
                    spatial=case.model.terms.spatial,
                    durbin=case.model.terms.durbin,
                    effects=cell.effects,
                    correction=cell.correction,
                )
        except (ModelError, WeightsError) as error:
            reasons[cell] = str(error)
        except np.linalg.LinAlgError as error:
            reasons[cell] = f"the information matrix cannot be inverted ({error}); the sample is too small."
    return BetaGrid(fits, reasons)
