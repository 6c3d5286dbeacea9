"""Errors and warnings of the package, so that a caller can catch a family.

::

    SpatialConvError
    ├── DataError (ValueError)
    │   ├── DuplicateKeyError
    │   ├── MissingDataError
    │   ├── UnbalancedPanelError
    │   ├── NotPositiveError
    │   └── VariableError
    ├── WeightsError (ValueError)
    │   ├── IslandError
    │   └── AlignmentError
    ├── GeometryError (ValueError)
    ├── OptionError (ValueError)
    ├── ModelError (ValueError)
    │   ├── UnsupportedModelError
    │   ├── AbsorbedVariableError
    │   ├── SingularDesignError
    │   └── OptimisationError
    ├── FileError (OSError)
    └── MissingExtraError (ImportError)

    SpatialConvWarning (UserWarning)
    ├── BoundaryWarning
    ├── IslandWarning
    ├── DroppedDataWarning
    ├── GeometryWarning
    ├── MissingFontWarning
    └── ApproximationWarning

A message says what is wrong, what was received (how many, the first three labels) and what to do.
"""

from __future__ import annotations

from spatialconv._public import public

__all__ = [
    "AbsorbedVariableError",
    "AlignmentError",
    "ApproximationWarning",
    "BoundaryWarning",
    "DataError",
    "DroppedDataWarning",
    "DuplicateKeyError",
    "FileError",
    "GeometryError",
    "GeometryWarning",
    "IslandError",
    "IslandWarning",
    "MissingDataError",
    "MissingExtraError",
    "MissingFontWarning",
    "ModelError",
    "NotPositiveError",
    "OptimisationError",
    "OptionError",
    "SingularDesignError",
    "SpatialConvError",
    "SpatialConvWarning",
    "UnbalancedPanelError",
    "UnsupportedModelError",
    "VariableError",
    "WeightsError",
]


class SpatialConvError(Exception):
    """Root of all errors that the package raises on purpose."""


class DataError(SpatialConvError, ValueError):
    """The panel's data cannot be used as they are."""


class DuplicateKeyError(DataError):
    """A (region, period) pair stands in the data more than once."""


class MissingDataError(DataError):
    """A value that is needed is missing or infinite."""


class UnbalancedPanelError(DataError):
    """Not every region is observed in every period."""


class NotPositiveError(DataError):
    """A logarithm was asked of zero or negative values."""


class VariableError(DataError):
    """A column is absent, not numeric, or carries no information."""


class WeightsError(SpatialConvError, ValueError):
    """The spatial weights cannot be used as they are."""


class IslandError(WeightsError):
    """A region has no neighbour and the caller asked to be told."""


class AlignmentError(WeightsError):
    """The regions of the weights and of the data are not the same."""


class GeometryError(SpatialConvError, ValueError):
    """The geometry has no CRS, is invalid or is empty."""


class OptionError(SpatialConvError, ValueError):
    """An option's value is not one of those allowed."""


class ModelError(SpatialConvError, ValueError):
    """The model cannot be estimated."""


class UnsupportedModelError(ModelError):
    """No theory supports this combination of options."""


class AbsorbedVariableError(ModelError):
    """A regressor does not vary once the effects are removed."""


class SingularDesignError(ModelError):
    """Regressors are collinear, or there are more of them than observations."""


class OptimisationError(ModelError):
    """The likelihood has no finite maximum in the admissible interval."""


class FileError(SpatialConvError, OSError):
    """A file is absent or cannot be read as what it should be."""


class MissingExtraError(SpatialConvError, ImportError):
    """A library is needed that only an extra of the package brings, as in `pip install "spatialconv[excel]"`."""


class SpatialConvWarning(UserWarning):
    """Root of all warnings of the package."""


class BoundaryWarning(SpatialConvWarning):
    """The optimum lies on the bound of the admissible interval."""


class IslandWarning(SpatialConvWarning):
    """A region has no neighbour."""


class DroppedDataWarning(SpatialConvWarning):
    """Regions or periods were left out of the sample."""


class GeometryWarning(SpatialConvWarning):
    """The geometry looks like another one than it says: other coordinates, or other labels."""


class MissingFontWarning(SpatialConvWarning):
    """No installed font has some characters of a figure."""


class ApproximationWarning(SpatialConvWarning):
    """A quantity was approximated rather than computed exactly."""


public(__name__)
