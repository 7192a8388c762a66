source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- awards(); X <- model.matrix(~ treated, d)
fit <- laplace(Bagrut_status ~ treated + (1 | school_id), d, binomial("probit"))
write_expected("glmmTMB (Laplace, probit), with Newton steps on its own gradient; risks by integrate()",
               marginal_numbers(fit, X, by_people(rep(1, nrow(d))), binomial("probit"), 32, "ratio"), packages = "glmmTMB")
