source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("mkvtrial.csv")
k <- by_cluster(d, "community", "know", keep = c("arm", "stratum"))
# arm means of a stratified, weighted model; then summaries relative to them, whose difference is that of the log ratio
S <- model.matrix(~ factor(stratum), k)[, -1]
S <- sweep(S, 2, apply(S, 2, weighted.mean, w = k$n))
b <- coef(lm(m ~ 0 + factor(arm) + S, k, weights = n))[1:2]
k$z <- k$m / b[k$arm + 1]
fit <- lm(z ~ arm + factor(stratum), k, weights = n)
write_expected("variance of lm(m / arm mean ~ arm + stratum, weights = n), own R",
               effect(log(b[2] / b[1]), sqrt(vcov(fit)["arm", "arm"]), df.residual(fit), log = TRUE))
