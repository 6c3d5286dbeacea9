"""Spatial panel models and their tests: region or two-way effects, one regressor, errors of every law."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import spatialconv as sc
from tests.simulation.sizes.entry import USED, Draw, Entry, Sample, covers, each
from tests.simulation.worlds import BETA, FloatArray, effects, regressor

RHO = 0.4


def drawn(sample: Sample, kind: str, rho: float = 0.0, lam: float = 0.0) -> sc.Panel:
    """Draw y = rho W y + 0.5 x + effects + u, u = lam W u + e."""
    own = effects(sample.rng, kind, sample.T, sample.n)
    x = regressor(sample.rng, own) if kind != "random" else sample.rng.standard_normal((sample.T, sample.n))
    u = sample.world.solve(lam, sample.errors(sample.T, sample.n))
    return sample.panel(y=sample.world.solve(rho, BETA * x + own.sum + u), x=x)


def fitted(sample: Sample, panel: sc.Panel, kind: str, **options: Any) -> Any:
    """Fit a model with the sample's weights."""
    return sc.fit_panel(panel, "y", "x", sample.world.graph, effects=kind, **options)  # type: ignore[arg-type]


def coefficients(kind: str, spatial: str) -> Draw:
    """Cover the coefficient and the spatial parameter."""
    name = {"lag": "rho", "error": "lambda"}[spatial]

    @each
    def draw(sample: Sample) -> dict[str, float]:
        rho, lam = (RHO, 0.0) if spatial == "lag" else (0.0, RHO)
        ends = fitted(sample, drawn(sample, kind, rho, lam), kind, spatial=spatial).conf_int()
        return {
            "the interval of a coefficient": covers(*ends.loc["x"], BETA),
            f"the interval of {name}": covers(*ends.loc[name], RHO),
        }

    return draw


def multipliers(sample: Sample) -> tuple[float, float]:
    """Return the true average direct and total effect."""
    S = np.linalg.inv(np.eye(sample.n) - RHO * sample.world.dense)
    return BETA * float(np.diag(S).mean()), BETA * float(S.sum(axis=1).mean())


@each
def impacts(sample: Sample) -> dict[str, float]:
    """Cover direct, indirect and total effects."""
    found = fitted(sample, drawn(sample, "two-way", RHO), "two-way").impacts()
    direct, total = multipliers(sample)
    truth = {"direct": direct, "indirect": total - direct, "total": total}
    table = found.table.set_index("effect")
    return {
        f"the interval of the {name} effect": covers(table.loc[name, "conf_low"], table.loc[name, "conf_high"], value)
        for name, value in truth.items()
    }


def tests(of: Callable[[Sample], Mapping[str, Any]]) -> Draw:
    """Draw p-values of tests."""

    @each
    def draw(sample: Sample) -> dict[str, float]:
        return {name: test.p_value for name, test in of(sample).items()}

    return draw


def table_of(function: Callable[..., Any], names: tuple[str, ...], kind: str, of: str = "", **options: Any) -> Draw:
    """Draw p-values of a table of tests where there is nothing to find."""

    def found(sample: Sample) -> dict[str, Any]:
        table = function(drawn(sample, of or kind), "y", "x", sample.world.graph, **options)
        return {name: table[name] for name in names}

    return tests(found)


def wald(sample: Sample) -> dict[str, Any]:
    """Test that rho is zero."""
    return {"rho = 0": sc.wald_test(fitted(sample, drawn(sample, "two-way"), "two-way"), "rho")}


def ratio(sample: Sample) -> dict[str, Any]:
    """Test the lag model in the Durbin model."""
    panel = drawn(sample, "two-way", RHO)
    return {"SAR in SDM": sc.lr_test(*(fitted(sample, panel, "two-way", durbin=d) for d in (False, True)))}


def factor(sample: Sample) -> dict[str, Any]:
    """Test the error model in the Durbin model."""
    panel = drawn(sample, "two-way", 0.0, RHO)
    return {"SEM in SDM": sc.common_factor_test(fitted(sample, panel, "two-way", durbin=True))}


def specification(sample: Sample) -> dict[str, Any]:
    """Test random against fixed effects where the effects are random, by Hausman."""
    panel = drawn(sample, "random", RHO)
    return {"p": sc.hausman(*(fitted(sample, panel, e) for e in ("region", "random")))}


def mundlak(sample: Sample) -> dict[str, Any]:
    """Test the same by Mundlak."""
    return {"p": sc.mundlak_test(fitted(sample, drawn(sample, "random", RHO), "region"))}


def dependence(sample: Sample) -> dict[str, Any]:
    """Test residuals under region effects for dependence between regions."""
    return {"p": sc.pesaran_cd(sc.fit_panel(drawn(sample, "region"), "y", "x", spatial="none", effects="region"))}


