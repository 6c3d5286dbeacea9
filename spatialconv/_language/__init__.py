"""The language in which figures and tables are made: English, or Chinese by a table of phrases."""

from spatialconv._language.speech import (
    Language,
    capital,
    current,
    enumerated,
    phrases,
    restate,
    say,
    speaking,
    spoken_in,
)

__all__ = [
    "Language",
    "capital",
    "current",
    "enumerated",
    "phrases",
    "restate",
    "say",
    "speaking",
    "spoken_in",
]
