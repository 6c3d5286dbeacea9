"""The multiverse: every row is the regression called alone, nothing is lost in silence, summaries counted by hand."""

from __future__ import annotations

import re
import sys
import warnings
from itertools import product

import numpy as np
import pandas as pd
import pytest

import spatialconv as sc
from spatialconv._multiverse import AXES, Specification
from spatialconv.errors import AlignmentError, OptionError, SpatialConvError, SpatialConvWarning, VariableError
from tests.terminal import plain_repr
from tests.tolerances import EXACT


@pytest.fixture(scope="module")
def weights(zj):
    return {"border": sc.weights.adjacency(zj.cities), "inverse": sc.weights.inverse_distance(zj.cities)}


@pytest.fixture(scope="module")
def groups(zj):
    return {
        "northeast": [c for c in zj.cities.index if zj.cities["area"][c] == "northeast"],
        "since 2018": {"periods": [2018, 2019, 2020]},
    }


@pytest.fixture(scope="module")
def wide(zj, weights, groups):
    """All models, effects and corrections over several samples; many are impossible."""
    return sc.multiverse(
        zj.panel,
        "exports",
        weights=weights,
        models=("none", "slx", "lag", "sdm", "error"),
        effects=("none", "time", "region", "two-way", "random"),
        corrections=("auto", "none"),
        controls=((), "digital"),
        samples=("all", "northeast", "since 2018"),
        groups=groups,
        horizons=(1, 2),
        vcov=("information", "cluster"),
    )


@pytest.fixture(scope="module")
def lags(zj, weights):
    """A balanced grid of lag models, every one of which can be estimated."""
    return sc.multiverse(
        zj.panel,
        "exports",
        weights=weights,
        effects=("none", "time", "region"),
        corrections="none",
        controls=((), "digital"),
        samples=("all", "leave-one-out"),
        vcov=("information", "observed", "robust"),
    )


