source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
suppressPackageStartupMessages(library(lmerTest))
d <- programme("NICU")
fit <- lmerTest::lmer(y ~ time + step + years + (step + years | unit), d, weights = denominator, control = lmerControl("bobyqa", optCtrl = list(maxfun = 1e5, rhoend = 1e-10), calc.derivs = TRUE))
one <- contest1D(fit, c(0, 0, 1, 0))
rows <- d[d$time >= 0 & d$time <= 11, ]; w <- rows$denominator / sum(rows$denominator)
G <- as.matrix(VarCorr(fit)$unit); s <- diag(c(1, 1, 1 / 12)); G <- s %*% G %*% s
find <- function(one) list(number("estimate.estimate", one$Estimate, 1e-6), number("estimate.std_error", one[["Std. Error"]], 1e-5), number("estimate.df", one$df, 1e-3))
window <- contest1D(fit, c(0, 0, 1, sum(w * rows$years)))
write_expected("lme4::lmer with lmerTest, weights = denominators",
  c(find(window), list(number("change.estimate[measure=level_change]", one$Estimate, 1e-6), number("change.std_error[measure=level_change]", one[["Std. Error"]], 1e-5), number("change.df[measure=level_change]", one$df, 1e-3)),
    variance_numbers(G, c("level", "step", "ramp"), rtol = 1e-3), list(number("fit.variance[term=residual]", sigma(fit)^2, 1e-5))), packages = c("lme4", "lmerTest"))
