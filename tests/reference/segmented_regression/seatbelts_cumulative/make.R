source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- belts()
fit <- glm(killed_or_injured ~ time + step + ramp + season + offset(log(kms)), quasipoisson, d, control = glm.control(epsilon = 1e-15, maxit = 100))
X <- model.matrix(fit); b <- coef(fit); V <- vcov(fit)
rows <- which(d$time %in% 0:5); other <- X[rows, ]; other[, c("step", "ramp")] <- 0
up <- log_mean(X[rows, ], d$kms[rows], b); down <- log_mean(other, d$kms[rows], b); gradient <- up$slope - down$slope
write_expected("glm quasipoisson; sum of kms times the difference of rates by the delta method",
  effect(up$mean - down$mean, sqrt(c(gradient %*% V %*% gradient)), 177), packages = versions)
