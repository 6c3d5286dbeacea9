"""Global statistics, one a period: Moran's I, Geary's C, General G."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, cast

import numpy as np

from spatialconv._core.space import association
from spatialconv._core.space.permutation import permute
from spatialconv._options import Alternative, Null, choice, count_of, first, generator
from spatialconv.autocorrelation._inputs import Inputs, gather
from spatialconv.autocorrelation._omitted import global_of_those_there
from spatialconv.autocorrelation._results import GlobalAutocorrelation
from spatialconv.errors import NotPositiveError, OptionError, VariableError
from spatialconv.panel import FloatArray, Missing, Panel, omits
from spatialconv.results import merge_notes

Statistic = Callable[[FloatArray, int], FloatArray]
# The third and fourth moments of a random arrangement have n - 3 in their divisors.
_LEAST = {"randomisation": 4, "normality": 3, "permutation": 3}


def moran(
    panel: Panel,
    variable: str,
    w: Any,
    *,
    log: bool = False,
    null: Null = "randomisation",
    permutations: int = 0,
    alternative: Alternative = "two-sided",
    seed: int | np.random.Generator | None = None,
    missing: Missing = "raise",
) -> GlobalAutocorrelation:
    r"""Test by Moran's I, in every period, whether regions resemble their neighbours.

    The first thing to compute of a map: values near each other are alike (I above its expectation), unlike
    (below), or scattered at random.

    Parameters
    ----------
    panel : Panel
    variable : str
        A numeric column, complete in every period unless `missing` says otherwise.
    w : Graph or W
        Weights of libpysal, labelled by region. Any weights; the regions need not be in the panel's order.
    log : bool
        Analyse the natural logarithm.
    null : {"randomisation", "normality", "permutation"}
        Where expectation, variance, z and p come from: all arrangements of the observed values over the
        regions, independent normal values, or a sample of random arrangements.
    permutations : int
        Number of random arrangements; 0 for none. With an analytic null they add the column
        `p_permutation`.
    alternative : {"two-sided", "greater", "less"}
        "greater": positive autocorrelation.
    seed : int or Generator, optional
        Of the permutations. One seed gives the same figures, whatever the order of the rows. It is stored
        in the provenance, also if drawn anew.
    missing : {"raise", "omit"}
        "omit" takes in every period the regions that have a value, with the weights cut to them and standardised again,
        and gives their number as the column n.

    Returns
    -------
    GlobalAutocorrelation
        `.table` has one row a period: I, expected, variance, z, p.

    Raises
    ------
    DataError
        If there are fewer than four regions (three under normality and permutation).
    VariableError
        If the variable is constant in a period, absent, or no number.
    MissingDataError, UnbalancedPanelError, NotPositiveError
        If a cell is missing or infinite, or has no logarithm.
    AlignmentError, WeightsError
        If the weights lack a region of the panel, or have no link.

    Notes
    -----
    .. math:: I = \frac{n}{S_0} \frac{\sum_{ij} w_{ij} z_i z_j}{\sum_i z_i^2}, \qquad
              E(I) = -\frac{1}{n - 1}

    with z the deviations from the mean and S0 the sum of the weights. A region without neighbours stays in n
    and has a row of zeros, as in esda and R's spdep (with `adjust.n=FALSE`).

    A p from m permutations is (r + 1) / (m + 1), r being how many of them are as extreme as the observed
    value; two-sided it is twice the smaller of the two one-sided p.

    References
    ----------
    Cliff, A. D. and Ord, J. K. (1981) Spatial Processes: Models and Applications. London: Pion.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.adjacency(zj.cities)
    >>> sc.moran(zj.panel, "exports", w, log=True).table.round(3)["I"].to_dict()
    {2016: -0.231, 2017: -0.261, 2018: -0.259, 2019: -0.253, 2020: -0.228}
    """
    asked = _options(null, permutations, alternative)
    if omits(missing):
        return global_of_those_there(moran, panel, (variable,), w, seed, log=log, **asked)
    data = gather(panel, variable, w, omittable=True, log=log, least=_LEAST[null], why=f"Moran's I under {null}")
    dev, _ = association.standardise(data.values)
    s = association.weight_sums(data.matrix)
    return _result(
        "I",
        data,
        lambda z, _: association.moran(z, data.matrix, s),
        dev,
        expected=-1 / (data.n - 1),
        variance=None if null == "permutation" else association.moran_variance(dev, s, null),
        seed=seed,
        **asked,
    )


def geary(
    panel: Panel,
    variable: str,
    w: Any,
    *,
    log: bool = False,
    null: Null = "randomisation",
    permutations: int = 0,
    alternative: Alternative = "two-sided",
    seed: int | np.random.Generator | None = None,
    missing: Missing = "raise",
) -> GlobalAutocorrelation:
    r"""Test by Geary's C, in every period, whether neighbours differ less than any two regions do.

    It looks at differences between neighbours, Moran's I at products of deviations: C is the more sensitive
    to what happens at short distance.

    Parameters
    ----------
    panel, variable, w, log, null, permutations, seed, missing
        As for `moran`.
    alternative : {"two-sided", "greater", "less"}
        "greater": positive autocorrelation, which is a C below 1.

    Returns
    -------
    GlobalAutocorrelation
        `.table` has one row a period: C, expected, variance, z, p.

    Raises
    ------
    DataError, VariableError, MissingDataError, UnbalancedPanelError, NotPositiveError, AlignmentError, WeightsError
        As `moran`.

    Notes
    -----
    .. math:: C = \frac{n - 1}{2 S_0} \frac{\sum_{ij} w_{ij} (z_i - z_j)^2}{\sum_i z_i^2}, \qquad E(C) = 1

    z = (E(C) - C) / sd(C), as in R's spdep: positive for positive autocorrelation, with the sign of Moran's
    z. esda has the opposite sign.

    References
    ----------
    Cliff, A. D. and Ord, J. K. (1981) Spatial Processes: Models and Applications. London: Pion.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.adjacency(zj.cities)
    >>> sc.geary(zj.panel, "exports", w, log=True).table.columns.tolist()
    ['C', 'expected', 'variance', 'z', 'p']
    """
    asked = _options(null, permutations, alternative)
    if omits(missing):
        return global_of_those_there(geary, panel, (variable,), w, seed, log=log, **asked)
    data = gather(panel, variable, w, omittable=True, log=log, least=_LEAST[null], why=f"Geary's C under {null}")
    dev, _ = association.standardise(data.values)
    s = association.weight_sums(data.matrix)
    return _result(
        "C",
        data,
        lambda z, _: association.geary(z, data.matrix, s),
        dev,
        expected=1.0,
        variance=None if null == "permutation" else association.geary_variance(dev, s, null),
        seed=seed,
        **asked,
    )


def general_g(
    panel: Panel,
    variable: str,
    w: Any,
    *,
    log: bool = False,
    null: Null = "randomisation",
    permutations: int = 0,
    alternative: Alternative = "two-sided",
    seed: int | np.random.Generator | None = None,
    missing: Missing = "raise",
) -> GlobalAutocorrelation:
    r"""Test by the General G, in every period, whether high values lie together, or low ones.

    Moran's I cannot tell a cluster of high values from one of low values; G can. It needs a natural zero:
    amounts, shares and densities, not growth rates, and seldom logarithms.

    Parameters
    ----------
    panel, variable, w, log, permutations, seed, missing
        As for `moran`. No value may be negative.
    null : {"randomisation", "permutation"}
        As for `moran`; there are no moments under normality.
    alternative : {"two-sided", "greater", "less"}
        "greater": high values lie together.

    Returns
    -------
    GlobalAutocorrelation
        `.table` has one row a period: G, expected, variance, z, p.

    Raises
    ------
    NotPositiveError
        If a value is negative.
    OptionError
        If `null="normality"`.
    DataError, VariableError, MissingDataError, UnbalancedPanelError, AlignmentError, WeightsError
        As `moran`.

    Notes
    -----
    .. math:: G = \frac{\sum_{ij} w_{ij} y_i y_j}{\sum_{i \ne j} y_i y_j}, \qquad
              E(G) = \frac{S_0}{n (n - 1)}

    References
    ----------
    Getis, A. and Ord, J. K. (1992) The analysis of spatial association by use of distance statistics.
    Geographical Analysis 24(3), 189-206.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> w = sc.weights.adjacency(zj.cities, standardise="none")
    >>> sc.general_g(zj.panel, "exports", w).table.columns.tolist()
    ['G', 'expected', 'variance', 'z', 'p']
    """
    if null == "normality":
        raise OptionError(
            "general_g has no moments under null='normality': Getis and Ord (1992) derive them for random "
            "arrangements of the values. Use null='randomisation' or 'permutation'."
        )
    asked = _options(null, permutations, alternative)
    if omits(missing):
        return global_of_those_there(general_g, panel, (variable,), w, seed, log=log, **asked)
    data = gather(panel, variable, w, omittable=True, log=log, least=_LEAST[null], why=f"the General G under {null}")
    _refuse_negative(data)
    dev, location = association.standardise(data.values)
    s = association.weight_sums(data.matrix)
    return _result(
        "G",
        data,
        lambda z, t: association.general_g(z, location[t], data.matrix, s),
        dev,
        expected=s.s0 / (data.n * (data.n - 1)),
        variance=None if null == "permutation" else association.general_g_variance(dev, location, s),
        seed=seed,
        **asked,
    )


def _options(null: Null, permutations: int, alternative: Alternative) -> dict[str, Any]:
    choice("null", null, Null)
    choice("alternative", alternative, Alternative)
    count = count_of("permutations", permutations)
    if null == "permutation" and count == 0:
        raise OptionError("null='permutation' needs their number: permutations=999, for example.")
    return {"null": null, "permutations": count, "alternative": alternative}


def _refuse_negative(data: Inputs) -> None:
    named = f"the logarithm of {data.variable!r}" if data.log else repr(data.variable)
    bad = data.values < 0
    if bad.any():
        t, i = np.nonzero(bad[:, data.places])
        cells = [(data.regions[b], data.periods[a]) for a, b in zip(t, i, strict=True)]
        raise NotPositiveError(
            f"the General G needs values of zero or more; {named} is negative in {first(cells)}. Use moran() or "
            "hot_spots(), which do not depend on where zero is."
        )
    alone = (data.values > 0).sum(axis=1) < 2
    if alone.any():
        raise VariableError(
            f"{named} is positive in one region only in period {first(list(data.periods[alone]))}; the General G "
            "needs two."
        )


def _result(
    name: Literal["I", "C", "G"],
    data: Inputs,
    statistic: Statistic,
    dev: FloatArray,
    *,
    expected: float,
    variance: FloatArray | None,
    null: Null,
    permutations: int,
    alternative: Alternative,
    seed: int | np.random.Generator | None,
) -> GlobalAutocorrelation:
    # Geary's C falls as neighbours become alike: z, p and the alternatives are about likeness.
    sign = -1.0 if name == "C" else 1.0
    value = np.array([statistic(dev[t : t + 1], t)[0] for t in range(len(dev))])
    mean, p_permutation, used = np.full(len(dev), expected), None, None
    if permutations:
        rng, used = generator(seed)
        drawn = permute(lambda z, t: sign * statistic(z, t), dev, permutations, rng)
        p_permutation = drawn.p_value(alternative)
        if variance is None:
            mean, variance = sign * drawn.expected, drawn.variance
    spread = cast(FloatArray, variance)
    z = sign * association.score(value, mean, spread)
    p = association.normal_p(z, alternative)
    columns = {name: value, "expected": mean, "variance": spread, "z": z, "p": p}
    if p_permutation is not None:
        columns["p" if null == "permutation" else "p_permutation"] = p_permutation
    return GlobalAutocorrelation(
        statistic=name,
        table=data.by_period(columns),
        variable=data.variable,
        log=data.log,
        periods=data.periods,
        regions=data.regions,
        null=null,
        alternative=alternative,
        permutations=permutations,
        notes=_notes(data, name, z),
        provenance=data.provenance(
            {"I": "moran", "C": "geary", "G": "general_g"}[name],
            used,
            null=null,
            permutations=permutations,
            alternative=alternative,
        ),
    )


def _notes(data: Inputs, name: str, z: FloatArray) -> tuple[str, ...]:
    notes = list(data.notes)
    if data.islands:
        # The labels stand in the note of the weights.
        notes.append(f"islands are kept, with rows of zeros, so that n stays {data.n}")
    undefined = np.isnan(z)
    if undefined.any():
        notes.append(
            f"no rearrangement of the values changes {name} in period {first(list(data.periods[undefined]))}: z is "
            "undefined there"
        )
    return merge_notes(notes)
