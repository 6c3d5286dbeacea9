"""Choices on every axis crossed to a grid."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from itertools import product
from typing import Any, get_args

from spatialconv._multiverse import _axes as axes
from spatialconv._multiverse._axes import Sample, Transform
from spatialconv._multiverse._grid import Grid
from spatialconv._multiverse._left_out import that_matter
from spatialconv._multiverse._specification import AS_GIVEN, EVERYTHING, Specification
from spatialconv._options import ControlsAt, Correction, Effects, Vcov, choice
from spatialconv.convergence.beta.beta import INITIAL
from spatialconv.errors import OptionError
from spatialconv.models.by_period.design import Gaps
from spatialconv.models.specification.design import refuse_reserved
from spatialconv.panel import Panel


def specifications(
    panel: Panel,
    variable: str,
    *,
    weights: Any = None,
    models: Any = None,
    effects: Any = "none",
    corrections: Any = "auto",
    controls: Any = (),
    pool: str | Iterable[str] | None = None,
    samples: Any = "all",
    groups: Mapping[str, Any] | None = None,
    horizons: int | Iterable[int] = 1,
    vcov: Any = "information",
    data: Mapping[str, Panel | Transform] | None = None,
    focus: str | None = None,
    overlapping: bool = False,
    controls_at: ControlsAt = "start",
    missing: Gaps = "raise",
) -> Grid:
    """Cross the choices on every axis to a grid of frozen specifications, without estimating anything.

    Use it to look at a multiverse before it runs: `.table` has one row a specification, whether it is ready, the same
    model as an earlier one in other words, or impossible and why. `multiverse` takes the same arguments and runs it.
    Only to leave out some of more than 500 regions a few specifications are estimated first.

    Parameters
    ----------
    panel : Panel
    variable : str
        The level v whose beta convergence is asked for; with `focus` the outcome.
    weights : mapping of names to Graphs
        Spatial weights; one Graph alone is called "w".
    models : words
        Of "none", "slx", "lag", "sdm", "error", "sdem", "sarar", "gns", or the field's names (OLS, SLX, SAR, SDM, SEM,
        SDEM, SARAR or SAC, GNS); "lag" where there are weights.
    effects, corrections, vcov : words
        As in `beta`, one or several each; "all" takes every word.
    controls : names, list of sets, or "all subsets"
        A list: each of its members, a name or a tuple of names, is one set; `()` is the empty set. "all subsets" are
        those of `pool`.
    pool : names
        Controls to combine under "all subsets".
    samples : words or mapping
        Of "all", "leave-one-out" (each region; of more than 500 the 40 that move the coefficient most by their
        influence, which is said), "leave-one-period-out", and the names of `groups`. A mapping is short for "all" and
        its groups.
    groups : mapping of names to region labels, or to {"regions": …, "periods": …}
        Subsamples; weights are cut out for each and standardised again.
    horizons : whole numbers
        Lengths of the spans of growth, in units of the period's label.
    data : mapping of names to Panels or functions
        Variants of the data beside the panel "as given": winsorised, a variable lagged or replaced. A function takes
        the panel and returns another; the joint test needs functions, to apply them to simulated data too.
    focus : str, optional
        A regressor of `variable` whose coefficient is in question, as in `fit_panel`; growth regressions and horizons
        are then out of the game.
    overlapping : bool
        Whether spans of growth may overlap.
    controls_at : {"start", "end", "mean"}
        When the controls of a growth regression are taken, as in `beta`; one choice for the whole grid.
    missing : {"raise", "integrate", "omit"}
        What to do about gaps, as in `fit_panel`; one choice for the whole grid. A panel with gaps is estimated from the
        outcomes that are there, and its rows have their own `nobs`.

    Returns
    -------
    Grid
        `.table`, `.specs`, `.ready`; iterable, with a length.

    Raises
    ------
    OptionError, VariableError
        If a word, a name of a column or a label is unknown: a slip of the pen is no impossible model.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = {"border": sc.weights.adjacency(zj.cities), "inverse": sc.weights.inverse_distance(zj.cities)}
    >>> grid = sc.specifications(zj.panel, "exports", weights=w, effects="all", corrections=("none", "lee-yu"))
    >>> len(grid), grid.table["status"].value_counts().to_dict()
    (20, {'ready': 14, 'impossible': 6})
    """
    listed = axes.model_axis(models, weights)
    choice("controls_at", controls_at, ControlsAt)
    choice("missing", missing, Gaps)
    variants = axes.data_axis(panel, data)
    sets = axes.control_sets(controls, pool, variable, panel)
    spans = (0,) if focus is not None else axes.lengths(horizons)
    if focus is not None and (overlapping or horizons != 1 or controls_at != "start"):
        raise OptionError(
            "horizons, overlapping and controls_at belong to growth regressions; leave them out where focus is given."
        )
    _check_columns(variants, variable, focus, sets)
    graphs = axes.weights_axis(weights, listed)
    rest = (
        spans,
        graphs,
        listed,
        axes.words("effects", effects, get_args(Effects)),
        axes.words("corrections", corrections, get_args(Correction)),
        sets,
        axes.words("vcov", vcov, get_args(Vcov)),
    )
    transforms = {name: f for name, f in (data or {}).items() if not isinstance(f, Panel)}

    def crossed(variants: dict[str, Panel], samples: dict[str, Sample], left_out: str = "") -> Grid:
        specs = tuple(Specification(*choices) for choices in product(variants, samples, *rest))
        return Grid(
            variable, focus, specs, variants, samples, graphs, transforms, overlapping, controls_at, missing, left_out
        )

    said: list[str] = []

    def matter() -> list[Hashable]:
        regions, how = that_matter(crossed({AS_GIVEN: panel}, {EVERYTHING: Sample()}))
        said.append(how)
        return regions

    found = axes.sample_axis(samples, groups, panel, matter)
    return crossed(variants, found, *said)


def _check_columns(
    variants: Mapping[str, Panel], variable: str, focus: str | None, sets: tuple[tuple[str, ...], ...]
) -> None:
    """Raise where a column does not exist, or stands twice in a regression."""
    named = list(dict.fromkeys(name for one in sets for name in one))
    refuse_reserved(named)
    for name in (variable, INITIAL if focus is None else focus):
        if name in named:
            raise OptionError(f"{name!r} is in every regression already and cannot be a control.")
    if focus == variable:
        raise OptionError(f"focus and outcome are both {variable!r}; name a regressor.")
    for panel in variants.values():
        for name in (variable, *named, *((focus,) if focus is not None else ())):
            panel.values(name, missing="keep")
