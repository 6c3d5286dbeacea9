"""The study of small samples: its fits are those of the package, its figures those of the code."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv.models.small_samples.refits import imposed_world
from tests.simulation import hausman_sizes, nested
from tests.simulation import small_samples as study
from tests.simulation.small_samples_report import figure, text
from tests.simulation.worlds import world
from tests.tolerances import OPTIM


@pytest.mark.parametrize("kind", study.KINDS)
@pytest.mark.parametrize("lee_yu", [False, True])
@pytest.mark.parametrize("value", [0.0, -0.2])
def test_fits_and_worlds_are_those_of_the_package(kind, lee_yu, value):
    """Estimates, standard errors, and the world with beta imposed, panel by panel."""
    if kind == "none" and lee_yu:
        pytest.skip("no effects, nothing to transform")
    case = study.Case(kind=kind, lee_yu=lee_yu, errors="skewed", rho=0.4, beta=-0.1, spread=0.5)
    sample = study.draw(case, 3, np.random.default_rng(1))
    fits, worlds = study.fitted(case, sample), study.imposed(case, sample, value, "given")
    for k in range(3):
        correction = "lee-yu" if lee_yu else "none"
        b = sc.beta(
            nested.as_panel(case, sample, k),
            "v",
            world(case.n).graph,
            spatial="lag",
            effects=kind,
            correction=correction,
        )
        got = [fits.beta[k], fits.rho[k], fits.se_beta[k], fits.se_rho[k]]
        np.testing.assert_allclose(got, [b.beta, b.rho, b.std_errors["log_initial"], b.std_errors["rho"]], rtol=OPTIM)
        there = imposed_world(b.fit, "log_initial", value)
        assert worlds.rho[k] == pytest.approx(there.rho, abs=OPTIM)
        np.testing.assert_allclose(worlds.residuals[..., k].std(), there.pool.rescaled.std(), rtol=0.05)
        if kind in ("region", "two-way"):
            np.testing.assert_allclose(worlds.effect[..., k], there.effect, atol=1e-5)


def test_a_toy_study_prints_and_draws(tmp_path, monkeypatch):
    cases = [study.Case(kind=k, lee_yu=ly) for k, ly in (("none", False), ("time", True), ("two-way", False))]
    monkeypatch.setattr(study, "grid", lambda: iter(cases))
    main = pd.DataFrame([study._summary(c, 60, 1) for c in cases])
    drifts = pd.DataFrame([study._drift(c, 60, 1) for c in list(study.spreads())[:2]])
    smallest = study.detectable(cases[1], 60, 1, "wild")
    power = pd.DataFrame([{"n": 11, "T": 4, "effects": "time", "bootstrap": "wild", "smallest |beta|": smallest}])
    draw_for_draw = pd.DataFrame([nested.rates(study.Case(kind=kind, beta=-0.1), 3, 1) for kind in ("time", "region")])
    hausman = pd.DataFrame([hausman_sizes.rejections(hausman_sizes.Design(11, 4, 0.4, "skewed"), 20, 1)])
    each = pd.DataFrame([nested.conditional(study.Case(kind=k), 4, 1) for k in ("none", "two-way")])
    parts = {
        "conditional": each,
        "main": main,
        "drifts": drifts,
        "power": power,
        "nested": draw_for_draw,
        "hausman": hausman,
    }
    words = text(parts, 60, 1)
    assert "| 11 x 4 | time | Lee-Yu |" in words
    assert words.count("inside: share of cells") == 4
    assert "| region | -0.1 |" in words
    assert "| 11 x 4 | two-way | direct |" in words.split("## A bootstrap for each panel")[1]
    assert "| 11 x 4 | skewed |" in words
    figure(main, each, tmp_path / "small.png")
    assert (tmp_path / "small.png").stat().st_size > 5_000


def test_one_seed_one_result_and_blocks_of_their_own(monkeypatch):
    case = study.Case(kind="region")
    monkeypatch.setattr(study, "BLOCK", 30)
    few, many, other = (study.replications(case, draws, seed) for draws, seed in ((60, 5), (90, 5), (60, 6)))
    for name in few:
        np.testing.assert_array_equal(few[name], many[name][:60])
        assert not np.array_equal(few[name], other[name])


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", [study.Case(kind="time", lee_yu=True, rho=-1.0), study.Case(kind="two-way", beta=-0.1)]
)
def test_stored_figures_are_those_of_the_code(case):
    row = study._summary(case, 5000, 1)
    lines = study.TABLE.read_text(encoding="utf-8").split("## Every cell")[1].splitlines()
    head = [cell.strip() for cell in lines[2].strip("|").split("|")]
    table = pd.DataFrame([[c.strip() for c in line.strip("|").split("|")] for line in lines[4:] if line], columns=head)
    approach = "Lee-Yu" if case.lee_yu else "direct"
    keep = (table.n == "11") & (table.effects == case.kind) & (table.approach == approach) & (table.errors == "normal")
    keep &= (table.rho.astype(float) == case.rho) & (table.beta.astype(float) == case.beta)
    stored = table[keep].iloc[0]
    for name, value in row.items():
        if "," in name:
            assert float(stored[name]) == pytest.approx(value, abs=0.05), name
