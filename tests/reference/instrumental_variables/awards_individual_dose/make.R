source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
others <- cbind(rep(1, nrow(d)))
fit <- two_stage(d$Bagrut_status, d$hours, d$treated, others)
write_expected("2SLS of pupils on hours of their school; vcovCR(type = 'CR2') for ivreg; synthetic hours",
               cace(fit, d$id), first_stage(d$hours, d$treated, others, d$id), packages = SOFTWARE)
