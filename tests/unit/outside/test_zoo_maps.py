"""Five maps of the outside by R's spdep and spatialreg: asymmetric, unstandardised, globally standardised weights.

Every figure of `reference/zoo` is compared; where R is wrong the test says in what, and shows which figure is right by
dense algebra.
"""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import scipy.linalg as la
from scipy import stats
from scipy.optimize import minimize_scalar

import spatialconv as sc
from spatialconv._core.hypotheses.residual_tests import shared_information
from spatialconv._core.likelihood.effects import projection
from spatialconv.models.hypotheses.diagnostics import lm_tests, lr_test, residual_moran
from tests.brute_gmm import estimate
from tests.ledger import Ledger, leaves
from tests.tolerances import EIGENVALUE, EXACT, LOGLIK, OPTIM, REFERENCE, ROUNDING, SPATIALREG_TWO, TAIL

HERE = Path(__file__).parents[2] / "reference" / "zoo"
# Figures compared of each map and style of weights.
FIGURES = {
    "eire": {"W": 1916, "B": 1283, "C": 1283, "S": 1283},
    "usedcars": {"W": 2240, "B": 1410},
    "afcon": {"W": 2686, "B": 1849, "U": 1849},
    "auckland": {"W": 10985, "B": 8378},
    "sids_isl": {"W": 5547, "B": 3883},
}
BLOCKS = [(name, style) for name, styles in FIGURES.items() for style in styles]
MODELS = {
    "lag_lagsarlm": ("lag", False, "lag"),
    "error_errorsarlm": ("error", False, "error"),
    "sarar_sacsarlm": ("sarar", False, "sac"),
    "sdm_lagsarlm_durbin": ("lag", True, "mixed"),
    "sdem_errorsarlm_durbin": ("error", True, "error"),
    "gns_sacsarlm_durbin": ("sarar", True, "sacmixed"),
}
SCORES = {
    "LMlag": "LM lag",
    "LMerr": "LM error",
    "RLMlag": "robust LM lag",
    "RLMerr": "robust LM error",
    "SARMA": "LM lag and error",
}
ADMISSIBLE = "R's moments are minimised without a bound"


@cache
def data(name: str) -> dict[str, Any]:
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


class Map(NamedTuple):
    """One map with one style of weights, as our functions and as dense algebra take it."""

    panel: sc.Panel
    y: str
    x: list[str]
    w: Any
    W: np.ndarray
    Y: np.ndarray
    X: np.ndarray

    @property
    def n(self) -> int:
        return len(self.Y)

    def fit(self, spatial: str, durbin: bool = False) -> sc.models.fitted.PanelFit:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sc.errors.BoundaryWarning)
            return sc.fit_panel(
                self.panel, self.y, self.x, self.w, spatial=spatial, durbin=durbin, effects="none", logdet="eigen"
            )


def dense(tree: dict[str, Any], n: int) -> np.ndarray:
    W = np.zeros((n, n))
    W[np.array(tree["i"]) - 1, np.array(tree["j"]) - 1] = tree["w"]
    return W


@cache
def map_of(name: str, style: str) -> Map:
    tree = data(name)
    n = len(tree["names"])
    # "r" and "y" are columns of some maps.
    frame = pd.DataFrame(tree["data"]).assign(place=np.arange(1, n + 1), when=2000)
    x = tree["fm"]["x"]
    x, y = [x] if isinstance(x, str) else x, tree["fm"]["y"]
    W = dense(tree[style]["w"], n)
    w = sc.weights.from_matrix(W, regions=range(1, n + 1), standardise="none")
    X = np.column_stack([np.ones(n), frame[x].to_numpy(float)])
    return Map(sc.Panel(frame, region="place", period="when"), y, x, w, W, frame[y].to_numpy(float), X)


@pytest.mark.parametrize(("name", "style"), BLOCKS)
def test_every_figure_of_spdep_and_spatialreg(name, style):
    here = map_of(name, style)
    book = Ledger(f"{name} {style}", data(name)[style])
    weights(book, name, style)
    for variable in book["esda",]:
        esda(book, here, variable)
    models(book, here, style)
    book.close(compared=FIGURES[name][style])


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_stands_beside_the_blocks(name):
    """Data, formula and words are given; R failed nowhere; every style of the file is in a block."""
    tree = data(name)
    styles = [k for k in tree if k in "WBCSU"]
    assert styles == list(FIGURES[name])
    assert tree["failures"] == []
    book = Ledger(name, {k: v for k, v in tree.items() if k not in [*styles, "failures"]})
    for key in ("names", "data", "fm", "warnings"):
        book.is_given((key,))
    book.close(compared=0)


