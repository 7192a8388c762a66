# The wild cluster bootstrap by samples: each is made, fitted again and given its own cluster-robust variance,
# with a row an outcome; sourced by make.R of the cases. Samples go through together, as columns of a matrix.
every_vector <- function(values, G) as.matrix(expand.grid(rep(list(values), G)))
webb <- c(1, -1, sqrt(1.5), -sqrt(1.5), sqrt(0.5), -sqrt(0.5))

# t of column j of X for each column of z (weights w), at the value 0 of what was added to it.
t_of_each <- function(X, z, w, g, j, variance, factor) {
  Q <- qr(sqrt(w) * X); beta <- qr.coef(Q, sqrt(w) * z); left <- z - X %*% beta
  bread <- solve(crossprod(sqrt(w) * X)); pull <- as.vector(w * (X %*% bread[, j]))
  if (variance == "cr3") for (k in unique(g)) {
    i <- g == k; H <- X[i, , drop = FALSE] %*% bread %*% t(w[i] * X[i, , drop = FALSE])
    left[i, ] <- solve(diag(sum(i)) - H, left[i, , drop = FALSE])
  }
  beta[j, ] / sqrt(factor * colSums(rowsum(pull * left, g)^2))
}
# Of the observed data and of every vector V (one a row), with the coefficient j held at `null`.
linear_t <- function(d, V, null) {
  others <- d$X[, -d$j, drop = FALSE]; held <- lm.wfit(others, d$y - null * d$X[, d$j], d$w)
  u <- d$y - null * d$X[, d$j] - held$fitted.values; fitted <- held$fitted.values
  stars <- fitted + t(V[, d$g, drop = FALSE]) * u
  list(own = t_of_each(d$X, cbind(fitted + u), d$w, d$g, d$j, d$variance, d$factor),
       all = t_of_each(d$X, stars, d$w, d$g, d$j, d$variance, d$factor))
}
# The same of scores: one step of Fisher scoring from glm with the coefficient as an offset.
score_t <- function(d, V, null) {
  others <- d$X[, -d$j, drop = FALSE]; offset <- null * d$X[, d$j]
  held <- suppressWarnings(glm.fit(others, d$y, weights = d$w, offset = offset, family = d$fam,
                                   control = glm.control(epsilon = 1e-15, maxit = 200)))
  slope <- d$fam$mu.eta(held$linear.predictors); W <- d$w * slope^2 / d$fam$variance(held$fitted.values)
  z <- (d$y - held$fitted.values) / slope
  list(own = t_of_each(d$X, cbind(z), W, d$g, d$j, d$variance, d$factor),
       all = t_of_each(d$X, t(V[, d$g, drop = FALSE]) * z, W, d$g, d$j, d$variance, d$factor))
}

# The case: columns X with the arm second, factor of CR1 (1 for CR3).
case <- function(X, y, cluster, fam = NULL, w = rep(1, length(y)), variance = "cr1") {
  g <- match(cluster, unique(cluster)); G <- max(g); N <- length(y); p <- ncol(X)
  cr1 <- G / (G - 1) * (if (is.null(fam)) (N - 1) / (N - p) else 1)
  list(X = X, y = y, g = g, G = G, j = 2, fam = fam, w = w, variance = variance,
       factor = if (variance == "cr1") cr1 else 1)
}
bootstrap <- function(d, values = c(1, -1), level = 0.95, rtol = 1e-8) {
  V <- every_vector(values, d$G)
  ts <- if (is.null(d$fam)) linear_t else score_t
  p <- function(null, tie = 1e-10) { t <- ts(d, V, null); mean(abs(t$all) >= abs(c(t$own)) * (1 - tie)) }
  fit <- if (is.null(d$fam)) lm.wfit(d$X, d$y, d$w) else
    suppressWarnings(glm.fit(d$X, d$y, weights = d$w, family = d$fam, control = glm.control(epsilon = 1e-15, maxit = 200)))
  estimate <- fit$coefficients[[d$j]]
  error <- if (is.null(d$fam)) estimate / c(linear_t(d, V[1, , drop = FALSE], 0)$own) else {
    # one step away from the fit itself, whose scores add up to 0: the sandwich at the estimate
    slope <- d$fam$mu.eta(fit$linear.predictors); W <- d$w * slope^2 / d$fam$variance(fit$fitted.values)
    z <- (d$y - fit$fitted.values) / slope + d$X[, d$j]
    1 / c(t_of_each(d$X, cbind(z), W, d$g, d$j, d$variance, d$factor))
  }
  end <- function(side) {
    inside <- 0; outside <- 0.25
    while (p(estimate + side * outside * error) > 1 - level) { inside <- outside; outside <- outside * 1.25 }
    while (outside - inside > 1e-11) {
      middle <- (inside + outside) / 2
      if (p(estimate + side * middle * error) > 1 - level) inside <- middle else outside <- middle
    }
    estimate + side * inside * error
  }
  back <- if (is.null(d$fam)) identity else exp
  t <- ts(d, V, 0)
  list(number("estimate.estimate", back(estimate), rtol), number("estimate.std_error", error, rtol),
       number("estimate.statistic", c(t$own), rtol), number("estimate.p_value", p(0), rtol),
       number("estimate.conf_low", back(end(-1)), rtol), number("estimate.conf_high", back(end(1)), rtol),
       number("fit.n_vectors", nrow(V)), number("fit.smallest_p", length(values) / nrow(V)))
}
strict <- function(d, values = c(1, -1)) {
  t <- linear_t(d, every_vector(values, d$G), 0); c(mean(abs(t$all) > abs(c(t$own)) * (1 + 1e-10)),
                                                   mean(abs(t$all) >= abs(c(t$own)) * (1 - 1e-10)))
}
first_pairs <- function(below) { d <- awards(); d[d$pair < below, ] }
