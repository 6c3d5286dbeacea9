"""Grunfeld, rice farms and the firms of EmplUK (with gaps) by R's plm: coefficients, clusters, SCC, effects, CD."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc
from spatialconv._core.hypotheses.residual_tests import pesaran_cd
from tests.ledger import Ledger
from tests.tolerances import REFERENCE, ROUNDING
from tests.unit.models.test_sandwich_plm import close

HERE = Path(__file__).parents[2] / "reference" / "zoo"
PANELS = {"Grunfeld": 178, "RiceFarms": 600, "EmplUK": 419}
WITHOUT = {"Grunfeld": 6, "RiceFarms": 7, "EmplUK": 14}
EFFECTS = {"individual": "region", "time": "time", "twoways": "two-way", "pool": "none"}
COVARIANCES = {
    "vcov": ("unadjusted", None),
    "arellano": ("cluster", None),
    "white1": ("robust", None),
    "scc": ("driscoll-kraay", "lags"),
    "scc0": ("driscoll-kraay", 0),
}


@cache
def data() -> dict[str, Any]:
    return json.loads((HERE / "plm.json").read_text(encoding="utf-8"))


class Rows(NamedTuple):
    """One panel: rows, regressors, sizes."""

    frame: pd.DataFrame
    panel: sc.Panel
    x: list[str]
    N: int
    T: int

    @property
    def balanced(self) -> bool:
        return len(self.frame) == self.N * self.T


@cache
def rows(name: str) -> Rows:
    frame = pd.DataFrame(data()[name]["data"])
    x = [c for c in frame if c.startswith("x")]
    return Rows(frame, sc.Panel(frame, region="i", period="t"), x, frame["i"].nunique(), frame["t"].nunique())


def fitted(name: str, effects: str, vcov: str, lags: int | None = None) -> Any:
    here = rows(name)
    return sc.fixed_effects(here.panel, "y", here.x, effects=EFFECTS[effects], vcov=vcov, lags=lags)


@pytest.mark.parametrize("name", PANELS)
def test_every_figure_of_plm(name):
    book = Ledger(name, data()[name])
    book.is_given(("data",))
    for effects in EFFECTS:
        block(book, name, effects)
    # Swamy and Arora's variances of the components; ours are by likelihood or by the moments of Kapoor et al.
    book.has_none(("re",), "random effects of Swamy and Arora")
    book.has_none(("phtest",), "Hausman's test with random effects of Swamy and Arora")
    book.close(compared=PANELS[name], without=WITHOUT[name])


def block(book: Ledger, name: str, effects: str) -> None:
    here, theirs = rows(name), book[effects,]
    fit = fitted(name, effects, "unadjusted")
    terms = ["intercept" if term == "(Intercept)" else term for term in theirs["names"]]
    assert terms == list(fit.params.index)
    book.is_given((effects, "names"))
    book.close_to((effects, "coef"), fit.params, rtol=REFERENCE)
    book.close_to((effects, "r2"), fit.rsquared_within, rtol=REFERENCE)
    book.close_to((effects, "rss"), np.nansum(fit.residuals.to_numpy() ** 2), rtol=REFERENCE)
    n, k, N, T = len(here.frame), len(here.x), here.N, here.T
    taken = {"individual": N, "time": T, "twoways": N + T - 1, "pool": 1}[effects]
    book.equal_to((effects, "df"), n - k - taken)
    book.equal_to((effects, "lags"), int(4 * (T / 100) ** (2 / 9)))
    for key, (vcov, lags) in COVARIANCES.items():
        used = theirs["lags"] if lags == "lags" else lags
        found = fitted(name, effects, vcov, used)
        # The small-sample factors of `fixed_effects`, which these of plm do not have ("HC0").
        counted = k + 1 + (T - 1) * (effects in ("time", "twoways"))
        cluster = N / (N - 1) * (n - 1) / (n - counted)
        factor = {"unadjusted": 1.0, "cluster": cluster}.get(vcov, n / (n - k - taken))
        scale = np.sqrt(np.diag(np.array(theirs[key])))
        book.close_to((effects, key), found.cov.to_numpy() / factor, atol=REFERENCE, units=np.outer(scale, scale))
    if effects != "pool":
        effects_of(book, name, effects, fit)
    dependence(book, name, effects, fit)
    if here.balanced:
        likelihood(theirs, here, effects)


def wide(here: Rows, fit: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The sum of the effects of each row, (T, N), and where rows are."""
    tables = [here.frame.pivot(index="t", columns="i", values=c) for c in ("y", *here.x)]
    explained = sum(table * fit.params[term] for table, term in zip(tables[1:], here.x, strict=True))
    return tables[0] - explained - fit.residuals.loc[tables[0].index, tables[0].columns], tables[0].notna()


