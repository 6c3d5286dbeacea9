"""Coupling and coordination of two or more systems, each measured by an index between zero and one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._options import first, names
from spatialconv.errors import OptionError, VariableError
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import Provenance, Result, extent, merge_notes, number

# Ten equal steps of D, as Liao (1999) and those after him call them.
LEVELS = (
    "extreme imbalance",
    "serious imbalance",
    "moderate imbalance",
    "mild imbalance",
    "near imbalance",
    "bare coordination",
    "primary coordination",
    "intermediate coordination",
    "good coordination",
    "quality coordination",
)


@dataclass(frozen=True, eq=False, repr=False)
class Coupling(Result):
    """Coupling C, comprehensive development T and coordination D of every region and period.

    Attributes
    ----------
    table : DataFrame
        One row a (period, region): `coupling`, `development`, `coordination`, `level` (one of ten, by D) and `lagging`,
        the system that is lowest there.
    systems : tuple of str
    weights : Series
        Of the systems in T.
    periods, regions : Index
    source : Panel
    notes, provenance : see `spatialconv.results`
    """

    table: pd.DataFrame
    systems: tuple[str, ...]
    weights: pd.Series
    periods: pd.Index
    regions: pd.Index
    source: Panel
    notes: tuple[str, ...]
    provenance: Provenance

    def panel(self) -> Panel:
        """Return the panel with columns `coupling`, `development` and `coordination`: for maps, `sigma`, `moran`."""
        keys = self.source.frame.reset_index()[[self.source.period, self.source.region]]
        rows = self.table.reindex(pd.MultiIndex.from_frame(keys))
        return self.source.assign(**{n: rows[n].to_numpy() for n in ("coupling", "development", "coordination")})

    def tidy(self) -> pd.DataFrame:
        """Return one row a period and region: period, region, coupling, development, coordination, level, lagging."""
        return self.table.rename_axis(["period", "region"]).reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: the systems, and mean C, T and D of the first and the last period."""
        mean = self.table[["coupling", "development", "coordination"]].groupby(level=0, sort=False).mean()
        row: dict[str, object] = {
            "systems": ", ".join(self.systems),
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
        }
        for when, place in (("first", 0), ("last", -1)):
            row |= {f"{name}_{when}": float(mean[name].iloc[place]) for name in mean}
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        mean = self.table[["coupling", "development", "coordination"]].groupby(level=0, sort=False).mean()
        lines = [
            f"Coupling of {len(self.systems):,} systems: {extent(len(self.regions), len(self.periods))}",
            f"  systems: {first(self.systems)}",
        ]
        for place in sorted({0, len(mean) - 1}):
            c, t, d = (number(v, 3) for v in mean.iloc[place])
            lines.append(f"  {self.periods[place]}: mean coupling {c}, development {t}, coordination {d}")
        last = self.table.loc[self.periods[-1]]
        common = last["level"].value_counts()
        lines.append(f"  {self.periods[-1]}: {common.iloc[0]} of {len(last):,} in {common.index[0]}")
        return lines


