source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
d <- here_only("share.csv")
fit <- mixed(d$kscore, d$arm, d$school, centred(d$sex))
write_expected("lme4 REML, lmerTest (Satterthwaite)", numbers_of(fit, 0:1, "satterthwaite"), packages = versions)
