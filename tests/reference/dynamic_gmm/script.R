# Difference and system GMM by plm::pgmm on panel.csv: Rscript script.R > plm.json
suppressMessages({library(plm); library(jsonlite)})
d <- pdata.frame(read.csv("panel.csv"), index = c("region", "year"))
found <- list()
for (effect in c("individual", "twoways")) for (model in c("onestep", "twosteps")) for (collapse in c(FALSE, TRUE)) {
  fit <- pgmm(y ~ lag(y, 1) + x | lag(y, 2:99), data = d, effect = effect, model = model, collapse = collapse,
              transformation = "d")
  k <- 1:2
  V <- vcovHC(fit)
  found[[paste(effect, model, collapse)]] <- list(
    coef = unname(coef(fit)[k]), se = unname(sqrt(diag(V))[k]), sargan = unname(sargan(fit)$statistic),
    ar = c(mtest(fit, order = 1, vcov = vcovHC)$statistic, mtest(fit, order = 2, vcov = vcovHC)$statistic))
}
cat(toJSON(found, digits = 17, auto_unbox = TRUE))
