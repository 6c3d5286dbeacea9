"""Are clubs neighbours? Join counts of club membership."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spatialconv import weights
from spatialconv._core.space.join_counts import join_counts
from spatialconv._core.space.permutation import benjamini_hochberg
from spatialconv._labels.order import label_order
from spatialconv._options import count_of, generator
from spatialconv.errors import DataError, WeightsError
from spatialconv.results import Provenance, Result, merge_notes, number, p_value

ALL = "all clubs"


@dataclass(frozen=True, eq=False, repr=False)
class ClubNeighbours(Result):
    """Join counts of clubs: pairs of neighbours in the same club, against clubs spread at random.

    Attributes
    ----------
    table : DataFrame
        One row a club and one for all clubs: `n` regions, `joins` observed, `expected` (exact), `sd` and `z` under
        random arrangements, `p` (one-sided: more joins than by chance), and `q`, p under false-discovery control
        among the clubs.
    permutations : int
    n_joins : float
        Pairs of neighbours, within clubs or not.
    """

    what: str
    table: pd.DataFrame
    permutations: int
    n_joins: float
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def p_value(self) -> float:
        """One-sided p of the joins within all clubs."""
        return float(self.table.loc[ALL, "p"])

    def tidy(self) -> pd.DataFrame:
        """Return one row a club and one for all: joins, z, p."""
        table = self.table
        return pd.DataFrame(
            {
                "term": [k if k == ALL else f"club {k}" for k in table.index],
                "estimate": table["joins"].to_numpy(),
                "std_error": table["sd"].to_numpy(),
                "statistic": table["z"].to_numpy(),
                "p_value": table["p"].to_numpy(),
                "conf_low": np.nan,
                "conf_high": np.nan,
                "expected": table["expected"].to_numpy(),
            }
        )

    def glance(self) -> pd.DataFrame:
        """Return one row: the joins within all clubs."""
        row = self.table.loc[ALL]
        kept = {name: row[name] for name in ("joins", "expected", "z", "p")}
        return pd.DataFrame([{"n_joins": self.n_joins, **kept, "permutations": self.permutations}])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        row, clubs = self.table.loc[ALL], self.table.drop(index=ALL)
        found = [str(k) for k in clubs.index[clubs["q"] <= 0.05]]
        return [
            f"Join counts of clubs, {self.what}",
            f"  {row['joins']:g} of {self.n_joins:g} joins are within a club, {number(row['expected'], 2)} expected: "
            f"z = {number(row['z'], 2)}, {p_value(row['p'])} (one-sided, {self.permutations:,} permutations)",
            "  clubs whose members are neighbours (q <= 0.05): " + (", ".join(found) or "none"),
        ]


def neighbours(
    club: pd.Series, w: Any, what: str, *, permutations: int, seed: int | np.random.Generator | None
) -> ClubNeighbours:
    """Count joins within clubs; see `ClubPartition.join_counts`."""
    count_of("permutations", permutations, least=99)
    if not club.notna().any():
        raise DataError("no region belongs to a club, so there are no joins to count.")
    rng, seed = generator(seed)
    # In the order of the labels, so that one seed gives the same figures however the rows stand.
    order = club.index[label_order(club.index)].rename(None)
    aligned = weights.align(w, order)
    if aligned.matrix.nnz == 0:
        raise WeightsError(f"the weights have no link between the {len(order):,} regions; give them neighbours.")
    labels = club.reindex(order).fillna(0).to_numpy(dtype=np.intp) - 1
    counts = join_counts(labels, aligned.matrix, permutations, rng)
    table = _table(labels, counts.observed, counts.expected, counts.simulated)
    table.index = pd.Index([*range(1, len(table)), ALL], name="club", dtype=object)
    links = aligned.matrix.tocsr()
    off = links.nnz - int((links.diagonal() != 0).sum())
    return ClubNeighbours(
        what=what,
        table=table,
        permutations=permutations,
        n_joins=off / 2.0,
        notes=merge_notes(aligned.notes, _one_way(links)),
        provenance=Provenance(
            "clubs.join_counts", {"permutations": permutations}, len(order), 0, aligned.summary, seed
        ),
    )


def _table(labels: Any, observed: Any, expected: Any, simulated: Any) -> pd.DataFrame:
    sizes = np.bincount(labels[labels >= 0], minlength=len(observed) - 1)
    sd = simulated.std(axis=0, ddof=1)
    # One club of all regions is the same in every arrangement.
    sd = np.where(np.ptp(simulated, axis=0) > 0, sd, 0.0)
    z = np.divide(observed - expected, sd, out=np.full(len(sd), np.nan), where=sd > 0)
    p = (1.0 + (simulated >= observed - 1e-9).sum(axis=0)) / (len(simulated) + 1.0)
    q = np.append(benjamini_hochberg(p[None, :-1])[0], np.nan)
    columns = {"n": [*sizes, sizes.sum()], "joins": observed, "expected": expected, "sd": sd, "z": z, "p": p, "q": q}
    return pd.DataFrame(columns)


def _one_way(matrix: Any) -> tuple[str, ...]:
    pattern = (matrix != 0).astype(float)
    single = int((pattern != pattern.T).sum() / 2)
    return (f"{single} links go in one direction only and count as half a join each",) if single else ()
