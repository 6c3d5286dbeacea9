"""The sections of a report, in the order of a paper."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from spatialconv._language import spoken_in
from spatialconv.maps import explore
from spatialconv.report import _words as words
from spatialconv.report._blocks import Block, Bullets, Gallery, Heading, Picture, Shown, Text, Touched
from spatialconv.report._replication import replication
from spatialconv.results import versions
from spatialconv.tables import Table

Tables = Mapping[str, Table]
Captions = Mapping[str, str]

_EFFECTS = {
    "none": "no effects",
    "region": "region effects",
    "time": "time effects",
    "two-way": "region and time effects",
}
_SPATIAL = {
    "none": "no spatial term",
    "lag": "a spatial lag of growth (rho)",
    "error": "a spatial error (lambda)",
    "sarar": "a spatial lag of growth (rho) and a spatial error (lambda)",
}


_NONE: Mapping[str, str] = {}
# Rows of a table of regions; of more, the first and the last of an order that tells something.
MOST_ROWS = 60
# Of a table of periods; of more, some.
MOST_PERIODS, SOME_PERIODS = 20, 10
# Values of a map to touch that stands in the page.
MOST_TOUCHED = 10_000


def sections(study: Any, made: Tables, captions: Captions, missing: Mapping[str, str] = _NONE) -> list[Block]:
    """Return all blocks of the report on a study."""
    return [
        Heading(study.case.title, 1),
        *_short(study),
        *_data(study, made),
        *_weights(study, made, captions),
        *_growth(study, made, captions),
        *_space(study, made, captions),
        *_hot_spots(study, made, captions),
        *_dispersion(study, made, captions),
        *_convergence(study, made, captions),
        *_further(study, made, captions),
        *_checks(study, made),
        *_missing(missing),
        *_method(study),
        *(replication(study.replication, study) if study.replication is not None else ()),
    ]


def _by(table: Table, order: Any) -> Table:
    """Return a long table in an order, so that what is left of it are its ends; a short one as it is."""
    if len(table.frame) <= MOST_ROWS:
        return table
    return replace(table, frame=table.frame.iloc[np.argsort(np.asarray(order, dtype=float), kind="stable")], rules=())


def _some_periods(table: Table, study: Any, name: str) -> Table:
    """Return a long table of periods at some of them, as far apart as can be; one of few periods as it is."""
    every = study.panel.periods
    if len(every) <= MOST_PERIODS:
        return table
    chosen = every[np.unique(np.linspace(0, len(every) - 1, SOME_PERIODS).round().astype(int))]
    own = table.frame.index.get_level_values(-1)
    note = f"{len(chosen):,} of {len(every):,} periods; all are in tables/{name}.csv"
    return replace(table, frame=table.frame[own.isin(chosen)], notes=(*table.notes, note), data=None, rules=())


def _estimated(table: Table) -> Table:
    """Return a long table of models without those that could not be estimated, whose reasons stand above it."""
    lost = table.frame["beta"].isna()
    if len(table.frame) <= MOST_ROWS or not lost.any():
        return table
    note = f"{int(lost.sum()):,} models that could not be estimated are in tables/beta_models.csv"
    return replace(table, frame=table.frame[~lost], notes=(*table.notes, note), data=None)


def _missing(missing: Mapping[str, str]) -> Iterator[Block]:
    if missing:
        yield Heading("What is missing")
        yield Bullets(tuple(f"The figure {name!r} could not be drawn: {why}" for name, why in missing.items()))


def _bullets(*groups: list[str]) -> Iterator[Block]:
    items = tuple(item for group in groups for item in group)
    if items:
        yield Bullets(items)


def _gallery(prefix: str, captions: Captions) -> Iterator[Block]:
    pictures = tuple(Picture(name, caption) for name, caption in captions.items() if name.startswith(prefix))
    if pictures:
        yield Gallery(pictures)


def _picture(name: str, captions: Captions) -> Iterator[Block]:
    for file, caption in captions.items():
        # A figure of several sheets has a file for each: map-1, map-2.
        if re.fullmatch(rf"{re.escape(name)}(-\d+)?", file):
            yield Picture(file, caption)


def _short(study: Any) -> Iterator[Block]:
    yield Heading("In short")
    verdicts = []
    if study.replication is not None:
        counts = study.replication.counts
        tried = int(counts.sum() - counts["not recomputable"])
        verdicts.append(
            f"Of {int(counts.sum()):,} published figures and statements {tried} can be recomputed: "
            f"{counts['reproduced']} are reproduced, {counts['within tolerance']} lie within a stated tolerance, "
            f"{counts['differs']} differ."
        )
    matter = words.effects_matter(study)[:2]
    failed = tuple(f"Before publishing, {f.name}: {f.evidence}." for f in study.checks.of("fail"))
    said = (*verdicts, *matter, *words.dispersion(study), *words.significant_spots(study))
    yield Bullets((*failed, *said), ("fail",) * len(failed))


def _data(study: Any, made: Tables) -> Iterator[Block]:
    yield Heading("Data")
    if study.case.about:
        yield Text(study.case.about)
    if study.case.uncertainty:
        yield Text(words.uncertainty(study))
    yield Text(words.sample(study))
    if study.case.language != "en":
        yield Text("The fixed words of figures and tables are in the language of the case; this text is English.")
    yield from _bullets(list(study.notes))
    if "left_out" in made:
        yield Shown(made["left_out"], most=MOST_ROWS, where="tables/left_out.csv")
    yield Shown(made["descriptives"])


def _weights(study: Any, made: Tables, captions: Captions) -> Iterator[Block]:
    yield Heading("Spatial weights")
    yield Shown(made["weights"])
    yield from _bullets(words.islands(study), words.intervals(study))
    yield from _gallery("links_", captions)


def _growth(study: Any, made: Tables, captions: Captions) -> Iterator[Block]:
    yield Heading("Growth")
    yield from _bullets(words.growth(study))
    yield Shown(_by(made["growth"], study.growth.compound), most=MOST_ROWS, where="tables/growth.csv")
    yield from _picture("map", captions)
    yield from _touched(study)


def _touched(study: Any) -> Iterator[Block]:
    """Offer the variable on a map to touch where it is no burden to the page."""
    case, panel = study.case, study.panel
    if panel.n_regions * panel.n_periods > MOST_TOUCHED:
        return
    own = {name: case.mapped[name] for name in ("inset", "inset_only", "outlines", "source")}

    def make() -> str:
        with spoken_in(case.language):
            return explore(
                panel,
                study.geometry,
                variable=case.variable,
                classes=case.maps.classes,
                w=study.weights[case.main],
                **own,
            ).text

    yield Touched(
        make, f"A map to touch: {case.variable} in all periods, with neighbours, paths and Moran's scatter plot"
    )


def _space(study: Any, made: Tables, captions: Captions) -> Iterator[Block]:
    yield Heading("Spatial autocorrelation")
    yield from _bullets(words.autocorrelation(study))
    yield from _picture("moran_path", captions)
    yield Shown(_some_periods(made["moran"], study, "moran"))
    yield Shown(_some_periods(made["geary"], study, "geary"))
    yield from _gallery("moran_scatter_", captions)


def _hot_spots(study: Any, made: Tables, captions: Captions) -> Iterator[Block]:
    yield Heading("Hot and cold spots")
    yield from _bullets(words.hot_spots(study))
    yield from _picture("hot_spots", captions)
    yield from _picture("hot_spots_of_the_paper", captions)
    hot = made["hot_spots"]
    yield Shown(_by(hot, -hot.frame["z"]), most=MOST_ROWS, where="tables/hot_spots.csv")


def _dispersion(study: Any, made: Tables, captions: Captions) -> Iterator[Block]:
    yield Heading("Sigma convergence")
    yield from _bullets(words.dispersion(study))
    yield Shown(_some_periods(made["sigma"], study, "sigma"))
    yield Shown(made["sigma_tests"])
    yield from _picture("sigma", captions)
    yield from _picture("heatmap", captions)


def _convergence(study: Any, made: Tables, captions: Captions) -> Iterator[Block]:
    case = study.case
    yield Heading("Beta convergence")
    spans = study.span
    lagged = " and spatial lags of all regressors" if case.model.terms.durbin else ""
    text = (
        f"Growth over {spans} is regressed on the initial log level with {_SPATIAL[case.model.spatial]}{lagged} "
        f"({case.model.name}), by maximum likelihood; rho is searched over its whole admissible interval."
    )
    yield Text(text + (f" The weights are {case.main!r}." if case.model.name != "OLS" else ""))
    if study.replication is not None:
        yield Text(_other_models(study))
    yield from _bullets(
        words.effects_matter(study),
        words.approaches(study),
        words.outside_unit(study),
        words.undefined_speeds(study),
        words.not_estimated(study),
    )
    yield from _picture("effects", captions)
    yield Heading(f"Models with {_EFFECTS[case.model.effects]}", 3)
    for name in ("beta_absolute", "beta_conditional"):
        if name in made:
            yield Shown(made[name])
    yield Heading("All effects and approaches", 3)
    yield Shown(_estimated(made["beta_models"]))


def _further(study: Any, made: Tables, captions: Captions) -> Iterator[Block]:
    for part in study.further.values():
        yield Heading(part.heading)
        if part.reason:
            yield Text(f"Not computed: {part.reason}")
            continue
        yield from _bullets(list(part.sentences))
        for name in part.tables:
            if name in made:
                yield Shown(made[name], most=MOST_ROWS, where=f"tables/{name}.csv")
        for name in part.figures:
            yield from _picture(name, captions)


def _checks(study: Any, made: Tables) -> Iterator[Block]:
    found = study.checks
    count = found.counts
    yield Heading("Before publishing")
    if "checks" not in made:
        yield Text("No question was asked: the check was left out. spatialconv check asks the questions of a referee.")
        return
    yield Text(
        f"The questions of a careful referee, asked of the {study.case.model.effects}-effects regression: "
        f"{count['fail']} fail, {count['warn']} are warned of, {count['ok']} found nothing. Simulated figures rest on "
        f"{found.provenance.options['draws']} samples."
    )
    yield Text(found.verdict)
    failed = tuple(f"{f.name}: {f.evidence}. {f.advice}" for f in found.of("fail"))
    if failed:
        yield Bullets(failed, ("fail",) * len(failed))
    # What fails stands first, then what is warned of.
    table = made["checks"]
    order = {"fail": 0, "warn": 1, "ok": 2}
    ranks = [order.get(str(verdict), 3) for verdict in table.frame["verdict"]]
    rows = sorted(range(len(ranks)), key=lambda i: ranks[i])
    yield Shown(replace(table, frame=table.frame.iloc[rows]), marked="verdict")


def _other_models(study: Any) -> str:
    printed = {figure.claim.unpublished for figure in study.replication.figures if figure.claim.source == "Tab. 5"}
    return (
        "These are other models than those of the paper's Tab. 5, and their coefficients are not to be compared with "
        f"it, for want of {words.listed(sorted(filter(None, printed)))}, which are not published. The paper has "
        "time effects from Stata, where the direct approach is the default; the Lee-Yu transformation stands beside it."
    )


def _method(study: Any) -> Iterator[Block]:
    yield Heading("How this was computed")
    seed = f" Permutations: {study.case.permutations}, seed {study.case.seed}." if study.case.permutations else ""
    found = ", ".join(f"{name} {version}" for name, version in versions().items())
    yield Text(f"Every figure in this report was computed by the run that wrote it.{seed} Versions: {found}.")
    yield Text(
        "All tables lie beside this report as CSV with every digit, Markdown and LaTeX, all figures as PNG and SVG."
    )
