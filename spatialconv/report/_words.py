"""Sentences that results make: nothing here is said that was not computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from spatialconv.convergence.beta.beta import INITIAL, BetaConvergence
from spatialconv.errors import SpatialConvError
from spatialconv.summary import CONTROLS_AT

CRITICAL_10 = 1.6448536269514722  # two-sided 10 % of the standard normal
LEVEL = 0.05


def number(value: float, digits: int = 2) -> str:
    """Write a number with a true minus sign."""
    if not np.isfinite(value):
        return "undefined"
    return f"{value + 0.0:.{digits}f}".replace("-", "\u2212")


def p_text(value: float) -> str:
    """Write a p-value, never as zero."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def digits_of(values: Iterable[float]) -> int:
    """Return with how many decimals the smallest of some numbers still shows two digits: two to four."""
    sizes = [abs(value) for value in values if np.isfinite(value) and value != 0]
    return 2 if not sizes else int(np.clip(1 - np.floor(np.log10(min(sizes))), 2, 4))


def listed(words: Iterable[Any], *, most: int = 6, nobody: str = "none") -> str:
    """Join words by commas and 'and'; say how many more there are."""
    every = [str(word) for word in words]
    if not every:
        return nobody
    if len(every) > most:
        every = [*every[:most], f"{len(every) - most} more"]
    return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} and {every[-1]}"


def share(chosen: Sequence[Any], all_of: Sequence[Any], what: str) -> str:
    """Say in how many of all cases something holds, and in which: 'all 5 periods', '2 of 5 periods (2016, 2017)'."""
    if not len(chosen):
        return f"no {what}"
    if len(chosen) == len(all_of):
        return f"all {len(all_of):,} {what}s" if len(all_of) > 1 else f"the one {what}"
    return f"{len(chosen):,} of {len(all_of):,} {what}s ({listed(chosen)})"


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """Say how many there are: 'no city', 'one city', '3 cities'."""
    word = singular if count == 1 else plural or f"{singular}s"
    return f"{'no' if count == 0 else 'one' if count == 1 else count} {word}"


# ---------------------------------------------------------------------- data and weights


def sample(study: Any) -> str:
    """Who and when."""
    panel, case = study.panel, study.case
    text = f"{panel.n_regions:,} regions, {panel.periods[0]} to {panel.periods[-1]} ({panel.n_periods} periods). "
    text += f"The variable is {case.variable}" + (f" ({case.unit})." if case.unit else ".")
    if len(study.samples) > 1:
        parts = [f"{name} ({len(regions)})" for name, regions in study.samples.items() if name != case.subsamples.whole]
        text += f" Subsamples: {listed(parts)}."
    if case.controls:
        text += f" Controls: {listed(case.controls)}, {CONTROLS_AT[case.controls_at]}."
    return text


def uncertainty(study: Any) -> str:
    """How surely the levels are known."""
    column = study.case.uncertainty
    if not column:
        return ""
    sd = pd.Series(study.panel.values(column).mean(axis=0), index=study.panel.regions)
    exact = [str(region) for region in sd.index if sd[region] < 0.005]
    text = (
        f"The standard deviation of a region's log level that this leaves ({column}) has the median "
        f"{number(float(sd.median()), 3)} and is largest for {sd.idxmax()} ({number(float(sd.max()), 2)})"
    )
    return text + (f"; {listed(exact)} {'is' if len(exact) == 1 else 'are'} known exactly." if exact else ".")


def islands(study: Any) -> list[str]:
    """Who has no neighbour, and what that means."""
    found = []
    for name, summary in study.summaries.items():
        if not summary.islands:
            found.append(f"Weights {name!r}: every region has a neighbour.")
            continue
        who, one = listed(summary.islands), len(summary.islands) == 1
        found.append(
            f"Weights {name!r}: {who} {'has' if one else 'have'} no neighbour. {'Its' if one else 'Their'} spatial lag "
            "is zero, and a link made by hand would change the statistics."
        )
    return found


