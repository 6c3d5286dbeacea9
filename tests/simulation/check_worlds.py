"""What `spatialconv.check` warns of in worlds of known truth: `python -m tests.simulation.check_worlds`.

Each world is drawn, estimated as its author would, and asked about. Of every question it is known beforehand whether a
warning is *due* (the flaw that the world was made for), would be *right* as well (a consequence of that flaw), or would
be *false*. Counts stand in check_worlds.csv, world by world, so that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

import spatialconv as sc
from spatialconv._files.writing import write_whole
from spatialconv.errors import SpatialConvWarning

FloatArray = npt.NDArray[np.float64]
COUNTS = Path(__file__).with_name("check_worlds.csv")
TABLE = Path(__file__).with_name("CHECK_WORLDS.md")
SIDE, PERIODS, DRAWS, ASKED, SEED = 6, 21, 199, 60, 1
N = SIDE * SIDE
WARNED = ("warn", "fail")


@cache
def places() -> Any:
    """Return regions as points on a grid, each moved a little."""
    import geopandas as gpd

    at = np.random.default_rng(0)
    x, y = (axis.ravel() * 1e5 + at.uniform(-2e4, 2e4, N) for axis in np.meshgrid(range(SIDE), range(SIDE)))
    labels = [f"r{i}" for i in range(N)]
    return gpd.GeoDataFrame(index=labels, geometry=gpd.points_from_xy(x + 3e5, y + 4e6), crs="EPSG:32650")


@cache
def links() -> Any:
    """Return the neighbours that growth spills over between: the four nearest."""
    return sc.weights.knn(places(), k=4)


@cache
def dense() -> FloatArray:
    return np.asarray(sc.weights.align(links(), pd.Index(places().index)).matrix.toarray())


@dataclass(frozen=True)
class World:
    """A world: how its logs come about, what its author estimates, and what is to be said of it.

    `logs(rng)` returns levels in logs, shape (T + 1, N), and controls; `asks` are options of `sc.beta` (`w` is "true",
    "dealt" or None). `due` are questions that must not be answered by ok, `right` those that need not. `stands` says
    whether convergence may be written of, None where both can be defended.
    """

    name: str
    about: str
    logs: Callable[[np.random.Generator], tuple[FloatArray, dict[str, FloatArray]]]
    asks: dict[str, Any]
    stands: bool | None
    due: tuple[str, ...] = ()
    right: tuple[str, ...] = ()


def grown(
    rng: np.random.Generator,
    *,
    beta: Any = 0.0,
    rho: float = 0.4,
    to: Any = 0.0,
    start: float = 1.0,
    sd: Any = 0.1,
    drift: Any = 0.0,
    shared: float = 0.05,
) -> FloatArray:
    """Draw logs: growth is beta times the distance to `to`, drifts, and shocks that spill over between neighbours."""
    betas = np.broadcast_to(beta, PERIODS - 1)
    spread = np.linalg.inv(np.eye(N) - rho * dense())
    y = np.asarray(to + start * rng.standard_normal(N), dtype=float)
    out = [y]
    for t in range(PERIODS - 1):
        shocks = shared * rng.standard_normal() + sd * rng.standard_normal(N) + drift
        y = y + spread @ (betas[t] * (y - to) + shocks)
        out.append(y)
    return np.array(out)


def plain(**options: Any) -> Callable[[np.random.Generator], tuple[FloatArray, dict[str, FloatArray]]]:
    return lambda rng: (grown(rng, **options), {})


def with_drifts(rng: np.random.Generator) -> tuple[FloatArray, dict[str, FloatArray]]:
    return grown(rng, drift=0.03 * rng.standard_normal(N)), {}


def with_an_outlier(rng: np.random.Generator) -> tuple[FloatArray, dict[str, FloatArray]]:
    """No convergence but for one region that begins far above all and falls back."""
    y = grown(rng, rho=0.0, start=0.5)
    k = int(rng.integers(N))
    y[:, k] = y[:, [j for j in range(N) if j != k]].mean(axis=1) + 6.0 * 0.9 ** np.arange(PERIODS)
    y[1:, k] += 0.05 * rng.standard_normal(PERIODS - 1)
    return y, {}


def in_clubs(rng: np.random.Generator) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Two levels, which are two blocks of the map: what one level leaves holds over half of it, as "unit root" asks."""
    return grown(rng, beta=-0.12, rho=0.0, to=np.where(np.arange(N) < N // 2, 0.0, 2.0), sd=0.02), {}


def of_unequal_variances(rng: np.random.Generator) -> tuple[FloatArray, dict[str, FloatArray]]:
    return grown(rng, beta=-0.06, sd=0.1 * np.exp(0.7 * rng.standard_normal(N)) / np.exp(0.49)), {}


def with_passing_shocks(rng: np.random.Generator) -> tuple[FloatArray, dict[str, FloatArray]]:
    return grown(rng, rho=0.0, start=0.5, sd=0.03) + 0.15 * rng.standard_normal((PERIODS, N)), {}


def to_levels_of_their_own(rng: np.random.Generator) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Each closes in on a level of its own, from so far away that they seem to close in on one."""
    return grown(rng, beta=-0.1, rho=0.0, to=0.7 * rng.standard_normal(N), start=1.5, sd=0.05), {}


@cache
def walk() -> FloatArray:
    """Return a root of the covariance of Levy's Brownian motion from the first region, over the places."""
    at = np.column_stack([places().geometry.x, places().geometry.y])
    distance = np.hypot(*(at[:, None, :] - at[None, :, :]).transpose(2, 0, 1))
    covariance = (distance[:1].T + distance[:1] - distance) / 2 / distance.max()
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.clip(values, 0, None)))


