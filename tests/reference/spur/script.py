"""Tests of spatial unit roots, LBM-GLS, half-lives and SCPC by spur-python 0.1.1 and scpc-python 0.1.2.

`python script.py us.csv > reference.json`. Their bisections stop at 0.001; here they go on to 1e-11, so that figures
can be compared to more than three digits. Random places in a plane, and the 48 states of `us.csv` (lon, lat, log income
of 1929, growth to 2009) on a sphere.
"""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any

import numpy as np
import pandas as pd
import scpc.core
import scpc.utils.spatial
import spur.core
import spur.utils.dist
import spur.utils.inference
import statsmodels.formula.api as smf


def sharper(module: Any, name: str, old: str, new: str) -> Any:
    """Return a function of a module with a tolerance replaced, and put it in its place there."""
    source = inspect.getsource(getattr(module, name))
    assert old in source, name
    exec(compile(source.replace(old, new), name, "exec"), module.__dict__)
    return module.__dict__[name]


cbar = sharper(spur.utils.dist, "get_cbar", "(c1 - c0) > 0.001", "(c1 - c0) > 1e-11 * c1")
spur.core.get_cbar = spur.utils.inference.get_cbar = cbar
sharper(scpc.utils.spatial, "get_c0_from_avc", "c1 - c0 < 0.001", "c1 - c0 < 1e-12 * c1")
sharper(scpc.utils.spatial, "get_cv", "0.001 / math.sqrt(q)", "1e-11")
scpc.core.get_cv = scpc.utils.spatial.get_cv


def tests(frame: pd.DataFrame, q: int, places: dict[str, Any]) -> dict[str, Any]:
    options = {**places, "q": q, "nrep": 100_000}
    found = {
        "i1": spur.core.spurtest_i1("y", frame, **options),
        "i0": spur.core.spurtest_i0("y", frame, **options),
        "i1resid": spur.core.spurtest_i1resid("y ~ x", frame, **options),
        "i0resid": spur.core.spurtest_i0resid("y ~ x", frame, **options),
    }
    return {k: {"LR": float(t.LR), "p": float(t.pvalue), "ha": float(t.ha_param)} for k, t in found.items()}


def half_lives(frame: pd.DataFrame, q: int, places: dict[str, Any]) -> list[float]:
    info = spur.utils.dist.resolve_spur_coords(data=frame, use_rows=np.ones(len(frame), dtype=bool), **places)
    d = spur.utils.dist.normalized_distmat(info["coords"], latlon=info["latlong"])
    tested = np.concatenate([np.linspace(0.001, 1, 100), np.linspace(1.01, 3, 30), [100.0]])[::5]
    ha = np.linspace(0.001, 1.0, 50)
    y = (frame["y"] - frame["y"].mean()).to_numpy()
    e = np.random.default_rng(5).standard_normal((q, 10_000))
    return spur.utils.inference.c_ci(y, d, e, np.log(2) / tested, np.log(2) / ha).tolist()


def regression(fit: Any, frame: pd.DataFrame, places: dict[str, Any], **options: Any) -> dict[str, Any]:
    found = {}
    for avc in (0.03, 0.1):
        for uncond in (False, True):
            r = scpc.core.scpc(fit, frame, **places, avc=avc, uncond=uncond, ncoef=2, **options)
            found[f"{avc} {'unconditional' if uncond else 'conditional'}"] = {
                "stats": r.scpcstats.tolist(),
                "cv": r.cv,
                "q": r.q,
                "c0": r.c0,
            }
    return found


def case(frame: pd.DataFrame, q: int, places: dict[str, Any]) -> dict[str, Any]:
    moved = spur.core.spurtransform("y ~ x", frame, **places)
    return {
        "data": {c: frame[c].tolist() for c in frame.columns},
        "q": q,
        "tests": tests(frame, q, places),
        "half_lives": half_lives(frame, q, places),
        "differences": {"y": moved["h_y"].tolist(), "x": moved["h_x"].tolist()},
        "levels": regression(smf.ols("y ~ x", frame).fit(), frame, places),
        "differenced": regression(smf.ols("h_y ~ h_x", moved).fit(), moved, places),
    }


def panel() -> dict[str, Any]:
    rng = np.random.default_rng(9)
    n, T = 20, 4
    xy = rng.uniform(size=(n, 2)).round(4)
    frame = pd.DataFrame(
        {
            "a": np.tile(xy[:, 0], T),
            "b": np.tile(xy[:, 1], T),
            "region": np.tile(np.arange(n), T),
            "period": np.repeat(np.arange(T), n),
            "x": rng.normal(size=n * T).round(4),
            "z": rng.exponential(size=n * T).round(4),
        }
    )
    frame["y"] = (frame["x"] * 0.3 + rng.normal(size=n * T) + np.tile(xy[:, 0] * 3, T)).round(4)
    places = {"coords_euclidean": ["a", "b"]}
    formulas = {
        "none": "y ~ x + z",
        "time": "y ~ x + z + C(period)",
        "region": "y ~ x + z + C(region)",
        "two-way": "y ~ x + z + C(region) + C(period)",
    }
    found = {}
    for effects, formula in formulas.items():
        fit = smf.ols(formula, frame).fit()
        rows = {}
        for uncond in (False, True):
            r = scpc.core.scpc(fit, frame, **places, cluster="region", uncond=uncond)
            names = list(fit.params.index)
            rows["unconditional" if uncond else "conditional"] = {
                v: r.scpcstats[names.index(v)].tolist() for v in ("x", "z")
            }
        found[effects] = rows
    return {"data": {c: frame[c].tolist() for c in frame.columns}, "fits": found}


def main() -> None:
    sys.stdout, out = sys.stderr, sys.stdout  # their parser prints
    cases = {}
    for seed, n, q in ((1, 40, 12), (2, 11, 9), (3, 230, 15)):
        rng = np.random.default_rng(seed)
        xy = np.round(rng.normal(size=(n, 2)) ** 3, 5)
        d = np.sqrt(((xy[:, None] - xy) ** 2).sum(axis=2))
        root = np.linalg.cholesky(np.exp(-d / d.max() * 4) + 1e-9 * np.eye(n))
        x = root @ rng.normal(size=n) + rng.exponential(size=n)
        frame = pd.DataFrame({"a": xy[:, 0], "b": xy[:, 1], "x": x.round(5)})
        frame["y"] = (0.5 * frame["x"] + 2 * root @ rng.normal(size=n) + 0.3 * rng.standard_t(4, n)).round(5)
        cases[f"plane {n}"] = case(frame, q, {"coords_euclidean": ["a", "b"]})
    us = pd.read_csv(sys.argv[1])[["lon", "lat", "l1929", "growth"]]
    us = us.rename(columns={"l1929": "x", "growth": "y"}).round({"lon": 6, "lat": 6, "x": 8, "y": 10})
    cases["states"] = case(us, 15, {"lon": "lon", "lat": "lat"})
    sys.stdout = out
    print(json.dumps({"spur": "0.1.1", "scpc": "0.1.2", "cases": cases, "panel": panel()}))


if __name__ == "__main__":
    main()
