"""Newey-West standard errors of a trend by statsmodels, for tests/unit/test_sigma.py. Run: python script.py."""

import json
from pathlib import Path

import numpy as np
import statsmodels
import statsmodels.api as sm

HERE = Path(__file__).parent
dispersion = json.loads((HERE.parent / "reat" / "reference.json").read_text())["sigmaconv_trend"]["sd_log_sample"]
series = dispersion["series"]
years = np.array([int(t) for t in series], dtype=float)
values = np.array(list(series.values()))

out = {"meta": {"statsmodels": statsmodels.__version__, "numpy": np.__version__}, "cases": []}
for count in (5, 20, 81):
    for lags in (0, 2, 3, 4):
        y, x = values[:count], sm.add_constant(years[:count] - years[0])
        fit = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}, use_t=True)
        low, high = fit.conf_int()[1]
        out["cases"].append(
            {
                "periods": count,
                "lags": lags,
                "slope": fit.params[1],
                "std_error": fit.bse[1],
                "t": fit.tvalues[1],
                "p": fit.pvalues[1],
                "conf_low": low,
                "conf_high": high,
            }
        )
(HERE / "reference.json").write_text(json.dumps(out, indent=1) + "\n")
