source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- wedge(); X <- cbind(1, d$treated, periods_of(d, "period")); y <- d$y; n <- nrow(d); p <- ncol(X)
same <- outer(d$cluster, d$cluster, "=="); apart <- abs(outer(d$period, d$period, "-"))
deviance_of <- function(q) {  # logs of the variances, logit of the decay
  V <- exp(q[1]) * same * plogis(q[2])^apart + exp(q[3]) * diag(n); R <- chol(V)
  W <- backsolve(R, cbind(X, y), transpose = TRUE); Q <- qr(W[, 1:p]); r <- qr.resid(Q, W[, p + 1])
  (n - p) * log(2 * pi) + 2 * sum(log(diag(R))) + 2 * sum(log(abs(diag(qr.R(Q))))) + sum(r^2)
}
q <- optim(c(-1, 1, 0), deviance_of, method = "BFGS", control = list(reltol = 1e-14, maxit = 500))$par
for (step in 1:8) q <- q - solve(numDeriv::hessian(deviance_of, q), numDeriv::grad(deviance_of, q))
tau2 <- exp(q[1]); r <- plogis(q[2]); s2 <- exp(q[3])
V <- tau2 * same * r^apart + s2 * diag(n); C <- solve(t(X) %*% solve(V, X)); b <- C %*% t(X) %*% solve(V, y)
dV <- list(same * r^apart, tau2 * same * ifelse(apart > 0, apart * r^(apart - 1), 0), diag(n))
cov <- information_inverse(X, V, dV)
logit <- function(name, p, gradient) {
  se <- sqrt(sum(gradient * (cov %*% gradient))) / (p * (1 - p)); half <- qnorm(0.975) * se
  at <- function(stat) sub("STAT", stat, name)
  list(number(at("estimate"), p, 10 * rtol), number(at("std_error"), se, 100 * rtol),
       number(at("conf_low"), plogis(qlogis(p) - half), 100 * rtol), number(at("conf_high"), plogis(qlogis(p) + half), 100 * rtol))
}
icc <- tau2 / (tau2 + s2); slope <- c(s2, 0, -tau2) / (tau2 + s2)^2
means <- list(c(b[1], sqrt(C[1, 1])), c(b[1] + b[2], sqrt(C[1, 1] + C[2, 2] + 2 * C[1, 2])))
numbers <- c(Filter(function(one) is.finite(one$value), effect(b[2], sqrt(C[2, 2]), Inf, rtol = rtol)),
             arm_mean(0, means[[1]][1], means[[1]][2], Inf), arm_mean(1, means[[2]][1], means[[2]][2], Inf))
for (i in seq_along(numbers)) numbers[[i]]$rtol <- 10 * rtol
write_expected("synthetic stepped wedge, correlation decaying over periods; generalised least squares and REML by n by n algebra",
  numbers, list(number("fit.log_likelihood", -deviance_of(q) / 2, 1e-9), number("fit.variance_within", s2, 20 * rtol)),
  term_variance("variance", "cluster_period", tau2), term_variance("decay", "cluster_period", r),
  logit("icc.STAT[measure=icc_within_period]", icc, slope), logit("icc.STAT[measure=cluster_autocorrelation]", r, c(0, 1, 0)),
  logit("icc.STAT[measure=icc_between_periods]", r * icc, r * slope + c(0, icc, 0)))
