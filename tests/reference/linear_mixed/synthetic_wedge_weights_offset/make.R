source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- wedge(); d$C <- periods_of(d, "period"); d$rest <- d$y - d$shift; d$g <- d$cluster
keep <- d$period > 1; origin <- mean(d$shift[keep])
# weights of lme4 by their definition: rows and columns multiplied by the root of the weight, the residual alone unscaled
fit <- lme4::lmer(rest ~ treated + C + (1 | cluster), d, weights = weight, control = tight)
parsed <- lFormula(rest ~ treated + C + (1 | cluster), d, weights = weight); devfun <- do.call(mkLmerDevfun, parsed)
slope <- function(theta) numDeriv::grad(devfun, theta, method.args = list(d = 1e-2, r = 6))
theta <- uniroot(slope, getME(fit, "theta") * c(0.99, 1.01), tol = 1e-13)$root; value <- devfun(theta)
fit <- mkMerMod(environment(devfun), list(par = theta, fval = value, conv = 0), parsed$reTrms, parsed$fr, quote(lmer()))
b <- fixef(fit); V <- as.matrix(vcov(fit)); df <- 10 - 2; se <- function(L) sqrt(sum(L * (V %*% L)))
L <- as.numeric(seq_along(b) == 2); e1 <- as.numeric(seq_along(b) == 1)
means <- c(arm_mean(0, b[1] + origin, se(e1), df), arm_mean(1, b[1] + b[2] + origin, se(e1 + L), df))
for (i in seq_along(means)) means[[i]]$rtol <- rtol
table <- as.data.frame(VarCorr(fit))
write_expected("synthetic stepped wedge, weights and offset; lme4 REML on the outcome less its offset, t on clusters - 2; arm means at the average offset",
  effect(b[2], se(L), df, rtol = 10 * rtol), means, list(number("fit.log_likelihood", as.numeric(logLik(fit)), 1e-9)),
  named_variances(table$vcov[1], table$vcov[2]), packages = "lme4")
