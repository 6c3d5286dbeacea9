"""What all specifications together say."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from spatialconv._core.dispersion.variance_shares import AXES_AT_MOST, decompose
from spatialconv._doors import door
from spatialconv._multiverse._grid import Grid
from spatialconv._multiverse._source import term
from spatialconv._multiverse._specification import AXES, MODELS, Specification
from spatialconv._options import choice, whole
from spatialconv.convergence.beta.beta import BetaConvergence, beta
from spatialconv.errors import OptionError, SpatialConvWarning
from spatialconv.models.estimation.fit import fit_panel
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.results import Provenance, Result, merge_notes, number

if TYPE_CHECKING:
    from spatialconv._multiverse._joint import JointTest
    from spatialconv._multiverse._probabilities import PathProbabilities
    from spatialconv.models.posterior.probabilities import Prior

Null = Literal["shuffle", "histories"]
Of = Literal["estimate", "speed", "statistic", "rho"]
COLUMNS = (
    *("estimate", "std_error", "statistic", "p_value", "p_bootstrap", "conf_low", "conf_high"),
    *("rho", "lambda", "sigma2"),
    *("speed", "speed_error", "half_life", "loglik", "aic", "nobs", "n_regions", "n_periods", "approach", "at_bound"),
)


@dataclass(frozen=True, eq=False, repr=False)
class Multiverse(Result):
    """All specifications of one question with their estimates.

    Attributes
    ----------
    grid : Grid
        The specifications and what their names stand for.
    table : DataFrame
        One row a specification, in the order of the grid: the choice on every axis, `status` (estimated, same,
        impossible), `estimate`, `std_error`, `statistic`, `p_value`, `p_bootstrap`, `conf_low`, `conf_high`, `rho`,
        `lambda`, `sigma2`, `speed`, `speed_error`, `half_life`, `loglik`, `aic`, `nobs`, `n_regions`, `n_periods`,
        `approach` (the correction that was applied), `at_bound`, `reason`.
    level : float
        Of the intervals.
    preferred : int or None
        Row of the preferred specification.
    bootstrap : int
        Samples behind each `p_bootstrap`, 0 where there are none.
    """

    grid: Grid
    table: pd.DataFrame
    level: float
    preferred: int | None
    bootstrap: int
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def term(self) -> str:
        """Name of the coefficient in question."""
        return term(self.grid)

    @cached_property
    def estimated(self) -> pd.DataFrame:
        """Rows of the specifications that could be estimated, each model once."""
        return self.table[self.table["status"] == "estimated"]

    @cached_property
    def shares(self) -> dict[str, Any]:
        """Counts of specifications, and shares of those estimated.

        `negative`, `significant` (p below 1 - level), `negative_significant`, `positive_significant`. An estimate on
        the bound has no standard error and counts as not significant; `at_bound` says how many there are.
        `significant_bootstrap` is there where a bootstrap was asked for.
        """
        rows, status = self.estimated, self.table["status"].value_counts()
        significant = rows["p_value"] <= 1 - self.level
        counts = {
            "specifications": len(self.table),
            **{word: int(status.get(word, 0)) for word in ("estimated", "same", "impossible")},
            "at_bound": int((rows["at_bound"] != "").sum()),
            "negative": float((rows["estimate"] < 0).mean()),
            "significant": float(significant.mean()),
            "negative_significant": float((significant & (rows["estimate"] < 0)).mean()),
            "positive_significant": float((significant & (rows["estimate"] > 0)).mean()),
        }
        if self.bootstrap:
            counts["significant_bootstrap"] = float((rows["p_bootstrap"] <= 1 - self.level).mean())
        return counts

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Median, range and quantiles of estimate, speed, half-life and rho over the specifications estimated.

        `defined` counts the rows that have the figure: a speed needs 1 + h beta > 0, a half-life a positive speed.
        """
        rows = {of: self._spread(self.estimated[of]) for of in ("estimate", "speed", "half_life", "rho")}
        kept = [of for of in rows if of == "estimate" or rows[of]["defined"]]
        return pd.DataFrame({of: rows[of] for of in kept}).T

    @staticmethod
    def _spread(values: pd.Series) -> dict[str, float]:
        known = values.dropna()
        places = {"median": 0.5, "min": 0.0, "max": 1.0, "q05": 0.05, "q25": 0.25, "q75": 0.75, "q95": 0.95}
        quantiles = {name: float(known.quantile(q)) if len(known) else np.nan for name, q in places.items()}
        return {"defined": float(len(known)), **quantiles}

    @property
    def varied(self) -> tuple[str, ...]:
        """Axes on which the specifications estimated differ."""
        return tuple(axis for axis in AXES if self.estimated[axis].nunique() > 1)

    def by(self, axis: str) -> pd.DataFrame:
        """Return one row a choice on an axis: how many were estimated, median and range, shares of signs and tests."""
        choice("axis", axis, AXES)
        rows = self.estimated
        significant = rows["p_value"] <= 1 - self.level
        table = rows.assign(negative=rows["estimate"] < 0, significant=significant).groupby(axis, sort=False)
        found = table["estimate"].agg(["size", "median", "min", "max"]).rename(columns={"size": "estimated"})
        return found.assign(negative=table["negative"].mean(), significant=table["significant"].mean())

    def decomposition(self, of: Of = "estimate") -> pd.DataFrame:
        """Say which choice moves a figure most: shares of its variance over the specifications, by axis.

        Parameters
        ----------
        of : {"estimate", "speed", "statistic", "rho"}
            Which figure; rows where it is undefined are left out.

        Returns
        -------
        DataFrame
            A row an axis that varies, most important first. `main`: Shapley share of the additive fit, which needs no
            order of the axes and adds up to its R2 (the row `interactions` holds the rest). `type_ii`: what the axis
            adds to all others. `total`: what still varies where all other choices are held fixed, interactions
            included. On a balanced grid main and type II are the same; where combinations are impossible they differ,
            and total understates an axis whose choices seldom meet within the same other choices.

        References
        ----------
        Owen (2014), Sobol' indices and Shapley value, SIAM/ASA Journal on Uncertainty Quantification 2(1). Homma and
        Saltelli (1996), Reliability Engineering and System Safety 52.
        """
        choice("of", of, Of)
        rows = self.estimated[np.isfinite(self.estimated[of].to_numpy(dtype=float))]
        varied = [axis for axis in AXES if rows[axis].nunique() > 1]
        if len(varied) > AXES_AT_MOST or not varied:
            return pd.DataFrame(columns=["choices", "main", "type_ii", "total"]).rename_axis("axis")
        codes = np.stack([pd.factorize(rows[axis])[0] for axis in varied], axis=1)
        found = decompose(rows[of].to_numpy(dtype=float), codes.astype(np.intp))
        table = pd.DataFrame(
            {
                "choices": [rows[axis].nunique() for axis in varied],
                "main": found.shapley,
                "type_ii": found.type_ii,
                "total": found.total,
            },
            index=pd.Index(varied, name="axis"),
        ).sort_values("main", ascending=False, kind="stable")
        table.loc["interactions", "main"] = 1 - found.additive
        return table

    def joint_test(
        self,
        *,
        draws: int = 500,
        null: Null | int | Specification = "shuffle",
        jobs: int = 1,
        seed: int | np.random.Generator | None = None,
        progress: bool = False,
    ) -> JointTest:
        """Ask whether all specifications together say more than they would without any convergence.

        One specification in twenty is significant by chance, and many specifications share their luck, and their
        bias. Data without convergence are made, levels rebuilt from the first one on, and all specifications
        estimated on each of them.

        Parameters
        ----------
        draws : int
            Data sets without convergence; 19 at least.
        null : {"shuffle", "histories"} or a specification (or its row)
            "shuffle" permutes the growth of each period among the regions: growth is pure chance, independent over
            regions and periods, with the shocks that all share kept. "histories" permutes whole histories of growth,
            which keeps dependence over time; whatever pulls a region back to its own past (what region effects look
            at) then belongs to the null. A specification, in which beta is zero: its rho, controls and effects are
            estimated without beta and its residuals drawn anew, which keeps dependence between neighbours. With
            `focus` outcomes are permuted in the same ways.
        jobs, seed, progress
            As in `multiverse`. Lag models and least squares run as one array a specification; others, and robust
            covariances, are fitted draw by draw, which takes a few milliseconds each.

        Returns
        -------
        JointTest
            `.statistics` (median estimate, share significant in the direction, Stouffer's z: observed, what the null
            gives, p), `.null` (a row a draw), `.by_specification` (each row's p-value under the same null).

        Notes
        -----
        p-values are (1 + draws as extreme) / (1 + draws). Under "shuffle" and growth that is exchangeable the tests are
        exact; the share significant takes few values where specifications are few, and its ties make it cautious.

        Raises
        ------
        OptionError
            If a variant of the data holds other levels and is no function, or the null does not cover the panel.

        References
        ----------
        Simonsohn, Simmons and Nelson (2020), Specification curve analysis, Nature Human Behaviour 4, 1208-1214.
        """
        joint_test = door("Multiverse.joint_test")
        found: JointTest = joint_test(self, draws=draws, null=null, jobs=jobs, seed=seed, progress=progress)
        return found

    def probabilities(
        self,
        *,
        prior: Prior = "g",
        g: float | None = None,
        level: float | None = None,
        draws: int = 9999,
        seed: int = 0,
    ) -> PathProbabilities:
        """Say how probable each path is, given the data, and average beta and speed over the paths.

        Counting paths gives each the same say, however badly it explains growth. Here their say is their posterior
        probability, as in `spatialconv.model_probabilities`, with controls that may differ too.

        Parameters
        ----------
        prior, g
            As in `spatialconv.model_probabilities`; g is one for all paths of a group, that of the largest of them.
        level : float, optional
            Of the intervals; that of the multiverse by default.
        draws, seed : int
            Draws from the posterior, for the intervals of averages.

        Returns
        -------
        PathProbabilities
            `.table` (a row a path: probability, posterior mean and deviation beside the estimate), `.averages` (a row
            a group), `.by()`.

        Raises
        ------
        OptionError
            If no path has a density.

        Notes
        -----
        Densities compare where outcome and observations are the same, so that probabilities add up to one within each
        group of one data, sample, horizon, effects and approach. Models are alike beforehand, and so are the weights
        and controls within each. Rows that differ in their standard errors alone are one model and share its
        probability. Rows with two spatial coefficients, random effects or splm's approach have none.

        References
        ----------
        LeSage, J. P. and Fischer, M. M. (2008) Spatial growth regressions: model specification, estimation and
        interpretation. Spatial Economic Analysis 3(3), 275-304.
        """
        probabilities = door("Multiverse.probabilities")
        found: PathProbabilities = probabilities(self, prior=prior, g=g, level=level, draws=draws, seed=seed)
        return found

    def reasons(self) -> pd.Series:
        """Return how many specifications each reason made impossible, the commonest first."""
        lost = self.table[self.table["status"] == "impossible"]
        return lost["reason"].value_counts().rename("specifications")

    def fit(self, row: int) -> BetaConvergence | PanelFit:
        """Return the full result of one row: that of `beta` (or `fit_panel`) called alone."""
        spec = self.grid.specs[whole("row", row)] if row < len(self.table) else None
        if spec is None:
            raise OptionError(f"the multiverse has rows 0 to {len(self.table) - 1}; got {row}.")
        return refit(self.grid, spec, self.level)

    def tidy(self) -> pd.DataFrame:
        """Return one row a specification: term, choices, and the columns of `table`."""
        return self.table.reset_index().assign(term=self.term)[["term", "specification", *self.table.columns]]

    def glance(self) -> pd.DataFrame:
        """Return one row: counts, shares, median and range of estimate and speed."""
        found = self.summary.loc["estimate"]
        row = {"variable": self.grid.variable, "term": self.term, **self.shares}
        row |= {name: found[name] for name in ("median", "min", "max")}
        if "speed" in self.summary.index:
            row |= {f"speed_{name}": self.summary.loc["speed", name] for name in ("median", "min", "max")}
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.decomposition()

    def _headline(self) -> list[str]:
        what = (
            f"beta convergence of {self.grid.variable}"
            if self.grid.focus is None
            else (f"{self.grid.focus} in {self.grid.variable}")
        )
        counts = self.shares
        title = f"Multiverse of {what}: {counts['specifications']:,} specifications, {counts['estimated']:,} estimated"
        left = [f"{counts[word]:,} {text}" for word, text in _LEFT.items() if counts[word]]
        lines = [title + (f" ({'; '.join(left)})" if left else ""), self._spread_line(), self._share_line()]
        return [*lines, *self._speed_line(), *self._axes_line(), *self._preferred_line()]

    def _spread_line(self) -> str:
        s = self.summary.loc["estimate"]
        name = "beta" if self.grid.focus is None else self.grid.focus
        return (
            f"  {name}: median {number(s['median'])}, from {number(s['min'])} to {number(s['max'])} (nine in ten "
            f"between {number(s['q05'])} and {number(s['q95'])})"
        )

    def _share_line(self) -> str:
        c = self.shares
        percent = number(100 * (1 - self.level), 3).rstrip("0").rstrip(".")
        bound = f"; {c['at_bound']:,} on a bound, without standard error" if c["at_bound"] else ""
        boot = f", by the bootstrap in {_percent(c['significant_bootstrap'])}" if self.bootstrap else ""
        return (
            f"  negative in {_percent(c['negative'])}; significant at {percent} % in {_percent(c['significant'])} "
            f"({_percent(c['negative_significant'])} negative, {_percent(c['positive_significant'])} positive)"
            f"{boot}{bound}"
        )

    def _speed_line(self) -> list[str]:
        if "speed" not in self.summary.index:
            return []
        s = self.summary.loc["speed"]
        missing = len(self.estimated) - int(s["defined"])
        lost = f", undefined in {missing:,}" if missing else ""
        return [f"  speed: median {number(s['median'])}, from {number(s['min'])} to {number(s['max'])}{lost}"]

    def _axes_line(self) -> list[str]:
        table = self.decomposition().drop(index="interactions", errors="ignore").dropna()
        if table.empty:
            return []
        moved = [f"{axis} {_percent(r['main'])} ({_percent(r['total'])})" for axis, r in table.head(4).iterrows()]
        return [f"  what moves it, share of variance alone (with interactions): {', '.join(moved)}"]

    def _preferred_line(self) -> list[str]:
        if self.preferred is None:
            return []
        row = self.table.loc[self.preferred]
        if not np.isfinite(row["estimate"]):
            return [f"  preferred (row {self.preferred}): not estimated; {row['reason']}"]
        below = float((self.estimated["estimate"] < row["estimate"]).mean())
        return [
            f"  preferred (row {self.preferred}): {number(row['estimate'])}; {_percent(below)} of the specifications "
            "estimated lie below it"
        ]


