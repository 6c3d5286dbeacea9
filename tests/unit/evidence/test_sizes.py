"""The registry of sizes: what is in it, that it runs as it says, and that results say what its table says."""

from __future__ import annotations

import csv
import inspect
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import _sizes
from spatialconv.results import Provenance, Result
from tests.simulation.sizes import running
from tests.simulation.sizes.__main__ import main
from tests.simulation.sizes.entry import LAWS, Cell, Entry, Sample, covers, each
from tests.simulation.sizes.registry import ENTRIES, NOTHING, WITHOUT
from tests.simulation.sizes.report import REPORT, markdown
from tests.terminal import plain_repr

VERBS = ("rejects a true null in", "holds the truth in")
SAID = ("size simulated at", "coverage simulated at")


def said(result) -> set[str]:
    return {note for note in result.notes if note.startswith(SAID)}


# ------------------------------------------------------------------ table and notes


def expected(entry: Entry, cell: Cell) -> set[str]:
    """What results of a sample of this size have to say: read from the file alone, without the package's look-up."""
    with _sizes.TABLE.open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if (row["call"], row["options"], int(row["n"]), int(row["T"]))
            == (entry.call, entry.options, cell.n, cell.T)
        ]
    off = defaultdict(list)
    for row in rows:
        value, size = float(row["value"]), row["kind"] == "size"
        outside = value < (0.03 if size else 0.90) or value > (0.07 if size else 0.97)
        # Three Monte Carlo errors of a share of 5 % or of 95 %.
        if outside and abs(value - (0.05 if size else 0.95)) > 3 * (0.05 * 0.95 / int(row["draws"])) ** 0.5:
            law = "t(5)" if row["law"] == "t5" else row["law"]
            off[row["statistic"], row["kind"]].append(f"{100 * value:.1f} ± {100 * float(row['error']):.1f} % ({law})")
    where = f"{cell.n} regions" + (f" and {cell.T} periods" if cell.T > 1 else " and 1 period" if cell.T else "")
    verbs = {"size": ("rejects a true null in", "5"), "coverage": ("holds the truth in", "95")}
    said = defaultdict(list)
    for (name, kind), laws in off.items():
        said[kind].append(f"{name} {verbs[kind][0]} {', '.join(laws)}")
    return {
        f"{kind} simulated at {where}, nominal {verbs[kind][1]} %: {'; '.join(parts)}" for kind, parts in said.items()
    }


def results_of(entry: Entry, cell: Cell, monkeypatch) -> list[Result]:
    """Every result that a draw of the entry makes and that is its own by call and options."""
    made = []
    before = Result.__post_init__

    def noted(self):
        before(self)
        made.append(self)

    with monkeypatch.context() as patch:
        patch.setattr(Result, "__post_init__", noted)
        running.block(replace(entry, block=1), cell, 7, 0, 1)
    return [r for r in made if r.provenance.call == entry.call and _sizes.matches(entry.options, r.provenance.options)]


def others_of(result: Result, entry: Entry) -> set[str]:
    """What other entries of the same call say of the result; their own tests look after it."""
    of = result.provenance
    mine = [e for e in ENTRIES if e.call == of.call and e != entry and _sizes.matches(e.options, of.options)]
    return set().union(*(_sizes._notes(e.call, (e.options,), of.n_regions, max(of.n_periods, 1)) for e in mine), ())


def agrees(entry: Entry, cell: Cell, monkeypatch) -> None:
    found = results_of(entry, cell, monkeypatch)
    assert found, f"no result of {entry.key} was made, so that none can say what the table has"
    for result in found:
        assert result.provenance.n_regions == cell.n
        # A panel whose periods are samples has as many as it likes.
        assert cell.T in (0, result.provenance.n_periods)
        # A result may hand on what others said that it stands on: hot-spot trends what hot spots say.
        mine = {
            note for note in said(result) if any(f"{name} {v} " in note for name in entry.statistics for v in VERBS)
        }
        assert mine - others_of(result, entry) == expected(entry, cell) - others_of(result, entry)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.key)
def test_results_of_the_smallest_sample_say_what_the_table_says(entry, monkeypatch):
    agrees(entry, next(entry.cells()), monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.key)
def test_results_of_every_sample_say_what_the_table_says(entry, monkeypatch):
    for cell in entry.cells():
        if cell.law == entry.laws[0]:
            agrees(entry, cell, monkeypatch)


