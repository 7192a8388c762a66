source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("mkvtrial.csv")
k <- by_cluster(d, "community", "know", keep = c("arm", "stratum"))
fit <- lm(m ~ arm + factor(stratum), k)
S <- scale(model.matrix(~ factor(stratum), k)[, -1], scale = FALSE)
means <- lm(m ~ 0 + factor(arm) + S, k); v <- sqrt(diag(vcov(means)))
write_expected("lm(m ~ arm + stratum) on cluster proportions; arm means with centred strata", effect_of(fit, "arm"),
               arm_mean(0, coef(means)[1], v[1], df.residual(fit)), arm_mean(1, coef(means)[2], v[2], df.residual(fit)))
