"""GeoDa's engine on incomes of 48 US states: `python script.py us.shp > reference.json` (pygeoda 0.1.3)."""

import json
import sys

import pygeoda

data = pygeoda.open(sys.argv[1])
w = pygeoda.rook_weights(data)
queen = pygeoda.queen_weights(data)
knn = pygeoda.knn_weights(data, 4)
found = {"states": list(data["state"]), "version": "pygeoda 0.1.3"}
for name, held in (("rook", w), ("queen", queen)):
    found[name] = [list(held.get_neighbors(i)) for i in range(data.num_obs)]
found["knn4"] = [list(knn.get_neighbors(i)) for i in range(data.num_obs)]
for period in ("y1929", "y2009"):
    y = list(data[period])
    moran = pygeoda.local_moran(w, y, permutations=99999, seed=7)
    star, plain = (f(w, y, permutations=99999, seed=7) for f in (pygeoda.local_gstar, pygeoda.local_g))
    geary = pygeoda.local_geary(w, y, permutations=999, seed=7)
    found[period] = {
        "y": y,
        "local_moran": list(moran.lisa_values()), "local_moran_p": list(moran.lisa_pvalues()),
        "clusters": list(moran.lisa_clusters()), "labels": list(moran.lisa_labels()),
        "local_g": list(plain.lisa_values()), "local_gstar": list(star.lisa_values()),
        "local_gstar_p": list(star.lisa_pvalues()), "local_geary": list(geary.lisa_values()),
        "natural_breaks_5": list(pygeoda.natural_breaks(5, y)),
        "quantile_breaks_5": list(pygeoda.quantile_breaks(5, y)),
    }  # fmt: skip
json.dump(found, sys.stdout, indent=0)
