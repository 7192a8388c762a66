source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- wedge(); d$C <- periods_of(d, "period")
fit <- tight_fit(y ~ treated + C + (1 | cluster), d, reml = FALSE); b <- fixef(fit)[[2]]; se <- sqrt(vcov(fit)[2, 2])
held <- function(value) {  # -2 log likelihood with the effect held
  d$rest <- d$y - value * d$treated
  -2 * as.numeric(logLik(tight_fit(rest ~ C + (1 | cluster), d, reml = FALSE)))
}
best <- -2 * as.numeric(logLik(fit)); drop <- function(value) held(value) - best - qchisq(0.95, 1)
low <- uniroot(drop, b - c(3.5, 1) * se, tol = 1e-10)$root; high <- uniroot(drop, b + c(1, 3.5) * se, tol = 1e-10)$root
ratio <- held(0) - best
write_expected("synthetic stepped wedge; lme4 ML, likelihood ratio and profile by refitting with the effect held",
  list(number("estimate.estimate", b, rtol), number("estimate.std_error", se, rtol), number("estimate.statistic", sign(b) * sqrt(ratio), 10 * rtol),
       number("estimate.p_value", pchisq(ratio, 1, lower.tail = FALSE), 100 * rtol), number("estimate.conf_low", low, 10 * rtol),
       number("estimate.conf_high", high, 10 * rtol), number("fit.log_likelihood", -best / 2, 1e-9)), packages = versions)
