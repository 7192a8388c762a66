source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
others <- cbind(1, d$lagscore); df <- length(unique(d$id)) - 3
fit <- two_stage(d$Bagrut_status, d$received, d$treated, others)
write_expected("2SLS on pupils; vcovCR(type = 'CR0') by school, t on schools - 3; synthetic receipt",
               cace(fit, d$id, "CR0", df), first_stage(d$received, d$treated, others, d$id, type = "CR0", df = df),
               packages = SOFTWARE)