def intervals(study: Any) -> list[str]:
    """Where rho may lie."""
    found = []
    for name, summary in study.summaries.items():
        low, high = summary.rho_interval
        reason = f"the smallest eigenvalue is {number(1 / low)}" if np.isfinite(low) else "no eigenvalue is negative"
        outside = " Values below \u22121 are admissible." if low < -1 else ""
        found.append(
            f"Weights {name!r}: rho may lie between {number(low)} and {number(high)}, since {reason}.{outside}"
        )
    return found


# ---------------------------------------------------------------------- growth, space, dispersion


def growth(study: Any) -> list[str]:
    """Fastest, slowest, and who fell."""
    grown = study.growth
    # A mean of percentages ranks regions that fall and rise again above those that grew.
    average = grown.compound.sort_values(kind="stable")
    unit = " %" if not grown.log else ""
    text = [
        f"Compound growth was highest in {average.index[-1]} ({number(average.iloc[-1])}{unit}) and lowest in "
        f"{average.index[0]} ({number(average.iloc[0])}{unit})."
    ]
    rates = grown.rates.to_numpy()
    i, j = np.nonzero(rates < 0)
    low = np.argsort(rates[i, j], kind="stable")
    fell = [f"{grown.rates.index[i[k]]} ({grown.rates.columns[j[k]]})" for k in low]
    every = f"Growth was negative in {len(fell):,} of {rates.size:,} cases, lowest first: {listed(fell)}."
    text.append(every if fell else "No region shrank over any span.")
    return text


def autocorrelation(study: Any) -> list[str]:
    """Sign and significance of Moran's I, by the normal and by the permutation distribution."""
    found = []
    for name, result in study.moran.items():
        table = result.table
        passed = list(table.index[table["p"] <= 0.1])
        sign = "negative" if (table["I"] < 0).all() else "positive" if (table["I"] > 0).all() else "of changing sign"
        text = (
            f"Weights {name!r}: Moran's I is {sign}, from {number(table['I'].min(), 3)} to "
            f"{number(table['I'].max(), 3)}. It passes a two-sided 10 % test in {share(passed, table.index, 'period')} "
            f"(smallest {p_text(table['p'].min())})."
        )
        if "p_permutation" in table:
            drawn = list(table.index[table["p_permutation"] <= 0.1])
            text += (
                f" By {result.permutations:,} permutations it does in {share(drawn, table.index, 'period')} "
                f"(smallest {p_text(table['p_permutation'].min())})."
            )
            if set(drawn) != set(passed):
                text += f" With {len(result.regions):,} regions the normal distribution is a rough guide."
        found.append(text)
    return found


def hot_spots(study: Any) -> list[str]:
    """What is significant, and what the natural breaks say regardless."""
    hot = study.hot_spots
    found = []
    for period in hot.periods:
        table = hot.at(period)
        reach = list(table.index[table["z"].abs() >= CRITICAL_10])
        top = table["z"].idxmax()
        text = f"{period}: {len(reach) or 'none'} of {len(table):,} regions "
        text += f"{'reaches' if len(reach) < 2 else 'reach'} |z| = 1.645 (10 %)"
        text += f": {listed(reach)}." if reach else ", so none is a significant hot or cold spot."
        text += f" The highest z is {number(float(table['z'].max()))} ({top})."
        upper = table.index[table["jenks"] > table["jenks"].max() / 2]
        text += f" Natural breaks put {listed(upper)} in the upper classes."
        found.append(text)
    found.append("Natural breaks rank and test nothing: some region is in the highest class, significant or not.")
    return found


def significant_spots(study: Any) -> list[str]:
    """How many hot and cold spots there are in all, in one sentence."""
    hot = study.hot_spots
    tables = [hot.at(period) for period in hot.periods]
    reach = sum(int((table["z"].abs() >= CRITICAL_10).sum()) for table in tables)
    cases = sum(len(table) for table in tables)
    when = listed(hot.periods)
    if not reach:
        return [f"No region is a significant hot or cold spot ({hot.name}, 10 %) in {when}."]
    verb = "is a significant hot or cold spot" if reach == 1 else "are significant hot or cold spots"
    return [f"{reach} of {cases} cases (a region in a period) {verb} ({hot.name}, 10 %): {when}."]


