source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- awards(); X <- model.matrix(~ treated + school_type, d); n <- rep(1, nrow(d)); y <- d$Bagrut_status
start <- laplace(Bagrut_status ~ treated + school_type + (1 | school_id), d, binomial())
fit <- exact(start$theta, X, y, n, d$school_id, binomial(), count = 7)
share <- by_people(n)
write_expected("the likelihood by 7-node adaptive quadrature, maximised by differences; risks by integrate()",
               c(marginal_numbers(fit, X, share, binomial(), 30, "difference"), spread_numbers(fit, X, share)),
               packages = "glmmTMB")
