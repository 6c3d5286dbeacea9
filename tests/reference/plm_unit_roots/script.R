## Regenerate reference.json: Rscript script.R (income.csv stands beside it; see README.md)
suppressMessages({library(plm); library(urca); library(jsonlite)})
income <- as.matrix(read.csv("income.csv", check.names = FALSE, row.names = 1))
data("Grunfeld", package = "plm")
invest <- matrix(Grunfeld$inv, nrow = 20); colnames(invest) <- unique(Grunfeld$firm)
income <- log(income); income <- income - rowMeans(income)
sets <- list(income = income, invest = invest)
one <- function(x, ...) { p <- suppressWarnings(purtest(as.data.frame(x), ...)); list(statistic = as.numeric(p$statistic$statistic),
  p = as.numeric(p$statistic$p.value), t = as.numeric(sapply(p$idres, function(r) r$trho)),
  lags = as.numeric(sapply(p$idres, function(r) r$lags))) }
out <- list()
for (s in names(sets)) for (exo in c("none", "intercept", "trend")) for (lags in list(0, 1, 2, "AIC", "SIC")) {
  x <- sets[[s]]; key <- paste(s, exo, lags, sep = "/")
  a <- list(x, exo = exo, lags = lags, pmax = 3)
  found <- list(levinlin = do.call(one, c(a, test = "levinlin", dfcor = FALSE)))
  for (t in c("madwu", "Pm", "invnormal", "logit")) found[[t]] <- do.call(one, c(a, test = t, dfcor = TRUE, p.approx = "MacKinnon1994"))
  if (exo != "none") found$ips <- do.call(one, c(a, test = "ips", dfcor = TRUE))
  out[[key]] <- found
}
for (s in names(sets)) for (exo in c("intercept", "trend")) for (h in c(TRUE, FALSE)) {
  p <- purtest(as.data.frame(sets[[s]]), test = "hadri", exo = exo, Hcons = h)
  out[[paste(s, exo, "hadri", if (h) "unequal" else "equal", sep = "/")]] <-
    list(statistic = as.numeric(p$statistic$statistic), p = as.numeric(p$statistic$p.value), LM = as.numeric(sapply(p$idres, function(r) r["LM"])))
}
long <- function(x) { d <- data.frame(i = rep(seq_len(ncol(x)), each = nrow(x)), t = rep(seq_len(nrow(x)), ncol(x)), y = as.numeric(x)); pdata.frame(d)$y }
raw <- list(income = log(as.matrix(read.csv("income.csv", check.names = FALSE, row.names = 1))), invest = invest)
for (s in names(raw)) for (type in c("none", "drift", "trend")) for (lags in 1:2) for (cut in c(FALSE, TRUE)) {
  p <- suppressWarnings(cipstest(long(raw[[s]]), lags = lags, type = type, model = "cmg", truncated = cut))
  out[[paste(s, type, lags, "cips", if (cut) "truncated" else "plain", sep = "/")]] <-
    list(statistic = as.numeric(p$statistic), t = as.numeric(sapply(p$tmods, function(m) coef(summary(m))["le", 3])))
}
for (s in names(sets)) for (model in c("intercept", "trend", "both")) for (lags in 0:1)
  out[[paste(s, "za", model, lags, sep = "/")]] <- list(
    t = as.numeric(apply(sets[[s]], 2, function(x) ur.za(x, model = model, lag = if (lags) lags else NULL)@teststat)),
    at = as.numeric(apply(sets[[s]], 2, function(x) ur.za(x, model = model, lag = if (lags) lags else NULL)@bpoint)))
kpss <- function(x, type) as.numeric(ur.kpss(x, type = type, use.lag = 3)@teststat)
for (s in names(sets)) for (type in c("mu", "tau")) out[[paste(s, "kpss", type, sep = "/")]] <- as.numeric(apply(sets[[s]], 2, kpss, type = type))
versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), plm = as.character(packageVersion("plm")), urca = as.character(packageVersion("urca")))
write(toJSON(list(versions = versions, invest = invest, found = out), digits = 15, auto_unbox = TRUE), "reference.json")
