"""Literal types of the options, one validator each, and the handling of seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import signature
from typing import Any, Literal, get_args

import numpy as np

from spatialconv.errors import OptionError

Spatial = Literal["none", "lag", "error", "sarar"]
Effects = Literal["none", "region", "time", "two-way", "random"]
FixedEffects = Literal["none", "region", "time", "two-way"]
Random = Literal["kkp", "bsk"]
Dynamic = Literal["none", "y", "wy", "both"]
Estimator = Literal["ml", "gmm"]
LogDeterminant = Literal["auto", "eigen", "lu", "stochastic"]
Correction = Literal["auto", "none", "lee-yu", "splm"]
BetaCorrection = Literal[
    "auto", "none", "lee-yu", "splm", "indirect", "adjusted-score", "adjusted-score-robust", "correlated-random"
]
Vcov = Literal["information", "observed", "robust", "cluster", "driscoll-kraay", "conley", "scpc"]
# As papers call them.
ERRORS = {
    "information": "information matrix",
    "observed": "observed information",
    "robust": "robust",
    "cluster": "clustered by region",
    "driscoll-kraay": "Driscoll-Kraay",
    "conley": "Conley",
    "scpc": "principal components over space (SCPC)",
}
Alternative = Literal["two-sided", "greater", "less"]
Null = Literal["randomisation", "normality", "permutation"]
Standardise = Literal["row", "spectral", "none"]
Islands = Literal["keep", "raise", "nearest"]
ImpactKind = Literal["static", "short", "long"]
ImpactRoute = Literal["auto", "exact", "eigen", "trace", "stochastic"]
ImpactInference = Literal["delta", "simulation", "bootstrap"]
BootstrapScheme = Literal["residual", "wild", "wild-region", "parametric", "block-region"]
BootstrapBias = Literal["none", "indirect"]
IntervalMethod = Literal["bootstrap-t", "bca", "percentile", "basic"]
SimulatedEffects = Literal["none", "region", "time", "two-way"]
SimulatedErrors = Literal["normal", "skewed", "heavy", "heteroskedastic"]
PredictionKind = Literal["reduced", "signal", "trend"]
MomentWeights = Literal["full", "partial", "initial"]
Drop = Literal["", "regions", "periods"]
CheckExtent = Literal["auto", "full", "light", "off"]
# What a study computes beside its main analysis.
Further = Literal[
    "impacts",
    "tests",
    "selection",
    "robustness",
    "probabilities",
    "correlogram",
    "spatial_unit_root",
    "unit_roots",
    "breaks",
    "threshold",
    "clubs",
    "clubs_explained",
    "mobility",
    "stochastic_kernel",
]
ControlsAt = Literal["start", "end", "mean"]
# The field's names, each short for spatial terms with or without spatial lags of the regressors.
Model = Literal["OLS", "SLX", "SAR", "SDM", "SEM", "SDEM", "SARAR", "SAC", "GNS"]
ModelKey = Literal["", "OLS", "SLX", "SAR", "SDM", "SEM", "SDEM", "SARAR", "SAC", "GNS"]

# More would run for days or not fit into memory, and the error of a share of a million draws is 0.0005 at most.
MOST_DRAWS = 1_000_000
# numpy recommends seeds of 128 bits (secrets.randbits(128)); whole numbers of TOML end at 63.
MOST_SEED = 2**128 - 1
MOST_CLASSES = 9  # no reader tells more shades apart
MOST_DIGITS = 17  # no double has more


def choice(name: str, value: Any, allowed: Any) -> Any:
    """Return `value` if it is one of the words of a Literal (or sequence), else raise OptionError."""
    words = get_args(allowed) or tuple(allowed)
    if value not in words:
        listed = ", ".join(repr(w) for w in words)
        raise OptionError(f"{name} must be one of {listed}; got {value!r}.")
    return value


def whole(name: str, value: Any, *, least: int = 0, most: int | None = None) -> int:
    """Return a whole number of at least `least` and at most `most`, else raise OptionError."""
    ok = isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least
    if not ok:
        raise OptionError(f"{name} must be a whole number of at least {least}; got {_written(value)}.")
    if most is not None and value > most:
        raise OptionError(f"{name} must be at most {most:,}; got {_written(value)}.")
    return int(value)


def count_of(name: str, value: Any, *, least: int = 0) -> int:
    """Return a number of draws, permutations or simulations of at most MOST_DRAWS, else raise OptionError."""
    return whole(name, value, least=least, most=MOST_DRAWS)


def seed_of(value: Any) -> int:
    """Return a seed that is a whole number of at most 128 bits, else raise OptionError."""
    number = whole("seed", value)
    if number > MOST_SEED:
        raise OptionError(f"seed must be a whole number of at most 128 bits; got {_written(number)}.")
    return number


def _written(value: Any) -> str:
    # Python refuses to write a number of more than 4,300 digits.
    if isinstance(value, int) and abs(value) >= 10**40:
        return f"a number of {value.bit_length()} bits"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else repr(value)


def positive(name: str, value: Any) -> float:
    """Return a positive finite number, else raise OptionError."""
    ok = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not ok or not np.isfinite(value) or value <= 0:
        raise OptionError(f"{name} must be a positive number; got {value!r}.")
    return float(value)


def probability(name: str, value: Any) -> float:
    """Return a number strictly between 0 and 1, else raise OptionError."""
    number = positive(name, value)
    if number >= 1:
        raise OptionError(f"{name} must lie strictly between 0 and 1; got {value!r}.")
    return number


def flag(name: str, value: Any) -> bool:
    """Return the value if it is True or False, else raise OptionError."""
    if not isinstance(value, (bool, np.bool_)):
        raise OptionError(f"{name} must be True or False; got {_written(value)}.")
    return bool(value)


def names(name: str, value: str | Iterable[str]) -> tuple[str, ...]:
    """Return column names as a tuple; one name may be given as a plain string."""
    if isinstance(value, str):
        return (value,)
    given = tuple(value) if isinstance(value, Iterable) else (value,)
    wrong = [v for v in given if not isinstance(v, str)]
    if wrong:
        raise OptionError(f"{name} must be the name of a column or several names; got {_kind(wrong[0])}.")
    twice = sorted({str(v) for v in given if given.count(v) > 1})
    if twice:
        raise OptionError(f"{name} names {first(twice)} more than once; name each column once.")
    return given


def passed_on(
    call: str,
    options: Mapping[str, Any],
    taker: Callable[..., Any],
    *,
    own: Iterable[str] = (),
    without: Iterable[str] = (),
) -> Mapping[str, Any]:
    """Return the options that a method hands on to the function that takes them, else raise OptionError.

    Python's own TypeError would speak of a function that the user never called, and not say what it takes. `own`
    are options that the method itself takes beside them, `without` those of the function that it settles.
    """
    settled = set(without)
    known = [p.name for p in signature(taker).parameters.values() if p.kind is p.KEYWORD_ONLY and p.name not in settled]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise OptionError(
            f"{call} takes the options {', '.join([*own, *known])}; got {first(unknown)}. Check the spelling."
        )
    return options


def expect(value: Any, kinds: tuple[type, ...] | type, what: str, source: str) -> None:
    """Raise OptionError unless a value is an instance of the kinds that `what` takes; `source` says whence."""
    if not isinstance(value, kinds):
        raise OptionError(f"{what} takes {source}; got {_kind(value)}.")


def _kind(value: Any) -> str:
    plain = value is None or isinstance(value, (bool, int, float))
    return repr(value) if plain else f"an object of type {type(value).__name__}"


def first(labels: Sequence[Any] | Iterable[Any], most: int = 3) -> str:
    """Say how many labels there are and show the first few: `4: 'a', 'b', 'c', …`."""
    listed = [_python(label) for label in labels]
    shown = ", ".join(repr(label) for label in listed[:most])
    if len(listed) == 1:
        return shown
    return f"{len(listed)}: {shown}" + (", …" if len(listed) > most else "")


def _python(label: Any) -> Any:
    # numpy scalars would print as np.int64(2016) in a message.
    if isinstance(label, tuple):
        return tuple(_python(part) for part in label)
    return label.item() if isinstance(label, np.generic) else label


def generator(seed: int | np.random.Generator | None) -> tuple[np.random.Generator, int | None]:
    """Return a private Generator and the seed to store (drawn anew if none was given).

    A Generator that the caller passes is used as it is; its seed is not known and stored as None.
    """
    if isinstance(seed, np.random.Generator):
        return seed, None
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise OptionError(f"seed must be a whole number, a numpy Generator or None; got {_written(seed)}.")
    return np.random.default_rng(seed_of(seed)), int(seed)
