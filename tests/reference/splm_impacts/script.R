## Makes the figures of reference.json; run it in this folder: Rscript script.R (it prints them).
suppressMessages({library(spdep); library(spatialreg); library(plm); library(splm); library(SDPDmod)})
options(digits = 17, warn = 1)
read_w <- function(file, n = 48) {
  w <- read.csv(file); B <- matrix(0, n, n); B[cbind(w$i, w$j)] <- w$weight_binary; B / rowSums(B)
}
munnell <- read.csv("../splm/munnell.csv"); Wm <- read_w("../splm/munnell_weights.csv")
income <- read.csv("../splm/us_income.csv"); Wi <- read_w("../splm/us_income_weights.csv")
states <- read.csv("cross_section.csv")
## ---------------------------------------------------------------- splm
imp_splm <- function(f, lw, T, seed = 20240101, R = 1000) { set.seed(seed); m <- impacts(f, listw = lw, time = T, R = R)
  r <- if (!is.null(m$res)) m$res else m; nm <- attr(m, "bnames"); s <- summary(m, zstats = TRUE, short = TRUE)
  list(direct = setNames(as.numeric(r$direct), nm), indirect = setNames(as.numeric(r$indirect), nm), total = setNames(as.numeric(r$total), nm),
    simulated = list(R = R, seed = seed, se_direct = setNames(as.numeric(s$semat[, 1]), nm), se_indirect = setNames(as.numeric(s$semat[, 2]), nm), se_total = setNames(as.numeric(s$semat[, 3]), nm))) }
