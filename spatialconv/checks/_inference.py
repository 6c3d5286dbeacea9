"""Do the figures bear the weight put on them: bounds, z-values, bias without convergence, the approach, the speed?"""

from __future__ import annotations

import numpy as np

from spatialconv.checks._finding import LEVEL, Finding
from spatialconv.checks._subject import Subject, p_of_beta
from spatialconv.results import number, p_value


def bound(s: Subject) -> Finding:
    """Is rho at, or next to, the end of its interval?"""
    question = "Does the spatial coefficient lie inside its admissible interval?"
    name, fit = "bound", s.b.fit
    terms = {"rho": (fit.rho, fit.estimates.optimum.logdet_w), "lambda": (fit.lambda_, fit.estimates.optimum.logdet_m)}
    free = {
        term: (value, logdet) for term, (value, logdet) in terms.items() if logdet is not None and np.isfinite(value)
    }
    if not free:
        return Finding(name, question, "not asked", "the regression has no spatial coefficient")
    said, near = [], False
    for term, (value, logdet) in free.items():
        assert logdet is not None
        low, high = logdet.interval
        se = float(fit.std_errors[term])
        close = bool(min(value - low, high - value) < se) if np.isfinite(se) else True
        near = near or close
        beyond = ", outside (-1, 1) and admissible" if abs(value) >= 1 and term not in fit.at_bound else ""
        next_to = ", within a standard error of the bound" if close else ""
        said.append(f"{term} {number(value)} in ({number(low)}, {number(high)}){beyond}{next_to}")
    if fit.at_bound:
        return Finding(
            name, question, "fail", "; ".join(said), f"{', '.join(fit.at_bound)} on the bound: use no figure."
        )
    advice = "The likelihood is not quadratic so near to its end: take bootstrap intervals."
    return Finding(name, question, "warn" if near else "ok", "; ".join(said), advice if near else "")


def identified(s: Subject) -> Finding:
    """Do the data tell the spatial coefficients, or would other values and a simpler model do as well?"""
    question = "Do the data tell the spatial coefficients from one another and from the variance?"
    name, fit = "identification", s.b.fit
    terms = [t for t in ("rho", "lambda") if t in fit.params.index]
    if not terms:
        return Finding(name, question, "not asked", "the regression has no spatial coefficient")
    if fit.weak:
        advice = "Take a model with one spatial term, other weights, or print what the coefficients may be instead."
        return Finding(name, question, "fail" if fit.at_bound else "warn", "; ".join(fit.weak), advice)
    shown = ", ".join(f"{t} {number(fit.params[t])} (standard error {number(fit.std_errors[t])})" for t in terms)
    said = "" if fit.spec.estimator == "gmm" else "; no simpler model and no other half of its values is as likely"
    return Finding(name, question, "ok", f"{shown}{said}")


def direct(s: Subject) -> Finding:
    """Was rho estimated by the direct approach, and what does the transformation say?"""
    question = "Is the spatial coefficient free of the bias of effects that are estimated with it?"
    name, fit = "direct approach", s.b.fit
    terms = [t for t in ("rho", "lambda") if t in fit.params.index]
    if not terms or fit.spec.effects in ("none", "random"):
        return Finding(name, question, "not asked", "there are no fixed effects, or no spatial coefficient")
    if fit.correction == "lee-yu":
        return Finding(name, question, "ok", "yes: the effects are transformed away (Lee and Yu 2010)")
    other = s.b.again(correction="lee-yu") if not s.b.fit.spec.unmet("lee-yu", *_rows(s)) else None
    own = ", ".join(f"{t} {number(fit.params[t])} ({p_value(fit.pvalues[t])})" for t in terms)
    if other is None:
        evidence = f"direct approach, {own}; the transformation asks for row-standardised weights without islands"
        return Finding(
            name, question, "warn", evidence, "Link the islands, or take region effects, to have it corrected."
        )
    theirs = ", ".join(f"{t} {number(other.params[t])} ({p_value(other.pvalues[t])})" for t in terms)
    changed = any((fit.pvalues[t] <= LEVEL) != (other.pvalues[t] <= LEVEL) for t in terms)
    evidence = f"direct approach, {own}; transformed (Lee and Yu): {theirs}"
    advice = "Under time effects the direct approach biases rho downwards where regions are few: print the transformed."
    return Finding(name, question, "fail" if changed else "warn", evidence, advice)


def _rows(s: Subject) -> tuple[bool, bool]:
    from spatialconv.models.estimation.fit import sums_to_one

    return sums_to_one(s.b.fit.design.W), sums_to_one(s.b.fit.design.M)


def speed(s: Subject) -> Finding:
    """Is the speed defined, and its interval finite?"""
    question = "Is the speed defined, with an interval that says something?"
    name, table = "speed", s.b.speeds
    if not s.claims:
        said = f"beta {number(s.b.beta)} ({p_of_beta(s.b)}): no convergence is found, and there is no speed to print"
        return Finding(name, question, "not asked", said)
    rate, half = table.loc["speed"], table.loc["half_life"]
    if np.isnan(rate["estimate"]):
        return Finding(name, question, "fail", f"undefined: {rate['reason']}", "Print no speed and no half-life.")
    if np.isnan(rate["conf_low"]) and np.isfinite(half["estimate"]):
        evidence = f"speed {number(rate['estimate'])}, half-life {number(half['estimate'], 1)}: {rate['reason']}"
        return Finding(name, question, "warn", evidence, "Print the set that b.inference gives.")
    shown = f"{number(rate['estimate'])} [{number(rate['conf_low'])}, {number(rate['conf_high'])}]"
    if np.isnan(half["estimate"]):
        return Finding(name, question, "fail", f"speed {shown}; half-life undefined: {half['reason']}",
                       "There is no convergence, and no half-life.")  # fmt: skip
    if rate["conf_low"] <= 0:
        evidence = f"speed {shown}, half-life {number(half['estimate'], 1)} without upper bound"
        advice = "The interval of the speed reaches zero: print it, and no half-life."
        return Finding(name, question, "warn", evidence, advice)
    others = [n for n in ("speed_direct", "speed_total") if n in table.index]
    beside = "".join(f", of the {n.removeprefix('speed_')} effect {number(table.loc[n, 'estimate'])}" for n in others)
    return Finding(name, question, "ok", f"speed {shown}{beside}; half-life {number(half['estimate'], 1)}")
