source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("share.csv")
k <- by_cluster(d, "school", "kscore", keep = "arm")
t <- t.test(k$m[k$arm == 1], k$m[k$arm == 0], var.equal = TRUE)
out <- effect(t$estimate[[1]] - t$estimate[[2]], t$stderr, t$parameter[[1]])
fit <- lm(m ~ 0 + factor(arm), k); v <- sqrt(diag(vcov(fit)))
arms <- c(arm_mean(0, coef(fit)[1], v[1], df.residual(fit)), arm_mean(1, coef(fit)[2], v[2], df.residual(fit)))
overall <- icc_anova(d$kscore, d$school); n <- as.vector(table(d$school)); ours <- icc_anova(d$kscore, d$school, d$arm)
why <- "their correlation takes all clusters as one group, so the effect of the arms counts as variation between clusters; ours is pooled within arms"
other <- c(differs("icc.icc", overall, ours, why),
           differs("icc.design_effect", 1 + (sum(n^2) / sum(n) - 1) * overall, 1 + (sum(n^2) / sum(n) - 1) * ours, why))
write_expected("t.test(var.equal = TRUE) on cluster means; anova for the correlation",
               out, arms, icc_numbers(d$kscore, d$school, d$arm), other)
