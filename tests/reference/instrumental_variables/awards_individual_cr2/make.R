source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
others <- cbind(1, d$lagscore, model.matrix(~ school_type, d)[, -1])
fit <- two_stage(d$Bagrut_status, d$received, d$treated, others)
write_expected("2SLS on pupils by matrices; clubSandwich::vcovCR(type = 'CR2') for ivreg by school; synthetic receipt",
               cace(fit, d$id), first_stage(d$received, d$treated, others, d$id), packages = SOFTWARE)
