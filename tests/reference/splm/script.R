## Regenerates the splm part of reference.json: Rscript script.R in this folder.
suppressMessages({library(spdep); library(splm)})
options(digits = 17)
read_w <- function(file, n = 48) {
  w <- read.csv(file); B <- matrix(0, n, n); B[cbind(w$i, w$j)] <- w$weight_binary; B / rowSums(B)
}
demean <- function(v, id, tt, effect) {
  a <- ave(v, id); b <- ave(v, tt)
  switch(effect, individual = v - a, time = v - b, twoways = v - a - b + mean(v))
}
within_models <- function(fm, d, W) {
  lw <- mat2listw(W, style = "W"); n <- nrow(W); T <- nrow(d) / n; NT <- n * T
  dd <- d[order(d$year, d$id), ]
  mf <- model.frame(fm, dd); y <- model.response(mf); X <- model.matrix(fm, dd)[, -1, drop = FALSE]
  L <- function(v) as.vector(W %*% matrix(v, n))
  ld <- function(a) if (a == 0) 0 else as.numeric(determinant(diag(n) - a * W)$modulus)
  out <- list()
  for (effect in c("individual", "time", "twoways")) for (kind in c("sar", "sem", "sarar")) {
    f <- spml(fm, data = d, index = c("id", "year"), listw = lw, model = "within", effect = effect,
              lag = kind != "sem", spatial.error = if (kind == "sar") "none" else "b", method = "eigen", quiet = TRUE)
    cf <- f$coefficients; nm <- names(cf)
    lam <- if ("lambda" %in% nm) cf[["lambda"]] else 0; rho <- if ("rho" %in% nm) cf[["rho"]] else 0
    b <- cf[!(nm %in% c("lambda", "rho"))]
    yt <- demean(y, dd$id, dd$year, effect); Xt <- apply(X, 2, demean, dd$id, dd$year, effect)
    e <- yt - lam * L(yt) - as.vector(Xt %*% b); e <- e - rho * L(e)
    ll <- -NT / 2 * (log(2 * pi * sum(e^2) / NT) + 1) + T * (ld(lam) + ld(rho))
    out[[paste("within", effect, kind, sep = "_")]] <-
      list(coef = cf, se = sqrt(diag(as.matrix(f$vcov))), sigma2 = as.numeric(f$sigma2), loglik_full = ll)
  }
  out
}
munnell <- read.csv("munnell.csv"); income <- read.csv("us_income.csv")
print(within_models(log(gsp) ~ log(pcap) + log(pc) + log(emp) + unemp, munnell, read_w("munnell_weights.csv")))
print(within_models(growth ~ ln_initial, income, read_w("us_income_weights.csv")))
