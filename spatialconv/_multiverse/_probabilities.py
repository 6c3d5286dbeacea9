"""Posterior probabilities of the paths of a multiverse, and averages of beta and speed over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from spatialconv._core.likelihood.effects import Projection, projection
from spatialconv._core.posterior.marginal import Posterior
from spatialconv._multiverse._result import Multiverse
from spatialconv._multiverse._source import Source, outcome, source
from spatialconv._multiverse._specification import NO_CONTROLS, Specification
from spatialconv._options import Correction, choice, count_of, probability, seed_of
from spatialconv.convergence.beta.beta import speeds_between
from spatialconv.errors import OptionError, SpatialConvError
from spatialconv.models.posterior.probabilities import Prior, posterior_of, size_of
from spatialconv.models.specification.design import Design, check, complete
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.results import TIDY, Provenance, Result, merge_notes, number, one_line, plural
from spatialconv.weights import Aligned

# Densities compare where outcome and observations are the same: within these choices.
WITHIN = ("data", "sample", "horizon", "effects", "approach")
# More than one spatial coefficient is not integrated here.
ONE = ("none", "slx", "lag", "sdm", "error", "sdem")
_SHOWN = 4


@dataclass(frozen=True, eq=False, repr=False)
class PathProbabilities(Result):
    """How probable each path of a multiverse is among those that explain the same outcomes, and averages over them.

    Attributes
    ----------
    table : DataFrame
        One row a specification, as the multiverse has them: the choice on every axis, `approach`, `group` (a row of
        `averages`, -1 where there is no probability), `prior`, `probability` (1 in every group), `log_marginal`,
        `estimate` of the multiverse, posterior `mean` and `sd` of the coefficient in question, and `reason`.
    averages : DataFrame
        One row a group, the choices within which densities compare: `specifications`, `estimate` (posterior mean of the
        coefficient), `std_error` (standard deviation), `conf_low`, `conf_high`, and of growth regressions `speed`,
        `speed_low`, `speed_high`, `half_life`, `half_life_low`, `half_life_high` (medians and quantiles of draws).
    term : the coefficient in question
    prior : "g" or "diffuse"
    level : of the intervals
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    averages: pd.DataFrame
    term: str
    prior: Prior
    level: float
    notes: tuple[str, ...]
    provenance: Provenance

    def by(self, axis: str) -> pd.Series:
        """Return the probability of each choice on an axis within each group, indexed by group and choice."""
        rows = self.table[self.table["group"] >= 0]
        choice("axis", axis, [c for c in rows.columns[: rows.columns.get_loc("approach")] if c not in WITHIN])
        return rows.groupby(["group", axis], sort=False)["probability"].sum()

    def tidy(self) -> pd.DataFrame:
        """Return one row a group: term, estimate, std_error, conf_low, conf_high, beside its choices."""
        return self.averages.reset_index().assign(term=self.term).reindex(columns=[*TIDY, "group", *WITHIN])

    def glance(self) -> pd.DataFrame:
        """Return one row: paths, groups, and the most probable path of all groups."""
        best = self.table["probability"].idxmax()
        row = {
            "term": self.term,
            "specifications": int((self.table["group"] >= 0).sum()),
            "groups": len(self.averages),
            "best": int(best),
            "probability": float(self.table.loc[best, "probability"]),
            "prior": self.prior,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.averages

    def _headline(self) -> list[str]:
        rows = self.table[self.table["group"] >= 0]
        groups = plural(len(self.averages), "group")
        lines = [f"Probabilities of {len(rows):,} of {len(self.table):,} paths to {self.term}, {groups}"]
        for group, mean in self.averages.head(_SHOWN).iterrows():
            own = rows[rows["group"] == group]
            best = own.loc[own["probability"].idxmax()]
            of = f" by {best['weights']}" if best["model"] != "none" else ""
            lines += [
                f"  group {group} (effects {mean['effects']}, approach {mean['approach']}; {plural(len(own), 'path')})",
                f"    on average {number(mean['estimate'])} [{number(mean['conf_low'])}, {number(mean['conf_high'])}]",
            ]
            if np.isfinite(mean["speed"]):
                ends = f"[{number(mean['speed_low'])}, {number(mean['speed_high'])}]"
                lines.append(f"    speed {number(mean['speed'])} {ends}")
            controls = f"controls {best['controls']}" if best["controls"] != NO_CONTROLS else "no controls"
            lines.append(f"    most probable: {best['model']}{of}, {controls} ({number(best['probability'], 2)})")
        rest = len(self.averages) - _SHOWN
        return [*lines, *([f"  and {plural(rest, 'more group')}, see .averages"] if rest > 0 else [])]


class _Path(NamedTuple):
    """A path that has a density: rows of the table that are this model, its design and the engine's specification."""

    places: list[int]
    design: Design
    spec: ModelSpec
    source: Source


def path_probabilities(
    result: Multiverse,
    *,
    prior: Prior = "g",
    g: float | None = None,
    level: float | None = None,
    draws: int = 9999,
    seed: int = 0,
) -> PathProbabilities:
    """Weigh the paths of a multiverse; see `Multiverse.probabilities`."""
    choice("prior", prior, Prior)
    share = result.level if level is None else probability("level", level)
    count, seed = count_of("draws", draws, least=999), seed_of(seed)
    rng = np.random.default_rng(seed)
    table = result.table[[*result.table.columns[: result.table.columns.get_loc("status")], "approach"]].copy()
    table["group"] = -1
    for column in ("prior", "probability", "log_marginal"):
        table[column] = np.nan
    table["estimate"] = result.table["estimate"]
    table["mean"], table["sd"], table["reason"] = np.nan, np.nan, result.table["reason"]
    rows: list[dict[str, Any]] = []
    for key, paths in _groups(result, table):
        found = _weighed(paths, key, prior, g)
        lines, mean = _averaged(found, paths, share, count, rng)
        for path, line in zip(paths, lines, strict=True):
            # Rows that differ in their standard errors are one model and share its probability.
            shared = line | {of: line[of] / len(path.places) for of in ("prior", "probability")}
            for column, value in (shared | {"group": len(rows), "reason": ""}).items():
                table.loc[path.places, column] = value
        rows.append(dict(zip(WITHIN, key, strict=True)) | {"specifications": sum(len(p.places) for p in paths)} | mean)
    if not rows:
        raise OptionError(
            "no path has a probability: densities are for estimated rows with one spatial coefficient at most and "
            "effects 'none', 'region', 'time' or 'two-way'."
        )
    p = result.provenance
    options = {"prior": prior, "g": g, "level": share, "draws": count}
    notes = [
        f"{int((table['group'] < 0).sum()):,} of {len(table):,} rows have no probability (.table says why): it is for "
        "rows that are estimated, with one spatial coefficient at most"
    ] if (table["group"] < 0).any() else []  # fmt: skip
    notes += [
        f"probabilities add up to one within each of {len(rows):,} groups: densities of other samples, horizons, "
        "effects or approaches do not compare"
    ] if len(rows) > 1 else []  # fmt: skip
    return PathProbabilities(
        table=table,
        averages=pd.DataFrame(rows).rename_axis("group"),
        term=result.term,
        prior=prior,
        level=share,
        notes=merge_notes(result.grid.notes, notes),
        provenance=Provenance("multiverse.probabilities", options, p.n_regions, p.n_periods, p.weights, seed),
    )


def _groups(result: Multiverse, table: pd.DataFrame) -> Iterator[tuple[tuple[Any, ...], list[_Path]]]:
    """Yield the choices within which densities compare, and the paths there; say in the table why others are not."""
    grid, rows = result.grid, result.estimated
    needed = {name for spec in grid.specs for name in spec.controls}
    sources: dict[tuple[Any, ...], Source | str] = {}
    for key, part in rows.groupby(list(WITHIN), sort=False):
        data, sample, horizon, *_, approach = key
        panel = grid.panel(data, sample)
        where = (data, sample, horizon)
        if where not in sources:
            sources[where] = source(grid, panel, horizon, needed)
        read = sources[where]
        paths: dict[Specification, _Path] = {}
        for k in part.index:
            spec = replace(grid.specs[k], vcov="information", correction=cast(Correction, approach))
            why = _why_not(spec, read)
            if why:
                table.loc[k, "reason"] = why
                continue
            if spec in paths:
                paths[spec].places.append(int(k))
                continue
            assert isinstance(read, Source)
            try:
                paths[spec] = _path(result, spec, read, int(k))
            except SpatialConvError as error:
                table.loc[k, "reason"] = one_line(error)
        if paths:
            yield key, list(paths.values())


def _why_not(spec: Specification, read: Source | str) -> str:
    if isinstance(read, str):
        return read
    if np.isnan(read.of(spec.controls).X).any() or np.isnan(read.design.y).any():
        return "densities are of panels without gaps"
    if spec.model not in ONE:
        return "two spatial coefficients are not integrated here"
    if spec.effects == "random":
        return "no density under random effects is derived here"
    return "" if spec.correction in ("none", "lee-yu") else "splm's approach has no density"


def _path(result: Multiverse, spec: Specification, read: Source, place: int) -> _Path:
    design = read.of(spec.controls)
    found = result.grid.aligned(spec.data, spec.sample, spec.weights) if spec.uses_weights else None
    W = found if isinstance(found, Aligned) else None
    own = spec.model_spec(outcome(result.grid), design.names)
    design = complete(replace(design, W=W, M=W), own)
    check(design, projection(own.fixed_effects, *design.y.shape, lee_yu=False))
    return _Path([place], design, own, read)


def _weighed(paths: list[_Path], key: tuple[Any, ...], prior: Prior, g: float | None) -> list[Posterior]:
    """Return the posterior of each path of a group, under one g: that of the largest of them."""
    first = paths[0]
    project: Projection = projection(first.spec.fixed_effects, *first.design.y.shape, lee_yu=key[-1] == "lee-yu")
    most = max(p.design.X.shape[2] - p.spec.has_intercept for p in paths)
    size = size_of(prior, g, project, most)
    return [posterior_of(p.design, p.spec, project, size) for p in paths]


def _averaged(
    found: list[Posterior], paths: list[_Path], level: float, count: int, rng: np.random.Generator
) -> tuple[list[dict[str, float]], dict[str, float]]:
    """Return prior, probability and moments of each path, and the averages over them."""
    kinds = [p.spec.model for p in paths]
    # Models are alike a priori, and within each its weights and controls, as in `model_probabilities`.
    priors = np.array([1 / len(set(kinds)) / kinds.count(kind) for kind in kinds])
    logs = np.array([f.log_marginal for f in found]) + np.log(priors)
    share = np.exp(logs - logsumexp(logs))
    places = [p.design.names.index(p.source.design.names[0]) for p in paths]
    moments = [f.moments() for f in found]
    means = np.array([mean[k] for (mean, _), k in zip(moments, places, strict=True)])
    sds = np.array([sd[k] for (_, sd), k in zip(moments, places, strict=True)])
    lines = [
        {"prior": a, "probability": b, "log_marginal": f.log_marginal, "mean": m, "sd": s}
        for a, b, f, m, s in zip(priors, share, found, means, sds, strict=True)
    ]
    values = np.concatenate(
        [
            f.draws(int(n), rng)[:, k]
            for f, n, k in zip(found, rng.multinomial(count, share / share.sum()), places, strict=True)
        ]
    )
    middle, low, high = np.quantile(values, [0.5, (1 - level) / 2, (1 + level) / 2])
    mean = float(share @ means)
    row = {
        "estimate": mean,
        "std_error": float(np.sqrt(share @ (sds**2 + (means - mean) ** 2))),
        "conf_low": float(low),
        "conf_high": float(high),
    }
    length = paths[0].source.length
    ends = speeds_between(middle, low, high, length) if np.isfinite(length) else None
    for of in ("speed", "half_life"):
        three = ends.loc[of].to_numpy() if ends is not None else np.full(3, np.nan)
        row |= dict(zip((of, f"{of}_low", f"{of}_high"), three.tolist(), strict=True))
    return lines, row