def test_the_maps_are_what_the_zoo_is_for():
    """Asymmetric and unstandardised weights there are; no region of these files is without a neighbour."""
    assert all((map_of(*block).W.sum(axis=1) > 0).all() for block in BLOCKS)
    assert sum(not np.allclose(map_of(*block).W, map_of(*block).W.T) for block in BLOCKS) == 6
    assert sum(not np.allclose(map_of(*block).W.sum(axis=1), 1) for block in BLOCKS) == 8


# ---------------------------------------------------------------------- weights and maps


def weights(book: Ledger, name: str, style: str) -> None:
    """Row-standardised ones from the links alone; the other styles of R we have no option for and take as given."""
    if style != "W":
        book.is_given(("w",))
        return
    n = len(data(name)["names"])
    links = (map_of(name, "B").W > 0).astype(float)
    ours = sc.weights.from_matrix(links, regions=range(1, n + 1), standardise="row")
    matrix = sc.weights.align(ours, pd.Index(range(1, n + 1))).matrix.tocoo()
    order = np.lexsort((matrix.col, matrix.row))
    book.equal_to(("w", "i"), (matrix.row[order] + 1).tolist())
    book.equal_to(("w", "j"), (matrix.col[order] + 1).tolist())
    book.close_to(("w", "w"), matrix.data[order], rtol=EXACT)


def esda(book: Ledger, here: Map, variable: str) -> None:
    at = ("esda", variable)
    for key, function, letter in (("moran", sc.moran, "I"), ("geary", sc.geary, "C")):
        for null in ("randomisation", "normality"):
            whole(book, (*at, key, null), function(here.panel, variable, here.w, null=null), letter)
    if "G" in book[at]:
        whole(book, (*at, "G"), sc.general_g(here.panel, variable, here.w), "G")
    for key, null in (("lm_cond", "conditional"), ("lm_total", "total")):
        table = sc.local_moran(here.panel, variable, here.w, period=2000, null=null).table
        ours = table[["I", "expected", "variance", "z", "p"]].to_numpy()
        # A variable far from normal leaves variances of 1e-7 beside others of 10.
        book.close_to((*at, key), ours, rtol=REFERENCE, atol=REFERENCE)
    z = sc.hot_spots(here.panel, variable, here.w, period=2000, star=False).table["z"]
    book.close_to((*at, "Gi"), z, rtol=REFERENCE, atol=REFERENCE)
    binary = sc.weights.from_matrix((here.W > 0).astype(float), regions=range(1, here.n + 1), standardise="none")
    z = sc.hot_spots(here.panel, variable, binary, period=2000, star=True).table["z"]
    book.close_to((*at, "Gis_bin"), z, rtol=REFERENCE, atol=REFERENCE)


def whole(book: Ledger, at: tuple[str, ...], found: sc.autocorrelation.GlobalAutocorrelation, letter: str) -> None:
    row = found.table.iloc[0]
    book.close_to((*at, "est"), row[[letter, "expected", "variance"]], rtol=REFERENCE)
    # Moran's I of nearly its expectation has a z of a difference.
    book.close_to((*at, "z"), row["z"], rtol=REFERENCE, atol=REFERENCE)
    book.close_to((*at, "p"), row["p"], rtol=ROUNDING, atol=EXACT)


# ---------------------------------------------------------------------- models


def models(book: Ledger, here: Map, style: str) -> None:
    score_tests(book, here)
    fits = {key: here.fit(*MODELS[key][:2]) for key in MODELS if key in book["models",]}
    least = {durbin: here.fit("none", durbin) for durbin in {MODELS[key][1] for key in fits}}
    for key, fit in fits.items():
        likelihood(book, ("models", key), fit, least, here)
    impacts(book, ("models", "impacts_lag", "exact"), fits["lag_lagsarlm"], here, style)
    if "impacts_sdm" in book["models",]:
        impacts(book, ("models", "impacts_sdm", "exact"), fits["sdm_lagsarlm_durbin"], here, style)
    two_stage(book, here)
    moments_of_error(book, here)
    moments_of_both(book, here, style)


