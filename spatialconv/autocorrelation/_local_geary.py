"""Local Geary: which regions are like their neighbours in value, and which are not."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._core.space import association
from spatialconv._core.space.permutation import benjamini_hochberg, permute_around
from spatialconv._options import Alternative, choice, count_of, generator, probability
from spatialconv.autocorrelation._inputs import floor_note, gather, is_single, undefined_note
from spatialconv.autocorrelation._local import quadrants
from spatialconv.autocorrelation._omitted import local_of_those_there
from spatialconv.autocorrelation._results import LocalTest, label, span
from spatialconv.panel import FloatArray, Missing, Panel, omits
from spatialconv.results import merge_notes, number, plural

OPPOSITE: dict[Alternative, Alternative] = {"two-sided": "two-sided", "greater": "less", "less": "greater"}
# What a region can be, and the words for it; alike across the mean is what no Moran scatter plot shows.
GEARY = {
    "HH": "alike, high",
    "LL": "alike, low",
    "alike": "alike, across the mean",
    "unlike": "unlike its neighbours",
}


@dataclass(frozen=True, eq=False, repr=False)
class LocalGeary(LocalTest):
    """Local Geary's c of every region.

    Attributes
    ----------
    table : DataFrame
        One row a region if one period was asked for, else one a (period, region): `value`, `deviation` (in standard
        deviations from the period's mean), `lag`, `C`, `expected`, `variance`, `z` (positive where the region is like
        its neighbours), `p`, `q` (Benjamini-Hochberg within the period), `kind` (HH, LL, alike or unlike, whatever p
        is) and `cluster`, the kind in words where the test passes, else "not significant". Islands have neither.
    variable, log, periods, regions, permutations : what was analysed
    alternative : of the test
    level, fdr : what `cluster` is judged by: p, or q if `fdr`, at most `level`
    notes, provenance : see `spatialconv.results`
    """

    _estimate: ClassVar[str] = "C"

    def glance(self) -> pd.DataFrame:
        """Return one row: what was tested, and how many regions are of each kind."""
        row = {"statistic": "local Geary's C", "variable": self.variable, "log": self.log}
        return pd.DataFrame([row | self._tested() | {k.lower(): self._count(words) for k, words in GEARY.items()}])

    def _headline(self) -> list[str]:
        passed = {words: self._count(words) for words in GEARY.values()}
        return [
            f"Local Geary's C of {label(self.variable, self.log)}: {plural(len(self.regions), 'region')}, "
            f"{span(self.periods)}",
            self._judged(sum(passed.values())),
            *(f"  {count} {words}" for words, count in passed.items() if count),
            f"  C from {number(self.table['C'].min(), 3)} to {number(self.table['C'].max(), 3)}",
            *self._closing(),
        ]


def local_geary(
    panel: Panel,
    variable: str,
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
) -> LocalGeary:
    r"""Find, by local Geary's c, regions whose value is near those of their neighbours, and regions unlike them.

    Local Moran's I looks at products of deviations, and so overlooks regions near the mean; c looks at differences and
    does not. It cannot say by itself whether what is alike is high or low: `kind` does.

    Parameters
    ----------
    panel : Panel
    variable : str
        A numeric column, complete in the periods asked for.
    w : Graph or W
        Weights of libpysal, labelled by region; not modified. Multiplying a row by a number changes no z and no p.
    period : label or labels, optional
        One period gives a table by region; several, or all (the default), a table by period and region.
    log : bool
        Analyse the natural logarithm.
    permutations : int
        Conditional permutations: the region keeps its value, the others change places. p comes from them, since c is
        too skewed for a normal p; expectation, variance and z are exact.
    alternative : {"two-sided", "greater", "less"}
        "greater": the region is like its neighbours (c is small), as in `geary`.
    level, fdr, seed, missing
        As for `local_moran`.

    Returns
    -------
    LocalGeary
        `.table` with value, deviation, lag, C, expected, variance, z, p, q, kind and cluster.

    Raises
    ------
    DataError
        If there are fewer than three regions.
    OptionError, VariableError, MissingDataError, UnbalancedPanelError, NotPositiveError, AlignmentError, WeightsError
        As `moran`.

    Notes
    -----
    .. math:: c_i = \frac{1}{m_2} \sum_j w_{ij} (z_i - z_j)^2, \qquad m_2 = \frac{1}{n} \sum_i z_i^2

    z = (E(c_i) - c_i) / sd(c_i): positive for likeness, with the sign of `geary`. esda row-standardises the weights it
    is given, on the caller's object, and its p is the smaller tail, which rejects twice as often as it says.

    References
    ----------
    Anselin, L. (1995) Local indicators of spatial association - LISA. Geographical Analysis 27(2), 93-115.

    Anselin, L. (2019) A local indicator of multivariate spatial association: extending Geary's c. Geographical Analysis
    51(2), 133-150.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.local_geary(us.panel, "income", sc.weights.adjacency(us.states), period=1929, seed=1)
    >>> found.table.loc["Mississippi", "kind"]
    'LL'
    """
    choice("alternative", alternative, Alternative)
    level, permutations = probability("level", level), count_of("permutations", permutations, least=1)
    if omits(missing):
        return local_of_those_there(
            local_geary, panel, (variable,), w, period, seed, log=log, permutations=permutations,
            alternative=alternative, level=level, fdr=fdr,
        )  # fmt: skip
    data = gather(panel, variable, w, omittable=True, log=log, period=period, least=3, why="local Geary's C")
    dev, _ = association.standardise(data.values)
    value = association.local_geary(dev, data.matrix)
    moments = association.local_geary_moments(dev, data.matrix)

    def around(i: int, j: npt.NDArray[np.intp], weights: FloatArray) -> FloatArray:
        return np.stack([(row[i] - row[j]) ** 2 @ weights for row in dev])

    rng, used = generator(seed)
    drawn = permute_around(around, data.matrix, permutations, rng)
    z = -association.score(value, moments.expected, moments.variance)
    p = np.where(np.isnan(z), np.nan, drawn.p_value(OPPOSITE[alternative]))
    q = benjamini_hochberg(p)
    lag = association.lag(dev, data.matrix)
    kind = _kinds(quadrants(dev, lag, data), value, moments.expected)
    columns = {
        "value": data.values,
        "deviation": dev,
        "lag": lag,
        "C": value,
        "expected": moments.expected,
        "variance": moments.variance,
        "z": z,
        "p": p,
        "q": q,
        "kind": kind,
        "cluster": _clusters(kind, q if fdr else p, level),
    }
    return LocalGeary(
        table=data.by_region(columns, is_single(panel, period)),
        variable=variable,
        log=log,
        periods=data.periods,
        regions=data.regions,
        permutations=permutations,
        fdr=fdr,
        notes=merge_notes(
            data.notes,
            ("islands have C = 0 and no test; their values are part of the mean",) if data.islands else (),
            undefined_note(data, z, "no arrangement changes C"),
            floor_note(permutations, alternative, z),
        ),
        provenance=data.provenance(
            "local_geary", used, permutations=permutations, alternative=alternative, level=level, fdr=fdr
        ),
        alternative=alternative,
        level=level,
    )


def _kinds(quadrant: npt.NDArray[Any], value: FloatArray, expected: FloatArray) -> npt.NDArray[Any]:
    found = np.where(np.isin(quadrant, ("HH", "LL")), quadrant, "alike").astype(object)
    found[value > expected] = "unlike"
    found[quadrant == None] = None  # noqa: E711 (element by element)
    return found


def _clusters(kind: npt.NDArray[Any], p: FloatArray, level: float) -> npt.NDArray[Any]:
    words = np.full(kind.shape, "not significant", dtype=object)
    for key, said in GEARY.items():
        words[(kind == key) & (p <= level)] = said
    words[np.isnan(p)] = None
    return words
