source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- california()
X <- with(d, cbind(1, time, step, ramp))
suppressPackageStartupMessages(library(numDeriv))
Z <- X[-1, -1] - X[-31, -1]; y <- diff(d$packs)
fit <- arima(y, c(0, 0, 1), xreg = Z, include.mean = FALSE, optim.control = list(reltol = 1e-16))
like <- function(par) {
  L <- chol(par[5]^2 * toeplitz(c(1 + par[1]^2, par[1], rep(0, 28)))); e <- backsolve(L, y - Z %*% par[2:4], transpose = TRUE)
  -sum(log(diag(L))) - 0.5 * sum(e^2)
}
par <- c(coef(fit), sqrt(fit$sigma2)); small <- list(d = 0.02)
for (i in 1:4) par <- par - solve(hessian(like, par, method.args = small), grad(like, par, method.args = small))
V <- solve(-hessian(like, par, method.args = small))
write_expected("MA(1) errors of first differences, likelihood written out, Hessian by numDeriv",
  normal_effect(par[[3]], sqrt(V[3, 3]), 1e-5), packages = c(versions, "numDeriv"))
