source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
d <- awards()
both <- tapply(d$treated, d$pair, function(v) length(unique(v)) == 2); d <- d[d$pair %in% names(which(both)), ]
fit <- mixed(d$Bagrut_status, d$treated, d$school_id, centred(factor(d$pair)))
write_expected("lme4 REML on the 15 complete pairs, pairs fixed; pbkrtest::vcovAdj and Lb_ddf", numbers_of(fit, 0:1, "kenward_roger"), packages = versions)
