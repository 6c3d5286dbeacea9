"""What a user may put on the axes of a multiverse, checked and named."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from spatialconv._multiverse._specification import AS_GIVEN, EVERYTHING, MODELS, NO_WEIGHTS, WORDS
from spatialconv._options import choice, first, names, whole
from spatialconv.errors import OptionError
from spatialconv.panel import Panel, as_panel

Transform = Callable[[Panel], Panel]
ONE_OUT, PERIOD_OUT, SUBSETS = "leave-one-out", "leave-one-period-out", "all subsets"
# Up to so many regions each is left out; of more, so many of those that matter.
ALL_LEFT_OUT, MOST_LEFT_OUT = 500, 40
# Subsets double with every control; beyond this nobody meant to ask for all of them.
POOL_AT_MOST = 14


@dataclass(frozen=True)
class Sample:
    """Which regions and periods a sample keeps; None keeps all."""

    regions: tuple[Hashable, ...] | None = None
    periods: tuple[Hashable, ...] | None = None
    leaves_out: Hashable | None = None
    by: str = ""

    def of(self, panel: Panel) -> Panel:
        """Return the panel of the sample, the panel itself where nothing is left out."""
        if self.by == "region":
            return panel.subset(regions=[r for r in panel.regions if r != self.leaves_out])
        if self.by == "period":
            return panel.subset(periods=[t for t in panel.periods if t != self.leaves_out])
        if self.regions is None and self.periods is None:
            return panel
        return panel.subset(regions=self.regions, periods=self.periods)


def words(name: str, given: Any, allowed: Any) -> tuple[Any, ...]:
    """Return the choices of an axis as a tuple, each one of the words allowed."""
    if given == "all":
        return tuple(allowed)
    listed = names(name, given)
    for word in listed:
        choice(name, word, allowed)
    return _some(name, listed)


def _some(name: str, listed: tuple[Any, ...]) -> tuple[Any, ...]:
    if not listed:
        raise OptionError(f"{name} names no choice; a multiverse needs one at least on every axis.")
    return listed


def lengths(given: int | Iterable[int]) -> tuple[int, ...]:
    """Return the horizons, each once."""
    listed = [given] if isinstance(given, int) or not isinstance(given, Iterable) else list(given)
    return _some("horizons", tuple(dict.fromkeys(whole("horizons", h, least=1) for h in listed)))


def weights_axis(given: Any, models: tuple[str, ...]) -> dict[str, Any]:
    """Return weights by name; one Graph is called 'w', none at all serves models without space."""
    if given is None:
        spatial = [m for m in models if m != "none"]
        if spatial:
            raise OptionError(f"models {first(spatial)} need spatial weights; pass weights={{'name': graph, …}}.")
        return {NO_WEIGHTS: None}
    if not isinstance(given, Mapping):
        return {"w": given}
    if not given:
        raise OptionError("weights names no choice; pass weights={'name': graph, …}, or None for models without space.")
    return {_name("weights", k): v for k, v in given.items()}


def _name(axis: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise OptionError(f"choices of {axis} are named by text; got {value!r}.")
    return value


def data_axis(panel: Panel, given: Mapping[str, Panel | Transform] | None) -> dict[str, Panel]:
    """Return the panel as given, then its variants: other panels, or what a function makes of it."""
    as_panel(panel)
    found = {AS_GIVEN: panel}
    for name, variant in (given or {}).items():
        if _name("data", name) == AS_GIVEN:
            raise OptionError(f"{AS_GIVEN!r} names the panel itself; call the variant otherwise.")
        found[name] = as_panel(variant if isinstance(variant, Panel) or not callable(variant) else variant(panel))
    return found


def control_sets(given: Any, pool: Any, variable: str, panel: Panel) -> tuple[tuple[str, ...], ...]:
    """Return the sets of controls: each listed one, or all subsets of a pool, the smallest first."""
    if given != SUBSETS:
        if pool:
            raise OptionError(f"pool names the controls of controls={SUBSETS!r}; got controls={given!r}.")
        listed = [given] if isinstance(given, str) else list(given) if isinstance(given, Iterable) else [given]
        sets = tuple(dict.fromkeys(names("controls", one if one is not None else ()) for one in listed))
        return sets or ((),)
    members = names("pool", pool if pool is not None else ())
    if not members:
        others = [v for v in panel.variables if v != variable]
        raise OptionError(
            f"controls={SUBSETS!r} needs pool=(…), the controls to combine; the panel has {first(others)}."
        )
    if len(members) > POOL_AT_MOST:
        raise OptionError(
            f"{len(members)} controls have {2 ** len(members):,} subsets; name at most {POOL_AT_MOST} in pool, or list "
            "the sets you mean."
        )
    return tuple(s for size in range(len(members) + 1) for s in combinations(members, size))


def sample_axis(
    given: Any, groups: Mapping[str, Any] | None, panel: Panel, that_matter: Callable[[], list[Hashable]]
) -> dict[str, Sample]:
    """Return the samples by name: all, each region or period left out, and the groups that are named.

    Of more than `ALL_LEFT_OUT` regions those are left out that matter, which are asked for then alone.
    """
    if isinstance(given, Mapping):
        given, groups = [EVERYTHING, *given], {**(groups or {}), **given}
    known = {_name("groups", name): _group(name, value, panel) for name, value in (groups or {}).items()}
    taken = [name for name in known if name in (EVERYTHING, ONE_OUT, PERIOD_OUT)]
    if taken:
        raise OptionError(f"{first(taken)} is a word of its own and cannot name a group.")
    found: dict[str, Sample] = {}
    for word in _some("samples", names("samples", given)):
        choice("samples", word, (EVERYTHING, ONE_OUT, PERIOD_OUT, *known))
        if word == EVERYTHING:
            found[word] = Sample()
        elif word == ONE_OUT:
            regions = panel.regions if panel.n_regions <= ALL_LEFT_OUT else that_matter()
            found |= {f"without {r}": Sample(leaves_out=r, by="region") for r in regions}
        elif word == PERIOD_OUT:
            found |= {f"without {t}": Sample(leaves_out=t, by="period") for t in panel.periods}
        else:
            found[word] = known[word]
    return found


def _group(name: str, value: Any, panel: Panel) -> Sample:
    """Return a group given by its regions, or by {'regions': …, 'periods': …}; labels must be the panel's."""
    parts = value if isinstance(value, Mapping) else {"regions": value}
    unknown = [key for key in parts if key not in ("regions", "periods")]
    if unknown or not parts:
        raise OptionError(f"group {name!r} takes regions and periods; got {first(unknown) if unknown else 'nothing'}.")
    panel.subset(**parts)
    kept = {key: tuple([labels] if isinstance(labels, str) else labels) for key, labels in parts.items()}
    return Sample(kept.get("regions"), kept.get("periods"))


def model_axis(given: Any, weights: Any) -> tuple[Any, ...]:
    """Return the models; without weights the one that knows no space, else the lag."""
    if given is None:
        return ("none",) if weights is None else ("lag",)
    if given == "all":
        return tuple(MODELS)
    listed = names("models", given)
    told = [WORDS.get(word.upper(), word) for word in listed]
    for word, asked in zip(told, listed, strict=True):
        if word not in MODELS:
            raise OptionError(
                f"models must be one of {', '.join(map(repr, MODELS))}, or a name of the field: {', '.join(WORDS)}; "
                f"got {asked!r}."
            )
        if told.count(word) > 1:
            same = [a for a, t in zip(listed, told, strict=True) if t == word]
            raise OptionError(f"models names {first(same)}, which are one model; name each once.")
    return _some("models", tuple(told))
