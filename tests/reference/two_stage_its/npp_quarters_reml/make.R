source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- quarters("NICU")
est <- by_unit(d, function(one) {
  fit <- lm(y ~ time + step + ramp, one)
  c(coef(fit)[["step"]], NeweyWest(fit, lag = 2, prewhite = FALSE, adjust = TRUE)["step", "step"])
})
write_expected("lm with sandwich::NeweyWest by unit, metafor::rma(method = 'REML', test = 'knha')", pooled(est, "REML"), packages = c("metafor", "sandwich"))
