# Estimating equations over periods by full matrices with a row an outcome; sourced by make.R of the cases.
source(file.path(case_folder, "..", "oracle.R"))
linear_mixed_data <- function(name) {
  read.csv(file.path(case_folder, "..", "..", "linear_mixed", name, "data.csv"))
}
wedge <- function() { d <- linear_mixed_data("synthetic_wedge"); d[order(d$cluster, d$period), ] }
baseline_trial <- function() {
  d <- linear_mixed_data("synthetic_baseline_cohort"); d$period <- d$wave; d$treated <- d$arm * d$wave
  d[order(d$cluster, d$period), ]
}
nested <- function(a, apart) ifelse(apart == 0, a[1], a[2])
decay <- function(a, apart) a[1] * a[2]^apart

# Products of residuals over pairs by distance (clusters by distances), pairs, and squares by cluster.
sums_by_distance <- function(fit, corrected) {
  far <- 0:max(fit$period - min(fit$period))
  one <- function(q) {
    e <- q$e / q$sd; lifted <- if (corrected) as.vector(adjust(q, fit$M, "mancl_derouen") %*% q$e) / q$sd else e
    G <- (outer(lifted, e) + outer(e, lifted)) / 2; upper <- upper.tri(G)
    list(products = vapply(far, function(s) sum(G[upper & q$apart == s]), 0),
         pairs = vapply(far, function(s) sum(upper & q$apart == s), 0), square = sum(diag(G)))
  }
  all <- lapply(fit$parts, one)
  list(products = t(sapply(all, `[[`, "products")), pairs = t(sapply(all, `[[`, "pairs")),
       phi = sum(sapply(all, `[[`, "square")) / length(fit$y))
}
estimates <- list(
  nested = function(products, pairs) c(products[1] / pairs[1], sum(products[-1]) / sum(pairs[-1])),
  decay = function(products, pairs) {
    s <- seq_along(pairs) - 1
    level <- function(r) sum(r^s * products) / sum(r^(2 * s) * pairs)
    slope <- function(r) level(r) * sum((level(r) * r^s * pairs - products) * s * r^pmax(s - 1, 0))
    grid <- seq(0.005, 0.995, by = 0.005)
    misfit <- function(r) level(r)^2 * sum(r^(2 * s) * pairs) - 2 * level(r) * sum(r^s * products)
    best <- grid[which.min(vapply(grid, misfit, 0))]
    r <- uniroot(slope, c(best - 0.005, best + 0.005), tol = 1e-15)$root
    c(level(r), r)
  }
)
slopes <- list(
  nested = function(a, s) cbind(s == 0, s > 0),
  decay = function(a, s) cbind(a[2]^s, a[1] * s * a[2]^pmax(s - 1, 0))
)
# Mean and correlation in turn, to the last digits.
solve_over_periods <- function(formula, d, fam, kind, corrected = FALSE) {
  X <- model.matrix(formula, d); y <- d[[all.vars(formula)[1]]]
  start <- glm.fit(X, y, family = fam)$coefficients
  now <- describe(X, y, d$cluster, fam, start, c(0, 0), period = d$period, structure = get(kind))
  for (round in 1:500) {
    s <- sums_by_distance(now, corrected)
    alpha <- estimates[[kind]](colSums(s$products) / s$phi, colSums(s$pairs))
    now <- rebuilt(now, now$beta, alpha)
    step <- as.vector(now$M %*% colSums(scores(now, "liang_zeger")))
    now <- rebuilt(now, now$beta + step, alpha)
    if (round > 5 && max(abs(step)) < 1e-14) break
  }
  now$kind <- kind; now$corrected <- corrected
  now
}
# geepack, given for every pair of outcomes whether they are of one period.
nested_by_geepack <- function(formula, d, fam) {
  zcor <- do.call(rbind, lapply(split(d$period, d$cluster), function(t) {
    pairs <- t(combn(length(t), 2)); same <- as.numeric(t[pairs[, 1]] == t[pairs[, 2]]); cbind(same, 1 - same)
  }))
  environment(formula) <- environment()
  fit <- geeglm(formula, family = fam, data = d, id = d$cluster, corstr = "userdefined", zcor = zcor,
                control = geese.control(epsilon = 1e-13, maxit = 500))
  found <- describe(model.matrix(formula, d), fit$y, d$cluster, fam, coef(fit), unname(fit$geese$alpha),
                    period = d$period, structure = nested)
  found$kind <- "nested"; found$corrected <- FALSE
  found
}
covariance_of_correlations <- function(fit) {
  s <- sums_by_distance(fit, fit$corrected); far <- seq_len(ncol(s$pairs)) - 1
  J <- slopes[[fit$kind]](fit$alpha, far)
  u <- (s$products / s$phi - sweep(s$pairs, 2, fit$structure(fit$alpha, far), "*")) %*% J
  B <- solve(t(J) %*% (colSums(s$pairs) * J))
  B %*% crossprod(u) %*% B
}
# Correlations in a period, in two periods (where they decay one apart), their ratio, and the scale.
correlations_over_periods <- function(fit, measure, rtol = 1e-7) {
  V <- covariance_of_correlations(fit); a <- fit$alpha
  decays <- fit$kind == "decay"
  of <- list(list("_within_period", a[1], c(1, 0), ""),
             if (decays) list("_between_periods", a[1] * a[2], c(a[2], a[1]), "; term=one period apart")
             else list("_between_periods", a[2], c(0, 1), ""))
  ratio <- if (decays) list("cluster_autocorrelation", a[2], c(0, 1), "; term=one period apart")
           else list("cluster_autocorrelation", a[2] / a[1], c(-a[2] / a[1]^2, 1 / a[1]), "")
  of <- c(lapply(of, function(x) { x[[1]] <- paste0(measure, x[[1]]); x }), list(ratio))
  numbers <- lapply(of, function(x) {
    se <- sqrt(sum(x[[3]] * (V %*% x[[3]])))
    name <- function(stat) paste0("icc.", stat, "[measure=", x[[1]], x[[4]], "]")
    list(number(name("estimate"), x[[2]], rtol), number(name("std_error"), se, rtol),
         number(name("conf_low"), x[[2]] - qnorm(0.975) * se, rtol),
         number(name("conf_high"), x[[2]] + qnorm(0.975) * se, rtol))
  })
  c(do.call(c, numbers), list(number("fit.scale", sums_by_distance(fit, fit$corrected)$phi, rtol)))
}
# A conditions' share of the people from the first treated period on.
people_compared <- function(d) {
  late <- d$period >= min(d$period[d$treated == 1]); late / sum(late)
}
# Every coefficient without each cluster in turn: (K - 1) / K times the squares of the changes.
jackknife <- function(refit, d, beta) {
  ids <- unique(d$cluster)
  changes <- sapply(ids, function(k) refit(d[d$cluster != k, ]) - beta)
  (length(ids) - 1) / length(ids) * changes %*% t(changes)
}
