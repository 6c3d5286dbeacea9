"""The simulations: the same figures however they are run, the engine's own fits, and what their table says."""

from __future__ import annotations

import re

import numpy as np
import pytest

import spatialconv as sc
from spatialconv.models.hypotheses.diagnostics import durbin_score, lm_tests
from tests.simulation import estimates, estimators, true_nulls
from tests.simulation.__main__ import RESULTS, STUDIES, main, stored
from tests.simulation.running import BLOCK, Cell, Each, Study, grid, run
from tests.simulation.summaries import Share, size, summarise, words
from tests.simulation.worlds import BETA, SIZES, dynamic_sample, lag_sample, panel, world
from tests.tolerances import OPTIM, REFERENCE

SMALL, MIDDLE = SIZES[0], SIZES[1]


def study(name: str, *, keep=lambda cell: True, share: float = 1.0) -> Study:
    """One of the studies with some of its cells."""
    from dataclasses import replace

    whole = STUDIES[name]
    return replace(whole, cells=tuple(cell for cell in whole.cells if keep(cell)), share=share)


def only(n: int, **options):
    return lambda cell: cell.n == n and all(cell[k] == v for k, v in options.items())


# ------------------------------------------------------------------ running


def noise(cell: Cell, generator: np.random.Generator) -> np.ndarray:
    return generator.standard_normal(2) + cell["shift"]


NOISE = Study("noise", "Noise", grid("noise", (SMALL, MIDDLE), shift=(0, 5)), Each(noise), lambda _: "")


def test_grid_runs_over_sizes_and_options():
    cells = grid("s", [(11, 4), (30, 8)], a=(1, 2), b=("x",))
    assert [(c.n, c.T, c["a"], c["b"]) for c in cells] == [
        (11, 4, 1, "x"),
        (11, 4, 2, "x"),
        (30, 8, 1, "x"),
        (30, 8, 2, "x"),
    ]
    assert len({c.key for c in cells}) == 4
    assert cells[0].size == "11 x 4"


def test_a_sample_depends_on_its_seed_cell_and_number_only():
    whole = run([NOISE], draws=BLOCK + 5, seed=3)
    few = run([Study("noise", "Noise", NOISE.cells[1:2], NOISE.draw, NOISE.tell)], draws=7, seed=3)
    cell = NOISE.cells[1]
    assert whole[cell].shape == (BLOCK + 5, 2)
    np.testing.assert_array_equal(few[cell], whole[cell][:7])
    every = np.concatenate([whole[c] - c["shift"] for c in NOISE.cells])
    assert len(np.unique(every)) == every.size
    assert not np.array_equal(run([NOISE], draws=7, seed=4)[cell], few[cell])


def test_a_study_may_take_a_share_of_the_draws():
    half = Study("noise", "Noise", NOISE.cells[:1], NOISE.draw, NOISE.tell, share=0.5)
    assert len(run([half], draws=20, seed=0)[NOISE.cells[0]]) == 10


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lag", "dynamic-error", "scores"])
def test_figures_are_the_same_for_any_number_of_jobs(name):
    part = study(name, keep=only(SMALL[0]))
    one, two = (run([part], draws=2 * BLOCK + 3, seed=5, jobs=jobs) for jobs in (1, 2))
    assert one.keys() == two.keys()
    for cell in one:
        np.testing.assert_array_equal(one[cell], two[cell])


# ------------------------------------------------------------------ summaries


def test_summary_of_estimates_by_hand():
    values = np.array([[1.0, 1.0], [4.0, 1.0], [2.0, np.nan], [3.0, 0.9]])
    found = summarise(values, truth=1.5)
    assert (found.bias, found.draws, found.without) == (1.0, 4, 0.25)
    assert found.sd == pytest.approx(np.std([1, 4, 2, 3], ddof=1))
    assert found.bias_error == pytest.approx(found.sd / 2)
    assert found.mean_se == pytest.approx(2.9 / 3)
    # |1 - 1.5| < 1.96, |4 - 1.5| > 1.96, |3 - 1.5| < 1.76; the third has no interval.
    assert (found.coverage.value, found.coverage.draws) == (pytest.approx(2 / 3), 3)


def test_shares_and_their_verdicts():
    p = np.r_[np.full(10, 0.01), np.full(90, 0.5), np.nan]
    found = size(p)
    assert (found.value, found.draws) == (0.1, 100)
    assert found.expected_error == pytest.approx(np.sqrt(0.05 * 0.95 / 100))
    assert found.verdict == 0
    assert size(np.tile(p, 4)).verdict == 1
    assert size(np.full(400, 0.5)).verdict == -1
    assert size(np.full(400, 0.5)).error > 0
    assert str(size(np.tile(p, 4))).startswith("**10.0 ± ")
    assert str(size(np.full(5, np.nan))) == ""


