# Sandwich covariances of plm without small-sample factors ("HC0"), for panels of 2, 3, 4 and all periods.
# Rscript script.R > reference.json
suppressMessages({library(plm); library(jsonlite)})
data("Produc", package = "plm"); data("Grunfeld", package = "plm")
sets <- list(
  produc = list(data = Produc, index = c("state", "year"), periods = c(2, 3, 4, 17),
                formula = log(gsp) ~ log(pcap) + log(pc) + log(emp)),
  grunfeld = list(data = Grunfeld, index = c("firm", "year"), periods = c(2, 3, 4, 20),
                  formula = inv ~ value + capital))
out <- list()
for (name in names(sets)) for (T in sets[[name]]$periods) {
  s <- sets[[name]]; d <- s$data
  d <- d[d[[s$index[2]]] %in% sort(unique(d[[s$index[2]]]))[1:T], ]
  for (effects in c("none", "region", "time", "two-way")) {
    if (effects == "none") m <- plm(s$formula, d, index = s$index, model = "pooling")
    else m <- plm(s$formula, d, index = s$index, model = "within",
                  effect = c(region = "individual", time = "time", "two-way" = "twoways")[[effects]])
    out[[length(out) + 1]] <- list(
      data = name, T = T, effects = effects, names = names(coef(m)), coef = unname(coef(m)),
      cluster = matrix(vcovHC(m, method = "arellano", type = "HC0", cluster = "group"), length(coef(m))),
      white = matrix(vcovHC(m, method = "white1", type = "HC0"), length(coef(m))),
      kraay = matrix(vcovSCC(m, type = "HC0", maxlag = 1), length(coef(m))))
  }
}
g <- Grunfeld[, c("firm", "year", "inv", "value", "capital")]
cat(toJSON(list(versions = paste("R", getRversion(), "plm", packageVersion("plm")), grunfeld = g, fits = out),
           digits = NA, auto_unbox = TRUE))
