"""Measures of dispersion: closed forms, definitions written out, and the R package REAT."""

from __future__ import annotations

import csv
import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from spatialconv._core.dispersion import measures
from spatialconv._core.dispersion.measures import MEASURES
from tests.tolerances import EXACT, NEAR_EQUALITY, ROUNDING

REAT = Path(__file__).parents[3] / "reference" / "reat"


def reat():
    rows = list(csv.DictReader((REAT / "data.csv").read_text().splitlines()))
    years = [k for k in rows[0] if k.startswith("y")]
    values = np.array([[float(r[y]) for r in rows] for y in years])
    return [y[1:] for y in years], values, json.loads((REAT / "reference.json").read_text())


DEFINITIONS = {
    "mean": lambda x: sum(x) / len(x),
    "sd": lambda x: (sum((v - sum(x) / len(x)) ** 2 for v in x) / (len(x) - 1)) ** 0.5,
    "gini": lambda x: sum(abs(a - b) for a, b in product(x, x)) / (2 * len(x) * sum(x)),
    "theil_t": lambda x: sum(v / sum(x) * np.log(v * len(x) / sum(x)) for v in x if v > 0),
    "theil_l": lambda x: sum(np.log(sum(x) / len(x) / v) for v in x) / len(x),
    "hoover": lambda x: sum(abs(v / sum(x) - 1 / len(x)) for v in x) / 2,
    "atkinson_05": lambda x: 1 - (sum(v**0.5 for v in x) / len(x)) ** 2 / (sum(x) / len(x)),
    "atkinson_1": lambda x: 1 - np.prod(x) ** (1 / len(x)) / (sum(x) / len(x)),
    "atkinson_2": lambda x: 1 - len(x) / sum(1 / v for v in x) / (sum(x) / len(x)),
}
DEFINITIONS["cv"] = lambda x: DEFINITIONS["sd"](x) / abs(DEFINITIONS["mean"](x))
POINTWISE = sorted(DEFINITIONS)


def sample(shape=(4, 9)):
    return np.exp(np.random.default_rng(3).normal(1.0, 0.8, size=shape))


@pytest.mark.parametrize("name", POINTWISE)
def test_definition_written_out(name):
    x = sample()
    expected = [DEFINITIONS[name](list(row)) for row in x]
    np.testing.assert_allclose(MEASURES[name].function(x), expected, rtol=EXACT, atol=0)


@pytest.mark.parametrize("name", ["mean_log", "sd_log", "cv_log"])
def test_log_measures_are_the_plain_ones_of_logs(name):
    assert MEASURES[name].log
    assert MEASURES[name].domain == "positive"
    assert MEASURES[name].function is MEASURES[name.removesuffix("_log")].function


def test_every_measure_is_checked():
    assert {*POINTWISE, "mean_log", "sd_log", "cv_log", "williamson"} == set(MEASURES)


REAT_NAMES = {
    "gini": "gini",
    "theil_l": "theil",
    "hoover": "hoover",
    "atkinson_05": "atkinson_eps_0.5",
    "atkinson_1": "atkinson_eps_1",
    "atkinson_2": "atkinson_eps_2",
    "sd": "sd_sample",
    "cv": "cv_sample",
}


@pytest.mark.parametrize("name", REAT_NAMES)
def test_reat(name):
    years, values, reference = reat()
    ours = dict(zip(years, MEASURES[name].function(values), strict=True))
    theirs = {year: row[REAT_NAMES[name]] for year, row in reference["inequality"].items()}
    assert len(theirs) == 6
    # Indices near 0.01 are differences of numbers near 1, of which 16 digits are kept.
    np.testing.assert_allclose([ours[y] for y in theirs], list(theirs.values()), rtol=EXACT, atol=NEAR_EQUALITY)


