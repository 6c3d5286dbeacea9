"""The tables of a study, by the name of their file."""

from __future__ import annotations

from typing import Any

import pandas as pd

from spatialconv._language import enumerated, restate, say, spoken_in
from spatialconv.study._grid import APPROACHES
from spatialconv.study._result import Study
from spatialconv.summary import CONTROLS_AT
from spatialconv.tables import HEADS, Table, regression, table

_STATISTIC = {"I": 3, "C": 3, "expected": 3, "variance": 4, "z": 3}
_GRID = {
    "beta": 3,
    "z_beta": 2,
    "rho": 3,
    "z_rho": 2,
    "lambda": 3,
    "z_lambda": 2,
    "sigma2": 4,
    "loglik": 2,
    "speed": 3,
    "half_life": 2,
    "nobs": 0,
}


def study_tables(study: Study) -> dict[str, Table]:
    """Return all tables of a study."""
    with spoken_in(study.case.language):
        return _tables(study)


def _tables(study: Study) -> dict[str, Table]:
    made = {
        "weights": _weights(study),
        "growth": table(study.growth, caption=_growth_caption(study), digits=2),
        "descriptives": table(
            study.descriptives,
            caption=say("Variables of the growth regression"),
            digits=dict.fromkeys(("mean", "std", "min", "max", "median"), 4),
        ),
        "moran": _global(study, study.moran, "Moran's I"),
        "geary": _global(study, study.geary, "Geary's C"),
        "hot_spots": _hot_spots(study),
        "sigma": _sigma(study),
        "sigma_tests": _sigma_tests(study),
        "beta_models": _grid(study),
    }
    if len(study.checks):
        made["checks"] = _checks(study)
    if len(study.left_out):
        made["left_out"] = table(study.left_out, caption=say("What was left out, and why"))
    for name, conditional in (("beta_absolute", False), ("beta_conditional", True)):
        shown = _regression(study, conditional) if not conditional or study.case.controls else None
        made |= {name: shown} if shown is not None else {}
    for part in study.further.values():
        made |= part.tables
    return made | _replication(study)


def _weights(study: Study) -> Table:
    rows = {}
    for name, s in study.summaries.items():
        rows[name] = {
            "links": s.links,
            "no neighbour": enumerated(str(label) for label in s.islands) or say("nobody"),
            "neighbours": say(
                "{low} to {high}, mean {mean:.2f}", low=s.min_neighbours, high=s.max_neighbours, mean=s.mean_neighbours
            ),
            "groups": s.components,
            "rho above": s.rho_interval[0],
            "rho below": s.rho_interval[1],
        }
    said = {name: restate(study.moran[name].provenance.weights or "") for name in study.summaries}
    notes = tuple(dict.fromkeys(say("{code}: {weights}", code=name, weights=text) for name, text in said.items()))
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("weights")
    return table(
        frame,
        caption=say("Spatial weights, and the interval in which rho must lie"),
        heads={name: say(name, sense="column") for name in ("weights", *frame.columns)},
        notes=notes,
        digits={"rho above": 3, "rho below": 3},
    )


def _growth_caption(study: Study) -> str:
    horizon = study.case.model.horizon
    about = {"variable": study.case.variable, "span": study.span, "unit": restate(study.growth.unit)}
    if horizon > 1:
        return say("Growth of {variable} over spans of {span}, {unit}", **about)
    return say("Growth of {variable} over spans, {unit}", variable=about["variable"], unit=about["unit"])


def _global(study: Study, results: Any, name: str) -> Table:
    frames = {weights: result.table for weights, result in results.items()}
    first = next(iter(results.values()))
    notes = dict.fromkeys(note for result in results.values() for note in result.notes)
    drawn = say("; p (permutation) from {n:,} permutations (seed {seed})", n=first.permutations, seed=study.case.seed)
    how = say("z and p under {null}, {side}", null=say(first.null), side=say(first.alternative))
    how += drawn if first.permutations else ""
    return table(
        pd.concat(frames, names=["weights"]),
        caption=say("{statistic} of {variable}", statistic=say(name), variable=_variable(study)) + _there(study),
        notes=(how, *map(restate, notes)),
        digits=_STATISTIC,
        heads=HEADS,
    )


def _hot_spots(study: Study) -> Table:
    hot = study.hot_spots
    frame = pd.concat({period: hot.at(period) for period in hot.periods}, names=[study.panel.period])
    caption = say(
        "{statistic} of {variable}: natural breaks of z (1 the lowest) and confidence (\u22123 cold at 99 % to 3 hot "
        "at 99 %)",
        statistic=hot.name,
        variable=say("the logarithm of {variable}", variable=hot.variable) if hot.log else hot.variable,
    )
    notes = tuple(map(restate, hot.notes))
    return table(frame, caption=caption, notes=notes, digits={"z": 3, "value": 2}, heads=HEADS)


