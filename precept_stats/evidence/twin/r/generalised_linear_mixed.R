# ---- generalised linear mixed models with a random intercept of clusters: lme4 with adaptive quadrature ------------
suppressPackageStartupMessages(library(lme4))
# The likelihood of lme4 by nodes of adaptive quadrature, maximised by Newton's method from where its search stops.
fitted_mixed <- function(X, d, fam, nodes) {
  rows <- data.frame(y = d$y, n = d$size, id = d$cluster); rows$X <- X
  count <- fam$family == "poisson"
  formula <- if (count) y ~ X - 1 + offset(log(n)) + (1 | id) else cbind(y, n - y) ~ X - 1 + (1 | id)
  control <- glmerControl(optimizer = "bobyqa", tolPwrss = 1e-13, calc.derivs = FALSE, check.conv.singular = "ignore", optCtrl = list(maxfun = 1e5))
  fit <- suppressWarnings(glmer(formula, rows, fam, control, nAGQ = nodes))
  devfun <- suppressWarnings(update(fit, devFunOnly = TRUE))
  par <- c(getME(fit, "theta"), fixef(fit)); minus <- function(t) devfun(t) / 2
  for (round in 1:5) {
    g <- numDeriv::grad(minus, par, method.args = list(d = 1e-2, r = 6))
    H <- numDeriv::hessian(minus, par, method.args = list(d = 5e-2, r = 6))
    move <- solve(H, g); par <- par - move
    if (max(abs(move)) < 1e-9) break
  }
  # theta to its logarithm, after the coefficients
  p <- length(par); turn <- diag(p); turn[1, 1] <- 1 / par[1]; V <- turn %*% solve(H) %*% t(turn)
  order <- c(2:p, 1)
  list(theta = unname(c(par[-1], log(par[1]))), V = V[order, order], log_likelihood = -minus(par))
}
generalised_linear_mixed <- function(d, s) {
  fam <- if (s$outcome == "count") poisson() else binomial(s$link)
  X <- cbind(1 - d$arm, d$arm, about(cbind(blocks_of(d), covariates(d)), d$size)); colnames(X) <- paste0("b", seq_len(ncol(X)))
  fit <- fitted_mixed(X, d, fam, s$nodes)
  of_cluster <- ave(d$size, d$cluster, FUN = sum); K <- length(unique(d$cluster))
  share <- if (s$target == "participant_average") d$size / sum(d$size) else d$size / of_cluster / K
  df <- if (s$df == "normal") Inf else K - 2 - ncol(blocks_of(d)) - sum(cluster_level(covariates(d), d$cluster))
  p <- ncol(X)
  mean_of <- function(arm) function(t) {
    at <- X; at[, 1] <- 1 - arm; at[, 2] <- arm; eta <- as.vector(at %*% t[1:p]); sigma <- exp(t[p + 1])
    if (s$outcome == "count") return(sum(share * exp(eta + sigma^2 / 2)))
    kind <- factor(eta); eta1 <- as.vector(tapply(eta, kind, mean)); w <- as.vector(tapply(share, kind, sum))
    f <- function(u) vapply(u, function(one) sum(w * fam$linkinv(eta1 + sigma * one)), 0) * dnorm(u)
    integrate(f, -9, 9, rel.tol = 1e-12, subdivisions = 500)$value
  }
  delta <- function(f) { slope <- gradient_of(f, fit$theta); list(f(fit$theta), sqrt(sum(slope * (fit$V %*% slope)))) }
  zero <- mean_of(0); one <- mean_of(1)
  how <- switch(s$scale, difference = function(t) one(t) - zero(t), ratio = function(t) log(one(t)) - log(zero(t)),
    odds_ratio = function(t) qlogis(one(t)) - qlogis(zero(t)), conditional = function(t) t[2] - t[1])
  found <- delta(how); say_effect(found[[1]], found[[2]], df, s$level, log = s$scale != "difference")
  for (arm in 0:1) { m <- delta(list(zero, one)[[arm + 1]]); say_mean(arm, m[[1]], m[[2]], df, s$level) }
  say("icc.sd_between_clusters", exp(fit$theta[p + 1]))
}
