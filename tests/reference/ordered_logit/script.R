# Ordered logit of clubs of US states by MASS::polr: Rscript script.R > reference.json
suppressMessages({library(MASS); library(jsonlite)})
d <- read.csv("us.csv")
d$club <- ordered(d$club)
found <- list()
for (x in c("income", "income + other")) {
  fit <- polr(as.formula(paste("club ~", x)), data = d, Hess = TRUE, control = list(reltol = 1e-15, maxit = 1000))
  s <- coef(summary(fit))
  k <- length(coef(fit))
  found[[x]] <- list(coef = unname(coef(fit)), se = unname(s[1:k, 2]), zeta = unname(fit$zeta),
                     loglik = as.numeric(logLik(fit)), fitted = unname(fitted(fit)))
}
d$upper <- as.integer(d$club <= 2)
two <- glm(I(1 - upper) ~ income, family = binomial, data = d, control = glm.control(epsilon = 1e-14))
found$two <- list(coef = unname(coef(two)[2]), se = unname(sqrt(diag(vcov(two)))[2]), loglik = as.numeric(logLik(two)))
cat(toJSON(found, digits = 17, auto_unbox = TRUE))
