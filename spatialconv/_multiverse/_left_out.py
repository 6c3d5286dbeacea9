"""The regions that matter: of thousands those are left out one by one without which the finding moves most."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import numpy as np

from spatialconv._multiverse._axes import MOST_LEFT_OUT
from spatialconv._multiverse._grid import Grid
from spatialconv._multiverse._result import refit
from spatialconv._multiverse._source import term
from spatialconv._multiverse._specification import Specification
from spatialconv.convergence.beta.beta import BetaConvergence
from spatialconv.errors import SpatialConvError
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.small_samples.influence import moved_most

# So many specifications are asked which regions move them; more are taken at even distances.
ASKED_AT_MOST = 24


def that_matter(whole: Grid) -> tuple[list[Hashable], str]:
    """Return the regions to leave out, and how they were found; `whole` is the grid on all regions.

    Specifications that differ in their standard errors alone have one influence, and of sets of controls the largest
    is asked.
    """
    regions = next(iter(whole.data.values())).regions
    fits = list(_fits(whole))
    if not fits:
        order, how = list(range(MOST_LEFT_OUT)), "the first ones: no specification could be estimated on all regions"
    else:
        found = moved_most(fits, term(whole), MOST_LEFT_OUT)
        order, how = found.places, f"those whose {_regressor(whole)} lies furthest out"
        if found.fits:
            over = f"{found.fits} specification{'s' if found.fits > 1 else ''}"
            name = "beta" if whole.focus is None else whole.focus
            how = f"those that move {name} most by their influence in {over}, at most {found.largest:.2f} s.e."
    return [regions[i] for i in order], f"{len(order)} of {len(regions):,} regions are left out one by one, {how}"


def _regressor(whole: Grid) -> str:
    return "initial level" if whole.focus is None else whole.focus


def _fits(whole: Grid) -> Iterator[PanelFit]:
    specs = [whole.specs[k] for k in whole.ready]
    fullest = max(len(spec.controls) for spec in specs) if specs else 0
    kept = {_but_for_errors(spec): spec for spec in reversed(specs) if len(spec.controls) == fullest}
    chosen = list(kept.values())[::-1]
    places: list[int] = (
        np.unique(np.linspace(0, len(chosen) - 1, min(len(chosen), ASKED_AT_MOST)).astype(int)).tolist()
        if chosen
        else []
    )
    for place in places:
        try:
            found = refit(whole, chosen[place], 0.95)
        except (SpatialConvError, np.linalg.LinAlgError):
            continue
        yield found.fit if isinstance(found, BetaConvergence) else found


def _but_for_errors(spec: Specification) -> tuple[object, ...]:
    return spec.horizon, spec.weights, spec.model, spec.effects, spec.correction
