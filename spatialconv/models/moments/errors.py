"""The error process by moments of residuals: lambda, the variances, and what their covariance is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg as la
import scipy.sparse as sp

from spatialconv._core.likelihood.effects import deviations, means
from spatialconv._core.likelihood.likelihood import lag
from spatialconv._core.likelihood.logdet import EIGEN_AT_MOST, guaranteed, searched
from spatialconv._core.likelihood.maximise import off_ends
from spatialconv._core.regression import moments as gm
from spatialconv._core.regression import moments_robust as robust
from spatialconv._options import MomentWeights
from spatialconv.errors import ModelError
from spatialconv.models.moments.steps import Filter, Steps
from spatialconv.panel import FloatArray


@dataclass(frozen=True)
class ErrorProcess:
    """lambda (0 where there is none) and the variances of deviations and of means.

    `influence`, shape (m,), is how lambda follows from the moments, `variance`, (m, m), their covariance at the
    truth; both are None where there is no such process.
    """

    lam: float
    sigma2: float
    sigma2_mean: float
    at_bound: bool = False
    slope: float = 0.0
    influence: FloatArray | None = None
    variance: FloatArray | None = None

    @property
    def filter(self) -> Filter:
        """The filter that follows; means that vary less than deviations leave no variance to random effects."""
        return Filter(self.lam, min(1.0, self.sigma2 / self.sigma2_mean))


@dataclass(frozen=True)
class Errors:
    """The moments of one design's residuals."""

    steps: Steps

    @property
    def M(self) -> sp.csr_array:  # noqa: N802
        """Weights of the error process."""
        assert self.steps.data.M is not None
        return self.steps.data.M

    @cached_property
    def traces(self) -> gm.LinkTraces:
        """Traces of M that enter the moments under equal variances."""
        return gm.link_traces(self.M, demeaned=self.steps.exact.over_regions)

    @cached_property
    def forms(self) -> tuple[sp.csr_array, ...]:
        """The quadratic forms that hold under unequal variances."""
        return robust.forms(self.M, demeaned=self.steps.exact.over_regions)

    def lags(self, u: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return u without effects, and its first and second lag by M, without effects again."""
        project = self.steps.data.project
        u = project(u)
        v = project(lag(self.M, u))
        return u, v, project(lag(self.M, v))

    def equal(self, u: FloatArray) -> ErrorProcess:
        """Estimate under equal variances (Kelejian and Prucha 1999), unweighted as they do."""
        exact = self.steps.exact
        share = u.shape[1] * exact.J / exact.dof
        system = gm.equal_variances(*self.lags(u), self.traces, exact.dof, share)
        found = self._minimised(system, None)
        variance = found.variances[0] ** 2 * self.traces.variance / exact.dof
        return self._process(system, np.eye(3), found, variance)

    def components(self, u: FloatArray, weighting: MomentWeights) -> ErrorProcess:
        """Estimate with random effects inside the process (Kapoor, Kelejian and Prucha 2007)."""
        T, N = u.shape
        if self.steps.data.M is None:
            s2, s2_mean = (deviations(u) ** 2).sum() / (N * (T - 1)), (means(u) ** 2).sum() / N
            return ErrorProcess(0.0, float(s2), float(s2_mean))
        u, v, z = self.lags(u)
        inner = gm.equal_variances(deviations(u), deviations(v), deviations(z), self.traces, N * (T - 1), 1.0)
        outer = gm.equal_variances(means(u), means(v), means(z), self.traces, N, 1.0)
        start = self._minimised(inner, None)
        s2, s2_mean = start.variances[0], float((means(u - start.lam * v) ** 2).sum()) / N
        if weighting == "initial":
            variance = s2**2 * self.traces.variance / (N * (T - 1))
            found = start._replace(variances=np.array([s2, s2_mean]))
            return self._process(inner, np.eye(3), found, variance)
        half = np.eye(3) if weighting == "partial" else gm.inverse_root(self.traces.variance)
        root = la.block_diag(np.sqrt(T - 1) * half / s2, half / s2_mean)
        system = gm.stacked(inner, outer)
        found, weight = self._minimised(system, root), root.T @ root
        s2, s2_mean = found.variances
        shape = self.traces.variance / N
        return self._process(system, weight, found, la.block_diag(s2**2 * shape / (T - 1), s2_mean**2 * shape))

    def unequal(self, u: FloatArray, variance: FloatArray | None) -> tuple[gm.System, gm.Solution]:
        """Estimate lambda under unequal variances (Kelejian and Prucha 2010), weighted by the moments' variance."""
        u, v, _ = self.lags(u)
        system = robust.unequal_variances(u, v, self.forms, self.steps.exact.dof)
        return system, self._minimised(system, None if variance is None else gm.inverse_root(variance))

    def pairwise(self, e: FloatArray) -> FloatArray:
        """Return the variance of those moments from innovations without effects."""
        return robust.pairwise_variance(e, self.forms, self.steps.exact.dof)

    def _minimised(self, system: gm.System, root: FloatArray | None) -> gm.Solution:
        # The exact interval of a large matrix costs more than the estimation, and seldom matters.
        sure = self.M.shape[0] <= EIGEN_AT_MOST
        found = gm.minimise(system, root, off_ends(searched(self.M) if sure else guaranteed(self.M)[:2]))
        return found if sure or not found.at_bound else gm.minimise(system, root, off_ends(searched(self.M)))

    @staticmethod
    def _process(system: gm.System, weight: FloatArray, found: gm.Solution, variance: FloatArray) -> ErrorProcess:
        s2, s2_mean = found.variances[0], found.variances[-1]
        influence = of_lambda(system, found.lam, weight)
        return ErrorProcess(found.lam, s2, s2_mean, found.at_bound, found.slope, influence, variance)


def of_lambda(system: gm.System, lam: float, weight: FloatArray) -> FloatArray:
    """Return how lambda follows from the moments, shape (m,); a ModelError where they do not tell it."""
    try:
        return np.asarray(gm.influence(system, lam, weight)[0])
    except np.linalg.LinAlgError:
        raise ModelError(
            f"the moments of the residuals do not tell lambda (at {lam:.4g}) from the variance: their slopes in both "
            "are proportional. Take estimator='ml', other weights for the error process, or none."
        ) from None