@each
def residuals(sample: Sample) -> dict[str, float]:
    """Test residuals of a period under two-way effects."""
    fit = sc.fit_panel(drawn(sample, "two-way"), "y", "x", spatial="none", effects="two-way")
    return {"p of a period": float(sc.residual_moran(fit, sample.world.graph).table["p"].iloc[-1])}


def under_null(sample: Sample) -> FloatArray:
    """Return p of the bootstrapped score tests where there is no space."""
    fit = sc.fit_panel(drawn(sample, "region"), "y", "x", sample.world.graph, spatial="none", effects="region")
    return np.asarray(sc.monte_carlo(fit, draws=99, seed=sample.rng).table["p_monte_carlo"])


def instruments(spatial: str, vcov: str) -> Draw:
    """Test instruments that are valid and strong, and cover what they identify."""

    @each
    def draw(sample: Sample) -> dict[str, float]:
        own = effects(sample.rng, "region", sample.T, sample.n)
        options: Any = {"spatial": spatial, "effects": "region", "estimator": "gmm", "vcov": vcov}
        if spatial == "lag":
            panel = drawn(sample, "region", RHO)
            found = sc.fit_panel(panel, "y", "x", sample.neighbours, **options).instrument_tests()
            name, truth = "rho", RHO
        else:
            z = sample.rng.standard_normal((2, sample.T, sample.n))
            e, v = sample.errors(sample.T, sample.n), sample.rng.standard_normal((sample.T, sample.n))
            x = z.sum(axis=0) + 0.7 * e + v
            panel = sample.panel(y=BETA * x + own.sum + e, x=x, one=z[0], other=z[1])
            options |= {"endog": "x", "instruments": ("one", "other")}
            found = sc.fit_panel(panel, "y", (), **options).instrument_tests()
            name, truth = "x", BETA
        pieces = found.sets[name]
        half = 1.959964 * found.std_errors[name]
        return {
            "J": float(found.overidentified["p_value"]),
            f"the Anderson-Rubin set of {name}": float("nan")
            if pieces is None
            else float(any(low <= truth <= high for low, high in pieces)),
            f"the interval of {name} by two stages": float(abs(found.estimates[name] - truth) <= half),
        }

    return draw


LM = ("LM lag", "LM error", "robust LM lag", "robust LM error", "LM lag and error")
INSTRUMENTED = (("none", "x", "information"), ("none", "x", "cluster"), ("lag", "rho", "information"))
SHORT, LONGER = (4,), (4, 10)


def _sized(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, "size")


ENTRIES = (
    *(
        Entry("fit_panel", dict.fromkeys(("the interval of a coefficient", f"the interval of {name}"), "coverage"),
              coefficients(kind, spatial), 2000, f"effects={kind}; spatial={spatial}; correction=auto; estimator=ml; "
              "vcov=information; dynamic=none", periods=LONGER)
        for kind in ("two-way", "region") for spatial, name in (("lag", "rho"), ("error", "lambda"))
    ),
    Entry("impacts", {f"the interval of the {name} effect": "coverage" for name in ("direct", "indirect", "total")},
          impacts, 1000, "kind=static; inference=delta; spatial=lag", periods=SHORT),
    Entry("lm_tests", _sized(*LM), table_of(sc.lm_tests, LM, "two-way", effects="two-way"), 2000, "effects=two-way",
          periods=LONGER),
    Entry("lm_tests", _sized(*LM), table_of(sc.lm_tests, LM, "none", effects="none"), 2000, "effects=none",
          periods=SHORT),
    *(
        Entry("instrument_tests",
              {"J": "size", f"the Anderson-Rubin set of {name}": "coverage",
               f"the interval of {name} by two stages": "coverage"},
              instruments(spatial, vcov), 500, f"vcov={vcov}; spatial={spatial}; effects=region", pairs=USED,
              laws=("normal", "lognormal"), public=("fit_panel.instrument_tests",))
        for spatial, name, vcov in INSTRUMENTED
    ),
    Entry("wald_test", _sized("rho = 0"), tests(wald), 2000, periods=SHORT),
    Entry("lr_test", _sized("SAR in SDM"), tests(ratio), 2000, periods=SHORT),
    Entry("common_factor_test", _sized("SEM in SDM"), tests(factor), 2000, periods=SHORT),
    Entry("hausman", _sized("p"), tests(specification), 2000, periods=SHORT),
    Entry("mundlak_test", _sized("p"), tests(mundlak), 2000, periods=SHORT),
    Entry("pesaran_cd", _sized("p"), tests(dependence), 2000, periods=LONGER),
    Entry("residual_moran", _sized("p of a period"), residuals, 2000, periods=SHORT),
)  # fmt: skip
