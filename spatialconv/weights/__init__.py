"""Spatial weights: who is whose neighbour, and how much.

Every builder returns a `libpysal.graph.Graph` labelled by region, so that esda, spreg and the rest of PySAL take
it as it is; Graphs and old `libpysal.weights.W` objects made elsewhere work wherever weights are asked for.
"""

from spatialconv._public import public
from spatialconv.weights._align import Aligned, align, standardise, subset
from spatialconv.weights._contiguity import adjacency
from spatialconv.weights._describe import WeightsSummary, describe, rho_interval
from spatialconv.weights._distance import distance_band, inverse_distance, kernel, knn
from spatialconv.weights._economic import economic, nested
from spatialconv.weights._io import from_matrix, read, write

__all__ = [
    "Aligned",
    "WeightsSummary",
    "adjacency",
    "align",
    "describe",
    "distance_band",
    "economic",
    "from_matrix",
    "inverse_distance",
    "kernel",
    "knn",
    "nested",
    "read",
    "rho_interval",
    "standardise",
    "subset",
    "write",
]

public(__name__)
