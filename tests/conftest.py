"""One thread a worker: small matrices gain nothing from more, and workers that spin for cores lose much."""

from __future__ import annotations

import os

import pytest

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


@pytest.fixture(scope="module")
def zj():
    """The study's data: eleven cities, panel and geometry."""
    import spatialconv as sc

    return sc.datasets.zhejiang()


@pytest.fixture(scope="module")
def w(zj):
    """Inverse distances of the cities."""
    import spatialconv as sc

    return sc.weights.inverse_distance(zj.cities)
