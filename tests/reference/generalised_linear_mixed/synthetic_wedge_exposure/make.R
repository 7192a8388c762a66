source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- wedge(); df <- length(unique(d$cluster)) - 2; d$E <- factor(d$exposure)
fit <- laplace_of(cbind(events, n - events) ~ E + P + x + (1 | cluster), d, binomial())
X <- model.matrix(~ E + P + x, d); share <- d$n * (d$period > 1) / sum(d$n * (d$period > 1)); s <- grep("^E", colnames(X))
variance <- function(t) exp(2 * t[fit$spread])
at <- function(e) { Z <- X; Z[, s] <- 0; if (e) Z[, s[e]] <- 1; mean_of(Z, share, "logit", fit, variance) }
p0 <- at(0); each <- lapply(seq_along(s), at); p1 <- function(t) mean(vapply(each, function(p) p(t), 0))
by_time <- lapply(seq_along(s), function(e) quantity(function(t) log(each[[e]](t)) - log(p0(t)), fit, df, "risk_ratio",
                                                     paste0("1 / 0, exposure time ", e), exp))
rows <- diag(length(fit$theta))[2:5, ]; b <- rows %*% fit$theta; F <- sum(b * solve(rows %*% fit$V %*% t(rows), b)) / 4
write_expected("glmmTMB (Laplace), with Newton steps on its own gradient; risks at each exposure time by integrate()",
  asked(function(t) log(p1(t)) - log(p0(t)), fit, df, log = TRUE), means_asked(p0, p1, fit, df), log_likelihood(fit),
  do.call(c, by_time), list(number("joint_test.statistic[test=exposure times all zero]", F, 1e-5),
                            number("joint_test.p_value[test=exposure times all zero]", pf(F, 4, df, lower.tail = FALSE), 1e-5)),
  packages = "glmmTMB")