def dispersion(study: Any) -> list[str]:
    """Has it fallen, and is that significant."""
    sigma = study.sigma
    sd = sigma.table["sd_log"]
    first, last = sigma.periods[0], sigma.periods[-1]
    test = sigma.pitman_morgan
    word = "fell" if sd.iloc[-1] < sd.iloc[0] else "rose"
    ends = f"from {number(sd.iloc[0], 3)} ({first}) to {number(sd.iloc[-1], 3)} ({last})"
    text = f"The standard deviation of logs {word} {ends}."
    if test.reason:
        return [f"{text} {test.name}: {test.reason}."]
    verdict = "is" if test.p_value <= LEVEL else "is not"
    text += f" The change {verdict} significant at 5 % ({test.name}, {p_text(test.p_value)})."
    return [text]


# ---------------------------------------------------------------------- beta


def effects_matter(study: Any) -> list[str]:
    """Absolute convergence under the four kinds of effects."""
    whole = study.case.subsamples.whole
    fits = {effects: _headline(study, whole, (), effects) for effects in ("none", "time", "region", "two-way")}
    known = {name: fit for name, fit in fits.items() if fit is not None}
    if len(known) < 2:
        return []
    digits = digits_of(fit.beta for fit in known.values())
    p = {name: _p_of(fit, study.case.seed) for name, fit in known.items()}
    says = [
        f"{number(fit.beta, digits)} with {'no' if name == 'none' else name} effects ({p_text(p[name][0])}{p[name][1]})"
        for name, fit in known.items()
    ]
    text = [f"Without controls beta for {whole} is {listed(says)}."]
    yes = [name for name, fit in known.items() if fit.beta < 0 and p[name][0] <= LEVEL]
    if yes and len(yes) < len(known):
        no = [name for name in known if name not in yes]
        text.append(
            f"Absolute convergence hangs on the effects: it is significant at 5 % under {listed(yes)}, not under "
            f"{listed(no)}."
        )
    else:
        text.append(f"At 5 % it is significant {'under all effects' if yes else 'under none of the effects'}.")
    return [*text, *_nickell(known)]


def _p_of(fit: BetaConvergence, seed: int) -> tuple[float, str]:
    """Return p of no convergence and whose: by z, or of no convergence by the test that holds in few periods."""
    if fit.z_withheld:
        try:
            return fit.short_panel_test(seed=seed).p_lower, " of no convergence, by likelihood ratio"
        except SpatialConvError:
            return float(fit.fit.pvalues[INITIAL]), " by z, which does not hold here"
    by_z = " by z, which does not hold here" if fit.fit.spec.effects in ("region", "two-way") else ""
    return float(fit.pvalues[INITIAL]), by_z


def _nickell(known: dict[str, BetaConvergence]) -> list[str]:
    """What region effects do to beta where periods are few."""
    biased = {name: fit for name, fit in known.items() if name in ("region", "two-way")}
    if not biased:
        return []
    one = next(iter(biased.values()))
    spans, h = one.fit.n_periods, one.length
    limit = -3 / ((spans + 1) * h)
    formula = "\u22123/(T + 1)" if h == 1 else f"\u22123/((T + 1) {h:g})"
    digits = digits_of([limit])
    return [
        "Region effects bias beta downwards where spans are few, since the initial level is a lagged outcome (Nickell "
        f"1981). With {spans} spans and levels that follow random walks, so that nothing converges, the estimate tends "
        f"to {formula} = {number(limit, digits)} as regions become many (Harris and Tzavalis 1999). Found here: "
        + listed(f"{number(fit.beta, digits)} ({name})" for name, fit in biased.items())
        + ". Neither approach to the effects removes this bias."
    ]