def score_tests(book: Ledger, here: Map) -> None:
    found = lm_tests(here.panel, here.y, here.x, here.w, effects="none")
    for short, long in SCORES.items():
        at = ("models", "lm_tests", short)
        book.close_to((*at, "statistic"), found[long].statistic, rtol=ROUNDING)
        book.equal_to((*at, "df"), found[long].df)
        # One minus a distribution function keeps the digits of one.
        book.close_to((*at, "p_value"), found[long].p_value, rtol=ROUNDING, atol=EXACT)
        book.is_given((*at, "statistic_name"))
        book.is_given((*at, "method"))
    row = residual_moran(here.fit("none"), here.w).table.iloc[0]
    at = ("models", "residual_moran")
    book.close_to(at, row[["I", "expected", "variance", "z", "p"]], rtol=ROUNDING, atol=EXACT)


def named(r: str) -> str:
    """Our name of a parameter of spatialreg."""
    if r.startswith("lag."):
        return f"W:{r[4:]}"
    return {"(Intercept)": "intercept", "sigma": "sigma2", "Rho": "rho"}.get(r, r)


def in_r(ours: str) -> str:
    """The name of a parameter in spatialreg's covariances."""
    if ours.startswith("W:"):
        return f"lag.{ours[2:]}"
    return {"intercept": "(Intercept)", "sigma2": "sigma"}.get(ours, ours)


def likelihood(book: Ledger, at: tuple[str, ...], fit: Any, least: dict[bool, Any], here: Map) -> None:
    theirs = book[at]
    kind = MODELS[at[-1]]
    # R's search in two parameters has no tolerance to set.
    tolerance = SPATIALREG_TWO if kind[0] == "sarar" else OPTIM
    book.equal_to((*at, "type"), kind[2])
    terms = [named(term) for term in theirs["coef"]]
    assert sorted(terms) == sorted(fit.params.index.drop("sigma2"))
    errors = fit.std_errors
    book.close_to((*at, "coef"), fit.params[terms], atol=tolerance, units=errors[terms])
    terms = [named(term) for term in theirs["beta"]]
    book.close_to((*at, "beta"), fit.params[terms], atol=tolerance, units=errors[terms])
    book.close_to((*at, "se_beta"), errors[terms], rtol=tolerance)
    for term in ("rho", "lambda"):
        if term in theirs:
            book.close_to((*at, term), fit.params[term], atol=tolerance, units=errors[term])
            book.close_to((*at, f"{term}_se"), errors[term], rtol=tolerance)
    book.close_to((*at, "sigma2"), fit.sigma2, rtol=tolerance)
    book.close_to((*at, "sse"), (fit.residuals.to_numpy() ** 2).sum(), rtol=tolerance)
    book.close_to((*at, "loglik"), fit.loglik, rtol=LOGLIK)
    book.close_to((*at, "aic"), fit.aic, rtol=LOGLIK)
    book.equal_to((*at, "n_parameters_in_aic"), fit.n_parameters)
    book.equal_to((*at, "nobs"), fit.nobs)
    terms = [named(term) for term in theirs["vcov_names"]]
    book.equal_to(
        (*at, "vcov_names"), [{v: k for k, v in zip(theirs["vcov_names"], terms, strict=True)}[t] for t in terms]
    )
    scale = np.outer(errors[terms], errors[terms])
    book.close_to((*at, "vcov"), fit.cov.loc[terms, terms].to_numpy(), atol=2 * tolerance, units=scale)
    if "LM_residual_autocorrelation" in theirs:
        book.close_to((*at, "LM_residual_autocorrelation"), error_in_lag(fit, here), rtol=10 * OPTIM)
    wald(book, at, fit, tolerance)
    ratio(book, at, fit, least)
    if "interval" in theirs:
        book.close_to((*at, "interval"), interval(fit), rtol=EIGENVALUE)


def interval(fit: Any) -> tuple[float, float]:
    optimum = fit.estimates.optimum
    return (optimum.logdet_w or optimum.logdet_m).interval


