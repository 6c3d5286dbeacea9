## Makes data.csv, weights.csv and reference.json in this folder: Rscript script.R
## Durbin models with weights whose rows differ in their sums (spatialreg lags the intercept too), and models without
## intercept. Data: columbus of spData (49 neighbourhoods), a binary contiguity, the same globally standardised, and an
## asymmetric one (the four nearest, weighted by inverse distance).
suppressMessages({library(spdep); library(spatialreg); library(jsonlite)})
options(digits = 17, warn = 1)
data(columbus, package = "spData")
d <- data.frame(crime = columbus$CRIME, income = columbus$INC, housing = columbus$HOVAL)
B <- listw2mat(nb2listw(col.gal.nb, style = "B"))
near <- knn2nb(knearneigh(coords, k = 4))
A <- listw2mat(nb2listw(near, glist = lapply(nbdists(near, coords), function(v) 1 / v), style = "B"))
write.csv(d, "data.csv", row.names = FALSE)
at <- which(B != 0 | A != 0, arr.ind = TRUE)
write.csv(data.frame(i = at[, 1], j = at[, 2], binary = B[at], asymmetric = A[at]), "weights.csv", row.names = FALSE)
styles <- list(binary = mat2listw(B, style = "B"), global = mat2listw(B * 49 / sum(B), style = "C"),
               asymmetric = mat2listw(A, style = "B"), row = mat2listw(B / rowSums(B), style = "W"))
pack <- function(f) {
  list(coef = as.list(coef(f)), se = as.list(setNames(c(f$rest.se, f$rho.se, f$lambda.se),
       c(names(f$rest.se), if (!is.null(f$rho)) "rho", if (!is.null(f$lambda)) "lambda"))),
       sigma2 = as.numeric(f$s2), loglik = as.numeric(logLik(f)))
}
slx <- function(f) {
  s <- summary(f)$coefficients
  list(coef = as.list(s[, 1]), se = as.list(s[, 2]), sigma2 = summary(f)$sigma^2, loglik = as.numeric(logLik(f)))
}
models <- function(fm, lw, durbin) {
  control <- list(tol.opt = 1e-13)
  out <- list(
    lag = pack(lagsarlm(fm, d, lw, Durbin = durbin, method = "eigen", control = control)),
    sarar = pack(sacsarlm(fm, d, lw, Durbin = durbin, method = "eigen", control = list(opt_control = list(rel.tol = 1e-13)))))
  # errorsarlm stops in its impacts where lags stand beside no intercept.
  if (attr(terms(fm), "intercept") == 1 || identical(durbin, FALSE))
    out$error <- pack(errorsarlm(fm, d, lw, Durbin = durbin, method = "eigen", control = control))
  if (!identical(durbin, FALSE)) out$none <- slx(lmSLX(fm, d, lw, Durbin = durbin))
  out
}
full <- crime ~ income + housing
bare <- crime ~ 0 + income + housing
out <- list()
for (s in names(styles)) {
  lw <- styles[[s]]
  out[[s]] <- list(
    durbin = models(full, lw, TRUE),
    without = models(bare, lw, FALSE),
    without_durbin = models(bare, lw, TRUE))
  tsls <- stsls(bare, d, lw)
  out[[s]]$without$stsls <- list(coef = as.list(coef(tsls)), se = as.list(sqrt(diag(tsls$var))))
}
out$versions <- c(R = R.version.string, spatialreg = as.character(packageVersion("spatialreg")),
                  spdep = as.character(packageVersion("spdep")), spData = as.character(packageVersion("spData")))
write_json(out, "reference.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
