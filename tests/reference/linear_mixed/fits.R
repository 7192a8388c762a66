# Shared by the make.R of this folder: a tight lme4 fit, and its numbers by one rule for df.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
suppressPackageStartupMessages({library(lme4); library(lmerTest); library(pbkrtest)})
tight <- lmerControl(optimizer = "bobyqa", calc.derivs = FALSE, check.conv.singular = "ignore",
                     optCtrl = list(rhobeg = 0.1, rhoend = 1e-11, maxfun = 1e5))
rtol <- 1e-7

# columns, each 0/1 against the first level where a factor, centred over rows
centred <- function(...) {
  X <- model.matrix(~ ., data.frame(...))[, -1, drop = FALSE]
  sweep(X, 2, colMeans(X))
}
# y on arm, centred columns C and a random intercept; the first two parameters are mean of arm 0 and effect.
# lme4 stops where its deviance is flat to rounding; theta goes on to the root of the deviance's slope.
mixed <- function(y, arm, cluster, C = NULL, reml = TRUE) {
  d <- data.frame(y = y, arm = arm, cluster = cluster); formula <- y ~ arm + (1 | cluster)
  if (!is.null(C)) { d$C <- C; formula <- y ~ arm + C + (1 | cluster) }
  fit <- lme4::lmer(formula, d, REML = reml, control = tight)
  start <- getME(fit, "theta")
  if (start > 1e-3) {
    parsed <- lFormula(formula, d, REML = reml)
    devfun <- do.call(mkLmerDevfun, parsed)
    slope <- function(theta) numDeriv::grad(devfun, theta, method.args = list(d = 1e-2, r = 6))
    theta <- uniroot(slope, start * c(0.999, 1.001), tol = 1e-13)$root
    value <- devfun(theta)
    fit <- mkMerMod(environment(devfun), list(par = theta, fval = value, conv = 0), parsed$reTrms, parsed$fr, quote(lmer(formula, d)))
    fit@call <- call("lmer", formula, data = d, REML = reml)
  }
  lmerTest::as_lmerModLmerTest(fit)
}
# estimate, standard error and df of a contrast
asked <- function(fit, L, rule, df = NA) {
  V <- as.matrix(vcov(fit)); A <- V
  if (rule == "kenward_roger") {
    adjusted <- vcovAdj(fit); A <- as.matrix(adjusted); df <- Lb_ddf(matrix(L, 1), vcov(fit), adjusted)
  }
  if (rule == "satterthwaite") df <- contest1D(fit, L)$df
  c(sum(L * fixef(fit)), sqrt(sum(L * (A %*% L))), df)
}
numbers_of <- function(fit, arms, rule, df = NA, mean_df = rep(df, 2)) {
  p <- length(fixef(fit)); e <- diag(p)
  found <- asked(fit, e[2, ], rule, df)
  low <- asked(fit, e[1, ], rule, mean_df[1]); high <- asked(fit, e[1, ] + e[2, ], rule, mean_df[2])
  means <- c(arm_mean(arms[1], low[1], low[2], low[3]), arm_mean(arms[2], high[1], high[2], high[3]))
  for (i in seq_along(means)) means[[i]]$rtol <- rtol
  effects <- Filter(function(one) is.finite(one$value), effect(found[1], found[2], found[3], rtol = rtol))
  for (i in seq_along(effects)) if (effects[[i]]$name == "estimate.p_value") effects[[i]]$rtol <- 10 * rtol
  between <- as.data.frame(VarCorr(fit))$vcov
  c(effects, means,
    list(number("fit.log_likelihood", as.numeric(logLik(fit)), 1e-9),
         number("fit.variance_between", between[1], 2 * rtol), number("fit.variance_within", between[2], rtol),
         number("icc.icc_model", between[1] / sum(between), 2 * rtol)))
}
versions <- c("lme4", "lmerTest", "pbkrtest")
