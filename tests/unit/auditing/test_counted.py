"""Shares of n, clubs, stars of correlations, one n a sample: what honest figures print, and each identity broken."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import spatialconv as sc


def audited(table, **more):
    return sc.audit({"paper": {"title": "t"}, "table": [{"name": "T"} | table], **more})


def broken(report, rule):
    return [f.where for f in report.findings if f.rule == rule]


def chain(rng, n):
    """A transition matrix by counting, as printed to three decimals, with the observations of each row."""
    counts = rng.multinomial(n, [0.7, 0.2, 0.1], size=3)
    rows = {f"k{i}": [str(n), *(f"{c / n:.3f}" for c in row)] for i, row in enumerate(counts)}
    head = {"kind": "grid", "content": "shares", "unit": "share", "sums_to": "rows", "row_n": "n"}
    return head | {"columns": ["n", "I", "II", "III"], "rows": rows}


class TestSharesOfN:
    def test_counted_shares_pass(self):
        rng = np.random.default_rng(1)
        for _ in range(200):
            report = audited(chain(rng, int(rng.integers(3, 400))))
            # Rows of few observations may well be equal, which is a remark of another rule.
            assert {f.rule for f in report.findings} <= {"repeated rows"}

    def test_a_share_of_no_count(self):
        table = chain(np.random.default_rng(2), 20)
        table["rows"]["k1"][1:] = ["0.712", "0.188", "0.100"]
        assert broken(audited(table), "shares of n") == ["T, k1, I", "T, k1, II"]

    def test_our_own_chain(self):
        us = sc.datasets.us_income()
        found = sc.markov(us.panel, "income", classes=3)
        n = found.counts.sum(axis=1)
        rows = {
            str(k): [f"{n[k]:g}", *(f"{p:.3f}" for p in row)]
            for k, row in zip(n.index, found.probabilities.to_numpy(), strict=True)
        }
        table = chain(np.random.default_rng(0), 9) | {"rows": rows}
        assert audited(table).findings == ()


def partition() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    level = np.where(np.arange(20) < 10, 0.0, 1.5)
    away = rng.normal(0, 0.5, 20)
    log = np.array([8 + 0.02 * t + level + away * 0.9**t + 0.002 * rng.standard_normal(20) for t in range(40)])
    frame = {"r": np.tile(range(20), 40), "t": np.repeat(range(40), 20), "v": np.exp(log).ravel()}
    return sc.clubs(sc.Panel(pd.DataFrame(frame), region="r", period="t"), "v").table


def clubs_table(**changes):
    made = partition()
    columns = ["n", "b", "std_error", "t", "speed"]
    rows = {
        f"Club {k}": [f"{r['n']:g}", f"{r['b']:.3f}", f"{r['std_error']:.3f}", f"{r['t']:.2f}", f"{r['b'] / 2:.3f}"]
        for k, r in made.iterrows()
    }
    table = {"kind": "clubs", "columns": columns, "rows": rows, "n": 20}
    return table | changes


class TestClubs:
    def test_ours_pass(self):
        report = audited(clubs_table())
        assert report.findings == ()
        assert report.rules.set_index("rule").loc["clubs", "applied"] >= 7

    @pytest.mark.parametrize(("at", "cell", "where"), [(3, "9.99", "t"), (4, "0.999", "speed")])
    def test_what_does_not_follow_from_b(self, at, cell, where):
        table = clubs_table()
        table["rows"]["Club 1"][at] = cell
        assert broken(audited(table), "clubs") == [f"T, Club 1, {where}"]

    def test_a_club_that_is_rejected_and_a_club_too_many(self):
        rows = {"Club 1": ["12", "-0.5", "-3.10"], "Divergent": ["9", "", ""]}
        report = audited({"kind": "clubs", "columns": ["n", "b", "t"], "rows": rows, "n": 20})
        assert broken(report, "clubs") == ["T, Club 1, t", "T, n"]

    def test_one_side(self):
        rows = {"Club 1": ["0.3", "1.20", f"{stats.norm.cdf(1.2):.3f}"], "All": ["-0.9", "-20.1", "0.000"]}
        table = {"kind": "clubs", "columns": ["b", "t", "p"], "rows": rows}
        assert audited(table).findings == ()
        two = f"{2 * stats.norm.sf(1.2):.3f}"
        wrong = table | {"rows": rows | {"Club 1": ["0.3", "1.20", two]}}
        assert broken(audited(wrong), "clubs") == ["T, Club 1, p"]


def correlations(n, seed=0):
    """Printed lower triangle, starred by scipy's own p."""
    data = np.random.default_rng(seed).standard_normal((n, 4)) @ np.triu(np.ones((4, 4)))
    names = list("abcd")
    rows = {}
    for i, name in enumerate(names):
        cells = []
        for j in range(4):
            r, p = stats.pearsonr(data[:, i], data[:, j])
            stars = "*" * sum(p < level for level in (0.1, 0.05, 0.01)) if i != j else ""
            cells.append("" if j > i else f"{r:.3f}{stars}" if i != j else "1")
        rows[name] = cells
    stars = {"*": 0.1, "**": 0.05, "***": 0.01}
    return {"kind": "grid", "columns": names, "rows": rows, "n": n, "stars": stars}