def walking_over_the_map(rng: np.random.Generator) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Levels and growth are two random walks over the map, which have nothing to do with each other."""
    first, growth = (walk() @ rng.standard_normal(N) for _ in range(2))
    return first + np.arange(PERIODS)[:, None] / (PERIODS - 1) * growth + 0.001 * rng.standard_normal((PERIODS, N)), {}


def given_a_control(rng: np.random.Generator) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Levels that a control tells: without it regions seem to stay where they are."""
    z = 1.5 * rng.standard_normal(N)
    y = grown(rng, beta=-0.1, rho=0.0, to=z, start=0.3, sd=0.1)
    return y, {"z": np.broadcast_to(z, y.shape) + 0.1 * rng.standard_normal(y.shape)}


HALF = np.arange(PERIODS - 1) < (PERIODS - 1) // 2
LAG = {"w": "true", "spatial": "lag", "effects": "time"}
NONE = {"w": None, "effects": "time"}
# What comes of a finding that is none: questions that see it each in its own way.
SPURIOUS = ("z-values", "effects", "speed", "spacing", "sigma", "clubs", "halves", "hausman", "selection", "absolute",
            "residuals", "regions", "weights", "steady states")  # fmt: skip
WORLDS = (
    World("convergence", "one level, beta -0.06, spillovers 0.4", plain(beta=-0.06), LAG, True),
    World("none", "random walks with spillovers", plain(), LAG, False),
    World("none, region effects", "drifts of their own; estimated with two-way effects", with_drifts,
          {**LAG, "effects": "two-way"}, False, ("no convergence|few periods",), ("no convergence", "few periods",
          *SPURIOUS)),
    World("unit roots", "random walks; estimated with region effects", plain(shared=0.0),
          {**LAG, "effects": "region"}, False, ("no convergence|few periods",), ("no convergence", "few periods",
          *SPURIOUS)),
    World("one outlier", "no convergence but for one region", with_an_outlier, NONE, False, ("regions",),
          ("effects", "z-values", "no convergence", "speed", "spacing", "halves", "sigma", "clubs", "weights")),
    World("neighbours dealt", "convergence; neighbours of the regression dealt at random", plain(beta=-0.06, rho=0.6),
          {**LAG, "w": "dealt"}, True, ("weights",),
          ("selection", "neighbours", "identification", "z-values", "residuals")),
    World("neighbours ignored", "convergence; estimated without neighbours", plain(beta=-0.06, rho=0.6), NONE, True,
          ("weights", "residuals"), ("z-values", "effects")),
    World("shared shocks", "walks that share shocks; estimated with spillovers and without time effects",
          plain(rho=0.0, shared=0.15), {**LAG, "effects": "none"}, False, ("neighbours",),
          ("selection", "residuals", "weights", "effects", "identification", "bound", "z-values", "no convergence")),
    World("break", "beta -0.12, and 0 from the middle on", plain(beta=np.where(HALF, -0.12, 0.0)), LAG, True,
          ("halves",), ("spacing", "clubs", "sigma", "effects", "speed")),
    World("reversal", "beta -0.12, and +0.10 from the middle on", plain(beta=np.where(HALF, -0.12, 0.10)), LAG, None,
          ("halves",), ("spacing", "clubs", "sigma", "effects", "no convergence", "speed", "regions", "weights",
          "z-values")),
    World("clubs", "two levels, each closed in on", in_clubs, NONE, None, ("clubs",),
          ("halves", "effects", "spacing", "sigma", "residuals", "weights", "no convergence", "speed", "z-values",
           "steady states", "unit root")),
    World("levels of their own", "each to its own, from far away", to_levels_of_their_own, NONE,
          None, ("steady states",), ("clubs", "halves", "effects", "spacing", "sigma", "residuals", "weights", "speed",
           "no convergence", "z-values", "regions")),
    World("walk over the map", "levels and growth walk over the map; growth over all years at once",
          walking_over_the_map, {"w": None, "effects": "none", "horizon": PERIODS - 1}, None, ("unit root",),
          ("weights", "residuals", "sigma", "speed", "effects", "z-values", "no convergence", "regions", "clubs",
           "spacing", "halves")),
    World("unequal variances", "convergence; regions differ in the variance of shocks", of_unequal_variances, LAG,
          True, (), ("z-values",)),
    World("passing shocks", "walks, and errors of single years", with_passing_shocks, NONE, None, ("spacing",),
          ("sigma", "clubs", "halves", "effects", "no convergence", "speed", "z-values", "regions", "steady states")),
    World("given a control", "levels that a control tells", given_a_control, {**NONE, "controls": "z"}, True,
          ("controls|absolute",),
          ("effects", "sigma", "clubs", "no convergence", "absolute", "controls", "collinearity")),
    World("gaps that widen", "convergence from next to each other, by large shocks",
          plain(beta=-0.06, start=0.2, sd=0.15), LAG, True, ("sigma",), ("clubs", "effects", "speed")),
)  # fmt: skip


