"""Distribution dynamics: what happens to the whole distribution of regions, not only to its spread.

Densities over time, Markov chains between classes with and without the neighbours, mobility of ranks, and hot spots
that come, stay and go.
"""

from spatialconv.dynamics._density import DensityPath, ModeTests, density
from spatialconv.dynamics._hot_spot_trends import HotSpotTrends, hot_spot_trends
from spatialconv.dynamics._markov import MarkovChain, markov
from spatialconv.dynamics._mobility import RankMobility, mobility
from spatialconv.dynamics._spatial_markov import SpatialMarkov, spatial_markov

__all__ = [
    "DensityPath",
    "HotSpotTrends",
    "MarkovChain",
    "ModeTests",
    "RankMobility",
    "SpatialMarkov",
    "density",
    "hot_spot_trends",
    "markov",
    "mobility",
    "spatial_markov",
]
