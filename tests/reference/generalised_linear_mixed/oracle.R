# Mixed models with a random intercept by other means than ours; sourced by make.R of the cases.
# laplace: glmmTMB, with Newton steps on its own exact gradient from where it stops.
# exact: the marginal likelihood by adaptive Gauss-Hermite quadrature with `count` nodes (75 is the truth to
# rounding), maximised by Newton's method with differences of the log-likelihood.
# theta is (beta, log sigma), V the inverse of the joint information for it.
suppressPackageStartupMessages(library(glmmTMB))

hermite <- function(n) {
  J <- diag(0, n); i <- seq_len(n - 1); J[cbind(i, i + 1)] <- J[cbind(i + 1, i)] <- sqrt(i)
  e <- eigen(J, symmetric = TRUE); list(z = e$values, w = e$vectors[1, ]^2)
}
log_lik <- function(theta, X, y, n, g, fam, nodes) {
  beta <- head(theta, -1); sigma <- exp(tail(theta, 1)); eta <- as.vector(X %*% beta)
  row <- function(eta) {
    m <- fam$linkinv(eta)
    if (fam$family == "poisson") dpois(y, n * m, log = TRUE) else dbinom(y, n, m, log = TRUE)
  }
  total <- 0
  for (k in unique(g)) {
    i <- g == k
    h <- function(b) sum(row_of(b, eta, i, y, n, sigma, fam)) + dnorm(b, log = TRUE)
    o <- optimize(h, c(-12, 12), maximum = TRUE, tol = 1e-12)$maximum
    d <- 1e-3
    for (r in 1:3) {
      g1 <- (8 * (h(o + d) - h(o - d)) - (h(o + 2 * d) - h(o - 2 * d))) / (12 * d)
      g2 <- (h(o + d) - 2 * h(o) + h(o - d)) / d^2
      o <- o - g1 / g2
    }
    s <- 1 / sqrt(-g2)
    v <- vapply(o + s * nodes$z, h, 0) + nodes$z^2 / 2 + 0.5 * log(2 * pi)
    top <- max(v + log(nodes$w))
    total <- total + log(s) + top + log(sum(exp(v + log(nodes$w) - top)))
  }
  total
}
row_of <- function(b, eta, i, y, n, sigma, fam) {
  m <- fam$linkinv(eta[i] + sigma * b)
  if (fam$family == "poisson") dpois(y[i], n[i] * m, log = TRUE) else dbinom(y[i], n[i], m, log = TRUE)
}
exact <- function(theta, X, y, n, g, fam, count = 75) {
  nodes <- hermite(count); p <- length(theta)
  f <- function(t) log_lik(t, X, y, n, g, fam, nodes)
  step <- function(j, h) replace(numeric(p), j, h)
  for (round in 1:4) {
    h <- 2e-3
    g1 <- vapply(1:p, function(j) (8 * (f(theta + step(j, h)) - f(theta - step(j, h))) -
      (f(theta + step(j, 2 * h)) - f(theta - step(j, 2 * h)))) / (12 * h), 0)
    if (round == 1) H <- hessian_of(f, theta)
    move <- -solve(H, g1); theta <- theta + move
    if (max(abs(move)) < 1e-9) break
  }
  list(log_likelihood = f(theta), theta = theta, V = solve(-hessian_of(f, theta)))
}
hessian_of <- function(f, t, h = 4e-3) {
  p <- length(t); H <- matrix(0, p, p); e <- diag(p)
  second <- function(d, h) (f(t + h * d) + f(t - h * d) - 2 * f(t)) / h^2
  rich <- function(d) (4 * second(d, h) - second(d, 2 * h)) / 3
  for (i in 1:p) H[i, i] <- rich(e[i, ])
  for (i in 1:p) for (j in seq_len(i - 1)) {
    H[i, j] <- H[j, i] <- (rich(e[i, ] + e[j, ]) - rich(e[i, ] - e[j, ])) / 4
  }
  H
}
laplace <- function(formula, d, fam) {
  m <- suppressWarnings(glmmTMB(formula, d, family = fam))
  at <- m$fit$par
  for (round in 1:4) {
    H <- optimHess(at, m$obj$fn, m$obj$gr, control = list(ndeps = rep(1e-4, length(at))))
    at <- at - solve(H, as.vector(m$obj$gr(at)))
  }
  list(log_likelihood = -m$obj$fn(at), theta = unname(at), V = unname(solve(H)))
}

