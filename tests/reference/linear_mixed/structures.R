# Shared by the make.R of trials over periods and of named random effects: synthetic data, tight lme4 fits of
# any formula, and their numbers. Variances have standard errors from the expected information, by n by n algebra.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
rtol <- 1e-6; options(scipen = 100)

# ---- synthetic data, written once and committed -------------------------------------------------------------
shared_data <- function(name, make) {
  file <- file.path(case_folder, "..", name, "data.csv")
  if (!file.exists(file)) { d <- make(); d$data_origin <- "synthetic"; write.csv(d, file, row.names = FALSE) }
  read.csv(file)
}
# 10 clusters, 5 periods, 4 sequences switching in periods 2 to 5, cells of 3 to 9 people
make_wedge <- function() {
  set.seed(20240711)
  cells <- expand.grid(cluster = 1:10, period = 1:5); cells$size <- sample(3:9, 50, TRUE)
  d <- cells[rep(1:50, cells$size), c("cluster", "period")]; n <- nrow(d)
  switch_at <- 2 + (d$cluster - 1) %% 4
  d$treated <- as.integer(d$period >= switch_at); exposure <- pmax(0, d$period - switch_at + 1)
  d$stage <- sample(c("early", "late", "middle"), n, TRUE); d$x <- round(rnorm(n), 4)
  d$weight <- sample(c(1, 2, 5), n, TRUE); d$shift <- round(runif(n), 3)
  u <- rnorm(10, 0, 0.5); v <- rnorm(50, 0, 0.35); slope <- rnorm(10, 0, 0.3)
  d$y <- round(10 + 0.2 * d$period + (0.3 + slope[d$cluster]) * d$treated + 0.1 * exposure + 0.3 * d$x +
    0.4 * (d$stage == "late") + u[d$cluster] + v[(d$period - 1) * 10 + d$cluster] + rnorm(n), 4)
  d[order(d$cluster, d$period), ]
}
wedge <- function() { d <- shared_data("synthetic_wedge", make_wedge); d$cp <- interaction(d$cluster, d$period, drop = TRUE); d }
# 12 clusters, 6 an arm, people followed from baseline, some seen once
make_cohort <- function() {
  set.seed(20240712)
  size <- sample(5:11, 12, TRUE); person <- seq_len(sum(size)); cluster <- rep(1:12, size)
  d <- rbind(data.frame(person, cluster, wave = 0), data.frame(person, cluster, wave = 1))
  d$arm <- d$cluster %% 2; u <- rnorm(12, 0, 0.5); v <- rnorm(24, 0, 0.3); w <- rnorm(length(person), 0, 0.8)
  d$y <- round(5 + 0.3 * d$wave + 0.5 * d$wave * d$arm + u[d$cluster] + v[d$cluster + 12 * d$wave] + w[d$person] +
    rnorm(nrow(d)), 4)
  d <- d[runif(nrow(d)) > 0.12, ]
  d[order(d$cluster, d$person, d$wave), ]
}
cohort <- function() {
  d <- shared_data("synthetic_baseline_cohort", make_cohort)
  d$treated <- d$arm * d$wave; d$cp <- interaction(d$cluster, d$wave, drop = TRUE); d
}
# parallel trial: 18 clusters in 6 regions, 3 to 12 people, the treated arm more variable
make_regions <- function() {
  set.seed(20240713)
  size <- sample(3:12, 18, TRUE); unit <- rep(1:18, size)
  d <- data.frame(unit, region = paste0("R", (unit - 1) %/% 3 + 1), arm = unit %% 2)
  u <- rnorm(18, 0, 0.5); r <- rnorm(6, 0, 0.6)
  d$y <- round(2 + 0.4 * d$arm + u[d$unit] + r[(d$unit - 1) %/% 3 + 1] + rnorm(nrow(d), 0, 1 + 0.8 * d$arm), 4)
  d
}
regions <- function() shared_data("synthetic_regions", make_regions)

# ---- fits ----------------------------------------------------------------------------------------------------
# lme4 stops where its deviance is flat to rounding; theta goes on to the root of the deviance's slope (Newton).
tight_fit <- function(formula, d, reml = TRUE) {
  fit <- lme4::lmer(formula, d, REML = reml, control = tight)
  parsed <- lFormula(formula, d, REML = reml)
  devfun <- do.call(mkLmerDevfun, parsed)
  theta <- getME(fit, "theta"); diagonal <- getME(fit, "lower") == 0
  theta[diagonal & theta < 1e-4] <- 0
  free <- !(diagonal & theta == 0)
  at <- function(t) { full <- theta; full[free] <- t; devfun(full) }
  for (step in 1:6) {
    g <- numDeriv::grad(at, theta[free], method.args = list(d = 1e-2, r = 6))
    H <- numDeriv::hessian(at, theta[free])
    theta[free] <- theta[free] - solve(H, g)
  }
  value <- devfun(theta)
  fit <- mkMerMod(environment(devfun), list(par = theta, fval = value, conv = 0), parsed$reTrms, parsed$fr, quote(lmer()))
  fit@call <- call("lmer", formula, data = d, REML = reml)
  lmerTest::as_lmerModLmerTest(fit)
}
# columns centred over the people of rows (all, or from the first treated period on)
about <- function(X, keep = rep(TRUE, nrow(X))) sweep(X, 2, colMeans(X[keep, , drop = FALSE]))
dummies <- function(f) { f <- factor(f); model.matrix(~ f)[, -1, drop = FALSE] }
periods_of <- function(d, period) about(dummies(d[[period]]), d[[period]] >= min(d[[period]][d$treated == 1]))