def test_every_cell_of_the_table_that_misses_is_said_and_no_other():
    """Both ways, through the look-up of results: each row by itself."""
    shares = _sizes.shares()
    assert len(shares) > 80
    for share in shares:
        cells = [s for s in shares if (s.call, s.options, s.n, s.T) == (share.call, share.options, share.n, share.T)]
        notes = _sizes._notes(share.call, (share.options,), share.n, max(share.T, 1))
        mine = [
            part for note in notes if note.startswith(share.kind) for part in note.split(" %: ", 1)[1].split("; ")
            if part.startswith(f"{share.statistic} ")
        ]  # fmt: skip
        figure = f"{100 * share.value:.1f} ± {100 * share.error:.1f} % ({_sizes.LAWS[share.law]})"
        assert share.misses == any(figure in note for note in mine), share
        assert len(notes) == len({s.kind for s in cells if s.misses})


def test_the_document_is_that_of_the_table():
    stated = markdown(_sizes.shares(), running.lacking(ENTRIES, running.read()))
    assert REPORT.read_text(encoding="utf-8") == stated


def test_the_table_holds_what_the_registry_has_and_nothing_else():
    rows = running.read()
    assert running.ordered(rows, ENTRIES) == rows
    for row in rows:
        assert int(row["draws"]) <= int(row["asked"])
        assert row["law"] in LAWS


def test_keys_are_unique_and_statistics_are_sizes_or_coverage():
    assert len({e.key for e in ENTRIES}) == len({(e.call, e.options) for e in ENTRIES}) == len(ENTRIES)
    assert {kind for e in ENTRIES for kind in e.statistics.values()} == {"size", "coverage"}


# ------------------------------------------------------------------ looking up

TOY = (
    _sizes.Share("f", "", "p", "size", 11, 4, "normal", 0.2, 0.01, 100_000),
    _sizes.Share("f", "", "p", "size", 11, 40, "normal", 0.05, 0.01, 100_000),
    _sizes.Share("f", "", "p", "size", 100, 4, "normal", 0.029, 0.01, 100_000),
    _sizes.Share("f", "", "p", "size", 100, 4, "t5", 0.07, 0.01, 100_000),
    _sizes.Share("f", "kind=a; draws=some", "interval", "coverage", 30, 0, "lognormal", 0.8, 0.01, 100_000),
    _sizes.Share("f", "kind=a; draws=none", "interval", "coverage", 30, 0, "lognormal", 0.98, 0.01, 100_000),
)


@pytest.fixture
def toy(monkeypatch):
    for cached in (_sizes._by_call, _sizes._notes):
        cached.cache_clear()
    monkeypatch.setattr(_sizes, "shares", lambda: TOY)
    yield
    for cached in (_sizes._by_call, _sizes._notes):
        cached.cache_clear()


@pytest.mark.parametrize(
    ("n", "periods", "what"),
    [
        (11, 4, "11 regions and 4 periods, nominal 5 %: p rejects a true null in 20.0 ± 1.0 % (normal)"),
        (5, 1, "11 regions and 4 periods, nominal 5 %: p rejects a true null in 20.0 ± 1.0 % (normal)"),
        (22, 8, "11 regions and 4 periods, nominal 5 %: p rejects a true null in 20.0 ± 1.0 % (normal)"),
        (50, 8, "100 regions and 4 periods, nominal 5 %: p rejects a true null in 2.9 ± 1.0 % (normal)"),
        (5000, 2, "100 regions and 4 periods, nominal 5 %: p rejects a true null in 2.9 ± 1.0 % (normal)"),
        # Of other size than anything drawn: nothing is said.
        (23, 4, None),
        (49, 4, None),
        (11, 9, None),
        (5000, 99, None),
        (11, 13, None),
    ],
)
def test_the_nearest_sample_of_like_size_is_quoted(toy, n, periods, what):
    assert _sizes.size_notes("f", {}, n, periods) == ((f"size simulated at {what}",) if what else ())


@pytest.mark.parametrize(
    ("options", "figure"),
    [
        ({"kind": "a", "draws": 99}, "80.0 ± 1.0 %"),
        ({"kind": "a", "draws": 0}, "98.0 ± 1.0 %"),
        ({"kind": "a", "draws": None}, "98.0 ± 1.0 %"),
        ({"kind": "a", "draws": "none"}, "98.0 ± 1.0 %"),
        ({"kind": "a"}, "98.0 ± 1.0 %"),
        ({"kind": "b", "draws": 99}, None),
        ({}, None),
    ],
)
def test_options_choose_the_cells(toy, options, figure):
    notes = [note for note in _sizes.size_notes("f", options, 30, 40) if "interval" in note]
    assert [figure in note for note in notes] == ([True] if figure else [])
    assert _sizes.size_notes("another", options, 30, 40) == ()


