"""The multiverse on a Dask cluster of two processes: the same figures."""

from __future__ import annotations

import joblib
import pandas as pd
import pytest

import spatialconv as sc

distributed = pytest.importorskip("distributed")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_a_cluster_of_two_processes_gives_the_same_figures():
    zj = sc.datasets.zhejiang()
    w = {"inverse": sc.weights.inverse_distance(zj.cities), "border": sc.weights.adjacency(zj.cities)}
    effects = ("none", "time", "region")
    grid = sc.specifications(zj.panel, "exports", weights=w, effects=effects, controls=((), "digital"))
    here = sc.multiverse(grid, bootstrap=19, seed=1)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert len(client.scheduler_info()["workers"]) == 2
        with joblib.parallel_config(backend="dask"):
            there = sc.multiverse(grid, bootstrap=19, seed=1, jobs=2)
            joint = there.joint_test(draws=19, seed=2, jobs=2)
        # The work was done over there.
        assert all(client.run(lambda: "spatialconv._multiverse._run" in __import__("sys").modules).values())
    pd.testing.assert_frame_equal(here.table, there.table)
    pd.testing.assert_frame_equal(here.joint_test(draws=19, seed=2).null, joint.null)
