"""What stands in a terminal: 80 columns, no address in memory, and thousands of regions with a comma."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import spatialconv as sc
from spatialconv.results import Record, plural
from tests.gallery import worlds


def ours(name: str, thing: Any, depth: int = 2) -> Iterator[tuple[str, Any]]:
    """Yield what a call gives and what that holds, by its road, as far as it is of this package."""
    own = type(thing).__module__.startswith("spatialconv")
    if own:
        yield name, thing
    if depth == 0:
        return
    if isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from ours(f"{name}[{key!r}]", value, depth - 1)
    elif isinstance(thing, (tuple, list)):
        for k, value in enumerate(thing):
            yield from ours(f"{name}[{k}]", value, depth - 1)
    if own:
        held = [k for k in (*getattr(thing, "__dict__", ()), *_fields(thing)) if not k.startswith("_")]
        for key in dict.fromkeys(held):
            yield from ours(f"{name}.{key}", getattr(thing, key), depth - 1)


def _fields(thing: Any) -> tuple[str, ...]:
    return tuple(getattr(thing, "__dataclass_fields__", ()))


def untidy(name: str, thing: Any) -> list[str]:
    """Return what is too wide or names an address, by its road."""
    return [
        f"{road}: {line}"
        for road, one in ours(name, thing)
        for line in repr(one).splitlines()
        if len(line) > 80 or " at 0x" in line
    ]


@pytest.fixture(scope="module")
def zhejiang():
    zj = sc.datasets.zhejiang()
    return zj, sc.weights.adjacency(zj.cities)


def test_everything_that_a_result_holds_is_within_80_columns(zhejiang):
    zj, w = zhejiang
    panel = zj.panel
    b = sc.beta(panel, "exports", w, spatial="lag", controls=["digital"])
    made = {
        "zj": zj,
        "beta": b,
        "check": sc.check(b, questions=["sample", "islands", "bound"]),
        "moran": sc.moran(panel, "exports", w),
        "hot_spots": sc.hot_spots(panel, "exports", w),
        "sigma": sc.sigma(panel, "exports"),
        "growth": sc.growth(panel, "exports"),
        "to_pysal": sc.to_pysal(panel, ["exports", "digital"], w, 2020),
        "explore": sc.maps.explore(panel, zj.cities, variable="exports", source="customs <& others>"),
        "audit": sc.audit(sc.auditing.example("luo_zhang_2024")),
        "reported": sc.auditing.example("luo_zhang_2024"),
    }
    seen = [road for name, thing in made.items() for road, _ in ours(name, thing)]
    assert len(seen) > 80
    assert [line for name, thing in made.items() for line in untidy(name, thing)] == []


def test_a_record_says_all_its_parts_and_of_a_long_one_the_beginning(zhejiang):
    _, w = zhejiang
    b = sc.beta(zhejiang[0].panel, "exports", w, spatial="lag")
    said = " ".join(repr(b.provenance).split())
    assert said.startswith("Provenance(call='beta', options={'variable': 'exports', 'horizon': 1,")
    assert said.endswith("38 links, 1 without a neighbour', seed=None)")
    assert "y=<4 x 11 ndarray>, X=<4 x 11 x 2 ndarray>, names=('intercept', 'log_initial')" in repr(
        b.fit.design
    ).replace("\n    ", " ")

    class Long(Record):
        __dataclass_fields__ = b.provenance.__dataclass_fields__
        call, options, n_regions, n_periods, weights, seed = "x" * 1000, {}, 1, 1, None, None

    assert len(repr(Long())) < 500
    assert max(map(len, repr(Long()).splitlines())) <= 80


def test_the_pysal_inputs_say_their_sizes(zhejiang):
    zj, w = zhejiang
    assert repr(sc.to_pysal(zj.panel, "exports", w, 2020)) == "PysalInputs(11 values, Graph of 11 regions)"
    two = sc.to_pysal(zj.panel, ["exports", "digital"], w, 2020, form="w")
    assert repr(two) == "PysalInputs(11 x 2 values, W of 11 regions)"
    values, weights = two  # and it stays the pair that others take
    assert values.shape == (11, 2)
    assert weights.n == 11


@pytest.mark.parametrize(("count", "said"), [(1, "1 region"), (999, "999 regions"), (3100, "3,100 regions")])
def test_counts_of_thousands_have_a_comma(count, said):
    assert plural(count, "region") == said


def test_thousands_are_written_in_one_way_in_reprs_captions_and_legends():
    world = worlds.drawn(1200, 3)
    assert world.n == 1200
    results = {
        "panel": world.panel,
        "weights": sc.weights.describe(world.w),
        "moran": sc.moran(world.panel, world.y, world.w),
        "local": sc.local_moran(world.panel, world.y, world.w, fdr=True, permutations=99, seed=1),
        "hot spots": (hot := sc.hot_spots(world.panel, world.y, world.w)),
        "beta": sc.beta(world.panel, world.y, effects="time"),
        "sigma": sc.sigma(world.panel, world.y),
        "growth": sc.growth(world.panel, world.y),
    }
    figures = [
        sc.maps.hot_spots(hot, world.geometry),
        sc.maps.choropleth(world.panel, world.y, world.geometry),
        sc.maps.links(world.w, world.geometry),
    ]
    texts = {name: repr(result) for name, result in results.items()}
    for k, figure in enumerate(figures):
        texts[f"figure {k}"] = " | ".join([figure.caption, *(t.get_text() for ax in figure.axes for t in ax.texts)])
    assert sum("1,200" in text for text in texts.values()) >= 9
    assert "| 1,200 |" in texts["figure 2"]  # the count of regions in the legend
    for name, text in texts.items():
        # Thousands without a comma, or parted by a space: neither years nor degrees of freedom, t(1198).
        bare = re.findall(r"(?<![\d.,(])[1-9]\d{3,}(?![\d.])|\d[\u2009\u202f\u00a0 ]\d{3}(?!\d)", text)
        assert [word for word in bare if not word.startswith("193")] == [], (name, text)