def alone(m: sc.multiverse, row: int):
    """Call sc.beta as a user would, from the words in the table only."""
    words = m.table.loc[row]
    grid = m.grid
    panel = grid.data[words["data"]]
    sample = words["sample"]
    if sample.startswith("without "):
        panel = panel.subset(regions=[r for r in panel.regions if r != sample.removeprefix("without ")])
    elif sample == "northeast":
        panel = panel.subset(regions=grid.samples["northeast"].regions)
    elif sample == "since 2018":
        panel = panel.subset(periods=[2018, 2019, 2020])
    spatial = {"none": "none", "slx": "none", "sdm": "lag"}.get(words["model"], words["model"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpatialConvWarning)
        return sc.beta(
            panel,
            "exports",
            grid.weights[words["weights"]] if words["model"] != "none" else None,
            controls=() if words["controls"] == "none" else words["controls"].split(", "),
            horizon=int(words["horizon"]),
            spatial=spatial,
            durbin=words["model"] in ("slx", "sdm"),
            effects=words["effects"],
            correction=words["correction"],
            vcov=words["vcov"],
        )


@pytest.mark.parametrize("which", ["wide", "lags"])
def test_each_row_is_the_regression_called_alone(which, request):
    m = request.getfixturevalue(which)
    rng = np.random.default_rng(5)
    rows = rng.choice(np.flatnonzero(m.table["status"] != "impossible"), 60, replace=False)
    found, expected = [], []
    for row in rows:
        b, table = alone(m, row), m.table.loc[row]
        interval = b.conf_int().loc["log_initial"]
        tests = [b.std_errors["log_initial"], b.tstats["log_initial"], b.pvalues["log_initial"], *interval]
        if b.fit.at_bound:
            # Rounding decides there whether the information can be inverted: a row has none.
            tests = [np.nan] * 5
        expected.append(
            [
                *(b.beta, *tests, b.rho, b.params.get("lambda", np.nan), b.sigma2),
                *(b.loglik, b.fit.aic, b.speed, b.half_life, b.fit.nobs, b.fit.n_regions, b.fit.n_periods),
            ]
        )
        columns = ["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "rho", "lambda", "sigma2"]
        columns += ["loglik", "aic", "speed", "half_life", "nobs", "n_regions", "n_periods"]
        found.append(table[columns].to_numpy(dtype=float))
        assert table["at_bound"] == ", ".join(b.fit.at_bound)
        assert table["approach"] == b.fit.estimates.correction
    np.testing.assert_allclose(np.array(found), np.array(expected, dtype=float), rtol=1e-9, atol=EXACT)


def test_what_is_impossible_raises_alone_for_the_same_reason(wide):
    lost = np.flatnonzero(wide.table["status"] == "impossible")
    assert len(lost) > 100
    for row in np.random.default_rng(6).choice(lost, 40, replace=False):
        with pytest.raises(SpatialConvError) as caught:
            alone(wide, row)
        assert " ".join(str(caught.value).split()) == wide.table.loc[row, "reason"]


def test_nothing_is_dropped(wide, weights):
    t = wide.table
    assert len(t) == 2 * 5 * 5 * 2 * 2 * 3 * 2 * 2
    assert not t[list(AXES)].duplicated().any()
    assert set(t["status"]) == {"estimated", "same", "impossible"}
    assert (t.loc[t["status"] == "impossible", "reason"] != "").all()
    assert t.loc[t["status"] != "impossible", "estimate"].notna().all()
    assert t.loc[t["status"] == "impossible", "estimate"].isna().all()
    assert wide.reasons().sum() == (t["status"] == "impossible").sum()


def test_the_same_model_in_other_words_counts_once(wide):
    t = wide.table
    same = t[t["status"] == "same"]
    numbers = ["estimate", "std_error", "loglik", "rho"]
    for row in same.index[::37]:
        of = int(same.loc[row, "reason"].rsplit(" ", 1)[1])
        assert of < row
        assert t.loc[of, "status"] == "estimated"
        np.testing.assert_array_equal(t.loc[row, numbers].astype(float), t.loc[of, numbers].astype(float))
    estimated = t[t["status"] == "estimated"]
    # A model without space has no weights to choose between.
    plain = estimated[estimated["model"] == "none"]
    assert set(plain["weights"]) == {"border"}
    # No two rows that count are the same fit of the same sample, but by chance of the data: in one period time effects
    # are the intercept, and random effects may have no variance.
    estimated = estimated[
        (estimated["n_periods"] > 1) & (estimated["effects"] != "random") & (estimated["std_error"] > 0)
    ]
    assert not estimated.duplicated(["estimate", "std_error", "loglik", "sample", "model"]).any()


def test_islands_and_lee_yu_are_named_before_anything_runs(zj, weights):
    grid = sc.specifications(zj.panel, "exports", weights=weights, effects="all", corrections=("none", "lee-yu"))
    t = grid.table
    island = t[(t["weights"] == "border") & (t["effects"] == "time") & (t["correction"] == "lee-yu")]
    assert island["status"].tolist() == ["impossible"]
    assert "row-standardised weights in which every region has a neighbour" in island["reason"].iloc[0]
    assert t[(t["weights"] == "inverse") & (t["effects"] == "time")]["status"].tolist() == ["ready", "ready"]


def test_shares_by_hand(wide):
    t = wide.table[wide.table["status"] == "estimated"]
    n = negative = significant = both = 0
    for _, row in t.iterrows():
        n += 1
        negative += row["estimate"] < 0
        passes = not np.isnan(row["std_error"]) and abs(row["estimate"] / row["std_error"]) > 1.959963984540054
        significant += passes
        both += passes and row["estimate"] < 0
    assert wide.shares["estimated"] == n
    assert wide.shares["negative"] == pytest.approx(negative / n)
    assert wide.shares["significant"] == pytest.approx(significant / n)
    assert wide.shares["negative_significant"] == pytest.approx(both / n)
    assert 0 < both < significant < n
    values = np.sort(t["estimate"].to_numpy())
    assert wide.summary.loc["estimate", "median"] == pytest.approx(np.median(values))
    assert wide.summary.loc["estimate", ["min", "max"]].tolist() == [values[0], values[-1]]
    assert wide.summary.loc["speed", "defined"] == np.isfinite(t["speed"].astype(float)).sum() < n


def test_decomposition_on_a_balanced_grid_is_statsmodels(lags):
    import statsmodels.formula.api as smf
    from statsmodels.stats.anova import anova_lm

    assert (lags.table["status"] == "estimated").all()
    found = lags.decomposition()
    fit = smf.ols("estimate ~ C(sample) + C(weights) + C(effects) + C(controls) + C(vcov)", lags.table).fit()
    table = anova_lm(fit, typ=1)
    expected = table["sum_sq"] / table["sum_sq"].sum()
    for axis in ("sample", "weights", "effects", "controls", "vcov"):
        assert found.loc[axis, "main"] == pytest.approx(expected[f"C({axis})"], abs=1e-10)
        assert found.loc[axis, "type_ii"] == pytest.approx(expected[f"C({axis})"], abs=1e-10)
    assert found.loc["interactions", "main"] == pytest.approx(expected["Residual"], abs=1e-10)
    assert found.index[0] == "effects"
    # Standard errors move no estimate, and everything that z is.
    assert found.loc["vcov", "total"] == 0
    assert lags.decomposition("statistic").loc["vcov", "total"] > 0


def test_by_axis_is_a_group_by(lags):
    t = lags.by("effects")
    for effects, row in t.iterrows():
        part = lags.table[lags.table["effects"] == effects]
        assert row["estimated"] == len(part)
        assert row["median"] == pytest.approx(part["estimate"].median())
        assert row["negative"] == pytest.approx((part["estimate"] < 0).mean())


def test_order_of_choices_and_of_rows_changes_nothing(zj, weights):
    choices = {"effects": ("none", "time"), "controls": ((), "digital"), "samples": ("all", "leave-one-out")}
    first = sc.multiverse(zj.panel, "exports", weights=weights, **choices).table
    turned = {name: tuple(reversed(values)) for name, values in choices.items()}
    frame = zj.panel.frame.sample(frac=1.0, random_state=3)
    panel = sc.Panel(frame, region="city", period="year")
    second = sc.multiverse(panel, "exports", weights=dict(reversed(weights.items())), **turned).table
    by = list(AXES)
    a, b = (t.sort_values(by).reset_index(drop=True) for t in (first, second))
    pd.testing.assert_frame_equal(a, b, rtol=1e-8)


def test_variants_of_the_data_are_an_axis(zj, weights):
    def winsorised(panel):
        v = panel.frame["exports"]
        return panel.assign(exports=v.clip(v.quantile(0.05), v.quantile(0.95)))

    fixed = zj.panel.assign(exports=lambda f: f["exports"] * 2.0)
    m = sc.multiverse(zj.panel, "exports", weights=weights, data={"winsorised": winsorised, "doubled": fixed})
    t = m.table.set_index(["data", "weights"])["estimate"]
    # A change of unit is no change; winsorising is.
    np.testing.assert_allclose(t["doubled"], t["as given"], rtol=1e-7)
    for name, w in weights.items():
        assert t["winsorised", name] == pytest.approx(sc.beta(winsorised(zj.panel), "exports", w, spatial="lag").beta)
    assert not np.allclose(t["winsorised"], t["as given"])


def test_another_regressor_in_focus_is_fit_panel(zj, weights):
    m = sc.multiverse(
        zj.panel,
        "log_exports_sd",
        focus="digital",
        weights=weights,
        models=("none", "lag"),
        effects=("none", "time"),
        samples=("all", "leave-one-period-out"),
    )
    assert m.term == "digital"
    assert "speed" not in m.summary.index
    for row in m.estimated.index:
        words = m.table.loc[row]
        panel = zj.panel
        if words["sample"] != "all":
            left_out = int(words["sample"].removeprefix("without "))
            panel = panel.subset(periods=[t for t in panel.periods if t != left_out])
        fit = sc.fit_panel(
            panel,
            "log_exports_sd",
            "digital",
            weights[words["weights"]] if words["model"] == "lag" else None,
            spatial=words["model"],
            effects=words["effects"],
        )
        np.testing.assert_allclose(
            words[["estimate", "std_error"]].astype(float),
            [fit.params["digital"], fit.std_errors["digital"]],
            rtol=1e-9,
        )


def test_all_subsets_of_a_pool():
    panel = _panel(8, 5, seed=1, controls=("a", "b", "c"))
    grid = sc.specifications(panel, "v", controls="all subsets", pool=("a", "b", "c"))
    assert [s.controls for s in grid.specs] == [
        *((), ("a",), ("b",), ("c",), ("a", "b"), ("a", "c"), ("b", "c"), ("a", "b", "c"))
    ]
    assert sc.multiverse(grid).shares["estimated"] == 8


def _panel(n: int, periods: int, *, seed: int, controls: tuple[str, ...] = ()) -> sc.Panel:
    rng = np.random.default_rng(seed)
    keys = list(product(range(n), range(2000, 2000 + periods)))
    frame = pd.DataFrame(keys, columns=["r", "t"])
    frame["v"] = np.exp(rng.normal(size=(n, periods)).cumsum(axis=1)).ravel()
    return sc.Panel(frame.assign(**{c: rng.normal(size=len(frame)) for c in controls}), region="r", period="t")


def test_reasons_that_only_the_data_know():
    panel = _panel(6, 4, seed=2, controls=("a",)).assign(
        fixed=lambda f: f["r"] * 1.0, twice=lambda f: 2 * f["a"], gap=lambda f: f["a"].where(f["r"] != 3)
    )
    m = sc.multiverse(
        panel,
        "v",
        effects=("none", "region"),
        controls=("fixed", ("a", "twice"), "gap", "a"),
        horizons=(1, 3, 7),
        samples=["all", "one", "others"],
        groups={"one": [0], "others": [0, 1, 2, 4, 5]},
    )
    t = m.table.set_index(["sample", "horizon", "effects", "controls"])
    assert "absorb 'fixed'" in t.loc[("all", 1, "region", "fixed"), "reason"]
    assert "collinear" in t.loc[("all", 1, "none", "a, twice"), "reason"]
    assert "missing" in t.loc[("all", 1, "none", "gap"), "reason"]
    assert t.loc[("others", 1, "none", "gap"), "status"] == "estimated"
    assert "no period lies 7 before another" in t.loc[("all", 7, "none", "a"), "reason"]
    assert "at least two" in t.loc[("one", 1, "none", "a"), "reason"]
    assert t.loc[("all", 1, "region", "a"), "status"] == "estimated"
    assert sum(m.reasons()) + m.shares["estimated"] + m.shares["same"] == len(m.table)


def test_a_control_named_with_a_comma_is_no_pair():
    panel = _panel(6, 4, seed=2, controls=("a", "b", "a, b"))
    m = sc.multiverse(panel, "v", controls=(("a", "b"), "a, b"))
    assert m.shares["estimated"] == 2
    assert m.table["estimate"].nunique() == 2


def test_weights_that_lack_a_region_are_a_reason_not_an_error(zj, weights):
    short = sc.weights.subset(weights["inverse"], [r for r in zj.panel.regions if r != "Ningbo"])
    m = sc.multiverse(
        zj.panel, "exports", weights={**weights, "short": short}, samples=("all", "leave-one-out"), effects="time"
    )
    t = m.table.set_index(["sample", "weights"])
    assert "Ningbo" in t.loc[("all", "short"), "reason"]
    assert t.loc[("without Ningbo", "short"), "status"] == "estimated"
    with pytest.raises(AlignmentError):
        sc.beta(zj.panel, "exports", short, spatial="lag", effects="time")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": "spatial"}, "models must be one of"),
        ({"models": "lag"}, "need spatial weights"),
        ({"effects": ()}, "names no choice"),
        ({"effects": "fixed"}, "effects must be one of"),
        ({"horizons": 0}, "horizons must be a whole number"),
        ({"samples": "north"}, "samples must be one of"),
        ({"samples": ["north"], "groups": {"north": ["Atlantis"]}}, "unknown region 'Atlantis'"),
        ({"groups": {"all": ["Ningbo"]}}, "a word of its own"),
        ({"groups": {"x": {"cities": ["Ningbo"]}}}, "takes regions and periods"),
        ({"controls": "all subsets"}, "needs pool"),
        ({"pool": ["digital"]}, "pool names the controls"),
        ({"controls": "exports"}, "in every regression already"),
        ({"controls": "log_initial"}, "in every regression already"),
        ({"focus": "exports"}, "name a regressor"),
        ({"focus": "digital", "horizons": 2}, "belong to growth regressions"),
        ({"weights": {}}, "weights names no choice"),
        ({"weights": {1: None}}, "named by text"),
        ({"data": {"as given": None}}, "names the panel itself"),
        ({"preferred": 99}, "rows 0 to 0"),
        ({"level": 1.5}, "level"),
        ({"horizons": 40}, "none of the 1 specifications"),
    ],
)
def test_slips_of_the_pen_raise(zj, options, message):
    with pytest.raises(OptionError, match=message):
        sc.multiverse(zj.panel, "exports", **options)