_LEFT = {"same": "the same model as another", "impossible": "impossible"}


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share in (0.0, 1.0) or 0.005 <= share <= 0.995 else f"{100 * share:.1f} %"


def build(
    grid: Grid, rows: pd.DataFrame, level: float, preferred: int | None, bootstrap: int, seed: int | None
) -> Multiverse:
    """Put choices and estimates together; a row that repeats a model takes the figures of the first."""
    known = grid.table
    status = known["status"].replace("ready", "estimated")
    found = ~rows["estimate"].isna().to_numpy()
    status = status.where((status != "estimated") | found, "impossible")
    if not (status == "estimated").any():
        reasons = pd.concat([known["reason"], rows["reason"]]).replace("", np.nan).dropna()
        raise OptionError(
            f"none of the {len(grid):,} specifications could be estimated; the commonest reason: "
            f"{reasons.value_counts().index[0]}"
        )
    source = np.array([k if of < 0 else of for k, of in enumerate(grid.same_as)])
    filled = rows.iloc[source].reset_index(drop=True)
    # What repeats an impossible row is impossible too, for the same reason.
    lost = (status == "same") & ~found[source]
    status = status.where(~lost, "impossible")
    reason = known["reason"].where((known["reason"] != "") & ~lost, filled["reason"])
    table = known.drop(columns=["status", "reason"]).assign(status=status)
    table = pd.concat([table, filled[list(COLUMNS)]], axis=1).assign(reason=reason).rename_axis("specification")
    options: dict[str, Any] = {"variable": grid.variable, "focus": grid.focus, "level": level, "bootstrap": bootstrap}
    options["axes"] = _choices(grid)
    first_panel = next(iter(grid.data.values()))
    provenance = Provenance("multiverse", options, first_panel.n_regions, first_panel.n_periods, seed=seed)
    return Multiverse(grid, table, level, preferred, bootstrap, _notes(grid, table), provenance)


