"""Statements of the text of Luo and Zhang (2024) that figures can confirm or refute."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy import stats

from spatialconv.replication._models import HAUSMAN_DF
from spatialconv.replication._models import SOURCE as TAB5
from spatialconv.replication._ours import AREAS, Ours, leaf, listed, p_text, strictest, two_sided
from spatialconv.replication._tables import Z_OFF
from spatialconv.replication._verdict import Claim, Figure, judge

Printed = Mapping[str, Any]

CRITICAL_10 = 1.6448536269514722  # two-sided 10 % of the standard normal

# What the text says, in the order of the paper; the tables and figures stand in the published figures.
STATEMENTS: dict[str, Any] = {
    "growth_highest": ["Jiaxing", "Zhoushan", "Taizhou"],
    "growth_lowest": ["Jinhua", "Quzhou", "Huzhou"],
    "exports_rise": "every year in all cities",
    "growth_slows": "every year",
    "groups": {
        "highest": ["Jinhua", "Hangzhou", "Ningbo", "Wenzhou"],
        "above average": ["Shaoxing", "Taizhou", "Jiaxing"],
        "slightly below average": ["Quzhou", "Lishui", "Huzhou"],
        "significantly below average": ["Zhoushan"],
    },
    "leader": "Jinhua",
    "moran_adjacency_10": "no year",
    "moran_geographic_10": "no year",
    "moran_geographic_12": "all years",
    "hot_spots": "significant",
    "sigma_falls": "significant",
    "cv_falls": "every year",
    "speeds_order": ["northeast", "province", "southwest"],
    "rho_sign": "negative in all three",
    "hausman_percent": {"province": 1, "northeast": 5, "southwest": 10},
    "controls": {
        "lnwage": {"province": "not significant", "northeast": "not significant", "southwest": "positive"},
        "digital": {"province": "positive", "northeast": "not significant", "southwest": "positive"},
        "opening": {"province": "positive", "northeast": "not significant", "southwest": "positive"},
        "human": {"province": "negative", "northeast": "not significant", "southwest": "not significant"},
        "lnaccess": {"province": "negative", "northeast": "positive", "southwest": "negative"},
        "lnqiyeshu": {"province": "not significant", "northeast": "positive", "southwest": "not significant"},
        "lnpatents": {"province": "not significant", "northeast": "not significant", "southwest": "not significant"},
    },
}


def text(printed: Printed, ours: Ours) -> Iterator[Figure]:
    """All statements, in the order of the paper."""
    said = printed["text"]
    yield from _growth(said, ours)
    yield from _groups(said, printed, ours)
    yield from _autocorrelation(said, printed, ours)
    yield from _dispersion(said, ours)
    yield from _convergence(said, printed)
    yield from _significance(printed)
    yield from _controls(said, printed)


# ---------------------------------------------------------------------- growth and levels


def _growth(said: Printed, ours: Ours) -> Iterator[Figure]:
    section = "Text, section 3.3"
    average = ours.growth.table["average"].sort_values()
    for key, found, word in (
        ("growth_highest", average.index[-len(said["growth_highest"]) :], "highest"),
        ("growth_lowest", average.index[: len(said["growth_lowest"])], "lowest"),
    ):
        item = f"cities of {word} average growth"
        claim = Claim(f"text.{key}", section, item, listed(said[key]), evidence="printed figures alone")
        yield judge(claim, listed(found))
    rates = ours.growth.rates
    falls = [f"{city} in {span}" for city in rates.index for span in rates.columns if rates.loc[city, span] < 0]
    claim = Claim("text.exports_rise", section, "exports rise", said["exports_rise"], evidence="printed figures alone")
    yield judge(claim, said["exports_rise"] if not falls else f"not {listed(falls)}")
    mean = rates.mean()
    slower = int((np.diff(mean) < 0).sum())
    claim = Claim(
        "text.growth_slows",
        section,
        "growth rates decline",
        said["growth_slows"],
        evidence="printed figures alone",
        remark="mean over the cities, %: " + ", ".join(f"{value:.1f} ({span})" for span, value in mean.items()),
    )
    yield judge(claim, said["growth_slows"] if slower == len(mean) - 1 else f"in {slower} of {len(mean) - 1} years")


def _groups(said: Printed, printed: Printed, ours: Ours) -> Iterator[Figure]:
    section = "Text, section 3.3"
    groups = said["groups"]
    mean = ours.levels.mean()
    ends = [(mean[list(cities)].min(), mean[list(cities)].max()) for cities in groups.values()]
    ordered = all(above[0] > below[1] for above, below in itertools.pairwise(ends))
    claim = Claim(
        "text.groups", section, "order of the four groups of cities", "as listed", remark="mean exports, all years"
    )
    yield judge(claim, "as listed" if ordered else "another order")
    published = listed([*groups["highest"], *groups["above average"]])
    for word, values in (("exports", mean), ("log exports", ours.logs.mean())):
        claim = Claim(
            "text.groups",
            section,
            f"cities above the provincial average of {word}",
            published,
            remark=f"means over all years; the average of the cities is {values.mean():.2f}",
        )
        yield judge(claim, listed(values.index[values > values.mean()]))
    leaders = set(ours.levels.idxmax(axis=1))
    claim = Claim(
        "text.leader", section, "city that leads in every year", said["leader"], evidence="used in the reconstruction"
    )
    yield judge(claim, listed(leaders))
    yield _billions(printed["fig1_text"]["jinhua"], said["leader"], ours)


def _billions(sentence: str, leader: str, ours: Ours) -> Figure:
    """'Jinhua: always above 18 billion yuan'."""
    billions = float(re.findall(r"(\d+) billion", sentence)[0])
    lowest = ours.levels[leader].min() / 10  # levels are in 100 million yuan
    claim = Claim(
        "fig1_text.jinhua",
        "Text, section 3.3",
        f"exports of {leader} in every year",
        f"above {billions:g} billion yuan",
        evidence="used in the reconstruction",
        remark=f"lowest {lowest:.1f} billion; that {leader} is the largest tells whose the maximum in Tab. 4 is",
    )
    return judge(claim, f"{'above' if lowest > billions else 'not always above'} {billions:g} billion yuan")


# ---------------------------------------------------------------------- space and dispersion


def _autocorrelation(said: Printed, printed: Printed, ours: Ours) -> Iterator[Figure]:
    section = "Text, section 3.4"
    for name in ("adjacency", "geographic"):
        table = ours.morans[name].table
        passed = list(table.index[table["p"] <= 0.1])
        # With the tolerance that z has, its years might not pass.
        undecided = name == "geographic" and bool((table.loc[passed, "z"].abs() - Z_OFF < CRITICAL_10).all())
        claim = Claim(
            f"text.moran_{name}_10",
            section,
            f"{name}: years in which Moran's I passes the 10 % test",
            said[f"moran_{name}_10"],
            remark=f"smallest p = {table['p'].min():.3f}"
            + (f"; z is known to {Z_OFF} only, which decides {listed(passed)}" if passed and undecided else ""),
        )
        yield judge(claim, listed(passed, nobody="no year"), undecided=undecided)
    p = {year: row["p"] for year, row in printed["tab2_moran"]["geographic"].items()}
    above = [year for year, value in p.items() if value > 0.12]
    claim = Claim(
        "text.moran_geographic_12",
        section,
        "geographic: years with p roughly within 12 %",
        said["moran_geographic_12"],
        evidence="printed figures alone",
        remark=f"largest printed p = {max(p.values()):.3f}",
    )
    yield judge(claim, "all years" if not above else f"all but {listed(above)}")
    z = ours.hot.table["z"].abs()
    reach = int((z >= CRITICAL_10).sum())
    claim = Claim(
        "text.hot_spots",
        section,
        "clustering in the map of Gi*",
        said["hot_spots"],
        remark=f"{reach} of {len(z):,} reach |z| = {CRITICAL_10:.3f} (10 %); the largest is {z.max():.2f}",
    )
    yield judge(claim, "significant" if reach else "not significant")


def _dispersion(said: Printed, ours: Ours) -> Iterator[Figure]:
    section = "Text, section 4.1"
    test, ratio = ours.sigma.pitman_morgan, ours.sigma.ratio
    claim = Claim(
        "text.sigma_falls",
        section,
        "decrease of the standard deviation of logs, 2016 to 2020",
        said["sigma_falls"],
        remark=f"{test.name}: {p_text(test.p_value)}",
    )
    yield judge(claim, "significant" if ratio < 1 and test.p_value <= 0.1 else "not significant")
    falls, falls_too = (int((np.diff(ours.sigma.table[name]) < 0).sum()) for name in ("cv_log", "cv"))
    steps = len(ours.sigma.table) - 1
    claim = Claim(
        "text.cv_falls",
        "Text, abstract",
        "coefficient of variation of logs decreases",
        said["cv_falls"],
        remark="it depends on the unit of exports, that of levels does not; "
        f"that of levels decreases in {falls_too} of {steps} years",
    )
    yield judge(claim, "every year" if falls == steps else f"in {falls} of {steps} years")


# ---------------------------------------------------------------------- Tab. 5 as the text reads it


def _convergence(said: Printed, printed: Printed) -> Iterator[Figure]:
    section = "Text, section 4.3"
    columns = {area: printed["tab5_spatial_lag"][area] for area in AREAS}
    order = sorted(AREAS, key=lambda area: -float(columns[area]["speed"]))
    claim = Claim(
        "text.speeds_order",
        section,
        "areas by speed of convergence, fastest first",
        ", ".join(said["speeds_order"]),
        evidence="printed figures alone",
    )
    yield judge(claim, ", ".join(order))
    for area, speed in zip(AREAS, _numbers(printed["tab5_spatial_lag"]["text_claims"][3]), strict=True):
        claim = Claim("tab5_spatial_lag.text_claims[3]", section, f"{area}, speed", speed, 2, "printed figures alone")
        yield judge(claim, float(-np.log1p(columns[area]["beta"][0])))
    negative = [area for area in AREAS if columns[area]["rho"][0] < 0]
    claim = Claim("text.rho_sign", section, "rho", said["rho_sign"], evidence="printed figures alone")
    yield judge(claim, "negative in all three" if len(negative) == len(AREAS) else f"negative: {listed(negative)}")
    for area, percent in said["hausman_percent"].items():
        yield _hausman(section, area, float(percent), columns[area]["hausman"][0])


def _hausman(section: str, area: str, percent: float, statistic: float) -> Figure:
    p = float(stats.chi2.sf(statistic, HAUSMAN_DF))
    claim = Claim(
        f"text.hausman_percent.{area}",
        section,
        f"{area}, Hausman test",
        f"significant at {percent:g} %",
        evidence="printed figures alone",
        remark=f"{p_text(p)} with {HAUSMAN_DF} degrees of freedom",
    )
    return judge(claim, strictest(p, percent))


def _significance(printed: Printed) -> Iterator[Figure]:
    """Claims of the form 'rho of the northeast is significantly negative at the 10% level'."""
    for k, sentence in enumerate(printed["tab5_spatial_lag"]["text_claims"][:3]):
        match = re.search(r"^(rho|beta) (?:of the (\w+) )?is .*at the (\d+)% level", sentence)
        if match is None:
            raise ValueError(f"a claim about significance names rho or beta and a level; got {sentence!r}.")
        name, area, percent = match.groups()
        for where in (area,) if area else AREAS:
            z = float(leaf(printed, "tab5_spatial_lag", where, name)[1])
            p = two_sided(z)
            claim = Claim(
                f"tab5_spatial_lag.text_claims[{k}]",
                "Text, section 4.3",
                f"{where}, {name}",
                f"significant at {float(percent):g} %",
                evidence="printed figures alone",
                remark=f"printed z = {z:.2f} in {TAB5}, two-sided {p_text(p)}",
            )
            yield judge(claim, strictest(p, float(percent)))


def _controls(said: Printed, printed: Printed) -> Iterator[Figure]:
    for name, areas in said["controls"].items():
        for area, word in areas.items():
            estimate, z, _ = printed["tab5_spatial_lag"][area]["controls"][name]
            p = two_sided(z)
            found = "not significant" if p > 0.1 else "positive" if estimate > 0 else "negative"
            claim = Claim(
                f"text.controls.{name}.{area}",
                "Text, section 4.3",
                f"{area}, effect of {name}",
                word,
                evidence="printed figures alone",
                remark=f"two-sided {p_text(p)} of the printed z",
            )
            yield judge(claim, found)


def _numbers(sentence: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+\.\d+", sentence)]
