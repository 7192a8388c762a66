source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- wedge(); df <- length(unique(d$cluster)) - 2
fit <- laplace_of(cbind(events, n - events) ~ treated + P + x + offset(shift) + (1 | cluster), d, binomial())
p <- fit$theta[2]; se <- sqrt(fit$V[2, 2])
write_expected("glmmTMB (Laplace, offset), with Newton steps on its own gradient",
  effect(p, se, df, log = TRUE, rtol = 1e-6), log_likelihood(fit), packages = "glmmTMB")
