"""Numbers without end (a million millions of draws, a seed of 133 bits, a million processes) are refused at once."""

from __future__ import annotations

import inspect
import secrets

import numpy as np
import pytest

import spatialconv as sc
from spatialconv._options import MOST_DRAWS, MOST_SEED, count_of, generator, seed_of, whole
from spatialconv.errors import OptionError

WITHOUT_END = {"draws": 10**12, "permutations": 10**12, "simulations": 10**12, "bootstrap": 10**12, "jobs": 10**6}
WORDS = {
    **dict.fromkeys(("draws", "permutations", "simulations", "bootstrap"), "must be at most 1,000,000; got 1,000,0"),
    "jobs": "jobs must be at most 1,024 processes",
    "seed": "seed must be a whole number of at most 128 bits; got a number of 133 bits",
}


@pytest.fixture(scope="module")
def b():
    zj = sc.datasets.zhejiang()
    return sc.beta(zj.panel, "exports", border(zj), spatial="lag", effects="time")


def income():
    return sc.datasets.us_income()


def border(zj):
    return sc.weights.adjacency(zj.cities)


# Door -> the call, and which of its options have a bound.
DOORS = {
    "moran": (
        lambda zj, w, b, o: sc.moran(zj.panel, "exports", w, null="permutation", **o),
        "permutations seed",
    ),
    "geary": (
        lambda zj, w, b, o: sc.geary(zj.panel, "exports", w, null="permutation", **o),
        "permutations seed",
    ),
    "general_g": (
        lambda zj, w, b, o: sc.general_g(zj.panel, "exports", w, null="permutation", **o),
        "permutations seed",
    ),
    "local_moran": (
        lambda zj, w, b, o: sc.local_moran(zj.panel, "exports", w, **o),
        "permutations seed",
    ),
    "hot_spots": (
        lambda zj, w, b, o: sc.hot_spots(zj.panel, "exports", w, **o),
        "permutations seed",
    ),
    "hot_spot_trends": (
        lambda zj, w, b, o: sc.hot_spot_trends(zj.panel, "exports", w, **o),
        "permutations seed",
    ),
    "mobility": (
        lambda zj, w, b, o: sc.mobility(zj.panel, "exports", border(zj), **o),
        "permutations seed",
    ),
    "spatial_markov": (
        lambda zj, w, b, o: sc.spatial_markov(zj.panel, "exports", w, classes=2, **o),
        "permutations seed",
    ),
    "bivariate_moran": (
        lambda zj, w, b, o: sc.bivariate_moran(zj.panel, "digital", "exports", border(zj), **o),
        "permutations seed",
    ),
    "lee": (lambda zj, w, b, o: sc.lee(zj.panel, "digital", "exports", border(zj), **o), "permutations seed"),
    "local_bivariate_moran": (
        lambda zj, w, b, o: sc.local_bivariate_moran(zj.panel, "digital", "exports", border(zj), **o),
        "permutations seed",
    ),
    "local_lee": (
        lambda zj, w, b, o: sc.local_lee(zj.panel, "digital", "exports", border(zj), **o),
        "permutations seed",
    ),
    "local_geary": (lambda zj, w, b, o: sc.local_geary(zj.panel, "exports", border(zj), **o), "permutations seed"),
    "losh": (lambda zj, w, b, o: sc.losh(zj.panel, "exports", border(zj), **o), "permutations seed"),
    "join_counts": (
        lambda zj, w, b, o: sc.join_counts(zj.panel.assign(one=lambda f: f["exports"] > 50), "one", border(zj), **o),
        "permutations seed",
    ),
    "gravity_centre": (lambda zj, w, b, o: sc.gravity_centre(zj.panel, "exports", zj.cities, **o), "draws seed"),
    "spatial_gini": (
        lambda zj, w, b, o: sc.spatial_gini(zj.panel, "exports", border(zj), **o),
        "permutations seed",
    ),
    "fixed_effects_by_group": (
        lambda zj, w, b, o: sc.fixed_effects_by_group(zj.panel, "exports", "digital", groups=zj.cities["area"], **o),
        "permutations seed",
    ),
    "beta": (
        lambda zj, w, b, o: sc.beta(
            zj.panel, "exports", w, spatial="lag", effects="two-way", correction="indirect", **o
        ),
        "simulations seed",
    ),
    "beta_quantiles": (lambda zj, w, b, o: sc.beta_quantiles(zj.panel, "exports", **o), "draws seed jobs"),
    "beta_local_spans": (
        lambda zj, w, b, o: sc.beta_local_spans(zj.panel, "exports", zj.cities, progress=False, **o),
        "draws seed jobs",
    ),
    "correlogram": (lambda zj, w, b, o: sc.correlogram(zj.panel, "exports", zj.cities, **o), "permutations seed"),
    "beta_local": (lambda zj, w, b, o: sc.beta_local(zj.panel, "exports", zj.cities, **o), "draws seed jobs"),
    "monte_carlo": (
        lambda zj, w, b, o: sc.monte_carlo(sc.beta(zj.panel, "exports", w), "lm", **o),
        "draws seed jobs",
    ),
    "multiverse": (
        lambda zj, w, b, o: sc.multiverse(zj.panel, "exports", effects=("none", "time"), **o),
        "bootstrap seed jobs",
    ),
    "check": (lambda zj, w, b, o: sc.check(sc.study.zhejiang(), **o), "draws seed jobs"),
    "beta_breaks": (lambda zj, w, b, o: sc.beta_breaks(income().panel, "income", **o), "draws seed"),
    "beta_threshold": (lambda zj, w, b, o: sc.beta_threshold(income().panel, "income", **o), "draws seed"),
    "beta_weighted": (lambda zj, w, b, o: sc.beta_weighted(zj.panel, "exports", weights="digital", **o), "draws seed"),
    "compare_partitions": (
        lambda zj, w, b, o: sc.compare_partitions(zj.cities["area"], zj.cities["area"], **o),
        "permutations seed",
    ),
    "multiverse.probabilities": (
        lambda zj, w, b, o: sc.multiverse(zj.panel, "exports", effects="time").probabilities(**o),
        "draws seed",
    ),
    "model_probabilities": (lambda zj, w, b, o: sc.model_probabilities(b, w, **o), "draws seed"),
    "residual_unit_root": (
        lambda zj, w, b, o: sc.residual_unit_root(sc.beta(income().panel, "income", horizon=80), income().states, **o),
        "draws seed",
    ),
    "spatial_unit_root": (
        lambda zj, w, b, o: sc.spatial_unit_root(income().panel, "income", income().states, periods=[1929], **o),
        "draws seed",
    ),
    "stochastic_kernel": (
        lambda zj, w, b, o: sc.stochastic_kernel(income().panel, "income", **{"draws": 99, **o}),
        "draws seed",
    ),
    "unit_roots": (lambda zj, w, b, o: sc.unit_roots(income().panel, "income", **o), "draws seed"),
    "unit_roots_pairwise": (lambda zj, w, b, o: sc.unit_roots_pairwise(income().panel, "income", **o), "draws seed"),
    "beta.bootstrap": (lambda zj, w, b, o: b.bootstrap(**o), "draws seed jobs"),
    "beta.grid_interval": (lambda zj, w, b, o: b.grid_interval(**o), "draws seed jobs"),
    "beta.null_distribution": (lambda zj, w, b, o: b.null_distribution(**o), "draws seed jobs"),
    "beta.detectable": (lambda zj, w, b, o: b.detectable(**o), "draws seed jobs"),
    "beta.bias_corrections": (lambda zj, w, b, o: b.bias_corrections(**o), "draws seed jobs"),
    "beta.impacts": (lambda zj, w, b, o: b.impacts(inference="simulation", **o), "draws seed"),
    "sigma.bootstrap": (lambda zj, w, b, o: sc.sigma(zj.panel, "exports").bootstrap(**o), "draws seed jobs"),
    "theil.bootstrap": (
        lambda zj, w, b, o: sc.theil(zj.panel, "exports", groups=zj.cities["area"]).bootstrap(**o),
        "draws seed jobs",
    ),
    "dagum.bootstrap": (
        lambda zj, w, b, o: sc.dagum(zj.panel, "exports", groups=zj.cities["area"]).bootstrap(**o),
        "draws seed jobs",
    ),
    "markov.bootstrap": (
        lambda zj, w, b, o: sc.markov(zj.panel, "exports", classes=2).bootstrap(**o),
        "draws seed jobs",
    ),
    "density.mode_test": (
        lambda zj, w, b, o: sc.density(zj.panel, "exports").mode_test(period=2016, **o),
        "draws seed",
    ),
}
EVERY = [(name, option) for name, (_, options) in DOORS.items() for option in options.split()]


