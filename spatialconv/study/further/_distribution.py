"""Parts on the whole distribution: clubs, mobility between classes and ranks, densities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from spatialconv import maps, plot
from spatialconv._language import say
from spatialconv.convergence.clubs.clubs import clubs as find_clubs
from spatialconv.dynamics import density, markov
from spatialconv.dynamics import mobility as rank_mobility
from spatialconv.study.further.findings import Found, of_result, said
from spatialconv.tables import Table

if TYPE_CHECKING:
    from spatialconv.study._result import Study

# Members of a club that its table names; the CSV has them all.
MOST_NAMED = 40


def clubs(study: Study) -> Found:
    """Convergence clubs of Phillips and Sul, with their map and paths."""
    case = study.case
    found = find_clubs(study.panel, case.variable)
    groups = {str(club): list(names) for club, names in found.members.items()}
    if found.divergent:
        groups["none"] = list(found.divergent)
    members = pd.DataFrame(
        {"n": [len(names) for names in groups.values()], "regions": [_named(names) for names in groups.values()]},
        index=pd.Index(groups, name="club"),
    )
    made = {
        "clubs": of_result(found),
        "club_members": Table(
            members,
            say("Clubs of {variable}: who belongs to which", variable=case.variable),
            data=found.club.rename("club").to_frame(),
        ),
    }
    figures = {
        "clubs": (
            say("Convergence clubs of {variable}.", variable=case.variable),
            lambda: maps.clubs(found, study.geometry, labels=study.names_on_maps, **case.mapped),
        ),
        "club_paths": (
            say("Relative transition paths of {variable}, by club.", variable=case.variable),
            lambda: plot.transition_paths(found, **study.case.said),
        ),
    }
    return Found(found, said(found), made, figures)


def _named(labels: list[Any]) -> str:
    more = len(labels) - MOST_NAMED
    return ", ".join(map(str, labels[:MOST_NAMED])) + (f" and {more:,} more" if more > 0 else "")


def mobility(study: Study) -> Found:
    """Do regions keep their ranks and classes, and do neighbours do so more than others?"""
    case, panel = study.case, study.panel
    ranks = rank_mobility(panel, case.variable, _some(study), permutations=case.permutations or 999, seed=case.seed)
    chain = markov(panel, case.variable)
    path = density(panel, case.variable)
    made = {
        "mobility": of_result(ranks),
        "markov": of_result(chain),
    }
    figures = {
        "markov": (
            say("Transitions of {variable} between classes.", variable=case.variable),
            lambda: plot.transitions(chain, **case.said),
        ),
        "density": (
            say("Density of {variable} relative to its mean.", variable=case.variable),
            lambda: plot.density(path, **case.said),
        ),
    }
    return Found((ranks, chain, path), (*said(ranks), *said(chain)), made, figures)


def _some(study: Study) -> Any:
    """Return the main weights, or the first others, in which not all pairs of regions are linked; None without such."""
    names = dict.fromkeys([study.case.main, *study.weights])
    every = study.panel.n_regions * (study.panel.n_regions - 1)
    return next((study.weights[name] for name in names if study.summaries[name].links < every), None)
