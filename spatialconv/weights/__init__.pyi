"""The public names of weights; each is imported when first used."""

from ._align import Aligned as Aligned
from ._align import align as align
from ._align import standardise as standardise
from ._align import subset as subset
from ._contiguity import adjacency as adjacency
from ._describe import WeightsSummary as WeightsSummary
from ._describe import describe as describe
from ._describe import rho_interval as rho_interval
from ._distance import distance_band as distance_band
from ._distance import inverse_distance as inverse_distance
from ._distance import kernel as kernel
from ._distance import knn as knn
from ._economic import economic as economic
from ._economic import gravity as gravity
from ._economic import nested as nested
from ._io import from_matrix as from_matrix
from ._io import read as read
from ._io import write as write
