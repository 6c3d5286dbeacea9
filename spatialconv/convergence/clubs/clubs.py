"""Convergence clubs: which regions converge to each other, if not all do?"""

from __future__ import annotations

from spatialconv._core.clubs.clubbing import Core, Sieve
from spatialconv._core.clubs.log_t import Hac, Rounding
from spatialconv.convergence.clubs.data import series
from spatialconv.convergence.clubs.options import Convention, Merge, options
from spatialconv.convergence.clubs.partition import ClubPartition, partition
from spatialconv.panel import Panel

__all__ = ["ClubPartition", "clubs"]


def clubs(
    panel: Panel,
    variable: str,
    *,
    convention: Convention = "phillips-sul",
    merge: Merge | None = None,
    log: bool = True,
    smooth: float | None = None,
    trim: float | None = None,
    rounding: Rounding | None = None,
    hac: Hac | None = None,
    c_star: float | None = None,
    sieve: Sieve | None = None,
    increment: float | None = None,
    cap: float | None = None,
    core: Core | None = None,
    check: bool | None = None,
    threshold: float | None = None,
    sort_share: float = 0.0,
    reassign: bool | None = None,
    e_star: float | None = None,
) -> ClubPartition:
    r"""Find convergence clubs: groups of regions that converge to each other (Phillips and Sul 2007, 2009).

    Use it where `log_t` rejects that all regions converge, or to see whether those that do are neighbours
    (`.join_counts`) and how surely they belong together (`.bootstrap`, `.sensitivity`).

    Parameters
    ----------
    panel : Panel
        Complete for this variable; two regions and eight periods or more.
    variable : str
        In levels where `log` is True.
    convention : {"phillips-sul", "r", "stata"}
        Where every option that is not given comes from; see Notes.
    merge : {"phillips-sul", "von-lyncker", "none"}
        Merge adjacent clubs that converge together, from the top as far as it goes, or where their t is the larger of
        two neighbouring pairs (von Lyncker and Thoennessen 2017).
    log, smooth
        Logarithm, and lambda of a Hodrick-Prescott filter, as in `log_t`; nothing is filtered by default.
    trim, rounding, hac, threshold
        Of the log t regressions, as in `log_t`.
    c_star : float
        Sieve: the t that a region must exceed to join the core.
    sieve : {"incremental", "fixed"}
        Raise c* by `increment`, up to `cap`, until the club converges, as Phillips and Sul do; or leave it.
    increment, cap : float
        Steps of c*, and how far it is raised. At the cap the core alone is the club.
    core : {"t", "abs"}
        The core group maximises t (Phillips and Sul), or its absolute value (R).
    check : bool
        Accept a club only if it converges itself. False reproduces R, with c* fixed.
    sort_share : float
        Sort regions by their mean over this share of the periods, the last ones, instead of the last period alone (0).
    reassign : bool
        Let divergent regions join the club with which their t is largest, if above `e_star`, one after the other
        (von Lyncker and Thoennessen 2017).
    e_star : float
        See `reassign`.

    Returns
    -------
    ClubPartition

    Raises
    ------
    NotPositiveError, MissingDataError, UnbalancedPanelError, DataError
        As in `log_t`.
    OptionError
        If an option is not one of those allowed.

    Notes
    -----
    The conventions, as far as they differ:

    ================  ==================  ======================  ==================
    option            phillips-sul        r (ConvergenceClubs)    stata (psecta)
    ================  ==================  ======================  ==================
    trim              1/3                 1/3                     0.3
    rounding          half to even        half to even            half away from 0
    sieve             incremental         fixed                   incremental
    increment, cap    0.1, 3              0.1, 3                  0.05, 50
    core maximises    t                   abs(t)                  t
    club is checked   yes                 no                      yes
    merge             phillips-sul        none                    none
    ================  ==================  ======================  ==================

    Three things R's package does are faults, which `convention="r"` reproduces and marks: with c* fixed, a club
    is accepted whose own t lies below -1.65 (`converges` is False); a club cut back to its core at the cap is printed
    with the b, standard error and t of the larger group that was rejected (`b_r`, `std_error_r`, `t_r`; the club's own
    stand in `b`, `std_error`, `t`), until merging estimates all clubs anew but a last one that stays alone; the core
    maximises abs(t). Besides, its merging after von Lyncker and Thoennessen
    compares with the next pair by "fqsb" whatever `hac`, and does not start anew after a merger, and its reassignment
    does not try whether the divergent regions are a club. `corrected()` gives the clubs by the rules of the papers.

    Regions are sorted by their last value (or `sort_share`), ties by earlier periods and at last by label.

    References
    ----------
    Phillips, P. C. B. and Sul, D. (2007), Transition Modeling and Econometric Convergence Tests, Econometrica 75,
    1771-1855. Phillips, P. C. B. and Sul, D. (2009), Economic Transition and Growth, Journal of Applied Econometrics
    24, 1153-1185. von Lyncker, K. and Thoennessen, R. (2017), Regional Club Convergence in the EU, Empirical Economics
    52, 525-553. Du, K. (2017), Econometric Convergence Test and Club Clustering Using Stata, Stata Journal 17, 882-900.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> late = us.panel.subset(periods=range(1969, 2010))
    >>> found = sc.clubs(late, "income", smooth=400)
    >>> found.n_clubs, found.members[1][:2]
    (2, ('Connecticut', 'Massachusetts'))
    """
    chosen = options(
        convention, trim=trim, rounding=rounding, hac=hac, threshold=threshold, c_star=c_star, sieve=sieve,
        increment=increment, cap=cap, core=core, check=check, merge=merge, reassign=reassign, e_star=e_star,
    )  # fmt: skip
    data = series(panel, variable, log=log, smooth=smooth)
    return partition(data, chosen, convention, sort_share, list(panel.regions))