@pytest.mark.parametrize(("name", "option"), EVERY, ids=lambda v: v)
def test_numbers_without_end_are_refused_before_anything_is_computed(name, option, zj, w, b):
    call, options = DOORS[name]
    drawn = {"permutations": 99, "bootstrap": 19}  # or the seed and the processes are not needed
    given = {key: drawn[key] for key in options.split() if key in drawn and option in ("seed", "jobs")}
    with pytest.raises(OptionError, match=WORDS[option]):
        call(zj, w, b, {**given, option: WITHOUT_END.get(option, 10**40)})


def test_every_public_function_with_such_an_option_is_tried():
    for name in sc.__all__:
        function = getattr(sc, name)
        if inspect.isfunction(function):
            held = set(inspect.signature(function).parameters) & {*WITHOUT_END, "seed"}
            assert held <= set(DOORS.get(name, (None, ""))[1].split()), name


def test_seeds_of_128_bits_are_taken_and_longer_ones_are_not():
    """numpy recommends `secrets.randbits(128)`: the two streams are the same, and a bit more is refused."""
    seed = secrets.randbits(128)
    assert generator(seed)[0].integers(10**9) == np.random.default_rng(seed).integers(10**9)
    assert (seed_of(MOST_SEED), seed_of(np.uint64(2**64 - 1))) == (2**128 - 1, 2**64 - 1)
    with pytest.raises(OptionError, match="at most 128 bits"):
        seed_of(MOST_SEED + 1)


