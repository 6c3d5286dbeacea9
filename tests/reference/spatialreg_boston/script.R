## Regenerate data.csv, weights.csv and reference.json: run 'Rscript script.R' in this folder.
suppressMessages({library(spdep); library(spatialreg); library(jsonlite)})
data(boston, package = "spData")
f <- ly ~ RM + LSTAT + NOX
d <- data.frame(ly = log(boston.c$CMEDV), RM = boston.c$RM, LSTAT = boston.c$LSTAT, NOX = boston.c$NOX)
lw <- nb2listw(boston.soi, style = "W")
links <- listw2sn(lw)
write.csv(format(d, digits = 15), "data.csv", row.names = FALSE, quote = FALSE)
write.csv(data.frame(from = links$from, to = links$to), "weights.csv", row.names = FALSE, quote = FALSE)
d <- read.csv("data.csv")
## The default tolerance leaves rho with seven digits.
tight <- list(tol.opt = 1e-13)
pack <- function(m) list(coef = as.list(m$coefficients), se = as.list(m$rest.se), rho = as.numeric(m$rho),
  lambda = as.numeric(m$lambda), se_rho = as.numeric(m$rho.se), se_lambda = as.numeric(m$lambda.se),
  sigma2 = m$s2, loglik = as.numeric(logLik(m)))
both <- function(i) list(direct = as.numeric(i$direct), indirect = as.numeric(i$indirect), total = as.numeric(i$total))
lag <- lagsarlm(f, d, lw, tol.solve = 1e-14, control = tight)
sdm <- lagsarlm(f, d, lw, Durbin = TRUE, tol.solve = 1e-14, control = tight)
error <- errorsarlm(f, d, lw, tol.solve = 1e-14, control = tight)
sac <- sacsarlm(f, d, lw, tol.solve = 1e-14)
versions <- lapply(c(spdep = "spdep", spatialreg = "spatialreg", spData = "spData"), function(p) as.character(packageVersion(p)))
out <- list(versions = c(R = paste(R.version$major, R.version$minor, sep = "."), versions),
  lag = pack(lag), sdm = pack(sdm), error = pack(error), sarar = pack(sac),
  impacts = list(lag = both(impacts(lag, listw = lw)), sdm = both(impacts(sdm, listw = lw))))
write(toJSON(out, digits = 17, auto_unbox = TRUE, null = "null", pretty = TRUE), "reference.json")
