source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- california()
X <- with(d, cbind(1, time, step, ramp))
fit <- prais(X, d$packs)
row <- X[d$time == 5, , drop = FALSE]; other <- row; other[, 3:4] <- 0
write_expected("Prais-Winsten by a loop; log ratio by the delta method",
  log_ratio(fit$b, fit$V, identity_mean(row, 1, fit$b), identity_mean(other, 1, fit$b), 27), packages = versions)
