"""What other packages of the field call the things that are here: PySAL, R, Stata, and textbooks.

Read only to answer a name that is not there. Left what is meant, as one would write it; right the names for it, in any
spelling of capitals, points and underscores (`Moran_Local`, `localmoran`, `local.moran` are one).
"""

from __future__ import annotations

LAG = 'sc.fit_panel(spatial="lag")'
ERROR = 'sc.fit_panel(spatial="error")'
SARAR = 'sc.fit_panel(spatial="sarar")'
NONE = 'sc.fit_panel(spatial="none")'

# In a module, before ANYWHERE: the same word means a picture in `plot`, a map in `maps`.
INSIDE: dict[str, dict[str, str]] = {
    "sc.maps": {
        "sc.maps.clusters": "lisa lisa_cluster local_moran moran_local quadrants cluster_map clustermap",
        "sc.maps.hot_spots": "gi gi_star getis_ord hotspot hotspots g_local localg",
        "sc.maps.choropleth": "choro map plot chloropleth choropleth_map tm_shape spmap grmap",
        "sc.maps.explore": "interactive leaflet folium hover tooltip html slider animation",
        "sc.maps.links": "weights neighbours neighbors graph connectivity network plot_nb",
        "sc.maps.clubs": "club convergence_clubs",
        "sc.maps.hot_spot_trends": "emerging emerging_hot_spots trends space_time_cube",
        "sc.plot.moran_scatter": "moran moran_scatterplot moran_plot",
    },
    "sc.plot": {
        "sc.maps.choropleth": "map choropleth_map tm_shape spmap grmap",
        "sc.maps.clusters": "lisa lisa_cluster local_moran moran_local cluster_map",
        "sc.plot.moran_scatter": "moran moran_plot moran_scatterplot moranplot splot",
        "sc.plot.moran_path": "moran_series moran_trend moran_over_time",
        "sc.plot.sigma": "sigma_path sigma_convergence sigmaconv cv",
        "sc.plot.beta_scatter": "beta growth_scatter beta_convergence convergence_scatter",
        "sc.plot.coefficients": "coefplot coef_plot forest forest_plot dwplot modelplot",
        "sc.plot.specification_curve": "speccurve spec_curve multiverse mverse specr",
        "sc.plot.transition_paths": "clubs log_t relative_transition",
        "sc.plot.transitions": "markov transition_matrix spatial_markov",
        "sc.plot.density": "kde kdeplot kernel kernel_density distribution",
        "sc.plot.location_curves": "lorenz lorenz_curve concentration",
        "sc.plot.contributions": "index composite_index weights",
        "sc.plot.null_picture": "null null_distribution",
        "sc.plot.betas": "beta_rolling beta_quantiles beta_regimes beta_spacing",
        "sc.plot.dagum": "gini gini_decomposition",
    },
    "sc.tables": {
        "sc.tables.regression": "stargazer modelsummary texreg esttab outreg2 etable summary_col models",
        "sc.tables.frame_to_latex": "latex to_latex xtable",
        "sc.tables.frame_to_markdown": "markdown to_markdown kable",
        "sc.tables.save": "write export to_csv to_html",
    },
    "sc.weights": {
        "sc.weights.from_matrix": "W Graph matrix full2w mat2listw from_array from_sparse from_dense from_adjacency",
        "sc.weights.read": "load open read_gal read_gwt from_file spmatrix_import",
        "sc.weights.write": "save to_gal to_file write_nb_gal",
        "sc.weights.standardise": "row_standardise row_standardize standardize transform normalise normalize",
        "sc.weights.describe": "summary summarise info eigenvalues islands",
        "sc.weights.rho_interval": "bounds eigen_bounds eigenw",
        "sc.weights.nested": "combine product w_intersection",
        "sc.weights.inverse_distance": "distance idw inverse",
    },
    "sc.datasets": {
        "sc.datasets.us_income": "us us48 usjoin states income us_states",
        "sc.datasets.mexico": "mx mexico_gdp pcgdp",
        "sc.datasets.munnell": "produc productivity public_capital",
    },
    "sc.simulate": {
        "sc.simulate.growth_panel": "growth beta convergence dgp",
        "sc.simulate.panel": "lag error sar sem sdm sarar spatial_panel dgp_lag",
    },
    "sc.study": {
        "sc.study.analyse": "analyze analysis",
        "sc.study.load": "read from_toml open",
        "sc.study.example": "init new template demo",
    },
    "sc.report": {
        "sc.report.markdown": "md to_markdown text",
        "sc.report.write": "save html to_html pdf",
    },
    "sc.auditing": {
        "sc.auditing.rules": "list_rules checks tests statcheck grim",
    },
}

