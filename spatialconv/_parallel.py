"""Long work: many calls of one function, in processes if asked, with a progress bar, results in order."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

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

    Processes are joblib's, so that `joblib.parallel_config(backend="dask")` sends the work to a Dask cluster. A task
    brings its own seed: the number of jobs then changes no figure.
    """
    from joblib import Parallel, delayed

    checked_jobs(jobs)
    calls = (delayed(function)(*task) for task in tasks)
    # Dask's backend gives no generator back.
    found = Parallel(n_jobs=jobs, return_as="generator" if _streams() else "list")(calls)
    return list(progress(found, total=len(tasks), what=what, show=show))


def checked_jobs(jobs: Any) -> int:
    """Return a number of processes: a whole number but zero, negative ones counting back from the cores as joblib's."""
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs == 0:
        raise OptionError(f"jobs must be a whole number of processes, or -1 for all cores; got {jobs!r}.")
    if abs(jobs) > MOST_JOBS:
        raise OptionError(f"jobs must be at most {MOST_JOBS:,} processes, or -1 for all cores; got {jobs!r}.")
    return jobs


def _streams() -> bool:
    from joblib.parallel import get_active_backend

    return bool(getattr(get_active_backend()[0], "supports_return_generator", False))
