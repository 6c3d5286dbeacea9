## Regenerate reference.json: run 'Rscript script.R' in this folder. Reads only the CSV files beside it.
suppressMessages(library(spdep))
## ---------------------------------------------------------------- helpers
options(digits = 17, warn = 1)
failures <- list()
warns <- list()
## evaluate, record error / warnings under `label`
run <- function(label, expr) {
  tryCatch(withCallingHandlers(expr,
      warning = function(w) { warns[[length(warns) + 1]] <<- list(call = label, message = conditionMessage(w))
                              invokeRestart("muffleWarning") }),
    error = function(e) { failures[[length(failures) + 1]] <<- list(call = label, message = conditionMessage(e))
                          message("FAILED ", label, ": ", conditionMessage(e))
                          list(error = conditionMessage(e)) })
}
js_str <- function(s) { s <- gsub("\\", "\\\\", s, fixed = TRUE); s <- gsub('"', '\\"', s, fixed = TRUE)
  s <- gsub("\n", "\\n", s, fixed = TRUE); s <- gsub("\t", "\\t", s, fixed = TRUE); paste0('"', s, '"') }
js_atom <- function(x) {
  if (is.factor(x)) x <- as.character(x)
  if (is.complex(x)) x <- Re(x)
  if (is.logical(x)) ifelse(is.na(x), "null", ifelse(x, "true", "false"))
  else if (is.numeric(x)) ifelse(is.finite(x), sprintf("%.17g", x), "null")
  else ifelse(is.na(x), "null", js_str(as.character(x)))
}
to_js <- function(x, ind = 0) {
  pad <- strrep(" ", ind + 1); end <- strrep(" ", ind)
  if (is.null(x)) return("null")
  if (is.data.frame(x)) x <- as.list(x)
  if (inherits(x, "Matrix")) x <- as.matrix(x)
  if (is.matrix(x)) {
    r <- vapply(seq_len(nrow(x)), function(i) paste0("[", paste(js_atom(as.vector(x[i, ])), collapse = ", "), "]"), "")
    return(paste0("[", paste(r, collapse = paste0(",\n", pad)), "]"))
  }
  nm <- names(x)
  if (is.list(x)) {
    if (length(x) == 0) return(if (is.null(nm)) "[]" else "{}")
    v <- vapply(x, to_js, "", ind = ind + 1)
    if (!is.null(nm)) return(paste0("{\n", paste0(pad, js_str(nm), ": ", v, collapse = ",\n"), "\n", end, "}"))
    return(paste0("[\n", paste0(pad, v, collapse = ",\n"), "\n", end, "]"))
  }
  a <- js_atom(x)
  if (!is.null(nm) && !anyNA(nm) && all(nzchar(nm)) && !anyDuplicated(nm))
    return(paste0("{", paste0(js_str(nm), ": ", a, collapse = ", "), "}"))
  if (length(a) == 1) return(a)
  paste0("[", paste(a, collapse = ", "), "]")
}
## named table -> list of rows, each a named vector
tab2list <- function(m) { m <- as.matrix(m); o <- lapply(seq_len(nrow(m)), function(i) setNames(as.vector(m[i, ]), colnames(m)))
  setNames(o, rownames(m)) }
htest <- function(h) list(statistic = as.numeric(h$statistic), statistic_name = names(h$statistic)[1],
  df = if (is.null(h$parameter)) NULL else as.numeric(h$parameter), p_value = as.numeric(h$p.value), method = h$method)
versions <- function(p) c(R = paste(R.version$major, R.version$minor, sep = "."),
  sapply(p, function(q) as.character(packageVersion(q))))
