"""One calendar for periods: years, quarters, months, dates and fiscal years become numbers with distances.

Whatever people write (2010, "2010-Q1", "Q1-2010", "Mar-2010", "31.03.2010", Timestamp, Period) is read here once, so
that periods are sorted by time and a gap between them is seen. What can be read in two ways is refused.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._options import first
from spatialconv.errors import DataError
from spatialconv.results import Record

FloatArray = npt.NDArray[np.float64]

_SHORT_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_REST = ("uary", "ruary", "ch", "il", "", "e", "y", "ust", "tember", "ober", "ember", "ember")
_MONTHS = {name: k for k, name in enumerate(_SHORT_MONTHS, 1)} | {"sept": 9}
_MONTHS |= {name + rest: k for k, (name, rest) in enumerate(zip(_SHORT_MONTHS, _REST, strict=True), 1)}
# Spanish, Portuguese, French, Italian, German and Dutch, in full and cut, where English does not have them.
_ELSEWHERE = (
    "ene enero janeiro janv janvier gen gennaio januar jän jänner januari",
    "febrero fev fevereiro fév févr février fevr fevrier febbraio februar februari",
    "marzo março marco mars mär mrz märz maerz maart mrt",
    "abr abril avr avril aprile",
    "mayo mai maio mag maggio mei",
    "junio junho juin giu giugno juni",
    "julio julho juil juillet lug luglio juli",
    "ago agosto août aout augustus",
    "septiembre set setembro septembre settembre",
    "octubre out outubro octobre ott ottobre okt oktober",
    "noviembre novembro novembre",
    "dic diciembre dez dezembro déc dec décembre decembre dicembre dezember",
)
_MONTHS |= {name: k for k, names in enumerate(_ELSEWHERE, 1) for name in names.split()}
_NAME = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?P<year>[12][0-9]{3})"
# Quarter, trimestre, Quartal, kvartal, kwartał.
_QUARTER = r"(?:q(?:uarter|uartal|tr)?|t(?:rim(?:estre)?)?|k(?:v(?:artal)?|w(?:arta[łl])?)?)\.? ?"
_NUMERALS = {"一": 1, "二": 2, "三": 3, "四": 4}
# Pattern -> unit. Each is tried on the whole label, without blanks around it, in lower case, dashes made plain.
_PATTERNS: tuple[tuple[str, str], ...] = (
    (rf"{_YEAR}[-/. :]?{_QUARTER}(?P<quarter>[1-4])", "quarter"),
    (rf"{_QUARTER}(?P<quarter>[1-4])[-/. ]?{_YEAR}", "quarter"),
    (rf"(?P<quarter>[1-4])(?:\.|st|nd|rd|th|er|e|è|º)?[-/ ]?{_QUARTER}\.?[-/. ]?(?:of |de |du )?{_YEAR}", "quarter"),
    (rf"{_YEAR} ?[年년] ?第?(?P<quarter>[1-4一二三四]) ?(?:季度?|분기)", "quarter"),
    (rf"{_YEAR}[-/. :]?[hs](?P<half>[12])", "half-year"),
    (rf"[hs](?P<half>[12])[-/. ]?{_YEAR}", "half-year"),
    (rf"{_YEAR}(?:[-/.:]|m| m)(?P<month>0?[1-9]|1[0-2])", "month"),
    (rf"(?P<month>0?[1-9]|1[0-2])[-/.]{_YEAR}", "month"),
    (rf"(?P<name>{_NAME})\.?[-/. ,]*{_YEAR}", "month"),
    (rf"{_YEAR}[-/. ]*(?P<name>{_NAME})\.?", "month"),
    (rf"{_YEAR}年(?P<month>0?[1-9]|1[0-2])月", "month"),
    (rf"{_YEAR}-(?P<month>[0-9]{{1,2}})-(?P<day>[0-9]{{1,2}})(?:[t ][0-9:.]+z?)?", "day"),
    (rf"{_YEAR}[/.](?P<month>[0-9]{{1,2}})[/.](?P<day>[0-9]{{1,2}})", "day"),
    (rf"(?P<day>[0-9]{{1,2}})\.(?P<month>[0-9]{{1,2}})\.{_YEAR}", "day"),  # with points the day stands first
    (rf"(?P<day>[0-9]{{1,2}})[-/. ]*(?P<name>{_NAME})\.?[-/. ]*{_YEAR}", "day"),
    (rf"(?P<name>{_NAME})\.?[-/. ]*(?P<day>[0-9]{{1,2}}),?[-/. ]+{_YEAR}", "day"),
    (rf"{_YEAR}年(?P<month>[0-9]{{1,2}})月(?P<day>[0-9]{{1,2}})日", "day"),
    (rf"(?:fy ?|year ?|y ?){_YEAR}", "year"),
    (rf"{_YEAR}年度?", "year"),
    (r"(?P<era>民国|民國|昭和|平成|令和)(?P<in_era>元|[0-9]{1,3})年?度?", "year"),
)
# The year before the first of an era.
_ERAS = {"民国": 1911, "民國": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
_COMPILED = tuple((re.compile(pattern), unit) for pattern, unit in _PATTERNS)
# Fiscal years: the second is the year after the first, in two or four digits.
_FISCAL = re.compile(rf"(?:fy ?)?{_YEAR}[-/](?P<next>[0-9]{{2}}|[12][0-9]{{3}})")
# Several years: 1990-1994, 1990-94. They are known by the year in which they begin.
_SEVERAL = re.compile(rf"{_YEAR}[-/](?P<last>[0-9]{{2}}|[12][0-9]{{3}})")
# Years with a remark of a statistical office: provisional, estimated, a break.
_MARKED = re.compile(rf"{_YEAR} ?(?:\*+|[a-z]{{1,2}}\.?|\([a-z*]{{1,5}}\.?\))?")
# Day and month, or month and day: the labels together decide, or nobody can.
_SLASHED = re.compile(rf"(?P<a>[0-9]{{1,2}})[-/](?P<b>[0-9]{{1,2}})[-/]{_YEAR}")
_SHORT = re.compile(
    rf"(?:{_NAME})\.?[-/ ']*[0-9]{{2}}|[0-9]{{1,2}}[-/.][0-9]{{1,2}}[-/.][0-9]{{2}}|{_QUARTER}[1-4][-/ ']*[0-9]{{2}}"
    rf"|[0-9]{{1,2}}[-/. ]*(?:{_NAME})\.?[-/. ]*[0-9]{{2}}|(?:fy|['’]) ?[0-9]{{2}}|[0-9]{{2}}[-/][0-9]{{2}}"
)
_PER_YEAR = {"quarter": 4, "half-year": 2, "month": 12}


@dataclass(frozen=True, eq=False, repr=False)
class Calendar(Record):
    """Where periods lie in time.

    Attributes
    ----------
    values : float array of shape (T,)
        Time of each period in the unit, so that differences are lengths.
    unit : str
        "year", "half-year", "quarter", "month", "week", "day"; "number" for numbers that are no years; "position"
        where the labels are words whose distances nobody can know.
    """

    values: FloatArray
    unit: str

    @property
    def by_position(self) -> bool:
        """Whether time is counted by position, so that absent periods cannot be seen."""
        return self.unit == "position"


def calendar(labels: Iterable[Any], name: str = "period") -> Calendar | None:
    """Read labels as points in time, in the order given; None where they are words or fractions.

    Raises
    ------
    DataError
        If labels can be read in two ways (03/04/2010, Mar-10), mix kinds that do not compare, or two of them are the
        same point in time.
    """
    given = list(labels)
    found = _whole_numbers(given, name) or _dates(given) or _texts(given, name)
    if found is not None and found.unit != "number":
        _, count = np.unique(found.values, return_counts=True)
        if (count > 1).any():
            twice = [label for label, v in zip(given, found.values, strict=True) if (found.values == v).sum() > 1]
            raise DataError(
                f"periods in {name!r} name the same {found.unit} twice: {first(twice)}. Write each one way."
            )
    return found


def time_axis(periods: pd.Index) -> Calendar:
    """Return the time of periods that are in order, by position where labels do not say or contradict it."""
    found = calendar(list(periods), str(periods.name))
    # An ordered categorical may have another order, and "1" and "01" are two labels of one number.
    if found is not None and np.all(np.diff(found.values) > 0):
        return found
    return Calendar(np.arange(len(periods), dtype=float), "position")


def place_of(periods: pd.Index, label: Hashable) -> int:
    """Return the position of the period that a label names, as it stands or read as time; -1 if there is none.

    "2017-12-31" and "2017" find Timestamp("2017-12-31") of a panel by years; whole numbers stay as they are: 2017 and
    "2017" are two labels, as they are of regions.
    """
    exact = [k for k, own in enumerate(periods) if type(own) is type(label) and own == label]
    if exact or not isinstance(label, Hashable) or isinstance(label, bool):
        return exact[0] if exact else -1
    if periods.dtype.kind in "iuf" or all(isinstance(own, str) and own.strip().isdigit() for own in periods):
        found = periods.get_indexer(pd.Index([label], dtype=object))
        return int(found[0])
    wanted = _stretch(label)
    if wanted is None:
        return -1
    fits = []
    for k, own in enumerate(_stretch(own) for own in periods):
        if own is not None and (_within(wanted, own) or _within(own, wanted)):
            fits.append(k)
    return fits[0] if len(fits) == 1 else -1


def _within(inner: tuple[date, date], outer: tuple[date, date]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _stretch(label: Any) -> tuple[date, date] | None:
    """Return the first and the last day that a label stands for."""
    if isinstance(label, pd.Period):
        return label.start_time.date(), label.end_time.date()
    if isinstance(label, (np.datetime64, date)):
        day = pd.Timestamp(label).date()
        return day, day
    if isinstance(label, (int, np.integer)) or (isinstance(label, str) and re.fullmatch(r"\s*[12][0-9]{3}\s*", label)):
        return (date(int(label), 1, 1), date(int(label), 12, 31)) if 1000 <= int(label) <= 9998 else None
    read = _read(_plain(label)) if isinstance(label, str) else None
    if read is None:
        return None
    unit, point = read
    if unit == "day":
        return point, point
    length = 12 // _PER_YEAR.get(unit, 1)
    begins = point * length if unit != "year" else 12 * point
    after = begins + length
    return date(begins // 12, begins % 12 + 1, 1), date(after // 12, after % 12 + 1, 1) - timedelta(days=1)


# ---------------------------------------------------------------------- numbers


def _whole_numbers(given: Sequence[Any], name: str) -> Calendar | None:
    if all(isinstance(label, (int, float, np.integer, np.floating)) and not isinstance(label, bool) for label in given):
        numbers = np.array([float(label) for label in given])
        if not np.all(np.isfinite(numbers)) or np.any(np.mod(numbers, 1)):
            return None
    elif all(isinstance(label, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,15}\s*", label) for label in given):
        numbers = np.array([float(label) for label in given])
    else:
        return None
    if np.all((numbers >= 0) & (numbers < 100)) and _over_a_century([int(v) for v in numbers]):
        raise DataError(
            f"periods in {name!r} look like years of two digits, from one century to the next: {first(list(given))}. "
            "Write the year in four."
        )
    return _compact(numbers) or Calendar(numbers, "number")


def _compact(numbers: FloatArray) -> Calendar | None:
    """Read 20101 (quarters), 201001 (months) and 20101231 (dates), where all of several numbers can be that."""
    size = {len(str(int(abs(v)))) for v in numbers}
    if len(numbers) < 2 or len(size) != 1 or np.any(numbers < 0):
        return None
    digits = size.pop()
    for width, unit in ((1, "quarter"), (2, "month")):
        years, part = np.divmod(numbers, 10**width)
        plausible = (years >= 1800) & (years < 2200) & (part >= 1) & (part <= _PER_YEAR[unit])
        if digits == 4 + width and np.all(plausible):
            return _in_unit(years * _PER_YEAR[unit] + part - 1, unit)
    if digits == 8:
        found = [_day(int(v) // 10000, int(v) // 100 % 100, int(v) % 100) for v in numbers]
        if all(day is not None and 1800 <= day.year < 2200 for day in found):
            return _of_days([day for day in found if day is not None])
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


# ---------------------------------------------------------------------- dates


def _dates(given: Sequence[Any]) -> Calendar | None:
    if all(isinstance(label, pd.Period) for label in given):
        kind = {str(label.freqstr).split("-")[0].lstrip("0123456789") for label in given}
        if len(kind) == 1 and (unit := {"Y": "year", "A": "year", "Q": "quarter", "M": "month"}.get(kind.pop())):
            steps = [float(label.year if unit == "year" else label.ordinal) for label in given]
            # Ordinals of pandas count from 1970.
            shift = {"quarter": 1970 * 4.0, "month": 1970 * 12.0}.get(unit, 0.0)
            return _in_unit(np.array(steps) + shift, unit)
        return _of_days([label.start_time.date() for label in given])
    if all(isinstance(label, (np.datetime64, date, pd.Timestamp)) for label in given):
        return _of_days([pd.Timestamp(label).date() for label in given])
    return None


def _of_days(days: Sequence[date]) -> Calendar:
    """Choose the coarsest unit that tells the dates apart: years, half-years, quarters, months, weeks, days."""
    months = np.array([12 * day.year + day.month - 1 for day in days], dtype=float)
    ordinals = np.array([day.toordinal() for day in days], dtype=float)
    within = np.array([day.day for day in days])
    last = np.array([(day.replace(day=28) + timedelta(days=4)).replace(day=1).toordinal() - 1 for day in days])
    # One day in all months, or the end of each: else the days matter.
    even = len(np.unique(within)) == 1 or bool(np.all(ordinals == last))
    if even and len(np.unique(months)) == len(np.unique(ordinals)):
        return _coarsest(months)
    step = np.gcd.reduce(np.diff(np.unique(ordinals)).astype(int)) if len(set(days)) > 1 else 1
    return Calendar(ordinals / 7, "week") if step % 7 == 0 and len(set(days)) > 1 else Calendar(ordinals, "day")


def _in_unit(steps: FloatArray, unit: str) -> Calendar:
    # Mar-2010, Jun-2010, ... are quarters however they are written, as the dates of their ends are.
    alone = len(np.unique(steps)) == 1
    return Calendar(steps, unit) if unit == "year" or alone else _coarsest(steps * (12 // _PER_YEAR[unit]))


def _coarsest(months: FloatArray) -> Calendar:
    steps = np.diff(np.unique(months)).astype(int)
    step = int(np.gcd.reduce(steps)) if len(steps) else 12
    for unit, length in (("year", 12), ("half-year", 6), ("quarter", 3)):
        if step % length == 0:
            return Calendar(np.floor_divide(months, length), unit)
    return Calendar(months, "month")


# ---------------------------------------------------------------------- text


def _texts(given: Sequence[Any], name: str) -> Calendar | None:
    if not given or not all(isinstance(label, str) for label in given):
        return None
    words = [_plain(label) for label in given]
    if (found := _fiscal(words) or _several(given, words, name) or _marked(words)) is not None:
        return found
    slashed = [_SLASHED.fullmatch(word) for word in words]
    if all(slashed):
        return _day_or_month(given, [m for m in slashed if m], name)
    read = [_read(word) for word in words]
    known = [r for r in read if r is not None]
    if len(known) < len(words):
        _refuse_short(given, words, name)
        _refuse_named(given, words, name)
        if known and len(known) >= len(words) / 2:
            odd = [label for label, r in zip(given, read, strict=True) if r is None]
            raise DataError(
                f"periods in {name!r} are dates such as {first([given[read.index(known[0])]])}, but {first(odd)} "
                "cannot be read as one. Write all of them one way, for example 2010-Q1, 2010-03 or 2010-03-31."
            )
        return None
    units = {unit for unit, _ in known}
    if len(units) > 1:
        raise DataError(
            f"periods in {name!r} mix {', '.join(sorted(units))}: {first(list(given))}. Give all of them one unit."
        )
    unit = units.pop()
    if unit == "day":
        return _of_days([point for _, point in known])
    return _in_unit(np.array([float(point) for _, point in known]), unit)


def _plain(label: str) -> str:
    return re.sub(r"\s+", " ", re.sub("[\u2010-\u2015\u2212]", "-", label)).strip().lower()


def _read(word: str) -> tuple[str, Any] | None:
    for pattern, unit in _COMPILED:
        found = pattern.fullmatch(word)
        if found is None:
            continue
        part = found.groupdict()
        if part.get("era"):
            return unit, _ERAS[part["era"]] + (1 if part["in_era"] == "元" else int(part["in_era"]))
        year = int(part["year"])
        month = _MONTHS[part["name"]] if part.get("name") else int(part.get("month") or 1)
        if unit == "day":
            day = _day(year, month, int(part["day"]))
            return None if day is None else (unit, day)
        if unit == "year":
            return unit, year
        inner = month
        if unit != "month":
            within = part["quarter"] if unit == "quarter" else part["half"]
            inner = _NUMERALS.get(within) or int(within)
        return unit, year * _PER_YEAR[unit] + inner - 1
    return None


def _fiscal(words: Sequence[str]) -> Calendar | None:
    found = [_FISCAL.fullmatch(word) for word in words]
    if not all(found):
        return None
    years = [int(m["year"]) for m in found if m]
    following = [m["next"] for m in found if m]
    # Of every label: 2010-11 alone could be November.
    if all(int(n) == (y + 1) % 10 ** len(n) for y, n in zip(years, following, strict=True)):
        return Calendar(np.array(years, dtype=float), "year")
    return None


def _several(given: Sequence[str], words: Sequence[str], name: str) -> Calendar | None:
    """Read stretches of several years, all of one length."""
    found = [_SEVERAL.fullmatch(word) for word in words]
    if len(words) < 2 or not all(found):
        return None
    years = [int(m["year"]) for m in found if m]
    ends = [m["last"] for m in found if m]
    last = [int(end) if len(end) == 4 else y // 100 * 100 + int(end) for y, end in zip(years, ends, strict=True)]
    lengths = {b - a if b > a else b + 100 - a for a, b in zip(years, last, strict=True)}
    if len(lengths) > 1 or len(set(years)) < len(years):
        return None  # 2010-11 and 2010-12 are months
    if all(_read(word) is not None for word in words):
        raise DataError(
            f"periods in {name!r} can be read as months or as stretches of years: {first(list(given))}. Write "
            "2001-2003, or 2001-03-31."
        )
    return Calendar(np.array(years, dtype=float), "year")


def _marked(words: Sequence[str]) -> Calendar | None:
    """Read years some of which bear a mark, if it tells no two of them apart."""
    found = [_MARKED.fullmatch(word) for word in words]
    if not all(found):
        return None
    years = [int(m["year"]) for m in found if m]
    return Calendar(np.array(years, dtype=float), "year") if len(set(years)) == len(years) else None


def _day_or_month(given: Sequence[str], found: Sequence[re.Match[str]], name: str) -> Calendar:
    def days(first_is_day: bool) -> list[date] | None:
        d, m = ("a", "b") if first_is_day else ("b", "a")
        read = [_day(int(x["year"]), int(x[m]), int(x[d])) for x in found]
        return None if any(r is None for r in read) else [r for r in read if r is not None]

    european, american = days(True), days(False)
    if european is None and american is None:
        raise DataError(f"periods in {name!r} look like dates and are none: {first(list(given))}.")
    if european is not None and american is not None and european != american:
        raise DataError(
            f"periods in {name!r} can be read with the day or the month first: {first(list(given))}. Write them as "
            "2010-03-31, or convert the column by pandas.to_datetime(…, dayfirst=…)."
        )
    return _of_days(european if european is not None else american or [])


def _refuse_short(given: Sequence[str], words: Sequence[str], name: str) -> None:
    if words and (all(_SHORT.fullmatch(word) for word in words) or _turns(words)):
        raise DataError(
            f"periods in {name!r} have years of two digits: {first(list(given))}. Write the year in four, for example "
            "2010-03 or Mar-2010, so that it cannot be taken for a day."
        )


def _turns(words: Sequence[str]) -> bool:
    """Whether numbers of two digits run over the end of a century: wave 98, 99, 00, 01."""
    numbers = [re.findall(r"[0-9]+", word) for word in words]
    if any(len(n) != 1 or len(n[0]) != 2 for n in numbers):
        return False
    return _over_a_century([int(n[0]) for n in numbers])


def _over_a_century(numbers: Sequence[int]) -> bool:
    """Whether whole numbers from 0 to 99 lie at both ends, with more than half of a century between them."""
    known = sorted(set(numbers))
    return len(known) > 2 and known[-1] >= 90 and known[0] < 50 and bool(np.diff(known).max() > 50)


def _refuse_named(given: Sequence[str], words: Sequence[str], name: str) -> None:
    """Refuse parts of a year that have names nobody can put in order: several labels a year, told apart by words."""
    if len(words) > 1 and not any(re.search("[0-9]", word) for word in words) and any(len(w) > 1 for w in words):
        raise DataError(
            f"periods in {name!r} are words, which do not say what comes first: {first(list(given))}. Give numbers or "
            "dates, or their order by an ordered pandas.Categorical."
        )
    found = [re.fullmatch(rf"(?P<before>.*?)(?<![0-9]){_YEAR}(?![0-9])(?P<after>.*)", word) for word in words]
    if not words or not all(found):
        return
    years = {m["year"] for m in found if m}
    rest = {m["before"] + " " + m["after"] for m in found if m}
    lettered = {re.sub("[0-9]+", "", part) for part in rest}
    if len(years) < len(words) and len(lettered) > 1 and any(len(re.sub(r"[\W_]", "", part)) > 1 for part in lettered):
        raise DataError(
            f"periods in {name!r} are {len(words)} parts of {len(years)} years, told apart by words: "
            f"{first(list(given))}. Write them as 2010-Q1, 2010-03 or 2010-03-31, or give their order by an ordered "
            "pandas.Categorical."
        )
