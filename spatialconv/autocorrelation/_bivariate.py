"""Two variables in space: bivariate Moran's I and Lee's L, global and local."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace
from typing import Any, Literal, TypeVar

import numpy as np

from spatialconv._core.space import association, weights_algebra
from spatialconv._core.space.permutation import benjamini_hochberg, permute_around, permute_neighbours, permute_places
from spatialconv._options import Alternative, choice, count_of, flag, generator, probability
from spatialconv.autocorrelation._bivariate_results import BivariateAutocorrelation, LocalBivariate, Measure
from spatialconv.autocorrelation._inputs import Inputs, floor_note, gather, is_single, refuse_constant, undefined_note
from spatialconv.autocorrelation._local import clusters, quadrants
from spatialconv.autocorrelation._omitted import global_of_those_there, local_of_those_there
from spatialconv.panel import FloatArray, Missing, Panel, omits
from spatialconv.results import Provenance, merge_notes, number

PairNull = Literal["pairs", "independent"]
Kind = TypeVar("Kind", BivariateAutocorrelation, LocalBivariate)
IN_PLACE = "the correlation of both in the same region"


def bivariate_moran(
    panel: Panel,
    x: str,
    y: str,
    w: Any,
    *,
    log: bool = False,
    null: PairNull = "pairs",
    permutations: int = 999,
    alternative: Alternative = "two-sided",
    seed: int | np.random.Generator | None = None,
    missing: Missing = "raise",
) -> BivariateAutocorrelation:
    r"""Ask, in every period, whether regions with much of x have neighbours with much of y (bivariate Moran's I).

    The correlation of x and y in place is in it: where x is autocorrelated and goes with y in the same region, I_xy is
    large though no region's x has to do with its neighbours' y. The result sets beside I_xy what r and Moran's I of x
    give alone (`in_place`), and what is left (`beyond`).

    Parameters
    ----------
    panel : Panel
    x, y : str
        Numeric columns, complete in every period; y is what neighbours have.
    w : Graph or W
        Weights of libpysal, labelled by region; not modified.
    log : bool
        Analyse the natural logarithms of both.
    null : {"pairs", "independent"}
        Who changes places: regions with their x and their y, so that r in place stays ("pairs"), or y alone, which
        takes r away too ("independent", the null of esda and GeoDa). Neither keeps x autocorrelated: a small p says
        that the map is not scattered, not that x and the neighbours' y belong together.
    permutations : int
        Number of random arrangements, from which expectation, variance, z and p come.
    alternative : {"two-sided", "greater", "less"}
        "greater": x goes with the neighbours' y.
    seed : int or Generator, optional
        Of the permutations; stored in the provenance, also if drawn anew.
    missing : {"raise", "omit"}
        "omit" takes in every period the regions that have both values, with the weights cut to them and standardised
        again; `n` in the table.

    Returns
    -------
    BivariateAutocorrelation
        `.table` has one row a period: I, expected, variance, z, p, r, in_place, beyond.

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
    .. math:: I_{xy} = \frac{n}{S_0} \frac{\sum_{ij} w_{ij} x_i y_j}{\sqrt{\sum_i x_i^2 \sum_i y_i^2}}, \qquad
              I_{xy} = r I_x + \frac{1}{S_0} \sum_{ij} w_{ij} x_i e_j

    with x and y as deviations from their means, r their correlation and e what is left of the standardised y given x.
    The first term is `in_place`, the second `beyond`. Under "pairs" the expectation is -r / (n - 1).

    References
    ----------
    Wartenberg, D. (1985) Multivariate spatial correlation: a method for exploratory geographical analysis. Geographical
    Analysis 17(4), 263-283.

    Lee, S.-I. (2001) Developing a bivariate spatial association measure: an integration of Pearson's r and Moran's I.
    Journal of Geographical Systems 3(4), 369-385 (on correlation in place).

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.adjacency(zj.cities)
    >>> found = sc.bivariate_moran(zj.panel, "digital", "exports", w, log=True, seed=1)
    >>> found.table.loc[2020, ["I", "r", "in_place", "beyond"]].round(3).to_dict()
    {'I': -0.146, 'r': 0.877, 'in_place': -0.023, 'beyond': -0.124}
    """
    if omits(missing):
        permutations = count_of("permutations", permutations, least=1)
        return _in_place_once(
            global_of_those_there(
                bivariate_moran, panel, (x, y), w, seed, log=log, null=null,
                permutations=permutations, alternative=alternative,
            )
        )  # fmt: skip
    return _overall("I", panel, x, y, w, log, null, permutations, alternative, seed, own=False)


def lee(
    panel: Panel,
    x: str,
    y: str,
    w: Any,
    *,
    log: bool = False,
    star: bool = False,
    null: PairNull = "pairs",
    permutations: int = 999,
    alternative: Alternative = "two-sided",
    seed: int | np.random.Generator | None = None,
    missing: Missing = "raise",
) -> BivariateAutocorrelation:
    r"""Ask, in every period, whether the neighbourhoods' means of two variables go together (Lee's L).

    Pearson's correlation of two maps, each smoothed over neighbours and shrunk by how much smoothing takes off. The
    correlation in place is in it: maps that agree region by region agree when smoothed.

    Parameters
    ----------
    panel, x, y, w, log, null, permutations, alternative, seed, missing
        As for `bivariate_moran`.
    star : bool
        True: the region is one of its own neighbours, with the weight of a link (L*, as Lee prefers); rows that summed
        to one do so again. False: the weights as they are.

    Returns
    -------
    BivariateAutocorrelation
        `.table` has one row a period: L, expected, variance, z, p, r, smoothing_x, smoothing_y. Smoothing is L of a
        variable with itself: 1 if smoothing takes nothing off.

    Raises
    ------
    DataError, OptionError, VariableError, MissingDataError, UnbalancedPanelError, NotPositiveError, AlignmentError
        As `bivariate_moran`.
    WeightsError
        As `moran`.

    Notes
    -----
    .. math:: L = \frac{n}{\sum_i (\sum_j v_{ij})^2}
              \frac{\sum_i (\sum_j v_{ij} x_j)(\sum_j v_{ij} y_j)}{\sqrt{\sum_i x_i^2 \sum_i y_i^2}}

    with x and y as deviations from their means. Regions without neighbours add nothing to either sum.

    References
    ----------
    Lee, S.-I. (2001) Developing a bivariate spatial association measure: an integration of Pearson's r and Moran's I.
    Journal of Geographical Systems 3(4), 369-385.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.adjacency(zj.cities)
    >>> sc.lee(zj.panel, "digital", "exports", w, log=True, star=True, seed=1).table["L"].round(3).to_dict()
    {2016: 0.173, 2017: 0.389, 2018: 0.396, 2019: 0.399, 2020: 0.415}
    """
    if omits(missing):
        permutations = count_of("permutations", permutations, least=1)
        return _in_place_once(
            global_of_those_there(
                lee, panel, (x, y), w, seed, log=log, star=star, null=null,
                permutations=permutations, alternative=alternative,
            )
        )  # fmt: skip
    return _overall("L", panel, x, y, w, log, null, permutations, alternative, seed, own=flag("star", star))


def local_bivariate_moran(
    panel: Panel,
    x: str,
    y: str,
    w: Any,
    *,
    period: Hashable | Iterable[Hashable] | None = None,
    log: bool = False,
    permutations: int = 999,
    alternative: Alternative = "two-sided",
    level: float = 0.05,
    fdr: bool = False,
    seed: int | np.random.Generator | None = None,
    missing: Missing = "raise",
) -> LocalBivariate:
    r"""Find regions with much (or little) of x among neighbours with much (or little) of y (bivariate LISA).

    The correlation of x and y in place is in it: beside a cluster of y, a region that belongs to it by its own y has
    its x tested against the neighbours' y.

    Parameters
    ----------
    panel, x, y, w, log
        As for `bivariate_moran`.
    period : label or labels, optional
        One period gives a table by region; several, or all (the default), a table by period and region.
    permutations : int
        Conditional permutations: the region keeps its x and y, the others change places. p comes from them;
        expectation, variance and z are exact.
    alternative, level, fdr, seed, missing
        As for `local_moran`.

    Returns
    -------
    LocalBivariate
        `.table` with value (x), deviation (of x), lag (of y), I, expected, variance, z, p, q, quadrant and cluster. The
        first letter of a quadrant is of x here, the second of y there.

    Raises
    ------
    DataError
        If there are fewer than three regions.
    OptionError, VariableError, MissingDataError, UnbalancedPanelError, NotPositiveError, AlignmentError, WeightsError
        As `moran`.

    Notes
    -----
    .. math:: I_{xy,i} = x_i \sum_j w_{ij} y_j

    with x and y standardised (n-divisor). With q, as in `local_moran`, many regions are looked at at once.

    References
    ----------
    Anselin, L., Syabri, I. and Smirnov, O. (2002) Visualizing multivariate spatial correlation with dynamically linked
    windows. University of Illinois.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.adjacency(zj.cities)
    >>> found = sc.local_bivariate_moran(zj.panel, "digital", "exports", w, period=2020, log=True, seed=1)
    >>> found.table.loc["Jinhua", "quadrant"]
    'HL'
    """
    if omits(missing):
        permutations = count_of("permutations", permutations, least=1)
        return _in_place_once(
            local_of_those_there(
                local_bivariate_moran, panel, (x, y), w, period, seed, log=log,
                permutations=permutations, alternative=alternative, level=level, fdr=fdr,
            )
        )  # fmt: skip
    return _local("I", panel, x, y, w, period, log, permutations, alternative, level, fdr, seed, own=False)


def local_lee(
    panel: Panel,
    x: str,
    y: str,
    w: Any,
    *,
    period: Hashable | Iterable[Hashable] | None = None,
    log: bool = False,
    star: bool = False,
    permutations: int = 999,
    alternative: Alternative = "two-sided",
    level: float = 0.05,
    fdr: bool = False,
    seed: int | np.random.Generator | None = None,
    missing: Missing = "raise",
) -> LocalBivariate:
    r"""Find regions around which both variables are high, both low, or one high and one low (local Lee's L).

    The correlation in place is in it, as in `lee`.

    Parameters
    ----------
    panel, x, y, w, log
        As for `bivariate_moran`.
    star : bool
        As in `lee`.
    period, permutations, alternative, level, fdr, seed, missing
        As for `local_bivariate_moran`; expectation and variance come from the permutations here.

    Returns
    -------
    LocalBivariate
        `.table` with value (x), lag_x, lag_y, L, expected, variance, z, p, q, quadrant and cluster. The first letter of
        a quadrant is of x around the region, the second of y.

    Raises
    ------
    DataError, OptionError, VariableError, MissingDataError, UnbalancedPanelError, NotPositiveError, AlignmentError
        As `local_bivariate_moran`.
    WeightsError
        As `moran`.

    Notes
    -----
    .. math:: L_i = \frac{n}{\sum_k v_{k.}^2} \Big(\sum_j v_{ij} x_j\Big) \Big(\sum_j v_{ij} y_j\Big)

    with x and y standardised (n-divisor): the mean of the L_i is L.

    References
    ----------
    Lee, S.-I. (2001) Developing a bivariate spatial association measure: an integration of Pearson's r and Moran's I.
    Journal of Geographical Systems 3(4), 369-385.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.adjacency(zj.cities)
    >>> found = sc.local_lee(zj.panel, "digital", "exports", w, period=2020, log=True, seed=1)
    >>> round(float(found.table["L"].mean()), 3)  # that of `lee`
    0.156
    """
    own = flag("star", star)
    if omits(missing):
        permutations = count_of("permutations", permutations, least=1)
        return _in_place_once(
            local_of_those_there(
                local_lee, panel, (x, y), w, period, seed, log=log, star=star,
                permutations=permutations, alternative=alternative, level=level, fdr=fdr,
            )
        )  # fmt: skip
    return _local("L", panel, x, y, w, period, log, permutations, alternative, level, fdr, seed, own=own)


def _overall(
    measure: Measure,
    panel: Panel,
    x: str,
    y: str,
    w: Any,
    log: bool,
    null: PairNull,
    permutations: int,
    alternative: Alternative,
    seed: int | np.random.Generator | None,
    *,
    own: bool,
) -> BivariateAutocorrelation:
    choice("null", null, PairNull)
    choice("alternative", alternative, Alternative)
    permutations = count_of("permutations", permutations, least=1)
    data, zx, zy = _pair(panel, x, y, w, log, None, measure)
    near = _with_own(data.matrix) if own else data.matrix
    s0 = near.sum()

    def statistic(order: Any, t: int) -> FloatArray:
        one = zx[t][order] if null == "pairs" else np.broadcast_to(zx[t], order.shape)
        other = zy[t][order]
        if measure == "I":
            return np.asarray((one * association.lag(other, near)).sum(axis=1) / s0)
        return np.asarray(association.lee(one, other, near).mean(axis=1))

    rng, used = generator(seed)
    drawn = permute_places(statistic, len(zx), data.n, permutations, rng)
    value = np.array([statistic(np.arange(data.n)[None], t)[0] for t in range(len(zx))])
    z = association.score(value, drawn.expected, drawn.variance)
    r = np.mean(zx * zy, axis=1)
    columns = {
        measure: value,
        "expected": drawn.expected,
        "variance": drawn.variance,
        "z": z,
        "p": np.where(np.isnan(z), np.nan, drawn.p_value(alternative)),
        "r": r,
    }
    if measure == "I":
        columns["in_place"] = r * (zx * association.lag(zx, near)).sum(axis=1) / s0
        columns["beyond"] = value - columns["in_place"]
    else:
        columns["smoothing_x"] = association.lee(zx, zx, near).mean(axis=1)
        columns["smoothing_y"] = association.lee(zy, zy, near).mean(axis=1)
    options = {"null": null, "permutations": permutations, "alternative": alternative}
    if measure == "L":
        options["star"] = own
    return BivariateAutocorrelation(
        statistic=measure,
        table=data.by_period(columns),
        x=x,
        y=y,
        log=log,
        periods=data.periods,
        regions=data.regions,
        null=null,
        alternative=alternative,
        permutations=permutations,
        star=own,
        notes=merge_notes(data.notes, _in_place(measure, r), _island_note(data, own)),
        provenance=_provenance(data, {"I": "bivariate_moran", "L": "lee"}[measure], x, y, log, used, options),
    )


def _local(
    measure: Measure,
    panel: Panel,
    x: str,
    y: str,
    w: Any,
    period: Any,
    log: bool,
    permutations: int,
    alternative: Alternative,
    level: float,
    fdr: bool,
    seed: int | np.random.Generator | None,
    *,
    own: bool,
) -> LocalBivariate:
    choice("alternative", alternative, Alternative)
    level, permutations = probability("level", level), count_of("permutations", permutations, least=1)
    data, zx, zy = _pair(panel, x, y, w, log, period, measure)
    near = _with_own(data.matrix) if own else data.matrix
    lag_y = association.lag(zy, near)
    rng, used = generator(seed)
    if measure == "I":
        value = zx * lag_y
        drawn = permute_neighbours(zy, near, permutations, rng, own=False)
        # Where x is below its mean, x times a high lag is low.
        p = drawn.p_value(alternative)
        if alternative != "two-sided":
            turned = drawn.p_value("less" if alternative == "greater" else "greater")
            p = np.where(zx < 0, turned, p)
        moments = association.local_bivariate_moments(zx, zy, near)
        first, parts = zx, {"deviation": zx, "lag": lag_y}
    else:
        value = association.lee(zx, zy, near)
        drawn = _lee_around(zx, zy, near, permutations, rng)
        p = drawn.p_value(alternative)
        moments = association.LocalMoments(drawn.expected, drawn.variance)
        first = association.lag(zx, near)
        parts = {"lag_x": first, "lag_y": lag_y}
    z = association.score(value, moments.expected, moments.variance)
    p = np.where(np.isnan(z), np.nan, p)
    q = benjamini_hochberg(p)
    quadrant = quadrants(first, lag_y, data)
    columns = {
        "value": data.values,
        **parts,
        measure: value,
        "expected": moments.expected,
        "variance": moments.variance,
        "z": z,
        "p": p,
        "q": q,
        "quadrant": quadrant,
        "cluster": clusters(quadrant, q if fdr else p, level),
    }
    options = {"permutations": permutations, "alternative": alternative, "level": level, "fdr": fdr}
    if measure == "L":
        options["star"] = own
    call = {"I": "local_bivariate_moran", "L": "local_lee"}[measure]
    return LocalBivariate(
        table=data.by_region(columns, is_single(panel, period)),
        variable=x,
        log=log,
        periods=data.periods,
        regions=data.regions,
        permutations=permutations,
        fdr=fdr,
        notes=merge_notes(
            data.notes,
            _in_place(measure, np.mean(zx * zy, axis=1)),
            _island_note(data, own),
            undefined_note(data, z, f"no arrangement changes {measure}"),
            floor_note(permutations, alternative, z),
        ),
        provenance=_provenance(data, call, x, y, log, used, options),
        statistic=measure,
        y=y,
        alternative=alternative,
        level=level,
        star=own,
    )


def _pair(
    panel: Panel, x: str, y: str, w: Any, log: bool, period: Any, measure: Measure
) -> tuple[Inputs, FloatArray, FloatArray]:
    """Return the inputs of x, and both variables standardised, (T, N)."""
    name = {"I": "bivariate Moran's I", "L": "Lee's L"}[measure]
    data = gather(panel, x, w, omittable=True, log=log, period=period, least=3, why=name)
    other = panel.values(y, regions=data.order, periods=data.periods, log=log)
    refuse_constant(other, y, data.periods)
    return data, association.standardise(data.values)[0], association.standardise(other)[0]


def _with_own(matrix: Any) -> Any:
    near = association.with_self(matrix, 1.0)
    return weights_algebra.scale_rows(near) if weights_algebra.standardisation(matrix) == "row" else near


def _lee_around(zx: FloatArray, zy: FloatArray, near: Any, permutations: int, rng: np.random.Generator) -> Any:
    own, links = near.diagonal(), near.copy()
    links.setdiag(0)
    links.eliminate_zeros()
    rows = np.asarray(near.sum(axis=1)).ravel()
    scale = zx.shape[1] / (rows @ rows)

    def around(i: int, j: Any, weights: FloatArray) -> FloatArray:
        # Period by period, so that no array holds all draws of all periods.
        sums = [[own[i] * values[t, i] + values[t][j] @ weights for values in (zx, zy)] for t in range(len(zx))]
        return np.asarray(scale * np.stack([one * other for one, other in sums]))

    return permute_around(around, links, permutations, rng)


def _in_place_once(result: Kind) -> Kind:
    """Return a result of parts with one note on the correlation in place, whose parts have one each."""
    own = [note for note in result.notes if note.startswith(IN_PLACE)]
    others = [note for note in result.notes if note not in own]
    if "r" in result.table:
        said = _in_place(result.statistic, result.table["r"].dropna().to_numpy())
    else:
        said = (f"{IN_PLACE} is part of {result.statistic}: no sign of spillovers",)
    return replace(result, notes=merge_notes(others, said if own else ()))


def _in_place(measure: Measure, r: FloatArray) -> tuple[str, ...]:
    low, high = number(float(r.min()), 2), number(float(r.max()), 2)
    span = low if low == high else f"{low} to {high}"
    return (f"{IN_PLACE} (r = {span}) is part of {measure}: no sign of spillovers",)


def _island_note(data: Inputs, own: bool) -> tuple[str, ...]:
    if not data.islands:
        return ()
    if own:
        return ("an island has itself as its only neighbour",)
    return ("islands have a lag of zero; their values are part of the means",)


def _provenance(
    data: Inputs, call: str, x: str, y: str, log: bool, seed: int | None, options: dict[str, Any]
) -> Provenance:
    given = {"x": x, "y": y, "log": log, **options}
    return Provenance(call, given, data.n, len(data.periods), data.weights, seed)