def test_a_result_is_told_once_however_often_it_is_copied(toy):
    from spatialconv.results import HypothesisTest

    test = HypothesisTest("a", "b", "c", 1.0, 0.5, "z", notes=("own",), provenance=Provenance("f", {}, 11, 4))
    again = replace(replace(test), p_value=0.1)
    assert again.notes == ("own", "size simulated at 11 regions and 4 periods, nominal 5 %: p rejects a true null "
                           "in 20.0 ± 1.0 % (normal)")  # fmt: skip
    assert "note: size simulated at 11 regions" in plain_repr(again)


# ------------------------------------------------------------------ running


@each
def uniform(sample: Sample) -> dict[str, float]:
    return {"p": sample.rng.random(), "interval": float(sample.rng.random() < 0.95)}


SMALL = Entry("uniform", {"p": "size", "interval": "coverage"}, uniform, 60, "a=b", periods=(0,), regions=(11, 30))
OTHER = replace(SMALL, call="other", draws=40)


def test_the_same_figures_for_the_same_seed_whatever_the_number_of_jobs_and_whichever_others_run(tmp_path):
    one, two, three = (tmp_path / f"{k}.csv" for k in range(3))
    running.run([SMALL], [SMALL], path=one)
    running.run([OTHER, SMALL], [OTHER, SMALL], path=two, jobs=2)
    running.run([SMALL], [SMALL], path=three, seed=2)
    assert running.read(one) == [row for row in running.read(two) if row["call"] == "uniform"]
    assert len(running.read(one)) == 2 * 2 * 3
    assert [r["value"] for r in running.read(one)] != [r["value"] for r in running.read(three)]
    p = np.array([float(r["value"]) for r in running.read(one) if r["statistic"] == "p"])
    # Uniform p: 5 %, with a Monte Carlo error of 2.8 points for 60 draws.
    assert (np.abs(p - 0.05) < 0.1).all()
    assert len(set(p)) > 1


def test_what_was_cut_off_goes_on_where_it_stood(tmp_path, monkeypatch):
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    rows = running.run([SMALL], [SMALL], path=whole)
    drawn = []
    plain = running.block

    def breaks(entry, cell, *rest):
        if len(drawn) == 7:
            raise KeyboardInterrupt
        drawn.append(cell)
        return plain(entry, cell, *rest)

    monkeypatch.setattr(running, "block", breaks)
    with pytest.raises(KeyboardInterrupt):
        running.run([SMALL], [SMALL], path=part)
    # Three blocks a cell: two cells are whole and written, of the third nothing.
    assert running.read(part) == [row for row in rows if row["n"] == "11" and row["law"] != "t5"]
    monkeypatch.setattr(running, "block", plain)
    seen = []
    monkeypatch.setattr(running, "summarised", lambda *a, real=running.summarised: seen.append(a[1]) or real(*a))
    assert running.run([SMALL], [SMALL], path=part) == rows
    assert len(seen) == 4
    assert running.run([SMALL], [SMALL], path=part) == rows
    assert len(seen) == 4
    assert running.lacking([SMALL, OTHER], rows) == ["other (a=b): 0 of 6 cells"]
    # More samples than the table has are drawn anew.
    running.run([replace(SMALL, draws=80)], [SMALL], path=part)
    assert len(seen) == 10


def test_tables_of_runs_side_by_side_are_put_together(tmp_path):
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    rows = running.run([SMALL], [SMALL, OTHER], path=one)
    more = running.run([replace(SMALL, draws=90), OTHER], [SMALL, OTHER], path=two)
    assert running.merged([one, two], [SMALL, OTHER]) == running.merged([two, one], [SMALL, OTHER]) == more
    assert running.merged([one, two], [OTHER]) == [row for row in more if row["call"] == "other"]
    assert rows != [row for row in more if row["call"] == "uniform"]


def test_the_command_draws_into_a_table_of_its_own(tmp_path, capsys):
    path = tmp_path / "own.csv"
    main(["--only", "moran", "--share", "0.002", "--table", str(path)])
    rows = running.read(path)
    assert {row["call"] for row in rows} == {"moran"}
    assert {row["asked"] for row in rows} == {"4"}
    with pytest.raises(SystemExit):
        main(["--only", "nothing"])
    assert "invalid choice" in capsys.readouterr().err


# ------------------------------------------------------------------ samples


@pytest.mark.parametrize("law", LAWS)
def test_errors_of_every_law_have_mean_zero_and_variance_one(law):
    sample = Sample(Cell(11, 0, law), np.random.default_rng(3))
    e = sample.errors(400, 1000)
    # 400,000 values; the variance of a lognormal's square is large (kurtosis 114), hence the wide second tolerance.
    assert abs(e.mean()) < 0.01
    assert e.var() == pytest.approx(1, abs=0.1)
    x = sample.values(400, 1000)
    median = {"normal": 0.0, "lognormal": 1.0, "t5": 0.0}[law]
    assert np.median(x) == pytest.approx(median, abs=0.02)


