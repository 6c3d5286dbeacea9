"""The check on worlds of known truth: the committed table is that of its counts, and says what it should."""

from __future__ import annotations

from tests.simulation import check_worlds
from tests.simulation.check_worlds import TABLE, WORLDS, asked, rates, stored, text


def test_the_table_is_that_of_the_counts():
    assert TABLE.read_text(encoding="utf-8") == text()
    assert all(stored()[world.name]["samples", "drawn"] >= 5 for world in WORLDS)


def test_what_is_due_is_said_and_little_else():
    """Of what each world was made for, nine in ten warnings come; few others do, and hardly any failure."""
    counts = stored()
    for world in WORLDS:
        for due in world.due:
            hit = counts[world.name][f"due: {due}", "warn"] + counts[world.name][f"due: {due}", "fail"]
            # Walks over the map are found by their own tests in half of the samples of 36 regions (Mueller and Watson).
            least = 0.2 if due == "unit root" else 0.7
            assert hit >= least * counts[world.name]["samples", "drawn"], (world.name, due)
    table = rates(counts)
    asked_of = table["asked"] > 0
    mean = (table["asked"] * table["false warnings, %"]).sum() / table.loc[asked_of, "asked"].sum()
    assert mean < 5
    assert (table.loc[asked_of, "false failures, %"] <= 5).all()


def test_one_region_that_carries_a_finding_fails_it():
    said = asked("one outlier", check_worlds.SEED + 7, 0)
    assert said["regions", "fail"] == 1
    assert said["due: regions", "fail"] == 1
    assert said["written", "converge"] == 0
