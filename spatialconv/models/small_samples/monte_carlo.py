"""Monte Carlo p-values of specification tests: the model that is the null, redrawn and tested again."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from spatialconv._options import BootstrapScheme, choice, count_of, generator
from spatialconv._parallel import checked_jobs, run
from spatialconv.errors import ModelError, OptionError, SpatialConvError, SpatialConvWarning
from spatialconv.models.estimation.fit import fit_complete
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.hypotheses.hausman import hausman, mundlak_test
from spatialconv.models.hypotheses.outcomes import fit_of
from spatialconv.models.hypotheses.residual import residual_moran
from spatialconv.models.hypotheses.score import lm_tests
from spatialconv.models.small_samples.refits import BLOCK_SINGLE, Engine, World, broken_chain, fitted_world
from spatialconv.models.specification.design import LAGGED_INTERCEPT
from spatialconv.panel import FloatArray
from spatialconv.results import Provenance, Result, extent, merge_notes, number, p_value

Which = Literal["lm", "moran", "hausman", "mundlak"]
# A p-value that equals the sample's but for rounding is as extreme.
TIE = 1e-10


def monte_carlo(
    fit: Any,
    test: Which = "lm",
    *,
    draws: int = 999,
    scheme: BootstrapScheme = "residual",
    jobs: int = 1,
    seed: int | np.random.Generator | None = None,
    progress: bool = False,
) -> MonteCarlo:
    """Test a model against panels drawn from it, instead of against the distribution of many regions and periods.

    Use it where regions and periods are few. The fitted model is the null of its tests: LM tests ask of a model without
    spatial terms whether one is missing, Moran's I of residuals whether neighbours are alike in what is left, Hausman's
    and Mundlak's tests of a model with random effects whether regions' effects go with the regressors.

    Parameters
    ----------
    fit : PanelFit, or a result that holds one (`beta`)
        The model that is the null; with weights, for "lm" and "moran". In a growth regression growth makes the next
        level in every sample.
    test : {"lm", "moran", "hausman", "mundlak"}
        `lm_tests`, `residual_moran` by period, `hausman` against region effects, `mundlak_test`.
    draws : int
        Samples; each is fitted and tested like the panel itself.
    scheme, jobs, seed, progress
        As in `models.small_samples.bootstrap`.

    Returns
    -------
    MonteCarlo
        `.table`: a row a test with the asymptotic p and the Monte Carlo one

    Raises
    ------
    ModelError
        If a test does not go with the model, or cannot be computed for it.
    OptionError
        If there are no weights.

    Notes
    -----
    ``p = (1 + number of samples whose test is as extreme) / (1 + draws)``; extremity is that of the asymptotic p, so
    that tests with one or two sides, and samples with other degrees of freedom, compare. Samples in which a test does
    not exist (Hausman with an indefinite variance) are left out of that test and counted. Exact if the model has no
    unknown parameters that matter to the statistic, as LM tests of normal errors without a lagged level have; else
    its error is of a smaller order than that of the asymptotic p (Davidson and MacKinnon 1999).

    References
    ----------
    Dufour, J.-M. and Khalaf, L. (2001), Monte Carlo Test Methods in Econometrics, in A Companion to Theoretical
    Econometrics. Davidson, R. and MacKinnon, J. G. (1999), Econometric Theory 15, 361-376.

    Examples
    --------
    >>> import spatialconv as sc
    >>> zj = sc.datasets.zhejiang()
    >>> b = sc.beta(zj.panel, "exports", sc.weights.inverse_distance(zj.cities), effects="time")
    >>> sc.monte_carlo(b, "lm", draws=99, seed=1).table.index[0]
    'LM lag'
    """
    model = fit_of(fit)
    model.design.refuse_cells("monte_carlo() is")
    choice("test", test, get_args(Which))
    choice("scheme", scheme, BootstrapScheme)
    count_of("draws", draws, least=19)
    checked_jobs(jobs)
    _goes_with(model, test)
    own = _outcomes(model, test)
    if not np.isfinite(own["p_value"]).any():
        raise ModelError(f"none of the tests can be computed for this model: {'; '.join(own['reason'].unique())}.")
    rng, used = generator(seed)
    engine, world = Engine.of(model), fitted_world(model)
    sizes = [min(BLOCK_SINGLE, draws - start) for start in range(0, draws, BLOCK_SINGLE)]
    tasks = [
        (engine, world, scheme, size, own_rng, test) for size, own_rng in zip(sizes, rng.spawn(len(sizes)), strict=True)
    ]
    drawn = np.concatenate(run(_block, tasks, jobs=jobs, what="samples tested", show=progress))
    known = np.isfinite(drawn)
    extreme = (drawn <= own["p_value"].to_numpy() * (1 + TIE) + TIE) & known
    counted = known.sum(axis=0)
    own["p_monte_carlo"] = np.where(np.isfinite(own["p_value"]), (1 + extreme.sum(axis=0)) / (1 + counted), np.nan)
    own["draws"] = counted
    lost = int((~known).any(axis=1).sum())
    notes = [f"{lost:,} of {draws:,} samples have no value of one test or more and are left out of it"] if lost else []
    options = {"test": test, "draws": draws, "scheme": scheme}
    origin = Provenance("monte_carlo", options, model.n_regions, model.n_periods, model.provenance.weights, used)
    columns = ["statistic", "df", "p_value", "p_monte_carlo", "draws", "null", "alternative", "reason"]
    title = f"{model.spec.name} of {model.spec.y}: {extent(model.n_regions, model.n_periods)}"
    return MonteCarlo(title, test, own[columns], merge_notes(broken_chain(model.design), notes), origin)


def _goes_with(model: PanelFit, test: Which) -> None:
    if test in ("hausman", "mundlak") and model.spec.effects != "random":
        raise ModelError(f"{test!r} has a model with random effects as its null; got effects={model.spec.effects!r}.")
    if test == "lm" and (model.spec.spatial != "none" or model.spec.effects == "random"):
        raise ModelError(
            f"'lm' has a model without spatial terms, with fixed effects or none, as its null; got {model.spec.name}."
        )
    if test in ("lm", "moran") and model.design.W is None and model.design.M is None:
        raise OptionError("the model was fitted without weights; fit it with w= (they do not enter if spatial='none').")


def _outcomes(model: PanelFit, test: Which) -> pd.DataFrame:
    """Return a row a test, indexed by its name."""
    made: dict[Which, Callable[[PanelFit], pd.DataFrame]] = {
        "lm": lambda m: lm_tests(m).table,
        "moran": _by_period,
        "hausman": lambda m: hausman(_fixed(m), m).tidy().set_index("term"),
        "mundlak": lambda m: mundlak_test(m).tidy().set_index("term"),
    }
    return made[test](model).rename_axis("test").copy()


def _by_period(model: PanelFit) -> pd.DataFrame:
    found = residual_moran(model).table
    words = {
        "df": np.nan,
        "null": "neighbours' residuals are unrelated",
        "alternative": "they are related",
        "reason": "",
    }
    frame = pd.DataFrame({"statistic": found["z"], "p_value": found["p"], **words})
    # One test of all periods: the smallest p, whose distribution is simulated with them.
    smallest = pd.DataFrame(
        [{"statistic": found["z"].abs().max(), "p_value": found["p"].min(), **words}], index=["smallest p"]
    )
    smallest["null"] = "neighbours' residuals are unrelated in every period"
    return pd.concat([frame.set_axis([f"Moran {period}" for period in frame.index]), smallest])


def _fixed(model: PanelFit) -> PanelFit:
    """Return the same model with region effects fixed, without the constant (and its lag) that random effects keep."""
    keep = [k for k, name in enumerate(model.design.names) if name not in ("intercept", LAGGED_INTERCEPT)]
    design = replace(model.design, X=model.design.X[..., keep], names=tuple(model.design.names[k] for k in keep))
    return fit_complete(design, replace(model.spec, effects="region", correction="auto"))


def _block(
    engine: Engine, world: World, scheme: BootstrapScheme, size: int, rng: np.random.Generator, test: Which
) -> FloatArray:
    """Return the p-values of every test in some samples, shape (size, tests); NaN where there is none."""
    Y, V = engine.samples(world, scheme, size, rng)
    found: list[Any] = []
    width = 0
    for k in range(size):
        X = engine.design.X
        if V is not None:
            assert engine.feedback is not None
            X = X.copy()
            X[..., engine.feedback.columns] = V[..., k]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SpatialConvWarning)
                model = fit_complete(replace(engine.design, y=np.ascontiguousarray(Y[..., k]), X=X), engine.spec)
                found.append(_outcomes(model, test)["p_value"].to_numpy(dtype=float))
                width = len(found[-1])
        except SpatialConvError:
            found.append(None)
    if not width:
        raise ModelError(f"none of {size} samples from the model could be fitted and tested; it asks too much of them.")
    return np.array([np.full(width, np.nan) if row is None else row for row in found])


@dataclass(frozen=True, eq=False, repr=False)
class MonteCarlo(Result):
    """Tests of a model with their asymptotic and their Monte Carlo p, a row each in `table`."""

    title: str
    test: str
    table: pd.DataFrame
    notes: tuple[str, ...]
    provenance: Provenance

    def tidy(self) -> pd.DataFrame:
        """Return one row a test: term, statistic, df, p_value (asymptotic), p_monte_carlo, draws, null, …"""
        return self.table.rename_axis("term").reset_index()

    def glance(self) -> pd.DataFrame:
        """Return one row: how many tests, and how many have p <= 0.05 either way."""
        row = {
            "title": self.title,
            "tests": len(self.table),
            "p_below_0.05": int((self.table["p_value"] <= 0.05).sum()),
            "p_monte_carlo_below_0.05": int((self.table["p_monte_carlo"] <= 0.05).sum()),
            "draws": self.provenance.options["draws"],
        }
        return pd.DataFrame([row])

    def _display(self) -> pd.DataFrame:
        return self.table

    def _headline(self) -> list[str]:
        lines = [
            f"  {name}: {row['reason']}" if row["reason"] else (
                f"  {name}: {number(row['statistic'], 3)}, {p_value(row['p_value'])}, by {row['draws']} samples "
                f"{p_value(row['p_monte_carlo'])}"
            )
            for name, row in list(self.table.iterrows())[:6]
        ]  # fmt: skip
        rest = len(self.table) - len(lines)
        return [f"Monte Carlo tests of {self.title}", *lines, *([f"  and {rest} more, see .table"] if rest else [])]
