"""Stochastic kernels: from which value to which, without classes, and the distribution this leads to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr

from spatialconv._core.dynamics import kernel_density as one_way
from spatialconv._core.dynamics import transition_kernel as kernel
from spatialconv._options import choice, count_of, first, flag, generator, positive, probability, whole
from spatialconv.dynamics._density import NOTHING, Boundary
from spatialconv.dynamics._scale import Scale, described, refuse_constant, scaled, scaled_of_those_there
from spatialconv.errors import DataError, OptionError, WeightsError
from spatialconv.panel import FloatArray, Missing, Panel, omits
from spatialconv.results import TIDY, Provenance, Result, extent, merge_notes, number, plural
from spatialconv.summary import time_axis
from spatialconv.weights import align

Given = Literal["past", "neighbours"]
# Grid beyond the data, in bandwidths of the widest kernel that counts there.
_BEYOND = 4.0
_POINTS = (101, 401)
_FEW = 100
_SEEN = 0.01  # mass below zero that is said
_EVEN = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class StochasticKernel(Result):
    """Density of a value given the past one, or given the neighbours', and the ergodic density.

    Attributes
    ----------
    conditional : DataFrame
        f(y | x): a row a value of x, a column a value of y, both on the grid.
    ergodic : DataFrame or None
        By value: `density`, and with draws `conf_low`, `conf_high`; the density that the kernel keeps. None given
        neighbours, where x and y are two variables.
    now : Series
        Density of the last period with the bandwidth of y, to set beside it.
    stays : float
        Share of a deviation from the ergodic density that is left after a step: the second eigenvalue's size.
    bandwidths : tuple
        Of x and of y, before the local factors.
    edge : str
        "reflected at zero" where what lay below zero was folded back.
    n_pairs, given, horizon, scale, draws, level
    """

    conditional: pd.DataFrame
    ergodic: pd.DataFrame | None
    now: pd.Series
    stays: float
    bandwidths: tuple[float, float]
    n_pairs: int
    given: Given
    horizon: float
    variable: str
    scale: Scale
    draws: int
    level: float
    regions: pd.Index
    periods: pd.Index
    notes: tuple[str, ...]
    provenance: Provenance
    edge: str = ""
    _pairs: kernel.Pairs | None = field(default=None, repr=False)

    @property
    def grid(self) -> FloatArray:
        """Values of x and of y."""
        return np.asarray(self.conditional.index, dtype=float)

    @property
    def least(self) -> float | None:
        """Where densities end: zero where what lay below it was folded back; None where they have no end."""
        return 0.0 if self.edge else None

    @property
    def data(self) -> pd.DataFrame:
        """The pairs: x, y, and the local factor of the bandwidths."""
        assert self._pairs is not None
        return pd.DataFrame({"x": self._pairs.x, "y": self._pairs.y, "local": self._pairs.local})

    @property
    def half_life(self) -> float:
        """Time in which half of a deviation from the ergodic density is gone."""
        return float(self.horizon * np.log(0.5) / np.log(self.stays)) if 0 < self.stays < 1 else float("nan")

    def at(self, x: Any) -> pd.DataFrame:
        """Return f(y | x) at values of x, a row a value, exactly and not between points of the grid."""
        assert self._pairs is not None
        values = np.atleast_1d(np.asarray(x, dtype=float))
        found = kernel.conditional(self._pairs, values, self.grid)
        return pd.DataFrame(found, index=pd.Index(values, name="x"), columns=self.conditional.columns)

    def highest_density(self, x: Any, share: float = 0.5) -> pd.DataFrame:
        """Return the shortest set that holds a share of f(y | x) at values of x: a row an interval (Hyndman 1996)."""
        size = probability("share", share)
        rows = [
            (value, low, high)
            for value, density in self.at(x).iterrows()
            for low, high in kernel.highest(density.to_numpy(dtype=float), self.grid, size, self.least)
        ]
        return pd.DataFrame(rows, columns=["x", "low", "high"])

    def ergodic_regions(self, share: float = 0.5) -> pd.DataFrame:
        """Return the shortest set that holds a share of the ergodic density: a row an interval."""
        if self.ergodic is None:
            raise OptionError("there is no ergodic density given neighbours; take given='past'.")
        size = probability("share", share)
        density = self.ergodic["density"].to_numpy(dtype=float)
        return pd.DataFrame(kernel.highest(density, self.grid, size, self.least), columns=["low", "high"])

    def _moments(self) -> dict[str, float]:
        step = self.grid[1] - self.grid[0]
        if self.ergodic is None:
            return {"mean": np.nan, "sd": np.nan, "modes": np.nan}
        f = self.ergodic["density"].to_numpy(dtype=float)
        mean = float((f * self.grid).sum() * step)
        sd = float(np.sqrt((f * (self.grid - mean) ** 2).sum() * step))
        rise = np.diff(f)
        # Ripples at rounding's height in the tails are no modes.
        turns = (rise[:-1] > 0) & (rise[1:] <= 0) & (f[1:-1] > 1e-6 * f.max())
        return {"mean": mean, "sd": sd, "modes": float(turns.sum())}

    def tidy(self) -> pd.DataFrame:
        """Return one row a quintile of x: the mean of y there; then mean, sd and modes of the ergodic density."""
        assert self._pairs is not None
        x = np.quantile(self._pairs.x, [0.1, 0.3, 0.5, 0.7, 0.9])
        p = kernel.shares(self._pairs, x)
        rows = {f"mean given {number(float(v), 2)}": float(m) for v, m in zip(x, p @ self._pairs.y, strict=True)}
        if self.ergodic is not None:
            rows |= {f"ergodic {name}": value for name, value in self._moments().items()}
        return pd.DataFrame({"term": list(rows), "estimate": list(rows.values())}).reindex(columns=list(TIDY))

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, bandwidths, the ergodic density, how fast it is approached."""
        moments = self._moments()
        row = {
            "variable": self.variable,
            "given": self.given,
            "horizon": self.horizon,
            "n_regions": len(self.regions),
            "n_periods": len(self.periods),
            "n_pairs": self.n_pairs,
            "bandwidth_x": self.bandwidths[0],
            "bandwidth_y": self.bandwidths[1],
            **{f"ergodic_{name}": value for name, value in moments.items()},
            "stays": self.stays,
            "half_life": self.half_life,
            "draws": self.draws,
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.glance()

    def _headline(self) -> list[str]:
        what = described(self.variable, self.scale)
        how = f"{self.horizon:g} later" if self.given == "past" else "given the neighbours' mean"
        if self.given == "neighbours" and self.horizon:
            how += f" {self.horizon:g} before"
        lines = [
            f"Stochastic kernel of {what}, {how}: {extent(len(self.regions), len(self.periods))}",
            f"  {plural(self.n_pairs, 'pair')}, bandwidths {number(self.bandwidths[0])}, {number(self.bandwidths[1])}"
            + (f", {self.edge}" if self.edge else ""),
        ]
        for low, high in ((0.1, "a poor region"), (0.9, "a rich region")):
            assert self._pairs is not None
            x = float(np.quantile(self._pairs.x, low))
            parts = self.highest_density(x, 0.5)
            ends = zip(parts["low"], parts["high"], strict=True)
            said = " and ".join(f"[{number(a, 2)}, {number(b, 2)}]" for a, b in ends)
            lines.append(f"  {high} (x = {number(x, 2)}): half of the density in {said}")
        if self.ergodic is not None:
            m = self._moments()
            lines.append(
                f"  ergodic: mean {number(m['mean'], 2)}, sd {number(m['sd'])}, modes {int(m['modes'])}; half of a "
                f"deviation gone in {number(self.half_life, 1)}"
            )
            if self.draws:
                lines.append(f"  bands of {100 * self.level:g} % by {self.draws:,} bootstraps of regions")
        return lines


def stochastic_kernel(
    panel: Panel,
    variable: str,
    w: Any = None,
    *,
    given: Given = "past",
    horizon: int | None = None,
    scale: Scale = "relative",
    bandwidths: tuple[float, float] | None = None,
    adaptive: bool = True,
    points: int | None = None,
    draws: int = 0,
    level: float = 0.95,
    seed: int | np.random.Generator | None = None,
    boundary: Boundary = "reflect",
    missing: Missing = "raise",
) -> StochasticKernel:
    r"""Estimate from which value to which regions go, without classes (Quah 1997): a stochastic kernel.

    A Markov chain cuts the variable into classes, and its results hang on where. The kernel is its continuous kin: at
    each x the density of y, with the ergodic density that it leads to. Mass on the diagonal is persistence, a ridge
    flatter than it convergence, two peaks clubs.

    Parameters
    ----------
    panel : Panel
    variable : str
    w : Graph, optional
        Of given="neighbours".
    given : {"past", "neighbours"}
        What x is: the region's own value `horizon` before, or its neighbours' weighted mean. Where a region's place
        is explained by its neighbours' the ridge lies on the diagonal, where it is not, the ridge is level.
    horizon : int, optional
        Units of time from x to y; the commonest distance of periods by default, 0 given neighbours.
    scale : {"relative", "log", "level"}
        Relative to the mean of the period; logarithms less their mean over the regions of the period; as they are.
    bandwidths : (float, float), optional
        Of x and y; sd n^(-1/6) of each by default, which is best for normal pairs and smooth for others.
    adaptive : bool
        Widen kernels where pairs are thin.
    points : int, optional
        Of the grid; by default as many as the narrowest kernels ask for, 101 to 401.
    draws : int
        Bootstraps for bands of the ergodic density: regions drawn with replacement, each with its whole history, the
        bandwidths held; 0 for none.
    level : float
        Of the bands, at each value.
    seed : int or Generator, optional
    boundary : {"reflect", "none"}
        Of values that are not negative what lies below zero folds back, as in `density`; "none" leaves it there.
    missing : {"raise", "omit"}
        "omit" takes the regions that are there: means of a period are theirs, a pair needs its region at both ends, and
        neighbours are those there, their weights standardised again.

    Returns
    -------
    StochasticKernel
        `.conditional`, `.ergodic`, `.at(x)`, `.highest_density(x)`; `plot.stochastic_kernel`, `plot.ergodic`

    Raises
    ------
    DataError
        If no period lies `horizon` after another, or there are fewer than three regions.
    WeightsError
        If a region has no neighbour.
    OptionError, VariableError, MissingDataError, UnbalancedPanelError, AlignmentError
        As elsewhere.

    Notes
    -----
    .. math:: f(y \mid x) = \sum_i p_i(x)\, \phi_{h_y \lambda_i}(y - y_i), \quad
              g(y) = \int f(y \mid x)\, g(x)\, dx

    with local factors of power 1/2 of a pilot density. All periods are taken as one process. A kernel estimate is wider
    than the truth, by :math:`h_y^2` in the variance of y given x, and flatter in x; both make the ergodic density
    wider. It is no forecast: it says where the moves of the sample would lead if they went on.

    Regions that share borders move alike, which the bootstrap takes as independent: bands are then too narrow.

    References
    ----------
    Quah, D. (1997), Journal of Economic Growth 2, 27-59. Hyndman, R. J., Bashtannyk, D. M. and Grunwald, G. K. (1996),
    Journal of Computational and Graphical Statistics 5, 315-336. Hyndman, R. J. (1996), American Statistician 50,
    120-126. Abramson, I. S. (1982), Annals of Statistics 10, 1217-1223. Fischer, M. M. and Stumpner, P. (2008),
    Journal of Geographical Systems 10, 109-139.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> found = sc.stochastic_kernel(us.panel, "income", horizon=10)
    >>> found.n_pairs, bool(found.ergodic_regions(0.5)["low"].iloc[0] < 1)
    (3408, True)
    """
    choice("given", given, Given)
    choice("boundary", boundary, Boundary)
    adaptive, draws, share = flag("adaptive", adaptive), count_of("draws", draws), probability("level", level)
    asked = None if points is None else whole("points", points, least=20, most=1000)
    absent: list[str] = []
    if omits(missing):
        values, absent = scaled_of_those_there(
            panel, variable, scale, least=3, what="a stochastic kernel", more="; pairs need their region at both ends"
        )
    else:
        values = scaled(panel, variable, scale, least=3, what="a stochastic kernel")
    refuse_constant(values, variable, panel)
    there = np.isfinite(values)
    if scale == "log":
        n = np.maximum(there.sum(axis=1, keepdims=True), 1)
        values = values - np.where(there, values, 0.0).sum(axis=1, keepdims=True) / n
    start, end, step, notes = _spans(panel, horizon, given)
    notes = [*absent, *notes]
    before, said = values, None
    if given == "neighbours":
        if w is None:
            raise OptionError("given='neighbours' needs spatial weights; pass them as w.")
        before, said, more = _neighbours(panel, values, w)
        notes += more
    elif w is not None:
        notes.append("the weights do not enter: given='past'")
    x, y = before[start].ravel(), values[end].ravel()
    paired = np.isfinite(x) & np.isfinite(y)
    if paired.sum() < 3:
        raise DataError(f"{plural(int(paired.sum()), 'pair')} of values that are both there; a kernel needs three.")
    x, y = x[paired], y[paired]
    known, who = np.unique(np.tile(np.arange(panel.n_regions), len(start))[paired], return_inverse=True)
    hx, hy = _bandwidths(x, y, bandwidths, variable)
    power = 0.5 if adaptive else 0.0
    pairs = kernel.Pairs(x, y, hx, hy, kernel.adaptive(x, y, hx, hy, power))
    outside = float(ndtr(-y / (hy * pairs.local)).mean())
    bounded = scale != "log" and bool(min(x.min(), y.min()) >= 0) and outside > NOTHING
    folds = bounded and boundary == "reflect"
    if folds:
        pairs = kernel.Pairs(x, y, hx, hy, kernel.adaptive(x, y, hx, hy, power, folds), folds)
    elif bounded and outside > _SEEN:
        notes.append(
            f"{100 * outside:.0f} % of the density lies below zero, where no value is; take boundary='reflect'"
        )
    grid = _grid(pairs, asked)
    f = kernel.conditional(pairs, grid, grid)
    ergodic, stays, draw_notes, used = None, np.nan, [], None
    if given == "past":
        moves, lost = kernel.stochastic(f, grid)
        ergodic = pd.DataFrame({"density": kernel.ergodic(moves, grid)}, index=pd.Index(grid, name=variable))
        stays = kernel.second_root(moves)
        if lost > 0.01:
            draw_notes.append(f"at the ends of the grid up to {100 * lost:.0f} % of the density lies beyond it")
        if draws:
            rng, used = generator(seed)
            low, high = _bands(pairs, who, len(known), grid, draws, share, rng)
            ergodic["conf_low"], ergodic["conf_high"] = low, high
    elif draws:
        draw_notes.append("no bands: there is no ergodic density given neighbours")
    if len(x) < _FEW:
        draw_notes.append(f"{len(x):,} pairs are few for a density of two variables: its shape is the bandwidths'")
    final = int(np.flatnonzero(there.any(axis=1))[-1])
    last = values[final][there[final]]
    (now,) = (one_way.reflected if folds else one_way.density)([last], grid, np.array([hy]))
    axis = pd.Index(grid, name="x")
    options = {
        "variable": variable, "given": given, "horizon": step, "scale": scale, "adaptive": adaptive,
        "points": len(grid), "draws": draws, "level": share,
        **({"boundary": boundary} if boundary != "reflect" else {}), **({"missing": missing} if omits(missing) else {}),
    }  # fmt: skip
    return StochasticKernel(
        conditional=pd.DataFrame(f, index=axis, columns=pd.Index(grid, name="y")),
        ergodic=ergodic,
        now=pd.Series(now, index=pd.Index(grid, name=variable), name=str(panel.periods[final])),
        stays=float(stays),
        bandwidths=(hx, hy),
        n_pairs=len(x),
        given=given,
        horizon=step,
        variable=variable,
        scale=scale,
        draws=draws if ergodic is not None else 0,
        level=share,
        regions=panel.regions,
        periods=panel.periods,
        notes=merge_notes(panel.notes, notes, draw_notes),
        provenance=Provenance("stochastic_kernel", options, panel.n_regions, panel.n_periods, said, used),
        edge="reflected at zero" if folds else "",
        _pairs=pairs,
    )


def _spans(panel: Panel, horizon: int | None, given: Given) -> tuple[list[int], list[int], float, list[str]]:
    """Return positions of x and y among the periods, the time between, and what is to be said."""
    time, by_position = time_axis(panel.periods)
    least = 0 if given == "neighbours" else 1
    if horizon is not None:
        step = float(whole("horizon", horizon, least=least))
    elif given == "neighbours":
        step = 0.0
    else:
        if len(time) < 2:
            raise DataError(f"a kernel over time needs two periods; the panel has {panel.n_periods}.")
        gaps, times = np.unique(np.diff(time), return_counts=True)
        step = float(gaps[np.argmax(times)])
    apart = time[None, :] - time[:, None]
    start, end = np.nonzero(np.abs(apart - step) < _EVEN)
    if len(start) == 0:
        known = sorted({f"{d:g}" for d in apart[apart > 0]}, key=float)
        raise DataError(
            f"no period lies {step:g} after another; distances are {', '.join(known[:5])}. Choose horizon=…."
        )
    said = []
    if by_position and step:
        said.append("periods are no whole numbers: the horizon counts positions")
    if step and len(np.unique(start)) > 1 and np.diff(time).min() < step - _EVEN:
        said.append(f"spans of {step:g} overlap: pairs of a region share their years")
    return start.tolist(), end.tolist(), step, said


def _neighbours(panel: Panel, values: FloatArray, w: Any) -> tuple[FloatArray, str, list[str]]:
    aligned = align(w, panel.regions)
    sums = np.asarray(aligned.matrix.sum(axis=1), dtype=float).ravel()
    if aligned.islands:
        raise WeightsError(
            f"{plural(len(aligned.islands), 'region')} without a neighbour: {first(list(aligned.islands))}. Link them "
            "(islands='nearest', or link= by hand), or leave them out by panel.subset(regions=…)."
        )
    rows = np.ptp(sums) > _EVEN or abs(float(sums[0]) - 1) > _EVEN
    said = ["weights are standardised by row: x is a mean of neighbours"] if rows else []
    there = np.isfinite(values)
    if there.all():
        return np.asarray((aligned.matrix @ values.T).T / sums), aligned.summary, [*aligned.notes, *said]
    near = np.asarray((aligned.matrix @ there.T.astype(float)).T)
    alone = there & (near <= 0)
    if alone.any():
        t, i = np.nonzero(alone)
        cells = first([(panel.regions[b], panel.periods[a]) for a, b in zip(t, i, strict=True)])
        said.append(f"no neighbour is there, and so no pair, in {cells}")
    total = np.asarray((aligned.matrix @ np.where(there, values, 0.0).T).T)
    mean = np.divide(total, near, out=np.full(near.shape, np.nan), where=near > 0)
    return mean, aligned.summary, [*aligned.notes, *said]


def _bandwidths(
    x: FloatArray, y: FloatArray, bandwidths: tuple[float, float] | None, variable: str
) -> tuple[float, float]:
    if bandwidths is None:
        hx, hy = kernel.normal_reference(x), kernel.normal_reference(y)
        if not (hx > 0 and hy > 0):
            raise DataError(f"{variable!r} does not vary over the pairs; there is nothing to estimate.")
        return hx, hy
    given = tuple(bandwidths) if isinstance(bandwidths, (tuple, list)) else ()
    if len(given) != 2:
        raise OptionError(f"bandwidths are two numbers, of x and of y; got {bandwidths!r}.")
    return positive("bandwidths", given[0]), positive("bandwidths", given[1])


def _grid(pairs: kernel.Pairs, points: int | None) -> FloatArray:
    reach = _BEYOND * pairs.hy * pairs.local
    low = 0.0 if pairs.folds else min(float((pairs.y - reach).min()), float(pairs.x.min()))
    high = max(float((pairs.y + reach).max()), float(pairs.x.max()))
    if points is None:
        # The sum over a grid is the integral of a Gaussian to rounding from a step of its width on.
        narrow = pairs.hy * float(np.quantile(pairs.local, 0.05))
        points = int(np.clip(np.ceil(2 * (high - low) / narrow), *_POINTS))
    if pairs.folds:
        # Middles of even steps from zero on: their sum is the integral of what is even about zero.
        step = high / points
        return np.asarray(step * (np.arange(points) + 0.5))
    return np.linspace(low, high, points)


def _bands(
    pairs: kernel.Pairs,
    who: Any,
    regions: int,
    grid: FloatArray,
    draws: int,
    level: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return pointwise percentiles of the ergodic density over regions drawn with replacement."""
    columns = kernel.kernels(pairs, grid)
    found = []
    for _ in range(draws):
        counts = np.bincount(rng.integers(0, regions, regions), minlength=regions).astype(float)
        moves, _ = kernel.stochastic(kernel.shares(pairs, grid, counts[who]) @ columns, grid)
        found.append(kernel.ergodic(moves, grid))
    low, high = np.quantile(np.array(found), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.asarray(low), np.asarray(high)
