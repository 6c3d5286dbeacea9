"""Run the simulations and print their tables.

    python -m tests.simulation [--draws N] [--jobs J] [--seed S] [--only STUDY ...] [--write]

The same seed gives the same figures whatever the number of jobs and whichever studies are run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from tests.simulation import estimates, true_nulls
from tests.simulation.running import Results, Study, run

STUDIES = {study.name: study for study in (*estimates.STUDIES, *true_nulls.STUDIES)}
RESULTS = Path(__file__).with_name("RESULTS.md")
INTRODUCTION = """# What the estimates, intervals and tests are worth in samples of the usual sizes

`python -m tests.simulation --write` makes this file (seed {seed}). Every figure is from samples with known parameters:
n regions with row-standardised weights (11: the cities of Zhejiang by inverse squared distance; 30, 48, 200: points at
random, five neighbours each), T periods of the outcome, standard normal errors and effects, beta = 0.5 and a regressor
that is correlated with the effects. Behind each figure stands ± its Monte Carlo standard error.

- Coverage (of 95 % intervals, estimate ± 1.96 standard errors) and size (of 5 % tests) are in per cent; **bold** is
  further than three Monte Carlo errors from the nominal value.
- Bias is **bold** where it is beyond three Monte Carlo errors and larger than a quarter of the estimate's standard
  deviation, so that intervals notice it.
- "without" is the per cent of samples without a standard error (the optimum on a bound), left out of the coverage;
  "left" that of samples whose dynamics were not stable or whose correction would leave the admissible interval, so
  that the direct estimates stand, as `fit_panel` says; both only where there are any.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the studies asked for, print their tables, and write them where that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2000, help="samples a cell; costly studies take a share of it")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=list(STUDIES), metavar="STUDY", help=", ".join(STUDIES))
    parser.add_argument(
        "--write", action="store_true", help=f"write {RESULTS.name} beside this file; with --only, these parts of it"
    )
    options = parser.parse_args(arguments)
    parts = {}
    for name in options.only or STUDIES:
        started = time.perf_counter()
        study = STUDIES[name]
        found = run([study], draws=options.draws, seed=options.seed, jobs=options.jobs, show=True)
        parts[name] = section(study, found, options.draws)
        print(f"{parts[name]}\n({time.perf_counter() - started:.0f} s)\n", flush=True)
    if options.write:
        kept = stored(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
        every = kept | parts
        text = "\n".join([INTRODUCTION.format(seed=options.seed), *(every[name] for name in STUDIES if name in every)])
        RESULTS.write_text(text, encoding="utf-8")


def stored(text: str) -> dict[str, str]:
    """Return the parts of a document by study."""
    by_title = {part.split("\n")[0]: f"## {part.rstrip()}\n" for part in text.split("\n## ")[1:]}
    return {name: by_title[study.title] for name, study in STUDIES.items() if study.title in by_title}


def section(study: Study, results: Results, draws: int) -> str:
    """Return a study's part of the document."""
    return f"## {study.title}\n\n{study.draws(draws)} samples a cell.\n\n{study.tell(results)}\n"


if __name__ == "__main__":
    main()
