"""Models, weights and data drawn at random, each by one seed, for tests of the engine against dense algebra.

A `Recipe` says in words what was drawn and is what a failing test prints; `recipe(seed)` draws it again.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import spatialconv as sc
from spatialconv.models.specification.spec import SUPPORTED
from tests.dense import admissible

ROW_KINDS = ("asymmetric, row", "nearest, row", "ring", "inverse distance, row", "components, row", "downstream, row")
ANY_KINDS = (
    "binary contiguity",
    "nearest, binary",
    "island, row",
    "island, binary",
    "components, binary",
    "spectral",
    "global sum one",
    "unequal sizes",
)


CORNERS = (
    *ROW_KINDS,
    *ANY_KINDS,
    *("pooled", "SLX", "SAR", "SDM", "SEM", "SDEM", "SARAR", "GNS"),
    *("effects none", "effects region", "effects time", "effects two-way"),
    *("effects random", "effects random, kkp", "effects random, bsk"),
    *("correction none", "correction lee-yu", "correction splm"),
    *("static", "dynamic", "dynamic with an error process"),
    *("vcov information", "vcov observed"),
    *("T = 1", "T = 2", "N = 4", "M other than W", "asymmetric", "not row-standardised", "islands"),
    "no negative real root",
)


@dataclass(frozen=True, eq=False)
class Recipe:
    """One draw: data, weights, options, and the corners it lies in."""

    seed: int
    y: np.ndarray
    x: np.ndarray
    W: np.ndarray
    M: np.ndarray
    options: dict[str, Any]
    corners: frozenset[str]

    def __str__(self) -> str:
        T, N = self.y.shape
        return f"recipe({self.seed}): N={N} T={T} {self.options} [{', '.join(sorted(self.corners))}]"

    @property
    def names(self) -> list[str]:
        return [f"x{k}" for k in range(self.x.shape[2])]

    def panel(self) -> sc.Panel:
        T, N = self.y.shape
        frame = pd.DataFrame({"i": np.tile(np.arange(N), T), "t": np.repeat(np.arange(T), N), "y": self.y.ravel()})
        frame = frame.assign(**{name: self.x[..., k].ravel() for k, name in enumerate(self.names)})
        return sc.Panel(frame, region="i", period="t")

    def graphs(self) -> tuple[Any, Any]:
        return tuple(sc.weights.from_matrix(A, regions=range(len(A)), standardise="none") for A in (self.W, self.M))

    def fit(self, **options: Any) -> Any:
        w, m = self.graphs()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sc.errors.BoundaryWarning)
            return sc.fit_panel(self.panel(), "y", self.names, w, error_w=m, **(self.options | options))

    def regressors(self) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Outcome (T, N) and regressors (T, N, K) as the textbook has them, and their names."""
        x, y, names = self.x, self.y, self.names
        columns, lagged = [x[..., k] for k in range(x.shape[2])], []
        sums = self.W.sum(axis=1)
        # The intercept is lagged with the others, but where that is the intercept again or a dummy of islands.
        own = self.options["durbin"] and self.options["effects"] in ("none", "random")
        if own and np.ptp(sums) > 1e-9 * sums.max() and not np.isin(sums.round(9), (0.0, 1.0)).all():
            columns, lagged = [*columns, np.ones_like(y) * sums], ["W:intercept"]
        columns += [x[..., names.index(name)] @ self.W.T for name in self.options["durbin"]]
        labels = [*names, *lagged, *(f"W:{name}" for name in self.options["durbin"])]
        past = self.options["dynamic"]
        if past != "none":
            columns = [c[1:] for c in columns]
            before = {"lag:y": y[:-1], "lag:W:y": y[:-1] @ self.W.T}
            chosen = {"y": ["lag:y"], "wy": ["lag:W:y"], "both": ["lag:y", "lag:W:y"]}[past]
            columns, labels, y = [*(before[c] for c in chosen), *columns], [*chosen, *labels], y[1:]
        if self.options["effects"] in ("none", "random"):
            columns, labels = [np.ones_like(y), *columns], ["intercept", *labels]
        return y, np.stack(columns, axis=2), labels


