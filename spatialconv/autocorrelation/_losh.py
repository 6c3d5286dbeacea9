"""LOSH: where neighbourhoods are mixed, and where they are all of a piece."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2

from spatialconv._core.space import association
from spatialconv._core.space.permutation import benjamini_hochberg, permute_places
from spatialconv._options import Alternative, choice, count_of, first, generator, positive, probability
from spatialconv.autocorrelation._inputs import floor_note, gather, is_single
from spatialconv.autocorrelation._omitted import local_of_those_there
from spatialconv.autocorrelation._results import LocalTest, label, span
from spatialconv.errors import VariableError, WeightsError
from spatialconv.panel import FloatArray, Missing, Panel, omits
from spatialconv.results import merge_notes, number, plural

WORDS = {"mixed": "mixed neighbourhood", "even": "even neighbourhood"}


@dataclass(frozen=True, eq=False, repr=False)
class LocalHeteroscedasticity(LocalTest):
    """LOSH of every region: the spread around it beside the spread everywhere.

    Attributes
    ----------
    table : DataFrame
        One row a region if one period was asked for, else one a (period, region): `value`, `local_mean` (of the
        neighbours), `residual`, `H` (1 on average under the null), `variance`, `z`, `p` from the permutations, `p_chi2`
        (Ord and Getis's approximation of the upper tail, NaN unless `power` is 2), `q` (of p, Benjamini-Hochberg within
        the period) and `cluster`. Islands have none of these.
    variable, log, periods, regions, permutations : what was analysed
    power : float
        Of the residuals.
    alternative : of the test
    level, fdr : what `cluster` is judged by: p, or q if `fdr`, at most `level`
    notes, provenance : see `spatialconv.results`
    """

    power: float

    _estimate: ClassVar[str] = "H"

    def glance(self) -> pd.DataFrame:
        """Return one row: what was tested, and how many neighbourhoods are mixed or even."""
        row = {"statistic": "LOSH", "variable": self.variable, "log": self.log, "power": self.power}
        return pd.DataFrame([row | self._tested() | {k: self._count(words) for k, words in WORDS.items()}])

    def _headline(self) -> list[str]:
        t = self.table
        mixed, even = map(self._count, WORDS.values())
        return [
            f"LOSH of {label(self.variable, self.log)}: {plural(len(self.regions), 'region')}, {span(self.periods)}",
            f"  H from {number(t['H'].min(), 3)} to {number(t['H'].max(), 3)}",
            f"{self._judged(mixed + even)}: {mixed} mixed, {even} even",
            *self._closing(),
        ]


def losh(
    panel: Panel,
    variable: str,
    w: Any,
    *,
    period: Hashable | Iterable[Hashable] | None = None,
    log: bool = False,
    power: float = 2,
    permutations: int = 999,
    alternative: Alternative = "two-sided",
    level: float = 0.05,
    fdr: bool = False,
    seed: int | np.random.Generator | None = None,
    missing: Missing = "raise",
) -> LocalHeteroscedasticity:
    r"""Find regions whose surroundings are mixed, and regions whose surroundings are even (local heteroscedasticity).

    Beside a hot spot it says whether all neighbours are high or only one of them; at a border between rich and poor it
    is large.

    Parameters
    ----------
    panel, variable, w, period, log
        As for `local_geary`.
    power : float
        Of the absolute residuals: 2 for variances, 1 for mean deviations, which a lone outlier moves less.
    permutations : int
        Random arrangements of the powered residuals over the regions, from which p comes.
    alternative : {"two-sided", "greater", "less"}
        "greater": the surroundings are mixed.
    level, fdr, seed, missing
        As for `local_moran`.

    Returns
    -------
    LocalHeteroscedasticity
        `.table` with value, local_mean, residual, H, variance, z, p, p_chi2, q and cluster.

    Raises
    ------
    DataError
        If there are fewer than three regions.
    VariableError
        If every region equals the mean of its neighbours in a period.
    WeightsError
        If fewer than three regions have neighbours.
    OptionError, MissingDataError, UnbalancedPanelError, NotPositiveError, AlignmentError
        As `moran`.

    Notes
    -----
    .. math:: H_i = \frac{\sum_j w_{ij} |e_j|^a}{\bar e \sum_j w_{ij}}, \qquad e_j = y_j - \sum_k w_{jk} y_k / w_{j.},
              \qquad \bar e = \frac{1}{n} \sum_j |e_j|^a

    E(H) = 1 and the variance are exact over all arrangements of the residuals' powers. These residuals share
    neighbours, so that they are not quite exchangeable, and p is approximate, as the chi-squared one is. Islands are
    left out, of the mean too.

    References
    ----------
    Ord, J. K. and Getis, A. (2012) Local spatial heteroscedasticity (LOSH). Annals of Regional Science 48(2), 529-539.

    Xu, M., Mei, C.-L. and Yan, N. (2014) A note on the null distribution of the local spatial heteroscedasticity (LOSH)
    statistic. Annals of Regional Science 52(3), 697-710.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.losh(us.panel, "income", sc.weights.adjacency(us.states), period=1929, seed=1)
    >>> found.table["H"].idxmin()
    'South Carolina'
    """
    choice("alternative", alternative, Alternative)
    level, power = probability("level", level), positive("power", power)
    permutations = count_of("permutations", permutations, least=1)
    if omits(missing):
        return local_of_those_there(
            losh, panel, (variable,), w, period, seed, log=log, power=power, permutations=permutations,
            alternative=alternative, level=level, fdr=fdr,
        )  # fmt: skip
    data = gather(panel, variable, w, omittable=True, log=log, period=period, least=3, why="LOSH")
    kept = _surrounded(data.matrix)
    if len(kept) < 3:
        raise WeightsError(
            f"{plural(len(kept), 'region')} of {data.n} with a neighbour; LOSH compares the surroundings of three or "
            "more. Give the others neighbours, for example by weights.knn()."
        )
    near = data.matrix[kept][:, kept]
    dev, _ = association.standardise(data.values)
    spread = association.residual_powers(dev[:, kept], near, power)
    flat = spread.max(axis=1) <= association.ROUNDING**power
    if flat.any():
        raise VariableError(
            f"every region equals the mean of its neighbours in period {first(list(data.periods[flat]))}; there is no "
            "spread around any of them. Leave these periods out by panel.subset(periods=...)."
        )
    value, variance = association.heteroscedasticity(spread, near)
    rows = np.asarray(near.sum(axis=1)).ravel()
    scale = spread.mean(axis=1)

    def arranged(order: Any, t: int) -> FloatArray:
        return np.asarray(association.lag(spread[t][order], near) / (scale[t] * rows))

    rng, used = generator(seed)
    drawn = permute_places(arranged, len(value), len(kept), permutations, rng)
    z = association.score(value, np.ones_like(value), variance)
    p = np.where(np.isnan(z), np.nan, drawn.p_value(alternative))
    with np.errstate(divide="ignore", invalid="ignore"):
        by_chi2 = np.where(np.isnan(z) | (power != 2), np.nan, chi2.sf(2 * value / variance, 2 / variance))
    q = benjamini_hochberg(p)

    def whole(values: FloatArray) -> FloatArray:
        found = np.full(data.values.shape, np.nan)
        found[:, kept] = values
        return found

    local_mean = whole(association.lag(data.values[:, kept], near) / rows)
    columns: dict[str, Any] = {
        "value": data.values,
        "local_mean": local_mean,
        "residual": data.values - local_mean,
        "H": whole(value),
        "variance": whole(variance),
        "z": whole(z),
        "p": whole(p),
        "p_chi2": whole(by_chi2),
        "q": whole(q),
    }
    judged = columns["q"] if fdr else columns["p"]
    cluster = np.full(judged.shape, "not significant", dtype=object)
    cluster[(judged <= level) & (columns["H"] > 1)] = WORDS["mixed"]
    cluster[(judged <= level) & (columns["H"] < 1)] = WORDS["even"]
    cluster[np.isnan(judged)] = None
    columns["cluster"] = cluster
    return LocalHeteroscedasticity(
        table=data.by_region(columns, is_single(panel, period)),
        variable=variable,
        log=log,
        periods=data.periods,
        regions=data.regions,
        permutations=permutations,
        fdr=fdr,
        notes=merge_notes(
            data.notes,
            ("islands have no surroundings and are left out",) if len(kept) < data.n else (),
            floor_note(permutations, alternative, z),
        ),
        provenance=data.provenance(
            "losh", used, power=power, permutations=permutations, alternative=alternative, level=level, fdr=fdr
        ),
        power=power,
        alternative=alternative,
        level=level,
    )


def _surrounded(near: Any) -> npt.NDArray[np.intp]:
    """Return the regions that have neighbours with neighbours; a link in one direction may lead to one without."""
    kept = np.arange(near.shape[0])
    while True:
        linked = np.diff(near[kept][:, kept].indptr) > 0
        if linked.all():
            return kept
        kept = kept[linked]
