"""Names of encodings, checked before a file is opened."""

from __future__ import annotations


def known_encoding(name: str) -> bool:
    """Return whether Python can read text in an encoding; "hex" and "zlib" are names it knows, and none of text."""
    try:
        "".encode(name)
    except (LookupError, ValueError):  # ValueError: a NUL in the name, or the encoding "undefined"
        return False
    return True
