"""Rules on the speed of convergence and the half-life: they follow from beta under one of the formulas in use."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from spatialconv.auditing.description.figures import INFINITY, Figure, Interval, exactly
from spatialconv.auditing.description.reported import Regression, Reported
from spatialconv.auditing.rules.registry import Check, rule

_LONGEST = 60
_BARRO = "Barro and Sala-i-Martin (1992)"


@dataclass(frozen=True)
class Formula:
    """A formula in use: its words, and the interval that it gives; None where it is undefined."""

    words: str
    of: Callable[[Interval, float], Interval | None]


def _minus_log(share: Interval, h: float) -> Interval | None:
    held = share.common(Interval(0.0, INFINITY))
    if held is None:
        return None
    return (-held.map(lambda x: math.log(x) if x > 0 else -INFINITY)) / exactly(h)


SPEEDS = (
    Formula("-ln(1 + h beta) / h", lambda b, h: _minus_log(b.scaled(h).shifted(1), h)),
    Formula("-ln(1 + beta) / h", lambda b, h: _minus_log(b.shifted(1), h)),
    Formula("-ln(beta) / h, beta being the coefficient of the lagged level", _minus_log),
    Formula("-beta", lambda b, h: -b),  # noqa: ARG005
    Formula("-beta / h", lambda b, h: (-b) / exactly(h)),
    Formula("ln(1 + beta) / h, of a speed that is printed without its sign", lambda b, h: _plus(b, h)),
)


def _plus(b: Interval, h: float) -> Interval | None:
    found = _minus_log(b.shifted(1), h)
    return -found if found else None


def _horizons(table: Regression) -> tuple[float, ...]:
    if table.horizon is not None:
        return (table.horizon,)
    # A table that does not say over how long growth is measured leaves that open.
    return tuple(float(h) for h in range(1, _LONGEST + 1))


def _fitting(table: Regression, column: int) -> tuple[list[str], list[str], Figure, Figure] | None:
    beta, speed = table.role("beta", column), table.statistic("speed", column)
    if beta is None or speed is None:
        return None
    fits, all_of = [], []
    for h in _horizons(table):
        for formula in SPEEDS:
            found = formula.of(beta.range, h)
            if found is None:
                continue
            words = f"{formula.words}{f' with h = {h:g}' if h != 1 else ''}"
            all_of.append(f"{words}: {found}")
            held = [speed.share(), *([] if speed.percent else [speed.range.scaled(0.01)])]
            if any(found.meets(s) for s in held):
                fits.append(words)
    return fits, all_of, beta, speed


@rule("speed", "the speed of convergence follows from beta and the horizon under one formula", source=_BARRO)
def speed(reported: Reported) -> Iterator[Check]:
    """Check the speed against beta, and find the formula that all models of a table share."""
    for table in reported.of(Regression):
        found = {k: f for k in range(len(table.columns)) if (f := _fitting(table, k)) is not None}
        for k, (fits, all_of, beta, printed) in found.items():
            yield Check(
                table.where("speed", k), bool(fits), f"beta {beta.text}, speed {printed.text}", printed.text,
                all_of[0] if all_of else "undefined",
                f"no formula gives {printed.text} for beta {beta.text}: {'; '.join(all_of[:4])}",
            )  # fmt: skip
        sets = [set(fits) for fits, *_ in found.values() if fits]
        if not sets:
            continue
        common = set.intersection(*sets)
        shown = _told(common)
        yield Check(
            f"{table.name}, speed", bool(common), ", ".join(f[3].text for f in found.values()), "",
            shown[0] if shown else "", "the models of the table have speeds by different formulas", severity="warning",
            remark=f"{table.name}: speed = {shown[0]}" if shown else "",
        )  # fmt: skip


def _told(common: set[str]) -> list[str]:
    """Return the formulas that fit, the usual one first; of one formula the horizons that do, where they are open."""
    found = []
    for formula in SPEEDS:
        spans = [w for w in common if w == formula.words or w.startswith(f"{formula.words} with h = ")]
        horizons = sorted(1 if w == formula.words else int(float(w.rsplit(" ", 1)[1])) for w in spans)
        if horizons == [1]:
            found.append(formula.words)
        elif horizons:
            listed = ", ".join(str(h) for h in horizons[:6]) + (", …" if len(horizons) > 6 else "")
            found.append(f"{formula.words} with h = {listed}")
    return found


@rule("half-life", "half-life = ln 2 / speed", source=_BARRO)
def half_life(reported: Reported) -> Iterator[Check]:
    """Check the half-life against the printed speed, or against beta."""
    log2 = math.log(2)
    for table in reported.of(Regression):
        for k in range(len(table.columns)):
            printed, rate, beta = table.statistic("half_life", k), table.statistic("speed", k), table.role("beta", k)
            if printed is None or (rate is None and beta is None):
                continue
            ranges: dict[str, Interval] = {}
            if rate is not None:
                ranges["ln 2 / speed"] = exactly(log2) / rate.share()
                if not rate.percent:
                    ranges["ln 2 / speed in per cent"] = exactly(log2) / rate.range.scaled(0.01)
            if beta is not None:
                own = _of_beta(table, beta)
                fits_beta = any(printed.range.meets(r) for r in own.values())
                ranges = ranges or own
            else:
                own, fits_beta = {}, True
            # Speed and half-life are both rounded: each must agree with the other, and the half-life with beta.
            fits = any(printed.range.meets(r) for r in ranges.values()) and fits_beta
            listed = "; ".join(f"{words}: {r}" for words, r in list({**ranges, **own}.items())[:4])
            text = ", ".join(f"{n} {f.text}" for n, f in (("beta", beta), ("speed", rate), ("half-life", printed)) if f)
            message = f"printed is {printed.text}; {listed}"
            yield Check(table.where("half_life", k), fits, text, printed.text, listed, message)


def _of_beta(table: Regression, beta: Figure) -> dict[str, Interval]:
    found = {}
    for h in _horizons(table):
        for formula in SPEEDS:
            rate = formula.of(beta.range, h)
            if rate is not None and rate.high > 0:
                found[f"ln 2 / ({formula.words}){f', h = {h:g}' if h != 1 else ''}"] = exactly(math.log(2)) / rate
    return found
