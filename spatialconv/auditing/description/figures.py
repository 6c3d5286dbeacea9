"""Printed figures: what a figure of so many decimals can stand for, and arithmetic on that.

A figure that is printed with d decimals stands for any number within half a unit of its last decimal, both ends
included, so that rounding half up and half to even are both allowed. Every operation widens its result by the
rounding of the machine: an interval that comes out contains every value that the printed figures allow.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from spatialconv.auditing.description.typography import plain, with_dots
from spatialconv.errors import OptionError

INFINITY = math.inf
_NUMBER = r"[+\-]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:[eE][+\-]?\d+)?"
_FIGURE = re.compile(rf"(?P<relation>[<>]=?)?\s*(?P<number>{_NUMBER})\s*(?P<percent>%)?")
_LONE_ZERO = re.compile(r"(?<![\d.,])(0),(?=\d+(?![\d.,]))")
_SPECIAL = 1e-11  # relative error of the distribution functions, with room to spare
NOTHING = frozenset({"", "-", "--", "\u2013", "\u2014", "n.a.", "na", "undefined"})


@dataclass(frozen=True)
class Interval:
    """All numbers from `low` to `high`."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """The number half-way."""
        return (self.low + self.high) / 2

    def __add__(self, other: Interval) -> Interval:
        return _out(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval) -> Interval:
        return _out(self.low - other.high, self.high - other.low)

    def __mul__(self, other: Interval) -> Interval:
        ends = [_times(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return _out(min(ends), max(ends))

    def __truediv__(self, other: Interval) -> Interval:
        if other.low < 0 < other.high:
            return Interval(-INFINITY, INFINITY)
        low, high = other.low, other.high
        # A divisor that may be zero from one side only gives a half-line.
        inverse = Interval(-INFINITY if high == 0 else 1 / high, INFINITY if low == 0 else 1 / low)
        if high == 0:
            inverse = Interval(-INFINITY, 1 / low if low else INFINITY)
        return self * _out(inverse.low, inverse.high)

    def __abs__(self) -> Interval:
        if self.low >= 0:
            return self
        return Interval(0.0, max(-self.low, self.high)) if self.high > 0 else Interval(-self.high, -self.low)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def scaled(self, factor: float) -> Interval:
        """Return the interval times a number that is known exactly."""
        return self * Interval(factor, factor)

    def shifted(self, by: float) -> Interval:
        """Return the interval plus a number that is known exactly."""
        return self + Interval(by, by)

    def square(self) -> Interval:
        """Return the interval of squares."""
        size = abs(self)
        return size * size

    def map(self, function: Callable[[float], float]) -> Interval:
        """Return the image under a monotone function, widened by the error of the function itself."""
        ends = sorted((float(function(self.low)), float(function(self.high))))
        slack = [_SPECIAL * max(abs(e), 1e-300) if math.isfinite(e) else 0.0 for e in ends]
        return _out(ends[0] - slack[0], ends[1] + slack[1])

    def meets(self, other: Interval) -> bool:
        """Return whether some number lies in both."""
        return self.low <= other.high and other.low <= self.high

    def above(self, other: Interval) -> bool:
        """Return whether every number here exceeds every number there."""
        return self.low > other.high

    def common(self, other: Interval) -> Interval | None:
        """Return the numbers in both, None if there are none."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Interval(low, high) if low <= high else None

    def hull(self, other: Interval) -> Interval:
        """Return the smallest interval that holds both."""
        return Interval(min(self.low, other.low), max(self.high, other.high))

    def __str__(self) -> str:
        digits = _digits(self.low, self.high)
        if self.low == self.high or f"{self.low:.{digits}g}" == f"{self.high:.{digits}g}":
            return f"{self.middle:.{digits}g}"
        if math.isinf(self.high):
            return f"{self.low:.{digits}g} or more"
        if math.isinf(self.low):
            return f"{self.high:.{digits}g} or less"
        return f"{self.low:.{digits}g} to {self.high:.{digits}g}"


def exactly(value: float) -> Interval:
    """Return the interval of one number."""
    return Interval(float(value), float(value))


def total(parts: list[Interval]) -> Interval:
    """Return the interval of a sum."""
    return _out(math.fsum(p.low for p in parts), math.fsum(p.high for p in parts))


def _digits(low: float, high: float) -> int:
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        return 6
    width, size = high - low, max(abs(low), abs(high))
    # Enough to tell the two ends apart, and a digit more.
    return int(min(12, max(4, math.ceil(math.log10(size / width)) + 2))) if size > 0 and width > 0 else 6


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def _out(low: float, high: float) -> Interval:
    return Interval(math.nextafter(low, -INFINITY), math.nextafter(high, INFINITY))


_SPAN = 300