def _sigma(study: Study) -> Table:
    frame = study.sigma.table
    digits = {"mean": 2, "sd": 2} | {name: 3 for name in frame.columns if name not in ("n", "mean", "sd")}
    return table(
        frame,
        caption=say("Dispersion of {variable}", variable=study.case.variable) + _there(study),
        notes=tuple(map(restate, study.sigma.notes)),
        digits=digits,
        heads=HEADS,
    )


def _sigma_tests(study: Study) -> Table:
    first, last = study.sigma.periods[0], study.sigma.periods[-1]
    frame = pd.concat([test.tidy() for test in study.sigma.tests], ignore_index=True).set_index("term")
    shown = frame[["statistic", "df", "p_value", "distribution", "reason"]]
    caption = say(
        "Has the dispersion of {variable} changed, {first} to {last}?",
        variable=study.case.variable,
        first=first,
        last=last,
    )
    return table(shown, caption=caption, heads=HEADS)


def _grid(study: Study) -> Table:
    frame = study.betas.table
    model = study.case.model
    empty = [name for name in frame.columns if name.endswith(("rho", "lambda")) and frame[name].isna().all()]
    named = {"controls": enumerated(study.case.controls), "when": _when(study)}
    controls = say(", alone and with {controls} {when}", **named) if study.case.controls else ""
    space = say("; {model} with the weights {weights!r}", model=model.name, weights=study.case.main)
    weights = space if model.name != "OLS" else ""
    notes = (
        say("direct: effects estimated or demeaned; Lee-Yu: on the data transformed so that the effects are gone"),
        say("sigma2 and log-likelihood of the two approaches are of different data and not comparable"),
        say("no z of beta under effects of regions: over few periods it rejects a true null too often (b.inference)"),
    )
    return table(
        frame.drop(columns=empty),
        caption=say("Growth regressions of {variable} on its initial log level", variable=study.case.variable)
        + controls
        + weights,
        notes=notes,
        digits=_GRID,
        heads=HEADS,
    )


def _checks(study: Study) -> Table:
    found = study.checks
    frame = found.tidy().set_index("name")
    shown = frame[["verdict", "evidence", "advice"]].where(~frame["verdict"].isin(["ok", "not asked"]), other="")
    shown[["verdict", "evidence"]] = frame[["verdict", "evidence"]]
    return Table(shown, caption=found.title, notes=found.notes, data=frame)


def _regression(study: Study, conditional: bool) -> Table | None:
    case = study.case
    controls = case.controls if conditional else ()
    fits = {}
    for sample in study.samples:
        for correction, approach in APPROACHES.items():
            fit = study.betas.get(sample, controls, case.model.effects, correction)
            if fit is not None:
                fits[f"{sample}{say(', ')}{say(approach)}" if case.model.effects != "none" else sample] = fit
    if not fits:
        return None
    with_them = say("with {controls} {when}", controls=enumerated(controls), when=_when(study))
    kind = with_them if conditional else say("without controls")
    effects = say(
        {"none": "no effects", "two-way": "region and time effects"}.get(
            case.model.effects, f"{case.model.effects} effects"
        )
    )
    return regression(
        fits,
        cells="estimate (z)",
        digits=3,
        footer=("speed", "half_life", "loglik", "rsquared_between", "nobs", "weights"),
        caption=say(", ").join((say("Growth of {variable}", variable=case.variable), effects, kind)),
    )


def _variable(study: Study) -> str:
    of = study.case.variable
    return say("the logarithm of {variable}", variable=of) if study.case.log else of


def _there(study: Study) -> str:
    return say(", n regions that are there in a period") if study.case.missing == "omit" else ""


def _when(study: Study) -> str:
    return say(CONTROLS_AT[study.case.controls_at])


def _replication(study: Study) -> dict[str, Table]:
    found = study.replication
    if found is None:
        return {}
    tab5 = found.shown(source="Tab. 5")
    tab5 = tab5[tab5["verdict"] != "not recomputable"].drop(columns=["source", "difference"])
    return {
        "replication": table(
            Table(found.shown(), f"Every published figure of {found.title} beside ours", data=found.table)
        ),
        "replication_table_5": table(
            tab5.reset_index(drop=True), caption="Tab. 5 of the paper: what follows from the figures it prints"
        ),
        "replication_by_source": table(found.crossed("source"), caption="Verdicts by source"),
        "replication_by_evidence": table(found.crossed("evidence"), caption="Verdicts by kind of evidence"),
    }