def error_in_lag(fit: Any, here: Map) -> float:
    """Anselin's (1988) score test for an error process in the lag model, of our estimates."""
    V = fit.design.W.matrix
    a = shared_information(V, V, fit.rho, None, 0.0, fit.sigma2, projection("none", 1, here.n, lee_yu=False))
    e = fit.residuals.to_numpy().ravel()
    cov = fit.cov.loc[["rho", "sigma2"], ["rho", "sigma2"]].to_numpy()
    traces = (here.W * here.W.T).sum() + (here.W**2).sum()
    return float((e @ here.W @ e / fit.sigma2) ** 2 / (traces - a @ cov @ a))


def wald(book: Ledger, at: tuple[str, ...], fit: Any, tolerance: float) -> None:
    """R's Wald test of models with both processes is that of lambda alone, with the degrees of freedom of all."""
    theirs = book[(*at, "wald")]
    term = "rho" if fit.spec.spatial == "lag" else "lambda"
    statistic = fit.tstats[term] ** 2
    both = fit.spec.spatial == "sarar"
    df = 1 if not both else 2 + len(fit.spec.durbin)
    # The square of an estimate over its standard error: a share of them times z is an absolute error of z.
    book.close_to((*at, "wald", "statistic"), statistic, rtol=4 * tolerance, atol=4 * tolerance)
    book.equal_to((*at, "wald", "df"), df)
    book.close_to((*at, "wald", "p_value"), stats.chi2.sf(statistic, df), rtol=TAIL, atol=EXACT)
    if both:
        joint = sc.wald_test(fit, [*("rho", "lambda"), *(f"W:{x}" for x in fit.spec.durbin)])
        assert joint.df == df
        assert joint.statistic > theirs["statistic"] + 1e-9
    book.is_given((*at, "wald", "statistic_name"))
    book.is_given((*at, "wald", "method"))


def ratio(book: Ledger, at: tuple[str, ...], fit: Any, least: dict[bool, Any]) -> None:
    """Of Durbin models against the same regressors without rho (lambda), of both processes against least squares."""
    found = lr_test(least[bool(fit.spec.durbin) and fit.spec.spatial != "sarar"], fit)
    book.close_to((*at, "LR_vs_ols", "statistic"), found.statistic, rtol=ROUNDING, atol=ROUNDING)
    book.equal_to((*at, "LR_vs_ols", "df"), found.df)
    book.close_to((*at, "LR_vs_ols", "p_value"), found.p_value, rtol=TAIL, atol=EXACT)
    book.is_given((*at, "LR_vs_ols", "statistic_name"))
    book.is_given((*at, "LR_vs_ols", "method"))


def impacts(book: Ledger, at: tuple[str, ...], fit: Any, here: Map, style: str) -> None:
    """R takes the total as beta / (1 - rho), which holds of rows that sum to one only: W and 2 W then differ."""
    table = fit.impacts().tidy().set_index(["effect", "term"])["estimate"]
    beta = fit.params[here.x].to_numpy()
    theta = fit.params[[f"W:{x}" for x in here.x]].to_numpy() if fit.spec.durbin else np.zeros_like(beta)
    S = la.inv(np.eye(here.n) - fit.rho * here.W)
    exact = [S * b + S @ here.W * t for b, t in zip(beta, theta, strict=True)]
    total = np.array([E.sum() / here.n for E in exact])
    np.testing.assert_allclose(table["total"][here.x], total, rtol=ROUNDING)
    np.testing.assert_allclose(table["direct"][here.x], [np.trace(E) / here.n for E in exact], rtol=ROUNDING)
    np.testing.assert_allclose(table["indirect"][here.x], total - table["direct"][here.x], rtol=OPTIM)
    direct = table["direct"][here.x].to_numpy()
    as_in_r = (beta + theta) / (1 - fit.rho)
    if style == "W":
        np.testing.assert_allclose(total, as_in_r, rtol=ROUNDING)
    else:
        assert np.abs(as_in_r / total - 1).max() > 1e-3
    book.close_to((*at, "direct"), direct, rtol=10 * OPTIM)
    book.close_to((*at, "total"), as_in_r, rtol=10 * OPTIM)
    # A difference of two that are nearly equal.
    book.close_to((*at, "indirect"), as_in_r - direct, atol=10 * OPTIM, units=np.abs(as_in_r))


