# Growth of output per worker of US states weighted by employment: standard errors by the jackknife of states.
# Rscript script.R > reference.json
suppressMessages({library(plm); library(sandwich); library(clubSandwich); library(jsonlite)})
data("Produc", package = "plm")
Produc$level <- log(Produc$gsp / Produc$emp)
out <- list()
for (span in c(16, 4)) for (effects in c("none", "time")) {
  if (span == 16 && effects == "time") next
  starts <- seq(1970, 1986 - span, by = span)
  d <- do.call(rbind, lapply(starts, function(t) {
    a <- Produc[Produc$year == t, ]; b <- Produc[Produc$year == t + span, ]
    data.frame(state = a$state, start = t, growth = b$level - a$level, level = a$level, unemp = a$unemp,
               w = a$emp / mean(a$emp))
  }))
  f <- if (effects == "time") growth ~ level + unemp + factor(start) else growth ~ level + unemp
  for (weighted in c(TRUE, FALSE)) {
    d$own <- if (weighted) d$w else 1
    m <- lm(f, d, weights = own)
    club <- vcovCR(m, cluster = d$state, type = "CR3")
    sand <- vcovCL(m, cluster = d$state, type = "HC3", cadjust = FALSE)
    one <- list(span = span, effects = effects, weighted = weighted, coef = unname(coef(m)[2:3]),
                club = matrix(club[2:3, 2:3], 2), sandwich = matrix(sand[2:3, 2:3], 2))
    if (!weighted) {
      more <- update(m, . ~ . + w + w:level + w:unemp)
      k <- names(coef(more)); k <- k[grepl("w", k, fixed = TRUE) & k != "growth"]
      V <- vcovCR(more, cluster = d$state, type = "CR3")[k, k]; b <- coef(more)[k]
      one$wald <- drop(b %*% solve(V, b))
    }
    out[[length(out) + 1]] <- one
  }
}
cat(toJSON(list(versions = paste("R", getRversion(), "sandwich", packageVersion("sandwich"), "clubSandwich",
                                 packageVersion("clubSandwich")), fits = out), digits = NA, auto_unbox = TRUE))