def sample(world: World, seed: int, k: int) -> tuple[sc.Panel, Any, np.random.Generator]:
    """Draw the panel of one world and the weights of its author."""
    rng = np.random.default_rng([seed, zlib.crc32(world.name.encode()), k])
    y, controls = world.logs(rng)
    regions = list(places().index)
    frame = {"region": regions * len(y), "period": np.repeat(np.arange(len(y)), N), "v": np.exp(8 + y).ravel()}
    panel = sc.Panel(pd.DataFrame({**frame, **{name: c.ravel() for name, c in controls.items()}}),
                     region="region", period="period")  # fmt: skip
    w = links() if world.asks["w"] == "true" else None
    if world.asks["w"] == "dealt":
        order = rng.permutation(N)
        w = sc.weights.from_matrix(dense()[np.ix_(order, order)], regions=regions)
    return panel, w, rng


def asked(name: str, seed: int, k: int, questions: Any = "all") -> Counter[tuple[str, str]]:
    """Return the verdicts of one world, and whether the sentence at the top lets convergence be written of.

    Of some questions alone: what hangs on all of them is left out.
    """
    (world,) = (w for w in WORLDS if w.name == name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpatialConvWarning)
        panel, w, _ = sample(world, seed, k)
        options = {name: value for name, value in world.asks.items() if name != "w"}
        b = sc.beta(panel, "v", w, **options)
        found = sc.check(b, geometry=places(), draws=DRAWS, seed=k + 1, progress=False, questions=questions)
    said = Counter((f.name, f.verdict) for f in found)
    for due in world.due:
        if not set(due.split("|")) <= {f.name for f in found}:
            continue
        worst = {found[name].verdict for name in due.split("|")}
        said[f"due: {due}", "fail" if "fail" in worst else "warn" if "warn" in worst else "ok"] += 1
    if questions != "all":
        return said
    may = found.verdict.split("; it may not be written")[0].split("; one may not print")[0]
    may = "" if may.startswith("It may not") else may
    converges = "regions that start lower grow faster" in may or "close in on levels" in may
    said["written", "converge" if converges else "none" if "neither" in may else "other"] += 1
    return said


