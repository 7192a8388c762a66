source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "grid.R"))
d <- by_cluster(awards(), "school_id", "Bagrut_status", keep = "treated")
z <- seq(-8, 8, by = 0.1); log_density <- dnorm(z, log = TRUE) + log(0.1)
intercepts <- seq(-2.6, 0.8, length.out = 69)
effects <- seq(-1.9, 2.9, length.out = 121)
sds <- seq(0.01, 2.2, length.out = 74)
arm_log_likelihood <- function(rows, eta, s) {   # over etas, at one sd
  total <- 0
  for (i in rows) {
    value <- outer(eta, s * z, "+")
    terms <- d$y[i] * value - d$n[i] * log1p(exp(value)) + rep(log_density, each = length(eta))
    top <- apply(terms, 1, max)
    total <- total + top + log(rowSums(exp(terms - top)))
  }
  total
}
scale_of_icc <- function(icc) sqrt(pi^2 / 3 * icc / (1 - icc)) / 1.959964
fine <- seq(-4.6, 3.8, by = 0.02)
log_post <- array(NA, c(length(intercepts), length(effects), length(sds)))
for (k in seq_along(sds)) {
  control <- arm_log_likelihood(which(d$treated == 0), intercepts, sds[k])
  treated <- splinefun(fine, arm_log_likelihood(which(d$treated == 1), fine, sds[k]))
  log_post[, , k] <- outer(intercepts, effects, function(a, b) {
    control[match(a, intercepts)] + treated(a + b) + dnorm(a, 0, log(19) / 1.959964, log = TRUE) +
      dnorm(b, 0, log(5) / 1.959964, log = TRUE)
  }) + log_half_normal(sds[k], scale_of_icc(0.30))
}
post <- exp(log_post - max(log_post))
effect <- apply(post, 2, sum); sd <- apply(post, 3, sum)
spread <- summary_numbers(effects, effect, exp)
cat("edges", effect[c(1, 121)] / max(effect), sd[c(1, 74)] / max(sd), "\n")
w <- effect / sum(effect)
above <- function(x) { f <- cumsum(w) - w / 2; 1 - approx(effects, f, x)$y }
between <- summary_numbers(sds, sd, identity)
write_expected("the posterior summed over a grid of 69 x 121 x 74 points, random effects over 161",
  list(number("estimate.estimate", spread$estimate, 0.02), number("estimate.std_error", spread$std_error, 0.03),
       number("estimate.conf_low", spread$conf_low, 0.04), number("estimate.conf_high", spread$conf_high, 0.04),
       number("probability.benefit", above(0), 0.015), number("probability.worthwhile", above(log(1.25)), 0.02),
       number("icc.estimate[measure=sd_between_clusters]", between$estimate, 0.01),
       number("icc.conf_low[measure=sd_between_clusters]", between$conf_low, 0.03),
       number("icc.conf_high[measure=sd_between_clusters]", between$conf_high, 0.03)))
