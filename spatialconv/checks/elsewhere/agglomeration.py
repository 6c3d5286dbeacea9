"""Is agglomeration more than few plants, single regions, few jobs, or the years that are compared?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialconv._options import first
from spatialconv.agglomeration import EllisonGlaeser, ShiftShare, Structure, concentration, shift_share, specialisation
from spatialconv.checks._finding import LEVEL, Finding, Verdict
from spatialconv.checks._subject import Effort
from spatialconv.errors import SpatialConvError
from spatialconv.panel import FloatArray
from spatialconv.results import number, one_line, plural

# Ellison and Glaeser's words: above this an industry is very concentrated.
VERY = 0.05
# Plants of equal size that an industry's are worth (1 / H), below which gamma is of single plants.
FEW_PLANTS = 10
# Rank correlations of orders that are nearly alike, and no longer alike.
ALIKE, APART = 0.9, 0.7
# Samples that are drawn, and industries or regions that are left out one by one, at most.
MOST_DRAWS, MOST_PARTS = 199, 200


def discovered(p: FloatArray) -> npt.NDArray[np.bool_]:
    """Return which p-values are below 5 % by false discovery rate (Benjamini and Hochberg 1995)."""
    order = np.sort(p)
    under = np.flatnonzero(order <= LEVEL * np.arange(1, len(p) + 1) / len(p))
    return p <= order[under[-1]] if len(under) else np.zeros(len(p), dtype=bool)


# ---------------------------------------------------------------------- Ellison and Glaeser


def _very(found: EllisonGlaeser) -> pd.DataFrame:
    return found.table.loc[found.table["gamma"] > VERY]


def by_chance(found: EllisonGlaeser, effort: Effort) -> Finding:
    """Are industries called concentrated so beyond what plants placed at random give?"""
    del effort
    name, question = "chance", "Is every concentrated industry more so than plants placed at random?"
    if "p_value" not in found.table:
        return Finding(name, question, "not asked", "sizes of plants are not given, and z is not known")
    very = _very(found)
    if not len(very):
        return Finding(name, question, "not asked", f"no gamma exceeds {VERY}")
    p = found.table["p_value"].to_numpy(dtype=float)
    known = np.isfinite(p)
    sure = pd.Series(False, index=found.table.index)
    sure[known] = discovered(p[known]) & (found.table["z"].to_numpy(dtype=float)[known] > 0)
    count = int(sure.loc[very.index].sum())
    evidence = (
        f"{count:,} of {len(very):,} with gamma above {VERY} differ from random places (false discovery rate 5 %)"
    )
    verdict: Verdict = "ok" if count == len(very) else "warn" if 2 * count >= len(very) else "fail"
    advice = "Call only those concentrated that differ from random places, and print z beside gamma."
    return Finding(name, question, verdict, evidence, "" if verdict == "ok" else advice)


def many_plants(found: EllisonGlaeser, effort: Effort) -> Finding:
    """Is gamma of more than single plants?"""
    del effort
    name, question = "plants", f"Is every concentrated industry of {FEW_PLANTS} plants' worth or more (1 / H)?"
    very = _very(found)
    if not len(very):
        return Finding(name, question, "not asked", f"no gamma exceeds {VERY}")
    worth = 1 / very["plant_herfindahl"]
    few = worth[worth < FEW_PLANTS]
    evidence = f"least {number(worth.min(), 1)} ({_label(worth.idxmin())}); fewer than {FEW_PLANTS} in {len(few)}"
    if not len(few):
        return Finding(name, question, "ok", evidence)
    return Finding(name, question, "warn", evidence, "Where few plants make an industry, name them: gamma is of these.")


def one_region(found: EllisonGlaeser, effort: Effort) -> Finding:
    """Does a single region make gamma?"""
    del effort
    name, question = "regions", "Is every concentrated industry so without the region that adds most?"
    very = _very(found)
    if not len(very):
        return Finding(name, question, "not asked", f"no gamma exceeds {VERY}")
    source = found.source
    alone = []
    for key in very.index:
        t, k = source.periods.get_loc(key[0]), source.industries.get_loc(key[1])
        jobs = source.values[t]
        s, x = jobs[:, k] / jobs[:, k].sum(), jobs.sum(axis=1) / jobs.sum()
        rest = np.arange(len(s)) != int(np.argmax((s - x) ** 2))
        s, x = s[rest] / max(s[rest].sum(), 1e-300), x[rest] / x[rest].sum()
        H = float(very.loc[key, "plant_herfindahl"])
        scale = 1 - float(x @ x)
        gamma = (float(((s - x) ** 2).sum()) - scale * H) / (scale * (1 - H)) if scale > 0 and H < 1 else np.nan
        if not gamma > VERY:
            alone.append(key)
    evidence = f"{len(alone):,} of {len(very):,} fall to {VERY} or below without one region"
    if not alone:
        return Finding(name, question, "ok", evidence)
    advice = "Say which region holds it: one large place is no cluster of regions."
    return Finding(name, question, "warn", f"{evidence}: {first([_label(k) for k in alone], 4)}", advice)


def _label(key: object) -> str:
    return ", ".join(str(part) for part in key) if isinstance(key, tuple) else str(key)


ELLISON = (by_chance, many_plants, one_region)
ELLISON_LIMITS = {
    "chance": "that all of them are concentrated",
    "plants": "that their plants gather, where single plants make the industry",
    "regions": "that they gather in more than one place",
}


def claim_of_ellison(found: EllisonGlaeser) -> str:
    """Return what the result says."""
    last = found.source.periods[-1]
    gamma = found.table["gamma"].loc[last].dropna()
    count = int((gamma > VERY).sum())
    when = f" in {last}" if found.source.n_periods > 1 else ""
    return f"{count:,} of {plural(len(gamma), 'industry', 'industries')} have a gamma above {VERY}{when}"


# ---------------------------------------------------------------------- specialisation and concentration


def measures(found: Structure, effort: Effort) -> Finding:
    """Do the measures agree on the order?"""
    del effort
    who = _who(found)
    name, question = "measures", f"Do the measures order the {who} alike?"
    last = found.table.loc[found.source.periods[-1]]
    # An equivalent number falls where the others rise.
    signs = [-1.0 if column == "equivalent_number" else 1.0 for column in last.columns]
    ranks = (last * signs).rank().corr().to_numpy(copy=True)
    if len(last.columns) < 2 or len(last) < 4:
        return Finding(name, question, "not asked", "there is one measure, or hardly anything to order")
    np.fill_diagonal(ranks, np.inf)
    i, j = np.unravel_index(int(np.nanargmin(ranks)), ranks.shape)
    r = float(ranks[i, j])
    evidence = f"least rank correlation {number(r, 2)} ({last.columns[i]} and {last.columns[j]})"
    verdict: Verdict = "ok" if r >= ALIKE else "warn" if r >= APART else "fail"
    advice = "Print the measures side by side: they are of different things (against others, or of the shares alone)."
    return Finding(name, question, verdict, evidence, "" if verdict == "ok" else advice)


def small(found: Structure, effort: Effort) -> Finding:
    """Is specialisation more than what few jobs make by chance?"""
    who = _who(found)
    name, question = "small numbers", f"Do the {who} differ from the whole by more than chance makes of their size?"
    E = found.source.values[-1]
    E = E if found.of == "specialisation" else E.T
    if not np.allclose(E, np.round(E)):
        return Finding(name, question, "not asked", f"{found.source.quantity} is no count")
    kept = E.sum(axis=1) > 0
    E = E[kept]
    shares = E.sum(axis=0) / E.sum()
    rng = np.random.default_rng(effort.seed)
    m = min(effort.draws, MOST_DRAWS)
    p = np.empty(len(E))
    for k, row in enumerate(E):
        size = int(row.sum())
        drawn = rng.multinomial(size, shares, size=m)
        distance, others = (np.abs(held / size - shares).sum(axis=-1) for held in (row, drawn))
        p[k] = (1 + (others >= distance - 1e-12).sum()) / (1 + m)
    lost = int((p > LEVEL).sum())
    evidence = f"{lost:,} of {len(E):,} differ by no more than as many jobs drawn from all (5 %, {m} draws)"
    # One in twenty is not told apart though all differ.
    if lost <= LEVEL * len(E):
        return Finding(name, question, "ok", evidence)
    verdict: Verdict = "fail" if 2 * lost >= len(E) else "warn"
    return Finding(name, question, verdict, evidence, "Name only those that are large enough to tell.")


def one_part(found: Structure, effort: Effort) -> Finding:
    """Does the order hang on a single industry (or region)?"""
    del effort
    part, who = ("industry", "regions") if found.of == "specialisation" else ("region", "industries")
    name, question = "parts", f"Is the order of the {who} the same without each {part}?"
    source = found.source
    labels = list(source.industries if found.of == "specialisation" else source.regions)
    if not 4 <= len(labels) <= MOST_PARTS:
        return Finding(name, question, "not asked", f"{len(labels)} to leave out; asked of 4 to {MOST_PARTS}")
    leading = str(found.table.columns[0])
    last = source.periods[-1]
    before = found.table.loc[last, leading]
    again = specialisation if found.of == "specialisation" else concentration
    kept: dict[object, float] = {}
    for label in labels:
        rest = [other for other in labels if other != label]
        chosen = {"industries": rest} if found.of == "specialisation" else {"regions": rest}
        try:
            now = again(source.subset(periods=[last], **chosen), measures=leading, reference=found.reference)  # type: ignore[arg-type]
        except SpatialConvError:
            continue
        kept[label] = float(before.rank().corr(now.table.loc[last, leading].rank()))
    if not kept:
        return Finding(name, question, "not asked", f"no {part} can be left out")
    least = min(kept, key=lambda key: kept[key])
    evidence = f"least rank correlation of {leading} {number(kept[least], 2)} (without {least})"
    verdict: Verdict = "ok" if kept[least] >= ALIKE else "warn" if kept[least] >= APART else "fail"
    return Finding(name, question, verdict, evidence, "" if verdict == "ok" else f"Say that {least} makes the order.")


def _who(found: Structure) -> str:
    return "regions" if found.of == "specialisation" else "industries"


STRUCTURE = (measures, small, one_part)
STRUCTURE_LIMITS = {
    "measures": "that the order is that of any measure",
    "small numbers": "that each of them differs from the whole",
    "parts": "that the order is of more than one part",
}


def claim_of_structure(found: Structure) -> str:
    """Return what the result says."""
    leading, last = str(found.table.columns[0]), found.source.periods[-1]
    top = found.table.loc[last, leading].idxmax()
    word = "specialised" if found.of == "specialisation" else "concentrated"
    return f"{top} is the most {word} by {leading} in {last}"


# ---------------------------------------------------------------------- shift and share


def between(found: ShiftShare, effort: Effort) -> Finding:
    """Is the competitive part the same where the years between are taken one by one?"""
    del effort
    name, question = "years between", "Has the competitive part its sign where the years between are taken one by one?"
    periods = list(found.source.periods)
    at, to = periods.index(found.start), periods.index(found.end)
    if to - at < 2:
        return Finding(name, question, "not asked", "no period lies between the two")
    steps = [
        shift_share(found.source, start=periods[k], end=periods[k + 1], method=found.method)  # type: ignore[arg-type]
        for k in range(at, to)
    ]
    summed = sum(step.table["competitive"] for step in steps)
    return _signs(name, question, found, summed, "Print the parts year by year and added up (Barff and Knight 1988).")


def freed(found: ShiftShare, effort: Effort) -> Finding:
    """Is the competitive part the same freed of the region's mix?"""
    del effort
    name, question = "method", "Has the competitive part its sign in the other form, freed of the mix or not?"
    other = "esteban-marquillas" if found.method == "classic" else "classic"
    try:
        again = shift_share(found.source, start=found.start, end=found.end, method=other)  # type: ignore[arg-type]
    except SpatialConvError as error:
        return Finding(name, question, "not asked", one_line(error))
    return _signs(name, question, found, again.table["competitive"], f"Print the parts by {other!r} beside these.")


