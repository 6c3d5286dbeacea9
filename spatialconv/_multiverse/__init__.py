"""The multiverse: every defensible specification of one question, estimated, collected and judged together.

The room has an underscore because the public name `multiverse` is the function.
"""

from spatialconv._multiverse._crossed import specifications
from spatialconv._multiverse._grid import Grid
from spatialconv._multiverse._result import Multiverse
from spatialconv._multiverse._run import multiverse
from spatialconv._multiverse._specification import AXES, Specification

__all__ = ["AXES", "Grid", "Multiverse", "Specification", "multiverse", "specifications"]
