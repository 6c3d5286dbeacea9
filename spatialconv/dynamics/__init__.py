"""Distribution dynamics: what happens to the whole distribution of regions, not only to its spread.

Densities over time, Markov chains between classes with and without the neighbours, mobility of ranks, hot spots that
come, stay and go, and the centre of gravity on its way over the map.
"""

from spatialconv.dynamics._centre import GravityCentre, gravity_centre
from spatialconv.dynamics._density import DensityPath, ModeTests, density
from spatialconv.dynamics._hot_spot_trends import HotSpotTrends, hot_spot_trends
from spatialconv.dynamics._lisa_paths import LisaPaths, lisa_paths
from spatialconv.dynamics._markov import MarkovChain, markov
from spatialconv.dynamics._mobility import RankMobility, mobility
from spatialconv.dynamics._spatial_markov import SpatialMarkov, spatial_markov
from spatialconv.dynamics._stochastic_kernel import StochasticKernel, stochastic_kernel

__all__ = [
    "DensityPath",
    "GravityCentre",
    "HotSpotTrends",
    "LisaPaths",
    "MarkovChain",
    "ModeTests",
    "RankMobility",
    "SpatialMarkov",
    "StochasticKernel",
    "density",
    "gravity_centre",
    "hot_spot_trends",
    "lisa_paths",
    "markov",
    "mobility",
    "spatial_markov",
    "stochastic_kernel",
]