def test_several_p_values_of_a_sample_count_as_their_average():
    p = np.array([[0.01, 0.5], [0.5, 0.5], [0.01, 0.01], [np.nan, 0.01]])
    found = size(p)
    assert (found.value, found.draws) == (np.mean([0.5, 0, 1, 1]), 4)
    assert found.error == pytest.approx(np.std([0.5, 0, 1, 1], ddof=1) / 2)
    padded = np.column_stack([p[:, 1], np.full((4, 2), np.nan)])
    assert size(padded) == size(p[:, 1])


def test_words_name_what_keeps_to_its_size_and_what_does_not():
    good, often, rarely = (Share(v, 0.01, 1000, 0.05, 0.007) for v in (0.05, 0.2, 0.0))
    said = words(
        {("a", "11 x 4"): good, ("b", "11 x 4"): often, ("b", "30 x 8"): rarely}, above="Often", below="Rarely"
    )
    assert said.split("\n\n") == [
        "Within 3 Monte Carlo errors of the nominal 5 % in every sample: a.",
        "Often: b (20.0 at 11 x 4).",
        "Rarely: b (0.0 at 30 x 8).",
    ]


# ------------------------------------------------------------------ the fits are the engine's


@pytest.mark.parametrize("approach", ["none", "lee-yu"])
@pytest.mark.parametrize("effects", ["region", "time", "two-way"])
def test_lag_fits_are_those_of_fit_panel(effects, approach):
    there, rng = world(11), np.random.default_rng(0)
    samples = [lag_sample(there, rng, 4, effects, 0.4) for _ in range(5)]
    for fit, (y, x) in zip(
        estimators.lag_models(there, samples, effects, lee_yu=approach == "lee-yu"), samples, strict=True
    ):
        public = sc.fit_panel(panel(there, y, x), "y", "x", there.graph, effects=effects, correction=approach)
        np.testing.assert_allclose(fit.values, public.params, rtol=REFERENCE)
        np.testing.assert_allclose(fit.std_errors, public.std_errors, rtol=1e-8)
        table = public.impacts().table[["estimate", "std_error"]]
        np.testing.assert_allclose(estimators.average_effects(there, fit, 0), table, rtol=1e-8)


@pytest.mark.parametrize("spatial", ["lag", "error"])
@pytest.mark.parametrize("effects", ["region", "two-way"])
def test_dynamic_fits_are_those_of_fit_panel(effects, spatial):
    there, rng = world(30), np.random.default_rng(1)
    y, x = dynamic_sample(there, rng, 6, effects, estimates.DYNAMICS[spatial])
    past = "both" if spatial == "lag" else "y"
    for fit, correction in zip(
        estimators.dynamic_model(there, y, x, effects, spatial), ("none", "lee-yu"), strict=True
    ):
        public = sc.fit_panel(
            panel(there, y, x), "y", "x", there.graph, spatial=spatial, effects=effects, dynamic=past,
            correction=correction,
        )  # fmt: skip
        np.testing.assert_allclose(fit.values, public.params, rtol=OPTIM)
        np.testing.assert_allclose(fit.std_errors, public.std_errors, rtol=OPTIM)
        assert fit.corrected == (correction == "lee-yu")


def test_what_cannot_be_corrected_stays_direct_in_both():
    there, rng = world(11), np.random.default_rng(2)
    for _ in range(200):
        y, x = dynamic_sample(there, rng, 4, "region", estimates.DYNAMICS["lag"])
        plain, corrected = estimators.dynamic_model(there, y, x, "region", "lag")
        if not corrected.corrected:
            break
    fit, direct = (
        sc.fit_panel(panel(there, y, x), "y", "x", there.graph, effects="region", dynamic="both", correction=c)
        for c in ("auto", "none")
    )
    assert fit.correction == "none"
    assert any("no bias correction" in note for note in fit.notes)
    np.testing.assert_array_equal(fit.params, direct.params)
    np.testing.assert_allclose(corrected.values, direct.params, rtol=OPTIM)
    np.testing.assert_array_equal(corrected.values, plain.values)


@pytest.mark.parametrize("effects", ["none", "region", "two-way"])
def test_score_p_values_are_those_of_the_public_tests(effects):
    there, rng = world(30), np.random.default_rng(3)
    y, x = lag_sample(there, rng, 8, effects, 0.2)
    second = rng.standard_normal(x.shape)
    data = panel(there, y, x).assign(z=second.ravel())
    for correction in ("none",) if effects == "none" else ("lee-yu", "none"):
        ours = true_nulls.score_p(there, y, np.stack([x, second], axis=2), effects, lee_yu=correction == "lee-yu")
        options = {"effects": effects, "correction": correction}
        lm, durbin = (f(data, "y", ["x", "z"], there.graph, **options) for f in (lm_tests, durbin_score))
        theirs = [lm[n].p_value for n in true_nulls.SCORES[:5]] + [durbin[n].p_value for n in true_nulls.SCORES[5:]]
        np.testing.assert_allclose(ours, theirs, rtol=1e-8)


