# Generalised estimating equations by other means than ours; sourced by make.R of the cases.
# geepack solves them; variances are made here from full matrices with a row an outcome.
suppressPackageStartupMessages(library(geepack))

solve_gee <- function(formula, d, cluster, fam, corstr, w = NULL) {
  d$.w <- if (is.null(w)) rep(1, nrow(d)) else w
  d <- d[order(match(d[[cluster]], unique(d[[cluster]]))), ]
  d$.number <- match(d[[cluster]], unique(d[[cluster]]))
  environment(formula) <- environment()
  fit <- geeglm(formula, family = fam, data = d, id = .number, corstr = corstr, weights = .w,
                control = geese.control(epsilon = 1e-13, maxit = 500))
  frame <- model.frame(formula, d)
  offset <- if (is.null(model.offset(frame))) rep(0, nrow(d)) else model.offset(frame)
  alpha <- if (corstr == "independence") 0 else unname(fit$geese$alpha)
  describe(model.matrix(formula, d), model.response(frame), d$.number, fam, coef(fit), alpha, offset, d$.w)
}

# Everything by cluster, at coefficients beta and correlations alpha: `structure` gives them for outcomes whose
# periods are so far apart (without one they are exchangeable).
describe <- function(X, y, g, fam, beta, alpha, offset = rep(0, length(y)), w = rep(1, length(y)),
                     period = rep(1, length(y)), structure = function(a, apart) 0 * apart + a) {
  parts <- lapply(unique(g), function(k) {
    i <- g == k; eta <- as.vector(X[i, , drop = FALSE] %*% beta) + offset[i]; mu <- fam$linkinv(eta)
    sd <- sqrt(fam$variance(mu)); apart <- abs(outer(period[i], period[i], "-"))
    R <- structure(alpha, apart); diag(R) <- 1
    list(D = fam$mu.eta(eta) * X[i, , drop = FALSE], V = R * outer(sd, sd) / w[i][1], e = y[i] - mu, sd = sd,
         apart = apart)
  })
  M <- solve(Reduce(`+`, lapply(parts, function(q) t(q$D) %*% solve(q$V, q$D))))
  list(X = X, y = y, g = g, fam = fam, beta = beta, alpha = alpha, offset = offset, w = w, period = period,
       structure = structure, parts = parts, M = M)
}
rebuilt <- function(fit, beta, alpha) {
  describe(fit$X, fit$y, fit$g, fit$fam, beta, alpha, fit$offset, fit$w, fit$period, fit$structure)
}
root <- function(A, power) {
  s <- eigen(A, symmetric = TRUE); s$vectors %*% (s$values^power * t(s$vectors))
}
adjust <- function(q, M, kind) {
  n <- length(q$e)
  if (kind == "liang_zeger") return(diag(n))
  if (kind == "mancl_derouen") return(solve(diag(n) - q$D %*% M %*% t(q$D) %*% solve(q$V)))
  if (kind == "kauermann_carroll") {
    half <- root(q$V, 0.5); back <- root(q$V, -0.5); Z <- back %*% q$D
    return(half %*% root(diag(n) - Z %*% M %*% t(Z), -0.5) %*% back)
  }
  U <- chol(q$V)  # cr2
  t(U) %*% root(U %*% (q$V - q$D %*% M %*% t(q$D)) %*% t(U), -0.5) %*% U
}
scores <- function(fit, kind) {
  t(vapply(fit$parts, function(q) {
    W <- solve(q$V)
    if (kind == "fay_graubard") {
      h <- diag(t(q$D) %*% W %*% q$D %*% fit$M)
      return((1 - pmin(0.75, h))^-0.5 * as.vector(t(q$D) %*% W %*% q$e))
    }
    as.vector(t(q$D) %*% W %*% adjust(q, fit$M, kind) %*% q$e)
  }, numeric(ncol(fit$M))))
}
scale_of <- function(fit) mean(unlist(lapply(fit$parts, function(q) (q$e / q$sd)^2)))
covariance <- function(fit, kind) {
  if (kind == "morel_bokossa_neerchal") {
    phi <- scale_of(fit); u <- scores(fit, "liang_zeger") / phi; K <- nrow(u); p <- ncol(u); n <- length(fit$y)
    M <- phi * fit$M; B <- crossprod(u); const <- (n - 1) / (n - p) * K / (K - 1)
    return(const * M %*% B %*% M + min(0.5, p / (K - p)) * max(1, const * sum(diag(B %*% M)) / p) * M)
  }
  fit$M %*% crossprod(scores(fit, kind)) %*% fit$M
}
satterthwaite <- function(fit, kind, contrast) {
  pulls <- lapply(fit$parts, function(q)
    as.vector(t(adjust(q, fit$M, kind)) %*% solve(q$V, q$D %*% fit$M %*% contrast)))
  own <- mapply(function(q, p) sum(p * (q$V %*% p)), fit$parts, pulls)
  cross <- t(mapply(function(q, p) as.vector(t(q$D) %*% p), fit$parts, pulls))
  P <- diag(own) - cross %*% fit$M %*% t(cross)
  sum(diag(P))^2 / sum(P^2)
}