def test_reat_series_of_every_year():
    _, values, reference = reat()
    trends = reference["sigmaconv_trend"]
    for name, measure, log in [("sd", "sd", False), ("sd", "sd", True), ("cv", "cv", False), ("cv", "cv", True)]:
        key = f"{name}_{'log' if log else 'level'}_sample"
        ours = MEASURES[measure].function(np.log(values) if log else values)
        np.testing.assert_allclose(ours, list(trends[key]["series"].values()), rtol=EXACT, atol=0)


class TestClosedForms:
    def test_sd_of_equal_values_is_zero_and_not_nearly(self):
        # The mean of three times 0.1 is not 0.1.
        for value, n in product((0.1, 1.1, 1e9 / 7), (3, 6, 7, 11)):
            assert measures.sd(np.full(n, value)) == 0.0

    def test_gini_of_one_to_n(self):
        for n in (2, 5, 30):
            np.testing.assert_allclose(measures.gini(np.arange(1.0, n + 1)), (n - 1) / (3 * n), rtol=EXACT)

    def test_one_region_has_all(self):
        x = np.array([0.0, 0, 0, 0, 7])
        assert measures.gini(x) == pytest.approx(4 / 5, abs=EXACT)
        assert measures.hoover(x) == pytest.approx(4 / 5, abs=EXACT)
        assert measures.theil_t(x) == pytest.approx(np.log(5), abs=EXACT)
        assert measures.atkinson(x, epsilon=0.5) == pytest.approx(4 / 5, abs=EXACT)

    def test_two_values(self):
        x = np.array([1.0, 3.0])
        assert measures.theil_l(x) == pytest.approx(np.log(2) - np.log(3) / 2, abs=EXACT)
        assert measures.theil_t(x) == pytest.approx((np.log(0.5) + 3 * np.log(1.5)) / 4, abs=EXACT)
        assert measures.atkinson(x) == pytest.approx(1 - np.sqrt(3) / 2, abs=EXACT)
        assert measures.atkinson(x, epsilon=2.0) == pytest.approx(1 / 4, abs=EXACT)
        assert measures.sd(x) == pytest.approx(np.sqrt(2), abs=EXACT)

    def test_sd_of_a_geometric_sequence_of_logs(self):
        # Logs 0, ln 2, ..., (n-1) ln 2 have the variance ln(2)^2 n (n+1) / 12.
        n = 6
        x = 2.0 ** np.arange(n)
        assert measures.sd(np.log(x)) == pytest.approx(np.log(2) * np.sqrt(n * (n + 1) / 12), abs=EXACT)

    def test_theil_and_atkinson_are_one(self):
        x = sample()
        np.testing.assert_allclose(measures.atkinson(x), 1 - np.exp(-measures.theil_l(x)), rtol=EXACT)


WEIGHTED = {
    "mean": lambda x, p: sum(a * b for a, b in zip(x, p, strict=True)),
    "gini": lambda x, p: (
        sum(v * w * abs(a - b) for (a, v), (b, w) in product(zip(x, p, strict=True), repeat=2))
        / (2 * WEIGHTED["mean"](x, p))
    ),
    "sd": lambda x, p: sum(w * (v - WEIGHTED["mean"](x, p)) ** 2 for v, w in zip(x, p, strict=True)) ** 0.5,
}
WEIGHTED["cv"] = WEIGHTED["williamson"] = lambda x, p: WEIGHTED["sd"](x, p) / WEIGHTED["mean"](x, p)