def test_samples_are_of_the_model_that_is_fitted():
    """Errors recovered from a long sample are standard normal and uncorrelated with the regressor."""
    there, rng = world(30), np.random.default_rng(4)
    y, x = lag_sample(there, rng, 400, "none", 0.4, theta=0.3, lam=-0.2)
    u = y - 0.4 * y @ there.dense.T - BETA * x - 0.3 * x @ there.dense.T
    e = u + 0.2 * u @ there.dense.T
    assert abs(e.std() - 1) < 4 / np.sqrt(2 * e.size)
    assert abs((e * x).mean() / x.std()) < 4 / np.sqrt(e.size)
    assert abs((e * (e @ there.dense.T)).mean()) < 4 * np.sqrt((there.dense**2).sum() / there.n / e.size)


# ------------------------------------------------------------------ the document


def test_command_prints_tables(capsys):
    main(["--draws", "8", "--only", "scores", "dynamic-error"])
    printed = capsys.readouterr().out
    assert "## Score tests\n\n4 samples a cell." in printed
    assert "| LM lag | " in printed
    assert "True values: tau = 0.4, beta = 0.5, lambda = 0.4." in printed


@pytest.mark.parametrize("name", [name for name in STUDIES if name not in ("scores", "dynamic-error")])
def test_every_study_runs(name):
    part = study(name, keep=lambda cell: cell.n == SMALL[0], share=1.0)
    text = part.tell(run([part], draws=3, seed=0))
    assert "| " in text
    assert "nan" not in text


def test_stored_parts_are_read_back_as_written():
    text = RESULTS.read_text(encoding="utf-8")
    parts = stored(text)
    assert list(parts) == list(STUDIES)
    assert text.endswith("\n".join(parts.values()))


def cells_of(part: str, first: str, second: str = "") -> list[str]:
    """The cells of the first row of a stored table that starts so."""
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("|")]
    return next(row for row in rows if row[0] == first and (not second or row[1] == second))


def number(cell: str) -> float:
    return float(re.match(r"\**([+-]?[\d.]+)", cell)[1])


def figures(name: str, column: str, *, size: str = "", row: str = "", heading: str = "") -> np.ndarray:
    """Figures of a stored part: rows of a sample and model (or a test), of tables under headings that match."""
    found, header, under = [], [], ""
    for line in stored(RESULTS.read_text(encoding="utf-8"))[name].splitlines():
        cells = line.strip("| ").split(" | ")
        if line.startswith("###"):
            under = line
        elif line.startswith(("| n x T", "| test")):
            header = cells
        elif line.startswith("| ") and not line.startswith("| ---") and re.search(heading, under):
            label = cells[0] if header[0] == "test" else cells[1]
            if re.search(row, label) and (header[0] == "test" or re.fullmatch(size or ".*", cells[0])):
                found.append(number(cells[header.index(column)]))
    assert found
    return np.array(found)


LARGE = "48 x 17|200 x 10"
FROM_30 = f"30 x 8|{LARGE}"