# ---------------------------------------------------------------------- moments


def two_stage(book: Ledger, here: Map) -> None:
    """`stsls` lags the intercept too, where rows do not sum to one; so do we."""
    k = here.X.shape[1] + 1
    for key, vcov, small in (("stsls", "information", True), ("stsls_robust", "robust", False)):
        found = estimate(here.panel, here.x, here.w, y=here.y, small=small, vcov=vcov)
        errors = np.sqrt(np.diag(found.cov)[:k])
        order = np.r_[k - 1, : k - 1]
        at = ("models", key)
        book.close_to((*at, "coef"), np.r_[found.rho, found.beta], atol=ROUNDING, units=errors[order])
        ours = found.cov[np.ix_(order, order)]
        book.close_to((*at, "vcov"), ours, atol=ROUNDING, units=np.outer(errors[order], errors[order]))
        if key == "stsls":
            book.equal_to((*at, "df"), here.n - k)
            book.close_to((*at, "sigma2"), found.sigma2 * here.n / (here.n - k), rtol=ROUNDING)


def criterion(u: np.ndarray, W: np.ndarray):
    """The sum of squared moments of Kelejian and Prucha (1999) as a function of lambda, sigma2 at its best."""
    n, v, z = len(u), W @ u, W @ W @ u
    s = np.array([1.0, (W**2).sum() / n])

    def at(lam: float) -> float:
        e, ew = u - lam * v, v - lam * z
        squares = np.array([e @ e, ew @ ew]) / n
        m = np.r_[squares - s * (s @ squares) / (s @ s), e @ ew / n]
        return float(m @ m)

    return at


def lowest(at, start: float) -> float:
    """The local minimum next to a start, by golden section and parabolas."""
    reach = 0.05 * abs(start)
    return float(
        minimize_scalar(at, bounds=(start - reach, start + reach), method="bounded", options={"xatol": 1e-11}).x
    )


def gm_lambda(book: Ledger, at: tuple[str, ...], ours: float, u: np.ndarray, here: Map) -> bool:
    """R's lambda is a minimum of the moments; where it lies beyond the admissible interval ours is a lower one."""
    theirs, value = book[(*at, "lambda")], criterion(u, here.W)
    roots = la.eigvals(here.W)
    real = roots.real[np.abs(roots.imag) < 1e-9]
    if 1 / real.min() < theirs < 1 / real.max():
        book.close_to((*at, "lambda"), ours, rtol=OPTIM)
        return True
    assert value(ours) < 0.5 * value(theirs), ADMISSIBLE
    book.close_to((*at, "lambda"), lowest(value, theirs), rtol=OPTIM)
    return False


def moments_of_error(book: Ledger, here: Map) -> None:
    at = ("models", "gmerror")
    found = estimate(here.panel, here.x, here.w, y=here.y, spatial="error")
    X, Y, W, n = here.X, here.Y, here.W, here.n
    u = Y - X @ la.lstsq(X, Y)[0]
    lam = book[(*at, "lambda")]
    admissible = gm_lambda(book, at, found.lam, u, here)
    Xs, Ys = X - lam * W @ X, Y - lam * W @ Y
    s2 = ((u - lam * W @ u) ** 2).sum() / n
    bread = la.inv(Xs.T @ Xs)
    book.close_to((*at, "sigma2"), s2, rtol=ROUNDING)
    k = X.shape[1]
    if admissible:
        # R's variance is that of the first step's residuals.
        book.close_to((*at, "beta"), found.beta, atol=OPTIM, units=np.sqrt(np.diag(found.cov)[:k]))
        book.close_to((*at, "se_beta"), np.sqrt(np.diag(found.cov)[:k] * s2 / found.sigma2), rtol=OPTIM)
    else:
        book.close_to((*at, "beta"), la.lstsq(Xs, Ys)[0], rtol=ROUNDING)
        book.close_to((*at, "se_beta"), np.sqrt(np.diag(bread) * s2), rtol=ROUNDING)
    # R takes W'W as the form of the second moment, which is W, and sums all elements of two products for a trace.
    book.close_to((*at, "lambda_se"), moments_error(u, W, lam, s2, W.T @ W, np.sum), rtol=ROUNDING)
    if admissible:
        own = np.sqrt(found.cov[k, k])
        right = moments_error(u, W, found.lam, s2, W, np.trace)
        sigma2 = minimised_variance(u, W, found.lam)
        assert own == pytest.approx(right * sigma2 / s2, rel=10 * OPTIM)


