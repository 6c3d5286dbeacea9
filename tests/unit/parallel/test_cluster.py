"""Work on a Dask cluster of processes: the figures of one process, arrays sent once, a worker killed, Ctrl-C."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv import _parallel
from spatialconv.errors import DataError

distributed = pytest.importorskip("distributed")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
ROOT = Path(__file__).parents[3]


@contextmanager
def cluster(workers: int):
    with (
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as here,
        distributed.Client(here) as client,
        joblib.parallel_config(backend="dask"),
    ):
        yield client


def growth(n: int, periods: int = 4):
    """A panel on a ring of n regions and its weights."""
    A = np.roll(np.eye(n), 1, axis=1)
    w = sc.weights.from_matrix((A + A.T) / 2, regions=list(range(n)))
    drawn = sc.simulate.growth_panel(w, periods=periods, rho=0.4, controls={"x": 0.1}, effects="time", seed=1)
    return drawn.panel, w


class Client:
    """What a client does, at once and in this process; it counts what it is given."""

    def __init__(self) -> None:
        self.sent: dict[str, int] = {}

    def submit(self, function, contents, *, key):
        assert function is pickle.loads
        assert key not in self.sent
        self.sent[key] = len(contents)
        return Future(key, function(contents))


class Future:
    def __init__(self, key, result) -> None:
        self.key, self.result, self.status = key, result, "finished"


class TestPacking:
    def test_an_array_of_many_calls_is_sent_once_however_deep_it_lies(self):
        big, same = np.arange(5_000.0), np.arange(5_000.0)
        other = big + 1
        client = Client()
        apart = _parallel._Apart(client)
        calls = [
            apart.packed((_returned, ({"a": [big]},))),
            apart.packed((_returned, (pd.DataFrame({"x": other}), same, big))),
        ]
        assert len(client.sent) == 2
        assert [len(held) for _, held in calls] == [1, 2]
        assert all(len(packed) < 2_000 for packed, _ in calls)
        (first,), task = (_parallel._called(packed, *(future.result for future in held)) for packed, held in calls)
        np.testing.assert_array_equal(first["a"][0], big)
        np.testing.assert_array_equal(task[0]["x"], other)
        np.testing.assert_array_equal(task[1], big)
        # What is there stays there for the next run; small ones and labels travel with their call.
        again = _parallel._Apart(client)
        again.packed((np.sum, (same, np.arange(3), np.array(["a", "b"], dtype=object))))
        assert len(client.sent) == 2

    def test_what_was_changed_is_sent_anew(self):
        client, values = Client(), np.zeros(5_000)
        before = _parallel._Apart(client).packed((np.sum, (values,)))
        values[7] = 1.0
        after = _parallel._Apart(client).packed((np.sum, (values,)))
        assert [_parallel._called(packed, *(f.result for f in held)) for packed, held in (before, after)] == [0, 1]

    def test_the_oldest_are_forgotten(self, monkeypatch):
        monkeypatch.setattr(_parallel, "KNOWN", 100_000)
        client = Client()
        for k in range(6):
            _parallel._Apart(client).packed((np.sum, (np.full(5_000, float(k)),)))
        assert len(_parallel._SENT[client]) == 2
        assert len(client.sent) == 6


def _returned(*task):
    return task


def _refused(at):
    raise DataError(f"no {at}")


def _slow(seconds):
    time.sleep(seconds)
    return os.getpid()


def _dying(marker, values, at):
    """Kill the process that asks first."""
    path = Path(marker)
    if at == 3 and not path.exists():
        path.write_text("gone", encoding="ascii")
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)
    return values[at]


@pytest.mark.slow  # a minute of processes that start
class TestCluster:
    def test_figures_are_those_of_one_process(self, tmp_path):
        zj = sc.datasets.zhejiang()
        w = {"inverse": sc.weights.inverse_distance(zj.cities), "border": sc.weights.adjacency(zj.cities)}
        lag = sc.beta(zj.panel, "exports", w["inverse"], spatial="lag", effects="region")
        error = sc.beta(zj.panel, "exports", w["inverse"], spatial="error", effects="time")
        grid = sc.specifications(zj.panel, "exports", weights=w, effects=("none", "time"), controls=((), "digital"))

        def all_of(folder):
            sc.study.run("zhejiang", folder, progress=False, jobs=2, draws=39, only=("checks", "beta_models"))
            many = sc.multiverse(grid, bootstrap=19, seed=1, jobs=2)
            return {
                "bootstrap": lag.bootstrap(draws=99, seed=1, jobs=2).intervals,
                "one by one": error.bootstrap(draws=45, seed=1, jobs=2).intervals,
                "grid_interval": lag.grid_interval(draws=99, seed=1, jobs=2).curve,
                "null_distribution": lag.null_distribution(draws=99, seed=1, jobs=2).tidy(),
                "multiverse": many.table,
                "joint test": many.joint_test(draws=19, seed=2, jobs=2).null,
                "check": sc.check(lag, geometry=zj.cities, draws=99, jobs=2, progress=False).tidy(),
                "study": pd.Series({path.name: path.read_bytes() for path in sorted((folder / "tables").iterdir())}),
            }

        here = all_of(tmp_path / "here")
        with cluster(2) as client:
            there = all_of(tmp_path / "there")
            assert all(client.run(lambda: "spatialconv.models" in sys.modules).values())
        assert len(here["study"]) >= 4
        for name, found in here.items():
            compare = pd.testing.assert_series_equal if name == "study" else pd.testing.assert_frame_equal
            compare(found, there[name], obj=name)

    def test_panel_and_weights_travel_once(self):
        panel, w = growth(2_000)
        b = sc.beta(panel, "level", w, spatial="lag", effects="time")
        with cluster(2) as client:
            sizes: list[tuple[str, int]] = []
            plain = client.submit

            def watched(function, *args, **options):
                sizes.append((function.__name__, sum(len(a) for a in args if isinstance(a, bytes))))
                return plain(function, *args, **options)

            client.submit = watched
            first = b.bootstrap(draws=1_200, seed=1)
            arrays = [size for name, size in sizes if name == "loads"]
            calls = [size for name, size in sizes if name == "_called"]
            assert len(calls) > 4
            # A call holds the labels and small numbers; outcomes, regressors, weights and eigenvalues are elsewhere.
            assert max(calls) < 0.2 * sum(arrays)
            assert len(arrays) < 40
            sizes.clear()
            b.bootstrap(draws=1_200, seed=2)
            assert [name for name, _ in sizes if name == "loads"] == []
        pd.testing.assert_frame_equal(first.intervals, b.bootstrap(draws=1_200, seed=1).intervals)

    def test_a_worker_that_is_killed_loses_nothing(self, tmp_path):
        values = np.arange(10_000.0)
        with cluster(2) as client:
            tasks = [(str(tmp_path / "marker"), values, at) for at in range(12)]
            assert _parallel.run(_dying, tasks, jobs=2, what="", show=False) == list(range(12))
            assert (tmp_path / "marker").exists()
            b = _beta(100)
            pids = client.run(os.getpid)
            killer = threading.Timer(1.0, os.kill, (next(iter(pids.values())), signal.SIGKILL))
            killer.start()
            there = b.bootstrap(draws=200, seed=1)
            killer.join()
            assert set(client.run(os.getpid).values()) != set(pids.values())
        pd.testing.assert_frame_equal(there.intervals, b.bootstrap(draws=200, seed=1).intervals)

    def test_errors_are_those_of_the_task(self):
        with cluster(1), pytest.raises(DataError, match="no 0"):
            _parallel.run(_refused, [(0,), (1,)], jobs=2, what="", show=False)

    def test_two_workers_are_faster_than_one(self, capsys):
        took: dict[str, list[float]] = {"waiting": [], "bootstrap": []}
        b = _beta(100)
        for workers in (1, 2):
            with cluster(workers) as client:
                client.run(lambda: __import__("spatialconv.models"))
                b.bootstrap(draws=40, seed=1)
                start = time.perf_counter()
                pids = _parallel.run(_slow, [(0.3,)] * 12, jobs=2, what="", show=False)
                took["waiting"].append(time.perf_counter() - start)
                assert len(set(pids)) == workers
                start = time.perf_counter()
                b.bootstrap(draws=400, seed=1)
                took["bootstrap"].append(time.perf_counter() - start)
        with capsys.disabled():
            for name, (one, two) in took.items():
                print(f"\n{name}: {one:.1f} s with one worker, {two:.1f} s with two, {one / two:.2f} times faster")
        # Processors may be busy with other work; waiting is not.
        assert took["waiting"][0] > 1.3 * took["waiting"][1]

    def test_ctrl_c_is_answered_within_two_seconds(self, tmp_path):
        script = tmp_path / "script.py"
        script.write_text(INTERRUPTED, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        assert process.stdout is not None
        try:
            assert process.stdout.readline().strip() == "at work"
            time.sleep(2)
            start = time.perf_counter()
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline().strip() == "interrupted"
            answered = time.perf_counter() - start
            # And the cluster takes new work.
            assert process.stdout.readline().strip() == "[0, 1, 4]"
            process.wait(60)
        finally:
            process.kill()
            process.stdout.close()
        assert answered < 2


def _beta(n: int):
    panel, w = growth(n)
    return sc.beta(panel, "level", w, controls="x", spatial="error", effects="time")


INTERRUPTED = """
import distributed, joblib, signal
import numpy as np
from spatialconv import _parallel
from tests.unit.parallel.test_cluster import _slow, cluster

# What a shell starts in the background ignores interrupts, and so would all its children.
signal.signal(signal.SIGINT, signal.default_int_handler)

def square(k):
    return k * k

if __name__ == "__main__":
    with cluster(2) as client:
        print("at work", flush=True)
        try:
            _parallel.run(_slow, [(1.0,)] * 60, jobs=2, what="", show=False)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        print(_parallel.run(square, [(0,), (1,), (2,)], jobs=2, what="", show=False), flush=True)
"""
