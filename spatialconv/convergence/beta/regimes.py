"""Beta convergence by regime: groups of regions, or stretches of time, with coefficients of their own."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.regression.speed import Quantity, half_life, speed
from spatialconv._options import ControlsAt, Correction, Effects, Model, Spatial, Vcov, first, names, probability, whole
from spatialconv.convergence.beta.beta import GROWTH, INITIAL, growth_design
from spatialconv.errors import OptionError, UnsupportedModelError
from spatialconv.models.estimation.fit import fit_complete, fit_design
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.specification.design import Design, refuse_reserved
from spatialconv.models.specification.spec import ModelSpec
from spatialconv.models.specification.vocabulary import name_of, terms_of
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import HypothesisTest, Provenance, Result, extent, merge_notes, number, p_value


def beta_regimes(
    panel: Panel,
    variable: str,
    w: Any = None,
    *,
    regimes: Mapping[Any, Any] | pd.Series | str,
    controls: str | Iterable[str] = (),
    controls_at: ControlsAt = "start",
    horizon: int = 1,
    overlapping: bool = False,
    model: Model | None = None,
    spatial: Spatial | None = None,
    effects: Effects = "none",
    correction: Correction = "auto",
    error_w: Any = None,
    vcov: Vcov = "information",
    level: float = 0.95,
) -> BetaRegimes:
    """Estimate beta convergence with coefficients that differ between regimes, and test whether they do.

    Use it where groups of regions (north and south, clubs) or stretches of time may follow laws of their own. Slopes
    and intercepts differ; rho, lambda and the variance are common, so that neighbours across the border of two
    regimes still touch each other, which regressions on each group alone would cut.

    Parameters
    ----------
    panel : Panel
    variable : str
        The level v, positive.
    w : Graph, optional
        Spatial weights, as in `beta`.
    regimes : mapping, Series or str
        Regime of every region, or of every period (that in which growth ends); or the name of a column of the panel
        that is constant over time or over regions.
    controls, controls_at, horizon, overlapping, model, spatial, effects, correction, error_w, vcov, level
        As in `beta`.

    Returns
    -------
    BetaRegimes
        `.table` (a row a regime: beta, speed, half-life with intervals), `.tests` (Chow), `.fit`, `.pooled`

    Raises
    ------
    OptionError
        If a region or period has no regime, there is only one, or a column does not tell.
    UnsupportedModelError
        If effects are random: the test compares fixed coefficients.
    ModelError, WeightsError, DataError
        As in `fit_panel`; a regime of few regions may not identify its coefficients.

    Notes
    -----
    ``y = rho W y + sum_r 1[r] (a_r + beta_r ln v[t-h] + X theta_r) + effects + u``. The difference of intercepts is
    named `shift[regime]` against the first regime, and is left out where the effects absorb it. Equality is tested
    jointly and coefficient by coefficient by Wald's statistic, jointly by the likelihood ratio too (Anselin's spatial
    Chow tests); without spatial terms the joint test is Chow's F, exact under normality.

    References
    ----------
    Chow, G. C. (1960), Tests of Equality Between Sets of Coefficients, Econometrica 28, 591-605. Anselin, L. (1990),
    Spatial Dependence and Spatial Structural Instability in Applied Regression Analysis, Journal of Regional Science
    30, 185-207. Ertur, Le Gallo and Baumont (2006), International Regional Science Review 29, 3-34.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> r = sc.beta_regimes(zj.panel, "exports", w, regimes=zj.cities["area"], spatial="lag", effects="time")
    >>> list(r.table.index)
    ['northeast', 'southwest']
    """
    as_panel(panel)
    whole("horizon", horizon, least=1)
    probability("level", level)
    extra = names("controls", controls if controls is not None else ())
    refuse_reserved(extra)
    if effects == "random":
        raise UnsupportedModelError("regimes go with effects 'none', 'region', 'time' or 'two-way'; got 'random'.")
    asked = terms_of(model, spatial, None, default="none")
    if asked.durbin:
        raise UnsupportedModelError(
            f"regimes go with models without spatial lags of the regressors; got model={model!r}. Take "
            f"{name_of(asked.spatial, False)!r}, or beta of each regime alone."
        )
    design, length = growth_design(panel, variable, extra, horizon, overlapping, controls_at)
    split = _split(panel, design, regimes)
    apart, terms = _interacted(design, split, effects)
    spec = ModelSpec(GROWTH, apart.names, asked.spatial, (), effects, correction, vcov)
    fit = fit_design(apart, spec, w, error_w=error_w)
    # The pooled model keeps the weights that are aligned already, and the approach that was resolved.
    pooled = fit_complete(_pooled(fit.design, design), _resolved(spec, fit, design.names))
    fit = fit_complete(fit.design, _resolved(spec, fit, apart.names)) if correction == "auto" else fit
    options = {
        "variable": variable,
        "horizon": horizon,
        "controls_at": controls_at,
        "regimes": split.kind,
        **fit.provenance.options,
    }
    provenance = Provenance("beta_regimes", options, fit.n_regions, fit.n_periods, fit.provenance.weights)
    notes = merge_notes(fit.notes, split.notes)
    return BetaRegimes(fit, pooled, variable, length, level, split.labels, split.sizes, terms, notes, provenance)


class _Split(NamedTuple):
    """Regime of every cell, shape (T, N), as places among `labels`; `kind` is region or period."""

    kind: str
    labels: tuple[Hashable, ...]
    cells: FloatArray
    sizes: tuple[int, ...]
    notes: tuple[str, ...]


def _split(panel: Panel, design: Design, regimes: Any) -> _Split:
    by_region, found = _assignment(panel, design, regimes)
    units = design.regions if by_region else design.periods
    kind = "region" if by_region else "period"
    absent = [unit for unit in units if unit not in found or pd.isna(found[unit])]
    if absent:
        raise OptionError(f"regimes leaves out the {kind} {first(absent)}; give every {kind} a regime.")
    each = [found[unit] for unit in units]
    labels = tuple(dict.fromkeys(each)) if not by_region else tuple(sorted(set(each), key=str))
    if len(labels) < 2:
        raise OptionError(f"regimes tells one regime only, {first(labels)}; there is nothing to compare. Take sc.beta.")
    place = np.array([labels.index(label) for label in each], dtype=float)
    cells = np.broadcast_to(place if by_region else place[:, None], design.y.shape)
    sizes = tuple(int((place == k).sum()) for k in range(len(labels)))
    spare = [key for key in found if key not in (panel.regions if by_region else panel.periods)]
    notes = (f"regimes names {first(spare)}, not in the panel",) if spare else ()
    return _Split(kind, labels, np.asarray(cells), sizes, notes)


def _assignment(panel: Panel, design: Design, regimes: Any) -> tuple[bool, dict[Hashable, Hashable]]:
    """Return whether regimes are of regions, and the regime of each."""
    if isinstance(regimes, str):
        return _column(panel, regimes)
    if not isinstance(regimes, (Mapping, pd.Series)):
        raise OptionError(
            "regimes takes a dict or Series from region (or period) to regime, or a column's name; got "
            f"{type(regimes).__name__}."
        )
    found = dict(regimes.items())
    shared = [sum(unit in found for unit in units) for units in (design.regions, design.periods)]
    if not any(shared):
        raise OptionError(
            f"regimes names neither regions ({first(list(design.regions))}) nor periods "
            f"({first(list(design.periods))}) of the panel; it names {first(list(found))}."
        )
    return shared[0] >= shared[1], found


def _column(panel: Panel, name: str) -> tuple[bool, dict[Hashable, Hashable]]:
    frame = panel.frame.reset_index()
    if name not in panel.variables:
        raise OptionError(f"regimes names no column of the panel; got {name!r}, it has {first(panel.variables, 8)}.")
    for by_region, key in ((True, panel.region), (False, panel.period)):
        groups = frame.groupby(key, sort=False)[name]
        if (groups.nunique(dropna=False) == 1).all():
            return by_region, groups.first().to_dict()
    raise OptionError(f"the column {name!r} varies over regions and over periods; regimes are of either.")


def _interacted(design: Design, split: _Split, effects: Effects) -> tuple[Design, dict[str, tuple[str, ...]]]:
    """Return the design with a column a regressor and regime; and the columns of each regressor, regimes in order."""
    columns: list[FloatArray] = []
    labels: list[str] = []
    terms: dict[str, tuple[str, ...]] = {}
    absorbing = {"region": ("region", "two-way"), "period": ("time", "two-way")}[split.kind]
    members = [split.cells == k for k in range(len(split.labels))]
    for k, name in enumerate(design.names):
        terms[name] = tuple(f"{name}[{label}]" for label in split.labels)
        labels += terms[name]
        columns += [np.where(member, design.X[:, :, k], 0.0) for member in members]
    if effects not in absorbing:
        terms["shift"] = tuple(f"shift[{label}]" for label in split.labels[1:])
        labels += terms["shift"]
        columns += [member.astype(float) for member in members[1:]]
    return Design(design.y, np.stack(columns, axis=2), tuple(labels), design.regions, design.periods,
                  notes=design.notes), terms  # fmt: skip


def _pooled(fitted: Design, plain: Design) -> Design:
    constant = [k for k, name in enumerate(fitted.names) if name == "intercept"]
    X = np.concatenate([fitted.X[:, :, constant], plain.X], axis=2)
    labels = (*(fitted.names[k] for k in constant), *plain.names)
    return Design(fitted.y, X, labels, fitted.regions, fitted.periods, fitted.W, fitted.M, fitted.notes)


def _resolved(spec: ModelSpec, fit: PanelFit, columns: tuple[str, ...]) -> ModelSpec:
    return ModelSpec(spec.y, columns, spec.spatial, (), spec.effects, fit.correction, spec.vcov)


@dataclass(frozen=True, eq=False, repr=False)
class BetaRegimes(Result):
    """Coefficients by regime (`fit`), the same for all (`pooled`), and the tests between them.

    `terms` maps a regressor to the names of its coefficients, regimes in order; `sizes` counts the regions (or
    periods) of each regime.
    """

    fit: PanelFit
    pooled: PanelFit
    variable: str
    length: float
    level: float
    regimes: tuple[Hashable, ...]
    sizes: tuple[int, ...]
    terms: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]
    provenance: Provenance

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a regime: size, beta, its standard error, z, p and interval; speed and half-life with intervals."""
        interval = self.fit.conf_int(self.level)
        rows = {}
        for regime, size, term in zip(self.regimes, self.sizes, self.terms[INITIAL], strict=True):
            rate = speed(float(self.fit.params[term]), float(self.fit.std_errors[term]), self.length)
            rows[regime] = {
                "size": size,
                "beta": self.fit.params[term],
                "std_error": self.fit.std_errors[term],
                "statistic": self.fit.tstats[term],
                "p_value": self.fit.pvalues[term],
                "conf_low": interval.loc[term, "conf_low"],
                "conf_high": interval.loc[term, "conf_high"],
                **self._with_interval("speed", rate),
                **self._with_interval("half_life", half_life(rate)),
                "reason": rate.reason,
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("regime")

    def _with_interval(self, name: str, of: Quantity) -> dict[str, float]:
        half = float(stats.norm.ppf(0.5 + self.level / 2)) * of.std_error
        return {name: of.estimate, f"{name}_low": of.estimate - half, f"{name}_high": of.estimate + half}

    @cached_property
    def tests(self) -> tuple[HypothesisTest, ...]:
        """Equality across regimes: jointly (Chow's F or Wald and likelihood ratio), then coefficient by coefficient."""
        each = [self._wald(f"{name} equal", [labels]) for name, labels in self.terms.items() if len(self.terms) > 1]
        return (*self._joint(), *each)

    def _joint(self) -> list[HypothesisTest]:
        tests = [self._wald("Chow, Wald", list(self.terms.values()))]
        spatial = self.fit.spec.spatial != "none"
        if not spatial and self.fit.spec.vcov == "information":
            return [self._chow(), *tests]
        if self.fit.spec.vcov in ("information", "observed"):
            return [*tests, self._ratio()]
        return tests

    @property
    def _df(self) -> int:
        return len(self.fit.design.names) - len(self.pooled.design.names)

    _NULL = "intercepts and slopes are the same in every regime"
    _ALTERNATIVE = "some differ between regimes"

    def _chow(self) -> HypothesisTest:
        N, T, K = self.fit.n_regions, self.fit.n_periods, len(self.fit.design.names)
        over_regions, over_time = (self.fit.spec.effects in (kind, "two-way") for kind in ("time", "region"))
        left = (N - over_regions) * (T - over_time) - K
        full, restricted = (float((f.estimates.residuals**2).sum()) for f in (self.fit, self.pooled))
        F = (restricted - full) / self._df / (full / left)
        p = float(stats.f.sf(F, self._df, left))
        return HypothesisTest(
            "Chow, F", self._NULL, self._ALTERNATIVE, F, p, f"F({self._df}, {left})", None
        )  # fmt: skip

    def _ratio(self) -> HypothesisTest:
        statistic = 2 * float(self.fit.loglik - self.pooled.loglik)
        p = float(stats.chi2.sf(statistic, self._df))
        name, null = "Chow, likelihood ratio", self._NULL
        return HypothesisTest(name, null, self._ALTERNATIVE, statistic, p, "chi2", float(self._df))

    def _wald(self, name: str, groups: list[tuple[str, ...]]) -> HypothesisTest:
        """Test that coefficients of a group are equal, and that shifts, which are differences, are zero."""
        index, rows = self.fit.params.index, []
        for labels in groups:
            places = [index.get_loc(label) for label in labels]
            against = None if labels[0].startswith("shift[") else places[0]
            for place in places if against is None else places[1:]:
                row = np.zeros(len(index))
                row[place] = 1.0
                if against is not None:
                    row[against] = -1.0
                rows.append(row)
        R = np.array(rows)
        gap, V = R @ self.fit.params.to_numpy(), R @ self.fit.cov.to_numpy() @ R.T
        null = self._NULL if len(groups) > 1 else f"{name} in every regime"
        if not np.isfinite(V).all():
            reason = "the covariance of the coefficients is not defined"
            return HypothesisTest(name, null, self._ALTERNATIVE, np.nan, np.nan, "chi2", float(len(R)), reason)
        statistic = float(gap @ np.linalg.solve(V, gap))
        p = float(stats.chi2.sf(statistic, len(R)))
        return HypothesisTest(name, null, self._ALTERNATIVE, statistic, p, "chi2", float(len(R)))

    def tidy(self) -> pd.DataFrame:
        """Return one row a parameter of the fit with regimes."""
        return self.fit.tidy()

    def glance(self) -> pd.DataFrame:
        """Return one row that describes the regression and its joint test."""
        test = self.tests[0]
        row = {"variable": self.variable, "n_regimes": len(self.regimes), "test": test.name,
               "statistic": test.statistic, "p_value": test.p_value}  # fmt: skip
        return pd.concat([pd.DataFrame([row]), self.fit.glance()], axis=1)

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        fit = self.fit
        title = (
            f"Beta convergence of {self.variable} by regime ({self.pooled.spec.name}): "
            f"{extent(fit.n_regions, fit.n_periods, 'span')}, {fit._approach()}"
        )
        lines = [self._regime_line(regime) for regime in self.regimes[:4]]
        rest = len(self.regimes) - len(lines)
        lines += [f"  and {rest} more, see .table"] if rest else []
        lines += [fit._parameter_line(t) for t in ("rho", "lambda") if t in fit.params.index]
        lines += [f"  ON THE BOUND: {', '.join(fit.at_bound)}; do not use"] if fit.at_bound else []
        test = self.tests[0]
        df = "" if test.df is None else f"({number(test.df, 0)})"
        said = test.reason or f"{test.distribution}{df} = {number(test.statistic, 2)}, {p_value(test.p_value)}"
        return [title, *lines, f"  the same in every regime ({test.name}): {said}"]

    def _regime_line(self, regime: Hashable) -> str:
        row = self.table.loc[regime]
        rate = f"speed {number(row['speed'])}" if np.isfinite(row["speed"]) else "speed undefined"
        return (
            f"  {regime} ({row['size']}): beta {number(row['beta'])} [{number(row['conf_low'])}, "
            f"{number(row['conf_high'])}], {rate}"
        )
