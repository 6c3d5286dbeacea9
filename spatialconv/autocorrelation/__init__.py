"""Spatial autocorrelation by period: Moran, Geary, General G, Gi; of two variables; of zeros and ones; of rates."""

from spatialconv.autocorrelation._bivariate import bivariate_moran, lee, local_bivariate_moran, local_lee
from spatialconv.autocorrelation._bivariate_results import BivariateAutocorrelation, LocalBivariate
from spatialconv.autocorrelation._correlogram import Correlogram, correlogram
from spatialconv.autocorrelation._global import geary, general_g, moran
from spatialconv.autocorrelation._hot_spots import hot_spots
from spatialconv.autocorrelation._join_counts import JoinCountTest, join_counts
from spatialconv.autocorrelation._local import local_moran
from spatialconv.autocorrelation._local_geary import GEARY, LocalGeary, local_geary
from spatialconv.autocorrelation._losh import LocalHeteroscedasticity, losh
from spatialconv.autocorrelation._rates import EmpiricalBayesRates, empirical_bayes
from spatialconv.autocorrelation._results import QUADRANTS, GlobalAutocorrelation, HotSpots, LocalMoran

__all__ = [
    "GEARY",
    "QUADRANTS",
    "BivariateAutocorrelation",
    "Correlogram",
    "EmpiricalBayesRates",
    "GlobalAutocorrelation",
    "HotSpots",
    "JoinCountTest",
    "LocalBivariate",
    "LocalGeary",
    "LocalHeteroscedasticity",
    "LocalMoran",
    "bivariate_moran",
    "correlogram",
    "empirical_bayes",
    "geary",
    "general_g",
    "hot_spots",
    "join_counts",
    "lee",
    "local_bivariate_moran",
    "local_geary",
    "local_lee",
    "local_moran",
    "losh",
    "moran",
]
