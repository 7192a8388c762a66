source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
suppressPackageStartupMessages(library(nlme))
d <- regions(); n <- nrow(d); X <- cbind(1, d$arm); same <- outer(d$unit, d$unit, "==")
theirs <- nlme::lme(y ~ arm, random = ~ 1 | unit, weights = varIdent(form = ~ 1 | arm), data = d,
                    control = lmeControl(opt = "optim", msTol = 1e-14, tolerance = 1e-12, reltol = 1e-14, maxIter = 200))
df <- theirs$fixDF$X[["arm"]]  # clusters - 2; nlme gives the intercept that of people
deviance_of <- function(q) {  # nlme's optimum, taken on to the root of the slope
  V <- exp(q[1]) * same + diag(ifelse(d$arm == 1, exp(q[3]), exp(q[2]))); R <- chol(V)
  W <- backsolve(R, cbind(X, d$y), transpose = TRUE); Q <- qr(W[, 1:2]); r <- qr.resid(Q, W[, 3])
  (n - 2) * log(2 * pi) + 2 * sum(log(diag(R))) + 2 * sum(log(abs(diag(qr.R(Q))))) + sum(r^2)
}
ratio <- coef(theirs$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)[c("0", "1")]
q <- c(log(as.numeric(VarCorr(theirs)[1, 1])), 2 * log(theirs$sigma * ratio))
stopifnot(abs(deviance_of(q) + 2 * as.numeric(logLik(theirs))) < 1e-6)
for (step in 1:6) q <- q - solve(numDeriv::hessian(deviance_of, q), numDeriv::grad(deviance_of, q))
V <- exp(q[1]) * same + diag(ifelse(d$arm == 1, exp(q[3]), exp(q[2]))); C <- solve(t(X) %*% solve(V, X)); b <- C %*% t(X) %*% solve(V, d$y)
means <- c(arm_mean(0, b[1], sqrt(C[1, 1]), df), arm_mean(1, b[1] + b[2], sqrt(sum(C)), df))
for (i in seq_along(means)) means[[i]]$rtol <- 10 * rtol
write_expected("synthetic parallel trial, a residual variance an arm; nlme::lme with varIdent, REML, and its df for the arm",
  effect(b[2], sqrt(C[2, 2]), df, rtol = 10 * rtol), means, list(number("fit.log_likelihood", -deviance_of(q) / 2, 1e-9), number("fit.variance_between", exp(q[1]), 20 * rtol)),
  term_variance("variance", "residual: 0", exp(q[2])), term_variance("variance", "residual: 1", exp(q[3])),
  list(number("icc.icc_model[arm=0]", 1 / (1 + exp(q[2] - q[1])), 20 * rtol), number("icc.icc_model[arm=1]", 1 / (1 + exp(q[3] - q[1])), 20 * rtol)),
  packages = "nlme")
