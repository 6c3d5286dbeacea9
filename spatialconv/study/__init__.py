"""The whole analysis from one description: a case in, tables, figures and a report out.

::

    import spatialconv as sc
    sc.study.run("zhejiang", "results")                  # the built-in case
    sc.study.run(sc.study.example("mystudy"), "results") # a description to start from
"""

from spatialconv._public import public
from spatialconv.study._analysis import analyse
from spatialconv.study._case import (
    Case,
    GeometryFile,
    HotSpotChoice,
    MapChoice,
    ModelChoice,
    PanelFile,
    Subsamples,
    WeightsChoice,
    zhejiang,
)
from spatialconv.study._example import example
from spatialconv.study._grid import BetaGrid, Cell
from spatialconv.study._result import Study
from spatialconv.study._run import BUILT_IN, resolve, run, write
from spatialconv.study._toml import load, schema

__all__ = [
    "BUILT_IN",
    "BetaGrid",
    "Case",
    "Cell",
    "GeometryFile",
    "HotSpotChoice",
    "MapChoice",
    "ModelChoice",
    "PanelFile",
    "Study",
    "Subsamples",
    "WeightsChoice",
    "analyse",
    "example",
    "load",
    "resolve",
    "run",
    "schema",
    "write",
    "zhejiang",
]

public(__name__)
