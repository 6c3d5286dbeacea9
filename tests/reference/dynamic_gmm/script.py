"""Difference and system GMM by pydynpd 0.2.2 (MIT) on panel.csv: python script.py > pydynpd.json

It needs numpy below 2.4, where np.in1d still is.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json

import pandas as pd
from pydynpd import regression

frame = pd.read_csv("panel.csv")
found = {}
for system, collapse, dummies, most, steps in itertools.product((0, 1), (0, 1), (0, 1), (None, 3), (1, 2)):
    words = [
        "" if system else "nolevel",
        "collapse" if collapse else "",
        "timedumm" if dummies else "",
        "onestep" if steps == 1 else "",
    ]
    command = f"y L1.y x | gmm(y, 2:{most or '.'}) iv(x) | {' '.join(words)}"
    with contextlib.redirect_stdout(io.StringIO()):
        model = regression.abond(command, frame.copy(), ["region", "year"]).models[0]
    step = model.step_results[steps - 1]
    found[f"{system} {collapse} {dummies} {most} {steps}"] = {
        "params": step.beta.ravel()[:2].tolist(),
        "se": step.std_err[:2].tolist(),
        "hansen": model.hansen.test_value,
        "df": int(model.hansen.df),
        "ar": [a.AR for a in model.AR_list],
    }
print(json.dumps(found))
