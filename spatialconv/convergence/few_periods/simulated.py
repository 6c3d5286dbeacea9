"""What simulations say of inference that imposes beta, where periods are few."""

from __future__ import annotations

from typing import NamedTuple

from spatialconv.models.estimation.fitted import PanelFit

# From here on the test keeps its level in simulated panels (30 x 8 and 48 x 17).
ENOUGH = 8
# By effects: rejections of a true null of no convergence in per cent of simulated panels of 11 x 4, nominal 5,
# two-sided; lowest and highest over designs. From tests/simulation/SHORT_PANELS.md.
REJECTS = {"region": "4 to 6 %", "two-way": "5 to 8 %"}


class Missed(NamedTuple):
    """Rejections of a true null in per cent (below, two-sided) in a simulated world; whether its errors are normal."""

    world: str
    normal: bool
    ratio: tuple[float, float]
    robust: tuple[float, float]


PANELS = 1000
# Nominal 5 % holds in a world if both tests, below and two-sided, reject a true null in so many per cent.
NORMAL_BAND, OTHER_BAND = (4.0, 6.0), (3.5, 7.0)
# Panel simulated and effects -> the worlds in which a test of b.inference does not. From the same table; made by
# `python -m tests.simulation.short_panels --missed`.
MISSES: dict[tuple[str, str], tuple[Missed, ...]] = {
    ("11 x 4", "two-way"): (
        Missed("equal drifts", True, (2.7, 2.7), (4.0, 4.1)),
        Missed("drifts 1.0 s.d. apart", True, (4.3, 3.9), (3.1, 4.5)),
        Missed("drifts 0.5 s.d. apart", True, (2.1, 2.3), (2.3, 3.4)),
        Missed("drifts 2.0 s.d. apart", True, (4.5, 3.7), (2.1, 3.1)),
        Missed("one region 4 s.d. off", True, (3.1, 2.8), (1.9, 3.8)),
        Missed("levels measured with an error of 0.1", False, (7.1, 7.0), (6.0, 4.2)),
        Missed("rho 0.4", True, (3.2, 3.1), (3.2, 3.9)),
        Missed("rho -1", True, (4.9, 4.7), (3.8, 4.7)),
        Missed("drifts 1.0 s.d. apart, a control tied to the drifts", True, (4.1, 4.1), (2.8, 3.9)),
    ),
    ("11 x 4", "region"): (
        Missed("equal drifts", True, (6.2, 5.8), (4.8, 4.6)),
        Missed("skewed errors", False, (5.3, 5.9), (3.3, 3.5)),
        Missed("drifts 1.0 s.d. apart", True, (4.3, 3.6), (2.6, 3.3)),
        Missed("drifts 0.5 s.d. apart", True, (5.0, 4.8), (3.2, 4.2)),
        Missed("drifts 2.0 s.d. apart", True, (3.9, 3.4), (1.5, 3.0)),
        Missed("one region 4 s.d. off", True, (4.3, 4.3), (2.0, 1.8)),
        Missed("levels measured with an error of 0.1", False, (5.5, 5.1), (7.1, 4.2)),
        Missed("drifts 1.0 s.d. apart, a control tied to the drifts", True, (6.2, 6.5), (3.2, 5.1)),
    ),
    ("31 x 8", "region"): (
        Missed("equal drifts", True, (6.7, 6.2), (5.9, 6.0)),
        Missed("skewed errors", False, (5.1, 5.0), (3.1, 4.5)),
        Missed("drifts 1.0 s.d. apart", True, (5.6, 5.4), (2.8, 4.3)),
        Missed("one region 4 s.d. off", True, (4.2, 4.5), (2.7, 2.9)),
    ),
    ("48 x 16", "two-way"): (
        Missed("equal drifts", True, (5.2, 5.2), (4.0, 3.6)),
        Missed("drifts 1.0 s.d. apart", True, (7.2, 5.9), (2.7, 4.2)),
        Missed("one region 4 s.d. off", True, (4.2, 4.3), (2.7, 3.7)),
    ),
    ("31 x 8", "two-way"): (
        Missed("skewed errors", False, (7.2, 7.1), (5.4, 5.1)),
        Missed("drifts 1.0 s.d. apart", True, (4.4, 4.2), (2.4, 3.3)),
        Missed("one region 4 s.d. off", True, (4.7, 4.4), (2.8, 3.7)),
    ),
    ("48 x 16", "region"): (
        Missed("drifts 1.0 s.d. apart", True, (3.9, 4.3), (2.0, 3.7)),
        Missed("one region 4 s.d. off", True, (4.9, 5.7), (3.2, 3.8)),
    ),
}
# Sets of 95 % are to cover the true beta in so many per cent.
COVERAGE_BAND = (93.0, 97.0)
# Panel simulated and effects -> worlds of convergence in which they do not: by the ratio, by the robust score and F.
COVERS: dict[tuple[str, str], tuple[tuple[str, float, float], ...]] = {
    ("11 x 4", "two-way"): (("drifts 1.0 s.d. apart, beta -0.2", 98.1, 97.4),),
    ("11 x 4", "region"): (("drifts 1.0 s.d. apart, beta -0.3", 94.9, 97.6),),
}
# Panels of so many spans at most are held against the panel simulated: spans decide how far beta is biased.
_LIKE = ((6, "11 x 4"), (12, "31 x 8"))
_TESTS = {"ratio": "the likelihood ratio", "robust": "the robust score and F"}


