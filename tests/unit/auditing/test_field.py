"""Rules of the field: each finds what is planted, and leaves the honest table beside it alone."""

from __future__ import annotations

import numpy as np
import pytest

import spatialconv as sc


def rules_of(*tables):
    return [f.rule for f in sc.audit({"paper": {"title": "t"}, "table": list(tables)}).findings]


def models(coefficients, **more):
    columns = [f"({k})" for k in range(1, len(next(iter(coefficients.values()))) + 1)]
    return {"name": "T", "kind": "regression", "columns": columns, "coefficients": coefficients} | more


def grid(name, columns, rows, **more):
    return {"name": name, "kind": "grid", "columns": columns, "rows": rows} | more


# ---------------------------------------------------------------------- effects


def test_effects_add_up_in_columns_and_in_rows():
    heads = ["Direct", "Indirect", "Total"]
    across = models({"x": ["0.10", "0.05", "0.15"]}) | {"columns": heads}
    assert rules_of(across) == []
    across["coefficients"]["x"][2] = "0.17"
    assert rules_of(across) == ["effects"]
    down = models({"x direct effect": ["0.10"], "x indirect effect": ["0.05"], "x total effect": ["0.16"]})
    assert rules_of(down) == []  # 0.105 + 0.055
    down["coefficients"]["x total effect"] = ["-0.15"]
    assert rules_of(down) == ["effects"]


def test_effects_within_rounding_add_up():
    rng = np.random.default_rng(1)
    for _ in range(60):
        direct, indirect = rng.normal(size=2)
        cells = [f"{v:.3f}" for v in (direct, indirect, direct + indirect)]
        table = models({"x": cells}) | {"columns": ["Direct", "Indirect", "Total"]}
        assert rules_of(table) == []
        off = models({"x": [*cells[:2], f"{direct + indirect + 0.02:.3f}"]}) | {
            "columns": ["Direct", "Indirect", "Total"]
        }
        assert rules_of(off) == ["effects"]


# ---------------------------------------------------------------------- parts, wholes, rates


def dagum(rng, rows=6, digits=4):
    parts = rng.uniform(0.01, 0.1, size=(rows, 3))
    whole = parts.sum(axis=1, keepdims=True)
    years = [str(2000 + k) for k in range(rows)]
    levels = {y: [f"{v:.{digits}f}" for v in (*w, *p)] for y, w, p in zip(years, whole, parts, strict=True)}
    rates = {y: [f"{100 * v:.2f}" for v in p / w] for y, w, p in zip(years, whole, parts, strict=True)}
    return (
        grid("G", ["G", "Gw", "Gnb", "Gt"], levels, row_total="G"),
        grid("rates", ["w", "nb", "t"], rates, content="shares", unit="percent", sums_to="rows"),
    )


def test_rates_are_parts_over_their_whole():
    rng = np.random.default_rng(2)
    for _ in range(30):
        levels, rates = dagum(rng)
        assert rules_of(levels, rates) == []
    levels, rates = dagum(rng)
    cells = rates["rows"]["2003"]
    # Two rates exchanged still add up to a hundred, and are rates of other parts.
    rates["rows"]["2003"] = [cells[1], cells[0], cells[2]]
    assert set(rules_of(levels, rates)) == {"parts and rates"}


# ---------------------------------------------------------------------- correlations


def correlations(rng, k=4, digits=2):
    names = [f"x{j}" for j in range(k)]
    values = np.corrcoef(rng.normal(size=(k, 40)) + rng.normal(size=40))
    rows = {a: [f"{values[i, j]:.{digits}f}" if j <= i else "" for j in range(k)] for i, a in enumerate(names)}
    return grid("C", names, rows)


def test_correlations_of_data_have_no_finding():
    rng = np.random.default_rng(3)
    for _ in range(60):
        assert rules_of(correlations(rng, int(rng.integers(3, 8)), int(rng.integers(1, 4)))) == []


@pytest.mark.parametrize("new", ["1.20", "-0.99"])
def test_impossible_correlations_are_found(new):
    """x1 and x2 alike, x0 like both: it cannot be the contrary of one of them."""
    table = grid("C", ["a", "b", "c"], {"a": ["1", "", ""], "b": ["0.95", "1", ""], "c": ["0.90", "0.92", "1"]})
    assert rules_of(table) == []
    table["rows"]["c"][0] = new
    assert "correlations" in rules_of(table)


# ---------------------------------------------------------------------- sigma2, likelihood, R2


def test_sigma2_and_its_likelihood_are_bounded_by_n():
    """100 observations: z of sigma2 is the root of 50 at most, 7.07; with sigma2 of 0.5 l is -107.2 at most."""
    table = models(
        {"x": ["0.5 (5.0)"], "sigma2": ["0.500 (7.05)"]}, round="z", roles={"sigma2": "sigma2"},
        statistics={"n": ["100"], "loglik": ["-107.5"]},
    )  # fmt: skip
    assert rules_of(table) == []
    table["coefficients"]["sigma2"] = ["0.500 (9.05)"]
    assert rules_of(table) == ["z of sigma2"]
    table["coefficients"]["sigma2"] = ["0.500 (7.05)"]
    table["statistics"]["loglik"] = ["-10.7"]
    assert rules_of(table) == ["likelihood of sigma2"]


def test_r2_adjusted_r2_and_n_leave_whole_degrees_of_freedom():
    rng = np.random.default_rng(4)
    for _ in range(100):
        n, k, digits = int(rng.integers(10, 300)), int(rng.integers(1, 6)), int(rng.integers(2, 6))
        r2 = rng.uniform(0.02, 0.98)
        adj = 1 - (1 - r2) * (n - 1) / (n - k - 1)
        table = models({"x": ["0.5 (5.0)"]}, round="z")
        table["statistics"] = {"n": [str(n)], "r2": [f"{r2:.{digits}f}"], "adj_r2": [f"{adj:.{digits}f}"]}
        assert rules_of(table) == []
    table["statistics"] = {"n": ["31"], "r2": ["0.50000"], "adj_r2": ["0.47000"]}
    assert rules_of(table) == ["adjusted R-squared"]


def test_a_slipped_decimal_among_siblings_is_a_remark():
    table = models({"x": ["0.021 (0.005)", "0.023 (0.005)", "0.219 (0.050)", "0.022 (0.005)"]}, round="se")
    report = sc.audit({"paper": {"title": "t"}, "table": [table]})
    assert report.findings == ()
    assert any("ten times" in r and "(3)" in r for r in report.remarks)
    table["coefficients"]["x"][2] = "0.022 (0.005)"
    assert not sc.audit({"paper": {"title": "t"}, "table": [table]}).remarks


# ---------------------------------------------------------------------- repeated rows


def test_rows_that_repeat_others_are_warnings():
    table = models(
        {"x": ["-0.000982 (0.000337)"], "y": ["0.51234 (0.11112)"], "z": ["-0.000982 (0.000337)"]}, round="se"
    )
    report = sc.audit({"paper": {"title": "t"}, "table": [table]})
    assert [(f.severity, f.rule, f.where) for f in report.findings] == [("warning", "repeated rows", "T, z")]
    few = models({"x": ["0.01 (0.03)"], "z": ["0.01 (0.03)"]}, round="se")
    assert rules_of(few) == []
    years = {"2001": ["0.1234", "0.5678", "0.9012"], "2002": ["0.1234", "0.5678", "0.9012"]}
    assert rules_of(grid("G", ["a", "b", "c"], years)) == ["repeated rows"]
