"""The usual checks of one coefficient: lagged, winsorised, an indicator dropped, a variable replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

import numpy as np
import pandas as pd

from spatialconv._options import choice, names, positive, probability, whole
from spatialconv.errors import DataError, OptionError
from spatialconv.index import CompositeIndex
from spatialconv.models.specification.given import Given, given
from spatialconv.panel import FloatArray, Panel
from spatialconv.regression._fit import FixedVcov, fit_sample
from spatialconv.regression._result import FixedEffects
from spatialconv.regression._sample import FixedKind, sample_of
from spatialconv.results import Provenance, Result, merge_notes, number, p_value
from spatialconv.summary import time_axis


@dataclass(frozen=True, eq=False, repr=False)
class Robustness(Result):
    """One coefficient under several variants of its regression.

    Attributes
    ----------
    table : DataFrame
        One row a variant, the baseline first: term, estimate, std_error, statistic, p_value, conf_low, conf_high,
        nobs, rsquared_adjusted.
    fits : mapping of variant to FixedEffects
        For `sc.tables.regression` and `sc.plot.coefficients`.
    """

    y: str
    x: str
    table: pd.DataFrame
    fits: Mapping[str, FixedEffects]
    level: float
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def same_sign(self) -> int:
        """How many variants have the sign of the baseline."""
        signs = np.sign(self.table["estimate"].to_numpy())
        return int((signs[1:] == signs[0]).sum())

    def tidy(self) -> pd.DataFrame:
        """Return one row a variant."""
        return self.table.reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: baseline, and how many variants share its sign and are significant at the level."""
        base = self.table.iloc[0]
        row = {
            "y": self.y,
            "x": self.x,
            "estimate": base["estimate"],
            "p_value": base["p_value"],
            "variants": len(self.table) - 1,
            "same_sign": self.same_sign,
            "significant": self._significant(),
        }
        return pd.DataFrame([row])

    def _significant(self) -> int:
        return int((self.table["p_value"].iloc[1:] < 1 - self.level).sum())

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        lines = [f"Robustness of {self.x} on {self.y}: {len(self.table) - 1} variants"]
        for variant, row in self.table.iterrows():
            lines.append(
                f"  {variant}: {number(row['estimate'])} [{number(row['conf_low'])}, {number(row['conf_high'])}] "
                f"({p_value(row['p_value'])}, N {row['nobs']:.0f})"
            )
        n = len(self.table) - 1
        return [
            *lines,
            f"  the baseline's sign in {self.same_sign} of {n:,}, p < {1 - self.level:.2g} in {self._significant()}",
        ]


class _Variant(NamedTuple):
    name: str
    y: str
    x: str
    given: dict[str, FloatArray]


def robustness(
    panel: Panel | Any,
    y: str | None = None,
    x: str | None = None,
    *,
    controls: str | Iterable[str] = (),
    index: CompositeIndex | None = None,
    drop: str | Iterable[str] | None = None,
    replace: str | Iterable[str] = (),
    lag: int | None = 1,
    winsorise: float | None = 0.05,
    effects: FixedKind | None = None,
    vcov: FixedVcov = "cluster",
    level: float = 0.95,
) -> Robustness:
    """Estimate one coefficient again with its regressor lagged, winsorised, rebuilt or replaced, in one table.

    Use it for the set of checks that applied papers print. It varies one thing at a time; a grid of all
    combinations tells more.

    Parameters
    ----------
    panel : Panel, or a fitted model
        A fitted model (`beta`, `fit_panel`) brings its outcome, its first regressor (of `beta` the initial level) as
        that in question, the others as controls, and its effects; what is spatial about it stays out. Leave y, x and
        controls out then.
    y, x : str
        Outcome, and the regressor in question.
    controls : names
        Further regressors, the same in every variant.
    index : CompositeIndex, optional
        The index whose score x is: a variant each leaves out one indicator and builds the score again.
    drop : names, optional
        Which indicators to leave out, one at a time; the heaviest by default.
    replace : names
        Variables to stand for x, one at a time.
    lag : int, optional
        Steps by which x is lagged; a period without one that far before it is lost. None for no such variant.
    winsorise : float, optional
        Share capped at either end of x, and then of y: 0.05 sets what is below the 5th percentile to it, and likewise
        above the 95th (percentiles as Stata takes them). None for no such variant.
    effects, vcov, level
        See `fixed_effects`; two-way by default.

    Returns
    -------
    Robustness

    Raises
    ------
    OptionError
        If x is not the score of `index`, or there is no variant.
    DataError
        If no period has another `lag` steps before it.

    Examples
    --------
    >>> import spatialconv as sc
    >>> panel = sc.datasets.munnell()
    >>> checks = sc.robustness(panel, "log_gsp", "log_emp", controls="log_pc", replace="unemp", effects="region")
    >>> checks.table["nobs"].tolist()
    [816, 768, 816, 816, 816]
    """
    of = given(panel, y, x, door="robustness")
    spoken: tuple[str, ...] = ()
    if of is not None:
        if names("controls", controls):
            raise OptionError("a fitted model brings its controls; leave controls out.")
        panel, y, (x, *others) = of.panel, of.spec.y, of.spec.x
        controls = tuple(others)
        effects = effects or _effects_of(of)
        if of.spec.spatial != "none" or of.spec.durbin:
            spoken = (f"the fitted model is {of.spec.name}; its spatial terms are left out of these variants",)
    effects = effects or "two-way"
    choice("effects", effects, get_args(FixedKind))
    choice("vcov", vcov, get_args(FixedVcov))
    probability("level", level)
    if y is None or x is None:
        raise OptionError("robustness of a panel needs its outcome y and the regressor x; name them.")
    if not isinstance(x, str):
        raise OptionError(f"x names the one regressor in question; further ones are controls. Got {type(x).__name__}.")
    extra = names("controls", controls)
    variants = [_Variant("baseline", y, x, {})]
    if lag is not None:
        variants.append(_lagged(panel, y, x, whole("lag", lag, least=1)))
    if winsorise is not None and positive("winsorise", winsorise) >= 0.5:
        raise OptionError(f"winsorise must lie below 0.5; got {winsorise!r}.")
    if winsorise is not None:
        variants.append(_Variant(f"{x} winsorised", y, x, {x: _winsorised(panel, x, winsorise)}))
        variants.append(_Variant(f"{y} winsorised", y, x, {y: _winsorised(panel, y, winsorise)}))
    variants += _dropped(panel, y, x, index, drop)
    variants += [_Variant(f"{name} for {x}", y, name, {}) for name in names("replace", replace)]
    if len(variants) == 1:
        raise OptionError("there is no variant to compare: name a lag, winsorise, index or replace.")
    fits = {
        v.name: fit_sample(sample_of(panel, v.y, (v.x, *extra), v.given), effects, vcov, level=level) for v in variants
    }
    rows = {
        v.name: {"term": v.x, **fits[v.name].table.loc[v.x], "nobs": fits[v.name].nobs,
                 "rsquared_adjusted": fits[v.name].rsquared_adjusted}
        for v in variants
    }  # fmt: skip
    options: dict[str, Any] = {
        "y": y, "x": x, "controls": extra, "lag": lag, "winsorise": winsorise, "effects": effects, "vcov": vcov,
        "replace": names("replace", replace), "drop": tuple(v.name for v in variants if " without " in v.name),
    }  # fmt: skip
    return Robustness(
        y, x, pd.DataFrame.from_dict(rows, orient="index").rename_axis("variant"), fits, level,
        merge_notes(_notes(fits), spoken),
        Provenance("robustness", options, panel.n_regions, panel.n_periods),
    )  # fmt: skip