exact <- function(beta, lam, W) { # average effects from the dense inverse
  n <- nrow(W); S <- solve(diag(n) - lam * W); tr <- sum(diag(S)) / n; tot <- sum(S) / n
  list(direct = beta * tr, indirect = beta * (tot - tr), total = beta * tot)
}
splm_models <- function(fm, d, W) {
  lw <- mat2listw(W, style = "W"); T <- nrow(d) / nrow(W); index <- c("id", "year"); out <- list()
  errors <- c(sar = "none", sarar = "b")
  for (effect in c("individual", "time", "twoways")) for (kind in names(errors)) {
    f <- spml(fm, data = d, index = index, listw = lw, model = "within", effect = effect, lag = TRUE,
              spatial.error = errors[[kind]], method = "eigen", quiet = TRUE)
    cf <- f$coefficients; beta <- cf[!(names(cf) %in% c("lambda", "rho"))]
    out[[paste("within", effect, kind, sep = "_")]] <-
      list(beta = beta, lag = cf[["lambda"]], series_to_30 = imp_splm(f, lw, T), vcov = as.matrix(f$vcov),
           exact = exact(beta, cf[["lambda"]], W))
  }
  ml <- list(pooling_sar = c("pooling", "none"), pooling_sarar = c("pooling", "b"), random_sar = c("random", "none"),
             random_sarar_b = c("random", "b"), random_sarar_kkp = c("random", "kkp"))
  for (lab in names(ml)) {
    f <- spml(fm, data = d, index = index, listw = lw, model = ml[[lab]][1], lag = TRUE, spatial.error = ml[[lab]][2], quiet = TRUE)
    out[[lab]] <- list(beta = f$coefficients, lag = as.numeric(f$arcoef), series_to_30 = imp_splm(f, lw, T))
  }
  out
}
production <- log(gsp) ~ log(pcap) + log(pc) + log(emp) + unemp
print(splm_models(production, munnell, Wm))
print(splm_models(growth ~ ln_initial, income, Wi))
## ---------------------------------------------------------------- spatialreg
pack_impacts <- function(f, lw, seed = 20240101, R = 1000) {
  e <- impacts(f, listw = lw); nm <- attr(e, "bnames")
  o <- list(exact = list(direct = setNames(as.numeric(e$direct), nm), indirect = setNames(as.numeric(e$indirect), nm), total = setNames(as.numeric(e$total), nm)))
  o$simulated <- { set.seed(seed); m <- impacts(f, listw = lw, R = R); s <- summary(m, zstats = TRUE, short = TRUE)
    list(note = "Monte Carlo standard errors: they depend on R's random numbers, match only to about 5 per cent", R = R, seed = seed,
      se_direct = setNames(as.numeric(s$semat[, 1]), nm), se_indirect = setNames(as.numeric(s$semat[, 2]), nm), se_total = setNames(as.numeric(s$semat[, 3]), nm)) }
  o
}
cross_section <- function(fm) {
  lw <- mat2listw(Wi, style = "W")
  for (durbin in c(FALSE, TRUE)) {
    f <- lagsarlm(fm, states, lw, Durbin = durbin, method = "eigen")
    print(list(beta = f$coefficients, rho = f$rho, sigma2 = f$s2, vcov = f$resvar, impacts = pack_impacts(f, lw)))
  }
}
cross_section(growth ~ ln_initial)
cross_section(growth ~ ln_initial + south)
## ---------------------------------------------------------------- SDPDmod
sdpd_point_impacts <- function(b, rho, W, model, dyn, tl, stl) { # exact impacts at given estimates
  n <- nrow(W); b <- unname(b); tau <- 0; eta <- 0; k0 <- 0
  if (dyn) { if (tl) { k0 <- k0 + 1; tau <- b[k0] }; if (stl) { k0 <- k0 + 1; eta <- b[k0] } }
  bx <- if (k0) b[-seq_len(k0)] else b; px <- if (model == "sdm") length(bx) / 2 else length(bx)
  th <- if (model == "sdm") bx[px + seq_len(px)] else rep(0, px)
  eff <- function(S) { o <- lapply(seq_len(px), function(p) { M <- S %*% (diag(bx[p], n) + th[p] * W); c(direct = sum(diag(M)) / n, total = sum(M) / n) })
    list(direct = sapply(o, `[[`, "direct"), indirect = sapply(o, function(z) z[["total"]] - z[["direct"]]), total = sapply(o, `[[`, "total")) }
  if (!dyn) return(eff(solve(diag(n) - rho * W)))
  list(short_term = eff(solve(diag(n) - rho * W)), long_term = eff(solve((1 - tau) * diag(n) - (rho + eta) * W)))
}
## The same SDPDm() code with three numerical accidents of SDPDmod 0.0.5 switched off for this R session only:
##  (1) log-determinant taken by spline from the 0.001 grid instead of the nearest grid value,
##  (2) optimize() tolerance 1e-10 instead of 1.2e-4,
##  (3) Matrix::nearPD(SIG) replaced by SIG itself (nearPD distorts the badly scaled information matrix).
sdpd_patch <- function() {
  set <- function(nm, val, env) { if (bindingIsLocked(nm, env)) unlockBinding(nm, env); assign(nm, val, envir = env) }
  ns <- asNamespace("SDPDmod"); imp <- parent.env(ns)
  ldi <- function(rho, detval) splinefun(detval[, 1], detval[, 2], method = "natural")(rho)
  fit <- function(rho, b, y, Z, Wy, detval, n, t, s2) { e <- as.vector(y - Z %*% b - rho * Wy); -(n * t / 2) * log(2 * pi * s2) + t * ldi(rho, detval) - sum(e^2) / (2 * s2) }
  set("f_sar", function(rho, detval, epeo, eped, epeod, n, t, dynamic) { zz <- epeo - 2 * rho * epeod + rho^2 * eped; if (dynamic) zz <- zz / (n * t); (n * t / 2) * log(zz) - t * ldi(rho, detval) }, ns)
  set("f2_sar", function(rho, bhat, y, Z, Wy, detval, n, t, sige) fit(rho, bhat, y, Z, Wy, detval, n, t, sige), ns)
  dm <- get("demean", ns)
  mk <- function(eff) function(rho, bhat, y0, Z0, detval, n0, t0, sige, sind0, tind0, Wy0) { r <- dm(y0, x = cbind(Wy0, Z0), N = n0, t = t0, effect = eff, sind = sind0, tind = tind0)
    fit(rho, bhat, r$yw, r$xw[, -1, drop = FALSE], r$xw[, 1], detval, n0, t0, sige) }
  set("f2_sar2", mk("twoways"), ns); set("f2_sar_dyn", mk("individual"), ns)
  set("optimize", function(...) stats::optimize(..., tol = 1e-10), imp)
  set("nearPD", function(x, ...) list(mat = x), asNamespace("Matrix"))
}
sdpd_patch()
for (m in c("sar", "sdm")) for (eff in c("individual", "time", "twoways")) {
  cfg <- list(static = list(dynamic = FALSE, LYtrans = FALSE, demn = FALSE), static_LYtrans_nodemn = list(dynamic = FALSE, LYtrans = TRUE, demn = FALSE), static_LYtrans_demn = list(dynamic = FALSE, LYtrans = TRUE, demn = TRUE),
    dynamic_tl_stl = list(dynamic = TRUE, stl = TRUE, LYtrans = FALSE), dynamic_tl_stl_LYtrans = list(dynamic = TRUE, stl = TRUE, LYtrans = TRUE),
    dynamic_tl = list(dynamic = TRUE, stl = FALSE, LYtrans = FALSE), dynamic_tl_LYtrans = list(dynamic = TRUE, stl = FALSE, LYtrans = TRUE))
  for (cn in names(cfg)) {
    k <- cfg[[cn]]
    a <- list(formula = production, data = munnell, W = Wm, index = c("id", "year"), model = m, effect = eff, dynamic = k$dynamic, LYtrans = k$LYtrans)
    if (k$dynamic) a$tlaginfo <- list(ind = NULL, tl = TRUE, stl = k$stl) else a$demn <- k$demn
    f <- do.call(SDPDm, a); stl <- isTRUE(f$tlaginfo$stl)
    at <- function(b, rho) list(coef = b, rho = rho, impacts = sdpd_point_impacts(as.numeric(b), as.numeric(rho), Wm, m, k$dynamic, k$dynamic, stl))
    print(paste(m, eff, cn, sep = "_")); print(at(f$coefficients, f$rho))
    if (!is.null(f$coefficients1)) print(list(bias_corrected = at(f$coefficients1, f$rho1)))
  }
}
