"""Simulate the registry of sizes.

    python -m tests.simulation.sizes [--jobs J] [--only CALL ...] [--share S] [--seed S] [--again]
                                     [--table FILE] [--take FILE ...]

Cells that the table has are left; each new one is written as soon as it is whole, so that a run may be cut off and
taken up again; runs side by side write tables of their own, which `--take` puts together. The same seed gives the same
figures whatever the number of jobs.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from spatialconv import _sizes
from tests.simulation.sizes.registry import ENTRIES
from tests.simulation.sizes.report import REPORT, bands, markdown
from tests.simulation.sizes.running import lacking, merged, read, run, write


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for, write the table and the document, and say what misses."""
    calls = list(dict.fromkeys(entry.call for entry in ENTRIES))
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.sizes", description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--only", nargs="+", choices=calls, metavar="CALL", help=", ".join(calls))
    parser.add_argument("--share", type=float, default=1.0, help="share of each entry's samples")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="draw what the table has, too")
    parser.add_argument("--table", type=Path, default=_sizes.TABLE, help="where to write, by default the package's")
    parser.add_argument("--take", nargs="+", type=Path, metavar="FILE", help="take over the cells of tables")
    options = parser.parse_args(arguments)
    if options.take:
        write(merged([options.table, *options.take], ENTRIES), options.table)
    else:
        chosen = [entry for entry in ENTRIES if not options.only or entry.call in options.only]
        how = {"share": options.share, "seed": options.seed, "jobs": options.jobs, "again": options.again}
        run(chosen, ENTRIES, path=options.table, show=True, **how)
    if options.table != _sizes.TABLE:
        return
    _sizes.shares.cache_clear()
    shares = _sizes.shares()
    REPORT.write_text(markdown(shares, lacking(ENTRIES, read())), encoding="utf-8")
    off = sum(share.misses for share in shares)
    print(f"{len(shares)} cells, {off} miss their bands ({bands()}); see {REPORT.name}")


if __name__ == "__main__":
    main()
