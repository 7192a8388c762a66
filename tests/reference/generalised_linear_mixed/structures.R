# Generalised mixed models with several random effects by other means than ours; sourced by make.R of the cases.
# laplace_of: glmmTMB, with Newton steps on its own exact gradient from where it stops. Its parameters are
# theta = (fixed effects, log dispersion of nbinom2, log SDs, r / sqrt(1 - r^2) of a correlation r).
# rspl_of: restricted pseudo-likelihood with full matrices, scale 1, any list of random intercepts.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
wedge <- function() {
  file <- file.path(case_folder, "..", "synthetic_wedge_nested", "data.csv")
  if (!file.exists(file)) write_wedge(file)
  d <- read.csv(file); d$cp <- interaction(d$cluster, d$period, drop = TRUE); d$P <- factor(d$period)
  first <- tapply(ifelse(d$treated == 1, d$period, NA), d$cluster, function(v) suppressWarnings(min(v, na.rm = TRUE)))
  d$exposure <- pmax(0, d$period - as.vector(first[as.character(d$cluster)]) + 1)
  d
}
write_wedge <- function(file) {
  set.seed(20264); K <- 16; P <- 5
  d <- expand.grid(x = 0:1, period = 1:P, cluster = 1:K)
  d$treated <- as.integer(d$period > (d$cluster - 1) %% (P - 1) + 1)
  cell <- (d$cluster - 1) * P + d$period
  eta <- -0.9 + 0.6 * d$treated + 0.12 * d$period - 0.3 * d$x + rnorm(K, 0, 0.7)[d$cluster] +
    rnorm(K * P, 0, 0.45)[cell] + rnorm(K, 0, 0.6)[d$cluster] * d$treated
  d$n <- sample(4:14, nrow(d), TRUE); d$events <- rbinom(nrow(d), d$n, plogis(eta))
  d$years <- round(runif(nrow(d), 1, 6), 2); d$falls <- rnbinom(nrow(d), size = 2, mu = d$years * exp(eta))
  d$shift <- round(rnorm(nrow(d), 0, 0.25), 2)
  d <- d[sample(nrow(d)), ]; d$data_origin <- "synthetic"
  write.csv(d, file, row.names = FALSE)
}
laplace_of <- function(formula, d, fam) {
  m <- suppressWarnings(glmmTMB(formula, d, family = fam))
  at <- m$fit$par
  hess <- function(h) optimHess(at, m$obj$fn, m$obj$gr, control = list(ndeps = rep(h, length(at))))
  for (round in 1:5) { H <- (4 * hess(1e-3) - hess(2e-3)) / 3; at <- at - solve(H, as.vector(m$obj$gr(at))) }
  list(log_likelihood = -m$obj$fn(at), theta = unname(at), V = unname(solve(H)),
       beta = which(names(at) == "beta"), spread = which(names(at) == "theta"), shape = which(names(at) == "betad"))
}
# The mean of a population as a function of theta: X its rows, share their shares, variance their random part's.
mean_of <- function(X, share, fam, fit, variance) function(theta) {
  eta <- as.vector(X %*% theta[fit$beta]); s <- sqrt(variance(theta))
  if (fam == "log") return(sum(share * exp(eta + s^2 / 2)))
  key <- paste(eta, s); at <- !duplicated(key); w <- as.numeric(tapply(share, factor(key, unique(key)), sum))
  one <- function(e, s) integrate(function(u) plogis(e + s * u) * dnorm(u), -Inf, Inf, rel.tol = 1e-11,
                                  subdivisions = 1000)$value
  sum(w * mapply(one, eta[at], rep(s, length.out = length(eta))[at]))
}
asked <- function(f, fit, df, log = FALSE, rtol = 1e-6) {
  d <- delta(f, fit); effect(d[["value"]], d[["se"]], df, log = log, rtol = rtol)
}
means_asked <- function(p0, p1, fit, df, rtol = 1e-6) {
  found <- lapply(1:2, function(i) { m <- delta(list(p0, p1)[[i]], fit); arm_mean(c("0", "1")[i], m[["value"]], m[["se"]], df) })
  lapply(do.call(c, found), function(x) replace(x, "rtol", rtol))
}
# A further quantity with its interval: f is on the scale, back takes it to the reader.
quantity <- function(f, fit, df, measure, term, back = plogis, rtol = 1e-5) {
  d <- delta(f, fit); half <- qt(0.975, df) * d[["se"]]
  name <- function(stat) paste0("icc.", stat, "[measure=", measure, if (nzchar(term)) paste0("; term=", term), "]")
  list(number(name("estimate"), back(d[["value"]]), rtol), number(name("conf_low"), back(d[["value"]] - half), rtol),
       number(name("conf_high"), back(d[["value"]] + half), rtol))
}
log_likelihood <- function(fit) list(number("fit.log_likelihood", fit$log_likelihood, 1e-9))
variance_number <- function(term, value) number(paste0("fit.variance[term=", term, "]"), value, 1e-5)