@pytest.mark.parametrize(
    ("low", "high", "name", "column", "where"),
    [
        (93, 94, "lag", "covers rho", {"size": "11 x 4", "row": "Lee-Yu"}),
        (93, 94, "lag", "covers beta", {"size": "11 x 4", "row": "Lee-Yu"}),
        (94, 96, "lag", "covers rho", {"size": FROM_30, "row": "Lee-Yu"}),
        (94, 96, "lag", "covers beta", {"size": FROM_30, "row": "Lee-Yu"}),
        (83, 85, "lag", "covers indirect", {"size": "11 x 4", "row": "Lee-Yu", "heading": "0.4"}),
        (92, 92, "lag", "covers indirect", {"size": "30 x 8", "row": "Lee-Yu", "heading": "0.4"}),
        (94, 96, "lag", "covers indirect", {"size": LARGE, "row": "Lee-Yu", "heading": "0.4"}),
        (61, 65, "lag", "covers rho", {"size": "11 x 4", "row": "(time|way), direct", "heading": "0.4"}),
        (76, 77, "lag", "covers rho", {"size": "48 x 17", "row": "(time|way), direct", "heading": "0.4"}),
        (76, 81, "covariances", "covers beta: information", {"row": "unequal"}),
        (95, 97, "covariances", "covers beta: robust", {"size": LARGE, "row": "unequal"}),
        (93, 97, "covariances", "covers beta: cluster", {"row": "persistent"}),
        (86, 86, "covariances", "covers rho: cluster", {"size": "11 x 4", "row": "persistent"}),
        (0, 46, "dynamic-lag", "covers tau", {"row": "uncorrected"}),
        (77, 80, "dynamic-(lag|error)", "covers tau", {"size": "11 x 4", "row": ", corrected"}),
        (89, 92, "dynamic-(lag|error)", "covers tau", {"size": "30 x 8", "row": ", corrected"}),
        (93, 95, "dynamic-(lag|error)", "covers tau", {"size": "48 x 17", "row": ", corrected"}),
        (87, 92, "dynamic-(lag|error)", "covers tau", {"size": "200 x 10", "row": ", corrected"}),
        (3, 7, "scores", "11 x 4", {"heading": "Lee and Yu"}),
        (4, 7, "scores", "48 x 17", {"heading": "Lee and Yu"}),
        (5, 7, "between", "11 x 4", {"row": "LR.*Lee-Yu"}),
        (7, 9, "between", "11 x 4", {"row": "Wald.*Lee-Yu"}),
        (16, 28, "between", "11 x 4", {"row": "direct"}),
        (20, 20, "hausman", "11 x 4", {"row": "plain"}),
        (8, 8, "hausman", "11 x 4", {"row": "Mundlak"}),
        (16, 16, "effects", "11 x 4", {"row": "F: time"}),
        (11, 11, "effects", "30 x 8", {"row": "F: time"}),
        (20, 34, "effects", "11 x 4", {"row": "LR"}),
        (8, 14, "effects", "200 x 10", {"row": "LR"}),
        (8, 8, "residuals", "11 x 4", {"row": "two-way"}),
    ],
)
def test_what_the_readme_says_of_the_table(low, high, name, column, where):
    """Rounded to whole per cent, as README rounds, no figure lies outside what is said."""
    found = np.concatenate([figures(n, column, **where) for n in STUDIES if re.fullmatch(name, n)])
    assert (found >= low - 0.5).all(), found
    assert (found <= high + 0.5).all(), found


@pytest.mark.slow
def test_stored_figures_are_those_of_the_code():
    """A part of the table, drawn anew from the seed it was made with."""
    parts = stored(RESULTS.read_text(encoding="utf-8"))
    for name, keep in (
        ("lag", only(SMALL[0], rho=0.0, effects="time")),
        ("dynamic-lag", only(SMALL[0], effects="region")),
        ("hausman", only(SMALL[0])),
    ):
        part = study(name, keep=keep, share=STUDIES[name].share)
        made = part.tell(run([part], draws=2000, seed=1))
        rows = [line for line in made.splitlines() if line.startswith(("| 11 x 4", "| Hausman", "| Mundlak"))]
        assert rows
        for row in rows:
            ours = row.strip("| ").split(" | ")
            theirs = cells_of(parts[name], ours[0], ours[1] if name != "hausman" else "")
            for mine, stored_cell in zip(ours[1:], theirs[1:], strict=False):
                if re.match(r"\**[+-]?\d", mine) and "," not in mine:
                    # A digit of the last place is left to other machines' rounding.
                    assert number(mine) == pytest.approx(number(stored_cell), abs=0.11 if "+" not in mine else 0.0011)


# ------------------------------------------------------------------ what it says


@pytest.mark.slow
def test_lee_and_yu_take_the_bias_of_rho_away_that_the_direct_approach_has():
    part = study("lag", keep=only(SMALL[0], rho=0.0, effects="time"))
    (values,) = run([part], draws=600, seed=77).values()
    direct, transformed = (summarise(values[:, a, 0], 0.0) for a in range(2))
    assert direct.bias < -0.2
    assert direct.biased
    assert direct.coverage.verdict == -1
    assert not transformed.biased
    assert abs(transformed.bias) < 4 * transformed.bias_error + 0.02
    assert transformed.coverage.value > direct.coverage.value + 0.1


@pytest.mark.slow
def test_score_tests_hold_their_size_with_the_constants_of_lee_and_yu():
    part = study("scores", keep=lambda cell: cell.n == MIDDLE[0] and cell["effects"] == "two-way")
    (p,) = run([part], draws=1000, seed=78).values()
    names = dict(zip(true_nulls.SCORES, range(len(true_nulls.SCORES)), strict=True))
    for name in ("LM lag", "LM error", "RS WX"):
        assert size(p[:, 0, names[name]]).verdict == 0, name
    for name in ("LM lag", "LM error"):
        assert size(p[:, 1, names[name]]).verdict == 1, name


@pytest.mark.slow
def test_correction_of_dynamic_bias_makes_intervals_of_tau_cover():
    part = study("dynamic-lag", keep=only(48, effects="region"))
    (values,) = run([part], draws=300, seed=79).values()
    plain, corrected = (summarise(values[:, s, 0], 0.3) for s in range(2))
    assert plain.coverage.value < 0.75
    assert corrected.coverage.value > 0.9
    assert abs(corrected.bias) < abs(plain.bias) / 5
