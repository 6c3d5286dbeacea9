"""What tests that impose beta are worth in short panels: `python -m tests.simulation.short_panels`.

Each panel has quantiles of its own. First the studentised beta of `b.bootstrap(null="no-convergence", scheme="wild")`:
`before` as it was first drawn (drifts shrunk by what errors added to their spread, signs of single years), `now` given
each region's mean growth and sum of squares (residuals rotated). Then the tests of `b.inference`, their sets and the
estimates, by cells that can be added to: sums over panels stand in short_panels.csv.
"""

from __future__ import annotations

import argparse
import re
import textwrap
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spatialconv._files.writing import write_whole
from spatialconv.convergence.few_periods.simulated import COVERAGE_BAND, NORMAL_BAND, Missed, outside
from tests.simulation import short_panel_estimates
from tests.simulation.nested import WITHIN, _again, _world_of
from tests.simulation.short_panel_cells import (
    BLOCK,
    DRAWS,
    MEASUREMENT,
    ONE_OFF,
    PERSISTENCE,
    SEED,
    Design,
    about,
    block,
    bound,
    designs,
    row,
)
from tests.simulation.small_samples import ERRORS, KINDS, Case, Sample, draw, fitted, imposed, resampled
from tests.simulation.summaries import table_rows

TABLE, PICTURE = Path(__file__).with_name("SHORT_PANELS.md"), Path(__file__).with_name("short_panels.png")
APPROACHES = (("region", False), ("two-way", False), ("two-way", True))
HOW = {"before": "shrunk", "now": "given"}
PANELS = 600
# Sums over the panels of every cell of b.inference, and how many panels a cell is to have.
SUMS, ASKED = Path(__file__).with_name("short_panels.csv"), 1000
INTRODUCTION = f"""\
Made by `python -m tests.simulation.short_panels --write` from {SUMS.name}, to which `--panels` and `--cells`
add. Growth makes the next level; drift .35, sigma .25; Zhejiang's weights (n = 11) or five nearest
neighbours, rho estimated. The spread of drifts is in standard deviations of the errors; one 4 off: one region
alone, 4 of them below the rest. Errors: normal; skewed (chi-squared, 3 d.f.); heteroskedastic (a variance a
region); persistent (0.3); measured (levels with an error of 0.1). Each panel has quantiles of its own, from
{DRAWS} draws. The Monte Carlo error of a share p is sqrt(p (100 - p) / panels): at 5 %, 0.7 with 1,000
panels, 1.0 with 500, 2.2 with 100. LR: the likelihood ratio of b.inference; RF: the robust score and F; <:
against a smaller beta, else two-sided; t and F: the exact parts, one-sided, at the true rho."""
HEAD_OF_FIRST = """, with no convergence imposed (11 x 4)

Before: drifts shrunk by what errors added to their spread, signs of single years. Now: means of growth
and sums of squares by region kept, residuals rotated; the standard error of a size of 5 % is 0.9."""


def cells() -> Iterator[Case]:
    """Eleven cities over four years, three kinds of errors; and drifts that differ."""
    for (kind, lee_yu), of in product(APPROACHES, ERRORS):
        yield Case(kind=kind, lee_yu=lee_yu, errors=of)
    for kind, lee_yu in APPROACHES:
        yield Case(kind=kind, lee_yu=lee_yu, spread=1.0)


def studentised(case: Case, panels: int, seed: int) -> dict[str, Any]:
    """Return rejections of beta = 0 in per cent: against beta < 0, and two-sided, before and now."""
    key = [seed, KINDS.index(case.kind), ERRORS.index(case.errors), int(case.lee_yu), round(10 * case.spread)]
    rng = np.random.default_rng([*key, round(-10 * case.beta)])
    sample = draw(case, panels, rng)
    fit = fitted(case, sample)
    z = fit.beta / fit.se_beta
    row: dict[str, Any] = {
        "effects": case.kind, "approach": "Lee-Yu" if case.lee_yu else "direct", "errors": case.errors,
        "spread": case.spread, "beta": case.beta, "panels": panels,
    }  # fmt: skip
    for name, drifts in HOW.items():
        worlds = imposed(case, sample, 0.0, drifts)
        below, outside = [], []
        for k in range(panels):
            one = Sample(_again(sample.Y, k), _again(sample.V, k))
            there = fitted(case, resampled(case, one, _world_of(worlds, k), "wild", rng))
            drawn = there.beta / there.se_beta
            low = (1 + (drawn <= z[k]).sum()) / (1 + WITHIN)
            high = (1 + (drawn >= z[k]).sum()) / (1 + WITHIN)
            below.append(low <= 0.05)
            outside.append(2 * min(low, high) <= 0.05)
        row |= {f"{name}, below": 100 * np.mean(below), f"{name}, two-sided": 100 * np.mean(outside)}
    return row


