"""Run convergence-clubs (PyPI, GPL: in an environment of its own) on the panels and write peer.json.

python -m venv peer && peer/bin/pip install convergence-clubs && peer/bin/python peer_script.py
"""

import json
import warnings
from importlib.metadata import version
from pathlib import Path

import convergence_clubs as peer
import pandas as pd
from peer_panels import panels

SETTINGS = {
    "r_fixed_0": {"cstar": 0.0, "cstar_method": "fixed"},
    "r_fixed_1": {"cstar": 1.0, "cstar_method": "fixed"},
    "r_incremental": {"cstar": 0.0, "cstar_method": "incremental"},
    "r_incremental_aqsb": {"cstar": 0.0, "cstar_method": "incremental", "hac_method": "AQSB"},
    "r_incremental_max_t": {"cstar": 0.0, "cstar_method": "incremental", "core_rule": "max_t"},
    "stata": {"convention": "Stata"},
    "stata_sort_third": {"convention": "Stata", "sort_fraction": 1 / 3},
}


def shown(found):
    clubs = [
        {"ids": sorted(map(int, c.ids)), "b": c.model.beta, "se": c.model.std_err, "t": c.model.t_value}
        for c in found.clubs
    ]
    return {"clubs": clubs, "divergent": sorted(map(int, found.divergent_ids))}


def run(x, setting):
    found = peer.find_clubs(pd.DataFrame(x.T), **setting)
    out = {"find": shown(found)}
    for method in ("PS", "vLT") if len(found.clubs) else ():
        out[method] = shown(peer.merge_clubs(found, method))
        if len(found.divergent_ids):
            out[f"{method}_divergent"] = shown(peer.merge_clubs(found, method, merge_divergent=True))
            joint = peer.merge_clubs(found, method, merge_divergent=True, joint_first=True)
            out[f"{method}_divergent_joint"] = shown(joint)
    return out


warnings.simplefilter("ignore")
results = {str(i): {name: run(x, setting) for name, setting in SETTINGS.items()} for i, x in panels()}
versions = {name: version(name) for name in ("convergence-clubs", "numpy", "pandas")}
sums = {str(i): float(x.sum()) for i, x in panels()}
Path("peer.json").write_text(json.dumps({"versions": versions, "sums": sums, "panels": results}) + "\n")
