source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- sales(); d <- d[order(d$area == "California", d$year), ]
d$z <- as.numeric(d$area == "California"); d$time <- d$year - 1989; d$step <- as.numeric(d$time >= 0); d$ramp <- pmax(d$time, 0)
X <- with(d, cbind(1, time, z, z * time, step, ramp, z * step, z * ramp))
fit <- prais(X, d$packs, d$area)
write_expected("Prais-Winsten by a loop, one autocorrelation of two series", linear_effect(fit$b, fit$V, c(0, 0, 0, 0, 0, 0, 0, 1), 54), packages = versions)
