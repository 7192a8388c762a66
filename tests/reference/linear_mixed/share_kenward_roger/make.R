source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
d <- here_only("share.csv")
fit <- mixed(d$kscore, d$arm, d$school)
write_expected("lme4 REML, pbkrtest::vcovAdj and Lb_ddf", numbers_of(fit, 0:1, "kenward_roger"), packages = versions)
