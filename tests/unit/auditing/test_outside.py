"""Tables that others make, honest and spoilt: `tests/auditing/OUTSIDE.md` says what is found of each kind."""

from __future__ import annotations

import numpy as np
import pytest

from tests.auditing.outside import COUNTS, FAMILIES, honest, measure, possible, report, stored

pytestmark = pytest.mark.filterwarnings("ignore")


def shares(tables, seed):
    seen = caught = 0
    for family in FAMILIES:
        tally = measure(family, tables, seed)
        assert tally.false == []
        assert tally.wrong == 0, family
        seen += sum(broken for _, broken, _ in tally.slips.values())
        caught += sum(found for _, _, found in tally.slips.values())
    return seen, caught


def test_what_is_spoilt_in_tables_of_others_is_found():
    seen, caught = shares(4, seed=5)
    assert seen > 30
    assert caught >= 0.9 * seen


@pytest.mark.slow
def test_thousands_of_tables_of_others_have_no_error():
    """5,100 honest tables, and 95 per cent of what can be seen in those that are spoilt."""
    seen, caught = shares(850, seed=6)
    assert seen > 5000
    assert caught >= 0.95 * seen


def test_the_judge_knows_what_cannot_be_seen():
    """A sign that no bracket tells is not seen; one against its ratio is, and so is a sum that does not add up."""
    rng = np.random.default_rng(1)
    while True:
        given = honest("effects", rng)
        if given["table"][0].get("round") == "z":
            break
    assert possible(given)
    rows = given["table"][0]["coefficients"]
    first = rows["x0"][0]
    rows["x0"][0] = first[1:] if first.startswith("-") else "-" + first
    assert not possible(given)


def test_the_table_is_that_of_the_counts():
    every = stored(2024)
    assert (COUNTS.parent / "OUTSIDE.md").read_text(encoding="utf-8") == report(every, 2024)
    assert sum(tally.tables for tally in every.values()) == 5100
    assert not any(tally.false for tally in every.values())


def test_a_table_is_the_same_in_whichever_block():
    whole = measure("Moran by year", 4, 3)
    whole_again = measure("Moran by year", 2, 3)
    whole_again.add(measure("Moran by year", 2, 3, 2))
    assert whole_again == whole
