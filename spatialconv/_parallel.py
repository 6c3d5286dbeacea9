"""Long work: many calls of one function, in processes if asked, with a progress bar, results in order.

On a Dask cluster (`joblib.parallel_config(backend="dask")`) an array that many calls use, however deep in their
arguments, travels once: it is a task of its own, known by its contents. So is what a worker held that died: the
scheduler makes it again from what it keeps, where data that were scattered would be lost with the worker.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from spatialconv.errors import OptionError

T = TypeVar("T")


def progress(iterable: Iterable[T] | None = None, *, total: int, what: str, show: bool, **options: Any) -> Any:
    """Return tqdm's bar around an iterable, or the iterable itself if it is not to be shown."""
    if not show and iterable is not None:
        return iterable
    with warnings.catch_warnings():
        # In a notebook without ipywidgets tqdm falls back to text by itself, and needs nobody to do anything.
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm

    return tqdm(iterable, total=total, desc=what, disable=not show, **{"leave": False, **options})


MOST_JOBS = 1024  # each is a process of its own with its own copy of Python


def run(function: Callable[..., T], tasks: Sequence[tuple[Any, ...]], *, jobs: int, what: str, show: bool) -> list[T]:
    """Call a function with each tuple of arguments and return the results in the order of the tasks.

    Processes are joblib's. Under `joblib.parallel_config(backend="dask")` the cluster does the work, whatever `jobs`.
    A task brings its own seed: the number of jobs then changes no figure.
    """
    from joblib import Parallel, delayed
    from joblib.parallel import get_active_backend

    checked_jobs(jobs)
    backend = get_active_backend()[0]
    if type(backend).__name__ == "DaskDistributedBackend":
        return _on_cluster(backend, function, tasks, what, show)
    calls = (delayed(function)(*task) for task in tasks)
    streams = getattr(backend, "supports_return_generator", False)
    found = Parallel(n_jobs=jobs, return_as="generator" if streams else "list")(calls)
    return list(progress(found, total=len(tasks), what=what, show=show))


def checked_jobs(jobs: Any) -> int:
    """Return a number of processes: a whole number but zero, negative ones counting back from the cores as joblib's."""
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs == 0:
        raise OptionError(f"jobs must be a whole number of processes, or -1 for all cores; got {jobs!r}.")
    if abs(jobs) > MOST_JOBS:
        raise OptionError(f"jobs must be at most {MOST_JOBS:,} processes, or -1 for all cores; got {jobs!r}.")
    return jobs


# Arrays of so many bytes are sent apart from what holds them, and so many bytes of them stay known to a cluster.
APART, KNOWN = 4_096, 2**30
_SENT: WeakKeyDictionary[Any, OrderedDict[str, tuple[Any, int]]] = WeakKeyDictionary()


def _on_cluster(
    backend: Any, function: Callable[..., T], tasks: Sequence[tuple[Any, ...]], what: str, show: bool
) -> list[T]:
    """Run the tasks on the cluster of joblib's backend; what is interrupted or fails cancels those that wait."""
    from distributed import as_completed

    client, options = backend.client, {"pure": False, **backend.submit_kwargs}
    apart = _Apart(client)
    with warnings.catch_warnings():
        # What is large is sent once, as it should be.
        warnings.filterwarnings("ignore", message="Sending large graph")
        futures = []
        for task in tasks:
            packed, held = apart.packed((function, task))
            futures.append(client.submit(_called, packed, *held, **options))
    found: dict[Any, T] = {}
    try:
        done = as_completed(futures, with_results=True)
        for future, result in progress(done, total=len(futures), what=what, show=show):
            found[future.key] = result
    except BaseException:
        client.cancel(futures, force=True)
        raise
    return [found[future.key] for future in futures]


def _called(packed: bytes, *held: Any) -> Any:
    """Call a function that was packed with its arguments but for the arrays held here."""
    function, task = _Unpacker(packed, held).load()
    return function(*task)


class _Unpacker(pickle.Unpickler):
    """Reads what `_Apart` packs; from Python 3.13 on the attribute of an unpickler cannot be set."""

    def __init__(self, packed: bytes, held: tuple[Any, ...]) -> None:
        super().__init__(io.BytesIO(packed))
        self.held = held

    def persistent_load(self, pid: Any) -> Any:
        """Return the array that stands apart at a place."""
        return self.held[pid]


class _Apart:
    """Packs calls for a cluster, arrays apart; each array is on its way there once, whoever needs it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.sent = _SENT.setdefault(client, OrderedDict())
        # By identity, while the objects are kept from being replaced by others at their address.
        self.seen: dict[int, tuple[Any, Any]] = {}

    def packed(self, call: Any) -> tuple[bytes, list[Any]]:
        """Return the pickled call, and the futures of the arrays that it names by their place."""
        import cloudpickle

        held: dict[str, tuple[int, Any]] = {}

        class Pickler(cloudpickle.CloudPickler):  # type: ignore[misc]
            def persistent_id(_, value: Any) -> int | None:  # noqa: N805
                if type(value) is not np.ndarray or value.nbytes < APART:
                    return None
                future = self.future(value)
                return held.setdefault(future.key, (len(held), future))[0]

        file = io.BytesIO()
        Pickler(file, protocol=5).dump(call)
        return file.getvalue(), [future for _, future in held.values()]

    def future(self, value: np.ndarray[Any, Any]) -> Any:
        """Return the array as a task of the cluster, a new one where its contents are not there yet."""
        if id(value) in self.seen:
            return self.seen[id(value)][1]
        contents = pickle.dumps(value, protocol=5)
        name = f"spatialconv-{hashlib.blake2b(contents, digest_size=20).hexdigest()}"
        future = self.sent.pop(name, (None, 0))[0]
        if future is None or future.status in ("cancelled", "lost", "error"):
            future = self.client.submit(pickle.loads, contents, key=name)
        self.sent[name] = (future, len(contents))
        while len(self.sent) > 1 and sum(size for _, size in self.sent.values()) > KNOWN:
            self.sent.popitem(last=False)
        self.seen[id(value)] = (value, future)
        return future
