source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
suppressPackageStartupMessages(library(nlme))
d <- programme("NICU"); d$inverse <- 1 / d$denominator
fit <- lme(y ~ time + step + years, d, random = ~ step | unit, correlation = corAR1(0.05, form = ~ period | unit), weights = varFixed(~ inverse), control = lmeControl(maxIter = 500, msMaxIter = 500, tolerance = 1e-12, msTol = 1e-13, niterEM = 100, returnObject = TRUE))
b <- fixef(fit)[["step"]]; se <- sqrt(vcov(fit)["step", "step"]); half <- qnorm(0.975) * se
write_expected("nlme::lme with corAR1 and varFixed",
  list(number("estimate.estimate", b, 1e-5), number("estimate.std_error", se, 1e-5), number("estimate.conf_low", b - half, 1e-5), number("estimate.conf_high", b + half, 1e-5),
       number("diagnostic.phi", coef(fit$modelStruct$corStruct, unconstrained = FALSE)[[1]], 1e-3), number("fit.log_likelihood", c(logLik(fit)) - log(12), 1e-8), number("fit.variance[term=residual]", fit$sigma^2, 1e-5)), packages = "nlme")
