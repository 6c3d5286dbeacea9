"""One light call of every public function, on twelve regions of a ring and ten years.

A name in brackets stands for another road through the same function, which imports what the plain call does not.
"""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path
from typing import Any

import spatialconv as sc


def numbers(seed: int, count: int) -> list[float]:
    """Return positive numbers without a library: a congruential generator, for which the calls need no more."""
    found, state = [], seed
    for _ in range(count):
        state = (1103515245 * state + 12345) % 2**31
        found.append(1 + state / 2**31)
    return found


def p() -> Any:
    import pandas as pd

    regions, years = range(12), range(2000, 2010)
    frame = pd.DataFrame({"region": [r for r in regions for _ in years], "year": [y for _ in regions for y in years]})
    frame = frame.assign(y=numbers(1, 120), x=numbers(2, 120), z=numbers(3, 120))
    return sc.Panel(frame, region="region", period="year")


def w() -> Any:
    import numpy as np

    ring = np.roll(np.eye(12), 1, axis=1)
    return sc.weights.from_matrix(ring + ring.T, regions=range(12), standardise="row")


def g() -> Any:
    import geopandas as gpd
    from shapely.geometry import box

    squares = [box(x, y, x + 1e4, y + 1e4) for x in range(0, 40_000, 10_000) for y in range(0, 30_000, 10_000)]
    return gpd.GeoDataFrame({"region": range(12)}, geometry=squares, crs=3857).set_index("region")


def t(years: int = 1) -> Any:
    import pandas as pd

    cells = [(r, i, y) for r in range(4) for i in "abc" for y in range(2000, 2000 + years)]
    frame = pd.DataFrame(cells, columns=["region", "industry", "year"]).assign(jobs=numbers(4, len(cells)))
    period = {"period": "year"} if years > 1 else {}
    return sc.industry_table(frame, region="region", industry="industry", value="jobs", **period)


def fit() -> Any:
    return sc.fit_panel(p(), "y", "x", w(), effects="region")


def two_clubs() -> Any:
    from dataclasses import replace

    import pandas as pd

    return replace(sc.clubs(p(), "y"), club=pd.Series([1, 2] * 6, index=range(12), dtype="Int64"))


def gmm() -> Any:
    return sc.fit_panel(p(), "y", "x", w(), estimator="gmm")


def b() -> Any:
    return sc.beta(p(), "y", w(), spatial="lag")


def b1() -> Any:
    return sc.beta(p(), "y", horizon=9)


def groups() -> dict[int, str]:
    return {i: "a" if i < 6 else "b" for i in range(12)}


def index() -> Any:
    return sc.composite_index(p(), ["x", "z", "y"], direction="+")


def study() -> Any:
    return sc.study.analyse(sc.study.zhejiang(), progress=False)


def folder() -> Path:
    return Path(tempfile.mkdtemp())


def table() -> Path:
    path = folder() / "panel.csv"
    path.write_text("region;year;y\na;2000;1,5\na;2001;2,5\n", encoding="utf-8")
    return path


def template() -> Path:
    path = folder() / "paper.toml"
    path.write_text(sc.auditing.template(), encoding="utf-8")
    return path


def paper() -> dict[str, Any]:
    return tomllib.loads(sc.auditing.template())


