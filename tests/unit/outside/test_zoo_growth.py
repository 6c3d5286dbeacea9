"""Quantiles, speeds, trends and paired variances by R's quantreg, nls, sandwich and cor.test."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import spatialconv as sc
from spatialconv._core.regression.quantile import check_loss, quantile_regression
from tests.ledger import Ledger
from tests.tolerances import NLS, NLS_PROFILE, REFERENCE, ROUNDING

HERE = Path(__file__).parents[2] / "reference" / "zoo"
TAUS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
COMPARED, WITHOUT = 245, 0


@cache
def data() -> dict[str, Any]:
    return json.loads((HERE / "qn.json").read_text(encoding="utf-8"))


@cache
def firms() -> sc.Panel:
    frame = pd.DataFrame(data()["grun"]["data"])
    return sc.Panel(frame.assign(invested=np.log(frame["inv"])), region="firm", period="year")


def test_every_figure():
    book = Ledger("qn", data())
    for name, x in (("barro", ["x", "c1", "c2", "c3"]), ("engel", ["x"])):
        quantiles(book, name, x)
    book.is_given(("grun",))
    for place in range(len(book["nls",])):
        speeds(book, place)
    for variable in ("capital", "value", "inv"):
        dispersion(book, variable)
    book.close(compared=COMPARED, without=WITHOUT)


def quantiles(book: Ledger, name: str, x: list[str]) -> None:
    """By `beta_quantiles`: an initial level exp(x) that grows by y, with controls; the vertex is R's."""
    frame = pd.DataFrame(book[name, "data"])
    book.is_given((name, "data"))
    later = frame.assign(level=np.exp(frame["x"] + frame["y"]), when=1)
    both = pd.concat([frame.assign(level=np.exp(frame["x"]), when=0), later])
    panel = sc.Panel(both.assign(id=both["id"].astype(str)), region="id", period="when")
    found = sc.beta_quantiles(panel, "level", quantiles=TAUS, controls=x[1:], draws=2, seed=1, progress=False)
    ours = found.params[["intercept", "log_initial", *x[1:]]].to_numpy()
    # Logarithms of exponentials give back x and y to rounding, and so the vertex.
    book.close_to((name, "coef"), ours, rtol=ROUNDING, atol=ROUNDING)
    X, y = np.column_stack([np.ones(len(frame)), frame[x]]), frame["y"].to_numpy()
    losses = [check_loss(y - X @ quantile_regression(y, X, tau), tau) for tau in TAUS]
    book.close_to((name, "rho"), losses, rtol=REFERENCE)


def speeds(book: Ledger, place: int) -> None:
    """nls stops at a relative offset of 1e-9, of which the speed sees the root."""
    at = ("nls", str(place))
    theirs = book[at]
    for key in ("v", "br", "ic", "ct"):
        book.is_given((*at, key))
    found = sc.beta_nls(
        firms(),
        theirs["v"],
        breaks=theirs["br"],
        intercepts=theirs["ic"],
        controls=["invested"] if theirs["ct"] else [],
    )
    order = [*found.params.index.drop(["speed", "invested"], errors="ignore"), *["invested"] * theirs["ct"], "speed"]
    errors = found.std_errors[order]
    book.close_to((*at, "coef"), found.params[order], atol=NLS, units=errors)
    book.close_to((*at, "se"), errors, rtol=NLS)
    book.close_to((*at, "sigma"), np.sqrt(found.sigma2), rtol=ROUNDING)
    book.close_to((*at, "ll"), found.loglik, rtol=ROUNDING)
    if theirs["ci"] is None:
        # R's search for the ends of the profile failed.
        assert book.left.pop((*at, "ci"), 0) is None
        book.given += 1
        return
    ours = found.conf_int().loc["speed"].to_numpy()
    book.close_to((*at, "ci"), ours, atol=NLS_PROFILE, units=ours[1] - ours[0])
    off = [
        [abs((found.profile.sse(e) - found.sse) / found.sigma2 - f(found)) for e in ci] for ci in (ours, theirs["ci"])
    ]
    assert max(off[0]) < 1e-6 * min(off[1])


def f(found: Any) -> float:
    """The value of F at which an interval of 95 per cent ends."""
    from scipy.stats import f as distribution

    return float(distribution.ppf(0.95, 1, found.df))


def dispersion(book: Ledger, variable: str) -> None:
    found = sc.sigma(firms(), variable, measures="sd_log")
    row = found.trend.loc["ln sd_log"]
    book.close_to(("hac", variable), row[["estimate", "std_error", "p_value", "std_error_ols"]], rtol=ROUNDING)
    test = found.pitman_morgan
    book.close_to(("pm", variable), [test.statistic, test.p_value], rtol=ROUNDING)


def test_barro_s_countries_turned_by_hand():
    """A second witness of the quantiles: no point of a fine fan through the vertex has a smaller loss."""
    frame = pd.DataFrame(data()["engel"]["data"])
    X, y = np.column_stack([np.ones(len(frame)), frame["x"]]), frame["y"].to_numpy()
    rng = np.random.default_rng(1)
    for tau, theirs in zip(TAUS, data()["engel"]["coef"], strict=True):
        least = check_loss(y - X @ np.array(theirs), tau)
        for step in 10.0 ** rng.uniform(-6, -1, 200):
            assert check_loss(y - X @ (np.array(theirs) + step * rng.normal(size=2)), tau) > least - 1e-12
