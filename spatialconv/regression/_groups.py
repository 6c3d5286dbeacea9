"""The same regression in groups of regions, and whether the groups differ."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from spatialconv._core.regression.absorb import absorb, heterogeneity, rank_of_effects, slopes
from spatialconv._core.regression.least_squares import collinear_columns
from spatialconv._options import choice, count_of, first, generator, names, probability
from spatialconv.convergence.dispersion.sample import Groups, groups_of
from spatialconv.errors import ModelError, OptionError
from spatialconv.panel import FloatArray, Panel
from spatialconv.regression._fit import FixedVcov, fit_sample
from spatialconv.regression._result import FixedEffects
from spatialconv.regression._sample import FixedKind, Sample, sample_of
from spatialconv.results import HypothesisTest, Provenance, Result, merge_notes, number, p_value, plural

IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False, repr=False)
class GroupedRegression(Result):
    """One regression a group of regions (`fits`), the coefficient in question by group (`table`), and `tests`.

    Attributes
    ----------
    term : str
        The coefficient in question.
    fits : mapping of group to FixedEffects
    table : DataFrame
        One row a group: n_regions, nobs, and the estimate of `term` with error, t, p and interval.
    tests : tuple of HypothesisTest
        That `term` is the same in all groups (Wald), that all slopes are (Chow's F), and, if drawn, the first by
        permutation of the regions.
    """

    y: str
    term: str
    effects: str
    fits: Mapping[Hashable, FixedEffects]
    table: pd.DataFrame
    tests: tuple[HypothesisTest, ...]
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a group and term."""
        each = {group: fit.tidy() for group, fit in self.fits.items()}
        return pd.concat(each, names=["group"]).reset_index(level=0).reset_index(drop=True)

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, and p of each test."""
        row: dict[str, Any] = {
            "y": self.y,
            "term": self.term,
            "effects": self.effects,
            "n_groups": len(self.fits),
            "nobs": int(self.table["nobs"].sum()),
        }
        row |= {f"p {test.name}": test.p_value for test in self.tests}
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        effects = "no effects" if self.effects == "none" else f"{self.effects} effects"
        lines = [f"Regression of {self.y} by group ({effects}): {self.term} in {plural(len(self.fits), 'group')}"]
        for group, row in self.table.iloc[:7].iterrows():
            lines.append(
                f"  {group} ({plural(int(row['n_regions']), 'region')}): {number(row['estimate'])} "
                f"[{number(row['conf_low'])}, {number(row['conf_high'])}] ({p_value(row['p_value'])})"
            )
        if len(self.table) > 7:
            lines.append(f"  and {len(self.table) - 7} more, see .table")
        said = "; ".join(f"{test.name} {test.reason or p_value(test.p_value)}" for test in self.tests)
        return [*lines, f"  the same in all groups: {said}"]


def fixed_effects_by_group(
    panel: Panel,
    y: str,
    x: str | Iterable[str],
    *,
    groups: Any,
    effects: FixedKind = "time",
    vcov: FixedVcov = "cluster",
    permutations: int = 999,
    seed: int | np.random.Generator | None = 0,
    level: float = 0.95,
) -> GroupedRegression:
    """Run the same regression in each group of regions, and test whether the groups differ.

    Use it instead of comparing stars: that a coefficient is significant in one group and not in another says nothing
    of the difference between them.

    Parameters
    ----------
    panel : Panel
    y : str
        Outcome.
    x : str or names
        Regressors; the first is the one in question.
    groups : str, mapping or Series
        The group of each region: a column that does not change over time, or region to group.
    effects : {"time", "none", "region", "two-way"}
        Each group has effects of its own.
    vcov : {"cluster", "robust", "driscoll-kraay", "unadjusted"}
        See `fixed_effects`. Groups of a few regions have too few clusters: trust the permutation test then.
    permutations : int
        How often regions are dealt anew to groups of the same sizes; 0 for none.
    seed : int, Generator or None
    level : float

    Returns
    -------
    GroupedRegression

    Raises
    ------
    OptionError
        If there is one group only.
    SingularDesignError, AbsorbedVariableError
        If a group is too small for the regression, or a regressor does not vary in it; the group is named.

    Notes
    -----
    Groups share no region, so their estimates are independent and Wald's statistic that b_1 = ... = b_G is
    ``sum_g (b_g - b)^2 / v_g`` with b the precision-weighted mean, chi-square with G - 1 degrees of freedom. It is that
    of the regression on all regions with interactions. Clustered variances of groups with few regions make it reject
    too often: in 300 samples of seven groups of three to six regions over nine periods, without any difference, the
    nominal 5 % test rejects in 41 % (Chow's F in 2 %, the permutation test in 4 %). Chow's F compares sums of squares
    with common and separate slopes, each group keeping its effects; it supposes errors alike and independent. The
    permutation test deals whole histories of regions, uses unadjusted variances in the statistic, and holds if
    regions are exchangeable under the null: p = (1 + draws at least as large) / (1 + draws).

    References
    ----------
    Chow, G. C. (1960) Tests of equality between sets of coefficients in two linear regressions. Econometrica 28,
    591-605. Gelman, A. and Stern, H. (2006) The difference between "significant" and "not significant" is not itself
    statistically significant. American Statistician 60, 328-331.

    Examples
    --------
    >>> import spatialconv as sc
    >>> panel = sc.datasets.munnell()
    >>> south = {s: "south" if s in ("TEXAS", "GEORGIA", "ALABAMA", "FLORIDA") else "rest" for s in panel.regions}
    >>> by = sc.fixed_effects_by_group(panel, "log_gsp", ["log_emp", "log_pc"], groups=south, permutations=99)
    >>> by.table["n_regions"].to_dict()
    {'rest': 44, 'south': 4}
    """
    choice("effects", effects, get_args(FixedKind))
    choice("vcov", vcov, get_args(FixedVcov))
    probability("level", level)
    count_of("permutations", permutations)
    columns = names("x", x)
    sample = sample_of(panel, y, columns)
    split = groups_of(panel, groups)
    if len(split.labels) < 2:
        raise OptionError(f"groups tells one group only, {first(list(split.labels))}; take sc.fixed_effects.")
    fits = {}
    for g, label in enumerate(split.labels):
        fits[label] = _one(_rows(sample, split.codes[sample.region] == g), label, effects, vcov, level)
    term = columns[0]
    rows = {label: {"n_regions": fit.n_regions, "nobs": fit.nobs, **fit.table.loc[term]} for label, fit in fits.items()}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")
    table[["n_regions", "nobs"]] = table[["n_regions", "nobs"]].astype(int)
    rng, used = generator(seed)
    tests = [_wald(term, table), _chow(sample, split, fits, effects)]
    if permutations:
        tests.append(_permuted(sample, split, effects, term, permutations, rng))
    notes = [f"{label}: {note}" for label, fit in fits.items() for note in fit.notes if note not in sample.notes]
    options = {
        "y": y,
        "x": columns,
        "groups": split.name,
        "effects": effects,
        "vcov": vcov,
        "permutations": permutations,
    }
    return GroupedRegression(
        y, term, effects, fits, table, tuple(tests), merge_notes(sample.notes, _shortened(notes)),
        Provenance("fixed_effects_by_group", options, sample.n_regions, sample.n_periods, seed=used),
    )  # fmt: skip


def _rows(sample: Sample, keep: npt.NDArray[np.bool_]) -> Sample:
    return Sample(
        sample.y[keep], sample.X[keep], sample.y_name, sample.names, sample.region[keep], sample.period[keep],
        sample.regions, sample.periods, sample.notes,
    )  # fmt: skip


def _one(rows: Sample, label: Hashable, effects: FixedKind, vcov: FixedVcov, level: float) -> FixedEffects:
    if len(rows.y) == 0:
        raise ModelError(f"group {label!r} has no complete observation; leave it out by panel.subset().")
    try:
        return fit_sample(rows, effects, vcov, level=level)
    except ModelError as error:
        raise type(error)(f"group {label!r} ({plural(rows.n_regions, 'region')}): {error}") from error


def _shortened(notes: list[str]) -> list[str]:
    few = [note for note in notes if "clustered by" in note]
    rest = [note for note in notes if note not in few]
    if few:
        labels = [note.split(":")[0] for note in few]
        rest.append(f"errors clustered by too few regions, and so too small, in {first(labels)}")
    return rest


_NULL, _ALTERNATIVE = "is the same in all groups", "differs between groups"


def _wald(term: str, table: pd.DataFrame) -> HypothesisTest:
    name, df = "Wald", float(len(table) - 1)
    variances = table["std_error"].to_numpy() ** 2
    if not (np.isfinite(variances) & (variances > 0)).all():
        bad = list(table.index[~(variances > 0)])
        reason = f"undefined: no variance of {term} in {first(bad)}"
        return HypothesisTest(name, f"{term} {_NULL}", f"{term} {_ALTERNATIVE}", np.nan, np.nan, "chi2", df, reason)
    statistic = heterogeneity(table["estimate"].to_numpy(), variances)
    p = float(stats.chi2.sf(statistic, df))
    return HypothesisTest(name, f"{term} {_NULL}", f"{term} {_ALTERNATIVE}", statistic, p, "chi2", df)


def _chow(sample: Sample, split: Groups, fits: Mapping[Hashable, FixedEffects], effects: FixedKind) -> HypothesisTest:
    """Compare common with separate slopes; intercepts and effects are each group's own under both."""
    codes = _own_effects(sample, split.codes[sample.region], effects)
    Z = absorb(np.column_stack([sample.y, sample.X]), codes)
    restricted = slopes(Z[:, 0], Z[:, 1:])[1]
    full = sum(float(np.nansum(fit.residuals.to_numpy() ** 2)) for fit in fits.values())
    k, G = len(sample.names), len(fits)
    taken = sum(rank_of_effects([c[split.codes[sample.region] == g] for c in codes]) for g in range(G))
    freed, left = k * (G - 1), len(sample.y) - taken - k * G
    F = (restricted - full) / freed / (full / left)
    p = float(stats.f.sf(F, freed, left))
    return HypothesisTest(
        "Chow F", f"every slope {_NULL}", f"some slope {_ALTERNATIVE}", F, p, f"F({freed}, {left})"
    )  # fmt: skip


def _own_effects(sample: Sample, group: IntArray, effects: FixedKind) -> list[IntArray]:
    """Return the codes of effects that every group has for itself; without effects, of the groups' intercepts."""
    if effects == "none":
        return [group]
    found = [sample.region] if effects in ("region", "two-way") else []
    if effects in ("time", "two-way"):
        found.append(group * len(sample.periods) + sample.period)
    return found


def _permuted(
    sample: Sample, split: Groups, effects: FixedKind, term: str, draws: int, rng: np.random.Generator
) -> HypothesisTest:
    Z = np.column_stack([sample.y, sample.X])
    present = np.unique(sample.region)
    # Effects of regions are the same however regions are dealt; those of a complete sample need no second round.
    complete = len(Z) == sample.n_regions * sample.n_periods
    if complete and effects == "two-way":
        Z = absorb(Z, [sample.region])
    sets: FixedKind = "time" if complete and effects == "two-way" else effects
    taken_regions = effects == "two-way" and complete
    observed = _statistic(Z, sample, split.codes, sets, taken_regions)
    drawn = np.empty(draws)
    for draw in range(draws):
        dealt = split.codes.copy()
        dealt[present] = rng.permutation(split.codes[present])
        drawn[draw] = _statistic(Z, sample, dealt, sets, taken_regions)
    # Of an incomplete sample a draw may leave a group too little to estimate anything.
    undefined = int(np.isnan(drawn).sum())
    larger = int((drawn >= observed * (1 - 1e-12)).sum())
    p = (1 + larger) / (1 + draws - undefined)
    said = f"{draws:,} permutations" + (f", {undefined} of them undefined" if undefined else "")
    null = f"{term} {_NULL}"
    return HypothesisTest("permutation", null, f"{term} {_ALTERNATIVE}", observed, p, said)


def _statistic(Z: FloatArray, sample: Sample, codes: IntArray, effects: FixedKind, taken_regions: bool) -> float:
    group = codes[sample.region]
    own = _own_effects(sample, group, effects)
    Z = absorb(Z, own)
    estimates, variances = [], []
    for g in range(int(codes.max()) + 1):
        rows = group == g
        taken = rank_of_effects([c[rows] for c in own]) + taken_regions * (len(np.unique(sample.region[rows])) - 1)
        left = int(rows.sum()) - taken - Z.shape[1] + 1
        if left < 1 or len(collinear_columns(Z[rows, 1:])):
            return float("nan")
        beta, squares, diagonal = slopes(Z[rows, 0], Z[rows, 1:])
        estimates.append(beta[0])
        variances.append(squares / left * diagonal[0])
    return heterogeneity(np.array(estimates), np.array(variances))
