"""The chain that selects a model: it finds what made the data, and says why it ends there."""

from __future__ import annotations

import numpy as np
import pytest

import spatialconv as sc
from spatialconv.models.hypotheses.diagnostics import (
    effects_tests,
    hausman,
    lm_tests,
    mundlak_test,
    reduction_tests,
    select_model,
)
from tests.terminal import plain_repr
from tests.tolerances import LOGLIK, OPTIM
from tests.unit.models.hypotheses.test_score_tests import small_panel
from tests.unit.models.test_splm import data

N, T = 49, 8


def simulated(rho=0.0, lam=0.0, theta=0.0, region=0.0, time=0.0, correlated=0.0, seed=0):
    """y = (I - rho W)^-1 (x + theta W x + effects + (I - lam W)^-1 e) on a ring of 49 regions."""
    g = np.random.default_rng(seed)
    W = sum(np.roll(np.eye(N), k, axis=1) for k in (-2, -1, 1, 2)) / 4
    mu = g.standard_normal(N)
    x = 1.5 * g.standard_normal((T, N)) + correlated * mu
    e = g.standard_normal((T, N)) @ np.linalg.inv(np.eye(N) - lam * W).T
    y = x + theta * x @ W.T + region * mu + time * g.standard_normal((T, 1)) + e
    return small_panel(y @ np.linalg.inv(np.eye(N) - rho * W).T, x[..., None], W)


@pytest.mark.parametrize(
    ("truth", "model"),
    [
        ({}, "pooled regression"),
        ({"rho": 0.5}, "SAR"),
        ({"lam": 0.6}, "SEM"),
        ({"rho": 0.5, "theta": 1.0}, "SDM"),
        ({"theta": -1.0, "seed": 4}, "SLX"),
    ],
)
def test_spatial_form(truth, model):
    panel, w = simulated(**truth)
    chosen = select_model(panel, "y", "x0", w, effects="none", level=0.01)
    assert chosen.spec.name == model, chosen.table
    assert chosen.reason
    assert chosen.fit.spec == chosen.spec


@pytest.mark.parametrize(
    ("truth", "effects"),
    [
        ({}, "none"),
        ({"region": 1.0, "correlated": 1.0}, "region"),
        ({"time": 1.0}, "time"),
        ({"region": 1.0, "time": 1.0}, "two-way"),
        ({"region": 1.0}, "random"),
    ],
)
def test_effects(truth, effects):
    panel, w = simulated(rho=0.5, **truth)
    chosen = select_model(panel, "y", "x0", w, level=0.01)
    assert chosen.spec.effects == effects, chosen.table
    assert chosen.spec.name == "SAR"


def test_slx_when_the_score_tests_see_nothing():
    """W x without dependence: the plain LM tests are blind to it, the Wald test of the lagged regressors is not."""
    panel, w = simulated(theta=-0.3, seed=4)
    chosen = select_model(panel, "y", "x0", w, effects="none")
    assert list(chosen.table["test"])[:3] == ["LM lag", "LM error", "Wald: SLX"]
    assert chosen.spec.name == "SLX"
    assert "lagged regressors matter" in chosen.reason


def test_one_of_the_score_tests_is_enough():
    panel, w = simulated(lam=0.15, seed=3)
    chosen = select_model(panel, "y", "x0", w, effects="none")
    assert list(chosen.table["answer"][:2]) == ["no", "yes"]
    assert chosen.spec.name == "SEM"


class TestTable:
    def test_every_figure_is_that_of_its_test(self):
        panel, w, y, x = data("munnell")
        chosen = select_model(panel, y, x, w)
        table = chosen.table.set_index("test")
        sdm = sc.fit_panel(panel, y, x, w, durbin=True)
        by_hand = {
            **{t.name: t for t in effects_tests(panel, y, x, w, spatial="lag", durbin=True)},
            **{t.name: t for t in lm_tests(panel, y, x, w)},
            **{t.name: t for t in reduction_tests(sdm)},
            "Mundlak": mundlak_test(sdm),
        }
        for name, row in table.iterrows():
            assert row["statistic"] == pytest.approx(by_hand[name].statistic, rel=OPTIM)
            assert row["p_value"] == pytest.approx(by_hand[name].p_value, rel=1e-4)
        assert list(table.index) == [
            "region effects", "time effects", "LM lag", "LM error", "robust LM lag", "robust LM error",
            "LR: SAR in SDM", "LR: SEM in SDM", "LR: SLX in SDM", "Mundlak",
        ]  # fmt: skip
        assert chosen.spec == sdm.spec
        assert chosen.fit.loglik == pytest.approx(sdm.loglik, rel=LOGLIK)
        assert chosen.table.index.tolist() == list(range(1, 11))

    def test_region_effects_end_in_hausman(self):
        panel, w, y, x = data("munnell")
        chosen = select_model(panel, y, x, w, effects="region")
        fixed, random = (sc.fit_panel(panel, y, x, w, durbin=True, effects=e) for e in ("region", "random"))
        last = chosen.table.iloc[-1]
        assert last["test"] == "Hausman"
        assert last["statistic"] == pytest.approx(hausman(fixed, random).statistic, rel=OPTIM)
        assert chosen.spec.effects == "region"

    def test_level_moves_the_verdict(self):
        panel, w, y, x = data("munnell")
        strict, loose = (select_model(panel, y, x, w, level=level) for level in (0.01, 0.05))
        # The common factor has p = 0.0106.
        assert (strict.spec.name, loose.spec.name) == ("SEM", "SDM")
        assert "common factor is not rejected" in strict.reason

    def test_one_period(self):
        panel, w, y, x = data("munnell")
        chosen = select_model(panel.subset(periods=[1986]), y, x, w)
        assert chosen.spec.effects == "none"
        assert chosen.fit.n_periods == 1

    def test_result(self):
        panel, w = simulated(rho=0.5)
        chosen = select_model(panel, "y", "x0", w, effects="none")
        assert plain_repr(chosen).splitlines() == [
            f"Model selection for y: SAR with no effects, after {len(chosen.table)} tests at level 0.05",
            "  SAR: W x adds nothing to intercept, x0 and the robust LM tests point to the lag",
            plain_repr(chosen).splitlines()[2],
        ]
        assert chosen.glance().loc[0, "model"] == "SAR"
        assert len(chosen.tidy()) == len(chosen.table)
        assert chosen.to_dict()["provenance"]["options"]["level"] == 0.05
        assert "<table" in chosen._repr_html_()

    @pytest.mark.parametrize(
        ("options", "message"),
        [({"effects": "random"}, "effects must be one of 'auto'"), ({"level": 5}, "level must lie strictly between")],
    )
    def test_bad(self, options, message):
        panel, w = simulated()
        with pytest.raises(sc.errors.OptionError, match=message):
            select_model(panel, "y", "x0", w, **options)