def links(rng: np.random.Generator, n: int, kind: str) -> np.ndarray:
    """Weights of a kind."""
    places = rng.uniform(size=(n, 2))
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(n)
    B = np.zeros((n, n))
    near = np.argsort(apart + 10 * np.eye(n), axis=1)
    if kind.startswith("asymmetric") or kind in ("spectral", "global sum one"):
        B = rng.uniform(0.2, 1.0, (n, n)) * (rng.uniform(size=(n, n)) < 0.5)
        B[np.arange(n), (np.arange(n) + 1) % n] = 0.5
    elif kind.startswith("nearest"):
        k = int(rng.integers(1, min(3, n - 1) + 1))
        B[np.repeat(np.arange(n), k), near[:, :k].ravel()] = 1.0
    elif kind == "ring":
        B = np.roll(np.eye(n), 1, axis=1) + rng.integers(2) * np.roll(np.eye(n), -1, axis=1)
    elif kind.startswith("inverse distance"):
        B = 1 / apart
    elif kind.startswith("components"):
        half = n // 2
        for part in (np.arange(half), np.arange(half, n)):
            block = rng.uniform(0.2, 1.0, (len(part), len(part)))
            B[np.ix_(part, part)] = block
    elif kind.startswith("downstream"):
        B = np.triu(rng.uniform(0.2, 1.0, (n, n)), 1) + 10.0 ** rng.uniform(-4, -1) * np.tril(np.ones((n, n)), -1)
    elif kind == "unequal sizes":
        B = 10.0 ** rng.normal(0, 1.5, (n, n))
    else:
        B = ((apart < 0.45) | (np.abs(np.subtract.outer(np.arange(n), np.arange(n))) == 1)).astype(float)
    np.fill_diagonal(B, 0.0)
    if kind.startswith("island"):
        # Nobody links to the last region, nor it to anybody.
        B[-1] = B[:, -1] = 0.0
    if kind.endswith(", row") or kind == "ring":
        B = B / np.where(B.sum(axis=1) > 0, B.sum(axis=1), 1.0)[:, None]
    if kind == "spectral":
        B = B / np.abs(np.linalg.eigvals(B)).max()
    if kind == "global sum one":
        B = B / B.sum()
    return B


