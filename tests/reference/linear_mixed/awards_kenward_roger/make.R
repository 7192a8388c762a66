source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
d <- awards()

fit <- mixed(d$Bagrut_status, d$treated, d$school_id, centred(d$school_type))
write_expected("lme4 REML, pbkrtest::vcovAdj and Lb_ddf", numbers_of(fit, 0:1, "kenward_roger"), packages = versions)
