source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
d <- here_only("share.csv")
fit <- mixed(d$kscore, d$arm, d$school)
write_expected("lme4 REML, normal reference", numbers_of(fit, 0:1, "fixed", Inf), packages = versions)
