source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("mkvtrial.csv")
k <- by_cluster(d, "community", "know", keep = c("arm", "stratum"))
k$age2 <- cluster_means(d$agegp == 2, d$community); k$age3 <- cluster_means(d$agegp == 3, d$community)
k$ethnic <- cluster_means(d$ethnicgp, d$community)
fit <- lm(m ~ arm + factor(stratum) + age2 + age3 + ethnic, k)
C <- sweep(model.matrix(fit)[, -(1:2)], 2, colMeans(model.matrix(fit)[, -(1:2)]))
means <- lm(m ~ 0 + factor(arm) + C, k); v <- sqrt(diag(vcov(means)))
write_expected("lm on community proportions, covariates as community means; arm means at average covariates", effect_of(fit, "arm"),
               arm_mean(0, coef(means)[1], v[1], df.residual(fit)), arm_mean(1, coef(means)[2], v[2], df.residual(fit)),
               list(number("fit.largest_leverage", max(hatvalues(fit)))))
