"""The field's names of models, short for spatial terms and lagged regressors: one vocabulary for every door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, cast, get_args

from spatialconv._options import Model, Spatial
from spatialconv.errors import OptionError

# Name -> which spatial terms are free, and whether spatial lags of the regressors enter. SAC is another word for SARAR.
MODELS: dict[str, tuple[Spatial, bool]] = {
    "OLS": ("none", False),
    "SLX": ("none", True),
    "SAR": ("lag", False),
    "SDM": ("lag", True),
    "SEM": ("error", False),
    "SDEM": ("error", True),
    "SARAR": ("sarar", False),
    "SAC": ("sarar", False),
    "GNS": ("sarar", True),
}
assert set(MODELS) == set(get_args(Model))
NAMES = {terms: name for name, terms in reversed(MODELS.items()) if name != "SAC"}

Durbin = bool | str | Iterable[str] | None


class Terms(NamedTuple):
    """What a model has: spatial terms, and the regressors whose spatial lags enter."""

    spatial: Spatial
    durbin: bool | str | Iterable[str]


def terms_of(
    model: str | None,
    spatial: Spatial | None,
    durbin: Durbin,
    *,
    default: Spatial | Terms = "lag",
) -> Terms:
    """Return the terms of a model named by the field's name, by `spatial` and `durbin`, or by both in agreement.

    Parameters
    ----------
    model : str, optional
        One of `MODELS`, in whatever case.
    spatial, durbin
        As the caller gave them, None where left out. Beside a model with lagged regressors `durbin` may name some of
        them; all enter otherwise.
    default
        What is left out by the caller.

    Raises
    ------
    OptionError
        If the name is unknown, or says another thing than `spatial` and `durbin`.
    """
    if model is None:
        # A word that is wrong is refused by the specification; that of the other vocabulary is answered here.
        if isinstance(spatial, str) and spatial not in get_args(Spatial) and spatial.upper() in MODELS:
            raise OptionError(
                f"spatial must be one of {', '.join(map(repr, get_args(Spatial)))}; got {spatial!r}. Write "
                f"model={spatial.upper()!r}."
            )
        of = default if isinstance(default, Terms) else Terms(default, False)
        return Terms(of.spatial if spatial is None else spatial, of.durbin if durbin is None else durbin)
    name = model_name(model)
    own, lags = MODELS[name]
    if spatial is not None and spatial != own:
        raise _contradiction(name, f"spatial={spatial!r}")
    if durbin is not None:
        listed = durbin if isinstance(durbin, (bool, str)) else tuple(durbin)
        if bool(listed) != lags:
            raise _contradiction(name, f"durbin={listed!r}")
        return Terms(own, listed)
    return Terms(own, lags)


def model_name(value: Any) -> str:
    """Return the name of a model as `MODELS` has it, else raise OptionError."""
    found = value.upper() if isinstance(value, str) else value
    if not isinstance(found, str) or found not in MODELS:
        raise OptionError(f"model must be one of {', '.join(map(repr, MODELS))}; got {value!r}.")
    return found


def name_of(spatial: str, durbin: bool) -> str:
    """Return the field's name of what spatial terms and lagged regressors make."""
    return NAMES[cast(Spatial, spatial), durbin]


def _contradiction(name: str, beside: str) -> OptionError:
    spatial, durbin = MODELS[name]
    lags = f"{'with' if durbin else 'without'} spatial lags of the regressors (durbin)"
    return OptionError(f"model={name!r} means spatial={spatial!r} {lags}; got {beside} beside it. Say one of the two.")
