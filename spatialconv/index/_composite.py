"""The composite index: fill, screen, normalise, weigh, add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from spatialconv._core.dispersion import entropy as core
from spatialconv._options import choice, first, positive
from spatialconv.errors import DataError, OptionError
from spatialconv.index._prepare import Filled, Indicators, fill, normalise, read, refuse_constant, screen
from spatialconv.index._result import CompositeIndex
from spatialconv.panel import FloatArray, Panel, as_panel
from spatialconv.results import Provenance, merge_notes, number

Weighting = Literal["entropy", "equal", "critic", "pca"]
Normalise = Literal["minmax", "z"]
Gaps = Literal["linear", "raise"]
Aggregation = Literal["arithmetic", "geometric", "topsis"]
MEASURES = ["entropy", "utility", "weight"]


def composite_index(
    panel: Panel,
    indicators: str | Iterable[str] | Mapping[str, str | Iterable[str]],
    *,
    direction: str | int | Mapping[str, str | int],
    weighting: Weighting | Mapping[str, float] = "entropy",
    pooled: bool = True,
    normalise: Normalise = "minmax",
    shift: float = 0.0,
    max_vif: float | None = 10.0,
    gaps: Gaps = "linear",
    aggregation: Aggregation = "arithmetic",
) -> CompositeIndex:
    r"""Make several indicators into one score of every region and period, weighted by their entropy.

    Use it for what is not measured by any one figure (the development of e-commerce, the digital level of a city),
    as an outcome or a control. Entropy gives weight to what is unevenly spread, whether or not it matters: look at
    `weights`, and at the result `without()` the heaviest indicator.

    Parameters
    ----------
    panel : Panel
        N regions x T periods, in any units; two observations of each indicator and region at least.
    indicators : names, or mapping of a group to names
        Groups are the first-level indicators of the usual tables; contributions are given by group.
    direction : "+", "-", or mapping of an indicator to one of them
        Whether more is better ("positive", 1) or worse ("negative", -1).
    weighting : {"entropy", "equal", "critic", "pca"}, or mapping of an indicator to its weight
        Entropy; the same for all; contrast times conflict (Diakoulaki et al. 1995); squared loadings of the first
        principal component; or weights of your own (of an expert panel), which are scaled to sum to one.
    pooled : bool
        Take range, entropy and weights from all periods together, so that scores compare over time. Otherwise every
        period has its own, and only ranks within a period compare.
    normalise : {"minmax", "z"}
        To [0, 1], or to mean 0 and standard deviation 1 (sample). Entropies need shares and so take z from its
        minimum up, which makes them those of min-max unless there is a shift.
    shift : float
        Added to what entropies are computed from (not to the scores), to keep logarithms defined as some papers do
        (0.0001, 0.01, 1). Not needed: a share of zero adds zero to an entropy. It moves weights, which a note says.
    max_vif : float, optional
        Take out the indicator with the largest variance inflation factor until none exceeds this, one at a time;
        None keeps all. `screening` has each step.
    gaps : {"linear", "raise"}
        Fill gaps on the line through the neighbouring observations, beyond the first and last through the last two
        (`ipolate, epolate` of Stata); negative fills of an indicator that is never observed below zero become 0.
        `filled` lists every cell. Or refuse gaps.
    aggregation : {"arithmetic", "geometric", "topsis"}
        How weighted indicators become one score. Their sum, in which much of one makes up for little of another; their
        product, in which it does so less, and a zero (the lowest of all in one indicator) makes the score zero; or the
        nearness to the best of all and distance from the worst (Hwang and Yoon 1981). The last two need min-max.

    Returns
    -------
    CompositeIndex

    Raises
    ------
    VariableError
        If an indicator does not vary, in a period where `pooled=False`.
    MissingDataError
        If a region has fewer than two observations of an indicator, or any gap where `gaps="raise"`.
    OptionError
        If a direction or a weight is lacking or unknown.

    Notes
    -----
    With n = N T rows (n = N where `pooled=False`) and normalised indicators x', min-max of 'more is better' (of its
    opposite the numerator is max x_j - x_ij),

    .. math::

        x'_{ij} = \frac{x_{ij} - \min_i x_{ij}}{\max_i x_{ij} - \min_i x_{ij}}, \quad
        p_{ij} = \frac{x'_{ij}}{\sum_i x'_{ij}}, \quad
        e_j = -K \sum_i p_{ij} \ln p_{ij}, \quad K = \frac{1}{\ln n},

    .. math:: g_j = 1 - e_j, \quad w_j = g_j / \sum_k g_k, \quad s_i = \sum_j w_j x'_{ij}.

    The geometric mean is :math:`s_i = \prod_j x_{ij}'^{w_j}`. TOPSIS takes the distances from the best and the worst,

    .. math:: s_i = \frac{D_i^-}{D_i^+ + D_i^-}, \quad D_i^\pm = \sqrt{\sum_j (w_j x'_{ij} - v_j^\pm)^2}, \quad
              v_j^+ = \max_i w_j x'_{ij}, \quad v_j^- = \min_i w_j x'_{ij},

    of min-max indicators, so that v+ is w and v- is 0; Hwang and Yoon divide by root sums of squares instead.

    *He (e-commerce and innovation of 31 provinces, 2013 to 2021)* builds its indices so: K = 1 / ln 279 = 0.177582.
    From its printed entropies (Tables 5 and 6) its utilities and weights follow within rounding. Its Table 2 shows
    the variance inflation of 11 indicators of the 12 that it screens: IOW is missing. POS stands there with 39.3 and
    is kept, as only a stepwise screening would (ours).

    *Luo and Zhang (2024)* build the digital level of eleven cities from three (unnamed) indicators of digital
    infrastructure over the years 2016 to 2020 together, as Zhang et al. (2013) do; the raw data are not published, so
    their Tab. 3 is data here, not a result. Their formulas are meant as above and misprinted: (4.5) sets k over the
    sum, where it multiplies it with a minus sign, and its k = 1 / ln(y) is 1 / ln(n); (4.3) lacks the i of x_ij;
    (4.4) and (4.8) have x_ij where the normalised x'_ij is meant; (4.6) prints I for 1; (4.7) has g_i for g_j.

    References
    ----------
    Shannon, C. E. (1948) A mathematical theory of communication. Bell System Technical Journal 27, 379-423.
    Diakoulaki, D., Mavrotas, G. and Papayannakis, L. (1995) Determining objective weights in multiple criteria
    problems: the CRITIC method. Computers and Operations Research 22, 763-770.
    Hwang, C.-L. and Yoon, K. (1981) Multiple Attribute Decision Making. Springer, Berlin.
    OECD and JRC (2008) Handbook on Constructing Composite Indicators. OECD, Paris.
    He, K., Heterogeneous Impact of Regional E-Commerce Development on Technological Innovation.
    Luo, J. and Zhang, J. (2024), International Journal of Applied Mathematics in Control Engineering 7, 18-24.

    Examples
    --------
    >>> import pandas as pd, spatialconv as sc
    >>> frame = pd.DataFrame(
    ...     {"city": [*"abcabc"], "year": [1, 1, 1, 2, 2, 2], "sites": [1, 4, 9, 2, 5, 9], "wait": [9, 7, 2, 8, 3, 1]}
    ... )
    >>> panel = sc.Panel(frame, region="city", period="year")
    >>> index = sc.composite_index(panel, ["sites", "wait"], direction={"sites": "+", "wait": "-"})
    >>> index.weights["weight"].round(3).to_dict()
    {'sites': 0.492, 'wait': 0.508}
    >>> index.panel("development").wide("development").loc[2].round(3).tolist()
    [0.125, 0.627, 1.0]
    """
    as_panel(panel)
    chosen = read(indicators, direction)
    if not isinstance(weighting, Mapping):
        choice("weighting", weighting, get_args(Weighting))
    choice("normalise", normalise, get_args(Normalise))
    choice("gaps", gaps, get_args(Gaps))
    choice("aggregation", aggregation, get_args(Aggregation))
    if aggregation != "arithmetic" and normalise != "minmax":
        raise OptionError(f"aggregation={aggregation!r} needs indicators from 0 to 1; take normalise='minmax'.")
    if shift != 0:
        positive("shift", shift)
    if max_vif is not None and positive("max_vif", max_vif) < 1:
        raise OptionError(f"max_vif must be 1 or more, for no variance inflation factor is below 1; got {max_vif!r}.")
    full = fill(panel, chosen.names, lines=gaps == "linear")
    rows = full.values.reshape(-1, len(chosen.names))
    least = panel.n_regions if not pooled else len(rows)
    if least < 2:
        raise DataError(
            f"an index needs two rows or more to compare; there is {least}. Take pooled=True or more regions."
        )
    refuse_constant(rows, chosen.names)
    screening = screen(rows, chosen.names, max_vif)
    kept = chosen.without(screening.loc[screening["removed"], "indicator"])
    values = full.values[:, :, [chosen.names.index(name) for name in kept.names]]
    blocks = [values.reshape(-1, values.shape[2])] if pooled else list(values)
    labels = ["all periods"] if pooled else list(panel.periods)
    parts = [
        _block(block, kept, weighting, normalise, shift, where) for block, where in zip(blocks, labels, strict=True)
    ]
    terms = np.concatenate([part[1] for part in parts]).reshape(values.shape)
    weights = pd.concat({label: part[0] for label, part in zip(labels, parts, strict=True)}, names=["period"])
    options: dict[str, Any] = {
        "indicators": dict(zip(chosen.names, chosen.groups, strict=True)),
        "direction": dict(zip(chosen.names, chosen.signs, strict=True)),
        "weighting": dict(weighting) if isinstance(weighting, Mapping) else weighting,
        "pooled": pooled,
        "normalise": normalise,
        "shift": shift,
        "max_vif": max_vif,
        "gaps": gaps,
        "aggregation": aggregation,
    }
    weight = np.stack([part[0]["weight"].to_numpy() for part in parts])[:, None, :]
    scores = _added(terms, weight, aggregation)
    return CompositeIndex(
        scores=pd.DataFrame(scores, index=panel.periods, columns=panel.regions),
        weights=weights.loc["all periods"] if pooled else weights,
        contributions=_contributions(terms, kept, panel),
        terms=_contributions(terms, replace(kept, groups=kept.names), panel),
        screening=screening,
        filled=full.table,
        constant=1.0 / np.log(len(blocks[0])),
        indicators=kept,
        asked=chosen,
        source=panel,
        notes=merge_notes(
            panel.notes,
            _notes(full, screening, max_vif, options, [part[2] for part in parts]),
            _thin(panel, blocks[0]),
            _aggregated(scores, aggregation, panel),
        ),
        provenance=Provenance("composite_index", options, panel.n_regions, panel.n_periods),
    )


def _block(
    x: FloatArray, kept: Indicators, weighting: Any, how: str, shift: float, where: Any
) -> tuple[pd.DataFrame, FloatArray, str]:
    """Return the weights of one block of rows, the terms w_j x'_ij, and what is to be said of them."""
    refuse_constant(x, kept.names, "" if where == "all periods" else f" in {where}")
    scaled = normalise(x, kept.signs, how)
    base = scaled - scaled.min(axis=0) + shift
    found, said = core.entropy_weights(core.entropies(base)), ""
    if isinstance(weighting, Mapping):
        weight = _own(weighting, kept)
    elif weighting == "entropy":
        weight = found.weight
    elif weighting == "critic":
        weight = core.critic_weights(scaled)
    elif weighting == "pca":
        weight, share = core.component_weights(scaled)
        said = f"the first principal component holds {100 * share:.0f} % of the variance"
        said += "" if where == "all periods" else f" in {where}"
    else:
        weight = np.full(len(kept.names), 1.0 / len(kept.names))
    table = pd.DataFrame(
        {
            "group": kept.groups,
            "direction": ["+" if sign > 0 else "-" for sign in kept.signs],
            "entropy": found.entropy,
            "utility": found.utility,
            "weight": weight,
        },
        index=pd.Index(kept.names, name="indicator"),
    )
    return table, scaled * weight, said


def _added(terms: FloatArray, weight: FloatArray, aggregation: Aggregation) -> FloatArray:
    """Return scores (T, N) of terms w_j x'_ij (T, N, K) and weights (1, 1, K), or (T, 1, K) by period."""
    if aggregation == "arithmetic":
        return np.asarray(terms.sum(axis=2))
    # An indicator without weight has no say, whatever it is.
    scaled = np.divide(terms, weight, out=np.ones_like(terms), where=np.broadcast_to(weight > 0, terms.shape))
    if aggregation == "geometric":
        return np.asarray(np.prod(scaled**weight, axis=2))
    # Of min-max indicators the best of all has the whole weight, the worst none of it.
    best, worst = (np.sqrt(np.sum(v**2, axis=2)) for v in (weight - terms, terms))
    return np.asarray(worst / (best + worst))


def _aggregated(scores: FloatArray, aggregation: Aggregation, panel: Panel) -> list[str]:
    if aggregation == "arithmetic":
        return []
    notes = [f"contributions are those of the weighted sum; they do not add up to the score ({aggregation})"]
    t, i = np.nonzero(scores == 0)
    if aggregation == "geometric" and len(t):
        cells = [(panel.regions[b], panel.periods[a]) for a, b in zip(t, i, strict=True)]
        notes.append(f"the lowest of all in some indicator, so that the product is zero in {first(cells)}")
    return notes


def _own(weighting: Mapping[str, float], kept: Indicators) -> FloatArray:
    lost = [name for name in kept.names if name not in weighting]
    if lost:
        raise OptionError(f"weighting gives no weight to {first(lost)}; name every indicator.")
    given = pd.Series([weighting[name] for name in kept.names], dtype=object)
    weight = pd.to_numeric(given, errors="coerce").to_numpy(dtype=float)
    if not np.isfinite(weight).all() or (weight < 0).any() or weight.sum() == 0:
        raise OptionError(f"weights must be zero or positive, and not all zero; got {dict(weighting)!r}.")
    return np.asarray(weight / weight.sum())


def _contributions(terms: FloatArray, kept: Indicators, panel: Panel) -> pd.DataFrame:
    groups = list(dict.fromkeys(kept.groups))
    member = np.array([[group == of for group in groups] for of in kept.groups], dtype=float)
    index = pd.MultiIndex.from_product([panel.periods, panel.regions], names=[panel.period, panel.region])
    return pd.DataFrame((terms @ member).reshape(-1, len(groups)), index=index, columns=groups)


def _notes(
    full: Filled, screening: pd.DataFrame, max_vif: float | None, options: dict[str, Any], said: list[str]
) -> list[str]:
    notes = []
    if len(full.table):
        how = full.table["how"].value_counts()
        counts = " and ".join(f"{how[kind]} {kind}" for kind in ("interpolated", "extrapolated") if kind in how)
        notes.append(f"{counts} on straight lines: {_cells(full.table)}")
        zero = full.table[full.table["set_to_zero"].astype(bool)]
        if len(zero):
            notes.append(f"negative where filled in, set to 0: {_cells(zero)}")
    gone = screening[screening["removed"]]
    if len(gone):
        listed = ", ".join(
            f"{name!r} ({number(vif, 1)})" for name, vif in zip(gone["indicator"], gone["vif"], strict=True)
        )
        notes.append(f"left out for a variance inflation above {max_vif:g}, one at a time: {listed}")
    if not options["pooled"]:
        notes.append("every period has its own range and weights: scores compare within a period, not over time")
    if options["shift"]:
        notes.append(f"{options['shift']:g} was added before shares were taken: entropies and weights hang on it")
    return notes + [text for text in said if text]


def _thin(panel: Panel, block: FloatArray) -> list[str]:
    """Say what weights are worth where there is little to compare."""
    notes = []
    if panel.n_regions == 1:
        notes.append(
            f"one region, {first(list(panel.regions))}: range and weights are those of its own ups and downs over "
            "time, and say nothing of how regions differ"
        )
    if panel.n_periods == 1:
        notes.append(
            f"one period, {first(list(panel.periods))}: range and weights are those of this one cross-section and move "
            "as soon as a period is added"
        )
    if len(block) == 2:
        notes.append(
            "two rows to compare: each indicator is highest in one and lowest in the other, so that entropies are "
            "alike whatever the values, and the data tell no weights"
        )
    return notes


def _cells(table: pd.DataFrame) -> str:
    return first(list(table[["indicator", "region", "period"]].itertuples(index=False, name=None)))