def test_unknown_columns_raise(zj):
    with pytest.raises(VariableError, match="no variable 'wage'"):
        sc.multiverse(zj.panel, "exports", controls=((), "wage"))
    with pytest.raises(OptionError, match="pass it alone"):
        sc.multiverse(sc.specifications(zj.panel, "exports"), "exports")
    with pytest.raises(OptionError, match="variable names the level"):
        sc.multiverse(zj.panel)


def test_result_is_like_all_results(lags, wide):
    for m in (lags, wide):
        assert 3 <= len(plain_repr(m).splitlines()) <= 11
        assert plain_repr(m) == plain_repr(m)
        assert "<table" in m._repr_html_()
        tidy = m.tidy()
        assert {"term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"} <= set(tidy.columns)
        assert len(tidy) == len(m.table)
        assert m.glance()["estimated"].iloc[0] == m.shares["estimated"]
        assert m.to_dict()["provenance"]["call"] == "multiverse"
    row = int(wide.estimated.index[3])
    assert wide.fit(row).beta == pytest.approx(wide.table.loc[row, "estimate"])
    assert "13,824" not in plain_repr(lags.grid)
    assert f"{len(lags.grid):,} ready" in plain_repr(lags.grid)


def test_the_preferred_specification(zj, weights):
    spec = Specification("as given", "all", 1, "inverse", "lag", "time", "auto", ("digital",), "information")
    m = sc.multiverse(
        zj.panel, "exports", weights=weights, effects=("time", "none"), controls=((), "digital"), preferred=spec
    )
    assert m.grid.specs[m.preferred] == spec
    assert m.table.loc[m.preferred, "estimate"] == m.fit(m.preferred).beta
    assert f"preferred (row {m.preferred})" in plain_repr(m)
    with pytest.raises(OptionError, match="not in the grid"):
        sc.multiverse(zj.panel, "exports", preferred=spec)


