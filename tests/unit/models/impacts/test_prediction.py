"""Predictions: against the model's equations solved densely, against dummies, and what labels must guarantee."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from scipy import sparse

import spatialconv as sc
from spatialconv.errors import AlignmentError, MissingDataError, OptionError, UnsupportedModelError, VariableError
from spatialconv.models.estimation.fitted import PanelFit
from spatialconv.models.impacts.impacts import impacts
from spatialconv.models.impacts.prediction import predict
from tests.tolerances import EXACT, REFERENCE

N, T, NEW = 7, 6, 3
REGIONS = [f"r{i}" for i in range(N)]
EFFECTS = ("none", "region", "time", "two-way")
SPATIAL = ("none", "lag", "error", "sarar")


def weights(seed: int) -> Graph:
    """Directed, row-standardised."""
    rng = np.random.default_rng(seed)
    W = rng.uniform(0.2, 1.0, (N, N)) * (rng.uniform(size=(N, N)) < 0.6)
    W[np.arange(N), (np.arange(N) + 1) % N] = 0.5
    np.fill_diagonal(W, 0)
    return Graph.from_sparse(sparse.coo_array(W / W.sum(axis=1, keepdims=True)), ids=REGIONS)


@cache
def frame() -> pd.DataFrame:
    """T + NEW periods; the fits see the first T."""
    rng = np.random.default_rng(1)
    n = N * (T + NEW)
    found = pd.DataFrame({name: rng.normal(size=n) for name in ("y", "a", "b")})
    found["region"], found["year"] = np.tile(REGIONS, T + NEW), np.repeat(2000 + np.arange(T + NEW), N)
    return found


def panel(periods: slice, *, shuffled: bool = False) -> sc.Panel:
    labels = 2000 + np.arange(T + NEW)
    kept = frame()[frame()["year"].isin(labels[periods])]
    kept = kept.sample(frac=1, random_state=3) if shuffled else kept
    return sc.Panel(kept, region="region", period="year")


SAMPLE, LATER = slice(0, T), slice(T, None)


@cache
def fitted(spatial: str = "lag", effects: str = "two-way", **options) -> PanelFit:
    options = {"correction": "none", "durbin": ["b"]} | options
    return sc.fit_panel(
        panel(SAMPLE), "y", ["a", "b"], weights(2), spatial=spatial, effects=effects, error_w=weights(4), **options
    )


def dense(model: PanelFit) -> tuple[np.ndarray, np.ndarray]:
    return model.design.W.matrix.toarray(), model.design.M.matrix.toarray()


def by_hand(model: PanelFit, x: sc.Panel, time: dict[int, float], kind: str) -> pd.DataFrame:
    """Region by region and period by period, from the parameters' names."""
    W, M = dense(model)
    p = model.params
    rho, lam = p.get("rho", 0.0), p.get("lambda", 0.0)
    a, b, y = (x.wide(v)[REGIONS] for v in ("a", "b", "y"))
    rows = {}
    for t in x.periods:
        trend = p["a"] * a.loc[t].to_numpy() + p["b"] * b.loc[t].to_numpy() + p["W:b"] * (W @ b.loc[t].to_numpy())
        trend = trend + model.intercept + time.get(t, 0.0)
        if len(model.region_effects):
            trend = trend + np.array([model.region_effects[r] for r in REGIONS])
        if kind == "reduced":
            rows[t] = np.linalg.inv(np.eye(N) - rho * W) @ trend
        elif kind == "signal":
            now = y.loc[t].to_numpy()
            u = now - rho * (W @ now) - trend
            rows[t] = trend + rho * (W @ now) + lam * (M @ u)
        else:
            rows[t] = trend
    return pd.DataFrame(rows, index=REGIONS).T


@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("spatial", SPATIAL)
class TestAgainstTheEquations:
    @pytest.mark.parametrize("kind", ["trend", "signal", "reduced"])
    def test_in_sample(self, spatial, effects, kind):
        model = fitted(spatial, effects)
        expected = by_hand(model, panel(SAMPLE), model.time_effects.to_dict(), kind)
        ours = predict(model, kind=kind)
        assert list(ours.columns) == REGIONS
        assert list(ours.index) == list(range(2000, 2000 + T))
        np.testing.assert_allclose(ours, expected, atol=REFERENCE)

    @pytest.mark.parametrize("kind", ["trend", "signal", "reduced"])
    def test_new_periods(self, spatial, effects, kind):
        model = fitted(spatial, effects)
        timed = effects in ("time", "two-way")
        given = {2006: 0.3, 2007: -0.2, 2008: 0.1} if timed else None
        ours = predict(model, panel(LATER, shuffled=True), kind=kind, time_effect=given)
        np.testing.assert_allclose(ours, by_hand(model, panel(LATER), given or {}, kind), atol=REFERENCE)
        assert list(ours.columns) == REGIONS

    def test_the_sample_as_a_panel_is_the_sample(self, spatial, effects):
        model = fitted(spatial, effects)
        for kind in ("trend", "signal", "reduced"):
            again = predict(model, panel(SAMPLE, shuffled=True), kind=kind)
            np.testing.assert_allclose(again, predict(model, kind=kind), atol=REFERENCE)

    def test_what_the_signal_leaves_is_the_innovation(self, spatial, effects):
        model = fitted(spatial, effects)
        np.testing.assert_allclose(predict(model, kind="signal"), model.fitted, atol=REFERENCE)