CALLS = {
    "Panel": "p()",
    "audit": 'sc.audit(sc.auditing.example("luo_zhang_2024"))',
    "beta": 'sc.beta(p(), "y")',
    "beta_breaks": 'sc.beta_breaks(p(), "y", draws=19)',
    "beta_local_spans": 'sc.beta_local_spans(p(), "y", g(), draws=19, bandwidth=8, jobs=1, progress=False)',
    "beta_local": 'sc.beta_local(p(), "y", g(), draws=19, bandwidth=8, jobs=1, progress=False)',
    "beta_nls": 'sc.beta_nls(p(), "y")',
    "coupling": 'sc.coupling(p().assign(x=lambda f: f["x"] - 1, y=lambda f: f["y"] - 1), ["x", "y"])',
    "delta": 'sc.delta(p(), "y")',
    "gamma": 'sc.gamma(p(), "y")',
    "gravity_centre": 'sc.gravity_centre(p(), "y", g(), draws=19)',
    "growth_panel": 'sc.growth_panel(p(), "y")',
    "beta_quantiles": 'sc.beta_quantiles(p(), "y", draws=19, jobs=1, progress=False)',
    "beta_regimes": 'sc.beta_regimes(p(), "y", regimes=groups())',
    "beta_rolling": 'sc.beta_rolling(p(), "y", window=3)',
    "beta_spacing": 'sc.beta_spacing(p(), "y", horizons=(1, 2))',
    "beta_threshold": 'sc.beta_threshold(p(), "y", effects="time", draws=19)',
    "beta_weighted": 'sc.beta_weighted(p(), "y", weights="x")',
    "bivariate_moran": 'sc.bivariate_moran(p(), "x", "y", w(), permutations=19)',
    "bsk_tests": 'sc.bsk_tests(p(), "y", "x", w())',
    "check": "sc.check(b(), draws=19, progress=False)",
    "clubs": 'sc.clubs(p(), "y")',
    "coagglomeration": 'sc.coagglomeration(t(), "a", "b")',
    "common_factor_test": 'sc.common_factor_test(sc.fit_panel(p(), "y", "x", w(), durbin=True, effects="region"))',
    "compare_partitions": "sc.compare_partitions(groups(), groups(), permutations=9)",
    "composite_index": "index()",
    "concentration": "sc.concentration(t())",
    "dagum": 'sc.dagum(p(), "y", groups=groups())',
    "density": 'sc.density(p(), "y")',
    "descriptives": "sc.descriptives(p())",
    "dynamic_gmm": 'sc.dynamic_gmm(p(), "y", "x", max_lag=3)',
    "durbin_score": 'sc.durbin_score(p(), "y", "x", w(), effects="region")',
    "effects_tests": 'sc.effects_tests(p(), "y", "x")',
    "ellison_glaeser": 'sc.ellison_glaeser(t(), plants={"a": 0.1, "b": 0.2, "c": 0.3})',
    "correlogram": 'sc.correlogram(p(), "y", g(), permutations=99)',
    "empirical_bayes": 'sc.empirical_bayes(p(), "x", "y", w())',
    "explain_clubs": 'sc.explain_clubs(two_clubs(), p(), "x", period=2004)',
    "fit_panel": "fit()",
    "fit_panel(gmm)": 'sc.fit_panel(p(), "y", "x", w(), spatial="error", estimator="gmm")',
    "fit_panel(formula)": 'sc.fit_panel("y ~ x + log(z)", p(), w=w())',
    "fixed_effects": 'sc.fixed_effects(p(), "y", "x")',
    "fixed_effects_by_group": 'sc.fixed_effects_by_group(p(), "y", "x", groups=groups(), permutations=19)',
    "geary": 'sc.geary(p(), "y", w())',
    "general_g": 'sc.general_g(p(), "y", w())',
    "growth": 'sc.growth(p(), "y")',
    "hausman": 'sc.hausman(fit(), sc.fit_panel(p(), "y", "x", w(), effects="random"))',
    "hot_spot_trends": 'sc.hot_spot_trends(p(), "y", w())',
    "hot_spots": 'sc.hot_spots(p(), "y", w())',
    "industry_table": "t()",
    "join_counts": 'sc.join_counts(p().assign(one=lambda f: f["x"] > 1.5), "one", w(), permutations=19)',
    "lee": 'sc.lee(p(), "x", "y", w(), permutations=19)',
    "lisa_paths": 'sc.lisa_paths(p(), "y", w())',
    "lm_tests": 'sc.lm_tests(p(), "y", "x", w(), effects="region")',
    "local_bivariate_moran": 'sc.local_bivariate_moran(p(), "x", "y", w(), permutations=19)',
    "local_geary": 'sc.local_geary(p(), "y", w(), permutations=19)',
    "local_lee": 'sc.local_lee(p(), "x", "y", w(), permutations=19)',
    "local_moran": 'sc.local_moran(p(), "y", w())',
    "location_quotients": "sc.location_quotients(t())",
    "log_t": 'sc.log_t(p(), "y")',
    "losh": 'sc.losh(p(), "y", w(), permutations=19)',
    "lr_test": 'sc.lr_test(fit(), sc.fit_panel(p(), "y", "x", w(), durbin=True, effects="region"))',
    "markov": 'sc.markov(p(), "y", classes=2)',
    "mobility": 'sc.mobility(p(), "y")',
    "model_probabilities": "sc.model_probabilities(b(), w(), draws=999)",
    "monte_carlo": 'sc.monte_carlo(sc.fit_panel(p(), "y", "x", w(), spatial="none", effects="region"), draws=19)',
    "moran": 'sc.moran(p(), "y", w())',
    "multiverse": 'sc.multiverse(p(), "y", effects=["none", "region"])',
    "mundlak_test": 'sc.mundlak_test(sc.fit_panel(p(), "y", "x", w(), effects="random"))',
    "pesaran_cd": "sc.pesaran_cd(fit())",
    "reduction_tests": 'sc.reduction_tests(sc.fit_panel(p(), "y", "x", w(), durbin=True, effects="region"))',
    "read": 'sc.read(table(), region="region", period="year")',
    "relabel": 'sc.relabel(["a "], "blanks")',
    "residual_moran": 'sc.residual_moran(sc.fit_panel(p(), "y", "x", w(), spatial="none", effects="region"))',
    "residual_unit_root": "sc.residual_unit_root(b1(), g(), draws=999)",
    "robustness": 'sc.robustness(p(), "y", "x", controls="z")',
    "scpc": "sc.scpc(b1(), g())",
    "select_model": 'sc.select_model(p(), "y", "x", w())',
    "shift_share": "sc.shift_share(t(years=2))",
    "show_versions": "sc.show_versions()",
    "sigma": 'sc.sigma(p(), "y")',
    "spatial_differences": 'sc.spatial_differences(p(), "y", g())',
    "spatial_gini": 'sc.spatial_gini(p(), "y", w(), permutations=19)',
    "spatial_markov": 'sc.spatial_markov(p(), "y", w(), classes=2)',
    "spatial_unit_root": 'sc.spatial_unit_root(p(), "y", g(), periods=[2000], draws=999)',
    "specialisation": "sc.specialisation(t())",
    "specifications": 'sc.specifications(p(), "y")',
    "stochastic_kernel": 'sc.stochastic_kernel(p(), "y", draws=5)',
    "theil": 'sc.theil(p(), "y", groups=groups())',
    "to_pysal": 'sc.to_pysal(p(), "y", w(), 2001)',
    "unit_roots": 'sc.unit_roots(p(), "y", draws=19)',
    "unit_roots_break": 'sc.unit_roots_break(sc.datasets.us_income().panel, "income")',
    "unit_roots_pairwise": 'sc.unit_roots_pairwise(p(), "y", draws=3)',
    "wald_test": 'sc.wald_test(fit(), "x")',
    "weights.adjacency": "sc.weights.adjacency(g())",
    "weights.align": "sc.weights.align(w(), range(12))",
    "weights.describe": "sc.weights.describe(w())",
    "weights.distance_band": "sc.weights.distance_band(g(), threshold=15)",
    "weights.economic": 'sc.weights.economic(p(), variable="y")',
    "weights.from_matrix": "w()",
    "weights.gravity": 'sc.weights.gravity(p(), g(), variable="y")',
    "weights.inverse_distance": "sc.weights.inverse_distance(g())",
    "weights.kernel": "sc.weights.kernel(g(), k=3)",
    "weights.knn": "sc.weights.knn(g(), k=3)",
    "weights.nested": 'sc.weights.nested(w(), sc.weights.economic(p(), variable="y"))',
    "weights.read": 'sc.weights.read(sc.weights.write(w(), folder() / "w.gal"))',
    "weights.rho_interval": "sc.weights.rho_interval(w().sparse)",
    "weights.standardise": "sc.weights.standardise(w())",
    "weights.subset": "sc.weights.subset(w(), range(6))",
    "weights.write": 'sc.weights.write(w(), folder() / "w.csv")',
    "maps.choropleth": 'sc.maps.choropleth(p(), "y", g(), periods=2001)',
    "maps.clubs": 'sc.maps.clubs(sc.clubs(p(), "y"), g())',
    "maps.clusters": 'sc.maps.clusters(sc.local_moran(p(), "y", w()), g(), period=2001)',
    "maps.gravity_centre": 'sc.maps.gravity_centre(sc.gravity_centre(p(), "y", g(), draws=19), g())',
    "maps.explore": 'sc.maps.explore(sc.hot_spots(p(), "y", w()), g())',
    "maps.hot_spot_trends": 'sc.maps.hot_spot_trends(sc.hot_spot_trends(p(), "y", w()), g())',
    "maps.hot_spots": 'sc.maps.hot_spots(sc.hot_spots(p(), "y", w()), g(), period=2001)',
    "maps.links": "sc.maps.links(w(), g())",
    "maps.save": 'sc.maps.save(sc.maps.links(w(), g()), folder() / "links.svg")',
    "plot.beta_scatter": 'sc.plot.beta_scatter(sc.beta(p(), "y"))',
    "plot.beta_changes": 'sc.plot.beta_changes(sc.beta_breaks(p(), "y", breaks=1, draws=0))',
    "plot.betas": 'sc.plot.betas(sc.beta_rolling(p(), "y", window=3))',
    "plot.club_probabilities": 'sc.plot.club_probabilities(sc.explain_clubs(two_clubs(), p(), "x", period=2004))',
    "plot.co_membership": 'sc.plot.co_membership(sc.clubs(p(), "y").sensitivity(progress=False))',
    "plot.coefficients": 'sc.plot.coefficients({"a": b()})',
    "plot.contributions": "sc.plot.contributions(index())",
    "plot.correlogram": 'sc.plot.correlogram(sc.correlogram(p(), "y", g(), permutations=19))',
    "plot.dagum": 'sc.plot.dagum(sc.dagum(p(), "y", groups=groups()))',
    "plot.density": 'sc.plot.density(sc.density(p(), "y"))',
    "plot.ergodic": 'sc.plot.ergodic(sc.stochastic_kernel(p(), "y"))',
    "plot.gravity_path": 'sc.plot.gravity_path(sc.gravity_centre(p(), "y", g(), draws=19))',
    "plot.instrument_tests": "sc.plot.instrument_tests(gmm().instrument_tests())",
    "plot.heatmap": 'sc.plot.heatmap(p(), "y")',
    "plot.lisa_paths": 'sc.plot.lisa_paths(sc.lisa_paths(p(), "y", w()))',
    "plot.location_curves": "sc.plot.location_curves(t())",
    "plot.moran_path": 'sc.plot.moran_path(sc.moran(p(), "y", w()))',
    "plot.moran_scatter": 'sc.plot.moran_scatter(p(), "y", w(), period=2001)',
    "plot.null_picture": 'sc.plot.null_picture(sc.beta(p(), "y").null_distribution(draws=99, progress=False))',
    "plot.save": 'sc.plot.save(sc.plot.sigma(sc.sigma(p(), "y")), folder() / "sigma.svg")',
    "plot.sigma": 'sc.plot.sigma(sc.sigma(p(), "y"))',
    "plot.specification_curve": 'sc.plot.specification_curve(sc.multiverse(p(), "y", effects=["none", "region"]))',
    "plot.stochastic_kernel": 'sc.plot.stochastic_kernel(sc.stochastic_kernel(p(), "y"))',
    "plot.theil": 'sc.plot.theil(sc.theil(p(), "y", groups=groups()))',
    "plot.transition_paths": 'sc.plot.transition_paths(sc.clubs(p(), "y"))',
    "plot.transitions": 'sc.plot.transitions(sc.markov(p(), "y", classes=2))',
    "plot.unit_roots": 'sc.plot.unit_roots(sc.unit_roots(p(), "y", draws=0))',
    "tables.effects": "sc.tables.effects(b().impacts())",
    "tables.frame_to_latex": "sc.tables.frame_to_latex(p().frame)",
    "tables.frame_to_markdown": "sc.tables.frame_to_markdown(p().frame)",
    "tables.regression": 'sc.tables.regression({"a": b()})',
    "tables.save": 'sc.tables.save(p().frame, folder() / "panel.csv")',
    "tables.table": "sc.tables.table(p().frame)",
    "datasets.mexico": "sc.datasets.mexico()",
    "datasets.munnell": "sc.datasets.munnell()",
    "datasets.us_income": "sc.datasets.us_income()",
    "datasets.zhejiang": "sc.datasets.zhejiang()",
    "simulate.growth_panel": "sc.simulate.growth_panel(w(), seed=1)",
    "simulate.panel": "sc.simulate.panel(w(), seed=1)",
    "auditing.audit": 'sc.auditing.audit(sc.auditing.example("luo_zhang_2024"))',
    "auditing.describe": "sc.auditing.describe(b())",
    "auditing.example": 'sc.auditing.example("luo_zhang_2024")',
    "auditing.load": "sc.auditing.load(template())",
    "auditing.read": "sc.auditing.read(paper())",
    "auditing.rules": "sc.auditing.rules()",
    "auditing.schema": "sc.auditing.schema()",
    "auditing.template": "sc.auditing.template()",
    "auditing.transcribe": 'sc.auditing.transcribe("| | (1) |\\n|---|---|\\n| x | 0.50** |\\n| | (0.25) |\\n")',
    "study.analyse": "sc.study.analyse(sc.study.zhejiang(), progress=False)",
    "study.example": "sc.study.example(folder())",
    "study.load": "sc.study.load(sc.study.example(folder()))",
    "study.resolve": 'sc.study.resolve("zhejiang")',
    "study.run": 'sc.study.run("zhejiang", folder(), progress=False)',
    "study.schema": "sc.study.schema()",
    "study.write": "sc.study.write(study(), folder(), progress=False)",
    "study.zhejiang": "sc.study.zhejiang()",
    "report.markdown": "sc.report.markdown(study())",
}