def minimised_variance(u: np.ndarray, W: np.ndarray, lam: float) -> float:
    n = len(u)
    e = u - lam * W @ u
    s = np.array([1.0, (W**2).sum() / n])
    return float(s @ [e @ e / n, (W @ e) @ (W @ e) / n] / (s @ s))


def moments_error(u: np.ndarray, W: np.ndarray, lam: float, s2: float, second: np.ndarray, summed: Any) -> float:
    """The standard error of lambda (Kelejian and Prucha 2004), with what stands for the second moment's form and what
    is summed of the products in which it stands."""
    n, v, z = len(u), W @ u, W @ W @ u
    a = (W**2).sum() / n
    c = np.sqrt(1 / (1 + a**2))
    J = np.array([[2 * c * (z @ v - a * (v @ u)), -c * (z @ z - a * (v @ v))], [z @ u + v @ v, -z @ v]]) / n
    slope = J @ [1, 2 * lam]
    first = c * (W.T @ W - a * np.eye(n))
    A, B = first + first.T, second + second.T
    phi = s2**2 / (2 * n) * np.array([[np.trace(A @ A), summed(A @ B)], [summed(A @ B), summed(B @ B)]])
    return float(np.sqrt(slope @ phi @ slope / n) / (slope @ slope))


def moments_of_both(book: Ledger, here: Map, style: str) -> None:
    """`gstsls` forgets the lagged intercept that `stsls` takes, and filters the one among its instruments away."""
    at = ("models", "gstsls")
    found = estimate(here.panel, here.x, here.w, y=here.y, spatial="sarar")
    X, Y, W, n = here.X, here.Y, here.W, here.n
    Z, lags = np.column_stack([W @ Y, X]), np.column_stack([W @ X[:, 1:], W @ W @ X[:, 1:]])
    lam = book[(*at, "lambda")]
    first, _, _ = instrumented(Y, Z, np.column_stack([X, lags]))
    k = Z.shape[1]
    order = np.r_[k - 1, : k - 1]
    if style == "W":
        assert gm_lambda(book, at, found.lam, Y - Z @ first, here)
        errors = np.sqrt(np.diag(found.cov)[:k])[order]
        book.close_to((*at, "coef"), np.r_[found.rho, found.beta], atol=10 * OPTIM, units=errors)
    else:
        # Their first step, and the lowest point of its moments next to theirs.
        book.close_to((*at, "lambda"), lowest(criterion(Y - Z @ first, W), lam), rtol=OPTIM)
    B = np.eye(n) - lam * W
    d, e, bread = instrumented(B @ Y, B @ Z, np.column_stack([B @ X, lags]))
    s2 = e @ e / (n - k)
    if style != "W":
        book.close_to((*at, "coef"), d, rtol=ROUNDING)
        ones = np.column_stack([W.sum(axis=1), W @ W.sum(axis=1)])
        ours = np.eye(n) - found.lam * W
        right, _, _ = instrumented(ours @ Y, ours @ Z, np.column_stack([X, lags, ones]))
        np.testing.assert_allclose(np.r_[found.rho, found.beta], right, rtol=OPTIM)
    book.close_to((*at, "s2"), s2, rtol=ROUNDING)
    book.close_to((*at, "se"), np.sqrt(np.diag(bread) * s2), rtol=ROUNDING)


def instrumented(y: np.ndarray, Z: np.ndarray, H: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two-stage least squares: coefficients, residuals, inverse of the instrumented cross-products."""
    P = H @ la.lstsq(H, Z)[0]
    d = la.lstsq(P, y)[0]
    return d, y - Z @ d, la.inv(P.T @ P)


def test_the_ledger_counts_every_leaf():
    """All of a file is in the blocks and beside them."""
    for name in FIGURES:
        tree = data(name)
        inside = sum(len(list(leaves(tree[style]))) for style in FIGURES[name])
        beside = sum(len(list(leaves(v))) for k, v in tree.items() if k not in FIGURES[name])
        assert inside + beside == len(list(leaves(tree)))
