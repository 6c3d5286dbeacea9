"""Bias of order 1/T of dynamic spatial panels with region effects, and its removal.

Demeaning ties the lagged outcome to the errors (Nickell 1981). With S = I - rho W, C = S - tau I - eta W,
G = W S^-1 and K = C^-1, the expected score at the truth is minus

    b = (tr K, tr W K, 0, tr G (tau I + eta W) K + tr G, n / (2 sigma2))

for (tau, eta, other coefficients, rho, sigma2), so that theta + I^-1 b is free of it, I being the whole
information: Yu, de Jong and Lee (2008, Journal of Econometrics 146, theorem 3 and its correction), and Lee and Yu
(2010, Econometric Theory 26) for the data transformed by the regions' demeaned basis, where every trace loses the
term of the eigenvalue one and n becomes n - 1.

With an error process u = lambda M u + e and B = I - lambda M the same expectations hold: tr B K B^-1 = tr K and so
for the other three, whether or not M and W commute, and the score of lambda, e'M B^-1 e / sigma2 - T tr H with
H = M B^-1, loses one of its T periods to the mean: b has tr H there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from spatialconv._core.likelihood.logdet import eigenvalues, searched
from spatialconv._core.likelihood.traces import trace_of_ratio

FloatArray = npt.NDArray[np.float64]

EIGEN_FOR_ROOTS = 1500


@dataclass(frozen=True)
class DynamicTerms:
    """Estimates of the dynamic terms and where their coefficients stand; None where a term is not there."""

    tau: float
    eta: float
    rho: float
    sigma2: float
    at_tau: int | None
    at_eta: int | None
    at_rho: int | None
    lam: float = 0.0
    at_lam: int | None = None


def largest_root(W: sp.csr_array | None, terms: DynamicTerms, *, shift: bool) -> float:
    """Return the largest modulus of an eigenvalue of S^-1 (tau I + eta W); below one, the model is stable.

    The roots are (tau + eta w) / (1 - rho w) over the eigenvalues w of W. Where the mean over regions was
    transformed away so was the root of w = 1, the common trend (Lee and Yu 2010). Of a large W only the ends of
    the real spectrum are looked at, between which the ratio is monotone.
    """
    if W is None:
        return abs(terms.tau)
    w = eigenvalues(W) if W.shape[0] <= EIGEN_FOR_ROOTS else 1 / np.array(searched(W), dtype=np.complex128)
    if shift and len(w) > 2:
        w = np.delete(w, np.argmin(np.abs(w - 1))).astype(np.complex128)
    return float(np.abs((terms.tau + terms.eta * w) / (1 - terms.rho * w)).max())


def dynamic_correction(
    W: sp.csr_array | None,
    terms: DynamicTerms,
    cov: FloatArray,
    n: int,
    *,
    shift: bool,
    M: sp.csr_array | None = None,
) -> FloatArray:
    """Return what is to be added to the parameters, in the order of `cov` (sigma2 last).

    W has shape (n, n), None where neither rho nor eta is free; M, the weights of the error process, is needed where
    lambda is; `shift` says that the mean over regions was transformed away.
    """
    eye = sp.csr_array(sp.eye_array(n))
    links = W if W is not None else sp.csr_array((n, n))
    S = eye - terms.rho * links
    C = sp.csr_array(S - terms.tau * eye - terms.eta * links)
    mean = 1 / (1 - terms.rho - terms.tau - terms.eta) if shift else 0.0
    g = 1 / (1 - terms.rho) if shift else 0.0
    b = np.zeros(len(cov))
    if terms.at_tau is not None:
        b[terms.at_tau] = trace_of_ratio(C, eye) - mean
    if terms.at_eta is not None:
        b[terms.at_eta] = trace_of_ratio(C, links) - mean
    if terms.at_rho is not None:
        # S, C and W are polynomials in W and commute: G (tau I + eta W) K = (tau W + eta W^2) (C S)^-1.
        CS = sp.csr_array(C @ S)
        top = sp.csr_array(terms.tau * links + terms.eta * (links @ links))
        b[terms.at_rho] = trace_of_ratio(CS, top) + trace_of_ratio(S, links) - (terms.tau + terms.eta) * g * mean - g
    if terms.at_lam is not None:
        assert M is not None
        b[terms.at_lam] = trace_of_ratio(sp.csr_array(eye - terms.lam * M), M) - (1 / (1 - terms.lam) if shift else 0.0)
    b[-1] = (n - shift) / (2 * terms.sigma2)
    return np.asarray(cov @ b)
