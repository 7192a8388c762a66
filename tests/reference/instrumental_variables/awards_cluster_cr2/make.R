source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
s <- schools(d, columns); others <- cbind(1, s$lagscore)
fit <- two_stage(s$Bagrut_status, s$received, s$treated, others)
write_expected("2SLS on school means by matrices; clubSandwich::vcovCR(type = 'CR2') for ivreg; synthetic receipt",
               cace(fit, s$id), first_stage(s$received, s$treated, others, s$id), packages = SOFTWARE)
