## Regenerate reference.json: Rscript script.R
suppressMessages({library(strucchange); library(jsonlite)})
data("RealInt", package = "strucchange")
y <- as.numeric(RealInt); n <- length(y)
d <- data.frame(y = y[-1], lag = y[-n])
pack <- function(b) list(rss = as.numeric(sapply(0:4, function(k) breakpoints(b, breaks = k)$RSS)),
  at = lapply(1:4, function(k) as.numeric(breakpoints(b, breaks = k)$breakpoints)))
out <- list(y = y, mean = pack(breakpoints(y ~ 1, h = 15)), slope = pack(breakpoints(y ~ lag, data = d, h = 15)))
versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), strucchange = as.character(packageVersion("strucchange")))
write(toJSON(c(list(versions = versions), out), digits = 15, auto_unbox = TRUE), "reference.json")
