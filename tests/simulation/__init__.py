"""Monte Carlo of the estimators and tests: `python -m tests.simulation` prints the tables of RESULTS.md."""

from __future__ import annotations

import os

# Before numpy is imported, here and in the workers: threads on small matrices cost more than they give.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