def effects_of(book: Ledger, name: str, effects: str, fit: Any) -> None:
    """Deviations from the mean of all rows; under two-way effects with gaps, what plm has for them."""
    here = rows(name)
    both, there = wide(here, fit)
    axis = 1 if effects == "time" else 0
    if effects != "twoways" or here.balanced:
        found = both.mean(axis=axis)
    else:
        # plm takes periods for what is left of the mean of y - x b among those who are there, whoever they are, and
        # of each firm the first row: what it prints leaves a larger sum of squares than its own residuals do.
        left = both + fit.residuals.loc[both.index, both.columns]
        periods = left.mean(axis=1)
        found = (both.sub(periods - periods.iloc[0], axis=0)).bfill().iloc[0]
        again = left.sub(pd.Series(book[effects, "fixef"])[left.columns], axis=1)
        again = again.sub(again.mean(axis=1), axis=0)
        assert np.nansum(again.to_numpy() ** 2) > 1.01 * book[effects, "rss"]
    found = found - np.average(found, weights=there.sum(axis=axis))
    found.index = found.index.astype(str)
    order = list(book[effects, "fixef"])
    size = np.abs(found).max()
    # Effects are differences of levels that cancel: of 317 beside 10.
    book.close_to((effects, "fixef"), found[order], atol=10 * REFERENCE, units=size)
    if here.balanced:
        own = sc.fit_panel(here.panel, "y", here.x, spatial="none", effects=EFFECTS[effects])
        named = own.time_effects if effects == "time" else own.region_effects
        named.index = named.index.astype(str)
        np.testing.assert_allclose(named[order] / size, found[order] / size, atol=10 * REFERENCE)


def dependence(book: Ledger, name: str, effects: str, fit: Any) -> None:
    """CD of residuals; we give none where periods have effects, and refuse gaps."""
    if not rows(name).balanced:
        with pytest.raises(sc.errors.MissingDataError, match="residuals are missing"):
            sc.pesaran_cd(fit.residuals)
        book.has_none((effects, "cd"), "CD of residuals with gaps: refused")
        return
    found = sc.pesaran_cd(fit.residuals)
    if effects in ("time", "twoways"):
        assert np.isnan(found.statistic)
        assert "sum to zero in every period" in found.reason
    statistic = pesaran_cd(fit.residuals.to_numpy())
    p = 2 * stats.norm.sf(abs(statistic))
    book.close_to((effects, "cd"), [statistic, p], rtol=ROUNDING, atol=1e-300)


def likelihood(theirs: dict[str, Any], here: Rows, effects: str) -> None:
    """The same from `fit_panel`, which shares its sandwich; factors of region effects as `plm_sandwich` says."""
    fit = sc.fit_panel(here.panel, "y", here.x, spatial="none", effects=EFFECTS[effects], correction="none")
    terms = fit.params.index.drop("sigma2")
    np.testing.assert_allclose(fit.params[terms], list(theirs["coef"].values()), rtol=REFERENCE)
    close(fit.with_vcov("cluster").cov.loc[terms, terms], np.array(theirs["arellano"]))
    lost = here.T / (here.T - 1) if effects in ("individual", "twoways") else 1.0
    for key, lags in (("scc", theirs["lags"]), ("scc0", 0)):
        close(fit.with_vcov("driscoll-kraay", lags=lags).cov.loc[terms, terms], lost * np.array(theirs[key]))
    if lost == 1.0:
        close(fit.with_vcov("robust").cov.loc[terms, terms], np.array(theirs["white1"]))


def test_all_panels_of_the_file():
    assert list(data()) == list(PANELS)
    assert [rows(name).balanced for name in PANELS] == [True, True, False]
