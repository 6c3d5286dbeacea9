## Regenerate reference.json: Rscript script.R <folder of sdpdth's sources> > reference.json
## Scores of Yang (2018) as sdpdth 0.2 (MIT, commit 5f1f21a) has them, region effects, no regressor. Growth on the level
## before and its neighbours' growth is its "full" model with lambda_3 = 0, lambda_2 = -rho and 1 + beta for rho:
## the score of rho is that of lambda_1 less that of lambda_2. sdpdth gives the sum of their squares alone and needs a
## regressor: the sum is taken off, and the regressor is one at right angles to all it is regressed from.
suppressMessages(library(jsonlite))
`%||%` <- function(a, b) if (is.null(a)) b else a
home <- commandArgs(trailingOnly = TRUE)[1]
source(file.path(home, "R", "misc.R"))
code <- gsub("return(sum(eq^2))", "return(eq)", readLines(file.path(home, "R", "aqs.R"), warn = FALSE), fixed = TRUE)
eval(parse(text = code))

scores <- function(levels, W, beta, rho) {
  n <- ncol(levels); d <- t(diff(levels)); T1 <- ncol(d) - 1  # T - 1 differences of T spans
  y <- as.vector(d[, -1]); y1 <- as.vector(d[, -ncol(d)])
  C <- diag(2, T1); C[abs(row(C) - col(C)) == 1] <- -1
  inv_c <- solve(C); O <- kronecker(inv_c, diag(n)); bdw <- kronecker(diag(T1), W)
  Z <- cbind(y, y1, bdw %*% y, bdw %*% y1)
  set.seed(1); x <- rnorm(n * T1); OZ <- O %*% Z
  x <- x - OZ %*% solve(crossprod(OZ), crossprod(OZ, x))
  eq <- full_aqs(c(rho, 0, 1 + beta, -rho), x, matrix(y), matrix(y1), W, matrix(0, n, n), W, inv_c)
  c(beta = eq[1], rho = eq[2] - eq[3])
}
zero <- function(levels, W, start) {
  f <- function(p) scores(levels, W, p[1], p[2])
  p <- start
  for (k in 1:60) {  # Newton's method with central differences
    J <- sapply(1:2, function(j) { h <- 1e-5 * (1:2 == j); (f(p + h) - f(p - h)) / 2e-5 })
    step <- -solve(J, f(p)); p <- p + step * min(1, 0.1 / max(abs(step)))
    if (max(abs(step)) < 1e-12) break
  }
  list(beta = p[1], rho = p[2], left = max(abs(f(p))))
}
at <- expand.grid(beta = c(-0.5, -0.2, -0.05, 0, 0.1), rho = c(-0.4, 0, 0.3, 0.6))
load(file.path(home, "data", "data_n.rda")); load(file.path(home, "data", "data_nw.rda"))
own <- matrix(data_n$y[order(data_n$y[, 2], data_n$y[, 1]), 3], ncol = 12, byrow = TRUE)
given <- fromJSON("given.json")
sets <- list(sdpdth = list(levels = own, W = unname(data_nw)))
for (name in names(given)) sets[[name]] <- given[[name]]
out <- lapply(sets, function(s) {
  c(s, list(at = at, scores = t(mapply(function(b, r) scores(s$levels, s$W, b, r), at$beta, at$rho)),
            zero = zero(s$levels, s$W, c(s$start_beta %||% -0.4, s$start_rho %||% 0.1))))
})
versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), sdpdth = "0.2 (5f1f21a)")
write(toJSON(c(list(versions = versions), out), digits = 15, auto_unbox = TRUE), stdout())
