"""Are the clubs more than what log t makes of short series, of its settings, or of pairs?"""

from __future__ import annotations

from spatialconv.checks._finding import Finding, Verdict
from spatialconv.checks._paths import ENOUGH
from spatialconv.checks._subject import Effort
from spatialconv.convergence.clubs.partition import ClubPartition
from spatialconv.errors import SpatialConvError
from spatialconv.results import number, one_line, plural

# Phillips and Sul (2007) simulate from ten periods on.
FEWEST = 10
# Adjusted Rand indices of partitions that agree well, and at all (Steinley 2004: 0.8 good, below 0.65 poor).
GOOD, POOR = 0.8, 0.65
MOST_DRAWS = 199


def periods(clubs: ClubPartition, effort: Effort) -> Finding:
    """Are there periods enough for the log t regression?"""
    del effort
    T = clubs.provenance.n_periods or len(clubs.periods_used)
    evidence = f"{plural(T, 'period')}, {len(clubs.periods_used)} of them in the regressions"
    verdict: Verdict = "ok" if T >= ENOUGH else "warn" if T >= FEWEST else "fail"
    advice = f"With fewer than {ENOUGH} periods log t tells little: call the clubs a description."
    return Finding("periods", "Are there periods enough for the log t regression?", verdict, evidence,
                   "" if verdict == "ok" else advice)  # fmt: skip


def apart(clubs: ClubPartition, effort: Effort) -> Finding:
    """Are neighbouring clubs apart, or do they converge together?"""
    del effort
    name, question = "apart", "Is each club apart from the next, rejected when they are taken together?"
    table = clubs.adjacent
    if not len(table):
        return Finding(name, question, "not asked", "there is one club")
    together = table.index[table["t"] > -1.65]
    evidence = f"t of adjacent clubs taken together: {', '.join(number(t, 2) for t in table['t'])}"
    if not len(together):
        return Finding(name, question, "ok", evidence)
    advice = "Clubs that converge together are one: merge them (merge=), or say why not."
    return Finding(name, question, "warn", f"{evidence}; not rejected: {len(together)}", advice)


def settings(clubs: ClubPartition, effort: Effort) -> Finding:
    """Do the clubs hang on the settings of the procedure?"""
    name, question = "settings", "Are the clubs the same under other settings of the procedure?"
    try:
        found = clubs.sensitivity(jobs=effort.jobs, progress=False)
    except SpatialConvError as error:
        return Finding(name, question, "not asked", one_line(error))
    rand = found.table["adjusted_rand"]
    evidence = (
        f"adjusted Rand index with {plural(len(rand), 'other setting')}: median {number(rand.median(), 2)}, least "
        f"{number(rand.min(), 2)}; {found.table['n_clubs'].min():g} to {found.table['n_clubs'].max():g} clubs"
    )
    return _agreeing(name, question, float(rand.median()), evidence, "Show the clubs under other settings beside them.")


def resampled(clubs: ClubPartition, effort: Effort) -> Finding:
    """Would the clubs be found in other data of the same kind?"""
    name, question = "resampled", "Are the clubs found again where deviations from trend are drawn anew?"
    try:
        found = clubs.bootstrap(min(effort.draws, MOST_DRAWS), seed=effort.seed, jobs=effort.jobs, progress=False)
    except SpatialConvError as error:
        return Finding(name, question, "not asked", one_line(error))
    rand, together = found.table["adjusted_rand"], found.regions["together"].dropna()
    evidence = (
        f"adjusted Rand index over {plural(len(rand), 'draw')}: mean {number(rand.mean(), 2)}; "
        f"{int((together < 0.5).sum()):,} of {len(together):,} members are with their club in less than half"
    )
    return _agreeing(name, question, float(rand.mean()), evidence,
                     "Name only the regions that stay with their club (b.bootstrap().regions).")  # fmt: skip


def _agreeing(name: str, question: str, rand: float, evidence: str, advice: str) -> Finding:
    verdict: Verdict = "ok" if rand >= GOOD else "warn" if rand >= POOR else "fail"
    return Finding(name, question, verdict, evidence, "" if verdict == "ok" else advice)


def levels(clubs: ClubPartition, effort: Effort) -> Finding:
    """Do members of a club approach one level, or one rate of growth only?"""
    del effort
    name, question = "levels", "Do members of each club approach one level, and not only one rate of growth (b >= 2)?"
    table = clubs.table
    if not len(table):
        return Finding(name, question, "not asked", "there is no club")
    below = table.index[table["b"] + 1.65 * table["std_error"] < 2]
    evidence = f"b of the clubs: {', '.join(number(b, 2) for b in table['b'])}"
    if not len(below):
        return Finding(name, question, "ok", evidence)
    advice = "b below 2 is convergence of growth rates: gaps within the club need not close (Phillips and Sul 2009)."
    return Finding(name, question, "warn", f"{evidence}; below 2 (5 %, one-sided) in {len(below)}", advice)


def sizes(clubs: ClubPartition, effort: Effort) -> Finding:
    """Is every club more than a pair, and does nearly everybody belong to one?"""
    del effort
    name, question = "sizes", "Is every club more than a pair, and do three in four regions belong to one?"
    members = [len(m) for m in clubs.members.values()]
    n, alone = sum(members) + len(clubs.divergent), len(clubs.divergent)
    pairs = sum(m <= 2 for m in members)
    evidence = f"clubs of {', '.join(map(str, members)) or 'nobody'}; {alone} of {n:,} regions in none"
    if not pairs and 4 * alone <= n:
        return Finding(name, question, "ok", evidence)
    return Finding(name, question, "warn", evidence, "Pairs converge easily: say how many regions the clubs are about.")


QUESTIONS = (periods, apart, settings, resampled, levels, sizes)
LIMITS = {
    "periods": "that log t tests them",
    "apart": "that all of them are apart from one another",
    "settings": "that they are those of any settings",
    "resampled": "to which club single regions belong",
    "levels": "that members of a club reach one level",
    "sizes": "that the clubs are about nearly all regions",
}


def claim(clubs: ClubPartition) -> str:
    """Return what the result says."""
    return f"the procedure of Phillips and Sul finds {plural(len(clubs.members), 'club')} of {clubs.variable}"
