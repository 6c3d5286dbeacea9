"""Spatial weights: who is whose neighbour, and how much.

Every builder returns a `libpysal.graph.Graph` labelled by region; Graphs and old `libpysal.weights.W` objects made
elsewhere work wherever weights are asked for. esda, spreg and the rest of PySAL take values by position, not by label:
`spatialconv.to_pysal` hands them values and weights in one order.
"""

from spatialconv._public import from_stub

__all__ = from_stub(__name__, __file__)
