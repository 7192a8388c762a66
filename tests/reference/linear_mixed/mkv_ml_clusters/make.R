source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
d <- here_only("mkvtrial.csv")
fit <- mixed(d$know, d$arm, d$community, centred(factor(d$stratum), factor(d$agegp), d$ethnicgp), reml = FALSE)
write_expected("lme4 ML, t on 20 clusters - 4 parameters at cluster level", numbers_of(fit, 0:1, "fixed", 20 - 4), packages = versions)
