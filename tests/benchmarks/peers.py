"""The peers: spreg's panel in the order it wants, R's splm and convergence-clubs where they are at hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import warnings
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from tests.benchmarks.measure import best

SPLM = """
suppressMessages({library(spdep); library(splm)})
d <- read.csv("panel.csv"); w <- read.csv("weights.csv"); n <- max(w$i)
W <- Matrix::sparseMatrix(i = w$i, j = w$j, x = w$x, dims = c(n, n))
lw <- mat2listw(as(W, "CsparseMatrix"), style = "W")
a <- commandArgs(TRUE)
times <- replicate(as.integer(a[2]), system.time(f <<- spml(as.formula(a[1]), data = d, index = c("region", "period"),
  listw = lw, model = "within", effect = "individual", lag = TRUE, spatial.error = "none", method = "LU",
  quiet = TRUE))[["elapsed"]])
cat(min(times), f$coefficients[["lambda"]])
"""

# convergence-clubs is under the GPL and has an environment of its own: this variable names its Python.
CLUBS_PYTHON = "CONVERGENCE_CLUBS_PYTHON"
CLUBS = """
import json, sys, time, warnings
import numpy as np, pandas as pd
import convergence_clubs as peer
warnings.simplefilter("ignore")
data = pd.DataFrame(np.load("values.npy").T)
times = []
for _ in range(int(sys.argv[1])):
    start = time.perf_counter()
    found = peer.find_clubs(data, cstar_method="incremental", core_rule="max_t")
    merged = peer.merge_clubs(found, "PS") if len(found.clubs) else found
    times.append(time.perf_counter() - start)
print(json.dumps([min(times), [sorted(map(int, club.ids)) for club in merged.clubs]]))
"""


def convergence_clubs(values: np.ndarray, repeats: int) -> tuple[float, list[set[int]]] | str:
    """Return the shortest time in seconds and the clubs of the package convergence-clubs, or why it was not run."""
    python = os.environ.get(CLUBS_PYTHON)
    if python is None or shutil.which(python) is None:
        return f"skipped: {CLUBS_PYTHON} names no Python with convergence-clubs"
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "values.npy", values)
        command = [python, "-c", CLUBS, str(repeats)]
        # Its own environment: what this process sees of packages is none of its business.
        bare = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=bare)
    if done.returncode != 0:
        return f"skipped: {(done.stderr.strip().splitlines() or ['no message'])[-1]}"
    seconds, clubs = json.loads(done.stdout)
    return float(seconds), [set(club) for club in clubs]


def spreg_lag(y: np.ndarray, X: np.ndarray, W: sp.csr_array, repeats: int) -> tuple[float, float]:
    """Return the shortest time in seconds and rho of spreg's Panel_FE_Lag.

    It takes arrays without labels: regions in rows, periods in columns, and all periods of the first regressor
    before those of the second. Another order gives other figures and no error.
    """
    import spreg
    from libpysal.weights import WSP

    with warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        w = WSP(sp.csr_matrix(W)).to_W(silence_warnings=True)
        wide = np.concatenate([X[..., k].T for k in range(X.shape[2])], axis=1)
        seconds, fit = best(lambda: spreg.Panel_FE_Lag(y.T.copy(), wide, w), repeats)
    return seconds, float(fit.rho)


def splm_lag(y: np.ndarray, X: np.ndarray, W: sp.csr_array, repeats: int) -> tuple[float, float] | None:
    """Return the shortest time in seconds and rho of R's splm (method LU), or None where R or splm is not installed."""
    if shutil.which("Rscript") is None:
        return None
    T, n = y.shape
    with tempfile.TemporaryDirectory() as folder:
        names = [f"x{k}" for k in range(X.shape[2])]
        columns = {name: X[..., k].ravel() for k, name in enumerate(names)}
        frame = {"region": np.tile(np.arange(n), T), "period": np.repeat(np.arange(T), n), "y": y.ravel(), **columns}
        pd.DataFrame(frame).to_csv(Path(folder) / "panel.csv", index=False)
        pairs = sp.coo_array(W)
        i, j = pairs.coords
        pd.DataFrame({"i": i + 1, "j": j + 1, "x": pairs.data}).to_csv(Path(folder) / "weights.csv", index=False)
        (Path(folder) / "script.R").write_text(SPLM, encoding="utf-8")
        command = ["Rscript", "script.R", f"y ~ {' + '.join(names)}", str(repeats)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None
    seconds, rho = done.stdout.split()
    return float(seconds), float(rho)
