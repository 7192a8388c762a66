source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
d <- here_only("mkvtrial.csv")
fit <- mixed(d$know, d$arm, d$community, centred(factor(d$stratum), factor(d$agegp), d$ethnicgp))
write_expected("lme4 REML, pbkrtest::vcovAdj and Lb_ddf", numbers_of(fit, 0:1, "kenward_roger"), packages = versions)
