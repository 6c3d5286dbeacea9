"""The public names of study; each is imported when first used."""

from ._analysis import analyse as analyse
from ._case import Case as Case
from ._case import CheckChoice as CheckChoice
from ._case import GeometryFile as GeometryFile
from ._case import HotSpotChoice as HotSpotChoice
from ._case import MapChoice as MapChoice
from ._case import ModelChoice as ModelChoice
from ._case import PanelFile as PanelFile
from ._case import Subsamples as Subsamples
from ._case import WeightsChoice as WeightsChoice
from ._case import zhejiang as zhejiang
from ._example import EXAMPLES as EXAMPLES
from ._example import example as example
from ._grid import BetaGrid as BetaGrid
from ._grid import Cell as Cell
from ._result import Study as Study
from ._run import BUILT_IN as BUILT_IN
from ._run import resolve as resolve
from ._run import run as run
from ._run import write as write
from ._toml import load as load
from ._toml import schema as schema