@dataclass(frozen=True)
class Figure:
    """One printed figure.

    Attributes
    ----------
    text : str
        As printed.
    value : float
        The number that is read; of a percentage that of the text, 12.5 for "12.5 %".
    range : Interval
        The numbers that it can stand for.
    unit : float
        One unit of the last printed decimal; zero for a count.
    stars : int
        How many stars stand beside it.
    percent : bool
    """

    text: str
    value: float
    range: Interval
    unit: float
    stars: int = 0
    percent: bool = False

    def exact(self) -> Figure:
        """Return the figure as a count, which is not rounded."""
        return replace(self, range=exactly(self.value), unit=0.0)

    def coarser(self, decimals: int) -> Figure:
        """Return the figure as one that was rounded to so many decimals before zeros were added."""
        unit = 10.0**-decimals
        if self.unit >= unit or self.unit == 0:
            return self
        return replace(self, range=_out(self.value - unit / 2, self.value + unit / 2), unit=unit)

    def share(self) -> Interval:
        """Return the range as a share: that of "12.5 %" divided by 100."""
        return self.range.scaled(0.01) if self.percent else self.range

    def at(self, value: float) -> str:
        """Write another number with the decimals of this figure."""
        decimals = max(0, -math.floor(math.log10(self.unit) + 0.5)) if self.unit else 0
        return f"{value:.{decimals}f}"


def figure(text: Any, where: str = "a figure", *, comma: bool = False) -> Figure:
    """Read one printed figure: sign, thousands, decimals, exponent, per cent, < or >, stars.

    Decimal commas are read where `comma` says so, and where a comma follows a lone zero: "-0,054" is no thousands.

    Raises
    ------
    OptionError
        If the text is not one figure.

    Examples
    --------
    >>> figure("-0.409").range.low < -0.4095 < figure("-0.409").range.high
    True
    >>> figure("1.803e+06").unit, figure("12.5%").percent, figure("0.47**").stars
    (1000.0, True, 2)
    """
    if not isinstance(text, str):
        raise OptionError(
            f"{where} must be typed as it is printed, in quotes, so that its decimals are known; got {text!r}."
        )
    clean = with_dots(text) if comma else _LONE_ZERO.sub(r"\1.", plain(text))
    stars = clean.count("*")
    found = _FIGURE.fullmatch(clean.replace("*", "").replace("- ", "-").strip())
    if found is None:
        raise OptionError(f'{where} must be one figure as printed, such as "-0.409" or "0.47**"; got {text!r}.')
    try:
        exact = Decimal(found["number"].replace(",", ""))
    except ArithmeticError:
        exact = Decimal("inf")
    # Beyond these no double is left for its last decimal.
    if (
        not exact.is_finite()
        or min(exact.adjusted(), int(exact.as_tuple().exponent)) < -_SPAN
        or exact.adjusted() > _SPAN
    ):
        raise OptionError(f"{where} is too large or too small to be a figure of a table: {text!r}.")
    exponent = exact.as_tuple().exponent
    assert isinstance(exponent, int)
    half = Decimal(5).scaleb(exponent - 1)
    spread = _out(float(exact - half), float(exact + half))
    relation = (found["relation"] or "")[:1]
    if relation:
        spread = Interval(-INFINITY, float(exact)) if relation == "<" else Interval(float(exact), INFINITY)
    return Figure(text.strip(), float(exact), spread, float(2 * half), stars, bool(found["percent"]))


@dataclass(frozen=True)
class Cell:
    """A cell of a regression table: a figure, and what stands in brackets beside or under it."""

    main: Figure
    round: Figure | None = None
    square: Figure | None = None
    interval: tuple[Figure, Figure] | None = None

    @property
    def stars(self) -> int:
        """How many stars the cell has, wherever they stand."""
        return self.main.stars + (self.round.stars if self.round else 0)


def cell(text: Any, where: str = "a cell", *, comma: bool = False) -> Cell | None:
    """Read "-0.336***(-4.87)", "-0.336 (0.069) [0.000]" or "-0.34 [-0.47, -0.20]"; None if the cell is blank.

    Examples
    --------
    >>> c = cell("-0.336***(-4.87)")
    >>> c.main.value, c.stars, c.round.value
    (-0.336, 3, -4.87)
    """
    if not isinstance(text, str):
        raise OptionError(f"{where} must be typed as it is printed, in quotes; got {text!r}.")
    if text.strip().lower() in NOTHING:
        return None
    rest = with_dots(text) if comma else plain(text)
    round_, rest = _bracket(rest, "(", ")")
    square, rest = _bracket(rest, "[", "]")
    main = figure(rest, where)
    pair = None
    for held in (round_, square):
        halves = _halves(held) if held else None
        if halves:
            low, high = halves
            pair = (figure(low, where), figure(high, where))
            round_, square = (None if h is held else h for h in (round_, square))
    return Cell(
        main,
        figure(round_, where) if round_ and round_.strip().lower() not in NOTHING else None,
        figure(square, where) if square and square.strip().lower() not in NOTHING else None,
        pair,
    )


def _halves(held: str) -> tuple[str, str] | None:
    """Return the two ends of an interval: set apart by a comma and a space, a semicolon, "to", or a bare comma."""
    for apart in (r"\s*[,;]\s+|\s*;\s*|\s+to\s+", r"\s*,\s*"):
        parts = re.split(apart, held.strip())
        if len(parts) == 2 and all(_FIGURE.fullmatch(part.replace("*", "").strip()) for part in parts):
            # "1,234" in brackets is a figure; "-0.47,-0.20" is none.
            if apart.endswith(r",\s*") and _FIGURE.fullmatch(held.replace("*", "").strip()):
                return None
            return parts[0], parts[1]
    return None


def _bracket(text: str, opening: str, closing: str) -> tuple[str | None, str]:
    start, end = text.find(opening), text.rfind(closing)
    if start < 0 or end < start:
        return None, text
    return text[start + 1 : end], text[:start] + text[end + 1 :]
