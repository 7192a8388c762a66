# Likelihood-ratio tests and profile-likelihood intervals of one coefficient, by refits with it held as an offset.
#   Rscript tests/numerics/glmm/profiles.R
# Writes profiles.json. Laplace: glmmTMB. Quadrature: lme4 with 25 nodes. The limits are roots, not interpolated.
suppressPackageStartupMessages({library(lme4); library(glmmTMB); library(jsonlite)})
args <- commandArgs(trailingOnly = FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", args, value = TRUE))))
read <- function(name) read.csv(file.path(here, "data", name))
tight <- glmmTMBControl(optCtrl = list(iter.max = 1e4, eval.max = 1e4, rel.tol = 1e-15, x.tol = 1e-12))
tmb <- function(formula, d, family) {
  fit <- glmmTMB(formula, d, family, control = tight); par <- fit$fit$par; obj <- fit$obj
  for (i in 1:3) { g <- as.vector(obj$gr(par)); par <- par - as.vector(solve(optimHess(par, obj$fn, obj$gr), g)) }
  list(logLik = -obj$fn(par), estimate = par[names(par) == "beta"])
}
agq <- function(formula, d, family) {
  control <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 0.02, rhoend = 1e-9, maxfun = 1e5),
                          tolPwrss = 1e-13, calc.derivs = FALSE)
  fit <- glmer(formula, d, family, nAGQ = 25, control = control)
  list(logLik = as.numeric(logLik(fit)), estimate = fixef(fit))
}
# base: the formula without the coefficient; d$held is what is added to the linear predictor
answer <- function(fit, base, column, d, family, joint) {
  x <- d[[column]]; d$held <- 0; d$asked <- x
  full <- fit(update(base, . ~ asked + .), d, family)
  b <- full$estimate[2]
  fall <- function(v) { d$held <- v * x; 2 * (full$logLik - fit(base, d, family)$logLik) }
  excess <- function(v) sqrt(max(0, fall(v))) - qnorm(0.975)
  far <- 1; while (excess(b - far) < 0 || excess(b + far) < 0) far <- 1.5 * far
  limits <- c(uniroot(excess, c(b - far, b), tol = 1e-9)$root, uniroot(excess, c(b, b + far), tol = 1e-9)$root)
  c(list(estimate = unname(b), logLik = full$logLik, ratio = fall(0), lower = limits[1], upper = limits[2]),
    list(joint = 2 * (full$logLik - fit(update(update(base, . ~ asked + .), joint), d, family)$logLik)))
}
people <- read("contraception.csv"); people$livch <- factor(people$livch)
counts <- read("counts.csv"); counts$period <- factor(counts$period)
wedge <- read("wedge.csv"); wedge$period <- factor(wedge$period)
use <- use01 ~ age + livch + (1 | district) + offset(held)
events <- events ~ period + (1 | unit) + offset(log(person_years) + held)
cells <- cbind(y, n - y) ~ period + x + (1 | cluster) + (1 | cell) + offset(held)
bursts <- bursts ~ period + (1 | cluster) + offset(log(person_years) + held)
out <- list(
  people_laplace = answer(tmb, use, "urb", people, binomial(), . ~ . - livch),
  people_quadrature = answer(agq, use, "urb", people, binomial(), . ~ . - livch),
  counts_laplace = answer(tmb, events, "arm", counts, poisson(), . ~ . - period),
  cells_laplace = answer(tmb, cells, "arm", wedge, binomial(), . ~ . - period),
  bursts_laplace = answer(tmb, bursts, "arm", wedge, nbinom2(), . ~ . - period))
out$software <- list(R = R.version.string, lme4 = as.character(packageVersion("lme4")),
                     glmmTMB = as.character(packageVersion("glmmTMB")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = NA, pretty = TRUE), file.path(here, "profiles.json"))
