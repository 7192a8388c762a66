source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- quarters("LNU")
est <- by_unit(d, function(one) {
  fit <- lm(y ~ time + step + ramp, one); rows <- one[one$time >= 0 & one$time <= 3, ]; w <- rows$denominator / sum(rows$denominator)
  g <- c(0, 0, 1, sum(w * rows$ramp)); c(sum(g * coef(fit)), c(g %*% vcov(fit) %*% g))
})
write_expected("lm by unit, metafor::rma(method = 'DL', test = 'z')", pooled(est, "DL", interval = "z"), packages = "metafor")