def test_the_public_name_is_the_function_whoever_imports_first():
    import spatialconv._multiverse

    assert callable(sc.multiverse)
    assert sc.multiverse is spatialconv._multiverse.multiverse


def test_what_leaving_out_one_by_one_makes_of_a_grid_is_said_first(zj, weights, monkeypatch):
    grid = sc.specifications(
        zj.panel, "exports", weights=weights, effects=("none", "time"), samples=("all", "leave-one-out")
    )
    module = sys.modules["spatialconv._multiverse._run"]
    begun = []
    monkeypatch.setattr(module, "estimate", lambda *_, **__: begun.append(1))
    monkeypatch.setattr(module, "build", lambda *_: None)
    monkeypatch.setattr(module, "LEFT_OUT", 11)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sc.multiverse(grid)
    monkeypatch.setattr(module, "LEFT_OUT", 10)
    said = r"of 48 specifications, 4 but for the 11 samples that leave out one region or period each"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        monkeypatch.setattr(module, "estimate", lambda *_, **__: begun.append(len(caught)))
        sc.multiverse(grid)
    assert re.search(said, str(caught[0].message))
    assert caught[0].filename == __file__
    assert begun == [1, 1]


@pytest.fixture(scope="module")
def sixty():
    rng = np.random.default_rng(3)
    regions, periods = [f"r{i:03}" for i in range(60)], range(2000, 2005)
    steps = rng.normal(0.02, 0.03, (5, 60)) + rng.normal(0, 0.2, 60) * (np.arange(5) == 0)[:, None]
    steps[3:, 17] += 0.4
    rows = pd.MultiIndex.from_product([periods, regions], names=["t", "r"])
    columns = {"v": 100 * np.exp(steps.cumsum(axis=0)).ravel(), "x": rng.normal(size=300)}
    return sc.Panel(pd.DataFrame(columns, index=rows).reset_index(), region="r", period="t")