def test_the_reduced_form_solves_the_model():
    """Put into the right-hand side in place of y, it comes out again."""
    model = fitted("sarar")
    W, found, trend = dense(model)[0], predict(model), predict(model, kind="trend")
    np.testing.assert_allclose(trend + model.rho * found.to_numpy() @ W.T, found, atol=REFERENCE)


def test_without_space_it_is_least_squares_on_dummies():
    model = sc.fit_panel(panel(SAMPLE), "y", ["a", "b"], spatial="none", effects="two-way", correction="none")
    rows = frame()[frame()["year"] < 2000 + T]
    X = pd.get_dummies(rows[["region", "year"]].astype(str), dtype=float).assign(a=rows["a"], b=rows["b"]).to_numpy()
    expected = (X @ np.linalg.lstsq(X, rows["y"].to_numpy(), rcond=None)[0]).reshape(T, N)
    for kind in ("trend", "signal", "reduced"):
        np.testing.assert_allclose(predict(model, kind=kind), expected, atol=REFERENCE)


@pytest.mark.parametrize("name", ["a", "b"])
def test_its_change_is_the_effect(name):
    """Raise a regressor by one in one region: the change of the reduced form is that region's column of effects."""
    model = fitted("lag")
    effects = impacts(model).matrix(name)
    base = predict(model, panel(LATER), time_effect=0.0)
    for region in REGIONS:
        raised = panel(LATER).assign(**{name: lambda f, r=region: f[name] + (f["region"] == r)})
        change = predict(model, raised, time_effect=0.0) - base
        for _, row in change.iterrows():
            np.testing.assert_allclose(row, effects[region], atol=REFERENCE)


class TestDynamic:
    def model(self, effects: str = "region", **options) -> PanelFit:
        return fitted("lag", effects, dynamic="both", **options)

    def by_hand(self, model: PanelFit, time: dict[int, float], *, observed: bool) -> np.ndarray:
        W, p = dense(model)[0], model.params
        x = panel(LATER)
        a, b, y = (x.wide(v)[REGIONS] for v in ("a", "b", "y"))
        before, rows = panel(SAMPLE).wide("y")[REGIONS].iloc[-1].to_numpy(), []
        for t in x.periods:
            trend = p["a"] * a.loc[t].to_numpy() + p["b"] * b.loc[t].to_numpy() + p["W:b"] * (W @ b.loc[t].to_numpy())
            trend = trend + p["lag:y"] * before + p["lag:W:y"] * (W @ before) + model.intercept + time.get(t, 0.0)
            trend = trend + np.array([model.region_effects[r] for r in REGIONS])
            now = y.loc[t].to_numpy()
            rows.append(trend + p["rho"] * (W @ now) if observed else np.linalg.inv(np.eye(N) - p["rho"] * W) @ trend)
            before = now if observed else rows[-1]
        return np.array(rows)

    def test_new_periods_follow_from_predictions(self):
        model = self.model()
        ours = predict(model, panel(LATER, shuffled=True))
        np.testing.assert_allclose(ours, self.by_hand(model, {}, observed=False), atol=REFERENCE)

    def test_new_periods_with_effects_of_their_own(self):
        model = self.model("two-way")
        ours = predict(model, panel(LATER), time_effect=0.4)
        expected = self.by_hand(model, dict.fromkeys((2006, 2007, 2008), 0.4), observed=False)
        np.testing.assert_allclose(ours, expected, atol=REFERENCE)

    def test_the_signal_reads_what_was_observed(self):
        model = self.model()
        ours = predict(model, panel(LATER), kind="signal")
        np.testing.assert_allclose(ours, self.by_hand(model, {}, observed=True), atol=REFERENCE)

    def test_in_sample_it_stands_on_the_observed_past(self):
        model = self.model()
        assert list(predict(model).index) == list(range(2001, 2000 + T))
        np.testing.assert_allclose(predict(model, kind="signal"), model.fitted, atol=REFERENCE)

    @pytest.mark.parametrize("periods", [slice(T + 1, None), slice(T - 1, None)])
    def test_a_gap_or_an_overlap_cannot_be_bridged(self, periods):
        with pytest.raises(UnsupportedModelError, match=r"must follow on the last of the sample \(2005\)"):
            predict(self.model(), panel(periods))


