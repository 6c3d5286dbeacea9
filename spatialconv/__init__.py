"""Do the regions converge, and what does space have to do with it?

Names are imported when first used, so that `import spatialconv` costs next to nothing. They stand in `__init__.pyi`,
which type checkers and editors read as well; `EAGER_IMPORT=1` in the environment imports them all at once.
"""

from __future__ import annotations

from spatialconv._public import from_stub

__version__ = "0.1.0"

__all__ = from_stub(__name__, __file__)
