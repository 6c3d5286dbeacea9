"""Spatial autocorrelation by period: Moran's I, Geary's C, General G; local Moran; Gi and Gi*."""

from spatialconv.autocorrelation._global import geary, general_g, moran
from spatialconv.autocorrelation._hot_spots import hot_spots
from spatialconv.autocorrelation._local import local_moran
from spatialconv.autocorrelation._results import QUADRANTS, GlobalAutocorrelation, HotSpots, LocalMoran

__all__ = [
    "QUADRANTS",
    "GlobalAutocorrelation",
    "HotSpots",
    "LocalMoran",
    "geary",
    "general_g",
    "hot_spots",
    "local_moran",
    "moran",
]