class TestTimeEffects:
    def test_one_number_for_all_new_periods(self):
        model = fitted()
        one, each = (predict(model, panel(LATER), time_effect=e) for e in (0.5, {2006: 0.5, 2007: 0.5, 2008: 0.5}))
        pd.testing.assert_frame_equal(one, each)
        shift = one - predict(model, panel(LATER), time_effect=0.0)
        # Row-standardised weights multiply what is common to all regions by 1 / (1 - rho).
        np.testing.assert_allclose(shift, 0.5 / (1 - model.rho), rtol=REFERENCE)

    def test_known_periods_keep_theirs(self):
        model = fitted()
        both = predict(model, panel(slice(T - 1, None)), time_effect=0.0)
        np.testing.assert_allclose(both.loc[2005], predict(model).loc[2005], atol=EXACT * 100)

    def test_they_are_needed(self):
        with pytest.raises(OptionError, match=r"new periods 3: 2006, 2007, 2008 are not in the sample. Give them"):
            predict(fitted(), panel(LATER))
        with pytest.raises(OptionError, match="new periods 2008 are not"):
            predict(fitted(), panel(LATER), time_effect={2006: 0.0, 2007: 0.0})

    def test_they_are_not_wanted(self):
        with pytest.raises(OptionError, match="the model has no effects of periods: 'region'"):
            predict(fitted(effects="region"), panel(LATER), time_effect=0.1)
        with pytest.raises(OptionError, match="not among them: 2001"):
            predict(fitted(), panel(LATER), time_effect={2001: 1.0, 2006: 0.0, 2007: 0.0, 2008: 0.0})
        with pytest.raises(OptionError, match="time_effect is for new periods"):
            predict(fitted(), panel(SAMPLE), time_effect=0.0)
        with pytest.raises(OptionError, match="for new periods, in a panel of their own"):
            predict(fitted(), time_effect=0.0)

    def test_they_are_numbers(self):
        with pytest.raises(OptionError, match="must be finite numbers"):
            predict(fitted(), panel(LATER), time_effect=float("nan"))


class TestBadInput:
    def test_regions_that_lack(self):
        few = panel(LATER).subset(regions=REGIONS[2:])
        with pytest.raises(AlignmentError, match=r"lacks regions of the fit, 2: 'r0', 'r1'"):
            predict(fitted(), few, time_effect=0.0)

    def test_regions_that_are_new(self):
        more = frame()[frame()["year"] >= 2000 + T]
        more = pd.concat([more, more[more["region"] == "r0"].assign(region="elsewhere")])
        with pytest.raises(AlignmentError, match=r"does not know, 'elsewhere'.*panel.subset"):
            predict(fitted(), sc.Panel(more, region="region", period="year"), time_effect=0.0)

    def test_regressors_that_lack(self):
        without = sc.Panel(frame()[["region", "year", "a"]], region="region", period="year")
        with pytest.raises(VariableError, match="no variable 'b'"):
            predict(fitted(), without, time_effect=0.0)

    def test_the_signal_needs_the_outcome_and_the_reduced_form_does_not(self):
        without = sc.Panel(frame().query("year > 2005").drop(columns="y"), region="region", period="year")
        assert predict(fitted(), without, time_effect=0.0).shape == (NEW, N)
        with pytest.raises(VariableError, match="no variable 'y'"):
            predict(fitted(), without, kind="signal", time_effect=0.0)

    def test_gaps(self):
        gap = panel(LATER).assign(a=lambda f: f["a"].where(f["region"] != "r1"))
        with pytest.raises(MissingDataError, match="'a' is missing"):
            predict(fitted(), gap, time_effect=0.0)

    def test_kind(self):
        with pytest.raises(OptionError, match="kind must be one of 'reduced', 'signal', 'trend'"):
            predict(fitted(), kind="BLUP")

    def test_nothing_is_modified(self):
        model, later = fitted("sarar"), panel(LATER)
        before = later.frame, model.design.y.copy(), model.design.W.matrix.data.copy()
        for kind in ("trend", "signal", "reduced"):
            predict(model, later, kind=kind, time_effect=0.0)
        pd.testing.assert_frame_equal(later.frame, before[0])
        np.testing.assert_array_equal(model.design.y, before[1])
        np.testing.assert_array_equal(model.design.W.matrix.data, before[2])


def test_random_effects_are_predicted_at_their_mean():
    model = fitted("lag", "random", durbin=False, correction="auto")
    p, x = model.params, panel(LATER)
    trend = p["intercept"] + p["a"] * x.values("a") + p["b"] * x.values("b")
    expected = trend @ np.linalg.inv(np.eye(N) - p["rho"] * dense(model)[0]).T
    np.testing.assert_allclose(predict(model, x), expected, atol=REFERENCE)