# The standardised means of both arms and their comparison, for a 0/1 column `arm` of X; `share` by row.
marginal <- function(fit, arm, share, kind, df, summary) {
  V <- covariance(fit, kind)
  side <- function(value) {
    X <- fit$X; X[, arm] <- value; eta <- as.vector(X %*% fit$beta)
    list(mean = sum(share * fit$fam$linkinv(eta)), slope = as.vector((share * fit$fam$mu.eta(eta)) %*% X))
  }
  zero <- side(0); one <- side(1)
  scale <- list(difference = function(m) m, ratio = log, odds_ratio = qlogis)[[summary]]
  rate <- list(difference = function(m) 1, ratio = function(m) 1 / m, odds_ratio = function(m) 1 / (m * (1 - m)))[[summary]]
  slope <- rate(one$mean) * one$slope - rate(zero$mean) * zero$slope
  df_of <- function(c) if (is.function(df)) df(c) else df
  se <- function(c) sqrt(sum(c * (V %*% c)))
  list(effect = list(scale(one$mean) - scale(zero$mean), se(slope), df_of(slope), log = summary != "difference"),
       zero = list(zero$mean, se(zero$slope), df_of(zero$slope)), one = list(one$mean, se(one$slope), df_of(one$slope)))
}
marginal_numbers <- function(fit, arm, share, kind, df, summary, names = c("0", "1"), rtol = 1e-8) {
  m <- marginal(fit, arm, share, kind, df, summary)
  loose <- function(numbers) lapply(Filter(function(x) is.finite(x$value), numbers), function(x) replace(x, "rtol", rtol))
  loose(c(effect(m$effect[[1]], m$effect[[2]], m$effect[[3]], log = m$effect$log),
          arm_mean(names[1], m$zero[[1]], m$zero[[2]], m$zero[[3]]), arm_mean(names[2], m$one[[1]], m$one[[2]], m$one[[3]])))
}

# Products of Pearson residuals over pairs by cluster; corrected, half of both orders of matrix-adjusted ones.
pair_products <- function(fit, corrected = FALSE) {
  vapply(fit$parts, function(q) {
    e <- q$e / q$sd; lifted <- if (corrected) as.vector(adjust(q, fit$M, "mancl_derouen") %*% q$e) / q$sd else e
    G <- outer(lifted, e); n <- length(e)
    c((sum(G) - sum(diag(G))) / 2, n * (n - 1) / 2, sum(diag(G)))
  }, numeric(3))
}
correlation_numbers <- function(fit, corrected = FALSE, rtol = 1e-8, measure = "icc_proportion") {
  s <- pair_products(fit, corrected); phi <- sum(s[3, ]) / length(fit$y)
  error <- sqrt(sum((s[1, ] / phi - fit$alpha * s[2, ])^2)) / sum(s[2, ])
  name <- function(stat) paste0("icc.", stat, "[measure=", measure, "]")
  list(number(name("estimate"), fit$alpha, rtol), number(name("std_error"), error, rtol),
       number("fit.scale", phi, rtol))
}
# Matrix-adjusted estimating equations: mean and corrected correlation in turn.
maee <- function(fit) {
  beta <- fit$beta; alpha <- fit$alpha
  for (round in 1:200) {
    now <- rebuilt(fit, beta, alpha)
    s <- pair_products(now, TRUE)
    moved <- sum(s[1, ]) / sum(s[2, ]) / (sum(s[3, ]) / length(fit$y))
    now <- rebuilt(fit, beta, moved)
    step <- as.vector(now$M %*% colSums(scores(now, "liang_zeger")))
    if (max(abs(step), abs(moved - alpha)) < 1e-13) break
    beta <- beta + step; alpha <- moved
  }
  rebuilt(fit, beta, alpha)
}
by_people <- function(n) n / sum(n)
by_clusters <- function(n, cluster) n / as.vector(tapply(n, cluster, sum)[as.character(cluster)]) / length(unique(cluster))
in_order <- function(d, cluster) d[order(match(d[[cluster]], unique(d[[cluster]]))), ]
about <- function(v, share) v - sum(v * share)
