"""A progress bar on stderr."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(total: int, show: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that names the next step and moves the bar on; it does nothing if not shown."""
    if not show:
        yield lambda _: None
        return
    with warnings.catch_warnings():
        # In a notebook without ipywidgets tqdm falls back to text by itself, and needs nobody to do anything.
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm

    with tqdm(total=total, unit="step", leave=True) as bar:

        def step(name: str) -> None:
            bar.set_description(f"{name:<20}")
            bar.update()

        yield step