def like(T: int) -> str:
    """Return the simulated panel that a panel of T spans is held against."""
    return next((panel for most, panel in _LIKE if most >= T), "48 x 16")


def outside(sizes: tuple[float, ...], normal: bool) -> bool:
    """Whether a rejection rate, in per cent, lies outside the band."""
    low, high = NORMAL_BAND if normal else OTHER_BAND
    return min(sizes) < low or max(sizes) > high


def misses(effects: str, T: int) -> tuple[str, ...]:
    """Return what to say of the tests of b.inference over T spans: where simulations saw them miss, and by how much."""
    worlds, notes = MISSES.get((like(T), effects), ()), []
    for name, test in _TESTS.items():
        sizes = {world.world: getattr(world, name) for world in worlds if outside(getattr(world, name), world.normal)}
        said = [f"{world} {below:g} ({two:g})" for world, (below, two) in sizes.items()]
        if said:
            notes.append(
                f"{test} at 5 % rejects a true null in other shares of {PANELS:,} simulated panels of {like(T)}, in "
                f"per cent against convergence (two-sided): {'; '.join(said)}"
            )
    return tuple(notes)


def covers(effects: str, T: int, test: str) -> tuple[str, ...]:
    """Return what to say of a set by a test ("ratio" or "robust"): where simulated ones miss 95 % by far."""
    low, high = COVERAGE_BAND
    worlds = COVERS.get((like(T), effects), ())
    shares = {world: ratio if test == "ratio" else robust for world, ratio, robust in worlds}
    said = [f"{share:g} % ({world})" for world, share in shares.items() if not low <= share <= high]
    if not said:
        return ()
    return (f"sets of 95 % cover the true beta in {'; '.join(said)} of {PANELS:,} simulated panels of {like(T)}",)


def few_periods(fit: PanelFit) -> tuple[str, ...]:
    """Return what to say of a test that imposes beta, or of the interval of betas that it does not reject."""
    said = REJECTS.get(fit.spec.effects)
    if said is None or fit.n_periods >= ENOUGH:
        return ()
    return (
        f"{fit.n_periods} periods are few for {fit.spec.effects} effects: with beta imposed a nominal 5 % test "
        f"rejected a true null in {said} of simulated panels of 11 x 4; b.inference finds more, and says what it holds",
    )
