source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- subset(here_only("nhs_ae_attendances.csv"), type == "1")
d <- aggregate(cbind(breaches, attendances) ~ period, d, sum); d <- d[order(d$period), ]
d$k <- seq_len(nrow(d)); start <- which(d$period == "2018-10-01"); d$time <- d$k - start
d$step <- as.numeric(d$time >= 0); d$ramp <- pmax(d$time, 0); m <- as.integer(substr(d$period, 6, 7))
for (j in 1:2) { d[[paste0("s", j)]] <- sin(2 * pi * j * m / 12); d[[paste0("c", j)]] <- cos(2 * pi * j * m / 12) }
fit <- glm(cbind(breaches, attendances - breaches) ~ time + step + ramp + s1 + c1 + s2 + c2, quasibinomial, d, control = glm.control(epsilon = 1e-15, maxit = 100))
V <- NeweyWest(fit, lag = floor(4 * (nrow(d) / 100)^(2 / 9)), prewhite = FALSE, adjust = TRUE)
write_expected("glm quasibinomial, sandwich::NeweyWest (rule of thumb, adjusted)",
  c(effect(coef(fit)[["step"]], sqrt(V["step", "step"]), nrow(d) - 8, log = TRUE), list(number("fit.dispersion", summary(fit)$dispersion))), packages = versions)
