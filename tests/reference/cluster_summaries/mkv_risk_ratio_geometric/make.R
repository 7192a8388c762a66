source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("mkvtrial.csv")
k <- by_cluster(d, "community", "know", keep = c("arm", "stratum"))
fit <- lm(log(m) ~ arm, k)
means <- lm(log(m) ~ 0 + factor(arm), k); v <- sqrt(diag(vcov(means)))
write_expected("lm(log(m) ~ arm) on cluster proportions", effect_of(fit, "arm", log = TRUE),
               arm_mean(0, coef(means)[1], v[1], 18, back = exp), arm_mean(1, coef(means)[2], v[2], 18, back = exp))
