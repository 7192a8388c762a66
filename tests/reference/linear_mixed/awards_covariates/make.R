source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
d <- awards()

fit <- mixed(d$Bagrut_status, d$treated, d$school_id, centred(d$school_type, d$lagscore, d$father_ed))
write_expected("lme4 REML, lmerTest (Satterthwaite)", numbers_of(fit, 0:1, "satterthwaite"), packages = versions)