def test_intervals_cover_or_are_none():
    assert (covers(0, 1, 0.5), covers(0, 1, 1), covers(0, 1, 2)) == (1, 1, 0)
    assert np.isnan(covers(np.nan, 1, 0.5))
    assert np.isnan(covers(0, np.nan, 0.5))


def test_local_moran_of_all_arrangements_says_how_often_it_sees_clusters_in_noise():
    """The figures of the issue, by the reader's own eyes: 32 % of maps of 25 regions; here 30 and 100."""
    rng = np.random.default_rng(0)
    sample = Sample(Cell(100, 0, "normal"), rng)
    panel = sample.panel(y=sample.values(300, 100))
    found = sc.local_moran(panel, "y", sample.world.graph, null="total")
    share = (found.table["q"].to_numpy().reshape(300, 100) <= 0.05).any(axis=1).mean()
    note = next(note for note in said(found) if "a cluster anywhere" in note)
    stated = float(note.split("rejects a true null in ")[1].split(" ±")[0]) / 100
    # Three Monte Carlo errors of 300 maps and of the table's.
    assert share == pytest.approx(stated, abs=0.1)
    assert share > 0.5


# ------------------------------------------------------------------ nothing is left out

EVERY = {"tidy", "glance", "to_dict", "to_geodataframe"}


def public_names() -> set[str]:
    """Functions and classes of the package, and the methods of the results that functions say they return."""
    found = set()
    for name in sc.__all__:
        thing = getattr(sc, name)
        if inspect.ismodule(thing):
            continue
        found.add(name)
        returned = vars(inspect.getmodule(inspect.unwrap(thing))).get(str(inspect.signature(thing).return_annotation))
        if inspect.isfunction(thing) and inspect.isclass(returned) and returned is not sc.Panel:
            found |= {f"{name}.{m}" for m, f in inspect.getmembers(returned, inspect.isfunction) if m[0] != "_"}
    return {name for name in found if name.split(".")[-1] not in EVERY}


def covered() -> set[str]:
    return {entry.call for entry in ENTRIES} | {name for entry in ENTRIES for name in entry.public}


def test_every_public_function_and_method_of_results_is_in_the_registry_or_says_why_not():
    names = public_names()
    assert len(names) > 90
    assert {"sigma.bootstrap", "density.mode_test", "markov.order_test"} <= names
    assert names - covered() - set(WITHOUT) == set()
    assert set(WITHOUT) - names == set(), "no such name"
    assert set(WITHOUT) & covered() == set(), "both in the registry and out of it"
    assert all(len(reason) > 20 or reason == NOTHING for reason in WITHOUT.values())


def results_without() -> dict[str, Result]:
    """A result of every function of which the registry says that it has no p, q or interval."""
    zj = sc.datasets.zhejiang()
    panel = zj.panel
    halves = {label: k % 2 for k, label in enumerate(panel.regions)}
    table = sc.industry_table(
        pd.DataFrame({"region": [*"aabb"], "industry": ["x", "y"] * 2, "value": [3.0, 1.0, 2.0, 4.0]}),
        region="region", industry="industry", value="value",
    )  # fmt: skip
    return {
        "coagglomeration": sc.coagglomeration(table, "x", "y"),
        "composite_index": sc.composite_index(panel, ["exports", "digital"], direction="+"),
        "concentration": sc.concentration(table),
        "coupling": sc.coupling(panel.assign(a=0.2, b=0.4), ["a", "b"]),
        "dagum": sc.dagum(panel, "exports", groups=halves),
        "delta": sc.delta(panel, "exports"),
        "density": sc.density(panel, "exports"),
        "descriptives": sc.descriptives(panel),
        "empirical_bayes": sc.empirical_bayes(panel, "exports", "digital"),
        "growth": sc.growth(panel, "exports"),
        "location_quotients": sc.location_quotients(table),
        "specialisation": sc.specialisation(table),
        "theil": sc.theil(panel, "exports", groups=halves),
    }


def test_what_is_said_to_have_no_p_has_none():
    results = results_without()
    known = {
        "Panel",
        "audit",
        "growth_panel",
        "industry_table",
        "read",
        "relabel",
        "shift_share",
        "show_versions",
        "spatial_differences",
        "specifications",
        "to_pysal",
    }
    assert {name for name, why in WITHOUT.items() if why == NOTHING and "." not in name} == set(results) | known
    for name, result in results.items():
        tidy = result.tidy()
        for column in tidy.columns.intersection(["p_value", "q_value", "conf_low", "conf_high", "p", "q"]):
            assert tidy[column].isna().all(), (name, column)