def stored() -> dict[str, Counter[tuple[str, str]]]:
    """Return the counts of every world that has some."""
    found: dict[str, Counter[tuple[str, str]]] = {}
    if COUNTS.exists():
        for world, question, verdict, count in pd.read_csv(COUNTS).itertuples(index=False):
            found.setdefault(world, Counter())[question, verdict] = int(count)
    return found


def store(counts: dict[str, Counter[tuple[str, str]]]) -> None:
    """Write them, as a whole or not at all."""
    rows = [(world, *key, count) for world, of in counts.items() for key, count in sorted(of.items()) if count]
    write_whole(COUNTS, pd.DataFrame(rows, columns=["world", "question", "verdict", "count"]).to_csv(index=False))


def more(worlds: Sequence[World], *, samples: int, seed: int, jobs: int, seconds: float) -> None:
    """Draw blocks of the worlds in turn until each has its samples, or the time is used up."""
    from joblib import Parallel, delayed

    # By the name of the module: run as a program, its functions would travel by value, and what they keep cannot.
    from tests.simulation.check_worlds import asked as ask

    counts, started, block = stored(), time.perf_counter(), max(5, jobs)
    while time.perf_counter() - started < seconds:
        short = [w for w in worlds if counts.setdefault(w.name, Counter())["samples", "drawn"] < samples]
        if not short:
            return
        world = min(short, key=lambda w: counts[w.name]["samples", "drawn"])
        own = counts[world.name]
        first = own["samples", "drawn"]
        last = min(first + block, samples)
        for said in Parallel(n_jobs=jobs)(delayed(ask)(world.name, seed, k) for k in range(first, last)):
            own.update(said)
        own["samples", "drawn"] = last
        store(counts)
        print(f"{world.name}: {last} samples, {time.perf_counter() - started:.0f} s", flush=True)


def added(worlds: Sequence[World], names: Sequence[str], *, seed: int) -> None:
    """Ask questions that are new of the samples that are drawn already, instead of drawing all of them anew."""
    counts = stored()
    for world in worlds:
        own = counts.get(world.name, Counter())
        for key in [key for key in own if key[0].removeprefix("due: ") in names]:
            del own[key]
        for k in range(own["samples", "drawn"]):
            own.update(asked(world.name, seed, k, names))
        store(counts)
        print(f"{world.name}: {', '.join(names)}", flush=True)


def role(world: World, question: str) -> str:
    """Return whether a warning by a question is due, right, or false in a world."""
    if any(question in due.split("|") for due in world.due):
        return "due"
    return "right" if question in world.right else "false"


def questions(counts: dict[str, Counter[tuple[str, str]]]) -> list[str]:
    from spatialconv.checks import QUESTIONS

    names = {name for of in counts.values() for name, _ in of if name not in ("samples", "written")
             and not name.startswith("due: ")}  # fmt: skip
    return [name for name in QUESTIONS if name in names]


def rates(counts: dict[str, Counter[tuple[str, str]]]) -> pd.DataFrame:
    """Return a row a question: false warnings and failures, and what was warned of where it was due."""
    rows = []
    for question in questions(counts):
        tally: Counter[str] = Counter()
        for world in WORLDS:
            of = counts.get(world.name, Counter())
            kind = role(world, question)
            decided = sum(of[question, v] for v in ("ok", "warn", "fail", "not decided"))
            if kind == "false":
                tally["asked"] += decided
                tally["warned"] += of[question, "warn"] + of[question, "fail"]
                tally["failed"] += of[question, "fail"]
        rows.append({
            "question": question, "asked": tally["asked"],
            "false warnings, %": 100 * tally["warned"] / tally["asked"] if tally["asked"] else np.nan,
            "false failures, %": 100 * tally["failed"] / tally["asked"] if tally["asked"] else np.nan,
        })  # fmt: skip
    return pd.DataFrame(rows).set_index("question")