ANYWHERE: dict[str, str] = {
    # Spatial autocorrelation: esda, spdep, GeoDa, Stata's estat moran and moransi.
    "sc.moran": "moran_i morans_i morans moransi moran_test moran_mc global_moran global_moran_i estat_moran",
    "sc.local_moran": "lisa moran_local local_morans_i moran_local_i local_moran_i localmoran localmoran_perm local_i",
    "sc.geary": "geary_c gearys_c geary_test geary_mc",
    "sc.general_g": "G getis_ord_g global_g globalg_test getis_ord_general_g",
    "sc.hot_spots": "gi gi_star getis_ord getis_ord_gi g_local localg localg_perm hotspot hotspots hot_spot getisord",
    "sc.hot_spot_trends": "emerging_hot_spots emerging_hotspot_analysis mann_kendall",
    "sc.residual_moran": "lm_morantest moran_residuals moran_res",
    # Inequality: PySAL's inequality, R's ineq, dineq and acid, Stata's ineqdeco.
    "sc.sigma": "sigma_convergence sigmaconv sigmaconv_t cv coefficient_of_variation dispersion std_log",
    "sc.theil": "theil_index theil_t theil_l theil_d theil_decomposition theildsim ineqdeco mld entropy_index",
    'sc.sigma(measures="gini")': "gini gini_index gini_coefficient lorenz gini2",
    "sc.spatial_gini": "gini gini_spatial gini_s rey_smith",
    "sc.dagum": "gini gini_decomposition dagum_gini dagum_decomposition giovi",
    # Convergence: REAT, ConvergenceClubs, Stata's logtreg and psecta.
    "sc.beta": "beta_convergence betaconv betaconv_ols growth_regression barro convergence",
    "sc.beta_nls": "betaconv_nls betaconv_speed nls nonlinear barro_sala_i_martin",
    "sc.beta_local": "gwr mgwr local_beta beta_gwr",
    "sc.beta_quantiles": "quantreg quantile_regression rq beta_quantile qreg",
    "sc.beta_regimes": "regimes chow chow_test spatial_regimes ols_regimes gm_lag_regimes beta_regime",
    "sc.beta_rolling": "rolling rolling_beta moving_window",
    "sc.clubs": "find_clubs convergence_clubs club psecta phillips_sul merge_clubs scheckmerge club_convergence",
    "sc.log_t": "logt log_t_test logtreg logt_test estimate_mod logt_regression",
    # Spatial panels: spreg, splm, SDPDmod, spatialreg, Stata's xsmle and spxtregress.
    LAG: "lag sar slm spatial_lag ml_lag gm_lag panel_fe_lag panel_re_lag lagsarlm xsmle spml spxtregress spivregress",
    ERROR: "sem spatial_error ml_error gm_error panel_fe_error panel_re_error errorsarlm",
    SARAR: "sarar sac gm_combo sacsarlm spgm",
    'sc.fit_panel(spatial="sarar", durbin=True)': "gns general_nesting",
    'sc.fit_panel(spatial="lag", durbin=True)': "sdm durbin spatial_durbin lagsarlm_durbin",
    'sc.fit_panel(spatial="error", durbin=True)': "sdem durbin_error spatial_durbin_error",
    'sc.fit_panel(spatial="none", durbin=True)': "slx lmslx",
    'sc.fit_panel(estimator="gmm")': "gmm gm spatial_gmm",
    'sc.fit_panel(dynamic="y")': "dynamic sdpd sdpdm sdpdmod dynamic_panel",
    "sc.dynamic_gmm": "abond xtabond xtabond2 pgmm pydynpd arellano_bond blundell_bond system_gmm difference_gmm",
    NONE: "ols pooled pooled_ols random_effects re",
    "sc.fixed_effects": "fe within plm xtreg panel_ols panelols feols areg reghdfe two_way",
    "sc.fixed_effects_by_group": "subgroup heterogeneity by_group bdiff",
    "sc.robustness": "robust robustness_checks",
    "sc.fit_panel(...).impacts()": "impacts impact effects direct indirect spillovers impacts_sarlm estat_impact",
    "sc.fit_panel(...).bootstrap()": "bootstrap boot wild_bootstrap",
    "sc.fit_panel(...).predict()": "predict prediction forecast",
    # Tests of models.
    "sc.hausman": "hausman_test phtest sphtest spatial_hausman",
    "sc.mundlak_test": "mundlak correlated_random_effects cre",
    "sc.lm_tests": "lm lm_test lm_lag lm_error rlm_lag rlm_error lmtests lagrange_multiplier slmtest lm_rstests",
    "sc.bsk_tests": "bsk bsktest baltagi_song_koh",
    "sc.lr_test": "lr likelihood_ratio lrtest",
    "sc.wald_test": "wald waldtest linear_hypothesis test_parameters",
    "sc.common_factor_test": "common_factor comfac",
    "sc.effects_tests": "pftest f_test plmtest effects_test",
    "sc.pesaran_cd": "cd cd_test pcdtest xtcd pesaran",
    "sc.select_model": "model_selection select specification_search elhorst",
    "sc.monte_carlo": "mc simulation power size",
    "sc.multiverse": "spec_curve speccurve specr mverse sensitivity specification_curve",
    # Distribution dynamics: giddy, Quah.
    "sc.markov": "markov_chain classic_markov transition_matrix transitions",
    "sc.spatial_markov": "lisa_markov markov_spatial spatial_markov_chain",
    "sc.mobility": "rank_mobility shorrocks prais tau tau_local theta kendall markov_mobility",
    "sc.density": "kde kernel_density kdensity bimodality silverman_test modes",
    # Agglomeration: REAT, EconGeo.
    "sc.location_quotients": "lq locq locq2 location_quotient balassa rca",
    "sc.concentration": "herf hhi herfindahl krugman_conc hoover isard",
    "sc.specialisation": "specialization krugman_spec",
    "sc.ellison_glaeser": "eg ellison_a ellison_a2 eg_index",
    "sc.coagglomeration": "ellison_c ellison_c2 coagglomeration_index",
    "sc.shift_share": "shift shift_share_analysis shiftd shifti bartik",
    "sc.industry_table": "employment industries",
    # Data and summaries.
    "sc.Panel": "panel_data pdata_frame xtset dataframe pdataframe panel_frame",
    "sc.descriptives": "summary describe descriptive summarise summarize sum_stats sumstats",
    "sc.growth": "growth_rates growth_rate cagr",
    "sc.composite_index": "index entropy_weight entropy_method critic pca topsis composite",
    "sc.check": "checks referee diagnose",
    "sc.audit": "statcheck grim verify",
    # Spatial weights: libpysal, spdep, Stata's spmatrix and spwmatrix.
    "sc.weights.adjacency": "queen rook bishop contiguity build_contiguity from_dataframe poly2nb adjacent",
    "sc.weights.knn": "knearneigh nearest k_nearest nearest_neighbours nearest_neighbors knn2nb",
    "sc.weights.distance_band": "dnearneigh band threshold distanceband build_distance_band",
    "sc.weights.inverse_distance": "idw inverse idistance inverse_distances nbdists",
    "sc.weights.kernel": "kernel_weights build_kernel adaptive",
    "sc.weights.economic": "economic_distance gdp_distance",
    "sc.weights.from_matrix": "full2w mat2listw w from_array",
    "sc.weights": "spmatrix spwmatrix nb2listw graph listw",
    "sc.weights.standardise": "row_standardise row_standardize standardize",
    # Pictures and tables.
    "sc.maps.choropleth": "map tm_shape spmap grmap chloropleth",
    "sc.maps.clusters": "lisa_cluster lisa_map cluster_map",
    "sc.plot.moran_scatter": "moran_plot moran_scatterplot splot",
    "sc.plot.coefficients": "coefplot coef_plot forest_plot modelplot",
    "sc.tables.regression": "stargazer modelsummary esttab outreg2 texreg etable regression_table",
    # Modules, errors.
    "sc.datasets": "data examples example dataset load_dataset",
    "sc.simulate": "simulations dgp simulate_panel",
    "sc.plot": "plotting figures graphics viz",
    "sc.errors": "exceptions warnings error_types",
}
