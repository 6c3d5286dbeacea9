## Makes the figures of reference.json; run it in this folder: Rscript script.R (it prints them).
suppressMessages({library(spdep); library(spatialreg)})
options(digits = 17, warn = 1)
states <- read.csv("cross_section.csv")
w <- read.csv("../splm/us_income_weights.csv")
B <- matrix(0, 48, 48); B[cbind(w$i, w$j)] <- w$weight_binary
lw <- mat2listw(B / rowSums(B), style = "W")
moments <- function(fm) {
  s <- stsls(fm, states, lw)
  g <- GMerrorsar(fm, states, lw)
  list(stsls = list(coef = coef(s), vcov = s$var, sigma2 = as.numeric(s$sse / s$df), df = s$df),
       gmerror = list(beta = g$coefficients, lambda = as.numeric(g$lambda), se_beta = as.numeric(g$rest.se), sigma2 = as.numeric(g$s2)))
}
print(moments(growth ~ ln_initial))
print(moments(growth ~ ln_initial + south))
