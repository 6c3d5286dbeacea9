"""Weighted centre and standard deviational ellipses by pointpats 2.5.5: `python script.py > reference.json`.

Points in a plane, drawn so that axes, angles and weights differ; the last case has n > 200.
"""

from __future__ import annotations

import json

import numpy as np
from pointpats.centrography import ellipse, weighted_mean_center

cases = []
for seed, n in ((0, 11), (1, 30), (2, 30), (3, 250)):
    rng = np.random.default_rng(seed)
    turn = rng.normal(size=(2, 2)) * 40_000
    xy = np.round(rng.normal(size=(n, 2)) @ turn + (500_000, 3_000_000), 3)
    weight = np.round(rng.lognormal(size=n), 6)
    found = {
        "arcgis": ellipse(xy, weight, "yuill", crimestatCorr=True, degfreedCorr=False),
        "yuill": ellipse(xy, weight, "yuill", crimestatCorr=False, degfreedCorr=False),
    }
    cases.append(
        {
            "xy": xy.tolist(),
            "weight": weight.tolist(),
            "centre": np.asarray(weighted_mean_center(xy, weight)).ravel().tolist(),
            **{name: [float(v) for v in values] for name, values in found.items()},
        }
    )
print(json.dumps({"pointpats": "2.5.5", "cases": cases}))
