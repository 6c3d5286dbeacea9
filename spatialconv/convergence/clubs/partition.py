"""The partition into convergence clubs: what was found, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from spatialconv._core.clubs.log_t import Hac
from spatialconv._options import first
from spatialconv.convergence.clubs import search as found_by
from spatialconv.convergence.clubs.data import Series
from spatialconv.convergence.clubs.log_t import few_note, relative_paths
from spatialconv.convergence.clubs.neighbours import ClubNeighbours, neighbours
from spatialconv.convergence.clubs.options import CONVENTIONS, Convention, Merge, Options, as_dict
from spatialconv.convergence.clubs.rolling import rolling
from spatialconv.convergence.clubs.stability import ClubStability, Scheme, bootstrap, sensitivity
from spatialconv.errors import OptionError
from spatialconv.results import Provenance, Result, extent, merge_notes, number, plural

SHOWN = 3  # clubs in the repr


@dataclass(frozen=True, eq=False, repr=False)
class ClubPartition(Result):
    """Convergence clubs, from the highest to the lowest, and the regions that belong to none.

    Attributes
    ----------
    variable : str
    club : Series
        Number of each region's club, missing where it diverges; regions in the panel's order.
    members : mapping of club to tuple of regions
        In the order of the sorting.
    divergent : tuple of regions
    table : DataFrame
        One row a club: `n`, `b`, `std_error`, `t`, `p_value` (one-sided), `speed` (b / 2), `converges`, `n_core`,
        `c_star`, `how` it came about ("all": what was left converged as a whole; "sieve"; "core": no c* gave a club
        that converges; "merged"; "pool": divergent regions that converge with each other) and, after merging,
        `merged_from`. Under `convention="r"`, `b_r`, `std_error_r` and `t_r` are what R prints beside them.
    initial : DataFrame
        The same before merging.
    merge_path : DataFrame
        The tests of merging in order: clubs joined, t, and whether they merged.
    adjacent : DataFrame
        The regression of adjacent final clubs taken together: why they are not one.
    paths : DataFrame
        Relative transition paths of all regions, to the mean of all.
    club_paths : DataFrame
        Their means by club.
    periods_used : Index
        Periods of the regressions.
    """

    variable: str
    what: str
    club: pd.Series
    members: Mapping[int, tuple[Any, ...]]
    divergent: tuple[Any, ...]
    table: pd.DataFrame
    initial: pd.DataFrame
    merge_path: pd.DataFrame
    adjacent: pd.DataFrame
    paths: pd.DataFrame
    club_paths: pd.DataFrame
    periods_used: pd.Index
    convention: Convention
    notes: tuple[str, ...]
    provenance: Provenance
    _data: Series
    _options: Options
    _share: float

    def _of_regions(self, period: Hashable) -> pd.DataFrame:  # noqa: ARG002 - a club is of all periods
        return self.club.to_frame()

    @property
    def n_clubs(self) -> int:
        """Number of clubs."""
        return len(self.table)

    def relative_paths(self, club: int) -> pd.DataFrame:
        """Return the transition paths of a club's members relative to the mean of that club."""
        if club not in self.members:
            raise OptionError(f"club must be one of {first(list(self.members), 8)}; got {club!r}.")
        columns = list(self.members[club])
        values = pd.DataFrame(self._data.values, index=self._data.periods, columns=self._data.regions)[columns]
        return values.div(values.mean(axis=1), axis=0)

    def corrected(self) -> ClubPartition:
        """Return the clubs by the rules of Phillips and Sul, all else (trim, standard error, c*, merging) equal.

        That is: the core maximises t, not |t|; a club that does not converge itself is not accepted, but c* raised.
        """
        default = CONVENTIONS["phillips-sul"]
        rules = replace(self._options, core=default.core, check=True, sieve=default.sieve)
        return partition(self._data, rules, "phillips-sul", self._share, list(self.club.index))

    def join_counts(
        self, w: Any, *, permutations: int = 9999, seed: int | np.random.Generator | None = None
    ) -> ClubNeighbours:
        """Test whether members of a club are neighbours more often than if clubs were spread at random.

        Parameters
        ----------
        w : Graph or W
            Who is whose neighbour; any positive weight is a link, whatever its size.
        permutations : int
            Random arrangements of the clubs over the regions.
        seed : int or Generator, optional

        Returns
        -------
        ClubNeighbours
        """
        return neighbours(self.club, w, self.what, permutations=permutations, seed=seed)

    def bootstrap(
        self,
        draws: int = 199,
        *,
        scheme: Scheme = "blocks",
        cycle: float = 400.0,
        block: int | None = None,
        share: float = 0.8,
        seed: int | np.random.Generator | None = None,
        jobs: int = 1,
        progress: bool = True,
    ) -> ClubStability:
        """Ask how surely regions belong together, by resampling the data and searching anew.

        Parameters
        ----------
        draws : int
            Number of samples.
        scheme : {"blocks", "regions"}
            "blocks": each series is its Hodrick-Prescott trend (lambda `cycle`) plus its deviations, and the deviations
            are drawn anew in blocks of successive periods (moving blocks), the same blocks for all regions, so that
            dependence over time and between regions is kept. "regions": a share of the regions is drawn without
            replacement (with replacement, a region would converge with its own copy). Trends are taken as known.
        cycle : float
            Lambda of the trend about which blocks are drawn. A stiff trend leaves part of a fast transition among the
            deviations, which then look larger than they are.
        block : int, optional
            Length of the blocks; about T^(1/3), rounded up, by default.
        share : float
            Of the regions that are drawn.
        seed : int or Generator, optional
        jobs : int
            Processes; the figures do not depend on them.
        progress : bool
            Show a progress bar.

        Returns
        -------
        ClubStability
        """
        return bootstrap(
            self._data, self._options, self.convention, self._share, self.club, draws,
            scheme=scheme, cycle=cycle, block=block, share=share, seed=seed, jobs=jobs, progress=progress,
        )  # fmt: skip

    def sensitivity(
        self,
        *,
        trim: Iterable[float] | None = None,
        c_star: Iterable[float] | None = None,
        hac: Iterable[Hac] | None = None,
        smooth: Iterable[float | None] | None = None,
        sort_share: Iterable[float] | None = None,
        merge: Iterable[Merge] | None = None,
        jobs: int = 1,
        progress: bool = True,
    ) -> ClubStability:
        """Ask how far the clubs hang on the settings, over the grid of all combinations of those given.

        Parameters
        ----------
        trim, c_star, hac, smooth, sort_share, merge : iterables, optional
            Values to try (see `clubs`); without any, a grid of trim (0.25, 0.3, 1/3), c* (0, 0.5, 1), the standard
            errors "fqsb" and "aqsb", and sorting by the last period or the mean of the last third. What is left out
            stays as it is.
        jobs : int
            Processes.
        progress : bool
            Show a progress bar.

        Returns
        -------
        ClubStability
        """
        grid = {"trim": trim, "c_star": c_star, "hac": hac, "smooth": smooth, "sort_share": sort_share, "merge": merge}
        return sensitivity(
            self._data, self._options, self.convention, self._share, self.club, grid, jobs=jobs, progress=progress
        )

    def rolling(
        self,
        window: int,
        *,
        step: int = 1,
        expanding: bool = False,
        jobs: int = 1,
        progress: bool = True,
    ) -> ClubStability:
        """Ask since when regions belong together: clubs of one stretch of time after another.

        Parameters
        ----------
        window : int
            Number of periods in each window; log t needs long ones, 30 or so.
        step : int
            Periods from one window to the next.
        expanding : bool
            Let every window begin with the first period.
        jobs : int
            Processes.
        progress : bool
            Show a progress bar.

        Returns
        -------
        ClubStability
            Its table has `first`, `last`, and `t_all`, the t of the log t test of all regions in the window. Trends
            are taken within each window, so that no window knows of later periods.
        """
        return rolling(
            self._data,
            self._options,
            self.convention,
            self._share,
            self.club,
            window=window,
            step=step,
            expanding=expanding,
            jobs=jobs,
            progress=progress,
        )

    def tidy(self) -> pd.DataFrame:
        """Return one row a club: b with standard error, t, one-sided p and 95 % interval."""
        half = float(norm.ppf(0.975)) * self.table["std_error"]
        return pd.DataFrame(
            {
                "term": [f"club {k}" for k in self.table.index],
                "estimate": self.table["b"].to_numpy(),
                "std_error": self.table["std_error"].to_numpy(),
                "statistic": self.table["t"].to_numpy(),
                "p_value": self.table["p_value"].to_numpy(),
                "conf_low": (self.table["b"] - half).to_numpy(),
                "conf_high": (self.table["b"] + half).to_numpy(),
                "n": self.table["n"].to_numpy(),
            }
        )

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, numbers of clubs before and after merging, divergent regions, settings."""
        row = {
            "variable": self.variable,
            "n_regions": len(self.club),
            "n_periods": len(self.paths),
            "n_used": len(self.periods_used),
            "n_clubs": self.n_clubs,
            "n_initial": len(self.initial),
            "n_divergent": len(self.divergent),
            "convention": self.convention,
            "merge": self._options.merge,
            "trim": self._options.trim,
            "hac": self._options.hac,
            "sieve": self._options.sieve,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table.assign(members=[_listed(self.members[k]) for k in self.table.index])

    def _headline(self) -> list[str]:
        lines = [
            f"Convergence clubs of {self.what}: {extent(len(self.club), len(self.paths))}",
            f"  {_count(self.n_clubs, 'club')}{self._merged()}, {_count(len(self.divergent), 'divergent region')}"
            + (f" ({first(self.divergent)})" if self.divergent else ""),
        ]
        for k in self.table.index[:SHOWN]:
            row = self.table.loc[k]
            lines.append(
                f"  club {k}: {_count(int(row['n']), 'region')}, b {number(row['b'], 3)}, t {number(row['t'], 2)} "
                f"({_listed(self.members[k])})"
            )
        if self.n_clubs > SHOWN:
            lines.append(f"  ... and {self.n_clubs - SHOWN} more (.table)")
        used = self.periods_used
        if len(used):
            lines.append(
                f"  convention {self.convention}: trim {self._options.trim:.3g} (regressions {used[0]} to {used[-1]}), "
                f"c* {self._options.c_star:g} {self._options.sieve}, {self._options.hac}, merge {self._options.merge}"
            )
        return lines

    def _merged(self) -> str:
        n = len(self.initial)
        return f" (of {n} before merging)" if n != self.n_clubs else ""


def _count(n: int, what: str) -> str:
    return plural(n, what) if n else f"no {what}s"


def _listed(members: tuple[Any, ...], most: int = 3) -> str:
    return ", ".join(str(m) for m in members[:most]) + (", ..." if len(members) > most else "")


def partition(
    data: Series, chosen: Options, convention: Convention, share: float, regions: list[Hashable]
) -> ClubPartition:
    """Search prepared series and put the result into words; `regions` is the order in which they are shown."""
    found = found_by.search(data, chosen, convention, share)
    labels = found.labels() + 1
    club = pd.Series(pd.array(labels, dtype="Int64"), index=data.regions, name="club").mask(labels == 0)
    names = data.regions[found.order]
    members = {k: tuple(names[c.members]) for k, c in enumerate(found.final.clubs, start=1)}
    table = found_by.table(found.final.clubs, chosen.threshold)
    if convention == "r":
        table = table.join(found_by.printed_by_r(found.final.clubs))
    paths = relative_paths(data)
    means = {k: paths[list(which)].mean(axis=1) for k, which in members.items()}
    design = chosen.design(len(data.values))
    given = {"variable": data.variable, "log": data.log, "smooth": data.smooth, "convention": convention}
    return ClubPartition(
        variable=data.variable,
        what=data.what,
        club=club.reindex(regions),
        members=members,
        divergent=tuple(names[found.final.divergent]),
        table=table,
        initial=found_by.table(found.initial.clubs, chosen.threshold),
        merge_path=found_by.steps(found.path),
        adjacent=found_by.adjacent(found.values, found.final.clubs, chosen),
        paths=paths[list(regions)],
        club_paths=pd.DataFrame(means, index=data.periods).rename_axis(columns="club"),
        periods_used=data.periods[design.start :],
        convention=convention,
        notes=merge_notes(data.notes, found.notes, few_note(design.used), _club_notes(table)),
        provenance=Provenance(
            "clubs", {**given, **as_dict(chosen), "sort_share": share}, len(regions), len(data.periods)
        ),
        _data=data,
        _options=chosen,
        _share=share,
    )


def _club_notes(table: pd.DataFrame) -> tuple[str, ...]:
    notes = []
    for k, row in table.iterrows():
        size = _count(int(row["n"]), "region")
        if row["how"] == "core":
            printed = (
                f"; R prints the t of the group rejected, {number(row['t_r'], 2)}"
                if row.get("t_r", row["t"]) != row["t"]
                else ""
            )
            notes.append(
                f"club {k} ({size}) is its core alone: no c* up to {row['c_star']:g} gave one that converges{printed}"
            )
        elif not row["converges"]:
            notes.append(
                f"club {k} ({size}) does not converge itself, t = {number(row['t'], 2)}: with check=False, as in R, "
                "nobody asks; see .corrected()"
            )
        elif not np.isfinite(row["b"]):
            notes.append(f"club {k} ({size}): its regions do not differ in the periods used, and b is undefined")
    return tuple(notes)
