source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- dickinson(); X <- model.matrix(~ arm, d); n <- rep(1, nrow(d))
start <- laplace(outcome ~ arm + (1 | county), d, binomial())
fit <- exact(start$theta, X, d$outcome, n, d$county, binomial())
write_expected("the likelihood by 75-node adaptive quadrature, maximised by differences; risks by integrate()",
               marginal_numbers(fit, X, by_clusters(n, d$county), binomial(), 14, "ratio"), packages = "glmmTMB")