class TestWeighted:
    """Population shares: definitions, people one by one, and REAT where it is right."""

    @pytest.mark.parametrize("name", sorted(WEIGHTED))
    def test_definition_written_out(self, name):
        x, p = sample(), np.random.default_rng(1).dirichlet(np.ones(9), size=4)
        expected = [WEIGHTED[name](list(row), list(share)) for row, share in zip(x, p, strict=True)]
        np.testing.assert_allclose(MEASURES[name].function(x, p), expected, rtol=EXACT)

    @pytest.mark.parametrize("name", sorted(set(MEASURES) - {"sd", "cv", "sd_log", "cv_log", "williamson"}))
    def test_weights_are_people_who_all_have_the_mean_of_their_region(self, name):
        """A region of three people counts as three regions of one."""
        x, people = sample((1, 6)), np.array([3, 1, 2, 5, 1, 4])
        ours = MEASURES[name].function(x, people / people.sum())
        np.testing.assert_allclose(ours, MEASURES[name].function(np.repeat(x, people, axis=1)), rtol=ROUNDING)

    @pytest.mark.parametrize("name", ["sd", "cv", "sd_log", "cv_log", "williamson"])
    def test_those_that_divide_by_one_less_differ_by_that(self, name):
        x, people = sample((1, 6)), np.array([3, 1, 2, 5, 1, 4])
        ours = MEASURES[name].function(x, people / people.sum())
        alike = MEASURES[name].function(np.repeat(x, people, axis=1)) * np.sqrt(15 / 16)
        np.testing.assert_allclose(ours, alike, rtol=EXACT)
        assert MEASURES[name].sample or MEASURES[name].weighted_only

    def test_reat(self):
        years, values, _ = reat()
        theirs = json.loads((REAT / "weighted.json").read_text())
        people = np.array(
            [float(r["population"]) for r in csv.DictReader((REAT / "pseudo_population.csv").read_text().splitlines())]
        )
        cases = [("by_population", people, "williamson_wmean", "gini2")]
        cases += [("by_income_of_1929", values[0], "williamson_weighted_wmean", "gini2_weighted_by_y1929")]
        for key, weights, williamson, gini in cases:
            rows = theirs[key]
            chosen = values[[years.index(year) for year in rows]]
            for name, theirs_name in (("williamson", williamson), ("gini", gini)):
                ours = MEASURES[name].function(chosen, weights / weights.sum())
                np.testing.assert_allclose(ours, [row[theirs_name] for row in rows.values()], rtol=EXACT)
            hoover = MEASURES["hoover"].function(chosen, weights / weights.sum())
            if "hoover_ref" in next(iter(rows.values())):
                np.testing.assert_allclose(hoover, [row["hoover_ref"] for row in rows.values()], rtol=EXACT)


@pytest.mark.parametrize("name", [n for n, m in MEASURES.items() if not m.location])
class TestProperties:
    def test_equality_is_zero(self, name):
        x = np.full((1, 7), 0.1)
        assert MEASURES[name].function(x)[0] == pytest.approx(0.0, abs=NEAR_EQUALITY)

    def test_order_of_regions_does_not_matter(self, name):
        x = sample()
        function = MEASURES[name].function
        np.testing.assert_allclose(function(x[:, ::-1]), function(x), rtol=EXACT)

    def test_unit_free_means_what_it_says(self, name):
        measure, x = MEASURES[name], sample()
        first, second = (measure.function(np.log(v) if measure.log else v) for v in (x, 1000 * x))
        same = np.allclose(first, second, rtol=ROUNDING, atol=0)
        assert same == measure.unit_free

    def test_rows_are_independent(self, name):
        x, function = sample(), MEASURES[name].function
        np.testing.assert_array_equal(function(x)[2:3], function(x[2:3]))
        assert np.shape(function(x[0])) == ()


@pytest.mark.parametrize("name", ["cv", "gini", "hoover", "theil_t"])
def test_all_zero_is_undefined_without_a_warning(name):
    assert np.isnan(MEASURES[name].function(np.zeros((2, 4)))).all()


def test_transfer_from_rich_to_poor_lowers_every_index():
    x = np.sort(sample((1, 9)))
    y = x.copy()
    step = (x[0, -1] - x[0, 0]) / 3
    y[0, 0] += step
    y[0, -1] -= step
    for name in ("sd", "cv", "gini", "theil_t", "theil_l", "hoover", "atkinson_05", "atkinson_1", "atkinson_2"):
        assert MEASURES[name].function(y)[0] < MEASURES[name].function(x)[0], name
