# ---- linear mixed models: lme4, pbkrtest and lmerTest; decaying correlations by n by n algebra -------------------
suppressPackageStartupMessages({library(lme4); library(lmerTest); library(pbkrtest)})
tight <- lmerControl(optimizer = "bobyqa", calc.derivs = FALSE, check.conv.singular = "ignore",
  check.nobs.vs.rankZ = "ignore", check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore",
  optCtrl = list(rhobeg = 0.1, rhoend = 1e-11, maxfun = 1e5))
# lme4 stops where its deviance is flat to rounding; theta goes on to the root of the deviance's slope (Newton).
tight_fit <- function(formula, d, reml) {
  fit <- lme4::lmer(formula, d, REML = reml, control = tight)
  parsed <- lFormula(formula, d, REML = reml, control = tight)
  devfun <- do.call(mkLmerDevfun, parsed)
  theta <- getME(fit, "theta"); diagonal <- getME(fit, "lower") == 0
  theta[diagonal & theta < 1e-4] <- 0
  free <- !(diagonal & theta == 0)
  at <- function(t) { full <- theta; full[free] <- t; devfun(full) }
  if (any(free)) for (step in 1:6) {
    g <- numDeriv::grad(at, theta[free], method.args = list(d = 1e-2, r = 6))
    H <- numDeriv::hessian(at, theta[free])
    if (any(eigen(H, TRUE, TRUE)$values <= 0)) break
    theta[free] <- theta[free] - solve(H, g)
  }
  value <- devfun(theta)
  fit <- mkMerMod(environment(devfun), list(par = theta, fval = value, conv = 0), parsed$reTrms, parsed$fr, quote(lmer()))
  fit@call <- call("lmer", formula, data = d, REML = reml)
  fit
}
# The fixed part: mean of the reference arm, effect (or one an exposure time), periods, strata or pairs, covariates.
fixed_part <- function(d, by_exposure) {
  over_time <- has(d, "period"); arm <- if (over_time) d$treated else d$arm
  people <- if (over_time) d$size * (d$period >= min(d$period[d$treated == 1])) else d$size
  E <- if (by_exposure) sapply(seq_len(max(d$exposure)), function(k) as.numeric(d$exposure == k)) else matrix(arm)
  P <- if (over_time) about(dummies(d$period), people) else matrix(0, nrow(d), 0)
  S <- about(blocks_of(d), people); X <- about(covariates(d), people)
  of_clusters <- c(TRUE, rep(TRUE, ncol(E)), rep(FALSE, ncol(P)), rep(TRUE, ncol(S)), cluster_level(X, d$cluster))
  list(X = cbind(1, E, P, S, X), effects = 1 + seq_len(ncol(E)), people = people, arm = arm,
       spent = sum(of_clusters) - (ncol(E) - 1))
}
grouping <- function(d, by) switch(by, cluster = d$cluster, period = d$period, participant = d$participant,
  cluster_period = as.integer(interaction(d$cluster, d$period, drop = TRUE)), d[[by]])