def stored() -> dict[str, dict[str, float]]:
    """Return the sums over panels of every cell that has some, by its key."""
    if not SUMS.exists():
        return {}
    found: dict[str, dict[str, float]] = {}
    for cell, name, value in pd.read_csv(SUMS).itertuples(index=False):
        found.setdefault(cell, {})[name] = float(value)
    return found


def store(sums: dict[str, dict[str, float]]) -> None:
    """Write them, as a whole or not at all."""
    rows = [(cell, name, value) for cell, of in sums.items() for name, value in of.items()]
    write_whole(SUMS, pd.DataFrame(rows, columns=["cell", "name", "value"]).to_csv(index=False))


def more(designs_: list[Design], *, panels: int, seconds: float) -> None:
    """Draw blocks of the cells in turn until each has its panels, or the processor time is used up."""
    sums, started = stored(), time.process_time()
    for design in designs_:
        own = sums.setdefault(design.key, {"panels": 0.0})
        if design.beta and "bound" not in own:
            own["bound"] = bound(design, SEED)
        while own["panels"] < panels:
            if time.process_time() - started > seconds:
                return
            for name, value in block(design, SEED, int(own["panels"]) // BLOCK).items():
                own[name] = own.get(name, 0.0) + value
            store(sums)
        print(f"{design.key}: {own['panels']:.0f} panels, {time.process_time() - started:.0f} s", flush=True)


TESTS = {
    "true: ratio <": "ratio, below", "true: ratio": "ratio, two-sided", "true: robust <": "robust and F, below",
    "true: robust": "robust and F, two-sided", "t": "t", "F": "F", "disagree": "disagree",
}  # fmt: skip
POWER = {
    "zero: ratio <": "LR <", "zero: ratio": "LR", "zero: robust <": "RF <", "zero: robust": "RF", "bound": "bound",
    "true: ratio": "LR, true beta", "true: robust": "RF, true beta",
    "ratio sets": "sets", "ratio length": "LR length", "ratio open": "LR open", "robust length": "RF length",
    "robust open": "RF open",
}  # fmt: skip
# Ways of which some panels have no estimate, or no zero of the score.
LOST = (
    *(short_panel_estimates.SCORES, short_panel_estimates.ROBUST),
    *(short_panel_estimates.DYNAMIC, short_panel_estimates.BOOTSTRAP),
)
_PANELS = short_panel_estimates.ASKED
ESTIMATES = f"""\
Bias and root mean squared error, from short_panel_estimates.csv (`python -m tests.simulation.short_panel_estimates`):
{_PANELS[short_panel_estimates.LEE_YU]:,} panels a cell, {_PANELS[short_panel_estimates.INDIRECT]:,} of the dynamic
model, the bootstrap and indirect inference, the last two by {short_panel_estimates.DRAWS} draws for each panel. The
Monte Carlo error of a bias is its rmse over the root of the panels, or less. none: per cent of panels whose adjusted
score is zero nowhere (the nearest beta counts), whose dynamic model is not stable, or whose rho is on the bound, where
nothing is bootstrapped (both left out)."""
ABOUT = ["panel", "effects", "errors", "rho", "spread", "control", "beta", "panels"]


def figures() -> pd.DataFrame:
    """Return the figures of every cell that has panels, in the order of the designs."""
    sums = stored()
    rows = [
        row(d, sums[d.key], sums[d.key].get("bound", np.nan)) for d in designs() if sums.get(d.key, {}).get("panels")
    ]
    return pd.DataFrame(rows)


def text(first: pd.DataFrame | None) -> str:
    """Return SHORT_PANELS.md: the part on the studentised beta as it stands unless it was drawn anew."""
    found, estimates, every = figures(), _estimates(), list(designs())
    sizes, powers = found[found["beta"] == 0], found[found["beta"] != 0]
    kept = TABLE.read_text(encoding="utf-8").split("## The studentised beta")[1].split("\n## ")[0]
    studentised_part = kept if first is None else "\n".join([HEAD_OF_FIRST, "", *_markdown(first), ""])
    without = len(every) - len(estimates)
    panels = {key: of.get("panels", 0) for key, of in stored().items()}
    short = [d for d in every if panels.get(d.key, 0) < ASKED]
    return "\n".join(
        [
            "# Tests, sets and estimates of beta in short panels",
            "",
            textwrap.fill(INTRODUCTION, 118),
            "",
            f"![Sizes of the likelihood ratio, and its power beside the bound (dashed)]({PICTURE.name})",
            "",
            "## The studentised beta" + studentised_part,
            "## The tests of b.inference where beta is 0",
            "",
            "disagree: share of panels in which LR and RF fall on different sides of 5 %. 100 less the size is the",
            "coverage of the set of 95 % by the same two-sided test.",
            "",
            *_markdown(sizes[[*ABOUT, *TESTS]].rename(columns=TESTS)),
            "",
            "## Power against no convergence, and sets",
            "",
            "Shares that find beta below zero (<) or different from it; bound: what no valid test passes (%);",
            "rejections of the true beta, 100 less the coverage of the set; sets that were looked for (one panel in",
            "ten), their mean length cut at -2 and 1, and the share without an end.",
            "",
            *_markdown(powers[[*ABOUT, *POWER]].rename(columns=POWER)),
            "",
            "## Estimates",
            "",
            *textwrap.wrap(ESTIMATES, 118),
            "",
            *_markdown(estimates),
            "",
            "## What is missing",
            "",
            *(
                [f"{len(short)} of {len(every)} cells have fewer than {ASKED:,} panels; without any:", ""]
                + [f"- {d.key}" for d in short if not panels.get(d.key)]
                if short
                else [f"All {len(every)} cells have {ASKED:,} panels or more for tests and sets."]
            ),
            *([f"Estimates of {without} cells are still to be drawn."] if without else []),
            "",
        ]
    )


def _estimates() -> pd.DataFrame:
    """Return a row a cell: bias (rmse) of every estimate, and shares of panels that are lost."""
    made, rows = short_panel_estimates.table(), []
    for design in (d for d in designs() if d.key in made.index.get_level_values(0)):
        own = made.loc[design.key]
        if len(own) < len(short_panel_estimates.ASKED):
            continue
        rows.append(about(design) | {way: f"{of.bias:.3f} ({of.rmse:.3f})" for way, of in own.iterrows()})
        rows[-1] |= {f"{way}: none": of.lost for way, of in own.iterrows() if way in LOST}
    order = [name for way in short_panel_estimates.ASKED for name in (way, *[f"{way}: none"] * (way in LOST))]
    return pd.DataFrame(rows)[[c for c in ABOUT if c != "panels"] + order]


def _markdown(table: pd.DataFrame) -> list[str]:
    shown = table.round({c: 2 if c == "beta" or str(c).endswith("length") else 1 for c in table.columns})
    return [
        "| " + " | ".join(shown.columns) + " |",
        "|" + "---|" * len(shown.columns),
        *("| " + " | ".join(map(str, row)) + " |" for row in shown.itertuples(index=False)),
    ]


def figure() -> Any:
    """Draw sizes of the likelihood ratio in all worlds, and its power beside the bound, from SHORT_PANELS.md."""
    from spatialconv import _style as look

    panels, marks = ["11 x 4", "31 x 8", "48 x 16"], {"two-way": (look.FIRST, "o"), "region": (look.SECOND, "^")}
    title: Any = {"loc": "left", "fontsize": look.HEADING, "fontweight": "bold"}
    sizes, powers = written(), written_sets()
    with look.style():
        sheet = look.Sheet(look.PAGE, 80)
        first, *others = (sheet.place(10 + 60 * i, 9, 47, 58) for i in range(3))
        first.axhspan(*NORMAL_BAND, color="#ececec", linewidth=0, zorder=0)
        first.set_xticks(range(3), [panel.replace("x", "\u00d7") for panel in panels])
        first.set_xlim(-0.5, 2.5)
        first.set_ylim(0, 10)
        first.set_title("True nulls rejected, % (nominal 5)", **title)
        for ax, (effects, (colour, marker)) in zip(others, marks.items(), strict=True):
            rows = [of for of in sizes if of["effects"] == effects]
            x = [panels.index(of["panel"]) + (0.12 if effects == "region" else -0.12) for of in rows]
            below = TESTS["true: ratio <"]
            style: Any = {"linestyle": "", "marker": marker, "color": colour, "markersize": 4, "alpha": 0.7}
            first.plot(x, [float(of[below]) for of in rows], label=f"{effects} effects", **style)
            for panel in panels:
                curve = [(0.0, float(of[below]), 5.0) for of in rows if _plain(of, panel, effects)]
                curve += [
                    (float(of["beta"]), float(of["LR <"]), float(of["bound"]))
                    for of in powers
                    if _plain(of, panel, effects)
                ]
                beta, found, bound = zip(*sorted(curve, reverse=True), strict=True)
                ax.plot(beta, bound, color=look.SOFT, linestyle=(0, (3, 2)), linewidth=0.8)
                ax.plot(beta, found, color=colour, marker=marker, markersize=4, linewidth=1.2)
                middle = max([1, *(k for k in range(len(found)) if found[k] < 95)])
                ax.annotate(panel.replace("x", "\u00d7"), (beta[middle], found[middle]), (4, -9),
                            textcoords="offset points", color=colour)  # fmt: skip
            ax.set_xlim(0.01, -0.31)
            ax.set_ylim(0, 104)
            ax.set_xlabel("beta")
            ax.set_title(f"Found, {effects} effects, %", **title)
        first.legend(frameon=False, loc="upper right")
        for ax in (first, *others):
            look.frame(ax)
    return sheet


def _plain(of: dict[str, Any], panel: str, effects: str) -> bool:
    """Whether a row is of a panel with normal errors, equal drifts, no rho and no control."""
    return (of["panel"], of["effects"], of["errors"], of["spread"], of["rho"], of["control"]) == (
        *(panel, effects, "normal", "0.0", "0.0", ""),
    )


WORLDS = {
    "skewed": "skewed errors", "heteroskedastic": "variances that differ by region",
    "persistent": f"errors that persist ({PERSISTENCE})", "measured": f"levels measured with an error of {MEASUREMENT}",
}  # fmt: skip


def world_in_words(of: dict[str, Any]) -> str:
    """Return what a row of the table says of its world."""
    spread = str(of["spread"])
    drifts = "" if spread in ("0.0", "0") else f"drifts {spread} s.d. apart"
    parts = [
        WORLDS.get(of["errors"], ""),
        f"one region {-ONE_OFF:g} s.d. off" if spread.startswith("one") else drifts,
        f"rho {float(of['rho']):g}" if float(of["rho"]) else "",
        "a control tied to the drifts" if of["control"] else "",
    ]
    return ", ".join(part for part in parts if part) or "equal drifts"


def missed(rows: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[Missed, ...]]:
    """Return the worlds without convergence in which a test misses its band, as `simulated.MISSES` has them."""
    found: dict[tuple[str, str], tuple[Missed, ...]] = {}
    for of in rows:
        sizes = [round(float(of[name]), 1) for name in list(TESTS.values())[:4]]
        normal = of["errors"] == "normal"
        if outside(tuple(sizes), normal):
            one = Missed(world_in_words(of), normal, (sizes[0], sizes[1]), (sizes[2], sizes[3]))
            key = of["panel"], of["effects"]
            found[key] = (*found.get(key, ()), one)
    return found


def covered(rows: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[tuple[str, float, float], ...]]:
    """Return the worlds of convergence in which a set misses its band, as `simulated.COVERS` has them."""
    found: dict[tuple[str, str], tuple[tuple[str, float, float], ...]] = {}
    for of in rows:
        shares = [round(100 - float(of[name]), 1) for name in ("LR, true beta", "RF, true beta")]
        if min(shares) < COVERAGE_BAND[0] or max(shares) > COVERAGE_BAND[1]:
            one = (f"{world_in_words(of)}, beta {float(of['beta']):g}", shares[0], shares[1])
            key = of["panel"], of["effects"]
            found[key] = (*found.get(key, ()), one)
    return found


def written_sets() -> list[dict[str, Any]]:
    """Return the rows of worlds of convergence as SHORT_PANELS.md has them."""
    return _rows("## Power against no convergence, and sets")


def written() -> list[dict[str, Any]]:
    """Return the rows of worlds without convergence as SHORT_PANELS.md has them."""
    return _rows("## The tests of b.inference where beta is 0")


def _rows(head: str) -> list[dict[str, Any]]:
    return table_rows(TABLE.read_text(encoding="utf-8").split(head)[1].split("\n## ")[0])


def main() -> None:
    """Run the study from the command line."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--jobs", type=int, default=1)
    ask.add_argument("--panels", type=int, default=0, help="add panels to each cell up to so many")
    ask.add_argument("--cells", default="", help="only cells whose key matches, as in 11/4/two-way")
    ask.add_argument("--seconds", type=float, default=float("inf"), help="processor time after which no block begins")
    ask.add_argument("--studentised", action="store_true", help="draw the part on the studentised beta anew")
    ask.add_argument("--write", action="store_true", help="write SHORT_PANELS.md")
    ask.add_argument("--missed", action="store_true", help="print simulated.MISSES and COVERS as the table has them")
    given = ask.parse_args()
    if given.missed:
        for key, worlds in missed(written()).items():
            print(f"{key}: {worlds},")
        for key, sets in covered(written_sets()).items():
            print(f"COVERS {key}: {sets},")
        return
    from spatialconv._parallel import run

    first = None
    if given.studentised:
        first = pd.DataFrame(run(studentised, [(c, PANELS, SEED) for c in cells()], jobs=given.jobs, show=True,
                                 what="studentised"))  # fmt: skip
    more([d for d in designs() if re.search(given.cells, d.key)], panels=given.panels, seconds=given.seconds)
    if given.write:
        TABLE.write_text(text(first), encoding="utf-8")
        figure().savefig(PICTURE, dpi=200, metadata={"Software": None})


if __name__ == "__main__":
    main()
