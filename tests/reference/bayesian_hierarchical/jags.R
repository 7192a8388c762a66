# Posteriors by JAGS, every random effect sampled, and the Monte Carlo error of what is taken from them.
suppressPackageStartupMessages(library(rjags))
UPPER <- qnorm(0.975)
icc_scale <- function(upper) sqrt(pi^2 / 3 * upper / (1 - upper)) / UPPER   # half-normal SD, 95 % below this correlation
precision <- function(sd) 1 / sd^2

# An array (kept draws, chains, monitored), by name.
posterior <- function(model, data, monitor, kept = 5000, thin = 40, chains = 4, seed = 20261123) {
  inits <- lapply(seq_len(chains), function(i) list(.RNG.name = "base::Mersenne-Twister", .RNG.seed = seed + i))
  fit <- jags.model(textConnection(model), data, inits, chains, n.adapt = 2000, quiet = TRUE)
  update(fit, 5000, progress.bar = "none")
  found <- coda.samples(fit, monitor, kept * thin, thin, progress.bar = "none")
  shown <- gelman.diag(found, multivariate = FALSE)$psrf[, 1]
  cat("largest R-hat", max(shown), "least effective size", min(effectiveSize(found)), "\n")
  aperm(simplify2array(lapply(found, as.matrix)), c(1, 3, 2))
}
# The standard error of a statistic over 100 batches, and that of one independent draw, from which ours is known.
batches <- function(draws, statistic, count = 25) {
  size <- nrow(draws) %/% count
  values <- apply(draws, 2, function(v) apply(matrix(v[seq_len(size * count)], size), 2, statistic))
  sd(values) / sqrt(length(values))
}
mc <- function(name, draws, statistic, one) {
  list(name = name, value = statistic(draws), mcse = batches(draws, statistic), per_draw = one(as.vector(draws)))
}
at_quantile <- function(p) function(v) unname(quantile(v, p))
one_quantile <- function(p) function(v) {
  h <- min(0.02, p / 2, (1 - p) / 2)
  sqrt(p * (1 - p)) * unname(diff(quantile(v, c(p - h, p + h)))) / (2 * h)
}
one_sd <- function(v) { z <- (v - mean(v)) / sd(v); sd(v) * sqrt((mean(z^4) - 1) / 4) }
limits <- function(prefix, about, draws) {
  lapply(list(c("estimate", 0.5), c("conf_low", 0.025), c("conf_high", 0.975)), function(x) {
    p <- as.numeric(x[2]); mc(paste0(prefix, ".", x[1], about), draws, at_quantile(p), one_quantile(p))
  })
}
# Median, SD (on the log scale for a ratio) and limits of the effect, and the probability of benefit if in doubt.
effect_numbers <- function(draws, higher_better = TRUE, ratio = FALSE) {
  scale <- if (ratio) log(draws) else draws
  better <- if (higher_better) scale > 0 else scale < 0
  found <- c(limits("estimate", "", draws), list(mc("estimate.std_error", scale, sd, one_sd)))
  if (all(better) || !any(better)) return(found)
  c(found, list(mc("probability.benefit", better + 0, mean, function(v) sqrt(mean(v) * (1 - mean(v))))))
}
of_measure <- function(measure, draws, term = "") {
  limits("icc", paste0("[measure=", measure, if (nzchar(term)) paste0("; term=", term), "]"), draws)
}
# Means and SDs of parameters, which no row shows; held to the draws themselves.
parameter_numbers <- function(name, draws) {
  list(mc(paste0(name, ": mean"), draws, mean, function(v) sd(v)), mc(paste0(name, ": sd"), draws, sd, one_sd))
}
write_posterior <- function(reference, numbers, parameters) {
  version <- paste0("JAGS ", jags.version(), ", rjags ", packageVersion("rjags"), ", R ", R.version$major, ".", R.version$minor)
  out <- list(reference = reference, software = version, numbers = numbers, parameters = parameters)
  writeLines(toJSON(out, auto_unbox = TRUE, digits = NA, pretty = TRUE), file.path(case_folder, "expected.json"))
}
standard_normal <- function(nodes = 41) {   # equidistant points and weights
  z <- seq(-8, 8, length.out = nodes); list(z = z, w = dnorm(z) / sum(dnorm(z)))
}
