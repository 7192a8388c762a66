# Where pbkrtest is known to answer another question, and what its formulas give when written out in full.
#   Rscript tests/numerics/mixed/differences.R
# Writes differences.json, two fits with `theirs` (pbkrtest) and `by_formula`: Kenward and Roger (1997) with n by n
# matrices and expected information, checked here against pbkrtest where both answer the same question.
suppressPackageStartupMessages({library(lme4); library(lmerTest); library(pbkrtest); library(jsonlite)})
args <- commandArgs(trailingOnly = FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", args, value = TRUE))))
tight <- lmerControl(optimizer = "bobyqa", calc.derivs = FALSE, check.conv.singular = "ignore",
                     optCtrl = list(rhobeg = 0.1, rhoend = 1e-11, maxfun = 1e5))
pbkrtest_says <- function(m) {
  A <- vcovAdj(m); p <- length(fixef(m))
  list(vcov = unname(as.matrix(A)), df = sapply(1:p, function(i) Lb_ddf(diag(p)[i, , drop = FALSE], vcov(m), A)))
}
# dV: the derivatives of V in the variance parameters; everything from the definition.
by_formula <- function(X, V, dV) {
  Vi <- solve(V); Phi <- solve(t(X) %*% Vi %*% X); R <- length(dV); p <- ncol(X)
  P <- lapply(dV, function(D) -t(X) %*% Vi %*% D %*% Vi %*% X)
  Q <- function(r, s) t(X) %*% Vi %*% dV[[r]] %*% Vi %*% dV[[s]] %*% Vi %*% X
  tr <- function(M) sum(diag(M))
  I <- outer(1:R, 1:R, Vectorize(function(r, s) 0.5 * (tr(Vi %*% dV[[r]] %*% Vi %*% dV[[s]]) -
    tr(2 * Phi %*% Q(r, s) - Phi %*% P[[r]] %*% Phi %*% P[[s]]))))
  size <- sqrt(diag(I)); W <- solve(I / outer(size, size)) / outer(size, size)
  A <- Phi
  for (r in 1:R) for (s in 1:R) A <- A + 2 * W[r, s] * Phi %*% (Q(r, s) - P[[r]] %*% Phi %*% P[[s]]) %*% Phi
  df <- sapply(1:p, function(i) {
    slope <- sapply(P, function(M) (Phi %*% M %*% Phi)[i, i]) / Phi[i, i]
    2 / as.numeric(t(slope) %*% W %*% slope)   # what matching two moments comes to for one contrast
  })
  list(vcov = unname(A), df = df)
}
random_slopes <- function(m, d) {
  g <- as.integer(d$Subject); Z <- outer(g, g, "=="); x <- d$Days; s2 <- sigma(m)^2
  dV <- list(Z * 1, Z * outer(x, x, "+"), Z * outer(x, x), diag(nrow(d))); G <- as.data.frame(VarCorr(m))$vcov
  by_formula(model.matrix(m), G[1] * dV[[1]] + G[3] * dV[[2]] + G[2] * dV[[3]] + s2 * dV[[4]], dV)
}
intercept <- function(m, g, w) {
  dV <- list(outer(g, g, "==") * 1, diag(1 / w)); v <- as.data.frame(VarCorr(m))$vcov
  by_formula(model.matrix(m), v[1] * dV[[1]] + v[2] * dV[[2]], dV)
}
same <- function(a, b) stopifnot(max(abs(a$vcov / b$vcov - 1)) < 1e-6, max(abs(a$df / b$df - 1)) < 1e-6)

d <- lme4::sleepstudy
m <- lmerTest::lmer(Reaction ~ Days + (Days | Subject), d, control = tight)
same(random_slopes(m, d), pbkrtest_says(m))
d$Days <- d$Days / 365
m <- suppressWarnings(lmerTest::lmer(Reaction ~ Days + (Days | Subject), d, control = tight))
out <- list(sleepstudy_years = list(data = "sleepstudy", formula = "Reaction ~ years + (years | Subject), years = Days / 365",
  names = names(fixef(m)), theirs = pbkrtest_says(m), by_formula = random_slopes(m, d)))

d <- read.csv(file.path(here, "data", "twelve.csv"))
m <- lmerTest::lmer(y ~ arm + x + (1 | id), d, control = tight)
same(intercept(m, d$id, rep(1, nrow(d))), pbkrtest_says(m))
m <- lmerTest::lmer(y ~ arm + x + (1 | id), d, weights = w, control = tight)
out$twelve_weighted <- list(data = "twelve", formula = "y ~ arm + x + (1 | id), weights = w", names = names(fixef(m)),
  theirs = pbkrtest_says(m), by_formula = intercept(m, d$id, d$w))
versions <- sapply(c("lme4", "lmerTest", "pbkrtest"), function(p) as.character(packageVersion(p)))
write_json(list(software = c(list(R = paste0(R.version$major, ".", R.version$minor)), as.list(versions)), cases = out),
           file.path(here, "differences.json"), digits = NA, auto_unbox = TRUE, matrix = "rowmajor", pretty = FALSE)