def outside_unit(study: Any) -> list[str]:
    """Which rho lie outside (-1, 1) though inside their interval."""
    grid = study.betas
    out = [(cell, fit.rho) for cell, fit in grid.fits.items() if np.isfinite(fit.rho) and abs(fit.rho) > 1]
    if not out:
        return []
    low, high = study.summaries[study.case.main].rho_interval
    least, most = min(rho for _, rho in out), max(rho for _, rho in out)
    values = number(least) if len(out) == 1 else f"from {number(least)} to {number(most)}"
    return [
        f"In {len(out):,} of {len(grid.fits):,} models rho lies outside (\u22121, 1): {values}. That is admissible, "
        f"since the interval of the weights {study.case.main!r} is ({number(low)}, {number(high)}). Software that "
        "searches (\u22121, 1) cannot find it."
    ]


def approaches(study: Any) -> list[str]:
    """What the Lee-Yu transformation changes in rho."""
    grid, effects = study.betas, study.case.model.effects
    pairs = []
    for cell, fit in grid.fits.items():
        other = grid.get(cell.sample, cell.controls, cell.effects, "lee-yu")
        # Under region effects alone both approaches give the same coefficients.
        if cell.correction == "none" and other is not None and cell.effects in ("time", "two-way"):
            pairs.append((cell, fit.rho, other.rho))
    pairs = [pair for pair in pairs if np.isfinite(pair[1])]
    shown = [pair for pair in pairs if pair[0].effects == effects]
    if not shown:
        return []
    says = [f"{_named(cell)} {number(direct)} \u2192 {number(corrected)}" for cell, direct, corrected in shown]
    text = [
        f"Rho under {effects} effects, direct approach \u2192 Lee-Yu: {'; '.join(says)}. The direct approach estimates "
        "the effects along with rho, which biases rho; Lee-Yu removes them by a transformation before rho is estimated."
    ]
    turned = [f"{_named(cell)} ({cell.effects})" for cell, direct, corrected in pairs if direct * corrected < 0]
    if turned:
        text.append(
            f"The sign of rho changes between the approaches in {counted(len(turned), 'model')}: {listed(turned)}."
        )
    return text


def undefined_speeds(study: Any) -> list[str]:
    """Where the gap would be overshot."""
    cells = [cell for cell, fit in study.betas.fits.items() if not np.isfinite(fit.speed) and fit.beta < 0]
    if not cells:
        return []
    return [
        f"The speed of convergence is undefined in {len(cells):,} of {len(study.betas.fits):,} models, where beta lies "
        "below \u22121 and the gap would be overshot within one span: "
        f"{listed(_named(cell, effects=True) for cell in cells)}."
    ]


def not_estimated(study: Any) -> list[str]:
    """Models that could not be estimated, and why."""
    alike: dict[str, list[str]] = {}
    for cell, reason in study.betas.reasons.items():
        alike.setdefault(reason, []).append(_named(cell, effects=True))
    return [
        f"Not estimated: {cells[0]}. {reason}"
        if len(cells) == 1
        else f"{len(cells):,} models not estimated ({listed(cells, most=3)}): {reason}"
        for reason, cells in alike.items()
    ]


def _headline(study: Any, sample_name: str, controls: Sequence[str], effects: str) -> BetaConvergence | None:
    correction = study.case.model.correction
    wanted = ("lee-yu", "none") if correction == "auto" else (correction,)
    found = (study.betas.get(sample_name, tuple(controls), effects, c) for c in (*wanted, "none"))
    return next((fit for fit in found if fit is not None), None)


def _named(cell: Any, *, effects: bool = False) -> str:
    approach = {"none": "direct", "lee-yu": "Lee-Yu"}[cell.correction]
    kind = f"with {', '.join(cell.controls)}" if cell.controls else "absolute"
    return f"{cell.sample} {kind}" + (f" ({cell.effects}, {approach})" if effects and cell.effects != "none" else "")