def text() -> str:
    """Return CHECK_WORLDS.md."""
    counts = stored()
    worlds = [w for w in WORLDS if counts.get(w.name, Counter())["samples", "drawn"]]
    lines = [
        "# What the check warns of in worlds of known truth",
        "",
        f"Made by `python -m tests.simulation.check_worlds --write`: {N} regions, {PERIODS} years, {DRAWS} draws, the",
        "geometry given. The Monte Carlo error of a share p of n samples is sqrt(p (100 - p) / n): 3.9 at 10 % of 60.",
        "*Due*: the flaw that the world was made for. *False*: a warning that nothing in the world calls for; those of",
        "questions that see a consequence of the flaw are counted as neither.",
        "",
        "| world | samples | what is due | warned or failed, % | failed, % | convergence may be written, % | right |",
        "| --- | ---: | --- | ---: | ---: | ---: | --- |",
    ]
    for world in worlds:
        of = counts[world.name]
        n = of["samples", "drawn"]
        wrote = 100 * of["written", "converge"] / n
        stands = {True: "yes", False: "no", None: "either"}[world.stands]
        dues = world.due or ("",)
        for k, due in enumerate(dues):
            hit, failed = of[f"due: {due}", "warn"] + of[f"due: {due}", "fail"], of[f"due: {due}", "fail"]
            shown = (
                f"{due.replace('|', ' or ')} | {100 * hit / n:.0f} | {100 * failed / n:.0f}" if due else "nothing | | "
            )
            named = f"{world.name}: {world.about} | {n}" if k == 0 else " | "
            lines.append(f"| {named} | {shown} | {f'{wrote:.0f} | {stands}' if k == 0 else ' | '} |")
    lines += ["", "## False warnings by question", "",
              "| question | asked where a warning is false | false warnings, % | false failures, % |",
              "| --- | ---: | ---: | ---: |"]  # fmt: skip
    for question, row in rates(counts).iterrows():
        if row["asked"]:
            lines.append(f"| {question} | {row['asked']:.0f} | {row.iloc[1]:.1f} | {row.iloc[2]:.1f} |")
    lines += ["", "## Warnings and failures by question and world, in per cent of all samples", "",
              "**Due**, (right as well), else false; · stands for a question that was not asked in any sample.", "",
              "| question | " + " | ".join(w.name for w in worlds) + " |",
              "| --- |" + " ---: |" * len(worlds)]  # fmt: skip
    forms = {"due": "**{}**", "right": "({})", "false": "{}"}
    for question in questions(counts):
        cells = []
        for world in worlds:
            of = counts[world.name]
            n = of["samples", "drawn"]
            share = f"{100 * (of[question, 'warn'] + of[question, 'fail']) / n:.0f}"
            cells.append("·" if of[question, "not asked"] == n else forms[role(world, question)].format(share))
        lines.append(f"| {question} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def main(arguments: Sequence[str] | None = None) -> None:
    """Add samples to the worlds, and print or write the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation.check_worlds", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--samples", type=int, default=ASKED, help="samples a world is to have")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after these; a second run goes on")
    parser.add_argument("--only", nargs="+", choices=[w.name for w in WORLDS], metavar="WORLD")
    parser.add_argument("--anew", action="store_true", help="forget what is stored of these worlds")
    parser.add_argument("--questions", nargs="+", metavar="QUESTION", help="ask these of what is drawn, and stop")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name}")
    options = parser.parse_args(arguments)
    worlds = [w for w in WORLDS if not options.only or w.name in options.only]
    if options.anew:
        store({name: of for name, of in stored().items() if name not in {w.name for w in worlds}})
    if options.questions:
        added(worlds, options.questions, seed=options.seed)
        options.seconds = 0.0
    more(worlds, samples=options.samples, seed=options.seed, jobs=options.jobs, seconds=options.seconds)
    made = text()
    print(made)
    if options.write:
        TABLE.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
