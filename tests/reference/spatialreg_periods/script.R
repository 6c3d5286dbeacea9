## Makes data.csv, weights.csv and reference.json in this folder: Rscript script.R
## Weights by period and unbalanced panels as one cross-section: spatialreg on the block-diagonal matrix of all periods,
## effects as dummies. Data: Produc of plm, 48 states in 1975, 1980 and 1986; links of common borders (us_states of spData)
## weighted in each year by economic distance, 1 / (0.05 + |difference in log private capital|), rows standardised, so asymmetric; and
## the same panel without eleven cells, the weights cut to the states that are there and standardised again.
suppressMessages({library(plm); library(sf); library(spData); library(spdep); library(spatialreg); library(jsonlite); library(Matrix)})
options(digits = 17, warn = 1)
data(Produc, package = "plm")
years <- c(1975, 1980, 1986)
d <- Produc[Produc$year %in% years, ]
d <- data.frame(state = as.character(d$state), year = d$year, y = log(d$gsp), x1 = log(d$emp), x2 = d$unemp,
                k = log(d$pc))
d <- d[order(d$year, d$state), ]
states <- unique(d$state)
shapes <- us_states[match(sub("^TENNESSE$", "TENNESSEE", states), gsub(" ", "_", toupper(us_states$NAME))), ]
stopifnot(!anyNA(shapes$NAME))
B <- nb2mat(poly2nb(shapes), style = "B", zero.policy = TRUE)
raw <- lapply(years, function(t) {
  k <- d$k[d$year == t]
  B / (0.05 + abs(outer(k, k, "-")))
})
row_std <- function(A) { s <- rowSums(A); A[s > 0, ] <- A[s > 0, , drop = FALSE] / s[s > 0]; A }
write.csv(d, "data.csv", row.names = FALSE)
links <- do.call(rbind, lapply(seq_along(years), function(t) {
  at <- which(raw[[t]] > 0, arr.ind = TRUE)
  data.frame(year = years[t], from = states[at[, 1]], to = states[at[, 2]], weight = row_std(raw[[t]])[at])
}))
write.csv(links, "weights.csv", row.names = FALSE)
set.seed(18)
gone <- sort(sample(nrow(d), 11))
pack <- function(f) {
  keep <- !grepl("factor", names(f$coefficients))
  list(coef = as.list(f$coefficients[keep]), rho = f$rho, lambda = f$lambda, se = as.list(f$rest.se[keep]),
       rho_se = f$rho.se, lambda_se = f$lambda.se, sigma2 = as.numeric(f$s2), loglik = as.numeric(logLik(f)))
}
out <- list(gone = lapply(gone, function(k) list(d$state[k], d$year[k])))
for (sample in c("whole", "gaps")) {
  keep <- if (sample == "whole") rep(TRUE, nrow(d)) else !(seq_len(nrow(d)) %in% gone)
  here <- lapply(years, function(t) keep[d$year == t])
  W <- as.matrix(bdiag(lapply(seq_along(years), function(t) row_std(row_std(raw[[t]])[here[[t]], here[[t]]]))))
  e <- d[keep, ]
  lw <- suppressWarnings(mat2listw(W, style = "W"))
  forms <- list(none = y ~ x1 + x2, region = y ~ x1 + x2 + factor(state), time = y ~ x1 + x2 + factor(year),
                `two-way` = y ~ x1 + x2 + factor(state) + factor(year))
  control <- list(tol.opt = 1e-13)
  for (effects in names(forms)) {
    f <- forms[[effects]]
    out[[sample]][[effects]] <- list(
      lag = pack(lagsarlm(f, e, lw, method = "eigen", zero.policy = TRUE, control = control)),
      error = pack(errorsarlm(f, e, lw, method = "eigen", zero.policy = TRUE, control = control)))
  }
  out[[sample]]$none$sarar <- pack(sacsarlm(y ~ x1 + x2, e, lw, method = "eigen", zero.policy = TRUE,
                                            control = list(opt_control = list(rel.tol = 1e-13))))
  out[[sample]]$none$durbin <- pack(lagsarlm(y ~ x1 + x2, e, lw, Durbin = TRUE, method = "eigen", zero.policy = TRUE,
                                             control = control))
}
out$versions <- list(R = R.version.string, spatialreg = as.character(packageVersion("spatialreg")),
                     spdep = as.character(packageVersion("spdep")), spData = as.character(packageVersion("spData")),
                     plm = as.character(packageVersion("plm")))
write_json(out, "reference.json", auto_unbox = TRUE, digits = 17, pretty = TRUE, na = "null")
