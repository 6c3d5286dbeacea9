## Regenerate the figures of reference.json: run 'Rscript script.R' in this folder.
## nls_direct: the growth regression in the speed by R's own nls, tight tolerance.
## betaconv_nls_as_printed: what REAT 3.0.3 prints for the same data (its speed is transformed twice).
suppressMessages(library(REAT))
options(digits = 17)
d <- read.csv("data.csv")
y <- function(year) d[[paste0("y", year)]]
nlsfit <- function(a, b, cond) {
  T <- b - a
  dd <- data.frame(g = (log(y(b)) - log(y(a))) / T, x = log(y(a)), s = d$south)
  f <- if (cond) {
    nls(g ~ al - ((1 - exp(-be * T)) / T) * x + gam * s, dd, start = list(al = .1, be = .02, gam = 0),
        control = nls.control(tol = 1e-7))
  } else {
    nls(g ~ al - ((1 - exp(-be * T)) / T) * x, dd, start = list(al = .1, be = .02),
        control = nls.control(tol = 1e-7))
  }
  list(estimates = coef(summary(f)), sigma = summary(f)$sigma, rss = deviance(f),
       loglik = as.numeric(logLik(f)), half_life = log(2) / as.numeric(coef(f)["be"]))
}
for (span in list(c(1929, 2009), c(1960, 1985))) {
  for (cond in c(FALSE, TRUE)) print(nlsfit(span[1], span[2], cond))
  print(betaconv.nls(y(span[1]), span[1], y(span[2]), span[2], print.results = FALSE))
  print(betaconv.nls(y(span[1]), span[1], y(span[2]), span[2], conditions = data.frame(south = d$south),
                     conditions.formula = "+ gam * south", conditions.startval = list(gam = 0),
                     print.results = FALSE))
}
