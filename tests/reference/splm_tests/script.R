## Regenerates the figures of reference.json: Rscript script.R in this folder (panels and weights are those of ../splm).
suppressMessages({library(spdep); library(plm); library(splm)})
options(digits = 17)
read_w <- function(file, n = 48) {
  w <- read.csv(file); B <- matrix(0, n, n); B[cbind(w$i, w$j)] <- w$weight_binary; B / rowSums(B)
}
htest <- function(h) list(statistic = as.numeric(h$statistic), df = as.numeric(h$parameter), p_value = as.numeric(h$p.value))
panel_tests <- function(fm, d, W) {
  lw <- mat2listw(W, style = "W"); index <- c("id", "year"); te <- list(); sp <- list(); pl <- list()
  for (m in c("lag", "error", "sarar")) for (er in c("BSK", "KKP")) { if (m == "lag" && er == "KKP") next
    lab <- if (m == "lag") "sphtest_lag" else paste0("sphtest_", m, "_", er)
    te[[lab]] <- htest(sphtest(fm, data = d, index = index, listw = lw, spatial.model = m, method = "ML", errors = er)) }
  fits <- list(pooling = plm(fm, d, index = index, model = "pooling"))
  for (e in c("individual", "time", "twoways")) fits[[paste0("within_", e)]] <- plm(fm, d, index = index, model = "within", effect = e)
  for (k in names(fits)) for (tt in c("lml", "lme", "rlml", "rlme"))
    te[[paste("slmtest", k, tt, sep = "_")]] <- htest(slmtest(fits[[k]], listw = lw, test = tt))
  for (tt in c("LM1", "LM2", "LMH", "CLMlambda", "CLMmu"))
    te[[paste0("bsktest_", tt)]] <- htest(bsktest(fm, data = d, index = index, listw = lw, test = tt))
  for (tt in c("LM1", "LM2"))
    te[[paste0("bsktest_S", tt)]] <- htest(bsktest(fm, data = d, index = index, listw = lw, test = tt, standardize = TRUE))
  keep <- function(f) list(coef = f$coefficients, vcov = as.matrix(f$vcov), errcomp = f$errcomp, sigma2 = f$sigma2)
  err <- c(sar = "none", sem = "b", sarar = "b")
  for (k in names(err)) sp[[paste0("within_individual_", k)]] <- keep(spml(fm, data = d, index = index, listw = lw,
    model = "within", effect = "individual", lag = k != "sem", spatial.error = err[[k]], method = "eigen", quiet = TRUE))
  ml <- list(random_re = list("random", FALSE, "none"), random_sar = list("random", TRUE, "none"),
    random_sem_b = list("random", FALSE, "b"), random_sem_kkp = list("random", FALSE, "kkp"),
    random_sarar_b = list("random", TRUE, "b"), random_sarar_kkp = list("random", TRUE, "kkp"),
    pooling_sem = list("pooling", FALSE, "b"))
  for (k in names(ml)) sp[[k]] <- keep(spml(fm, data = d, index = index, listw = lw, model = ml[[k]][[1]],
    lag = ml[[k]][[2]], spatial.error = ml[[k]][[3]], quiet = TRUE))
  re <- plm(fm, d, index = index, model = "random", effect = "individual")
  pl$within_individual <- list(coef = coef(fits$within_individual), vcov = vcov(fits$within_individual))
  pl$random_individual_swar <- list(coef = coef(re), vcov = vcov(re))
  pl$hausman <- htest(phtest(fits$within_individual, re))
  list(tests = te, splm = sp, plm = pl)
}
cross_section <- function(fm, d, W) {
  lw <- mat2listw(W, style = "W"); ols <- lm(fm, d)
  m <- lm.morantest(ols, lw, alternative = "two.sided")
  list(lm_tests = lapply(lm.LMtests(ols, lw, test = c("LMlag", "LMerr", "RLMlag", "RLMerr", "SARMA")), htest),
    residual_moran = list(I = m$estimate[1], expectation = m$estimate[2], variance = m$estimate[3], z = m$statistic, p = m$p.value))
}
print(panel_tests(log(gsp) ~ log(pcap) + log(pc) + log(emp) + unemp, read.csv("../splm/munnell.csv"), read_w("../splm/munnell_weights.csv")))
W <- read_w("../splm/us_income_weights.csv")
print(panel_tests(growth ~ ln_initial, read.csv("../splm/us_income.csv"), W))
cs <- read.csv("cross_section.csv")
print(cross_section(growth ~ ln_initial, cs, W))
print(cross_section(growth ~ ln_initial + south, cs, W))
