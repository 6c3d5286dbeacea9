"""Agglomeration beyond chance (Ellison and Glaeser), and industries that gather in the same places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from spatialconv._core.dispersion import agglomeration as core
from spatialconv._options import first
from spatialconv.agglomeration._quotients import shares_of
from spatialconv.agglomeration._table import ONLY, IndustryTable, as_table
from spatialconv.errors import DataError, MissingDataError, NotPositiveError, OptionError, VariableError
from spatialconv.panel import FloatArray, Panel
from spatialconv.results import Provenance, Result, merge_notes, number, plural


@dataclass(frozen=True, eq=False, repr=False)
class EllisonGlaeser(Result):
    """Ellison and Glaeser's index by industry.

    Attributes
    ----------
    table : DataFrame
        One row a period and industry: `raw` (G), `plant_herfindahl` (H), `gamma`, and where plants are known `plants`,
        `z` and `p_value` (two-sided) of G against plants placed at random.
    """

    table: pd.DataFrame
    source: IndustryTable
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a period and industry."""
        return self.table.reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: size of the table, mean and largest gamma."""
        row = {
            "n_regions": self.source.n_regions,
            "n_industries": len(self.source.industries),
            "n_periods": self.source.n_periods,
            "gamma_mean": self.table["gamma"].mean(),
            "gamma_largest": self.table["gamma"].max(),
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        source = self.source
        gamma = self.table["gamma"].loc[source.periods[-1]].sort_values(ascending=False, kind="stable")
        listed = ", ".join(f"{label} {number(value, 3)}" for label, value in gamma.iloc[:4].items())
        last = f" in {source.periods[-1]}" if source.n_periods > 1 else ""
        return [
            f"Ellison-Glaeser index of {source.quantity}: {plural(source.n_regions, 'region')} x "
            f"{plural(len(gamma), 'industry', 'industries')}",
            f"  gamma{last}: {listed}",
            "  by their words: below 0.02 not very, above 0.05 very concentrated; below 0 spread more than by chance",
        ]


def ellison_glaeser(table: IndustryTable, *, plants: Any) -> EllisonGlaeser:
    r"""Measure how far each industry gathers beyond what the sizes of its plants would make it by chance.

    Parameters
    ----------
    table : IndustryTable
        Employment by region and industry; the reference is the employment of all industries together.
    plants : DataFrame, or mapping or Series of industry to number
        Sizes of the plants, long: a column called as the table's industries, `size`, and if the table has periods, one
        called as these. Or the Herfindahl index of plant sizes by industry (between 1 over the number of plants and 1),
        the same in all periods; z is not known then.

    Returns
    -------
    EllisonGlaeser

    Raises
    ------
    MissingDataError
        If an industry has no plants.
    OptionError
        If a Herfindahl index does not lie in (0, 1].

    Notes
    -----
    .. math::

        G = \sum_i (s_i - x_i)^2, \quad
        \gamma = \frac{G - (1 - \sum_i x_i^2) H}{(1 - \sum_i x_i^2)(1 - H)}, \quad H = \sum_p z_p^2

    with s_i the region's share of the industry, x_i its share of all, z_p a plant's share of its industry. Plants
    placed at random by x give gamma = 0 on average, whatever their sizes. An industry of one plant has none.
    Employment by plant and by region should be the same employment; if their sums differ a note says so.

    References
    ----------
    Ellison, G. and Glaeser, E. L. (1997) Geographic concentration in U.S. manufacturing industries: a dartboard
    approach. Journal of Political Economy 105, 889-927.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame(
    ...     {"city": ["a", "a", "b", "b"], "sector": ["goods", "services"] * 2, "jobs": [30, 10, 20, 40]}
    ... )
    >>> table = sc.industry_table(frame, region="city", industry="sector", value="jobs")
    >>> index = sc.ellison_glaeser(table, plants={"goods": 0.1, "services": 0.02})
    >>> index.table["gamma"].round(3).tolist()
    [0.074, 0.15]
    """
    as_table(table)
    if table.n_regions < 2:
        raise DataError("agglomeration compares regions; the table has one only.")
    known = isinstance(plants, pd.DataFrame)
    H, fourth, count, notes = (_from_plants if known else _given)(table, plants)
    s, x = _shares(table)
    found = core.ellison_glaeser(s, x, H, fourth)
    columns: dict[str, FloatArray] = {"raw": found.raw, "plant_herfindahl": H, "gamma": found.gamma}
    if known:
        columns |= {"plants": count, "z": found.z, "p_value": 2 * stats.norm.sf(np.abs(found.z))}
    index = pd.MultiIndex.from_product([table.periods, table.industries])
    result = pd.DataFrame({name: np.asarray(value).ravel() for name, value in columns.items()}, index=index)
    alone = [table.industries[k] for t, k in np.argwhere(np.isclose(H, 1.0))]
    if alone:
        notes.append(f"one plant holds all of {first(list(dict.fromkeys(alone)))}: gamma is undefined")
    return EllisonGlaeser(
        result, table, merge_notes(table.notes, notes),
        Provenance("ellison_glaeser", {"plants": known}, table.n_regions, table.n_periods),
    )  # fmt: skip


def _shares(table: IndustryTable) -> tuple[FloatArray, FloatArray]:
    """Return the regions' shares of each industry, shape (T, K, N), and of everything, shape (T, 1, N)."""
    E = table.values.transpose(0, 2, 1)
    total = E.sum(axis=1, keepdims=True)
    return core.ratio(E, E.sum(axis=2, keepdims=True)), core.ratio(total, total.sum(axis=2, keepdims=True))


