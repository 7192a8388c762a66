# ---- randomisation tests and wild bootstraps by hand: every allocation or vector of signs, or as many drawn anew ---
# Every allocation (one a row) that keeps the number of clusters in arm 1 of every block.
every_allocation <- function(arm, block) {
  Z <- matrix(0, 1, length(arm))
  for (b in unique(block)) {
    i <- which(block == b); chosen <- combn(length(i), sum(arm[i])); part <- matrix(0, ncol(chosen), length(arm))
    part[cbind(rep(seq_len(ncol(chosen)), each = nrow(chosen)), i[as.vector(chosen)])] <- 1
    Z <- Z[rep(seq_len(nrow(Z)), each = nrow(part)), , drop = FALSE] + part[rep(seq_len(nrow(part)), times = nrow(Z)), , drop = FALSE]
  }
  Z
}
drawn_allocations <- function(arm, block, draws) t(replicate(draws, ave(arm, block, FUN = function(a) a[sample.int(length(a))])))
coefficients_over <- function(Z, w, block) {
  B <- if (length(unique(block)) > 1) model.matrix(~ factor(block)) else matrix(1, length(w))
  left <- t(lm.wfit(B, t(Z), w)$residuals); size <- as.vector((left * Z) %*% w)
  function(v) as.vector((left %*% (w * v)) / size)
}
# Neyman's variance of the coefficient: Welch's within blocks, blocks weighted by c1 c0 / c.
neyman_over <- function(Z, block) function(v) {
  total <- 0; weights <- 0
  for (b in unique(block)) {
    i <- which(block == b); z <- Z[, i, drop = FALSE]; n1 <- rowSums(z); n0 <- length(i) - n1
    m1 <- as.vector(z %*% v[i]) / n1; m0 <- as.vector((1 - z) %*% v[i]) / n0
    s1 <- rowSums(z * outer(-m1, v[i], "+")^2) / (n1 - 1); s0 <- rowSums((1 - z) * outer(-m0, v[i], "+")^2) / (n0 - 1)
    k <- n1 * n0 / length(i); total <- total + k^2 * (s1 / n1 + s0 / n0); weights <- weights + k
  }
  total / weights^2
}
# From the estimate outwards, the last shift whose p is above 1 - level.
last_inside <- function(p, estimate, se, side, level) {
  inside <- 0; outside <- 0.25
  while (p(estimate + side * outside * se) > 1 - level) { inside <- outside; outside <- outside * 1.25 }
  while (outside - inside > 1e-12 * outside) {
    middle <- (inside + outside) / 2
    if (middle == inside || middle == outside) break
    if (p(estimate + side * middle * se) > 1 - level) inside <- middle else outside <- middle
  }
  estimate + side * inside * se
}
randomisation_test <- function(d, s) {
  c <- by_cluster(d); v <- c$m; arm <- c$arm; w <- rep(1, nrow(c))
  if (ncol(covariates(d))) v <- (c$total - expected_totals(d, s$outcome)$totals) / c$n
  block <- if (has(c, "pair")) c$pair else if (has(c, "stratum")) c$stratum else rep(1, nrow(c))
  if (s$weights == "size") w <- c$n / mean(c$n)
  set.seed(s$seed)
  Z <- if (s$draws == 0) every_allocation(arm, block) else rbind(arm, drawn_allocations(arm, block, s$draws))
  used <- if (s$draws == 0) which(rowSums(Z != matrix(arm, nrow(Z), length(arm), byrow = TRUE)) == 0) else 1
  coefficient <- coefficients_over(Z, w, block); variance <- if (s$studentised) neyman_over(Z, block)
  sizes <- function(shift) { x <- v - shift * arm; abs(coefficient(x)) / (if (s$studentised) sqrt(variance(x)) else 1) }
  p <- function(shift, tie = 1e-12) { t <- sizes(shift); mean(t >= t[used] * (1 - tie)) }
  estimate <- coefficient(v)[used]; now <- p(0, 1e-9)
  say("estimate.estimate", estimate); say("estimate.statistic", sign(estimate) * sizes(0)[used])
  if (s$draws > 0) return(say("estimate.p_value", now, sqrt(max(now * (1 - now), 1 / s$draws) / s$draws)))
  x <- coefficient(v - estimate * arm); se <- sqrt(mean((x - mean(x))^2))
  say("estimate.std_error", se); say("estimate.p_value", now); say("fit.n_allocations", nrow(Z))
  say("estimate.conf_low", last_inside(p, estimate, se, -1, s$level)); say("estimate.conf_high", last_inside(p, estimate, se, 1, s$level))
}
# t of column j of X for each column of z, by the cluster sandwich of refitted residuals.
t_of_each <- function(X, z, w, g, j, factor) {
  Q <- qr(sqrt(w) * X); beta <- qr.coef(Q, sqrt(w) * z); left <- z - X %*% beta
  bread <- solve(crossprod(sqrt(w) * X)); pull <- as.vector(w * (X %*% bread[, j]))
  beta[j, ] / sqrt(factor * colSums(rowsum(pull * left, g)^2))
}
wild_cluster_bootstrap <- function(d, s) {
  d <- individually(d, s$outcome); d <- d[order(d$cluster), ]; g <- match(d$cluster, unique(d$cluster)); G <- max(g); n <- nrow(d)
  share <- if (s$target == "participant_average") rep(1 / n, n) else 1 / ave(d$size, d$cluster, FUN = sum) / G
  w <- if (s$weights == "clusters") share / mean(share) else rep(1, n)
  X <- cbind(1, d$arm, about(cbind(blocks_of(d), covariates(d)), w)); p_all <- ncol(X)
  factor <- G / (G - 1) * (n - 1) / (n - p_all)
  set.seed(s$seed)
  V <- if (s$draws == 0) as.matrix(expand.grid(rep(list(c(-1, 1)), G))) else matrix(sample(c(-1, 1), s$draws * G, TRUE), ncol = G)
  both <- function(null) {
    y <- d$y - null * d$arm; held <- lm.wfit(X[, -2, drop = FALSE], y, w)
    own <- t_of_each(X, cbind(y), w, g, 2, factor); all <- numeric()
    for (part in split(seq_len(nrow(V)), ceiling(seq_len(nrow(V)) / 2000)))
      all <- c(all, t_of_each(X, held$fitted.values + t(V[part, g, drop = FALSE]) * held$residuals, w, g, 2, factor))
    list(own = own[[1]], all = all)
  }
  now <- both(0); more <- sum(abs(now$all) >= abs(now$own) * (1 - 1e-10))
  p <- if (s$draws == 0) more / nrow(V) else (1 + more) / (1 + nrow(V))
  estimate <- lm.wfit(X, d$y, w)$coefficients[[2]]; say("estimate.estimate", estimate)
  e <- lm.wfit(X, d$y, w)$residuals; pull <- as.vector(w * (X %*% solve(crossprod(sqrt(w) * X))[, 2]))
  say("estimate.std_error", sqrt(factor * sum(rowsum(pull * e, g)^2))); say("estimate.statistic", now$own)
  say("estimate.p_value", p, if (s$draws > 0) sqrt(max(p * (1 - p), 1 / s$draws) / s$draws) else NA)
}
