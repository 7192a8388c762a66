source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("share.csv")
k <- by_cluster(d, "school", "kscore", keep = "arm")
icc <- icc_anova(d$kscore, d$school, d$arm)
write_expected("lm(weights = n / (1 + (n - 1) icc)), icc by anova within arms",
               effect_of(lm(m ~ arm, k, weights = n / (1 + (n - 1) * icc)), "arm"))
