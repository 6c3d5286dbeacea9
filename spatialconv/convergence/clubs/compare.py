"""Two partitions of the same regions beside each other: how far they agree, and who moved."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from spatialconv._core.clubs import agreement
from spatialconv._labels.order import label_order
from spatialconv._options import choice, count_of, first, generator
from spatialconv.convergence.clubs.partition import ClubPartition
from spatialconv.errors import DataError, OptionError
from spatialconv.results import TIDY, Provenance, Result, merge_notes, number, p_value, plural

Divergent = Literal["alone", "group", "drop"]
NONE = "no club"


@dataclass(frozen=True, eq=False, repr=False)
class PartitionComparison(Result):
    """Agreement of two partitions.

    Attributes
    ----------
    adjusted_rand : float
        1 for the same partition, 0 on average by chance (Hubert and Arabie 1985), with `p_value` by permutation.
    mutual_information, normalised, adjusted : float
        In nats; over the mean of the two entropies; and as far beyond chance as the best could be (Vinh et al. 2010).
    variation : float
        Variation of information, in nats: 0 for the same partition (Meila 2007).
    table : DataFrame
        Regions by club of the first (rows) and of the second (columns).
    matched : dict
        Club of the first -> club of the second that it is paired with so that most regions stay.
    moved : DataFrame
        Regions out of their pair, with `first` and `second` club.
    """

    adjusted_rand: float
    p_value: float
    mutual_information: float
    normalised: float
    adjusted: float
    variation: float
    table: pd.DataFrame
    matched: dict[Hashable, Hashable]
    moved: pd.DataFrame
    n_regions: int
    permutations: int
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a measure; p of the adjusted Rand index."""
        values = {
            "adjusted_rand": self.adjusted_rand,
            "mutual_information": self.mutual_information,
            "normalised_information": self.normalised,
            "adjusted_information": self.adjusted,
            "variation_of_information": self.variation,
        }
        frame = pd.DataFrame({"term": list(values), "estimate": list(values.values())}).reindex(columns=list(TIDY))
        frame.loc[0, "p_value"] = self.p_value
        return frame

    def glance(self) -> pd.DataFrame:
        """Return one row: sizes, agreement, how many moved."""
        row = {
            "n_regions": self.n_regions,
            "clubs_first": len(self.table),
            "clubs_second": self.table.shape[1],
            "adjusted_rand": self.adjusted_rand,
            "adjusted_information": self.adjusted,
            "n_moved": len(self.moved),
            "p_value": self.p_value,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        lines = [
            f"Two partitions of {plural(self.n_regions, 'region')}: {len(self.table)} and {self.table.shape[1]} groups"
        ]
        p = f", {p_value(self.p_value)} ({self.permutations:,} permutations)" if self.permutations else ""
        lines.append(f"  adjusted Rand {number(self.adjusted_rand, 3)}{p}")
        lines.append(f"  information: normalised {number(self.normalised, 3)}, adjusted {number(self.adjusted, 3)}")
        pairs = ", ".join(f"{a} with {b}" for a, b in self.matched.items())
        lines.append(f"  paired: {pairs}")
        n = len(self.moved)
        lines.append(f"  {plural(n, 'region')} moved" + (f": {first(list(self.moved.index))}" if n else ""))
        return lines


def compare_partitions(
    one: Any,
    other: Any,
    *,
    divergent: Divergent = "alone",
    permutations: int = 999,
    seed: int | np.random.Generator | None = None,
) -> PartitionComparison:
    r"""Compare two partitions of the same regions: how far they agree, which groups belong together, and who moved.

    For clubs under two conventions, of two variables or spans, or against official groups of regions.

    Parameters
    ----------
    one, other : ClubPartition, Series or mapping
        Region -> club or group; results of `sc.clubs`, or any labels. Missing labels are regions in no club.
    divergent : {"alone", "group", "drop"}
        A region in no club is a group of its own, all such are one group, or they are left out.
    permutations : int
        Shuffles of the labels for p of the adjusted Rand index; 0 for none.
    seed : int or Generator, optional

    Returns
    -------
    PartitionComparison
        `.adjusted_rand`, `.adjusted`, `.table`, `.matched`, `.moved`

    Raises
    ------
    OptionError
        If what is given is no partition.
    DataError
        If they have fewer than two regions in common.

    Notes
    -----
    With n_kl regions in group k of the first and l of the second, the mutual information is
    :math:`\sum (n_{kl} / n) \ln (n\, n_{kl} / (n_k n_l))`; adjusted is :math:`(I - E I) / (\bar H - E I)`, the mean
    over partitions with the same sizes, and :math:`\bar H` the mean of the entropies. Groups are paired so that as
    many regions as can be stay in their pair.

    References
    ----------
    Hubert, L. and Arabie, P. (1985), Journal of Classification 2, 193-218. Vinh, N. X., Epps, J. and Bailey, J. (2010),
    Journal of Machine Learning Research 11, 2837-2854. Meila, M. (2007), Journal of Multivariate Analysis 98, 873-895.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> late = us.panel.subset(periods=range(1980, 2010))
    >>> r, stata = (sc.clubs(late, "income", smooth=400, convention=c) for c in ("r", "stata"))
    >>> found = sc.compare_partitions(r, stata, seed=1)
    >>> 0 < found.adjusted_rand <= 1
    True
    """
    choice("divergent", divergent, Divergent)
    count_of("permutations", permutations)
    a, b = _labels("one", one), _labels("other", other)
    common = a.index[a.index.isin(b.index)]
    common = common[label_order(common)]
    notes = []
    for name, found in (("first", a), ("second", b)):
        apart = [region for region in found.index if region not in common]
        if apart:
            notes.append(f"{plural(len(apart), 'region')} only in the {name} partition left out: {first(apart)}")
    a, b = a[common], b[common]
    if divergent == "drop":
        kept = a.notna() & b.notna()
        if not kept.all():
            out = list(common[~kept.to_numpy()])
            notes.append(f"{plural(len(out), 'region')} in no club left out: {first(out)}")
        a, b = a[kept], b[kept]
    elif a.isna().any() or b.isna().any():
        how = "each a group of its own" if divergent == "alone" else "one group"
        notes.append(
            f"regions in no club are {how}: {int(a.isna().sum())} in the first, {int(b.isna().sum())} in the second"
        )
    if len(a) < 2:
        raise DataError(f"two partitions are compared by the regions they share; these share {len(a)}.")
    i, j = _coded(a, divergent), _coded(b, divergent)
    counts = agreement.counts(i, j)
    index = agreement.adjusted_rand(i, j)
    information, expected = agreement.mutual_information(counts), agreement.expected_information(counts)
    first_entropy, second_entropy = (agreement.entropy(counts.sum(axis=axis)) for axis in (1, 0))
    mean = (first_entropy + second_entropy) / 2
    table = _table(a, b)
    matched = _matched(table)
    second = a.map(lambda club: matched.get(_named(club), None))
    stays = np.array([x == _named(y) for x, y in zip(second, b, strict=True)])
    moved = pd.DataFrame({"first": a.map(_named), "second": b.map(_named)})[~stays]
    rng, used = generator(seed)
    p = np.nan
    if permutations:
        drawn = [agreement.adjusted_rand(i, rng.permutation(j)) for _ in range(permutations)]
        p = (1 + int((np.array(drawn) >= index - 1e-12).sum())) / (1 + permutations)
    return PartitionComparison(
        adjusted_rand=index,
        p_value=float(p),
        mutual_information=information,
        # Both one group, or both all alone: the same partition.
        normalised=1.0 if mean == 0 else information / mean,
        adjusted=1.0 if abs(mean - expected) < 1e-12 else (information - expected) / (mean - expected),
        variation=max(first_entropy + second_entropy - 2 * information, 0.0),
        table=table,
        matched=matched,
        moved=moved.rename_axis("region"),
        n_regions=len(a),
        permutations=permutations,
        notes=merge_notes(notes),
        provenance=Provenance(
            "compare_partitions",
            {"divergent": divergent, "permutations": permutations},
            len(a),
            0,
            None,
            used if permutations else None,
        ),
    )


def _labels(name: str, value: Any) -> pd.Series:
    """Return region -> club of what was given."""
    if isinstance(value, ClubPartition):
        return value.club.astype(object).where(value.club.notna(), None)
    if not isinstance(value, (pd.Series, Mapping)):
        raise OptionError(
            f"{name} must be the result of sc.clubs, or a Series or mapping from region to group; got "
            f"{type(value).__name__}."
        )
    found = pd.Series(value, dtype=object)
    twice = found.index[found.index.duplicated()]
    if len(twice):
        raise OptionError(f"{name} has {first(list(dict.fromkeys(twice)))} more than once; give each region one group.")
    return found.where(found.notna(), None)


def _named(club: Any) -> Hashable:
    return NONE if club is None or club is pd.NA or club != club else club


def _coded(labels: pd.Series, divergent: Divergent) -> agreement.IntArray:
    codes, names = pd.factorize(labels.to_numpy())
    codes = codes.astype(np.intp)
    if divergent == "group":
        return np.asarray(np.where(codes < 0, len(names), codes))
    return agreement.singled_out(codes)


def _table(a: pd.Series, b: pd.Series) -> pd.DataFrame:
    rows, columns = (_ordered(x) for x in (a, b))
    table = pd.DataFrame(0, index=pd.Index(rows, name="first"), columns=pd.Index(columns, name="second"))
    for x, y in zip(a, b, strict=True):
        table.loc[_named(x), _named(y)] += 1
    return table


def _ordered(labels: pd.Series) -> list[Hashable]:
    names = list(dict.fromkeys(_named(x) for x in labels))
    clubs = pd.Index([n for n in names if n != NONE])
    return [*clubs[label_order(clubs)], *([NONE] if NONE in names else [])]


def _matched(table: pd.DataFrame) -> dict[Hashable, Hashable]:
    rows, columns = linear_sum_assignment(-table.to_numpy())
    return {table.index[i]: table.columns[j] for i, j in zip(rows, columns, strict=True) if table.to_numpy()[i, j] > 0}
