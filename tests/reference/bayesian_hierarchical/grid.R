# Posteriors by sums over a grid, without any sampling: quantiles from a distribution function of weights.
logsum <- function(v) { top <- max(v); top + log(sum(exp(v - top))) }
log_half_normal <- function(x, scale) log(2) + dnorm(x, 0, scale, log = TRUE)
quantile_of <- function(at, weight, p) {   # of a density on equidistant points, by its running sum (trapezoidal)
  f <- cumsum(weight) - weight / 2
  approx(f / sum(weight), at, xout = p, rule = 2, ties = "ordered")$y
}
summary_numbers <- function(at, weight, back) {
  w <- weight / sum(weight)
  m <- sum(w * at)
  list(estimate = back(quantile_of(at, w, 0.5)), std_error = sqrt(sum(w * (at - m)^2)),
       conf_low = back(quantile_of(at, w, 0.025)), conf_high = back(quantile_of(at, w, 0.975)))
}
