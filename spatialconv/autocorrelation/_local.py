"""Local Moran's I: which regions resemble their neighbours, and which stand out among them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from spatialconv._core.space import association
from spatialconv._core.space.permutation import benjamini_hochberg, permute_neighbours
from spatialconv._options import Alternative, choice, count_of, generator, probability
from spatialconv.autocorrelation._inputs import Inputs, floor_note, gather, is_single, undefined_note
from spatialconv.autocorrelation._omitted import local_of_those_there
from spatialconv.autocorrelation._results import QUADRANTS, LocalMoran
from spatialconv.errors import OptionError
from spatialconv.panel import FloatArray, Missing, Panel, omits
from spatialconv.results import merge_notes

LocalNull = Literal["conditional", "total"]


def local_moran(
    panel: Panel,
    variable: str,
    w: Any,
    *,
    period: Hashable | Iterable[Hashable] | None = None,
    log: bool = False,
    null: LocalNull = "conditional",
    permutations: int = 0,
    alternative: Alternative = "two-sided",
    level: float = 0.05,
    fdr: bool = False,
    seed: int | np.random.Generator | None = None,
    missing: Missing = "raise",
) -> LocalMoran:
    r"""Find, by local Moran's I, clusters of like regions and regions unlike their neighbours.

    To be used after Moran's I, to see where the autocorrelation sits. Many regions are tested at once: look
    at q, or ask for `fdr=True`, before calling one of them a cluster.

    Parameters
    ----------
    panel : Panel
    variable : str
        A numeric column, complete in the periods asked for.
    w : Graph or W
        Weights of libpysal, labelled by region.
    period : label or labels, optional
        One period gives a table by region; several, or all (the default), a table by period and region.
    log : bool
        Analyse the natural logarithm.
    null : {"conditional", "total"}
        Which values change places under the null: all but the region's own (Sokal et al. 1998, the default
        of R's spdep), or all (Anselin 1995).
    permutations : int
        0: moments and p from the formulae. More: so many conditional permutations give `expected`,
        `variance`, `z` and `p`. 999 and more are usual; a note says if they are too few for q.
    alternative : {"two-sided", "greater", "less"}
        "greater": the region resembles its neighbours.
    level : float
        What `cluster` is judged at.
    fdr : bool
        Judge `cluster` by q instead of p.
    seed : int or Generator, optional
        Of the permutations; stored in the provenance.
    missing : {"raise", "omit"}
        "omit" takes in every period the regions that have a value, with the weights cut to them and standardised again;
        the others have rows without figures.

    Returns
    -------
    LocalMoran
        `.table` with value, deviation, lag, I, expected, variance, z, p, q, quadrant and cluster.

    Raises
    ------
    DataError
        If there are fewer than three regions.
    OptionError
        If an option is not known, or permutations are asked for under `null="total"`.
    VariableError, MissingDataError, UnbalancedPanelError, NotPositiveError, AlignmentError, WeightsError
        As `moran`.

    Notes
    -----
    .. math:: I_i = \frac{z_i}{m_2} \sum_j w_{ij} z_j, \qquad m_2 = \frac{1}{n} \sum_i z_i^2

    so that the sum of the I_i is S0 times Moran's I. esda divides by n - 1 instead of n.

    A region without neighbours has I = 0 and no test; one at the mean has I = 0 and no conditional test. A
    region that is not above the mean counts as low, as in esda.

    What q promises: that a map of noise shows a cluster at q <= 0.05 in at most 5 % of cases. Under `null="total"` it
    does in a third of the maps of 30 regions and in most of 100, because the variance is that of any region while I
    carries the region's own value: take it to compare with older software, not to find clusters. The formulae of the
    conditional null hold it for values near normal; skewed ones (incomes, exports in levels) fail it as regions become
    many. `log=True` or `permutations=9999` keep it. Notes on the result quote the simulated figures (in
    tests/simulation/SIZES.md) nearest to its number of regions.

    References
    ----------
    Anselin, L. (1995) Local indicators of spatial association - LISA. Geographical Analysis 27(2), 93-115.

    Benjamini, Y. and Hochberg, Y. (1995) Controlling the false discovery rate. Journal of the Royal
    Statistical Society B 57(1), 289-300.

    Sokal, R. R., Oden, N. L. and Thomson, B. A. (1998) Local spatial autocorrelation in a biological model.
    Geographical Analysis 30(4), 331-354.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.adjacency(zj.cities)
    >>> lisa = sc.local_moran(zj.panel, "exports", w, period=2020, log=True)
    >>> lisa.table.loc["Jinhua", "quadrant"]
    'HL'
    """
    choice("null", null, LocalNull)
    choice("alternative", alternative, Alternative)
    level, permutations = probability("level", level), count_of("permutations", permutations)
    if permutations and null == "total":
        raise OptionError("the permutations of local_moran are conditional; use null='conditional', or permutations=0.")
    if omits(missing):
        return local_of_those_there(
            local_moran, panel, (variable,), w, period, seed, log=log, null=null, permutations=permutations,
            alternative=alternative, level=level, fdr=fdr,
        )  # fmt: skip
    data = gather(panel, variable, w, omittable=True, log=log, period=period, least=3, why="local Moran's I")
    dev, _ = association.standardise(data.values)
    value = association.local_moran(dev, data.matrix)
    moments, p, used = association.local_moran_moments(dev, data.matrix, null), None, None
    if permutations:
        rng, used = generator(seed)
        drawn = permute_neighbours(dev, data.matrix, permutations, rng, own=True)
        moments, p = association.LocalMoments(drawn.expected, drawn.variance), drawn.p_value(alternative)
    z = association.score(value, moments.expected, moments.variance)
    p = association.normal_p(z, alternative) if p is None else np.where(np.isnan(z), np.nan, p)
    q = benjamini_hochberg(p)
    lag = association.lag(dev, data.matrix)
    quadrant = quadrants(dev, lag, data)
    columns = {
        "value": data.values,
        "deviation": dev,
        "lag": lag,
        "I": value,
        "expected": moments.expected,
        "variance": moments.variance,
        "z": z,
        "p": p,
        "q": q,
        "quadrant": quadrant,
        "cluster": clusters(quadrant, q if fdr else p, level),
    }
    return LocalMoran(
        table=data.by_region(columns, is_single(panel, period)),
        variable=variable,
        log=log,
        periods=data.periods,
        regions=data.regions,
        permutations=permutations,
        fdr=fdr,
        notes=_notes(data, z, permutations, alternative),
        provenance=data.provenance(
            "local_moran",
            used,
            null=null,
            permutations=permutations,
            alternative=alternative,
            level=level,
            fdr=fdr,
        ),
        null=null,
        alternative=alternative,
        level=level,
    )


def quadrants(dev: FloatArray, lag: FloatArray, data: Inputs) -> npt.NDArray[Any]:
    """Return HH, HL, LH or LL by the signs of the region's own deviation and of the neighbours'; none for islands."""
    own, near = np.where(dev > 0, "H", "L"), np.where(lag > 0, "H", "L")
    codes = np.char.add(own, near).astype(object)
    alone = np.asarray(data.matrix.sum(axis=1)).ravel() == 0
    codes[:, alone] = None
    return codes


def clusters(quadrant: npt.NDArray[Any], p: FloatArray, level: float) -> npt.NDArray[Any]:
    """Return the quadrants in words where p passes, else "not significant"; none where there was no test."""
    words = np.full(quadrant.shape, "not significant", dtype=object)
    words[np.isnan(p)] = None
    for code, name in QUADRANTS.items():
        words[(quadrant == code) & (p <= level)] = name
    return words


def _notes(data: Inputs, z: FloatArray, permutations: int, alternative: Alternative) -> tuple[str, ...]:
    islands = "islands have I = 0 and no test; their values are part of the mean"
    return merge_notes(
        data.notes,
        (islands,) if data.islands else (),
        undefined_note(data, z, "no arrangement changes I"),
        floor_note(permutations, alternative, z),
    )
