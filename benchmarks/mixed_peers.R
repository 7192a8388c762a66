# Times of lme4 and pbkrtest on the files named, one row a fit: task, data, median seconds, log likelihood, estimate, SE.
#   Rscript benchmarks/mixed_peers.R folder d1 d2 ...
suppressPackageStartupMessages({library(lme4); library(pbkrtest)})
args <- commandArgs(trailingOnly = TRUE)
timed <- function(f, limit = 20, most = 5) {
  times <- c(); repeat { t <- system.time(out <- f())[["elapsed"]]; times <- c(times, t)
    if (length(times) >= most || sum(times) > limit) return(list(median(times), out)) }
}
line <- function(task, data, seconds, fit, term) {
  cat(sprintf("%s,%s,%.6f,%.6f,%.9f,%.9f\n", task, data, seconds, as.numeric(logLik(fit)), fixef(fit)[[term]],
              sqrt(vcov(fit)[term, term])))
}
for (name in args[-1]) {
  d <- read.csv(file.path(args[1], paste0(name, ".csv")))
  if (name == "inst") {
    d$s <- factor(d$s); d$d <- factor(d$d)
    r <- timed(function() lmer(y ~ service + (1 | s) + (1 | d), d)); line("crossed", name, r[[1]], r[[2]], "service")
    next
  }
  r <- timed(function() lmer(y ~ trt + per + x1 + x2 + (1 | cl), d)); line("reml", name, r[[1]], r[[2]], "trt")
  if (nrow(d) < 6000) { k <- timed(function() vcovAdj(r[[2]])); line("kenward_roger", name, k[[1]], r[[2]], "trt") }
}