class TestCorrelations:
    @pytest.mark.parametrize("n", [12, 30, 300])
    def test_scipys_pass(self, n):
        for seed in range(30):
            assert audited(correlations(n, seed)).findings == ()

    def test_a_star_too_many_and_another_n(self):
        table = correlations(30)
        table["rows"]["b"][0] = "0.100***"
        assert broken(audited(table), "stars of correlations") == ["T, b, a"]
        assert broken(audited(correlations(30) | {"n": 3000}), "stars of correlations") or all(
            "***" in c for row in correlations(30)["rows"].values() for c in row if c not in ("", "1")
        )


class TestOneSample:
    def columns(self, *n):
        samples = ["all"] * len(n)
        return {
            "kind": "regression", "columns": [f"({k})" for k in range(len(n))], "samples": samples, "round": "se",
            "coefficients": {"x": ["0.50*** (0.10)"] * len(n)}, "statistics": {"n": list(n)},
        }  # fmt: skip

    def test_one_n_and_what_lags_cost(self):
        given = {"sample": [{"name": "all", "regions": 31}]}
        assert audited(self.columns("310", "310"), **given).findings == ()
        # A lag costs one period of every region.
        assert audited(self.columns("310", "279"), **given).findings == ()
        found = audited(self.columns("310", "301"), **given)
        assert broken(found, "one sample, one n") == ["T, n, (1)"]
        assert found.errors == ()


class TestTyped:
    def test_what_was_typed_stands_beside_what_was_checked(self):
        cells = {"x": ["0.50*** (0.10)", "0.52* (0.40)"], "z": ["", "1.2 [0.3, 2.1]"]}
        table = {"kind": "regression", "columns": ["(1)", "(2)"], "round": "se", "coefficients": cells}
        report = audited(table | {"statistics": {"n": ["99", "99"]}})
        typed = report.typed.set_index(["row", "column"])
        assert list(typed["printed"]) == ["0.50*** (0.10)", "0.52* (0.40)", "1.2 [0.3, 2.1]", "99", "99"]
        assert typed.loc[("x", "(2)"), "broken"] == "stars"
        assert typed.loc[("x", "(1)"), "broken"] == ""
        assert (typed["checked"] > 0).all()
        assert int(typed["checked"].sum()) == report.checked

    def test_lists_are_checked_by_row(self):
        table = {"kind": "autocorrelation", "columns": ["I", "z", "p"], "rows": {"2001": ["0.30", "2.00", "0.200"]}}
        typed = audited(table | {"n": 30}).typed
        assert list(typed["printed"]) == ["0.30", "2.00", "0.200"]
        assert set(typed["broken"]) == {"p-value"}
