source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- california()
d <- d[!(d$time %in% -1:1), ]
X <- with(d, cbind(1, time, step, ramp))
fit <- gls(packs ~ time + step + ramp, d, corCAR1(0.9, form = ~ time), control = glsControl(tolerance = 1e-12, msTol = 1e-12))
rho <- coef(fit$modelStruct$corStruct, unconstrained = FALSE)
# nlme's search stops early: the restricted likelihood is maximised once more, written out
restricted <- function(phi) {
  R <- phi^abs(outer(d$time, d$time, "-")); L <- chol(R)
  Xw <- backsolve(L, X, transpose = TRUE); yw <- backsolve(L, d$packs, transpose = TRUE); A <- crossprod(Xw)
  e <- yw - Xw %*% solve(A, crossprod(Xw, yw))
  -sum(log(diag(L))) - 0.5 * determinant(A)$modulus - 0.5 * (nrow(X) - 4) * log(sum(e^2))
}
phi <- optimize(restricted, c(rho - 0.02, min(rho + 0.02, 0.9999)), maximum = TRUE, tol = 1e-13)$maximum
L <- chol(phi^abs(outer(d$time, d$time, "-")))
fit <- least_squares(backsolve(L, X, transpose = TRUE), backsolve(L, d$packs, transpose = TRUE))
weights <- c(0, 0, 1, mean(3:6))
write_expected("nlme::gls corCAR1 (gaps), the likelihood maximised further", linear_effect(fit$b, fit$V, weights, nrow(X) - 4, 1e-6), packages = versions)