@pytest.fixture(scope="module")
def alike(sixty):
    return sc.weights.economic(sixty, variable="v")


class TestManyRegionsLeftOut:
    """Of more regions than can each be left out those are that move the coefficient most."""

    @pytest.mark.parametrize("focus", [None, "x"])
    def test_the_lowest_and_the_highest_are_among_those_left_out(self, sixty, alike, focus, monkeypatch):
        """Brute force: every region left out in every specification; a random effect, without influence, beside."""
        axes = sys.modules["spatialconv._multiverse._axes"]
        asked = {"weights": alike, "models": ("none", "lag"), "effects": ("none", "time", "random"), "focus": focus}
        asked |= {"samples": ("all", "leave-one-out"), "corrections": "none", "vcov": ("information", "robust")}
        every = sc.multiverse(sixty, "v", **asked)
        monkeypatch.setattr(axes, "ALL_LEFT_OUT", 59)
        monkeypatch.setattr(axes, "MOST_LEFT_OUT", 12)
        monkeypatch.setattr(sys.modules["spatialconv._multiverse._left_out"], "MOST_LEFT_OUT", 12)
        few = sc.multiverse(sixty, "v", **asked)
        assert few.table["sample"].nunique() < every.table["sample"].nunique() == 61
        keys = ["model", "effects", "vcov"]
        rows = [m.estimated[m.estimated["effects"] != "random"].groupby(keys)["estimate"] for m in (few, every)]
        pd.testing.assert_frame_equal(*(r.agg(["min", "max"]) for r in rows), rtol=EXACT, atol=0)
        assert "without r017" in set(few.table["sample"]) or focus
        name = "beta" if focus is None else "x"
        said = rf"1\d of 60 regions are left out one by one, those that move {name} most by their influence in 4 spec"
        assert re.search(said, few.grid.left_out)
        assert few.grid.left_out in few.notes
        assert re.search(said[:40], plain_repr(few.grid))

    def test_without_an_influence_the_most_extreme_are(self, sixty, alike, monkeypatch):
        monkeypatch.setattr(sys.modules["spatialconv._multiverse._axes"], "ALL_LEFT_OUT", 59)
        grid = sc.specifications(sixty, "v", weights=alike, effects="random", samples=("all", "leave-one-out"))
        assert "40 of 60 regions are left out one by one, those whose initial level lies furthest out" in grid.left_out
        logs = sixty.values("v", log=True)[:-1].mean(axis=0)
        far = sixty.regions[np.argsort(-np.abs(logs - logs.mean()))[:40]]
        assert [name.removeprefix("without ") for name in grid.samples if name != "all"] == list(far)

    def test_up_to_the_bound_each_is(self, sixty, alike, monkeypatch):
        monkeypatch.setattr(sys.modules["spatialconv._multiverse._axes"], "ALL_LEFT_OUT", 60)
        grid = sc.specifications(sixty, "v", weights=alike, samples="leave-one-out")
        assert len(grid.samples) == 60
        assert grid.left_out == ""
