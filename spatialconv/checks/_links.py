"""Other links between the regions than those of the regression: of their geometry, or made of the links there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from spatialconv import weights as build
from spatialconv._options import first
from spatialconv.convergence.beta.beta import BetaConvergence
from spatialconv.errors import OptionError

# Beyond so many regions links to everybody are left to those who ask for them: they would be millions.
FULL = 500
# Regions with more links than this on average are linked to nearly everybody: they have no neighbours' neighbours.
MANY = 12


def other_links(b: BetaConvergence, geometry: Any, named: Mapping[str, Any]) -> dict[str, Any]:
    """Return weights that the regression might as well have had; none that has its own weights once more.

    Those of the study, and of the geometry where there is one, whether or not the regression has weights; without a
    geometry they are made of the links there are. All stay sparse, so that thousands of regions can be asked about.
    """
    regions = b.fit.design.regions
    offered = dict(named)
    if geometry is not None:
        offered |= {name: w for name, w in _of_geometry(geometry, regions).items() if name not in named}
    elif b.asked.w is not None:
        offered |= _of_links(build.align(b.asked.w, regions).matrix, regions)
    seen = [] if b.asked.w is None else [build.align(b.asked.w, regions).matrix]
    kept: dict[str, Any] = {}
    for name, w in offered.items():
        matrix = build.align(w, regions).matrix
        if not any(_alike(matrix, other) for other in seen):
            kept[name] = w
            seen.append(matrix)
    return kept


def dealt(w: Any, regions: pd.Index, order: Any) -> Any:
    """Return the same links between other regions: each takes the place of another, whoever that is."""
    matrix = sparse.csr_array(build.align(w, regions).matrix)[order][:, order]
    return build.from_matrix(matrix, regions=regions)


def _of_geometry(geometry: Any, regions: pd.Index) -> dict[str, Any]:
    missing = regions.difference(geometry.index, sort=False)
    if len(missing):
        raise OptionError(
            f"geometry has no row for some of the {len(regions):,} regions ({first(list(missing))}); its index holds "
            "the labels of the regions."
        )
    shapes = geometry.loc[geometry.index.isin(regions)]
    made: dict[str, Any] = {}
    if set(shapes.geom_type) <= {"Polygon", "MultiPolygon"}:
        made["adjacency"] = build.adjacency(shapes)
    if len(shapes) <= FULL:
        made |= {f"inverse distance, power {p}": build.inverse_distance(shapes, power=p) for p in (1, 2)}
    counts = (3, 5) if len(shapes) <= FULL else (3, 5, 10)
    return made | {f"{k} nearest": build.knn(shapes, k=k) for k in counts if k < len(shapes)}


def _of_links(matrix: Any, regions: pd.Index) -> dict[str, Any]:
    """Return neighbours' neighbours where links are few, the strongest links of each region where they are many."""
    links = sparse.csr_array(matrix, copy=True)
    n = len(regions)
    if links.nnz > MANY * n or 3 * links.nnz > n * (n - 1):
        made = {f"its {name} strongest links": _strongest(links, k) for name, k in (("three", 3), ("six", 6)) if k < n}
    else:
        links.data[:] = 1.0
        second = sparse.csr_array(links @ links)
        second.data[:] = 1.0
        both = _of_others(links + second)
        made = {"its neighbours' neighbours": _of_others(both - links), "neighbours and their neighbours": both}
    return {name: build.from_matrix(A, regions=regions, standardise="row") for name, A in made.items() if A.nnz}


def _of_others(matrix: Any) -> Any:
    """Return ones where a matrix is positive, without its diagonal."""
    held = sparse.coo_array(matrix)
    kept = (held.data > 0) & (held.row != held.col)
    return sparse.csr_array((np.ones(int(kept.sum())), (held.row[kept], held.col[kept])), shape=held.shape)


def _strongest(links: Any, k: int) -> Any:
    """Return ones at the k largest weights of each row, in the order of the columns where they tie."""
    rows = np.repeat(np.arange(links.shape[0]), np.diff(links.indptr))
    order = np.lexsort((links.indices, -links.data, rows))
    rank = np.arange(len(rows)) - links.indptr[rows[order]]
    kept = order[rank < k]
    return sparse.csr_array((np.ones(len(kept)), (rows[kept], links.indices[kept])), shape=links.shape)


def _alike(one: Any, other: Any) -> bool:
    """Whether two matrices are one up to rounding."""
    apart = abs(sparse.csr_array(one) - sparse.csr_array(other))
    return bool(apart.max() <= 1e-8 + 1e-5 * abs(other).max()) if apart.nnz else True
