"""Plots for print: one function for each kind of result, from sigma convergence to coefficients of models.

Each function takes a result and returns a Figure of 90 or 180 mm, or draws into the axes it is given. Nothing
is registered with pyplot: the Figure shows itself in a notebook, `save` writes it.
"""

from spatialconv._public import from_stub

__all__ = from_stub(__name__, __file__)
