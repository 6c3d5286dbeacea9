"""Regression tables: models side by side, read from tidy() and glance() alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from spatialconv._language import Language, current, enumerated, restate, say, speaking
from spatialconv._options import ERRORS, MOST_DIGITS, choice, first, whole
from spatialconv.errors import OptionError
from spatialconv.tables._cells import ABSENT, UNDEFINED, figure, label, probability_text, signed
from spatialconv.tables._table import Table

Cells = Literal[
    "estimate",
    "estimate (std_error)",
    "estimate (z)",
    "estimate (t)",
    "estimate (p_value)",
    "estimate [interval]",
]
CELLS = get_args(Cells)
EFFECTS = ("direct", "indirect", "total")
STARS = ((0.01, "***"), (0.05, "**"), (0.10, "*"))

# Keys of glance() that make the rows below the coefficients, in the order that journals print; `sample` and `errors`
# are read off what else is known of a model.
FOOTER: dict[str, str] = {
    "speed": "Speed of convergence",
    "half_life": "Half-life",
    "rsquared_within": "R² within",
    "rsquared_between": "R² between",
    "rsquared_overall": "R² overall",
    "loglik": "Log-likelihood",
    "nobs": "Observations",
    "sample": "N × T",
    "model": "Model",
    "effects": "Effects",
    "correction": "Approach",
    "weights": "Weights",
    "errors": "Standard errors",
}
_LABELS = {
    "log_initial": "ln initial level (β)",
    "intercept": "Constant",
    "rho": "ρ",
    "lambda": "λ",
    "sigma2": "σ²",
    "aic": "AIC",
    "bic": "BIC",
    "n_regions": "Regions",
    "n_periods": "Periods",
}
_WORDS = {("correction", "lee-yu"): "Lee-Yu", ("correction", "none"): "direct"}
INITIAL = "log_initial"
_LEVEL = 0.95  # of intervals whose result names none: the default of conf_int()
_DERIVED = ("speed", "half_life")
_FIRST = ("log_initial",)  # beta
_LAST = ("intercept", "rho", "lambda", "sigma2")  # after the regressors and their spatial lags, in this order
_IN_PARENTHESES = {
    "estimate (std_error)": "standard errors in parentheses",
    "estimate (z)": "z-values in parentheses",
    "estimate (t)": "t-values in parentheses",
    "estimate (p_value)": "p-values in parentheses",
}


@dataclass(frozen=True)
class _Model:
    name: str
    terms: pd.DataFrame  # indexed by term
    about: Mapping[str, Any]
    notes: tuple[str, ...]
    level: float  # of its intervals
    withheld: bool  # whether beta has no standard error because none holds over few periods


@speaking
def regression(
    results: Mapping[str, Any] | Sequence[Any],
    *,
    cells: Cells = "estimate (std_error)",
    stars: bool = True,
    footer: Iterable[str] = tuple(FOOTER),
    terms: Iterable[str] | None = None,
    labels: Mapping[str, str] | None = None,
    digits: int = 4,
    tests: Mapping[str, Any] | None = None,
    caption: str = "",
    language: Language = "en",
) -> Table:
    """Set fitted models side by side in the order that journals print.

    Beta first, then the other regressors, spatial lags of regressors (W), constant, rho, lambda and sigma²; below them
    speed and half-life, R², log-likelihood, N x T, effects, weights and the kind of standard errors; then tests.

    Parameters
    ----------
    results : mapping of name to result, or sequence of results
        Anything with `tidy()` and `glance()`; columns of a sequence are called (1), (2), …
    cells : {"estimate", "estimate (std_error)", "estimate (z)", "estimate (t)", "estimate (p_value)", \
"estimate [interval]"}
        What stands under each estimate.
    stars : bool
        Mark p < 0.10, 0.05 and 0.01 by one, two and three stars; never sigma2, whose being zero is no hypothesis.
    footer : names
        Keys of `glance()` to show; those that no model has are left out.
    terms : names, optional
        Which coefficients to show, in this order; all by default.
    labels : mapping, optional
        Texts for terms and footer rows.
    digits : int
        Decimals; smaller figures are written as powers of ten.
    tests : mapping of name to tests, optional
        A block of tests at the foot: for each row one test a model, in the order of `results` or by the names of
        models, None where a model has none. A test has `statistic` and `p_value`, as those of `sc.lm_tests` have.
    caption : str
    language : {"en", "zh"}
        Of the fixed words of rows, notes and cells; names of models, terms and labels stay as they are.

    Returns
    -------
    Table
        A blank cell: not in this model. A dash: the model has no such property. "undefined": it has, without
        a value. CSV holds all quantities with all digits.

    Raises
    ------
    OptionError
        If there is no result, or one without estimates, or a term that no model has.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> fits = {e: sc.beta(zj.panel, "exports", effects=e) for e in ("none", "region")}
    >>> shown = sc.tables.regression(fits, digits=3, stars=False, footer=("speed", "nobs"), terms=("log_initial",))
    >>> shown  # doctest: +ELLIPSIS
    |                      |    none |      region |
    | -------------------- | ------: | ----------: |
    | ln initial level (β) |  −0.027 |      −0.393 |
    |                      | (0.026) | (undefined) |
    | Speed of convergence |   0.028 |       0.499 |
    | Observations         |      44 |          44 |
    <BLANKLINE>
    Notes:
    <BLANKLINE>
    - standard errors in parentheses
    - undefined: over few periods no standard error of the initial level holds under
      effects of regions; p and set by b.inference or b.grid_interval
    - none: size simulated at 11 regions ...
    """
    choice("cells", cells, CELLS)
    whole("digits", digits, least=1, most=MOST_DIGITS)
    models = _models(results)
    own = dict(labels or {})
    texts = {key: say(words) for key, words in {**_LABELS, **FOOTER}.items()} | own
    # A regressor may be called as a row of the footer is, "weights" or "effects".
    of_terms = {key: say(words) for key, words in {**_LABELS, **{k: FOOTER[k] for k in _DERIVED}}.items()} | own
    shown = _ordered(models) if terms is None else _known(tuple(terms), models)
    asked = _test_rows(tests or {}, models)
    rows = [row for term in shown for row in _coefficient_rows(term, models, cells, stars, digits, of_terms)]
    below, weight_notes = _footer_rows(tuple(footer), models, digits, texts)
    names = [m.name for m in models]
    lines = rows + below + asked
    frame = pd.DataFrame([r[1:] for r in lines], index=[r[0] for r in lines], columns=names, dtype=object)
    blocks = [len(rows)] * bool(below) + [len(rows + below)] * bool(asked)
    said = (say("tests: statistic, with p in brackets"),) if asked else ()
    return Table(
        frame=frame,
        caption=caption,
        notes=(*_legend(cells, stars, models), *_few_periods(models), *said, *weight_notes, *_warnings(models)),
        data=_figures(shown, tuple(footer), models),
        rules=tuple(blocks),
        align="l" + "r" * len(models),
    )


def _models(results: Mapping[str, Any] | Sequence[Any]) -> list[_Model]:
    if hasattr(results, "tidy"):
        results = [results]
    named = dict(results) if isinstance(results, Mapping) else {f"({k})": r for k, r in enumerate(results, start=1)}
    if not named:
        raise OptionError("regression() needs one result or more; got none.")
    return [_model(str(name), result) for name, result in named.items()]


def _model(name: str, result: Any) -> _Model:
    if not (hasattr(result, "tidy") and hasattr(result, "glance")):
        raise OptionError(
            f"regression() needs results with tidy() and glance(); {name!r} is a {type(result).__name__}."
        )
    tidy = result.tidy()
    lacking = [c for c in ("term", "estimate", "std_error", "statistic", "p_value") if c not in tidy]
    if lacking:
        raise OptionError(
            f"regression() needs estimates with standard errors; tidy() of {name!r} lacks {first(lacking)}."
        )
    if "effect" in tidy:
        # Of a regressor that the weights spread: one line for each of its effects.
        tidy = tidy.assign(
            term=[f"{term}: {effect}" for term, effect in zip(tidy["term"], tidy["effect"], strict=True)]
        )
    about = result.glance().iloc[0].to_dict() | _beside(result)
    # Speed and half-life are functions of the coefficients and belong below them; a regressor may share the name.
    derived = tidy["term"].isin([t for t in _DERIVED if t in about]) & tidy["statistic"].isna()
    withheld = bool(getattr(result, "z_withheld", False))
    level = float(getattr(result, "level", _LEVEL))
    return _Model(name, tidy[~derived].set_index("term"), about, tuple(getattr(result, "notes", ())), level, withheld)


def _beside(result: Any) -> dict[str, Any]:
    """Return size of the sample and kind of standard errors, where the result knows them."""
    about = result.glance().iloc[0]
    found = {}
    if {"n_regions", "n_periods", "nobs"} <= set(about.index):
        found["sample"] = f"{int(about['n_regions'])} × {int(about['n_periods'])}"
    of = getattr(result, "provenance", None)
    kind = of.options.get("vcov") if of is not None else None
    return found | ({"errors": say(ERRORS.get(str(kind), str(kind)))} if kind else {})


def _ordered(models: list[_Model]) -> tuple[str, ...]:
    every = dict.fromkeys(term for m in models for term in m.terms.index)
    # The lags of regressors in the order of the regressors themselves.
    lags = sorted((t for t in every if t.startswith("W:")), key=lambda t: t.removeprefix("W:") not in _FIRST)
    ends = {*_FIRST, *_LAST, *lags}
    own = [t for t in every if t not in ends]
    return (*(t for t in _FIRST if t in every), *own, *lags, *(t for t in _LAST if t in every))


def _test_rows(tests: Mapping[str, Any], models: list[_Model]) -> list[list[str]]:
    rows = []
    for name, given in tests.items():
        if isinstance(given, Mapping):
            unknown = [key for key in given if key not in {m.name for m in models}]
            if unknown:
                raise OptionError(f"tests of {name!r} name models that are not there: {first(unknown)}.")
            found = [given.get(m.name) for m in models]
        else:
            found = list(given) if isinstance(given, Sequence) else [given]
        if len(found) != len(models):
            raise OptionError(f"{name!r} has {len(found)} tests for {len(models):,} models; give one each, or None.")
        rows.append([name, *(_test(name, test) for test in found)])
    return rows


def _test(name: str, test: Any) -> str:
    if test is None:
        return ABSENT
    if not (hasattr(test, "statistic") and hasattr(test, "p_value")):
        raise OptionError(f"a test has a statistic and a p_value; {name!r} holds a {type(test).__name__}.")
    if np.isnan(test.statistic):
        return ABSENT
    return f"{figure(float(test.statistic), 2)} [{probability_text(float(test.p_value)).replace(' ', '')}]"


def _known(terms: tuple[str, ...], models: list[_Model]) -> tuple[str, ...]:
    have = _ordered(models)
    unknown = [t for t in terms if t not in have]
    if unknown:
        raise OptionError(f"no model has the term {first(unknown)}; they have {first(have, 8)}.")
    return terms


def _coefficient_rows(
    term: str, models: list[_Model], cells: Cells, stars: bool, digits: int, texts: Mapping[str, str]
) -> list[list[str]]:
    upper, lower = [_term_label(term, texts)], [""]
    for model in models:
        if term not in model.terms.index:
            upper.append("")
            lower.append("")
            continue
        row = model.terms.loc[term]
        mark = stars_of(row["p_value"]) if stars and term != "sigma2" else ""
        upper.append(_figure(row["estimate"], digits) + mark)
        lower.append(_under(row, cells, digits))
    return [upper] if cells == "estimate" else [upper, lower]


def _term_label(term: str, texts: Mapping[str, str]) -> str:
    base, _, effect = term.rpartition(": ")
    if term not in texts and effect in EFFECTS:
        return say("{term}, {effect}", term=texts.get(base, base), effect=say(effect, sense="effect"))
    if term in texts or not term.startswith("W:"):
        return texts.get(term, term)
    return f"W × {texts.get(term[2:], term[2:])}"


def _under(row: pd.Series, cells: Cells, digits: int) -> str:
    if cells == "estimate [interval]":
        if np.isnan([row["conf_low"], row["conf_high"]]).all():
            return say(UNDEFINED)
        return f"[{_figure(row['conf_low'], digits)}, {_figure(row['conf_high'], digits)}]"
    if cells == "estimate (p_value)":
        return f"({probability_text(row['p_value']).replace(' ', '')})"
    if cells == "estimate (std_error)":
        return f"({_figure(row['std_error'], digits)})"
    # Nobody needs more of a test statistic than two decimals.
    return f"({_figure(row['statistic'], 2)})"


def _few_periods(models: list[_Model]) -> tuple[str, ...]:
    if not any(m.withheld and INITIAL in m.terms.index for m in models):
        return ()
    text = (
        "undefined: over few periods no standard error of the initial level holds under effects of regions; "
        "p and set by b.inference or b.grid_interval"
    )
    return (say(text),)


def stars_of(p: float) -> str:
    return next((mark for bound, mark in STARS if p < bound), "")


def _figure(value: float, digits: int) -> str:
    return say(UNDEFINED) if np.isnan(value) else figure(float(value), digits)


def _footer_rows(
    keys: tuple[str, ...], models: list[_Model], digits: int, texts: Mapping[str, str]
) -> tuple[list[list[str]], tuple[str, ...]]:
    rows: list[list[str]] = []
    notes: tuple[str, ...] = ()
    for key in keys:
        if not any(key in m.about for m in models):
            continue
        if key == "weights":
            codes, notes = _weights(models)
            rows += [[texts[key], *codes]] if codes else []
            continue
        rows.append([texts.get(key, key), *(_about(key, m.about, digits) for m in models)])
    return rows, notes


def _about(key: str, about: Mapping[str, Any], digits: int) -> str:
    if key not in about:
        return ABSENT
    value = about[key]
    if key.startswith("rsquared") and np.isfinite(value):
        # A share: 0.001 and not a power of ten.
        return signed(f"{value:.{digits}f}")
    if isinstance(value, (float, np.floating)):
        return _figure(float(value), digits)
    if key == "model" and isinstance(value, str):
        return say(value, sense="model")
    if key == "effects" and current() != "en":
        return say(f"{value} effects")
    return say(_WORDS[key, value]) if (key, value) in _WORDS else label(value) or ABSENT


def _weights(models: list[_Model]) -> tuple[list[str], tuple[str, ...]]:
    """Descriptions of weights are long: one for all goes to the notes, several are numbered."""
    given = [str(m.about.get("weights") or "") for m in models]
    distinct = [w for w in dict.fromkeys(given) if w]
    if not distinct:
        return [], ()
    if len(set(given)) == 1:
        return [], (say("weights: {weights}", weights=restate(distinct[0])),)
    code = {w: f"W{k}" if len(distinct) > 1 else "W" for k, w in enumerate(distinct, start=1)}
    return [code.get(w, ABSENT) for w in given], tuple(
        say("{code}: {weights}", code=code[w], weights=restate(w)) for w in distinct
    )


def _legend(cells: Cells, stars: bool, models: list[_Model]) -> tuple[str, ...]:
    under: tuple[str, ...] = (say(_IN_PARENTHESES[cells]),) if cells in _IN_PARENTHESES else ()
    if cells == "estimate [interval]":
        levels = list(dict.fromkeys(m.level for m in models))
        each = [(say("{level:g} % confidence intervals in brackets", level=100 * level), level) for level in levels]
        under = tuple(
            text if len(levels) == 1 else say("{names}: {note}", names=enumerated(who), note=text)
            for text, level in each
            for who in [[m.name for m in models if m.level == level]]
        )
    marks = say(", ").join(f"{mark} p < {bound:.2f}" for bound, mark in reversed(STARS))
    return (*under, say("stars: {marks}", marks=marks)) if stars else under


def _warnings(models: list[_Model]) -> tuple[str, ...]:
    said: dict[str, list[str]] = {}
    for model in models:
        bound = str(model.about.get("at_bound") or "")
        own = (say("{term} on the bound of the admissible interval, do not use", term=bound),) if bound else ()
        for note in dict.fromkeys((*own, *map(restate, model.notes))):
            said.setdefault(note, []).append(model.name)
    return tuple(
        note if len(who) == len(models) else say("{names}: {note}", names=enumerated(who), note=note)
        for note, who in said.items()
    )


def _figures(terms: tuple[str, ...], footer: tuple[str, ...], models: list[_Model]) -> pd.DataFrame:
    quantities = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")
    rows = {(t, q): [_value(m.terms, t, q) for m in models] for t in terms for q in quantities}
    rows |= {(k, "value"): [m.about.get(k) for m in models] for k in footer if any(k in m.about for m in models)}
    index = pd.MultiIndex.from_tuples(list(rows), names=["term", "quantity"])
    return pd.DataFrame(list(rows.values()), index=index, columns=[m.name for m in models], dtype=object)


def _value(terms: pd.DataFrame, term: str, quantity: str) -> Any:
    return terms.loc[term, quantity] if term in terms.index and quantity in terms else None
