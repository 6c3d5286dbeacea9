"""Score tests for random region effects and spatial errors (Baltagi, Song and Koh 2003)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from spatialconv._core.hypotheses import error_components as core
from spatialconv._options import Alternative, choice
from spatialconv.errors import ModelError
from spatialconv.models.estimation.estimate import maximum_likelihood
from spatialconv.models.hypotheses.outcomes import Diagnostics, normal_test
from spatialconv.models.hypotheses.score import Null, null_model
from spatialconv.results import HypothesisTest, merge_notes, number


def bsk_tests(
    panel: Any,
    y: str | None = None,
    x: str | Iterable[str] | None = None,
    w: Any = None,
    *,
    alternative: Alternative = "two-sided",
) -> Diagnostics:
    """Test for random region effects and for spatially correlated errors, jointly and each given the other.

    Use them to decide between pooled least squares, a random-effects model, a spatial error model and both
    (Baltagi, Song and Koh 2003). A marginal test takes the other parameter to be zero and is misled where it is
    not; a conditional one estimates it.

    Parameters
    ----------
    panel, y, x, w
        As in `lm_tests`; the model has an intercept and no fixed effects.
    alternative : {"two-sided", "greater", "less"}
        What lambda may be under the alternative. The variance of the region effects can only be positive, so
        that its tests are one-sided throughout. "greater" gives the paper's one-sided joint test, which R's
        splm calls LM-H.

    Returns
    -------
    Diagnostics
        "LM1" and "SLM1" (region effects), "LM2" and "SLM2" (spatial error), plain and standardised by their
        exact mean and variance; "LM-H" (joint); "CLM lambda" and "CLM mu" (conditional).

    Raises
    ------
    OptionError
        If outcome, regressors or weights are not given, or the alternative is unknown.
    ModelError
        If the panel has one period only.

    Notes
    -----
    Signed roots, standard normal under the null. The joint test adds the squares, that of LM1 only where LM1 is
    positive, and under ``alternative="greater"`` that of LM2 only where LM2 is positive: under the null it is
    chi-squared with 1 or 2 degrees of freedom with probability 1/2 each, and under "greater" with 0, 1, 2 with
    probabilities 1/4, 1/2, 1/4 (equation 2.20). Where residuals are negatively correlated within regions the
    conditional test of lambda lets the variance of the region effects be negative, as the paper's estimators
    do; splm and spreg mix estimators there and print another value. Differs from the paper and splm in SLM2:
    the exact variance of u'Wu takes the symmetric part of W.

    References
    ----------
    Baltagi, Song and Koh (2003), Journal of Econometrics 117, 123-150.

    Examples
    --------
    >>> import spatialconv as sc
    >>> from spatialconv.models.hypotheses.diagnostics import bsk_tests
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.inverse_distance(zj.cities)
    >>> list(bsk_tests(zj.panel, "exports", "digital", w).table.index)
    ['LM1', 'SLM1', 'LM2', 'SLM2', 'LM-H', 'CLM lambda', 'CLM mu']
    """
    choice("alternative", alternative, Alternative)
    null = null_model(panel, y, x, w, "none", "none")
    if null.design.shape[0] < 2:
        raise ModelError("region effects need at least two periods to be told from noise; the sample has one.")
    W = null.weights.matrix
    marginal = core.marginal(null.design.y, null.design.X, W)
    random = core.random_effects(null.design.y, null.design.X)
    rows = (
        *_marginal_rows(marginal, alternative),
        _joint(marginal, alternative),
        _given_effects(core.conditional_lambda(random, W), alternative),
        _given_error(null, W),
    )
    negative = random.s2_one < random.s2_v
    note = (
        f"residuals are negatively correlated within regions (variance of the region effects "
        f"{number((random.s2_one - random.s2_v) / null.design.shape[0])}); CLM lambda takes that as it is"
    )
    return Diagnostics(
        f"Tests of the error components of {null.title}",
        rows,
        merge_notes(null.notes, (note,) if negative else ()),
        null.provenance("bsk_tests", alternative=alternative),
    )


_NO_MU, _NO_LAMBDA = "no random region effects (variance of mu = 0)", "no spatially correlated errors (lambda = 0)"
_MU = "the variance of the region effects is positive"
_LAMBDA = {"two-sided": "lambda is not zero", "greater": "lambda is positive", "less": "lambda is negative"}


def _marginal_rows(found: core.Marginal, tail: Alternative) -> tuple[HypothesisTest, ...]:
    mu, lam = f"{_NO_MU}, lambda = 0", f"{_NO_LAMBDA}, no region effects"
    return (
        normal_test("LM1", mu, _MU, found.mu, "greater"),
        normal_test("SLM1", mu, _MU, found.mu_standardised, "greater"),
        normal_test("LM2", lam, _LAMBDA[tail], found.lam, tail),
        normal_test("SLM2", lam, _LAMBDA[tail], found.lam_standardised, tail),
    )


def _joint(found: core.Marginal, tail: Alternative) -> HypothesisTest:
    """The joint test with the weights that the number of one-sided parameters gives."""
    counted = {"two-sided": True, "greater": found.lam > 0, "less": found.lam < 0}[tail]
    statistic = max(found.mu, 0.0) ** 2 + (found.lam**2 if counted else 0.0)
    weights = (0.0, 0.5, 0.5) if tail == "two-sided" else (0.25, 0.5, 0.25)
    # chi-squared with 0 degrees of freedom is zero with probability one.
    tails = (float(statistic <= 0), stats.chi2.sf(statistic, 1), stats.chi2.sf(statistic, 2))
    words = " + ".join(f"{a:g} chi2({k})" for k, a in enumerate(weights) if a)
    return HypothesisTest(
        "LM-H",
        f"{_NO_MU} and {_NO_LAMBDA}",
        f"{_MU} or {_LAMBDA[tail]}",
        statistic,
        float(np.dot(weights, tails)),
        words,
    )


def _given_effects(z: float, tail: Alternative) -> HypothesisTest:
    return normal_test("CLM lambda", f"{_NO_LAMBDA}, whatever the region effects", _LAMBDA[tail], z, tail)


def _given_error(null: Null, W: Any) -> HypothesisTest:
    """The test for region effects, given the maximum likelihood of the pooled error model."""
    design = null.design
    found = maximum_likelihood(design, replace(null.spec, spatial="error", durbin=()), "none")
    z = core.conditional_mu(design.y - design.X @ found.beta, found.lam, found.sigma2, W, found.optimum.logdet_m)
    return normal_test("CLM mu", f"{_NO_MU}, whatever lambda", _MU, z, "greater")
