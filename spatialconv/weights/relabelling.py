"""Weights under other labels of the same regions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from spatialconv._core.space import weights_algebra as algebra
from spatialconv.weights._graph import Weights, labels, pack, unpack

if TYPE_CHECKING:
    from libpysal.graph import Graph


def relabelled(w: Weights, rename: Callable[[pd.Index], pd.Index]) -> Graph:
    """Return weights whose regions have other labels, in the same order; the weights given are not modified."""
    found = unpack(w)
    return pack(replace(found, regions=labels(rename(found.regions))), algebra.standardisation(found.matrix))
