"""Text reprs as they were before lines of more than 80 characters were broken."""

from __future__ import annotations

import re
from typing import Any


def plain_repr(shown: Any) -> str:
    """Return a repr whose broken lines are whole again; what follows a break is indented by four spaces."""
    return re.sub(r"\n    (?=\S)", " ", repr(shown))
