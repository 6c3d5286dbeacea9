"""Gi and Gi*: where high values, or low ones, gather."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._core.space import association
from spatialconv._core.space.natural_breaks import natural_breaks
from spatialconv._core.space.permutation import benjamini_hochberg, permute_neighbours
from spatialconv._labels.matching import hint
from spatialconv._options import count_of, first, generator, whole
from spatialconv.autocorrelation._inputs import Inputs, floor_note, gather, is_single, undefined_note
from spatialconv.autocorrelation._omitted import local_of_those_there
from spatialconv.autocorrelation._results import HotSpots
from spatialconv.errors import AlignmentError, OptionError
from spatialconv.panel import FloatArray, Missing, Panel, omits
from spatialconv.results import merge_notes

IntArray = npt.NDArray[np.int64]
_NONE = -99  # stands for "no class" until the columns become nullable
LEVELS = (0.10, 0.05, 0.01)
_ASKED = "self_weight must be 'link' or a number of zero or more, a Series by region, or a column of the panel"


def hot_spots(
    panel: Panel,
    variable: str,
    w: Any,
    *,
    period: Hashable | Iterable[Hashable] | None = None,
    log: bool = False,
    star: bool = True,
    classes: int = 4,
    fdr: bool = False,
    permutations: int = 0,
    self_weight: Literal["link"] | str | float | pd.Series = "link",
    seed: int | np.random.Generator | None = None,
    missing: Missing = "raise",
) -> HotSpots:
    r"""Find, by Gi or Gi*, the regions around which high values (hot spots) or low values (cold spots) gather.

    Natural breaks of z, as many papers map them, stand beside classes of confidence: the breaks always give
    hot and cold spots, significant or not.

    Parameters
    ----------
    panel : Panel
    variable : str
        A numeric column, complete in the periods asked for. Negative values are allowed: adding a constant
        changes no z, and a negative mean turns nothing round.
    w : Graph or W
        Weights of libpysal, labelled by region. Multiplying a row by a number changes no z: binary and
        row-standardised contiguity give the same.
    period : label or labels, optional
        One period gives a table by region; several, or all (the default), a table by period and region.
    log : bool
        Analyse the natural logarithm.
    star : bool
        True: Gi*, in which the region is one of its own neighbours. False: Gi, which leaves the region out of
        the sum, of the mean and of the variance.
    classes : int
        Number of natural breaks (Jenks) of z within a period; 1 is the lowest.
    fdr : bool
        Take `confidence` from q instead of p. `confidence_fdr` always does.
    permutations : int
        0: p from the normal distribution. More: p from so many conditional permutations of the other regions.
        z stays as it is.
    self_weight : "link", float, Series or str
        Weight of the region itself under Gi*, in units of a link: "link" is 1, the largest weight in its row,
        which for contiguity, binary or row-standardised, is that of any neighbour. 0 leaves the region out of
        the sum but not of mean and variance; 2 counts it twice. A region without neighbours has itself only.
        A Series by region, or a column of the panel, gives every region its own (ArcGIS's self potential): how much
        of what is counted lies within large regions.
    seed : int or Generator, optional
        Of the permutations; stored in the provenance.
    missing : {"raise", "omit"}
        "omit" takes in every period the regions that have a value, with the weights cut to them and standardised again;
        the others have rows without figures.

    Returns
    -------
    HotSpots
        `.table` with value, z, p, q, jenks, confidence and confidence_fdr.

    Raises
    ------
    DataError
        If there are fewer than three regions.
    OptionError
        If an option is not known.
    VariableError, MissingDataError, UnbalancedPanelError, NotPositiveError, AlignmentError, WeightsError
        As `moran`.

    Notes
    -----
    .. math:: z(G_i^*) = \frac{\sum_j w_{ij} y_j - W_i \bar y}
              {s \sqrt{(n \sum_j w_{ij}^2 - W_i^2) / (n - 1)}}, \qquad W_i = \sum_j w_{ij}

    with the n-divisor in s; for Gi n, mean and s are those of the other regions. Both are computed from
    deviations, so that the level of the data has no part in them.

    With skewed values and many regions a map of noise shows a hot spot at q <= 0.05 more often than in 5 % of cases
    (notes quote the simulated figure nearest to the number of regions); `permutations=9999` keeps to it.

    The permutations hold the region's own value, as esda and spdep do; they ask whether its neighbours are
    high or low given it. A region whose z points the other way is not classed.

    References
    ----------
    Ord, J. K. and Getis, A. (1995) Local spatial autocorrelation statistics: distributional issues and an
    application. Geographical Analysis 27(4), 286-306.

    Fisher, W. D. (1958) On grouping for maximum homogeneity. Journal of the American Statistical Association
    53(284), 789-798.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.adjacency(zj.cities)
    >>> hot = sc.hot_spots(zj.panel, "exports", w, period=2020)
    >>> hot.table["z"].idxmax(), bool(hot.table["z"].abs().max() < 1.65)
    ('Quzhou', True)
    """
    classes, permutations = whole("classes", classes, least=2), count_of("permutations", permutations)
    if isinstance(panel, Panel):  # `gather` says what else it is
        _own_weights(panel, self_weight, panel.regions[:0], None)
    if omits(missing):
        return local_of_those_there(
            hot_spots, panel, (variable,), w, period, seed, log=log, star=star, classes=classes, fdr=fdr,
            permutations=permutations, self_weight=self_weight,
        )  # fmt: skip
    data = gather(panel, variable, w, omittable=True, log=log, period=period, least=3, why="Gi* or Gi")
    dev, _ = association.standardise(data.values)
    own = _own_weights(panel, self_weight, data.order, data.periods)
    z = _star(dev, data.matrix, own) if star else association.gi(dev, data.matrix)
    p, towards, used = association.normal_p(z, "two-sided"), np.sign(z), None
    if permutations:
        rng, used = generator(seed)
        drawn = permute_neighbours(dev, data.matrix, permutations, rng, own=False)
        p = np.where(np.isnan(z) | (drawn.variance == 0), np.nan, drawn.p_value("two-sided"))
        towards = np.sign(drawn.below - drawn.above).astype(float)
    opposed = towards * z < 0
    said = f"by region ({self_weight.name or 'Series'})" if isinstance(self_weight, pd.Series) else self_weight
    q = benjamini_hochberg(p)
    towards = np.where(opposed | np.isnan(z), 0.0, towards)
    jenks = np.stack([_jenks(row, classes) for row in z])
    columns = {
        "value": data.values,
        "z": z,
        "p": p,
        "q": q,
        "jenks": jenks,
        "confidence": _confidence(towards, q if fdr else p),
        "confidence_fdr": _confidence(towards, q),
    }
    return HotSpots(
        table=_nullable(data.by_region(columns, is_single(panel, period))),
        variable=variable,
        log=log,
        periods=data.periods,
        regions=data.regions,
        permutations=permutations,
        fdr=fdr,
        notes=merge_notes(
            data.notes,
            _island_note(data, star and bool((own > 0).any()), permutations),
            undefined_note(data, z, "every arrangement gives the same sum"),
            _few_note(data, jenks, classes),
            _opposed_note(opposed & (p <= LEVELS[0])),
            floor_note(permutations, "two-sided", p),
        ),
        provenance=data.provenance(
            "hot_spots",
            used,
            star=star,
            classes=classes,
            fdr=fdr,
            permutations=permutations,
            self_weight=said,
        ),
        star=star,
        classes=classes,
        self_weight=said,
    )


def _own_weights(panel: Panel, asked: Any, order: pd.Index, periods: pd.Index | None) -> FloatArray:
    """Return the weight of every region itself in links, one for all or of shape (T, N), or raise."""
    if isinstance(asked, str) and asked == "link":
        return np.ones(1)
    if isinstance(asked, pd.Series):
        absent = [region for region in order if region not in asked.index]
        if absent or asked.index.has_duplicates:
            what = f"lacks {first(absent)}" if absent else "has labels twice"
            raise AlignmentError(f"self_weight, by region, {what}.{hint(order, asked.index) if absent else ''}")
        own = asked.reindex(order).to_numpy(dtype=float)[None]
    elif isinstance(asked, str):
        if asked not in panel.frame.columns:
            raise OptionError(f"{_ASKED}; got {asked!r}.")
        own = np.asarray(panel.values(asked, regions=order, periods=periods)) if periods is not None else np.ones(1)
    else:
        ok = isinstance(asked, (int, float, np.number)) and not isinstance(asked, bool)
        own = np.array([float(asked)]) if ok else np.array([np.nan])
    wrong = ~np.isfinite(own) | (own < 0)
    if wrong.any():
        if own.ndim < 2:
            raise OptionError(f"{_ASKED}; got {asked!r}.")
        t, i = np.nonzero(wrong)
        cells = [(order[k], float(own[s, k])) for s, k in zip(t, i, strict=True)]
        raise OptionError(f"self_weight must be zero or more in every region; it is {first(cells)}.")
    return np.asarray(own)


def _star(dev: FloatArray, matrix: Any, own: FloatArray) -> FloatArray:
    """Return the z of Gi*; weights of the regions themselves may differ by period."""
    if own.ndim < 2 or len(own) == 1:
        return association.gi_star(dev, association.with_self(matrix, own.ravel()))
    rows = [association.gi_star(d[None], association.with_self(matrix, o)) for d, o in zip(dev, own, strict=True)]
    return np.concatenate(rows)


def _confidence(towards: FloatArray, p: FloatArray) -> IntArray:
    steps = sum((p <= level).astype(np.int64) for level in LEVELS)
    return np.where(np.isnan(p), _NONE, towards.astype(np.int64) * steps)


def _jenks(z: FloatArray, classes: int) -> IntArray:
    found = np.full(z.shape, _NONE, dtype=np.int64)
    known = ~np.isnan(z)
    if known.any():
        found[known] = natural_breaks(z[known], classes)
    return found


def _nullable(table: pd.DataFrame) -> pd.DataFrame:
    for name in ("jenks", "confidence", "confidence_fdr"):
        column = table[name].astype("Int64")
        table[name] = column.mask(column == _NONE)
    return table


def _island_note(data: Inputs, themselves: bool, permutations: int) -> tuple[str, ...]:
    if not data.islands:
        return ()
    if not themselves:
        return ("islands have no statistic; their values are part of the mean",)
    what = "an island has itself as its only neighbour: its z is that of its own value"
    return (what + ", and permuting neighbours gives it no p" * bool(permutations),)


def _few_note(data: Inputs, jenks: IntArray, classes: int) -> tuple[str, ...]:
    few = [period for period, row in zip(data.periods, jenks, strict=True) if row.max() < classes]
    return (f"fewer than {classes} different z, hence fewer classes, in period {first(few)}",) if few else ()


def _opposed_note(cells: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    if not cells.any():
        return ()
    return (
        f"in {int(cells.sum()):,} cases with p <= {LEVELS[0]:g} the permutations point the other way than z, because "
        "of the region's own value; not classed",
    )