between_within <- function(X, groups, people) {
  groups <- groups[order(vapply(groups, function(g) length(unique(g)), 0))]
  level <- apply(X, 2, function(v) {
    for (i in seq_along(groups)) if (constant_within(v, groups[[i]])) return(i)
    length(groups) + 1
  })
  counts <- c(vapply(groups, function(g) length(unique(g)), 0), people)
  df <- counts - c(0, counts[-length(counts)]) - vapply(seq_along(counts), function(i) sum(level == i), 0)
  function(L) min(df[unique(level[L != 0])])
}
linear_mixed <- function(d, s) {
  part <- fixed_part(d, s$by_exposure); X <- part$X; p <- ncol(X)
  w <- if (has(d, "weight")) sqrt(d$weight) else rep(1, nrow(d))
  shift <- if (has(d, "offset")) d$offset else rep(0, nrow(d)); origin <- sum(part$people * shift) / sum(part$people)
  L <- replace(numeric(p), part$effects, 1 / length(part$effects)); mean0 <- as.numeric(seq_len(p) == 1)
  # rows are multiplied by the root of their weight, so that residuals have one variance
  rows <- data.frame(v = w * (d$y - shift)); rows$M <- w * X; rows$w <- w
  groups <- lapply(s$terms, function(term) grouping(d, term$by)); terms <- character()
  for (i in seq_along(s$terms)) {
    term <- s$terms[[i]]; rows[[paste0("g", i)]] <- groups[[i]]; inside <- if (term$intercept) "w" else character()
    for (slope in term$slopes) {
      name <- paste0("z", i, slope); rows[[name]] <- w * (if (slope == "arm") part$arm else d[[slope]]); inside <- c(inside, name)
    }
    bar <- if (term$correlated) " | " else " || "
    terms <- c(terms, paste0("(0 + ", paste(inside, collapse = " + "), bar, "g", i, ")"))
  }
  fit <- tight_fit(as.formula(paste("v ~ 0 + M +", paste(terms, collapse = " + "))), rows, s$reml)
  b <- fixef(fit); V <- as.matrix(vcov(fit)); df <- function(slope) Inf
  if (s$df == "kenward_roger") {
    adjusted <- vcovAdj(fit); plain <- vcov(fit); V <- as.matrix(adjusted)
    df <- function(slope) Lb_ddf(matrix(slope, 1), plain, adjusted)
  }
  if (s$df == "satterthwaite") { theirs <- lmerTest::as_lmerModLmerTest(fit); df <- function(slope) contest1D(theirs, slope)$df }
  if (s$df == "clusters_minus_parameters") df <- function(slope) length(unique(d$cluster)) - part$spent
  if (s$df == "between_within") df <- between_within(X, unique(groups), sum(d$size))
  se <- function(slope) sqrt(sum(slope * (V %*% slope)))
  say_effect(sum(L * b), se(L), df(L), s$level)
  say_mean(0, origin + b[1], se(mean0), df(mean0), s$level)
  say_mean(1, origin + b[1] + sum(L * b), se(mean0 + L), df(mean0 + L), s$level)
  table <- as.data.frame(VarCorr(fit), order = "lower.tri"); one <- length(s$terms) == 1 && length(s$terms[[1]]$slopes) == 0
  say("fit.variance_within", sigma(fit)^2)
  if (one && s$terms[[1]]$by == "cluster") say("fit.variance_between", table$vcov[1])
  if (!has(d, "weight")) say("fit.log_likelihood", as.numeric(logLik(fit)))
}
# A correlation that falls by a factor with each period apart, and a residual; likelihood and variances from full matrices.
decaying <- function(d, s) {
  part <- fixed_part(d, s$by_exposure); X <- part$X; y <- d$y; n <- nrow(d); p <- ncol(X)
  stopifnot(!has(d, "weight"), !has(d, "offset"))
  same <- outer(d$cluster, d$cluster, "=="); apart <- abs(outer(d$place, d$place, "-"))
  spread <- function(q) exp(q[1]) * same * plogis(q[2])^apart + exp(q[3]) * diag(n)
  deviance_of <- function(q) {  # logs of the variances, logit of the decay
    R <- chol(spread(q)); W <- backsolve(R, cbind(X, y), transpose = TRUE); Q <- qr(W[, 1:p])
    r <- qr.resid(Q, W[, p + 1])
    2 * sum(log(diag(R))) + s$reml * 2 * sum(log(abs(diag(qr.R(Q))))) + sum(r^2)
  }
  s2 <- summary(lm(y ~ X - 1))$sigma^2; best <- NULL
  for (start in list(c(0.2, 1, 0.8), c(0.2, -1, 0.8), c(0.2, 3, 0.8))) {
    q <- c(log(start[1] * s2), start[2], log(start[3] * s2))
    o <- optim(q, deviance_of, method = "BFGS", control = list(reltol = 1e-14, maxit = 500))
    if (is.null(best) || o$value < best$value) best <- o
  }
  q <- best$par
  for (step in 1:6) {
    H <- numDeriv::hessian(deviance_of, q)
    if (any(eigen(H, TRUE, TRUE)$values <= 0)) break
    q <- q - solve(H, numDeriv::grad(deviance_of, q))
  }
  V <- spread(q); C <- solve(t(X) %*% solve(V, X)); b <- C %*% t(X) %*% solve(V, y)
  L <- replace(numeric(p), part$effects, 1 / length(part$effects))
  if (s$df %in% c("clusters_minus_parameters", "normal"))
    say_effect(sum(L * b), sqrt(sum(L * (C %*% L))), if (s$df == "normal") Inf else length(unique(d$cluster)) - part$spent, s$level)
  else say("estimate.estimate", sum(L * b))
  say("arm_summary.estimate[arm=0]", b[1]); say("arm_summary.estimate[arm=1]", b[1] + sum(L * b))
  say("fit.variance_within", exp(q[3]))
  say("fit.variance[term=cluster_period]", exp(q[1])); say("fit.decay[term=cluster_period]", plogis(q[2]))
}
