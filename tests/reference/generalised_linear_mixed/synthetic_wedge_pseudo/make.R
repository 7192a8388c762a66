source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- wedge(); X <- model.matrix(~ treated + P + x, d)
fit <- rspl_of(X, d$events, d$n, list(d$cluster, as.integer(d$cp)), binomial())
write_expected("restricted pseudo-likelihood by an R loop with full matrices, scale 1; Kenward-Roger from its formulas",
  effect(fit$params[2], fit$kr_se[2], fit$kr_df[2], log = TRUE, rtol = 1e-6),
  list(variance_number("cluster", fit$variance[1]), variance_number("cluster_period", fit$variance[2])))
