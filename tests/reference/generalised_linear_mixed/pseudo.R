# Restricted pseudo-likelihood by an R loop of its own: working response, REML with the scale fixed at 1 by
# full matrices (the root of the score, checked against the maximum of the restricted likelihood), Kenward and
# Roger's adjustment from its formulas: lme4 and pbkrtest cannot fix the scale. SAS GLIMMIX was not run.
pieces <- function(s2, X, z, w, g) {
  G <- outer(g, g, "==") * 1
  Vi <- solve(s2 * G + diag(1 / w)); XV <- crossprod(X, Vi)
  Phi <- solve(XV %*% X); P <- Vi - crossprod(XV, Phi) %*% XV
  list(G = G, Vi = Vi, Phi = Phi, P = P, beta = Phi %*% XV %*% z)
}
score <- function(s2, ...) { a <- list(...); p <- pieces(s2, ...); PG <- p$P %*% p$G
  sum((p$P %*% a[[2]]) * (p$G %*% (p$P %*% a[[2]]))) - sum(diag(PG)) }
restricted <- function(s2, X, z, w, g) {
  p <- pieces(s2, X, z, w, g)
  0.5 * (determinant(p$Vi)$modulus + determinant(p$Phi)$modulus - sum(z * (p$P %*% z)))
}
reml <- function(X, z, w, g) {
  if (score(1e-9, X, z, w, g) <= 0) return(0)
  uniroot(score, c(1e-9, 50), X, z, w, g, tol = 1e-13)$root
}
rspl <- function(X, y, n, g, fam) {
  beta <- coef(suppressWarnings(glm.fit(X, y / n, weights = n, family = fam))); u <- rep(0, length(y))
  for (i in 1:300) {
    eta <- as.vector(X %*% beta) + u; mu <- fam$linkinv(eta); d <- fam$mu.eta(eta)
    z <- eta + (y / n - mu) / d; w <- n * d^2 / fam$variance(mu)
    s2 <- reml(X, z, w, g); p <- pieces(s2, X, z, w, g); beta <- as.vector(p$beta)
    new <- as.vector(s2 * p$G %*% p$Vi %*% (z - X %*% beta)); moved <- max(abs(new - u)); u <- new
    if (moved < 1e-12) break
  }
  GV <- p$Vi %*% p$G %*% p$Vi
  P1 <- -crossprod(X, GV %*% X); Q <- crossprod(X, GV %*% p$G %*% p$Vi %*% X)
  W <- 2 / sum(diag(p$P %*% p$G %*% p$P %*% p$G))
  adjusted <- p$Phi + 2 * p$Phi %*% (W * (Q - P1 %*% p$Phi %*% P1)) %*% p$Phi
  df <- vapply(seq_len(ncol(X)), function(j) {
    l <- replace(numeric(ncol(X)), j, 1)
    A <- W * sum(l * (p$Phi %*% P1 %*% p$Phi %*% l))^2 / sum(l * (p$Phi %*% l))^2
    B <- 3.5 * A; E <- 1 / (1 - A); V <- 2 * (1 - B / 7) / ((1 - 2 * B / 7)^2 * (1 - 4 * B / 7))
    4 + 3 / (V / (2 * E^2) - 1)
  }, 0)
  if (s2 > 0) stopifnot(abs(optimize(restricted, c(s2 / 3, s2 * 3), X, z, w, g, maximum = TRUE, tol = 1e-9)$maximum / s2 - 1) < 1e-5)
  list(params = beta, variance = s2, vcov = p$Phi, se = sqrt(diag(p$Phi)), kr_se = sqrt(diag(adjusted)), kr_df = df,
       var_variance = W)
}
# Events and sizes by cluster and covariate pattern: with a known scale nothing is lost.
cells <- function(d, y, terms, g, size = NULL) {
  d$.n <- if (is.null(size)) 1 else d[[size]]; d$.y <- d[[y]]
  aggregate(d[c(".y", ".n")], d[c(g, terms)], sum)
}
