"""Strong dependence over space: is what regions show a random walk over the map, and what then holds of a regression?

Tests of a spatial unit root and of its absence with the distance over which correlation halves, differences that take
a unit root out, and standard errors that hold under whatever dependence there is up to a bound.
"""

from spatialconv.dependence._components import Scpc, scpc
from spatialconv.dependence._differences import spatial_differences
from spatialconv.dependence._unit_root import SpatialUnitRoot, residual_unit_root, spatial_unit_root

__all__ = ["Scpc", "SpatialUnitRoot", "residual_unit_root", "scpc", "spatial_differences", "spatial_unit_root"]