def _effects_of(of: Given) -> FixedKind:
    if of.spec.effects == "random":
        raise OptionError("the fitted model has random effects; say effects='region', 'time', 'two-way' or 'none'.")
    return of.spec.fixed_effects


def _notes(fits: Mapping[str, FixedEffects]) -> tuple[str, ...]:
    base = next(iter(fits.values()))
    own = [f"{name}: {note}" for name, fit in fits.items() for note in fit.notes if note not in base.notes]
    return merge_notes(base.notes, own)


def _lagged(panel: Panel, y: str, x: str, steps: int) -> _Variant:
    values = panel.values(x, missing="keep")
    time, _ = time_axis(panel.periods)
    gaps, times = np.unique(np.diff(time), return_counts=True)
    back = steps * float(gaps[np.argmax(times)]) if len(gaps) else 0.0
    place = {t: k for k, t in enumerate(time.tolist())}
    shifted = np.full_like(values, np.nan)
    for k, t in enumerate(time.tolist()):
        if back and t - back in place:
            shifted[k] = values[place[t - back]]
    if np.isnan(shifted).all():
        raise DataError(
            f"no period has another {steps} steps before it ({panel.n_periods} periods); take a shorter lag or None."
        )
    return _Variant(f"{x} lagged by {steps}", y, x, {x: shifted})


def _winsorised(panel: Panel, name: str, share: float) -> FloatArray:
    values = panel.values(name, missing="keep")
    seen = values[~np.isnan(values)]
    if not len(seen):
        raise DataError(f"{name!r} has no value at all.")
    # Stata's percentiles: of equal ranks the average, otherwise the next value above.
    low, high = np.quantile(seen, [share, 1 - share], method="averaged_inverted_cdf")
    return np.asarray(np.clip(values, low, high))


def _dropped(panel: Panel, y: str, x: str, index: CompositeIndex | None, drop: Any) -> list[_Variant]:
    if index is None:
        if drop is not None:
            raise OptionError("drop names indicators of an index; pass the index too.")
        return []
    if not isinstance(index, CompositeIndex):
        raise OptionError(f"index is the result of sc.composite_index; got an object of type {type(index).__name__}.")
    ours = index.scores.reindex(index=panel.periods, columns=panel.regions).to_numpy()
    if not np.allclose(ours, panel.values(x, missing="keep"), rtol=1e-9, equal_nan=True):
        raise OptionError(f"{x!r} in the panel is not the score of the index; take index.panel({x!r}).")
    variants = []
    for name in names("drop", drop if drop is not None else index.heaviest):
        scores = index.without(name).scores.reindex(index=panel.periods, columns=panel.regions).to_numpy()
        variants.append(_Variant(f"{x} without {name}", y, x, {x: scores}))
    return variants