# effect and arm means by contrasts; L is the effect, the first parameter the mean of the reference arm
numbers_asked <- function(fit, arms, L, rule, df = NA, mean_df = rep(df, 2)) {
  e1 <- as.numeric(seq_along(L) == 1)
  found <- asked(fit, L, rule, df); low <- asked(fit, e1, rule, mean_df[1]); high <- asked(fit, e1 + L, rule, mean_df[2])
  means <- c(arm_mean(arms[1], low[1], low[2], low[3]), arm_mean(arms[2], high[1], high[2], high[3]))
  for (i in seq_along(means)) means[[i]]$rtol <- rtol
  effects <- Filter(function(one) is.finite(one$value), effect(found[1], found[2], found[3], rtol = rtol))
  for (i in seq_along(effects)) if (effects[[i]]$name == "estimate.p_value") effects[[i]]$rtol <- 10 * rtol
  c(effects, means, list(number("fit.log_likelihood", as.numeric(logLik(fit)), 1e-9)))
}
# ---- variances -----------------------------------------------------------------------------------------------
# dV of every variance parameter of a fit in the order of as.data.frame(VarCorr): a list of n by n matrices
directions <- function(fit) {
  table <- as.data.frame(VarCorr(fit), order = "lower.tri"); Zt <- getME(fit, "mmList"); groups <- getME(fit, "flist")
  lapply(seq_len(nrow(table)), function(i) {
    row <- table[i, ]
    if (row$grp == "Residual") return(diag(1 / weights(fit)))
    term <- which(names(getME(fit, "cnms")) == sub("\\.[0-9]+$", "", row$grp))
    term <- term[vapply(term, function(k) row$var1 %in% getME(fit, "cnms")[[k]], NA)][1]
    X <- Zt[[term]]; g <- groups[[attr(groups, "assign")[term]]]; same <- outer(g, g, "==")
    a <- X[, row$var1]; if (is.na(row$var2)) return(outer(a, a) * same)
    b <- X[, row$var2]; (outer(a, b) + outer(b, a)) * same
  })
}
# inverse expected information (restricted) of the parameters that are kept
information_inverse <- function(X, V, dV, keep = seq_along(dV), reml = TRUE) {
  P <- solve(V); if (reml) P <- P - P %*% X %*% solve(t(X) %*% P %*% X, t(X) %*% P)
  PD <- lapply(dV[keep], function(D) P %*% D)
  I <- outer(seq_along(keep), seq_along(keep), Vectorize(function(i, j) 0.5 * sum(PD[[i]] * t(PD[[j]]))))
  out <- matrix(0, length(dV), length(dV)); out[keep, keep] <- solve(I); out
}
variance_of <- function(fit, keep = NULL) {
  table <- as.data.frame(VarCorr(fit), order = "lower.tri"); dV <- directions(fit); s <- table$vcov
  if (is.null(keep)) keep <- seq_along(s)
  V <- Reduce(`+`, Map(`*`, s, dV))
  list(table = table, value = s, cov = information_inverse(getME(fit, "X"), V, dV, keep, isREML(fit)))
}
# a share a's / b's of variances s as rows of context icc, by the delta method on the logit scale
share <- function(found, a, b, measure, term = NULL) {
  s <- found$value; p <- sum(a * s) / sum(b * s)
  gradient <- a / sum(a * s) - (b - a) / sum((b - a) * s)
  se <- sqrt(sum(gradient * (found$cov %*% gradient))); half <- qnorm(0.975) * se
  name <- function(stat) paste0("icc.", stat, "[measure=", measure, if (is.null(term)) "" else paste0("; term=", term), "]")
  list(number(name("estimate"), p, 10 * rtol), number(name("std_error"), se, 100 * rtol),
       number(name("conf_low"), plogis(qlogis(p) - half), 100 * rtol), number(name("conf_high"), plogis(qlogis(p) + half), 100 * rtol))
}
term_variance <- function(stat, term, value) list(number(paste0("fit.", stat, "[term=", term, "]"), value, 20 * rtol))
named_variances <- function(between, within) list(number("fit.variance_between", between, 20 * rtol), number("fit.variance_within", within, 10 * rtol))
# predictions of the first random effect of a grouping with their errors: Henderson's, by lme4's conditional
# variances plus what the estimation of fixed effects adds, by n by n algebra
predicted <- function(fit, clusters, name = "cluster") {
  b <- ranef(fit)[[name]][as.character(clusters), 1]
  mapply(function(cluster, value) number(paste0("prediction.prediction[cluster=", cluster, "]"), value, 1e-5),
         clusters, b, SIMPLIFY = FALSE)
}
joint <- function(fit, L, test) {
  found <- KRmodcomp(fit, L)$stats
  name <- function(stat) paste0("joint_test.", stat, "[test=", test, "]")
  list(number(name("statistic"), found$Fstat, 10 * rtol), number(name("df1"), found$ndf), number(name("df2"), found$ddf, 10 * rtol),
       number(name("p_value"), found$p.value, 100 * rtol))
}
