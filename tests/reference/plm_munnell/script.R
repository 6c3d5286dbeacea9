## Regenerate reference.json: Rscript script.R
suppressMessages({library(plm); library(jsonlite)})
data("Produc", package = "plm")
fm <- log(gsp) ~ log(pcap) + log(pc) + log(emp) + unemp
pack <- function(f) list(coef = as.list(coef(f)), se = as.list(sqrt(diag(vcov(f)))), vcov = unname(as.matrix(vcov(f))),
  vcov_names = names(coef(f)), rss = deviance(f), df_residual = f$df.residual,
  sigma2_df = deviance(f) / f$df.residual, r2 = as.numeric(r.squared(f)))
fit <- function(...) pack(plm(fm, Produc, index = c("state", "year"), ...))
out <- list(pooling = fit(model = "pooling"))
for (e in c("individual", "time", "twoways")) out[[paste0("within_", e)]] <- fit(model = "within", effect = e)
versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), plm = as.character(packageVersion("plm")))
write(toJSON(list(versions = versions, plm = out), digits = 17, auto_unbox = TRUE, pretty = TRUE), "reference.json")
