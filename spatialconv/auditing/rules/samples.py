"""Rules on counts: observations are regions times periods, and parts add up to their whole."""

from __future__ import annotations

from collections.abc import Iterator

from spatialconv.auditing.description.figures import Figure
from spatialconv.auditing.description.reported import Listing, Regression, Reported, Sample
from spatialconv.auditing.rules.registry import Check, rule

_COUNTING = "counting"
_COUNTS = (
    "n", "regions", "periods", "parameters", "df", "f_df", "f_df2", "hausman_df", "wald_df", "lr_df",
)  # fmt: skip


@rule("observations", "N = regions x periods", source=_COUNTING)
def observations(reported: Reported) -> Iterator[Check]:
    """Check printed numbers of observations against the samples they belong to."""
    for sample in reported.samples:
        if sample.n is not None:
            yield from _product(sample.name, sample.n, sample)
    for table in reported.of(Regression):
        for k, column in enumerate(table.columns):
            n = table.statistic("n", k)
            if n is None:
                continue
            if table.samples and table.samples[k]:
                yield from _product(f"{table.name}, n, {column}", n, reported.sample(table.samples[k]))
            regions, periods = table.statistic("regions", k), table.statistic("periods", k)
            if regions and periods:
                own = Sample(column, int(regions.value), (), int(periods.value))
                yield from _product(f"{table.name}, n, {column}", n, own)


def _product(where: str, n: Figure, sample: Sample) -> Iterator[Check]:
    regions, periods = sample.regions, sample.periods
    if not regions or not periods:
        return
    count = regions * periods
    # A lag or a difference takes the first periods of every region.
    message = f"{regions:,} regions x {periods} periods are {count:,} observations; printed are {n.text}"
    if n.value != count and n.value % periods == 0:
        message += f", which would be {int(n.value // periods):,} regions"
    yield Check(
        where, n.value == count, f"{sample.name}: {regions:,} regions, {periods} periods", n.text, str(count), message
    )


@rule("parts", "subsamples have no region in common and add up to the whole", source=_COUNTING)
def parts(reported: Reported) -> Iterator[Check]:
    """Check that the parts of a sample make up the whole."""
    for whole in reported.samples:
        if not whole.parts:
            continue
        held = [reported.sample(name) for name in whole.parts]
        if whole.regions and all(s.regions for s in held):
            yield _sum(f"{whole.name}, regions", str(whole.regions), whole.regions, [s.regions or 0 for s in held])
        if whole.n is not None and all(s.n is not None for s in held):
            yield _sum(f"{whole.name}, n", whole.n.text, whole.n.value, [s.n.value for s in held if s.n])
        labels = [label for s in held for label in s.labels]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if labels:
            yield Check(
                f"{whole.name}, regions", not twice, ", ".join(whole.parts), ", ".join(twice), "each in one part",
                f"regions in more than one part: {', '.join(twice)}",
            )  # fmt: skip
        if whole.labels and all(s.labels for s in held):
            odd = sorted(set(whole.labels) ^ set(labels))
            yield Check(
                f"{whole.name}, regions", not odd, ", ".join(whole.parts), ", ".join(odd), "the regions of the whole",
                f"regions of the whole or of its parts only: {', '.join(odd)}",
            )  # fmt: skip


def _sum(where: str, text: str, whole: float, pieces: list[float]) -> Check:
    found = sum(pieces)
    listed = " + ".join(f"{p:g}" for p in pieces)
    return Check(where, whole == found, listed, text, f"{found:g}", f"{listed} are {found:g}; the whole has {text}")


@rule("counts", "numbers of observations, regions and degrees of freedom are whole and positive", source=_COUNTING)
def counts(reported: Reported) -> Iterator[Check]:
    """Check that what is counted is a count."""
    for table in reported.of(Regression):
        for name in _COUNTS:
            for k in range(len(table.columns)):
                yield from _count(table.where(name, k), name, table.statistic(name, k))
    for table in reported.of(Listing):
        for name in ("n", "df", "df2"):
            for row in table.rows:
                yield from _count(table.where(row, name), name, table.get(row, name))


def _count(where: str, name: str, figure: Figure | None) -> Iterator[Check]:
    if figure is not None:
        sound = figure.value > 0 and figure.value == int(figure.value)
        message = f"{name} is a count; printed is {figure.text}"
        yield Check(where, sound, figure.text, figure.text, "a whole number", message)
