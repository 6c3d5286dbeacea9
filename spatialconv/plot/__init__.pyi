"""The public names of plot; each is imported when first used."""

from ._agglomeration import location_curves as location_curves
from ._betas import betas as betas
from ._centre import gravity_path as gravity_path
from ._clubs import transition_paths as transition_paths
from ._co_membership import co_membership as co_membership
from ._curve import specification_curve as specification_curve
from ._dynamics import density as density
from ._dynamics import transitions as transitions
from ._index import contributions as contributions
from ._inequality import dagum as dagum
from ._inequality import theil as theil
from ._lisa_paths import lisa_paths as lisa_paths
from ._null import null_picture as null_picture
from ._paths import moran_path as moran_path
from ._paths import sigma as sigma
from ._scatter import beta_scatter as beta_scatter
from ._scatter import moran_scatter as moran_scatter
from ._shared import coefficients as coefficients
from ._shared import save as save
from .change.beta_changes import beta_changes as beta_changes
from .change.stochastic_kernel import ergodic as ergodic
from .change.stochastic_kernel import stochastic_kernel as stochastic_kernel
from .change.unit_roots import unit_roots as unit_roots
from .inference.club_probabilities import club_probabilities as club_probabilities
from .inference.instruments import instrument_tests as instrument_tests
from .space.correlogram import correlogram as correlogram
