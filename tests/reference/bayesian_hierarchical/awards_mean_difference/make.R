source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "grid.R"))
a <- awards(); y <- a$lagscore; n_all <- length(y); m <- mean(y); s <- sd(y)
d <- by_cluster(a, "school_id", "lagscore", keep = "treated")
within <- sum((y - d$m[match(a$school_id, d$id)])^2)
# Given both SDs the two means are normal: their posterior, and the likelihood with them integrated out, are exact.
prior_mean <- c(m, 0); prior_var <- c(5 * s / 1.959964, s / 1.959964)^2
X <- cbind(1, d$treated)
given <- function(between, residual) {
  v <- between^2 + residual^2 / d$n
  precision <- crossprod(X / v, X) + diag(1 / prior_var)
  covariance <- solve(precision)
  centre <- drop(covariance %*% (crossprod(X, d$m / v) + prior_mean / prior_var))
  whole <- X %*% diag(prior_var) %*% t(X) + diag(v)
  away <- d$m - drop(X %*% prior_mean)
  log_likelihood <- -0.5 * (sum(away * solve(whole, away)) + as.numeric(determinant(whole)$modulus)) -
    within / (2 * residual^2) - (n_all - nrow(d)) * log(residual)
  c(log_likelihood, centre[2], sqrt(covariance[2, 2]))
}
betweens <- seq(1e-3, 24, length.out = 240); residuals <- seq(15.5, 24, length.out = 160) * s / 20
found <- array(NA, c(3, length(betweens), length(residuals)))
for (i in seq_along(betweens)) for (j in seq_along(residuals)) {
  one <- given(betweens[i], residuals[j])
  one[1] <- one[1] + log_half_normal(betweens[i], sqrt(0.30) * s / 1.959964) +
    log_half_normal(residuals[j], 2 * s / 1.959964)
  found[, i, j] <- one
}
post <- exp(found[1, , ] - max(found[1, , ])); post <- post / sum(post)
cat("edges", range(rowSums(post)[c(1, 240)]), range(colSums(post)[c(1, 160)]), "\n")
mean_of <- sum(post * found[2, , ]); sd_of <- sqrt(sum(post * (found[3, , ]^2 + found[2, , ]^2)) - mean_of^2)
at <- function(x) sum(post * pnorm(x, found[2, , ], found[3, , ]))
q <- function(p) uniroot(function(x) at(x) - p, mean_of + c(-9, 9) * sd_of, tol = 1e-9)$root
between <- summary_numbers(betweens, rowSums(post), identity)
write_expected("the posterior exact in the means, summed over a grid of 240 x 160 standard deviations",
  list(number("estimate.estimate", q(0.5), 0.05), number("estimate.std_error", sd_of, 0.03),
       number("estimate.conf_low", q(0.025), 0.04), number("estimate.conf_high", q(0.975), 0.04),
       number("probability.benefit", 1 - at(0), 0.03), number("probability.worthwhile", 1 - at(5), 0.04),
       number("icc.estimate[measure=sd_between_clusters]", between$estimate, 0.01),
       number("icc.conf_low[measure=sd_between_clusters]", between$conf_low, 0.03),
       number("icc.conf_high[measure=sd_between_clusters]", between$conf_high, 0.03)))