def _given(table: IndustryTable, plants: Any) -> tuple[FloatArray, FloatArray, FloatArray, list[str]]:
    if not isinstance(plants, (Mapping, pd.Series)):
        raise OptionError(
            "plants is a DataFrame of plants, or a mapping from industry to the Herfindahl index of plant sizes; got "
            f"an object of type {type(plants).__name__}."
        )
    found = dict(plants.items())
    lacking = [industry for industry in table.industries if industry not in found]
    if lacking:
        raise MissingDataError(f"plants has no Herfindahl index for {first(lacking)}.")
    given = pd.Series([found[industry] for industry in table.industries], dtype=object)
    H = pd.to_numeric(given, errors="coerce").to_numpy(dtype=float)
    wrong = [industry for industry, h in zip(table.industries, H, strict=True) if not 0 < h <= 1]
    if wrong:
        raise OptionError(f"a Herfindahl index of plants lies in (0, 1]; not so for {first(wrong)}.")
    wide = np.broadcast_to(H, (table.n_periods, len(H)))
    unknown = np.full(wide.shape, np.nan)
    return wide, unknown, unknown, []


def _from_plants(table: IndustryTable, plants: pd.DataFrame) -> tuple[FloatArray, FloatArray, FloatArray, list[str]]:
    kind, when = str(table.industries.name), str(table.periods.name)
    dated = not (table.n_periods == 1 and table.periods[0] == ONLY)
    columns = [kind, "size", *([when] if dated else [])]
    absent = [name for name in columns if name not in plants.columns]
    if absent:
        raise VariableError(f"plants needs the columns {first(columns)}; {first(absent)} is not there.")
    size = pd.to_numeric(plants["size"], errors="coerce").to_numpy(dtype=float)
    if not np.isfinite(size).all():
        raise MissingDataError(f"the size of {int((~np.isfinite(size)).sum()):,} plants is missing or no number.")
    if (size < 0).any():
        raise NotPositiveError(f"the size of {int((size < 0).sum()):,} plants is negative.")
    t = table.periods.get_indexer(pd.Index(plants[when])) if dated else np.zeros(len(plants), dtype=int)
    k = table.industries.get_indexer(pd.Index(plants[kind]))
    spare = int(((t < 0) | (k < 0)).sum())
    used = (t >= 0) & (k >= 0) & (size > 0)
    shape = (table.n_periods, len(table.industries))
    at = np.ravel_multi_index((t[used], k[used]), shape)

    def sums(power: int) -> FloatArray:
        return np.asarray(np.bincount(at, size[used] ** power, minlength=shape[0] * shape[1]), float).reshape(shape)

    total, count = sums(1), sums(0)
    there = table.values.sum(axis=1) > 0
    lacking = np.argwhere((total == 0) & there)
    if len(lacking):
        cells = [(table.industries[b], table.periods[a]) for a, b in lacking]
        raise MissingDataError(f"plants has none of {first(cells)}, which the table has.")
    notes = [f"{spare} plants are of industries or periods that the table does not have"] if spare else []
    gap = np.argwhere(there & ~np.isclose(total, table.values.sum(axis=1), rtol=0.01))
    if len(gap):
        listed = first([table.industries[b] for _, b in gap])
        notes.append(f"sizes of plants and the table add up to different totals in {listed}")
    return core.ratio(sums(2), total**2), core.ratio(sums(4), total**4), count, notes


