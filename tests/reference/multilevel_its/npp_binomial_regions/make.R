source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- programme("NICU")
at <- at_optimum(cbind(numerator, denominator - numerator) ~ time + step + years + (step | unit) + (1 | region), d)
se <- sqrt(diag(at$V))
write_expected("glmmTMB at its optimum, two groupings",
  c(t_effect(at$par[[3]], se[3], nlevels(d$unit) - 1, TRUE),
    variance_numbers(covariance_of(at$par[5:7], 2), c("level", "step")),
    variance_numbers(matrix(exp(2 * at$par[[8]])), "level", "region")), packages = c("glmmTMB", "numDeriv"))