# A population mean in an arm: X with the arm set, row shares, and the random effect integrated out.
arm_risk <- function(X, share, fam) function(theta) {
  eta <- as.vector(X %*% head(theta, -1)); sigma <- exp(tail(theta, 1))
  at <- factor(eta); eta1 <- as.numeric(tapply(eta, at, function(v) v[1])); w <- as.numeric(tapply(share, at, sum))
  if (fam$family == "poisson") return(sum(w * exp(eta1 + sigma^2 / 2)))
  one <- function(e) integrate(function(u) fam$linkinv(e + sigma * u) * dnorm(u), -Inf, Inf, rel.tol = 1e-11,
                               subdivisions = 1000)$value
  sum(w * vapply(eta1, one, 0))
}
gradient <- function(f, t, h = 1e-3) vapply(seq_along(t), function(j) {
  e <- replace(numeric(length(t)), j, h)
  (8 * (f(t + e) - f(t - e)) - (f(t + 2 * e) - f(t - 2 * e))) / (12 * h)
}, 0)
delta <- function(f, fit) {
  slope <- gradient(f, fit$theta)
  c(value = f(fit$theta), se = sqrt(sum(slope * (fit$V %*% slope))))
}
# Effect and arm means as the cases name them; the first column of X is the constant, the second the arm.
marginal_numbers <- function(fit, X, share, fam, df, summary, arms = c("0", "1"), rtol = 1e-6) {
  p0 <- arm_risk(replace(X, cbind(seq_len(nrow(X)), 2), 0), share, fam)
  p1 <- arm_risk(replace(X, cbind(seq_len(nrow(X)), 2), 1), share, fam)
  how <- switch(summary, difference = function(t) p1(t) - p0(t), ratio = function(t) log(p1(t)) - log(p0(t)),
                odds_ratio = function(t) qlogis(p1(t)) - qlogis(p0(t)))
  d <- delta(how, fit)
  means <- lapply(1:2, function(i) {
    m <- delta(list(p0, p1)[[i]], fit)
    arm_mean(arms[i], m[["value"]], m[["se"]], df)
  })
  means <- lapply(do.call(c, means), function(x) replace(x, "rtol", rtol))
  c(effect(d[["value"]], d[["se"]], df, log = summary != "difference", rtol = rtol), means)
}
conditional_numbers <- function(fit, df, rtol = 1e-6) {
  effect(fit$theta[2], sqrt(fit$V[2, 2]), df, log = TRUE, rtol = rtol)
}
# The intracluster correlation of risks in an arm: Var(cluster mean) / (risk (1 - risk)).
icc_proportion <- function(fit, X, share, arm) {
  eta <- as.vector(replace(X, cbind(seq_len(nrow(X)), 2), arm) %*% head(fit$theta, -1)); sigma <- exp(tail(fit$theta, 1))
  at <- factor(eta); eta1 <- as.numeric(tapply(eta, at, function(v) v[1])); w <- as.numeric(tapply(share, at, sum))
  m <- function(u) vapply(u, function(v) sum(w * plogis(eta1 + sigma * v)), 0)
  tight <- function(f) integrate(function(u) f(m(u)) * dnorm(u), -Inf, Inf, rel.tol = 1e-11)$value
  p <- tight(identity); (tight(function(v) v^2) - p^2) / (p * (1 - p))
}
spread_numbers <- function(fit, X, share, rtol = 1e-6) {
  sigma <- exp(tail(fit$theta, 1))
  list(
    number("icc.sd_between_clusters", sigma, rtol),
    number("icc.se_log_sd", sqrt(tail(diag(fit$V), 1)), rtol),
    number("icc.icc_latent", sigma^2 / (sigma^2 + pi^2 / 3), rtol),
    number("icc.icc_proportion[arm=0]", icc_proportion(fit, X, share, 0), rtol),
    number("icc.icc_proportion[arm=1]", icc_proportion(fit, X, share, 1), rtol),
    number("icc.median_odds_ratio", exp(sqrt(2) * sigma * qnorm(0.75)), rtol),
    number("fit.log_likelihood", fit$log_likelihood, 1e-9)
  )
}
by_people <- function(n) n / sum(n)
by_clusters <- function(n, g) n / ave(n, g, FUN = sum) / length(unique(g))
