"""A progress bar on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from spatialconv._parallel import progress


@contextmanager
def progress_bar(total: int, show: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that names the next step and moves the bar on; it does nothing if not shown."""
    if not show:
        yield lambda _: None
        return
    with progress(total=total, what="", show=True, unit="step", leave=True) as bar:

        def step(name: str) -> None:
            bar.set_description(f"{name:<20}")
            bar.update()

        yield step
