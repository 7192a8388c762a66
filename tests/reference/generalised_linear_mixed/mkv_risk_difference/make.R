source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- here_only("mkvtrial.csv"); for (f in c("stratum", "agegp", "ethnicgp")) d[[f]] <- factor(d[[f]])
X <- model.matrix(~ arm, d); n <- rep(1, nrow(d))
start <- laplace(know ~ arm + (1 | community), d, binomial())
fit <- exact(start$theta, X, d$know, n, d$community, binomial())
share <- by_clusters(n, d$community)
write_expected("the likelihood by 75-node adaptive quadrature, maximised by differences; risks by integrate()",
               c(marginal_numbers(fit, X, share, binomial(), 18, "difference"), spread_numbers(fit, X, share)),
               packages = "glmmTMB")