def test_bounds_include_themselves():
    assert count_of("draws", MOST_DRAWS) == 1_000_000
    with pytest.raises(OptionError, match="draws must be at most 1,000,000; got 1,000,001"):
        count_of("draws", MOST_DRAWS + 1)


@pytest.mark.parametrize("value", [-(10**5000), 10**5000], ids=["below", "above"])
def test_numbers_that_python_does_not_write_are_told_by_their_length(value):
    with pytest.raises(OptionError, match=r"got a number of 16610 bits"):
        whole("draws", value) if value < 0 else count_of("draws", value)
    with pytest.raises(OptionError, match=r"got a number of 16610 bits"):
        generator(value)


SIZES = {
    "points of a density": (lambda zj: sc.density(zj.panel, "exports", points=10**9), "points must be at most 100,000"),
    "regions of a world": (lambda zj: sc.simulate.growth_panel(10**9), "w must be at most 1,000,000"),
    "periods of a world": (lambda zj: sc.simulate.panel(10, periods=10**9), "periods must be at most 10,000,000"),
    "digits of a table": (
        lambda zj: sc.tables.regression([sc.beta(zj.panel, "exports")], digits=10**9),
        "digits must be at most 17",
    ),
    "digits of a description": (
        lambda zj: sc.auditing.describe(sc.beta(zj.panel, "exports"), digits=10**9),
        "digits must be at most 17",
    ),
    "pixels": (
        lambda zj: sc.plot.save(sc.plot.sigma(sc.sigma(zj.panel, "exports")), "never", dpi=10**9),
        "dpi must be at most 10,000",
    ),
}


@pytest.mark.parametrize("name", SIZES)
def test_sizes_without_end_are_refused_before_memory_is_asked_for(name, zj):
    call, words = SIZES[name]
    with pytest.raises(OptionError, match=words):
        call(zj)