def _choices(grid: Grid) -> dict[str, list[Any]]:
    return {axis: list(dict.fromkeys(grid.table[axis])) for axis in AXES}


def _notes(grid: Grid, table: pd.DataFrame) -> tuple[str, ...]:
    lost = table[table["status"] == "impossible"]["reason"].value_counts()
    said = [f"impossible in {count:,}: {_short(str(reason))}" for reason, count in lost.head(3).items()]
    if len(lost) > 3:
        said.append(f"{len(lost) - 3} more reasons, {int(lost.iloc[3:].sum()):,} specifications: see .reasons()")
    approaches = table[table["status"] == "estimated"]["approach"].nunique()
    samples = table[table["status"] == "estimated"]["nobs"].nunique()
    if approaches > 1 or samples > 1:
        said.append("log-likelihood and AIC compare within one sample, horizon and approach only")
    return merge_notes(grid.notes, said)


def _short(reason: str) -> str:
    """Return what is wrong, without what to do about it."""
    said = reason.split(". ")[0].split(": ")[0].rstrip(".")
    return said if len(said) <= 120 else said[:119] + "…"


def refit(grid: Grid, spec: Specification, level: float) -> BetaConvergence | PanelFit:
    """Estimate one specification through the public door."""
    panel = grid.samples[spec.sample].of(grid.data[spec.data])
    spatial, durbin = MODELS[spec.model]
    options: dict[str, Any] = {"effects": spec.effects, "correction": spec.correction, "vcov": spec.vcov}
    options["missing"] = grid.missing
    w = grid.weights[spec.weights] if spec.uses_weights else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpatialConvWarning)
        if grid.focus is not None:
            x = (grid.focus, *spec.controls)
            return fit_panel(panel, grid.variable, x, w, spatial=spatial, durbin=durbin, **options)
        return beta(
            panel,
            grid.variable,
            w,
            controls=spec.controls,
            horizon=spec.horizon,
            overlapping=grid.overlapping,
            controls_at=grid.controls_at,
            spatial=spatial,
            durbin=durbin,
            level=level,
            **options,
        )