def coupling(panel: Panel, systems: Iterable[str], *, weights: Mapping[str, float] | None = None) -> Coupling:
    r"""Measure how evenly two or more systems develop together (coupling), and how far (coordination).

    Parameters
    ----------
    panel : Panel
    systems : names
        Two columns or more, each an index from 0 to 1, complete; for example scores of `composite_index`.
    weights : mapping of a system to its weight, optional
        Of the systems in T; scaled to sum to one. Equal by default.

    Returns
    -------
    Coupling
        `.table` by period and region; `.panel()` for what comes next.

    Raises
    ------
    OptionError
        If fewer than two systems are named, or weights are lacking, negative or all zero.
    VariableError
        If a value lies outside of [0, 1].
    MissingDataError, UnbalancedPanelError
        If a cell is missing or infinite.

    Notes
    -----
    With k systems U,

    .. math:: C = \frac{\sqrt[k]{\prod_j U_j}}{\frac1k \sum_j U_j}, \qquad
              T = \sum_j \alpha_j U_j, \qquad D = \sqrt{C T},

    the geometric over the arithmetic mean: C is 1 where all systems are equal, whatever k, and 0 where one is zero.
    Common wrong ones, with the most that they can reach: without the factor k, (U1 U2 U3)^(1/3) / (U1 + U2 + U3), 1/3
    for three systems and 1/k in general (1/2 for two), so that no region is ever well coupled; with the sum to the
    power k but no root, k^k prod U / (sum U)^k, which is C^k and falls with the number of systems; and the product over
    pairs of sums, (prod U / prod_{i<j} (U_i + U_j))^(1/k), which is 1/2 for three equal systems and depends on the unit
    for four or more. Where all systems are zero, C is undefined and D is 0.

    Scores of min-max indices are zero for the lowest region, whose C is then 0 whatever the other systems are.

    References
    ----------
    Liao, C. (1999) Quantitative judgement and classification system for coordinated development of environment and
    economy. Tropical Geography 19(2), 171-177.

    Wang, S., Kong, W., Ren, L., Zhi, D. and Dai, B. (2021) Research on misuses and modification of coupling
    coordination degree model in China. Journal of Natural Resources 36(3), 793-810.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame({"city": [*"ab"], "year": 2020, "digital": [0.4, 0.9], "green": [0.4, 0.1]})
    >>> found = sc.coupling(sc.Panel(frame, region="city", period="year"), ["digital", "green"])
    >>> found.table[["coupling", "coordination"]].round(3).loc[2020].to_dict("index")
    {'a': {'coupling': 1.0, 'coordination': 0.632}, 'b': {'coupling': 0.6, 'coordination': 0.548}}
    """
    as_panel(panel)
    chosen = names("systems", systems)
    if len(chosen) < 2:
        raise OptionError(f"coupling needs two systems or more; got {first(chosen)}. Name their columns.")
    alpha = _alpha(weights, chosen)
    values = np.stack([panel.values(name) for name in chosen], axis=2)
    _refuse_outside(values, chosen, panel)
    mean = values.mean(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        geometric = np.exp(np.log(values).mean(axis=2))
        # The geometric mean of equal systems exceeds the arithmetic one by rounding.
        c = np.where(mean > 0, np.minimum(geometric / mean, 1.0), np.nan)
    t = values @ alpha
    d = np.where(mean > 0, np.sqrt(np.nan_to_num(c) * t), 0.0)
    place = np.minimum((10 * d + 1e-12).astype(int), 9)
    even = np.ptp(values, axis=2) == 0
    lagging = np.array(chosen, dtype=object)[values.argmin(axis=2)]
    lagging[even] = None
    none, zero = mean == 0, (values == 0).any(axis=2) & (mean > 0)
    return Coupling(
        table=pd.DataFrame(
            {
                "coupling": c.ravel(),
                "development": t.ravel(),
                "coordination": d.ravel(),
                "level": np.array(LEVELS, dtype=object)[place].ravel(),
                "lagging": lagging.ravel(),
            },
            index=pd.MultiIndex.from_product([panel.periods, panel.regions]),
        ),
        systems=chosen,
        weights=pd.Series(alpha, index=pd.Index(chosen, name="system"), name="weight"),
        periods=panel.periods,
        regions=panel.regions,
        source=panel,
        notes=merge_notes(
            panel.notes,
            (f"one system is zero, hence coupling and coordination too, in {_cells(zero, panel)}",)
            if zero.any()
            else (),
            (f"all systems are zero, hence no coupling, in {_cells(none, panel)}",) if none.any() else (),
        ),
        provenance=Provenance(
            "coupling",
            {"systems": list(chosen), "weights": dict(zip(chosen, alpha.tolist(), strict=True))},
            panel.n_regions,
            panel.n_periods,
        ),
    )


def _alpha(weights: Mapping[str, float] | None, systems: tuple[str, ...]) -> FloatArray:
    if weights is None:
        return np.full(len(systems), 1.0 / len(systems))
    if not isinstance(weights, Mapping) or set(weights) != set(systems):
        raise OptionError(
            f"weights must name each of the systems, {first(systems)}, and nothing else; got {weights!r}."
        )
    alpha = pd.to_numeric(pd.Series([weights[name] for name in systems], dtype=object), errors="coerce").to_numpy(float)
    if not np.isfinite(alpha).all() or (alpha < 0).any() or alpha.sum() == 0:
        raise OptionError(f"weights must be zero or positive, and not all zero; got {dict(weights)!r}.")
    return np.asarray(alpha / alpha.sum())


def _refuse_outside(values: FloatArray, systems: tuple[str, ...], panel: Panel) -> None:
    for k, name in enumerate(systems):
        bad = (values[:, :, k] < 0) | (values[:, :, k] > 1)
        if bad.any():
            raise VariableError(
                f"{name!r} lies outside of [0, 1] in {_cells(bad, panel)}; coupling compares indices on one scale. "
                "Make it one by composite_index, or by min-max over all periods."
            )


def _cells(mask: npt.NDArray[np.bool_], panel: Panel) -> str:
    t, i = np.nonzero(mask)
    return first([(panel.regions[b], panel.periods[a]) for a, b in zip(t, i, strict=True)])
