"""Tables 1 to 4 and figures 1 to 3 of Luo and Zhang (2024)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy import stats

from spatialconv._core.space.natural_breaks import natural_breaks
from spatialconv.replication._ours import FIRST, LAST, Ours, describe, listed
from spatialconv.replication._verdict import Claim, Evidence, Figure, judge

Printed = Mapping[str, Any]

I_OFF, Z_OFF = 0.012, 0.05
_COORDINATES = (
    "the authors' coordinates of the cities are not known; moving every seat by 2 km shifts I by up to 0.011 and z by "
    "up to 0.048 in nine of ten draws"
)
# Whose the least and the largest level of Tab. 4 are was read off Fig. 1 and the text.
ENDS = ("Zhoushan", "Jinhua")
CLASSES = ("low", "median", "second", "high")  # of Fig. 1, from the lowest up

# Variables of Tab. 4 that nobody can recompute.
CONTROLS = {
    "lnwage": "average wages of the cities",
    "open": "imports, exports and GDP of the cities",
    "opening": "imports, exports and GDP of the cities",
    "human": "students per 10 000 people of the cities",
    "lnaccess": "passenger and freight volumes of the cities",
    "lnqiyeshu": "numbers of cross-border e-commerce enterprises of the cities",
    "lnpatents": "patents granted in the cities",
}
INDICATORS = "the three indicators of digital infrastructure behind the entropy index"


# ---------------------------------------------------------------------- Fig. 1


def figure_1(printed: Printed, ours: Ours) -> Iterator[Figure]:
    """Classes of exports in 2016, and the two changes by 2020, by rank and by natural breaks."""
    groups = printed["fig1_text"]["2016"]
    sizes = [len(groups[name]) for name in CLASSES]
    by_rank = _ranked(ours, FIRST, sizes)
    for name in reversed(CLASSES):
        for k, city in enumerate(groups[name]):
            claim = Claim(
                f"fig1_text.2016.{name}[{k}]",
                "Fig. 1",
                f"2016, class of {city}",
                name,
                evidence="used in the reconstruction" if city in ENDS else "independent",
                remark=f"by rank, the classes holding {', '.join(str(n) for n in reversed(sizes))} cities as printed",
            )
            yield judge(claim, by_rank[city])
    yield from _natural_breaks(groups, ours)
    yield from _changes(printed, ours, sizes)


def _natural_breaks(groups: Mapping[str, Any], ours: Ours) -> Iterator[Figure]:
    found = {}
    for word, values in (("exports", ours.levels), ("log exports", ours.logs)):
        classes = natural_breaks(values.loc[FIRST].to_numpy(), len(CLASSES))
        found[word] = _partition([values.columns[classes == c] for c in range(len(CLASSES), 0, -1)])
    claim = Claim(
        "fig1_text.2016",
        "Fig. 1",
        "2016, the four classes, as natural breaks of exports",
        _partition([groups[name] for name in reversed(CLASSES)]),
        remark=f"the paper does not say how its classes were made; of log exports: {found['log exports']}",
    )
    yield judge(claim, found["exports"])


def _changes(printed: Printed, ours: Ours, sizes: list[int]) -> Iterator[Figure]:
    before, after = _ranked(ours, FIRST, sizes), _ranked(ours, LAST, sizes)
    rank = ours.levels.loc[LAST].rank(ascending=False).astype(int)
    for change in printed["fig1_text"]["2020_changes"].split(";"):
        match = re.fullmatch(r"\s*(\w+) (rises|falls) to (\w+)\s*", change)
        if match is None:
            raise ValueError(f"a change of class reads 'Name rises to class'; got {change!r}.")
        city, _, to = match.groups()
        claim = Claim(
            "fig1_text.2020_changes",
            "Fig. 1",
            f"2020, class of {city}",
            to,
            remark=f"by rank, from {before[city]} in 2016; {rank[city]} of {len(rank):,} in 2020",
        )
        yield judge(claim, after[city])


def _ranked(ours: Ours, year: int, sizes: list[int]) -> dict[Any, str]:
    order = ours.levels.loc[year].sort_values().index
    words = np.repeat(CLASSES, sizes)
    return dict(zip(order, words.tolist(), strict=True))


def _partition(groups: Any) -> str:
    return " | ".join(listed(group, nobody="nobody") for group in groups)


# ---------------------------------------------------------------------- Tab. 1 and 2


def table_1(printed: Printed, ours: Ours) -> Iterator[Figure]:
    """Growth in percent by city and year, and the averages."""
    for city, rates in printed["tab1_growth_percent"].items():
        for span, rate in rates.items():
            claim = Claim(
                f"tab1_growth_percent.{city}.{span}",
                "Tab. 1",
                f"{city}, {span}, %",
                float(rate),
                2,
                "used in the reconstruction",
            )
            yield judge(claim, float(ours.growth.rates.loc[city, span]))
    for city, rate in printed["tab1_average_growth_percent"].items():
        claim = Claim(
            f"tab1_average_growth_percent.{city}",
            "Tab. 1",
            f"{city}, average, %",
            float(rate),
            2,
            "printed figures alone",
            tolerance=0.005,
            remark="average of four rates, each of them known to 0.005",
        )
        yield judge(claim, float(ours.growth.table.loc[city, "average"]))


def table_2(printed: Printed, ours: Ours) -> Iterator[Figure]:
    """Moran's I of log exports: I, E(I), z and p, for both weights and all years."""
    for name in ("adjacency", "geographic"):
        table = ours.morans[name].table
        for year, row in printed["tab2_moran"][name].items():
            found = table.loc[int(year)]
            for key, column in (("I", "I"), ("E(I)", "expected"), ("z", "z"), ("p", "p")):
                path = f"tab2_moran.{name}.{year}.{key}"
                value = row.get(key, printed["tab2_moran"]["expected"])
                evidence: Evidence = "used in the reconstruction"
                if key == "E(I)":
                    path, evidence = "tab2_moran.expected", "printed figures alone"
                off = _off(key, row["z"]) if name == "geographic" else 0.0
                claim = Claim(
                    path,
                    "Tab. 2",
                    f"{name}, {year}, {key}",
                    float(value),
                    3,
                    evidence,
                    tolerance=off,
                    remark=_COORDINATES if off else "",
                )
                yield judge(claim, float(found[column]))


