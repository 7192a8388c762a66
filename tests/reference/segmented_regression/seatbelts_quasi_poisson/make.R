source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- belts()
fit <- glm(killed_or_injured ~ time + step + ramp + season + offset(log(kms)), quasipoisson, d, control = glm.control(epsilon = 1e-15, maxit = 100))
V <- NeweyWest(fit, lag = 12, prewhite = FALSE, adjust = TRUE); X <- model.matrix(fit); b <- coef(fit)
rows <- which(d$time %in% 0:11); w <- d$kms[rows] / sum(d$kms[rows]); other <- X[rows, ]; other[, c("step", "ramp")] <- 0
write_expected("glm quasipoisson, sandwich::NeweyWest (lag 12, adjusted); log ratio of means by the delta method",
  log_ratio(b, V, log_mean(X[rows, ], w, b), log_mean(other, w, b), 177), packages = versions)
