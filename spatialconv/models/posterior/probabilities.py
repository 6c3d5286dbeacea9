"""Posterior probabilities of weights and of models, and what they say of coefficients and the speed on average."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from spatialconv._core.likelihood.effects import Projection, projection
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.likelihood.logdet import LogDet, choose
from spatialconv._core.posterior.marginal import Data, Posterior, posterior
from spatialconv._core.regression.speed import half_life, speed
from spatialconv._options import Correction, choice, count_of, names, positive, probability, seed_of
from spatialconv.errors import OptionError, UnsupportedModelError
from spatialconv.models.estimation.fit import state_of_rows, sums_to_one
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.hypotheses.outcomes import fit_of
from spatialconv.models.specification.design import Design, check, complete
from spatialconv.models.specification.spec import Applied, ModelSpec
from spatialconv.models.specification.vocabulary import MODELS, model_name
from spatialconv.panel import FloatArray
from spatialconv.results import TIDY, Provenance, Result, extent, merge_notes, number
from spatialconv.weights import align

Prior = Literal["g", "diffuse"]
MODELS_ASKED = ("SAR", "SEM", "SDM", "SDEM", "SLX")
ONE = ("OLS", "SLX", "SAR", "SDM", "SEM", "SDEM")
INITIAL = "log_initial"
_SHOWN = 4


@dataclass(frozen=True, eq=False, repr=False)
class ModelProbabilities(Result):
    """Posterior probabilities of weights and models.

    Attributes
    ----------
    table : DataFrame
        One row a model and weights, most probable first: `weights` (empty for OLS), `model`, `log_marginal`, `prior`,
        `probability`, posterior mean and standard deviation of `rho` (of lambda in SEM and SDEM), and of each regressor
        as `name` and `name_sd`.
    by_weights, by_model : Series
        Probabilities summed; OLS has no weights.
    averages : DataFrame
        Over all models and weights by their probability: `estimate` (mean), `std_error` (standard deviation),
        `conf_low`, `conf_high` of each regressor and, of a growth regression, speed and half-life (medians, for these
        may have no mean), from draws.
    prior : "g" or "diffuse"
    g : Zellner's; infinite if diffuse
    level : of the intervals
    correction : how effects left the data, "none" (direct) or "lee-yu"
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    by_weights: pd.Series
    by_model: pd.Series
    averages: pd.DataFrame
    of: str
    prior: Prior
    g: float
    level: float
    correction: Applied
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row an average: term, estimate, std_error, conf_low, conf_high."""
        return self.averages.rename_axis("term").reset_index().reindex(columns=list(TIDY))

    def glance(self) -> pd.DataFrame:
        """Return one row: the sample, and the most probable model and weights."""
        best = self.table.iloc[0]
        row = {
            "outcome": self.of,
            "n_regions": self.provenance.n_regions,
            "n_periods": self.provenance.n_periods,
            "compared": len(self.table),
            "model": best["model"],
            "weights": best["weights"],
            "probability": best["probability"],
            "prior": self.prior,
            "g": self.g,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        p = self.provenance
        prior = f"Zellner's g = {self.g:g}" if self.prior == "g" else "flat coefficients"
        lines = [
            f"Model probabilities of {self.of}: {extent(p.n_regions, p.n_periods)}, {len(self.table)} compared",
            f"  prior: {prior}, rho uniform, models alike",
        ]
        for _, row in self.table.head(_SHOWN).iterrows():
            of = f" by {row['weights']}" if row["weights"] else ""
            lines.append(f"  {row['model']}{of}: {number(row['probability'], 3)}")
        for term, row in self.averages.iterrows():
            shown = f"[{number(row['conf_low'])}, {number(row['conf_high'])}]"
            lines.append(f"  {str(term).replace('_', ' ')} on average {number(row['estimate'])} {shown}")
        return lines


def model_probabilities(
    model: Any,
    weights: Any,
    *,
    models: str | Iterable[str] = MODELS_ASKED,
    prior: Prior = "g",
    g: float | None = None,
    correction: Correction = "auto",
    level: float = 0.95,
    draws: int = 9999,
    seed: int = 0,
) -> ModelProbabilities:
    r"""Weigh weights and models against one another: how probable is each, given the data and a prior?

    Where tests choose one W and one model, this says how surely, and averages over what remains open.

    Parameters
    ----------
    model : BetaConvergence or PanelFit
        Whose outcome, regressors, effects and sample are taken; its own weights and spatial terms play no part.
    weights : Graph, W or mapping of names to these
        Weights to compare, each matched by label.
    models : names
        Of "OLS", "SLX", "SAR", "SDM", "SEM" and "SDEM".
    prior : {"g", "diffuse"}
        Of the coefficients: Zellner's N(0, g sigma² (X'X)⁻¹), or flat. A flat prior is the choice of much software, but
        then probabilities of models with different regressors (SAR against SDM) hang on the units of the regressors.
    g : float, optional
        By default the larger of the observations and the square of the number of regressors (Fernandez, Ley and Steel
        2001).
    correction : {"auto", "none", "lee-yu"}
        How effects leave the data, as in `fit_panel`; one way for all models, direct if any weights need it.
    level : float
        Of the intervals of averages.
    draws, seed : int
        Draws from the posterior, for averages.

    Returns
    -------
    ModelProbabilities
        `.table`, `.by_weights`, `.by_model`, `.averages`.

    Raises
    ------
    UnsupportedModelError
        If the model has random effects, a past, or endogenous regressors.
    OptionError, ModelError, AlignmentError, WeightsError
        As in `fit_panel`.

    Notes
    -----
    For A = I - rho W, y and X with effects out (X filtered by A too where the error is spatial), m observations left, a
    constant with a flat prior if there are no effects and k other regressors,

    .. math:: p(y \mid \rho) = \frac{|A|^J \Gamma(d)}{2 \pi^d} |\iota'\iota|^{-1/2} (1 + g)^{-k/2} Q^{-d}, \qquad
              Q = e'e + \frac{y' P_X y}{1 + g},

    d half of m less the flat coefficients, sigma with prior 1 / sigma. Rho is uniform on its interval and integrated by
    200 nodes of Gauss and Legendre where the density is. Models are alike a priori, and weights within each.

    SDPDmod's `blmpSDPD` cannot be had from here: it adds minus the integral over rho where its logarithm belongs, and
    has :math:`(2 \pi)^{-d}` for :math:`\pi^{-d}`.

    References
    ----------
    Hepple, L. W. (2004) Bayesian model choice in spatial econometrics. Advances in Econometrics 18, 101-126.

    LeSage, J. P. and Fischer, M. M. (2008) Spatial growth regressions: model specification, estimation and
    interpretation. Spatial Economic Analysis 3(3), 275-304.

    LeSage, J. P. and Pace, R. K. (2009) Introduction to Spatial Econometrics, chapter 6.

    Fernandez, C., Ley, E. and Steel, M. F. J. (2001) Benchmark priors for Bayesian model averaging. Journal of
    Econometrics 100, 381-427.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> b = sc.beta(us.panel, "income", horizon=80)
    >>> w = {"border": sc.weights.adjacency(us.states), "5 nearest": sc.weights.knn(us.states, k=5)}
    >>> sc.model_probabilities(b, w).by_weights.round(2).to_dict()
    {'5 nearest': 0.47, 'border': 0.53}
    """
    fit = fit_of(model, "model")
    asked = _models(models)
    named = dict(weights) if isinstance(weights, Mapping) else {"w": weights}
    if not named:
        raise OptionError("weights holds none; give one at least, or a mapping of names to weights.")
    choice("prior", prior, Prior)
    level, count, seed = probability("level", level), count_of("draws", draws, least=999), seed_of(seed)
    base = _base(fit)
    designs = {(name, key): _design(base, fit.spec, key, w, correction) for name, w in named.items() for key in asked}
    if "OLS" in asked:  # the same whatever the weights
        only = next(iter(named))
        kept = {key: d for key, d in designs.items() if key[1] != "OLS"}
        designs = {**kept, ("", "OLS"): designs[only, "OLS"]}
    applied = _applied(designs, fit.spec, correction)
    project = projection(fit.spec.fixed_effects, *base.y.shape, lee_yu=applied == "lee-yu")
    most = max(d.X.shape[2] - spec.has_intercept for d, spec in designs.values())
    size = (
        float("inf")
        if prior == "diffuse"
        else float(max(rows_left(project), most**2))
        if g is None
        else positive("g", g)
    )
    found = {key: posterior_of(d, spec, project, size) for key, (d, spec) in designs.items()}
    table = _table(found, designs, asked, len(named), base.names)
    length = getattr(model, "length", None)
    averages = _averages(found, designs, table, base.names, length, level, count, np.random.default_rng(seed))
    said = (
        [] if prior == "g" else ["a flat prior: probabilities of models with different regressors hang on their units"]
    )
    return ModelProbabilities(
        table=table,
        by_weights=table[table["weights"] != ""].groupby("weights", sort=False)["probability"].sum(),
        by_model=table.groupby("model", sort=False)["probability"].sum(),
        averages=averages,
        of=fit.spec.y,
        prior=prior,
        g=size,
        level=level,
        correction=applied,
        notes=merge_notes(base.notes, said),
        provenance=Provenance(
            "model_probabilities",
            {"models": asked, "weights": tuple(named), "prior": prior, "g": size, "correction": applied, "level": level,
             "draws": count},
            fit.n_regions, fit.n_periods, None, seed,
        ),
    )  # fmt: skip


def _models(asked: str | Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(model_name(name) for name in names("models", asked)))
    other = [name for name in found if name not in ONE]
    if other or not found:
        raise OptionError(
            f"models must be some of {', '.join(ONE)}, with one spatial coefficient at most; got {other}."
        )
    return found


def _base(fit: PanelFit) -> Design:
    """Return outcome and regressors of a fit without constant, weights and spatial lags."""
    spec = fit.spec
    why = (
        "random effects" if spec.effects == "random" else "a past" if spec.dynamic != "none"
        else "endogenous regressors" if spec.endog else ""
    )  # fmt: skip
    if why:
        raise UnsupportedModelError(
            f"model_probabilities holds for fixed effects or none and exogenous regressors; the model has {why}."
        )
    own = [k for k, name in enumerate(fit.design.names) if name != "intercept" and not name.startswith("W:")]
    kept = tuple(fit.design.names[k] for k in own)
    d = fit.design
    return replace(d, X=d.X[:, :, own], names=kept, W=None, M=None)


def _design(base: Design, spec: ModelSpec, key: str, w: Any, correction: Correction) -> tuple[Design, ModelSpec]:
    spatial, lags = MODELS[key]
    own = replace(
        spec, x=base.names, spatial=spatial, durbin=base.names if lags else (), correction=correction, estimator="ml",
        vcov="information",
    )  # fmt: skip
    W = align(w, base.regions)
    design = complete(replace(base, W=W, M=W, notes=()), own)
    check(design, projection(own.fixed_effects, *base.y.shape, lee_yu=False))
    return design, own


def _applied(
    designs: Mapping[tuple[str, str], tuple[Design, ModelSpec]], spec: ModelSpec, correction: Correction
) -> Applied:
    """Return one correction for all models, since likelihoods of other data do not compare."""
    choice("correction", correction, ("auto", "none", "lee-yu"))
    if spec.effects == "none":
        return "none"
    found = {
        own.resolve(sums_to_one(d.W), sums_to_one(d.M), state_of_rows(own, d.W, d.M))[0] for d, own in designs.values()
    }
    return "lee-yu" if found == {"lee-yu"} else "none"


def rows_left(project: Projection) -> int:
    """Return the observations left of the effects: those of the transformation, or all less the effects' number."""
    if project.dof < project.N * project.T or project.kind == "none":
        return project.dof
    N, T = project.N, project.T
    return N * T - {"region": N, "time": T, "two-way": N + T - 1}[project.kind]


