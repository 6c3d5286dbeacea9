"""Pesaran's CD and Moran's I of residuals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

import spatialconv as sc
from spatialconv._core.hypotheses import residual_tests as core
from spatialconv._core.likelihood.effects import projection
from spatialconv._core.likelihood.likelihood import lag
from spatialconv.models.hypotheses.diagnostics import pesaran_cd, residual_moran
from tests.brute import dummies, transformation
from tests.tolerances import EXACT, OPTIM, REFERENCE, ROUNDING
from tests.unit.models.hypotheses.test_model_tests import munnell, small
from tests.unit.models.hypotheses.test_score_tests import arrays, cross_section, reference, small_panel
from tests.unit.models.test_splm import data


class TestPesaran:
    def test_against_the_correlation_matrix(self):
        E = munnell(effects="region").residuals
        T, N = E.shape
        pairs = np.corrcoef(E.to_numpy().T)[np.triu_indices(N, 1)]
        expected = np.sqrt(2 * T / (N * (N - 1))) * pairs.sum()
        found = pesaran_cd(munnell(effects="region"))
        assert found.statistic == pytest.approx(expected, rel=REFERENCE)
        assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(expected)), rel=ROUNDING)
        assert pesaran_cd(E).statistic == found.statistic

    def test_negative_dependence_is_two_sided(self):
        g = np.random.default_rng(0)
        E = g.standard_normal((30, 1)) * np.where(np.arange(10) % 2, 1.0, -1.0) + 0.1 * g.standard_normal((30, 10))
        found = pesaran_cd(pd.DataFrame(E))
        assert found.statistic < 0
        assert found.p_value < 0.05

    def test_time_effects_leave_nothing_to_test(self):
        """With equal variances the figure is -sqrt(T/2) for any data: it is no statistic."""
        found = pesaran_cd(munnell(effects="two-way"))
        assert np.isnan(found.statistic)
        assert np.isnan(found.p_value)
        assert "sum to zero in every period" in found.reason
        E = np.random.default_rng(1).standard_normal((17, 200))
        assert core.pesaran_cd(E - E.mean(axis=1, keepdims=True)) == pytest.approx(-np.sqrt(17 / 2), rel=0.1)

    @pytest.mark.parametrize(
        ("frame", "error", "message"),
        [
            (pd.DataFrame(np.eye(2)), sc.errors.DataError, "at least three periods and two regions; got 2 and 2"),
            (pd.DataFrame(np.ones((4, 3)) * [1.0, 2.0, 3.0]), sc.errors.DataError, "do not vary in regions 3: 0, 1, 2"),
            (pd.DataFrame({"a": [1.0, 2, 4], "b": [1, np.nan, 3]}), sc.errors.MissingDataError, "in regions 'b'"),
            ("residuals", sc.errors.OptionError, "residuals must be a fitted model"),
        ],
    )
    def test_bad(self, frame, error, message):
        with pytest.raises(error, match=message):
            pesaran_cd(frame)


class TestMoran:
    @pytest.mark.parametrize(
        ("key", "x"), [("cross_section", ["ln_initial"]), ("cross_section_south", ["ln_initial", "south"])]
    )
    def test_spdep(self, key, x):
        panel, w, _, _ = cross_section()
        fit = sc.fit_panel(panel, "growth", x, w, spatial="none", effects="none")
        ours, ref = residual_moran(fit, w).table.iloc[0], reference()[key]["residual_moran"]
        assert ours["I"] == pytest.approx(ref["I"], rel=REFERENCE)
        assert ours["expected"] == pytest.approx(ref["expectation"], rel=REFERENCE)
        assert ours["variance"] == pytest.approx(ref["variance"], rel=REFERENCE)
        assert ours["z"] == pytest.approx(ref["z"], rel=REFERENCE)
        assert ours["p"] == pytest.approx(ref["p_two_sided"], rel=ROUNDING)

    @pytest.mark.parametrize("effects", ["none", "region", "time", "two-way"])
    def test_moments_against_the_dense_residual_maker(self, effects):
        """Traces of N T x N T matrices with dummies; then a simulation of the residuals themselves."""
        _, X, W = arrays(N=9, T=4)
        T, N, _ = X.shape
        if effects == "none":
            X = np.concatenate([np.ones((T, N, 1)), X], axis=2)
        Z = np.hstack([X.reshape(T * N, -1), dummies(T, N, effects)])
        R = np.eye(T * N) - Z @ np.linalg.pinv(Z)
        E = (np.random.default_rng(1).standard_normal((20000, T * N)) @ R).reshape(-1, T, N)
        P = projection(effects, T, N, lee_yu=False)
        found = core.residual_moran(E[0], X, P, sparse.csr_array(W))
        A = N / W.sum() * (W + W.T) / 2
        for t in range(T):
            S = R[t * N : (t + 1) * N, t * N : (t + 1) * N]
            s, ss = np.trace(S), np.trace(S @ S)
            mean = np.trace(A @ S) / s
            D = (A - mean * np.eye(N)) @ S
            m = s**2 / ss
            assert found.expected[t] == pytest.approx(mean, rel=ROUNDING)
            assert found.variance[t] == pytest.approx(2 * np.trace(D @ D) / s**2 * m / (m + 2), rel=ROUNDING)
            assert found.I[t] == pytest.approx(E[0, t] @ A @ E[0, t] / (E[0, t] @ E[0, t]), rel=ROUNDING)
        simulated = np.einsum("stn,nm,stm->st", E, A, E) / (E**2).sum(axis=2)
        np.testing.assert_allclose(found.expected, simulated.mean(axis=0), atol=0.01)
        # To first order where a period's residual maker is not idempotent; nine regions are few.
        np.testing.assert_allclose(np.sqrt(found.variance), simulated.std(axis=0), rtol=0.05)

    def test_shared_information_gives_anselins_test(self):
        """All periods together, the moments are those of the score test for an error in the lag model (Anselin 1988):
        (e'We / s2)^2 / [T t22 - t12^2 var(rho)], its traces by dense inverses."""
        y, X, W = arrays()
        panel, w = small_panel(y, X, W)
        fit = sc.fit_panel(panel, "y", ["x0", "x1"], w, effects="none")
        W = sc.weights.align(w, panel.regions).matrix.toarray()
        G = W @ np.linalg.inv(np.eye(7) - fit.rho * W)
        t12 = np.trace(W @ G + W.T @ G)
        a = core.shared_information(
            sparse.csr_array(W),
            sparse.csr_array(W),
            fit.rho,
            None,
            0.0,
            fit.sigma2,
            projection("none", 5, 7, lee_yu=False),
        )
        np.testing.assert_allclose(a, [t12, 0.0], atol=1e-12)

    def test_shared_information_is_that_of_the_densities(self):
        """The entries of (rho, lambda, sigma2) and a further error parameter, by moments of dense densities."""
        W, M, V = (arrays(seed=s)[2] for s in (3, 9, 12))
        rho, lam, s2, n = 0.3, 0.4, 1.7, 7

        def S(r, a, b, v):
            """Innovations e = b V e + v inside y = (I - r W)^-1 (I - a M)^-1 e."""
            root = np.linalg.inv((np.eye(n) - b * V) @ (np.eye(n) - a * M) @ (np.eye(n) - r * W))
            return v * root @ root.T

        at, step = np.array([rho, lam, 0.0, s2]), 1e-5
        D = [(S(*(at + e)) - S(*(at - e))) / (2 * step) for e in step * np.eye(4)]
        Si = np.linalg.inv(S(*at))
        expected = [0.5 * np.trace(Si @ D[2] @ Si @ D[k]) for k in (0, 1, 3)]
        project = projection("none", 1, n, lee_yu=False)
        W, M, V = (sparse.csr_array(A) for A in (W, M, V))
        np.testing.assert_allclose(
            core.shared_information(V, W, rho, M, lam, s2, project), expected, rtol=OPTIM, atol=1e-8
        )

    @pytest.mark.parametrize("effects", ["region", "time", "two-way"])
    def test_shared_information_after_effects(self, effects):
        """tr(VC) + tr(V'C) of matrices between orthonormal bases of what the effects leave, per period of five."""
        W, V = (arrays(seed=s)[2] for s in (3, 12))
        FT, FN = transformation(5, 7, effects)
        C, D = (FN.T @ A @ FN for A in (W @ np.linalg.inv(np.eye(7) - 0.3 * W), V))
        share = FT.shape[1] / 5
        expected = [share * np.trace(D @ C + D.T @ C), share * np.trace(D) / 2.0]
        project = projection(effects, 5, 7, lee_yu=False)
        found = core.shared_information(sparse.csr_array(V), sparse.csr_array(W), 0.3, None, 0.0, 2.0, project)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize("spatial", ["lag", "error", "sarar"])
    def test_what_was_estimated_is_taken_off_the_variance(self, spatial):
        """The same residuals' moments without it, less (n/S0)^2 a'Va over the square of the trace, by hand."""
        fit = small(spatial=spatial, effects="region")
        design, V = fit.design, fit.design.W.matrix
        project = projection("region", 5, 7, lee_yu=False)
        W, M = (V if use else None for use in (fit.spec.has_lag, fit.spec.has_error))
        X = design.X if M is None else design.X - fit.lambda_ * lag(V, design.X)
        plain = core.residual_moran(fit.estimates.residuals, X, project, V)
        a = core.shared_information(V, W, fit.rho, M, fit.lambda_, fit.sigma2, project)
        names = [n for n in ("rho", "lambda", "sigma2") if n in fit.params.index]
        off = a @ fit.cov.loc[names, names].to_numpy() @ a * (7 / V.sum()) ** 2
        Q = np.linalg.qr(project(X).reshape(35, 2))[0].reshape(5, 7, 2)
        total = 7 * 4 / 5 - (Q**2).sum(axis=(1, 2))
        np.testing.assert_allclose(residual_moran(fit).table.variance, plain.variance - off / total**2, rtol=1e-9)
        assert (off / total**2 > 0.05 * plain.variance).all()

    def test_weights_of_the_model_are_the_default(self):
        panel, w = small_panel(*arrays())
        other = sc.weights.from_matrix(
            np.ones((7, 7)) - np.eye(7), regions=[f"r{i}" for i in range(7)], standardise="row"
        )
        fit = sc.fit_panel(panel, "y", ["x0", "x1"], w, spatial="sarar", error_w=other, effects="region")
        pd.testing.assert_frame_equal(residual_moran(fit).table, residual_moran(fit, other).table)
        assert (residual_moran(fit, w).table["I"] != residual_moran(fit).table["I"]).all()
        with pytest.raises(sc.errors.OptionError, match="fitted without spatial weights"):
            residual_moran(sc.fit_panel(panel, "y", "x0", spatial="none"))

    def test_alternatives(self):
        fit = munnell(effects="region")
        two, greater, less = (residual_moran(fit, alternative=a).table.p for a in ("two-sided", "greater", "less"))
        np.testing.assert_allclose(greater + less, 1, rtol=EXACT)
        np.testing.assert_allclose(two, 2 * np.minimum(greater, less), rtol=1e-9)

    def test_dependence_left_behind_is_seen(self):
        """Least squares leaves it in the residuals of Munnell's states, the error model does not."""
        z = {
            s: residual_moran(munnell(spatial=s, effects="region"), data("munnell")[1]).table.z
            for s in ("none", "error")
        }
        assert z["none"].mean() > 2
        assert abs(z["error"].mean()) < 0.7

    def test_result(self):
        found = residual_moran(small(effects="random"))
        assert repr(found).startswith("Moran's I of residuals of SAR of y: 7 regions, 5 periods (0 to 4)")
        assert list(found.table.columns) == ["I", "expected", "variance", "z", "p"]
        assert found.glance().loc[0, "n_periods"] == 5
        none = residual_moran(small(spatial="none", effects="random"), small_panel(*arrays())[1])
        assert "random effects are left in the residuals" in none.notes