@dataclass(frozen=True, eq=False, repr=False)
class Coagglomeration(Result):
    """Whether two industries gather in the same regions, in each region and on the whole.

    Attributes
    ----------
    table : DataFrame
        One row a period and region: `lq_a`, `lq_b`, ``likeness = 1 - |lq_a - lq_b| / (lq_a + lq_b)``, `height` = lq_a +
        lq_b, and `index`, their sum.
    pair : Series
        By period: the index of Ellison, Glaeser and Kerr of the pair.
    """

    a: str
    b: str
    table: pd.DataFrame
    pair: pd.Series
    source: IndustryTable
    notes: tuple[str, ...]
    provenance: Provenance

    def panel(self) -> Panel:
        """Return a Panel with the columns of the table: for `hot_spots`, maps, or as controls."""
        return Panel(
            self.table.reset_index(), region=str(self.source.regions.name), period=str(self.table.index.names[0])
        )

    def tidy(self) -> pd.DataFrame:
        """Return one row a period and region."""
        return self.table.reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: means of the index in the first and last period, and the pair's own."""
        means = self.table["index"].groupby(level=0, sort=False).mean()
        row = {
            "a": self.a,
            "b": self.b,
            "n_regions": self.source.n_regions,
            "n_periods": self.source.n_periods,
            "mean_first": means.iloc[0],
            "mean_last": means.iloc[-1],
            "pair_first": self.pair.iloc[0],
            "pair_last": self.pair.iloc[-1],
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        last = self.table.loc[self.source.periods[-1]]["index"].sort_values(ascending=False, kind="stable")
        listed = ", ".join(f"{region} {number(value, 2)}" for region, value in last.iloc[:3].items())
        when = f" in {self.source.periods[-1]}" if self.source.n_periods > 1 else ""
        return [
            f"Co-agglomeration of {self.a} and {self.b}: {plural(self.source.n_regions, 'region')}",
            f"  highest index{when}: {listed}; 3 where both are as everywhere",
            f"  pair{when} (Ellison-Glaeser-Kerr): {number(float(self.pair.iloc[-1]))}; below 0 if they keep apart",
        ]


def coagglomeration(table: IndustryTable, a: Any, b: Any) -> Coagglomeration:
    r"""Measure whether two industries, or groups of them, gather in the same regions.

    Use it for producer services and manufacturing: an index by region, usual in studies of China, that enters panel
    models, and one for the pair.

    Parameters
    ----------
    table : IndustryTable
    a, b : label, or list of labels
        The two industries; several in a list are added up.

    Returns
    -------
    Coagglomeration

    Raises
    ------
    OptionError
        If an industry is unknown, or stands on both sides.

    Notes
    -----
    By region, with the location quotients of both,

    .. math:: C_i = 1 - \frac{|LQ_{ia} - LQ_{ib}|}{LQ_{ia} + LQ_{ib}} + (LQ_{ia} + LQ_{ib}),

    likeness plus height, as studies of producer services and manufacturing in China have it (Yang 2013 and many since).
    Likeness is 1 if the quotients are equal, however small; of a region without both it is undefined, and height 0. As
    the two parts have no common scale, read them apart too. Of the pair (Ellison, Glaeser and Kerr 2010), x_i the
    region's share of all industries,

    .. math:: \gamma^c = \frac{\sum_i (s_{ia} - x_i)(s_{ib} - x_i)}{1 - \sum_i x_i^2}.

    References
    ----------
    Ellison, G., Glaeser, E. L. and Kerr, W. R. (2010) What causes industry agglomeration? Evidence from
    coagglomeration patterns. American Economic Review 100, 1195-1213.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame(
    ...     {"city": ["a", "a", "b", "b"], "sector": ["goods", "services"] * 2, "jobs": [30, 10, 20, 40]}
    ... )
    >>> table = sc.industry_table(frame, region="city", industry="sector", value="jobs")
    >>> sc.coagglomeration(table, "goods", "services").table["index"].round(3).tolist()
    [2.5, 2.667]
    """
    as_table(table)
    if table.n_regions < 2:
        raise DataError("co-agglomeration compares regions; the table has one only.")
    (one, a_name), (two, b_name) = shares_of(table, a, "industries"), shares_of(table, b, "industries")
    shared = set(a_name.split(" + ")) & set(b_name.split(" + "))
    if shared:
        raise OptionError(f"{first(sorted(shared))} stands on both sides.")
    total = table.values.sum(axis=2)
    everywhere = core.ratio(total, total.sum(axis=1, keepdims=True))
    s = [core.ratio(part, part.sum(axis=1, keepdims=True)) for part in (one, two)]
    lq_a, lq_b = (core.ratio(share, everywhere) for share in s)
    height = lq_a + lq_b
    likeness = 1 - core.ratio(np.abs(lq_a - lq_b), height)
    gap = [share - everywhere for share in s]
    pair = core.ratio((gap[0] * gap[1]).sum(axis=1), 1 - (everywhere**2).sum(axis=1))
    columns = {"lq_a": lq_a, "lq_b": lq_b, "likeness": likeness, "height": height, "index": likeness + height}
    index = pd.MultiIndex.from_product([table.periods, table.regions])
    without = int(np.isnan(likeness).sum())
    notes = [f"{without} regions and periods have neither, or nothing at all: undefined"] if without else []
    return Coagglomeration(
        a_name, b_name, pd.DataFrame({name: value.ravel() for name, value in columns.items()}, index=index),
        pd.Series(pair, index=table.periods, name="pair"), table, merge_notes(table.notes, notes),
        Provenance("coagglomeration", {"a": a_name, "b": b_name}, table.n_regions, table.n_periods),
    )  # fmt: skip
