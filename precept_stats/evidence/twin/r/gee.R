# ---- generalised estimating equations: geepack solves them, variances are made here from full matrices -------------
suppressPackageStartupMessages(library(geepack))
family_of <- function(s) switch(s$family, binomial = binomial(s$link), poisson = poisson(s$link), gaussian = gaussian(s$link))
# Everything by cluster, at coefficients beta and correlations alpha for outcomes of one period and of two.
describe <- function(X, y, d, fam, beta, alpha, offset, w) {
  parts <- lapply(unique(d$cluster), function(k) {
    i <- d$cluster == k; eta <- as.vector(X[i, , drop = FALSE] %*% beta) + offset[i]; mu <- fam$linkinv(eta)
    sd <- sqrt(fam$variance(mu)); far <- outer(d$period[i], d$period[i], "!=")
    R <- alpha[1] + (alpha[2] - alpha[1]) * far; diag(R) <- 1
    list(D = fam$mu.eta(eta) * X[i, , drop = FALSE], V = R * outer(sd, sd) / w[i][1], e = y[i] - mu, sd = sd)
  })
  M <- solve(Reduce(`+`, lapply(parts, function(q) t(q$D) %*% solve(q$V, q$D))))
  list(X = X, y = y, fam = fam, beta = beta, alpha = alpha, offset = offset, w = w, parts = parts, M = M)
}
root <- function(A, power) {
  e <- eigen((A + t(A)) / 2, symmetric = TRUE); e$vectors %*% (pmax(e$values, 0)^power * t(e$vectors))
}
adjust <- function(q, M, kind) {
  n <- length(q$e)
  if (kind == "liang_zeger") return(diag(n))
  if (kind %in% c("mancl_derouen", "cr3")) return(solve(diag(n) - q$D %*% M %*% t(q$D) %*% solve(q$V)))
  if (kind == "kauermann_carroll") {
    half <- root(q$V, 0.5); back <- root(q$V, -0.5); Z <- back %*% q$D
    return(half %*% root(diag(n) - Z %*% M %*% t(Z), -0.5) %*% back)
  }
  U <- chol(q$V)  # cr2
  t(U) %*% root(U %*% (q$V - q$D %*% M %*% t(q$D)) %*% t(U), -0.5) %*% U
}
# The coding that Fay and Graubard's leverages are for: an intercept, the arm as 0 and 1, then the rest.
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
covariance_of <- function(fit, kind) {
  if (kind == "morel_bokossa_neerchal") {
    phi <- mean(unlist(lapply(fit$parts, function(q) (q$e / q$sd)^2)))
    u <- scores(fit, "liang_zeger") / phi; K <- nrow(u); p <- ncol(u); n <- length(fit$y); M <- phi * fit$M; B <- crossprod(u)
    k <- (n - 1) / (n - p) * K / (K - 1)
    return(k * M %*% B %*% M + min(0.5, p / (K - p)) * max(1, k * sum(diag(B %*% M)) / p) * M)
  }
  fit$M %*% crossprod(scores(fit, kind)) %*% fit$M
}
df_by_satterthwaite <- function(fit, kind) function(slope) {
  pulls <- lapply(fit$parts, function(q) as.vector(t(adjust(q, fit$M, kind)) %*% solve(q$V, q$D %*% fit$M %*% slope)))
  own <- mapply(function(q, p) sum(p * (q$V %*% p)), fit$parts, pulls)
  cross <- t(mapply(function(q, p) as.vector(t(q$D) %*% p), fit$parts, pulls))
  P <- diag(own) - cross %*% fit$M %*% t(cross)
  sum(diag(P))^2 / sum(P^2)
}
# The mean of the outcome by geepack: one correlation, or one within and one between periods; polished by Fisher scoring.
solved <- function(X, y, d, s, w, offset) {
  fam <- family_of(s); rows <- data.frame(y = y, id = d$cluster, w = w, offset = offset); rows$X <- X
  call <- list(formula = y ~ X - 1, family = fam, data = rows, id = rows$id, weights = rows$w,
               control = geese.control(epsilon = 1e-13, maxit = 500))
  if (any(offset != 0)) call$offset <- rows$offset
  if (s$correlation == "nested_exchangeable") {
    call$corstr <- "userdefined"
    call$zcor <- do.call(rbind, lapply(split(d$period, d$cluster), function(t) {
      pairs <- t(combn(length(t), 2)); same <- as.numeric(t[pairs[, 1]] == t[pairs[, 2]]); cbind(same, 1 - same)
    }))
  } else call$corstr <- s$correlation
  fit <- suppressWarnings(do.call(geeglm, call))
  alpha <- if (s$correlation == "independence") c(0, 0) else rep(unname(fit$geese$alpha), length.out = 2)
  now <- describe(X, y, d, fam, coef(fit), alpha, offset, w)
  for (round in 1:20) {
    step <- as.vector(now$M %*% colSums(scores(now, "liang_zeger")))
    if (max(abs(step)) < 1e-13) break
    now <- describe(X, y, d, fam, now$beta + step, alpha, offset, w)
  }
  now
}
gee <- function(d, s) {
  d <- individually(d, s$outcome); d <- d[order(d$cluster), ]; over_time <- has(d, "period")
  if (!over_time) { d$treated <- d$arm; d$exposure <- d$arm; d$period <- 1 }
  people <- if (over_time) d$size * (d$period >= min(d$period[d$treated == 1])) else d$size
  of_cluster <- ave(people, d$cluster, FUN = sum); size <- ave(d$size, d$cluster, FUN = sum)
  of_cluster <- ifelse(of_cluster > 0, of_cluster, size)
  share <- if (s$target == "participant_average") people / sum(people)
           else people / of_cluster / length(unique(d$cluster[people > 0]))
  w <- rep(1, nrow(d))
  if (s$weights == "clusters") { each <- 1 / of_cluster[match(unique(d$cluster), d$cluster)]; w <- 1 / of_cluster / mean(each) }
  kind <- if (has(d, "subgroup")) d$treated * d$subgroup else if (s$by_exposure) d$exposure else d$treated
  C <- sapply(0:max(kind), function(k) as.numeric(kind == k)); k <- ncol(C)
  P <- if (over_time) dummies(d$period) else matrix(0, nrow(d), 0)
  sub <- if (has(d, "subgroup")) dummies(d$subgroup) else matrix(0, nrow(d), 0)
  B <- blocks_of(d); Z <- covariates(d)
  X <- cbind(C, about(cbind(P, sub, B, Z), share)); colnames(X) <- paste0("b", seq_len(ncol(X)))
  counts <- s$outcome == "count"; y <- d$y; offset <- rep(0, nrow(d))
  if (counts && s$link == "log") offset <- log(d$size)
  if (counts && s$link != "log") stop("rates with another link than log")
  fit <- solved(X, y, d, s, w, offset)
  if (s$variance == "fay_graubard") {
    turn <- diag(ncol(X)); turn[2:k, 1] <- -1; back <- solve(turn)
    X2 <- X %*% back; coded <- describe(X2, y, d, fit$fam, as.vector(turn %*% fit$beta), fit$alpha, offset, w)
    V <- back %*% covariance_of(coded, "fay_graubard") %*% t(back)
  } else V <- covariance_of(fit, s$variance)
  spent <- 2 + ncol(B) + sum(cluster_level(Z, d$cluster))
  K <- length(unique(d$cluster))
  df <- switch(s$df, normal = function(slope) Inf, satterthwaite = df_by_satterthwaite(fit, s$variance),
    clusters_minus_parameters = function(slope) K - ncol(X), function(slope) K - spent)
  under <- function(conditions) {
    parts <- lapply(conditions, function(j) {
      at <- X; at[, seq_len(k)] <- 0; at[, j] <- 1; eta <- as.vector(at %*% fit$beta)
      list(mean = sum(share * fit$fam$linkinv(eta)), slope = as.vector((share * fit$fam$mu.eta(eta)) %*% at))
    })
    list(mean = mean(sapply(parts, `[[`, "mean")), slope = rowMeans(sapply(parts, `[[`, "slope")))
  }
  zero <- under(1); one <- under(2:k); log <- s$scale != "difference"
  scale <- list(difference = function(m) m, ratio = base::log, odds_ratio = qlogis)[[s$scale]]
  rate <- list(difference = function(m) 1, ratio = function(m) 1 / m, odds_ratio = function(m) 1 / (m * (1 - m)))[[s$scale]]
  slope <- rate(one$mean) * one$slope - rate(zero$mean) * zero$slope
  se <- function(c) sqrt(sum(c * (V %*% c)))
  say_effect(scale(one$mean) - scale(zero$mean), se(slope), df(slope), s$level, log)
  say_mean(0, zero$mean, se(zero$slope), df(zero$slope), s$level); say_mean(1, one$mean, se(one$slope), df(one$slope), s$level)
  say("fit.scale", mean(unlist(lapply(fit$parts, function(q) (q$e / q$sd)^2)) * unlist(split(w, d$cluster))))
}
