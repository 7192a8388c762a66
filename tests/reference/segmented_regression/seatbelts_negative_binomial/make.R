source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- belts()
fit <- glm.nb(killed_or_injured ~ time + step + ramp + season + offset(log(kms)), d, control = glm.control(epsilon = 1e-15, maxit = 200))
V <- NeweyWest(fit, lag = 3, prewhite = FALSE, adjust = TRUE)
write_expected("MASS::glm.nb, sandwich::NeweyWest (lag 3, adjusted)",
  c(effect(coef(fit)[["step"]], sqrt(V["step", "step"]), 177, log = TRUE, rtol = 1e-8), list(number("fit.shape", fit$theta, 1e-7))), packages = versions)