write_reference <- function(ref, file = "reference.json") {
  ref$failures <- failures; ref$warnings <- warns
  writeLines(to_js(ref), file)
}
read_W <- function(file = "weights.csv", n = NULL) {
  w <- read.csv(file, colClasses = c(i_name = "character", j_name = "character")); if (is.null(n)) n <- max(w$i, w$j)
  B <- matrix(0, n, n); B[cbind(w$i, w$j)] <- w$weight_binary
  R <- matrix(0, n, n); R[cbind(w$i, w$j)] <- w$weight_rowstd
  nm <- character(n); nm[w$i] <- w$i_name
  list(B = B, W = B / rowSums(B), W_file = R, names = nm, n = n)
}
## ---------------------------------------------------------------- ESDA
moran_block <- function(x, lw) {
  o <- list()
  for (r in c(TRUE, FALSE)) {
    g <- moran.test(x, lw, randomisation = r, alternative = "greater")
    t2 <- moran.test(x, lw, randomisation = r, alternative = "two.sided")
    o[[if (r) "randomisation" else "normality"]] <- list(I = as.numeric(g$estimate[1]), expectation = as.numeric(g$estimate[2]),
      variance = as.numeric(g$estimate[3]), z = as.numeric(g$statistic),
      p_one_sided_greater = as.numeric(g$p.value), p_two_sided = as.numeric(t2$p.value))
  }
  o
}
geary_block <- function(x, lw) {
  o <- list()
  for (r in c(TRUE, FALSE)) {
    g <- geary.test(x, lw, randomisation = r, alternative = "greater")
    t2 <- geary.test(x, lw, randomisation = r, alternative = "two.sided")
    o[[if (r) "randomisation" else "normality"]] <- list(C = as.numeric(g$estimate[1]), expectation = as.numeric(g$estimate[2]),
      variance = as.numeric(g$estimate[3]), z_spdep_sign = as.numeric(g$statistic),
      p_one_sided_positive_autocorrelation = as.numeric(g$p.value), p_two_sided = as.numeric(t2$p.value))
  }
  o
}
localG_block <- function(x, nb, names) {
  o <- list()
  for (star in c(FALSE, TRUE)) {
    lwb <- nb2listw(if (star) include.self(nb) else nb, style = "B")
    g <- localG(x, lwb, return_internals = TRUE); m <- attr(g, "internals")
    o[[if (star) "Gi_star" else "Gi"]] <- list(z = as.numeric(g), G = as.numeric(m[, 1]), expectation = as.numeric(m[, 2]), variance = as.numeric(m[, 3]),
      p_two_sided = as.numeric(m[, ncol(m)]), internals_columns = colnames(m))
  }
  o$names <- names; o
}
localmoran_block <- function(x, lw, names) {
  o <- list(names = names)
  for (cnd in c(TRUE, FALSE)) { m <- localmoran(x, lw, conditional = cnd, alternative = "two.sided")
    q <- attr(m, "quadr")
    o[[if (cnd) "conditional" else "total_randomisation"]] <- list(Ii = as.numeric(m[, 1]), expectation = as.numeric(m[, 2]),
      variance = as.numeric(m[, 3]), z = as.numeric(m[, 4]), p_two_sided = as.numeric(m[, 5]),
      quadrant_mean = if (is.null(q)) NULL else as.character(q$mean)) }
  o
}
## ---------------------------------------------------------------- us_income
W0 <- read_W(); lw <- mat2listw(W0$W, row.names = W0$names, style = "W"); nb <- mat2listw(W0$B, style = "B")$neighbours
dat <- read.csv("data.csv")
inc <- function(y) dat$income[dat$year == y][order(dat$id[dat$year == y])]
ref <- list(meta = list(dataset = "us_income", versions = versions("spdep"), n = 48))
yrs <- seq(1929, 2009, 10)
ref$moran_log_income <- setNames(lapply(yrs, function(y) moran_block(log(inc(y)), lw)), yrs)
ref$geary_log_income <- setNames(lapply(yrs, function(y) geary_block(log(inc(y)), lw)), yrs)
ref$localG_binary_log_income <- setNames(lapply(c(1929, 2009), function(y) localG_block(log(inc(y)), nb, W0$names)), c(1929, 2009))
ref$localG_binary_income <- setNames(lapply(c(1929, 2009), function(y) localG_block(inc(y), nb, W0$names)), c(1929, 2009))
ref$localmoran_log_income_2009 <- localmoran_block(log(inc(2009)), lw, W0$names)
write_reference(ref)