def _signs(name: str, question: str, found: ShiftShare, other: pd.Series, advice: str) -> Finding:
    """Compare signs of what is at least a hundredth of the region: less is neither gain nor loss."""
    own = found.table["competitive"]
    told = (own.abs() >= 0.01 * found.table["before"]) | (other.abs() >= 0.01 * found.table["before"])
    turned = own.index[told & (np.sign(own) != np.sign(other))]
    evidence = f"another sign in {len(turned):,} of {plural(len(own), 'region')}"
    if not len(turned):
        return Finding(name, question, "ok", evidence)
    verdict: Verdict = "fail" if 4 * len(turned) > len(own) else "warn"
    return Finding(name, question, verdict, f"{evidence}: {first(list(turned), 4)}", advice)


def one_industry(found: ShiftShare, effort: Effort) -> Finding:
    """Is a region competitive in more than one industry?"""
    del effort
    name, question = "industries", "Are the regions that gain (or lose) most so in more than one industry?"
    own = found.table["competitive"]
    ends = [own.idxmax(), own.idxmin()]
    alone = []
    for region in dict.fromkeys(ends):
        parts = found.detail.loc[region, "competitive"]
        largest = parts.abs().idxmax()
        if np.sign(own[region] - parts[largest]) != np.sign(own[region]):
            alone.append(f"{region} ({largest})")
    evidence = f"without its largest industry another sign in {len(alone):,} of {len(dict.fromkeys(ends)):,}"
    if not alone:
        return Finding(name, question, "ok", evidence)
    return Finding(name, question, "warn", f"{evidence}: {', '.join(alone)}", "Name the industry that makes it.")


SHIFT = (between, freed, one_industry)
SHIFT_LIMITS = {
    "years between": "that regions gain or lose by themselves in all the years",
    "method": "that the gain is free of the mix of industries",
    "industries": "that the region as a whole is competitive",
}


def claim_of_shift(found: ShiftShare) -> str:
    """Return what the result says."""
    own = found.table["competitive"]
    return (
        f"{int((own > 0).sum()):,} of {plural(len(own), 'region')} gained beyond their industries from {found.start} "
        f"to {found.end}, {own.idxmax()} most"
    )
