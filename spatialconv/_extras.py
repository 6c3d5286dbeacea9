"""Libraries that not everybody needs: they come with an extra, and where one is missing the extra is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from spatialconv.errors import MissingExtraError

# Library -> the extra of pyproject.toml that brings it.
EXTRAS = {"docx": "word", "openpyxl": "excel", "pyarrow": "parquet", "rdata": "r"}


@contextmanager
def extra(library: str, what: str) -> Iterator[None]:
    """Do something that takes a library of an extra; `what` needs it, as in `panel.xlsx`.

    Raises
    ------
    MissingExtraError
        If the library is not installed, or what pandas or geopandas say of it: that it is too old, for example.
    """
    try:
        import_module(library)
        yield
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == library
        state = "is not installed" if absent else f"cannot be used here ({str(error).rstrip('.')})"
        get = f'pip install "spatialconv[{EXTRAS[library]}]"'
        raise MissingExtraError(f"{what} needs the library {library}, which {state}. Get it by: {get}") from error