def size_of(prior: Prior, g: float | None, project: Projection, most: int) -> float:
    """Return Zellner's g for all models of a comparison, of which the largest has `most` regressors."""
    if prior == "diffuse":
        return float("inf")
    return float(max(rows_left(project), most**2)) if g is None else positive("g", g)


def posterior_of(design: Design, spec: ModelSpec, project: Projection, g: float) -> Posterior:
    """Return the posterior of a complete design with one spatial coefficient at most, under Zellner's g."""
    T, N, _ = design.shape
    kind = {"none": "none", "lag": "lag", "error": "error"}[spec.spatial]
    outcome = design.y[:, :, None]
    own = [project(a).reshape(T * N, -1) for a in (outcome, design.X)]
    if kind == "none":
        y, X = own
        data = Data(
            y[:, 0], np.zeros(T * N), X, np.zeros_like(X), int(spec.has_intercept), rows_left(project), project.J
        )
        return posterior(data, kind, g)
    assert design.W is not None
    W = design.W.matrix
    y, X, lag_y, lag_x = (*own, *(project(lag(W, a)).reshape(T * N, -1) for a in (outcome, design.X)))
    data = Data(y[:, 0], lag_y[:, 0], X, lag_x, int(spec.has_intercept), rows_left(project), project.J)
    logdet = choose(W).whole()

    def counted(of: LogDet) -> Callable[[FloatArray], FloatArray]:
        return lambda rho: np.asarray(of.value(rho)) - (np.log(np.abs(1 - rho)) if project.shift else 0.0)

    return posterior(
        data, kind, g, counted(logdet), logdet.interval, lambda rho, half: counted(logdet.around(rho, half))
    )


