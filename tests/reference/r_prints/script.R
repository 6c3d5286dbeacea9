# What R prints of models and tests, as people paste it: base R, spdep, spatialreg, plm, lmtest.
# Rscript script.R; R 4.2.2, spdep 1.2.7, spatialreg 1.2.6, plm 2.6.2. Data: spData's columbus, plm's Grunfeld.
suppressMessages({library(spdep); library(spatialreg); library(plm)})
columbus <- sf::st_read(system.file("shapes/columbus.gpkg", package = "spData"), quiet = TRUE)
lw <- nb2listw(poly2nb(columbus))
data("Grunfeld", package = "plm")
out <- function(file, result) { sink(paste0(file, ".txt")); print(result); sink() }
f <- CRIME ~ INC + HOVAL
m <- lm(f, columbus)
lagm <- lagsarlm(f, columbus, lw)
out("lm", summary(m))
out("lag", summary(lagm))
out("err", summary(errorsarlm(f, columbus, lw)))
out("errH", summary(errorsarlm(f, columbus, lw), Hausman = TRUE))
out("sdm", summary(lagsarlm(f, columbus, lw, Durbin = TRUE)))
out("sac", summary(sacsarlm(f, columbus, lw)))
out("slx", summary(lmSLX(f, columbus, lw)))
out("moran", moran.test(columbus$CRIME, lw))
out("lmtests", lm.LMtests(m, lw, test = "all"))
out("lrtest", LR.Sarlm(lagm, m))
out("stsls", summary(stsls(f, columbus, lw)))
g <- inv ~ value + capital
for (model in c("within", "random", "pooling", "fd", "between")) {
  out(paste0("plm_", model), summary(plm(g, Grunfeld, model = model)))
}
out("plm_twoway", summary(plm(g, Grunfeld, model = "within", effect = "twoways")))
out("phtest", phtest(g, Grunfeld))
out("logit", summary(glm(I(CRIME > 35) ~ INC + HOVAL, binomial, columbus)))
out("nls", summary(nls(inv ~ a + b * value, Grunfeld, start = list(a = 0, b = .1))))
out("coeftest", lmtest::coeftest(m))