rspl_of <- function(X, y, n, groups, fam) {
  G <- lapply(groups, function(g) outer(g, g, "==") * 1); R <- length(G)
  parts <- function(v, z, w) {
    Vi <- solve(Reduce(`+`, Map(`*`, v, G)) + diag(1 / w)); XV <- crossprod(X, Vi); Phi <- solve(XV %*% X)
    P <- Vi - crossprod(XV, Phi) %*% XV
    list(Vi = Vi, Phi = Phi, P = P, beta = as.vector(Phi %*% XV %*% z), Pz = as.vector(P %*% z))
  }
  reml <- function(v, z, w) {
    for (i in 1:60) {
      p <- parts(v, z, w); PG <- lapply(G, function(g) p$P %*% g)
      score <- vapply(1:R, function(r) 0.5 * (sum(p$Pz * (G[[r]] %*% p$Pz)) - sum(diag(PG[[r]]))), 0)
      info <- outer(1:R, 1:R, Vectorize(function(r, s) 0.5 * sum(PG[[r]] * t(PG[[s]]))))
      move <- solve(info, score); while (any(v + move <= 0)) move <- move / 2
      v <- v + move; if (max(abs(move)) < 1e-14) break
    }
    v
  }
  beta <- coef(suppressWarnings(glm.fit(X, y / n, weights = n, family = fam))); u <- rep(0, length(y)); v <- rep(0.2, R)
  for (i in 1:300) {
    eta <- as.vector(X %*% beta) + u; mu <- fam$linkinv(eta); d <- fam$mu.eta(eta)
    z <- eta + (y / n - mu) / d; w <- n * d^2 / fam$variance(mu)
    v <- reml(v, z, w); p <- parts(v, z, w); beta <- p$beta
    new <- as.vector(Reduce(`+`, Map(`*`, v, G)) %*% p$Vi %*% (z - X %*% beta)); moved <- max(abs(new - u)); u <- new
    if (moved < 1e-12) break
  }
  GV <- lapply(G, function(g) p$Vi %*% g %*% p$Vi)
  P1 <- lapply(GV, function(m) -crossprod(X, m %*% X))
  W <- 2 * solve(outer(1:R, 1:R, Vectorize(function(r, s) sum((p$P %*% G[[r]]) * t(p$P %*% G[[s]])))))
  mid <- 0
  for (r in 1:R) for (s in 1:R) {
    Q <- crossprod(X, GV[[r]] %*% G[[s]] %*% p$Vi %*% X)
    mid <- mid + W[r, s] * (Q - P1[[r]] %*% p$Phi %*% P1[[s]])
  }
  adjusted <- p$Phi + 2 * p$Phi %*% mid %*% p$Phi
  df <- vapply(seq_len(ncol(X)), function(j) {
    l <- replace(numeric(ncol(X)), j, 1)
    t1 <- vapply(P1, function(m) sum(l * (p$Phi %*% m %*% p$Phi %*% l)), 0) / sum(l * (p$Phi %*% l))
    A1 <- sum(W * outer(t1, t1)); A2 <- A1; B <- (A1 + 6 * A2) / 2; g <- (2 * A1 - 5 * A2) / (3 * A2)
    c1 <- g / (3 + 2 * (1 - g)); c2 <- (1 - g) / (3 + 2 * (1 - g)); c3 <- (3 - g) / (3 + 2 * (1 - g))
    E <- 1 / (1 - A2); V <- 2 * (1 + c1 * B) / ((1 - c2 * B)^2 * (1 - c3 * B))
    4 + 3 / (V / (2 * E^2) - 1)
  }, 0)
  list(params = beta, variance = v, kr_se = sqrt(diag(adjusted)), kr_df = df)
}
