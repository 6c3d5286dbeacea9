"""Spatial weights: who is whose neighbour, and how much.

Every builder returns a `libpysal.graph.Graph` labelled by region, so that esda, spreg and the rest of PySAL take
it as it is; Graphs and old `libpysal.weights.W` objects made elsewhere work wherever weights are asked for.
"""

from spatialconv._public import from_stub

__all__ = from_stub(__name__, __file__)
