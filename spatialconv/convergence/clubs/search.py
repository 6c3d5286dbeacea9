"""The whole search on prepared series: sorting, clustering, merging, divergent regions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._core.clubs import clubbing
from spatialconv._core.clubs.clubbing import Club, Partition, Step
from spatialconv.convergence.clubs.data import Series, sorting
from spatialconv.convergence.clubs.options import Convention, Options
from spatialconv.panel import FloatArray

IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Found:
    """Partitions before and after merging; their columns are those of `values`, sorted by `order`."""

    values: FloatArray
    order: IntArray
    initial: Partition
    final: Partition
    path: tuple[Step, ...]
    notes: tuple[str, ...]

    def labels(self) -> IntArray:
        """Return the club of each region in the order of the series, from 0; -1 diverges."""
        out = np.full(len(self.order), -1, dtype=np.intp)
        for k, club in enumerate(self.final.clubs):
            out[self.order[club.members]] = k
        return out


def search(data: Series, chosen: Options, convention: Convention, share: float) -> Found:
    """Sort, cluster, merge."""
    order, notes = sorting(data, share)
    X = np.ascontiguousarray(data.values[:, order])
    rules = chosen.rules(len(X))
    initial = clubbing.find_clubs(X, rules)
    clubs, path = _merged(X, initial.clubs, chosen, convention)
    final = Partition(clubs, initial.divergent)
    if chosen.reassign:
        # R leaves out the test whether all divergent regions are a club of their own.
        final = clubbing.reassign(X, final, rules.design, chosen.threshold, chosen.e_star, pool=convention != "r")
    return Found(X, order, initial, final, tuple(path), notes)


def _merged(
    X: FloatArray, clubs: tuple[Club, ...], chosen: Options, convention: Convention
) -> tuple[tuple[Club, ...], list[Step]]:
    design = chosen.design(len(X))
    if chosen.merge == "phillips-sul":
        return clubbing.merge_phillips_sul(X, clubs, design, chosen.threshold)
    if chosen.merge == "von-lyncker":
        r = convention == "r"
        second = design.with_hac("fqsb") if r else design
        return clubbing.merge_von_lyncker(X, clubs, design, chosen.threshold, second=second, restart=not r)
    return clubs, []


def table(clubs: tuple[Club, ...], threshold: float) -> pd.DataFrame:
    """Return one row a club: size, log t regression, speed, verdict, and how it came about."""
    from scipy.stats import norm

    t = np.array([club.estimate.t for club in clubs])
    b = np.array([club.estimate.b for club in clubs])
    columns = {
        "n": np.array([len(club.members) for club in clubs], dtype=int),
        "b": b,
        "std_error": np.array([club.estimate.se for club in clubs]),
        "t": t,
        "p_value": norm.cdf(t),
        "speed": b / 2,
        "converges": t > threshold,
        "n_core": np.array([len(club.core) for club in clubs], dtype=int),
        "c_star": np.array([club.c_star for club in clubs], dtype=float),
        "how": [club.how for club in clubs],
    }
    if any(club.parts for club in clubs):
        columns["merged_from"] = [", ".join(str(k + 1) for k in club.parts) for club in clubs]
    return pd.DataFrame(columns, index=pd.RangeIndex(1, len(clubs) + 1, name="club"))


def printed_by_r(clubs: tuple[Club, ...]) -> pd.DataFrame:
    """Return b, standard error and t as R prints them: of a club cut back to its core, those of the rejected group."""
    shown = [club.rejected or club.estimate for club in clubs]
    columns = {"b_r": [e.b for e in shown], "std_error_r": [e.se for e in shown], "t_r": [e.t for e in shown]}
    return pd.DataFrame(columns, index=pd.RangeIndex(1, len(clubs) + 1, name="club"), dtype=float)


def adjacent(X: FloatArray, clubs: tuple[Club, ...], chosen: Options) -> pd.DataFrame:
    """Return the regression of each pair of adjacent clubs taken together: why they are not one."""
    design = chosen.design(len(X))
    joint = [clubbing.estimate(X, np.sort(np.concatenate([a.members, b.members])), design) for a, b in pairwise(clubs)]
    index = pd.Index([f"{k} + {k + 1}" for k in range(1, len(clubs))], name="clubs", dtype=object)
    return pd.DataFrame(joint, index=index, columns=["b", "std_error", "t"], dtype=float)


def steps(path: tuple[Step, ...]) -> pd.DataFrame:
    """Return the tests of merging in order: which initial clubs were joined, their t, and whether they merged."""
    rows = [(f"{s.first + 1} to {s.last + 1}", s.t, s.merged) for s in path]
    frame = pd.DataFrame(rows, columns=["clubs", "t", "merged"])
    return frame.rename_axis("step")
