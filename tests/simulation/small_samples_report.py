"""The table and the figure of `small_samples`."""
# ruff: noqa: E501  (lines of prose, as they stand in the file that is written)

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from spatialconv import _style as look
from spatialconv._drawing.axes import row

METHODS = {
    "z": "z-values",
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
    cells = {n: int(main[main.n == n].draws.max()) for n in (11, 30, 48) if (main.n == n).any()}
    noise = ", ".join(f"{monte_carlo_error(0.05, count):.1f} ({n} regions, {count})" for n, count in cells.items())
    drifts = found["drifts"].round({"mean beta": 3, "estimated": 1, "shrunk": 1, "none": 1})
    power = found["power"].pivot(index=["n", "T"], columns="effects", values="smallest |beta|").reset_index()
    lines = [
        "# Beta convergence in small panels",
        "",
        f"Made by `python -m tests.simulation.small_samples --write` (seed {seed}). Growth makes the next level; errors",
        "are normal, skewed (chi-squared with three degrees of freedom) or of a variance that differs by region; drifts",
        "are the same for all regions unless said; rho is -1, 0 and 0.4 in eleven cities (weights of Zhejiang), 0 and 0.4",
        "in 30 and 48 regions (five nearest); beta 0, -0.1 and -0.3. Bootstraps at warp speed (Giacomini, Politis and",
        "White 2013). Monte Carlo error of a size of 5 %, in percentage points, by regions and replications a cell:",
        f"{noise}.",
        "Columns of bootstraps carry about 1.4 times that, since their pooled quantiles are simulated too.",
        "",
        "## Sizes of nominal 5 % tests of no convergence",
        "",
        "Lowest and highest rejection rate in per cent over rho (and, for eleven cities, errors), beta = 0.",
        "",
        *_ranges(main[main.beta == 0], "rejects, ", ("z", "residual", "wild"), SIZE),
        "",
        "## Coverage of nominal 95 % intervals",
        "",
        "Lowest and highest over rho, beta (and errors). The studentised bootstrap draws around the estimates; the grid",
        "bootstrap (Hansen 1999) asks of each beta whether the studentised estimate would be unusual if it were true.",
        "The interval of the speed is that of beta sent through -ln(1 + beta), with the same coverage, except by z, where",
        "it is the delta method's.",
        "",
        "### beta",
        "",
        *_ranges(main, "beta, ", ("z", "residual", "wild", "grid residual", "grid wild"), COVERAGE),
        "",
        "### rho",
        "",
        *_ranges(main, "rho, ", ("z", "residual", "wild"), COVERAGE),
        "",
        "### speed",
        "",
        *_ranges(main, "speed, ", ("z",), COVERAGE),
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
        "|beta| that the test with no convergence imposed, residuals drawn, finds with a power of 80 % (direct, rho = 0,",
        "normal errors); random signs need a little more.",
        "",
        *_markdown(power),
        "",
        "## Every cell",
        "",
        *_markdown(main.rename(columns={"mean beta": "mean of beta"}).round(3)),
    ]
    return "\n".join(lines) + "\n"


def _ranges(frame: pd.DataFrame, prefix: str, methods: tuple[str, ...], wanted: tuple[float, float]) -> list[str]:
    rows = []
    for (n, T), part in frame.groupby(["n", "T"]):
        for kind, approach in ORDER:
            cells = part[(part.effects == kind) & (part.approach == approach)]
            if cells.empty:
                continue
            row_ = {"regions x years": f"{n} x {T}", "effects": kind, "approach": approach}
            for method in methods:
                values = cells[f"{prefix}{method}"]
                inside = ((values >= wanted[0]) & (values <= wanted[1])).mean()
                row_[METHODS[method]] = f"{values.min():.1f} to {values.max():.1f}"
                row_[METHODS[method]] += "" if inside == 1 else f" ({100 * inside:.0f} % inside)"
            rows.append(row_)
    return [*_markdown(pd.DataFrame(rows)), "", f"inside: share of cells between {wanted[0]:g} and {wanted[1]:g}."]


def _markdown(frame: pd.DataFrame) -> list[str]:
    rows = [[f"{v:g}" if isinstance(v, float) else str(v) for v in values] for values in frame.to_numpy(dtype=object)]
    head = [str(column).replace("|", "\\|") for column in frame.columns]
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]


def figure(main: pd.DataFrame, path: Path) -> None:
    """Draw sizes and coverage in eleven cities, a dot a cell, and write the picture."""
    cells = main[main.n == 11]
    methods = {"z": look.SECOND, "wild": look.SOFT, "grid wild": look.FIRST}
    words = {"z": "z-values", "wild": "bootstrap around the estimate", "grid wild": "bootstrap with beta imposed"}
    with look.style("Eleven cities, four years", "\u03b2"):
        size, coverage = row(2, None, height=62, left=26, bottom=15)
        _panel(size, cells[cells.beta == 0], "rejects, ", {"z": methods["z"], "wild": methods["grid wild"]}, SIZE)
        _panel(coverage, cells, "beta, ", methods, COVERAGE)
        _heading(size, "Rejections where \u03b2 = 0, %", "nominal 5 %; band 4 to 6")
        _heading(coverage, "Coverage of intervals of \u03b2, %", "nominal 95 %; band 93 to 97")
        dots = [coverage.plot([], [], "o", color=c, markersize=3, label=words[m])[0] for m, c in methods.items()]
        sheet = size.get_figure()
        sheet.legend(
            handles=dots, loc="lower left", ncol=3, frameon=False, fontsize=look.TEXT, bbox_to_anchor=(0.01, 0)
        )
    look.save(sheet, path, dpi=150)


def _panel(ax, cells, prefix, methods, band) -> None:
    ax.axvspan(*band, color="#e4efe4", linewidth=0, zorder=0)
    for place, (kind, approach) in enumerate(ORDER):
        part = cells[(cells.effects == kind) & (cells.approach == approach)]
        for k, (method, colour) in enumerate(methods.items()):
            values = np.sort(part[f"{prefix}{method}"].to_numpy())
            y = -place + 0.24 * (1 - k) + np.linspace(-0.06, 0.06, len(values))
            ax.plot(values, y, "o", markersize=2.2, color=colour, zorder=3, markeredgewidth=0)
    ax.set_yticks([-k for k in range(len(ORDER))], [f"{k}, {a}" if k != "none" else "none" for k, a in ORDER])
    ax.set_ylim(-len(ORDER) + 0.4, 0.6)
    ax.set_xlim(-2, 102)
    ax.tick_params(axis="y", length=0)
    look.frame(ax)


def _heading(ax, text_: str, below: str) -> None:
    ax.set_title(text_, loc="left", fontsize=look.HEADING, fontweight="bold", color=look.INK)
    ax.set_xlabel(below, fontsize=look.TEXT, color=look.SOFT)
