"""The table and the figure of `small_samples`."""
# ruff: noqa: E501  (lines of prose, as they stand in the file that is written)

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from spatialconv import _style as look

METHODS = {
    "z": "z-values",
    "percentile wild": "percentile, wild",
    "basic wild": "basic, wild",
    "residual": "bootstrap of residuals",
    "wild": "wild bootstrap",
    "grid residual": "grid bootstrap of residuals",
    "grid wild": "grid wild bootstrap",
}
SIZE, COVERAGE = (4.0, 6.0), (93.0, 97.0)
ORDER = [("none", "direct"), *((k, a) for k in ("time", "region", "two-way") for a in ("direct", "Lee-Yu"))]


def monte_carlo_error(share: float, draws: int) -> float:
    """Return the standard error of a share in per cent."""
    return float(100 * np.sqrt(share * (1 - share) / draws))


def text(found: Mapping[str, pd.DataFrame], draws: int, seed: int) -> str:
    """Return the whole of SMALL_SAMPLES.md."""
    main = found["main"]
    noise = monte_carlo_error(0.05, draws)
    drifts = found["drifts"].round({"mean beta": 3, "estimated": 1, "shrunk": 1, "none": 1})
    power = found["power"].pivot(index=["n", "T", "bootstrap"], columns="effects", values="smallest |beta|")
    lines = [
        "# Beta convergence in small panels",
        "",
        f"Made by `python -m tests.simulation.small_samples --write` (seed {seed}). Growth makes the next level; errors",
        "are normal, skewed (chi-squared with three degrees of freedom) or of a variance that differs by region; drifts",
        "are the same for all regions unless said; rho is -1, 0 and 0.4, beta 0, -0.1 and -0.3, in eleven cities (weights",
        "of Zhejiang) and in 30 and 48 regions (five nearest). Bootstraps at warp speed (Giacomini, Politis and White",
        f"2013). {draws:,} replications a cell: the Monte Carlo error of a size of 5 % is {noise:.1f} percentage points.",
        "Columns of bootstraps carry about 1.4 times that, since their pooled quantiles are simulated too.",
        "",
        "The tables of sizes and coverage pool (see 'A bootstrap for each panel' for what that leaves out). Where regions",
        "have effects, their columns with a beta imposed shrink the drifts by what errors add to their spread, as the package",
        "first did; SHORT_PANELS.md has the sizes since.",
        "",
        "## Sizes of nominal 5 % tests of no convergence",
        "",
        "Lowest and highest rejection rate in per cent over rho and the three kinds of errors, beta = 0.",
        "",
        *_ranges(main[main.beta == 0], "rejects, ", ("z", "residual", "wild"), SIZE),
        "",
        "## Coverage of nominal 95 % intervals",
        "",
        "Lowest and highest over rho, beta and errors. Percentile, basic and studentised intervals (the columns named",
        "after a bootstrap only) draw around the estimates; the grid bootstrap (Hansen 1999) asks of each beta whether the",
        "studentised estimate would be unusual if it were true. The interval of the speed is that of beta sent through -ln(1 + beta), with the same coverage, except by z, where",
        "it is the delta method's.",
        "",
        "### beta",
        "",
        *_ranges(
            main,
            "beta, ",
            ("z", "percentile wild", "basic wild", "residual", "wild", "grid residual", "grid wild"),
            COVERAGE,
        ),
        "",
        "### rho",
        "",
        "100 less these is the size of a test of the true rho.",
        "",
        *_ranges(main, "rho, ", ("z", "residual", "wild"), COVERAGE),
        "",
        "### speed",
        "",
        *_ranges(main, "speed, ", ("z",), COVERAGE),
        "",
        "## A bootstrap for each panel",
        "",
        "Pooling gives every panel the same quantiles. A user has quantiles of the one panel, which move with it: here",
        f"each of {found['conditional'].panels.max():,} panels a cell (half as many of 30 and 48 regions) is redrawn 399 times by",
        "random signs, and the figures are those that hold in use. 100 less the imposed column at beta = 0 is the size of",
        '`b.bootstrap(null="no-convergence")`; that column is the coverage of `b.grid_interval()`. Monte Carlo error of 95 %:',
        f"{monte_carlo_error(0.05, int(found['conditional'].panels.max())):.1f} percentage points (1.4 times that for more regions).",
        "",
        *_conditional(found["conditional"]),
        "",
        "Cell by cell, eleven cities with normal errors and rho = 0 through the public functions, direct approach,",
        f"{draws // 5:,} panels a row, 999 draws of random signs each. Coverage in per cent; rejections of no convergence by the",
        "bootstrap that imposes it, and by the z-value of the estimate by indirect inference",
        '(`correction="indirect"`); means of both estimates.',
        "",
        *_markdown(_nested(found["nested"])),
        "",
        "## Hausman's test",
        "",
        "Rejections in per cent of random against fixed region effects where they are random (one regressor, nominal 5 %),",
        "lowest and highest over rho and errors, by chi-squared and against panels drawn from the model",
        f"(`sc.monte_carlo`, at warp speed), {draws:,} panels each.",
        "",
        *_hausman(found["hausman"]),
        "",
        "## What is known of the regions' drifts",
        "",
        "Size in per cent of the test with no convergence imposed (eleven cities, direct, rho = 0), by the spread of the",
        "true drifts in standard deviations of the errors, and by what the worlds without convergence take for drifts:",
        "those estimated, whose spread the errors of so few years inflate; those shrunk by what errors add; the same for",
        "all.",
        "",
        *_markdown(drifts),
        "",
        "## The smallest beta that can be found",
        "",
        "|beta| that the test with no convergence imposed finds with a power of 80 % (direct, rho = 0, normal errors),",
        "by bootstrap: residuals drawn, or with random signs (wild).",
        "",
        *_markdown(power.reset_index()),
        "",
        "## Every cell",
        "",
        *_markdown(main.rename(columns={"mean beta": "mean of beta"}).round(3)),
    ]
    return "\n".join(lines) + "\n"


