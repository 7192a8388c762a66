source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- awards()
fit <- laplace(Bagrut_status ~ treated + school_type + lagscore + (1 | school_id), d, binomial())
write_expected("glmmTMB (Laplace), with Newton steps on its own gradient from where it stops",
               conditional_numbers(fit, 30), packages = "glmmTMB")
