source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- quarters("LNU")
est <- by_unit(d, function(one) {
  fit <- glm(cbind(numerator, denominator - numerator) ~ time + step + ramp, quasibinomial, one, control = glm.control(epsilon = 1e-15, maxit = 200))
  c(coef(fit)[["step"]], vcov(fit)["step", "step"])
})
write_expected("glm(quasibinomial) by unit, metafor::rma(method = 'PM', test = 'knha')", pooled(est, "PM", TRUE), packages = "metafor")