def recipe(seed: int) -> Recipe:
    """Draw a model that has a theory for its weights, and data of it."""
    rng = np.random.default_rng([seed, 11])
    pairs = [p for p in SUPPORTED for _ in range(3 if p[0] in ("none", "random") else 1)]
    effects, correction = pairs[int(rng.integers(len(pairs)))]
    spatial = str(rng.choice(["none", "lag", "lag", "error", "error", "sarar", "sarar"]))
    dynamic = "none" if effects == "random" else str(rng.choice(["none"] * 5 + ["y", "wy", "both"]))
    n, T = int(rng.integers(4, 10)), int(rng.integers(2, 6))
    if effects == "none" and dynamic == "none" and rng.random() < 0.3:
        T, n = 1, n + 6
    T += dynamic != "none"
    k = int(rng.integers(1, 3)) if n * T > 14 else 1
    # Enough observations for all of a Durbin model with a past.
    lost = (effects in ("time", "two-way"), (dynamic != "none") + (effects in ("region", "two-way")))
    while (n - lost[0]) * (T - lost[1]) < 2 * k + 6:
        n, T = (n + 1, T) if rng.random() < 0.7 else (n, T + 1)
    needs = SUPPORTED[effects, correction]
    past = effects == "two-way" and dynamic in ("wy", "both")
    row_w = needs.lag_weights == "row" and (spatial in ("lag", "sarar") or past)
    row_m = needs.error_weights == "row" and spatial in ("error", "sarar")
    kinds = [str(rng.choice(ROW_KINDS if row else ROW_KINDS + ANY_KINDS * 2)) for row in (row_w, row_m)]
    W = links(rng, n, kinds[0])
    own = bool(rng.random() < 0.6) or (row_m and not row_w)
    M = links(rng, n, kinds[1]) if own else W
    names = [f"x{j}" for j in range(k)]
    durbin = tuple(names[: int(rng.integers(0, k + 1))]) if rng.random() < 0.6 else ()
    x = rng.normal(size=(T, n, k)) * 10.0 ** rng.uniform(-1, 2) + rng.choice([0.0, 0.0, 50.0])
    dependence = [rng.uniform(-0.8, 0.8) if rng.random() < 0.8 else 0.0 for _ in range(2)]
    rho, lam = (d * (b[1] if d > 0 else -b[0]) for d, b in zip(dependence, map(admissible, (W, M)), strict=True))
    rho, lam = rho * (spatial in ("lag", "sarar")), lam * (spatial in ("error", "sarar"))
    tau = 0.4 * (dynamic in ("y", "both"))
    eta = 0.1 * (dynamic in ("wy", "both")) / max(W.sum(axis=1).max(), 1e-9)
    mu = rng.normal(size=n) * (effects in ("region", "two-way", "random"))
    alpha = 2 * rng.normal(size=(T, 1)) * (effects in ("time", "two-way"))
    e = rng.standard_t(4, size=(T, n)) if rng.random() < 0.3 else rng.normal(size=(T, n))
    # The likelihood with effects outside two processes takes seconds: enough are drawn with one.
    inside = rng.random() < (0.9 if spatial == "sarar" else 0.4)
    random = ("kkp" if inside else "bsk") if effects == "random" else "kkp"
    u = np.linalg.solve(np.eye(n) - lam * M, (e + mu * (inside and effects == "random")).T).T
    mean = x.sum(axis=2) / x.std() + (0.5 * (x @ np.ones(k)) @ W.T / x.std() if durbin else 0.0)
    mean = mean + alpha + u + mu * (not (inside and effects == "random"))
    Ai = np.linalg.inv(np.eye(n) - rho * W)
    y = np.zeros((T, n))
    for t in range(T):
        y[t] = Ai @ (mean[t] + (tau * y[t - 1] + eta * W @ y[t - 1] if t else 0.0))
    options = {
        "spatial": spatial, "durbin": durbin, "effects": effects, "correction": correction, "dynamic": dynamic,
        "random": random, "vcov": "observed" if rng.random() < 0.25 else "information", "logdet": "eigen",
    }  # fmt: skip
    given = Recipe(seed, y, x, W, M, options, frozenset())
    return Recipe(seed, y, x, W, M, options, frozenset(corners(given, kinds, own)))


def corners(r: Recipe, kinds: list[str], own: bool) -> Iterable[str]:
    """Name the corners a draw lies in."""
    o, (T, N) = r.options, r.y.shape
    lag, error = o["spatial"] in ("lag", "sarar"), o["spatial"] in ("error", "sarar")
    used = [(kinds[0], r.W)] * (lag or bool(o["durbin"])) + [(kinds[int(own)], r.M)] * error
    name = {("none", 0): "pooled", ("none", 1): "SLX", ("lag", 0): "SAR", ("lag", 1): "SDM", ("error", 0): "SEM"}
    name |= {("error", 1): "SDEM", ("sarar", 0): "SARAR", ("sarar", 1): "GNS"}
    yield name[o["spatial"], int(bool(o["durbin"]))]
    yield f"effects {o['effects']}" + (f", {o['random']}" if o["effects"] == "random" and error else "")
    yield f"correction {o['correction']}"
    yield "dynamic" if o["dynamic"] != "none" else "static"
    if o["dynamic"] != "none" and error:
        yield "dynamic with an error process"
    yield f"vcov {o['vcov']}"
    periods = T - (o["dynamic"] != "none")
    if periods <= 2:
        yield f"T = {periods}"
    if N == 4:
        yield "N = 4"
    if lag and error and own:
        yield "M other than W"
    for kind, A in used:
        yield kind
        if not np.allclose(A, A.T):
            yield "asymmetric"
        if not np.allclose(A.sum(axis=1), 1):
            yield "not row-standardised"
        if (A.sum(axis=1) == 0).any():
            yield "islands"
        roots = np.linalg.eigvals(A)
        if not ((roots.real < -1e-9) & (np.abs(roots.imag) < 1e-9)).any():
            yield "no negative real root"


def counted(recipes: Iterable[Recipe]) -> Counter[str]:
    """How many draws lie in each corner."""
    return Counter(corner for r in recipes for corner in r.corners)