def _table(
    found: Mapping[tuple[str, str], Posterior],
    designs: Mapping[tuple[str, str], tuple[Design, ModelSpec]],
    asked: tuple[str, ...],
    weights: int,
    regressors: tuple[str, ...],
) -> pd.DataFrame:
    rows = []
    for (name, key), post in found.items():
        mean, sd = post.moments()
        own = designs[name, key][0].names
        spatial = MODELS[key][0] != "none"
        row: dict[str, Any] = {
            "weights": name,
            "model": key,
            "log_marginal": post.log_marginal,
            "prior": 1 / len(asked) / (1 if key == "OLS" else weights),
            "rho": mean[-1] if spatial else np.nan,
            "rho_sd": sd[-1] if spatial else np.nan,
        }
        for x in regressors:
            row |= {x: mean[own.index(x)], f"{x}_sd": sd[own.index(x)]}
        rows.append(row)
    table = pd.DataFrame(rows)
    logs = table["log_marginal"] + np.log(table["prior"])
    table.insert(4, "probability", np.exp(logs - logsumexp(logs)))
    return table.sort_values("probability", ascending=False, ignore_index=True)


def _averages(
    found: Mapping[tuple[str, str], Posterior],
    designs: Mapping[tuple[str, str], tuple[Design, ModelSpec]],
    table: pd.DataFrame,
    regressors: tuple[str, ...],
    length: float | None,
    level: float,
    count: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    shares = rng.multinomial(count, table["probability"])
    drawn = []
    for (_, row), n in zip(table.iterrows(), shares, strict=True):
        key = (row["weights"], row["model"])
        own = designs[key][0].names
        drawn.append(found[key].draws(int(n), rng)[:, [own.index(x) for x in regressors]])
    values = np.concatenate(drawn)
    tails = [(1 - level) / 2, (1 + level) / 2]
    lines = {}
    for k, x in enumerate(regressors):
        means, sds = table[x].to_numpy(), table[f"{x}_sd"].to_numpy()
        mean = float(table["probability"] @ means)
        low, high = np.quantile(values[:, k], tails)
        spread = float(np.sqrt(table["probability"] @ (sds**2 + (means - mean) ** 2)))
        lines[x] = {"estimate": mean, "std_error": spread, "conf_low": low, "conf_high": high}
    if length is not None and INITIAL in regressors:
        beta = np.quantile(values[:, regressors.index(INITIAL)], [0.5, *tails[::-1]])
        rates = [speed(float(b), np.nan, length) for b in beta]
        value, low, high = (r.estimate for r in rates)
        lives = [half_life(r).estimate for r in rates]
        ends = {"speed": (value, low, np.inf if np.isnan(high) else high)}
        ends["half_life"] = (lives[0], 0.0 if np.isnan(high) else lives[2], np.inf if low <= 0 else lives[1])
        for name, (middle, a, b) in ends.items():
            lines[name] = {"estimate": middle, "std_error": np.nan, "conf_low": a, "conf_high": b}
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("term")
