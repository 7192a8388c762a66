source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
d <- here_only("mkvtrial.csv")
fit <- mixed(d$know, d$arm, d$community, centred(factor(d$stratum), factor(d$agegp), d$ethnicgp))
write_expected("lme4 REML, lmerTest (Satterthwaite)", numbers_of(fit, 0:1, "satterthwaite"), packages = versions)
