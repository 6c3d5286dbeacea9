# Log marginal likelihoods and model probabilities of SDPDmod's blmpSDPD, its sources read from a folder:
#   Rscript script.R <folder with the package's R files> > reference.json
# A random panel of 20 regions and 4 periods, asymmetric row-standardised weights; direct approach (LYtrans = FALSE).
suppressMessages({library(plm); library(Matrix); library(RSpectra)})
folder <- commandArgs(trailingOnly = TRUE)[1]
for (f in list.files(folder, "[.]R$", full.names = TRUE)) source(f)
set.seed(11)
n <- 20; t <- 4
W <- matrix(runif(n * n) * (runif(n * n) < 0.3), n); diag(W) <- 0; W[cbind(1:n, c(2:n, 1))] <- 0.5
W <- round(W, 4); W <- W / rowSums(W)
x <- round(rnorm(n * t), 4); z <- round(rexp(n * t), 4)
u <- rnorm(n * t)
y <- as.vector(kronecker(diag(t), solve(diag(n) - 0.4 * W)) %*% (0.5 * x - 0.3 * z + rep(rnorm(n), t) + u))
d <- data.frame(region = rep(1:n, t), period = rep(1:t, each = n), y = round(y, 5), x = x, z = z)
fits <- list()
for (e in c("none", "individual", "time", "twoways")) {
  r <- suppressMessages(blmpSDPD(y ~ x + z, data = d, W = W, index = c("region", "period"),
    model = list("ols", "slx", "sar", "sdm", "sem", "sdem"), effect = e, incr = 0.0005))
  fits[[e]] <- list(lmarginal = as.list(r$lmarginal), probs = as.list(r$probs))
}
num <- function(v) paste0("[", paste(formatC(v, digits = 15, format = "g"), collapse = ","), "]")
one <- function(l) paste0("{", paste(sprintf("\"%s\": %s", names(l), formatC(unlist(l), digits = 15, format = "g")),
                                     collapse = ", "), "}")
cat("{\"W\": ", num(as.vector(t(W))), ",\n\"data\": {", paste(sprintf("\"%s\": %s", names(d), sapply(d, num)),
    collapse = ", "), "},\n\"fits\": {", paste(sapply(names(fits), function(e) sprintf("\"%s\": {\"lmarginal\": %s, \"probs\": %s}",
    e, one(fits[[e]]$lmarginal), one(fits[[e]]$probs))), collapse = ",\n"), "}}\n", sep = "")
