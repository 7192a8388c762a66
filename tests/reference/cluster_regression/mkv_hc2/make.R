source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
suppressPackageStartupMessages(library(sandwich))
d <- here_only("mkvtrial.csv")
k <- by_cluster(d, "community", "know", keep = c("arm", "stratum"))
k$age2 <- cluster_means(d$agegp == 2, d$community); k$age3 <- cluster_means(d$agegp == 3, d$community)
k$ethnic <- cluster_means(d$ethnicgp, d$community)
fit <- lm(m ~ arm + factor(stratum) + age2 + age3 + ethnic, k)
write_expected("sandwich::vcovHC(type = 'HC2')", effect_of(fit, "arm", vcov = vcovHC(fit, "HC2")),
               packages = "sandwich")
