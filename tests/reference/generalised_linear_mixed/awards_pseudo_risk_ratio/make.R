source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
source(file.path(case_folder, "..", "pseudo.R"))
d <- awards(); k <- cells(d, "Bagrut_status", c("treated", "school_type"), "school_id")
found <- rspl(model.matrix(~ treated + school_type, k), k$.y, k$.n, k$school_id, binomial())
p <- length(found$params); V <- matrix(0, p + 1, p + 1)
V[1:p, 1:p] <- found$vcov; V[p + 1, p + 1] <- found$var_variance / (2 * found$variance)^2
fit <- list(theta = c(found$params, log(found$variance) / 2), V = V)
X <- model.matrix(~ treated + school_type, d); n <- rep(1, nrow(d))
write_expected("restricted pseudo-likelihood by an R loop with full matrices, scale 1; risks by integrate(), schools weighted equally",
               marginal_numbers(fit, X, by_clusters(n, d$school_id), binomial(), 30, "ratio"))