def _off(key: str, z: float) -> float:
    """Return the tolerance of a figure under the geographic weights; that of p is what z makes of it."""
    return {"I": I_OFF, "E(I)": 0.0, "z": Z_OFF, "p": float(2 * stats.norm.pdf(z) * Z_OFF)}[key]


# ---------------------------------------------------------------------- Fig. 2 and 3


def figure_2(printed: Printed, ours: Ours) -> Iterator[Figure]:
    """Hot and cold spots: the upper and the lower two of four natural breaks of Gi*, in both years."""
    tables = {year: ours.hot.at(year) for year in (FIRST, LAST)}
    for kind, word in (("hot_spots", "hot"), ("cold_spots", "cold")):
        for k, city in enumerate(printed["fig2_text"][kind]):
            seen = {"hot" if int(table.loc[city, "jenks"]) > 2 else "cold" for table in tables.values()}
            z = ", ".join(f"{table.loc[city, 'z']:.2f} in {year}" for year, table in tables.items())
            claim = Claim(
                f"fig2_text.{kind}[{k}]",
                "Fig. 2",
                f"{city}: upper (hot) or lower (cold) classes of Gi*",
                word,
                remark=f"z {z}",
            )
            yield judge(claim, seen.pop() if len(seen) == 1 else "hot in one year, cold in the other")


def figure_3(printed: Printed, ours: Ours) -> Iterator[Figure]:
    """Standard deviation and coefficient of variation of log exports."""
    for key, column, word in (("std", "sd_log", "standard deviation"), ("cv", "cv_log", "coefficient of variation")):
        for year, value in printed["fig3_sigma"][key].items():
            claim = Claim(
                f"fig3_sigma.{key}.{year}",
                "Fig. 3",
                f"{word} of logs, {year}",
                float(value),
                2,
                "used in the reconstruction",
            )
            yield judge(claim, float(ours.sigma.table.loc[int(year), column]))


# ---------------------------------------------------------------------- Tab. 3 and 4


def table_3(printed: Printed, ours: Ours) -> Iterator[Figure]:  # noqa: ARG001
    """Level of digitalisation: data of ours, since what it was made of is not published."""
    for city, values in printed["tab3_digital"].items():
        for year, value in values.items():
            claim = Claim(
                f"tab3_digital.{city}.{year}",
                "Tab. 3",
                f"{city}, {year}",
                float(value),
                3,
                "input",
                remark="taken as data",
                unpublished=INDICATORS,
            )
            yield judge(claim)


def table_4(printed: Printed, ours: Ours) -> Iterator[Figure]:
    """Descriptive statistics of all variables of the regression."""
    ends = ours.panel.periods[ours.growth.spans.end]
    found = {
        "y": describe(ours.logs.diff().iloc[1:].to_numpy()),
        "lnretail": describe(ours.logs.iloc[:-1].to_numpy()),
        "digital": describe(ours.panel.values("digital", periods=ends)),
    }
    about: dict[str, tuple[Evidence, str]] = {
        "y": ("printed figures alone", "growth in logs, from Tab. 1 alone"),
        "lnretail": ("used in the reconstruction", "log exports of the year before, 2016 to 2019"),
        "digital": ("printed figures alone", "Tab. 3, 2017 to 2020, printed to three decimals"),
    }
    for name, row in printed["tab4_descriptives"].items():
        for key, value in row.items():
            evidence, remark = about.get(name, ("unpublished", ""))
            claim = Claim(
                f"tab4_descriptives.{name}.{key}",
                "Tab. 4",
                f"{name}, {key}",
                float(value),
                0 if key == "n" else 4,
                "printed figures alone" if key == "n" and name in found else evidence,
                tolerance=0.0005 if name == "digital" and key != "n" else 0.0,
                remark=remark,
                unpublished="" if name in found else CONTROLS[name],
            )
            yield judge(claim, found[name][key] if name in found else None)
