"""A rule on what stands where a figure should: it can be read as one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from spatialconv.auditing.description.reported import Reported
from spatialconv.auditing.rules.registry import Check, rule

# Digits and what figures are set with, and nothing else: a misprint, no word.
_MISPRINT = re.compile(r"[\s\d.,+\-*<>=%()\[\]\u2212\u2013]*\d[\s\d.,+\-*<>=%()\[\]\u2212\u2013]*")


@rule("legible", "what is printed as a figure is one number", source="notation")
def legible(reported: Reported) -> Iterator[Check]:
    """Report what cannot be read as a figure: a misprint of digits is an error, anything else a warning."""
    for found in reported.unread:
        misprint = _MISPRINT.fullmatch(found.text) is not None
        message = f"{found.text!r} is no number; nothing else is checked against it"
        yield Check(
            found.where, False, found.text, found.text, "one number", message,
            severity="error" if misprint else "warning",
        )  # fmt: skip
