"""One vocabulary for models in every door, and a fitted model in the place of a panel with columns."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import spatialconv as sc
from spatialconv.errors import OptionError, UnsupportedModelError

# The field's names as Elhorst (2014, figure 2.1) has them: W y, W u, W x.
ELHORST = {
    "OLS": (False, False, False),
    "SLX": (False, False, True),
    "SAR": (True, False, False),
    "SDM": (True, False, True),
    "SEM": (False, True, False),
    "SDEM": (False, True, True),
    "SARAR": (True, True, False),
    "SAC": (True, True, False),
    "GNS": (True, True, True),
}
# The same arithmetic in the same order.
SAME = 1e-12


@pytest.fixture(scope="module")
def panel():
    """Twenty-four regions on a ring with two controls, over ten years of which one is absent."""
    rng = np.random.default_rng(3)
    rows, level = [], rng.normal(2, 0.7, 24)
    for year in range(2000, 2010):
        level = level - 0.06 * (level - 2) + rng.normal(0, 0.08, 24)
        rows.append(pd.DataFrame({"region": [f"r{i:02d}" for i in range(24)], "year": year, "v": np.exp(level)}))
    frame = pd.concat(rows, ignore_index=True)
    frame = frame.assign(x=rng.normal(size=240), z=rng.normal(size=240))
    frame["state"] = frame["region"].map({f"r{i:02d}": "NESW"[i % 4] for i in range(24)})
    return sc.Panel(frame[frame.year != 2004], region="region", period="year")


@pytest.fixture(scope="module")
def ring(panel):
    W = np.zeros((24, 24))
    for i in range(24):
        W[i, (i + 1) % 24] = 2.0
        W[i, (i - 1) % 24] = W[i, (i + 5) % 24] = 1.0
    return sc.weights.from_matrix(W, regions=list(panel.regions), standardise="row")


@pytest.fixture(scope="module")
def b(panel, ring):
    return sc.beta(panel, "v", ring, controls=["x", "z"], model="SDM", effects="time")


@pytest.fixture(scope="module")
def grown(panel):
    return sc.growth_panel(panel, "v", controls=["x", "z"])


class TestVocabulary:
    @pytest.mark.parametrize("name", ELHORST)
    def test_every_door_fits_the_terms_that_the_field_means(self, panel, ring, name):
        lag, error, wx = ELHORST[name]
        fits = [
            sc.fit_panel(panel, "v", ["x", "z"], ring, model=name, effects="time"),
            sc.fit_panel(panel, "v ~ x + z", w=ring, model=name.lower(), effects="time"),
            sc.fit_panel("v ~ x + z | year", panel, w=ring, model=name),
            sc.beta(panel, "v", ring, controls=["x", "z"], model=name, effects="time").fit,
        ]
        m = sc.multiverse(panel, "v", weights=ring, models=name, controls=(("x", "z"),), effects="time")
        fits.append(m.fit(0).fit)
        for fit in fits:
            index = fit.params.index
            assert ("rho" in index, "lambda" in index, "W:x" in index and "W:z" in index) == (lag, error, wx)
            assert fit.spec.model == ("SARAR" if name == "SAC" else name)
        np.testing.assert_allclose(fits[0].params, fits[1].params, rtol=SAME)
        np.testing.assert_allclose(fits[0].params, fits[2].params, rtol=SAME)
        np.testing.assert_allclose(fits[3].params, fits[4].params, rtol=1e-8)
        again = sc.fit_panel(
            panel, "v", ["x", "z"], ring, effects="time", durbin=wx,
            spatial={(0, 0): "none", (1, 0): "lag", (0, 1): "error", (1, 1): "sarar"}[lag, error],
        )  # fmt: skip
        np.testing.assert_allclose(fits[0].params, again.params, rtol=SAME)

    def test_defaults_are_what_they_were(self, panel, ring):
        fit = sc.fit_panel(panel, "v", "x", ring)
        assert (fit.spec.spatial, fit.spec.durbin, fit.spec.effects) == ("lag", (), "two-way")
        spec = sc.beta(panel, "v").fit.spec
        assert (spec.spatial, spec.durbin, spec.effects) == ("none", (), "none")

    @pytest.mark.parametrize(
        ("name", "spatial"),
        [(n, s) for n, s in itertools.product(ELHORST, ("none", "lag", "error", "sarar"))],
    )
    def test_contradictions_are_refused_in_words_and_agreement_is_not(self, panel, ring, name, spatial):
        lag, error, wx = ELHORST[name]
        means = {(0, 0): "none", (1, 0): "lag", (0, 1): "error", (1, 1): "sarar"}[lag, error]
        for durbin in (True, False):
            call = {"model": name, "spatial": spatial, "durbin": durbin}
            if (spatial, durbin) == (means, wx):
                assert sc.beta(panel, "v", ring, **call).fit.spec.spatial == means
                continue
            with pytest.raises(OptionError, match=rf"model='{name}' means spatial='{means}' with.*got .* beside it"):
                sc.fit_panel(panel, "v", "x", ring, **call)
            with pytest.raises(OptionError, match=rf"model='{name}' means spatial='{means}'"):
                sc.effects_tests(panel, "v", "x", ring, **call)

    def test_durbin_may_name_some_regressors_beside_a_durbin_model(self, panel, ring):
        fit = sc.fit_panel(panel, "v", ["x", "z"], ring, model="SDM", durbin="z", effects="time")
        assert [n for n in fit.params.index if n.startswith("W:")] == ["W:z"]

    @pytest.mark.parametrize(
        ("call", "match"),
        [
            (lambda p, w: sc.fit_panel(p, "v", "x", w, model="XX"), "model must be one of 'OLS'.*got 'XX'"),
            (lambda p, w: sc.fit_panel(p, "v", "x", w, model=3), "model must be one of .*got 3"),
            (lambda p, w: sc.beta(p, "v", w, spatial="SDM"), "got 'SDM'. Write model='SDM'"),
            (lambda p, w: sc.fit_panel(p, "v", "x", w, spatial="sar"), "got 'sar'. Write model='SAR'"),
            (
                lambda p, w: sc.multiverse(p, "v", weights=w, models=("SAR", "lag")),
                "'SAR', 'lag', which are one",
            ),
            (lambda p, w: sc.multiverse(p, "v", weights=w, models="XX"), "or a name of the field: OLS.*got 'XX'"),
            (lambda p, w: sc.fit_panel("v ~ x | year", p, w=w, effects="two-way"), "asks for effects='time'"),
        ],
    )
    def test_what_is_wrong_is_said(self, panel, ring, call, match):
        with pytest.raises(OptionError, match=match):
            call(panel, ring)

    def test_regimes_refuse_lagged_regressors(self, panel, ring):
        regimes = {r: k % 2 for k, r in enumerate(panel.regions)}
        sar = sc.beta_regimes(panel, "v", ring, regimes=regimes, model="SAR")
        assert sar.fit.spec.spatial == "lag"
        with pytest.raises(UnsupportedModelError, match=r"got model='SDM'\. Take 'SAR'"):
            sc.beta_regimes(panel, "v", ring, regimes=regimes, model="SDM")

    def test_again_takes_a_name_for_both_terms(self, panel, ring):
        b = sc.beta(panel, "v", ring, controls="x", model="SDM", effects="time")
        sem = b.again(model="SEM")
        np.testing.assert_allclose(
            sem.params, sc.beta(panel, "v", ring, controls="x", spatial="error", effects="time").params, rtol=SAME
        )

    def test_what_select_model_chooses_can_be_fitted_by_its_name(self, panel, ring):
        chosen = sc.select_model(panel, "v", ["x", "z"], ring)
        again = sc.fit_panel(panel, "v", ["x", "z"], ring, model=chosen.model, effects=chosen.spec.effects)
        assert chosen.model in ELHORST
        np.testing.assert_allclose(again.params, chosen.fit.params, rtol=1e-6)

    def test_a_case_takes_the_name(self, tmp_path):
        path = sc.study.example(tmp_path)
        text = path.read_text(encoding="utf-8")
        named = text.replace('spatial = "lag" ', 'model = "SDM" ')
        assert named != text
        path.write_text(named, encoding="utf-8")
        case = sc.study.load(path)
        assert (case.model.spatial, case.model.terms.durbin, case.model.name) == ("lag", True, "SDM")
        path.write_text(text.replace('spatial = "lag" ', 'model = "SDM"\nspatial = "error" '), encoding="utf-8")
        with pytest.raises(OptionError, match=r"model='SDM' means spatial='lag'.*got spatial='error'"):
            sc.study.load(path)


class TestGrowthPanel:
    def test_columns_are_those_of_a_regression_made_by_pandas(self, panel):
        grown = sc.growth_panel(panel, "v", controls=["x", "z"], dummies="state", horizon=2)
        frame, wide = panel.frame, panel.wide("v", log=True)
        pairs = [(2000, 2002), (2003, 2005), (2005, 2007), (2007, 2009)]
        assert list(grown.periods) == [end for _, end in pairs]
        for start, end in pairs:
            own = grown.frame[grown.frame.year == end].set_index("region")
            np.testing.assert_allclose(own["growth"], (wide.loc[end] - wide.loc[start]) / 2, rtol=1e-12)
            np.testing.assert_allclose(own["log_initial"], wide.loc[start], rtol=1e-12)
            then = frame[frame.year == start].set_index("region").loc[own.index]
            np.testing.assert_array_equal(own[["x", "z"]], then[["x", "z"]])
            dummies = pd.get_dummies(then["state"], dtype=float)
            np.testing.assert_array_equal(own[["state[N]", "state[S]", "state[W]"]], dummies[["N", "S", "W"]])
        assert any("dummies of state: 3 groups against 'E'" in note for note in grown.notes)
        assert any("controls are taken at the start" in note for note in grown.notes)

    def test_fits_to_it_are_those_of_beta_and_of_statsmodels(self, panel, ring):
        grown = sc.growth_panel(panel, "v", controls="x")
        b = sc.beta(panel, "v", ring, controls="x", model="SDEM", effects="time")
        fit = sc.fit_panel(grown, "growth", ["log_initial", "x"], ring, model="SDEM", effects="time")
        np.testing.assert_allclose(fit.params, b.params, rtol=SAME)
        np.testing.assert_allclose(fit.cov, b.cov, rtol=1e-9, atol=1e-15)
        dummies = sc.growth_panel(panel, "v", dummies="state")
        ols = sc.fit_panel(
            dummies, "growth", ["log_initial", *(n for n in dummies.variables if "[" in n)], model="OLS", effects="none"
        )
        theirs = sm.OLS(
            dummies.frame["growth"], sm.add_constant(dummies.frame.drop(columns=["region", "year", "growth"]))
        ).fit()
        np.testing.assert_allclose(ols.params[theirs.params.index[1:]], theirs.params.iloc[1:], rtol=1e-9)

    @pytest.mark.parametrize(
        ("options", "error", "match"),
        [
            ({"controls": "growth"}, OptionError, "'growth' stands in the growth regression already"),
            ({"dummies": "v"}, OptionError, "'v' stands in the growth regression already"),
            ({"controls": "x", "dummies": "x"}, OptionError, "'x' stands in"),
            ({"dummies": "none"}, sc.errors.VariableError, "no variable 'none'"),
            ({"dummies": "z"}, OptionError, "dummies need two groups to 100; 'z' has 168"),
            ({"dummies": "one"}, OptionError, "'one' has 1, 7"),
            ({"dummies": "gap"}, sc.errors.MissingDataError, r"'gap' names no group in \('r00', 2000\)"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said(self, panel, options, error, match):
        frame = panel.frame
        gap = frame["state"].where(~((frame.region == "r00") & (frame.year == 2000)))
        more = panel.assign(one=7, gap=gap, growth=1.0)
        with pytest.raises(error, match=match):
            sc.growth_panel(more, "v", **options)


class TestAFittedBeta:
    COLUMNS = ("log_initial", "x", "z")

    def test_fit_panel_keeps_its_terms_unless_others_are_named(self, b, grown, ring):
        np.testing.assert_allclose(sc.fit_panel(b).params, b.params, rtol=SAME)
        by_hand = sc.fit_panel(grown, "growth", self.COLUMNS, ring, model="SEM", effects="region")
        np.testing.assert_allclose(sc.fit_panel(b, model="SEM", effects="region").params, by_hand.params, rtol=SAME)

    def test_tests_and_selection_are_those_of_the_growth_panel(self, b, grown, ring):
        ours = sc.effects_tests(b).tidy()
        theirs = sc.effects_tests(grown, "growth", self.COLUMNS, ring, spatial="lag", durbin=True).tidy()
        np.testing.assert_allclose(ours["statistic"], theirs["statistic"], rtol=1e-10)
        chain, by_hand = sc.select_model(b), sc.select_model(grown, "growth", self.COLUMNS, ring)
        assert (chain.model, chain.reason) == (by_hand.model, by_hand.reason)
        np.testing.assert_allclose(chain.table["statistic"], by_hand.table["statistic"], rtol=1e-10)

    def test_robustness_is_that_of_the_growth_panel(self, b, grown):
        ours = sc.robustness(b)
        theirs = sc.robustness(grown, "growth", "log_initial", controls=["x", "z"], effects="time")
        np.testing.assert_allclose(ours.table["estimate"], theirs.table["estimate"], rtol=SAME)
        assert any("the fitted model is SDM; its spatial terms are left out" in note for note in ours.notes)
        assert not any("spatial terms are left out" in note for note in theirs.notes)

    def test_the_multiverse_around_it(self, b, panel, ring):
        m = sc.multiverse(b, effects=("none", "time"), models=("SAR", "SDM"))
        theirs = sc.multiverse(
            panel, "v", weights=ring, effects=("none", "time"), models=("lag", "sdm"), controls=(("x", "z"),)
        )
        np.testing.assert_allclose(m.table["estimate"], theirs.table["estimate"], rtol=1e-10)
        assert m.table["estimate"].iloc[m.preferred] == pytest.approx(b.beta, rel=1e-8)
        focus = sc.multiverse(sc.growth_panel(panel, "v"), "growth", focus="log_initial", effects=("none", "time"))
        np.testing.assert_allclose(
            focus.table["estimate"], sc.multiverse(panel, "v", effects=("none", "time")).table["estimate"], rtol=1e-10
        )

    @pytest.mark.parametrize(
        ("call", "match"),
        [
            (lambda b, p: sc.fit_panel(b, "growth", "x"), "leave y and x out"),
            (lambda b, p: sc.select_model(b, "growth"), "leave y and x out"),
            (lambda b, p: sc.robustness(b, controls="x"), "brings its controls"),
            (lambda b, p: sc.multiverse(b, "v"), "brings its variable"),
            (lambda b, p: sc.fit_panel(3), "fit_panel takes a Panel, or a fitted model .* type int"),
            (lambda b, p: sc.select_model(p, "v"), "needs its outcome y and its regressors x"),
            (lambda b, p: sc.select_model(p, "v", "x"), "needs spatial weights"),
            (lambda b, p: sc.effects_tests(p, "v"), "need its outcome y and its regressors x"),
            (lambda b, p: sc.robustness(p, "v"), "needs its outcome y and the regressor x"),
            (lambda b, p: sc.multiverse(b.again(durbin="x")), r"lag all regressors or none; .* lags \['x'\]"),
            (lambda b, p: sc.multiverse(b.again(correction="indirect")), "correction='indirect' is no choice"),
        ],
    )
    def test_what_is_wrong_is_said(self, b, panel, call, match):
        with pytest.raises(OptionError, match=match):
            call(b, panel)

    def test_a_dynamic_model_is_not_taken_apart(self, panel, ring):
        fit = sc.fit_panel(panel, "v", "x", ring, dynamic="y", effects="region")
        with pytest.raises(UnsupportedModelError, match="takes no dynamic model apart"):
            sc.select_model(fit)
