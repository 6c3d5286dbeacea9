"""Do the regions converge, and what does space have to do with it?

Names are imported when first used, so that `import spatialconv` costs next to nothing. They stand in `__init__.pyi`,
which type checkers and editors read as well; `EAGER_IMPORT=1` in the environment imports them all at once.
"""

from __future__ import annotations

from typing import Any

import lazy_loader

from spatialconv._public import no_attribute

__version__ = "0.1.0"

_imported, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise no_attribute(__name__, name)
    found = globals()[name] = _imported(name)  # kept: the next look finds it without a call
    return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
