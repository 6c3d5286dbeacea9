"""The order of labels that does not depend on the order of rows: what is drawn at random is drawn along it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt


def label_order(labels: Iterable[Any]) -> npt.NDArray[np.intp]:
    """Return the places of labels in their order: by type, then as text; in order n log n."""
    given = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    kinds = {type(label).__name__ for label in given}
    # Of one type, the text alone decides; a string is its own text.
    texts = given if kinds == {"str"} else [str(label) for label in given]
    keys = (
        texts if len(kinds) <= 1 else [(type(label).__name__, text) for label, text in zip(given, texts, strict=True)]
    )
    return np.array(sorted(range(len(given)), key=keys.__getitem__), dtype=np.intp)
