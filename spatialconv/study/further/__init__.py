"""What a study computes beside its main analysis, one part a name in the key `further` of case.toml.

A part takes the study and returns what it found: sentences, tables, figures. To add one: a function in the module of
its kind, its name in `PARTS` and in `Further` of `_options`.
"""

from spatialconv.study.further._parts import PARTS, found
from spatialconv.study.further.findings import Found

__all__ = ["PARTS", "Found", "found"]
