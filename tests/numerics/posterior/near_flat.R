# Posteriors of two binomial models under nearly flat priors by JAGS, every random effect sampled: near_flat.json.
#   Rscript tests/numerics/posterior/near_flat.R <folder with cbpp.csv and mkvtrial.csv>
# Coefficients are normal (0, 10), the SD of clusters half-normal with scale 10. Exact maximum likelihood by adaptive
# quadrature with 75 nodes, made elsewhere, stands beside it in test_oracles.py.
suppressPackageStartupMessages({ library(jsonlite); library(rjags) })
options(digits = 17)
folder <- commandArgs(trailingOnly = TRUE)[1]
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))))
model <- "model {
  for (i in 1:N) { y[i] ~ dbin(p[i], n[i]); logit(p[i]) <- inprod(X[i, ], b[]) + u[cluster[i]] }
  for (k in 1:K) { u[k] ~ dnorm(0, 1 / s^2) }
  for (j in 1:J) { b[j] ~ dnorm(0, 0.01) }
  s ~ dnorm(0, 0.01) T(1e-4,)
}"
batches <- function(draws, statistic, count = 25) {
  size <- nrow(draws) %/% count
  sd(apply(draws, 2, function(v) apply(matrix(v[seq_len(size * count)], size), 2, statistic))) / sqrt(count * ncol(draws))
}
quantile_of <- function(p) function(v) unname(quantile(v, p))
per_draw <- function(v, p) {   # the standard error of a quantile of one independent draw
  h <- min(0.02, p / 2, (1 - p) / 2); sqrt(p * (1 - p)) * unname(diff(quantile(v, c(p - h, p + h)))) / (2 * h)
}
told <- function(draws) {
  v <- as.vector(draws); z <- (v - mean(v)) / sd(v)
  one <- function(statistic, error) list(value = statistic(draws), mcse = batches(draws, statistic), per_draw = error)
  list(mean = one(mean, sd(v)), sd = one(sd, sd(v) * sqrt((mean(z^4) - 1) / 4)),
       low = one(quantile_of(0.025), per_draw(v, 0.025)), high = one(quantile_of(0.975), per_draw(v, 0.975)))
}
fitted_to <- function(d, X, names) {
  data <- list(N = nrow(d), K = max(d$cluster), J = ncol(X), y = d$y, n = d$n, X = X, cluster = d$cluster)
  inits <- lapply(1:4, function(i) list(.RNG.name = "base::Mersenne-Twister", .RNG.seed = 20261123 + i))
  fit <- jags.model(textConnection(model), data, inits, 4, n.adapt = 2000, quiet = TRUE)
  update(fit, 5000, progress.bar = "none")
  found <- coda.samples(fit, c("b", "s"), 200000, 40, progress.bar = "none")
  cat("largest R-hat", max(gelman.diag(found, multivariate = FALSE)$psrf[, 1]), "least size", min(effectiveSize(found)), "\n")
  draws <- aperm(simplify2array(lapply(found, as.matrix)), c(1, 3, 2))
  setNames(lapply(seq_along(names), function(j) told(draws[, , j])), names)
}
cbpp <- read.csv(file.path(folder, "cbpp.csv"))
of_cbpp <- data.frame(cluster = as.integer(factor(cbpp$herd)), y = cbpp$incidence, n = cbpp$size)
X <- unname(cbind(1, sapply(2:4, function(t) (cbpp$period == t) + 0)))
mkv <- read.csv(file.path(folder, "mkvtrial.csv"))
by <- aggregate(cbind(know, one = 1) ~ community + arm, mkv, sum)
of_mkv <- data.frame(cluster = as.integer(factor(by$community)), y = by$know, n = by$one)
out <- list(
  software = paste0("JAGS ", jags.version(), ", rjags ", packageVersion("rjags"), ", R ", R.version$major, ".", R.version$minor),
  cbpp = fitted_to(of_cbpp, X, c("(Intercept)", "period2", "period3", "period4", "sd")),
  mkvtrial = fitted_to(of_mkv, cbind(1, by$arm), c("(Intercept)", "arm", "sd")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = NA, pretty = TRUE), file.path(here, "near_flat.json"))
