"""Is the sample what the text says, and are its neighbours who they should be?"""

from __future__ import annotations

from scipy.sparse.csgraph import connected_components

from spatialconv._options import first
from spatialconv.checks._finding import Finding
from spatialconv.checks._subject import Subject
from spatialconv.weights import align

_LEFT_OUT = ("left out", "no span covers", "dropped", "cut out", "not explained")


def sample(s: Subject) -> Finding:
    """Which observations enter, and was anything left out on the way?"""
    fit = s.b.fit
    said = f"{fit.n_regions:,} regions x {fit.n_periods} spans = {fit.nobs:,} observations, matched by label"
    lost = [note for note in fit.notes if any(word in note for word in _LEFT_OUT)]
    question = "Is the sample what it is said to be?"
    if not lost:
        return Finding("sample", question, "ok", f"{said}; nothing left out")
    advice = "Say in the paper what is left out and why, and that the result does not hang on it."
    return Finding("sample", question, "warn", f"{said}; {'; '.join(lost)}", advice)


def islands(s: Subject) -> Finding:
    """Has every region a neighbour, and do the neighbours hang together?"""
    question = "Has every region a neighbour, and are all connected?"
    if not s.spatial or s.b.fit.design.W is None:
        return _none_of_the_regression(s, question)
    matrices = {"the weights": s.b.fit.design.W}
    if s.study is not None:
        matrices = {name: align(w, s.panel.regions) for name, w in s.study.weights.items()}
    parts, alone = [], False
    for name, aligned in matrices.items():
        if aligned.islands:
            alone = True
            parts.append(f"{name}: no neighbour for {first(list(aligned.islands))}")
        count = int(connected_components(aligned.matrix, directed=False)[0]) - len(aligned.islands)
        if count > 1:
            parts.append(f"{name}: {count} groups without a link between them")
    if not parts:
        return Finding("islands", question, "ok", f"every region has neighbours, all connected ({', '.join(matrices)})")
    advice = (
        "An island has a spatial lag of zero, and its Gi* is its own value alone: link it to where its ferry goes, or "
        "leave it out, and show both."
        if alone
        else "Nothing spills over between the groups: say so, or link them."
    )
    return Finding("islands", question, "warn", "; ".join(parts), advice)


def _none_of_the_regression(s: Subject, question: str) -> Finding:
    del s
    return Finding("islands", question, "not asked", "the regression has no spatial weights")
