"""What `growth` measures: everything that once grew too fast, with simulated regions on a lattice."""

from __future__ import annotations

import warnings
from io import BytesIO

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from libpysal.graph import Graph

import spatialconv as sc
from spatialconv._core.space import association
from tests.benchmarks import data
from tests.benchmarks.growth import Growth, Run


def labels(n: int) -> pd.Index:
    """Return n labels in words, as regions have them."""
    return pd.Index([f"r{k:06d}" for k in range(n)], name="region")


def panel(n: int, periods: int) -> sc.Panel:
    """Return a panel of one positive variable, x."""
    values = np.exp(np.random.default_rng(0).normal(size=(periods, n)))
    names = np.asarray(labels(n), dtype=object)
    frame = {
        "region": np.tile(names, periods),
        "period": np.repeat(np.arange(2000, 2000 + periods), n),
        "x": values.ravel(),
    }
    return sc.Panel(pd.DataFrame(frame), region="region", period="period")


def subset(n: int) -> Run:
    """Leave one region in ten out."""
    whole = panel(n, 10)
    kept = list(whole.regions[: n - n // 10])
    return lambda: whole.subset(regions=kept)


def balance(n: int) -> Run:
    """Leave out the regions that lack a row."""
    whole = sc.Panel(panel(n, 10).frame.iloc[: 10 * n - n // 10], region="region", period="period")
    return whole.balance


def lattice(n: int) -> Graph:
    """Return contiguity on a lattice of n regions, as near to a square as n allows, with labels in words."""
    rows = next(r for r in range(int(n**0.5), 0, -1) if n % r == 0)
    return sc.weights.from_matrix(data.lattice(rows, n // rows), regions=labels(n))


def hot_spots(n: int) -> Run:
    """Gi*, p, q and natural breaks."""
    whole, w = panel(n, 10), lattice(n)
    return lambda: sc.hot_spots(whole, "x", w)


def fisher_jenks(n: int) -> Run:
    """The natural breaks alone, by mapclassify, whose matrix has n^2 cells."""
    values = panel(n, 10).values("x")

    def run() -> None:
        import mapclassify

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for row in values:
                mapclassify.FisherJenks(row, k=4)

    return run


def gi_star(n: int) -> Run:
    """Gi* alone, on arrays."""
    values, w = panel(n, 20).values("x"), data.lattice(*((n // 224, 224) if n % 224 == 0 else (1, n)))

    def run() -> None:
        z, _ = association.standardise(values)
        association.gi_star(z, association.with_self(w, 1.0))

    return run


def esda_gi_star(n: int) -> Run:
    """The same by esda, without its permutations."""
    values, graph = panel(n, 20).values("x"), lattice(n)

    def run() -> None:
        import esda

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            w = graph.to_W()
            for row in values:
                esda.G_Local(row, w, transform="B", permutations=0, star=True)

    return run


def points(n: int, crs: int) -> gpd.GeoDataFrame:
    """Return n points at random, over some forty degrees or four hundred kilometres."""
    xy = np.random.default_rng(0).uniform((-120, 30), (-80, 45), (n, 2)) * (1 if crs == 4326 else 1e4)
    return gpd.GeoDataFrame(geometry=gpd.GeoSeries.from_xy(*xy.T, index=labels(n), crs=crs))


def inverse_distance(n: int) -> Run:
    """All pairs, in a plane."""
    towns = points(n, 32650)
    return lambda: sc.weights.inverse_distance(towns)


def geodesic(n: int) -> Run:
    """All pairs, on the ellipsoid."""
    towns = points(n, 4326)
    return lambda: sc.weights.inverse_distance(towns)


def libpysal_inverse(n: int) -> Run:
    """All pairs in a plane, by libpysal."""
    towns = points(n, 32650)

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Graph.build_kernel(towns, kernel=lambda d, _: d**-2.0, bandwidth=1.0).transform("R")

    return run


def gaussian(n: int) -> Run:
    """A kernel that reaches everybody."""
    towns = points(n, 32650)
    return lambda: sc.weights.kernel(towns, bandwidth=100, shape="gaussian")


def economic(n: int) -> Run:
    """Economic distance, of all pairs."""
    whole = panel(n, 3)
    return lambda: sc.weights.economic(whole, variable="x")


def described(n: int) -> Run:
    """Links, components, and the ends of the spectrum."""
    w = lattice(n)
    return lambda: repr(sc.weights.describe(w))


def mobility(n: int) -> Run:
    """Kendall's tau of neighbours and of all others, with 99 permutations."""
    whole, w = panel(n, 2), lattice(n)
    return lambda: sc.mobility(whole, "x", w, permutations=99, seed=1)


def spatial_gini(n: int) -> Run:
    """Neighbours' part of the Gini coefficient, with 99 permutations."""
    whole, w = panel(n, 10), lattice(n)
    return lambda: sc.spatial_gini(whole, "x", w, permutations=99, seed=1)


def moran_scatter(n: int) -> Run:
    """The plot, written as a bitmap."""
    whole, w = panel(n, 1), lattice(n)
    sc.plot.moran_scatter(*_few(), period=2000)
    return lambda: sc.plot.moran_scatter(whole, "x", w, period=2000).savefig(BytesIO(), dpi=200)


def _few() -> tuple[sc.Panel, str, Graph]:
    # The first figure loads matplotlib and fonts.
    return panel(9, 1), "x", lattice(9)


def hot_spot_map(n: int) -> Run:
    """The map of a lattice, written as a bitmap."""
    found = sc.hot_spots(*(panel(n, 1), "x", lattice(n)))
    rows = next(r for r in range(int(n**0.5), 0, -1) if n % r == 0)
    cells = [shapely.box(x, y, x + 1000, y + 1000) for y in range(0, 1000 * rows, 1000) for x in _steps(n // rows)]
    shapes = gpd.GeoDataFrame(geometry=gpd.GeoSeries(cells, index=labels(n), crs=32650))
    sc.plot.moran_scatter(*_few(), period=2000)
    return lambda: sc.maps.hot_spots(found, shapes, period=2000).savefig(BytesIO(), dpi=200)


def _steps(count: int) -> range:
    return range(0, 1000 * count, 1000)


def descriptives(n: int) -> Run:
    """Seven figures a region."""
    whole = panel(n, 10)
    return lambda: repr(sc.descriptives(whole, by="region"))


def local_moran(n: int) -> Run:
    """The text that a notebook shows."""
    found = sc.local_moran(panel(n, 10), "x", lattice(n))
    return lambda: repr(found)


def full_lag(n: int) -> Run:
    """Fit the lag model with inverse distances of all pairs, from the weights on."""
    rng, periods = np.random.default_rng(0), 4
    at = rng.uniform(size=(n, 2))
    apart = np.linalg.norm(at[:, None] - at, axis=2)
    W = np.divide(1.0, apart, out=np.zeros_like(apart), where=apart > 0)
    W /= W.sum(axis=1, keepdims=True)
    x = rng.normal(size=(periods, n))
    y = np.linalg.solve(np.eye(n) - 0.4 * W, (x + rng.normal(size=(periods, n))).T).T
    names = np.asarray(labels(n), dtype=object)
    columns = {"region": np.tile(names, periods), "period": np.repeat(np.arange(periods), n)}
    frame = pd.DataFrame(columns | {"y": y.ravel(), "x": x.ravel()})
    whole, graph = sc.Panel(frame, region="region", period="period"), sc.weights.from_matrix(W, regions=labels(n))
    return lambda: sc.fit_panel(whole, "y", "x", graph, effects="region")


def counties(n: int) -> tuple[sc.Panel, Graph]:
    """Return a panel of growth with a control on a lattice, four periods."""
    links = lattice(n)
    drawn = sc.simulate.growth_panel(links, periods=4, rho=0.4, controls={"x": 0.1}, effects="time", seed=1)
    return drawn.panel, links


def bootstrap(n: int) -> Run:
    """Draw 199 samples and their standard errors."""
    whole, links = counties(n)
    b = sc.beta(whole, "level", links, controls="x", spatial="lag", effects="time")
    return lambda: b.bootstrap(draws=199, seed=1)


def grid_bootstrap(n: int) -> Run:
    """Find the betas that five periods do not refute, 1,999 samples at each that is asked."""
    links = lattice(n)
    drawn = sc.simulate.growth_panel(links, periods=5, rho=0.4, controls={"x": 0.1}, effects="time", seed=1)
    b = sc.beta(drawn.panel, "level", links, controls="x", spatial="lag", effects="time")
    return lambda: b.grid_interval(seed=1)


def quantiles(n: int) -> Run:
    """Find beta at five quantiles, with 499 samples of regions."""
    whole = counties(n)[0]
    return lambda: sc.beta_quantiles(whole, "level", controls="x", progress=False)


def local(n: int) -> Run:
    """Find beta around each region, the bandwidth, and 199 arrangements at random."""
    whole, towns = counties(n)[0], points(n, 32650)
    # mgwr compiles what it needs when it is first called.
    sc.beta_local(whole.subset(regions=whole.regions[:30]), "level", towns, bandwidth=20, draws=1, progress=False)
    return lambda: sc.beta_local(whole, "level", towns, progress=False)


def rolling(n: int) -> Run:
    """Fit the lag model in moving windows."""
    links = lattice(n)
    drawn = sc.simulate.growth_panel(links, periods=10, rho=0.4, effects="time", seed=1)
    return lambda: sc.beta_rolling(drawn.panel, "level", links, window=5, spatial="lag", effects="time")


def robust(n: int) -> Run:
    """The robust covariance of a fit that is there."""
    whole, links = counties(n)
    b = sc.beta(whole, "level", links, controls="x", spatial="lag", effects="time")
    return lambda: b.fit.with_vcov("robust")


def bootstrap_one_way(n: int) -> Run:
    """Draw 199 samples and their standard errors where links go one way: five nearest neighbours."""
    links = sc.weights.knn(points(n, 32650), k=5)
    drawn = sc.simulate.growth_panel(links, periods=4, rho=0.4, controls={"x": 0.1}, effects="time", seed=1)
    b = sc.beta(drawn.panel, "level", links, controls="x", spatial="lag", effects="time")
    return lambda: b.bootstrap(draws=199, seed=1)


def one_left_out(n: int) -> Run:
    """Ask whether one region carries beta: influence of all, the regression anew without those that move it most."""
    whole, links = counties(n)
    b = sc.beta(whole, "level", links, controls="x", spatial="lag", effects="time")
    return lambda: sc.check(b, questions="regions", progress=False)


def many_left_out(n: int) -> Run:
    """A multiverse of two models that leaves out one region each: all up to 500, of more those that matter."""
    whole, links = counties(n)
    asked = {"weights": links, "models": ("lag", "error"), "effects": "time", "samples": ("all", "leave-one-out")}
    return lambda: sc.multiverse(whole, "level", **asked)


def named_map(n: int) -> Run:
    """The map of a lattice with names on it, written as a bitmap."""
    whole = panel(n, 1)
    rows = next(r for r in range(int(n**0.5), 0, -1) if n % r == 0)
    cells = [shapely.box(x, y, x + 1000, y + 1000) for y in range(0, 1000 * rows, 1000) for x in _steps(n // rows)]
    shapes = gpd.GeoDataFrame(geometry=gpd.GeoSeries(cells, index=labels(n), crs=32650))
    sc.plot.moran_scatter(*_few(), period=2000)
    return lambda: sc.maps.choropleth(whole, "x", shapes, periods=2000, labels=True).savefig(BytesIO(), dpi=200)


def checked(n: int) -> Run:
    """Ask all questions, with 199 samples."""
    whole, links = counties(n)
    b = sc.beta(whole, "level", links, controls="x", spatial="lag", effects="time")
    return lambda: sc.check(b, draws=199, progress=False)


GROWING: dict[str, Growth] = {
    "Panel.subset, T = 10": Growth(subset, "0.3 s at 30,000"),
    "Panel.balance, T = 10": Growth(balance, "0.3 s at 30,000"),
    "hot_spots, T = 10": Growth(
        hot_spots,
        "0.3 s at 10,000, 1.5 s at 50,000",
        sizes=(1_000, 10_000, 50_000),
        peer=("mapclassify FisherJenks, the breaks alone", fisher_jenks),
        peer_most=1_000,
    ),
    "Gi* on arrays, T = 20": Growth(
        gi_star, "0.3 s at 50,176", sizes=(1_120, 10_080, 50_176), peer=("esda G_Local", esda_gi_star), peer_most=60_000
    ),
    "inverse distance, all pairs, plane": Growth(
        inverse_distance,
        "2 s at 5,000, 10 s at 10,000",
        sizes=(1_000, 5_000, 10_000),
        peer=("libpysal Graph.build_kernel", libpysal_inverse),
        peer_most=1_000,
    ),
    "inverse distance, all pairs, ellipsoid": Growth(geodesic, "2 s at 5,000", sizes=(1_000, 2_500, 5_000)),
    "gaussian kernel": Growth(gaussian, "2 s, 0.5 GiB at 5,000", sizes=(1_000, 2_500, 5_000)),
    "economic distance": Growth(economic, "0.5 s at 3,000", sizes=(1_000, 3_000, 5_000)),
    "weights.describe, lattice": Growth(described, "1 s at 30,000"),
    "rank mobility with weights": Growth(mobility, "2 s, 0.3 GiB at 10,000", sizes=(1_000, 10_000, 30_000)),
    "spatial Gini, T = 10, 99 permutations": Growth(spatial_gini, "1 s at 50,000", sizes=(1_000, 10_000, 50_000)),
    "Moran scatter plot": Growth(moran_scatter, "0.5 s at 10,000, 1 s at 50,000", sizes=(1_000, 10_000, 50_000)),
    "map of hot spots": Growth(hot_spot_map, "5 s, 0.3 GiB at 10,000", sizes=(1_000, 3_000, 10_000)),
    "descriptives by region, T = 10": Growth(descriptives, "0.5 s at 50,000", sizes=(1_000, 10_000, 50_000)),
    "lag model, inverse distance of all pairs, T = 4": Growth(full_lag, "15 s at 3,085", sizes=(500, 1_000, 3_085)),
    "bootstrap of the lag model, T = 4, 199 samples": Growth(
        bootstrap, "0.02 s a sample at 3,085", sizes=(300, 1_000, 3_085)
    ),
    "grid_interval of the lag model, T = 5": Growth(
        grid_bootstrap, "2 s at 300, 5 s at 1,000", sizes=(100, 300, 1_000)
    ),
    "beta_quantiles, T = 4": Growth(quantiles, "10 s at 1,000", sizes=(300, 1_000, 3_000)),
    "beta_local": Growth(local, "5 s at 600", sizes=(150, 300, 600)),
    "beta_rolling, T = 10, lag": Growth(rolling, "1 s at 3,000", sizes=(1_000, 3_000, 10_000)),
    "bootstrap of the lag model, links one way, T = 4, 199 samples": Growth(
        bootstrap_one_way, "0.02 s a sample", sizes=(1_000, 3_085, 10_000)
    ),
    "robust covariance of the lag model, T = 4": Growth(robust, "0.3 s at 3,000", sizes=(1_000, 3_000, 10_000, 50_000)),
    "check, one region left out, T = 4": Growth(one_left_out, "one pass", sizes=(300, 1_000, 3_085)),
    "multiverse, one region left out, T = 4, two models": Growth(many_left_out, "one pass", sizes=(300, 1_000, 3_085)),
    "choropleth with names": Growth(named_map, "4 s at 3,085", sizes=(300, 1_000, 3_085)),
    "check, T = 4, 199 samples": Growth(checked, "3 minutes at 3,085", sizes=(300, 1_000, 3_085)),
    "repr of local Moran, T = 10": Growth(local_moran, "0.1 s at 10,000", sizes=(1_000, 10_000, 30_000)),
}
