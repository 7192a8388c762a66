source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
s <- schools(d, columns); others <- cbind(rep(1, nrow(s))); df <- nrow(s) - 2
fit <- two_stage(s$Bagrut_status, s$received, s$treated, others)
write_expected("2SLS on school means; vcovCR(type = 'CR1S'), t on schools - 2; synthetic receipt",
               cace(fit, s$id, "CR1S", df), first_stage(s$received, s$treated, others, s$id, type = "CR1S", df = df),
               packages = SOFTWARE)
