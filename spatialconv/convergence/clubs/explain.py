"""What explains the clubs: ordered logit of club membership on initial conditions, and on the neighbours' clubs."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._options import first, names, probability
from spatialconv.convergence.clubs.partition import ClubPartition
from spatialconv.errors import DataError, MissingDataError, ModelError, OptionError, SingularDesignError
from spatialconv.panel import FloatArray, Panel
from spatialconv.panel.panel import as_panel
from spatialconv.results import TIDY, Provenance, Result, merge_notes, number, p_value, plural
from spatialconv.weights import align

NEIGHBOURS = "W:club"
# A probability of every region's own club this near to one is separation: the likelihood has no maximum.
SEPARATED = 1e-4
# Standardised coefficients beyond this are on their way to infinity.
LARGE = 30.0


@dataclass(frozen=True, eq=False, repr=False)
class ClubExplanation(Result):
    """Ordered logit of clubs.

    Attributes
    ----------
    params, std_errors : Series
        Per unit of each regressor, on the scale of log odds of a higher club number (a poorer club, as `sc.clubs`
        numbers them from the top).
    thresholds : Series
        Between club k and the next, on the same scale.
    effects : DataFrame
        Average change in the probability of each club (columns) per unit of each regressor (rows).
    probabilities : DataFrame
        Of each club, by region; `club`, the one it is in.
    lr, lr_df, lr_p : float
        Likelihood ratio against thresholds alone. `mcfadden` is 1 - loglik / loglik of these.
    """

    params: pd.Series
    std_errors: pd.Series
    thresholds: pd.Series
    effects: pd.DataFrame
    probabilities: pd.DataFrame
    club: pd.Series
    regressors: pd.DataFrame
    loglik: float
    lr: float
    lr_df: int
    lr_p: float
    mcfadden: float
    level: float
    period: Hashable
    what: str
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def correct(self) -> float:
        """Share of regions whose most probable club is theirs."""
        return float((self.probabilities.idxmax(axis=1).to_numpy() == self.club.to_numpy()).mean())

    def at(self, index: Any) -> pd.DataFrame:
        """Return the probabilities of the clubs at values of x'b, a row a value."""
        values = np.atleast_1d(np.asarray(index, dtype=float))
        return pd.DataFrame(_probabilities(values, self.thresholds.to_numpy()), columns=self.probabilities.columns)

    def tidy(self) -> pd.DataFrame:
        """Return one row a regressor: coefficient on the log odds of a higher club number, z, p, interval."""
        z = self.params / self.std_errors
        half = stats.norm.ppf(0.5 + self.level / 2) * self.std_errors
        frame = pd.DataFrame(
            {
                "term": self.params.index,
                "estimate": self.params.to_numpy(),
                "std_error": self.std_errors.to_numpy(),
                "statistic": z.to_numpy(),
                "p_value": 2 * stats.norm.sf(np.abs(z)),
                "conf_low": (self.params - half).to_numpy(),
                "conf_high": (self.params + half).to_numpy(),
            }
        )
        return frame[list(TIDY)]

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, likelihood ratio, fit."""
        row = {
            "n_regions": len(self.club),
            "n_clubs": len(self.thresholds) + 1,
            "period": self.period,
            "loglik": self.loglik,
            "lr": self.lr,
            "lr_df": self.lr_df,
            "p_value": self.lr_p,
            "mcfadden": self.mcfadden,
            "correct": self.correct,
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        lines = [
            f"Ordered logit of {plural(len(self.thresholds) + 1, 'club')}, {self.what}: "
            f"{plural(len(self.club), 'region')}, regressors of {self.period}"
        ]
        for row in self.tidy().itertuples():
            lines.append(f"  {row.term} {number(row.estimate)} (z {number(row.statistic, 2)}, {p_value(row.p_value)})")
        lines.append("  a positive coefficient makes a higher club number likelier, that is a lower club")
        lines.append(
            f"  LR {number(self.lr, 2)} on {self.lr_df} df, {p_value(self.lr_p)}; McFadden {number(self.mcfadden, 3)}; "
            f"{100 * self.correct:.0f} % in their likeliest club"
        )
        return lines


def explain_clubs(
    clubs: ClubPartition,
    panel: Panel,
    x: str | Iterable[str],
    w: Any = None,
    *,
    period: Hashable = None,
    log: str | Iterable[str] = (),
    level: float = 0.95,
) -> ClubExplanation:
    r"""Explain in which club a region is by its initial conditions, and by its neighbours if weights are given.

    Clubs found by income say nothing of why; where initial conditions tell them apart, clubs are what theory calls
    clubs (Galor 1996), and not groups of regions with the same steady state.

    Parameters
    ----------
    clubs : ClubPartition
        Result of `sc.clubs`; regions in no club are left out.
    panel : Panel
        Has the regressors.
    x : names
    w : Graph, optional
        Adds `W:club`, the mean club number of the neighbours that are in one, weighed as w weighs them.
    period : label, optional
        Of the regressors; the first of the panel by default.
    log : names, optional
        Those of x whose logarithm is taken.
    level : float
        Of intervals.

    Returns
    -------
    ClubExplanation
        `.params`, `.effects`, `.probabilities`, `.lr_p`

    Raises
    ------
    DataError
        If there are fewer than two clubs.
    ModelError
        If the regressors separate the clubs, so that the likelihood has no maximum.
    SingularDesignError
        If regressors are collinear, constant, or more than the regions can tell.
    OptionError, MissingDataError, NotPositiveError, AlignmentError
        As elsewhere.

    Notes
    -----
    .. math:: P(club_i \le k) = \Lambda(\theta_k - x_i'b)

    by maximum likelihood (statsmodels' OrderedModel), on standardised regressors whose coefficients are given per
    unit; two clubs make it a logit. The neighbours' clubs are outcomes like the region's own: `W:club` makes the
    likelihood a pseudo-likelihood (Besag 1975), whose coefficient says whether clubs lie together, given x; its
    standard error takes the neighbours as given and is too small, and no cause is told. For a test of whether clubs
    cluster see `clubs.join_counts`. That clubs are estimated is not in the standard errors either.

    References
    ----------
    McKelvey, R. D. and Zavoina, W. (1975), Journal of Mathematical Sociology 4, 103-120. Bartkowska, M. and Riedl, A.
    (2012), Economic Modelling 29, 22-31. Besag, J. (1975), The Statistician 24, 179-195. Galor, O. (1996), Economic
    Journal 106, 1056-1069.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> clubs = sc.clubs(us.panel.subset(periods=range(1980, 2010)), "income", smooth=400, convention="r")
    >>> found = sc.explain_clubs(clubs, us.panel, "income", log="income", period=1929)
    >>> bool(found.params["income"] < 0)
    True
    """
    if not isinstance(clubs, ClubPartition):
        raise OptionError(f"clubs must be the result of sc.clubs; got {type(clubs).__name__}.")
    as_panel(panel)
    share = probability("level", level)
    columns, logs = names("x", x), names("log", log)
    unknown = [name for name in logs if name not in columns]
    if unknown:
        raise OptionError(f"log names {first(unknown)}, which is not among x: {first(columns)}.")
    if not columns and w is None:
        raise OptionError("x names the regressors; without any there is nothing to explain the clubs by.")
    when = panel.periods[0] if period is None else panel.period_of(period)
    member = clubs.club.dropna().astype(int)
    notes = []
    out = [region for region in clubs.club.index if region not in member.index]
    if out:
        notes.append(f"{plural(len(out), 'region')} in no club left out: {first(out)}")
    absent = [region for region in member.index if region not in panel.regions]
    if absent:
        raise MissingDataError(
            f"the panel lacks {plural(len(absent), 'region')} that are in clubs: {first(absent)}. Pass the panel that "
            "the clubs are of, or one with all their regions."
        )
    kinds = sorted(member.unique())
    if len(kinds) < 2:
        raise DataError(f"there is nothing to explain: all {len(member):,} regions in clubs are in one. See sc.log_t.")
    regions = list(member.index)
    X = {name: panel.values(name, regions=regions, periods=[when], log=name in logs)[0] for name in columns}
    weights_said = None
    if w is not None:
        aligned = align(w, pd.Index(regions))
        number_of = member.to_numpy(dtype=float)
        sums = np.asarray(aligned.matrix.sum(axis=1)).ravel()
        alone = sums == 0
        mean = np.divide(aligned.matrix @ number_of, sums, out=np.full(len(regions), number_of.mean()), where=~alone)
        X[NEIGHBOURS] = mean
        weights_said = aligned.summary
        notes.append(f"{NEIGHBOURS} is made of outcomes: its standard error takes the neighbours' clubs as given")
        if alone.any():
            who = [r for r, a in zip(regions, alone, strict=True) if a]
            notes.append(
                f"{plural(len(who), 'region')} without a neighbour in a club has the mean of all: {first(who)}"
            )
    frame = pd.DataFrame(X, index=member.index)
    fit = _fit(frame, member, kinds)
    K = frame.shape[1]
    scale = frame.std(ddof=0)
    raw = np.asarray(fit.params, dtype=float)
    params = pd.Series(raw[:K], index=frame.columns) / scale
    errors = pd.Series(np.asarray(fit.bse, dtype=float)[:K], index=frame.columns) / scale
    cuts = np.asarray(fit.model.transform_threshold_params(raw))[1:-1]
    shift = float((params * frame.mean()).sum())
    shown = pd.Series(cuts + shift, index=pd.Index(kinds[:-1], name="up to club"), name="threshold")
    probabilities = _probabilities(frame.to_numpy() @ params.to_numpy(), shown.to_numpy())
    slopes = _slopes(frame.to_numpy() @ params.to_numpy(), shown.to_numpy()).mean(axis=0)
    effects = pd.DataFrame(np.outer(params, slopes), index=frame.columns, columns=pd.Index(kinds, name="club"))
    share_of = member.value_counts().to_numpy() / len(member)
    null = float(len(member) * (share_of * np.log(share_of)).sum())
    lr = 2 * (float(fit.llf) - null)
    if len(member) < 10 * K:
        notes.append(
            f"{len(member):,} regions for {plural(K, 'regressor')}: z and p of a logit want ten a regressor or more"
        )
    options = {"x": columns, "log": logs, "period": when, "neighbours": w is not None, "level": share}
    return ClubExplanation(
        params=params.rename("estimate"),
        std_errors=errors.rename("std_error"),
        thresholds=shown,
        effects=effects,
        probabilities=pd.DataFrame(probabilities, index=member.index, columns=pd.Index(kinds, name="club")),
        club=member,
        regressors=frame,
        loglik=float(fit.llf),
        lr=lr,
        lr_df=K,
        lr_p=float(stats.chi2.sf(lr, K)),
        mcfadden=1 - float(fit.llf) / null,
        level=share,
        period=when,
        what=clubs.what,
        notes=merge_notes(panel.notes, notes),
        provenance=Provenance("explain_clubs", options, len(member), 1, weights_said),
    )


def _fit(frame: pd.DataFrame, member: pd.Series, kinds: list[int]) -> Any:
    scale = frame.std(ddof=0)
    flat = [name for name in frame.columns if not scale[name] > 1e-12 * np.abs(frame[name]).max()]
    if flat:
        raise SingularDesignError(f"{first(flat)} is the same in all regions in clubs; leave it out.")
    standard = ((frame - frame.mean()) / scale).to_numpy()
    if np.linalg.matrix_rank(standard) < frame.shape[1]:
        raise SingularDesignError(f"the regressors {first(list(frame.columns))} are collinear; leave one out.")
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    codes = pd.Categorical(member, categories=kinds, ordered=True).codes
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        model = OrderedModel(codes.astype(int), standard, distr="logit")
        try:
            start = model.fit(method="bfgs", maxiter=500, disp=False)
            fit = model.fit(start_params=start.params, method="newton", maxiter=100, disp=False)
        except np.linalg.LinAlgError:
            fit = start
        own = _own_probabilities(fit, standard, codes)
    gone = not np.isfinite(fit.params).all() or np.abs(fit.params[: frame.shape[1]]).max() > LARGE
    if gone or own.min() > 1 - SEPARATED:
        raise ModelError(
            f"{first(list(frame.columns))} separate the clubs: with large enough coefficients every region has its own "
            "club for certain, and the likelihood has no maximum. Take fewer regressors, or compare means by club."
        )
    return fit


def _own_probabilities(fit: Any, standard: FloatArray, codes: Any) -> FloatArray:
    raw = np.asarray(fit.params, dtype=float)
    cuts = np.asarray(fit.model.transform_threshold_params(raw))[1:-1]
    return np.asarray(_probabilities(standard @ raw[: standard.shape[1]], cuts)[np.arange(len(codes)), codes])


def _probabilities(index: FloatArray, cuts: FloatArray) -> FloatArray:
    below = stats.logistic.cdf(cuts[None] - index[:, None])
    return np.asarray(np.diff(below, axis=1, prepend=0.0, append=1.0))


def _slopes(index: FloatArray, cuts: FloatArray) -> FloatArray:
    """Return the derivative of each club's probability in the index."""
    height = stats.logistic.pdf(cuts[None] - index[:, None])
    return np.asarray(-np.diff(height, axis=1, prepend=0.0, append=0.0))