def _designs(frame: pd.DataFrame) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Yield the beginning of a row, and its cells, for each sample, kind of effects and approach."""
    for (n, T), part in frame.groupby(["n", "T"]):
        for kind, approach in ORDER:
            cells = part[(part.effects == kind) & (part.approach == approach)]
            if not cells.empty:
                yield {"regions x years": f"{n} x {T}", "effects": kind, "approach": approach}, cells


def _ranges(frame: pd.DataFrame, prefix: str, methods: tuple[str, ...], wanted: tuple[float, float]) -> list[str]:
    rows = [
        head | {METHODS[method]: _span(cells[f"{prefix}{method}"], wanted) for method in methods}
        for head, cells in _designs(frame)
    ]
    return [*_markdown(pd.DataFrame(rows)), "", f"inside: share of cells between {wanted[0]:g} and {wanted[1]:g}."]


def _span(values: pd.Series, wanted: tuple[float, float]) -> str:
    """Say from where to where, and which share lies inside what is wanted if not all do."""
    inside = values.between(*wanted).mean()
    said = "" if inside == 1 else f" ({100 * inside:.0f} % inside)"
    return f"{values.min():.1f} to {values.max():.1f}{said}"


def _conditional(frame: pd.DataFrame) -> list[str]:
    rows = [
        head
        | {
            "size of no convergence": _reach(100 - cells[cells.beta == 0]["beta, imposed"]),
            "beta, imposed": _reach(cells["beta, imposed"]),
            "beta, around": _reach(cells["beta, wild"]),
            "rho, around": _reach(cells["rho, wild"]),
        }
        for head, cells in _designs(frame)
    ]
    return _markdown(pd.DataFrame(rows))


def _reach(values: pd.Series) -> str:
    return f"{values.min():.1f} to {values.max():.1f} (mean {values.mean():.1f})"


def _nested(frame: pd.DataFrame) -> pd.DataFrame:
    words = {"log_initial": "beta", "rho": "rho", "speed": "speed"}
    names = {f"{term}, {method}": f"{word}, {method}" for term, word in words.items() for method in
             ("percentile", "basic", "bca", "bootstrap-t", "indirect")}  # fmt: skip
    names |= {"rejects": "rejects", "indirect rejects": "rejects, indirect"}
    names |= {"mean, estimate": "mean", "mean, indirect": "mean, indirect"}
    places = {name: 3 if name.startswith("mean") else 1 for name in names}
    kept = [name for name in names if name in frame]
    out = frame[["effects", "beta", *kept]].round(places).rename(columns=names)
    return out.astype(object).where(out.notna(), "")


def _hausman(frame: pd.DataFrame) -> list[str]:
    rows = []
    for (n, T, errors), part in frame.groupby(["n", "T", "errors"], sort=False):
        row_ = {"regions x years": f"{n} x {T}", "errors": errors}
        row_ |= {how: _span(part[how], SIZE) for how in ("chi-squared", "Monte Carlo")}
        rows.append({**row_, "panels without a test": int(part.undefined.sum())})
    return _markdown(pd.DataFrame(rows))


def _markdown(frame: pd.DataFrame) -> list[str]:
    rows = [[f"{v:g}" if isinstance(v, float) else str(v) for v in values] for values in frame.to_numpy(dtype=object)]
    head = [str(column).replace("|", "\\|") for column in frame.columns]
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]


def figure(main: pd.DataFrame, conditional: pd.DataFrame, path: Path) -> None:
    """Draw sizes and coverage in eleven cities, a dot a cell, and write the picture.

    z-values from the many samples of `main`, bootstraps where each panel has quantiles of its own.
    """
    z, own = main[main.n == 11], conditional[conditional.n == 11]
    # Under region effects both approaches differ by a constant in the standard errors, and their bootstraps agree.
    own = pd.concat([own, own[own.effects == "region"].assign(approach="Lee-Yu")])
    colours = {"z": look.SECOND, "around": look.SOFT, "imposed": look.FIRST}
    words = {"z": "z-values", "around": "bootstrap around the estimate", "imposed": "bootstrap with beta imposed"}
    with look.style("Eleven cities, four years", "\u03b2"):
        sheet = look.Sheet(look.PAGE, 83.5)
        size, coverage = (sheet.place(left, 6.5, 61.5, 62.0) for left in (26.0, 115.5))
        null = own[own.beta == 0]
        rejections = {
            "z": z[z.beta == 0].assign(value=lambda f: f["rejects, z"]),
            "imposed": null.assign(value=lambda f: 100 - f["beta, imposed"]),
        }
        covered = {
            "z": z.assign(value=lambda f: f["beta, z"]),
            "around": own.assign(value=lambda f: f["beta, wild"]),
            "imposed": own.assign(value=lambda f: f["beta, imposed"]),
        }
        _panel(size, rejections, colours, SIZE)
        _panel(coverage, covered, colours, COVERAGE)
        _heading(size, "Rejections where \u03b2 = 0, %", "nominal 5 %; band 4 to 6")
        _heading(coverage, "Coverage of intervals of \u03b2, %", "nominal 95 %; band 93 to 97")
        dots = [coverage.plot([], [], "o", color=c, markersize=3, label=words[m])[0] for m, c in colours.items()]
        sheet = size.get_figure()
        sheet.legend(
            handles=dots, loc="lower left", ncol=3, frameon=False, fontsize=look.TEXT, bbox_to_anchor=(0.01, 0)
        )
    look.save(sheet, path, dpi=150)


def _panel(ax, frames, colours, band) -> None:
    ax.axvspan(*band, color="#e4efe4", linewidth=0, zorder=0)
    for place, (kind, approach) in enumerate(ORDER):
        for k, (method, frame) in enumerate(frames.items()):
            part = frame[(frame.effects == kind) & (frame.approach == approach)]
            values = np.sort(part["value"].to_numpy())
            y = -place + 0.24 * (1 - k) + np.linspace(-0.06, 0.06, len(values))
            ax.plot(values, y, "o", markersize=2.2, color=colours[method], zorder=3, markeredgewidth=0)
    ax.set_yticks([-k for k in range(len(ORDER))], [f"{k}, {a}" if k != "none" else "none" for k, a in ORDER])
    ax.set_ylim(-len(ORDER) + 0.4, 0.6)
    ax.set_xlim(-2, 102)
    ax.tick_params(axis="y", length=0)
    look.frame(ax)


def _heading(ax, text_: str, below: str) -> None:
    ax.set_title(text_, loc="left", fontsize=look.HEADING, fontweight="bold", color=look.INK)
    ax.set_xlabel(below, fontsize=look.TEXT, color=look.SOFT)
