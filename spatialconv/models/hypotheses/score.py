"""Score tests: what least squares residuals say about spatial terms before any spatial model is fitted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spatialconv._core.hypotheses.score_tests import LAMBDA, RHO, Scores, scores
from spatialconv._options import Correction, FixedEffects, choice, first, names
from spatialconv.errors import OptimisationError, OptionError, WeightsError
from spatialconv.models.estimation.estimate import sample
from spatialconv.models.hypotheses.outcomes import Diagnostics, approach, chi2_test, fit_of
from spatialconv.models.specification.design import LAGGED_INTERCEPT, Design, check, complete, from_panel, names_of
from spatialconv.models.specification.given import refuse_endogenous
from spatialconv.models.specification.spec import Applied, ModelSpec
from spatialconv.models.specification.variants import without
from spatialconv.panel import Panel
from spatialconv.results import HypothesisTest, Provenance, merge_notes, plural
from spatialconv.weights import Aligned, align


@dataclass(frozen=True)
class Null:
    """The regression that score tests start from: a checked design with its weights, effects and approach."""

    design: Design
    spec: ModelSpec
    correction: Applied
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """Sample, effects and approach in words."""
        T, N, _ = self.design.shape
        periods = f"{T} periods" if T > 1 else "one period"
        return f"{self.spec.y}: {plural(N, 'region')} x {periods}, {approach(self.spec.fixed_effects, self.correction)}"

    @property
    def weights(self) -> Aligned:
        """Weights of the spatial lag."""
        assert self.design.W is not None
        return self.design.W

    def scores(self, tested: Sequence[str] = ()) -> Scores:
        """Return the scores of rho, lambda and of the spatial lags of the regressors named."""
        data = sample(self.design, self.spec, self.correction)
        own = self.design.names
        Z = complete(replace(self.design, X=data.X), _durbin(self.spec, tested)).X if tested else None
        extra = None if Z is None else Z[:, :, len(own) :]
        M = self.design.M or self.weights
        found = scores(data.y, data.X, data.project, W=self.weights.matrix, M=M.matrix, Z=extra)
        if not found.sigma2 > 1e-20 * float((self.design.y**2).mean()):
            raise OptimisationError(
                "the regressors and effects explain the outcome perfectly; there are no residuals to test."
            )
        return found

    def provenance(self, call: str, **options: Any) -> Provenance:
        """Say what was called on what."""
        T, N, _ = self.design.shape
        kept = {"y": self.spec.y, "x": self.spec.x, "effects": self.spec.effects, "correction": self.correction}
        return Provenance(call, kept | options, N, T, self.weights.summary)


def _durbin(spec: ModelSpec, tested: Sequence[str]) -> ModelSpec:
    # An effect keeps `complete` from adding a second intercept.
    return replace(spec, durbin=tuple(tested), effects="region", dynamic="none")


def lm_tests(
    panel: Any,
    y: str | None = None,
    x: str | Iterable[str] | None = None,
    w: Any = None,
    *,
    effects: FixedEffects | None = None,
    correction: Correction | None = None,
    durbin: bool | str | Iterable[str] = False,
    error_w: Any = None,
) -> Diagnostics:
    """Ask least squares residuals whether a spatial lag or a spatial error is missing, and which of the two.

    Use them before any spatial model is fitted; with one period they are the cross-sectional tests. A robust
    test allows for the other form of dependence to be present in a local neighbourhood of zero.

    Parameters
    ----------
    panel : Panel, or a fitted model
        N regions x T periods without gaps. Of a fitted model (`fit_panel`, `beta`) the sample, regressors,
        effects, approach and weights are taken; leave `y` and `x` out then.
    y : str
        Outcome.
    x : str or names
        Regressors. The intercept is added where there are no effects.
    w : Graph
        Spatial weights.
    effects : {"two-way", "region", "time", "none"}, optional
        Fixed effects that the regression removes; two-way by default, or those of the fitted model.
    correction : {"auto", "lee-yu", "none", "splm"}, optional
        "lee-yu" counts what is left after the transformation, T - 1 periods under region effects and N - 1
        regions under time effects, in the variance, the traces and the score's mean; "none" keeps the constants
        N T and T of Elhorst (2014); "splm" is that with splm's order of operations. "auto" is Lee-Yu where there
        are effects, whatever the weights: under the null nothing spatial is left that they could misfit.
    durbin : bool or names
        Regressors whose spatial lags W x are among the regressors already (SLX).
    error_w : Graph, optional
        Weights of the error process; `w` by default.

    Returns
    -------
    Diagnostics
        "LM lag", "LM error", "robust LM lag", "robust LM error" and "LM lag and error" (SARMA).

    Raises
    ------
    OptionError
        If outcome, regressors or weights are not given, or an option is unknown.
    UnsupportedModelError
        If `correction` is not derived for the effects.
    AbsorbedVariableError, SingularDesignError
        If a regressor does not vary once the effects are out, or regressors are collinear.

    Notes
    -----
    With residuals e, s2 = e'e / dof and J periods in the likelihood, LM error is ``(e'We / s2)^2 / (J t)`` with
    ``t = tr(WW + W'W)`` and LM lag is ``(e'Wy / s2)^2 / (J t + d'Qd / s2)``, d being the spatial lag of the fitted
    values and Q what the regressors leave. Transforming the mean over the regions away adds J to either score (for
    rows that sum to one), since residuals that sum to zero are negatively correlated. In 2000 simulated panels
    without spatial dependence the nominal 5 % test LM error rejected, at 30 regions x 8 periods, in 7 % (region
    effects), 11 % (time) and 13 % (two-way) with the direct constants, and in 5 % of all three with those of Lee and
    Yu; at 30 x 2 with region effects in 16 and 5 %.

    References
    ----------
    Anselin, Bera, Florax and Yoon (1996), Regional Science and Urban Economics 26. Elhorst (2014), Spatial
    Econometrics, section 3.5. Lee and Yu (2010), Journal of Econometrics 154.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.hypotheses.diagnostics import lm_tests
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> tests = lm_tests(zj.panel, "exports", "digital", w, effects="time")
    >>> list(tests.table.index)
    ['LM lag', 'LM error', 'robust LM lag', 'robust LM error', 'LM lag and error']
    """
    null = null_model(panel, y, x, w, effects, correction, durbin, error_w)
    title = f"Score tests for spatial dependence in {null.title}"
    return Diagnostics(title, _lm_rows(null.scores()), null.notes, null.provenance("lm_tests", durbin=null.spec.durbin))


def _lm_rows(found: Scores) -> tuple[HypothesisTest, ...]:
    lag, error = "no spatial lag of the outcome (rho = 0)", "no spatially correlated errors (lambda = 0)"
    return (
        chi2_test("LM lag", f"{lag}, lambda = 0", "rho is not zero", found.test([RHO])),
        chi2_test("LM error", f"{error}, rho = 0", "lambda is not zero", found.test([LAMBDA])),
        chi2_test(
            "robust LM lag", f"{lag}, whether or not lambda is near zero", "rho is not zero",
            found.robust([RHO], [LAMBDA]),
        ),
        chi2_test(
            "robust LM error", f"{error}, whether or not rho is near zero", "lambda is not zero",
            found.robust([LAMBDA], [RHO]),
        ),
        chi2_test(
            "LM lag and error", "neither (rho = lambda = 0)", "rho or lambda is not zero", found.test([RHO, LAMBDA])
        ),
    )  # fmt: skip


def durbin_score(
    panel: Any,
    y: str | None = None,
    x: str | Iterable[str] | None = None,
    w: Any = None,
    *,
    effects: FixedEffects | None = None,
    correction: Correction | None = None,
    durbin: bool | str | Iterable[str] = True,
) -> Diagnostics:
    """Ask least squares residuals whether W y, W x or both are missing (Koley and Bera 2024).

    Use it to tell a spatial lag from spatial lags of the regressors, each of which the plain test of the other
    mistakes for its own. An adjusted test allows for the other to be present in a neighbourhood of zero.

    Parameters
    ----------
    panel, y, x, w, effects, correction
        As in `lm_tests`.
    durbin : True or names
        Regressors whose spatial lags are tested.

    Returns
    -------
    Diagnostics
        Against the Durbin model "RS lag", "adjusted RS lag", "RS WX", "adjusted RS WX", "RS lag and WX"; against
        the Durbin error model "RS error" and "RS error and WX", where no adjustment is needed because the two
        scores are uncorrelated.

    Raises
    ------
    OptionError, UnsupportedModelError, AbsorbedVariableError, SingularDesignError
        As `lm_tests`; SingularDesignError also if a spatial lag W x is spanned by the regressors.

    Notes
    -----
    The model is ``y = rho W y + X beta + W X theta + effects + e``. The joint test equals the plain test of one
    plus the adjusted test of the other.

    References
    ----------
    Koley and Bera (2024), To use, or not to use the spatial Durbin model? That is the question, Spatial Economic
    Analysis 19. Bera and Yoon (1993), Econometric Theory 9.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.hypotheses.diagnostics import durbin_score
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> len(durbin_score(zj.panel, "exports", "digital", w, effects="time"))
    7
    """
    null = null_model(panel, y, x, w, effects, correction)
    tested = lagged_names(null, durbin)
    title = f"Score tests for a spatial lag and for lagged regressors in {null.title}"
    rows = _durbin_rows(null.scores(tested))
    return Diagnostics(title, rows, null.notes, null.provenance("durbin_score", durbin=tested))


def _durbin_rows(found: Scores) -> tuple[HypothesisTest, ...]:
    theta = found.theta
    lag, wx, error = "no spatial lag of the outcome (rho = 0)", "no lagged regressors (theta = 0)", "(lambda = 0)"
    return (
        chi2_test("RS lag", f"{lag}, theta = 0", "rho is not zero", found.test([RHO])),
        chi2_test(
            "adjusted RS lag", f"{lag}, whether or not theta is near zero", "rho is not zero",
            found.robust([RHO], theta),
        ),
        chi2_test("RS WX", f"{wx}, rho = 0", "theta is not zero", found.test(theta)),
        chi2_test(
            "adjusted RS WX", f"{wx}, whether or not rho is near zero", "theta is not zero",
            found.robust(theta, [RHO]),
        ),
        chi2_test("RS lag and WX", "neither (rho = 0, theta = 0)", "rho or theta is not zero",
                  found.test([RHO, *theta])),
        chi2_test("RS error", f"no spatially correlated errors {error}", "lambda is not zero", found.test([LAMBDA])),
        chi2_test("RS error and WX", "neither (lambda = 0, theta = 0)", "lambda or theta is not zero",
                  found.test([LAMBDA, *theta])),
    )  # fmt: skip


def null_model(
    panel: Any,
    y: str | None,
    x: str | Iterable[str] | None,
    w: Any,
    effects: FixedEffects | None,
    correction: Correction | None,
    durbin: bool | str | Iterable[str] = False,
    error_w: Any = None,
) -> Null:
    """Return the regression without spatial terms of a panel, or of the sample of a fitted model."""
    if isinstance(panel, Panel):
        if y is None or x is None:
            raise OptionError("score tests of a panel need its outcome y and its regressors x; name them.")
        columns = names("x", x)
        listed = durbin if isinstance(durbin, (bool, str)) else tuple(durbin)
        spec = _spec(y, columns, names_of(listed, columns), effects or "two-way", correction or "auto")
        design = _weighted(from_panel(panel, spec), w, error_w)
        design = complete(design, spec)
    else:
        design, spec = _of_fit(panel, y, x, w, effects, correction, error_w)
    row = all(a is None or (a.standardised == "row" and not a.islands) for a in (design.W, design.M))
    applied, note = _approach(spec, row)
    check(design, sample(design, spec, "none").project)
    return Null(design, spec, applied, merge_notes(design.notes, (note,) if note else ()))


def _spec(y: str, x: tuple[str, ...], durbin: tuple[str, ...], effects: Any, correction: Any) -> ModelSpec:
    choice("effects", effects, FixedEffects)
    return ModelSpec(y, x, "sarar", durbin, effects, correction)


def _weighted(design: Design, w: Any, error_w: Any) -> Design:
    if w is None:
        raise OptionError("score tests for spatial dependence need spatial weights; pass them as w.")
    W = align(w, design.regions)
    M = W if error_w is None else align(error_w, design.regions)
    if W.matrix.nnz == 0 or M.matrix.nnz == 0:
        raise WeightsError(
            f"the weights hold no link among the {len(design.regions):,} regions; nothing can be tested."
        )
    return replace(design, W=W, M=M, notes=merge_notes(design.notes, W.notes, M.notes))


def _of_fit(
    model: Any, y: Any, x: Any, w: Any, effects: Any, correction: Any, error_w: Any
) -> tuple[Design, ModelSpec]:
    """Return design and specification of a fitted model's sample under the effects asked for or its own."""
    fit = fit_of(model, "the first argument must be a Panel, or it")
    fit.design.refuse_cells("lm_tests() is")
    if y is not None or x is not None:
        raise OptionError("a fitted model brings its outcome and regressors; leave y and x out.")
    refuse_endogenous(fit.spec, "a score test")
    own = fit.spec.fixed_effects
    spec = _spec(fit.spec.y, fit.spec.x, (), effects or own, correction or fit.spec.correction)
    spec = replace(spec, intercept=fit.spec.intercept)
    design = fit.design
    if w is not None:
        design = _weighted(design, w, error_w)
    elif design.W is None:
        raise OptionError("the model was fitted without spatial weights; pass them as w.")
    if "intercept" in design.names and spec.effects != "none":
        design = without(design, ("intercept", LAGGED_INTERCEPT))
    elif "intercept" not in design.names and spec.has_intercept:
        design = complete(design, spec)
    note = "random effects are left in the residuals; see bsk_tests" if fit.spec.effects == "random" else ""
    return replace(design, notes=merge_notes(design.notes, (note,) if note else ())), spec


def _approach(spec: ModelSpec, row: bool) -> tuple[Applied, str]:
    """Return the approach to the effects and what must be said of it."""
    if spec.correction in ("none", "splm") or spec.effects == "none":
        spec.needs("none" if spec.correction == "auto" else spec.correction)
        return ("splm" if spec.correction == "splm" else "none"), ""
    if not spec.unmet("lee-yu", row, row):
        return "lee-yu", ""
    # Under the null nothing spatial is left, so that the moments of the transformed scores hold for any weights.
    return "lee-yu", (
        "weights are not row-standardised throughout: the scores are centred and scaled by their moments after the "
        "transformation, which is right under the null"
    )


def lagged_names(null: Null, durbin: bool | str | Iterable[str]) -> tuple[str, ...]:
    """Return the regressors whose spatial lags are tested, checked to be new."""
    able = tuple(n for n in null.design.names if n != "intercept" and not n.startswith("W:"))
    listed = durbin if isinstance(durbin, (bool, str)) else tuple(durbin)
    tested = names_of(listed, able)
    there = [n for n in tested if f"W:{n}" in null.design.names]
    if not tested or there:
        what = f"W x of {first(there)} is among the regressors already" if there else "durbin names no regressor"
        raise OptionError(f"there is nothing to test: {what}. Name regressors whose spatial lag is not in the model.")
    full = complete(null.design, _durbin(null.spec, tested))
    check(full, sample(null.design, null.spec, "none").project)
    return tested
