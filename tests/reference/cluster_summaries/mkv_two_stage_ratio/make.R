source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("mkvtrial.csv")
k <- by_cluster(d, "community", "know", keep = c("arm", "stratum"))
e <- expected_totals(know ~ factor(agegp) + factor(ethnicgp) + factor(stratum), binomial, d, "community")
k$r <- log(k$y / e)
fit <- lm(r ~ arm + factor(stratum), k)
plain <- t.test(k$r[k$arm == 1], k$r[k$arm == 0], var.equal = TRUE)
why <- "they run an unstratified t-test on residuals of a stage one with strata, with 18 df; by our rule strata are in both stages and cost df (clusters - 1 - strata = 16)"
fits <- summary(fit)$coefficients["arm", ]
write_expected("glm without arm, then lm(log(observed / expected) ~ arm + stratum); t.test without strata for the known difference",
               effect_of(fit, "arm", log = TRUE),
               differs("estimate.df", plain$parameter, 16, why), differs("estimate.statistic", plain$statistic, fits[[3]], why),
               differs("estimate.p_value", plain$p.value, fits[[4]], why))
