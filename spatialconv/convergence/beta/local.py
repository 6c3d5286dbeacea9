"""Local beta: the growth regression around each region, by geographically weighted regression."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from spatialconv._core.regression.least_squares import collinear_columns
from spatialconv._core.regression.speed import speed
from spatialconv._options import ControlsAt, choice, count_of, first, generator, names, probability, whole
from spatialconv._parallel import checked_jobs, run
from spatialconv.errors import ModelError, OptionError, SingularDesignError
from spatialconv.models.specification.design import refuse_reserved
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import HypothesisTest, Provenance, Result, merge_notes, number, p_value, plural
from spatialconv.summary import control_arrays, controls_note, growth_arrays, spans_between
from spatialconv.weights.points import located

Kernel = Literal["bisquare", "gaussian", "exponential"]
Criterion = Literal["AICc", "CV", "BIC"]
# Below this many regions the local regressions rest on a handful of neighbours.
FEW = 30
# Places looked at together, sums of products held at once, from which share of a regressor's variation that others
# explain (one less its inverse) nothing is left, and how far alike arrangements may be apart by rounding.
ROWS, HELD, EXPLAINED, ALIKE = 64, 4_000_000, 1e12, 1e-10


def beta_local(
    panel: Panel,
    variable: str,
    geometry: Any,
    *,
    breaks: tuple[Hashable, Hashable] | None = None,
    controls: str | Iterable[str] = (),
    controls_at: ControlsAt = "start",
    kernel: Kernel = "bisquare",
    bandwidth: int | Criterion = "AICc",
    points: Any = None,
    draws: int = 199,
    level: float = 0.95,
    jobs: int = 1,
    seed: int | np.random.Generator | None = None,
    progress: bool = True,
) -> LocalBeta:
    """Estimate the cross-section of growth on initial level around each region, and test whether beta varies in space.

    A look at where convergence is found, before groups are made of it (`beta_regimes`); neighbouring estimates share
    most of their data, so that their pattern is smooth by construction and single ones are no independent tests.

    Parameters
    ----------
    panel : Panel
    variable : str
        The level v, positive.
    geometry : GeoDataFrame
        Regions by label; distances run between seats (columns lon and lat), points, or points inside the polygons.
    breaks : pair of periods, optional
        First and last period of growth; those of the panel by default.
    controls : names
    controls_at : {"start", "end", "mean"}
        Of the first period, of the last, or the mean over the periods from the one to the other, as in `beta`.
    kernel : {"bisquare", "gaussian", "exponential"}
        Weights fall to zero at, or beyond, the bandwidth.
    bandwidth : {"AICc", "CV", "BIC"} or int
        Number of nearest regions in each regression, or the criterion that chooses it.
    points : GeoSeries or DataFrame, optional
        One point a region, instead of those of the geometry.
    draws : int
        Permutations of the regions over the points for the test that beta varies.
    level : float
        Of the intervals; significance is adjusted for the dependence of the local tests.
    jobs, seed, progress
        Processes, seed (the same figures whatever the number of jobs), and whether to show a progress bar.

    Returns
    -------
    LocalBeta
        `.table` (a row a region: beta, standard error, t, significant, speed), `.variability` (Monte Carlo test)

    Raises
    ------
    OptionError, SingularDesignError, ModelError
        If the bandwidth is too small or too large for the sample, or regressors are collinear.
    GeometryError, AlignmentError
        If a region has no point.

    Notes
    -----
    ``(ln v[T] - ln v[0]) / h = a(p) + beta(p) ln v[0] + x theta(p) + e`` at every point p, by weighted least squares
    (mgwr). The critical t value is adjusted by the effective number of parameters (da Silva and Fotheringham 2016).

    References
    ----------
    Fotheringham, Brunsdon and Charlton (2002), Geographically Weighted Regression, Wiley. da Silva, A. R. and
    Fotheringham, A. S. (2016), The Multiple Testing Issue in Geographically Weighted Regression, Geographical Analysis
    48, 233-247. Oshan et al. (2019), mgwr, ISPRS International Journal of Geo-Information 8, 269.

    Examples
    --------
    >>> import spatialconv as sc
    >>> us = sc.datasets.us_income()
    >>> local = sc.beta_local(us.panel, "income", us.states, draws=19, seed=1, progress=False)
    >>> local.table.shape[0], bool((local.table["beta"] < 0).all())
    (48, True)
    """
    as_panel(panel)
    choice("kernel", kernel, get_args(Kernel))
    probability("level", level)
    count_of("draws", draws, least=1)
    checked_jobs(jobs)
    rng, stored = generator(seed)
    extra = names("controls", controls if controls is not None else ())
    refuse_reserved(extra)
    over = spans_between(panel, breaks)
    if len(over) != 1:
        raise OptionError(f"breaks names the first and the last period of growth, two of them; got {len(over) + 1}.")
    y, initial = growth_arrays(panel, variable, over)
    X = np.column_stack([initial[0], *(c[0] for c in control_arrays(panel, extra, over, controls_at))])
    n, k = len(X), X.shape[1] + 1
    spare = [("log_initial", *extra)[c - 1] for c in collinear_columns(np.column_stack([np.ones(n), X])) if c > 0]
    if spare or n < k + 3:
        raise SingularDesignError(
            f"{first(spare)} is a linear combination of the others; leave it out."
            if spare
            else f"local regressions with {k} coefficients need more regions than {n}."
        )
    where = located(geometry, panel.regions, points)
    gwr = _Gwr(where.xy, where.geod is not None, y[0][:, None], X, kernel)
    width = gwr.bandwidth(bandwidth)
    few = [f"{n:,} regions: local regressions rest on a handful of neighbours"] if n < FEW else []
    notes = merge_notes(panel.notes, over.notes, controls_note(extra, controls_at), where.notes, few)
    options = {
        "variable": variable,
        "controls": extra,
        "controls_at": controls_at,
        "kernel": kernel,
        "bandwidth": width,
        "draws": draws,
    }
    provenance = Provenance("beta_local", options, n, 1, seed=stored)
    fit = gwr.fit(width)
    # mgwr adjusts by itself only at 10, 5 and 1 %; given a level it does not.
    critical = float(stats.t.ppf(1 - (1 - level) * k / float(fit.ENP) / 2, n - 1))
    local = _table(fit, panel.regions, float(over.length[0]), level, critical)
    return LocalBeta(
        variable, str(over.names[0]), local, width, float(fit.ENP), float(fit.aicc), _global_aicc(y[0], X),
        critical, gwr.variability(width, draws, rng, jobs, progress), notes, provenance,
    )  # fmt: skip


@dataclass(frozen=True)
class _Gwr:
    """A cross-section with its points, and mgwr's regressions on it."""

    places: FloatArray
    degrees: bool
    y: FloatArray
    X: FloatArray
    kernel: str

    def bandwidth(self, asked: int | str) -> int:
        n, k = len(self.y), self.X.shape[1] + 1
        if not isinstance(asked, str):
            width = whole("bandwidth", asked, least=k + 2)
            if width > n:
                raise OptionError(f"bandwidth counts regions, at most the {n} of the panel; got {width}.")
            return width
        from mgwr.sel_bw import Sel_BW

        choice("bandwidth", asked, get_args(Criterion))
        chooser = Sel_BW(self.places, self.y, self.X, kernel=self.kernel.lower(), spherical=self.degrees)
        try:
            return int(chooser.search(criterion=asked, bw_min=min(k + 3, n)))
        except (ArithmeticError, ValueError, IndexError):
            # LinAlgError is a ValueError; a search that meets only undefined criteria ends in the others.
            raise ModelError(
                "the search for a bandwidth met local regressions that are singular: a regressor (a dummy, say) hardly "
                f"varies among {min(k + 3, n)} neighbours somewhere. Give a bandwidth, a number of regions well above "
                "that, or fewer controls."
            ) from None

    def fit(self, width: int) -> Any:
        from mgwr.gwr import GWR

        try:
            return GWR(self.places, self.y, self.X, width, kernel=self.kernel, spherical=self.degrees).fit()
        except (ArithmeticError, ValueError):
            # LinAlgError is a ValueError.
            raise self._singular(width) from None

    def _singular(self, width: int) -> ModelError:
        return ModelError(
            f"a local regression on {width} regions is singular: some regressor hardly varies there. Take a larger "
            "bandwidth or fewer controls."
        )

    def moved(self, width: int, at: npt.NDArray[np.intp], held: npt.NDArray[np.intp]) -> FloatArray:
        """Return beta at some of the places, shape (len(at), D), with the regions at places `held` (D, N) instead.

        Weights belong to the places: they are computed once, and the sums of products of all arrangements are one
        product of matrices.
        """
        from mgwr.kernels import Kernel as Weights

        kind = {"fixed": False, "function": self.kernel, "spherical": self.degrees}
        weights = np.array([Weights(i, self.places, width, **kind).kernel for i in at])
        # Deviations from the means leave slopes as they are and keep their digits.
        both = np.column_stack([np.ones(len(self.y)), self.X - self.X.mean(axis=0), self.y - self.y.mean()])
        k = both.shape[1] - 1
        rows, columns = np.triu_indices(k + 1)
        products = both[:, rows] * both[:, columns]
        out = np.empty((len(at), len(held)))
        step = max(1, HELD // products.size)
        for start in range(0, len(held), step):
            moved = np.moveaxis(products[held[start : start + step]], 1, 0)
            sums = (weights @ moved.reshape(len(self.y), -1)).reshape(len(at), -1, len(rows))
            squares = np.empty((*sums.shape[:2], k + 1, k + 1))
            squares[..., rows, columns] = squares[..., columns, rows] = sums
            out[:, start : start + step] = self._slopes(squares, width)
        return out

    def _slopes(self, squares: FloatArray, width: int) -> FloatArray:
        """Return the coefficient of the first regressor from sums of products of constant, regressors and outcome."""
        scale = np.sqrt(np.einsum("...ii->...i", squares[..., :-1, :-1]))
        with np.errstate(divide="ignore", invalid="ignore"):
            unit = squares[..., :-1, :-1] / (scale[..., :, None] * scale[..., None, :])
        try:
            inverse = np.linalg.inv(unit)
        except np.linalg.LinAlgError:
            raise self._singular(width) from None
        # Its diagonal says how much of a regressor's variation the others explain, to the last digits here.
        inflated = np.einsum("...ii->...i", inverse)
        if not ((inflated > 0) & (inflated < EXPLAINED)).all():
            raise self._singular(width)
        right = squares[..., :-1, -1] / scale
        return np.asarray(np.einsum("...j,...j->...", inverse[..., 1, :], right) / scale[..., 1])

    def variability(
        self, width: int, draws: int, rng: np.random.Generator, jobs: int, progress: bool
    ) -> HypothesisTest:
        """Test whether local betas vary more than with regions placed at random (Brunsdon et al. 1996)."""
        n = len(self.y)
        # A region goes to the place that its permutation names; its inverse says who is at each place.
        held = np.argsort([np.arange(n), *(rng.permutation(n) for _ in range(draws))], axis=1)
        tasks = [(width, np.arange(start, min(start + ROWS, n)), held) for start in range(0, n, ROWS)]
        betas = np.concatenate(run(self.moved, tasks, jobs=jobs, what="regions placed at random", show=progress))
        seen, *drawn = betas.std(axis=0).tolist()
        # Arrangements that are alike differ by rounding.
        p = (1 + sum(value >= seen * (1 - ALIKE) for value in drawn)) / (draws + 1)
        null = "beta is the same everywhere: where regions lie does not matter"
        name = "variability of local betas"
        return HypothesisTest(
            name, null, "local betas vary more than by chance", seen, p, f"{draws:,} permutations", None
        )  # fmt: skip


def _table(fit: Any, regions: pd.Index, h: float, level: float, critical: float) -> pd.DataFrame:
    estimate, se = fit.params[:, 1], fit.bse[:, 1]
    half = float(stats.norm.ppf(0.5 + level / 2)) * se
    rates = [speed(float(b), float(s), h) for b, s in zip(estimate, se, strict=True)]
    columns = {
        "beta": estimate,
        "std_error": se,
        "statistic": fit.tvalues[:, 1],
        "conf_low": estimate - half,
        "conf_high": estimate + half,
        "significant": np.abs(fit.tvalues[:, 1]) > critical,
        "speed": [rate.estimate for rate in rates],
        "r2": fit.localR2[:, 0],
        "reason": [rate.reason for rate in rates],
    }
    return pd.DataFrame(columns, index=regions)


def _global_aicc(y: FloatArray, X: FloatArray) -> float:
    """Return AICc of the one regression for all, counted as mgwr counts it (parameters and the variance)."""
    n, design = len(y), np.column_stack([np.ones(len(y)), X])
    e = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    k = design.shape[1] + 1
    aic = n * float(np.log(2 * np.pi * (e @ e) / n) + 1) + 2 * k
    return float(aic + 2 * k * (k + 1) / (n - k - 1))


@dataclass(frozen=True, eq=False, repr=False)
class LocalBeta(Result):
    """Local betas (`table`), the bandwidth in regions, AICc beside that of one regression for all, and the test.

    `critical` is the t value beyond which a local beta counts as significant, adjusted for multiple testing.
    """

    variable: str
    span: str
    table: pd.DataFrame
    bandwidth: int
    enp: float
    aicc: float
    aicc_global: float
    critical: float
    variability: HypothesisTest
    notes: tuple[str, ...]
    provenance: Provenance

    def panel(self) -> Panel:
        """Return the table as a Panel of one period, for `maps.choropleth` and the like."""
        frame = self.table[["beta", "std_error", "statistic", "significant", "speed"]].astype(float)
        frame = frame.rename_axis("region").reset_index().assign(span=self.span)
        return Panel(frame, region="region", period="span")

    def tidy(self) -> pd.DataFrame:
        """Return one row a region."""
        return self.table.rename(columns={"beta": "estimate"}).rename_axis("region").reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row that describes the local regressions."""
        beta = self.table["beta"]
        row = {
            "variable": self.variable,
            "bandwidth": self.bandwidth,
            "enp": self.enp,
            "aicc": self.aicc,
            "aicc_global": self.aicc_global,
            "beta_min": beta.min(),
            "beta_median": beta.median(),
            "beta_max": beta.max(),
            "significant": int(self.table["significant"].sum()),
            "variability_p": self.variability.p_value,
        }
        return pd.DataFrame([row])

    def _headline(self) -> list[str]:
        beta, n = self.table["beta"], len(self.table)
        return [
            f"Local beta convergence of {self.variable}: {plural(n, 'region')}, {self.span}, "
            f"{self.bandwidth} nearest in each",
            f"  beta {number(beta.min())} ({beta.idxmin()}) to {number(beta.max())} ({beta.idxmax()}), median "
            f"{number(beta.median())}",
            f"  significant in {int(self.table['significant'].sum()):,} of {n:,} (|t| > {number(self.critical, 2)}, "
            "adjusted for multiple testing)",
            f"  varies in space ({self.variability.distribution}): {p_value(self.variability.p_value)}",
            f"  AICc {number(self.aicc, 2)}, of one regression for all {number(self.aicc_global, 2)}",
        ]
